"""Places of every kind: compounds, enterprises, shops, hospitals, schools, sights, stations, cameras."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans2
from scipy.spatial import KDTree

from gridgis.demo.names import Namer
from gridgis.demo.settlement import Settlement
from gridgis.demo.terrain import Floats, Ints

KINDS = ("compound", "enterprise", "shop", "hospital", "school", "scenic", "station", "camera")


@dataclass(frozen=True)
class Scene:
    """The buildings with the code and name of the community of each, and whether it is built up.

    `stations_in` limits where stations stand, by the beginning of the community's code.
    """

    settled: Settlement
    first: NDArray[np.str_]
    name: NDArray[np.object_]
    town: NDArray[np.bool_]
    namer: Namer
    stations_in: str = ""


def make_places(scene: Scene, wanted: Mapping[str, int], rng: np.random.Generator) -> pd.DataFrame:
    """Return the places: kind, name, x, y.

    Parameters
    ----------
    scene
        Where buildings stand.
    wanted
        Number of places of each kind; each block that is a compound counts as one where none is given.
    rng
        Source of chance.
    """
    plots, town = scene.settled.plots, scene.town
    use = plots.use.astype(str)
    chosen: dict[str, Ints] = {
        "compound": _compounds(scene, wanted.get("compound"), rng),
        "enterprise": _some(np.flatnonzero(use == "工业"), 1.0, wanted["enterprise"], rng),
        "shop": _some(np.flatnonzero((use == "商住") | (use == "商业")), 1.0, wanted["shop"], rng),
        "hospital": _one_per_first(scene, rng, wanted["hospital"]),
        "school": _one_per_first(scene, rng, wanted["school"]),
        "scenic": _some(np.flatnonzero(~town if (~town).any() else use == "公共"), 1.0, wanted["scenic"], rng),
        "station": _stations(scene, wanted["station"], rng),
        "camera": _some(np.arange(len(use)), np.where(town, 30.0, 1.0), wanted["camera"], rng),
    }
    frames = []
    for kind in KINDS:
        building = chosen[kind]
        xy = plots.xy[building]
        names = scene.namer.places(kind, [str(w) for w in scene.name[building]], town[building])
        frames.append(pd.DataFrame({"kind": kind, "name": names, "x": xy[:, 0], "y": xy[:, 1]}))
    return pd.concat(frames, ignore_index=True)


def _some(candidates: Ints, weight: float | Floats, most: int, rng: np.random.Generator) -> Ints:
    share = np.broadcast_to(np.asarray(weight, dtype=float), (max(len(candidates), 1),))[: len(candidates)]
    count = min(most, len(candidates))
    return np.sort(rng.choice(candidates, count, replace=False, p=share / share.sum()))


def _compounds(scene: Scene, wanted: int | None, rng: np.random.Generator) -> Ints:
    """Return the first building of each block that is a compound, or as many homes as are wanted."""
    settled = scene.settled
    inside = np.flatnonzero(settled.block_kind[settled.cell] == "compound")
    _, first = np.unique(settled.cell[inside], return_index=True)
    found = inside[first]
    if wanted is None:
        return found
    more = np.setdiff1d(np.flatnonzero(settled.plots.use == "住宅"), found)
    order = np.concatenate([rng.permutation(found), rng.permutation(more)])
    return np.sort(order[:wanted])


def _one_per_first(scene: Scene, rng: np.random.Generator, count: int) -> Ints:
    """Return buildings in as many different first-level grids as possible, then further ones by chance."""
    first = scene.first
    order = rng.permutation(len(first))
    _, at = np.unique(first[order], return_index=True)
    ones = order[at]
    ones = ones[rng.permutation(len(ones))][:count]
    more = rng.choice(len(first), max(count - len(ones), 0), replace=False)
    return np.sort(np.concatenate([ones, more]))


def _stations_near_homes(scene: Scene, count: int, rng: np.random.Generator) -> Ints:
    """Return the buildings in the middle of as many neighbourhoods of equal reach."""
    xy = scene.settled.plots.xy
    inside = np.flatnonzero(np.char.startswith(scene.first, scene.stations_in))
    middle, _ = kmeans2(xy[inside], count, minit="++", rng=rng)
    return np.sort(inside[KDTree(xy[inside]).query(middle)[1]])


def _stations(scene: Scene, count: int, rng: np.random.Generator) -> Ints:
    """Neighbourhood centres: one in each first-level grid of the towns, the others spread over the county."""
    if scene.stations_in or count > len(np.unique(scene.first)):
        return _stations_near_homes(scene, count, rng)
    settled, town = scene.settled, scene.town
    names, index = np.unique(scene.first, return_inverse=True)
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
