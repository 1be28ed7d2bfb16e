"""What every writer is given: grids in degrees of one datum, with columns that say what they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridgis.datums import is_shifted
from gridgis.errors import InputError
from gridgis.io.geojson import EXACT_DECIMALS, in_datum
from gridgis.schema import Column, to_lattice

Geometries = NDArray[np.object_]
EPSG_OF = {"wgs84": 4326, "cgcs2000": 4490}
"""GCJ-02 and BD-09 have no EPSG code: their files name no CRS, so that no program takes them for WGS84."""


@dataclass(frozen=True)
class Field:
    """A column: its kind (``text``, ``int``, ``real``), its words, and the unit of its numbers."""

    name: str
    kind: str
    zh: str
    en: str
    unit: str = ""


KNOWN = {
    f.name: f
    for f in (
        Field("code", "text", "统一编码", "unified code"),
        Field("level", "text", "层级", "level"),
        Field("kind", "text", "类型", "kind"),
        Field("name", "text", "名称", "name"),
        Field("category", "text", "物业形态", "category"),
        Field("class", "text", "难度等级", "class"),
        Field("zone", "text", "分区", "zone"),
        Field("households", "int", "户数", "households", "户 households"),
        Field("persons", "int", "人口", "persons", "人 persons"),
        Field("buildings", "int", "建筑数", "buildings", "栋 buildings"),
        Field("places", "int", "场所数", "places", "处 places"),
        Field("roads", "int", "道路段数", "road sections", "条 sections"),
        Field("incidents", "int", "事件数", "incidents", "件 incidents"),
        Field("area_m2", "real", "面积", "area", "m²"),
        Field("suppressed", "text", "已隐去的数字", "figures withheld"),
    )
}
"""Columns that we name; any other is a column of the county's own register, text."""


@dataclass(frozen=True)
class Layer:
    """Grids ready to be written.

    Attributes
    ----------
    frame
        Index ``code``; degrees, longitude first; every grid one row.
    fields
        The columns in order, ``code`` first.
    datum
        cgcs2000, wgs84, gcj02 or bd09.
    name
        Name of the layer.
    title
        What people call it.
    encoding
        Of a shapefile's table.
    key
        What the index is called as a column.
    meta
        What the file says of itself, where its format has room for it.
    """

    frame: gpd.GeoDataFrame
    fields: tuple[Field, ...]
    datum: str
    name: str
    title: str = ""
    encoding: str = "utf-8"
    key: str = "code"
    meta: dict[str, Any] = field(default_factory=dict)

    def table(self) -> pd.DataFrame:
        """Return the columns without geometry, ``code`` first, numbers as numbers or missing."""
        columns: dict[str, Any] = {self.key: [str(c) for c in self.frame.index]}
        for column in self.fields[1:]:
            values = self.frame[column.name]
            if column.kind == "int":
                columns[column.name] = pd.array(values, dtype="Int64")
            elif column.kind == "real":
                columns[column.name] = values.astype(float).to_numpy()
            else:
                columns[column.name] = pd.Series(
                    [None if v is None or v != v else str(v) for v in values], dtype=object
                )
        return pd.DataFrame(columns)

    def features(self) -> gpd.GeoDataFrame:
        """Return columns and geometry as one frame with its CRS, as GIS formats take it."""
        shapes = np.asarray(self.frame.geometry.values, object)
        return gpd.GeoDataFrame(self.table(), geometry=shapes, crs=EPSG_OF.get(self.datum))

    @property
    def multi(self) -> bool:
        """True where something lies in several parts."""
        return bool((shapely.get_type_id(np.asarray(self.frame.geometry.values, object)) >= 4).any())


def make_layer(frame: gpd.GeoDataFrame, *, epsg: int, datum: str, simplify: float | None = None, **said: Any) -> Layer:
    """Return grids in the datum asked for, simplified if wanted, and still a coverage.

    Parameters
    ----------
    frame
        Grids in the county's CRS, index ``code``.
    epsg
        The county's CRS.
    datum
        Datum of the coordinates to be.
    simplify
        Tolerance in metres; shared edges stay shared and the outline stays as it is.
    **said
        Further attributes of `Layer`.

    Raises
    ------
    InputError
        Simplified or rounded, the grids would overlap or gape.
    """
    shapes = np.asarray(frame.geometry.values, object)
    if simplify:
        shapes = simplified(shapes, simplify)
    degrees = in_datum(shapes, epsg=epsg, datum=datum, decimals=EXACT_DECIMALS)
    if not is_coverage(degrees):
        raise InputError(
            "坐标取整后网格会重叠或破损，未写出文件：请去掉 --simplify 或取更小的值，并用 gridgis check 检查方案。",
            "Rounded, the grids would overlap or break, so nothing was written: leave out --simplify or take less, and "
            "run gridgis check.",
        )
    columns = [c for c in frame.columns if c != frame.geometry.name]
    fields = (KNOWN["code"], *(KNOWN.get(str(c), Field(str(c), "text", str(c), str(c))) for c in columns))
    out = gpd.GeoDataFrame(frame[columns], geometry=degrees, index=frame.index)
    return Layer(out, fields, datum, **said)


def make_elements(frame: gpd.GeoDataFrame, columns: Sequence[Column], *, epsg: int, datum: str, **said: Any) -> Layer:
    """Return elements of the e-map in the datum asked for.

    Parameters
    ----------
    frame
        Elements in the county's CRS, the first of `columns` among its columns.
    columns
        The columns of their table; coordinates and geometry are left to the geometry.
    epsg
        The county's CRS.
    datum
        Datum of the coordinates to be.
    **said
        Further attributes of `Layer`.
    """
    fields = tuple(
        Field(c.name, c.kind, c.zh, c.name) for c in columns if c.kind != "geometry" and c.name not in ("x", "y")
    )
    shapes = np.asarray(frame.geometry.values, object)
    degrees = in_datum(shapes, epsg=epsg, datum=datum, decimals=EXACT_DECIMALS)
    key = fields[0].name
    out = gpd.GeoDataFrame(frame[[f.name for f in fields[1:]]], geometry=degrees).set_index(frame[key].astype(str))
    return Layer(out, fields, datum, key=key, **said)


def simplified(shapes: Geometries, metres: float) -> Geometries:
    """Return the grids of a level with fewer vertices: edges that two share stay shared, the outline stays.

    Raises
    ------
    InputError
        The tolerance is no length, or so large that a grid would vanish.
    """
    if not 0 < metres <= 10_000:
        raise InputError(
            f"化简容差 {metres} 米不合适：请取 0 至 10000 米。",
            f"A tolerance of {metres} m makes no sense: take 0 to 10000.",
        )
    out = np.asarray(shapely.coverage_simplify(shapes, metres, simplify_boundary=False), object)
    out = np.asarray(to_lattice(out), object)
    if not is_coverage(out) or (shapely.area(out) <= 0).any():
        raise InputError(
            f"按 {metres} 米化简会使网格破损：请取更小的值。",
            f"Simplified by {metres} m the grids would break: take less.",
        )
    return out


def is_coverage(shapes: Geometries) -> bool:
    """Return whether polygons are valid, do not overlap, and share the vertices of shared edges."""
    if not len(shapes):
        return True
    return bool(shapely.is_valid(shapes).all()) and bool(shapely.coverage_is_valid(shapes))


def crs_words(datum: str) -> str:
    """Return what the manifest says of the CRS."""
    if is_shifted(datum):
        return f"{datum} (no EPSG code; degrees, longitude first)"
    return f"EPSG:{EPSG_OF[datum]} (degrees, longitude first)"
