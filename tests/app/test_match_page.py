"""The match page: a file given, verdicts shown, candidates taken over and undone."""

from __future__ import annotations

import io
from pathlib import Path

import openpyxl
import pytest

from app_pages import matchdesk
from app_pages.desk import the_desk
from app_pages.matchdesk import Upload
from gridgis.comparing import How
from tests.app.conftest import A, B, C
from tests.app.test_pages import run, text_of
from tests.telling import geojson

FREE = A[:-3] + "009"


def register(*rows: tuple[str, str]) -> Upload:
    text = "编码,名称\n" + "".join(f"{c},{n}\n" for c, n in rows)
    return Upload.of("../名册.csv", text.encode())


@pytest.mark.usefixtures("small_county")
def test_nothing_is_asked_before_a_file_is_given() -> None:
    app = run("match_page.py")
    assert "怎样核对" in text_of(app)
    assert "核对不改动方案" in text_of(app)
    assert not app.exception


@pytest.mark.usefixtures("small_county")
def test_verdicts_and_acceptance() -> None:
    upload = register((A, "新名"), (B, "<b>{{7*7}}</b>"), (FREE, "丁"))
    app = run("match_page.py", match_file=upload)
    assert "4 处差异" in text_of(app)
    app.number_input(key="match_above").set_value(0.0).run()
    app.button(key="match_all").click().run()
    assert not app.exception
    assert "已采用 2 个网格" in text_of(app)
    plan = the_desk().plan
    assert plan.grids[A].name == "新名"
    assert C in plan.grids
    assert "2 处差异" in text_of(app)
    with the_desk().quiet() as county:
        county.undo()
    assert the_desk().plan.grids[A].name == "第1网格"


@pytest.mark.usefixtures("small_county")
def test_one_row_picked_and_accepted(tmp_path: Path) -> None:
    file = geojson(tmp_path / "f.geojson", *(({"code": c, "name": n}, the_desk().plan.grid_geometry(at)) for c, n, at in
                   ((FREE, "第1网格", A), (B, "东", B), (C, "第3网格", C))))  # fmt: skip
    app = run("match_page.py", match_file=Upload.of(file.name, file.read_bytes()), match_at=0)
    assert "最佳候选" in text_of(app)
    app.button(key="match_one").click().run()
    assert not app.exception
    plan = the_desk().plan
    assert FREE in plan.grids
    assert A not in plan.grids
    assert plan.grids[B].name == "第2网格"


@pytest.mark.usefixtures("small_county")
def test_a_file_that_cannot_be_read_is_one_sentence() -> None:
    app = run("match_page.py", match_file=Upload.of("x.xlsx", b"no workbook"))
    assert 'role="alert"' in text_of(app)
    assert "x.xlsx" in text_of(app)
    # A column that holds no codes is named, and the page goes back to the one that does.
    app = run("match_page.py", match_file=register((A, "甲")), match_code="没有这列")
    assert "没有这列" in text_of(app)
    assert "处差异" in text_of(app)


@pytest.mark.usefixtures("small_county")
def test_the_report_in_both_languages() -> None:
    desk, upload = the_desk(), register((A, "第1网格"), (B, "第2网格"), (C, "第3网格"))
    for lang, name in (("zh", "汇总"), ("en", "Summary")):
        book = openpyxl.load_workbook(io.BytesIO(matchdesk.report(desk, upload, How(), lang)))
        assert book.sheetnames[0] == name
    assert "核对一致" in text_of(run("match_page.py", match_file=upload))
