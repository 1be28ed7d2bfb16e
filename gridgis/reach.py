"""Service circles: who reaches a station within so many minutes on the real road network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, hstack, identity, vstack
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree
from shapely.ops import substring

from gridgis.errors import InputError
from gridgis.network import WALK_KMH, Floats, Ints, Mode, Network, Objects, road_network
from gridgis.slopes import Heights

SNAP_M = 500.0
"""A home farther than this from every road is not reached, and is counted as such."""
_WALK_M_PER_MINUTE = WALK_KMH * 1000 / 60
HAIR_MIN = 1e-6
"""A limit is met up to this much over it: sums of floating-point minutes are off by less."""
_BAND_M = 60.0
"""How far from a reached road the drawn service area extends."""


@dataclass(frozen=True)
class Reach:
    """Travel times of points from their nearest station.

    Attributes
    ----------
    method
        ``network``, or ``straight`` where the county has no roads at all: distances as the crow
        flies, which are too generous.
    minutes
        Per point; infinite where no station can be reached.
    node_minutes
        Per node of the network; empty for ``straight``.
    off_road
        Which points lie farther than `SNAP_M` from every road.
    """

    method: Literal["network", "straight"]
    minutes: Floats
    network: Network | None
    node_minutes: Floats
    off_road: Any


def reach(
    roads: gpd.GeoDataFrame, stations: Floats, points: Floats, mode: Mode = "walk", heights: Heights | None = None
) -> Reach:
    """Return how many minutes each point is from its nearest station.

    A station and a point are joined to the nearest road on foot, in a straight line, up to `SNAP_M`.

    Parameters
    ----------
    roads
        Lines in the county's CRS; see `gridgis.network.road_network`.
    stations, points
        Coordinates in metres, shapes (k, 2) and (n, 2).
    mode
        On foot or by car.
    heights
        Heights of the ground, for walking on slopes.

    References
    ----------
    Dijkstra's algorithm from all stations at once (scipy.sparse.csgraph).
    """
    if not len(roads):
        return _straight(stations, points, mode)
    network = road_network(roads, stations, mode=mode, limit_m=SNAP_M, heights=heights)
    nodes = node_minutes(network, network.sites, network.access_m)
    footing = Footing.of(network, points)
    return Reach("network", footing.minutes(network, nodes), network, nodes, footing.off_road)


def _straight(stations: Floats, points: Floats, mode: Mode) -> Reach:
    speed = _WALK_M_PER_MINUTE if mode == "walk" else 30_000 / 60
    minutes = np.full(len(points), np.inf)
    if len(stations) and len(points):
        minutes = cKDTree(stations).query(points)[0] / speed
    return Reach("straight", minutes, None, np.zeros(0), np.zeros(len(points), dtype=bool))


def node_minutes(network: Network, sites: Ints, access_m: Floats) -> Floats:
    """Return minutes of each node from the nearest of the sites, their way to the road included."""
    n = len(network.xy)
    joined = sites >= 0
    if not n or not joined.any():
        return np.full(n, np.inf)
    # One more node that leads to every site carries the way on foot; sites sharing a node keep the shorter.
    way = np.maximum(access_m[joined] / _WALK_M_PER_MINUTE, 1e-9)
    first = np.lexsort([way, sites[joined]])
    node, keep = np.unique(sites[joined][first], return_index=True)
    start = csr_array((way[first][keep], (np.zeros(len(node), dtype=np.int64), node)), shape=(1, n))
    whole = vstack([network.graph, start])
    whole = hstack([whole, csr_array((n + 1, 1))]).tocsr()
    return np.asarray(dijkstra(whole, directed=True, indices=n)[:n])


@dataclass(frozen=True)
class Footing:
    """How points reach the network: their nearest edge, where along it, and the minutes to get there."""

    at: Ints
    edge: Ints
    along: Floats
    way: Floats
    count: int

    @classmethod
    def of(cls, network: Network, points: Floats) -> Footing:
        """Join each point to the nearest road within `SNAP_M`."""
        none = np.zeros(0, dtype=np.int64)
        if not len(network.lines) or not len(points):
            return cls(none, none, np.zeros(0), np.zeros(0), len(points))
        spots = _spots(points)
        at, edge = shapely.STRtree(network.lines).query_nearest(spots, max_distance=SNAP_M, all_matches=False)
        lines = network.lines[edge]
        along = shapely.line_locate_point(lines, spots[at], normalized=True)
        return cls(at, edge, along, shapely.distance(lines, spots[at]) / _WALK_M_PER_MINUTE, len(points))

    def minutes(self, network: Network, nodes: Floats) -> Floats:
        """Return minutes of each point, given those of the nodes; infinite where no road is near."""
        out = np.full(self.count, np.inf)
        ends, travel = nodes[network.ends[self.edge]], network.minutes[self.edge]
        out[self.at] = self.way + np.minimum(ends[:, 0] + self.along * travel, ends[:, 1] + (1 - self.along) * travel)
        return out

    @property
    def off_road(self) -> Any:
        """Which points have no road near enough."""
        out = np.ones(self.count, dtype=bool)
        out[self.at] = False
        return out


def shares(codes: pd.Series[Any], households: Ints, minutes: Floats, limits: tuple[float, ...]) -> pd.DataFrame:
    """Return per grid the households, those within each limit, and their share.

    Parameters
    ----------
    codes
        Grid of each building; missing ones are left out.
    households, minutes
        Of each building.
    limits
        Minutes.

    Returns
    -------
    DataFrame
        Index `code`; households, and per limit m the columns ``within_m`` and ``share_m`` (missing
        where a grid has no household).
    """
    table = pd.DataFrame({"code": codes.to_numpy(dtype=object), "households": households})
    for limit in limits:
        table[f"within_{limit:g}"] = np.where(minutes <= limit + HAIR_MIN, households, 0)
    sums = table.dropna(subset=["code"]).groupby("code", sort=True).sum().astype(np.int64)
    for limit in limits:
        whole = sums["households"].where(sums["households"] > 0)
        sums[f"share_{limit:g}"] = sums[f"within_{limit:g}"] / whole
    return sums


def service_area(found: Reach, stations: Floats, minutes: float, mode: Mode = "walk") -> Any:
    """Return the area within a limit as a (Multi)Polygon for the map.

    On a network: the stretches of road that are reached, with a band of 60 m on both sides.
    """
    if found.network is None:
        speed = _WALK_M_PER_MINUTE if mode == "walk" else 30_000 / 60
        return shapely.union_all(shapely.buffer(_spots(stations), speed * minutes))
    reached = reached_roads(found.network, found.node_minutes, minutes)
    if not len(reached):
        return shapely.MultiPolygon()
    area = shapely.union_all(shapely.buffer(shapely.simplify(reached, 3.0), _BAND_M, quad_segs=3))
    return shapely.simplify(area, 3.0)


def _spots(xy: Floats) -> Objects:
    return np.asarray(shapely.points(xy), dtype=object).reshape(-1)


def reached_roads(network: Network, nodes: Floats, minutes: float) -> Objects:
    """Return the stretches of road within a limit."""
    left = minutes - nodes[network.ends]
    whole = (np.maximum(left, 0).sum(axis=1) >= network.minutes) & (left > 0).any(axis=1)
    out = list(network.lines[whole])
    for k in np.flatnonzero(~whole & (left > 0).any(axis=1)).tolist():
        line, length = network.lines[k], network.lines[k].length
        for side in (0, 1):
            if left[k, side] > 0:
                far = min(left[k, side] / network.minutes[k], 1) * length
                out.append(substring(line, 0, far) if side == 0 else substring(line, length - far, length))
    made = np.array(out, dtype=object)
    return made[shapely.length(made) > 0] if len(made) else made


@dataclass(frozen=True)
class Limit:
    """So many minutes, on foot or by car, on the flat or over heights."""

    minutes: float
    mode: Mode = "walk"
    heights: Heights | None = None


def suggest(
    roads: gpd.GeoDataFrame, candidates: Floats, homes: Floats, households: Ints, count: int, limit: Limit
) -> tuple[Ints, Ints]:
    """Choose sites that bring most households within a limit (maximal covering, solved exactly).

    Parameters
    ----------
    roads
        As in `reach`.
    candidates
        Points in metres where a site may be, shape (c, 2).
    homes, households
        Buildings that no station reaches yet, and how many households each has.
    count
        How many sites to choose.
    limit
        What counts as in time.

    Returns
    -------
    chosen, gained
        Positions of the sites chosen, the most useful first, and the households that each adds.

    Raises
    ------
    InputError
        No site is asked for, or none can be had.

    References
    ----------
    Church & ReVelle (1974), The maximal covering location problem; solved by HiGHS.
    """
    if count < 1:
        raise InputError("新增站点数应为正整数。", "The number of new sites must be 1 or more.")
    cover = _coverage(roads, candidates, homes, limit)
    sums, weight = _grouped(cover, households)
    n, m = len(candidates), sums.shape[0]
    if not m:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    goal = np.concatenate([np.zeros(n), -weight])
    rows = hstack([sums, -identity(m)])
    limits = [
        LinearConstraint(rows.tocsr(), 0, np.inf),
        LinearConstraint(csr_array(np.concatenate([np.ones(n), np.zeros(m)])[None, :]), 0, count),
    ]
    whole = np.concatenate([np.ones(n), np.zeros(m)])
    found = milp(goal, constraints=limits, integrality=whole, bounds=Bounds(0, 1))
    if found.x is None:
        raise InputError("选址没有解：请放宽时限。", "No choice of sites was found: allow more minutes.")
    return _ranked(np.flatnonzero(found.x[:n] > 0.5), cover, households)


def _coverage(roads: gpd.GeoDataFrame, candidates: Floats, homes: Floats, limit: Limit) -> Any:
    """Return which candidate (column) reaches which home (row) in time, as a sparse matrix of 0 and 1."""
    shape, minutes, mode = (len(homes), len(candidates)), limit.minutes, limit.mode
    if not len(roads):
        found = [np.flatnonzero(_straight(c[None, :], homes, mode).minutes <= minutes + HAIR_MIN) for c in candidates]
    else:
        network = road_network(roads, candidates, mode=mode, limit_m=SNAP_M, heights=limit.heights)
        footing, graph, found = Footing.of(network, homes), network.graph, []
        for site, access in zip(network.sites.tolist(), network.access_m / _WALK_M_PER_MINUTE, strict=True):
            nodes = np.full(len(network.xy), np.inf)
            if site >= 0 and access <= minutes:
                nodes = access + dijkstra(graph, directed=False, indices=site, limit=minutes - access + HAIR_MIN)
            found.append(np.flatnonzero(footing.minutes(network, nodes) <= minutes + HAIR_MIN))
    row = np.concatenate([np.zeros(0, dtype=np.int64), *found])
    col = np.repeat(np.arange(len(candidates)), [len(f) for f in found])
    return csr_array((np.ones(len(row)), (row, col)), shape=shape)


def _grouped(cover: Any, households: Ints) -> tuple[Any, Floats]:
    """Join homes that the same candidates reach: the problem shrinks and stays exact."""
    groups: dict[tuple[int, ...], float] = {}
    for k in range(cover.shape[0]):
        key = tuple(cover.indices[cover.indptr[k] : cover.indptr[k + 1]].tolist())
        if key:
            groups[key] = groups.get(key, 0.0) + float(households[k])
    row = np.repeat(np.arange(len(groups)), [len(k) for k in groups])
    col = np.array([c for k in groups for c in k], dtype=np.int64)
    matrix = csr_array((np.ones(len(col)), (row, col)), shape=(len(groups), cover.shape[1]))
    return matrix, np.array(list(groups.values()))


def _ranked(chosen: Ints, cover: Any, households: Ints) -> tuple[Ints, Ints]:
    """Order sites by what each adds to those before it."""
    left, order, gained = set(chosen.tolist()), [], []
    open_ = np.ones(len(households), dtype=bool)
    columns = cover.tocsc()
    reached = {c: columns.indices[columns.indptr[c] : columns.indptr[c + 1]] for c in left}
    while left:
        adds = {c: int(households[reached[c]][open_[reached[c]]].sum()) for c in sorted(left)}
        best = max(adds, key=lambda c: adds[c])
        left.discard(best)
        if adds[best]:
            order.append(best)
            gained.append(adds[best])
            open_[reached[best]] = False
    return np.array(order, dtype=np.int64), np.array(gained, dtype=np.int64)
