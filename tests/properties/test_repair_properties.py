"""Random partitions, jittered and cut about: whatever is drawn, the county comes out whole.

Planted faults, each caught: no second round of noding, -0.0 beside 0.0 in coordinates, large gaps given to the
first grid, existing cells rewritten although nothing was drawn over them.
"""

from __future__ import annotations

import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import box

from gridgis.cleaning.repair import Net, Repaired, Terms, overlay_grids

SIDE = 1000.0
COUNTY = box(0, 0, SIDE, SIDE)
BARE = Net(np.array([COUNTY], object), (None,))


def partition(seed: int, n: int) -> np.ndarray:
    """Return n crooked polygons that tile the county, on the lattice."""
    rng = np.random.default_rng(seed)
    points = shapely.multipoints(rng.uniform(0, SIDE, (n, 2)))
    faces = shapely.get_parts(shapely.voronoi_polygons(points, extend_to=COUNTY))
    lines = shapely.intersection(shapely.boundary(faces), COUNTY)
    noded = shapely.union_all([*lines, COUNTY.boundary], grid_size=0.001)
    found = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    return shapely.transform(found, lambda xy: np.round(xy, 3))


def jittered(polygons: np.ndarray, seed: int, metres: float) -> np.ndarray:
    """Move every vertex of every polygon on its own, as careless redrawing does."""
    rng = np.random.default_rng(seed)
    rings = [shapely.get_coordinates(p)[:-1] for p in polygons]
    return np.array([shapely.Polygon(xy + rng.uniform(-metres, metres, xy.shape)) for xy in rings], object)


def assert_whole(result: Repaired, labels: tuple[str, ...]) -> None:
    assert not result.refused
    assert shapely.is_valid(result.polygons).all()
    assert shapely.coverage_is_valid(result.polygons)
    union = shapely.coverage_union_all(result.polygons)
    assert shapely.symmetric_difference(union, COUNTY).area < 1.0
    assert abs(shapely.area(result.polygons).sum() - SIDE * SIDE) < 1.0
    assert shapely.hausdorff_distance(union.boundary, COUNTY.boundary) < 0.0011
    assert set(labels) <= {name for name in result.labels if name is not None}
    xy = shapely.get_coordinates(result.polygons)
    assert np.array_equal(xy, np.round(xy, 3))


@given(seed=st.integers(0, 10**6), n=st.integers(2, 25), metres=st.sampled_from([0.0002, 0.004, 0.3, 2.0]))
def test_jittered_partitions_become_coverages(seed: int, n: int, metres: float) -> None:
    clean = partition(seed, n)
    labels = tuple(f"{i:03d}" for i in range(len(clean)))
    drawn = jittered(clean, seed + 1, metres)
    result = overlay_grids(COUNTY, BARE, Net(drawn, labels), terms=Terms(50_000))
    assert_whole(result, labels)
    # Nobody's land moves further than the vertices did: changes are bounded by the borders' length.
    for change in result.changes:
        at = labels.index(change.code)
        assert change.moved_m2 <= 4 * metres * clean[at].length + 50
    # A second pass has nothing to do.
    again = overlay_grids(COUNTY, BARE, Net(result.polygons, result.labels))
    assert [p.wkb for p in again.polygons] == [p.wkb for p in result.polygons]
    assert not again.findings.keys() & {"overlap", "gap", "outside", "unassigned"}


@given(seed=st.integers(0, 10**6), n=st.integers(3, 20), data=st.data())
def test_missing_polygons_are_unassigned_land_of_the_same_shape(seed: int, n: int, data: st.DataObject) -> None:
    clean = partition(seed, n)
    drop = data.draw(st.integers(0, len(clean) - 1))
    kept = np.delete(clean, drop)
    labels = tuple(f"{i:03d}" for i in range(len(kept)))
    result = overlay_grids(COUNTY, BARE, Net(kept, labels), terms=Terms(0.5))
    assert_whole(result, labels)
    hole = shapely.union_all([p for p, name in zip(result.polygons, result.labels, strict=True) if name is None])
    assert shapely.symmetric_difference(hole, clean[drop]).area < 0.5
    assert result.changes == ()


@given(seed=st.integers(0, 10**6), n=st.integers(4, 20), data=st.data())
def test_cells_away_from_the_drawing_stay_byte_equal(seed: int, n: int, data: st.DataObject) -> None:
    cells = partition(seed, n)
    existing = Net(cells, tuple(f"{i:03d}" for i in range(len(cells))))
    chosen = data.draw(st.integers(0, len(cells) - 1))
    line = shapely.box(-1, -1, cells[chosen].centroid.x, SIDE + 1)
    sides = [shapely.intersection(cells[chosen], line), shapely.difference(cells[chosen], line)]
    parts = [p for side in sides for p in shapely.get_parts(side)]
    labels = tuple(f"{chosen:03d}{i + 1:03d}" for i in range(len(parts)))
    parents = dict.fromkeys(labels, f"{chosen:03d}")
    result = overlay_grids(COUNTY, existing, Net(np.array(parts, object), labels), terms=Terms(parents=parents))
    assert_whole(result, labels)
    assert f"{chosen:03d}" not in result.labels
    near = shapely.distance(cells, cells[chosen]) == 0
    for i in np.flatnonzero(~near):
        at = result.labels.index(f"{i:03d}")
        assert result.polygons[at].wkb == cells[i].wkb
        assert result.sources[at] == i
    for i in np.flatnonzero(near):
        if i != chosen:
            mine = [p for p, name in zip(result.polygons, result.labels, strict=True) if name == f"{i:03d}"]
            assert shapely.symmetric_difference(shapely.union_all(mine), cells[i]).area < 0.5
