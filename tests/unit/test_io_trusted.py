"""What a file says of itself and what may be believed: datums in headers, commas, code pages, old frames."""

from __future__ import annotations

import sqlite3
import struct
import zipfile
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely

from gridgis.errors import InputError
from gridgis.io.crs import Near
from gridgis.io.placing import place_areas
from gridgis.io.pointrows import datum_named, pairs_of, read_points
from gridgis.io.projecting import projection
from gridgis.io.reading import read_vector
from gridgis.io.shapefile import text_encoding

EPSG = 4548
GROUND = shapely.box(600_000, 2_820_000, 609_000, 2_826_000)
NEAR = Near(GROUND, EPSG)


@pytest.mark.parametrize(
    ("headers", "datum"),
    [
        (("gcj_lon", "gcj_lat"), "gcj02"), (("lng_gcj02", "lat_gcj02"), "gcj02"), (("高德经度", "高德纬度"), "gcj02"),
        (("火星坐标",), "gcj02"), (("gd_lng", "gd_lat"), "gcj02"), (("bd_lng", "bd_lat"), "bd09"), (("bd09经度", "bd09纬度"), "bd09"),
        (("百度坐标",), "bd09"), (("wgs84_lon", "wgs84_lat"), "wgs84"), (("CGCS2000经度", "CGCS2000纬度"), "cgcs2000"),
        (("经度", "纬度"), None), (("gcj_lon", "bd_lat"), None), (("bldg_x", "bldg_y"), None),
    ],
)  # fmt: skip
def test_headers_name_the_datum(headers: tuple[str, ...], datum: str | None) -> None:
    assert datum_named(headers) == datum


