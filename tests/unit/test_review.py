"""Repair as a reviewed step: what is asked, who lives there, and what a decision does."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pytest
import shapely

import gridgis as gg
from tests.drawn import EAST, EPSG, NORTH, code_of, drawn_county
from tests.telling import Tell, assert_refused

A, B, C = (str(code_of(letter)) for letter in "ABC")


def at(x0: float, x1: float, y0: float = 0, y1: float = 200) -> shapely.Polygon:
    return shapely.box(EAST + x0, NORTH - y1, EAST + x1, NORTH - y0)


DRAWN = {A: at(0, 110), B: at(100, 200), C: at(230, 300)}
"""A and B overlap by 2,000 m²; between B and C nothing is drawn on 2 × 3,000 m²."""


@pytest.fixture
def county(tmp_path: Path) -> Path:
    return drawn_county(tmp_path / "county.gpkg", "...\n...")


def write(path: Path, shapes: dict[str, shapely.Polygon]) -> Path:
    gpd.GeoDataFrame({"code": list(shapes)}, geometry=list(shapes.values()), crs=EPSG).to_file(path)
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "drawn.gpkg", DRAWN)


def review(tell: Tell, county: Path, file: Path, out: Path) -> list[dict[str, object]]:
    answer = tell("import", county, file, "--as", "grids", "--repair-below", 500, "--dry-run", "--review", out)
    assert answer.code == 0, answer
    return [f["properties"] for f in json.loads(out.read_text(encoding="utf-8"))["features"]]


def decide(tell: Tell, county: Path, file: Path, decisions: Path):
    return tell("import", county, file, "--as", "grids", "--repair-below", 500, "--decide", decisions)


def one(rows: list[dict[str, object]], rule: str) -> dict[str, object]:
    return next(r for r in rows if r["rule"] == rule)


def test_every_fault_is_listed_with_who_lives_there(tell: Tell, county: Path, file: Path, tmp_path: Path) -> None:
    before = county.read_bytes()
    rows = review(tell, county, file, tmp_path / "r.geojson")
    assert sorted((r["rule"], r["state"], round(float(r["area_m2"]))) for r in rows) == [
        ("overlap", "asked", 2000), ("unassigned", "asked", 3000), ("unassigned", "asked", 3000),
    ]  # fmt: skip
    with gg.open_county(county) as c:
        homes = c.table("buildings")
    strip = shapely.intersects_xy(at(100, 110), homes["x"], homes["y"])
    assert one(rows, "overlap")["households"] == int(homes["households"][strip].sum()) > 0
    assert one(rows, "overlap")["choices"] == [A, B]
    assert rows == review(tell, county, file, tmp_path / "again.geojson"), "ids must not change from run to run"
    assert county.read_bytes() == before


def test_undecided_overlaps_refuse_and_the_review_is_written(
    tell: Tell, county: Path, file: Path, tmp_path: Path
) -> None:
    before, out = county.read_bytes(), tmp_path / "r.xlsx"
    answer = tell("import", county, file, "--as", "grids", "--repair-below", 500, "--review", out)
    assert_refused(answer, 1, "2,000")
    assert county.read_bytes() == before
    assert openpyxl.load_workbook(out).active.max_row == 5


def test_decisions_are_carried_out_and_undone(tell: Tell, county: Path, file: Path, tmp_path: Path) -> None:
    rows = review(tell, county, file, tmp_path / "r.geojson")
    gaps = [r for r in rows if r["rule"] == "unassigned"]
    said = {
        one(rows, "overlap")["id"]: B, gaps[0]["id"]: C, gaps[1]["id"]: {"decision": "except", "reason": "机场 <b>"},
    }  # fmt: skip
    (tmp_path / "d.json").write_text(json.dumps(said), encoding="utf-8")
    with gg.open_county(county) as c:
        digest = c.plan.hash
    answer = decide(tell, county, file, tmp_path / "d.json")
    assert answer.code == 0, answer
    with gg.open_county(county) as c:
        area = {code: round(c.plan.grid_geometry(code).area) for code in (A, B, C)}
        assert area == {A: 100 * 200, B: 100 * 200, C: 70 * 200 + 3000}
        (exception,) = c.table("exceptions").itertuples()
        assert (exception.rule, exception.reason, round(exception.geometry.area)) == ("unassigned", "机场 <b>", 3000)
        assert set(gg.check(c)["rule"]) & {"gap", "overlap", "unassigned", "unmatched_edge"} == set()
    assert tell("verify", county).code == 0
    assert tell("undo", county).code == 0
    with gg.open_county(county) as c:
        assert c.plan.hash == digest


def test_the_workbook_comes_back_with_decisions(tell: Tell, county: Path, file: Path, tmp_path: Path) -> None:
    out = tmp_path / "r.xlsx"
    tell("import", county, file, "--as", "grids", "--repair-below", 500, "--dry-run", "--review", out)
    book = openpyxl.load_workbook(out)
    page = book.active
    heads = {cell.value: cell.column for cell in page[2]}
    for row in range(3, page.max_row + 1):
        rule = page.cell(row, heads["问题"]).value
        page.cell(row, heads["决定"]).value = A if rule == "重叠" else "leave"
    book.save(out)
    assert decide(tell, county, file, out).code == 0
    with gg.open_county(county) as c:
        assert round(c.plan.grid_geometry(A).area) == 110 * 200
        free = c.plan.cells[c.plan.cells["code"].isna()]
        assert round(free.geometry.area.sum()) == 6000


@pytest.mark.parametrize(
    ("decision", "words"),
    [
        ({"nobody": A}, "nobody"), ({"@": C}, C), ({"@": "clip"}, "clip"), ([1, 2], "d.json"), ({"@": ["x"]}, "x"),
    ],
)  # fmt: skip
def test_impossible_decisions_are_one_sentence(
    tell: Tell, county: Path, file: Path, tmp_path: Path, decision: object, words: str
) -> None:
    rows = review(tell, county, file, tmp_path / "r.geojson")
    if isinstance(decision, dict):
        decision = {str(one(rows, "overlap")["id"]) if k == "@" else k: v for k, v in decision.items()}
    (tmp_path / "d.json").write_text(json.dumps(decision), encoding="utf-8")
    before = county.read_bytes()
    assert_refused(decide(tell, county, file, tmp_path / "d.json"), 2, words)
    assert county.read_bytes() == before


def test_an_exception_needs_a_reason(tell: Tell, county: Path, file: Path, tmp_path: Path) -> None:
    rows = review(tell, county, file, tmp_path / "r.geojson")
    (tmp_path / "d.json").write_text(json.dumps({one(rows, "unassigned")["id"]: "except"}), encoding="utf-8")
    assert_refused(decide(tell, county, file, tmp_path / "d.json"), 2, "原因")


def test_the_same_ground_under_two_codes_is_a_question(tell: Tell, county: Path, tmp_path: Path) -> None:
    file = write(tmp_path / "twice.gpkg", {A: at(0, 150), B: at(150, 300), C: at(150, 300)})
    (overlap,) = review(tell, county, file, tmp_path / "r.geojson")
    assert (overlap["rule"], overlap["codes"], overlap["state"]) == ("overlap", [B, C], "asked")
    (tmp_path / "d.json").write_text(json.dumps({overlap["id"]: B}), encoding="utf-8")
    report = tmp_path / "report.json"
    answer = tell(
        "import",
        county,
        file,
        "--as",
        "grids",
        "--repair-below",
        500,
        "--decide",
        tmp_path / "d.json",
        "--report",
        report,
    )  # C would be left without land, and nobody said that it may go.
    assert_refused(answer, 1, C)
    gone = one(json.loads(report.read_text(encoding="utf-8"))["review"], "vanished")
    assert gone["codes"] == [C]
    (tmp_path / "d.json").write_text(json.dumps({overlap["id"]: B, gone["id"]: "drop"}), encoding="utf-8")
    assert decide(tell, county, file, tmp_path / "d.json").code == 0
    with gg.open_county(county) as c:
        assert list(c.plan.codes("unit")) == [A, B]


@pytest.mark.parametrize("seed", range(6))
def test_planted_faults_are_each_listed_once(tell: Tell, county: Path, tmp_path: Path, seed: int) -> None:
    random = np.random.default_rng(seed)
    wide, bare = (float(random.uniform(2, 20)) for _ in range(2))
    file = write(tmp_path / "drawn.gpkg", {A: at(0, 120), B: at(120 - wide, 210), C: at(210 + bare, 300)})
    rows = review(tell, county, file, tmp_path / "r.geojson")
    area = {rule: sum(float(r["area_m2"]) for r in rows if r["rule"] in rules) for rule, rules in
            {"overlap": ("overlap",), "gap": ("gap", "unassigned")}.items()}  # fmt: skip
    assert area == pytest.approx({"overlap": wide * 200, "gap": bare * 200}, abs=0.5)
    said = {r["id"]: B for r in rows if r["state"] == "asked"}
    (tmp_path / "d.json").write_text(json.dumps(said), encoding="utf-8")
    assert decide(tell, county, file, tmp_path / "d.json").code == 0
    with gg.open_county(county) as c:
        assert c.plan.grid_geometry(B).area == pytest.approx((210 + bare - 120 + wide) * 200, abs=0.5)
        whole = c.elements.figures.sum(axis=0)
        assert (c.plan.rows.figures.sum(axis=0) == whole).all()
    assert tell("verify", county).code == 0
