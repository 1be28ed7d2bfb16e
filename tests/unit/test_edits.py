"""The verbs of redrawing on drawn counties: who keeps the code, who gets which number, what is refused."""

from __future__ import annotations

import pytest
import shapely

import gridgis as gg
from gridgis import edits
from gridgis.errors import CodeError, EditError, RefusedError
from tests.drawn import SIDE, after, area, cell_at, code_of, drawn, letters, line, lumps, plan_of

A, B, C, D, E = (str(code_of(c)) for c in "ABCDE")
a, b = str(code_of("a")), str(code_of("b"))
UPPER, LOWER, TOWN = "350526100001", "350526100002", "350526100"


# -- merge -------------------------------------------------------------------------------------------


def test_merge_keeps_the_code_with_most_households_and_voids_the_rest() -> None:
    plan = drawn("ABC", homes="190")
    edit = gg.merge(plan, [A, B])
    assert letters(after(plan, edit), "ABC") == "BBC"
    assert (edit.created, edit.voided) == ((), (A,))
    assert set(edit.lineage) == {(A, B), (B, B)}


def test_merge_touches_no_geometry() -> None:
    plan = drawn("AB", homes="12")
    done = after(plan, gg.merge(plan, [A, B]))
    assert [p.wkb for p in done.rows.geometry] == [p.wkb for p in plan.rows.geometry]


def test_merge_of_three_in_a_chain() -> None:
    plan = drawn("ABC", homes="191")
    done = after(plan, gg.merge(plan, [A, C, B]))
    assert letters(done, "ABC") == "BBB"


@pytest.mark.parametrize("drawing", ["ACB", "AC\nCB"])
def test_merge_of_grids_that_share_no_edge_is_refused(drawing: str) -> None:
    # Apart, or touching in a corner only.
    with pytest.raises(EditError, match="不相邻"):
        gg.merge(drawn(drawing), [A, B])


@pytest.mark.parametrize("codes", [[], [A], [A, A]])
def test_merge_needs_two(codes: list[str]) -> None:
    with pytest.raises(EditError):
        gg.merge(drawn("AB"), codes)


def test_merge_of_two_levels_is_refused() -> None:
    with pytest.raises(EditError, match="层级不同"):
        gg.merge(drawn("Aa"), [A, LOWER])


def test_merge_across_communities_is_locked() -> None:
    plan = drawn("Aa", homes="91")
    with pytest.raises(RefusedError, match="锁定"):
        gg.merge(plan, [A, a])
    done = after(plan, gg.merge(plan, [A, a], unlock=True))
    assert letters(done, "Aa") == "AA"
    # The last unit of the lower-case community is gone, and so is the community.
    assert done.codes("community") == [UPPER]


def test_merge_of_communities_recodes_the_units() -> None:
    plan = drawn("AaB", homes="919")
    edit = gg.merge(plan, [UPPER, LOWER])
    assert set(edit.voided) == {LOWER, a}
    assert edit.created == (C,)
    assert (a, C) in edit.lineage
    assert letters(after(plan, edit), "AaB") == "ACB"


# -- paint -------------------------------------------------------------------------------------------


def test_paint_moves_whole_cells() -> None:
    plan = drawn("AAB", homes="150")
    edit = gg.paint(plan, [cell_at(plan, 1.5, 0.5)], B)
    done = after(plan, edit)
    assert letters(done, "AAB") == "ABB"
    assert (edit.before[A]["households"], edit.after[A]["households"], edit.after[B]["households"]) == (6, 1, 5)
    assert [p.wkb for p in done.rows.geometry] == [p.wkb for p in plan.rows.geometry]


def test_paint_of_the_last_cell_voids_the_grid() -> None:
    plan = drawn("AB")
    edit = gg.paint(plan, [cell_at(plan, 0.5, 0.5)], B)
    assert edit.voided == (A,)
    assert A not in after(plan, edit).grids


def test_paint_gives_unassigned_cells_a_grid() -> None:
    plan = drawn("A.B")
    done = after(plan, gg.paint(plan, [cell_at(plan, 1.5, 0.5)], A))
    assert letters(done, "A.B") == "AAB"


def test_paint_to_a_community_makes_a_unit_there() -> None:
    # The community has units: the unassigned cell becomes one more, the next number.
    plan = drawn("AB.")
    edit = gg.paint(plan, [cell_at(plan, 2.5, 0.5)], UPPER)
    assert edit.created == (C,)


