"""The door in: real files written by GDAL, cut and mislabelled; one plain sentence for each."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
import shapely

from gridgis.io.reading import read_vector
from tests.files import CODES, NAMES, layer, no_crs, said, save


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".fgb", ".kml"])
def test_formats_come_in_whole(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"grids{suffix}"
    save(layer(4326), path)
    source = read_vector(path)
    assert source.facts["rows"] == 4
    assert list(source.frame.index) == [1, 2, 3, 4]
    assert source.frame.crs.to_epsg() == 4326
    texts = {str(v) for column in source.frame.columns[:-1] for v in source.frame[column]}
    assert set(NAMES) <= texts
    assert {str(c) for c in CODES} <= texts
    # FlatGeobuf sorts its rows by place.
    order = source.frame.geometry.bounds["minx"].argsort()
    off = shapely.hausdorff_distance(source.frame.geometry.to_numpy()[order], layer().geometry.to_numpy())
    assert off.max() < 1e-9


@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
@pytest.mark.parametrize("cpg", [True, False])
def test_shapefile_texts_are_read_in_their_encoding(tmp_path: Path, encoding: str, cpg: bool) -> None:
    path = tmp_path / "网格.shp"
    frame = layer().rename(columns={"名称": "mc"})
    frame["mc"] = [*NAMES[:3], "城关镇"]
    frame.to_file(path, encoding=encoding)
    if not cpg:
        path.with_suffix(".cpg").unlink()
    source = read_vector(path)
    assert list(source.frame["mc"]) == [*NAMES[:3], "城关镇"]
    assert list(source.frame["code"]) == CODES
    assert source.facts["evidence"]
    assert source.facts["encoding"] == {"utf-8": "utf-8", "gbk": "gb18030"}[encoding]


def test_a_wrong_cpg_is_not_believed_when_the_texts_contradict_it(tmp_path: Path) -> None:
    path = tmp_path / "g.shp"
    layer().head(3).rename(columns={"名称": "mc"}).to_file(path, encoding="gbk")
    path.with_suffix(".cpg").write_text("UTF-8")
    assert list(read_vector(path).frame["mc"]) == NAMES[:3]


@pytest.mark.parametrize("content", ["", "\0\0", "no such encoding", "936", "uu", "hex"])
def test_a_nonsense_cpg_is_passed_over(tmp_path: Path, content: str) -> None:
    path = tmp_path / "g.shp"
    layer().head(3).rename(columns={"名称": "mc"}).to_file(path, encoding="gbk")
    path.with_suffix(".cpg").write_text(content)
    assert list(read_vector(path).frame["mc"]) == NAMES[:3]


def test_texts_cut_at_the_width_of_the_field_are_still_utf8(tmp_path: Path) -> None:
    path = tmp_path / "g.shp"
    frame = layer().head(1).rename(columns={"名称": "mc"})
    frame["mc"] = ["网" * 100]
    with pytest.warns(RuntimeWarning):
        frame.to_file(path, encoding="utf-8")
    path.with_suffix(".cpg").unlink()
    assert read_vector(path).facts["encoding"] == "utf-8"


def test_zipped_shapefile_with_chinese_names_without_the_utf8_flag(tmp_path: Path) -> None:
    layer().head(3).rename(columns={"名称": "mc"}).to_file(tmp_path / "a.shp", encoding="gbk")
    path = tmp_path / "包.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for part in tmp_path.glob("a.*"):
            info = zipfile.ZipInfo("x" * 4 + part.suffix)
            archive.writestr(info, part.read_bytes())
    # Python always sets the flag for such names; Windows does not: the same bytes, patched in.
    path.write_bytes(path.read_bytes().replace(b"xxxx", "网格".encode("gbk")))
    source = read_vector(path)
    assert list(source.frame["mc"]) == NAMES[:3]
    assert source.frame.crs.to_epsg() == 4490


def test_two_layers_ask_which(tmp_path: Path) -> None:
    path = tmp_path / "two.gpkg"
    layer().to_file(path, layer="grids")
    layer().head(2).to_file(path, layer="units")
    assert "grids, units" in said(path).en
    assert read_vector(path, layer="units").facts["rows"] == 2
    assert "grids" in said(path, layer="nothing").en


def test_two_shapefiles_in_a_zip_ask_which(tmp_path: Path) -> None:
    path = tmp_path / "two.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for stem, n in (("one", 1), ("two", 2)):
            layer().head(n).rename(columns={"名称": "mc"}).to_file(tmp_path / f"{stem}.shp")
            for part in tmp_path.glob(f"{stem}.*"):
                archive.write(part, f"folder/{part.name}")
    assert "one, two" in said(path).en
    assert read_vector(path, layer="two").facts["rows"] == 2


def test_bare_arrays_and_bare_geometries_are_geojson(tmp_path: Path) -> None:
    features = json.loads(layer(4326).to_json())["features"]
    path = tmp_path / "bare.geojson"
    path.write_text(json.dumps(features))
    assert read_vector(path).facts["rows"] == 4
    path.write_text("\ufeff" + json.dumps(features[0]["geometry"]), "utf-8")
    assert read_vector(path).facts["rows"] == 1
    path.write_text(json.dumps([f["geometry"] for f in features]))
    source = read_vector(path)
    assert source.facts["rows"] == 4
    assert list(source.frame.columns) == ["geometry"]


def test_long_integer_codes_lose_no_digit(tmp_path: Path) -> None:
    features = json.loads(layer(4326).to_json())["features"]
    for n, feature in enumerate(features):
        feature["properties"] = {"short": 110115010000, "long": 35052610000100101 + n, "huge": 10**19 + n}
    features[2]["properties"]["long"] = None
    path = tmp_path / "codes.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    frame = read_vector(path).frame
    assert [str(v) for v in frame["short"]] == ["110115010000"] * 4
    assert [str(v) for v in frame["long"].dropna()] == [str(35052610000100101 + n) for n in (0, 1, 3)]
    assert list(frame["huge"]) == [str(10**19 + n) for n in range(4)]


def test_rows_without_or_with_broken_geometry_are_kept_and_told(tmp_path: Path) -> None:
    features = json.loads(layer(4326).to_json())["features"]
    features[1]["geometry"] = None
    features[2]["geometry"]["coordinates"] = [[[118, 25]]]
    features[3]["geometry"]["coordinates"][0].pop()
    path = tmp_path / "broken.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    source = read_vector(path)
    assert list(source.frame.geometry.isna()) == [False, True, True, False]
    assert any("rows 3" in en for _, en in source.facts["warnings"])
    assert source.frame.geometry.iloc[3].area == pytest.approx(1e-4)


def test_missing_crs_is_refused_with_a_guess(tmp_path: Path) -> None:
    path = tmp_path / "nocrs.gpkg"
    no_crs(layer(None), path)
    assert "EPSG:4490" in said(path).en
    assert read_vector(path, crs=4490).frame.crs.to_epsg() == 4490
    no_crs(layer(4490).to_crs(4527), path)
    assert "EPSG:4527" in said(path).en
    no_crs(layer(4490).to_crs(4548), path)
    assert "without zone" in said(path).en
    shp = tmp_path / "noprj.shp"
    layer().rename(columns={"名称": "mc"}).to_file(shp)
    shp.with_suffix(".prj").unlink()
    assert "--crs" in said(shp).zh


def test_crs_that_contradicts_the_numbers_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "wrong.geojson"
    layer(4490).to_crs(4527).set_crs(4326, allow_override=True).to_file(path)
    data = json.loads(path.read_text())
    data.pop("crs", None)
    path.write_text(json.dumps(data))
    assert "EPSG:4527" in said(path).en
    assert read_vector(path, crs="EPSG:4527").facts["crs"] == "EPSG:4527"
    gpkg = tmp_path / "zone.gpkg"
    layer(4490).to_crs(4527).set_crs(4548, allow_override=True).to_file(gpkg)
    assert "EPSG:4527" in said(gpkg).en
    assert "EPSG:4490" in said(gpkg, crs="EPSG:nonsense").en


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".fgb", ".kml", ".shp"])
def test_cut_files_are_refused_never_read_short(tmp_path: Path, suffix: str) -> None:
    whole = tmp_path / f"whole{suffix}"
    save(layer(4326, 200).rename(columns={"名称": "mc"}), whole)
    raw = whole.read_bytes()
    for percent in (0, 3, 30, 60, 90, 99):
        cut = tmp_path / f"cut{percent}{suffix}"
        cut.write_bytes(raw[: len(raw) * percent // 100])
        for part in tmp_path.glob("whole.*"):
            if part.suffix != suffix:
                cut.with_suffix(part.suffix).write_bytes(part.read_bytes())
        said(cut)


def test_placemarks_that_get_lost_are_missed(tmp_path: Path) -> None:
    path = tmp_path / "g.kml"
    save(layer(4326), path)
    text = path.read_text("utf-8")
    assert text.count("<Placemark") == 4
    # A placemark inside another, as damage may leave it, is read short without a word from GDAL.
    nested = text.replace("<Placemark", "<Placemark><Placemark/></Placemark><Placemark", 1)
    path.write_text(nested, "utf-8")
    assert "6 rows but only 5" in said(path).en


def test_missing_parts_of_a_shapefile_are_named(tmp_path: Path) -> None:
    path = tmp_path / "g.shp"
    layer().rename(columns={"名称": "mc"}).to_file(path)
    dbf = path.with_suffix(".dbf").read_bytes()
    path.with_suffix(".dbf").write_bytes(dbf[: len(dbf) // 2])
    assert "cut short" in said(path).en
    path.with_suffix(".dbf").write_bytes(dbf)
    path.with_suffix(".shx").unlink()
    assert ".shx" in said(path).en


def test_not_gis_files_at_all(tmp_path: Path) -> None:
    for name, content in {
        "photo.geojson": b"\x89PNG\r\n\x1a\n",
        "list.json": b'{"hello": 1}',
        "text.geojson": b"{not json",
        "deep.geojson": b"[" * 100_000,
        "table.gpkg": b"PK\x03\x04",
        "grids.xlsx": b"PK\x03\x04",
        "a.zip": b"not a zip",
        "empty.gpkg": b"",
        "notes.kml": b"<html></html>",
    }.items():
        path = tmp_path / name
        path.write_bytes(content)
        said(path)
    said(tmp_path / "nothing.gpkg")
    (tmp_path / "folder.gpkg").mkdir()
    said(tmp_path / "folder.gpkg")
    with zipfile.ZipFile(tmp_path / "pictures.zip", "w") as archive:
        archive.writestr("a.png", b"x")
    said(tmp_path / "pictures.zip")


def test_no_features_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "none.gpkg"
    layer().iloc[:0].to_file(path)
    said(path)
    empty = tmp_path / "none.geojson"
    empty.write_text('{"type": "FeatureCollection", "features": []}')
    said(empty)


def test_table_without_geometry_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "table.gpkg"
    with closing(sqlite3.connect(path)) as db:
        db.execute("create table t (a)")
        db.commit()
    said(path)
