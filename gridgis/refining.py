"""Vertices that a cut gave to neighbours: put on both sides of a merge, so that they are no change of the neighbours.

A cut adds a vertex to the cell across each edge that it meets. Such a cell has gained a point and lost
nothing; two planners who cut on either side of a boundary have changed different cells.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import shapely

from gridgis import topology
from gridgis.plan import Plan
from gridgis.schema import mm
from gridgis.topology import EdgeKey, Ints

Inserts = dict[EdgeKey, Ints]
_HAIR_M = 0.002


def refined(base: Plan, ours: Plan, theirs: Plan) -> tuple[Plan, Plan, Plan]:
    """Return the three plans with the vertices that either side added to edges of the base; the cells keep their ids."""
    found = [inserts(base, plan) for plan in (ours, theirs)]
    both = {key: _along(key, [one[key] for one in found if key in one]) for key in found[0].keys() | found[1].keys()}
    if not both:
        return base, ours, theirs
    a, b, c = (_with(p, dict(_missing(both, own))) for p, own in ((base, {}), (ours, found[0]), (theirs, found[1])))
    return (base, ours, theirs) if a is None or b is None or c is None else (a, b, c)


def _along(key: EdgeKey, points: list[Ints]) -> Ints:
    """Return vertices of an edge, each once, in its direction."""
    unique = np.unique(np.vstack(points), axis=0)
    start, end = np.array(key[:2]), np.array(key[2:])
    return np.asarray(unique[np.argsort((unique - start) @ (end - start), kind="stable")])


def _missing(both: Inserts, own: Inserts) -> Iterator[tuple[EdgeKey, Ints]]:
    """Yield what a side lacks, by its own edges: pieces of an edge where it has vertices already."""
    for key, points in both.items():
        chain = [np.array(key[:2]), *own.get(key, []), np.array(key[2:])]
        whole = [tuple(p) for p in (chain[0], *points, chain[-1])]
        at = [whole.index(tuple(p)) for p in chain]
        for (a, b), i, j in zip(pairwise(chain), at[:-1], at[1:], strict=True):
            if j > i + 1:
                between, edge = points[i : j - 1], np.concatenate([a, b])
                piece = topology.undirected(edge[None])[0]
                yield tuple(piece.tolist()), between if (edge == piece).all() else between[::-1]


def inserts(base: Plan, plan: Plan) -> Inserts:
    """Return the vertices that a plan has between the ends of edges of the base, by edge, in the edge's direction."""
    old = base.rows.take(~np.isin(base.rows.id, plan.rows.id))
    new = plan.rows.take(~np.isin(plan.rows.id, base.rows.id))
    out: Inserts = {}
    if not len(old) or not len(new):
        return out
    k, m = shapely.STRtree(old.geometry).query(new.geometry)
    for n, o in zip(new.geometry[k], old.geometry[m], strict=True):
        out |= _gained(o, n)
    return out


def _gained(old: Any, new: Any) -> Inserts:
    """Return the vertices that `new` has more than `old`, nothing where it differs in anything else."""
    known = {tuple(p) for p in mm(shapely.get_coordinates(old)).tolist()}
    rings = [mm(shapely.get_coordinates(r)) for r in shapely.get_rings(new)]
    kept = [np.array([tuple(p) in known for p in ring.tolist()], dtype=bool) for ring in rings]
    if all(k.all() for k in kept) or sum(int(k[:-1].sum()) for k in kept) != _count(old):
        return {}
    out: Inserts = {}
    for ring, keep in zip(rings, kept, strict=True):
        if not keep.any():
            return {}
        points, first = ring[:-1], int(np.flatnonzero(keep)[0])
        points = np.vstack([np.roll(points, -first, axis=0), points[first][None]])
        at = np.flatnonzero([tuple(p) in known for p in points.tolist()])
        for i, j in zip(at[:-1].tolist(), at[1:].tolist(), strict=True):
            if j > i + 1:
                edge = np.concatenate([points[i], points[j]])
                key = topology.undirected(edge[None])[0]
                between = points[i + 1 : j]
                out[tuple(key.tolist())] = between if (edge == key).all() else between[::-1]
    again = topology.canonical(np.array([topology.with_nodes(old, out)], dtype=object))[0]
    close = shapely.hausdorff_distance(shapely.boundary(old), shapely.boundary(new)) <= _HAIR_M
    return out if close and shapely.equals_identical(again, new) else {}


def _count(polygon: Any) -> int:
    return sum(shapely.get_num_points(r) - 1 for r in shapely.get_rings(polygon))


def _with(plan: Plan, more: Mapping[EdgeKey, Ints]) -> Plan | None:
    """Return the plan with these vertices; None where a cell would not survive them."""
    geometry = plan.rows.geometry.copy()
    edges, owner = topology.ring_edges(geometry)
    hit = [tuple(key) in more for key in topology.undirected(edges).tolist()]
    touched = np.unique(owner[np.array(hit, dtype=bool)])
    for k in touched.tolist():
        geometry[k] = topology.with_nodes(geometry[k], dict(more))
    geometry[touched] = topology.canonical(geometry[touched])
    if not shapely.is_valid(geometry[touched]).all():
        return None
    return replace(plan, rows=replace(plan.rows, geometry=geometry))
