"""Where a table begins in a sheet and which column is which: by header, by content, by the user's word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from gridgis.errors import InputError
from gridgis.io.sheets import Book, Cell, Sheet
from gridgis.registers.fields import PHONE_HEADS, Field, heads_of, plain_head
from gridgis.registers.values import plain

Words = tuple[str, str]
Test = Callable[[Cell], bool]

_SEARCHED = 30
_SAMPLE = 400
_ENOUGH = 0.5
EXAMPLE = "【示例】"
"""What marks the example row of our templates."""


@dataclass
class Table:
    """A table found in a sheet.

    Attributes
    ----------
    heads
        Header by column.
    first
        The row below the header.
    columns
        Column by key of ours.
    rest
        Columns that no field took, by header.
    """

    sheet: Sheet
    heads: dict[int, str]
    first: int
    columns: dict[str, int] = field(default_factory=dict)
    rest: dict[str, int] = field(default_factory=dict)
    evidence: list[Words] = field(default_factory=list)
    last: int = field(init=False)

    def __post_init__(self) -> None:
        """Note the last column with a header, before any is left out."""
        self.last = max((c for c, h in self.heads.items() if h), default=0)

    def rows(self) -> list[int]:
        """Return the rows below the header that hold anything."""
        return [
            r for r in sorted(self.sheet.rows) if r >= self.first and any(plain(c) for c in self.sheet.rows[r].values())
        ]

    def sample(self, column: int) -> list[Cell]:
        """Return the first cells of a column that hold anything."""
        cells = (self.sheet.rows[r].get(column) for r in self.rows()[:_SAMPLE])
        return [c for c in cells if c is not None and plain(c)]


def find_table(book: Book, fields: Sequence[Field], layer: str | None, wanted: Sequence[str]) -> Table:
    """Return the table of a book: of the sheet named, else of the only one whose headers fit.

    Parameters
    ----------
    book
        The file.
    fields
        What is looked for.
    layer
        Name of the sheet, None where the headers tell.
    wanted
        Headers that the user named.

    Raises
    ------
    InputError
        There is no such sheet, or several fit.
    """
    sheets = [s for s in book.sheets if not s.hidden]
    if layer is not None:
        chosen = [s for s in book.sheets if s.name == layer]
        if not chosen:
            names = "、".join(s.name for s in book.sheets) or "（无）"
            raise InputError(
                f"“{book.name}”中没有工作表“{layer}”：现有 {names}。",
                f"'{book.name}' has no sheet '{layer}': there are {names.replace('、', ', ')}.",
            )
        return _table(chosen[0], fields, wanted)
    if not sheets:
        raise InputError(
            f"“{book.name}”中有内容的工作表都被隐藏：请取消隐藏，或用 --layer 指定。",
            f"All sheets of '{book.name}' that hold anything are hidden: show them, or name one with --layer.",
        )
    tables = [_table(s, fields, wanted) for s in sheets]
    scores = [_score(t.heads.values(), fields, wanted) for t in tables]
    fitting = [t for t, score in zip(tables, scores, strict=True) if score >= max(1, max(scores) - 1)]
    if len(fitting) > 1:
        several = [t.sheet.name for t in fitting]
        raise InputError(
            f"“{book.name}”有多个工作表像台账（{'、'.join(several)}）：请用 --layer 指定一个。",
            f"'{book.name}' has several sheets that look like registers ({', '.join(several)}): name one with --layer.",
        )
    table = fitting[0] if fitting else tables[0]
    if len(sheets) > 1:
        table.evidence.append((f"读取工作表“{table.sheet.name}”", f"read from the sheet '{table.sheet.name}'"))
    hidden = [s.name for s in book.sheets if s.hidden]
    if hidden:
        names = "、".join(hidden)
        said = (f"隐藏的工作表未读：{names}", f"hidden sheets were not read: {names.replace('、', ', ')}")
        table.evidence.append(said)
    return table


def _score(heads: object, fields: Sequence[Field], wanted: Sequence[str] = ()) -> int:
    """Count the fields that some header names."""
    found = {plain_head(str(h)) for h in heads}  # type: ignore[attr-defined]
    return sum(bool(heads_of(f) & found) for f in fields) + sum(plain_head(w) in found for w in wanted)


def _table(sheet: Sheet, fields: Sequence[Field], wanted: Sequence[str]) -> Table:
    """Find the header: the row of the first ones that names most fields, with a second row above or below it."""
    rows = sorted(sheet.rows)[:_SEARCHED]
    scores = {r: _score([plain(c) for c in sheet.rows[r].values()], fields, wanted) for r in rows}
    best = max(rows, key=lambda r: (scores[r], -r))
    if not scores[best]:
        return Table(sheet, {c: _letters(c) for c in range(1, sheet.columns + 1)}, rows[0])
    top = bottom = best
    if best - 1 in scores and scores[best - 1] and _is_header(sheet, best - 1) and not _alone(sheet, best - 1):
        top = best - 1
    elif best + 1 in scores and _continues(sheet, best, fields):
        bottom = best + 1
    table = Table(sheet, _heads(sheet, top, bottom), bottom + 1)
    if top != bottom:
        table.evidence.append((f"表头为第 {top}、{bottom} 两行", f"the header is rows {top} and {bottom}"))
    elif best > 1:
        table.evidence.append((f"表头为第 {best} 行", f"the header is row {best}"))
    return table


def _is_header(sheet: Sheet, row: int) -> bool:
    """Tell whether a row holds words only."""
    return all(c.kind == "text" and not any(d.isdigit() for d in plain(c)) for c in sheet.rows[row].values())


def _alone(sheet: Sheet, row: int) -> bool:
    """Tell whether a row says one thing: a title, spread over many cells or not."""
    return len({plain(c) for c in sheet.rows[row].values()}) == 1


def _continues(sheet: Sheet, row: int, fields: Sequence[Field]) -> bool:
    """Tell whether the row below a header is part of it: words of headers, under heads that are merged or empty."""
    below, above = sheet.rows[row + 1], sheet.rows[row]
    if not _is_header(sheet, row + 1):
        return False
    fresh = {c: cell for c, cell in below.items() if cell.merged is None or cell.merged > row}
    tied = len(fresh) < len(below) or any(_spreads(sheet, row, c) for c in fresh)
    placed = all(c not in above or above[c].merged is not None or _spreads(sheet, row, c) for c in fresh)
    return bool(fresh) and placed and (tied or _score([plain(c) for c in fresh.values()], fields) > 0)


def _spreads(sheet: Sheet, row: int, column: int) -> bool:
    """Tell whether a cell is the first of several merged beside each other."""
    return any(top == row and left <= column < right for top, left, _, right in sheet.merged)


def _heads(sheet: Sheet, top: int, bottom: int) -> dict[int, str]:
    """Return one header for each column: both rows together, and no two alike."""
    raw: dict[int, str] = {}
    for column in range(1, sheet.columns + 1):
        words = [plain(sheet.rows.get(r, {}).get(column)) for r in range(top, bottom + 1)]
        raw[column] = "".join(dict.fromkeys(w for w in words if w))
    counts = Counter(plain_head(h) for h in raw.values() if h)
    seen: Counter[str] = Counter()
    heads: dict[int, str] = {}
    before = ""
    for column, head in raw.items():
        bare = plain_head(head)
        seen[bare] += 1
        if head and counts[bare] > 1 and bare in PHONE_HEADS and before and plain_head(before) not in PHONE_HEADS:
            heads[column] = before + head if seen[bare] > 1 else head
        elif head and seen[bare] > 1:
            heads[column] = f"{head}（{seen[bare]}）"
        else:
            heads[column] = head
        before = head or before
    return heads


def _letters(column: int) -> str:
    name = ""
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def assign(table: Table, fields: Sequence[Field], named: Mapping[str, str], tests: Mapping[str, Test]) -> None:
    """Find the column of each field, and say how.

    Parameters
    ----------
    table
        Gets its `columns`, `rest` and evidence.
    fields
        What is looked for.
    named
        Columns that the user named: ours -> theirs.
    tests
        By type of field: whether a cell holds such a thing.

    Raises
    ------
    InputError
        A column that was named is not there, or a required one cannot be found.
    """
    by_head = {h: c for c, h in reversed(table.heads.items()) if h}
    for ours, theirs in named.items():
        column = by_head.get(theirs) or next(
            (c for h, c in by_head.items() if plain_head(h) == plain_head(theirs)), None
        )
        if column is None:
            there = "、".join(list(by_head)[::-1][:30])
            raise InputError(
                f"文件中没有列“{theirs}”：现有的列是 {there}。",
                f"The file has no column '{theirs}': its columns are {there.replace('、', ', ')}.",
            )
        table.columns[ours] = column
    for f in fields:
        if f.key not in table.columns:
            _find(table, f, tests.get(f.type))
    taken = set(table.columns.values())
    table.rest = {h: c for c, h in table.heads.items() if h and c not in taken}
    missing = [f for f in fields if f.required and f.key not in table.columns]
    if missing:
        there, wanted = "、".join(by_head), "、".join(f.zh for f in missing)
        keys = ", ".join(f"--field {f.key}=" for f in missing)
        raise InputError(
            f"没有认出必需的列（{wanted}）：请用 {keys}列名 指定，现有的列是 {there}。",
            f"Columns that are needed were not found ({', '.join(f.key for f in missing)}): name them with "
            f"{keys}COLUMN; the columns are {there.replace('、', ', ')}.",
        )


def _find(table: Table, f: Field, test: Test | None) -> None:
    """Give a field the free column with its header, unless the content of another speaks louder."""
    taken = set(table.columns.values())
    order = [plain_head(h) for h in (f.zh, *f.heads)]
    free = {c: plain_head(h) for c, h in table.heads.items() if c not in taken and h}
    hinted = sorted((order.index(h), c) for c, h in free.items() if h in order)
    shares = {c: _share(table, c, test) for c in free} if test is not None else {}
    fitting = [c for _, c in hinted if not shares or shares[c] >= _ENOUGH]
    if fitting:
        _take(table, f, fitting[0], shares.get(fitting[0]))
    elif shares and max(shares.values(), default=0) >= _ENOUGH and (f.required or not hinted):
        column = max(shares, key=lambda c: (shares[c], -c))
        _take(table, f, column, shares[column])
    elif hinted:
        _take(table, f, hinted[0][1], None)


def _share(table: Table, column: int, test: Test) -> float:
    cells = table.sample(column)
    return sum(map(test, cells)) / len(cells) if cells else 0.0


def _take(table: Table, f: Field, column: int, share: float | None) -> None:
    table.columns[f.key] = column
    head = table.heads[column]
    if plain_head(head) in heads_of(f):
        table.evidence.append((f"列“{head}”为{f.zh}", f"column '{head}' is {f.key}"))
    else:
        told = (
            f"列“{head}”按内容认定为{f.zh}（{share:.0%} 的值相符）",
            f"column '{head}' is {f.key} by its content ({share:.0%} fit)",
        )
        table.evidence.append(told)
