"""The raster of a plan's cells: made when first asked for, carried from plan to plan, mended where edits touched it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridgis.cells import Cells
from gridgis.edgetable import MARGIN, Ints
from gridgis.pointindex.assign import owners
from gridgis.pointindex.squares import Squares, squares_of
from gridgis.schema import mm

Boxes = NDArray[np.int64]
_SHARE_MENDED = 0.25
"""Where edits have touched the surroundings of a larger share of the cells, everything is made anew."""


@dataclass(frozen=True, slots=True, eq=False)
class _Layer:
    """A raster, the polygons it was made of, and their ids."""

    squares: Squares
    geometry: NDArray[np.object_]
    ids: Ints

    @classmethod
    def of(cls, cells: Cells) -> _Layer:
        return cls(squares_of(cells.geometry), cells.geometry, cells.id)

    def rows(self, cells: Cells) -> NDArray[np.int32]:
        """Return the row in `cells` of each polygon, and -1 for none at the end."""
        at = np.searchsorted(cells.id, self.ids)
        return np.append(at, -1).astype(np.int32)


@dataclass(frozen=True, slots=True, eq=False)
class _State:
    """The raster as it is read: that of the rows themselves, or one made earlier and the patch over what edits touched since.

    Attributes
    ----------
    base_rows, patch_rows
        Row of each polygon of the two, -1 for none and at the end; not needed without a patch.
    """

    base: _Layer
    patched: Squares
    patch: _Layer | None
    base_rows: NDArray[np.int32]
    patch_rows: NDArray[np.int32]


class Ground:
    """Which cell of one plan holds each point; safe to ask from several threads.

    Parameters
    ----------
    rows
        The cells of the plan.
    base
        A raster of an earlier plan.
    touched
        Boxes in millimetres in which the cells have changed since.
    """

    __slots__ = ("_base", "_coded", "_lock", "_state", "_touched", "rows")

    def __init__(self, rows: Cells, base: _Layer | None = None, touched: tuple[Boxes, ...] = ()) -> None:
        self.rows = rows
        self._base = base
        self._touched = touched
        self._state: _State | None = None
        self._coded: tuple[NDArray[np.int32], pd.CategoricalDtype] | None = None
        self._lock = threading.Lock()

    def after(self, removed: Cells, added: Cells, rows: Cells) -> Ground:
        """Return the ground of the plan with these cells out and in."""
        base = self._state.base if self._state else self._base
        if base is None:
            return Ground(rows)
        touched = () if base is not self._base else self._touched
        # A cell that keeps its id keeps its ground; only its code changes.
        out = removed.geometry[~np.isin(removed.id, added.id)]
        new = added.geometry[~np.isin(added.id, removed.id)]
        moved = shapely.bounds(np.concatenate([out, new]))
        return Ground(rows, base, (*touched, mm(moved).reshape(-1, 4)))

    def owners(self, points: NDArray[Any]) -> NDArray[np.int32]:
        """Return the row of the cell of each point, -1 outside all, by the rule of `gridgis.pointindex.assign`.

        Parameters
        ----------
        points
            Shape (n, 2): whole numbers are millimetres, others metres.
        """
        if not len(self.rows):
            return np.full(len(points), -1, dtype=np.int32)
        state = self._ready()
        found = owners(state.patched, state.base.geometry, points)
        if state.patch is None:
            return found
        elsewhere = np.flatnonzero(found == len(state.base.ids))
        out = state.base_rows[found]
        out[elsewhere] = state.patch_rows[owners(state.patch.squares, state.patch.geometry, points[elsewhere])]
        return np.asarray(out)

    def categories(self) -> tuple[NDArray[np.int32], pd.CategoricalDtype]:
        """Return the number of the code of each row, -1 for none and at the end, and the codes."""
        if self._coded is None:
            number, known = pd.factorize(self.rows.code, sort=True)
            self._coded = np.append(number, -1).astype(np.int32), pd.CategoricalDtype(list(known))
        return self._coded

    def _ready(self) -> _State:
        with self._lock:
            if self._state is None:
                self._state = self._mended() or self._anew()
            return self._state

    def _anew(self) -> _State:
        base = _Layer.of(self.rows)
        nothing = np.zeros(0, dtype=np.int32)
        return _State(base, base.squares, None, nothing, nothing)

    def _mended(self) -> _State | None:
        """Return the earlier raster with a patch over what has changed; None where most of it has."""
        if self._base is None:
            return None
        squares = self._base.squares
        boxes = np.concatenate([*self._touched, np.zeros((0, 4), dtype=np.int64)])
        marks = _marks(squares, boxes)
        near = self.rows.take(_meet(squares, marks, mm(shapely.bounds(self.rows.geometry))))
        inside = _within(squares, boxes)
        if not inside or len(near) > _SHARE_MENDED * len(self.rows):
            return None
        patch = _Layer.of(near)
        patched = squares.hidden(marks.reshape(-1), len(self._base.ids))
        return _State(self._base, patched, patch, self._base.rows(self.rows), patch.rows(self.rows))


def _spans(squares: Squares, boxes: Boxes) -> tuple[Ints, Ints]:
    """Return the first and one past the last column and row of coarse squares of boxes."""
    corner = np.array(squares.origin)
    low = (boxes[:, :2] - corner - MARGIN) >> squares.shift
    high = ((boxes[:, 2:] - corner + MARGIN) >> squares.shift) + 1
    return np.clip(low, 0, squares.size), np.clip(high, 0, squares.size)


def _within(squares: Squares, boxes: Boxes) -> bool:
    """Tell whether the raster reaches as far as the boxes."""
    corner = np.array(squares.origin)
    far = corner + (np.array(squares.size) << squares.shift)
    return bool((boxes[:, :2] - MARGIN >= corner).all() and (boxes[:, 2:] + MARGIN < far).all())


def _marks(squares: Squares, boxes: Boxes) -> NDArray[np.bool_]:
    """Return which coarse squares the boxes meet, by row and column."""
    out = np.zeros(squares.size[::-1], dtype=bool)
    for (west, south), (east, north) in zip(*_spans(squares, boxes), strict=True):
        out[south:north, west:east] = True
    return out


def _meet(squares: Squares, marks: NDArray[np.bool_], boxes: Boxes) -> NDArray[np.bool_]:
    """Tell which boxes meet a marked square."""
    total = np.zeros((marks.shape[0] + 1, marks.shape[1] + 1), dtype=np.int64)
    total[1:, 1:] = marks.cumsum(axis=0, dtype=np.int64).cumsum(axis=1)
    (west, south), (east, north) = (side.T for side in _spans(squares, boxes))
    return np.asarray(total[north, east] - total[south, east] - total[north, west] + total[south, west] > 0)
