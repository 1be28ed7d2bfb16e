"""Ten thousand broken inputs at every door: schemes, codes, GeoJSON, CSV, XLSX, command lines, requests.

    python benchmarks/fuzz_inputs.py --count 10000 --seed 1

Sound inputs are damaged by seed (`mangling.py`) and given to the program as a person or another program would give
them: files and words to the command line, called in this process; requests to the routes of the app and of `gridgis
serve`. A traceback is any error that is no sentence: exit code 3, an answer 500, or an exception. A change is a county
file that differs after a refusal or a dry run, or that fails `gridgis verify` after something was taken in. An input
that takes longer than a minute counts as a traceback. ``demo``, ``compute`` and ``serve`` as commands are left out:
they take tens of seconds, or never end. Ends with ``county changes: 0``; exit code 1 if tracebacks or changes are not 0.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import logging
import os
import random
import signal
import sqlite3
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import mangling
import mutated_files
import openpyxl
from sound import COMMANDS, A, B, command_for, files, rows_of

import gridgis as gg
from gridgis import codes
from gridgis.cli import main as command_line
from gridgis.cli.app import app as commands
from gridgis.errors import GridgisError
from gridgis.scheme import load_scheme, scheme_names
from gridgis.verify import verify
from tests.looped import looped

# The services come last: their threads must not be there when a reading process is forked.
SHARES = {"arguments": 10, "csv": 5, "xlsx": 4, "geojson": 8, "scheme": 28, "code": 25, "app": 10, "service": 10}
LONGEST_S = 60
LEFT_OUT = ("demo", "compute", "serve")


class TooSlowError(BaseException):
    """An input took longer than a minute."""


class Doors:
    """The doors of the program, with a county behind them.

    Parameters
    ----------
    folder
        An empty folder; the process works in it.
    seed
        What the damage is drawn from.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        self.rng = random.Random(seed)
        self.folder = folder / "in" / "it"
        self.folder.mkdir(parents=True)
        os.chdir(self.folder)
        self.county = looped(Path("county.gpkg"))
        self.sound = self.county.read_bytes()
        self.schemes = {n: Path(gg.__file__).parent.joinpath("schemes", f"{n}.toml").read_text("utf-8") for n in scheme_names()}
        self.known = [load_scheme(n) for n in self.schemes]
        self.trees = files()
        self.files = {p.name: p.read_bytes() for p in Path().iterdir() if p.name != "county.gpkg"}
        self.options = sorted({o for c in _group().values() for p in c.params for o in p.opts if o.startswith("--")} - {"--workers"})
        self.web: Any = None

    def close(self) -> None:
        """Close the services, where any was asked."""
        if self.web is not None:
            self.web.close()

    # -- one input each; every function returns whether it was accepted, and what was given

    def scheme(self) -> tuple[bool, object]:
        """Read a damaged scheme."""
        text = mangling.text(self.rng, self.rng.choice(list(self.schemes.values())), 4)
        Path("scheme.toml").write_text(text, "utf-8", errors="replace")
        with contextlib.suppress(GridgisError):
            load_scheme("scheme.toml")
            return True, text
        return False, text

    def code(self) -> tuple[bool, object]:
        """Read a damaged code, which means one thing or is refused."""
        scheme = self.rng.choice(self.known)
        given: Any = mangling.text(self.rng, self.rng.choice((A, A[:12], A[:9], "350526201001001")), 2)
        if self.rng.random() < 0.2:
            given = self.rng.choice(mangling.ODD)
        with contextlib.suppress(GridgisError):
            read = codes.parse(given, scheme.widths)
            if codes.parse(read, scheme.widths) != read or len(read) not in scheme.widths or not read.isascii():
                raise AssertionError(f"{given!r} was read as {read!r}")
            codes.parent(read, scheme.widths), codes.ancestors(read, scheme.widths), codes.trim(read, scheme.widths)
            return True, given
        return False, given

    def geojson(self) -> tuple[bool, object]:
        """Give a damaged GeoJSON file to a command."""
        name, command = self.rng.choice((
            ("line.geojson", f"split county.gpkg {A} --line given.geojson"), ("line.geojson", "reshape county.gpkg --line given.geojson"),
            ("area.geojson", f"transfer county.gpkg --area given.geojson --to {B}"),
            ("area.geojson", f"draw county.gpkg {A[:12]} --area given.geojson"),
            ("area.geojson", "command county.gpkg --area given.geojson"),
            ("line.geojson", "cells county.gpkg --from roads --within given.geojson --dry-run"),
            ("grids.geojson", "import county.gpkg given.geojson --as grids --dry-run"),
            ("points.geojson", "import county.gpkg given.geojson --as places --dry-run"),
            ("area.geojson", "check county.gpkg --json"),
        ))  # fmt: skip
        text = mangling.tree(self.rng, self.trees[name])
        Path("given.geojson").write_text(text, "utf-8", errors="replace")
        return self.tell(command.split()), (command, text)

    def csv(self) -> tuple[bool, object]:
        """Give a damaged table of text to a command."""
        name = self.rng.choice(("points.csv", "register.csv", "staff.csv", "postings.csv", "old.csv"))
        rows = mangling.table(self.rng, rows_of(name))
        text = "".join(",".join("" if v is None else str(v) for v in row) + "\r\n" for row in rows)
        data = text.encode(self.rng.choice(("utf-8", "gb18030", "utf-8-sig", "utf-16")), "replace")
        Path("given.csv").write_bytes(mangling.blob(self.rng, data) if self.rng.random() < 0.3 else data)
        return self.tell(command_for(name, "given.csv").split()), (name, text)

    def xlsx(self) -> tuple[bool, object]:
        """Give a damaged workbook to a command."""
        name = self.rng.choice(("register.csv", "staff.csv", "postings.csv", "points.csv"))
        rows, book = mangling.table(self.rng, rows_of(name)), openpyxl.Workbook()
        for row in rows:
            # A cell of a workbook holds no control characters; what is wrong with its bytes comes below.
            book.active.append([v if not isinstance(v, str) else "".join(c for c in v if c.isprintable())[:30_000] for v in row])
        out = io.BytesIO()
        book.save(out)
        data = mangling.blob(self.rng, out.getvalue()) if self.rng.random() < 0.3 else out.getvalue()
        Path("given.xlsx").write_bytes(data)
        command = command_for(name, "given.xlsx") if name != "points.csv" else "import county.gpkg given.xlsx --as places --dry-run"
        return self.tell(command.split()), (name, rows)

    def arguments(self) -> tuple[bool, object]:
        """Give damaged words to the command line."""
        sound = self.rng.choice(COMMANDS).split()
        words = mangling.words(self.rng, sound, self.options)
        # A path of the root could name a file of this machine to write to.
        words = [w.lstrip("/") if not w.startswith("/vsi") else w for w in words]
        if set(words) & set(LEFT_OUT):
            return False, words
        return self.tell(words), words

    def app(self) -> tuple[bool, object]:
        """Send a damaged request to the routes of the app."""
        return self.ask("app")

    def service(self) -> tuple[bool, object]:
        """Send a damaged request to the service."""
        return self.ask("service")

    # -- how they are given

    def tell(self, words: list[str]) -> bool:
        """Run a command in this process; return whether it did what was asked."""
        Path("county.gpkg").write_bytes(self.sound)
        out = io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True)
        err = io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace", write_through=True)
        argv, sys.argv = sys.argv, ["gridgis", *words]
        code: object = None
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                command_line()
        except SystemExit as end:
            code = end.code
        finally:
            sys.argv = argv
        told = out.buffer.getvalue().decode() + err.buffer.getvalue().decode()  # type: ignore[attr-defined]
        if code not in (0, 1, 2) or "Traceback" in told or (code and not told.strip()):
            raise AssertionError(f"exit {code!r}: {told[-300:]}")
        self._judge(bool(code) or "--dry-run" in words)
        return not code

    def _judge(self, unchanged: bool) -> None:
        """Raise if the county is not as it was, or not sound."""
        beside = [p.name for p in Path().glob("county.gpkg?*")]
        if beside:
            raise ChangedError(f"beside the closed county lies {beside}")
        if self.county.read_bytes() == self.sound:
            return
        if unchanged:
            raise ChangedError("the county differs after a refusal or a dry run")
        with gg.open_county(self.county) as county:
            found = verify(county)
        if found:
            raise ChangedError(f"the county is not sound: {found[0][1]}")

    def ask(self, which: str) -> tuple[bool, object]:
        """Send a request to one of the two services; return whether it was answered as asked."""
        from asked import Web

        if self.web is None:
            Path("web").mkdir()
            Path("web/county.gpkg").write_bytes(self.sound)
            self.web = Web(Path("web/county.gpkg"))
        request = self.web.request(self.rng, which)
        before = _state(self.web.county)
        status = self.web.send(which, request)
        if status >= 500 and status != 503:
            raise AssertionError(f"answer {status}")
        if status >= 400 and _state(self.web.county) != before:
            raise ChangedError(f"answer {status}, yet the county differs")
        return status < 400, request

    def tidy(self) -> None:
        """Put the sound files back and throw away what commands have written."""
        for path in list(Path().iterdir()):
            if path.name not in self.files and path.is_file():
                path.unlink()
        for name, data in self.files.items():
            Path(name).write_bytes(data)


