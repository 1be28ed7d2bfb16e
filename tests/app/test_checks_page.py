"""The page on checks: findings filtered, fixed, accepted, given to somebody, counted over versions."""

from __future__ import annotations

import io
import json
import sqlite3
from pathlib import Path

import openpyxl
import pytest
import streamlit as st

import gridgis as gg
from app_pages import checksdesk, marks
from app_pages.desk import Desk
from gridgis import accepting
from gridgis.errors import InputError
from gridgis.io.workbook import workbook_bytes
from tests.app.conftest import A
from tests.app.test_pages import run, text_of
from tests.drawn import tamper

PAGE = "checks_page.py"


@pytest.fixture
def spoilt(small_county: Path) -> Path:
    """The county with a cell that no grid has, and two grids of one name."""
    tamper(
        small_county, "UPDATE cells SET code = NULL WHERE id = 2", "UPDATE grids SET name = '同名' WHERE level = 'unit'"
    )
    st.cache_resource.clear()
    return small_county


def test_a_click_fixes_the_picked_finding(spoilt: Path) -> None:
    with gg.open_county(spoilt) as county:
        rules = gg.check(county)["rule"].tolist()
    app = run(PAGE, finding=rules.index("unassigned"))
    app.button(key="check_fix").click().run()
    assert not app.exception
    assert "已保存" in text_of(app)
    with gg.open_county(spoilt) as county:
        assert county.version == 2
        assert "unassigned" not in gg.check(county)["rule"].tolist()


def test_a_finding_is_accepted_for_a_reason_only(spoilt: Path) -> None:
    app = run(PAGE, finding=0, check_rule="name_duplicate")
    app.button(key="check_accept").click().run()
    assert "原因" in text_of(app)
    app = run(PAGE, finding=0, check_rule="name_duplicate", check_reason="历史原因")
    app.button(key="check_accept").click().run()
    assert "X0001" in text_of(app)
    with gg.open_county(spoilt) as county:
        assert county.table("exceptions")[["rule", "reason"]].to_numpy().tolist() == [["name_duplicate", "历史原因"]]
        assert gg.check(county)["rule"].tolist().count("name_duplicate") == 1


def test_a_finding_is_given_to_somebody_and_taken_back(spoilt: Path) -> None:
    with gg.open_county(spoilt) as county:
        found = gg.check(county)
        row = found.iloc[0].to_dict()
        accepting.assign(county, row, "王五", by="李")
        assert accepting.assignees(county, found)[0] == "王五"
        assert set(accepting.assignees(county, found)[1:]) <= {""}
        accepting.assign(county, row, " ")
        assert set(accepting.assignees(county, gg.check(county))) == {""}
        with pytest.raises(InputError):
            accepting.accept(county, {"rule": "hole", "code": A, "reason": "岛", "by": "", "until": "明年"}, None)


def test_numbers_over_the_versions_and_the_workbook(spoilt: Path) -> None:
    with gg.open_county(spoilt) as county:
        before = len(gg.check(county))
        county.apply(gg.paint(county.plan, [2], A))
        desk = Desk(county)
        run(PAGE)
        now = desk.findings()[1]
        counts = checksdesk.trend(desk)
        assert counts.groupby("version")["count"].sum().to_dict() == {1: before, 2: len(now)}
        sheets = openpyxl.load_workbook(io.BytesIO(workbook_bytes(checksdesk.sheets(checksdesk.assigned(desk, now)))))
        assert sheets.worksheets[0].max_row == len(now) + 1
        # A download runs in a thread of its own, where there is no session.
        for words in ("zh", "en"):
            assert checksdesk.summary(desk, words).startswith(b"%PDF")
    with sqlite3.connect(spoilt) as db:
        assert db.execute("SELECT count(*) FROM edits").fetchone() == (2,)


def test_a_click_on_the_map_picks_the_row_and_a_filter_unpicks_it(spoilt: Path) -> None:
    with gg.open_county(spoilt) as county:
        rules = gg.check(county)["rule"].tolist()
    there = rules.index("unassigned")
    app = run(PAGE, finding_there=there)
    assert app.session_state["finding"] == there
    assert app.session_state["picked_there"]
    assert app.button(key="check_fix")
    rule = next(r for r in rules if r != "unassigned")
    app.selectbox(key="check_rule").set_value(rule).run()
    assert app.session_state["finding"] is None
    assert not app.exception


def test_findings_of_one_place_stand_together_on_the_map(spoilt: Path) -> None:
    with gg.open_county(spoilt) as county:
        desk = Desk(county)
        found = desk.findings()[1]
        drawn = json.loads(marks.drawn(desk, "zh"))["features"]
        english = json.loads(marks.drawn(desk, "en"))["features"]
    placed = [k for k, shape in enumerate(found.geometry) if shape is not None and not shape.is_empty]
    assert sorted(k for f in drawn for k in f["properties"]["of"]) == placed
    told = {line[3]: line for f in drawn for line in f["properties"]["told"]}
    at = found["rule"].tolist().index("unassigned")
    assert told[at][2] == found["words"].iloc[at]
    assert [line[2] for f in english for line in f["properties"]["told"] if line[3] == at] == [found["words_en"].iloc[at]]
