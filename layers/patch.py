"""What changed between two states of the same layer, so that the map need not load it again."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely


def difference(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame) -> tuple[list[str], list[str]]:
    """Return the codes that are gone and the codes that are new or not the same any more.

    Parameters
    ----------
    before, after
        Frames with the same columns and the code as index; geometry is compared vertex by vertex.
    """
    gone = before.index.difference(after.index)
    new = after.index.difference(before.index)
    kept = after.index.intersection(before.index)
    old_rows, new_rows = before.loc[kept], after.loc[kept]
    moved = ~shapely.equals_exact(old_rows.geometry.to_numpy(), new_rows.geometry.to_numpy(), 0.0)
    columns = [c for c in after.columns if c != after.geometry.name]
    changed = np.zeros(len(kept), dtype=bool)
    for column in columns:
        a, b = old_rows[column], new_rows[column]
        changed |= ~((a == b) | (a.isna() & b.isna())).to_numpy(dtype=bool)
    return sorted(gone), sorted(pd.Index(new).union(kept[moved | changed]))
