"""Points to grids: each point in exactly one, also on shared edges and corners."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gridgis.assign import assign
from gridgis.errors import InputError
from gridgis.plan import Plan
from gridgis.schema import mm


def locate(plan: Plan, points: Any) -> pd.Series[Any]:
    """Return the leaf code of each point; missing where a point lies outside the county or in no grid yet.

    Parameters
    ----------
    plan
        The plan.
    points
        GeoDataFrame or GeoSeries of points (reprojected if need be), or an (n, 2) array of
        coordinates in the county's CRS, metres.

    Returns
    -------
    Series
        Codes as text, on the index of the input. The rule of ties is that of `gridgis.assign`.

    Raises
    ------
    InputError
        The geometry is no point, or the CRS is not known.
    """
    xy, index = _coordinates(plan, points)
    usable = np.isfinite(xy).all(axis=1)
    owner = np.full(len(xy), -1, dtype=np.int64)
    owner[usable] = assign(mm(xy[usable]), plan.rows.geometry)
    out = np.full(len(xy), None, dtype=object)
    inside = owner >= 0
    out[inside] = plan.rows.code[owner[inside]]
    return pd.Series(out, index=index, name="code", dtype=object)


def _coordinates(plan: Plan, points: Any) -> tuple[np.ndarray[Any, np.dtype[np.float64]], pd.Index[Any]]:
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
    if not (series.geom_type.dropna() == "Point").all():
        raise InputError("定位只接受点：请先取质心或代表点。", "Only points can be located: take centroids first.")
    series = series.to_crs(plan.epsg)
    return np.column_stack([series.x, series.y]), points.index
