"""The base map made of the county's own outline, water and roads; no tiles, no network."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely

from layers.geojson import collection, features, to_degrees
from layers.styles import ROAD_RANKS

_TOLERANCE_M = 1.5
_RANKS = ("main", "road", "lane")


def payload(outline: shapely.Geometry, water: gpd.GeoDataFrame, roads: gpd.GeoDataFrame, crs: int) -> str:
    """Return outline, water and roads as one collection; property ``k`` names the stroke to draw with."""
    kinds = [
        (np.array([outline]), ["outline"]),
        (water.geometry.to_numpy(), _water_kinds(water)),
        (roads.geometry.to_numpy(), _road_kinds(roads)),
    ]
    items: list[str] = []
    for geometries, names in kinds:
        shapes = to_degrees(shapely.simplify(geometries, _TOLERANCE_M), crs)
        items += features(shapes, [{"k": k} for k in names])
    return collection(items)


def _water_kinds(water: gpd.GeoDataFrame) -> list[str]:
    area = shapely.get_dimensions(water.geometry.to_numpy()) == 2
    small = water["class"].astype(str).isin(["stream", "brook", "ditch"]) if "class" in water else area
    return ["lake" if a else "stream" if s else "river" for a, s in zip(area, small, strict=True)]


def _road_kinds(roads: gpd.GeoDataFrame) -> list[str]:
    if "class" not in roads:
        return ["road"] * len(roads)
    return [_RANKS[ROAD_RANKS.get(str(c), 2)] for c in roads["class"]]


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
