"""Real districts from their outline to a county and back: made, imported, checked, exported, imported again.

Command: ``pytest tests/golden/test_real_counties.py``; it needs the real layers and skips without them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.telling import teller

# District, its code, townships, and what the file holds before repair.
DISTRICTS = {
    "pinggu": ("110117", 18, {}),
    "daxing": ("110115", 22, {"overlap": 10, "gap": 7}),
    "haidian": ("110108", 29, {"overlap": 3, "gap": 4}),
    "miyun": ("110118", 20, {"gap": 1}),
}

Run = Callable[..., Any]


@pytest.fixture
def gridgis(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a call of the command line that must succeed; the answer is its JSON, or its words."""
    tell = teller(monkeypatch, capsys)

    def run(*words: str | Path) -> Any:
        answer = tell(*words)
        assert answer.code == 0, answer.err
        return answer.json if "--json" in words else answer.out

    return run


@pytest.mark.parametrize("name", DISTRICTS)
def test_district_goes_round_without_a_difference(name: str, shared_data: Path, tmp_path: Path, gridgis: Run) -> None:
    code, townships, faults = DISTRICTS[name]
    folder = shared_data / "beijing"
    first, second, drawn = tmp_path / "a.gpkg", tmp_path / "b.gpkg", tmp_path / "out.geojson"
    for county in (first, second):
        gridgis("new", county, "--scheme", "generic", "--code", code, "--boundary", folder / f"{name}-outline.geojson")
    report = gridgis("import", first, folder / f"{name}-all.geojson", "--as", "grids", "--json")
    assert (report["rows"], report["accepted"], report["applied"]) == (townships, townships, True)
    assert {k: report["findings"].get(k, 0) for k in ("overlap", "gap")} == {"overlap": 0, "gap": 0} | faults
    moved = {change["code"]: change["moved_m2"] for change in report["changes"]}
    assert bool(moved) == bool(faults)
    assert gridgis("info", first, "--json")["levels"]["township"] == townships
    found = {row["rule"] for row in gridgis("check", first, "--json")}
    assert found <= {"multi_part", "hole"}
    gridgis("verify", first)
    gridgis("export", first, drawn, "--level", "township")
    gridgis("import", second, drawn, "--as", "grids")
    assert gridgis("diff", first, second, "--json") == []


def test_a_township_that_moves_shows_in_the_diff(shared_data: Path, tmp_path: Path, gridgis: Run) -> None:
    """The fault planted: one township fewer comes back, and the diff must not be empty."""
    folder = shared_data / "beijing"
    first, second, drawn = tmp_path / "a.gpkg", tmp_path / "b.gpkg", tmp_path / "out.geojson"
    for county in (first, second):
        gridgis(
            "new", county, "--scheme", "generic", "--code", "110117", "--boundary", folder / "pinggu-outline.geojson"
        )
    gridgis("import", first, folder / "pinggu-all.geojson", "--as", "grids")
    gridgis("export", first, drawn, "--level", "township")
    data = json.loads(drawn.read_text(encoding="utf-8"))
    lost = data["features"].pop()["properties"]["code"]
    drawn.write_text(json.dumps(data), encoding="utf-8")
    gridgis("import", second, drawn, "--as", "grids")
    rows = gridgis("diff", first, second, "--json")
    assert [(row["code"], row["change"]) for row in rows] == [(lost, "removed")]
