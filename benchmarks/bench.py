"""All comparisons in one run, written to benchmarks/RESULTS.md: what `make bench` calls.

    python benchmarks/bench.py [--county county.gpkg] [--rounds 3] [--only WORD] [--out benchmarks/RESULTS.md]

The short races (see benchmarks/races.py) are run here, rounds interleaved: each of the field once, then all again. A
figure is the median over the rounds, seconds of processor time of this process (wall clock where a process of its own
does the work); a ratio is the median of the ratios within the rounds. Then the benchmarks that are programs of their
own, with modest sizes, and what they print. A peer that cannot be had, or takes longer than a minute, is left out of
further rounds with the reason. Nothing here is asserted.
"""

from __future__ import annotations

import argparse
import gc
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from races import Race, races

ROOT = Path(__file__).resolve().parent.parent
LONG_S = 60.0
TOLD = ("geopandas", "shapely", "numpy", "pandas", "scipy", "numba", "pyogrio", "fiona", "maup", "geoplanar", "networkx", "rustworkx",
        "scikit-learn", "duckdb", "sedonadb", "gerrychain", "spopt", "streamlit", "streamlit-folium", "folium", "dask")  # fmt: skip


def scripts(county: str) -> dict[str, list[str]]:
    """Return the programs of their own, by what they compare."""
    return {
        "Points to grids (locate)": ["locate.py", "--grids", "618", "--points", "1000000", "--rounds", "3"],
        "Automatic plans (propose)": ["propose.py", county, "--within", "built_up", "--limit", "20"],
        "The map in a browser: first picture and redraw": ["map_redraw.py", "--county", county, "--sizes", "618", "--times", "3"],
    }


def run(race: Race, rounds: int) -> list[str]:
    """Run a race and return its rows of the table."""
    clock = time.perf_counter if race.wall else time.process_time
    took: dict[str, list[float]] = {}
    lost: dict[str, str] = {}
    for _ in range(rounds):
        for name, work, _note in race.field:
            if name in lost:
                continue
            gc.collect()
            start = clock()
            try:
                work()
            except Exception as error:
                lost[name] = f"skipped: {type(error).__name__}: {str(error).splitlines()[0][:90] if str(error) else ''}"
                continue
            took.setdefault(name, []).append(clock() - start)
            if took[name][-1] > LONG_S:
                lost[name] = f"one round: over {LONG_S:.0f} s"
    mine = took.get(race.field[0][0], [float("nan")] * rounds)
    rows = []
    for name, _, note in race.field:
        said = "; ".join(w for w in (note, lost.get(name, "")) if w)
        times = took.get(name)
        if times is None:
            rows.append(f"| {race.title} | {name} | – | – | {said} |")
            continue
        ratio = statistics.median(t / m for t, m in zip(times, mine, strict=False))
        rows.append(f"| {race.title} | {name} | {1e3 * statistics.median(times):,.1f} | {ratio:,.2f} | {said} |")
        print(rows[-1], flush=True)
    return rows


def told_by(command: list[str]) -> str:
    """Return what a program of its own prints."""
    try:
        done = subprocess.run([sys.executable, f"benchmarks/{command[0]}", *command[1:]], cwd=ROOT, capture_output=True, text=True,
                              check=False, timeout=900, env={**os.environ, "PYTHONPATH": str(ROOT)})  # fmt: skip
    except subprocess.TimeoutExpired:
        return "skipped: not finished after a quarter of an hour"
    if done.returncode and not done.stdout.strip():
        return f"skipped: {(done.stderr.strip().splitlines() or ['no word'])[-1][:200]}"
    return done.stdout.strip().replace(str(ROOT), ".")


def machine() -> list[str]:
    """Return what is said of the machine and of the versions."""
    kind = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        kind = next((line.split(":")[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")), kind)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30 if hasattr(os, "sysconf") else 0
    known = []
    for name in TOLD:
        try:
            known.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            known.append(f"{name} not installed")
    return [f"{os.cpu_count()} processors ({kind}), {memory:.0f} GB of memory, {platform.system()}, Python {platform.python_version()}.",
            "", ", ".join(known) + "."]  # fmt: skip


class Report:
    """What has been found so far; written after every race, so that a run that is ended leaves what it has."""

    def __init__(self, out: Path, rounds: int) -> None:
        self.out, self.rounds = out, rounds
        self.start, self.loads = time.time(), [os.getloadavg()[0]]
        self.rows: list[str] = []
        self.parts: list[str] = []

    def write(self, *, whole: bool) -> None:
        """Write the file."""
        self.loads.append(os.getloadavg()[0])
        quiet = max(self.loads) <= 1.5 * (os.cpu_count() or 1)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        load = f"Load of the machine {min(self.loads):.1f} to {max(self.loads):.1f}: "
        load += "quiet. " if quiet else "**loaded**, so that only ratios say something. "
        self.out.write_text("\n".join([
            "# Results of `make bench`", "",
            f"{time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime(self.start))}, {(time.time() - self.start) / 60:.0f} minutes, "
            f"{self.rounds} rounds. {load}Peak of memory of the short races, peers included, {peak:,.0f} MB."
            + ("" if whole else " **The run was ended before its end: what is missing was not measured.**"), "", *machine(), "",
            "Median milliseconds of processor time (reading files: of the wall clock), and how many times ours it is, the median "
            "within rounds. The first of each comparison is ours.", "",
            "| work | by | ms | × ours | |", "|---|---|---:|---:|---|", *self.rows, "", *self.parts,
        ]), encoding="utf-8")  # fmt: skip


def main() -> None:
    """Run everything and write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--county", default="county.gpkg")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="races and programs whose title has this word")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "RESULTS.md")
    given = parser.parse_args()
    report = Report(given.out, given.rounds)
    for title, make in races(Path(given.county)):
        if given.only in title:
            for race in make():
                report.rows += run(race, given.rounds)
                report.write(whole=False)
    for title, command in scripts(given.county).items():
        if given.only in title:
            told = told_by(command)
            report.parts += [f"## {title}", "", f"`python benchmarks/{' '.join(command)}`", "", "```", told, "```", ""]
            print(title, flush=True)
            report.write(whole=False)
    report.write(whole=True)
    print(f"wrote {given.out.name}")


if __name__ == "__main__":
    main()
