"""The log of a county as an account for auditors: who moved what, when, why, from which code to which."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import shapely

from gridgis.county import County
from gridgis.io.workbook import Sheet, write_workbook
from gridgis.plan import Edit
from gridgis.schema import FIGURES

_SHOWN = ("households", "persons", "buildings")
_HEADS = {
    "version": "版本", "at": "时间", "by": "变更人", "kind": "类型", "reason": "原因", "created": "新建编码",
    "voided": "停用编码", "undoes": "对应版本", "hash": "方案指纹", "before": "原编码", "after": "现编码",
    "households": "户数", "persons": "人口", "buildings": "建筑数", "area_m2": "面积（m²）",
}  # fmt: skip


def ground_moved(edit: Edit) -> pd.DataFrame:
    """Return what an edit moved from which leaf code to which.

    Returns
    -------
    DataFrame
        before, after (None = in no grid), households, persons, buildings, area_m2, one row per pair of
        codes that differ. Figures are those that the cells had when the edit was saved.
    """
    columns = ["before", "after", *_SHOWN, "area_m2"]
    old, new = edit.removed, edit.added
    if not len(old) or not len(new):
        return pd.DataFrame(columns=columns)
    middle = shapely.point_on_surface(new.geometry)
    cell, at = shapely.STRtree(middle).query(old.geometry, predicate="contains")
    origin = np.full(len(new), -1, dtype=np.int64)
    origin[at] = cell
    rows = pd.DataFrame({"before": [old.code[k] if k >= 0 else None for k in origin], "after": new.code})
    rows[list(_SHOWN)] = new.figures[:, [FIGURES.index(f) for f in _SHOWN]]
    rows["area_m2"] = shapely.area(new.geometry)
    moved = rows[[a != b for a, b in zip(rows["before"], rows["after"], strict=True)]]
    sums = moved.groupby(["before", "after"], as_index=False, dropna=False)[[*_SHOWN, "area_m2"]].sum()
    names = ["before", "after"]
    sums[names] = sums[names].astype(object).where(sums[names].notna(), None)
    return sums.round({"area_m2": 3})[columns]


def account(county: County, progress: Callable[[float, str], None] | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the edits of a county, one row each, and the ground that each moved, one row per pair of codes.

    Parameters
    ----------
    county
        An open county.
    progress
        Called with a share from 0 to 1 and what is being done.
    """
    log = county.log()
    edits = log.assign(**{k: [" ".join(codes) for codes in log[k]] for k in ("created", "voided")})
    moved = []
    for k, version in enumerate(log["version"]):
        if progress:
            progress(k / len(log), "逐个变更核对去向")
        edit = county.store.edit(int(version))
        # The first version puts everything in its place; nothing moved.
        if edit.base_version > 0:
            moved.append(ground_moved(edit).assign(version=int(version), at=edit.at, by=edit.by, reason=edit.reason))
    head = ["version", "at", "by", "reason", "before", "after", *_SHOWN, "area_m2"]
    full = [m for m in moved if len(m)]
    return edits, pd.concat(full, ignore_index=True)[head] if full else pd.DataFrame(columns=head)


def write_audit(
    county: County, path: str | Path, progress: Callable[[float, str], None] | None = None
) -> tuple[int, int]:
    """Write the account as a workbook with one sheet for edits and one for ground moved.

    Returns
    -------
    tuple of int
        How many edits and how many moves were written.

    Raises
    ------
    InputError
        The file cannot be written.
    """
    edits, moved = account(county, progress)
    sheets = [Sheet("变更", edits.rename(columns=_HEADS)), Sheet("去向", moved.rename(columns=_HEADS))]
    write_workbook(path, sheets)
    return len(edits), len(moved)
