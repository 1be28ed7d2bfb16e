"""How long a redrawn boundary takes to show, against stock st_folium with the same county in the same run.

    python benchmarks/map_redraw.py --county county.gpkg --sizes 618,2000,10000

From the mouse-up that ends a line to the new polygons painted, in a real browser; while it waits, the
time in which the map shows no grid at all; the bytes that travel. The same hand draws on both maps, once
all that was under way to the page has come: it goes to each corner, rests 350 ms and clicks.
Our map asks what the line would do while the hand rests, so its time is told for a hand in a hurry too,
which never rests. At 618 the county is the one given, beyond it is made up; so is the one of 1.2 million
buildings, among which the map is moved.
The foreign addresses that stock folium asks for are answered from this disk.
Needs streamlit-folium and the npm packages of package.json, development ones included.
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import gridgis as gg
from benchmarks import madeup
from gridgis.founding import Founding, found
from layers.geojson import to_degrees

ROOT = Path(__file__).resolve().parent.parent
VENDOR, MODULES = ROOT / "layers" / "assets" / "vendor", ROOT / "node_modules"
LOCAL = {
    "leaflet.js": VENDOR / "leaflet" / "leaflet.js", "leaflet.css": VENDOR / "leaflet" / "leaflet.css",
    "leaflet.draw.js": MODULES / "leaflet-draw" / "dist" / "leaflet.draw.js",
    "leaflet.draw.css": MODULES / "leaflet-draw" / "dist" / "leaflet.draw.css",
}  # fmt: skip
REST_MS = 350
"""How long the hand rests before each click, on both maps."""
FIRST_MS = 600_000
"""How long a first map may take: stock folium needs half a minute for 10,000 grids on an idle machine."""
WATCH = """([kind, want]) => { window.__done = new Promise((resolve) => {
  let blank = 0, last = performance.now();
  window.__up = null;
  const painted = () => {
    const frame = document.querySelector(kind === 'ours' ? 'iframe.gridgis-map' : 'iframe[title*="folium"]');
    const inner = frame && frame.contentWindow, doc = frame && frame.contentDocument;
    if (!doc || !doc.body) return [0, 0];
    if (kind === 'ours') return [inner.GridGIS && inner.GridGIS.grids ? inner.GridGIS.grids.byCode.size : 0,
      Number(doc.body.dataset.preview || 0)];
    const n = doc.querySelectorAll('path.leaflet-interactive[fill]:not([fill=none])').length;
    return [n, n];
  };
  const listen = () => { const frame = document.querySelector('iframe.gridgis-map, iframe[title*="folium"]');
    if (frame && frame.contentDocument && !frame.contentDocument.__heard) { frame.contentDocument.__heard = true;
      frame.contentDocument.addEventListener('mouseup', () => { window.__up = performance.now(); }, true); } };
  const step = () => {
    const now = performance.now(); listen();
    const [shown, fresh] = painted();
    if (!shown && window.__up) blank += now - last;
    last = now;
    if (window.__up !== null && fresh === want) return requestAnimationFrame(() => resolve([performance.now() - window.__up, blank]));
    if (window.__up !== null && performance.now() - window.__up > 90000) return resolve([90000, blank]);
    requestAnimationFrame(step);
  };
  step(); }); }"""


def county_of(folder: Path, size: int, houses: int = 0) -> Path:
    """Make a county of about so many unit grids, each one cell, and so many buildings, and return its file."""
    path = folder / f"made{size}_{houses}.gpkg"
    polygons = shapely.normalize(madeup.coverage(size, vertices=6))
    units = [f"350526{100 + k // 90_000:03d}{k // 90_0 % 100 + 1:03d}{k % 900 + 1:03d}" for k in range(len(polygons))]
    codes = sorted({c[:w] for c in units for w in (9, 12, 15)})
    level = {9: "township", 12: "community", 15: "unit"}
    rows = [(c, level[len(c)], "comprehensive", f"第{int(c[-3:])}网格") for c in codes]
    cells = gpd.GeoDataFrame({"code": units}, geometry=polygons, crs=4548)
    xy = madeup.scattered(polygons, houses or 10 * size)
    homes = pd.DataFrame({"id": [f"h{k}" for k in range(len(xy))], "x": xy[:, 0], "y": xy[:, 1], "households": 3, "persons": 8})
    half = np.random.default_rng(5).uniform(3, 8, xy.shape)
    homes["geometry"] = shapely.box(*(xy - half).T, *(xy + half).T)
    outline = shapely.normalize(shapely.coverage_union_all(polygons))
    grids = pd.DataFrame(rows, columns=["code", "level", "kind", "name"])
    found(path, Founding("generic", "350526", "造县", 4548, "new", outline, cells, grids, {"buildings": homes}))
    return path


@contextmanager
def running(script: str, **env: str) -> Iterator[str]:
    """Run a Streamlit script and yield its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", script, "--server.port", str(port), "--server.headless", "true"]
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **env, "PYTHONPATH": paths}, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)  # fmt: skip
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Bytes:
    """What travels to a page, by the browser's own count."""

    def __init__(self, page: Page) -> None:
        self.n = 0.0
        self._page = page
        self._under_way: set[str] = set()
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.requestWillBeSent", lambda e: self._under_way.add(e["requestId"]))
        session.on("Network.loadingFailed", lambda e: self._under_way.discard(e["requestId"]))
        session.on("Network.loadingFinished", lambda e: self._add(e["encodedDataLength"], e["requestId"]))
        session.on("Network.webSocketFrameReceived", lambda e: self._add(0.75 * len(e["response"]["payloadData"])))

    def _add(self, n: float, request: str = "") -> None:
        self.n += n
        self._under_way.discard(request)

    def settled(self) -> None:
        """Wait until the page has run, and nothing has been under way to it for a second."""
        quiet = 0
        while quiet < 5:
            self._page.wait_for_timeout(200)
            quiet = 0 if self._under_way else quiet + 1
        self._page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for(timeout=FIRST_MS)

    def since(self, before: float) -> int:
        """Return what came after a count."""
        return int(self.n - before)


