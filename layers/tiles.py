"""Tiles of the base map as the browser draws them: kinds, names and whole numbers, a few kilobytes each.

A tile is 512 pixels wide and `EXTENT` units; a feature is ``[kind, name, [x, y, dx, dy, …], …]`` with one list a line,
ring or point, each number but the first two the step from the one before.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from gridgis.tiling import EXTENT, Tile
from layers.styles import BASE, ROAD_RANKS

Shapes = NDArray[np.object_]
MOST = 8000
"""Features of a tile at most; what is largest stays."""
RANKS = ("main", "road", "lane")
_HALF_PIXEL = EXTENT / 1024
_SMALL_STREAMS = ("stream", "brook", "ditch")


class Rows(NamedTuple):
    """What a tile may show: shapes in metres of the web Mercator projection, the kind and the name of each."""

    shapes: Shapes
    kinds: Sequence[str]
    names: Sequence[str]


def first_zooms() -> dict[str, int]:
    """Return from which zoom of tiles each kind is drawn at all; a tile of 512 pixels is one zoom below its map."""
    out: dict[str, int] = {}
    for stroke in BASE["strokes"]:
        out[stroke["k"]] = min(out.get(stroke["k"], 99), max(stroke["zoom"] - 1, 0))
    return out


def water_kinds(areas: Sequence[bool], classes: Sequence[object]) -> list[str]:
    """Return the strokes of waters: an area is a lake, a line by its class a river or a stream."""
    return ["lake" if a else "stream" if str(c) in _SMALL_STREAMS else "river" for a, c in zip(areas, classes, strict=True)]


def road_kind(name: object) -> str:
    """Return the stroke of a road by its class."""
    return RANKS[ROAD_RANKS.get(str(name), 2)]


def payload(tile: Tile, rows: Rows) -> str:
    """Return a tile as text; what lies outside it or vanishes at its scale is left out."""
    shapes = shapely.simplify(shapely.clip_by_rect(rows.shapes, *tile.box()), tile.unit_m * _HALF_PIXEL)
    size = np.maximum(*_sizes(shapes))
    dots = shapely.get_dimensions(shapes) == 0
    kept = np.flatnonzero(~shapely.is_empty(shapes) & (dots | (size > tile.unit_m * 2 * _HALF_PIXEL)))
    if len(kept) > MOST:
        kept = np.sort(kept[np.argsort(-size[kept], kind="stable")[:MOST]])
    lines = _lines(tile, shapes[kept])
    found = [[rows.kinds[k], rows.names[k], *mine] for k, mine in zip(kept.tolist(), lines, strict=True) if mine]
    return json.dumps({"f": found}, ensure_ascii=False, separators=(",", ":"))


def _sizes(shapes: Shapes) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    west, south, east, north = np.nan_to_num(shapely.bounds(shapes).reshape(-1, 4)).T
    return east - west, north - south


def _lines(tile: Tile, shapes: Shapes) -> list[list[list[int]]]:
    """Return the lines, rings and points of each shape in units of the tile, as steps."""
    parts, of = shapely.get_parts(shapes, return_index=True)
    areas = shapely.get_dimensions(parts) == 2
    rings, ring_of = shapely.get_rings(parts[areas], return_index=True)
    pieces = np.concatenate([parts[~areas], rings])
    owner = np.concatenate([of[~areas], of[areas][ring_of]])
    west, north = tile.origin
    xy, at = shapely.get_coordinates(pieces, return_index=True)
    units = np.round(np.column_stack([xy[:, 0] - west, north - xy[:, 1]]) / tile.unit_m).astype(np.int64)
    steps = np.diff(units, axis=0, prepend=units[:1])
    first = np.diff(at, prepend=-1) != 0
    steps[first] = units[first]
    moving = first | steps.any(axis=1)
    steps, at = steps[moving], at[moving]
    ends = np.searchsorted(at, np.arange(len(pieces) + 1)) * 2
    flat = steps.reshape(-1).tolist()
    out: list[list[list[int]]] = [[] for _ in range(len(shapes))]
    for k, mine in enumerate(owner.tolist()):
        out[mine].append(flat[ends[k] : ends[k + 1]])
    return out


def of_foreign(layers: dict[str, Any], whole: Tile) -> Rows:
    """Return what the base map can draw of a decoded Mapbox vector tile, whoever made it.

    Parameters
    ----------
    layers
        By name, each with ``extent`` and ``features``; rows counted from the north.
    whole
        The tile they come from.
    """
    west, north = whole.origin
    shapes: list[Shapes] = [np.zeros(0, dtype=object)]
    kinds: list[str] = []
    names: list[str] = []
    for name, layer in layers.items():
        unit = whole.unit_m * EXTENT / layer["extent"]
        told = [f["properties"] for f in layer["features"]]
        flat = shapely.from_geojson([json.dumps(f["geometry"]) for f in layer["features"]], on_invalid="ignore")
        found = [foreign_kind(name, t, d) for t, d in zip(told, shapely.get_dimensions(flat).tolist(), strict=True)]
        kept = [k for k, kind in enumerate(found) if kind]
        scale = np.array([unit, -unit])
        shapes.append(shapely.transform(flat[kept], partial(_placed, scale=scale, origin=np.array([west, north]))))
        kinds += [found[k] for k in kept]
        names += [str(told[k].get("name:zh") or told[k].get("name") or "") for k in kept]
    return Rows(np.concatenate(shapes), kinds, names)


def _placed(xy: NDArray[np.float64], scale: NDArray[np.float64], origin: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(origin + xy * scale)


def foreign_kind(layer: str, told: dict[str, Any], dimension: int) -> str:
    """Return the stroke of a feature by the names that OpenMapTiles, Protomaps, Shortbread and we ourselves use.

    Examples
    --------
    >>> foreign_kind("transportation", {"class": "primary"}, 1)
    'main'
    """
    kind = str(told.get("class") or told.get("kind_detail") or told.get("kind") or "")
    if dimension < 0:
        return ""
    if layer in ("water", "ocean", "water_polygons", "waterway", "water_lines"):
        return water_kinds([dimension == 2], [kind])[0] if dimension else ""
    if layer in ("transportation", "roads", "road", "streets") and dimension == 1:
        major = {"major_road": "main", "medium_road": "road"}
        return major.get(str(told.get("kind")), road_kind(kind)) if kind not in ROAD_RANKS else road_kind(kind)
    if layer in ("building", "buildings") and dimension == 2:
        return "building"
    if layer in ("earth", "land") and dimension == 2:
        return "land"
    if layer in ("landcover", "landuse", "park", "sites") and dimension == 2:
        return "green" if kind in ("wood", "forest", "grass", "park", "nature_reserve", "cemetery", "grassland") else ""
    return "place" if layer in ("place", "places", "place_labels", "poi", "pois") and dimension == 0 else ""
