"""What every store must do: keep what it is given, refuse what is stale, do all or nothing."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely

import gridgis as gg
from gridgis import edits
from gridgis.errors import EditError, InputError, StaleEditError, StoreError
from gridgis.verify import verify
from tests.drawn import area, cell_at, code_of, drawn, letters, line
from tests.store.conftest import Shelf

A, B, C, D, E = (str(code_of(c)) for c in "ABCDE")
DRAWING, HOMES = "AAB\nCCB", "150\n210"


@pytest.fixture
def county(shelf: Shelf) -> Any:
    shelf.make(DRAWING, homes=HOMES)
    with shelf.open() as opened:
        yield opened


def state(county: gg.County) -> tuple[Any, ...]:
    """Return everything that an edit may change."""
    cells, grids = county.store.rows()
    rows = Counter((int(i), c, g.wkb, tuple(f)) for i, c, g, f in zip(
        cells.id, cells.code, cells.geometry, cells.figures.tolist(), strict=True))  # fmt: skip
    return county.store.version(), rows, grids, county.store.ledger(), len(county.log()), county.plan.hash


def halve(county: gg.County, letter: str = "A", column: float = 1.0) -> gg.Edit:
    return gg.split(county.plan, str(code_of(letter)), line((column, -1), (column, 3)))


def across(county: gg.County) -> gg.Edit:
    """Cut A from west to east through all its cells."""
    return gg.split(county.plan, A, line((-1, 0.5), (2, 0.5)))


# -- round trip --------------------------------------------------------------------------------------


def test_what_is_drawn_is_what_is_read(county: gg.County) -> None:
    plan = drawn(DRAWING, homes=HOMES)
    assert county.plan.hash == plan.hash
    assert letters(county.plan, DRAWING) == DRAWING
    assert county.plan.figures_of(A) == plan.figures_of(A)
    assert [p.wkb for p in county.plan.rows.geometry] == [p.wkb for p in plan.rows.geometry]
    assert county.plan.ledger == plan.ledger


def test_an_edit_survives_reopening(shelf: Shelf, county: gg.County) -> None:
    done = county.apply(halve(county), by="王", reason="试")
    county.close()
    with shelf.open() as again:
        assert again.plan.hash == done.hash
        assert again.version == 2
        assert letters(again.plan, DRAWING) == "DAB\nCCB"
        row = again.log().iloc[-1]
        assert (row["kind"], row["by"], row["reason"], row["created"], row["voided"]) == ("split", "王", "试", [D], [])


def test_a_saved_edit_reads_back_whole(county: gg.County) -> None:
    done = county.apply(halve(county), by="王", reason="试")
    back = county.store.edit(2)
    for name in (
        "kind",
        "command",
        "lineage",
        "before",
        "after",
        "notes",
        "by",
        "reason",
        "hash",
        "at",
        "created",
        "voided",
    ):
        assert getattr(back, name) == getattr(done, name), name
    assert set(back.grids_added) == set(done.grids_added)
    for side in ("removed", "added"):
        mine, theirs = getattr(back, side), getattr(done, side)
        assert mine.id.tolist() == theirs.id.tolist()
        assert [g.wkb for g in mine.geometry] == [g.wkb for g in theirs.geometry]
        assert mine.figures.tolist() == theirs.figures.tolist()


def test_edits_are_kept_in_order(county: gg.County) -> None:
    county.apply(halve(county))
    county.apply(gg.merge(county.plan, [A, B]))
    county.undo()
    log = county.log()
    assert log["version"].tolist() == [1, 2, 3, 4]
    assert log["kind"].tolist() == ["new", "split", "merge", "undo"]
    assert log["undoes"].tolist()[-1] == 3


def test_names_and_further_columns_survive(county: gg.County) -> None:
    plan = county.plan
    grid = replace(plan.grids[A], name="东门'格\"\n“1”; DROP TABLE cells", extra=(("head", "李四"),))
    edit = gg.Edit("import", {"import": "x"}, *_nothing(), (plan.grids[A],), (grid,), base_version=plan.version)
    county.apply(edit)
    assert county.store.rows()[1][A] == grid
    assert county.grids("unit").loc[A, "head"] == "李四"


def _nothing() -> tuple[Any, Any]:
    from gridgis.cells import Cells

    return Cells.none(), Cells.none()


def test_coordinates_come_back_bit_for_bit(county: gg.County) -> None:
    # A cut at a third of a millimetre is rounded once, at the cut, never by the store.
    county.apply(gg.split(county.plan, A, line((0.3333333, -1), (1.77777, 3))))
    kept = county.plan.rows.geometry
    fresh = county.store.rows()[0].geometry
    assert [p.wkb for p in fresh] == [p.wkb for p in kept]


def test_a_table_is_replaced_whole(county: gg.County) -> None:
    rows = pd.DataFrame({"id": ["w1"], "name": ["塘溪"], "class": ["river"], "geometry": [line((0, 0), (1, 1))]})
    county.store.replace_table("water", rows)
    assert county.table("water")["name"].tolist() == ["塘溪"]
    county.store.replace_table("water", rows.iloc[:0])
    assert len(county.table("water")) == 0


def test_a_table_is_read_by_box_and_by_column(county: gg.County) -> None:
    x, y = county.outline.bounds[:2]
    near = county.table("buildings", ("id",), bounds=(x, y, x + 99, y + 99))
    assert list(near.columns) == ["id"]
    assert len(near) == 1
    with pytest.raises(InputError):
        county.table("edits")


# -- conflicts ---------------------------------------------------------------------------------------


def test_two_planners_on_different_cells_both_save(shelf: Shelf, county: gg.County) -> None:
    with shelf.open() as other:
        mine, theirs = halve(county, "A"), halve(other, "C")
        first, second = county.apply(mine), other.apply(theirs)
        assert (first.version, second.version) == (2, 3)
        # Both asked for the next number; the second got the one after.
        assert (first.created, second.created) == ((D,), (E,))
        assert county.plan.hash == other.plan.hash
        assert letters(county.plan, DRAWING) == "DAB\nCEB"
        assert verify(county) == []


def test_two_planners_on_the_same_cells_the_second_is_told(shelf: Shelf, county: gg.County) -> None:
    with shelf.open() as other:
        mine, theirs = halve(county), across(other)
        county.apply(mine)
        before = state(other)
        with pytest.raises(StaleEditError):
            other.apply(theirs)
        assert state(other) == before
        # Nothing of the first is lost, and the second can ask again.
        assert letters(other.plan, DRAWING) == "DAB\nCCB"
        other.apply(across(other))
        assert county.plan.codes("unit") == [A, B, C, D, E]
        assert verify(county) == []


def test_a_void_grid_cannot_be_edited_by_the_second(shelf: Shelf, county: gg.County) -> None:
    with shelf.open() as other:
        theirs = gg.recode(other.plan, B, E)
        county.apply(gg.merge(county.plan, [A, B]))
        with pytest.raises((StaleEditError, InputError)):
            other.apply(theirs)
        assert verify(other) == []


def test_planners_at_the_same_moment_lose_nothing(shelf: Shelf) -> None:
    """Three threads with a county each, cutting their own grid: every edit is saved, each on the one before."""
    shelf.make("AAABBBCCC\nAAABBBCCC", name="busy")
    saved: list[int] = []

    def plan(letter: str, west: float) -> None:
        with shelf.open("busy") as mine:
            for k in range(5):
                column = west + 0.4 + 0.4 * k
                edit = gg.split(mine.plan, str(code_of(letter)), line((column, -1), (column + 0.1, 3)))
                saved.append(int(mine.apply(edit, by=letter).version or 0))

    with ThreadPoolExecutor(3) as office:
        for done in [office.submit(plan, letter, west) for letter, west in (("A", 0), ("B", 3), ("C", 6))]:
            done.result()
    with shelf.open("busy") as after:
        assert sorted(saved) == list(range(2, 17))
        assert len(after.plan.codes("unit")) == 3 + 15
        assert verify(after) == []


def test_an_edit_made_twice_is_stale(county: gg.County) -> None:
    edit = halve(county)
    county.apply(edit)
    with pytest.raises((StaleEditError, EditError)):
        county.apply(edit)
    assert county.version == 2


def test_undo_sees_what_the_other_planner_did(shelf: Shelf, county: gg.County) -> None:
    with shelf.open() as other:
        before = county.plan.hash
        county.apply(halve(county))
        other.undo()
        assert county.plan.hash == before
        assert not county.history().done
        assert county.history().undone


def test_the_store_itself_refuses_a_version_that_is_not_next(county: gg.County) -> None:
    edit = replace(halve(county), version=7, at="2026-01-01T00:00:00+08:00", hash="0")
    before = state(county)
    with pytest.raises(StaleEditError):
        county.store.append(edit, {})
    assert state(county) == before


def test_the_store_itself_refuses_rows_that_are_gone(county: gg.County) -> None:
    edit = across(county)
    county.apply(halve(county))
    before = state(county)
    with pytest.raises(StaleEditError):
        county.store.append(replace(edit, version=3, at="2026-01-01", hash="0"), {})
    assert state(county) == before


# -- all or nothing ----------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["_retire", "_insert_cells", "_insert_grids", "_allot", "_draw", "_fill"])
def test_an_exception_in_the_middle_leaves_the_store_as_it_was(
    shelf: Shelf, county: gg.County, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit = halve(county)
    before = state(county)
    water = pd.DataFrame({"id": ["w1"], "geometry": [line((0, 0), (1, 1))]})

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("the power went")

    with monkeypatch.context() as patch:
        patch.setattr(county.store, step, broken)
        with pytest.raises(RuntimeError, match="power"):
            county.apply(edit, tables={"water": water})
    assert state(county) == before
    assert len(county.table("water")) == 0
    with shelf.open() as again:
        assert state(again) == before
    # The same county goes on as if nothing had been.
    county.apply(edit)
    assert verify(county) == []


def test_a_refused_edit_changes_nothing(county: gg.County) -> None:
    before = state(county)
    with pytest.raises(EditError):
        county.apply(gg.split(county.plan, A, line((0.2, 0.2), (0.4, 0.4))))
    assert state(county) == before


# -- history -----------------------------------------------------------------------------------------


def test_undo_and_redo_restore_the_hash_across_reopening(shelf: Shelf, county: gg.County) -> None:
    hashes = [county.plan.hash]
    for letter, column in (("A", 1.0), ("C", 1.0), ("B", 2.5)):
        hashes.append(county.apply(halve(county, letter, column)).hash)
    county.close()
    for expected in hashes[-2::-1]:
        with shelf.open() as again:
            assert again.undo().hash == expected == again.plan.hash
    with shelf.open() as again, pytest.raises(EditError):
        again.undo()
    for expected in hashes[1:]:
        with shelf.open() as again:
            assert again.redo().hash == expected
            assert verify(again) == []
    with shelf.open() as again, pytest.raises(EditError):
        again.redo()


def test_redo_gives_the_old_codes_back_and_any_other_edit_fresh_ones(county: gg.County) -> None:
    county.apply(halve(county))
    county.undo()
    assert D not in county.plan.grids
    assert D in county.plan.ledger
    # Another edit after the undo: D stays allotted, E is next; and there is nothing to redo now.
    done = county.apply(halve(county, "C"))
    assert done.created == (E,)
    assert not county.history().undone
    with pytest.raises(EditError):
        county.redo()


def test_redo_gives_the_old_codes_back(county: gg.County) -> None:
    county.apply(halve(county))
    county.undo()
    assert county.redo().created == (D,)


def test_undo_of_undone_history_goes_further_back(county: gg.County) -> None:
    first = county.plan.hash
    county.apply(halve(county))
    county.apply(halve(county, "C"))
    county.undo()
    county.redo()
    county.undo()
    county.undo()
    assert county.plan.hash == first
    assert county.log()["kind"].tolist() == ["new", "split", "split", "undo", "redo", "undo", "undo"]


def test_any_past_version_can_be_read(county: gg.County) -> None:
    hashes = {1: county.plan.hash}
    for edit in (halve(county), gg.merge(county.plan, [B, C])):
        done = county.apply(edits.run(county.plan, edit.command))
        hashes[int(done.version or 0)] = done.hash
    hashes[4] = county.undo().hash
    for version, expected in hashes.items():
        assert county.plan_at(version).hash == expected
        assert shapely.coverage_is_valid(county.plan_at(version).rows.geometry)
    assert letters(county.plan_at(1), DRAWING) == DRAWING
    for version in (0, 5, -1):
        with pytest.raises(InputError):
            county.plan_at(version)


def test_past_figures_are_those_of_then(county: gg.County) -> None:
    before = county.plan.figures_of(A)
    county.apply(gg.paint(county.plan, [cell_at(county.plan, 1.5, 0.5)], B))
    assert county.plan_at(1).figures_of(A) == before
    assert county.plan.figures_of(A)["households"] == 1


def test_void_grids_keep_their_reason_and_day(county: gg.County) -> None:
    county.apply(gg.merge(county.plan, [A, B]), reason="两格合一")
    gone = ({A, B} - set(county.plan.grids)).pop()
    rows = pd.DataFrame(county.store.frame("grids", ("code", "valid_from", "valid_to", "void_reason")))
    (row,) = rows[(rows["code"] == gone)].to_dict("records")
    assert row["void_reason"] == "两格合一"
    # The drawn county may have been founded before midnight, and this merge made after it.
    begun, ended = (str(at)[:10] for at in county.log()["at"])
    assert (row["valid_from"], row["valid_to"]) == (begun, ended)


def test_polygons_of_all_levels_are_kept_up(county: gg.County) -> None:
    county.apply(gg.transfer(county.plan, area((1.5, 0), (2.5, 0), (2.5, 1), (1.5, 1)), B))
    kept = county.store.snapshot()[3]
    assert set(kept) == set(county.plan.grids)
    for code, shape in kept.items():
        own = [p for p, c in zip(county.plan.rows.geometry, county.plan.rows.code, strict=True) if c.startswith(code)]
        assert shapely.equals(shape, shapely.union_all(own))


def test_ids_are_never_used_twice(county: gg.County) -> None:
    seen = set(county.plan.rows.id.tolist())
    for _ in range(3):
        edit = county.apply(halve(county, "B", 2.5))
        fresh = set(edit.added.id.tolist()) - set(edit.removed.id.tolist())
        assert not fresh & seen
        seen |= fresh
        county.undo()


def test_figures_can_be_counted_again(county: gg.County) -> None:
    frame = county.table("buildings")
    county.store.replace_table("buildings", frame.assign(households=2 * frame["households"]))
    county.refresh_figures()
    assert county.plan.figures_of(A)["households"] == 12
    assert verify(county) == []


def test_a_county_is_not_made_over_another(shelf: Shelf) -> None:
    shelf.make(DRAWING)
    with pytest.raises(StoreError, match="已存在"):
        shelf.make(DRAWING)


def test_numbers_come_back_as_numbers(county: gg.County) -> None:
    assert county.plan.rows.figures.dtype == np.int64
    assert county.plan.rows.id.dtype == np.int64
