"""Read one untrusted GeoTIFF; run by `child.py` in its process, never imported by the product."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import rasterio
from rasterio.warp import transform_bounds
from rasterio.windows import Window

Facts = dict[str, Any]
MAX_CELLS = 40_000_000
"""Cells over the county; more are no map of one."""
MAX_ALL = 4_000_000_000


class _FaultError(Exception):
    """The raster cannot be used; key and detail, for which `gridgis.io.rasters` has words."""


def read(job: dict[str, Any]) -> tuple[pa.Table, Facts]:
    """Return the part of a band over the county, and sums over the whole of it.

    Parameters
    ----------
    job
        ``path``, ``layer`` (number of the band), ``crs`` (overrides the file's), ``county`` (its CRS) and ``bounds``.
    """
    try:
        return _read(job)
    except _FaultError as fault:
        return pa.table({"values": []}), {"fault": fault.args[0], "detail": (*fault.args, "")[1]}


def _read(job: dict[str, Any]) -> tuple[pa.Table, Facts]:
    with rasterio.open(job["path"], driver="GTiff") as source:
        band = int(job["layer"] or 1)
        if not 1 <= band <= source.count:
            raise _FaultError("no_band", source.count)
        crs = job["crs"] or (source.crs.to_wkt() if source.crs else None)
        if crs is None:
            raise _FaultError("no_crs")
        t = source.transform
        if t.b or t.d or t.a <= 0 or t.e >= 0:
            raise _FaultError("rotated")
        if source.width * source.height > MAX_ALL:
            raise _FaultError("too_large")
        total, empty, below = _whole(source, band)
        window = _window(source, transform_bounds(job["county"], crs, *job["bounds"], densify_pts=21))
        values = _values(source.read(band, window=window, masked=True))
        place = rasterio.windows.transform(window, t)
        facts = {
            "driver": "GTiff", "crs": crs, "encoding": None, "layers": [], "layer": None, "declared": None,
            "dtype": source.dtypes[band - 1], "bands": source.count, "cells": source.width * source.height,
            "total": total, "empty": empty, "below": below, "shape": list(values.shape), "place": list(place)[:6],
            "unit": source.units[band - 1] or "", "name": source.descriptions[band - 1] or "",
        }  # fmt: skip
    return pa.table({"values": pa.array([values.tobytes()], pa.large_binary())}), facts


def _whole(source: Any, band: int) -> tuple[float, int, list[float]]:
    """Return the sum of the whole band, how many of its cells hold nothing; number and sum of those below zero."""
    total, empty, below = 0.0, 0, [0.0, 0.0]
    for _, window in source.block_windows(band):
        values = _values(source.read(band, window=window, masked=True))
        total += float(np.nansum(values))
        empty += int(np.isnan(values).sum())
        less = values[values < 0]
        below = [below[0] + len(less), below[1] + float(less.sum())]
    return total, empty, below


def _window(source: Any, bounds: tuple[float, float, float, float]) -> Window:
    t = source.transform
    x0, y0, x1, y1 = bounds
    if not np.isfinite(bounds).all():
        raise _FaultError("outside")
    left, right = max(0, int((x0 - t.c) // t.a) - 1), min(source.width, int((x1 - t.c) // t.a) + 2)
    top, bottom = max(0, int((y1 - t.f) // t.e) - 1), min(source.height, int((y0 - t.f) // t.e) + 2)
    if right <= left or bottom <= top:
        raise _FaultError("outside")
    if (right - left) * (bottom - top) > MAX_CELLS:
        raise _FaultError("too_large")
    return Window(left, top, right - left, bottom - top)


def _values(block: Any) -> Any:
    """Return numbers with NaN where there is nothing."""
    values = block.astype(np.float64).filled(np.nan)
    values[~np.isfinite(values)] = np.nan
    return values
