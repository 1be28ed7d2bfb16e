"""What files leave unsaid: their coordinate system, their headers, which columns are places; told, and stated."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely import box

import gridgis as gg
from gridgis.io.crs import Near
from gridgis.io.reading import read_vector
from tests.files import said
from tests.telling import teller

EPSG = 4548
COUNTY = box(520_000, 4_440_000, 550_000, 4_470_000)
NEAR = Near(COUNTY, EPSG)
TOWNS = gpd.GeoDataFrame(
    {"code": ["110117001", "110117002"]},
    geometry=[box(520_000, 4_440_000, 535_000, 4_470_000), box(535_000, 4_440_000, 550_000, 4_470_000)],
    crs=EPSG,
)


def bare_shapefile(folder: Path, frame: gpd.GeoDataFrame) -> Path:
    """Write a shapefile without its .prj, as it is often handed over."""
    path = folder / "towns.shp"
    frame.to_file(path)
    path.with_suffix(".prj").unlink()
    return path


@pytest.mark.parametrize("epsg", [4490, 4527, 4526, 4548, 4549, 3857, 32650])
def test_a_missing_system_is_told_by_the_county(tmp_path: Path, epsg: int) -> None:
    source = read_vector(bare_shapefile(tmp_path, TOWNS.to_crs(epsg)), crs=NEAR)
    assert source.facts["crs"] == f"EPSG:{epsg}"
    back = source.frame.to_crs(EPSG).geometry.to_numpy()
    assert shapely.hausdorff_distance(back, TOWNS.geometry.to_numpy()).max() < 0.01
    assert any("文件没有坐标系" in zh and "100%" in zh for zh, _ in source.facts["evidence"])


@pytest.mark.parametrize(
    ("matrix", "words"), [([0, 1, 1, 0, 0, 0], "x、y 已交换"), ([1 / 0.3048, 0, 0, 1 / 0.3048, 0, 0], "英尺")]
)
def test_swapped_axes_and_feet_are_told_and_said(tmp_path: Path, matrix: list[float], words: str) -> None:
    moved = TOWNS.set_geometry(TOWNS.geometry.affine_transform(matrix))
    source = read_vector(bare_shapefile(tmp_path, moved), crs=NEAR)
    back = source.frame.to_crs(EPSG).geometry.to_numpy()
    assert shapely.hausdorff_distance(back, TOWNS.geometry.to_numpy()).max() < 0.01
    assert any(words in zh for zh, _ in source.facts["evidence"])


def test_metres_in_a_geojson_that_says_degrees_are_told_by_the_county(tmp_path: Path) -> None:
    path = tmp_path / "towns.geojson"
    path.write_text(json.dumps(TOWNS.set_crs(None, allow_override=True).__geo_interface__))
    source = read_vector(path, crs=NEAR)
    assert source.facts["crs"] == "EPSG:4548"
    assert any("EPSG:4326 与坐标数值不符" in zh for zh, _ in source.facts["evidence"])


def test_where_two_systems_would_do_none_is_taken(tmp_path: Path) -> None:
    house = gpd.GeoDataFrame(geometry=[box(535_000, 4_455_000, 535_020, 4_455_010)], crs=EPSG)
    path = bare_shapefile(tmp_path, house)
    error = said(path, crs=NEAR)
    assert "EPSG:4548" in error.zh
    assert "EPSG:32650" in error.zh
    assert read_vector(path, crs=32650).facts["crs"] == "EPSG:32650"


def table(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def places(path: Path) -> list[tuple[float, float]]:
    frame = read_vector(path, crs=4490).frame
    return [tuple(np.round([g.x, g.y], 6)) for g in frame.geometry]


def test_a_table_without_headers_loses_no_row(tmp_path: Path) -> None:
    path = table(
        tmp_path / "p.csv", "350526100000,浔中镇,118.24675,25.500553\n350526101000,龙浔镇,118.229496,25.484135\n"
    )
    source = read_vector(path)
    assert source.facts["rows"] == 2
    assert list(source.frame["列2"]) == ["浔中镇", "龙浔镇"]
    assert places(path) == [(118.24675, 25.500553), (118.229496, 25.484135)]
    assert any("没有表头" in zh for zh, _ in source.facts["evidence"])


def test_headers_of_years_stay_headers(tmp_path: Path) -> None:
    path = table(tmp_path / "p.csv", "村,2020,202101,经度,纬度\n甲村,120,130,118.2,25.5\n")
    assert list(read_vector(path).frame.columns) == ["村", "2020", "202101", "geometry"]


def test_a_point_in_wkt_is_no_header(tmp_path: Path) -> None:
    source = read_vector(table(tmp_path / "p.csv", "名称,形状\n甲,POINT (118.2 25.5)\n乙,POINT (118.3 25.6)\n"))
    assert source.facts["rows"] == 2
    assert list(source.frame["名称"]) == ["甲", "乙"]


@pytest.mark.parametrize("heads", ["X坐标,Y坐标", "POINT_X,POINT_Y", "坐标1,坐标2", "c7,c8"])
def test_columns_of_coordinates_go_by_other_names(tmp_path: Path, heads: str) -> None:
    path = table(tmp_path / "p.csv", f"名称,{heads}\n甲,118.2001,25.5001\n乙,118.3001,25.6001\n")
    assert places(path) == [(118.2001, 25.5001), (118.3001, 25.6001)]


@pytest.mark.parametrize("head", ["高德坐标", "定位", "GPS坐标"])
def test_pairs_are_told_by_their_content(tmp_path: Path, head: str) -> None:
    assert places(table(tmp_path / "p.csv", f'名称,{head}\n甲,"118.2,25.5"\n乙,"118.3,25.6"\n')) == [
        (118.2, 25.5),
        (118.3, 25.6),
    ]


@pytest.mark.parametrize(
    ("east", "north"),
    [
        ("118°12'36\"", "25°30'00\""),
        ("E118°12′36″", "N25°30′0″"),
        ("东经118度12分36秒", "北纬25度30分"),
        ("118.21E", "25.5°N"),
    ],
)
def test_degrees_minutes_and_seconds(tmp_path: Path, east: str, north: str) -> None:
    quoted = [f'"{t.replace(chr(34), chr(34) * 2)}"' for t in (east, north)]
    assert places(table(tmp_path / "p.csv", f"名称,经度,纬度\n甲,{','.join(quoted)}\n")) == [(118.21, 25.5)]


def test_minutes_beyond_sixty_are_no_place(tmp_path: Path) -> None:
    source = read_vector(table(tmp_path / "p.csv", "名称,经度,纬度\n甲,118°72'36,25°30'0\n乙,118.2,25.5\n"))
    assert source.facts["reasons"][1][0] == "坐标不是数字"


KML = '<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>{}</Document></kml>'
MARK = (
    '<Placemark><name>{0}</name><ExtendedData><Data name="编码"><value>{1}</value></Data><Data name="名称"><value>{0}</value>'
    "</Data></ExtendedData><Point><coordinates>118.2,25.5</coordinates></Point></Placemark>"
)


def test_kml_data_with_chinese_names_keep_their_columns(tmp_path: Path) -> None:
    # GDAL alone makes both columns "______" and forgets the first.
    frame = read_vector(table(tmp_path / "p.kml", KML.format(MARK.format("甲镇", "350526100")))).frame
    assert (frame["编码"].iloc[0], frame["名称"].iloc[0]) == ("350526100", "甲镇")


def test_folders_of_a_kml_are_read_together(tmp_path: Path) -> None:
    folders = "".join(f"<Folder><name>{n}</name>{MARK.format(n, c)}</Folder>" for n, c in (("甲镇", 1), ("乙镇", 2)))
    source = read_vector(table(tmp_path / "p.kml", KML.format(folders)))
    assert list(source.frame["名称"]) == ["甲镇", "乙镇"]
    assert any("2 个文件夹" in zh for zh, _ in source.facts["evidence"])
    assert source.facts["rows"] == 2
    assert len(read_vector(tmp_path / "p.kml", layer="乙镇").frame) == 1


@pytest.mark.parametrize("kind", ["buildings", "grids"])
def test_a_trial_of_a_small_layer_that_fits_two_systems_names_both(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tell, path, out = teller(monkeypatch, capsys), tmp_path / "county.gpkg", tmp_path / "report.json"
    gg.new_county(path, "generic", "110117", gpd.GeoSeries([COUNTY], crs=EPSG).to_crs(4490).iloc[0], 4490, "县")
    small = gpd.GeoDataFrame(
        {"code": ["110117001001001"], "households": [3]}, geometry=[box(535_000, 4_455_000, 535_030, 4_455_020)], crs=EPSG
    )
    words = ("import", path, bare_shapefile(tmp_path, small), "--as", kind, "--report", out)
    before = path.read_bytes()
    trial = tell(*words, "--dry-run")
    assert trial.code == 0
    assert "--crs EPSG:4548" in trial.out
    assert "--crs EPSG:32650" in trial.out
    report = json.loads(out.read_text(encoding="utf-8"))
    assert [s["crs"] for s in report["systems"]] == ["EPSG:4548", "EPSG:32650"]
    assert report["applied"] is False
    assert tell(*words).code == 2
    assert path.read_bytes() == before
    assert tell(*words, "--dry-run", "--crs", "EPSG:4548").code == 0
