"""What speaks for one datum or another: how well a drawing fits the county under each reading of its numbers.

Lying inside the county does not tell GCJ-02 from WGS84, since the shift of a few hundred metres is small
against a county; the misfit of outlines does. The findings are stated; nothing is shifted unless the user
names the datum.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gridgis.datums import DATUMS, shift_geometries
from gridgis.noding import Geometries

Words = tuple[str, str]
Project = Callable[[Geometries], Geometries]

_TELLING = 0.5
"""A reading is named when its misfit is at most this share of the misfit as drawn."""
_NOTABLE = 0.002
_COVERS = (0.9, 1.1)


@dataclass(frozen=True)
class DatumView:
    """How a drawing fits the county when its numbers are read in one datum.

    Parameters
    ----------
    datum
        Key of the datum.
    misfit
        Area that the drawing and the outline do not share, as a share of the county; for a drawing that
        covers only part of the county, the share of the drawing that lies outside.
    metres
        Distance of the drawing's centroid from the county's; NaN when it covers only part.
    direction
        Where the drawing lies from the county, in degrees clockwise from north.
    """

    datum: str
    misfit: float
    metres: float
    direction: float


def datum_views(degrees: Geometries, outline: BaseGeometry, project: Project) -> list[DatumView]:
    """Measure the fit under each datum, the one as drawn first.

    Parameters
    ----------
    degrees
        Valid polygons, longitude and latitude as the file has them.
    outline
        Outline of the county in its CRS.
    project
        From degrees to the county's CRS.
    """
    union = np.array([shapely.union_all(degrees)], object)
    views = []
    for datum in ("wgs84", "gcj02", "bd09"):
        there = project(shift_geometries(union, datum, "wgs84", longest_m=None))[0]
        there = shapely.make_valid(there)
        outside = float(shapely.area(shapely.difference(there, outline)))
        area, county = float(shapely.area(there)), float(shapely.area(outline))
        whole = _COVERS[0] <= area / county <= _COVERS[1]
        missing = float(shapely.area(shapely.difference(outline, there))) if whole else 0.0
        misfit = (outside + missing) / county if whole else outside / area
        here, centre = shapely.centroid(there), shapely.centroid(outline)
        dx, dy = here.x - centre.x, here.y - centre.y
        metres = float(np.hypot(dx, dy)) if whole else float("nan")
        views.append(DatumView(datum, misfit, metres, float(np.degrees(np.arctan2(dx, dy)) % 360)))
    return views


def best_view(views: list[DatumView]) -> DatumView | None:
    """Return the reading that clearly fits better than the numbers as drawn, if there is one.

    Parameters
    ----------
    views
        Answer of `datum_views`.
    """
    drawn, best = views[0], min(views, key=lambda v: v.misfit)
    if drawn.misfit < _NOTABLE or best.misfit > _TELLING * drawn.misfit:
        return None
    return None if best is drawn else best


def datum_words(views: list[DatumView], datum: str) -> Words:
    """Say what the fit tells of the datum.

    Parameters
    ----------
    views
        Answer of `datum_views`.
    datum
        The datum that is acted on.
    """
    drawn, best = views[0], best_view(views)
    zh = f"按原坐标与县区边界不符 {drawn.misfit:.2%}"
    en = f"as drawn, {drawn.misfit:.2%} does not fit the outline of the county"
    if not np.isnan(drawn.metres) and drawn.metres >= 1:
        side = round(drawn.direction / 45) % 8
        zh += f"，整体偏{_SIDES[side][0]} {drawn.metres:.0f} 米"
        en += f"; it lies {drawn.metres:.0f} m to the {_SIDES[side][1]}"
    if best is None:
        return f"{zh}，没有偏移坐标的迹象", f"{en}; nothing speaks for a shifted datum"
    name_zh, name_en = DATUMS[best.datum]
    if best.datum == datum:
        return f"{zh}；按 {name_zh} 换算后仅 {best.misfit:.2%}", f"{en}; read as {name_en} only {best.misfit:.2%}"
    return (
        f"{zh}；按 {name_zh} 换算后仅 {best.misfit:.2%}：很像 {name_zh}，如确认请加 --datum {best.datum}",
        f"{en}; read as {name_en} only {best.misfit:.2%}: it looks like {name_en}, say --datum {best.datum} if it is",
    )


_SIDES = (
    ("北", "north"),
    ("东北", "north-east"),
    ("东", "east"),
    ("东南", "south-east"),
    ("南", "south"),
    ("西南", "south-west"),
    ("西", "west"),
    ("西北", "north-west"),
)
