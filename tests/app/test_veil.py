"""Small numbers on the incidents page: hidden from those who may only look, and in the public view of those who may more."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
import streamlit as st

import gridgis as gg
from app_pages import (
    access,
    exportdesk,
    extras,
    incidentbook,
    incidentdesk,
    incidenttables,
    loadsdesk,
    mapview,
    panel,
    past,
    tally,
    veil,
)
from app_pages.desk import the_desk
from app_pages.shell import PAGES
from app_pages.veil import Veiled
from app_pages.words import word
from gridgis.errors import RefusedError
from gridgis.exporting import Wish as Export
from gridgis.overlays.incidents import Wish
from tests.app.test_pages import ROOT, run, text_of
from tests.happenings import A, B, C, busy_county, happening

FEW, MANY = 4, 40


@pytest.fixture(autouse=True)
def county(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a county of 40 incidents in A, 4 in B at one place, 23 in C; B's place has 4, A's 12, of one category."""
    places = [(0.5, 0.5)] * 12 + [(0.2 + 0.3 * (k % 8), 0.8 + 0.3 * (k // 8)) for k in range(MANY - 12)] + [(3.5, 0.5)] * FEW + [(3.5, 1.5)] * 23
    kinds = ["甲/一"] * (MANY + FEW) + ["乙/稀"] * 2 + ["乙/常"] * 21
    at = [f"2026-0{1 + k % 7}-1{k % 9} 0{k % 8}:00:00" for k in range(len(places))]
    found = happening(places, category=kinds, at=at, address=[f"某路{k}号" for k in range(len(places))])
    path = busy_county(tmp_path / "county.gpkg", found)
    monkeypatch.setenv("GRIDGIS_COUNTY", str(path))
    st.cache_resource.clear()
    return path


def looking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "role", lambda: "viewer")


def numbers(desk: Any) -> dict[str, Any]:
    """Return what the layer of grids says of incidents."""
    message = mapview.message(desk, "unit", "none", "code")
    held, item = veil.meant(*past.meant(the_desk(), the_desk().item(message["grids"]["url"].rsplit("/", 1)[1])))
    assert item is not None
    told = json.loads(gzip.decompress(held.layer(item)))
    return {f["properties"]["code"]: f["properties"]["incidents"] for f in told["features"]}


def test_the_map_of_a_viewer_lacks_small_numbers_and_that_of_a_planner_has_them() -> None:
    desk = the_desk()
    assert numbers(desk) == {A: MANY, B: FEW, C: 23}
    veiled = numbers(Veiled(desk, 10))
    assert veiled[B] is None
    # With the sum known, one hidden number alone would be told by the others.
    assert [v for v in veiled.values() if v is None] == [None, None]
    assert numbers(desk) == {A: MANY, B: FEW, C: 23}, "the layer of the others stays whole"
    assert mapview.message(Veiled(desk, 10), "unit", "none", "code")["grids"]["patches"] == []


def test_every_page_takes_its_desk_from_the_one_rule() -> None:
    pages = {p.name: p.read_text(encoding="utf-8") for p in (ROOT / "app_pages").glob("*_page.py")}
    assert len(pages) == len(PAGES)
    assert [name for name, text in pages.items() if "the_desk" in text] == []
    assert [name for name, text in pages.items() if "veil.own(" not in text and "veil.dated(" not in text] == []


def test_a_viewer_is_offered_the_pages_whose_numbers_are_veiled(monkeypatch: pytest.MonkeyPatch) -> None:
    looking(monkeypatch)
    for key, file, _ in PAGES:
        app = run() if key == "map" else run(file) if key in access.OPEN else None
        if app is not None:
            assert not app.exception, key
            assert {e.proto.page or "map" for e in app.get("page_link")} == set(access.OPEN)


def test_cards_of_grids_show_a_viewer_no_small_number(monkeypatch: pytest.MonkeyPatch) -> None:
    looking(monkeypatch)
    app = run(selected=(B,))
    told = text_of(app)
    assert word("veil_told", "zh", k=10) in told
    assert f"<dt>{word('fig_incidents', 'zh')}</dt><dd>{panel.HIDDEN} " in told
    assert "mode" not in {c.key for c in app.segmented_control}
    app = run(selected=(A, B, C))
    assert f"{word('total', 'zh')} · " in text_of(app)
    app = run(mode="emergency", compare=True)
    assert not app.exception
    assert word("emergency", "zh") not in text_of(app)


def test_a_proposal_shows_the_same_incidents_before_and_after() -> None:
    app = run()
    app.session_state["level"] = "unit"
    edit = gg.merge(the_desk().plan, [A, B])
    app.session_state["proposal"], app.session_state["proposal_level"] = edit, "unit"
    app.run()
    assert not app.exception
    table = text_of(app).split("gg-compare", 1)[1].split("</table>")[0]
    assert f"<th>{word('fig_incidents', 'zh')}</th>" in table
    before, after = table.split(word("after", "zh"))
    assert f"<td>{MANY}</td>" in before
    assert f"<td>{FEW}</td>" in before
    assert f"<td>{MANY + FEW}</td>" in after


def test_layers_over_the_map_keep_the_limit() -> None:
    run()
    desk, veiled = the_desk(), Veiled(the_desk(), 10)
    for one in (desk, veiled):
        token = next(o["url"] for o in extras.offer(one, "unit", "zh") if o["key"] == "heat").rsplit("/", 1)[1]
        held, item = veil.meant(desk, desk.item(token))
        assert item is not None
        assert veil.limit(held) == veil.limit(one)
        url = json.loads(extras.made(held, item, {}, None) or "")["image"]["url"].rsplit("/", 1)[1]
        kept = desk.item(url)
        assert kept is not None
        assert (kept[0] == "veiled") == (one is veiled)


def test_work_and_exports_of_a_viewer_hold_what_the_public_may_have(monkeypatch: pytest.MonkeyPatch) -> None:
    looking(monkeypatch)
    app = run("loads_page.py", load_period="days_all", load_part="sources")
    assert app.session_state["load_part"] == "workload"
    assert not app.exception
    assert {"load_w_households", "load_w_upper"}.isdisjoint(n.key for n in app.number_input)
    veiled = veil.own()
    st.session_state["load_period"], st.session_state["load_colour"], st.session_state["level"] = "days_all", "workload", "unit"
    told = loadsdesk.workload(veiled, "unit", veiled.scheme.workload)
    found = told.tables["workload"]
    assert {"workload", "floating"}.isdisjoint(found.columns)
    assert found.at[B, "incidents"] == panel.HIDDEN
    assert not [v for v in found["incidents"] if v != panel.HIDDEN and 0 < v < 10]
    book = openpyxl.load_workbook(io.BytesIO(loadsdesk.workbook(veiled, told, "zh")))
    assert panel.HIDDEN in [c.value for row in book.worksheets[0].iter_rows() for c in row]
    app = run("export_page.py", export_role="internal", export_k=2)
    assert not app.exception
    assert (app.session_state["export_role"], app.session_state["export_k"]) == ("public", 10)
    with pytest.raises(RefusedError):
        exportdesk.parcel(veiled, Export("geojson", "unit"))


@pytest.mark.parametrize("side", ["side_facts", "side_time", "side_grids", "side_places"])
def test_a_viewer_is_told_of_the_limit_on_every_side(side: str, monkeypatch: pytest.MonkeyPatch) -> None:
    looking(monkeypatch)
    app = run("incidents_page.py", incident_side=side, show_as="as_grids", period="days_all")
    assert word("veil_told", "zh", k=10) in text_of(app)
    assert "public_view" not in {t.key for t in app.toggle}
    for view in ("as_heat", "as_crowds", "as_rate", "as_hot", "as_emerging", "as_change")[: 6 if side == "side_grids" else 1]:
        app.segmented_control(key="show_as").set_value(view).run()
        assert not app.exception, app.exception


def test_a_planner_may_ask_for_the_public_view() -> None:
    app = run("incidents_page.py", show_as="as_grids", period="days_all")
    assert word("veil_told", "zh", k=10) not in text_of(app)
    app.toggle(key="public_view").set_value(True).run()
    assert not app.exception
    assert word("veil_told", "zh", k=10) in text_of(app)


def test_tables_and_places_show_no_small_number_and_no_address() -> None:
    run("incidents_page.py", show_as="as_grids", period="days_all")
    desk, wish = the_desk(), Wish()
    veiled = Veiled(desk, 10)
    rows = {r[0]: r[1] for r in incidenttables.grids(veiled, wish, "unit", "as_grids").rows}
    assert veil.HIDDEN in rows.values()
    assert str(FEW) not in rows.values()
    assert [r[2] for r in incidenttables.places(desk, wish).rows] == ["21", "12"]
    assert incidentdesk.repeated_of(veiled, wish)["address"].tolist() == ["", ""]
    change = incidenttables.grids(veiled, Wish("2026-04-01", "2026-06-01"), "unit", "as_change")
    assert all(len(row) == 2 for row in change.rows)


def test_charts_leave_small_numbers_out() -> None:
    run("incidents_page.py", show_as="as_grids", period="days_all")
    desk = the_desk()
    study = incidentdesk.study_of(desk, Wish())
    told = [d["n"] for d in tally.by_category(desk, study, 10).to_dict()["datasets"].popitem()[1]]
    assert told == [44]
    assert sorted(d["n"] for d in tally.by_category(desk, study).to_dict()["datasets"].popitem()[1]) == [2, 21, 44]
    few = Wish(categories=("乙/稀",))
    assert tally.facts(incidentdesk.study_of(desk, few), incidentdesk.grids_of(Veiled(desk, 10), few, "unit"), 10)[0][1] == "< 10 件"


def test_the_workbook_of_a_viewer_holds_no_small_number_no_address_and_no_single_incident() -> None:
    run("incidents_page.py", show_as="as_grids", period="days_all")
    veiled = Veiled(the_desk(), 10)
    told = incidentbook.Asked("unit", Wish(), "zh", "count", "month", [(word("veil_told", "zh", k=10), "")], "说明")
    book = openpyxl.load_workbook(io.BytesIO(incidentbook.workbook(veiled, told)))
    assert book.sheetnames == ["说明", "各网格", "类别", "趋势", "星期与时段", "反复发生地", "热点"]
    cells = [c.value for sheet in book.worksheets for row in sheet.iter_rows(min_row=2) for c in row]
    assert not [c for c in cells if isinstance(c, str) and "某路" in c]
    counts = [c.value for name in ("各网格", "类别") for row in book[name].iter_rows(min_row=2, min_col=3, max_col=3) for c in row]
    assert not [c for c in counts if isinstance(c, int | float) and 0 < c < 10]
    assert veil.HIDDEN in cells


def test_the_density_hides_where_fewer_than_the_limit_lie_together() -> None:
    run("incidents_page.py", show_as="as_heat", period="days_all")
    desk = the_desk()
    whole, veiled = (incidentdesk.surface_of(d, Wish(), 100, ()) for d in (desk, Veiled(desk, 10)))
    assert whole is not None
    assert veiled is not None
    assert 0 < (veiled.values > 0).sum() < (whole.values > 0).sum()


def test_repeated_places_stand_on_the_map_and_a_row_moves_it_there() -> None:
    app = run("incidents_page.py", show_as="as_grids", period="days_all", incident_side="side_places")
    desk = the_desk()
    found = incidenttables.marks(desk, Wish(), "place:1")
    assert [m["kind"] for m in found] == ["late", "chosen_late"]
    west, south, east, north = incidenttables.focus(desk, Wish(), "place:1")["bounds"]  # type: ignore[index]
    assert west < found[1]["at"][0] < east
    assert south < found[1]["at"][1] < north
    assert len(incidenttables.points(desk, Wish())) == 2
    assert incidenttables.focus(desk, Wish(), "nowhere") is None
    assert app.get("arrow_vega_lite_chart") or app.get("vega_lite_chart")


@pytest.mark.parametrize(("view", "columns"), [("as_grids", 4), ("as_rate", 4), ("as_share", 3), ("as_hot", 3), ("as_emerging", 4), ("as_change", 5)])
def test_every_view_has_its_table_and_its_chart(view: str, columns: int) -> None:
    run("incidents_page.py", show_as=view, period="days_all")
    wish = Wish("2026-04-01", "2026-06-01") if view == "as_change" else Wish()
    st.session_state["hot_of"] = "count"
    found = incidenttables.grids(the_desk(), wish, "unit", view)
    assert len(found.columns) == columns
    assert len(found.rows) == len(found.about) == 3
    assert all(len(row) == columns for row in found.rows)
    assert found.chart is not None


def test_too_short_a_period_for_a_course_over_time_is_one_sentence() -> None:
    app = run("incidents_page.py", show_as="as_emerging", period="days_30", incident_side="side_grids")
    assert "看不出趋势" in text_of(app)
    app.segmented_control(key="show_as").set_value("as_grids").run()
    assert not app.exception
    assert "看不出趋势" not in text_of(app)


def test_numbers_of_a_table_cannot_be_worked_out_from_its_sum() -> None:
    from gridgis.analysing import thinned

    found = thinned(pd.Series({"a": 50, "b": 3, "c": 0, "d": 20}), 10)
    assert found.isna().sum() == 2
    assert found[["a", "c"]].tolist() == [50, 0]
    assert thinned(pd.Series([12, 0]), 10).tolist() == [12, 0]
