"""The command line on what was: versions and dates, lineage, crosswalk, audit."""

from __future__ import annotations

import csv
import datetime as dt
import json
import random
from pathlib import Path
from typing import Any

import openpyxl
import pytest

import gridgis as gg
from gridgis.audit import account
from gridgis.errors import InputError
from gridgis.history import version_on
from tests.drawn import cell_at, code_of, drawn_county, line
from tests.telling import Tell

A, B, C, D = (str(code_of(c)) for c in "ABCD")
START = dt.datetime(2026, 1, 1, 8, 0, tzinfo=dt.UTC)


class Clock:
    """A clock that tests set; everything else of `datetime` as it is."""

    UTC = dt.UTC
    now_at = START

    class datetime(dt.datetime):  # noqa: N801
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> dt.datetime:
            return Clock.now_at.astimezone(tz)


@pytest.fixture
def storied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A county with five edits, ten days apart; a copy of it as it was after each lies beside it."""
    path = drawn_county(tmp_path / "county.gpkg", "AAB\nCCB", homes="435\n121")
    monkeypatch.setattr("gridgis.county.dt", Clock)
    with gg.open_county(path) as county:
        begun = dt.datetime.fromisoformat(county.log()["at"].iloc[0])
        steps: list[Any] = [
            lambda: county.apply(gg.split(county.plan, A, line((1, -1), (1, 2))), by="王", reason="超规模"),
            lambda: county.apply(gg.paint(county.plan, [cell_at(county.plan, 0.5, 1.5)], A), by="李"),
            lambda: county.undo(by="李"), lambda: county.redo(by="李"),
            lambda: county.apply(gg.merge(county.plan, [B, D]), by="=HYPERLINK(1)", reason="合并"),
        ]  # fmt: skip
        for k, step in enumerate(steps):
            Clock.now_at = begun + dt.timedelta(days=10 * (k + 1))
            step()
            county.store.copy_to(tmp_path / f"copy{county.version}.gpkg")
    return path


def test_a_date_names_the_version_then_in_force_as_a_copy_of_that_day_shows(storied: Path) -> None:
    with gg.open_county(storied) as county:
        log = county.log()
        begun = dt.datetime.fromisoformat(log["at"].iloc[0])
        chance = random.Random(4)
        seen = set()
        for _ in range(100):
            moment = begun + dt.timedelta(days=chance.uniform(10, 59))
            version = version_on(log, moment.isoformat())
            seen.add(version)
            with gg.open_county(storied.with_name(f"copy{int((moment - begun).days // 10) + 1}.gpkg")) as copy:
                assert copy.version == version
                assert county.plan_at(version).hash == copy.plan.hash
        assert seen == {2, 3, 4, 5, 6}


def test_the_whole_of_a_day_counts(storied: Path) -> None:
    with gg.open_county(storied) as county:
        log = county.log()
        day = dt.datetime.fromisoformat(log["at"].iloc[2]).astimezone().date().isoformat()
        assert version_on(log, day) == 3


def test_a_day_before_the_county_and_no_date_at_all(storied: Path) -> None:
    with gg.open_county(storied) as county:
        for text in ("1999-01-01", "gestern", "2026-13-40"):
            with pytest.raises(InputError):
                version_on(county.log(), text)


def test_diff_takes_dates_and_tells_moves(storied: Path, tell: Tell) -> None:
    begun = dt.datetime.fromisoformat(gg.open_county(storied).log()["at"].iloc[0]).astimezone()
    early, late = ((begun + dt.timedelta(days=d)).date().isoformat() for d in (1, 15))
    rows = json.loads(tell("diff", storied, early, late, "--json").out)
    assert {r["code"]: r["change"] for r in rows} == {A: "reshaped", D: "added"}
    moved = json.loads(tell("diff", storied, 1, 6, "--moves", "unit", "--json").out)
    assert {(m["before"], m["after"]): m["households"] for m in moved} == {(A, B): 3, (C, A): 1}
    assert "增减合计为 0" in tell("diff", storied, 1, 6, "--moves", "unit").out
    assert "没有住户" in tell("diff", storied, 1, 1, "--moves", "unit").out


def test_a_version_that_is_none_is_tell(storied: Path, tell: Tell) -> None:
    for word in ("99", "x", "1999-01-01"):
        done = tell("diff", storied, word, 1)
        assert done.code == 2
        assert len(done.err.strip().splitlines()) == 1


def test_lineage_of_living_and_void_codes(storied: Path, tell: Tell) -> None:
    found = json.loads(tell("lineage", storied, A, "--json").out)
    assert found["living"]
    assert A in found["successors"]
    assert {s["version"] for s in found["descent"]} >= {2, 3}
    with gg.open_county(storied) as county:
        void = next(c for c in (B, D) if c not in county.plan.grids)
        heir = next(c for c in (B, D) if c in county.plan.grids)
    gone = json.loads(tell("lineage", storied, void, "--json").out)
    assert not gone["living"]
    assert gone["successors"] == [heir]
    assert "已停用" in tell("lineage", storied, void).out
    assert tell("lineage", storied, "350526100001999").code == 2


def test_crosswalk_as_table_csv_and_carried_figures(storied: Path, tell: Tell, tmp_path: Path) -> None:
    rows = json.loads(tell("crosswalk", storied, 1, 6, "--level", "unit", "--json").out)
    assert sum(r["households"] for r in rows) == 16
    out = tmp_path / "x.csv"
    assert tell("crosswalk", storied, 1, 6, "--level", "unit", "--out", out).code == 0
    with out.open(encoding="utf-8-sig") as file:
        assert sum(int(r["households"]) for r in csv.DictReader(file)) == 16
    old = tmp_path / "old.csv"
    old.write_text(f"code,reports,words\n{A},70,x\n{B},12,y\n{C},3,z\n", encoding="utf-8")
    new = json.loads(tell("crosswalk", storied, 1, 6, "--level", "unit", "--carry", old, "--json").out)
    assert sum(r["reports"] for r in new) == pytest.approx(85)
    old.write_text("nothing\n1\n", encoding="utf-8")
    assert tell("crosswalk", storied, 1, 6, "--level", "unit", "--carry", old).code == 2


def test_the_audit_says_who_moved_what_from_where_to_where(storied: Path, tell: Tell, tmp_path: Path) -> None:
    with gg.open_county(storied) as county:
        edits, moved = account(county)
    assert edits["kind"].tolist()[1:] == ["split", "paint", "undo", "redo", "merge"]
    moves = [tuple(r) for r in moved[["version", "before", "after", "households"]].to_numpy().tolist()]
    by_version = {v: [(a, b, n) for w, a, b, n in moves if w == v] for v in range(2, 7)}
    assert by_version[3] == [(C, A, 1)]
    assert by_version[4] == [(A, C, 1)]
    assert by_version[5] == [(C, A, 1)]
    assert len(by_version[2]) == len(by_version[6]) == 1
    out = tmp_path / "审计.xlsx"
    assert tell("audit", storied, "--out", out).code == 0
    book = openpyxl.load_workbook(out)
    assert book.sheetnames == ["变更", "去向"]
    cells = [c for row in book["变更"].iter_rows() for c in row]
    assert "=HYPERLINK(1)" in [c.value for c in cells]
    assert not any(c.data_type == "f" for c in cells)
    codes = [c for c in cells if isinstance(c.value, str) and c.value.startswith("3505")]
    assert codes
    assert all(c.number_format == "@" for c in codes)
    assert tell("audit", storied, "--out", tmp_path / "x.csv").code == 2


def test_export_as_of_a_version_and_a_date(storied: Path, tell: Tell, tmp_path: Path) -> None:
    out = tmp_path / "old.geojson"
    assert tell("export", storied, out, "--level", "unit", "--as-of", 1).code == 0
    found = json.loads(out.read_text(encoding="utf-8"))
    assert sorted(f["properties"]["code"] for f in found["features"]) == [A, B, C]
