"""Points, tiles, and what holds for the service as a whole."""

from __future__ import annotations

import io
import json
import re
import sqlite3
from pathlib import Path

import mapbox_vector_tile
import numpy as np
import openapi_spec_validator
import pytest
import shapely
from PIL import Image
from starlette.testclient import TestClient

import gridgis as gg
from gridgis.county import open_county
from gridgis.datums import wgs84_to_gcj02
from gridgis.schema import reproject
from gridgis.serving.service import service
from gridgis.serving.source import Role, Source
from gridgis.tiling import EXTENT, Tile
from tests.drawn import EPSG, at, drawn_county
from tests.served import A, B, told

# -- points --------------------------------------------------------------------------------------------


def test_points_are_located_as_the_core_locates_them(client: TestClient, path: Path) -> None:
    rng = np.random.default_rng(1)
    west, south = at(-0.5, 2.5)
    xy = np.column_stack([west + rng.random(200) * 400, south + rng.random(200) * 300])
    degrees = shapely.get_coordinates(reproject(shapely.points(xy), EPSG, 4490))
    with open_county(path) as county:
        expected = gg.locate(county.plan, xy).tolist()
    answer = client.post("/locate", json={"points": degrees.tolist(), "datum": "cgcs2000"}).json()
    assert [r["code"] for r in answer["results"]] == [c if isinstance(c, str) else None for c in expected]
    assert {r["outside"] for r in answer["results"]} == {True, False}
    lon, lat = wgs84_to_gcj02(*degrees[0])
    one = told(client, f"/locate?lon={float(lon)!r}&lat={float(lat)!r}&datum=gcj02")
    assert one["code"] == answer["results"][0]["code"]


def test_a_point_as_of_a_version(client: TestClient, path: Path) -> None:
    lon, lat = reproject(shapely.Point(at(2.5, 0.5)), EPSG, 4490).coords[0]
    with open_county(path) as county:
        edit = county.apply(gg.merge(county.plan, [A, B]))
    address = f"/locate?lon={lon}&lat={lat}"
    assert told(client, address)["code"] in edit.after
    before = told(client, f"{address}&as_of=1")
    assert (before["code"], before["version"]) == (B, 1)
    assert before["codes"] == {"township": B[:9], "community": B[:12], "unit": B}
    assert told(client, f"{address}&as_of=2", 200)["version"] == 2
    for when in ("3", "1999-01-01", "soon"):
        assert told(client, f"{address}&as_of={when}", 400)["en"].endswith(".")


@pytest.mark.parametrize(
    "query", ["", "lon=118", "lon=x&lat=25", "lon=181&lat=25", "lon=nan&lat=25", "lon=118&lat=25&datum=mars"]
)
def test_a_bad_point_gets_a_sentence(client: TestClient, query: str) -> None:
    assert told(client, f"/locate?{query}", 400)["zh"].endswith("。")


@pytest.mark.parametrize("body", [
    b"", b"[]", b"{", b"\xff", b'{"points": 1}', b'{"points": [[1]]}', b'{"points": [["118", 25]]}', b'{"points": [[118, 95]]}',
    b'{"points": [[NaN, 25]]}', b'{"points": [[true, 25]]}', b"[" * 100_000, b'{"points": [[118, 25]], "datum": "mars"}',
    b'{"points": [[118, 25]], "datum": ["wgs84"]}', b'{"points": [[118, 25]], "as_of": {"a": 1}}',
])  # fmt: skip
def test_bad_points_get_a_sentence(client: TestClient, body: bytes) -> None:
    answer = client.post("/locate", content=body)
    assert answer.status_code == 400
    assert answer.json()["description"]


def test_too_many_points_are_refused(client: TestClient) -> None:
    assert client.post("/locate", content=b" " * 8_000_001).status_code == 413
    assert client.post("/locate", json={"points": [[118, 25]] * 100_001}).status_code == 400


# -- tiles ---------------------------------------------------------------------------------------------


