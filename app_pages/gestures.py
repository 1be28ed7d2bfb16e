"""A finished gesture on the map, and the edit that it asks the kernel for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
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
_DRAWN: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "split": ("line",), "merge": ("codes",), "transfer": ("area", "to"), "paint": ("cells", "to"), "reshape": ("line",),
    "draw": ("area",), "vertex": ("op", "at"),
})  # fmt: skip
"""What a gesture of each kind must bring along."""


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
        The gesture: `type`, and what the tool gathered (line, codes, area, cells, at, to, op), `unlock` for upper levels.
    selected
        Codes chosen before; a line that crosses one of them means that one.

    Raises
    ------
    EditError
        What the map sent is no gesture, or the gesture makes no sense on this plan.
    RefusedError
        It would harm the county.
    """
    require_sound(event)
    kind, unlock = event["type"], bool(event.get("unlock"))
    if kind == "split":
        line = _drawn(event["line"], plan.crs, shapely.LineString)
        code, notes = target_of(line, grids, selected)
        return gg.split(plan, code, line if line.is_ring else reaching(line, grids.geometry[code])), notes
    if kind == "merge":
        return gg.merge(plan, [str(c) for c in event["codes"]], unlock=unlock), ()
    if kind == "transfer":
        area = _drawn(event["area"], plan.crs, shapely.Polygon)
        return gg.transfer(plan, area, str(event["to"]), unlock=unlock), ()
    if kind == "paint":
        return gg.paint(plan, [int(i) for i in event["cells"]], str(event["to"]), unlock=unlock), ()
    return _redrawn(plan, grids, event, selected), ()


def require_sound(event: Mapping[str, Any]) -> None:
    """Refuse a message that is no gesture: a part is missing or of another kind than the tools send.

    Raises
    ------
    EditError
        The message is no gesture.
    """
    kind = event.get("type")
    parts = _DRAWN.get(kind, ("type",)) if isinstance(kind, str) else ("type",)
    if kind == "vertex" and event.get("op") != "delete":
        parts = (*parts, "to")
    if not all(_sound(kind, part, event.get(part)) for part in parts):
        zh, en = WORDS["gesture_broken"]
        raise EditError(zh, en)


def _sound(kind: object, part: str, value: Any) -> bool:
    if part in ("line", "area"):
        return isinstance(value, list) and all(is_place(v) for v in value)
    if part == "at" or (part == "to" and kind == "vertex"):
        return is_place(value)
    if part == "op":
        return value in ("move", "insert", "delete")
    if part == "codes":
        return isinstance(value, list) and all(isinstance(v, str) for v in value)
    if part == "cells":
        return isinstance(value, list) and all(type(v) is int for v in value)
    return part == "to" and isinstance(value, str)


def is_place(value: Any) -> bool:
    """Tell whether a value is longitude and latitude."""
    if not (isinstance(value, list) and len(value) == 2 and all(type(v) in (int, float) for v in value)):
        return False
    return bool(-180 <= value[0] <= 180 and -90 <= value[1] <= 90)


def _redrawn(plan: gg.Plan, grids: gpd.GeoDataFrame, event: Mapping[str, Any], selected: Sequence[str]) -> gg.Edit:
    """Return the edit of a gesture that gives boundaries another run, or makes a grid where there is none."""
    level, unlock = _level(plan, grids), bool(event.get("unlock"))
    kind = event["type"]
    if kind == "reshape":
        line = _drawn(event["line"], plan.crs, shapely.LineString)
        near = grids.geometry[shapely.dwithin(grids.geometry.to_numpy(), line, 2 * _REACH_M)]
        edge = shapely.multilinestrings(shapely.get_parts(shapely.boundary(near.to_numpy())))
        return gg.reshape(plan, reaching(line, edge), level=level, unlock=unlock)
    if kind == "draw":
        area = _drawn(event["area"], plan.crs, shapely.Polygon)
        return gg.draw(plan, area, parent_of(plan, grids, area, selected))
    at = _drawn([event["at"]], plan.crs, lambda xy: shapely.Point(xy[0])).coords[0]
    if event["op"] == "delete":
        return gg.delete_vertex(plan, at, level=level, unlock=unlock)
    to = _drawn([event["to"]], plan.crs, lambda xy: shapely.Point(xy[0])).coords[0]
    return (gg.insert_vertex if event["op"] == "insert" else gg.move_vertex)(plan, at, to, level=level, unlock=unlock)


def _level(plan: gg.Plan, grids: gpd.GeoDataFrame) -> str:
    """Return the level on the map: the finest of the grids shown, coarser ones stand in where it is missing."""
    return plan.scheme.level_key(max(map(str, grids.index), key=len))


def parent_of(plan: gg.Plan, grids: gpd.GeoDataFrame, area: Any, selected: Sequence[str]) -> str:
    """Return the grid that a new grid belongs to: the parent of the one selected, else of the nearest one on the map."""
    chosen = [c for c in selected if c in grids.index]
    width = plan.scheme.width(_level(plan, grids))
    full = grids.index[[len(c) == width for c in grids.index]]
    near = chosen[0] if chosen else full[int(np.argmin(shapely.distance(grids.geometry[full].to_numpy(), area)))]
    return plan.scheme.parent(str(near)) or plan.county_code


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


def reaching(line: Any, shape: Any) -> Any:
    """Return the line with ends that were snapped to the boundary of a shape, or to lines, drawn on across it.

    What the browser snaps to is rounded to a centimetre, so a snapped end may stop just short.
    """
    xy = shapely.get_coordinates(line)
    edge = shape.boundary if shapely.get_dimensions(shape) == 2 else shape
    for end, before in ((0, 1), (-1, -2)):
        point = shapely.Point(xy[end])
        step = xy[end] - xy[before]
        length = float(np.hypot(*step))
        if length > 0 and edge.distance(point) <= _REACH_M:
            xy[end] = np.round(xy[end] + step / length * 2 * _REACH_M, 3)
    return shapely.LineString(xy)