def test_the_datum_of_the_headers_reaches_whoever_reads_the_table(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("名称,lng_bd09,lat_bd09\n甲,118.05,25.50\n", encoding="utf-8")
    assert read_points(path).datum == "bd09"
    assert read_vector(path, crs=NEAR).facts["members"]["datum"] == "bd09"


def test_of_several_datums_the_one_without_a_shift_is_read(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("名称,lng_gcj02,lat_gcj02,lng_wgs84,lat_wgs84\n甲,118.06,25.51,118.05,25.50\n", encoding="utf-8")
    rows = read_points(path)
    assert (rows.datum, rows.xy.tolist()) == ("wgs84", [[118.05, 25.5]])
    assert read_vector(path, crs=NEAR).frame.geometry.iloc[0].equals(shapely.Point(118.05, 25.5))


@pytest.mark.parametrize(
    ("column", "numbers"),
    [
        (["511,880.5", "512,000"], [511880.5, 512000.0]), (["4,452,600"], [4452600.0]),
        (["117,1396", "117,5"], [117.1396, 117.5]), (["117,139"], None), (["1,2,3"], None),
    ],
)  # fmt: skip
def test_commas_are_read_only_where_they_are_beyond_doubt(column: list[str], numbers: list[float] | None) -> None:
    found = [a for a, _ in pairs_of(column, column)]
    assert found == numbers if numbers else all(isinstance(a, str) for a in found)


def test_numbers_that_are_neither_degrees_nor_metres_here_are_told(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("x,y\n13039990.2,4897000.5\n13039991.0,4897001.0\n", encoding="utf-8")
    rows = read_points(path)
    assert np.isnan(rows.project(EPSG, datum="cgcs2000", crs=None)).all()
    assert all(why is not None and "--crs" in why[1] for why in rows.reasons)
    path.write_text("x,y\n604000.2,2823000.5\n", encoding="utf-8")
    assert read_points(path).project(EPSG, datum="cgcs2000", crs=None).tolist() == [[604000.2, 2823000.5]]


@pytest.mark.parametrize(("written", "cpg", "read"), [("utf-8", "936", "utf-8"), ("gbk", "936", "gb18030")])
def test_a_code_page_that_the_texts_belie_is_passed_over(tmp_path: Path, written: str, cpg: str, read: str) -> None:
    gpd.GeoDataFrame({"mc": ["联通", "滨河街道"]}, geometry=[GROUND, GROUND], crs=EPSG).to_file(
        tmp_path / "a.shp", encoding=written
    )
    (tmp_path / "a.cpg").write_text(cpg)
    assert text_encoding(tmp_path / "a.shp")[0] == read


def test_a_local_system_is_passed_over_and_told_by_the_county(tmp_path: Path) -> None:
    gpd.GeoDataFrame({"mc": ["a"]}, geometry=[GROUND], crs=EPSG).to_crs(4527).to_file(tmp_path / "a.shp")
    (tmp_path / "a.prj").write_text('LOCAL_CS["Undefined",UNIT["Meter",1.0]]')
    source = read_vector(tmp_path / "a.shp", crs=NEAR)
    assert source.frame.crs == pyproj.CRS.from_epsg(4527)
    assert any("local" in en for _, en in source.facts["evidence"])
    with pytest.raises(InputError, match="--crs"):
        read_vector(tmp_path / "a.shp")


@pytest.mark.parametrize(
    ("epsg", "datum"), [(2384, "Xian 1980"), (4214, "Beijing 1954"), (4490, None), (32650, None), (4269, None)]
)
def test_a_frame_without_a_known_way_is_told(tmp_path: Path, epsg: int, datum: str | None) -> None:
    assert projection(pyproj.CRS.from_epsg(epsg), EPSG).guessed == datum
    frame = gpd.GeoDataFrame({"mc": ["a"]}, geometry=[GROUND], crs=EPSG).to_crs(epsg)
    frame.to_file(tmp_path / "a.gpkg")
    source = read_vector(tmp_path / "a.gpkg")
    placed = place_areas(np.asarray(source.frame.geometry.values, object), source, EPSG, GROUND, "auto")
    assert any("beware" in en for _, en in placed.evidence) == (datum is not None)


def test_what_other_programs_keep_is_called_by_its_name_with_the_cure(tmp_path: Path) -> None:
    (tmp_path / "g.gdb").mkdir()
    with zipfile.ZipFile(tmp_path / "gdb.zip", "w") as archive:
        archive.writestr("g.gdb/a00000001.gdbtable", b"x")
    for name in ("a.tab", "a.dxf", "a.topojson"):
        (tmp_path / name).write_bytes(b"{}")
    (tmp_path / "t.json").write_text('{"type": "Topology", "objects": {}, "arcs": []}')
    for name, word in (("g.gdb", "FileGDB"), ("gdb.zip", "FileGDB"), ("a.tab", "MapInfo"), ("a.dxf", "DXF"),
                       ("a.topojson", "TopoJSON"), ("t.json", "TopoJSON")):  # fmt: skip
        with pytest.raises(InputError) as refused:
            read_vector(tmp_path / name)
        for said in (refused.value.zh, refused.value.en):
            assert word.lower() in said.lower()
            assert "GeoPackage" in said


def _curve_polygon(start: tuple[float, float], over: tuple[float, float], end: tuple[float, float]) -> bytes:
    """Return WKB of the area between an arc and its chord."""
    arc = struct.pack("<BII6d", 1, 8, 3, *start, *over, *end)
    chord = struct.pack("<BII4d", 1, 2, 2, *end, *start)
    return struct.pack("<BII", 1, 10, 1) + struct.pack("<BII", 1, 9, 2) + arc + chord


def test_arcs_become_lines_that_follow_them(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    gpd.GeoDataFrame({"mc": ["弧", "直"]}, geometry=[GROUND, GROUND], crs=EPSG).to_file(path)
    (x0, y0), r = (604_000.0, 2_823_000.0), 1000.0
    wkb = _curve_polygon((x0 - r, y0), (x0, y0 + r), (x0 + r, y0))
    with closing(sqlite3.connect(path)) as db:
        for name in [n for (n,) in db.execute("select name from sqlite_master where type = 'trigger'")]:
            db.execute(f'drop trigger "{name}"')
        db.execute("update a set geom = substr(geom, 1, 40) || ? where mc = '弧'", (wkb,))
        db.execute("update a set geom = cast(geom as blob)")
        db.commit()
    arc, straight = read_vector(path, crs=NEAR).frame.geometry
    assert arc.area == pytest.approx(np.pi * r * r / 2, rel=0.001)
    assert straight.equals(GROUND)
