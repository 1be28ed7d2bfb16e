"""Build an illustrative county: true outline, names, codes and counts; everything else from a seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridgis.demo import facts as known
from gridgis.demo.brief import is_brief
from gridgis.demo.district import build_district
from gridgis.demo.faces import Borders, Edges, borders, dissolve, make_faces, melt_slivers, pair_edges
from gridgis.demo.facts import Facts
from gridgis.demo.growth import Fabric
from gridgis.demo.model import DemoCounty, labelled
from gridgis.demo.names import Namer
from gridgis.demo.nesting import nest
from gridgis.demo.network import Network, build_network
from gridgis.demo.people import people_of
from gridgis.demo.registers import Setting, make_registers
from gridgis.demo.reports import make_incidents
from gridgis.demo.settlement import Ground, Settlement, settle
from gridgis.demo.sites import Scene, make_places, reservoir
from gridgis.demo.towns import SMALLEST_BLOCK
from gridgis.outlines import read_outline

Progress = Callable[[float, str], None]

SMALLEST_HILL = 120_000.0
LAKE_RIVER, LAKE_TOWNSHIP = "浐溪", "350526103"


@dataclass(frozen=True)
class _Cells:
    """The cells with their leaf code and zone."""

    shapes: NDArray[np.object_]
    code: NDArray[np.object_]
    built_up: NDArray[np.bool_]


def build(scheme_name: str = "dehua", seed: int = 1, progress: Progress | None = None) -> DemoCounty:
    """Build the illustrative county of a scheme, the same for the same seed.

    Parameters
    ----------
    scheme_name
        A scheme with a facts file in this package.
    seed
        Any whole number, not negative.
    progress
        Called with the fraction done and a few Chinese words.

    Returns
    -------
    DemoCounty
        All tables.

    Raises
    ------
    InputError
        There is no illustrative county for this scheme.
    """
    tell = progress or (lambda _done, _words: None)
    if is_brief(scheme_name):
        return build_district(scheme_name, seed, tell)
    chance = np.random.default_rng(seed).spawn(6)
    degrees = read_outline(known.county_code(scheme_name))
    epsg = known.epsg_at(degrees.centroid.x)
    outline = shapely.transform(degrees, lambda lonlat: known.project(lonlat, epsg))
    facts = known.load(scheme_name, epsg)
    tell(0.02, "地形、水系与街道")
    network = build_network(facts, outline, chance[0])
    tell(0.30, "逐级划分网格")
    cells = _divide(facts, network, outline, chance[1])
    whole = shapely.coverage_union_all(cells.shapes)
    assert isinstance(whole, shapely.Polygon)
    tell(0.45, "布置建筑")
    water = _water(facts, network, chance[2])
    ground = Ground(
        network, whole, cells.shapes, np.array([c[:15] for c in cells.code], dtype=object), cells.built_up,
        np.asarray(shapely.linestrings(pair_edges(cells.shapes).ends)), water.geometry.to_numpy()[water["class"] != "stream"],
    )  # fmt: skip
    settled = settle(ground, int(facts.counts["buildings"]), chance[3])
    tell(0.85, "人口、场所与事件")
    return _assemble(facts, cells, ground, settled, water, chance[4:])


def _lines(network: Network) -> list[tuple[Sequence[shapely.LineString], float]]:
    """Everything that bounds a face, with how good a boundary it makes."""
    return [
        (network.ridges, 0.5),
        ([s.line for s in network.streets if s.kind == "street"], 0.35),
        ([s.line for s in network.streets if s.kind != "street"], 0.7),
        (network.streams, 0.7),
        (network.main_roads, 0.9),
        (network.rivers, 1.0),
    ]


def _rated(edges: Edges, network: Network) -> Borders:
    merit = np.zeros(len(edges.length))
    for lines, value in _lines(network):
        merit[edges.on(lines)] = value
    inner = edges.right >= 0
    return borders(edges.left[inner], edges.right[inner], edges.length[inner], merit[inner])


def _divide(facts: Facts, network: Network, outline: shapely.Polygon, rng: np.random.Generator) -> _Cells:
    """Faces of all lines, slivers melted away, grouped to grids of every level and to cells."""
    faces = make_faces([line for lines, _ in _lines(network) for line in lines], outline)
    town = _town_of(network, faces)
    smallest = np.where(town >= 0, SMALLEST_BLOCK, SMALLEST_HILL)
    around = _rated(pair_edges(faces), network)
    group = melt_slivers(around, shapely.area(faces), shapely.length(faces), town, smallest)
    town = town[np.unique(group, return_index=True)[1]]
    faces = dissolve(faces, group)
    middle = shapely.get_coordinates(shapely.centroid(faces))
    fabric = Fabric.of(middle, shapely.area(faces), _rated(pair_edges(faces), network))
    nested = nest(facts, fabric, town, network.towns, rng)
    first = np.unique(nested.cell, return_index=True)[1]
    return _Cells(dissolve(faces, nested.cell), nested.leaf[first], nested.built_up[first])


def _town_of(network: Network, faces: NDArray[np.object_]) -> NDArray[np.int64]:
    town = np.full(len(faces), -1, dtype=np.int64)
    inner = shapely.point_on_surface(faces)
    for number, one in enumerate(network.towns):
        town[shapely.contains(one.shape, inner)] = number
    return town


def _water(facts: Facts, network: Network, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Rivers, streams, the river banks in towns, one reservoir."""
    named = {r.name: r for r in facts.rivers}
    seat = next(t.seat for t in facts.townships if t.code == LAKE_TOWNSHIP)
    names = list(named)
    lake = reservoir(network.courses[names.index(LAKE_RIVER)], seat, rng)
    towns = shapely.union_all([t.shape for t in network.towns])
    banks = [shapely.intersection(shapely.buffer(c, 17.0), towns) for c in network.courses]
    rows = [(c, "river", n) for n, c in zip(names, network.rivers_by_name, strict=True)]
    rows += [(b, "banks", n) for n, b in zip(names, banks, strict=True)]
    rows += [(line, "stream", "支流") for line in network.streams] + [(lake, "reservoir", "龙门滩水库")]
    flat = [(part, kind, name) for g, kind, name in rows for part in shapely.get_parts(g) if not part.is_empty]
    geometry = shapely.transform(np.array([g for g, _, _ in flat], dtype=object), lambda xy: np.round(xy, 3))
    frame = pd.DataFrame({"name": [n for _, _, n in flat], "class": [k for _, k, _ in flat]})
    return labelled(frame, facts, "W", geometry)


