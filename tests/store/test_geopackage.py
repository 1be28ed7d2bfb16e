"""The county as a GeoPackage: one file, GDAL kept away from it, and a desktop GIS at home in a copy."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import fiona
import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import rasterio
import shapely
from pyproj import Transformer
from sqlalchemy import event

import gridgis as gg
from gridgis.errors import StoreError
from gridgis.exporting import export_grids
from gridgis.intake import Options, bring_in
from gridgis.schema import TABLES
from gridgis.verify import verify
from tests.drawn import EPSG, area, cell_at, code_of, drawn_county, line

A, B, C, D = (str(code_of(c)) for c in "ABCD")
ROOT = Path(__file__).resolve().parent.parent.parent
DRAWING, HOMES = "AAB\nCCB", "150\n210"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    places = pd.DataFrame({
        "id": ["p1"], "kind": ["school"], "name": ["实验小学"], "x": [600_050.0], "y": [2_819_950.0],
        "geometry": [shapely.Point(600_050, 2_819_950)],
    })  # fmt: skip
    roads = pd.DataFrame({"id": ["r1"], "name": ["浔中路"], "class": ["main"], "geometry": [line((0, 0.5), (3, 0.5))]})
    return drawn_county(tmp_path / "county.gpkg", DRAWING, homes=HOMES, more={"places": places, "roads": roads})


def work(path: Path) -> None:
    """Do a little of everything that a planner does."""
    with gg.open_county(path) as county:
        county.apply(gg.split(county.plan, A, line((1, -1), (1, 3))), by="王")
        county.apply(gg.transfer(county.plan, area((1.5, 0), (2.5, 0), (2.5, 1), (1.5, 1)), B))
        county.apply(gg.paint(county.plan, [cell_at(county.plan, 0.5, 1.5)], D))
        county.undo()
        gg.check(county)
        verify(county)
        export_grids(county, path.with_suffix(".geojson"))
        for table in TABLES:
            county.table(table)


# -- one file ----------------------------------------------------------------------------------------


def test_one_file_is_left_when_the_county_is_closed(path: Path) -> None:
    work(path)
    exported = ["county.geojson", "county.geojson.manifest.json"]
    assert sorted(p.name for p in path.parent.iterdir()) == [*exported, "county.gpkg"]


def test_one_file_is_left_after_an_error(path: Path) -> None:
    def stumble() -> None:
        with gg.open_county(path) as county:
            county.apply(gg.merge(county.plan, [A, B]))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        stumble()
    assert [p.name for p in path.parent.iterdir()] == ["county.gpkg"]
    with gg.open_county(path) as county:
        assert county.version == 2


def test_reading_leaves_the_bytes_as_they_were(path: Path) -> None:
    before = path.read_bytes()
    with gg.open_county(path) as county:
        assert county.plan.codes("unit") == [A, B, C]
        county.figures("unit")
        gg.check(county)
        county.table("buildings")
    assert path.read_bytes() == before


def test_a_failed_start_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gridgis.store.geopackage.update_extents", _broken)
    with pytest.raises(RuntimeError):
        # A drawing of its own: one that was drawn before would come from the cache.
        drawn_county(tmp_path / "county.gpkg", "PQR\nRQP")
    assert list(tmp_path.iterdir()) == []


def _broken(*_: Any) -> None:
    raise RuntimeError("stopped")


# -- GDAL never opens the live file ------------------------------------------------------------------

OPENERS: tuple[tuple[Any, str], ...] = (
    (pyogrio, "read_dataframe"), (pyogrio, "read_arrow"), (pyogrio, "open_arrow"), (pyogrio, "read_info"),
    (pyogrio, "list_layers"), (pyogrio, "read_bounds"), (pyogrio, "write_dataframe"), (pyogrio.raw, "read"),
    (pyogrio.raw, "read_arrow"), (pyogrio.raw, "open_arrow"), (pyogrio.raw, "write"), (fiona, "open"),
    (fiona, "listlayers"), (rasterio, "open"), (gpd, "read_file"),
)  # fmt: skip


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what GDAL is asked to open, by any of its three doors, while the test runs."""
    asked: list[str] = []

    def watched(real: Callable[..., Any]) -> Callable[..., Any]:
        def door(source: Any, *more: Any, **options: Any) -> Any:
            asked.extend(str(v) for v in (source, *more) if isinstance(v, (str, Path)))
            return real(source, *more, **options)

        return door

    for module, name in OPENERS:
        monkeypatch.setattr(module, name, watched(getattr(module, name)))
    return asked


def test_gdal_never_opens_the_live_county(path: Path, opened: list[str]) -> None:
    work(path)
    source = path.with_name("units.geojson")
    source.write_text(redrawn(), encoding="utf-8")
    with gg.open_county(path) as county:
        bring_in(county, source, Options("grids"))
        assert verify(county) == []
    assert not [name for name in opened if "county.gpkg" in name]


