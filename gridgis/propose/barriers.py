"""What parts the two sides of a boundary: rivers and roads nobody crosses, except where a bridge leads over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gridgis.quality import BESIDE_M, accompanied
from gridgis.subdividing.linework import lines_of

Floats = NDArray[np.float64]
Objects = NDArray[np.object_]
Table = Callable[..., Any]
"""Answers an e-map table by its name, in the county's CRS; see `County.table`."""

SHUT_ROADS = ("motorway", "expressway", "railway", "rail")
"""Classes of roads that nobody crosses on the level."""
_BRIDGE_M = 12.0


@dataclass(frozen=True, eq=False)
class Barriers:
    """Lines that part, sheets of water, and the points where a road leads across.

    Attributes
    ----------
    lines
        Rivers, banks and shut roads.
    sheets
        Water with an outline: a boundary in the middle of it runs along no bank.
    bridges
        Where roads meet them.
    """

    lines: Objects
    sheets: Objects
    bridges: Objects

    @classmethod
    def of(cls, table: Table, box: Any, shut: Sequence[str] = ()) -> Barriers:
        """Gather the barriers of an area.

        Parameters
        ----------
        table
            Answers an e-map table by its name.
        box
            Only what meets it.
        shut
            Classes of roads that part, besides `SHUT_ROADS`.
        """
        classes = {*SHUT_ROADS, *shut}
        water = np.asarray(table("water").geometry.values, dtype=object)
        water = water[shapely.intersects(water, box)] if len(water) else water
        sheets = np.asarray(water[shapely.get_dimensions(water) == 2], dtype=object)
        roads = table("roads")
        # A tunnel passes below: it is neither a barrier nor, on the ground, a road along a boundary.
        shapes = np.asarray(roads.geometry.values, dtype=object)
        drawn = ~shapely.is_missing(shapes)
        near = drawn & np.asarray(shapely.intersects(shapes, box), dtype=bool) if len(shapes) else drawn
        is_shut = roads["class"].isin(list(classes)).to_numpy() & near
        lines = np.concatenate([lines_of(lambda _: table("water"), "water"), shapes[is_shut]])
        lines = lines[shapely.intersects(lines, box)] if len(lines) else lines
        free = shapes[near & ~is_shut]
        return cls(np.asarray(lines, dtype=object), sheets, _crossings(free, np.concatenate([lines, sheets])))

    def beside(self, start: Floats, end: Floats) -> Floats:
        """Return how many metres of each straight piece run along a barrier or in the water."""
        length = np.hypot(*(end - start).T)
        wet = accompanied(start, end, self.lines, BESIDE_M) if len(self.lines) else np.zeros(len(length))
        if len(self.sheets) and len(length):
            middle = shapely.points((start + end) / 2)
            inside = np.unique(shapely.STRtree(self.sheets).query(middle, predicate="intersects")[0])
            wet[inside] = length[inside]
        return np.minimum(wet, length)

    def bridged(self, start: Floats, end: Floats, wet: Floats) -> Floats:
        """Return 1 for each piece along a barrier at which a road leads across, else 0."""
        out = np.zeros(len(start))
        along = np.flatnonzero(wet > 0)
        if len(self.bridges) and len(along):
            pieces = shapely.linestrings(np.stack([start[along], end[along]], axis=1))
            hit = shapely.STRtree(self.bridges).query(pieces, predicate="dwithin", distance=_BRIDGE_M)[0]
            out[along[np.unique(hit)]] = 1.0
        return out


def _crossings(roads: Objects, barriers: Objects) -> Objects:
    """Return where roads meet barriers: points, or the stretch of a bridge."""
    if not len(roads) or not len(barriers):
        return np.empty(0, dtype=object)
    a, b = shapely.STRtree(barriers).query(roads, predicate="intersects")
    met = shapely.get_parts(shapely.intersection(roads[a], barriers[b]))
    return np.asarray(met[~shapely.is_empty(met)], dtype=object)
