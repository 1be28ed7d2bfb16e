"""The commands that change a county: what they print, what machines read, and what they refuse."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import shapely

import gridgis as gg
from tests.drawn import area, code_of, drawn_county, hash_of, letters, line
from tests.telling import Tell, assert_refused, degrees, geojson

DRAWING, HOMES = "AABa\nCCBa", "1500\n2100"
A, B, C, D = (str(code_of(c)) for c in "ABCD")
a = str(code_of("a"))
EDIT_KEYS = {"version", "kind", "created", "voided", "before", "after", "hash"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return drawn_county(tmp_path / "county.gpkg", DRAWING, homes=HOMES)


@pytest.fixture
def west(tmp_path: Path) -> Path:
    """Return a line that divides A between its two cells."""
    return geojson(tmp_path / "line.geojson", ({}, line((1, -1), (1, 1.2))))


def now(path: Path) -> str:
    with gg.open_county(path) as county:
        return letters(county.plan, DRAWING)


# -- done --------------------------------------------------------------------------------------------


def test_split_prints_the_edit_for_machines(path: Path, west: Path, tell: Tell) -> None:
    answer = tell("split", path, A, "--line", west, "--by", "王", "--reason", "试", "--json")
    assert answer.code == 0
    told = answer.json
    assert set(told) >= EDIT_KEYS
    assert (told["version"], told["kind"], told["created"], told["voided"]) == (2, "split", [D], [])
    assert told["before"][A]["households"] == 6
    assert (told["after"][A]["households"], told["after"][D]["households"]) == (5, 1)
    assert told["hash"] == hash_of(path)
    assert now(path) == "DABa\nCCBa"


def test_split_prints_the_edit_for_people(path: Path, west: Path, tell: Tell) -> None:
    answer = tell("split", path, A, "--line", west)
    assert answer.code == 0
    assert f"新建 {D}" in answer.out
    assert "户数" in answer.out
    assert hash_of(path) in answer.out


def test_split_speaks_english(path: Path, west: Path, tell: Tell) -> None:
    answer = tell("split", path, A, "--line", west, "--lang", "en")
    assert f"Created {D}" in answer.out
    assert "households" in answer.out
    assert answer.out.isascii()


def test_merge(path: Path, tell: Tell) -> None:
    told = tell("merge", path, A, C, "--json").json
    assert (told["kind"], told["created"], told["voided"]) == ("merge", [], [C])
    assert told["after"][A]["households"] == 9
    assert now(path) == "AABa\nAABa"


def test_transfer(path: Path, tmp_path: Path, tell: Tell) -> None:
    shape = geojson(tmp_path / "area.geojson", ({}, area((1, -0.2), (2, -0.2), (2, 0.99999), (1, 0.99999))))
    told = tell("transfer", path, "--area", shape, "--to", B, "--json").json
    assert set(told) >= EDIT_KEYS
    assert told["kind"] == "transfer"
    assert (told["before"][A]["households"], told["after"][A]["households"]) == (6, 1)


def test_paint(path: Path, tell: Tell) -> None:
    told = tell("paint", path, "--cells", "1, 2", "--to", B, "--json").json
    assert (told["kind"], told["voided"]) == ("paint", [A])
    assert now(path) == "BBBa\nCCBa"


def test_paint_reads_chinese_commas(path: Path, tell: Tell) -> None:
    assert tell("paint", path, "--cells", "1，2", "--to", B).code == 0


def test_recode(path: Path, tell: Tell) -> None:
    told = tell("recode", path, A, D, "--json").json
    assert (told["kind"], told["created"], told["voided"]) == ("recode", [D], [A])


def test_unlock_lets_upper_boundaries_move(path: Path, tell: Tell) -> None:
    assert_refused(tell("merge", path, B, a), 1, "--unlock")
    assert tell("merge", path, B, a, "--unlock").code == 0


def test_undo_and_redo(path: Path, tell: Tell) -> None:
    first = hash_of(path)
    second = tell("merge", path, A, C, "--json").json["hash"]
    undone = tell("undo", path, "--json").json
    assert (undone["kind"], undone["hash"], undone["version"]) == ("undo", first, 3)
    assert (undone["created"], undone["voided"]) == ([C], [])
    redone = tell("redo", path, "--json").json
    assert (redone["kind"], redone["hash"], redone["version"]) == ("redo", second, 4)


def test_log_lists_all_edits(path: Path, west: Path, tell: Tell) -> None:
    tell("split", path, A, "--line", west, "--by", "王", "--reason", "试")
    tell("undo", path)
    rows = tell("log", path, "--json").json
    assert [(r["version"], r["kind"], r["by"], r["reason"]) for r in rows] == [
        (1, "new", "", ""), (2, "split", "王", "试"), (3, "undo", "", ""),
    ]  # fmt: skip
    assert rows[1]["created"] == [D]
    assert rows[2]["undoes"] == 2
    shown = tell("log", path).out
    assert "拆分" in shown
    assert "撤销" in shown
    assert "split" in tell("log", path, "--lang", "en").out


def test_a_note_of_the_kernel_is_printed(path: Path, tmp_path: Path, tell: Tell) -> None:
    shape = geojson(tmp_path / "area.geojson", ({}, area((2, 0), (3.005, 0), (3.005, 1), (2, 1))))
    told = tell("transfer", path, "--area", shape, "--to", A, "--lang", "en")
    assert told.code == 0
    assert "beyond a locked boundary" in told.out


# -- geometry arguments ------------------------------------------------------------------------------


@pytest.mark.parametrize("wrap", ["geometry", "feature", "collection"])
def test_geometry_arguments_of_every_kind(path: Path, tmp_path: Path, tell: Tell, wrap: str) -> None:
    shape: dict[str, Any] = shapely.geometry.mapping(degrees(line((1, -1), (1, 1.2))))
    if wrap != "geometry":
        shape = {"type": "Feature", "properties": None, "geometry": shape}
    if wrap == "collection":
        shape = {"type": "FeatureCollection", "features": [shape]}
    file = tmp_path / "线.json"
    file.write_text("\ufeff" + json.dumps(shape), encoding="utf-8")
    assert tell("split", path, A, "--line", file).code == 0


BAD_LINES = {
    "not json": "{",
    "no geojson": "[1, 2]",
    "empty file": "",
    "empty collection": '{"type": "FeatureCollection", "features": []}',
    "null geometry": '{"type": "Feature", "properties": {}, "geometry": null}',
    "empty geometry": '{"type": "LineString", "coordinates": []}',
    "a point": '{"type": "Point", "coordinates": [118.01, 25.48]}',
    "one point": '{"type": "LineString", "coordinates": [[118.01, 25.48]]}',
    "metres": '{"type": "LineString", "coordinates": [[600100, 2820010], [600100, 2819700]]}',
    "letters": '{"type": "LineString", "coordinates": [["x", "y"], ["u", "v"]]}',
    "features without geometry": '{"type": "FeatureCollection", "features": [{"type": "Feature"}]}',
    "features as text": '{"type": "FeatureCollection", "features": "none"}',
    "elsewhere": '{"type": "LineString", "coordinates": [[116.0, 39.0], [116.1, 39.1]]}',
    "nothing": "null",
    "a number": "7",
}


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("case", BAD_LINES)
def test_a_bad_line_is_one_sentence_and_the_county_is_as_before(
    path: Path, tmp_path: Path, tell: Tell, case: str, lang: str
) -> None:
    file = tmp_path / "bad.geojson"
    file.write_text(BAD_LINES[case], encoding="utf-8")
    before = path.read_bytes()
    answer = tell("split", path, A, "--line", file, "--lang", lang)
    assert_refused(answer, 2)
    assert answer.err.isascii() == (lang == "en")
    assert path.read_bytes() == before


def test_bytes_that_are_no_text_are_told(path: Path, tmp_path: Path, tell: Tell) -> None:
    file = tmp_path / "bad.geojson"
    file.write_bytes(b"\xff\xfe\x00PK")
    assert_refused(tell("split", path, A, "--line", file), 2, "bad.geojson")
    assert_refused(tell("split", path, A, "--line", tmp_path), 2)


# -- refused -----------------------------------------------------------------------------------------


def refusals(tmp_path: Path) -> dict[str, tuple[list[Any], int, str]]:
    """Return commands that must fail: words after the verb and county, exit code, a word of the sentence."""
    short = geojson(tmp_path / "short.geojson", ({}, line((0.2, 0.3), (0.4, 0.7))))
    west = geojson(tmp_path / "west.geojson", ({}, line((1, -1), (1, 1.2))))
    bow = geojson(tmp_path / "bow.geojson", ({}, area((0, 0), (2, 1), (2, 0), (0, 1))))
    far = geojson(tmp_path / "far.geojson", ({}, area((3, 0), (4, 0), (4, 2), (3, 2))))
    return {
        "split by a line that does not cross": (["split", A, "--line", short], 2, A),
        "split by no file": (["split", A, "--line", tmp_path / "none.geojson"], 2, "none.geojson"),
        "split a code with letters": (["split", A[:-1] + "x", "--line", west], 2, "x"),
        "split a code too short": (["split", "3505", "--line", west], 2, "3505"),
        "split a grid that is not": (["split", D, "--line", west], 2, D),
        "split the county": (["split", "350526", "--line", west], 2, "350526"),
        "split by an area": (["split", A, "--line", far], 2, "LineString"),
        "merge one": (["merge", A], 2, "合并"),
        "merge strangers": (["merge", C, a, "--unlock"], 2, a),
        "merge a locked": (["merge", B, a], 1, "锁定"),
        "merge a code with letters": (["merge", A, "３５０ABC"], 2, "A"),
        "transfer by a bow tie": (["transfer", "--area", bow, "--to", B], 2, "自相交"),
        "transfer a line": (["transfer", "--area", west, "--to", B], 2, "Polygon"),
        "transfer what is locked": (["transfer", "--area", far, "--to", B], 1, "锁定"),
        "transfer to nobody": (["transfer", "--area", far, "--to", D], 2, D),
        "paint letters": (["paint", "--cells", "1,x", "--to", B], 2, "x"),
        "paint nothing": (["paint", "--cells", ",", "--to", B], 2, "基元"),
        "paint a cell that is not": (["paint", "--cells", "999", "--to", B], 2, "999"),
        "paint its own": (["paint", "--cells", "1", "--to", A], 2, A),
        "paint too large a number": (["paint", "--cells", "9" * 30, "--to", A], 2, ""),
        "paint a superscript": (["paint", "--cells", "²", "--to", A], 2, "²"),
        "recode to a used code": (["recode", A, B], 2, B),
        "recode to letters": (["recode", A, A[:-1] + "Z"], 2, "Z"),
        "recode to another level": (["recode", A, "350526100009"], 2, "15"),
        "undo nothing": (["undo"], 2, "撤销"),
        "redo nothing": (["redo"], 2, "重做"),
    }


CASES = (
    "split by a line that does not cross", "split by no file", "split a code with letters", "split a code too short",
    "split a grid that is not", "split the county", "split by an area", "merge one", "merge strangers", "merge a locked",
    "merge a code with letters", "transfer by a bow tie", "transfer a line", "transfer what is locked",
    "transfer to nobody", "paint letters", "paint nothing", "paint a cell that is not", "paint its own",
    "paint too large a number", "paint a superscript", "recode to a used code", "recode to letters",
    "recode to another level", "undo nothing", "redo nothing",
)  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_refusals_are_one_sentence_and_leave_the_county_byte_equal(
    path: Path, tmp_path: Path, tell: Tell, case: str
) -> None:
    words, code, named = refusals(tmp_path)[case]
    before = path.read_bytes()
    assert_refused(tell(words[0], path, *words[1:]), code, named)
    english = tell(words[0], path, *words[1:], "--lang", "en")
    assert_refused(english, code)
    assert path.read_bytes() == before
    assert not list(tmp_path.glob("county.gpkg-*"))


@pytest.mark.parametrize("verb", ["split", "merge", "transfer", "paint", "recode", "frobnicate"])
def test_wrong_usage_is_exit_2(path: Path, tell: Tell, verb: str) -> None:
    answer = tell(verb, path, "--nonsense")
    assert answer.code == 2
    assert answer.out == ""
    assert len(answer.err.strip().splitlines()) == 1


@pytest.mark.parametrize("verb", ["split", "merge", "transfer", "paint", "recode", "undo", "redo", "log"])
def test_every_command_explains_itself(tell: Tell, verb: str) -> None:
    answer = tell(verb, "--help")
    assert answer.code == 0
    assert "COUNTY" in answer.out
    assert "--lang" in answer.out


def test_as_a_program_of_its_own(path: Path, west: Path) -> None:
    command = [sys.executable, "-m", "gridgis", "split", str(path), A, "--line", str(west), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["created"] == [D]
    # The same line a second time runs along a boundary by now and divides nothing.
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