def local(route: Any) -> None:
    """Answer foreign addresses from this disk, with nothing where the map needs nothing of it."""
    url = route.request.url
    if url.startswith(("http://127.0.0.1", "data:", "blob:")):
        return route.continue_()
    name = url.split("?")[0].rsplit("/", 1)[-1]
    kind = "text/css" if name.endswith(".css") else "application/javascript"
    body = LOCAL[name].read_bytes() if name in LOCAL else b""
    return route.fulfill(status=200, body=body, content_type=kind)


def target(path: Path, level: str) -> tuple[str, tuple[float, float, float, float], int]:
    """Return a middling grid, its box in degrees, and how many grids there are."""
    with gg.open_county(path) as county:
        codes = county.plan.tiling(level)
        shapes = [county.plan.grid_geometry(c) for c in codes]
        size = np.sqrt(shapely.area(shapes))
        k = int(np.argsort(size)[len(size) // 3])
        box = tuple(float(v) for v in to_degrees(shapes[k], county.crs).bounds)
        return codes[k], box, len(codes)  # type: ignore[return-value]


def hand(page: Page, places: list[tuple[float, float]], rest: int = REST_MS) -> None:
    """Draw a line as a hand does: go to each corner, rest, click; a second click on the last corner ends the line."""
    for x, y in [*places, places[-1]]:
        page.mouse.move(x, y - 3)
        page.mouse.move(x, y)
        page.wait_for_timeout(rest)
        page.mouse.down()
        page.mouse.up()


def stock(page: Page, path: Path, level: str, times: int) -> dict[str, Any]:
    """Measure the stock map."""
    _, (west, south, east, north), n = target(path, level)
    zoom = int(min(18, np.log2(500 / 256 * 360 / max(north - south, (east - west) / 2))))
    half = 256 * 2**zoom * (north - south) / 360 / np.cos(np.radians(north)) / 2 + 25
    view = f"{(south + north) / 2},{(west + east) / 2},{zoom}"
    out: dict[str, Any] = {"ms": [], "blank": [], "bytes": []}
    with running("benchmarks/stock_map.py", GRIDGIS_COUNTY=str(path), GRIDGIS_LEVEL=level, GRIDGIS_VIEW=view) as address:
        count = Bytes(page)
        started = time.perf_counter()
        page.goto(address)
        page.wait_for_function(
            "n => { const f = document.querySelector('iframe[title*=\"folium\"]');"
            " return f && f.contentDocument.querySelectorAll('path.leaflet-interactive').length >= n; }",
            arg=n, timeout=FIRST_MS,
        )  # fmt: skip
        out["first"] = time.perf_counter() - started
        for k in range(times):
            frame = page.frame_locator('iframe[title*="folium"]')
            frame.locator("a.leaflet-draw-draw-polyline").click()
            count.settled()
            box = page.locator('iframe[title*="folium"]').bounding_box()
            x, y = box["x"] + box["width"] / 2 + 4 * k, box["y"] + box["height"] / 2
            before = count.n
            page.evaluate(WATCH, ["stock", n + 1 + k])
            hand(page, [(x, y - half), (x, y + half)])
            ms, blank = page.evaluate("() => window.__done")
            out["ms"].append(ms)
            out["blank"].append(blank)
            out["bytes"].append(count.since(before))
            count.settled()
    return out


def ours(page: Page, path: Path, level: str, times: int, rest: int = REST_MS) -> dict[str, Any]:
    """Measure our map; each split is discarded again, as a planner tries lines."""
    code, _, n = target(path, level)
    out: dict[str, Any] = {"ms": [], "blank": [], "bytes": []}
    with running("app.py", GRIDGIS_COUNTY=str(path)) as address:
        count = Bytes(page)
        started = time.perf_counter()
        page.goto(address)
        map_ = page.frame_locator("iframe.gridgis-map")
        map_.locator(f'body[data-grids="{n}"]').wait_for(state="attached", timeout=FIRST_MS)
        out["first"] = time.perf_counter() - started
        frame = page.locator("iframe.gridgis-map").element_handle().content_frame()
        frame.evaluate("c => { const l = GridGIS.grids.byCode.get(c); GridGIS.map.fitBounds(l.getBounds(), {padding: [120, 120],"
                       " animate: false}); }", code)  # fmt: skip
        for k in range(times):
            count.settled()
            map_.locator("button[data-tool=split]").click()
            count.settled()
            a, b = frame.evaluate(
                "c => { const l = GridGIS.grids.byCode.get(c), q = l.getBounds(), at = l.feature.properties.at;"
                " return [[q.getNorth(), at[0]], [q.getSouth(), at[0]]].map(p => { const s = GridGIS.map.latLngToContainerPoint(p);"
                " return [s.x, s.y]; }); }", code)  # fmt: skip
            box = page.locator("iframe.gridgis-map").bounding_box()
            before = count.n
            page.evaluate(WATCH, ["ours", 2])
            hand(page, [(box["x"] + a[0] + 3 * k, box["y"] + a[1] - 25), (box["x"] + b[0] + 3 * k, box["y"] + b[1] + 25)], rest)
            ms, blank = page.evaluate("() => window.__done")
            out["ms"].append(ms)
            out["blank"].append(blank)
            out["bytes"].append(count.since(before))
            map_.locator("body").press("Escape")
            map_.locator('body[data-preview=""]').wait_for(state="attached", timeout=60_000)
    return out


def in_a_hurry(page: Page, path: Path, level: str, times: int) -> dict[str, Any]:
    """Measure our map under a hand that never rests."""
    return ours(page, path, level, times, 0)


HANDS = {"stock st_folium": stock, "GridGIS": ours, "GridGIS, no rest before the clicks": in_a_hurry}

PAN = """async () => { const m = GridGIS.map; const gaps = [];
  let last = performance.now(), on = true;
  const tick = () => { const now = performance.now(); gaps.push(now - last); last = now; if (on) requestAnimationFrame(tick); };
  requestAnimationFrame(tick);
  for (let k = 0; k < 12; k += 1) { m.panBy([k % 4 < 2 ? 320 : -320, k % 2 ? 180 : -180], {duration: 0.3});
    await new Promise((r) => setTimeout(r, 500)); }
  on = false; gaps.sort((a, b) => a - b);
  return [gaps[gaps.length >> 1], gaps[Math.floor(gaps.length * 0.95)], gaps[gaps.length - 1]]; }"""


def pan(page: Page, path: Path) -> tuple[list[float], int]:
    """Return median, 95th percentile and longest gap between frames while panning among buildings."""
    with gg.open_county(path) as county:
        houses = county.table("buildings", ["x", "y"])
        n = len(houses)
        # The square kilometre with most of them.
        square, n_in = np.unique(np.floor(houses[["x", "y"]].to_numpy(dtype=float) / 1000), axis=0, return_counts=True)
        middle = shapely.Point(square[np.argmax(n_in)] * 1000 + 500)
        lon, lat = shapely.get_coordinates(to_degrees(middle, county.crs))[0].tolist()
    with running("app.py", GRIDGIS_COUNTY=str(path)) as address:
        page.goto(address)
        page.frame_locator("iframe.gridgis-map").locator("body[data-grids]").wait_for(state="attached", timeout=120_000)
        frame = page.locator("iframe.gridgis-map").element_handle().content_frame()
        frame.evaluate("p => { GridGIS.map.setView(p, 16.5, {animate: false}); }", [lat, lon])
        frame.wait_for_function("() => /buildings:[1-9]/.test(document.body.dataset.emap)", timeout=FIRST_MS)
        page.wait_for_timeout(3000)
        return frame.evaluate(PAN), n


def main() -> None:
    """Measure and print the table."""
    sys.path.insert(0, str(ROOT / "tools"))
    import browsers

    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--county", type=Path, required=True)
    ask.add_argument("--sizes", default="618,2000,10000")
    ask.add_argument("--buildings", default="123000,1200000")
    ask.add_argument("--times", type=int, default=3)
    given = ask.parse_args()
    print("| grids | map | redraw ms (median) | blank ms | bytes per redraw | first map s |")
    print("|---:|---|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=str(browsers.find()), args=["--no-sandbox"])

        def screen() -> Page:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.route("**/*", local)
            return page

        for size in [int(v) for v in given.sizes.split(",")]:
            path = Path(folder) / "county.gpkg" if size == 618 else county_of(Path(folder), size)
            if size == 618:
                path.write_bytes(given.county.read_bytes())
            found_ = []
            for name, measure in HANDS.items():
                got = measure(screen(), path, "unit", given.times)
                found_.append(statistics.median(got["ms"]))
                print(f"| {size:,} | {name} | {found_[-1]:,.0f} | {statistics.median(got['blank']):,.0f} |"
                      f" {statistics.median(got['bytes']):,.0f} | {got['first']:.1f} |", flush=True)  # fmt: skip
            ratio, hasty = (found_[0] / ms for ms in found_[1:])
            print(f"| {size:,} | ratio | {ratio:.1f} ({hasty:.1f} without a rest) | | | |", flush=True)
        print("\n| buildings | pan, ms between frames: median | p95 | longest |\n|---:|---:|---:|---:|")
        for houses in [int(v) for v in given.buildings.split(",")]:
            path = given.county if houses == 123_000 else county_of(Path(folder), 10_000, houses)
            (median, high, most), n = pan(screen(), path)
            print(f"| {n:,} | {median:.0f} | {high:.0f} | {most:.0f} |", flush=True)
        browser.close()


if __name__ == "__main__":
    main()
