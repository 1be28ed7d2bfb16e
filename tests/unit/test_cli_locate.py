"""`gridgis locate`: one row in, one row out, text untouched, whatever the columns are called."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from pyproj import Transformer

import gridgis as gg
from gridgis.datums import shift
from gridgis.io.pointrows import read_points
from tests.drawn import EPSG, at, code_of, drawn_county, line
from tests.telling import Tell

A, B, C, D = (str(code_of(c)) for c in "ABCD")
LEVELS = ["township", "community", "unit"]
INSIDE = [(0.5, 0.5), (2.5, 0.5), (0.5, 1.5)]


@pytest.fixture
def county(tmp_path: Path) -> Path:
    return drawn_county(tmp_path / "c.gpkg", "AAB\nCC.")


def degrees(column: float, row: float, datum: str = "cgcs2000") -> tuple[str, str]:
    lon, lat = Transformer.from_crs(EPSG, 4490, always_xy=True).transform(*at(column, row))
    x, y = shift(lon, lat, "cgcs2000", datum)
    return f"{float(x):.9f}", f"{float(y):.9f}"


def written(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def run(tell: Tell, county: Path, text: str | bytes, *options: str) -> tuple[list[list[str]], str]:
    given, out = county.parent / "p.csv", county.parent / "o.csv"
    given.write_bytes(text if isinstance(text, bytes) else text.encode())
    before = county.read_bytes()
    done = tell("locate", county, given, "--out", out, *options)
    assert done.code == 0, done.err
    assert county.read_bytes() == before
    return written(out), done.out


def test_one_row_in_one_row_out_with_the_codes_of_every_level(tell: Tell, county: Path) -> None:
    places = [degrees(*p) for p in (*INSIDE, (9, 9), (2.5, 1.5))]
    text = "编号,经度,纬度,备注\n" + "".join(f'000{k},{x},{y},"a,""{k}"\n' for k, (x, y) in enumerate(places))
    rows, said = run(tell, county, text)
    assert rows[0] == ["编号", "经度", "纬度", "备注", *LEVELS]
    assert [r[:4] for r in rows[1:]] == [[f"000{k}", x, y, f'a,"{k}'] for k, (x, y) in enumerate(places)]
    assert [r[-1] for r in rows[1:]] == [A, B, C, "", ""]
    assert rows[1][4:] == [A[:9], A[:12], A]
    assert "5 行：3 行落入网格，1 行在县外，1 行所在处尚未划格，0 行坐标有误" in said


@pytest.mark.parametrize(
    "names", ["lat,lon", "Latitude,LONGITUDE", "纬度,经度", "y,x", "纬度(°),经度(°)", "WD,JD", "lat_wgs84,lng_wgs84"]
)
def test_columns_are_known_by_many_names_in_any_order(tell: Tell, county: Path, names: str) -> None:
    lines = "".join(f"{y},{x}\n" for x, y in (degrees(*p) for p in INSIDE))
    assert [r[-1] for r in run(tell, county, f"{names}\n{lines}")[0][1:]] == [A, B, C]


@pytest.mark.parametrize(
    "form", ["POINT ({x} {y})", "SRID=4490;point({x}  {y})", "({y}, {x})", "{x},{y}", "[{y} {x}]", "（{y}，{x}）"]
)
def test_places_in_one_column(tell: Tell, county: Path, form: str) -> None:
    lines = "".join(f'"{form.format(x=x, y=y)}"\n' for x, y in (degrees(*p) for p in INSIDE))
    assert [r[-1] for r in run(tell, county, f"坐标\n{lines}")[0][1:]] == [A, B, C]


def test_gbk_semicolons_and_full_width_digits(tell: Tell, county: Path) -> None:
    x, y = degrees(0.5, 0.5)
    wide = x.translate({ord(str(d)): ord("０") + d for d in range(10)})
    rows, _ = run(tell, county, f"名称;经度;纬度\n德化;{wide};{y}\n".encode("gb18030"))
    assert rows[1] == ["德化", wide, y, A[:9], A[:12], A]


def test_bad_rows_are_named_and_kept(tell: Tell, county: Path) -> None:
    x, y = degrees(0.5, 0.5)
    rows, said = run(tell, county, f"lon,lat\n{x},{y}\n,\n118°72',25\n{y},{x}\n{x}\n\nnan,inf\n")
    assert rows[0] == ["lon", "lat", *LEVELS, "原因"]
    assert [bool(r[-1]) for r in rows[1:]] == [False, True, True, True, True, True]
    assert [r[4] for r in rows[1:]] == [A, "", "", "", "", ""]
    assert "第 3 行" in said
    assert "第 8 行" in said
    assert "5 行坐标有误" in said
    english, said = run(tell, county, "lon,lat\nx,y\n", "--lang", "en")
    assert english[0][-1] == "reason"
    assert "1 without usable coordinates" in said


def test_the_datum_and_the_crs_of_the_points(tell: Tell, county: Path) -> None:
    gcj = degrees(0.5, 0.5, "gcj02")
    assert run(tell, county, f"lon,lat\n{gcj[0]},{gcj[1]}\n", "--datum", "gcj02")[0][1][-1] == A
    assert run(tell, county, f"lon,lat\n{gcj[0]},{gcj[1]}\n")[0][1][-1] == ""
    x, y = at(2.5, 0.5)
    assert run(tell, county, f"x,y\n{x},{y}\n")[0][1][-1] == B
    east, north = Transformer.from_crs(EPSG, 4549, always_xy=True).transform(x, y)
    assert run(tell, county, f"x,y\n{east},{north}\n", "--crs", "4549")[0][1][-1] == B


def test_as_of_a_version_or_a_day(tell: Tell, county: Path) -> None:
    with gg.open_county(county) as c:
        c.apply(gg.split(c.plan, B, line((2.5, -1), (2.5, 1))))
        day = str(c.log()["at"].iloc[-1])[:10]
    text = "lon,lat\n" + "".join(",".join(degrees(*p)) + "\n" for p in ((2.25, 0.5), (2.75, 0.5)))
    assert [r[-1] for r in run(tell, county, text, "--as-of", "1")[0][1:]] == [B, B]
    assert {r[-1] for r in run(tell, county, text, "--as-of", day)[0][1:]} == {B, D}


def test_a_column_named_like_a_level_stays(tell: Tell, county: Path) -> None:
    x, y = degrees(0.5, 0.5)
    rows, _ = run(tell, county, f"unit,lon,lat\n007,{x},{y}\n")
    assert rows[0] == ["unit", "lon", "lat", "township", "community", "unit_gridgis"]
    assert rows[1][0] == "007"


def test_json(tell: Tell, county: Path) -> None:
    given = county.parent / "p.csv"
    given.write_text("lon,lat\n1,2\nx,y\n", encoding="utf-8")
    told = tell("locate", county, given, "--out", county.parent / "o.csv", "--json").json
    assert {k: told[k] for k in ("rows", "located", "outside", "bad")} == {
        "rows": 2,
        "located": 0,
        "outside": 1,
        "bad": 1,
    }
    assert told["bad_rows"][0]["line"] == 3


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (b"", "空文件"),
        (b"a,b\n1,2\n", "坐标列"),
        (b"lon,lat\n1,2,3\n", "第 2 行"),
        (b"PK\x03\x04\x00\x00", "不是 CSV"),
        (None, "无法读取"),
    ],
)
def test_what_is_no_table_of_points_is_told(tell: Tell, county: Path, text: bytes | None, word: str) -> None:
    given = county.parent / "p.csv"
    if text is not None:
        given.write_bytes(text)
    done = tell("locate", county, given, "--out", county.parent / "o.csv")
    assert (done.code, word in done.err) == (2, True), done.err
    assert not (county.parent / "o.csv").exists()


def test_lines_are_those_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text('lon,lat,note\n1,2,"two\nlines"\n\n3,4,x\n', encoding="utf-8")
    assert read_points(path).lines == [2, 5]
