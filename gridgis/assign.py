"""Which polygon of a coverage a point belongs to: exactly one, on shared edges and corners too.

One rule of ties, everywhere. A point that touches a single polygon belongs to it. A point on a
shared edge or corner belongs to the polygon that holds the point moved by an infinitesimal step
east and a yet smaller step north; on the outline of the county, where no polygon may lie there,
the steps west-north, east-south and west-south are tried in turn. The rule depends on geometry
alone, not on codes, row order or history (simulation of simplicity, Edelsbrunner & Muecke 1990).
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from gridgis.schema import metres, mm, point_array

Ints = NDArray[np.int64]
NEAR_M = 0.002
"""A point this close outside counts as on the edge: new vertices on an edge move it by under 1 mm."""
_STEPS = ((1, 1), (-1, 1), (1, -1), (-1, -1))


def assign(points_mm: Ints, polygons: NDArray[np.object_], tree: shapely.STRtree | None = None) -> Ints:
    """Return for each point the position of its polygon, -1 outside all.

    Parameters
    ----------
    points_mm
        Coordinates in whole millimetres, shape (n, 2).
    polygons
        Cells of one coverage, on the millimetre lattice.
    tree
        STRtree of the points in metres, if there is one already.
    """
    out = np.full(len(points_mm), -1, dtype=np.int64)
    if not len(points_mm) or not len(polygons):
        return out
    points = point_array(metres(points_mm))
    tree = tree or shapely.STRtree(points)
    poly, point = tree.query(polygons, predicate="intersects")
    hits = np.bincount(point, minlength=len(points))
    single = hits[point] == 1
    out[point[single]] = poly[single]
    for p in np.flatnonzero(hits > 1).tolist():
        out[p] = _winner(points_mm[p], np.sort(poly[point == p]), polygons)
    lost = np.flatnonzero(hits == 0)
    if len(lost):
        near = shapely.STRtree(polygons).query_nearest(points[lost], max_distance=NEAR_M, all_matches=False)
        out[lost[near[0]]] = near[1]
    return out


def _winner(point: Ints, touching: NDArray[np.intp], polygons: NDArray[np.object_]) -> int:
    for step in _STEPS:
        for i in touching.tolist():
            if _holds(polygons[i], point, *step):
                return int(i)
    # A wedge too thin for all four steps: the south-westernmost box, still independent of row order.
    return int(min(touching.tolist(), key=lambda i: tuple(shapely.bounds(polygons[i]))))


def _holds(polygon: shapely.Polygon, point: Ints, sx: int, sy: int) -> bool:
    """Tell by parity whether the polygon holds the point moved by (sx * e, sy * e^2), e infinitesimal."""
    crossings = 0
    for ring in shapely.get_rings(polygon):
        xy = mm(shapely.get_coordinates(ring)) - point
        a, b = xy[:-1], xy[1:]
        up = a[:, 1] <= b[:, 1]
        lo, hi = np.where(up[:, None], a, b), np.where(up[:, None], b, a)
        spans = (lo[:, 1] <= 0) & (hi[:, 1] > 0) if sy > 0 else (lo[:, 1] < 0) & (hi[:, 1] >= 0)
        lo, hi = lo[spans], hi[spans]
        # Positive when the edge passes east of the point; zero is on the edge and decided by the step.
        turn = (hi[:, 0] - lo[:, 0]) * -lo[:, 1] + (hi[:, 1] - lo[:, 1]) * lo[:, 0]
        crossings += int(((turn > 0) | ((turn == 0) & (sx < 0))).sum())
    return crossings % 2 == 1
