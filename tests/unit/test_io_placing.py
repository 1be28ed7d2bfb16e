"""Elements told to be in a shifted datum: by those that are there, or by the codes beside them; never by lying inside."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely

from gridgis.datums import shift_geometries
from gridgis.io.placing import Known, Placed, place_elements
from gridgis.io.source import Source

EPSG = 4548
OUTLINE = shapely.box(600_000, 2_820_000, 620_000, 2_840_000)
_XY = np.random.default_rng(3).uniform((603_000, 2_823_000), (617_000, 2_837_000), (200, 2))
POINTS = np.asarray(shapely.points(_XY), object)


def placed(known: Known, datum: str, **columns: list[str]) -> Placed:
    degrees = np.asarray(gpd.GeoSeries(POINTS, crs=EPSG).to_crs(4326).values, object)
    shapes = shift_geometries(degrees, "wgs84", datum)
    source = Source(gpd.GeoDataFrame(columns, geometry=shapes, crs=4326), {"members": {}})
    return place_elements(shapes, source, EPSG, OUTLINE, "auto", known)


@pytest.mark.parametrize("datum", ["wgs84", "gcj02", "bd09"])
def test_elements_are_held_against_those_that_are_there(datum: str) -> None:
    found = placed(Known(elements=POINTS), datum)
    assert found.datum == datum
    assert found.confidence > 0.8
    assert shapely.distance(found.geometries, POINTS).max() < 0.01


@pytest.mark.parametrize("datum", ["wgs84", "gcj02", "bd09"])
def test_elements_are_held_against_the_codes_they_state(datum: str) -> None:
    cells = np.asarray(shapely.buffer(POINTS[:50], 30), object)
    codes = tuple(f"350526100001{n:03d}" for n in range(50))
    stated = [codes[n] if n < 50 else "" for n in range(200)]
    known = Known(cells=cells, codes=codes, widths=(6, 9, 12, 15), rows=np.arange(200))
    sparse = placed(known, datum, grid=stated)
    assert sparse.datum == "wgs84"
    whole = Known(cells=cells, codes=codes, widths=(6, 9, 12, 15), rows=np.arange(50))
    degrees = np.asarray(gpd.GeoSeries(POINTS[:50], crs=EPSG).to_crs(4326).values, object)
    shapes = shift_geometries(degrees, "wgs84", datum)
    source = Source(gpd.GeoDataFrame({"grid": list(codes)}, geometry=shapes, crs=4326), {"members": {}})
    assert place_elements(shapes, source, EPSG, OUTLINE, "auto", whole).datum == datum


def test_lying_inside_the_county_is_no_evidence() -> None:
    found = placed(Known(), "gcj02")
    assert (found.datum, found.seen, found.confidence) == ("wgs84", None, 0.0)