class ChangedError(AssertionError):
    """The county is another although it must not be."""


def _state(path: Path) -> list[Any]:
    """Return what of a county a refused request must not have changed."""
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        tables = [n for (n,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%tree%'")]
        return [db.execute(f'SELECT count(*), max(rowid) FROM "{t}"').fetchone() for t in tables]


def _group() -> dict[str, Any]:
    import typer

    return dict(typer.main.get_command(commands).commands)  # type: ignore[attr-defined]


@contextlib.contextmanager
def _limited() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TooSlowError

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(LONGEST_S)
    try:
        yield
    finally:
        signal.alarm(0)


def run(doors: Doors, count: int) -> dict[str, Counter[str]]:
    """Give so many inputs and tell what went wrong; return the counts by kind."""
    told: dict[str, Counter[str]] = {kind: Counter() for kind in SHARES}
    wrong: list[str] = []
    shown = 0
    order = [kind for kind, share in SHARES.items() for _ in range(round(count * share / sum(SHARES.values())))]
    for n, kind in enumerate(order):
        given: Callable[[], tuple[bool, object]] = getattr(doors, kind)
        state = doors.rng.getstate()
        try:
            with _limited():
                accepted, _ = given()
            told[kind]["accepted" if accepted else "refused"] += 1
        except ChangedError as error:
            told[kind]["changes"] += 1
            wrong.append(f"{kind} {n}: {error}\n{_again(doors, kind, state)}")
        except (Exception, TooSlowError):
            told[kind]["tracebacks"] += 1
            wrong.append(f"{kind} {n}: {traceback.format_exc()}\n{_again(doors, kind, state)}")
        if n % 50 == 0:
            doors.tidy()
        for problem in wrong[shown:]:
            print(problem[-4000:], file=sys.stderr, flush=True)
        shown = len(wrong)
        if n % 500 == 499:
            print(f"  {n + 1} inputs, {len(wrong)} problems", file=sys.stderr, flush=True)
    return told


def _again(doors: Doors, kind: str, state: Any) -> str:
    """Return the input that went wrong, drawn once more."""
    later = doors.rng.getstate()
    doors.rng.setstate(state)
    tell, ask = doors.tell, doors.ask
    shown: list[str] = []
    doors.tell = lambda words: not shown.append(f"words: {words!r}")  # type: ignore[method-assign,assignment]
    doors.ask = lambda which: (True, doors.web.request(doors.rng, which))  # type: ignore[method-assign]
    try:
        _, given = getattr(doors, kind)()
        return f"{shown} {str(given)[:3000]!r}"
    except Exception:
        return f"{shown}"
    finally:
        doors.tell, doors.ask = tell, ask  # type: ignore[method-assign]
        doors.rng.setstate(later)


def main() -> int:
    """Give the inputs and print the table."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--count", type=int, default=10_000)
    ask.add_argument("--seed", type=int, default=1)
    asked = ask.parse_args()
    os.environ["GRIDGIS_DEBUG"] = "1"
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    mutated_files.warm()
    mutated_files.make_transformers_once()
    started, home = time.monotonic(), Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        doors = Doors(Path(folder), asked.seed)
        try:
            told = run(doors, asked.count)
        finally:
            doors.close()
            os.chdir(home)
    names = ("accepted", "refused", "tracebacks", "changes")
    print(f"{'kind':<10}" + "".join(f"{name:>12}" for name in names))
    for kind, counts in told.items():
        print(f"{kind:<10}" + "".join(f"{counts[name]:>12}" for name in names))
    print(f"inputs: {sum(sum(c.values()) for c in told.values())}, seed {asked.seed}, {time.monotonic() - started:.0f} s")
    sums = [sum(c[name] for c in told.values()) for name in ("tracebacks", "changes")]
    print(f"tracebacks: {sums[0]}\ncounty changes: {sums[1]}")
    return 1 if any(sums) else 0


if __name__ == "__main__":
    sys.exit(main())
