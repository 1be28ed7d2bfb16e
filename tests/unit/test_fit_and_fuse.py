"""Least change beside the exact optimum; many nets into one; small grids merged by form."""

from __future__ import annotations

import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest

from gridgis import topology
from gridgis.errors import InputError, RefusedError
from gridgis.plan import Plan, evolve
from gridgis.propose.fitting import fit_area, options_for
from gridgis.propose.fusing import Net, fuse
from gridgis.propose.least import least_change
from gridgis.propose.merging import Target, regroup
from tests.drawn import code_of, drawn
from tests.unit.test_propose import COMMUNITY, table

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
A, B, C = (str(code_of(letter)) for letter in "ABC")


def test_options_for_one_grid_name_blocks_households_and_both_sides() -> None:
    plan = drawn("ABBBBCCC\nABBBBCCC", homes="99999999\n99999999")
    options = options_for(plan, table(), A, (27, 63))
    assert 1 <= len(options) <= 3
    best = options[0]
    # Two cells of B are the fewest that will do: A has 18 and lacks 9, but one cell is enough.
    assert (best.kind, best.moved) == ("take", 9)
    assert best.before == {A: 18, B: 72}
    assert best.after == {A: 27, B: 63}
    assert len(best.cells[A]) == 1
    for option in options:
        after = evolve(plan, option.edit)
        assert 27 <= after.figures_of(A)["households"] <= 63 if A in after.grids else A in option.edit.voided
        moved = sum(h for (i, h) in zip(after.rows.id, after.rows.figures[:, 0], strict=True)
                    if after.rows.code[after.row([int(i)])[0]] != plan.rows.code[plan.row([int(i)])[0]])  # fmt: skip
        assert moved == option.moved
    assert best.edit.kind == "paint"


def test_too_large_a_grid_is_split_or_gives() -> None:
    plan = drawn("AAAAAB\nAAAAAB", homes="999999\n999999")
    kinds = {o.kind for o in options_for(plan, table(), A, (18, 60))}
    assert {"split", "give"} <= kinds


def test_what_needs_no_help_or_cannot_be_helped_is_said() -> None:
    plan = drawn("AABB", homes="9999")
    with pytest.raises(InputError, match="无需调整"):
        options_for(plan, table(), A, (10, 20))
    with pytest.raises(RefusedError, match="放宽范围"):
        options_for(plan, table(), A, (19, 20))


def test_a_whole_area_with_the_fewest_households_moved() -> None:
    plan = drawn("ABBBBCCC\nABBBBCCC", homes="99999999\n99999999")
    done = fit_area(plan, table(), (COMMUNITY, "unit"), band=(27, 63))
    assert done.edit is not None
    assert (done.out_before, done.out_after, done.moved) == (2, 0, 9)
    after = evolve(plan, done.edit)
    assert all(27 <= after.figures_of(c)["households"] <= 63 for c in after.codes("unit"))


def test_a_small_case_comes_near_the_exact_optimum() -> None:
    from least_change import case, exact

    for seed in (1000,):
        graph = case(seed)
        found, best = least_change(graph, tries=12), exact(graph)
        assert best is not None
        assert found.misfit() == 0
        assert all(graph.joined(p) for p in found.parts.values())
        assert best <= found.moved() <= 1.1 * best


def net(plan: Plan, name: str, drawing: str) -> Net:
    """Return the net that a drawing shows, over the same squares."""
    letters = np.array(list(drawing.replace("\n", "").replace(" ", "")), dtype=object)
    kinds = sorted(set(letters.tolist()) - {"."})
    shapes = np.empty(len(kinds), dtype=object)
    shapes[:] = [topology.dissolve(plan.rows.geometry[letters == k]) for k in kinds]
    return Net(name, np.array(kinds, dtype=object), shapes)


def test_three_nets_give_back_the_net_they_come_from() -> None:
    plan = drawn("AABB\nAABB\nCCDD\nCCDD")
    nets = [
        net(plan, "police", "aaab\naabb\nccdd\nccdd"),
        net(plan, "civil", "wwxx\nwwxx\nyyxx\nyyxx"),
        net(plan, "city", "1122\n1122\n3344\n3444"),
    ]
    found = fuse(plan, nets, "unit")
    assert sorted(found.common["code"]) == plan.codes("unit")
    for code, shape in zip(found.common["code"], found.common.geometry, strict=True):
        assert shape.equals(plan.grid_geometry(code))
    totals = plan.rows.figures[:, :3].sum(axis=0).tolist()
    for name in ("police", "civil", "city"):
        assert found.crosswalk.loc[found.crosswalk["net"] == name, ["households", "persons", "buildings"]].sum().tolist() == totals
    for _, rows in found.between.groupby(["net_a", "net_b"]):
        assert rows["households"].sum() == totals[0]
    assert set(found.conflicts["nets"]) == {"police", "city"}
    assert found.conflicts["households"].sum() > 0
    went = found.went.set_index(["net", "old"])["to"]
    assert went["police", "a"] == A
    assert found.agreement["people_agree"].between(0, 1).all()
    edit_labels = found.labels
    assert len(np.unique(edit_labels)) == 4


def test_nets_that_agree_have_no_conflict_and_one_alone_is_refused() -> None:
    plan = drawn("AABB\nAABB")
    same = [net(plan, n, "aabb\naabb") for n in ("one", "two")]
    found = fuse(plan, same, "unit")
    assert len(found.conflicts) == 0
    assert found.agreement["people_agree"].tolist() == found.agreement["boundary_agree"].tolist() == [1.0]
    with pytest.raises(InputError, match="至少需要两张网"):
        fuse(plan, same[:1], "unit")
    with pytest.raises(InputError, match="重复"):
        fuse(plan, [same[0], same[0]], "unit")


def test_small_grids_are_merged_whole_by_form() -> None:
    plan = drawn("AAAAAAAA\nAAAAAAAA\nAAAAAAAA\nAAAAAAAA", homes="\n".join(["99999999"] * 4))
    old = net(plan, "old", "abcdefgh\nabcdefgh\nijklmnop\nijklmnop")
    forms = np.array(["residential" if c in "abcdijkl" else "mixed" for c in old.codes], dtype=object)
    found = regroup(plan, table(), old, forms, Target(4, "unit"))
    assert len(found.grids) == 4
    assert found.grids["households"].sum() == 9 * 32
    assert (found.went["pieces"] == 1).all()
    assert found.went["households"].sum() == 9 * 32
    for grid in found.grids.itertuples():
        inside = set(grid.old.split("、"))
        assert inside <= set("abcdijkl") or inside <= set("efghmnop")
    assert isinstance(found.went, gpd.GeoDataFrame)
    with pytest.raises(InputError, match="改目标数"):
        regroup(plan, table(), old, forms, Target(40, "unit"))
