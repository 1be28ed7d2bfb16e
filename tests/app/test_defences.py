"""The app under attack: settings as shipped, names of the host, foreign pages, addresses that are none, text as labels."""

from __future__ import annotations

import html
import json
import re
import sqlite3
import tomllib
from pathlib import Path

import pytest
import streamlit as st
from hypothesis import given
from hypothesis import strategies as some
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from app_pages import access, guarded, routes
from app_pages.desk import the_desk
from gridgis.once import Once
from layers.text import plain_label, safe_text

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def client(small_county: Path) -> TestClient:
    assert small_county.exists()
    return TestClient(Starlette(routes=routes.routes()))


def test_settings_as_shipped_keep_strangers_out() -> None:
    told = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))
    assert told["server"]["address"] == "127.0.0.1"
    assert told["server"]["enableXsrfProtection"] is True
    assert told["server"]["enableCORS"] is True
    assert told["server"]["maxUploadSize"] <= 50
    assert "enableAgentApi" not in told["server"]
    assert told["client"]["showErrorDetails"] == "none"
    assert told["browser"]["gatherUsageStats"] is False
    # The files that hold secrets are none of the repository's.
    assert ".streamlit/secrets.toml" in (ROOT / ".gitignore").read_text("utf-8")


def test_no_secret_stands_in_the_code() -> None:
    found = re.compile(r"(client_secret|cookie_secret|password|api_key|token)\s*=\s*[\"'][^\"'{]{8,}", re.IGNORECASE)
    for folder in ("gridgis", "app_pages", "layers", "tools"):
        for path in (ROOT / folder).rglob("*.py"):
            assert not found.search(path.read_text("utf-8")), path


def test_an_app_for_this_machine_answers_to_its_own_names_only(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hello(_request: object) -> PlainTextResponse:
        return PlainTextResponse("hello")

    app = Starlette(routes=[Route("/", hello)], middleware=guarded.guards())
    for host, status in (("127.0.0.1:8501", 200), ("localhost:8501", 200), ("evil.example:8501", 400), ("127.0.0.1.evil.example", 400)):
        answer = TestClient(app).get("/", headers={"host": host})
        assert answer.status_code == status, host
    answer = TestClient(app, base_url="http://localhost").get("/")
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"
    assert answer.headers["x-content-type-options"] == "nosniff"
    monkeypatch.setenv("GRIDGIS_HOSTS", "grid.example.gov.cn, other")
    assert "grid.example.gov.cn" in guarded.hosts()
    monkeypatch.setattr(access, "_secrets", lambda table: {"client_id": "x"} if table == "auth" else {})
    assert guarded.hosts() == ("*",)


@pytest.mark.parametrize("address", [
    "/layer/../../app.py", "/layer/%2e%2e%2f%2e%2e%2fapp.py", "/assets/../app.py", "/frame/..%5c..%5capp.py", "/view/%00?bbox=1,2,3,4",
    "/ground/x/" + "9" * 5000 + "/1/1", "/picture/{{7*7}}", "/layer/" + "a" * 5000, "/where/%2e%2e/%2e%2e/etc/passwd",
])  # fmt: skip
def test_no_address_leads_out_of_the_folder(client: TestClient, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 404
    assert "streamlit" not in answer.text


def test_assets_are_files_of_their_own_folder(client: TestClient) -> None:
    base = routes.asset_path()
    assert client.get(f"{base}/map.css").status_code == 200
    for path in ("../page.py", "%2e%2e/page.py", "..%2fpage.py", "..%5cpage.py", "/etc/passwd", "%2fetc%2fpasswd", "vendor/../../page.py"):
        answer = client.get(f"{base}/{path}")
        assert answer.status_code in (400, 404), path


def test_questions_of_the_map_are_bounded_and_never_a_traceback(client: TestClient) -> None:
    desk = the_desk()
    desk.seats.take("session", "drafter")
    trial, trace = f"/try/{desk.token('try', 'session', 'zh', 'unit')}", f"/trace/{desk.token('trace', 'session', 'zh')}"
    kind = {"content-type": "application/json"}
    deep, vast = "[" * 100_000, json.dumps({"type": "merge", "codes": ["9" * 300_000]})
    bodies = [
        deep, vast, "", "null", "[]", "{}", '{"type": "merge", "codes": 1}', '{"type": "none", "at": [], "op": "delete"}',
        '{"type": "vertex", "op": "move", "at": [], "to": [1, 2]}', '{"from": null}', '{"from": [1e999], "to": [NaN, 2]}',
    ]  # fmt: skip
    for body in bodies:
        for address in (trial, trace):
            # A body without a length, as a stranger may send it, is cut off all the same.
            answer = client.post(address, content=iter([body.encode()]), headers=kind)
            assert answer.status_code in (400, 413) or "refused" in answer.json(), (address, body[:40])
    assert "refused" in client.post(trial, content='{"type": "draw", "area": []}', headers=kind).json()


def test_a_name_that_looks_like_a_gap_stays_a_name(small_county: Path) -> None:
    name = "{{note}} {county} {0} {{told}}"
    with sqlite3.connect(small_county) as raw:
        raw.execute("UPDATE meta SET value = ? WHERE key = 'name'", (name,))
    raw.close()
    client = TestClient(Starlette(routes=routes.routes()))
    for address in ("/where", "/report"):
        assert client.get(address).text.count(name) >= 1


def test_addresses_in_use_outlive_those_that_nobody_asks_for(small_county: Path) -> None:
    assert small_county.exists()
    desk = the_desk()
    used = desk.token("grids", "unit", 1)
    for n in range(5000):
        desk.token("cells", n)
        if n % 500 == 0:
            assert desk.item(used) == ("grids", "unit", 1)
    assert desk.token("grids", "unit", 1) == used
    assert len(desk._items) == len(desk._tokens) <= 1024


def test_what_cannot_be_made_leaves_nothing_behind() -> None:
    kept = Once(4)
    for n in range(100):
        with pytest.raises(ZeroDivisionError):
            kept.get(n, lambda: 1 // 0)
    assert kept._gates == {}


@given(some.text())
def test_labels_escape_what_markdown_would_read(text: str) -> None:
    escaped = plain_label(text)
    assert re.sub(r"\\(.)", r"\1", escaped, flags=re.DOTALL) == text
    assert not re.search(r"(?<!\\)(?:\\\\)*[\[\]!`*_<$:]", escaped)


@given(some.text())
def test_safe_text_comes_back_as_typed_and_holds_nothing_that_runs(text: str) -> None:
    safe = safe_text(text)
    # Every character is either itself or an entity of itself; the text between entities is untouched.
    assert re.sub(r"&(?:#\d+|#x27|[a-z]+);", lambda m: html.unescape(m[0]), safe) == text
    assert not set(safe) & set("<>\"'`${}%\\")


def test_secrets_are_read_by_streamlit_alone() -> None:
    for path in (ROOT / "app_pages").glob("*.py"):
        if path.name != "access.py":
            assert "st.secrets" not in path.read_text("utf-8"), path
    assert st.get_option("server.enableXsrfProtection") is True
