"""A county whose whole e-map came in by import, from the files that counties hand over."""

from __future__ import annotations

import csv
import json
import sqlite3
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import openpyxl
import pytest
import shapely

import gridgis as gg
from gridgis.bringing import bring
from gridgis.io.asking import Options
from tests.drawn import COUNTY, EPSG, area, at, code_of, line
from tests.telling import Tell, assert_refused, degrees, geojson

A, B, C = (str(code_of(c)) for c in "ABC")
ALL = area((0, 0), (3, 0), (3, 2), (0, 2))


@pytest.fixture
def county(tmp_path: Path, tell: Tell) -> Path:
    boundary, path = geojson(tmp_path / "boundary.geojson", ({}, ALL)), tmp_path / "new.gpkg"
    words = ("new", path, "--scheme", "generic", "--code", COUNTY, "--boundary", boundary, "--name", "新县")
    assert tell(*words).code == 0
    parts = {
        A: area((0, 0), (2, 0), (2, 1), (0, 1)),
        B: area((2, 0), (3, 0), (3, 2), (2, 2)),
        C: area((0, 1), (2, 1), (2, 2), (0, 2)),
    }
    grids = geojson(
        tmp_path / "grids.geojson", *[({"code": c, "name": f"格{k}"}, p) for k, (c, p) in enumerate(parts.items())]
    )
    assert tell("import", path, grids, "--as", "grids").code == 0
    return path


def lonlat(column: float, row: float) -> tuple[float, float]:
    point = degrees(shapely.Point(at(column, row)))
    return round(point.x, 7), round(point.y, 7)


def houses(folder: Path) -> Path:
    def house(column: float, row: float) -> Any:
        return shapely.Point(at(column, row)).buffer(6, cap_style="square")

    rows = [
        ({"建筑编号": f"J{k}", "户数": k + 1, "人口": 3 * k + 2, "层数": 2}, house(0.3 + k * 0.6, 0.5))
        for k in range(4)
    ]
    return geojson(folder / "建筑.geojson", *rows)


def roads(folder: Path) -> Path:
    frame = gpd.GeoDataFrame(
        {"路名": ["环城路", "南大街"], "道路等级": ["主干路", "支路"], "编号": [1, 2]},
        geometry=[line((0, 1), (3, 1)), line((1, 0), (1, 2))], crs=EPSG,
    )  # fmt: skip
    frame.to_file(folder / "道路.shp", encoding="GB18030")
    return folder / "道路.shp"


def places(folder: Path) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["单位名称", "类别", "纬度", "经度", "详细地址"])
    for k, (name, kind) in enumerate([("县医院", "医院"), ("实验小学", "小学"), ("阳光小区", "小区")]):
        lon, lat = lonlat(0.5 + k, 1.5)
        sheet.append([name, kind, lat, lon, f"环城路{k + 1}号"])
    book.save(folder / "场所.xlsx")
    return folder / "场所.xlsx"


def incidents(folder: Path, *more: list[Any]) -> Path:
    path = folder / "事件.csv"
    rows = [
        [f"S{k}", f"2026/3/{k + 1} 9:30", "占道经营", "已办结", "有效", *lonlat(0.4 * k + 0.1, 0.2)] for k in range(5)
    ]
    with path.open("w", encoding="gb18030", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["工单编号", "上报时间", "事件类型", "状态", "是否有效", "经度", "纬度"])
        writer.writerows([*rows, *more])
    return path


def test_every_kind_of_file_arrives_and_is_counted(county: Path, tmp_path: Path, tell: Tell) -> None:
    for kind, file in {"buildings": houses, "roads": roads, "places": places, "incidents": incidents}.items():
        told = tell("import", county, file(tmp_path), "--as", kind, "--json")
        assert told.code == 0, told.err
        assert (told.json["applied"], told.json["rejected"]) == (True, [])
    info = tell("info", county, "--json").json
    assert (info["buildings"], info["households"], info["persons"], info["incidents"]) == (4, 10, 26, 5)
    assert info["places"] == {"compound": 1, "hospital": 1, "school": 1}
    assert set(info["sources"]) == {"buildings", "roads", "places", "incidents"}
    assert tell("check", county).code == 0
    assert tell("verify", county).code == 0
    rows = tell("stats", county, "--level", "unit", "--json").json
    assert sum(r["roads"] for r in rows) == 2
    assert sum(r["incidents"] for r in rows) == 5
    with gg.open_county(county) as c:
        assert c.table("incidents")["at"].tolist()[0] == "2026-03-01 09:30:00"
        spot = c.table("places").set_index("name").loc["阳光小区"]
        assert spot["geometry"].distance(shapely.Point(at(2.5, 1.5))) < 0.02
        assert c.table("roads")["class"].tolist() == ["主干路", "支路"]


