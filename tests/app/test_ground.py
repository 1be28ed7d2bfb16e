"""Short questions of the map, and a base map of the county's own: only promised addresses answer."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import shapely
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app_pages import ground, routes
from app_pages.desk import the_desk
from gridgis.errors import InputError
from layers.geojson import to_degrees
from tests.app.conftest import A, B

PNG = b"\x89PNG\r\n\x1a\n" + b"picture"


@pytest.fixture
def client(small_county: Path) -> TestClient:
    assert small_county.exists()
    return TestClient(Starlette(routes=routes.routes()))


def drawn(code: str) -> list[list[float]]:
    west, south, east, north = the_desk().frame("unit")[1].geometry[code].bounds
    middle = (west + east) / 2 + 10
    line = shapely.LineString([(middle, south - 5), (middle, north + 5)])
    return shapely.get_coordinates(to_degrees(line, 4548)).tolist()


def test_a_gesture_is_tried_and_nothing_is_saved(client: TestClient) -> None:
    desk = the_desk()
    before = (desk.version, desk.plan.hash)
    address = f"/try/{desk.token('try', 'zh', 'unit')}"
    told = client.post(address, json={"type": "split", "line": drawn(A), "draw": True}).json()
    assert told["rows"][0]["code"] == A
    assert sum(r["change"][0] for r in told["rows"]) == 0
    assert len(told["preview"]["after"]["features"]) == 2
    refused = client.post(address, json={"type": "merge", "codes": [A]}).json()
    assert "合并" in refused["refused"]
    assert client.post(f"/try/{desk.token('try', 'en', 'unit')}", json={"type": "merge", "codes": [A]}).json()[
        "refused"
    ].startswith("A merge")
    assert (desk.version, desk.plan.hash) == before


@pytest.mark.parametrize("body", ["", "[]", "{", '{"type": "split"}', '{"type": "vertex", "at": "x"}'])
def test_malformed_questions_get_no_figures(client: TestClient, body: str) -> None:
    address = f"/try/{the_desk().token('try', 'zh', 'unit')}"
    answer = client.post(address, content=body)
    assert answer.status_code in (400, 404) or "rows" not in answer.json()
    assert client.post("/try/none", content="{}").status_code == 404
    assert client.post("/trace/none", content="{}").status_code == 404


def test_a_trace_without_roads_is_none(client: TestClient) -> None:
    (first, last) = drawn(B)
    answer = client.post(f"/trace/{the_desk().token('trace')}", json={"from": first, "to": last})
    assert answer.json() == {"way": None}


def test_tiles_of_a_file(client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = the_desk()
    assert ground.offered(desk) == {}
    path = tmp_path / "base.mbtiles"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE tiles (zoom_level, tile_column, tile_row, tile_data)")
        db.execute("INSERT INTO tiles VALUES (3, 6, 4, ?)", (PNG,))
    db.close()
    monkeypatch.setenv("GRIDGIS_BASEMAP", str(path))
    monkeypatch.setenv("GRIDGIS_BASEMAP_DATUM", "gcj02")
    offer = ground.offered(desk)
    assert 0.001 < max(map(abs, offer["shift"])) < 0.02
    address = offer["url"].replace("{z}/{x}/{y}", "3/6/3")
    assert client.get(address).content == PNG
    assert client.get(address.replace("3/6/3", "3/6/4")).status_code == 204
    assert client.get("/ground/none/3/6/3").status_code == 404
    html = client.get(f"/frame/{desk.token('page', 'zh', ('select',))}").text
    assert offer["url"] in html
    monkeypatch.setenv("GRIDGIS_BASEMAP", "somewhere")
    with pytest.raises(InputError, match="GRIDGIS_BASEMAP"):
        ground.offered(desk)
