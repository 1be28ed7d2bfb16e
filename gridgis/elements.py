"""What is counted in cells: buildings with households and persons, places, roads, incidents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gridgis.assign import NEAR_M, Ints, assign
from gridgis.schema import FIGURES, MM, mm

COUNTED = {"buildings": ("households", "persons"), "places": (), "roads": (), "incidents": ()}
"""E-map tables whose rows count as one each, under the figure of the same name, and what else they carry."""

Reader = Callable[[str, Sequence[str]], NDArray[np.float64]]


class Elements:
    """The points that are counted, with their figures, ordered by easting for quick look-up.

    Parameters
    ----------
    source
        Called once, when first needed; returns locations in whole millimetres, shape (n, 2), and
        whole numbers per point, shape (n, k), in the order of `gridgis.schema.FIGURES`.
    """

    def __init__(self, source: Callable[[], tuple[Ints, Ints]]) -> None:
        self._source = source

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

    def within(self, bounds_m: tuple[float, float, float, float]) -> NDArray[np.intp]:
        """Return positions of the points in a box (xmin, ymin, xmax, ymax) in metres, with a small margin."""
        x0, y0, x1, y1 = (np.array(bounds_m) + np.array([-1, -1, 1, 1]) * NEAR_M) * MM
        start, end = np.searchsorted(self.points_mm[:, 0], [x0, x1])
        y = self.points_mm[start:end, 1]
        return np.asarray(start + np.flatnonzero((y >= y0) & (y <= y1)))

    def tally(self, polygons: NDArray[np.object_]) -> Ints:
        """Return the summed figures of each polygon of a whole coverage, shape (m, k)."""
        owner = assign(self.points_mm, polygons)
        out = np.zeros((len(polygons), self.figures.shape[1]), dtype=np.int64)
        inside = owner >= 0
        np.add.at(out, owner[inside], self.figures[inside])
        return out


def gather(read: Reader) -> Elements:
    """Return the elements of the tables in `COUNTED`.

    Parameters
    ----------
    read
        Given a table and the names of further columns, returns x, y and those columns, shape (n, 2 + k).
    """

    def source() -> tuple[Ints, Ints]:
        points, figures = [], []
        for table, columns in COUNTED.items():
            rows = read(table, columns)
            block = np.zeros((len(rows), len(FIGURES)), dtype=np.int64)
            block[:, FIGURES.index(table)] = 1
            for k, name in enumerate(columns):
                block[:, FIGURES.index(name)] = rows[:, 2 + k]
            points.append(mm(rows[:, :2]))
            figures.append(block)
        return np.vstack(points), np.vstack(figures)

    return Elements(source)


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
