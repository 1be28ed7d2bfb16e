"""Approving drafts step by step, and versions published for good."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

import gridgis as gg
from gridgis import publishing
from gridgis.branches import combine, open_branch, start_branch
from gridgis.errors import InputError, RefusedError, SchemeError
from gridgis.publishing import FindingsError, Publication, approvals, approve, publications, publish
from gridgis.scheme import load_scheme, scheme_from
from gridgis.verify import verify
from tests.drawn import area, cell_at, code_of, drawn_county, tamper
from tests.telling import Tell, assert_refused

DRAWING = "AAABB\nAAABB\nCCCDD\nCCCDD"
A, B, C = (str(code_of(c)) for c in "ABC")
WORDS = {"by": "王", "approved_by": "陈", "reason": "年度调整"}
STEPS = """
[procedure]
steps = [
    { key = "community", zh = "社区", en = "community", level = "community", who = ["drafter"], may = ["draft", "review"] },
    { key = "township", zh = "乡镇", en = "township", level = "township", who = ["镇长"], may = ["review", "approve"] },
    { key = "county", zh = "县区", en = "county", level = "county", may = ["publish"] },
]
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = drawn_county(tmp_path / "county.gpkg", DRAWING)
    db = sqlite3.connect(file)
    (text,) = db.execute("SELECT value FROM meta WHERE key = 'scheme_toml'").fetchone()
    role = 'roles = [\n    { key = "drafter", zh = "编制员", en = "drafter" },'
    text = text.split("[procedure]")[0].replace("roles = [", role, 1) + STEPS
    db.execute("UPDATE meta SET value = ? WHERE key = 'scheme_toml'", (text,))
    db.commit()
    db.close()
    return file


@pytest.fixture
def county(path: Path) -> Iterator[gg.County]:
    with gg.open_county(path) as opened:
        yield opened


def paint(county: gg.County, to: str, *places: tuple[float, float]) -> gg.Edit:
    plan = county.plan
    return county.apply(gg.paint(plan, [cell_at(plan, *p) for p in places], to), by="李")


def drafted(county: gg.County, *, procedure: bool = True) -> gg.County:
    start_branch(county, "春", procedure=procedure)
    draft = open_branch(county, "春")
    paint(draft, B, (2.5, 0.5))
    return draft


def crossing(county: gg.County) -> None:
    """Draw a fixed outline of a community that its grids leave: an error-level finding."""
    known = county.table("boundaries")
    row = {"code": A[:12], "level": "community", "name": "社区", "geometry": area((0, 0), (4, 0), (4, 4), (0, 4))}
    county.store.replace_table("boundaries", pd.concat([known, pd.DataFrame([row])], ignore_index=True))


# -- publishing --------------------------------------------------------------------------------------


def test_a_publication_names_version_hash_approver_and_day(county: gg.County) -> None:
    edit = paint(county, B, (2.5, 0.5))
    done = publish(county, words=WORDS, in_force="2027-01-01")
    assert (done.number, done.version, done.hash, done.in_force) == (1, 2, edit.hash, "2027-01-01")
    assert (done.by, done.approved_by, done.reason, done.accepted) == ("王", "陈", "年度调整", [])
    paint(county, B, (2.5, 1.5))
    assert publish(county, words=WORDS).number == 2
    assert publish(county, 1, words=WORDS).version == 1
    assert [p.version for p in publications(county)] == [2, 3, 1]
    assert verify(county) == []


def test_a_version_is_published_once(county: gg.County) -> None:
    publish(county, words=WORDS)
    with pytest.raises(RefusedError, match="不可更改"):
        publish(county, 1, words=WORDS)
    with pytest.raises(InputError, match="没有版本 9"):
        publish(county, 9, words=WORDS)


@pytest.mark.parametrize("missing", sorted(WORDS))
def test_nobody_publishes_in_silence(county: gg.County, missing: str) -> None:
    with pytest.raises(InputError, match="缺少"):
        publish(county, words=WORDS | {missing: " "})
    assert publications(county) == []


