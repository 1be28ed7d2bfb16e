"""Gestures that the map asks about past Streamlit: who may ask, what is refused, and that the page gets the same answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import shapely
from starlette.applications import Starlette
from starlette.testclient import TestClient

import gridgis as gg
from app_pages import live, routes
from app_pages.desk import the_desk
from app_pages.seats import KEPT_S, Seats
from app_pages.words import word
from layers.geojson import to_degrees
from tests.app.conftest import A, B, C
from tests.app.test_pages import call, through

SESSION = "session"


@pytest.fixture
def client(small_county: Path) -> TestClient:
    assert small_county.exists()
    return TestClient(Starlette(routes=routes.routes()))


def address(session: str = SESSION, role: str = "drafter", lang: str = "zh") -> str:
    """Return where the map of a session asks what a gesture would do."""
    desk = the_desk()
    desk.seats.take(session, role)
    return f"/try/{desk.token('try', session, lang, 'unit')}"


def state_of() -> tuple[int, str]:
    return the_desk().version, the_desk().plan.hash


def test_a_gesture_is_tried_and_nothing_is_saved(client: TestClient) -> None:
    before = state_of()
    told = client.post(address(), json=through(A)).json()
    assert told["rows"][0]["code"] == A
    assert sum(r["change"][0] for r in told["rows"]) == 0
    assert len(told["preview"]["after"]["features"]) == 2
    assert "合并" in client.post(address(), json={"type": "merge", "codes": [A]}).json()["refused"]
    assert client.post(address(lang="en"), json={"type": "merge", "codes": [A]}).json()["refused"].startswith("A merge")
    assert state_of() == before


GESTURES: list[tuple[str, dict[str, Any]]] = [
    ("split", {}),
    ("merge", {"type": "merge", "codes": [A, B]}),
    ("paint", {"type": "paint", "cells": [1], "to": B}),
    ("refused", {"type": "merge", "codes": [A]}),
    ("refused", {"type": "split", "line": [[118.0, 25.0], [118.0, 25.1]]}),
]


@pytest.mark.parametrize(("kind", "event"), GESTURES)
def test_the_page_gets_the_answer_that_the_map_got(client: TestClient, kind: str, event: dict[str, Any]) -> None:
    gesture = {"selected": [], **(event or {k: v for k, v in through(C).items() if k != "n"})}
    told = client.post(address(), json=gesture).json()

    def page(event: dict) -> None:  # type: ignore[type-arg]
        import streamlit as st

        from app_pages import bench, state
        from app_pages.desk import the_desk

        state.prepare()
        st.session_state.level = "unit"
        bench.take(the_desk(), {**event, "n": 7})
        st.session_state.told = bench.refusal(the_desk())

    state = call(page, event=gesture).session_state
    if kind == "refused":
        assert state["proposal"] is None
        assert (told["refused"], told["at"]) == (state["told"]["words"], state["told"]["at"])
        return
    assert state["proposal"].kind == kind
    assert told["preview"] == state["preview"]
    after = {r["code"]: r["after"][0] for r in told["rows"] if not r["ends"]}
    assert after == {c: f["households"] for c, f in state["proposal"].after.items() if len(c) == len(C)}


def test_the_later_answer_stands_when_the_county_has_changed(small_county: Path, client: TestClient) -> None:
    gesture = {**through(C), "selected": []}
    first = client.post(address(), json=gesture).json()["preview"]
    assert client.post(address(), json=gesture).json()["preview"] == first
    other = gg.open_county(small_county)
    west, south, east, north = other.plan.grid_geometry(C).bounds
    line = shapely.LineString([(west + (east - west) / 4, south - 5), (west + (east - west) / 4, north + 5)])
    other.apply(gg.split(other.plan, C, line))
    later = client.post(address(), json=gesture).json()["preview"]
    assert later["key"] != first["key"]
    assert later == live.polygons(the_desk(), live.proposed(the_desk(), gesture, "unit").edit, "unit", "zh")


BROKEN = [
    "", "[]", "{", "null", "{}", "[" * 5000, '{"type": "split"}', '{"type": ["split"], "line": []}', '{"type": "report"}',
    '{"type": "vertex", "op": "move", "at": "x", "to": [118, 25]}', '{"type": "vertex", "op": "twist", "at": [118, 25]}',
    '{"type": "split", "line": [[NaN, 25], [118, Infinity]]}', '{"type": "split", "line": [[118, 25, 7], [118, 26, 7]]}',
    '{"type": "split", "line": [[1e300, 25], [118, 26]]}', '{"type": "split", "line": [[true, false], [118, 26]]}',
    '{"type": "transfer", "area": [[118, 25], [118, 26]], "to": 7}', '{"type": "paint", "cells": ["1"], "to": "x"}',
    '{"type": "merge", "codes": "350526"}', '{"type": "split", "line": "LINESTRING (0 0, 1 1)"}',
]  # fmt: skip


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_what_is_no_gesture_gets_a_sentence_and_changes_nothing(client: TestClient, lang: str) -> None:
    before = state_of()
    where = address(lang=lang)
    for body in BROKEN:
        answer = client.post(where, content=body, headers={"content-type": "application/json"})
        told = answer.json()
        assert answer.status_code in (200, 400), body
        assert told.get("error", told.get("refused")) == word("gesture_broken", lang), body
    long = client.post(where, content=b'{"type": "' + b"x" * 300_000 + b'"}', headers={"content-type": "application/json"})
    assert (long.status_code, long.json()["error"]) == (413, word("gesture_broken", lang))
    assert state_of() == before


@pytest.mark.usefixtures("small_county")
def test_a_broken_gesture_as_an_event_gets_the_same_sentence() -> None:
    def page() -> None:
        import streamlit as st

        from app_pages import bench, state
        from app_pages.desk import the_desk

        state.prepare()
        st.session_state.level = "unit"
        bench.take(the_desk(), {"type": "split", "line": [["a", "b"]], "n": 7})

    state = call(page).session_state
    assert state["problem"] == (word("gesture_broken", "zh"), word("gesture_broken", "en"))
    assert state["proposal"] is None


@pytest.mark.parametrize("headers", [
    {"origin": "http://elsewhere.cn"}, {"origin": "null"}, {"origin": "http://testserver:81"}, {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site", "origin": "http://testserver"}, {"sec-fetch-site": "none"},
])  # fmt: skip
def test_pages_of_other_sites_are_not_answered(client: TestClient, headers: dict[str, str]) -> None:
    answer = client.post(address(), json=through(A), headers=headers)
    assert (answer.status_code, answer.json()) == (403, {"error": word("ask_elsewhere", "zh")})
    own = [{"origin": "http://testserver"}, {"sec-fetch-site": "same-origin"}]
    assert [client.post(address(), json=through(A), headers=h).status_code for h in own] == [200, 200]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_what_a_form_of_another_site_can_send_is_not_answered(client: TestClient, kind: str) -> None:
    answer = client.post(address(), content=json.dumps(through(A)), headers={"content-type": kind})
    assert (answer.status_code, answer.json()) == (415, {"error": word("ask_elsewhere", "zh")})


def test_only_a_session_that_may_save_is_answered_at_its_own_address(client: TestClient) -> None:
    for role in ("viewer", "", "nobody"):
        answer = client.post(address("low", role), json=through(A))
        assert (answer.status_code, answer.json()) == (403, {"error": word("ask_role", "zh")})
    # The role is that of now: who loses it keeps an address that no longer answers.
    where = address("falls")
    assert client.post(where, json=through(A)).status_code == 200
    the_desk().seats.take("falls", "viewer")
    assert client.post(where, json=through(A)).status_code == 403
    assert len({address(s) for s in ("one", "two", "three")}) == 3
    desk = the_desk()
    foreign = [f"/try/{desk.token('base')}", f"/try/{desk.token('trace', SESSION, 'zh')}", "/try/none", "/trace/none",
               f"/trace/{desk.token('try', SESSION, 'zh', 'unit')}"]  # fmt: skip
    assert {client.post(f, json=through(A)).status_code for f in foreign} == {404}
    assert client.get(address()).status_code == 405


def test_a_seat_that_nobody_is_seen_on_is_empty() -> None:
    now = [0.0]
    seats = Seats(lambda: now[0])
    seats.take("a", "drafter")
    seats.take("b", "viewer")
    assert [seats.role(s) for s in ("a", "b", "c")] == ["drafter", "viewer", ""]
    now[0] = KEPT_S + 1
    seats.take("b", "reviewer")
    assert [seats.role(s) for s in ("a", "b")] == ["", "reviewer"]


@pytest.mark.usefixtures("small_county")
def test_the_map_of_a_viewer_is_given_no_address() -> None:
    def page(role: str) -> None:
        import streamlit as st

        from app_pages import live, state
        from app_pages.desk import the_desk

        state.prepare()
        st.session_state.found = live.addresses("", the_desk(), "unit", ("x", role))

    found = [call(page, role=r).session_state["found"] for r in ("viewer", "drafter")]
    assert found[0] == {}
    assert set(found[1]) == {"try", "trace"}


def test_a_trace_without_roads_is_none(client: TestClient) -> None:
    desk = the_desk()
    desk.seats.take(SESSION, "drafter")
    where = f"/trace/{desk.token('trace', SESSION, 'zh')}"
    west, south, east, north = desk.frame("unit")[1].geometry[B].bounds
    first, last = shapely.get_coordinates(to_degrees(shapely.LineString([(west, south), (east, north)]), 4548)).tolist()
    assert client.post(where, json={"from": first, "to": last}).json() == {"way": None}
    assert client.post(where, json={"from": first, "to": [1e9, "x"]}).json() == {"error": word("gesture_broken", "zh")}
