"""Reading the raster of `gridgis.squares` point by point: plain Python that numba compiles, same answers as `lookup`.

Three passes over a few thousand points at a time. Each keeps what the next has to look at, without a
branch, so that the processor fetches many points at once instead of waiting for each.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

NOTHING, DOUBT = -1, -2
Passes = tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]
_AT_ONCE = 4096


@cache
def compiled() -> Passes | None:
    """Return the three passes as machine code, kept on disk for the next process; None without numba.

    The environment variable GRIDGIS_NO_NUMBA=1 turns it off.
    """
    if os.environ.get("GRIDGIS_NO_NUMBA"):
        return None
    try:
        import numba
    except ImportError:
        return None
    make = numba.njit(cache=True, nogil=True, error_model="numpy")
    return make(coarse_pass), make(fine_pass), make(list_pass)


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
    places = np.empty((_AT_ONCE, 5), dtype=np.int64)
    for start in range(0, len(points), _AT_ONCE):
        part = out[start : start + _AT_ONCE]
        left = passes[0](points[start : start + _AT_ONCE], scale, (frame, coarse), places, part)
        left = passes[1](left, frame[4], fine, places, part)
        passes[2](left, tuple(lists), places, part)


def coarse_pass(points: Any, scale: float, raster: Any, places: Any, out: Any) -> int:
    """Read coarse squares; keep (point, x, y, value) of those that are cut up, and return how many."""
    (x0, y0, columns, rows, shift), coarse = raster
    wide, high = columns << shift, rows << shift
    n = 0
    for i in range(len(points)):
        fx, fy = np.rint(points[i, 0] * scale) - x0, np.rint(points[i, 1] * scale) - y0
        within = fx >= 0 and fy >= 0 and fx < wide and fy < high
        x = int(fx) if within else 0
        y = int(fy) if within else 0
        value = int(coarse[(y >> shift) * columns + (x >> shift)])
        value = value if within else 0
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


PLAIN = (coarse_pass, fine_pass, list_pass)
