"""Each judge of the properties, seen to fail: a fault is planted in the kernel, and random histories must find it.

The guards of the kernel refuse most of these faults themselves, which is tested too; here they are
switched off, so that the fault reaches the judges.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import shapely

import gridgis as gg
from gridgis import cells, codes, plan, topology
from gridgis.allotted import Ledger
from gridgis.errors import CoverageError
from gridgis.pointindex import assign
from gridgis.redraw import changes
from gridgis.schema import metres
from tests.drawn import area, code_of, drawn, line
from tests.properties import moves

DRAWING = [0, 0, 1, 4, 0, 2, 1, 4, 3, 2, 2, 5]
Patch = pytest.MonkeyPatch


def violations(strength: int = 1) -> list[str]:
    """Return what the judges say of random histories, until the first one that they find fault with."""
    for seed in range(60):
        bad = moves.run(DRAWING, 4, strength, moves.random_moves(seed, 9)).bad
        if bad:
            return bad
    return []


def without_guards(patch: Patch) -> None:
    patch.setattr(changes, "require_conserved", lambda _plan, _edit: None)


def test_without_a_fault_the_judges_are_silent() -> None:
    assert violations() == []


def only_targets_noded(real: Callable[..., topology.Cut]) -> Callable[..., topology.Cut]:
    def cut(polygons: Any, targets: Any, path: Any) -> topology.Cut:
        done = real(polygons, targets, path)
        kept = {k: p for k, p in done.noded.items() if k in set(targets)}
        return topology.Cut(done.pieces, kept, done.seams)

    return cut


def test_fault_neighbours_do_not_receive_the_vertices(monkeypatch: Patch) -> None:
    monkeypatch.setattr(topology, "cut", only_targets_noded(topology.cut))
    without_guards(monkeypatch)
    assert any("no coverage" in w for w in violations())


def test_the_guard_refuses_neighbours_without_the_vertices(monkeypatch: Patch) -> None:
    monkeypatch.setattr(topology, "cut", only_targets_noded(topology.cut))
    with pytest.raises(CoverageError):
        gg.split(drawn("AB\nCD"), str(code_of("A")), line((0.5, -1), (0.5, 2)))


def test_fault_a_piece_of_a_cut_is_lost(monkeypatch: Patch) -> None:
    real = topology.cut

    def cut(*given: Any) -> topology.Cut:
        done = real(*given)
        return topology.Cut(done.pieces[:-1] if len(done.pieces) > 2 else done.pieces, done.noded, done.seams)

    monkeypatch.setattr(topology, "cut", cut)
    with pytest.raises(CoverageError):
        gg.split(drawn("AA\nBC"), str(code_of("A")), line((-1, 0.5), (3, 0.5)))
    without_guards(monkeypatch)
    assert any("not the outline" in w for w in violations())


def test_fault_vertices_off_the_lattice(monkeypatch: Patch) -> None:
    monkeypatch.setattr(topology, "metres", lambda xy: np.asarray(xy / 1000 + 0.0004))
    without_guards(monkeypatch)
    assert any("off the lattice" in w for w in violations())


def test_fault_a_void_code_is_given_again(monkeypatch: Patch) -> None:
    real = gg.evolve

    def forgetful(before: gg.Plan, edit: gg.Edit) -> gg.Plan:
        after = real(before, edit)
        return replace(after, ledger=Ledger(after.grids))

    monkeypatch.setattr(gg, "evolve", forgetful)
    assert any("a second time" in w for w in violations())


def test_fault_new_codes_hold_full_width_digits(monkeypatch: Patch) -> None:
    real = codes.next_code
    monkeypatch.setattr(codes, "next_code", lambda *given: real(*given)[:-1] + chr(0xFF10 + int(real(*given)[-1])))
    assert any("malformed" in w for w in violations())


def test_fault_new_codes_lie_under_no_parent(monkeypatch: Patch) -> None:
    real = codes.next_code
    monkeypatch.setattr(codes, "next_code", lambda *given: "99" + real(*given)[2:])
    assert any("no living parent" in w for w in violations())


def test_fault_new_grids_without_their_row(monkeypatch: Patch) -> None:
    real = changes._new_grids
    monkeypatch.setattr(changes, "_new_grids", lambda *given: real(*given)[1:])
    assert any("code no grid" in w for w in violations())


def test_fault_emptied_grids_live_on(monkeypatch: Patch) -> None:
    monkeypatch.setattr(changes, "_emptied", lambda *_: [])
    assert any("has no cell" in w for w in violations())


def on_edges(wrong: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """Return `assign.owners` with another answer for points that touch several polygons."""
    real = assign.owners

    def owners(squares: Any, polygons: Any, points: Any) -> Any:
        out = real(squares, polygons, points)
        poly, point = shapely.STRtree(shapely.points(metres(points))).query(polygons, predicate="intersects")
        for p in np.flatnonzero(np.bincount(point, minlength=len(out)) > 1).tolist():
            out[p] = wrong(out[p], poly[point == p])
        return out

    return owners


def test_fault_the_winner_of_a_tie_depends_on_row_order(monkeypatch: Patch) -> None:
    monkeypatch.setattr(assign, "owners", on_edges(lambda _right, touching: int(touching.max())))
    without_guards(monkeypatch)
    # On straight squares many houses stand on edges and corners.
    assert any("totals are" in w for w in violations(0))


def test_fault_points_on_edges_count_nowhere(monkeypatch: Patch) -> None:
    monkeypatch.setattr(assign, "owners", on_edges(lambda *_: -1))
    assert any("totals are" in w for w in violations(0))


def test_fault_houses_count_in_the_wrong_cell(monkeypatch: Patch) -> None:
    real = changes.tally
    monkeypatch.setattr(changes, "tally", lambda *given: real(*given)[::-1])
    assert any("does not count the houses" in w for w in violations())


def test_fault_a_house_is_lost(monkeypatch: Patch) -> None:
    real = changes.tally
    monkeypatch.setattr(changes, "tally", lambda *given: np.maximum(real(*given) - 1, 0))
    with pytest.raises(CoverageError):
        gg.split(drawn("AB"), str(code_of("A")), line((0.5, -1), (0.5, 2)))
    without_guards(monkeypatch)
    assert any("totals are" in w for w in violations())


def test_fault_evolve_forgets_a_row(monkeypatch: Patch) -> None:
    real = gg.evolve

    def forgetful(before: gg.Plan, edit: gg.Edit) -> gg.Plan:
        return real(before, replace(edit, added=edit.added.take(slice(0, -1))))

    monkeypatch.setattr(gg, "evolve", forgetful)
    assert any("not the outline" in w for w in violations())


def test_fault_a_vertex_far_away_moves(monkeypatch: Patch) -> None:
    """The corner moves in all cells that own it, so the coverage stays valid and only the bytes tell."""
    real = gg.evolve

    def nudging(before: gg.Plan, edit: gg.Edit) -> gg.Plan:
        after = real(before, edit)
        return replace(after, rows=nudged(after.rows)) if edit.kind == "split" else after

    monkeypatch.setattr(gg, "evolve", nudging)
    assert any("under the same id" in w for w in violations(0))


def nudged(rows: cells.Cells) -> cells.Cells:
    corner = shapely.get_coordinates(rows.geometry[0])[0]
    moved = shapely.transform(rows.geometry, lambda xy: np.where((xy == corner).all(axis=1)[:, None], xy + 0.001, xy))
    return rows.of(rows.id, rows.code, moved, rows.figures)


def test_fault_undo_forgets_the_grids(monkeypatch: Patch) -> None:
    real = gg.invert
    monkeypatch.setattr(gg, "invert", lambda edit: replace(real(edit), grids_removed=()))
    assert any("undo of" in w and "grids differ" in w for w in violations())


def test_fault_undo_brings_back_other_figures(monkeypatch: Patch) -> None:
    real = gg.invert

    def careless(edit: gg.Edit) -> gg.Edit:
        back = real(edit)
        return replace(
            back, added=back.added.of(back.added.id, back.added.code, back.added.geometry, back.added.figures * 0)
        )

    monkeypatch.setattr(gg, "invert", careless)
    assert any("undo of" in w and "figures differ" in w for w in violations())


def test_fault_the_hash_counts_ids(monkeypatch: Patch) -> None:
    real = cells.cells_digest
    for module in (plan, cells):
        monkeypatch.setattr(module, "cells_digest", lambda rows: real(rows) + int(rows.id.sum()))
    assert any("other ids: the hash differs" in w for w in violations())


def test_fault_the_hash_is_not_kept_up(monkeypatch: Patch) -> None:
    real = gg.evolve
    monkeypatch.setattr(gg, "evolve", lambda before, edit: replace(real(before, edit), digest=before.digest))
    assert any("the hash differs" in w for w in violations())


def test_fault_replay_skips_an_edit() -> None:
    history = moves.run(DRAWING, 4, 1, moves.random_moves(1, 6))
    assert history.bad == []
    assert len(history.edits) > 1
    del history.edits[0]
    history.judge_whole()
    assert any(w.startswith("replay") for w in history.bad)


def test_fault_a_cell_moves_that_was_not_named(monkeypatch: Patch) -> None:
    real = gg.paint
    # The planner names some cells, the kernel takes the first of the county along.
    monkeypatch.setattr(gg, "paint", lambda plan, ids, to, **more: with_command(real(plan, [*ids, 1], to, **more), ids))
    assert any("does not name" in w for w in violations())


def with_command(edit: gg.Edit, ids: list[int]) -> gg.Edit:
    return replace(edit, command={**edit.command, "paint": ids})


def test_fault_more_ground_moves_than_was_drawn(monkeypatch: Patch) -> None:
    real = gg.transfer
    monkeypatch.setattr(gg, "transfer", lambda plan, shape, to, **more: real(plan, shape.buffer(40), to, **more))
    assert any("does not name" in w for w in violations())


def test_fault_a_cell_far_from_the_line_is_drawn_anew() -> None:
    """Same ground, same code, another id: nothing is wrong but that the edit touched it."""
    plan = drawn("AAB\nCCC", homes="111\n111")
    split = gg.split(plan, str(code_of("B")), line((2.5, -1), (2.5, 0.5), (4, 0.5)))
    first = plan.rows.take([0])
    fresh = first.of([99], first.code, first.geometry, first.figures)
    both = replace(
        split, removed=split.removed.merged(first.id * 0, first), added=split.added.merged(fresh.id * 0, fresh)
    )
    now = moves.judge.picture(gg.evolve(plan, both))
    bad = moves.judge.untouched(moves.judge.picture(plan), now, line((2.5, -1), (2.5, 0.5), (4, 0.5)))
    assert any("far from the line" in w for w in bad)


def test_fault_an_edit_that_draws_nothing_redraws() -> None:
    plan = drawn("AB\nCD")
    edit = gg.transfer(plan, area((0.5, 0), (1, 0), (1, 1), (0.5, 1)), str(code_of("B")))
    now = moves.judge.picture(gg.evolve(plan, edit))
    assert moves.judge.untouched(moves.judge.picture(plan), now, None) == [
        "geometry changed in an edit that draws nothing"
    ]
