"""Incidents, checks and export in both languages and on a phone; nothing of the other language left over."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

PHONE = {"width": 390, "height": 844}
# Names of standards and formats are the same in both languages.
COMMON = re.compile(
    r"GIS|GeoJSON|RFC|CGCS2000|WGS84|GCJ-02|BD-09|English|km²|m²|geojson|[\w.]+_v\d+_\w+", re.IGNORECASE
)
WORD = re.compile(r"[A-Za-z]{3,}")
FORMATS = ("SVG", "PNG", "PDF", "XLSX", "zip")
"""Kinds of files are called so in Chinese, too."""
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def words_on(desk: Any) -> str:
    """Return what can be read on the page and on its map, without what only assistive technology reads."""
    out = desk.page.locator("[data-testid=stMain]").evaluate(
        "m => { const c = m.cloneNode(true); c.querySelectorAll('[data-testid=stIconMaterial], style').forEach(i => i.remove());"
        " c.style.cssText = 'position:absolute;left:-9999px'; document.body.append(c); const t = c.innerText; c.remove(); return t; }"
    )
    if desk.page.locator("iframe.gridgis-map").count():
        out += desk.js(
            "() => ['.toolbar', '.hint', '.legend'].map(s => (document.querySelector(s) || {}).innerText || '').join(' ')"
        )
    return COMMON.sub("", out)


def test_heat_and_filters(desk: Any) -> None:
    page = desk.page
    desk.open("incidents")
    total = figure(desk, "事件总数")
    assert total == 88_600
    desk.body(f"[data-heat='{total}']")
    desk.shot("20_incidents_zh")

    page.get_by_role("radio", name="近 30 天").click()
    expect(page.locator(".gg-facts").first).not_to_contain_text("88,600")
    month = figure(desk, "事件总数")
    page.get_by_role("button", name="市容环境").click()
    expect(page.locator(".gg-facts").first).not_to_contain_text(f"{month:,}")
    tidy = figure(desk, "事件总数")
    assert 0 < tidy < month < total
    desk.body(f"[data-heat='{tidy}']")

    page.get_by_role("radio", name="聚合").click()
    desk.body(f"[data-heat=''][data-crowds='{tidy}']")
    page.get_by_role("radio", name="每千户").click()
    desk.body("[data-crowds='']:not([data-hatch='0'])")
    desk.shot("21_incidents_rates")

    # What was chosen stays while another page is looked at.
    page.get_by_role("link", name="检查").click()
    page.locator(".gg-clear, .gg-errors, .gg-warnings").first.wait_for()
    page.get_by_role("link", name="事件", exact=True).click()
    expect(page.locator(".gg-facts").first).to_contain_text(f"{tidy:,}")
    desk.body(":not([data-hatch='0'])")


def test_film_and_pictures(desk: Any) -> None:
    page = desk.page
    desk.open("incidents")
    desk.body("[data-heat='88600']")
    kept = desk.download(page.get_by_role("button", name="地图 PNG"))
    assert kept.path().read_bytes().startswith(b"\x89PNG")
    kept = desk.download(page.get_by_role("button", name="表格 XLSX"))
    assert kept.path().read_bytes().startswith(b"PK")
    page.locator("label").filter(has_text="时间轴").first.click()
    desk.body(":not([data-heat='88600']):not([data-heat=''])")
    first = desk.js("() => document.body.dataset.heat")
    page.get_by_role("button", name="播放").click()
    desk.body(f":not([data-heat='{first}']):not([data-heat=''])")
    page.get_by_role("button", name="暂停").click()
    page.get_by_role("button", name="播放").wait_for()


def figure(desk: Any, name: str) -> int:
    """Return a figure of the side panel by its name."""
    row = desk.page.locator(".gg-facts div").filter(has_text=name)
    return int(re.sub(r"\D", "", row.locator("dd").inner_text()))


def test_checks_zoom_to_a_finding(desk: Any) -> None:
    desk.open("checks")
    state = desk.page.locator(".gg-clear, .gg-errors, .gg-warnings")
    state.wait_for()
    desk.shot("22_checks_zh")
    expect(desk.page.locator(".gg-errors")).to_have_count(0)


@pytest.mark.parametrize("path", ["", "incidents", "checks", "export"])
def test_chinese_leaves_no_english_and_the_other_way_round(desk: Any, path: str) -> None:
    name = path or "map"
    marker = "[data-testid=stMain] .gg-facts, .gg-clear, .gg-warnings, .gg-errors, .gg-table"
    desk.open(path)
    desk.page.locator(marker).first.wait_for()
    left = [w for w in WORD.findall(words_on(desk)) if w not in FORMATS]
    assert not left, f"English in the Chinese page: {left}"
    desk.open(f"{path}?lang=en")
    desk.page.locator(marker).first.wait_for()
    desk.shot(f"30_{name}_en")
    sidebar = desk.page.locator("[data-testid=stSidebar]").inner_text()
    assert "Incidents" in sidebar
    # Names of places, grids and categories are data and stay as they are.
    heads = desk.page.locator("[data-testid=stMain] :is(h4, dt, th, button, label)").all_inner_texts()
    data = ("德化", "市容", "街面", "安全", "公用", "民生", "矛盾", "突发", "社区", "村", "中文")
    left = [t for t in heads if CHINESE.search(t) and not any(d in t for d in data)]
    assert not left, f"Chinese in the English page: {left}"


@pytest.mark.parametrize("path", ["incidents", "checks", "export"])
def test_phone_shows_the_page_without_sideways_scrolling(desk: Any, path: str) -> None:
    desk.page.set_viewport_size(PHONE)
    desk.open(path)
    desk.page.locator("[data-testid=stMain] .gg-facts, .gg-clear, .gg-warnings, .gg-errors, .gg-table").first.wait_for()
    wide = desk.page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth")
    main = desk.page.evaluate(
        "() => { const m = document.querySelector('[data-testid=stMain]'); return m.scrollWidth - m.clientWidth; }"
    )
    desk.shot(f"40_phone_{path}")
    assert wide <= 0
    assert main <= 0


def test_language_switch_keeps_the_place(desk: Any) -> None:
    desk.open()
    desk.page.get_by_role("radio", name="English").click()
    desk.page.get_by_role("link", name="Incidents").wait_for()
    desk.wait_map()
    desk.map.get_by_text("Move area").wait_for()
    desk.page.get_by_role("radio", name="中文").click()
    desk.map.get_by_text("划转").wait_for()


def test_levels_and_colours(desk: Any) -> None:
    desk.open()
    for name, count in (("乡镇", 18), ("一级网格", 217), ("单元网格", 618)):
        desk.page.get_by_role("radio", name=name).click()
        desk.body(f'[data-grids="{count}"]')
        desk.shot(f"50_level_{count}")
    expect(desk.map.locator(".legend")).to_contain_text("户数")
    before = desk.js("() => GridGIS.grids.layer.getLayers()[0].options.fillColor")
    desk.page.get_by_role("combobox").first.click()
    desk.page.get_by_role("option", name="着色 · 规模状态").click()
    expect(desk.map.locator(".legend")).to_contain_text("规模内")
    assert desk.js("() => GridGIS.grids.layer.getLayers()[0].options.fillColor") != before
    desk.shot("51_band")
