"""A city on one machine: opening, a view, edits, a check, an analysis; and how edits, store and memory grow with size.

    python benchmarks/city.py [--city /tmp/city.gpkg] [--grids 10000] [--buildings 1200000] [--incidents 5000000]
                              [--sizes 618 2000 10000 100000] [--folder DIR]

The city is made up (see benchmarks/cities.py) and founded once, under the path given if nothing is there yet; --grids 0
leaves it out. Every step runs in a process of its own: seconds on the wall and of processor, the peak of memory, and
the bytes that SQLite asked the system for (Linux), beside the size of the store. A view that read a whole table would
show there, and in the plan of its query, which is printed too. Edits: the median of twenty splits, each applied to the
file, in counties of growing size, of two buildings in a grid; one split of twenty is undone. A growth exponent of 0 is
no growth, of 1 is in proportion.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import shapely

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from cities import found_city

import gridgis as gg
from gridgis.analysing import study

SIDE_M = 2_000.0
EDITS = 20


def read_bytes() -> int:
    """Return how many bytes this process has asked the system for; 0 where the system does not say."""
    told = Path("/proc/self/io")
    return int(told.read_text(encoding="ascii").split("rchar: ")[1].split()[0]) if told.exists() else 0


def most_memory() -> float:
    """Return the peak of this process in MB; what getrusage says begins with that of the parent."""
    told = Path("/proc/self/status")
    if told.exists():
        return int(told.read_text(encoding="ascii").split("VmHWM:")[1].split()[0]) / 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def timed(words: str, work: Callable[[], Any]) -> tuple[dict[str, Any], Any]:
    """Return what a piece of work took, and its answer."""
    start, used, before = time.perf_counter(), time.process_time(), read_bytes()
    answer = work()
    took = {"words": words, "wall": time.perf_counter() - start, "cpu": time.process_time() - used, "mb": (read_bytes() - before) / 1e6}
    return took, answer


def opened(path: Path) -> list[dict[str, Any]]:
    """Open the city with its plan."""
    with gg.open_county(path) as county:
        took, plan = timed("open, with the plan", lambda: county.plan)
    return [took | {"note": f"{len(plan.grids):,} grids, {len(plan.rows):,} cells"}]


def viewed(path: Path) -> list[dict[str, Any]]:
    """Read what a view of 2 km by 2 km in the densest place shows."""
    out = []
    with gg.open_county(path) as county:
        x0, y0, x1, y1 = county.outline.bounds
        middle = np.array([(x0 + x1) / 2, (y0 + y1) / 2])
        box = (*(middle - SIDE_M / 2), *(middle + SIDE_M / 2))
        for table, columns in (("buildings", ("id", "households", "geometry")), ("incidents", ("id", "at", "category", "x", "y")),
                               ("grids", ("code", "name", "geometry"))):  # fmt: skip
            took, rows = timed(f"view, {table}", lambda t=table, c=columns: county.table(t, c, box))
            out.append(took | {"note": f"{len(rows):,} rows, {how(county, table, box)}"})
    return out


def how(county: Any, table: str, box: Any) -> str:
    """Return SQLite's plan of the query of a view; SCAN of the table itself would be the whole of it."""
    from sqlalchemy import text

    query = f'EXPLAIN QUERY PLAN SELECT * FROM "{table}" WHERE {county.store.backend.near(table, county.crs)} ORDER BY fid'
    with county.store._reading() as c:
        steps = [str(r[3]) for r in c.execute(text(query), dict(zip(("x0", "y0", "x1", "y1"), map(float, box), strict=True)))]
    whole = any(s == f"SCAN {table}" for s in steps)
    return ("WHOLE TABLE: " if whole else "no table scan: ") + "; ".join(s for s in steps if "TEMP" not in s)


def edited(path: Path, words: str = "edit") -> list[dict[str, Any]]:
    """Split grids here and there, the first right after opening; undo one."""
    with gg.open_county(path) as county:
        codes = county.plan.codes("unit")
        pick = [codes[k] for k in np.random.default_rng(1).permutation(len(codes))[: EDITS + 1]]

        def split(code: str) -> None:
            west, south, east, north = county.plan.grid_geometry(code).bounds
            line = shapely.LineString([(west - 1, (south + north) / 2), (east + 1, (south + north) / 2)])
            county.apply(gg.split(county.plan, code, line))

        first, _ = timed(f"{words}, the first after opening", lambda: split(pick[0]))
        took = [timed("", lambda c=c: split(c))[0] for c in pick[1:]]
        undone, _ = timed(f"{words}, undone", lambda: county.undo())
    middle = {k: float(np.median([t[k] for t in took])) for k in ("wall", "cpu", "mb")}
    return [first, {"words": f"{words}, median of {EDITS} splits", "note": "saved in the file, each"} | middle, undone]


def checked(path: Path) -> list[dict[str, Any]]:
    """Run every rule."""
    with gg.open_county(path) as county:
        _ = county.plan
        took, found = timed("check, every rule", lambda: gg.check(county))
    return [took | {"note": f"{len(found):,} findings"}]


