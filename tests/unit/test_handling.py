"""The loop of an incident: which step may follow which, limits, who answers, and that nothing is half kept or counted twice."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import gridgis as gg
from gridgis.cli.app import app
from gridgis.county import County, open_county
from gridgis.errors import InputError, RefusedError
from gridgis.incidents.handling import ACTIONS, Step, bodies_of, points, take
from gridgis.incidents.handlingbook import told
from gridgis.incidents.ledger import incident_of, ledger, status_of, steps_of
from gridgis.incidents.reporting import RESIDENT, KnownError, Report, report
from gridgis.posting import Wanted, end, post
from gridgis.scheme import load_scheme, scheme_names
from gridgis.verify import verify
from tests.crew import DAY, A, B
from tests.looped import LAMP, OTHER, ROAD, degrees, looped


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return looped(tmp_path / "county.gpkg")


def ago(**span: float) -> str:
    return (dt.datetime.now() - dt.timedelta(**span)).isoformat(" ", "seconds")


def entered(county: County, category: str = LAMP, place: tuple[float, float] = (1, 0.5), **more: Any) -> str:
    return str(report(county, Report(*degrees(*place), category, **more))["id"])


def walk(county: County, number: str, *steps: Step) -> list[str]:
    return [take(county, number, step)["status"] for step in steps]


WHOLE = (
    Step("valid", by="张三"), Step("forward"), Step("handle", handled_in="grid"), Step("feedback", note="已修好"),
    Step("evaluate", score=5, note="很快"),
)  # fmt: skip


def test_an_incident_goes_the_whole_way(path: Path) -> None:
    with open_county(path) as county:
        before = county.figures("unit")
        number = entered(county)
        assert walk(county, number, *WHOLE) == ["reported", "forwarded", "handling", "closed", "closed"]
        row, steps = incident_of(county, number), steps_of(county, number)
        assert (row["status"], row["handled_in"], row["valid"]) == ("closed", "grid", 1)
        assert row["closed_at"] == steps.set_index("action")["at"]["feedback"]
        assert steps["action"].tolist() == ["submit", "valid", "forward", "handle", "feedback", "evaluate"]
        assert steps["code"].tolist() == [A] * 6
        assert steps["note"].tolist()[-2:] == ["已修好", "5/5 很快"]
        assert steps.set_index("action")["staff"].dropna().to_dict() == {"forward": "s1", "handle": "s1"}
        # Steps change nothing that is counted; the report did, and the count equals a full recount.
        after = county.figures("unit")
        assert (after["incidents"] - before["incidents"]).to_dict()[A] == 1
        county.refresh_figures()
        assert county.figures("unit").equals(after)
        assert verify(county) == []


@pytest.mark.parametrize(("category", "hours"), [(LAMP, 2), (OTHER, 48), (ROAD, 168)])
def test_the_limit_goes_by_the_kind_of_matter(path: Path, category: str, hours: int) -> None:
    with open_county(path) as county:
        number = entered(county, category, at="2026-11-01 08:00:00")
        due = dt.datetime(2026, 11, 1, 8) + dt.timedelta(hours=hours)
        assert incident_of(county, number)["due_at"] == due.isoformat(" ")
        take(county, number, Step("forward", limit="complex"))
        assert incident_of(county, number)["due_at"] == "2026-11-08 08:00:00"


def test_overdue_ones_come_first_and_are_known(path: Path) -> None:
    with open_county(path) as county:
        late = entered(county, at=ago(hours=3))
        later = entered(county, at=ago(hours=30))
        fresh = entered(county, at=ago(hours=1))
        found = ledger(county)
        assert found["id"].tolist() == [later, late, fresh]
        assert found["late"].tolist() == [True, True, False]
        assert told(county, late)["overdue"] is True
        assert ledger(county, "overdue")["id"].tolist() == [later, late]
        walk(county, late, Step("forward"), Step("close"))
        assert ledger(county, "overdue")["id"].tolist() == [later]
        assert told(county, late)["overdue"] is False
        assert told(county, late)["late"] is True
        assert ledger(county, "closed")["id"].tolist() == [late]


def test_the_chain_is_that_of_the_grid_at_its_place_and_time(path: Path) -> None:
    def heads(county: County, number: str) -> tuple[str, list[str]]:
        row = told(county, number)
        return row["code"], [h["name"] for link in row["chain"] for h in link["holders"] if h["role"] == "unit_head"]

    with open_county(path) as county:
        # The county was founded just now: what happened before falls to its first plan.
        in_a, in_b = entered(county, at=ago(minutes=5)), entered(county, place=(4, 0.5), at=ago(minutes=5))
        assert heads(county, in_a) == (A, ["林一"])
        assert heads(county, in_b) == (B, ["王二"])
        # Who was posted on the day answers, not who is now.
        day, long_ago = incident_of(county, in_a)["at"][:10], entered(county, at="2026-03-01 10:00:00")
        end(county, "p1", day)
        post(county, [Wanted("unit_head", A, "s3", since=day)])
        assert heads(county, long_ago) == (A, ["林一"])
        assert heads(county, in_a) == (A, ["陈三"])
        # Whose ground it was then counts: one grid goes into the other after the incidents, and before a last one.
        county.apply(gg.merge(county.plan, [A, B]))
        last = entered(county, place=(4, 0.5), at=ago(days=-1))
        assert [told(county, n)["code"] for n in (in_a, in_b)] == [A, B]
        assert told(county, last)["code"] in {A, B} & county.plan.grids.keys()
        assert (told(county, in_b)["as_of"]["version"], told(county, last)["as_of"]["version"]) == (1, 2)


@pytest.mark.parametrize("steps", [
    [Step("feedback")], [Step("evaluate", score=3)], [Step("reopen")], [Step("close")], [Step("forward"), Step("feedback")],
    [Step("valid"), Step("valid")], [Step("invalid"), Step("forward")], [Step("invalid"), Step("evaluate", score=1)],
    [*WHOLE, Step("evaluate", score=1)], [*WHOLE, Step("handle", handled_in="grid")],
    [Step("handle", handled_in="grid"), Step("handle", handled_in="grid")],
])  # fmt: skip
def test_a_step_out_of_turn_is_refused_and_nothing_is_kept(path: Path, steps: list[Step]) -> None:
    with open_county(path) as county:
        number = entered(county)
        walk(county, number, *steps[:-1])
        before = (incident_of(county, number), steps_of(county, number).to_dict())
        with pytest.raises(RefusedError):
            take(county, number, steps[-1])
        assert (incident_of(county, number), steps_of(county, number).to_dict()) == before


BAD: dict[str, Step] = {
    "an unknown step": Step("burn"), "a submit": Step("submit"), "no way": Step("handle"), "an unknown way": Step("handle", handled_in="x"),
    "a way at another step": Step("forward", handled_in="grid"), "no score": Step("evaluate"), "a high score": Step("evaluate", score=6),
    "an unknown limit": Step("forward", limit="x"), "an unknown person": Step("forward", staff="s99"),
    "an unknown body": Step("forward", organisation="x"),
    "an unknown grid": Step("forward", code="350526100001099"), "a long note": Step("valid", note="长" * 2001),
    "control characters": Step("valid", note="a\x00"), "no time": Step("valid", at="soon"), "a time ahead": Step("valid", at="2099-01-01"),
    "a time before the report": Step("valid", at="2020-01-01"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_a_bad_step_is_one_sentence_and_leaves_nothing(path: Path, case: str) -> None:
    with open_county(path) as county:
        number = entered(county)
        with pytest.raises(InputError) as caught:
            take(county, number, BAD[case])
        assert caught.value.zh.endswith("。")
        assert len(steps_of(county, number)) == 1
        with pytest.raises(InputError):
            take(county, "none", Step("valid"))


def test_what_is_off_the_access_list_goes_to_its_department(path: Path) -> None:
    with open_county(path) as county:
        number = entered(county, ROAD)
        with pytest.raises(RefusedError):
            take(county, number, Step("handle", handled_in="grid"))
        assert take(county, number, Step("handle", handled_in="dispatched"))["organisation"] == "transport"
        assert bodies_of(county)["transport"] == ("交通局", "transport")
        with pytest.raises(InputError):
            take(county, entered(county, OTHER), Step("handle", handled_in="joint"))
        done = take(county, entered(county, OTHER), Step("handle", handled_in="joint", organisation="o1"))
        assert done["organisation"] == "o1"


def test_a_closed_incident_can_be_taken_up_again(path: Path) -> None:
    with open_county(path) as county:
        number = entered(county)
        walk(county, number, *WHOLE)
        assert walk(county, number, Step("reopen"), Step("feedback"), Step("evaluate", score=4)) == [
            "handling",
            "closed",
            "closed",
        ]
        wrong = entered(county)
        assert walk(county, wrong, Step("invalid"), Step("reopen")) == ["closed", "reported"]
        assert (incident_of(county, wrong)["valid"], incident_of(county, wrong)["closed_at"]) == (None, None)


def test_a_resident_is_heard_before_anybody_is_sent_and_earns_points(path: Path) -> None:
    with open_county(path) as county:
        lamp, other, prank = (entered(county, c, source=RESIDENT) for c in (LAMP, OTHER, LAMP))
        assert sorted(ledger(county, "unjudged")["id"]) == sorted([lamp, other, prank])
        with pytest.raises(RefusedError, match="核实"):
            take(county, lamp, Step("forward"))
        assert points(county).empty
        walk(county, lamp, *WHOLE)
        walk(county, other, Step("valid"))
        walk(county, prank, Step("invalid"))
        assert points(county).set_index("receipt")["points"].to_dict() == {lamp: 5, other: 2}
        assert ledger(county, "unjudged").empty


def test_the_same_step_twice_is_kept_once(path: Path) -> None:
    with open_county(path) as county:
        number = entered(county)
        take(county, number, Step("forward", id="call-7"))
        with pytest.raises(KnownError):
            take(county, number, Step("forward", id="call-7"))
        assert status_of(incident_of(county, number)) == "forwarded"
        assert len(steps_of(county, number)) == 2


def test_two_who_press_at_once_do_not_both_go_on(path: Path) -> None:
    with open_county(path) as mine, open_county(path) as other:
        number = entered(mine)
        incident_of(other, number)
        take(mine, number, Step("handle", handled_in="grid"))
        with pytest.raises(RefusedError):
            take(other, number, Step("handle", handled_in="grid"))
        assert len(steps_of(other, number)) == 2


def test_killed_between_step_and_incident_nothing_is_kept(path: Path) -> None:
    with open_county(path) as county:
        number = entered(county)
    program = f"""
