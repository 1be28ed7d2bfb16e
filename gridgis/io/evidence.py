"""What speaks for one datum or another: how well a drawing fits the county under each reading of its numbers.

Lying inside the county does not tell GCJ-02 from WGS84, since the shift of a few hundred metres is small
against a county. What does tell is how much of the drawing's rim runs along lines that the county knows, since
two surveys of one boundary agree to some metres where neither was redrawn, and a redrawn part does not hide that
the rest agrees. Buildings, roads and places are held against those that are there, and against the codes that
stand beside them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from gridgis.cleaning.noding import Geometries
from gridgis.datums import DATUMS, shift_geometries

Words = tuple[str, str]
Project = Callable[[Geometries], Geometries]

READINGS = ("wgs84", "gcj02", "bd09")
ACTS = 0.8
"""From this confidence on, a drawing whose datum nobody stated is converted."""
NEAR_M = 25.0
"""A point of a rim this close to a known line lies on it: surveys of one line differ by some metres."""
_TELLING = 0.5
"""A reading is named when its misfit is at most this share of the misfit as drawn."""
_NOTABLE = 0.002
_COVERS = (0.9, 1.1)
_ENOUGH = 0.3
"""Confidence is full only when this share of the drawing agrees with what is known."""
_MANY = 20
"""And only from this many samples on."""
_SAMPLES = 3000
_PIECE = 64


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
    agrees
        Share of samples that agree with what the county knows: the rim with its lines, elements with those
        that are there, codes with their cells.
    samples
        How many samples were compared; none where the county knows nothing to compare with.
    against
        What they were compared with.
    """

    datum: str
    misfit: float
    metres: float
    direction: float
    agrees: float = 0.0
    samples: int = 0
    against: Words = ("", "")

    def as_dict(self) -> dict[str, Any]:
        """Return the reading for a report."""
        return {"datum": self.datum, "misfit": round(self.misfit, 6), "agrees": round(self.agrees, 4),
                "samples": self.samples, "against": self.against[1],
                "metres": None if np.isnan(self.metres) else round(self.metres, 1)}  # fmt: skip


def datum_views(
    degrees: Geometries, outline: BaseGeometry, project: Project, lines: Geometries | None = None
) -> list[DatumView]:
    """Measure the fit of areas under each datum, the one as drawn first.

    Parameters
    ----------
    degrees
        Valid polygons, longitude and latitude as the file has them.
    outline
        Outline of the county in its CRS.
    project
        From degrees to the county's CRS.
    lines
        Cells of the county: drawn edges that run along theirs count as well.
    """
    union = np.array([shapely.union_all(degrees)], object)
    known = [shapely.boundary(outline)]
    drawn = shapely.boundary(union)
    words = ("县界", "the outline of the county")
    if lines is not None and len(lines) > 1:
        known.extend(shapely.boundary(lines))
        drawn = shapely.boundary(degrees)
        words = ("县界与现有网格线", "the outline and the cells of the county")
    rim = _along(drawn)
    views = []
    for datum in READINGS:
        there = shapely.make_valid(project(shift_geometries(union, datum, "wgs84", longest_m=None))[0])
        misfit, metres, direction = _misfit(there, outline)
        near = _near(project(shift_geometries(rim, datum, "wgs84")), np.array(known, object), NEAR_M)
        views.append(DatumView(datum, misfit, metres, direction, near, len(rim), words))
    return views


def _misfit(there: BaseGeometry, outline: BaseGeometry) -> tuple[float, float, float]:
    outside = float(shapely.area(shapely.difference(there, outline)))
    area, county = float(shapely.area(there)), float(shapely.area(outline))
    whole = _COVERS[0] <= area / county <= _COVERS[1]
    missing = float(shapely.area(shapely.difference(outline, there))) if whole else 0.0
    misfit = (outside + missing) / county if whole else outside / area if area > 0 else 1.0
    here, centre = shapely.centroid(there), shapely.centroid(outline)
    dx, dy = here.x - centre.x, here.y - centre.y
    metres = float(np.hypot(dx, dy)) if whole else float("nan")
    return misfit, metres, float(np.degrees(np.arctan2(dx, dy)) % 360)


