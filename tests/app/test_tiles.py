"""Tiles: the county's own e-map, and archives from elsewhere drawn by the same hand."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app_pages import archives, emaptiles, ground, routes
from app_pages.desk import the_desk
from gridgis.errors import InputError
from gridgis.tiling import EXTENT, Tile, encode, mercator
from layers import tiles
from layers.tiles import Rows

PNG = b"\x89PNG\r\n\x1a\n" + b"picture"
AT = Tile(15, 27170, 13962)


@pytest.fixture
def client(small_county: Path) -> TestClient:
    assert small_county.exists()
    return TestClient(Starlette(routes=routes.routes()))


def absolute(line: list[int]) -> list[tuple[int, int]]:
    return [tuple(p) for p in np.cumsum(np.reshape(line, (-1, 2)), axis=0).tolist()]


def shown(tile: Tile, shape: Any, kind: str = "road") -> list[Any]:
    return json.loads(tiles.payload(tile, Rows(np.array([shape], dtype=object), [kind], ["名"])))["f"]


def place(tile: Tile, *units: tuple[float, float]) -> np.ndarray:
    west, north = tile.origin
    return np.array([[west + x * tile.unit_m, north - y * tile.unit_m] for x, y in units])


def test_lines_and_holes_come_back_where_they_lay() -> None:
    line = shapely.LineString(place(AT, (100, 100), (900, 100), (900, 2000)))
    assert [(kind, name, absolute(at)) for kind, name, at in shown(AT, line)] == [("road", "名", [(100, 100), (900, 100), (900, 2000)])]
    ring, hole = place(AT, (10, 10), (4000, 10), (4000, 4000), (10, 4000)), place(AT, (100, 100), (900, 100), (900, 900))
    (found,) = shown(AT, shapely.Polygon(ring, [hole]), "lake")
    assert sorted(absolute(found[2])[:-1]) == [(10, 10), (10, 4000), (4000, 10), (4000, 4000)]
    assert sorted(absolute(found[3])[:-1]) == [(100, 100), (900, 100), (900, 900)]
    # Nothing reaches farther out than the margin that hides the edges of areas.
    beyond = shapely.Polygon(place(AT, (-90_000, -90_000), (90_000, -90_000), (90_000, 90_000), (-90_000, 90_000)))
    assert {abs(v) for p in absolute(shown(AT, beyond)[0][2]) for v in p} <= {64, EXTENT + 64}
    assert shown(AT, shapely.transform(line, lambda xy: xy + 1e6)) == []


def test_a_tile_is_bounded_and_keeps_the_largest() -> None:
    side = [40.0 if k % 2 else 80.0 for k in range(2 * tiles.MOST)]
    corners = [(37.0 * (k % 100), 24.0 * (k // 100)) for k in range(len(side))]
    boxes = [shapely.box(*place(AT, (x, y)).ravel(), *place(AT, (x + s, y - s)).ravel()) for (x, y), s in zip(corners, side, strict=True)]
    rows = Rows(np.array(boxes, dtype=object), ["building"] * len(boxes), [""] * len(boxes))
    found = json.loads(tiles.payload(AT, rows))["f"]
    assert len(found) == tiles.MOST
    wide = [max(x for x, _ in absolute(f[2])) - min(x for x, _ in absolute(f[2])) for f in found]
    assert np.median(wide) > 60


def test_only_promised_tiles_answer(client: TestClient) -> None:
    desk = the_desk()
    address = emaptiles.address("", desk, "buildings")
    xy = mercator(np.array([desk.plan.outline.centroid], dtype=object), desk.crs)[0]
    z, side = 16, 2 * np.pi * 6_378_137 / 2**16
    x, y = int((xy.x + np.pi * 6_378_137) // side), int((np.pi * 6_378_137 - xy.y) // side)
    answer = client.get(address.format(z=z, x=x, y=y))
    assert answer.status_code == 200
    assert all(kind == "building" for kind, *_ in answer.json()["f"])
    assert "immutable" in answer.headers["cache-control"]
    far = client.get(address.format(z=8, x=x >> 8, y=y >> 8))
    assert far.json() == {"f": []}
    for bad in (address.format(z=16, x=2**16, y=0), address.format(z=23, x=0, y=0), "/tile/none/1/1/1"):
        assert client.get(bad).status_code == 404


def archive(path: Path, kind: TileType, data: bytes, tile: Tile) -> Path:
    with path.open("wb") as file:
        writer = Writer(file)
        writer.write_tile(zxy_to_tileid(tile.z, tile.x, tile.y), data)
        squeezed = Compression.GZIP if kind == TileType.MVT else Compression.NONE
        writer.finalize({
            "tile_type": kind, "tile_compression": squeezed, "min_lon_e7": 0, "min_lat_e7": 0, "max_lon_e7": 0, "max_lat_e7": 0,
            "center_zoom": tile.z, "center_lon_e7": 0, "center_lat_e7": 0,
        }, {})  # fmt: skip
    return path


def test_pmtiles_of_pictures(client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDGIS_BASEMAP", str(archive(tmp_path / "a.pmtiles", TileType.PNG, PNG, Tile(3, 6, 3))))
    offer = ground.offered(the_desk())
    assert (offer["zoom"], offer["vector"]) == (3, False)
    assert client.get(offer["url"].format(z=3, x=6, y=3)).content == PNG
    assert client.get(offer["url"].format(z=3, x=6, y=4)).status_code == 204


def test_pmtiles_of_vectors_are_drawn_beyond_their_last_zoom(client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    road = shapely.LineString(place(AT, (0, 50), (4000, 50)))
    water = shapely.Polygon(place(AT, (100, 100), (3000, 100), (3000, 3000)))
    data = encode(AT, {"transportation": (np.array([road], dtype=object), [{"class": "primary", "name": "大道"}]),
                       "water": (np.array([water], dtype=object), [{"class": "lake"}]),
                       "boundary": (np.array([road], dtype=object), [{}])})  # fmt: skip
    path = archive(tmp_path / "v.pmtiles", TileType.MVT, gzip.compress(data), AT)
    monkeypatch.setenv("GRIDGIS_BASEMAP", str(path))
    offer = ground.offered(the_desk())
    assert (offer["zoom"], offer["vector"]) == (15, True)
    found = client.get(offer["url"].format(z=15, x=AT.x, y=AT.y)).json()["f"]
    assert [f[:2] for f in found] == [["main", "大道"], ["lake", ""]]
    # The north-west quarter a zoom further in: twice the size.
    nearer = client.get(offer["url"].format(z=16, x=2 * AT.x, y=2 * AT.y)).json()["f"]
    assert absolute(nearer[0][2])[0] == (0, 100)
    assert client.get(offer["url"].format(z=15, x=0, y=0)).json() == {"f": []}


@pytest.mark.parametrize("name", ["bad.pmtiles", "bad.mbtiles"])
def test_a_damaged_archive_is_one_sentence_and_the_map_stays(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(b"PMTiles\x03" + b"\x00" * 40)
    monkeypatch.setenv("GRIDGIS_BASEMAP", str(path))
    with pytest.raises(InputError, match="GRIDGIS_BASEMAP"):
        archives.facts(str(path))
    page = client.get(f"/frame/{the_desk().token('page', 'zh', ('select',))}")
    assert page.status_code == 200
    assert "GRIDGIS_BASEMAP" in page.text
    assert client.get(f"/ground/{the_desk().token('ground')}/1/1/1").status_code == 404
