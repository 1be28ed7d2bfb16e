"""Drafts and published versions on every kind of store: kept, combined, carried along by a copy, unchangeable."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

import gridgis as gg
from gridgis.branches import branches, combine, open_branch, start_branch
from gridgis.errors import GridgisError
from gridgis.publishing import approvals, approve, publications, publish
from gridgis.store.building import copy_store
from gridgis.verify import verify
from tests.drawn import cell_at, code_of, line
from tests.store.conftest import Shelf

DRAWING = "AAABB\nAAABB\nCCCDD"
A, B, C, D = (str(code_of(c)) for c in "ABCD")
WORDS = {"by": "王", "approved_by": "陈", "reason": "试"}


def worked(shelf: Shelf) -> gg.County:
    """Return a county with a draft of three edits, an approval, a merge and a publication."""
    shelf.make(DRAWING)
    county = shelf.open()
    start_branch(county, "春")
    draft = open_branch(county, "春")
    draft.apply(gg.split(draft.plan, A, line((1, -1), (1, 3))))
    draft.apply(gg.merge(draft.plan, [C, D]))
    draft.undo()
    county.apply(gg.split(county.plan, B, line((4, -1), (4, 2.2))))
    approve(county, "春", "community", by="王")
    combine(county, "春")
    publish(county, words=WORDS)
    return county


def test_drafts_are_kept_combined_and_published(shelf: Shelf) -> None:
    county = worked(shelf)
    assert [(b.state, b.edits) for b in branches(county)] == [("combined", 3)]
    assert county.store.edit(3).command["renamed"]
    assert publications(county)[0].hash == county.plan.hash
    assert verify(county) == []


@pytest.mark.parametrize("statement", ["UPDATE publications SET reason = 'x'", "DELETE FROM branch_edits"])
def test_the_store_refuses_to_change_what_is_official(shelf: Shelf, statement: str) -> None:
    county = worked(shelf)
    with pytest.raises((DBAPIError, GridgisError), match="never changed"), county.store._writing() as c:
        c.execute(text(statement))
    assert verify(county) == []


def test_a_copy_carries_drafts_approvals_and_publications_along(shelf: Shelf) -> None:
    county = worked(shelf)
    if shelf.kind == "memory":
        pytest.skip("a county in memory is not copied")
    copy_store(county.store, shelf.place("copy"))
    copy = shelf.open("copy")
    assert publications(copy) == publications(county)
    assert branches(copy) == branches(county)
    assert approvals(copy, "春") == {"community": "approved"}
    assert open_branch(copy, "春").plan.hash == open_branch(county, "春").plan.hash
    start_branch(copy, "夏")
    draft = open_branch(copy, "夏")
    draft.apply(gg.paint(draft.plan, [cell_at(draft.plan, 2.5, 0.5)], B))
    approve(copy, "夏", "community", by="李")
    assert combine(copy, "夏")[1] is not None
    assert verify(copy) == []
