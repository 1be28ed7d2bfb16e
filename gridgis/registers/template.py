"""Workbooks to fill in: text columns, so that codes keep their zeros, and the scheme's words as drop-down lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from gridgis.county import County
from gridgis.errors import InputError
from gridgis.io.workbook import SAFE
from gridgis.registers.fields import FIELDS, KIND_NAMES, KINDS, LISTS, Field
from gridgis.registers.heading import EXAMPLE
from gridgis.scheme import Scheme

_WORDS = "可选值"
_READY = 5000
"""Rows below the header that are ready to be filled in."""
_EXAMPLES: Mapping[str, str] = {
    "name": "张示例", "phone": "19900000000", "since": "2026-01-01", "at": "2026-01-15", "as_of": "2026-01-01",
    "lon": "118.240000", "lat": "25.490000", "id": "0001", "staff": "0001", "organisation": "示例单位", "note": "示例", "source": "示例",
}  # fmt: skip


def write_template(path: str | Path, as_: str, scheme: Scheme, county: County | None = None) -> int:
    """Write a workbook to fill in and return how many rows it holds already.

    Parameters
    ----------
    path
        The .xlsx file to write.
    as_
        ``register``, ``staff``, ``organisations``, ``postings`` or ``visits``.
    scheme
        Whose words are offered.
    county
        Whose grids stand in the grid register already; none by default.

    Raises
    ------
    InputError
        There is no such register, or the file cannot be written.
    """
    if as_ not in KINDS:
        raise InputError(
            f"没有台账“{as_}”：可用的有 {'、'.join(KINDS)}。", f"There is no register '{as_}': use {', '.join(KINDS)}."
        )
    if Path(path).suffix.lower() != ".xlsx":
        raise InputError(f"“{path}”应以 .xlsx 结尾。", f"'{path}' must end in .xlsx.")
    words = {f.key: {i.key: i.zh for i in getattr(scheme, f.type)} for f in FIELDS[as_] if f.type in LISTS}
    fields = [f for f in FIELDS[as_] if f.key != "area_m2" and words.get(f.key) != {}]
    rows, extra = _grids(county, words) if county is not None and as_ == "register" else ([], [])
    try:
        with xlsxwriter.Workbook(str(path), SAFE) as book:
            _data(book, as_, fields, extra, [_example(as_, fields, words, scheme), *rows])
            _explanation(book, as_, fields)
            _words(book, fields, words)
    except (OSError, XlsxWriterException) as error:
        raise InputError(f"无法写入“{path}”：{error}。", f"'{path}' cannot be written: {error}.") from error
    return len(rows)


def _grids(county: County, words: Mapping[str, Mapping[str, str]]) -> tuple[list[dict[str, str]], list[str]]:
    """Return what the county knows of its grids, in the words of the drop-down lists, and its further columns."""
    rows = []
    levels = {v.key: v.zh for v in county.scheme.levels}
    for code in sorted(county.plan.grids):
        g = county.plan.grids[code]
        own = {"kind": g.kind, "category": g.category, "class": g.class_, "zone": g.zone}
        told = {k: words.get(k, {}).get(v, v) for k, v in own.items()}
        rows.append({"code": code, "name": g.name, "level": levels[g.level], **told, **dict(g.extra)})
    extra = dict.fromkeys(k for code in county.plan.grids for k, _ in county.plan.grids[code].extra)
    return rows, list(extra)


def _example(
    as_: str, fields: Sequence[Field], words: Mapping[str, Mapping[str, str]], scheme: Scheme
) -> dict[str, str]:
    """Return the example row; its first column says what it is, and imports skip it."""
    code = "350526001001001001"[: scheme.widths[-1]]
    values = dict(_EXAMPLES) | {"code": code, "level": scheme.levels[-1].zh}
    if as_ in ("register", "organisations"):
        values = values | {"name": "示例网格" if as_ == "register" else "示例党支部"}
    row = {f.key: next(iter(words.get(f.key, {}).values()), values.get(f.key, "")) for f in fields}
    return row | {fields[0].key: EXAMPLE + row[fields[0].key]}


def _data(
    book: Any, as_: str, fields: Sequence[Field], extra: Sequence[str], rows: Sequence[Mapping[str, str]]
) -> None:
    page = book.add_worksheet(KIND_NAMES[as_][0])
    text = book.add_format({"num_format": "@"})
    head = book.add_format({"bold": True, "bg_color": "#EEF2F6", "bottom": 1, "num_format": "@"})
    needed = book.add_format({"bold": True, "bg_color": "#FBEFD0", "bottom": 1, "num_format": "@"})
    example = book.add_format({"italic": True, "font_color": "#8A94A0", "num_format": "@"})
    heads = [(f.key, f.zh + ("（必填）" if f.required else ""), needed if f.required else head) for f in fields]
    heads += [(name, name, head) for name in extra]
    listed = [f for f in fields if f.type in LISTS]
    for column, (key, title, form) in enumerate(heads):
        page.set_column(column, column, 24 if key in ("code", "name", "note") else 16, text)
        page.write_string(0, column, title, form)
        for row, values in enumerate(rows, start=1):
            if values.get(key):
                page.write_string(row, column, values[key], example if row == 1 else text)
        field = next((f for f in listed if f.key == key), None)
        if field is not None:
            letter, last = chr(65 + listed.index(field)), _ready(rows)
            page.data_validation(1, column, last, column, {
                "validate": "list", "source": f"='{_WORDS}'!${letter}$2:${letter}$200", "error_type": "warning",
                "error_title": "不在可选值中", "error_message": "请从下拉列表中选择。",
            })  # fmt: skip
    page.freeze_panes(1, 1)


def _ready(rows: Sequence[Mapping[str, str]]) -> int:
    return len(rows) + _READY


def _explanation(book: Any, as_: str, fields: Sequence[Field]) -> None:
    page = book.add_worksheet("说明")
    wrap, bold = book.add_format({"text_wrap": True, "valign": "top"}), book.add_format({"bold": True})
    zh, en = KIND_NAMES[as_]
    lines = [
        (f"{zh}导入模板", f"Template: {en}"),
        ("各列已设为文本，编码和电话开头的零不会丢失；粘贴时请选“粘贴为值”。",
         "All columns are text, so codes and phones keep their zeros; paste values only."),
        (f"以“{EXAMPLE}”开头的一行是示例，导入时自动略过。", f"The row that begins with {EXAMPLE} is an example and is skipped."),
        ("不要填写居民身份证号；特殊人群只登记数量。", "No identity card numbers; of vulnerable groups only counts are kept."),
        ("留空的格不改动原有内容。", "What is left empty stays as it is."),
    ]  # fmt: skip
    if as_ == "register":
        lines.append(
            (
                "可以增加其他列（如网格长、电话），按列名保存在台账中。",
                "Further columns may be added and are kept by their headers.",
            )
        )
    page.set_column(0, 0, 26, wrap)
    page.set_column(1, 2, 60, wrap)
    for row, (a, b) in enumerate(lines):
        page.write_string(row, 1, a, bold if row == 0 else wrap)
        page.write_string(row, 2, b, bold if row == 0 else wrap)
    for row, f in enumerate(fields, start=len(lines) + 1):
        page.write_string(row, 0, f.zh + ("（必填）" if f.required else ""), bold)
        page.write_string(row, 1, f.hint[0], wrap)
        page.write_string(row, 2, f.hint[1], wrap)


def _words(book: Any, fields: Sequence[Field], words: Mapping[str, Mapping[str, str]]) -> None:
    listed = [f for f in fields if f.type in LISTS]
    if not listed:
        return
    page = book.add_worksheet(_WORDS)
    bold, text = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
    for column, f in enumerate(listed):
        page.set_column(column, column, 22, text)
        page.write_string(0, column, f.zh, bold)
        for row, name in enumerate(words[f.key].values(), start=1):
            page.write_string(row, column, name, text)
