"""Grids that come without codes of the scheme are numbered where they lie."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from gridgis.errors import CodeError, InputError
from gridgis.io.importing import Options, Target, plan_import
from gridgis.scheme import load_scheme
from tests.unit.test_io_importing import EPSG, TOWNS, at, target

ASKED = Options(number=True)


def bare(path: Path, shapes: list[shapely.Geometry]) -> Path:
    names = [f"Quartier {k}" for k in range(len(shapes))]
    gpd.GeoDataFrame(
        {"GEOID": [f"99{k}" for k in range(len(shapes))], "name": names}, geometry=shapes, crs=EPSG
    ).to_file(path)
    return path


def county(**cells: shapely.Geometry) -> Target:
    return replace(target(**cells), scheme=load_scheme("generic"))


def test_numbers_run_from_the_north_west_and_names_stay(tmp_path: Path) -> None:
    four = [at(4500, 0, 9000, 3000), at(0, 0, 4500, 3000), at(4500, 3000, 9000, 6000), at(0, 3000, 4500, 6000)]
    result = plan_import(bare(tmp_path / "q.gpkg", four), county(), ASKED)
    assert result.error is None
    named = dict(zip(result.grids["code"], result.grids["name"], strict=True))
    assert named == {f"350526{k:03d}": f"Quartier {n}" for k, n in ((1, 3), (2, 2), (3, 1), (4, 0))}
    drawn = dict(zip(result.cells["code"], result.cells.geometry, strict=True))
    assert all(drawn[f"350526{k:03d}"].equals(four[n]) for k, n in ((1, 3), (2, 2), (3, 1), (4, 0)))


def test_below_existing_grids_numbers_go_on_and_used_ones_stay_used(tmp_path: Path) -> None:
    towns = county(**{f"_{c}": s for c, s in TOWNS.items()})
    towns = replace(towns, ledger=frozenset({"350526101001"}))
    halves = [at(x, y, x + 3000, y + 3000) for x in (0, 3000) for y in (0, 3000)]
    result = plan_import(bare(tmp_path / "q.gpkg", halves), towns, replace(ASKED, level="community"))
    assert set(result.grids["code"]) >= {"350526100001", "350526100002", "350526101002", "350526101003"}
    assert "350526101001" not in set(result.grids["code"])


def test_what_lies_in_no_grid_above_is_named(tmp_path: Path) -> None:
    only = county(_350526100=TOWNS["350526100"], _=at(3000, 0, 9000, 6000))
    result = plan_import(bare(tmp_path / "q.gpkg", [at(0, 0, 100, 100), at(5000, 0, 6000, 100)]), only,
                         replace(ASKED, level="community"))  # fmt: skip
    assert "row 2" in result.error.en
    assert "level above" in result.error.en
    assert result.report["accepted"] == 1


def test_no_two_ways_at_once_and_no_number_too_many(tmp_path: Path) -> None:
    path = bare(tmp_path / "q.gpkg", [at(0, 0, 9000, 6000)])
    with pytest.raises(InputError, match="--number"):
        plan_import(path, county(), replace(ASKED, fields={"code": "GEOID"}))
    full = replace(county(), ledger=frozenset(f"350526{k:03d}" for k in range(1, 1000)))
    with pytest.raises(CodeError):
        plan_import(path, full, ASKED)