@pytest.mark.parametrize(
    "door", [(gpd, "read_file"), (pyogrio, "read_dataframe"), (pyogrio, "read_info"), (fiona, "open")]
)
@pytest.mark.filterwarnings("ignore:More than one layer")
def test_the_watch_on_gdal_notices(path: Path, opened: list[str], door: tuple[Any, str]) -> None:
    # Were the store read through GDAL, the test above would fail: this is the planted fault.
    getattr(*door)(path)
    assert [name for name in opened if "county.gpkg" in name]


def redrawn() -> str:
    """Return one unit over the whole county, as GeoJSON."""
    degrees = Transformer.from_crs(EPSG, 4490, always_xy=True)
    shape = shapely.transform(area((0, 0), (3, 0), (3, 2), (0, 2)), degrees.transform, interleaved=False)
    feature = {"type": "Feature", "properties": {"code": A}, "geometry": shapely.geometry.mapping(shape)}
    return json.dumps({"type": "FeatureCollection", "features": [feature]})


# -- a desktop GIS at home ---------------------------------------------------------------------------


@pytest.fixture
def copy(path: Path) -> Path:
    target = path.with_name("copy.gpkg")
    with gg.open_county(path) as county:
        county.apply(gg.split(county.plan, A, line((1, -1), (1, 3))))
        county.store.copy_to(target)
    return target


def test_every_layer_opens_with_its_geometry(copy: Path) -> None:
    kinds = dict(pyogrio.list_layers(copy).tolist())
    assert set(kinds) >= {*TABLES, "cells_now", "grids_township", "grids_community", "grids_unit"}
    units = pyogrio.read_dataframe(copy, layer="grids_unit")
    assert sorted(units["code"]) == [A, B, C, D]
    assert units.crs.to_epsg() == EPSG
    assert shapely.coverage_is_valid(units.geometry.values)
    with gg.open_county(copy) as county:
        shapes = dict(zip(units["code"], units.geometry, strict=True))
        assert all(shapely.equals(shapes[c], county.plan.grid_geometry(c)) for c in shapes)


def test_codes_stay_text_in_a_desktop_gis(copy: Path) -> None:
    cells = pyogrio.read_dataframe(copy, layer="cells_now")
    assert {type(c) for c in cells["code"]} == {str}
    assert len(cells) == 6


def test_elements_open_too(copy: Path) -> None:
    assert pyogrio.read_dataframe(copy, layer="buildings")["households"].sum() == 9
    assert pyogrio.read_dataframe(copy, layer="places")["name"].tolist() == ["实验小学"]
    assert pyogrio.read_dataframe(copy, layer="roads").geometry.geom_type.tolist() == ["LineString"]


def test_a_box_finds_rows_through_the_spatial_index(copy: Path) -> None:
    found = pyogrio.read_dataframe(
        copy, layer="cells", bbox=(600_201, 2_819_801, 600_299, 2_819_899), where="removed_in IS NULL"
    )
    assert found["code"].tolist() == [B]


def test_the_index_follows_the_rows(copy: Path) -> None:
    db = sqlite3.connect(copy)
    for table in ("cells", "grids", "buildings", "places", "roads", "boundaries"):
        rows = {i for (i,) in db.execute(f'SELECT fid FROM "{table}" WHERE geometry NOT NULL')}
        assert rows == {i for (i,) in db.execute(f'SELECT id FROM "rtree_{table}_geometry"')}
    db.close()


def test_fields_have_chinese_aliases(copy: Path) -> None:
    db = sqlite3.connect(copy)
    titles = {
        (t, c): title for t, c, title in db.execute("SELECT table_name, column_name, title FROM gpkg_data_columns")
    }
    for table, columns in TABLES.items():
        for column in columns:
            if column.kind != "geometry":
                assert titles[table, column.name] == column.zh
    assert titles["grids_unit", "code"] == "统一编码"
    db.close()


def test_styles_are_well_formed_and_name_every_layer(copy: Path) -> None:
    db = sqlite3.connect(copy)
    styles = dict(db.execute("SELECT f_table_name, styleQML FROM layer_styles WHERE useAsDefault = 1"))
    layers = {name for (name,) in db.execute("SELECT table_name FROM gpkg_geometry_columns")}
    assert set(styles) == layers
    for text in styles.values():
        root = ElementTree.fromstring(text)
        assert root.tag == "qgis"
        assert "统一编码" in text or root.find("aliases") is not None
    db.close()


def test_the_registers_say_where_the_county_lies(copy: Path) -> None:
    db = sqlite3.connect(copy)
    assert db.execute("PRAGMA application_id").fetchone()[0] == 0x47504B47
    box = db.execute(
        "SELECT min_x, min_y, max_x, max_y, srs_id FROM gpkg_contents WHERE table_name = 'cells'"
    ).fetchone()
    assert box == (600_000.0, 2_819_800.0, 600_300.0, 2_820_000.0, EPSG)
    assert db.execute("SELECT count(*) FROM gpkg_spatial_ref_sys WHERE srs_id = ?", (EPSG,)).fetchone()[0] == 1
    db.close()


