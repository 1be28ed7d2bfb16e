"""The page of history as Streamlit runs it: every version, what differs, the way back."""

from __future__ import annotations

import io
from pathlib import Path

import openpyxl
import pytest
import shapely

import gridgis as gg
from app_pages import historydesk
from app_pages.desk import the_desk
from app_pages.words import word
from tests.app.conftest import A, B, C
from tests.app.test_pages import run, text_of

D = f"{C[:-1]}4"


@pytest.fixture
def edited(small_county: Path) -> Path:
    """Return the small county after a split and a merge."""
    with gg.open_county(small_county) as county:
        west, south, east, north = county.plan.grid_geometry(C).bounds
        middle = (west + east) / 2 + 10
        county.apply(gg.split(county.plan, C, shapely.LineString([(middle, south - 5), (middle, north + 5)])), by="林晓", reason="小区交付")
        county.apply(gg.merge(county.plan, [A, B]), by="王芳")
    return small_county


@pytest.mark.usefixtures("small_county")
def test_a_new_county_is_told_what_will_stand_here() -> None:
    assert word("hist_one_note", "zh") in text_of(run("history_page.py"))


@pytest.mark.usefixtures("edited")
def test_every_version_says_who_when_what() -> None:
    run("history_page.py")
    rows = historydesk.rows_of(*historydesk.log_of(the_desk()))
    assert [r[0] for r in rows] == [3, 2, 1]
    assert [r[2] for r in rows] == ["王芳", "林晓", "–"]
    assert rows[1][3] == "拆分 · 小区交付"
    assert rows[1][4] == f"新增 {D}"
    assert [r[5][0] for r in rows] == ["good", "good", "plain"]


@pytest.mark.usefixtures("edited")
def test_two_versions_compare_like_the_command_line() -> None:
    app = run("history_page.py")
    assert (app.session_state["hist_from"], app.session_state["hist_to"]) == (2, 3)
    app.selectbox(key="hist_from").set_value(1).run()
    assert not app.exception
    desk = the_desk()
    found = historydesk.told(desk, 1, 3)
    assert {d.change for d in found.grids} == {"reshaped", "removed", "added"}
    assert {d.code for d in found.grids if d.level == "unit"} == {A, B, C, D}
    assert word("change_added", "zh") in text_of(app)
    picture = historydesk.picture(desk, found, "unit", "change", None)
    assert set(picture["figure"]["values"]) == {d.code for d in found.grids if d.level == "unit" and d.change != "removed"}
    assert picture["focus"]["shape"], "what ended is drawn as it was"
    moved = historydesk.moved(desk, 1, 3, "unit")
    assert moved["households"].sum() > 0
    app.session_state["hist_table"] = "moves"
    app.run()
    assert historydesk.sums(moved) in text_of(app)
    app.session_state["level"] = "township"
    app.run()
    assert word("hist_not_here", "zh", levels="单元网格") in text_of(app)
    app.selectbox(key="hist_to").set_value(1).run()
    assert word("hist_same_note", "zh") in text_of(app)


def test_the_newest_edit_is_undone_here_and_an_older_one_says_why_not(edited: Path) -> None:
    app = run("history_page.py")
    app.session_state["hist_to"] = 2
    app.run()
    assert word("hist_later", "zh", n=2, m=1) in text_of(app)
    app.session_state["hist_to"] = 3
    app.run()
    app.button(key="hist_undo").click().run()
    assert not app.exception
    with gg.open_county(edited) as county:
        assert (county.version, county.plan.codes("unit")) == (4, [A, B, C, D])
    assert app.session_state["hist_to"] == 4
    app.session_state["hist_to"] = 3
    app.run()
    app.button(key="hist_redo").click().run()
    with gg.open_county(edited) as county:
        assert county.version == 5


@pytest.mark.usefixtures("edited")
def test_an_earlier_version_is_looked_at_and_nothing_changes() -> None:
    app = run("history_page.py", hist_from=1, hist_to=1, hist_figure="households")
    app.session_state["lang"] = "en"
    app.run()
    assert not app.exception
    desk = the_desk()
    shown = historydesk.picture(desk, historydesk.told(desk, 1, 1), "unit", "households", None)
    assert shown["grids"]["version"] == 1
    assert desk.version == 3
    book = openpyxl.load_workbook(io.BytesIO(historydesk.audit(desk)))
    assert book.sheetnames == ["变更", "去向"]
