"""Buildings of a city or district, in exact number, and the households and persons in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridgis.demo.blocks import Blocks
from gridgis.demo.brief import Brief
from gridgis.demo.faces import pair_edges
from gridgis.demo.footprints import Plots, block_kinds, hamlets, keep_clear, rows_of_houses, slabs
from gridgis.demo.growth import apportion
from gridgis.demo.people import capacity, groups, spread
from gridgis.demo.settlement import Settlement, cells_under, fill
from gridgis.demo.terrain import Floats, Ints
from gridgis.demo.tiers import Tiers

HAMLET_M2 = 1.6e6
"""Ground outside the cores for each hamlet."""


@dataclass(frozen=True)
class Estate:
    """The ground of buildings: faces with their leaf, whether each is built up, and what its block is for."""

    blocks: Blocks
    leaf: NDArray[np.object_]
    town: NDArray[np.bool_]
    kinds: NDArray[np.object_]


def survey(brief: Brief, blocks: Blocks, tiers: Tiers, rng: np.random.Generator) -> Estate:
    """Say what each block is for: by the kind or category of its grid, else by chance."""
    town = blocks.core >= 0
    kinds = np.full(len(town), "", dtype=object)
    centres = np.array([c.at for c in brief.cores])
    kinds[town] = block_kinds(blocks.faces[town], centres, rng)
    uses: Mapping[str, Mapping[str, float]] = brief.raw.get("blocks", {})
    for branch in tiers.branches:
        mix = uses.get(branch.grid.category) or uses.get(branch.grid.kind)
        if mix:
            odds = np.array(list(mix.values()), dtype=float)
            drawn = rng.choice(np.array(list(mix), dtype=object), len(branch.faces), p=odds / odds.sum())
            kinds[branch.faces] = np.where(town[branch.faces], drawn, "")
    leaf = tiers.leaf()
    # A grid of two or three blocks cannot spare one for a park.
    inverse = np.unique(leaf.astype(str), return_inverse=True)[1]
    kinds[(kinds == "park") & (np.bincount(inverse)[inverse] < 6)] = "rows"
    return Estate(blocks, leaf, town, kinds)


def build_up(brief: Brief, estate: Estate, rng: np.random.Generator) -> Settlement:
    """Place exactly the number of buildings, each strictly inside one cell, at least one in every leaf grid."""
    total = int(brief.counts["buildings"])
    obstacles = _obstacles(estate)
    town = _town(estate, obstacles, rng)
    wanted = round(total * float(brief.counts["urban_buildings"])) if (~estate.town).any() else total
    town = town.take(_pick(cells_under(estate.blocks.faces, town.xy), estate.leaf, wanted, rng))
    country = _country(estate, obstacles, total - len(town), rng)
    plots = Plots.join([town, country])
    plots = _everywhere(estate, plots)
    cell = cells_under(estate.blocks.faces, plots.xy)
    return Settlement(plots, plots.rectangles(), cell, [], estate.kinds)


def _obstacles(estate: Estate) -> list[tuple[NDArray[np.object_], float]]:
    """Cell edges, roads and rivers, with the distance to keep from them."""
    streets = estate.blocks.streets
    edges = np.asarray(shapely.linestrings(pair_edges(estate.blocks.faces).ends))
    out: list[tuple[NDArray[np.object_], float]] = [(edges, 3.0)]
    for kinds, away in ((("street", "village"), 4.0), (("secondary",), 6.0), (("primary",), 9.0)):
        out.append((np.array([s.line for s in streets if s.kind in kinds], dtype=object), away))
    out.append((np.array([line for _, line in estate.blocks.rivers], dtype=object), 24.0))
    return out


def _town(estate: Estate, obstacles: list[tuple[NDArray[np.object_], float]], rng: np.random.Generator) -> Plots:
    """Candidates in the blocks of the cores."""
    faces, kinds = estate.blocks.faces[estate.town], estate.kinds[estate.town]
    in_rows = kinds == "rows"
    sets = [rows_of_houses(faces[in_rows], rng)] if in_rows.any() else []
    sets += [slabs(faces[~in_rows], kinds[~in_rows], rng)] if (~in_rows).any() else []
    plots = Plots.join(sets)
    cell = cells_under(estate.blocks.faces, plots.xy)
    plots = plots.take((cell >= 0) & estate.town[np.maximum(cell, 0)])
    return plots.take(keep_clear(plots, obstacles))


def _pick(cell: Ints, leaf: NDArray[np.object_], wanted: int, rng: np.random.Generator) -> Ints:
    """Choose buildings by chance, but one of every leaf grid first."""
    order = rng.permutation(len(cell))
    _, first = np.unique(leaf[cell[order]].astype(str), return_index=True)
    ahead = np.ones(len(order), dtype=bool)
    ahead[first] = False
    return np.sort(order[np.argsort(ahead, kind="stable")][:wanted])


def _country(
    estate: Estate, obstacles: list[tuple[NDArray[np.object_], float]], total: int, rng: np.random.Generator
) -> Plots:
    """Hamlets outside the cores, in every leaf grid that reaches there."""
    away = np.flatnonzero(~estate.town)
    if not len(away) or total <= 0:
        return Plots.none()
    faces = estate.blocks.faces[away]
    many = 1 + (shapely.area(faces) / HAMLET_M2 * rng.lognormal(0, 0.3, len(away))).astype(np.int64)
    face = np.repeat(np.arange(len(away)), many)
    centres = _inside(faces, face, rng)
    size = rng.lognormal(0.0, 0.55, len(centres))
    want = total * size / size.sum()
    turn = rng.uniform(0, np.pi, len(centres))
    houses, hamlet, far = hamlets(centres, turn, np.ceil(1.8 * want + 12).astype(np.int64), rng)
    clear = keep_clear(houses, obstacles, 1.2)
    cell = cells_under(estate.blocks.faces, houses.xy)
    clear &= (cell >= 0) & ~estate.town[np.maximum(cell, 0)]
    return houses.take(fill(clear, hamlet, far, want, total))


def _inside(faces: NDArray[np.object_], face: Ints, rng: np.random.Generator) -> Floats:
    """Draw a point well inside each of the faces."""
    bounds = shapely.bounds(faces)[face]
    best = shapely.get_coordinates(shapely.point_on_surface(faces))[face]
    room = np.zeros(len(face))
    rims = shapely.boundary(faces)
    for _ in range(6):
        xy = bounds[:, :2] + rng.random((len(face), 2)) * (bounds[:, 2:] - bounds[:, :2])
        points = shapely.points(xy)
        free = np.where(shapely.contains_xy(faces[face], xy[:, 0], xy[:, 1]), shapely.distance(points, rims[face]), 0.0)
        better = free > room
        best[better], room[better] = xy[better], free[better]
    return np.asarray(best)


def _everywhere(estate: Estate, plots: Plots) -> Plots:
    """Move one building into each leaf grid that has none, out of the fullest."""
    cell = cells_under(estate.blocks.faces, plots.xy)
    count = pd.Series(estate.leaf[cell]).value_counts()
    bare = sorted(set(estate.leaf.tolist()) - set(count.index))
    if not bare:
        return plots
    area = shapely.area(estate.blocks.faces)
    largest = [max(np.flatnonzero(estate.leaf == c), key=lambda f: float(area[f])) for c in bare]
    circles = shapely.maximum_inscribed_circle(estate.blocks.faces[largest], tolerance=0.5)
    side = np.minimum(shapely.length(circles) * 0.9, 12.0)
    n = len(bare)
    new = Plots(
        np.round(shapely.get_coordinates(circles)[::2], 2), np.zeros(n), side, side, np.full(n, 2),
        np.full(n, "住宅", dtype=object),
    )  # fmt: skip
    rich = np.flatnonzero(pd.Series(estate.leaf[cell]).map(count).to_numpy() > 12)
    gone = np.ones(len(plots), dtype=bool)
    gone[rich[:: max(len(rich) // n, 1)][:n]] = False
    return Plots.join([plots.take(gone), new])


def people_in(
    brief: Brief, settled: Settlement, estate: Estate, tiers: Tiers, rng: np.random.Generator
) -> pd.DataFrame:
    """Return households, persons and groups of each building: exact totals, bands of the scheme kept."""
    unit, low, high = _banded(brief, estate, tiers)
    group = unit[settled.cell]
    town = estate.town[settled.cell]
    weight = capacity(settled, town, rng)
    total, share = int(brief.counts["persons"]), float(brief.counts["urban_share"])
    in_town = round(total * share) if (~town).any() else total
    homes = np.zeros(len(group), dtype=np.int64)
    heads = np.zeros(len(group), dtype=np.int64)
    for zone, amount in ((town, in_town), (~town, total - in_town)):
        here = np.flatnonzero(zone)
        if not len(here):
            continue
        names, local = np.unique(group[here], return_inverse=True)
        count = _households(
            names,
            np.asarray(np.bincount(local, weights=weight[here]), dtype=float),
            (low, high),
            amount / float(brief.counts["household_size"]),
            rng,
        )
        persons = apportion(amount, count * rng.normal(1.0, 0.03, len(count)), count, count * 9)
        homes[here] = spread(local, weight[here], count, rng)
        heads[here] = homes[here] + spread(local, homes[here].astype(float), persons - count, rng)
    return groups(homes, heads, town, rng)


def _banded(brief: Brief, estate: Estate, tiers: Tiers) -> tuple[Ints, dict[int, int], dict[int, int]]:
    """Return for each face the grid that households are dealt to, and the lowest and highest of those with a band."""
    unit = np.unique(estate.leaf.astype(str), return_inverse=True)[1].astype(np.int64)
    low: dict[int, int] = {}
    high: dict[int, int] = {}
    for k, branch in enumerate(tiers.branches):
        band = brief.scheme.band(branch.grid.level, branch.grid.zone or None)
        if band is not None and band.households is not None:
            unit[branch.faces] = 10**6 + k
            margin = (band.households[1] - band.households[0]) // 8
            low[10**6 + k], high[10**6 + k] = band.households[0] + margin, band.households[1] - margin
    return unit, low, high


def _households(
    names: Ints, room: Floats, band: tuple[dict[int, int], dict[int, int]], wanted: float, rng: np.random.Generator
) -> Ints:
    """Households of each grid: inside its band if it has one, else by what its buildings hold."""
    count = np.zeros(len(names), dtype=np.int64)
    low, high = band
    tied = np.array([n in low for n in names.tolist()])
    for i in np.flatnonzero(tied).tolist():
        count[i] = rng.integers(low[int(names[i])], high[int(names[i])] + 1)
    free = ~tied
    if free.any():
        left = max(round(wanted) - int(count.sum()), int(free.sum()))
        ones = np.ones(int(free.sum()), dtype=np.int64)
        count[free] = apportion(left, room[free] + 1e-6, ones, ones * left)
    return count
