"""Travel times on roads: exact on a hand-made network, equal to networkx on a grid city, bridges respected."""

from __future__ import annotations

import itertools
from typing import Any

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely import LineString

from gridgis.network import WALK_KMH
from gridgis.reach import Limit, reach, service_area, shares, suggest

EPSG = 4548
STEP = WALK_KMH * 1000 / 60
"""Metres of one minute on foot."""


def roads(*lines: Any, **columns: Any) -> gpd.GeoDataFrame:
    shapes = [LineString(x) for x in lines]
    data = {"class": ["street"] * len(shapes)} | {k: list(v) for k, v in columns.items()}
    return gpd.GeoDataFrame(data, geometry=shapes, crs=EPSG)


def minutes(network: gpd.GeoDataFrame, station: Any, *points: Any, mode: Any = "walk") -> list[float]:
    stations = np.array([station], dtype=float).reshape(-1, 2)
    return reach(network, stations, np.array(points, dtype=float), mode).minutes.tolist()


# Ten nodes: a ladder of five rungs, 75 m (one minute) a side, whose middle rung is missing.
LADDER = roads(
    [(0, 0), (4 * STEP, 0)], [(0, STEP), (4 * STEP, STEP)],
    *[[(k * STEP, 0), (k * STEP, STEP)] for k in (0, 1, 3, 4)],
)  # fmt: skip


def test_ten_nodes_by_hand() -> None:
    spots = [(k * STEP, y * STEP) for y in (0, 1) for k in range(5)]
    found = minutes(LADDER, (2 * STEP, 0), *spots)
    assert np.allclose(found, [2, 1, 0, 1, 2, 3, 2, 3, 2, 3])


def test_shares_on_ten_nodes_are_exact() -> None:
    spots = np.array([(k * STEP, y * STEP) for y in (0, 1) for k in range(5)])
    found = reach(LADDER, np.array([[2 * STEP, 0]]), spots)
    households = np.arange(1, 11)
    codes = pd.Series(["S"] * 5 + ["N"] * 5)
    table = shares(codes, households, found.minutes, (1, 2))
    assert table.loc["S"].to_dict() == {
        "households": 15,
        "within_1": 9,
        "within_2": 15,
        "share_1": 9 / 15,
        "share_2": 1,
    }
    assert table.loc["N"].to_dict() == {
        "households": 40,
        "within_1": 0,
        "within_2": 16,
        "share_1": 0,
        "share_2": 16 / 40,
    }


def test_the_way_to_and_from_the_road_counts() -> None:
    found = minutes(LADDER, (STEP / 2, -STEP / 5), (1.5 * STEP, -STEP / 10))
    assert found == pytest.approx([0.2 + 1 + 0.1])


def test_two_homes_on_one_road_need_no_detour() -> None:
    assert minutes(roads([(0, 0), (10 * STEP, 0)]), (2 * STEP, 0), (5 * STEP, 0)) == pytest.approx([3])


def test_of_several_stations_the_nearest_counts() -> None:
    found = reach(LADDER, np.array([[0, 0], [4 * STEP, STEP]]), np.array([[4 * STEP, 0], [STEP, 0]])).minutes
    assert found.tolist() == pytest.approx([1, 1])


def test_roads_that_cross_meet_and_a_bridge_does_not() -> None:
    cross = [[(0, 0), (10 * STEP, 0)], [(5 * STEP, -5 * STEP), (5 * STEP, 5 * STEP)]]
    assert minutes(roads(*cross), (0, 0), (5 * STEP, 5 * STEP)) == pytest.approx([10])
    assert minutes(roads(*cross, layer=[0, 1]), (0, 0), (5 * STEP, 5 * STEP)) == [np.inf]


def test_a_bridge_is_joined_at_its_ends() -> None:
    lines = [
        [(0, 0), (4 * STEP, 0)],
        [(4 * STEP, 0), (6 * STEP, 0)],
        [(6 * STEP, 0), (9 * STEP, 0)],
        [(5 * STEP, -STEP), (5 * STEP, STEP)],
    ]
    network = roads(*lines, layer=[0, 1, 0, 0])
    assert minutes(network, (0, 0), (9 * STEP, 0)) == pytest.approx([9])
    assert minutes(network, (0, 0), (5 * STEP, STEP)) == [np.inf]


def test_a_road_that_ends_a_millimetre_short_still_meets() -> None:
    lines = [[(0, 0), (10 * STEP, 0)], [(5 * STEP, 0.001), (5 * STEP, 3 * STEP)]]
    assert minutes(roads(*lines), (0, 0), (5 * STEP, 3 * STEP)) == pytest.approx([8], abs=1e-3)


def test_what_no_road_reaches_is_told_apart() -> None:
    found = reach(LADDER, np.array([[0.0, 0.0]]), np.array([[0.0, -499.0], [0.0, -501.0]]))
    assert np.isfinite(found.minutes[0])
    assert found.minutes[1] == np.inf
    assert found.off_road.tolist() == [False, True]


