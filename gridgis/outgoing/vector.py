"""GeoJSON, GeoPackage, FlatGeobuf, GeoParquet and KML."""

from __future__ import annotations

import sqlite3
import warnings
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import numpy as np
import pyogrio
import shapely

from gridgis.io.geojson import collection
from gridgis.outgoing.layer import Layer

_TABLES = (
    "CREATE TABLE layer_styles (id INTEGER PRIMARY KEY AUTOINCREMENT, f_table_catalog TEXT, f_table_schema TEXT,"
    " f_table_name TEXT, f_geometry_column TEXT, styleName TEXT, styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN,"
    " description TEXT, owner TEXT, ui TEXT, update_time DATETIME DEFAULT CURRENT_TIMESTAMP)",
    "INSERT INTO gpkg_contents(table_name, data_type, identifier) VALUES ('layer_styles', 'attributes', 'layer_styles')",
    "CREATE TABLE IF NOT EXISTS gpkg_data_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT,"
    " title TEXT, description TEXT, mime_type TEXT, constraint_name TEXT, PRIMARY KEY (table_name, column_name))",
    "CREATE TABLE IF NOT EXISTS gpkg_data_column_constraints (constraint_name TEXT NOT NULL, constraint_type TEXT NOT"
    " NULL, value TEXT, min NUMERIC, min_is_inclusive BOOLEAN, max NUMERIC, max_is_inclusive BOOLEAN, description TEXT)",
    "INSERT INTO gpkg_extensions VALUES ('gpkg_data_columns', NULL, 'gpkg_schema',"
    " 'http://www.geopackage.org/spec121/#extension_schema', 'read-write')",
    "INSERT INTO gpkg_extensions VALUES ('gpkg_data_column_constraints', NULL, 'gpkg_schema',"
    " 'http://www.geopackage.org/spec121/#extension_schema', 'read-write')",
)


def write_geojson(layer: Layer, path: Path) -> None:
    """Write GeoJSON (RFC 7946)."""
    path.write_text(
        collection(layer.frame, datum=layer.datum, meta=layer.meta, key=layer.key), encoding="utf-8", newline="\n"
    )


def write_geopackage(layers: list[Layer], path: Path) -> None:
    """Write a GeoPackage for exchange: a plain layer each, with Chinese aliases and a style for QGIS."""
    for layer in layers:
        _write(layer, path, "GPKG", append=path.exists(), layer=layer.name, VERSION="1.3")
    # A file of our own making under a temporary name; nobody else has it open.
    db = sqlite3.connect(path)
    try:
        with db:
            for statement in _TABLES:
                db.execute(statement)
            for layer in layers:
                db.execute(
                    "INSERT INTO layer_styles(f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName,"
                    " styleQML, styleSLD, useAsDefault, description) VALUES ('', '', ?, 'geom', ?, ?, '', 1, ?)",
                    (layer.name, layer.title, _qml(layer), layer.title),
                )
                db.executemany(
                    "INSERT OR REPLACE INTO gpkg_data_columns(table_name, column_name, name, title) VALUES (?, ?, ?, ?)",
                    [(layer.name, f.name, f.name, f.zh) for f in layer.fields],
                )
    finally:
        db.close()


def write_flatgeobuf(layer: Layer, path: Path) -> None:
    """Write FlatGeobuf with its spatial index."""
    _write(layer, path, "FlatGeobuf", layer=layer.name)


def write_geoparquet(layer: Layer, path: Path) -> None:
    """Write GeoParquet 1.1 with a bounding box for each row."""
    frame = layer.features()
    frame.to_parquet(path, index=False, schema_version="1.1.0", write_covering_bbox=True, compression="zstd")


def write_kml(layer: Layer, path: Path) -> None:
    """Write KML: the name of a grid is that of its placemark, every column a field of it."""
    frame = layer.features()
    # KML knows no integers of 64 bits and would make text of them.
    narrow = {f.name: "Int32" for f in layer.fields if f.kind == "int"}
    _write(layer, path, "LIBKML", frame=frame.astype(narrow), layer=layer.name)


def _write(given: Layer, path: Path, driver: str, *, frame: Any = None, **options: Any) -> None:
    with warnings.catch_warnings():
        # No CRS for GCJ-02 and BD-09 is on purpose.
        warnings.filterwarnings("ignore", message=".*crs.*", category=UserWarning)
        rows = given.features() if frame is None else frame
        pyogrio.write_dataframe(rows, path, driver=driver, promote_to_multi=given.multi, **options)


_SYMBOLS = {
    "fill": ("SimpleFill", {"style": "no", "outline_color": "122,74,43,255", "outline_width": "0.3"}),
    "line": ("SimpleLine", {"line_color": "196,178,140,255"}),
    "marker": ("SimpleMarker", {"color": "31,95,174,255"}),
}


def _renderer(layer: Layer) -> str:
    """Return one symbol for all that lies in a layer: polygons as outlines, lines, or points."""
    dimension = max([0, *(int(d) for d in shapely.get_dimensions(np.asarray(layer.frame.geometry.values, object)))])
    kind = ("marker", "line", "fill")[dimension]
    name, options = _SYMBOLS[kind]
    words = "".join(f'<Option name="{k}" value="{v}" type="QString"/>' for k, v in options.items())
    return (
        f'<renderer-v2 type="singleSymbol"><symbols><symbol type="{kind}" name="0" alpha="1">'
        f'<layer class="{name}" enabled="1"><Option type="Map">{words}</Option></layer></symbol></symbols></renderer-v2>'
    )


def _qml(layer: Layer) -> str:
    """Return a QGIS style: Chinese aliases, boundaries as a light outline, names as labels."""
    aliases = "".join(
        f'<alias index="{k + 1}" field={quoteattr(f.name)} name={quoteattr(f.zh)}/>' for k, f in enumerate(layer.fields)
    )
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>"
        '<qgis version="3.28" styleCategories="Symbology|Labeling|Fields" labelsEnabled="1">'
        f"{_renderer(layer)}"
        '<labeling type="simple"><settings><text-style fieldName="name" isExpression="0" fontSize="8"/></settings></labeling>'
        f"<aliases>{aliases}</aliases></qgis>"
    )
