"""Reading the raster of `gridgis.squares` point by point: plain Python that numba compiles, same answers as `lookup`.

Points come in any order, and most of the time would go to waiting for memory. So they are first put
in order of tiles, a few thousand to the whole, by counting; then three passes run over some thousand
of them at a time. Each keeps what the next has to look at, without a branch, so that the processor
fetches many points at once instead of waiting for each.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

NOTHING, DOUBT = -1, -2
Passes = tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any], Callable[..., Any]]
_AT_ONCE = 8192
_ORDERED_AT_ONCE = 1 << 22
_TILES = 4096


@cache
def compiled() -> Passes | None:
    """Return the passes as machine code, kept on disk for the next process; None without numba.

    The environment variable GRIDGIS_NO_NUMBA=1 turns it off.
    """
    if os.environ.get("GRIDGIS_NO_NUMBA"):
        return None
    try:
        import numba
    except ImportError:
        return None
    make = numba.njit(cache=True, nogil=True, error_model="numpy")
    return make(order_pass), make(coarse_pass), make(fine_pass), make(list_pass)


PLAIN: Passes
"""The passes as they stand below, for machines without a compiler and for the tests."""


def owners(passes: Passes, points: Any, scale: float, arrays: Any, out: Any) -> None:
    """Write the position of the polygon of each point, NOTHING, or DOUBT where only edges are near.

    Parameters
    ----------
    passes
        What `compiled` returns.
    points
        Shape (n, 2), floating point.
    scale
        Millimetres per unit of the points.
    arrays
        The frame (origin, columns, rows, shift) and the arrays of `Squares`, from `coarse` on.
    out
        Filled in, shape (n,).
    """
    frame, coarse, fine, *lists = arrays
    order, first, second, third = passes
    bits, tiles = _tiles(*frame[2:4])
    starts = np.empty(tiles + 1, dtype=np.int64)
    ordered = np.empty((min(len(points), _ORDERED_AT_ONCE), 3), dtype=np.int32)
    places = np.empty((_AT_ONCE, 5), dtype=np.int64)
    for start in range(0, len(points), _ORDERED_AT_ONCE):
        part = out[start : start + _ORDERED_AT_ONCE]
        within = order(points[start : start + _ORDERED_AT_ONCE], scale, (*frame, bits), starts, ordered, part)
        for low in range(0, within, _AT_ONCE):
            left = first(ordered[low : min(low + _AT_ONCE, within)], frame[2], frame[4], coarse, places, part)
            left = second(left, frame[4], fine, places, part)
            third(left, tuple(lists), places, part)


def _tiles(columns: int, rows: int) -> tuple[int, int]:
    """Return of how many coarse squares a side a tile is made, as a power of two, and how many tiles there are."""
    bits = 0
    while (((columns - 1) >> bits) + 1) * (((rows - 1) >> bits) + 1) > _TILES:
        bits += 1
    return bits, (((columns - 1) >> bits) + 1) * (((rows - 1) >> bits) + 1)


def order_pass(points: Any, scale: float, tiled: Any, starts: Any, ordered: Any, out: Any) -> int:
    """Write (x, y, point) of the points within the raster, tile by tile, and return how many; the others have NOTHING."""
    x0, y0, columns, rows, shift, bits = tiled
    wide, high = columns << shift, rows << shift
    tile = shift + bits
    across = ((columns - 1) >> bits) + 1
    starts[:] = 0
    for i in range(len(points)):
        fx, fy = np.rint(points[i, 0] * scale) - x0, np.rint(points[i, 1] * scale) - y0
        if fx >= 0 and fy >= 0 and fx < wide and fy < high:
            starts[(int(fy) >> tile) * across + (int(fx) >> tile) + 1] += 1
    for t in range(1, len(starts)):
        starts[t] += starts[t - 1]
    for i in range(len(points)):
        fx, fy = np.rint(points[i, 0] * scale) - x0, np.rint(points[i, 1] * scale) - y0
        if fx >= 0 and fy >= 0 and fx < wide and fy < high:
            x, y = int(fx), int(fy)
            t = (y >> tile) * across + (x >> tile)
            at = starts[t]
            starts[t] = at + 1
            ordered[at, 0], ordered[at, 1], ordered[at, 2] = x, y, i
        else:
            out[i] = NOTHING
    return int(starts[-1])


def coarse_pass(ordered: Any, columns: int, shift: int, coarse: Any, places: Any, out: Any) -> int:
    """Read coarse squares; keep (point, x, y, value) of those that are cut up, and return how many."""
    n = 0
    for q in range(len(ordered)):
        x, y, i = int(ordered[q, 0]), int(ordered[q, 1]), int(ordered[q, 2])
        value = int(coarse[(y >> shift) * columns + (x >> shift)])
        out[i] = max(value - 1, NOTHING)
        places[n, 0], places[n, 1], places[n, 2], places[n, 3] = i, x, y, value
        n += value < 0
    return n


def fine_pass(count: int, shift: int, fine: Any, places: Any, out: Any) -> int:
    """Read fine squares; keep (point, x, y, value, width) of those that have a list, and return how many."""
    inner = (1 << shift) - 1
    n = 0
    for q in range(count):
        i, x, y, packed = places[q, 0], places[q, 1], places[q, 2], ~places[q, 3]
        k = packed & 31
        width = shift - k
        value = int(fine[(packed >> 5) + (((y & inner) >> width) << k) + ((x & inner) >> width)])
        out[i] = max(value - 1, NOTHING)
        places[n, 0], places[n, 1], places[n, 2], places[n, 3], places[n, 4] = i, x, y, value, width
        n += value < 0
    return n


def list_pass(count: int, lists: Any, places: Any, out: Any) -> None:
    """Walk from the corner of the square to the point and see which edges are crossed."""
    base, first, entries, edges, jumps, tokens = lists
    for q in range(count):
        x, y, number, width = places[q, 1], places[q, 2], ~places[q, 3], places[q, 4]
        state, west = base[number], (x >> width) << width
        for j in range(first[number], first[number + 1]):
            entry = entries[j]
            e = entry >> 2
            dx, dy, rise = int(edges[e, 2]), int(edges[e, 3]), y - int(edges[e, 1])
            level = rise >= 0 and rise < dy
            if level or entry & 2:
                east, height = int(edges[e, 0]), rise * dx
                corner = (west - east) * dy >= height
                odd = (entry & 2) != 0 and corner != ((entry & 1) != 0)
                if level and corner != ((x - east) * dy >= height):
                    odd = not odd
                if odd:
                    state ^= jumps[e]
        value = state & 0xFFFFFFFF
        clear = value > 0 and value < len(tokens) and tokens[value] == state
        out[places[q, 0]] = value - 1 if clear else DOUBT


PLAIN = (order_pass, coarse_pass, fine_pass, list_pass)
