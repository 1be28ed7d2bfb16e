"""The page on drafts: begin one, answer its questions, put it on the main line, publish."""

from __future__ import annotations

from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

import gridgis as gg
from gridgis.branches import branches, open_branch, start_branch
from gridgis.publishing import publications
from tests.app.conftest import B, C
from tests.app.test_pages import run, text_of
from tests.drawn import cell_at

PAGE = "drafts_page.py"


@pytest.fixture
def disputed(small_county: Path) -> Path:
    """A draft that gives one cell of A to C, on a main line that gave it to B meanwhile."""
    with gg.open_county(small_county) as county:
        start_branch(county, "东片", by="王", note="调整东片")
        draft = open_branch(county, "东片")
        draft.apply(gg.paint(draft.plan, [cell_at(draft.plan, 2.5, 1.5)], C), by="王")
        county.apply(gg.paint(county.plan, [cell_at(county.plan, 2.5, 1.5)], B), by="李")
    st.cache_resource.clear()
    return small_county


def chosen(**state: object) -> AppTest:
    return run(PAGE, draft_at=0, **state)


def test_an_empty_county_says_how_to_begin(small_county: Path) -> None:
    app = run(PAGE)
    assert "还没有草稿" in text_of(app)
    app.text_input(key="draft_name").set_value("西片")
    app.button(key="draft_begin").click().run()
    assert not app.exception
    assert "西片" in text_of(app)
    with gg.open_county(small_county) as county:
        assert [b.name for b in branches(county)] == ["西片"]


@pytest.mark.usefixtures("disputed")
def test_a_name_that_is_taken_is_refused_in_a_sentence() -> None:
    app = run(PAGE)
    app.text_input(key="draft_name").set_value("东片")
    app.button(key="draft_begin").click().run()
    assert "已存在" in text_of(app)


def test_the_same_place_becomes_a_question_and_nothing_changes_before_the_answer(disputed: Path) -> None:
    app = chosen()
    app.button(key="draft_combine").click().run()
    assert not app.exception
    assert "1 处待选" in text_of(app)
    assert app.button(key="draft_answer").disabled
    with gg.open_county(disputed) as county:
        assert county.version == 2


@pytest.mark.parametrize(("side", "owner"), [("theirs", C), ("ours", B)])
def test_an_answer_puts_the_draft_on_the_main_line(disputed: Path, side: str, owner: str) -> None:
    app = chosen()
    app.button(key="draft_combine").click().run()
    (key,) = [w.key for w in app.button_group if str(w.key).startswith("draft_take_")]
    app.button_group(key=key).set_value(side).run()
    assert not app.button(key="draft_answer").disabled
    app.button(key="draft_answer").click().run()
    assert not app.exception
    assert "已并入" in text_of(app)
    with gg.open_county(disputed) as county:
        cell = cell_at(county.plan, 2.5, 1.5)
        assert county.plan.rows.code[county.plan.row([cell])[0]] == owner
        assert county.version == 3


def test_publishing_needs_a_reason_and_names(small_county: Path) -> None:
    app = run(PAGE)
    app.button(key="publish_do").click().run()
    assert not app.exception
    with gg.open_county(small_county) as county:
        assert publications(county) == []
    app.session_state["author"] = "王"
    app.text_input(key="publish_reason").set_value("年度方案")
    app.text_input(key="publish_by").set_value("赵")
    app.button(key="publish_do").click().run()
    assert "已发布版本 1" in text_of(app)
    with gg.open_county(small_county) as county:
        assert [(p.version, p.approved_by) for p in publications(county)] == [(1, "赵")]
