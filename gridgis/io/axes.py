"""Coordinates as files have them, turned the way they are meant: axes that were swapped, areas drawn as lines."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from gridgis.io.crs import looks_wrong

Words = tuple[str, str]
Shapes = NDArray[np.object_]

GAP_M = 1.0
"""Rings whose ends lie this close are closed."""
_METRES_PER_DEGREE = 111_320.0
_CHINA = (73.0, 3.0, 136.0, 54.0)
_NORTHING = (1_800_000.0, 6_200_000.0)


def set_right(geometry: Shapes, crs: pyproj.CRS) -> tuple[Shapes, list[Words]]:
    """Swap x and y where the numbers leave no doubt that they are the other way round.

    Parameters
    ----------
    geometry
        Geometries, None among them.
    crs
        System that the file, or the user, says.

    Returns
    -------
    geometry, evidence
        Swapped or as given, and the words for it.
    """
    x0, y0, x1, y1 = (float(v) for v in shapely.total_bounds(geometry))
    if not np.isfinite([x0, y0, x1, y1]).all() or not looks_wrong(crs, np.array([x0, y0, x1, y1])):
        return geometry, []
    if crs.is_geographic:
        meant = _CHINA[0] <= y0 and y1 <= _CHINA[2] and _CHINA[1] <= x0 and x1 <= _CHINA[3]
    else:
        meant = _NORTHING[0] <= x0 and x1 <= _NORTHING[1] and not looks_wrong(crs, np.array([y0, x0, y1, x1]))
    if not meant:
        return geometry, []
    turned = shapely.transform(geometry, lambda xy: xy[:, ::-1])
    said = (
        f"坐标是北（纬度）在前（x {x0:,.3f}–{x1:,.3f}，y {y0:,.3f}–{y1:,.3f}），已交换 x、y",
        f"northing or latitude stands first (x {x0:,.3f} to {x1:,.3f}, y {y0:,.3f} to {y1:,.3f}): x and y were swapped",
    )
    return np.asarray(turned, object), [said]


def to_polygons(geometry: Shapes, crs: pyproj.CRS) -> tuple[Shapes, list[Words], dict[int, Words]]:
    """Turn closed lines into the areas that they enclose.

    Parameters
    ----------
    geometry
        Geometries; other kinds than lines stay.
    crs
        Their system, for the tolerance.

    Returns
    -------
    geometry, evidence, reasons
        Polygons in the place of lines, None where a line has an open end; how many; and per row why not.
    """
    gap = GAP_M / _METRES_PER_DEGREE if crs.is_geographic else GAP_M
    out, reasons, turned, closed = geometry.copy(), dict[int, Words](), 0, 0
    for at in np.flatnonzero(np.isin(shapely.get_type_id(geometry), (1, 2, 5))).tolist():
        area, widest, mended = _area(geometry[at], gap)
        out[at] = area
        if area is None:
            metres = widest * (_METRES_PER_DEGREE if crs.is_geographic else 1.0)
            reasons[at + 1] = (
                f"线没有闭合，缺口约 {metres:,.1f} 米（{GAP_M:g} 米以内自动闭合）",
                f"the line is not closed: its ends lie about {metres:,.1f} m apart (up to {GAP_M:g} m is closed)",
            )
        turned, closed = turned + (area is not None), closed + mended
    if not turned:
        return out, [], reasons
    said = (
        f"{turned} 条闭合线转为面，其中 {closed} 条的端点缺口在 {GAP_M:g} 米以内，已闭合",
        f"{turned} closed lines turned to polygons; {closed} of them had ends up to {GAP_M:g} m apart, closed",
    )
    return out, [said], reasons


def _area(line: Any, gap: float) -> tuple[Any, float, bool]:
    """Return the area inside one row's lines or None, the widest gap between ends, and whether one was closed."""
    parts = shapely.get_parts(shapely.line_merge(line) if line.geom_type == "MultiLineString" else line)
    rings = [np.asarray(shapely.get_coordinates(part)) for part in parts]
    gaps = [float(np.hypot(*(ring[0] - ring[-1]))) if len(ring) > 2 else np.inf for ring in rings]
    finite = [g for g in gaps if np.isfinite(g)]
    if not rings or max(gaps) > gap:
        return None, max(finite, default=0.0), False
    whole = [np.vstack([ring, ring[:1]]) if g > 0 else ring for ring, g in zip(rings, gaps, strict=True)]
    if min(map(len, whole)) < 4:
        return None, max(finite, default=0.0), False
    # Rings inside rings are holes; one that crosses itself stays as drawn, for the repair that follows.
    area: Any = (
        shapely.Polygon(whole[0])
        if len(whole) == 1
        else shapely.build_area(shapely.MultiLineString([ring.tolist() for ring in whole]))
    )
    return (None if area.is_empty else area), max(gaps), max(gaps) > 0
