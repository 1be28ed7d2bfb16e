"""The linework of a county before there are any grids: rivers, ridges, towns, roads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra

from gridgis.demo import terrain
from gridgis.demo.facts import Facts, Township
from gridgis.demo.terrain import Drainage, Floats, Ints, Raster
from gridgis.demo.towns import Street, Town, building_costs, lay_streets, town_area, town_shape

Lines = list[shapely.LineString]


@dataclass(frozen=True)
class Network:
    """All lines that the cells are bounded by, and the tree that village roads follow."""

    raster: Raster
    drainage: Drainage
    courses: Lines
    rivers_by_name: list[shapely.Geometry]
    rivers: Lines
    streams: Lines
    ridges: Lines
    main_roads: Lines
    streets: list[Street]
    towns: list[Town]
    road_tree: Ints
    met: NDArray[np.bool_]


def build_network(facts: Facts, outline: shapely.Polygon, rng: np.random.Generator) -> Network:
    """Return terrain, rivers, towns, main roads and streets of the county."""
    raster = terrain.make_raster(outline, rng)
    courses = [terrain.river_course(river, rng) for river in facts.rivers]
    drainage = terrain.drain(raster, courses)
    inside = list(shapely.intersection(courses, outline))
    streams = _lines(shapely.intersection(terrain.streams(raster, drainage, courses), outline))
    towns = _towns(facts, raster, drainage, outline)
    built_up = shapely.union_all([t.shape for t in towns])
    main_roads, on_road = _main_roads(facts, raster, drainage, outline, courses)
    met = on_road | _covered(raster, built_up)
    skeleton = main_roads + courses + streams
    streets = [s for town in towns for s in lay_streets(town, _near(skeleton, town.shape), rng)]
    ridges = terrain.divides(raster, drainage)
    ridges = _lines(shapely.difference(shapely.intersection(ridges, outline), built_up))
    tree = _village_tree(raster, drainage, met)
    return Network(
        raster, drainage, courses, inside, _lines(inside), streams, ridges, main_roads, streets, towns, tree, met
    )  # fmt: skip


def _lines(geometries: NDArray[np.object_] | Lines) -> Lines:
    parts = shapely.get_parts(np.asarray(geometries, dtype=object))
    return [g for g in parts if g.geom_type == "LineString" and not g.is_empty]


def _covered(raster: Raster, shape: shapely.Geometry) -> NDArray[np.bool_]:
    xy = raster.centre(np.arange(len(raster.relief)))
    shapely.prepare(shape)
    return np.asarray(shapely.contains_xy(shape, xy[:, 0], xy[:, 1]))


def _near(lines: Lines, shape: shapely.Polygon) -> Lines:
    return [line for line in lines if shapely.intersects(line, shape)]


def _towns(facts: Facts, raster: Raster, drainage: Drainage, outline: shapely.Polygon) -> list[Town]:
    """Return the county town, which the two townships with most unit grids share, and the smaller centres."""
    ranked = sorted((t for t in facts.townships if t.built_up), key=lambda t: -t.built_up)
    groups: list[tuple[Township, ...]] = [tuple(ranked[:2]), *((t,) for t in ranked[2:])]
    towns: list[Town] = []
    free: shapely.Geometry = outline.buffer(-500)
    costs = {large: building_costs(raster, drainage, large) for large in (True, False)}
    for group in groups:
        units = sum(t.built_up for t in group)
        centres = np.array([t.seat for t in group])
        shape = town_shape(raster, costs[len(group) > 1], centres, town_area(units, len(group) > 1), free)
        towns.append(Town(tuple(t.code for t in group), centres, units, shape))
        free = shapely.difference(free, shape.buffer(700))
    return towns


def _main_roads(
    facts: Facts, raster: Raster, drainage: Drainage, outline: shapely.Polygon, courses: Lines
) -> tuple[Lines, NDArray[np.bool_]]:
    """Roads from the county town to every seat and out of the county along the rivers."""
    seats = np.array([t.seat for t in facts.townships])
    shares = np.array([t.built_up for t in facts.townships])
    root = raster.pixel(seats[[int(np.argmax(shares))]])
    exits = shapely.get_coordinates(shapely.intersection(courses, outline.exterior))
    ends = np.unique(raster.pixel(np.vstack([seats, exits])))
    cost = terrain.road_costs(raster, drainage)
    nowhere = np.zeros(len(cost), dtype=bool)
    far, tree = _tree(raster, cost, root)
    ways = terrain.trace(tree, ends[np.argsort(far[ends], kind="stable")], nowhere)
    on_road = nowhere.copy()
    on_road[np.concatenate(ways)] = True
    # A second tree, from the seat that is farthest away, closes the loops that one tree leaves open.
    at_seats = raster.pixel(seats)
    last = at_seats[[int(np.argmax(far[at_seats]))]]
    _, tree = _tree(raster, np.where(on_road, 0.6 * cost, cost), last)
    ways += terrain.trace(tree, at_seats, nowhere)
    on_road[np.concatenate(ways)] = True
    return _as_lines(raster, ways, outline), on_road


def _village_tree(raster: Raster, drainage: Drainage, met: NDArray[np.bool_]) -> Ints:
    """Return the next pixel on the way from each pixel to the nearest main road or town."""
    cost = terrain.road_costs(raster, drainage)
    _, tree, _ = dijkstra(raster.costs(cost), indices=np.flatnonzero(met), min_only=True, return_predecessors=True)
    return np.asarray(tree, dtype=np.int64)


def _tree(raster: Raster, cost: Floats, root: Ints) -> tuple[Floats, Ints]:
    far, tree = dijkstra(raster.costs(cost), indices=int(root[0]), return_predecessors=True)
    return far, np.asarray(tree, dtype=np.int64)


def _as_lines(raster: Raster, ways: list[Ints], outline: shapely.Polygon) -> Lines:
    steps = [np.column_stack([w[:-1], w[1:]]) for w in ways if len(w) > 1]
    if not steps:
        return []
    pairs = np.unique(np.sort(np.concatenate(steps), axis=1), axis=0)
    edges = np.stack([raster.centre(pairs[:, 0]), raster.centre(pairs[:, 1])], axis=1)
    lines = terrain.smooth(terrain.merge_edges(edges), rounds=5, tolerance=4.0)
    return _lines(shapely.intersection(lines, outline))


def village_roads(network: Network, ends: Floats, outline: shapely.Polygon) -> Lines:
    """Return the roads that join places outside the towns to the main roads."""
    raster = network.raster
    ways = terrain.trace(network.road_tree, np.unique(raster.pixel(ends)), network.met)
    towns = shapely.union_all([t.shape for t in network.towns])
    return _lines(shapely.difference(_as_lines(raster, ways, outline), towns))
