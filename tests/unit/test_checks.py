"""Every rule finds the fault planted in a county file behind its back, and is silent on a clean one; verify too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely

import gridgis as gg
from gridgis.checks import rule_list
from gridgis.errors import InputError
from gridgis.verify import verify
from tests.drawn import EPSG, SIDE, area, at, code_of, drawn_county, line, tamper
from tests.unit.test_checks_shape import FAULTS as SHAPE_FAULTS
from tests.unit.test_people import RULES, SPOILT

DRAWING, HOMES = "AABa\nCCBa", "1500\n2100"
A, B, C, D = (str(code_of(c)) for c in "ABCD")
a = str(code_of("a"))
TOWN, UPPER, LOWER = "350526100", "350526100001", "350526100002"
COLUMNS = [
    "rule",
    "severity",
    "code",
    "measure",
    "unit",
    "households",
    "persons",
    "words",
    "words_en",
    "fix",
    "fix_en",
    "geometry",
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return drawn_county(tmp_path / "county.gpkg", DRAWING, homes=HOMES)


def found(path: Path, *rules: str) -> gpd.GeoDataFrame:
    with gg.open_county(path) as county:
        return gg.check(county, rules or None)


def only(frame: gpd.GeoDataFrame, rule: str) -> dict[str, Any]:
    """Return the one finding of a rule."""
    (row,) = frame[frame["rule"] == rule].to_dict("records")
    return dict(row)


# -- a clean county ----------------------------------------------------------------------------------


def test_a_clean_county_has_no_finding(path: Path) -> None:
    frame = found(path)
    assert len(frame) == 0
    assert list(frame.columns) == COLUMNS
    assert frame.crs.to_epsg() == EPSG


def test_a_clean_county_stays_clean_under_edits(path: Path) -> None:
    with gg.open_county(path) as county:
        county.apply(gg.split(county.plan, A, line((0.3, -1), (1.8, 3))))
        county.apply(gg.transfer(county.plan, area((1.5, 0.5), (2.5, 0.5), (2.5, 1.5), (1.5, 1.5)), B))
        assert gg.check(county)["rule"].tolist() == []


def test_every_rule_has_a_planted_fault_here() -> None:
    """The rules on people and those on shapes have theirs in files of their own."""
    assert {r["rule"] for r in rule_list()} == set(FAULTS) | set(RULES) | set(SHAPE_FAULTS)
    assert {rule for *_, wanted in SPOILT for rule, _ in wanted} == set(RULES)


# -- one fault a rule --------------------------------------------------------------------------------

HALF = area((0, 0), (0.5, 0), (0.5, 1), (0, 1))
WIDE = area((0, 0), (1.5, 0), (1.5, 1), (0, 1))
BEYOND = area((-0.5, 0), (1, 0), (1, 1), (-0.5, 1))
BOW = area((0, 0), (1, 1), (1, 0), (0, 1))
MOVE = "UPDATE cells SET geometry = :shape WHERE id = 1"

Plant = Callable[[Path], object]
FAULTS: dict[str, tuple[Plant, dict[str, Any]]] = {
    "gap": (lambda p: tamper(p, MOVE, shape=HALF), {"measure": SIDE * SIDE / 2, "unit": "m2", "severity": "error"}),
    "overlap": (lambda p: tamper(p, MOVE, shape=WIDE), {"measure": SIDE * SIDE / 2, "unit": "m2", "code": A}),
    "invalid": (lambda p: tamper(p, MOVE, shape=BOW), {"code": A, "unit": "cell"}),
    "outside_parent": (lambda p: tamper(p, MOVE, shape=BEYOND), {"code": A, "measure": SIDE * SIDE / 2}),
    "multi_part": (
        lambda p: tamper(p, f"UPDATE cells SET code = '{a}' WHERE id = 1"),
        {"code": a, "measure": 2, "unit": "parts", "severity": "warning", "households": 1, "persons": 2},
    ),
    "unassigned": (
        lambda p: tamper(p, "UPDATE cells SET code = NULL WHERE id = 2"),
        {"measure": SIDE * SIDE, "households": 5, "persons": 10, "severity": "warning"},
    ),
    "code_malformed": (
        lambda p: tamper(p, f"UPDATE grids SET code = '{A[:-1]}X' WHERE code = '{A}'"), {"code": A[:-1] + "X"},
    ),
    "code_duplicate": (
        lambda p: tamper(
            p, "DROP INDEX ux_grids_live", f"INSERT INTO grids (code, level, added_in) VALUES ('{B}', 'unit', 1)"
        ), {"code": B, "measure": 2, "unit": "grids"},
    ),
    "code_orphan": (lambda p: tamper(p, f"DELETE FROM grids WHERE code = '{LOWER}'"), {"code": a}),
    "grid_empty": (
        lambda p: tamper(p, f"INSERT INTO grids (code, level, added_in) VALUES ('{D}', 'unit', 1)"), {"code": D, "measure": 0},
    ),
    "element_none": (
        lambda p: tamper(p, "UPDATE buildings SET x = x - 5000 WHERE id = 'h0'"), {"unit": "buildings", "severity": "error"},
    ),
    "element_two": (
        # The house of the second cell stands in the ground that the first now claims too.
        lambda p: tamper(p, MOVE, shape=area((0, 0), (1.9, 0), (1.9, 1), (0, 1))), {"measure": 2, "unit": "buildings"},
    ),
    "size_band": (
        lambda p: tamper(p, f"UPDATE grids SET zone = 'built_up' WHERE code = '{A}'"),
        {"code": A, "measure": 6, "households": 6, "persons": 12, "severity": "warning"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", FAULTS)
def test_a_rule_finds_its_fault(rule: str, path: Path) -> None:
    plant, told = FAULTS[rule]
    plant(path)
    frame = found(path, rule)
    # The community of a unit in two parts lies in two parts itself.
    row = only(frame[frame["code"] == a] if rule == "multi_part" else frame, rule)
    for key, value in told.items():
        assert row[key] == pytest.approx(value) if isinstance(value, float) else row[key] == value, key
    for words in (row["words"], row["words_en"], row["fix"], row["fix_en"]):
        assert words
        assert "\n" not in words
    assert row["words_en"].replace("画县", "").isascii()


@pytest.mark.parametrize("rule", FAULTS)
def test_all_rules_together_find_it_too(rule: str, path: Path) -> None:
    FAULTS[rule][0](path)
    frame = found(path)
    assert rule in set(frame["rule"])
    # Errors come first.
    assert frame["severity"].tolist() == sorted(frame["severity"], key=lambda s: s != "error")


LOCATED = (
    "gap",
    "overlap",
    "outside_parent",
    "invalid",
    "unassigned",
    "multi_part",
    "size_band",
    "element_none",
    "element_two",
)


@pytest.mark.parametrize("rule", LOCATED)
def test_findings_say_where(rule: str, path: Path) -> None:
    FAULTS[rule][0](path)
    shape = found(path, rule)["geometry"].iloc[0]
    assert shape is not None
    places = {
        "gap": area((0.5, 0), (1, 0), (1, 1), (0.5, 1)), "overlap": area((1, 0), (1.5, 0), (1.5, 1), (1, 1)),
        "outside_parent": area((-0.5, 0), (0, 0), (0, 1), (-0.5, 1)),
    }  # fmt: skip
    if rule in places:
        assert shapely.symmetric_difference(shape, places[rule]).area < 0.01


# -- finer points ------------------------------------------------------------------------------------


def test_a_missing_cell_is_a_gap(path: Path) -> None:
    tamper(path, "UPDATE cells SET removed_in = 1 WHERE id = 4")
    row = only(found(path), "gap")
    assert row["measure"] == SIDE * SIDE


def test_a_whole_row_of_cells_missing_at_the_rim_is_a_gap(path: Path) -> None:
    # A coverage that is valid in itself, but does not fill the outline.
    tamper(path, "UPDATE cells SET removed_in = 1 WHERE id IN (4, 8)")
    assert found(path, "gap")["measure"].sum() == 2 * SIDE * SIDE


def test_the_same_cell_twice_is_an_overlap(path: Path) -> None:
    tamper(
        path, "INSERT INTO cells (id, code, added_in, households, persons, buildings, places, roads, incidents, geometry)"
        f" SELECT 99, '{B}', 1, 0, 0, 0, 0, 0, 0, geometry FROM cells WHERE id = 1"
    )  # fmt: skip
    row = only(found(path, "overlap"), "overlap")
    assert row["measure"] == SIDE * SIDE
    assert f"“{A}”与“{B}”" in row["words"]


def test_a_hair_of_a_millimetre_is_no_finding(path: Path) -> None:
    hair = 0.001 / SIDE
    tamper(path, MOVE, shape=area((0, 0), (1 - hair, 0), (1 - hair, 1), (0, 1)))
    assert len(found(path, "gap", "overlap", "outside_parent")) == 0


def test_a_strip_of_a_centimetre_is_one(path: Path) -> None:
    strip = 0.01 / SIDE
    tamper(path, MOVE, shape=area((0, 0), (1 - strip, 0), (1 - strip, 1), (0, 1)))
    assert only(found(path, "gap"), "gap")["measure"] == pytest.approx(1.0)


def test_a_fixed_township_is_held_to_its_outline(tmp_path: Path) -> None:
    county = area((0, 0), (4, 0), (4, 2), (0, 2))
    edge = pd.DataFrame({
        "code": ["350526", TOWN], "level": ["county", "township"], "name": ["画县", "浔中镇"],
        "geometry": [county, area((0, 0), (3, 0), (3, 2), (0, 2))],
    })  # fmt: skip
    path = drawn_county(tmp_path / "county.gpkg", DRAWING, homes=HOMES, more={"boundaries": edge})
    row = only(found(path, "outside_parent"), "outside_parent")
    assert (row["code"], row["measure"]) == (a, 2 * SIDE * SIDE)
    assert "浔中镇" in row["words"]


@pytest.mark.parametrize(
    ("level", "code"),
    [
        ("unit", "350526100009"),
        ("community", "350526100001009"),
        ("unit", "350500100001009"),
        ("moon", "350526100001009"),
    ],
)
def test_a_code_that_does_not_fit_its_level_or_county(path: Path, level: str, code: str) -> None:
    tamper(path, f"INSERT INTO grids (code, level, added_in) VALUES ('{code}', '{level}', 1)")
    assert only(found(path, "code_malformed"), "code_malformed")["code"] == code


def test_a_cell_whose_code_no_grid_has(path: Path) -> None:
    tamper(path, f"UPDATE cells SET code = '{UPPER}777' WHERE id = 1")
    assert only(found(path, "code_orphan"), "code_orphan")["code"] == f"{UPPER}777"


@pytest.mark.parametrize("table", ["places", "roads"])
def test_other_elements_outside_are_found(tmp_path: Path, table: str) -> None:
    shape = shapely.Point(at(9, 9)) if table == "places" else line((8, 9), (10, 9))
    rows = pd.DataFrame({"id": ["外1"], "geometry": [shape]})
    path = drawn_county(tmp_path / "county.gpkg", DRAWING, more={table: rows})
    row = only(found(path, "element_none"), "element_none")
    assert row["unit"] == table
    assert "外1" in row["words"]


def test_a_house_on_a_shared_edge_is_in_one_grid(tmp_path: Path) -> None:
    # The scattered houses stand on edges and corners too.
    path = drawn_county(tmp_path / "county.gpkg", DRAWING)
    assert len(found(path, "element_none", "element_two")) == 0


@pytest.mark.parametrize(
    ("households", "persons", "fine"), [(300, 0, True), (299, 899, False), (0, 1000, True), (501, 0, False)]
)
def test_the_band_is_met_by_either(path: Path, households: int, persons: int, fine: bool) -> None:
    tamper(
        path, f"UPDATE grids SET zone = 'built_up' WHERE code = '{A}'",
        f"UPDATE cells SET households = {households}, persons = {persons} WHERE id = 1",
        "UPDATE cells SET households = 0, persons = 0 WHERE id = 2",
    )  # fmt: skip
    assert (len(found(path, "size_band")) == 0) is fine


def test_rules_may_be_chosen_and_must_exist(path: Path) -> None:
    FAULTS["gap"][0](path)
    assert set(found(path, "gap")["rule"]) == {"gap"}
    with pytest.raises(InputError, match="gaps"):
        found(path, "gaps")


def test_progress_names_each_rule(path: Path) -> None:
    told: list[tuple[float, str]] = []
    with gg.open_county(path) as county:
        gg.check(county, progress=lambda share, words: told.append((share, words)))
    assert [w for _, w in told] == [r["zh"] for r in rule_list()]
    assert [s for s, _ in told] == sorted(s for s, _ in told)


# -- verify ------------------------------------------------------------------------------------------


def edited(path: Path) -> None:
    with gg.open_county(path) as county:
        county.apply(gg.split(county.plan, A, line((1, -1), (1, 1.5))))
        county.apply(gg.merge(county.plan, [B, C]))
        county.undo()
        assert verify(county) == []


TAMPERINGS: dict[str, tuple[tuple[str, ...], str]] = {
    "a code of a cell": ((f"UPDATE cells SET code = '{B}' WHERE id = 1 AND removed_in IS NULL",), "hash"),
    "a past row": (("UPDATE cells SET added_in = 2 WHERE id = 7",), ""),
    "a name": ((f"UPDATE grids SET name = '改' WHERE code = '{B}' AND removed_in IS NULL",), "hash"),
    "a recorded hash": (("UPDATE edits SET hash = '0' WHERE version = 2",), "hash"),
    "a missing edit": (("DELETE FROM edits WHERE version = 2",), ""),
    "a count": (("UPDATE cells SET households = 77 WHERE id = 3",), "households"),
    "a house more": (("UPDATE buildings SET households = 77 WHERE id = 'h0'",), "households"),
    "a code out of the ledger": ((f"DELETE FROM code_ledger WHERE code = '{B}'",), "ledger"),
    "a drawn polygon": (
        (
            f"UPDATE grids SET geometry = (SELECT geometry FROM grids WHERE code = '{C}') WHERE code = '{A}' AND removed_in IS NULL",
        ),
        A,
    ),
    "a polygon gone": ((f"UPDATE grids SET geometry = NULL WHERE code = '{A}' AND removed_in IS NULL",), A),
    "a cell gone": (("DELETE FROM cells WHERE id = 4",), ""),
    "a grid gone": ((f"DELETE FROM grids WHERE code = '{UPPER}'",), ""),
}


@pytest.mark.parametrize("case", TAMPERINGS)
def test_verify_finds_what_was_tampered_with(case: str, path: Path) -> None:
    edited(path)
    statements, named = TAMPERINGS[case]
    tamper(path, *statements)
    with gg.open_county(path) as county:
        problems = verify(county)
    assert problems
    assert any(named in en for _, en in problems)
    for zh, en in problems:
        assert zh.endswith("。")
        assert en.endswith(".")


def test_verify_finds_a_moved_vertex(path: Path) -> None:
    edited(path)
    tamper(path, "UPDATE cells SET geometry = :shape WHERE id = 4", shape=area((3, 0), (4, 0), (4, 1), (3, 0.99999)))
    with gg.open_county(path) as county:
        assert len(verify(county)) > 1


def test_verify_tells_how_far_it_is(path: Path) -> None:
    shares: list[float] = []
    with gg.open_county(path) as county:
        verify(county, lambda share, _words: shares.append(share))
    assert shares == sorted(shares)
    assert 0 <= shares[0] < shares[-1] <= 1
