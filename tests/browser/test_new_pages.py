"""The first start, history and settings in a browser, with pictures; every page of a small county in one language."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely

import gridgis as gg
from tests.browser import looking
from tests.browser.conftest import Desk, running_app
from tests.browser.test_axe import AXE, RUN, THEIRS
from tests.drawn import EAST, EPSG, NORTH, at
from tests.happenings import B, C, busy_county

SEEN = (("history", "zh"), ("settings", "en"), ("loads", "zh"), ("history", "en"), ("settings", "zh"))
"""What CI looks at; `make long` looks at every page in both languages and two sizes."""


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small county with incidents and two versions."""
    path = busy_county(tmp_path_factory.mktemp("busy") / "busy.gpkg")
    with gg.open_county(path) as opened:
        opened.apply(gg.merge(opened.plan, [B, C]), by="林晓", reason="合并试点")
    return path


@pytest.fixture(scope="module")
def app(county: Path) -> Iterator[str]:
    """Return the address of an app on the small county."""
    with running_app(county, county.with_name("app.log")) as address:
        yield address


@pytest.mark.parametrize(("which", "lang"), SEEN)
def test_a_page_is_calm_and_legible(desk: Desk, county: Path, which: str, lang: str) -> None:
    desk.page.goto(f"{desk.address}/{which}?lang={lang}")
    looking.rest(desk)
    looking.judge(desk, f"small_{which}_{lang}", lang, looking.data_of(county))
    if AXE.is_file() and lang == "zh":
        desk.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = desk.page.evaluate(RUN, "[data-testid=stMain]")
        assert [v for v in found if not v.startswith(THEIRS)] == []


def test_boxes_would_be_seen(desk: Desk) -> None:
    desk.page.goto(f"{desk.address}/settings")
    looking.rest(desk)
    desk.page.evaluate("() => { document.querySelector('[data-testid=stMain] h4').textContent += '\\u0379'; }")
    assert desk.page.evaluate(looking.BOXES)[0] == "\u0379"
    assert looking.left_over("县区 County 德化 GeoJSON", "zh", "德化") == ["County"]
    assert looking.left_over("县区 County 德化", "en", "德化") == ["县区"]


def test_a_first_start_founds_a_county_and_goes_on(page: Any, tmp_path: Path) -> None:
    outline = tmp_path / "县界.geojson"
    shape = shapely.union(shapely.box(EAST, NORTH - 4000, EAST + 6000, NORTH), shapely.Point(at(0, 0)).buffer(900))
    gpd.GeoDataFrame({"name": ["x"]}, geometry=[shape], crs=EPSG).to_crs(4326).to_file(outline)
    home = tmp_path / "home"
    home.mkdir()
    with running_app(home, tmp_path / "app.log") as address:
        desk = Desk(page, address)
        page.goto(f"{address}/?lang=en")
        looking.rest(desk)
        looking.judge(desk, "first_en", "en", "")
        page.goto(f"{address}/?lang=zh")
        looking.rest(desk)
        page.locator("input[type=file]").set_input_files(outline)
        page.get_by_text("请填写 6 位县区编码。").wait_for()
        page.get_by_label("县区编码").fill("350526")
        page.get_by_label("县区编码").press("Enter")
        page.locator("img.gg-outline").wait_for()
        looking.rest(desk)
        looking.judge(desk, "first_told_zh", "zh", "")
        page.get_by_role("button", name="建立县区").click()
        page.get_by_text("县区已建立。").wait_for()
        looking.rest(desk)
        looking.judge(desk, "first_made_zh", "zh", "")
        assert [p.name for p in home.glob("*.gpkg")] == ["county.gpkg"]
        assert not desk.errors, desk.errors
