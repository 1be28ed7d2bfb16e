"""The emergency on the map with the mouse, and the page on people, on a small county with people in it."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Desk, running_app
from tests.crew import A, B, crewed, posting, set_cell, without


def spoil(frames: dict[str, pd.DataFrame]) -> None:
    """Leave two grids without a head and one visit late."""
    without(frames, "postings", "p2", "p3")
    set_cell(frames["visits"], "v1", "at", "2026-09-01")
    frames["postings"] = pd.concat([frames["postings"], pd.DataFrame([posting("p99", "unit_head", A, "s1")])])


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of an app on the county."""
    folder = tmp_path_factory.mktemp("people")
    with running_app(crewed(folder / "crew.gpkg", spoil), folder / "app.log") as address:
        yield address


def test_a_click_in_an_emergency_tells_whom_to_call(desk: Desk) -> None:
    desk.open()
    desk.click(desk.inside(A))
    expect(desk.page.locator(".st-key-panel .gg-code")).to_have_text(A)
    desk.page.get_by_role("radio", name="应急").click()
    desk.body("[data-theme=emergency]")
    desk.map.locator("button[data-tool=spot][aria-pressed=true]").wait_for()
    desk.wait_map()
    desk.click(desk.inside(B))
    expect(desk.page.locator(".gg-calls")).to_contain_text("周五")
    expect(desk.page.locator(".gg-calls .gg-vacant").first).to_contain_text("空缺")
    desk.body("[data-focus^=danger]")
    desk.page.wait_for_timeout(600)
    desk.shot("70_emergency_spot_zh")
    desk.page.get_by_role("radio", name="平时").click()
    desk.body("[data-theme='']")
    expect(desk.page.locator(".st-key-panel .gg-code")).to_have_text(A)
    expect(desk.page.locator(".gg-calls")).to_have_count(0)
    desk.shot("71_peace_again")


def test_an_area_drawn_in_an_emergency(desk: Desk) -> None:
    desk.open("?lang=en")
    desk.page.get_by_role("radio", name="Emergency").click()
    desk.body("[data-theme=emergency]")
    desk.wait_map()
    desk.shot("72_emergency_begun_en")
    desk.tool("area")
    west, south, east, north = desk.bounds(A)
    corners = [(north - 0.0004, west + 0.0003), (north - 0.0004, east + 0.0008), (south + 0.0004, east + 0.0008)]
    for corner in corners:
        desk.click(list(corner))
    desk.map.locator("body").press("Enter")
    expect(desk.page.locator(".gg-calls section")).to_have_count(5)
    expect(desk.page.locator(".gg-calls")).to_contain_text("grid head")
    desk.page.wait_for_timeout(600)
    desk.shot("73_emergency_area_en")
    caught = desk.download(desk.page.get_by_role("button", name="Download XLSX"))
    assert caught.suggested_filename == "350526_command.xlsx"


@pytest.mark.parametrize(
    ("lang", "name", "accept"), [("zh", "建议任职", "接受全部"), ("en", "Suggestions", "Accept all")]
)
def test_suggestions_on_the_page(desk: Desk, lang: str, name: str, accept: str) -> None:
    desk.open(f"people?lang={lang}")
    desk.shot(f"74_people_vacancies_{lang}")
    desk.page.get_by_role("radio", name=name).click()
    desk.page.get_by_role("button", name=accept).wait_for()
    row = desk.page.locator(".gg-table tbody tr").filter(has_text=B)
    row.click()
    desk.body("[data-focus^=people]")
    expect(row).to_have_attribute("aria-selected", "true")
    desk.page.wait_for_timeout(600)
    desk.shot(f"75_people_suggestions_{lang}")
