"""Real layers, faulty as delivered: what is found equals plain overlay, what comes out is whole.

The numbers are those of the README beside the data, counted there with geopandas and shapely alone; here they
are counted again by other means (`geopandas.overlay`), so that neither side vouches for itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from benchmarks.repair_layers import LAYERS, against_published, as_published, far_off, repair, whole
from gridgis.cleaning.repair import Net, overlay_grids


@dataclass(frozen=True)
class Truth:
    """What is in a layer as delivered."""

    findings: dict[str, int] = field(default_factory=dict)
    overlap_m2: float | None = None
    gap_m2: float | None = None


TRUTH = {
    "pinggu": Truth({}, 0, 0),
    # The two spots outside are a square metre that the layer has and its own outline has not.
    "daxing": Truth({"overlap": 10, "gap": 7, "multi_part": 3, "outside": 2}, 8250, 8591),
    "haidian": Truth({"overlap": 3, "gap": 4, "multi_part": 5, "rounding": 1}, 470, 1321),
    "miyun": Truth({"gap": 1}, 0, 45),
    "paris": Truth({"rounding": 7}),
    # The README counts four overlaps of 13 m²: three of them are under 1 dm² and thinner than half a millimetre.
    "denver": Truth({"overlap": 1, "gap": 15, "rounding": 43, "multi_part": 1, "unassigned": 6}, 13),
    "denver repaired": Truth({"gap": 10, "multi_part": 2, "unassigned": 7}, 0),
    "bubenec plots": Truth({"overlap": 15, "gap": 7, "rounding": 88}, 0.3),
    "bubenec tessellation": Truth({"gap": 1}),
    "providence precincts": Truth({"overlap": 2, "gap": 3, "multi_part": 3, "sliver": 1, "unassigned": 2}),
    "providence new": Truth({"multi_part": 2}),
    "providence districts": Truth(),
    "providence blocks": Truth({"multi_part": 1}),
    "sao-miguel": Truth({"multi_part": 1}),
}


@pytest.mark.parametrize("name", LAYERS)
def test_findings_are_those_of_plain_overlay(name: str, shared_data: Path) -> None:
    truth = TRUTH[name]
    frame, result = repair(shared_data, LAYERS[name])
    assert result.findings == truth.findings
    assert not result.refused
    plain = gpd.GeoDataFrame({"n": range(len(frame))}, geometry=frame.geometry.make_valid())
    twice = gpd.overlay(plain, plain, how="intersection", keep_geom_type=True)
    twice = twice[twice["n_1"] < twice["n_2"]]
    pairs = twice.dissolve(["n_1", "n_2"]).area
    assert int((pairs > 0.01).sum()) - (name == "paris") == result.findings.get("overlap", 0)
    if truth.overlap_m2 is not None:
        assert pairs.sum() == pytest.approx(truth.overlap_m2, rel=0.035, abs=0.01)
    if truth.gap_m2 is not None:
        union = plain.union_all()
        holes = [shapely.Polygon(r).area for p in shapely.get_parts(union) for r in p.interiors]
        assert sum(holes) == pytest.approx(truth.gap_m2, rel=0.01)
    multi = plain.geometry.count_geometries() > 1
    assert int(multi.sum()) == result.findings.get("multi_part", 0)


@pytest.mark.parametrize("name", LAYERS)
def test_what_comes_out_is_whole_and_accounts_for_every_square_metre(name: str, shared_data: Path) -> None:
    frame, result = repair(shared_data, LAYERS[name])
    polygons, labels = result.polygons, np.array(result.labels, object)
    assert shapely.is_valid(polygons).all()
    assert shapely.coverage_is_valid(polygons)
    xy = shapely.get_coordinates(polygons)
    assert np.array_equal(xy, np.round(xy, 3))
    union = shapely.coverage_union_all(polygons)
    raw = frame.geometry.make_valid().union_all()
    reach = shapely.union_all([shapely.Polygon(shapely.get_exterior_ring(p)) for p in shapely.get_parts(raw)])
    assert shapely.symmetric_difference(union, reach).area < 1.0 + 0.001 * reach.length
    # Every grid is there, and its land is what was drawn, plus and minus what the report says.
    told = {c.code: c for c in result.changes}
    for row, drawn in enumerate(frame.geometry.area):
        after = float(shapely.area(polygons[labels == str(row)]).sum())
        assert after > 0
        moved = told[str(row)].moved_m2 if str(row) in told else 0.0
        assert abs(after - drawn) <= moved + 0.02 + 0.001 * frame.geometry.iloc[row].length


@pytest.mark.parametrize("name", ["pinggu", "daxing", "haidian", "paris", "providence new"])
def test_repairing_again_changes_no_byte(name: str, shared_data: Path) -> None:
    _, once = repair(shared_data, LAYERS[name])
    outline = shapely.coverage_union_all(once.polygons)
    again = overlay_grids(outline, Net(np.array([outline], object), (None,)), Net(once.polygons, once.labels))
    assert [p.wkb for p in again.polygons] == [p.wkb for p in once.polygons]
    assert not again.findings.keys() - {"multi_part"}


def test_denver_comes_out_as_published_where_the_published_repair_redrew_nothing(shared_data: Path) -> None:
    result = as_published(shared_data)
    assert whole(result)
    # The enclaves stay open: nobody fills 1.5 km² unasked.
    assert sum(label is None for label in result.labels) == 9
    table = against_published(shared_data, result)
    far, unexplained = far_off(table)
    assert (len(table), len(far), unexplained) == (356, 7, 0)
    # Five hectares moved in one precinct would be noticed, and nothing would explain it.
    table.loc[table["redrawn_m2"].idxmin(), "mended_m2"] += 50_000
    assert far_off(table)[1] == 1
