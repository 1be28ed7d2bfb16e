"""What can be laid over the grids besides: shapes with their looks and a legend in words, as one thing to fetch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.geojson import collection, features, to_degrees

Shapes = NDArray[np.object_]
KINDS = ("#0b6aa8", "#c2581a", "#2b8a63", "#8a4b9c", "#b8860b", "#b23a5c", "#4a6078", "#5d7f1f", "#7a4b2a", "#2f8f9d")
"""Colours of kinds, told apart by weak eyes too; beyond them they come again."""
NETS = ("#9c3fa3", "#b5541c", "#1f6f8b", "#6a7a1c")

EARLIER: dict[str, Any] = {"color": "#7b3294", "weight": 2.6, "opacity": 1, "dashArray": "9 6", "fill": False}
EARLIER_SAME: dict[str, Any] = {"color": "#7b3294", "weight": 1.1, "opacity": 0.55, "dashArray": "3 5", "fill": False}
ERROR: dict[str, Any] = {"color": "#b42318", "weight": 2.4, "opacity": 1, "fillColor": "#d9665f", "fillOpacity": 0.25, "radius": 7}
WARNING: dict[str, Any] = {"color": "#a16207", "weight": 2, "opacity": 1, "fillColor": "#e9b949", "fillOpacity": 0.3, "radius": 6}
NEAR: dict[str, Any] = {"color": "#2b6f9e", "weight": 1.2, "opacity": 0.9, "fillColor": "#3f8fc4", "fillOpacity": 0.3}
FAR: dict[str, Any] = {"color": "#5b9bc6", "weight": 1, "opacity": 0.8, "fillColor": "#9cc9e6", "fillOpacity": 0.3}
STATION: dict[str, Any] = {"color": "#ffffff", "weight": 1.4, "opacity": 1, "fillColor": "#123f63", "fillOpacity": 1, "radius": 5}


def dot(colour: str) -> dict[str, Any]:
    """Return the look of a place."""
    return {"color": "#ffffff", "weight": 1, "opacity": 0.9, "fillColor": colour, "fillOpacity": 0.95, "radius": 4}


def net(colour: str) -> dict[str, Any]:
    """Return the look of another net's boundaries."""
    return {"color": colour, "weight": 2, "opacity": 0.9, "dashArray": "7 4", "fill": False, "radius": 4}


class Group(NamedTuple):
    """Shapes in the county's CRS that look alike."""

    look: Mapping[str, Any]
    shapes: Shapes


def payload(groups: Sequence[Group], crs: int, legend: Mapping[str, Any], **more: Any) -> str:
    """Return groups and their legend (title, rows of colour and words, note) as one collection."""
    items: list[str] = []
    for k, group in enumerate(groups):
        items += features(to_degrees(group.shapes, crs), [{"s": k}] * len(group.shapes))
    return collection(items, styles=[dict(g.look) for g in groups], legend=dict(legend), **more)


def parted(before: Shapes, after: Shapes) -> tuple[Shapes, Shapes]:
    """Return the boundaries of polygons as they were: what is the same now, and what is not.

    Parameters
    ----------
    before, after
        Polygons that tile the county, at two times; on a lattice of millimetres.
    """
    old, new = _pieces(before), _pieces(after)
    same = np.isin(_keys(old), _keys(new))
    left = np.flatnonzero(~same)
    if len(left) and len(new):
        # An edge that got another vertex since is still where it was.
        middle = shapely.points(old[left].mean(axis=1))
        near = shapely.STRtree(_straight(new)).query(middle, "dwithin", 0.02)[0]
        same[left[np.unique(near)]] = True
    return _merged(old[same]), _merged(old[~same])


def _pieces(polygons: Shapes) -> NDArray[np.float64]:
    """Return every straight piece of the boundaries once, from west to east."""
    xy, ring = shapely.get_coordinates(shapely.get_rings(shapely.get_parts(polygons)), return_index=True)
    k = np.flatnonzero(ring[1:] == ring[:-1])
    ends = np.stack([xy[k], xy[k + 1]], axis=1).reshape(-1, 2, 2)
    turned = (ends[:, 0, 0] > ends[:, 1, 0]) | ((ends[:, 0, 0] == ends[:, 1, 0]) & (ends[:, 0, 1] > ends[:, 1, 1]))
    ends[turned] = ends[turned, ::-1]
    return np.asarray(np.unique(ends.reshape(-1, 4), axis=0).reshape(-1, 2, 2))


def _straight(pieces: NDArray[np.float64]) -> Shapes:
    return np.asarray(shapely.linestrings(pieces), dtype=object)


def _keys(pieces: NDArray[np.float64]) -> NDArray[Any]:
    whole = np.ascontiguousarray(np.round(pieces.reshape(-1, 4) * 1000).astype(np.int64))
    return whole.view([("", np.int64)] * 4).reshape(-1)


def _merged(pieces: NDArray[np.float64]) -> Shapes:
    """Return pieces joined to lines, so that dashes run through."""
    if not len(pieces):
        return np.zeros(0, dtype=object)
    joined = shapely.line_merge(shapely.multilinestrings(_straight(pieces)))
    return np.asarray(shapely.get_parts(joined), dtype=object)
