"""From the rows of a table to records: every row accepted or rejected with its reason, and what was mended said."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import shapely

from gridgis.io.sheets import Cell
from gridgis.registers.context import Context, Record, stable_id
from gridgis.registers.fields import Field
from gridgis.registers.heading import EXAMPLE, Table
from gridgis.registers.values import (
    LostError,
    Value,
    date,
    id_value,
    number,
    person,
    phone,
    plain,
    text_value,
)
from gridgis.schema import reproject

Words = tuple[str, str]
Check = Callable[[Context, Record, Callable[[Words], None]], None]


@dataclass
class Rows:
    """The rows of a register while they are read; rows are numbered as the spreadsheet shows them.

    Attributes
    ----------
    good
        Records by row, of what the row says; what it leaves blank has no key.
    extra
        Further columns by row.
    """

    good: dict[int, Record] = field(default_factory=dict)
    extra: dict[int, dict[str, str]] = field(default_factory=dict)
    rejected: dict[int, Words] = field(default_factory=dict)
    warnings: list[tuple[int, Words]] = field(default_factory=list)
    mended: list[tuple[int, str, Words]] = field(default_factory=list)
    notes: list[Words] = field(default_factory=list)
    calculated: set[int] = field(default_factory=set)
    examples: int = 0

    @property
    def count(self) -> int:
        """How many rows the table has."""
        return len(self.good) + len(self.rejected)

    def warn(self, row: int, words: Words) -> None:
        """Say something of a row that enters all the same."""
        self.warnings.append((row, words))

    def reject(self, row: int, reason: Words) -> None:
        """Keep a row out, whatever else it says."""
        self.good.pop(row, None)
        self.extra.pop(row, None)
        if row in self.rejected:
            reason = (f"{self.rejected[row][0]}；{reason[0]}", f"{self.rejected[row][1]}; {reason[1]}")
        self.rejected[row] = reason


class Reader:
    """Reads rows by the types of their fields.

    Parameters
    ----------
    context
        The county.
    table
        The table with its columns.
    fields
        What is read.
    """

    def __init__(self, context: Context, table: Table, fields: Sequence[Field]) -> None:
        self.context, self.table, self.rows = context, table, Rows()
        self.fields = [f for f in fields if f.key in table.columns and f.type != "-"]
        self.needed = {f.key for f in fields if f.required}
        self._readers: Mapping[str, Callable[[Cell], Value]] = {
            "code": context.code, "id": id_value, "person": person, "text": text_value, "date": date,
            "until": partial(date, may_be_open=True),
        }  # fmt: skip

    def read(self, extra: Mapping[str, tuple[int, str]]) -> Rows:
        """Read every row; `extra` gives column and type of further ones to keep as text."""
        for row in self.table.rows():
            cells = self.table.sheet.rows[row]
            if any(plain(c).startswith(EXAMPLE) for c in cells.values()):
                self.rows.examples += 1
                continue
            reasons = self._shape(row, cells)
            record: Record = {}
            kept: dict[str, str] = {}
            for f in self.fields:
                try:
                    self._field(row, f, cells.get(self.table.columns[f.key]), record)
                except LostError as lost:
                    reasons.append(self._named(f.key, lost))
            for name, (column, kind) in extra.items():
                try:
                    if column in cells and plain(cells[column]):
                        kept[name] = self._text(row, column, kind, cells[column])
                except LostError as lost:
                    reasons.append((f"“{name}”{lost.words[0]}", f"'{name}' {lost.words[1]}"))
            self.rows.good[row], self.rows.extra[row] = record, {k: v for k, v in kept.items() if v}
            for reason in reasons:
                self.rows.reject(row, reason)
            if any(c.calculated and c.kind != "formula" for c in cells.values()):
                self.rows.calculated.add(row)
        self.rows.mended = [m for m in self.rows.mended if m[0] in self.rows.good]
        self.rows.warnings = [w for w in self.rows.warnings if w[0] in self.rows.good]
        return self.rows

    def _shape(self, row: int, cells: Mapping[int, Cell]) -> list[Words]:
        if row in self.table.sheet.broken:
            return [("引号没有成对：请改正后重新导出", "a quotation mark does not close: correct it and export again")]
        beyond = [c for c in cells if c > self.table.last and plain(cells[c])]
        if beyond and self.table.sheet.name == "":
            return [
                (
                    "字段比表头多：多半有未加引号的分隔符",
                    "has more fields than the header: some delimiter is not quoted",
                )
            ]
        return []

    def _named(self, key: str, lost: LostError) -> Words:
        head = self.table.heads[self.table.columns[key]]
        return f"“{head}”{lost.words[0]}", f"'{head}' {lost.words[1]}"

    def _field(self, row: int, f: Field, cell: Cell | None, record: Record) -> None:
        if cell is None or not plain(cell):
            if f.key in self.needed:
                raise LostError("是空的", "is empty")
            return
        if f.type in ("staff", "body"):
            record[f.key] = cell
            return
        if f.type == "number":
            record[f.key] = number(cell)
            return
        kind = "until" if f.key == "until" else f.type
        record[f.key] = self._text(row, self.table.columns[f.key], kind, cell)
        if not record[f.key] and f.key in self.needed:
            raise LostError("是空的", "is empty")

    def _text(self, row: int, column: int, kind: str, cell: Cell) -> str:
        """Return what a cell says, and take down what was mended or is to be warned of."""
        if kind == "phone":
            value, warning = phone(cell)
            if warning:
                self.rows.warn(row, warning)
        elif kind in self._readers:
            value = self._readers[kind](cell)
        else:
            value = self.context.choice(kind, cell)
        if value.mended:
            self.rows.mended.append((row, self.table.heads[column], value.mended))
        return value.text


def settle(kind: str, context: Context, rows: Rows) -> None:
    """Check what several columns say together, give rows without an id theirs, and reject those that clash."""
    check: Check = {
        "register": _register,
        "staff": _staff,
        "organisations": _body,
        "postings": _posting,
        "visits": _visit,
    }[kind]
    for row, record in list(rows.good.items()):
        try:
            check(context, record, partial(rows.warn, row))
        except LostError as lost:
            rows.reject(row, lost.words)
    if kind == "organisations":
        for record in rows.good.values():
            context.bodies.add(record)
        for row, record in rows.good.items():
            _link(context, record, "parent", partial(rows.warn, row))
    _reject_twice("code" if kind == "register" else "id", rows)


def _register(context: Context, record: Record, _: Callable[[Words], None]) -> None:
    kind = record.get("kind")
    if not kind:
        return
    grid = context.plan.grids[record["code"]]
    level = context.scheme.level(grid.level)
    if level.kinds and kind not in level.kinds:
        raise LostError(f"层级“{level.zh}”没有类型“{kind}”", f"level '{level.en}' has no kind '{kind}'")
    if level.letters and kind != grid.kind:
        raise LostError(
            "类型写在编码中，不能由台账改变：请用 gridgis convert",
            "the kind stands in the code and is no matter of the register: use gridgis convert",
        )


def _staff(context: Context, record: Record, warn: Callable[[Words], None]) -> None:
    _point(context, record, warn)
    _link(context, record, "organisation", warn)
    name, tel = record["name"], record.get("phone", "")
    if not record.get("id"):
        known = context.staff.same(name, tel) if tel else None
        record["id"] = known or stable_id("staff", name, tel or "\x1f" + record.get("organisation", ""))


def _body(context: Context, record: Record, warn: Callable[[Words], None]) -> None:
    _point(context, record, warn)
    _identify(context, "organisations", record, ("kind", "name", "code"))


def _identify(context: Context, table: str, record: Record, keys: tuple[str, ...]) -> None:
    """Give a record without an id that of the row which says the same, else one made of what it says."""
    if not record.get("id"):
        parts = tuple(str(record.get(k) or "") for k in keys)
        record["id"] = context.known(table, keys).get(parts) or stable_id(table, *parts)


def _link(context: Context, record: Record, key: str, warn: Callable[[Words], None]) -> None:
    """Turn the name of a body into its id where it is known."""
    if record.get(key):
        try:
            record[key] = context.bodies.find(Cell("text", record[key]), "")
        except LostError as lost:
            zh, en = lost.words
            warn((f"组织{zh.split('：')[0]}，已照原样录入", f"the body {en.split(':')[0]}; kept as typed"))


def _point(context: Context, record: Record, warn: Callable[[Words], None]) -> None:
    lon, lat = record.pop("lon", None), record.pop("lat", None)
    if lon is None and lat is None:
        return
    if lon is None or lat is None or not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise LostError("经度、纬度不是有效的位置", "longitude and latitude are no place on earth")
    point = reproject(shapely.Point(lon, lat), 4490, context.crs)
    record["x"], record["y"] = round(point.x, 3), round(point.y, 3)
    if not context.near.contains(point):
        warn(("经纬度在县区之外，已照原样录入", "the place lies outside the county; kept as given"))


def _posting(context: Context, record: Record, _: Callable[[Words], None]) -> None:
    tel = record.pop("phone", "")
    if ("staff" in record) == ("organisation" in record):
        raise LostError("人员与组织须填且只填一个", "give either a person or a body, not both or none")
    holder = "person" if "staff" in record else "organisation"
    key, known = ("staff", context.staff) if holder == "person" else ("organisation", context.bodies)
    record[key] = known.find(record[key], tel)
    role = next((r for r in context.scheme.roles if r.key == record["role"]), None)
    level = context.plan.grids[record["code"]].level
    if role is not None and role.holder != holder:
        raise LostError(
            f"岗位“{role.zh}”应由{'个人' if role.holder == 'person' else '组织'}担任",
            f"role '{role.key}' is for a {role.holder}",
        )
    if role is not None and role.level is not None and role.level != level:
        zh = context.scheme.level(role.level).zh
        raise LostError(
            f"岗位“{role.zh}”属于{zh}，该网格不是这一层级",
            f"role '{role.key}' belongs to level '{role.level}', not '{level}'",
        )
    since, until = record.get("since", ""), record.get("until", "")
    if since and until and until < since:
        raise LostError(f"终止日期 {until} 早于起始日期 {since}", f"it ends on {until}, before it begins on {since}")
    _identify(context, "postings", record, ("role", "code", "staff", "organisation", "since"))


def _visit(context: Context, record: Record, _: Callable[[Words], None]) -> None:
    record["staff"] = context.staff.find(record["staff"], record.pop("phone", ""))
    _identify(context, "visits", record, ("staff", "code", "at"))


def _reject_twice(key: str, rows: Rows) -> None:
    """Reject rows that repeat another, and all rows that say different things of the same."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for row, record in rows.good.items():
        found[record[key]].append(row)
    for value, same in found.items():
        if len(same) < 2:
            continue
        first = same[0]
        if all((rows.good[r], rows.extra.get(r)) == (rows.good[first], rows.extra.get(first)) for r in same):
            for row in same[1:]:
                rows.reject(row, (f"与第 {first} 行完全相同，未重复导入", f"repeats row {first}; imported once"))
            continue
        for row in same:
            others = [r for r in same if r != row][:5]
            zh, en = "、".join(map(str, others)), ", ".join(map(str, others))
            what = ("编码", "code") if key == "code" else ("编号或同一对象", "id")
            rows.reject(
                row,
                (
                    f"{what[0]}“{value}”在第 {zh} 行又出现，内容不同：请只留一行",
                    f"its {what[1]} '{value}' stands in row {en} too, with other content: keep one row",
                ),
            )
