"""Files become cells, grids and boundaries; every row and every square metre is accounted for."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from shapely import box

from gridgis import datums
from gridgis.errors import InputError, RefusedError
from gridgis.io.importing import ImportResult, Options, Target, plan_import

EPSG = 4548
COUNTY = "350526"
X, Y = 600_000.0, 2_820_000.0
OUTLINE = box(X, Y, X + 9000, Y + 6000)


def at(x0: float, y0: float, x1: float, y1: float) -> shapely.Polygon:
    return box(X + x0, Y + y0, X + x1, Y + y1)


def target(**cells: shapely.Polygon) -> Target:
    shapes = cells or {"": OUTLINE}
    codes = [code.strip("_") or None for code in shapes]
    index = pd.Index(range(1, len(shapes) + 1), name="id")
    existing = gpd.GeoDataFrame({"code": codes}, geometry=list(shapes.values()), index=index, crs=EPSG)
    return Target((6, 9, 12, 15), ("county", "township", "community", "unit"), COUNTY, EPSG, OUTLINE, existing)


TOWNS = {
    "350526100": at(0, 0, 3000, 6000),
    "350526101": at(3000, 0, 6000, 6000),
    "350526102": at(6000, 0, 9000, 6000),
}


def write(path: Path, shapes: dict[str, shapely.Geometry], crs: int = EPSG, **columns: list[object]) -> Path:
    frame = gpd.GeoDataFrame({"code": list(shapes), **columns}, geometry=list(shapes.values()), crs=EPSG)
    frame.to_crs(crs).to_file(path)
    return path


def codes(result: ImportResult) -> set[str | None]:
    assert result.cells is not None
    return set(result.cells["code"])


def test_townships_make_one_cell_each(tmp_path: Path) -> None:
    padded = {f"{code}000": shape for code, shape in TOWNS.items()}
    path = write(tmp_path / "towns.gpkg", padded, 4490, 名称=["龙浔镇", "浔中镇", "三班镇"], kind=["", "", "x"])
    result = plan_import(path, target())
    assert result.error is None
    assert codes(result) == set(TOWNS)
    assert list(result.cells["id"]) == [-1, -1, -1]
    assert shapely.coverage_is_valid(result.cells.geometry.to_numpy())
    assert list(result.grids["level"]) == ["township"] * 3
    assert list(result.grids["name"]) == ["龙浔镇", "浔中镇", "三班镇"]
    assert list(result.grids["kind"]) == ["", "", "x"]
    assert not result.grids["implied"].any()
    report = result.report
    assert (report["rows"], report["accepted"], report["rejected"]) == (3, 3, [])
    assert (report["datum"], report["crs"], report["findings"]) == ("cgcs2000", "EPSG:4490", {})
    assert (report["code_field"], report["name_field"], report["applied"]) == ("code", "名称", False)
    assert result.boundaries.empty


def test_the_projected_drawing_is_given_back_to_the_millimetre(tmp_path: Path) -> None:
    result = plan_import(write(tmp_path / "towns.gpkg", TOWNS), target())
    drawn = {shapely.normalize(s).wkb for s in TOWNS.values()}
    # Only the county's corners are left of the drawing: its edges met no other vertex.
    assert {g.wkb for g in result.cells.geometry} == drawn


def test_units_create_their_missing_ancestors(tmp_path: Path) -> None:
    units = {"350526100001001": at(0, 0, 3000, 3000), "350526100001002": at(0, 3000, 3000, 6000)}
    result = plan_import(write(tmp_path / "u.gpkg", units), target(**{f"_{c}": s for c, s in TOWNS.items()}))
    assert result.error is None
    assert codes(result) == {*units, "350526101", "350526102"}
    implied = result.grids[result.grids["implied"]]
    assert list(implied["code"]) == ["350526100", "350526100001"]
    assert list(implied["name"]) == ["350526100", "350526100001"]
    kept = result.cells.set_index("code")["id"]
    assert kept["350526102"] == 3
    assert kept["350526100001001"] == -1


def test_mixed_levels_draw_only_the_finest(tmp_path: Path) -> None:
    mixed = {
        "350526100": TOWNS["350526100"],
        "350526100001": at(0, 0, 3000, 3000),
        "350526100002": at(0, 3000, 3000, 6000),
        "350526101": at(3000, 0, 9000, 6000),
        "350526": OUTLINE,
    }
    result = plan_import(write(tmp_path / "m.gpkg", mixed), target())
    assert result.error is None
    assert codes(result) == {"350526100001", "350526100002", "350526101"}
    assert set(result.grids["code"]) == set(mixed) - {"350526"}
    assert any("350526100" in note for note in result.report["notes"])


def test_a_level_that_is_already_divided_is_not_redrawn(tmp_path: Path) -> None:
    units = {"_350526100001": at(0, 0, 3000, 6000), "_350526101": at(3000, 0, 9000, 6000)}
    result = plan_import(write(tmp_path / "t.gpkg", {"350526100": at(0, 0, 3100, 6000)}), target(**units))
    assert result.cells is None
    assert list(result.grids["code"]) == ["350526100"]
    assert result.report["notes"]


def test_grids_that_lose_all_their_land_are_named(tmp_path: Path) -> None:
    path = write(tmp_path / "t.gpkg", {"350526103": TOWNS["350526100"]})
    result = plan_import(path, target(**{f"_{c}": s for c, s in TOWNS.items()}))
    assert codes(result) == {"350526101", "350526102", "350526103"}
    assert any("350526100" in note for note in result.report["notes"])


def test_reimport_of_the_same_drawing_keeps_every_cell(tmp_path: Path) -> None:
    first = plan_import(write(tmp_path / "towns.gpkg", TOWNS, 4490), target())
    county = Target(**{**vars(target()), "existing": first.cells.set_index("id").set_axis([5, 6, 7])})
    again = plan_import(tmp_path / "towns.gpkg", county)
    assert sorted(again.cells["id"]) == [5, 6, 7]
    assert again.report["changes"] == []


def test_rows_that_cannot_enter_are_named_and_stop_the_import(tmp_path: Path) -> None:
    shapes = {**TOWNS, "35052610A": at(0, 0, 1, 1), "350526103": None, "350526104": shapely.Point(X, Y)}
    path = write(tmp_path / "bad.gpkg", shapes)
    result = plan_import(path, target())
    assert isinstance(result.error, InputError)
    assert "row 4" in result.error.en
    assert "第 5 行没有图形" in result.error.zh
    reasons = {r["row"]: r["reason"] for r in result.report["rejected"]}
    assert sorted(reasons) == [4, 5, 6]
    assert "Point" in reasons[6]
    assert (result.report["rows"], result.report["accepted"]) == (6, 3)
    willing = plan_import(path, target(), Options(skip_rejected=True))
    assert willing.error is None
    assert codes(willing) == set(TOWNS)
    assert len(willing.report["rejected"]) == 3


def test_codes_of_another_county_are_refused(tmp_path: Path) -> None:
    other = {code.replace("350526", "350525"): s for code, s in TOWNS.items()}
    result = plan_import(write(tmp_path / "o.gpkg", other), target(), Options(skip_rejected=True))
    assert result.cells is None
    assert isinstance(result.error, InputError)
    assert "350526" in result.error.zh


def test_several_rows_of_one_code_are_one_grid(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame(
        {"code": ["350526100", "350526101", "350526100"]},
        geometry=[at(0, 0, 3000, 6000), at(3000, 0, 6000, 6000), at(6000, 0, 9000, 6000)],
        crs=EPSG,
    )
    frame.to_file(tmp_path / "parts.gpkg")
    result = plan_import(tmp_path / "parts.gpkg", target())
    assert list(result.grids["code"]) == ["350526100", "350526101"]
    assert result.report["findings"] == {"multi_part": 1}
    assert sorted(result.cells["code"]) == ["350526100", "350526100", "350526101"]


def test_a_row_that_stands_twice_moves_no_land(tmp_path: Path) -> None:
    codes_, shapes = [*TOWNS, "350526100"], [*TOWNS.values(), TOWNS["350526100"]]
    gpd.GeoDataFrame({"code": codes_}, geometry=shapes, crs=EPSG).to_file(tmp_path / "twice.gpkg")
    report = plan_import(tmp_path / "twice.gpkg", target()).report
    assert report["findings"]["duplicate"] == 1
    assert report["changes"] == []


def test_names_that_one_code_cannot_keep_are_told(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame(
        {"code": ["350526100", "350526101", "350526100"], "name": ["甲镇", "乙镇", "丙镇"]},
        geometry=[at(0, 0, 3000, 6000), at(3000, 0, 6000, 6000), at(6000, 0, 9000, 6000)],
        crs=EPSG,
    )
    frame.to_file(tmp_path / "parts.gpkg")
    result = plan_import(tmp_path / "parts.gpkg", target())
    assert [n for n in result.report["notes_zh"] if "第 1 行“甲镇”、第 3 行“丙镇”" in n]
    assert list(result.grids["name"]) == ["甲镇", "乙镇"]


def test_level_option_rejects_other_levels(tmp_path: Path) -> None:
    path = write(tmp_path / "t.gpkg", {"350526100": OUTLINE, "350526101001": at(0, 0, 1, 1)})
    result = plan_import(path, target(), Options(level="township"))
    assert [r["row"] for r in result.report["rejected"]] == [2]
    with pytest.raises(InputError, match="乡"):
        plan_import(path, target(), Options(level="乡"))


def test_faults_are_mended_and_each_change_is_told(tmp_path: Path) -> None:
    drawn = {**TOWNS, "350526101": at(2999, 0, 5999, 6000)}
    result = plan_import(write(tmp_path / "f.gpkg", drawn), target())
    assert result.error is None
    assert result.report["findings"] == {"overlap": 1}
    assert {c["code"] for c in result.report["changes"]} >= {"350526101"}
    assert {s["rule"] for s in result.report["spots"]} == {"overlap", "gap"}
    for change in result.report["changes"]:
        assert change["moved_m2"] > 0
        assert abs(change["after_m2"] - change["before_m2"]) <= change["moved_m2"] + 0.01


def test_faults_too_large_refuse_and_say_where(tmp_path: Path) -> None:
    drawn = {**TOWNS, "350526101": at(2900, 0, 6000, 6000)}
    result = plan_import(write(tmp_path / "f.gpkg", drawn), target())
    assert isinstance(result.error, RefusedError)
    assert result.cells is None
    assert "600,000" in result.error.en
    assert "350526100" in result.error.zh
    assert result.report["findings"]["overlap"] == 1


def test_gap_too_large_is_unassigned_land(tmp_path: Path) -> None:
    two = {c: TOWNS[c] for c in ("350526100", "350526101")}
    result = plan_import(write(tmp_path / "g.gpkg", two), target())
    assert result.error is None
    assert codes(result) == {*two, None}
    assert result.report["findings"] == {"unassigned": 1}


def _shifted(path: Path, shapes: dict[str, shapely.Geometry], datum: str) -> Path:
    degrees = gpd.GeoSeries(list(shapes.values()), crs=EPSG).to_crs(4326).to_numpy()
    moved = datums.shift_geometries(np.asarray(degrees, object), "wgs84", datum)
    gpd.GeoDataFrame({"code": list(shapes)}, geometry=moved, crs=4326).to_file(path)
    return path


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
def test_a_shifted_drawing_is_recognised_and_said_to_be_converted(tmp_path: Path, datum: str) -> None:
    path = _shifted(tmp_path / "shifted.gpkg", TOWNS, datum)
    seen = plan_import(path, target())
    assert seen.report["datum"] == seen.report["datum_seen"] == datum
    assert seen.report["confidence"] > 0.8
    assert [c["datum"] for c in seen.report["candidates"]] == ["wgs84", "gcj02", "bd09"]
    assert seen.error is None
    assert any("was converted" in words for words in seen.report["evidence"])
    asis = plan_import(path, target(), Options(datum="wgs84"))
    assert asis.report["datum"] == "wgs84"
    assert isinstance(asis.error, RefusedError)
    assert f"--datum {datum}" in asis.error.en
    assert any(f"--datum {datum}" in words for words in asis.report["evidence"])
    told = plan_import(path, target(), Options(datum=datum))
    assert told.error is None
    assert told.report["datum"] == datum
    merged = told.cells.set_index("code").geometry
    for code, shape in TOWNS.items():
        assert shapely.hausdorff_distance(merged[code], shape) < 0.02


def test_a_true_drawing_is_not_taken_for_a_shifted_one(tmp_path: Path) -> None:
    report = plan_import(write(tmp_path / "t.gpkg", TOWNS, 4326), target()).report
    assert report["datum_seen"] is None
    assert any("nothing speaks" in words for words in report["evidence"])
    with pytest.raises(InputError):
        plan_import(tmp_path / "t.gpkg", target(), Options(datum="mars"))


def test_boundaries_are_kept_and_make_cells_where_nothing_finer_is(tmp_path: Path) -> None:
    result = plan_import(write(tmp_path / "b.gpkg", TOWNS), target(), Options(as_="boundaries"))
    assert list(result.boundaries["level"]) == ["township"] * 3
    assert codes(result) == set(TOWNS)
    for row in result.boundaries.itertuples():
        assert row.geometry.equals(TOWNS[row.code])


def test_a_file_without_attributes_is_the_countys_boundary(tmp_path: Path) -> None:
    path = tmp_path / "outline.geojson"
    path.write_text(shapely.to_geojson(gpd.GeoSeries([OUTLINE], crs=EPSG).to_crs(4326).iloc[0]))
    result = plan_import(path, target(), Options(as_="boundaries"))
    assert result.error is None
    assert list(result.boundaries["code"]) == [COUNTY]
    assert list(result.boundaries["level"]) == ["county"]
    assert result.cells is None
    assert result.boundaries.geometry.iloc[0].symmetric_difference(OUTLINE).area < 10
    with pytest.raises(InputError, match="--as boundaries"):
        plan_import(path, target())


def test_register_columns_come_along_when_named(tmp_path: Path) -> None:
    path = write(tmp_path / "r.gpkg", TOWNS, 负责人=["张三", None, "李四"], zone=["built_up", "", ""])
    result = plan_import(path, target(), Options(fields={"head": "负责人"}))
    assert list(result.grids["head"]) == ["张三", "", "李四"]
    assert list(result.grids["zone"]) == ["built_up", "", ""]


def test_projection_through_degrees_does_not_move_a_vertex(tmp_path: Path) -> None:
    # 38-degree zone file of a county in zone 39.
    path = write(tmp_path / "z.gpkg", TOWNS, 4526)
    assert pyproj.CRS.from_epsg(4526).name.endswith("zone 38")
    result = plan_import(path, target())
    xy = shapely.get_coordinates(result.cells.geometry.to_numpy())
    corners = {tuple(p) for shape in TOWNS.values() for p in shapely.get_coordinates(shape)}
    assert {tuple(p) for p in xy} == corners


def test_zeros_for_a_number_are_not_taken_for_the_grid_above(tmp_path: Path) -> None:
    """Census blocks are numbered from 000: the polygon must not vanish as an outline of its neighbours."""
    blocks = {f"350526100001{n:03d}": at(1000 * n, 0, 1000 * n + 1000, 6000) for n in range(9)}
    result = plan_import(write(tmp_path / "b.gpkg", blocks), target())
    assert "row 1" in result.error.en
    assert "350526100001" in result.error.zh
    assert result.report["accepted"] == 8
    assert any("350526100001000 -> 350526100001" in said for said in result.report["evidence"])


def test_land_that_no_finer_grid_covers_is_told_by_grid(tmp_path: Path) -> None:
    mixed = {
        **TOWNS,
        "350526100001": shapely.box(*TOWNS["350526100"].bounds[:2], TOWNS["350526100"].bounds[2], Y + 3000),
    }
    result = plan_import(write(tmp_path / "m.gpkg", mixed), target())
    assert result.error is None
    first = plan_import(write(tmp_path / "t.gpkg", TOWNS), target())
    county = Target(**{**vars(target()), "existing": first.cells.set_index("id").set_axis([5, 6, 7])})
    later = plan_import(write(tmp_path / "c.gpkg", {"350526100001": mixed["350526100001"]}), county)
    left = TOWNS["350526100"].area - mixed["350526100001"].area
    for told in (result, later):
        assert sum(f"350526100 {left:,.0f}" in note for note in told.report["notes"]) == 1
