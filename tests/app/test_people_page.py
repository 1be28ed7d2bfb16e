"""The page on people and the emergency on the map, as Streamlit runs them."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
import shapely
import streamlit as st
from streamlit.testing.v1 import AppTest

import gridgis as gg
from app_pages import command
from gridgis import peoplebook
from gridgis.io.workbook import workbook_bytes
from layers.geojson import to_degrees
from tests.app.test_pages import run, text_of
from tests.crew import A, B, crewed, set_cell, without
from tests.drawn import EPSG, area, at

Frames = dict[str, pd.DataFrame]


@pytest.fixture
def crew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Return a function that makes the county of people, spoilt as asked, and has the app open it."""

    def make(spoil: Callable[[Frames], object] | None = None) -> Path:
        path = crewed(tmp_path / "crew.gpkg", spoil)
        monkeypatch.setenv("GRIDGIS_COUNTY", str(path))
        st.cache_resource.clear()
        return path

    return make


def postings(path: Path) -> int:
    with gg.open_county(path) as county:
        return len(county.table("postings"))


def test_a_clean_county_has_nothing_to_do(crew: Callable[..., Path]) -> None:
    crew()
    for name in ("vacancies", "suggestions", "double", "overdue", "stray"):
        assert "没有需要处理的内容" in text_of(run("people_page.py", people_table=name)), name


def test_suggestions_are_accepted_and_the_vacancy_is_gone(crew: Callable[..., Path]) -> None:
    path = crew(lambda f: without(f, "postings", "p1", "p2"))
    before = postings(path)
    app = run("people_page.py", people_table="suggestions", people_row=1)
    assert not app.button(key="accept_one").disabled
    app.button(key="accept_one").click().run()
    assert not app.exception
    assert postings(path) == before + 1
    app.button(key="accept_all").click().run()
    assert not app.exception
    assert "已登记 1 项任职" in text_of(app)
    assert postings(path) == before + 2
    with gg.open_county(path) as county:
        assert peoplebook.staffing_tables(county)["vacancies"].empty


def test_checks_see_a_posting_made_meanwhile(crew: Callable[..., Path]) -> None:
    crew(lambda f: without(f, "postings", "p2"))
    app = run("checks_page.py")
    assert "1 个提醒" in text_of(app)
    app.switch_page("app_pages/people_page.py").run()
    app.session_state["people_table"] = "suggestions"
    app.run()
    app.button(key="accept_all").click().run()
    app.switch_page("app_pages/checks_page.py").run()
    assert "1 个提醒" not in text_of(app)


def test_a_county_without_registers(crew: Callable[..., Path]) -> None:
    def bare(frames: Frames) -> None:
        for name in frames:
            frames[name] = frames[name].iloc[:0]

    crew(bare)
    assert "gg-clear" in text_of(run("people_page.py", people_table="suggestions"))


def spot(column: float, row: float) -> tuple[Any, ...]:
    p = to_degrees(shapely.Point(at(column, row)), EPSG)
    return ("spot", ((p.x, p.y),), 5)


def drawn(shape: Any) -> list[list[float]]:
    return shapely.get_coordinates(to_degrees(shape, EPSG)).tolist()


def test_emergency_shows_whom_to_call_and_peace_restores(crew: Callable[..., Path]) -> None:
    crew(lambda f: set_cell(f["staff"], "s1", "name", "<b>{{7*7}}"))
    app = run(selected=(A,))
    app.session_state["mode"] = "emergency"
    app.session_state["peace_selected"] = (A,)
    app.session_state["selected"] = ()
    app.session_state["danger"] = spot(1.5, 1)
    app.session_state["radius"] = 100
    app.run()
    assert not app.exception
    told = text_of(app)
    assert "19900000001" in told
    assert "周五" in told
    assert "<b>{{7*7}}" not in told, "names are text"
    assert not any(b.key == "undo" for b in app.button)
    app.segmented_control(key="mode").set_value("peace").run()
    assert not app.exception
    assert app.session_state["selected"] == (A,)
    assert app.session_state["danger"] is None
    assert any(b.key == "undo" for b in app.button)


def call(event: dict[str, Any]) -> AppTest:
    def page(event: dict) -> None:  # type: ignore[type-arg]
        import streamlit as st

        from app_pages import bench, state
        from app_pages.desk import the_desk

        state.prepare()
        st.session_state.level, st.session_state.mode = "unit", "emergency"
        bench.take(the_desk(), {**event, "n": 7})

    app = AppTest.from_function(page, kwargs={"event": event}, default_timeout=60)
    app.run()
    assert not app.exception, app.exception
    return app


FAR = area((900, 900), (901, 900), (901, 901))


@pytest.mark.parametrize(
    ("event", "taken"),
    [
        ({"type": "area", "area": drawn(area((0, 0), (2, 0), (2, 2)))}, True),
        ({"type": "spot", "at": list(spot(4, 1)[1][0])}, True),
        ({"type": "area", "area": drawn(FAR)}, False),
        ({"type": "area", "area": [[118.0, 25.0]]}, False),
        ({"type": "merge", "codes": [A, B]}, None),
        ({"type": "undo"}, None),
    ],
)
def test_gestures_of_an_emergency(crew: Callable[..., Path], event: dict[str, Any], taken: bool | None) -> None:
    path = crew()
    app = call(event)
    assert (app.session_state["danger"] is not None) == bool(taken)
    assert (app.session_state["problem"] is not None) == (taken is False)
    assert app.session_state["proposal"] is None
    assert app.session_state["ack"] == 7
    with gg.open_county(path) as county:
        assert county.version == 1, "no gesture of an emergency changes the plan"


def test_the_workbook_of_the_panel(crew: Callable[..., Path]) -> None:
    path = crew()
    with gg.open_county(path) as county:
        found = peoplebook.command_of(county, area((0.2, 0.2), (2, 0.2), (2, 1.7)))
        data = workbook_bytes(peoplebook.command_sheets(found, county.scheme, "en"))
    book = openpyxl.load_workbook(io.BytesIO(data))
    assert book.sheetnames == ["Overview", "Call list", "Grids", "Buildings", "Places"]
    assert command.RADII[0] > 0
