"""Cells on demand on seeded random ground: crooked grids, roads at any angle, houses across them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import gridgis as gg
from gridgis.errors import EditError
from gridgis.founding import Founding, found
from gridgis.plan import Plan, evolve, invert
from gridgis.schema import to_lattice
from gridgis.subdividing import seaming
from gridgis.subdividing.celling import Division, divide
from gridgis.subdividing.linework import Linework, linework
from gridgis.verify import verify
from tests.drawn import COUNTY, EAST, EPSG, NORTH, SIDE, code_of, grids_of, plan_of, squares

WIDE = 5
GAPS_M = 0.01


def warped(shape: Any, phase: float) -> Any:
    """Return a shape on crooked ground: one place goes to one place, whatever it belongs to."""

    def move(xy: np.ndarray) -> np.ndarray:
        x, y = xy[:, 0] - EAST, xy[:, 1] - NORTH
        return xy + np.column_stack([14 * np.sin(y / 71 + phase), 11 * np.sin(x / 57 - phase)])

    return to_lattice(shapely.transform(shapely.segmentize(shape, 37.0), move))


def ground(seed: int) -> tuple[list[tuple[str, Any]], list[Any], list[Any]]:
    """Return (letter, polygon) of cells, roads and houses."""
    rng = np.random.default_rng(seed)
    drawing = "\n".join("".join(rng.choice(list("AABBC.d"), WIDE)) for _ in range(WIDE))
    boxes = [(c, warped(p, seed)) for c, p in squares(drawing)]
    whole = [(c, shapely.coverage_union_all([p for d, p in boxes if d == c])) for c in sorted(set(drawing) - {"\n"})]
    parts = [(c, p) for c, union in whole for p in shapely.get_parts(union)]
    size = WIDE * SIDE
    xy = rng.uniform(-0.1, 1.1, (9, 4, 2)) * size
    roads = [shapely.LineString(np.column_stack([EAST + p[:, 0], NORTH - p[:, 1]])) for p in xy]
    # Some roads run along what is there already.
    roads += [shapely.transform(shapely.LineString(parts[0][1].exterior), lambda c: c + rng.normal(0, 0.02, c.shape))]
    where = [r.interpolate(rng.uniform(), normalized=True) for r in rng.choice(np.array(roads, object), 40)]
    houses = []
    for p in where:
        w, h, turn = rng.uniform(3, 14), rng.uniform(3, 14), rng.uniform(0, 90)
        x, y = p.x + rng.normal(0, 6), p.y + rng.normal(0, 6)
        houses.append(to_lattice(shapely.affinity.rotate(shapely.box(x - w, y - h, x + w, y + h), turn)))
    outline = shapely.union_all([p for _, p in parts])
    return parts, roads, [h for h in houses if shapely.intersects(outline, h)]


def frame_of(houses: list[Any]) -> pd.DataFrame:
    middle = shapely.get_coordinates(shapely.point_on_surface(houses))
    n = np.arange(len(houses))
    return pd.DataFrame({"id": [f"h{k}" for k in n], "households": 1 + n % 3, "persons": 2 + n % 5,
                         "x": middle[:, 0], "y": middle[:, 1], "geometry": houses})  # fmt: skip


def work_of(roads: list[Any]) -> Linework:
    frame = gpd.GeoDataFrame({"layer": [None] * len(roads)}, geometry=roads, crs=EPSG)
    return linework(lambda _name: frame, ["roads"])


def done_of(seed: int) -> tuple[Plan, Division, list[Any]]:
    parts, roads, houses = ground(seed)
    plan = plan_of(parts, frame_of(houses))
    return plan, divide(plan, work_of(roads), np.array(houses, dtype=object)), houses


def broken(before: Plan, done: Division, houses: list[Any]) -> list[str]:
    """Return what a division breaks, measured by shapely alone."""
    after, out = evolve(before, done.edit), []
    if not shapely.coverage_is_valid(after.rows.geometry, gap_width=GAPS_M):
        out.append("coverage")
    if abs(shapely.area(after.rows.geometry).sum() - shapely.area(before.rows.geometry).sum()) > 1e-3:
        out.append("area")
    for code in [*before.members, *before.grids]:
        old = before.rows.geometry[[str(c or "-").startswith(code or "-") for c in before.rows.code]]
        new = after.rows.geometry[[str(c or "-").startswith(code or "-") for c in after.rows.code]]
        rims = [shapely.boundary(shapely.union_all(g)) for g in (old, new)]
        if shapely.hausdorff_distance(*rims) > 0.0001:
            out.append(f"ground of {code}")
        if code and before.figures_of(code) | {"cells": 0, "area_m2": 0} != after.figures_of(code) | {
            "cells": 0, "area_m2": 0
        }:  # fmt: skip
            out.append(f"figures of {code}")
    tree = shapely.STRtree(after.rows.geometry)
    for cell in before.rows.geometry:
        mine = after.rows.geometry[tree.query(cell)]
        mine = mine[shapely.contains(cell, shapely.point_on_surface(mine))]
        for house in houses:
            if (shapely.area(shapely.intersection(mine, house)) > 2 * seaming.CUT_M2).sum() > 1:
                out.append("house cut")
    if evolve(after, invert(done.edit)).hash != before.hash:
        out.append("undo")
    return out


@pytest.mark.parametrize("seed", range(12))
def test_grids_stay_and_no_house_is_cut(seed: int) -> None:
    before, done, houses = done_of(seed)
    assert done.facts["cells_after"] > done.facts["cells_before"] + 5
    assert done.facts["cells_refused"] == 0
    assert (done.facts["grids_changed"], done.facts["buildings_newly_cut"]) == (0, 0)
    assert broken(before, done, houses) == []


def test_the_measure_sees_houses_that_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seaming, "_without_cuts", lambda _faces, label, _buildings: label)
    bent = seaming._bent
    monkeypatch.setattr(seaming, "_bent", lambda coarse, fine, _lumps: bent(coarse, fine, np.empty(0, dtype=object)))
    before, done, houses = done_of(1)
    assert "house cut" in broken(before, done, houses)


@pytest.mark.parametrize("seed", [3, 8])
def test_county_replays_and_undo_restores(seed: int, tmp_path: Path) -> None:
    parts, roads, houses = ground(seed)
    cells = gpd.GeoDataFrame({"code": [code_of(c) for c, _ in parts]}, geometry=[p for _, p in parts], crs=EPSG)
    rows = [(g.code, g.level, g.kind, g.name) for g in grids_of(str(code_of(c)) for c, _ in parts if code_of(c))]
    grids = pd.DataFrame(rows, columns=["code", "level", "kind", "name"])
    outline = shapely.normalize(shapely.union_all(cells.geometry))
    path = tmp_path / "county.gpkg"
    found(
        path, Founding("generic", COUNTY, "画县", EPSG, "new", outline, cells, grids, {"buildings": frame_of(houses)})
    )
    with gg.open_county(path) as county:
        start = county.plan.hash
        try:
            county.apply(divide(county.plan, work_of(roads), np.array(houses, dtype=object)).edit)
        except EditError:
            pytest.fail("nothing was divided")
        assert verify(county) == []
        county.undo()
        assert county.plan.hash == start
        assert verify(county) == []
