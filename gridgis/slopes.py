"""What a slope does to walking: heights along a road, and how much longer it takes than on the flat."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Heights = Callable[[Floats], Floats]
"""Answers heights in metres at coordinates of shape (n, 2); NaN where none is known."""

STEP_M = 50.0
"""Roads are measured in stretches no longer than this."""


def bilinear(values: Floats, x: Floats, y: Floats) -> Floats:
    """Return the values of a grid between its nodes.

    Parameters
    ----------
    values
        Rows of the grid.
    x, y
        Positions in columns and rows, 0 at the middle of the first; outside it is NaN.
    """
    rows, columns = values.shape
    inside = (x >= -0.5) & (y >= -0.5) & (x <= columns - 0.5) & (y <= rows - 0.5)
    cx, cy = np.clip(np.nan_to_num(x), 0, columns - 1), np.clip(np.nan_to_num(y), 0, rows - 1)
    k = np.minimum(np.floor(cx).astype(np.int64), max(columns - 2, 0))
    j = np.minimum(np.floor(cy).astype(np.int64), max(rows - 2, 0))
    k1, j1 = np.minimum(k + 1, columns - 1), np.minimum(j + 1, rows - 1)
    a, b = cx - k, cy - j
    top = values[j, k] * (1 - a) + values[j, k1] * a
    low = values[j1, k] * (1 - a) + values[j1, k1] * a
    return np.where(inside, top * (1 - b) + low * b, np.nan)


def slowed(lines: Any, heights: Heights) -> Floats:
    """Return for each line how many times longer it takes there and back than on the flat, on average.

    Stretches without a height count as flat.

    Parameters
    ----------
    lines
        LineStrings in metres.
    heights
        Heights of the ground.

    References
    ----------
    Tobler (1993), Three presentations on geographical analysis and modeling: the hiking function
    ``exp(-3.5 |slope + 0.05|)``, taken relative to the flat.
    """
    fine = shapely.segmentize(np.asarray(lines, dtype=object), STEP_M)
    xy, line = shapely.get_coordinates(fine, return_index=True)
    z = heights(xy)
    same = line[1:] == line[:-1]
    run = np.hypot(*np.diff(xy, axis=0).T)[same]
    slope = np.nan_to_num(np.diff(z)[same] / np.maximum(run, 1e-9))
    there, back = (np.exp(3.5 * (np.abs(s + 0.05) - 0.05)) for s in (slope, -slope))
    whole = np.bincount(line[:-1][same], run, len(fine))
    late = np.bincount(line[:-1][same], run * (there + back) / 2, len(fine))
    return np.where(whole > 0, late / np.maximum(whole, 1e-9), 1.0)
