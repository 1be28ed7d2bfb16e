"""SQL in every text that the command line and the service take: it is a text that nothing is called, or kept as typed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from gridgis.serving.service import service
from gridgis.serving.source import Role, Source
from tests.crew import A
from tests.looped import LAMP, degrees, looped
from tests.telling import Tell

SQL = ("'; DROP TABLE cells; --", "' OR '1'='1", '" OR "1"="1', "x' UNION SELECT key, value FROM meta --", "1); DELETE FROM grids; --", "%' --")


@pytest.fixture
def county(tmp_path: Path) -> Path:
    return looped(tmp_path / "county.gpkg")


def held(county: Path) -> dict[str, Any]:
    """Return the definition of every table and how many rows each has."""
    with closing(sqlite3.connect(county)) as db:
        names = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall()
        return {name: (sql, db.execute(f'SELECT count(*) FROM "{name}"').fetchone()) for name, sql in names}


def test_sql_in_arguments_names_nothing(county: Path, tell: Tell) -> None:
    before, sql = held(county), "' OR '1'='1'; DROP TABLE cells; --"
    for words in (
        ("who", county, sql), ("lineage", county, sql), ("stats", county, "--level", sql), ("log", county, "--branch", sql),
        ("check", county, "--rule", sql), ("export", county, "out.csv", "--level", sql), ("incident", county, "show", sql),
        ("staffing", county, "--role", sql), ("diff", county, sql), ("combine", county, sql), ("merge", county, A, sql),
        ("alerts", county, "--raster", sql, "--above", "1"), ("emergency", county, "show", sql), ("fix", county, "--rule", "size", "--code", sql),
    ):  # fmt: skip
        answer = tell(*words)
        assert answer.code in (1, 2), (words, answer)
    assert held(county) == before


def test_sql_that_is_kept_is_kept_as_typed(county: Path, tell: Tell) -> None:
    lon, lat = degrees(0.5, 0.5)
    before = held(county)
    for k, sql in enumerate(SQL):
        words = ("report-incident", county, "--point", f"{lon},{lat}", "--category", LAMP, "--note", sql, "--address", sql,
                 "--source", sql, "--by", sql)  # fmt: skip
        refused = tell(*words, "--id", f"{sql}{k}")
        assert refused.code == 2, refused
        answer = tell(*words, "--id", f"sql{k}")
        assert answer.code == 0, answer
    with closing(sqlite3.connect(county)) as db:
        rows = db.execute("SELECT id, note, address, source FROM incidents ORDER BY rowid").fetchall()
    assert rows == [(f"sql{k}", sql, sql, sql) for k, sql in enumerate(SQL)]
    after = held(county)
    assert {n: sql for n, (sql, _) in after.items()} == {n: sql for n, (sql, _) in before.items()}
    # The count of changed elements is a row of `meta`.
    assert {n for n in after if after[n] != before[n]} == {"incidents", "incident_steps", "meta"}


def test_sql_in_requests_finds_nothing(county: Path) -> None:
    before = held(county)
    with TestClient(service(Source(str(county), Role()), token="t")) as client:
        client.headers["authorization"] = "Bearer t"
        for sql in SQL:
            found = client.get("/collections/grids-unit/items", params={"name": sql}).json()
            assert found.get("numberMatched", 0) == 0
            for road in ("/collections/grids-unit/items", "/incidents", "/collections", "/tiles"):
                assert client.get(f"{road}/{sql.replace('/', '')}").status_code in (400, 404)
            for name in ("view", "limit", "datetime", "sortby", "bbox", "since", "as_of"):
                for road in ("/incidents", "/collections/grids-unit/items", "/changes", "/locate"):
                    assert client.get(road, params={name: sql}).status_code in (200, 400)
    assert held(county) == before
