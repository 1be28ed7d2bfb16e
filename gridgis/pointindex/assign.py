"""Which polygon of a coverage a point belongs to: exactly one, on shared edges and corners too.

One rule of ties, everywhere. A point that touches a single polygon belongs to it. A point on a
shared edge or corner belongs to the polygon that holds the point moved by an infinitesimal step
east and a yet smaller step north; on the outline of the county, where no polygon may lie there,
the steps west-north, east-south and west-south are tried in turn. The rule depends on geometry
alone, not on codes, row order or history (simulation of simplicity, Edelsbrunner & Muecke 1990).
A point outside, but within `NEAR_M`, belongs to the nearest polygon; among several as near, to the
one with the south-westernmost box, then vertices. All of it is decided in whole millimetres, never by rounding.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gridgis.edgetable import MARGIN, decoded
from gridgis.pointindex.lookup import list_of, look_up, nearest, states
from gridgis.pointindex.squares import Squares, squares_of
from gridgis.schema import MM, metres, mm

Ints = NDArray[np.int64]
NEAR_M = 0.002
"""A point this close outside counts as on the edge: new vertices on an edge move it by under 1 mm."""
_NEAR_MM = round(NEAR_M * MM)
_STEPS = ((1, 1), (-1, 1), (1, -1), (-1, -1))


def assign(points_mm: Ints, polygons: NDArray[np.object_]) -> Ints:
    """Return for each point the position of its polygon, -1 outside all.

    Parameters
    ----------
    points_mm
        Coordinates in whole millimetres, shape (n, 2).
    polygons
        Cells of one coverage, on the millimetre lattice.
    """
    if not len(points_mm) or not len(polygons):
        return np.full(len(points_mm), -1, dtype=np.int64)
    return owners(squares_of(polygons), polygons, points_mm).astype(np.int64)


def owners(squares: Squares, polygons: NDArray[np.object_], points: NDArray[Any]) -> NDArray[np.int32]:
    """Return for each point the position of its polygon, -1 outside all.

    Parameters
    ----------
    squares
        Raster of the polygons.
    polygons
        The polygons themselves, asked only where edges leave a doubt.
    points
        Shape (n, 2): whole numbers are millimetres, others metres.
    """
    out, doubts = look_up(squares, points)
    if len(doubts):
        unsure = points[doubts]
        out[doubts] = _settled(squares, polygons, unsure if unsure.dtype.kind == "i" else mm(unsure))
    return out


def _settled(squares: Squares, polygons: NDArray[np.object_], points: Ints) -> Ints:
    """Decide points to which the first step gave no polygon, or several."""
    out = np.full(len(points), -1, dtype=np.int64)
    number, x, y, shift = list_of(squares, points)
    left = np.arange(len(points))
    several = np.zeros(len(points), dtype=bool)  # or not certain which
    for step in _STEPS:
        low, clear = decoded(states(squares, number[left], x[left], y[left], shift[left], step), squares.tokens)
        out[left] = np.where(clear, low - 1, -1)
        several[left] |= ~clear
        left = left[clear & (low == 0)]
    out[left], sure = nearest(squares, number[left], x[left], y[left], _NEAR_MM)
    several[left[~sure]] = True
    by_hand = np.flatnonzero(several)
    if len(by_hand):
        boxes = shapely.box(*metres(points[by_hand] - MARGIN).T, *metres(points[by_hand] + MARGIN).T)
        which, found = shapely.STRtree(polygons).query(boxes)
        for k, p in enumerate(by_hand.tolist()):
            out[p] = _among(points[p], np.sort(found[which == k]).tolist(), polygons)
    return out


def _among(point: Ints, near: Iterable[int], polygons: NDArray[np.object_]) -> int:
    """Return which of the polygons at hand a point belongs to, -1 for none."""
    gaps = {i: _gap(polygons[i], point) for i in near}
    touching = [i for i, gap in gaps.items() if gap == 0 or _holds(polygons[i], point, 1, 1)]
    if touching:
        return _winner(point, touching, polygons)
    close = {i: gap for i, gap in gaps.items() if gap <= _NEAR_MM**2}
    return min(close, key=lambda i: (close[i], *_place(polygons[i])), default=-1)


def _winner(point: Ints, touching: Iterable[int], polygons: NDArray[np.object_]) -> int:
    for step in _STEPS:
        for i in touching:
            if _holds(polygons[i], point, *step):
                return i
    # A wedge too thin for all four steps: the south-westernmost box, still independent of row order.
    return min(touching, key=lambda i: _place(polygons[i]))


def _place(polygon: Any) -> tuple[tuple[float, ...], list[list[int]]]:
    return polygon.bounds, np.unique(mm(shapely.get_coordinates(polygon)), axis=0).tolist()


def _edges(polygon: Any, point: Ints) -> tuple[Ints, Ints]:
    """Return the lower and upper ends of the edges, as seen from the point."""
    lines = [mm(shapely.get_coordinates(ring)) - point for ring in shapely.get_rings(shapely.get_parts(polygon))]
    a, b = np.vstack([xy[:-1] for xy in lines]), np.vstack([xy[1:] for xy in lines])
    up = (a[:, 1] <= b[:, 1])[:, None]
    return np.where(up, a, b), np.where(up, b, a)


def _gap(polygon: Any, point: Ints) -> Fraction:
    """Return the squared distance of the point to the outline in square millimetres, exactly where it is small."""
    lo, hi = _edges(polygon, point)
    a, d = lo.astype(np.float64), (hi - lo).astype(np.float64)
    along = np.clip(-(a * d).sum(axis=1) / np.maximum((d * d).sum(axis=1), 1), 0, 1)
    close = np.flatnonzero(np.hypot(*(a + along[:, None] * d).T) < 2 * MARGIN)
    squared = [_squared(*lo[k].tolist(), *(hi - lo)[k].tolist()) for k in close.tolist()]
    return min(squared, default=Fraction((2 * MARGIN) ** 2))


def _squared(x: int, y: int, dx: int, dy: int) -> Fraction:
    length, along = dx * dx + dy * dy, -(x * dx + y * dy)
    if along <= 0:
        return Fraction(x * x + y * y)
    if along >= length:
        return Fraction((x + dx) ** 2 + (y + dy) ** 2)
    return Fraction((x * dy - y * dx) ** 2, length)


def _holds(polygon: Any, point: Ints, sx: int, sy: int) -> bool:
    """Tell by parity whether the polygon holds the point moved by (sx * e, sy * e^2), e infinitesimal."""
    lo, hi = _edges(polygon, point)
    spans = (lo[:, 1] <= 0) & (hi[:, 1] > 0) if sy > 0 else (lo[:, 1] < 0) & (hi[:, 1] >= 0)
    lo, hi = lo[spans], hi[spans]
    # Positive when the edge passes east of the point; zero is on the edge and decided by the step.
    turn = (hi[:, 0] - lo[:, 0]) * -lo[:, 1] + (hi[:, 1] - lo[:, 1]) * lo[:, 0]
    return int(((turn > 0) | ((turn == 0) & (sx < 0))).sum()) % 2 == 1
