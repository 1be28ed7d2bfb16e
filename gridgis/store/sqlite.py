"""A county in a GeoPackage file or in memory: look first, touch nothing that is not ours, keep every commit.

GDAL never opens the live file: it would break SQLite's locks.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.pool import QueuePool

from gridgis.errors import StoreError
from gridgis.store.geometry import decode, encode, register_functions
from gridgis.store.geopackage import APPLICATION_ID, INDEXED

_DURABLE = ("PRAGMA synchronous = FULL",)
_HASTY = ("PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", "PRAGMA cache_size = -400000")


class SqliteBackend:
    """What is particular to SQLite: one file with one writer at a time.

    Parameters
    ----------
    path
        The file; it must exist.
    pragmas
        How each connection is set up.
    """

    reading: dict[str, Any]
    writing: dict[str, Any]
    wkb = "geometry"
    decode = staticmethod(decode)
    encode = staticmethod(encode)

    def __init__(self, path: Path, pragmas: Sequence[str] = _DURABLE) -> None:
        self.path = path
        self.name = str(path)
        self.reading, self.writing = {}, {"write": True}
        target = f"file:{path.resolve().as_posix().replace('?', '%3f').replace('#', '%23')}?mode=rw"
        self.engine = _engine(lambda: sqlite3.connect(target, uri=True, timeout=30, check_same_thread=False))
        prepare(self.engine, pragmas)

    @classmethod
    def unborn(cls, path: Path) -> SqliteBackend:
        """Return a backend on a file that nobody knows yet: no care for crashes is needed before it gets its name."""
        sqlite3.connect(path).close()
        return cls(path, _HASTY)

    def holds_county(self, connection: Connection) -> bool:  # noqa: ARG002
        """Say yes: the first bytes of the file have been looked at."""
        return True

    def settle(self) -> None:
        """Set the journal as it was made; a desktop GIS may have set it back."""
        # If another program holds the file, reading goes on all the same.
        with suppress(sqlite3.OperationalError):
            self._plainly("PRAGMA journal_mode = WAL")

    def lock(self, connection: Connection) -> None:
        """Do nothing: the transaction began as that of the one writer."""

    def near(self, table: str, epsg: int) -> str:  # noqa: ARG002
        """Return the condition that a row's box meets x0, y0, x1, y1."""
        return (
            f'fid IN (SELECT id FROM "rtree_{table}_geometry" WHERE maxx >= :x0 AND minx <= :x1'
            " AND maxy >= :y0 AND miny <= :y1)"
            if table in INDEXED
            else "x BETWEEN :x0 AND :x1 AND y BETWEEN :y0 AND :y1"
        )

    def fill(self, connection: Connection, table: str, names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert rows, fast."""
        listed, marks = ", ".join(f'"{n}"' for n in names), ", ".join("?" * len(names))
        if rows:
            connection.exec_driver_sql(f'INSERT INTO "{table}" ({listed}) VALUES ({marks})', list(rows))

    def unreadable(self, error: DBAPIError) -> StoreError | None:
        """Return what people are told when reading fails; None where it is no county."""
        if "locked" in str(error):
            return in_use(self.path)
        if not isinstance(error, OperationalError) or "no such" in str(error.orig):
            return None
        # SQLite keeps its log beside the file, for reading too.
        return StoreError(
            f"无法读取“{self.name}”：{_why(error)}。请检查磁盘空间，以及您能否写入它所在的文件夹；只读时请先复制到别处。",
            f"'{self.name}' cannot be read: {error.orig}. Check disk space and that you may write in its folder; copy the "
            "file elsewhere if you may not.",
        )

    def unopened(self, error: Exception) -> StoreError:
        """Return what people are told when this is no county."""
        return in_use(self.path) if "locked" in str(error) else not_a_county(self.path)

    def unwritable(self, error: DBAPIError) -> StoreError | None:
        """Return what people are told when writing fails."""
        if isinstance(error, ProgrammingError | InterfaceError):
            return None
        if "locked" in str(error):
            return StoreError(
                f"“{self.name}”正被另一个程序写入：变更未保存，县区未改动；请在该程序（如 QGIS）中保存或关闭后重试。",
                f"Another program is writing to '{self.name}': nothing was saved and the county is unchanged; save or close "
                "it there (in QGIS, say) and try again.",
            )
        return StoreError(
            f"无法写入“{self.name}”：{_why(error)}。变更未保存，县区未改动；请检查磁盘空间与权限后重试。",
            f"'{self.name}' cannot be written: {error.orig}. Nothing was saved and the county is unchanged; check "
            "disk space and permissions and try again.",
        )

    def keep_old(self, version: int) -> None:
        """Keep the file as it is beside itself, before it is brought up to date."""
        backup = backup_name(self.path, version)
        if not backup.exists():
            self.copy_to(backup)

    def copy_to(self, path: Path) -> None:
        """Write a compact copy of one moment; it appears under its name only when complete.

        Raises
        ------
        StoreError
            The file exists or cannot be written.
        """
        draft = path.with_name(f".{path.name}.{os.getpid()}.part")
        draft.unlink(missing_ok=True)
        try:
            if path.exists():
                raise FileExistsError(17, "file exists")
            self._plainly("VACUUM INTO ?", (str(draft),))
            draft.replace(path)
        except (sqlite3.Error, OSError) as error:
            raise StoreError(
                f"无法把副本写到“{path}”：{error}。请换一个文件名或检查磁盘空间。",
                f"The copy '{path}' cannot be written: {error}. Choose another name or check the disk.",
            ) from error
        finally:
            draft.unlink(missing_ok=True)

    def _plainly(self, statement: str, values: tuple[Any, ...] = ()) -> None:
        """Run a statement that SQLite refuses inside a transaction, which SQLAlchemy would always open."""
        raw = self.engine.raw_connection()
        try:
            raw.cursor().execute(statement, values)
        finally:
            raw.close()

    def close(self) -> None:
        """Fold the write-ahead log into the file, so that one file is left."""
        self.engine.dispose()


class MemoryBackend(SqliteBackend):
    """A county in memory, read from a file that stays as it is: for trying things.

    Parameters
    ----------
    path
        The file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = f"memory:{path}"
        self.reading, self.writing = {}, {"write": True}
        held = sqlite3.connect(":memory:", check_same_thread=False)
        source = sqlite3.connect(f"file:{path.resolve().as_posix()}?mode=ro", uri=True)
        source.backup(held)
        source.close()
        # One connection: whoever comes second waits until it is free.
        self.engine = create_engine("sqlite://", creator=lambda: held, poolclass=QueuePool, pool_size=1, max_overflow=0)
        prepare(self.engine, ())

    def settle(self) -> None:
        """Do nothing: memory has no journal."""

    def close(self) -> None:
        """Do nothing: it ends with the last reference."""


def _engine(creator: Callable[[], sqlite3.Connection]) -> Engine:
    # The pool that SQLAlchemy would choose closes connections under other threads' hands.
    return create_engine("sqlite://", creator=creator, poolclass=QueuePool, max_overflow=40)


_REASONS = MappingProxyType({
    "database or disk is full": "磁盘已满", "attempt to write a readonly database": "文件或它所在的文件夹只读",
    "disk I/O error": "磁盘读写出错", "unable to open database file": "打不开文件",
})  # fmt: skip


def _why(error: DBAPIError) -> str:
    """Return in Chinese why SQLite failed, in its own words where it seldom does so."""
    return _REASONS.get(str(error.orig), str(error.orig))


def backup_name(path: Path, version: int) -> Path:
    """Return the name under which the file is kept as it was before migration."""
    return path.with_name(f"{path.stem}.schema{version}{path.suffix}")


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
    """Ask the file what it is, without leaving a trace on one that is not ours.

    SQLite itself looks, as at something that nobody changes: the file is neither locked nor written. A plain
    open and close would drop every lock that this process holds on a county that it has open already (so POSIX
    has it), and the next program to close that county would take its log away.
    """
    if not path.is_file():
        raise StoreError(
            f"找不到县区文件“{path}”：请检查路径，或用 gridgis new 新建。",
            f"There is no county file '{path}': check the path, or make one with gridgis new.",
        )
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1", uri=True)) as db:
            found = db.execute("PRAGMA application_id").fetchone()
    except sqlite3.OperationalError as error:
        raise StoreError(
            f"无法读取“{path}”：请检查权限。", f"'{path}' cannot be read: check its permissions."
        ) from error
    except sqlite3.DatabaseError as error:
        raise not_a_county(path) from error
    if found != (APPLICATION_ID,):
        raise not_a_county(path)


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
