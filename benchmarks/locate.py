"""Points to grids, side by side with other tools in one run.

    python benchmarks/locate.py [--quick] [--grids 618 10000 100000] [--points 100000 1000000 10000000]
                                [--rounds 3] [--limit 120] [--only Ours SJoin …]

Made-up coverages (six-sided cells with wiggling shared edges, about 126 vertices each, on the
millimetre lattice) and points, three in four of them clustered. Each contender lives in a process of
its own (`benchmarks/contender.py`), builds its index once and gets its points in its own form before
the clock starts; rounds are interleaved. A figure is the median of processor time over the rounds, a
server's included, and a ratio the median of the ratios within a round; beside it the ratio when each
also builds its index for this one question. Memory is the most that the process held, its polygons
and points included. Ours goes from coordinates to a Series of codes.

A cell of the table that would take longer than the limit, by what fewer points took, is not run: its
time is then told as extrapolated. One that takes longer than 10 s is run once. Then 12,000 hard
points are put to all and to an oracle of whole numbers. What cannot be had is skipped with a word.
Exit code 1 if one of our points is wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import platform
import select
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import shapely

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.contender import CONTENDERS
from benchmarks.madeup import coverage, hard_points, scattered
from benchmarks.oracle import Oracle, whole
from gridgis.pointindex import kernel

HARD = 12_000
ONCE_S = 10.0
"""What takes longer is run once."""
KEPT_POINTS = 2_000_000
"""With more points, each contender holds its own only while it runs, so that all fit into memory."""
HANGS_S = 1800.0
"""What has not answered by then, on the wall's clock, is stopped."""
GOAL = 50


class AwayError(Exception):
    """A contender that is not here, or no longer."""


