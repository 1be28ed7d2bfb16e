"""Opening a county file: look first, touch nothing that is not ours, and make every commit durable."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool

from gridgis.errors import StoreError
from gridgis.store.geometry import register_functions
from gridgis.store.geopackage import APPLICATION_ID


def file_engine(path: Path) -> Engine:
    """Return an engine on an existing file; it never makes one."""
    target = f"file:{path.resolve().as_posix().replace('?', '%3f').replace('#', '%23')}?mode=rw"
    engine = create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(target, uri=True, timeout=30, check_same_thread=False),
        # The pool that SQLAlchemy would choose closes connections under other threads' hands.
        poolclass=QueuePool,
        max_overflow=40,
    )
    prepare(engine)
    return engine


def in_use(path: Path) -> StoreError:
    """Return the error for a file that another program holds."""
    return StoreError(
        f"“{path}”正被另一个程序占用：请在该程序中关闭它后重试。",
        f"'{path}' is held by another program: close it there and try again.",
    )


def not_a_county(path: Path) -> StoreError:
    """Return the error for a file that is no county."""
    return StoreError(
        f"“{path}”不是 GridGIS 县区文件或已损坏：请用 gridgis new 或 gridgis demo 新建，或换用备份。",
        f"'{path}' is not a GridGIS county file, or is damaged: make one with gridgis new or gridgis demo, "
        "or use a backup.",
    )


def require_county_file(path: Path) -> None:
    """Look at the first bytes with plain reads, so that a wrong file is never touched by a database engine."""
    if not path.is_file():
        raise StoreError(
            f"找不到县区文件“{path}”：请检查路径，或用 gridgis new 新建。",
            f"There is no county file '{path}': check the path, or make one with gridgis new.",
        )
    try:
        with path.open("rb") as file:
            head = file.read(72)
    except OSError as error:
        raise StoreError(
            f"无法读取“{path}”：{error.strerror}。", f"'{path}' cannot be read: {error.strerror}."
        ) from error
    if not head.startswith(b"SQLite format 3\0") or head[68:72] != APPLICATION_ID.to_bytes(4, "big"):
        raise not_a_county(path)


_DURABLE = ("PRAGMA synchronous = FULL",)


def prepare(engine: Any, pragmas: Sequence[str] = _DURABLE) -> None:
    """Make each connection durable, and its transactions explicit."""

    @event.listens_for(engine, "connect")
    def _connect(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None
        register_functions(connection)
        for pragma in pragmas:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
