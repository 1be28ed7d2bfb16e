"""One row of a check, and what a rule may ask of a county."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, Protocol

import geopandas as gpd
import pandas as pd

from gridgis.elements import Elements
from gridgis.people import People, people_of
from gridgis.plan import Plan
from gridgis.scheme import Scheme


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

    def table(self, name: str, columns: Any = None, bounds: Any = None) -> gpd.GeoDataFrame:
        """Return an e-map table."""

    def live_codes(self) -> pd.DataFrame:
        """Return code and level of every live grid row, as stored."""

    def log(self) -> pd.DataFrame:
        """Return one row per edit, oldest first."""


class Fresh:
    """A county seen through its cells alone: polygons kept for a desktop GIS are dissolved anew.

    Parameters
    ----------
    county
        The county.
    """

    def __init__(self, county: CheckedCounty) -> None:
        self._county = county
        self.plan: Plan = replace(county.plan, _shapes={})

    @property
    def scheme(self) -> Scheme:
        """The grid system."""
        return self._county.scheme

    @property
    def crs(self) -> int:
        """EPSG code of the CRS."""
        return self._county.crs

    @property
    def today(self) -> str:
        """The day that counts as today."""
        return self._county.today

    @cached_property
    def people(self) -> People:
        """The registers of people as they stand today; read once for all rules."""
        return people_of(self, self.today)

    @property
    def elements(self) -> Elements:
        """What is counted in cells."""
        return self._county.elements

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
