"""Reading the raster of `gridgis.squares` point by point: plain Python that numba compiles, same answers as `lookup`."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

NOTHING, DOUBT = -1, -2


@cache
def compiled() -> Callable[..., None] | None:
    """Return `owners` as machine code, kept on disk for the next process; None without numba.

    The environment variable GRIDGIS_NO_NUMBA=1 turns it off.
    """
    if os.environ.get("GRIDGIS_NO_NUMBA"):
        return None
    try:
        import numba
    except ImportError:
        return None
    made: Callable[..., None] = numba.njit(cache=True, nogil=True, error_model="numpy")(owners)
    return made


def owners(points: Any, scale: float, frame: Any, arrays: Any, out: Any) -> None:
    """Write the position of the polygon of each point, NOTHING, or DOUBT where only edges are near.

    Parameters
    ----------
    points
        Shape (n, 2), floating point.
    scale
        Millimetres per unit of the points.
    frame
        Origin (2), columns, rows and shift.
    arrays
        Those of `Squares`, from `coarse` on.
    out
        Filled in, shape (n,).
    """
    x0, y0, columns, rows, shift = frame
    coarse, fine, base, first, entries, edges, jumps, tokens = arrays
    wide, high, inner = columns << shift, rows << shift, (1 << shift) - 1
    for i in range(len(points)):
        fx, fy = np.rint(points[i, 0] * scale) - x0, np.rint(points[i, 1] * scale) - y0
        if not (fx >= 0 and fy >= 0 and fx < wide and fy < high):
            out[i] = NOTHING
            continue
        x, y = int(fx), int(fy)
        value = int(coarse[(y >> shift) * columns + (x >> shift)])
        if value < 0:
            k = ~value & 31
            width = shift - k
            value = int(fine[(~value >> 5) + (((y & inner) >> width) << k) + ((x & inner) >> width)])
            if value < 0:
                state, west = base[~value], (x >> width) << width
                for j in range(first[~value], first[~value + 1]):
                    entry = entries[j]
                    e = entry >> 2
                    dx, dy = int(edges[e, 2]), int(edges[e, 3])
                    rise = y - int(edges[e, 1])
                    level = rise >= 0 and rise < dy
                    if level or entry & 2:
                        height = rise * dx
                        corner = (west - int(edges[e, 0])) * dy >= height
                        odd = (entry & 2) != 0 and corner != ((entry & 1) != 0)
                        if level and corner != ((x - int(edges[e, 0])) * dy >= height):
                            odd = not odd
                        if odd:
                            state ^= jumps[e]
                value = state & 0xFFFFFFFF
                if value == 0 or value >= len(tokens) or tokens[value] != state:
                    value = DOUBT + 1
        out[i] = value - 1
