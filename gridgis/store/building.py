"""Making a county file: it appears under its name only when it is complete."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import create_engine, insert

from gridgis.errors import StoreError
from gridgis.plan import Edit
from gridgis.schema import SCHEMA_VERSION
from gridgis.scheme import Scheme
from gridgis.store import geopackage
from gridgis.store.engine import prepare
from gridgis.store.sql import SqlStore
from gridgis.store.tables import metadata


@dataclass(frozen=True)
class Contents:
    """What a county file holds besides its first edit.

    Attributes
    ----------
    tables
        E-map tables by name.
    shapes
        Polygon of each grid.
    """

    tables: Mapping[str, pd.DataFrame]
    shapes: Mapping[str, Any]


def require_free(path: Path) -> None:
    """Raise StoreError unless a county can be made under this name."""
    if path.exists():
        raise StoreError(
            f"“{path}”已存在：请换一个文件名，或先移走原文件。",
            f"'{path}' exists already: choose another name or move it.",
        )
    if not path.parent.is_dir():
        raise StoreError(
            f"文件夹“{path.parent}”不存在：请先建立。", f"There is no folder '{path.parent}': make it first."
        )


def create_store(path: Path, scheme: Scheme, meta: Mapping[str, str], first: Edit, contents: Contents) -> None:
    """Make a county file whose first version is `first`; it appears under its name only when complete.

    Raises
    ------
    StoreError
        The path is taken or cannot be written.
    """
    require_free(path)
    building = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        _build(building, scheme, meta, first, contents)
        # A log left by a killed program would be replayed into the new file as if it were its own.
        for stale in ("-wal", "-shm", "-journal"):
            Path(f"{path}{stale}").unlink(missing_ok=True)
        building.replace(path)
    except OSError as error:
        raise StoreError(
            f"无法写入“{path}”：{error.strerror}。", f"'{path}' cannot be written: {error.strerror}."
        ) from error
    finally:
        for left in (building, Path(f"{building}-wal"), Path(f"{building}-shm")):
            left.unlink(missing_ok=True)


def _build(path: Path, scheme: Scheme, meta: Mapping[str, str], first: Edit, contents: Contents) -> None:
    """Fill a file that nobody knows yet: no care for crashes is needed before it gets its name."""
    epsg = int(meta["epsg"])
    engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(path))
    prepare(engine, ("PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", "PRAGMA cache_size = -400000"))
    store = SqlStore.__new__(SqlStore)
    store.path, store._engine, store._epsg, store._tables = path, engine, epsg, metadata(epsg).tables
    with store._writing() as c:
        geopackage.create_registers(c, epsg)
        metadata(epsg).create_all(c)
        geopackage.register_layers(c, scheme, epsg)
        kept = dict(meta) | {"schema_version": str(SCHEMA_VERSION)}
        c.execute(insert(store._tables["meta"]), [{"key": k, "value": v} for k, v in kept.items()])
        for table, frame in contents.tables.items():
            store._fill(c, table, frame)
        store._append(c, first, contents.shapes)
        geopackage.update_extents(c)
    engine.dispose()
    with sqlite3.connect(path) as finished:
        finished.execute("PRAGMA journal_mode = WAL")
    finished.close()
    with path.open("rb+") as file:
        os.fsync(file.fileno())
