"""The road network as a graph: nodes where roads meet, edges with lengths and travel times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from gridgis.slopes import Heights, slowed

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Objects = NDArray[np.object_]
Mode = Literal["walk", "drive"]

WALK_KMH = 4.5
"""Walking speed on every road and on the way to it: 75 m a minute."""
DRIVE_KMH: Mapping[str, float] = MappingProxyType(
    {
        "motorway": 90.0,
        "trunk": 70.0,
        "primary": 60.0,
        "secondary": 40.0,
        "tertiary": 35.0,
        "street": 30.0,
        "village": 25.0,
    }
)
"""Driving speed by class of road; `DRIVE_ELSE_KMH` for any other class."""
DRIVE_ELSE_KMH = 30.0
NO_WALKING = frozenset({"motorway"})
TOUCH_M = 0.01
"""The end of a road this close to another road meets it: both are on the 1 mm lattice."""


@dataclass(frozen=True)
class Network:
    """Nodes and edges in the county's CRS.

    Attributes
    ----------
    xy
        Nodes in metres, shape (n, 2).
    ends
        Nodes at the two ends of each edge, shape (m, 2).
    lines
        Each edge as a line from the first of its ends to the second.
    minutes
        Time to travel each edge.
    sites
        Node of each site that the network was built with; -1 where no road is near enough.
    access_m
        Straight way from each site to its node.
    """

    xy: Floats
    ends: Ints
    lines: Objects
    minutes: Floats
    sites: Ints
    access_m: Floats

    @property
    def graph(self) -> csr_array:
        """Symmetric matrix of minutes; of parallel edges the quickest counts."""
        n = len(self.xy)
        a, b = self.ends.T
        row, col, value = np.concatenate([a, b]), np.concatenate([b, a]), np.tile(self.minutes, 2)
        # Sparse matrices add up what stands twice: keep the quickest of parallel edges.
        order = np.lexsort([value, col, row])
        row, col, value = row[order], col[order], value[order]
        first = np.ones(len(row), dtype=bool)
        first[1:] = (row[1:] != row[:-1]) | (col[1:] != col[:-1])
        # A stored zero would count as no edge at all.
        return csr_array((np.maximum(value[first], 1e-9), (row[first], col[first])), shape=(n, n))


def road_network(
    roads: gpd.GeoDataFrame, sites: Floats, *, mode: Mode = "walk", limit_m: float = 500.0, heights: Heights | None = None
) -> Network:
    """Build the network of a county, with a node where each site reaches its nearest road.

    Roads meet where they cross or where one ends on another. Roads on different levels (column
    `layer`: 1 for a bridge, -1 for a tunnel, 0 or missing on the ground) meet only at their ends.

    Parameters
    ----------
    roads
        Lines in the county's CRS, with columns `class` and `layer` where known.
    sites
        Points in metres, shape (k, 2).
    mode
        On foot, or by car in either direction.
    limit_m
        A site farther from every road than this is not connected.
    heights
        Heights of the ground: walking is slower on slopes; flat without them, and for driving.

    Returns
    -------
    Network
        An empty one where there is no road.
    """
    kinds = roads["class"].astype(object).fillna("").to_numpy() if "class" in roads else np.full(len(roads), "")
    open_ = ~np.isin(kinds, list(NO_WALKING)) if mode == "walk" else np.ones(len(roads), dtype=bool)
    parts, row = shapely.get_parts(np.asarray(roads.geometry.values[open_], dtype=object), return_index=True)
    drawn = shapely.length(parts) > 0
    parts, row = parts[drawn], row[drawn]
    layer = np.zeros(len(parts), dtype=np.int64)
    if "layer" in roads:
        layer = roads["layer"].astype(float).fillna(0).to_numpy()[open_][row].astype(np.int64)
    near = _nearest(parts, sites, limit_m)
    breaks = [_crossings(parts, layer), _touches(parts), (near[0][near[1]], near[2][near[1]])]
    line, at = (np.concatenate([b[k] for b in breaks]) for k in (0, 1))
    edges, origin = _pieces(parts, line.astype(np.int64), at)
    xy, ends = _nodes(edges)
    speed = np.array([_kmh(mode, str(k)) for k in kinds[open_][row]]) if len(parts) else np.zeros(0)
    minutes = shapely.length(edges) / (speed[origin] * 1000 / 60) if len(edges) else np.zeros(0)
    if heights is not None and mode == "walk" and len(edges):
        minutes = minutes * slowed(edges, heights)
    found, access = _site_nodes(xy, parts, sites, near)
    return Network(xy, ends, edges, minutes, found, access)


def _kmh(mode: Mode, kind: str) -> float:
    return WALK_KMH if mode == "walk" else DRIVE_KMH.get(kind, DRIVE_ELSE_KMH)


def _nearest(parts: Objects, sites: Floats, limit_m: float) -> tuple[Ints, NDArray[np.bool_], Floats]:
    """Return for each site the nearest road, whether it is near enough, and how far along it."""
    line, near = np.zeros(len(sites), dtype=np.int64), np.zeros(len(sites), dtype=bool)
    if len(parts) and len(sites):
        site, road = shapely.STRtree(parts).query_nearest(_points(sites), max_distance=limit_m, all_matches=False)
        line[site], near[site] = road, True
    at = np.zeros(len(sites))
    at[near] = shapely.line_locate_point(parts[line[near]], _points(sites)[near]) if near.any() else 0.0
    return line, near, at


def _points(xy: Floats) -> Objects:
    return np.asarray(shapely.points(xy), dtype=object).reshape(-1)


def _crossings(parts: Objects, layer: Ints) -> tuple[Ints, Floats]:
    """Return (road, distance along it) of each crossing of two roads of one level."""
    if not len(parts):
        return np.zeros(0, dtype=np.int64), np.zeros(0)
    a, b = shapely.STRtree(parts).query(parts, predicate="intersects")
    keep = (a < b) & (layer[a] == layer[b])
    a, b = a[keep], b[keep]
    common, pair = shapely.get_parts(shapely.intersection(parts[a], parts[b]), return_index=True)
    # Where two roads run on top of each other, both ends of the shared stretch are nodes.
    coordinates, at = shapely.get_coordinates(common, return_index=True)
    points = _points(coordinates)
    line = np.concatenate([a[pair[at]], b[pair[at]]])
    return line, shapely.line_locate_point(parts[line], np.tile(points, 2)) if len(line) else np.zeros(0)


def _touches(parts: Objects) -> tuple[Ints, Floats]:
    """Return (road, distance along it) where another road ends on it, whatever the levels."""
    if not len(parts):
        return np.zeros(0, dtype=np.int64), np.zeros(0)
    ends = np.concatenate([shapely.get_point(parts, 0), shapely.get_point(parts, -1)])
    end, line = shapely.STRtree(parts).query(ends, predicate="dwithin", distance=TOUCH_M)
    return line, shapely.line_locate_point(parts[line], ends[end])


def _pieces(parts: Objects, line: Ints, at: Floats) -> tuple[Objects, Ints]:
    """Cut each road at its nodes; return the pieces and the road of each."""
    length = shapely.length(parts)
    every = np.arange(len(parts))
    line = np.concatenate([line, every, every])
    at = np.clip(np.concatenate([at, np.zeros(len(parts)), length]), 0, length[line] if len(line) else 0)
    order = np.lexsort([at, line])
    line, at = line[order], at[order]
    # Nodes closer than this along a road are one: they come from the same meeting, rounded.
    fresh = np.ones(len(line), dtype=bool)
    fresh[1:] = (line[1:] != line[:-1]) | (at[1:] - at[:-1] > TOUCH_M)
    keep = np.flatnonzero(fresh)
    line, at = line[keep], at[keep]
    start = np.flatnonzero(line[1:] == line[:-1])
    return _substrings(parts, line[start], at[start], at[start + 1]), line[start]


def _substrings(parts: Objects, line: Ints, begin: Floats, end: Floats) -> Objects:
    """Return the stretches of lines from `begin` to `end`, metres along them."""
    out = np.empty(len(line), dtype=object)
    whole = (
        (begin <= TOUCH_M) & (end >= shapely.length(parts[line]) - TOUCH_M) if len(line) else np.zeros(0, dtype=bool)
    )
    out[whole] = parts[line[whole]]
    for k in np.flatnonzero(~whole).tolist():
        xy = shapely.get_coordinates(parts[line[k]])
        along = np.concatenate([[0.0], np.hypot(*np.diff(xy, axis=0).T).cumsum()])
        inner = xy[(along > begin[k]) & (along < end[k])]
        first, last = ([np.interp(d, along, xy[:, 0]), np.interp(d, along, xy[:, 1])] for d in (begin[k], end[k]))
        out[k] = shapely.LineString(np.vstack([first, inner, last]))
    return out


def _nodes(edges: Objects) -> tuple[Floats, Ints]:
    """Return the distinct ends of edges, those within a centimetre being one, and the two of each edge."""
    if not len(edges):
        return np.zeros((0, 2)), np.zeros((0, 2), dtype=np.int64)
    first = shapely.get_coordinates(shapely.get_point(edges, 0))
    last = shapely.get_coordinates(shapely.get_point(edges, -1))
    both = np.vstack([first, last])
    node = _clustered(both)
    xy = np.zeros((int(node.max()) + 1, 2))
    xy[node] = both
    return xy, np.column_stack([node[: len(edges)], node[len(edges) :]])


def _clustered(xy: Floats) -> Ints:
    """Return a number for each point, the same for those within twice `TOUCH_M`."""
    pairs = cKDTree(xy).query_pairs(2 * TOUCH_M, output_type="ndarray")
    links = csr_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(xy), len(xy)))
    return np.asarray(connected_components(links, directed=False)[1], dtype=np.int64)


def _site_nodes(
    xy: Floats, parts: Objects, sites: Floats, near: tuple[Ints, NDArray[np.bool_], Floats]
) -> tuple[Ints, Floats]:
    line, close, at = near
    node = np.full(len(sites), -1, dtype=np.int64)
    access = np.full(len(sites), np.inf)
    if close.any():
        foot = shapely.get_coordinates(shapely.line_interpolate_point(parts[line[close]], at[close]))
        node[close] = cKDTree(xy).query(foot)[1]
        access[close] = np.hypot(*(sites[close] - foot).T)
    return node, access
