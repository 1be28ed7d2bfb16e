"""What leaves: every format comes back as it went, says what it is, and shows the public no small number."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
import sqlite3
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import openpyxl
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely

import gridgis as gg
from benchmarks.round_trips import CASES, good, round_trips
from gridgis.disclosing import figure_tree, masks
from gridgis.edits import split
from gridgis.errors import InputError
from gridgis.exporting import Wish, export
from gridgis.outgoing.layer import Field, simplified
from gridgis.outgoing.shapefile import short_names
from gridgis.publishing import publish
from gridgis.suppression import suppress
from tests.drawn import code_of, drawn_county, line, tamper
from tests.telling import assert_refused, teller

# B lies inside A, C in two parts.
DRAWING = """
    AAACC
    ABADD
    AAACC
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return drawn_county(tmp_path / "c.gpkg", DRAWING)


@pytest.fixture
def county(path: Path) -> Any:
    with gg.open_county(path) as opened:
        yield opened


def names(path: Path, *statements: str) -> gg.County:
    """Return a county whose file was changed behind its back."""
    return gg.open_county(tamper(path, *statements))


# -- there and back ----------------------------------------------------------------------------------


def test_every_format_comes_back(path: Path) -> None:
    rows = list(round_trips(path))
    assert [r["file"] for r in rows] == [name for name, _ in CASES]
    assert [r for r in rows if not good(r)] == []
    assert {r["file"] for r in rows if r["mm"] is None} == {"out.xlsx"}


def test_a_moved_vertex_would_be_noticed(path: Path) -> None:
    """The fault planted: 3 cm in the plan after the export, and the round trip fails."""
    row = next(iter(round_trips(path)))
    assert not good(row | {"mm": 30.0})
    assert not good(row | {"codes": False})
    assert not good(row | {"coverage": False})


@pytest.mark.long
def test_a_demo_comes_back(demo_file: Path) -> None:
    assert [r for r in round_trips(demo_file) if not good(r)] == []


@pytest.mark.skipif(shutil.which("ogr2ogr") is None, reason="ogr2ogr is not installed")
def test_ogr2ogr_reads_the_same_columns(county: gg.County, tmp_path: Path) -> None:
    out = tmp_path / "out.gpkg"
    export(county, out, Wish(level="unit"))
    text = subprocess.run(
        ["ogr2ogr", "-f", "CSV", "/vsistdout/", str(out), "grids_unit"], capture_output=True, text=True, check=True
    ).stdout
    rows = list(csv.DictReader(text.splitlines()))
    figures = county.figures("unit")
    assert {r["code"]: int(r["persons"]) for r in rows} == figures["persons"].to_dict()


# -- what the formats promise ------------------------------------------------------------------------


def test_manifest_says_what_the_files_are(county: gg.County, tmp_path: Path) -> None:
    out = tmp_path / "网格.zip"
    export(county, out, Wish(datum="gcj02"))
    said = json.loads((tmp_path / "网格.zip.manifest.json").read_text(encoding="utf-8"))
    assert (said["datum"], said["plan_hash"], said["version"]) == ("gcj02", county.plan.hash, county.version)
    assert (said["role"], said["illustrative"], said["counts"]) == ("internal", county.illustrative, {"grids_leaf": 4})
    for file in said["files"]:
        data = (tmp_path / file["name"]).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (file["bytes"], file["sha256"])
    assert {f["name"] for f in said["files"]} == {"网格.zip", "网格.fields.csv"}
    assert said["schema"][0]["column"] == "code"
    assert all(c["zh"] and c["en"] for c in said["schema"])
    members = zipfile.ZipFile(out).namelist()
    # GCJ-02 has no EPSG code: a .prj would make others take it for WGS84.
    assert "网格.cpg" in members
    assert "网格.prj" not in members


def test_a_new_shapefile_does_not_keep_the_old_projection(county: gg.County, tmp_path: Path) -> None:
    out = tmp_path / "a.shp"
    export(county, out)
    assert out.with_suffix(".prj").exists()
    export(county, out, Wish(datum="bd09"))
    assert not out.with_suffix(".prj").exists()


def test_names_of_a_shapefile() -> None:
    found = short_names(
        [Field(n, "text", n, n) for n in ("code", "网格长姓名", "grid_manager_name", "grid_manager_tel", "CODE")]
    )
    assert all(n.isascii() and len(n) <= 10 for n in found.values())
    assert len({n.lower() for n in found.values()}) == 5
    assert found["code"] == "code"


