"""The ledger of incidents and the page for residents, as Streamlit and the server run them."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import streamlit as st
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

import gridgis as gg
from app_pages import access, accesslist, handlingchart, handlingdesk, publicpage, routes
from app_pages.desk import the_desk
from app_pages.publicpage import ALL, EACH, MOST_BYTES, SPAN_S, Gate, Public
from app_pages.words import word
from gridgis.incidents.handlingbook import told
from gridgis.incidents.ledger import ledger
from gridgis.incidents.reporting import RESIDENT, Report, report
from gridgis.verify import verify
from tests.app.test_pages import run, text_of
from tests.crew import A
from tests.looped import LAMP, degrees, looped


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return looped(tmp_path_factory.mktemp("loop") / "county.gpkg").read_bytes()


@pytest.fixture
def path(template: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "county.gpkg"
    file.write_bytes(template)
    monkeypatch.setenv("GRIDGIS_COUNTY", str(file))
    st.cache_resource.clear()
    return file


def entered(path: Path, hours: float = 0, **more: Any) -> str:
    at = (dt.datetime.now() - dt.timedelta(hours=hours)).isoformat(" ", "seconds")
    with gg.open_county(path) as county:
        return str(report(county, Report(*degrees(1, 0.5), LAMP, at=at, **more))["id"])


def press(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click().run()
    assert not app.exception, app.exception
    return app


def test_the_ledger_flags_the_overdue_one_and_walks_it_to_the_end(path: Path) -> None:
    fresh, late = entered(path), entered(path, 3, note="<b>{{7*7}}</b>")
    app = run("handling_page.py", case=late)
    page = text_of(app)
    assert "超期 1 小时" in page
    assert "林一" in page
    assert "<b>{{7*7}}</b>" not in page, "what people write is text"
    rows = handlingdesk.table_of(the_desk(), handlingdesk.rows_of(the_desk(), "open"))[1]
    assert [(r[0][0], r[-1]) for r in rows] == [("error", late), ("plain", fresh)]
    kinds = {
        m["id"]: m["kind"] for m in handlingdesk.marks(the_desk(), handlingdesk.rows_of(the_desk(), "open"), fresh)
    }
    assert kinds == {late: "late", fresh: "chosen"}
    for _ in ("forward", "handle", "feedback", "evaluate"):
        press(app, "case_do")
    with gg.open_county(path) as county:
        done = told(county, late)
        assert [s["action"] for s in done["steps"]] == ["submit", "forward", "handle", "feedback", "evaluate"]
        assert (done["status"], done["handled_in"], done["late"]) == ("closed", "grid", True)
        assert verify(county) == []
    assert "已登记：评价" in text_of(app)


def test_a_click_on_the_map_enters_an_incident(path: Path) -> None:
    app = run("handling_page.py", case_spot=degrees(1, 0.5))
    app.text_area[0].set_value("路灯不亮").run()
    press(app, "case_enter")
    assert "已登记 R" in text_of(app)
    assert app.session_state["case_spot"] is None
    with gg.open_county(path) as county:
        row = ledger(county).iloc[0]
        assert (row["id"], row["note"], row["code"]) == (app.session_state["case"], "路灯不亮", A)
        assert verify(county) == []
    app.session_state["case_spot"] = (100.0, 10.0)
    app.run()
    press(app, "case_enter")
    assert "不在本县区内" in text_of(app)
    assert app.session_state["case_spot"] == (100.0, 10.0)


def test_a_resident_report_waits_for_its_verdict(path: Path) -> None:
    number = entered(path, source=RESIDENT)
    app = run("handling_page.py", case=number, case_view="unjudged")
    assert "待核实 1" in str(app.main)
    press(app, "case_do")
    with gg.open_county(path) as county:
        assert told(county, number)["valid"] == 1
    assert f"{number},".encode() in handlingdesk.points_csv(the_desk())


def test_who_may_only_look_takes_no_step(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    number = entered(path)
    app = run("handling_page.py", case=number)
    monkeypatch.setattr(access, "role", lambda: "viewer")
    # The button was still on the screen when the role was taken away.
    press(app, "case_do")
    assert "没有保存任何内容" in text_of(app)
    assert not any(b.key == "case_do" for b in app.button)
    with gg.open_county(path) as county:
        assert len(told(county, number)["steps"]) == 1


def test_the_access_list_is_there_to_be_read_by_department(path: Path) -> None:
    shown, late = text_of(run("handling_page.py")), entered(path, 3)
    assert accesslist.title(the_desk()) == "准入清单 169 → 131"
    for said in ("城管局 · 1", "交通局 · 1", "不在清单，由部门办理", "本体系列出 2 项，涉及 2 个部门；其中 1 项"):
        assert said in shown
    one = text_of(run("handling_page.py", case=late))
    assert "城管局" in one
    assert "第 1 版方案" in one
    assert handlingdesk.called(the_desk(), "en")[LAMP] == "Street lamps"


# -- the page for residents


@pytest.fixture
def client(path: Path) -> TestClient:
    assert path.exists()
    return TestClient(Starlette(routes=routes.routes()), headers={"X-GridGIS": "report"})


def form(column: float = 1, row: float = 0.5, **more: Any) -> dict[str, Any]:
    lon, lat = degrees(column, row)
    return {"lon": str(lon), "lat": str(lat), "category": LAMP, "note": "灯不亮"} | more


def photo(kind: str = "PNG", side: int = 30) -> dict[str, Any]:
    out = io.BytesIO()
    Image.new("RGB", (side, side), "red").save(out, kind)
    return {"photo": ("x.png", out.getvalue())}


@pytest.mark.parametrize(("lang", "words"), [("zh", "随手报"), ("en", "Report a problem"), ("xx", "随手报")])
def test_the_page_loads_nothing_from_elsewhere_and_asks_nothing_personal(
    client: TestClient, lang: str, words: str
) -> None:
    answer = client.get(f"/report?lang={lang}")
    assert words in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "http://" not in answer.text.replace("http://testserver", "")
    assert answer.text.count("<input") == 1, "the photo, and no field for a name or number"


def test_a_report_of_a_resident_is_kept_and_counted(client: TestClient, path: Path) -> None:
    answer = client.post("/report", data=form(), files=photo())
    assert answer.status_code == 201, answer.text
    with gg.open_county(path) as county:
        row = told(county, answer.json()["id"])
        assert (row["source"], row["code"], row["photo"], row["next"]) == (RESIDENT, A, True, ["valid", "invalid"])
        assert verify(county) == []
    assert client.post("/report", data=form(category="<script>"), files=photo()).status_code == 201
    with gg.open_county(path) as county:
        assert sorted(ledger(county, "unjudged")["category"]) == sorted([LAMP, handlingdesk.OTHER])


@pytest.mark.parametrize(("more", "files", "status"), [
    ({"lon": "x"}, {}, 400), ({"lon": "nan"}, {}, 422), ({"name": "张三"}, {}, 400), ({"note": "长" * 501}, {}, 400),
    ({}, {"photo": ("x.jpg", b"<svg/>")}, 422), ({}, {"photo": ("x.jpg", b"x" * MOST_BYTES)}, 413),
])  # fmt: skip
def test_what_is_not_a_report_is_one_sentence_and_leaves_nothing(
    client: TestClient, path: Path, more: dict[str, Any], files: dict[str, Any], status: int
) -> None:
    answer = client.post("/report", data=form(**more), files=files or photo())
    assert answer.status_code == status, answer.text
    assert answer.json()["message"]
    with gg.open_county(path) as county:
        assert ledger(county).empty


def test_a_second_try_of_a_telephone_is_the_same_report(client: TestClient, path: Path) -> None:
    once = "0123456789abcdef" * 2
    first, again = (client.post("/report", data=form(once=once), files=photo()) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert once[:8] not in first.json()["id"]
    other = client.post("/report", data=form(once=once[::-1]), files=photo())
    assert other.json() != first.json()
    assert client.post("/report", data=form(once="../x"), files=photo()).status_code == 400
    with gg.open_county(path) as county:
        assert sorted(ledger(county)["id"]) == sorted([first.json()["id"], other.json()["id"]])
        assert verify(county) == []


def test_outside_the_county_and_from_a_foreign_page(client: TestClient) -> None:
    assert client.post("/report", data=form(90, 90), files=photo()).status_code == 422
    assert client.post("/report", data=form(), headers={"X-GridGIS": ""}).status_code == 400
    assert client.post("/report", content=b"{}").status_code == 400


def test_only_so_many_in_a_while(path: Path) -> None:
    now = [0.0]
    gate = Gate(lambda: now[0])
    assert [gate.passes("a") for _ in range(EACH + 1)] == [True] * EACH + [False]
    assert gate.passes("b")
    now[0] = SPAN_S
    assert gate.passes("a")
    now[0] *= 3
    assert [gate.passes(str(k)) for k in range(ALL + 1)] == [True] * ALL + [False]
    assert path.exists()
    shut = Gate(lambda: 0.0)
    for _ in range(EACH):
        shut.passes("testclient")
    client = TestClient(Starlette(routes=Public("", "/assets", shut).routes()), headers={"X-GridGIS": "report"})
    assert client.post("/report", data=form(), files=photo()).status_code == 429


def test_where_a_login_is_required_the_page_must_be_opened(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    tables: dict[str, Any] = {"auth": {"x": 1}}
    monkeypatch.setattr(access, "_secrets", lambda table: tables.get(table, {}))
    assert client.get("/report").status_code == 404
    assert client.post("/report", data=form()).status_code == 404
    tables["public"] = {"report": True}
    assert client.get("/report").status_code == 200
    assert publicpage.access.open_to_residents()


def test_the_ledger_has_its_chart_and_its_workbook(path: Path) -> None:
    entered(path)
    entered(path, 3)
    app = run("handling_page.py")
    desk = the_desk()
    rows = handlingdesk.rows_of(desk, "open")
    told = handlingchart.chart(rows, {}).to_dict()
    found = {d["kind"]: d["n"] for d in told["datasets"].popitem()[1]}
    assert found == {word("case_legend_late", "zh"): 1, word("case_legend_open", "zh"): 1}
    assert word("by_category", "zh") in text_of(app)
    for language, heads in (("zh", "状态"), ("en", "Status")):
        book = openpyxl.load_workbook(io.BytesIO(handlingchart.workbook(desk, rows, "未办结", language)))
        sheet = book.worksheets[1]
        assert sheet["A1"].value == heads
        assert sheet.max_row == 3
        assert sorted(str(sheet.cell(r, 6).value or "") for r in (2, 3)) == ["", "✓"]
