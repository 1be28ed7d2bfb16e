"""The public page: the grid of a place and what the public may know of it; people and figures never."""

from __future__ import annotations

import html
import json
from pathlib import Path

import pandas as pd
import pytest
import shapely
import streamlit as st
from starlette.applications import Starlette
from starlette.testclient import TestClient

import gridgis as gg
from app_pages import routes
from tests.crew import A, crewed
from tests.drawn import EAST, NORTH, at
from tests.telling import degrees


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    path = crewed(tmp_path / "crew.gpkg")
    with gg.open_county(path) as county:
        places = pd.DataFrame({"id": ["1", "2"], "kind": ["school", "camera"], "name": ["实验小学", "实验路口摄像头"],
                               "address": ["中山路 8 号", None], "x": [EAST + 50.0] * 2, "y": [NORTH - 50.0] * 2})  # fmt: skip
        county.store.put_rows("places", places.assign(geometry=shapely.points(places[["x", "y"]].to_numpy())))
    monkeypatch.setenv("GRIDGIS_COUNTY", str(path))
    st.cache_resource.clear()
    return TestClient(Starlette(routes=routes.routes()))


def lonlat(column: float, row: float) -> str:
    p = degrees(shapely.Point(at(column, row)))
    return f"lon={p.x:.9f}&lat={p.y:.9f}"


def test_a_place_tells_its_grid_and_nothing_of_people(client: TestClient) -> None:
    answer = client.get(f"/where/at?{lonlat(0.5, 0.5)}")
    found = answer.json()
    assert (found["found"], found["code"], found["name"]) == (True, A, "第1网格")
    assert ["公安报警", "110"] in found["hotlines"]
    assert found["shape"]["type"] == "Polygon"
    assert set(found) == {"found", "code", "name", "level", "path", "hotlines", "duties", "shape"}
    for secret in ("林一", "周五", "1990000", "households", "persons"):
        assert secret not in answer.text


def test_outside_and_nonsense(client: TestClient) -> None:
    assert client.get(f"/where/at?{lonlat(50, 50)}").json() == {"found": False, "why": "outside"}
    for query in ("", "lon=x&lat=1", "lon=nan&lat=25", "lon=1e999&lat=25", "lon=200&lat=25", "lon=118"):
        assert client.get(f"/where/at?{query}").status_code in (200, 400)
        assert not client.get(f"/where/at?{query}").json().get("found")


def test_places_addresses_grids_are_found_and_cameras_and_people_are_not(client: TestClient) -> None:
    def names(text: str) -> list[str]:
        return [h["name"] for h in client.get("/where/find", params={"q": text}).json()["hits"]]

    assert names("实验") == ["实验小学"]
    assert names("中山路") == ["中山路 8 号"]
    assert A in names(A)
    assert names("林一") == []
    assert names("摄像头") == []
    hit = client.get("/where/find", params={"q": "实验小学"}).json()["hits"][0]
    assert client.get(f"/where/at?lon={hit['lon']}&lat={hit['lat']}").json()["code"] == A
    assert client.get("/where/find", params={"q": ""}).status_code == 400
    assert client.get("/where/find", params={"q": "字" * 61}).status_code == 400


@pytest.mark.parametrize(("lang", "title"), [("zh", "我在哪个网格"), ("en", "Which grid am I in?")])
def test_the_page_is_whole_and_loads_from_here_alone(client: TestClient, lang: str, title: str) -> None:
    answer = client.get(f"/where?lang={lang}")
    assert title in answer.text
    assert "{{" not in answer.text
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    for line in answer.text.splitlines():
        if "src=" in line or "href=" in line:
            assert "http" not in line.replace('data-told="', "").split("data-")[0]
    given = json.loads(html.unescape(answer.text.split('data-told="')[1].split('"')[0]))["ground"]["message"]
    assert client.get(given["base"]).json()["type"] == "FeatureCollection"
    assert client.get(given["tiles"]["network"].format(z=9, x=423, y=218)).status_code == 200


def test_the_page_can_be_shut(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDGIS_WHERE", "off")
    for address in ("/where", "/where/at?lon=118&lat=25", "/where/find?q=a"):
        assert client.get(address).status_code == 404
    monkeypatch.setattr("app_pages.access.guarded", lambda: True)
    monkeypatch.setenv("GRIDGIS_WHERE", "")
    assert client.get("/where").status_code == 404
    monkeypatch.setenv("GRIDGIS_WHERE", "on")
    assert client.get("/where").status_code == 200
