"""Cells on demand: what is divided, what stays, and what is refused; on drawn counties."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely

import gridgis as gg
from gridgis.checks import check
from gridgis.edits import paint
from gridgis.errors import EditError
from gridgis.plan import Plan, evolve, invert
from gridgis.subdividing.celling import Division, cut_buildings, divide
from gridgis.subdividing.linework import Linework
from gridgis.verify import verify
from tests.drawn import SIDE, area, at, cell_at, code_of, drawn, drawn_county, hash_of, line, lumps, plan_of
from tests.telling import Tell, assert_refused

NONE = np.empty(0, dtype=object)


def lines(*shapes: Any, source: int = 0) -> Linework:
    return Linework(np.array(shapes, dtype=object), np.full(len(shapes), source), {"roads": len(shapes)})


def divided(plan: Plan, *roads: Any, buildings: Sequence[Any] = (), within: str | None = None) -> tuple[Plan, Division]:
    done = divide(plan, lines(*roads), np.array(buildings, dtype=object), within=within)
    return evolve(plan, done.edit), done


def house(column: float, row: float, size: float = 0.1) -> Any:
    return area(*[(column + i * size, row + j * size) for i, j in ((-1, -1), (1, -1), (1, 1), (-1, 1))])


def grounds(plan: Plan) -> dict[str, Any]:
    return {c: plan.grid_geometry(c) for c in plan.grids}


def assert_same_grids(before: Plan, after: Plan) -> None:
    assert before.grids == after.grids
    for code, ground in grounds(before).items():
        assert shapely.symmetric_difference(ground, after.grid_geometry(code)).area < 1e-3
        old, new = before.figures_of(code), after.figures_of(code)
        assert {k: v for k, v in old.items() if k != "cells"} == {k: v for k, v in new.items() if k != "cells"}


def test_a_road_divides_the_cells_that_it_crosses_and_nothing_else() -> None:
    before = drawn("AAB\nACB")
    after, done = divided(before, line((-1, 0.5), (4, 0.5)))
    assert (len(before.rows), len(after.rows), done.facts["cells_divided"]) == (6, 9, 3)
    assert_same_grids(before, after)
    assert done.facts["grids_changed"] == 0
    assert done.facts["share_on_lines"] == 1.0
    assert done.facts["new_boundary_m"] == 3 * SIDE
    assert evolve(after, invert(done.edit)).hash == before.hash


def test_a_road_that_ends_inside_divides_nothing() -> None:
    with pytest.raises(EditError, match="没有把任何基元分开"):
        divided(drawn("AB"), line((-1, 0.5), (0.8, 0.5)))


def test_two_roads_that_meet_inside_divide() -> None:
    after, _ = divided(drawn("AB"), line((-1, 0.5), (0.5, 0.5)), line((0.5, 0.5), (0.5, 2)))
    assert sorted(after.rows.code) == [code_of("A")] * 2 + [code_of("B")]
    # A dead end that hangs on them divides nothing further.
    more, _ = divided(drawn("AB"), line((-1, 0.5), (0.5, 0.5), (0.5, 2)), line((0.3, 0.5), (0.3, 0.2)))
    assert len(more.rows) == 3
    assert all(any(a.equals(b) for b in after.rows.geometry) for a in more.rows.geometry)


def test_a_slanting_road_moves_no_boundary_by_more_than_micrometres() -> None:
    before = plan_of([("A", area((0, 0), (1.003, 0.0771), (0.9, 1.01), (0, 1))),
                      ("B", area((1.003, 0.0771), (2, 0), (2, 1), (0.9, 1.01)))])  # fmt: skip
    after, done = divided(before, line((-0.1, 0.237), (2.1, 0.71)))
    assert len(after.rows) == 4
    assert done.facts["largest_shift_mm"] <= 0.002
    assert_same_grids(before, after)
    assert shapely.coverage_is_valid(after.rows.geometry)


def test_the_neighbour_outside_receives_the_vertex_only() -> None:
    before = drawn("AB", elements=False)
    after, done = divided(before, line((-1, 0.4), (3, 0.4)), within=str(code_of("A")))
    b = after.rows.geometry[[c == code_of("B") for c in after.rows.code]]
    assert (len(after.rows), len(b), shapely.get_num_coordinates(b).tolist()) == (3, 1, [6])
    assert done.facts["cells_divided"] == 1
    assert shapely.coverage_is_valid(after.rows.geometry)


def test_the_line_is_bent_around_a_building() -> None:
    built = [house(0.5, 0.52)]
    after, done = divided(drawn("AB"), line((-1, 0.5), (3, 0.5)), buildings=built)
    assert len(after.rows) == 4
    assert (done.facts["buildings_newly_cut"], len(cut_buildings(after.rows.geometry, np.array(built)))) == (0, 0)
    assert 0.8 < done.facts["share_on_lines"] < 1
    # The building goes where most of it lies: south of the road.
    inside = shapely.contains(after.rows.geometry, built[0])
    assert shapely.bounds(after.rows.geometry[inside])[0][1] == at(0, 1)[1]


def test_buildings_wall_to_wall_go_to_one_side_together() -> None:
    row = [house(0.3 + 0.2 * k, 0.47 + 0.02 * k) for k in range(3)]
    after, _ = divided(drawn("A"), line((-1, 0.5), (3, 0.5)), buildings=row)
    assert len(after.rows) == 2
    assert not len(cut_buildings(after.rows.geometry, np.array(row)))


def test_a_building_that_fills_the_way_keeps_the_cell_whole() -> None:
    with pytest.raises(EditError):
        divided(drawn("A"), line((-1, 0.5), (3, 0.5)), buildings=[area((0, 0), (1, 0), (1, 1), (0, 1))])


def test_a_building_cut_before_is_told_and_not_made_worse() -> None:
    built = [area((0.9, 0.4), (1.1, 0.4), (1.1, 0.6), (0.9, 0.6))]
    after, done = divided(drawn("AB"), line((-1, 0.5), (3, 0.5)), buildings=built)
    assert (done.facts["buildings_cut_before"], done.facts["buildings_cut_after"], done.cut) == (1, 1, (0,))
    assert (shapely.area(shapely.intersection(after.rows.geometry, built[0])) > 0.01).sum() == 2


def test_strips_and_slivers_join_a_neighbour() -> None:
    roads = (line((-1, 0.5), (2, 0.5)), line((-1, 0.515), (2, 0.515)), line((0.05, -1), (0.05, 0.1), (-1, 0.1)))
    after, _ = divided(drawn("A"), *roads)
    assert sorted(round(a) for a in shapely.area(after.rows.geometry)) in ([4850, 5150], [5000, 5000])


def test_a_road_along_a_boundary_divides_nothing() -> None:
    with pytest.raises(EditError):
        divided(drawn("AB\nCD"), line((1.004, -1), (1.004, 3)), line((-1, 0.995), (3, 1.005)))


def test_ground_without_a_grid_is_divided_and_painted() -> None:
    before = plan_of(lumps("A....\nA...."))
    after, _ = divided(before, line((3, -1), (3, 3)), line((1, 1), (6, 1)))
    assert (len(before.rows), len(after.rows), sorted(map(str, after.rows.code))) == (
        2,
        5,
        [str(code_of("A")), *["None"] * 4],
    )
    more = evolve(after, paint(after, [cell_at(after, 1.5, 0.5)], str(code_of("A"))))
    assert more.figures_of(str(code_of("A")))["area_m2"] == 4 * SIDE**2


@pytest.fixture
def path(tmp_path: Path) -> Path:
    shapes = [line((-1, 0.5), (4, 0.5)), line((1.5, -1), (1.5, 3)), line((0.3, 0.5), (0.3, 0.7))]
    roads = pd.DataFrame({"id": ["r0", "r1", "r2"], "class": ["primary", "street", "street"], "geometry": shapes})
    return drawn_county(tmp_path / "county.gpkg", "AAB\nACB", more={"roads": roads})


def test_command_is_one_edit_that_undo_takes_back(path: Path, tell: Tell) -> None:
    start = hash_of(path)
    told = tell("cells", path, "--by", "王", "--reason", "试", "--json").json
    assert (told["cells_before"], told["cells_after"], told["grids_changed"], told["version"]) == (6, 12, 0, 2)
    with gg.open_county(path) as county:
        assert county.log().iloc[-1][["kind", "by", "reason"]].tolist() == ["cells", "王", "试"]
        assert verify(county) == []
        assert not (check(county)["severity"] == "error").any()
    tell("undo", path)
    assert hash_of(path) == start


def test_dry_run_and_what_is_refused_change_nothing(path: Path, tell: Tell) -> None:
    start = path.read_bytes()
    assert "12" in tell("cells", path, "--dry-run", "--lang", "en").out
    assert_refused(tell("cells", path, "--from", "water"), 2)
    assert_refused(tell("cells", path, "--from", "fences"), 2)
    assert_refused(tell("cells", path, "--road-class", "motorway"), 2)
    assert_refused(tell("cells", path, "--within", "350526100001099"), 2)
    assert path.read_bytes() == start


def test_classes_and_one_grid(path: Path, tell: Tell) -> None:
    told = tell("cells", path, "--road-class", "primary", "--within", code_of("A"), "--json").json
    assert (told["cells_before"], told["cells_after"], told["rows"]["roads"]) == (3, 5, 1)


def test_cancelling_leaves_the_county(path: Path) -> None:
    def stop(share: float, _words: str) -> None:
        if share > 0.5:
            raise KeyboardInterrupt

    work = lines(line((-1, 0.5), (4, 0.5)), line((1.5, -1), (1.5, 3)))
    with gg.open_county(path) as county:
        plan = county.plan
        with pytest.raises(KeyboardInterrupt):
            divide(plan, work, NONE, progress=stop)
    with gg.open_county(path) as county:
        assert county.version == 1


def test_walls_and_banks_are_outlines(tmp_path: Path, tell: Tell) -> None:
    yard, bank = area((0.3, 0.3), (0.7, 0.3), (0.7, 0.7), (0.3, 0.7)), area((1.2, -1), (1.5, -1), (1.5, 3), (1.2, 3))
    more = {
        "places": pd.DataFrame({"id": ["p", "q"], "kind": ["compound", "shop"], "geometry": [yard, yard.centroid]}),
        "water": pd.DataFrame({"id": ["w"], "geometry": [bank]}),
    }
    path = drawn_county(tmp_path / "walls.gpkg", "AAB\nACB", more=more)
    told = tell("cells", path, "--from", "water,compounds", "--json").json
    # One cell with a hole and the yard in it; three pieces of each cell that the river crosses.
    assert (told["cells_before"], told["cells_after"], told["rows"]) == (6, 11, {"water": 1, "compounds": 1})
    assert (told["share_on"]["water"], told["share_on_lines"]) == (pytest.approx(400 / 560, abs=1e-4), 1.0)
    with gg.open_county(path) as county:
        assert verify(county) == []
