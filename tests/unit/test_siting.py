"""A new county's outline: its datum is told by the national outline of its code."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from gridgis.county import open_county
from gridgis.datums import shift_geometries
from gridgis.outlines import read_outline
from gridgis.schema import reproject
from tests.telling import Tell

CODE = "350526"


def drawn_in(datum: str, path: Path) -> Path:
    shapes = shift_geometries(np.array([read_outline(CODE)], dtype=object), "wgs84", datum)
    gpd.GeoDataFrame(geometry=shapes, crs=4326).to_file(path)
    return path


def off(county: Path) -> float:
    """Return by how many metres the county's outline differs from the one in the list."""
    with open_county(county) as c:
        return float(shapely.hausdorff_distance(c.outline, reproject(read_outline(CODE), 4490, c.crs)))


@pytest.mark.parametrize(
    ("drawn", "said"), [("wgs84", "没有偏移坐标的迹象"), ("gcj02", "是 GCJ-02"), ("bd09", "是 BD-09")]
)
def test_an_outline_comes_to_lie_where_its_county_is(tmp_path: Path, tell: Tell, drawn: str, said: str) -> None:
    file = drawn_in(drawn, tmp_path / "outline.geojson")
    answer = tell("new", tmp_path / "c.gpkg", "--scheme", "generic", "--code", CODE, "--boundary", file)
    assert answer.code == 0
    assert said in answer.out
    assert off(tmp_path / "c.gpkg") < 0.5


def test_a_stated_datum_is_believed(tmp_path: Path, tell: Tell) -> None:
    file = drawn_in("gcj02", tmp_path / "outline.geojson")
    told = ("--scheme", "generic", "--code", CODE, "--boundary", file)
    assert tell("new", tmp_path / "a.gpkg", *told, "--datum", "gcj02").code == 0
    assert off(tmp_path / "a.gpkg") < 0.5
    assert tell("new", tmp_path / "b.gpkg", *told, "--datum", "wgs84").code == 0
    assert off(tmp_path / "b.gpkg") > 400


def test_a_county_that_nobody_knows_is_taken_as_drawn_and_says_so(tmp_path: Path, tell: Tell) -> None:
    file = drawn_in("gcj02", tmp_path / "outline.geojson")
    answer = tell("new", tmp_path / "c.gpkg", "--scheme", "generic", "--code", "990526", "--boundary", file)
    assert answer.code == 0
    assert "坐标基准未核对" in answer.out
