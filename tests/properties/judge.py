"""Judges an edited plan without the kernel: shapely, plain Python and what the drawing says.

Each judge returns the violations it finds as sentences; none when all is well. The planted faults in
`test_planted_faults` show that every one of them can fail.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridgis import Edit, Plan

WIDTHS = (6, 9, 12, 15)
HAIR = 0.002
"""Metres by which a new vertex on a slanted edge may move it; the lattice is 1 mm."""
SLIVER_M2 = 100.0
FIGURES = ("households", "persons", "buildings")
"""The figures that the houses of a drawing carry, the first of the kernel's."""


@dataclass(frozen=True)
class Picture:
    """A plan as plain values."""

    polygons: dict[int, Any]
    codes: dict[int, str | None]
    figures: dict[int, tuple[int, ...]]
    grids: frozenset[str]
    hash: str

    def parcels(self) -> Counter[tuple[str | None, bytes]]:
        """Return how often each code and polygon occur together, whatever the ids."""
        return Counter((self.codes[i], p.wkb) for i, p in self.polygons.items())


def picture(plan: Plan) -> Picture:
    """Take a picture of a plan."""
    rows = plan.rows
    ids = rows.id.tolist()
    counted = rows.figures[:, : len(FIGURES)].tolist()
    return Picture(
        dict(zip(ids, rows.geometry, strict=True)), dict(zip(ids, rows.code, strict=True)),
        {i: tuple(f) for i, f in zip(ids, counted, strict=True)}, frozenset(plan.grids), plan.hash,
    )  # fmt: skip


def coverage(now: Picture, outline: Any) -> list[str]:
    """Judge that the cells are valid, on the lattice, edge-matched, and fill the outline exactly once."""
    polygons = np.array(list(now.polygons.values()), dtype=object)
    bad = []
    if not shapely.is_valid(polygons).all() or {p.geom_type for p in polygons} != {"Polygon"}:
        return ["a cell is not a valid polygon"]
    xy = shapely.get_coordinates(polygons)
    if not (np.round(xy, 3) == xy).all():
        bad.append("a vertex is off the lattice")
    if not shapely.coverage_is_valid(polygons):
        bad.append("the cells are no coverage")
    slack = HAIR * outline.length
    if shapely.symmetric_difference(shapely.union_all(polygons), outline).area > slack:
        bad.append("the union of the cells is not the outline")
    if abs(shapely.area(polygons).sum() - outline.area) > slack:
        bad.append("the total area changed")
    return bad


def codes(before: Picture, now: Picture, ever: frozenset[str], *, again: bool) -> list[str]:
    """Judge that codes are well-formed, under living parents, carried by ground, and never reused."""
    bad = []
    for code in sorted(now.grids):
        if not (code.isascii() and code.isdigit() and len(code) in WIDTHS[1:]):
            bad.append(f"code {code} is malformed")
        elif len(code) > WIDTHS[1] and code[: WIDTHS[WIDTHS.index(len(code)) - 1]] not in now.grids:
            bad.append(f"code {code} has no living parent")
    carried = {c[:w] for c in now.codes.values() if c for w in WIDTHS[1:] if w <= len(c)}
    bad += [f"grid {c} has no cell, or a cell's code no grid" for c in sorted(carried ^ now.grids)]
    if not again:
        bad += [f"code {c} is used a second time" for c in sorted((now.grids - before.grids) & ever)]
    return bad


def figures(now: Picture, houses: pd.DataFrame) -> list[str]:
    """Judge that every house counts in exactly one cell, one that it touches, and totals hold at every level."""
    ids = list(now.polygons)
    polygons = np.array([now.polygons[i] for i in ids], dtype=object)
    counted = np.array([now.figures[i] for i in ids])
    values = np.column_stack([houses["households"], houses["persons"], np.ones(len(houses), dtype=int)])
    bad = []
    if not (counted.sum(axis=0) == values.sum(axis=0)).all():
        bad.append(f"totals are {counted.sum(axis=0)}, not {values.sum(axis=0)}")
    points = shapely.points(houses[["x", "y"]].to_numpy())
    distance = shapely.distance(polygons[:, None], points[None, :])
    margin = shapely.distance(shapely.boundary(polygons)[:, None], points[None, :])
    most = (distance <= HAIR) @ values
    least = ((distance == 0) & (margin > HAIR)) @ values
    if ((counted < least) | (counted > most)).any():
        bad.append("a cell does not count the houses in it")
    for width in WIDTHS[1:]:
        sums: Counter[str] = Counter()
        for i in ids:
            sums[(now.codes[i] or "")[:width]] += now.figures[i][0]
        if sum(sums.values()) != values[:, 0].sum():
            bad.append(f"households are not conserved at {width} digits")
    return bad


