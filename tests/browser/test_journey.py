"""The journey of a planner: open, pick, draw, see, confirm, undo, export; every click with the mouse."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect


def town_grid(desk: Any) -> str:
    """Return a built-up grid that a vertical line through its middle cuts in two."""
    return desk.js(
        """() => { const fits = Array.from(GridGIS.grids.byCode.values()).map(l => l.feature.properties)
            .filter(p => p.band && p.at[2] > 250).sort((a, b) => b.households - a.households);
            return fits[0].code; }"""
    )


def draw_split(desk: Any, code: str) -> None:
    """Draw a line with one bend from north of a grid to south of it, through a place inside."""
    lat, lon = desk.inside(code)
    _, south, _, north = desk.bounds(code)
    margin = (north - south) * 0.08
    desk.tool("split")
    desk.click([north + margin, lon])
    desk.click([lat, lon])
    desk.click([south - margin, lon], double=True)


def press(page: Page, name: str) -> None:
    """Click a button once it stands alone: while the page is redrawn, the one of before stands beside it for a moment."""
    button = page.get_by_role("button", name=name)
    expect(button).to_have_count(1)
    button.click()


def test_planner_splits_undoes_and_exports(desk: Any, tmp_path: Path) -> None:
    page = desk.page
    desk.open()
    desk.shot("01_map_zh")
    before = desk.codes()
    assert len(before) == 618

    code = town_grid(desk)
    desk.show(code)
    desk.click(desk.inside(code))
    expect(page.locator(".gg-code")).to_have_text(code)
    desk.shot("02_picked")

    draw_split(desk, code)
    desk.body('[data-preview="2"]')
    table = page.locator(".gg-compare").first
    expect(table).to_be_visible()
    desk.shot("03_proposed")
    assert desk.codes() == before, "nothing may change before it is confirmed"
    old, *parts = [row_figures(r) for r in table.locator("tbody tr:has(td)").all()]
    parts, total = parts[:-1], parts[-1]
    assert old[0] == code
    assert len(parts) == 2
    assert [sum(p[1][k] for p in parts) for k in range(3)] == old[1][:3] == total[1][:3]
    assert all(p[1][1] > 0 for p in parts)

    page.get_by_label("经办人").fill("林晓")
    page.get_by_label("变更原因").fill("小区交付")
    view = desk.js("() => [GridGIS.map.getZoom(), GridGIS.map.getCenter().lat]")
    page.get_by_role("button", name="确认变更").click()
    desk.body('[data-version="2"]')
    after = desk.codes()
    assert len(after) == 619
    assert set(before) < set(after)
    assert {p[0] for p in parts} <= set(after)
    assert desk.js("() => [GridGIS.map.getZoom(), GridGIS.map.getCenter().lat]") == view
    expect(page.locator(".gg-history")).to_contain_text("林晓")
    expect(page.locator(".gg-history")).to_contain_text("小区交付")
    desk.shot("04_confirmed")

    press(page, "撤销")
    desk.body('[data-version="3"]')
    assert desk.codes() == before
    expect(page.get_by_role("button", name="重做", disabled=False)).to_be_enabled()
    desk.shot("05_undone")

    page.get_by_role("link", name="导出").click()
    expect(page.get_by_text("坐标基准")).to_be_visible()
    page.get_by_text("GCJ-02").click()
    button = page.get_by_role("button", name="下载")
    expect(button).to_contain_text("350526_unit_v3_gcj02.geojson")
    desk.shot("06_export_zh")
    waiting = desk.download(button)
    name = "350526_unit_v3_gcj02.geojson"
    assert waiting.suggested_filename == f"{name}.zip"
    saved = tmp_path / "out.zip"
    waiting.save_as(saved)
    with zipfile.ZipFile(saved) as packed:
        files = {member: packed.read(member) for member in packed.namelist()}
    assert sorted(f["properties"]["code"] for f in json.loads(files[name])["features"]) == before
    manifest = json.loads(files.pop(f"{name}.manifest.json"))
    assert manifest["datum"] == "gcj02"
    assert [f["sha256"] for f in manifest["files"] if f["name"] == name] == [hashlib.sha256(files[name]).hexdigest()]


def row_figures(row: Any) -> tuple[str, list[float]]:
    """Return code and figures of a row of the comparison."""
    head = row.locator("th").evaluate(
        "n => [...n.childNodes].filter(c => c.nodeType === 3).map(c => c.textContent).join('')"
    )
    cells = row.locator("td").all_inner_texts()
    return head.strip(), [float(c.replace(",", "")) for c in cells]


def test_refused_line_is_one_plain_sentence(desk: Any) -> None:
    desk.open()
    before = desk.codes()
    code = town_grid(desk)
    desk.show(code)
    lat, lon = desk.inside(code)
    west, _, east, _ = desk.bounds(code)
    desk.tool("split")
    desk.click([lat, lon - (east - west) * 0.02])
    desk.click([lat, lon + (east - west) * 0.02], double=True)
    problem = desk.page.locator(".gg-problem")
    expect(problem).to_contain_text(code)
    expect(problem).to_contain_text("。")
    assert desk.codes() == before
    # The tool stays in the hand, so that the planner draws again.
    desk.map.locator("button[data-tool=split][aria-pressed=true]").wait_for()
    desk.shot("07_refused")


def test_proposal_and_view_survive_a_page_switch(desk: Any) -> None:
    desk.open()
    code = town_grid(desk)
    desk.show(code)
    draw_split(desk, code)
    desk.body('[data-preview="2"]')
    figures = desk.page.locator(".gg-compare").first.inner_text()
    view = desk.js("() => [GridGIS.map.getZoom(), GridGIS.map.getCenter().lat.toFixed(4)]")
    desk.page.get_by_role("link", name="导出").click()
    expect(desk.page.get_by_text("坐标基准")).to_be_visible()
    desk.page.get_by_role("link", name="地图").click()
    desk.body('[data-preview="2"]')
    assert desk.page.locator(".gg-compare").first.inner_text() == figures
    assert desk.js("() => [GridGIS.map.getZoom(), GridGIS.map.getCenter().lat.toFixed(4)]") == view
    press(desk.page, "放弃")
    desk.body('[data-preview=""]')
