from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.drawn import code_of, drawn_county, squares
from tests.telling import Tell, assert_refused, geojson

A, B, C = (str(code_of(c)) for c in "ABC")
DRAWING = "ABC"
FREE = A[:-3] + "009"


@pytest.fixture
def county(tmp_path: Path) -> Path:
    return drawn_county(tmp_path / "c.gpkg", DRAWING)


def book(path: Path, *rows: tuple[Any, ...]) -> Path:
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    made.save(path)
    return path


def rows_of(county: Path, tell: Tell, file: Path, *more: object) -> list[tuple[Any, str, str]]:
    answer = tell("match", county, file, "--json", *more)
    return [(r["row"], r["verdict"], r["code_here"]) for r in answer.json["rows"]]


def test_a_workbook_of_codes_as_numbers_and_text(county: Path, tell: Tell, tmp_path: Path) -> None:
    file = book(
        tmp_path / "r.xlsx",
        ("网格名册",),
        ("统一编码", "网格名称"),
        (int(A), "第1网格"),
        (f" {B} ", "第2网格"),
        (C, "第3网格"),
    )
    answer = tell("match", county, file)
    assert answer.code == 0
    assert "核对一致" in answer.out
    # Rows are those that the spreadsheet shows.
    assert rows_of(county, tell, file) == [(3, "matched", A), (4, "matched", B), (5, "matched", C)]


def test_a_number_that_a_spreadsheet_cut_short_is_no_code(county: Path, tell: Tell, tmp_path: Path) -> None:
    file = book(tmp_path / "r.xlsx", ("code", "name"), (int(f"{A}000"), "第1网格"), (B, "第2网格"), (C, "第3网格"))
    answer = tell("match", county, file, "--json")
    first = answer.json["rows"][0]
    assert (first["verdict"], first["row"]) == ("malformed", 2)
    assert "15" in first["words"]


def test_differences_end_with_one_and_none_is_dropped(county: Path, tell: Tell, tmp_path: Path) -> None:
    file = tmp_path / "r.csv"
    file.write_text(f"代码,名称\n{A},第1网格社区\n{B},乙\n{B},第2网格\n12x,丁\n{FREE},戊\n", encoding="gb18030")
    answer = tell("match", county, file, "--json")
    assert answer.code == 1
    assert [(r["row"], r["verdict"]) for r in answer.json["rows"]] == [
        (2, "matched_name_differs"), (3, "duplicate"), (4, "duplicate"), (5, "malformed"), (6, "missing_here"),
        (None, "missing_there"),
    ]  # fmt: skip
    assert answer.json["summary"]["there"]["all"] == 5
    assert answer.json["summary"]["here"]["all"] == 3
    assert "12x" in answer.json["rows"][3]["words"]
    english = tell("match", county, file, "--lang", "en")
    assert "missing in the file" in english.out
    assert "一致" not in english.out


def test_polygons_accepted_in_one_edit_and_undone(county: Path, tell: Tell, tmp_path: Path) -> None:
    shapes = [s for _, s in squares(DRAWING)]
    rows = zip((FREE, B, C), ("新区", "第2网格", "第3网格"), shapes, strict=True)
    file = geojson(tmp_path / "g.geojson", *(({"bm": c, "mc": n}, s) for c, n, s in rows))
    before = tell("info", county, "--json").json["hash"]
    fields = ("--code-field", "bm", "--name-field", "mc", "--level", "unit")
    assert rows_of(county, tell, file, *fields)[0] == (1, "recoded", A)
    assert tell("info", county, "--json").json["hash"] == before
    done = tell("match", county, file, *fields, "--accept", "all", "--above", "0.9", "--json")
    assert done.code == 0
    assert done.json["accepted"] == [A]
    assert done.json["agrees"]
    assert tell("log", county, "--json").json[-1]["kind"] == "match"
    tell("verify", county)
    tell("undo", county)
    assert tell("info", county, "--json").json["hash"] == before
    # A code once allotted is not taken again; the refusal says so, and nothing else is changed.
    again = tell("match", county, file, *fields, "--accept", FREE, "--json")
    assert (again.code, again.json["accepted"]) == (1, [])
    assert "已经使用过" in again.json["refused"][A]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_workbook_is_text_and_runs_nothing(county: Path, tell: Tell, tmp_path: Path, lang: str) -> None:
    file = tmp_path / "r.csv"
    file.write_text(f"code,name\n{A},=1+1\n{B},第2网格\n{C},第3网格\n", encoding="utf-8")
    out = tmp_path / "out.xlsx"
    assert tell("match", county, file, "--out", out, "--lang", lang).code == 1
    made = openpyxl.load_workbook(out)
    names = {"zh": ["汇总", "全部", "编码一致，名称不同"], "en": ["Summary", "All rows", "code matches, name differs"]}
    assert made.sheetnames == names[lang]
    sheet = made.worksheets[1]
    assert sheet.auto_filter.ref
    cells = [c for row in sheet.iter_rows(min_row=2) for c in row if c.value is not None]
    assert {c.data_type for c in cells} <= {"s", "n"}
    found = [r for r in sheet.iter_rows(min_row=2, values_only=True) if r[2] == "=1+1"]
    assert found
    assert found[0][1] == A
    totals = [r for r in made.worksheets[0].iter_rows(values_only=True) if r[0] in ("合计", "Total")]
    assert totals == [(totals[0][0], 3, 3)]


def test_other_reports(county: Path, tell: Tell, tmp_path: Path) -> None:
    file = tmp_path / "r.csv"
    file.write_text(f"code,name\n{A},=1+1\n{B},第2网格\n", encoding="utf-8")
    for kind in ("csv", "json", "geojson"):
        tell("match", county, file, "--out", tmp_path / f"o.{kind}")
    rows = list(csv.DictReader((tmp_path / "o.csv").open(encoding="utf-8-sig")))
    assert [r["结论"] for r in rows] == ["编码一致，名称不同", "一致", "文件中没有"]
    assert rows[0]["文件名称"] == "'=1+1"
    assert json.loads((tmp_path / "o.json").read_text(encoding="utf-8"))["summary"]["here"]["all"] == 3
    drawn = json.loads((tmp_path / "o.geojson").read_text(encoding="utf-8"))["features"]
    assert [f["geometry"]["type"] for f in drawn] == ["Polygon"] * 3


def test_bad_input_is_one_sentence(county: Path, tell: Tell, tmp_path: Path) -> None:
    file = book(tmp_path / "r.xlsx", ("code", "name"), (A, "甲"))
    strange = book(tmp_path / "s.xlsx", ("code", "name"), ("110101", "甲"))
    (tmp_path / "no.xlsx").write_text("no workbook", encoding="utf-8")
    for words, said in (
        (("none.csv",), "none.csv"),
        ((tmp_path / "no.xlsx",), "no.xlsx"),
        ((strange,), "编码"),
        ((file, "--code-field", "bianma"), "bianma"),
        ((file, "--level", "planet"), "planet"),
        ((file, "--out", "report.pdf"), "report.pdf"),
        ((file, "--min-iou", "1.5"), "1.5"),
        ((file, "--accept", C), C),
        ((file, "--layer", "Sheet9"), "Sheet9"),
    ):
        assert_refused(tell("match", county, *words), 2, said)
    assert tell("info", county, "--json").json["version"] == 1
