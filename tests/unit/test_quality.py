"""What boundaries follow: exact on cases drawn by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely

import gridgis as gg
from gridgis.quality import boundary_quality
from gridgis.statistics import boundary_statistics
from tests.drawn import area, code_of, drawn_county, line
from tests.telling import teller

SQUARE = shapely.box(0, 0, 100, 100)


def share(*lines: Any, grid: Any = SQUARE, **more: Any) -> float:
    frame = boundary_quality({"A": grid}, {"roads": np.array(lines, dtype=object)}, {}, **more)
    assert frame.loc["A", "followed"] == frame.loc["A", "on_roads"]
    return float(frame.loc["A", "on_roads"])


def road(*xy: tuple[float, float]) -> shapely.LineString:
    return shapely.LineString(xy)


@pytest.mark.parametrize(
    ("roads", "expected"),
    [
        ([road((0, 0), (100, 0))], 0.25),
        ([road((-50, 3), (150, 3))], 0.25),
        ([road((20, -4.9), (60, -4.9))], 0.1),
        ([road((0, 5.1), (100, 5.1))], 0.0),
        # Crossing is not following, nor is meeting at a slant.
        ([road((50, -50), (50, 150))], 0.0),
        ([road((-20, -20), (120, 120))], 0.0),
        # Two carriageways, the second drawn backwards and longer: each metre counts once.
        ([road((0, 1), (50, 1)), road((80, -1), (20, -1))], 0.2),
        # One after the other along one side, cut in the middle.
        ([road((0, 0), (30, 0)), road((70, 0), (100, 0))], 0.15),
        ([], 0.0),
    ],
)
def test_share_on_roads(roads: list[Any], expected: float) -> None:
    assert share(*roads) == pytest.approx(expected, abs=1e-4)


def test_holes_count_and_the_tolerance_is_free() -> None:
    ring = shapely.Polygon(SQUARE.exterior, [shapely.box(40, 40, 60, 60).exterior])
    assert share(road((40, 40), (60, 40)), grid=ring) == pytest.approx(20 / 480, abs=1e-4)
    assert share(road((0, 8), (100, 8)), within_m=10.0) == pytest.approx(0.25, abs=1e-4)


def test_sources_overlap_and_followed_counts_once() -> None:
    lines = {"roads": np.array([road((0, 0), (60, 0))]), "water": np.array([road((100, 0), (40, 0))]),
             "compounds": np.empty(0, dtype=object)}  # fmt: skip
    parents = {"A": shapely.box(0, 0, 100, 300)}
    row = boundary_quality({"A": SQUARE}, lines, parents).loc["A"]
    assert row.round(4).to_dict() == {
        "boundary_m": 400.0, "on_roads": 0.15, "on_water": 0.15, "on_compounds": 0.0, "on_parent": 0.75, "followed": 0.75,
    }  # fmt: skip


def test_statistics_and_command(tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    more = {
        "roads": pd.DataFrame({"id": ["r"], "geometry": [line((1, -1), (1, 1))]}),
        "places": pd.DataFrame(
            {"id": ["p"], "kind": ["compound"], "geometry": [area((1, 1), (2, 1), (2, 1.5), (1, 1.5))]}
        ),
    }
    path = drawn_county(tmp_path / "county.gpkg", "ABB\nABB", more=more)
    a, b = str(code_of("A")), str(code_of("B"))
    with gg.open_county(path) as county:
        frame = boundary_statistics(county, "unit")
    assert frame.loc[a, ["boundary_m", "on_roads", "on_compounds", "on_parent", "followed"]].tolist() == pytest.approx(
        [600, 1 / 6, 50 / 600, 4 / 6, 550 / 600], abs=1e-4
    )
    assert frame.loc[b, "on_parent"] == pytest.approx(6 / 8, abs=1e-4)
    tell = teller(monkeypatch, capsys)
    rows = {r["code"]: r for r in tell("stats", path, "--level", "unit", "--quality", "--json").json}
    assert rows[a]["on_roads"] == pytest.approx(1 / 6, abs=1e-4)
    assert "on_parent" in tell("stats", path, "--level", "unit", "--quality").out
    assert "on_parent" not in tell("stats", path, "--level", "unit").out
