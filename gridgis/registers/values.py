"""One cell at a time: what a spreadsheet did to a code, a phone or a date, taken back where nothing is lost.

Each reader returns the value, or raises `LostError` with the reason half-way into a sentence; what it had to mend
is said in `Value.mended`. Nothing is guessed: a digit that is gone is gone.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Collection
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from gridgis.io.sheets import Cell
from gridgis.phones import SEPARATORS, is_phone, tidy_phone

Words = tuple[str, str]

_BLANKS = re.compile(r"[\s\u00a0\u3000\u200b-\u200f\u2028-\u202f\u2060\ufeff]+")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_QUOTES = "'’‘`＇"
_FORCED = re.compile(r'^="(.*)"$')
_EXPONENT = re.compile(r"^[+-]?\d+(\.\d+)?[eE][+-]?\d+$")
_CJK = "\u3400-\u9fff\U00020000-\U0003ffff"
_ERRORS = ("#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!")
EXACT_DIGITS = 15
"""Digits of a number that a spreadsheet keeps; it fills the rest with zeros."""


class LostError(Exception):
    """The content of a cell cannot be used; `words` say why."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(zh)
        self.words = (zh, en)


class Value(NamedTuple):
    """What a cell says, and what was mended to know it (empty when nothing)."""

    text: str
    mended: Words | None = None


def plain(cell: Cell | None) -> str:
    """Return the text of a cell without blanks around it; blanks inside become ordinary single ones."""
    if cell is None:
        return ""
    text = _CONTROLS.sub("", cell.text) if cell.kind == "text" else cell.text
    return _BLANKS.sub(" ", text).strip()


def require_sound(cell: Cell) -> None:
    """Raise LostError for what no column can use: errors, formulas without a value, broken text."""
    text = plain(cell)
    if cell.kind == "error" or (cell.kind == "text" and text.upper() in _ERRORS):
        raise LostError(
            f"是错误值 {text}：请改正公式或填入值", f"holds the error {text}: correct the formula or type the value"
        )
    if cell.kind == "formula":
        raise LostError(
            "是公式，文件中没有它的计算结果：请在表格软件中打开并保存，或粘贴为值",
            "is a formula whose result the file does not hold: open and save it in a spreadsheet program, or paste it as a value",
        )
    if "\ufffd" in cell.text:
        raise LostError("含有损坏的文字（�）：请重新导出", "holds damaged text (U+FFFD): export it again")


def whole(cell: Cell) -> str:
    """Return the digits of a number cell, padded as its format shows it; a fraction as it is."""
    number = Decimal(cell.text)
    if number != number.to_integral_value():
        return cell.text
    digits = str(int(number))
    if len(digits.lstrip("-")) > EXACT_DIGITS:
        raise LostError(
            f"是 {len(digits)} 位的数字，表格软件只保留前 15 位，其余已丢失：请把该列设为文本后重新填写",
            f"is a number of {len(digits)} digits, of which a spreadsheet keeps 15 and has lost the rest: format the column "
            "as text and type it again",
        )
    zeros = re.fullmatch(r"0+", cell.format or "")
    return digits.zfill(len(zeros.group())) if zeros else digits


def text_value(cell: Cell) -> Value:
    """Read free text."""
    require_sound(cell)
    if cell.kind == "number":
        return Value(whole(cell))
    if cell.kind == "date":
        return Value(_iso(cell.text))
    text = plain(cell)
    forced = _FORCED.match(text)
    return Value(forced.group(1), ('去掉 =""', 'took ="" away')) if forced else Value(text)


def person(cell: Cell) -> Value:
    """Read a person's name: blanks that pad a short Chinese name go."""
    value = text_value(cell)
    if not any(c.isalpha() for c in value.text):
        raise LostError(f"“{value.text[:30]}”不是姓名", f"'{value.text[:30]}' is no name")
    short = re.sub(rf"(?<=[{_CJK}]) (?=[{_CJK}])", "", value.text)
    return Value(short, ("去掉姓名中的空格", "took blanks out of the name")) if short != value.text else value


def id_value(cell: Cell) -> Value:
    """Read an identifier, kept as text to the last digit."""
    require_sound(cell)
    if cell.kind == "date":
        raise LostError(
            f"被表格软件变成了日期（{_iso(cell.text) or '无效日期'}），原值已丢失：请把该列设为文本后重新填写",
            f"was turned into a date by the spreadsheet ({_iso(cell.text) or 'not valid'}) and is lost: format the column as "
            "text and type it again",
        )
    if cell.kind == "bool":
        raise LostError("是逻辑值，不是编号", "is a truth value, no identifier")
    if cell.kind == "number":
        digits = whole(cell)
        if "." in digits or "-" in digits or "E" in digits.upper():
            raise LostError(f"是数值 {digits}，不是编号", f"is the number {digits}, no identifier")
        return Value(digits, ("数字单元格改为文本", "a number was turned into text"))
    return _id_text(cell)


def _id_text(cell: Cell) -> Value:
    raw = cell.text
    forced = _FORCED.match(raw.strip())
    text = _BLANKS.sub("", _CONTROLS.sub("", unicodedata.normalize("NFKC", forced.group(1) if forced else raw)))
    text = text.strip(_QUOTES)
    if _EXPONENT.match(text):
        text = _expanded(text)
    if re.fullmatch(r"\d+\.0+", text):
        text = text.split(".")[0]
    return Value(
        text,
        None
        if text == raw
        else ("去掉空格、引号、全角或小数部分", "blanks, quotes, full-width forms or .0 taken away"),
    )


