"""An adaptive raster over polygons: squares that no edge crosses know their polygon, others the few edges at hand.

Each square knows the state at its south-west corner, see `gridgis.edgetable`; everything is in whole
millimetres from the corner of the whole. Places are taken an infinitesimal step east and a yet smaller step north of the lattice point, see
`gridgis.pointindex.assign`. Coarse squares that edges cross are cut into 2^k x 2^k fine ones, k by their number.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridgis.edgetable import MARGIN, Ints, decoded, merged, order_of, rings_of, tokens_of

Int32s = NDArray[np.int32]

HEAD = np.dtype([("base", np.int64), ("first", np.int64)])
EDGE = np.dtype([("x", np.int32), ("y", np.int32), ("dx", np.int32), ("dy", np.int32), ("jump", np.int64)])
_COARSE_PER_EDGE = 0.5
_FINE_PER_ENTRY = 4.0
_FEWEST = 16
_DEEPEST = 6
_AT_ONCE = 1 << 18
_FINE_AT_ONCE = 1 << 20


@dataclass(frozen=True, slots=True, eq=False)
class Squares:
    """The raster, as flat arrays.

    Attributes
    ----------
    origin
        South-west corner in millimetres.
    shift
        A coarse square is 2^shift millimetres wide.
    size
        Columns and rows of coarse squares.
    coarse
        Per coarse square 1 + position of its polygon, 0 for none, or ``~(start << 5 | k)`` of its fine squares.
    fine
        Per fine square 1 + position of its polygon, 0 for none, or ``~`` the number of its list.
    heads
        Per list the state at the south-west corner of its square (`base`) and its `first` entry; one more at the end.
    entries
        Row of `edges` times 4, plus 2 where the edge spans the west side of the square eastward, plus 1
        where the corner lies right of the edge.
    edges
        Per edge its lower end (`x`, `y`), the way to the upper end (`dx`, `dy`), and what crossing it does to the
        state (`jump`); level ones run west. Fields that are read together lie together.
    tokens
        Per 1 + position the token of a polygon; nothing has token 0.
    """

    origin: tuple[int, int]
    shift: int
    size: tuple[int, int]
    coarse: Ints
    fine: Int32s
    heads: NDArray[np.void]
    entries: Int32s
    edges: NDArray[np.void]
    tokens: Ints

    @property
    def arrays(self) -> tuple[NDArray[Any], ...]:
        """The arrays, in the order above."""
        return (self.coarse, self.fine, self.heads, self.entries, self.edges, self.tokens)

    def hidden(self, marked: NDArray[np.bool_], position: int) -> Squares:
        """Return the raster with the marked coarse squares given to `position`, whatever they hold."""
        return replace(self, coarse=np.where(marked, position + 1, self.coarse))

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return sum(array.nbytes for array in self.arrays)


@dataclass(frozen=True, slots=True)
class _Coarse:
    """The raster after its first pass: which squares each edge meets, and the state at their corners."""

    ends: Ints
    jumps: Ints
    tokens: Ints
    shift: int
    size: tuple[int, int]
    edge: Ints
    square: Ints
    state: Ints


@dataclass(frozen=True, slots=True)
class _Blocks:
    """Coarse squares that are cut into 2^k x 2^k fine ones.

    Attributes
    ----------
    squares, k
        Per block its coarse square, rising, and k.
    start
        Per block its first fine square; one more at the end.
    """

    squares: Ints
    k: Ints
    start: Ints


@dataclass(frozen=True, slots=True)
class _Part:
    """Some blocks, few enough for the processor's cache, and every edge in each of them.

    Attributes
    ----------
    state, k, start
        Per block the state at its corner, k, and its first fine square, from 0.
    edge, ends, jumps
        Per entry its edge.
    of
        Per entry its block.
    shift, row, column
        Per entry the width of its fine squares as a power of two, and where in them its block begins.
    total
        Number of fine squares.
    """

    state: Ints
    k: Ints
    start: Ints
    edge: Ints
    ends: Ints
    jumps: Ints
    of: Ints
    shift: Ints
    row: Ints
    column: Ints
    total: int


def squares_of(polygons: NDArray[np.object_]) -> Squares:
    """Build the raster of polygons on the millimetre lattice; which may overlap or leave gaps.

    Raises
    ------
    InputError
        They spread over more than 2,147 km.
    """
    tokens = tokens_of(len(polygons))
    rings = rings_of(polygons, tokens)
    shift, size = _lattice(rings.points, len(rings.start) // 2)
    ends, jumps = merged(rings, shift)
    edge, square = _coarse_entries(ends, shift, size[0])
    draft = _Coarse(ends, jumps, tokens, shift, size, edge, square, _coarse_states(ends, jumps, shift, size))
    coarse, clear = decoded(draft.state, tokens)
    blocks = _blocks(draft, np.flatnonzero(~clear))
    coarse[blocks.squares] = ~(blocks.start[:-1] << 5 | blocks.k)
    fine, heads, entries = _fine(draft, blocks)
    return Squares(rings.corner, shift, size, coarse, fine, heads, entries, _records(ends, jumps), tokens)


def _records(ends: Ints, jumps: Ints) -> NDArray[np.void]:
    """Return the edges as `Squares` keeps them."""
    out = np.empty(len(ends), dtype=EDGE)
    out["x"], out["y"] = ends[:, 0], ends[:, 1]
    out["dx"], out["dy"] = ends[:, 2] - ends[:, 0], ends[:, 3] - ends[:, 1]
    out["jump"] = jumps
    return out


def _lattice(points: Ints, edges: int) -> tuple[int, tuple[int, int]]:
    """Return the width of coarse squares as a power of two, and how many columns and rows there are."""
    if not len(points):
        return 1, (1, 1)
    wide, high = (points.max(axis=0) + MARGIN + 1).tolist()
    squares = max(_COARSE_PER_EDGE * edges, _FEWEST)
    shift = max(round(np.log2(wide * high / squares) / 2), 4)
    while ((wide >> shift) + 1) * ((high >> shift) + 1) > 8 * squares:
        shift += 1
    return shift, ((wide >> shift) + 1, (high >> shift) + 1)


def _spread(low: Ints, high: Ints) -> tuple[Ints, Ints]:
    """Return (item, value) for every whole value from low to high of every item."""
    counts = np.maximum(high - low + 1, 0)
    item = np.repeat(np.arange(len(low)), counts)
    shifted = low - (np.cumsum(counts) - counts)
    return item, shifted[item] + np.arange(len(item))


def _rows_met(ends: Ints, shift: Any) -> tuple[Ints, Ints]:
    return (ends[:, 1] - MARGIN) >> shift, (ends[:, 3] + MARGIN) >> shift


def _columns_met(ends: Ints, row: Ints, shift: Any) -> tuple[Ints, Ints]:
    """Return the first and last column that each edge comes within the margin of in a row of squares."""
    x, y = ends[:, 0].astype(np.float64), ends[:, 1].astype(np.float64)
    dx, dy = ends[:, 2] - x, ends[:, 3] - y
    low, high = (row << shift) - MARGIN - y, ((row + 1) << shift) + MARGIN - y
    slope = dx / np.maximum(dy, 1)
    one = x + np.where(dy > 0, np.maximum(low, 0.0) * slope, 0.0)
    two = x + np.where(dy > 0, np.minimum(high, dy) * slope, dx)
    # One millimetre more than the margin makes up for rounding.
    first = np.floor(np.minimum(one, two)).astype(np.int64) - MARGIN - 1
    last = np.ceil(np.maximum(one, two)).astype(np.int64) + MARGIN + 1
    return first >> shift, last >> shift


def _coarse_entries(ends: Ints, shift: int, columns: int) -> tuple[Ints, Ints]:
    """Return (edge, coarse square) for every square that an edge meets, by square."""
    edges, squares = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for start in range(0, len(ends), _AT_ONCE):
        part = ends[start : start + _AT_ONCE]
        item, row = _spread(*_rows_met(part, shift))
        first, last = _columns_met(part[item], row, shift)
        pair, column = _spread(np.maximum(first, 0), np.minimum(last, columns - 1))
        edges.append(item[pair] + start)
        squares.append(row[pair] * columns + column)
    edge, square = np.concatenate(edges), np.concatenate(squares)
    order = order_of(square)
    return edge[order], square[order]


def _crossing(ends: Ints, y: Ints) -> Ints:
    """Return the westernmost lattice easting at height y that lies right of each edge."""
    dy = ends[:, 3] - ends[:, 1]
    return np.asarray(ends[:, 0] - (-((y - ends[:, 1]) * (ends[:, 2] - ends[:, 0])) // dy))


def _above(ends: Ints, x: Ints) -> Ints:
    """Return the lowest lattice northing at easting x that lies above each edge, which spans x eastward."""
    x0, y0, x1, y1 = ends.T
    dx, dy = x1 - x0, y1 - y0
    # A step east on an edge that rises eastward leads below it, so there the edge itself does not count.
    exact = np.asarray(y0 - (-((x - x0) * dy) // dx))
    rises = (dx > 0) & (dy > 0)
    return np.where(rises, y0 + ((x - x0) * dy) // np.where(dx == 0, 1, dx) + 1, exact)


def _coarse_states(ends: Ints, jumps: Ints, shift: int, size: tuple[int, int]) -> Ints:
    """Return the state at the south-west corner of every coarse square."""
    columns, rows = size
    out = np.zeros((rows, columns + 1), dtype=np.int64)
    up = (1 << shift) - 1
    item, row = _spread((ends[:, 1] + up) >> shift, ((ends[:, 3] + up) >> shift) - 1)
    column = (_crossing(ends[item], row << shift) + up) >> shift
    np.bitwise_xor.at(out.reshape(-1), row * (columns + 1) + column, jumps[item])
    np.bitwise_xor.accumulate(out, axis=1, out=out)
    return np.ascontiguousarray(out[:, :columns]).reshape(-1)


def _blocks(draft: _Coarse, overlaps: Ints) -> _Blocks:
    """Choose how finely each coarse square is cut: by the number of its edges."""
    every = np.bincount(draft.square, minlength=draft.size[0] * draft.size[1])
    every[overlaps] += 1
    squares = np.flatnonzero(every)
    wanted = np.ceil(np.log2(np.maximum(_FINE_PER_ENTRY * every[squares], 1)) / 2).astype(np.int64)
    k = np.clip(wanted, 0, min(_DEEPEST, draft.shift - 3))
    return _Blocks(squares, k, np.concatenate([[0], np.cumsum(1 << 2 * k)]))


def _fine(draft: _Coarse, blocks: _Blocks) -> tuple[Int32s, NDArray[np.void], Int32s]:
    """Return fine squares, heads and entries, see `Squares`."""
    fine = np.empty(blocks.start[-1], dtype=np.int32)
    bases, counts, entries = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int32)]
    lists = 0
    bounds = np.searchsorted(blocks.start, [*range(0, blocks.start[-1], _FINE_AT_ONCE), blocks.start[-1]])
    for low, high in pairwise(np.unique(bounds).tolist()):
        part = _part(draft, blocks, low, high)
        cell, item = _fine_entries(part)
        state, count = _fine_states(part), np.bincount(cell, minlength=part.total)
        value, clear = decoded(state, draft.tokens)
        listed = np.flatnonzero((count > 0) | ~clear)
        value[listed] = ~(lists + np.arange(len(listed)))
        lists += len(listed)
        fine[blocks.start[low] : blocks.start[high]] = value
        bases.append(state[listed])
        counts.append(count[listed])
        entries.append(_flagged(part, cell, item))
    heads = np.zeros(lists + 1, dtype=HEAD)
    heads["base"][:-1] = np.concatenate(bases)
    heads["first"][1:] = np.cumsum(np.concatenate(counts))
    return fine, heads, np.concatenate(entries)


def _part(draft: _Coarse, blocks: _Blocks, low: int, high: int) -> _Part:
    """Return the blocks from `low` to before `high` and their entries."""
    squares, k, start = blocks.squares[low:high], blocks.k[low:high], blocks.start[low : high + 1] - blocks.start[low]
    some = slice(*np.searchsorted(draft.square, (squares[0], squares[-1] + 1)).tolist())
    edge, of = draft.edge[some], np.searchsorted(squares, draft.square[some])
    row, column = divmod(draft.square[some], draft.size[0])
    return _Part(
        draft.state[squares], k, start[:-1], edge, draft.ends[edge], draft.jumps[edge], of,
        draft.shift - k[of], row << k[of], column << k[of], int(start[-1]),
    )  # fmt: skip


def _fine_entries(part: _Part) -> tuple[Ints, Ints]:
    """Return (fine square, entry of the part) for every fine square that an edge meets, by square."""
    k, ends = part.k[part.of], part.ends
    side = (1 << k) - 1
    low, high = _rows_met(ends, part.shift)
    item, row = _spread(np.maximum(low, part.row), np.minimum(high, part.row + side))
    first, last = _columns_met(ends[item], row, part.shift[item])
    west, east = part.column[item], (part.column + side)[item]
    pair, column = _spread(np.maximum(first, west), np.minimum(last, east))
    item, row = item[pair], row[pair]
    cell = part.start[part.of[item]] + ((row - part.row[item]) << k[item]) + column - part.column[item]
    order = order_of(cell)
    return cell[order], item[order]


def _fine_states(part: _Part) -> Ints:
    """Return the state at the south-west corner of every fine square."""
    out = np.zeros(part.total, dtype=np.int64)
    _mark_rows(out, part)
    _mark_west(out, part)
    out[part.start] ^= part.state
    for k in np.unique(part.k).tolist():
        at = part.start[part.k == k, None] + np.arange(1 << 2 * k)
        grid = out[at].reshape(-1, 1 << k, 1 << k)
        np.bitwise_xor.accumulate(grid[:, :, 0], axis=1, out=grid[:, :, 0])
        out[at] = np.bitwise_xor.accumulate(grid, axis=2).reshape(at.shape)
    return out


def _mark_rows(out: Ints, part: _Part) -> None:
    """Mark, for every south side of fine squares that an edge crosses, the first corner east of the crossing."""
    k, up = part.k[part.of], (1 << part.shift) - 1
    low, high = (part.ends[:, 1] + up) >> part.shift, ((part.ends[:, 3] + up) >> part.shift) - 1
    item, row = _spread(np.maximum(low, part.row), np.minimum(high, part.row + (1 << k) - 1))
    shift = part.shift[item]
    column = ((_crossing(part.ends[item], row << shift) + up[item]) >> shift) - part.column[item]
    within = (column > 0) & (column < 1 << k[item])
    item, row, column = item[within], row[within], column[within]
    at = part.start[part.of[item]] + ((row - part.row[item]) << k[item]) + column
    np.bitwise_xor.at(out, at, part.jumps[item])


def _mark_west(out: Ints, part: _Part) -> None:
    """Mark, for every edge across the west side of a coarse square, the first corner north of the crossing."""
    west = part.column << part.shift
    x0, x1 = part.ends[:, 0], part.ends[:, 2]
    item = np.flatnonzero((np.minimum(x0, x1) <= west) & (west < np.maximum(x0, x1)))
    k, shift = part.k[part.of[item]], part.shift[item]
    row = ((_above(part.ends[item], west[item]) + (1 << shift) - 1) >> shift) - part.row[item]
    within = (row > 0) & (row < 1 << k)
    item = item[within]
    np.bitwise_xor.at(out, part.start[part.of[item]] + (row[within] << k[within]), part.jumps[item])


def _flagged(part: _Part, cell: Ints, item: Ints) -> Int32s:
    """Return the entries: edges with two flags about the south-west corner of the square, see `Squares`."""
    k, at, shift = part.k[part.of[item]], cell - part.start[part.of[item]], part.shift[item]
    x, y = (part.column[item] + (at & ((1 << k) - 1))) << shift, (part.row[item] + (at >> k)) << shift
    x0, y0, x1, y1 = part.ends[item].T
    spans = (np.minimum(x0, x1) <= x) & (x < np.maximum(x0, x1))
    right = (x - x0) * (y1 - y0) >= (y - y0) * (x1 - x0)
    return np.asarray(part.edge[item] << 2 | spans << 1 | right, dtype=np.int32)
