"""A register of 10,000 rows as spreadsheets damage them: every damaged row named, every other row in.

    python benchmarks/damaged_register.py --rows 10000 --seed 1

Makes a county of as many grids (15- and 17-digit codes) and a workbook in which known rows are damaged in known
ways, imports it with the command line, and compares the report and the county with what was planted. Ends with
``missed: N``; exit code 1 if N > 0. A row is missed when damage that can be mended was not mended exactly and said,
damage that cannot was not rejected by its row, or a sound row was touched, rejected or altered.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import xlsxwriter

import gridgis as gg
from gridgis.founding import Founding, found

COUNTY, EPSG, SIDE = "350526", 4548, 100.0
HEAD = ("网格编码", "网格名称", "分区", "网格长", "联系电话")
FULL = str.maketrans("0123456789", "０１２３４５６７８９")
Put = Callable[[Any, int, dict[str, str], dict[str, Any]], None]


def codes_of(n: int) -> list[str]:
    """Return n codes: half units of 15 digits, half responsibility grids of 17, ten to a unit."""
    units = [f"{COUNTY}10{k // 900 // 99 + 1}{k // 900 % 99 + 1:03d}{k % 900 + 1:03d}" for k in range(n - n // 2)]
    below = [
        f"{COUNTY}2{k // 9000 + 1:02d}{k // 900 % 10 + 1:03d}{k // 10 % 90 + 1:03d}{k % 10 + 1:02d}"
        for k in range(n // 2)
    ]
    return units + below


def make_county(path: Path, codes: list[str]) -> None:
    """Write a county of squares, one for each code."""
    wide = int(np.ceil(np.sqrt(len(codes))))
    place = [(600_000 + k % wide * SIDE, 2_820_000 - k // wide * SIDE) for k in range(len(codes))]
    cells = gpd.GeoDataFrame(
        {"code": codes}, geometry=[shapely.box(x, y, x + SIDE, y + SIDE) for x, y in place], crs=EPSG
    )
    keys = {9: "township", 12: "first", 15: "unit", 17: "responsibility"}
    every = sorted({c[:w] for c in codes for w in keys if w <= len(c)})
    grids = pd.DataFrame(
        {"code": every, "level": [keys[len(c)] for c in every], "kind": "comprehensive", "name": every}
    )
    outline = shapely.normalize(shapely.union_all(cells.geometry.values))
    found(path, Founding("dehua", COUNTY, "受损台账县", EPSG, "new", outline, cells, grids))


def sound_rows(codes: list[str], rng: random.Random) -> list[dict[str, str]]:
    """Return the register as it should be."""
    return [
        {"code": c, "name": f"第{k + 1}网格", "zone": rng.choice(["建成区", "其他区域"]),
         "head": rng.choice("赵钱孙李周吴郑王") + rng.choice("示例样本") + rng.choice("一二三四五六"),
         "phone": rng.choice([f"1990000{k % 10000:04d}", f"0595-2352{k % 10000:04d}"])}
        for k, c in enumerate(codes)
    ]  # fmt: skip


# -- kinds of damage: how a cell is written; column 0 is the code, 4 the phone ---------------------------------


def text(column: int, turn: Callable[[str], str]) -> Put:
    """Return damage that writes other text into a column."""
    names = ("code", "name", "zone", "head", "phone")
    return lambda page, row, r, _: page.write_string(row, column, turn(r[names[column]]))


def number(page: Any, row: int, r: dict[str, str], _: dict[str, Any]) -> None:
    """Write the code as a number."""
    page.write_number(row, 0, float(r["code"]))


MENDED: dict[str, tuple[int, Put]] = {
    "code typed as a number (15 digits)": (15, number),
    "text 350526….0": (15, text(0, lambda c: c + ".0")),
    "scientific text with all its digits": (15, text(0, lambda c: f"{c[0]}.{c[1:]}E+14")),
    "blanks around the code": (0, text(0, lambda c: f"  {c} ")),
    "blanks in the code": (0, text(0, lambda c: f"{c[:6]} {c[6:9]} {c[9:]}")),
    "full-width blanks": (0, text(0, lambda c: f"　{c[:9]}　{c[9:]}")),
    "non-breaking and zero-width blanks": (0, text(0, lambda c: f"\u00a0{c}\u200b")),
    "full-width digits": (0, text(0, lambda c: c.translate(FULL))),
    "leading apostrophe as text": (0, text(0, lambda c: "'" + c)),
    "dashes in the code": (0, text(0, lambda c: f"{c[:6]}-{c[6:9]}-{c[9:]}")),
    "phone typed as a number": (0, lambda page, row, r, _: page.write_number(row, 4, float(r["phone"].replace("-", "")))),
    "full-width phone with blanks": (0, text(4, lambda p: " " + p.replace("-", "－").translate(FULL) + "　")),
    "padded name of the head": (0, text(3, lambda n: n[0] + "　" + n[1:])),
}  # fmt: skip
SILENT: dict[str, tuple[int, Put]] = {
    "formula with its result": (
        0,
        lambda page, row, r, _: page.write_formula(row, 0, f'="{r["code"]}"', None, r["code"]),
    ),
    "malformed phone (warning)": (0, text(4, lambda p: p[:5])),
}
"""Accepted, and said in a note or a warning."""
REJECTED: dict[str, tuple[int, Put]] = {
    "blank code": (0, lambda page, row, _r, f: page.write_blank(row, 0, None, f["text"])),
    "only blanks in the code": (0, text(0, lambda _: " 　\u00a0")),
    "17-digit code as a number": (17, number),
    "code turned into a date": (0, lambda page, row, _r, f: page.write_datetime(row, 0, dt.datetime(2026, 3, 1), f["date"])),
    "code shown as a date": (15, lambda page, row, r, f: page.write_number(row, 0, float(r["code"]), f["date"])),
    "scientific text, digits lost": (0, text(0, lambda c: f"{c[0]}.{c[1:6]}E+{len(c) - 1}")),
    "formula without a result": (0, lambda page, row, _r, _: page.write_formula(row, 0, "=A1&B1", None, "")),
    "formula that failed": (0, lambda page, row, _r, _: page.write_formula(row, 0, "=VLOOKUP(1,B:B,1)", None, "#N/A")),
    "#N/A as text in the name": (0, text(1, lambda _: "#N/A")),
    "truth value": (0, lambda page, row, _r, _: page.write_boolean(row, 0, True)),
    "letter O for zero": (0, text(0, lambda c: c.replace("0", "O", 1))),
    "a digit too few": (0, text(0, lambda c: c[:-1])),
    "a code that no grid has": (0, text(0, lambda c: c[:6] + "9" + c[7:])),
    "fraction": (15, lambda page, row, _r, _: page.write_number(row, 0, 350526.5)),
    "zone not in the scheme": (0, text(2, lambda _: "市中心")),
    "damaged text": (0, text(1, lambda _: "第\ufffd网格")),
    "long number in a further column": (0, lambda page, row, _r, _: page.write_number(row, 3, 12345678901234567.0)),
    "code of another row (both named)": (0, lambda page, row, _r, f: page.write_string(row, 0, f["codes"][row])),
}  # fmt: skip


def plant(path: Path, rows: list[dict[str, str]], each: int, rng: random.Random) -> dict[str, set[int]]:
    """Write the damaged workbook and return the spreadsheet rows of each kind of damage."""
    free = list(range(len(rows)))
    rng.shuffle(free)
    by_width = {w: [k for k in free if len(rows[k]["code"]) == w] for w in (15, 17)}
    used: set[int] = set()
    planted: dict[str, set[int]] = defaultdict(set)
    damage: dict[int, Put] = {}
    twins: dict[int, str] = {}
    for name, (width, put) in (MENDED | SILENT | REJECTED).items():
        pool = [k for k in (by_width[width] if width else free) if k not in used]
        double = name.startswith("code of another row")
        if name.startswith("phone typed"):
            pool = [k for k in pool if rows[k]["phone"].startswith("1")]
        for k in pool[: each * (1 + double) : 1 + double]:
            used.add(k)
            planted[name].add(k + 2)
            damage[k] = put
        if double:
            for k, other in zip(pool[: each * 2 : 2], pool[1 : each * 2 : 2], strict=True):
                used.add(other)
                planted[name].add(other + 2)
                twins[k + 1] = rows[other]["code"]
    with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False}) as book:
        page = book.add_worksheet("网格台账")
        formats = {
            "text": book.add_format({"num_format": "@"}),
            "date": book.add_format({"num_format": "yyyy-mm-dd"}),
            "codes": twins,
        }
        page.write_row(0, 0, HEAD)
        for k, r in enumerate(rows):
            for column, value in enumerate(r.values()):
                page.write_string(k + 1, column, value)
            if k in damage:
                damage[k](page, k + 1, r, formats)
    return planted


# -- judging ---------------------------------------------------------------------------------------------------


def judge(report: dict[str, Any], planted: dict[str, set[int]], wrong: set[int]) -> int:
    """Print the table and return how many rows were missed; `wrong` are rows whose values in the county are not exact."""
    rejected = {r["row"] for r in report["rejected"]}
    mended = {m["row"] for m in report["mended"]}
    warned = {w["row"] for w in report["warnings"]}
    print(f"{'kind of damage':42}{'planted':>8}{'mended':>8}{'accepted':>9}{'rejected':>9}{'missed':>8}")
    total = 0
    for name, rows in planted.items():
        if name in REJECTED:
            missed = rows - rejected
        elif name in MENDED:
            missed = (rows - mended) | (rows & (rejected | wrong))
        else:
            missed = rows & (rejected | wrong) | (rows - warned if "warning" in name else set())
        total += len(missed)
        accepted = len(rows - rejected - mended)
        print(f"{name:42}{len(rows):>8}{len(rows & mended):>8}{accepted:>9}{len(rows & rejected):>9}{len(missed):>8}")
    every = set().union(*planted.values())
    sound = set(range(2, report["rows"] + 2)) - every
    touched = sound & (rejected | mended | warned | wrong)
    print(
        f"{'(sound rows)':42}{len(sound):>8}{len(sound & mended):>8}{len(sound - rejected):>9}{len(sound & rejected):>9}{len(touched):>8}"
    )
    return total + len(touched)


def inexact(county: Path, rows: list[dict[str, str]], planted: dict[str, set[int]]) -> set[int]:
    """Return the rows whose grid does not say in the county exactly what it should, nor what it said before."""
    refused = set().union(*(planted[name] for name in REJECTED))
    cut = planted["malformed phone (warning)"]
    zones = {"建成区": "built_up", "其他区域": "elsewhere"}
    out = set()
    with gg.open_county(county) as c:
        grids = c.plan.grids
    for row, r in enumerate(rows, start=2):
        g = grids[r["code"]]
        want = (
            r["name"],
            zones[r["zone"]],
            (("网格长", r["head"]), ("联系电话", r["phone"][:5] if row in cut else r["phone"])),
        )
        if (g.name, g.zone, g.extra) != ((r["code"], "", ()) if row in refused else want):
            out.add(row)
    return out


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--each", type=int, default=40, help="rows for each kind of damage")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    rng = random.Random(given.seed)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        county, book, account = folder / "county.gpkg", folder / "register.xlsx", folder / "report.json"
        codes = codes_of(given.rows)
        make_county(county, codes)
        rows = sound_rows(codes, rng)
        planted = plant(book, rows, given.each, rng)
        begun = time.perf_counter()
        command = [
            sys.executable,
            "-m",
            "gridgis",
            "import",
            str(county),
            str(book),
            "--as",
            "register",
            "--report",
            str(account),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        took = time.perf_counter() - begun
        if done.returncode != 0:
            print(done.stderr)
            return 1
        report = json.loads(account.read_text(encoding="utf-8"))
        wrong = inexact(county, rows, planted)
        missed = judge(report, planted, wrong)
    print(f"rows {report['rows']}, accepted {report['accepted']}, rejected {len(report['rejected'])}, {took:.1f} s")
    print(f"missed: {missed}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
