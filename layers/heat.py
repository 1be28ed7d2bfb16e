"""Incidents as a picture of their density, and as crowds with their number: 88,600 points never leave the server."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from layers.geojson import to_degrees

_FAINT = 0.02
"""Below this share of the top the picture is clear."""


def bins(x: ArrayLike, y: ArrayLike, size: float) -> NDArray[np.float64]:
    """Return one row a square that is not empty: mean x, mean y, count."""
    xy = np.column_stack([np.asarray(x, dtype=float), np.asarray(y, dtype=float)])
    xy = xy[np.isfinite(xy).all(axis=1)]
    if not len(xy):
        return np.empty((0, 3))
    _, cell, count = np.unique(np.floor(xy / size), axis=0, return_inverse=True, return_counts=True)
    cell = cell.reshape(-1)
    mean = [np.bincount(cell, weights=xy[:, k]) / count for k in (0, 1)]
    return np.column_stack([*mean, count])


def crowds(
    x: ArrayLike, y: ArrayLike, box: shapely.Geometry, crs: int, across: int = 14, least: int = 1
) -> str:  # fmt: skip
    """Return what lies in a box as JSON of ``[latitude, longitude, count]``.

    Parameters
    ----------
    x, y
        Coordinates in the county's CRS.
    box
        Part of the map in view, in the same CRS.
    crs
        Its EPSG code.
    across
        About so many squares stand side by side; their size is a power of two, so that it stays while the map is moved.
    least
        Crowds of fewer are left out.
    """
    west, south, east, north = shapely.bounds(box).tolist()
    size = 2.0 ** np.ceil(np.log2((east - west) / across))
    xy = np.column_stack([np.asarray(x, dtype=float), np.asarray(y, dtype=float)])
    # Whole squares only: those on the rim would lose what lies outside.
    low, high = np.floor(np.array([west, south]) / size) * size, np.ceil(np.array([east, north]) / size) * size
    seen = xy[(xy >= low).all(axis=1) & (xy < high).all(axis=1)]
    found = bins(seen[:, 0], seen[:, 1], size)
    found = found[found[:, 2] >= least]
    lonlat = shapely.get_coordinates(to_degrees(shapely.points(found[:, :2]), crs))
    points = [[round(lat, 6), round(lon, 6), int(n)] for (lon, lat), n in zip(lonlat, found[:, 2], strict=True)]
    return json.dumps({"points": points}, separators=(",", ":"))


def picture(values: NDArray[np.float64], top: float, colours: Sequence[str]) -> bytes:
    """Return a density as a PNG: clear where there is none, the last colour from `top` on.

    Parameters
    ----------
    values
        Rows from north to south.
    top
        Density that gets the last colour.
    colours
        From few to many, as ``#rrggbb``.
    """
    share = np.sqrt(np.clip(values / max(top, 1e-9), 0, 1))
    stops = np.array([[int(c[k : k + 2], 16) for k in (1, 3, 5)] for c in colours], dtype=float)
    places = np.linspace(0, 1, len(stops))
    levels = np.linspace(0, 1, 256)
    table = np.column_stack([np.interp(levels, places, stops[:, k]) for k in range(3)])
    alpha = np.clip((levels - np.sqrt(_FAINT)) / (0.45 - np.sqrt(_FAINT)), 0, 1) * 225
    palette = np.column_stack([table, alpha]).round().astype(np.uint8)
    rows = np.asarray((share * 255).round(), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(palette[rows], "RGBA").save(out, "PNG", compress_level=3)
    return out.getvalue()
