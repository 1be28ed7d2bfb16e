"""Places of every kind: compounds, enterprises, shops, hospitals, schools, sights, stations, cameras."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridgis.demo.names import Namer
from gridgis.demo.settlement import Ground, Settlement
from gridgis.demo.terrain import Floats, Ints

KINDS = ("compound", "enterprise", "shop", "hospital", "school", "scenic", "station", "camera")


def make_places(
    ground: Ground,
    settled: Settlement,
    first_name: NDArray[np.object_],
    stations: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return the places: kind, name, x, y.

    Parameters
    ----------
    ground, settled
        Cells and buildings.
    first_name
        Name of the village or community of each cell.
    stations
        Number of neighbourhood centres.
    rng
        Source of chance.
    """
    use = settled.plots.use.astype(str)
    town = ground.built_up[settled.cell]
    namer = Namer(rng)
    chosen: dict[str, Ints] = {
        "compound": _one_per_compound(settled),
        "enterprise": _some(np.flatnonzero(use == "工业"), 1.0, 900, rng),
        "shop": _some(np.flatnonzero((use == "商住") | (use == "商业")), 1.0, 4200, rng),
        "hospital": _one_per_first(ground, settled, rng, 64),
        "school": _one_per_first(ground, settled, rng, 118),
        "scenic": _some(np.flatnonzero(~town), 1.0, 38, rng),
        "station": _stations(ground, settled, stations, rng),
        "camera": _some(np.arange(len(use)), np.where(town, 30.0, 1.0), 1650, rng),
    }
    frames = []
    for kind in KINDS:
        building = chosen[kind]
        xy = settled.plots.xy[building]
        where = first_name[settled.cell[building]]
        names = namer.places(kind, [str(w) for w in where], town[building])
        frames.append(pd.DataFrame({"kind": kind, "name": names, "x": xy[:, 0], "y": xy[:, 1]}))
    return pd.concat(frames, ignore_index=True)


def _some(candidates: Ints, weight: float | Floats, most: int, rng: np.random.Generator) -> Ints:
    share = np.broadcast_to(np.asarray(weight, dtype=float), (max(len(candidates), 1),))[: len(candidates)]
    count = min(most, len(candidates))
    return np.sort(rng.choice(candidates, count, replace=False, p=share / share.sum()))


def _one_per_compound(settled: Settlement) -> Ints:
    """Return the first building of each block that is a compound."""
    inside = np.flatnonzero(settled.block_kind[settled.cell] == "compound")
    _, first = np.unique(settled.cell[inside], return_index=True)
    return inside[first]


def _one_per_first(ground: Ground, settled: Settlement, rng: np.random.Generator, count: int) -> Ints:
    """Return buildings in as many different first-level grids as possible, then further ones by chance."""
    first = np.array([u[:12] for u in ground.unit[settled.cell]])
    order = rng.permutation(len(first))
    _, at = np.unique(first[order], return_index=True)
    ones = order[at]
    ones = ones[rng.permutation(len(ones))][:count]
    more = rng.choice(len(first), max(count - len(ones), 0), replace=False)
    return np.sort(np.concatenate([ones, more]))


def _stations(ground: Ground, settled: Settlement, count: int, rng: np.random.Generator) -> Ints:
    """Neighbourhood centres: one in each first-level grid of the towns, the others spread over the county."""
    first = np.array([u[:12] for u in ground.unit[settled.cell]])
    town = ground.built_up[settled.cell]
    names, index = np.unique(first, return_inverse=True)
    middle = np.column_stack(
        [np.bincount(index, weights=settled.plots.xy[:, k]) / np.bincount(index) for k in range(2)]
    )
    in_town = np.zeros(len(names), dtype=bool)
    in_town[index[town]] = True
    chosen = np.flatnonzero(in_town)[:count].tolist()
    rest = np.flatnonzero(~in_town)
    while len(chosen) < count:
        far = np.min(np.hypot(*(middle[rest][:, None] - middle[chosen][None]).transpose(2, 0, 1)), axis=1)
        chosen.append(int(rest[np.argmax(far)]))
    picked = []
    for c in sorted(chosen):
        members = np.flatnonzero(index == c)
        away = np.hypot(*(settled.plots.xy[members] - middle[c]).T) + rng.uniform(0, 40, len(members))
        picked.append(int(members[np.argmin(away)]))
    return np.array(picked, dtype=np.int64)


def reservoir(course: shapely.LineString, near: tuple[float, float], rng: np.random.Generator) -> shapely.Polygon:
    """Return a lake of uneven width along a river, upstream of a point."""
    end = course.project(shapely.Point(near)) - 900.0
    at = np.linspace(end - 2600.0, end, 30)
    widths = 60.0 + 150.0 * (np.linspace(0, 1, 30) ** 1.5) * rng.uniform(0.6, 1.2, 30)
    discs = shapely.buffer(shapely.line_interpolate_point(course, at), widths)
    lake = shapely.union_all(discs).buffer(40).buffer(-40)
    return shapely.Polygon(shapely.simplify(lake, 4.0).exterior)
