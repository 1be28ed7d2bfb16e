"""What the map lays over the grids, comparing two states of the plan, and links to a view."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import streamlit as st
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

import gridgis as gg
from app_pages import compared, extras, opened, routes
from app_pages.desk import Desk, the_desk
from app_pages.matchdesk import Upload
from app_pages.past import Draft, meant
from app_pages.words import word
from gridgis import branches
from gridgis.checks.service import minutes_of, served
from gridgis.errors import InputError
from layers import extras as drawing
from layers.geojson import to_degrees
from tests.app.conftest import A, B
from tests.app.test_pages import ROOT, text_of
from tests.drawn import EAST, NORTH, tamper

CROSS = shapely.LineString([(EAST + 150, NORTH + 1000), (EAST + 150, NORTH - 1000)])


def put(path: Path, table: str, rows: list[dict[str, Any]], shapes: list[Any]) -> None:
    with gg.open_county(path) as county:
        county.store.replace_table(table, gpd.GeoDataFrame(pd.DataFrame(rows), geometry=shapes, crs=county.crs))
        county.refresh_figures()


@pytest.fixture
def furnished(small_county: Path) -> Path:
    """The county with a street, places, another department's net, and a second version that split grid A."""
    spots = [(EAST + 50.0, NORTH - 50.0), (EAST + 350.0, NORTH - 150.0), (EAST + 420.0, NORTH - 150.0)]
    kinds = ("station", "shop", "shop")
    rows = [{"id": f"P{x:.0f}", "kind": kind, "name": kind, "x": x, "y": y} for kind, (x, y) in zip(kinds, spots, strict=True)]
    put(small_county, "places", rows, list(shapely.points(spots)))
    street = shapely.LineString([(EAST, NORTH - 50), (EAST + 600, NORTH - 50)])
    put(small_county, "roads", [{"id": "R1", "name": "长街", "class": "street"}], [street])
    put(small_county, "nets", [{"net": "公安", "code": "1"}], [shapely.box(EAST, NORTH - 200, EAST + 300, NORTH)])
    with gg.open_county(small_county) as county:
        edit = gg.split(county.plan, A, CROSS)
        county.apply(edit, by="张三", reason="试验")
    st.cache_resource.clear()
    return small_county


@pytest.fixture
def client(furnished: Path) -> TestClient:
    assert furnished.exists()
    return TestClient(Starlette(routes=routes.routes()))


def offered(lang: str = "zh") -> dict[str, dict[str, Any]]:
    return {o["key"]: o for o in extras.offer(the_desk(), "unit", lang)}


def box_of(desk: Desk) -> str:
    (south, west), (north, east) = desk.bounds
    return ",".join(f"{v:.6f}" for v in (west - 0.01, south - 0.01, east + 0.01, north + 0.01))


def test_each_overlay_comes_with_a_legend_in_words(client: TestClient) -> None:
    found = offered()
    assert list(found) == ["places", "circles", "findings", "earlier", "net:公安"]
    box = box_of(the_desk())
    places = client.get(f"{found['places']['url']}?bbox={box}").json()
    assert len(places["features"]) == 3
    assert [row[1][-3:] for row in places["legend"]["rows"]] == ["· 1", "· 2"]
    shops = client.get(f"{found['places']['url']}?bbox={box}&kinds=shop").json()
    assert len(shops["features"]) == 2
    circles = client.get(found["circles"]["url"]).json()
    assert [g["geometry"]["type"] for g in circles["features"]][-1] == "Point"
    assert "15 分钟" in circles["legend"]["rows"][0][1]
    net = client.get(found["net:公安"]["url"]).json()
    assert net["styles"][0]["dashArray"]
    assert net["legend"]["title"] == "公安"
    findings = client.get(found["findings"]["url"]).json()
    assert "版本 2" in findings["legend"]["note"]
    english = client.get(offered("en")["circles"]["url"]).json()
    assert "Reached within 15 minutes (on foot)" in english["legend"]["rows"][0][1]


