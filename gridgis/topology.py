"""Cutting a coverage along a line: shapely arrays in, shapely arrays out, on the 1 mm lattice.

A cut may create new vertices on edges that neighbours share. Both owners of such an edge receive
the vertex, so that the coverage stays edge-matched; no other edge is touched. All decisions are
made on whole millimetres with integer orientation, so they are exact.

The method is local snap rounding (Hobby 1999; Guibas & Marimont 1998) restricted to the line and
the edges of the cells that are cut.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapely import Polygon

from gridgis.errors import CoverageError
from gridgis.schema import metres, mm, point_array

SNAP_MM = 50
"""A line within 5 cm of a vertex or an edge means that vertex or edge."""
_PASSES = 6

Ints = NDArray[np.int64]
Polygons = NDArray[np.object_]
EdgeKey = tuple[int, int, int, int]


@dataclass(frozen=True)
class Cut:
    """What a cut does to the cells around a line.

    Attributes
    ----------
    pieces
        New polygons, and for each the position of the cell it was cut from.
    noded
        Position of a cell that gains vertices -> its polygon with them, whether it is also cut or not.
    seams
        Undirected edges of the cut line, in millimetres.
    """

    pieces: list[tuple[int, Polygon]] = field(default_factory=list)
    noded: dict[int, Polygon] = field(default_factory=dict)
    seams: frozenset[EdgeKey] = frozenset()


def canonical(polygons: Polygons) -> Polygons:
    """Return polygons with rings in one standard start and direction, so that equal means equal bytes."""
    return np.asarray(shapely.normalize(polygons))


def ring_edges(polygons: Polygons) -> tuple[Ints, Ints]:
    """Return the edges of polygons.

    Returns
    -------
    edges
        Directed edges in millimetres, shape (m, 4): x0, y0, x1, y1 in ring order.
    owner
        Position of the polygon of each edge, shape (m,).
    """
    rings, ring_owner = shapely.get_rings(np.asarray(polygons, dtype=object), return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    points = mm(xy)
    inside = ring[1:] == ring[:-1]
    edges = np.hstack([points[:-1], points[1:]])[inside]
    return edges, np.asarray(ring_owner)[ring[1:][inside]]


def undirected(edges: Ints) -> Ints:
    """Return edges with their lexicographically smaller end first."""
    flip = (edges[:, 0] > edges[:, 2]) | ((edges[:, 0] == edges[:, 2]) & (edges[:, 1] > edges[:, 3]))
    return np.where(flip[:, None], edges[:, [2, 3, 0, 1]], edges)


def cut(polygons: Polygons, targets: Iterable[int], line: Ints) -> Cut:
    """Cut the target cells along a line.

    Parameters
    ----------
    polygons
        Edge-matched cells: the targets and every cell that shares an edge with one.
    targets
        Positions of the cells that may be cut; the line is ignored outside them.
    line
        Vertices of the line in millimetres, shape (n, 2).

    Raises
    ------
    CoverageError
        The line comes so close to existing vertices that no clean cut exists.
    """
    wanted = sorted(set(targets))
    edges, _ = ring_edges(polygons[wanted])
    line, inserts = _node(np.unique(undirected(edges), axis=0), line)
    noded = {i: with_nodes(polygons[i], inserts) for i in range(len(polygons)) if inserts}
    noded = {i: p for i, p in noded.items() if p is not polygons[i]}
    whole = np.array([noded.get(i, polygons[i]) for i in wanted], dtype=object)
    seams = undirected(np.hstack([line[:-1], line[1:]]))
    pieces: list[tuple[int, Polygon]] = []
    for i, polygon, inner in zip(wanted, whole, _segments_inside(whole, seams), strict=True):
        faces = faces_of(polygon, inner) if len(inner) else []
        if len(faces) > 1:
            pieces += [(i, face) for face in faces]
    return Cut(pieces, noded, frozenset(map(tuple, seams.tolist())))


def _node(edges: Ints, line: Ints) -> tuple[Ints, dict[EdgeKey, Ints]]:
    """Make line and edges meet only at common lattice vertices; return the line and the edges' new vertices."""
    origin = edges[:, :2].min(axis=0)
    edges, line = edges - np.tile(origin, 2), _dedupe(line - origin)
    inserts: dict[int, list[Ints]] = {}
    line = _snap_vertices(edges, line, inserts)
    line = _pull_through_vertices(edges, line)
    for _ in range(_PASSES):
        chains, chain_edge = _chains(edges, inserts)
        line, crossings = _cross(chains, line)
        if not crossings:
            break
        for row, point in crossings:
            if row >= 0:
                inserts.setdefault(int(chain_edge[row]), []).append(point)
    else:
        raise CoverageError(
            "切分线与已有界线过于贴近，无法得到干净的切口：请把线画得离开原界线几厘米以上。",
            "The line runs too close to existing boundaries for a clean cut: draw it a few centimetres away.",
        )
    found = {
        tuple((edges[k] + np.tile(origin, 2)).tolist()): _sorted_along(edges[k], np.array(points)) + origin
        for k, points in inserts.items()
    }
    return line + origin, found


