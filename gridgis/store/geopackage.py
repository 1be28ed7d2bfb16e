"""What makes a SQLite file a GeoPackage that a desktop GIS opens: registers, R-trees, aliases, styles."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from xml.sax.saxutils import quoteattr

from pyproj import CRS
from sqlalchemy import Connection

from gridgis.schema import LAYERS, TABLE_ALIASES, TABLES, Column
from gridgis.scheme import Scheme
from gridgis.store.draft_tables import DRAFT_TABLES

APPLICATION_ID = 0x47504B47
INDEXED = tuple(t for t in LAYERS if t != "incidents")
"""Tables with a spatial index; incidents are read by time, and an index would double their cost."""

_NOW = "strftime('%Y-%m-%dT%H:%M:%fZ','now')"

_REGISTERS = (
    f"PRAGMA application_id = {APPLICATION_ID}",
    "PRAGMA user_version = 10300",
    "CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER PRIMARY KEY, organization TEXT NOT NULL,"
    " organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT)",
    "CREATE TABLE gpkg_contents (table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE,"
    f" description TEXT DEFAULT '', last_change DATETIME NOT NULL DEFAULT ({_NOW}), min_x DOUBLE, min_y DOUBLE,"
    " max_x DOUBLE, max_y DOUBLE, srs_id INTEGER REFERENCES gpkg_spatial_ref_sys(srs_id))",
    "CREATE TABLE gpkg_geometry_columns (table_name TEXT NOT NULL UNIQUE REFERENCES gpkg_contents(table_name),"
    " column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL REFERENCES"
    " gpkg_spatial_ref_sys(srs_id), z TINYINT NOT NULL, m TINYINT NOT NULL, PRIMARY KEY (table_name, column_name))",
    "CREATE TABLE gpkg_extensions (table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL, definition TEXT"
    " NOT NULL, scope TEXT NOT NULL, UNIQUE (table_name, column_name, extension_name))",
    "CREATE TABLE gpkg_data_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT,"
    " description TEXT, mime_type TEXT, constraint_name TEXT, PRIMARY KEY (table_name, column_name))",
    "CREATE TABLE gpkg_data_column_constraints (constraint_name TEXT NOT NULL, constraint_type TEXT NOT NULL, value TEXT,"
    " min NUMERIC, min_is_inclusive BOOLEAN, max NUMERIC, max_is_inclusive BOOLEAN, description TEXT)",
    "CREATE TABLE layer_styles (id INTEGER PRIMARY KEY AUTOINCREMENT, f_table_catalog TEXT, f_table_schema TEXT,"
    " f_table_name TEXT, f_geometry_column TEXT, styleName TEXT, styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN,"
    " description TEXT, owner TEXT, ui TEXT, update_time DATETIME DEFAULT CURRENT_TIMESTAMP)",
)


def create_registers(connection: Connection, epsg: int) -> None:
    """Create the tables that the GeoPackage standard asks for."""
    for statement in _REGISTERS:
        connection.exec_driver_sql(statement)
    rows = [
        ("Undefined Cartesian", -1, "NONE", -1, "undefined"),
        ("Undefined geographic", 0, "NONE", 0, "undefined"),
        *((CRS(code).name, code, "EPSG", code, CRS(code).to_wkt("WKT1_GDAL")) for code in (4326, 4490, epsg)),
    ]
    connection.exec_driver_sql(
        "INSERT INTO gpkg_spatial_ref_sys(srs_name, srs_id, organization, organization_coordsys_id, definition)"
        " VALUES (?, ?, ?, ?, ?)", rows)  # fmt: skip
    for table in ("gpkg_data_columns", "gpkg_data_column_constraints"):
        _extension(connection, table, None, "gpkg_schema", "http://www.geopackage.org/spec/#extension_schema")


def _extension(connection: Connection, table: str, column: str | None, name: str, definition: str) -> None:
    connection.exec_driver_sql(
        "INSERT INTO gpkg_extensions VALUES (?, ?, ?, ?, 'read-write')", (table, column, name, definition)
    )


def register_layers(connection: Connection, scheme: Scheme, epsg: int) -> None:
    """Register every table and view as a layer, with Chinese aliases and a default style."""
    for table in TABLES:
        register_table(connection, table, epsg)
    register_views(connection, scheme, epsg)
    register_plain(connection, ("edits", "code_ledger", "meta", *DRAFT_TABLES))


def register_plain(connection: Connection, tables: Iterable[str]) -> None:
    """Register tables of attributes that have no aliases."""
    for table in tables:
        connection.exec_driver_sql(
            "INSERT INTO gpkg_contents(table_name, data_type, identifier) VALUES (?, 'attributes', ?)", (table, table)
        )


def register_table(connection: Connection, table: str, epsg: int) -> None:
    """Register one table of a county, as a layer where it has a geometry, else as a table of attributes."""
    if table in LAYERS:
        _register(connection, table, TABLE_ALIASES[table], TABLES[table], epsg)
        if table in INDEXED:
            _rtree(connection, table)
        return
    connection.exec_driver_sql(
        "INSERT INTO gpkg_contents(table_name, data_type, identifier) VALUES (?, 'attributes', ?)",
        (table, f"{TABLE_ALIASES[table]} {table}"),
    )
    name_columns(connection, table, TABLES[table])


def views(scheme: Scheme) -> list[tuple[str, str, str, str]]:
    """Return name, Chinese alias, table and condition of what a planner wants to see in a desktop GIS."""
    levels = [
        (f"grids_{level.key}", level.zh, "grids", f"removed_in IS NULL AND level = '{level.key}'")
        for level in scheme.levels
    ]
    return [("cells_now", "现行基元", "cells", "removed_in IS NULL"), *levels]


def register_views(connection: Connection, scheme: Scheme, epsg: int) -> None:
    """Make one view per level and one of the live cells."""
    for view, alias, table, where in views(scheme):
        names = ", ".join(f'"{c.name}"' for c in TABLES[table])
        connection.exec_driver_sql(
            f'CREATE VIEW "{view}" AS SELECT fid AS OGC_FID, {names} FROM "{table}" WHERE {where}'
        )
        _register(connection, view, alias, TABLES[table], epsg)


def _register(connection: Connection, table: str, alias: str, columns: Iterable[Column], epsg: int) -> None:
    connection.exec_driver_sql(
        "INSERT INTO gpkg_contents(table_name, data_type, identifier, srs_id) VALUES (?, 'features', ?, ?)",
        (table, f"{alias} {table}", epsg),
    )
    connection.exec_driver_sql(
        "INSERT INTO gpkg_geometry_columns VALUES (?, 'geometry', 'GEOMETRY', ?, 0, 0)", (table, epsg)
    )
    name_columns(connection, table, columns)
    connection.exec_driver_sql(
        "INSERT INTO layer_styles(f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName, styleQML,"
        " styleSLD, useAsDefault, description) VALUES ('', '', ?, 'geometry', ?, ?, '', 1, ?)",
        (table, alias, _qml(columns, table), alias),
    )


def name_columns(connection: Connection, table: str, columns: Iterable[Column]) -> None:
    """Write the Chinese aliases of columns where a desktop GIS looks for them."""
    connection.exec_driver_sql(
        "INSERT INTO gpkg_data_columns(table_name, column_name, name, title) VALUES (?, ?, ?, ?)",
        [(table, c.name, f"{table}.{c.name}", c.zh) for c in columns if c.kind != "geometry"],
    )


def _qml(columns: Iterable[Column], table: str) -> str:
    """Return a QGIS style: Chinese aliases, and for polygons a light outline that shows the boundaries."""
    aliases = "".join(
        f'<alias index="{k + 1}" field={quoteattr(c.name)} name={quoteattr(c.zh)}/>'
        for k, c in enumerate(c for c in columns if c.kind != "geometry")
    )
    symbol = {"roads": "line", "places": "marker", "incidents": "marker"}.get(table, "fill")
    layer = {
        "line": ("SimpleLine", '<Option name="line_color" value="196,178,140,255" type="QString"/>'),
        "marker": ("SimpleMarker", '<Option name="color" value="31,95,174,255" type="QString"/>'),
        "fill": (
            "SimpleFill",
            '<Option name="style" value="no" type="QString"/>'
            '<Option name="outline_color" value="122,74,43,255" type="QString"/>'
            '<Option name="outline_width" value="0.3" type="QString"/>',
        ),
    }[symbol]
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>"
        '<qgis version="3.28" styleCategories="Symbology|Fields">'
        f'<renderer-v2 type="singleSymbol"><symbols><symbol type="{symbol}" name="0" alpha="1">'
        f'<layer class="{layer[0]}" enabled="1"><Option type="Map">{layer[1]}</Option></layer>'
        f"</symbol></symbols></renderer-v2><aliases>{aliases}</aliases></qgis>"
    )


def _rtree(connection: Connection, table: str) -> None:
    """Create the spatial index of a table with the triggers of GeoPackage extension `gpkg_rtree_index`."""
    index = f"rtree_{table}_geometry"
    connection.exec_driver_sql(f'CREATE VIRTUAL TABLE "{index}" USING rtree(id, minx, maxx, miny, maxy)')
    _extension(connection, table, "geometry", "gpkg_rtree_index", "http://www.geopackage.org/spec121/#extension_rtree")
    box = "ST_MinX({0}.geometry), ST_MaxX({0}.geometry), ST_MinY({0}.geometry), ST_MaxY({0}.geometry)"
    full = "NEW.geometry NOT NULL AND NOT ST_IsEmpty(NEW.geometry)"
    put = f'INSERT OR REPLACE INTO "{index}" VALUES (NEW.fid, {box.format("NEW")});'
    drop = f'DELETE FROM "{index}" WHERE id = OLD.fid;'
    triggers = {
        "insert": f'AFTER INSERT ON "{table}" WHEN ({full}) BEGIN {put} END',
        "update1": f'AFTER UPDATE OF geometry ON "{table}" WHEN OLD.fid = NEW.fid AND ({full}) BEGIN {put} END',
        "update2": f'AFTER UPDATE OF geometry ON "{table}" WHEN OLD.fid = NEW.fid AND (NEW.geometry ISNULL OR'
        f" ST_IsEmpty(NEW.geometry)) BEGIN {drop} END",
        "delete": f'AFTER DELETE ON "{table}" WHEN OLD.geometry NOT NULL BEGIN {drop} END',
    }
    for name, body in triggers.items():
        connection.exec_driver_sql(f'CREATE TRIGGER "{index}_{name}" {body}')


def update_extents(connection: Connection) -> None:
    """Write the extent of each layer where a desktop GIS looks for it."""
    for table in INDEXED:
        box: Any = connection.exec_driver_sql(
            f'SELECT min(minx), min(miny), max(maxx), max(maxy) FROM "rtree_{table}_geometry"'
        ).one()
        connection.exec_driver_sql(
            "UPDATE gpkg_contents SET min_x = ?, min_y = ?, max_x = ?, max_y = ? WHERE table_name = ? OR table_name IN"
            " (SELECT name FROM sqlite_master WHERE type = 'view' AND name LIKE ?)", (*box, table, f"{table}_%"))  # fmt: skip
