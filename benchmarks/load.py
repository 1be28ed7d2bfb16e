"""Twenty planners at one app: what they wait for, whether an edit is lost, and whether memory stays where it was.

    python benchmarks/load.py --county county.gpkg --sessions 20 --cycles 12

The app runs as it is shipped, on a copy of the county. Each planner is a client of Streamlit's own websocket and of
the app's routes, which does what the page in a browser does: opens the map page (document, map page, every layer),
moves the map (the routes of the parts in view), opens the incidents page, draws a line through a grid and confirms.
What browsers do with the answers is not measured here; see `map_redraw.py`. At the end the county is opened: every
edit that was confirmed must be in it, and it must verify. Then `--cycles` times all planners come and go: memory of the
app's process is fitted over the cycles after the first third. Ends with ``lost edits: 0`` and ``errors: 0``; exit code 1
if one is not 0 or memory grows by more than `--most` MB a cycle of so many sessions.
"""

from __future__ import annotations

import argparse
import gc
import json
import shutil
import statistics
import sys
import tempfile
import threading
import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

import gridgis as gg  # noqa: E402
from gridgis.verify import verify  # noqa: E402
from tests.browser.conftest import running_app  # noqa: E402

WAIT_S = 600


class Clock:
    """How long each kind of thing took, by all planners together."""

    def __init__(self) -> None:
        self.took: defaultdict[str, list[float]] = defaultdict(list)
        self.errors: list[str] = []
        self._lock = threading.Lock()

    @contextmanager
    def of(self, what: str) -> Iterator[None]:
        """Measure one thing."""
        started = time.perf_counter()
        try:
            yield
        except Exception as error:
            with self._lock:
                self.errors.append(f"{what}: {type(error).__name__}: {error}"[:300])
            raise
        with self._lock:
            self.took[what].append(time.perf_counter() - started)


