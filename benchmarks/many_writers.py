"""Many planners at once: writer processes with random edits on one county, nothing lost, nothing broken.

    python benchmarks/many_writers.py --county county.gpkg
    python benchmarks/many_writers.py --county county.gpkg --store postgis --writers 8 --edits 250
    python benchmarks/many_writers.py --county county.gpkg --store geopackage --writers 4 --edits 100

Without `--store` it does both of the latter. The county is copied first and stays as it is; for
`postgis` a server is started for the run. Every edit that a writer was told is saved must be in the
log, with its hash, its author and the next free number; the log must hold no other. Then
``gridgis verify`` and the independent judge of `fuzz_edits.py` go over the whole county. Ends with
``violations: N``; exit code 1 if N > 0.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fuzz_edits import KINDS, WEIGHTS, Planner, Watch

import gridgis as gg
from gridgis.copying import copy_county
from gridgis.errors import GridgisError, StaleEditError
from gridgis.verify import verify

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
BOTH = (("postgis", 8, 250), ("geopackage", 4, 100))


def write(place: str, number: int, edits: int, seed: int) -> None:
    """Do random edits until so many are saved, and print what came of each, one line of JSON at a time."""
    with gg.open_county(place) as county:
        planner = Planner(county, 1000 * seed + number)
        alone = Counter[str]()
        real = county.store.alone

        def counted() -> Any:
            alone["last resort"] += 1
            return real()

        county.store.alone = counted  # type: ignore[method-assign]
        say({"ready": county.plan.version})
        sys.stdin.readline()
        done = tried = 0
        while done < edits and tried < 30 * edits:
            tried += 1
            kind = planner.random.choices(KINDS, WEIGHTS)[0]
            started = time.perf_counter()
            try:
                if kind in ("undo", "redo"):
                    edit = getattr(county, kind)(by=f"w{number}")
                else:
                    asked = planner.edit(kind)
                    started = time.perf_counter()
                    edit = county.apply(asked, by=f"w{number}")
            except StaleEditError as error:
                say({"stale": kind, "words": error.en})
            except GridgisError as error:
                say({"refused": kind, "words": error.en})
            else:
                done += 1
                say({"saved": edit.version, "hash": edit.hash, "ms": 1000 * (time.perf_counter() - started)})
        say({"end": done, **alone})


def say(word: dict[str, Any]) -> None:
    """Print a line of JSON."""
    print(json.dumps(word), flush=True)


def writers(place: str, count: int, edits: int, seed: int) -> tuple[list[list[dict[str, Any]]], list[str], float]:
    """Let writers loose on a county at the same moment; return what each said, what went wrong, and the seconds."""
    commands = [[sys.executable, __file__, "--as-writer", place, str(k), str(edits), str(seed)] for k in range(count)]
    with tempfile.TemporaryDirectory() as folder:
        logs = [Path(folder) / str(k) for k in range(count)]
        open_logs = [log.open("w") for log in logs]
        crowd = [
            subprocess.Popen(c, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
            for c, log in zip(commands, open_logs, strict=True)
        ]
        for process in crowd:
            process.stdout.readline()
        started = time.perf_counter()
        for process in crowd:
            process.stdin.write("go\n")
            process.stdin.flush()
        # Each has a thread of its own in the pipe: a writer must not wait for our reading.
        said = [[json.loads(line) for line in text.splitlines()] for text in listen(crowd)]
        for log in open_logs:
            log.close()
        lines = [(log.read_text().strip().splitlines() or ["?"])[-1] for log in logs]
    wrong = [f"writer {k} ended with an error: {lines[k]}" for k, p in enumerate(crowd) if p.returncode]
    return said, wrong, time.perf_counter() - started


def listen(crowd: list[subprocess.Popen[str]]) -> list[str]:
    """Return all that the processes print, read side by side."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(len(crowd)) as ears:
        return list(ears.map(lambda process: process.communicate()[0], crowd))


