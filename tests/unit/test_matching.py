from __future__ import annotations

from dataclasses import replace
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from gridgis.errors import InputError
from gridgis.matches import verdicts as v
from gridgis.matches.adopting import adopt
from gridgis.matches.matching import Matching, match
from gridgis.matches.pairing import assigned
from gridgis.naming import likeness, stem
from gridgis.plan import Plan, evolve, invert
from tests.drawn import EPSG, area, code_of, drawn

A, B, C, D = (str(code_of(c)) for c in "ABCD")
FREE = A[:-3] + "009"
DRAWING = """
AABB
AABB
CCDD
"""


def theirs(*rows: tuple[str | None, str, Any]) -> gpd.GeoDataFrame:
    codes, names, shapes = zip(*rows, strict=True)
    reasons = [None if c else ("没有编码", "it has no code") for c in codes]
    data = {"raw": [c or "?" for c in codes], "code": codes, "name": names, "reason": reasons}
    return gpd.GeoDataFrame(data, geometry=list(shapes), index=range(1, len(rows) + 1), crs=EPSG)


def told(found: Matching) -> dict[Any, tuple[str, str]]:
    """Return verdict and grid by row, or by code for grids that only the plan has."""
    keys = [c if pd.isna(r) else int(r) for r, c in zip(found.frame["row"], found.frame["code_here"], strict=True)]
    return dict(zip(keys, zip(found.frame["verdict"], found.frame["code_here"], strict=True), strict=True))


def own(plan: Plan, *codes: str) -> list[tuple[str, str, Any]]:
    return [(c, plan.grids[c].name, plan.grid_geometry(c)) for c in codes]


def test_all_match() -> None:
    plan = drawn(DRAWING)
    found = match(plan, "unit", theirs(*own(plan, A, B, C, D)))
    assert found.agrees
    assert found.summary["here"] == {"all": 4, "matched": 4}
    assert not found.frame.duplicated("code_here").any()


def test_a_swap_is_two_rows_that_name_each_other() -> None:
    plan = drawn(DRAWING)
    shapes = {c: plan.grid_geometry(c) for c in (A, B)}
    found = match(plan, "unit", theirs((A, "第1网格", shapes[B]), (B, "第2网格", shapes[A]), *own(plan, C, D)))
    assert told(found) == {1: ("swapped", A), 2: ("swapped", B), 3: ("matched", C), 4: ("matched", D)}
    assert found.frame["lies_in"].tolist() == [B, A, "", ""]
    assert found.frame["iou"][0] == 0
    assert not found.agrees


def test_three_codes_turned_round_are_moved_not_swapped() -> None:
    plan = drawn(DRAWING)
    turned = zip((A, B, C), (B, C, A), strict=True)
    found = match(plan, "unit", theirs(*[(c, "", plan.grid_geometry(at)) for c, at in turned], *own(plan, D)))
    assert [x for x, _ in told(found).values()] == ["moved", "moved", "moved", "matched"]
    assert found.frame["lies_in"].tolist()[:3] == [B, C, A]


def test_moved_below_the_threshold_only() -> None:
    plan = drawn(DRAWING)
    half = area((0, 0), (1.2, 0), (1.2, 2), (0, 2))
    rows = theirs((A, "", half), *own(plan, B, C, D))
    assert told(match(plan, "unit", rows))[1] == ("matched", A)
    found = match(plan, "unit", rows, min_iou=0.7)
    assert told(found)[1] == ("moved", A)
    assert found.frame["detail"][0] == v.RESHAPED
    assert found.frame["iou"][0] == pytest.approx(0.6)


def test_the_code_that_really_lies_there_may_be_missing_in_the_file() -> None:
    plan = drawn(DRAWING)
    found = match(plan, "unit", theirs((A, "", plan.grid_geometry(D)), *own(plan, B, C)))
    assert told(found) == {1: ("moved", A), 2: ("matched", B), 3: ("matched", C), D: ("missing_there", D)}
    assert "第 1 行画在此处" in found.frame["words"].iloc[-1]


def test_same_place_other_code_is_assigned_for_the_best_of_all() -> None:
    """Greedy would give the first row its best grid and leave the second with none."""
    plan = drawn("AAAABBBB")
    wide, narrow = area((0.4, 0), (6, 0), (6, 1), (0.4, 1)), area((1, 0), (3, 0), (3, 1), (1, 1))
    found = match(plan, "unit", theirs((FREE, "", wide), (FREE[:-1] + "8", "", narrow)))
    assert told(found) == {1: ("recoded", B), 2: ("recoded", A)}
    assert assigned({(1, "A"): 0.6, (1, "B"): 0.4, (2, "A"): 0.5}) == {1: ("B", 0.4), 2: ("A", 0.5)}


def test_duplicates_name_all_rows_and_the_one_that_fits() -> None:
    plan = drawn(DRAWING)
    rows = theirs((A, "", plan.grid_geometry(D)), *own(plan, A, B, C))
    found = match(plan, "unit", rows)
    assert told(found) == {1: ("duplicate", D), 2: ("duplicate", A), 3: ("matched", B), 4: ("matched", C)}
    assert "第 1, 2 行" in found.frame["words"][0]
    assert f"本行应为 {D}" in found.frame["words"][0]
    assert "本行最符合" in found.frame["words"][1]


