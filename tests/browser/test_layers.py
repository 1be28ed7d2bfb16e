"""The map's layers in a browser: tiles of the e-map, an earlier version laid over, side by side, links, a file to look at."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import shapely
from playwright.sync_api import expect

import gridgis as gg
from layers.geojson import to_degrees
from tests.browser.conftest import running_app
from tests.browser.test_pages import CHINESE, WORD
from tests.browser.test_plan import together, view

CODE = "350526100012001"
RESTS = "[data-testid=stApp][data-test-script-state=notRunning]"


@pytest.fixture(scope="module")
def app(demo_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of an app on the demo county with a second version, in which a grid was split."""
    folder = tmp_path_factory.mktemp("layers")
    county = Path(shutil.copyfile(demo_file, folder / "county.gpkg"))
    with gg.open_county(county) as found:
        west, south, east, north = found.plan.grid_geometry(CODE).bounds
        line = shapely.LineString([((west + east) / 2, south - 9), ((west + east) / 2, north + 9)])
        found.apply(gg.split(found.plan, CODE, line), by="张三", reason="试验")
    with running_app(county, folder / "app.log") as address:
        yield address


@pytest.fixture(scope="module")
def place(demo_file: Path) -> tuple[float, float]:
    """Return latitude and longitude of a place in the grid."""
    with gg.open_county(demo_file) as found:
        at = to_degrees(found.plan.grid_geometry(CODE).representative_point(), found.crs)
    return round(at.y, 5), round(at.x, 5)


def link(place: tuple[float, float], zoom: float) -> str:
    """Return a link to the grid from near."""
    return f"code={CODE}&at={place[0]:.5f},{place[1]:.5f},{zoom}"


def test_a_link_opens_tiles_of_the_emap_and_an_earlier_version(desk: Any, place: tuple[float, float]) -> None:
    asked = link(place, 16.5)
    desk.open(f"?{asked}&layers=grids:50&version=1")
    # The e-map is drawn before any other base is named, and `outside` fails on any request that leaves this machine.
    desk.body("[data-emap*='network:'][data-emap*='buildings:']:not([data-emap*=':0'])")
    desk.body(":not([data-names='0'])[data-names]")
    desk.body("[data-extras='earlier']")
    legend = desk.map.locator(".legend")
    expect(legend).to_contain_text("版本 1 的界线")
    expect(desk.page.locator(".st-key-panel .gg-code").first).to_have_text(CODE)
    assert desk.js("() => GridGIS.map.getZoom()") == 16.5
    # The boundary that has come since is no boundary of version 1; moving the map moves the address.
    desk.js("() => { GridGIS.map.panBy([120, 0], {animate: false}); }")
    desk.page.wait_for_url(lambda url: f"code={CODE}" in url and "at=" in url and asked.split("&at=")[1] not in url)
    assert "version=1" in desk.page.url
    assert "layers=grids:50,earlier" in desk.page.url
    assert WORD.findall(legend.inner_text()) == []
    desk.map.locator(".lay-button").click()
    desk.map.locator("[data-deed=lay_link]").click()
    assert desk.body("[data-copied]").get_attribute("data-copied") == desk.page.url
    desk.map.locator(".lay-row input[name=places]").check()
    desk.body("[data-extras='earlier places']")
    expect(legend).to_contain_text("学校 · 118")
    desk.shot("70_layers_zh")
    desk.map.locator(".lay-row input[name=earlier]").uncheck()
    desk.body("[data-extras='places']")
    expect(legend).not_to_contain_text("版本 1 的界线")


def test_side_by_side_maps_move_together(desk: Any, place: tuple[float, float]) -> None:
    page = desk.page
    desk.open(f"?{link(place, 15)}")
    page.locator(RESTS).wait_for()
    desk.map.locator(".lay-button").click()
    desk.map.locator("[data-deed=lay_compare]").click()
    frames = page.locator("iframe.gridgis-map")
    expect(frames).to_have_count(2)
    for side, grids in ((0, "618"), (1, "619")):
        at = page.frame_locator("iframe.gridgis-map").nth(side).locator(f"body[data-grids='{grids}'][data-linked=compare][data-trace^='only:']")
        at.wait_for(state="attached")
    # A map that is put up anew while the page still runs is another document.
    page.locator(RESTS).wait_for()
    left, right = (frames.nth(k).element_handle().content_frame() for k in (0, 1))
    together(left, right)
    before = view(left)
    box = frames.first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 90, y - 60, steps=4)
    page.mouse.up()
    left.wait_for_function("b => Math.abs(GridGIS.map.getCenter().lng - b) > 1e-6", arg=before[1])
    together(left, right)
    page.locator(RESTS).wait_for()
    desk.shot("71_compare_zh")
    page.locator(".st-key-compare_end button").click()
    expect(frames).to_have_count(1)
    desk.wait_map()


def test_a_file_is_laid_over_the_map_in_english(desk: Any, place: tuple[float, float], tmp_path: Path) -> None:
    page = desk.page
    desk.open(f"?lang=en&{link(place, 15)}&colour=nothing")
    expect(page.locator(".gg-notice")).to_contain_text("there is no colouring nothing")
    page.locator(RESTS).wait_for()
    lat, lon = place
    path = tmp_path / "net.geojson"
    ring = [[lon, lat], [lon + 0.01, lat], [lon + 0.01, lat + 0.01], [lon, lat]]
    path.write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}), encoding="utf-8")
    desk.map.locator(".lay-button").click()
    desk.map.locator("[data-deed=lay_open_file]").click()
    page.locator(".st-key-overlay_upload input[type=file]").set_input_files(path)
    desk.map.locator(".lay-row input[name='file:1']").check()
    desk.body("[data-extras='file:1']")
    legend = desk.map.locator(".legend")
    expect(legend).to_contain_text("An opened file, to look at only")
    desk.shot("72_layers_en")
    words = "\n".join([legend.inner_text(), desk.map.locator(".lay").inner_text()])
    assert CHINESE.findall(words) == [], words
    assert re.search(r"\bcode=\d+", page.url)
