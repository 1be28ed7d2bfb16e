"""Chinese map datums: WGS84 and CGCS2000 against GCJ-02 (AMap, Tencent) and BD-09 (Baidu), both ways.

GCJ-02 is WGS84 plus a sum of sines, up to 0.7 km off; BD-09 is GCJ-02 plus a second twist. Neither is in
EPSG or PROJ, and neither has a closed inverse: the inverse is found by fixed-point iteration to well under a
micrometre. CGCS2000 and WGS84 differ by less than the width of a hand, so degrees are passed through.

All functions take degrees, longitude first, as numbers or arrays, and work everywhere: whether a place is in
China is for the caller to know (by the county's outline; a box would shift Hong Kong and Seoul).

References
----------
Constants as published in PRCoords and the other open implementations; there is no official text.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely import GeometryCollection, LineString, MultiLineString, MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from gridgis.errors import InputError

Floats = NDArray[np.float64]
Shift = Callable[[ArrayLike, ArrayLike], tuple[Floats, Floats]]
Measure = Callable[[Floats, Floats], Floats]

_A = 6378245.0
_E2 = 0.00669342162296594323
_BD = np.pi * 3000.0 / 180.0
_TOLERANCE_DEG = 1e-12
"""About 0.1 micrometre on the ground."""
_ROUNDS = 30


def wgs84_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Shift WGS84 degrees to GCJ-02.

    Parameters
    ----------
    lon, lat
        Degrees; numbers or arrays of one shape.

    Returns
    -------
    tuple of ndarray
        Longitude and latitude in GCJ-02.

    Examples
    --------
    >>> lon, lat = wgs84_to_gcj02(116.404, 39.915)
    >>> round(float(lon), 5), round(float(lat), 5)
    (116.41024, 39.9164)
    """
    x, y = np.asarray(lon, float), np.asarray(lat, float)
    u, v = x - 105.0, y - 35.0
    root = np.sqrt(np.abs(u))
    ripple = _sines(u, (6.0, 20.0), (2.0, 20.0))
    north = -100.0 + 2.0 * u + 3.0 * v + 0.2 * v * v + 0.1 * u * v + 0.2 * root
    north = north + ripple + _sines(v, (1.0, 20.0), (1 / 3, 40.0), (1 / 12, 160.0), (1 / 30, 320.0))
    east = 300.0 + u + 2.0 * v + 0.1 * u * u + 0.1 * u * v + 0.1 * root
    east = east + ripple + _sines(u, (1.0, 20.0), (1 / 3, 40.0), (1 / 12, 150.0), (1 / 30, 300.0))
    rad = np.radians(y)
    w = 1.0 - _E2 * np.sin(rad) ** 2
    meridian = _A * (1.0 - _E2) / (w * np.sqrt(w))
    parallel = _A / np.sqrt(w) * np.cos(rad)
    return x + np.degrees(east / parallel), y + np.degrees(north / meridian)


def _sines(t: Floats, *waves: tuple[float, float]) -> Floats:
    total = np.zeros_like(t)
    for frequency, metres in waves:
        total = total + metres * np.sin(t * frequency * np.pi)
    return total * 2.0 / 3.0


