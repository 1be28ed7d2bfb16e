"""Points to grids, side by side with other tools in one run.

    python benchmarks/locate.py [--quick] [--grids 618 10000 100000] [--points 100000 1000000 10000000] [--rounds 3]

Made-up coverages (six-sided cells with wiggling shared edges, about 126 vertices each, on the
millimetre lattice) and points, three in four of them clustered. Rounds are interleaved; a figure is the
median of CPU time over the rounds, and a ratio the median of the ratios within a round. Ours is
`gg.locate(plan, xy)` from coordinates to a Series of codes, as a categorical and as text; ratios are
to the first. Indexes are built before the clock starts and shown beside; peers get their points in
their own form before the clock starts. Then 10,000 hard points are put to all and to an oracle of
whole numbers. What cannot be had is skipped with a word. Exit code 1 if one of our points is wrong.
"""

from __future__ import annotations

import argparse
import gc
import platform
import resource
import statistics
import sys
import time
from collections import defaultdict
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import gridgis as gg
from benchmarks.madeup import coverage, hard_points, scattered
from benchmarks.oracle import Oracle, whole
from benchmarks.peers import EPSG, PEERS, SJoin, clock
from gridgis import kernel
from gridgis.cells import Cells
from gridgis.plan import Plan, make_plan
from gridgis.scheme import load_scheme

HARD = 10_000


class Ours:
    """gg.locate on a plan that holds the polygons."""

    name = "gridgis.locate, categorical"

    def __init__(self, polygons: Any, _: ExitStack) -> None:
        codes = [f"350526{k // 998001 + 100:03}{k // 999 % 999 + 1:03}{k % 999 + 1:03}" for k in range(len(polygons))]
        self.number = {code: k for k, code in enumerate(codes)}
        rows = Cells.of(range(1, len(codes) + 1), codes, polygons, np.zeros((len(codes), 6)))
        self.plan: Plan = make_plan(load_scheme("generic"), "350526", EPSG, None, rows=rows)
        start, used = time.perf_counter(), time.process_time()
        gg.locate(self.plan, np.zeros((1, 2)))
        self.build = time.process_time() - used, time.perf_counter() - start
        assert self.plan.ground is not None
        assert self.plan.ground._state is not None
        self.squares = self.plan.ground._state.base.squares

    def prepare(self, xy: Any) -> Any:
        """Return the points as they are."""
        return xy

    def locate(self, xy: Any) -> Any:
        """Return the codes."""
        return gg.locate(self.plan, xy, categorical=True)

    def pairs(self, xy: Any) -> Any:
        """Return (point, polygon) for every hit."""
        found = gg.locate(self.plan, xy)
        some = np.flatnonzero(found.notna())
        return some, np.array([self.number[code] for code in found.iloc[some]], dtype=np.int64)


class OursAsText:
    """The same, to a Series of text."""

    name = "gridgis.locate, text"

    def __init__(self, ours: Ours) -> None:
        self.plan = ours.plan
        self.prepare, self.pairs = ours.prepare, ours.pairs

    def locate(self, xy: Any) -> Any:
        """Return the codes."""
        return gg.locate(self.plan, xy)


def contenders(polygons: Any, stack: ExitStack, only: set[str]) -> list[Any]:
    """Return ours and every peer that can be had."""
    ours = Ours(polygons, stack)
    out: list[Any] = [ours, OursAsText(ours)]
    for peer in PEERS:
        name = peer.name  # type: ignore[attr-defined]
        if only and peer.__name__.lower() not in only:
            continue
        try:
            out.append(peer(polygons, stack))
        except (ImportError, RuntimeError, OSError) as error:
            print(f"  skipped {name}: {error}")
    return out


def race(field: list[Any], xy: Any, rounds: int) -> dict[str, list[float]]:
    """Return seconds per round of each contender."""
    times: dict[str, list[float]] = defaultdict(list)
    ready = [(c, c.prepare(xy)) for c in field if len(xy) <= getattr(c, "most", len(xy))]
    for c in field:
        if len(xy) > getattr(c, "most", len(xy)):
            print(f"  left out {c.name}: asked with up to {c.most:,} points only")
    for _ in range(rounds):
        for c, points in ready:
            run = c.locate if isinstance(c, Ours | OursAsText) else c.pairs
            now = clock(c)
            gc.collect()
            start = now()
            run(points)
            times[c.name].append(now() - start)
    return times


def show(times: dict[str, list[float]], n: int) -> None:
    """Print one race."""
    ours = times[Ours.name]
    for name, seconds in times.items():
        ratio = statistics.median(s / o for s, o in zip(seconds, ours, strict=True))
        middle = statistics.median(seconds)
        print(
            f"  {name:40}{middle * 1e3:12,.1f} ms{middle / n * 1e9:10,.0f} ns/point   ours is {ratio:8,.1f} x as fast"
        )


