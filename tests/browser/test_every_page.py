"""Every page in both languages at two sizes, and the public page on a phone: photographed, and asked what `looking` asks."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import shapely

import gridgis as gg
from app_pages.shell import PAGES
from tests.browser import looking
from tests.browser.conftest import running_app

pytestmark = pytest.mark.long
SIZES = ((1440, 900), (1920, 1080))


@pytest.fixture(scope="module")
def county(demo_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the demo county after two edits, so that there is a history to look at."""
    path = Path(shutil.copyfile(demo_file, tmp_path_factory.mktemp("every") / "county.gpkg"))
    with gg.open_county(path) as opened:
        first, second = opened.figures("unit")["households"].sort_values().index[-2:]
        for code, by, why in ((first, "林晓", "小区交付，户数超出规模"), (second, "王芳", "")):
            west, south, east, north = opened.plan.grid_geometry(code).bounds
            line = shapely.LineString([(west - 5, (south + north) / 2), (east + 5, (south + north) / 2)])
            opened.apply(gg.split(opened.plan, code, line), by=by, reason=why)
    return path


@pytest.fixture(scope="module")
def app(county: Path) -> Iterator[str]:
    """Return the address of an app on that county."""
    with running_app(county, county.with_name("app.log")) as address:
        yield address


@pytest.fixture(scope="module")
def data(county: Path) -> str:
    return looking.data_of(county)


@pytest.mark.parametrize("size", SIZES, ids=lambda s: str(s[0]))
@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("which", [key for key, _, _ in PAGES])
def test_page(desk: Any, data: str, which: str, lang: str, size: tuple[int, int]) -> None:
    desk.page.set_viewport_size({"width": size[0], "height": size[1]})
    desk.page.goto(f"{desk.address}/{'' if which == 'map' else which}?lang={lang}")
    looking.rest(desk)
    looking.judge(desk, f"page_{which}_{lang}_{size[0]}", lang, data)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_phone(desk: Any, data: str, lang: str) -> None:
    page = desk.page
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{desk.address}/where?lang={lang}")
    page.locator("#map .leaflet-control-scale").wait_for()
    page.locator("#map canvas").wait_for(state="attached")
    looking.judge(desk, f"phone_where_{lang}", lang, data)
    page.locator("#q").fill("凤池")
    page.locator("#ask button[type=submit]").click()
    page.locator("#hits button").first.click()
    page.locator("#card .code").wait_for()
    looking.judge(desk, f"phone_where_found_{lang}", lang, data)
