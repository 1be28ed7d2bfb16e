"""One act has one day, though midnight pass while it lasts; and the day is that of the place, not of Greenwich."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import gridgis as gg
from gridgis import posting, publishing
from gridgis.checks.incremental import Checked
from gridgis.incidents import reporting
from gridgis.incidents.reporting import Report
from gridgis.print.reports import report
from gridgis.publishing import publish
from gridgis.registers import Options, bring_in
from gridgis.registers.privacy import is_identity_number
from tests.crew import DAY, A, crewed
from tests.drawn import code_of, drawn_county
from tests.looped import LAMP, degrees, looped

EVE = dt.datetime(2026, 11, 27, 23, 59, 59)


class Midnight:
    """The module `datetime` on a clock that goes on by a day whenever it is looked at."""

    UTC = dt.UTC
    looked = 0

    class datetime(dt.datetime):  # noqa: N801
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> dt.datetime:
            Midnight.looked += 1
            return (EVE + dt.timedelta(days=Midnight.looked - 1)).astimezone(tz) if tz else EVE + dt.timedelta(days=Midnight.looked - 1)


@pytest.fixture
def days(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let every look of a county at the calendar be a day later; return the days that were seen."""
    seen: list[str] = []

    def today(_: gg.County) -> str:
        seen.append((dt.date(2026, 10, 31) + dt.timedelta(days=len(seen))).isoformat())
        return seen[-1]

    monkeypatch.setattr(gg.County, "today", property(today))
    return seen


ACTS: dict[str, Callable[[gg.County], Any]] = {
    "check": gg.check,
    "end": lambda c: posting.end(c, "p7"),
    "follow": posting.follow,
    "report on staff": lambda c: report(c, "staffing", "zh"),
}


@pytest.mark.parametrize("act", ACTS)
def test_an_act_looks_at_the_calendar_once(tmp_path: Path, days: list[str], act: str) -> None:
    with gg.open_county(crewed(tmp_path / "county.gpkg")) as county:
        ACTS[act](county)
    assert days == ["2026-10-31"]


def test_a_report_on_faults_says_the_day_of_one_look(tmp_path: Path, days: list[str]) -> None:
    with gg.open_county(crewed(tmp_path / "county.gpkg")) as county:
        assert report(county, "check", "zh").subtitle == days[0]


@pytest.mark.usefixtures("days")
def test_what_is_found_again_is_found_for_its_day(tmp_path: Path) -> None:
    """An exception of one day covers what was found on it; on the next the county is looked through anew."""
    path = drawn_county(tmp_path / "county.gpkg", "AAA\nABA\nAAA")
    with gg.open_county(path) as county:
        rows = {"id": ["X0001"], "rule": ["hole"], "code": [str(code_of("A"))], "reason": ["水库"], "until": ["2026-10-31"]}
        county.store.replace_table("exceptions", pd.DataFrame(rows))
        first = Checked.of(county)
        assert first.view.today == "2026-10-31"
        assert "hole" not in set(first.frame(county)["rule"])
        second = first.again(county)
        assert second.view.today > "2026-10-31"
        assert "hole" in set(second.frame(county)["rule"])


def test_a_publication_is_in_force_from_the_day_on_which_it_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter(f"2026-11-{27 + k}T23:59:59+08:00" for k in range(3))
    with gg.open_county(drawn_county(tmp_path / "county.gpkg", "AAB\nCCB")) as county:
        accept = dict.fromkeys(gg.check(county).query("severity == 'error'")["rule"], "试")
        monkeypatch.setattr(publishing, "now", lambda: next(ticks))
        made = publish(county, words={"by": "王", "approved_by": "陈", "reason": "年度"}, accept=accept)
    assert (made.in_force, made.at[:10]) == ("2026-11-27", "2026-11-27")


def test_an_incident_has_one_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporting, "dt", Midnight)
    Midnight.looked = 0
    with gg.open_county(looped(tmp_path / "county.gpkg")) as county:
        told = reporting.report(county, Report(*degrees(1, 0.5), LAMP))
        (row,) = county.table("incidents").to_dict("records")
        (step,) = county.table("incident_steps").to_dict("records")
    assert (row["at"], row["as_of"], step["at"]) == ("2026-11-27 23:59:59", "2026-11-27", "2026-11-27 23:59:59")
    assert told["id"].startswith("R20261127235959-")


@pytest.fixture
def ahead(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put the machine where it is always a day later than in Greenwich."""
    monkeypatch.setenv("TZ", "AHEAD-24")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("ahead")
def test_the_number_of_a_child_born_today_is_one() -> None:
    """In China it is the next day for eight hours before it is in Greenwich."""
    born = dt.date.today()
    body = f"110105{born:%Y%m%d}001"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    number = body + "10X98765432"[sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11]
    assert is_identity_number(number)


def test_who_follows_in_an_illustrative_county_holds_the_grid_on_its_own_day(tmp_path: Path) -> None:
    """Such a county stands still: a posting that begins on the day of the wall would lie ahead of it for good."""
    file = tmp_path / "r.csv"
    file.write_text(f"网格编码,网格长,电话\n{A},新来,19900009999\n", encoding="utf-8")
    with gg.open_county(crewed(tmp_path / "county.gpkg")) as county:
        bring_in(county, file, Options("register", role="unit_head"))
        rows = county.table("postings")
        new, old = rows[rows["since"] == DAY], rows[(rows["code"] == A) & (rows["role"] == "unit_head") & (rows["until"] == DAY)]
        assert (len(new), len(old)) == (1, 1)
