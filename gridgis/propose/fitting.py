"""Bringing grids that are out of band into it with little change: options for one grid, a plan for an area."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridgis import edits
from gridgis.errors import EditError, InputError, RefusedError
from gridgis.plan import Edit, Plan
from gridgis.propose.adoption import adoption
from gridgis.propose.area import Area, area_of, cells_within
from gridgis.propose.barriers import Table
from gridgis.propose.graph import Division
from gridgis.propose.judging import graph_of
from gridgis.propose.labels import numbered
from gridgis.propose.least import Step, least_change, steps_for

Ints = NDArray[np.int64]
OPTIONS = 3


@dataclass(frozen=True, eq=False)
class Option:
    """One way to bring a grid into the band.

    Attributes
    ----------
    kind
        ``take``, ``give``, ``merge``, ``split`` or ``several``.
    zh, en
        What is done, in words.
    cells
        Ids of the cells that change their grid, by the grid they go to.
    moved
        Households that change their grid.
    before, after
        Households of every grid concerned.
    edit
        The edit that does it, not saved.
    """

    kind: str
    zh: str
    en: str
    cells: dict[str, list[int]]
    moved: int
    before: dict[str, int]
    after: dict[str, int]
    edit: Edit

    def row(self) -> dict[str, Any]:
        """Return the option as JSON-ready values."""
        return {k: v for k, v in vars(self).items() if k != "edit"}


@dataclass(frozen=True, eq=False)
class Fit:
    """An area brought into the band.

    Attributes
    ----------
    edit
        The edit; None where all grids are in band already.
    moved
        Households that change their grid.
    out_before, out_after
        How many grids are out of band.
    grids
        How many grids there are afterwards.
    """

    edit: Edit | None
    moved: int
    out_before: int
    out_after: int
    grids: int


def options_for(plan: Plan, table: Table, code: str, band: tuple[int, int] | None = None, seed: int = 1) -> list[Option]:
    """Return at most three ways to bring one grid into the band, the fewest households first.

    Parameters
    ----------
    plan
        The plan.
    table
        Answers an e-map table by its name, in the county's CRS.
    code
        The grid.
    band
        Fewest and most households; None takes that of the scheme.
    seed
        The same seed gives the same options.

    Raises
    ------
    InputError
        The grid is in the band already, or its level has no band.
    RefusedError
        Its neighbours under the same parent cannot help.
    CodeError
        There is no such grid.
    """
    grid = plan.grid(code)
    low, high = _band(plan, grid.level, grid.zone, band)
    case = _case(plan, table, grid.code, grid.level, (low, high))
    found, part = case.found, case.names.index(grid.code)
    households = found.weight[part]
    if not found.graph.misfit(households):
        raise InputError(
            f"网格“{grid.code}”有 {households} 户，已在 {low}–{high} 之内，无需调整。",
            f"Grid '{grid.code}' has {households} households, within {low} to {high}: nothing to do.",
        )
    chosen = _different(steps_for(found, part, random.Random(seed)))
    if len(chosen) < OPTIONS:
        chosen += _several(found, part, chosen, seed)
    if not chosen:
        raise RefusedError(
            f"网格“{grid.code}”（{households} 户）与同一上级内的邻格怎样调整都不能同时达到 {low}–{high} 户："
            "请放宽范围，或先用 gridgis cells 细分基元。",
            f"No change with its neighbours under the same parent brings grid '{grid.code}' ({households} households) "
            f"into {low} to {high}: widen the band, or divide the cells first (gridgis cells).",
        )
    return [_option(case, step) for step in chosen[:OPTIONS]]


def _households(plan: Plan, level: str, zone: str) -> tuple[int, int] | None:
    """Return the fewest and most households that the scheme asks for."""
    band = plan.scheme.band(level, zone or None)
    return None if band is None else band.households


def _band(plan: Plan, level: str, zone: str, given: tuple[int, int] | None) -> tuple[int, int]:
    band = given or _households(plan, level, zone)
    if band is None:
        raise InputError(
            "该网格在网格体系中没有户数要求：请用 --households 下限:上限 指定。",
            "The scheme sets no number of households for this grid: give one with --households LOW:HIGH.",
        )
    return band


@dataclass(frozen=True, eq=False)
class _Case:
    """The blocks under the parent of a grid in its zone, the names of their present grids, and these as parts."""

    area: Area
    blocks: Ints
    names: list[str]
    found: Division

    def name(self, part: int) -> str:
        return self.names[part] if part < len(self.names) else "new"


def _case(plan: Plan, table: Table, code: str, level: str, band: tuple[int, int]) -> _Case:
    up = plan.scheme.parent(code) or plan.county_code
    area = area_of(plan, table, cells_within(plan, up, level), level)
    blocks = np.flatnonzero(area.zone == area.zone[np.flatnonzero(area.today == code)[0]])
    today = area.today[blocks].astype(str)
    graph = graph_of(area, blocks, area.figures[:, 0], band, home=numbered(today))
    return _Case(area, blocks, sorted(set(today.tolist())), Division(graph, graph.home))


def _different(steps: list[Step]) -> list[Step]:
    """Return the best step for each neighbour and kind."""
    seen: set[tuple[str, tuple[int, ...]]] = set()
    out = []
    for step in steps:
        key = (step.kind, tuple(sorted(step.moves)))
        if key not in seen:
            seen.add(key)
            out.append(step)
    return out


def _several(found: Division, part: int, known: list[Step], seed: int) -> list[Step]:
    """Return what a search over all neighbours finds, if that mends the grid in another way."""
    graph = found.graph
    best = least_change(graph, seed)
    moves = {v: k for v, k in enumerate(best.label) if k != found.label[v]}
    mended = part not in best.parts or not graph.misfit(best.weight[part])
    worse = sum(graph.misfit(w) for w in best.weight.values()) >= sum(graph.misfit(w) for w in found.weight.values())
    if not moves or not mended or worse or any(s.moves.keys() == moves.keys() for s in known):
        return []
    return [Step("several", moves, best.moved())]


def _option(case: _Case, step: Step) -> Option:
    """Return a step with its words, figures and edit."""
    area, found = case.area, case.found
    after = Division(found.graph, found.label)
    cells: dict[str, list[int]] = {}
    for v, to in sorted(step.moves.items()):
        after.put({v}, to)
        ids = area.plan.rows.id[area.rows[area.block == case.blocks[v]]]
        cells.setdefault(case.name(to), []).extend(ids.tolist())
    touched = sorted({found.label[v] for v in step.moves} | set(step.moves.values()))
    before, then = ({case.name(k): _people(d, k) for k in touched if k in d.parts} for d in (found, after))
    froms = sorted({case.names[found.label[v]] for v in step.moves})
    zh, en = _words(step, sum(len(ids) for ids in cells.values()), froms, sorted(cells))
    return Option(step.kind, zh, en, cells, step.moved, before, then, _edit(case, step, cells, froms))


def _people(found: Division, part: int) -> int:
    return sum(found.graph.people[v] for v in found.parts[part])


def _words(step: Step, n: int, froms: list[str], to: list[str]) -> tuple[str, str]:
    a, b, moved = "、".join(froms), "、".join(to), step.moved
    if step.kind == "merge":
        return f"把 {a} 整个并入 {b}，{moved} 户换网格", f"merge {a} into {b}; {moved} households change grid"
    if step.kind == "split":
        return f"把 {a} 分成两个，{n} 个基元 {moved} 户归新网格", f"split {a}: {n} cells with {moved} households make a new grid"
    return (f"把 {n} 个基元（{moved} 户）从 {a} 划给 {b.replace('new', '新网格')}",
            f"move {n} cells ({moved} households) from {', '.join(froms)} to {', '.join(to).replace('new', 'a new grid')}")  # fmt: skip


def _edit(case: _Case, step: Step, cells: dict[str, list[int]], froms: list[str]) -> Edit:
    """Return an ordinary edit wherever there is a verb for it."""
    area = case.area
    if step.kind in ("take", "give"):
        to, ids = next(iter(cells.items()))
        return edits.paint(area.plan, ids, to)
    if step.kind == "merge":
        return edits.merge(area.plan, [next(iter(cells)), *froms])
    labels = area.homes
    top = int(labels.max()) + 1
    where = {name: int(labels[area.today == name][0]) for name in case.names}
    for v, to_part in step.moves.items():
        labels[case.blocks[v]] = where.get(case.name(to_part), top + to_part)
    return adoption(area.plan, area.level, area.rows, labels[area.block], command={"fit": sorted(froms)})


def fit_area(
    plan: Plan, table: Table, ground: tuple[str, str], *, band: tuple[int, int] | None = None, seed: int = 1,
    tell: Callable[[float, str], None] | None = None,
) -> Fit:  # fmt: skip
    """Bring every grid of an area into the band with the fewest households moved.

    Parameters
    ----------
    plan
        The plan.
    table
        Answers an e-map table by its name, in the county's CRS.
    ground
        Code of a grid above, of the county, or key of a zone; and key of the level.
    band
        Fewest and most households; None takes that of the scheme for each zone.
    seed
        The same seed gives the same answer.
    tell
        Told the share done; it may raise to stop.

    Raises
    ------
    EditError
        Nothing in the area can be bettered.
    """
    within, level = ground
    area = area_of(plan, table, cells_within(plan, within, level), level)
    labels = area.homes
    count, moved, outs, grids = int(labels.max()) + 1, 0, [0, 0], 0
    bands = {z: band or _households(plan, level, z) for z in set(area.zone.tolist())}
    groups = [(g, wanted) for g in area.groups() if (wanted := bands[area.zone[g[0]]])]
    for n, (blocks, wanted) in enumerate(groups):
        if tell:
            tell(n / len(groups), str(area.parent[blocks[0]]))
        graph = graph_of(area, blocks, area.figures[:, 0], wanted, home=labels[blocks])
        begun = Division(graph, graph.home)
        best = least_change(graph, seed)
        outs[0] += sum(bool(graph.misfit(w)) for w in begun.weight.values())
        outs[1] += sum(bool(graph.misfit(w)) for w in best.weight.values())
        moved, grids = moved + best.moved(), grids + len(best.parts)
        fresh = {k: count + i for i, k in enumerate(sorted(k for k in best.parts if k not in set(graph.home)))}
        count += len(fresh)
        labels[blocks] = [fresh.get(k, k) for k in best.label]
    try:
        edit = adoption(plan, level, area.rows, labels[area.block], command={"fit": within})
    except EditError:
        if outs[0]:
            raise
        edit = None
    return Fit(edit, moved, outs[0], outs[1], grids)
