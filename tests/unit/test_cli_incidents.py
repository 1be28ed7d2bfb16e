"""The commands about incidents, work and danger: what they print for machines and people, and what they refuse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
import rasterio

import gridgis as gg
from gridgis import analysing
from gridgis.errors import SchemeError
from gridgis.overlays import workload as work
from gridgis.scheme_parts import Workload
from tests.crew import crewed
from tests.drawn import EAST, EPSG, NORTH
from tests.happenings import A, B, C, busy_county, happening
from tests.telling import Tell, assert_refused, teller


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return busy_county(tmp_path / "county.gpkg")


@pytest.fixture
def tell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Tell:
    return teller(monkeypatch, capsys)


def rain(path: Path, values: Any) -> Path:
    """Write a raster of cells of 100 m, as the characters of a drawing."""
    array = np.array(values, dtype="float32")
    transform = rasterio.Affine(100, 0, EAST, 0, -100, NORTH)
    profile = {"driver": "GTiff", "height": array.shape[0], "width": array.shape[1], "count": 1, "dtype": "float32"}
    with rasterio.open(path, "w", **profile, crs=EPSG, transform=transform, nodata=-1) as out:
        out.write(array, 1)
    return path


def test_incidents_for_machines(path: Path, tell: Tell) -> None:
    before = path.read_bytes()
    told = tell("incidents", path, "--level", "unit", "--compare", "2026-01-01:2026-03-31", "--since", "2026-04-01",
                "--category", "甲", "--handled", "grid", "--json").json  # fmt: skip
    assert told["incidents"] == told["located"] == sum(g["reported"] for g in told["grids"])
    assert 0 < told["incidents"] < 400
    assert {g["code"] for g in told["grids"]} == {A, B, C}
    assert sum(c["reported"] for c in told["categories"]) == told["incidents"]
    assert sum(sum(v for k, v in row.items() if k != "weekday") for row in told["week"]) == told["incidents"]
    assert sum(g["second"] for g in told["compare"]) == told["incidents"]
    assert told["unlocated_count"] == len(told["unlocated"]) == 0
    assert path.read_bytes() == before


def test_a_county_without_incidents_compares_nothing_with_nothing(tell: Tell, tmp_path: Path) -> None:
    """Found by damaged command lines: a period that is open ends with the incidents, and there were none."""
    empty = crewed(tmp_path / "empty.gpkg")
    for since in (("--since", "2026-01-01"), ()):
        told = tell("incidents", empty, "--level", "unit", *since, "--compare", "2025-01-01:2025-12-31", "--json").json
        assert {(g["first"], g["second"], g["sure"]) for g in told["compare"]} == {(0, 0, False)}


def test_incidents_for_people_and_files(path: Path, tell: Tell, tmp_path: Path) -> None:
    said = tell("incidents", path, "--level", "unit").out
    assert "400 件" in said
    assert "不足 30 户" in said
    book, table = tmp_path / "o.xlsx", tmp_path / "o.csv"
    assert tell("incidents", path, "--level", "unit", "--out", book, "--lang", "en").code == 0
    sheets = openpyxl.load_workbook(book)
    assert sheets["Grids"]["A1"].value == "Grid code"
    assert tell("incidents", path, "--level", "unit", "--out", table).code == 0
    assert pd.read_csv(table, dtype={"code": str})["reported"].sum() == 400


def test_incidents_on_another_version(path: Path, tell: Tell) -> None:
    with gg.open_county(path) as c:
        c.apply(gg.merge(c.plan, [B, C]))
    told = tell("incidents", path, "--level", "unit", "--as-of", "1", "--against", "2", "--json").json
    changed = {row["code"]: (row["before"], row["after"]) for row in told["rebinned"]}
    assert sum(v[0] or 0 for v in changed.values()) == sum(v[1] or 0 for v in changed.values())
    assert len(told["grids"]) == 3


@pytest.mark.parametrize(("options", "word"), [
    (("--level", "street"), "street"), (("--level", "unit", "--since", "昨天"), "昨天"),
    (("--level", "unit", "--since", "2026-02-01", "--until", "2026-01-01"), "2026-01-01"),
    (("--level", "unit", "--compare", "2026"), "2026"), (("--level", "unit", "--handled", "me"), "me"),
    (("--level", "unit", "--as-of", "99"), "99"), (("--level", "unit", "--out", "a.pdf"), "a.pdf"),
    (("--level", "unit", "--categories", "none.toml"), "none.toml"),
])  # fmt: skip
def test_what_incidents_refuses(path: Path, tell: Tell, options: tuple[str, ...], word: str) -> None:
    before = path.read_bytes()
    assert_refused(tell("incidents", path, *options), 2, word)
    assert path.read_bytes() == before


@pytest.mark.parametrize("incidents", [
    happening([]), happening([(0.5, 0.5), None], at=[None, "gestern"], category=[None, None], status=[None, None]),
])  # fmt: skip
def test_no_incidents_and_incidents_without_time_are_no_fault(incidents: Any, tmp_path: Path, tell: Tell) -> None:
    path = busy_county(tmp_path / "bare.gpkg", incidents)
    told = tell("incidents", path, "--level", "unit", "--json").json
    assert told["incidents"] == len(incidents)
    assert len(told["grids"]) == 3
    for words in (("incidents", path, "--level", "unit"), ("workload", path), ("population", path)):
        assert tell(*words).code == 0
    assert_refused(tell("hotspots", path, "--level", "unit"), 2, "0")


def test_public_numbers_tell_nothing_else(tmp_path: Path, tell: Tell) -> None:
    path = busy_county(tmp_path / "small.gpkg", happening([(0.5, 0.5)] * 20 + [(3.5, 0.5)] * 3 + [(3.5, 1.5)] * 15))
    told = tell("incidents", path, "--level", "unit", "--k", "10", "--json").json
    assert set(told) == {"k", "level", "grids"}
    assert [g["reported"] for g in told["grids"]].count(None) == 2


def test_hotspots(path: Path, tell: Tell) -> None:
    told = tell("hotspots", path, "--level", "unit", "--of", "area", "--json").json
    assert {row["code"] for row in told["hotspots"]} == {row["code"] for row in told["emerging"]} == {A, B, C}
    assert "Gi*" in tell("hotspots", path, "--level", "unit", "--lang", "en").out or told["hotspots"]
    assert_refused(tell("hotspots", path, "--level", "unit", "--of", "cats"), 2, "cats")
    assert_refused(tell("hotspots", path, "--level", "unit", "--since", "2026-05-01"), 2, "2")


# -- work


def test_work_is_in_multiples_of_the_mean_grid(path: Path) -> None:
    with gg.open_county(path) as c:
        found = analysing.load(c, "unit", analysing.study(c), Workload(households=3, incidents=1, floating=0, area=0))
        assert found["workload"].mean() == pytest.approx(1)
        households, incidents = found["households"], found["incidents"]
        by_hand = 0.75 * households / households.mean() + 0.25 * incidents / incidents.mean()
        assert np.allclose(found["workload"], by_hand)
        assert found["proposed"].to_dict() == {A: "first", B: "third", C: "third"}
        even = work.evenness(found)
        assert even.at["", "ratio"] == pytest.approx(found["workload"].max() / found["workload"].min())
        assert even.at["", "gini"] == pytest.approx(work.gini(found["workload"]))


def test_gini_is_the_mean_difference() -> None:
    values = np.random.default_rng(0).gamma(2, 3, 40)
    by_definition = np.abs(values[:, None] - values[None, :]).mean() / (2 * values.mean())
    assert work.gini(values) == pytest.approx(by_definition)


def test_weights_are_kept_in_the_scheme_and_nothing_else_changes(path: Path, tell: Tell) -> None:
    with gg.open_county(path) as c:
        old, hash_ = c.scheme, c.plan.hash
    told = tell("workload", path, "--weight", "households=0.9", "--weight", "upper=1.1", "--save", "--json").json
    assert told["saved"]
    assert told["weights"]["households"] == 0.9
    with gg.open_county(path) as c:
        assert c.scheme.workload.upper == 1.1
        assert c.scheme.model_copy(update={"workload": old.workload}) == old
        assert c.plan.hash == hash_
    again = tell("workload", path, "--weight", "area=0.5", "--save", "--json").json
    assert (again["weights"]["households"], again["weights"]["area"]) == (0.9, 0.5)
    with gg.open_county(path) as c:
        assert c.meta["scheme_toml"].count("[workload]") == 1
        with pytest.raises(SchemeError, match="none_such"):
            analysing.save_workload(c, Workload(class_factors={"none_such": 2.0}))
    assert tell("verify", path).code == 0


@pytest.mark.parametrize("weight", ["cats=1", "households", "households=-1", "lower=9", "class.none=2"])
def test_weights_that_make_no_sense_are_refused(path: Path, tell: Tell, weight: str) -> None:
    before = path.read_bytes()
    answer = tell("workload", path, "--weight", weight, "--save")
    assert (answer.code, answer.out) == (2, "")
    assert path.read_bytes() == before


def test_staff_by_class(path: Path, tell: Tell, tmp_path: Path) -> None:
    book = tmp_path / "work.xlsx"
    assert tell("workload", path, "--out", book).code == 0
    assert openpyxl.load_workbook(book).sheetnames == ["各网格工作量", "均衡程度", "应配人员"]
    crew = crewed(tmp_path / "crew.gpkg")
    with gg.open_county(crew) as c:
        found = analysing.load(c, "unit", analysing.study(c))
        staff = work.staffing(c.plan, found, analysing.held_of(c))
        heads = staff[staff["role"] == "unit_head"]
        assert heads["grids"].sum() == heads["needed"].sum() == heads["held"].sum() == 4


# -- danger


def test_alerts_name_the_grids_and_whom_to_call(tmp_path: Path, tell: Tell) -> None:
    path = crewed(tmp_path / "crew.gpkg")
    file = rain(tmp_path / "rain.tif", [[10.0, 10, 10, 90, 10, 10]] + [[10.0] * 6] * 2)
    words = ("import", path, file, "--as", "raster", "--field", "kind=rainfall", "--field", "unit=mm", "--source", "气象局")
    assert tell(*words).code == 0
    told = tell("alerts", path, "--raster", "rainfall", "--above", "50", "--json").json
    assert [g["value"] for g in told["grids"]] == [90]
    (grid,) = told["grids"]
    assert 0 < grid["share"] < 1
    assert (told["raster"]["unit"], told["raster"]["source"]) == ("mm", "气象局")
    levels = list(dict.fromkeys(c["level"] for c in told["calls"]))
    assert levels[-1] == "unit"
    assert {c["code"] for c in told["calls"]} == {grid["code"]}
    assert any(c["holder"] for c in told["calls"])
    assert tell("alerts", path, "--raster", "rainfall", "--below", "20", "--measure", "mean", "--json").json["grids"]
    said = tell("alerts", path, "--raster", "rainfall", "--above", "50").out
    assert "气象局" in said
    assert_refused(tell("alerts", path, "--raster", "snow", "--above", "1"), 2, "snow")
    assert_refused(tell("alerts", path, "--raster", "rainfall"), 2, "--above")


def test_sources_that_differ_are_shown_with_source_and_date(path: Path, tell: Tell, tmp_path: Path) -> None:
    for name, persons, day in (("register", 108, "2026-01-01"), ("survey", 150, "2026-06-01")):
        file = tmp_path / f"{name}.csv"
        file.write_text(f"code,persons\n{A},{persons}\n", encoding="utf-8")
        assert tell("import", path, file, "--as", "population", "--source", name, "--as-of", day).code == 0
    told = tell("population", path, "--json").json
    pairs = {(row["first_source"], row["second_source"]): row for row in told["conflicts"] if row["code"] == A}
    row = pairs["register", "survey"]
    assert (row["first"], row["second"], row["difference"], row["second_as_of"]) == (108, 150, 42, "2026-06-01")
    assert ("survey", "buildings") not in pairs, "what came last is what the buildings hold"
    assert {s["source"] for s in told["sources"] if s["table"] == "population"} == {"register", "survey"}
    assert "register" in tell("population", path).out
