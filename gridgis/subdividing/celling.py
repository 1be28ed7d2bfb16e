"""Cells on demand: the cells of a plan divided along roads, rivers and walls, and nothing else changed.

Every cell is divided on its own, so grids keep their ground, codes and figures: an old cell is exactly
the union of its new ones. Where a new line ends on an edge, the cell across receives the same vertex.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gridgis import topology
from gridgis.cells import CellIndex, Cells
from gridgis.errors import EditError
from gridgis.plan import Edit, Plan
from gridgis.redraw.changes import Bit, Change, complete
from gridgis.redraw.guards import outer_edges
from gridgis.schema import metres, point_array
from gridgis.subdividing.joints import Joints, clipped, led
from gridgis.subdividing.linework import SOURCES, Linework
from gridgis.subdividing.seaming import CUT_M2, Yard, lumps_of, seams_of
from gridgis.topology import EdgeKey, Ints

Objects = NDArray[np.object_]
Progress = Callable[[float, str], None]
_ON_M = 0.02
_SAME_M2 = 0.01
_ROUNDS = 4


@dataclass(frozen=True, eq=False)
class Division:
    """What dividing the cells comes to.

    Attributes
    ----------
    edit
        The edit, not saved yet.
    facts
        Numbers for the report: cells and cut buildings before and after, length of new boundaries by source.
    cut
        Positions of buildings that lie in several cells even so, all of which did before.
    """

    edit: Edit
    facts: dict[str, Any] = field(default_factory=dict)
    cut: tuple[int, ...] = ()


def divide(
    plan: Plan, work: Linework, buildings: Objects, *,
    within: str | None = None, command: Mapping[str, Any] | None = None, progress: Progress | None = None,
) -> Division:  # fmt: skip
    """Divide the cells of a plan along lines.

    Parameters
    ----------
    plan
        The plan to start from.
    work
        The lines, see `gridgis.subdividing.linework`.
    buildings
        Footprints that no line may cut; what is not a polygon is ignored.
    within
        Only the cells of this grid.
    command
        What was asked, for the log.
    progress
        Told the share done and what is being done.

    Raises
    ------
    CodeError
        No such grid.
    EditError
        The lines divide no cell.
    """
    tell = progress or (lambda _share, _words: None)
    ids = plan.cell_ids(plan.grid(within).code) if within else plan.rows.id.tolist()
    rows = plan.rows.take(plan.row(ids))
    buildings = np.array([b if shapely.get_dimensions(b) == 2 else None for b in buildings], dtype=object)
    tell(0.0, "裁剪线 / clipping lines")
    joints = Joints()
    seams = _seams(plan, rows, work.lines, buildings, joints, tell)
    if not seams:
        raise EditError(
            "这些线没有把任何基元分开：请换用别的要素（--from），或检查道路是否与网格相接。",
            "The lines divide no cell: take other sources (--from), or check that the roads meet.",
        )
    tell(0.75, "组成基元 / building cells")
    edit, nodes = _edited(plan, rows, seams, joints, command or {"cells": []})
    tell(0.85, "核对 / checking")
    done = _told(rows, work, edit, nodes, buildings)
    return replace(done, facts=done.facts | {"cells_refused": len(seams) - done.facts["cells_divided"]})


def _seams(
    plan: Plan, rows: Cells, lines: Objects, buildings: Objects, joints: Joints, tell: Progress
) -> dict[int, Ints]:
    """Return the seams of each row that is divided, and the joints on the edges."""
    pieces, inner = clipped(lines, rows.geometry)
    tell(0.1, "接到基元边 / meeting the edges")
    pieces = led(pieces, inner, lines, rows.geometry, joints)
    tell(0.2, "避让建筑 / going round buildings")
    drawn, tree = ~shapely.is_missing(pieces.lines), shapely.STRtree(buildings)
    piece, hit = tree.query(pieces.lines[drawn], predicate="intersects")
    lumps, who = lumps_of(buildings, hit)
    of = np.full(len(buildings), -1, dtype=np.int64)
    for k, members in enumerate(who):
        of[members] = k
    pairs = np.unique(np.column_stack([pieces.cell[drawn][piece], of[hit]]), axis=0).reshape(-1, 2)
    rings = shapely.boundary(lumps)
    walls = clipped(rings, rows.geometry, (pairs[:, 0], pairs[:, 1]))[0]
    walls = led(walls, inner, rings, rows.geometry, joints)
    out: dict[int, Ints] = {}
    nodes, some = joints.nodes(), np.unique(pieces.cell)
    for n, k in enumerate(some.tolist()):
        tell(0.25 + 0.5 * n / len(some), "划分基元 / dividing cells")
        cell = topology.with_nodes(rows.geometry[k], nodes)
        yard = Yard(buildings[tree.query(cell)], lumps[pairs[pairs[:, 0] == k, 1]])
        found = seams_of(cell, pieces.of(k), walls.of(k), yard, plan.scheme.sliver_m2)
        if len(found):
            out[k] = found
    return out


def _edited(
    plan: Plan, rows: Cells, seams: dict[int, Ints], joints: Joints, command: Mapping[str, Any]
) -> tuple[Edit, dict[EdgeKey, Ints]]:
    """Return the edit and the joints; where a joint would move a point from one cell to another, that joint is not made."""
    barred: set[EdgeKey] = set()
    for _ in range(_ROUNDS):
        nodes = _used(joints, seams, barred)
        bits = _bits(plan, rows, seams, nodes)
        edit = complete(plan, Change("cells", command, plan.scheme.levels[-1].key, bits))
        wrong = _unlike(plan, edit)
        if not len(wrong):
            return edit, nodes
        edges = topology.undirected(topology.ring_edges(plan.rows.geometry[wrong])[0])
        barred |= set(map(tuple, edges.tolist()))
    raise EditError(
        "有要素恰好位于基元边上，划分会使其换到相邻基元，已整体拒绝：请用 --within 分片划分。",
        "Elements lie on edges of cells and would change sides, so all was refused: divide part by part with --within.",
    )


def _used(joints: Joints, seams: dict[int, Ints], barred: set[EdgeKey]) -> dict[EdgeKey, Ints]:
    """Return the joints that seams end on, by edge."""
    ends = {tuple(p) for edges in seams.values() for p in edges.reshape(-1, 2).tolist()}
    found = {e: p[[tuple(q) in ends for q in p.tolist()]] for e, p in joints.nodes().items() if e not in barred}
    return {e: p for e, p in found.items() if len(p)}


def _bits(plan: Plan, rows: Cells, seams: dict[int, Ints], nodes: dict[EdgeKey, Ints]) -> list[Bit]:
    """Return the cells that are divided or receive a vertex."""
    index = plan.index or CellIndex(plan.rows)
    near = plan.rows.take(plan.row(index.near(shapely.box(*shapely.total_bounds(rows.geometry)))))
    edges, owner = topology.ring_edges(near.geometry)
    keys = map(tuple, topology.undirected(edges).tolist())
    changed = set(owner[np.fromiter((k in nodes for k in keys), dtype=bool, count=len(edges))].tolist())
    at = {int(rows.id[k]): k for k in seams}
    changed |= set(np.flatnonzero(np.isin(near.id, list(at))).tolist())
    out: list[Bit] = []
    for k in sorted(changed):
        i, whole = int(near.id[k]), topology.with_nodes(near.geometry[k], nodes)
        parts = _parts(whole, seams[at[i]]) if i in at else []
        if len(parts) > 1:
            out += [Bit(p, (i,), near.code[k]) for p in parts]
        elif whole is not near.geometry[k]:
            out.append(Bit(whole, (i,), near.code[k]))
    return out


def _parts(whole: Any, seams: Ints) -> list[Any]:
    """Return the cells that the seams make of one; none unless they fill it edge for edge."""
    parts = topology.canonical(np.array(topology.faces_of(whole, seams), dtype=object))
    if not shapely.is_valid(parts).all():
        return []
    rim = topology.undirected(topology.ring_edges(np.array([whole], dtype=object))[0])
    return list(parts) if outer_edges(parts) == set(map(tuple, rim.tolist())) else []


def _unlike(plan: Plan, edit: Edit) -> Ints:
    """Return the rows of the plan that lie in grids whose figures the edit would change."""
    sums: dict[str | None, Any] = {}
    for cells, sign in ((edit.removed, -1), (edit.added, 1)):
        for code, figures in zip(cells.code, cells.figures, strict=True):
            sums[code] = sums.get(code, 0) + sign * figures
    wrong = {c for c, s in sums.items() if np.any(s)}
    live = np.isin(plan.rows.id, edit.removed.id)
    return np.flatnonzero(live & np.array([c in wrong for c in plan.rows.code], dtype=bool))


def cut_buildings(cells: Objects, buildings: Objects) -> Ints:
    """Return the positions of buildings that share more than a trifle of ground with several cells."""
    edges = np.unique(topology.undirected(topology.ring_edges(cells)[0]), axis=0)
    lines = np.asarray(shapely.linestrings(metres(edges).reshape(-1, 2, 2)), dtype=object)
    touched = np.unique(shapely.STRtree(buildings).query(lines, predicate="intersects")[1])
    cell, at = shapely.STRtree(buildings[touched]).query(cells, predicate="intersects")
    share = shapely.area(shapely.intersection(buildings[touched[at]], cells[cell]))
    times = np.bincount(at[share > CUT_M2], minlength=len(touched))
    return np.asarray(touched[times > 1])


def _told(
    rows: Cells, work: Linework, edit: Edit, nodes: Mapping[EdgeKey, Ints], buildings: Objects
) -> Division:  # fmt: skip
    """Count what the edit does."""
    point, parent = shapely.STRtree(edit.removed.geometry).query(
        shapely.point_on_surface(edit.added.geometry), predicate="intersects"
    )
    origin = np.zeros(len(edit.added), dtype=np.int64)
    origin[point] = parent
    inside = rows.merged(edit.removed.id, edit.added.take(np.isin(edit.removed.id[origin], rows.id)))
    before, after = (cut_buildings(c.geometry, buildings) for c in (rows, inside))
    area = _area_change(edit)
    facts = {
        "cells_before": len(rows), "cells_after": len(inside),
        "cells_divided": int((np.bincount(origin, minlength=1) > 1).sum()),
        "grids_touched": len(edit.touched), "grids_changed": sum(abs(v) > _SAME_M2 for v in area.values()),
        "largest_area_change_m2": round(max(map(abs, area.values()), default=0.0), 6),
        "vertices_on_old_edges": sum(len(p) for p in nodes.values()),
        "largest_shift_mm": round(max((_off(e, p) for e, p in nodes.items()), default=0.0), 6),
        "buildings": int((~shapely.is_missing(buildings)).sum()),
        "buildings_cut_before": len(before), "buildings_cut_after": len(after),
        "buildings_newly_cut": len(np.setdiff1d(after, before)), "rows": work.counts,
    }  # fmt: skip
    return Division(edit, facts | _new_boundary(edit, origin, work), tuple(after.tolist()))


def _area_change(edit: Edit) -> dict[str, float]:
    """Return how much the area of each leaf grid changes: by rounding only."""
    out: dict[str, float] = {}
    for cells, sign in ((edit.removed, -1.0), (edit.added, 1.0)):
        for code, area in zip(cells.code, shapely.area(cells.geometry).tolist(), strict=True):
            if code is not None:
                out[code] = out.get(code, 0.0) + sign * area
    return out


def _off(edge: EdgeKey, points: Ints) -> float:
    """Return how far, in millimetres, the farthest of these vertices lies off the edge."""
    a, d = np.array(edge[:2]), np.array(edge[2:]) - np.array(edge[:2])
    way = points - a
    return float(np.abs(way[:, 0] * d[1] - way[:, 1] * d[0]).max() / np.hypot(*d.astype(float)))


def _new_boundary(edit: Edit, origin: Ints, work: Linework) -> dict[str, Any]:
    """Return the length of edges between the new cells of one old cell, and the share on lines of each source."""
    edges, owner = topology.ring_edges(edit.added.geometry)
    keys = topology.undirected(edges)
    order = np.lexsort(keys.T[::-1])
    twin = (keys[order][1:] == keys[order][:-1]).all(axis=1)
    twin &= origin[owner[order[1:]]] == origin[owner[order[:-1]]]
    new = keys[order[1:][twin]]
    length = np.hypot(*(new[:, 2:] - new[:, :2]).T) / 1000
    total = float(length.sum())
    middle = point_array((metres(new[:, :2]) + metres(new[:, 2:])) / 2)
    pieces, of = _straight(work.lines)
    at, line = shapely.STRtree(pieces).query(middle, predicate="dwithin", distance=_ON_M)
    shares: dict[str, float] = {}
    for k, name in enumerate(SOURCES):
        if name in work.counts:
            on = np.unique(at[work.source[of[line]] == k])
            shares[name] = round(float(length[on].sum()) / total, 4) if total else 0.0
    on = np.unique(at)
    return {"new_boundary_m": round(total, 1), "share_on_lines": round(float(length[on].sum()) / total, 4) if total else 0.0,
            "share_on": shares}  # fmt: skip


def _straight(lines: Objects) -> tuple[Objects, Ints]:
    """Return the straight pieces of lines, and the line of each."""
    xy, of = shapely.get_coordinates(lines, return_index=True)
    joined = np.flatnonzero(of[1:] == of[:-1])
    pairs = np.stack([xy[joined], xy[joined + 1]], axis=1)
    return np.asarray(shapely.linestrings(pairs), dtype=object), np.asarray(of[joined], dtype=np.int64)
