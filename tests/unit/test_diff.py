"""What differs between two plans: added, removed, reshaped, changed, and nothing that only looks different."""

from __future__ import annotations

from dataclasses import replace

import pytest
import shapely

import gridgis as gg
from gridgis.diff import differences
from gridgis.plan import make_plan
from tests.drawn import COUNTY, EPSG, SIDE, area, code_of, drawn, line

A, B, C, D = (str(code_of(c)) for c in "ABCD")
UPPER = "350526100001"


def rows(first: gg.Plan, second: gg.Plan) -> dict[str, tuple[str, float]]:
    return {d.code: (d.change, d.moved_m2) for d in differences(first, second)}


def test_a_plan_does_not_differ_from_itself() -> None:
    assert differences(drawn("AB"), drawn("AB")) == []


def test_cells_are_no_difference_grids_are() -> None:
    # The same grids out of other cells.
    plan = drawn("AB", elements=False)
    cut = gg.evolve(plan, gg.split(plan, A, line((0.5, -1), (0.5, 2))))
    whole = gg.evolve(cut, gg.merge(cut, [A, C]))
    assert len(whole.rows) == 3
    assert [d.code for d in differences(plan, whole) if d.code == B] == []
    assert {c: v for c, v in rows(plan, whole).items() if v[0] in ("reshaped", "changed")} == {}


def test_each_kind_of_difference() -> None:
    first, second = drawn("AABC", homes="1234"), drawn("ABBD", homes="1234")
    assert rows(first, second) == {
        A: ("reshaped", SIDE * SIDE), B: ("reshaped", SIDE * SIDE), C: ("removed", SIDE * SIDE), D: ("added", SIDE * SIDE),
    }  # fmt: skip
    by_code = {d.code: d for d in differences(first, second)}
    assert by_code[A].before == {"households": 3, "persons": 6, "buildings": 2}
    assert by_code[A].after == {"households": 1, "persons": 2, "buildings": 1}
    assert by_code[C].after is None
    assert by_code[D].before is None


def test_attributes_are_named() -> None:
    plan = drawn("AB")
    grids = {**plan.grids, A: replace(plan.grids[A], name="新名", class_="1", extra=(("head", "李"),))}
    other = make_plan(plan.scheme, COUNTY, EPSG, plan.outline, rows=plan.rows, grids=grids)
    (found,) = differences(plan, other)
    assert (found.code, found.change, found.moved_m2) == (A, "changed", 0.0)
    assert found.attributes == {"name": ["第1网格", "新名"], "class": ["", "1"], "head": ["", "李"]}


@pytest.mark.parametrize(("gap_mm", "differs"), [(1, False), (5, True), (1000, True)])
def test_a_hair_is_no_difference(gap_mm: int, differs: bool) -> None:
    east = 1 + gap_mm / 1000 / SIDE
    first = drawn("AB", elements=False)
    moved = [area((0, 0), (east, 0), (east, 1), (0, 1)), area((east, 0), (2, 0), (2, 1), (east, 1))]
    rows_ = first.rows.of([1, 2], [A, B], [shapely.normalize(p) for p in moved], first.rows.figures)
    second = make_plan(first.scheme, COUNTY, EPSG, first.outline, rows=rows_, grids=first.grids)
    assert bool(differences(first, second)) == differs


def test_both_ways_round() -> None:
    first, second = drawn("AAB"), drawn("ABC")
    there = {d.code: d.change for d in differences(first, second)}
    back = {d.code: d.change for d in differences(second, first)}
    assert there == {A: "reshaped", B: "reshaped", C: "added"}
    assert back == {A: "reshaped", B: "reshaped", C: "removed"}


def test_a_row_is_ready_for_machines() -> None:
    (row,) = [d.row() for d in differences(drawn("AB"), drawn("AC")) if d.code == C]
    assert set(row) == {"code", "level", "change", "moved_m2", "before", "after", "attributes"}
    assert row["level"] == "unit"


def test_upper_levels_differ_where_their_ground_does() -> None:
    first, second = drawn("AAa"), drawn("Aaa")
    assert {c for c, (change, _) in rows(first, second).items() if change == "reshaped"} == {
        A, str(code_of("a")), UPPER, "350526100002",
    }  # fmt: skip
