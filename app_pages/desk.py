"""The one county the app has open, and the addresses under which the map fetches its data.

Everything here is shared by all sessions of the process; what a planner chooses lies in `state`.
"""

from __future__ import annotations

import os
import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import streamlit as st

import gridgis as gg
from gridgis.county import figure_frame, grid_frame
from gridgis.scheme import Scheme
from layers import base, geojson, grids, heat

Item = tuple[Any, ...]
_KEPT_FRAMES = 16
_KEPT_TOKENS = 512
_BUILDINGS_IN_VIEW = 4000
_CELLS_IN_VIEW = 6000


@dataclass
class Desk:
    """An open county with what the map needs of it, each thing made once per version.

    Attributes
    ----------
    county
        The open county.
    """

    county: gg.County
    _lock: RLock = field(default_factory=RLock)
    _tokens: OrderedDict[str, Item] = field(default_factory=OrderedDict)
    _names: dict[Item, str] = field(default_factory=dict)
    _made: OrderedDict[Item, Any] = field(default_factory=OrderedDict)

    @contextmanager
    def quiet(self) -> Iterator[gg.County]:
        """Give the county to one caller at a time."""
        with self._lock:
            yield self.county

    @property
    def version(self) -> int:
        """Version of the newest edit, whoever made it."""
        with self._lock:
            return self.county.version

    @property
    def plan(self) -> gg.Plan:
        """The plan as it stands."""
        with self._lock:
            return self.county.plan

    @property
    def scheme(self) -> Scheme:
        """The grid system."""
        return self.county.scheme

    # -- addresses

    def token(self, *item: Any) -> str:
        """Return the address of a thing to fetch; it cannot be guessed and lasts for this process."""
        with self._lock:
            if item not in self._names:
                name = secrets.token_urlsafe(18)
                self._names[item] = name
                self._tokens[name] = item
                while len(self._tokens) > _KEPT_TOKENS:
                    _, old = self._tokens.popitem(last=False)
                    self._names.pop(old, None)
            return self._names[item]

    def item(self, token: str) -> Item | None:
        """Return what was promised under an address; None when nothing was."""
        with self._lock:
            return self._tokens.get(token)

    def _once(self, item: Item, make: Callable[[], Any]) -> Any:
        with self._lock:
            if item not in self._made:
                self._made[item] = make()
                while len(self._made) > _KEPT_FRAMES:
                    self._made.popitem(last=False)
            self._made.move_to_end(item)
            return self._made[item]

    # -- what the addresses stand for

    def codes(self, level: str) -> list[str]:
        """Return the grids that tile the county at `level`: coarser ones where it has none of them."""
        return self.plan.tiling(level)

    def frame(self, level: str) -> tuple[int, gpd.GeoDataFrame]:
        """Return the grids of a level with figures and band, in the county's CRS, and their version."""
        plan = self.plan
        return plan.version, self._once(("frame", level, plan.version), lambda: self._frame(plan, level))

    def _frame(self, plan: gg.Plan, level: str) -> gpd.GeoDataFrame:
        codes = plan.tiling(level)
        frame = grid_frame(plan, codes).join(figure_frame(plan, codes))
        return frame.assign(band=[self.band(g.level, g.zone, h, p) for g, h, p in zip(
            (plan.grids[c] for c in codes), frame["households"], frame["persons"], strict=True)])  # fmt: skip

    def band(self, level: str, zone: str, households: float, persons: float) -> str | None:
        """Return ``below``, ``in`` or ``above`` the size band; None where there is none."""
        band = self.scheme.band(level, zone or None)
        if band is None:
            return None
        if band.met(int(households), int(persons)):
            return "in"
        limits = [(band.households, households), (band.persons, persons)]
        over = [value > limit[1] for limit, value in limits if limit is not None]
        return "above" if all(over) else "below"

    def shown(self, level: str) -> tuple[int, gpd.GeoDataFrame]:
        """Return the grids of a level as the map shows them."""
        version, frame = self.frame(level)
        return version, self._once(("shown", level, version), lambda: grids.shown(frame, self.county.crs))

    def patches(self, level: str) -> list[dict[str, Any]]:
        """Return the steps between the versions of a level that are at hand, oldest first, at most two."""
        now, _ = self.shown(level)
        with self._lock:
            kept = {k[2]: f for k, f in self._made.items() if k[:2] == ("shown", level)}
        steps = sorted(v for v in kept if v <= now)[-3:]
        return [self._patch(level, a, b, kept) for a, b in zip(steps, steps[1:], strict=False)]

    def _patch(self, level: str, a: int, b: int, kept: Mapping[int, gpd.GeoDataFrame]) -> dict[str, Any]:
        step = self._once(("patch", level, a, b), lambda: grids.patch(kept[a], kept[b]))
        removed, added = step or ([], geojson.collection([]))
        return {"from": a, "to": b, "remove": removed, "add": added}

    def layer(self, item: Item) -> bytes:
        """Return the packed data of a layer."""
        return self._once(("packed", *item), lambda: geojson.packed(self._layer(item)))

    def _layer(self, item: Item) -> str:
        kind, *rest = item
        if kind == "grids":
            version, frame = self.shown(rest[0])
            return grids.payload(frame, version)
        if kind == "base":
            with self.quiet() as county:
                water, roads = county.table("water"), county.table("roads")
            return base.payload(self.plan.outline, water, roads, self.county.crs)
        found = self.incidents(*rest)
        return heat.payload(heat.bins(found["x"], found["y"]), self.county.crs)

    def nearby(self, item: Item, box: shapely.Geometry) -> bytes:
        """Return the cells or buildings in a box given in degrees."""
        kind = item[0]
        source = self._once(("tree", *item), lambda: self._tree(kind))
        area = geojson.from_degrees(box, self.county.crs)
        return geojson.packed(source.payload(area, _CELLS_IN_VIEW if kind == "cells" else _BUILDINGS_IN_VIEW))

    def _tree(self, kind: str) -> base.Nearby:
        crs = self.county.crs
        if kind == "cells":
            rows = self.plan.rows
            known = [{"id": int(i), "code": c} for i, c in zip(rows.id, rows.code, strict=True)]
            return base.Nearby(rows.geometry, crs, known)
        with self.quiet() as county:
            shapes = county.table("buildings", ["geometry"]).geometry.to_numpy()
        return base.Nearby(np.asarray(shapes, dtype=object), crs)

    def incidents(self, since: str | None, until: str | None, categories: tuple[str, ...] | None) -> pd.DataFrame:
        """Return incidents of a period (`until` excluded) and of categories."""
        everything = self._once(("incidents",), self._incidents)
        keep = np.ones(len(everything), dtype=bool)
        if since is not None:
            keep &= (everything["at"] >= since).to_numpy()
        if until is not None:
            keep &= (everything["at"] < until).to_numpy()
        if categories is not None:
            keep &= everything["category"].isin(categories).to_numpy()
        return everything[keep]

    def _incidents(self) -> pd.DataFrame:
        with self.quiet() as county:
            found = county.incidents()
        return found.assign(leaf=self.locate(found[["x", "y"]].to_numpy(dtype=float)))

    def locate(self, xy: np.ndarray) -> np.ndarray:
        """Return the id of the cell that holds each point, -1 outside."""
        rows = self.plan.rows
        point, cell = shapely.STRtree(rows.geometry).query(shapely.points(xy), predicate="intersects")
        out = np.full(len(xy), -1, dtype=np.int64)
        out[point] = cell
        return out

    @property
    def bounds(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """South-west and north-east corner of the county, latitude first."""
        west, south, east, north = geojson.to_degrees(self.county.outline, self.county.crs).bounds
        return (south, west), (north, east)


def county_path() -> Path:
    """Return the county file the app opens: of the environment, else the one in the folder."""
    return Path(os.environ.get("GRIDGIS_COUNTY", "county.gpkg"))


@st.cache_resource(show_spinner=False, max_entries=2)
def open_desk(path: str) -> Desk:
    """Open the county once for all sessions of the process."""
    return Desk(gg.open_county(path))


def the_desk() -> Desk:
    """Return the desk of the county that the app opens."""
    return open_desk(str(county_path().resolve()))
