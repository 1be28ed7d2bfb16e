"""An incident walked through the whole loop with the mouse: from a resident's telephone to the evaluation."""

from __future__ import annotations

import datetime as dt
import io
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import expect

from gridgis.county import open_county
from gridgis.incidents.handlingbook import told
from gridgis.incidents.reporting import PHOTO_BYTES, Report, report
from gridgis.verify import verify
from tests.browser.conftest import SHOTS, Desk, running_app
from tests.crew import A, B
from tests.looped import LAMP, OTHER, ROAD, degrees, looped


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = looped(tmp_path_factory.mktemp("handling") / "county.gpkg")
    with open_county(path) as opened:
        for place, category, hours in ((1, LAMP, 30), (4, ROAD, 5), (2, OTHER, 1)):
            at = (dt.datetime.now() - dt.timedelta(hours=hours)).isoformat(" ", "seconds")
            report(opened, Report(*degrees(place, 1.5), category, at=at, id=f"E{hours}", source="热线"))
    return path


@pytest.fixture(scope="module")
def app(county: Path) -> Iterator[str]:
    """Return the address of an app on the county."""
    with running_app(county, county.with_name("app.log")) as address:
        yield address


def photo() -> dict[str, Any]:
    """Return a picture larger than may be sent: the page makes it smaller, as it must what telephones take."""
    out, picture = io.BytesIO(), Image.frombytes("RGB", (1400, 1300), random.Random(1).randbytes(1400 * 1300 * 3))
    ImageDraw.Draw(picture).rectangle((580, 80, 620, 1260), fill="#4a5560")
    picture.save(out, "PNG", compress_level=0)
    assert len(out.getvalue()) > PHOTO_BYTES
    return {"name": "lamp.png", "mimeType": "image/png", "buffer": out.getvalue()}


def step(desk: Desk, name: str, *choices: str) -> None:
    """Take a step of the incident that is shown, with what it asks."""
    panel = desk.page.locator(".st-key-panel")
    panel.get_by_role("radio", name=name, exact=True).or_(panel.get_by_role("button", name=name, exact=True)).click()
    for choice in choices:
        panel.get_by_role("radio", name=choice, exact=True).click()
    panel.get_by_role("button", name="确认").click()
    expect(panel.locator(".gg-notice")).to_contain_text(name)


def test_from_a_telephone_through_the_whole_loop(desk: Desk, county: Path) -> None:
    page = desk.page
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{desk.address}/report")
    page.locator("body[data-map=ready]").wait_for()
    page.locator("#send").click()
    expect(page.locator("#problem")).to_contain_text("请先在地图上点选位置")
    page.locator("#map").click()
    expect(page.locator("#where")).to_contain_text("已选")
    page.locator("#category").select_option(LAMP)
    page.locator("#note").fill("路口的灯不亮 <img src=x onerror=alert(1)>")
    page.locator("#photo").set_input_files(photo())
    page.locator("#preview").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (
        "nothing sticks out at the width of a telephone"
    )
    page.screenshot(path=SHOTS / "80_resident_zh.png", full_page=True)
    page.locator("#send").click()
    page.locator("#done").wait_for()
    number = page.locator("#number").inner_text().split("编号：")[1].split("。")[0]

    page.set_viewport_size({"width": 1440, "height": 900})
    desk.open("handling")
    page.get_by_text("待核实 1").click()
    expect(page.locator(".gg-table tbody tr")).to_have_count(1)
    page.locator(".gg-table tbody tr").filter(has_text=number).click()
    panel = page.locator(".st-key-panel")
    expect(panel).to_contain_text("onerror=alert(1)")
    expect(panel.locator("img")).to_be_visible()
    step(desk, "核实有效")
    page.get_by_text("未办结 4").click()
    expect(page.locator(".gg-table tbody tr")).to_have_count(4)
    step(desk, "转办")
    step(desk, "办理", "联合处置")
    desk.shot("81_loop_zh")
    step(desk, "反馈办结")
    step(desk, "评价")
    expect(panel.locator(".gg-history li")).to_have_count(6)
    expect(panel.locator(".gg-history")).to_contain_text("5/5")
    with open_county(county) as opened:
        done = told(opened, number)
        assert (done["status"], done["handled_in"], done["valid"]) == ("closed", "joint", 1)
        assert verify(opened) == []


def test_the_overdue_one_stands_out_and_its_people_are_those_of_its_grid(desk: Desk) -> None:
    desk.open("handling")
    desk.body("[data-ledger='3']")
    first = desk.page.locator(".gg-table tbody tr").first
    expect(first).to_contain_text("E30")
    expect(first.locator(".tag.error")).to_contain_text("超期 28 小时")
    first.click()
    expect(desk.page.locator(".st-key-panel .gg-calls")).to_contain_text("林一")
    # A click on a mark chooses as well.
    lon, lat = degrees(4, 1.5)
    desk.show(A, B)
    desk.click([lat, lon])
    expect(desk.page.locator(".st-key-panel .gg-calls")).to_contain_text("王二")
    expect(desk.page.locator(".st-key-panel")).to_contain_text("不在准入清单")
    desk.page.wait_for_timeout(500)
    desk.shot("82_overdue_zh")


def test_a_click_on_the_map_enters_one_in_english(desk: Desk, county: Path) -> None:
    desk.open("handling?lang=en")
    desk.tool("report")
    desk.click(desk.inside(B))
    panel = desk.page.locator(".st-key-panel")
    panel.get_by_label("Words").fill("the lamp is out")
    panel.get_by_label("Address").fill("Street 1")
    desk.shot("83_enter_en")
    panel.get_by_role("button", name="Enter").click()
    expect(panel.locator(".gg-notice")).to_contain_text(B)
    expect(panel).to_contain_text("the lamp is out")
    desk.page.wait_for_timeout(500)
    desk.shot("84_entered_en")
    with open_county(county) as opened:
        assert verify(opened) == []
