"""Fixes: each is one undoable edit that resolves its finding and raises none; what has none says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import gridgis as gg
from gridgis.checks.fixing import FIXES, fix
from gridgis.checks.incremental import Checked
from gridgis.errors import EditError
from tests.drawn import area, drawn_county, line, tamper
from tests.telling import Tell
from tests.unit import test_checks, test_checks_shape
from tests.unit.test_checks_shape import UPPER, A, B, D, _county, _row, _spoilt

Plant = Callable[[Path], Path]
BESIDE = area((0.5, 0.4), (1.2, 0.4), (1.2, 0.6), (0.5, 0.6))
EDGES = pd.DataFrame({
    "code": ["350526", "350526100"], "level": ["county", "township"], "name": ["画县", "浔中镇"],
    "geometry": [area((0, 0), (4, 0), (4, 2), (0, 2)), area((0, 0), (4, 0), (4, 2), (0, 2))],
})  # fmt: skip
PLANTS: dict[str, Plant] = {
    "unassigned": _spoilt("AAB", "UPDATE cells SET code = NULL WHERE id = 2"),
    "road_unowned": test_checks_shape.FAULTS["road_unowned"][0],
    "place_uncovered": test_checks_shape.FAULTS["place_uncovered"][0],
    "multi_part": _spoilt("AABAC"),
    "parent_unfilled": test_checks_shape.FAULTS["parent_unfilled"][0],
    "hole": test_checks_shape.FAULTS["hole"][0],
    "sliver": _spoilt(
        "AABA", "UPDATE meta SET value = replace(value, 'sliver_m2 = 100.0', 'sliver_m2 = 15000.0')", homes="1234"
    ),
    "size_band": _spoilt(
        "AB", test_checks_shape.URBAN, "UPDATE cells SET households = 200 WHERE id = 1",
        "UPDATE cells SET households = 150 WHERE id = 2",
    ),
    "grid_unpeopled": _spoilt(
        "AB", test_checks_shape.URBAN, "UPDATE cells SET households = 310, persons = 950 WHERE id = 1", homes="50"
    ),
    "building_cut": _county("AB", buildings=_row(id="b1", households=7, persons=20, geometry=BESIDE)),
    "compound_cut": _county("AB", places=_row(id="p1", kind="compound", name="花园", geometry=BESIDE)),
    "grid_empty": _spoilt("AB", f"INSERT INTO grids (code, level, added_in) VALUES ('{UPPER}003', 'unit', 1)"),
    "code_orphan": _spoilt("ABa", "DELETE FROM grids WHERE code = '350526100002'"),
    "code_reused": _spoilt("AB", f"INSERT INTO grids (code, level, added_in, removed_in) VALUES ('{B}', 'unit', -3, -2)"),
    "name_duplicate": test_checks_shape.FAULTS["name_duplicate"][0],
}  # fmt: skip


def test_every_fix_is_tried_here() -> None:
    assert set(PLANTS) | {"outside_parent"} == set(FIXES)


def _whole(frame: pd.DataFrame) -> list[tuple[str, str]]:
    return sorted((r, str(c)) for r, c in zip(frame["rule"], frame["code"], strict=True))


@pytest.mark.parametrize("rule", PLANTS)
def test_a_fix_resolves_its_finding_and_raises_none(rule: str, tmp_path: Path) -> None:
    path = PLANTS[rule](tmp_path)
    with gg.open_county(path) as county:
        before, hash_ = gg.check(county), county.plan.hash
        row = before[before["rule"] == rule].iloc[0]
        found = fix(county, row)
        done = county.apply(found.edit, by="测试")
        after = gg.check(county)
        left, come = _whole(before), _whole(after)
        left.remove((rule, str(row["code"])))
        assert [f for f in come if f not in left] == []
        assert sum(r == rule for r, _ in come) < sum(r == rule for r in before["rule"])
        # What was foreseen is what came.
        pd.testing.assert_frame_equal(pd.DataFrame(found.checked.frame(county)), pd.DataFrame(after))
        assert county.undo().undoes == done.version
        assert county.plan.hash == hash_
        assert _whole(gg.check(county)) == _whole(before)


def test_ground_beyond_a_fixed_outline_goes_back(tmp_path: Path) -> None:
    edges = pd.DataFrame({
        "code": ["350526", "350526100", UPPER], "level": ["county", "township", "community"], "name": ["画县", "镇", "村"],
        "geometry": [area((0, 0), (4, 0), (4, 1), (0, 1)), area((0, 0), (4, 0), (4, 1), (0, 1)), area((0, 0), (2, 0), (2, 1), (0, 1))],
    })  # fmt: skip
    path = drawn_county(tmp_path / "c.gpkg", "AAAa", more={"boundaries": edges})
    with gg.open_county(path) as county:
        found = gg.check(county, ["outside_parent"])
        assert found["code"].tolist() == [A]
        county.apply(fix(county, found.iloc[0]).edit)
        assert not len(gg.check(county))


@pytest.mark.parametrize("rule", ["gap", "code_duplicate"])
def test_what_no_edit_resolves_says_what_to_do(rule: str, tmp_path: Path) -> None:
    path = drawn_county(tmp_path / "county.gpkg", test_checks.DRAWING, homes=test_checks.HOMES)
    test_checks.FAULTS[rule][0](path)
    with gg.open_county(path) as county:
        row = gg.check(county, [rule]).iloc[0]
        with pytest.raises(EditError, match=rule):
            fix(county, row)


def test_a_fix_that_would_break_something_else_is_not_offered(tmp_path: Path) -> None:
    """The only neighbour of the hole would leave its size band."""
    path = tamper(
        drawn_county(tmp_path / "c.gpkg", "AAA\nABA\nAAA", homes="111\n191\n111"), test_checks_shape.URBAN,
        "UPDATE cells SET households = 40", "UPDATE cells SET households = 400 WHERE id = 5",
    )  # fmt: skip
    with gg.open_county(path) as county:
        row = gg.check(county, ["hole"]).iloc[0]
        with pytest.raises(EditError):
            fix(county, row)


def test_the_last_check_is_taken_up(tmp_path: Path) -> None:
    with gg.open_county(_spoilt("AABD")(tmp_path)) as county:
        checked = Checked.of(county)
        county.apply(gg.split(county.plan, A, line((1, -1), (1, 2))))
        again = checked.again(county)
        pd.testing.assert_frame_equal(pd.DataFrame(again.frame(county)), pd.DataFrame(gg.check(county)))
        assert D in county.plan.grids


def test_command_fixes_and_tells(tmp_path: Path, tell: Tell) -> None:
    path = PLANTS["unassigned"](tmp_path)
    dry = tell("fix", path, "--rule", "unassigned", "--dry-run")
    assert dry.code == 0
    assert "可修复" in dry.out
    with gg.open_county(path) as county:
        assert county.version == 1
    done = tell("fix", path, "--rule", "unassigned", "--json")
    assert done.json["kind"] == "paint"
    assert tell("check", path).out.strip().startswith("检查通过")
    assert tell("fix", path, "--rule", "unassigned").code == 2
    assert "no fix" in tell("fix", path, "--rule", "gap", "--lang", "en").err
