"""Points to grids on a Dask cluster of this machine beside the same work in one process.

    python benchmarks/compute.py [--grids 10000] [--millions 1 3 10 30] [--workers 2] [--memory 2GB]

Of each number of points: a Parquet file in row groups of half a million; one process does part after part with the
functions that a worker calls; then a cluster does them; the files of both are compared, every column of every row.
Printed: seconds on the wall and of processor, overhead (the cluster against the one process), the peak of memory of
each worker as the system sees it (resident, 10 times a second) beside the stated limit, and growth exponents.
The start of the cluster counts, and so does building the index, in each process. Exit code 1 if an answer differs
or a worker passes its limit.
"""

from __future__ import annotations

import argparse
import os
import pickle
import shutil
import sys
import tempfile
import threading
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from dask.utils import parse_bytes

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import madeup
from cities import CODE, EPSG, LEVELS, codes_of, polygons_of

from gridgis.cells import Cells
from gridgis.plan import Grid, Plan, make_plan
from gridgis.scale import Work, _parts, compute, locator_of
from gridgis.scaling import Located
from gridgis.schema import reproject
from gridgis.scheme import load_scheme

GROUP = 500_000


def plan_of(grids: int) -> Plan:
    """Return the plan of a made-up city."""
    polygons = polygons_of(grids)
    codes = codes_of(len(polygons))
    every = sorted({c[:w] for c in codes for w in LEVELS})
    rows = Cells.of(range(1, len(codes) + 1), codes, polygons, np.zeros((len(codes), 6)))
    named = {c: Grid(c, LEVELS[len(c)]) for c in every}
    return make_plan(load_scheme("generic"), CODE, EPSG, None, rows=rows, grids=named, version=1)


def write_points(path: Path, polygons: Any, count: int) -> None:
    """Write points in degrees, one row group after the other."""
    box = np.array([shapely.box(*shapely.total_bounds(polygons))], dtype=object)
    schema = pa.schema([("id", pa.int64()), ("lon", pa.float64()), ("lat", pa.float64())])
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for start in range(0, count, GROUP):
            n = min(GROUP, count - start)
            shapes = shapely.points(madeup.scattered(box, n, seed=7 + start))
            lon, lat = shapely.get_coordinates(reproject(shapes, EPSG, 4490)).T
            writer.write_table(pa.table({"id": np.arange(start, start + n), "lon": lon, "lat": lat}, schema=schema), GROUP)


class Watch:
    """Looks at the processes below this one: peak of memory of each, and processor seconds of all."""

    def __init__(self) -> None:
        self.peak: dict[int, int] = {}
        self.spent: dict[int, float] = {}
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def _look(self) -> None:
        me = psutil.Process()
        while not self._end.wait(0.1):
            for child in me.children(recursive=True):
                try:
                    if "spawn_main" in " ".join(child.cmdline()):
                        self.peak[child.pid] = max(self.peak.get(child.pid, 0), child.memory_info().rss)
                        self.spent[child.pid] = sum(child.cpu_times()[:2])
                except psutil.Error:
                    continue

    def __enter__(self) -> Watch:
        """Begin to look."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop looking."""
        self._end.set()
        self._thread.join()


def alone(plan: Plan, work: Work) -> tuple[float, float]:
    """Do every part in this process; return seconds on the wall and of processor."""
    work.out.mkdir()
    start, used = time.perf_counter(), time.process_time()
    columns = (work.lon, work.lat)
    task = pickle.loads(pickle.dumps(Located(locator_of(plan), columns)))
    for part in _parts(work, columns):
        task.part(part, work.out / f"part-{part.number:06d}.parquet")
    return time.perf_counter() - start, time.process_time() - used


def spread(plan: Plan, work: Work) -> tuple[float, float, list[int]]:
    """Do it on a cluster; return seconds on the wall, of processor, and the peak of each worker."""
    start, used = time.perf_counter(), time.process_time()
    with Watch() as watch:
        compute(plan, work)
    seconds = time.perf_counter() - start
    return seconds, time.process_time() - used + sum(watch.spent.values()), sorted(watch.peak.values())


def equal(one: Path, other: Path) -> bool:
    """Tell whether two folders hold the same rows in the same parts."""
    names = [sorted(p.name for p in folder.glob("part-*.parquet")) for folder in (one, other)]
    return names[0] == names[1] and all(pq.read_table(one / n).equals(pq.read_table(other / n)) for n in names[0])


def measure(plan: Plan, folder: Path, millions: float, given: argparse.Namespace) -> tuple[Any, ...]:
    """Do one size both ways and print it."""
    points = folder / "points.parquet"
    write_points(points, plan.rows.geometry, round(millions * 1e6))
    outs = [folder / "one", folder / "many"]
    mine = alone(plan, Work(points, outs[0]))
    theirs = spread(plan, Work(points, outs[1], workers=given.workers, memory=given.memory))
    same = equal(*outs)
    for out in outs:
        shutil.rmtree(out)
    peaks = ", ".join(f"{p / 1e6:,.0f}" for p in theirs[2])
    print(f"{millions:>6g}{mine[0]:>11.1f}{mine[1]:>9.1f}{theirs[0]:>11.1f}{theirs[1]:>9.1f}{theirs[0] / mine[0]:>9.2f}"
          f"{theirs[1] / mine[1]:>9.2f}   {peaks:<24}{'equal' if same else 'DIFFERS'}")  # fmt: skip
    return same, max(theirs[2]), mine, theirs


def main() -> int:
    """Print a table, exponents and the verdict."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--grids", type=int, default=10_000)
    parser.add_argument("--millions", type=float, nargs="+", default=[1.0, 3.0, 10.0, 30.0])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--memory", default="2GB")
    given = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    plan = plan_of(given.grids)
    load = os.getloadavg()[0]
    print(f"{len(plan.rows):,} grids, {given.workers} workers of one thread, at most {given.memory} each; "
          f"{os.cpu_count()} processors, load {load:.1f} at the start")  # fmt: skip
    print(f"{'':6}{'one process':>20}{'cluster':>20}{'overhead':>18}   peak of each worker, MB")
    print(f"{'10^6':>6}{'wall s':>11}{'CPU s':>9}{'wall s':>11}{'CPU s':>9}{'wall x':>9}{'CPU x':>9}")
    with tempfile.TemporaryDirectory() as name:
        rows = [measure(plan, Path(name), m, given) for m in given.millions]
    sizes = given.millions
    for title, times in (
        ("one process, wall", [r[2][0] for r in rows]), ("one process, CPU", [r[2][1] for r in rows]),
        ("cluster, wall", [r[3][0] for r in rows]), ("cluster, CPU", [r[3][1] for r in rows]),
    ):  # fmt: skip
        steps = [np.log(b / a) / np.log(n / m) for (a, b), (m, n) in zip(pairwise(times), pairwise(sizes), strict=True)]
        over = np.log(times[-1] / times[0]) / np.log(sizes[-1] / sizes[0]) if len(sizes) > 1 else float("nan")
        print(f"growth exponent, {title:20} {over:5.2f} over all; step by step " + "  ".join(f"{s:.2f}" for s in steps))
    peak, limit = max(r[1] for r in rows), parse_bytes(given.memory)
    print(f"peak of a worker {peak / 1e6:,.0f} MB, limit {limit / 1e6:,.0f} MB: {'under' if peak < limit else 'OVER'}")
    print(f"answers of the cluster: {'equal to one process in every row' if all(r[0] for r in rows) else 'DIFFER'}")
    return 0 if peak < limit and all(r[0] for r in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