def test_findings_lie_where_they_are(client: TestClient, furnished: Path) -> None:
    tamper(furnished, "UPDATE cells SET code = NULL WHERE id IN (SELECT min(id) FROM cells WHERE removed_in IS NULL)")
    st.cache_resource.clear()
    found = client.get(offered()["findings"]["url"]).json()
    (errors, warnings) = (int(row[1].split(" · ")[1]) for row in found["legend"]["rows"])
    # A cell without a grid warns.
    assert warnings > 0
    assert sum(f["properties"]["s"] == 1 for f in found["features"]) == errors
    assert sum(f["properties"]["s"] == 0 for f in found["features"]) == warnings


def test_an_earlier_version_shows_what_is_not_the_same_now(client: TestClient, furnished: Path) -> None:
    url = offered()["earlier"]["url"]
    found = client.get(f"{url}?version=1").json()
    # The county of version 1 lacks the cut through A, so every boundary it had is still there.
    assert found["moved"] == 0
    assert re.search(r"新增界线 0\.\d*[1-9]\d* km，取消 0\.00 km", found["legend"]["note"])
    assert all(s["dashArray"] for s in found["styles"])
    with gg.open_county(furnished) as county:
        created = [c for c in county.plan.codes("unit") if c not in (B,)]
        county.apply(gg.merge(county.plan, created[:2]), by="李四", reason="试验")
    st.cache_resource.clear()
    moved = client.get(f"{offered()['earlier']['url']}?version=2").json()
    assert moved["moved"] == 1
    (line,) = [f for f in moved["features"] if f["properties"]["s"] == 1]
    lon = to_degrees(shapely.Point(CROSS.coords[0]), 4548).x
    assert np.allclose(np.array(line["geometry"]["coordinates"])[:, 0], lon, atol=1e-4)
    for bad in ("0", "3", "x", ""):
        assert client.get(f"{offered()['earlier']['url']}?version={bad}").status_code == 404
    assert client.get("/overlay/none").status_code == 404
    assert client.get(offered()["places"]["url"]).status_code == 404


def test_boundaries_that_only_got_a_vertex_are_the_same() -> None:
    plain = np.array([shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10)], dtype=object)
    same, moved = drawing.parted(shapely.segmentize(plain, 3.0), plain)
    assert len(moved) == 0
    assert shapely.length(same).sum() == pytest.approx(70)
    _, gone = drawing.parted(plain, np.array([shapely.box(0, 0, 20, 10)], dtype=object))
    assert [g.wkt for g in gone] == ["LINESTRING (10 0, 10 10)"]


def test_a_draft_is_looked_at_beside_the_present(furnished: Path) -> None:
    with gg.open_county(furnished) as county:
        branches.start_branch(county, "试行", by="张三")
        draft = branches.open_branch(county, "试行")
        edit = gg.split(draft.plan, B, shapely.LineString([(EAST + 450, NORTH + 100), (EAST + 450, NORTH - 900)]))
        draft.apply(edit, by="张三", reason="试验")
    st.cache_resource.clear()
    desk = the_desk()
    known = compared.choices(desk)
    assert list(known) == ["now", "d:试行", "v:1"]
    one = compared.sided(desk, "d:试行")
    assert isinstance(one, Draft)
    assert len(one.frame("unit")[1]) == len(desk.frame("unit")[1]) + 1
    assert len(compared.sided(desk, "v:1").frame("unit")[1]) == len(desk.frame("unit")[1]) - 1
    assert len(compared.only(one, desk, "unit")) == 1
    assert len(compared.only(desk, one, "unit")) == 0
    # Its layers have addresses of their own and mean the draft wherever they are asked for.
    item = desk.item(one.token("grids", "unit", one.plan.version))
    there, rest = meant(desk, item)
    assert rest[0] == "grids"
    assert len(json.loads(there._layer(rest))["features"]) == len(one.frame("unit")[1])


