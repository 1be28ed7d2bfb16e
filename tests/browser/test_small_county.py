"""A small county with faults in it and names that would run if anything let them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser import looking
from tests.browser.conftest import Desk, running_app
from tests.drawn import code_of, drawn_county

DRAWING = """
AAAABBBB
AAAABBBB
AAAABBBB
CCCCDDDD
CCCCDDDD
AACCDDDD
"""
HOSTILE = {
    "A": "<img src=x onerror=\"parent.document.title='run'\">",
    "B": "{{7*7}} ${7*7} `x` {% raw %}",
    "C": "</script><script>parent.document.title='run'</script>",
    "D": "\\u003cb\\u003e & \"quoted\" 'name'",
}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of an app on the small county."""
    folder = tmp_path_factory.mktemp("small")
    path = drawn_county(folder / "small.gpkg", DRAWING)
    with sqlite3.connect(path) as raw:
        for letter, name in HOSTILE.items():
            raw.execute("update grids set name = ? where code = ?", (name, code_of(letter)))
    raw.close()
    with running_app(Path(path), folder / "app.log") as address:
        yield address


@pytest.mark.parametrize("letter", list(HOSTILE))
def test_hostile_name_shows_as_typed(desk: Desk, letter: str) -> None:
    desk.open()
    name, code = HOSTILE[letter], code_of(letter)
    title = desk.page.title()
    x, y = desk.point(desk.inside(str(code)))
    desk.shot(f"63_hostile_{letter}")
    desk.page.mouse.move(x, y, steps=4)
    expect(desk.map.locator(".grid-tip b")).to_have_text(name)
    desk.page.mouse.click(x, y)
    expect(desk.page.locator(".st-key-panel h4").first).to_have_text(name)
    assert desk.page.title() == title
    assert desk.js("() => document.querySelectorAll('img[src=x]').length") == 0


def test_hostile_names_in_labels_and_tables(desk: Desk) -> None:
    desk.open("export")
    names = desk.page.locator(".gg-table td:nth-child(2)").all_inner_texts()
    assert names == list(HOSTILE.values())
    assert "run" not in desk.page.title()
    desk.shot("60_hostile_export")


def test_a_finding_zooms_the_map_to_its_place(desk: Desk) -> None:
    desk.open("checks")
    rows = desk.page.locator(".gg-table tbody tr")
    rows.first.wait_for()
    desk.shot("61_findings")
    row = rows.filter(has_text="网格不连片")
    expect(row).to_have_count(1)
    desk.js("() => GridGIS.map.setView([25.0, 118.0], 9, {animate: false})")
    row.click()
    desk.body("[data-focus]:not([data-focus=''])")
    expect(row).to_have_attribute("aria-selected", "true")
    seen = """() => { const [w, s, e, n] = GridGIS.message.focus.bounds;
        return GridGIS.map.getBounds().contains([[s, w], [n, e]]) && GridGIS.map.getZoom() > 14; }"""
    handle = desk.page.locator("iframe.gridgis-map").element_handle()
    handle.content_frame().wait_for_function(seen)
    desk.shot("62_finding_picked")


def test_the_choice_of_classes_outlives_the_card_of_a_grid(desk: Desk) -> None:
    desk.open()
    choice = desk.page.locator(".st-key-classing")
    choice.wait_for()
    desk.page.locator(looking.REST).wait_for()
    code = desk.codes()[0]
    desk.show(code)
    desk.click(desk.inside(code))
    desk.page.locator(".st-key-panel .gg-code").first.wait_for()
    choice.wait_for(state="detached")
    desk.page.locator(looking.REST).wait_for()
    desk.map.locator("body").press("Escape")
    choice.wait_for()
    expect(desk.page.locator("[data-testid=stException]")).to_have_count(0)


def test_a_finding_is_told_under_the_mouse_and_picked_on_the_map(desk: Desk) -> None:
    desk.open("checks")
    rows = desk.page.locator(".gg-table tbody tr")
    rows.first.wait_for()
    desk.body("[data-marks]:not([data-marks='']):not([data-marks='0'])")
    at = rows.all_inner_texts().index(rows.filter(has_text="网格不连片").inner_text())
    place = desk.js("k => GridGIS.marks.at(k)", at)
    desk.js("p => { GridGIS.map.setView(p, 16, {animate: false}); }", place)
    x, y = desk.point(place)
    desk.page.mouse.move(x - 40, y - 40)
    desk.page.mouse.move(x, y, steps=4)
    expect(desk.map.locator(".mark-tip")).to_contain_text("网格")
    desk.page.mouse.click(x, y)
    picked = desk.page.locator(".gg-table tbody tr[aria-selected=true]")
    expect(picked).to_have_count(1)
    told = desk.map.locator(".mark-tip .mark-words div").first.inner_text()
    expect(picked).to_contain_text(told)


def test_findings_are_filtered_given_out_and_fixed_by_a_click(desk: Desk) -> None:
    """The last of this file: the county is another afterwards."""
    desk.open("checks")
    rows = desk.page.locator(".gg-table tbody tr")
    torn = rows.filter(has_text="网格不连片")
    torn.click()
    desk.page.get_by_label("交办给谁").fill("王五")
    desk.page.get_by_label("交办给谁").press("Tab")
    desk.page.get_by_role("button", name="交办", exact=True).click()
    expect(torn).to_contain_text("王五")
    download = desk.download(desk.page.get_by_role("button", name="导出 GeoJSON"))
    assert download.suggested_filename.endswith("_checks.geojson")
    torn.click()
    desk.shot("64_finding_picked")
    desk.page.get_by_role("button", name="一步修复").click()
    expect(desk.page.locator(".gg-notice")).to_contain_text("已保存")
    expect(torn).to_have_count(0)
