"""The raster of a plan through edits, undo and threads: always what a fresh one would say."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely

import gridgis as gg
from gridgis import ground
from gridgis.cells import Cells
from gridgis.errors import GridgisError
from gridgis.history import version_on
from gridgis.plan import Plan
from gridgis.pointindex.assign import assign
from gridgis.schema import mm
from tests.drawn import SIDE, at, code_of, drawn, drawn_county, line, patchwork

A, B, D = (str(code_of(c)) for c in "ABD")
SIZE = 14


def points(n: int, seed: int) -> np.ndarray:
    """Return points of which a third lie on edges and corners of the drawing, and some outside."""
    rng = np.random.default_rng(seed)
    places = rng.uniform(-0.5, SIZE + 0.5, (n, 2))
    places[: n // 3, 0] = np.round(places[: n // 3, 0])
    places[n // 6 : n // 3, 1] = np.round(places[n // 6 : n // 3, 1])
    return np.array(at(0, 0)) + places * [SIDE, -SIDE]


def random_edit(plan: Plan, rng: np.random.Generator) -> gg.Edit | None:
    """Return a cut, a painting or a merge somewhere, None where the kernel refuses."""
    kind = rng.integers(0, 4)
    some = str(rng.choice(plan.leaf_codes))
    try:
        if kind < 2:
            low = rng.uniform(0, SIZE - 3, 2)
            turn = rng.uniform(0.2, 2.8, 2) * (1 if kind else -1)
            x0, y0, x1, y1 = plan.grid_geometry(some).bounds
            middle = np.array([(x0 + x1) / 2, (y0 + y1) / 2]) + rng.uniform(-20, 20, 2)
            way = np.array([np.cos(turn[0]), np.sin(turn[0])]) * SIDE * 9
            return gg.split(plan, some, shapely.LineString([middle - way, middle + low * 0.01, middle + way]))
        ids = plan.cell_ids(some)
        other = str(rng.choice(plan.leaf_codes))
        if kind == 2:
            return gg.paint(plan, [int(rng.choice(ids))], other)
        return gg.merge(plan, [some, other])
    except GridgisError:
        return None


def test_after_two_hundred_random_edits_the_mended_raster_equals_a_fresh_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ground, "_SHARE_MENDED", 0.6)
    plan, rng = drawn(patchwork(SIZE, SIZE), elements=False), np.random.default_rng(11)
    gg.locate(plan, points(10, 0))
    history, mended, made = [], 0, 0
    while made < 200:
        edit = gg.invert(history.pop()) if history and rng.random() < 0.4 else random_edit(plan, rng)
        if edit is None:
            continue
        before, plan = plan, gg.evolve(plan, edit)
        history += [] if edit.kind == "undo" else [replace(edit, version=plan.version)]
        made += 1
        # Not every plan is asked, so that several edits come together.
        if made % 3 == 0:
            asked = points(900, made)
            assert (plan.owners(asked) == assign(mm(asked), plan.rows.geometry)).all(), made
            mended += (
                plan.ground is not None and plan.ground._state is not None and plan.ground._state.patch is not None
            )
            assert before.ground is not plan.ground
    assert mended > 20
    assert len(plan.rows) > SIZE * SIZE


def test_an_edit_leaves_the_raster_of_the_plan_before_alone() -> None:
    plan = drawn(patchwork(SIZE, SIZE), elements=False)
    asked = points(500, 1)
    told = gg.locate(plan, asked)
    after = gg.evolve(plan, gg.split(plan, A, line((1.4, -1), (1.6, 4))))
    assert not gg.locate(after, asked).equals(told)
    assert gg.locate(plan, asked).equals(told)


def test_ground_that_is_taken_away_belongs_to_nobody() -> None:
    rows = drawn(patchwork(SIZE, SIZE), elements=False).rows
    first = ground.Ground(rows)
    asked = points(600, 5)
    first.owners(asked)
    some = rows.id[3:9]
    left = rows.merged(some, Cells.none())
    after = first.after(rows.take(np.isin(rows.id, some)), Cells.none(), left)
    found = after.owners(asked)
    assert after._state is not None
    assert after._state.patch is not None
    assert (found == assign(mm(asked), left.geometry)).all()


def test_the_raster_is_made_once() -> None:
    plan = drawn("AB")
    assert plan.ground is not None
    gg.locate(plan, points(5, 1))
    first = plan.ground._state
    gg.locate(plan, points(5, 2))
    assert plan.ground._state is first


def test_a_plan_whose_rows_were_exchanged_does_not_answer_from_the_old_raster() -> None:
    plan, other = drawn("AAB"), drawn("BAA")
    gg.locate(plan, points(5, 1))
    swapped = replace(plan, rows=other.rows)
    assert gg.locate(swapped, np.array([at(0.5, 0.5)])).tolist() == [B]


def test_many_threads_get_the_same_answer() -> None:
    plan = drawn(patchwork(SIZE, SIZE), elements=False)
    asked = points(3000, 3)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: plan.owners(asked), range(16)))
    assert all((f == found[0]).all() for f in found)


def test_locate_as_of_a_version_and_a_date(tmp_path: Path) -> None:
    with gg.open_county(drawn_county(tmp_path / "c.gpkg", "AAB\nCC.")) as county:
        county.apply(gg.split(county.plan, B, line((2.5, -1), (2.5, 1))))
        day = str(county.log()["at"].iloc[-1])[:10]
        asked = np.array([at(2.25, 0.5), at(2.75, 0.5)])
        assert gg.locate(county.plan_at(1), asked).tolist() == [B, B]
        assert set(gg.locate(county.plan_at(version_on(county.log(), day)), asked)) == {B, D}


def test_codes_of_every_level_by_prefix() -> None:
    plan = drawn("AAB\nCC.")
    found = gg.locate_levels(plan, np.array([at(0.5, 0.5), at(2.5, 1.5), at(9, 9)]))
    assert list(found.columns) == list(plan.scheme.level_keys)
    assert found.iloc[0].tolist() == [A[:9], A[:12], A]
    assert found.iloc[1:].isna().all(axis=None)
