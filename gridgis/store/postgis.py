"""A county in a PostGIS database: one county in one schema, writers in turn by an advisory lock."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from sqlalchemy import URL, Connection, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, ProgrammingError

from gridgis.errors import StoreError
from gridgis.schema import TABLE_ALIASES, TABLES
from gridgis.scheme import Scheme
from gridgis.store.geometry import ewkb
from gridgis.store.geopackage import INDEXED, views
from gridgis.store.tables import metadata

_LOCKS = 0x47504B47
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
# A planner's machine that falls silent must not keep the others out.
_SETTINGS = {"lock_timeout": "60s", "idle_in_transaction_session_timeout": "300s", "application_name": "gridgis"}


class PostgisBackend:
    """What is particular to PostGIS.

    Parameters
    ----------
    address
        ``postgresql://user:password@host:port/database?schema=name``; what libpq knows may stand there
        too, and what is missing is taken from its environment.

    Raises
    ------
    StoreError
        The address cannot be understood.
    """

    path: Path | None = None
    wkb = "ST_AsBinary(geometry)"
    encode = staticmethod(ewkb)

    def __init__(self, address: str) -> None:
        url, self.schema, more = _parsed(address)
        self._secret = str(url.password or url.query.get("password") or "")
        self.name = _shown(url, self.schema)
        settings = {"search_path": f"{self.schema},public", **_SETTINGS}
        options = " ".join((*(f"-c {k}={v}" for k, v in settings.items()), more)).strip()
        self.reading = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        self.writing = {"isolation_level": "READ COMMITTED"}
        self.engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            connect_args={"options": options, "connect_timeout": 15,
                          "keepalives_idle": 30},
            pool_pre_ping=True,
            max_overflow=40,
            hide_parameters=True,
        )  # fmt: skip

    def settle(self) -> None:
        """Do nothing: the server keeps its own journal."""

    def lock(self, connection: Connection) -> None:
        """Wait for the county's one lock; it is held until the transaction ends, however it ends."""
        connection.execute(
            text(f"SELECT pg_advisory_xact_lock({_LOCKS}, to_regclass('meta')::oid::bigint::bit(32)::int)")
        )

    def near(self, table: str, epsg: int) -> str:
        """Return the condition that a row's box meets x0, y0, x1, y1."""
        if table in INDEXED:
            return f"geometry && ST_MakeEnvelope(:x0, :y0, :x1, :y1, {epsg})"
        return "x BETWEEN :x0 AND :x1 AND y BETWEEN :y0 AND :y1"

    def decode(self, values: Sequence[Any]) -> Any:
        """Return the geometries of WKB."""
        return np.asarray(shapely.from_wkb(np.array(list(values), dtype=object)))

    def fill(self, connection: Connection, table: str, names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert rows, fast."""
        if not rows:
            return
        # Who works on a file need not wait for the driver.
        from psycopg import Error as DriverError

        listed = ", ".join(f'"{n}"' for n in names)
        driver: Any = connection.connection.cursor()
        try:
            with driver.copy(f'COPY "{table}" ({listed}) FROM STDIN') as copy:
                for row in rows:
                    copy.write_row(row)
        except DriverError as error:
            raise DBAPIError.instance(None, None, error, DriverError) from error
        finally:
            driver.close()

    def holds_county(self, connection: Connection) -> bool:
        """Tell whether the schema itself holds a county: that of another must not be taken for it."""
        return self._taken(connection, ["meta"]) == ["meta"]

    def _taken(self, connection: Connection, names: Sequence[str]) -> list[str]:
        query = text("SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace"
                     " WHERE nspname = :schema AND relname = ANY(:names) ORDER BY relname")  # fmt: skip
        return list(connection.execute(query, {"schema": self.schema, "names": list(names)}).scalars())

    def prepare_new(self, connection: Connection, scheme: Scheme, epsg: int) -> None:
        """Make the tables of a new county, inside the transaction that fills them.

        Raises
        ------
        StoreError
            The place is taken, or PostGIS is missing and may not be installed.
        """
        # Two who make a county here at once take turns; the second finds the place taken.
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCKS}, 0)"))
        if self.schema != "public":
            connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {self.schema}"))
        shown = views(scheme)
        self.require_free(connection, [*metadata(epsg).tables, *(view for view, *_ in shown)])
        if not connection.execute(text("SELECT 1 FROM pg_extension WHERE extname = 'postgis'")).scalar():
            self._install(connection)
        metadata(epsg).create_all(connection, checkfirst=False)
        for view, _, table, where in shown:
            listed = ", ".join(f'"{c.name}"' for c in TABLES[table])
            connection.execute(text(f'CREATE VIEW "{view}" AS SELECT fid, {listed} FROM "{table}" WHERE {where}'))

    def finish_new(self, connection: Connection) -> None:
        """Index and describe the tables once they are full: far faster than row by row."""
        for table in TABLES:
            dress_table(connection, table)
        for name, columns in ((t.name, t.columns) for t in metadata(0).sorted_tables):
            if "fid" in columns:
                sequence = f"pg_get_serial_sequence('\"{name}\"', 'fid')"
                connection.execute(text(f'SELECT setval({sequence}, coalesce(max(fid), 0) + 1, false) FROM "{name}"'))
        for name in TABLES:
            connection.execute(text(f'ANALYZE "{name}"'))

    def _install(self, connection: Connection) -> None:
        try:
            connection.execute(text("CREATE EXTENSION postgis SCHEMA public"))
        except (ProgrammingError, OperationalError) as error:
            raise StoreError(
                f"数据库“{self.name}”没有 PostGIS 扩展，当前用户也无权安装：请管理员执行 CREATE EXTENSION postgis。",
                f"The database '{self.name}' has no PostGIS and you may not install it: ask its administrator for "
                "CREATE EXTENSION postgis.",
            ) from error

    def require_free(self, connection: Connection, names: Sequence[str]) -> None:
        """Raise StoreError if the schema holds one of these tables already."""
        if taken := self._taken(connection, names):
            raise StoreError(
                f"“{self.name}”中已存在数据表“{taken[0]}”：请换一个数据库，或用 ?schema=名称 另指一个模式。",
                f"'{self.name}' holds a table '{taken[0]}' already: name another database, or another schema by ?schema=NAME.",
            )

    def unreadable(self, error: DBAPIError) -> StoreError:
        """Return what people are told when reading fails."""
        why = self._reason(error)
        return StoreError(
            f"无法读取数据库“{self.name}”（{why}）：请检查地址、用户名、密码、网络与权限。",
            f"The database '{self.name}' cannot be read ({why}): check address, user, password, network and permissions.",
        )

    def unopened(self, error: Exception) -> StoreError:
        """Return what people are told when this is no county."""
        if isinstance(error, OperationalError):
            return self.unreadable(error)
        return StoreError(
            f"“{self.name}”中没有 GridGIS 县区：请用 gridgis copy 把县区文件复制进去，或检查库名与 ?schema=。",
            f"There is no GridGIS county in '{self.name}': copy a county file there with gridgis copy, or check the "
            "names of database and schema.",
        )

    def unwritable(self, error: DBAPIError) -> StoreError:
        """Return what people are told when writing fails."""
        why = self._reason(error)
        return StoreError(
            f"无法写入数据库“{self.name}”（{why}）：变更未保存，县区未改动；请检查权限、磁盘空间与网络后重试。",
            f"The database '{self.name}' cannot be written ({why}): nothing was saved and the county is unchanged; check "
            "permissions, disk space and network and try again.",
        )

    def _reason(self, error: DBAPIError) -> str:
        """Return the first line of what the server said, without the password."""
        said = str(error.orig).strip().splitlines() or [type(error.orig).__name__]
        return said[0].replace(self._secret, "***") if self._secret else said[0]

    def keep_old(self, version: int) -> None:
        """Do nothing: the server changes tables in the same transaction as rows, wholly or not at all."""

    def copy_to(self, path: Path) -> None:
        """Refuse, in a sentence: a file holds other tables than a database, so `gridgis copy` makes it.

        Raises
        ------
        StoreError
            Always.
        """
        raise StoreError(
            f"数据库中的县区不能直接另存为“{path}”：请用 gridgis copy 复制到文件。",
            f"A county in a database cannot be saved as '{path}' directly: copy it to a file with gridgis copy.",
        )

    def close(self) -> None:
        """Leave the server."""
        self.engine.dispose()


def is_database(target: object) -> bool:
    """Tell whether a county is named by the address of a database, not by a file."""
    return str(target).startswith(("postgresql:", "postgres:", "postgresql+psycopg:"))


def shown_address(address: str) -> str:
    """Return an address without its password."""
    url, schema, _ = _parsed(address)
    return _shown(url, schema)


def dress_table(connection: Connection, table: str) -> None:
    """Give a table of the county its spatial index, and what a desktop GIS shows of it in Chinese."""
    if table in INDEXED:
        connection.execute(text(f'CREATE INDEX "ix_{table}_geometry" ON "{table}" USING gist (geometry)'))
    connection.execute(text(f"COMMENT ON TABLE \"{table}\" IS '{TABLE_ALIASES[table]}'"))
    for column in TABLES[table]:
        connection.execute(text(f'COMMENT ON COLUMN "{table}"."{column.name}" IS \'{column.zh}\''))


def _parsed(address: str) -> tuple[URL, str, str]:
    """Return where the server is, the schema, and further options of the connection."""
    try:
        # One slash is left where somebody took the address for the path of a file.
        url = make_url(re.sub(r"^postgres(ql)?(\+psycopg)?:/(/|(?=[^/]))", "postgresql://", address))
    except (ArgumentError, ValueError):
        # Not from: the cause may hold the password.
        raise StoreError(
            "数据库地址写法有误：应为 postgresql://用户:密码@主机:端口/库名，密码中的特殊字符须写成 %XX。",
            "The address of the database is wrong: write postgresql://user:password@host:port/database, special "
            "characters of the password as %XX.",
        ) from None
    schema, options = (url.query.get(name, default) for name, default in (("schema", "public"), ("options", "")))
    if not isinstance(schema, str) or not _NAME.fullmatch(schema):
        raise StoreError(
            f"模式名“{schema}”不合规：只能用小写字母、数字和下划线，且以字母开头。",
            f"The schema '{schema}' cannot be used: lower-case letters, digits and underscores only, a letter first.",
        )
    return url.difference_update_query(["schema", "options"]), schema, str(options)


def _shown(url: URL, schema: str) -> str:
    query = {k: v for k, v in url.query.items() if k in ("host", "port")}
    query |= {"schema": schema} if schema != "public" else {}
    shown = URL.create("postgresql", url.username, None, url.host, url.port, url.database, query)
    return shown.render_as_string(hide_password=True).replace("%2F", "/")