def judged(place: str, said: list[list[dict[str, Any]]], begun: int) -> tuple[int, list[str]]:
    """Hold what the writers were told against the county; return lost updates and every violation."""
    told = {(w["saved"], w["hash"], f"w{k}") for k, words in enumerate(said) for w in words if "saved" in w}
    count = sum("saved" in w for words in said for w in words)
    with gg.open_county(place) as county:
        log = county.log()
        new = log[log["version"] > begun]
        kept = set(zip(new["version"].tolist(), new["hash"], new["by"], strict=True))
        lost = len(told - kept) + count - len(told)
        wrong = [f"saved edit {v} of {by} is not in the log" for v, _, by in sorted(told - kept)]
        wrong += [f"edit {v} of {by} is in the log but its writer was not told" for v, _, by in sorted(kept - told)]
        if new["version"].tolist() != list(range(begun + 1, begun + 1 + len(new))):
            wrong.append("versions are not one after the other")
        plain = new[~new["kind"].isin(["undo", "redo"])]
        codes = Counter(code for created in plain["created"] for code in created)
        wrong += [f"code {code} was given {n} times" for code, n in codes.items() if n > 1]
        wrong += [en for _, en in verify(county)]
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "after.gpkg"
        copy_county(place, copy)
        wrong += Watch(copy).whole()
    return lost, wrong


@contextmanager
def prepared(kind: str, county: Path) -> Iterator[str]:
    """Yield the place of a copy of a county in a store of a kind."""
    with tempfile.TemporaryDirectory() as folder:
        if kind == "geopackage":
            place = str(Path(folder) / "county.gpkg")
            copy_county(county, place)
            yield place
            return
        import postgis

        with postgis.server(hasty=False) as database:
            place = f"{database}&schema=many_writers"
            copy_county(county, place)
            yield place


def trial(kind: str, count: int, edits: int, seed: int, county: Path) -> list[str]:
    """Run one crowd of writers, print its row and return the violations."""
    with prepared(kind, county) as place:
        with gg.open_county(place) as opened:
            begun = opened.version
        said, wrong, seconds = writers(place, count, edits, seed)
        lost, more = judged(place, said, begun)
    wrong += more
    flat = [w for words in said for w in words]
    ms = sorted(w["ms"] for w in flat if "ms" in w) or [0.0]
    saved, stale, refused = (sum(key in w for w in flat) for key in ("saved", "stale", "refused"))
    last = sum(w.get("last resort", 0) for w in flat)
    if saved < count * edits:
        wrong.append(f"only {saved} of {count * edits} edits could be made")
    print(f"| {kind} | {count} x {edits} | {saved} | {stale} | {refused} | {last} | {lost} | {len(wrong)} | "
          f"{statistics.median(ms):.0f} | {ms[int(0.95 * (len(ms) - 1))]:.0f} | {ms[-1]:.0f} | {seconds:.0f} |", flush=True)  # fmt: skip
    return wrong


def main() -> int:
    """Run the crowds and print the table."""
    if sys.argv[1:2] == ["--as-writer"]:
        write(sys.argv[2], *map(int, sys.argv[3:6]))
        return 0
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--county", type=Path, required=True)
    ask.add_argument("--store", choices=["geopackage", "postgis"])
    ask.add_argument("--writers", type=int)
    ask.add_argument("--edits", type=int)
    ask.add_argument("--seed", type=int, default=1)
    given = ask.parse_args()
    print(
        "| store | writers x edits | saved | stale | refused | alone | lost | violations | p50 ms | p95 ms | max ms | s |"
    )
    print("|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|", flush=True)
    wrong: list[str] = []
    for kind, count, edits in BOTH:
        if given.store in (None, kind):
            wrong += trial(kind, given.writers or count, given.edits or edits, given.seed, given.county)
    for words in wrong[:20]:
        print(words)
    print(f"violations: {len(wrong)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
