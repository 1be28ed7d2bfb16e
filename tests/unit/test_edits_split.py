"""Splitting drawn counties: who keeps the code, who gets which number, what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
import shapely

import gridgis as gg
from gridgis.errors import CodeError, EditError
from gridgis.redraw.changes import Bit
from gridgis.redraw.cutting import divided
from tests.drawn import SIDE, after, area, cell_at, code_of, drawn, households, letters, line, not_a_number, plan_of

A, B, C, D, E = (str(code_of(c)) for c in "ABCDE")
a, b = str(code_of("a")), str(code_of("b"))
UPPER, LOWER, TOWN = "350526100001", "350526100002", "350526100"


def test_the_part_with_most_households_keeps_the_code() -> None:
    # 1 household west of the line, 5 east of it: the east keeps A although both are of one size.
    plan = drawn("AAB", homes="150")
    edit = gg.split(plan, A, line((1, -1), (1, 2)))
    assert letters(after(plan, edit), "AAB") == "CAB"
    assert (edit.kind, edit.created, edit.voided) == ("split", (C,), ())


def test_equal_households_leave_the_code_with_the_larger_part() -> None:
    plan = drawn("AAAB", homes="2020")
    edit = gg.split(plan, A, line((1, -1), (1, 2)))
    assert letters(after(plan, edit), "AAAB") == "CAAB"


def test_new_codes_follow_the_highest_number_ever_allotted() -> None:
    # D was allotted once and is void: the next number is E's, not D's.
    plan = drawn("AAB", homes="150")
    plan = replace(plan, ledger=plan.ledger | {C, D})
    assert gg.split(plan, A, line((1, -1), (1, 2))).created == (E,)


def test_several_parts_are_numbered_west_to_east() -> None:
    # The middle has most households; west comes before east.
    plan = drawn("AAAB", homes="1910")
    edit = gg.split(plan, A, line((1, -1), (1, 2), (2, 2), (2, -1)))
    assert letters(after(plan, edit), "AAAB") == "CADB"


def test_several_parts_are_numbered_north_to_south() -> None:
    plan = drawn("A\nA\nA\nB", homes="1\n9\n1\n0")
    edit = gg.split(plan, A, line((-1, 1), (2, 1), (2, 2), (-1, 2)))
    assert letters(after(plan, edit), "A\nA\nA\nB") == "C\nA\nD\nB"


def test_a_cut_through_cells_makes_two_cells_of_each() -> None:
    plan = drawn("AAB", homes="150")
    edit = gg.split(plan, A, line((-1, 0.25), (2, 0.25)))
    done = after(plan, edit)
    assert len(done.rows) == 5
    # The houses stand at half height, south of the line.
    assert households(done, "A") == 6
    assert households(done, "C") == 0
    assert done.figures_of(C)["area_m2"] == 2 * SIDE * SIDE * 0.25


def test_overshoot_into_other_grids_is_ignored() -> None:
    plan = drawn("ABC")
    done = after(plan, gg.split(plan, B, line((0.2, 0.5), (2.8, 0.5))))
    whole = {p.wkb for p in plan.rows.geometry}
    # A and C keep their square; they only gain the vertex where the line enters B.
    assert done.figures_of(A)["area_m2"] == done.figures_of(C)["area_m2"] == SIDE * SIDE
    assert len({p.wkb for p in done.rows.geometry} & whole) == 0
    assert done.codes("unit") == [A, B, C, D]


def test_cells_that_do_not_touch_the_cut_stay_byte_equal() -> None:
    plan = drawn("ABC\nDEF\nGHI")
    edit = gg.split(plan, A, line((-1, 0.5), (1, 0.5)))
    far = [cell_at(plan, 2.5, 2.5), cell_at(plan, 0.5, 2.5), cell_at(plan, 1.5, 1.5)]
    assert not set(far) & set(edit.removed.id.tolist())
    done = after(plan, edit)
    for i in far:
        assert done.rows.geometry[done.row([i])[0]].wkb == plan.rows.geometry[plan.row([i])[0]].wkb


def test_a_part_below_the_sliver_size_joins_its_neighbour() -> None:
    # The line cuts off a corner of 50 m2; the scheme's sliver size is 100 m2.
    plan = drawn("AB")
    with pytest.raises(EditError):
        gg.split(plan, A, line((-1, 0.9), (0.2, 2.1)))


def test_slivers_are_told_in_the_notes() -> None:
    # One stroke divides A in half and also cuts off a corner of 50 m2 at its south-west.
    plan = drawn("AB", elements=False)
    edit = gg.split(plan, A, line((0.5, -0.5), (0.5, 1.5), (0.15, 1.05), (-0.05, 0.85)))
    assert len(edit.created) == 1
    assert "100" in edit.notes[0][0]
    assert edit.notes[0][1].startswith("1 sliver")
    done = after(plan, edit)
    assert sorted(done.figures_of(c)["area_m2"] for c in (A, C)) == [5000.0, 5000.0]


def test_a_line_that_ends_inside_divides_nothing() -> None:
    plan = drawn("AB")
    with pytest.raises(EditError, match="没有把网格"):
        gg.split(plan, A, line((-1, 0.5), (0.7, 0.5)))


def test_a_line_elsewhere_divides_nothing() -> None:
    with pytest.raises(EditError):
        gg.split(drawn("AB"), A, line((1.2, -1), (1.2, 2)))


def test_a_line_along_the_boundary_divides_nothing() -> None:
    with pytest.raises(EditError):
        gg.split(drawn("AB"), A, line((1, -1), (1, 2)))


@pytest.mark.parametrize(
    "bad",
    [shapely.LineString(), shapely.Point(0, 0), shapely.LineString([(0, 0), (0, 0)]), None, area((0, 0), (1, 0), (1, 1)),
     not_a_number(), shapely.MultiLineString([[(0, 0), (1, 1)], [(5, 5), (6, 7)]])],
)  # fmt: skip
def test_what_is_no_line_is_refused(bad: object) -> None:
    with pytest.raises(EditError):
        gg.split(drawn("AB"), A, bad)


def test_a_line_in_two_joined_pieces_is_one_line() -> None:
    plan = drawn("AAB", homes="150")
    pieces = shapely.MultiLineString([line((1, -1), (1, 0)), line((1, 0), (1, 2))])
    assert letters(after(plan, gg.split(plan, A, pieces)), "AAB") == "CAB"


def test_splitting_a_community_carries_its_units_along() -> None:
    # The line runs between A and B: B moves to a new community and gets a code there.
    plan = drawn("AB\nAB", homes="90\n01")
    edit = gg.split(plan, UPPER, line((1, -1), (1, 3)))
    fresh = "350526100002"
    assert set(edit.created) == {fresh, fresh + "001"}
    assert edit.voided == (B,)
    assert (B, fresh + "001") in edit.lineage
    assert after(plan, edit).figures_of(fresh)["households"] == 1


def test_splitting_a_community_cuts_the_units_under_the_line() -> None:
    plan = drawn("AB\nAB", homes="90\n01")
    edit = gg.split(plan, UPPER, line((-1, 1), (3, 1)))
    fresh = "350526100002"
    # The south leaves: its halves of A and B become 001 and 002 of the new community.
    assert set(edit.created) == {fresh, fresh + "001", fresh + "002"}
    assert edit.voided == ()
    done = after(plan, edit)
    assert [int(done.figures_of(c)["households"]) for c in (A, B, fresh + "001", fresh + "002")] == [9, 0, 0, 1]


def test_a_split_needs_a_living_grid() -> None:
    plan = drawn("AB")
    with pytest.raises(CodeError, match="不存在"):
        gg.split(plan, C, line((0, 0), (1, 1)))
    plan = replace(plan, ledger=plan.ledger | {C})
    with pytest.raises(CodeError, match="已停用"):
        gg.split(plan, C, line((0, 0), (1, 1)))


def test_a_split_without_a_free_number_says_so() -> None:
    plan = drawn("AAB")
    plan = replace(plan, ledger=plan.ledger | {f"{UPPER}{n:03d}" for n in range(1, 1000)})
    with pytest.raises(CodeError, match="用完"):
        gg.split(plan, A, line((1, -1), (1, 2)))


def test_detached_islands_of_a_grid_stay_with_the_largest_part() -> None:
    # A lies in two parts; the line divides the western one, the island east follows the larger half.
    plan = drawn("AAABA", homes="90001")
    edit = gg.split(plan, A, line((1, -1), (1, 2)))
    assert letters(after(plan, edit), "AAABA") == "ACCBC"


def test_a_split_around_a_hole_keeps_the_island() -> None:
    island = area((2, 2), (3, 2), (3, 3), (2, 3))
    ring = area((0, 0), (5, 0), (5, 5), (0, 5)).difference(island)
    plan = plan_of([("A", ring), ("B", island)])
    done = after(plan, gg.split(plan, A, line((2.5, -1), (2.5, 6))))
    assert done.figures_of(B)["area_m2"] == SIDE * SIDE
    assert sorted(done.figures_of(c)["area_m2"] for c in (A, C)) == [12 * SIDE * SIDE] * 2


def test_before_and_after_figures_add_up() -> None:
    plan = drawn("AAB", homes="150")
    edit = gg.split(plan, A, line((1, -1), (1, 2)))
    assert edit.before[A]["households"] == 6
    assert (edit.after[A]["households"], edit.after[C]["households"]) == (5, 1)
    assert (edit.after[A]["persons"], edit.after[C]["persons"]) == (10, 2)
    assert edit.before[A]["area_m2"] == edit.after[A]["area_m2"] + edit.after[C]["area_m2"]
    assert C not in edit.before


def test_an_island_that_is_a_sliver_as_a_whole_stays_with_the_largest_part() -> None:
    # Two far squares: the small one, 8 m wide, is cut into two slivers that touch nothing else of the grid.
    def bit(x: float, side: float) -> Bit:
        return Bit(shapely.box(x, 0, x + side, side), (int(x),), A)

    bits = [bit(0, 50), bit(50, 50), bit(500, 4), bit(504, 4)]
    seams = frozenset({(50_000, 0, 50_000, 50_000), (504_000, 0, 504_000, 4_000)})
    parts, slivers = divided(bits, seams, 100.0)
    assert slivers == 2
    assert parts[0] != parts[1]
    assert parts[2] == parts[3]
