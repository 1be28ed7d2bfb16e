"""Which column holds the codes and which the names, told by content; codes brought to the scheme's widths.

Statistical codes are 12 digits with trailing zeros for the levels that are missing; files also bring codes
as numbers, as text with blanks, in full-width digits, or with ``.0`` behind. Nothing is guessed about a code
that does not fit: the row is named with the reason.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gridgis.errors import InputError

Words = tuple[str, str]
Widths = tuple[int, ...]
Letters = Mapping[int, str]

_CODE_HEADS = (
    "code",
    "编码",
    "代码",
    "网格编码",
    "统一编码",
    "网格代码",
    "区划代码",
    "gridcode",
    "grid_code",
    "wgbm",
    "xzqdm",
    "adcode",
)
_NAME_HEADS = (
    "name",
    "名称",
    "网格名称",
    "乡镇名称",
    "社区名称",
    "gridname",
    "grid_name",
    "wgmc",
    "xzqmc",
    "mc",
)
_CURE = (
    "用 --field code=列名 指定，或用 --number 由程序编号",
    "name it with --field code=COLUMN, or have the rows numbered with --number",
)
_CJK = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")
_ENOUGH = 0.5
_STATISTICAL = 12
"""Length of the codes of the statistical office, padded with zeros."""


@dataclass(frozen=True)
class Recognised:
    """The columns found and the codes they hold.

    Parameters
    ----------
    code_column, name_column
        Names in the file, None where there is none.
    codes
        Code of each row at the scheme's widths, None where rejected; the file's index.
    names
        Name of each row, empty where there is none.
    rejected
        Reason by row.
    evidence
        How the columns were found.
    """

    code_column: str | None
    name_column: str | None
    codes: pd.Series
    names: pd.Series
    rejected: dict[int, Words]
    evidence: tuple[Words, ...]


def recognise(
    frame: pd.DataFrame,
    widths: Widths,
    county_code: str,
    fields: Mapping[str, str] | None = None,
    letters: Letters | None = None,
    *,
    cure: Words = _CURE,
) -> Recognised:
    """Find code and name columns and read the codes.

    Parameters
    ----------
    frame
        Columns without geometry; the index counts rows.
    widths
        Cumulative code lengths of the scheme, the county's first.
    county_code
        Code of the county, the prefix of all others.
    fields
        Columns that are named already: ours -> theirs.
    letters
        Type letters that the scheme allows at a position of a code.
    cure
        What to tell people to do where no column holds codes.

    Returns
    -------
    Recognised
        Columns, codes, names, rejected rows.

    Raises
    ------
    InputError
        A named column is not there, or no column holds codes.
    """
    fields = dict(fields or {})
    for theirs in fields.values():
        _check_column(frame, theirs)
    read = {str(c): _read_column(frame[c], widths, county_code, letters or {}) for c in frame.columns}
    evidence: list[Words] = []
    code = fields.get("code") or _find_code(frame, read, evidence)
    if code is None:
        raise _no_code(frame, widths, county_code, cure)
    found, rejected = read[code]
    name = fields.get("name") or _find_name(frame, code, evidence)
    names = frame[name].map(plain_text) if name else pd.Series("", frame.index, dtype=object)
    changed = int(sum(a is not None and a != b for a, b in zip(found, frame[code].map(plain_text), strict=True)))
    if changed:
        evidence.append(_shortened(frame[code].map(plain_text), found, changed))
    return Recognised(code, name, found, names, rejected, tuple(evidence))


def normalise(
    value: object, widths: Widths, county_code: str, letters: Letters | None = None
) -> tuple[str | None, Words | None]:
    """Bring one code to the scheme's widths.

    Parameters
    ----------
    value
        Code as the file has it.
    widths
        Cumulative code lengths, the county's first.
    county_code
        Prefix that every code must have.
    letters
        Type letters that the scheme allows at a position of a code; digits stand everywhere else.

    Returns
    -------
    code, reason
        One of them is None.

    Examples
    --------
    >>> normalise(110115010000, (6, 9, 12, 15), "110115")
    ('110115010', None)
    """
    text = re.sub(r"\s+", "", plain_text(value))
    if not text:
        return None, ("没有编码", "it has no code")
    letters = letters or {}
    text = text.upper() if letters else text
    plain = "".join("0" if c in letters.get(at, "") else c for at, c in enumerate(text))
    if not (plain.isascii() and plain.isdigit()):
        return None, _odd(text, letters)
    if not text.startswith(county_code):
        return None, (
            f"编码“{text[:30]}”不属于本县区 {county_code}",
            f"the code '{text[:30]}' does not begin with that of the county, {county_code}",
        )
    if len(text) in widths or len(text) == _STATISTICAL:
        for width in widths:
            if len(text) >= width and not text[width:].strip("0"):
                lacking = any(at < width and text[at] not in allowed for at, allowed in letters.items())
                return (None, _odd(text, letters)) if lacking else (text[:width], None)
    allowed = ", ".join(map(str, widths))
    return None, (
        f"编码“{text[:30]}”为 {len(text)} 位，本体系为 {allowed} 位",
        f"the code '{text[:30]}' has {len(text)} digits, this scheme has {allowed}",
    )


def _odd(text: str, letters: Letters) -> Words:
    """Say that a code holds what may not stand there."""
    zh = "、".join(f"第 {at + 1} 位 {'/'.join(allowed)}" for at, allowed in letters.items())
    en = ", ".join(f"{'/'.join(allowed)} at place {at + 1}" for at, allowed in letters.items())
    if re.fullmatch(r"\d(?:\.\d+)?[eE]\+?\d+", text):
        return (f"编码“{text[:30]}”是科学计数，后面的位数已丢失：请在表格中把该列设为文本，从原始数据重新导出",
                f"the code '{text[:30]}' is in scientific notation and its last digits are lost: make the column text and "
                "export the original again")  # fmt: skip
    if not letters:
        return f"编码“{text[:30]}”含有非数字字符", f"the code '{text[:30]}' is not digits only"
    return (f"编码“{text[:30]}”不合规定：除类型字母（{zh}）外都是数字",
            f"the code '{text[:30]}' is not digits but for its type letters ({en})")  # fmt: skip


def plain_text(value: object) -> str:
    """Return a cell as plain text: half-width, without blanks around it, whole numbers without a point.

    Parameters
    ----------
    value
        As the file has it.
    """
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, (float, np.floating)) and float(value).is_integer() and abs(float(value)) < 2**53:
        return str(int(value))
    text = unicodedata.normalize("NFKC", str(value)).strip()
    return re.sub(r"^(\d+)\.0+$", r"\1", text)


def _read_column(
    column: pd.Series, widths: Widths, county_code: str, letters: Letters
) -> tuple[pd.Series, dict[int, Words]]:
    codes: list[str | None] = []
    rejected: dict[int, Words] = {}
    for row, value in column.items():
        code, reason = normalise(value, widths, county_code, letters)
        codes.append(code)
        if reason is not None:
            rejected[int(str(row))] = reason
    return pd.Series(codes, column.index, dtype=object), rejected


def _shortened(given: pd.Series, found: pd.Series, changed: int) -> Words:
    """Say how codes were changed, with the first as an example."""
    first = next((g, f) for g, f in zip(given, found, strict=True) if f is not None and g != f)
    zh, en = "{} 个编码末尾的零组已去掉（如 {} → {}）", "{} codes lost their trailing zero groups (as {} -> {})"
    return zh.format(changed, *first), en.format(changed, *first)


def _find_code(
    frame: pd.DataFrame, read: Mapping[str, tuple[pd.Series, dict[int, Words]]], evidence: list[Words]
) -> str | None:
    """Prefer a column whose values are codes, each row its own; its header settles ties and misprints."""
    best: tuple[float, str] | None = None
    for column, (codes, _) in read.items():
        good = codes.dropna()
        score = len(good) / len(codes) * (good.nunique() / max(1, len(good)))
        score += 0.1 if _head(column) in _CODE_HEADS else 0.0
        # Of two columns that would do, the one whose codes need not be shortened to fit.
        score -= 0.01 * float(
            np.mean([f is not None and f != g for f, g in zip(codes, frame[column].map(plain_text), strict=True)])
        )
        if score >= _ENOUGH and (best is None or score > best[0]):
            best = (score, column)
    if best:
        codes = read[best[1]][0]
        n, of = int(codes.notna().sum()), len(codes)
        evidence.append(
            (
                f"编码列“{best[1]}”：{of} 行中 {n} 行为本体系编码",
                f"codes are in '{best[1]}': {n} of {of} rows fit the scheme",
            )
        )
        return best[1]
    named = [str(c) for c in frame.columns if _head(str(c)) in _CODE_HEADS]
    if named:
        evidence.append((f"编码列“{named[0]}”：按列名认定", f"codes are in '{named[0]}', by its header"))
        return named[0]
    return None


def name_column(frame: pd.DataFrame, fields: Mapping[str, str], evidence: list[Words]) -> str | None:
    """Return the column of names in a file whose codes are not used, None where there is none.

    Parameters
    ----------
    frame
        Columns without geometry.
    fields
        Columns that are named already: ours -> theirs.
    evidence
        How it was found is added here.
    """
    for theirs in fields.values():
        _check_column(frame, theirs)
    return fields.get("name") or _find_name(frame, "", evidence)


def _find_name(frame: pd.DataFrame, code: str, evidence: list[Words]) -> str | None:
    best: tuple[float, str] | None = None
    for column in map(str, frame.columns):
        texts = frame[column].map(plain_text)
        texts = texts[texts != ""]
        if column == code or texts.empty or texts.str.len().max() > 60:
            continue
        chinese = float(texts.map(lambda t: bool(_CJK.search(t))).mean())
        hinted = _head(column) in _NAME_HEADS
        score = chinese * texts.nunique() / len(frame) + (0.5 if hinted else 0.0)
        if score >= _ENOUGH and (best is None or score > best[0]):
            best = (score, column)
    if best is None:
        return None
    evidence.append((f"名称列“{best[1]}”", f"names are in '{best[1]}'"))
    return best[1]


def _head(column: str) -> str:
    return re.sub(r"[\s\-]+", "_", column.strip().lower())


def _check_column(frame: pd.DataFrame, column: str) -> None:
    if column not in frame.columns:
        there = "、".join(map(str, frame.columns[:20])) or "（无）"
        raise InputError(
            f"文件中没有列“{column}”：现有的列是 {there}。",
            f"The file has no column '{column}': its columns are {there.replace('、', ', ')}.",
        )


def _no_code(frame: pd.DataFrame, widths: Widths, county_code: str, cure: Words) -> InputError:
    there = "、".join(map(str, frame.columns[:20])) or "（无）"
    lengths, columns = "、".join(map(str, widths)), there.replace("、", ", ")
    return InputError(
        f"没有认出编码列（应以 {county_code} 开头，{lengths} 位数字，或 12 位统计用代码）："
        f"请{cure[0]}，现有的列是 {there}。",
        f"No column holds codes (digits beginning with {county_code}, {lengths.replace('、', ', ')} long, "
        f"or 12-digit statistical codes): {cure[1]}; the columns are {columns}.",
    )
