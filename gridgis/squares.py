"""An adaptive raster over polygons: squares that no edge crosses know their polygon, others the few edges at hand.

Each square knows the state at its south-west corner, see `gridgis.edgetable`; everything is in whole
millimetres from the corner of the whole. Places are taken an infinitesimal step east and a yet smaller step north of the lattice point, see
`gridgis.assign`. Coarse squares that edges cross are cut into 2^k x 2^k fine ones, k by their number.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridgis.edgetable import MARGIN, Ints, decoded, merged, order_of, rings_of, tokens_of

Int32s = NDArray[np.int32]

_COARSE_PER_EDGE = 0.5
_FINE_PER_ENTRY = 4.0
_FEWEST = 16
_DEEPEST = 6
_AT_ONCE = 1 << 18


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
    base
        Per list the state at the south-west corner of its square.
    first
        Per list its first entry; one more at the end.
    entries
        Row of `edges` times 4, plus 2 where the edge spans the west side of the square eastward, plus 1
        where the corner lies right of the edge.
    edges
        Easting and northing of the lower end, and the way to the upper end, shape (m, 4); level ones run west.
    jumps
        What crossing the edge does to the state.
    tokens
        Per 1 + position the token of a polygon; nothing has token 0.
    """

    origin: tuple[int, int]
    shift: int
    size: tuple[int, int]
    coarse: Ints
    fine: Int32s
    base: Ints
    first: Ints
    entries: Int32s
    edges: Int32s
    jumps: Ints
    tokens: Ints

    @property
    def arrays(self) -> tuple[NDArray[Any], ...]:
        """The arrays, in the order above."""
        return (self.coarse, self.fine, self.base, self.first, self.entries, self.edges, self.jumps, self.tokens)

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
    """Coarse squares that are cut into fine ones: 2^k x 2^k each, in the order of k.

    Attributes
    ----------
    squares, k, start
        Per block its coarse square, k, and its first fine square.
    of
        Per entry of the coarse pass its block.
    total
        Number of fine squares.
    """

    squares: Ints
    k: Ints
    start: Ints
    of: Ints
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
    state = _coarse_states(ends, jumps, shift, size)
    draft = _Coarse(ends, jumps, tokens, shift, size, edge, square, state)
    coarse, clear = decoded(state, tokens)
    blocks = _blocks(draft, np.flatnonzero(~clear))
    coarse[blocks.squares] = ~(blocks.start << 5 | blocks.k)
    fine, base, first, entries = _fine(draft, blocks)
    way = np.hstack([ends[:, :2], ends[:, 2:] - ends[:, :2]]).astype(np.int32)
    return Squares(rings.corner, shift, size, coarse, fine, base, first, entries, way, jumps, tokens)


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
    counts = every[squares]
    wanted = np.ceil(np.log2(np.maximum(_FINE_PER_ENTRY * counts, 1)) / 2).astype(np.int64)
    k = np.clip(wanted, 0, min(_DEEPEST, draft.shift - 3))
    order = np.argsort(k, kind="stable")
    squares, k = squares[order], k[order]
    start = np.cumsum(1 << 2 * k) - (1 << 2 * k)
    number = np.full(draft.size[0] * draft.size[1], -1, dtype=np.int64)
    number[squares] = np.arange(len(squares))
    return _Blocks(squares, k, start, number[draft.square], int((1 << 2 * k).sum()))


def _fine(draft: _Coarse, blocks: _Blocks) -> tuple[Int32s, Ints, Ints, Int32s]:
    """Return fine squares, base states, first entries and entries, see `Squares`."""
    cell, edge = _fine_entries(draft, blocks)
    state = _fine_states(draft, blocks)
    counts = np.bincount(cell, minlength=blocks.total)
    value, clear = decoded(state, draft.tokens)
    listed = np.flatnonzero((counts > 0) | ~clear)
    value[listed] = ~np.arange(len(listed))
    first = np.concatenate([[0], np.cumsum(counts[listed])])
    return value.astype(np.int32), state[listed], first, _flagged(draft, blocks, cell, edge)


def _fine_entries(draft: _Coarse, blocks: _Blocks) -> tuple[Ints, Ints]:
    """Return (fine square, edge) for every fine square that an edge meets, by square."""
    cells, edges = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for start in range(0, len(draft.edge), _AT_ONCE):
        edge, block = draft.edge[start : start + _AT_ONCE], blocks.of[start : start + _AT_ONCE]
        ends, k = draft.ends[edge], blocks.k[block]
        shift, side = draft.shift - k, (1 << k) - 1
        row0, column0 = (v << k for v in divmod(blocks.squares[block], draft.size[0]))
        low, high = _rows_met(ends, shift)
        item, row = _spread(np.maximum(low, row0), np.minimum(high, row0 + side))
        first, last = _columns_met(ends[item], row, shift[item])
        west, east = column0[item], (column0 + side)[item]
        pair, column = _spread(np.maximum(first, west), np.minimum(last, east))
        item, row = item[pair], row[pair]
        cells.append(blocks.start[block[item]] + ((row - row0[item]) << k[item]) + column - column0[item])
        edges.append(edge[item])
    cell, edge = np.concatenate(cells), np.concatenate(edges)
    order = order_of(cell)
    return cell[order], edge[order]