@dataclass
class Contender:
    """A process, and what it has told."""

    name: str
    process: Any = None
    made: dict[str, Any] = field(default_factory=dict)
    seconds: dict[int, list[float]] = field(default_factory=dict)
    peak: dict[int, int] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """What the table calls it."""
        return str(CONTENDERS[self.name].name)

    def start(self, polygons: Path) -> None:
        """Start it and wait until its index is built."""
        script = Path(__file__).with_name("contender.py")
        command = [sys.executable, str(script), self.name, str(polygons)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.made = self._heard()
        if "missing" in self.made:
            raise AwayError(self.made["missing"])

    def ask(self, do: str, **more: Any) -> dict[str, Any]:
        """Have it do something and return what it says."""
        print(json.dumps({"do": do, **more}), file=self.process.stdin, flush=True)
        return self._heard()

    def _heard(self) -> dict[str, Any]:
        if not select.select([self.process.stdout], [], [], HANGS_S)[0]:
            self.process.terminate()
            raise AwayError(f"stopped: no answer within {HANGS_S:,.0f} s")
        line = self.process.stdout.readline()
        if not line:
            raise AwayError(f"ended with code {self.process.wait()}, perhaps for want of memory")
        return dict(json.loads(line))

    def stop(self) -> None:
        """End it."""
        if self.process and self.process.poll() is None:
            self.process.stdin.close()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.terminate()

    def expected(self, m: int) -> float:
        """Return seconds that `m` points would take by what the most points so far took, 0 for the first."""
        most = max(self.seconds, default=0)
        return statistics.median(self.seconds[most]) * m / most if most else 0.0


def started(names: list[str], file: Path, limit: float, expected: dict[str, float]) -> list[Contender]:
    """Start every contender that can be had and print what its index took."""
    out = []
    for name in names:
        it = Contender(name)
        if expected.get(name, 0) > limit:
            print(
                f"  skipped {it.label}: building would take about {expected[name]:,.0f} s (extrapolated), limit {limit:,.0f} s"
            )
            continue
        try:
            it.start(file)
        except AwayError as why:
            print(f"  skipped {it.label}: {why}")
            continue
        cpu, wall = it.made["build"]
        print(
            f"  {it.label:40}built in{cpu:9.2f} s CPU ({wall:8.2f} s); "
            f"memory{it.made['held'] / 1e6:9,.0f} MB before,{it.made['peak'] / 1e6:9,.0f} MB at most since"
        )
        out.append(it)
    return out


def race(here: list[Contender], points: Path, m: int, rounds: int, limit: float) -> None:
    """Run every contender with `m` points, in turns, and print the table."""
    runs = []
    for it in here:
        if it.expected(m) > limit:
            print(
                f"  {it.label:40}not run: about {it.expected(m):,.0f} s (extrapolated from {max(it.seconds):,} points), limit {limit:,.0f} s"
            )
        else:
            runs.append(it)
            it.seconds[m] = []
    keep = m <= KEPT_POINTS
    for k in range(rounds):
        for it in list(runs):
            if it.seconds[m] and it.seconds[m][0] > ONCE_S:
                continue
            try:
                if k == 0 or not keep:
                    it.ask("prepare", points=str(points))
                told = it.ask("run")
                if not keep:
                    it.ask("drop")
            except AwayError as why:
                print(f"  {it.label:40}{why}")
                runs.remove(it)
                here.remove(it)
                continue
            it.seconds[m].append(told["cpu"])
            it.peak[m] = told["peak"]
    show(runs, m)


def ratios(ours: Contender, it: Contender, m: int, *, building: bool = False) -> float:
    """Return how many times as long it takes as ours, index building included or not."""
    more, own = (it.made["build"][0], ours.made["build"][0]) if building else (0.0, 0.0)
    return statistics.median((s + more) / (o + own) for s, o in zip(it.seconds[m], ours.seconds[m], strict=False))


def show(runs: list[Contender], m: int) -> None:
    """Print one race."""
    ours = runs[0]
    for it in runs:
        middle = statistics.median(it.seconds[m])
        print(
            f"  {it.label:40}{middle * 1e3:12,.1f} ms{middle / m * 1e9:9,.0f} ns/point{it.peak[m] / 1e6:8,.0f} MB   "
            f"ours is{ratios(ours, it, m):8,.1f} x as fast,{ratios(ours, it, m, building=True):8,.1f} x with its index to build"
            + ("   (1 round)" if len(it.seconds[m]) == 1 else "")
        )


def exactness(here: list[Contender], polygons: Any, folder: Path) -> int:
    """Print how each contender places the hard points; return how many ours got wrong."""
    points = np.round(hard_points(polygons, HARD), 3)
    np.save(folder / "hard.npy", points)
    truth = np.array(Oracle(polygons).owners(whole(points)))
    wrong = 0
    print(
        f" {HARD:,} hard points against the oracle: right | other polygon | none but should | several | should be outside"
    )
    for it in here:
        try:
            it.ask("hard", points=str(folder / "hard.npy"), to=str(folder / "pairs.npz"))
        except AwayError as why:
            print(f"  {it.label:40}{why}")
            wrong += HARD * it.name.startswith("Ours")
            continue
        with np.load(folder / "pairs.npz") as pairs:
            point, polygon = pairs["arr_0"], pairs["arr_1"]
        hits = np.bincount(point, minlength=HARD)
        first = np.full(HARD, -1)
        first[point] = polygon
        one = hits <= 1
        counts = [(one & (first == truth)).sum(), (one & (first >= 0) & (truth >= 0) & (first != truth)).sum(),
                  ((hits == 0) & (truth >= 0)).sum(), (~one).sum(), (one & (first >= 0) & (truth < 0)).sum()]  # fmt: skip
        print(f"  {it.label:40}" + " | ".join(f"{k:>7,}" for k in counts))
        if it.name.startswith("Ours"):
            wrong += HARD - int(counts[0])
    return wrong


def exponents(label: str, rows: list[tuple[float, float]]) -> None:
    """Print the slope of log(y) over log(x) between neighbours."""
    slopes = [np.log(b[1] / a[1]) / np.log(b[0] / a[0]) for a, b in pairwise(rows) if b[0] != a[0]]
    if slopes:
        print(f"  {label:70}" + "  ".join(f"{s:5.2f}" for s in slopes))


def summary(points: list[int], runs: dict[int, list[Contender]]) -> None:
    """Print how times and memory grow, and the goal."""
    print("\ngrowth exponents between neighbouring sizes")
    ours = {n: here[0].made for n, here in runs.items()}
    exponents("index of ours: time to build over edges", [(m["edges"], m["build"][0]) for m in ours.values()])
    exponents("index of ours: bytes over edges", [(m["edges"], m["index"]) for m in ours.values()])
    told = {(n, it.name): it for n, here in runs.items() for it in here}
    middle = {(n, name, m): statistics.median(s) for (n, name), it in told.items() for m, s in it.seconds.items() if s}
    for name in dict.fromkeys(name for _, name in told):
        label = CONTENDERS[name].name
        for n in runs:
            exponents(
                f"{label}: time over points, {n:,} grids",
                [(m, middle[n, name, m]) for m in points if (n, name, m) in middle],
            )
        for m in points:
            exponents(
                f"{label}: time over grids, {m:,} points",
                [(n, middle[n, name, m]) for n in runs if (n, name, m) in middle],
            )
            memory = [(n, told[n, name].peak[m]) for n in runs if (n, name) in told and m in told[n, name].peak]
            exponents(f"{label}: memory over grids, {m:,} points", memory)
    print(f"\ngoal, at least {GOAL} x geopandas.sjoin at 1 million points, both with their index kept")
    for n in runs:
        peer = told.get((n, "SJoin"))
        if peer and peer.seconds.get(1_000_000):
            kept = ratios(runs[n][0], peer, 1_000_000)
            print(f"  {n:,} grids: {kept:,.1f} x, {'met' if kept >= GOAL else 'NOT met'}; "
                  f"{ratios(runs[n][0], peer, 1_000_000, building=True):,.1f} x when both build their index for it")  # fmt: skip


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--grids", type=int, nargs="+", default=[618, 10_000, 100_000])
    parser.add_argument("--points", type=int, nargs="+", default=[100_000, 1_000_000, 10_000_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--limit", type=float, default=120, help="seconds of processor for one cell of the table")
    parser.add_argument("--only", nargs="*", default=list(CONTENDERS), help="contenders; all by default")
    parser.add_argument("--quick", action="store_true", help="618 grids, 100,000 points, 2 rounds")
    given = parser.parse_args()
    if given.quick:
        given.grids, given.points, given.rounds = [618], [100_000], 2
    given.only = ["Ours", *(name for name in given.only if name != "Ours")]
    given.points.sort()
    return given


def whereabouts() -> str:
    """Return the date, the machine and its load."""
    load = ", ".join(f"{x:.1f}" for x in os.getloadavg())
    return f"{time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime())}, load of the last 1, 5, 15 minutes {load} on {os.cpu_count()} cores"


def main() -> None:
    """Run everything and print it."""
    given = options()
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    print(f"python benchmarks/locate.py {' '.join(sys.argv[1:])}")
    print(
        f"{whereabouts()}; Python {platform.python_version()}, {platform.machine()}, {'numba' if kernel.compiled() else 'numpy alone'}"
    )
    runs: dict[int, list[Contender]] = {}
    per_grid: dict[str, float] = {}
    wrong = 0
    for n in given.grids:
        polygons = coverage(n)
        print(f"\n{len(polygons):,} grids; {whereabouts()}")
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "polygons.pickle").write_bytes(pickle.dumps(shapely.to_wkb(polygons)))
            expected = {name: each * len(polygons) for name, each in per_grid.items()}
            here = started(given.only, folder / "polygons.pickle", given.limit, expected)
            per_grid.update({it.name: it.made["build"][0] / len(polygons) for it in here})
            try:
                for m in given.points:
                    print(f" {m:,} points")
                    np.save(folder / "points.npy", scattered(polygons, m))
                    race(here, folder / "points.npy", m, given.rounds, given.limit)
                wrong += exactness(here, polygons, folder)
            finally:
                for it in here:
                    it.stop()
        runs[len(polygons)] = here
    summary(given.points, runs)
    print(f"wrong: {wrong}\nended {whereabouts()}")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
