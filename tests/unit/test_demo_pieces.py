"""The pieces that the illustrative county is made from, on drawings small enough to check by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import shapely

from gridgis.demo import build
from gridgis.demo.faces import borders, dissolve, make_faces, melt_slivers, pair_edges
from gridgis.demo.facts import epsg_at, load
from gridgis.demo.growth import Fabric, apportion, divide, even_out, straighten
from gridgis.demo.nesting import reading_order
from gridgis.errors import InputError
from gridgis.outlines import read_outline


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(5)


def board(side: int) -> tuple[np.ndarray, Fabric]:
    """Squares of 100 m in `side` rows and columns, and their graph."""
    outline = shapely.box(0, 0, 100 * side, 100 * side)
    cuts = [shapely.LineString([(100 * i, -10), (100 * i, 100 * side + 10)]) for i in range(1, side)]
    cuts += [shapely.LineString([(-10, 100 * i), (100 * side + 10, 100 * i)]) for i in range(1, side)]
    faces = make_faces([shapely.intersection(c, outline) for c in cuts], outline)
    edges = pair_edges(faces)
    inner = edges.right >= 0
    around = borders(edges.left[inner], edges.right[inner], edges.length[inner], np.zeros(int(inner.sum())))
    return faces, Fabric.of(shapely.get_coordinates(shapely.centroid(faces)), shapely.area(faces), around)


def test_outlines_are_decoded_as_published(shared_data: Path) -> None:
    published = json.loads((shared_data / "county-outlines" / "wgs84.geojson").read_text(encoding="utf-8"))
    compared = 0
    for feature in published["features"]:
        theirs = shapely.geometry.shape(feature["geometry"])
        if theirs.geom_type == "Polygon":
            mine = read_outline(str(feature["properties"]["district_adcode"]))
            assert mine.normalize().equals_exact(theirs.normalize(), 1e-9)
            compared += 1
    assert compared > 30


def test_unknown_county_and_scheme_are_refused_in_two_languages() -> None:
    with pytest.raises(InputError, match="999999") as refused:
        read_outline("999999")
    assert "999999" in refused.value.en
    with pytest.raises(InputError, match="nowhere"):
        build("nowhere")
    with pytest.raises(InputError):
        build("../dehua")


def test_facts_name_every_village_once() -> None:
    facts = load("dehua", epsg_at(118.2))
    codes = [v.code for t in facts.townships for v in t.villages]
    assert len(facts.townships) == 18
    assert len(codes) == len(set(codes)) == 217
    assert len(facts.merged) == 5
    assert not set(facts.merged) & set(codes)
    assert set(facts.merged.values()) <= set(codes)
    assert sum(t.built_up for t in facts.townships) == 193
    assert all(bool(t.core) == bool(t.built_up) for t in facts.townships)


def test_faces_cover_the_outline_with_shared_vertices() -> None:
    outline = shapely.box(0, 0, 300, 200)
    crooked = [shapely.LineString([(100.0004, -5), (110, 90), (95, 205)]), shapely.LineString([(-5, 70), (305, 131)])]
    faces = make_faces([shapely.intersection(line, outline) for line in crooked], outline)
    assert len(faces) == 4
    assert shapely.coverage_is_valid(faces, gap_width=0.01)
    xy = shapely.get_coordinates(faces)
    assert np.array_equal(xy, np.round(xy, 3))
    edges = pair_edges(faces)
    assert edges.length[edges.right < 0].sum() == pytest.approx(outline.length)


def test_a_sliver_joins_its_longest_neighbour_in_its_zone() -> None:
    faces = np.array([shapely.box(0, 0, 100, 100), shapely.box(100, 0, 101, 100), shapely.box(101, 0, 200, 100)])
    around = borders(np.array([0, 1]), np.array([1, 2]), np.array([100.0, 100.0]), np.array([0.0, 0.9]))
    area, rim = shapely.area(faces), shapely.length(faces)
    group = melt_slivers(around, area, rim, np.zeros(3, dtype=np.int64), np.full(3, 500.0))
    assert group.tolist() == [0, 0, 1]
    assert shapely.area(dissolve(faces, group)).tolist() == [10_100.0, 9_900.0]
    other_zone = melt_slivers(around, area, rim, np.array([0, 1, 1]), np.full(3, 500.0))
    assert other_zone.tolist() == [0, 1, 1]


def test_divided_groups_are_connected_and_even(rng: np.random.Generator) -> None:
    faces, fabric = board(8)
    nodes = np.arange(len(faces))
    owner = straighten(fabric, nodes, even_out(fabric, nodes, divide(fabric, nodes, np.ones(7), rng), 7), 7)
    assert np.bincount(owner).min() >= 7
    assert all(fabric.connected(nodes[owner == group]) for group in range(7))


def test_straightening_fills_a_notch_and_keeps_groups_whole() -> None:
    faces, fabric = board(6)
    x, y = fabric.xy.T
    owner = (x > 300).astype(np.int64)
    notch = int(np.flatnonzero((np.abs(x - 350) < 1) & (np.abs(y - 250) < 1))[0])
    owner[notch] = 0
    smooth = straighten(fabric, np.arange(len(faces)), owner, 1)
    assert smooth[notch] == 1
    assert np.bincount(smooth).tolist() == [18, 18]


@pytest.mark.parametrize("total", [3, 10, 57, 200])
def test_shares_are_whole_and_within_limits(total: int) -> None:
    least, most = np.array([1, 1, 1]), np.array([300, 5, 300])
    given = apportion(total, np.array([1.0, 8.0, 3.0]), least, most)
    assert given.sum() == total
    assert (given >= least).all()
    assert (given <= most).all()
    with pytest.raises(ValueError, match="cannot share"):
        apportion(2, np.ones(3), least, most)


def test_reading_order_runs_east_in_bands_from_the_north_west() -> None:
    xy = np.array([[5.0, 1.0], [1.0, 9.0], [9.0, 9.5], [1.0, 0.0], [5.0, 9.2], [9.0, 0.5]])
    assert reading_order(xy[[1, 4, 2, 3, 0, 5]]).tolist() == [0, 1, 2, 3, 4, 5]
    assert reading_order(xy).tolist() == [1, 4, 2, 3, 0, 5]
