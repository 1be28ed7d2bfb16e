"""Formats that people send: tables with places, GeoParquet, OSM, folders, features a line, areas drawn as lines."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import openpyxl
import osmium
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from osmium.osm.mutable import Node, Way
from shapely import LineString, MultiLineString, Point, box

from gridgis.io.reading import read_vector
from tests.files import layer, said

CODE = "35052610000100101"


def table(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_text(text, encoding=encoding)
    return path


@pytest.mark.parametrize(
    ("head", "row"),
    [
        ("编码,经度,纬度", f"{CODE},118.25,25.5"),
        ("纬度,编码,经度", f"25.5,{CODE},118.25"),
        ("code,lat,lng", f"{CODE},25.5,118.25"),
        ("code,x,y", f"{CODE},118.25,25.5"),
        ("code,东,北", f"{CODE},118.25,25.5"),
        ("code,gcj02_lng,gcj02_lat", f"{CODE},118.25,25.5"),
        ("code,GPS经度,GPS纬度", f"{CODE},118.25,25.5"),
        ("code,坐标", f'{CODE},"(25.5, 118.25)"'),
        ("code,位置", f'{CODE},"118.25,25.5"'),
        ("code,wkt", f"{CODE},POINT (118.25 25.5)"),
        ("code,随便", f"{CODE},SRID=4490;POINT (118.25 25.5)"),
        ("code,lon,lat", f"{CODE},25.5,118.25"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_places_of_a_table_however_they_are_written(tmp_path: Path, head: str, row: str, encoding: str) -> None:
    path = table(tmp_path / "t.csv", f"{head},地址\n{row},龙浔镇㙍头路1号\n", encoding)
    source = read_vector(path)
    assert source.frame.geometry[1].equals_exact(Point(118.25, 25.5), 0)
    assert source.frame["地址"][1] == "龙浔镇㙍头路1号"
    assert CODE in source.frame.loc[1].tolist()


def test_rows_without_a_place_stay_with_their_reason(tmp_path: Path) -> None:
    text = "code\tlon\tlat\n001\t118\t25\n002\t\t\n003\tabc\t25\n004\t1180\t25\n"
    source = read_vector(table(tmp_path / "t.tsv", text))
    assert source.frame["code"].tolist() == ["001", "002", "003", "004"]
    assert source.frame.geometry.isna().tolist() == [False, True, True, True]
    assert sorted(source.facts["reasons"]) == [2, 3, 4]
    assert source.facts["lines"] == [2, 3, 4, 5]
    bare = read_vector(table(tmp_path / "bare.csv", "code,地址\n1,甲\n2,乙\n"))
    assert bare.frame.geometry.isna().all()
    assert "no columns of coordinates" in bare.facts["evidence"][0][1]


def test_swapped_columns_are_turned_and_said(tmp_path: Path) -> None:
    # Surveyors call the northing x.
    source = read_vector(table(tmp_path / "t.csv", "名称,x,y\n甲,2820000,600000\n"), crs=4548)
    assert source.frame.geometry[1].equals_exact(Point(600000, 2820000), 0)
    assert any("swapped" in en for _, en in source.facts["evidence"])
    frame = layer(4490)
    frame.geometry = frame.geometry.map(lambda g: box(g.bounds[1], g.bounds[0], g.bounds[3], g.bounds[2]))
    frame.to_file(tmp_path / "s.gpkg")
    assert read_vector(tmp_path / "s.gpkg").frame.total_bounds.tolist() == pytest.approx([118, 25, 118.04, 25.01])


def test_a_workbook_with_a_title_and_several_sheets(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.active
    page.append(["德化县部件清单"])
    page.append(["编码", "经度", "纬度"])
    page.append([350526100001001, 118.25, 25.5])
    page.append([CODE, "118.3", None])
    book.create_sheet("说明").append(["填表说明"])
    book.save(tmp_path / "b.xlsx")
    source = read_vector(tmp_path / "b.xlsx")
    assert source.frame["编码"].tolist() == ["350526100001001", CODE]
    assert source.facts["lines"] == [3, 4]
    assert source.frame.geometry.isna().tolist() == [False, True]
    assert "说明" in said(tmp_path / "b.xlsx", layer="没有").zh


@pytest.mark.parametrize("how", ["WKB", "geoarrow"])
def test_geoparquet(tmp_path: Path, how: str) -> None:
    frame = layer(4490)
    frame.loc[2, "geometry"] = None
    frame.to_parquet(
        tmp_path / "a.parquet", geometry_encoding=how, write_covering_bbox=how == "WKB", schema_version="1.1.0"
    )
    source = read_vector(tmp_path / "a.parquet")
    assert source.frame.geometry.isna().tolist() == [False, False, True, False]
    assert source.frame.crs.to_epsg() == 4490
    assert source.frame["code"].tolist() == frame["code"].tolist()
    assert list(source.frame.columns) == ["名称", "code", "geometry"]
    assert source.frame.geometry[4].equals_exact(frame.geometry[3], 0)


def test_parquet_that_is_not_geographic_or_cut_is_a_sentence(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1]}), tmp_path / "plain.parquet")
    assert "geometry" in said(tmp_path / "plain.parquet").en
    layer(4490, 50).to_parquet(tmp_path / "a.parquet")
    raw = (tmp_path / "a.parquet").read_bytes()
    for cut in (3, 100, len(raw) // 2, len(raw) - 1):
        (tmp_path / "cut.parquet").write_bytes(raw[:cut])
        said(tmp_path / "cut.parquet")


def test_osm_pbf_by_layer_and_never_short(tmp_path: Path) -> None:
    path = tmp_path / "t.osm.pbf"
    with osmium.SimpleWriter(str(path)) as out:
        for k in range(400):
            place = (118 + k % 20 / 1000, 25 + k // 20 / 1000)
            out.add_node(Node(id=k + 1, location=place, tags={"amenity": "school", "name": f"学校{k}"}))
        for k in range(100):
            out.add_way(Way(id=k + 1, nodes=[4 * k + 1, 4 * k + 2, 4 * k + 3], tags={"highway": "residential"}))
        out.add_way(Way(id=900, nodes=[1, 2, 22, 21, 1], tags={"building": "yes"}))
    assert "points" in said(path).en
    assert len(read_vector(path, layer="points").frame) == 400
    assert len(read_vector(path, layer="lines").frame) == 100
    assert read_vector(path, layer="multipolygons").frame.geometry[1].geom_type == "MultiPolygon"
    raw = path.read_bytes()
    for cut in (5, 60, len(raw) // 2, len(raw) - 1):
        (tmp_path / "cut.osm.pbf").write_bytes(raw[:cut])
        said(tmp_path / "cut.osm.pbf", layer="points")
    turned = bytearray(raw)
    turned[len(raw) // 2] ^= 1
    (tmp_path / "cut.osm.pbf").write_bytes(turned)
    said(tmp_path / "cut.osm.pbf", layer="points")


def test_a_folder_with_a_shapefile(tmp_path: Path) -> None:
    folder = tmp_path / "图层"
    folder.mkdir()
    layer().rename(columns={"名称": "mc"}).to_file(folder / "a.shp")
    assert len(read_vector(folder).frame) == 4
    layer(n=2).rename(columns={"名称": "mc"}).to_file(folder / "b.shp")
    assert "--layer" in said(folder).en
    assert len(read_vector(folder, layer="b").frame) == 2
    (tmp_path / "empty").mkdir()
    assert "shapefile" in said(tmp_path / "empty").en


@pytest.mark.parametrize("start", ["", "\x1e"])
def test_one_feature_a_line(tmp_path: Path, start: str) -> None:
    rows = json.loads(layer(4326).to_json())["features"]
    path = table(tmp_path / "a.geojsonl", "".join(f"{start}{json.dumps(r, ensure_ascii=False)}\n" for r in rows))
    assert len(read_vector(path).frame) == 4
    table(path, path.read_text("utf-8")[:-40])
    said(path)


def test_closed_lines_become_areas_where_areas_are_wanted(tmp_path: Path) -> None:
    x, y = 600_000.0, 2_820_000.0
    ring = [(x, y), (x + 100, y), (x + 100, y + 100), (x, y + 100)]
    inner = [(x + 20, y + 20), (x + 40, y + 20), (x + 40, y + 40), (x + 20, y + 20)]
    shapes = [
        LineString([*ring, ring[0]]),
        LineString([*ring, (x, y + 0.4)]),
        LineString(ring),
        MultiLineString([[*ring, ring[0]], inner]),
        MultiLineString([[ring[0], ring[1], ring[2]], [ring[2], ring[3], ring[0]]]),
    ]
    frame = gpd.GeoDataFrame({"code": list("abcde")}, geometry=shapes, crs=4548)
    frame.to_file(tmp_path / "lines.gpkg")
    source = read_vector(tmp_path / "lines.gpkg", polygons=True)
    areas = [None if g is None else round(g.area) for g in source.frame.geometry]
    assert areas == [10000, 10000, None, 9800, 10000]
    assert "100.0 m apart" in source.facts["reasons"][3][1]
    assert any("4 closed lines turned to polygons; 1 of them" in en for _, en in source.facts["evidence"])
    assert set(read_vector(tmp_path / "lines.gpkg").frame.geom_type) == {"MultiLineString"}
    assert pd.notna(source.frame["code"]).all()
