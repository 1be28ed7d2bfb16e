"""Read the cells of a workbook or a text table. Loaded by `child.py` in its own process, never by the product.

Nothing is guessed here: each cell that holds something becomes one row of the answer with its kind (``text``,
``number``, ``date``, ``bool``, ``error``, ``formula`` for one without a calculated value), its exact text and
its number format. What it means is the parent's business.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.parsers import expat

import openpyxl
import pyarrow as pa
from openpyxl.styles.numbers import is_date_format

Job = dict[str, Any]
Facts = dict[str, Any]
Row = tuple[int, int, int, str, str, str, bool]

_DELIMITERS = (",", "\t", ";", "|", "，", "；", "^", "~", "\x01")
_COLUMNS = ("sheet", "row", "column", "kind", "text", "format", "calculated")
_LOOKED_AT = 50


class FaultError(Exception):
    """The file cannot be used; `kind` is a key that the parent has words for."""

    def __init__(self, kind: str, detail: object = "") -> None:
        super().__init__(kind)
        self.kind = kind
        self.detail = detail


def read(job: Job) -> tuple[pa.Table, Facts]:
    """Read a copy of the file.

    Parameters
    ----------
    job
        ``path``, ``kind`` (``xlsx`` or ``csv``), ``encoding``.
    """
    cells, facts = _text_table(job) if job["kind"] == "csv" else _workbook(job["path"])
    columns: list[Any] = list(zip(*cells, strict=True)) if cells else [() for _ in _COLUMNS]
    types = (pa.int32(), pa.int32(), pa.int32(), pa.string(), pa.string(), pa.string(), pa.bool_())
    arrays = [pa.array(values, kind) for values, kind in zip(columns, types, strict=True)]
    return pa.table(dict(zip(_COLUMNS, arrays, strict=True))), facts


# -- workbooks -----------------------------------------------------------------------------------------------


def _workbook(path: str) -> tuple[list[Row], Facts]:
    _refuse_doctype(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        written = openpyxl.load_workbook(path, keep_vba=False, keep_links=False)
        formulas = any(c.data_type == "f" for sheet in written.worksheets for c in sheet._cells.values())
        shown = openpyxl.load_workbook(path, data_only=True, keep_links=False) if formulas else written
    rows: list[Row] = []
    sheets: list[Facts] = []
    for n, sheet in enumerate(written.worksheets):
        rows += _cells(n, sheet, shown[sheet.title])
        sheets.append(
            {
                "name": sheet.title,
                "hidden": sheet.sheet_state != "visible",
                "merged": [[m.min_row, m.min_col, m.max_row, m.max_col] for m in sheet.merged_cells.ranges],
                "hidden_rows": sorted(int(k) for k, d in sheet.row_dimensions.items() if d.hidden),
            }
        )
    return rows, {"driver": "XLSX", "encoding": "UTF-8", "sheets": sheets}


def _refuse_doctype(path: str) -> None:
    """Refuse XML with a document type, which workbooks never have: entities could grow or fetch things."""

    def found(*_: object) -> None:
        raise FaultError("doctype")

    def begun(*_: object) -> None:
        raise StopIteration

    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if not info.filename.lower().endswith((".xml", ".rels", ".vml")):
                continue
            parser = expat.ParserCreate()
            parser.StartDoctypeDeclHandler, parser.StartElementHandler = found, begun
            with archive.open(info) as part:
                try:
                    parser.ParseFile(part)
                except (StopIteration, expat.ExpatError):
                    continue


def _cells(n: int, sheet: Any, shown: Any) -> Iterator[Row]:
    # `iter_rows` would make every cell of the box up to the last one, a billion where somebody typed in XFD1048576.
    for (row, column), cell in sorted(sheet._cells.items()):
        calculated = cell.data_type == "f"
        seen = shown._cells.get((row, column)) if calculated else cell
        if calculated and (seen is None or seen.value is None):
            yield n, row, column, "formula", str(cell.value)[:200], "", True
        elif seen.value is not None:
            kind, text = _value(seen)
            yield n, row, column, kind, text, seen.number_format if kind == "number" else "", calculated


def _value(cell: Any) -> tuple[str, str]:
    value, kind = cell.value, cell.data_type
    if kind == "e":
        # openpyxl says so of a number too large for a date, too: a code in a column formatted as dates.
        return ("date", "") if is_date_format(cell.number_format) else ("error", str(value))
    if isinstance(value, bool):
        return "bool", "TRUE" if value else "FALSE"
    if isinstance(value, (int, float)):
        return "number", repr(value)
    if isinstance(value, (dt.datetime, dt.date, dt.time)):
        return "date", value.isoformat()
    if isinstance(value, dt.timedelta):
        return "date", str(value)
    return "text", str(value).replace("_x000D_", "")


# -- text tables ---------------------------------------------------------------------------------------------


def _text_table(job: Job) -> tuple[list[Row], Facts]:
    text, encoding = _decoded(Path(job["path"]).read_bytes(), job["encoding"])
    lines = text.splitlines()
    stated = lines[0][4:5] if lines and lines[0].lower().startswith("sep=") else ""
    if stated:
        text = text.replace(lines[0], "", 1)
    delimiter = stated or _delimiter([line for line in lines if line.strip()][:_LOOKED_AT])
    records, broken = _records(text, delimiter)
    rows = [
        (0, n, k, "text", field, "", False)
        for n, record in enumerate(records, 1) for k, field in enumerate(record, 1) if field != ""
    ]  # fmt: skip
    sheet = {"name": "", "hidden": False, "merged": [], "hidden_rows": [], "broken": broken}
    return rows, {"driver": "CSV", "encoding": encoding, "delimiter": delimiter, "sheets": [sheet]}


def _decoded(raw: bytes, wanted: str | None) -> tuple[str, str]:
    """Return the text and its encoding; what cannot be decoded stays as U+FFFD, so that its row can be named."""
    if wanted is not None:
        return raw.decode(wanted, "replace").removeprefix("\ufeff"), wanted.upper()
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", "replace"), "UTF-16"
    if b"\x00" in raw:
        raise FaultError("not_text")
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    # The encoding that more of the lines agree with: one damaged line must not turn all others into gibberish.
    telling = [line for line in raw.split(b"\n") if not line.isascii()]
    fit = {name: sum(_fits(line, name) for line in telling) for name in ("utf-8", "gb18030")}
    name = "gb18030" if fit["utf-8"] * 2 < fit["gb18030"] else "utf-8"
    return raw.decode(name, "replace"), name.upper()


def _fits(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _delimiter(lines: list[str]) -> str:
    """Return the delimiter that cuts most lines into the same number of fields."""
    best, found = 0.0, ","
    for delimiter in _DELIMITERS:
        counts = Counter(len(r) for r in csv.reader(lines, delimiter=delimiter) if r)
        fields, lines_with = max(counts.items(), key=lambda item: (item[1], item[0]), default=(1, 0))
        score = (fields > 1) * lines_with + min(fields, 100) / 1000
        if fields > 1 and score > best:
            best, found = score, delimiter
    return found


def _records(text: str, delimiter: str) -> tuple[list[list[str]], list[int]]:
    """Return the records, and which of them have a quotation mark that never closes."""
    csv.field_size_limit(1 << 20)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)), []
    except csv.Error:
        pass
    # One stray quotation mark would swallow the rest of the file: take each line by itself.
    records, broken = [], []
    for n, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        try:
            records += list(csv.reader([line], delimiter=delimiter, strict=True)) or [[]]
        except csv.Error:
            records.append(line.split(delimiter))
            broken.append(n)
    return records, broken
