"""From a file's coordinates into the county, with what speaks for which datum: one way for whatever is imported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from gridgis.cleaning.noding import Geometries
from gridgis.cleaning.repair import valid_polygons
from gridgis.datums import DATUMS, shift_geometries
from gridgis.io.evidence import (
    DatumView,
    acted_on,
    best_view,
    code_views,
    confidence,
    datum_views,
    datum_words,
    element_views,
)
from gridgis.io.projecting import Projection, projection
from gridgis.io.reading import Source

Words = tuple[str, str]
Views = Callable[[Geometries, Projection], list[DatumView]]


@dataclass(frozen=True)
class Placed:
    """Geometries brought into the county's CRS.

    Parameters
    ----------
    geometries
        In the order given.
    datum
        Datum that their numbers were read in.
    seen
        The reading that fits clearly better than the numbers as drawn, None where none does.
    invalid
        Polygons that crossed themselves.
    evidence
        What speaks for the datum, half a sentence each.
    confidence
        How surely the reading that agrees best is the right one, from 0 to 1.
    candidates
        Each reading with its figures.
    """

    geometries: Geometries
    datum: str
    seen: DatumView | None
    invalid: int
    evidence: tuple[Words, ...]
    confidence: float = 0.0
    candidates: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Known:
    """What the county knows that elements can be held against.

    Parameters
    ----------
    elements
        Elements of the same kind that are there, in the county's CRS.
    cells
        Cells of the county; rows of a file that state their codes are held against them.
    codes
        Code of each cell, None for those without.
    widths
        Lengths of codes, the county's first.
    rows
        Which row of the file each geometry is from, counted from 0.
    """

    elements: Geometries = field(default_factory=lambda: np.empty(0, object))
    cells: Geometries = field(default_factory=lambda: np.empty(0, object))
    codes: tuple[str | None, ...] = ()
    widths: tuple[int, ...] = ()
    rows: NDArray[np.intp] = field(default_factory=lambda: np.empty(0, np.intp))


def place_areas(
    raw: Geometries, source: Source, epsg: int, outline: BaseGeometry, wanted: str, cells: Geometries | None = None
) -> Placed:
    """Bring areas that make up the county, or parts of it, into its CRS.

    Parameters
    ----------
    raw
        Polygons in the file's CRS.
    source
        The file that they are from.
    epsg, outline
        The county's CRS, and its outline in that.
    wanted
        Key of a datum, or ``auto``: what the file declares, else what its fit shows beyond doubt, else as drawn.
    cells
        Cells of the county, whose lines the drawing may follow.
    """
    invalid = 0

    def views(degrees: Geometries, ways: Projection) -> list[DatumView]:
        nonlocal invalid
        degrees, invalid = valid_polygons(degrees)
        return datum_views(degrees, outline, ways.to_county, cells)

    placed = _placed(raw, source, epsg, wanted, views)
    return replace(placed, invalid=invalid)


def place_elements(
    raw: Geometries, source: Source, epsg: int, outline: BaseGeometry, wanted: str, known: Known | None = None
) -> Placed:
    """Bring elements that lie scattered over the county into its CRS.

    Parameters
    ----------
    raw
        Points, lines or polygons in the file's CRS, none of them empty.
    source, epsg, outline, wanted
        As for `place_areas`.
    known
        What the county has to hold them against.
    """
    known = known or Known()

    def views(degrees: Geometries, ways: Projection) -> list[DatumView]:
        beside = element_views(degrees, outline, ways.to_county, known.elements)
        stated, grounds = _stated(source, known)
        if not grounds:
            return beside
        within = code_views(beside, degrees, ways.to_county, stated, grounds)
        return max(beside, within, key=confidence)

    return _placed(raw, source, epsg, wanted, views)


def _stated(source: Source, known: Known) -> tuple[NDArray[np.object_], dict[str, Any]]:
    """Return the code that each geometry states, by the column that holds most of the county's, and their grounds."""
    living = {c[:w] for c in known.codes if c for w in known.widths[1:] if w <= len(c)}
    frame = source.frame.drop(columns=source.frame.geometry.name).iloc[known.rows]
    texts = [column.map(lambda v: str(v).removesuffix(".0").strip()).to_numpy(object) for _, column in frame.items()]
    best = max(texts, key=lambda text: sum(c in living for c in text), default=np.empty(0, object))
    needed = {c for c in best if c in living}
    if not needed or sum(c in living for c in best) < _STATED * len(best):
        return np.empty(0, object), {}
    held = np.array([c or "" for c in known.codes], object)
    return best, {c: shapely.union_all(known.cells[[h.startswith(c) for h in held]]) for c in needed}


_STATED = 0.5
"""A column is one of grid codes where at least this share of its rows names a living grid."""


def _placed(raw: Geometries, source: Source, epsg: int, wanted: str, look: Views) -> Placed:
    ways = projection(source.frame.crs, epsg)
    datum, evidence = _datum(source, wanted, "cgcs2000" if ways.is_cgcs2000 else "wgs84")
    if not len(raw):
        return Placed(raw, datum, None, 0, tuple(evidence))
    views = look(ways.to_degrees(raw), ways)
    found = acted_on(views) if wanted == "auto" and not evidence else None
    datum = found or datum
    evidence.append(datum_words(views, datum, automatic=found is not None))
    if ways.guessed is not None:
        evidence.append(_unknown_way(ways.guessed))
    candidates = tuple(view.as_dict() for view in views)
    return Placed(_projected(raw, datum, ways), datum, best_view(views), 0, tuple(evidence),
                  confidence(views), candidates)  # fmt: skip


def _unknown_way(datum: str) -> Words:
    return (
        f"注意：文件的基准是 {datum}，它到本县坐标系的转换参数本程序没有（北京 54、西安 80 的参数不公开），数值按原样采用，位置可能差几十米到上百米；"
        "请索取 CGCS2000 的数据，或先用本地参数转换",
        f"beware: the file is in {datum}; the way from there to the county's system is not in this program (parameters of "
        "Beijing 1954 and Xian 1980 are not public), so its numbers were taken as they are and may lie "
        "tens of metres off, or more than a hundred: ask for the data in CGCS2000, or convert them with local parameters first",
    )


def _datum(source: Source, wanted: str, stated: str) -> tuple[str, list[Words]]:
    """Return the datum to act on: the user's word, else what the file itself declares, else none shifted."""
    if wanted != "auto":
        return wanted, []
    declared = source.facts["members"].get("datum")
    if declared not in DATUMS:
        return stated, []
    zh, en = DATUMS[declared]
    return str(declared), [(f"文件写明坐标为 {zh}", f"the file itself says that it is in {en}")]


def _projected(raw: Geometries, datum: str, ways: Projection) -> Geometries:
    if datum in ("wgs84", "cgcs2000"):
        return ways.direct(raw)
    # A little longer than the edges of our own exports, which so come back with the vertices they left with.
    return ways.to_county(shift_geometries(ways.to_degrees(raw), datum, "wgs84", longest_m=250.0))
