"""One vertex of a shared boundary moved, put in or taken out: every cell that owns it follows.

A junction is a vertex that two to four grids share; moving it takes all of them along. A vertex on
the outline of the county stays: the outline is not the plan's to change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gridgis import topology
from gridgis.cells import CellIndex, Cells
from gridgis.errors import CoverageError, EditError, GridgisError, RefusedError
from gridgis.plan import Edit, Plan
from gridgis.redraw.changes import Bit, Change, complete, require_unlocked
from gridgis.schema import metres, mm

Place = Sequence[float]
_REACH_MM = topology.SNAP_MM
_FAR_M = 100_000.0


def move_vertex(plan: Plan, at: Place, to: Place, *, level: str | None = None, unlock: bool = False) -> Edit:
    """Move a vertex, and with it every grid that meets there.

    Parameters
    ----------
    plan
        The plan to start from.
    at
        Where the vertex is, x and y in the county's CRS; within five centimetres.
    to
        Where it goes.
    level
        Level whose boundaries are meant; the finest by default.
    unlock
        Allow boundaries of the levels above to move.

    Returns
    -------
    Edit
        The change, computed and not saved: `County.apply` saves it, `evolve` shows the plan after it.

    Raises
    ------
    EditError
        There is no vertex.
    RefusedError
        The vertex lies on the outline of the county, polygons would cross or vanish, or a boundary of an upper level would
        move and `unlock` is false.
    """
    goal = _usable(plan, to)
    vertex, owners = _vertex(plan, _usable(plan, at))
    rings = _Rewrite({tuple(vertex.tolist()): goal})
    return _done(plan, owners, rings, {"move_vertex": _listed(at), "to": _listed(to)}, (level, unlock))


def insert_vertex(plan: Plan, at: Place, to: Place, *, level: str | None = None, unlock: bool = False) -> Edit:
    """Give a shared edge one more vertex and put it where it shall be; both sides follow.

    Parameters
    ----------
    plan
        The plan to start from.
    at
        Where the edge is taken hold of, within five centimetres of it.
    to
        Where the new vertex goes.
    level, unlock
        As in `move_vertex`.

    Returns
    -------
    Edit
        The change, computed and not saved: `County.apply` saves it, `evolve` shows the plan after it.

    Raises
    ------
    EditError
        There is no shared edge.
    RefusedError
        As in `move_vertex`.
    """
    point, goal = _usable(plan, at), _usable(plan, to)
    edge, owners = _edge(plan, point)
    command = {"insert_vertex": _listed(at), "to": _listed(to)}
    return _done(plan, owners, _Rewrite({}, edge, goal), command, (level, unlock))


def delete_vertex(plan: Plan, at: Place, *, level: str | None = None, unlock: bool = False) -> Edit:
    """Take a vertex out of a shared boundary; the boundary runs straight between its neighbours.

    Parameters
    ----------
    plan
        The plan to start from.
    at
        Where the vertex is, within five centimetres; a junction cannot be taken out.
    level, unlock
        As in `move_vertex`.

    Returns
    -------
    Edit
        The change, computed and not saved: `County.apply` saves it, `evolve` shows the plan after it.

    Raises
    ------
    EditError
        There is no vertex, or more than two cells meet in it.
    RefusedError
        As in `move_vertex`.
    """
    vertex, owners = _vertex(plan, _usable(plan, at))
    if len(owners) > 2:
        raise EditError(
            f"该点是 {len(owners)} 块相交的节点，不能删除：可以拖动它，或合并相邻网格。",
            f"{len(owners)} cells meet in this point, so it cannot be deleted: drag it, or merge grids.",
        ).at(at)
    rings = _Rewrite({tuple(vertex.tolist()): None})
    return _done(plan, owners, rings, {"delete_vertex": _listed(at)}, (level, unlock))


def _listed(place: Place) -> list[float]:
    return [float(place[0]), float(place[1])]


def _usable(plan: Plan, place: Place) -> NDArray[np.int64]:
    xy = np.asarray([float(v) for v in place][:2])
    west, south, east, north = shapely.bounds(plan.outline)
    low, high = np.array([west, south]) - _FAR_M, np.array([east, north]) + _FAR_M
    if not (np.isfinite(xy).all() and (xy >= low).all() and (xy <= high).all()):
        raise EditError(
            "给出的点不在县区附近：请检查坐标系。", "The point given is nowhere near the county: check its CRS."
        )
    return mm(xy)


def _near(plan: Plan, point: NDArray[np.int64]) -> Cells:
    index = plan.index or CellIndex(plan.rows)
    spot = shapely.buffer(shapely.Point(metres(point)), 0.2)
    near = plan.rows.take(plan.row(index.near(spot)))
    return near.take(shapely.intersects(near.geometry, spot))


def _vertex(plan: Plan, point: NDArray[np.int64]) -> tuple[NDArray[np.int64], Cells]:
    """Return the vertex at a point and the cells that own it."""
    near = _near(plan, point)
    xy, owner = shapely.get_coordinates(near.geometry, return_index=True)
    vertices = mm(xy)
    gap = ((vertices - point) ** 2).sum(axis=1)
    if not len(gap) or gap.min() > _REACH_MM**2:
        raise EditError(
            "这里没有界线的折点：请点在折点上。", "There is no vertex of a boundary here: take hold of one."
        ).at(metres(point).tolist())
    vertex = vertices[gap.argmin()]
    return vertex, near.take(np.unique(owner[(vertices == vertex).all(axis=1)]))


def _edge(plan: Plan, point: NDArray[np.int64]) -> tuple[topology.EdgeKey, Cells]:
    """Return the shared edge at a point and the two cells beside it."""
    near = _near(plan, point)
    edges, owner = topology.ring_edges(near.geometry)
    keys = topology.undirected(edges)
    lines = shapely.linestrings(metres(keys).reshape(-1, 2, 2))
    gap = np.asarray(shapely.distance(lines, shapely.Point(metres(point))))
    if not len(gap) or gap.min() > _REACH_MM / 1000:
        raise EditError(
            "这里没有界线：请点在两个网格的公共界线上。",
            "There is no boundary here: take hold of an edge that two grids share.",
        ).at(metres(point).tolist())
    key = keys[int(gap.argmin())]
    a, b, c, d = key.tolist()
    return (a, b, c, d), near.take(np.unique(owner[(keys == key).all(axis=1)]))


class _Rewrite:
    """Rings with vertices moved (`moves`, None takes one out) or one put into an edge."""

    def __init__(
        self, moves: Mapping[tuple[int, ...], NDArray[np.int64] | None], edge: topology.EdgeKey | None = None,
        vertex: NDArray[np.int64] | None = None,
    ) -> None:  # fmt: skip
        self._moves, self._edge, self._vertex = moves, edge, vertex

    def ring(self, points: NDArray[np.int64]) -> NDArray[np.int64] | None:
        """Return a closed ring rewritten; None where too little of it is left."""
        out: list[tuple[int, ...]] = []
        walk = [tuple(p) for p in points.tolist()]
        for a, b in pairwise(walk):
            here = self._moves.get(a, np.array(a))
            if here is not None:
                out.append(tuple(int(v) for v in here))
            if self._edge in ((*a, *b), (*b, *a)) and self._vertex is not None:
                out.append(tuple(int(v) for v in self._vertex))
        return np.array([*out, out[0]]) if len(set(out)) >= 3 else None

    def polygon(self, polygon: Any) -> Any | None:
        """Return a polygon rewritten; None where it is one no more."""
        rings = [self.ring(mm(shapely.get_coordinates(r))) for r in shapely.get_rings(polygon)]
        if any(r is None for r in rings):
            return None
        found = [metres(r) for r in rings if r is not None]
        made = shapely.Polygon(found[0], found[1:])
        return made if made.is_valid and made.area > 0 else None


def _done(
    plan: Plan, owners: Cells, rewrite: _Rewrite, command: dict[str, Any], options: tuple[str | None, bool]
) -> Edit:  # fmt: skip
    """Return the edit that rewrites these cells; `options` are level and unlock."""
    level, unlock = options
    at: Place = command.get("to") or command["delete_vertex"]
    key = level or plan.scheme.level_keys[-1]
    width = plan.scheme.width(key)
    grids = sorted({c[:width] for c in owners.code if c is not None})
    try:
        if grids:
            require_unlocked(plan, owners.code, grids[0], unlock=unlock)
        shapes = [rewrite.polygon(p) for p in owners.geometry]
        new = np.empty(len(shapes), dtype=object)
        new[:] = shapes
        if any(p is None for p in shapes) or len(owners) < 2 or not _same_rim(owners.geometry, new):
            raise _impossible(plan, owners)
        bits = [
            Bit(p, tuple(_under(p, k, owners)), c)
            for k, (p, c) in enumerate(zip(new, owners.code, strict=True))
        ]  # fmt: skip
        full = {**command, "level": key, "unlock": unlock}
        return complete(plan, Change("vertex", full, key, bits, about=frozenset(grids)))
    except GridgisError as error:
        raise (error if error.place else error.at(at)) from None


def _same_rim(old: Any, new: Any) -> bool:
    """Tell whether polygons fill the same place: their union has the same edges around it."""
    sides = [topology.undirected(topology.ring_edges(p)[0]) for p in (old, new)]
    rims = []
    for keys in sides:
        unique, count = np.unique(keys, axis=0, return_counts=True)
        rims.append(set(map(tuple, unique[count == 1].tolist())))
    return rims[0] == rims[1]


def _impossible(plan: Plan, owners: Cells) -> RefusedError:
    on_rim = shapely.dwithin(shapely.boundary(plan.outline), shapely.union_all(owners.geometry), 0.002)
    if on_rim:
        return CoverageError(
            "该点在县界上，或移动后图形会相互交叉：县界不能移动；请把点移到相邻网格之内。",
            "The point lies on the county's outline, or polygons would cross: the outline cannot be moved; keep the "
            "point inside the grids that meet there.",
        )
    return CoverageError(
        "这样移动会使网格相互交叉或消失，已整体拒绝：请把点移近一些，不要越过其他界线。",
        "Grids would cross each other or vanish, so nothing was changed: move the point less far, not across other "
        "boundaries.",
    )


def _under(polygon: Any, k: int, owners: Cells) -> list[int]:
    """Return the ids of the cells that a rewritten cell takes ground of, its own first."""
    own = int(owners.id[k])
    share = shapely.area(shapely.intersection(owners.geometry, polygon))
    hair = 0.0015 * float(shapely.length(polygon))
    return [own, *(int(i) for i in owners.id[share > hair] if int(i) != own)]
