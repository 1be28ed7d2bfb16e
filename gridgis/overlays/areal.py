"""Figures of foreign areas brought to grids: each area whole to the grid it lies in most, or shared out by common ground."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

Shapes = NDArray[np.object_]
METHODS = {
    "largest": ("每块资料整体归入公共面积最大的网格", "each area goes whole to the grid that it shares most ground with"),
    "area": ("每块资料按公共面积分摊", "each area is shared out by common ground"),
}
"""How figures come to grids, in words."""


def common(areas: Shapes, grids: Shapes) -> pd.DataFrame:
    """Return the ground that areas and grids have in common: positions `area` and `grid`, `m2`; those that only touch are out."""
    tree = shapely.STRtree(grids)
    area, grid = tree.query(areas, predicate="intersects")
    m2 = shapely.area(areas[area])
    # What lies wholly in one grid need not be cut.
    inside = shapely.covered_by(areas[area], grids[grid])
    rest = np.flatnonzero(~inside)
    m2[rest] = shapely.area(shapely.intersection(areas[area[rest]], grids[grid[rest]]))
    found = pd.DataFrame({"area": area, "grid": grid, "m2": m2})
    return found[found["m2"] > 0]


def to_grids(areas: Shapes, values: pd.DataFrame, grids: Shapes, codes: list[str], method: str = "largest") -> pd.DataFrame:
    """Return the figures of areas on grids.

    Parameters
    ----------
    areas, values
        Areas and their figures, in the same order.
    grids, codes
        Grids in the same CRS, and their codes.
    method
        One of `METHODS`.

    Returns
    -------
    DataFrame
        Index `code`; the columns of `values`. The last row, with the code ``""``, is what lies in no grid: with it the
        sums are those of the areas.
    """
    pairs = common(areas, grids)
    if method == "largest":
        # Of equal parts the first grid, so that the order of the areas does not matter.
        ordered = pairs.sort_values(["area", "m2", "grid"], ascending=[True, False, True])
        pairs = ordered.drop_duplicates("area").assign(share=1.0)
    else:
        pairs = pairs.assign(share=pairs["m2"] / shapely.area(areas)[pairs["area"]])
    figures = values.reset_index(drop=True).astype(float).fillna(0.0)
    parts = figures.loc[pairs["area"]].mul(pairs["share"].to_numpy(), axis=0).reset_index(drop=True)
    sums = parts.groupby(np.array(codes, dtype=object)[pairs["grid"]]).sum().reindex(codes, fill_value=0.0)
    rest = (figures.sum() - sums.sum()).clip(lower=0)
    # A remainder below what the sums can tell is none.
    sums.loc[""] = rest.where(rest > 1e-9 * figures.sum().clip(lower=1), 0.0)
    return sums.rename_axis("code")


def of_table(rows: Any, grids: Any, method: str) -> pd.DataFrame:
    """Return households and persons of the rows of the table `population` that have an area, on grids.

    Parameters
    ----------
    rows
        The table.
    grids
        Frame of grids, index `code`.
    method
        One of `METHODS`.
    """
    shapes = np.asarray(rows.geometry, dtype=object)
    drawn = shapely.area(shapes) > 0
    values = pd.DataFrame(rows)[["households", "persons"]].apply(pd.to_numeric)[drawn]
    codes = [str(c) for c in grids.index]
    return to_grids(shapes[drawn], values, np.asarray(grids.geometry, dtype=object), codes, method)
