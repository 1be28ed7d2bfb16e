"""Hot spots have esda's numbers on the same weights, in space and in space and time; density keeps every incident."""

from __future__ import annotations

import io
import warnings

import esda
import geopandas as gpd
import libpysal
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from gridgis.overlays import heatmap, hotspots
from layers import heat
from tests.drawn import EPSG, drawn, patchwork

PLAN = drawn(patchwork(15, 18), elements=False)
CODES = PLAN.tiling("unit")


def esda_of(values: np.ndarray, weights: object) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.asarray(esda.G_Local(values, weights, star=True, transform="B", permutations=0).Zs)


def queen() -> libpysal.weights.W:
    frame = gpd.GeoDataFrame(geometry=[PLAN.grid_geometry(c) for c in CODES])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return libpysal.weights.Queen.from_dataframe(frame, use_index=False)


def test_neighbours_are_libpysals_queen_weights() -> None:
    assert (queen().sparse != hotspots.neighbours(PLAN, CODES)).nnz == 0


@pytest.mark.parametrize("seed", range(5))
def test_gi_star_and_its_bound_are_esdas(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = pd.Series(rng.poisson(rng.choice([2, 30], len(CODES), p=[0.8, 0.2])).astype(float), index=CODES)
    found = hotspots.hot_spots(values, hotspots.neighbours(PLAN, CODES))
    assert np.allclose(found["z"], esda_of(values.to_numpy(), queen()), rtol=0, atol=1e-12)
    bound = esda.fdr(found["p"].to_numpy(), 0.05)
    assert ((found["p"] <= bound) == (found["spot"] != "none")).all()


def test_grids_without_a_value_take_no_part() -> None:
    rng = np.random.default_rng(1)
    values = pd.Series(rng.uniform(0, 9, len(CODES)), index=CODES)
    values.iloc[3] = np.nan
    found = hotspots.hot_spots(values, hotspots.neighbours(PLAN, CODES))
    assert (found["spot"].iloc[3], np.isnan(found["z"].iloc[3])) == ("none", True)
    known = np.flatnonzero(values.notna())
    rest = libpysal.weights.WSP(queen().sparse[known][:, known].tocsr()).to_W(silence_warnings=True)
    assert np.allclose(found["z"].iloc[known], esda_of(values.to_numpy()[known], rest), atol=1e-12)


def test_where_all_is_alike_nothing_stands_out() -> None:
    found = hotspots.hot_spots(pd.Series(4.0, index=CODES), hotspots.neighbours(PLAN, CODES))
    assert set(found["spot"]) == {"none"}
    assert (found["z"] == 0).all()


def test_space_time_is_esdas_on_the_same_weights() -> None:
    steps, n = 6, len(CODES)
    values = np.random.default_rng(4).poisson(5, (steps, n)).astype(float)
    ours = hotspots.in_time(hotspots.neighbours(PLAN, CODES), steps)
    assert ours.diagonal().sum() == 0
    theirs = libpysal.weights.WSP(ours.tocsr()).to_W(silence_warnings=True)
    assert np.allclose(hotspots.getis_ord(values.reshape(-1), ours), esda_of(values.reshape(-1), theirs), atol=1e-12)


def test_patterns_in_time_are_told_apart() -> None:
    steps, few = 10, 1.0
    cube = pd.DataFrame(few, index=CODES, columns=range(steps))
    centre = next(c for c in CODES if hotspots.neighbours(PLAN, CODES)[[CODES.index(c)]].sum() >= 5)
    cube.loc[centre, 9] = 400.0
    assert hotspots.emerging(cube, hotspots.neighbours(PLAN, CODES)).at[centre, "pattern"] == "hot_new"
    weights = hotspots.neighbours(PLAN, CODES)
    block = [centre, *np.array(CODES)[weights[[CODES.index(centre)]].indices]]
    cube.loc[block] = 400.0
    assert hotspots.emerging(cube, weights).at[centre, "pattern"] == "hot_persistent"
    cube.loc[block, 9] = few
    assert hotspots.emerging(cube, weights).at[centre, "pattern"] in ("hot_historical", "hot_persistent")
    assert hotspots.emerging(cube, weights).at[centre, "hot_steps"] >= 9


@pytest.mark.parametrize(("mine", "other", "growing", "pattern"), [
    ("0000000001", "0000000000", 0.0, "new"), ("0000000011", "0000000000", 0.0, "consecutive"),
    ("1111111111", "0000000000", 3.0, "intensifying"), ("1111111111", "0000000000", 0.0, "persistent"),
    ("1111111111", "0000000000", -3.0, "diminishing"), ("0101000001", "0000000000", 0.0, "sporadic"),
    ("0101000001", "0000010000", 0.0, "oscillating"), ("1111111110", "0000000000", 0.0, "historical"),
    ("1111000000", "0000000000", 0.0, ""),
])  # fmt: skip
def test_names_of_patterns(mine: str, other: str, growing: float, pattern: str) -> None:
    bits = [np.array([c == "1" for c in text]) for text in (mine, other)]
    assert hotspots._shape_of(*bits, growing) == pattern


def test_mann_kendall_of_a_known_series() -> None:
    # S = 9 of 10 pairs less one, variance 10 * 9 * 25 / 18 without ties: by hand.
    rows = np.array([[1.0, 2, 3, 4, 5], [5, 4, 3, 2, 1], [1, 1, 1, 1, 1], [2, 1, 3, 4, 5]])
    spread = np.sqrt(5 * 4 * 15 / 18)
    assert np.allclose(hotspots.mann_kendall(rows), [9 / spread, -9 / spread, 0, 7 / spread])


def test_half_a_month_is_no_step() -> None:
    at = pd.Series(pd.to_datetime(["2026-01-16", "2026-02-01", "2026-02-28 23:00", "2026-03-31 10:00", "2026-04-02"], format="ISO8601"))
    cube = hotspots.cube_of(pd.Series([CODES[0]] * 5, dtype=object), at, CODES, "month")
    assert [str(p) for p in cube.columns] == ["2026-02", "2026-03"]
    assert cube.loc[CODES[0]].tolist() == [2, 1]


@pytest.mark.parametrize("radius", [100, 300, 1000])
def test_density_keeps_every_incident_and_its_radius(radius: int) -> None:
    rng = np.random.default_rng(2)
    x, y = 600_000 + rng.uniform(0, 5000, 300), 2_820_000 + rng.uniform(0, 5000, 300)
    weights = rng.choice([1.0, 3.0], 300)
    found = heatmap.surface(x, y, EPSG, radius, weights)
    assert found is not None
    assert found.values.sum() * (found.cell_m / 1000) ** 2 == pytest.approx(weights.sum(), rel=1e-6)
    one = heatmap.surface([600_000.0], [2_820_000.0], EPSG, radius)
    assert one is not None
    rows, columns = np.nonzero(one.values > 1e-9 * one.values.max())
    width = (columns.max() - columns.min() + 1) * one.cell_m
    assert 2 * radius * 0.9 <= width <= 2 * radius + 3 * one.cell_m
    assert abs((rows.max() - rows.min()) - (columns.max() - columns.min())) <= 1
    assert one.values.max() == pytest.approx(3 / (np.pi * (radius / 1000) ** 2), rel=0.06), "the quartic kernel's own height"
    assert heatmap.surface([np.nan], [1.0], EPSG, radius) is None


def test_the_picture_is_clear_where_there_is_nothing() -> None:
    data = heat.picture(np.array([[0.0, 0.01, 5.0, 10.0]]), 10.0, ("#ffffff", "#ff0000"))
    pixels = np.asarray(Image.open(io.BytesIO(data)))
    assert pixels[0, 0, 3] == pixels[0, 1, 3] == 0
    assert tuple(pixels[0, 3, :3]) == (255, 0, 0)
    assert pixels[0, 2, 3] > 200


def test_crowds_keep_every_incident_in_view() -> None:
    import json

    import shapely

    rng = np.random.default_rng(6)
    x, y = 600_000 + rng.uniform(0, 4096, 900), 2_820_000 + rng.uniform(0, 4096, 900)
    found = json.loads(heat.crowds(x, y, shapely.box(599_000, 2_819_000, 606_000, 2_826_000), EPSG))["points"]
    assert sum(n for *_, n in found) == 900
    assert len(found) < 120