def test_a_code_that_cannot_be_read_is_told_with_its_place() -> None:
    plan = drawn(DRAWING)
    found = match(plan, "unit", theirs((None, "", plan.grid_geometry(A)), *own(plan, B, C, D)))
    assert told(found)[1] == ("malformed", "")
    assert told(found)[A] == ("missing_there", A)
    assert A in found.frame["words"][0]
    other = match(plan, "unit", theirs((A[:9], "", None)))
    assert told(other)[1][0] == "other_level"


@pytest.mark.parametrize(
    ("there", "here", "detail"),
    [
        ("马坊地区办事处", "马坊镇", v.SUFFIX_ONLY),
        ("馬坊 鎮", "马坊镇", v.WRITING_ONLY),
        ("檀营地区", "檀营满族蒙古族乡", v.SUFFIX_ONLY),
        ("渔阳地区", "平谷镇", v.DIFFERENT),
        ("平谷镇", "", v.UNNAMED),
        ("平谷镇", "平谷镇", ""),
        ("", "平谷镇", ""),
    ],
)
def test_names(there: str, here: str, detail: str) -> None:
    plan = drawn("A", elements=False)
    plan = replace(plan, grids={A: replace(plan.grids[A], name=here)}, _order=[A])
    found = match(plan, "unit", theirs((A, there, None)))
    assert found.frame["detail"][0] == detail
    assert found.agrees == (detail not in (v.DIFFERENT, v.UNNAMED))


def test_numbers_in_names_are_not_alike() -> None:
    assert likeness("第3网格", "第4网格") == 0
    assert likeness("十里堡镇", "八里堡镇") == 0
    assert likeness("北大街东社区", "北大街西社区") == 0
    assert stem("新村镇") == "新村"
    assert stem("马坊村村委会") == stem("马坊村")


def test_a_register_finds_swaps_and_other_codes_by_name() -> None:
    plan = drawn(DRAWING)
    names = {c: plan.grids[c].name for c in (A, B, C, D)}
    found = match(
        plan, "unit", theirs((A, names[B], None), (B, names[A], None), (C, names[C], None), (FREE, names[D], None))
    )
    assert told(found) == {1: ("swapped", A), 2: ("swapped", B), 3: ("matched", C), 4: ("recoded", D)}
    copied = match(
        plan, "unit", theirs(*[(c, names[A], None) for c in (A, B)], (C, names[C], None), (D, names[D], None))
    )
    assert told(copied)[2][0] == "matched_name_differs"


def test_accepted_codes_and_names_are_one_edit_that_can_be_undone() -> None:
    plan = drawn(DRAWING)
    found = match(
        plan,
        "unit",
        theirs((FREE, "新名", plan.grid_geometry(A)), (B, "东区", plan.grid_geometry(B)), *own(plan, C, D)),
    )
    done = adopt(plan, found)
    assert done.codes == (A, B)
    assert done.edit is not None
    after = evolve(plan, done.edit)
    assert after.grids[FREE].name == "新名"
    assert after.grids[B].name == "东区"
    assert A not in after.grids
    assert after.grid_geometry(FREE).equals(plan.grid_geometry(A))
    rows = theirs((FREE, "新名", plan.grid_geometry(A)), (B, "东区", plan.grid_geometry(B)), *own(plan, C, D))
    assert match(after, "unit", rows).agrees
    assert evolve(after, invert(done.edit)).hash == plan.hash


def test_accepting_one_and_above_a_score() -> None:
    plan = drawn(DRAWING)
    part = area((0, 0), (1.4, 0), (1.4, 2), (0, 2))
    found = match(plan, "unit", theirs((FREE, "", part), (B, "东区", None), *own(plan, C, D)))
    assert adopt(plan, found, [FREE]).codes == (A,)
    assert adopt(plan, found, [A]).codes == (A,)
    assert adopt(plan, found, above=0.8).edit is None
    with pytest.raises(InputError, match="没有可采用的建议"):
        adopt(plan, found, [C])


def test_what_the_plan_cannot_take_is_refused_by_name() -> None:
    plan = drawn(DRAWING)
    elsewhere = A[:9] + "077001"
    found = match(plan, "unit", theirs((elsewhere, "", plan.grid_geometry(A)), (B, "东区", None), *own(plan, C, D)))
    done = adopt(plan, found)
    assert done.codes == (B,)
    assert [code for code, _ in done.refused] == [A]
    assert "上级" in done.refused[0][1][0]


def test_points_and_invalid_polygons_do_no_harm() -> None:
    plan = drawn(DRAWING)
    bow = area((0, 0), (2, 2), (2, 0), (0, 2))
    found = match(plan, "unit", theirs((A, "", shapely.Point(0, 0)), (B, "", bow), *own(plan, C, D)))
    assert told(found)[1] == ("matched", A)
    assert told(found)[2] == ("moved", B)
