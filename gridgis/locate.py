"""Points to grids: each point in exactly one, also on shared edges and corners.

The first call on a plan makes a raster of its cells, see `gridgis.pointindex.squares`; later calls, and plans
that follow by edits, use it again.
"""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridgis.errors import InputError
from gridgis.plan import Plan


def locate(plan: Plan, points: Any, *, categorical: bool = False) -> pd.Series[Any]:
    """Return the leaf code of each point; missing where a point lies outside the county or in no grid yet.

    Parameters
    ----------
    plan
        The plan; for an earlier one see `County.plan_at`.
    points
        GeoDataFrame or GeoSeries of points (reprojected if need be), or an (n, 2) array of
        coordinates in the county's CRS, metres.
    categorical
        Return a categorical, which is made faster and takes a third of the room.

    Returns
    -------
    Series
        Codes as text, on the index of the input. The rule of ties is that of `gridgis.pointindex.assign`.

    Raises
    ------
    InputError
        The geometry is no point, or the CRS is not known.
    """
    xy, index = _coordinates(plan, points)
    ground = plan.lookup
    owner = ground.owners(xy)
    if categorical:
        number, kind = ground.categories()
        values = pd.Categorical.from_codes(number[owner], dtype=kind, validate=False)
        return pd.Series(values, index=index, name="code", copy=False)
    return pd.Series(_given(plan.rows.code, owner), index=index, name="code", dtype=object, copy=False)


def locate_levels(plan: Plan, points: Any) -> pd.DataFrame:
    """Return the codes of each point at every level, one column per level key, coarse to fine.

    Missing are the levels that the branch of a grid lacks, and whole rows as in `locate`.

    Parameters
    ----------
    plan, points
        As in `locate`.
    """
    xy, index = _coordinates(plan, points)
    owner = plan.owners(xy)
    out = {}
    for level in plan.scheme.levels:
        width = plan.scheme.width(level.key)
        heads = (None if code is None or len(code) < width else code[:width] for code in plan.rows.code)
        out[level.key] = _given([head if head in plan.grids else None for head in heads], owner)
    return pd.DataFrame(out, index=index, dtype=object)


def _given(codes: Any, owner: NDArray[np.int32]) -> NDArray[np.object_]:
    """Return the code of each owner, None where there is none."""
    table = np.full(len(codes) + 1, None, dtype=object)
    table[:-1] = codes
    return np.asarray(table[owner])


def _coordinates(plan: Plan, points: Any) -> tuple[NDArray[np.float64], pd.Index[Any]]:
    if not isinstance(points, (gpd.GeoDataFrame, gpd.GeoSeries)):
        xy = np.asarray(points, dtype=np.float64)
        if xy.ndim != 2 or xy.shape[1] != 2:
            raise InputError(
                "坐标应为 n 行 2 列的数组（横坐标、纵坐标，米）。",
                "Coordinates must be an array of n rows and 2 columns, in metres.",
            )
        return xy, pd.RangeIndex(len(xy))
    series = points.geometry
    if series.crs is None:
        raise InputError(
            "点数据没有坐标系：请先用 set_crs 设定，例如 EPSG:4490。",
            "The points have no CRS: set one first, such as EPSG:4490.",
        )
    if not np.isin(shapely.get_type_id(series.values), (-1, 0)).all():
        raise InputError("定位只接受点：请先取质心或代表点。", "Only points can be located: take centroids first.")
    shapes = np.asarray(series.to_crs(plan.epsg), dtype=object)
    xy = np.full((len(shapes), 2), np.nan)
    xy[shapely.get_num_coordinates(shapes) > 0] = shapely.get_coordinates(shapes)
    return xy, points.index
