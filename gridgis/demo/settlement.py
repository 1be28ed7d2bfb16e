"""Where people live: the buildings of towns and hamlets, and the roads that lead to the hamlets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter, minimum_filter

from gridgis.demo.footprints import Plots, block_kinds, hamlets, keep_clear, roadside, rows_of_houses, slabs
from gridgis.demo.network import Network, village_roads
from gridgis.demo.terrain import Floats, Ints, Raster

Geometries = NDArray[np.object_]

TOWN_SHARE = 0.45
"""Share of the buildings that stand in the towns; many houses in the hills are empty."""


@dataclass(frozen=True)
class Ground:
    """What buildings stand on and keep clear of."""

    network: Network
    outline: shapely.Polygon
    cells: Geometries
    unit: NDArray[np.object_]
    built_up: NDArray[np.bool_]
    edges: Geometries
    water: Geometries

    def cell_of(self, xy: Floats) -> Ints:
        """Return the number of the cell under each point, -1 outside."""
        return cells_under(self.cells, xy)


def cells_under(cells: Geometries, xy: Floats) -> Ints:
    """Return the number of the cell under each point, -1 outside."""
    found = np.full(len(xy), -1, dtype=np.int64)
    # Asking with the cells lets GEOS prepare each of them once.
    cell, point = shapely.STRtree(np.asarray(shapely.points(xy))).query(cells, predicate="contains")
    found[point] = cell
    return found


@dataclass(frozen=True)
class Settlement:
    """All buildings with the cell of each, the village roads, and what each cell of a town is."""

    plots: Plots
    shapes: Geometries
    cell: Ints
    village_roads: list[shapely.LineString]
    block_kind: NDArray[np.object_]


def settle(ground: Ground, total: int, rng: np.random.Generator) -> Settlement:
    """Place exactly `total` buildings, each strictly inside one cell."""
    town_plots, kinds = _town(ground, rng)
    wanted = min(int(total * TOWN_SHARE), len(town_plots))
    chosen = np.sort(rng.permutation(len(town_plots))[:wanted])
    town_plots = town_plots.take(chosen)
    rural_plots, roads = _country(ground, total - wanted, rng)
    plots = Plots.join([town_plots, rural_plots])
    return Settlement(plots, plots.rectangles(), ground.cell_of(plots.xy), roads, kinds)


def _town(ground: Ground, rng: np.random.Generator) -> tuple[Plots, NDArray[np.object_]]:
    """Candidates in the blocks of the towns, all of them clear of streets and of each other."""
    blocks = ground.cells[ground.built_up]
    centre = np.vstack([t.centres for t in ground.network.towns])
    kinds = block_kinds(blocks, centre, rng)
    in_rows = kinds == "rows"
    plots = Plots.join([slabs(blocks[~in_rows], kinds[~in_rows], rng), rows_of_houses(blocks[in_rows], rng)])
    streets = np.array([s.line for s in ground.network.streets], dtype=object)
    clear = keep_clear(plots, [(ground.edges, 4.0), (streets, 4.0), *_far_from(ground)])
    cell = ground.cell_of(plots.xy)
    clear &= (cell >= 0) & ground.built_up[np.maximum(cell, 0)]
    everywhere = np.full(len(ground.cells), "", dtype=object)
    everywhere[ground.built_up] = kinds
    return plots.take(clear), everywhere


def _far_from(ground: Ground) -> list[tuple[Geometries, float]]:
    """Return main roads and water, with the distance to keep from them."""
    return [
        (np.array(ground.network.main_roads, dtype=object), 9.0),
        (np.array(ground.network.rivers, dtype=object), 24.0),
        (np.array(ground.network.streams, dtype=object), 9.0),
        (ground.water, 8.0),
    ]


def _country(ground: Ground, total: int, rng: np.random.Generator) -> tuple[Plots, list[shapely.LineString]]:
    """Hamlets in the valleys of every unit grid outside the towns, and the roads to them."""
    centres, unit = _hamlet_sites(ground, rng)
    roads = village_roads(ground.network, centres, ground.outline)
    size = rng.lognormal(0.0, 0.55, len(centres))
    share = rng.lognormal(0.0, 0.35, unit.max() + 1)
    want = total * (share / share.sum())[unit] * size / np.bincount(unit, weights=size)[unit]
    lines = np.array([*roads, *ground.network.main_roads], dtype=object)
    rows, row_hamlet, row_far = roadside(lines, centres, rng)
    houses, house_hamlet, house_far = hamlets(
        centres, _valley(ground, centres), np.ceil(1.3 * want + 10).astype(np.int64), rng
    )
    plots, hamlet = Plots.join([rows, houses]), np.concatenate([row_hamlet, house_hamlet])
    far = np.concatenate([0.45 * row_far, house_far])
    town_shapes = np.array([t.shape for t in ground.network.towns], dtype=object)
    village = np.array(roads, dtype=object)
    clear = keep_clear(plots, [(ground.edges, 2.0), (village, 4.5), (town_shapes, 3.0), *_far_from(ground)], 1.2)
    cell = ground.cell_of(plots.xy)
    clear &= (cell >= 0) & ~ground.built_up[np.maximum(cell, 0)]
    return plots.take(fill(clear, hamlet, far, want, total)), roads


def fill(clear: NDArray[np.bool_], hamlet: Ints, far: Floats, want: Floats, total: int) -> Ints:
    """Choose houses, nearest to the middle of their hamlet first, until the county has its number."""
    order = np.flatnonzero(clear)
    order = order[np.lexsort([far[order], hamlet[order]])]
    start = np.searchsorted(hamlet[order], np.arange(len(want)))
    rank = (np.arange(len(order)) - start[hamlet[order]]) / want[hamlet[order]]
    return np.sort(order[np.argsort(rank, kind="stable")[:total]])


def _hamlet_sites(ground: Ground, rng: np.random.Generator) -> tuple[Floats, Ints]:
    """Low ground in each unit grid outside the towns, hamlets a few hundred metres apart."""
    raster, drainage = ground.network.raster, ground.network.drainage
    pixels = np.flatnonzero(np.isfinite(drainage.climb) & ~drainage.on_river)
    score = drainage.climb[pixels] + rng.gumbel(0.0, 260.0, len(pixels)) - 60 * np.log(drainage.flow[pixels] / 6400)
    cell = ground.cell_of(raster.centre(pixels))
    keep = (cell >= 0) & ~ground.built_up[np.maximum(cell, 0)]
    pixels, score, cell = pixels[keep], score[keep], cell[keep]
    names, unit = np.unique(ground.unit[cell].astype(str), return_inverse=True)
    # Boundaries meet in the valleys too; hamlets keep away from them where there is room.
    score[_on_rim(raster, pixels, unit)] += 2500.0
    wanted = rng.integers(3, 8, len(names))
    order = np.lexsort([score, unit])
    xy = raster.centre(pixels[order])
    sites: list[Floats] = []
    owner: list[int] = []
    cuts = np.searchsorted(unit[order], np.arange(len(names) + 1))
    for u, (a, b) in enumerate(zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True)):
        found: list[Floats] = []
        for point in xy[a:b]:
            if all(np.hypot(*(point - other)) > 330.0 for other in found):
                found.append(point)
                if len(found) >= wanted[u]:
                    break
        sites.extend(found)
        owner.extend([u] * len(found))
    return np.array(sites) + rng.normal(0, 15.0, (len(sites), 2)), np.array(owner, dtype=np.int64)


def _valley(ground: Ground, centres: Floats) -> Floats:
    """Direction in which the way to the main road leaves each hamlet, in radians."""
    raster, tree = ground.network.raster, ground.network.road_tree
    start = raster.pixel(centres)
    ahead = start.copy()
    for _ in range(4):
        ahead = np.where(tree[ahead] >= 0, tree[ahead], ahead)
    way = raster.centre(ahead) - raster.centre(start)
    return np.asarray(np.arctan2(way[:, 1], way[:, 0]))


def _on_rim(raster: Raster, pixels: Ints, unit: Ints) -> NDArray[np.bool_]:
    """Tell which pixels touch a pixel of another unit grid, or of none."""
    whole = np.full(len(raster.relief), -1, dtype=np.int64)
    whole[pixels] = unit
    plane = whole.reshape(raster.shape)
    rim = maximum_filter(plane, 3) != minimum_filter(plane, 3)
    return np.asarray(rim.ravel()[pixels])
