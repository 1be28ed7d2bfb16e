"""The commands that make and fill a county: new, import, demo; and all the bad input they must survive."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely

import gridgis as gg
from tests.drawn import COUNTY, EPSG, area, code_of, drawn_county, letters, line
from tests.files import no_crs
from tests.telling import Tell, assert_refused, degrees, geojson

DRAWING = "AAB\nCCB"
A, B, C, D = (str(code_of(c)) for c in "ABCD")
ALL = area((0, 0), (3, 0), (3, 2), (0, 2))
PARTS = {
    A: area((0, 0), (2, 0), (2, 1), (0, 1)), B: area((2, 0), (3, 0), (3, 2), (2, 2)), C: area((0, 1), (2, 1), (2, 2), (0, 2)),
}  # fmt: skip
REPORT_KEYS = {"rows", "accepted", "rejected", "datum", "evidence", "encoding", "crs", "findings", "changes", "applied"}


@pytest.fixture
def boundary(tmp_path: Path) -> Path:
    return geojson(tmp_path / "boundary.geojson", ({}, ALL))


@pytest.fixture
def empty(tmp_path: Path, boundary: Path) -> Path:
    """Return a county that has its outline and nothing else."""
    path = tmp_path / "new.gpkg"
    gg.new_county(path, "generic", COUNTY, gpd.read_file(boundary).geometry[0], 4490, "新县")
    return path


def units(tmp_path: Path, **changes: Any) -> Path:
    """Return the three units as a file, some replaced."""
    rows = [({"code": c, "name": f"格{k}"}, p) for k, (c, p) in enumerate((PARTS | changes).items())]
    return geojson(tmp_path / "units.geojson", *rows)


# -- new ---------------------------------------------------------------------------------------------


def test_new_makes_a_county_of_one_unassigned_cell(tmp_path: Path, boundary: Path, tell: Tell) -> None:
    path = tmp_path / "new.gpkg"
    words = ("new", path, "--scheme", "generic", "--code", COUNTY, "--boundary", boundary, "--name", "新县")
    assert tell(*words).code == 0
    with gg.open_county(path) as county:
        assert county.crs == EPSG
        assert county.plan.rows.code.tolist() == [None]
        assert county.plan.outline.area == pytest.approx(60_000, abs=1)
        assert gg.check(county)["rule"].tolist() == ["unassigned"]
        assert county.meta["name"] == "新县"
        assert not county.history().done


def test_a_county_elsewhere_is_kept_in_its_own_zone(tmp_path: Path, tell: Tell) -> None:
    # China's zones end at 75 E and 135 E; elsewhere the UTM zone serves.
    far = tmp_path / "paris.geojson"
    gpd.GeoSeries([shapely.box(2, 48, 3, 49)], crs=4326).to_file(far)
    assert tell("new", tmp_path / "new.gpkg", "--scheme", "generic", "--code", "750001", "--boundary", far).code == 0
    with gg.open_county(tmp_path / "new.gpkg") as county:
        assert county.crs == 32631


BAD_NEW: dict[str, tuple[dict[str, str], str]] = {
    "a scheme that is not": ({"--scheme": "mars"}, "mars"),
    "a code with letters": ({"--code": "35O526"}, "O"),
    "a code too long": ({"--code": "350526100"}, "350526100"),
    "no boundary": ({"--boundary": "none.geojson"}, "none.geojson"),
    "a boundary without areas": ({"--boundary": "line.geojson"}, ""),
    "an empty geometry": ({"--boundary": "empty.geojson"}, ""),
    "a file that is no map": ({"--boundary": "text.geojson"}, ""),
    "no CRS": ({"--boundary": "nocrs.gpkg"}, ""),
    "latitude before longitude, and not where its code says": ({"--boundary": "swapped.geojson", "--code": "110117"}, "11"),
}


@pytest.mark.parametrize("case", BAD_NEW)
def test_new_refuses_in_one_sentence_and_leaves_nothing(case: str, tmp_path: Path, boundary: Path, tell: Tell) -> None:
    geojson(tmp_path / "line.geojson", ({}, line((0, 0), (1, 1))))
    geojson(tmp_path / "empty.geojson", ({}, None))
    (tmp_path / "text.geojson").write_text("not a map", encoding="utf-8")
    no_crs(gpd.GeoDataFrame({"a": [1]}, geometry=[ALL]), tmp_path / "nocrs.gpkg")
    gpd.GeoSeries([shapely.box(25, 118, 26, 119)], crs=4326).to_file(tmp_path / "swapped.geojson")
    changes, named = BAD_NEW[case]
    options = {"--scheme": "generic", "--code": COUNTY, "--boundary": str(boundary)} | changes
    if "--boundary" in changes:
        options["--boundary"] = str(tmp_path / changes["--boundary"])
    path = tmp_path / "new.gpkg"
    answer = tell("new", path, *[w for pair in options.items() for w in pair])
    assert_refused(answer, 2, named)
    assert not list(tmp_path.glob("*new.gpkg*"))


def test_new_turns_swapped_axes_where_the_code_vouches_for_it_and_says_so(tmp_path: Path, tell: Tell) -> None:
    swapped = tmp_path / "swapped.geojson"
    gpd.GeoSeries([shapely.box(25.4, 118.1, 25.6, 118.3)], crs=4326).to_file(swapped)
    words = ("new", tmp_path / "new.gpkg", "--scheme", "generic", "--code", COUNTY, "--boundary", swapped)
    answer = tell(*words, "--lang", "en")
    assert answer.code == 0
    assert "x and y were swapped" in answer.out
    assert "longitude 118.2000, latitude 25.5000, in the province of code 35" in answer.out
    with gg.open_county(tmp_path / "new.gpkg") as county:
        assert county.crs == EPSG
        x, y = shapely.get_coordinates(shapely.centroid(county.outline))[0]
        assert (x, y) == pytest.approx((620_000, 2_821_000), abs=3_000)


def test_new_says_when_the_boundary_is_not_where_its_code_says(tmp_path: Path, boundary: Path, tell: Tell) -> None:
    made = tell("new", tmp_path / "new.gpkg", "--scheme", "generic", "--code", "110117", "--boundary", boundary)
    assert made.code == 0
    assert "不在编码 11 所指的省内" in made.out
    nowhere = tell("new", tmp_path / "b.gpkg", "--scheme", "generic", "--code", "750001", "--boundary", boundary)
    assert "没有代码为 75 的省" in nowhere.out


def test_new_does_not_write_over_a_county(empty: Path, boundary: Path, tell: Tell) -> None:
    before = empty.read_bytes()
    answer = tell("new", empty, "--scheme", "generic", "--code", COUNTY, "--boundary", boundary)
    assert_refused(answer, 2, "new.gpkg")
    assert empty.read_bytes() == before


def test_new_in_a_folder_that_is_not(tmp_path: Path, boundary: Path, tell: Tell) -> None:
    path = tmp_path / "none" / "new.gpkg"
    assert_refused(tell("new", path, "--scheme", "generic", "--code", COUNTY, "--boundary", boundary), 2, "none")


# -- import ------------------------------------------------------------------------------------------


def test_import_fills_the_county_and_accounts_for_it(empty: Path, tmp_path: Path, tell: Tell) -> None:
    report = tmp_path / "report.json"
    answer = tell("import", empty, units(tmp_path), "--as", "grids", "--report", report, "--json")
    assert answer.code == 0
    told = json.loads(report.read_text(encoding="utf-8"))
    assert told == answer.json
    assert set(told) >= REPORT_KEYS
    assert (told["rows"], told["accepted"], told["rejected"], told["applied"]) == (3, 3, [], True)
    with gg.open_county(empty) as county:
        assert county.plan.codes("unit") == [A, B, C]
        assert county.plan.grids[A].name == "格0"
        assert not len(gg.check(county))
        assert county.log()["kind"].tolist() == ["new", "import"]


def test_a_dry_run_writes_nothing(empty: Path, tmp_path: Path, tell: Tell) -> None:
    before = empty.read_bytes()
    answer = tell("import", empty, units(tmp_path), "--as", "grids", "--dry-run", "--json")
    assert (answer.code, answer.json["applied"], answer.json["accepted"]) == (0, False, 3)
    assert empty.read_bytes() == before


def test_import_is_one_undoable_edit(empty: Path, tmp_path: Path, tell: Tell) -> None:
    with gg.open_county(empty) as county:
        before = county.plan.hash
    tell("import", empty, units(tmp_path), "--as", "grids")
    assert tell("undo", empty, "--json").json["hash"] == before
    assert tell("verify", empty).code == 0


def test_import_repairs_an_overlap_and_says_so(empty: Path, tmp_path: Path, tell: Tell) -> None:
    # B reaches 10 m into A and C: 2,000 m2 of overlap in two places.
    wide = area((1.9, 0), (3, 0), (3, 2), (1.9, 2))
    answer = tell("import", empty, units(tmp_path, **{B: wide}), "--as", "grids", "--json")
    assert answer.code == 0
    assert answer.json["findings"]["overlap"] == 2
    assert {c["code"] for c in answer.json["changes"]} <= {A, B, C}
    with gg.open_county(empty) as county:
        assert not len(gg.check(county, ["gap", "overlap"]))


def test_export_and_import_into_another_county_differ_in_nothing(tmp_path: Path, empty: Path, tell: Tell) -> None:
    first = drawn_county(tmp_path / "first.gpkg", DRAWING)
    out = tmp_path / "out.geojson"
    assert tell("export", first, out).code == 0
    assert tell("import", empty, out, "--as", "grids").code == 0
    rows = tell("diff", first, empty, "--json").json
    assert [r for r in rows if r["level"] == "unit" and (r["change"] != "changed" or "name" in r["attributes"])] == []


def bad_imports(folder: Path) -> dict[str, tuple[list[Any], str]]:
    """Return files that must be refused: words after ``import COUNTY``, and a word of the sentence."""
    letters_ = geojson(folder / "letters.geojson", ({"code": "35052610000100X"}, ALL))
    hollow = geojson(folder / "hollow.geojson", ({"code": A}, PARTS[A]), ({"code": B}, None))
    nocrs = folder / "nocrs.gpkg"
    no_crs(gpd.GeoDataFrame({"code": [A]}, geometry=[PARTS[A]]), nocrs)
    text = folder / "text.shp"
    text.write_text("not a map", encoding="utf-8")
    strange = folder / "virtual.geojson"
    strange.write_text("<OGRVRTDataSource><OGRVRTLayer name='x'/></OGRVRTDataSource>", encoding="utf-8")
    good = units(folder)
    return {
        "no file": ([folder / "none.shp", "--as", "grids"], "none.shp"),
        "no map": ([text, "--as", "grids"], "text.shp"),
        "another format in disguise": ([strange, "--as", "grids"], ""),
        "no CRS": ([nocrs, "--as", "grids"], ""),
        "an empty geometry": ([hollow, "--as", "grids"], ""),
        "codes with letters": ([letters_, "--as", "grids", "--field", "code=code"], ""),
        "a field that is not": ([good, "--as", "grids", "--field", "code=KODE"], "KODE"),
        "a field written wrong": ([good, "--as", "grids", "--field", "code"], "code"),
        "a level that is not": ([good, "--as", "grids", "--level", "slice"], "slice"),
        "a kind that is not": ([good, "--as", "sites"], "sites"),
        "a layer that is not": ([good, "--as", "grids", "--layer", "none"], "none"),
        "a CRS that is not": ([good, "--as", "grids", "--crs", "99999999"], "99999999"),
        "a folder": ([folder, "--as", "grids"], ""),
    }


CASES = (
    "no file", "no map", "another format in disguise", "no CRS", "an empty geometry", "codes with letters",
    "a field that is not", "a field written wrong", "a level that is not", "a kind that is not", "a layer that is not",
    "a CRS that is not", "a folder",
)  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_import_refuses_in_one_sentence_and_the_county_is_byte_equal(
    case: str, empty: Path, tmp_path: Path, tell: Tell
) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    words, named = bad_imports(folder)[case]
    before = empty.read_bytes()
    # A child process reads each file, which costs a second: half of the cases are asked in English.
    lang = ("zh", "en")[CASES.index(case) % 2]
    answer = tell("import", empty, *words, "--lang", lang)
    assert_refused(answer, 2, named)
    assert answer.err.isascii() == (lang == "en")
    assert empty.read_bytes() == before


def test_import_into_nothing(tmp_path: Path, tell: Tell) -> None:
    assert_refused(tell("import", tmp_path / "none.gpkg", units(tmp_path), "--as", "grids"), 2, "none.gpkg")


def test_a_report_that_cannot_be_written_is_told(empty: Path, tmp_path: Path, tell: Tell) -> None:
    words = ("import", empty, units(tmp_path), "--as", "grids", "--report", tmp_path / "none" / "r.json")
    assert_refused(tell(*words), 2, "r.json")


def test_a_file_without_codes_is_surveyed_whether_it_is_tried_or_imported(
    empty: Path, tmp_path: Path, tell: Tell
) -> None:
    plain = tmp_path / "plain.geojson"
    gpd.read_file(units(tmp_path)).drop(columns=["code"]).assign(name="格").to_file(plain)
    told = []
    for more in (("--dry-run",), ()):
        report = tmp_path / "r.json"
        answer = tell("import", empty, plain, "--as", "grids", "--report", report, *more)
        told.append(json.loads(report.read_text(encoding="utf-8")))
        assert answer.code == (0 if more else 2)
    assert told[0]["rows"] == told[1]["rows"] == len(told[1]["rejected"]) > 0
    assert told[0]["findings"] == told[1]["findings"]
    assert 0 not in told[0]["findings"].values()
    assert not told[1]["applied"]


def test_a_void_code_is_not_imported_again(empty: Path, tmp_path: Path, tell: Tell) -> None:
    tell("import", empty, units(tmp_path), "--as", "grids")
    gone = tell("merge", empty, A, C, "--json").json["voided"]
    before = empty.read_bytes()
    assert_refused(tell("import", empty, units(tmp_path), "--as", "grids"), 2, gone[0])
    assert empty.read_bytes() == before


# -- demo -------------------------------------------------------------------------------------------


def test_demo_refuses_before_it_builds(empty: Path, tmp_path: Path, tell: Tell) -> None:
    before = empty.read_bytes()
    assert_refused(tell("demo", empty), 2, "new.gpkg")
    assert empty.read_bytes() == before
    assert_refused(tell("demo", tmp_path / "d.gpkg", "--scheme", "mars"), 2, "mars")
    assert tell("demo", tmp_path / "d.gpkg", "--seed", "-1").code == 2


@pytest.mark.parametrize(
    "verb", ["new", "import", "demo", "scheme", "info", "check", "stats", "diff", "verify", "export"]
)
def test_every_command_explains_itself(tell: Tell, verb: str) -> None:
    answer = tell(verb, "--help")
    assert answer.code == 0
    assert "--lang" in answer.out


def test_no_arguments_show_the_help(tell: Tell) -> None:
    assert "COMMAND" in tell("--help").out


def test_degrees_of_the_drawing_come_back(empty: Path) -> None:
    # What the tests write in degrees is what the county holds, to the millimetre.
    with gg.open_county(empty) as county:
        assert shapely.hausdorff_distance(county.outline, ALL) < 0.0015
        assert letters(county.plan, DRAWING) != DRAWING
    assert degrees(ALL).centroid.x == pytest.approx(118, abs=0.1)


def test_a_county_is_not_imported_into_itself(tmp_path: Path, tell: Tell) -> None:
    county = drawn_county(tmp_path / "county.gpkg", "AB")
    before = county.read_bytes()
    assert_refused(tell("import", county, county, "--as", "grids"), 2, "county.gpkg")
    assert county.read_bytes() == before
