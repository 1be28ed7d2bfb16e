"""One-click fixes: an ordinary undoable edit that takes a finding away and raises no other, found by trying.

For each rule there are a few edits that a planner would try first. Each is carried out on a plan that
nobody sees, its neighbourhood is checked again, and the first after which the finding is gone and no
other has come is the fix. Where there is none, the words of the finding say what to do by hand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import shapely

from gridgis import topology
from gridgis.cells import Cells
from gridgis.checks.finding import CheckedCounty
from gridgis.checks.incremental import Checked
from gridgis.edits import merge, paint, transfer
from gridgis.errors import EditError, GridgisError
from gridgis.plan import Edit, Grid, Plan, evolve
from gridgis.redraw.changes import rewritten
from gridgis.redraw.coding import recode

Try = Callable[[], Edit]
Row = Mapping[str, Any]
_NEIGHBOURS = 4
_HAIR_M = 0.01


@dataclass(frozen=True)
class Fix:
    """A fix: the edit, and the county checked as it would be."""

    edit: Edit
    checked: Checked


def fix(county: CheckedCounty, finding: Row, checked: Checked | None = None) -> Fix:
    """Return the edit that resolves a finding and raises none.

    Parameters
    ----------
    county
        An open county.
    finding
        A row of `gridgis.check`.
    checked
        The county as checked last; checked now if missing.

    Raises
    ------
    EditError
        No edit known for the rule does it.
    """
    now = checked.again(county) if checked else Checked.of(county)
    before = _counted(now)
    mine = finding["rule"], _code(finding)
    for attempt in _tries(county.plan, finding):
        try:
            edit = attempt()
            after = now.supposing(county, evolve(county.plan, edit))
        except GridgisError:
            # This one cannot be done here; the next may.
            continue
        left = _counted(after)
        if left[mine] < before[mine] and not left - before:
            return Fix(edit, after)
    raise EditError(
        f"这个问题（{finding['rule']}）没有一步可撤销的修复：{finding['fix']}",
        f"No single undoable edit resolves this finding ({finding['rule']}): {finding['fix_en']}",
    )


def _code(finding: Row) -> str | None:
    code = finding["code"]
    return code if isinstance(code, str) else None


def _counted(checked: Checked) -> Counter[tuple[str, str | None]]:
    return Counter((rule, f.code) for rule, found in checked.found.items() for f in found)


def _tries(plan: Plan, finding: Row) -> Iterator[Try]:
    """Yield the edits to try, the most natural first."""
    code, shape = _code(finding), finding["geometry"]
    known = FIXES.get(str(finding["rule"]))
    if known is not None:
        yield from known(plan, code or "", shape)


def _cells_in(plan: Plan, shape: Any, *, bare: bool = False) -> list[int]:
    """Return the cells that lie within a shape, or hold a point of it."""
    rows = plan.rows
    middle = shapely.point_on_surface(rows.geometry)
    inside = shapely.contains(shape, middle) if shape.area else shapely.intersects(rows.geometry, shape)
    if bare:
        inside = inside & np.array([c is None for c in rows.code], dtype=bool)
    return [int(i) for i in rows.id[inside]]


def _around(plan: Plan, ids: list[int], width: int | None = None) -> list[str]:
    """Return the grids round some cells by the length of the edge they share, longest first."""
    near = plan.row(ids)
    rows = plan.rows
    index = plan.index
    around = plan.row(set(index.near(shapely.box(*shapely.total_bounds(rows.geometry[near])))) if index else rows.id)
    outside = np.setdiff1d(around, near)
    rim = shapely.union_all(rows.geometry[near]).boundary
    touching = shapely.length(shapely.intersection(rows.geometry[outside], rim))
    length: Counter[str] = Counter()
    for code, metres in zip(rows.code[outside], touching.tolist(), strict=True):
        if code is not None and metres > _HAIR_M and (width is None or len(code) >= width):
            length[code[:width]] += metres
    return [c for c, _ in length.most_common(_NEIGHBOURS)]


def _give(plan: Plan, ids: list[int], width: int | None = None) -> Iterator[Try]:
    if ids:
        for to in _around(plan, ids, width):
            yield partial(paint, plan, ids, to)


def _bare(plan: Plan, _code: str, shape: Any) -> Iterator[Try]:
    """Give the cell that no grid has to a neighbour."""
    yield from _give(plan, _cells_in(plan, shape, bare=True))


def _loose_parts(plan: Plan, code: str, _shape: Any) -> Iterator[Try]:
    """Give all parts of a grid but the largest to a neighbour."""
    ids = np.array(plan.cell_ids(code), dtype=np.int64)
    polygons = plan.rows.geometry[plan.row(ids)]
    part = topology.components(polygons)
    size = np.bincount(part, shapely.area(polygons))
    yield from _give(plan, ids[part != size.argmax()].tolist(), len(code))


def _unfilled(plan: Plan, code: str, _shape: Any) -> Iterator[Try]:
    """Give the ground that only the parent has to one of the grids below."""
    yield from _give(plan, sorted(plan.members.get(code, frozenset())))


def _sliver(plan: Plan, code: str, shape: Any) -> Iterator[Try]:
    """Give a sliver to a neighbour."""
    yield from _give(plan, _cells_in(plan, shape), len(code))


def _merged(plan: Plan, code: str, _shape: Any) -> Iterator[Try]:
    """Merge a grid with a neighbour."""
    for other in _around(plan, plan.cell_ids(code), len(code)):
        yield partial(merge, plan, [code, other])


def _beyond(plan: Plan, code: str, shape: Any) -> Iterator[Try]:
    """Give ground beyond a fixed outline to the neighbours there."""
    for part in shapely.get_parts(shape):
        for to in _around(plan, plan.cell_ids(code), len(code)):
            yield partial(transfer, plan, shapely.Polygon(part.exterior), to, unlock=True)


def _undivided(plan: Plan, _code: str, shape: Any) -> Iterator[Try]:
    """Give the whole of a building or compound to one of the grids that share it, the largest share first."""
    area = shapely.Polygon(shapely.get_parts(shape)[0].exterior)
    codes = [c for c in plan.leaf_codes if c in plan.grids]
    shared = shapely.area(shapely.intersection([plan.grid_geometry(c) for c in codes], shape))
    for k in np.argsort(-shared)[: int((shared > 0).sum())].tolist():
        for margin in (0.0, 0.5, 2.0):
            around = area.buffer(margin, join_style="mitre") if margin else area
            yield partial(transfer, plan, around, codes[k])
        yield partial(transfer, plan, area.minimum_rotated_rectangle.buffer(1.0, join_style="mitre"), codes[k])


def _void(plan: Plan, code: str, _shape: Any) -> Iterable[Try]:
    """Void a code that has no ground, and those below it."""
    gone = tuple(plan.grids[c] for c in (code, *plan.below(code)) if c in plan.grids)
    return [lambda: _bookkeeping(plan, "void", code, gone, ())]


def _entered(plan: Plan, code: str, _shape: Any) -> Iterable[Try]:
    """Enter a grid that is missing: the code of a cell, or the parent of a grid."""
    scheme = plan.scheme
    lost = code if code not in plan.grids else scheme.parent(code) or ""
    return [lambda: _bookkeeping(plan, "enter", lost, (), (Grid(scheme.parse_grid(lost), scheme.level_key(lost)),))]


def _bookkeeping(plan: Plan, kind: str, code: str, gone: tuple[Grid, ...], come: tuple[Grid, ...]) -> Edit:
    figures = {g.code: plan.figures_of(g.code) for g in (*gone, *come)}
    return Edit(
        kind, {kind: code}, Cells.none(), Cells.none(), gone, come,
        before={g.code: figures[g.code] for g in gone}, after={g.code: figures[g.code] for g in come},
        base_version=plan.version,
    )  # fmt: skip


def _numbered(plan: Plan, code: str, _shape: Any) -> Iterable[Try]:
    """Give a grid the next code that was never allotted."""
    stem = plan.scheme.stem(code)
    used = plan.ledger.under(stem, len(code))
    return [lambda: recode(plan, code, plan.scheme.next_code(stem, len(code), used))]


def _renamed(plan: Plan, code: str, _shape: Any) -> Iterable[Try]:
    """Put a number behind a name that another grid bears."""
    grid = plan.grids[code]
    taken = {g.name for g in plan.grids.values()}
    name = next(n for n in (f"{grid.name}（{k}）" for k in range(2, len(taken) + 3)) if n not in taken)
    return [lambda: rewritten(plan, "rename", {"rename": code, "name": name}, [replace(grid, name=name)])]


FIXES: Mapping[str, Callable[[Plan, str, Any], Iterable[Try]]] = {
    "unassigned": _bare, "road_unowned": _bare, "place_uncovered": _bare,
    "multi_part": _loose_parts, "parent_unfilled": _unfilled, "sliver": _sliver,
    "hole": _merged, "size_band": _merged, "grid_unpeopled": _merged,
    "outside_parent": _beyond, "building_cut": _undivided, "compound_cut": _undivided,
    "grid_empty": _void, "code_orphan": _entered, "code_reused": _numbered, "name_duplicate": _renamed,
}  # fmt: skip
"""Rules that an edit may resolve, and the edits to try."""
