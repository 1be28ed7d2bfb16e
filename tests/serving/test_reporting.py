"""Reports of incidents: who may send them, what is kept, and that nothing half comes in."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import shapely
from PIL import Image
from starlette.testclient import TestClient

from gridgis.county import open_county
from gridgis.datums import wgs84_to_bd09
from gridgis.errors import InputError
from gridgis.incidents.reporting import PHOTO_BYTES, Report, report
from gridgis.schema import reproject
from gridgis.serving.reports import MOST_BYTES
from gridgis.serving.service import service
from gridgis.serving.source import Role, Source
from gridgis.verify import verify
from tests.drawn import EPSG, at, code_of, drawn_county

TOKEN = "七号令牌-7f3a"
A, B = (str(code_of(c)) for c in "AB")
HEAD = {"Authorization": f"Bearer {TOKEN}".encode()}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return drawn_county(tmp_path / "county.gpkg", "AAB\n.AB")


@pytest.fixture
def client(path: Path) -> Iterator[TestClient]:
    with TestClient(service(Source(str(path), Role()), token=TOKEN)) as client:
        yield client


def degrees(column: float, row: float) -> tuple[float, float]:
    lon, lat = reproject(shapely.Point(at(column, row)), EPSG, 4490).coords[0]
    return lon, lat


def told(column: float = 2.5, row: float = 0.5, **more: Any) -> dict[str, Any]:
    lon, lat = degrees(column, row)
    return {"lon": lon, "lat": lat, "category": "公用设施/路灯故障"} | more


def picture(side: int = 40, kind: str = "JPEG") -> bytes:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "SECRET-CAMERA"
    Image.new("RGB", (side, side), "red").save(out, kind, **({"exif": exif} if kind == "JPEG" else {}))
    return out.getvalue()


def incidents(path: Path) -> Any:
    with open_county(path) as county:
        return county.table("incidents")


def test_a_report_finds_its_grid_and_is_counted_there(client: TestClient, path: Path) -> None:
    before = client.get(f"/collections/grids-unit/items/{B}").json()["properties"]["incidents"]
    answer = client.post(
        "/incidents", headers=HEAD, json=told(note="灯不亮", source="热线", at="2026-03-01T09:00:00+08:00")
    )
    assert answer.status_code == 201
    kept = answer.json()
    assert kept["codes"] == {"township": B[:9], "community": B[:12], "unit": B}
    assert client.get(f"/collections/grids-unit/items/{B}").json()["properties"]["incidents"] == before + 1
    rows = incidents(path)
    assert rows[["id", "status", "note", "source"]].values.tolist() == [[kept["id"], "reported", "灯不亮", "热线"]]
    assert shapely.distance(rows.geometry.iloc[0], shapely.Point(at(2.5, 0.5))) < 0.001
    with open_county(path) as county:
        step = county.table("incident_steps")
        assert step[["incident", "action", "by"]].values.tolist() == [[kept["id"], "submit", "热线"]]
        assert verify(county) == []
        figures = county.figures("unit")["incidents"].to_dict()
        county.refresh_figures()
        assert county.figures("unit")["incidents"].to_dict() == figures


def test_a_report_in_another_datum_and_where_no_grid_is_drawn(client: TestClient) -> None:
    lon, lat = (float(v) for v in wgs84_to_bd09(*degrees(1.5, 0.5)))
    answer = client.post("/incidents", headers=HEAD, json=told(lon=lon, lat=lat, datum="bd09"))
    assert answer.json()["code"] == A
    answer = client.post("/incidents", headers=HEAD, json=told(0.5, 1.5))
    assert answer.status_code == 201
    assert answer.json()["code"] is None


@pytest.mark.parametrize("head", [
    {}, {"Authorization": "Bearer "}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic abc"},
    {"Authorization": f"Bearer {TOKEN}x".encode()}, {"Authorization": b"Bearer \xff\xfe"},
])  # fmt: skip
def test_only_who_holds_the_token_may_report(client: TestClient, path: Path, head: dict[str, Any]) -> None:
    answer = client.post("/incidents", headers=head, json=told())
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert TOKEN not in answer.text
    assert len(incidents(path)) == 0


def test_nobody_may_report_unless_it_was_opened(path: Path) -> None:
    with TestClient(service(Source(str(path), Role()))) as client:
        assert client.post("/incidents", headers=HEAD, json=told()).status_code == 404
        assert "/incidents" not in client.get("/openapi").json()["paths"]


def test_the_same_report_twice_is_kept_once(client: TestClient, path: Path) -> None:
    first = client.post("/incidents", headers=HEAD, json=told(id="110-42", note="一"))
    again = client.post("/incidents", headers=HEAD, json=told(id="110-42", note="二"))
    assert (first.status_code, again.status_code) == (201, 409)
    assert incidents(path)["note"].tolist() == ["一"]
    with open_county(path) as county:
        assert verify(county) == []


BAD: dict[str, dict[str, Any]] = {
    "no place": {"lon": None}, "a place that is no number": {"lat": "x"}, "a place beyond the globe": {"lon": 181},
    "not a number": {"lat": "nan"}, "no category": {"category": " "}, "a category of another kind": {"category": 5},
    "a long note": {"note": "长" * 2001}, "control characters": {"note": "a\x00b"}, "an unknown field": {"codes": "1"},
    "an unknown datum": {"datum": "mars"}, "a time that is none": {"at": "yesterday"}, "a photo that is no base64": {"photo": "%%%"},
    "a photo that is no picture": {"photo": base64.b64encode(b"<svg onload=alert(1)>").decode()},
    "half a picture": {"photo": base64.b64encode(picture(400)[:500]).decode()},
    "a GIF": {"photo": base64.b64encode(b"GIF89a\x01\x00\x01\x00\x00\x00\x00;").decode()},
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_a_bad_report_is_one_sentence_and_leaves_nothing(client: TestClient, path: Path, case: str) -> None:
    before = path.read_bytes()
    answer = client.post("/incidents", headers=HEAD, json=told(**BAD[case]))
    assert answer.status_code == 400, answer.text
    assert answer.json()["zh"].endswith("。")
    assert path.read_bytes() == before
    assert len(incidents(path)) == 0


def test_outside_the_county_is_refused(client: TestClient, path: Path) -> None:
    assert client.post("/incidents", headers=HEAD, json=told(9, 9)).status_code == 422
    assert len(incidents(path)) == 0
    # What was refused leaves the county as able as before.
    assert client.post("/incidents", headers=HEAD, json=told()).status_code == 201


@pytest.mark.parametrize(("kind", "body", "status"), [
    ("text/plain", b"{}", 415), ("application/xml", b"<x/>", 415), ("application/json", b"[]", 400), ("application/json", b"{", 400),
    ("application/json", b"[" * 100_000, 400), ("application/json", b'"\xff"', 400), ("multipart/form-data", b"--x", 400),
    ("multipart/form-data; boundary=x", b"--x\r\nbad", 400), ("application/json", b" " * (MOST_BYTES + 1), 413),
])  # fmt: skip
def test_bodies_of_other_kinds_and_sizes(client: TestClient, kind: str, body: bytes, status: int) -> None:
    answer = client.post("/incidents", headers=HEAD | {"Content-Type": kind}, content=body)
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_is_kept_without_what_it_says_of_its_camera(client: TestClient, path: Path, kind: str) -> None:
    photo = picture(2000, kind)
    answer = client.post(
        "/incidents", headers=HEAD, data=told(source="小程序"), files={"photo": ("../../x.jpg", photo)}
    )
    assert answer.status_code == 201, answer.text
    assert answer.json()["photo"] is True
    with open_county(path) as county:
        row = county.table("photos").iloc[0]
        assert county.table("incidents")["photo"].tolist() == [row["id"]]
    data = base64.b64decode(row["data"])
    with Image.open(io.BytesIO(data)) as kept:
        assert kept.format == "JPEG"
        assert max(kept.size) == 1600
        assert not kept.getexif()
    assert b"SECRET-CAMERA" not in data


def test_a_picture_that_would_fill_the_memory_is_refused(path: Path) -> None:
    bomb = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(bomb, "PNG")
    with open_county(path) as county:
        for photo in (bomb.getvalue(), b"\xff" * (PHOTO_BYTES + 1)):
            with pytest.raises(InputError):
                report(county, Report(*degrees(0.5, 0.5), "x", photo=photo))
    assert len(incidents(path)) == 0


def test_a_report_among_edits_stays_counted(path: Path) -> None:
    import gridgis as gg

    with open_county(path) as mine, open_county(path) as other:
        assert other.plan.version == 1
        report(mine, Report(*degrees(0.5, 0.5), "一"))
        other.apply(gg.merge(other.plan, [A, B]))
        report(mine, Report(*degrees(2.5, 0.5), "二"))
        assert verify(mine) == []
        assert sum(mine.plan.rows.figures[:, -1]) == 2
        assert json.loads(json.dumps(report(mine, Report(*degrees(2.5, 0.5), "三"))["codes"]))
