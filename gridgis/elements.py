"""What is counted in cells: buildings with households and persons, places, roads, incidents."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gridgis.pointindex.assign import NEAR_M, Ints, assign
from gridgis.schema import FIGURES, MM, mm

COUNTED = {"buildings": ("households", "persons"), "places": (), "roads": (), "incidents": ()}
"""E-map tables whose rows count as one each, under the figure of the same name, and what else they carry."""

Reader = Callable[..., NDArray[np.float64]]
Box = tuple[float, float, float, float]


class Elements:
    """The points that are counted, with their figures, ordered by easting for quick look-up.

    Parameters
    ----------
    source
        Called once, when first needed; returns locations in whole millimetres, shape (n, 2), and
        whole numbers per point, shape (n, k), in the order of `gridgis.schema.FIGURES`.
    near
        The same of a box (xmin, ymin, xmax, ymax) in metres, for as long as not all have been asked for.
    """

    def __init__(
        self, source: Callable[[], tuple[Ints, Ints]], near: Callable[[Box], tuple[Ints, Ints]] | None = None
    ) -> None:
        self._source = source
        self._near = near

    @cached_property
    def _sorted(self) -> tuple[Ints, Ints]:
        points, figures = self._source()
        order = np.argsort(points[:, 0], kind="stable")
        return points[order], figures[order]

    @property
    def points_mm(self) -> Ints:
        """Locations in whole millimetres, west to east."""
        return self._sorted[0]

    @property
    def figures(self) -> Ints:
        """Figures of the points, in the same order."""
        return self._sorted[1]

    def around(self, bounds_m: Box) -> Elements:
        """Return the elements in a box (xmin, ymin, xmax, ymax) in metres, with a small margin.

        An edit in a city of millions reads what lies near it; only who asks for all has all in memory.
        """
        box = np.array(bounds_m) + np.array([-1, -1, 1, 1]) * NEAR_M
        x0, y0, x1, y1 = box * MM
        if self._near is not None and "_sorted" not in self.__dict__:
            points, figures = self._near(tuple(box.tolist()))
        else:
            start, end = np.searchsorted(self.points_mm[:, 0], [x0, x1])
            points, figures = self.points_mm[start:end], self.figures[start:end]
        keep = (points[:, 0] >= x0) & (points[:, 0] < x1) & (points[:, 1] >= y0) & (points[:, 1] <= y1)
        return Elements(lambda: (points[keep], figures[keep]))

    def some(self, which: NDArray[Any]) -> Elements:
        """Return those at these positions or under this mask."""
        points, figures = self.points_mm[which], self.figures[which]
        return Elements(lambda: (points, figures))

    def tally(self, polygons: NDArray[np.object_]) -> Ints:
        """Return the summed figures of each polygon of a whole coverage, shape (m, k)."""
        owner = assign(self.points_mm, polygons)
        out = np.zeros((len(polygons), self.figures.shape[1]), dtype=np.int64)
        inside = owner >= 0
        np.add.at(out, owner[inside], self.figures[inside])
        return out


def gather(read: Reader, *, by_box: bool = False) -> Elements:
    """Return the elements of the tables in `COUNTED`.

    Parameters
    ----------
    read
        Given a table and the names of further columns, returns x, y and those columns, shape (n, 2 + k).
    by_box
        It also takes a box as third, and then returns what lies in it.
    """

    def source(*box: Box) -> tuple[Ints, Ints]:
        points, figures = [], []
        for table, columns in COUNTED.items():
            rows = read(table, columns, *box)
            block = np.zeros((len(rows), len(FIGURES)), dtype=np.int64)
            block[:, FIGURES.index(table)] = 1
            for k, name in enumerate(columns):
                block[:, FIGURES.index(name)] = rows[:, 2 + k]
            points.append(mm(rows[:, :2]))
            figures.append(block)
        return np.vstack(points), np.vstack(figures)

    return Elements(source, source if by_box else None)


def representative(geometries: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return one point per geometry: the centroid where it lies inside, else a point on the surface; the middle of a line."""
    shapes = np.asarray(geometries, dtype=object)
    points = shapely.centroid(shapes)
    polygon = shapely.get_dimensions(shapes) == 2
    outside = polygon & ~shapely.contains(shapes, points)
    points[outside] = shapely.point_on_surface(shapes[outside])
    line = shapely.get_dimensions(shapes) == 1
    points[line] = shapely.line_interpolate_point(shapes[line], 0.5, normalized=True)
    return np.round(shapely.get_coordinates(points), 3)