class Planner:
    """One session: a websocket to the app, and what its page shows.

    Parameters
    ----------
    address
        Where the app runs.
    clock
        Takes the times.
    name
        Who is at the desk.
    """

    def __init__(self, address: str, clock: Clock, name: str) -> None:
        self.address, self.clock, self.name = address, clock, name
        self._states: dict[str, Any] = {}
        self._ids: dict[str, str] = {}
        self._fragments: dict[str, str] = {}
        self._page = ""
        self._turn = 0
        self.map: dict[str, Any] = {}
        self.text = ""
        self._open = ExitStack()
        stream = address.replace("http", "ws") + "/_stcore/stream"
        options = {"origin": address, "subprotocols": ["streamlit"], "max_size": None, "open_timeout": WAIT_S, "ping_timeout": None}
        self._socket = self._open.enter_context(connect(stream, **options))

    def close(self) -> None:
        """Leave."""
        self._open.close()

    # -- what a browser does

    def run(self, page: str = "", *, fragment: str = "", **triggers: Any) -> None:
        """Have the page run, with what was typed and pressed, and take what it shows."""
        asked = BackMsg()
        told = asked.rerun_script
        told.query_string, told.page_script_hash, told.fragment_id = "", "" if page else self._page, fragment
        told.page_name = page
        for ident, value in self._states.items():
            told.widget_states.widgets.add(id=ident, string_value=value)
        if "map" in self._ids:
            # What a component remembers; ours remembers nothing, yet without it Streamlit tells no event.
            told.widget_states.widgets.add(id=self._ids["map"], json_value="{}")
        for kind, (ident, value) in triggers.items():
            told.widget_states.widgets.add(id=ident, **{kind: value})
        self._socket.send(asked.SerializeToString())
        self._take()

    def _take(self) -> None:
        until = time.monotonic() + WAIT_S
        while True:
            told = ForwardMsg.FromString(self._socket.recv(timeout=max(0.1, until - time.monotonic())))
            kind = told.WhichOneof("type")
            if kind == "new_session":
                self._page = told.new_session.page_script_hash
            elif kind == "delta" and told.delta.WhichOneof("type") == "new_element":
                self._show(told.delta)
            elif kind == "script_finished":
                if told.script_finished in (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY):
                    return
                if told.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
                    raise RuntimeError("the script does not compile")

    def _show(self, delta: Any) -> None:
        element = delta.new_element
        kind = element.WhichOneof("type")
        if kind == "exception":
            raise RuntimeError(element.exception.message)
        if kind == "html":
            self.text += element.html.body
        if kind in ("button", "text_input", "bidi_component"):
            found = getattr(element, kind)
            # Streamlit's identifiers end with the key that the page gave.
            key = found.id.rsplit("-", 1)[-1]
            self._ids[key], self._fragments[key] = found.id, delta.fragment_id
            if kind == "bidi_component" and key.endswith("map"):
                self.map = json.loads(found.json or found.mixed.json)

    def fetch(self, what: str, road: str, data: bytes | None = None) -> bytes:
        """Ask one of the app's routes."""
        with self.clock.of(what), urllib.request.urlopen(f"{self.address}{road}", data=data, timeout=WAIT_S) as answer:
            return bytes(answer.read())

    # -- what a planner does

    def open(self) -> None:
        """Open the map page: the document, the page, the map and all its layers."""
        with self.clock.of("open the map page"):
            self.fetch("document", "/")
            with self.clock.of("first run of the page"):
                self.run()
            shown = self.map["message"]
            self.fetch("map's own page", self.map["url"])
            for road in (shown["base"], shown["grids"]["url"], *(o["url"] for o in shown["outlines"].values())):
                self.fetch("layer", road)

    def pan(self, grid: dict[str, Any], times: int) -> None:
        """Move the map: what lies in view is fetched."""
        lon, lat, *_ = grid["properties"]["at"]
        for k in range(times):
            box = f"{lon + k * 0.002:.5f},{lat:.5f},{lon + k * 0.002 + 0.01:.5f},{lat + 0.006:.5f}"
            for name in ("cells", "lines"):
                self.fetch("pan: part in view", f"{self.map['message'][name]}?bbox={box}")

    def incidents(self) -> None:
        """Open the incidents page, and come back."""
        with self.clock.of("incidents page"):
            self.run("incidents")
        with self.clock.of("back to the map page"):
            self.run("map")

    def edit(self, grid: dict[str, Any]) -> str:
        """Draw a line through a grid and confirm; return what the page then says."""
        code, (lon, lat, *_) = grid["properties"]["code"], grid["properties"]["at"]
        xy = np.array(_coordinates(grid["geometry"]))
        (west, south), (east, north) = xy.min(axis=0), xy.max(axis=0)
        line = [[lon, south - 0.0002], [lon, north + 0.0002]] if self._turn == 0 else [[west - 0.0002, lat], [east + 0.0002, lat]]
        self._turn += 1
        self._states[self._ids["author"]] = self.name
        self.run()
        event = {"type": "split", "line": line, "selected": [code], "unlock": False, "n": int(time.time() * 1000)}
        with self.clock.of("draw a line"):
            self._trigger({"event": "event", "value": event})
        if "confirm" not in self._ids:
            return str((self.map["message"].get("refusal") or {}).get("words", ""))
        self.text = ""
        with self.clock.of("confirm"):
            self.run(fragment=self._fragments["confirm"], trigger_value=(self._ids["confirm"], True))
        return self.text

    def _trigger(self, event: dict[str, Any]) -> None:
        ident = self._ids["map"]
        self.run(fragment=self._fragments["map"], json_trigger_value=(f"$$STREAMLIT_INTERNAL_KEY_{ident}__events", json.dumps([event])))


def _coordinates(shape: dict[str, Any]) -> list[list[float]]:
    parts = shape["coordinates"] if shape["type"] == "MultiPolygon" else [shape["coordinates"]]
    return [point[:2] for part in parts for point in part[0]]


# -- all of them together -----------------------------------------------------------------------------------------


def session(address: str, clock: Clock, number: int, *, edits: int) -> tuple[int, list[str]]:
    """Be one planner from coming to going; return how many edits were confirmed, and what was answered otherwise."""
    planner = Planner(address, clock, f"planner {number}")
    saved, told = 0, []
    try:
        planner.open()
        grids = json.loads(_unzipped(planner.fetch("layer", planner.map["message"]["grids"]["url"])))["features"]
        # Each has a grid of his own; who draws where is not what is measured here.
        grid = grids[(number * 37) % len(grids)]
        planner.pan(grid, 3)
        planner.incidents()
        for _ in range(edits):
            said = planner.edit(grid)
            saved += "gg-notice" in said
            if "gg-notice" not in said:
                told.append(said)
    finally:
        planner.close()
    return saved, told


def _unzipped(data: bytes) -> bytes:
    import gzip

    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


def together(address: str, clock: Clock, sessions: int, *, first: int, edits: int) -> tuple[int, int]:
    """Run so many sessions at once; return edits confirmed, and edits that the app refused."""
    with ThreadPoolExecutor(sessions) as pool:
        going = [pool.submit(session, address, clock, first + k, edits=edits) for k in range(sessions)]
        saved = refused = 0
        for one in going:
            try:
                done, told = one.result()
            except Exception as error:
                clock.errors.append(f"session: {type(error).__name__}: {error}"[:300])
                continue
            saved, refused = saved + done, refused + len(told)
            silent = [t for t in told if not t or ("<" in t and "gg-problem" not in t and "gg-ask" not in t)]
            clock.errors += ["an edit was neither saved nor refused in a sentence"] * len(silent)
    return saved, refused


