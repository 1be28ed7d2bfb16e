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
import json
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

import gridgis as gg
from gridgis import codes
from gridgis.cli import main as command_line
from gridgis.cli.app import app as commands
from gridgis.errors import GridgisError
from gridgis.scheme import load_scheme, scheme_names
from gridgis.verify import verify
from tests.drawn import line
from tests.looped import looped
from tests.telling import degrees, geojson

# The services come last: their threads must not be there when a reading process is forked.
SHARES = {"arguments": 10, "csv": 5, "xlsx": 4, "geojson": 8, "scheme": 28, "code": 25, "app": 10, "service": 10}
LONGEST_S = 60
LEFT_OUT = ("demo", "compute", "serve")
A, B, C, D = "350526100001001", "350526100001002", "350526100001003", "350526100002004"


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
        self.trees = _files()
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
        rows = mangling.table(self.rng, _rows(name))
        text = "".join(",".join("" if v is None else str(v) for v in row) + "\r\n" for row in rows)
        data = text.encode(self.rng.choice(("utf-8", "gb18030", "utf-8-sig", "utf-16")), "replace")
        Path("given.csv").write_bytes(mangling.blob(self.rng, data) if self.rng.random() < 0.3 else data)
        return self.tell(_of_table(name, "given.csv").split()), (name, text)

    def xlsx(self) -> tuple[bool, object]:
        """Give a damaged workbook to a command."""
        name = self.rng.choice(("register.csv", "staff.csv", "postings.csv", "points.csv"))
        rows, book = mangling.table(self.rng, _rows(name)), openpyxl.Workbook()
        for row in rows:
            # A cell of a workbook holds no control characters; what is wrong with its bytes comes below.
            book.active.append([v if not isinstance(v, str) else "".join(c for c in v if c.isprintable())[:30_000] for v in row])
        out = io.BytesIO()
        book.save(out)
        data = mangling.blob(self.rng, out.getvalue()) if self.rng.random() < 0.3 else out.getvalue()
        Path("given.xlsx").write_bytes(data)
        command = _of_table(name, "given.xlsx") if name != "points.csv" else "import county.gpkg given.xlsx --as places --dry-run"
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


def _files() -> dict[str, Any]:
    """Write the sound files that commands name; return the trees of those that are GeoJSON."""
    from shapely.geometry import box

    from tests.drawn import EAST, NORTH, area

    geojson(Path("line.geojson"), ({"name": "线"}, line((0, 1), (3, 1))))
    geojson(Path("area.geojson"), ({"name": "面"}, area((2, 0), (4, 0), (4, 1), (2, 1))))
    squares = [({"code": f"3505261000010{k:02d}", "name": f"第{k}网格"}, box(EAST + k * 100, NORTH - 100, EAST + k * 100 + 100, NORTH))
               for k in range(4)]  # fmt: skip
    geojson(Path("grids.geojson"), *squares)
    geojson(Path("points.geojson"), *[({"id": f"p{k}", "name": f"学校{k}", "kind": "school"}, s.centroid) for k, (_, s) in enumerate(squares)])
    for name in ("points.csv", "register.csv", "staff.csv", "postings.csv", "old.csv"):
        Path(name).write_text("".join(",".join(row) + "\r\n" for row in _rows(name)), "utf-8")
    return {str(p): json.loads(p.read_text("utf-8")) for p in Path().glob("*.geojson")}


def _rows(name: str) -> list[list[str]]:
    lon, lat = degrees(line((1, 1), (2, 2))).coords[0]
    if name == "points.csv":
        return [["id", "名称", "lon", "lat"], *[[str(k), f"点{k}", f"{lon + k * 1e-4:.6f}", f"{lat:.6f}"] for k in range(6)]]
    if name == "register.csv":
        return [["网格编码", "网格名称", "备注"], [A, "第一网格", "甲"], [B, "第二网格", ""], [C, "第三网格", "乙"], [D, "第四网格", "=1"]]
    if name == "staff.csv":
        return [["姓名", "手机", "岗位", "编号"], ["林一", "19900000001", "网格长", "s1"], ["王二", "19900000002", "民警", "s2"]]
    if name == "postings.csv":
        return [["岗位", "网格编码", "人员", "开始日期"], ["网格长", A, "s1", "2026-01-01"], ["民警", B, "s2", "2026-02-01"]]
    return [["code", "households", "persons"], [A, "12", "30"], [B, "7", "20"], [C, "", "5"], [D, "1.5", "3"]]


