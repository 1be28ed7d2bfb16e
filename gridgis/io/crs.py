"""Coordinate systems told by their numbers: degrees, Gauss-Krueger with or without zone, swapped axes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pyproj
import shapely
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
    zone = _zone(x0, x1)
    if 25 <= zone <= 45:
        epsg = 4513 + zone - 25
        return (
            f"坐标像 CGCS2000 三度带第 {zone} 带、带带号（EPSG:{epsg}）",
            f"its numbers look like CGCS2000 3-degree zone {zone} with the zone in front (EPSG:{epsg})",
        )
    if 13 <= zone <= 23:
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


def _zone(x0: float, x1: float) -> int:
    """Return the zone number in front of eastings, 0 for none: 13,030,000 is web Mercator, far from any zone's middle."""
    zone = int(x0 // 1_000_000)
    return zone if x0 - zone * 1e6 >= 100_000 and x1 - zone * 1e6 <= 900_000 else 0


class Near(NamedTuple):
    """The county that a file is meant for: its outline and CRS."""

    outline: Any
    epsg: int


class Sensed(NamedTuple):
    """A system told by where it puts the numbers.

    Parameters
    ----------
    crs
        The system.
    turned
        True where x and y must be swapped first.
    share
        Share of the vertices that it puts into the county.
    rival
        Another system that puts them there as well, but elsewhere.
    choices
        Each system that puts as many there, with the share and the longitude and latitude of their middle.
    """

    crs: pyproj.CRS
    turned: bool
    share: float
    rival: str | None
    choices: tuple[dict[str, Any], ...] = ()


_SLACK_M = 1500.0
"""Shifted datums stray so far."""
_ENOUGH = 0.9
_SAMPLE = 2000
_SAME_M = 5.0
_FOOT_M = 0.3048


def sense(geometry: NDArray[np.object_], near: Near) -> Sensed | None:
    """Find the system that puts coordinates into the county that they are meant for.

    Parameters
    ----------
    geometry
        Geometries, None among them.
    near
        The county.

    Returns
    -------
    Sensed or None
        None where no system puts at least nine tenths of the vertices there. Of several, the one that puts most
        there; another that puts as many there is named as its rival.
    """
    xy = shapely.get_coordinates(geometry)
    xy = xy[:: max(1, len(xy) // _SAMPLE)]
    if not len(xy) or not np.isfinite(xy).all():
        return None
    ground = shapely.buffer(near.outline, _SLACK_M)
    shapely.prepare(ground)
    to_degrees = pyproj.Transformer.from_crs(near.epsg, 4490, always_xy=True)
    lon = to_degrees.transform(*shapely.get_coordinates(shapely.centroid(near.outline))[0])[0]
    found: list[tuple[float, pyproj.CRS, bool, NDArray[np.float64]]] = []
    for turned in (False, True):
        points = xy[:, ::-1] if turned else xy
        for crs in map(pyproj.CRS.from_user_input, _candidates(points, lon)):
            to_county = pyproj.Transformer.from_crs(crs, near.epsg, always_xy=True)
            at = np.column_stack(to_county.transform(*points.T))
            share = float(np.mean(shapely.intersects_xy(ground, *np.nan_to_num(at, posinf=0.0, neginf=0.0).T)))
            if share >= _ENOUGH:
                found.append((share, crs, turned, at))
    if not found:
        return None
    share, crs, turned, at = max(found, key=lambda f: f[0])
    apart = [(crs, at)]
    for s, c, _, a in found:
        if s == share and all(float(np.abs(a - b).max()) > _SAME_M for _, b in apart):
            apart.append((c, a))
    if len(apart) == 1:
        return Sensed(crs, turned, share, None)
    middles = [to_degrees.transform(*(a.min(axis=0) + a.max(axis=0)) / 2) for _, a in apart]
    choices = [{"crs": _passed(c), "name": label_of(c), "share": round(share, 4), "lon": round(float(x), 6), "lat": round(float(y), 6)}
               for (c, _), (x, y) in zip(apart, middles, strict=True)]  # fmt: skip
    return Sensed(crs, turned, share, label_of(apart[1][0]), tuple(choices))


def _passed(crs: pyproj.CRS) -> str:
    """Return a system as it is written after ``--crs``."""
    authority = crs.to_authority()
    return ":".join(authority) if authority else str(crs.srs)


def _candidates(xy: NDArray[np.float64], lon: float) -> Iterator[str]:
    """Name the systems that such numbers may be of around a longitude, the commoner ones first."""
    (x0, y0), (x1, y1) = xy.min(axis=0), xy.max(axis=0)
    middle = 3 * round(lon / 3)
    if _degrees(x0, x1, y0, y1):
        yield "EPSG:4490"
    elif _northing(y0, y1):
        zone = _zone(x0, x1)
        if 25 <= zone <= 45:
            yield f"EPSG:{4513 + zone - 25}"
        elif 13 <= zone <= 23:
            yield f"EPSG:{4491 + zone - 13}"
        # Six-degree zones without their number are those of three degrees with the same meridian.
        for meridian in (middle, middle - 3, middle + 3):
            if 75 <= meridian <= 135:
                yield f"EPSG:{4534 + (meridian - 75) // 3}"
        yield f"EPSG:{32601 + int((lon + 180) // 6)}"
    if x0 >= 8_000_000 and x1 <= 15_200_000:
        yield "EPSG:3857"
    if _northing(y0 * _FOOT_M, y1 * _FOOT_M):
        for meridian in (middle, middle - 3, middle + 3):
            yield f"+proj=tmerc +lat_0=0 +lon_0={meridian} +k=1 +x_0=500000 +y_0=0 +ellps=GRS80 +units=ft +type=crs"


def sensed_words(sensed: Sensed, stated: str | None) -> Words:
    """Say which system was taken and why, half a sentence each.

    Parameters
    ----------
    sensed
        The system.
    stated
        What the file says, None where it says nothing.
    """
    label = label_of(sensed.crs)
    zh = "文件没有坐标系" if stated is None else f"文件声明的坐标系 {stated} 与坐标数值不符"
    en = (
        "the file states no coordinate system"
        if stated is None
        else f"its numbers are not of {stated}, as the file says"
    )
    turned = ("，x、y 已交换", ", x and y swapped") if sensed.turned else ("", "")
    feet = sensed.crs.axis_info[0].unit_name == "foot"
    unit = ("，单位是英尺", ", in feet") if feet else ("", "")
    return (
        f"{zh}：按 {label}{unit[0]}{turned[0]}，{sensed.share:.0%} 的坐标落在本县，已按此读取；如不对请用 --crs 指定",
        f"{en}: {label}{unit[1]}{turned[1]} puts {sensed.share:.0%} of its coordinates into the county and was taken; "
        "--crs names another",
    )


def label_of(crs: pyproj.CRS) -> str:
    """Return a system as people name it.

    Parameters
    ----------
    crs
        The system.
    """
    authority = crs.to_authority()
    if authority is None:
        return str(crs.srs)
    return ":".join(authority) if crs.is_geographic else f"{':'.join(authority)} ({crs.name})"


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
