"""Towns: where the built-up area lies, and the streets that divide it into blocks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.ndimage import binary_closing, binary_fill_holes, binary_opening, label
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from gridgis.demo.terrain import PIXEL, Drainage, Floats, Raster, merge_edges

LARGE_M2 = 130_000.0
"""Blocks above this size are divided by a secondary road, smaller ones by a street."""
SMALLEST_BLOCK = 3_000.0
BLOCKS_PER_UNIT = 8.6
"""Blocks wanted for each unit grid of a town; five is the least that it may have."""


@dataclass(frozen=True)
class Town:
    """One built-up area: the townships that share it, its centres, its size in unit grids."""

    townships: tuple[str, ...]
    centres: Floats
    units: int
    shape: shapely.Polygon

    @property
    def is_main(self) -> bool:
        """Whether this is the county town, which several townships share."""
        return len(self.townships) > 1


@dataclass(frozen=True)
class Street:
    """A street of a town: its line and whether it is a main, secondary or minor one."""

    line: shapely.LineString
    kind: str


def town_area(units: int, main: bool) -> float:
    """Return how much ground a town of so many unit grids covers, in square metres."""
    return units * (104_000.0 if main else 88_000.0)


def building_costs(raster: Raster, drainage: Drainage, large: bool) -> csr_array:
    """Return how hard it is for a town to spread: a small one clings to the valley floor."""
    height = np.where(np.isfinite(drainage.climb), drainage.climb, 1e6)
    steep = 420.0 if large else 240.0
    return raster.costs((1.0 + (np.minimum(height, 6000.0) / steep) ** 1.5) * raster.relief**0.5)


def town_shape(
    raster: Raster, costs: csr_array, centres: Floats, area: float, within: shapely.Geometry
) -> shapely.Polygon:
    """Return the ground that is easiest to build on from the centres, as one polygon without holes."""
    reach = 6.0 * np.sqrt(area)
    far = dijkstra(costs, indices=raster.pixel(centres), min_only=True, limit=reach)
    xy = raster.centre(np.flatnonzero(np.isfinite(far)))
    shapely.prepare(within)
    far[np.flatnonzero(np.isfinite(far))[~shapely.contains_xy(within, xy[:, 0], xy[:, 1])]] = np.inf
    need = int(area / PIXEL**2)
    mask = np.zeros(far.shape, dtype=bool)
    mask[np.argsort(far, kind="stable")[:need]] = True
    return _outline_of(raster, mask.reshape(raster.shape))


def _outline_of(raster: Raster, mask: NDArray[np.bool_]) -> shapely.Polygon:
    smoothed = binary_fill_holes(binary_closing(mask, np.ones((3, 3)), iterations=2))
    opened = binary_opening(smoothed, np.ones((2, 2)))
    parts, count = label(opened if opened.sum() > 0.7 * mask.sum() else smoothed)
    biggest = np.pad(parts == 1 + np.argmax(np.bincount(parts.ravel())[1 : count + 1]), 1)
    rows, cols = np.nonzero(biggest[:, :-1] != biggest[:, 1:])
    upright = np.stack([np.column_stack([cols, rows - 1]), np.column_stack([cols, rows])], axis=1)
    rows, cols = np.nonzero(biggest[:-1, :] != biggest[1:, :])
    level = np.stack([np.column_stack([cols - 1, rows]), np.column_stack([cols, rows])], axis=1)
    edges = raster.corner(np.concatenate([upright, level]))
    faces = shapely.get_parts(shapely.polygonize(merge_edges(edges)))
    ring = shapely.get_coordinates(faces[np.argmax(shapely.area(faces))].exterior)[:-1]
    for _ in range(5):
        ring = 0.25 * np.roll(ring, 1, axis=0) + 0.5 * ring + 0.25 * np.roll(ring, -1, axis=0)
    return shapely.simplify(shapely.Polygon(ring), 6.0)


def lay_streets(town: Town, skeleton: list[shapely.LineString], rng: np.random.Generator) -> list[Street]:
    """Return the streets that divide a town, from its ring road down to the lanes.

    Parameters
    ----------
    town
        The town with its outer shape.
    skeleton
        Main roads and rivers through the town; they stay as they are.
    rng
        Source of chance.
    """
    rings = [town.shape.exterior]
    if town.is_main:
        inner = max(shapely.get_parts(town.shape.buffer(-620).buffer(-160).buffer(160)), key=shapely.area)
        rings.append(shapely.simplify(inner, 12.0).exterior)
    streets = [Street(shapely.LineString(r.coords), "secondary") for r in rings]
    crossing = [shapely.intersection(line, town.shape) for line in skeleton]
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(shapely.union_all([*rings, *crossing]))))
    # Two rivers or roads side by side leave strips; they are melted away with the other slivers.
    large = [f for f in faces if f.area > SMALLEST_BLOCK]
    size = town.shape.area / (town.units * BLOCKS_PER_UNIT)
    while True:
        lanes, blocks = _subdivide(town, large, size, rng)
        if blocks >= 0.85 * BLOCKS_PER_UNIT * town.units or size < SMALLEST_BLOCK:
            return streets + lanes
        size *= 0.85


def _subdivide(
    town: Town, large: list[shapely.Polygon], size: float, rng: np.random.Generator
) -> tuple[list[Street], int]:
    """Cut blocks in two, again and again, until each is about the wished size."""
    cuts, done = subdivide(large, lambda block: _target(town, block, size, rng), SMALLEST_BLOCK, rng)
    return [Street(line, "secondary" if area > LARGE_M2 else "street") for line, area in cuts], done


def subdivide(
    large: list[shapely.Polygon],
    target: Callable[[shapely.Polygon], float],
    smallest: float,
    rng: np.random.Generator,
    wild: float = 0.0,
    tries: int = 1,
) -> tuple[list[tuple[shapely.LineString, float]], int]:
    """Cut blocks in two, again and again, until each is below its target.

    Parameters
    ----------
    large
        The blocks to begin with.
    target
        Size in square metres below which a block stays whole; drawn anew for each block.
    smallest
        No cut leaves much less than this.
    rng
        Source of chance.
    wild
        How far long cuts swing to either side, as a share of their length.
    tries
        Cuts to try before a block is left whole; of several, the best is taken even if it leaves a sliver.

    Returns
    -------
    tuple
        The cuts, each with the area of the block that it divides, and the number of blocks left.
    """
    cuts: list[tuple[shapely.LineString, float]] = []
    pending, done = list(large), 0
    while pending:
        block = pending.pop()
        cut = _cut(block, rng, wild)
        pieces: list[shapely.Polygon] = []
        if block.area >= target(block):
            cut, pieces = _best_cut(block, cut, partial(_cut, block, rng, wild), smallest, tries)
        if not pieces:
            done += 1
            continue
        parts = shapely.get_parts(shapely.intersection(cut, block))
        cuts.extend((part, block.area) for part in parts if part.geom_type == "LineString")
        pending.extend(pieces)
    return cuts, done


def _best_cut(
    block: shapely.Polygon,
    cut: shapely.LineString,
    again: Callable[[], shapely.LineString],
    smallest: float,
    tries: int,
) -> tuple[shapely.LineString, list[shapely.Polygon]]:
    """Return the first cut that leaves no sliver, with the pieces; of several tries the best one."""
    best: tuple[float, shapely.LineString, list[shapely.Polygon]] = (0.0, cut, [])
    for n in range(tries):
        cut = again() if n else cut
        pieces = _pieces(block, cut)
        least = min(p.area for p in pieces) if len(pieces) > 1 else 0.0
        if least >= 0.7 * smallest:
            return cut, pieces
        if tries > 1 and least > best[0] and block.area > 12 * smallest:
            best = (least, cut, pieces)
    return best[1], best[2]


def _pieces(block: shapely.Polygon, cut: shapely.LineString) -> list[shapely.Polygon]:
    network = shapely.get_parts(shapely.union(block.boundary, cut))
    faces = shapely.get_parts(shapely.polygonize(network))
    return [p for p in faces if block.contains(p.representative_point())]


def _target(town: Town, block: shapely.Polygon, size: float, rng: np.random.Generator) -> float:
    """Size below which a block stays whole: small in the centre, larger towards the edge."""
    middle = block.centroid
    reach = np.sqrt(town.shape.area / np.pi)
    near = np.min(np.hypot(town.centres[:, 0] - middle.x, town.centres[:, 1] - middle.y)) / reach
    base = size * (0.68 + 0.62 * np.clip(near, 0.0, 1.3) ** 1.3)
    return float(1.5 * base * rng.lognormal(0.0, 0.28))


def _cut(block: shapely.Polygon, rng: np.random.Generator, wild: float = 0.0) -> shapely.LineString:
    """Return a slightly bent line across the longer side of a block, longer than needed."""
    box = shapely.get_coordinates(shapely.oriented_envelope(block))
    first, second = box[1] - box[0], box[2] - box[1]
    if np.hypot(*first) < np.hypot(*second):
        box = np.roll(box[:4], -1, axis=0)
        first, second = box[1] - box[0], box[2] - box[1]
    at = box[0] + first * (0.5 + rng.uniform(-0.13, 0.13))
    turn = rng.normal(0.0, 0.07)
    across = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ second
    t = np.linspace(-0.3, 1.3, 13)
    bow = rng.normal(0.0, 0.035) * (1 - (2 * t - 1) ** 2)
    if wild and np.hypot(*across) > 900.0:
        t = np.linspace(-0.3, 1.3, 60)
        waves = [rng.normal(0.0, wild / k) * np.sin(np.pi * k * t + rng.uniform(0, 6.28)) for k in (2, 3, 5, 9, 15)]
        bow = np.sum(waves, axis=0)
    normal = np.array([-across[1], across[0]])
    return shapely.LineString(at + np.outer(t, across) + np.outer(bow, normal))
