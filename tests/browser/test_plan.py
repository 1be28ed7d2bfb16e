"""One walk through planning: an area divided three ways, compared on the map, adopted, traced; both languages."""

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
