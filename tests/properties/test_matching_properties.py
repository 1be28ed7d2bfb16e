"""Any faults in any small plan: every row and every grid gets one verdict, every fault is found, none invented."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.match_faults import judged, plant
from gridgis.matches.matching import match
from gridgis.plan import Plan
from tests.drawn import drawn

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@cache
def _plan() -> Plan:
    plan = drawn("\n".join(LETTERS[k : k + 13] for k in range(0, 52, 13)), elements=False)
    # Names that repeat under every parent leave a register several answers.
    names = {
        c: f"{a}{b}网格" for c, (a, b) in zip(plan.codes("unit"), product("梅兰竹菊松柏桃李", repeat=2), strict=False)
    }
    return replace(plan, grids={c: replace(g, name=names.get(c, g.name)) for c, g in plan.grids.items()})


@given(seed=st.integers(0, 10_000), each=st.integers(1, 8), outlines=st.booleans())
def test_every_fault_is_found_and_none_invented(seed: int, each: int, outlines: bool) -> None:
    plan = _plan()
    names = {c: plan.grids[c].name for c in plan.codes("unit")}
    faults = plant(plan, names, random.Random(seed), drawn=outlines, each=each)
    found = match(plan, "unit", faults.frame())
    assert judged(faults, found) == ([], [])
    there, here = found.summary["there"], found.summary["here"]
    assert there["all"] == len(faults.rows)
    assert here["all"] == 52
    for side in (there, here):
        assert side["all"] == sum(n for k, n in side.items() if k not in ("all", "names"))
    assert found.frame.loc[found.frame["code_here"] != "", "code_here"].is_unique


@given(st.lists(st.sampled_from([*LETTERS[:8], "?", ""]), max_size=20))
def test_no_row_and_no_grid_is_ever_dropped(bearing: list[str]) -> None:
    """Whatever codes a register bears, in whatever order, once, often or never."""
    plan = _plan()
    codes = dict(zip(LETTERS, plan.codes("unit"), strict=True))
    rows = [(codes.get(b), plan.grids[codes[b]].name if b in codes else "") for b in bearing]
    frame = plant(plan, {codes["A"]: "", codes["B"]: "", codes["C"]: ""}, random.Random(0), drawn=False, each=0).frame()
    frame = frame.iloc[[0] * len(rows)].set_axis(range(5, 5 + len(rows)))
    frame = frame.assign(code=[c for c, _ in rows], raw=bearing, name=[n for _, n in rows],
                         reason=[None if c else ("没有编码", "it has no code") for c, _ in rows])  # fmt: skip
    found = match(plan, "unit", frame)
    assert sorted(found.frame["row"].dropna()) == list(frame.index)
    assert sorted(found.frame.loc[found.frame["code_here"] != "", "code_here"]) == plan.codes("unit")
