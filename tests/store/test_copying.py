"""A county copied between files and databases: the whole history, wholly or not at all, never over another."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import shapely
from sqlalchemy import text

import gridgis as gg
from gridgis.copying import copy_county
from gridgis.errors import StoreError
from gridgis.schema import TABLES
from gridgis.store import open_store
from gridgis.store.building import copy_store
from gridgis.store.sqlite import SqliteBackend
from gridgis.store.tables import metadata
from gridgis.verify import verify
from tests.drawn import area, code_of, drawn_county, line
from tests.store.conftest import Shelf

ROOT = Path(__file__).resolve().parents[2]
A, B, C, D = (str(code_of(c)) for c in "ABCD")
KILLED = """
import os, signal, sys
from gridgis.copying import copy_county
from gridgis.store.postgis import PostgisBackend
from gridgis.store.sqlite import SqliteBackend
for kind in (PostgisBackend, SqliteBackend):
    def fill(self, c, table, names, rows, real=kind.fill):
        real(self, c, table, names, rows)
        if table == "cells":
            os.kill(os.getpid(), signal.SIGKILL)
    kind.fill = fill
copy_county(*sys.argv[1:])
"""


@pytest.fixture
def worked(tmp_path: Path) -> Path:
    """Return a county with some history, people and an exception."""
    path = drawn_county(tmp_path / "worked.gpkg", "AAB\nCCB", homes="150\n210")
    with gg.open_county(path) as county:
        county.apply(gg.split(county.plan, A, line((1, -1), (1, 3))), by="王", reason="“试”'\n\\N")
        county.apply(gg.transfer(county.plan, area((1.5, 0), (2.5, 0), (2.5, 1), (1.5, 1)), B))
        county.undo()
        staff = pd.DataFrame(
            {"id": ["s1", "s2"], "name": ["李", "赵\t四"], "phone": ["013800000000", None], "x": [1.5, None]}
        )
        county.store.replace_table("staff", staff)
        with county.store._writing() as c:
            row = "INSERT INTO exceptions (rule, code, reason) VALUES ('gap', :code, '水库')"
            c.execute(text(row), {"code": B})
    return path


@pytest.fixture(params=["geopackage", pytest.param("postgis", marks=pytest.mark.postgis)])
def elsewhere(request: pytest.FixtureRequest, tmp_path: Path) -> Shelf:
    """Return where copies go."""
    if request.param == "geopackage":
        return Shelf("geopackage", tmp_path / "elsewhere")
    return Shelf("postgis", tmp_path, request.getfixturevalue("database"))


@pytest.fixture
def place(elsewhere: Shelf) -> str:
    elsewhere.folder.mkdir(exist_ok=True)
    return elsewhere.place("copy")


def everything(place: str | Path) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of every table, geometries as WKB."""
    store = open_store(place)
    out = {}
    with store._reading() as c:
        for table in metadata(store.epsg).sorted_tables:
            names = [col.name for col in table.columns]
            listed = ", ".join(store.backend.wkb if n == "geometry" else f'"{n}"' for n in names)
            rows = [list(row) for row in c.execute(text(f'SELECT {listed} FROM "{table.name}"'))]
            for row in rows if "geometry" in names else []:
                at = names.index("geometry")
                row[at] = shapely.to_wkb(store.backend.decode([row[at]])[0], byte_order=1)
            out[table.name] = sorted((tuple(row) for row in rows), key=repr)
    store.close()
    return out


def test_a_copy_holds_everything_there_and_back(worked: Path, place: str, tmp_path: Path) -> None:
    with gg.open_county(worked) as county:
        first = {v: county.plan_at(v).hash for v in range(1, county.version + 1)}
    told: list[float] = []
    done = copy_county(worked, place, lambda share, _words: told.append(share))
    copy_county(place, tmp_path / "back.gpkg")
    assert (done["version"], done["hash"]) == (4, first[4])
    assert told == sorted(told)
    assert everything(worked) == everything(place) == everything(tmp_path / "back.gpkg")
    assert set(TABLES) <= set(everything(worked))
    for copy in (place, tmp_path / "back.gpkg"):
        with gg.open_county(copy) as county:
            assert {v: county.plan_at(v).hash for v in first} == first
            assert verify(county) == []


