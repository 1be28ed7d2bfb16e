"""A new run of a shared boundary: both sides follow, exactly, and nothing else moves."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

import gridgis as gg
from gridgis.edits import run
from gridgis.errors import CoverageError, EditError, RefusedError
from tests.drawn import SIDE, area, at, cell_at, code_of, drawn, line

A, B, C = (str(code_of(x)) for x in "ABC")


def ground(plan: gg.Plan, letter: str) -> shapely.Geometry:
    return plan.grid_geometry(str(code_of(letter)))


def kept(plan: gg.Plan, edit: gg.Edit) -> gg.Plan:
    """Apply an edit; the county must be whole after it, and undo must give the plan back."""
    after = gg.evolve(plan, edit)
    assert shapely.coverage_is_valid(after.rows.geometry)
    assert shapely.union_all(after.rows.geometry).symmetric_difference(plan.outline).area < 0.01
    assert (after.rows.figures.sum(axis=0) == plan.rows.figures.sum(axis=0)).all()
    assert gg.evolve(after, gg.invert(edit)).hash == plan.hash
    assert gg.evolve(plan, run(plan, edit.command)).hash == after.hash
    return after


def test_both_sides_follow_a_new_run() -> None:
    plan = drawn("AABB\nAABB\nAABB\nAABB")
    edit = gg.reshape(plan, line((2, 1), (3, 2), (2, 3)))
    after = kept(plan, edit)
    assert ground(after, "A").area == ground(plan, "A").area + SIDE**2
    assert ground(after, "B").area == ground(plan, "B").area - SIDE**2
    assert edit.kind == "reshape"
    assert set(edit.before) == set(edit.after) == {A, B}
    assert not edit.created
    assert not edit.voided


def test_what_hangs_over_cuts_nothing() -> None:
    plan = drawn("AABB\nAABB\nAABB\nAABB")
    short = gg.reshape(plan, line((2, 1), (3, 2), (2, 3)))
    # Drawn on beyond the boundary and through cells of the other side.
    long = gg.reshape(plan, line((1, 0), (2, 1), (3, 2), (2, 3), (0.4, 4.6)))
    assert gg.evolve(plan, short).hash == gg.evolve(plan, long).hash


def test_a_run_may_cross_the_boundary_in_between() -> None:
    plan = drawn("AABB\nAABB\nAABB\nAABB")
    after = kept(plan, gg.reshape(plan, line((2, 0), (3, 1), (1, 3), (2, 4))))
    assert ground(after, "A").area == ground(plan, "A").area
    assert shapely.Point(at(2.6, 1)).within(ground(after, "A"))
    assert shapely.Point(at(1.4, 3)).within(ground(after, "B"))


def test_cells_away_from_the_run_stay_byte_equal() -> None:
    plan = drawn("AABBCC\nAABBCC\nAABBCC\nAABBCC")
    edit = gg.reshape(plan, line((2, 1.2), (2.7, 2), (2, 2.8)))
    kept(plan, edit)
    touched = {cell_at(plan, c, r) for c in (1.5, 2.5) for r in (1.5, 2.5)}
    assert set(edit.removed.id.tolist()) <= touched


def test_one_grid_may_gain_from_several() -> None:
    plan = drawn("AABB\nAABB\nAACC\nAACC")
    edit = gg.reshape(plan, line((2, 1), (3, 1.5), (3, 2.5), (2, 3)))
    after = kept(plan, edit)
    assert shapely.Point(at(2.5, 1.9)).within(ground(after, "A"))
    assert shapely.Point(at(2.5, 2.1)).within(ground(after, "A"))
    assert set(edit.before) == {A, B, C}


def test_unassigned_land_is_gained_and_never_made() -> None:
    plan = drawn("AA..\nAA..\nAA..")
    after = kept(plan, gg.reshape(plan, line((2, 1), (3, 1.5), (2, 2))))
    assert ground(after, "A").area > ground(plan, "A").area
    with pytest.raises(EditError):
        gg.reshape(plan, line((2, 1), (1, 1.5), (2, 2)))


@pytest.mark.parametrize(
    ("drawing", "points"),
    [
        ("AABB\nAABB", [(0.5, 0.5), (1.5, 1.5)]),  # meets no boundary
        ("AABB\nAABB", [(1, 0.5), (3, 0.6)]),  # crosses it once
        ("AABB\nAABB\nCCCC", [(2, 1), (1, 1.5), (1, 2)]),  # what it cuts off touches two
        ("AABB\nAABB", [(2, 0.2), (3, 0.5), (2.5, 0.2), (2.5, 1), (2, 1.2)]),  # crosses itself
    ],
)
def test_refusals_say_where(drawing: str, points: list[tuple[float, float]]) -> None:
    plan = drawn(drawing)
    with pytest.raises(EditError) as refused:
        gg.reshape(plan, line(*points))
    assert refused.value.place is not None
    assert shapely.Point(refused.value.place).distance(plan.outline) < SIDE


def test_upper_levels_are_locked_unless_unlocked() -> None:
    plan = drawn("AAbb\nAAbb\nAAbb")
    new = line((2, 1), (3, 1.5), (2, 2))
    with pytest.raises(RefusedError) as refused:
        gg.reshape(plan, new)
    assert shapely.Point(refused.value.place).within(plan.outline)
    after = kept(plan, gg.reshape(plan, new, unlock=True))
    assert ground(after, "A").area > ground(plan, "A").area


def test_the_boundary_of_an_upper_level_carries_the_levels_below() -> None:
    plan = drawn("AAbb\nABcb\nAAbb")
    edit = gg.reshape(plan, line((2, 0.5), (2.5, 1.5), (2, 2.5)), level="community", unlock=True)
    after = kept(plan, edit)
    assert set(after.grids) == set(plan.grids)
    assert after.grid_geometry("350526100001").area > plan.grid_geometry("350526100001").area


def test_a_junction_moves_with_all_its_grids() -> None:
    plan = drawn("AB\nCD")
    edit = gg.move_vertex(plan, at(1, 1), at(1.3, 0.8))
    after = kept(plan, edit)
    for letter in "ABCD":
        assert np.isclose(shapely.get_coordinates(ground(after, letter)), at(1.3, 0.8)).all(axis=1).any()
    assert len(edit.before) == 4
    assert (A, B) in edit.lineage or (B, A) in edit.lineage


@pytest.mark.parametrize(
    ("where", "to"),
    [
        ((1, 1), (2.4, 1)),  # beyond the far side of its cells
        ((1, 0), (1.2, 0)),  # on the outline
        ((1, 1), (1, 2)),  # onto another vertex
    ],
)
def test_a_vertex_that_would_break_the_coverage_stays(where: tuple[float, float], to: tuple[float, float]) -> None:
    plan = drawn("AB\nCD")
    with pytest.raises(CoverageError) as refused:
        gg.move_vertex(plan, at(*where), at(*to))
    assert refused.value.place is not None


def test_a_vertex_put_into_an_edge_bends_both_sides_and_can_be_taken_out() -> None:
    plan = drawn("AB\nAB")
    bent = kept(plan, gg.insert_vertex(plan, at(1, 0.5), at(1.3, 0.5)))
    assert ground(bent, "A").area == ground(plan, "A").area + 0.3 * SIDE * SIDE / 2
    straight = kept(bent, gg.delete_vertex(bent, at(1.3, 0.5)))
    assert straight.hash == plan.hash
    with pytest.raises(EditError, match="节点"):
        gg.delete_vertex(drawn("AB\nCD"), at(1, 1))
    with pytest.raises(EditError, match="没有界线的折点"):
        gg.delete_vertex(plan, at(0.5, 0.5))


def test_moving_a_vertex_of_upper_boundaries_is_locked() -> None:
    plan = drawn("Ab\nAb")
    with pytest.raises(RefusedError):
        gg.move_vertex(plan, at(1, 1), at(1.2, 1))
    kept(plan, gg.move_vertex(plan, at(1, 1), at(1.2, 1), unlock=True))


def test_a_closed_line_cuts_a_hole() -> None:
    plan = drawn("AAA\nAAA\nAAA")
    ring = shapely.LineString(area((1.2, 1.2), (1.9, 1.2), (1.9, 1.9), (1.2, 1.9)).exterior.coords)
    edit = gg.split(plan, A, ring)
    after = kept(plan, edit)
    (new,) = edit.created
    assert len(ground(after, "A").interiors) == 1
    assert after.grid_geometry(new).area == pytest.approx(0.49 * SIDE**2)


def test_a_new_grid_is_drawn_into_unassigned_land() -> None:
    plan = drawn("AA..\nAA..")
    edit = gg.draw(plan, area((1.5, 0.5), (3, 0.5), (3, 1.5), (1.5, 1.5)), "350526100001")
    after = kept(plan, edit)
    assert edit.created == ("350526100001002",)
    assert after.grid_geometry(edit.created[0]).area == SIDE**2
    assert ground(after, "A").equals(ground(plan, "A"))
    with pytest.raises(EditError):
        gg.draw(plan, area((0, 0), (1, 0), (1, 1)), "350526100001")
