"""Synthetic terrain on a raster: relief, main rivers, drainage basins, least-cost roads.

Height is not modelled as such. The cheapest way from a pixel down to a main river, over a fractal
relief, gives both the drainage (each pixel flows to the next one on that way) and a height to judge
slopes by (what the way costs). Divides between the catchments of stream links are the ridges.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, distance_transform_edt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from gridgis.demo.facts import River

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PIXEL = 80.0
MARGIN = 800.0
LINK_M2 = 4.0e5
STREAM_M2 = 5.0e6


@dataclass(frozen=True)
class Raster:
    """A raster over the county with its pixel graph; flat pixel numbers run row by row from the south.

    The raster is laid over the ground a little crumpled (`waves`), so that nothing that follows its
    rows and columns looks straight on the map.
    """

    x0: float
    y0: float
    shape: tuple[int, int]
    inside: NDArray[np.bool_]
    waves: Floats
    relief: Floats
    a: Ints
    b: Ints
    step: Floats

    def _shift(self, xy: Floats) -> Floats:
        shift = np.zeros_like(xy)
        for kx, ky, phase, dx, dy in self.waves:
            shift += np.sin(xy[:, :1] * kx + xy[:, 1:] * ky + phase) * [dx, dy]
        return shift

    def ground(self, xy: Floats) -> Floats:
        """Return where points of the flat raster (metres) lie on the ground."""
        return xy + self._shift(xy)

    def pixel(self, xy: Floats) -> Ints:
        """Return the flat pixel number under each point on the ground."""
        flat = xy - self._shift(xy)
        flat = xy - self._shift(flat)
        col = np.clip(((flat[:, 0] - self.x0) / PIXEL).astype(np.int64), 0, self.shape[1] - 1)
        row = np.clip(((flat[:, 1] - self.y0) / PIXEL).astype(np.int64), 0, self.shape[0] - 1)
        return row * self.shape[1] + col

    def centre(self, pixel: Ints) -> Floats:
        """Return the centre of each pixel on the ground in metres, shape (n, 2)."""
        row, col = np.divmod(pixel, self.shape[1])
        return self.ground(np.column_stack([self.x0 + (col + 0.5) * PIXEL, self.y0 + (row + 0.5) * PIXEL]))

    def corner(self, col_row: Ints) -> Floats:
        """Return corners of pixels on the ground, from columns and rows in the last axis."""
        flat = col_row.reshape(-1, 2) * PIXEL + [self.x0, self.y0]
        return self.ground(flat).reshape(col_row.shape)

    def costs(self, cost: Floats) -> csr_array:
        """Return the pixel graph with the cost of each step between neighbours."""
        weight = 0.5 * (cost[self.a] + cost[self.b]) * self.step
        n = len(self.relief)
        return csr_array(
            (
                np.concatenate([weight, weight]),
                (np.concatenate([self.a, self.b]), np.concatenate([self.b, self.a])),
            ),
            shape=(n, n),
        )


@dataclass(frozen=True)
class Drainage:
    """Where each pixel flows to, what the way down costs, and which stream link's catchment it is in."""

    down: Ints
    climb: Floats
    link: Ints
    flow: Floats
    on_river: NDArray[np.bool_]


def fractal(shape: tuple[int, int], beta: float, rng: np.random.Generator) -> Floats:
    """Return noise with the spectrum 1/f^beta, mean 0 and standard deviation 1."""
    fy = np.fft.fftfreq(shape[0])[:, None]
    fx = np.fft.rfftfreq(shape[1])[None, :]
    f = np.hypot(fx, fy)
    f[0, 0] = 1.0
    phase = rng.uniform(0, 2 * np.pi, f.shape)
    field = np.fft.irfft2(f ** (-beta / 2) * np.exp(1j * phase), s=shape)
    return np.asarray((field - field.mean()) / field.std())


def make_raster(outline: shapely.Polygon, rng: np.random.Generator) -> Raster:
    """Return a raster that covers the county and a margin, with its fractal relief."""
    xmin, ymin, xmax, ymax = outline.bounds
    x0, y0 = xmin - MARGIN, ymin - MARGIN
    shape = (int((ymax - ymin + 2 * MARGIN) / PIXEL) + 1, int((xmax - xmin + 2 * MARGIN) / PIXEL) + 1)
    near = outline.buffer(MARGIN).simplify(100)
    shapely.prepare(near)
    a, b, step = _neighbours(shape)
    relief = np.exp(0.5 * fractal(shape, 2.5, rng) + 0.75 * fractal(shape, 1.0, rng)).ravel()
    raster = Raster(x0, y0, shape, np.zeros(0, dtype=bool), _waves(rng), relief, a, b, step)
    xy = raster.centre(np.arange(len(relief)))
    inside = shapely.contains_xy(near, xy[:, 0], xy[:, 1])
    keep = inside[a] & inside[b]
    return replace(raster, inside=inside, a=a[keep], b=b[keep], step=step[keep])


