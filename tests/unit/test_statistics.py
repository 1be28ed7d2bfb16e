"""Figures of a county: what is counted, per grid and in all, and where it comes from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import shapely

import gridgis as gg
from gridgis.errors import SchemeError
from gridgis.statistics import grid_statistics, overview, sources
from tests.drawn import area, at, code_of, drawn_county, homes_of, line, tamper

DRAWING, HOMES = "AABa\nCCBa", "1500\n2104"
A, B, C, D = (str(code_of(c)) for c in "ABCD")
a = str(code_of("a"))
TOWN, UPPER, LOWER = "350526100", "350526100001", "350526100002"


def spots(kinds: list[str], *where: tuple[float, float]) -> pd.DataFrame:
    shapes = [shapely.Point(at(*p)) for p in where]
    rows = {
        "id": [f"p{k}" for k in range(len(shapes))],
        "kind": kinds,
        "name": kinds,
        "source": "示意数据 illustrative",
    }
    return pd.DataFrame(rows | {"as_of": "2026-01-01", "geometry": shapes})


@pytest.fixture
def county(tmp_path: Path) -> Iterator[gg.County]:
    places = spots(["school", "station", "school"], (0.5, 0.5), (1.5, 0.5), (3.5, 0.5))
    roads = pd.DataFrame({"id": ["r1"], "name": ["路"], "geometry": [line((2.1, 0.5), (2.9, 0.5))]})
    incidents = spots(["x", "x"], (0.5, 1.5), (0.6, 1.5)).rename(columns={"kind": "category"})
    incidents = incidents.assign(at=["2026-01-01 08:00:00", "2026-02-01 08:00:00"], status="closed")
    more = {"places": places, "roads": roads, "incidents": incidents}
    path = drawn_county(tmp_path / "county.gpkg", DRAWING, homes=HOMES, more=more)
    with gg.open_county(path) as opened:
        yield opened


def test_the_overview_counts_everything_once(county: gg.County) -> None:
    facts = overview(county)
    assert (facts["households"], facts["persons"], facts["buildings"], facts["incidents"]) == (13, 26, 5, 2)
    assert facts["levels"] == {"township": 1, "community": 2, "unit": 4}
    assert facts["places"] == {"school": 2, "station": 1}
    assert (facts["cells"], facts["area_m2"]) == (8, 80_000.0)
    assert (facts["version"], facts["hash"], facts["crs"], facts["scheme"]) == (1, county.plan.hash, 4548, "generic")
    assert (facts["staff"], facts["nets"], facts["illustrative"]) == ({}, {}, False)


def test_the_overview_follows_an_edit(county: gg.County) -> None:
    county.apply(gg.merge(county.plan, [A, C]))
    facts = overview(county)
    assert facts["levels"]["unit"] == 3
    assert facts["households"] == 13
    assert facts["version"] == 2


def test_kinds_and_zones_are_counted_by_level(county: gg.County) -> None:
    tamper(county.store.path, f"UPDATE grids SET zone = 'built_up', kind = 'institution' WHERE code = '{A}'")
    with gg.open_county(county.store.path) as again:
        facts = overview(again)
    assert facts["zones"] == {"unit": {"built_up": 1}}
    assert facts["kinds"]["unit"] == {"comprehensive": 3, "institution": 1}
    assert facts["categories"] == facts["classes"] == {}


def test_sources_are_those_of_the_rows(county: gg.County) -> None:
    assert sources(county)["places"] == "示意数据 illustrative 2026-01-01"
    assert "buildings" not in sources(county)


@pytest.mark.parametrize(
    ("level", "rows"),
    [("unit", {A: 6, B: 0, C: 3, a: 4}), ("community", {UPPER: 9, LOWER: 4}), ("township", {TOWN: 13})],
)
def test_figures_of_each_level_add_up(county: gg.County, level: str, rows: dict[str, int]) -> None:
    frame = grid_statistics(county, level)
    assert frame["households"].to_dict() == rows
    assert frame["persons"].sum() == 26
    assert frame["area_m2"].sum() == 80_000.0
    assert frame.index.name == "code"


def test_elements_are_counted_by_kind(county: gg.County) -> None:
    frame = grid_statistics(county, "unit")
    assert frame["place_school"].to_dict() == {A: 1, B: 0, C: 0, a: 1}
    assert frame["place_station"].to_dict() == {A: 1, B: 0, C: 0, a: 0}
    assert frame["places"].to_dict() == {A: 2, B: 0, C: 0, a: 1}
    assert frame["roads"].to_dict() == {A: 0, B: 1, C: 0, a: 0}
    assert frame["incidents"].to_dict() == {A: 0, B: 0, C: 2, a: 0}


def test_the_band_is_told_where_there_is_one(county: gg.County) -> None:
    tamper(county.store.path, f"UPDATE grids SET zone = 'built_up' WHERE code = '{A}'")
    with gg.open_county(county.store.path) as again:
        frame = grid_statistics(again, "unit")
        # 6 households are not 300 to 500; B has no zone and no band.
        assert frame.loc[A, "in_band"] is False
        assert pd.isna(frame.loc[B, "in_band"])
        assert frame["in_band"].notna().sum() == 1


def test_a_county_without_places(tmp_path: Path) -> None:
    with gg.open_county(drawn_county(tmp_path / "county.gpkg", "AB", homes="12")) as county:
        frame = grid_statistics(county, "unit")
        assert [c for c in frame if c.startswith("place_")] == []
        assert overview(county)["places"] == {}


def test_a_level_that_is_not(county: gg.County) -> None:
    with pytest.raises(SchemeError):
        grid_statistics(county, "slice")


def test_figures_of_grids_are_those_of_the_houses(county: gg.County) -> None:
    built = homes_of(HOMES)
    inside = {A: area((0, 0), (2, 0), (2, 1), (0, 1)), C: area((0, 1), (2, 1), (2, 2), (0, 2))}
    for code, shape in inside.items():
        mine = built[[shape.contains(p) for p in built["geometry"]]]
        assert county.figures("unit").loc[code, ["households", "persons", "buildings"]].tolist() == [
            mine["households"].sum(), mine["persons"].sum(), len(mine),
        ]  # fmt: skip


def test_incidents_by_period_and_category(county: gg.County) -> None:
    assert len(county.incidents()) == 2
    assert county.incidents(since="2026-01-15")["at"].tolist() == ["2026-02-01 08:00:00"]
    # The end is not included.
    assert len(county.incidents(until="2026-02-01 08:00:00")) == 1
    assert len(county.incidents(categories=["y"])) == 0
    assert list(county.incidents().columns) == ["id", "at", "category", "status", "x", "y"]


def test_the_frame_of_a_level_carries_polygons(county: gg.County) -> None:
    frame = county.grids("unit")
    assert frame.crs.to_epsg() == 4548
    assert frame.index.tolist() == [A, B, C, a]
    assert shapely.coverage_is_valid(frame.geometry.values)
    county.apply(gg.merge(county.plan, [A, C]))
    assert county.grids("unit", version=1).index.tolist() == [A, B, C, a]
    assert len(county.grids("unit")) == 3
