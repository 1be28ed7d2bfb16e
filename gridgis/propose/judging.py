"""What a division comes to, in figures that stand side by side: band, boundaries, shape, workload, changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gridgis.propose.adoption import allot
from gridgis.propose.area import Area, near_box
from gridgis.propose.barriers import Table
from gridgis.propose.graph import Graph, Taste
from gridgis.propose.labels import numbered
from gridgis.quality import boundary_quality
from gridgis.subdividing.celling import cut_buildings
from gridgis.subdividing.linework import lines_of

Ints = NDArray[np.int64]
Objects = NDArray[np.object_]

WEIGHTS = ("households", "persons", "incidents", "workload")
"""What grids may be made alike by."""


@dataclass(frozen=True, eq=False)
class Bench:
    """What does not change from one alternative to the next.

    Attributes
    ----------
    area
        The ground.
    weight
        Weight of each block.
    workload
        Households and incidents of each block, the two counting alike over the whole county.
    low, high
        The band of each block's zone.
    lines
        Roads, and water, near the area.
    solid
        Outlines of buildings and compounds.
    """

    area: Area
    weight: Ints
    workload: NDArray[np.float64]
    low: Ints
    high: Ints
    lines: dict[str, Objects]
    solid: Objects

    def band(self, blocks: Ints) -> tuple[int, int]:
        """Return the band that holds for blocks of one zone."""
        return int(self.low[blocks[0]]), int(self.high[blocks[0]])


def weights(area: Area, name: str) -> tuple[Ints, NDArray[np.float64]]:
    """Return the weight of each block by name, and its workload in households."""
    totals = area.plan.rows.figures.sum(axis=0)
    rate = totals[0] / totals[5] if totals[5] else 0.0
    load = (area.figures[:, 0] + area.figures[:, 5] * rate) / (2 if rate else 1)
    columns = {"households": area.figures[:, 0], "persons": area.figures[:, 1], "incidents": area.figures[:, 5],
               "workload": np.round(load).astype(np.int64)}  # fmt: skip
    return np.asarray(columns[name], dtype=np.int64), load


def near_lines(table: Table, box: Any) -> dict[str, Objects]:
    """Return roads and water that meet a box."""
    return {name: near_box(lines_of(table, name), box) for name in ("roads", "water")}


def judge(bench: Bench, labels: Ints) -> dict[str, Any]:
    """Return the figures of a division of the blocks.

    Parameters
    ----------
    bench
        The ground.
    labels
        The grid of each block; negative where none is proposed.
    """
    area, mine = bench.area, labels >= 0
    kinds, at = np.unique(labels[mine]), numbered(labels[mine])
    weight = np.bincount(at, bench.weight[mine], len(kinds))
    low = np.maximum.reduceat(bench.low[mine][np.argsort(at, kind="stable")], _starts(at))
    high = np.maximum.reduceat(bench.high[mine][np.argsort(at, kind="stable")], _starts(at))
    within = (weight >= low) & (weight <= high)
    load = np.bincount(at, bench.workload[mine], len(kinds))
    polygons = np.array(list(area.polygons(labels).values()), dtype=object)
    walked = _walked(area, labels, kinds)
    rim, size = shapely.length(polygons), shapely.area(polygons)
    allotted = allot(area.plan, area.level, area.rows, labels[area.block]) if mine.all() else _allotted(area, labels)
    people = int(area.figures[mine, 0].sum())
    return {
        "grids": len(kinds), "in_band": round(float(within.mean()), 4), "out_of_band": int((~within).sum()),
        "contiguous": round(float(np.mean(walked & (shapely.get_type_id(polygons) == 3))), 4),
        **_boundary(bench, labels, kinds, polygons),
        "compactness": round(float(np.mean(4 * np.pi * size / np.maximum(rim, 1e-9) ** 2)), 3),
        "workload_cv": round(float(load.std() / load.mean()), 4) if load.any() else 0.0,
        "weight_min": int(weight.min()), "weight_max": int(weight.max()),
        "households_moved": allotted.moved, "share_moved": round(allotted.moved / people, 4) if people else 0.0,
        "codes_kept": len(allotted.codes) - len(set(allotted.codes.values()) - area.plan.grids.keys()),
        "codes_new": len(set(allotted.codes.values()) - area.plan.grids.keys()), "codes_ended": len(allotted.ended),
        "cut": len(cut_buildings(polygons, bench.solid)) if len(bench.solid) else 0,
    }  # fmt: skip


def _starts(at: Ints) -> Ints:
    return np.searchsorted(np.sort(at), np.arange(int(at.max()) + 1))


def _allotted(area: Area, labels: Ints) -> Any:
    mine = labels[area.block] >= 0
    return allot(area.plan, area.level, area.rows[mine], labels[area.block][mine])


def _boundary(bench: Bench, labels: Ints, kinds: Ints, polygons: Objects) -> dict[str, float]:
    """Return the length of boundaries, and the share on roads, water and the boundaries above."""
    area = bench.area
    parents: dict[str, Any] = {}
    for k in kinds.tolist():
        up = str(area.parent[np.flatnonzero(labels == k)[0]])
        parents[str(k)] = area.plan.grid_geometry(up) if up in area.plan.grids else area.plan.outline
    grids = {str(k): g for k, g in zip(kinds.tolist(), polygons, strict=True)}
    found = boundary_quality(grids, bench.lines, parents)
    whole = float(found["boundary_m"].sum())
    share = {c: float((found[c] * found["boundary_m"]).sum()) / max(whole, 1e-9) for c in found.columns if c != "boundary_m"}
    return {"boundary_km": round(whole / 1000, 3), "on_lines": round(share["followed"], 4),
            "on_roads": round(share["on_roads"], 4), "on_water": round(share["on_water"], 4),
            "on_parent": round(share["on_parent"], 4)}  # fmt: skip


def _walked(area: Area, labels: Ints, kinds: Ints) -> NDArray[np.bool_]:
    """Tell for each grid whether all its blocks are reached without crossing a river or another barrier."""
    graph = graph_of(area, np.arange(len(area)), np.zeros(len(area), dtype=np.int64), (0, 1))
    members: dict[int, list[int]] = {}
    for v, k in enumerate(labels.tolist()):
        members.setdefault(k, []).append(v)
    return np.array([graph.joined(members[int(k)]) for k in kinds], dtype=bool)


def graph_of(
    area: Area, blocks: Ints, weight: Ints, band: tuple[int, int], *, taste: Taste | None = None, home: Ints | None = None
) -> Graph:
    """Return blocks that belong together as the search sees them, without seeds.

    Parameters
    ----------
    area
        The ground.
    blocks
        Positions of the blocks.
    weight
        Weight of every block of the area.
    band
        Lowest and highest weight of a grid.
    taste
        What a division is judged by; without it every border costs 1.
    home
        The present grid of each of the blocks chosen; none by default.
    """
    place = np.full(len(area), -1, dtype=np.int64)
    place[blocks] = np.arange(len(blocks))
    near: list[dict[int, float]] = [{} for _ in blocks]
    usable = area.open & (place[area.first] >= 0) & (place[area.second] >= 0)
    for k in np.flatnonzero(usable).tolist():
        a, b = int(place[area.first[k]]), int(place[area.second[k]])
        major, loose = float(area.major[k]), float(area.loose[k])
        minor = max(float(area.length[k]) - major - loose, 0.0)
        cost = 1.0 if taste is None else taste.major * major + taste.minor * minor + taste.loose * loose
        near[a][b] = near[b][a] = cost
    return Graph(
        weight[blocks].tolist(), near, int(band[0]), int(band[1]), [0] * len(blocks),
        [-1] * len(blocks) if home is None else home.tolist(), area.figures[blocks, 0].tolist(), taste or Taste(),
    )  # fmt: skip
