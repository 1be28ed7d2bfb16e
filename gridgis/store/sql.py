"""One store on SQLAlchemy Core. GDAL never opens the live file: it would break SQLite's locks.

Rows of cells and grids live from `added_in` to `removed_in`; now is ``removed_in IS NULL`` and any
past version is a ``where``. An edit is one transaction (WAL, ``synchronous=FULL``, ``BEGIN IMMEDIATE``).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from sqlalchemy import Connection, func, insert, select, text, update
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError

from gridgis.cells import Cells
from gridgis.errors import StaleEditError, StoreError
from gridgis.plan import Edit, Grid
from gridgis.schema import FIGURES, SCHEMA_VERSION, TABLES
from gridgis.store.engine import file_engine, in_use, not_a_county, require_county_file
from gridgis.store.geometry import decode, encode
from gridgis.store.geopackage import box_filter
from gridgis.store.migrating import backup_name, migrate, require_known, schema_version
from gridgis.store.records import at_version, edit_from, edit_row
from gridgis.store.tables import metadata

_BATCH = 20_000
_GRID_FIELDS = ("code", "level", "kind", "name", "category", "class", "zone")


def open_store(url: str | Path) -> SqlStore:
    """Open the store of a county.

    Raises
    ------
    StoreError
        Nothing is there, it is not a county, or it cannot be read.
    """
    if str(url).startswith("postgresql"):
        raise StoreError(
            "此版本尚不支持 PostGIS 县区库：请使用 county.gpkg 文件。",
            "This version does not open PostGIS counties yet: use a county.gpkg file.",
        )
    path = Path(url)
    require_county_file(path)
    try:
        return SqlStore(path)
    except DatabaseError as error:
        raise not_a_county(path) from error


class SqlStore:
    """A county in a GeoPackage file.

    Parameters
    ----------
    path
        The file; it must exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._engine = file_engine(path)
        try:
            meta = self.meta()
            self._epsg, written_as = int(meta["epsg"]), schema_version(meta)
        except (KeyError, ValueError, DatabaseError) as error:
            self.close()
            raise in_use(path) if "locked" in str(error) else not_a_county(path) from error
        # The file was made so; a desktop GIS may have set it back. Only now do we know that it is ours,
        # and if another program holds it, reading goes on all the same.
        with suppress(sqlite3.OperationalError):
            self._plainly("PRAGMA journal_mode = WAL")
        self._tables = metadata(self._epsg).tables
        require_known(path, written_as)
        if written_as < SCHEMA_VERSION:
            self._migrate(written_as)

    def _migrate(self, version: int) -> None:
        """Bring an older file up to date; a copy as it was stays beside it."""
        backup = backup_name(self.path, version)
        if not backup.exists():
            self.copy_to(backup)
        with self._writing() as c:
            migrate(c, self.path, self._epsg)

    @property
    def epsg(self) -> int:
        """EPSG code of the county's CRS."""
        return self._epsg

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection, connection.begin():
                yield connection
        except OperationalError as error:
            raise in_use(self.path) if "locked" in str(error) else error from error

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        try:
            with self._engine.connect().execution_options(write=True) as connection, connection.begin():
                yield connection
        except OperationalError as error:
            raise StoreError(
                f"无法写入“{self.path}”：{error.orig}。变更未保存，县区未改动；请检查磁盘空间与权限后重试。",
                f"'{self.path}' cannot be written: {error.orig}. Nothing was saved and the county is unchanged; check "
                "disk space and permissions and try again.",
            ) from error

    def meta(self) -> dict[str, str]:
        """Return the county's settings."""
        with self._reading() as c:
            return {str(k): str(v) for k, v in c.execute(text("SELECT key, value FROM meta"))}

    def version(self) -> int:
        """Return the version of the newest edit."""
        with self._reading() as c:
            return self._version(c)

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
        raw = text("geometry")
        rows = c.execute(select(t.c.id, t.c.code, *(t.c[f] for f in FIGURES), raw).select_from(t).where(where)).all()
        if not rows:
            return Cells.none()
        ids, code, *rest = zip(*rows, strict=True)
        return Cells.of(ids, code, decode(rest[-1]), np.array(rest[:-1], dtype=np.int64).T)

    def _grids(self, c: Connection, where: Any) -> list[Grid]:
        t = self._tables["grids"]
        names = [t.c[f] for f in _GRID_FIELDS]
        return [
            Grid(r[0], r[1], r[2], r[3], r[4], r[5], r[6], tuple((k, v) for k, v in json.loads(row[7] or "[]")))
            for row in c.execute(select(*names, t.c.extra).where(where))
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
        rows = c.execute(text("SELECT code, geometry FROM grids WHERE removed_in IS NULL AND geometry NOT NULL")).all()
        return dict(zip([r[0] for r in rows], decode([r[1] for r in rows]), strict=True)) if rows else {}

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

    def append(self, edit: Edit, shapes: Mapping[str, Any], tables: Mapping[str, pd.DataFrame] | None = None) -> None:
        """Save an edit, the polygons of the grids it changes and e-map tables, in one transaction."""
        try:
            with self._writing() as c:
                self._append(c, edit, shapes)
                for table, frame in (tables or {}).items():
                    self._fill(c, table, frame)
        except IntegrityError as error:
            raise StaleEditError(
                "同一网格刚被他人修改：您的变更未保存也未丢失，请查看最新状态后重新确认。",
                "The same grid was changed by someone else meanwhile: your edit was neither saved nor lost; look at the "
                "present state and confirm again.",
            ) from error

    def _append(self, c: Connection, edit: Edit, shapes: Mapping[str, Any]) -> None:
        version = edit.version or 0
        if self._version(c) != version - 1:
            raise StaleEditError(
                f"县区已更新到版本 {self._version(c)}：请查看最新状态后重新确认。",
                f"The county has moved on to version {self._version(c)}: look at the present state and confirm again.",
            )
        c.execute(insert(self._tables["edits"]).values(**edit_row(edit)))
        self._retire(c, "cells", "id", edit.removed.id.tolist(), {"removed_in": version})
        gone = {"removed_in": version, "valid_to": (edit.at or "")[:10], "void_reason": edit.reason or edit.kind}
        self._retire(c, "grids", "code", [g.code for g in edit.grids_removed], gone)
        self._insert_cells(c, edit.added, version)
        self._insert_grids(c, edit, version)
        self._allot(c, [g.code for g in edit.grids_added], version)
        self._draw(c, shapes)

    def _retire(self, c: Connection, table: str, key: str, values: Sequence[Any], with_: Mapping[str, Any]) -> None:
        t = self._tables[table]
        count = 0
        for k in range(0, len(values), 500):
            live = t.c[key].in_(values[k : k + 500]) & t.c.removed_in.is_(None)
            count += c.execute(update(t).where(live).values(**with_)).rowcount
        if count != len(values):
            raise IntegrityError("rows changed meanwhile", None, ValueError(table))

    def _insert_cells(self, c: Connection, cells: Cells, version: int) -> None:
        blobs = encode(cells.geometry, self._epsg) if len(cells) else []
        names = ("id", "code", "added_in", *FIGURES, "geometry")
        rows = [
            dict(zip(names, (i, code, version, *f, b), strict=True))
            for i, code, f, b in zip(cells.id.tolist(), cells.code, cells.figures.tolist(), blobs, strict=True)
        ]
        if rows:
            c.execute(insert(self._tables["cells"]), rows)

    def _insert_grids(self, c: Connection, edit: Edit, version: int) -> None:
        t = self._tables["grids"]
        day = (edit.at or "")[:10]
        rows = []
        for g in edit.grids_added:
            since = c.execute(select(func.min(t.c.valid_from)).where(t.c.code == g.code)).scalar()
            fields = dict(
                zip(_GRID_FIELDS, (g.code, g.level, g.kind, g.name, g.category, g.class_, g.zone), strict=True)
            )
            rows.append(fields | {"valid_from": since or day, "added_in": version, "extra": json.dumps(g.extra)})
        if rows:
            c.execute(insert(t), rows)

    def _allot(self, c: Connection, codes: Sequence[str], version: int) -> None:
        known = self._ledger(c) if codes else frozenset()
        rows = [{"code": code, "allotted_in": version} for code in codes if code not in known]
        if rows:
            c.execute(insert(self._tables["code_ledger"]), rows)

    def _draw(self, c: Connection, shapes: Mapping[str, Any]) -> None:
        t = self._tables["grids"]
        for code, shape in shapes.items():
            c.execute(update(t).where(t.c.code == code, t.c.removed_in.is_(None)).values(geometry=shape))

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

    def _frame(
        self, c: Connection, table: str, columns: Sequence[str] | None = None, bounds: Any = None
    ) -> gpd.GeoDataFrame:
        known = [c.name for c in TABLES[table]]
        names = [n for n in known if columns is None or n in columns]
        listed = ", ".join(f'"{n}"' for n in names)
        near, values = box_filter(table, bounds)
        rows = c.execute(text(f'SELECT {listed} FROM "{table}"{near} ORDER BY fid'), values).all()
        data = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)) if rows else {n: [] for n in names}
        shapes = data.pop("geometry", None)
        if shapes is None:
            return pd.DataFrame(data)
        return gpd.GeoDataFrame(data, geometry=decode(shapes) if shapes else [], crs=self._epsg)

    def points(self, table: str, columns: Sequence[str]) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Return x, y and whole-number columns of a table as one array, missing numbers as 0."""
        listed = ", ".join(f"coalesce({n}, 0)" for n in columns)
        more = f", {listed}" if listed else ""
        with self._reading() as c:
            rows = c.exec_driver_sql(f'SELECT x, y{more} FROM "{table}" WHERE x IS NOT NULL').all()
        return np.array([tuple(r) for r in rows], dtype=np.float64).reshape(-1, 2 + len(columns))

    def distinct(self, table: str, columns: Sequence[str]) -> list[tuple[Any, ...]]:
        """Return the distinct values of columns of a table."""
        t = self._tables[table]
        with self._reading() as c:
            return [tuple(r) for r in c.execute(select(*(t.c[n] for n in columns)).distinct())]

    def replace_table(self, table: str, frame: pd.DataFrame) -> None:
        """Put rows in the place of all rows of an e-map table, in one transaction."""
        with self._writing() as c:
            self._fill(c, table, frame)

    def change_table(self, table: str, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
        """Put what `change` makes of all rows of a table in their place, in one transaction."""
        with self._writing() as c:
            self._fill(c, table, change(self._frame(c, table)))

    def _fill(self, c: Connection, table: str, frame: pd.DataFrame) -> None:
        names = [col.name for col in TABLES[table]]
        c.exec_driver_sql(f'DELETE FROM "{table}"')
        plain = pd.DataFrame(frame).reindex(columns=names).astype(object)
        plain = plain.where(pd.notna(plain), None)
        if "geometry" in frame.columns:
            plain["geometry"] = encode(np.asarray(frame["geometry"], dtype=object), self._epsg)
        listed, marks = ", ".join(f'"{n}"' for n in names), ", ".join("?" * len(names))
        rows = list(plain.itertuples(index=False, name=None))
        for k in range(0, len(rows), _BATCH):
            c.exec_driver_sql(f'INSERT INTO "{table}" ({listed}) VALUES ({marks})', rows[k : k + _BATCH])

    def set_figures(self, ids: Sequence[int], figures: Any) -> None:
        """Write the figures of live and past cells after the e-map changed."""
        listed = ", ".join(f'"{f}" = ?' for f in FIGURES)
        rows = [(*map(int, f), int(i)) for i, f in zip(ids, figures, strict=True)]
        with self._writing() as c:
            c.exec_driver_sql(f"UPDATE cells SET {listed} WHERE id = ?", rows)

    def copy_to(self, path: Path) -> None:
        """Write a compact copy that other programs may open, of one moment.

        Raises
        ------
        StoreError
            The file exists or cannot be written.
        """
        try:
            self._plainly("VACUUM INTO ?", (str(path),))
        except sqlite3.Error as error:
            raise StoreError(
                f"无法把副本写到“{path}”：{error}。请换一个文件名或检查磁盘空间。",
                f"The copy '{path}' cannot be written: {error}. Choose another name or check the disk.",
            ) from error

    def _plainly(self, statement: str, values: tuple[Any, ...] = ()) -> None:
        """Run a statement that SQLite refuses inside a transaction, which SQLAlchemy would always open."""
        raw = self._engine.raw_connection()
        try:
            raw.cursor().execute(statement, values)
        finally:
            raw.close()

    def close(self) -> None:
        """Fold the write-ahead log into the file, so that one file is left."""
        self._engine.dispose()
