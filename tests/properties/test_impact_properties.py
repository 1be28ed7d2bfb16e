"""Figures shown before an edit is confirmed equal a recount of the whole plan after it."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import gridgis as gg
from gridgis.checks.cuts import CUT_M2
from gridgis.errors import GridgisError
from gridgis.impact import impact
from tests.properties import moves
from tests.properties.test_edit_properties import MOVE, WIDTH, whole_rows

NUMBERS = st.lists(st.integers(0, 6), min_size=4, max_size=25).filter(lambda n: any(k != 6 for k in n[:4]))


def footprints(houses) -> np.ndarray:  # type: ignore[no-untyped-def]
    """Return houses of 14 m by 9 m around their points, so that many lie across edges."""
    return np.array([shapely.box(x - 7, y - 5, x + 7, y + 4) for x, y in houses[["x", "y"]].to_numpy()], dtype=object)


def cut(plan: gg.Plan, buildings: np.ndarray) -> set[int]:
    """Return which buildings more than one grid holds, counted one by one over the whole plan."""
    codes = sorted({c for c in plan.rows.code if c})
    grids = [shapely.union_all(plan.rows.geometry[[c == code for c in plan.rows.code]]) for code in codes]
    return {k for k, b in enumerate(buildings) if sum(shapely.intersection(g, b).area > CUT_M2 for g in grids) > 1}


def recounted(plan: gg.Plan, houses) -> dict[str, tuple[int, int, int]]:  # type: ignore[no-untyped-def]
    """Return households, persons and buildings of every grid of every level, from the houses alone."""
    leaf = gg.locate(plan, houses[["x", "y"]].to_numpy()).astype(object)
    out = {}
    for code in plan.grids:
        mine = leaf.fillna("").str.startswith(code).to_numpy()
        out[code] = (int(houses["households"][mine].sum()), int(houses["persons"][mine].sum()), int(mine.sum()))
    return out


def judge(numbers: list[int], width: int, strength: int, move: moves.Move) -> bool:
    """Compare what is told of one edit with a recount; tell whether there was an edit."""
    plan, houses = moves.start(numbers, width, strength)
    kind = moves.KINDS[move[0] % len(moves.KINDS)]
    try:
        edit, _ = moves.asked(plan, "split" if kind == "undo" else kind, move)
    except GridgisError:
        return False
    buildings = footprints(houses)
    level = plan.scheme.level_keys[-1]
    told = impact(plan, edit, level, buildings)
    after = gg.evolve(plan, edit)
    full = {"before": recounted(plan, houses), "after": recounted(after, houses)}
    for now, side in ((plan, "before"), (after, "after")):
        for share in told.shares:
            figures = getattr(share, side)
            assert (figures is None) == (share.code not in now.grids)
            if figures is not None:
                assert tuple(figures[k] for k in ("households", "persons", "buildings")) == full[side][share.code]
                assert abs(figures["area_m2"] - now.grid_geometry(share.code).area) < 0.01
    named = {s.code for s in told.shares}
    for code in {c for c in plan.grids.keys() & after.grids.keys() - named if len(c) == plan.scheme.width(level)}:
        assert full["before"][code] == full["after"][code], f"{code} changed and is not told"
    assert told.cut_after - told.cut_before == len(cut(after, buildings)) - len(cut(plan, buildings))
    return True


@settings(max_examples=30)
@given(numbers=NUMBERS, width=WIDTH, strength=st.integers(0, 1), move=MOVE)
def test_live_figures_equal_a_recount(numbers, width, strength, move) -> None:  # type: ignore[no-untyped-def]
    judge(whole_rows(numbers, width), width, strength, move)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_live_figures_equal_a_recount_a_thousand_times() -> None:
    done, seed = 0, 0
    while done < 1000:
        seed += 1
        draw = np.random.default_rng(seed)
        numbers = draw.integers(0, 6, 16).tolist()
        done += judge(numbers, 4, seed % 2, tuple(draw.integers(0, 25, moves.MOVE_LENGTH).tolist()))
    print(f"{done} edits recounted of {seed} asked")
