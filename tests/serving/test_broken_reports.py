"""Requests that are broken on purpose, and photos as telephones and scanners make them: one sentence, or the picture as it was seen."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from starlette.testclient import TestClient

from gridgis.county import open_county
from gridgis.serving.service import service
from gridgis.serving.source import Role, Source
from gridgis.verify import verify
from tests.looped import LAMP, degrees, looped

HEAD = {"Authorization": "Bearer t"}
LON, LAT = degrees(1, 0.5)
PLACE = {"lon": LON, "lat": LAT, "category": LAMP}
FAR = "9999-12-31T23:59:59-12:00"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return looped(tmp_path_factory.mktemp("broken") / "county.gpkg")


@pytest.fixture(scope="module")
def client(path: Path) -> Iterator[TestClient]:
    with TestClient(service(Source(str(path), Role()), token="t"), headers=HEAD) as client:
        yield client
    with open_county(path) as county:
        assert verify(county) == []


def sent(client: TestClient, address: str = "/incidents", **fields: Any) -> Any:
    body = json.dumps(fields if "action" in fields else PLACE | fields).encode()
    return client.post(address, content=body, headers={"Content-Type": "application/json"})


@pytest.mark.parametrize("fields", [
    {"note": "\ud800"}, {"category": "x\ud800"}, {"lon": 10**400}, {"lat": float("nan")}, {"at": FAR}, {"at": "2099-01-01"},
    {"at": "0001-01-01T00:00:00+12:00"}, {"id": " "}, {"id": ".."}, {"id": "A/1"}, {"id": "a?b"}, {"id": "a#b"}, {"id": "a%2Fb"},
], ids=str)  # fmt: skip
def test_a_broken_report_is_one_sentence(client: TestClient, path: Path, fields: dict[str, Any]) -> None:
    answer = sent(client, **fields)
    assert answer.status_code == 400, answer.text
    assert answer.json()["zh"].endswith("。")
    with open_county(path) as county:
        assert not county.table("incidents")["id"].isin([str(fields.get("id"))]).any()


@pytest.mark.parametrize("fields", [{"note": "\ud800"}, {"at": FAR}, {"id": "a/b"}, {"by": "\x00"}], ids=str)
def test_a_broken_step_is_one_sentence(client: TestClient, fields: dict[str, Any]) -> None:
    number = sent(client).json()["id"]
    answer = sent(client, f"/incidents/{number}/steps", action="forward", **fields)
    assert answer.status_code == 400, answer.text
    assert len(client.get(f"/incidents/{number}").json()["steps"]) == 1


def test_no_report_takes_the_place_of_a_step_of_another(client: TestClient) -> None:
    first = sent(client).json()["id"]
    assert sent(client, f"/incidents/{first}/steps", action="forward", id="Q-1").status_code == 201
    assert sent(client, id="Q").status_code == 201
    assert [s["id"] for s in client.get(f"/incidents/{first}").json()["steps"]] == [f"{first}-1", "Q-1"]
    assert [s["id"] for s in client.get("/incidents/Q").json()["steps"]] == ["Q-2"]


def picture(mode: str, kind: str, colour: Any, **more: Any) -> bytes:
    out = io.BytesIO()
    Image.new(mode, (60, 30), colour).save(out, kind, **more)
    return out.getvalue()


def turned() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


@pytest.mark.parametrize(("photo", "size", "colour"), [
    (picture("RGB", "JPEG", "red", exif=turned()), (30, 60), (254, 0, 0)),
    (picture("CMYK", "JPEG", (0, 255, 255, 0)), (60, 30), (254, 0, 0)),
    (picture("RGBA", "PNG", (0, 0, 0, 0)), (60, 30), (255, 255, 255)),
    (picture("P", "PNG", 0, transparency=0), (60, 30), (255, 255, 255)),
    (picture("RGBA", "WEBP", (0, 0, 255, 255)), (60, 30), (0, 0, 254)),
], ids=["turned by the camera", "for print", "clear", "clear palette", "webp"])  # fmt: skip
def test_a_photo_is_kept_as_it_was_seen(client: TestClient, photo: bytes, size: tuple[int, int], colour: Any) -> None:
    answer = client.post("/incidents", data={k: str(v) for k, v in PLACE.items()}, files={"photo": ("x", photo)})
    assert answer.status_code == 201, answer.text
    with Image.open(io.BytesIO(client.get(f"/incidents/{answer.json()['id']}/photo").content)) as kept:
        assert (kept.format, kept.size, len(kept.getexif())) == ("JPEG", size, 0)
        assert max(abs(a - b) for a, b in zip(kept.getpixel((9, 9)), colour, strict=True)) < 12


@pytest.mark.parametrize("photo", [
    picture("RGB", "GIF", "red"), picture("RGB", "BMP", "red"), picture("RGB", "TIFF", "red"), picture("RGB", "JPEG", "red")[:-30],
    b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", b"\0\0\0\x18ftypheic" + b"\0" * 50,
], ids=["gif", "bmp", "tiff", "cut off", "svg", "heic"])  # fmt: skip
def test_what_is_no_photo_is_refused(client: TestClient, photo: bytes) -> None:
    answer = client.post("/incidents", data={k: str(v) for k, v in PLACE.items()}, files={"photo": ("x.jpg", photo)})
    assert answer.status_code == 400
    assert "JPEG、PNG 或 WebP" in answer.json()["zh"]
