"""Every page on a county that lies in PostGIS, and an edit confirmed there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from sqlalchemy import create_engine, make_url, text

import gridgis as gg
from app_pages.desk import the_desk
from app_pages.shell import PAGES
from app_pages.words import word
from gridgis.store import open_store
from gridgis.store.building import copy_store
from tests.app.test_pages import run, text_of
from tests.happenings import B, C, busy_county

pytestmark = pytest.mark.postgis
SCHEMA = "app_walk"


@pytest.fixture
def county(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Return the address of a county with incidents in PostGIS, which the app will open."""
    source = open_store(busy_county(tmp_path / "busy.gpkg"))
    place = f"{database}&schema={SCHEMA}"
    copy_store(source, place)
    source.close()
    monkeypatch.setenv("GRIDGIS_COUNTY", place)
    st.cache_resource.clear()
    yield place
    the_desk().county.close()
    st.cache_resource.clear()
    engine = create_engine(make_url(database).set(drivername="postgresql+psycopg"))
    with engine.begin() as raw:
        raw.execute(text(f"DROP SCHEMA {SCHEMA} CASCADE"))
    engine.dispose()


def test_every_page_opens_on_postgis_before_an_edit_and_after(county: str) -> None:
    app = run()
    with the_desk().quiet() as opened:
        opened.apply(gg.merge(opened.plan, [B, C]), by="林晓", reason="合并试点")
    for key, file, _ in PAGES:
        app.switch_page(f"app_pages/{file}").run()
        assert not app.exception, (key, app.exception)
    assert word("set_keep_database", "zh") in text_of(app)
    app.switch_page("app_pages/map_page.py").run()
    app.button(key="undo").click().run()
    assert not app.exception
    with gg.open_county(county) as again:
        assert again.version == 3
        assert {B, C} <= set(again.plan.grids)
