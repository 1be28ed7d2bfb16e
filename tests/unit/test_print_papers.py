"""Change form, reports and atlas: what they say is what the county holds."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pandas as pd
import pypdfium2
import pytest

import gridgis as gg
from tests.crew import TOWN, A, crewed, without
from tests.drawn import EAST, NORTH, drawn_county, line
from tests.telling import Tell, assert_refused

LETTERS = str.maketrans("", "", "\r\n ")


@pytest.fixture
def split_county(tmp_path: Path) -> Path:
    path = drawn_county(tmp_path / "c.gpkg", "AABB\nAABB", homes="1100\n5522")
    with gg.open_county(path) as county:
        county.apply(gg.split(county.plan, A, line((0, 1), (2, 1))), by="张三", reason="户数超出规模")
    return path


def text_of(path: Path) -> str:
    return "".join(page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(path)).translate(LETTERS)


def test_the_form_tells_codes_figures_bounds_and_reason(split_county: Path, tmp_path: Path, tell: Tell) -> None:
    out = tmp_path / "f.pdf"
    assert tell("form", split_county, "1", "2", "--out", out).code == 0
    said = text_of(out)
    for word in ("网格变更登记表", "拆分", "户数超出规模", "张三", A, "350526100001003", "12→10", "—→2", "24→20", "变更前（版本1）", "四至",
                 "县界", "乡镇（街道）意见"):  # fmt: skip
        assert word in said, word
    with gg.open_county(split_county) as county:
        assert county.plan.hash[:12] in said


def test_the_form_as_a_workbook(split_county: Path, tmp_path: Path, tell: Tell) -> None:
    out = tmp_path / "f.xlsx"
    assert tell("form", split_county, "1", "2", "--out", out, "--lang", "en").code == 0
    page = openpyxl.load_workbook(out).active
    values = [str(c) for row in page.iter_rows(values_only=True) for c in row if c is not None]
    assert {"Grid change form", "split", "350526100001003", "12 → 10", "County authority"} <= set(values)
    assert len(page._images) == 2


def test_the_form_refuses_what_is_no_change(split_county: Path, tmp_path: Path, tell: Tell) -> None:
    assert_refused(tell("form", split_county, "2", "1", "--out", tmp_path / "f.pdf"), 2, "2", "1")
    assert_refused(tell("form", split_county, "1", "9", "--out", tmp_path / "f.pdf"), 2, "9")
    assert_refused(tell("form", split_county, "1", "2", "--out", tmp_path / "f.docx"), 2, ".xlsx")
    with gg.open_county(split_county) as county:
        county.undo()
    assert_refused(tell("form", split_county, "1", "3", "--out", tmp_path / "f.pdf"), 2, "1", "3")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_reports(tmp_path: Path, tell: Tell, lang: str) -> None:
    path = crewed(tmp_path / "c.gpkg", lambda f: without(f, "postings", "p1"))
    incidents = pd.DataFrame({"id": list("abc"), "at": ["2026-10-01 08:00", "2026-10-02 09:00", "2026-09-30 09:00"],
                              "category": ["市容/垃圾", "市容/垃圾", "安全/消防"], "status": "closed", "valid": 1,
                              "due_at": "2026-10-02 00:00", "closed_at": ["2026-10-01 09:00", "2026-10-03 09:00", ""],
                              "handled_in": ["grid", "joint", "grid"], "x": EAST + 50.0, "y": NORTH - 50.0})  # fmt: skip
    with gg.open_county(path) as county:
        county.store.put_rows("incidents", incidents.assign(geometry=None))
    said = {}
    for kind in ("check", "incidents", "staffing"):
        out = tmp_path / f"{kind}.pdf"
        assert tell("report", path, "--kind", kind, "--out", out, "--lang", lang).code == 0
        said[kind] = text_of(out)
    words = {
        "check": ("覆盖检查报告", "岗位空缺", "100.0000%") if lang == "zh" else ("Coveragecheck", "rolevacant", "100.0000%"),
        "incidents": ("2026年10月", "事件2", "超时办结1") if lang == "zh" else ("October2026", "Incidents2", "Closedlate1"),
        "staffing": ("队伍报告", "空缺岗位1", A) if lang == "zh" else ("Staffingreport", "Vacancies1", A),
    }  # fmt: skip
    for kind, known in words.items():
        for word in known:
            assert word in said[kind], (kind, word)
    assert_refused(tell("report", path, "--kind", "incidents", "--month", "2020-01", "--out", out), 2, "2020-01", "2026-09")
    assert_refused(tell("report", path, "--kind", "incidents", "--month", "last", "--out", out), 2, "last")


def test_the_atlas_has_an_index_a_list_and_a_sheet_for_each_grid(tmp_path: Path, tell: Tell) -> None:
    path, out = crewed(tmp_path / "c.gpkg"), tmp_path / "a.pdf"
    assert tell("atlas", path, TOWN, "--level", "unit", "--out", out).code == 0
    document = pypdfium2.PdfDocument(out)
    assert len(document) == 2 + 4
    said = [page.get_textpage().get_text_bounded().translate(LETTERS) for page in document]
    assert "图幅索引" in said[0]
    with gg.open_county(path) as county:
        codes = county.plan.codes("unit")
    assert all(code in said[1] for code in codes)
    assert all(code in page for code, page in zip(codes, said[2:], strict=True))
    assert_refused(tell("atlas", path, A, "--level", "unit", "--out", out), 2)