@pytest.mark.parametrize("day", ["2027-02-30", "明天", ""])
def test_a_day_must_be_one(county: gg.County, day: str) -> None:
    with pytest.raises(InputError, match="不是日期"):
        publish(county, words=WORDS, in_force=day)


@pytest.mark.parametrize("statement", [
    "UPDATE publications SET reason = 'x'", "DELETE FROM publications", "UPDATE approvals SET verdict = 'approved'",
    "DELETE FROM branch_edits",
])  # fmt: skip
def test_the_file_itself_keeps_what_is_official(path: Path, statement: str) -> None:
    with gg.open_county(path) as county:
        drafted(county)
        approve(county, "春", "community", by="王")
        publish(county, words=WORDS)
    with pytest.raises(sqlite3.IntegrityError, match="never changed"):
        tamper(path, statement)


@pytest.mark.parametrize("statement", [
    f"UPDATE cells SET code = '{C}' WHERE id = 3",
    "UPDATE grids SET name = 'x' WHERE level = 'unit'",
])  # fmt: skip
def test_a_published_version_that_changed_is_found(path: Path, statement: str) -> None:
    with gg.open_county(path) as county:
        publish(county, words=WORDS)
        paint(county, B, (2.5, 0.5))
        assert verify(county) == []
    with gg.open_county(tamper(path, statement)) as county:
        assert [en for _, en in publishing.broken(county) if "Publication 1" in en]


def test_findings_stop_publishing_until_they_are_accepted(county: gg.County) -> None:
    crossing(county)
    with pytest.raises(FindingsError, match="outside_parent") as stopped:
        publish(county, words=WORDS)
    found = stopped.value.findings
    assert set(found["rule"]) == {"outside_parent"}
    assert publications(county) == []
    with pytest.raises(FindingsError):
        publish(county, words=WORDS, accept={"gap": "无"})
    with pytest.raises(InputError, match="没有规则"):
        publish(county, words=WORDS, accept={"nothing": "无"})
    with pytest.raises(InputError, match="缺少理由"):
        publish(county, words=WORDS, accept={"outside_parent": ""})
    done = publish(county, words=WORDS, accept={"outside_parent": "飞地"})
    assert [(f["rule"], f["reason"]) for f in done.accepted] == [("outside_parent", "飞地")] * len(found)


# -- the procedure -----------------------------------------------------------------------------------


def test_steps_approve_in_order_and_only_what_they_saw(county: gg.County) -> None:
    draft = drafted(county)
    with pytest.raises(RefusedError, match="还未通过“社区”"):
        approve(county, "春", "township", by="赵")
    approve(county, "春", "community", by="王")
    approve(county, "春", "township", by="赵")
    assert approvals(county, "春", draft.plan.hash) == {"community": "approved", "township": "approved"}
    paint(draft, B, (2.5, 1.5))
    assert approvals(county, "春", draft.plan.hash) == {}
    with pytest.raises(RefusedError, match="还未通过“社区”"):
        approve(county, "春", "township", by="赵")


def test_a_draft_that_must_pass_the_steps_is_not_published_before(county: gg.County) -> None:
    drafted(county)
    approve(county, "春", "community", by="王")
    combine(county, "春")
    with pytest.raises(RefusedError, match="乡镇"):
        publish(county, words=WORDS)
    assert publish(county, 1, words=WORDS).version == 1
    approve(county, "春", "township", by="赵", reject=True, reason="图不清")
    with pytest.raises(RefusedError, match="乡镇"):
        publish(county, words=WORDS)
    approve(county, "春", "township", by="赵")
    assert publish(county, words=WORDS).version == 2


def test_a_draft_that_need_not_pass_them_is_published_at_once(county: gg.County) -> None:
    drafted(county, procedure=False)
    combine(county, "春")
    assert publish(county, words=WORDS).version == 2


