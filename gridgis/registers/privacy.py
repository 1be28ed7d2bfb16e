"""What a register must not hold: identity numbers of people, and lists of residents of vulnerable groups."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Collection, Sequence
from decimal import Decimal

from gridgis.errors import InputError
from gridgis.registers.fields import plain_head
from gridgis.registers.heading import Table
from gridgis.registers.values import plain

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
_NUMBER = re.compile(r"(?<![0-9A-Za-z])\d{17}[\dXx](?![0-9A-Za-z])")
_HEADS = ("身份证", "公民身份", "证件号", "idcard", "identitynumber", "idnumber", "citizenid")
_GROUPS = (
    "独居",
    "残疾",
    "精神",
    "低保",
    "五保",
    "孤寡",
    "留守",
    "刑满",
    "社区矫正",
    "吸毒",
    "信访",
    "重点人员",
    "重点人群",
    "困难群众",
    "流动人口",
)
_COUNT = re.compile(r"^[\d.,，]*\s*[人户名个]?$|^[无有是否—-]$")


def is_identity_number(text: str) -> bool:
    """Tell whether 18 characters are the number of an identity card: region, day of birth and check digit are right.

    Examples
    --------
    >>> is_identity_number("11010519491231002X")
    True
    """
    text = text.upper()
    if not re.fullmatch(r"[1-9]\d{16}[\dX]", text) or not _is_day(text[6:14]):
        return False
    return _CHECK[sum(int(d) * w for d, w in zip(text[:17], _WEIGHTS, strict=True)) % 11] == text[17]


def _is_day(text: str) -> bool:
    try:
        day = dt.date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return False
    return day.year >= 1900 and day <= dt.date.today()


def require_no_people(table: Table, drop: Sequence[str], known: Collection[str]) -> None:
    """Leave out the columns that the user drops, and refuse those left that hold data of residents.

    Parameters
    ----------
    table
        Loses the headers of dropped columns.
    drop
        Headers to leave out.
    known
        Grid codes, which may have 18 digits, too.

    Raises
    ------
    InputError
        A column holds identity numbers or names people of a vulnerable group; or a dropped one is not there.
    """
    for head in drop:
        columns = [c for c, h in table.heads.items() if plain_head(h) == plain_head(head) and h]
        if not columns:
            raise InputError(
                f"--drop：文件中没有列“{head}”，请核对列名。",
                f"--drop: the file has no column '{head}'; check its name.",
            )
        for column in columns:
            table.heads[column] = ""
        table.evidence.append((f"按要求略去列“{head}”", f"column '{head}' was left out as asked"))
    for column, head in table.heads.items():
        if not head:
            continue
        if _holds_numbers(table, column, known) or any(word in plain_head(head) for word in _HEADS):
            raise _of(
                head,
                f"列“{head}”含有居民身份证号：台账不登记个人身份信息，请删去该列，或用 --drop {head} 略去后导入。",
                f"Column '{head}' holds identity card numbers, which are not kept here: delete it, or leave it out with "
                f"--drop '{head}'.",
            )
        if _lists_people(table, column, head):
            raise _of(
                head,
                f"列“{head}”像是特殊人群的名单：这里只登记数量，不登记个人，请改为人数，或用 --drop {head} 略去后导入。",
                f"Column '{head}' seems to list people of a vulnerable group: only numbers are kept here; give counts, or "
                f"leave it out with --drop '{head}'.",
            )


def _of(column: str, zh: str, en: str) -> InputError:
    """Return an error that says to machines which column it is about."""
    error = InputError(zh, en)
    error.account = {"column": column}
    return error


def _holds_numbers(table: Table, column: int, known: Collection[str]) -> bool:
    alike = 0
    cells = 0
    for row in table.rows():
        cell = table.sheet.rows[row].get(column)
        text = unicodedata.normalize("NFKC", plain(cell))
        if cell is None or not text or text in known:
            continue
        cells += 1
        if any(is_identity_number(n) for n in _NUMBER.findall(text.replace(" ", ""))):
            return True
        # Typed as a number the last digits are gone, yet the day of birth is still to be read.
        digits = str(int(Decimal(cell.text))) if cell.kind == "number" else ""
        alike += len(digits) == 18 and _is_day(digits[6:14])
    return cells > 0 and alike * 2 > cells


def _lists_people(table: Table, column: int, head: str) -> bool:
    if not any(word in head for word in _GROUPS):
        return False
    return any(cell.kind == "text" and not _COUNT.match(plain(cell)) for cell in table.sample(column))
