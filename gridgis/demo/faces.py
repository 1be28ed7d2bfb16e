"""From lines to faces: node, polygonize, pair the edges, melt slivers into a neighbour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray

from gridgis.demo.terrain import Floats, Ints

MM = 1000.0


@dataclass(frozen=True)
class Edges:
    """Each unique segment between two faces once: end points, the faces beside it, its length."""

    ends: Floats
    left: Ints
    right: Ints
    length: Floats

    def on(self, lines: Sequence[shapely.LineString], within: float = 0.02) -> NDArray[np.bool_]:
        """Tell which edges run along one of the lines."""
        found = np.zeros(len(self.length), dtype=bool)
        if len(lines):
            middle = shapely.points(self.ends.mean(axis=1))
            tree = shapely.STRtree(segments(np.asarray(lines, dtype=object)))
            hits = tree.query(middle, predicate="dwithin", distance=within)[0]
            found[hits] = True
        return found


@dataclass(frozen=True)
class Borders:
    """Pairs of neighbouring faces: total length of the border, and how much a boundary likes it."""

    a: Ints
    b: Ints
    length: Floats
    merit: Floats

    def relabelled(self, label: Ints) -> Borders:
        """Return the borders that remain between groups of faces."""
        a, b = label[self.a], label[self.b]
        keep = (a != b) & (a >= 0) & (b >= 0)
        return borders(a[keep], b[keep], self.length[keep], self.merit[keep])

    def neighbours(self, count: int) -> list[list[int]]:
        """Return the neighbours of each face, in order of their number."""
        around: list[list[int]] = [[] for _ in range(count)]
        for i, j in zip(self.a.tolist(), self.b.tolist(), strict=True):
            around[i].append(j)
            around[j].append(i)
        return [sorted(r) for r in around]


def segments(geometries: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return lines and the outlines of polygons piece by piece: small boxes make a quick index."""
    areal = shapely.get_dimensions(geometries) == 2
    lines = shapely.get_parts(np.where(areal, shapely.boundary(geometries), geometries))
    xy, line = shapely.get_coordinates(lines, return_index=True)
    along = line[1:] == line[:-1]
    return np.asarray(shapely.linestrings(np.stack([xy[:-1][along], xy[1:][along]], axis=1)))


def borders(left: Ints, right: Ints, length: Floats, merit: Floats) -> Borders:
    """Sum lengths, and merits weighted by length, over each pair of faces."""
    pair, inverse = np.unique(np.sort(np.column_stack([left, right]), axis=1), axis=0, return_inverse=True)
    inverse = inverse.ravel()
    total: Floats = np.bincount(inverse, weights=length, minlength=len(pair)).astype(float)
    merits = np.bincount(inverse, weights=length * merit, minlength=len(pair))
    return Borders(pair[:, 0], pair[:, 1], total, merits / np.maximum(total, 1e-9))


def make_faces(
    lines: Sequence[shapely.Geometry], outline: shapely.Geometry, lattice: float = 1 / MM
) -> NDArray[np.object_]:
    """Node the lines on a lattice, of 1 mm by default, and return the faces inside the outline."""
    noded = shapely.union_all([*lines, *shapely.get_exterior_ring(shapely.get_parts(outline))], grid_size=lattice)
    # A coarser lattice than 1 mm leaves binary dust behind the third decimal.
    noded = shapely.transform(noded, lambda xy: np.round(xy, 3))
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    inner = shapely.point_on_surface(faces)
    faces = faces[shapely.dwithin(inner, outline, 0.0)]
    order = np.lexsort(shapely.get_coordinates(shapely.point_on_surface(faces)).T)
    return np.asarray(faces[order])


