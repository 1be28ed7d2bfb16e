"""Faults planted in a copy of what matches, and how many of them `match` finds or invents.

    python benchmarks/match_faults.py --data ../shared/data [--seed 1] [--rounds 20]

The county is the township layer of four districts of Beijing. Twice: as polygons, and as a register of the
official codes and names without geometry. In each round ten duplicates (half of them copies, half a code written
over another), ten pairs of codes swapped, ten rows missing, ten rows that the plan lacks and, of the polygons,
ten rows under another code. Ends with ``missed: N, invented: N``; exit code 1 unless both are 0.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
import pandas as pd
import shapely

from gridgis.county import County, open_county
from gridgis.founding import new_county
from gridgis.intake import Options, bring_in
from gridgis.matches.matching import Matching, match
from gridgis.naming import stem
from gridgis.plan import Plan
from gridgis.siting import outline_of

DISTRICTS = ("pinggu", "daxing", "haidian", "miyun")
OFFICIAL = Path(__file__).parent.parent / "tests" / "golden" / "beijing_townships.csv"
CITY = """
name = "city"
zh = "市—区—乡镇"
en = "City, district, township"
county_digits = 4
levels = [
  { key = "district", zh = "区", en = "district", digits = 2 },
  { key = "township", zh = "乡镇（街道）", en = "township", digits = 3 },
]
kinds = [{ key = "comprehensive", zh = "综合网格", en = "comprehensive grid" }]
"""


def beijing(data: Path, folder: Path) -> tuple[County, Path]:
    """Return a county made of the four districts, and the one file that it was imported from."""
    rows, outlines = [], []
    for name in DISTRICTS:
        rows += json.loads((data / "beijing" / f"{name}-all.geojson").read_text(encoding="utf-8"))["features"]
        outlines.append(gpd.read_file(data / "beijing" / f"{name}-outline.geojson"))
    file = folder / "townships.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": rows}), encoding="utf-8")
    (folder / "city.toml").write_text(CITY, encoding="utf-8")
    outline = gpd.GeoDataFrame(geometry=pd.concat(outlines, ignore_index=True).geometry, crs=4326)
    path = folder / "beijing.gpkg"
    new_county(path, str(folder / "city.toml"), "1101", outline_of(outline, "1101"), outline.crs, "北京四区")
    county = open_county(path)
    bring_in(county, file, Options("grids"))
    return county, file


def official() -> dict[str, str]:
    """Return the official codes and names of the four districts."""
    with OFFICIAL.open(encoding="utf-8", newline="") as file:
        return {row["code"]: row["name"] for row in csv.DictReader(file)}


@dataclass
class Planted:
    """A file with faults, and what must be said of its rows and of the plan's grids."""

    rows: list[tuple[str, str, shapely.Geometry | None]]
    there: dict[int, tuple[str, str | None]] = field(default_factory=dict)
    here: dict[str, str] = field(default_factory=dict)
    covered: set[str] = field(default_factory=set)

    def frame(self) -> gpd.GeoDataFrame:
        """Return the rows as `match` takes them, numbered from 1."""
        codes, names, shapes = zip(*self.rows, strict=True)
        data = {"raw": codes, "code": codes, "name": names, "reason": None}
        return gpd.GeoDataFrame(data, geometry=list(shapes), index=range(1, len(codes) + 1))


