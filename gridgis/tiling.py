"""Map tiles: which tile covers what, and geometries written as Mapbox vector tiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import mapbox_vector_tile
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

from gridgis.errors import InputError

Geometries = NDArray[np.object_]
RADIUS_M = 6_378_137.0
"""Of the sphere of the web Mercator projection (EPSG:3857)."""
HALF_M = float(np.pi * RADIUS_M)
EXTENT = 4096
"""Units along the side of a tile."""
_MARGIN = 64
"""Units that a tile shows beyond its sides, so that outlines do not end on them."""
MAX_ZOOM = 22
_COLLECTION = 7


@lru_cache(maxsize=8)
def _transformer(source: int, target: int) -> Transformer:
    # Finding the way between two systems takes longer than a tile.
    return Transformer.from_crs(source, target, always_xy=True)


@dataclass(frozen=True)
class Tile:
    """A tile of the web Mercator pyramid: zoom, column from the west, row from the north.

    Raises
    ------
    InputError
        There is no such tile.
    """

    z: int
    x: int
    y: int

    def __post_init__(self) -> None:
        """Refuse what is not there."""
        if not (0 <= self.z <= MAX_ZOOM and 0 <= self.x < 2**self.z and 0 <= self.y < 2**self.z):
            raise InputError(
                f"没有瓦片 {self.z}/{self.x}/{self.y}：缩放级别为 0 至 {MAX_ZOOM}，行列号小于 2 的级别次方。",
                f"There is no tile {self.z}/{self.x}/{self.y}: zooms run from 0 to {MAX_ZOOM}, rows and columns below 2 to the zoom.",
            )

    @property
    def unit_m(self) -> float:
        """Side of one unit in metres of the projection."""
        return float(2 * HALF_M / 2**self.z / EXTENT)

    @property
    def origin(self) -> tuple[float, float]:
        """North-west corner in metres of the projection."""
        side = self.unit_m * EXTENT
        return self.x * side - HALF_M, HALF_M - self.y * side

    def box(self, margin: int = _MARGIN) -> tuple[float, float, float, float]:
        """Return xmin, ymin, xmax, ymax in metres of the projection, with a margin in units."""
        west, north = self.origin
        wide, side = margin * self.unit_m, EXTENT * self.unit_m
        return west - wide, north - side - wide, west + side + wide, north + wide

    def box_in(self, epsg: int) -> tuple[float, float, float, float]:
        """Return a box in another CRS that holds the tile with its margin."""
        west, south, east, north = _transformer(3857, epsg).transform_bounds(*self.box())
        return west, south, east, north


def mercator(geometries: Geometries, epsg: int) -> Geometries:
    """Return geometries of a CRS in metres of the web Mercator projection.

    CGCS2000 is taken for WGS84, from which it differs by less than a pixel of any zoom.
    """
    transformer = _transformer(epsg, 4490)

    def moved(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        lon, lat = transformer.transform(xy[:, 0], xy[:, 1])
        north = RADIUS_M * np.log(np.tan(np.pi / 4 + np.radians(lat) / 2))
        return np.column_stack([RADIUS_M * np.radians(lon), north])

    return np.asarray(shapely.transform(geometries, moved), dtype=object)


def encode(tile: Tile, layers: Mapping[str, tuple[Geometries, Sequence[Mapping[str, Any]]]]) -> bytes:
    """Return a vector tile.

    Parameters
    ----------
    tile
        The tile.
    layers
        By name: geometries in metres of the projection, and the properties of each. What lies outside the tile
        and what vanishes at its scale is left out.

    Returns
    -------
    bytes
        Empty where nothing is left.
    """
    written = []
    for name, (geometries, properties) in layers.items():
        shapes, kept = fitted(tile, geometries)
        features = [
            {"geometry": shape, "properties": {k: v for k, v in properties[at].items() if v is not None}}
            for shape, at in zip(shapes, kept.tolist(), strict=True)
        ]
        if features:
            written.append({"name": name, "features": features})
    if not written:
        return b""
    options = {"extents": EXTENT, "y_coord_down": True}
    return bytes(mapbox_vector_tile.encode(written, default_options=options))


def fitted(tile: Tile, geometries: Geometries) -> tuple[Geometries, NDArray[np.intp]]:
    """Return geometries in whole units of a tile, clipped to it, and the positions they come from."""
    west, north = tile.origin
    inside = shapely.clip_by_rect(geometries, *tile.box())
    scaled = shapely.transform(
        inside, lambda xy: np.column_stack([xy[:, 0] - west, north - xy[:, 1]]) / tile.unit_m
    )
    # Rounding alone may fold a thin polygon over itself, which readers draw as holes.
    whole = np.asarray(shapely.set_precision(scaled, 1.0), dtype=object)
    mixed = shapely.get_type_id(whole) == _COLLECTION
    whole[mixed] = [_same_kind(c, g) for c, g in zip(whole[mixed], geometries[mixed], strict=True)]
    kept = np.flatnonzero(~shapely.is_empty(whole))
    return whole[kept], kept


def _same_kind(collection: Any, geometry: Any) -> Any:
    """Return the parts of a collection that are areas where the geometry is one, lines where it is one."""
    parts = shapely.get_parts(collection)
    return shapely.union_all(parts[shapely.get_dimensions(parts) == shapely.get_dimensions(geometry)])