def _dedupe(points: Ints) -> Ints:
    keep = np.ones(len(points), dtype=bool)
    keep[1:] = (points[1:] != points[:-1]).any(axis=1)
    return points[keep]


def _sorted_along(edge: Ints, points: Ints) -> Ints:
    unique = np.unique(points, axis=0)
    return unique[np.argsort((unique - edge[:2]) @ (edge[2:] - edge[:2]))]


def _project(edges: Ints, point: Ints) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the squared distance of `point` to each edge and the fraction along it."""
    a, d = edges[:, :2].astype(float), (edges[:, 2:] - edges[:, :2]).astype(float)
    along = ((point - a) * d).sum(axis=1) / (d * d).sum(axis=1)
    t = np.clip(along, 0.0, 1.0)
    gap = point - (a + d * t[:, None])
    return (gap * gap).sum(axis=1), t


def _snap_vertices(edges: Ints, line: Ints, inserts: dict[int, list[Ints]]) -> Ints:
    """Move each vertex of the line onto the vertex, else the edge, that lies within the tolerance."""
    vertices = np.unique(edges.reshape(-1, 2), axis=0)
    out = line.copy()
    for k, point in enumerate(line):
        gap = ((vertices - point) ** 2).sum(axis=1)
        if gap.min() <= SNAP_MM**2:
            out[k] = vertices[gap.argmin()]
            continue
        distance, t = _project(edges, point)
        e = int(distance.argmin())
        if distance[e] <= SNAP_MM**2:
            a, b = edges[e, :2], edges[e, 2:]
            out[k] = np.round(a + (b - a) * t[e]).astype(np.int64)
            if not ((out[k] == a).all() or (out[k] == b).all()):
                inserts.setdefault(e, []).append(out[k].copy())
    return _dedupe(out)


def _pull_through_vertices(edges: Ints, line: Ints) -> Ints:
    """Give the line a vertex wherever it passes within the tolerance of an existing one."""
    vertices = np.unique(edges.reshape(-1, 2), axis=0)
    chain: list[Ints] = [line[0]]
    for a, b in pairwise(line):
        low, high = np.minimum(a, b) - SNAP_MM, np.maximum(a, b) + SNAP_MM
        near = vertices[((vertices >= low) & (vertices <= high)).all(axis=1)]
        d = (b - a).astype(float)
        t = ((near - a) @ d) / (d @ d)
        gap = near - (a + d * t[:, None])
        hit = ((gap * gap).sum(axis=1) <= SNAP_MM**2) & (t > 0) & (t < 1)
        chain += list(near[hit][np.argsort(t[hit])])
        chain.append(b)
    return _dedupe(np.array(chain))


def _chains(edges: Ints, inserts: dict[int, list[Ints]]) -> tuple[Ints, Ints]:
    """Return the edges with their new vertices as separate edges, and the edge each came from."""
    keep = np.setdiff1d(np.arange(len(edges)), list(inserts))
    rows, source = [edges[keep]], [keep]
    for k, points in inserts.items():
        path = np.vstack([edges[k, :2], _sorted_along(edges[k], np.array(points)), edges[k, 2:]])
        path = _dedupe(path)
        rows.append(np.hstack([path[:-1], path[1:]]))
        source.append(np.full(len(path) - 1, k))
    return np.vstack(rows), np.concatenate(source)


def _side(a: Ints, b: Ints, p: Ints) -> Ints:
    """Return the sign of the turn a -> b -> p, exactly."""
    return np.asarray(np.sign(
        (b[..., 0] - a[..., 0]) * (p[..., 1] - a[..., 1]) - (b[..., 1] - a[..., 1]) * (p[..., 0] - a[..., 0])
    ))  # fmt: skip


def _cross(edges: Ints, line: Ints) -> tuple[Ints, list[tuple[int, Ints]]]:
    """Find where the line crosses edges or itself; return the line with those vertices and (edge or -1, vertex)."""
    own = np.hstack([line[:-1], line[1:]])
    found: list[tuple[int, Ints]] = []
    chain: list[Ints] = [line[0]]
    for k, (a, b) in enumerate(pairwise(line)):
        points: list[Ints] = []
        for others, first in ((edges, 0), (own, -1)):
            for row, point in _meetings(a, b, others):
                if first < 0 and row == k:
                    continue
                points.append(point)
                found.append((row if first == 0 else -1, point))
        chain += list(_sorted_along(np.concatenate([a, b]), np.array(points))) if points else []
        chain.append(b)
    return _dedupe(np.array(chain)), found


def _meetings(a: Ints, b: Ints, others: Ints) -> list[tuple[int, Ints]]:
    """Return (row, lattice point) for each of `others` that the segment a-b meets away from a common vertex."""
    low, high = np.minimum(a, b), np.maximum(a, b)
    o_low, o_high = np.minimum(others[:, :2], others[:, 2:]), np.maximum(others[:, :2], others[:, 2:])
    rows = np.flatnonzero(((o_low <= high) & (o_high >= low)).all(axis=1))
    c, d = others[rows, :2], others[rows, 2:]
    s1, s2, s3, s4 = _side(a, b, c), _side(a, b, d), _side(c, d, a), _side(c, d, b)
    out: list[tuple[int, Ints]] = []
    for k in np.flatnonzero((s1 * s2 < 0) & (s3 * s4 < 0)):
        u, v = (b - a).astype(float), (d[k] - c[k]).astype(float)
        w = (c[k] - a).astype(float)
        t = (w[0] * v[1] - w[1] * v[0]) / (u[0] * v[1] - u[1] * v[0])
        point = np.round(a + u * t).astype(np.int64)
        out.append((int(rows[k]), point))
    # A vertex of the one inside the other: a touch without a common vertex.
    for point, sides in ((a, s3), (b, s4)):
        for k in np.flatnonzero(sides == 0):
            if _strictly_between(c[k], d[k], point):
                out.append((int(rows[k]), point))
    for ends, sides in ((c, s1), (d, s2)):
        for k in np.flatnonzero(sides == 0):
            if _strictly_between(a, b, ends[k]):
                out.append((-1, ends[k]))
    return out


def _strictly_between(a: Ints, b: Ints, p: Ints) -> bool:
    """Tell whether p, known to be on the line a-b, lies strictly between a and b."""
    return bool(0 < int((p - a) @ (b - a)) < int((b - a) @ (b - a)))


def with_nodes(polygon: Polygon, inserts: dict[EdgeKey, Ints]) -> Polygon:
    """Return the polygon with the new vertices of its edges, itself where it has none of them."""
    rings = [_ring_nodes(mm(shapely.get_coordinates(r)), inserts) for r in shapely.get_rings(polygon)]
    if all(ring is None for ring in rings):
        return polygon
    old = shapely.get_rings(polygon)
    new = [r if n is None else shapely.linearrings(metres(n)) for r, n in zip(old, rings, strict=True)]
    return Polygon(new[0], new[1:])


def _ring_nodes(points: Ints, inserts: dict[EdgeKey, Ints]) -> Ints | None:
    edges = np.hstack([points[:-1], points[1:]])
    keys = undirected(edges)
    hits = {k: nodes for k, key in enumerate(keys.tolist()) if (nodes := inserts.get(tuple(key))) is not None}
    if not hits:
        return None
    out: list[Ints] = []
    for k, point in enumerate(points[:-1]):
        out.append(point[None])
        if k in hits:
            out.append(hits[k] if (edges[k] == keys[k]).all() else hits[k][::-1])
    return np.vstack([*out, points[-1:]])


def _segments_inside(polygons: Polygons, seams: Ints) -> list[Ints]:
    """Return for each polygon the seams strictly inside it (seams on its rings are no cut)."""
    middle = point_array((metres(seams[:, :2]) + metres(seams[:, 2:])) / 2)
    on_ring = {tuple(e) for e in undirected(ring_edges(polygons)[0]).tolist()}
    free = np.array([tuple(s) not in on_ring for s in seams.tolist()], dtype=bool)
    poly, seam = shapely.STRtree(middle).query(polygons, predicate="contains")
    return [np.unique(seams[[s for s in seam[poly == i] if free[s]]], axis=0) for i in range(len(polygons))]


def faces_of(polygon: Polygon, inner: Ints) -> list[Polygon]:
    """Return the faces into which the inner edges divide the polygon."""
    edges = np.unique(np.vstack([undirected(ring_edges(np.array([polygon], dtype=object))[0]), inner]), axis=0)
    lines = np.asarray(shapely.linestrings(metres(edges).reshape(-1, 2, 2)), dtype=object)
    faces = shapely.get_parts(shapely.polygonize(list(lines)))
    middle = shapely.point_on_surface(faces)
    return list(faces[shapely.contains(polygon, middle)])


def components(polygons: Polygons, seams: frozenset[EdgeKey] = frozenset()) -> Ints:
    """Label the connected groups of edge-matched polygons.

    Parameters
    ----------
    polygons
        Polygons of one coverage.
    seams
        Edges (undirected, millimetres) across which polygons do not count as connected.

    Returns
    -------
    ndarray
        Group of each polygon, 0, 1, …; polygons are connected through a shared edge, not a corner.
    """
    first, second, _ = shared_edges(polygons, seams)
    n = len(polygons)
    graph = coo_array((np.ones(len(first)), (first, second)), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def shared_edges(polygons: Polygons, seams: frozenset[EdgeKey] = frozenset()) -> tuple[Ints, Ints, Ints]:
    """Return the positions of the two polygons of every edge that two polygons share, and the edge, undirected."""
    edges, owner = ring_edges(polygons)
    keys = undirected(edges)
    order = np.lexsort(keys.T[::-1])
    same = (keys[order][1:] == keys[order][:-1]).all(axis=1)
    left, right = order[:-1][same], order[1:][same]
    if seams:
        open_ = np.array([tuple(k) not in seams for k in keys[left].tolist()], dtype=bool)
        left, right = left[open_], right[open_]
    return owner[left], owner[right], keys[left]


def shared_length(polygons: Polygons) -> dict[tuple[int, int], float]:
    """Return the length in metres of the border of each pair of edge-matched polygons."""
    one, other, edges = shared_edges(polygons)
    length = np.hypot(*(edges[:, 2:] - edges[:, :2]).T) / 1000
    out: dict[tuple[int, int], float] = {}
    for i, j, metres_ in zip(one.tolist(), other.tolist(), length.tolist(), strict=True):
        pair = (min(i, j), max(i, j))
        out[pair] = out.get(pair, 0.0) + metres_
    return out


def dissolve(polygons: Polygons) -> Any:
    """Return the union of edge-matched polygons: a Polygon, or a MultiPolygon when not connected."""
    if len(polygons) == 1:
        return polygons[0]
    try:
        union = shapely.coverage_union_all(polygons)
    except shapely.errors.GEOSException:
        # Only a county damaged by another program comes here; the checks still have to show it.
        union = shapely.union_all(shapely.make_valid(polygons))
    if union.geom_type == "GeometryCollection":
        union = shapely.union_all(polygons)
    parts = shapely.get_parts(union)
    return shapely.normalize(parts[0] if len(parts) == 1 else union)
