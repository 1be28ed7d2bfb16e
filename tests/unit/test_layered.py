"""Mappings and ledgers that are cheap to have once more with a little changed: as a plain dict and a plain set would be."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from gridgis.allotted import Ledger
from gridgis.cells import Cells
from gridgis.layered import Layered
from tests.drawn import drawn


def test_changes_leave_the_earlier_mapping_as_it_was() -> None:
    rng = np.random.default_rng(3)
    plain: dict[int, int] = {k: k for k in range(50)}
    layered = Layered.of(plain)
    for step in range(700):
        gone, come = rng.integers(0, 80, 3).tolist(), rng.integers(0, 80, 3).tolist()
        before, held = dict(plain), layered
        plain = {k: v for k, v in plain.items() if k not in gone} | dict.fromkeys(come, step)
        layered = layered.changed(gone, [(k, step) for k in come])
        assert dict(held.items()) == before
        assert dict(layered.items()) == plain
        assert (len(layered), 7 in layered, layered.get(81)) == (len(plain), 7 in plain, None)
    assert dict(pickle.loads(pickle.dumps(layered))) == plain
    layered[99] = 1
    del layered[99]
    assert 99 not in layered
    with pytest.raises(KeyError):
        del layered[99]
    with pytest.raises(KeyError):
        _ = layered[99]


def test_a_ledger_is_a_set_that_knows_what_lies_under_a_stem() -> None:
    ledger = Ledger(["3505", "35050", "350501", "350502", "3506"])
    more = ledger.with_codes(["350503", "3505"])
    assert (set(more), len(ledger), ledger.with_codes(["3506"])) == ({*ledger, "350503"}, 5, ledger)
    assert more.under("3505", 6) == {"350501", "350502", "350503"}
    assert "350503" in more
    assert "350503" not in ledger
    assert 3505 not in ledger
    assert pickle.loads(pickle.dumps(more)) == more
    assert hash(Ledger(more)) == hash(more)


def test_rows_are_put_in_and_taken_out_in_order() -> None:
    rng = np.random.default_rng(4)
    rows = drawn("AABBCC\nAABBCC").rows
    for _ in range(200):
        gone = np.unique(rng.integers(0, 16, 4))
        new = np.unique(rng.integers(0, 16, 5))
        new = new[np.isin(new, gone) | ~np.isin(new, rows.id)]
        shapes = rows.geometry[rng.integers(0, len(rows), len(new))]
        added = Cells.of(new, [f"n{k}" for k in new], shapes, np.tile(new[:, None], (1, 6)))
        found = rows.merged(gone, added)
        expected = {i: (c, g) for i, c, g in zip(rows.id, rows.code, rows.geometry, strict=True) if i not in gone}
        expected |= {i: (c, g) for i, c, g in zip(added.id, added.code, added.geometry, strict=True)}
        assert found.id.tolist() == sorted(expected)
        assert [(c, g) for c, g in zip(found.code, found.geometry, strict=True)] == [expected[i] for i in sorted(expected)]
        assert found.figures.shape == (len(expected), 6)
