"""`gridgis reach`: who reaches a station in time, told and written, and what is said where it cannot be."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import numpy as np
import pandas as pd
import rasterio
import shapely
from rasterio.transform import from_origin

from tests.drawn import EAST, NORTH, code_of, drawn_county, line
from tests.telling import Tell

A, B, C = (str(code_of(c)) for c in "ABC")
# Three grids of 500 m along one road; one household bundle in the middle of each.
DRAWING, HOMES = "AAAAABBBBBCCCCC", "003000050000070"


def county(folder: Path, *, roads: bool = True) -> Path:
    station = shapely.Point(EAST + 250, NORTH - 50)
    more = {"places": pd.DataFrame({"id": ["p1"], "kind": ["station"], "name": ["邻里中心"], "geometry": [station]})}
    if roads:
        more["roads"] = pd.DataFrame(
            {"id": ["r1"], "name": ["中心路"], "class": ["street"], "geometry": [line((0, 0.5), (15, 0.5))]}
        )
    return drawn_county(folder / "county.gpkg", DRAWING, homes=HOMES, more=more)


def test_households_in_time_per_grid(tmp_path: Path, tell: Tell) -> None:
    found = tell("reach", county(tmp_path), "--minutes", 10, "--json").json
    # 500 m are 6.7 minutes on foot, 1,100 m are 14.7.
    assert (found["households"], found["within"], found["method"], found["stations"]) == (15, 8, "network", 1)
    assert {g["code"]: g["share"] for g in found["grids"]} == {A: 1, B: 1, C: 0}


def test_a_new_site_is_suggested_where_it_serves_most(tmp_path: Path, tell: Tell) -> None:
    out = tmp_path / "area.geojson"
    found = tell("reach", county(tmp_path), "--minutes", 10, "--suggest", 2, "--out", out, "--json").out
    facts = json.loads(found[: found.rindex("}") + 1])
    assert [(s["near"], s["households_gained"]) for s in facts["suggested"]] == [(C, 7)]
    kinds = [f["properties"]["kind"] for f in json.loads(out.read_text(encoding="utf-8"))["features"]]
    assert kinds == ["area", "suggested"]


def test_without_roads_it_says_straight_line(tmp_path: Path, tell: Tell) -> None:
    path = county(tmp_path, roads=False)
    assert tell("reach", path, "--minutes", 10, "--json").json["method"] == "straight"
    assert "直线距离" in tell("reach", path, "--minutes", 10).out
    assert "straight-line" in tell("reach", path, "--minutes", 10, "--lang", "en").out


def test_what_is_missing_is_told_in_one_sentence(tmp_path: Path, tell: Tell) -> None:
    done = tell("reach", county(tmp_path), "--place-kind", "hospital")
    assert (done.code, len(done.err.strip().splitlines())) == (2, 1)
    assert "station" in done.err
    bare = drawn_county(tmp_path / "bare.gpkg", "AB", homes="00")
    assert tell("reach", bare).code == 2


def test_two_limits_give_two_shares_and_two_areas(tmp_path: Path, tell: Tell) -> None:
    out, path = tmp_path / "areas.geojson", county(tmp_path)
    tell("reach", path, "--minutes", 15, "--minutes", 5, "--out", out)
    facts = tell("reach", path, "--minutes", 15, "--minutes", 5, "--json").json
    assert [(m["minutes"], m["within"]) for m in facts["limits"]] == [(15, 15), (5, 3)]
    assert [g["shares"] for g in facts["grids"]] == [{"15": 1, "5": 1}, {"15": 1, "5": 0}, {"15": 1, "5": 0}]
    areas = {f["properties"]["minutes"]: shapely.geometry.shape(f["geometry"]) for f in json.loads(out.read_text())["features"]}
    assert set(areas) == {15, 5}
    assert areas[15].buffer(1e-4).contains(areas[5])


def test_slopes_slow_walking_and_a_raster_that_is_not_there_is_told(tmp_path: Path, tell: Tell) -> None:
    path, tif = county(tmp_path), tmp_path / "dem.tif"
    # A ramp of 20 % along the road; the way counts there and back.
    ramp = np.tile(np.arange(40) * 50 * 0.2, (10, 1))
    profile = {"driver": "GTiff", "height": 10, "width": 40, "count": 1, "dtype": "float64", "crs": "EPSG:4548",
               "transform": from_origin(EAST - 200, NORTH + 200, 50, 50)}  # fmt: skip
    with rasterio.open(tif, "w", **profile) as file:
        file.write(ramp, 1)
    done = tell("import", path, tif, "--as", "raster", "--field", "kind=elevation", "--field", "unit=m")
    assert done.code == 0, done.err
    flat = tell("reach", path, "--minutes", 10, "--json").json
    with sqlite3.connect(path) as db:
        (name,) = db.execute("SELECT id FROM rasters").fetchone()
    steep = tell("reach", path, "--minutes", 10, "--dem", name, "--json").json
    assert (flat["within"], steep["within"]) == (8, 3)
    factor = (np.exp(3.5 * 0.2) + np.exp(3.5 * (0.15 - 0.05))) / 2
    minutes = 500 / 75 * factor
    assert tell("reach", path, "--minutes", minutes + 0.01, "--dem", name, "--json").json["within"] == 8
    assert tell("reach", path, "--minutes", minutes - 0.01, "--dem", name, "--json").json["within"] == 3
    assert tell("reach", path, "--dem", "none").code == 2
