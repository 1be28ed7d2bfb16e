"""One door in for workbooks and text tables: sheets of cells, by the row numbers that a spreadsheet shows.

Like vector files they are copied, checked for their size unpacked, and read by the child process.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from gridgis.errors import InputError
from gridgis.io.sandbox import FaultError, Limits, run_child
from gridgis.io.source import known_encoding
from gridgis.io.unpacking import BROKEN_ARCHIVE, check_file

MAX_UNPACKED = 512 << 20
MAX_RATIO = 100
RATIO_FROM = 32 << 20
"""Small workbooks may be packed as tightly as they like: rows that are all alike pack very well."""
MAX_PARTS = 2000

_BOOKS = (".xlsx", ".xlsm")
_TEXTS = (".csv", ".tsv", ".txt")
_JSON = re.compile(rb'(?:\xef\xbb\xbf)?\s*[\[{]\s*["{\[]')
_OLD = b"\xd0\xcf\x11\xe0"


class Cell(NamedTuple):
    """One cell that holds something.

    Parameters
    ----------
    kind
        ``text``, ``number``, ``date``, ``bool``, ``error``, or ``formula`` for one without a calculated value.
    text
        Its exact content.
    format
        Number format, of numbers.
    calculated
        True for the last value of a formula.
    merged
        Row that it was written in, where a merged cell spreads it over others.
    """

    kind: str
    text: str
    format: str = ""
    calculated: bool = False
    merged: int | None = None


@dataclass
class Sheet:
    """The cells of a sheet by row and column, both counted from 1 as a spreadsheet does."""

    name: str
    hidden: bool
    merged: list[tuple[int, int, int, int]]
    hidden_rows: frozenset[int]
    broken: frozenset[int]
    rows: dict[int, dict[int, Cell]] = field(default_factory=dict)

    @property
    def columns(self) -> int:
        """The last column that holds anything."""
        return max((max(row) for row in self.rows.values()), default=0)


@dataclass(frozen=True)
class Book:
    """A file of sheets; a text table is one sheet without a name.

    Parameters
    ----------
    name
        Name of the file.
    sheets
        Those that hold anything.
    facts
        ``driver``, ``encoding``, and ``delimiter`` of text.
    """

    name: str
    sheets: tuple[Sheet, ...]
    facts: dict[str, Any]


def read_book(path: str | Path, *, encoding: str = "auto", limits: Limits | None = None) -> Book:
    """Read every cell of an XLSX, CSV or TSV file; the original is copied first and never opened.

    Raises
    ------
    InputError
        The file is missing, of another kind, damaged, hostile, or empty.
    """
    path = Path(path)
    check_file(path)
    wanted = None if encoding == "auto" else known_encoding(encoding)
    with tempfile.TemporaryDirectory(prefix="gridgis-") as place:
        folder = Path(place)
        kind = _copy_in(path, folder)
        try:
            answer = run_child(
                {"path": f"input.{kind}", "kind": kind, "layer": None, "encoding": wanted}, folder, limits
            )
        except FaultError as fault:
            raise InputError(
                f"无法导入“{path.name}”：{fault.zh}。", f"'{path.name}' cannot be imported: {fault.en}."
            ) from fault
    sheets = [_sheet(facts) for facts in answer.facts["sheets"]]
    table = answer.table
    for n, row, column, *rest in zip(*(table.column(name).to_pylist() for name in table.schema.names), strict=True):
        sheets[n].rows.setdefault(row, {})[column] = Cell(*rest)
    full = tuple(sheet for sheet in sheets if sheet.rows)
    if not full:
        raise InputError(f"“{path.name}”没有任何内容：请重新导出。", f"'{path.name}' holds nothing: export it again.")
    for sheet in full:
        _spread(sheet)
    return Book(path.name, full, {k: v for k, v in answer.facts.items() if k in ("driver", "encoding", "delimiter")})


def _sheet(facts: dict[str, Any]) -> Sheet:
    merged = [(a, b, c, d) for a, b, c, d in facts["merged"]]
    return Sheet(
        facts["name"], facts["hidden"], merged, frozenset(facts["hidden_rows"]), frozenset(facts.get("broken", ()))
    )


def _spread(sheet: Sheet) -> None:
    """Give the value of a merged cell to all the rows and columns that it covers, as people read it."""
    for top, left, bottom, right in sheet.merged:
        cell = sheet.rows.get(top, {}).get(left)
        # A title over a whole sheet, or a merged column without end, is no value of anything.
        if cell is None or (bottom - top) * (right - left + 1) > 100_000:
            continue
        for row in range(top, bottom + 1):
            for column in range(left, right + 1):
                if (row, column) != (top, left) and (row in sheet.rows or row == top):
                    sheet.rows[row][column] = cell._replace(merged=top)


def _copy_in(path: Path, folder: Path) -> str:
    suffix = path.suffix.lower()
    with path.open("rb") as file:
        head = file.read(512)
    if head.startswith(_OLD):
        raise InputError(
            f"“{path.name}”是旧版 .xls 或加了密码的工作簿：请用 Excel 或 WPS 打开，去掉密码后另存为 .xlsx。",
            f"'{path.name}' is an old .xls or a workbook with a password: open it in a spreadsheet program, remove the "
            "password and save it as .xlsx.",
        )
    # As a table, its first line would be taken for the headers, and the row in it lost.
    if suffix in _TEXTS and _JSON.match(head):
        raise InputError(
            f"“{path.name}”的内容是 JSON，不是表格：如果是 GeoJSON，请把扩展名改为 .geojson。",
            f"'{path.name}' holds JSON, not a table: if it is GeoJSON, let its name end in .geojson.",
        )
    if suffix in _BOOKS and zipfile.is_zipfile(path):
        _require_small(path)
        kind = "xlsx"
    elif suffix in _TEXTS and not head.startswith(b"PK\x03\x04"):
        kind = "csv"
    elif suffix in (*_BOOKS, *_TEXTS, ".xls"):
        raise InputError(
            f"“{path.name}”的内容与扩展名不符：请用 Excel 或 WPS 打开后另存为 .xlsx。",
            f"The content of '{path.name}' is not what its name says: open it in a spreadsheet program and save it as .xlsx.",
        )
    else:
        raise InputError(
            f"“{path.name}”不是可导入的台账：请用 .xlsx、.csv 或 .tsv。",
            f"'{path.name}' is no register that can be imported: use .xlsx, .csv or .tsv.",
        )
    shutil.copyfile(path, folder / f"input.{kind}")
    return kind


def _require_small(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except BROKEN_ARCHIVE as error:
        raise InputError(
            f"工作簿“{path.name}”已损坏：请重新导出。", f"The workbook '{path.name}' is damaged: export it again."
        ) from error
    total = sum(info.file_size for info in parts)
    packed = max(1, sum(info.compress_size for info in parts))
    if len(parts) > MAX_PARTS or total > MAX_UNPACKED or (total > RATIO_FROM and total > MAX_RATIO * packed):
        raise InputError(
            f"工作簿“{path.name}”解开后过大或压缩比异常，不予打开：请拆分，或另存为 CSV。",
            f"The workbook '{path.name}' is too large or too tightly packed to open safely: split it, or save it as CSV.",
        )