def tile_at(column: float, row: float, zoom: int) -> Tile:
    lon, lat = reproject(shapely.Point(at(column, row)), EPSG, 4326).coords[0]
    side = 2**zoom
    north = np.arcsinh(np.tan(np.radians(lat)))
    return Tile(zoom, int((lon + 180) / 360 * side), int((1 - north / np.pi) / 2 * side))


@pytest.mark.parametrize("zoom", [0, 8, 14, 17, 22])
def test_tiles_show_the_grids(client: TestClient, path: Path, zoom: int) -> None:
    tile = tile_at(1.5, 1, zoom)
    answer = client.get(f"/tiles/grids-unit/{tile.z}/{tile.x}/{tile.y}.mvt")
    if zoom == 0:
        assert answer.status_code == 204
        return
    assert answer.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    with open_county(path) as county:
        frame = county.grids("unit")
    window = shapely.box(*tile.box_in(EPSG))
    shown = mapbox_vector_tile.decode(answer.content).get("grids-unit", {"features": []})["features"]
    # A grid smaller than a unit of the tile is not to be seen.
    expected = {c for c, g in frame.geometry.items() if g.intersection(window).area > 0} if zoom > 8 else set()
    assert {f["properties"]["code"] for f in shown} >= expected
    margin = EXTENT // 64
    for feature in shown:
        west, south, east, north = shapely.from_geojson(json.dumps(feature["geometry"])).bounds
        assert min(west, south) >= -margin
        assert max(east, north) <= EXTENT + margin


def test_tiles_of_a_level_leave_no_gap(client: TestClient) -> None:
    tile = tile_at(1.5, 1, 19)
    answer = client.get(f"/tiles/grids-unit/{tile.z}/{tile.x}/{tile.y}.mvt")
    shown = mapbox_vector_tile.decode(answer.content)["grids-unit"]["features"]
    shapes = [shapely.from_geojson(json.dumps(f["geometry"])) for f in shown]
    assert shapely.coverage_is_valid(shapes)
    assert shapely.union_all(shapes).area == pytest.approx(sum(s.area for s in shapes))


def test_tiles_of_the_map_begin_at_their_zoom(client: TestClient) -> None:
    tile = tile_at(1.5, 0.5, 16)
    shown = mapbox_vector_tile.decode(client.get(f"/tiles/roads/{tile.z}/{tile.x}/{tile.y}.mvt").content)
    assert [f["properties"]["name"] for f in shown["roads"]["features"]] == ["浔中路"]
    far = tile_at(1.5, 0.5, 8)
    assert client.get(f"/tiles/buildings/{far.z}/{far.x}/{far.y}.mvt").status_code == 204


