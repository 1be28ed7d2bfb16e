"""The unified grid code as pure functions on text: prefix = parent, allotted once, never reused.

A code is a string of digits cut into segments, one per level; the ancestors of a code are its
prefixes. Widths are cumulative lengths, coarse to fine, e.g. ``(6, 9, 12, 15)`` for county,
township, community and unit: 6 digits of GB/T 2260, 3 of GB/T 10114, 3 for the community and a
sequence 001-999 inside it, the 15-digit profile of DB11/T 2157-2023.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from gridgis.errors import CodeError

Code = str
Widths = tuple[int, ...]


def parse(code: object, widths: Widths, letters: Mapping[int, str] | None = None) -> Code:
    """Return `code` as checked text.

    Parameters
    ----------
    code
        Text or whole number; full-width digits and surrounding blanks are accepted.
    widths
        Allowed lengths, coarse to fine.
    letters
        Characters allowed at positions that hold a type letter; digits stand everywhere else.

    Raises
    ------
    CodeError
        The code is empty, holds anything but digits and type letters in their place, or has a
        length that no level has.
    """
    text = _as_text(code)
    if not text:
        raise CodeError("编码为空：请填写网格编码。", "The code is empty: give the code of a grid.")
    if letters:
        return _lettered(text, widths, letters)
    if not (text.isascii() and text.isdigit()):
        bad = next(c for c in text if not (c.isascii() and c.isdigit()))
        raise CodeError(
            f"编码“{text}”含有非数字字符“{bad}”：编码只能由数字组成。",
            f"The code '{text}' holds '{bad}', which is not a digit: codes are digits only.",
        )
    if len(text) not in widths:
        allowed = "、".join(map(str, widths))
        raise CodeError(
            f"编码“{text}”为 {len(text)} 位：本体系的编码应为 {allowed} 位。",
            f"The code '{text}' has {len(text)} digits: codes of this scheme have {_either(widths)}.",
        )
    return text


def _lettered(text: str, widths: Widths, letters: Mapping[int, str]) -> Code:
    """Check a code of a scheme whose codes hold type letters."""
    text = text.upper()
    for at, allowed in letters.items():
        if at < len(text) and text[at] not in allowed:
            raise CodeError(
                f"编码“{text}”的第 {at + 1} 位应为类型字母 {'、'.join(allowed)}，不是“{text[at]}”。",
                f"Character {at + 1} of the code '{text}' must be a type letter, one of {', '.join(allowed)}, not '{text[at]}'.",
            )
    parse("".join("0" if at in letters else c for at, c in enumerate(text)), widths)
    return text


def _as_text(code: object) -> str:
    if isinstance(code, bool) or code is None:
        return ""
    if isinstance(code, (int, np.integer)):
        return str(int(code))
    if isinstance(code, (float, np.floating)):
        return str(int(code)) if float(code).is_integer() and abs(float(code)) < 2**53 else str(code)
    # NFKC would also turn other symbols into digits; only full-width digits are meant here.
    return str(code).strip().translate(str.maketrans("０１２３４５６７８９", "0123456789"))


def _either(widths: Sequence[int]) -> str:
    *head, last = map(str, widths)
    return f"{', '.join(head)} or {last}" if head else last


def level_index(code: Code, widths: Widths) -> int:
    """Return the position of the level of `code` in `widths`, 0 for the coarsest."""
    return widths.index(len(code))


def parent(code: Code, widths: Widths) -> Code | None:
    """Return the prefix one level up, or None for a code of the coarsest level.

    Examples
    --------
    >>> parent("350526100001003", (6, 9, 12, 15))
    '350526100001'
    """
    index = level_index(code, widths)
    return code[: widths[index - 1]] if index else None


def ancestors(code: Code, widths: Widths) -> list[Code]:
    """Return all proper prefixes of `code`, coarse to fine.

    Examples
    --------
    >>> ancestors("350526100001003", (6, 9, 12, 15))
    ['350526', '350526100', '350526100001']
    """
    return [code[:w] for w in widths if w < len(code)]


def is_within(code: Code | None, ancestor: Code) -> bool:
    """Tell whether `code` is `ancestor` itself or lies below it."""
    return code is not None and code.startswith(ancestor)


def trim(code: Code, widths: Widths) -> Code:
    """Drop the trailing zero groups of a padded statistical code.

    Examples
    --------
    >>> trim("350526100000", (6, 9, 12, 15))
    '350526100'
    """
    while len(code) in widths and (up := parent(code, widths)) and not code[len(up) :].strip("0"):
        code = up
    return code


def next_code(under: Code, width: int, taken: Iterable[Code], first: int = 1) -> Code:
    """Return the next free number below `under`.

    Parameters
    ----------
    under
        Code of the parent.
    width
        Total length of the new code.
    taken
        Every code ever allotted below `under` at that length, living or void.
    first
        The number to begin with.

    Returns
    -------
    str
        One more than the highest number ever allotted; when that runs out, the lowest number
        that was never allotted.

    Raises
    ------
    CodeError
        All numbers below `under` have been used up.
    """
    digits = width - len(under)
    top = 10**digits - 1
    used = {int(c[len(under) :]) for c in taken}
    number = max(max(used, default=0) + 1, first)
    if number > top:
        number = next((n for n in range(1, top + 1) if n not in used), 0)
    if number == 0:
        raise CodeError(
            f"“{under}”下的 {digits} 位顺序号（1–{top}）已全部用完且编码不得重复使用：请先调整上级网格或加宽编码。",
            f"All {digits}-digit numbers (1-{top}) under '{under}' are used up and codes are never reused: "
            "rearrange the parent grid or widen the code.",
        )
    return f"{under}{number:0{digits}d}"


def reading_order(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the order in which grids are first numbered: west to east, then north to south.

    Parameters
    ----------
    x, y
        Representative points in metres, shape (n,).

    Returns
    -------
    ndarray
        Positions in reading order, from the north-west, row by row; a row is a band of
        northing about as high as one grid is wide on average.

    References
    ----------
    DB11/T 2157-2023 (west to east, north to south); CJ/T 349-2010 (left to right, top to bottom).
    """
    n = len(x)
    if n < 2:
        return np.arange(n)
    rows = max(1, round(float(np.sqrt(n))))
    height = (float(y.max()) - float(y.min())) / rows or 1.0
    band = np.minimum(((y.max() - y) / height).astype(np.int64), rows - 1)
    return np.lexsort((-y, x, band))