def analysed(path: Path) -> list[dict[str, Any]]:
    """Count incidents per grid with their shares, and find hot spots."""
    with gg.open_county(path) as county:
        _ = county.plan
        read, known = timed("incidents, read", lambda: study(county))
        grids, rows = timed("incidents, per unit grid with shares", lambda: known.per_grid("unit"))
        spots, found = timed("hot spots and their course by month", lambda: (known.hot_spots("unit"), known.emerging("unit")))
    hot = int((found[0]["spot"].str.startswith("hot")).sum())
    return [read | {"note": f"{len(known.every):,} incidents"}, grids | {"note": f"{int(rows['reported'].sum()):,} in grids"},
            spots | {"note": f"{hot:,} hot"}]  # fmt: skip


def started(path: Path) -> list[dict[str, Any]]:
    """Do nothing: what the program itself takes."""
    return [timed(f"nothing but the program ({path.suffix})", lambda: None)[0]]


STEPS: dict[str, Callable[[Path], list[dict[str, Any]]]] = {
    "start": started, "open": opened, "view": viewed, "edit": edited, "check": checked, "analyse": analysed,
}  # fmt: skip


def apart(step: str, path: Path) -> list[dict[str, Any]]:
    """Run a step in a process of its own and print it; what it changes, it changes in a copy."""
    target = path
    if step == "edit":
        target = Path(shutil.copyfile(path, path.with_name(f"{path.stem}-edited.gpkg")))
    done = subprocess.run([sys.executable, __file__, "--step", step, "--city", str(target)], capture_output=True, text=True, check=False)
    if target != path:
        target.unlink()
    if done.returncode:
        print(done.stderr[-2000:])
        raise SystemExit(1)
    told: list[dict[str, Any]] = json.loads(done.stdout)
    return told


def show(rows: list[dict[str, Any]]) -> None:
    """Print the steps of one process."""
    for r in rows:
        print(f"{r['words']:44}{r['wall']:9.3f}{r['cpu']:9.3f}{r['mb']:10.1f}{r['peak']:9,.0f}  {r.get('note', '')}")


def founded(path: Path, grids: int, buildings: int, incidents: int) -> None:
    """Found a city unless it is there."""
    if not path.exists():
        start = time.perf_counter()
        found_city(path, grids, buildings, incidents)
        print(f"founded {grids:,} grids, {buildings:,} buildings, {incidents:,} incidents in {time.perf_counter() - start:,.0f} s")


def grown(folder: Path, sizes: list[int]) -> None:
    """Print what opening and an edit cost in counties of growing size, store and memory, and the exponents."""
    print(f"\n{'grids':>9}{'open CPU s':>12}{'edit CPU ms':>13}{'edit wall ms':>14}{'first edit ms':>15}{'store MB':>10}{'memory MB':>11}")
    rows = []
    for n in sizes:
        path = folder / f"{n}.gpkg"
        founded(path, n, 2 * n, 0)
        open_, edit = apart("open", path), apart("edit", path)
        row = (n, open_[0]["cpu"], edit[1]["cpu"] * 1e3, edit[1]["wall"] * 1e3, edit[0]["cpu"] * 1e3, path.stat().st_size / 1e6, open_[0]["peak"])
        print(f"{row[0]:>9,}{row[1]:>12.2f}{row[2]:>13.1f}{row[3]:>14.1f}{row[4]:>15.1f}{row[5]:>10,.0f}{row[6]:>11,.0f}")
        rows.append(row)
    size = np.log(rows[-1][0] / rows[0][0])
    base = apart("start", folder)[0]["peak"]
    for k, title in ((2, "edit, CPU"), (1, "opening, CPU"), (5, "store")):
        print(f"growth exponent of {title:14} {np.log(rows[-1][k] / rows[0][k]) / size:5.2f}")
    if len(rows) > 1:
        more = np.log((rows[-1][6] - base) / (rows[-2][6] - base)) / np.log(rows[-1][0] / rows[-2][0])
        print(f"growth exponent of memory         {more:5.2f}  (the last two sizes, beyond the {base:,.0f} MB of the program itself)")


def main() -> None:
    """Print everything, or one step as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--city", type=Path)
    for name, value in (("grids", 10_000), ("buildings", 1_200_000), ("incidents", 5_000_000)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--sizes", type=int, nargs="*", default=[618, 2_000, 10_000, 100_000])
    parser.add_argument("--folder", type=Path, help="where the counties of --sizes are kept; a temporary folder by default")
    parser.add_argument("--step", choices=STEPS)
    given = parser.parse_args()
    if given.step:
        rows = STEPS[given.step](given.city)
        peak = most_memory()
        print(json.dumps([r | {"peak": peak} for r in rows], ensure_ascii=False))
        return
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} at the start")
    with tempfile.TemporaryDirectory() as name:
        if given.grids:
            city = given.city or Path(name) / "city.gpkg"
            founded(city, given.grids, given.buildings, given.incidents)
            print(f"store {city.stat().st_size / 1e6:,.0f} MB\n{'':44}{'wall s':>9}{'CPU s':>9}{'read MB':>10}{'peak MB':>9}")
            for step in STEPS:
                show(apart(step, city))
        if given.sizes:
            grown(given.folder or Path(name), given.sizes)


if __name__ == "__main__":
    main()