def test_work_goes_on_in_the_copy_and_the_original_stays(worked: Path, place: str) -> None:
    copy_county(worked, place)
    before = everything(worked)
    with gg.open_county(place) as county:
        redone = county.redo()
        county.apply(gg.merge(county.plan, [A, D]))
        county.store.replace_table("water", pd.DataFrame({"id": ["w"], "geometry": [line((0, 0), (1, 1))]}))
        assert redone.kind == "redo"
        assert verify(county) == []
    assert everything(worked) == before


def test_nothing_is_copied_over_a_county(worked: Path, place: str, tmp_path: Path) -> None:
    other = drawn_county(tmp_path / "other.gpkg", "AB")
    copy_county(other, place)
    before = everything(place)
    with pytest.raises(StoreError, match="已存在"):
        copy_county(worked, place)
    assert everything(place) == before


@pytest.mark.parametrize("kind", ["error", "kill"])
def test_an_interrupted_copy_leaves_nothing(
    worked: Path, place: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from_file = copy_county(worked, worked.with_name("second.gpkg"))["to"]
    if kind == "kill" and "postgresql" in place:
        done = subprocess.run([sys.executable, "-c", KILLED, from_file, place], cwd=ROOT, check=False)
        assert done.returncode == -9
    elif "postgresql" not in place:
        # From file to file it is SQLite that writes the copy, under another name.
        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(SqliteBackend, "_plainly" if kind == "error" else "copy_to", full)
        with pytest.raises((StoreError, OSError)):
            copy_county(from_file, place)
        monkeypatch.undo()
        assert list(Path(place).parent.iterdir()) == []
    else:
        store = open_store(from_file)
        monkeypatch.setattr(type(store), "_reading", interrupted(type(store)._reading, after=3))
        with pytest.raises(KeyboardInterrupt):
            copy_store(store, place)
        monkeypatch.undo()
    with pytest.raises(StoreError):
        gg.open_county(place)
    copy_county(from_file, place)
    with gg.open_county(place) as county:
        assert verify(county) == []


def interrupted(real: object, after: int) -> object:
    """Return `real` that is interrupted when it is asked for the last time."""
    calls = []

    def reading(store: object) -> object:
        calls.append(1)
        if len(calls) >= after:
            raise KeyboardInterrupt
        return real(store)  # type: ignore[operator]

    return reading


@pytest.mark.postgis
def test_a_killed_copy_to_a_file_leaves_no_file_of_that_name(worked: Path, database: str, tmp_path: Path) -> None:
    shelf = Shelf("postgis", tmp_path, database)
    copy_county(worked, shelf.place())
    done = subprocess.run([sys.executable, "-c", KILLED, shelf.place(), tmp_path / "back.gpkg"], cwd=ROOT, check=False)
    assert done.returncode == -9
    assert not (tmp_path / "back.gpkg").exists()
    copy_county(shelf.place(), tmp_path / "back.gpkg")
    assert everything(worked) == everything(tmp_path / "back.gpkg")


def command(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gridgis", *map(str, words)], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_the_command(worked: Path, place: str) -> None:
    done = command("copy", worked, place, "--json")
    assert done.returncode == 0, done.stderr
    with gg.open_county(worked) as county:
        assert json.loads(done.stdout)["hash"] == county.plan.hash
    assert command("verify", place).returncode == 0
    again = command("copy", worked, place)
    assert (again.returncode, again.stdout) == (2, "")
    assert "已存在" in again.stderr
    assert len(again.stderr.strip().splitlines()) == 1
