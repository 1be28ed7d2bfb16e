"""The page for paper and the emergency's tasks, as Streamlit runs them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
import streamlit as st

import gridgis as gg
from app_pages import print_tools
from app_pages.desk import the_desk
from gridgis import emergency
from gridgis.print.reports import KINDS
from layers.geojson import to_degrees
from tests.app.test_pages import run, text_of
from tests.crew import A, crewed
from tests.drawn import EPSG, area


@pytest.fixture
def crew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = crewed(tmp_path / "crew.gpkg")
    monkeypatch.setenv("GRIDGIS_COUNTY", str(path))
    st.cache_resource.clear()
    return path


@pytest.mark.usefixtures("crew")
@pytest.mark.parametrize(("kind", "keys"), [("signs", 3), ("atlas", 1), ("form", 0), ("report", 1)])
def test_each_paper_is_offered(kind: str, keys: int) -> None:
    app = run("print_page.py", print_kind=kind)
    assert len(app.get("download_button")) == keys
    assert ("只有一个版本" in text_of(app)) is (kind == "form")


@pytest.mark.usefixtures("crew")
@pytest.mark.parametrize("kind", KINDS)
def test_each_report_is_offered(kind: str) -> None:
    app = run("print_page.py", print_kind="report", print_report=kind)
    assert not app.exception
    assert len(app.get("download_button")) == 1


def test_all_boards_of_a_township_come_in_one_archive(crew: Path) -> None:
    desk = the_desk()
    codes = desk.plan.codes("unit")
    archive = zipfile.ZipFile(io.BytesIO(print_tools.packed(print_tools.studio(desk, "zh"), codes)))
    assert archive.namelist() == [f"{c}.pdf" for c in codes]
    assert len(pypdfium2.PdfDocument(archive.read(f"{A}.pdf"))) == 1
    assert crew.exists()


@pytest.fixture
def danger(crew: Path) -> Callable[[], dict[str, Any]]:
    assert crew.exists()
    ring = to_degrees(area((0.5, 0.5), (4.5, 0.5), (4.5, 1.5), (0.5, 1.5)), EPSG).exterior.coords
    return lambda: {"mode": "emergency", "danger": ("area", tuple((x, y) for x, y in ring), 1), "level": "unit"}


def test_an_emergency_is_begun_reported_on_and_ended_in_the_app(crew: Path, danger: Callable[[], dict[str, Any]]) -> None:
    app = run("map_page.py", alarm_name="内涝", author="值班员", **danger())
    app.button(key="alarm_begin").click().run()
    assert not app.exception
    app.selectbox(key="alarm_status").select("done").run()
    app.button(key="alarm_report").click().run()
    assert app.button(key="alarm_end").disabled
    app.checkbox(key="alarm_anyway").check().run()
    app.button(key="alarm_end").click().run()
    assert not app.exception
    with gg.open_county(crew) as county:
        (one,) = emergency.emergencies(county)
    assert one.name == "内涝"
    assert one.ended
    assert len(one.open_tasks) == 1
    assert {s["by"] for s in one.log} == {"值班员"}
