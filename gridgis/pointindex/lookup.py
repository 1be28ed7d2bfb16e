"""Reading the raster of `gridgis.pointindex.squares`: the polygon at each place, in passes over arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridgis.edgetable import MARGIN, Ints, decoded
from gridgis.pointindex import kernel
from gridgis.pointindex.squares import Squares
from gridgis.schema import MM

Step = tuple[int, int]
EAST_NORTH: Step = (1, 1)
_AT_ONCE = 1 << 14
"""Points taken at once: what is made of them stays in the processor's cache."""
_ROUNDING = 1e-3
"""Distances that differ by less, in millimetres, are compared exactly elsewhere."""
_WORTH_COMPILING = 500_000
"""Below this, passes over arrays are done before numba is imported; once it is there, it does all."""


def look_up(squares: Squares, points: NDArray[Any]) -> tuple[NDArray[np.int32], Ints]:
    """Return the polygon that holds each point, moved by the first step of the rule in `gridgis.pointindex.assign`.

    Parameters
    ----------
    squares
        The raster.
    points
        Shape (n, 2): whole numbers are millimetres, others metres, rounded to millimetres here.

    Returns
    -------
    owner
        Position of the polygon, -1 where there is none.
    doubts
        Points on, or within a few millimetres of, an edge that have no polygon or several that way.
    """
    owner = np.empty(len(points), dtype=np.int32)
    fast = kernel.compiled() if len(points) >= _WORTH_COMPILING or kernel.compiled.cache_info().currsize else None
    if fast is not None:
        look_up_compiled(fast, squares, points, owner)
    else:
        look_up_in_passes(squares, points, owner)
    unsure = np.flatnonzero(owner == kernel.DOUBT)
    owner[unsure] = kernel.NOTHING
    return owner, unsure[_is_doubtful(squares, points[unsure])]


def look_up_compiled(passes: kernel.Passes, squares: Squares, points: NDArray[Any], owner: NDArray[np.int32]) -> None:
    """Fill in `owner` point by point, DOUBT included."""
    places = np.ascontiguousarray(points, dtype=np.float64)
    frame = (*map(float, squares.origin), *squares.size, squares.shift)
    kernel.owners(passes, places, 1.0 if points.dtype.kind == "i" else MM, (frame, *squares.arrays), owner)


def look_up_in_passes(squares: Squares, points: NDArray[Any], owner: NDArray[np.int32]) -> None:
    """Fill in `owner` by numpy, DOUBT included."""
    for start in range(0, len(points), _AT_ONCE):
        _part(squares, points[start : start + _AT_ONCE], owner[start : start + _AT_ONCE])


def _part(squares: Squares, points: NDArray[Any], owner: NDArray[np.int32]) -> None:
    x, y, within = local(squares, points)
    value = squares.coarse[(y >> squares.shift) * squares.size[0] + (x >> squares.shift)]
    value[~within] = 0
    cut = np.flatnonzero(value < 0)
    x, y = x[cut], y[cut]
    fine, shift = _fine(squares, ~value[cut], x, y)
    value[cut] = fine
    deep = np.flatnonzero(fine < 0)
    low, clear = decoded(states(squares, ~fine[deep].astype(np.int64), x[deep], y[deep], shift[deep]), squares.tokens)
    low[(low == 0) | ~clear] = kernel.DOUBT + 1
    value[cut[deep]] = low
    np.subtract(value, 1, out=owner, casting="unsafe")


