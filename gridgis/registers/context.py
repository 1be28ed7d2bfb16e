"""What a row may refer to: living grids, words of the scheme, people and bodies that are known."""

from __future__ import annotations

import hashlib
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import pandas as pd
import shapely

from gridgis.county import County
from gridgis.errors import CodeError
from gridgis.io.sheets import Cell
from gridgis.registers.values import LostError, Value, as_code, id_value, plain, text_value
from gridgis.schema import TABLES
from gridgis.scheme_parts import Named

PREFIXES = {"staff": "P", "organisations": "O", "postings": "T", "visits": "V"}

Record = dict[str, Any]
NEAR_M = 1000.0
"""A home this far beyond the county's outline passes without a word."""


class Context:
    """The county as the rows of a register see it.

    Parameters
    ----------
    county
        An open county.
    """

    def __init__(self, county: County) -> None:
        self.plan, self.scheme, self.crs, self.today = county.plan, county.scheme, county.crs, county.today
        self.near = county.outline.buffer(NEAR_M)
        shapely.prepare(self.near)
        self.tables = {name: _records(county.table(name)) for name in PREFIXES}
        self.staff = People(list(self.tables["staff"].values()))
        self.bodies = People(list(self.tables["organisations"].values()))
        self._known: dict[tuple[str, ...], dict[tuple[str, ...], str]] = {}

    def known(self, table: str, keys: tuple[str, ...]) -> dict[tuple[str, ...], str]:
        """Return the id of each row of a table by what it says."""
        if (table, *keys) not in self._known:
            rows = self.tables[table].items()
            self._known[table, *keys] = {tuple(str(row[k] or "") for k in keys): i for i, row in rows}
        return self._known[table, *keys]

    @cached_property
    def _holders(self) -> dict[tuple[str, str], dict[str, Record]]:
        found: dict[tuple[str, str], dict[str, Record]] = {}
        for i, row in self.tables["postings"].items():
            found.setdefault((str(row["role"]), str(row["code"])), {})[i] = row
        return found

    def holders(self, role: str, code: str) -> dict[str, Record]:
        """Return the postings of a role for a grid, by id."""
        return self._holders.get((role, code), {})

    def code(self, cell: Cell) -> Value:
        """Return the code of a living grid."""
        if cell.merged is not None:
            raise LostError(
                f"与第 {cell.merged} 行是同一个合并单元格：请取消合并，逐行填写",
                f"is one merged cell with row {cell.merged}: unmerge it and fill in each row",
            )
        value = as_code(cell, self.plan.grids, self.scheme.widths)
        if value.text in self.plan.grids:
            return value
        if value.text in self.plan.ledger:
            raise LostError(f"“{value.text}”已停用：请改用现行编码", f"'{value.text}' was voided: use the present code")
        try:
            text = self.scheme.parse_grid(value.text)
        except CodeError as error:
            said = [w.removeprefix(p).rstrip("。.") for w, p in ((error.zh, "编码"), (error.en, "The code "))]
            raise LostError(*said) from error
        raise LostError(f"“{text[:40]}”不在现有网格中：请核对", f"'{text[:40]}' is no grid of the county: check it")

    def is_code(self, cell: Cell) -> bool:
        """Tell whether a cell holds the code of a living grid."""
        try:
            return as_code(cell, self.plan.grids, self.scheme.widths).text in self.plan.grids
        except LostError:
            return False

    def choice(self, what: str, cell: Cell) -> Value:
        """Return the key of a word of the scheme, given as key, Chinese or English name."""
        value = text_value(cell)
        listed: Sequence[Named] = getattr(self.scheme, what)
        if not listed:
            return value
        wanted = _bare(value.text)
        for item in listed:
            if wanted in (_bare(item.key), _bare(item.zh), _bare(item.en), _bare(item.zh).removesuffix("网格")):
                return Value(item.key)
        zh, en = "、".join(i.zh for i in listed[:12]), ", ".join(i.key for i in listed[:12])
        raise LostError(
            f"“{value.text[:30]}”不在体系之中：可填 {zh}", f"'{value.text[:30]}' is not in the scheme: it lists {en}"
        )

    def unlisted(self, what: str) -> bool:
        """Tell whether the scheme leaves a list empty."""
        return not getattr(self.scheme, what, True)


def _bare(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).lower().split()).replace("_", "").replace("-", "")


def _records(frame: pd.DataFrame) -> dict[str, Record]:
    plain_frame = frame.astype(object).where(frame.notna(), None)
    return {str(row["id"]): {str(k): v for k, v in row.items()} for row in plain_frame.to_dict("records")}


class People:
    """People, or bodies, found again by id or by name.

    Parameters
    ----------
    rows
        Records with ``id``, ``name`` and ``phone``.
    """

    def __init__(self, rows: Sequence[Record]) -> None:
        self._ids: dict[str, str] = {}
        self._bare: defaultdict[str, set[str]] = defaultdict(set)
        self._names: defaultdict[str, set[str]] = defaultdict(set)
        self._both: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        for row in rows:
            self.add(row)

    def add(self, row: Record) -> None:
        """Take one more in."""
        known, name, phone = str(row["id"]), str(row.get("name") or ""), str(row.get("phone") or "")
        self._ids[known] = known
        self._bare[known.lstrip("0")].add(known)
        self._names[name].add(known)
        self._both[name, phone].add(known)

    def same(self, name: str, phone: str) -> str | None:
        """Return the id of the one with this name and phone."""
        found = self._both.get((name, phone), set())
        return next(iter(found)) if len(found) == 1 else None

    def find(self, cell: Cell, phone: str) -> str:
        """Return the id that a cell means: an id, or a name, with a phone where names are alike."""
        value = id_value(cell)
        if value.text in self._ids:
            return value.text
        name = plain(cell)
        for found in (
            self._both.get((name, phone)) or self._both.get((value.text, phone)),
            self._names.get(name) or self._names.get(value.text),
            self._bare.get(value.text.lstrip("0")) if cell.kind == "number" else None,
        ):
            if found and len(found) == 1:
                return next(iter(found))
            if found:
                raise LostError(
                    f"“{name[:30]}”有 {len(found)} 个同名者：请填编号，或加上电话",
                    f"'{name[:30]}' is the name of {len(found)}: give the id, or the phone as well",
                )
        raise LostError(
            f"“{name[:30]}”不在台账中：请先导入", f"'{name[:30]}' is not in the register: import that first"
        )


def stable_id(table: str, *parts: str) -> str:
    """Return an id that the same content always gets."""
    return PREFIXES[table] + hashlib.blake2b("\x1f".join(parts).encode(), digest_size=6).hexdigest()


def blank(table: str) -> Record:
    """Return an empty row of a table."""
    return {column.name: None if column.kind == "real" else "" for column in TABLES[table]}
