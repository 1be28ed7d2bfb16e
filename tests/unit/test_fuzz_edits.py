"""The random edits of `benchmarks/fuzz_edits.py` leave out no verb that a person has."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
import typer

import gridgis as gg
from benchmarks.fuzz_edits import KINDS, run
from benchmarks.planner import Planner
from gridgis.cli import edit, redraw
from gridgis.edits import VERBS
from gridgis.errors import GridgisError
from tests.drawn import drawn_county, patchwork


def test_the_kinds_are_the_verbs_of_the_core_and_of_the_command_line() -> None:
    app = typer.Typer()
    for module in (edit, redraw):
        module.register(app)
    commands = {str(c.callback.__name__) for c in app.registered_commands if c.callback}
    assert set(KINDS) == {*VERBS, "undo", "redo"} == commands - {"log"}


@pytest.mark.parametrize("kind", VERBS)
def test_each_kind_is_drawn_as_what_it_is(kind: str, tmp_path: Path) -> None:
    with gg.open_county(drawn_county(tmp_path / "county.gpkg", "AAABBB\nAAABBB\nCC..DD\nCC..DD")) as county:
        planner = Planner(county, 1)
        for _ in range(100):
            with suppress(GridgisError):
                assert planner.edit(kind).kind == kind
                return
    only_one_kind = {"convert"} if len(county.scheme.kinds) == 1 else set()
    assert kind in only_one_kind, "a hundred tries made no edit of this kind"


def test_a_county_without_free_land_is_cleared_and_drawn_upon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("benchmarks.fuzz_edits.KINDS", ("draw", "undo"))
    monkeypatch.setattr("benchmarks.fuzz_edits.WEIGHTS", (9, 1))
    assert run(drawn_county(tmp_path / "county.gpkg", patchwork(8, 8)), 12, 1) == 0
    told = capsys.readouterr().out
    assert "violations: 0" in told
    assert int(told.split("| draw | ")[1].split(" ")[0]) > 5
