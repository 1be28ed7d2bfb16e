"""The first start as Streamlit runs it: nothing there, a county made, and only where the process was told."""

from __future__ import annotations

import re
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
import streamlit as st
from streamlit.testing.v1 import AppTest

import gridgis as gg
from app_pages import foundingdesk
from app_pages.desk import county_place
from app_pages.foundingdesk import Outline, Wanted
from app_pages.matchdesk import Upload
from app_pages.words import word
from tests.app.test_pages import ROOT, text_of
from tests.drawn import EAST, EPSG, NORTH


@pytest.fixture
def nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder that the app is told of."""
    monkeypatch.setenv("GRIDGIS_COUNTY", str(tmp_path))
    st.cache_resource.clear()
    return tmp_path


def outline(folder: Path, *, kind: str = "polygon") -> Upload:
    square = shapely.box(EAST, NORTH - 4000, EAST + 6000, NORTH)
    shape = square if kind == "polygon" else square.centroid
    path = folder / "outline.geojson"
    gpd.GeoDataFrame({"name": ["x"]}, geometry=[shape], crs=EPSG).to_crs(4326).to_file(path)
    data = path.read_bytes()
    path.unlink()
    return Upload.of("县界.geojson", data)


def app_of(lang: str = "zh", **choices: object) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    app.query_params["lang"] = lang
    for key, value in choices.items():
        app.session_state[key] = value
    return app.run()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_an_empty_folder_offers_a_demo_or_ones_own(nothing: Path, lang: str) -> None:
    app = app_of(lang)
    assert not app.exception
    assert word("first_title", lang) in text_of(app)
    assert app.button(key="first_demo_do").label == word("first_demo_do", lang)
    assert str(nothing / "county.gpkg") in text_of(app)
    assert list(nothing.iterdir()) == []


def test_the_place_is_that_of_the_process_and_no_other(nothing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert county_place() == str(nothing / "county.gpkg")
    monkeypatch.setenv("GRIDGIS_COUNTY", str(nothing / "ours.gpkg"))
    assert county_place() == str(nothing / "ours.gpkg")
    app = app_of()
    labels = [f.label for f in app.text_input]
    assert labels == [word("first_code", "zh", n=6), word("first_name", "zh")], "no field takes a path"


def test_an_outline_is_told_and_then_founded(nothing: Path) -> None:
    wanted = Wanted(outline(nothing), "generic", "350526", "试验县")
    found = foundingdesk.tried(wanted)
    assert isinstance(found, Outline)
    assert found.area_m2 == pytest.approx(24e6, rel=1e-3)
    assert (found.parts, found.epsg) == (1, EPSG)
    assert foundingdesk.picture(found).startswith("data:image/svg+xml;base64,")
    assert list(nothing.iterdir()) == [], "a trial writes nothing"
    job = foundingdesk.begin_own(wanted, found)
    job.wait(60)
    assert job.problem is None
    with gg.open_county(nothing / "county.gpkg") as county:
        assert (county.meta["name"], county.code, county.scheme.name) == ("试验县", "350526", "generic")
    assert [p.name for p in nothing.iterdir()] == ["county.gpkg"]
    again = foundingdesk.begin_own(wanted, found)
    again.wait(60)
    assert again.problem is not None, "a county is never written over"

    # The session that made it goes on to the page that comes next; the notice says so.
    app = app_of(first_job=job, first_kind="grids", first_upload=wanted.upload)
    assert not app.exception
    assert word("first_made_grids", "zh") in text_of(app)
    assert app.session_state["import_upload"].name == "县界.geojson"


@pytest.mark.parametrize(("code", "kind"), [("35", "polygon"), ("35052x", "polygon"), ("350526", "point")])
def test_what_cannot_be_founded_is_a_sentence(nothing: Path, code: str, kind: str) -> None:
    found = foundingdesk.tried(Wanted(outline(nothing, kind=kind), "generic", code))
    assert not isinstance(found, Outline)
    zh, en = found
    assert zh.endswith("。")
    assert en.endswith(".")
    assert str(nothing) not in zh + en


def test_a_demo_can_be_cancelled_and_leaves_nothing(nothing: Path) -> None:
    job = foundingdesk.begin_demo("chaisang")
    while job.share == 0 and not job.over:
        job.wait(0.1)
    assert job.words in foundingdesk.STEPS
    job.stop()
    job.wait(60)
    assert job.stopped
    assert list(nothing.iterdir()) == []
    app = app_of(first_job=job, first_kind="demo")
    assert word("first_cancelled", "zh") in text_of(app)


@pytest.mark.long
def test_a_demo_is_made_and_opened(nothing: Path) -> None:
    job = foundingdesk.begin_demo("chaisang")
    job.wait(600)
    assert job.problem is None
    assert [p.name for p in nothing.iterdir()] == ["county.gpkg"]
    app = app_of(first_job=job, first_kind="demo")
    assert not app.exception
    assert word("first_made_demo", "zh") in text_of(app)


def test_a_place_that_cannot_be_is_a_sentence(nothing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDGIS_COUNTY", str(nothing / "missing" / "county.gpkg"))
    job = foundingdesk.begin_demo("dehua")
    job.wait(60)
    assert job.problem is not None
    assert "missing" in job.problem.zh


def test_every_step_of_a_demo_has_an_english_name() -> None:
    text = "".join((ROOT / "gridgis" / "demo" / f"{n}.py").read_text(encoding="utf-8") for n in ("county", "district", "saving"))
    told = set(re.findall(r'tell\([\d.]+, "([^"]+)"\)', text))
    assert told
    assert told <= foundingdesk.STEPS.keys()
