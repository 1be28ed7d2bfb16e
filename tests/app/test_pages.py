"""The pages as Streamlit runs them: choices change what is shown, gestures become edits, refusals sentences."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import shapely
from streamlit.testing.v1 import AppTest

import gridgis as gg
from app_pages import gestures, state
from app_pages.desk import the_desk
from app_pages.words import WORDS, word
from gridgis.errors import EditError
from layers.geojson import to_degrees
from tests.app.conftest import A, B, C

ROOT = Path(__file__).resolve().parents[2]


def run(page: str = "map_page.py", **choices: Any) -> AppTest:
    """Run the app; later runs show another page."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    for key, value in choices.items():
        app.session_state[key] = value
    app.run()
    if page != "map_page.py":
        app.switch_page(f"app_pages/{page}").run()
    assert not app.exception, app.exception
    return app


def text_of(app: AppTest) -> str:
    """Return the HTML of the main area."""
    return "\n".join(str(e.proto.body) for e in app.main if e.type == "html") + "\n".join(
        str(h.proto.body) for h in app.get("html")
    )


def drawn_line(west: float, south: float, east: float, north: float) -> list[list[float]]:
    """Return a line in degrees from corner to corner of a box in the county's CRS."""
    return shapely.get_coordinates(to_degrees(shapely.LineString([(west, south), (east, north)]), 4548)).tolist()


def through(code: str) -> dict[str, Any]:
    """Return the gesture that splits a grid down its middle."""
    west, south, east, north = the_desk().frame("unit")[1].geometry[code].bounds
    middle = (west + east) / 2 + 10
    return {"type": "split", "line": drawn_line(middle, south - 5, middle, north + 5), "n": 1}


@pytest.mark.usefixtures("small_county")
def test_first_picture() -> None:
    app = run()
    assert app.session_state["level"] == "unit"
    assert "3 个网格" in text_of(app)
    assert app.button(key="undo").disabled
    assert app.button(key="redo").disabled


@pytest.mark.usefixtures("small_county")
def test_level_and_language() -> None:
    app = run()
    app.session_state["level"] = "township"
    app.run()
    assert "1 个网格" in text_of(app)
    english = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    english.query_params["lang"] = "en"
    english.run()
    assert not english.exception
    assert "3 grids" in text_of(english)
    assert english.button(key="undo").label == "Undo"


@pytest.mark.usefixtures("small_county")
def test_selected_grid_shows_its_figures() -> None:
    app = run(selected=(C,))
    figures = gg.open_county(the_desk().county.store.path).figures("unit").loc[C]
    assert C in text_of(app)
    assert f"{int(figures['households']):,} 户" in text_of(app)


def test_propose_confirm_undo_redo(small_county: Path) -> None:
    desk = the_desk()
    edit, notes = gestures.propose(desk.plan, desk.frame("unit")[1], through(C), ())
    assert notes == ()
    app = run(proposal=edit, notes=notes, proposal_level="unit", preview=None, seen=1)
    assert "变更前" in text_of(app)
    assert f"{C[:-1]}4" in text_of(app)
    assert gg.open_county(small_county).version == 1, "a proposal saves nothing"

    app.text_input(key="author").set_value("林晓")
    app.text_input(key="reason").set_value("小区交付")
    app.button(key="confirm").click().run()
    assert not app.exception
    county = gg.open_county(small_county)
    assert county.version == 2
    assert county.plan.codes("unit") == [A, B, C, f"{C[:-1]}4"]
    assert (county.log().iloc[-1]["by"], county.log().iloc[-1]["reason"]) == ("林晓", "小区交付")
    assert app.session_state["proposal"] is None
    assert "已保存" in text_of(app)

    before = county.plan_at(1).hash
    app.button(key="undo").click().run()
    assert gg.open_county(small_county).plan.hash == before
    app.button(key="redo").click().run()
    assert gg.open_county(small_county).plan.codes("unit") == [A, B, C, f"{C[:-1]}4"]


def test_discard(small_county: Path) -> None:
    desk = the_desk()
    edit, _ = gestures.propose(desk.plan, desk.frame("unit")[1], through(C), ())
    app = run(proposal=edit, proposal_level="unit", preview=None)
    app.button(key="discard").click().run()
    assert app.session_state["proposal"] is None
    assert gg.open_county(small_county).version == 1


def call(script: Callable[..., None], **given: Any) -> AppTest:
    """Run a function as a page."""
    app = AppTest.from_function(script, kwargs=given, default_timeout=60)
    app.run()
    assert not app.exception, app.exception
    return app