def exactness(field: list[Any], polygons: Any) -> int:
    """Print how each contender places the hard points; return how many ours got wrong."""
    points = np.round(hard_points(polygons, HARD), 3)
    truth = np.array(Oracle(polygons).owners(whole(points)))
    wrong = 0
    print(
        f"  {HARD:,} hard points against the oracle: right | other polygon | none but should | several | should be outside"
    )
    for c in field:
        point, polygon = c.pairs(c.prepare(points))
        hits = np.bincount(point, minlength=HARD)
        first = np.full(HARD, -1)
        first[point] = polygon
        one = hits <= 1
        counts = [(one & (first == truth)).sum(), (one & (first >= 0) & (truth >= 0) & (first != truth)).sum(),
                  ((hits == 0) & (truth >= 0)).sum(), (~one).sum(), (one & (first >= 0) & (truth < 0)).sum()]  # fmt: skip
        print(f"  {c.name:40}" + " | ".join(f"{k:>7,}" for k in counts))
        if isinstance(c, Ours):
            wrong = HARD - int(counts[0])
    return wrong


def exponents(label: str, rows: list[tuple[float, float]]) -> None:
    """Print the slope of log(y) over log(x) between neighbours."""
    slopes = [np.log(b[1] / a[1]) / np.log(b[0] / a[0]) for a, b in pairwise(rows) if b[0] != a[0]]
    if slopes:
        print(f"  {label:60}" + "  ".join(f"{s:5.2f}" for s in slopes))


def summary(
    given: argparse.Namespace,
    speed: dict[tuple[int, int], float],
    built: list[tuple[float, float, float]],
    goal: list[float],
) -> None:
    """Print how times and memory grow, the peak of memory, and the goal."""
    print("\ngrowth exponents between neighbouring sizes")
    exponents("build over edges", [(e, t) for e, t, _ in built])
    exponents("memory over edges", [(e, b) for e, _, b in built])
    for n in dict.fromkeys(n for n, _ in speed):
        exponents(f"time over points, {n:,} grids", [(m, s) for (k, m), s in speed.items() if k == n])
    for m in given.points:
        exponents(f"time over grids, {m:,} points", [(k, s) for (k, p), s in speed.items() if p == m])
    print(
        f"\npeak memory of the whole run, peers included: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:,.1f} GB"
    )
    if goal:
        print(f"goal, at least 50 x geopandas.sjoin at 1 million points: {', '.join(f'{g:,.0f} x' for g in goal)}")


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--grids", type=int, nargs="+", default=[618, 10_000, 100_000])
    parser.add_argument("--points", type=int, nargs="+", default=[100_000, 1_000_000, 10_000_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", nargs="*", default=[], help="class names in benchmarks/peers.py; all by default")
    parser.add_argument("--peers-up-to", type=int, default=1_000_000, help="with more points only ours runs")
    parser.add_argument("--quick", action="store_true", help="618 grids, 100,000 points, 2 rounds")
    given = parser.parse_args()
    if given.quick:
        given.grids, given.points, given.rounds = [618], [100_000], 2
    return given


def main() -> None:
    """Run everything and print it."""
    given = options()
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    print(f"python benchmarks/locate.py {' '.join(sys.argv[1:])}")
    fast = kernel.compiled()
    print(f"{time.strftime('%Y-%m-%d')}, Python {platform.python_version()}, {platform.machine()}, "
          f"{'numba' if fast else 'numpy alone'}; made-up coverages, see the head of the script")  # fmt: skip
    speed: dict[tuple[int, int], float] = {}
    built: list[tuple[float, float, float]] = []
    wrong, goal = 0, []
    for n in given.grids:
        polygons = coverage(n)
        with ExitStack() as stack:
            print(f"\n{len(polygons):,} grids")
            field = contenders(polygons, stack, {p.lower() for p in given.peers})
            ours = field[0]
            built.append((len(ours.squares.edges), ours.build[0], ours.squares.nbytes))
            print(f"  index of ours: {len(ours.squares.edges):,} edges, built in {ours.build[0]:.2f} s CPU ({ours.build[1]:.2f} s), "
                  f"{ours.squares.nbytes / 1e6:,.1f} MB, {ours.squares.nbytes / len(ours.squares.edges):.0f} bytes per edge")  # fmt: skip
            ours.locate(scattered(polygons, 600_000)[:600_000])
            for m in given.points:
                print(f" {m:,} points")
                times = race(field if m <= given.peers_up_to else field[:2], scattered(polygons, m), given.rounds)
                show(times, m)
                speed[len(polygons), m] = statistics.median(times[Ours.name])
                if m == 1_000_000 and SJoin.name in times:
                    pairs = zip(times[SJoin.name], times[Ours.name], strict=True)
                    goal.append(statistics.median(s / o for s, o in pairs))
            wrong += exactness(field, polygons)
    summary(given, speed, built, goal)
    print(f"wrong: {wrong}")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
