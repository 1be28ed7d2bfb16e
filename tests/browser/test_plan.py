"""Walks through planning: an area chosen or drawn, divided three ways, compared on linked maps, adopted, traced."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.test_pages import CHINESE, WORD, words_on


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_divide_compare_adopt_and_trace(desk: Any, lang: str) -> None:
    page = desk.page
    desk.open(f"plan?lang={lang}")
    page.locator(".st-key-plan_within input").click()
    page.keyboard.type("浔中村")
    page.get_by_role("option").first.click()
    expect(page.locator(".st-key-plan_within input")).to_have_value(re.compile("浔中村"))
    page.get_by_role("button", name="开始划分" if lang == "zh" else "Propose", exact=True).click()
    rows = page.locator(".gg-table tbody tr")
    rows.nth(2).wait_for(timeout=180_000)
    expect(page.locator(".gg-clear")).to_contain_text("3 个方案" if lang == "zh" else "3 alternatives")
    first = desk.body("[data-trace]:not([data-trace=''])").get_attribute("data-trace")
    desk.shot(f"60_plan_{lang}")
    rows.nth(1).click()
    desk.body(f":not([data-trace='{first}'])[data-trace]:not([data-trace=''])")
    compare(desk, lang)
    page.locator(".st-key-plan_trace button").click()
    expect(page.locator(".st-key-plan_trace")).to_contain_text("取消" if lang == "zh" else "Stop")
    page.locator(".st-key-plan_adopt button").click()
    expect(page.locator(".gg-notice")).to_contain_text("已建立草稿" if lang == "zh" else "The draft")
    desk.shot(f"61_plan_adopted_{lang}")
    left = (WORD if lang == "zh" else CHINESE).findall(words_on(desk).replace("浔中村网格", "").replace("GPKG", ""))
    assert left == [], left
    page.get_by_role("link", name="地图" if lang == "zh" else "Map", exact=True).click()
    desk.wait_map()
    desk.body("[data-trace$=':lines']")
    desk.shot(f"62_plan_traced_{lang}")


def compare(desk: Any, lang: str) -> None:
    """Two alternatives side by side: where one map is moved by hand the other follows, either way, and nothing echoes."""
    page = desk.page
    page.locator(".st-key-plan_pair_begin button").click()
    frames = page.locator("iframe.gridgis-map")
    expect(frames).to_have_count(2)
    for side in (0, 1):
        body = page.frame_locator("iframe.gridgis-map").nth(side).locator("body:not([data-linked=''])[data-trace]:not([data-trace=''])")
        body.wait_for(state="attached")
    left, right = (frames.nth(k).element_handle().content_frame() for k in (0, 1))
    traces = [f.evaluate("() => document.body.dataset.trace") for f in (left, right)]
    assert traces[0] != traces[1], traces
    desk.shot(f"63_plan_pair_{lang}")
    together(left, right)
    for led, leading, following in ((0, left, right), (1, right, left)):
        before = view(leading)
        box = frames.nth(led).bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x - 90, y - 60, steps=4)
        page.mouse.up()
        page.mouse.wheel(0, -240)
        leading.wait_for_function("z => GridGIS.map.getZoom() > z", arg=before[2])
        said = following.evaluate("() => document.body.dataset.led || '0'")
        together(left, right)
        assert view(following)[:2] != pytest.approx(before[:2], abs=1e-6)
        assert following.evaluate("() => document.body.dataset.led || '0'") == said
    words = words_beside(page)
    desk.shot(f"64_plan_pair_moved_{lang}")
    assert (WORD if lang == "zh" else CHINESE).findall(words) == [], words
    page.locator(".st-key-plan_pair_end button").click()
    expect(frames).to_have_count(1)
    desk.body(f"[data-trace='{traces[0]}']")


def view(frame: Any) -> list[float]:
    """Return latitude, longitude and zoom of a map."""
    return frame.evaluate("() => { const c = GridGIS.map.getCenter(); return [c.lat, c.lng, GridGIS.map.getZoom()]; }")


def together(left: Any, right: Any) -> None:
    """Wait until two maps that lie still look at the same place, within two pixels."""
    right.wait_for_function(
        """() => { const [a, b] = [...parent.document.querySelectorAll('iframe.gridgis-map')].map(f => f.contentWindow.GridGIS.map);
        return a.getZoom() === b.getZoom() && a.latLngToContainerPoint(a.getCenter()).distanceTo(a.latLngToContainerPoint(b.getCenter())) < 2; }"""
    )
    assert view(left)[2] == view(right)[2]


def words_beside(page: Any) -> str:
    """Return what can be read beside the two maps."""
    return page.locator("[data-testid=stMain]").inner_text()


def test_divide_an_area_drawn_on_the_map(desk: Any) -> None:
    page = desk.page
    desk.open("plan")
    desk.show("350526100201001")
    desk.tool("area")
    box = page.locator("iframe.gridgis-map").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    corners = [(x - 170, y - 170), (x + 170, y - 170), (x + 170, y + 170), (x - 170, y + 170)]
    for at in corners:
        page.mouse.move(*at, steps=3)
        page.mouse.click(*at)
    page.keyboard.press("Enter")
    expect(page.locator(".st-key-plan_within input")).to_have_value("地图上画出的范围")
    desk.body("[data-focus^='drawn:']")
    page.get_by_role("button", name="开始划分", exact=True).click()
    page.locator(".gg-table tbody tr").nth(2).wait_for(timeout=180_000)
    desk.body("[data-trace]:not([data-trace=''])")
    desk.shot("65_plan_drawn_zh")
    # Everything proposed lies about the area drawn, not elsewhere in the county.
    assert desk.js(
        """() => { const shape = GridGIS.message.focus.shape, drawn = L.geoJSON(shape).getBounds().pad(0.5);
        return drawn.contains(L.geoJSON(GridGIS.message.proposal.shape).getBounds()); }"""
    )
