"""Redrawing with the mouse: new runs, junctions, holes, new grids, many at once, along a road; all on a small county."""

from __future__ import annotations

from collections.abc import Iterator

import geopandas as gpd
import numpy as np
import pytest
import shapely
from playwright.sync_api import expect

from layers.geojson import to_degrees
from tests.browser.conftest import Desk, running_app
from tests.drawn import EPSG, at, code_of, drawn_county, line

DRAWING = """
AAAABBBB
AAAABBBB
AAAABBBB
CCCCDDDD
CCCCDDDD
CC..DDDD
aaaabbbb
"""
A, B, C, D = (str(code_of(x)) for x in "ABCD")
# A road that bows from the boundary of A and B into B and back: a new run along it needs two clicks.
ROAD = line((4, 0.5), (4.8, 0.9), (5.2, 1.5), (4.8, 2.1), (4, 2.5))


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of an app on the small county."""
    folder = tmp_path_factory.mktemp("redraw")
    roads = gpd.GeoDataFrame({"id": ["r1"], "name": ["弯路"]}, geometry=[ROAD], crs=EPSG)
    path = drawn_county(folder / "small.gpkg", DRAWING, more={"roads": roads})
    with running_app(path, folder / "app.log") as address:
        yield address


def spot(column: float, row: float) -> list[float]:
    """Return a place of the drawing, latitude first."""
    lon, lat = shapely.get_coordinates(to_degrees(shapely.Point(at(column, row)), EPSG))[0]
    return [float(lat), float(lon)]


def start(desk: Desk) -> int:
    """Open the map on the whole county and return its version."""
    desk.open()
    desk.js("b => { GridGIS.map.fitBounds(b, {animate: false, padding: [90, 60]}); }", [spot(0, 7), spot(8, 0)])
    return int(desk.js("() => document.body.dataset.version"))


def path(desk: Desk, *places: tuple[float, float]) -> None:
    """Click through places and end with a double click."""
    for place in places[:-1]:
        desk.click(spot(*place))
    desk.click(spot(*places[-1]), double=True)


def confirm_and_back(desk: Desk, version: int, *, shot: str = "") -> None:
    """Confirm the proposal, look, and undo it."""
    if shot:
        desk.shot(shot)
    desk.page.get_by_role("button", name="确认变更").click()
    desk.body(f'[data-version="{version + 1}"]')
    desk.map.locator("body").press("Control+z")
    desk.body(f'[data-version="{version + 2}"]')


def drag(desk: Desk, here: tuple[float, float], there: tuple[float, float]) -> None:
    """Drag from place to place."""
    x, y = desk.point(spot(*here))
    desk.page.mouse.move(x, y, steps=2)
    desk.page.mouse.down()
    x, y = desk.point(spot(*there))
    desk.page.mouse.move(x, y, steps=8)
    desk.page.wait_for_timeout(350)
    desk.page.mouse.up()


HOLD = "() => { GridGIS.through = GridGIS.send; GridGIS.send = (e) => { if (e.type !== 'begin') GridGIS.held = e; }; }"
RELEASE = "() => { GridGIS.send = GridGIS.through; GridGIS.send(GridGIS.held); }"
SHAPES = """() => Object.fromEntries(Object.values(GridGIS.map._layers).filter((l) => l.feature && l.options.pane === 'preview')
  .map((l) => [l.feature.properties.code, l.feature.geometry]))"""
SAVED = "codes => Object.fromEntries(codes.map((c) => [c, GridGIS.grids.byCode.get(c).feature.geometry]))"
MARKED = "() => GridGIS.map.getPane('preview').querySelectorAll('path[data-first]').length"


def test_painted_before_the_page_has_heard_of_it_and_saved_as_painted(desk: Desk) -> None:
    version = start(desk)
    # Nothing reaches the page: what is painted comes by the map's own question.
    desk.js(HOLD)
    desk.tool("split")
    path(desk, (2, -0.5), (2, 3.5))
    desk.body('[data-preview="2"]')
    painted = desk.js(SHAPES)
    assert len(painted) == 2
    desk.js("() => GridGIS.map.getPane('preview').querySelectorAll('path').forEach((p) => { p.dataset.first = '1'; })")
    assert desk.page.get_by_role("button", name="确认变更").count() == 0
    assert desk.js("() => GridGIS.held.type") == "split"
    desk.js(RELEASE)
    desk.page.get_by_role("button", name="确认变更").wait_for()
    desk.page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    assert desk.js(MARKED) == 2, "the same picture is not drawn again"
    desk.page.get_by_role("button", name="确认变更").click()
    desk.body(f'[data-version="{version + 1}"]')
    assert desk.js(SAVED, sorted(painted)) == painted
    desk.map.locator("body").press("Control+z")
    desk.body(f'[data-version="{version + 2}"]')


def test_refused_before_the_page_has_heard_of_it(desk: Desk) -> None:
    start(desk)
    desk.js(HOLD)
    desk.tool("reshape")
    path(desk, (5, 6), (6, 6.5), (7, 6))
    desk.body('[data-refused="1"]')
    early = desk.map.locator(".refusal").inner_text()
    assert "点地图上方的锁" in early
    assert desk.page.locator(".gg-problem").count() == 0
    desk.js(RELEASE)
    expect(desk.page.locator(".gg-problem")).to_contain_text("锁定")
    assert desk.map.locator(".refusal").inner_text() == early
    desk.map.locator("body").press("Escape")
    desk.body('[data-refused=""]')


def test_a_new_run_with_live_figures(desk: Desk) -> None:
    version = start(desk)
    desk.tool("reshape")
    desk.click(spot(4, 0.5))
    desk.click(spot(5, 1.5))
    # While the cursor rests on the end that would close the run, the figures stand on the map.
    x, y = desk.point(spot(4, 2.5))
    desk.page.mouse.move(x, y, steps=4)
    desk.body('[data-live="2"]')
    expect(desk.map.locator(".live")).to_contain_text(A)
    desk.shot("70_reshape_live")
    desk.click(spot(4, 2.5), double=True)
    desk.body('[data-preview="2"]')
    confirm_and_back(desk, version, shot="71_reshape_proposed")


def test_along_a_road_with_one_click_per_corner(desk: Desk) -> None:
    version = start(desk)
    desk.tool("reshape")
    desk.map.locator("body").press("t")
    desk.click(spot(4, 0.5))
    desk.click(spot(4, 2.5))
    desk.body('[data-traced="1"]')
    desk.shot("72_traced")
    desk.map.locator("body").press("Enter")
    desk.body('[data-preview="2"]')
    desk.page.get_by_role("button", name="确认变更").wait_for()
    gained = desk.js("() => GridGIS.message.preview.after.features[0].geometry.coordinates[0].length")
    assert gained > 10, "the boundary follows the bends of the road"
    confirm_and_back(desk, version)


def test_junction_vertex_in_and_out(desk: Desk) -> None:
    version = start(desk)
    desk.click(spot(2, 1.5))
    expect(desk.page.locator(".gg-code")).to_have_text(A)
    desk.tool("vertex")
    desk.body("[data-handles]:not([data-handles=''])")
    desk.shot("73_handles")
    drag(desk, (4, 3), (4.4, 3.3))
    desk.body('[data-preview="4"]')
    confirm_and_back(desk, version, shot="74_junction")
    desk.tool("vertex")
    drag(desk, (4, 1.5), (3.6, 1.5))
    desk.body('[data-preview="2"]')
    desk.page.get_by_role("button", name="确认变更").click()
    desk.body(f'[data-version="{version + 3}"]')
    desk.tool("vertex")
    x, y = desk.point(spot(3.6, 1.5))
    desk.page.mouse.click(x, y, button="right")
    desk.body('[data-preview="2"]')
    confirm_and_back(desk, version + 3)


def test_hole_new_grid_lock_and_refusal_on_the_map(desk: Desk) -> None:
    version = start(desk)
    desk.tool("split")
    path(desk, (5.3, 4), (6.6, 4), (6.6, 5.3), (5.3, 5.3), (5.3, 4))
    desk.body('[data-preview="2"]')
    confirm_and_back(desk, version, shot="75_hole")
    desk.tool("draw")
    path(desk, (1.9, 4.9), (4.1, 4.9), (4.1, 5.9), (1.9, 5.9))
    desk.body('[data-preview="1"]')
    confirm_and_back(desk, version + 2, shot="76_new_grid")
    # The boundary with the other community is locked: why stands on the map, where it is.
    desk.tool("reshape")
    path(desk, (5, 6), (6, 6.5), (7, 6))
    desk.body('[data-refused="1"]')
    expect(desk.map.locator(".refusal")).to_contain_text("点地图上方的锁")
    expect(desk.page.locator(".gg-problem")).to_contain_text("锁定")
    desk.shot("77_refused_on_the_map")
    desk.map.locator("button[data-lock]").click()
    # Both communities change with the two grids.
    path(desk, (5, 6), (6, 6.5), (7, 6))
    desk.body('[data-preview="4"]')
    confirm_and_back(desk, version + 4)


def test_many_by_box_lasso_and_ctrl_and_filters_of_the_brush(desk: Desk) -> None:
    version = start(desk)
    desk.page.keyboard.down("Shift")
    drag(desk, (-0.3, -0.3), (8.3, 3.2))
    desk.page.keyboard.up("Shift")
    expect(desk.page.locator(".st-key-panel h4").first).to_contain_text("2")
    desk.page.keyboard.down("Control")
    desk.click(spot(1, 4))
    desk.page.keyboard.up("Control")
    expect(desk.page.locator(".st-key-panel h4").first).to_contain_text("3")
    desk.map.locator("body").press("l")
    path(desk, (-0.4, -0.4), (3.9, -0.4), (3.9, 5.8), (-0.4, 5.8))
    expect(desk.page.locator(".st-key-panel h4").first).to_contain_text("2")
    desk.click(spot(1, 4))
    expect(desk.page.locator(".gg-code")).to_have_text(C)
    desk.tool("paint")
    desk.body("[data-cells]")
    desk.map.locator(".hint select").select_option("free")
    drag(desk, (2.5, 4.5), (2.6, 4.6))
    assert desk.js("() => GridGIS.cells.count()") == 0
    drag(desk, (2.5, 5.5), (4.5, 5.5))
    assert desk.js("() => GridGIS.cells.count()") == 2, "only the two cells without a grid are taken"
    desk.map.locator("body").press("Enter")
    desk.body('[data-preview="1"]')
    confirm_and_back(desk, version)


def test_layers_coordinates_and_length(desk: Desk) -> None:
    start(desk)
    desk.map.get_by_role("button", name="图层").click()
    desk.map.locator(".lay-row", has_text="网格着色").locator("input[type=checkbox]").uncheck()
    assert desk.js("() => getComputedStyle(GridGIS.map.getPane('grids')).visibility") == "hidden"
    desk.shot("79_layers")
    x, y = desk.js("p => GridGIS.measure.plane({lat: p[0], lng: p[1]})", spot(5, 3))
    assert np.hypot(x - at(5, 3)[0], y - at(5, 3)[1]) < 0.02, "the readout is in the county's own metres"
    desk.map.locator("body").press("m")
    desk.map.locator(".leaflet-container").click(position={"x": 300, "y": 400})
    desk.map.locator("body").press("m")
    desk.map.get_by_role("button", name="图层").click()
    desk.js("() => GridGIS.measure.toggle()")
    desk.click(spot(1, 1))
    desk.click(spot(4, 1))
    assert abs(float(desk.js("() => document.body.dataset.measured")) - 300) < 3


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_keys_are_listed(desk: Desk, lang: str) -> None:
    desk.open(f"?lang={lang}")
    desk.map.locator("body").press("?")
    sheet = desk.map.locator(".keys.on")
    expect(sheet).to_contain_text("Esc")
    expect(sheet).to_contain_text("锁定" if lang == "zh" else "lock")
    desk.shot(f"78_keys_{lang}")
    desk.map.locator("body").press("Escape")
    expect(sheet).to_have_count(0)
