"""Datums: published points, exact inverses over China, matched edges after a shift."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from gridgis import datums
from gridgis.errors import InputError

METRES_PER_DEGREE = 111_319.5

# Pairs of the same place as the open implementations publish them in their own tests
# (eviltransform's test suite: WGS84 lat, lon -> GCJ-02 lat, lon).
PUBLISHED = [
    ("Shanghai", 31.1774276, 121.5272106, 31.17530398364597, 121.531541859215),
    ("Shenzhen", 22.543847, 113.912316, 22.540796131694766, 113.9171764808363),
    ("Beijing", 39.911954, 116.377817, 39.91334545536069, 116.38404722455657),
]


def _china(n: int = 5000) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    return rng.uniform(74.0, 134.5, n), rng.uniform(18.2, 53.5, n)


@pytest.mark.parametrize(("place", "lat", "lon", "gcj_lat", "gcj_lon"), PUBLISHED)
def test_forward_shift_agrees_with_published_points(place, lat, lon, gcj_lat, gcj_lon):
    x, y = datums.wgs84_to_gcj02(lon, lat)
    # The libraries differ among themselves by a centimetre (two ellipsoid constants are in use).
    assert abs(x - gcj_lon) * METRES_PER_DEGREE < 0.02, place
    assert abs(y - gcj_lat) * METRES_PER_DEGREE < 0.02, place


def test_bd09_of_a_published_point():
    # The example that the coordtransform libraries print in their README.
    x, y = datums.gcj02_to_bd09(116.404, 39.915)
    assert (round(float(x), 6), round(float(y), 6)) == (116.410369, 39.921337)


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
def test_inverse_is_exact_to_a_micrometre_over_all_china(datum):
    lon, lat = _china()
    x, y = datums.shift(*datums.shift(lon, lat, "wgs84", datum), datum, "wgs84")
    error = np.hypot((x - lon) * np.cos(np.radians(lat)), y - lat) * METRES_PER_DEGREE
    assert error.max() < 1e-6


def test_gcj02_and_bd09_convert_into_each_other_exactly():
    lon, lat = _china()
    x, y = datums.shift(*datums.shift(lon, lat, "gcj02", "bd09"), "bd09", "gcj02")
    assert np.abs(np.array([x - lon, y - lat])).max() * METRES_PER_DEGREE < 1e-6


def test_shift_has_the_known_size():
    lon, lat = _china()
    x, y = datums.wgs84_to_gcj02(lon, lat)
    metres = np.hypot((x - lon) * np.cos(np.radians(lat)), y - lat) * METRES_PER_DEGREE
    assert 300 < metres.mean() < 600
    assert metres.max() < 1000


def test_wgs84_and_cgcs2000_are_the_same_numbers():
    lon, lat = _china(10)
    x, y = datums.shift(lon, lat, "cgcs2000", "wgs84")
    assert np.array_equal(x, lon)
    assert np.array_equal(y, lat)


def test_empty_points_stay_empty_and_do_not_hang():
    x, y = datums.bd09_to_wgs84(np.array([np.nan, 118.2]), np.array([np.nan, 25.5]))
    assert np.isnan(x[0])
    assert abs(x[1] - 118.2) < 0.02
    assert np.isnan(y[0])


def test_unknown_datum_is_one_plain_sentence():
    with pytest.raises(InputError) as caught:
        datums.shift(118.0, 25.0, "gcj-02", "wgs84")
    assert "gcj02" in caught.value.en
    assert "gcj-02" in caught.value.zh


def _two_neighbours() -> np.ndarray:
    west = shapely.Polygon([(118.0, 25.0), (118.05, 25.013), (118.06, 25.07), (118.0, 25.05)])
    east = shapely.Polygon([(118.05, 25.013), (118.1, 25.0), (118.1, 25.06), (118.06, 25.07)])
    return np.array([west, east])


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
def test_neighbours_stay_edge_matched_after_a_shift(datum):
    shifted = datums.shift_geometries(_two_neighbours(), "wgs84", datum)
    assert shapely.get_num_coordinates(shifted).min() > 60
    assert shapely.coverage_is_valid(shifted)
    shared = shapely.intersection(*(set_ for set_ in shifted))
    assert shared.geom_type in ("LineString", "MultiLineString")


def test_an_edge_gets_the_same_vertices_from_both_sides_to_the_last_bit():
    # Planted fault: counting from each line's own start differs in the last bit once in some thousand vertices.
    rng = np.random.default_rng(5)
    ends = rng.uniform(0, 1, (4000, 2, 2)) * 0.5 + (118.0, 25.0)
    there = datums.densify(shapely.linestrings(ends), 200.0)
    back = datums.densify(shapely.linestrings(ends[:, ::-1]), 200.0)
    assert shapely.equals_exact(shapely.reverse(back), there, 0.0).all()


def test_densified_edges_follow_the_shifted_line_and_end_where_they_did():
    line = shapely.LineString([(118.0, 25.0), (118.05, 25.02)])
    bent = datums.shift_geometries(np.array([line]), "wgs84", "gcj02")[0]
    ends = np.array(datums.wgs84_to_gcj02([118.0, 118.05], [25.0, 25.02])).T
    assert np.array_equal(shapely.get_coordinates(bent)[[0, -1]], ends)
    middle = np.array(datums.wgs84_to_gcj02(118.025, 25.01))
    assert bent.distance(shapely.Point(middle)) * METRES_PER_DEGREE < 0.002
    assert shapely.LineString(ends).distance(shapely.Point(middle)) * METRES_PER_DEGREE > 0.3


def test_points_multiparts_holes_and_nothing_pass_through():
    hole = shapely.Polygon(
        [(118, 25), (118.1, 25), (118.1, 25.1), (118, 25.1)],
        [[(118.02, 25.02), (118.02, 25.04), (118.04, 25.04)]],
    )
    many = np.array([shapely.Point(118, 25), shapely.MultiPolygon([hole]), None, shapely.Polygon()])
    back = datums.shift_geometries(datums.shift_geometries(many, "wgs84", "bd09"), "bd09", "wgs84", longest_m=None)
    assert back[2] is None
    assert back[3].is_empty
    assert back[0].distance(many[0]) < 1e-10
    # The hole is still there and every old vertex is on its place.
    assert len(back[1].geoms[0].interiors) == 1
    old = {tuple(np.round(c, 9)) for c in shapely.get_coordinates(hole)}
    assert old <= {tuple(np.round(c, 9)) for c in shapely.get_coordinates(back[1])}


def test_agrees_with_independent_libraries_where_installed():
    other = pytest.importorskip("coord_convert.transform", reason="coord-convert is not installed")
    lon, lat = _china(50)
    x, y = datums.wgs84_to_bd09(lon, lat)
    theirs = np.array([other.wgs2bd(a, b) for a, b in zip(lon, lat, strict=True)]).T
    assert np.abs(theirs - np.array([x, y])).max() * METRES_PER_DEGREE < 0.05
