"""Reading a county: rows that live at a version, one edit, the log, e-map tables by box and column."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from gridgis.cells import Cells
from gridgis.plan import Edit, Grid
from gridgis.schema import FIGURES, TABLES
from gridgis.store.backend import Backend
from gridgis.store.records import at_version, edit_from
from gridgis.store.tables import metadata

_AT_ONCE = 100_000
GRID_FIELDS = ("code", "level", "kind", "name", "category", "class", "zone")


class Reader:
    """What can be asked of a county in a database.

    Parameters
    ----------
    backend
        The database.
    epsg
        EPSG code of the county's CRS.
    """

    def __init__(self, backend: Backend, epsg: int) -> None:
        self.backend = backend
        self._epsg = epsg
        self._engine = backend.engine
        self._tables = metadata(epsg).tables
        self._mine = threading.local()

    @property
    def name(self) -> str:
        """What people are shown: the file, or the address of the database without its password."""
        return self.backend.name

    @property
    def path(self) -> Any:
        """The file, where the county is one."""
        return self.backend.path

    @property
    def epsg(self) -> int:
        """EPSG code of the county's CRS."""
        return self._epsg

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        """Give a connection that sees one moment; inside `alone`, the one that writes."""
        if (held := getattr(self._mine, "connection", None)) is not None:
            yield held
            return
        try:
            with self._engine.connect().execution_options(**self.backend.reading) as connection, connection.begin():
                yield connection
        except DBAPIError as error:
            told = self.backend.unreadable(error)
            if told is None:
                raise
            raise told from error

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """Give the one connection that writes: kept wholly or not at all."""
        if (held := getattr(self._mine, "connection", None)) is not None:
            yield held
            return
        try:
            with self._engine.connect().execution_options(**self.backend.writing) as connection, connection.begin():
                self.backend.lock(connection)
                yield connection
        except IntegrityError:
            raise
        except DBAPIError as error:
            told = self.backend.unwritable(error)
            if told is None:
                raise
            raise told from error

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep every other writer out; reads of this thread see the present, its writes are kept at the end."""
        with self._writing() as connection:
            self._mine.connection = connection
            try:
                yield
            finally:
                self._mine.connection = None

    def meta(self) -> dict[str, str]:
        """Return the county's settings."""
        with self._reading() as c:
            return {str(k): str(v) for k, v in c.execute(text("SELECT key, value FROM meta"))}

    def version(self) -> int:
        """Return the version of the newest edit."""
        with self._reading() as c:
            return self._version(c)

    def pulse(self) -> tuple[int, int]:
        """Return the version, and how often elements that are counted have changed."""
        query = "SELECT (SELECT max(version) FROM edits), (SELECT value FROM meta WHERE key = 'emap')"
        with self._reading() as c:
            version, emap = c.execute(text(query)).one()
        return int(version or 0), int(emap or 0)

    def _version(self, c: Connection) -> int:
        return int(c.execute(select(func.max(self._tables["edits"].c.version))).scalar() or 0)

    def snapshot(self) -> tuple[int, Cells, dict[str, Grid], dict[str, Any], frozenset[str], int]:
        """Return version, cells, grids, grid polygons, ledger and next id, all of one moment."""
        with self._reading() as c:
            cells, grids = self._rows(c, None)
            return self._version(c), cells, grids, self._shapes(c), self._ledger(c), self._next_id(c)

    def rows(self, version: int | None = None) -> tuple[Cells, dict[str, Grid]]:
        """Return cells and grids now, or as they were at a version."""
        with self._reading() as c:
            return self._rows(c, version)

    def _rows(self, c: Connection, version: int | None) -> tuple[Cells, dict[str, Grid]]:
        cells, grids = self._tables["cells"], self._tables["grids"]
        return self._cells(c, at_version(cells, version)), {
            g.code: g for g in self._grids(c, at_version(grids, version))
        }

    def _cells(self, c: Connection, where: Any) -> Cells:
        t = self._tables["cells"]
        raw = text(self.backend.wkb)
        rows = c.execute(select(t.c.id, t.c.code, *(t.c[f] for f in FIGURES), raw).select_from(t).where(where)).all()
        if not rows:
            return Cells.none()
        ids, code, *rest = zip(*rows, strict=True)
        return Cells.of(ids, code, self.backend.decode(rest[-1]), np.array(rest[:-1], dtype=np.int64).T)

    def _grids(self, c: Connection, where: Any) -> list[Grid]:
        t = self._tables["grids"]
        names = [t.c[f] for f in GRID_FIELDS]
        return [
            Grid(r[0], r[1], r[2], r[3], r[4], r[5], r[6], tuple((k, v) for k, v in json.loads(row[7] or "[]")))
            for row in c.execute(select(*names, t.c.extra).where(where).order_by(t.c.fid))
            # Another program may have left fields empty; the checks say so, nothing falls over it.
            for r in [[str(v or "") for v in row[:7]]]
        ]  # fmt: skip

    def live_codes(self) -> pd.DataFrame:
        """Return code and level of every live grid row."""
        t = self._tables["grids"]
        with self._reading() as c:
            rows = c.execute(select(t.c.code, t.c.level).where(at_version(t, None)).order_by(t.c.code)).all()
        return pd.DataFrame(rows, columns=["code", "level"])

    def _shapes(self, c: Connection) -> dict[str, Any]:
        drawn = "removed_in IS NULL AND geometry IS NOT NULL"
        rows = c.execute(text(f"SELECT code, {self.backend.wkb} FROM grids WHERE {drawn}")).all()
        return dict(zip([r[0] for r in rows], self.backend.decode([r[1] for r in rows]), strict=True)) if rows else {}

    def ledger(self) -> frozenset[str]:
        """Return every code ever allotted."""
        with self._reading() as c:
            return self._ledger(c)

    def _ledger(self, c: Connection) -> frozenset[str]:
        return frozenset(c.execute(select(self._tables["code_ledger"].c.code)).scalars())

    def spent_codes(self) -> frozenset[str]:
        """Return codes that no import may bring: not live, and either allotted or ended by an edit on the map.

        A code that only ever came with an import, and went with its undoing, may come again.
        """
        query = """
            SELECT code FROM code_ledger JOIN edits ON version = allotted_in
            WHERE kind <> 'import' AND code NOT IN (SELECT code FROM grids WHERE removed_in IS NULL)
            UNION
            SELECT g.code FROM grids g JOIN edits e ON e.version = g.removed_in
            WHERE e.kind NOT IN ('undo', 'import') AND g.code NOT IN (SELECT code FROM grids WHERE removed_in IS NULL)
        """
        with self._reading() as c:
            return frozenset(c.execute(text(query)).scalars())

    def next_id(self) -> int:
        """Return the lowest cell id that was never used."""
        with self._reading() as c:
            return self._next_id(c)

    def _next_id(self, c: Connection) -> int:
        return int(c.execute(select(func.max(self._tables["cells"].c.id))).scalar() or 0) + 1

    def edit(self, version: int) -> Edit:
        """Return a saved edit with its rows."""
        t = self._tables
        with self._reading() as c:
            row = c.execute(select(t["edits"]).where(t["edits"].c.version == version)).mappings().one()
            cells = [self._cells(c, t["cells"].c[k] == version) for k in ("removed_in", "added_in")]
            grids = [tuple(self._grids(c, t["grids"].c[k] == version)) for k in ("removed_in", "added_in")]
        return edit_from(row, cells, grids)

    def log(self) -> pd.DataFrame:
        """Return one row per edit, oldest first: version, kind, at, by, reason, created, voided, undoes, hash."""
        t = self._tables["edits"]
        names = ("version", "kind", "at", "by", "reason", "created", "voided", "undoes", "hash")
        with self._reading() as c:
            rows = c.execute(select(*(t.c[n] for n in names)).order_by(t.c.version)).all()
        out = pd.DataFrame(rows, columns=list(names))
        for name in ("created", "voided"):
            out[name] = [json.loads(v or "[]") for v in out[name]]
        return out

    def lineages(self) -> list[tuple[int, list[tuple[str, str]]]]:
        """Return version and lineage of every edit, oldest first."""
        t = self._tables["edits"]
        with self._reading() as c:
            rows = c.execute(select(t.c.version, t.c.lineage).order_by(t.c.version)).all()
        return [(int(version), [(a, b) for a, b in json.loads(pairs or "[]")]) for version, pairs in rows]

    def frame(self, table: str, columns: Sequence[str] | None = None, bounds: Any = None) -> gpd.GeoDataFrame:
        """Return rows of a table, those whose box meets `bounds` (xmin, ymin, xmax, ymax) if given."""
        with self._reading() as c:
            return self._frame(c, table, columns, bounds)

    def some(
        self, table: str, where: Mapping[str, Any], columns: Sequence[str] | None = None, newest: int | None = None,
        by: str = "fid",
    ) -> gpd.GeoDataFrame:  # fmt: skip
        """Return the rows whose columns have these values (None for none, ``...`` for any), or the `newest` of them by a column."""
        asked = {None: "IS NULL", ...: "IS NOT NULL"}
        parts = [f'"{k}" {asked[v]}' if v in asked else f'"{k}" = :{k}' for k, v in where.items()]
        order = "fid" if newest is None else f'"{by}" DESC LIMIT {int(newest)}'
        with self._reading() as c:
            given = {k: v for k, v in where.items() if v not in asked}
            return self._found(c, table, columns, (f" WHERE {' AND '.join(parts) or 'TRUE'}", given, order))

    def _frame(
        self, c: Connection, table: str, columns: Sequence[str] | None = None, bounds: Any = None
    ) -> gpd.GeoDataFrame:
        near, values = "", {}
        if bounds is not None:
            near = f" WHERE {self.backend.near(table, self._epsg)}"
            values = dict(zip(("x0", "y0", "x1", "y1"), map(float, bounds), strict=True))
        return self._found(c, table, columns, (near, values, "fid"))

    def _found(
        self, c: Connection, table: str, columns: Sequence[str] | None, asked: tuple[str, dict[str, Any], str]
    ) -> gpd.GeoDataFrame:
        names = [c.name for c in TABLES[table] if columns is None or c.name in columns]
        listed = ", ".join(self.backend.wkb if n == "geometry" else f'"{n}"' for n in names)
        where, values, order = asked
        rows = c.execute(text(f'SELECT {listed} FROM "{table}"{where} ORDER BY {order}'), values).all()
        data = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)) if rows else {n: [] for n in names}
        shapes = data.pop("geometry", None)
        if shapes is None:
            return pd.DataFrame(data)
        return gpd.GeoDataFrame(data, geometry=self.backend.decode(shapes) if shapes else [], crs=self._epsg)

    def matching(self, table: str, column: str, values: Sequence[str]) -> pd.DataFrame:
        """Return the rows of a table without geometry whose column has one of the values, in order of entry."""
        t = self._tables[table]
        names = [c.name for c in TABLES[table]]
        with self._reading() as c:
            rows = c.execute(select(*(t.c[n] for n in names)).where(t.c[column].in_(values)).order_by(t.c.fid)).all()
        return pd.DataFrame(rows, columns=names)

    def points(
        self, table: str, columns: Sequence[str], bounds: Any = None
    ) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Return x, y and whole-number columns of a table as one array, missing numbers as 0; of a box if given."""
        listed = ", ".join(f"coalesce({n}, 0)" for n in columns)
        more = f", {listed}" if listed else ""
        where, values = "x IS NOT NULL", {}
        if bounds is not None:
            where = f"{self.backend.near(table, self._epsg)} AND x BETWEEN :x0 AND :x1 AND y BETWEEN :y0 AND :y1"
            values = dict(zip(("x0", "y0", "x1", "y1"), map(float, bounds), strict=True))
        parts = [np.zeros((0, 2 + len(columns)))]
        with self._reading() as c:
            query = text(f'SELECT x, y{more} FROM "{table}" WHERE {where}').execution_options(yield_per=_AT_ONCE)
            rows = c.execute(query, values)
            # Millions of rows of Python's own numbers would take ten times the room of the array.
            parts += [np.array([tuple(r) for r in some], dtype=np.float64) for some in rows.partitions(_AT_ONCE)]
        return np.concatenate(parts)

    def distinct(self, table: str, columns: Sequence[str]) -> list[tuple[Any, ...]]:
        """Return the distinct values of columns of a table."""
        t = self._tables[table]
        with self._reading() as c:
            return [tuple(r) for r in c.execute(select(*(t.c[n] for n in columns)).distinct())]
