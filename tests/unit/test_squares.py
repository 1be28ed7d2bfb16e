"""Points to polygons, exactly: against an oracle of whole numbers, in any order, with and without numba."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
import shapely

from benchmarks.madeup import coverage, hard_points, scattered
from benchmarks.oracle import Oracle, whole
from gridgis.errors import InputError
from gridgis.pointindex import kernel, lookup, squares
from gridgis.pointindex.assign import assign
from gridgis.pointindex.squares import squares_of
from gridgis.schema import mm


def holed() -> np.ndarray:
    """Return a coverage with lakes, islands in them, and a county of two parts."""
    cells = coverage(30, vertices=3, step_mm=4, seed=5)
    middle = shapely.point_on_surface(cells[:10])
    islands = [shapely.transform(p.buffer(40, quad_segs=3), lambda xy: np.round(xy, 3)) for p in middle]
    rings = [shapely.Polygon(c.exterior, [i.exterior]) for c, i in zip(cells[:10], islands, strict=True)]
    # Every other island is a gap: nobody's ground inside the county.
    away = shapely.transform(cells[29], lambda xy: xy + 5000)
    return np.array([*rings, *islands[::2], *cells[10:29], away], dtype=object)


def spikes() -> np.ndarray:
    """Return wedges about one point, too thin for lattice points between their sides."""
    x, y = 450_000.0, 3_380_000.0
    ends = [(900, 1), (901, 2), (902, 3), (-3, 800), (-4, 799), (-900, -1), (-901, -3), (1, -700), (5, -701)]
    rim = [(x + a, y + b) for a, b in ends]
    pairs = [(0, 1), (1, 2), (3, 4), (5, 6), (7, 8)]
    return np.array([shapely.Polygon([(x, y), rim[a], rim[b]]) for a, b in pairs], dtype=object)


def aligned() -> np.ndarray:
    """Return triangles whose edges run through the corners of the raster: nodes at 2^17 mm from its own corner."""
    ticks = np.array([4, *(1 << 17) * np.arange(1, 6)]) / 1000 - 0.004
    out = []
    for i, (x0, x1) in enumerate(pairwise(450_000 + ticks)):
        for j, (y0, y1) in enumerate(pairwise(3_380_000 + ticks)):
            a, b, c, d = (x0, y0), (x1, y0), (x1, y1), (x0, y1)
            out += [(a, b, c), (a, c, d)] if (i + j) % 2 else [(a, b, d), (b, c, d)]
    return shapely.transform(np.array([shapely.Polygon(t) for t in out], dtype=object), lambda xy: np.round(xy, 3))


COVERAGES = {
    "six-sided": lambda: coverage(200, vertices=6),
    "edges through lattice points": lambda: coverage(150, vertices=2, step_mm=24),
    "large": lambda: coverage(64, vertices=1, side_m=900_000.0, step_mm=840),
    "tiny": lambda: coverage(49, vertices=0, side_m=0.4),
    "holed": holed,
    "spikes": spikes,
    "aligned": aligned,
}


@pytest.mark.parametrize("name", COVERAGES)
def test_hard_points_have_the_owner_that_whole_numbers_say(name: str) -> None:
    polygons = COVERAGES[name]()
    points = hard_points(polygons, 2500)
    if name == "aligned":
        raster = squares_of(polygons)
        width = (1 << raster.shift - 6) / 1000
        corners = np.stack(np.meshgrid(np.arange(40), np.arange(40)), axis=-1).reshape(-1, 2) * width * 16
        near = np.array(raster.origin) / 1000 + corners
        away = np.array([[0, 0], [0.001, 0], [0, 0.001], [0.4, 0.4], [3, 1]])
        points = np.vstack([points, *(near + a for a in away)])
    if name == "tiny":
        points = np.vstack([points, scattered(polygons, 2000)])
    found = assign(mm(points), polygons)
    truth = np.array(Oracle(polygons).owners(whole(points)))
    wrong = np.flatnonzero(found != truth)
    assert [(points[k].tolist(), found[k], truth[k]) for k in wrong[:3]] == []
    assert (truth >= 0).any()
    assert (truth < 0).any()


def test_the_oracle_sees_a_wrong_owner() -> None:
    polygons = coverage(30, vertices=2, step_mm=24)
    points = hard_points(polygons, 1000)
    truth = np.array(Oracle(polygons).owners(whole(points)))
    tree = shapely.STRtree(shapely.points(np.round(points, 3)))
    poly, point = tree.query(polygons, predicate="intersects")
    first = np.full(len(points), -1)
    first[point[::-1]] = poly[::-1]
    assert (first != truth).sum() > 50


@pytest.mark.parametrize("name", ["six-sided", "holed", "spikes"])
def test_the_owner_does_not_depend_on_the_order_of_polygons_rings_or_points(name: str) -> None:
    polygons = COVERAGES[name]()
    points = mm(hard_points(polygons, 2000))
    rng = np.random.default_rng(7)
    shuffle, mixed = rng.permutation(len(polygons)), rng.permutation(len(points))
    turned = shapely.reverse(polygons[shuffle])
    found = assign(points[mixed], turned)
    assert (np.where(found < 0, -1, shuffle[found]) == assign(points, polygons)[mixed]).all()


@pytest.mark.parametrize("name", COVERAGES)
def test_numpy_and_the_point_by_point_kernel_agree(name: str) -> None:
    polygons = COVERAGES[name]()
    raster = squares_of(polygons)
    odd = np.array([[np.nan, 0], [np.inf, 1], [1e300, -1e300], [0, 0], [-1e18, 1e18]])
    points = np.vstack([hard_points(polygons, 1500), scattered(polygons, 1500), odd])
    passes, plain = (np.full(len(points), 7, dtype=np.int32) for _ in range(2))
    with np.errstate(over="ignore"):
        lookup.look_up_in_passes(raster, points, passes)
        lookup.look_up_compiled(kernel.PLAIN, raster, points, plain)
    assert (passes == plain).all()
    assert (passes[-5:] == -1).all()
    fast = kernel.compiled()
    if fast is not None:
        made = np.full(len(points), 7, dtype=np.int32)
        lookup.look_up_compiled(fast, raster, points, made)
        assert (made == passes).all()


def test_points_are_told_apart_however_many_are_put_in_order_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    polygons = COVERAGES["holed"]()
    raster = squares_of(polygons)
    points = np.vstack([hard_points(polygons, 700), scattered(polygons, 700)])
    whole_run, parts = (np.full(len(points), 7, dtype=np.int32) for _ in range(2))
    lookup.look_up_compiled(kernel.PLAIN, raster, points, whole_run)
    monkeypatch.setattr(kernel, "_CACHED", 0)
    for tiles, ordered, at_once in ((1, 250, 40), (50, 1399, 7), (4096, 1, 1)):
        monkeypatch.setattr(kernel, "_TILES", tiles)
        monkeypatch.setattr(kernel, "_ORDERED_AT_ONCE", ordered)
        monkeypatch.setattr(kernel, "_AT_ONCE", at_once)
        parts[:] = 7
        lookup.look_up_compiled(kernel.PLAIN, raster, points, parts)
        assert (parts == whole_run).all()


@pytest.mark.parametrize("name", ["holed", "spikes", "six-sided"])
def test_the_raster_is_the_same_in_however_many_parts_it_is_made(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    polygons = COVERAGES[name]()
    made = squares_of(polygons)
    for fine_at_once, at_once in ((1, 1), (300, 17), (5000, 1 << 18)):
        monkeypatch.setattr(squares, "_FINE_AT_ONCE", fine_at_once)
        monkeypatch.setattr(squares, "_AT_ONCE", at_once)
        again = squares_of(polygons)
        assert all((a == b).all() for a, b in zip(again.arrays, made.arrays, strict=True))


def test_numba_can_be_turned_off() -> None:
    code = "import sys; from gridgis.pointindex import kernel; assert kernel.compiled() is None; assert 'numba' not in sys.modules"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"GRIDGIS_NO_NUMBA": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_whole_millimetres_and_metres_mean_the_same() -> None:
    polygons = coverage(40, vertices=4)
    raster = squares_of(polygons)
    points = hard_points(polygons, 2000)
    assert (lookup.look_up(raster, points)[0] == lookup.look_up(raster, mm(points))[0]).all()


def test_where_polygons_overlap_each_point_is_in_one_that_holds_it() -> None:
    polygons = coverage(40, vertices=2, step_mm=8)
    doubled = np.array(
        [
            *polygons,
            *shapely.transform(polygons[:9], lambda xy: xy + 100),
            shapely.box(450_100, 3_380_100, 450_900, 3_380_400),
        ],
        dtype=object,
    )
    points = scattered(doubled, 800)
    found = assign(mm(points), doubled)
    held = shapely.intersects(doubled, shapely.points(np.round(points, 3))[:, None])
    assert (held.sum(axis=1) > 1).any()
    assert ((found >= 0) == held.any(axis=1)).all()
    assert held[np.flatnonzero(found >= 0), found[found >= 0]].all()


def test_polygons_of_several_parts_and_empty_ones() -> None:
    parts = shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(2, 0, 3, 1)])
    polygons = np.array([shapely.Polygon(), parts, shapely.box(1, 0, 2, 1)], dtype=object)
    points = mm(np.array([[0.5, 0.5], [2.5, 0.5], [1.5, 0.5], [1.0, 0.5], [2.0, 0.5], [3.0, 0.5], [9, 9]]))
    assert assign(points, polygons).tolist() == [1, 1, 2, 2, 1, 1, -1]


def test_what_is_wider_than_the_lattice_allows_is_told() -> None:
    with pytest.raises(InputError, match="2,147"):
        squares_of(np.array([shapely.box(0, 0, 3e6, 1)], dtype=object))


def test_memory_grows_with_the_edges() -> None:
    small, large = (squares_of(coverage(n, vertices=5)) for n in (100, 1600))
    assert large.nbytes / len(large.edges) < 2 * small.nbytes / len(small.edges) < 400
