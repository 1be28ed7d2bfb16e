"""Bringing a county of an older version up to date: a copy first where it is a file, then one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import Connection, text
from sqlalchemy.exc import DatabaseError

from gridgis.errors import StoreError
from gridgis.schema import SCHEMA_VERSION, TABLES
from gridgis.store import geopackage, postgis
from gridgis.store.draft_tables import DRAFT_TABLES
from gridgis.store.tables import metadata


def _people_and_nets(connection: Connection, epsg: int) -> None:
    """Version 2: registers of people and bodies, foreign nets, and bridges among the roads."""
    _add_columns(connection, "roads", "layer")
    # Version 1 made this table and never wrote to it.
    connection.exec_driver_sql("DROP TABLE exceptions")
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("DELETE FROM gpkg_contents WHERE table_name = 'exceptions'")
    add_tables(connection, epsg, "nets", "exceptions", "staff", "organisations", "postings", "visits")
    _drafts(connection, epsg)


def _loop_and_sources(connection: Connection, epsg: int) -> None:
    """Version 3: what a source says beyond our columns, the steps and photos of incidents, tracks, population and rasters."""
    for table in ("buildings", "roads", "water", "places", "incidents"):
        _add_columns(connection, table, "address", "note", "photo", "extra")
    add_tables(connection, epsg, "incident_steps", "photos", "tracks", "population", "rasters")


def _add_columns(connection: Connection, table: str, *names: str) -> None:
    """Add those of the named columns that the table has today."""
    columns = [c for c in TABLES[table] if c.name in names]
    for column in columns:
        kind = {"text": "TEXT", "int": "BIGINT", "real": "DOUBLE PRECISION"}[column.kind]
        connection.exec_driver_sql(f'ALTER TABLE "{table}" ADD COLUMN "{column.name}" {kind}')
    if connection.dialect.name == "sqlite":
        geopackage.name_columns(connection, table, columns)


def add_tables(connection: Connection, epsg: int, *tables: str) -> None:
    """Create tables of `gridgis.schema.TABLES`, with what each kind of store keeps beside them."""
    for table in tables:
        metadata(epsg).tables[table].create(connection)
        if connection.dialect.name == "sqlite":
            geopackage.register_table(connection, table, epsg)
        else:
            postgis.dress_table(connection, table)


def _drafts(connection: Connection, epsg: int) -> None:
    """Version 2 as well: drafts, approvals, published versions."""
    for table in DRAFT_TABLES:
        metadata(epsg).tables[table].create(connection)
    if connection.dialect.name == "sqlite":
        geopackage.register_plain(connection, DRAFT_TABLES)


STEPS: Mapping[int, Callable[[Connection, int], None]] = {1: _people_and_nets, 2: _loop_and_sources}
"""What leads from each version of the schema to the next."""


def schema_version(meta: Mapping[str, str]) -> int:
    """Return the version of the schema that a county file was written with."""
    return int(meta.get("schema_version", "1"))


def require_known(name: str, version: int) -> None:
    """Refuse a file that a newer GridGIS has written.

    Raises
    ------
    StoreError
        The file is newer than this program.
    """
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"“{name}”由更新版本的 GridGIS 写成（数据结构 {version}，本程序支持到 {SCHEMA_VERSION}）：请升级后再打开。",
            f"'{name}' was written by a newer GridGIS (schema {version}; this program knows up to {SCHEMA_VERSION}): "
            "upgrade to open it.",
        )


def migrate(connection: Connection, name: str, epsg: int) -> None:
    """Carry out every step that is still due, inside the transaction of the connection.

    Raises
    ------
    StoreError
        A step failed; the transaction is to be rolled back.
    """
    # Asked again inside the transaction: another process may have been first.
    found = connection.execute(text("SELECT value FROM meta WHERE key = 'schema_version'")).scalar()
    try:
        for version in range(int(found or 1), SCHEMA_VERSION):
            STEPS[version](connection, epsg)
    except DatabaseError as error:
        raise StoreError(
            f"“{name}”无法升级到新的数据结构：{error.orig}。文件未改动；请检查磁盘空间与权限。",
            f"'{name}' cannot be brought up to date: {error.orig}. It is unchanged; check disk space and permissions.",
        ) from error
    connection.execute(text("DELETE FROM meta WHERE key = 'schema_version'"))
    connection.execute(
        text("INSERT INTO meta (key, value) VALUES ('schema_version', :value)"), {"value": str(SCHEMA_VERSION)}
    )
