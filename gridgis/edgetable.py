"""The edges of polygons in whole millimetres: each distinct edge once, with what crossing it does.

The state of a place is the exclusive-or of the tokens of all polygons that hold it, by parity. An
edge changes the state by one number, the exclusive-or of the tokens on it, so that a shared edge is
kept once, ring directions do not matter, and gaps and overlaps are seen for what they are: a state
is a token, nothing, or visibly neither.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from gridgis.errors import InputError
from gridgis.schema import mm

Ints = NDArray[np.int64]

MARGIN = 3
"""An edge belongs to every square within so many millimetres, so that what lies near it is seen from there."""
WIDEST = 2**31 - 1
"""Millimetres; products of two differences then stay below 2^62, and every predicate is exact."""
_ODD = -7046029254386353131


@dataclass(frozen=True, slots=True, eq=False)
class Rings:
    """The rings of polygons.

    Attributes
    ----------
    points
        Vertices in millimetres from the corner, ring after ring.
    start
        Rows of `points` at which an edge starts.
    token
        Token of the polygon of each row.
    corner
        South-west corner, outside all, in millimetres.
    """

    points: Ints
    start: Ints
    token: Ints
    corner: tuple[int, int]


def tokens_of(n: int) -> Ints:
    """Return a number for nothing, 0, and for each polygon: 1 + its position below, chance above to tell sums by."""
    chance = np.random.default_rng(1).integers(1, 2**31 - 1, n + 1, dtype=np.int64)
    out = chance << 32 | np.arange(n + 1)
    out[0] = 0
    return out


def decoded(state: Ints, tokens: Ints) -> tuple[Ints, NDArray[np.bool_]]:
    """Return 1 + position of the polygon that each state is the token of, 0 for none, and where it is neither."""
    low = state & 0xFFFFFFFF
    known = low < len(tokens)
    low[~known] = 0
    known &= tokens[low] == state
    return low, known


def rings_of(polygons: NDArray[np.object_], tokens: Ints) -> Rings:
    """Return the rings of polygons.

    Raises
    ------
    InputError
        They spread over more than 2,147 km.
    """
    parts, whole = shapely.get_parts(polygons, return_index=True)
    parts, whole = parts[~shapely.is_empty(parts)], whole[~shapely.is_empty(parts)]
    if not len(parts):
        nothing = np.zeros(0, dtype=np.int64)
        return Rings(nothing.reshape(0, 2), nothing, nothing, (0, 0))
    _, xy, (rings, holders) = shapely.to_ragged_array(parts)
    points = mm(xy)
    corner = points.min(axis=0) - MARGIN - 1
    points -= corner
    if points.max() > WIDEST - 2 * MARGIN:
        raise InputError(
            "范围超过 2,147 公里：坐标不是同一投影下的米，请检查坐标系。",
            "The area is wider than 2,147 km: the coordinates are not metres of one projection; check the CRS.",
        )
    owner = np.repeat(np.repeat(whole, np.diff(holders)), np.diff(rings))
    start = np.ones(len(points), dtype=bool)
    start[rings[1:] - 1] = False
    return Rings(points, np.flatnonzero(start), tokens[owner + 1], (int(corner[0]), int(corner[1])))


def merged(rings: Rings, shift: int) -> tuple[Ints, Ints]:
    """Return each distinct edge once, lower end first, level ones eastern end first, and its jump; place by place.

    Parameters
    ----------
    rings
        The rings.
    shift
        A place is a square 2^shift millimetres wide.

    Notes
    -----
    Equal edges meet by the hash of their middle; unequal ones of one hash cost nothing but room.
    """
    points, start, token = rings.points, rings.start, rings.token
    middle = points[start] + points[start + 1]
    row, column = middle[:, 1] >> (shift + 1), middle[:, 0] >> (shift + 1)
    square = row * (int(column.max(initial=0)) + 1) + column
    spare = 38 - int(square.max(initial=0)).bit_length()
    start = start[order_of(square << spare | (middle[:, 0] * _ODD + middle[:, 1]) * _ODD >> 20 & ((1 << spare) - 1))]
    a, b = points[start], points[start + 1]
    swap = (a[:, 1] > b[:, 1]) | ((a[:, 1] == b[:, 1]) & (a[:, 0] < b[:, 0]))
    ends = np.hstack([a, b])
    ends[swap] = ends[swap][:, [2, 3, 0, 1]]
    fresh = np.ones(len(ends), dtype=bool)
    fresh[1:] = (ends[1:] != ends[:-1]).any(axis=1)
    first = np.flatnonzero(fresh)
    if not len(first):
        return ends, token[:0]
    total = np.bitwise_xor.reduceat(token[start], first)
    ends = ends[first]
    real = (total != 0) & (ends[:, :2] != ends[:, 2:]).any(axis=1)
    return ends[real], total[real]


def order_of(key: Ints) -> Ints:
    """Return the order of keys from 0 to 2^38, equal ones as they came: sorting numbers is faster than sorting by them."""
    bits = max(len(key).bit_length(), 1)
    if bits > 25:
        return np.argsort(key, kind="stable")
    return np.asarray(np.sort(key << bits | np.arange(len(key))) & ((1 << bits) - 1))