def test_shapefile_in_gbk_and_texts_that_do_not_fit(path: Path, tmp_path: Path) -> None:
    with names(path, f"UPDATE grids SET name = '{'长' * 200}' WHERE code = '350526100001001'") as county:
        said = export(county, tmp_path / "a.shp", Wish(encoding="gbk"))
        assert said["texts_cut"] == {"name": 1}
        assert (tmp_path / "a.cpg").read_text() == "GBK"
        back = pyogrio.read_dataframe(tmp_path / "a.shp")
        assert sorted(back["name"].str.len()) == [4, 4, 4, 127]
    with names(path, "UPDATE grids SET name = '𠮷村' WHERE code = '350526100001001'") as county:
        with pytest.raises(InputError, match="𠮷"):
            export(county, tmp_path / "b.shp", Wish(encoding="gbk"))
        export(county, tmp_path / "b.shp")
    assert not list(tmp_path.glob(".b.shp*"))


def test_formulas_never_run(path: Path, tmp_path: Path) -> None:
    with names(path, "UPDATE grids SET name = '=1+1' WHERE code = '350526100001001'") as county:
        for name in ("a.csv", "a.xlsx"):
            export(county, tmp_path / name)
    with (tmp_path / "a.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["name"] == "'=1+1"
    assert (tmp_path / "a.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    cells = [c for row in openpyxl.load_workbook(tmp_path / "a.xlsx")["grids"].iter_rows() for c in row]
    assert {c.data_type for c in cells if c.value == "=1+1"} == {"s"}


def test_geoparquet_is_1_1_with_a_covering(county: gg.County, tmp_path: Path) -> None:
    export(county, tmp_path / "a.parquet")
    geo = json.loads(pq.read_metadata(tmp_path / "a.parquet").metadata[b"geo"])
    assert geo["version"] == "1.1.0"
    assert set(geo["columns"]["geometry"]["covering"]["bbox"]) == {"xmin", "ymin", "xmax", "ymax"}
    export(county, tmp_path / "b.parquet", Wish(datum="gcj02"))
    assert json.loads(pq.read_metadata(tmp_path / "b.parquet").metadata[b"geo"])["columns"]["geometry"]["crs"] is None


def test_geopackage_has_styles_aliases_and_all_levels(county: gg.County, tmp_path: Path) -> None:
    export(county, tmp_path / "a.gpkg", Wish(level="all"))
    db = sqlite3.connect(tmp_path / "a.gpkg")
    layers = [r[0] for r in db.execute("SELECT f_table_name FROM layer_styles")]
    assert layers == [f"grids_{k}" for k in county.scheme.level_keys]
    assert ("统一编码",) in list(db.execute("SELECT title FROM gpkg_data_columns WHERE column_name = 'code'"))
    assert "meta" not in {r[0] for r in db.execute("SELECT name FROM sqlite_master")}
    db.close()


def test_simplified_grids_still_share_their_edges() -> None:
    rng = np.random.default_rng(5)
    wave = np.column_stack([np.full(101, 50.0) + rng.normal(0, 0.8, 101), np.arange(101.0)])
    left = shapely.Polygon([(0, 0), *wave.tolist(), (0, 100)])
    right = shapely.Polygon([(100, 0), (100, 100), *wave[::-1].tolist()])
    out = simplified(np.array([left, right], dtype=object), 5)
    assert shapely.get_num_coordinates(out).sum() < 60
    assert shapely.coverage_is_valid(out)
    assert shapely.equals(shapely.union_all(out), shapely.union_all([left, right]))
    with pytest.raises(InputError):
        simplified(np.array([left, right], dtype=object), -1)


# -- for the public ----------------------------------------------------------------------------------

SMALL = ("4123056789", "AABBCCDDEE")


def test_public_files_hold_no_small_number_and_no_column_of_a_register(tmp_path: Path) -> None:
    path = drawn_county(tmp_path / "s.gpkg", SMALL[1], homes=SMALL[0])
    with gg.open_county(path) as county:
        said = export(county, tmp_path / "p.geojson", Wish(level="unit", role="public", k=6))
        data = json.loads((tmp_path / "p.geojson").read_text(encoding="utf-8"))
        full = county.figures("unit")
    rows = {f["properties"]["code"]: f["properties"] for f in data["features"]}
    assert said["role"] == "public"
    for code, row in rows.items():
        if 0 < full["households"][code] < 6:
            assert row["households"] is None
            assert "households" in row["suppressed"]
            assert row["persons"] is None
    assert sum(r["households"] is None for r in rows.values()) >= 2
    columns = set(next(iter(rows.values())))
    assert columns <= {"code", "level", "kind", "name", "category", "class", "zone", "households", "persons", "buildings",
                       "places", "roads", "incidents", "area_m2", "suppressed"}  # fmt: skip


def test_a_column_of_the_register_stays_inside(county: gg.County) -> None:
    from gridgis.exporting import out_frame, public_frame

    frame = out_frame(county.plan, county.plan.leaf_codes).assign(网格长="张三", phone="13800000000")
    out = public_frame(frame, masks(county, county.plan, 10))
    assert not {"网格长", "phone"} & set(out.columns)


def test_an_earlier_publication_gives_nothing_away(tmp_path: Path) -> None:
    """A has 48 households and is published, then 3 are split off; with the old 48, showing the 45 left tells the 3."""
    path = drawn_county(tmp_path / "s.gpkg", "AAAAAABBBCCC", homes="999993999999")
    with gg.open_county(path) as county:
        words = {"by": "甲", "approved_by": "乙", "reason": "试"}
        publish(county, words=words, accept={})
        county.apply(split(county.plan, str(code_of("A")), line((5, -1), (5, 2))))
        left, new = (
            str(code_of("A")),
            next(c for c in county.plan.leaf_codes if county.plan.figures_of(c)["households"] == 3),
        )
        figures, tree = figure_tree(county.plan)
        alone = suppress(figures[["households", "persons"]], tree, k=7)
        assert alone.loc[new, "households"]
        assert not alone.loc[left, "households"], "hiding with no eye on the publication would give it away"
        found = masks(county, county.plan, 7)
    assert found.loc[new, "households"]
    assert found.loc[left, "households"]


# -- refusals ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["a.dwg"], ".dwg"), (["a.txt"], "amap"), (["a.gpkg", "--format", "csv"], "csv"), (["a.csv", "--format", "x"], "geojson"),
        (["a.geojson", "--level", "all"], "gpkg"), (["a.geojson", "--level", "nine"], "nine"),
        (["a.txt", "--format", "amap", "--datum", "wgs84"], "gcj02"), (["a.shp", "--encoding", "big5"], "gbk"),
        (["a.geojson", "--simplify", "-3"], "-3"), (["no/a.geojson"], "a.geojson"), (["a.geojson", "--k", "-1"], "-1"),
    ],
)  # fmt: skip
def test_refusals_leave_nothing(
    path: Path,
    tmp_path: Path,
    words: list[str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = path.read_bytes()
    monkeypatch.chdir(tmp_path)
    assert_refused(teller(monkeypatch, capsys)("export", path, *words), 2, said)
    assert [p.name for p in tmp_path.iterdir()] == ["c.gpkg"]
    assert path.read_bytes() == before


def test_a_county_is_never_overwritten(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other = drawn_county(tmp_path / "other.gpkg", DRAWING)
    tell = teller(monkeypatch, capsys)
    for target in (path, other):
        before = target.read_bytes()
        assert_refused(tell("export", path, target), 2, target.name)
        assert target.read_bytes() == before
    out = tmp_path / "out.gpkg"
    assert tell("export", path, out).code == tell("export", path, out).code == 0


def test_elements_leave_for_internal_use_only(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tell = teller(monkeypatch, capsys)
    with gg.open_county(path) as county:
        ids = set(county.table("buildings")["id"])
    for name in ("b.geojson", "b.gpkg", "b.parquet"):
        assert tell("export", path, tmp_path / name, "--layer", "buildings").code == 0
        # A GeoPackage holds its styles beside the layer.
        layer = {"layer": "buildings"} if name.endswith("gpkg") else {}
        reader = gpd.read_parquet if name.endswith("parquet") else pyogrio.read_dataframe
        assert set(reader(tmp_path / name, **layer)["id"]) == ids
    for words in (["--role", "public"], ["--simplify", "5"], ["--level", "unit"]):
        assert_refused(tell("export", path, tmp_path / "x.gpkg", "--layer", "buildings", *words), 2, "buildings")
    assert_refused(tell("export", path, tmp_path / "x.gpkg", "--layer", "staff"), 2, "staff")
    assert not (tmp_path / "x.gpkg").exists()
