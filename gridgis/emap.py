"""Which grid a road belongs to: it may cross several, or be the boundary between two.

Points, compounds and buildings have one location each and go by `gridgis.pointindex.assign`. A road has a
length in every grid that it crosses, and where it *is* the boundary it has the same length on both
sides. The rule of the scheme (``road_rule``) says whose it then is:

``longest``
    of the grid with its longest part, stretches along the boundary included on both sides; of
    parts equally long, the lower code.
``lower_code``
    of the lowest code that it runs in or along; to touch at a point does not count.
``both``
    as ``longest``, and also of each other grid along whose boundary more than half of it runs.

Whatever the rule, each road is counted in exactly one grid, and each metre of it too: a stretch
along a boundary goes to the grid that the road is counted in, or else to the lower code of its sides.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridgis.plan import Plan
from gridgis.pointindex.assign import assign
from gridgis.schema import mm, point_array

Rule = Literal["longest", "lower_code", "both"]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ALONG_M = 0.01
"""A road this close to a boundary runs along it; parts that differ by less are equally long."""


def road_owners(
    plan: Plan, roads: Any, level: str, rule: Rule | None = None, codes: Sequence[str] | None = None
) -> pd.Series[Any]:
    """Return the code of the grid that each road is counted in; missing where it lies in none.

    Parameters
    ----------
    plan
        The plan.
    roads
        Lines in the county's CRS.
    level
        Level of the grids.
    rule
        How roads go; that of the scheme by default.
    codes
        The grids near the roads, where they are known; all of the level by default.
    """
    parts = road_parts(plan, roads, level, rule, codes)
    counted = parts[parts["counted"]]
    out = np.full(len(roads), None, dtype=object)
    out[counted["road"].to_numpy()] = counted["code"].to_numpy()
    return pd.Series(out, name="code", dtype=object)


def road_parts(
    plan: Plan, roads: Any, level: str, rule: Rule | None = None, codes: Sequence[str] | None = None
) -> pd.DataFrame:
    """Return the part of each road in each grid that it runs in or along.

    Parameters
    ----------
    plan, roads, level, rule, codes
        As in `road_owners`.

    Returns
    -------
    DataFrame
        road (its position), code, inside_m, along_m (length on the boundary of the grid), length_m
        (every metre in one grid), counted (in one grid for each road), belongs (more than one under ``both``).
    """
    rule = rule or plan.scheme.road_rule
    codes = sorted(plan.codes(level) if codes is None else codes)
    polygons = np.array([plan.grid_geometry(c) for c in codes], dtype=object)
    lines = shapely.force_2d(np.asarray(roads, dtype=object).reshape(-1))
    inside, along = _pieces(lines, polygons)
    parts = pd.DataFrame({"road": inside[0], "grid": inside[1], "inside_m": inside[2], "along_m": 0.0})
    sides = pd.DataFrame({"stretch": along[0], "road": along[1], "grid": along[2], "along_m": along[3]})
    both = pd.concat([parts, sides.drop(columns="stretch").assign(inside_m=0.0)])
    table = both.groupby(["road", "grid"], as_index=False)[["inside_m", "along_m"]].sum()
    table = _judged(table, shapely.length(lines), rule)
    owner = table.loc[table["counted"], ["road", "grid"]].set_index("road")["grid"]
    # Of the sides of a stretch the owner comes first, then the lower code.
    sides["other"] = sides["grid"].to_numpy() != sides["road"].map(owner).to_numpy()
    once = sides.sort_values(["stretch", "other", "grid"]).drop_duplicates("stretch")
    added = once.groupby(["road", "grid"])["along_m"].sum()
    extra = added.reindex(pd.MultiIndex.from_frame(table[["road", "grid"]]), fill_value=0.0)
    table["length_m"] = table["inside_m"].to_numpy() + extra.to_numpy()
    table["code"] = np.array(codes, dtype=object)[table["grid"].to_numpy(dtype=np.int64)]
    return table[["road", "code", "inside_m", "along_m", "length_m", "counted", "belongs"]]


def _judged(table: pd.DataFrame, length: Floats, rule: Rule) -> pd.DataFrame:
    """Mark the grid that each road is counted in, and all that it belongs to; codes run like positions."""
    part = table["inside_m"] + table["along_m"]
    least = 0.0 if rule == "lower_code" else part.groupby(table["road"]).transform("max") - 2 * ALONG_M
    fits = part > least + ALONG_M
    # A road so short that no part counts goes where it is.
    fits |= ~fits.groupby(table["road"]).transform("any")
    first = table["grid"].where(fits).groupby(table["road"]).transform("min")
    counted = table["grid"] == first
    beside = table["along_m"] > length[table["road"].to_numpy(dtype=np.int64)] / 2
    return table.assign(counted=counted, belongs=counted | (beside & (rule == "both")))


def _pieces(lines: NDArray[np.object_], polygons: NDArray[np.object_]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Return (road, grid, metres) of what runs inside, and (stretch, road, grid, metres) of each side of a boundary."""
    road, start, end = _segments(lines)
    edges, corners = _edges(polygons)
    road, start, end = _cut_at_corners(road, start, end, corners)
    metres = np.hypot(*(end - start).T)
    middle = (start + end) / 2
    tree = shapely.STRtree(edges)
    near = _near(tree, _straight(start, end))
    along = near.copy()
    for xy in (start, end, middle):
        along[along] = _near(tree, point_array(xy[along]))
    far = np.flatnonzero(~near)
    owner = assign(mm(middle[far]), polygons)
    across = np.flatnonzero(near & ~along)
    cut = _straight(start[across], end[across])
    grids = shapely.STRtree(polygons)
    piece, grid = grids.query(cut, predicate="intersects")
    lengths = shapely.length(shapely.intersection(cut[piece], polygons[grid]))
    held, real = owner >= 0, lengths > 0
    spot, at_spot = _spots(lines, polygons)
    inside = (
        np.concatenate([road[far[held]], road[across][piece[real]], spot]),
        np.concatenate([owner[held], grid[real], at_spot]),
        np.concatenate([metres[far[held]], lengths[real], np.zeros(len(spot))]),
    )
    beside = np.flatnonzero(along)
    stretch, side = grids.query(point_array(middle[beside]), predicate="dwithin", distance=ALONG_M)
    at = beside[stretch]
    return inside, (stretch, road[at], side, metres[at])


