"""Turning a grid into one of another kind where codes bear no letter; and where numbering begins."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import gridgis as gg
from gridgis.errors import CodeError, EditError, StaleEditError
from gridgis.scheme import load_scheme, scheme_from
from gridgis.verify import verify
from tests.drawn import code_of, drawn, drawn_county, line
from tests.telling import Tell, assert_refused
from tests.unit.test_scheme import GOOD

A, B = str(code_of("A")), str(code_of("B"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return drawn_county(tmp_path / "c.gpkg", "AAB")


def test_the_kind_changes_and_nothing_else(path: Path) -> None:
    with gg.open_county(path) as c:
        before = c.plan
        edit = c.apply(gg.convert(c.plan, A, "institution"))
        assert (edit.created, edit.voided, len(edit.removed), len(edit.added)) == ((), (), 0, 0)
        assert c.plan.grid(A) == replace(before.grid(A), kind="institution")
        assert c.plan.grid(B) == before.grid(B)
        assert c.plan.hash != before.hash
        assert verify(c) == []


def test_undo_and_redo_restore_the_hash(path: Path) -> None:
    with gg.open_county(path) as c:
        before = c.plan.hash
        c.apply(gg.convert(c.plan, A, "institution"))
        after = c.plan.hash
        c.undo()
        assert (c.plan.hash, c.plan.grid(A).kind) == (before, "comprehensive")
        c.redo()
        assert (c.plan.hash, c.plan.grid(A).kind) == (after, "institution")
    with gg.open_county(path) as c:
        assert verify(c) == []
        assert c.plan.hash == after


def test_kinds_cover_the_ground_once(path: Path) -> None:
    with gg.open_county(path) as c:
        total = sum(g.area for g in c.grids("unit").geometry)
        c.apply(gg.convert(c.plan, B, "institution"))
        by_kind = {kind: rows.area.sum() for kind, rows in c.grids("unit").groupby("kind")}
        assert sum(by_kind.values()) == pytest.approx(total)
        assert by_kind["institution"] == pytest.approx(10_000)
        assert not [f for f in gg.check(c)["severity"] if f == "error"]


def test_a_parent_may_be_converted_without_its_children(path: Path) -> None:
    with gg.open_county(path) as c:
        c.apply(gg.convert(c.plan, A[:12], "institution"))
        assert (c.plan.grid(A[:12]).kind, c.plan.grid(A).kind) == ("institution", "comprehensive")


def test_at_the_command_line(path: Path, tell: Tell) -> None:
    assert tell("convert", path, A, "--to", "institution").code == 0
    kinds = tell("info", path, "--json").json["kinds"]["unit"]
    assert kinds == {"comprehensive": 1, "institution": 1}
    assert "改类型" in tell("log", path).out
    assert tell("undo", path).code == 0
    assert tell("info", path, "--json").json["kinds"]["unit"] == {"comprehensive": 2}


@pytest.mark.parametrize(("code", "kind", "word"), [
    (A, "moon", "moon"), (A, "comprehensive", A), (A[:-1] + "9", "institution", A[:-1] + "9"), (A[:6], "institution", A[:6])])  # fmt: skip
def test_bad_requests_are_one_sentence_and_leave_the_county_alone(
    path: Path, tell: Tell, code: str, kind: str, word: str
) -> None:
    before = path.read_bytes()
    for lang in ("zh", "en"):
        assert_refused(tell("convert", path, code, "--to", kind, "--lang", lang), 2, word)
    assert path.read_bytes() == before


def test_an_unknown_kind_is_told_with_those_there_are() -> None:
    plan = drawn("AB")
    with pytest.raises(EditError) as caught:
        gg.convert(plan, A, "moon")
    assert "comprehensive、institution" in caught.value.zh
    assert "comprehensive, institution" in caught.value.en


def test_a_level_names_the_kinds_it_allows() -> None:
    chikan, generic = load_scheme("chikan"), load_scheme("generic")
    assert chikan.kinds_of(chikan.level("slice")) == ("comprehensive",)
    assert generic.kinds_of(generic.level("unit")) == ("comprehensive", "institution")


def test_of_two_editors_the_second_is_told(path: Path) -> None:
    with gg.open_county(path) as one, gg.open_county(path) as two:
        mine, theirs = (gg.convert(c.plan, A, "institution") for c in (one, two))
        one.apply(mine)
        with pytest.raises(StaleEditError):
            two.apply(theirs)
    with gg.open_county(path) as c:
        assert (c.version, c.plan.grid(A).kind) == (2, "institution")


def test_editors_of_different_grids_both_win(path: Path) -> None:
    with gg.open_county(path) as one, gg.open_county(path) as two:
        mine, theirs = gg.convert(one.plan, A, "institution"), gg.convert(two.plan, B, "institution")
        one.apply(mine)
        two.apply(theirs)
    with gg.open_county(path) as c:
        assert {c.plan.grid(code).kind for code in (A, B)} == {"institution"}
        assert verify(c) == []


def test_a_grid_cut_meanwhile_is_not_converted_unseen(path: Path) -> None:
    with gg.open_county(path) as one, gg.open_county(path) as two:
        theirs = gg.convert(two.plan, A, "institution")
        one.apply(gg.split(one.plan, A, line((0, 0.5), (2, 0.5))))
        with pytest.raises(StaleEditError):
            two.apply(theirs)


# -- numbering -------------------------------------------------------------------------------------------


def numbered(**rule: object) -> list[str]:
    """Return the numbers that four grids at the corners of a square get: NW, NE, SW, SE."""
    scheme = scheme_from(GOOD | {"numbering": rule}, "own.toml")
    used: set[str] = set()
    out = [""] * 4
    for k in scheme.reading_order(np.array([0.0, 9, 0, 9]), np.array([9.0, 9, 0, 0])).tolist():
        out[k] = scheme.next_code("440309001", 13, used)
        used.add(out[k])
    return [code[9:] for code in out]


def test_first_numbering_runs_as_the_scheme_says() -> None:
    assert numbered() == ["0001", "0002", "0003", "0004"]
    assert numbered(order="north_west") == ["0001", "0003", "0002", "0004"]
    assert numbered(first=101) == ["0101", "0102", "0103", "0104"]


def test_new_grids_are_numbered_as_the_scheme_says() -> None:
    plan = drawn("AA\nAA", elements=False)
    rule = plan.scheme.numbering.model_copy(update={"order": "north_west", "first": 501})
    scheme = plan.scheme.model_copy(update={"numbering": rule})
    edit = gg.split(replace(plan, scheme=scheme), A, line((0, 1), (2, 1)))
    assert edit.created == (A[:12] + "501",)


def test_numbers_below_the_first_are_used_only_when_the_others_are_gone() -> None:
    scheme = scheme_from(GOOD | {"numbering": {"first": 998}}, "own.toml")
    used: list[str] = []
    for want in ("998", "999", "001", "002"):
        used.append(scheme.next_code("440309", 9, used))
        assert used[-1].endswith(want)
    with pytest.raises(CodeError):
        scheme.next_code("440309", 9, [f"440309{n:03d}" for n in range(1, 1000)])
