"""Automatic plans: in band, in one piece, nothing cut, locks and seeds kept, reproducible; and what becomes of codes."""

from __future__ import annotations

import random
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from gridgis.errors import EditError, InputError, RefusedError
from gridgis.plan import Plan, evolve, invert
from gridgis.propose.adoption import adoption, allot, plan_from_polygons
from gridgis.propose.area import area_of, cells_within
from gridgis.propose.proposing import propose
from gridgis.propose.wanted import Wanted
from tests.drawn import area as drawn_area
from tests.drawn import code_of, drawn, line

COMMUNITY = "350526100001"
ROWS = "\n".join(["AAAAAABB"] * 6)
NINES = "\n".join(["99999999"] * 6)


def table(**tables: Any) -> Any:
    """Return a reader of e-map tables; what is not given is empty."""
    empty = {"roads": ("class", "layer"), "water": ("class",), "places": ("kind",), "buildings": ("id",)}

    def read(name: str, _columns: Any = None, _bounds: Any = None) -> Any:
        if name in tables:
            return tables[name]
        columns: dict[str, Any] = {c: pd.Series([], dtype=object) for c in empty[name]}
        return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries([], crs=4548))

    return read


def lines(*shapes: Any, **columns: str) -> Any:
    return gpd.GeoDataFrame({k: [v] * len(shapes) for k, v in columns.items()} | {"layer": [0] * len(shapes)}, geometry=list(shapes), crs=4548)


def plan_of_nines() -> Plan:
    return drawn(ROWS, homes=NINES)


WANTED = Wanted(band=(60, 120), alternatives=4)


def test_every_alternative_is_in_band_in_one_piece_and_different() -> None:
    plan = plan_of_nines()
    found = propose(plan, table(), COMMUNITY, WANTED)
    assert len(found.alternatives) == 4
    for one in found.alternatives:
        assert one.figures["in_band"] == one.figures["contiguous"] == 1.0
        assert one.frame["households"].sum() == plan.rows.figures[:, 0].sum()
        assert one.frame["households"].between(60, 120).all()
        assert shapely.coverage_is_valid(one.frame.geometry.to_numpy())
        assert shapely.union_all(one.frame.geometry.to_numpy()).equals(plan.grid_geometry(COMMUNITY))
        assert one.frame["code"].is_unique
    assert len({tuple(a.labels) for a in found.alternatives}) == 4


def test_the_same_seed_gives_the_same_proposals() -> None:
    plan = plan_of_nines()
    one, same, other = (propose(plan, table(), COMMUNITY, Wanted(band=(60, 120), seed=s)) for s in (7, 7, 8))
    assert [a.frame.to_json() for a in one.alternatives] == [a.frame.to_json() for a in same.alternatives]
    assert [a.frame.to_json() for a in one.alternatives] != [a.frame.to_json() for a in other.alternatives]


def test_a_river_parts_grids_and_a_bridge_joins_them() -> None:
    plan = drawn("AAAA\nAAAA", homes="9999\n9999")
    river = lines(line((2, -1), (2, 3)), **{"class": "river"})
    area = area_of(plan, table(water=river), cells_within(plan, COMMUNITY, "unit"), "unit")
    assert sorted(len(g) for g in area.groups()) == [4, 4]
    bridge = lines(line((1, 0.5), (3, 0.5)), **{"class": "street"})
    area = area_of(plan, table(water=river, roads=bridge), cells_within(plan, COMMUNITY, "unit"), "unit")
    assert [len(g) for g in area.groups()] == [8]
    railway = lines(line((2, -1), (2, 3)), **{"class": "railway"})
    area = area_of(plan, table(roads=railway), cells_within(plan, COMMUNITY, "unit"), "unit")
    assert sorted(len(g) for g in area.groups()) == [4, 4]


def test_no_compound_or_building_is_cut() -> None:
    plan = plan_of_nines()
    wall = drawn_area((1.5, 1.2), (6.5, 1.2), (6.5, 1.8), (1.5, 1.8))
    places = gpd.GeoDataFrame({"kind": ["compound"]}, geometry=[wall], crs=4548)
    found = propose(plan, table(places=places), COMMUNITY, WANTED)
    for one in found.alternatives:
        assert one.figures["cut"] == 0
        assert sum(g.covers(wall) for g in one.frame.geometry) == 1


def test_a_locked_grid_stays_byte_for_byte() -> None:
    plan = plan_of_nines()
    b = str(code_of("B"))
    found = propose(plan, table(), COMMUNITY, Wanted(band=(60, 120), locked=(b,)))
    for one in found.alternatives:
        row = one.frame[one.frame["code"] == b].iloc[0]
        assert row["status"] == "locked"
        assert row.geometry.wkb == plan.grid_geometry(b).wkb
        rows, labels = plan_from_polygons(plan, one.frame.geometry.to_numpy())
        after = evolve(plan, adoption(plan, "unit", rows, labels))
        assert after.grids[b] == plan.grids[b]
        assert after.grid_geometry(b).wkb == plan.grid_geometry(b).wkb


