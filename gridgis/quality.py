"""How well boundaries follow what people see: the share of each grid's boundary on roads, rivers, walls, upper boundaries.

A stretch of boundary follows a line where it runs beside it, no farther off than a tolerance and nearly in its
direction; a road that only crosses the boundary is not followed. Lengths are exact: straight pieces against
straight pieces, stretches that several lines accompany counted once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

Objects = NDArray[np.object_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BESIDE_M = 5.0
"""A boundary this near a centreline, bank or wall follows it."""
PARENT_M = 0.01
_TURN = np.sin(np.radians(20.0))


def boundary_quality(
    grids: Mapping[str, Any], lines: Mapping[str, Objects], parents: Mapping[str, Any], within_m: float = BESIDE_M
) -> pd.DataFrame:
    """Return the share of each grid's boundary that follows lines of each source.

    Parameters
    ----------
    grids
        Polygon of each grid.
    lines
        Lines of each source, such as ``roads``.
    parents
        Polygon of the grid above each grid; a grid without one is left out of ``on_parent``.
    within_m
        How far off its line a boundary may run; the boundary above must be met within a centimetre.

    Returns
    -------
    DataFrame
        Index `code`; boundary_m, ``on_<source>`` for each source, on_parent, and followed: on any of them.
        Shares overlap where a boundary follows several.
    """
    codes = list(grids)
    rims = np.empty(len(codes), dtype=object)
    rims[:] = [shapely.boundary(grids[c]) for c in codes]
    start, end, owner = _straight(rims)
    every, columns = [], {}
    length = np.hypot(*(end - start).T)
    whole = np.bincount(owner, length, len(codes))
    for name, some in lines.items():
        found = _beside(start, end, *_straight(np.asarray(some, dtype=object))[:2], within_m)
        columns[f"on_{name}"] = _sums(found, length, owner, len(codes))
        every.append(found)
    above = _on_parents(codes, parents, start, end, owner)
    columns["on_parent"] = _sums(above, length, owner, len(codes))
    columns["followed"] = _sums(_joined([*every, above]), length, owner, len(codes))
    shares = {name: np.round(v / np.maximum(whole, 1e-9), 4) for name, v in columns.items()}
    return pd.DataFrame({"boundary_m": np.round(whole, 3)} | shares, index=pd.Index(codes, name="code", dtype=object))


def accompanied(start: Floats, end: Floats, lines: Objects, within_m: float = BESIDE_M) -> Floats:
    """Return how many metres of each straight piece run beside one of the lines.

    Parameters
    ----------
    start, end
        Ends of the pieces, shape (n, 2).
    lines
        Lines that may be followed.
    within_m
        How far off a piece may run.
    """
    found = _beside(start, end, *_straight(np.asarray(lines, dtype=object))[:2], within_m)
    return _sums(found, np.hypot(*(end - start).T), np.arange(len(start)), len(start))


def unfollowed(
    grids: Mapping[str, Any], lines: Objects, parents: Mapping[str, Any], within_m: float = BESIDE_M
) -> dict[str, Any]:
    """Return the stretches of each grid's boundary that follow no line, joined to runs; as in `boundary_quality`."""
    codes = list(grids)
    rims = np.empty(len(codes), dtype=object)
    rims[:] = [shapely.boundary(grids[c]) for c in codes]
    start, end, owner = _straight(rims)
    edge, t0, t1 = _joined([
        _beside(start, end, *_straight(lines)[:2], within_m), _on_parents(codes, parents, start, end, owner),
    ])  # fmt: skip
    every = np.arange(len(start))
    # A stretch of no length at either end closes the gaps before the first and after the last.
    edge = np.concatenate([edge, every, every])
    t0 = np.concatenate([t0, np.zeros(len(every)), np.ones(len(every))])
    t1 = np.concatenate([t1, np.zeros(len(every)), np.ones(len(every))])
    order = np.lexsort((t0, edge))
    edge, t0, t1 = edge[order], t0[order], np.maximum.accumulate(t1[order] + 2.0 * edge[order]) - 2.0 * edge[order]
    bare = np.flatnonzero((edge[1:] == edge[:-1]) & (t0[1:] > t1[:-1] + 1e-9))
    at, way = edge[bare], (end - start)[edge[bare]]
    pieces = _pieces(start[at] + t1[bare][:, None] * way, start[at] + t0[bare + 1][:, None] * way)
    out = {}
    for k in np.unique(owner[at]).tolist():
        mine = shapely.set_precision(pieces[owner[at] == k], 0.001)
        out[codes[k]] = shapely.line_merge(shapely.union_all(mine))
    return out


