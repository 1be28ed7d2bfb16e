"""Days in the life of a county file: edits, undo, redo and reopening at random, watched from outside.

The watch of `benchmarks/fuzz_edits.py` reads the file with `sqlite3` and judges with shapely; it knows nothing
of the store. Planted faults at the end show it, and `verify`, failing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import gridgis as gg
from benchmarks.fuzz_edits import Watch
from gridgis.errors import GridgisError
from gridgis.store.sql import SqlStore
from gridgis.verify import verify
from tests.drawn import drawn_county
from tests.properties import moves

DRAWING = "AABBa\nACCBa\nDDC.b"
ACTIONS = ("edit", "edit", "edit", "undo", "redo", "reopen")
STEP = st.tuples(st.integers(0, len(ACTIONS) - 1), *[st.integers(0, 24)] * moves.MOVE_LENGTH)
Step = tuple[int, ...]


def day(steps: Sequence[Step]) -> list[str]:
    """Live one day of a county and return everything the watch, the county and its own check find wrong."""
    with TemporaryDirectory() as folder:
        path = drawn_county(Path(folder) / "county.gpkg", DRAWING)
        watch, county = Watch(path), gg.open_county(path)
        bad: list[str] = []
        for step in steps:
            action = ACTIONS[step[0]]
            if action == "reopen":
                county.close()
                county = gg.open_county(path)
            elif not bad and acted(county, action, step[1:]):
                bad += seen(partial(watch.judge, undone=action != "edit"))
        if not bad:
            bad = seen(watch.whole) + recorded(county) + [en for _, en in verify(county)]
        watch.db.close()
        county.close()
        bad += [f"{p.name} is left" for p in Path(folder).iterdir() if p.name != "county.gpkg"]
        return bad


def seen(look: Callable[[], list[str]]) -> list[str]:
    """Return what the watch sees; cells too broken to be united count as a violation, too."""
    try:
        return look()
    except shapely.errors.GEOSException as error:
        return [f"the cells cannot be united: {error}"]


def acted(county: gg.County, action: str, numbers: Step) -> bool:
    """Carry out one action; False when it was refused."""
    try:
        if action == "edit":
            kind = moves.KINDS[numbers[0] % len(moves.KINDS)].replace("undo", "merge")
            county.apply(moves.asked(county.plan, kind, numbers)[0], by="试")
        else:
            getattr(county, action)()
    except GridgisError:
        return False
    return True


def recorded(county: gg.County) -> list[str]:
    """Judge that every past version reads as it was when it was made."""
    log = county.log()
    return [
        f"version {v} reads differently now"
        for v, h in zip(log["version"], log["hash"], strict=True)
        if county.plan_at(int(v)).hash != h
    ]


@settings(max_examples=12)
@given(steps=st.lists(STEP, min_size=3, max_size=9))
def test_random_days_keep_every_invariant_of_the_file(steps: list[Step]) -> None:
    assert day(steps) == []


@pytest.mark.long
@settings(max_examples=800, derandomize=False)
@given(steps=st.lists(STEP, min_size=3, max_size=30))
def test_long_random_days(steps: list[Step]) -> None:
    assert day(steps) == []


# -- planted faults ----------------------------------------------------------------------------------


def days() -> list[str]:
    """Return what is found wrong in a few days fixed by their seeds, up to the first bad one."""
    for seed in range(6):
        actions = (0, 0, 3, 4, 0, 5, 3, 0)
        steps = [(action, *numbers) for action, numbers in zip(actions, moves.random_moves(seed, 8), strict=True)]
        if bad := day(steps):
            return bad
    return []


def test_without_a_fault_nothing_is_found() -> None:
    assert days() == []


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ("_allot", "is not in the ledger"),
        ("_draw", "does not match its cells"),
        ("_insert_grids", "no cell or no row"),
    ],
)
def test_fault_the_store_leaves_out_a_step(step: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = getattr(SqlStore, step)

    def lazy(store: SqlStore, connection: Any, *more: Any) -> None:
        # The first version is whole; from then on the step is left out.
        if store._version(connection) < 2:
            real(store, connection, *more)

    monkeypatch.setattr(SqlStore, step, lazy)
    assert any(told in w for w in days())


def test_fault_the_store_keeps_old_cells_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    real = SqlStore._retire

    def sparing(store: SqlStore, connection: Any, table: str, key: str, values: Any, with_: Any) -> None:
        if table == "cells" and len(values) > 1:
            values = values[1:]
        real(store, connection, table, key, values, with_)

    monkeypatch.setattr(SqlStore, "_retire", sparing)
    assert any("overlap" in w or "one side" in w or "united" in w for w in days())


def test_fault_figures_are_not_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    real = SqlStore._insert_cells

    def forgetful(store: SqlStore, connection: Any, rows: Any, version: int) -> None:
        real(store, connection, rows.of(rows.id, rows.code, rows.geometry, rows.figures * (version < 2)), version)

    monkeypatch.setattr(SqlStore, "_insert_cells", forgetful)
    assert any("not conserved" in w for w in days())


def test_fault_an_undo_is_recorded_with_another_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    real = SqlStore.append

    def lying(store: SqlStore, edit: gg.Edit, *more: Any) -> None:
        real(store, replace(edit, hash="0" * 64) if edit.kind == "undo" else edit, *more)

    monkeypatch.setattr(SqlStore, "append", lying)
    assert any("undo did not restore the hash" in w for w in days())