def _assemble(
    facts: Facts, cells: _Cells, ground: Ground, settled: Settlement,
    water: gpd.GeoDataFrame, chance: list[np.random.Generator],
) -> DemoCounty:  # fmt: skip
    """Put the tables together."""
    people = people_of(settled, ground.unit[settled.cell], cells.built_up[settled.cell], facts.counts, chance[0])
    people["storeys"], people["use"] = settled.plots.storeys, settled.plots.use
    name = {v.code: v.name for t in facts.townships for v in t.villages}
    first_name = np.array([name[c[:12]] for c in cells.code], dtype=object)
    first, town = np.array([c[:12] for c in cells.code])[settled.cell], cells.built_up[settled.cell]
    scene = Scene(settled, first, first_name[settled.cell], town, Namer(chance[1]))
    places = make_places(scene, facts.places, chance[1])
    roads = _roads(facts, ground, settled, first_name, chance[1])
    homes = pd.DataFrame(settled.plots.xy, columns=["x", "y"])
    homes["persons"], homes["built_up"] = people["persons"], town
    incidents = make_incidents(
        homes, roads.geometry.to_numpy(), ground.outline, int(facts.counts["incidents"]), chance[1]
    )
    incidents.insert(0, "id", [f"E{i:06d}" for i in range(1, len(incidents) + 1)])
    incidents["source"], incidents["as_of"] = facts.source, facts.as_of
    xy = np.round(places[["x", "y"]].to_numpy(), 3)
    grids = _grids(facts, cells)
    homes = homes.assign(code=cells.code[settled.cell], households=people["households"])
    registers = make_registers(Setting("dehua", grids, homes, facts.as_of, facts.source), facts.bodies, chance[1])
    return DemoCounty(
        name=facts.name,
        county_code=facts.code,
        epsg=facts.epsg,
        outline=ground.outline,
        cells=gpd.GeoDataFrame({"code": cells.code}, geometry=cells.shapes, crs=facts.epsg),
        grids=grids,
        boundaries=_boundaries(facts, ground.outline, cells),
        buildings=labelled(people, facts, "B", settled.shapes),
        roads=roads,
        water=water,
        places=labelled(places[["kind", "name"]], facts, "P", np.asarray(shapely.points(xy))),
        incidents=incidents,
        notes=_notes(facts),
        registers=registers,
        as_of=facts.as_of,
    )