def _waves(rng: np.random.Generator) -> Floats:
    """Return a few waves of displacement: wave numbers, phase, and how far they push in x and y."""
    rows = []
    for length, push in ((3100.0, 95.0), (1250.0, 42.0), (520.0, 17.0)):
        for _ in range(3):
            angle, way = rng.uniform(0, 2 * np.pi, 2)
            k = 2 * np.pi / (length * rng.uniform(0.8, 1.25))
            rows.append(
                [
                    k * np.cos(angle),
                    k * np.sin(angle),
                    rng.uniform(0, 2 * np.pi),
                    push * np.cos(way),
                    push * np.sin(way),
                ]
            )
    return np.array(rows)


def _neighbours(shape: tuple[int, int]) -> tuple[Ints, Ints, Floats]:
    """Pairs of pixels that touch, diagonals included, and the distance between their centres."""
    number = np.arange(shape[0] * shape[1]).reshape(shape)
    pairs = [
        (number[:, :-1], number[:, 1:], PIXEL),
        (number[:-1, :], number[1:, :], PIXEL),
        (number[:-1, :-1], number[1:, 1:], PIXEL * np.sqrt(2)),
        (number[:-1, 1:], number[1:, :-1], PIXEL * np.sqrt(2)),
    ]
    a = np.concatenate([p.ravel() for p, _, _ in pairs])
    b = np.concatenate([q.ravel() for _, q, _ in pairs])
    return a, b, np.concatenate([np.full(p.size, d) for p, _, d in pairs])


def river_course(river: River, rng: np.random.Generator) -> shapely.LineString:
    """Return a meandering line through the points of a river."""
    xy = river.through
    for roughness in (0.13, 0.13, 0.12, 0.11, 0.10, 0.08):
        a, b = xy[:-1], xy[1:]
        along = b - a
        across = np.column_stack([-along[:, 1], along[:, 0]])
        middle = 0.5 * (a + b) + across * rng.uniform(-roughness, roughness, (len(a), 1))
        middle[np.hypot(*along.T) < 120] = (0.5 * (a + b))[np.hypot(*along.T) < 120]
        xy = np.insert(xy, np.arange(1, len(xy)), middle, axis=0)
    for _ in range(3):
        xy[1:-1] = 0.25 * xy[:-2] + 0.5 * xy[1:-1] + 0.25 * xy[2:]
    return shapely.simplify(shapely.LineString(xy), 4.0)


