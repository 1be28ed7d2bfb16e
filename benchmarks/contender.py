"""One contender of `benchmarks/locate.py` in a process of its own, so that its memory is its own too.

    python benchmarks/contender.py NAME POLYGONS

It reads a line of JSON, does it, and answers with a line. POLYGONS is a pickle of WKB; points come as .npy files.
"""

from __future__ import annotations

import gc
import json
import os
import pickle
import sys
import time
from contextlib import ExitStack, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import shapely

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.peers import EPSG, PEERS, most_held


class Ours:
    """gg.locate on a plan that holds the polygons, from coordinates to a categorical Series of codes."""

    name = "gridgis.locate"

    def __init__(self, polygons: Any, _: ExitStack) -> None:
        import gridgis as gg
        from gridgis.cells import Cells
        from gridgis.plan import make_plan
        from gridgis.scheme import load_scheme

        codes = [f"350526{k // 998001 + 100:03}{k // 999 % 999 + 1:03}{k % 999 + 1:03}" for k in range(len(polygons))]
        rows = Cells.of(range(1, len(codes) + 1), codes, polygons, np.zeros((len(codes), 6)))
        self.plan = make_plan(load_scheme("generic"), "350526", EPSG, None, rows=rows)
        self.find = gg.locate
        self.number = {code: k for k, code in enumerate(codes)}

    def prepare(self, xy: Any) -> Any:
        """Return the points as they are."""
        return xy

    def pairs(self, xy: Any) -> Any:
        """Return (point, polygon) for every hit."""
        found = self.find(self.plan, xy)
        some = np.flatnonzero(found.notna())
        return some, np.array([self.number[code] for code in found.iloc[some]], dtype=np.int64)

    def run(self, xy: Any) -> None:
        """Locate."""
        self.find(self.plan, xy, categorical=True)

    def facts(self) -> dict[str, float]:
        """Return the number of edges and the bytes of the index."""
        state = self.plan.lookup._state
        assert state is not None
        return {"edges": len(state.base.squares.edges), "index": state.base.squares.nbytes}


class OursInNumpy(Ours):
    """The same by passes over arrays, as on a machine without numba."""

    name = "gridgis.locate, without numba"

    def __init__(self, polygons: Any, stack: ExitStack) -> None:
        os.environ["GRIDGIS_NO_NUMBA"] = "1"
        super().__init__(polygons, stack)


CONTENDERS: dict[str, Any] = {c.__name__: c for c in (Ours, OursInNumpy, *PEERS)}  # type: ignore[attr-defined]


class Bench:
    """A contender, its points, and what it has used so far."""

    def __init__(self, kind: Any, polygons: Any, stack: ExitStack) -> None:
        self.points: Any = None
        self.peer: Any = None
        if not hasattr(kind, "elsewhere"):
            kind(polygons[:1], stack)  # so that loading libraries is not counted as building
        started = self._now()
        self.peer = kind(polygons, stack)
        # The first question makes what is made lazily; ours compiles or loads its machine code as well.
        self._run(self.peer.prepare(shapely.get_coordinates(shapely.point_on_surface(polygons[:1]))))
        self.build = [b - a for a, b in zip(started, self._now(), strict=True)]
        if isinstance(self.peer, Ours):
            self._run(np.zeros((600_000, 2)))

    def _now(self) -> tuple[float, float]:
        """Return seconds of processor, a server's included, and of the clock on the wall."""
        elsewhere = self.peer.elsewhere() if hasattr(self.peer, "elsewhere") else 0.0
        return time.process_time() + elsewhere, time.perf_counter()

    def _run(self, points: Any) -> None:
        if isinstance(self.peer, Ours):
            self.peer.run(points)
        else:
            self.peer.pairs(points)

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Do what is asked and return what it took."""
        if asked["do"] == "prepare":
            self.points = self.peer.prepare(np.load(asked["points"]))
        elif asked["do"] == "drop":
            self.points = None
        elif asked["do"] == "hard":
            np.savez(asked["to"], *self.peer.pairs(self.peer.prepare(np.load(asked["points"]))))
        gc.collect()
        before = self._now()
        if asked["do"] == "run":
            self._run(self.points)
        used, wall = (b - a for a, b in zip(before, self._now(), strict=True))
        return {"cpu": used, "wall": wall, "peak": peak(self.peer)}


def peak(peer: Any) -> int:
    """Return the most memory held so far, in bytes, a server's included."""
    return most_held(Path("/proc/self")) + (most_held(peer.process) if hasattr(peer, "process") else 0)


def main() -> None:
    """Answer until the input ends."""
    out = sys.stdout
    with redirect_stdout(sys.stderr), ExitStack() as stack:
        with Path(sys.argv[2]).open("rb") as file:
            polygons = shapely.from_wkb(pickle.load(file))
        held = peak(None)
        try:
            bench = Bench(CONTENDERS[sys.argv[1]], polygons, stack)
        except (ImportError, RuntimeError, OSError) as error:
            print(json.dumps({"missing": f"{type(error).__name__}: {error}"}), file=out, flush=True)
            return
        facts = bench.peer.facts() if hasattr(bench.peer, "facts") else {}
        made = {"build": bench.build, "held": held, "peak": peak(bench.peer), **facts}
        print(json.dumps(made), file=out, flush=True)
        for line in sys.stdin:
            print(json.dumps(bench.answer(json.loads(line))), file=out, flush=True)


if __name__ == "__main__":
    main()
