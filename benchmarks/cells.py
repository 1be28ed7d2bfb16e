"""Cells from roads, rivers and walls: what is divided, what stays, what undo gives back. Prints a table.

    python benchmarks/cells.py [--data ../shared/data] [--systems dehua …]

Each demo county (illustrative), and with ``--data`` Bubenec, real streets and buildings under two communities drawn for
the test: ``gridgis cells --from roads,water,compounds``, then verify, then undo. A row a county: cells before
and after; buildings, those cut by cells before, after, and newly; grids touched and changed; how far the farthest
vertex added on an old edge lies off that edge, and the largest change of a grid's area by it; length of new
boundaries and the share of it on the lines (the rest goes round buildings); whether verify finds the county
sound and undo restores the hash.

Then two rows of worse ground, of the first system, not saved: "nothing", the whole county as one cell without a grid;
and "shifted", the same roads and rivers moved 11.3 m east and 8.7 m north, so that they run through buildings; there
"verify" is that the cells are a coverage and fill the outline to 0.1 mm. Exit code
1 if a building is newly cut, a grid changed, verify finds something, or undo gives another plan.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from counties import SYSTEMS, bubenec, demos

import gridgis as gg
from gridgis.plan import Plan, evolve
from gridgis.subdividing.celling import Division, divide
from gridgis.subdividing.linework import Linework, linework
from gridgis.verify import verify

SOURCES = ["roads", "water", "compounds"]
SHIFT_M = (11.3, 8.7)
NEAR_M = 0.0001
"""Vertices added on the outline lie on the 1 mm lattice, and so up to some hundredths of a millimetre off it."""


def main() -> int:
    """Print the table; 1 where something moved that should not have."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of the real layers")
    parser.add_argument("--systems", nargs="+", default=list(SYSTEMS), choices=SYSTEMS)
    given = parser.parse_args()
    print("| county | cells before | after | buildings | cut before | after | newly cut | grids touched | changed | shift mm "
          "| area m2 | new boundary km | on lines | verify | undo |")  # fmt: skip
    print("|---|" + "---:|" * 12 + "---|---|")
    bad = 0
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for path in demos(folder, tuple(given.systems)):
            bad += saved(f"demo {path.stem}", path)
            if path.stem == given.systems[0]:
                bad += worse(path)
            path.unlink()
        if given.data:
            bad += saved("bubenec (real)", bubenec(folder, given.data))
    print(f"buildings newly cut, grids changed, counties unsound or not restored by undo: {bad}")
    return int(bad > 0)


def saved(name: str, path: Path) -> int:
    """Divide the cells of a county, save, verify and undo; print the row and return how much is wrong."""
    with gg.open_county(path) as county:
        before = county.plan.hash
        built = np.asarray(county.table("buildings", ("id", "geometry")).geometry.values, object)
        done = divide(county.plan, linework(county.table, SOURCES), built, command={"cells": SOURCES})
        county.apply(done.edit)
        sound = not verify(county)
        county.undo()
        same = county.plan.hash == before
    row(name, done, "ok" if sound else "FAULTS", "ok" if same else "DIFFERS")
    return wrong(done) + (not sound) + (not same)


def worse(path: Path) -> int:
    """Divide the whole county as one cell, and divide along lines that are off; print the rows."""
    with gg.open_county(path) as county:
        plan, built = county.plan, np.asarray(county.table("buildings", ("id", "geometry")).geometry.values, object)
        lines = linework(county.table, ["roads", "water"])
    bare = path.with_name("bare.gpkg")
    gg.new_county(bare, path.stem, plan.county_code, plan.outline, plan.epsg)
    with gg.open_county(bare) as county:
        cases = [(f"{path.stem} from nothing", county.plan, lines)]
    moved = shapely.transform(lines.lines, lambda xy: np.round(xy + SHIFT_M, 3))
    cases.append((f"{path.stem}, lines shifted", plan, Linework(moved, lines.source, lines.counts)))
    bad = 0
    for name, start, work in cases:
        done = divide(start, work, built, command={"cells": SOURCES})
        sound = seamless(start, done)
        row(name, done, "ok" if sound else "FAULTS", "-")
        bad += wrong(done) + (not sound)
    return bad


def seamless(plan: Plan, done: Division) -> bool:
    """Tell whether the cells after a division are a coverage that fills the outline, to a tenth of a millimetre."""
    cells = evolve(plan, done.edit).rows.geometry
    off = shapely.symmetric_difference(shapely.coverage_union_all(cells), plan.outline).area
    return bool(shapely.coverage_is_valid(cells) and off < NEAR_M * shapely.length(plan.outline))


def wrong(done: Division) -> int:
    """Return how many buildings are newly cut and grids changed."""
    return int(done.facts["buildings_newly_cut"] + done.facts["grids_changed"])


def row(name: str, done: Division, verified: str, undone: str) -> None:
    """Print the row of a division."""
    f: dict[str, Any] = done.facts
    print(
        f"| {name} | {f['cells_before']:,} | {f['cells_after']:,} | {f['buildings']:,} | {f['buildings_cut_before']} "
        f"| {f['buildings_cut_after']} | {f['buildings_newly_cut']} | {f['grids_touched']:,} | {f['grids_changed']} "
        f"| {f['largest_shift_mm']:.4f} | {f['largest_area_change_m2']:.4f} | {f['new_boundary_m'] / 1000:.1f} "
        f"| {f['share_on_lines']:.1%} | {verified} | {undone} |",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