def _fine_states(draft: _Coarse, blocks: _Blocks) -> Ints:
    """Return the state at the south-west corner of every fine square."""
    out = np.zeros(blocks.total, dtype=np.int64)
    for start in range(0, len(draft.edge), _AT_ONCE):
        edge, block = draft.edge[start : start + _AT_ONCE], blocks.of[start : start + _AT_ONCE]
        _mark_rows(out, draft, blocks, edge, block)
        _mark_west(out, draft, blocks, edge, block)
    out[blocks.start] ^= draft.state[blocks.squares]
    for k in np.unique(blocks.k).tolist():
        some = np.flatnonzero(blocks.k == k)
        low, high = blocks.start[some[0]], blocks.start[some[-1]] + (1 << 2 * k)
        grid = out[low:high].reshape(len(some), 1 << k, 1 << k)
        np.bitwise_xor.accumulate(grid[:, :, 0], axis=1, out=grid[:, :, 0])
        np.bitwise_xor.accumulate(grid, axis=2, out=grid)
    return out


def _mark_rows(out: Ints, draft: _Coarse, blocks: _Blocks, edge: Ints, block: Ints) -> None:
    """Mark, for every south side of fine squares that an edge crosses, the first corner east of the crossing."""
    ends, k = draft.ends[edge], blocks.k[block]
    row0, column0 = (v << k for v in divmod(blocks.squares[block], draft.size[0]))
    shift = draft.shift - k
    up = (1 << shift) - 1
    low, high = (ends[:, 1] + up) >> shift, ((ends[:, 3] + up) >> shift) - 1
    item, row = _spread(np.maximum(low, row0), np.minimum(high, row0 + (1 << k) - 1))
    shift, up = shift[item], up[item]
    column = ((_crossing(ends[item], row << shift) + up) >> shift) - column0[item]
    within = (column > 0) & (column < 1 << k[item])
    item, row, column = item[within], row[within], column[within]
    at = blocks.start[block[item]] + ((row - row0[item]) << k[item]) + column
    np.bitwise_xor.at(out, at, draft.jumps[edge[item]])


def _mark_west(out: Ints, draft: _Coarse, blocks: _Blocks, edge: Ints, block: Ints) -> None:
    """Mark, for every edge across the west side of a coarse square, the first corner north of the crossing."""
    ends, k = draft.ends[edge], blocks.k[block]
    row0, column0 = divmod(blocks.squares[block], draft.size[0])
    west = column0 << draft.shift
    spans = np.flatnonzero((np.minimum(ends[:, 0], ends[:, 2]) <= west) & (west < np.maximum(ends[:, 0], ends[:, 2])))
    edge, block, k, row0 = edge[spans], block[spans], k[spans], row0[spans]
    shift = draft.shift - k
    row = ((_above(ends[spans], west[spans]) + (1 << shift) - 1) >> shift) - (row0 << k)
    within = (row > 0) & (row < 1 << k)
    at = blocks.start[block[within]] + (row[within] << k[within])
    np.bitwise_xor.at(out, at, draft.jumps[edge[within]])


def _flagged(draft: _Coarse, blocks: _Blocks, cell: Ints, edge: Ints) -> Int32s:
    """Return the entries: edges with two flags about the south-west corner of the square, see `Squares`."""
    out = np.empty(len(cell), dtype=np.int32)
    for start in range(0, len(cell), _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        block = np.searchsorted(blocks.start, cell[some], side="right") - 1
        k, at = blocks.k[block], cell[some] - blocks.start[block]
        row0, column0 = (v << k for v in divmod(blocks.squares[block], draft.size[0]))
        shift = draft.shift - k
        x, y = (column0 + (at & ((1 << k) - 1))) << shift, (row0 + (at >> k)) << shift
        x0, y0, x1, y1 = draft.ends[edge[some]].T
        spans = (np.minimum(x0, x1) <= x) & (x < np.maximum(x0, x1))
        right = (x - x0) * (y1 - y0) >= (y - y0) * (x1 - x0)
        out[some] = edge[some] << 2 | spans << 1 | right
    return out