def test_rows_of_a_table_without_a_place_are_named_with_their_address(county: Path, tmp_path: Path, tell: Tell) -> None:
    path = tmp_path / "地址.csv"
    path.write_text("单位名称,类别,地址\n甲店,商店,北门街3号\n乙店,商店,\n", encoding="utf-8")
    report = tmp_path / "r.json"
    assert_refused(
        tell("import", county, path, "--as", "places", "--report", report), 2, "北门街3号", "--skip-rejected"
    )
    told = json.loads(report.read_text(encoding="utf-8"))
    assert [(r["row"], r.get("line"), r.get("address")) for r in told["rejected"]] == [
        (1, 2, "北门街3号"),
        (2, 3, None),
    ]
    assert told["applied"] is False


def test_population_by_village_from_a_spreadsheet(county: Path, tmp_path: Path, tell: Tell) -> None:
    assert tell("import", county, houses(tmp_path), "--as", "buildings").code == 0
    path = tmp_path / "人口.csv"
    path.write_text(f"网格编码,户数,常住人口\n{A},100,301\n{B},20,61\n", encoding="utf-8")
    told = tell("import", county, path, "--as", "population", "--json")
    assert told.code == 0, told.err
    assert told.json["placed"] == {"households": 120, "persons": 362}
    info = tell("info", county, "--json").json
    assert (info["households"], info["persons"]) == (120, 362)


def test_a_bad_row_of_incidents_is_told_by_its_line(county: Path, tmp_path: Path, tell: Tell) -> None:
    file = incidents(
        tmp_path,
        ["S9", "昨天", "占道", "已办结", "有效", *lonlat(1, 1)],
        ["S10", "2026-3-9", "占道", "x", "也许", *lonlat(1, 1)],
    )
    before = county.read_bytes()
    dry = tell("import", county, file, "--as", "incidents", "--dry-run", "--json")
    assert dry.code == 0
    assert [(r["row"], r["line"]) for r in dry.json["rejected"]] == [(6, 7), (7, 8)]
    assert tell("import", county, file, "--as", "incidents").code == 2
    assert county.read_bytes() == before


def test_every_name_of_a_kind_is_in_the_help(tell: Tell) -> None:
    text = tell("import", "--help").out
    for kind in (
        "buildings",
        "roads",
        "water",
        "places",
        "incidents",
        "tracks",
        "population",
        "raster",
        "--mode",
        "--source",
        "--as-of",
    ):
        assert kind in text


def test_bubenec_comes_in_whole(tmp_path: Path, shared_data: Path) -> None:
    file = shared_data / "bubenec" / "bubenec.gpkg"
    copy = tmp_path / "bubenec.gpkg"
    copy.write_bytes(file.read_bytes())
    hull = gpd.read_file(copy, layer="plots").union_all().convex_hull.buffer(50)
    county = tmp_path / "county.gpkg"
    gg.new_county(county, "generic", "990001", hull, 3857, "Bubeneč")
    with gg.open_county(county) as c:
        told = bring(c, file, Options("buildings", layer="buildings")).report
        assert (told["rows"], told["accepted"], told["fields"]) == (144, 144, {"id": "uID"})
        told = bring(c, file, Options("roads", layer="streets")).report
        assert (told["rows"], told["counts"]["added"]) == (35, 35)
        again = bring(c, file, Options("roads", layer="streets")).report
        assert again["counts"] == {"added": 0, "updated": 35, "removed": 0}
        assert c.plan.figures[["buildings", "roads"]].sum().tolist() == [144, 35]


def test_stations_of_paris_agree_in_every_crs(tmp_path: Path, shared_data: Path) -> None:
    folder = shared_data / "paris"
    outline = gpd.read_file(folder / "paris_districts.geojson")
    county = tmp_path / "county.gpkg"
    gg.new_county(county, "generic", "750001", outline.union_all(), outline.crs, "Paris")
    where = {}
    with gg.open_county(county) as c:
        for name in ("paris_bike_stations.geojson", "paris_bike_stations_mercator.gpkg"):
            told = bring(c, folder / name, Options("places", mode="replace", skip_rejected=True)).report
            assert told["accepted"] + len(told["rejected"]) == told["rows"] == 1226
            assert all("outside" in r["reason"] or "too" in r["reason"] for r in told["rejected"])
            assert "bike_stands" in told["kept"]
            where[name] = np.sort(c.table("places")[["x", "y"]].to_numpy(), axis=0)
    first, second = where.values()
    assert np.abs(first - second).max() < 0.05
    with sqlite3.connect(county) as db:
        assert db.execute("SELECT count(*) FROM rtree_places_geometry").fetchone()[0] == len(second)
