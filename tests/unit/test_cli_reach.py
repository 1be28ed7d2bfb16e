"""`gridgis reach`: who reaches a station in time, told and written, and what is said where it cannot be."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import shapely

from tests.drawn import EAST, NORTH, code_of, drawn_county, line
from tests.telling import Tell, teller

A, B, C = (str(code_of(c)) for c in "ABC")
# Three grids of 500 m along one road; one household bundle in the middle of each.
DRAWING, HOMES = "AAAAABBBBBCCCCC", "003000050000070"


@pytest.fixture
def tell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Tell:
    return teller(monkeypatch, capsys)


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
