"""The way along roads and shores between two clicks."""

from __future__ import annotations

import numpy as np
import shapely

from gridgis.tracing import Tracer

ROADS = np.array([
    shapely.LineString([(0, 0), (100, 0), (200, 0)]), shapely.LineString([(100, -50), (100, 300)]),
    shapely.LineString([(0, 300), (400, 300)]), shapely.box(300, 0, 350, 200),
], dtype=object)  # fmt: skip


def test_a_way_follows_roads_round_their_corners() -> None:
    way = Tracer(ROADS).way((20, 5), (30, 290))
    assert list(way.coords) == [(20, 0), (100, 0), (100, 300), (30, 300)]


def test_a_way_on_one_road_and_along_a_shore() -> None:
    tracer = Tracer(ROADS)
    assert list(tracer.way((180, 3), (20, -3)).coords) == [(180, 0), (100, 0), (20, 0)]
    shore = tracer.way((298, 20), (320, 202))
    assert list(shore.coords) == [(300, 20), (300, 200), (320, 200)]


def test_where_there_is_no_way_there_is_none() -> None:
    tracer = Tracer(ROADS)
    assert tracer.way((20, 0), (310, 100)) is None  # the shore is joined to no road
    assert tracer.way((20, 0), (30, 120)) is None  # too far from any line
    assert Tracer(np.empty(0, dtype=object)).way((0, 0), (1, 1)) is None
