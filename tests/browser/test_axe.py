"""The main pages and the map in them under axe-core: nothing serious that a keyboard or a weak eye would meet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.browser.test_small_county import app as app

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
RUN = """async (where) => { const found = await axe.run(where ? document.querySelector(where) : document,
    {runOnly: ['wcag2a', 'wcag2aa'], rules: {'frame-tested': {enabled: false}}, iframes: false});
    return found.violations.filter(v => ['serious', 'critical'].includes(v.impact))
      .map(v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160)).join(' | ')); }"""
# What Streamlit's own widgets bring along and no page of ours can change.
THEIRS = ("aria-allowed-attr", "aria-input-field-name", "nested-interactive", "aria-required-children", "aria-valid-attr-value")


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: npm ci")
@pytest.mark.parametrize("path", ["map", "checks", "register", "export"])
def test_pages_are_accessible(desk: Any, path: str) -> None:
    if path == "map":
        desk.open("")
        frame = desk.page.locator("iframe.gridgis-map").element_handle().content_frame()
        frame.evaluate(AXE.read_text(encoding="utf-8"))
        assert frame.evaluate(RUN, None) == []
    else:
        desk.page.goto(f"{desk.address}/{path}")
        desk.page.locator(".gg-table, iframe.gridgis-map, [data-testid=stDataFrame]").first.wait_for()
    desk.page.wait_for_timeout(800)
    desk.page.evaluate(AXE.read_text(encoding="utf-8"))
    found = desk.page.evaluate(RUN, "[data-testid=stMain]")
    assert [v for v in found if not v.startswith(THEIRS)] == []
