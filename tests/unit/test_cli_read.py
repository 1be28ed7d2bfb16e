"""The commands that read a county: info, check, stats, diff, verify, export."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import shapely

import gridgis as gg
from tests.drawn import code_of, drawn_county, tamper
from tests.telling import Tell, assert_refused, degrees

ROOT = Path(__file__).resolve().parents[2]
DRAWING, HOMES = "AABa\nCCBa", "1500\n2100"
A, B, C, D = (str(code_of(c)) for c in "ABCD")
a = str(code_of("a"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return drawn_county(tmp_path / "county.gpkg", DRAWING, homes=HOMES)


# -- info --------------------------------------------------------------------------------------------


def test_info_has_the_keys_that_machines_read(path: Path, tell: Tell) -> None:
    facts = tell("info", path, "--json").json
    keys = "scheme version hash levels kinds categories classes zones staff places nets households persons buildings"
    assert set(facts) >= {*keys.split(), "incidents", "illustrative"}
    assert facts["levels"] == {"township": 1, "community": 2, "unit": 4}
    assert facts["kinds"]["unit"] == {"comprehensive": 4}
    assert (facts["households"], facts["persons"], facts["buildings"]) == (9, 18, 4)
    assert (facts["scheme"], facts["version"], facts["illustrative"]) == ("generic", 1, False)
    with gg.open_county(path) as county:
        assert facts["hash"] == county.plan.hash


def test_info_counts_places_by_kind(tmp_path: Path, tell: Tell) -> None:
    places = pd.DataFrame(
        {"id": list("123"), "kind": ["school", "school", "station"], "x": [600_050.0] * 3, "y": [2_819_950.0] * 3}
    )
    path = drawn_county(tmp_path / "county.gpkg", "AB", more={"places": places})
    assert tell("info", path, "--json").json["places"] == {"school": 2, "station": 1}


def test_info_in_both_languages(path: Path, tell: Tell) -> None:
    assert "单元网格      4" in tell("info", path).out
    english = tell("info", path, "--lang", "en").out
    assert "unit grid" in english
    assert "households 9" in english


def test_the_language_may_come_from_the_environment(path: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDGIS_LANG", "en")
    assert "unit grid" in tell("info", path).out
    assert tell("info", "none.gpkg").err.isascii()


# -- check -------------------------------------------------------------------------------------------


def test_check_of_a_clean_county_is_silent(path: Path, tell: Tell) -> None:
    answer = tell("check", path, "--json")
    assert (answer.code, answer.json) == (0, [])
    assert "没有发现问题" in tell("check", path).out


def test_check_exits_1_on_an_error_and_names_it(path: Path, tmp_path: Path, tell: Tell) -> None:
    tamper(path, "UPDATE cells SET removed_in = 1 WHERE id = 1")
    answer = tell("check", path, "--json", "--out", tmp_path / "found.geojson")
    assert answer.code == 1
    (gap,) = [row for row in answer.json if row["rule"] == "gap"]
    assert set(gap) == {"rule", "severity", "code", "measure", "unit", "households", "persons", "words", "fix"}
    assert (gap["severity"], gap["measure"], gap["unit"]) == ("error", 10_000.0, "m2")
    found = json.loads((tmp_path / "found.geojson").read_text(encoding="utf-8"))
    shape = shapely.geometry.shape(next(f for f in found["features"] if f["properties"]["rule"] == "gap")["geometry"])
    with gg.open_county(path) as county:
        lost = shapely.difference(county.outline, shapely.union_all(county.plan.rows.geometry))
    assert shapely.hausdorff_distance(shape, degrees(lost)) < 1e-8


def test_check_of_one_rule(path: Path, tell: Tell) -> None:
    tamper(path, "UPDATE cells SET removed_in = 1 WHERE id = 1")
    answer = tell("check", path, "--rule", "gap", "--json", "--lang", "en")
    assert [row["rule"] for row in answer.json] == ["gap"]
    assert answer.json[0]["words"].isascii()
    assert tell("check", path, "--rule", "overlap").code == 0


def test_warnings_exit_0(path: Path, tell: Tell) -> None:
    tamper(path, "UPDATE grids SET zone = 'built_up' WHERE level = 'unit'")
    answer = tell("check", path)
    assert answer.code == 0
    assert "size_band" in answer.out


def test_check_lists_its_rules(tell: Tell) -> None:
    rules = tell("check", "--list", "--json").json
    assert {r["rule"] for r in rules} >= {"gap", "overlap", "outside_parent", "multi_part", "code_malformed",
                                          "code_duplicate", "element_none", "element_two", "size_band"}  # fmt: skip
    for rule in rules:
        assert rule["rule"] in tell("check", "--list").out


def test_check_refuses_what_it_does_not_know(path: Path, tell: Tell) -> None:
    assert_refused(tell("check", path, "--rule", "gaps"), 2, "gaps", "--list")
    assert_refused(tell("check"), 2)


def test_findings_that_cannot_be_written_are_told(path: Path, tmp_path: Path, tell: Tell) -> None:
    answer = tell("check", path, "--out", tmp_path / "none" / "found.geojson")
    assert answer.code == 2
    assert len(answer.err.strip().splitlines()) == 1


# -- stats -------------------------------------------------------------------------------------------


def test_stats_sum_to_the_county(path: Path, tell: Tell) -> None:
    rows = {r["code"]: r for r in tell("stats", path, "--level", "unit", "--json").json}
    assert {c: rows[c]["households"] for c in rows} == {A: 6, B: 0, C: 3, a: 0}
    assert sum(r["area_m2"] for r in rows.values()) == 80_000.0
    assert rows[A]["in_band"] is None


def test_stats_as_csv_keep_codes_as_text_and_formulas_dead(path: Path, tmp_path: Path, tell: Tell) -> None:
    tamper(path, f"UPDATE grids SET name = '=HYPERLINK(\"x\")' WHERE code = '{A}'")
    out = tmp_path / "unit.csv"
    assert tell("stats", path, "--level", "unit", "--out", out).code == 0
    with out.open(encoding="utf-8-sig", newline="") as file:
        rows = {r["code"]: r for r in csv.DictReader(file)}
    assert set(rows) == {A, B, C, a}
    assert rows[A]["name"].startswith("'=")
    assert rows[A]["households"] == "6"


def test_stats_of_no_level(path: Path, tmp_path: Path, tell: Tell) -> None:
    assert_refused(tell("stats", path, "--level", "slice"), 2, "slice", "unit")
    assert_refused(tell("stats", path, "--level", "unit", "--out", tmp_path / "none" / "x.csv"), 2, "x.csv")


# -- diff --------------------------------------------------------------------------------------------


def test_diff_of_versions(path: Path, tell: Tell) -> None:
    tell("merge", path, A, C)
    rows = {r["code"]: r for r in tell("diff", path, 1, 2, "--json").json}
    assert (rows[A]["change"], rows[A]["moved_m2"]) == ("reshaped", 20_000.0)
    assert (rows[C]["change"], rows[C]["after"]) == ("removed", None)
    assert set(rows) == {A, C}
    assert "停用 1" in tell("diff", path, 1, 2).out


def test_diff_of_the_same_is_empty(path: Path, tmp_path: Path, tell: Tell) -> None:
    tell("merge", path, A, C)
    tell("undo", path)
    assert tell("diff", path, 1, 3, "--json").json == []
    other = drawn_county(tmp_path / "other.gpkg", DRAWING, homes=HOMES)
    assert tell("diff", path, other, "--json").json == []
    assert "没有差异" in tell("diff", path, other).out


def test_diff_of_two_counties(path: Path, tmp_path: Path, tell: Tell) -> None:
    other = drawn_county(tmp_path / "other.gpkg", "AABa\nCCCa", homes=HOMES)
    rows = {r["code"]: (r["change"], r["moved_m2"]) for r in tell("diff", path, other, "--json").json}
    assert rows == {B: ("reshaped", 10_000.0), C: ("reshaped", 10_000.0)}


@pytest.mark.parametrize("words", [(1, 9), (0, 1), ("x", 1), (1, "1.5"), (-1, 1), ("²", 1)])
def test_diff_of_no_version(path: Path, tell: Tell, words: tuple[Any, Any]) -> None:
    answer = tell("diff", path, *words)
    assert answer.code == 2
    assert len(answer.err.strip().splitlines()) == 1


def test_diff_with_no_county(path: Path, tmp_path: Path, tell: Tell) -> None:
    assert_refused(tell("diff", path, tmp_path / "none.gpkg"), 2, "none.gpkg")


# -- verify ------------------------------------------------------------------------------------------


def test_verify_of_a_sound_county(path: Path, tell: Tell) -> None:
    tell("merge", path, A, C)
    answer = tell("verify", path, "--json")
    assert answer.code == 0
    assert (answer.json["version"], answer.json["problems"]) == (2, [])
    assert answer.json["hash"] in tell("verify", path).out


def test_verify_of_a_tampered_county_exits_1(path: Path, tell: Tell) -> None:
    tamper(path, "UPDATE cells SET households = 77 WHERE id = 1")
    answer = tell("verify", path, "--json")
    assert answer.code == 1
    assert "households" in answer.json["problems"][0]["en"]
    assert tell("verify", path).code == 1


# -- export ------------------------------------------------------------------------------------------


def test_export_is_geojson_with_codes_as_text(path: Path, tmp_path: Path, tell: Tell) -> None:
    out = tmp_path / "out.geojson"
    assert tell("export", path, out, "--level", "unit").code == 0
    data = json.loads(out.read_text(encoding="utf-8"))
    assert {f["properties"]["code"] for f in data["features"]} == {A, B, C, a}
    assert "crs" not in data
    for feature in data["features"]:
        shape = shapely.geometry.shape(feature["geometry"])
        assert shapely.is_ccw(shapely.get_exterior_ring(shape))
        assert 73 < shape.centroid.x < 136


def test_export_of_another_datum_moves_the_coordinates(path: Path, tmp_path: Path, tell: Tell) -> None:
    boxes = []
    for datum in ("wgs84", "gcj02"):
        out = tmp_path / f"{datum}.geojson"
        assert tell("export", path, out, "--datum", datum).code == 0
        boxes.append(json.loads(out.read_text(encoding="utf-8"))["features"][0]["geometry"]["coordinates"][0][0])
    # GCJ-02 is shifted by some hundred metres.
    assert 0.001 < abs(boxes[0][0] - boxes[1][0]) < 0.02


def test_export_refuses(path: Path, tmp_path: Path, tell: Tell) -> None:
    assert_refused(tell("export", path, tmp_path / "out.dwg"), 2, ".dwg", ".geojson")
    assert_refused(tell("export", path, tmp_path / "out.geojson", "--level", "slice"), 2, "slice")
    assert_refused(tell("export", path, tmp_path / "none" / "out.geojson"), 2, "none")
    assert tell("export", path, tmp_path / "out.geojson", "--datum", "mars").code == 2
    assert not (tmp_path / "out.geojson").exists()


# -- a store that is not one -------------------------------------------------------------------------

READERS = (
    ["info"],
    ["check"],
    ["stats", "--level", "unit"],
    ["log"],
    ["verify"],
    ["undo"],
    ["export", "o.geojson"],
    ["diff", "1", "1"],
)


@pytest.mark.parametrize("words", READERS, ids=lambda w: w[0])
def test_what_is_no_county(tmp_path: Path, tell: Tell, words: list[str]) -> None:
    wrong = tmp_path / "wrong.gpkg"
    assert_refused(tell(words[0], wrong, *words[1:]), 2, "wrong.gpkg")
    wrong.write_bytes(b"PK\x03\x04 an archive")
    assert_refused(tell(words[0], wrong, *words[1:]), 2, "wrong.gpkg")
    assert_refused(tell(words[0], wrong, *words[1:], "--lang", "en"), 2, "wrong.gpkg")
    assert wrong.read_bytes() == b"PK\x03\x04 an archive"
    assert_refused(tell(words[0], "postgresql://nobody:secret@127.0.0.1:9/x", *words[1:]), 2, "127.0.0.1")


def test_reading_changes_no_byte(path: Path, tmp_path: Path, tell: Tell) -> None:
    before = path.read_bytes()
    for words in READERS:
        if words[0] not in ("undo", "export"):
            assert tell(words[0], path, *words[1:]).code == 0
    assert tell("export", path, tmp_path / "o.geojson").code == 0
    assert path.read_bytes() == before


AS_NOBODY = """
import os, sys
from gridgis.cli import main
spare, *words = sys.argv[1:]
sys.argv = ["gridgis", words[0], spare, *words[2:]]
try:
    main()  # everything is imported while the program may still read its own files
except SystemExit:
    pass
if os.geteuid() == 0:
    os.setegid(65534)
    os.seteuid(65534)
sys.argv = ["gridgis", *words]
main()
"""


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="file permissions of another kind")
@pytest.mark.parametrize(("mode", "words"), [(0o755, ["merge", A, C]), (0o555, ["info"])])
def test_a_county_that_may_not_be_written_is_told(mode: int, words: list[str], tmp_path: Path) -> None:
    """A program of somebody who owns nothing: it answers or says in one sentence why not, and writes nothing."""
    spare = drawn_county(tmp_path / "spare.gpkg", DRAWING, homes=HOMES)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = drawn_county(folder / "county.gpkg", DRAWING, homes=HOMES)
        before = path.read_bytes()
        path.chmod(0o444)
        folder.chmod(mode)
        command = [sys.executable, "-c", AS_NOBODY, str(spare), words[0], str(path), *words[1:]]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        folder.chmod(0o755)
        assert done.returncode == 2 or (words[0] == "info" and done.returncode == 0), done
        assert len(done.stderr.strip().splitlines()) == (done.returncode == 2), done
        assert path.read_bytes() == before
        assert [p.name for p in folder.iterdir()] == ["county.gpkg"]
