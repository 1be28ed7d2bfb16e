"""The way along roads, rivers and shores between two places, so that a boundary follows them with one click per corner."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra
from shapely.ops import substring

from gridgis.schema import metres, mm

REACH_M = 60.0
"""A place further than this from any line is on none."""
_MOST_LINES = 6000
Place = Sequence[float]


class Tracer:
    """Lines of the e-map that a drawn boundary can follow.

    Parameters
    ----------
    shapes
        Roads and water in the county's CRS; of areas, the shore counts.
    """

    def __init__(self, shapes: Any) -> None:
        given = np.asarray(shapes, dtype=object)
        given = given[~shapely.is_missing(given)]
        areas = shapely.get_dimensions(given) == 2
        lines = [given[~areas], np.asarray(shapely.boundary(given[areas]), dtype=object)]
        self._lines = np.asarray(shapely.get_parts(np.concatenate(lines)), dtype=object)
        self._tree = shapely.STRtree(self._lines)

    def near(self, box: Any) -> NDArray[np.object_]:
        """Return the lines that meet a box."""
        return np.asarray(self._lines[np.sort(self._tree.query(box, predicate="intersects"))], dtype=object)

    def way(self, start: Place, end: Place) -> Any | None:
        """Return the shortest way along the lines from beside `start` to beside `end`; None where there is none."""
        ends = shapely.points([start[:2], end[:2]])
        apart = float(shapely.distance(*ends))
        box = shapely.box(*shapely.total_bounds(ends)).buffer(max(250.0, 0.6 * apart))
        lines = self.near(box)
        if not len(lines) or len(lines) > _MOST_LINES:
            return None
        pieces = np.asarray(shapely.get_parts(shapely.node(shapely.MultiLineString(list(lines)))), dtype=object)
        at, gap = shapely.STRtree(pieces).query_nearest(ends, return_distance=True, all_matches=False)
        if (gap > REACH_M).any():
            return None
        return _way(pieces, at[1], ends)


def _way(pieces: NDArray[np.object_], at: NDArray[np.int64], ends: Any) -> Any | None:
    """Return the shortest way from beside the first end to beside the second, `at` being the pieces they lie on."""
    along = [float(shapely.line_locate_point(pieces[k], p)) for k, p in zip(at, ends, strict=True)]
    if at[0] == at[1]:
        return _line(substring(pieces[at[0]], along[0], along[1]))
    halves = []
    for k, m in zip(at, along, strict=True):
        halves += [substring(pieces[k], 0.0, m), substring(pieces[k], m, pieces[k].length)]
    halves = [h for h in halves if h.geom_type == "LineString" and h.length > 0]
    every = np.concatenate([np.delete(pieces, at), np.array(halves, dtype=object)])
    first, last = (mm(shapely.get_coordinates(shapely.get_point(every, k))) for k in (0, -1))
    spots = mm(np.array([shapely.get_coordinates(shapely.line_interpolate_point(pieces[k], m))[0]
                         for k, m in zip(at, along, strict=True)]))  # fmt: skip
    nodes, index = np.unique(np.vstack([first, last, spots]), axis=0, return_inverse=True)
    a, b, (start, goal) = index[: len(every)], index[len(every) : -2], index[-2:].tolist()
    length = shapely.length(every)
    order = np.argsort(-length, kind="stable")  # Of two pieces between the same nodes, the shorter one is kept last.
    best = {}
    for k in order.tolist():
        best[a[k], b[k]] = best[b[k], a[k]] = k
    rows, columns = np.array(list(best)).T
    weight = length[list(best.values())]
    graph = coo_array((weight, (rows, columns)), shape=(len(nodes),) * 2).tocsr()
    distance, before = dijkstra(graph, indices=start, return_predecessors=True)
    if not np.isfinite(distance[goal]):
        return None
    steps = [goal]
    while steps[-1] != start:
        steps.append(int(before[steps[-1]]))
    walk = steps[::-1]
    points: list[Any] = []
    for one, other in pairwise(walk):
        k = best[one, other]
        xy = shapely.get_coordinates(every[k])
        points.append(xy if a[k] == one else xy[::-1])
    return _line(shapely.LineString(np.vstack(points))) if points else None


def _line(found: Any) -> Any | None:
    """Return a way on the lattice without repeated points; None where it has no length."""
    xy = mm(shapely.get_coordinates(found))
    keep = np.append(True, (xy[1:] != xy[:-1]).any(axis=1))
    return shapely.LineString(metres(xy[keep])) if keep.sum() > 1 else None
