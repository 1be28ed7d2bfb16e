"""Cutting a coverage: exact pieces, vertices for both owners of an edge, nothing else moved."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from gridgis import topology
from gridgis.schema import mm, to_lattice
from tests.drawn import at, drawn, line

REAL = (652_345.678, 2_843_987.321)
"""A place in Dehua's zone: millimetres there have ten digits, and their products nineteen."""


def boxes(*corners: tuple[float, float, float, float], origin: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    """Return boxes (west, south, east, north) on the lattice."""
    x, y = origin
    found = np.array([shapely.box(x + w, y + s, x + e, y + n) for w, s, e, n in corners], dtype=object)
    return topology.canonical(to_lattice(found))


def through(*points: tuple[float, float], origin: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    return mm(np.array(points, dtype=float) + np.array(origin))


def result(polygons: np.ndarray, done: topology.Cut) -> list[shapely.Polygon]:
    """Return all cells after a cut: pieces, cells with new vertices, and the untouched."""
    cut = {k for k, _ in done.pieces}
    rest = [done.noded.get(k, p) for k, p in enumerate(polygons) if k not in cut]
    return [*rest, *(p for _, p in done.pieces)]


def assert_still_covers(polygons: np.ndarray, done: topology.Cut) -> list[shapely.Polygon]:
    after = result(polygons, done)
    assert shapely.is_valid(after).all()
    assert shapely.coverage_is_valid(after)
    gone = shapely.symmetric_difference(shapely.union_all(after), shapely.union_all(polygons)).area
    assert gone <= 0.001 * shapely.length(polygons).sum()
    xy = shapely.get_coordinates(after)
    assert (np.round(xy, 3) == xy).all()
    return after


def areas(done: topology.Cut) -> list[float]:
    return sorted(round(p.area, 3) for _, p in done.pieces)


def test_a_straight_cut_halves_a_square() -> None:
    cells = boxes((0, 0, 10, 10))
    done = topology.cut(cells, [0], through((5, -1), (5, 11)))
    assert_still_covers(cells, done)
    assert areas(done) == [50.0, 50.0]
    # The cut line itself, in millimetres, smaller end first.
    assert (5000, 0, 5000, 10000) in done.seams


def test_neighbours_receive_the_new_vertex() -> None:
    cells = boxes((0, 0, 10, 10), (0, 10, 10, 20))
    done = topology.cut(cells, [0], through((5, -1), (5, 11)))
    assert_still_covers(cells, done)
    assert (5.0, 10.0) in done.noded[1].exterior.coords
    assert done.noded[1].equals(cells[1])


def test_only_targets_are_cut() -> None:
    cells = boxes((0, 0, 10, 10), (10, 0, 20, 10))
    done = topology.cut(cells, [0], through((-1, 5), (21, 5)))
    assert_still_covers(cells, done)
    assert {k for k, _ in done.pieces} == {0}


def test_a_cut_through_several_cells() -> None:
    cells = boxes((0, 0, 10, 10), (10, 0, 20, 10), (20, 0, 30, 10))
    done = topology.cut(cells, [0, 1, 2], through((-1, 4), (31, 4)))
    assert_still_covers(cells, done)
    assert areas(done) == [40.0] * 3 + [60.0] * 3


def test_a_cut_through_corners_uses_them() -> None:
    cells = boxes((0, 0, 10, 10))
    done = topology.cut(cells, [0], through((-1, -1), (11, 11)))
    assert areas(done) == [50.0, 50.0]
    assert all(len(p.exterior.coords) == 4 for _, p in done.pieces)
    assert not done.noded


def test_a_cut_through_the_corner_of_four_cells_adds_no_vertex() -> None:
    cells = boxes((0, 0, 10, 10), (10, 0, 20, 10), (0, 10, 10, 20), (10, 10, 20, 20))
    done = topology.cut(cells, [0, 1, 2, 3], through((-1, -1), (21, 21)))
    assert_still_covers(cells, done)
    assert areas(done) == [50.0] * 4
    assert not done.noded


def test_a_line_along_an_edge_cuts_nothing() -> None:
    cells = boxes((0, 0, 10, 10), (10, 0, 20, 10))
    done = topology.cut(cells, [0, 1], through((10, -1), (10, 11)))
    assert done.pieces == []
    assert not done.noded


def test_a_line_partly_along_an_edge_cuts_where_it_leaves_it() -> None:
    cells = boxes((0, 0, 10, 10), (10, 0, 20, 10))
    done = topology.cut(cells, [0, 1], through((10, -1), (10, 4), (21, 4)))
    assert_still_covers(cells, done)
    assert areas(done) == [40.0, 60.0]
    assert (10.0, 4.0) in done.noded[0].exterior.coords


@pytest.mark.parametrize("points", [((-1, 5), (6, 5)), ((3, 3), (6, 6))])
def test_a_line_that_ends_inside_cuts_nothing(points: tuple[tuple[float, float], ...]) -> None:
    cells = boxes((0, 0, 10, 10))
    done = topology.cut(cells, [0], through(*points))
    assert done.pieces == []
    assert_still_covers(cells, done)


def test_a_loop_inside_cuts_out_an_island() -> None:
    cells = boxes((0, 0, 10, 10))
    done = topology.cut(cells, [0], through((3, 3), (6, 3), (6, 6), (3, 6), (3, 3)))
    assert_still_covers(cells, done)
    assert areas(done) == [9.0, 91.0]
    assert max((p for _, p in done.pieces), key=lambda p: p.area).interiors


def test_a_line_that_crosses_itself_cuts_out_its_loop() -> None:
    # A ribbon: in from the west, around, and out to the west again; the crossing is at (3, 5).
    cells = boxes((0, 0, 10, 10))
    done = topology.cut(cells, [0], through((-1, 1), (7, 9), (7, 1), (-1, 9)))
    after = assert_still_covers(cells, done)
    assert len(after) == 3
    # The loop is the triangle (3, 5), (7, 9), (7, 1).
    assert 16.0 in areas(done)


def test_a_hole_with_an_island_is_cut_around() -> None:
    island = shapely.box(4, 4, 6, 6)
    cells = topology.canonical(np.array([shapely.box(0, 0, 10, 10) - island, island], dtype=object))
    done = topology.cut(cells, [0], through((5, -1), (5, 11)))
    assert_still_covers(cells, done)
    # The island itself is no target: it stays whole and gains the two vertices.
    assert areas(done) == [48.0, 48.0]
    assert done.noded[1].equals(island)


def test_a_hole_is_cut_open_from_one_side_only_where_the_line_goes_on() -> None:
    island = shapely.box(4, 4, 6, 6)
    cells = topology.canonical(np.array([shapely.box(0, 0, 10, 10) - island, island], dtype=object))
    done = topology.cut(cells, [0], through((5, -1), (5, 5)))
    assert_still_covers(cells, done)
    # One bridge from the rim to the hole does not divide a ring.
    assert done.pieces == []


@pytest.mark.parametrize("gap_mm", [0, 1, 3, 10, 49, 50])
def test_a_line_within_5_cm_of_a_vertex_means_the_vertex(gap_mm: int) -> None:
    cells = boxes((0, 0, 10, 10), (10, 0, 20, 10), origin=REAL)
    offset = gap_mm / 1000
    # From south of the common corner (10, 10) to north of it, passing it at `offset`.
    done = topology.cut(cells, [0, 1], through((10 + offset, -1), (10 + offset, 11), origin=REAL))
    assert done.pieces == []
    assert_still_covers(cells, done)


@pytest.mark.parametrize("gap_mm", [51, 60, 100, 999])
def test_a_line_farther_off_is_taken_as_drawn(gap_mm: int) -> None:
    cells = boxes((0, 0, 10, 10), (10, 0, 20, 10), origin=REAL)
    offset = gap_mm / 1000
    done = topology.cut(cells, [0, 1], through((10 + offset, -1), (10 + offset, 11), origin=REAL))
    assert_still_covers(cells, done)
    assert areas(done)[0] == pytest.approx(offset * 10, abs=0.011)


@pytest.mark.parametrize("end_mm", [-50, -7, -1, 0, 1, 7, 50])
def test_an_end_within_5_cm_of_an_edge_means_the_edge(end_mm: int) -> None:
    # The line stops that far inside (-) or outside (+) the northern edge: it divides all the same.
    cells = boxes((0, 0, 10, 10), (0, 10, 10, 20), origin=REAL)
    done = topology.cut(cells, [0], through((5, -1), (5, 10 + end_mm / 1000), origin=REAL))
    assert_still_covers(cells, done)
    assert areas(done) == [50.0, 50.0]


def test_an_end_short_of_the_edge_divides_nothing() -> None:
    cells = boxes((0, 0, 10, 10), origin=REAL)
    assert topology.cut(cells, [0], through((5, -1), (5, 9.94), origin=REAL)).pieces == []


@pytest.mark.parametrize("seed", range(25))
def test_crooked_lines_over_slanted_cells_keep_the_coverage(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cells = slanted(rng)
    bends = rng.uniform(-20, 420, (rng.integers(0, 8), 2))
    # From far west to far east, so that something is cut whatever lies between.
    points = np.array(REAL) + np.vstack([(-50, 150), bends, (450, 250)])
    done = topology.cut(cells, range(len(cells)), mm(points))
    after = assert_still_covers(cells, done)
    assert len(after) > len(cells)


def slanted(rng: np.random.Generator) -> np.ndarray:
    """Return 16 quadrangles of about 100 m with corners moved at random, at real magnitude."""
    x, y = np.meshgrid(np.arange(5) * 100.0, np.arange(5) * 100.0)
    x, y = (np.round(v + rng.uniform(-30, 30, v.shape) + o, 3) for v, o in zip((x, y), REAL, strict=True))
    ring = [(0, 0), (1, 0), (1, 1), (0, 1)]
    return topology.canonical(np.array(
        [shapely.Polygon([(x[j + b, i + a], y[j + b, i + a]) for a, b in ring]) for j in range(4) for i in range(4)],
        dtype=object,
    ))  # fmt: skip


def test_a_line_back_and_forth_along_itself() -> None:
    cells = boxes((0, 0, 10, 10))
    done = topology.cut(cells, [0], through((5, -1), (5, 11), (5, -1)))
    assert_still_covers(cells, done)
    assert areas(done) == [50.0, 50.0]


def test_canonical_rings_are_equal_bytes_whatever_the_start() -> None:
    ring = [(0, 0), (10, 0), (10, 10), (0, 10)]
    turned = [shapely.Polygon(ring[k:] + ring[:k]) for k in range(4)]
    turned += [shapely.Polygon((ring[k:] + ring[:k])[::-1]) for k in range(4)]
    assert len({p.wkb for p in topology.canonical(np.array(turned, dtype=object))}) == 1


def test_components_join_over_edges_not_corners() -> None:
    cells = boxes((0, 0, 10, 10), (10, 0, 20, 10), (20, 10, 30, 20))
    labels = topology.components(cells)
    assert labels[0] == labels[1] != labels[2]


def test_seams_keep_components_apart() -> None:
    cells = boxes((0, 0, 10, 10), (10, 0, 20, 10))
    labels = topology.components(cells, frozenset({(10_000, 0, 10_000, 10_000)}))
    assert labels[0] != labels[1]


def test_shared_length_is_the_border_in_metres() -> None:
    cells = boxes((0, 0, 10, 10), (10, 0, 20, 10), (0, 10, 10, 20))
    assert topology.shared_length(cells) == {(0, 1): 10.0, (0, 2): 10.0}


def test_dissolve_of_neighbours_is_one_polygon_of_strangers_several() -> None:
    cells = boxes((0, 0, 10, 10), (10, 0, 20, 10), (20, 10, 30, 20))
    assert topology.dissolve(cells[:2]).equals(shapely.box(0, 0, 20, 10))
    assert topology.dissolve(cells[:2]).geom_type == "Polygon"
    assert topology.dissolve(cells).geom_type == "MultiPolygon"


def test_undirected_edges_have_the_smaller_end_first() -> None:
    edges = np.array([[5, 1, 2, 9], [2, 9, 5, 1], [3, 4, 3, 2]])
    assert topology.undirected(edges).tolist() == [[2, 9, 5, 1], [2, 9, 5, 1], [3, 2, 3, 4]]


def test_ring_edges_name_their_polygon() -> None:
    edges, owner = topology.ring_edges(boxes((0, 0, 1, 1), (1, 0, 2, 1)))
    assert edges.shape == (8, 4)
    assert owner.tolist() == [0] * 4 + [1] * 4


def test_a_cut_leaves_far_cells_out() -> None:
    plan = drawn("AB\nCD")
    polygons = plan.rows.geometry
    x, y = at(0.5, -1)
    done = topology.cut(polygons, [0], mm(np.array([(x, y), (x, y - 150)])))
    # It ends inside the cell.
    assert done.pieces == []
    whole = mm(shapely.get_coordinates(line((0.5, -1), (0.5, 1.01))))
    assert set(topology.cut(polygons, [0], whole).noded) <= {0, 2}
