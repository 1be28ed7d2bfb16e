"""Merge, paint and move with the mouse, keys, and two planners at once."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

PAIR = """() => {
  // Two neighbours under one parent, in town, found by a vertex they share.
  const all = Array.from(GridGIS.grids.byCode.values()).filter(l => l.feature.properties.band);
  const points = l => new Set(l.getLatLngs().flat(3).map(p => p.lat.toFixed(7) + ':' + p.lng.toFixed(7)));
  for (const a of all) for (const b of all) {
    const [x, y] = [a.feature.properties, b.feature.properties];
    if (x.code >= y.code || x.code.slice(0, 12) !== y.code.slice(0, 12) || x.at[2] < 150 || y.at[2] < 150) continue;
    const mine = points(a);
    let shared = 0;
    points(b).forEach(p => { if (mine.has(p)) shared += 1; });
    if (shared > 4) return [x.code, y.code];
  } }"""


def confirm(desk: Any, version: int) -> None:
    """Confirm the proposal and wait for the version on the map."""
    desk.page.get_by_role("button", name="确认变更").click()
    desk.body(f'[data-version="{version}"]')


def back(desk: Any, version: int) -> None:
    """Undo by key and wait for the version on the map."""
    desk.map.locator("body").press("Control+z")
    desk.body(f'[data-version="{version}"]')


def test_merge_by_clicking(desk: Any) -> None:
    desk.open()
    before = desk.codes()
    one, two = desk.js(PAIR)
    desk.show(one, two)
    desk.tool("merge")
    desk.click(desk.inside(one))
    desk.click(desk.inside(two))
    desk.shot("10_merge_chosen")
    desk.map.get_by_role("button", name="合并 2 个网格").click()
    desk.body('[data-preview="1"]')
    expect(desk.page.locator(".gg-compare").first).to_contain_text("停用")
    desk.shot("11_merge_proposed")
    confirm(desk, 2)
    gone = set(before) - set(desk.codes())
    assert gone < {one, two}
    assert len(gone) == 1
    back(desk, 3)
    assert desk.codes() == before


def test_paint_by_dragging(desk: Any) -> None:
    desk.open()
    one, two = desk.js(PAIR)
    version = int(desk.js("() => document.body.dataset.version"))
    desk.show(one, two)
    desk.click(desk.inside(one))
    expect(desk.page.locator(".gg-code")).to_have_text(one)
    desk.tool("paint")
    desk.body("[data-cells]")
    lat, lon = desk.inside(two)
    x, y = desk.point([lat, lon])
    desk.page.mouse.move(x, y, steps=3)
    desk.page.mouse.down()
    desk.page.mouse.move(x + 25, y + 4, steps=6)
    desk.page.mouse.up()
    desk.shot("12_paint_chosen")
    desk.map.locator("body").press("Enter")
    desk.body('[data-preview="2"]')
    desk.shot("13_paint_proposed")
    confirm(desk, version + 1)
    back(desk, version + 2)


def test_move_an_area_to_a_neighbour(desk: Any) -> None:
    desk.open()
    one, two = desk.js(PAIR)
    version = int(desk.js("() => document.body.dataset.version"))
    desk.show(one, two)
    lat, lon = desk.inside(two)
    west, south, east, north = desk.bounds(two)
    dx, dy = (east - west) * 0.12, (north - south) * 0.12
    desk.tool("transfer")
    corners = [[lat + dy, lon - dx], [lat + dy, lon + dx], [lat - dy, lon + dx]]
    for corner in corners:
        desk.click(corner)
    desk.click([lat - dy, lon - dx], double=True)
    expect(desk.map.locator(".hint")).to_contain_text("点选接收")
    desk.click(desk.inside(one))
    desk.body('[data-preview="2"]')
    desk.shot("14_transfer_proposed")
    confirm(desk, version + 1)
    back(desk, version + 2)


def test_escape_drops_what_was_begun(desk: Any) -> None:
    desk.open()
    code = desk.js(PAIR)[0]
    desk.show(code)
    desk.tool("split")
    desk.click(desk.inside(code))
    desk.map.locator("body").press("Escape")
    desk.map.locator("button[data-tool=split][aria-pressed=true]").wait_for()
    desk.map.locator("body").press("Escape")
    desk.map.locator("button[data-tool=select][aria-pressed=true]").wait_for()
    desk.body('[data-preview=""]')


def test_second_planner_sees_the_change_and_the_conflict(desk: Any, context: Any, app: str) -> None:
    from tests.browser.conftest import Desk

    other = Desk(context.new_page(), app)
    other.page.set_default_timeout(60_000)
    for who in (desk, other):
        who.open()
    code = desk.js(PAIR)[0]
    version = int(desk.js("() => document.body.dataset.version"))
    for who in (desk, other):
        who.show(code)
        _, lon = who.inside(code)
        _, south, _, north = who.bounds(code)
        who.tool("split")
        who.click([north + (north - south) * 0.05, lon])
        who.click([south - (north - south) * 0.05, lon], double=True)
        who.body('[data-preview="2"]')
    desk.page.get_by_label("经办人").fill("王敏")
    confirm(desk, version + 1)
    other.body(f'[data-version="{version + 1}"]')
    expect(other.page.locator(".gg-ask")).to_contain_text("王敏")
    expect(other.page.get_by_role("button", name="确认变更")).to_have_count(0)
    other.shot("15_conflict")
    assert int(other.js("() => document.body.dataset.version")) == version + 1
    other.page.get_by_role("button", name="放弃").click()
    back(desk, version + 2)
    assert not other.errors
