"""Reading the raster of `gridgis.pointindex.squares` point by point: plain Python that numba compiles, same answers as `lookup`.

Points come in any order, and most of the time would go to waiting for memory. So where the raster is
too large for the processor's cache they are first put in order of tiles, a few thousand to the whole,
by counting; then short passes run over some thousand of them at a time. One that fetches does nothing
else, so that many fetches are under way at once; one that decides keeps what the next has to look at,
without a branch.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

NOTHING, DOUBT = -1, -2
_AT_ONCE = 8192
_ORDERED_AT_ONCE = 1 << 22
_TILES = 4096
_CACHED = 8 << 20
"""Bytes of a raster that stay in the processor's cache: points then need no order."""


class Passes(NamedTuple):
    """The passes, in the order in which they run; `fetch` runs after `coarse` and after `cut`."""

    order: Callable[..., Any]
    coarse: Callable[..., Any]
    fetch: Callable[..., Any]
    cut: Callable[..., Any]
    listed: Callable[..., Any]
    heads: Callable[..., Any]
    pairs: Callable[..., Any]
    cross: Callable[..., Any]
    end: Callable[..., Any]


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
    return Passes(*map(numba.njit(cache=True, nogil=True, error_model="numpy"), PLAIN))


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
    columns, shift = frame[2], frame[4]
    cached = sum(array.nbytes for array in arrays[1:]) < _CACHED
    bits, tiles = _tiles(columns, frame[3], 1 if cached else _TILES)
    at_once = _AT_ONCE if cached else _ORDERED_AT_ONCE
    starts = np.empty(tiles + 1, dtype=np.int64)
    ordered = np.empty((min(len(points), at_once), 3), dtype=np.int32)
    at, got = np.empty(_AT_ONCE, dtype=np.int64), np.empty(_AT_ONCE, dtype=np.int64)
    places = np.empty((_AT_ONCE, 7), dtype=np.int64)
    for start in range(0, len(points), at_once):
        part = out[start : start + at_once]
        within = passes.order(points[start : start + at_once], scale, (*frame, bits), starts, ordered, part)
        for low in range(0, within, _AT_ONCE):
            some = ordered[low : min(low + _AT_ONCE, within)]
            passes.coarse(some, columns, shift, at)
            passes.fetch(len(some), coarse, at, got)
            left = passes.cut(some, got, shift, places, at, part)
            passes.fetch(left, fine, at, got)
            left = passes.listed(left, got, places, part)
            _walk(passes, left, lists, places, part)


def _walk(passes: Passes, count: int, lists: Any, places: Any, out: Any) -> None:
    """Decide the points in listed squares."""
    heads, entries, edges, tokens = lists
    pairs = np.empty((passes.heads(count, heads, places), 2), dtype=np.int64)
    passes.pairs(count, entries, places, pairs)
    passes.cross(edges, places, pairs)
    passes.end(count, tokens, places, out)


def _tiles(columns: int, rows: int, most: int) -> tuple[int, int]:
    """Return of how many coarse squares a side a tile is made, as a power of two, and how many tiles there are."""
    bits = 0
    while (((columns - 1) >> bits) + 1) * (((rows - 1) >> bits) + 1) > most:
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


def coarse_pass(ordered: Any, columns: int, shift: int, at: Any) -> None:
    """Write the coarse square of each point."""
    for q in range(len(ordered)):
        at[q] = (int(ordered[q, 1]) >> shift) * columns + (int(ordered[q, 0]) >> shift)


def fetch_pass(count: int, table: Any, at: Any, got: Any) -> None:
    """Read a table at many places."""
    for q in range(count):
        got[q] = table[at[q]]


def cut_pass(ordered: Any, got: Any, shift: int, places: Any, at: Any, out: Any) -> int:
    """Keep (point, x, y, width) and the fine square of points whose coarse square is cut up; return how many."""
    inner = (1 << shift) - 1
    n = 0
    for q in range(len(ordered)):
        x, y, i, value = int(ordered[q, 0]), int(ordered[q, 1]), int(ordered[q, 2]), got[q]
        out[i] = max(value - 1, NOTHING)
        k = (~value & 31) * (value < 0)
        width = shift - k
        places[n, 0], places[n, 1], places[n, 2], places[n, 3] = i, x, y, width
        at[n] = (~value >> 5) + (((y & inner) >> width) << k) + ((x & inner) >> width)
        n += value < 0
    return n


def listed_pass(count: int, got: Any, places: Any, out: Any) -> int:
    """Keep (point, x, y, width, list) of points whose fine square has a list; return how many."""
    n = 0
    for q in range(count):
        value = got[q]
        i, x, y, width = places[q, 0], places[q, 1], places[q, 2], places[q, 3]
        out[i] = max(value - 1, NOTHING)
        places[n, 0], places[n, 1], places[n, 2], places[n, 3], places[n, 4] = i, x, y, width, ~value
        n += value < 0
    return n


def heads_pass(count: int, heads: Any, places: Any) -> int:
    """Put the state at the corner in place of each list, with its first and last entry; return how many entries."""
    n = 0
    for q in range(count):
        number = places[q, 4]
        places[q, 4] = heads[number]["base"]
        places[q, 5] = heads[number]["first"]
        places[q, 6] = heads[number + 1]["first"]
        n += places[q, 6] - places[q, 5]
    return n


def pairs_pass(count: int, entries: Any, places: Any, pairs: Any) -> None:
    """Write (row of `places`, entry) for every entry of every list."""
    n = 0
    for q in range(count):
        for j in range(places[q, 5], places[q, 6]):
            pairs[n, 0], pairs[n, 1] = q, entries[j]
            n += 1


def cross_pass(edges: Any, places: Any, pairs: Any) -> None:
    """Walk from the corner of each square to its point, and change the state at each edge that is crossed."""
    for p in range(len(pairs)):
        q, entry = pairs[p, 0], pairs[p, 1]
        x, y, width = places[q, 1], places[q, 2], places[q, 3]
        edge = edges[entry >> 2]
        east, dy, rise = int(edge["x"]), int(edge["dy"]), y - int(edge["y"])
        height = rise * int(edge["dx"])
        corner = (((x >> width) << width) - east) * dy >= height
        level = (rise >= 0) & (rise < dy)
        odd = (level & (corner != ((x - east) * dy >= height))) ^ ((entry & 2 != 0) & (corner != (entry & 1 != 0)))
        places[q, 4] ^= edge["jump"] * odd


def end_pass(count: int, tokens: Any, places: Any, out: Any) -> None:
    """Write the polygon whose token the state is."""
    for q in range(count):
        state = places[q, 4]
        value = state & 0xFFFFFFFF
        clear = value > 0 and value < len(tokens) and tokens[value] == state
        out[places[q, 0]] = value - 1 if clear else DOUBT


PLAIN = Passes(order_pass, coarse_pass, fetch_pass, cut_pass, listed_pass, heads_pass, pairs_pass, cross_pass, end_pass)
"""The passes as they stand above, for machines without a compiler and for the tests."""
