"""The incidents page as Streamlit runs it: every view and panel, filters, the timeline, what can be kept."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import shapely
import streamlit as st

from app_pages import incidentbook, incidentdesk, incidentfilters
from app_pages.desk import the_desk
from app_pages.words import word
from gridgis.overlays.incidents import Wish
from layers.drawing import Look, svg
from tests.app.test_pages import run, text_of
from tests.happenings import B, busy_county

VIEWS = ("as_heat", "as_crowds", "as_grids", "as_rate", "as_share", "as_hot", "as_emerging", "as_change")


@pytest.fixture
def busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = busy_county(tmp_path / "busy.gpkg")
    monkeypatch.setenv("GRIDGIS_COUNTY", str(path))
    st.cache_resource.clear()
    return path


@pytest.mark.usefixtures("busy")
def test_every_view_and_panel_shows_without_a_fault() -> None:
    for view in VIEWS:
        app = run("incidents_page.py", show_as=view, period="days_90" if view == "as_change" else "days_all")
        assert "事件总数" in text_of(app)
    for side in ("side_time", "side_grids", "side_places"):
        app = run("incidents_page.py", incident_side=side, show_as="as_crowds")
        assert word("total_incidents", "zh") not in text_of(app)


@pytest.mark.usefixtures("busy")
def test_filters_change_the_figures_together() -> None:
    app = run("incidents_page.py", show_as="as_grids", period="days_all")
    assert ">400 件<" in text_of(app)
    app = run("incidents_page.py", show_as="as_grids", period="days_all", categories=["甲"], filter_handled=["grid"])
    desk = the_desk()
    expected = len(incidentdesk.study_of(desk, Wish(categories=("甲",), handled=("grid",))).frame)
    assert f">{expected} 件<" in text_of(app)
    none = run("incidents_page.py", filter_status=["closed"], filter_handled=["grid"], categories=["乙"], period="days_30")
    assert not none.exception


@pytest.mark.usefixtures("busy")
def test_the_film_goes_step_by_step_and_starts_again_at_its_end() -> None:
    app = run("incidents_page.py", show_as="as_grids", timeline=True)
    months = app.select_slider(key="time_frame")
    assert months.value == months.options[0] == "2026-01"
    app.session_state["time_next"] = 2
    app.run()
    assert app.select_slider(key="time_frame").value == "2026-03"
    app.select_slider(key="time_frame").set_value("2026-06").run()
    app.button(key="play").click().run()
    assert app.session_state["playing"]
    assert app.select_slider(key="time_frame").value == "2026-01"


@pytest.mark.usefixtures("busy")
def test_weights_of_groups_make_other_heat() -> None:
    run("incidents_page.py", show_as="as_heat")
    desk, wish = the_desk(), Wish()
    plain, heavy = (incidentdesk.surface_of(desk, wish, 300, w) for w in ((), (("乙", 3.0),)))
    assert plain is not None
    assert heavy is not None
    assert heavy.values.sum() > plain.values.sum()
    item: Any = ("heatmap", wish, 100.0, 300, ())
    assert incidentdesk.drawn(desk, item).startswith(b"\x89PNG")
    assert incidentfilters.groups(incidentdesk.every(desk)) == ["乙", "甲"]


@pytest.mark.usefixtures("busy")
def test_the_workbook_holds_every_table_in_one_language() -> None:
    desk = the_desk()
    told = incidentbook.Asked("unit", Wish(), "en", "count", "week", [("Level", "unit")], "About")
    book = openpyxl.load_workbook(io.BytesIO(incidentbook.workbook(desk, told)))
    assert book.sheetnames == ["About", "Grids", "Categories", "Trend", "Weekday and hour", "Repeated places", "Hot spots",
                               "Not in a grid"]  # fmt: skip
    heads = [str(c.value) for sheet in book.worksheets[1:] for c in sheet[1] if c.value]
    assert all(h.isascii() or "²" in h for h in heads)


def test_a_map_to_keep_escapes_what_names_say() -> None:
    shapes = [shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10)]
    text = svg(["a", B], shapes, Look("<script>", "x & y", {"a": "#ff0000"}, frozenset({B}), [("hatch", "<b>")]))
    assert "<script>" not in text
    assert text.count("url(#h)") == 2
    assert "#ff0000" in text


@pytest.mark.usefixtures("busy")
def test_choices_stay_while_another_page_is_looked_at() -> None:
    app = run("incidents_page.py", show_as="as_heat")
    app.segmented_control(key="show_as").set_value("as_rate").run()
    app.segmented_control(key="period").set_value("days_30").run()
    app.switch_page("app_pages/checks_page.py").run()
    app.switch_page("app_pages/incidents_page.py").run()
    assert (app.session_state["show_as"], app.session_state["period"]) == ("as_rate", "days_30")
    assert app.segmented_control(key="show_as").value == "as_rate"