def untouched(before: Picture, now: Picture, drawn: Any) -> list[str]:
    """Judge that nothing moved but what the edit names: `drawn` is its line or area, None where it cuts nothing."""
    gone = {i for i, p in before.polygons.items() if i not in now.polygons or now.polygons[i].wkb != p.wkb}
    if drawn is None or drawn.is_empty:
        same = Counter(p.wkb for p in before.polygons.values()) == Counter(p.wkb for p in now.polygons.values())
        return [] if same else ["geometry changed in an edit that draws nothing"]
    bad = []
    if {i for i in gone if i in now.polygons}:
        bad.append("a cell changed its polygon under the same id")
    at_line = {i for i in gone if shapely.distance(before.polygons[i], drawn) <= 0.2}
    reach = shapely.union_all([before.polygons[i] for i in at_line])
    ground = shapely.union_all([p for i, p in now.polygons.items() if i not in before.polygons])
    for i in gone - at_line:
        old = before.polygons[i]
        if shapely.distance(old, reach) > HAIR:
            bad.append(f"cell {i} lies far from the line and changed")
        if shapely.difference(old, ground).area > HAIR * old.length:
            bad.append(f"cell {i} lost ground without being cut")
    return bad


def handed_over(before: Picture, now: Picture, edit: Edit, drawn: Any) -> list[str]:
    """Judge that only ground which the command names has another code afterwards."""
    fresh = [i for i in now.polygons if i not in before.polygons]
    moved = [p for i, p in now.polygons.items() if i in before.codes and before.codes[i] != now.codes[i]]
    for i in before.polygons.keys() - now.polygons.keys():
        old = before.polygons[i]
        near = [now.polygons[j] for j in fresh if now.codes[j] != before.codes[i]]
        moved += [shapely.intersection(old, p) for p in near if shapely.intersects(old, p)]
    allowed, slack = _named(before, edit, drawn)
    beyond = shapely.difference(shapely.union_all(moved), allowed)
    return ["ground changed hands that the edit does not name"] if beyond.area > slack + HAIR * beyond.length else []


def _named(before: Picture, edit: Edit, drawn: Any) -> tuple[Any, float]:
    """Return the ground that a command names, and the area by which slivers may go beyond it."""
    command = edit.command
    if "transfer" in command:
        return shapely.buffer(drawn, 0.06), SLIVER_M2 * (len(edit.removed) + 1)
    if "draw" in command:
        loose = [p for i, p in before.polygons.items() if before.codes[i] is None]
        return shapely.intersection(shapely.union_all(loose), shapely.buffer(drawn, 0.06)), SLIVER_M2 * (len(edit.removed) + 1)
    if edit.kind in ("reshape", "vertex"):
        # Only the cells that the line or the dragged vertex touches lose or gain ground.
        met = [p for p in before.polygons.values() if shapely.distance(p, drawn) <= 0.2]
        return shapely.union_all(met), SLIVER_M2
    if "paint" in command:
        return shapely.union_all([before.polygons[i] for i in command["paint"]]), 0.0
    codes = command["merge"] if "merge" in command else [command.get("split") or command["recode"]]
    inside = [p for i, p in before.polygons.items() if any((before.codes[i] or "").startswith(c) for c in codes)]
    return shapely.union_all(inside), 0.0


def same_plan(one: Picture, other: Picture, words: str) -> list[str]:
    """Judge that two pictures show the same plan: hash, cells by code and bytes, figures, grids."""
    bad = []
    if one.hash != other.hash:
        bad.append(f"{words}: the hash differs")
    if one.parcels() != other.parcels():
        bad.append(f"{words}: the cells differ")
    if one.grids != other.grids:
        bad.append(f"{words}: the grids differ")
    counts = [Counter((p.codes[i], p.figures[i]) for i in p.codes) for p in (one, other)]
    if counts[0] != counts[1]:
        bad.append(f"{words}: the figures differ")
    return bad
