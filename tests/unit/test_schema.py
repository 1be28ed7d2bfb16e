"""The CRS of a county, the millimetre lattice, and the tables."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from gridgis.errors import InputError
from gridgis.schema import FIGURES, LAYERS, TABLE_ALIASES, TABLES, county_epsg, metres, mm, parse_crs, to_lattice


@pytest.mark.parametrize(
    ("lon", "epsg"),
    [
        # CM 117 E is EPSG:4548 by the register of EPSG, 114 E is 4547, 120 E is 4549.
        (117.0, 4548), (118.2, 4548), (118.5, 4549), (118.4999, 4548), (115.5, 4548), (115.4999, 4547), (114.0, 4547),
        (120.0, 4549), (75.0, 4534), (135.0, 4554), (73.5, 4534), (136.4999, 4554),
    ],
)  # fmt: skip
def test_the_zone_of_a_longitude(lon: float, epsg: int) -> None:
    assert county_epsg(lon) == epsg


@pytest.mark.parametrize("epsg", [4534, 4548, 4554])
def test_the_zones_are_what_the_register_says(epsg: int) -> None:
    name = parse_crs(epsg).name
    assert name == f"CGCS2000 / 3-degree Gauss-Kruger CM {75 + 3 * (epsg - 4534)}E"


@pytest.mark.parametrize(("lon", "lat"), [(600_000.0, 35.0), (-181.0, 35.0), (25.0, 118.0), (float("nan"), 35.0)])
def test_what_is_no_longitude_is_refused(lon: float, lat: float) -> None:
    with pytest.raises(InputError, match="经纬度"):
        county_epsg(lon, lat)


def test_metres_and_millimetres_are_inverse_bit_for_bit() -> None:
    whole = np.random.default_rng(1).integers(-(10**10), 10**10, (10_000, 2))
    assert (mm(metres(whole)) == whole).all()


def test_the_lattice_is_that_of_decimal_millimetres() -> None:
    point = to_lattice(shapely.Point(600_000.12349, 2_820_000.9996))
    assert (point.x, point.y) == (600_000.123, 2_820_001.0)
    assert to_lattice(point) == point


def test_rounding_keeps_the_structure() -> None:
    shape = shapely.Polygon([(0, 0), (10, 0), (10, 10.0004)], [[(5, 1), (6, 1), (6, 2)]])
    rounded = to_lattice(shape)
    assert shapely.get_num_interior_rings(rounded) == 1
    assert shapely.get_num_coordinates(rounded) == shapely.get_num_coordinates(shape)


@pytest.mark.parametrize("text", [4490, "4490", "EPSG:4490", "epsg:4490"])
def test_a_crs_in_many_words(text: object) -> None:
    assert parse_crs(text).to_epsg() == 4490


@pytest.mark.parametrize("text", ["", "mars", "99999999", "EPSG:", "²"])
def test_no_crs(text: str) -> None:
    with pytest.raises(InputError, match="EPSG"):
        parse_crs(text)


def test_every_table_has_its_columns_once_with_a_chinese_alias() -> None:
    assert set(TABLES) == set(TABLE_ALIASES)
    for name, columns in TABLES.items():
        names = [c.name for c in columns]
        assert len(set(names)) == len(names), name
        assert ("geometry" in names) == (name in LAYERS)
        for column in columns:
            assert column.kind in ("text", "int", "real", "geometry")
            assert any("\u4e00" <= letter <= "\u9fff" for letter in column.zh)


def test_cells_carry_every_figure_as_a_whole_number() -> None:
    kinds = {c.name: c.kind for c in TABLES["cells"]}
    assert all(kinds[name] == "int" for name in FIGURES)
    assert kinds["code"] == "text"