def pair_edges(faces: NDArray[np.object_]) -> Edges:
    """Return the segments that faces share (outer ones have no second face: right = -1)."""
    rings, owner = shapely.get_rings(faces, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    same = ring[1:] == ring[:-1]
    mm = np.round(xy * MM).astype(np.int64)
    start, end, face = mm[:-1][same], mm[1:][same], owner[ring[:-1][same]]
    swap = (start[:, 0] > end[:, 0]) | ((start[:, 0] == end[:, 0]) & (start[:, 1] > end[:, 1]))
    low, high = np.where(swap[:, None], end, start), np.where(swap[:, None], start, end)
    order = np.lexsort([high[:, 1], high[:, 0], low[:, 1], low[:, 0]])
    key = np.column_stack([low, high])[order]
    face = face[order]
    twin = np.all(key[1:] == key[:-1], axis=1)
    first = np.concatenate([[True], ~twin])
    at = np.flatnonzero(first)
    paired = np.concatenate([twin, [False]])[at]
    right = np.where(paired, face[np.minimum(at + 1, len(face) - 1)], -1)
    ends = np.stack([key[at, :2], key[at, 2:]], axis=1) / MM
    length = np.hypot(*(ends[:, 1] - ends[:, 0]).T)
    return Edges(ends, face[at].astype(np.int64), right.astype(np.int64), length)


def melt_slivers(around: Borders, area: Floats, perimeter: Floats, zone: Ints, smallest: Floats) -> Ints:
    """Join faces that are too small or too thin to the neighbour with the longest border.

    Parameters
    ----------
    around
        Borders between the faces; a border that boundaries like is given up last.
    area, perimeter
        Of each face.
    zone
        Faces join only within their zone.
    smallest
        Smallest area allowed for each face.

    Returns
    -------
    ndarray
        Number of the group of each face, 0 to n - 1 without gaps.
    """
    label = np.arange(len(area))
    for _ in range(12):
        now = around.relabelled(label)
        size: Floats = np.bincount(label, weights=area, minlength=len(area)).astype(float)
        rim = np.bincount(label, weights=perimeter, minlength=len(area))
        inner = np.bincount(
            label[around.a],
            weights=2 * around.length * (label[around.a] == label[around.b]),
            minlength=len(area),
        )
        rim = rim - inner
        limit = np.zeros(len(area))
        np.maximum.at(limit, label, smallest)
        thin = (4 * np.pi * size / np.maximum(rim, 1e-9) ** 2 < 0.16) & (size < 4 * limit)
        poor = (size > 0) & ((size < limit) | thin)
        target = _best_neighbour(now, poor, size, zone)
        if not (target >= 0).any():
            break
        label = _join(label, target, size)
    return np.unique(label, return_inverse=True)[1].astype(np.int64)


def _best_neighbour(around: Borders, poor: NDArray[np.bool_], size: Floats, zone: Ints) -> Ints:
    a, b = np.concatenate([around.a, around.b]), np.concatenate([around.b, around.a])
    worth = np.tile(around.length * (1.5 - around.merit), 2)
    keep = poor[a] & (zone[a] == zone[b])
    a, b, worth = a[keep], b[keep], worth[keep]
    order = np.lexsort([b, -worth, a])
    a, b = a[order], b[order]
    first = np.concatenate([[True], a[1:] != a[:-1]]) if len(a) else np.zeros(0, dtype=bool)
    target = np.full(len(size), -1, dtype=np.int64)
    target[a[first]] = b[first]
    # Two poor faces that choose each other: the smaller one moves. A chain moves one link at a time.
    chosen = np.flatnonzero(target >= 0)
    moving = target[target[chosen]] >= 0
    bigger = size[chosen] >= size[target[chosen]]
    target[chosen[moving & bigger]] = -1
    return target


def _join(label: Ints, target: Ints, size: Floats) -> Ints:
    goal = np.where(target >= 0, target, np.arange(len(size)))
    for _ in range(8):
        goal = goal[goal]
    return np.asarray(goal[label])


def dissolve(faces: NDArray[np.object_], label: Ints) -> NDArray[np.object_]:
    """Return the union of the faces of each group 0 to n - 1; identical vertices stay shared."""
    order = np.argsort(label, kind="stable")
    cuts = np.searchsorted(label[order], np.arange(label.max() + 2))
    merged = [
        faces[order[a]] if b - a == 1 else shapely.coverage_union_all(faces[order[a:b]])
        for a, b in pairwise(cuts.tolist())
    ]
    return np.asarray(merged, dtype=object)