def test_a_drawn_area_says_what_it_leaves_of_grids_it_takes_a_part_of() -> None:
    plan = drawn("AAAAAA", homes="999999")
    part = Wanted(band=(10, 40), alternatives=1)
    whole = propose(plan, table(), drawn_area((-1, -1), (7, -1), (7, 2), (-1, 2)), part)
    edge = propose(plan, table(), drawn_area((-1, -1), (3, -1), (3, 2), (-1, 2)), part)
    middle = propose(plan, table(), drawn_area((2, -1), (4, -1), (4, 2), (2, 2)), part)
    said = [[en for _, en in p.notes if "only a part" in en] for p in (whole, edge, middle)]
    assert [len(s) for s in said] == [0, 1, 1]
    assert "falls apart" not in said[1][0]
    assert f"that of {code_of('A')} falls apart" in said[2][0]
    assert middle.alternatives[0].frame["households"].sum() == plan.rows.figures[2:4, 0].sum()


def test_seeds_get_a_grid_each() -> None:
    plan = plan_of_nines()
    points = np.array([shapely.get_coordinates(line((0.5, 0.5), (1.5, 0.5), (2.5, 0.5)))]).reshape(-1, 2)
    for one in propose(plan, table(), COMMUNITY, Wanted(band=(60, 120), around=points)).alternatives:
        held = [int(g.contains(shapely.points(points)).sum()) for g in one.frame.geometry]
        assert max(held) == 1


def test_weights_other_than_households() -> None:
    plan = plan_of_nines()
    found = propose(plan, table(), COMMUNITY, Wanted(band=(120, 240), weight="persons"))
    assert all(a.frame["persons"].between(120, 240).all() for a in found.alternatives)


def test_what_cannot_be_had_is_said() -> None:
    plan = plan_of_nines()
    with pytest.raises(InputError, match="没有规模要求"):
        propose(plan, table(), COMMUNITY)
    with pytest.raises(InputError, match="不可用"):
        propose(plan, table(), COMMUNITY, Wanted(band=(9, 3)))
    with pytest.raises(InputError, match="更细的一级"):
        propose(plan, table(), str(code_of("A")), WANTED)
    with pytest.raises(InputError, match="没有基元"):
        propose(plan, table(), drawn_area((90, 90), (91, 90), (91, 91)), WANTED)
    found = propose(plan, table(), COMMUNITY, Wanted(band=(250, 260), alternatives=1))
    assert any("分不成" in zh for zh, _ in found.notes)
    assert found.alternatives[0].figures["in_band"] < 1


def test_a_run_can_be_stopped() -> None:
    def stop(share: float, _words: str) -> None:
        if share > 0.3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        propose(plan_of_nines(), table(), COMMUNITY, WANTED, stop)


def test_codes_stay_where_most_households_stay() -> None:
    plan = plan_of_nines()
    rows = np.arange(len(plan.rows))
    x = shapely.get_x(shapely.centroid(plan.rows.geometry))
    # Three columns of two: A keeps the largest share it has, B what is left of it.
    labels = np.digitize(x, np.sort(np.unique(x))[[3, 6]])
    found = allot(plan, "unit", rows, labels)
    assert found.codes[2] == code_of("B")
    assert sorted(found.codes.values()) == [code_of("A"), code_of("B"), f"{COMMUNITY}003"]
    assert found.moved == 27 * 6
    edit = adoption(plan, "unit", rows, labels)
    after = evolve(plan, edit)
    assert edit.created == (f"{COMMUNITY}003",)
    assert {c: after.figures_of(c)["households"] for c in after.codes("unit")} == {c: 9 * 6 * n for c, n in (
        (code_of("A"), 3), (code_of("B"), 2), (f"{COMMUNITY}003", 3))}  # fmt: skip
    assert evolve(after, invert(edit)).hash == plan.hash
    with pytest.raises(EditError, match="完全相同"):
        adoption(plan, "unit", rows, (x > np.sort(np.unique(x))[5]).astype(np.int64))


def test_numbers_come_from_the_ledger_and_random_divisions_are_sound() -> None:
    plan = plan_of_nines()
    rng = random.Random(3)
    rows = np.arange(len(plan.rows))
    for _ in range(8):
        x, y = shapely.get_coordinates(shapely.centroid(plan.rows.geometry)).T
        labels = (x > rng.choice(x)).astype(np.int64) + 2 * (y > rng.choice(y))
        try:
            edit = adoption(plan, "unit", rows, labels)
        except EditError:
            continue
        assert not set(edit.created) & plan.ledger
        after = evolve(plan, edit)
        assert len(after.codes("unit")) == len(np.unique(labels))
        assert evolve(after, invert(edit)).hash == plan.hash
        plan = after


def test_a_layer_that_cuts_cells_or_crosses_parents_is_refused() -> None:
    plan = drawn("AAaa\nAAaa", homes="9999\n9999")
    with pytest.raises(RefusedError, match="切开"):
        plan_from_polygons(plan, np.array([drawn_area((0, 0), (1.5, 0), (1.5, 2), (0, 2))], dtype=object))
    with pytest.raises(RefusedError, match="重叠"):
        plan_from_polygons(plan, np.array([plan.outline, plan.outline], dtype=object))
    rows, labels = plan_from_polygons(plan, np.array([drawn_area((1, 0), (3, 0), (3, 2), (1, 2))], dtype=object))
    with pytest.raises(EditError, match="跨上级界线"):
        adoption(plan, "unit", rows, labels)