def _is_doubtful(squares: Squares, points: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell which points in listed squares are near an edge or in several polygons; the others lie outside."""
    if not len(points):
        return np.zeros(0, dtype=bool)
    number, x, y, shift = list_of(squares, points)
    clear = decoded(states(squares, number, x, y, shift), squares.tokens)[1]
    item, _, gap = _gaps(squares, number, x, y)
    unclear = ~clear
    unclear[item[gap < MARGIN]] = True
    return np.asarray(unclear)


def local(squares: Squares, points: NDArray[Any]) -> tuple[Ints, Ints, NDArray[np.bool_]]:
    """Return the places of points in the raster, in millimetres, and which are within it; the others come as (0, 0)."""
    rounded = points if points.dtype.kind == "i" else np.rint(points * MM)
    limit = [side << squares.shift for side in squares.size]
    x, y = rounded[:, 0] - squares.origin[0], rounded[:, 1] - squares.origin[1]
    within = (x >= 0) & (y >= 0) & (x < limit[0]) & (y < limit[1])
    if not within.all():
        x, y = np.where(within, x, 0), np.where(within, y, 0)
    return x.astype(np.int64), y.astype(np.int64), within


def _fine(squares: Squares, packed: Ints, x: Ints, y: Ints) -> tuple[NDArray[np.int32], Ints]:
    """Return the entry in `fine` of places in blocks, and the width of their fine squares as a power of two."""
    k = packed & 31
    shift = squares.shift - k
    inner = (1 << squares.shift) - 1
    at = (packed >> 5) + (((y & inner) >> shift) << k) + ((x & inner) >> shift)
    return squares.fine[at], shift


def _pairs(squares: Squares, number: Ints) -> tuple[Ints, Ints, Ints]:
    """Return (item, entry) for every entry in the list of every item, and where each item's pairs begin."""
    first = squares.heads["first"][number]
    counts = squares.heads["first"][number + 1] - first
    begin = np.cumsum(counts) - counts
    item = np.repeat(np.arange(len(number)), counts)
    return item, squares.entries[(first - begin)[item] + np.arange(len(item))], begin


def states(squares: Squares, number: Ints, x: Ints, y: Ints, shift: Ints, step: Step = EAST_NORTH) -> Ints:
    """Return the state of places in listed squares, moved by a step.

    The path from the south-west corner of the square runs north along its west side, then east; an
    edge counts when it is crossed an odd number of times.

    Parameters
    ----------
    number, shift
        List and width of the square of each place.
    step
        Direction of the step east or west and of the smaller one north or south, 1 or -1.
    """
    item, entry, begin = _pairs(squares, number)
    edges = squares.edges[entry >> 2]
    x0, y0, dx, dy = (edges[field].astype(np.int64) for field in ("x", "y", "dx", "dy"))
    rise = y[item] - y0
    height = rise * dx
    from_west = (((x >> shift) << shift)[item] - x0) * dy
    to_place = (x[item] - x0) * dy
    if step == EAST_NORTH:
        corner, place = from_west >= height, to_place >= height
        level = (rise >= 0) & (rise < dy)
    else:
        flat = dy == 0
        corner = (from_west > height) | ((from_west == height) & (~flat | (step[1] > 0)))
        place = (to_place > height) | ((to_place == height) & np.where(flat, step[1] > 0, step[0] > 0))
        level = (rise >= 0) & (rise < dy) if step[1] > 0 else (rise > 0) & (rise <= dy)
    odd = (level & (corner != place)) ^ (((entry & 2) > 0) & (corner != ((entry & 1) > 0)))
    change = np.where(odd, edges["jump"], 0)
    out = squares.heads["base"][number]
    if len(change):
        some = np.flatnonzero(np.diff(begin, append=len(item)))
        out[some] ^= np.bitwise_xor.reduceat(change, begin[some])
    return out


def _gaps(squares: Squares, number: Ints, x: Ints, y: Ints) -> tuple[Ints, Ints, NDArray[np.float64]]:
    """Return (item, edge, distance in millimetres up to rounding) for every edge in the list of every item."""
    item, entry, _ = _pairs(squares, number)
    edges = squares.edges[entry >> 2]
    x0, y0, dx, dy = (edges[field].astype(np.float64) for field in ("x", "y", "dx", "dy"))
    to_x, to_y = x[item] - x0, y[item] - y0
    along = np.clip((to_x * dx + to_y * dy) / (dx * dx + dy * dy), 0, 1)
    return item, entry >> 2, np.hypot(to_x - along * dx, to_y - along * dy)


def nearest(squares: Squares, number: Ints, x: Ints, y: Ints, limit_mm: float) -> tuple[Ints, NDArray[np.bool_]]:
    """Return the polygon nearest to places in no polygon, -1 beyond a limit, and where that is certain."""
    item, edge, gap = _gaps(squares, number, x, y)
    least = np.full(len(number), np.inf)
    np.minimum.at(least, item, gap)
    close = gap <= least[item] + _ROUNDING
    item, edge = item[close], edge[close]
    # Along the outline an edge has one polygon, and what crossing it does is that polygon's token.
    low, single = decoded(squares.edges["jump"][edge], squares.tokens)
    owner, other = np.full(len(number), len(squares.tokens)), np.zeros(len(number), dtype=np.int64)
    np.minimum.at(owner, item, low)
    np.maximum.at(other, item, low)
    sure = (owner == other) & (np.abs(least - limit_mm) > _ROUNDING)
    sure[item[~single]] = False
    beyond = least > limit_mm + _ROUNDING
    return np.where(beyond, -1, owner - 1), sure | beyond


def list_of(squares: Squares, points: NDArray[Any]) -> tuple[Ints, Ints, Ints, Ints]:
    """Return (list, x, y, shift) of points that lie in listed squares."""
    x, y, _ = local(squares, points)
    value = squares.coarse[(y >> squares.shift) * squares.size[0] + (x >> squares.shift)]
    fine, shift = _fine(squares, ~value, x, y)
    return ~fine.astype(np.int64), x, y, shift
