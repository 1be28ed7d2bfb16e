"""Where new lines meet the edges of cells: clipped a metre inside each cell and led to a joint on its edge.

A boundary must not move because a road ends on it. A joint is therefore an existing vertex, a lattice
point exactly on the edge, or else the lattice point beside it that lies nearest to the edge: along a
long edge there is always one within a quarter of a metre that is no more than a few micrometres off.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from gridgis import topology
from gridgis.schema import metres, mm, point_array
from gridgis.topology import EdgeKey, Ints

Objects = NDArray[np.object_]

STRIP_M = 1.0
"""Lines closer than this to an edge of their cell mean that edge."""
_REACH_M = 3.0
_ALONG_MM = 250
_WINDOWS_MM = ((_ALONG_MM, 0.002), (2000, 0.02), (8000, 0.02))
"""How far along an edge to look for a joint, and how far off the edge, in millimetres, is near enough."""
_SAME_MM = 1000


@dataclass(frozen=True, eq=False)
class Pieces:
    """Pieces of lines inside cells, led to the edges where they left the cell.

    Attributes
    ----------
    lines
        LineStrings on the lattice.
    cell
        Position of the cell of each.
    line
        Position of the line that each is a piece of.
    """

    lines: Objects
    cell: Ints
    line: Ints

    def of(self, cell: int) -> Objects:
        """Return the lines in one cell; the pieces stand in the order of their cells."""
        low, high = np.searchsorted(self.cell, [cell, cell + 1])
        return np.asarray(self.lines[low:high], dtype=object)


class Joints:
    """The new vertices on edges of cells, kept by edge (undirected, millimetres)."""

    def __init__(self) -> None:
        self.on: dict[EdgeKey, list[Ints]] = {}

    def at(self, edge: EdgeKey, target: Ints) -> Ints:
        """Return the joint for a place on an edge: one that is there already, else a new one."""
        ends = np.array([edge[:2], edge[2:]], dtype=np.int64)
        known = np.vstack([ends, *(p[None] for p in self.on.get(edge, []))])
        gap = np.hypot(*(known - target).T.astype(float))
        near = int(gap.argmin())
        if gap[near] <= (_ALONG_MM if near < 2 else _SAME_MM):
            return np.asarray(known[near])
        point = _beside(ends[0], ends[1], target)
        if (point == known).all(axis=1).any():
            return point
        self.on.setdefault(edge, []).append(point)
        return point

    def nodes(self) -> dict[EdgeKey, Ints]:
        """Return the joints by edge, each edge's in its direction."""
        return {edge: _along(edge, np.array(points)) for edge, points in self.on.items()}


def _along(edge: EdgeKey, points: Ints) -> Ints:
    start, end = np.array(edge[:2]), np.array(edge[2:])
    return np.asarray(points[np.argsort((points - start) @ (end - start), kind="stable")])


def _beside(a: Ints, b: Ints, target: Ints) -> Ints:
    """Return the lattice point near `target` that lies nearest to the edge a-b: one of its ends if no other is near."""
    for along, good in _WINDOWS_MM:
        point, off = _nearest(a, b, target, along)
        if off <= good:
            break
    return point


def _nearest(a: Ints, b: Ints, target: Ints, along: int) -> tuple[Ints, float]:
    """Return the lattice point nearest to the edge among those within `along` of the target, and its distance."""
    d = b - a
    major = 0 if abs(int(d[0])) >= abs(int(d[1])) else 1
    minor = 1 - major
    low, high = sorted((int(a[major]), int(b[major])))
    steps = np.arange(max(low, int(target[major]) - along), min(high, int(target[major]) + along) + 1)
    other = np.round(a[minor] + (steps - a[major]) * (d[minor] / d[major])).astype(np.int64)
    off = np.abs((steps - a[major]) * d[minor] - (other - a[minor]) * d[major])
    best = np.lexsort((np.abs(steps - target[major]), off))[0]
    out = np.empty(2, dtype=np.int64)
    out[major], out[minor] = steps[best], other[best]
    return out, float(off[best] / np.hypot(*d.astype(float)))


