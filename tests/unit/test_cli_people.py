"""The commands about people: who, staffing, post, command; in one transaction or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
import shapely

import gridgis as gg
from gridgis import peoplebook
from gridgis.schema import reproject
from gridgis.staff.commanding import GROUPS
from tests.crew import DAY, NORTH, SOUTH, TOWN, A, B, C, D, added, crewed, person, set_cell, without
from tests.drawn import EPSG, area, at, homes_of
from tests.telling import Tell, assert_refused, geojson

HOMES = "923456\n900000\n111111"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return crewed(tmp_path / "county.gpkg")


def lonlat(column: float, row: float) -> str:
    """Return a place of the drawing as the command line takes it."""
    p = reproject(shapely.Point(at(column, row)), EPSG, 4490)
    return f"{p.x:.9f},{p.y:.9f}"


def postings(path: Path) -> pd.DataFrame:
    with gg.open_county(path) as county:
        return pd.DataFrame(county.table("postings"))


# -- who ---------------------------------------------------------------------------------------------


def test_who_for_a_code_a_point_and_a_building_is_the_same(path: Path, tell: Tell) -> None:
    by_code = tell("who", path, A, "--json").json
    assert [one["level"] for one in by_code["chain"]] == ["county", "township", "community", "unit"]
    assert by_code["as_of"] == DAY
    assert tell("who", path, "--point", lonlat(1.5, 1.5), "--json").json == by_code
    with gg.open_county(path) as county:
        houses = county.table("buildings")
        inside = houses[gg.locate(county.plan, houses[["x", "y"]].to_numpy()).to_numpy() == A]["id"].iloc[0]
    assert tell("who", path, "--building", inside, "--json").json == by_code


def test_who_in_words(path: Path, tell: Tell) -> None:
    without_head = tell("who", path, A, "--as-of", "2025-06-01")
    assert "空缺" in without_head.out
    told = tell("who", path, A, "--lang", "en")
    assert "林一  19900000001" in told.out
    assert "since 2026-01-01" in told.out


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("--point", "0,0"), "县区之外"), (("--point", "118"), "经度,纬度"), (("--point", "nan,25"), "经度,纬度"),
        (("--building", "none"), "none"), ((A[:-1] + "9",), A[:-1] + "9"), (("--as-of", "2026-13-01", A), "2026-13-01"), ((), "--point"),
    ],
)  # fmt: skip
def test_who_refuses_in_one_sentence(path: Path, tell: Tell, words: tuple[str, ...], part: str) -> None:
    assert_refused(tell("who", path, *words), 2, part)


def test_who_outside_by_the_wrong_datum_says_so(path: Path, tell: Tell) -> None:
    """Shifted coordinates lie some 500 m off, so that the same numbers mean another place."""
    assert_refused(tell("who", path, "--point", lonlat(1.5, 1.5), "--datum", "gcj02"), 2, "基准")


# -- staffing and post -----------------------------------------------------------------------------------


def test_staffing_tables_and_workbook(tmp_path: Path, tell: Tell) -> None:
    def spoil(frames: dict[str, pd.DataFrame]) -> None:
        without(frames, "postings", "p2", "p13")
        set_cell(frames["staff"], "s2", "name", "=1+1")
        set_cell(frames["visits"], "v1", "at", "2026-08-01")

    path, out = crewed(tmp_path / "c.gpkg", spoil), tmp_path / "s.xlsx"
    told = tell("staffing", path, "--out", out, "--json").json
    assert [(v["role"], v["code"]) for v in told["vacancies"]] == [("unit_head", B), ("party_group", C)]
    assert [(s["code"], s["holder"]) for s in told["suggestions"]] == [(B, "s2"), (C, "o3")]
    assert [(v["staff"], v["days"]) for v in told["overdue"]] == [("s7", 91)]
    book = openpyxl.load_workbook(out)
    assert book.sheetnames == [zh for zh, _ in list(peoplebook.TITLES.values())[:6]]
    cells = {c.value: c for row in book["建议任职"].iter_rows() for c in row}
    assert cells["=1+1"].data_type == "s", "a name is never a formula"
    assert cells[B].data_type == "s"
    assert [v["role"] for v in tell("staffing", path, "--role", "party_group", "--json").json["vacancies"]] == [
        "party_group"
    ]
    assert "空缺岗位：2" in tell("staffing", path).out


def test_post_and_end(tmp_path: Path, tell: Tell) -> None:
    path = crewed(tmp_path / "c.gpkg", lambda f: without(f, "postings", "p2"))
    told = tell("post", path, "--role", "unit_head", "--code", B, "--staff", "s2")
    assert (told.code, told.out.strip()) == (0, f"P000001：王二任 {B} 的网格长，自 {DAY} 起。")
    assert tell("staffing", path, "--json").json["vacancies"] == []
    ended = tell("post", path, "--end", "P000001", "--until", "2026-10-31", "--json").json
    assert (ended[0]["what"], ended[0]["until"]) == ("ended", "2026-10-31")
    assert len(tell("staffing", path, "--json").json["vacancies"]) == 1
    assert_refused(tell("post", path, "--end", "P000001"), 2, "2026-10-31")


@pytest.mark.parametrize(
    ("words", "code", "part"),
    [
        (("--role", "unit_head", "--code", B, "--staff", "s1"), 0, "林一"),
        (("--role", "unit_head", "--code", B, "--staff", "s9"), 2, "s9"),
        (("--role", "king", "--code", B, "--staff", "s1"), 2, "king"),
        (("--role", "chief", "--code", B, "--staff", "s1"), 2, "层级"),
        (("--role", "volunteer", "--code", B, "--staff", "s1"), 2, "志愿者"),
        (("--role", "unit_head", "--code", B, "--organisation", "o1"), 2, "--staff"),
        (("--role", "party_group", "--code", B, "--staff", "s1"), 2, "--organisation"),
        (("--role", "unit_head", "--code", B[:-1] + "9", "--staff", "s1"), 2, B[:-1] + "9"),
        (("--role", "unit_head", "--code", B, "--staff", "s2"), 1, "王二"),
        (("--role", "unit_head", "--code", B, "--staff", "s1", "--until", "2026-01-01"), 2, "2026-01-01"),
        (("--role", "unit_head", "--code", B, "--staff", "s1", "--since", "昨天"), 2, "昨天"),
        (("--end", "none"), 2, "none"),
        (("--role", "unit_head", "--code", B), 2, "--suggested"),
        (("--suggested", "--end", "p1"), 2, "--suggested"),
    ],
)
def test_post_does_it_or_refuses_and_leaves_all_as_it_was(
    path: Path, tell: Tell, words: tuple[str, ...], code: int, part: str
) -> None:
    before = postings(path)
    told = tell("post", path, *words)
    if code:
        assert_refused(told, code, part)
        pd.testing.assert_frame_equal(postings(path), before)
    else:
        assert part in told.out
        assert len(postings(path)) == len(before) + 1


def test_a_person_gets_no_more_grids_than_the_role_allows(path: Path, tell: Tell) -> None:
    assert tell("post", path, "--role", "unit_head", "--code", B, "--staff", "s1").code == 0
    assert_refused(tell("post", path, "--role", "unit_head", "--code", C, "--staff", "s1"), 1, "上限为 2")


def test_accepting_suggestions_fills_every_vacancy_that_can_be(tmp_path: Path, tell: Tell) -> None:
    path = crewed(tmp_path / "c.gpkg", lambda f: without(f, "postings", "p1", "p2", "p3", "p4"))
    done = tell("post", path, "--suggested", "--role", "unit_head", "--json").json
    assert {(d["code"], d["holder"]) for d in done} == {(A, "s1"), (B, "s2"), (C, "s3"), (D, "s4")}
    assert len({d["id"] for d in done}) == 4
    assert tell("staffing", path, "--json").json["vacancies"] == []
    assert tell("check", path, "--rule", "role_vacant", "--json").json == []
    assert "没有可接受的建议" in tell("post", path, "--suggested").out


def test_postings_follow_a_merged_grid(tmp_path: Path, tell: Tell) -> None:
    path = crewed(tmp_path / "c.gpkg", homes=HOMES)
    assert tell("merge", path, A, B).code == 0
    assert {f["severity"] for f in tell("check", path, "--rule", "posting_void", "--json").json} == {"warning"}
    told = tell("staffing", path, "--follow", "--json").json
    assert {(m["id"], m["was"], m["code"]) for m in told["moved"]} == {("p2", B, A), ("p12", B, A)}
    assert told["stray"] == []
    assert tell("check", path, "--rule", "posting_void", "--json").json == []
    assert tell("staffing", path, "--follow", "--json").json["moved"] == [], "nothing is moved twice"


def test_a_posting_that_would_double_stays_where_it_is(tmp_path: Path, tell: Tell) -> None:
    path = crewed(tmp_path / "c.gpkg", lambda f: set_cell(f["postings"], "p2", "staff", "s1"), HOMES)
    tell("merge", path, A, B)
    assert {m["id"] for m in tell("staffing", path, "--follow", "--json").json["moved"]} == {"p12"}


# -- command ---------------------------------------------------------------------------------------------


SQUARE = area((2.4, 0.25), (4.6, 0.25), (4.6, 2.6), (2.4, 2.6))


def emergency(tmp_path: Path) -> Path:
    def groups(frames: dict[str, pd.DataFrame]) -> None:
        added(frames, "staff", person("s20", "备用", "volunteer", (1, 1)))
        without(frames, "postings", "p3")

    path = crewed(tmp_path / "c.gpkg", groups, HOMES)
    with gg.open_county(path) as county:
        houses = homes_of(HOMES)
        houses["floating"], houses["elderly_alone"], houses["disabled"] = (
            houses["households"],
            1,
            [k % 2 for k in range(len(houses))],
        )
        county.store.replace_table("buildings", houses)
        sites = pd.DataFrame(
            {"id": ["a", "b"], "kind": "school", "x": [at(3, 1)[0], at(0.5, 1)[0]], "y": [at(3, 1)[1], at(0.5, 1)[1]]}
        )
        county.store.replace_table("places", sites.assign(geometry=shapely.points(sites[["x", "y"]].to_numpy())))
    return path


def independent(path: Path, shape: Any) -> tuple[dict[str, float], dict[str, int]]:
    """Return shares of grids and sums over buildings by geopandas alone."""
    shares: dict[str, float] = {}
    with gg.open_county(path) as county:
        mask = gpd.GeoDataFrame(geometry=[shape], crs=county.crs)
        for level in county.scheme.level_keys:
            grids = county.grids(level).reset_index()
            cut = gpd.overlay(grids.assign(full=grids.area), mask, how="intersection", keep_geom_type=True)
            shares |= {c: a / f for c, a, f in zip(cut["code"], cut.area, cut["full"], strict=True) if a > 0.01}
        houses = county.table("buildings")
    points = gpd.GeoDataFrame(houses, geometry=gpd.points_from_xy(houses["x"], houses["y"]), crs=mask.crs)
    inside = gpd.sjoin(points, mask, predicate="intersects")
    return shares, {k: int(inside[k].sum()) for k in GROUPS} | {"buildings": len(inside)}


def test_command_equals_an_independent_overlay(tmp_path: Path, tell: Tell) -> None:
    path, out = emergency(tmp_path), tmp_path / "c.xlsx"
    file = geojson(tmp_path / "area.geojson", ({}, SQUARE))
    told = tell("command", path, "--area", file, "--out", out, "--json").json
    shares, sums = independent(path, SQUARE)
    assert {g["code"] for g in told["grids"]} == shares.keys() == {TOWN, NORTH, SOUTH, A, B, C, D}
    assert {g["code"]: round(g["share"], 6) for g in told["grids"]} == {c: round(s, 6) for c, s in shares.items()}
    assert {k: told["totals"][k] for k in sums} == sums
    assert sums["households"] == 3 + 4 + 5 + 3
    assert told["places"] == {"school": 1}
    codes = [one["code"] for one in told["chain"]]
    assert codes == sorted(codes, key=lambda c: (len(c), c))
    calls = [(c["level"], c["code"], c["role"], c["holder"], c["phone"]) for c in told["calls"]]
    assert ("unit", A, "unit_head", "林一", "19900000001") in calls
    assert ("unit", C, "unit_head", "", "") in calls, "a vacancy stands in the call list"
    book = openpyxl.load_workbook(out)
    assert book.sheetnames == ["概况", "通讯录", "涉及网格", "建筑", "场所"]
    assert "19900000001" in [c.value for row in book["通讯录"].iter_rows() for c in row]
    per_unit = sum(g["households"] for g in told["grids"] if g["level"] == "unit")
    assert per_unit == told["totals"]["households"], "every household counts in one unit"


def test_command_around_a_point(tmp_path: Path, tell: Tell) -> None:
    told = tell("command", emergency(tmp_path), "--point", lonlat(1.5, 1), "--radius", "30", "--json").json
    assert [(g["code"], g["wholly"]) for g in told["grids"]] == [(TOWN, False), (NORTH, False), (A, False)]
    assert abs(told["area_m2"] - 3.14159 * 900) < 5


def test_command_on_a_whole_grid_says_wholly(tmp_path: Path, tell: Tell) -> None:
    path = emergency(tmp_path)
    file = geojson(tmp_path / "area.geojson", ({}, area((-1, -1), (3.0, -1), (3.0, 2.0), (-1, 2.0))))
    rows = {g["code"]: g for g in tell("command", path, "--area", file, "--json").json["grids"]}
    assert rows[A]["share"] > 0.9999
    assert not rows[NORTH]["wholly"]


def test_command_refuses_what_misses_the_county(tmp_path: Path, tell: Tell) -> None:
    path = emergency(tmp_path)
    far = geojson(tmp_path / "far.geojson", ({}, area((90, 90), (91, 90), (91, 91))))
    edge = geojson(tmp_path / "line.geojson", ({}, shapely.LineString([at(0, 0), at(1, 1)])))
    assert_refused(tell("command", path, "--area", far), 2, "县区之外")
    assert_refused(tell("command", path, "--area", edge), 2, "区域")
    assert_refused(tell("command", path, "--point", lonlat(1, 1)), 2, "--radius")
    assert_refused(tell("command", path, "--area", far, "--out", tmp_path / "no" / "x.xlsx"), 2, "县区之外")
    good = geojson(tmp_path / "good.geojson", ({}, SQUARE))
    assert_refused(tell("command", path, "--area", good, "--out", tmp_path / "no" / "x.xlsx"), 2, "x.xlsx")


def test_command_equals_an_overlay_on_the_demo(demo_file: Path) -> None:
    with gg.open_county(demo_file) as county:
        busy = county.figures(county.scheme.level_keys[1])["households"].idxmax()
        shape = shapely.buffer(shapely.point_on_surface(county.plan.grid_geometry(str(busy))), 900.0)
        found = peoplebook.command_of(county, shape)
    shares, sums = independent(demo_file, found.area)
    assert dict(zip(found.grids["code"], found.grids["share"].round(6), strict=True)) == {
        c: round(s, 6) for c, s in shares.items()
    }
    assert {k: found.totals[k] for k in sums} == sums
    assert sums["households"] > 100
    assert {one.code for one in found.chain} == {county.code, *shares}
