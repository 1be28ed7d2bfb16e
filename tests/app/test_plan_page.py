"""The page of proposals: alternatives made in a thread, shown with figures, traced, adopted as a draft, undone."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import streamlit as st

from app_pages.desk import the_desk
from gridgis import branches
from tests.app.test_pages import run, text_of
from tests.drawn import drawn_county

COMMUNITY = "350526100001"


@pytest.fixture
def county(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a county of 48 cells with 9 households each in two lopsided grids."""
    rows = "\n".join(["AAAAAABB"] * 6)
    path = drawn_county(tmp_path / "plan.gpkg", rows, homes=rows.replace("A", "9").replace("B", "9"))
    monkeypatch.setenv("GRIDGIS_COUNTY", str(path))
    st.cache_resource.clear()
    return path


def waited(app: Any) -> Any:
    """Run the page until the work is done."""
    for _ in range(200):
        job = app.session_state.plan_job
        if job is None:
            return app
        job.wait(0.2)
        app.run()
        time.sleep(0.01)
    raise AssertionError("the division never ended")


@pytest.mark.usefixtures("county")
def test_alternatives_are_made_compared_traced_and_adopted() -> None:
    app = run("plan_page.py", plan_within=COMMUNITY, plan_own=False, plan_low=60, plan_high=120, plan_count=2)
    app.button(key="plan_start").click().run()
    app = waited(app).run()
    assert not app.exception
    assert "2 个方案" in text_of(app)
    before = the_desk().plan.hash
    app.button(key="plan_trace").click().run()
    assert app.session_state.trace
    app.button(key="plan_adopt").click().run()
    assert not app.exception
    assert "已建立草稿" in text_of(app)
    desk = the_desk()
    assert desk.plan.hash == before
    with desk.quiet() as open_county:
        (draft,) = branches.branches(open_county)
        branches.combine(open_county, draft.name)
        sizes = [open_county.plan.figures_of(c)["households"] for c in open_county.plan.codes("unit")]
        assert all(60 <= n <= 120 for n in sizes)
        open_county.undo()
    assert desk.plan.hash == before


@pytest.mark.usefixtures("county")
def test_what_cannot_be_divided_is_one_sentence() -> None:
    app = run("plan_page.py", plan_within=COMMUNITY)
    app.button(key="plan_start").click().run()
    app = waited(app).run()
    assert not app.exception
    assert "没有规模要求" in text_of(app)
