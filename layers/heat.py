"""Incidents gathered into square bins, which is all a heatmap needs of 88,600 points."""

from __future__ import annotations

import json

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from layers.geojson import to_degrees

BIN_M = 150.0


def bins(x: ArrayLike, y: ArrayLike, size: float = BIN_M) -> NDArray[np.float64]:
    """Return one row a bin that is not empty: mean x, mean y, count.

    The bin is drawn at the mean of its points, not at its centre, so that no lattice shows through.
    """
    xy = np.column_stack([np.asarray(x, dtype=float), np.asarray(y, dtype=float)])
    xy = xy[np.isfinite(xy).all(axis=1)]
    if not len(xy):
        return np.empty((0, 3))
    _, cell, count = np.unique(np.floor(xy / size), axis=0, return_inverse=True, return_counts=True)
    cell = cell.reshape(-1)
    mean = [np.bincount(cell, weights=xy[:, k]) / count for k in (0, 1)]
    return np.column_stack([*mean, count])


def payload(found: NDArray[np.float64], crs: int) -> str:
    """Return the bins as JSON of ``[latitude, longitude, count]``."""
    lonlat = shapely.get_coordinates(to_degrees(shapely.points(found[:, :2]), crs))
    points = [
        [round(lat, 6), round(lon, 6), int(n)] for (lon, lat), n in zip(lonlat, found[:, 2], strict=True)
    ]
    return json.dumps({"points": points}, separators=(",", ":"))
