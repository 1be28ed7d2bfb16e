"""One store on SQLAlchemy Core, for GeoPackage files and PostGIS databases alike.

Rows of cells and grids live from `added_in` to `removed_in`; now is ``removed_in IS NULL`` and any
past version is a ``where``. An edit is one transaction, of the one writer that there is at a time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from gridgis.cells import Cells
from gridgis.elements import COUNTED
from gridgis.errors import StaleEditError
from gridgis.plan import Edit
from gridgis.schema import FIGURES, TABLES
from gridgis.store.reading import GRID_FIELDS, Reader
from gridgis.store.records import edit_row

_BATCH = 20_000
_PLAIN: Mapping[str, Callable[[Any], Any]] = {"int": int, "real": float, "text": str}


class SqlStore(Reader):
    """A county in a database.

    Parameters
    ----------
    backend
        The database.
    epsg
        EPSG code of the county's CRS.
    """

    def append(
        self, edit: Edit, shapes: Mapping[str, Any], tables: Mapping[str, pd.DataFrame] | None = None,
        emap: int | None = None,
    ) -> None:  # fmt: skip
        """Save an edit, the polygons of the grids it changes and e-map tables, in one transaction.

        Parameters
        ----------
        edit, shapes, tables
            What to save.
        emap
            The state of the elements that the edit was counted with, as `pulse` gave it.

        Raises
        ------
        StaleEditError
            The county has moved on, or its elements have changed.
        """
        try:
            with self._writing() as c:
                if emap is not None and emap != self._emap(c):
                    raise StaleEditError(
                        "电子地图刚被更新：请查看最新状态后重新确认。",
                        "The e-map has been updated: look at the present state and confirm again.",
                    )
                self._append(c, edit, shapes)
                for table, frame in (tables or {}).items():
                    self._fill(c, table, frame)
                    self._recounted(c, table)
        except IntegrityError as error:
            raise StaleEditError(
                "同一网格刚被他人修改：您的变更未保存也未丢失，请查看最新状态后重新确认。",
                "The same grid was changed by someone else meanwhile: your edit was neither saved nor lost; look at the "
                "present state and confirm again.",
            ) from error

    def _emap(self, c: Connection) -> int:
        meta = self._tables["meta"]
        return int(c.execute(select(meta.c.value).where(meta.c.key == "emap")).scalar() or 0)

    def _recounted(self, c: Connection, table: str) -> None:
        """Note that what is counted has changed, for all who keep a count."""
        if table in COUNTED or table == "cells":
            meta, now = self._tables["meta"], str(self._emap(c) + 1)
            c.execute(meta.delete().where(meta.c.key == "emap"))
            c.execute(insert(meta).values(key="emap", value=now))

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
        codes = [g.code for g in edit.grids_added]
        known = self._allotted(c, codes)
        self._insert_grids(c, edit, version, known)
        self._allot(c, [code for code in codes if code not in known], version)
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
        blobs = self.backend.encode(cells.geometry, self._epsg) if len(cells) else []
        rows = [
            (i, code, version, *f, b)
            for i, code, f, b in zip(cells.id.tolist(), cells.code, cells.figures.tolist(), blobs, strict=True)
        ]
        self.backend.fill(c, "cells", ("id", "code", "added_in", *FIGURES, "geometry"), rows)

    def _insert_grids(self, c: Connection, edit: Edit, version: int, known: set[str]) -> None:
        t = self._tables["grids"]
        day = (edit.at or "")[:10]
        rows = []
        # A row that makes place has the first day of its code; only for a code that comes back all are looked through.
        since = self._since(c, [g.code for g in edit.grids_removed], t.c.removed_in == version)
        since |= self._since(c, [g.code for g in edit.grids_added if g.code in known and g.code not in since])
        for g in edit.grids_added:
            fields = dict(
                zip(GRID_FIELDS, (g.code, g.level, g.kind, g.name, g.category, g.class_, g.zone), strict=True)
            )
            rows.append(
                fields | {"valid_from": since.get(g.code) or day, "added_in": version, "extra": json.dumps(g.extra)}
            )
        if rows:
            c.execute(insert(t), rows)

    def _since(self, c: Connection, codes: Sequence[str], *where: Any) -> dict[str, str]:
        """Return the first day of codes; in parts, since one query for each would read the table as often."""
        t, out = self._tables["grids"], dict[str, str]()
        for k in range(0, len(codes), 500):
            found = select(t.c.code, func.min(t.c.valid_from)).where(t.c.code.in_(codes[k : k + 500]), *where)
            out |= dict(tuple(row) for row in c.execute(found.group_by(t.c.code)))
        return out

    def _allot(self, c: Connection, codes: Sequence[str], version: int) -> None:
        if codes:
            c.execute(insert(self._tables["code_ledger"]), [{"code": code, "allotted_in": version} for code in codes])

    def _allotted(self, c: Connection, codes: Sequence[str]) -> set[str]:
        """Return those of the codes that were allotted before."""
        t, out = self._tables["code_ledger"], set[str]()
        for k in range(0, len(codes), 500):
            out.update(c.execute(select(t.c.code).where(t.c.code.in_(codes[k : k + 500]))).scalars())
        return out

    def _draw(self, c: Connection, shapes: Mapping[str, Any]) -> None:
        t = self._tables["grids"]
        for code, shape in shapes.items():
            c.execute(update(t).where(t.c.code == code, t.c.removed_in.is_(None)).values(geometry=shape))

    def put_setting(self, key: str, value: str) -> None:
        """Keep a setting of the county, in place of what was kept under the same name."""
        with self._writing() as c:
            meta = self._tables["meta"]
            c.execute(meta.delete().where(meta.c.key == key))
            c.execute(insert(meta).values(key=key, value=value))

    def replace_table(self, table: str, frame: pd.DataFrame) -> None:
        """Put rows in the place of all rows of an e-map table, in one transaction."""
        with self._writing() as c:
            self._fill(c, table, frame)
            self._recounted(c, table)

    def change_table(self, table: str, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
        """Put what `change` makes of all rows of a table in their place, in one transaction."""
        with self._writing() as c:
            self._fill(c, table, change(self._frame(c, table)))
            self._recounted(c, table)

    def put_rows(self, table: str, frame: pd.DataFrame, *, replacing: bool = False) -> int:
        """Add rows to an e-map table, each in the place of the one with its id, or all in the place of all.

        Returns
        -------
        int
            How many rows made place.
        """
        t, ids = self._tables[table], {str(i) for i in frame["id"]}
        with self._writing() as c:
            # By row number: there is no index on ids, and one look through the table for each part would cost a minute.
            known = c.execute(select(t.c.fid, t.c.id)).all()
            gone = [fid for fid, i in known if replacing or i in ids]
            if len(gone) == len(known):
                c.execute(t.delete())
            else:
                for k in range(0, len(gone), 500):
                    c.execute(t.delete().where(t.c.fid.in_(gone[k : k + 500])))
            self._pour(c, table, frame)
            self._recounted(c, table)
        return len(gone)

    def set_fields(self, table: str, row: str, values: Mapping[str, Any]) -> int:
        """Change plain columns of the rows with an id, none of them counted or a place; return how many rows there were."""
        t = self._tables[table]
        with self._writing() as c:
            return int(c.execute(update(t).where(t.c.id == row).values(**values)).rowcount)

    def _fill(self, c: Connection, table: str, frame: pd.DataFrame) -> None:
        c.execute(text(f'DELETE FROM "{table}"'))
        self._pour(c, table, frame)

    def _pour(self, c: Connection, table: str, frame: pd.DataFrame) -> None:
        # Part by part: as Python's own numbers and texts, millions of rows would take several times their room.
        for k in range(0, len(frame), _BATCH):
            rows = self._plain_rows(table, frame.iloc[k : k + _BATCH])
            self.backend.fill(c, table, [col.name for col in TABLES[table]], rows)

    def _plain_rows(self, table: str, frame: pd.DataFrame) -> list[tuple[Any, ...]]:
        columns = []
        for column in TABLES[table]:
            if column.name not in frame.columns:
                columns.append([None] * len(frame))
            elif column.kind == "geometry":
                columns.append(self.backend.encode(np.asarray(frame["geometry"], dtype=object), self._epsg))
            else:
                plain = _PLAIN[column.kind]
                values = frame[column.name]
                columns.append([None if lost else plain(v) for v, lost in zip(values, values.isna(), strict=True)])
        return list(zip(*columns, strict=True))

    def set_figures(self, ids: Sequence[int], figures: Any) -> None:
        """Write the figures of live and past cells after the e-map changed."""
        now = {int(i): [int(v) for v in f] for i, f in zip(ids, figures, strict=True)}
        t = self._tables["cells"]
        listed = ", ".join(f'"{f}" = :{f}' for f in FIGURES)
        with self._writing() as c:
            known = [(fid, i) for fid, i in c.execute(select(t.c.fid, t.c.id)) if i in now]
            rows = [{"fid": fid, **dict(zip(FIGURES, now[i], strict=True))} for fid, i in known]
            if rows:
                c.execute(text(f"UPDATE cells SET {listed} WHERE fid = :fid"), rows)
            self._recounted(c, "cells")

    def copy_to(self, path: Path) -> None:
        """Write a compact copy that other programs may open, of one moment.

        Raises
        ------
        StoreError
            The file exists or cannot be written.
        """
        self.backend.copy_to(path)

    def close(self) -> None:
        """Leave one file behind, nothing beside it."""
        self.backend.close()
