"""After any edit the check of the neighbourhood answers what a full check answers, rule by rule."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest
import shapely

import gridgis as gg
from gridgis.checks.incremental import Checked, Supposed
from gridgis.errors import GridgisError
from tests.drawn import area, at, code_of, drawn_county, line, tamper
from tests.properties import moves
from tests.unit.test_checks_shape import HEAD, TODAY, URBAN

DRAWING = """
AAABB.
ACCBBb
ACcBab
aacaab
"""


def _crowded(path: Path) -> Path:
    """Write a county in which nearly every rule has something to find, and edits change what."""
    houses = [area((k % 6 + 0.6, k // 6 + 0.3), (k % 6 + 1.1, k // 6 + 0.3), (k % 6 + 1.1, k // 6 + 0.6), (k % 6 + 0.6, k // 6 + 0.6))
              for k in range(0, 24) if k % 6 < 5]  # fmt: skip
    buildings = pd.DataFrame({"id": [f"b{k}" for k in range(len(houses))], "geometry": houses})
    buildings["households"] = [1 + k % 3 for k in range(len(houses))]
    buildings["persons"] = 2 * buildings["households"]
    roads = pd.DataFrame({
        "id": ["r1", "r2", "r3"], "name": "", "geometry": [line((0, 1), (4, 1)), line((3, 0), (3, 4)), line((0, 2.5), (6, 2.5))],
    })  # fmt: skip
    yard = area((1.5, 1.5), (2.5, 1.5), (2.5, 2.5), (1.5, 2.5))
    places = pd.DataFrame({
        "id": ["p1", "p2", "p3"], "kind": ["station", "compound", "school"], "name": ["站", "园", "校"],
        "geometry": [shapely.Point(at(3, 0.2)), yard, shapely.Point(at(5.5, 0.5))],
    })  # fmt: skip
    tracks = pd.DataFrame({"id": ["t1"], "staff": [""], "since": [TODAY], "until": [TODAY], "geometry": [line((0, 1), (2, 1))]})
    more = {"buildings": buildings, "roads": roads, "places": places, "tracks": tracks}
    return tamper(
        drawn_county(path, DRAWING, more=more), URBAN, "UPDATE grids SET name = '同名' WHERE level = 'unit'",
        f"UPDATE meta SET value = replace(replace(value, '{HEAD}', '{HEAD}, required = true'), 'minutes = 15', 'minutes = 2')",
        "INSERT INTO staff (id, name) VALUES ('s1', '林一')",
        f"INSERT INTO postings (id, role, code, staff) VALUES ('p1', 'building_head', '{code_of('A')}', 's1')",
    )  # fmt: skip


class Held(Supposed):
    """A county with another plan, whose tables are read once: these edits are never stored, so nothing else changes."""

    def __init__(self, county: gg.County, plan: gg.Plan, tables: dict[object, pd.DataFrame]) -> None:
        super().__init__(county, plan)
        self._tables = tables

    def table(self, name: str, columns: Sequence[str] | None = None, bounds: Sequence[float] | None = None) -> pd.DataFrame:
        if bounds is not None:
            return self._county.table(name, columns, bounds)
        key = name, None if columns is None else tuple(columns)
        if key not in self._tables:
            self._tables[key] = self._county.table(name, columns)
        return self._tables[key].copy(deep=False)


def _compared(path: Path, edits: int, seed: int) -> tuple[int, set[str], list[str]]:
    """Return edits done, rules that found anything, and where the two checks differ."""
    draw = random.Random(seed)
    seen: set[str] = set()
    tables: dict[object, pd.DataFrame] = {}
    with gg.open_county(path) as county:
        plan, start = county.plan, county.plan
        checked = Checked.of(county)
        done, wrong = 0, []
        while done < edits and not wrong:
            numbers = tuple(draw.randint(0, 24) for _ in range(moves.MOVE_LENGTH))
            kind = moves.KINDS[numbers[0] % len(moves.KINDS)]
            if kind == "undo":
                continue
            try:
                plan = gg.evolve(plan, moves.asked(plan, kind, numbers)[0])
            except GridgisError:
                continue
            now = Held(county, plan, tables)
            checked, full = checked.again(now), Checked.of(now)
            wrong = [f"edit {done}, {kind}: {rule}" for rule, found in full.found.items() if checked.found[rule] != found]
            seen |= {rule for rule, found in full.found.items() if found}
            done += 1
            # A county of crumbs is not interesting: begin again.
            plan = start if len(plan.rows) > 120 else plan
    return done, seen, wrong


def test_random_edits(tmp_path: Path) -> None:
    done, seen, wrong = _compared(_crowded(tmp_path / "c.gpkg"), 60, 1)
    assert wrong == []
    assert done == 60
    assert len(seen) >= 15, sorted(seen)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", [2, 3, 4, 5])
def test_a_thousand_random_edits(tmp_path: Path, seed: int) -> None:
    """Four histories of 250 edits each, so that two cores can share them."""
    done, seen, wrong = _compared(_crowded(tmp_path / "c.gpkg"), 250, seed)
    print(f"seed {seed}: {done} edits, {len(seen)} rules found something: {', '.join(sorted(seen))}; differences: {len(wrong)}")
    assert wrong == []
    assert done == 250


def test_a_focus_that_forgets_the_neighbours_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted fault: what is near the ground is not looked at again."""
    from gridgis.checks import incremental

    real = incremental.what_changed

    def blind(before: gg.Plan, now: gg.Plan) -> object:
        focus = real(before, now)
        return type(focus)(frozenset(sorted(focus.codes)[:1]), focus.gone, focus.come, focus.ground[:1])

    monkeypatch.setattr(incremental, "what_changed", blind)
    assert _compared(_crowded(tmp_path / "c.gpkg"), 60, 1)[2]