def _along(lines: Geometries) -> Geometries:
    """Return points spread evenly along lines, each length counting the same."""
    xy, line = shapely.get_coordinates(shapely.get_parts(lines), return_index=True)
    steps = np.where(np.diff(line) == 0, np.hypot(*np.diff(xy, axis=0).T), 0.0) if len(xy) > 1 else np.empty(0)
    total = float(steps.sum())
    if not total > 0:
        return np.empty(0, object)
    # One walk over all vertices: shapely's would begin each of the points at the line's start again.
    walked = np.concatenate([[0.0], np.cumsum(steps)])
    at = (np.arange(_SAMPLES) + 0.5) / _SAMPLES * total
    return np.asarray(shapely.points(np.interp(at, walked, xy[:, 0]), np.interp(at, walked, xy[:, 1])), object)


def _near(points: Geometries, known: Geometries, metres: float) -> float:
    """Return the share of points within `metres` of any of the known geometries."""
    if not len(points) or not len(known):
        return 0.0
    tree = shapely.STRtree(_in_pieces(shapely.get_parts(known)))
    hits = tree.query_nearest(points, max_distance=metres, all_matches=False, return_distance=False)
    return len(np.unique(hits[0])) / len(points)


def _in_pieces(parts: Geometries) -> Geometries:
    """Return geometries with long lines in pieces, so that a tree can tell which stretch of them is near."""
    long = np.isin(shapely.get_type_id(parts), (1, 2)) & (shapely.get_num_coordinates(parts) > _PIECE)
    pieces = [
        shapely.LineString(xy[k : k + _PIECE + 1])
        for xy in map(shapely.get_coordinates, parts[long])
        for k in range(0, len(xy) - 1, _PIECE)
    ]
    return np.concatenate([parts[~long], np.array(pieces, object)])


