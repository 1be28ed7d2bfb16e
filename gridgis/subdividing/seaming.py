"""Along which lines a cell is divided: never through a building, never into slivers.

The lines of a cell cut it into faces. Buildings that a line crosses are put into the arrangement as
lumps, and each lump goes whole to the face that holds most of it: the line is bent around the
building. What is too small or too thin joins the neighbour with the longest common edge, and faces
that still share a building become one. What remains between faces are the seams.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gridgis import topology
from gridgis.cleaning.noding import noded
from gridgis.schema import metres
from gridgis.topology import Ints

Objects = NDArray[np.object_]

CUT_M2 = 0.01
"""A building with less ground than this on the other side is not cut."""
WALL_M = 0.05
"""A line passes a building at this distance; buildings closer together than twice this stand together."""
THIN_M = 3.0
"""Faces that are narrower on average are no blocks but strips between two drawings of one line."""


@dataclass(frozen=True, eq=False)
class Yard:
    """What stands in a cell: buildings to leave whole, and lumps of those that lines cross."""

    buildings: Objects
    lumps: Objects


def lumps_of(buildings: Objects, crossed: Ints) -> tuple[Objects, Objects]:
    """Return the lumps of buildings that stand together with crossed ones, and the buildings of each."""
    if not len(crossed):
        return np.empty(0, dtype=object), np.empty(0, dtype=object)
    tree, members, fresh = shapely.STRtree(buildings), np.unique(crossed), np.unique(crossed)
    while len(fresh):
        near = np.unique(tree.query(buildings[fresh], predicate="dwithin", distance=2 * WALL_M)[1])
        fresh = np.setdiff1d(near, members)
        members = np.union1d(members, fresh)
    a, b = shapely.STRtree(buildings[members]).query(buildings[members], predicate="dwithin", distance=2 * WALL_M)
    n = len(members)
    label = connected_components(coo_array((np.ones(len(a)), (a, b)), shape=(n, n)), directed=False)[1]
    wide = shapely.buffer(buildings[members], WALL_M, join_style="mitre", mitre_limit=2.0)
    order = np.argsort(label, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(label[order])) + 1)
    out, who = np.empty(len(groups), dtype=object), np.empty(len(groups), dtype=object)
    for k, group in enumerate(groups):
        whole = wide[group[0]] if len(group) == 1 else shapely.union_all(wide[group])
        shells = [shapely.Polygon(shapely.get_exterior_ring(p)) for p in shapely.get_parts(whole)]
        out[k] = shapely.union_all(shells)
        who[k] = members[group]
    return out, who


def seams_of(cell: shapely.Polygon, lines: Objects, walls: Objects, yard: Yard, sliver_m2: float) -> Ints:
    """Return the edges (undirected, millimetres) along which a cell is divided; none where it stays whole.

    Parameters
    ----------
    cell
        Polygon with its joints as vertices.
    lines, walls
        Lines inside it, and outlines of its lumps, led to joints.
    yard
        What stands in it.
    sliver_m2
        Faces below this size join a neighbour.
    """
    nothing = np.zeros((0, 4), dtype=np.int64)
    rim = topology.undirected(topology.ring_edges(np.array([cell], dtype=object))[0])
    lines = lines[~shapely.is_missing(lines)]
    drawn = noded(lines)
    faces = _faces(cell, rim, drawn)
    if len(faces) < 2:
        return nothing
    label = np.arange(len(faces))
    if len(yard.lumps):
        walls = walls[~shapely.is_missing(walls)]
        fine = _faces(cell, rim, noded(np.concatenate([shapely.get_parts(drawn), walls])))
        label, faces = _bent(faces, fine, yard.lumps), fine
    label = _parted(faces, label)
    label = _without_slivers(faces, label, sliver_m2)
    label = _without_cuts(faces, label, yard.buildings)
    left, right, edges = topology.shared_edges(faces)
    return np.asarray(edges[label[left] != label[right]]) if len(edges) else nothing


def _faces(cell: shapely.Polygon, rim: Ints, drawn: shapely.Geometry) -> Objects:
    edges = np.asarray(shapely.linestrings(metres(rim).reshape(-1, 2, 2)), dtype=object)
    faces = shapely.get_parts(shapely.polygonize(np.concatenate([edges, shapely.get_parts(drawn)])))
    shapely.prepare(cell)
    return np.asarray(faces[shapely.contains(cell, shapely.point_on_surface(faces))], dtype=object)


def _bent(coarse: Objects, fine: Objects, lumps: Objects) -> Ints:
    """Give each fine face to the coarse face that holds it, and lumps whole to the one that holds most of them."""
    middle = shapely.point_on_surface(fine)
    label = shapely.STRtree(coarse).nearest(middle).astype(np.int64)
    inside, face = shapely.STRtree(coarse).query(middle, predicate="intersects")
    label[inside] = face
    lump, face = shapely.STRtree(coarse).query(lumps, predicate="intersects")
    share = shapely.area(shapely.intersection(lumps[lump], coarse[face]))
    order = np.lexsort((face, -share, lump))
    first = order[np.unique(lump[order], return_index=True)[1]]
    home = dict(zip(lump[first].tolist(), face[first].tolist(), strict=True))
    point, within = shapely.STRtree(lumps).query(middle, predicate="intersects")
    for p, k in zip(point.tolist(), within.tolist(), strict=True):
        label[p] = home[k]
    return label


def _parted(faces: Objects, label: Ints) -> Ints:
    """Return one label for each connected part of each label."""
    left, right, _ = topology.shared_edges(faces)
    same = label[left] == label[right]
    n = len(faces)
    graph = coo_array((np.ones(int(same.sum())), (left[same], right[same])), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _without_slivers(faces: Objects, label: Ints, sliver_m2: float) -> Ints:
    """Join what is too small or too thin to the neighbour with the longest common edge."""
    left, right, edges = topology.shared_edges(faces)
    length = np.hypot(*(edges[:, 2:] - edges[:, :2]).T) / 1000
    area, rim = shapely.area(faces), shapely.length(faces)
    count = int(label.max()) + 1
    size, girth = np.bincount(label, area, count), np.bincount(label, rim, count)
    around: list[dict[int, float]] = [{} for _ in range(count)]
    for a, b, metre in zip(label[left].tolist(), label[right].tolist(), length.tolist(), strict=True):
        if a == b:
            girth[a] -= 2 * metre
            continue
        around[a][b] = around[a].get(b, 0.0) + metre
        around[b][a] = around[b].get(a, 0.0) + metre
    goal = np.arange(count)
    while True:
        poor = np.flatnonzero((size > 0) & ((size < sliver_m2) | (2 * size < THIN_M * girth)))
        poor = poor[[bool(around[k]) for k in poor]]
        if not len(poor):
            return np.asarray(goal[label])
        small = int(poor[size[poor].argmin()])
        to = max(around[small], key=lambda k: (around[small][k], -k))
        girth[to] += girth[small] - 2 * around[small][to]
        size[to] += size[small]
        for k, metre in around[small].items():
            del around[k][small]
            if k != to:
                around[to][k] = around[k][to] = around[to].get(k, 0.0) + metre
        size[small], around[small] = 0.0, {}
        goal[goal == small] = to


def _without_cuts(faces: Objects, label: Ints, buildings: Objects) -> Ints:
    """Make one of faces that share a building."""
    left, right, edges = topology.shared_edges(faces)
    seam = label[left] != label[right]
    if not seam.any() or not len(buildings):
        return label
    drawn = np.asarray(shapely.linestrings(metres(edges[seam]).reshape(-1, 2, 2)), dtype=object)
    hit = np.unique(shapely.STRtree(buildings).query(drawn, predicate="intersects")[1])
    b, face = shapely.STRtree(faces).query(buildings[hit], predicate="intersects")
    share = shapely.area(shapely.intersection(buildings[hit[b]], faces[face]))
    count, n = int(label.max()) + 1, len(hit)
    per = coo_array((share, (b, label[face])), shape=(n, count)).tocsr().tocoo()
    keep = per.data > CUT_M2
    rows, columns = per.row[keep] + count, per.col[keep]
    graph = coo_array((np.ones(len(rows)), (rows, columns)), shape=(count + n, count + n))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)[label]
