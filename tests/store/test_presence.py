"""Who is editing where: on every kind of store, forgotten after a minute, unknown to the plan."""

from __future__ import annotations

import pytest

from gridgis.store import presence
from gridgis.store.presence import Present
from tests.store.conftest import Shelf

ONE, TWO = Present("李", "350526100001001"), Present("王", "350526100001002")


def test_presence_comes_and_goes(shelf: Shelf) -> None:
    shelf.make("AB")
    shelf.make("AB", name="other")
    county, other = shelf.open(), shelf.open("other")
    version, print_ = county.version, county.plan.hash
    assert presence.present(county.store) == []
    presence.leave(county.store, "nobody")
    presence.announce(county.store, "one", ONE)
    presence.announce(county.store, "two", ONE)
    presence.announce(county.store, "two", TWO)
    assert presence.present(county.store, "one") == [TWO]
    assert sorted(presence.present(county.store)) == sorted([ONE, TWO])
    assert presence.present(other.store) == [], "a county beside it is another county"
    presence.leave(county.store, "two")
    assert presence.present(county.store, "one") == []
    assert (county.version, county.plan.hash) == (version, print_)


def test_silent_for_a_minute_is_gone(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.make("AB")
    store = shelf.open().store
    presence.announce(store, "one", ONE)
    now = presence._now
    monkeypatch.setattr(presence, "_now", lambda c: now(c) + presence.KEPT_S + 1)
    assert presence.present(store) == []
    presence.announce(store, "two", TWO)
    monkeypatch.setattr(presence, "_now", now)
    assert presence.present(store) == [TWO]
