"""Bounds in words: what a county of streets is known to have on its sides."""

from __future__ import annotations

from pathlib import Path

import pytest

import gridgis as gg
from gridgis.print.country import country_of
from gridgis.print.sides import sides_of
from tests.drawn import drawn_county, line
from tests.streets import street_county, truth


@pytest.mark.parametrize("angle", [0.0, 12.0, 30.0, -25.0])
def test_sides_are_named_after_the_roads_they_touch(tmp_path: Path, angle: float) -> None:
    with gg.open_county(street_county(tmp_path / "streets.gpkg", angle=angle)) as county:
        country = country_of(county)
        told = {code: {s.key: s.words[0] for s in sides_of(country, code)} for code in truth()}
    pairs = [(told[code][key], name) for code, four in truth().items() for key, name in four.items()]
    right = sum(a == b for a, b in pairs)
    assert right >= 0.95 * len(pairs), [p for p in pairs if p[0] != p[1]]


def test_where_no_road_runs_the_neighbour_or_the_county_is_named(tmp_path: Path) -> None:
    with gg.open_county(drawn_county(tmp_path / "c.gpkg", "AAB\nAAB")) as county:
        sides = {s.key: s for s in sides_of(country_of(county), "350526100001001")}
    assert sides["east"].words == ("第2网格", "第2网格")
    assert sides["west"].words == ("县界", "the county boundary")
    assert sides["east"].length_m == pytest.approx(200)


def test_a_triangle_has_four_sides_in_words(tmp_path: Path) -> None:
    with gg.open_county(drawn_county(tmp_path / "c.gpkg", "AA\nAA")) as county:
        county.apply(gg.split(county.plan, "350526100001001", line((0, 0), (2, 2))))
        country = country_of(county)
        for code in county.plan.codes("unit"):
            assert all(s.names or s.at_county for s in sides_of(country, code))
