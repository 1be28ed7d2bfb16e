"""The one county the app has open, and the addresses under which the map fetches its data.

Everything here is shared by all sessions of the process; what a planner chooses lies in `state`.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import RLock
from typing import Any, TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import streamlit as st

import gridgis as gg
from app_pages.seats import Seats
from gridgis.checks.incremental import Checked
from gridgis.county import grid_frame
from gridgis.once import Once
from gridgis.schema import FIGURES
from gridgis.scheme import Scheme
from gridgis.store.postgis import is_database
from layers import base, geojson, grids

Item = tuple[Any, ...]
_KEPT_TOKENS = 1024
_IN_VIEW = {"cells": 6000, "lines": 1500}

T = TypeVar("T")


class Desk:
    """An open county with what the map needs of it, each thing made once per version.

    Parameters
    ----------
    county
        The open county; from now on reached through `quiet` only.

    Attributes
    ----------
    k
        Numbers from 1 to k - 1 are hidden on this desk; 0 where every number is shown, see `veil`.
    """

    k = 0

    def __init__(self, county: gg.County) -> None:
        self.county = county
        self._store_lock = RLock()
        self._token_lock = RLock()
        self._items: OrderedDict[str, Item] = OrderedDict()
        self._tokens: dict[Item, str] = {}
        self._frames = Once(40)
        self._lasting = Once(40)
        self._brief = Once(240)
        self._packed = Once(40)
        self.trials = Once(24)
        self.seats = Seats()
        """Set when the first browser has its grids."""
        self._checked: Checked | None = None

    @contextmanager
    def quiet(self) -> Iterator[gg.County]:
        """Give the county to one caller at a time."""
        with self._store_lock:
            yield self.county

    def apart(self) -> gg.County:
        """Return the county with a plan of its own, for work so long that nobody must wait for it.

        It shares the open store and is not to be closed: a second opening of the file would undo SQLite's locks, since a
        look at its first bytes ends all that this process holds on it. Who writes first wins, as between two programs.
        """
        return gg.County(self.county.store)

    @property
    def version(self) -> int:
        """Version of the newest edit, whoever made it."""
        # Asked every few seconds by everybody: it must not wait for one who works.
        return self.county.version

    @property
    def plan(self) -> gg.Plan:
        """The plan as it stands."""
        with self.quiet() as county:
            return county.plan

    @property
    def scheme(self) -> Scheme:
        """The grid system."""
        return self.county.scheme

    @property
    def crs(self) -> int:
        """EPSG code of the county's CRS."""
        return self.county.crs

    @property
    def bounds(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """South-west and north-east corner of the county, latitude first."""
        west, south, east, north = geojson.to_degrees(self.plan.outline, self.crs).bounds
        return (south, west), (north, east)

    # -- addresses

    def token(self, *item: Any) -> str:
        """Return the address of a thing to fetch; it cannot be guessed and lasts for this process."""
        with self._token_lock:
            name = self._tokens.get(item)
            if name is not None and name in self._items:
                # The addresses unused longest go first: what somebody looks at must not end under his eyes.
                self._items.move_to_end(name)
            else:
                name = self._tokens[item] = secrets.token_urlsafe(18)
                self._items[name] = item
                while len(self._items) > _KEPT_TOKENS:
                    gone, old = self._items.popitem(last=False)
                    if self._tokens.get(old) == gone:
                        del self._tokens[old]
            return name

    def item(self, token: str) -> Item | None:
        """Return what was promised under an address; None when nothing was."""
        with self._token_lock:
            if token in self._items:
                self._items.move_to_end(token)
            return self._items.get(token)

    def outline_item(self, level: str) -> Item:
        """Return the item of a level's outlines; it changes only when a polygon or name of that level does."""
        plan = self.plan

        def sign() -> str:
            codes = plan.tiling(level)
            shapes = np.array([plan.grid_geometry(c) for c in codes], dtype=object)
            names = "\x1f".join(plan.grids[c].name for c in codes).encode()
            return hashlib.blake2b(names + b"".join(shapely.to_wkb(shapes)), digest_size=12).hexdigest()

        return "outline", level, self._frames.get(("sign", level, plan.version), sign)

    # -- frames of the plan

    def frame(self, level: str) -> tuple[int, gpd.GeoDataFrame]:
        """Return the grids that tile the county at a level, with figures and size band, and the version.

        Where a branch has no grid of the level, its next coarser one stands in. County's CRS, index `code`.
        """
        plan = self.plan
        return plan.version, self._frames.get(("frame", level, plan.version), lambda: self._frame(plan, level))

    def _frame(self, plan: gg.Plan, level: str) -> gpd.GeoDataFrame:
        frame = grid_frame(plan, plan.tiling(level)).join(level_figures(plan, plan.tiling(level)))
        rows = zip(frame["level"], frame["zone"], frame["households"], frame["persons"], strict=True)
        return frame.assign(band=pd.Series([self.band(*r) for r in rows], index=frame.index, dtype=object))

    def totals(self, level: str) -> pd.Series[Any]:
        """Return the sums over the grids of a level."""
        sums: pd.Series[Any] = self.frame(level)[1][[*FIGURES, "area_m2"]].sum()
        return sums

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
        return version, self._frames.get(("shown", level, version), lambda: grids.shown(frame, self.crs))

    def patches(self, level: str) -> list[dict[str, Any]]:
        """Return the steps between the last versions of a level that are at hand, oldest first, at most two."""
        now, _ = self.shown(level)
        kept = self._frames.at_hand(("shown", level))
        steps = sorted(v for v in kept if v <= now)[-3:]
        out = []
        for a, b in itertools.pairwise(steps):
            removed, added = self._frames.get(("patch", level, a, b), partial(grids.patch, kept[a], kept[b]))
            out.append({"from": a, "to": b, "remove": removed, "add": added})
        return out

    # -- what the addresses stand for

    def layer(self, item: Item) -> bytes:
        """Return the packed data of a layer."""
        return self._packed.get(item, lambda: geojson.packed(self._layer(item)))

    def _layer(self, item: Item) -> str:
        kind, *rest = item
        if kind == "grids":
            version, frame = self.shown(rest[0])
            return grids.payload(frame, version)
        if kind == "outline":
            plan = self.plan
            codes = plan.tiling(rest[0])
            return grids.outlines([plan.grid_geometry(c) for c in codes], [plan.grids[c].name for c in codes], self.crs)
        return base.payload(self.plan.outline, self.crs)

    def nearby(self, item: Item, box: shapely.Geometry) -> bytes:
        """Return the cells, or roads and water, in a box given in degrees."""
        keep = self._frames if item[0] == "cells" else self._lasting
        source = keep.get(("tree", *item), lambda: self._tree(item[0]))
        return geojson.packed(source.payload(geojson.from_degrees(box, self.crs), _IN_VIEW[item[0]]))

    def _tree(self, kind: str) -> base.Nearby:
        if kind == "cells":
            rows = self.plan.rows
            known = [{"id": int(i), "code": c} for i, c in zip(rows.id, rows.code, strict=True)]
            return base.Nearby(rows.geometry, self.crs, known)
        with self.quiet() as county:
            found = [county.table(t, ["geometry"]).geometry.to_numpy() for t in ("roads", "water")]
        return base.Nearby(np.concatenate([np.asarray(f, dtype=object) for f in found]), self.crs)

    # -- what is made of the county besides

    def lasting(self, key: tuple[Any, ...], make: Callable[[], T]) -> T:
        """Return what `make` makes, once until the e-map changes; a key of what the plan decides names its version."""
        return self._lasting.get(key, make)

    def brief(self, key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
        """Return what `make` makes, as `lasting` does: for what is small, so that many may be kept for twenty sessions at once."""
        return self._brief.get((*key, self.version), make)

    def findings(self, progress: Callable[[float, str], None] | None = None) -> tuple[int, gpd.GeoDataFrame]:
        """Return what the checks find in the present plan, and its version; after an edit only its place is checked again."""
        version = self.version
        # The store serves several readers; holding the county would keep everybody else waiting.
        return version, self.once(("findings",), lambda: self.checked(progress).frame(self.county))

    def checked(self, progress: Callable[[float, str], None] | None = None) -> Checked:
        """Return the last check of the county, taken up to the present plan."""
        last = self._checked
        self._checked = last.again(self.county, progress) if last else Checked.of(self.county, progress)
        return self._checked

    def once(self, key: tuple[Any, ...], make: Callable[[], T]) -> T:
        """Return what `make` makes, once for a state of the plan and of the registers of people."""
        return self._frames.get((*key, self.version, self._registers()), make)

    def _registers(self) -> int:
        """Return a fingerprint of the registers of people; they change without a version."""
        with self.quiet() as county:
            frames = [pd.DataFrame(county.table(t)) for t in ("staff", "organisations", "postings", "visits", "exceptions")]
        return hash(tuple(int(pd.util.hash_pandas_object(f.astype(str), index=False).sum()) for f in frames))

    def forget(self) -> None:
        """Forget what was made of the county: the e-map has changed, which has no version."""
        self._frames, self._lasting, self._packed, self.trials = Once(40), Once(40), Once(40), Once(24)
        self._brief = Once(240)
        with self._token_lock:
            # Addresses already given out still answer; the next picture gets others, which no browser has kept.
            self._tokens = {item: name for item, name in self._tokens.items() if item[0] == "page"}


def level_figures(plan: gg.Plan, codes: list[str]) -> pd.DataFrame:
    """Return the figures of grids that tile the plan: index `code`; FIGURES, area_m2."""
    widths = sorted({len(c) for c in codes}, reverse=True)
    known = set(codes)
    owner = [next((c[:w] for w in widths if c[:w] in known), None) if c else None for c in plan.rows.code]
    cells = pd.DataFrame(plan.rows.figures, columns=list(FIGURES)).assign(area_m2=shapely.area(plan.rows.geometry))
    sums = cells.groupby(pd.Series(owner, dtype=object), sort=False).sum()
    return sums.reindex(pd.Index(codes, dtype=object), fill_value=0).rename_axis("code")


def county_place() -> str:
    """Return the county the app opens: file, folder or database of the environment, else the file in this folder."""
    place = os.environ.get("GRIDGIS_COUNTY") or "county.gpkg"
    if is_database(place):
        return place
    path = Path(place).resolve()
    return str(path / "county.gpkg" if path.is_dir() else path)


@st.cache_resource(show_spinner=False, max_entries=2)
def open_desk(path: str) -> Desk:
    """Open the county once for all sessions of the process."""
    return Desk(gg.open_county(path))


def the_desk() -> Desk:
    """Return the desk of the county that the app opens."""
    return open_desk(county_place())