def _expanded(text: str) -> str:
    """Write a number in scientific notation in full, if it has all its digits."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    digits = number.as_tuple().digits
    if number != number.to_integral_value() or len(digits) < number.adjusted() + 1:
        raise LostError(
            f"是科学记数 {text}，后面的数字已丢失：请把该列设为文本后重新填写",
            f"is in scientific notation, {text}, and has lost its last digits: format the column as text and type it again",
        )
    return str(int(number))


def as_code(cell: Cell, known: Collection[str], widths: Collection[int]) -> Value:
    """Read a grid code: the text, or what is known after harmless marks or lost zeros are put right.

    The value may still be unknown; the caller says so.
    """
    value = id_value(cell)
    text = value.text.upper()
    if text in known:
        return Value(text, value.mended if text == value.text else ("字母改为大写", "letters made capitals"))
    bare = re.sub(r"[-_./·—–－]", "", text)
    if bare in known and bare != text:
        return Value(bare, ("去掉编码中的分隔符", "separators taken out of the code"))
    cut = {text[:w] for w in widths if w < len(text) and not text[w:].strip("0") and text[:w] in known}
    if len(text) == 12 and text.isdigit() and cut:
        return Value(min(cut, key=len), ("去掉统计用代码末尾的零", "trailing zeros of a statistical code taken off"))
    if text.isdigit():
        padded = {p for w in widths if w > len(text) and (p := text.zfill(w)) in known}
        if len(padded) == 1:
            return Value(padded.pop(), ("补上编码开头的零", "leading zeros put back"))
    return Value(text, value.mended)


def phone(cell: Cell) -> tuple[Value, Words | None]:
    """Read one or several phones; a malformed one stays as typed, with a warning."""
    require_sound(cell)
    if cell.kind in ("date", "bool"):
        id_value(cell)
    if cell.kind == "number":
        value = _phone_number(cell)
    else:
        typed = plain(cell)
        value = Value(typed)
        parts = [tidy_phone(part) for part in SEPARATORS.split(typed) if part.strip()]
        tidy = "/".join(parts)
        if parts and tidy != typed and all(is_phone(part) for part in parts):
            value = Value(tidy, ("电话号码整理为半角、无空格", "phone tidied: no blanks, no full-width forms"))
    bad = [part for part in SEPARATORS.split(value.text) if part and not is_phone(part)]
    if not bad:
        return value, None
    return value, (
        f"电话“{bad[0][:30]}”不像有效号码，已照原样录入",
        f"the phone '{bad[0][:30]}' does not look valid; kept as typed",
    )


def _phone_number(cell: Cell) -> Value:
    digits = whole(cell)
    if is_phone(digits):
        return Value(digits, ("数字单元格改为文本", "a number was turned into text"))
    if 9 <= len(digits) <= 11 and is_phone("0" + digits):
        return Value("0" + digits, ("补上区号开头的零", "the leading zero of the area code put back"))
    return Value(digits)


_DATE = re.compile(
    r"(\d{4})[-/.年](\d{1,2})(?:[-/.月](\d{1,2})日?)?月?(?:[T ]*(\d{1,2})[:：时](\d{1,2})(?:[:：分](\d{1,2})(?:\.\d+)?)?[秒分]?)?"
)
_OPEN = ("至今", "长期", "在任", "现任", "无", "-", "—", "/", "今")


def date(cell: Cell, *, may_be_open: bool = False) -> Value:
    """Read a date, with its time where one is given, as ISO text."""
    require_sound(cell)
    if cell.kind == "date":
        return Value(_checked(_iso(cell.text)))
    typed = whole(cell) if cell.kind == "number" else unicodedata.normalize("NFKC", plain(cell)).strip(_QUOTES)
    if may_be_open and typed in _OPEN:
        return Value("")
    if re.fullmatch(r"\d{8}", typed):
        return Value(_checked(f"{typed[:4]}-{typed[4:6]}-{typed[6:]}"), ("日期改为标准写法", "date written in full"))
    found = _DATE.fullmatch(typed)
    if found is None:
        raise LostError(
            f"“{typed[:30]}”不是日期：请写成 2026-03-01", f"'{typed[:30]}' is no date: write it like 2026-03-01"
        )
    year, month, day, *clock = found.groups()
    text = f"{year}-{int(month):02d}-{int(day or 1):02d}"
    if clock[0] is not None:
        text += f"T{int(clock[0]):02d}:{int(clock[1]):02d}:{int(clock[2] or 0):02d}"
    return Value(_checked(text), None if text == typed else ("日期改为标准写法", "date written in full"))


def _iso(text: str) -> str:
    return text.removesuffix("T00:00:00")


def _checked(text: str) -> str:
    try:
        when = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise LostError(f"“{text}”不是有效日期：请核对", f"'{text}' is no valid date: check it") from error
    if not 1900 <= when.year <= 2100:
        raise LostError(f"“{text}”不是有效日期：请核对", f"'{text}' is no valid date: check it")
    return text


def number(cell: Cell) -> float:
    """Read a number."""
    require_sound(cell)
    try:
        value = float(unicodedata.normalize("NFKC", plain(cell)).replace(" ", "").strip(_QUOTES))
    except ValueError as error:
        raise LostError(f"“{plain(cell)[:30]}”不是数字", f"'{plain(cell)[:30]}' is no number") from error
    if not abs(value) < 1e9 or cell.kind in ("date", "bool"):
        raise LostError(f"“{plain(cell)[:30]}”不是数字", f"'{plain(cell)[:30]}' is no number")
    return value
