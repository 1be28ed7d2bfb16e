"""From "these cells get these codes" to a complete `Edit`: figures, new and void grids, lineage, guards.

The verbs in `gridgis.edits` decide what moves where; everything that must hold for every edit is
done here, once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gridgis import codes, topology
from gridgis.cells import CellIndex, Cells
from gridgis.elements import Elements
from gridgis.errors import RefusedError
from gridgis.plan import Edit, Figures, Grid, Plan
from gridgis.pointindex.assign import NEAR_M, assign
from gridgis.redraw.guards import require_conserved
from gridgis.schema import FIGURES, metres

Objects = NDArray[np.object_]
Note = tuple[str, str]


@dataclass(frozen=True)
class Bit:
    """One cell after the change: its polygon, the cells it comes from, its new code.

    Attributes
    ----------
    kept
        Id of the cell whose geometry it keeps, None for new geometry.
    """

    polygon: Any
    origin: tuple[int, ...]
    code: str | None
    kept: int | None = None


@dataclass
class Change:
    """What a verb has decided; `templates` names for each new code the grid it takes after.

    `about` names grids whose ground changes although no cell changes its code.
    """

    kind: str
    command: Mapping[str, Any]
    level: str
    bits: list[Bit]
    templates: dict[str, str] = field(default_factory=dict)
    new_grids: list[Grid] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    about: frozenset[str] = frozenset()


def complete(plan: Plan, change: Change) -> Edit:
    """Return the edit for a change, after every guard.

    Raises
    ------
    CoverageError
        The change would leave a gap, an overlap or a lost element.
    """
    bits = [b for b in change.bits if b.kept is None or b.code != plan.rows.code[plan.row([b.kept])[0]]]
    change = replace(change, bits=bits)
    removed = plan.rows.take(plan.row({i for bit in bits for i in bit.origin}))
    added = _rows(plan, removed, bits)
    new = [*change.new_grids, *_new_grids(plan, change.templates)]
    gone = _emptied(plan, removed, added, new)
    new = [_inherited(plan, change.templates.get(g.code), gone, g) for g in new]
    edit = Edit(
        change.kind, change.command, removed, added, tuple(gone), tuple(new),
        base_version=plan.version,
    )  # fmt: skip
    require_conserved(plan, edit)
    before, after = (_figures(plan, change, edit, after=late) for late in (False, True))
    notes = [*change.notes, *_torn(plan, edit, [c for c in after if len(c) == plan.scheme.width(change.level)])]
    return replace(edit, before=before, after=after, notes=tuple(notes), lineage=_lineage(plan, edit, bits))


def rewritten(plan: Plan, kind: str, command: Mapping[str, Any], rows: Iterable[Grid]) -> Edit:
    """Return the edit that changes what is written of living grids, and no ground.

    Parameters
    ----------
    kind, command
        As in `Edit`.
    rows
        The grids as they shall read, by their present codes.
    """
    new = tuple(sorted((g for g in rows if plan.grid(g.code) != g), key=lambda g: g.code))
    figures = {g.code: _whole(plan.figures_of(g.code)) for g in new}
    return Edit(
        kind, command, Cells.none(), Cells.none(), tuple(plan.grids[g.code] for g in new), new,
        tuple((g.code, g.code) for g in new), figures, figures, base_version=plan.version,
    )  # fmt: skip


def _whole(figures: Figures) -> Figures:
    return {name: value if name == "area_m2" else int(value) for name, value in figures.items()}


def _torn(plan: Plan, edit: Edit, grids: Iterable[str]) -> list[Note]:
    """Say which grids the edit leaves in several parts."""
    out = []
    for code in grids:
        ids = plan.cell_ids(code) if code in plan.grids else []
        old = plan.rows.take(plan.row(ids))
        mine = edit.added.take(np.array([codes.is_within(c, code) for c in edit.added.code], dtype=bool))
        new = old.merged(edit.removed.id, mine)
        parts = [len(set(topology.components(c.geometry).tolist())) if len(c) else 0 for c in (old, new)]
        if parts[1] > max(parts[0], 1):
            out.append(
                (
                    f"注意：网格“{code}”将分为 {parts[1]} 块，不连片。",
                    f"Note: grid '{code}' will lie in {parts[1]} parts.",
                )
            )
    return out


def _rows(plan: Plan, removed: Cells, bits: list[Bit]) -> Cells:
    """Give ids and figures to the bits; geometry that is kept keeps both."""
    position = {int(i): k for k, i in enumerate(removed.id)}
    fresh = [b for b in bits if b.kept is None]
    fresh.sort(key=lambda b: (b.code or "", b.polygon.bounds, b.polygon.wkb))
    kept = [b for b in bits if b.kept is not None]
    whole = removed.take([position[b.kept] for b in kept if b.kept is not None])
    polygons = topology.canonical(np.array([b.polygon for b in fresh], dtype=object)) if fresh else np.array([], object)
    loose = removed.take(~np.isin(removed.id, whole.id))
    figures = tally(plan, loose, polygons)
    ids = np.arange(plan.next_id, plan.next_id + len(fresh))
    return Cells.of(
        [*whole.id.tolist(), *ids.tolist()],
        [b.code for b in kept] + [b.code for b in fresh],
        [*whole.geometry, *polygons],
        np.vstack([whole.figures, figures]),
    )


def tally(plan: Plan, loose: Cells, polygons: Objects) -> NDArray[np.int64]:
    """Return the figures of new polygons that take the place of the loose cells.

    The points counted are exactly those that the loose cells hold by the rule of `gridgis.pointindex.assign`,
    so that totals are conserved whatever lies on edges.
    """
    empty = np.zeros((len(polygons), len(FIGURES)), dtype=np.int64)
    elements = plan.elements
    if elements is None or not len(polygons) or not loose.figures.any():
        return empty
    index = plan.index or CellIndex(plan.rows)
    box = shapely.box(*shapely.total_bounds(loose.geometry))
    own = set(loose.id.tolist())
    near = [i for i in index.near(box) if i not in own]
    context = plan.rows.geometry[plan.row(near)] if near else np.array([], dtype=object)
    among = elements.around(tuple(shapely.total_bounds(loose.geometry).tolist()))
    owner = assign(among.points_mm, np.concatenate([loose.geometry, context]))
    return _shared_out(among.some((owner >= 0) & (owner < len(loose))), polygons)


def _shared_out(mine: Elements, polygons: Objects) -> NDArray[np.int64]:
    out = np.zeros((len(polygons), len(FIGURES)), dtype=np.int64)
    owner = assign(mine.points_mm, polygons)
    lost = np.flatnonzero(owner < 0)
    if len(lost):
        # A new vertex on a shared edge may shift it by under a millimetre across a point.
        points = shapely.points(metres(mine.points_mm[lost]))
        near = shapely.STRtree(polygons).query_nearest(points, max_distance=2 * NEAR_M, all_matches=False)
        owner[lost[near[0]]] = near[1]
    found = owner >= 0
    np.add.at(out, owner[found], mine.figures[found])
    return out


def _new_grids(plan: Plan, templates: Mapping[str, str]) -> list[Grid]:
    """Return the rows of new grids, each after its template, parents first so that names follow."""
    made: dict[str, Grid] = {}
    for code in sorted(templates, key=lambda c: (len(c), c)):
        # Where a level is missing in the branch there is nothing to take after, and nothing to make.
        if code in plan.grids or templates[code] not in plan.grids:
            continue
        old = plan.grids[templates[code]]
        up = plan.scheme.parent(code)
        parent = made.get(up or "") or plan.grids.get(up or "")
        former = plan.grids.get(plan.scheme.parent(old.code) or "")
        numbers = (plan.scheme.number(old.code), plan.scheme.number(code))
        name = new_name(old.name, numbers, former.name if former else "", parent.name if parent else "")
        kind = plan.scheme.kind_by_letter(code) or old.kind
        made[code] = Grid(code, old.level, kind, name, old.category, old.class_, old.zone)
    return list(made.values())


def new_name(name: str, numbers: tuple[int, ...], former_parent: str, parent: str) -> str:
    """Return the name of a grid that continues another under a new code: its number follows the code.

    Parameters
    ----------
    name
        Name of the grid it takes after.
    numbers
        The number of that grid under its parent, and that of the new one.
    former_parent, parent
        Names of the parents before and after.
    """
    old, new = numbers
    if former_parent and parent and name.startswith(former_parent):
        name = parent + name[len(former_parent) :]
    # Only the number that is the grid's own may change: "5号楼网格" is named after a building.
    found = list(re.finditer(r"[0-9]+", name))
    if found and int(found[-1].group()) == old:
        last = found[-1]
        width = len(last.group()) if last.group().startswith("0") else 1
        return name[: last.start()] + str(new).zfill(width) + name[last.end() :]
    return f"{name}（{new}）" if name else ""


def _inherited(plan: Plan, template: str | None, gone: Sequence[Grid], grid: Grid) -> Grid:
    """Hand the register over to a grid that replaces another as a whole."""
    if template is not None and template in {g.code for g in gone}:
        return replace(grid, extra=plan.grids[template].extra)
    return grid


def _emptied(plan: Plan, removed: Cells, added: Cells, new: list[Grid]) -> list[Grid]:
    """Return the live grids under which no cell is left."""
    balance: dict[str, int] = {}
    for cells, step in ((removed, -1), (added, 1)):
        for code in cells.code:
            if code is not None:
                for c in (*codes.ancestors(code, plan.scheme.widths), code):
                    balance[c] = balance.get(c, 0) + step
    made = {g.code for g in new}
    return [
        plan.grids[c] for c in sorted(balance)
        if balance[c] < 0 and c in plan.grids and c not in made and len(plan.cell_ids(c)) + balance[c] == 0
    ]  # fmt: skip


def _lineage(plan: Plan, edit: Edit, bits: Iterable[Bit]) -> tuple[tuple[str, str], ...]:
    """Return (before, after) pairs of every level at which ground changes code, and what stays of those codes."""
    pairs: set[tuple[str, str]] = set()
    for bit in bits:
        for i in bit.origin:
            old = plan.rows.code[plan.row([i])[0]]
            if old is not None and bit.code is not None:
                pairs |= set(_level_pairs(plan, old, bit.code))
    pairs = {(a, b) for a, b in pairs if a != b}
    named = {c for pair in pairs for c in pair}
    gone, come = set(edit.voided), set(edit.created)
    return tuple(sorted(pairs | {(c, c) for c in named - gone - come}))


def _level_pairs(plan: Plan, old: str, new: str) -> Iterable[tuple[str, str]]:
    """Pair the codes of two branches level by level; a level that one lacks meets the other's deepest code."""
    for width in plan.scheme.widths[1:]:
        if width <= max(len(old), len(new)):
            yield old[:width], new[:width]


