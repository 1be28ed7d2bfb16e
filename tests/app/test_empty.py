"""Every page of a county that holds nothing but its outline: no error, and the way on."""

from __future__ import annotations

from pathlib import Path

import pytest
import shapely
import streamlit as st

from app_pages.shell import PAGES
from app_pages.words import word
from gridgis.founding import new_county
from tests.app.test_pages import run, text_of
from tests.drawn import EAST, EPSG, NORTH

TOLD = {
    "map": "empty_grids_note", "incidents": "no_incidents_at_all", "handling": "case_none_note", "loads": "empty_grids_note",
    "people": "empty_grids_note", "print": "empty_grids_note", "export": "empty_grids_note", "history": "hist_one_note",
}  # fmt: skip


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a county of the generic scheme with no grid in it."""
    path = tmp_path / "bare.gpkg"
    new_county(path, "generic", "350526", shapely.box(EAST, NORTH - 3000, EAST + 3000, NORTH), EPSG, "空县")
    monkeypatch.setenv("GRIDGIS_COUNTY", str(path))
    st.cache_resource.clear()
    return path


@pytest.mark.usefixtures("bare")
def test_no_page_of_an_empty_county_fails() -> None:
    app = run()
    for key, file, _ in PAGES:
        if key != "map":
            app.switch_page(f"app_pages/{file}").run()
        assert not app.exception, (key, app.exception)
        if key in TOLD:
            assert word(TOLD[key], "zh") in text_of(app), key


@pytest.mark.usefixtures("small_county")
def test_a_county_without_people_says_where_they_come_from() -> None:
    assert word("empty_people_note", "zh") in text_of(run("people_page.py"))
