"""Population from files: figures of buildings, exact to the last person, and nobody kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import gridgis as gg
from gridgis.bringing import bring
from gridgis.errors import StaleEditError
from gridgis.io.asking import Options
from gridgis.population.spreading import apportion
from tests.drawn import area, at, code_of, drawn_county
from tests.telling import Tell, assert_refused, geojson

A, B, C = (str(code_of(c)) for c in "ABC")


@pytest.fixture
def county(tmp_path: Path) -> Path:
    """Return a county where A has four buildings, one of them a factory, B one, and C none."""
    spots = [
        (0.2, 0.5, 10, 1, "住宅"),
        (0.7, 0.5, 10, 6, "住宅"),
        (1.3, 0.5, 20, 2, None),
        (1.7, 0.5, 40, 1, "工业"),
        (2.5, 0.5, 10, 3, "住宅"),
    ]
    shapes = [shapely.Point(at(x, y)).buffer(side / 2, cap_style="square") for x, y, side, _, _ in spots]
    frame = pd.DataFrame(
        {"id": [f"b{k}" for k in range(5)], "storeys": [s for *_, s, _ in spots], "use": [u for *_, u in spots]}
    )
    centres = [s.centroid for s in shapes]
    frame = frame.assign(
        households=None, persons=None, x=[c.x for c in centres], y=[c.y for c in centres], geometry=shapes
    )
    return drawn_county(tmp_path / "county.gpkg", "AAB\nCCB", more={"buildings": frame})


def buildings(path: Path) -> pd.DataFrame:
    with gg.open_county(path) as c:
        return pd.DataFrame(c.table("buildings")).set_index("id").sort_index()


def persons(path: Path) -> dict[str, int]:
    with gg.open_county(path) as c:
        return {code: int(n) for code, n in c.figures("unit")["persons"].items()}


def test_shares_add_up() -> None:
    rng = np.random.default_rng(5)
    for _ in range(300):
        weights = rng.random(rng.integers(1, 50)) * 10.0 ** rng.integers(-3, 6)
        total = int(rng.integers(0, 100_000))
        parts = apportion(total, weights)
        assert parts.sum() == total
        assert (np.abs(parts - total * weights / weights.sum()) < 1).all()


def test_a_village_table_is_shared_out_by_dwelling_volume(county: Path, tmp_path: Path, tell: Tell) -> None:
    file = geojson(
        tmp_path / "村.geojson",
        ({"村编码": A, "户数": 101, "人口": 1001}, None),
        ({"村编码": B, "户数": 7, "人口": 20}, None),
        ({"村编码": C, "户数": 3, "人口": 9}, None),
    )
    answer = tell("import", county, file, "--as", "population", "--source", "统计局", "--json")
    assert answer.code == 0
    told = answer.json
    assert (told["given"], told["placed"]) == (
        {"households": 111, "persons": 1030},
        {"households": 108, "persons": 1021},
    )
    assert told["without_buildings"] == [{"row": 3, "code": C, "name": None, "households": 3, "persons": 9}]
    assert "largest remainder" in told["method"]
    rows = buildings(county)
    # 100, 600 and 800 m3-equivalents of floor; the factory has nobody.
    assert rows["persons"].tolist() == [67, 400, 534, 0, 20]
    assert rows["households"].iloc[:4].sum() == 101
    assert set(rows["source"]) == {"统计局"}
    assert persons(county) == {A: 1001, B: 20, C: 0}
    with gg.open_county(county) as c:
        kept = c.table("population").set_index("code")
        assert kept.loc[C, ["persons", "source"]].tolist() == [9, "统计局"]


def test_the_same_table_again_changes_nothing_and_replace_empties_the_rest(
    county: Path, tmp_path: Path, tell: Tell
) -> None:
    first = geojson(tmp_path / "1.geojson", ({"code": A, "persons": 10}, None), ({"code": B, "persons": 4}, None))
    tell("import", county, first, "--as", "population")
    again = tell("import", county, first, "--as", "population", "--json").json
    assert again["counts"] == {"added": 0, "updated": 2, "removed": 0, "buildings": 5, "emptied": 0}
    assert persons(county) == {A: 10, B: 4, C: 0}
    second = geojson(tmp_path / "2.geojson", ({"code": A, "persons": 11}, None))
    told = tell("import", county, second, "--as", "population", "--mode", "replace", "--json").json
    assert told["counts"] == {"added": 1, "updated": 0, "removed": 2, "buildings": 5, "emptied": 1}
    assert persons(county) == {A: 11, B: 0, C: 0}


def test_polygons_bring_their_people_to_the_buildings_inside(county: Path, tmp_path: Path, tell: Tell) -> None:
    half = area((0, 0), (1, 0), (1, 2), (0, 2))
    file = geojson(tmp_path / "p.geojson", ({"name": "西片", "population": 71}, half))
    assert tell("import", county, file, "--as", "population").code == 0
    assert buildings(county)["persons"].tolist()[:2] == [10, 61]
    assert persons(county)[A] == 71
    whole = area((0, 0), (3, 0), (3, 2), (0, 2))
    twice = geojson(
        tmp_path / "q.geojson", ({"name": "全县", "population": 10}, whole), ({"name": "西片", "population": 5}, half)
    )
    told = tell("import", county, twice, "--as", "population", "--json").json
    assert told["placed"] == {"persons": 15}
    assert told["notes"] == ["2 buildings lie in several areas that overlap and got people of each"]


def test_figures_by_building_id_are_set(county: Path, tmp_path: Path, tell: Tell) -> None:
    file = geojson(
        tmp_path / "b.geojson", ({"楼栋编号": "b0", "户数": 2, "人口": 5, "独居老人": 1}, None),
        ({"楼栋编号": "b4", "户数": 3, "人口": 6, "独居老人": None}, None), ({"楼栋编号": "b9", "户数": 3, "人口": 6, "独居老人": 0}, None),
    )  # fmt: skip
    before = county.read_bytes()
    assert_refused(tell("import", county, file, "--as", "population"), 2, "b9")
    assert county.read_bytes() == before
    assert tell("import", county, file, "--as", "population", "--skip-rejected").code == 0
    rows = buildings(county)
    assert rows.loc["b0", ["households", "persons", "elderly_alone"]].tolist() == [2, 5, 1]
    assert rows.loc["b4", "persons"] == 6
    assert pd.isna(rows.loc["b4", "elderly_alone"])


def test_persons_are_counted_and_forgotten(county: Path, tmp_path: Path, tell: Tell) -> None:
    def near(column: float, **more: Any) -> tuple[dict[str, Any], Any]:
        return more, shapely.Point(at(column, 0.5))

    file = geojson(
        tmp_path / "名册.geojson", near(0.21, 姓名="张三丰"), near(0.22, 姓名="李四光"), near(2.45, 姓名="王五岳")
    )
    answer = tell("import", county, file, "--as", "population", "--json")
    assert answer.code == 0
    assert buildings(county)["persons"].fillna(-1).tolist() == [2, -1, -1, -1, 1]
    assert persons(county) == {A: 2, B: 1, C: 0}
    content = county.read_bytes()
    assert "张三丰".encode() not in content
    assert "李四光".encode() not in content
    assert "张三丰" not in json.dumps(answer.json, ensure_ascii=False)
    far = geojson(tmp_path / "far.geojson", ({"姓名": "赵"}, shapely.Point(at(0.5, 1.9))))
    assert_refused(tell("import", county, far, "--as", "population", "--lang", "en"), 2, "50 m")


def test_what_would_count_twice_stays_out(county: Path, tmp_path: Path, tell: Tell) -> None:
    file = geojson(
        tmp_path / "t.geojson",
        ({"code": A[:12], "persons": 90}, None),
        ({"code": A, "persons": 50}, None),
        ({"code": "999", "persons": 1}, None),
    )
    dry = tell("import", county, file, "--as", "population", "--dry-run", "--json").json
    assert [r["row"] for r in dry["rejected"]] == [1, 3]
    assert "twice" in dry["rejected"][0]["reason"]
    nothing = geojson(tmp_path / "n.geojson", ({"persons": 90}, None))
    assert_refused(tell("import", county, nothing, "--as", "population"), 2, "--field")


def test_the_quarters_of_paris_keep_every_person(tmp_path: Path, shared_data: Path) -> None:
    # 80 quarters with their people; a building on a lattice every 400 m.
    quarters = gpd.read_file(shared_data / "paris" / "paris_districts.geojson")
    outline = quarters.union_all()
    county = tmp_path / "paris.gpkg"
    gg.new_county(county, "generic", "750001", outline, quarters.crs, "Paris")
    with gg.open_county(county) as c:
        x0, y0, x1, y1 = c.outline.bounds
        grid = np.array([(x, y) for x in np.arange(x0, x1, 400) for y in np.arange(y0, y1, 400)])
        inside = grid[shapely.intersects_xy(c.outline, grid[:, 0], grid[:, 1])]
        houses = gpd.GeoDataFrame({"id": range(len(inside))}, geometry=shapely.points(inside), crs=c.crs)
        houses.to_file(tmp_path / "houses.gpkg")
        bring(c, tmp_path / "houses.gpkg", Options("buildings"))
        told = bring(c, shared_data / "paris" / "paris_districts.geojson", Options("population")).report
        total = int(quarters["population"].sum())
        lost = sum(u["persons"] for u in told["without_buildings"])
        assert told["given"]["persons"] == total
        assert told["placed"]["persons"] == total - lost
        assert int(c.table("buildings")["persons"].fillna(0).sum()) == total - lost
        assert lost < total / 10


def test_a_county_without_buildings_keeps_what_it_was_told(tmp_path: Path, tell: Tell) -> None:
    county = drawn_county(tmp_path / "empty.gpkg", "AAB", more={"buildings": pd.DataFrame({"id": []})})
    file = tmp_path / "人口.csv"
    file.write_text(f"网格编码,人口,负责人身份证\n{A},12,11010519491231002X\n", encoding="utf-8")
    told = tell("import", county, file, "--as", "population", "--json").json
    assert told["without_buildings"] == [{"row": 1, "code": A, "name": None, "persons": 12}]
    assert (told["ignored"], told["kept"], told["notes"]) == (["负责人身份证"], [], [])
    assert b"11010519491231002X" not in county.read_bytes()


def test_a_change_by_someone_else_meanwhile_is_not_overwritten(county: Path, tmp_path: Path) -> None:
    file = geojson(tmp_path / "v.geojson", ({"code": A, "persons": 10}, None))
    more = geojson(tmp_path / "more.geojson", ({"id": "new", "persons": 2}, shapely.Point(at(0.5, 0.5)).buffer(3)))

    def meanwhile(share: float, _words: str) -> None:
        if 0.3 < share < 0.5:
            with gg.open_county(county) as other:
                bring(other, more, Options("buildings"))

    with gg.open_county(county) as c:
        with pytest.raises(StaleEditError):
            bring(c, file, Options("population"), progress=meanwhile)
        assert c.figures("unit").loc[A, "persons"] == 2
        assert len(c.table("population")) == 0
        bring(c, file, Options("population"))
        assert c.figures("unit").loc[A, "persons"] == 10


def test_names_are_known_whatever_their_case_and_accents(county: Path, tmp_path: Path, tell: Tell) -> None:
    with gg.open_county(county) as c:
        names = dict(c.grids("unit")["name"].items())
    file = tmp_path / "p.csv"
    told = [f"{names[C][0]} {names[C][1:]}-", names[B], "没有的"]
    file.write_text("name,TOTPOP\n" + "\n".join(f"{n},{10 + k}" for k, n in enumerate(told)) + "\n", encoding="utf-8")
    answer = tell("import", county, file, "--as", "population", "--skip-rejected", "--json")
    assert answer.code == 0, answer.err
    assert [row["row"] for row in answer.json["rejected"]] == [3]
    with gg.open_county(county) as c:
        assert dict(zip(c.table("population")["code"], c.table("population")["persons"], strict=True)) == {C: 10, B: 11}


def test_columns_are_listed_where_none_counts_people(county: Path, tmp_path: Path, tell: Tell) -> None:
    file = geojson(tmp_path / "v.geojson", ({"村编码": A, "P0010001": 5}, None))
    answer = tell("import", county, file, "--as", "population", "--lang", "en")
    assert answer.code == 2
    assert "P0010001" in answer.err