@pytest.mark.usefixtures("small_county")
@pytest.mark.parametrize(
    ("event", "wanted"),
    [
        ({"type": "merge", "codes": [A, B]}, "merge"),
        ({"type": "paint", "cells": [1], "to": B}, "paint"),
        ({"type": "merge", "codes": [A]}, None),
        ({"type": "split", "line": [[118.0, 25.0], [118.0, 25.1]]}, None),
        ({"type": "split", "line": [[118.0, 25.0]]}, None),
    ],
)
def test_gestures_arrive_as_events(event: dict[str, Any], wanted: str | None) -> None:
    def page(event: dict) -> None:  # type: ignore[type-arg]
        import streamlit as st

        from app_pages import bench, state
        from app_pages.desk import the_desk

        state.prepare()
        st.session_state.level = "unit"
        bench.take(the_desk(), {**event, "n": 7})

    app = call(page, event=event)
    found = app.session_state["proposal"]
    assert (found.kind if found else None) == wanted
    assert (app.session_state["problem"] is None) == (wanted is not None)
    assert app.session_state["ack"] == 7


@pytest.mark.usefixtures("small_county")
def test_a_line_means_the_selected_grid_else_the_one_that_holds_most() -> None:
    plan, frame = the_desk().plan, the_desk().frame("unit")[1]
    west, south, east, north = plan.outline.bounds
    line = {"type": "split", "line": drawn_line(west - 5, (south + north) / 2 + 20, east + 5, (south + north) / 2 + 20)}
    edit, notes = gestures.propose(plan, frame, line, (B,))
    assert edit.command["split"] == B
    assert A in notes[0][0]
    assert A in notes[0][1]
    with pytest.raises(EditError) as caught:
        gestures.propose(plan, frame, {"type": "split", "line": drawn_line(0, 0, 10, 10)}, ())
    assert caught.value.zh.endswith("。")


@pytest.mark.usefixtures("small_county")
def test_a_snapped_end_that_stops_just_short_is_drawn_on() -> None:
    polygon = the_desk().frame("unit")[1].geometry[B]
    west, south, east, north = polygon.bounds
    short = shapely.LineString([((west + east) / 2 + 20, north - 0.01), ((west + east) / 2 + 20, south + 0.01)])
    long = gestures.reaching(short, polygon)
    assert long.length > short.length + 1
    inside = shapely.LineString([(west + 120, north - 60), (west + 130, north - 70)])
    assert gestures.reaching(inside, polygon).equals(inside)


@pytest.mark.usefixtures("small_county")
@pytest.mark.parametrize(("typed", "found"), [("001002", B), (C, C), ("第3网格", C), ("没有", None), ("999", None)])
def test_search_goes_to_a_grid(typed: str, found: str | None) -> None:
    app = run()
    app.text_input(key="search").set_value(typed).run()
    assert not app.exception
    assert app.session_state["selected"] == ((found,) if found else ())
    assert (typed in text_of(app)) or found
    assert (app.session_state["goto"] is None) == (found is None)


@pytest.mark.usefixtures("small_county")
def test_checks_page() -> None:
    app = run("checks_page.py")
    assert "gg-clear" in text_of(app) or "gg-warnings" in text_of(app) or "gg-errors" in text_of(app)


@pytest.mark.usefixtures("small_county")
def test_incidents_page_without_incidents() -> None:
    assert word("no_incidents_at_all", "zh") in text_of(run("incidents_page.py"))


@pytest.mark.usefixtures("small_county")
def test_export_page_names_level_version_and_datum() -> None:
    app = run("export_page.py", datum="bd09")
    assert "偏移坐标" in text_of(app)
    found = app.get("download_button")
    assert any("350526_unit_v1_bd09.geojson" in str(b.proto.label) for b in found)


def test_a_file_that_is_no_county_is_one_plain_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import streamlit as st

    wrong = tmp_path / "wrong.gpkg"
    wrong.write_text("not a county")
    monkeypatch.setenv("GRIDGIS_COUNTY", str(wrong))
    st.cache_resource.clear()
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    assert not app.exception
    assert "wrong.gpkg" in text_of(app)
    assert "Traceback" not in text_of(app)


def test_words_have_both_languages() -> None:
    for key, (zh, en) in WORDS.items():
        assert bool(zh) == bool(en) or key.startswith("unit_"), key
        assert zh.count("{") == en.count("{"), key


def test_state_is_choices_only(small_county: Path) -> None:
    import pandas as pd

    assert small_county.exists()
    app = run(selected=(A,))
    for key, _ in state.DEFAULTS:
        assert not isinstance(app.session_state[key], (pd.DataFrame, gg.Plan, gg.County)), key
