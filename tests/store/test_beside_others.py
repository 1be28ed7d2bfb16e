"""Planners beside each other on one store: followed edit by edit, let through when outrun, counted as the e-map is now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import gridgis as gg
from gridgis.errors import StaleEditError
from gridgis.store.sql import SqlStore
from gridgis.verify import verify
from tests.drawn import code_of, line
from tests.store.conftest import Shelf

A, B, C, D, E = (str(code_of(c)) for c in "ABCDE")


@pytest.fixture
def county(shelf: Shelf) -> Iterator[gg.County]:
    shelf.make("AAB\nCCB", homes="150\n210")
    with shelf.open() as opened:
        yield opened


@pytest.fixture
def other(shelf: Shelf, county: gg.County) -> Iterator[gg.County]:  # noqa: ARG001
    with shelf.open() as opened:
        yield opened


def cut(county: gg.County, code: str, column: float = 1.0) -> gg.Edit:
    return gg.split(county.plan, code, line((column, -1), (column, 3)))


def test_what_others_do_is_followed_without_reading_all(
    county: gg.County, other: gg.County, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = county.plan
    other.apply(cut(other, A))
    other.apply(gg.merge(other.plan, [A, B]))
    other.undo()
    monkeypatch.setattr(SqlStore, "snapshot", lambda _: pytest.fail("read afresh"))
    followed = county.plan
    monkeypatch.undo()
    assert followed.version == known.version + 3
    fresh = gg.County(county.store).plan
    assert (followed.hash, followed.next_id, followed.ledger) == (fresh.hash, fresh.next_id, fresh.ledger)
    assert [followed.figures_of(c) for c in followed.grids] == [fresh.figures_of(c) for c in followed.grids]
    county.apply(cut(county, C))
    assert verify(county) == []


def test_who_is_outrun_again_and_again_is_let_through(
    county: gg.County, other: gg.County, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rival who saves something between our every look and our every attempt, as long as nobody keeps him out."""
    real, rivals = SqlStore.append, []

    def outrun(store: SqlStore, edit: gg.Edit, *more: Any) -> None:
        held = getattr(store._mine, "connection", None) is not None
        if edit.by == "we" and not held:
            rivals.append(1)
            other.apply(cut(other, B, 2 + len(rivals) / 10))
        real(store, edit, *more)

    monkeypatch.setattr(SqlStore, "append", outrun)
    mine = cut(county, A)
    done = county.apply(mine, by="we")
    assert rivals == [1]
    assert done.version == 3
    assert verify(county) == []


def test_what_fails_while_others_are_kept_out_is_taken_back(
    county: gg.County, other: gg.County, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = cut(county, A)
    other.apply(cut(other, C))
    real = SqlStore.append
    calls: list[int] = []

    def stumbling(store: SqlStore, *given: Any) -> None:
        calls.append(1)
        if len(calls) == 1:
            other.apply(cut(other, B, 2.5))
        real(store, *given)
        if getattr(store._mine, "connection", None) is not None:
            raise RuntimeError("the power went")

    monkeypatch.setattr(SqlStore, "append", stumbling)
    with pytest.raises(RuntimeError):
        county.apply(mine)
    monkeypatch.undo()
    assert (county.version, county.plan.version) == (3, 3)
    assert county.plan.hash == other.plan.hash
    assert county.apply(mine).version == 4
    assert verify(county) == []


def more_homes(county: gg.County) -> None:
    frame = county.table("buildings")
    county.store.replace_table("buildings", frame.assign(households=3 * frame["households"]))
    county.refresh_figures()


def test_an_edit_is_counted_as_the_e_map_is_when_it_is_saved(county: gg.County, other: gg.County) -> None:
    _ = county.plan, county.elements.figures
    mine = cut(county, A)
    more_homes(other)
    done = county.apply(mine)
    assert done.version == 2
    assert county.plan.figures_of(A)["households"] + county.plan.figures_of(D)["households"] == 18
    assert verify(county) == []


def test_the_store_refuses_an_edit_counted_before_the_e_map_changed(county: gg.County, other: gg.County) -> None:
    known = county.store.pulse()
    more_homes(other)
    assert county.store.pulse()[0] == known[0]
    assert county.store.pulse()[1] > known[1]
    with pytest.raises(StaleEditError):
        county.store.append(cut(county, A), {}, None, known[1])
    assert county.version == 1


def test_registers_of_people_disturb_nobody(county: gg.County, other: gg.County) -> None:
    known = county.store.pulse()
    other.store.replace_table("staff", other.table("staff"))
    assert county.store.pulse() == known
