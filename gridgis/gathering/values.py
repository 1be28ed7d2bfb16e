"""One value of a file at a time: as a field keeps it, or the reason why it cannot."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import pandas as pd

from gridgis.io.sheets import Cell
from gridgis.registers.values import LostError, date

__all__ = ["LostError", "is_blank", "jsonable", "reader"]

_BLANKS = frozenset(
    ("", "-", "--", "—", "/", "\\", "无", "null", "none", "nan", "n/a", "#n/a", "<na>", "<null>", "nat")
)
_UNITS = re.compile(r"\s*(户|人|层|栋|个|名|f|楼)$")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u2028-\u202e\ufeff]+")
_TRUE = frozenset(("1", "有效", "是", "true", "yes", "y", "t", "真", "属实"))
_FALSE = frozenset(("0", "无效", "否", "false", "no", "n", "f", "假", "不属实"))
_CHINA = dt.timezone(dt.timedelta(hours=8))
_LARGEST = 10**9


def is_blank(value: Any) -> bool:
    """Tell whether a cell holds nothing."""
    if value is None or value is pd.NaT or value is pd.NA:
        return True
    if isinstance(value, float):
        return math.isnan(value)
    return isinstance(value, str) and not value.strip()


def _plain(value: Any) -> str:
    """Return a value as text on one line; a whole number without a decimal point."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat().removesuffix("T00:00:00")
    return _CONTROLS.sub(" ", str(value)).strip()


def _said(value: Any) -> str:
    text = unicodedata.normalize("NFKC", _plain(value)).strip()
    return "" if text.lower() in _BLANKS else text


def _text(value: Any) -> str | None:
    text = _plain(value)
    if "\ufffd" in text:
        raise LostError("含有损坏的文字（�）：请核对编码", "holds damaged text (U+FFFD): check the encoding")
    return text or None


def _whole(value: Any) -> int | None:
    if isinstance(value, bool):
        raise LostError(f"“{value}”不是数字", f"'{value}' is no number")
    text = _said(value)
    if not text:
        return None
    try:
        number = float(_UNITS.sub("", text.lower()).replace(",", ""))
    except ValueError:
        raise LostError(f"“{text[:30]}”不是数字", f"'{text[:30]}' is no number") from None
    if not number.is_integer() or abs(number) > _LARGEST:
        raise LostError(f"“{text[:30]}”不是整数", f"'{text[:30]}' is no whole number")
    return int(number)


def _count(value: Any) -> int | None:
    number = _whole(value)
    if number is not None and number < 0:
        raise LostError(f"“{number}”是负数", f"'{number}' is below zero")
    return number


def _when(value: Any) -> str | None:
    text = _said(value)
    if not text:
        return None
    try:
        if re.fullmatch(r"\d{13}", text):
            moment = dt.datetime.fromtimestamp(int(text) / 1000, _CHINA)
        elif re.fullmatch(r"\d{14}", text):
            moment = dt.datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=_CHINA)
        elif re.search(r"\d:\d\d.*(Z|[+-]\d\d:?\d\d)$", text):
            moment = dt.datetime.fromisoformat(text).astimezone(_CHINA)
        else:
            return date(Cell("text", text)).text.replace("T", " ") or None
    except (ValueError, OverflowError):
        raise LostError(f"“{text[:30]}”不是日期", f"'{text[:30]}' is no date") from None
    if not 1900 <= moment.year <= 2100:
        raise LostError(f"“{text[:30]}”不是有效日期", f"'{text[:30]}' is no valid date")
    return moment.replace(tzinfo=None).isoformat(" ", timespec="seconds")


def _flag(value: Any) -> int | None:
    text = _said(value).lower()
    if text in _TRUE:
        return 1
    if text in _FALSE:
        return 0
    if text:
        raise LostError(f"“{text[:30]}”不是“是”或“否”", f"'{text[:30]}' is neither yes nor no")
    return None


_READERS: Mapping[str, Callable[[Any], Any]] = MappingProxyType(
    {"id": _text, "text": _text, "count": _count, "whole": _whole, "when": _when, "flag": _flag}
)


def reader(kind: str) -> Callable[[Any], Any]:
    """Return what reads the values of a kind of field: the value, None for an empty one, or `LostError`.

    Parameters
    ----------
    kind
        As in `gridgis.gathering.fields.Field`.
    """
    return _READERS[kind]


def jsonable(value: Any) -> Any:
    """Return a value of a column that is not ours, as JSON can hold it."""
    if isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 1e15 else value
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    try:
        json.dumps(item := value.item())
    except (AttributeError, TypeError, ValueError):
        return str(value)
    return item
