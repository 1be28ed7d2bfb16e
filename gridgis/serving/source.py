"""What is handed on: the tables of one moment of a county, made when first asked for and kept."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridgis.checks import check
from gridgis.county import County, open_county
from gridgis.disclosing import masks
from gridgis.errors import InputError
from gridgis.exporting import out_frame, public_frame
from gridgis.history import version_on
from gridgis.incidents.reporting import Report, report
from gridgis.io.geojson import collection, in_datum
from gridgis.once import Once
from gridgis.plan import Plan
from gridgis.publishing import AtVersion, publications

_MOMENTS = 4
"""Plans of other dates that are kept beside the present one."""
_TABLES = 64


@dataclass(frozen=True)
class Role:
    """Who may see what.

    Attributes
    ----------
    name
        ``internal``, or ``public``: columns of an allow-list, small numbers hidden, the plan last published.
    k
        For the public, numbers below k are hidden and with them what would give them away.
    """

    name: str = "internal"
    k: int = 10

    @property
    def public(self) -> bool:
        """True where everybody may read."""
        return self.name == "public"


class Table:
    """Features in degrees, ready to be handed out.

    Parameters
    ----------
    frame
        Index: identifiers, text. Geometry in degrees of WGS84, longitude first; missing where there is none.
    key
        What the identifier is called among the properties.
    """

    def __init__(self, frame: gpd.GeoDataFrame, key: str = "code") -> None:
        self.frame = frame
        self.key = key
        self.ids = [str(i) for i in frame.index]
        self.position = {i: k for k, i in enumerate(self.ids)}

    @cached_property
    def features(self) -> list[dict[str, Any]]:
        """The features as GeoJSON objects, in the order of the frame; not to be changed."""
        found: list[dict[str, Any]] = json.loads(collection(self.frame, datum="wgs84", key=self.key))["features"]
        return found

    @cached_property
    def tree(self) -> shapely.STRtree:
        """Index of the geometries."""
        return shapely.STRtree(np.asarray(self.frame.geometry.values, dtype=object))

    @property
    def fields(self) -> dict[str, dict[str, str]]:
        """Names and JSON types of the properties."""
        kinds = {self.key: {"type": "string"}}
        for name, dtype in self.frame.drop(columns="geometry").dtypes.items():
            whole, number = pd.api.types.is_integer_dtype(dtype), pd.api.types.is_numeric_dtype(dtype)
            kinds[str(name)] = {"type": "integer" if whole else "number" if number else "string"}
        return kinds

    def within(self, west: float, south: float, east: float, north: float) -> NDArray[np.intp]:
        """Return the positions of the features that meet a box in degrees, in their order."""
        return np.sort(self.tree.query(shapely.box(west, south, east, north), predicate="intersects"))


class Moment:
    """One state of a county: a plan and the elements that were counted on it.

    Parameters
    ----------
    county
        The county.
    plan
        The plan.
    role
        Who asks.
    key
        Version, and how often counted elements had changed.
    """

    def __init__(self, county: County, plan: Plan, role: Role, key: tuple[int, int]) -> None:
        self.county, self.plan, self.role, self.key = county, plan, role, key
        self._made = Once(_TABLES)

    @property
    def tag(self) -> str:
        """Text that changes whenever an answer may."""
        return f"{self.key[0]}-{self.key[1]}-{self.role.name}"

    def grids(self, level: str) -> Table:
        """Return the grids of a level with what the role may see of them."""
        return self._once(("grids", level), lambda: Table(self._grids(level)))

    def findings(self) -> Table:
        """Return the findings of a full check that nobody has accepted."""
        return self._once(("findings",), self._findings)

    def incidents(self, level: str, since: str | None = None, until: str | None = None) -> Table:
        """Return the grids of a level with their incidents counted, in a period if given (`until` excluded).

        Raises
        ------
        InputError
            The public may not choose periods: small numbers follow from the difference of two of them.
        """
        return self._once(("incidents", level, since, until), lambda: Table(self._incidents(level, since, until)))

    def once(self, key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
        """Return what belongs to this moment, made now if it is not at hand."""
        return self._made.get(key, make)

    def _once(self, key: tuple[Any, ...], make: Callable[[], Table]) -> Table:
        table: Table = self._made.get(key, make)
        return table

    def _hidden(self) -> pd.DataFrame:
        hidden: pd.DataFrame = self._made.get(("masks",), lambda: masks(self.county, self.plan, self.role.k))
        return hidden

    def _grids(self, level: str) -> gpd.GeoDataFrame:
        frame = out_frame(self.plan, self.plan.codes(level))
        return self._degrees(public_frame(frame, self._hidden()) if self.role.public else frame)

    def _degrees(self, frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        shapes = in_datum(np.asarray(frame.geometry.values, dtype=object), epsg=self.county.crs, datum="wgs84")
        return gpd.GeoDataFrame(frame.drop(columns="geometry"), geometry=shapes, crs=4326)

    def _findings(self) -> Table:
        frame = check(AtVersion(self.county, self.plan))
        ids = pd.Index([f"F{k:06d}" for k in range(1, len(frame) + 1)], dtype=object)
        return Table(self._degrees(frame.set_index(ids)), key="id")

    def _incidents(self, level: str, since: str | None, until: str | None) -> gpd.GeoDataFrame:
        grids = self.grids(level).frame
        names = [c for c in ("level", "kind", "name", "zone", "households", "persons") if c in grids.columns]
        out = grids[[*names, "geometry"]]
        if not self.role.public:
            return out.join(self._counted(level, grids.index, since, until))
        if since or until:
            raise InputError(
                "对外公开时不能选择时段：两个时段之差会暴露小数字。",
                "Periods are not offered to the public: the difference of two would give small numbers away.",
            )
        return out.join(grids[["incidents", "suppressed"]])

    def _counted(self, level: str, codes: Any, since: str | None, until: str | None) -> pd.DataFrame:
        """Return the incidents of each grid: all, by status, by category."""
        rows = self.county.incidents(since, until)
        width = self.plan.scheme.width(level)
        owner = self.plan.owners(rows[["x", "y"]].to_numpy(dtype=float))
        leaf = np.array([*self.plan.rows.code, None], dtype=object)[owner]
        heads = np.array([None if c is None or len(c) < width else c[:width] for c in leaf], dtype=object)
        rows = rows.assign(code=heads, status=rows["status"].fillna(""), category=rows["category"].fillna(""))
        counts = pd.DataFrame({"incidents": rows.groupby("code").size().reindex(codes, fill_value=0)})
        for status, some in rows.groupby("status"):
            counts[f"status_{str(status) or 'unknown'}"] = some.groupby("code").size().reindex(codes, fill_value=0)
        kinds = {code: some["category"].value_counts().sort_index().to_dict() for code, some in rows.groupby("code")}
        counts["categories"] = [json.dumps(kinds.get(code, {}), ensure_ascii=False) for code in codes]
        return counts


class Source:
    """A county as it is handed on: always of its newest state, or of a date.

    Parameters
    ----------
    county
        File or address.
    role
        Who asks.
    """

    def __init__(self, county: str, role: Role) -> None:
        self.role = role
        self.county = open_county(county)
        self._lock = threading.Lock()
        self._now: Moment | None = None
        self._then = Once(_MOMENTS)

    def close(self) -> None:
        """Leave one file behind."""
        self.county.close()

    @property
    def levels(self) -> tuple[str, ...]:
        """Keys of the levels, coarse to fine."""
        return tuple(self.county.scheme.level_keys)

    def title(self, level: str) -> tuple[str, str]:
        """Return what a level is called in Chinese and in English."""
        said = self.county.scheme.level(level)
        return said.zh, said.en

    @property
    def bounds(self) -> list[float]:
        """West, south, east, north of the county in degrees."""
        shape = in_datum(np.array([self.county.outline], dtype=object), epsg=self.county.crs, datum="wgs84")
        return [float(v) for v in shapely.total_bounds(shape)]

    @property
    def now(self) -> Moment:
        """The newest state that the role may see."""
        with self._lock:
            pulse = self.county.store.pulse()
            shown = self._published(pulse[0])
            if self._now is None or self._now.key != (shown, pulse[1]):
                # Read under the lock: the county keeps one plan for all, and follows the others by it.
                present = self.county.plan
                plan = present if shown >= present.version else self.county.plan_at(shown)
                self._now = Moment(self.county, plan, self.role, (min(shown, present.version), pulse[1]))
            return self._now

    def _published(self, newest: int) -> int:
        known = publications(self.county) if self.role.public else []
        return known[-1].version if known else newest

    def at(self, when: str | None) -> Moment:
        """Return the state at a date, a moment or a version; now without one.

        Raises
        ------
        InputError
            The text is neither, or there was no plan then.
        """
        now = self.now
        if not when:
            return now
        number = re.fullmatch(r"[0-9]{1,6}", when.strip())
        version = int(when) if number else version_on(self.county.log(), when)
        if version == now.key[0]:
            return now
        if version > now.key[0]:
            raise InputError(
                f"没有版本 {version}：可用的到 {now.key[0]}。",
                f"There is no version {version}: they end at {now.key[0]}.",
            )
        key = (version, now.key[1])
        moment: Moment = self._then.get(key, lambda: Moment(self.county, self.county.plan_at(version), self.role, key))
        return moment

    def report(self, told: Report) -> dict[str, Any]:
        """Keep an incident, see `gridgis.incidents.reporting.report`."""
        with self._lock:
            return report(self.county, told)

    def ask(self, do: Callable[[County], Any]) -> Any:
        """Return what `do` makes of the county, one caller at a time."""
        with self._lock:
            return do(self.county)

    def changes(self, since: int, limit: int) -> dict[str, Any]:
        """Return what has changed since a version, oldest first, at most `limit` versions of it.

        Returns
        -------
        dict
            `version` and `elements` as they stand, and one entry a version: kind, time, codes created and voided,
            codes whose ground or attributes changed, hash of the plan.
        """
        now = self.now
        log = self.county.log()
        due = log[(log["version"] > since) & (log["version"] <= now.key[0])].head(limit)
        entries = [self._change(int(version)) for version in due["version"]]
        last = int(due["version"].iloc[-1]) if len(due) else now.key[0]
        return {"version": now.key[0], "elements": now.key[1], "since": since, "changes": entries,
                "until": last, "more": last < now.key[0]}  # fmt: skip

    def _change(self, version: int) -> dict[str, Any]:
        edit = self.county.store.edit(version)
        codes = {c for cells in (edit.removed, edit.added) for c in cells.code if c is not None}
        codes |= {g.code for g in (*edit.grids_removed, *edit.grids_added)}
        widths = [self.county.scheme.width(level) for level in self.levels]
        touched = sorted({c[:w] for c in codes for w in widths if len(c) >= w})
        told = {"version": edit.version, "kind": edit.kind, "at": edit.at, "created": list(edit.created),
                "voided": list(edit.voided), "changed": touched, "hash": edit.hash}  # fmt: skip
        return told if self.role.public else told | {"by": edit.by, "reason": edit.reason}
