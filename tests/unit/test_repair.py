"""Repair on squares that can be drawn on paper: who gets what, what is refused, what stays."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from shapely import Polygon, box

from gridgis.cleaning.repair import Net, Repaired, Terms, count_findings, overlay_grids, valid_polygons
from gridgis.errors import InputError

COUNTY = box(0, 0, 300, 200)


def net(**polygons: shapely.Geometry) -> Net:
    return Net(np.array(list(polygons.values()), object), tuple(polygons))


def bare(outline: shapely.Geometry = COUNTY) -> Net:
    return Net(np.array([outline], object), (None,))


def land(result: Repaired, label: str | None) -> shapely.Geometry:
    mine = [p for p, name in zip(result.polygons, result.labels, strict=True) if name == label]
    return shapely.union_all(mine)


def assert_fills(result: Repaired, outline: shapely.Geometry = COUNTY) -> None:
    assert shapely.coverage_is_valid(result.polygons)
    union = shapely.coverage_union_all(result.polygons)
    assert shapely.symmetric_difference(union, outline).area < 0.001 * outline.length
    assert set(shapely.get_type_id(result.polygons)) == {3}
    xy = shapely.get_coordinates(result.polygons)
    assert np.array_equal(xy, np.round(xy, 3))


def test_a_clean_drawing_comes_out_as_it_went_in():
    result = overlay_grids(COUNTY, bare(), net(a=box(0, 0, 100, 200), b=box(100, 0, 300, 200)))
    assert_fills(result)
    assert result.findings == {}
    assert result.changes == ()
    assert land(result, "a").equals(box(0, 0, 100, 200))


def test_overlap_goes_to_the_longer_border_and_both_changes_are_told():
    # b reaches 10 m into a along its whole height; a has three sides of the strip, b only one.
    a, b = box(0, 0, 160, 200), box(150, 50, 300, 150)
    rest = COUNTY.difference(a).difference(b)
    result = overlay_grids(COUNTY, bare(), net(a=a, b=b, c=rest))
    assert_fills(result)
    assert result.findings["overlap"] == 1
    assert land(result, "a").equals(a)
    assert [(c.code, round(c.moved_m2)) for c in result.changes] == [("b", 1000)]
    (spot,) = (s for s in result.spots if s.rule != "multi_part")
    assert (spot.rule, spot.codes, spot.owner) == ("overlap", ("a", "b"), "a")


def test_gap_goes_to_the_longest_border():
    a, b = box(0, 0, 100, 200), box(105, 0, 300, 200)
    narrow = shapely.union(b, box(100, 0, 105, 150))
    result = overlay_grids(COUNTY, bare(), net(a=a, b=narrow))
    assert_fills(result)
    assert land(result, "b").area == pytest.approx(200 * 200 - 0)
    assert [c.code for c in result.changes] == ["b"]
    assert result.changes[0].moved_m2 == pytest.approx(250)


def test_enclosed_gap_is_found_as_plain_overlay_finds_it():
    ring = shapely.difference(box(0, 0, 200, 200), box(50, 50, 60, 60))
    result = overlay_grids(COUNTY, bare(), net(a=ring, b=box(200, 0, 300, 200)))
    assert_fills(result)
    assert result.findings == {"gap": 1}
    assert land(result, "a").area == pytest.approx(40_000)


def test_large_gap_becomes_an_unassigned_cell_and_is_told():
    result = overlay_grids(COUNTY, bare(), net(a=box(0, 0, 100, 200)))
    assert_fills(result)
    assert result.findings == {"unassigned": 1}
    assert land(result, None).equals(box(100, 0, 300, 200))


def test_large_overlap_refuses_everything():
    result = overlay_grids(COUNTY, bare(), net(a=box(0, 0, 200, 200), b=box(100, 0, 300, 200)))
    assert len(result.polygons) == 0
    (spot,) = result.refused
    assert (spot.rule, set(spot.codes), spot.area_m2) == ("overlap", {"a", "b"}, 20_000)


def test_the_limit_is_the_callers():
    drawing = net(a=box(0, 0, 200, 200), b=box(100, 0, 300, 200))
    result = overlay_grids(COUNTY, bare(), drawing, terms=Terms(20_000))
    assert_fills(result)
    assert set(result.labels) == {"a", "b"}


def test_overshoot_is_clipped_or_refused_by_size():
    small = net(a=box(-5, 0, 100, 200), b=box(100, 0, 300, 200))
    result = overlay_grids(COUNTY, bare(), small)
    assert_fills(result)
    assert result.findings == {"outside": 1}
    assert result.changes[0].moved_m2 == pytest.approx(1000)
    large = overlay_grids(COUNTY, bare(), net(a=box(-100, 0, 100, 200), b=box(100, 0, 300, 200)))
    assert [s.rule for s in large.refused] == ["outside"]


def test_vertices_missing_on_one_side_are_added_on_both():
    a, b, c = box(0, 0, 100, 200), box(100, 0, 300, 77), box(100, 77, 300, 200)
    result = overlay_grids(COUNTY, bare(), net(a=a, b=b, c=c))
    assert_fills(result)
    assert result.changes == ()
    corners = {tuple(p) for p in shapely.get_coordinates(land(result, "a"))}
    assert (100.0, 77.0) in corners


def test_bow_ties_unclosed_corners_and_heights_are_made_valid_and_counted():
    bow = Polygon([(0, 0, 9), (100, 200, 9), (100, 0, 9), (0, 200, 9)])
    mended, invalid = valid_polygons(np.array([bow], object))
    assert invalid == 1
    assert mended[0].area == pytest.approx(10_000)
    assert not shapely.has_z(mended[0])
    result = overlay_grids(COUNTY, bare(), Net(np.array([bow, box(100, 0, 300, 200)]), ("a", "b")))
    assert_fills(result)
    assert result.findings["invalid"] == 1


def test_nothing_drawn_is_one_sentence_with_the_position():
    with pytest.raises(InputError) as caught:
        valid_polygons(np.array([box(0, 0, 1, 1), Polygon(), None], object))
    assert "2, 3" in caught.value.en


def test_rows_of_one_label_are_parts_of_one_grid():
    rows = Net(np.array([box(0, 0, 100, 200), box(200, 0, 300, 200), box(100, 0, 200, 200)]), ("a", "a", "b"))
    result = overlay_grids(COUNTY, bare(), rows)
    assert_fills(result)
    assert result.findings == {"multi_part": 1}
    assert result.labels.count("a") == 2
    joined = Net(np.array([box(0, 0, 100, 200), box(100, 0, 300, 200)]), ("a", "a"))
    assert overlay_grids(COUNTY, bare(), joined).findings == {}


def test_a_grid_drawn_inside_another_keeps_its_land():
    inner = box(20, 20, 80, 80)
    result = overlay_grids(COUNTY, bare(), net(a=COUNTY, b=inner))
    assert_fills(result)
    assert result.findings == {"overlap": 1}
    assert land(result, "b").equals(inner)


def test_the_same_land_under_two_codes_is_refused_rather_than_lost():
    small = box(0, 0, 50, 50)
    rest = COUNTY.difference(small)
    result = overlay_grids(COUNTY, bare(), net(a=small, b=small, c=rest))
    assert result.findings["duplicate"] == 1
    assert [(s.rule, s.codes) for s in result.refused] == [("vanished", ("b",))]


def test_cells_that_nobody_drew_over_stay_byte_equal():
    old = Net(np.array([box(0, 0, 150, 200), box(150, 0, 300, 200)]), ("100", "200"))
    halves = net(**{"100001": box(0, 0, 150, 100), "100002": box(0, 100, 150, 200)})
    result = overlay_grids(COUNTY, old, halves)
    assert_fills(result)
    assert set(result.labels) == {"100001", "100002", "200"}
    # The neighbour gains the vertex where the new border meets it, and nothing else.
    assert land(result, "200").equals(old.polygons[1])
    far = Net(np.array([box(0, 0, 100, 200), box(100, 0, 200, 200), box(200, 0, 300, 200)]), ("1", "2", "3"))
    kept = overlay_grids(COUNTY, far, net(**{"11": box(0, 0, 100, 100), "12": box(0, 100, 100, 200)}))
    at = kept.labels.index("3")
    assert kept.polygons[at] is far.polygons[2]
    assert kept.sources[at] == 2


def test_a_grid_may_not_take_land_of_another_parent():
    old = Net(np.array([box(0, 0, 150, 200), box(150, 0, 300, 200)]), ("100", "200"))
    reaching = net(**{"100001": box(0, 0, 155, 200)})
    parents = {"100001": "100"}
    result = overlay_grids(COUNTY, old, reaching, terms=Terms(parents=parents))
    assert_fills(result)
    assert result.findings == {"locked": 1}
    assert land(result, "200").equals(old.polygons[1])
    assert land(result, "100001").equals(old.polygons[0])
    far = overlay_grids(COUNTY, old, net(**{"100001": box(0, 0, 250, 200)}), terms=Terms(parents=parents))
    assert [s.rule for s in far.refused] == ["locked"]


def test_what_is_left_of_a_divided_grid_is_filled_or_unassigned_by_size():
    old = Net(np.array([box(0, 0, 150, 200), box(150, 0, 300, 200)]), ("100", "200"))
    parents = {"100001": "100"}
    near = overlay_grids(COUNTY, old, net(**{"100001": box(0, 0, 148, 200)}), terms=Terms(parents=parents))
    assert sorted(map(str, near.labels)) == ["100001", "200"]
    far = overlay_grids(COUNTY, old, net(**{"100001": box(0, 0, 50, 200)}), terms=Terms(parents=parents))
    assert land(far, None).equals(box(50, 0, 150, 200))


def test_a_strip_along_the_boundary_is_cut_up_among_its_neighbours():
    # Drawn 2 m inside the county all around: 8 grids, one gap of 1,984 m² that runs round them all.
    boxes = {
        f"{i}{j}": box(2 + 74 * i, 2 + 98 * j, 2 + 74 * (i + 1), 2 + 98 * (j + 1)) for i in range(4) for j in range(2)
    }
    result = overlay_grids(COUNTY, bare(), net(**boxes))
    assert_fills(result)
    assert None not in result.labels
    for label, drawn in boxes.items():
        mine = land(result, label)
        assert mine.geom_type == "Polygon"
        # Its own land and the strip before its door, nobody else's.
        assert mine.covers(drawn)
        assert drawn.buffer(3).covers(mine)


def test_a_strip_along_a_parents_boundary_is_cut_up_too():
    old = Net(np.array([box(0, 0, 150, 200), box(150, 0, 300, 200)]), ("100", "200"))
    west = {f"10000{i}": box(0, 50 * i, 148, 50 * (i + 1)) for i in range(4)}
    east = {f"20000{i}": box(150, 40 * i, 300, 40 * (i + 1)) for i in range(5)}
    drawing = net(**west, **east)
    parents = {code: code[:3] for code in drawing.labels}
    result = overlay_grids(COUNTY, old, drawing, terms=Terms(parents=parents))
    assert_fills(result)
    for i in range(4):
        assert land(result, f"10000{i}").equals(box(0, 50 * i, 150, 50 * (i + 1)))


def test_crumbs_go_to_the_neighbour():
    # Where a and b cross slightly, a corner of a is cut off by b: 0.5 m x 0.5 m that hangs on to nothing.
    a = shapely.union(box(0, 0, 100, 200), box(200, 100, 200.5, 100.5))
    b = shapely.difference(box(100, 0, 300, 200), box(200, 100, 200.5, 100.5))
    result = overlay_grids(COUNTY, bare(), net(a=a, b=b))
    assert_fills(result)
    assert result.findings["sliver"] == 1
    assert land(result, "b").equals(box(100, 0, 300, 200))
    assert [s.rule for s in result.spots] == ["sliver"]


def test_without_an_outline_the_drawing_is_its_own_with_holes_filled():
    ring = shapely.difference(box(0, 0, 200, 200), box(50, 50, 60, 60))
    result = overlay_grids(None, Net.empty(), net(a=ring))
    assert_fills(result, box(0, 0, 200, 200))
    assert result.labels == ("a",)


def test_a_hole_of_the_county_is_no_gap():
    lake = box(50, 50, 150, 150)
    county = COUNTY.difference(lake)
    result = overlay_grids(county, bare(county), net(a=county))
    assert_fills(result, county)
    assert result.findings == {}


def test_rounding_is_counted_apart_from_faults():
    found = count_findings(net(a=box(0, 0, 100.0001, 200), b=box(100, 0, 300, 200)), COUNTY)
    # 0.02 m² but a tenth of a millimetre wide.
    assert (found["overlap"], found["rounding"]) == (0, 1)
    found = count_findings(net(a=box(0, 0, 100.001, 200), b=box(100, 0, 300, 200)), COUNTY)
    assert (found["overlap"], found["rounding"]) == (1, 0)


def test_repair_of_a_repaired_drawing_changes_nothing():
    a, b = Polygon([(0, 0), (160, 3), (155, 200), (0, 200)]), Polygon([(150, 0), (300, 0), (300, 200), (152, 199)])
    once = overlay_grids(COUNTY, bare(), net(a=a, b=b))
    again = overlay_grids(COUNTY, bare(), Net(once.polygons, once.labels))
    assert [p.wkb for p in again.polygons] == [p.wkb for p in once.polygons]
    assert again.changes == ()