def _roads(
    facts: Facts,
    ground: Ground,
    settled: Settlement,
    first_name: NDArray[np.object_],
    rng: np.random.Generator,
) -> gpd.GeoDataFrame:
    """Return main roads, streets of the towns and village roads."""
    namer = Namer(rng)
    streets = ground.network.streets
    lines = [*ground.network.main_roads, *[s.line for s in streets], *settled.village_roads]
    kinds = ["primary"] * len(ground.network.main_roads) + [s.kind for s in streets]
    kinds += ["village"] * len(settled.village_roads)
    geometry = shapely.transform(np.array(lines, dtype=object), lambda xy: np.round(xy, 3))
    middle = shapely.get_coordinates(shapely.line_interpolate_point(geometry, 0.5, normalized=True))
    cell = ground.cell_of(middle)
    away = [t for t in facts.townships if t.built_up < 50]
    seats = np.array([t.seat for t in away])
    names = []
    for kind, xy, c in zip(kinds, middle, cell.tolist(), strict=True):
        if kind == "primary":
            seat = away[int(np.argmin(np.hypot(*(seats - xy).T)))].name
            names.append(f"{facts.name[:-1]}—{seat[:-1]}公路")
        elif kind == "village":
            names.append(f"{first_name[c]}道" if first_name[c].endswith("村") else f"{first_name[c]}村道")
        else:
            names.append(namer.street(kind))
    return labelled(pd.DataFrame({"name": names, "class": kinds}), facts, "R", geometry)


def _grids(facts: Facts, cells: _Cells) -> pd.DataFrame:
    """One row for each grid of each level, coarse to fine."""
    zone = {
        c[:w]: "built_up" if b else "elsewhere"
        for c, b in zip(cells.code, cells.built_up, strict=True)
        for w in (15, 17)
    }
    names = {t.code: t.name for t in facts.townships}
    names |= {v.code: v.name for t in facts.townships for v in t.villages}
    rows = []
    for level, width in (("township", 9), ("first", 12), ("unit", 15), ("responsibility", 17)):
        for code in sorted({c[:width] for c in cells.code}):
            stem = names[code[: min(width, 12)]]
            unit = f"{stem}第{int(code[12:15])}网格" if width > 12 else f"{stem}网格"
            name = {9: stem, 12: unit, 15: unit}.get(width, f"{unit}{code[15:]}责任区")
            rows.append((code, level, "comprehensive", name, None, None, zone.get(code)))
    return pd.DataFrame(rows, columns=["code", "level", "kind", "name", "category", "class", "zone"], dtype=object)


def _boundaries(facts: Facts, outline: shapely.Polygon, cells: _Cells) -> gpd.GeoDataFrame:
    """Return the outlines of the county and its townships."""
    rows: list[tuple[str, str, str, str, shapely.Geometry]] = [
        (facts.code, "county", facts.name, facts.facts_source, outline)
    ]
    for t in facts.townships:
        mine = np.array([c.startswith(t.code) for c in cells.code])
        rows.append((t.code, "township", t.name, facts.source, shapely.coverage_union_all(cells.shapes[mine])))
    frame = gpd.GeoDataFrame(rows, columns=["code", "level", "name", "source", "geometry"], crs=facts.epsg)
    frame["as_of"] = facts.as_of
    return frame


def _notes(facts: Facts) -> tuple[tuple[str, str], ...]:
    joined = "、".join(f"{a}→{b}" for a, b in facts.merged.items())
    return (
        (
            "示意数据：县界、乡镇与村（社区）的名称和代码属实，其余均由随机种子生成，不代表真实情况。",
            "Illustrative: the outline, names and codes are real, everything else is generated from a seed.",
        ),
        (f"来源：{facts.facts_source}。", f"Sources: {facts.facts_source}."),
        (
            f"一级网格按 {facts.counts['first']} 个计：{len(facts.merged)} 个村（社区）并入相邻者（示意）：{joined}。",
            f"{len(facts.merged)} villages are joined to a neighbour to give {facts.counts['first']} "
            f"first-level grids (our choice): {joined.replace('、', ', ')}.",
        ),
    )
