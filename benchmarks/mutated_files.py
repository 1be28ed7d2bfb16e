"""Thousands of damaged files in twelve formats, each imported dry and for good, and what came of it.

    python benchmarks/mutated_files.py --count 3000 --seed 1 --in-process --jobs 2

Small sound files are made, damaged by seed (bits, stretches, cuts, wrong endings, and damage to what the bytes say)
and brought into a copy of a small county with `gridgis.bringing.bring`. Counted are tracebacks (any exception that is
no sentence), silent losses (rows accepted and rejected are fewer than pyogrio, fiona or a plain reader of the format
find in the same file) and changes of the county although the file was refused or the run was dry. Ends with
``county changes: 0``; exit code 1 if any of the three is not 0. ``--in-process`` forks one warm process for each file
instead of starting a new one: the same code under the same limits, several times faster.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mutating
import numpy as np
import pandas as pd

Job = dict[str, Any]


# -- the process that imports ----------------------------------------------------------------------------------


def warm() -> None:
    """Make the reading process a fork of this one: same script, same limits, no start-up."""
    import importlib.util

    from gridgis.io import sandbox

    before = {name: sys.modules.get(name) for name in ("pandas", "geopandas")}
    place = Path(sandbox.__file__).with_name("child.py")
    spec = importlib.util.spec_from_file_location("warm_child", place)
    child = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(child)
    sys.modules.update({name: module for name, module in before.items() if module is not None})

    def run(command: list[str], cwd: Path, timeout: float, **_: Any) -> SimpleNamespace:
        pid = os.fork()
        if pid == 0:
            # Nothing may leave this branch: the fork is the child.
            try:
                os.chdir(cwd)
                sink = os.open(os.devnull, os.O_WRONLY)
                os.dup2(sink, 1)
                os.dup2(sink, 2)
                child.main(command[-1])
                os._exit(0)
            finally:
                os._exit(1)
        until = time.monotonic() + timeout
        while True:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                return SimpleNamespace(returncode=os.waitstatus_to_exitcode(status))
            if time.monotonic() > until:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                raise subprocess.TimeoutExpired(command, timeout)
            time.sleep(0.002)

    sandbox.subprocess = SimpleNamespace(run=run, TimeoutExpired=subprocess.TimeoutExpired)


def make_transformers_once() -> None:
    """Keep the transformers between coordinate systems, which take most of the time of small files."""
    import functools

    import pyproj

    made = pyproj.Transformer.from_crs
    kept = functools.cache(
        lambda a, b, xy: made(pyproj.CRS.from_user_input(a), pyproj.CRS.from_user_input(b), always_xy=xy)
    )

    def from_crs(a: Any, b: Any, *, always_xy: bool = False) -> pyproj.Transformer:
        return kept(pyproj.CRS.from_user_input(a).to_wkt(), pyproj.CRS.from_user_input(b).to_wkt(), always_xy)

    pyproj.Transformer.from_crs = from_crs


def work(county_file: Path, in_process: bool) -> None:
    """Import files named on standard input, one job a line, and answer each with what happened."""
    import gridgis as gg
    from gridgis.bringing import Options, bring
    from gridgis.errors import GridgisError

    if in_process:
        warm()
        make_transformers_once()
    sound = county_file.read_bytes()
    for line in sys.stdin:
        job = json.loads(line)
        answer: Job = {}
        for apply in (False, True):
            refused = not apply
            # Opened and closed each time, so that everything written is in the one file that is compared.
            county = gg.open_county(county_file)
            try:
                options = Options(as_=job["as"], layer=job["layer"], skip_rejected=job["skip"])
                report = bring(county, job["path"], options, apply=apply).report
                answer["report"] = {k: report.get(k) for k in ("rows", "accepted", "evidence", "error")}
                answer["report"]["rejected"] = len({r["row"] for r in report["rejected"]})
            except GridgisError as error:
                answer["refused"], refused = error.en, True
                answer.setdefault("words", []).extend([error.zh, error.en])
            except Exception:
                answer["traceback"], refused = traceback.format_exc(), True
            county.close()
            if [file.name for file in county_file.parent.glob("county.gpkg*")] != ["county.gpkg"]:
                answer["traceback"] = "the closed county is more than one file"
            if county_file.read_bytes() != sound:
                if refused:
                    answer["changed"] = "dry run" if not apply else "refused"
                county_file.write_bytes(sound)
        print(json.dumps(answer), flush=True)


# -- other readers of the same file ------------------------------------------------------------------------------


def _of_pyogrio(path: Path, layer: str | None, archive: str) -> int:
    import pyogrio

    name = f"/vsizip/{path}" if archive else str(path)
    layers = [str(n) for n, kind in pyogrio.list_layers(name).tolist() if kind is not None]
    return len(pyogrio.read_dataframe(name, layer=layer or layers[0], read_geometry=False, fid_as_index=True))


def _of_fiona(path: Path, layer: str | None, archive: str) -> int:
    import fiona

    name = f"zip://{path}" if archive else str(path)
    with fiona.open(name, layer=layer, allow_unsupported_drivers=True) as source:
        return sum(1 for _ in source)


def _of_json(path: Path) -> int:
    text = path.read_text("utf-8")
    try:
        data = json.loads(text)
    except ValueError:
        return sum(1 for line in text.splitlines() if line.strip())
    return len(data.get("features", [0])) if isinstance(data, dict) else len(data)


def _of_text(path: Path) -> int:
    raw = path.read_bytes()
    encoding = "utf-8" if path.suffix == ".tsv" else "gb18030"
    text = raw.decode(encoding, "replace")
    rows = csv.reader(io.StringIO(text, newline=""), delimiter="\t" if path.suffix == ".tsv" else ",", strict=True)
    return sum(1 for row in rows if any(f.strip() for f in row)) - 1


def _of_arrow(path: Path) -> int:
    import pyarrow.parquet as pq

    return int(pq.ParquetFile(path).metadata.num_rows)


def _of_book(path: Path) -> int:
    frame = pd.read_excel(path, header=None, dtype=str, na_filter=False)
    return int(np.count_nonzero((frame != "").any(axis=1))) - 1


def rows_seen(path: Path, job: Job) -> dict[str, int]:
    """Return how many rows each other reader finds in a file; those that cannot read it are left out."""
    form = path.suffix.lstrip(".")
    archive = form if form in ("zip", "kmz") else ""
    readers: dict[str, Any] = {}
    if form not in ("csv", "tsv", "xlsx", "parquet"):
        readers["pyogrio"] = lambda: _of_pyogrio(path, job["layer"], archive)
        readers["fiona"] = lambda: _of_fiona(path, job["layer"], archive)
    plain = {
        "geojson": _of_json,
        "geojsonl": _of_json,
        "csv": _of_text,
        "tsv": _of_text,
        "parquet": _of_arrow,
        "xlsx": _of_book,
    }
    if form in plain:
        readers["plain"] = lambda: plain[form](path)
    found = {}
    warnings.simplefilter("ignore")
    for name, read in readers.items():
        # Other readers may stop at damage in any way they like; then they have no say.
        try:
            found[name] = read()
        except Exception:
            continue
    return found


# -- the run -----------------------------------------------------------------------------------------------------


def make_county(path: Path) -> None:
    """Write a county of six squares."""
    from gridgis.founding import Founding, found

    cells = mutating.squares()
    every = sorted({c[:w] for c in cells["code"] for w in (9, 12, 15)})
    keys = {9: "township", 12: "community", 15: "unit"}
    grids = pd.DataFrame({"code": every, "level": [keys[len(c)] for c in every], "kind": "", "name": every})
    grids["kind"] = "comprehensive"
    import shapely

    outline = shapely.normalize(shapely.union_all(cells.geometry.values))
    found(path, Founding("generic", mutating.COUNTY, "损坏文件县", mutating.EPSG, "new", outline, cells, grids))


class Worker:
    """The importing process, with the environment that a reading process has."""

    def __init__(self, county: Path, in_process: bool) -> None:
        from gridgis.io import sandbox

        env = dict(os.environ)
        if in_process:
            # GDAL reads these once, when it is loaded; a fork cannot set them anew.
            env |= {k: v for k, v in sandbox._environment().items() if k not in env or k.startswith(("GDAL", "OGR"))}
        command = [sys.executable, __file__, "--work", str(county)] + ["--in-process"] * in_process
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env, text=True
        )

    def ask(self, job: Job) -> Job:
        """Return what came of one file; an end of the process itself counts as a traceback."""
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        return json.loads(line) if line else {"traceback": f"the importing process ended: {self.process.poll()}"}

    def end(self) -> None:
        """Let the process end."""
        self.process.stdin.close()
        self.process.wait()


def loss(path: Path, job: Job, answer: Job) -> str:
    """Return words where rows were lost without a word, else nothing."""
    report = answer.get("report")
    if report is None or answer.get("traceback"):
        return ""
    told = report["accepted"] + report["rejected"]
    if told != report["rows"] and not (report["error"] and not report["rows"]):
        return f"{report['rows']} rows, but {told} accounted for"
    if not report["rows"]:
        return ""
    above = sum(int(e.split()[0]) for e in report["evidence"] or () if "above the header" in e)
    seen = rows_seen(path, job)
    most = max(seen.values(), default=0)
    return f"{report['rows']} rows, other readers {seen}" if report["rows"] + above < most else ""


def run(numbers: range, given: argparse.Namespace) -> Counter[str]:
    """Damage and import the files of these numbers; print each fault and return the totals."""
    seed, in_process, keep = given.seed, given.in_process, given.keep
    totals: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        sound = mutating.make_all(folder)
        chosen = given.formats or list(sound)
        make_county(folder / "county.gpkg")
        worker = Worker(folder / "county.gpkg", in_process)
        require_sound(worker, sound, chosen)
        for n in numbers:
            form = chosen[n % len(chosen)]
            path, kind, layer = sound[form]
            rng = random.Random(f"{seed}/{form}/{n}")
            data, ending, how = mutating.damaged(path.read_bytes(), form, rng)
            damaged = folder / f"f{n}.{'osm.pbf' if ending == 'pbf' else ending}"
            damaged.write_bytes(data)
            job = {"path": str(damaged), "as": kind, "layer": layer, "skip": n // len(chosen) % 2 == 1}
            answer = worker.ask(job)
            faults = {"tracebacks": answer.get("traceback", ""), "silent losses": loss(damaged, job, answer),
                      "county changes": answer.get("changed", "")}  # fmt: skip
            for fault, words in faults.items():
                if words:
                    totals[fault] += 1
                    print(
                        f"FAULT {fault}: file {n} ({form}, {how}, {hashlib.sha256(data).hexdigest()[:12]}): {words}",
                        flush=True,
                    )
                    if keep:
                        (keep / damaged.name).write_bytes(data)
            if worker.process.poll() is not None:
                worker = Worker(folder / "county.gpkg", in_process)
            _count(totals, form, answer)
            damaged.unlink()
        # What is refused at the end must be refused for its damage, not for what earlier files left behind.
        require_sound(worker, sound, chosen)
        worker.end()
    return totals


def require_sound(worker: Worker, sound: dict[str, Any], chosen: list[str]) -> None:
    """Stop unless each undamaged file comes in whole."""
    for form in chosen:
        path, kind, layer = sound[form]
        answer = worker.ask({"path": str(path), "as": kind, "layer": layer, "skip": False})
        if answer.get("report", {}).get("rejected") != 0 or "refused" in answer or "traceback" in answer:
            sys.exit(f"the sound {form} file does not come in: {answer}")


def _count(totals: Counter[str], form: str, answer: Job) -> None:
    report = answer.get("report") or {}
    came = "refused" if "refused" in answer else "partly in" if report.get("rejected") else "all in"
    totals[f"{form}: {came}"] += 1
    totals[came] += 1


def main() -> None:
    """Read the arguments, run, and print the totals."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--count", type=int, default=3000)
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument("--formats", nargs="*", default=[])
    ask.add_argument("--in-process", action="store_true", help="fork a warm process for each file")
    ask.add_argument("--jobs", type=int, default=1, help="how many counties to work on side by side")
    ask.add_argument("--keep", type=Path, help="folder for files that show a fault")
    ask.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    given = ask.parse_args()
    if given.work:
        work(given.work, given.in_process)
        return
    begun = time.monotonic()
    shares = [range(k, given.count, given.jobs) for k in range(given.jobs)]
    with ProcessPoolExecutor(given.jobs) as pool:
        totals = sum(pool.map(run, shares, [given] * given.jobs), Counter())
    forms = sorted({k.split(":")[0] for k in totals if ":" in k})
    print(f"{'format':10}{'all in':>10}{'partly in':>12}{'refused':>10}")
    for form in forms:
        print(
            f"{form:10}{totals[f'{form}: all in']:10}{totals[f'{form}: partly in']:12}{totals[f'{form}: refused']:10}"
        )
    print(f"files: {given.count} in {len(forms)} formats, seed {given.seed}, {time.monotonic() - begun:.0f} s")
    print(f"all in: {totals['all in']}, partly in: {totals['partly in']}, refused with a sentence: {totals['refused']}")
    faults = ("tracebacks", "silent losses", "county changes")
    for fault in faults:
        print(f"{fault}: {totals[fault]}")
    sys.exit(any(totals[f] for f in faults))


if __name__ == "__main__":
    main()
