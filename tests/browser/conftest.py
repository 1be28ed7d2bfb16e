"""A running app with a county of its own, a browser that can reach nothing else, and the map in it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

playwright = pytest.importorskip("playwright.sync_api")

ROOT = Path(__file__).resolve().parents[2]
SHOTS = Path(__file__).parent / "shots"
LONG_MS = 60_000
playwright.expect.set_options(timeout=30_000)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark everything in this folder as a browser test, tried twice at most; the summary names every second try.

    With ``-p no:rerunfailures`` each is tried once: a cause is found in the first failure, not in the second try.
    """
    again = config.pluginmanager.hasplugin("rerunfailures")
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if again:
                item.add_marker(pytest.mark.flaky(reruns=1))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    end = time.monotonic() + 90
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    pytest.fail(f"the app did not start:\n{log.read_text(errors='replace')}")


@contextmanager
def running_app(county: Path, log: Path, *options: str) -> Iterator[str]:
    """Run the app on a county as a person would, and stop it."""
    port = _free_port()
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port), *options]
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, "GRIDGIS_COUNTY": str(county)}, stdin=subprocess.DEVNULL,
            stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(process, address, log)
            yield address
        finally:
            process.terminate()
            process.wait(20)


@pytest.fixture(scope="module")
def app(demo_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of an app on a copy of the demo county; one a module."""
    folder = tmp_path_factory.mktemp("app")
    county = Path(shutil.copyfile(demo_file, folder / "county.gpkg"))
    with running_app(county, folder / "app.log") as address:
        yield address


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """Give the browser the planner's screen and language."""
    return {**browser_context_args, "locale": "zh-CN", "viewport": {"width": 1440, "height": 900}}


@pytest.fixture(autouse=True)
def outside(context: Any) -> Iterator[list[str]]:
    """Abort every request that would leave this machine, and fail if there was one."""
    tried: list[str] = []

    def guard(route: Any) -> None:
        if route.request.url.startswith(("http://127.0.0.1:", "data:", "blob:")):
            route.continue_()
        else:
            tried.append(route.request.url)
            route.abort()

    context.route("**/*", guard)
    yield tried
    assert not tried, f"requests that would leave the machine: {tried}"


class Desk:
    """The app in a browser, with its map.

    Parameters
    ----------
    page
        Playwright's page.
    address
        Where the app runs.
    """

    def __init__(self, page: Any, address: str) -> None:
        self.page = page
        self.address = address
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(f"{error}\n{error.stack}"))

    def open(self, path: str = "") -> None:
        """Open a page and wait for its map."""
        self.page.goto(f"{self.address}/{path}")
        self.wait_map()

    def wait_map(self) -> None:
        """Wait until the map shows its grids."""
        self.body("[data-grids]")

    @property
    def map(self) -> Any:
        """The map's own document."""
        return self.page.frame_locator("iframe.gridgis-map")

    def body(self, selector: str) -> Any:
        """Wait until the body of the map matches, and return it."""
        found = self.map.locator(f"body{selector}")
        found.wait_for(state="attached", timeout=LONG_MS)
        return found

    def js(self, script: str, value: Any = None) -> Any:
        """Evaluate a script in the map's document."""
        handle = self.page.locator("iframe.gridgis-map").element_handle()
        return handle.content_frame().evaluate(script, value)

    def tool(self, name: str) -> None:
        """Take a tool."""
        self.map.locator(f"button[data-tool={name}]").click()
        self.map.locator(f"button[data-tool={name}][aria-pressed=true]").wait_for()

    def show(self, *codes: str) -> None:
        """Bring grids into view, as large as they fit."""
        self.js(
            """codes => { const m = GridGIS.map; const b = L.latLngBounds([]);
            codes.forEach(c => b.extend(GridGIS.grids.byCode.get(c).getBounds()));
            m.fitBounds(b, {padding: [90, 90], animate: false}); }""",
            list(codes),
        )

    def point(self, latlng: list[float]) -> tuple[float, float]:
        """Return where a place of the map is on the page."""
        x, y = self.js("p => { const q = GridGIS.map.latLngToContainerPoint(p); return [q.x, q.y]; }", latlng)
        box = self.page.locator("iframe.gridgis-map").bounding_box()
        return box["x"] + x, box["y"] + y

    def inside(self, code: str) -> list[float]:
        """Return a place inside a grid, latitude first."""
        lon, lat, *_ = self.js("c => GridGIS.grids.byCode.get(c).feature.properties.at", code)
        return [lat, lon]

    def bounds(self, code: str) -> list[float]:
        """Return west, south, east, north of a grid."""
        return self.js(
            "c => { const b = GridGIS.grids.byCode.get(c).getBounds();"
            " return [b.getWest(), b.getSouth(), b.getEast(), b.getNorth()]; }",
            code,
        )

    def click(self, latlng: list[float], *, double: bool = False) -> None:
        """Click a place of the map with the mouse."""
        x, y = self.point(latlng)
        self.page.mouse.move(x, y, steps=3)
        (self.page.mouse.dblclick if double else self.page.mouse.click)(x, y)

    def codes(self) -> list[str]:
        """Return the codes on the map."""
        return self.js("() => Array.from(GridGIS.grids.byCode.keys()).sort()")

    def download(self, button: Any) -> Any:
        """Press a button that gives a file, and return the download.

        Every run of the page gives its buttons new tickets, and a ticket of a run that has just ended is void:
        wait for the page to rest, as a person does.
        """
        self.page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
        with self.page.expect_download() as waiting:
            button.click()
        return waiting.value

    def shot(self, name: str) -> None:
        """Keep a picture of the page to look at."""
        SHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=SHOTS / f"{name}.png")


@pytest.fixture
def desk(page: Any, app: str) -> Iterator[Desk]:
    """Return the app in a browser that reaches nothing but the app; fail on any error of a script."""
    desk = Desk(page, app)
    page.set_default_timeout(LONG_MS)
    yield desk
    assert not desk.errors, desk.errors