def _figures(plan: Plan, change: Change, edit: Edit, *, after: bool) -> dict[str, Figures]:
    """Return the figures of the grids the edit is about, before or after it."""
    width = plan.scheme.width(change.level)
    moved: set[str] = set(edit.created) | set(edit.voided) | set(change.about)
    for bit in change.bits:
        olds = {plan.rows.code[plan.row([i])[0]] for i in bit.origin}
        if olds != {bit.code} or len(bit.origin) > 1:
            moved |= {c[:width] for c in (*olds, bit.code) if c is not None}
            moved |= {c for pair in _unlike(plan, olds, bit.code) for c in pair}
    gone, come = set(edit.voided), set(edit.created)
    live = {c for c in moved if (c in come or (c in plan.grids and c not in gone) if after else c in plan.grids)}
    return {c: _sum(plan, edit, c, after=after) for c in sorted(live)}


def _unlike(plan: Plan, olds: Iterable[str | None], new: str | None) -> Iterable[tuple[str, str]]:
    """Return the codes above in which old and new differ: their boundary moves too."""
    for old in olds:
        if old is not None and new is not None:
            yield from (p for p in _level_pairs(plan, old, new) if p[0] != p[1])


def _sum(plan: Plan, edit: Edit, code: str, *, after: bool) -> Figures:
    figures = plan.figures_of(code) if code in plan.grids else dict.fromkeys(("cells", *FIGURES, "area_m2"), 0.0)
    if after:
        for cells, sign in ((edit.removed, -1), (edit.added, 1)):
            mine = np.array([codes.is_within(c, code) for c in cells.code], dtype=bool)
            sums = cells.figures[mine].sum(axis=0)
            figures["cells"] += sign * int(mine.sum())
            for name, value in zip(FIGURES, sums.tolist(), strict=True):
                figures[name] += sign * value
            figures["area_m2"] += sign * float(shapely.area(cells.geometry[mine]).sum())
        figures["area_m2"] = round(figures["area_m2"], 3)
    return _whole(figures)


