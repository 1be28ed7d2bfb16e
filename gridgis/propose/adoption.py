"""From a division of the ground to codes and an edit: a code stays where most of its households stay.

Old grids and new ones are paired so that as many households as possible keep their code (an optimal
assignment under each parent); the other new grids get the next numbers of the ledger, old grids without
a successor end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from gridgis import topology
from gridgis.errors import EditError, RefusedError
from gridgis.plan import Edit, Grid, Plan
from gridgis.propose.labels import parents_of
from gridgis.redraw.changes import Bit, Change, arrivals, complete

Ints = NDArray[np.int64]
Objects = NDArray[np.object_]

_AREA_SHARE = 1e-9
"""Area decides between grids in which nobody lives, and never against a household."""
_CUT_SHARE = 0.01


@dataclass(frozen=True)
class Allotted:
    """Codes for the parts of a division.

    Attributes
    ----------
    codes
        Code of each part.
    templates
        For each new code the old grid it takes after, where there is one.
    ended
        Codes without a successor.
    moved
        Households whose code changes.
    """

    codes: dict[int, str]
    templates: dict[str, str]
    ended: tuple[str, ...]
    moved: int


def allot(plan: Plan, level: str, rows: Ints, labels: Ints) -> Allotted:
    """Return the code of each part: the old one where most households stay, else the next of the ledger.

    Parameters
    ----------
    plan
        The plan.
    level
        Key of the level.
    rows
        Positions of cells in `plan.rows`.
    labels
        The part of each of these cells; a part lies under one parent.

    Raises
    ------
    EditError
        A part lies under several parents.
    CodeError
        A parent has no number left.
    """
    width = plan.scheme.width(level)
    leaf = plan.rows.code[rows]
    old = np.array([c[:width] if len(c) >= width and c[:width] in plan.grids else "" for c in leaf], dtype=object)
    ups = parents_of(plan, leaf, width)
    people = plan.rows.figures[rows, 0].astype(np.float64)
    weight = people + _AREA_SHARE * shapely.area(plan.rows.geometry[rows])
    partial = _partial(plan, old)
    kept: dict[int, str] = {}
    templates: dict[str, str] = {}
    moved, ended = 0.0, []
    for up in sorted(set(ups.tolist())):
        mine = ups == up
        parts, at = np.unique(labels[mine], return_inverse=True)
        olds, was = np.unique(old[mine].astype(str), return_inverse=True)
        common = np.zeros((len(parts), len(olds)))
        np.add.at(common, (at.reshape(-1), was.reshape(-1)), weight[mine])
        usable = np.array([bool(c) and c not in partial for c in olds], dtype=bool)
        score = np.where(usable, common, 0.0)
        for a, b in zip(*linear_sum_assignment(score, maximize=True), strict=True):
            if score[a, b] > 0:
                kept[int(parts[a])] = str(olds[b])
        like = {int(p): str(olds[int(np.argmax(np.where(olds != "", common[k], -1.0)))]) for k, p in enumerate(parts)}
        fresh = _numbered(plan, rows[mine], labels[mine], up, width, [int(p) for p in parts if int(p) not in kept])
        kept |= fresh
        templates |= {code: like[p] for p, code in fresh.items() if like[p]}
        given = np.array([kept[int(p)] for p in labels[mine]], dtype=object)
        moved += float(people[mine][(given != old[mine]) & (old[mine] != "")].sum())
        ended += [str(c) for c in olds[usable] if str(c) not in kept.values()]
    _require_one_parent(labels, ups)
    return Allotted(kept, templates, tuple(ended), int(moved))


def adoption(
    plan: Plan, level: str, rows: Ints, labels: Ints, *, command: Mapping[str, Any] | None = None,
    written: Mapping[int, Mapping[str, str]] | None = None,
) -> Edit:  # fmt: skip
    """Return the edit that makes grids of the parts of a division.

    Parameters
    ----------
    plan, level, rows, labels
        As in `allot`; cells whose label is negative keep their code.
    command
        What was asked, for the log; its first key is the kind of the edit, ``adopt`` by default.
    written
        What is written of a part: ``category``, ``class_``.

    Raises
    ------
    EditError
        The division is what stands already, or a part lies under several parents.
    """
    rows, labels = rows[labels >= 0], labels[labels >= 0]
    found = allot(plan, level, rows, labels)
    bits: list[Bit] = []
    templates: dict[str, str] = {}
    made: list[Grid] = []
    for part, code in sorted(found.codes.items(), key=lambda t: t[1]):
        mine = rows[labels == part]
        moving = np.array([k for k in mine.tolist() if not str(plan.rows.code[k]).startswith(code)], dtype=np.int64)
        if not len(moving):
            continue
        cells = plan.rows.take(moving)
        new, below = arrivals(plan, cells, code)
        bits += [Bit(g, (int(i),), c, int(i)) for i, c, g in zip(cells.id, new, cells.geometry, strict=True)]
        templates |= below
        if code not in plan.grids:
            like = found.templates.get(code, "")
            templates |= {code: like} if like in plan.grids else {}
            made += [] if like in plan.grids else [_new_grid(plan, level, code, cells.code)]
    if not bits:
        raise EditError(
            "这一方案与现有网格完全相同，没有可采用的改动。", "This division is what stands already: there is nothing to adopt."
        )
    asked = command or {"adopt": level}
    edit = complete(plan, Change(next(iter(asked)), asked, level, bits, templates, made))
    return _written(plan, edit, {found.codes[p]: facts for p, facts in (written or {}).items() if p in found.codes})


def _written(plan: Plan, edit: Edit, facts: Mapping[str, Mapping[str, str]]) -> Edit:
    """Write category and class into the rows of grids that come or stay."""
    added = {g.code: _with(g, facts.get(g.code, {})) for g in edit.grids_added}
    removed = {g.code: g for g in edit.grids_removed}
    for code, words in facts.items():
        if code in plan.grids and code not in removed and code not in added:
            new = _with(plan.grids[code], words)
            if new != plan.grids[code]:
                removed[code], added[code] = plan.grids[code], new
    return replace(edit, grids_removed=tuple(removed.values()), grids_added=tuple(added.values()))


def _with(grid: Grid, words: Mapping[str, str]) -> Grid:
    return replace(grid, category=words.get("category", grid.category), class_=words.get("class_", grid.class_))


def _new_grid(plan: Plan, level: str, code: str, leaves: Objects) -> Grid:
    """Return the row of a grid where there was none of its level before."""
    up = plan.grids.get(plan.scheme.parent(code) or "")
    number = plan.scheme.number(code)
    zones = [plan.grids[c].zone for c in leaves if c in plan.grids]
    return Grid(code, level, plan.scheme.kind_by_letter(code) or "comprehensive",
                f"{up.name if up else ''}第{number}网格", zone=max(zones, key=zones.count) if zones else "")  # fmt: skip


def _partial(plan: Plan, old: Objects) -> set[str]:
    """Return old grids that have cells elsewhere too: what is outside keeps their code."""
    inside = {c: int(n) for c, n in zip(*np.unique(old[old != ""].astype(str), return_counts=True), strict=True)}
    return {c for c, n in inside.items() if len(plan.cell_ids(c)) > n}


def _numbered(plan: Plan, rows: Ints, labels: Ints, up: str, width: int, parts: list[int]) -> dict[int, str]:
    """Allot the next numbers under a parent in reading order."""
    if not parts:
        return {}
    geometry = plan.rows.geometry[rows]
    middle = shapely.get_coordinates(
        shapely.point_on_surface([topology.dissolve(geometry[labels == p]) for p in parts])
    ).reshape(-1, 2)
    level = plan.scheme.levels[plan.scheme.widths.index(width) - 1]
    # Zeros stand for levels that the branch lacks.
    under = up + "0" * (width - len(up) - level.width) + next(iter(level.letters), "")
    used = plan.ledger.under(under, width)
    out: dict[int, str] = {}
    for k in plan.scheme.reading_order(middle[:, 0], middle[:, 1]).tolist():
        out[parts[k]] = plan.scheme.next_code(under, width, used)
        used.add(out[parts[k]])
    return out


def _require_one_parent(labels: Ints, ups: Objects) -> None:
    pairs = {(int(p), str(u)) for p, u in zip(labels, ups, strict=True)}
    parts = [p for p, _ in pairs]
    torn = next((p for p in parts if parts.count(p) > 1), None)
    if torn is not None:
        both = sorted(u for p, u in pairs if p == torn)
        raise EditError(
            f"有一个网格同时落在上级“{both[0]}”与“{both[1]}”之内：请让网格不跨上级界线。",
            f"One grid lies in both '{both[0]}' and '{both[1]}': a grid must not cross the boundary of the grids above.",
        )


def plan_from_polygons(plan: Plan, polygons: Objects) -> tuple[Ints, Ints]:
    """Return the cells that lie in polygons of a proposal, and the polygon of each.

    Parameters
    ----------
    plan
        The plan.
    polygons
        Areas in the county's CRS, each made of whole cells.

    Raises
    ------
    RefusedError
        A polygon cuts a cell, two polygons overlap, or none holds a cell.
    """
    inside = shapely.point_on_surface(plan.rows.geometry)
    which, cell = shapely.STRtree(inside).query(polygons, predicate="contains")
    if not len(cell):
        raise RefusedError(
            "这一图层中没有一个面落在本县区的基元上：请核对文件与图层。",
            "No polygon of this layer holds a cell of the county: check file and layer.",
        )
    if len(np.unique(cell)) < len(cell):
        raise RefusedError(
            "这一图层中有互相重叠的面：请先改正，再采用。", "Polygons of this layer overlap: mend them first, then adopt."
        )
    area = shapely.area(plan.rows.geometry[cell])
    common = shapely.area(shapely.intersection(plan.rows.geometry[cell], polygons[which]))
    bad = cell[common < (1 - _CUT_SHARE) * area]
    spill = shapely.area(polygons) - np.bincount(which, common, len(polygons))
    over = np.flatnonzero(spill > np.maximum(1.0, _CUT_SHARE * shapely.area(polygons)))
    if len(bad) or len(over):
        number = int(plan.rows.id[bad[0]]) if len(bad) else 0
        where = (f"基元 {number}", f"cell {number}") if number else (f"第 {over[0] + 1} 个面", f"polygon {over[0] + 1}")
        raise RefusedError(
            f"图层的界线切开了{where[0]}：方案只能由整个基元组成；确需切开请在地图上用拆分，或先用 gridgis cells 细分。",
            f"A boundary of the layer cuts {where[1]}: a proposal is made of whole cells; to cut, split on the map or divide "
            "the cells with gridgis cells first.",
        )
    order = np.argsort(cell)
    return cell[order].astype(np.int64), which[order].astype(np.int64)
