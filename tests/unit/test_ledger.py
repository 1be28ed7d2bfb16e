"""Lists of incidents and who answers, where the county is younger than what happened in it, and where terms end."""

from __future__ import annotations

import datetime as dt
import sqlite3
from pathlib import Path
from typing import Any

import pytest

import gridgis as gg
from gridgis.county import County, open_county
from gridgis.incidents.handling import Step, take
from gridgis.incidents.handlingbook import told
from gridgis.incidents.ledger import ledger
from gridgis.incidents.reporting import Report, report
from gridgis.verify import verify
from tests.crew import A, added, posting, set_cell
from tests.drawn import code_of, drawn_county
from tests.looped import LAMP, degrees, looped

TODAY = dt.date.today()
YESTERDAY = TODAY - dt.timedelta(days=1)


def entered(county: County, place: tuple[float, float] = (1, 0.5), **more: Any) -> str:
    return str(report(county, Report(*degrees(*place), LAMP, **more))["id"])


def heads(county: County, number: str) -> list[str]:
    return [h["name"] for link in told(county, number)["chain"] for h in link["holders"] if h["role"] == "unit_head"]


def test_who_left_yesterday_answers_for_the_day_before_and_not_for_today(tmp_path: Path) -> None:
    def spoil(frames: dict[str, Any]) -> None:
        set_cell(frames["postings"], "p1", "until", str(YESTERDAY))
        added(frames, "postings", posting("p9", "unit_head", A, "s3", since=str(YESTERDAY)))

    with open_county(looped(tmp_path / "c.gpkg", spoil)) as county:
        before = entered(county, at=f"{YESTERDAY - dt.timedelta(days=1)}T23:59:59")
        then, now = entered(county, at=f"{YESTERDAY}T00:00:00"), entered(county)
        assert [heads(county, n) for n in (before, then, now)] == [["林一"], ["陈三"], ["陈三"]]


@pytest.mark.parametrize("place", [(3, 1), (3, 2), (1.5, 2), (3, 0.5)])
def test_on_the_border_of_grids_one_grid_has_it_everywhere(tmp_path: Path, place: tuple[float, float]) -> None:
    path = looped(tmp_path / "c.gpkg")
    with open_county(path) as county:
        number, row = entered(county, place), ledger(county).iloc[0]
        assert told(county, number)["code"] == row["code"]
        assert int(county.figures("unit")["incidents"].sum()) == 1
        assert county.figures("unit").loc[row["code"], "incidents"] == 1
        assert verify(county) == []


def test_what_happened_before_a_grid_was_drawn_goes_by_the_grid_of_now(tmp_path: Path) -> None:
    """A county is founded, an incident of last year brought in, and only then a grid drawn over its place."""
    path = drawn_county(tmp_path / "c.gpkg", ".B", homes="")
    with open_county(path) as county:
        number = entered(county, (0.5, 0.5), at="2025-03-01 10:00:00")
        assert told(county, number)["code"] is None
        cell = next(i for i, code in zip(county.plan.rows.id, county.plan.rows.code, strict=True) if code is None)
        county.apply(gg.paint(county.plan, [int(cell)], str(code_of("B"))))
        now = told(county, number)
        assert (now["code"], now["as_of"]["version"]) == (str(code_of("B")), county.plan.version)


def test_closed_ones_are_listed_by_when_they_were_closed_whatever_words_they_came_with(tmp_path: Path) -> None:
    path = looped(tmp_path / "c.gpkg")
    with open_county(path) as county:
        old, other, wordless, timeless = (entered(county, id=i, at=f"2026-11-0{k}T08:00:00") for k, i in enumerate("abcd", 1))
        take(county, old, Step("handle", handled_in="grid"))
        take(county, old, Step("feedback"))
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE incidents SET closed_at = '2026-11-05 09:00:00', status = NULL WHERE id = ?", (wordless,))
        raw.execute("UPDATE incidents SET status = 'closed' WHERE id = ?", (timeless,))
    raw.close()
    with open_county(path) as county:
        assert ledger(county, "closed")["id"].tolist() == [old, wordless, timeless]
        assert ledger(county)["id"].tolist() == [other]
        assert [told(county, n)["overdue"] for n in (timeless, other)] == [False, True]
        assert told(county, timeless)["status"] == "closed"
