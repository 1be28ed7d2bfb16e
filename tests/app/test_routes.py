"""The addresses of the map: only promised ones answer, with what was promised."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import shapely
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app_pages import address, routes
from app_pages.desk import Desk, the_desk
from layers import page


@pytest.fixture
def client(small_county: Path) -> TestClient:
    assert small_county.exists()
    return TestClient(Starlette(routes=routes.routes()))


def fetch(client: TestClient, address: str) -> dict[str, object]:
    answer = client.get(address)
    assert answer.status_code == 200
    return json.loads(answer.text)


@pytest.mark.parametrize(
    "address", ["/layer/none", "/view/none?bbox=1,2,3,4", "/frame/none", "/layer/..%2f..%2fapp.py"]
)
def test_unknown_addresses_are_404(client: TestClient, address: str) -> None:
    assert client.get(address).status_code == 404


def test_an_address_answers_only_on_its_own_road(client: TestClient) -> None:
    desk = the_desk()
    token = desk.token("grids", "unit", desk.version)
    assert client.get(f"/layer/{token}").status_code == 200
    assert client.get(f"/frame/{token}").status_code == 404
    assert client.get(f"/view/{token}?bbox=118,25,119,26").status_code == 404


@pytest.mark.usefixtures("small_county")
def test_tokens_cannot_be_guessed_and_are_stable() -> None:
    desk = the_desk()
    tokens = {desk.token("grids", "unit", v) for v in range(50)}
    assert len(tokens) == 50
    assert min(map(len, tokens)) >= 24
    assert desk.token("grids", "unit", 3) in tokens
    assert Desk(desk.county).token("grids", "unit", 3) not in tokens


def test_grids_and_outlines(client: TestClient) -> None:
    desk = the_desk()
    found = fetch(client, f"/layer/{desk.token('grids', 'unit', desk.version)}")
    assert found["version"] == desk.version
    codes = [f["properties"]["code"] for f in found["features"]]
    assert codes == desk.plan.codes("unit")
    total = sum(f["properties"]["households"] for f in found["features"])
    assert total == desk.plan.figures["households"].sum()
    item = desk.outline_item("township")
    assert len(fetch(client, f"/layer/{desk.token(*item)}")["features"]) == 1


def test_cells_in_view_only(client: TestClient) -> None:
    desk = the_desk()
    token = desk.token("cells", desk.version)
    (south, west), (north, east) = desk.bounds
    everything = fetch(client, f"/view/{token}?bbox={west:.6f},{south:.6f},{east:.6f},{north:.6f}")
    assert len(everything["features"]) == len(desk.plan.rows)
    corner = fetch(client, f"/view/{token}?bbox={west:.6f},{south:.6f},{west + 0.0003:.6f},{south + 0.0003:.6f}")
    assert 0 < len(corner["features"]) < len(everything["features"])


@pytest.mark.parametrize("text", ["", "1,2,3", "a,b,c,d", "3,2,1,4", "1,2,3,400", "1,2,3,1e3", "1;2,3,4,5"])
def test_a_box_that_is_none_is_404(client: TestClient, text: str) -> None:
    assert address.bbox(text) is None
    desk = the_desk()
    assert client.get(f"/view/{desk.token('cells', desk.version)}?bbox={text}").status_code == 404


def test_box() -> None:
    assert shapely.equals(address.bbox("118.1,25.2,118.3,25.4"), shapely.box(118.1, 25.2, 118.3, 25.4))


def test_map_page_may_load_nothing_from_elsewhere(client: TestClient) -> None:
    answer = client.get(f"/frame/{the_desk().token('page', 'zh', page.TOOLS)}")
    assert answer.status_code == 200
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "\\u62c6\\u5206" in answer.text or "拆分" in answer.text


def test_assets_are_served_as_scripts(client: TestClient) -> None:
    answer = client.get(f"{routes.asset_path()}/core.js")
    assert answer.status_code == 200
    assert "javascript" in answer.headers["content-type"]
    assert client.get(f"{routes.asset_path()}/../page.py").status_code == 404


@pytest.mark.usefixtures("small_county")
def test_layers_below_a_base_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address.st, "get_option", lambda key: "county" if key == "server.baseUrlPath" else None)
    client = TestClient(Starlette(routes=routes.routes()))
    desk = the_desk()
    assert client.get(f"/county/layer/{desk.token('base')}").status_code == 200
    assert client.get(f"{routes.asset_path()}/map.css").status_code == 200
    assert routes.asset_path().startswith("/county/assets/")
