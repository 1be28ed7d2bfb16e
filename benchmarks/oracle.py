"""Who owns a point, by whole numbers alone: slow, plain, and sharing nothing with the kernel but the rule.

The rule of `gridgis.pointindex.assign`: a point is moved by (e, e^2), then (-e, e^2), (e, -e^2), (-e, -e^2); here e
is a true number, 2^-100 mm, and everything is scaled by 2^200, so that nothing ever lies on an edge.
The winding number of whole Python numbers then tells which polygon holds it. Points that touch
nothing but lie within 2 mm of a polygon belong to the nearest.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import shapely

ONE = 1 << 200
E = (1 << 100, 1)
STEPS = ((1, 1), (-1, 1), (1, -1), (-1, -1))
Place = tuple[int, int]
Ring = list[Place]


class Oracle:
    """Polygons as rings of whole millimetres.

    Parameters
    ----------
    polygons
        An array of them, on the millimetre lattice.
    """

    def __init__(self, polygons: Any) -> None:
        self.polygons = polygons
        self.known: dict[int, list[Ring]] = {}
        self.boxes = np.round(shapely.bounds(polygons) * 1000).astype(np.int64)

    def rings(self, i: int) -> list[Ring]:
        """Return outline and holes of a polygon, read when first needed."""
        if i not in self.known:
            lines = [self.polygons[i].exterior, *self.polygons[i].interiors]
            self.known[i] = [[(round(x * 1000), round(y * 1000)) for x, y in line.coords] for line in lines]
        return self.known[i]

    def owner(self, place: Place) -> int:
        """Return the position of the polygon that a place in whole millimetres belongs to, -1 for none."""
        x, y = place
        b = self.boxes
        hit = (b[:, 0] - 3 <= x) & (b[:, 1] - 3 <= y) & (x <= b[:, 2] + 3) & (y <= b[:, 3] + 3)
        near = np.flatnonzero(hit).tolist()
        gaps = {i: min(_gap(place, ring) for ring in self.rings(i)) for i in near}
        if all(gap > 0 and not self._holds(i, place, STEPS[0]) for i, gap in gaps.items()):
            close = [i for i in near if gaps[i] <= 4]
            return min(close, key=lambda i: (gaps[i], *self._place(i)), default=-1)
        for step in STEPS:
            for i in near:
                if self._holds(i, place, step):
                    return i
        touching = [i for i in near if gaps[i] == 0]
        return min(touching, key=self._place)

    def _place(self, i: int) -> tuple[list[int], list[Place]]:
        """Return what decides among polygons as near: the box, then the vertices, from the south-west."""
        return self.boxes[i].tolist(), sorted({p for ring in self.rings(i) for p in ring})

    def owners(self, places: Sequence[Place]) -> list[int]:
        """Return the owner of each place."""
        return [self.owner(p) for p in places]

    def _holds(self, i: int, place: Place, step: Place) -> bool:
        moved = (place[0] * ONE + step[0] * E[0], place[1] * ONE + step[1] * E[1])
        outer, *holes = self.rings(i)
        return _winding(moved, outer) != 0 and all(_winding(moved, hole) == 0 for hole in holes)


def _winding(p: Place, ring: Ring) -> int:
    """Return how often a ring runs round a place."""
    turns = 0
    for (ax, ay), (bx, by) in pairwise(ring):
        below, beyond = ay * ONE < p[1], by * ONE < p[1]
        if below != beyond:
            side = (bx - ax) * (p[1] - ay * ONE) - (by - ay) * (p[0] - ax * ONE)
            if (side > 0) == below:
                turns += 1 if below else -1
    return turns


def _gap(p: Place, ring: Ring) -> Fraction:
    """Return the squared distance to a ring; a large number for edges that are clearly far."""
    best = Fraction(1 << 40)
    for (ax, ay), (bx, by) in pairwise(ring):
        if not (min(ax, bx) - 3 <= p[0] <= max(ax, bx) + 3 and min(ay, by) - 3 <= p[1] <= max(ay, by) + 3):
            continue
        dx, dy, ux, uy = bx - ax, by - ay, p[0] - ax, p[1] - ay
        t = Fraction(ux * dx + uy * dy, dx * dx + dy * dy)
        t = min(max(t, Fraction(0)), Fraction(1))
        best = min(best, (ux - t * dx) ** 2 + (uy - t * dy) ** 2)
    return best


def whole(points: Any) -> list[Place]:
    """Return points in metres as whole millimetres."""
    return [(round(float(x) * 1000), round(float(y) * 1000)) for x, y in np.asarray(points)]