def _spots(lines: NDArray[np.object_], polygons: NDArray[np.object_]) -> tuple[Ints, Ints]:
    """Return (road, grid) of roads that are drawn as a point, or as a line without length."""
    lone = np.flatnonzero(~shapely.is_missing(lines) & ~shapely.is_empty(lines) & (shapely.length(lines) == 0))
    owner = assign(mm(shapely.get_coordinates(shapely.centroid(lines[lone]))), polygons)
    return lone[owner >= 0].astype(np.int64), owner[owner >= 0]


def _near(tree: shapely.STRtree, shapes: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Tell which shapes come as close to a boundary as roads along it."""
    out = np.zeros(len(shapes), dtype=bool)
    out[np.unique(tree.query(shapes, predicate="dwithin", distance=ALONG_M)[0])] = True
    return out


def _straight(start: Floats, end: Floats) -> NDArray[np.object_]:
    return np.asarray(shapely.linestrings(np.stack([start, end], axis=1)), dtype=object).reshape(-1)


def _segments(lines: NDArray[np.object_]) -> tuple[Ints, Floats, Floats]:
    """Return the straight pieces of lines: position of the line, start, end."""
    parts, of = shapely.get_parts(lines, return_index=True)
    xy, at = shapely.get_coordinates(parts, return_index=True)
    joined = at[1:] == at[:-1]
    moved = (xy[1:] != xy[:-1]).any(axis=1)
    take = np.flatnonzero(joined & moved)
    return of[at[take]].astype(np.int64), xy[take], xy[take + 1]


def _edges(polygons: NDArray[np.object_]) -> tuple[NDArray[np.object_], Floats]:
    """Return the edges of polygons as lines, each once, and their corners."""
    _, start, end = _segments(shapely.boundary(polygons))
    turned = (start[:, 0] > end[:, 0]) | ((start[:, 0] == end[:, 0]) & (start[:, 1] > end[:, 1]))
    start, end = np.where(turned[:, None], end, start), np.where(turned[:, None], start, end)
    pairs = np.unique(np.hstack([start, end]), axis=0).reshape(-1, 2, 2)
    return np.asarray(shapely.linestrings(pairs), dtype=object), np.unique(pairs.reshape(-1, 2), axis=0)


def _cut_at_corners(road: Ints, start: Floats, end: Floats, corners: Floats) -> tuple[Ints, Floats, Floats]:
    """Cut straight pieces beside the corners of boundaries, so that each runs along one edge or leaves it."""
    lines = _straight(start, end)
    piece, corner = shapely.STRtree(point_array(corners)).query(lines, predicate="dwithin", distance=ALONG_M)
    way = end[piece] - start[piece]
    share = ((corners[corner] - start[piece]) * way).sum(axis=1) / (way**2).sum(axis=1)
    between = (share > 0) & (share < 1)
    n = len(road)
    of = np.concatenate([np.arange(n), piece[between]])
    begins = np.concatenate([np.zeros(n), share[between]])
    order = np.lexsort((begins, of))
    of, begins = of[order], begins[order]
    last = np.append(of[1:] != of[:-1], True)
    ends = np.where(last, 1.0, np.append(begins[1:], 1.0))
    way = (end - start)[of]
    # The ends of a piece stay as they were drawn.
    to = np.where(last[:, None], end[of], start[of] + ends[:, None] * way)
    return road[of], start[of] + begins[:, None] * way, to
