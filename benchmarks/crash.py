"""Power cuts, full disks and locked folders: what was saved is there, and nothing half.

    python benchmarks/crash.py
    python benchmarks/crash.py --store geopackage --kills 20

A writer makes random edits and says so after each; it is killed with SIGKILL at a random moment.
Then the store is opened afresh: its version must be the last one acknowledged or the one after it,
its plan, read from the rows, must have the hash that the log gives that version, and every edit
acknowledged must be in the log with its hash. `gridgis verify` goes over the whole every tenth time
and at the end. Then the disk fills up at many levels (a limit on the size of files, which the
system answers like a full disk), and the file and its folder are made read-only, for a user who is
not root. Ends with ``violations: N``; exit code 1 if N > 0.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import signal
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from fuzz_edits import KINDS, WEIGHTS, Planner  # noqa: E402

import gridgis as gg  # noqa: E402
from gridgis.copying import copy_county  # noqa: E402
from gridgis.errors import GridgisError, StoreError  # noqa: E402
from gridgis.verify import verify  # noqa: E402
from tests.drawn import drawn_county, patchwork  # noqa: E402

KILLS = {"geopackage": 200, "postgis": 50}


@dataclass
class Tally:
    """What came of a series."""

    tried: int = 0
    edits: int = 0
    said: int = 0
    unsaid: int = 0
    wrong: list[str] = field(default_factory=list)


def edit_until_stopped(county: gg.County, seed: int, say: Callable[[dict[str, Any]], None]) -> None:
    """Make random edits without end, and say after each what was saved."""
    planner = Planner(county, seed)
    say({"alive": True})
    while True:
        kind = planner.random.choices(KINDS, WEIGHTS)[0]
        try:
            edit = getattr(county, kind)() if kind in ("undo", "redo") else county.apply(planner.edit(kind))
        except StoreError:
            raise
        except GridgisError:
            continue
        say({"saved": edit.version, "hash": edit.hash})


def forked(work: Callable[[Callable[[dict[str, Any]], None]], None]) -> tuple[int, Any]:
    """Run `work` in a child; return its number and what it says, as a file of lines of JSON."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child:
        os.close(theirs)
        return child, os.fdopen(ours)
    os.close(ours)
    code = 3
    try:
        work(lambda word: os.write(theirs, (json.dumps(word) + "\n").encode()) and None)
        code = 0
    except StoreError as error:
        os.write(theirs, (json.dumps({"told": error.en}) + "\n").encode())
        code = 0
    finally:
        # Without farewell: nothing of the parent's must be tidied up twice.
        os._exit(code)


def killed_once(county: gg.County, r: random.Random, seed: int) -> list[dict[str, Any]]:
    """Let a writer work on a county, kill it at a random moment, and return what it had said was saved."""
    child, ear = forked(lambda say: edit_until_stopped(county, seed, say))
    words = [json.loads(ear.readline())]
    words += [json.loads(ear.readline()) for _ in range(r.randint(0, 3))]
    time.sleep(r.uniform(0, 0.15))
    os.kill(child, signal.SIGKILL)
    words += [json.loads(line) for line in ear if line.endswith("\n")]
    ear.close()
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "the writer had stopped by itself"
    return [w for w in words if "saved" in w]


