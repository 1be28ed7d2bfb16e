"""Made-up coverages for the benchmarks: jittered six-sided cells with wiggling shared edges, on the mm lattice.

They are no real county: every cell has six neighbours, and sizes differ by a smooth warp, tightest in
the middle. Shared edges carry the same vertices on both sides by construction.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

EAST, NORTH = 450_000.0, 3_380_000.0

Floats = NDArray[np.float64]


def coverage(
    n: int, *, vertices: int = 20, seed: int = 1, step_mm: int = 1, side_m: float = 0.0
) -> NDArray[np.object_]:
    """Return about `n` polygons.

    Parameters
    ----------
    vertices
        Inner vertices per edge; a cell has 6 * (vertices + 1).
    step_mm
        Coordinates are multiples of this: edges then pass exactly through lattice points.
    side_m
        Width and height of the whole; 400 m per cell and side by default.
    """
    rng = np.random.default_rng(seed)
    rows = max(round(np.sqrt(n)), 1)
    columns = max(round(n / rows), 1)
    nodes = np.stack(np.meshgrid(np.arange(2 * columns + 2) / 2, np.arange(rows + 1.0)), axis=-1)
    nodes += rng.uniform(-0.09, 0.09, nodes.shape)
    across = _wiggled(nodes[:, :-1], nodes[:, 1:], vertices, rng)
    up = _wiggled(nodes[:-1], nodes[1:], vertices, rng)
    size = side_m or 400.0 * np.sqrt(n)
    frame = (np.array([columns + 0.5, rows]), size, step_mm)
    across, up = _placed(across, *frame), _placed(up, *frame)
    nodes = _placed(nodes, *frame)
    row = np.repeat(np.arange(rows), columns)
    west = np.tile(2 * np.arange(columns), rows) + row % 2
    ring = [
        across[row, west], across[row, west + 1], up[row, west + 2],
        _back(across, nodes, row + 1, west + 1, (0, 1)), _back(across, nodes, row + 1, west, (0, 1)),
        _back(up, nodes, row, west, (1, 0)),
    ]  # fmt: skip
    xy = np.concatenate([*ring, ring[0][:, :1]], axis=1)
    return np.asarray(shapely.polygons(shapely.linearrings(xy)), dtype=object)


def _wiggled(start: Floats, end: Floats, vertices: int, rng: np.random.Generator) -> Floats:
    """Return start and inner vertices of edges, pushed aside within a narrow cone, shape (..., 1 + vertices, 2)."""
    t = np.arange(vertices + 1) / (vertices + 1)
    way = (end - start)[..., None, :]
    aside = np.concatenate([-way[..., 1:], way[..., :1]], axis=-1)
    push = rng.uniform(-0.1, 0.1, (*start.shape[:-1], vertices + 1)) * np.minimum(t, 1 - t)
    return np.asarray(start[..., None, :] + t[:, None] * way + push[..., None] * aside)


def _placed(xy: Floats, spread: Floats, size: float, step_mm: int) -> Floats:
    share = xy / spread
    warped = share - 0.6 * np.sin(2 * np.pi * share) * -1 / (2 * np.pi)
    millimetres = np.round((warped * size + np.array([EAST, NORTH])) * 1000 / step_mm) * step_mm
    return np.asarray(millimetres / 1000)


def _back(edges: Floats, nodes: Floats, row: Floats, column: Floats, far: tuple[int, int]) -> Floats:
    """Return edges walked from their far end."""
    end = nodes[row + far[0], column + far[1]][:, None]
    return np.concatenate([end, edges[row, column][:, :0:-1]], axis=1)


def scattered(polygons: NDArray[np.object_], n: int, seed: int = 2) -> Floats:
    """Return points: three in four clustered round a few dozen places, the others anywhere in the box."""
    rng = np.random.default_rng(seed)
    x0, y0, x1, y1 = shapely.total_bounds(polygons)
    size = np.array([x1 - x0, y1 - y0])
    low = np.array([x0, y0])
    centres = low + size * rng.uniform(0.1, 0.9, (60, 2))
    spread = rng.lognormal(np.log(0.015), 0.6, 60) * size.min()
    pick = rng.integers(0, 60, n)
    near = centres[pick] + rng.normal(size=(n, 2)) * spread[pick, None]
    return np.where(rng.random((n, 1)) < 0.75, near, low + size * rng.random((n, 2)))


def hard_points(polygons: NDArray[np.object_], n: int, seed: int = 3) -> Floats:
    """Return points that are hard to place: on nodes and edges, 1e-9 m off them, and a few millimetres off the outline."""
    rng = np.random.default_rng(seed)
    some = polygons[rng.integers(0, len(polygons), min(n, 4000))]
    xy, ring = shapely.get_coordinates(shapely.get_exterior_ring(some), return_index=True)
    inside = np.flatnonzero(ring[1:] == ring[:-1])
    pick = inside[rng.integers(0, len(inside), n)]
    a, b = np.round(xy[pick] * 1000).astype(np.int64), np.round(xy[pick + 1] * 1000).astype(np.int64)
    parts = np.gcd(*np.abs(b - a).T)
    on = (a + (b - a) // parts[:, None] * rng.integers(0, parts + 1)[:, None]) / 1000
    box = shapely.total_bounds(polygons)
    border = shapely.get_coordinates(shapely.boundary(shapely.coverage_union_all(polygons)))
    edge = border[rng.integers(0, len(border), n)]
    kind = rng.integers(0, 7, n)[:, None]
    off = rng.choice([-1e-9, 1e-9], (n, 2))
    few = rng.integers(-4, 5, (n, 2)) / 1000
    anywhere = box[:2] + (box[2:] - box[:2]) * rng.uniform(-0.02, 1.02, (n, 2))
    return np.select(
        [kind == 0, kind == 1, kind == 2, kind == 3, kind == 4, kind == 5],
        [a / 1000, on, a / 1000 + off, on + off, edge + few, a / 1000 + few],
        anywhere,
    )