def test_only_a_holder_of_the_role_acts_where_the_register_knows_one(county: gg.County) -> None:
    drafted(county)
    staff = pd.DataFrame([{"id": "s1", "name": "王", "role": "drafter"}, {"id": "s2", "name": "赵", "role": "x"}])
    county.store.replace_table("staff", staff)
    posting = {"id": "p1", "role": "drafter", "code": A, "staff": "s3", "until": ""}
    county.store.replace_table("postings", pd.DataFrame([posting]))
    for who in ("赵", "钱"):
        with pytest.raises(RefusedError, match="编制员"):
            approve(county, "春", "community", by=who)
    for who in ("王", "s1"):
        assert approve(county, "春", "community", by=who)["verdict"] == "approved"


def test_approving_needs_a_name_a_step_and_a_reason_to_refuse(county: gg.County) -> None:
    drafted(county)
    for step, by, reject, match in (
        ("county2", "王", False, "没有步骤"), ("community", "", False, "缺少经办人"), ("community", "王", True, "缺少理由"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=match):
            approve(county, "春", step, by=by, reject=reject)
    assert approvals(county, "春") == {}


def test_a_scheme_without_a_procedure_has_one_step() -> None:
    bare = scheme_from(
        {"name": "x", "zh": "x", "en": "x", "levels": [{"key": "unit", "zh": "x", "en": "x", "digits": 3}]}, "x"
    )
    assert [s.key for s in bare.procedure.steps] == ["county"]
    assert bare.procedure.demanded == ()


@pytest.mark.parametrize(("steps", "told"), [
    ([], "procedure"),
    ([{"key": "a", "zh": "x", "en": "x", "may": ["draft"]}], "publish"),
    ([{"key": "a", "zh": "x", "en": "x", "may": ["publish"]}] * 2, "重复"),
    ([{"key": "a", "zh": "x", "en": "x", "may": ["sign"]}], "may"),
    ([{"key": "a", "zh": "x", "en": "x", "level": "moon", "may": ["publish"]}], "moon"),
])  # fmt: skip
def test_a_wrong_procedure_is_told(steps: list[object], told: str) -> None:
    data = load_scheme("generic").model_dump(by_alias=True, exclude_none=True)
    data["procedure"] = {"steps": steps}
    with pytest.raises(SchemeError, match=told):
        scheme_from(data, "x")


# -- the command line --------------------------------------------------------------------------------


def test_commands(path: Path, tell: Tell) -> None:
    with gg.open_county(path) as county:
        drafted(county)
    assert "“社区”已通过" in tell("approve", path, "春", "--step", "community", "--by", "王").out
    assert tell("branch", path, "list", "--json").json[0]["approvals"] == {"community": "approved"}
    assert tell("combine", path, "春").code == 0
    who = ("--by", "王", "--approved-by", "陈", "--reason", "年度调整")
    assert_refused(tell("publish", path, *who), 1, "乡镇")
    assert tell("approve", path, "春", "--step", "township", "--by", "赵", "--json").json["verdict"] == "approved"
    done = tell("publish", path, *who, "--in-force", "2027-01-01", "--json").json
    assert set(done) == set(Publication.__dataclass_fields__)
    assert tell("publish", path, "--list", "--json").json == [done]
    assert "2027-01-01" in tell("publish", path, "--list", "--lang", "en").out
    assert_refused(tell("publish", path, "--by", "王"), 2, "缺少")
    assert_refused(tell("publish", path, *who, "--accept", "gap"), 2, "--accept gap")
    assert tell("verify", path).code == 0


def test_findings_are_listed_on_the_command_line(path: Path, tell: Tell) -> None:
    with gg.open_county(path) as county:
        crossing(county)
    who = ("--by", "王", "--approved-by", "陈", "--reason", "年度调整")
    answer = tell("publish", path, *who)
    assert answer.code == 1
    assert "outside_parent" in answer.err
    assert tell("publish", path, *who, "--accept", "outside_parent=飞地").code == 0