def element_views(degrees: Geometries, outline: BaseGeometry, project: Project, known: Geometries) -> list[DatumView]:
    """Measure how elements agree with those that the county has, under each datum.

    Parameters
    ----------
    degrees
        Points, lines or areas in degrees.
    outline
        Outline of the county in its CRS.
    project
        From degrees to the county's CRS.
    known
        Elements of the county, in its CRS.
    """
    drawn = degrees if len(degrees) <= _SAMPLES else degrees[:: len(degrees) // _SAMPLES + 1]
    linear = shapely.get_dimensions(drawn) == 1
    spots = np.concatenate([shapely.centroid(drawn[~linear]), _along(drawn[linear])])
    shapely.prepare(outline)
    views = []
    for datum in READINGS:
        there = project(shift_geometries(spots, datum, "wgs84", longest_m=None))
        xy = shapely.get_coordinates(there)
        outside = 1 - float(np.mean(shapely.intersects_xy(outline, xy[:, 0], xy[:, 1])))
        near = _near(there, known, _ELEMENT_M)
        words = ("现有要素", "the elements that are there")
        views.append(DatumView(datum, outside, float("nan"), 0.0, near, len(spots) if len(known) else 0, words))
    return views


_ELEMENT_M = 10.0


def code_views(
    views: list[DatumView], degrees: Geometries, project: Project, stated: NDArray[np.object_], cells: dict[str, Any]
) -> list[DatumView]:
    """Measure in which share of rows the code that a row states is that of the ground it lies on.

    Parameters
    ----------
    views
        What else was measured.
    degrees, project
        As for `element_views`.
    stated
        The code of each row, None where it has none.
    cells
        Area of the county by code, for every code that is stated.
    """
    has = np.array([c in cells for c in stated], bool)
    spots = shapely.centroid(degrees[has])
    grounds = np.array([cells[c] for c in stated[has]], object)
    words = ("所注编码的网格", "the grids whose codes they state")
    out = []
    for view in views:
        there = project(shift_geometries(spots, view.datum, "wgs84", longest_m=None))
        agrees = float(np.mean(shapely.intersects(grounds, there))) if has.any() else 0.0
        out.append(DatumView(view.datum, view.misfit, view.metres, view.direction, agrees, int(has.sum()), words))
    return out


def best_view(views: list[DatumView]) -> DatumView | None:
    """Return the reading that clearly fits better than the numbers as drawn, if there is one.

    Parameters
    ----------
    views
        Answer of `datum_views`.
    """
    ranked = sorted(views, key=lambda v: -v.agrees)
    if ranked[0].samples and confidence(views) >= _TELLING:
        return None if ranked[0] is views[0] else ranked[0]
    drawn, best = views[0], min(views, key=lambda v: v.misfit)
    if drawn.misfit < _NOTABLE or best.misfit > _TELLING * drawn.misfit:
        return None
    return None if best is drawn else best


def confidence(views: list[DatumView]) -> float:
    """Return how surely the reading that agrees best is the right one, from 0 to 1.

    One minus the runner-up's agreement over the best one's; less where little agrees or few samples were compared.

    Parameters
    ----------
    views
        Readings.
    """
    best, second, *_ = sorted((v.agrees for v in views), reverse=True)
    if best <= 0 or not views[0].samples:
        return 0.0
    return (1 - second / best) * min(1.0, best / _ENOUGH) * min(1.0, views[0].samples / _MANY)


def acted_on(views: list[DatumView]) -> str | None:
    """Return the shifted datum that a drawing is in beyond doubt, None where it is in none or that is doubtful.

    Parameters
    ----------
    views
        Readings.
    """
    best = best_view(views)
    sure = best is not None and best.samples and confidence(views) >= ACTS
    return best.datum if best is not None and sure else None


def datum_words(views: list[DatumView], datum: str, *, automatic: bool = False) -> Words:
    """Say what the fit tells of the datum.

    Parameters
    ----------
    views
        Readings.
    datum
        The datum that is acted on.
    automatic
        Whether it was taken because of this evidence.
    """
    drawn, best = views[0], best_view(views)
    zh, en = _as_drawn(drawn)
    if best is None:
        return f"{zh}，没有偏移坐标的迹象", f"{en}; nothing speaks for a shifted datum"
    name_zh, name_en = DATUMS[best.datum]
    fit_zh, fit_en = f"仅 {best.misfit:.2%}", f"only {best.misfit:.2%}"
    if best.samples:
        sure = confidence(views)
        fit_zh = f"{best.agrees:.0%} 与{best.against[0]}吻合（按原坐标 {drawn.agrees:.0%}，可信度 {sure:.2f}）"
        fit_en = f"{best.agrees:.0%} agrees with {best.against[1]} (as drawn {drawn.agrees:.0%}; confidence {sure:.2f})"
    zh, en = f"{zh}；按 {name_zh} 换算后{fit_zh}", f"{en}; read as {name_en} {fit_en}"
    if automatic:
        return (
            f"{zh}：是 {name_zh}，已换算；如不对请加 --datum wgs84",
            f"{en}: it is {name_en} and was converted; say --datum wgs84 if it is not",
        )
    if best.datum == datum:
        return zh, en
    return (
        f"{zh}：很像 {name_zh}，如确认请加 --datum {best.datum}",
        f"{en}: it looks like {name_en}, say --datum {best.datum} if it is",
    )


def _as_drawn(drawn: DatumView) -> Words:
    if np.isnan(drawn.metres) and drawn.samples:
        return (
            f"按原坐标有 {drawn.misfit:.2%} 在县界外，{drawn.agrees:.0%} 与{drawn.against[0]}吻合",
            f"as drawn, {drawn.misfit:.2%} lies outside the county and {drawn.agrees:.0%} agrees with {drawn.against[1]}",
        )
    zh = f"按原坐标与县区边界不符 {drawn.misfit:.2%}"
    en = f"as drawn, {drawn.misfit:.2%} does not fit the outline of the county"
    if drawn.misfit >= 1:
        # Both areas count: what lies outside, and what is missing inside.
        zh, en = "按原坐标几乎不与县区重合", "as drawn, it hardly meets the county"
    if not np.isnan(drawn.metres) and drawn.metres >= 1:
        side = round(drawn.direction / 45) % 8
        zh += f"，整体偏{_SIDES[side][0]} {drawn.metres:.0f} 米"
        en += f"; it lies {drawn.metres:.0f} m to the {_SIDES[side][1]}"
    return zh, en


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
