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
        Token of the polygon of each of those edges.
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
    return Rings(points, np.flatnonzero(start), tokens[owner[start] + 1], (int(corner[0]), int(corner[1])))


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
    # One number for each point: the lower one of two is the lower end, and the eastern one of a level edge.
    packed = rings.points[:, 1] << 32 | (WIDEST - rings.points[:, 0])
    lower, upper = packed[rings.start], packed[rings.start + 1]
    lower, upper = np.minimum(lower, upper), np.maximum(lower, upper)
    order = _by_place(lower, upper, shift)
    lower, upper, token = lower[order], upper[order], rings.token[order]
    fresh = np.ones(len(lower), dtype=bool)
    fresh[1:] = (lower[1:] != lower[:-1]) | (upper[1:] != upper[:-1])
    first = np.flatnonzero(fresh)
    total = np.bitwise_xor.reduceat(token, first) if len(first) else token
    lower, upper = lower[first], upper[first]
    real = (total != 0) & (lower != upper)
    return np.column_stack([*_unpacked(lower[real]), *_unpacked(upper[real])]), total[real]


def _unpacked(packed: Ints) -> tuple[Ints, Ints]:
    return WIDEST - (packed & 0xFFFFFFFF), packed >> 32


def _by_place(lower: Ints, upper: Ints, shift: int) -> Ints:
    """Return an order of edges in which those of one place, and among them equal ones, stand together."""
    (x0, y0), (x1, y1) = _unpacked(lower), _unpacked(upper)
    east, north = x0 + x1, y0 + y1
    column = east >> (shift + 1)
    square = (north >> (shift + 1)) * (int(column.max(initial=0)) + 1) + column
    spare = 38 - int(square.max(initial=0)).bit_length()
    return order_of(square << spare | (east * _ODD + north) * _ODD >> 20 & ((1 << spare) - 1))


def order_of(key: Ints) -> Ints:
    """Return the order of keys from 0 to 2^38, equal ones as they came: sorting numbers is faster than sorting by them."""
    bits = max(len(key).bit_length(), 1)
    if bits > 25:
        return np.argsort(key, kind="stable")
    return np.asarray(np.sort(key << bits | np.arange(len(key))) & ((1 << bits) - 1))
