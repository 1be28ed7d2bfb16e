"""The public page on a phone: a search, a click on the map, the browser's position."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_a_phone_finds_its_grid(desk: Any) -> None:
    page = desk.page
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{desk.address}/where")
    page.locator("#q").fill("凤池邻里中心")
    page.get_by_role("button", name="查找").click()
    card = page.locator("#card")
    card.wait_for()
    first = card.locator(".code").inner_text()
    assert first.startswith("350526100001")
    assert "110" in card.inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    box = page.locator("#map").bounding_box()
    page.mouse.click(box["x"] + box["width"] - 12, box["y"] + 30)
    expect(card.locator(".code")).not_to_have_text(first)
    desk.shot("60_where_phone")
    page.context.grant_permissions(["geolocation"])
    page.context.set_geolocation({"latitude": 25.0, "longitude": 117.0, "accuracy": 30})
    page.get_by_role("button", name="用我的位置").click()
    expect(page.locator("#say")).to_have_text("这个位置不在本县区内。")
    expect(card).to_be_hidden()
    page.get_by_role("link", name="English").click()
    expect(page.locator("h1")).to_have_text("Which grid am I in?")