def plant(plan: Plan, names: dict[str, str], rng: random.Random, *, drawn: bool, each: int = 10) -> Planted:
    """Return a register, or polygons where `drawn`, with faults of each kind; `names` are those of one level."""
    codes = list(names.keys() & plan.grids.keys())
    codes.sort()
    everything = list(codes)
    rng.shuffle(codes)
    # Where the official name is quite another, a register cannot tell whose name was swapped.
    sure = [c for c in codes if drawn or stem(names[c]) == stem(plan.grids[c].name)]
    pairs = paired(sure, names, each)
    swapped = {*pairs, *pairs.values()}
    rest = iter([c for c in codes if c not in swapped])
    half = each // 2
    sizes = (half, each - half, each - half, each, each if drawn else 0)
    copied, kept, over, gone, recoded = ([next(rest) for _ in range(n)] for n in sizes)
    code_of = {**pairs, **{b: a for a, b in pairs.items()}, **dict(zip(over, kept, strict=True))}
    free = [c for c in unused(plan, codes[0]) if c not in names]
    rng.shuffle(free)
    code_of |= dict(zip(recoded, free, strict=False))
    out = Planted([], covered=set(over))
    for code in [*everything, *copied]:
        if code in gone:
            out.here[code] = "missing_there"
            continue
        out.rows.append((code_of.get(code, code), names[code], plan.grid_geometry(code) if drawn else None))
        said = (
            ("swapped", None) if code in swapped else ("duplicate", None) if code in (*copied, *kept, *over) else None
        )
        said = ("recoded", code) if code in recoded else said
        if said:
            out.there[len(out.rows)] = said
    for k in range(each):
        shape = shapely.box(k * 10, 0, k * 10 + 9, 9) if drawn else None
        out.rows.append((free[-1 - k], f"未列{'甲乙丙丁戊己庚辛壬癸'[k]}新设单位", shape))
        out.there[len(out.rows)] = ("missing_here", None)
    return out


def paired(codes: list[str], names: dict[str, str], each: int) -> dict[str, str]:
    """Return pairs to swap; two rows of one name are the same when swapped."""
    out: dict[str, str] = {}
    left = list(codes)
    while len(out) < each:
        first = left.pop(0)
        second = next(c for c in left if names[c] != names[first])
        left.remove(second)
        out[first] = second
    return out


def unused(plan: Plan, like: str) -> list[str]:
    """Return codes of the same level that the plan does not have, under parents that it has."""
    width = len(like) - len(plan.scheme.parent(like) or "")
    parents = sorted({plan.scheme.parent(c) or "" for c in plan.grids if len(c) == len(like)})
    return [c for p in parents for n in range(1, 10**width) if (c := f"{p}{n:0{width}d}") not in plan.ledger]


def judged(planted: Planted, found: Matching) -> tuple[list[str], list[str]]:
    """Return the faults that were missed and those that were invented."""
    missed, invented = [], []
    there = found.frame[found.frame["row"].notna()]
    said = zip(there["row"], there["verdict"], there["code_here"], strict=True)
    rows = {int(row): (verdict, here) for row, verdict, here in said}
    if sorted(rows) != list(range(1, len(planted.rows) + 1)) or len(there) != len(rows):
        missed.append("a row of the file has no verdict, or two")
    for row, (verdict, here) in rows.items():
        wanted, at = planted.there.get(row, (None, None))
        if wanted is None and verdict not in ("matched", "matched_name_differs"):
            invented.append(f"row {row}: {verdict}")
        elif wanted is not None and (verdict != wanted or (at is not None and here != at)):
            missed.append(f"row {row}: {verdict} {here}, not {wanted} {at or ''}")
    lost = set(found.frame.loc[found.frame["row"].isna(), "code_here"])
    missed += [f"{code}: not told to be missing" for code in sorted(set(planted.here) - lost)]
    # A grid whose row bears another's code is in the file, but under no code of its own.
    invented += [f"{code}: told to be missing" for code in sorted(lost - set(planted.here) - planted.covered)]
    return missed, invented


def main() -> int:
    """Plant, match, count."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    missed, invented, planted = [], [], Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        county, _ = beijing(options.data, Path(folder))
        plan, names = county.plan, official()
        own = {c: plan.grids[c].name for c in plan.codes("township")}
        for k in range(options.rounds):
            for drawn in (True, False):
                rng = random.Random(f"{options.seed}:{k}:{drawn}")
                faults = plant(plan, own if drawn else names, rng, drawn=drawn)
                result = judged(faults, match(plan, "township", faults.frame()))
                missed += result[0]
                invented += result[1]
                planted.update(v for v, _ in faults.there.values())
                planted.update(faults.here.values())
        county.close()
    for line in [*missed, *invented][:20]:
        print(line)
    print(f"{options.rounds} rounds of polygons and of registers, planted (rows): {dict(sorted(planted.items()))}")
    print(f"missed: {len(missed)}, invented: {len(invented)}")
    return 1 if missed or invented else 0


if __name__ == "__main__":
    sys.exit(main())
