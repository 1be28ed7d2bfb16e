"""One rule of ties: a point on an edge, a corner or the outline belongs to exactly one cell, always the same."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from gridgis.elements import Elements
from gridgis.pointindex.assign import NEAR_M, assign
from gridgis.schema import mm
from tests.drawn import SIDE, at, squares


def cells(drawing: str = "AB\nCD") -> np.ndarray:
    return np.array([p for _, p in squares(drawing)], dtype=object)


def owner(*points: tuple[float, float], polygons: np.ndarray | None = None) -> str:
    """Return the letter of the cell of each place in the drawing, '-' where there is none."""
    found = assign(mm(np.array([at(*p) for p in points])), cells() if polygons is None else polygons)
    return "".join("-" if k < 0 else "ABCD"[k] for k in found)


def test_inside_is_inside() -> None:
    assert owner((0.5, 0.5), (1.5, 0.5), (0.5, 1.5), (1.5, 1.5)) == "ABCD"


def test_an_edge_belongs_to_the_east_or_the_north() -> None:
    # Moved a step east: from the edge between A and B into B. Moved north: from that between A and C into A.
    assert owner((1, 0.5), (1, 1.5), (0.5, 1), (1.5, 1)) == "BDAB"


def test_a_corner_of_four_belongs_to_the_north_east() -> None:
    assert owner((1, 1)) == "B"


def test_the_outline_belongs_to_the_cell_inside() -> None:
    # East, north, west, south outline; nothing lies where the first step leads, the next ones are tried.
    assert owner((2, 0.5), (0.5, 0), (0, 1.5), (1.5, 2)) == "BACD"


def test_ends_of_edges_on_the_outline() -> None:
    assert owner((2, 1), (1, 0), (0, 1), (1, 2)) == "BBAD"


def test_the_corners_of_the_county() -> None:
    assert owner((0, 0), (2, 0), (0, 2), (2, 2)) == "ABCD"


def test_outside_belongs_to_nobody() -> None:
    assert owner((-0.5, 0.5), (2.0001, 0.5), (9, 9)) == "----"[:3]


def test_a_hair_outside_still_counts() -> None:
    # A new vertex on a slanted outline may shift it by under a millimetre across a house.
    hair = NEAR_M / SIDE
    assert owner((2 + 0.9 * hair, 0.5), (2 + 1.6 * hair, 0.5)) == "B-"


@pytest.mark.parametrize("seed", range(5))
def test_the_rule_does_not_depend_on_row_order(seed: int) -> None:
    rng = np.random.default_rng(seed)
    polygons = cells("ABCDE\nFGHIJ\nKLMNO\nPQRST")
    points = mm(np.array([at(k / 4, j / 4) for k in range(-1, 22) for j in range(-1, 18)]))
    shuffle = rng.permutation(len(polygons))
    first, second = assign(points, polygons), assign(points, polygons[shuffle])
    assert (np.where(second < 0, -1, shuffle[second]) == first).all()


@pytest.mark.parametrize("turn", range(8))
def test_the_rule_does_not_depend_on_where_rings_start_or_run(turn: int) -> None:
    points = [(k / 2, j / 2) for k in range(5) for j in range(5)]
    assert owner(*points, polygons=np.array([turned(p, turn) for p in cells()], dtype=object)) == owner(*points)


def turned(polygon: shapely.Polygon, turn: int) -> shapely.Polygon:
    ring = list(polygon.exterior.coords)[:-1]
    ring = ring[turn % 4 :] + ring[: turn % 4]
    return shapely.Polygon(ring[::-1] if turn > 3 else ring)


def test_a_hole_belongs_to_its_island() -> None:
    island = shapely.box(*at(0.4, 0.6), *at(0.6, 0.4))
    polygons = np.array([cells()[0] - island, cells()[1], island], dtype=object)
    found = assign(mm(np.array([at(0.5, 0.5), at(0.4, 0.5), at(0.6, 0.5), at(0.5, 0.4), at(0.5, 0.6)])), polygons)
    # Inside; west edge (a step east leads in), east edge (out), north edge (out), south edge (in).
    assert found.tolist() == [2, 2, 0, 0, 2]


def test_every_point_of_a_lattice_is_in_one_cell_that_touches_it() -> None:
    """Slanted edges at real magnitude: ties are decided in whole millimetres, never by rounding."""
    fan = [shapely.Polygon([at(1, 1), at(*a), at(*b)]) for a, b in zip(RIM, RIM[1:] + RIM[:1], strict=True)]
    polygons = np.array([shapely.transform(p, lambda xy: np.round(xy, 3)) for p in fan], dtype=object)
    points = np.array([at(x / 20, y / 20) for x in range(0, 41) for y in range(0, 41)])
    inside = shapely.intersects(shapely.union_all(polygons), shapely.points(points))
    found = assign(mm(points), polygons)
    assert (found[inside] >= 0).all()
    touching = shapely.distance(polygons[found[inside]], shapely.points(points[inside]))
    assert touching.max() <= NEAR_M


RIM = [(0.0, 0.0), (1.1, 0.1), (2.0, 0.0), (1.9, 1.3), (2.0, 2.0), (0.7, 1.9), (0.0, 2.0), (0.1, 0.8)]


def test_nothing_to_assign() -> None:
    none = np.array([], dtype=object)
    assert assign(np.zeros((0, 2), dtype=np.int64), cells()).tolist() == []
    assert assign(np.zeros((1, 2), dtype=np.int64), none).tolist() == [-1]


def elements(*rows: tuple[float, float, int]) -> Elements:
    points = mm(np.array([at(x, y) for x, y, _ in rows]).reshape(-1, 2))
    return Elements(lambda: (points, np.array([[n, 2 * n] for _, _, n in rows]).reshape(-1, 2)))


def test_a_tally_counts_every_point_once() -> None:
    counted = elements((0.5, 0.5, 1), (1, 1, 2), (0, 0, 4), (2, 2, 8), (9, 9, 16)).tally(cells())
    assert counted.tolist() == [[5, 10], [2, 4], [0, 0], [8, 16]]


def test_elements_are_read_when_first_needed_and_once() -> None:
    asked = []

    def source() -> tuple[np.ndarray, np.ndarray]:
        asked.append(1)
        return np.zeros((1, 2), dtype=np.int64), np.ones((1, 2), dtype=np.int64)

    held = Elements(source)
    assert asked == []
    held.tally(cells())
    held.tally(cells())
    assert asked == [1]