def drain(raster: Raster, courses: list[shapely.LineString]) -> Drainage:
    """Let every pixel flow to the main rivers over the relief."""
    marks = [shapely.get_coordinates(shapely.segmentize(c, PIXEL / 3)) for c in courses]
    pixels = raster.pixel(np.vstack(marks))
    reach = np.concatenate(
        [(np.arange(len(m)) * (PIXEL / 3) // 2500).astype(int) + 1000 * i for i, m in enumerate(marks)]
    )
    keep = raster.inside[pixels]
    sinks, first = np.unique(pixels[keep], return_index=True)
    climb, down, _ = dijkstra(raster.costs(raster.relief), indices=sinks, min_only=True, return_predecessors=True)
    climb = np.where(raster.inside, climb, np.inf)
    on_river = np.zeros(len(climb), dtype=bool)
    on_river[sinks] = True
    river_reach = np.zeros(len(climb), dtype=np.int64)
    river_reach[sinks] = reach[keep][first]
    flow, link = _links(climb, down.astype(np.int64), river_reach, on_river)
    return Drainage(down.astype(np.int64), climb, link, flow, on_river)


def _links(climb: Floats, down: Ints, river_reach: Ints, on_river: NDArray[np.bool_]) -> tuple[Floats, Ints]:
    """Area that drains through each pixel, and the number of the stream link it belongs to."""
    order = np.argsort(climb, kind="stable")
    order = order[np.isfinite(climb[order])]
    flow = [PIXEL * PIXEL] * len(climb)
    target = down.tolist()
    for p in order[::-1].tolist():
        if target[p] >= 0:
            flow[target[p]] += flow[p]
    area = np.asarray(flow)
    streams = (area > LINK_M2) & ~on_river & (down >= 0)
    tributaries = np.bincount(down[streams], minlength=len(climb))
    opens = streams & (on_river[np.maximum(down, 0)] | (tributaries[np.maximum(down, 0)] > 1))
    link = np.where(on_river, river_reach, -1)
    link[opens] = 100_000 + np.flatnonzero(opens)
    number = link.tolist()
    for p in order.tolist():
        if number[p] < 0:
            number[p] = number[target[p]]
    return area, np.asarray(number, dtype=np.int64)


def divides(raster: Raster, drainage: Drainage) -> list[shapely.LineString]:
    """Return the ridges: smoothed lines between the catchments of different links."""
    link = drainage.link.reshape(raster.shape)
    outside = ~raster.inside.reshape(raster.shape)
    # A margin pixel takes the link of the nearest pixel inside, so that ridges run on across the outline.
    near = distance_transform_edt(outside, return_distances=False, return_indices=True)
    link = link[tuple(near)]
    rows, cols = np.nonzero(link[:, :-1] != link[:, 1:])
    upright = np.stack([np.column_stack([cols + 1, rows]), np.column_stack([cols + 1, rows + 1])], axis=1)
    rows, cols = np.nonzero(link[:-1, :] != link[1:, :])
    level = np.stack([np.column_stack([cols, rows + 1]), np.column_stack([cols + 1, rows + 1])], axis=1)
    edges = raster.corner(np.concatenate([upright, level]))
    return list(smooth(merge_edges(edges), rounds=7, tolerance=7.0))


def merge_edges(edges: Floats) -> NDArray[np.object_]:
    """Join edges, shape (n, 2, 2), to lines that end where three or more of them meet."""
    merged = shapely.line_merge(shapely.multilinestrings(np.asarray(shapely.linestrings(edges))))
    return np.asarray(shapely.get_parts(merged))


def smooth(lines: NDArray[np.object_], rounds: int, tolerance: float) -> NDArray[np.object_]:
    """Round off lines, ends fixed, and drop the points that are no longer needed."""
    xy, part = shapely.get_coordinates(lines, return_index=True)
    inner = np.flatnonzero((part[1:-1] == part[:-2]) & (part[1:-1] == part[2:])) + 1
    for _ in range(rounds):
        xy[inner] = 0.25 * xy[inner - 1] + 0.5 * xy[inner] + 0.25 * xy[inner + 1]
    return np.asarray(shapely.simplify(shapely.linestrings(xy, indices=part), tolerance))


def streams(raster: Raster, drainage: Drainage, courses: list[shapely.LineString]) -> list[shapely.LineString]:
    """Return the larger tributaries, each ending on the stream that it joins."""
    big = np.flatnonzero((drainage.flow > STREAM_M2) & ~drainage.on_river & (drainage.down >= 0))
    if len(big) == 0:
        return []
    mouth = drainage.on_river[drainage.down[big]]
    ends = raster.centre(drainage.down[big])
    river = shapely.multilinestrings(courses)
    to_bank = shapely.shortest_line(shapely.points(ends[mouth]), river)
    ends[mouth] = shapely.get_coordinates(shapely.get_point(to_bank, 1))
    edges = np.stack([raster.centre(big), ends], axis=1)
    return list(smooth(merge_edges(edges), rounds=3, tolerance=6.0))


def road_costs(raster: Raster, drainage: Drainage) -> Floats:
    """Return what a road costs per metre: little on the valley floor, much on ridges and across rivers."""
    height = np.where(np.isfinite(drainage.climb), drainage.climb, 0.0)
    # Roads go up the side valleys: where much water comes down, the ground is level and open.
    valley = np.clip(np.log(np.maximum(drainage.flow, 6400.0) / 5.0e4) / 4.0, 0.0, 1.0)
    cost: Floats = raster.relief**0.55 * (1.6 + 1.2 * np.minimum(height / 1800.0, 4.0)) * (1.0 - 0.72 * valley)
    bank = binary_dilation(drainage.on_river.reshape(raster.shape), np.ones((3, 3))).ravel()
    beside = binary_dilation(bank.reshape(raster.shape), np.ones((3, 3))).ravel() & ~bank
    cost[beside] = np.minimum(cost[beside], 0.55 + 0.1 * raster.relief[beside])
    cost[bank] = 1.6
    cost[drainage.on_river] = 7.0
    return cost


def trace(tree: Ints, starts: Ints, stop: NDArray[np.bool_]) -> list[Ints]:
    """Return the way from each start down the tree until it meets `stop` or an earlier way."""
    met = stop.copy()
    ways = []
    for start in starts.tolist():
        way, p = [start], start
        while not met[p] and tree[p] >= 0:
            met[p] = True
            p = int(tree[p])
            way.append(p)
        ways.append(np.asarray(way, dtype=np.int64))
    return ways
