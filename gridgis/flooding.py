"""The ground under a raster's high values: a flood depth, a rainfall, as an area for the emergency."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import shapely

from gridgis.county import County
from gridgis.errors import InputError
from gridgis.io.rasters import Raster, read_raster, unpacked
from gridgis.schema import reproject


def flooded(county: County, raster: str, above: float) -> Any:
    """Return the area where a raster lies above a value, in the county's CRS.

    Parameters
    ----------
    county
        The county.
    raster
        Id of a raster of the county, or the path of a file.
    above
        Cells with more than this are taken.

    Raises
    ------
    InputError
        There is no such raster, or no cell lies above the value.
    """
    found = _raster(county, raster)
    cells = wet(found, above)
    if cells.is_empty:
        most = float(np.nanmax(found.values)) if np.isfinite(found.values).any() else float("nan")
        raise InputError(
            f"“{raster}”中没有大于 {above:g} 的像元（最大值 {most:g}）：请降低 --above。",
            f"No cell of '{raster}' is above {above:g} (the highest is {most:g}): lower --above.",
        )
    return shapely.make_valid(reproject(cells, found.crs, county.crs))


def wet(raster: Raster, above: float) -> Any:
    """Return the union of the cells above a value, in the raster's own CRS."""
    with np.errstate(invalid="ignore"):
        high = np.nan_to_num(raster.values, nan=-np.inf) > above
    padded = np.pad(high, ((0, 0), (1, 1))).astype(np.int8)
    turns = np.diff(padded, axis=1)
    # Runs of cells in a row become one rectangle each.
    (row, first), (_, last) = np.nonzero(turns == 1), np.nonzero(turns == -1)
    west, east = raster.west + first * raster.width, raster.west + last * raster.width
    north = raster.north - row * raster.height
    return shapely.union_all(shapely.box(west, north - raster.height, east, north))


def _raster(county: County, raster: str) -> Raster:
    rows = county.table("rasters")
    mine = rows[rows["id"].astype(str) == raster]
    if len(mine):
        return unpacked(mine["data"].iloc[0])
    if Path(raster).is_file():
        return read_raster(raster, county.outline, county.crs)
    there = "、".join(map(str, rows["id"])) or "—"
    raise InputError(
        f"没有栅格“{raster}”：县区内现有 {there}；也可给出文件路径。",
        f"There is no raster '{raster}': the county has {there.replace('、', ', ')}; a file may be named too.",
    )
