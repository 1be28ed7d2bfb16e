"""The loop of an incident over HTTP, from the report to the evaluation, for those who hold the token."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate
from PIL import Image
from starlette.testclient import TestClient

from gridgis.county import open_county
from gridgis.serving.loop import MOST_BYTES
from gridgis.serving.service import service
from gridgis.serving.source import Role, Source
from gridgis.verify import verify
from tests.crew import A
from tests.looped import LAMP, ROAD, degrees, looped

TOKEN = "loop-7f3a"
HEAD = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return looped(tmp_path_factory.mktemp("loop") / "county.gpkg").read_bytes()


@pytest.fixture
def path(template: bytes, tmp_path: Path) -> Path:
    file = tmp_path / "county.gpkg"
    file.write_bytes(template)
    return file


@pytest.fixture
def client(path: Path) -> Iterator[TestClient]:
    with TestClient(service(Source(str(path), Role()), token=TOKEN), headers=HEAD) as client:
        yield client


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 40), "red").save(out, "PNG")
    return out.getvalue()


def reported(client: TestClient, category: str = LAMP, hours_ago: float = 0, **more: Any) -> str:
    lon, lat = degrees(1, 0.5)
    at = (dt.datetime.now() - dt.timedelta(hours=hours_ago)).isoformat(" ", "seconds")
    fields = {"lon": str(lon), "lat": str(lat), "category": category, "at": at} | more
    answer = client.post("/incidents", data=fields, files={"photo": ("x.png", picture())})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def step(client: TestClient, number: str, status: int = 201, **asked: Any) -> Any:
    answer = client.post(f"/incidents/{number}/steps", json=asked)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_the_whole_loop(client: TestClient, path: Path) -> None:
    number = reported(client)
    told = client.get(f"/incidents/{number}").json()
    assert (told["status"], told["code"], told["next"][0], told["overdue"]) == ("reported", A, "forward", False)
    assert [link["holders"][0]["name"] for link in told["chain"][2:]] == ["周五", "林一"]
    step(client, number, action="valid")
    assert step(client, number, action="forward")["staff"] == "s1"
    assert step(client, number, action="handle", handled_in="joint")["organisation"] == "city"
    assert step(client, number, action="feedback", note="已修好")["closed_at"]
    done = step(client, number, action="evaluate", score=5, by="12345")["incident"]
    assert [s["action"] for s in done["steps"]] == ["submit", "valid", "forward", "handle", "feedback", "evaluate"]
    assert (done["status"], done["valid"], done["handled_in"]) == ("closed", 1, "joint")
    photo = client.get(f"/incidents/{number}/photo")
    assert photo.headers["content-type"] == "image/jpeg"
    assert photo.content[:2] == b"\xff\xd8"
    with open_county(path) as county:
        figures = county.figures("unit")
        county.refresh_figures()
        assert county.figures("unit").equals(figures)
        assert verify(county) == []


def test_the_ledger_flags_what_is_past_its_limit(client: TestClient) -> None:
    fresh, late = reported(client, hours_ago=1), reported(client, hours_ago=3)
    told = client.get("/incidents").json()
    assert [(r["id"], r["late"]) for r in told["incidents"]] == [(late, True), (fresh, False)]
    assert told["overdue"] == 1
    assert [r["id"] for r in client.get("/incidents?view=overdue").json()["incidents"]] == [late]
    assert len(client.get("/incidents?limit=1").json()["incidents"]) == 1
    assert client.get("/incidents?view=all").status_code == 400
    assert client.get(f"/incidents/{late}").json()["overdue"] is True


def test_what_is_refused(client: TestClient) -> None:
    number = reported(client)
    step(client, number, 422, action="evaluate", score=5)
    step(client, number, 400, action="burn")
    step(client, number, 400, action="valid", colour="red")
    step(client, number, 400, action="evaluate", score="5")
    step(client, number, 400, action=5)
    step(client, "none", 404, action="valid")
    step(client, reported(client, ROAD), 422, action="handle", handled_in="grid")
    step(client, number, action="forward", id="a-1")
    step(client, number, 409, action="forward", id="a-1")
    for body in (b"[]", b"{", b"[" * 9000, b'"\xff"'):
        assert client.post(f"/incidents/{number}/steps", content=body).status_code == 400
    assert client.post(f"/incidents/{number}/steps", content=b" " * (MOST_BYTES + 1)).status_code == 413
    assert client.get("/incidents/none").status_code == 404
    assert len(client.get(f"/incidents/{number}").json()["steps"]) == 2


def test_nobody_reads_or_handles_without_the_token(client: TestClient, path: Path) -> None:
    number = reported(client)
    for head in ({"Authorization": "Bearer x"}, {"Authorization": ""}):
        for address in ("/incidents", f"/incidents/{number}", f"/incidents/{number}/photo"):
            assert client.get(address, headers=head).status_code == 401
        assert client.post(f"/incidents/{number}/steps", json={"action": "valid"}, headers=head).status_code == 401
    # The public service takes reports but tells nobody's name, token or not.
    with TestClient(service(Source(str(path), Role("public", 3)), token=TOKEN), headers=HEAD) as public:
        assert public.get(f"/incidents/{number}").status_code == 404
        assert public.get("/incidents").status_code == 405
        assert "/incidents/{id}" not in public.get("/openapi").json()["paths"]


def test_the_document_names_the_loop(client: TestClient) -> None:
    told = client.get("/openapi").json()
    validate(told)
    assert set(told["paths"]["/incidents"]) == {"get", "post"}
    assert set(told["paths"]["/incidents/{id}/steps"]) == {"post"}
