"""A beginner's first task: a grid that is too large becomes two that are in their band, in eight actions at most."""

from __future__ import annotations

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
from tests.browser.conftest import running_app

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


def test_an_oversize_grid_becomes_two_legal_ones(desk: Any, task: Task) -> None:
    code, (first, last) = task["code"], task["ends"]
    desk.open()
    done = 0

    desk.page.get_by_placeholder("查找编码或名称").fill(code)
    desk.page.keyboard.press("Enter")
    done += 1  # find it
    expect(desk.page.locator(".gg-code")).to_have_text(code)
    expect(desk.page.locator(".gg-band b")).to_have_text("超出规模")
    desk.js("p => { GridGIS.map.fitBounds(p, {padding: [60, 60], animate: false}); }", [first, last])
    done += 1  # the wheel, to see all of it
    desk.tool("split")
    done += 1  # take the tool
    desk.click(first)
    done += 1  # where the line begins
    x, y = desk.point(last)
    desk.page.mouse.move(x, y, steps=4)
    desk.body('[data-live="2"]')
    dots = desk.map.locator(".live tr th i").evaluate_all("all => all.map(i => i.style.background)")
    assert len(dots) == 2
    assert len(set(dots)) == 1, "both parts show the colour of 'in band' before anything is drawn to its end"
    desk.shot("80_beginner_live")
    desk.click(last, double=True)
    done += 1  # where it ends
    desk.body('[data-preview="2"]')
    desk.page.get_by_role("button", name="确认变更").click()
    done += 1  # confirm
    desk.body('[data-version="3"]')
    assert done <= 8
    bands = desk.js(
        "c => GridGIS.message.selected.map(k => GridGIS.grids.byCode.get(k).feature.properties.band)", code
    )
    assert bands == ["in", "in"]