def linked(**asked: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    for key, value in asked.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception, app.exception
    return app


@pytest.mark.usefixtures("furnished")
def test_a_link_opens_its_view() -> None:
    app = linked(code=B, colour="persons", at="25.5,118.25,15.5", layers="places,grids:40", version="1")
    state = app.session_state
    assert state["selected"] == (B,)
    assert (state["level"], state["figure"]) == ("unit", "persons")
    assert state["goto"] is None
    view = state["link_view"]
    assert view["at"] == [25.5, 118.25, 15.5]
    assert view["layers"] == {"places": 1.0, "grids": 0.4, "earlier": 1.0}
    assert view["version"] == 1
    assert state["notice"] is None


@pytest.mark.usefixtures("furnished")
@pytest.mark.parametrize(("asked", "words"), [
    ({"code": "350526999999999"}, "没有编码 350526999999999"), ({"at": "91,10,5"}, "纬度,经度,级别"), ({"at": "1e9,0,3"}, "纬度,经度,级别"),
    ({"layers": "moon,places"}, "没有图层 moon"), ({"layers": "grids:101"}, "没有图层 grids:101"), ({"version": "7"}, "没有版本 7"),
    ({"level": "<b>"}, "没有层级 &lt;b&gt;"), ({"colour": "{{7*7}}"}, "没有着色方式"),
])  # fmt: skip
def test_what_a_link_cannot_mean_is_ignored_with_a_sentence(asked: dict[str, str], words: str) -> None:
    told = text_of(linked(**asked))
    assert words in told
    assert "已忽略" in told


def test_a_file_is_looked_at_and_the_county_never_hears_of_it(furnished: Path, tmp_path: Path) -> None:
    desk = the_desk()
    before = (desk.version, desk.plan.hash)
    assert furnished.exists()
    near = to_degrees(desk.plan.outline.buffer(-50), desk.crs)
    path = tmp_path / "net.geojson"
    path.write_text(json.dumps({"type": "Feature", "properties": {"code": "1"}, "geometry": json.loads(shapely.to_geojson(near))}))
    (shape,) = opened.shapes_of(desk, Upload.of("网.geojson", path.read_bytes()))
    assert shape.area == pytest.approx(desk.plan.outline.buffer(-50).area, rel=1e-3)
    path.write_text(json.dumps({"type": "Point", "coordinates": [10.0, 50.0]}))
    with pytest.raises(InputError, match="不相交"):
        opened.shapes_of(desk, Upload.of("far.geojson", path.read_bytes()))
    with pytest.raises(InputError):
        opened.shapes_of(desk, Upload.of("broken.gpkg", b"not a file"))
    assert (desk.version, desk.plan.hash) == before


def test_versions_are_found_by_what_their_log_says(client: TestClient, furnished: Path) -> None:
    with gg.open_county(furnished) as county:
        county.undo(by="李四")
    st.cache_resource.clear()
    url = offered()["earlier"]["url"]

    def listed(text: str) -> list[int]:
        return [v["v"] for v in client.get(url, params={"find": text}).json()["versions"]]

    assert listed("") == [2, 1]
    assert listed("张三 拆分") == [2]
    assert listed("试验") == [2]
    assert listed("1")[0] == 1
    assert listed("<没有>") == []
    row = client.get(url, params={"find": "2"}).json()["versions"][0]
    assert (row["v"], row["by"], row["why"]) == (2, "张三", "试验")
    assert row["when"][:4].isdigit()
    assert client.get(offered("en")["earlier"]["url"], params={"find": "zzz"}).json()["note"] == word("extra_versions_none", "en")


def test_who_is_served_is_told_before_and_after_an_edit(furnished: Path) -> None:
    """The street passes 50 m from the northern edge; the only station stands on it."""
    with gg.open_county(furnished) as county:
        (rule, *_) = (s for s in county.scheme.services if s.mode == "walk")
        rule = rule.model_copy(update={"zone": None, "minutes": 3.0})
        homes = minutes_of(county.table, rule)
        assert homes is not None
        codes = [g.code for g in county.plan.grids.values() if g.level == "unit"]
        told = served(county.plan, rule, homes, codes)
        assert sum(n for n, _ in told.values()) == int(homes.households.sum())
        assert sum(m for _, m in told.values()) == int(homes.households[homes.minutes <= 3.0].sum())
        pair = [codes[0], codes[3]]
        edit = gg.merge(county.plan, pair)
        after = served(gg.evolve(county.plan, edit), rule, homes, sorted(edit.after))
        assert list(after.values()) == [tuple(map(sum, zip(*(told[c] for c in pair), strict=True)))]
        assert served(county.plan, rule.model_copy(update={"zone": "built_up"}), homes, codes) == {}
