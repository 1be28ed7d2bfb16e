"""The coverage rules piece by piece: what one block of cells shows, and the seams between blocks put together.

A block is looked at together with the cells around it, so that what lies on its rim is seen whole. The rules ask for
what blocks show by way of `shown`: on one machine it is worked out when asked for, a cluster puts it there beforehand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from gridgis.checks.finding import Fresh
from gridgis.plan import Plan
from gridgis.schema import MM, mm
from gridgis.topology import ring_edges, undirected

Ints = NDArray[np.int64]
BLOCK = 2_000
"""Cells of a block."""
NEAR_M = 0.0015
"""Two vertices this close, neighbours on the 1 mm lattice, were meant to be one."""
_RIM_M = 0.01


@dataclass(frozen=True)
class Edges:
    """The edges of the cells of a block, in millimetres, undirected.

    Attributes
    ----------
    sound
        Every cell is valid, and no two lie on one side of an edge.
    outer
        Those that one cell alone has.
    odd
        Those that not exactly two cells have.
    """

    sound: bool
    outer: Ints
    odd: Ints


def blocks(plan: Plan) -> list[Ints]:
    """Return the rows of the cells in blocks of neighbours; the same for the same plan."""
    count = len(plan.rows)
    if count <= BLOCK:
        return [np.arange(count)] if count else []
    boxes = gpd.GeoSeries(shapely.box(*shapely.bounds(plan.rows.geometry).T))
    order = np.argsort(boxes.hilbert_distance().to_numpy(), kind="stable")
    return np.array_split(order, -(-count // BLOCK))


def around(plan: Plan, block: Ints) -> Ints:
    """Return the rows of a block and of the cells whose box comes near it, the block's own first."""
    if len(block) == len(plan.rows):
        return block
    boxes = shapely.bounds(plan.rows.geometry)
    own: Any = shapely.box(*(boxes[block] + np.array([-1, -1, 1, 1]) * _RIM_M).T)
    near = np.unique(shapely.STRtree(own).query(shapely.box(*boxes.T))[0])
    return np.concatenate([block, np.setdiff1d(near, block)])


def edges_of(plan: Plan, block: Ints) -> Edges:
    """Return what the edges of a block show."""
    polygons = plan.rows.geometry[around(plan, block)]
    valid = bool(shapely.is_valid(polygons[: len(block)]).all())
    directed, owner = ring_edges(polygons)
    _, inverse, same = np.unique(directed, axis=0, return_inverse=True, return_counts=True)
    mine = owner < len(block)
    keys, place, counts = np.unique(undirected(directed), axis=0, return_inverse=True, return_counts=True)
    held = np.zeros(len(keys), dtype=bool)
    held[place.reshape(-1)[mine]] = True
    doubled = bool((same[inverse.reshape(-1)[mine]] > 1).any())
    return Edges(valid and not doubled, keys[held & (counts == 1)], keys[held & (counts != 2)])


def union_of(plan: Plan, block: Ints) -> Any:
    """Return the ground that a block covers."""
    return shapely.union_all(shapely.make_valid(plan.rows.geometry[block]))


def overlaps_of(plan: Plan, block: Ints) -> list[tuple[int, int, Any]]:
    """Return pairs of rows that meet, the first of them in the block, and what both cover."""
    rows = np.sort(around(plan, block))
    shapes = shapely.make_valid(plan.rows.geometry[rows])
    first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    pairs = (first < second) & np.isin(rows[first], block)
    first, second = first[pairs], second[pairs]
    common = shapely.intersection(shapes[first], shapes[second])
    real = shapely.area(common) > 0
    return list(zip(rows[first[real]].tolist(), rows[second[real]].tolist(), common[real], strict=True))


def near_of(plan: Plan, block: Ints) -> Ints:
    """Return pairs of vertices that nearly coincide, one of them in the block, in millimetres: x0, y0, x1, y1."""
    return near_pairs(plan.rows.geometry[around(plan, block)])


def near_pairs(polygons: NDArray[np.object_]) -> Ints:
    """Return pairs of vertices that nearly coincide, in millimetres and in order."""
    xy = np.unique(mm(shapely.get_coordinates(polygons)), axis=0)
    pairs = cKDTree(xy / MM).query_pairs(NEAR_M, output_type="ndarray") if len(xy) else np.zeros((0, 2), np.int64)
    return np.unique(xy[np.sort(pairs, axis=1)].reshape(-1, 4), axis=0)


KINDS: dict[str, Callable[[Plan, Ints], Any]] = {
    "edges": edges_of, "union": union_of, "overlaps": overlaps_of, "near": near_of,
}  # fmt: skip


def shown(view: Fresh, kind: str) -> list[Any]:
    """Return what each block shows, one of `KINDS`."""
    held = view.memo.get("pieces")
    if held is None or held[0] is not view.plan:
        made: dict[str, list[Any]] = {}
        held = view.memo["pieces"] = (view.plan, made)
    if kind not in held[1]:
        held[1][kind] = [KINDS[kind](view.plan, block) for block in blocks(view.plan)]
    return list(held[1][kind])


def give(view: Fresh, kind: str, found: list[Any]) -> None:
    """Put what the blocks show where the rules ask for it."""
    pieces: dict[str, list[Any]] = {}
    view.memo.setdefault("pieces", (view.plan, pieces))[1][kind] = found