def test_the_copy_is_of_one_moment_and_whole(copy: Path) -> None:
    db = sqlite3.connect(copy)
    assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    db.close()
    with gg.open_county(copy) as county:
        assert verify(county) == []


# -- what cannot be written, what is no county -------------------------------------------------------


def plain(error: StoreError) -> None:
    """Ask of an error that it is a sentence for people in both languages."""
    for words in (error.zh, error.en):
        assert words.endswith(("。", "."))
        assert "\n" not in words
        assert "Traceback" not in words
        assert "sqlalchemy" not in words.lower()


def test_a_full_disk_is_told_in_a_sentence_and_nothing_is_lost(path: Path) -> None:
    with gg.open_county(path) as county:
        # SQLite answers "database or disk is full" when a file may not grow.
        event.listen(county.store._engine, "connect", lambda c, _: c.execute("PRAGMA max_page_count = 1"))
        county.store._engine.dispose()
        kept: list[str] = []
        with pytest.raises(StoreError, match="磁盘已满") as caught:
            edit_until_full(county, kept)
        plain(caught.value)
        assert caught.value.exit_code == 2
    with gg.open_county(path) as county:
        assert (county.version, county.plan.hash) == (len(kept), kept[-1])
        assert verify(county) == []


def edit_until_full(county: gg.County, kept: list[str]) -> None:
    """Cut strips off B, and note the hash after each edit that was saved."""
    kept.append(county.plan.hash)
    for k in range(60):
        column = 2 + (k + 1) / 70
        kept.append(county.apply(gg.split(county.plan, B, line((column, -1), (column, 3)))).hash)


def test_a_database_that_may_only_be_read_is_told_in_a_sentence(path: Path) -> None:
    with gg.open_county(path) as county:
        event.listen(county.store._engine, "connect", lambda c, _: c.execute("PRAGMA query_only = ON"))
        county.store._engine.dispose()
        with pytest.raises(StoreError, match="权限") as caught:
            county.apply(gg.merge(county.plan, [A, B]))
        plain(caught.value)
        assert county.version == 1


def test_a_program_that_is_writing_is_told_as_such(path: Path) -> None:
    """As QGIS does while a layer is edited: the cure is there, not in the disk or in rights."""
    with gg.open_county(path) as county:
        event.listen(county.store._engine, "connect", lambda c, _: c.execute("PRAGMA busy_timeout = 50"))
        county.store._engine.dispose()
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            other.execute("UPDATE grids SET name = 'x'")
            assert county.plan.version == 1
            with pytest.raises(StoreError, match="另一个程序写入") as caught:
                county.apply(gg.merge(county.plan, [A, B]))
            plain(caught.value)
            assert "Another program" in caught.value.en
            assert caught.value.exit_code == 2
            other.execute("ROLLBACK")
        assert county.apply(gg.merge(county.plan, [A, B])).version == 2
        assert verify(county) == []


@pytest.mark.parametrize("what", ["nothing", "folder", "text", "empty", "sqlite", "gpkg", "torn", "gutted"])
def test_what_is_no_county_is_told_in_a_sentence(what: str, path: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.gpkg"
    make_wrong(what, wrong, path)
    before = wrong.read_bytes() if wrong.is_file() else b""
    with pytest.raises(StoreError) as caught:
        gg.open_county(wrong)
    plain(caught.value)
    assert "wrong.gpkg" in caught.value.zh
    assert (wrong.read_bytes() if wrong.is_file() else b"") == before
    assert not wrong.with_name("wrong.gpkg-wal").exists()


def make_wrong(what: str, wrong: Path, county: Path) -> None:
    if what == "folder":
        wrong.mkdir()
    elif what == "text":
        wrong.write_text("not a database", encoding="utf-8")
    elif what == "empty":
        wrong.write_bytes(b"")
    elif what == "sqlite":
        with sqlite3.connect(wrong) as db:
            db.execute("CREATE TABLE meta (key TEXT, value TEXT)")
        db.close()
    elif what == "gpkg":
        gpd.GeoDataFrame({"a": [1]}, geometry=[shapely.Point(0, 0)], crs=4326).to_file(wrong, driver="GPKG")
    elif what == "torn":
        wrong.write_bytes(county.read_bytes()[:5000])
    elif what == "gutted":
        wrong.write_bytes(county.read_bytes())
        with sqlite3.connect(wrong) as db:
            db.execute("DELETE FROM meta")
        db.close()


def test_a_county_opened_twice_keeps_its_log(path: Path) -> None:
    """A second look from the same process must not drop the locks of the first, or others take the log away."""
    with gg.open_county(path) as first:
        first.apply(gg.split(first.plan, A, line((1, -1), (1, 3))))
        with gg.open_county(path) as second:
            assert second.plan.version == 2
        code = f"import gridgis as gg\nwith gg.open_county({str(path)!r}) as c: c.plan"
        for _ in range(2):
            subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
            assert path.with_name(f"{path.name}-wal").exists()
        first.apply(gg.merge(first.plan, [B, C]))
        assert verify(first) == []
    with gg.open_county(path) as after:
        assert after.version == 3
        assert verify(after) == []
