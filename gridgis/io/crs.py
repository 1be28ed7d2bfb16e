"""Coordinate systems told by their numbers: degrees, Gauss-Krueger with or without zone, swapped axes."""

from __future__ import annotations

import numpy as np
import pyproj
from numpy.typing import NDArray

Words = tuple[str, str]

_NORTHING = (1_800_000.0, 6_200_000.0)
"""Northings of China in a transverse Mercator projection."""


def guess_words(bounds: NDArray[np.float64]) -> Words:
    """Say what coordinate system the numbers look like.

    Parameters
    ----------
    bounds
        Smallest and largest x and y: (x0, y0, x1, y1).

    Returns
    -------
    zh, en
        Half a sentence with the system to name, or that it is unknown.
    """
    x0, y0, x1, y1 = (float(v) for v in bounds)
    if not np.isfinite([x0, y0, x1, y1]).all():
        return "没有坐标", "it has no coordinates"
    if _degrees(x0, x1, y0, y1):
        return (
            "坐标像经纬度（EPSG:4490 或 EPSG:4326）",
            "its numbers look like longitude and latitude (EPSG:4490 or EPSG:4326)",
        )
    if _degrees(y0, y1, x0, x1):
        return (
            "坐标像纬度在前的经纬度，需先交换 x、y",
            "its numbers look like latitude before longitude: swap x and y first",
        )
    if _northing(y0, y1):
        return _gauss_krueger(x0, x1)
    if _northing(x0, x1):
        return (
            "坐标像高斯投影但北坐标在前，需先交换 x、y",
            "its numbers look like Gauss-Krueger with the northing first: swap x and y first",
        )
    return "无法从坐标数值判断坐标系", "its numbers do not tell which one it is"


def _degrees(lon0: float, lon1: float, lat0: float, lat1: float) -> bool:
    return lon0 >= 73 and lon1 <= 136 and lat0 >= 3 and lat1 <= 54


def _northing(low: float, high: float) -> bool:
    return _NORTHING[0] <= low and high <= _NORTHING[1]


def _gauss_krueger(x0: float, x1: float) -> Words:
    zone = int(x0 // 1_000_000)
    if zone == int(x1 // 1_000_000) and 25 <= zone <= 45:
        epsg = 4513 + zone - 25
        return (
            f"坐标像 CGCS2000 三度带第 {zone} 带、带带号（EPSG:{epsg}）",
            f"its numbers look like CGCS2000 3-degree zone {zone} with the zone in front (EPSG:{epsg})",
        )
    if zone == int(x1 // 1_000_000) and 13 <= zone <= 23:
        epsg = 4491 + zone - 13
        return (
            f"坐标像 CGCS2000 六度带第 {zone} 带、带带号（EPSG:{epsg}）",
            f"its numbers look like CGCS2000 6-degree zone {zone} with the zone in front (EPSG:{epsg})",
        )
    if x0 >= 8_000_000 and x1 <= 15_200_000:
        return (
            "坐标像网络墨卡托（EPSG:3857）",
            "its numbers look like web Mercator (EPSG:3857)",
        )
    if x0 >= 100_000 and x1 <= 900_000:
        return (
            "坐标像不带带号的高斯投影（EPSG:4534 至 4554 之一，按本县中央经线选）",
            "its numbers look like Gauss-Krueger without zone (EPSG:4534 to 4554, by the central meridian)",
        )
    return "无法从坐标数值判断坐标系", "its numbers do not tell which one it is"


def looks_wrong(crs: pyproj.CRS, bounds: NDArray[np.float64]) -> bool:
    """Tell whether coordinates cannot be of the coordinate system they are said to be in.

    Parameters
    ----------
    crs
        System that is stated.
    bounds
        Smallest and largest x and y.
    """
    if not np.isfinite(bounds).all():
        return False
    x0, y0, x1, y1 = (float(v) for v in bounds)
    if crs.is_geographic:
        return bool(x0 < -180.001 or x1 > 360.001 or y0 < -90.001 or y1 > 90.001)
    degrees = _degrees(x0, x1, y0, y1)
    easting = _false_easting(crs)
    # Far from the false easting is the usual sign of a zone number in front, or of one missing.
    return degrees or (easting is not None and max(abs(x0 - easting), abs(x1 - easting)) > 1_000_000)


def _false_easting(crs: pyproj.CRS) -> float | None:
    operation = crs.coordinate_operation
    if operation is None or "Transverse Mercator" not in operation.method_name:
        return None
    return next((float(p.value) for p in operation.params if p.name == "False easting"), None)
