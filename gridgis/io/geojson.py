"""Grids out as GeoJSON (RFC 7946) in a datum of choice, and back again without losing a millimetre.

RFC 7946 recommends 7 decimals, which is 11 mm: a vertex of the 1 mm lattice would come back up to 6 mm off
its place, and an export read into a second county would differ in every grid. 8 decimals err by up to 0.6 mm,
still more than the half millimetre that rounding forgives; 9 decimals err by 0.06 mm and give every vertex
back. So 9 is the default; with fewer, neighbours still share their rounded vertices, and where rounding would
fold a grid over itself one more decimal is written. GCJ-02 and BD-09 bend straight edges; long ones get
vertices in between, which come back within a millimetre of the old edge.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from gridgis.cleaning.noding import Geometries
from gridgis.datums import check_datum, densify, is_shifted, shift_geometries
from gridgis.errors import InputError

EXACT_DECIMALS = 9
_BENT_EDGE_M = 200.0

Floats = NDArray[np.float64]


def grids_to_geojson(
    frame: gpd.GeoDataFrame,
    *,
    epsg: int,
    datum: str = "wgs84",
    meta: Mapping[str, Any] | None = None,
    decimals: int = EXACT_DECIMALS,
) -> str:
    """Return grids as the text of a GeoJSON FeatureCollection.

    Parameters
    ----------
    frame
        Grids in the county's CRS, index ``code``; the other columns become properties.
    epsg
        The county's CRS.
    datum
        Datum of the coordinates. GCJ-02 and BD-09 bend long edges, which get vertices in between.
    meta
        Further top-level members, such as county, version, illustrative.
    decimals
        Digits behind the point of a degree.

    Returns
    -------
    str
        RFC 7946: longitude first, exterior rings counter-clockwise, no ``crs``, ``bbox``, ``id`` and property
        ``code`` as text, and a member ``datum``.

    Raises
    ------
    InputError
        The datum is not known, or the decimals are not between 5 and 15.
    """
    check_datum(datum)
    if not 5 <= decimals <= 15:
        raise InputError(
            f"小数位数 {decimals} 不合适：请取 5 至 15。", f"{decimals} decimals make no sense: take 5 to 15."
        )
    geometries = np.asarray(frame.geometry.values, object)
    rounded = in_datum(geometries, epsg=epsg, datum=datum, decimals=decimals)
    return collection(frame.set_geometry(rounded), datum=datum, meta=meta)


def in_datum(geometries: Geometries, *, epsg: int, datum: str, decimals: int = EXACT_DECIMALS) -> Geometries:
    """Return geometries of the county's CRS in degrees of a datum, rounded; neighbours keep their shared vertices.

    Parameters
    ----------
    geometries
        Shapely geometries in the county's CRS.
    epsg
        The county's CRS.
    datum
        Datum of the degrees; GCJ-02 and BD-09 bend long edges, which get vertices in between.
    decimals
        Digits behind the point of a degree; more where fewer would break a polygon.
    """
    if is_shifted(datum):
        # In metres, where the county's edges are straight.
        geometries = densify(geometries, _BENT_EDGE_M, degrees=False)
    degrees = shift_geometries(_degrees(geometries, epsg), "wgs84", datum, longest_m=None)
    return _rounded(degrees, decimals)


def collection(frame: gpd.GeoDataFrame, *, datum: str, meta: Mapping[str, Any] | None = None, key: str = "code") -> str:
    """Return grids that are in degrees already as the text of a GeoJSON FeatureCollection.

    Parameters
    ----------
    frame
        Grids in degrees, longitude first, index ``code``; the other columns become properties.
    datum
        Datum of the degrees.
    meta
        Further top-level members.
    key
        What the index is called among the properties.
    """
    rounded = np.asarray(frame.geometry.values, object)
    texts = shapely.to_geojson(shapely.orient_polygons(rounded, exterior_cw=False))
    codes = [str(c) for c in frame.index]
    rows = _properties(frame, key)
    features = [
        f'{{"type":"Feature","id":{json.dumps(code)},"properties":{row},"geometry":{text}}}'
        for code, row, text in zip(codes, rows, texts, strict=True)
    ]
    members: dict[str, Any] = {"type": "FeatureCollection", "datum": datum, **dict(meta or {})}
    if len(rounded):
        members["bbox"] = [float(v) for v in shapely.total_bounds(rounded)]
    head = json.dumps(members, ensure_ascii=False, separators=(",", ":"))[:-1]
    return head + ',"features":[\n' + ",\n".join(features) + "\n]}\n"


def write_geojson(text: str, path: str | Path) -> Path:
    """Write text to a file that appears only when it is complete.

    Parameters
    ----------
    text
        What to write.
    path
        File to make or replace.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        The folder is not there or cannot be written.
    """
    path = Path(path)
    try:
        handle, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(draft, 0o644)  # noqa: PTH101 -- mkstemp makes it private
            Path(draft).replace(path)
        finally:
            Path(draft).unlink(missing_ok=True)
    except OSError as error:
        raise InputError(
            f"无法写入“{path}”：请检查文件夹是否存在、是否可写。",
            f"'{path}' cannot be written: check that the folder is there and may be written to.",
        ) from error
    return path


def _degrees(geometries: Geometries, epsg: int) -> Geometries:
    """Return geometries in WGS84; equal vertices give equal degrees to the last bit."""
    transformer = pyproj.Transformer.from_crs(epsg, 4490, always_xy=True)

    def moved(xy: Floats) -> Floats:
        points, back = np.unique(xy, axis=0, return_inverse=True)
        lon, lat = transformer.transform(points[:, 0], points[:, 1])
        return np.column_stack([lon, lat])[back.ravel()]

    return np.asarray(shapely.transform(geometries, moved), object)


def _rounded(geometries: Geometries, decimals: int) -> Geometries:
    """Round all vertices alike, with more decimals where fewer would break a polygon or the coverage."""
    while True:
        coordinates = np.round(shapely.get_coordinates(geometries), decimals)
        moved = shapely.set_coordinates(geometries.copy(), coordinates)
        result = np.asarray(shapely.remove_repeated_points(moved, 0.0), object)
        if decimals >= EXACT_DECIMALS or _is_coverage(result):
            return result
        decimals += 1


def _is_coverage(geometries: Geometries) -> bool:
    return bool(shapely.is_valid(geometries).all()) and bool(shapely.coverage_is_valid(geometries))


def _properties(frame: gpd.GeoDataFrame, key: str) -> list[str]:
    table = pd.DataFrame(frame.drop(columns=frame.geometry.name))
    table = table.drop(columns=[c for c in (key,) if c in table.columns])
    columns = [str(c) for c in table.columns]
    rows = zip(*(table[c].tolist() for c in table.columns), strict=True) if columns else ((),) * len(table)
    return [
        json.dumps(
            {key: str(code), **{c: _plain(v) for c, v in zip(columns, row, strict=True)}},
            ensure_ascii=False,
            separators=(",", ":"),
        )
        for code, row in zip(frame.index, rows, strict=True)
    ]


def _plain(value: Any) -> Any:
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, np.generic):
        return _plain(value.item())
    return str(value)