def whole(place: str, before: int, said: list[dict[str, Any]], *, deep: bool) -> tuple[int, list[str]]:
    """Open a store after a stop and return its version and what is wrong with it."""
    with gg.open_county(place) as county:
        log = county.log().set_index("version")["hash"]
        version, known = county.version, said[-1]["saved"] if said else before
        wrong = []
        if not known <= version <= known + 1:
            wrong.append(f"version {version} after {known} was acknowledged")
        wrong += [
            f"acknowledged version {w['saved']} is not as it was" for w in said if log.get(w["saved"]) != w["hash"]
        ]
        if county.plan.hash != log.get(version):
            wrong.append(f"the plan of version {version} is neither that of before nor that of after")
        if deep:
            wrong += [en for _, en in verify(county)]
    if "://" not in place:
        db = sqlite3.connect(place)
        if (state := db.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
            wrong.append(f"integrity check: {state}")
        db.close()
    return version, wrong


def kills(place: str, times: int, seed: int) -> Tally:
    """Kill so many writers, one after the other."""
    r, tally = random.Random(seed), Tally()
    county = gg.open_county(place)
    version = county.version
    for k in range(times):
        # The children start from a plan that is known; connections are theirs alone.
        _ = county.plan, county.elements.figures
        county.close()
        said = killed_once(county, r, 1000 * seed + k)
        known = said[-1]["saved"] if said else version
        began, (version, wrong) = version, whole(place, version, said, deep=k % 10 == 9 or k == times - 1)
        tally.tried, tally.edits, tally.said = tally.tried + 1, tally.edits + version - began, tally.said + len(said)
        tally.unsaid += version > known
        tally.wrong += [f"kill {k + 1}: {w}" for w in wrong]
    county.close()
    return tally


def full_disks(place: str, levels: int, seed: int) -> Tally:
    """Fill the disk under a writer at several levels; each must end in a sentence, and go on when there is room."""
    tally, r = Tally(), random.Random(seed)
    for level in range(levels):
        county = gg.open_county(place)
        version = county.version
        _ = county.plan
        county.close()
        limit = int(4096 * 2 ** (10 * level / levels)) + r.randrange(4096)

        def crowded(say: Any, county: gg.County = county, limit: int = limit, level: int = level) -> None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            edit_until_stopped(county, seed + level, say)

        tally.tried += 1
        said, wrong = listened(crowded)
        began, (version, more) = version, whole(place, version, said, deep=level == levels - 1)
        tally.edits, tally.said = tally.edits + version - began, tally.said + len(said)
        tally.unsaid += version > (said[-1]["saved"] if said else began)
        tally.wrong += [f"level {limit}: {w}" for w in wrong + more]
    return tally


def listened(work: Callable[[Any], None]) -> tuple[list[dict[str, Any]], list[str]]:
    """Let a child work until it is told off; return what it saved, and what is wrong with how it ended."""
    child, ear = forked(work)
    words = [json.loads(line) for line in ear]
    ear.close()
    _, status = os.waitpid(child, 0)
    told = [w["told"] for w in words if "told" in w]
    wrong = [] if told and "\n" not in told[0] else [f"no plain sentence, but exit {os.waitstatus_to_exitcode(status)}"]
    wrong += [f"a misleading sentence: {words}" for words in told if "damaged" in words]
    return [w for w in words if "saved" in w], wrong


def locked(place: str, seed: int) -> Tally:
    """Make the file read-only, then its folder too: edits are refused in a sentence and the bytes stay."""
    tally, path = Tally(), Path(place)
    before, version = path.read_bytes(), gg.open_county(place).version

    def work(say: Any) -> None:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
        edit_until_stopped(gg.open_county(place), seed, say)

    for file_mode, folder_mode in ((0o444, 0o777), (0o444, 0o555), (0o666, 0o555)):
        path.chmod(file_mode)
        path.parent.chmod(folder_mode)
        tally.tried += 1
        said, wrong = listened(work)
        path.parent.chmod(0o777)
        path.chmod(0o666)
        if said or path.read_bytes() != before:
            wrong.append("the file was changed")
        tally.wrong += [f"modes {file_mode:o} {folder_mode:o}: {w}" for w in wrong]
        tally.wrong += whole(place, version, [], deep=True)[1]
    return tally


@contextmanager
def prepared(kind: str, folder: Path) -> Iterator[str]:
    """Yield the place of a new small county in a store of a kind."""
    file = drawn_county(folder / "county.gpkg", patchwork(12, 12))
    if kind == "geopackage":
        yield str(file)
        return
    import postgis

    with postgis.server(hasty=False) as database:
        place = f"{database}&schema=crash"
        copy_county(file, place)
        yield place


def series(kind: str, times: int, levels: int, seed: int) -> list[str]:
    """Run all series on one kind of store, print a row for each and return the violations."""
    wrong = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        with prepared(kind, folder) as place:
            rows = [("SIGKILL", lambda: kills(place, times, seed))]
            if kind == "geopackage":
                rows += [
                    ("disk full", lambda: full_disks(place, levels, seed)),
                    ("read-only", lambda: locked(place, seed)),
                ]
            for what, work in rows:
                t = work()
                print(
                    f"| {kind} | {what} | {t.tried} | {t.edits} | {t.said} | {t.unsaid} | {len(t.wrong)} |", flush=True
                )
                wrong += t.wrong
    return wrong


def main() -> int:
    """Run the series and print the table."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--store", choices=list(KILLS))
    ask.add_argument("--kills", type=int)
    ask.add_argument("--levels", type=int, default=20, help="how full the disk gets")
    ask.add_argument("--seed", type=int, default=1)
    given = ask.parse_args()
    print("| store | what | times | edits kept | acknowledged | kept unsaid | violations |")
    print("|---|---|---:|---:|---:|---:|---:|", flush=True)
    wrong: list[str] = []
    for kind, times in KILLS.items():
        if given.store in (None, kind):
            wrong += series(kind, given.kills or times, given.levels, given.seed)
    for words in wrong[:20]:
        print(words)
    print(f"violations: {len(wrong)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