def test_paint_across_communities_is_locked() -> None:
    plan = drawn("AAa")
    with pytest.raises(RefusedError):
        gg.paint(plan, [cell_at(plan, 1.5, 0.5)], a)
    done = after(plan, gg.paint(plan, [cell_at(plan, 1.5, 0.5)], a, unlock=True))
    assert letters(done, "AAa") == "Aaa"


@pytest.mark.parametrize("cells", [[], [1], ["x"], [None]])
def test_paint_of_nothing_is_refused(cells: list[object]) -> None:
    with pytest.raises(EditError):
        gg.paint(drawn("AB"), cells, A)  # type: ignore[arg-type]


def test_paint_of_a_cell_that_is_not_there_is_refused() -> None:
    with pytest.raises(CodeError, match="99"):
        gg.paint(drawn("AB"), [1, 99], B)


# -- transfer ----------------------------------------------------------------------------------------


def test_transfer_cuts_what_the_area_crosses() -> None:
    plan = drawn("AAB", homes="150")
    edit = gg.transfer(plan, area((1.5, -0.2), (2.5, -0.2), (2.5, 1.2), (1.5, 1.2)), B)
    done = after(plan, edit)
    assert done.figures_of(A)["area_m2"] == 1.5 * SIDE * SIDE
    assert done.figures_of(B)["area_m2"] == 1.5 * SIDE * SIDE
    assert edit.created == edit.voided == ()


def test_transfer_of_whole_grids_voids_them() -> None:
    plan = drawn("ABC")
    edit = gg.transfer(plan, area((0, 0), (2, 0), (2, 1), (0, 1)), C)
    assert edit.voided == (A, B)
    assert letters(after(plan, edit), "ABC") == "CCC"


def test_transfer_from_several_grids_at_once() -> None:
    plan = drawn("AB\nCC", homes="11\n11")
    done = after(plan, gg.transfer(plan, area((0.5, 0.5), (1.5, 0.5), (1.5, 1), (0.5, 1)), C))
    assert [done.figures_of(c)["area_m2"] for c in (A, B, C)] == [7500.0, 7500.0, 25000.0]


def test_transfer_leaves_out_a_small_overshoot_beyond_a_locked_boundary() -> None:
    # 1 % of the area lies in the other community.
    plan = drawn("ABa")
    edit = gg.transfer(plan, area((1, 0), (2.005, 0), (2.005, 1), (1, 1)), A)
    assert edit.notes[0][1].startswith("50 m2")
    assert letters(after(plan, edit), "ABa") == "AAa"


def test_transfer_over_a_locked_boundary_is_refused() -> None:
    plan = drawn("ABa")
    shape = area((1, 0), (3, 0), (3, 1), (1, 1))
    with pytest.raises(RefusedError):
        gg.transfer(plan, shape, A)
    assert letters(after(plan, gg.transfer(plan, shape, A, unlock=True)), "ABa") == "AAA"


def test_transfer_to_a_community_makes_units_there() -> None:
    plan = drawn("AAab", homes="9111")
    edit = gg.transfer(plan, area((1, 0), (2, 0), (2, 1), (1, 1)), LOWER)
    assert edit.created == (f"{LOWER}003",)
    assert edit.voided == ()
    assert letters(after(plan, edit), "AAab") == "Acab"


def test_transfer_of_what_is_there_already_is_refused() -> None:
    with pytest.raises(EditError):
        gg.transfer(drawn("AB"), area((0.2, 0.2), (0.8, 0.2), (0.8, 0.8)), A)


def test_transfer_of_an_area_outside_the_county_is_refused() -> None:
    with pytest.raises(EditError):
        gg.transfer(drawn("AB"), area((5, 5), (6, 5), (6, 6)), A)


@pytest.mark.parametrize("bad", [shapely.Polygon(), line((0, 0), (1, 1)), area((0, 0), (1, 1), (1, 0), (0, 1)), None])
def test_what_is_no_area_is_refused(bad: object) -> None:
    with pytest.raises(EditError):
        gg.transfer(drawn("AB"), bad, A)


def test_an_area_with_a_hole_is_refused() -> None:
    ring = area((0, 0), (2, 0), (2, 1), (0, 1)).difference(area((0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6)))
    with pytest.raises(EditError, match="洞"):
        gg.transfer(drawn("ABC"), ring, C)


