"""The loop of an incident on every store: found by its id, changed in place, taken back when it is stopped."""

from __future__ import annotations

from typing import Any

import pytest

from gridgis.errors import InputError
from gridgis.incidents.handling import Step, take
from gridgis.incidents.ledger import incident_of, ledger, photo_of, steps_of
from gridgis.incidents.reporting import Report, report
from tests.looped import degrees
from tests.store.conftest import Shelf


def test_a_step_is_kept_wholly_or_not_at_all(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.make("AAB")
    with shelf.open() as county:
        number = str(report(county, Report(*degrees(0.5, 0.5), "公用设施/路灯故障"))["id"])
        other = str(report(county, Report(*degrees(2.5, 0.5), "市容环境/暴露垃圾"))["id"])
        version, hash_before, pulse = county.plan.version, county.plan.hash, county.store.pulse()
        take(county, number, Step("forward"))
        assert incident_of(county, number)["status"] == "forwarded"
        assert incident_of(county, other)["status"] == "reported"
        assert steps_of(county, number)["action"].tolist() == ["submit", "forward"]
        assert sorted(ledger(county)["id"]) == sorted([number, other])

        def stopped(*_: Any) -> int:
            raise RuntimeError("stopped")

        with monkeypatch.context() as patch:
            patch.setattr(county.store, "set_fields", stopped)
            with pytest.raises(RuntimeError):
                take(county, number, Step("handle", handled_in="grid"))
        assert len(steps_of(county, number)) == 2
        take(county, number, Step("handle", handled_in="grid"))
        take(county, number, Step("feedback"))
        assert ledger(county, "closed")["id"].tolist() == [number]
        assert photo_of(county, number) is None
        with pytest.raises(InputError):
            incident_of(county, "' OR 1=1 --")
        # What is counted in cells has not moved, so nobody reads the plan anew for a step.
        assert (county.plan.version, county.plan.hash, county.store.pulse()) == (version, hash_before, pulse)
