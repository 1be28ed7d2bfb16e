"""Workload, alerts and population sources as Streamlit runs them, and the incidents on the grids of another version."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
import rasterio
import streamlit as st

import gridgis as gg
from app_pages import historydesk, incidentdesk, loadsdesk, past
from app_pages.desk import the_desk
from app_pages.words import word
from gridgis import analysing, bringing
from gridgis.io.asking import Options
from gridgis.overlays.incidents import Wish
from gridgis.overlays.workload import evenness
from tests.app.test_pages import run, text_of
from tests.crew import crewed
from tests.drawn import EAST, EPSG, NORTH
from tests.happenings import A, B, C, busy_county


@pytest.fixture
def busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = busy_county(tmp_path / "busy.gpkg")
    monkeypatch.setenv("GRIDGIS_COUNTY", str(path))
    st.cache_resource.clear()
    return path


@pytest.fixture
def wet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a county with people, and with rain of 90 mm in one corner, else 10."""
    path, file = crewed(tmp_path / "crew.gpkg"), tmp_path / "rain.tif"
    values = np.full((3, 6), 10, dtype="float32")
    values[0, 3] = 90
    profile = {"driver": "GTiff", "height": 3, "width": 6, "count": 1, "dtype": "float32", "nodata": -1, "crs": EPSG}
    with rasterio.open(file, "w", **profile, transform=rasterio.Affine(100, 0, EAST, 0, -100, NORTH)) as out:
        out.write(values, 1)
    with gg.open_county(path) as county:
        bringing.bring(county, file, Options("raster", {"kind": "rainfall", "unit": "mm"}, source="气象局"))
    monkeypatch.setenv("GRIDGIS_COUNTY", str(path))
    st.cache_resource.clear()
    return path


def english(**choices: Any) -> str:
    """Run the page in English; return what it says."""
    app = run("loads_page.py", **choices)
    app.session_state["lang"] = "en"
    app.run()
    assert not app.exception, app.exception
    return text_of(app)


@pytest.mark.usefixtures("busy")
def test_workload_is_that_of_the_core_in_every_table_and_colour() -> None:
    app = run("loads_page.py")
    with the_desk().quiet() as county:
        found = analysing.load(county, "unit", analysing.study(county))
    assert f"<dd>{evenness(found).loc['', 'gini']:,.3f}</dd>" in text_of(app)
    assert "Gini of the county" in english(load_table="evenness", load_colour="proposed", load_period="days_90")


def test_weights_are_tried_at_once_and_kept_in_the_scheme(busy: Path) -> None:
    app = run("loads_page.py")
    before = text_of(app)
    assert app.button(key="load_save").disabled
    app.number_input(key="load_w_households").set_value(0.0).run()
    assert text_of(app) != before
    with gg.open_county(busy) as county:
        assert county.scheme.workload.households == 0.4, "a trial keeps nothing"
    app.button(key="load_save").click().run()
    assert not app.exception
    assert word("load_saved", "zh") in text_of(app)
    with gg.open_county(busy) as county:
        assert county.scheme.workload.households == 0
    app.number_input(key="load_w_lower").set_value(9.0).run()
    assert "gg-problem" in text_of(app)
    assert app.button(key="load_save").disabled


@pytest.mark.usefixtures("busy")
def test_every_table_has_its_chart_and_its_map_in_the_classes_chosen() -> None:
    app = run("loads_page.py")
    desk = the_desk()
    st.session_state["load_period"], st.session_state["load_colour"], st.session_state["level"] = "days_all", "workload", "unit"
    told = loadsdesk.workload(desk, "unit", desk.scheme.workload)
    assert set(told.views) == set(told.tables)
    assert all(view.colours and view.rows for view in told.views.values())
    assert {c: set(told.views[c].colours) for c in told.views} == {name: {A, B, C} for name in told.views}
    assert told.views["workload"].chart
    assert told.views["evenness"].chart
    before = text_of(app)
    app.selectbox(key="classing").set_value("equal").run()
    assert not app.exception
    assert app.session_state["classing"] == "equal"
    assert text_of(app) == before, "classes colour, and change no figure"
    assert loadsdesk.picture(desk, "unit", told.views["evenness"], None)["figure"]["values"].keys() == {A, B, C}


