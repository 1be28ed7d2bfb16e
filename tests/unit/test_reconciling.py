"""Figures that do not add up, areas and rasters that reach beyond the county, registers that differ: all of it said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import shapely

import gridgis as gg
from gridgis.bringing import bring
from gridgis.errors import InputError
from gridgis.io.asking import Options
from gridgis.io.rasters import read_raster
from gridgis.population.conflicting import population_conflicts, sources
from tests.drawn import EAST, EPSG, NORTH, area, code_of, drawn_county
from tests.telling import Tell, geojson, teller

A, B = (str(code_of(c)) for c in "AB")


@pytest.fixture
def tell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Tell:
    return teller(monkeypatch, capsys)


@pytest.fixture
def county(tmp_path: Path) -> Path:
    """Return a county of two grids with two houses each, five households and ten persons in every one."""
    return drawn_county(tmp_path / "county.gpkg", "AABB", homes="5555")


def csv(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


def brought(path: Path, file: Path, **more: Any) -> dict[str, Any]:
    with gg.open_county(path) as county:
        return bring(county, file, Options("population", **more)).report


def test_a_total_of_the_table_is_checked_and_not_counted(county: Path, tmp_path: Path, tell: Tell) -> None:
    good = csv(tmp_path / "g.csv", "编码,户数,人口", f"{A},10,30", f"{B},5,12", "合 计,15,42")
    assert brought(county, good)["totals"] == [{"row": 3, "said": {"households": 15, "persons": 42}, "sum": {"households": 15, "persons": 42}}]
    bad = csv(tmp_path / "b.csv", "编码,户数,人口", f"{A},10,30", f"{B},5,12", "总计,15,50")
    told = tell("import", county, bad, "--as", "population", "--json")
    assert told.code == 0
    assert [n for n in told.json["notes_zh"] if "50" in n] == ["第 3 行的合计人口 50 与各行相加 42 相差 8：按各行导入，请核对"]
    assert (told.json["placed"], told.json["rejected"]) == ({"households": 15, "persons": 42}, [])
    with gg.open_county(county) as c:
        assert c.figures("unit")["persons"].to_dict() == {A: 30, B: 12}


def test_a_subtotal_sums_up_the_rows_since_the_one_before(county: Path, tmp_path: Path) -> None:
    file = csv(tmp_path / "s.csv", "name,code,persons", f"a,{A},30", "小计,,30", f"b,{B},12", "小计,,13", "合计,,42")
    told = brought(county, file)
    assert [(t["said"]["persons"], t["sum"]["persons"]) for t in told["totals"]] == [(30, 30), (13, 12), (42, 42)]
    assert len([n for n in told["notes"] if "off the sum" in n]) == 1


def test_areas_across_the_border_count_with_their_part_and_nobody_is_lost(county: Path, tmp_path: Path, tell: Tell) -> None:
    across, out, sliver = area((-2, 0), (2, 0), (2, 1), (-2, 1)), area((-9, 0), (-8, 0), (-8, 1), (-9, 1)), area((2, 0), (4.01, 0), (4.01, 1), (2, 1))
    file = geojson(tmp_path / "c.geojson", ({"name": "跨界", "persons": 1001}, across), ({"name": "县外", "persons": 77}, out),
                   ({"name": "贴边", "persons": 100}, sliver))  # fmt: skip
    answer = tell("import", county, file, "--as", "population", "--json")
    assert answer.code == 0
    told = answer.json
    assert (told["given"], told["placed"], told["outside"]) == ({"persons": 1178}, {"persons": 601}, {"persons": 577})
    assert told["rejected"] == []
    with gg.open_county(county) as c:
        assert c.figures("unit")["persons"].to_dict() == {A: 501, B: 100}
    shown = tell("import", county, file, "--as", "population", "--dry-run").out
    assert "1 块在县界外，1 块跨县界" in shown
    assert "县界外 人口 577，未计入" in shown


def test_a_layer_wholly_elsewhere_is_refused(county: Path, tmp_path: Path) -> None:
    file = geojson(tmp_path / "o.geojson", ({"name": "县外", "persons": 77}, area((-9, 0), (-8, 0), (-8, 1), (-9, 1))))
    with gg.open_county(county) as c, pytest.raises(InputError, match="县界外"):
        bring(c, file, Options("population"))


def test_a_register_of_buildings_and_a_village_table_that_differ_are_shown(county: Path, tmp_path: Path) -> None:
    with gg.open_county(county) as c:
        ids = c.table("buildings")["id"].tolist()
    register = csv(tmp_path / "r.csv", "楼栋编号,人口", *(f"{i},10" for i in ids))
    brought(county, register, source="公安户籍", as_of="2026-01-01")
    with gg.open_county(county) as c:
        assert population_conflicts(c).empty
    brought(county, csv(tmp_path / "v.csv", "编码,人口", f"{A},50", f"{B},20"), source="民政", as_of="2026-06-01")
    with gg.open_county(county) as c:
        rows = population_conflicts(c)
        assert set(rows["code"]) == {A}, "both say 20 of the other"
        pair = rows[rows["second_source"] == "公安户籍"].iloc[0]
        assert (pair["first"], pair["first_source"], pair["second"], pair["second_as_of"]) == (50, "民政", 20, "2026-01-01")
    # A register that knows one house of four says nothing of the county, nor of its grid's whole.
    few = drawn_county(tmp_path / "few.gpkg", "AAAA", homes="5555")
    brought(few, csv(tmp_path / "f.csv", "楼栋编号,人口", f"{ids[0]},1"), source="抽查")
    with gg.open_county(few) as c:
        assert population_conflicts(c).empty


def test_each_figure_of_a_building_keeps_its_own_source_and_date(county: Path, tmp_path: Path) -> None:
    with gg.open_county(county) as c:
        ids = c.table("buildings")["id"].tolist()
    both = csv(tmp_path / "r.csv", "楼栋编号,户数,人口", *(f"{i},4,10" for i in ids))
    persons = csv(tmp_path / "v.csv", "编码,人口", f"{A},50", f"{B},20")
    brought(county, both, source="公安户籍", as_of="2026-01-01")
    brought(county, persons, source="民政", as_of="2026-06-01")

    def of_buildings() -> list[tuple[Any, ...]]:
        with gg.open_county(county) as c:
            return [(s["source"], s["as_of"], s["rows"], s["households"], s["persons"]) for s in sources(c) if s["table"] == "buildings"]

    assert of_buildings() == [("公安户籍", "2026-01-01", 4, 16, 0), ("民政", "2026-06-01", 4, 0, 70)]
    # A third source of households leaves the persons to the second.
    brought(county, csv(tmp_path / "h.csv", "编码,户数", f"{A},9"), source="街道", as_of="2026-07-01")
    assert of_buildings() == [("公安户籍", "2026-01-01", 2, 8, 0), ("民政", "2026-06-01", 4, 0, 70), ("街道", "2026-07-01", 2, 9, 0)]
    brought(county, both, source="公安户籍", as_of="2026-01-01")
    assert of_buildings() == [("公安户籍", "2026-01-01", 4, 16, 40)]
    with gg.open_county(county) as c:
        assert c.table("buildings")["extra"].isna().all()


def tiff(path: Path, values: Any, nodata: float | None = -1) -> Path:
    array = np.array(values, dtype="float32")
    place = rasterio.Affine(100, 0, EAST, 0, -100, NORTH)
    with rasterio.open(path, "w", driver="GTiff", height=array.shape[0], width=array.shape[1], count=1, dtype="float32",
                       crs=EPSG, transform=place, nodata=nodata) as out:  # fmt: skip
        out.write(array, 1)
    return path


def test_a_raster_short_of_the_county_says_so_and_its_blank_grids_are_not_called_safe(county: Path, tmp_path: Path, tell: Tell) -> None:
    rain = tiff(tmp_path / "rain.tif", [[80, -1]])
    told = tell("import", county, rain, "--as", "raster", "--field", "kind=rainfall", "--json").json
    assert told["county"]["covered"] == pytest.approx(0.25)
    assert "25.0% 的县区面积有数值" in tell("import", county, rain, "--as", "raster", "--field", "kind=rainfall").out
    alerts = tell("alerts", county, "--raster", "rainfall", "--above", "50")
    assert "另有 1 个网格在栅格中没有数值" in alerts.out
    assert tell("alerts", county, "--raster", "rainfall", "--above", "50", "--json").json["raster"]["blank"] == "1"
    whole = read_raster(tiff(tmp_path / "w.tif", [[1, 2, 3, 4]]), shapely.box(EAST, NORTH - 100, EAST + 400, NORTH), EPSG)
    assert whole.known([shapely.box(EAST, NORTH - 100, EAST + 400, NORTH)], EPSG).tolist() == [1.0]


def test_cells_below_zero_are_no_people_in_any_of_the_sums(county: Path, tmp_path: Path) -> None:
    told = brought(county, tiff(tmp_path / "p.tif", [[-5, 20, 30, 7, 9]], nodata=None))
    assert (told["given"]["persons"], told["inside"], told["outside"], told["negative_cells"]) == (66, 57, 9, 1)
    assert told["placed"] == {"persons": 57}