def test_transfer_of_an_island_inside_a_cell_makes_a_hole() -> None:
    plan = drawn("AB")
    done = after(plan, gg.transfer(plan, area((0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6)), B))
    assert done.figures_of(B)["area_m2"] == SIDE * SIDE * 1.04
    assert len(done.grid_geometry(A).interiors) == 1


# -- recode ------------------------------------------------------------------------------------------


def test_recode_changes_the_code_and_nothing_else() -> None:
    plan = drawn("AB", homes="12")
    edit = gg.recode(plan, A, E)
    done = after(plan, edit)
    assert (edit.created, edit.voided, edit.lineage) == ((E,), (A,), ((A, E),))
    assert done.figures_of(E) == plan.figures_of(A)
    assert done.grids[E].name == plan.grids[A].name


def test_recode_of_a_community_carries_its_units() -> None:
    plan = drawn("ABa")
    edit = gg.recode(plan, UPPER, "350526100009")
    assert set(edit.created) == {"350526100009", "350526100009001", "350526100009002"}
    assert set(edit.voided) == {UPPER, A, B}


@pytest.mark.parametrize(
    ("new", "why"),
    [
        (B, "使用过"),
        ("350526100001", "层级不同"),
        ("35052610000100X", "非数字"),
        ("350526100007001", "上级"),
        ("350526", "县区编码"),
    ],
)
def test_recode_refuses(new: str, why: str) -> None:
    with pytest.raises(CodeError, match=why):
        gg.recode(drawn("AB"), A, new)


def test_recode_to_a_void_code_is_refused() -> None:
    plan = drawn("AB")
    merged = gg.evolve(plan, gg.merge(plan, [A, B]))
    gone = ({A, B} - set(merged.grids)).pop()
    with pytest.raises(CodeError, match="不得重复使用"):
        gg.recode(merged, merged.codes("unit")[0], gone)


def test_recode_into_another_community_is_locked() -> None:
    plan = drawn("ABa")
    with pytest.raises(RefusedError):
        gg.recode(plan, B, f"{LOWER}009")
    assert f"{LOWER}009" in gg.evolve(plan, gg.recode(plan, B, f"{LOWER}009", unlock=True)).grids


# -- names, rows, commands ---------------------------------------------------------------------------


def test_a_new_grid_takes_after_the_one_it_came_from() -> None:
    plan = drawn("AAB")
    edit = gg.split(plan, A, line((1, -1), (1, 2)))
    (new,) = [g for g in edit.grids_added if g.code == C]
    assert (new.level, new.kind, new.zone) == ("unit", "comprehensive", "")
    # Named after A, 第1网格, with its own number.
    assert new.name == "第3网格"


@pytest.mark.parametrize(
    "make",
    [
        lambda p: gg.split(p, A, line((1, -1), (1, 2))),
        lambda p: gg.merge(p, [A, B]),
        lambda p: gg.transfer(p, area((1.5, 0), (2.5, 0), (2.5, 1), (1.5, 1)), B),
        lambda p: gg.paint(p, [cell_at(p, 1.5, 0.5)], B),
        lambda p: gg.recode(p, A, E),
        lambda p: gg.merge(p, [B, a], unlock=True),
    ],
)
def test_a_recorded_command_gives_the_same_edit_again(make) -> None:  # type: ignore[no-untyped-def]
    plan = drawn("AABa", homes="1512")
    first = make(plan)
    again = edits.run(plan, first.command)
    assert gg.evolve(plan, again).hash == gg.evolve(plan, first).hash
    assert (again.kind, again.created, again.voided) == (first.kind, first.created, first.voided)


def test_verbs_leave_the_plan_as_it_was() -> None:
    plan = drawn("AAB", homes="150")
    before = (plan.hash, plan.codes("unit"), len(plan.rows), plan.ledger)
    gg.split(plan, A, line((1, -1), (1, 2)))
    gg.merge(plan, [A, B])
    assert (plan.hash, plan.codes("unit"), len(plan.rows), plan.ledger) == before


def test_grids_of_one_cell_each_are_cut_too() -> None:
    # As after an import: one polygon per grid, with the neighbours' vertices on its edges.
    plan = plan_of(lumps("AAB\nACB"))
    done = after(plan, gg.split(plan, A, line((-0.5, 1), (2.5, 1))))
    assert sorted(done.figures_of(c)["area_m2"] for c in (A, D)) == [10_000.0, 20_000.0]
