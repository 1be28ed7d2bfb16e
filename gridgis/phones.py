"""Telephone numbers as they are written and dialled in China."""

from __future__ import annotations

import re
import unicodedata

SEPARATORS = re.compile(r"[/、;；,，|]+")
"""What stands between several numbers in one field."""

_MOBILE = re.compile(r"1[3-9]\d{9}")
_OTHER = re.compile(
    r"0\d{2,3}-?[1-9]\d{6,7}([-#*]\d{1,6})?"
    r"|[48]00-?\d{3}-?\d{4}"
    r"|[2-9]\d{6,7}([-#*]\d{1,6})?"
    r"|1[12]\d|12\d{3}|9[56]\d{3,6}"
)


def is_phone(text: str) -> bool:
    """Tell whether this is one mobile, landline with or without area code and extension, or service number, written tidily.

    Examples
    --------
    >>> is_phone("0595-23520000-801")
    True
    >>> is_phone("1380013800")
    False
    """
    return bool(_MOBILE.fullmatch(text) or _OTHER.fullmatch(text))


def tidy_phone(text: str) -> str:
    """Return one number without blanks, brackets, full-width forms and the country code; extensions after a dash.

    Examples
    --------
    >>> tidy_phone("(0595) 23520000 转 801")
    '0595-23520000-801'
    >>> tidy_phone("+86 138-0013-8000")
    '13800138000'
    """
    text = re.sub(r"[\s\u200b-\u200f\u2060\ufeff]+", "", unicodedata.normalize("NFKC", text)).strip("'’‘`")
    text = re.sub(r"[‐‑‒–—―−~]", "-", text)
    text = re.sub(r"转|分机|ext\.?|x", "-", text, flags=re.IGNORECASE)
    text = re.sub(r"^\((0\d{2,3})\)-?", r"\1-", text)
    text = re.sub(r"^(\+?86|0086)-?(?=1[3-9])", "", text)
    text = re.sub(r"^(\d{11})\.0+$", r"\1", text)
    bare = text.replace("-", "")
    return bare if _MOBILE.fullmatch(bare) else text
