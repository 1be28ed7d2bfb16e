"""Who answers for a place; what the registers lack; whom to post; and the rules that say so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import gridgis as gg
from gridgis.checks.people import callable_phone
from gridgis.errors import CodeError
from gridgis.staff import people, staffing
from gridgis.staff.suggesting import suggestions
from tests.crew import DAY, NORTH, TOWN, A, B, C, D, added, crewed, person, posting, set_cell, without
from tests.drawn import at, drawn_county, line

RULES = (
    "role_vacant",
    "party_group_missing",
    "register_empty",
    "role_overload",
    "posting_void",
    "posting_unknown",
    "phone_malformed",
    "visit_overdue",
)
Frames = dict[str, pd.DataFrame]


def opened(path: Path, day: str = DAY) -> tuple[gg.County, people.People]:
    county = gg.open_county(path)
    return county, people.people_of(county, day)


def found_in(path: Path) -> list[tuple[str, str | None]]:
    with gg.open_county(path) as county:
        found = gg.check(county, RULES)
        assert all(w.endswith(("。", "）")) or w for w in found["words"])
        return [(r, None if pd.isna(c) else c) for r, c in zip(found["rule"], found["code"], strict=True)]


# -- who -----------------------------------------------------------------------------------------------


def test_chain_runs_from_the_county_to_the_leaf(tmp_path: Path) -> None:
    county, crew = opened(crewed(tmp_path / "c.gpkg"))
    links = people.chain(county.plan, crew, A, "画县")
    assert [(one.level, one.code) for one in links] == [
        ("county", "350526"), ("township", TOWN), ("community", NORTH), ("unit", A),
    ]  # fmt: skip
    assert [(h.role, h.name) for h in links[2].holders] == [("chief", "周五")]
    assert {(h.role, h.kind, h.name, h.phone) for h in links[3].holders} == {
        ("unit_head", "person", "林一", "19900000001"), ("visitor", "person", "郑七", "19900000007"),
        ("party_group", "organisation", "第1党小组", "0595-23520000"),
    }  # fmt: skip
    assert all(one.vacancies == () for one in links)


@pytest.mark.parametrize(
    ("day", "heads"), [("2025-12-31", []), ("2026-01-01", ["林一"]), ("2026-05-31", ["林一"]), ("2026-06-01", [])]
)
def test_a_posting_is_in_force_from_its_first_day_until_the_day_it_ends(
    tmp_path: Path, day: str, heads: list[str]
) -> None:
    path = crewed(tmp_path / "c.gpkg", lambda f: set_cell(f["postings"], "p1", "until", "2026-06-01"))
    county, crew = opened(path, day)
    last = people.chain(county.plan, crew, A)[-1]
    assert [h.name for h in last.holders if h.role == "unit_head"] == heads
    assert ("unit_head" in last.vacancies) == (not heads)


def test_head_in_the_grid_register_stands_where_nobody_is_posted(tmp_path: Path) -> None:
    path = crewed(tmp_path / "c.gpkg", lambda f: without(f, "postings", "p1"))
    county, crew = opened(path)
    plan = county.plan
    named = {**plan.grids, A: replace(plan.grids[A], extra=(("head", "何人"), ("phone", "05951234567")))}
    told = people.chain(replace(plan, grids=named), crew, A)[-1]
    assert [(h.role, h.name, h.phone) for h in told.holders if h.source == "register"] == [
        ("unit_head", "何人", "05951234567")
    ]
    assert told.vacancies == ()


def test_body_joined_to_a_grid_holds_the_role_of_its_kind(tmp_path: Path) -> None:
    def join(frames: Frames) -> None:
        without(frames, "postings", "p11")
        frames["organisations"]["code"] = None
        set_cell(frames["organisations"], "o1", "code", A)
        added(frames, "organisations", {"id": "o9", "kind": "shop", "name": "某店", "code": A})

    county, crew = opened(crewed(tmp_path / "c.gpkg", join))
    last = people.chain(county.plan, crew, A)[-1]
    assert [(h.name, h.source) for h in last.holders if h.kind == "organisation"] == [("第1党小组", "joined")]
    assert last.vacancies == ()


def test_a_code_that_is_not_there(tmp_path: Path) -> None:
    county, crew = opened(crewed(tmp_path / "c.gpkg"))
    with pytest.raises(CodeError):
        people.chain(county.plan, crew, A[:-1] + "9")


# -- rules -----------------------------------------------------------------------------------------------


def test_a_clean_county_has_no_finding(tmp_path: Path) -> None:
    assert found_in(crewed(tmp_path / "c.gpkg")) == []


def test_a_county_without_required_roles_has_none_either(tmp_path: Path) -> None:
    assert found_in(drawn_county(tmp_path / "plain.gpkg", "AB")) == []


def empty(frames: Frames) -> None:
    frames["postings"] = frames["postings"].iloc[:0]


SPOILT: tuple[tuple[str, Callable[[Frames], object], list[tuple[str, str | None]]], ...] = (
    ("no head", lambda f: without(f, "postings", "p2"), [("role_vacant", B)]),
    ("no party group", lambda f: without(f, "postings", "p13"), [("party_group_missing", C)]),
    ("ended", lambda f: set_cell(f["postings"], "p5", "until", DAY), [("role_vacant", NORTH)]),
    ("not yet", lambda f: set_cell(f["postings"], "p5", "since", "2026-11-01"), [("role_vacant", NORTH)]),
    ("nobody at all", empty, [("register_empty", None)] * 3),
    ("three grids", lambda f: [set_cell(f["postings"], p, "staff", "s1") for p in ("p2", "p3")], [("role_overload", A)]),
    ("twice", lambda f: added(f, "postings", posting("p99", "unit_head", A, "s1")), [("role_overload", A)]),
    ("void", lambda f: added(f, "postings", posting("p99", "police", A[:-1] + "9", "s1")), [("posting_void", A[:-1] + "9")]),
    ("stranger", lambda f: set_cell(f["postings"], "p3", "staff", "s99"), [("posting_unknown", C)]),
    ("no such role", lambda f: added(f, "postings", posting("p99", "king", A, "s1")), [("posting_unknown", A)]),
    ("wrong level", lambda f: added(f, "postings", posting("p99", "chief", A, "s1")), [("posting_unknown", A)]),
    ("phone", lambda f: set_cell(f["staff"], "s2", "phone", "1990000"), [("phone_malformed", None)]),
    ("late", lambda f: set_cell(f["visits"], "v1", "at", "2026-09-29"), [("visit_overdue", A)]),
    ("elsewhere", lambda f: set_cell(f["visits"], "v1", "code", B), [("visit_overdue", A)]),
)  # fmt: skip


@pytest.mark.parametrize(("spoil", "wanted"), [s[1:] for s in SPOILT], ids=[s[0] for s in SPOILT])
def test_each_planted_fault_is_found_and_nothing_else(
    tmp_path: Path, spoil: Callable[[Frames], object], wanted: list[tuple[str, str | None]]
) -> None:
    assert found_in(crewed(tmp_path / "c.gpkg", spoil)) == wanted


def test_visit_on_the_last_day_is_in_time(tmp_path: Path) -> None:
    assert found_in(crewed(tmp_path / "c.gpkg", lambda f: set_cell(f["visits"], "v1", "at", "2026-09-30"))) == []


def test_staffing_lines_say_how_many(tmp_path: Path) -> None:
    path = crewed(tmp_path / "c.gpkg", lambda f: added(f, "postings", posting("p99", "police", A, "s5")))
    county, crew = opened(path)
    plan = county.plan
    mixed = {**plan.grids, A: replace(plan.grids[A], category="mixed")}
    lacking = staffing.vacancies(replace(plan, grids=mixed), crew)
    assert lacking[["role", "code", "needed", "held"]].to_numpy().tolist() == [["police", A, 2, 1]]
    assert int(lacking["households"].iloc[0]) == int(plan.figures_of(A)["households"])


def test_findings_carry_the_people_of_the_grid(tmp_path: Path) -> None:
    path = crewed(tmp_path / "c.gpkg", lambda f: without(f, "postings", "p2"))
    with gg.open_county(path) as county:
        row = gg.check(county, ["role_vacant"]).iloc[0]
        figures = county.plan.figures_of(B)
        assert (row["households"], row["persons"]) == (figures["households"], figures["persons"])
        assert row.geometry.equals(county.plan.grid_geometry(B))
        assert "网格长" in row["words"]
        assert "王二" in row["fix"], "the fix names the one who lives there"
        assert "--staff s2" in row["fix"]


@pytest.mark.parametrize(
    "text",
    [
        "19900000001",
        "+86 199-0000-0001",
        "0595-23520000",
        "0595-2352000转12",
        "23520000",
        "110",
        "12345",
        "400-800-1234",
        "19900000001、0595-23520000",
    ],
)
def test_phones_that_can_be_called(text: str) -> None:
    assert callable_phone(text)


@pytest.mark.parametrize(
    "text", ["1990000", "199000000012", "电话", "0595", "1.99E+10", "12900000001", "19900000001、x"]
)
def test_phones_that_cannot(text: str) -> None:
    assert not callable_phone(text)


# -- suggestions -------------------------------------------------------------------------------------------


def suggested(path: Path, role: str | None = None) -> list[tuple[str, str, str, str]]:
    county, crew = opened(path)
    found = suggestions(county.plan, crew, role)
    return list(found[["role", "code", "holder", "reason"]].itertuples(index=False, name=None))


def test_those_who_live_there_come_first(tmp_path: Path) -> None:
    path = crewed(tmp_path / "c.gpkg", lambda f: without(f, "postings", "p1", "p2", "p3", "p4"))
    assert suggested(path) == [("unit_head", c, f"s{k}", "home") for k, c in enumerate((A, B, C, D), 1)]


def test_a_resident_with_no_other_duty_may_be_head(tmp_path: Path) -> None:
    def spoil(frames: Frames) -> None:
        without(frames, "postings", "p2")
        without(frames, "staff", "s2")
        added(frames, "staff", person("s20", "居民", "volunteer", (5, 0.5)))

    assert suggested(crewed(tmp_path / "c.gpkg", spoil)) == [("unit_head", B, "s20", "home")]


def test_else_the_nearest_who_is_free_by_the_least_sum(tmp_path: Path) -> None:
    """Greedy would give B its nearest, s21, and leave C with the far one."""

    def spoil(frames: Frames) -> None:
        without(frames, "postings", "p2", "p3", "p4", "p1")
        without(frames, "staff", "s1", "s2", "s3", "s4")
        added(frames, "postings", posting("p91", "unit_head", A, "s5"), posting("p92", "unit_head", D, "s21"))
        added(
            frames, "staff", person("s21", "近", "unit_head", (2.9, 0.9)), person("s22", "远", "unit_head", (2.9, 0.1))
        )

    assert suggested(crewed(tmp_path / "c.gpkg", spoil)) == [
        ("unit_head", B, "s22", "near"),
        ("unit_head", C, "s21", "near"),
    ]


def test_nobody_gets_more_grids_than_the_role_allows(tmp_path: Path) -> None:
    def spoil(frames: Frames) -> None:
        without(frames, "postings", "p1", "p2", "p3", "p4")
        without(frames, "staff", "s2", "s3", "s4")

    assert [(c, h) for _, c, h, _ in suggested(crewed(tmp_path / "c.gpkg", spoil))] == [(A, "s1"), (C, "s1")]


def test_suggestions_do_not_hang_on_the_order_of_rows(tmp_path: Path) -> None:
    def shuffle(frames: Frames) -> None:
        without(frames, "postings", "p1", "p2", "p3", "p4")
        frames["staff"] = frames["staff"].iloc[::-1]

    turned = suggested(crewed(tmp_path / "c.gpkg", shuffle))
    assert turned == [("unit_head", c, f"s{k}", "home") for k, c in enumerate((A, B, C, D), 1)]


def test_bodies_are_suggested_by_what_they_hold_elsewhere(tmp_path: Path) -> None:
    def spoil(frames: Frames) -> None:
        without(frames, "postings", "p12")
        frames["organisations"]["x"], frames["organisations"]["y"] = None, None

    assert suggested(crewed(tmp_path / "c.gpkg", spoil)) == [("party_group", B, "o2", "free")]


# -- double, overload, heirs ---------------------------------------------------------------------------------


def test_doubles_name_what_is_double(tmp_path: Path) -> None:
    def spoil(frames: Frames) -> None:
        added(frames, "postings", posting("p91", "unit_head", A, "s2"), posting("p92", "chief", NORTH, "s5"))

    county, crew = opened(crewed(tmp_path / "c.gpkg", spoil))
    found = staffing.doubles(county.plan, crew)
    assert set(found[["what", "role"]].itertuples(index=False, name=None)) == {
        ("repeated", "chief"),
        ("several", "unit_head"),
    }


def test_overload_is_households_over_thrice_the_median(tmp_path: Path) -> None:
    def spoil(frames: Frames) -> None:
        added(frames, "postings", posting("p91", "unit_head", A, "s5"))

    county, crew = opened(crewed(tmp_path / "c.gpkg", spoil, homes="111999\n000000\n111111"))
    loads = dict(staffing.overload(county.plan, crew)[["holder", "households"]].itertuples(index=False))
    assert loads == {"s2": 27}, "A's 3 households are shared by two; the median is 3"


@pytest.mark.parametrize(("homes", "column"), [("990910\n000000\n000000", 3.5), ("990190\n000000\n000000", 4.5)])
def test_the_heir_is_the_grid_that_keeps_most_households(tmp_path: Path, homes: str, column: float) -> None:
    path = crewed(tmp_path / "c.gpkg", homes=homes)
    with gg.open_county(path) as county:
        voided = county.apply(gg.merge(county.plan, [A, B])).voided
        assert voided == (B,)
        county.apply(gg.split(county.plan, A, line((4, -1), (4, 2.2))))
        heir = staffing.heirs(county.plan, [B], pd.DataFrame(county.table("grids")))
        assert heir == {B: gg.locate(county.plan, np.array([at(column, 0.5)])).iloc[0]}


def test_where_nobody_lives_the_larger_part_counts(tmp_path: Path) -> None:
    path = crewed(tmp_path / "c.gpkg", homes="100000\n000000\n000000")
    with gg.open_county(path) as county:
        county.apply(gg.merge(county.plan, [A, B]))
        county.apply(gg.split(county.plan, A, line((4, -1), (4, 2.2))))
        heir = staffing.heirs(county.plan, [B], pd.DataFrame(county.table("grids")))
        assert heir == {B: gg.locate(county.plan, np.array([at(4.5, 0.5)])).iloc[0]}


def test_a_voided_grid_is_found_with_its_heir_in_the_fix(tmp_path: Path) -> None:
    path = crewed(tmp_path / "c.gpkg", homes="911111\n000000\n111111")
    with gg.open_county(path) as county:
        county.apply(gg.merge(county.plan, [A, B]))
        found = gg.check(county, RULES)
        assert list(found["rule"]) == ["posting_void"] * 2
        assert all(A in fix and "--follow" in fix for fix in found["fix"])
