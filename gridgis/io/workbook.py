"""Writing workbooks: codes and phones stay text, nothing is ever a live formula."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from gridgis.errors import InputError

_WIDEST, _NARROWEST = 48, 8
_ROWS = 1_048_575
SAFE = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "nan_inf_to_errors": True}
"""Options under which no text becomes a formula, a link or a number."""


@dataclass(frozen=True)
class Sheet:
    """One sheet: its name, its rows with the column names as they are shown, and a line above them if any."""

    name: str
    frame: pd.DataFrame
    note: str = ""


def workbook_bytes(sheets: Sequence[Sheet]) -> bytes:
    """Return sheets as the bytes of an .xlsx file."""
    out = io.BytesIO()
    write_workbook(out, sheets)
    return out.getvalue()


def write_workbook(path: str | Path | io.BytesIO, sheets: Sequence[Sheet]) -> None:
    """Write sheets to an .xlsx file.

    Parameters
    ----------
    path
        The file, or a buffer in memory; a file that exists is replaced.
    sheets
        In the order in which they appear.

    Raises
    ------
    InputError
        The file cannot be written, or a sheet has more rows than a workbook holds.
    """
    for sheet in sheets:
        if len(sheet.frame) > _ROWS - bool(sheet.note):
            raise InputError(
                f"“{sheet.name}”有 {len(sheet.frame)} 行，超过 XLSX 的 {_ROWS} 行上限：请改用 CSV。",
                f"'{sheet.name}' has {len(sheet.frame)} rows; XLSX holds {_ROWS}: use CSV.",
            )
    try:
        with xlsxwriter.Workbook(path if isinstance(path, io.BytesIO) else str(path), SAFE) as book:
            formats = {
                "head": book.add_format({"bold": True, "bg_color": "#EEF2F6", "bottom": 1, "text_wrap": True, "num_format": "@"}),
                "text": book.add_format({"num_format": "@"}),
                "note": book.add_format({"italic": True, "font_color": "#5B6673"}),
            }  # fmt: skip
            for sheet in sheets:
                _write(book.add_worksheet(sheet.name[:31]), sheet, formats)
    except (OSError, XlsxWriterException) as error:
        raise InputError(f"无法写入“{path}”：{error}。", f"'{path}' cannot be written: {error}.") from error


def _write(page: Any, sheet: Sheet, formats: dict[str, Any]) -> None:
    top = 0
    if sheet.note:
        page.write_string(0, 0, sheet.note, formats["note"])
        top = 1
    for k, name in enumerate(sheet.frame.columns):
        values = sheet.frame[name].tolist()
        page.write_string(top, k, str(name), formats["head"])
        for row, value in enumerate(values, start=top + 1):
            _put(page, (row, k), value, formats["text"])
        longest = max([_width(str(name)), *(_width(str(v)) for v in values[:500] if v is not None)])
        page.set_column(k, k, min(max(longest + 2, _NARROWEST), _WIDEST))
    page.freeze_panes(top + 1, 0)
    if len(sheet.frame.columns):
        page.autofilter(top, 0, top + len(sheet.frame), len(sheet.frame.columns) - 1)


def _put(page: Any, at: tuple[int, int], value: Any, text: Any) -> None:
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return
    if isinstance(value, (bool, np.bool_)):
        page.write_boolean(*at, bool(value))
    elif isinstance(value, (int, float, np.integer, np.floating)):
        page.write_number(*at, value)
    else:
        page.write_string(*at, value.isoformat() if isinstance(value, dt.date) else str(value)[:32_000], text)


def _width(text: str) -> int:
    return sum(2 if ord(c) > 0x2E7F else 1 for c in text)
