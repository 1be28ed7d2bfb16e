"""Correspondence between versions: sums are exact on both sides, old figures carry over, moves reconcile."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shapely

import gridgis as gg
from gridgis.crosswalk import WEIGHTS, carried, crosswalk, moves
from gridgis.errors import InputError
from gridgis.plan import Plan
from tests.drawn import area, cell_at, code_of, drawn, line

A, B, C, D = (str(code_of(c)) for c in "ABCD")
UPPER, LOWER = "350526100001", "350526100002"


def redrawn() -> tuple[Plan, Plan]:
    """A plan before and after a split, a transfer that cuts, a paint and a merge."""
    first = drawn("AABa\nCCBa\nCDDb")
    plan = first
    for make in (
        lambda p: gg.split(p, A, line((0.5, -1), (0.7, 2))),
        lambda p: gg.transfer(p, area((1.5, 0.5), (2.5, 0.5), (2.5, 1.5), (1.5, 1.5)), B),
        lambda p: gg.paint(p, [cell_at(p, 0.5, 2.5)], D),
        lambda p: gg.merge(p, [C, D]),
    ):
        plan = gg.evolve(plan, make(plan))
    return first, plan


@pytest.mark.parametrize("level", ["unit", "community", "township"])
def test_the_sums_of_a_grid_are_its_own_figures_on_both_sides(level: str) -> None:
    first, second = redrawn()
    table = crosswalk(first, second, level)
    for plan, side in ((first, "before"), (second, "after")):
        sums = table.groupby(side)[list(WEIGHTS)].sum()
        assert sorted(sums.index) == plan.codes(level)
        for code, row in sums.iterrows():
            figures = plan.figures_of(str(code))
            assert [row[w] for w in WEIGHTS[:3]] == [figures[w] for w in WEIGHTS[:3]]
            assert row["area_m2"] == pytest.approx(figures["area_m2"], abs=1e-3)


def test_shares_of_each_grid_add_up_to_one() -> None:
    table = crosswalk(*redrawn(), "unit")
    for weight in WEIGHTS:
        for side in ("before", "after"):
            shares = table.groupby(side)[f"share_{side}_{weight}"].sum()
            assert np.allclose(shares, 1)


def test_a_transfer_of_known_households() -> None:
    first = drawn("AAB", homes="345")
    second = gg.evolve(first, gg.paint(first, [cell_at(first, 1.5, 0.5)], B))
    table = crosswalk(first, second, "unit").set_index(["before", "after"])
    assert table["households"].to_dict() == {(A, A): 3, (A, B): 4, (B, B): 5}
    assert table["area_m2"].to_dict() == {(A, A): 10_000, (A, B): 10_000, (B, B): 10_000}
    assert table.loc[(A, B), "share_before_households"] == pytest.approx(4 / 7)
    assert table.loc[(A, B), "share_after_area_m2"] == pytest.approx(0.5)
    moved = moves(first, second, "unit")
    assert moved[["before", "after", "households"]].to_numpy().tolist() == [[A, B, 4]]


def test_moves_reconcile_with_the_figures_of_both_versions() -> None:
    first, second = redrawn()
    moved = moves(first, second, "unit")
    codes = sorted({*first.codes("unit"), *second.codes("unit")})
    for weight in WEIGHTS[:3]:
        change = dict.fromkeys(codes, 0.0)
        for before, after, n in zip(moved["before"], moved["after"], moved[weight], strict=True):
            change[before] -= n
            change[after] += n
        assert sum(change.values()) == 0
        for code in codes:
            sides = [p.figures_of(code)[weight] if code in p.grids else 0 for p in (first, second)]
            assert change[code] == sides[1] - sides[0]


def test_versions_that_are_equal_move_nothing() -> None:
    plan, _ = redrawn()
    assert not len(moves(plan, plan, "unit"))


def test_area_agrees_with_an_overlay_of_the_grids() -> None:
    first, second = redrawn()
    for row in crosswalk(first, second, "unit").itertuples():
        common = shapely.intersection(first.grid_geometry(row.before), second.grid_geometry(row.after))
        assert row.area_m2 == pytest.approx(common.area, abs=1e-3)


def test_ground_without_a_grid_stays_in_the_account() -> None:
    first = drawn("A.B", homes="307")
    second = gg.evolve(first, gg.paint(first, [cell_at(first, 1.5, 0.5)], B))
    table = crosswalk(first, second, "unit")
    row = table[table["before"].isna()].iloc[0]
    assert (row["after"], row["area_m2"], row["households"]) == (B, 10_000, 0)


def test_old_figures_carry_over_with_their_totals() -> None:
    first = drawn("AAB", homes="340")
    second = gg.evolve(first, gg.split(first, A, line((1, -1), (1, 2))))
    table = crosswalk(first, second, "unit")
    old = pd.DataFrame({"reports": [70.0, 11.0]}, index=pd.Index([A, B], name="code"))
    new = carried(table, old, "households")
    # B has no household: its figure goes by area.
    assert new["reports"].sum() == pytest.approx(81)
    assert sorted(new["reports"].round(6).tolist()) == [11, 30, 40]


def test_a_code_that_the_old_version_lacks_is_named() -> None:
    table = crosswalk(*redrawn(), "unit")
    with pytest.raises(InputError, match="350526100001099"):
        carried(table, pd.DataFrame({"n": [1.0]}, index=pd.Index(["350526100001099"], name="code")), "persons")
    with pytest.raises(InputError, match="weight"):
        carried(table, pd.DataFrame({"n": [1.0]}, index=pd.Index([A], name="code")), "weight")
