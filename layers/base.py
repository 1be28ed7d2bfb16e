"""The county's own land, and shapes that are fetched for the part of the map in view."""

from __future__ import annotations

import numpy as np
import shapely

from layers.geojson import collection, features, to_degrees

_TOLERANCE_M = 1.5


def payload(outline: shapely.Geometry, crs: int) -> str:
    """Return the outline of a county in EPSG `crs` as a collection of one."""
    shape = to_degrees(np.array([shapely.simplify(outline, _TOLERANCE_M)], dtype=object), crs)
    return collection(features(shape, [{}]))


class Nearby:
    """Shapes that are fetched for the part of the map in view only.

    Parameters
    ----------
    geometries
        The shapes in the county's CRS.
    crs
        Its EPSG code.
    properties
        What the map must know of each; by default nothing.
    """

    def __init__(self, geometries: np.ndarray, crs: int, properties: list[dict[str, object]] | None = None) -> None:
        self._shapes = geometries
        self._crs = crs
        self._properties = properties
        self._tree = shapely.STRtree(geometries)

    def payload(self, box: shapely.Geometry, limit: int) -> str:
        """Return the shapes that meet `box` (county CRS), at most `limit`, nearest to its middle first."""
        found = np.sort(self._tree.query(box))
        if len(found) > limit:
            middle = shapely.centroid(box)
            order = np.argsort(shapely.distance(self._shapes[found], middle), kind="stable")
            found = np.sort(found[order[:limit]])
        rows = [self._properties[i] for i in found] if self._properties else [{} for _ in found]
        return collection(features(to_degrees(self._shapes[found], self._crs), rows))