def test_without_roads_the_straight_line_is_called_so() -> None:
    found = reach(LADDER.iloc[:0], np.array([[0.0, 0.0]]), np.array([[3 * STEP, 4 * STEP]]))
    assert found.method == "straight"
    assert found.minutes.tolist() == pytest.approx([5])
    assert reach(LADDER, np.array([[0.0, 0.0]]), np.zeros((1, 2))).method == "network"


def test_no_station_reaches_nobody() -> None:
    found = reach(LADDER, np.zeros((0, 2)), np.array([[0.0, 0.0]]))
    assert found.minutes.tolist() == [np.inf]
    assert service_area(found, np.zeros((0, 2)), 15).is_empty


def test_driving_is_faster_by_class_and_walking_keeps_off_motorways() -> None:
    line = [[(0, 0), (1000, 0)]]
    assert minutes(roads(*line, **{"class": ["primary"]}), (0, 0), (1000, 0), mode="drive") == pytest.approx([1])
    assert minutes(roads(*line, **{"class": ["village"]}), (0, 0), (1000, 0), mode="drive") == pytest.approx([2.4])
    assert minutes(roads(*line, **{"class": ["motorway"]}), (0, 0), (1000, 0)) == [np.inf]


def test_the_service_area_follows_the_roads() -> None:
    found = reach(LADDER, np.array([[2 * STEP, 0.0]]), np.zeros((1, 2)))
    area = service_area(found, np.array([[2 * STEP, 0.0]]), 1.5)
    assert area.covers(shapely.Point(0.6 * STEP, 0))
    assert area.covers(shapely.Point(STEP, 0.4 * STEP))
    # Across the missing rung it is three minutes on foot; the crow's circle would hold it.
    assert not area.covers(shapely.Point(2 * STEP, STEP))


def _city(side: int, seed: int) -> tuple[gpd.GeoDataFrame, nx.Graph[Any]]:
    """A grid city of `side` x `side` nodes with uneven blocks and closed streets; the same for networkx."""
    chance = np.random.default_rng(seed)
    x, y = (np.round(np.cumsum(chance.uniform(40, 120, side)), 3) for _ in range(2))
    graph: nx.Graph[Any] = nx.Graph()
    lines = []
    for i, j in itertools.product(range(side), repeat=2):
        for a, b in (((i, j), (i + 1, j)), ((i, j), (i, j + 1))):
            if max(b) < side and chance.random() > 0.12:
                ends = [(x[a[0]], y[a[1]]), (x[b[0]], y[b[1]])]
                lines.append(ends)
                graph.add_edge(a, b, minutes=float(np.hypot(*np.subtract(*ends))) / STEP)
    nx.set_node_attributes(graph, {n: (x[n[0]], y[n[1]]) for n in graph}, "xy")
    return roads(*lines), graph


def _same_as_networkx(side: int, seed: int) -> int:
    streets, graph = _city(side, seed)
    chance = np.random.default_rng(seed + 1)
    nodes = list(graph)
    stations = [nodes[k] for k in chance.choice(len(nodes), 7, replace=False)]
    expected = nx.multi_source_dijkstra_path_length(graph, stations, weight="minutes")
    xy = nx.get_node_attributes(graph, "xy")
    found = reach(streets, np.array([xy[s] for s in stations]), np.array([xy[n] for n in nodes])).minutes
    assert np.allclose(found, [expected.get(n, np.inf) for n in nodes], rtol=0, atol=1e-6)
    return len(nodes)


@pytest.mark.parametrize("seed", range(3))
def test_a_grid_city_is_equal_to_networkx(seed: int) -> None:
    assert _same_as_networkx(30, seed) > 800


@pytest.mark.long
def test_a_grid_city_of_ninety_thousand_nodes_is_equal_to_networkx() -> None:
    assert _same_as_networkx(300, 1) > 89_000


@pytest.mark.parametrize("seed", range(5))
def test_suggested_sites_are_the_best_of_all_choices(seed: int) -> None:
    streets, _ = _city(8, seed)
    chance = np.random.default_rng(seed)
    spots = shapely.get_coordinates(streets.geometry.values)
    candidates, homes = (spots[chance.choice(len(spots), n)] for n in (7, 40))
    households = chance.integers(1, 30, 40)
    reached = [reach(streets, c[None, :], homes).minutes <= 2.5 for c in candidates]
    best = max(households[np.any(choice, axis=0)].sum() for choice in itertools.combinations(reached, 3))
    chosen, gained = suggest(streets, candidates, homes, households, 3, Limit(2.5))
    assert gained.sum() == best
    assert households[np.any([reached[k] for k in chosen], axis=0)].sum() == best
    assert gained.tolist() == sorted(gained.tolist(), reverse=True)