import os
from gridgis.county import open_county
from gridgis.incidents.handling import Step, take
county = open_county({str(path)!r})
county.store.set_fields = lambda *_: os._exit(9)
take(county, {number!r}, Step("handle", handled_in="grid"))
"""
    done = subprocess.run([sys.executable, "-c", program], check=False, timeout=120)
    assert done.returncode == 9
    with open_county(path) as county:
        assert len(steps_of(county, number)) == 1
        assert status_of(incident_of(county, number)) == "reported"
        assert take(county, number, Step("handle", handled_in="grid"))["status"] == "handling"


def test_what_came_without_a_limit_and_in_other_words_is_in_the_ledger(path: Path) -> None:
    with open_county(path) as county:
        number = entered(county, at="2026-11-01 08:00:00")
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE incidents SET due_at = NULL, status = '街道研判', x = NULL, y = NULL")
    raw.close()
    with open_county(path) as county:
        row = ledger(county).iloc[0]
        assert (row["id"], row["due_at"], row["late"], row["code"]) == (number, "2026-11-01 10:00:00", True, None)
        assert told(county, number)["chain"] == []


def test_an_illustrative_county_stands_still_but_what_is_entered_does_not(path: Path) -> None:
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE meta SET value = 'true' WHERE key = 'illustrative'")
    raw.close()
    with open_county(path) as county:
        old = entered(county, at=f"{DAY} 23:00:00")
        new = entered(county, at=ago(hours=3))
        assert told(county, old)["overdue"] is False
        assert told(county, new)["overdue"] is True


@pytest.mark.parametrize("name", scheme_names())
def test_access_lists_of_the_shipped_schemes_hold_together(name: str) -> None:
    access = load_scheme(name).access
    if name == "luohu":
        assert (access.before, access.after, len(access.groups)) == (169, 131, 4)
    if name == "yungang":
        assert len(access.departments) == 11
    if name == "zoucheng":
        hours = {load_scheme(name).hours_for(c) for m in access.matters for c in m.categories}
        assert hours == {2.0, 48.0, 168.0}
    assert all(m.department and m.categories for m in access.matters)


def test_on_the_command_line(path: Path, tmp_path: Path) -> None:
    def run(*words: str) -> Any:
        done = CliRunner().invoke(app, list(words))
        assert done.exit_code == 0, done.output
        return done.output

    place = ",".join(map(str, degrees(1, 0.5)))
    new = json.loads(
        run(
            "report-incident",
            str(path),
            "--point",
            place,
            "--category",
            LAMP,
            "--source",
            RESIDENT,
            "--at",
            ago(hours=4),
            "--json",
        )
    )
    assert new["code"] == A
    assert [link["level"] for link in new["chain"]] == ["county", "township", "community", "unit"]
    number = new["id"]
    assert [r["id"] for r in json.loads(run("incident", str(path), "list", "--overdue", "--json"))] == [number]
    for words in (
        ["valid"],
        ["forward", "--staff", "s1"],
        ["handle", "--in", "joint"],
        ["feedback", "--note", "好"],
        ["evaluate", "--score", "4"],
    ):
        done = run("incident", str(path), words[0], number, *words[1:])
    assert "评价" in done
    assert "林一" in done
    assert "evaluate" not in json.loads(run("incident", str(path), "show", number, "--json"))["next"]
    run("incident", str(path), "points", "--out", str(tmp_path / "points.csv"))
    assert f"{number}," in (tmp_path / "points.csv").read_text(encoding="utf-8-sig")
    assert ACTIONS.keys() >= {
        s["action"] for s in json.loads(run("incident", str(path), "show", number, "--json"))["steps"]
    }
    assert "overdue" in run("incident", str(path), "list", "--lang", "en")