def _of_table(name: str, file: str) -> str:
    kind = name.removesuffix(".csv")
    if name == "points.csv":
        return f"locate county.gpkg {file} --out out.csv"
    if name == "old.csv":
        return f"crosswalk county.gpkg 1 1 --level unit --carry {file} --out out.csv"
    return f"import county.gpkg {file} --as {kind} --dry-run"


COMMANDS = tuple(
    f"{c}"
    for c in f"""split county.gpkg {A} --line line.geojson --by 张三
merge county.gpkg {A} {B} --json
transfer county.gpkg --area area.geojson --to {B} --unlock
paint county.gpkg --cells 1,2 --to {B}
recode county.gpkg {A} 350526100001009
convert county.gpkg {A} --to comprehensive
undo county.gpkg
redo county.gpkg --json
log county.gpkg
branch county.gpkg new 草稿 --note 说明
branch county.gpkg list
combine county.gpkg 草稿 --take ours
approve county.gpkg 草稿 --step 审核
publish county.gpkg --by 张三 --reason 试 --in-force 2026-12-01
publish county.gpkg --list
info county.gpkg
check county.gpkg --rule size --all --out out.csv
stats county.gpkg --level unit --out out.csv
stats county.gpkg --level unit --quality
verify county.gpkg
export county.gpkg out.geojson --level unit --datum gcj02 --simplify 5 --role public --k 3
export county.gpkg out.csv --as-of 1
diff county.gpkg 1 1 --moves
lineage county.gpkg {A}
crosswalk county.gpkg 1 1 --level unit --weight households
audit county.gpkg --out out.xlsx
reach county.gpkg --minutes 15 --mode straight --level unit
cells county.gpkg --from roads --dry-run
except county.gpkg add --rule size --code {A} --until 2027-01-01 --by 张三 --reason 试
except county.gpkg list
fix county.gpkg --rule multi_part --all --dry-run
scheme show dehua --json
scheme check scheme.toml
who county.gpkg {A}
who county.gpkg --point 118.24,25.49 --datum wgs84 --as-of 2026-10-01
staffing county.gpkg --follow
post county.gpkg --role police --code {A} --staff s1 --since 2026-01-01
command county.gpkg --point 118.0,25.48 --radius 300
match county.gpkg grids.geojson --level unit --min-iou 0.5
copy county.gpkg out.gpkg
locate county.gpkg points.csv --out out.csv --datum bd09
reshape county.gpkg --line line.geojson --level unit
vertex county.gpkg --at 118.0,25.48 --to 118.0001,25.48 --level unit
draw county.gpkg {A[:12]} --area area.geojson
template out.xlsx --as register --county county.gpkg
report-incident county.gpkg --point 118.0,25.48 --category 公用设施/路灯故障 --at 2026-11-01T10:00:00
incident county.gpkg list --overdue
incident county.gpkg forward R1 --to {A} --note 转办
signs county.gpkg --level unit --out out.pdf
report county.gpkg --kind check --out out.pdf --month 2026-11
emergency county.gpkg list
propose county.gpkg --within {A[:12]} --out out.gpkg --households 5:30 --alternatives 2 --seed 1
fit county.gpkg {A} --households 5:30
fuse county.gpkg 甲=grids.geojson 乙=grids.geojson --out out.gpkg
regroup county.gpkg grids.geojson --target 2 --out out.gpkg
incidents county.gpkg --level unit --since 2026-01-01 --compare 2025-01-01:2025-12-31 --k 10
hotspots county.gpkg --level unit --of count
workload county.gpkg --weight households=0.5 --weight incidents=0.5
alerts county.gpkg --raster rain --above 100
population county.gpkg --level unit --method area
import county.gpkg register.csv --as register --dry-run --field code=网格编码
new out.gpkg --scheme generic --code 350526 --boundary area.geojson --name 县""".splitlines()
)


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


def run(doors: Doors, count: int) -> tuple[dict[str, Counter[str]], list[str]]:
    """Give so many inputs; return the counts by kind, and what went wrong."""
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
    return told, wrong


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
            told, wrong = run(doors, asked.count)
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
