"""What a table of people says besides its rows, and what an area has beyond the county: told apart, never lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gridgis.gathering.rows import Draft
from gridgis.population.spreading import apportion

WHOLE = 0.99
"""An area with at least this share of its ground in the county counts whole: no two offices draw a border alike."""
_TOTALS = ("合计", "总计", "共计", "小计", "total", "sum", "subtotal")
_NAMES = {"households": ("户数", "households"), "persons": ("人口", "persons"), "floating": ("流动人口", "floating"),
          "elderly_alone": ("独居老人", "elderly alone"), "disabled": ("残疾人", "disabled")}  # fmt: skip
Heads = Mapping[str, Sequence[Any]]


def named(figures: Mapping[str, int]) -> tuple[str, str]:
    """Return figures in words, in both languages.

    Examples
    --------
    >>> named({"households": 3, "persons": 1030})
    ('户数 3、人口 1,030', 'households 3, persons 1,030')
    """
    zh, en = ([f"{_NAMES[k][other]} {v:,}" for k, v in figures.items()] for other in (0, 1))
    return "、".join(zh), ", ".join(en)


def take_totals(draft: Draft) -> list[int]:
    """Take the rows that only sum up others out of a table and return their positions.

    Parameters
    ----------
    draft
        The rows as they were read.
    """
    n = len(draft.good)
    said = [draft.values.get(k) or [None] * n for k in ("code", "name")]
    found = []
    for at in np.flatnonzero(draft.good).tolist():
        words = ["".join(str(v[at]).split()).lower() for v in said if v[at]]
        if words and all(w.endswith(_TOTALS) for w in words):
            found.append(at)
            draft.good[at] = False
    return found


def check_totals(draft: Draft, heads: Heads, totals: Sequence[int]) -> list[dict[str, Any]]:
    """Say where a total in the table is not the sum of its rows, and return each total with that sum.

    Parameters
    ----------
    draft, heads
        The rows and their figures.
    totals
        Positions of the rows that sum up others.
    """
    rows, out, since = np.flatnonzero(draft.good).tolist(), [], -1
    for at in totals:
        first = since if _is_part(draft, at) else -1
        mine = [k for k in rows if first < k < at] or rows
        since = at
        sums = {k: sum(v[j] or 0 for j in mine) for k, v in heads.items() if v[at] is not None}
        told = {k: int(heads[k][at]) for k in sums}
        out.append({"row": at + 1, "said": told, "sum": sums})
        for k, total in told.items():
            if total != sums[k]:
                draft.notes.append((
                    f"第 {at + 1} 行的合计{_NAMES[k][0]} {total:,} 与各行相加 {sums[k]:,} 相差 {abs(total - sums[k]):,}：按各行导入，请核对",
                    f"the total of {_NAMES[k][1]}, {total:,}, in row {at + 1} is {abs(total - sums[k]):,} off the sum of the rows, {sums[k]:,}: "
                    "the rows count, check the table",
                ))  # fmt: skip
    return out


def _is_part(draft: Draft, at: int) -> bool:
    words = [str(v[at]).lower() for k in ("code", "name") if (v := draft.values.get(k)) and v[at]]
    return any("小计" in w or "subtotal" in w for w in words)


def part_inside(shapes: NDArray[np.object_], outline: Any) -> NDArray[np.float64]:
    """Return the share of the ground of areas that lies in the county, 1 for those that are there but for a border's breadth.

    Parameters
    ----------
    shapes, outline
        Areas and county in the same CRS.
    """
    share = shapely.area(shapely.intersection(shapes, outline)) / shapely.area(shapes)
    return np.where(share >= WHOLE, 1.0, share)


def inside(total: int, share: float) -> int:
    """Return how many of a whole number lie in a share of the ground.

    Examples
    --------
    >>> inside(1001, 0.5)
    501
    """
    return total if share >= 1 else int(apportion(total, np.array([share, 1 - share]))[0])