def app_process(port: int) -> psutil.Process:
    """Return the process that listens on a port."""
    return next(p for p in psutil.Process().children(recursive=True) if any(c.laddr.port == port for c in p.net_connections("tcp")))


def memory(process: psutil.Process) -> float:
    """Return the resident memory of a process in MB."""
    return float(process.memory_info().rss) / 1e6


def cycles(address: str, process: psutil.Process, given: argparse.Namespace) -> tuple[list[float], Clock]:
    """Let all planners come and go again and again, without edits; return the memory after each time."""
    clock, seen = Clock(), []
    for n in range(given.cycles):
        together(address, clock, given.sessions, first=1000 + n, edits=0)
        # The app forgets a session some seconds after it has gone.
        time.sleep(given.forget + 2)
        seen.append(memory(process))
        print(f"  cycle {n + 1}: {seen[-1]:.0f} MB", file=sys.stderr, flush=True)
    return seen, clock


def slope(seen: list[float]) -> tuple[float, float]:
    """Return MB a cycle over what follows the first third, and its standard error."""
    rest = np.array(seen[len(seen) // 3 :])
    if len(rest) < 3:
        return 0.0, 0.0
    x = np.arange(len(rest))
    fit = np.polyfit(x, rest, 1)
    left = rest - np.polyval(fit, x)
    return float(fit[0]), float(np.sqrt((left**2).sum() / (len(rest) - 2) / ((x - x.mean()) ** 2).sum()))


def report(clock: Clock) -> None:
    """Print what everything took."""
    print(f"{'what':<26}{'times':>7}{'median ms':>11}{'p95 ms':>9}{'longest ms':>12}")
    for what, took in clock.took.items():
        ms = sorted(1000 * t for t in took)
        print(f"{what:<26}{len(ms):>7}{statistics.median(ms):>11,.0f}{ms[int(0.95 * (len(ms) - 1))]:>9,.0f}{ms[-1]:>12,.0f}")


def main() -> int:
    """Run the load and print the tables."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--county", type=Path, required=True)
    ask.add_argument("--sessions", type=int, default=20)
    ask.add_argument("--cycles", type=int, default=12)
    ask.add_argument("--forget", type=int, default=3, help="seconds after which the app forgets a session that has gone")
    ask.add_argument("--most", type=float, default=2.0)
    given = ask.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(shutil.copy(given.county, Path(folder) / "county.gpkg"))
        with gg.open_county(path) as county:
            before = len(county.log())
        with running_app(path, Path(folder) / "app.log", "--server.disconnectedSessionTTL", str(given.forget)) as address:
            process, clock = app_process(int(address.rsplit(":", 1)[1])), Clock()
            begin = memory(process)
            together(address, Clock(), 1, first=500, edits=0)
            warm = memory(process)
            saved, refused = together(address, clock, given.sessions, first=0, edits=1)
            busy = memory(process)
            seen, again = cycles(address, process, given)
        logged = (Path(folder) / "app.log").read_text("utf-8", "replace")
        gc.collect()
        with gg.open_county(path) as county:
            kept, wrong = len(county.log()) - before, verify(county)
    report(clock)
    grows, error = slope(seen)
    print(f"sessions at once: {given.sessions}; edits confirmed: {saved}, refused with a sentence: {refused}, kept: {kept}")
    print(f"memory of the app, MB: {begin:.0f} started, {warm:.0f} after one session, {busy:.0f} after {given.sessions} at once;"
          f" after each of {len(seen)} times {given.sessions} sessions: {', '.join(f'{m:.0f}' for m in seen)}")  # fmt: skip
    print(f"growth after the first third: {grows:+.2f} MB a cycle (standard error {error:.2f}),"
          f" {grows / given.sessions * 1000:+.0f} kB a session")  # fmt: skip
    errors = [*clock.errors, *again.errors, *(["traceback in the log of the app"] * ("Traceback" in logged)), *(en for _, en in wrong)]
    for one in errors[:10]:
        print(one, file=sys.stderr)
    if "Traceback" in logged:
        print(logged[-3000:], file=sys.stderr)
    print(f"lost edits: {saved - kept}\nerrors: {len(errors)}")
    return 1 if saved != kept or errors or saved + refused < given.sessions or grows - 2 * error > given.most else 0


if __name__ == "__main__":
    sys.exit(main())
