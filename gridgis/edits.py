"""The verbs of redrawing: split, merge, transfer, paint, reshape and more. Pure functions, Plan -> Edit.

*Paint* and *merge* change codes and touch no geometry; *split* and *transfer* cut the few cells
under a line. Every verb either returns an edit that keeps all invariants or raises; nothing is
saved before a county applies it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gridgis import codes, topology
from gridgis.cells import CellIndex, Cells
from gridgis.errors import EditError, RefusedError
from gridgis.plan import Edit, Plan
from gridgis.redraw.changes import Bit, Change, arrivals, complete, require_unlocked
from gridgis.redraw.claiming import draw
from gridgis.redraw.coding import convert, recode
from gridgis.redraw.cutting import (
    absorbed,
    cut_cells,
    divided,
    healed,
    line_points,
    transferred,
    usable_area,
)
from gridgis.redraw.parts import recoded, split_codes
from gridgis.redraw.reshaping import reshape
from gridgis.redraw.vertices import delete_vertex, insert_vertex, move_vertex
from gridgis.schema import FIGURES

__all__ = [
    "VERBS", "convert", "delete_vertex", "draw", "insert_vertex", "merge", "move_vertex", "paint", "recode", "reshape",
    "run", "split", "transfer",
]  # fmt: skip

VERBS = ("split", "merge", "transfer", "paint", "recode", "convert", "reshape", "vertex", "draw")
_OVERSHOOT_SHARE = 0.1
"""An area that reaches less than this share of itself into a locked grid merely overshoots."""


def split(plan: Plan, code: str, line: Any) -> Edit:
    """Split one grid along a line; the line is ignored outside the grid.

    The part with most households keeps the code, the others get the next free numbers, west to
    east then north to south. Parts smaller than the scheme's sliver size join their longest
    neighbour. Grids below that the line cuts are cut; those that change parent get new codes.

    Parameters
    ----------
    plan
        The plan to start from.
    code
        Grid of any level.
    line
        LineString in the county's CRS.

    Returns
    -------
    Edit
        The change, computed and not saved: `County.apply` saves it, `evolve` shows the plan after it.

    Raises
    ------
    CodeError
        No such grid, or its parent has no number left.
    EditError
        The line does not divide the grid.

    Examples
    --------
    >>> from shapely import LineString
    >>> west, south, east, north = plan.grid_geometry(A).bounds
    >>> middle = (west + east) / 2
    >>> edit = gg.split(plan, A, LineString([(middle, south), (middle, north)]))
    >>> edit.created, edit.after[A]["households"]
    (('350526100001003',), 8)
    """
    grid = plan.grid(code)
    path = line_points(line)
    bits, seams = cut_cells(plan, plan.cell_ids(grid.code), path, plan.cell_ids(grid.code))
    inside = [b for b in bits if codes.is_within(b.code, grid.code)]
    rest = [b for b in bits if not codes.is_within(b.code, grid.code)]
    parts, slivers = divided(inside, seams, plan.scheme.sliver_m2)
    if parts.max(initial=0) == 0 and slivers:
        size = plan.scheme.sliver_m2
        raise EditError(
            f"切分线只从网格“{grid.code}”切下了小于 {size:g} m² 的碎屑：请把线画在网格中部。",
            f"The line cuts only slivers below {size:g} m2 off grid '{grid.code}': draw it further inside.",
        )
    if parts.max(initial=0) == 0:
        raise EditError(
            f"切分线没有把网格“{grid.code}”分成两部分：请让线的两端都越过该网格的边界。",
            f"The line does not divide grid '{grid.code}': draw it so that both ends cross the grid's boundary.",
        )
    inside, parts = healed(plan, inside, parts)
    keep, fresh, templates = split_codes(plan, grid.code, inside, parts)
    notes = _sliver_note(slivers, plan.scheme.sliver_m2)
    change = Change("split", {"split": grid.code, "line": shapely.to_wkt(line, rounding_precision=-1)}, grid.level,
                    [*rest, *absorbed(recoded(inside, parts, keep, fresh), plan.scheme.sliver_m2)],
                    templates, notes=notes)  # fmt: skip
    return complete(plan, change)


def merge(plan: Plan, grids: Sequence[str], *, unlock: bool = False) -> Edit:
    """Merge neighbouring grids of one level; the code with most households stays, the rest are voided.

    Parameters
    ----------
    plan
        The plan to start from.
    grids
        Their codes, at least two.
    unlock
        Allow grids of different parents.

    Returns
    -------
    Edit
        The change, computed and not saved: `County.apply` saves it, `evolve` shows the plan after it.

    Raises
    ------
    CodeError
        A code is not that of a live grid.
    EditError
        Fewer than two grids, different levels, or grids that do not touch along a line.
    RefusedError
        The grids lie under different parents and `unlock` is false.

    Examples
    --------
    >>> edit = gg.merge(plan, [A, B])
    >>> edit.voided == (A,), edit.after[B]["households"]
    (True, 36)
    """
    rows = [plan.grid(c) for c in dict.fromkeys(grids)]
    if len(rows) < 2:
        raise EditError(
            "合并至少需要两个不同的网格：请再选一个相邻网格。", "A merge needs two different grids: choose one more."
        )
    if len({g.level for g in rows}) > 1:
        raise EditError(
            f"“{rows[0].code}”与“{next(g.code for g in rows if g.level != rows[0].level)}”层级不同：只能合并同一层级的网格。",
            "The grids are of different levels: only grids of one level can be merged.",
        )
    keep = max(rows, key=lambda g: (*_weight(plan, g.code), g.code)).code
    others = [g.code for g in rows if g.code != keep]
    require_unlocked(plan, others, keep, unlock=unlock)
    _require_joined(plan, [g.code for g in rows])
    ids = [i for c in others for i in plan.cell_ids(c)]
    bits, templates = _moved(plan, ids, keep)
    command = {"merge": [g.code for g in rows], "unlock": unlock}
    return complete(plan, Change("merge", command, rows[0].level, bits, templates))


def transfer(plan: Plan, area: Any, to: str, *, unlock: bool = False) -> Edit:
    """Move an area to a grid of any level, cutting the cells that the area's outline crosses.

    Parameters
    ----------
    plan
        The plan to start from.
    area
        Polygon without holes, in the county's CRS; what it holds of `to` itself stays.
    to
        Grid that receives the area.
    unlock
        Allow boundaries of the levels above `to` to move.

    Returns
    -------
    Edit
        The change, computed and not saved: `County.apply` saves it, `evolve` shows the plan after it.

    Raises
    ------
    EditError
        The area is empty, invalid, or holds nothing that is not in `to` already.
    RefusedError
        The area lies in another parent and `unlock` is false; a small overshoot is left out instead.
    """
    target = plan.grid(to)
    shape = usable_area(area)
    index = plan.index or CellIndex(plan.rows)
    own = set(plan.cell_ids(target.code))
    near = plan.rows.take(plan.row(index.near(shape)))
    near = near.take(~np.isin(near.id, list(own)) & shapely.intersects(near.geometry, shape))
    above = plan.scheme.parent(target.code) or ""
    free = np.array([unlock or c is None or codes.is_within(c, above) for c in near.code], dtype=bool)
    notes = _overshoot(plan, near, free, shape, target.code)
    allowed = near.take(free).id.tolist()
    bits = transferred(plan, allowed, shape) if allowed else []
    if not any(goes for _, goes in bits):
        raise EditError(
            f"所画区域内没有可划给“{target.code}”的范围：请让区域覆盖相邻网格的一部分。",
            f"The area holds nothing to move to '{target.code}': draw it over a part of another grid.",
        )
    new_bits, templates = _received(plan, bits, target.code)
    command = {"transfer": shapely.to_wkt(shape, rounding_precision=-1), "to": target.code, "unlock": unlock}
    return complete(plan, Change("transfer", command, target.level, new_bits, templates, notes=notes))


def paint(plan: Plan, cells: Iterable[int], to: str, *, unlock: bool = False) -> Edit:
    """Give whole cells to a grid; no geometry changes.

    Parameters
    ----------
    plan
        The plan to start from.
    cells
        Their ids.
    to
        Grid of any level that receives them.
    unlock
        Allow boundaries of the levels above `to` to move.

    Returns
    -------
    Edit
        The change, computed and not saved: `County.apply` saves it, `evolve` shows the plan after it.

    Raises
    ------
    EditError
        No cell is named, or all of them are in the grid already.
    """
    target = plan.grid(to)
    wanted = sorted(_cell_ids(cells))
    rows = plan.rows.take(plan.row(wanted))
    ids = [int(i) for i, c in zip(rows.id, rows.code, strict=True) if not codes.is_within(c, target.code)]
    if not ids:
        raise EditError(
            f"没有需要划转的基元：所选基元为空或都已属于“{target.code}”。",
            f"Nothing to paint: no cell is chosen, or all of them are in '{target.code}' already.",
        )
    require_unlocked(plan, plan.rows.code[plan.row(ids)], target.code, unlock=unlock)
    bits, templates = _moved(plan, ids, target.code)
    return complete(
        plan, Change("paint", {"paint": ids, "to": target.code, "unlock": unlock}, target.level, bits, templates)
    )


def run(plan: Plan, command: Mapping[str, Any]) -> Edit:
    """Carry out a command as `Edit.command` records it, on this plan."""
    unlock = {"unlock": bool(command.get("unlock"))}
    verbs: dict[str, Callable[[], Edit]] = {
        "split": lambda: split(plan, command["split"], shapely.from_wkt(command["line"])),
        "merge": lambda: merge(plan, command["merge"], **unlock),
        "transfer": lambda: transfer(plan, shapely.from_wkt(command["transfer"]), command["to"], **unlock),
        "paint": lambda: paint(plan, command["paint"], command["to"], **unlock),
        "recode": lambda: recode(plan, command["recode"], command["new"], **unlock),
        "convert": lambda: convert(plan, command["convert"], command["kind"]),
        "reshape": lambda: reshape(plan, shapely.from_wkt(command["reshape"]), level=command["level"], **unlock),
        "move_vertex": lambda: move_vertex(
            plan, command["move_vertex"], command["to"], level=command["level"], **unlock
        ),
        "insert_vertex": lambda: insert_vertex(
            plan, command["insert_vertex"], command["to"], level=command["level"], **unlock
        ),
        "delete_vertex": lambda: delete_vertex(plan, command["delete_vertex"], level=command["level"], **unlock),
        "draw": lambda: draw(plan, shapely.from_wkt(command["draw"]), command["under"]),
    }
    return next(verbs[key] for key in verbs if key in command)()


def _weight(plan: Plan, code: str) -> tuple[float, ...]:
    f = plan.figures_of(code)
    return f["households"], f["persons"], f["area_m2"]


def _cell_ids(cells: Any) -> set[int]:
    return {_cell_id(i) for i in ([cells] if isinstance(cells, str) else cells)}


def _cell_id(value: Any) -> int:
    try:
        if isinstance(value, (bool, float)) or not str(value).isascii():
            raise ValueError(value)
        return int(np.int64(value))
    except (TypeError, ValueError, OverflowError) as error:
        raise EditError(
            f"基元编号“{value}”不是整数：请给出以逗号分隔的基元号，例如 12,15。",
            f"Cell id '{value}' is not a whole number: give ids separated by commas, such as 12,15.",
        ) from error


def _sliver_note(count: int, size: float) -> list[tuple[str, str]]:
    if not count:
        return []
    return [(
        f"{count} 处小于 {size:g} m² 的碎屑已并入相邻部分。",
        f"{count} sliver(s) below {size:g} m2 joined their longest neighbour.",
    )]  # fmt: skip


def _require_joined(plan: Plan, grids: Sequence[str]) -> None:
    """Refuse to merge grids that do not hang together along shared edges."""
    rows = [plan.row(plan.cell_ids(c)) for c in grids]
    owner = np.repeat(np.arange(len(grids)), [len(r) for r in rows])
    first, second, _ = topology.shared_edges(plan.rows.geometry[np.concatenate(rows)])
    joined = set(zip(owner[first].tolist(), owner[second].tolist(), strict=True))
    joined |= {(b, a) for a, b in joined}
    reached, frontier = {0}, [0]
    while frontier:
        here = frontier.pop()
        step = {b for a, b in joined if a == here} - reached
        reached |= step
        frontier += step
    if len(reached) < len(grids):
        alone = next(c for k, c in enumerate(grids) if k not in reached)
        raise EditError(
            f"网格“{alone}”与“{grids[0]}”不相邻：只能合并有公共边的网格。",
            f"Grid '{alone}' does not touch '{grids[0]}' along a line: only neighbours can be merged.",
        )


def _moved(plan: Plan, ids: Sequence[int], to: str) -> tuple[list[Bit], dict[str, str]]:
    """Return bits of whole cells that move under `to`, and the templates of new grids."""
    rows = plan.rows.take(plan.row(ids))
    new, templates = arrivals(plan, rows, to)
    bits = [Bit(g, (int(i),), c, int(i)) for i, c, g in zip(rows.id, new, rows.geometry, strict=True)]
    return bits, templates


def _overshoot(plan: Plan, near: Cells, free: NDArray[np.bool_], shape: Any, to: str) -> list[tuple[str, str]]:
    """Leave out locked cells when the area only overshoots into them; refuse when it means them."""
    if free.all():
        return []
    share = shapely.area(shapely.intersection(near.geometry, shape))
    if share[~free].sum() > _OVERSHOOT_SHARE * shape.area or share[free].sum() <= 0:
        require_unlocked(plan, near.code[~free], to, unlock=False)
        raise RefusedError("区域越出上级网格。", "The area leaves the parent grid.")
    if share[~free].sum() < 1e-6:
        return []
    return [(
        f"区域越出上级界线 {share[~free].sum():.0f} m²，越出部分未划转。",
        f"{share[~free].sum():.0f} m2 of the area lie beyond a locked boundary and were left out.",
    )]  # fmt: skip


def _received(plan: Plan, bits: Sequence[tuple[Bit, bool]], to: str) -> tuple[list[Bit], dict[str, str]]:
    """Give the moved bits their codes under `to`; unchanged whole cells drop out."""
    moved = [b for b, go in bits if go]
    rows = Cells.of(
        range(len(moved)), [b.code for b in moved], [b.polygon for b in moved], np.zeros((len(moved), len(FIGURES)))
    )
    new, templates = arrivals(plan, rows, to)
    stay = [b for b, go in bits if not go and b.kept is None]
    went = [Bit(b.polygon, b.origin, code, b.kept) for b, code in zip(moved, new, strict=True)]
    return absorbed([*stay, *went], plan.scheme.sliver_m2), templates
