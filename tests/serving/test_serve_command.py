"""The service as a process of its own, read by GDAL as a desktop GIS would."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyogrio
import pytest

from gridgis.county import open_county
from tests.drawn import drawn_county
from tests.telling import Tell, assert_refused, teller

DRAWING = "AABBCC\nDDEEFF\nabcdef"


@pytest.fixture
def tell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Tell:
    return teller(monkeypatch, capsys)


@contextmanager
def served(county: Path, *options: str) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "gridgis", "serve", str(county), "--port", str(port), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ))
    address = f"http://127.0.0.1:{port}/"
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(address, timeout=5).close()
                break
            except (urllib.error.URLError, ConnectionError):
                assert process.poll() is None, process.communicate()
                time.sleep(0.1)
        yield address
    finally:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert address in out
    assert "Traceback" not in err


def test_gdal_reads_every_collection_page_by_page(tmp_path: Path) -> None:
    county = drawn_county(tmp_path / "county.gpkg", DRAWING)
    with open_county(county) as c:
        expected = {level: set(c.grids(level).index) for level in c.scheme.level_keys}
    with served(county) as address:
        listed = [name for name, _ in pyogrio.list_layers(f"OAPIF:{address}")]
        assert listed == [*(f"grids-{k}" for k in expected), *(f"incidents-{k}" for k in expected), "findings"]
        for level, codes in expected.items():
            read = pyogrio.read_dataframe(f"OAPIF:{address}", layer=f"grids-{level}", PAGE_SIZE=5)
            assert set(read["code"]) == codes
            assert len(read) == len(codes)
        if shutil.which("ogr2ogr"):
            target = tmp_path / "read.geojson"
            command = ["ogr2ogr", "-f", "GeoJSON", str(target), f"OAPIF:{address}", "grids-unit"]
            subprocess.run(command, check=True, capture_output=True)
            features = json.loads(target.read_text(encoding="utf-8"))["features"]
            assert {f["properties"]["code"] for f in features} == expected["unit"]
    assert sorted(p.name for p in tmp_path.iterdir() if p.suffix != ".geojson") == ["county.gpkg"]


def test_other_machines_are_let_in_only_with_a_role(tmp_path: Path, tell: Tell) -> None:
    county = drawn_county(tmp_path / "county.gpkg", "AB")
    assert_refused(tell("serve", county, "--host", "0.0.0.0"), 2, "--role")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["county.gpkg"]


def test_a_port_in_use_is_said_in_a_sentence(tmp_path: Path, tell: Tell) -> None:
    county = drawn_county(tmp_path / "county.gpkg", "AB")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert_refused(tell("serve", county, "--port", port), 2, str(port))
    assert_refused(tell("serve", tmp_path / "none.gpkg"), 2, "none.gpkg")
