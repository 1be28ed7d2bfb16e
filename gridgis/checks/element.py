"""Rules on elements: every building, place and road in exactly one grid."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from gridgis.cells import CellIndex
from gridgis.checks.finding import Finding, Fresh
from gridgis.checks.ground import sound
from gridgis.pointindex.assign import assign
from gridgis.schema import mm

_TABLES = (("buildings", "建筑", "Building"), ("places", "场所", "Place"), ("roads", "道路", "Road"))


def _locations(county: Fresh, table: str) -> tuple[list[str], np.ndarray[Any, np.dtype[np.float64]]]:
    box = None if county.focus is None else county.focus.box if len(county.focus.ground) else (0, 0, 0, 0)
    frame = county.table(table, ("id", "x", "y"), box)
    frame = frame[frame["x"].notna()]
    xy = frame[["x", "y"]].to_numpy(dtype=np.float64).reshape(-1, 2)
    if county.focus is not None:
        near = county.focus.near(shapely.points(xy))
        frame, xy = frame[near], xy[near]
    return [str(i) for i in frame["id"]], xy


def in_none(county: Fresh) -> list[Finding]:
    """Find elements that lie in no cell."""
    plan, polygons = county.plan, county.plan.rows.geometry
    if county.focus is not None and len(county.focus.ground):
        index = plan.index or CellIndex(plan.rows)
        polygons = polygons[plan.row(index.near(shapely.box(*county.focus.box)))]
    out = []
    for table, zh, en in _TABLES:
        ids, xy = _locations(county, table)
        owner = assign(mm(xy), polygons)
        for k in np.flatnonzero(owner < 0).tolist():
            out.append(Finding(
                None, 1, table, f"{zh}“{ids[k]}”不在任何网格内。", f"{en} '{ids[k]}' lies in no grid.",
                "核对其位置与坐标系，或扩展网格。", "Check its position and CRS, or extend a grid.", shapely.Point(xy[k]),
            ))  # fmt: skip
    return out


def in_two(county: Fresh) -> list[Finding]:
    """Find elements that lie inside two cells at once; impossible while the cells tile the county."""
    plan = county.plan
    if sound(county):
        return []
    out = []
    for table, zh, en in _TABLES:
        ids, xy = _locations(county, table)
        if not len(xy):
            continue
        _, point = shapely.STRtree(np.asarray(shapely.points(xy), dtype=object)).query(
            plan.rows.geometry, predicate="contains"
        )
        for k in np.flatnonzero(np.bincount(point, minlength=len(xy)) > 1).tolist():
            out.append(Finding(
                None, 2, table, f"{zh}“{ids[k]}”同时在两个网格内。", f"{en} '{ids[k]}' lies in two grids.",
                "先消除该处的网格重叠。", "Remove the overlap of grids there first.", shapely.Point(xy[k]),
            ))  # fmt: skip
    return out
