"""A finished gesture on the map, and the edit that it asks the kernel for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

import gridgis as gg
from app_pages.words import WORDS
from gridgis.errors import EditError
from layers.geojson import from_degrees

Note = tuple[str, str]
_REAL_SHARE = 0.15
_REACH_M = 1.0


def propose(
    plan: gg.Plan, grids: gpd.GeoDataFrame, event: Mapping[str, Any], selected: Sequence[str]
) -> tuple[gg.Edit, tuple[Note, ...]]:
    """Return the edit that a gesture means, and what we decided on the way.

    Parameters
    ----------
    plan
        The plan the planner sees.
    grids
        The grids of the level on the map, index `code`, in the county's CRS.
    event
        The gesture: `type`, and what the tool gathered (line, codes, area, cells, to).
    selected
        Codes chosen before; a line that crosses one of them means that one.
    """
    kind = event["type"]
    if kind == "split":
        line = _drawn(event["line"], plan.crs, shapely.LineString)
        code, notes = target_of(line, grids, selected)
        return gg.split(plan, code, reaching(line, grids.geometry[code])), notes
    if kind == "merge":
        return gg.merge(plan, [str(c) for c in event["codes"]]), ()
    if kind == "transfer":
        return gg.transfer(plan, _drawn(event["area"], plan.crs, shapely.Polygon), str(event["to"])), ()
    return gg.paint(plan, [int(i) for i in event["cells"]], str(event["to"])), ()


def _drawn(points: Sequence[Sequence[float]], crs: int, shape: Any) -> Any:
    try:
        drawn = shape(np.asarray(points, dtype=float).reshape(-1, 2))
    except (ValueError, shapely.errors.GEOSException) as error:
        raise EditError("画出的图形点数太少：请重新画。", "The drawing has too few points: draw it again.") from error
    moved = from_degrees(drawn, crs)
    return shapely.transform(moved, lambda xy: np.round(xy, 3))


def target_of(line: Any, grids: gpd.GeoDataFrame, selected: Sequence[str]) -> tuple[str, tuple[Note, ...]]:
    """Return the grid a line means: the one selected if crossed, else the one that holds most of it.

    Raises
    ------
    EditError
        The line lies in no grid.
    """
    near = grids.index[shapely.intersects(grids.geometry.to_numpy(), line)]
    held = shapely.length(shapely.intersection(grids.geometry[near].to_numpy(), line))
    share = dict(zip(near, (held / max(line.length, 1e-9)).tolist(), strict=True))
    if not share or max(share.values()) <= 0:
        zh, en = WORDS["line_nowhere"]
        raise EditError(zh, en)
    chosen = [c for c in selected if share.get(c, 0) >= _REAL_SHARE]
    code = chosen[0] if chosen else max(share, key=lambda c: share[c])
    others = sorted(c for c, s in share.items() if c != code and s >= _REAL_SHARE)
    if not others:
        return str(code), ()
    zh, en = WORDS["also_crossed"]
    return str(code), ((zh.format(codes="、".join(others), code=code), en.format(codes=", ".join(others), code=code)),)


def reaching(line: Any, polygon: Any) -> Any:
    """Return the line with ends that were snapped to the boundary drawn on across it.

    What the browser snaps to is rounded to a centimetre, so a snapped end may stop just short.
    """
    xy = shapely.get_coordinates(line)
    edge = polygon.boundary
    for end, before in ((0, 1), (-1, -2)):
        point = shapely.Point(xy[end])
        step = xy[end] - xy[before]
        length = float(np.hypot(*step))
        if length > 0 and edge.distance(point) <= _REACH_M:
            xy[end] = np.round(xy[end] + step / length * 2 * _REACH_M, 3)
    return shapely.LineString(xy)
