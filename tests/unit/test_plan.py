"""The plan: grids as unions of cells, figures as sums, the hash, and edits as rows out and rows in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely

import gridgis as gg
from gridgis.cells import Cells
from gridgis.errors import CodeError, CoverageError, SchemeError, StaleEditError
from gridgis.plan import Grid, make_plan
from gridgis.redraw.guards import require_conserved
from tests.drawn import COUNTY, EPSG, SIDE, area, cell_at, code_of, drawn, households, line, plan_of, squares

A, B, C, D = (str(code_of(c)) for c in "ABCD")
a = str(code_of("a"))
TOWN, UPPER, LOWER = "350526100", "350526100001", "350526100002"
DRAWING, HOMES = "AABa\nCCB.", "1500\n2104"


def plan() -> gg.Plan:
    return drawn(DRAWING, homes=HOMES)


# -- what a plan answers -----------------------------------------------------------------------------


def test_levels_are_unions_of_cells() -> None:
    assert plan().codes("unit") == [A, B, C, a]
    assert plan().codes("community") == [UPPER, LOWER]
    assert plan().codes("township") == [TOWN]
    assert plan().leaf_codes == [A, B, C, a]
    assert plan().grid_geometry(UPPER).equals(area((0, 0), (3, 0), (3, 2), (0, 2)))
    # The county but for the unassigned cell at the south-east.
    assert plan().grid_geometry(TOWN).area == 7 * SIDE * SIDE


def test_figures_are_sums_over_cells() -> None:
    assert plan().figures_of(A) == {
        "cells": 2, "households": 6, "persons": 12, "buildings": 2, "places": 0, "roads": 0, "incidents": 0,
        "area_m2": 20_000.0,
    }  # fmt: skip
    assert plan().figures_of(UPPER)["households"] == 9
    assert plan().figures["households"].sum() == 13
    assert households(plan(), "C") == 3


def test_children_and_what_lies_below() -> None:
    assert plan().children(TOWN) == [UPPER, LOWER]
    assert plan().children(UPPER) == [A, B, C]
    assert plan().below(TOWN) == [UPPER, A, B, C, LOWER, a]
    assert plan().below(A) == []
    assert len(plan().cell_ids(TOWN)) == 7


def test_a_level_may_be_missing_in_a_branch() -> None:
    # The lower community has no units: it carries its cell itself, and tiles the unit level.
    parts = [(letter, p) for letter, p in squares("AB")]
    base = plan_of(parts)
    rows = base.rows.of([1, 2], [A, LOWER], base.rows.geometry, base.rows.figures)
    grids = {g.code: g for g in (*base.grids.values(), Grid(LOWER, "community")) if g.code != B}
    made = make_plan(base.scheme, COUNTY, EPSG, base.outline, rows=rows, grids=grids)
    assert made.tiling("unit") == [A, LOWER]
    assert made.leaf_codes == [A, LOWER]
    assert made.children(TOWN) == [UPPER, LOWER]


def test_children_skip_a_level_that_is_missing() -> None:
    base = drawn("AB")
    made = make_plan(
        base.scheme,
        COUNTY,
        EPSG,
        base.outline,
        rows=base.rows,
        grids={c: g for c, g in base.grids.items() if c != UPPER},
    )
    assert made.children(TOWN) == [A, B]
    assert made.grid_geometry(TOWN).area == 2 * SIDE * SIDE


@pytest.mark.parametrize(("code", "word"), [(D, "不存在"), ("x", "非数字"), ("350526", "县区编码"), ("35", "2 位")])
def test_a_grid_that_is_not(code: str, word: str) -> None:
    with pytest.raises(CodeError, match=word):
        plan().grid(code)


def test_a_code_may_be_written_as_a_number() -> None:
    assert plan().grid(int(A)).code == A


def test_a_level_that_is_not() -> None:
    with pytest.raises(SchemeError):
        plan().codes("slice")


def test_cells_that_are_not() -> None:
    with pytest.raises(CodeError, match="77"):
        plan().row([1, 77])
    assert plan().row([3, 1]).tolist() == [0, 2]


def test_the_frame_of_cells() -> None:
    frame = plan().cells
    assert frame.index.name == "id"
    assert frame.crs.to_epsg() == EPSG
    assert frame["code"].isna().tolist() == [False] * 7 + [True]
    assert frame["households"].sum() == 13


def test_grids_in_two_parts_are_multipolygons() -> None:
    assert drawn("ABA").grid_geometry(A).geom_type == "MultiPolygon"
    assert drawn("AAB").grid_geometry(A).geom_type == "Polygon"


# -- the hash ----------------------------------------------------------------------------------------


def test_the_hash_is_64_digits_and_the_same_each_time() -> None:
    assert len(plan().hash) == 64
    assert plan().hash == plan().hash


def test_the_hash_sees_geometry_codes_and_attributes() -> None:
    base = plan()
    moved = base.rows.geometry.copy()
    moved[0] = shapely.transform(moved[0], lambda xy: xy + 0.001)
    recoded = base.rows.code.copy()
    recoded[0] = B
    named = {**base.grids, A: replace(base.grids[A], name="新名")}
    extra = {**base.grids, A: replace(base.grids[A], extra=(("head", "李"),))}
    made = [
        again(base, rows=base.rows.of(base.rows.id, base.rows.code, moved, base.rows.figures)),
        again(base, rows=base.rows.of(base.rows.id, recoded, base.rows.geometry, base.rows.figures)),
        again(base, grids=named), again(base, grids=extra), again(base, grids={c: g for c, g in base.grids.items() if c != A}),
    ]  # fmt: skip
    assert len({base.hash, *(m.hash for m in made)}) == 6


def test_the_hash_does_not_see_ids_ledger_version_or_figures() -> None:
    base = plan()
    rows = base.rows
    renumbered = rows.of(rows.id[::-1] + 50, rows.code, rows.geometry, 0 * rows.figures)
    assert again(base, rows=renumbered, ledger={D}, version=9, next_id=999).hash == base.hash


def test_two_cells_that_swap_codes_change_the_hash() -> None:
    # A sum of digests must not confuse who has what.
    assert drawn("AB", elements=False).hash != drawn("BA", elements=False).hash


def again(base: gg.Plan, **changes: object) -> gg.Plan:
    given = {"rows": base.rows, "grids": base.grids} | changes
    return make_plan(base.scheme, COUNTY, EPSG, base.outline, **given)


# -- evolve and invert -------------------------------------------------------------------------------


def test_evolve_leaves_the_first_plan_alone_and_counts_on() -> None:
    base = plan()
    edit = gg.split(base, A, line((1, -1), (1, 1.5)))
    after = gg.evolve(base, edit)
    assert (base.version, after.version) == (1, 2)
    assert (len(base.grids), len(after.grids)) == (7, 8)
    assert after.next_id > int(base.rows.id.max())
    assert D in after.ledger
    assert D not in base.ledger


def test_what_evolve_keeps_up_is_what_a_fresh_plan_has() -> None:
    base = plan()
    for make in (
        lambda p: gg.split(p, A, line((1, -1), (1.2, 3))),
        lambda p: gg.merge(p, [B, C]),
        lambda p: gg.recode(p, UPPER, "350526100009"),
    ):
        base = gg.evolve(base, make(base))
        fresh = again(base)
        assert base.hash == fresh.hash
        assert base.members == fresh.members
        assert base._order == fresh._order
        for code in base.grids:
            assert shapely.equals(base.grid_geometry(code), fresh.grid_geometry(code))
            assert base.figures_of(code) == fresh.figures_of(code)


def test_kept_polygons_are_forgotten_when_they_change() -> None:
    base = plan()
    shapes = {c: base.grid_geometry(c) for c in base.grids}
    after = gg.evolve(base, gg.transfer(base, area((1, 0), (2, 0), (2, 1), (1, 1)), B))
    assert after.grid_geometry(A).area == shapes[A].area - SIDE * SIDE
    assert after.grid_geometry(B).area == shapes[B].area + SIDE * SIDE
    assert after.grid_geometry(a) is shapes[a]


def test_an_edit_and_its_inverse_are_nothing() -> None:
    base = plan()
    edit = gg.split(base, A, line((1, -1), (1.2, 3)))
    back = gg.evolve(gg.evolve(base, edit), gg.invert(edit))
    assert back.hash == base.hash
    assert back.rows.id.tolist() == base.rows.id.tolist()
    assert dict(back.grids) == dict(base.grids)
    assert gg.invert(gg.invert(edit)).created == edit.created
    assert (gg.invert(edit).created, gg.invert(edit).voided) == (edit.voided, edit.created)


def test_the_inverse_swaps_figures_and_lineage() -> None:
    edit = gg.merge(plan(), [A, C])
    back = gg.invert(edit)
    assert (back.before, back.after) == (edit.after, edit.before)
    assert back.lineage == tuple((b, a) for a, b in edit.lineage)
    assert back.kind == "undo"


def test_an_edit_of_cells_that_changed_is_stale() -> None:
    base = plan()
    first, second = gg.split(base, A, line((-1, 0.5), (3, 0.5))), gg.paint(base, [1], B)
    with pytest.raises(StaleEditError, match=A):
        gg.evolve(gg.evolve(base, first), second)


def test_an_edit_of_a_grid_that_changed_is_stale() -> None:
    base = plan()
    renamed = replace(base.grids[B], name="新名")
    rename = gg.Edit("import", {}, Cells.none(), Cells.none(), (base.grids[B],), (renamed,))
    with pytest.raises(StaleEditError, match=B):
        gg.evolve(gg.evolve(base, rename), gg.recode(base, B, D))


def test_an_edit_that_makes_a_grid_twice_is_stale() -> None:
    base = plan()
    first, second = (gg.recode(base, c, D) for c in (A, C))
    with pytest.raises(StaleEditError, match=D):
        gg.evolve(gg.evolve(base, first), second)


# -- guards ------------------------------------------------------------------------------------------


def edit_of(base: gg.Plan, polygons: list[shapely.Polygon], figures: object = None) -> gg.Edit:
    """Return an edit that puts these polygons in the place of cell 1, all with its code."""
    removed = base.rows.take([0])
    counts = np.zeros((len(polygons), 6), dtype=int) if figures is None else figures
    added = Cells.of(range(50, 50 + len(polygons)), [A] * len(polygons), [p.normalize() for p in polygons], counts)
    return gg.Edit("paint", {}, removed, added)


SQUARE = area((0, 0), (1, 0), (1, 1), (0, 1))
BAD_ROWS = {
    "nothing": [],
    "half": [area((0, 0), (0.5, 0), (0.5, 1), (0, 1))],
    "more": [area((0, 0), (1.5, 0), (1.5, 1), (0, 1))],
    "shifted": [area((0.1, 0), (1.1, 0), (1.1, 1), (0.1, 1))],
    "overlapping halves": [area((0, 0), (0.6, 0), (0.6, 1), (0, 1)), area((0.4, 0), (1, 0), (1, 1), (0.4, 1))],
    "a bow tie": [area((0, 0), (1, 1), (1, 0), (0, 1))],
    "halves that do not match": [
        area((0, 0), (1, 0), (1, 0.5), (0, 0.5)),
        area((0, 0.5), (0.5, 0.5), (1, 0.5), (1, 1), (0, 1)),
    ],
    "twice": [SQUARE, SQUARE],
    "a moved corner": [area((0, 0), (1, 0), (0.99, 1), (0, 1)), area((1, 0), (1, 1), (0.99, 1))],
}


@pytest.mark.parametrize("case", BAD_ROWS)
def test_the_guard_refuses(case: str) -> None:
    base = drawn("AB\nCD", elements=False)
    with pytest.raises(CoverageError, match="拒绝"):
        require_conserved(base, edit_of(base, BAD_ROWS[case]))


def test_the_guard_lets_pass_what_fits() -> None:
    base = drawn("AB\nCD", elements=False)
    halves = [area((0, 0), (0.5, 0), (0.5, 1), (0, 1)), area((0.5, 0), (1, 0), (1, 1), (0.5, 1))]
    # The new vertex at the south lies on an edge that C shares and does not get: refused; on the outline it may be.
    with pytest.raises(CoverageError):
        require_conserved(base, edit_of(base, halves))
    require_conserved(base, edit_of(base, [SQUARE]))
    single = drawn("A", elements=False)
    require_conserved(single, edit_of(single, halves))


def test_the_guard_counts() -> None:
    base = drawn("AB", homes="50")
    wrong = base.rows.take([0]).figures - [[1, 0, 0, 0, 0, 0]]
    with pytest.raises(CoverageError):
        require_conserved(base, edit_of(base, [SQUARE], wrong))


def test_the_index_finds_cells_after_many_edits() -> None:
    base = drawn("AB\nCD")
    for _ in range(6):
        base = gg.evolve(base, gg.paint(base, [1], B if A in base.grids and 1 in base.members.get(A, ()) else C))
        base = gg.evolve(base, gg.paint(base, [1], D))
    spot = shapely.box(*at_corner())
    assert base.index is not None
    assert set(base.index.near(spot)) == {cell_at(base, x, y) for x in (0.5, 1.5) for y in (0.5, 1.5)}


def at_corner() -> tuple[float, float, float, float]:
    x, y = 600_100.0, 2_819_900.0
    return x - 1, y - 1, x + 1, y + 1