def clipped(lines: Objects, cells: Objects, pairs: tuple[Ints, Ints] | None = None) -> tuple[Pieces, Objects]:
    """Return the pieces of lines well inside cells, and the insides: what is clipped to.

    Parameters
    ----------
    lines, cells
        Lines and polygons.
    pairs
        Positions of cells and of lines to clip to them; all that meet by default.
    """
    inner = shapely.buffer(cells, -STRIP_M, join_style="mitre", mitre_limit=2.0)
    if pairs is None:
        cell, line = shapely.STRtree(lines).query(inner, predicate="intersects")
    else:
        cell, line = pairs
    shapely.prepare(inner)
    parts, of = shapely.get_parts(shapely.intersection(lines[line], inner[cell]), return_index=True)
    keep = (shapely.get_type_id(parts) == 1) & (shapely.length(parts) > 0)
    parts, of = parts[keep], of[keep]
    order = np.argsort(cell[of], kind="stable")
    return Pieces(parts[order], cell[of][order], line[of][order]), inner


def led(pieces: Pieces, inner: Objects, lines: Objects, cells: Objects, joints: Joints) -> Pieces:
    """Lead the pieces to joints on the edges of their cells, where the line goes on beyond them."""
    if not len(pieces.lines):
        return pieces
    rims = shapely.boundary(cells)
    ends = np.stack([shapely.get_point(pieces.lines, 0), shapely.get_point(pieces.lines, -1)])
    out = ends.copy()
    out[:] = None
    rings = shapely.boundary(inner)
    shapely.prepare(rings)
    for side in (0, 1):
        cut = np.flatnonzero(shapely.dwithin(ends[side], rings[pieces.cell], 1e-5))
        target = _targets(ends[side][cut], lines[pieces.line[cut]], rims[pieces.cell[cut]])
        out[side][cut] = _joined(target, pieces.cell[cut], cells, joints)
    return Pieces(_extended(pieces.lines, out), pieces.cell, pieces.line)


def _targets(ends: Objects, lines: Objects, rims: Objects) -> Objects:
    """Return where each end should meet the rim: where its line crosses it, or the nearest place."""
    crossing = shapely.intersection(lines, rims)
    ways = shapely.shortest_line(ends, crossing)
    far = shapely.is_missing(ways) | ~(shapely.length(ways) <= _REACH_M)
    ways[far] = shapely.shortest_line(ends[far], rims[far])
    return np.asarray(shapely.get_point(ways, -1), dtype=object)


def _joined(targets: Objects, cell: Ints, cells: Objects, joints: Joints) -> Objects:
    """Return the joint of each target on the edges of its cell."""
    out = np.empty(len(targets), dtype=object)
    if not len(targets):
        return out
    some = np.unique(cell)
    edges, owner = topology.ring_edges(cells[some])
    tree = shapely.STRtree(np.asarray(shapely.linestrings(metres(edges).reshape(-1, 2, 2)), dtype=object))
    found, edge = tree.query(targets, predicate="dwithin", distance=0.001)
    own = some[owner[edge]] == cell[found]
    found, edge = found[own], edge[own]
    first = np.unique(found, return_index=True)[1]
    keys = topology.undirected(edges[edge[first]])
    places = mm(shapely.get_coordinates(targets[found[first]]))
    order = np.lexsort((*places.T, *keys.T))
    points = np.empty((len(first), 2), dtype=np.int64)
    for k in order.tolist():
        points[k] = joints.at(tuple(keys[k].tolist()), places[k])
    out[found[first]] = point_array(metres(points))
    return out


def _extended(lines: Objects, ends: Objects) -> Objects:
    """Return lines on the lattice, with a further vertex at either end where one is given."""
    out = np.empty(len(lines), dtype=object)
    for k, line in enumerate(lines):
        points = mm(shapely.get_coordinates(line))
        before, after = (mm(shapely.get_coordinates(e)) for e in ends[:, k])
        chain = np.vstack([before, points, after])
        keep = np.ones(len(chain), dtype=bool)
        keep[1:] = (chain[1:] != chain[:-1]).any(axis=1)
        out[k] = shapely.linestrings(metres(chain[keep])) if keep.sum() > 1 else None
    return out
