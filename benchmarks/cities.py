"""A made-up city of any size: unit grids in communities and townships, buildings with people, a year of incidents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import madeup
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridgis.founding import Founding, found
from gridgis.schema import to_lattice

EPSG = 4548
CODE = "990001"
KINDS = ("市容环境/垃圾堆放", "公用设施/路灯故障", "矛盾纠纷/邻里纠纷", "安全隐患/消防通道堵塞")
LEVELS = {9: "township", 12: "community", 15: "unit"}


def polygons_of(grids: int) -> NDArray[np.object_]:
    """Return about `grids` unit grids of 54 vertices on the millimetre lattice."""
    return np.asarray(to_lattice(madeup.coverage(grids, vertices=8)), dtype=object)


def codes_of(count: int) -> list[str]:
    """Return unit codes: twenty units in a community, twenty communities in a township."""
    return [f"{CODE}{1 + k // 400:03d}{1 + k // 20 % 20:03d}{1 + k % 20:03d}" for k in range(count)]


def inside(polygons: NDArray[np.object_], outline: Any, count: int, seed: int) -> NDArray[np.float64]:
    """Return `count` points inside the outline, three in four of them clustered, on the millimetre lattice."""
    shapely.prepare(outline)
    xy = np.round(madeup.scattered(polygons, round(count * 1.2), seed), 3)
    return xy[shapely.contains_xy(outline, xy)][:count]


def buildings_of(xy: NDArray[np.float64]) -> gpd.GeoDataFrame:
    """Return a house of 8 m by 8 m at each point."""
    n = len(xy)
    data = {"id": [f"b{k}" for k in range(n)], "households": 1 + np.arange(n) % 3, "persons": 2 + np.arange(n) % 7,
            "x": xy[:, 0], "y": xy[:, 1]}  # fmt: skip
    return gpd.GeoDataFrame(data, geometry=shapely.box(*(xy - 4).T, *(xy + 4).T), crs=EPSG)


def incidents_of(xy: NDArray[np.float64], seed: int = 5) -> pd.DataFrame:
    """Return an incident at each point, within one year."""
    n, rng = len(xy), np.random.default_rng(seed)
    start = np.datetime64("2025-11-01T00:00:00") + np.sort(rng.integers(0, 365 * 86_400, n)).astype("timedelta64[s]")
    hours = rng.integers(1, 200, n)
    text = [str(t) for t in start]
    closed = [str(t) for t in start + hours.astype("timedelta64[h]")]
    due = [str(t) for t in start + np.timedelta64(48, "h")]
    pick = rng.integers(0, len(KINDS), n)
    return pd.DataFrame({
        "id": [f"i{k}" for k in range(n)], "at": text, "category": np.array(KINDS, dtype=object)[pick], "status": "closed",
        "due_at": due, "closed_at": closed, "handled_in": np.array(["grid", "joint", "dispatched"], dtype=object)[pick % 3],
        "valid": 1, "x": xy[:, 0], "y": xy[:, 1],
    })  # fmt: skip


def found_city(path: Path, grids: int, buildings: int, incidents: int) -> int:
    """Write a city and return how many unit grids it has."""
    polygons = polygons_of(grids)
    codes = codes_of(len(polygons))
    cells = gpd.GeoDataFrame({"code": codes}, geometry=polygons, crs=EPSG)
    every = sorted({c[:w] for c in codes for w in LEVELS})
    rows = pd.DataFrame({"code": every, "level": [LEVELS[len(c)] for c in every], "kind": "comprehensive", "name": every})
    outline = shapely.coverage_union_all(polygons)
    tables: dict[str, Any] = {"buildings": buildings_of(inside(polygons, outline, buildings, 2))}
    if incidents:
        tables["incidents"] = incidents_of(inside(polygons, outline, incidents, 3))
    meta = {"illustrative": "true", "as_of": "2026-10-31"}
    found(path, Founding("generic", CODE, "made-up", EPSG, "new", outline, cells, rows, tables, meta))
    return len(polygons)
