"""Whose a road is: crossing grids, along their boundary, or in none; and that each counts once."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely

import gridgis as gg
from gridgis.emap import Rule, road_owners, road_parts
from gridgis.statistics import grid_statistics
from tests.drawn import EAST, NORTH, area, at, code_of, drawn, drawn_county, line

DRAWING = "AABB\nCCDD"
A, B, C, D = (str(code_of(c)) for c in "ABCD")
EDGE = ((2, 0), (2, 1))  # between A and B
RULES: tuple[Rule, ...] = ("longest", "lower_code", "both")


def owner(road: Any, rule: Rule = "longest", drawing: str = DRAWING, level: str = "unit") -> str | None:
    (code,) = road_owners(drawn(drawing, elements=False), np.array([road], dtype=object), level, rule)
    return None if code is None else str(code)


def parts(road: Any, rule: Rule = "longest") -> pd.DataFrame:
    return road_parts(drawn(DRAWING, elements=False), np.array([road], dtype=object), "unit", rule).set_index("code")


CASES: dict[str, tuple[Any, str, str]] = {
    # The road, whose it is by `longest`, and by `lower_code`.
    "inside": (line((2.5, 0.5), (3.5, 0.5)), B, B),
    "longer in B": (line((1.5, 0.5), (3.5, 0.5)), B, A),
    "longer in A": (line((0.5, 0.5), (2.4, 0.5)), A, A),
    "half in each": (line((1, 0.5), (3, 0.5)), A, A),
    "is the boundary": (line(*EDGE), A, A),
    "is the boundary, drawn the other way": (line(*EDGE[::-1]), A, A),
    "is part of the boundary": (line((2, 0.2), (2, 0.7)), A, A),
    "along A and B, then C and D": (line((2, 0), (2, 2)), A, A),
    "along the boundary, then into B": (line((2, 0), (2, 0.8), (3, 0.8)), B, A),
    "along the boundary, then into D": (line((2, 0), (2, 1), (2.5, 1.5)), A, A),
    "along A and C, B and D": (line((0, 1), (4, 1)), A, A),
    "mostly along B and D": (line((1.9, 1), (4, 1)), B, A),
    "along the outline": (line((2.2, 0), (3.8, 0)), B, B),
    "ends at the boundary": (line((2, 0.5), (3, 0.5)), B, B),
    "touches a corner": (line((2, 1), (3, 0.5)), B, B),
    "through the corner": (line((1.5, 0.5), (2.6, 1.6)), D, A),
    "two pieces": (shapely.union(line((0.2, 0.5), (0.4, 0.5)), line((3, 0.5), (3.9, 0.5))), B, A),
    "leaves the county": (line((3.5, 0.5), (9, 0.5)), B, B),
    "with height": (shapely.force_3d(line((2.5, 0.5), (3.5, 0.5)), 7.0), B, B),
    "without length": (shapely.LineString([at(2.5, 0.5)] * 2), B, B),
    "a point on the boundary": (shapely.Point(at(2, 0.5)), B, B),  # the rule of ties of points: east
}


@pytest.mark.parametrize("case", CASES)
def test_a_road_belongs_to_the_grid_that_the_rule_says(case: str) -> None:
    road, longest, lower = CASES[case]
    assert owner(road, "longest") == longest
    assert owner(road, "lower_code") == lower
    assert owner(road, "both") == longest


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("road", [line((5, 0.5), (9, 0.5)), line((-1, -1), (0, 0)), shapely.LineString(), None])
def test_a_road_outside_the_county_belongs_to_nobody(road: Any, rule: Rule) -> None:
    assert owner(road, rule) is None


def test_a_road_where_no_grid_is_yet_counts_in_those_it_reaches() -> None:
    assert owner(line((0.5, 0.5), (2.5, 0.5)), drawing="..B") == B
    assert owner(line((0.5, 0.5), (1.5, 0.5)), drawing="..B") is None


def test_the_rule_of_the_scheme_holds_by_default() -> None:
    plan, roads = drawn(DRAWING, elements=False), np.array([line((1.5, 0.5), (3.5, 0.5))], dtype=object)
    assert road_owners(plan, roads, "unit").tolist() == [B]
    lower = plan.scheme.model_copy(update={"road_rule": "lower_code"})
    assert road_owners(gg.Plan(**{**vars_of(plan), "scheme": lower}), roads, "unit").tolist() == [A]


def vars_of(plan: gg.Plan) -> dict[str, Any]:
    return {name: getattr(plan, name) for name in plan.__dataclass_fields__}


def test_a_boundary_road_is_the_same_with_other_vertices_and_a_lattice_apart() -> None:
    # The boundary runs slanted; the road is drawn with its own vertices, rounded to the millimetre.
    plan = drawn(DRAWING, elements=False)
    cut = gg.evolve(plan, gg.split(plan, A, line((0, 0.13), (2, 0.61))))
    new = max(c for c in cut.codes("unit"))
    share = np.linspace(0.03, 0.97, 23)[:, None]
    road = np.round(np.array(at(0, 0.13)) * (1 - share) + np.array(at(2, 0.61)) * share, 3)
    table = road_parts(cut, [shapely.LineString(road)], "unit", "longest").set_index("code")
    assert set(table.index) == {A, new}
    assert table["inside_m"].sum() == 0
    assert table.loc[A, "along_m"] == pytest.approx(table.loc[new, "along_m"])
    assert table.loc[A, ["counted", "length_m"]].tolist() == [True, pytest.approx(shapely.LineString(road).length)]


def test_what_lies_beside_the_boundary_is_inside() -> None:
    table = parts(line((2.002, 0.1), (2.002, 0.9)))  # 20 cm to the east
    assert table.index.tolist() == [B]
    assert table.loc[B, ["inside_m", "along_m"]].tolist() == [pytest.approx(80), 0]


def test_lengths_are_told_by_part() -> None:
    table = parts(line((2, 0), (2, 0.8), (3, 0.8)))
    assert table.loc[A, ["inside_m", "along_m", "length_m"]].tolist() == [0, pytest.approx(80), 0]
    assert table.loc[B, ["inside_m", "along_m", "length_m"]].tolist() == [
        pytest.approx(100),
        pytest.approx(80),
        pytest.approx(180),
    ]
    # Under `lower_code` the road is A's, and so is the stretch along the boundary.
    lower = parts(line((2, 0), (2, 0.8), (3, 0.8)), "lower_code")
    assert lower["length_m"].to_dict() == {A: pytest.approx(80), B: pytest.approx(100)}


def test_both_sides_have_the_road_that_is_their_boundary() -> None:
    def have(road: Any) -> list[str]:
        table = parts(road, "both")
        assert table["counted"].sum() == 1
        return table.index[table["belongs"]].tolist()

    assert have(line(*EDGE)) == [A, B]
    assert have(line((2, 0), (2, 0.8), (2.5, 0.8))) == [A, B]
    assert have(line((2, 0), (2, 0.4), (3, 0.4))) == [B]
    assert have(line((1.5, 0.5), (3.5, 0.5))) == [B]
    assert have(line((2, 0), (2, 2))) == [A]  # no more than half of it bounds any other


@pytest.mark.parametrize("rule", RULES)
def test_each_road_and_each_metre_counts_once_whatever_the_rule(rule: Rule) -> None:
    plan = drawn("AABBEE\nACCDDE\nAFFDEE\nGGFFHH", elements=False)
    rng = np.random.default_rng(4)
    roads = []
    for k in range(400):
        # Half of them on the lattice of the grids, so that they run along boundaries and through corners.
        steps = rng.integers(-1, 2, (4, 2)) if k % 2 else rng.normal(0, 0.8, (4, 2))
        begin = rng.integers(0, 5, 2) if k % 2 else rng.uniform(0, 4, 2)
        roads.append(shapely.LineString([at(*p) for p in np.vstack([begin, begin + np.cumsum(steps, axis=0)])]))
    lines = np.array(roads, dtype=object)
    inside = shapely.intersection(lines, plan.outline)
    for level in ("unit", "township"):
        table = road_parts(plan, lines, level, rule)
        counted = table[table["counted"]]
        assert counted["road"].is_unique
        assert set(np.flatnonzero(shapely.length(inside) > 0.1)) <= set(counted["road"])
        by_road = table.groupby("road")["length_m"].sum()
        for road, metres in by_road.items():
            # A road that goes to and fro has its length twice; the intersection would melt that.
            pieces = shapely.get_parts(lines[int(str(road))])
            twice = sum(s.intersection(plan.outline).length for p in pieces for s in segments(p))
            assert metres == pytest.approx(twice, abs=0.05), road


def segments(road: shapely.LineString) -> list[shapely.LineString]:
    xy = shapely.get_coordinates(road)
    return [shapely.LineString(pair) for pair in pairwise(xy)]


def test_the_answer_does_not_depend_on_the_order_of_roads() -> None:
    plan = drawn(DRAWING, elements=False)
    lines = np.array([road for road, _, _ in CASES.values()], dtype=object)
    forward = road_owners(plan, lines, "unit").tolist()
    assert road_owners(plan, lines[::-1], "unit").tolist() == forward[::-1]


def test_upper_levels_know_only_their_own_boundaries() -> None:
    # Between A and B lies no boundary of communities; between B and a (the second community) one does.
    road = line((1, 0.5), (2.6, 0.5))
    assert owner(road, drawing="ABaa", level="community") == A[:12]
    assert owner(line((2, 0), (2, 1)), drawing="ABaa", level="community") == A[:12]


# -- gridgis stats -------------------------------------------------------------------------------------

ROADS = [line(*EDGE), line((1.5, 0.5), (3.5, 0.5)), line((0, 1), (4, 1)), line((8, 0), (9, 0))]


def county(path: Path, rule: str = "longest") -> gg.County:
    built = pd.DataFrame({"id": ["a", "b", "c"], "use": ["住宅", "住宅", "商业"],
                          "geometry": [shapely.Point(at(*p)) for p in ((0.5, 0.5), (1.5, 0.5), (3.5, 0.5))]})  # fmt: skip
    roads = pd.DataFrame({"id": [f"r{k}" for k in range(len(ROADS))], "geometry": ROADS})
    drawn_county(path, DRAWING, more={"roads": roads, "buildings": built})
    opened = gg.open_county(path)
    opened.scheme = opened.scheme.model_copy(update={"road_rule": rule})
    return opened


@pytest.mark.parametrize("rule", RULES)
def test_stats_count_each_road_once(tmp_path: Path, rule: Rule) -> None:
    with county(tmp_path / "c.gpkg", rule) as c:
        frame = grid_statistics(c, "unit")
        assert frame["roads"].sum() == 3  # the fourth lies outside
        assert frame["road_m"].sum() == pytest.approx(100 + 200 + 400)
        assert frame["roads"].to_dict() == (
            {A: 3, B: 0, C: 0, D: 0} if rule == "lower_code" else {A: 2, B: 1, C: 0, D: 0}
        )
        assert ("roads_shared" in frame) == (rule == "both")
        assert frame["roads"].dtype == int
        assert grid_statistics(c, "township")["roads"].tolist() == [3]


def test_stats_tell_which_roads_are_shared(tmp_path: Path) -> None:
    with county(tmp_path / "c.gpkg", "both") as c:
        assert grid_statistics(c, "unit")["roads_shared"].to_dict() == {A: 1, B: 1, C: 0, D: 0}


def test_stats_count_buildings_by_use(tmp_path: Path) -> None:
    with county(tmp_path / "c.gpkg") as c:
        frame = grid_statistics(c, "unit")
        assert frame["building_住宅"].to_dict() == {A: 2, B: 0, C: 0, D: 0}
        assert frame["building_商业"].to_dict() == {A: 0, B: 1, C: 0, D: 0}


# -- a point on a shared edge -----------------------------------------------------------------------------


def test_a_point_on_a_shared_edge_is_always_in_the_same_grid(tmp_path: Path) -> None:
    spots = np.array([at(2, 0.5), at(2, 1), at(1, 1), at(3.3, 1), at(4, 0.5), at(2, 0)])
    want = [B, B, A, B, B, B]
    plan = drawn(DRAWING, elements=False)
    assert gg.locate(plan, spots).tolist() == want
    assert gg.locate(plan, spots[::-1]).tolist() == want[::-1]
    with county(tmp_path / "c.gpkg") as c:
        assert gg.locate(c.plan, spots).tolist() == want
        # Cutting elsewhere and undoing it changes nothing, nor does another code for the grid.
        c.apply(gg.split(c.plan, C, line((0, 1.5), (2, 1.5))))
        assert gg.locate(c.plan, spots).tolist() == want
        c.undo()
        c.apply(gg.recode(c.plan, B, B[:-3] + "900"))
        assert gg.locate(c.plan, spots).str[-3:].tolist() == ["900" if w == B else w[-3:] for w in want]


def test_the_drawing_lies_where_the_answers_above_suppose() -> None:
    assert at(0, 0) == (EAST, NORTH)
    assert area((0, 0), (1, 0), (1, 1), (0, 1)).area == 10_000