def test_a_tile_is_sent_again_only_when_it_changed(client: TestClient, path: Path) -> None:
    tile = tile_at(1.5, 1, 17)
    address = f"/tiles/grids-unit/{tile.z}/{tile.x}/{tile.y}.mvt"
    tag = client.get(address).headers["etag"]
    assert client.get(address, headers={"If-None-Match": tag}).status_code == 304
    with open_county(path) as county:
        county.apply(gg.merge(county.plan, [A, B]))
    assert client.get(address, headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize("address", [
    "/tiles/grids-unit/3/8/0.mvt", "/tiles/grids-unit/23/0/0.mvt", "/tiles/nothing/3/0/0.mvt", "/tiles/nothing.json",
    "/tiles/grids-unit/-1/0/0.mvt", "/tiles/grids-unit/3/0/0.png", "/collections/nothing/items", "/collections/nothing",
    "/nothing", "/collections/..%2f..%2fetc/items",
])  # fmt: skip
def test_what_is_not_there_is_404(client: TestClient, address: str) -> None:
    assert told(client, address, 404)["description"]


# -- the whole -----------------------------------------------------------------------------------------


def test_the_openapi_document_is_valid_and_true(path: Path) -> None:
    app = service(Source(str(path), Role()), token="t")
    with TestClient(app) as client:
        document = told(client, "/openapi")
        openapi_spec_validator.validate(document)
        assert not re.search(r'"\$ref": "(?!#)', json.dumps(document)), "nothing is to be fetched to read it"
        lon, lat = reproject(shapely.Point(at(0.5, 0.5)), EPSG, 4490).coords[0]
        head, photo = {"Authorization": "Bearer t"}, io.BytesIO()
        Image.new("RGB", (4, 4)).save(photo, "PNG")
        form = {"lon": str(lon), "lat": str(lat), "category": "x", "id": "E1"}
        kept = client.post("/incidents", headers=head, data=form, files={"photo": ("x.png", photo.getvalue())})
        fill = {"collectionId": "grids-unit", "itemId": A, "tiles": "grids-unit", "z": 3, "x": 6, "y": 3, "id": kept.json()["id"]}
        for name, methods in document["paths"].items():
            address = name.format(**fill)
            if "get" in methods:
                query = {"lon": 118, "lat": 25} if name == "/locate" else {}
                answer = client.get(address, params=query, headers=head)
                media = answer.headers.get("content-type", "").split(";")[0]
                offered = {m.split(";")[0] for m in methods["get"]["responses"]["200"]["content"]}
                assert answer.status_code == 204 or (answer.status_code == 200 and media in offered), name
            if "post" in methods:
                assert client.post(address).status_code in (400, 401), name
    written = {re.sub(r":int|:path|\{dataset", lambda m: "{collectionId" if "{" in m[0] else "", r.path) for r in app.routes}
    written = {w.replace("{identifier}", "{itemId}").replace("{name}", "{tiles}") for w in written}
    assert written == {*document["paths"], "/openapi.json"}


def test_the_doorstep_has_words_for_people_and_links_for_programs(client: TestClient) -> None:
    page = client.get("/", headers={"Accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")
    assert "script" not in page.text
    assert not re.search(r"(src|href)='(?!http://testserver)", page.text)
    links = {link["rel"]: link["href"] for link in told(client, "/")["links"]}
    for address in links.values():
        assert client.get(address).status_code == 200


def test_every_link_leads_somewhere(client: TestClient) -> None:
    for address in ("/collections", "/collections/grids-unit/items?limit=1", f"/collections/grids-unit/items/{A}"):
        for href in set(re.findall(r'"href":"([^"]+)"', client.get(address).text)):
            assert client.get(href).status_code == 200, href


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_plans_are_only_read(client: TestClient, method: str) -> None:
    for address in (
        "/collections",
        "/collections/grids-unit/items",
        f"/collections/grids-unit/items/{A}",
        "/changes",
        "/",
    ):
        assert client.request(method, address, json={}).status_code == 405


def test_only_known_names_are_answered_where_only_this_machine_may_ask(path: Path) -> None:
    app = service(Source(str(path), Role()), hosts=("localhost",))
    with TestClient(app, base_url="http://localhost") as client:
        assert client.get("/").status_code == 200
        assert client.get("/", headers={"Host": "evil.example"}).status_code == 400


def test_links_bear_the_name_that_was_called_and_nothing_else(client: TestClient) -> None:
    answer = client.get("/collections", headers={"Host": "10.0.0.5:8600"})
    assert "http://10.0.0.5:8600/collections/grids-unit" in answer.text
    answer = client.get("/collections", headers={"Host": 'x"><script>'})
    assert "<script>" not in answer.text
    assert "http://localhost/collections" in answer.text


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    path = drawn_county(tmp_path / "county.gpkg", "AB")
    name = "<img src=x onerror=alert(1)>{{7*7}}${7*7}"
    db = sqlite3.connect(path)
    db.execute("UPDATE meta SET value = ? WHERE key = 'name'", (name,))
    db.commit()
    db.close()
    with TestClient(service(Source(str(path), Role()))) as client:
        page = client.get("/", headers={"Accept": "text/html"}).text
        assert "<img" not in page
        assert "{{7*7}}" in page
        assert told(client, "/")["title"].startswith(name)
