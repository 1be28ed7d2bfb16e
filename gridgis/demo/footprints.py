"""Building footprints: small turned rectangles in rows along streets, in compounds and in hamlets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import KDTree

from gridgis.demo.faces import segments
from gridgis.demo.terrain import Floats, Ints


@dataclass(frozen=True)
class Plots:
    """Candidate buildings: middle, direction of the long side (radians), width, depth, storeys, use."""

    xy: Floats
    turn: Floats
    width: Floats
    depth: Floats
    storeys: Ints
    use: NDArray[np.object_]

    def __len__(self) -> int:
        """Return the number of candidates."""
        return len(self.xy)

    def rectangles(self, margin: float = 0.0) -> NDArray[np.object_]:
        """Return the footprints on the 1 mm lattice, widened by a margin on each side."""
        w, d = self.width / 2 + margin, self.depth / 2 + margin
        u = np.column_stack([-w, w, w, -w, -w])
        v = np.column_stack([-d, -d, d, d, -d])
        c, s = np.cos(self.turn)[:, None], np.sin(self.turn)[:, None]
        x = self.xy[:, :1] + u * c - v * s
        y = self.xy[:, 1:] + u * s + v * c
        corners = np.round(np.stack([x, y], axis=-1), 3)
        corners[:, 4] = corners[:, 0]
        return np.asarray(shapely.polygons(corners))

    def take(self, which: NDArray[np.bool_] | Ints) -> Plots:
        """Return some of the candidates."""
        return Plots(
            self.xy[which],
            self.turn[which],
            self.width[which],
            self.depth[which],
            self.storeys[which],
            self.use[which],
        )

    @staticmethod
    def none() -> Plots:
        """Return no candidates."""
        nothing = np.zeros(0)
        return Plots(np.zeros((0, 2)), nothing, nothing, nothing, nothing.astype(np.int64), nothing.astype(object))

    @staticmethod
    def join(parts: list[Plots]) -> Plots:
        """Put several sets of candidates together."""
        return Plots(
            np.concatenate([p.xy for p in parts]),
            np.concatenate([p.turn for p in parts]),
            np.concatenate([p.width for p in parts]),
            np.concatenate([p.depth for p in parts]),
            np.concatenate([p.storeys for p in parts]),
            np.concatenate([p.use for p in parts]),
        )


def block_kinds(blocks: NDArray[np.object_], centre: Floats, rng: np.random.Generator) -> NDArray[np.object_]:
    """Choose what each block of a town is: rows of houses, a compound, works, a public site, a park."""
    middle = shapely.get_coordinates(shapely.centroid(blocks))
    away = np.min(np.hypot(middle[:, None, 0] - centre[:, 0], middle[:, None, 1] - centre[:, 1]), axis=1)
    draw = rng.random(len(blocks))
    compound = 0.16 + 0.22 * np.clip(away / 2500.0, 0, 1)
    works = 0.02 + 0.16 * np.clip(away / 2500.0, 0, 1) ** 2
    kinds = np.full(len(blocks), "rows", dtype=object)
    kinds[draw < compound] = "compound"
    kinds[draw > 1 - works] = "works"
    kinds[(draw > 0.60) & (draw < 0.63)] = "public"
    kinds[(draw > 0.63) & (draw < 0.65)] = "park"
    return kinds


def rows_of_houses(blocks: NDArray[np.object_], rng: np.random.Generator, spacing: float = 11.3) -> Plots:
    """Return houses along the streets around each block, and in further rows behind them."""
    parts = []
    for row in range(7):
        rings = shapely.get_parts(shapely.buffer(blocks, -(10.0 + 14.2 * row), join_style="mitre"))
        rings = shapely.get_exterior_ring(rings[shapely.area(rings) > 120.0])
        if len(rings) == 0:
            break
        parts.append(_along(rings, spacing, rng, tall=row == 0))
    return Plots.join(parts)


def _along(lines: NDArray[np.object_], spacing: float, rng: np.random.Generator, tall: bool) -> Plots:
    """Houses at about equal distances along lines, turned like them."""
    length = shapely.length(lines)
    count = np.maximum((length / spacing).astype(np.int64), 1)
    line = np.repeat(np.arange(len(lines)), count)
    step = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    at = (step + 0.5) * (length / count)[line] + rng.normal(0, 0.5, len(line))
    xy = shapely.get_coordinates(shapely.line_interpolate_point(lines[line], at))
    ahead = shapely.get_coordinates(shapely.line_interpolate_point(lines[line], np.minimum(at + 3.0, length[line])))
    behind = shapely.get_coordinates(shapely.line_interpolate_point(lines[line], np.maximum(at - 3.0, 0.0)))
    along = ahead - behind
    n = len(line)
    storeys = rng.choice([2, 3, 4, 5, 6, 7], n, p=[0.10, 0.24, 0.28, 0.20, 0.12, 0.06])
    use = np.where(rng.random(n) < (0.42 if tall else 0.06), "商住", "住宅").astype(object)
    use[rng.random(n) < 0.02] = "商业"
    return Plots(
        xy,
        np.arctan2(along[:, 1], along[:, 0]) + rng.normal(0, 0.015, n),
        rng.uniform(7.8, 10.4, n),
        rng.uniform(8.6, 11.8, n),
        storeys,
        use,
    )


def roadside(
    roads: NDArray[np.object_], centres: Floats, rng: np.random.Generator
) -> tuple[Plots, NDArray[np.int64], Floats]:
    """Return houses in rows along the roads near hamlets, the hamlet of each, and how far it is.

    Parameters
    ----------
    roads
        Roads outside the towns.
    centres
        Middle of each hamlet.
    rng
        Source of chance.
    """
    sides = np.concatenate([shapely.offset_curve(roads, away) for away in (-13.0, 13.0)])
    parts = shapely.get_parts(sides)
    parts = parts[shapely.length(parts) > 30.0]
    plots = _along(parts, 15.5, rng, tall=False)
    away, hamlet = KDTree(centres).query(plots.xy)
    near = rng.random(len(plots)) < 0.85 * np.exp(-((away / 210.0) ** 2))
    low = np.minimum(plots.storeys, rng.integers(1, 5, len(plots)))
    plots = Plots(plots.xy, plots.turn, plots.width + 1.0, plots.depth - 1.0, low, plots.use)
    return plots.take(near), hamlet[near], away[near]


def slabs(blocks: NDArray[np.object_], kinds: NDArray[np.object_], rng: np.random.Generator) -> Plots:
    """Return the larger buildings of compounds, works, public sites and parks, in rows facing south."""
    parts = [_lattice(block, str(kind), rng) for block, kind in zip(blocks, kinds, strict=True)]
    return Plots.join(parts)


_SLAB = {
    # kind: width, depth, gap beside, gap behind, lowest and highest storeys, use
    "compound": (22.0, 11.5, 7.0, 13.0, 6, 18, "住宅"),
    "works": (30.0, 17.0, 9.0, 11.0, 1, 4, "工业"),
    "public": (26.0, 13.0, 16.0, 22.0, 3, 6, "公共"),
    "park": (12.0, 9.0, 60.0, 60.0, 1, 2, "公共"),
}


def _lattice(block: shapely.Polygon, kind: str, rng: np.random.Generator) -> Plots:
    width, depth, beside, behind, low, high, use = _SLAB[kind]
    box = shapely.get_coordinates(shapely.oriented_envelope(block))
    edge = box[1] - box[0]
    turn = (np.arctan2(edge[1], edge[0]) + np.pi / 4) % (np.pi / 2) - np.pi / 4
    middle = box[:4].mean(axis=0)
    reach = float(np.hypot(*(box[2] - box[0]))) / 2
    width, beside = width * rng.uniform(0.85, 1.15), beside * rng.uniform(0.8, 1.3)
    u, v = np.meshgrid(np.arange(-reach, reach, width + beside), np.arange(-reach, reach, depth + behind))
    u, v = u.ravel(), v.ravel()
    c, s = np.cos(turn), np.sin(turn)
    xy = middle + np.column_stack([u * c - v * s, u * s + v * c])
    n = len(xy)
    tall = rng.integers(low, high + 1)
    storeys = np.clip(tall + rng.integers(-1, 2, n), 1, None)
    return Plots(
        xy,
        np.full(n, turn),
        np.full(n, width) * rng.uniform(0.92, 1.05, n),
        np.full(n, depth) * rng.uniform(0.95, 1.05, n),
        storeys,
        np.full(n, use, dtype=object),
    )


def hamlets(centres: Floats, turn: Floats, houses: Ints, rng: np.random.Generator) -> tuple[Plots, Ints, Floats]:
    """Return houses in loose rows around each centre, the hamlet of each, and how far out it is.

    Parameters
    ----------
    centres, turn
        Middle of each hamlet, and the direction of its valley.
    houses
        Candidates wanted for each hamlet.
    rng
        Source of chance.
    """
    hamlet = np.repeat(np.arange(len(centres)), houses)
    rank = np.arange(houses.sum()) - np.repeat(np.cumsum(houses) - houses, houses)
    grid = _rings_of_lattice(int(houses.max()) if len(houses) else 0)
    offset = grid[rank] * [17.0, 19.0] + rng.normal(0, 2.2, (len(rank), 2))
    bend = rng.normal(0, 0.0012, len(centres))
    offset[:, 1] += bend[hamlet] * offset[:, 0] ** 2 / 2
    angle = turn[hamlet] + bend[hamlet] * offset[:, 0]
    c, s = np.cos(turn[hamlet]), np.sin(turn[hamlet])
    xy = centres[hamlet] + np.column_stack([offset[:, 0] * c - offset[:, 1] * s, offset[:, 0] * s + offset[:, 1] * c])
    n = len(rank)
    plots = Plots(
        xy,
        angle + rng.normal(0, 0.06, n),
        rng.uniform(8.5, 13.5, n),
        rng.uniform(7.0, 10.5, n),
        rng.choice([1, 2, 3, 4], n, p=[0.34, 0.36, 0.22, 0.08]),
        rng.choice(np.array(["住宅", "住宅", "住宅", "附属用房"], dtype=object), n),
    )
    # About the distance at which a round hamlet would have so many houses.
    return plots, hamlet, 10.5 * np.sqrt(rank)


def _rings_of_lattice(count: int) -> Floats:
    """Lattice points in order of their distance from the middle, in a shape twice as long as wide."""
    side = int(np.sqrt(count)) + 4
    u, v = np.meshgrid(np.arange(-2 * side, 2 * side + 1), np.arange(-side, side + 1))
    far = np.hypot(u.ravel() / 2.2, v.ravel())
    # A fixed ripple makes the edge of a hamlet ragged without chance.
    far = far * (1 + 0.35 * np.sin(1.7 * u.ravel() + 0.6) * np.cos(2.3 * v.ravel() - 0.4))
    order = np.argsort(far, kind="stable")[:count]
    return np.column_stack([u.ravel(), v.ravel()])[order].astype(float)


def keep_clear(plots: Plots, obstacles: list[tuple[NDArray[np.object_], float]], gap: float = 0.7) -> NDArray[np.bool_]:
    """Tell which candidates stay clear of all obstacles and of the candidates before them.

    Parameters
    ----------
    plots
        Candidates in order of preference.
    obstacles
        Geometries, and the distance to keep from them.
    gap
        Half the distance to keep between two buildings.
    """
    shapes = plots.rectangles()
    free = np.ones(len(shapes), dtype=bool)
    for geometries, distance in obstacles:
        if len(geometries):
            hits = shapely.STRtree(segments(geometries)).query(shapes[free], predicate="dwithin", distance=distance)[0]
            free[np.flatnonzero(free)[hits]] = False
    left = np.flatnonzero(free)
    wide = plots.take(left).rectangles(gap)
    first, second = shapely.STRtree(wide).query(wide, predicate="intersects")
    order = np.lexsort([second, first])
    blocked = np.zeros(len(left), dtype=bool)
    for i, j in zip(first[order].tolist(), second[order].tolist(), strict=True):
        if i < j and not blocked[i]:
            blocked[j] = True
    free[left[blocked]] = False
    return free
