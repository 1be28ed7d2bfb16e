"""One row of a check, and what a rule may ask of a county."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, Protocol

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridgis.elements import Elements
from gridgis.plan import Plan
from gridgis.scheme import Scheme
from gridgis.staff.people import People, people_of
from gridgis.staff.staffing import vacancies
from gridgis.staff.suggesting import suggestions

NEAR_M = 0.01
"""What lies this near to changed ground is looked at again."""


class CheckedCounty(Protocol):
    """The part of a county that rules read."""

    @property
    def plan(self) -> Plan:
        """The plan as it stands."""

    @property
    def scheme(self) -> Scheme:
        """The grid system."""

    @property
    def crs(self) -> int:
        """EPSG code of the CRS."""

    @property
    def today(self) -> str:
        """The day that counts as today."""

    @property
    def elements(self) -> Elements:
        """What is counted in cells."""

    @property
    def emap_state(self) -> int:
        """How often elements that are counted have changed."""

    def table(self, name: str, columns: Any = None, bounds: Any = None) -> gpd.GeoDataFrame:
        """Return an e-map table."""

    def live_codes(self) -> pd.DataFrame:
        """Return code and level of every live grid row, as stored."""

    def log(self) -> pd.DataFrame:
        """Return one row per edit, oldest first."""


@dataclass(frozen=True, eq=False)
class Focus:
    """What has changed since the last check: rules may look there alone.

    Attributes
    ----------
    codes
        Grids whose ground, row, figures or neighbours changed, and all grids above them.
    gone, come
        Polygons of the cells that went, and of those that came.
    ground
        These, and the cells of which only code or figures changed.
    """

    codes: frozenset[str]
    gone: Any
    come: Any
    ground: Any

    def near(self, shapes: Any) -> Any:
        """Tell which shapes lie on the changed ground or within `NEAR_M` of it; missing ones do not."""
        out = np.zeros(len(shapes), dtype=bool)
        if len(shapes) and len(self.ground):
            found = shapely.STRtree(self.ground).query(np.asarray(shapes, dtype=object), "dwithin", NEAR_M)[0]
            out[found] = True
        return out

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Box of the changed ground, with a margin of a metre."""
        west, south, east, north = shapely.total_bounds(self.ground)
        return float(west) - 1, float(south) - 1, float(east) + 1, float(north) + 1


class Fresh:
    """A county seen through its cells alone: polygons kept for a desktop GIS are dissolved anew.

    Parameters
    ----------
    county
        The county.
    before
        The view at the last check, where only what changed since is looked at: what it made is taken over.
    focus
        What changed since.
    """

    def __init__(self, county: CheckedCounty, before: Fresh | None = None, focus: Focus | None = None) -> None:
        self._county = county
        self.focus = focus
        self.memo: dict[Hashable, Any] = {} if before is None else dict(before.memo)
        self._day = "" if before is None else before.today
        shapes = {} if before is None or focus is None else before.plan._shapes
        kept = {c: g for c, g in shapes.items() if focus is not None and c not in focus.codes}
        self.plan: Plan = replace(county.plan, _shapes=kept)

    def once(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Return what was made of the e-map under a key, at this check or an earlier one."""
        if key not in self.memo:
            self.memo[key] = make()
        return self.memo[key]

    def looked_at(self, codes: Iterable[str]) -> list[str]:
        """Return those of the grids that have to be looked at: all, or those in focus."""
        return [c for c in codes if self.focus is None or c in self.focus.codes]

    def rows_near(self, name: str, columns: Sequence[str]) -> gpd.GeoDataFrame:
        """Return the rows of an e-map table that have to be looked at: all, or those near the changed ground."""
        if self.focus is None:
            return self.table(name, columns)
        if not len(self.focus.ground):
            return self.table(name, columns, (0, 0, 0, 0)).iloc[:0]
        rows = self.table(name, columns, self.focus.box)
        return rows[self.focus.near(rows.geometry.values)]

    @property
    def scheme(self) -> Scheme:
        """The grid system."""
        return self._county.scheme

    @property
    def crs(self) -> int:
        """EPSG code of the CRS."""
        return self._county.crs

    @cached_property
    def today(self) -> str:
        """The day that counts as today: one for all rules, though midnight pass while they run."""
        return self._day or self._county.today

    @cached_property
    def people(self) -> People:
        """The registers of people as they stand today; read once for all rules."""
        return people_of(self, self.today)

    @cached_property
    def vacancies(self) -> pd.DataFrame:
        """Required roles without enough holders; looked for once for all rules."""
        return vacancies(self.plan, self.people)

    @cached_property
    def suggestions(self) -> pd.DataFrame:
        """Who might take vacant roles; looked for once for all rules."""
        return suggestions(self.plan, self.people)

    @property
    def elements(self) -> Elements:
        """What is counted in cells."""
        return self._county.elements

    @property
    def emap_state(self) -> int:
        """How often elements that are counted have changed."""
        return self._county.emap_state

    def table(self, name: str, columns: Any = None, bounds: Any = None) -> gpd.GeoDataFrame:
        """Return an e-map table."""
        return self._county.table(name, columns, bounds)

    def live_codes(self) -> pd.DataFrame:
        """Return code and level of every live grid row, as stored."""
        return self._county.live_codes()

    def log(self) -> pd.DataFrame:
        """Return one row per edit, oldest first."""
        return self._county.log()


@dataclass(frozen=True)
class Finding:
    """What a rule found: where, how much, whom it concerns, and what to do.

    Attributes
    ----------
    measure, unit
        The figure that decides, e.g. 12.5 and ``m2``.
    """

    code: str | None
    measure: float
    unit: str
    words: str
    words_en: str
    fix: str
    fix_en: str
    geometry: Any = None
    households: int = 0
    persons: int = 0

    def row(self) -> dict[str, Any]:
        """Return the finding as a row."""
        return asdict(self)
