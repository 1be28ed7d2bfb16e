"""Drafts: begun on a version, edited beside the main line, and combined with it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import shapely

import gridgis as gg
from gridgis.branches import branches, combine, compare_branch, drop_branch, open_branch, start_branch
from gridgis.errors import EditError, InputError, RefusedError, StaleEditError, StoreError
from gridgis.verify import verify
from tests.drawn import cell_at, code_of, drawn_county, letters, line, tamper
from tests.telling import Tell, assert_refused, geojson

DRAWING = "AAABB\nAAABB\nCCCDD\nCCCDD"
A, B, C, D, E, F = (str(code_of(c)) for c in "ABCDEF")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return drawn_county(tmp_path / "county.gpkg", DRAWING)


@pytest.fixture
def county(path: Path) -> Iterator[gg.County]:
    with gg.open_county(path) as opened:
        yield opened


@pytest.fixture
def draft(county: gg.County) -> gg.County:
    start_branch(county, "春", by="王")
    return open_branch(county, "春")


def paint(county: gg.County, to: str, *places: tuple[float, float]) -> gg.Edit:
    plan = county.plan
    return county.apply(gg.paint(plan, [cell_at(plan, *p) for p in places], to), by="李")


def cut(county: gg.County, code: str, *points: tuple[float, float]) -> gg.Edit:
    return county.apply(gg.split(county.plan, code, line(*points)))


def picture(county: gg.County) -> str:
    return letters(county.plan, DRAWING)


# -- a draft -----------------------------------------------------------------------------------------


def test_a_draft_is_edited_undone_and_redone_while_the_main_line_stands_still(
    county: gg.County, draft: gg.County
) -> None:
    before = county.plan.hash
    assert draft.plan.hash == before
    first = paint(draft, B, (2.5, 0.5))
    second = cut(draft, C, (1, 1), (1, 5))
    assert (first.version, second.version, second.created) == (1, 2, (E,))
    assert draft.undo().hash == first.hash
    assert draft.redo().hash == second.hash
    assert list(draft.log()["kind"]) == ["paint", "split", "undo", "redo"]
    assert county.plan.hash == before
    assert county.version == 1


def test_a_draft_reads_the_same_in_another_process(path: Path, draft: gg.County) -> None:
    paint(draft, B, (2.5, 0.5))
    merged = draft.apply(gg.merge(draft.plan, [C, D]))
    with gg.open_county(path) as other:
        again = open_branch(other, "春")
        assert again.plan.hash == merged.hash
        assert again.plan.figures.equals(draft.plan.figures)
        assert again.undo().created == merged.voided
    assert draft.plan.hash == draft.plan_at(1).hash


def test_a_draft_keeps_its_base_when_the_main_line_goes_on(county: gg.County, draft: gg.County) -> None:
    base = county.plan.hash
    cut(county, A, (1, -1), (1, 3))
    assert draft.plan.hash == base
    assert open_branch(county, "春").plan.hash == base


@pytest.mark.usefixtures("draft")
def test_codes_of_a_draft_come_after_those_of_the_county_and_its_own(county: gg.County) -> None:
    cut(county, A, (1, -1), (1, 3))
    assert cut(open_branch(county, "春"), C, (1, 1), (1, 5)).created == (F,)
    again = open_branch(county, "春")
    again.undo()
    assert cut(again, C, (2, 1), (2, 5)).created == (str(code_of("G")),)


def test_two_planners_on_one_draft_do_not_overwrite_each_other(county: gg.County, draft: gg.County) -> None:
    other = open_branch(county, "春")
    assert other.plan.version == 0
    edit = gg.paint(other.plan, [cell_at(other.plan, 2.5, 0.5)], B)
    paint(draft, B, (2.5, 1.5))
    assert other.apply(edit).version == 2
    stale = gg.paint(draft.plan_at(1), [cell_at(draft.plan, 2.5, 0.5)], B)
    with pytest.raises(StaleEditError):
        draft.apply(stale)


def test_figures_of_a_draft_follow_the_e_map(county: gg.County, draft: gg.County) -> None:
    paint(draft, B, (2.5, 0.5))
    cut(draft, C, (0.5, 1), (0.5, 5))
    cut(county, C, (1.5, 1), (1.5, 5))
    county.store.replace_table("buildings", county.table("buildings").assign(households=10))
    county.refresh_figures()
    fresh = open_branch(county, "春").plan
    assert fresh.figures["households"].sum() == 10 * len(county.table("buildings"))
    assert (fresh.rows.figures == county.elements.tally(fresh.rows.geometry)).all()


def test_a_draft_changes_grids_only(draft: gg.County) -> None:
    with pytest.raises(RefusedError, match="只能改网格"):
        draft.store.replace_table("places", draft.table("places"))


def test_a_damaged_draft_is_told(path: Path, county: gg.County, draft: gg.County) -> None:
    paint(draft, B, (2.5, 0.5))
    assert verify(county) == []
    county.close()
    tamper(path, "DROP TRIGGER branch_edits_kept_UPDATE",
           f"UPDATE branch_edits SET payload = replace(payload, '{B}', '{C}')")  # fmt: skip
    with gg.open_county(path) as again:
        with pytest.raises(StoreError, match="指纹不符"):
            _ = open_branch(again, "春").plan
        assert [en for _, en in verify(again) if "draft '春'" in en]


# -- names and states --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "  ", "春\n夏", "x" * 61])
def test_a_name_must_be_one(county: gg.County, name: str) -> None:
    with pytest.raises(InputError, match="草稿名"):
        start_branch(county, name)
    assert branches(county) == []


@pytest.mark.usefixtures("draft")
def test_a_name_is_used_once(county: gg.County) -> None:
    drop_branch(county, "春")
    with pytest.raises(InputError, match="已存在"):
        start_branch(county, "春")
    with pytest.raises(InputError, match="现有草稿为 春"):
        open_branch(county, "夏")


def test_a_dropped_draft_is_read_and_not_changed(county: gg.County, draft: gg.County) -> None:
    done = paint(draft, B, (2.5, 0.5))
    assert drop_branch(county, "春").state == "dropped"
    assert open_branch(county, "春").plan.hash == done.hash
    for act in (lambda: paint(draft, B, (2.5, 1.5)), lambda: combine(county, "春"), lambda: drop_branch(county, "春")):
        with pytest.raises(RefusedError, match="已弃用"):
            act()


def test_a_combined_draft_opens_again_when_its_merge_is_undone(county: gg.County, draft: gg.County) -> None:
    before, done = county.plan.hash, paint(draft, B, (2.5, 0.5))
    _, edit = combine(county, "春", by="王")
    assert edit is not None
    assert (edit.kind, edit.hash, edit.by) == ("combine", done.hash, "王")
    assert branches(county)[0].state == "combined"
    with pytest.raises(RefusedError, match="已并入"):
        paint(draft, B, (2.5, 1.5))
    assert county.undo().hash == before
    assert branches(county)[0].state == "open"
    assert county.redo().hash == done.hash
    assert verify(county) == []


@pytest.mark.usefixtures("draft")
def test_an_empty_draft_is_not_combined(county: gg.County) -> None:
    with pytest.raises(EditError, match="还没有变更"):
        combine(county, "春")
    assert county.version == 1


# -- merging -----------------------------------------------------------------------------------------


def test_different_cells_merge_without_a_question(county: gg.County, draft: gg.County) -> None:
    paint(draft, B, (2.5, 0.5))
    paint(county, D, (2.5, 3.5))
    _, edit = combine(county, "春")
    assert edit is not None
    assert picture(county) == "AABBB\nAAABB\nCCCDD\nCCDDD"
    assert edit.lineage == ((A, A), (A, B), (B, B))
    assert verify(county) == []


def test_a_code_allotted_meanwhile_gets_a_fresh_number_and_says_so(county: gg.County, draft: gg.County) -> None:
    assert cut(draft, A, (1, -1), (1, 3)).created == (E,)
    assert cut(county, D, (4, 1), (4, 5)).created == (E,)
    _, edit = combine(county, "春")
    assert edit is not None
    assert edit.created == (F,)
    assert edit.command["renamed"] == {E: F}
    assert any(E in zh and F in zh for zh, _ in edit.notes)
    assert (A, F) in edit.lineage
    assert len(set(county.plan.grids)) == len(county.live_codes())
    assert verify(county) == []


@pytest.mark.parametrize("height", [0.3, 0.5])
def test_cuts_on_either_side_of_a_boundary_are_no_question(tmp_path: Path, height: float) -> None:
    with gg.open_county(drawn_county(tmp_path / "pair.gpkg", "AB\nCD")) as county:
        start_branch(county, "春")
        draft = open_branch(county, "春")
        cut(draft, A, (-1, 0.5), (1.2, 0.5))
        cut(county, B, (0.8, height), (3, height))
        found, edit = combine(county, "春")
        assert found.questions == ()
        assert edit is not None
        assert len(county.plan.codes("unit")) == 6
        assert verify(county) == []
        assert county.undo().hash == county.plan_at(2).hash


@pytest.mark.parametrize(("side", "drawn"), [("ours", "AACBB\nAAABB"), ("theirs", "AABBB\nAAABB")])
def test_the_same_cell_is_a_question(county: gg.County, draft: gg.County, side: str, drawn: str) -> None:
    paint(draft, B, (2.5, 0.5))
    paint(draft, D, (2.5, 3.5))
    paint(county, C, (2.5, 0.5))
    found, edit = combine(county, "春")
    assert edit is None
    assert county.version == 2
    (question,) = found.questions
    assert question.geometry.area == 10_000
    assert list(question.sides["ours"]) == [C]
    assert list(question.sides["theirs"]) == [B]
    assert combine(county, "春", {"1": side})[1] is not None
    assert picture(county) == f"{drawn}\nCCCDD\nCCDDD"
    assert verify(county) == []


def test_the_same_change_on_both_sides_is_no_question(county: gg.County, draft: gg.County) -> None:
    for where in (county, draft):
        paint(where, B, (2.5, 0.5))
        where.apply(gg.merge(where.plan, [C, D]))
    before = county.plan.hash
    found, edit = combine(county, "春")
    assert found.questions == ()
    assert edit is not None
    assert edit.hash == before


def test_a_grid_that_ended_here_and_grew_there_is_a_question(county: gg.County, draft: gg.County) -> None:
    draft.apply(gg.merge(draft.plan, [C, D]))
    kept, voided = (C, D) if C in draft.plan.grids else (D, C)
    paint(county, voided, (2.5, 1.5))
    found, edit = combine(county, "春")
    assert edit is None
    assert len(found.questions) == 1
    assert combine(county, "春", {"": "theirs"})[1] is not None
    assert voided not in county.plan.grids
    assert county.plan.rows.code[county.plan.row([cell_at(county.plan, 2.5, 1.5)])[0]] == A
    assert kept in county.plan.grids
    assert verify(county) == []


def test_the_same_grid_row_is_a_question(county: gg.County, draft: gg.County) -> None:
    for where, name in ((county, "甲格"), (draft, "乙格")):
        rename(where, A, name)
    found, edit = combine(county, "春")
    assert edit is None
    assert "“甲格”" in found.questions[0].words["ours"]
    assert combine(county, "春", {found.questions[0].key: "theirs"})[1] is not None
    assert county.plan.grids[A].name == "乙格"


def test_rows_of_different_grids_merge(county: gg.County, draft: gg.County) -> None:
    rename(county, A, "甲格")
    rename(draft, B, "乙格")
    assert combine(county, "春")[1] is not None
    assert [county.plan.grids[c].name for c in (A, B)] == ["甲格", "乙格"]


def rename(county: gg.County, code: str, name: str) -> gg.Edit:
    from dataclasses import replace

    from gridgis.redraw.changes import rewritten

    grid = replace(county.plan.grids[code], name=name)
    return county.apply(rewritten(county.plan, "register", {"register": code}, [grid]))


def test_an_answer_by_key_never_meets_another_question(county: gg.County, draft: gg.County) -> None:
    paint(draft, B, (2.5, 0.5))
    paint(county, C, (2.5, 0.5))
    key = compare_branch(county, "春").questions[0].key
    paint(county, D, (2.5, 0.5))
    with pytest.raises(InputError, match=key):
        combine(county, "春", {key: "theirs"})
    with pytest.raises(InputError, match="没有第“2”处"):
        combine(county, "春", {"2": "theirs"})


def test_two_drafts_give_the_same_plan_in_either_order(tmp_path: Path) -> None:
    hashes = set()
    for order in (("春", "夏"), ("夏", "春")):
        path = drawn_county(tmp_path / f"{order[0]}.gpkg", DRAWING)
        with gg.open_county(path) as county:
            for name in order:
                start_branch(county, name)
            paint(open_branch(county, "春"), B, (2.5, 0.5))
            open_branch(county, "夏").apply(gg.merge(county.plan, [C, D]))
            for name in order:
                assert combine(county, name)[1] is not None
            hashes.add(county.plan.hash)
    assert len(hashes) == 1


# -- the command line --------------------------------------------------------------------------------


def test_commands_on_a_draft(path: Path, tmp_path: Path, tell: Tell) -> None:
    assert "新建草稿“春”" in tell("branch", path, "new", "春", "--by", "王", "--note", "试").out
    west = geojson(tmp_path / "line.geojson", ({}, line((1, -1), (1, 3))))
    told = tell("split", path, A, "--line", west, "--branch", "春", "--json").json
    assert (told["version"], told["created"]) == (1, [E])
    assert tell("undo", path, "--branch", "春", "--json").json["kind"] == "undo"
    assert tell("redo", path, "--branch", "春", "--json").json["hash"] == told["hash"]
    assert len(tell("log", path, "--branch", "春", "--json").json) == 3
    assert tell("info", path, "--branch", "春", "--json").json["levels"]["unit"] == 5
    assert tell("info", path, "--json").json["levels"]["unit"] == 4
    assert tell("check", path, "--branch", "春", "--json").code == 0
    changes = {r["code"]: r["change"] for r in tell("diff", path, "1", "--branch", "春", "--json").json}
    assert changes[E] == "added"
    out = tmp_path / "draft.geojson"
    assert tell("export", path, out, "--branch", "春").code == 0
    assert len(json.loads(out.read_text(encoding="utf-8"))["features"]) == 5
    (row,) = tell("branch", path, "list", "--json").json
    assert (row["state"], row["edits"], row["base_version"], row["note"]) == ("open", 3, 1, "试")
    assert tell("combine", path, "春", "--json").json["hash"] == told["hash"]
    assert tell("branch", path, "list", "--json").json[0]["state"] == "combined"
    assert "并入草稿" in tell("log", path).out
    assert tell("verify", path).code == 0


def test_questions_on_the_command_line(path: Path, tmp_path: Path, tell: Tell) -> None:
    with gg.open_county(path) as county:
        start_branch(county, "春")
        paint(open_branch(county, "春"), B, (2.5, 0.5))
        paint(county, C, (2.5, 0.5))
    out = tmp_path / "q.geojson"
    asked = tell("combine", path, "春", "--questions", out, "--json")
    assert asked.code == 1
    assert asked.json["applied"] is False
    assert asked.json["questions"][0]["ours"]["grids"][C]["area_m2"] == 10_000
    features = json.loads(out.read_text(encoding="utf-8"))["features"]
    assert {f["properties"]["side"] for f in features} == {"ours", "theirs"}
    assert all(shapely.from_geojson(json.dumps(f["geometry"])).area > 0 for f in features)
    words = tell("combine", path, "春")
    assert words.code == 1
    assert "第 1 处" in words.out
    assert tell("combine", path, "春", "--lang", "en").out.count("ours:") == 1
    assert_refused(tell("combine", path, "春", "--take", "both"), 2, "--take both")
    assert_refused(tell("combine", path, "春", "--take", "7=ours"), 2, "7")
    assert tell("combine", path, "春", "--take", "ours", "--take", "1=theirs").code == 0
    assert_refused(tell("combine", path, "春"), 1, "已并入主线")


@pytest.mark.parametrize("words", [("new",), ("drop",), ("drop", "无")])
def test_a_draft_must_be_named(path: Path, tell: Tell, words: tuple[str, ...]) -> None:
    assert_refused(tell("branch", path, *words), 2, "草稿")
    assert_refused(tell("log", path, "--branch", "无"), 2, "无")
