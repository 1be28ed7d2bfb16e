"""A new run of a shared boundary: one line is drawn, both sides follow, nothing else moves.

The line cuts the cells it runs through. What it cuts off a grid and what then touches that grid no
more, but only one other, goes to that other: the ground between the old run and the new one. Ends
that were drawn beyond the boundary are cut back to it before anything is cut.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapely.ops import substring

from gridgis import topology
from gridgis.cells import CellIndex
from gridgis.errors import EditError, RefusedError
from gridgis.plan import Edit, Plan
from gridgis.redraw.changes import Bit, Change, complete, require_unlocked
from gridgis.redraw.cutting import absorbed, cut_cells, healed, line_points, polygons_of
from gridgis.schema import metres

_REACH_M = topology.SNAP_MM / 1000
_OUTSIDE = -1
Group = str | None


def reshape(plan: Plan, line: Any, *, level: str | None = None, unlock: bool = False) -> Edit:
    """Give the boundary between two grids a new run; both follow exactly and nothing else moves.

    Parameters
    ----------
    plan
        The plan to start from.
    line
        LineString in the county's CRS that leaves the boundary and comes back to it; it may cross it
        in between, and may go through several grids that one grid gains from. What hangs over at its ends is ignored.
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
        The line does not meet a shared boundary twice, or what it cuts off touches several grids.
    RefusedError
        A boundary of an upper level would move and `unlock` is false.

    Examples
    --------
    >>> from shapely import LineString
    >>> west, south, east, north = plan.grid_geometry(A).bounds
    >>> bulge = LineString([(east, south + 50), (east + 20, south + 100), (east, south + 150)])
    >>> edit = gg.reshape(plan, bulge)
    >>> edit.after[A]["area_m2"] - edit.before[A]["area_m2"]
    1000.0
    """
    width = plan.scheme.width(level or plan.scheme.level_keys[-1])
    drawn = shapely.LineString(metres(line_points(line)))
    if not drawn.is_simple:
        raise EditError(
            "新界线自己与自己相交：请画一条不打结的线。", "The new run crosses itself: draw a line without loops."
        ).at(drawn.coords[0])
    run = _between_meetings(plan, drawn, width)
    pieces = _Pieces.cut(plan, run, width)
    goes = pieces.destinations()
    _require_some(goes, run)
    shorter = _needed(pieces, goes, run)
    if shorter is not None:
        pieces = _Pieces.cut(plan, shorter, width)
        goes = pieces.destinations()
        _require_some(goes, run)
    for part, to in goes.items():
        _require_allowed(plan, pieces, part, to, unlock=unlock)
    bits = _recoded(plan, pieces, goes)
    command = {
        "reshape": shapely.to_wkt(drawn, rounding_precision=-1), "level": plan.scheme.level_key("0" * width),
        "unlock": unlock,
    }  # fmt: skip
    return complete(plan, Change("reshape", command, plan.scheme.level_key("0" * width), bits))


def _between_meetings(plan: Plan, drawn: Any, width: int) -> Any:
    """Return the line from its first to its last meeting with a boundary between two grids."""
    index = plan.index or CellIndex(plan.rows)
    near = plan.rows.take(plan.row(index.near(shapely.buffer(drawn, 1.0))))
    first, second, edges = topology.shared_edges(near.geometry)
    group = np.array([_group(c, width) for c in near.code], dtype=object)
    lines = np.asarray(shapely.linestrings(metres(edges[group[first] != group[second]]).reshape(-1, 2, 2)), dtype=object)
    lines = lines[shapely.dwithin(lines, drawn, _REACH_M)] if len(lines) else lines
    border = shapely.MultiLineString(list(lines))
    meets = shapely.get_coordinates(shapely.intersection(drawn, border))
    gap = {p: shapely.Point(p).distance(border) if len(lines) else np.inf for p in (drawn.coords[0], drawn.coords[-1])}
    ends = [p for p in gap if gap[p] <= _REACH_M]
    points = shapely.points(np.vstack([meets, np.reshape(ends, (-1, 2))]))
    along = shapely.line_locate_point(drawn, points)
    if not len(along) or float(along.max() - along.min()) <= _REACH_M:
        away = max(gap, key=lambda p: gap[p])
        raise EditError(
            "新界线须从两个网格的公共界线出发，并回到公共界线：请让线的两端都落在界线上或越过界线。",
            "A new run leaves a boundary between two grids and comes back to one: draw the line so that both its ends "
            "lie on the boundary or beyond it.",
        ).at(away)
    return substring(drawn, float(along.min()), float(along.max()))


def _group(code: str | None, width: int) -> Group:
    return None if code is None else code[:width]


@dataclass(frozen=True)
class _Pieces:
    """The grids that a line runs through, cut along it: bits, the part of its grid that each is in, and who touches whom.

    Attributes
    ----------
    seam
        Edges (undirected, millimetres) where two parts of one grid meet.
    beside
        For each part the parts of other grids that it touches, `_OUTSIDE` for grids the line does not meet.
    across
        For each part the parts of the same grid beyond the line.
    """

    bits: list[Bit]
    part: NDArray[np.int64]
    group: list[Group]
    beside: list[set[int]]
    across: list[set[int]]
    seam: NDArray[np.int64]

    @classmethod
    def cut(cls, plan: Plan, run: Any, width: int) -> _Pieces:
        index = plan.index or CellIndex(plan.rows)
        near = plan.rows.take(plan.row(index.near(shapely.buffer(run, 0.2))))
        near = near.take(shapely.dwithin(near.geometry, run, 0.2))
        groups = {_group(c, width) for c in near.code}
        ids = [i for g in groups - {None} for i in plan.cell_ids(str(g))]
        if None in groups:
            ids += plan.rows.id[np.array([c is None for c in plan.rows.code], dtype=bool)].tolist()
        bits, seams = cut_cells(plan, near.id.tolist(), line_points(run), ids)
        return cls._of(bits, seams, width)

    @classmethod
    def _of(cls, bits: list[Bit], seams: frozenset[topology.EdgeKey], width: int) -> _Pieces:
        owner = np.array([_group(b.code, width) for b in bits], dtype=object)
        polygons = polygons_of(bits)
        first, second, edges = topology.shared_edges(polygons)
        alike = owner[first] == owner[second]
        drawn = np.array([tuple(e) in seams for e in edges.tolist()], dtype=bool)
        tied = alike & ~drawn
        graph = coo_array((np.ones(int(tied.sum())), (first[tied], second[tied])), shape=(len(bits),) * 2)
        count, part = connected_components(graph, directed=False)
        beside: list[set[int]] = [set() for _ in range(count)]
        across: list[set[int]] = [set() for _ in range(count)]
        for a, b, same in zip(part[first].tolist(), part[second].tolist(), alike.tolist(), strict=True):
            if a != b:
                for x, y in ((a, b), (b, a)):
                    (across if same else beside)[x].add(y)
        ring, who = topology.ring_edges(polygons)
        shared = set(map(tuple, edges.tolist()))
        for edge, k in zip(topology.undirected(ring).tolist(), who.tolist(), strict=True):
            if tuple(edge) not in shared:
                beside[int(part[k])].add(_OUTSIDE)
        group: list[Group] = [None] * count
        for k, p in enumerate(part.tolist()):
            group[p] = owner[k]
        return cls(bits, part.astype(np.int64), group, beside, across, edges[alike & drawn])

    def size(self, part: int) -> float:
        return float(shapely.area(polygons_of([b for b, p in zip(self.bits, self.part, strict=True) if p == part])).sum())

    def destinations(self) -> dict[int, str]:
        """Return the grid that each part goes to; parts that stay are left out."""
        out: dict[int, str] = {}
        for to in sorted({g for g in self.group if g is not None}):
            for part in self._going(to):
                if out.setdefault(part, to) != to:
                    return {}
        for part in self._largest_of_whole(set(out)):
            del out[part]
        return out

    def _going(self, to: str) -> set[int]:
        """Return the parts that touch, once cut off, nothing but grid `to` and one another."""
        going = {p for p, g in enumerate(self.group) if g != to and self.across[p]}
        while True:
            out = {
                p for p in going if any(q == _OUTSIDE or (q not in going and self.group[q] != to) for q in self.beside[p])
            }
            out |= self._largest_of_whole(going - out)
            if not out:
                break
            going -= out
        reached = {p for p in going if any(q != _OUTSIDE and self.group[q] == to for q in self.beside[p])}
        frontier = set(reached)
        while frontier:
            frontier = {q for p in frontier for q in self.beside[p] & going} - reached
            reached |= frontier
        return reached


    def _largest_of_whole(self, going: set[int]) -> set[int]:
        """Return the largest part of each piece of land that would go on both sides of the line: that one stays."""
        out = set()
        left = set(going)
        while left:
            land, frontier = set(), {left.pop()}
            while frontier:
                land |= frontier
                frontier = {q for p in frontier for q in self.across[p]} - land
            left -= land
            if land <= going:
                out.add(max(land, key=lambda p: (self.size(p), -p)))
        return out


def _require_some(goes: dict[int, str], run: Any) -> None:
    if not goes:
        raise EditError(
            "新界线与原界线之间的地块不是只挨着一个网格，无法判断归谁：请从两个网格的公共界线画到同一段公共界线；"
            "要移动三个网格相交的点，请拖动该点。",
            "What lies between the new run and the old touches more than one other grid, so nobody can tell whose it is: "
            "draw from the boundary of two grids to the same boundary; to move the point where three grids meet, drag it.",
        ).at(run.interpolate(0.5, normalized=True).coords[0])


def _needed(pieces: _Pieces, goes: dict[int, str], run: Any) -> Any:
    """Return the stretch of the line that bounds what moves; None where that is all of it."""
    first, second, edges = topology.shared_edges(polygons_of(pieces.bits))
    seams = set(map(tuple, pieces.seam.tolist()))
    moves = np.isin(pieces.part, list(goes))
    used = [e for a, b, e in zip(first, second, edges, strict=True) if moves[a] != moves[b] and tuple(e.tolist()) in seams]
    along = shapely.line_locate_point(run, shapely.points(metres(np.array(used)).reshape(-1, 2)))
    low, high = float(along.min()), float(along.max())
    if low <= 2 * _REACH_M and high >= run.length - 2 * _REACH_M:
        return None
    return substring(run, low, high)


def _require_allowed(plan: Plan, pieces: _Pieces, part: int, to: str, *, unlock: bool) -> None:
    """Refuse to move a boundary of an upper level, and say where."""
    source = pieces.group[part]
    try:
        require_unlocked(plan, [source], to, unlock=unlock)
    except RefusedError as error:
        mine = polygons_of([b for b, p in zip(pieces.bits, pieces.part, strict=True) if p == part])
        raise error.at(shapely.point_on_surface(mine[0]).coords[0]) from None


def _recoded(plan: Plan, pieces: _Pieces, goes: dict[int, str]) -> list[Bit]:
    """Give what moves the code of the leaf grid it touches longest in the grid it goes to, and heal what was not divided."""
    bits = list(pieces.bits)
    border = topology.shared_length(polygons_of(bits))
    waiting = {k: goes[p] for k, p in enumerate(pieces.part.tolist()) if p in goes}
    while waiting:
        reach: dict[int, dict[str, float]] = {}
        for (i, j), length in border.items():
            for k, other in ((i, j), (j, i)):
                code = bits[other].code
                if k in waiting and other not in waiting and code is not None and code.startswith(waiting[k]):
                    reach.setdefault(k, {})[code] = reach.get(k, {}).get(code, 0.0) + length
        if not reach:
            # What would have led there stays where it is after all.
            _require_some({}, shapely.boundary(bits[next(iter(waiting))].polygon))
        for k, found in reach.items():
            bits[k] = replace(bits[k], code=max(found, key=lambda c: (found[c], c)))
            del waiting[k]
    codes: dict[Group, int] = {}
    labels = np.array([codes.setdefault(b.code, len(codes)) for b in bits], dtype=np.int64)
    whole, _ = healed(plan, bits, labels)
    return absorbed(whole, plan.scheme.sliver_m2)
