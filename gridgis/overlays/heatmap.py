"""How dense incidents lie: a smooth surface in incidents per km², made with a kernel whose radius is in metres."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pyproj import Transformer
from scipy.signal import fftconvolve

Floats = NDArray[np.float64]
RADII = (100, 200, 300, 500, 1000, 2000)
_FINE = 6.0
_MOST = 2400
"""The surface has at most so many cells a side; a wide county with a small radius gets coarser ones."""


@dataclass(frozen=True, eq=False)
class Surface:
    """A density over a part of the map, in squares of the web's map projection.

    Attributes
    ----------
    values
        Weighted incidents per km², rows from north to south.
    bounds
        South-west and north-east corner as latitude, longitude.
    cell_m
        Side of a square on the ground, in metres.
    """

    values: Floats
    bounds: tuple[tuple[float, float], tuple[float, float]]
    cell_m: float


def surface(x: ArrayLike, y: ArrayLike, epsg: int, radius: float, weights: ArrayLike | None = None) -> Surface | None:
    """Return the density of points; None where there are none.

    Parameters
    ----------
    x, y
        Coordinates in the CRS `epsg`; points without a place are left out.
    epsg
        Of the points.
    radius
        Reach of the kernel in metres on the ground, whatever the zoom of a map.
    weights
        What each point counts; 1 by default.
    """
    xy = np.column_stack([np.asarray(x, dtype=float), np.asarray(y, dtype=float)])
    heavy = np.ones(len(xy)) if weights is None else np.asarray(weights, dtype=float)
    keep = np.isfinite(xy).all(axis=1) & (heavy > 0)
    if not keep.any():
        return None
    east, north = Transformer.from_crs(epsg, 3857, always_xy=True).transform(*xy[keep].T)
    back = Transformer.from_crs(3857, 4326, always_xy=True)
    # The projection stretches the ground by so much here; over a county that is the same within a hundredth.
    stretch = 1 / np.cos(np.radians(back.transform(float(np.mean(east)), float(np.mean(north)))[1]))
    reach = radius * stretch
    low, high = (np.array([f(east), f(north)]) for f in (np.min, np.max))
    low, high = low - 1.2 * reach, high + 1.2 * reach
    cell = max(reach / _FINE, float((high - low).max()) / _MOST)
    columns, rows = np.ceil((high - low) / cell).astype(int)
    counts = _spread((east - low[0]) / cell, (north - low[1]) / cell, heavy[keep], (rows, columns))
    ground = cell / stretch
    density = fftconvolve(counts, _kernel(radius, ground), mode="same")
    west, south = back.transform(*low)
    east_, north_ = back.transform(*(low + cell * np.array([columns, rows])))
    return Surface(np.maximum(density[::-1], 0.0), ((south, west), (north_, east_)), float(ground))


def _spread(column: Floats, row: Floats, weights: Floats, shape: tuple[int, int]) -> Floats:
    """Return the points on the lattice, each shared out to the four nearest squares so that it does not jump."""
    out = np.zeros(shape)
    c, r = column - 0.5, row - 0.5
    c0, r0 = np.floor(c).astype(int), np.floor(r).astype(int)
    for dc in (0, 1):
        for dr in (0, 1):
            part = np.abs(1 - dc - (c - c0)) * np.abs(1 - dr - (r - r0)) * weights
            np.add.at(out, (np.clip(r0 + dr, 0, shape[0] - 1), np.clip(c0 + dc, 0, shape[1] - 1)), part)
    return out


def _kernel(radius: float, cell: float) -> Floats:
    """Return the quartic kernel on the lattice, such that one point adds up to one over all km²."""
    k = max(1, int(np.ceil(radius / cell)))
    at = np.arange(-k, k + 1) * cell
    square = (at[:, None] ** 2 + at[None, :] ** 2) / radius**2
    values = np.where(square < 1, (1 - np.minimum(square, 1)) ** 2, 0.0)
    return np.asarray(values / values.sum() / (cell / 1000) ** 2)
