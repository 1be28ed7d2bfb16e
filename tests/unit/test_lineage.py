"""What became of codes: which polygons of a level changed, and the line of a code through all edits."""

from __future__ import annotations

from dataclasses import replace

import gridgis as gg
from gridgis.intake import redrawn_lineage
from gridgis.lineage import Pairs, ancestry, descent, successors
from tests.drawn import area, cell_at, code_of, drawn, line

A, B, C, D, E = (str(code_of(c)) for c in "ABCDE")
a = str(code_of("a"))
TOWN, UPPER, LOWER = "350526100", "350526100001", "350526100002"


def test_a_split_redraws_the_grid_and_adds_the_new_one() -> None:
    plan = drawn("AAB", homes="150")
    edit = gg.split(plan, A, line((1, -1), (1, 2)))
    assert gg.changed_codes(plan, edit, "unit") == ([A], [A, C])


def test_neighbours_that_gain_a_vertex_are_redrawn_too() -> None:
    # B gets the vertex where the line meets it; its polygon has other bytes.
    plan = drawn("AB")
    gone, came = gg.changed_codes(plan, gg.split(plan, A, line((-1, 0.5), (2, 0.5))), "unit")
    assert gone == [A, B]
    assert came == [A, B, C]


def test_a_merge_takes_the_void_off_the_map() -> None:
    plan = drawn("ABC", homes="911")
    assert gg.changed_codes(plan, gg.merge(plan, [A, B]), "unit") == ([A, B], [A])


def test_upper_levels_change_only_where_their_ground_may() -> None:
    plan = drawn("AABa", homes="9111")
    edit = gg.merge(plan, [B, a], unlock=True)
    gone, came = gg.changed_codes(plan, edit, "community")
    assert gone == [UPPER, LOWER]
    assert came == [c for c in (UPPER, LOWER) if c not in edit.voided]
    assert gg.changed_codes(plan, edit, "township") == ([TOWN], [TOWN])


def test_patches_bring_an_old_map_up_to_date() -> None:
    """Remove and add what `changed_codes` says, for every kind of edit, and the map is that of the new plan."""
    plan = drawn("AABa\nCCBa\nCDDb", homes="1500\n2104\n1234")
    shown = {c: plan.grid_geometry(c).wkb for c in plan.codes("unit")}
    edits = (
        lambda p: gg.split(p, A, line((0.5, -1), (0.7, 2))), lambda p: gg.merge(p, [C, D]),
        lambda p: gg.transfer(p, area((1.5, 0.5), (2.5, 0.5), (2.5, 1.5), (1.5, 1.5)), B),
        lambda p: gg.paint(p, [cell_at(p, 3.5, 2.5)], a), lambda p: gg.split(p, UPPER, line((1.5, -1), (1.4, 4))),
    )  # fmt: skip
    for make in edits:
        edit = make(plan)
        after = gg.evolve(plan, edit)
        gone, came = gg.changed_codes(plan, edit, "unit")
        for code in gone:
            del shown[code]
        shown |= {c: after.grid_geometry(c).wkb for c in came}
        assert shown == {c: after.grid_geometry(c).wkb for c in after.codes("unit")}
        plan = after


def story() -> tuple[gg.Plan, list[tuple[int, Pairs]]]:
    """Split A into A and D, merge D into B, recode B to E."""
    plan = drawn("AAB\nCCB", homes="509\n111")
    edits: list[gg.Edit] = []
    for make in (
        lambda p: gg.split(p, A, line((1, -1), (1, 1.5))), lambda p: gg.merge(p, [B, D]), lambda p: gg.recode(p, B, E),
    ):  # fmt: skip
        edits.append(replace(make(plan), version=len(edits) + 2))
        plan = gg.evolve(plan, edits[-1])
    return plan, [(e.version or 0, e.lineage) for e in edits]


def test_the_line_of_a_code_goes_back_to_its_origins() -> None:
    plan, edits = story()
    assert plan.codes("unit") == [A, C, E]
    # The east of A became D, D went into B, and B is E now.
    assert ancestry(edits, E) == [(2, A, D), (3, B, B), (3, D, B), (4, B, E)]
    assert ancestry(edits, A) == [(2, A, A)]


def test_what_became_of_a_code() -> None:
    _, edits = story()
    # B took in D, which the split made of A, and became E.
    assert descent(edits, A) == [(2, A, A), (2, A, D), (3, D, B), (4, B, E)]
    assert successors(edits, A) == [A, E]
    assert successors(edits, B) == [E]
    assert successors(edits, C) == [C]


def test_codes_before_a_code_was_allotted_are_not_its_heirs() -> None:
    _, edits = story()
    assert descent(edits, D, since=2) == [(3, D, B), (4, B, E)]
    assert descent(edits, B, since=3) == [(4, B, E)]


def test_a_code_that_nothing_happened_to_has_no_line() -> None:
    _, edits = story()
    assert ancestry(edits, C) == []
    assert ancestry([], A) == []


def test_lineage_names_every_level_that_changed() -> None:
    plan = drawn("AaB", homes="919")
    edit = gg.merge(plan, [UPPER, LOWER])
    assert set(edit.lineage) >= {(a, C), (LOWER, UPPER)}
    assert all(len(before) == len(after) for before, after in edit.lineage)


def test_an_import_that_redraws_tells_what_became_of_what() -> None:
    before, after = drawn("AAB\nCCB"), drawn("ABB\nCCC")
    pairs = redrawn_lineage(before.scheme.widths, before.rows, after.rows)
    units = {(x, y) for x, y in pairs if len(x) == 15}
    assert units == {(A, A), (A, B), (B, B), (B, C), (C, C)}
    assert redrawn_lineage(before.scheme.widths, before.rows, before.rows) == ()
