"""Real outlines of counties from two surveys: undeclared GCJ-02 is told from WGS84, and fits once converted."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest

from benchmarks.datum_outlines import held_against

FILES = ("140214", "350526", "360404", "370883", "440303", "440309", "440802")
REDRAWN = ("360404", "370883", "440802")
"""The two surveys differ in extent: 18 %, 6 % and 25 % of these boundaries were redrawn, so centroids do not compare."""


@pytest.fixture(scope="module")
def outlines(shared_data: Path):
    frame = gpd.read_file(shared_data / "county-outlines" / "wgs84.geojson")
    return frame.set_index(frame["district_adcode"].astype(str)).geometry


@pytest.mark.parametrize("code", FILES)
def test_an_undeclared_gcj02_outline_is_recognised_and_fits_the_other_survey(shared_data: Path, outlines, code) -> None:
    drawn = gpd.read_file(shared_data / "county-outlines" / "gcj02" / f"{code}.geojson").union_all()
    line = held_against(code, "", drawn, outlines[code])
    assert (line.seen, line.acted) == ("gcj02", "gcj02")
    assert line.confidence > 0.9
    assert line.shared > 0.7
    # Where the boundary is the same one, it lies within metres.
    assert line.shared_median_m < 3
    assert line.shared_centroid_m < 1
    assert (line.converted_m > 40) == (code in REDRAWN)


@pytest.mark.parametrize("code", FILES)
def test_the_wgs84_outlines_are_left_alone_even_60_m_off(outlines, code) -> None:
    for moved in (0.0, 60.0):
        line = held_against(code, "", outlines[code], outlines[code], moved)
        assert (line.seen, line.acted) == ("as drawn", "-"), moved