def arrivals(plan: Plan, cells: Cells, to: str, taken: Iterable[str] = ()) -> tuple[list[str], dict[str, str]]:
    """Return the new codes of cells that move under grid `to`, and the template of each new grid.

    A leaf takes the cells whole. A grid with grids below it receives what comes as new children:
    one for each grid below the source, numbered west to east then north to south.

    Parameters
    ----------
    cells
        The cells that move, with their present codes and final geometry.
    to
        Code that receives them; it may be a code not yet live.
    taken
        Codes allotted meanwhile, besides the ledger.
    """
    below = plan.below(to) if to in plan.grids else []
    deep = [c for c in cells.code if c is not None and len(c) > len(to)]
    if (to in plan.grids and not below) or (to not in plan.grids and not deep):
        return [to] * len(cells), {}
    widths = plan.scheme.widths
    step = widths[widths.index(len(to)) + 1]
    heads = [c[:step] if c is not None and len(c) >= step else None for c in cells.code]
    codes_of = _numbered(plan, cells, heads, to, step, set(taken))
    out, templates = [], {}
    for code, head in zip(cells.code, heads, strict=True):
        new = codes_of[head] + (code[step:] if head is not None and code is not None else "")
        out.append(new)
        for w in widths:
            if step <= w <= len(new):
                templates[new[:w]] = code[:w] if head is not None and code is not None else below[0] if below else to
    return out, templates


