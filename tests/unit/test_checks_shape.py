"""Rules on shapes, codes and elements: each finds the one fault planted for it, and nothing on a clean county."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import shapely

import gridgis as gg
from tests.drawn import SIDE, area, at, code_of, drawn_county, line, tamper

A, B, C, D = (str(code_of(c)) for c in "ABCD")
UPPER = "350526100001"
CELL = SIDE * SIDE
MOVE = "UPDATE cells SET geometry = :shape WHERE id = 1"
Plant = Callable[[Path], Path]


def _county(drawing: str, homes: str = "", **more: pd.DataFrame) -> Plant:
    return lambda folder: drawn_county(folder / "county.gpkg", drawing, homes=homes, more=more or None)


def _spoilt(drawing: str, *statements: str, homes: str = "", more: dict[str, Any] | None = None, **shapes: Any) -> Plant:
    return lambda folder: tamper(_county(drawing, homes, **(more or {}))(folder), *statements, **shapes)


def _row(**values: Any) -> pd.DataFrame:
    return pd.DataFrame({k: [v] for k, v in values.items()})


TODAY = dt.date.today().isoformat()
URBAN = "UPDATE grids SET zone = 'built_up' WHERE level = 'unit'"
LONG = "A" * 14 + "B" * 6
HEAD = 'key = "building_head", zh = "楼栋长", en = "building head", level = "unit"'
STREET = line((0, 0.5), (20, 0.5))
STATION = _row(id="p1", kind="station", name="站", geometry=shapely.Point(at(1, 0.5)))


def _walks(*along: tuple[float, float]) -> dict[str, Any]:
    """Return two crossing streets and a track of today."""
    roads = pd.DataFrame({"id": ["r1", "r2"], "geometry": [line((0, 0.5), (2, 0.5)), line((0.5, 0), (0.5, 1))]})
    return {"roads": roads, "tracks": _row(id="t1", staff="", since=TODAY, until=TODAY, geometry=line(*along))}


HOUSE = area((0.9, 0.4), (1.2, 0.4), (1.2, 0.6), (0.9, 0.6))
SPIKE = area((0, 0), (1, 0), (1, 0.5), (0.5, 0.505), (1, 0.51), (1, 1), (0, 1))
FAULTS: dict[str, tuple[Plant, dict[str, Any]]] = {
    "parent_unfilled": (
        _spoilt("AAB", f"UPDATE cells SET code = '{UPPER}' WHERE id = 2", homes="345"),
        {"code": UPPER, "measure": CELL, "households": 4, "severity": "warning"},
    ),
    "hole": (_county("AAA\nABA\nAAA"), {"code": A, "measure": 1, "unit": "holes"}),
    "sliver": (
        _spoilt("AAB", "UPDATE meta SET value = replace(value, 'sliver_m2 = 100.0', 'sliver_m2 = 20000.0')"),
        {"code": B, "measure": CELL},
    ),
    "spike": (_spoilt("AB", MOVE, shape=SPIKE), {"code": A, "unit": "degrees"}),
    "near_miss": (
        _spoilt("AB", MOVE, shape=area((0, 0), (0.99999, 0), (1, 0), (1, 1), (0, 1))), {"measure": 1.0, "unit": "mm"},
    ),
    "unmatched_edge": (
        _spoilt("AB", MOVE, shape=area((0, 0), (1, 0), (1, 0.5), (1, 1), (0, 1))),
        {"measure": SIDE, "unit": "m", "severity": "error"},
    ),
    "code_reused": (
        _spoilt("AB", f"INSERT INTO grids (code, level, added_in, removed_in) VALUES ('{B}', 'unit', -3, -2)"),
        {"code": B, "measure": 1, "severity": "error"},
    ),
    "number_gap": (_county("AABD"), {"code": UPPER, "measure": 1, "unit": "numbers"}),
    "outline_orphan": (
        _spoilt(
            "AB", "INSERT INTO boundaries (code, level, name, geometry) VALUES ('350526100009', 'community', '幽灵', :shape)",
            shape=area((0, 0), (1, 0), (1, 1), (0, 1)),
        ), {"code": "350526100009", "measure": CELL},
    ),
    "name_duplicate": (
        _spoilt("ABC", f"UPDATE grids SET name = '同名' WHERE code IN ('{A}', '{C}')", homes="123"),
        {"code": C, "measure": 2, "households": 3},
    ),
    "building_cut": (
        _county("AB", buildings=_row(id="b1", households=7, persons=20, geometry=HOUSE)),
        {"code": B, "measure": 0.1 * 0.2 * CELL, "households": 7, "persons": 20},
    ),
    "compound_cut": (
        _county("AB", places=_row(id="p1", kind="compound", name="花园", geometry=HOUSE)), {"code": B, "unit": "m2"},
    ),
    "road_unowned": (
        _county("A.", roads=_row(id="r1", name="无主路", geometry=line((1.2, 0.5), (1.8, 0.5)))), {"unit": "road"},
    ),
    "place_uncovered": (
        _county("A.", places=_row(id="p1", kind="school", name="小学", geometry=shapely.Point(at(1.5, 0.5)))), {"unit": "place"},
    ),
    "grid_unpeopled": (
        _spoilt("AB", "UPDATE grids SET zone = 'built_up' WHERE level = 'unit'", homes="50"), {"code": B, "measure": 0},
    ),
    "block_cut": (
        _spoilt("AB\nAB", URBAN, more={"roads": _row(id="r1", geometry=line((0, 0), (2, 0)))}),
        {"code": A, "measure": 2 * SIDE, "unit": "m"},
    ),
    "service_far": (
        # A household 1,850 m along the street from the station walks for 24 minutes.
        _spoilt(LONG, URBAN, homes="1" + "0" * 18 + "3", more={"roads": _row(id="r1", geometry=STREET), "places": STATION}),
        {"code": B, "measure": 3, "unit": "households", "households": 3},
    ),
    "building_head_missing": (
        _spoilt(
            "AB", f"UPDATE meta SET value = replace(value, '{HEAD}', '{HEAD}, required = true')",
            "INSERT INTO staff (id, name) VALUES ('s1', '林一')",
            f"INSERT INTO postings (id, role, code, staff) VALUES ('p1', 'building_head', '{A}', 's1')", homes="34",
        ), {"code": B, "measure": 1, "unit": "vacancies", "households": 4},
    ),
    "patrol_missed": (
        _spoilt("AB", homes="34", more=_walks((0.1, 0.5), (0.9, 0.5))), {"code": B, "measure": 7, "unit": "days", "households": 4},
    ),
    "road_unwalked": (
        _spoilt("AB", more=_walks((0.8, 0.5), (2, 0.5))), {"code": A, "measure": 160.0, "unit": "m"},
    ),
    "exception_expired": (
        _spoilt("AB", "INSERT INTO exceptions (id, rule, code, reason, until) VALUES ('X0001', 'hole', '', '飞地', '2020-01-01')"),
        {"measure": 1, "unit": "exception"},
    ),
    "population_stale": (
        _spoilt("AB", "UPDATE buildings SET as_of = '2001-01-01' WHERE id = 'h0'", homes="34"),
        {"measure": 1, "unit": "buildings"},
    ),
}  # fmt: skip


def found(path: Path, *rules: str) -> Any:
    with gg.open_county(path) as county:
        return gg.check(county, rules or None)


@pytest.mark.parametrize("rule", FAULTS)
def test_a_rule_finds_its_fault_and_says_what_to_do(rule: str, tmp_path: Path) -> None:
    plant, told = FAULTS[rule]
    frame = found(plant(tmp_path), rule)
    rows = frame.to_dict("records")
    mine = [r for r in rows if r["code"] == told.get("code", r["code"])]
    assert len(mine) >= 1
    for key, value in told.items():
        assert mine[0][key] == pytest.approx(value) if isinstance(value, float) else mine[0][key] == value, key
    for row in rows:
        for words in (row["words"], row["words_en"], row["fix"], row["fix_en"]):
            assert words
            assert "\n" not in words


@pytest.mark.parametrize("rule", FAULTS)
def test_all_rules_together_find_it_too(rule: str, tmp_path: Path) -> None:
    assert rule in set(found(FAULTS[rule][0](tmp_path))["rule"])


@pytest.mark.parametrize("rule", FAULTS)
def test_a_clean_county_gives_no_finding(rule: str, tmp_path: Path) -> None:
    assert not len(found(drawn_county(tmp_path / "county.gpkg", "AABa\nCCBa", homes="1500\n2100"), rule))


def test_a_house_of_two_households_in_its_own_grid_is_not_cut(tmp_path: Path) -> None:
    inside = area((0.4, 0.4), (1.0, 0.4), (1.0, 0.6), (0.4, 0.6))
    path = _county("AB", buildings=_row(id="b1", households=2, persons=5, geometry=inside))(tmp_path)
    assert not len(found(path, "building_cut"))


def test_undo_and_redo_do_not_reuse_a_code(tmp_path: Path) -> None:
    path = _county("AAB", homes="345")(tmp_path)
    with gg.open_county(path) as county:
        county.apply(gg.split(county.plan, A, line((1, -1), (1, 2))))
        for _ in range(2):
            county.undo()
            county.redo()
    assert not len(found(path, "code_reused"))


def test_a_voided_number_is_no_gap(tmp_path: Path) -> None:
    path = _county("ABC", homes="345")(tmp_path)
    with gg.open_county(path) as county:
        county.apply(gg.merge(county.plan, [A, B]))
    assert not len(found(path, "number_gap"))
