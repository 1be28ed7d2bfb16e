"""Two planners and a command line on one small county, each seeing what the others do."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import shapely
from playwright.sync_api import expect

import gridgis as gg
from tests.browser.conftest import ROOT, Desk, running_app
from tests.drawn import drawn_county

DRAWING = """
AAABBBEEE
AAABBBEEE
ACCCCBDDD
"""
A, B, C, D, E = (f"35052610000100{n}" for n in (1, 2, 3, 4, 5))
# A few seconds are promised; ten are what a crowded machine is given.
SOON_MS = 10_000


@pytest.fixture
def county(tmp_path: Path) -> Path:
    """Return a county of five unit grids."""
    return drawn_county(tmp_path / "small.gpkg", DRAWING)


@pytest.fixture
def pair(county: Path, tmp_path: Path, page: Any, browser: Any) -> Iterator[tuple[Desk, Desk]]:
    """Return two browsers that share nothing but the app."""
    second = browser.new_context(locale="zh-CN", viewport={"width": 1440, "height": 900})
    with running_app(county, tmp_path / "app.log") as address:
        desks = Desk(page, address), Desk(second.new_page(), address)
        for desk in desks:
            desk.page.set_default_timeout(60_000)
        desks[0].open()
        desks[1].open("?lang=en")
        yield desks
        # While the app still runs: what a page asks of a stopped one is no error of ours.
        errors = [desk.errors.copy() for desk in desks]
        second.close()
    assert errors == [[], []]


def draw(desk: Desk, code: str, share: float = 0.5) -> None:
    """Draw a line from north to south across a grid."""
    desk.tool("split")
    west, south, east, north = desk.bounds(code)
    lon, over = west + (east - west) * share, (north - south) * 0.04
    desk.click([north + over, lon])
    desk.click([south - over, lon], double=True)
    desk.body('[data-preview="2"]')


def sign(desk: Desk, label: str, name: str) -> None:
    """Type the name of who is at the desk."""
    field = desk.page.get_by_label(label)
    field.fill(name)
    field.press("Tab")


def soon(desk: Desk, version: int) -> None:
    """Wait the seconds promised for a version to be on the map."""
    desk.map.locator(f'body[data-version="{version}"]').wait_for(state="attached", timeout=SOON_MS)


def test_others_are_seen_and_nothing_is_lost(pair: tuple[Desk, Desk], county: Path) -> None:
    li, wang = pair
    sign(li, "经办人", "李")
    sign(wang, "Author", "Wang")
    draw(wang, E)
    expect(li.page.locator(".gg-present")).to_contain_text(f"Wang 正在编辑 {E}", timeout=SOON_MS)
    li.body('[data-present="1"]')
    draw(li, C, 0.6)
    expect(wang.page.locator(".gg-present")).to_contain_text(C, timeout=SOON_MS)
    wang.shot("40_present_en")
    li.page.get_by_role("button", name="确认变更").click()
    soon(li, 2)

    # B sees A's split without reloading; what B drew elsewhere stands, and is now of the new version.
    soon(wang, 2)
    expect(wang.page.locator(".gg-notice")).to_contain_text(f"李 split {C} in version 2. Your proposal is untouched.")
    wang.body('[data-preview="2"]')
    assert len(wang.codes()) == 6
    expect(wang.page.locator(".gg-present")).to_have_count(0, timeout=SOON_MS)
    wang.shot("41_kept_en")

    # A is faster on the grid that B's line crosses: B is asked, and the line is still on the map.
    draw(li, E, 0.3)
    li.shot("42_present_zh")
    li.page.get_by_role("button", name="确认变更").click()
    soon(wang, 3)
    expect(wang.page.locator(".gg-ask")).to_contain_text(f"李 split {E} in version 3.", timeout=SOON_MS)
    wang.body('[data-preview=""]')
    wang.body('[data-focus^="drawn:"]')
    wang.shot("43_asked_en")
    wang.page.get_by_role("button", name="Look again").click()
    wang.body('[data-preview="2"]')
    wang.page.get_by_role("button", name="Confirm").click()
    soon(li, 4)
    expect(li.page.locator(".gg-notice")).to_contain_text("Wang 在版本 4 拆分了")
    log = gg.open_county(county).log()
    assert log["by"].tolist()[1:] == ["李", "李", "Wang"]


def test_command_line_is_seen(pair: tuple[Desk, Desk], county: Path, tmp_path: Path) -> None:
    li, wang = pair
    draw(li, D)
    west, south, east, north = wang.bounds(A)
    line = tmp_path / "line.geojson"
    middle = (south + north) / 2
    line.write_text(shapely.to_geojson(shapely.LineString([(west - 0.001, middle), (east + 0.001, middle)])))
    command = [sys.executable, "-m", "gridgis", "split", str(county), A, "--line", str(line), "--by", "王敏"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    soon(wang, 2)
    expect(wang.page.locator(".gg-notice")).to_contain_text(f"王敏 split {A} in version 2.")
    expect(li.page.locator(".gg-notice")).to_contain_text("您的待确认变更不受影响", timeout=SOON_MS)

    # The command line merges away what is proposed here: a question in Chinese.
    merge = [sys.executable, "-m", "gridgis", "merge", str(county), D, E, "--by", "王敏"]
    assert subprocess.run(merge, cwd=ROOT, capture_output=True, check=False).returncode == 0
    expect(li.page.locator(".gg-ask")).to_contain_text("王敏 在版本 3 合并了", timeout=SOON_MS)
    li.shot("44_asked_zh")
    li.page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    li.page.get_by_role("button", name="放弃").click()
    li.body('[data-focus=""]')
    expect(li.page.locator(".gg-ask")).to_have_count(0)