def gcj02_to_bd09(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Shift GCJ-02 degrees to BD-09.

    Parameters
    ----------
    lon, lat
        Degrees; numbers or arrays of one shape.

    Returns
    -------
    tuple of ndarray
        Longitude and latitude in BD-09.
    """
    x, y = np.asarray(lon, float), np.asarray(lat, float)
    radius = np.hypot(x, y) + 0.00002 * np.sin(y * _BD)
    angle = np.arctan2(y, x) + 0.000003 * np.cos(x * _BD)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def wgs84_to_bd09(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Shift WGS84 degrees to BD-09.

    Parameters
    ----------
    lon, lat
        Degrees; numbers or arrays of one shape.

    Returns
    -------
    tuple of ndarray
        Longitude and latitude in BD-09.
    """
    return gcj02_to_bd09(*wgs84_to_gcj02(lon, lat))


def gcj02_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Shift GCJ-02 degrees back to WGS84, exact to under a micrometre.

    Parameters
    ----------
    lon, lat
        Degrees; numbers or arrays of one shape.

    Returns
    -------
    tuple of ndarray
        Longitude and latitude in WGS84.
    """
    return _invert(wgs84_to_gcj02, lon, lat)


def bd09_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Shift BD-09 degrees back to GCJ-02, exact to under a micrometre.

    Parameters
    ----------
    lon, lat
        Degrees; numbers or arrays of one shape.

    Returns
    -------
    tuple of ndarray
        Longitude and latitude in GCJ-02.
    """
    return _invert(gcj02_to_bd09, lon, lat)


def bd09_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Shift BD-09 degrees back to WGS84, exact to under a micrometre.

    Parameters
    ----------
    lon, lat
        Degrees; numbers or arrays of one shape.

    Returns
    -------
    tuple of ndarray
        Longitude and latitude in WGS84.
    """
    return gcj02_to_wgs84(*bd09_to_gcj02(lon, lat))


def _invert(forward: Shift, lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    goal_x, goal_y = np.asarray(lon, float), np.asarray(lat, float)
    x, y = goal_x, goal_y
    for _ in range(_ROUNDS):
        got_x, got_y = forward(x, y)
        off_x, off_y = got_x - goal_x, got_y - goal_y
        x, y = x - off_x, y - off_y
        # Written so that NaN (an empty point) ends the loop as well.
        if not (np.abs(off_x) > _TOLERANCE_DEG).any() and not (np.abs(off_y) > _TOLERANCE_DEG).any():
            break
    return x, y


def _same(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    return np.asarray(lon, float), np.asarray(lat, float)


_FROM_WGS84: MappingProxyType[str, Shift] = MappingProxyType(
    {"wgs84": _same, "cgcs2000": _same, "gcj02": wgs84_to_gcj02, "bd09": wgs84_to_bd09}
)
_TO_WGS84: MappingProxyType[str, Shift] = MappingProxyType(
    {"wgs84": _same, "cgcs2000": _same, "gcj02": gcj02_to_wgs84, "bd09": bd09_to_wgs84}
)
DATUMS: MappingProxyType[str, tuple[str, str]] = MappingProxyType(
    {
        "wgs84": ("WGS84 坐标", "WGS84"),
        "cgcs2000": ("2000 国家大地坐标系", "CGCS2000"),
        "gcj02": ("GCJ-02（高德、腾讯）", "GCJ-02 (AMap, Tencent)"),
        "bd09": ("BD-09（百度）", "BD-09 (Baidu)"),
    }
)
"""The datums by key, with their names in Chinese and English."""


def shift(lon: ArrayLike, lat: ArrayLike, source: str, target: str) -> tuple[Floats, Floats]:
    """Carry degrees from one datum to another.

    Parameters
    ----------
    lon, lat
        Degrees; numbers or arrays of one shape.
    source, target
        Keys of `DATUMS`.

    Returns
    -------
    tuple of ndarray
        Longitude and latitude in `target`.

    Raises
    ------
    InputError
        A datum is not known.
    """
    check_datum(source)
    check_datum(target)
    if _FROM_WGS84[source] is _FROM_WGS84[target]:
        return _same(lon, lat)
    if (source, target) == ("bd09", "gcj02"):
        return bd09_to_gcj02(lon, lat)
    if (source, target) == ("gcj02", "bd09"):
        return gcj02_to_bd09(lon, lat)
    return _FROM_WGS84[target](*_TO_WGS84[source](lon, lat))


def check_datum(datum: str) -> None:
    """Raise unless `datum` is a key of `DATUMS`.

    Parameters
    ----------
    datum
        Key to look up.

    Raises
    ------
    InputError
        The datum is not known; the message lists those that are.
    """
    if datum not in DATUMS:
        known = "、".join(DATUMS)
        raise InputError(
            f"不认识坐标基准“{datum}”：可用的有 {known}。",
            f"The datum '{datum}' is not known: use one of {', '.join(DATUMS)}.",
        )


def is_shifted(datum: str) -> bool:
    """Tell whether `datum` bends straight lines, so that long edges need extra vertices.

    Parameters
    ----------
    datum
        Key of `DATUMS`.
    """
    check_datum(datum)
    return _FROM_WGS84[datum] is not _same


def shift_geometries(
    geometries: NDArray[np.object_], source: str, target: str, *, longest_m: float | None = 200.0
) -> NDArray[np.object_]:
    """Carry lon-lat geometries from one datum to another.

    Parameters
    ----------
    geometries
        Shapely geometries in degrees, longitude first.
    source, target
        Keys of `DATUMS`.
    longest_m
        Edges longer than this are given extra vertices first, because the shift bends them by up to 3 m on
        5 km; None leaves the vertices as they are. The same edge gets the same vertices in every polygon
        that has it, whichever way round it is drawn, so neighbours stay matched.

    Returns
    -------
    ndarray
        The geometries in `target`; the same objects where nothing changes.
    """
    check_datum(source)
    check_datum(target)
    if _FROM_WGS84[source] is _FROM_WGS84[target]:
        return geometries
    if longest_m is not None:
        geometries = densify(geometries, longest_m)

    def moved(xy: Floats) -> Floats:
        return np.column_stack(shift(xy[:, 0], xy[:, 1], source, target))

    return np.asarray(shapely.transform(geometries, moved), object)


def densify(geometries: NDArray[np.object_], longest_m: float, *, degrees: bool = True) -> NDArray[np.object_]:
    """Give lines and polygons extra vertices until no edge is longer than `longest_m`.

    Parameters
    ----------
    geometries
        Shapely geometries.
    longest_m
        Length in metres that no edge may exceed.
    degrees
        Whether coordinates are longitude and latitude (lengths are taken on a sphere) or metres.

    Returns
    -------
    ndarray
        New geometries. The vertices of an edge depend on its two ends alone, to the last bit: neighbours that
        shared an edge share all its parts.
    """
    measure = _metres_of_degrees if degrees else _metres
    return np.asarray([_densified(g, longest_m, measure) for g in geometries], object)


def _densified(geometry: BaseGeometry | None, longest_m: float, measure: Measure) -> BaseGeometry | None:
    if geometry is None or geometry.is_empty:
        return geometry
    if isinstance(geometry, Polygon):
        rings = (geometry.exterior, *geometry.interiors)
        shell, *holes = (_cut_edges(shapely.get_coordinates(r), longest_m, measure) for r in rings)
        return Polygon(shell, holes)
    if isinstance(geometry, LineString):
        return type(geometry)(_cut_edges(shapely.get_coordinates(geometry), longest_m, measure))
    if isinstance(geometry, (MultiPolygon, MultiLineString, GeometryCollection)):
        parts: list[Any] = [_densified(part, longest_m, measure) for part in geometry.geoms]
        return type(geometry)(parts)
    return geometry


def _metres(start: Floats, end: Floats) -> Floats:
    return np.asarray(np.hypot(*(end - start).T))


def _metres_of_degrees(start: Floats, end: Floats) -> Floats:
    shrink = np.cos(np.radians((start[:, 1] + end[:, 1]) / 2.0))
    return np.asarray(np.radians(np.hypot((end[:, 0] - start[:, 0]) * shrink, end[:, 1] - start[:, 1])) * 6371008.8)


def _cut_edges(xy: Floats, longest_m: float, measure: Measure) -> Floats:
    start, end = xy[:-1], xy[1:]
    pieces = np.maximum(1, np.ceil(measure(start, end) / longest_m)).astype(np.int64)
    if not (pieces > 1).any():
        return xy
    # Always from the lesser end to the greater, so that both neighbours compute the same numbers.
    turned = (start[:, 0] > end[:, 0]) | ((start[:, 0] == end[:, 0]) & (start[:, 1] > end[:, 1]))
    low, high = np.where(turned[:, None], end, start), np.where(turned[:, None], start, end)
    edge = np.repeat(np.arange(len(start)), pieces)
    step = np.arange(len(edge)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    count = pieces[edge]
    rank = np.where(turned[edge], count - step, step)
    points = low[edge] + (high - low)[edge] * (rank / count)[:, None]
    points[step == 0] = start
    return np.vstack([points, xy[-1:]])
