"""What every edit must keep, checked before it leaves the kernel: no gap, no overlap, nothing lost."""

from __future__ import annotations

import numpy as np
import shapely

from gridgis import topology
from gridgis.cells import CellIndex, Objects
from gridgis.errors import CoverageError
from gridgis.plan import Edit, Plan
from gridgis.schema import metres


def require_conserved(plan: Plan, edit: Edit) -> None:
    """Raise CoverageError unless the edit fills exactly the place of what it removes.

    Checks validity and emptiness of each new cell, the edge-matching of new cells with all their
    neighbours, area, and every figure.
    """
    new, old = edit.added.geometry, edit.removed.geometry
    slack = 0.001 * float(shapely.length(old).sum()) + 1e-6
    sound = (
        bool(shapely.is_valid(new).all()) and not shapely.is_empty(new).any() and bool((shapely.area(new) > 0).all())
    )
    moved = abs(float(shapely.area(new).sum()) - float(shapely.area(old).sum()))
    same = (edit.added.figures.sum(axis=0) == edit.removed.figures.sum(axis=0)).all()
    if not (sound and moved <= slack and same and edges_kept(plan, old, new)):
        raise CoverageError(
            f"变更会造成空隙、重叠或要素丢失（面积差 {moved:.3f} m²），已整体拒绝，县区未改动：请把线画得离原界线稍远再试。",
            f"The edit would leave a gap, an overlap or a lost element (area off by {moved:.3f} m2) and was refused "
            "as a whole; the county is unchanged: draw the line a little away from existing boundaries.",
        )


def edges_kept(plan: Plan, old: Objects, new: Objects) -> bool:
    """Tell whether the new cells tile the place of the old: each inner edge shared by two, the same outer edges.

    When every edge is met once from each side, the winding numbers of the cells add up to that of
    the outer boundary, so valid cells leave neither a gap nor an overlap: the test is complete.
    The outline of the county alone may gain vertices, within a millimetre.
    """
    if not len(old):
        return True
    before, after = outer_edges(old), outer_edges(new)
    if before is None or after is None:
        return False
    lost, won = before - after, after - before
    if not lost and not won:
        return True
    if not lost or not _on_outline(plan, old, lost):
        return False
    lines = shapely.union_all(shapely.linestrings(metres(np.array(sorted(lost))).reshape(-1, 2, 2)))
    ends = metres(np.array(sorted(won))).reshape(-1, 2)
    return bool((shapely.distance(shapely.points(ends), lines) <= 0.001).all())


def _on_outline(plan: Plan, old: Objects, edges: set[tuple[int, ...]]) -> bool:
    """Tell whether these outer edges of the old cells lie on the outline and no other live cell owns them."""
    ends = shapely.points(metres(np.array(sorted(edges))).reshape(-1, 2))
    if not (shapely.distance(ends, shapely.boundary(plan.outline)) <= 0.002).all():
        return False
    index = plan.index or CellIndex(plan.rows)
    near = plan.rows.geometry[plan.row(index.near(shapely.box(*shapely.total_bounds(old))))]
    keys, counts = np.unique(topology.undirected(topology.ring_edges(near)[0]), axis=0, return_counts=True)
    return edges <= set(map(tuple, keys[counts == 1].tolist()))


def outer_edges(polygons: Objects) -> set[tuple[int, ...]] | None:
    """Return the edges (undirected, millimetres) that one polygon owns; None when two lie on one side of an edge."""
    edges, _ = topology.ring_edges(polygons)
    # Canonical rings run clockwise, so the two sides of a shared edge run in opposite directions.
    if len(np.unique(edges, axis=0)) != len(edges):
        return None
    keys, counts = np.unique(topology.undirected(edges), axis=0, return_counts=True)
    return set(map(tuple, keys[counts == 1].tolist()))
