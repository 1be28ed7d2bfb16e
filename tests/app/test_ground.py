"""A base map of the county's own: only promised addresses answer."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app_pages import ground, routes
from app_pages.desk import the_desk
from gridgis.errors import InputError

PNG = b"\x89PNG\r\n\x1a\n" + b"picture"


@pytest.fixture
def client(small_county: Path) -> TestClient:
    assert small_county.exists()
    return TestClient(Starlette(routes=routes.routes()))


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
