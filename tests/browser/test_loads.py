"""Workload, alerts and sources of population with the mouse: each part has its table, its chart, its map and its workbook."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import openpyxl
import pytest
import rasterio
from playwright.sync_api import expect

from gridgis import bringing
from gridgis.county import open_county
from gridgis.io.asking import Options
from tests.browser.conftest import Desk, running_app
from tests.crew import A, crewed
from tests.drawn import EAST, EPSG, NORTH

RESTING = "[data-testid=stApp][data-test-script-state=notRunning]"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of an app on a county with people, 90 mm of rain in one corner, and two sources of people."""
    folder = tmp_path_factory.mktemp("loads")
    path, rain = crewed(folder / "crew.gpkg"), folder / "rain.tif"
    values = np.full((3, 6), 10, dtype="float32")
    values[0, 3] = 90
    profile = {"driver": "GTiff", "height": 3, "width": 6, "count": 1, "dtype": "float32", "nodata": -1, "crs": EPSG}
    with rasterio.open(rain, "w", **profile, transform=rasterio.Affine(100, 0, EAST, 0, -100, NORTH)) as out:
        out.write(values, 1)
    with open_county(path) as county:
        bringing.bring(county, rain, Options("raster", {"kind": "rainfall", "unit": "mm"}, source="气象局"))
        for name, persons in (("户籍", 108), ("普查", 150)):
            file = folder / f"{name}.csv"
            file.write_text(f"code,persons\n{A},{persons}\n", encoding="utf-8")
            bringing.bring(county, file, Options("population", source=name, as_of="2026-01-01"))
    with running_app(Path(path), folder / "app.log") as address:
        yield address


def choose(desk: Desk, name: str, gone: str) -> None:
    """Choose a part, once the page rests, and wait until the table of the last part is gone and the page rests again.

    The page still rests for a moment after the click, and what the last part showed goes only when the run ends.
    """
    desk.page.locator(RESTING).wait_for()
    chosen = desk.page.get_by_role("radio", name=name)
    chosen.click()
    expect(chosen).to_be_checked()
    expect(desk.page.locator(f".st-key-load_{gone}")).to_have_count(0)
    desk.page.locator(RESTING).wait_for()


def sheets(desk: Desk) -> list[str]:
    """Return the names of the sheets of the workbook on offer."""
    kept = desk.download(desk.page.get_by_role("button", name="下载 XLSX"))
    return openpyxl.load_workbook(io.BytesIO(Path(kept.path()).read_bytes())).sheetnames


def test_every_part_has_table_chart_map_and_workbook(desk: Desk) -> None:
    page, table = desk.page, desk.page.locator(".gg-table")
    desk.open("loads")
    expect(page.locator(".gg-facts").first).to_contain_text("全县基尼系数")
    expect(page.locator("[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg").first).to_be_visible()
    expect(table.locator("tbody tr").first).to_be_visible()
    assert sheets(desk) == ["各网格工作量", "均衡程度", "应配人员"]
    table.locator("tbody tr").first.click()
    desk.body("[data-focus^=load]")
    desk.shot("80_loads_zh")

    choose(desk, "预警", "workload")
    limit = page.get_by_role("spinbutton", name="阈值")
    limit.fill("50")
    limit.press("Enter")
    expect(page.locator(".gg-facts").first).to_contain_text("1 个网格")
    expect(table.locator("tbody tr")).to_have_count(1)
    assert sheets(desk) == ["预警网格", "责任链"]
    desk.shot("81_alerts_zh")

    choose(desk, "人口来源", "alerts")
    expect(page.locator(".gg-facts").first).to_contain_text("28.0%")
    expect(table).to_contain_text("普查")
    assert sheets(desk) == ["来源之间的差异", "来源"]
    desk.shot("82_sources_zh")