Stretches = tuple[Ints, Floats, Floats]
"""Pieces of boundary, and from where to where, as a part of each, a line accompanies it."""


def _straight(shapes: Objects) -> tuple[Floats, Floats, Ints]:
    """Return start, end and owner of the straight pieces of lines."""
    parts, of = shapely.get_parts(shapes, return_index=True)
    xy, at = shapely.get_coordinates(parts, return_index=True)
    moved = (at[1:] == at[:-1]) & (xy[1:] != xy[:-1]).any(axis=1)
    k = np.flatnonzero(moved)
    return xy[k], xy[k + 1], np.asarray(of[at[k]], dtype=np.int64)


def _pieces(start: Floats, end: Floats) -> Objects:
    return np.asarray(shapely.linestrings(np.stack([start, end], axis=1)), dtype=object).reshape(-1)


def _beside(start: Floats, end: Floats, low: Floats, high: Floats, within_m: float) -> Stretches:
    """Return the stretches of pieces that run beside one of the segments low-high."""
    if not len(low) or not len(start):
        return np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0)
    strips = shapely.buffer(_pieces(low, high), within_m, cap_style="flat")
    edges = _pieces(start, end)
    edge, line = shapely.STRtree(strips).query(edges, predicate="intersects")
    a, b = (end - start)[edge], (high - low)[line]
    turn = np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])
    along = turn <= _TURN * np.hypot(*a.T) * np.hypot(*b.T)
    edge, line = edge[along], line[along]
    common = shapely.intersection(edges[edge], strips[line])
    real = shapely.length(common) > 0
    edge, common = edge[real], common[real]
    if not len(edge):
        return edge, np.zeros(0), np.zeros(0)
    # A strip is convex, so it meets a straight piece in one stretch.
    ends = np.stack([shapely.get_coordinates(shapely.get_point(common, k)) for k in (0, -1)])
    way = (end - start)[edge]
    share = ((ends - start[edge]) * way).sum(axis=2) / (way**2).sum(axis=1)
    return edge, share.min(axis=0), share.max(axis=0)


def _on_parents(codes: list[str], parents: Mapping[str, Any], start: Floats, end: Floats, owner: Ints) -> Stretches:
    """Return the stretches of pieces on the boundary of the grid above their own."""
    found = []
    cuts = np.searchsorted(owner, np.arange(len(codes) + 1))
    rims = {id(p): _straight(np.array([shapely.boundary(p)], dtype=object))[:2] for p in parents.values()}
    for k, code in enumerate(codes):
        if code in parents:
            low, high = cuts[k], cuts[k + 1]
            a, b = rims[id(parents[code])]
            edge, t0, t1 = _beside(start[low:high], end[low:high], a, b, PARENT_M)
            found.append((edge + low, t0, t1))
    return _joined(found)


def _joined(found: list[Stretches]) -> Stretches:
    if not found:
        return np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0)
    edge, t0, t1 = (np.concatenate(v) for v in zip(*found, strict=True))
    return edge, t0, t1


def _sums(found: Stretches, length: Floats, owner: Ints, count: int) -> Floats:
    """Return the metres of each owner that stretches cover, each metre once."""
    edge, t0, t1 = found
    if not len(edge):
        return np.zeros(count)
    order = np.lexsort((t0, edge))
    edge, t0, t1 = edge[order], t0[order], t1[order]
    # Pieces stand one after the other on a common scale, so that one running maximum serves all of them.
    reach = np.maximum.accumulate(t1 + 2.0 * edge)
    before = np.concatenate([[-1.0], reach[:-1]]) - 2.0 * edge
    fresh = np.maximum(t1 - np.maximum(t0, before), 0.0)
    return np.bincount(owner[edge], fresh * length[edge], count).astype(np.float64)