def _numbered(
    plan: Plan, cells: Cells, heads: list[str | None], to: str, step: int, taken: set[str]
) -> dict[str | None, str]:
    """Allot one code under `to` for each distinct head, in reading order."""
    distinct = sorted(set(heads), key=lambda h: h or "")
    middle = shapely.get_coordinates(shapely.point_on_surface(
        [shapely.union_all([g for g, h in zip(cells.geometry, heads, strict=True) if h == head]) for head in distinct]
    ))  # fmt: skip
    letters = plan.scheme.levels[plan.scheme.widths.index(step) - 1].letters
    used = {c for c in (*plan.ledger, *taken) if len(c) == step and c.startswith(to)}
    out: dict[str | None, str] = {}
    for k in plan.scheme.reading_order(middle[:, 0], middle[:, 1]).tolist():
        head = distinct[k]
        # A code without a number of this level begins with the first letter of the scheme.
        letter = head[len(to)] if head else ""
        under = to + (letter if letter in letters else next(iter(letters), ""))
        out[head] = plan.scheme.next_code(under, step, {c for c in used if c.startswith(under)})
        used.add(out[head])
    return out


def require_unlocked(plan: Plan, sources: Iterable[str | None], to: str, *, unlock: bool) -> None:
    """Refuse to move a boundary of a level above `to` unless unlocked.

    Raises
    ------
    RefusedError
        A source lies under another parent than `to`.
    """
    if unlock:
        return
    above = plan.scheme.parent(to) or ""
    foreign = sorted({c for c in sources if c is not None and not codes.is_within(c, above)})
    if foreign:
        level = plan.scheme.level_of(above) if len(above) > plan.scheme.county_digits else None
        zh, en = (level.zh, level.en) if level else ("上级", "upper level")
        raise RefusedError(
            f"网格“{foreign[0]}”不属于{zh}“{above}”：此变更会移动{zh}界线，默认锁定；确需移动请加 --unlock。",
            f"Grid '{foreign[0]}' is not in {en} '{above}': the edit would move a boundary of that {en}, which is "
            "locked; add --unlock if that is meant.",
        )
