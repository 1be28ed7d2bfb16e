"""Elements of the e-map from files: recognised, checked row by row, and saved with the figures or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely

import gridgis as gg
from gridgis.bringing import bring
from gridgis.errors import InputError
from gridgis.io.asking import Options
from tests.drawn import EPSG, area, at, code_of, drawn_county, line
from tests.telling import Tell, assert_refused, geojson

DRAWING = "AAB\nCCB"
A, B = (str(code_of(c)) for c in "AB")


@pytest.fixture
def county(tmp_path: Path) -> Path:
    return drawn_county(tmp_path / "county.gpkg", DRAWING, homes="100\n000")


def point(column: float, row: float) -> Any:
    return shapely.Point(at(column, row))


def house(column: float, row: float) -> Any:
    return point(column, row).buffer(8, cap_style="square")


def figures(path: Path, code: str) -> dict[str, int]:
    with gg.open_county(path) as c:
        return {k: int(v) for k, v in c.figures("unit").loc[code].items()}


def table(path: Path, name: str) -> gpd.GeoDataFrame:
    with gg.open_county(path) as c:
        return c.table(name)


def test_buildings_with_chinese_headers_are_counted_at_once(county: Path, tmp_path: Path, tell: Tell) -> None:
    file = geojson(
        tmp_path / "楼栋.geojson",
        (
            {
                "楼栋编号": "L1",
                "户数": "1,204户",
                "常住人口": 3000.0,
                "楼层": "6层",
                "门牌号": "环城路1号",
                "产权": "国有",
            },
            house(2.5, 0.5),
        ),
        ({"楼栋编号": "L2", "户数": "", "常住人口": None, "楼层": 2, "门牌号": "", "产权": None}, house(2.5, 1.5)),
    )
    before = figures(county, B)
    answer = tell(
        "import", county, file, "--as", "buildings", "--source", "住建局", "--as-of", "2026年3月1日", "--json"
    )
    assert answer.code == 0
    told = answer.json
    assert told["fields"] == {
        "id": "楼栋编号",
        "households": "户数",
        "persons": "常住人口",
        "storeys": "楼层",
        "address": "门牌号",
    }
    assert (told["kept"], told["counts"]) == (["产权"], {"added": 2, "updated": 0, "removed": 0})
    rows = table(county, "buildings").set_index("id")
    assert rows.loc["L1", ["households", "persons", "storeys", "address"]].tolist() == [1204, 3000, 6, "环城路1号"]
    assert json.loads(rows.loc["L1", "extra"]) == {"产权": "国有"}
    assert rows.loc["L1", ["source", "as_of"]].tolist() == ["住建局", "2026-03-01"]
    after = figures(county, B)
    assert after["households"] - before["households"] == 1204
    assert after["buildings"] - before["buildings"] == 2


def test_the_same_file_again_updates_and_replace_says_what_it_removed(county: Path, tmp_path: Path, tell: Tell) -> None:
    file = geojson(tmp_path / "a.geojson", ({"persons": 5}, house(0.5, 0.5)), ({"persons": 7}, house(1.5, 0.5)))
    assert tell("import", county, file, "--as", "buildings", "--json").json["counts"]["added"] == 2
    again = tell("import", county, file, "--as", "buildings", "--json").json
    assert again["counts"] == {"added": 0, "updated": 2, "removed": 0}
    dry = tell("import", county, file, "--as", "buildings", "--mode", "replace", "--dry-run", "--json").json
    real = tell("import", county, file, "--as", "buildings", "--mode", "replace", "--json").json
    assert dry["counts"] == real["counts"] == {"added": 2, "updated": 0, "removed": 3}
    assert (dry["applied"], real["applied"]) == (False, True)
    assert figures(county, A)["persons"] == 12


def bad_rows(tmp_path: Path) -> Path:
    return geojson(
        tmp_path / "bad.geojson",
        ({"id": "1", "户数": 3}, house(0.5, 0.5)),
        ({"id": "2", "户数": "三户"}, house(0.6, 0.5)),
        ({"id": "3", "户数": 3}, None),
        ({"id": "4", "户数": 3}, line((0, 0), (1, 1))),
        ({"id": "5", "户数": 3}, house(30, 0.5)),
        ({"id": "1", "户数": 4}, house(0.7, 0.5)),
        ({"id": "7", "户数": -1}, house(0.8, 0.5)),
        ({"id": "8", "户数": 2.5}, house(0.9, 0.5)),
    )


def test_rows_that_cannot_enter_stop_the_import_with_their_reasons(county: Path, tmp_path: Path, tell: Tell) -> None:
    before, report = county.read_bytes(), tmp_path / "report.json"
    answer = tell("import", county, bad_rows(tmp_path), "--as", "buildings", "--report", report, "--lang", "en")
    assert_refused(answer, 2, "row 2", "--skip-rejected")
    assert county.read_bytes() == before
    told = json.loads(report.read_text(encoding="utf-8"))
    reasons = {r["row"]: r["reason"] for r in told["rejected"]}
    assert told["applied"] is False
    assert sorted(reasons) == [2, 3, 4, 5, 6, 7, 8]
    for row, word in {
        2: "no number",
        3: "no place",
        4: "LineString",
        5: "outside",
        6: "row 1",
        7: "below",
        8: "whole",
    }.items():
        assert word in reasons[row]


def test_the_good_rows_enter_when_asked(county: Path, tmp_path: Path, tell: Tell) -> None:
    dry = tell("import", county, bad_rows(tmp_path), "--as", "buildings", "--dry-run", "--json")
    assert (dry.code, dry.json["accepted"], len(dry.json["rejected"])) == (0, 1, 7)
    answer = tell("import", county, bad_rows(tmp_path), "--as", "buildings", "--skip-rejected", "--json")
    assert (answer.code, answer.json["counts"]["added"]) == (0, 1)


def test_a_dry_run_and_a_cancelled_import_change_nothing(county: Path, tmp_path: Path) -> None:
    file = geojson(tmp_path / "a.geojson", ({"户数": 9}, house(0.5, 0.5)))
    options = Options("buildings", mode="replace")
    with gg.open_county(county) as c:
        before, shares = c.plan.figures.copy(), list[float]()
        bring(c, file, options, apply=False)
        bring(
            c,
            geojson(tmp_path / "w.geojson", ({}, area((0, 0), (1, 0), (1, 1)))),
            Options("water"),
            progress=lambda s, _: shares.append(s),
        )
        assert shares == sorted(shares)
        for stop in range(len(shares)):
            left = [stop]

            def cancel(_share: float, _words: str, left: list[int] = left) -> None:
                left[0] -= 1
                if left[0] < 0:
                    raise KeyboardInterrupt

            with pytest.raises(KeyboardInterrupt):
                bring(c, file, options, progress=cancel)
            assert c.plan.figures.equals(before)
            assert len(c.table("buildings")) == 1
        bring(c, file, options)
        assert c.plan.figures["households"].sum() == 9
    with gg.open_county(county) as c:
        assert c.plan.figures["households"].sum() == 9


def test_roads_keep_their_levels_and_need_only_touch_the_county(county: Path, tmp_path: Path, tell: Tell) -> None:
    file = geojson(
        tmp_path / "roads.geojson",
        (
            {"osm_id": "1", "fclass": "primary", "name": "104国道", "bridge": "T", "tunnel": "F", "ref": "G104"},
            line((-5, 0.5), (2, 0.5)),
        ),
        ({"osm_id": "2", "fclass": "service", "name": None, "bridge": "F", "tunnel": "T"}, line((0, 1), (1, 1))),
        ({"osm_id": "3", "fclass": "track", "name": None, "bridge": "F", "tunnel": "F"}, line((1, 1), (1, 2))),
    )
    answer = tell("import", county, file, "--as", "roads", "--json")
    assert answer.code == 0
    rows = table(county, "roads")
    assert rows[["id", "class", "layer"]].to_numpy().tolist() == [
        ["1", "primary", 1],
        ["2", "service", -1],
        ["3", "track", 0],
    ]
    with gg.open_county(county) as c:
        # Counted inside the county, though its middle lies outside.
        assert c.plan.figures["roads"].sum() == 3


def test_incidents_say_what_became_of_them(county: Path, tmp_path: Path, tell: Tell) -> None:
    file = geojson(
        tmp_path / "i.geojson",
        (
            {
                "工单编号": "S1",
                "上报时间": "2026/3/1 8:05",
                "事件类型": "占道",
                "状态": "已办结",
                "处置方式": "网格内",
                "是否有效": "有效",
            },
            point(0.5, 0.5),
        ),
        (
            {
                "工单编号": "S2",
                "上报时间": "2026-03-01T00:00:00Z",
                "事件类型": "占道",
                "状态": "他处",
                "处置方式": None,
                "是否有效": "无效",
            },
            point(2.5, 0.5),
        ),
    )
    assert tell("import", county, file, "--as", "incidents").code == 0
    rows = table(county, "incidents")
    assert rows["at"].tolist() == ["2026-03-01 08:05:00", "2026-03-01 08:00:00"]
    assert rows["status"].tolist() == ["closed", "他处"]
    assert rows["valid"].tolist() == [1, 0]
    assert rows["handled_in"].tolist()[0] == "grid"
    assert figures(county, A)["incidents"] == 1


def test_fields_named_by_hand_and_columns_left_out(county: Path, tmp_path: Path, tell: Tell) -> None:
    file = geojson(tmp_path / "p.geojson", ({"甲": "医院", "乙": "县医院", "丙": "x"}, point(0.5, 0.5)))
    words = ("import", county, file, "--as", "places", "--field", "kind=甲", "--field", "name=乙")
    answer = tell(*words, "--drop", "丙", "--json")
    assert (answer.code, answer.json["kept"], answer.json["dropped"]) == (0, [], ["丙"])
    rows = table(county, "places")
    assert rows[["kind", "name", "extra"]].to_numpy().tolist() == [["hospital", "县医院", None]]
    assert_refused(tell("import", county, file, "--as", "places", "--field", "colour=甲"), 2, "colour")
    assert_refused(tell("import", county, file, "--as", "places", "--field", "kind=丁"), 2, "丁")
    assert_refused(tell("import", county, file, "--as", "places", "--as-of", "昨天"), 2, "昨天")


def test_identity_numbers_stay_out(county: Path, tmp_path: Path, tell: Tell) -> None:
    file = geojson(tmp_path / "p.geojson", ({"名称": "店", "备注": "11010519491231002X"}, point(0.5, 0.5)))
    assert_refused(tell("import", county, file, "--as", "places"), 2, "备注", "--drop")
    assert tell("import", county, file, "--as", "places", "--drop", "备注").code == 0


def test_a_shifted_datum_is_undone(county: Path, tmp_path: Path) -> None:
    from gridgis.datums import shift_geometries

    frame = gpd.GeoDataFrame({"id": ["1"]}, geometry=[point(1.5, 0.5)], crs=EPSG).to_crs(4490)
    frame["geometry"] = shift_geometries(frame.geometry.to_numpy(), "wgs84", "gcj02")
    file = tmp_path / "g.gpkg"
    frame.to_file(file)
    with gg.open_county(county) as c:
        with pytest.raises(InputError, match="县界外"):
            bring(c, file, Options("places"))
        bring(c, file, Options("places", datum="gcj02"))
        assert c.table("places").geometry[0].distance(point(1.5, 0.5)) < 0.01


def test_an_extract_of_openstreetmap_is_understood(county: Path, tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame(
        {"osm_id": ["7"], "name": ["桥"], "highway": ["primary"], "other_tags": ['"bridge"=>"viaduct","layer"=>"2","lit"=>"yes"']},
        geometry=[line((0, 0.5), (3, 0.5))], crs=EPSG,
    )  # fmt: skip
    frame.to_file(tmp_path / "osm.gpkg")
    with gg.open_county(county) as c:
        bring(c, tmp_path / "osm.gpkg", Options("roads"))
        row = c.table("roads").iloc[0]
        assert (row["class"], row["layer"], row["name"]) == ("primary", 2, "桥")


def test_fixes_of_a_device_become_tracks(county: Path, tmp_path: Path, tell: Tell) -> None:
    def fix(column: float, staff: str, time: str) -> tuple[dict[str, Any], Any]:
        return {"网格员": staff, "时间": time}, point(column, 0.5)

    file = geojson(
        tmp_path / "fixes.geojson",
        fix(0.9, "甲", "2026-03-01 09:20:00"), fix(0.1, "甲", "2026-03-01 09:00:00"), fix(0.5, "甲", "2026-03-01 09:10:00"),
        fix(1.5, "乙", "2026-03-01 09:00:00"), fix(2.5, "乙", "2026-03-01 09:30:00"), fix(2.6, "乙", "2026-03-02 09:30:00"),
    )  # fmt: skip
    dry = tell("import", county, file, "--as", "tracks", "--dry-run", "--json").json
    assert [(r["row"], "track" in r["reason"]) for r in dry["rejected"]] == [(6, True)]
    told = tell("import", county, file, "--as", "tracks", "--skip-rejected", "--json").json
    assert (told["accepted"], told["counts"]["added"]) == (5, 2)
    rows = table(county, "tracks").set_index("staff")
    assert rows.loc["甲", ["since", "until"]].tolist() == ["2026-03-01 09:00:00", "2026-03-01 09:20:00"]
    assert rows.loc["甲", "geometry"].length == pytest.approx(80, abs=0.01)
    assert tell("import", county, file, "--as", "tracks", "--skip-rejected", "--json").json["counts"]["updated"] == 2
