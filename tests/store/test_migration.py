"""Files of older versions come up to date with a copy kept; files of newer versions are left alone."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

import gridgis as gg
from gridgis.errors import StoreError
from gridgis.schema import SCHEMA_VERSION, TABLES
from gridgis.store.draft_tables import DRAFT_TABLES
from gridgis.store.geometry import register_functions
from tests.drawn import drawn_county

NEW_IN_3 = ("incident_steps", "photos", "tracks", "population", "rasters")
COLUMNS_OF_3 = {
    "buildings": ("address", "extra"), "roads": ("extra",), "water": ("extra",), "places": ("address", "extra"),
    "incidents": ("address", "note", "photo", "extra"),
}  # fmt: skip
NEW_IN_2 = ("nets", "exceptions", "staff", "organisations", "postings", "visits", *DRAFT_TABLES)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A county as schema 1 wrote it."""
    path = drawn_county(tmp_path / "county.gpkg", "AAB\nACB")
    db = sqlite3.connect(path)
    register_functions(db)
    for table, columns in COLUMNS_OF_3.items():
        for column in columns:
            db.execute(f'ALTER TABLE "{table}" DROP COLUMN "{column}"')
            db.execute("DELETE FROM gpkg_data_columns WHERE table_name = ? AND column_name = ?", (table, column))
    for table in (*NEW_IN_2, *NEW_IN_3):
        for statement in (
            f'DROP TABLE "{table}"', f"DROP TABLE IF EXISTS rtree_{table}_geometry",
            f"DELETE FROM gpkg_contents WHERE table_name = '{table}'",
            f"DELETE FROM gpkg_geometry_columns WHERE table_name = '{table}'",
            f"DELETE FROM gpkg_extensions WHERE table_name = '{table}'",
            f"DELETE FROM gpkg_data_columns WHERE table_name = '{table}'",
            f"DELETE FROM layer_styles WHERE f_table_name = '{table}'",
        ):  # fmt: skip
            db.execute(statement)
    db.execute(
        "CREATE TABLE exceptions (fid INTEGER PRIMARY KEY, rule TEXT, code TEXT, geometry_wkt TEXT, reason TEXT)"
    )
    db.execute(
        "INSERT INTO gpkg_contents(table_name, data_type, identifier) VALUES ('exceptions', 'attributes', 'exceptions')"
    )
    db.execute("ALTER TABLE roads DROP COLUMN layer")
    db.execute("DELETE FROM gpkg_data_columns WHERE table_name = 'roads' AND column_name = 'layer'")
    db.execute("UPDATE meta SET value = '1' WHERE key = 'schema_version'")
    db.commit()
    db.close()
    return path


def _set_version(path: Path, version: int) -> None:
    db = sqlite3.connect(path)
    db.execute("UPDATE meta SET value = ? WHERE key = 'schema_version'", (str(version),))
    db.commit()
    db.close()


def test_an_old_file_opens_with_every_table_and_the_same_plan(old: Path) -> None:
    with gg.open_county(old) as county:
        digest = county.plan.hash
        for table, columns in TABLES.items():
            assert {c.name for c in columns} <= {*county.table(table).columns, county.table(table).index.name}, table
        assert county.store.meta()["schema_version"] == str(SCHEMA_VERSION)
    with gg.open_county(old) as county:
        assert county.plan.hash == digest
        county.apply(gg.merge(county.plan, county.plan.codes("unit")[:2]))
        county.undo()
        assert county.plan.hash == digest


def test_the_file_as_it_was_is_kept_beside_it_once(old: Path) -> None:
    for _ in range(2):
        gg.open_county(old).close()
    assert sorted(p.name for p in old.parent.iterdir()) == ["county.gpkg", "county.schema1.gpkg"]
    db = sqlite3.connect(old.with_name("county.schema1.gpkg"))
    names = {n for (n,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert names & {*NEW_IN_2, *NEW_IN_3} == {"exceptions"}
    assert db.execute("SELECT count(*) FROM cells").fetchone()[0] == 6
    db.close()


def test_a_step_that_fails_leaves_the_file_as_it_was(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise StoreError("坏了。", "Broken.")

    with monkeypatch.context() as patch:
        patch.setattr("gridgis.store.geopackage.register_table", broken)
        with pytest.raises(StoreError):
            gg.open_county(old)
    db = sqlite3.connect(old)
    assert db.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone()[0] == "1"
    assert not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'nets'").fetchall()
    db.close()
    gg.open_county(old).close()


def test_a_newer_file_is_refused_and_untouched(tmp_path: Path) -> None:
    path = drawn_county(tmp_path / "county.gpkg", "AB")
    _set_version(path, SCHEMA_VERSION + 1)
    before = path.read_bytes()
    with pytest.raises(StoreError, match="更新版本"):
        gg.open_county(path)
    assert path.read_bytes() == before
