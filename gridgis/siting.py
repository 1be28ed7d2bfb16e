"""Where the outline of a new county lies: which rows of a file it is, in which province, in which datum."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from gridgis.datums import check_datum, shift_geometries
from gridgis.errors import InputError
from gridgis.io.evidence import acted_on, datum_views, datum_words
from gridgis.outlines import read_outlines, share_in_province
from gridgis.schema import county_epsg, reproject

Words = tuple[str, str]


def outline_of(frame: gpd.GeoDataFrame, code: str) -> Any:
    """Return the outline of county `code` in a boundary file: its row where one bears that code, else all areas.

    Raises
    ------
    InputError
        A row has no geometry, or none is an area.
    """
    plain = frame.drop(columns=frame.geometry.name)
    named = plain.apply(lambda column: column.map(lambda v: str(v).removesuffix(".0").strip() == code)).any(axis=1)
    if len(frame) > 1 and int(named.sum()) == 1:
        frame = frame[named.to_numpy()]
    shapes = np.asarray(frame.geometry.values, dtype=object)
    empty = np.flatnonzero(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    if len(empty):
        row = int(empty[0]) + 1
        raise InputError(
            f"边界文件第 {row} 行没有几何图形：请补全或删除该行。",
            f"Row {row} of the boundary has no geometry: complete or delete it.",
        )
    if not (shapely.get_dimensions(shapes) == 2).any():
        raise InputError(
            "边界文件中没有面：请提供含 Polygon 的文件。", "The boundary holds no area: give a file with polygons."
        )
    return shapely.union_all(shapely.make_valid(shapes[shapely.get_dimensions(shapes) == 2]))


def landing_words(shape: Any, crs: Any, code: str, *, turned: bool) -> list[Words]:
    """Say where the outline of a new county lies, and whether that is the province of its code.

    Parameters
    ----------
    shape
        The outline, in CRS `crs`.
    crs
        CRS of the outline.
    code
        Code of the county.
    turned
        Whether x and y of the file were swapped; then the outline must lie in the province of the code.

    Returns
    -------
    list of (zh, en)
        Half sentences.

    Raises
    ------
    InputError
        Axes were swapped and nothing vouches for it.
    """
    degrees = shapely.make_valid(reproject(shape, crs, 4490))
    centre, share = shapely.centroid(degrees), share_in_province(degrees, code)
    x, y, head = round(centre.x, 4), round(centre.y, 4), code[:2]
    here = (
        f"边界中心在经度 {x:.4f}、纬度 {y:.4f}",
        f"the centre of the boundary is at longitude {x:.4f}, latitude {y:.4f}",
    )
    if share is not None and share > 0.5:
        return [(f"{here[0]}，在编码 {head} 所指的省内", f"{here[1]}, in the province of code {head}")]
    if turned:
        raise InputError(
            f"边界文件像是纬度（北坐标）在前，但交换 x、y 后{here[0]}，不在编码 {head} 所指的省内：请核对编码，或先改正坐标顺序。",
            f"The boundary seems to have latitude (northing) first, but with x and y swapped {here[1]}, not in the "
            f"province of code {head}: check the code, or put the coordinates in order first.",
        )
    if share is None:
        return [
            (
                f"{here[0]}；没有代码为 {head} 的省，未与编码核对",
                f"{here[1]}; no province has code {head} to check it by",
            )
        ]
    return [
        (f"{here[0]}，不在编码 {head} 所指的省内：如不是有意如此，请核对编码和边界后重新新建",
         f"{here[1]}, not in the province of code {head}: unless that is meant, check both and make the county again")
    ]  # fmt: skip


def in_datum_of(shape: Any, crs: Any, code: str, datum: str) -> tuple[Any, list[Words]]:
    """Return the outline of a new county in degrees of CGCS2000, and what speaks for the datum it was drawn in.

    Parameters
    ----------
    shape, crs
        The outline and its CRS.
    code
        Code of the county; the national list of outlines says where its county lies, to some tens of metres.
    datum
        Datum of the outline; ``auto`` converts only what is shifted beyond doubt.

    Returns
    -------
    shape, words
        The outline, and half sentences.
    """
    degrees = np.array([shapely.make_valid(reproject(shape, crs, 4490))], dtype=object)
    if datum != "auto":
        check_datum(datum)
        return shift_geometries(degrees, datum, "wgs84")[0], []
    try:
        known = shapely.make_valid(shapely.MultiPolygon(read_outlines(code)))
    except InputError:
        words = (
            f"没有 {code} 的已知轮廓，坐标基准未核对，按原坐标",
            f"no outline of {code} is known to check the datum by: taken as drawn",
        )
        return degrees[0], [words]
    centre = shapely.centroid(known)
    epsg = county_epsg(centre.x, centre.y)

    def project(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
        return np.asarray(reproject(shapes, 4490, epsg), dtype=object)

    views = datum_views(degrees, project(np.array([known], dtype=object))[0], project)
    found = acted_on(views)
    words = datum_words(views, found or "wgs84", automatic=found is not None)
    return (degrees if found is None else shift_geometries(degrees, found, "wgs84"))[0], [words]
