"""Making a county: it appears under its name only when it is complete."""

from __future__ import annotations

import os
import sqlite3
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import Connection, insert, select, text
from sqlalchemy.exc import DBAPIError

from gridgis.errors import StoreError
from gridgis.plan import Edit
from gridgis.schema import SCHEMA_VERSION
from gridgis.scheme import Scheme, scheme_from
from gridgis.store import geopackage
from gridgis.store.postgis import PostgisBackend, is_database
from gridgis.store.sql import SqlStore
from gridgis.store.sqlite import SqliteBackend
from gridgis.store.tables import metadata

_BATCH = 20_000
Fill = Callable[[SqlStore, Connection], None]
Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Contents:
    """What a county holds besides its first edit.

    Attributes
    ----------
    tables
        E-map tables by name.
    shapes
        Polygon of each grid.
    """

    tables: Mapping[str, pd.DataFrame]
    shapes: Mapping[str, Any]


def require_free(target: str | Path) -> None:
    """Raise StoreError unless a county can be made under this name."""
    if is_database(target):
        backend = PostgisBackend(str(target))
        try:
            with SqlStore(backend, 0)._reading() as c:
                backend.require_free(c, ["meta"])
        finally:
            backend.close()
        return
    path = Path(target)
    if path.exists():
        raise StoreError(
            f"“{path}”已存在：请换一个文件名，或先移走原文件。",
            f"'{path}' exists already: choose another name or move it.",
        )
    if not path.parent.is_dir():
        raise StoreError(
            f"文件夹“{path.parent}”不存在：请先建立。", f"There is no folder '{path.parent}': make it first."
        )


def create_store(target: str | Path, scheme: Scheme, meta: Mapping[str, str], first: Edit, contents: Contents) -> None:
    """Make a county whose first version is `first`; it appears under its name only when complete.

    Raises
    ------
    StoreError
        The place is taken or cannot be written.
    """

    def fill(store: SqlStore, c: Connection) -> None:
        kept = dict(meta) | {"schema_version": str(SCHEMA_VERSION)}
        c.execute(insert(store._tables["meta"]), [{"key": k, "value": v} for k, v in kept.items()])
        for table, frame in contents.tables.items():
            store._fill(c, table, frame)
        store._append(c, first, contents.shapes)

    _build(target, scheme, int(meta["epsg"]), fill)


def copy_store(source: SqlStore, target: str | Path, progress: Progress | None = None) -> None:
    """Copy a county with its whole history; the copy appears under its name only when complete.

    Raises
    ------
    StoreError
        The place is taken or cannot be written.
    """
    require_free(target)
    if source.path is not None and not is_database(target):
        # Page by page: what others have added to the file comes along.
        source.copy_to(Path(target))
        return
    meta = source.meta()
    scheme = scheme_from(tomllib.loads(meta["scheme_toml"]), meta["scheme"])

    def fill(store: SqlStore, c: Connection) -> None:
        with source._reading() as held:
            _pour(source, held, store, c, progress or (lambda _share, _words: None))

    _build(target, scheme, source.epsg, fill)


def _pour(source: SqlStore, held: Connection, store: SqlStore, c: Connection, tell: Progress) -> None:
    """Copy every table, row numbers included."""
    tables = list(metadata(source.epsg).sorted_tables)
    sizes = {t.name: int(held.execute(text(f'SELECT count(*) FROM "{t.name}"')).scalar() or 0) for t in tables}
    done, total = 0, max(sum(sizes.values()), 1)
    for table in tables:
        names = [column.name for column in table.columns]
        listed = ", ".join(source.backend.wkb if n == "geometry" else f'"{n}"' for n in names)
        key = ", ".join(f'"{column.name}"' for column in table.primary_key)
        rows = held.execution_options(yield_per=_BATCH).execute(
            text(f'SELECT {listed} FROM "{table.name}" ORDER BY {key}')
        )
        copied = 0
        for part in rows.partitions(_BATCH):
            tell(done / total, f"复制 {table.name}")
            columns = [list(values) for values in zip(*part, strict=True)]
            if "geometry" in names:
                at = names.index("geometry")
                columns[at] = store.backend.encode(source.backend.decode(columns[at]), source.epsg)
            store.backend.fill(c, table.name, names, list(zip(*columns, strict=True)))
            done, copied = done + len(part), copied + len(part)
        if copied != sizes[table.name] or c.execute(select(text("count(*)")).select_from(table)).scalar() != copied:
            raise StoreError(
                f"复制数据表“{table.name}”时行数不符，副本已撤销：请重试。",
                f"The table '{table.name}' was not copied in full and the copy was dropped: try again.",
            )


def _build(target: str | Path, scheme: Scheme, epsg: int, fill: Fill) -> None:
    require_free(target)
    if is_database(target):
        _in_database(PostgisBackend(str(target)), scheme, epsg, fill)
    else:
        _as_file(Path(target), scheme, epsg, fill)


def _in_database(backend: PostgisBackend, scheme: Scheme, epsg: int, fill: Fill) -> None:
    """Make and fill the tables in one transaction: nobody sees half a county, and nothing is left of a failure."""
    store = SqlStore(backend, epsg)
    try:
        with backend.engine.connect().execution_options(**backend.writing) as c, c.begin():
            backend.prepare_new(c, scheme, epsg)
            fill(store, c)
            backend.finish_new(c)
    except DBAPIError as error:
        raise backend.unwritable(error) from error
    finally:
        backend.close()


def _as_file(path: Path, scheme: Scheme, epsg: int, fill: Fill) -> None:
    building = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        _fill_file(building, scheme, epsg, fill)
        # A log left by a killed program would be replayed into the new file as if it were its own.
        for stale in ("-wal", "-shm", "-journal"):
            Path(f"{path}{stale}").unlink(missing_ok=True)
        building.replace(path)
    except (OSError, sqlite3.Error) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise StoreError(f"无法写入“{path}”：{why}。", f"'{path}' cannot be written: {why}.") from error
    finally:
        for left in (building, Path(f"{building}-wal"), Path(f"{building}-shm")):
            left.unlink(missing_ok=True)


def _fill_file(path: Path, scheme: Scheme, epsg: int, fill: Fill) -> None:
    store = SqlStore(SqliteBackend.unborn(path), epsg)
    try:
        with store._writing() as c:
            geopackage.create_registers(c, epsg)
            metadata(epsg).create_all(c)
            geopackage.register_layers(c, scheme, epsg)
            fill(store, c)
            geopackage.update_extents(c)
    finally:
        store.close()
    with sqlite3.connect(path) as finished:
        finished.execute("PRAGMA journal_mode = WAL")
    finished.close()
    with path.open("rb+") as file:
        os.fsync(file.fileno())
