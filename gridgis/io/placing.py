"""From a file's coordinates into the county, with what speaks for which datum: one way for whatever is imported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gridgis.datums import DATUMS, shift_geometries
from gridgis.io.evidence import DatumView, best_view, datum_views, datum_words
from gridgis.io.projecting import Projection, projection
from gridgis.io.reading import Source
from gridgis.noding import Geometries
from gridgis.repair import valid_polygons

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
    """

    geometries: Geometries
    datum: str
    seen: DatumView | None
    invalid: int
    evidence: tuple[Words, ...]


def place_areas(raw: Geometries, source: Source, epsg: int, outline: BaseGeometry, wanted: str) -> Placed:
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
        Key of a datum, or ``auto``.
    """
    invalid = 0

    def views(degrees: Geometries, ways: Projection) -> list[DatumView]:
        nonlocal invalid
        degrees, invalid = valid_polygons(degrees)
        return datum_views(degrees, outline, ways.to_county)

    placed = _placed(raw, source, epsg, wanted, views)
    return Placed(placed.geometries, placed.datum, placed.seen, invalid, placed.evidence)


def place_elements(raw: Geometries, source: Source, epsg: int, outline: BaseGeometry, wanted: str) -> Placed:
    """Bring elements that lie scattered over the county into its CRS.

    Parameters
    ----------
    raw
        Points, lines or polygons in the file's CRS, none of them empty.
    source, epsg, outline, wanted
        As for `place_areas`.
    """

    def views(degrees: Geometries, ways: Projection) -> list[DatumView]:
        return _scatter(degrees, outline, ways)

    return _placed(raw, source, epsg, wanted, views)


def _placed(raw: Geometries, source: Source, epsg: int, wanted: str, look: Views) -> Placed:
    ways = projection(source.frame.crs, epsg)
    datum, evidence = _datum(source, wanted, "cgcs2000" if ways.is_cgcs2000 else "wgs84")
    if not len(raw):
        return Placed(raw, datum, None, 0, tuple(evidence))
    views = look(ways.to_degrees(raw), ways)
    evidence.append(datum_words(views, datum))
    return Placed(_projected(raw, datum, ways), datum, best_view(views), 0, tuple(evidence))


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


def _scatter(degrees: Geometries, outline: BaseGeometry, ways: Projection) -> list[DatumView]:
    """Measure which share of the elements lies outside the county under each reading."""
    points = shapely.centroid(degrees)
    shapely.prepare(outline)
    views = []
    for datum in ("wgs84", "gcj02", "bd09"):
        there = ways.to_county(shift_geometries(points, datum, "wgs84", longest_m=None))
        xy = shapely.get_coordinates(there)
        outside = 1 - float(np.mean(shapely.intersects_xy(outline, xy[:, 0], xy[:, 1])))
        views.append(DatumView(datum, outside, float("nan"), 0.0))
    return views
