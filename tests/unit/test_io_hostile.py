"""The door in, under attack: disguised files, bombs, limits; nothing disclosed, nothing fetched, nothing touched."""

from __future__ import annotations

import http.server
import json
import sqlite3
import threading
import zipfile
from contextlib import closing
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import shapely

from gridgis.errors import InputError
from gridgis.io.reading import read_vector
from gridgis.io.sandbox import Limits
from tests.files import CODES, layer, said


class _Canary(http.server.BaseHTTPRequestHandler):
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def canary():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Canary)
    _Canary.asked.clear()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_disguised_vrt_and_remote_references_disclose_and_fetch_nothing(tmp_path: Path, canary: str) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("name,WKT\nTOPSECRET,POINT (118 25)\n")
    vrt = (
        f'<OGRVRTDataSource><OGRVRTLayer name="secret"><SrcDataSource>{secret}</SrcDataSource>'
        "</OGRVRTLayer></OGRVRTDataSource>"
    )
    remote = vrt.replace(str(secret), f"/vsicurl/{canary}/a.geojson")
    wfs = f"<OGRWFSDataSource><URL>{canary}/wfs</URL></OGRWFSDataSource>"
    square = json.loads(layer(4326).head(1).to_json())["features"]
    link = {"type": "link", "properties": {"href": f"{canary}/crs", "type": "proj4"}}
    hostile = {
        "vrt.geojson": vrt,
        "vrt.kml": vrt,
        "vrt.gpkg": vrt,
        "vrt.shp": vrt,
        "vrt.fgb": vrt,
        "kmlish.kml": f"<!-- kml -->{vrt}",
        "remote.kml": f"<!-- kml -->{remote}",
        "wfs.kml": f"<!-- kml -->{wfs}",
        "link.geojson": json.dumps({"type": "FeatureCollection", "crs": link, "features": square}),
        "xxe.kml": f'<!DOCTYPE kml [<!ENTITY x SYSTEM "file://{secret}">]><kml><Placemark><name>&x;</name>'
        "<Point><coordinates>118,25</coordinates></Point></Placemark></kml>",
        "netlink.kml": f'<kml xmlns="http://www.opengis.net/kml/2.2"><NetworkLink><Link><href>{canary}/n</href>'
        "</Link></NetworkLink></kml>",
    }
    for name, text in hostile.items():
        path = tmp_path / name
        path.write_text(text)
        try:
            found = read_vector(path).frame.to_json()
        except InputError as error:
            found = error.zh + error.en
        assert "TOPSECRET" not in found, name
    with zipfile.ZipFile(tmp_path / "vrt.zip", "w") as archive:
        archive.writestr("x.shp", vrt)
        archive.writestr("../../x.geojson", "{}")
    with pytest.raises(InputError):
        read_vector(tmp_path / "vrt.zip", layer="x")
    assert _Canary.asked == []
    assert not (tmp_path.parent / "x.geojson").exists()
    for address in (f"/vsicurl/{canary}/a.geojson", f"{canary}/a.geojson"):
        with pytest.raises(InputError):
            read_vector(address)
    assert _Canary.asked == []


def test_zip_bombs_are_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.geojson", b" " * 30_000_000)
    assert "tightly packed" in said(path).en
    with zipfile.ZipFile(path, "w") as archive:
        for n in range(300):
            archive.writestr(f"{n}.geojson", b"{}")
    assert "unpack it yourself" in said(path).en


def test_time_and_memory_are_limited(tmp_path: Path) -> None:
    path = tmp_path / "slow.geojson"
    layer(4326, 50).to_file(path)
    with pytest.raises(InputError, match="超时"):
        read_vector(path, limits=Limits(seconds=0))
    big = tmp_path / "big.geojson"
    big.write_text("[" + "1," * 20_000_000 + "1]")
    with pytest.raises(InputError):
        read_vector(big, limits=Limits(memory=700 << 20))


def test_the_original_is_never_touched(tmp_path: Path) -> None:
    path = tmp_path / "county.gpkg"
    layer().to_file(path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("pragma journal_mode=wal")
    before = path.read_bytes()
    stamp = path.stat().st_mtime_ns
    assert read_vector(path).facts["rows"] == 4
    assert path.read_bytes() == before
    assert path.stat().st_mtime_ns == stamp
    assert [p.name for p in tmp_path.iterdir()] == ["county.gpkg"]


def test_rows_still_in_the_write_ahead_log_are_read(tmp_path: Path) -> None:
    path = tmp_path / "county.gpkg"
    layer().to_file(path, layer="grids")
    with closing(sqlite3.connect(path)) as db:
        db.execute("pragma journal_mode=wal")
        # GeoPackage's triggers ask for these.
        for name in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
            db.create_function(name, 1, lambda _blob: 0)
        db.execute("update grids set code = 7 where code = ?", (CODES[0],))
        db.commit()
        assert path.with_name("county.gpkg-wal").stat().st_size > 0
        assert 7 in list(read_vector(path).frame["code"])


def test_curves_heights_and_infinities(tmp_path: Path) -> None:
    path = tmp_path / "odd.gpkg"
    frame = layer(4490, 2)
    frame.geometry = [shapely.force_3d(frame.geometry.iloc[0], 7.0), frame.geometry.iloc[1]]
    frame.to_file(path)
    assert not read_vector(path).frame.geometry.has_z.any()
    text = tmp_path / "inf.geojson"
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": [np.inf, 25]}}
    text.write_text(json.dumps([feature, json.loads(layer(4326).head(1).to_json())["features"][0]]))
    source = read_vector(text)
    assert source.frame.geometry.isna().tolist() == [True, False]
