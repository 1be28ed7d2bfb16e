"""Rasters in: every person of a population raster accounted for, rainfall measured per grid, nothing but GeoTIFF opened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely

import gridgis as gg
from gridgis.bringing import bring
from gridgis.errors import InputError
from gridgis.io.asking import Options
from gridgis.io.rasters import read_raster
from gridgis.population.conflicting import sources
from gridgis.population.rastering import raster_figures
from tests.drawn import EAST, EPSG, NORTH, code_of, drawn_county
from tests.telling import Tell, assert_refused

A, B, C = (str(code_of(c)) for c in "ABC")


@pytest.fixture
def county(tmp_path: Path) -> Path:
    return drawn_county(tmp_path / "county.gpkg", "AAB\nCCB", homes="100\n001")


def geotiff(path: Path, values: Any, west: float = EAST, north: float = NORTH, **more: Any) -> Path:
    """Write a raster of cells of 100 m, as the characters of a drawing."""
    array = np.array(values, dtype="float32")
    transform = rasterio.Affine(100, 0, west, 0, -100, north)
    profile = {"driver": "GTiff", "height": array.shape[0], "width": array.shape[1], "count": 1, "dtype": "float32"}
    with rasterio.open(path, "w", **profile, crs=EPSG, transform=transform, nodata=-1, **more) as out:
        out.write(array, 1)
    return path


def test_people_of_a_raster_are_shared_out_and_the_rest_is_named(county: Path, tmp_path: Path, tell: Tell) -> None:
    # One column of cells reaches beyond the county in the east; one cell holds nothing.
    file = geotiff(tmp_path / "pop.tif", [[10.2, 20, -1, 7], [1, 2, 30.4, 8]])
    told = tell("import", county, file, "--as", "population", "--json").json
    assert told["given"]["persons"] == pytest.approx(78.6, abs=1e-3)
    assert (told["inside"], told["outside"], told["nodata_cells"]) == (
        pytest.approx(63.6, abs=1e-3),
        pytest.approx(15, abs=1e-3),
        1,
    )
    assert told["placed"]["persons"] == 41
    assert told["no_buildings"] == pytest.approx(23, abs=1e-3)
    with gg.open_county(county) as c:
        assert c.table("buildings").set_index("id")["persons"].sort_index().tolist() == [10, 31]
        assert c.figures("unit")["persons"].to_dict() == {A: 10, B: 31, C: 0}
        said = c.table("population").set_index("kind")["persons"]
        assert (said["raster"], said["raster_part"]) == (64, 64)
        assert [s["persons"] for s in sources(c) if s["table"] == "population"] == [64]


def test_people_of_each_grid_are_told_wherever_buildings_stand(county: Path, tmp_path: Path, tell: Tell) -> None:
    file = geotiff(tmp_path / "pop.tif", [[10, 20, 40, 7], [1, 2, 30, 8]])
    told = tell("import", county, file, "--as", "population", "--dry-run", "--json").json
    assert told["crs"] == f"EPSG:{EPSG}"
    assert sum(g["persons"] for g in told["grids"]) == pytest.approx(told["inside"], abs=1e-3)
    words = tell("import", county, file, "--as", "population", "--dry-run").out
    assert "县外 15（12.7%）" in words
    assert "请先导入建筑" in words


def test_rainfall_is_kept_and_measured_in_each_grid(county: Path, tmp_path: Path, tell: Tell) -> None:
    file = geotiff(tmp_path / "rain.tif", [[10, 20, -1], [30, 50, 60]])
    words = (
        "import",
        county,
        file,
        "--as",
        "raster",
        "--field",
        "kind=rainfall",
        "--field",
        "name=暴雨",
        "--field",
        "unit=mm",
    )
    before = county.read_bytes()
    assert tell(*words, "--dry-run").code == 0
    assert county.read_bytes() == before
    told = tell(*words, "--json").json
    assert (told["id"], told["counts"]) == ("rainfall:暴雨", {"added": 1, "updated": 0, "removed": 0})
    assert tell(*words, "--json").json["counts"]["updated"] == 1
    with gg.open_county(county) as c:
        figures = raster_figures(c, "rainfall:暴雨", "unit")
        assert figures["mean"].to_dict() == pytest.approx({A: 15, B: 60, C: 40})
        assert figures["max"].to_dict() == pytest.approx({A: 20, B: 60, C: 50})
        with pytest.raises(InputError, match="暴雨"):
            raster_figures(c, "snow", "unit")


def test_what_is_no_raster_of_the_county_is_refused(county: Path, tmp_path: Path, tell: Tell) -> None:
    far = geotiff(tmp_path / "far.tif", [[1, 2], [3, 4]], west=EAST + 100_000)
    text = tmp_path / "text.tif"
    text.write_text("<VRTDataset rasterXSize='1' rasterYSize='1'></VRTDataset>", encoding="utf-8")
    cut = tmp_path / "cut.tif"
    whole = geotiff(tmp_path / "whole.tif", np.ones((200, 200))).read_bytes()
    cut.write_bytes(whole[: len(whole) // 2])
    before = county.read_bytes()
    for file in (far, text, cut):
        assert_refused(tell("import", county, file, "--as", "population"), 2, file.name)
        assert_refused(tell("import", county, file, "--as", "raster"), 2, file.name)
    assert_refused(tell("import", county, far, "--as", "raster", "--field", "colour=red"), 2, "colour")
    assert county.read_bytes() == before


def test_sao_miguel_agrees_with_the_published_total(tmp_path: Path, shared_data: Path) -> None:
    folder = shared_data / "sao-miguel"
    parts = gpd.read_file(folder / "concelhos.gpkg")
    county = tmp_path / "island.gpkg"
    gg.new_county(county, "generic", "360101", parts.union_all(), parts.crs, "São Miguel")
    raster = folder / "gpw_v411_2020_count_2020.tif"
    with gg.open_county(county) as c:
        each = read_raster(raster, c.outline, c.crs).under(parts.to_crs(c.crs).geometry.values, c.crs, ["sum"])
        x0, y0, x1, y1 = c.outline.bounds
        spots = np.array([(x, y) for x in np.arange(x0, x1, 900) for y in np.arange(y0, y1, 900)])
        inside = spots[shapely.intersects_xy(c.outline, spots[:, 0], spots[:, 1])]
        gpd.GeoDataFrame({"id": range(len(inside))}, geometry=shapely.points(inside), crs=c.crs).to_file(
            tmp_path / "b.gpkg"
        )
        bring(c, tmp_path / "b.gpkg", Options("buildings"))
        told = bring(c, raster, Options("population")).report
        assert told["given"]["persons"] == pytest.approx(145_603, abs=0.5)
        assert told["inside"] == pytest.approx(each["sum"].sum(), abs=1)
        assert told["inside"] + told["outside"] == pytest.approx(told["given"]["persons"], abs=0.01)
        assert told["placed"]["persons"] == pytest.approx(told["inside"] - told["no_buildings"], abs=0.5)
        assert int(c.plan.figures["persons"].sum()) == told["placed"]["persons"]
