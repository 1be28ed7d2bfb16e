"""How the grids of one version correspond to those of another, weighted, so that old figures carry over."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridgis.errors import InputError
from gridgis.locate import locate
from gridgis.plan import Plan
from gridgis.schema import FIGURES, metres

WEIGHTS = ("households", "persons", "buildings", "area_m2")
"""What a correspondence may be weighted by."""
_HAIR_M2 = 1e-6
"""Smaller intersections come from rounding in floating point: the coordinates lie on the 1 mm lattice."""


def crosswalk(first: Plan, second: Plan, level: str) -> pd.DataFrame:
    """Return what every pair of grids of two versions has in common.

    Households, persons and buildings are those of today's e-map, located in both versions by the
    one rule of `gridgis.locate`; areas are those of the cells and of their intersections.

    Parameters
    ----------
    first, second
        Two versions of one county.
    level
        Key of the level compared.

    Returns
    -------
    DataFrame
        One row per pair that shares ground or elements: before, after (None where the ground was in
        no grid of the level), `WEIGHTS`, and for each weight w the columns ``share_before_w`` (of the
        grid before) and ``share_after_w`` (of the grid after). Sums over the rows of a grid equal its
        own figures.

    Raises
    ------
    SchemeError
        There is no such level.

    Examples
    --------
    >>> after = gg.evolve(plan, gg.merge(plan, [A, B]))
    >>> table = gg.crosswalk(plan, after, "unit")
    >>> table[["households", "share_before_households", "share_after_households"]].round(3).to_numpy().tolist()
    [[14.0, 1.0, 0.389], [22.0, 1.0, 0.611]]
    """
    width = second.scheme.width(level)
    pairs = _elements(first, second, width)
    areas = _areas(first, second, width)
    names = ["before", "after"]
    both = pd.concat([pairs, areas], ignore_index=True).fillna(dict.fromkeys(WEIGHTS, 0))
    table = both.groupby(names, as_index=False, dropna=False, sort=True)[list(WEIGHTS)].sum()
    for weight in WEIGHTS:
        for side in names:
            whole = table.groupby(side, dropna=False)[weight].transform("sum")
            share = np.divide(table[weight], whole, out=np.zeros(len(table)), where=whole.to_numpy() > 0)
            table[f"share_{side}_{weight}"] = share
    table[list(WEIGHTS[:3])] = table[list(WEIGHTS[:3])].astype(np.int64)
    table[names] = table[names].astype(object).where(table[names].notna(), None)
    return table


def moves(first: Plan, second: Plan, level: str) -> pd.DataFrame:
    """Return the rows of the crosswalk whose grid differs: before, after, `WEIGHTS`.

    What all grids together lose equals what they gain, so that the changes reconcile to zero.
    """
    table = crosswalk(first, second, level)
    return table.loc[table["before"] != table["after"], ["before", "after", *WEIGHTS]].reset_index(drop=True)


def carried(table: pd.DataFrame, old: pd.DataFrame, weight: str) -> pd.DataFrame:
    """Estimate statistics of old grids on new ones, in proportion to a weight.

    Parameters
    ----------
    table
        A crosswalk.
    old
        Figures per old grid: index `code`, numeric columns.
    weight
        One of `WEIGHTS`: each old figure is shared out in proportion to it.

    Returns
    -------
    DataFrame
        The same columns per new grid; totals are kept.

    Raises
    ------
    InputError
        A code of `old` is no grid of the version before, or the weight is not known.
    """
    if weight not in WEIGHTS:
        raise InputError(
            f"权重“{weight}”不可用：请用 {'、'.join(WEIGHTS)}。",
            f"The weight '{weight}' is not one of {', '.join(WEIGHTS)}.",
        )
    unknown = [str(c) for c in old.index if c not in set(table["before"])]
    if unknown:
        raise InputError(
            f"编码“{unknown[0]}”不是旧版本该层级的网格（共 {len(unknown)} 个）：请核对编码与版本。",
            f"Code '{unknown[0]}' is no grid of that level in the old version ({len(unknown)} such): check codes and version.",
        )
    rows = table[table["before"].isin(old.index)].copy()
    share = _shares(rows, weight)
    parts = old.reindex(rows["before"]).mul(share.to_numpy(), axis=0)
    parts.index = pd.Index(rows["after"].to_numpy(dtype=object), name="code")
    return parts.groupby(level=0, dropna=False, sort=True).sum()


def _shares(rows: pd.DataFrame, weight: str) -> pd.Series[float]:
    """Return the share of each row in its old grid; a grid without any of the weight is shared out by area."""
    has = rows.groupby("before")[weight].transform("sum") > 0
    return rows[f"share_before_{weight}"].where(has, rows["share_before_area_m2"])


def _cut(codes: pd.Series[str], width: int) -> NDArray[np.object_]:
    cut = codes.astype(object).str[:width]
    whole = cut.notna() & (cut.str.len() == width)
    return np.asarray(cut.where(whole, None), dtype=object)


def _elements(first: Plan, second: Plan, width: int) -> pd.DataFrame:
    """Return households, persons and buildings per pair of grids."""
    columns = ["before", "after", *WEIGHTS[:3]]
    elements = second.elements
    if elements is None or not len(elements.points_mm):
        return pd.DataFrame(columns=columns)
    figures = elements.figures[:, [FIGURES.index(w) for w in WEIGHTS[:3]]]
    some = figures.any(axis=1)
    xy = metres(elements.points_mm[some])
    sides = [_cut(locate(plan, xy), width) for plan in (first, second)]
    table = pd.DataFrame({"before": sides[0], "after": sides[1]})
    table[list(WEIGHTS[:3])] = figures[some]
    return table.groupby(["before", "after"], as_index=False, dropna=False)[list(WEIGHTS[:3])].sum()


def _areas(first: Plan, second: Plan, width: int) -> pd.DataFrame:
    """Return the area of each pair: whole cells where both versions have them, else intersections."""
    kept = np.intersect1d(first.rows.id, second.rows.id)
    a, b = first.rows.take(first.row(kept)), second.rows.take(second.row(kept))
    rows = [pd.DataFrame({"before": a.code, "after": b.code, "area_m2": shapely.area(a.geometry)})]
    gone = first.rows.take(~np.isin(first.rows.id, kept))
    come = second.rows.take(~np.isin(second.rows.id, kept))
    if len(gone) and len(come):
        i, j = shapely.STRtree(come.geometry).query(gone.geometry, predicate="intersects")
        area = shapely.area(shapely.intersection(gone.geometry[i], come.geometry[j]))
        rows.append(pd.DataFrame({"before": gone.code[i], "after": come.code[j], "area_m2": area})[area > _HAIR_M2])
    table = pd.concat(rows, ignore_index=True)
    for side in ("before", "after"):
        table[side] = _cut(table[side], width)
    return table.groupby(["before", "after"], as_index=False, dropna=False)[["area_m2"]].sum()


def totals(table: pd.DataFrame, columns: Sequence[str] = WEIGHTS) -> dict[str, float]:
    """Return what the rows of a crosswalk or of moves add up to."""
    return {c: float(table[c].sum()) for c in columns}
