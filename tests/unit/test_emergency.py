"""The emergency: what lies inside equals an independent overlay; tasks, log, and back to peace."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pypdfium2
import pytest
import rasterio
import shapely
from rasterio.transform import from_origin

import gridgis as gg
from gridgis import emergency, peoplebook
from gridgis.emergency import finest
from gridgis.errors import InputError, RefusedError
from gridgis.flooding import flooded
from tests.crew import A, B, C, D, crewed
from tests.drawn import EAST, EPSG, NORTH, area
from tests.telling import Tell, assert_refused, geojson


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return crewed(tmp_path / "county.gpkg")


def random_area(rng: np.random.Generator) -> Any:
    """Return a star-shaped area with ten corners somewhere over the county."""
    x, y = EAST + rng.uniform(50, 550), NORTH - rng.uniform(50, 250)
    turn = np.sort(rng.uniform(0, 2 * np.pi, 10))
    far = rng.uniform(40, 220, 10)
    return shapely.make_valid(shapely.Polygon(np.column_stack([x + far * np.cos(turn), y + far * np.sin(turn)])))


def overlay(county: gg.County, shape: Any) -> dict[str, Any]:
    """Return grids with their share and the sums of buildings, by geopandas alone."""
    cut = gpd.GeoDataFrame(geometry=[shape], crs=EPSG)
    out: dict[str, Any] = {"grids": {}}
    for level in county.scheme.level_keys:
        grids = county.grids(level).reset_index()[["code", "geometry"]]
        both = gpd.overlay(grids, cut, how="intersection", keep_geom_type=True)
        both = both[both.area >= 0.01]
        whole = grids.set_index("code").area
        out["grids"] |= {code: a / whole[code] for code, a in both.dissolve("code").area.items()}
    homes = county.table("buildings")
    points = gpd.GeoDataFrame(homes.drop(columns="geometry"), geometry=gpd.points_from_xy(homes["x"], homes["y"]), crs=EPSG)
    inside = points.sjoin(cut, predicate="intersects")
    return out | {"buildings": len(inside), "households": int(inside["households"].sum()), "persons": int(inside["persons"].sum())}


def test_the_list_of_a_random_area_equals_an_independent_overlay(path: Path) -> None:
    rng = np.random.default_rng(10)
    with gg.open_county(path) as county:
        for _ in range(12):
            shape = random_area(rng)
            found, known = peoplebook.command_of(county, shape), overlay(county, shape)
            told = dict(zip(found.grids["code"], found.grids["share"], strict=True))
            assert told.keys() == known["grids"].keys()
            assert all(abs(told[c] - known["grids"][c]) < 1e-9 for c in told)
            assert {k: found.totals[k] for k in ("buildings", "households", "persons")} == {
                k: known[k] for k in ("buildings", "households", "persons")
            }
            named = set(found.calls["code"])
            assert set(told) - {c for c in told if county.scheme.level_key(c) == "township"} <= named


def test_a_flood_raster_gives_the_area_of_its_wet_cells(path: Path, tmp_path: Path) -> None:
    depth = np.zeros((30, 60), dtype="float32")
    depth[5:12, 10:40], depth[20, 50] = 0.8, 2.0
    file = tmp_path / "flood.tif"
    with rasterio.open(file, "w", driver="GTiff", height=30, width=60, count=1, dtype="float32", crs=EPSG,
                       transform=from_origin(EAST, NORTH, 10, 10)) as out:  # fmt: skip
        out.write(depth, 1)
    with gg.open_county(path) as county:
        wet = flooded(county, str(file), 0.5)
        assert wet.area == pytest.approx(211 * 100)
        assert flooded(county, str(file), 1.0).area == pytest.approx(100)
        with pytest.raises(InputError, match="最大值 2"):
            flooded(county, str(file), 3.0)
        with pytest.raises(InputError, match="nothing"):
            flooded(county, "nothing", 0.5)


def test_tasks_are_reported_and_peace_comes_back_with_everything_logged(path: Path) -> None:
    with gg.open_county(path) as county:
        before = county.plan.hash
        found = peoplebook.command_of(county, area((0.5, 0.5), (4.5, 0.5), (4.5, 1.5), (0.5, 1.5)))
        one = emergency.begin(county, found, "内涝", "值班员")
        assert list(one.tasks) == [A, B]
        emergency.report_task(county, one.id, A, "working", ("已到现场", "林一"))
        emergency.report_task(county, one.id, A, "done", ("", "林一"))
        with pytest.raises(RefusedError, match=B):
            emergency.end(county, one.id)
        with pytest.raises(InputError, match=C):
            emergency.report_task(county, one.id, C, "done")
        with pytest.raises(InputError, match="assigned"):
            emergency.report_task(county, one.id, B, "finished")
        over = emergency.end(county, one.id, by="值班员", note="雨停", anyway=True)
        assert over.ended
        assert over.open_tasks == [B]
        assert [s["action"].removeprefix("emergency_") for s in over.log] == ["begin", "task", "task", "task", "task", "end"]
        assert [(s["by"], s["status"], s["note"]) for s in over.log[3:5]] == [("林一", "working", "已到现场"), ("林一", "done", "")]
        with pytest.raises(RefusedError, match="内涝"):
            emergency.report_task(county, one.id, B, "done")
        assert county.plan.hash == before
        assert emergency.begin(county, found, "第二次").id != one.id
        assert [e.name for e in emergency.emergencies(county) if e.ended] == ["内涝"]


def test_finest_codes() -> None:
    assert finest(["1", "12", "123", "124", "13"]) == ["123", "124", "13"]


def test_the_command_line_from_the_area_to_peace(path: Path, tmp_path: Path, tell: Tell) -> None:
    file = geojson(tmp_path / "area.geojson", ({}, area((0.2, 0.2), (5.5, 0.2), (5.5, 2.5), (0.2, 2.5))))
    begun = tell("command", path, "--area", file, "--begin", "溃坝演练", "--by", "张三", "--out", tmp_path / "call.pdf", "--json")
    key = begun.json["emergency"]
    text = "".join(p.get_textpage().get_text_bounded() for p in pypdfium2.PdfDocument(tmp_path / "call.pdf"))
    for word in ("溃坝演练", "林一", "19900000001", A, D, "示意", "已派发"):
        assert word in text.replace("\r\n", ""), word
    for code in (A, B, C, D):
        assert tell("emergency", path, "task", key, code, "--status", "done", "--by", "网格长").code == 0
    assert tell("emergency", path, "end", key, "--by", "张三", "--out", tmp_path / "all.xlsx").code == 0
    book = openpyxl.load_workbook(tmp_path / "all.xlsx")
    assert book.sheetnames[-2:] == ["任务", "记录"]
    assert pd.DataFrame(book["任务"].values).iloc[1:, 3].tolist() == ["已完成"] * 4
    listed = tell("emergency", path, "list", "--json").json
    assert [(e["id"], bool(e["ended"]), e["open"]) for e in listed] == [(key, True, [])]
    assert_refused(tell("emergency", path, "task", key, A, "--status", "done"), 1, "溃坝演练")
    assert_refused(tell("emergency", path, "show", "EM0"), 2, key)
    assert_refused(tell("emergency", path, "task", key), 2, "--status")
    assert_refused(tell("command", path, "--raster", "x", "--area", file), 2, "--raster")