@pytest.mark.usefixtures("wet")
def test_a_limit_lists_the_grids_and_whom_to_call() -> None:
    app = run("loads_page.py", load_part="alerts")
    assert app.selectbox(key="alert_raster").options == ["降雨 · rain（mm）"]
    assert app.number_input(key="alert_limit").value == 10.0, "a tenth of the raster is beyond it"
    app.number_input(key="alert_limit").set_value(None).run()
    assert word("alert_ask", "zh") in text_of(app)
    app.number_input(key="alert_limit").set_value(50.0).run()
    assert not app.exception
    assert "<dd>1 个网格</dd>" in text_of(app)
    app.number_input(key="alert_limit").set_value(500.0).run()
    assert word("alert_calm", "zh") in text_of(app)
    assert "<dd>4 grids</dd>" in english(load_part="alerts", alert_limit=50.0, alert_side="below", alert_measure="mean", alert_table="calls")


def test_sources_that_differ_colour_their_grids(busy: Path, tmp_path: Path) -> None:
    with gg.open_county(busy) as county:
        for name, persons in (("register", 108), ("survey", 150)):
            file = tmp_path / f"{name}.csv"
            file.write_text(f"code,persons\n{A},{persons}\n", encoding="utf-8")
            bringing.bring(county, file, Options("population", source=name, as_of="2026-01-01"))
    app = run("loads_page.py", load_part="sources")
    assert f"<dt>{word('source_most', 'zh')}</dt><dd>28.0" in text_of(app)
    assert "Greatest difference" in english(load_part="sources", source_table="sources")


@pytest.mark.usefixtures("busy")
def test_the_workbook_holds_the_tables_in_one_language() -> None:
    run("loads_page.py")
    desk = the_desk()
    with desk.quiet() as county:
        found = analysing.load(county, "unit", analysing.study(county))
    told = loadsdesk.Told({"workload": found, "evenness": evenness(found)}, [], {})
    book = openpyxl.load_workbook(io.BytesIO(loadsdesk.workbook(desk, told, "en")))
    assert book.sheetnames == ["Workload", "Evenness"]
    assert {row[0] for row in book["Workload"].iter_rows(min_row=2, values_only=True)} == {A, B, C}


def test_another_version_bins_the_same_incidents_anew(busy: Path) -> None:
    with gg.open_county(busy) as county:
        county.apply(gg.merge(county.plan, [B, C]))
    app = run("incidents_page.py", show_as="as_grids", period="days_all")
    assert ">400 件<" in text_of(app)
    app.selectbox(key="plan_version").set_value(1).run()
    assert not app.exception
    assert ">400 件<" in text_of(app)
    assert word("plan_version_told", "zh", n=1, now=2) in text_of(app)
    desk = the_desk()
    old = past.Past(desk, 1)
    now, then = (incidentdesk.grids_of(d, Wish(), "unit")["reported"] for d in (desk, old))
    assert set(then.index) == {A, B, C}
    assert set(now.index) < {A, B, C}
    assert now.sum() == then.sum() == 400
    rows = {r[0]: r[5] for r in historydesk.grid_rows(desk, historydesk.told(desk, 1, 2))}
    kept = next(c for c in (B, C) if c in now.index)
    assert rows[kept] == f"{then[kept]} → {then[B] + then[C]}", "before and after of the edit, on the same history"
    whole, item = past.meant(desk, desk.item(old.token("grids", "unit", 1)))
    assert (whole.version, item) == (1, ("grids", "unit", 1))
    assert whole.layer(item) != desk.layer(("grids", "unit", 2))
    app.switch_page("app_pages/checks_page.py").run()
    app.switch_page("app_pages/incidents_page.py").run()
    assert app.session_state["plan_version"] == 1
