"""A first-time reader follows the planner's guide, step by step: a grid that is too large becomes two in their band.

The steps are read from the guide itself, so that guide and app cannot drift apart.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from playwright.sync_api import expect

import gridgis as gg
from gridgis.errors import GridgisError
from gridgis.impact import impact
from layers.geojson import to_degrees
from tests.browser.conftest import LONG_MS, ROOT, running_app

Task = dict[str, Any]


def oversize(county: gg.County) -> Task | None:
    """Merge two neighbours into a grid above its band, and find a straight line that makes two legal ones of it."""
    plan = county.plan
    units = [c for c in plan.codes("unit") if county.scheme.band("unit", plan.grids[c].zone or None)]
    for code in units:
        near = {str(c)[:15] for c in plan.rows.code[plan.row(plan.index.near(plan.grid_geometry(code)))]}
        for other in sorted(near & set(units) - {code}):
            if other[:12] != code[:12]:
                continue
            try:
                edit = gg.merge(plan, [code, other])
            except GridgisError:
                continue
            told = {s.code: s for s in impact(plan, edit, "unit").shares}
            (left,) = set(edit.after) & {code, other}
            if told[left].band_after == "above" and (ends := legal_line(gg.evolve(plan, edit), left)):
                county.apply(edit, by="test")
                return {"code": left, "ends": ends}
    return None


def legal_line(plan: gg.Plan, code: str) -> list[list[float]] | None:
    """Return the ends of a line, latitude first, that splits a grid into two in their band."""
    west, south, east, north = plan.grid_geometry(code).bounds
    middle, reach = np.array([(west + east) / 2, (south + north) / 2]), np.hypot(east - west, north - south) / 1.9
    for angle in np.linspace(0, np.pi, 8, endpoint=False):
        way, side = (np.array([np.cos(a), np.sin(a)]) for a in (angle, angle + np.pi / 2))
        for shift in np.linspace(-0.25, 0.25, 7):
            centre = middle + side * shift * reach
            line = shapely.LineString([centre - way * reach, centre + way * reach])
            try:
                edit = gg.split(plan, code, line)
            except GridgisError:
                continue
            shares = [s for s in impact(plan, edit, "unit").shares if len(s.code) == 15]
            if len(shares) == 2 and all(s.band_after == "in" for s in shares):
                return [[y, x] for x, y in shapely.get_coordinates(to_degrees(line, plan.crs)).tolist()]
    return None


@pytest.fixture(scope="module")
def task() -> Task:
    """Return what the county of this module was given to do."""
    return {}


@pytest.fixture(scope="module")
def app(demo_file: Path, task: Task, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of an app on the demo county with one grid too large."""
    folder = tmp_path_factory.mktemp("beginner")
    path = Path(shutil.copyfile(demo_file, folder / "county.gpkg"))
    with gg.open_county(path) as county:
        found = oversize(county)
    assert found is not None
    task.update(found)
    with running_app(path, folder / "app.log") as address:
        yield address


class Reader:
    """Somebody who does what the guide says, word for word, and knows nothing else.

    Parameters
    ----------
    desk
        The app in a browser.
    task
        The grid, and where a line ends that a person would find by watching the live figures.
    """

    def __init__(self, desk: Any, task: Task) -> None:
        self.desk, self.code, (self.first, self.last) = desk, task["code"], task["ends"]

    def follow(self, step: str) -> None:
        """Do one step and see what it says is to be seen."""
        for words, act in self.ACTS:
            found = re.search(words, step)
            if found:
                act(self, *found.groups())
                break
        else:
            pytest.fail(f"the guide has a step that nobody can follow: {step}")
        for seen in re.findall(r"看到“([^”]+)”", step):
            expect(self.desk.page.get_by_text(seen).first).to_be_visible(timeout=LONG_MS)

    def find(self, field: str) -> None:
        self.desk.page.get_by_placeholder(field).fill(self.code)
        self.desk.page.keyboard.press("Enter")
        expect(self.desk.page.locator(".gg-code")).to_have_text(self.code, timeout=LONG_MS)

    def wheel(self) -> None:
        self.desk.js("p => { GridGIS.map.fitBounds(p, {padding: [60, 60], animate: false}); }", [self.first, self.last])

    def take(self, tool: str) -> None:
        button = self.desk.map.locator("button[data-tool]").filter(has_text=tool)
        button.click()
        expect(button).to_have_attribute("aria-pressed", "true")

    def begin(self) -> None:
        self.desk.click(self.first)

    def end(self) -> None:
        x, y = self.desk.point(self.last)
        self.desk.page.mouse.move(x, y, steps=4)
        self.desk.body('[data-live="2"]')
        dots = self.desk.map.locator(".live tr th i").evaluate_all("all => all.map(i => i.style.background)")
        assert len(dots) == 2
        assert len(set(dots)) == 1, "both parts show the colour of 'in band' before anything is drawn to its end"
        self.desk.shot("80_beginner_live")
        self.desk.click(self.last, double=True)
        self.desk.body('[data-preview="2"]')

    def press(self, button: str) -> None:
        self.desk.page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
        self.desk.page.get_by_role("button", name=button).click()

    ACTS = (
        (r"在.*“([^”]+)”里输入网格编码，按回车", find),
        (r"滚动滚轮，直到看见整个网格", wheel),
        (r"点.*工具“([^”]+)”", take),
        (r"网格外的一侧单击", begin),
        (r"移到网格的另一侧.*双击", end),
        (r"点“([^”]+)”", press),
    )


def steps_of(heading: str) -> list[str]:
    """Return the numbered steps under a heading of the planner's guide."""
    guide = (ROOT / "docs" / "guide.md").read_text(encoding="utf-8")
    section = guide.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\d+\. (.+)$", section, re.MULTILINE)


def test_a_first_time_reader_splits_an_oversize_grid(desk: Any, task: Task) -> None:
    steps = steps_of("第一件事：把一个超出规模的网格拆成两个")
    assert 1 < len(steps) <= 8, "one action a step, eight at most"
    desk.open()
    reader = Reader(desk, task)
    for step in steps:
        reader.follow(step)
    desk.body('[data-version="3"]')
    bands = desk.js("() => GridGIS.message.selected.map(k => GridGIS.grids.byCode.get(k).feature.properties.band)")
    assert bands == ["in", "in"]


# What stands on each page once it is drawn; their pictures are those of the guide.
LOOKED_AT = {
    "工作量与预警": (".gg-table", "85_loads_zh"),
    "队伍": (".gg-table", "86_people_zh"),
    "事件处置": (".gg-table", "87_handling_zh"),
}


@pytest.mark.long
def test_the_reader_finds_each_page_by_its_name(desk: Any) -> None:
    desk.open()
    for name, (stands, picture) in LOOKED_AT.items():
        desk.page.get_by_role("link", name=name, exact=True).click()
        desk.page.locator("[data-testid=stMain]").locator(stands).first.wait_for()
        desk.wait_map()
        desk.page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
        desk.shot(picture)
