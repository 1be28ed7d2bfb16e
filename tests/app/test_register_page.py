"""The page of registers: a trial says row by row what would happen, and only a confirmation writes."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

import gridgis as gg
from app_pages import registerdesk
from app_pages.desk import the_desk
from gridgis.registers import Options, Outcome, bring_in
from tests.app.conftest import A, B
from tests.app.test_pages import run, text_of

REGISTER = f"网格编码,网格名称,分区\n{A},<b>{{{{7*7}}}}</b>,城镇\n{B},乙,火星\n"


def upload(app: AppTest, name: str, text: str) -> AppTest:
    app.file_uploader[0].upload(name, text.encode(), "text/csv")
    app.run()
    assert not app.exception, app.exception
    return app


def test_trial_then_confirm(small_county: Path) -> None:
    app = upload(run("register_page.py"), "r.csv", REGISTER)
    assert "接受 1，拒绝 1" in text_of(app)
    assert gg.open_county(small_county).version == 1, "a trial writes nothing"
    app.button(key="register_confirm").click().run()
    assert not app.exception
    assert "已导入“r.csv”：接受 1 行，拒绝 1 行" in text_of(app)
    assert gg.open_county(small_county).plan.grids[A].name == "<b>{{7*7}}</b>"
    assert app.session_state["register_upload"] is None


def test_discard(small_county: Path) -> None:
    app = upload(run("register_page.py"), "r.csv", REGISTER)
    app.button(key="register_discard").click().run()
    assert not app.exception
    assert app.session_state["register_upload"] is None
    assert gg.open_county(small_county).version == 1


def test_a_column_of_identity_numbers_can_be_left_out(small_county: Path) -> None:
    text = f"网格编码,网格名称,证件\n{A},甲,11010519491231002X\n"
    app = upload(run("register_page.py"), "r.csv", text)
    assert "身份证号" in text_of(app)
    app.button(key="register_without").click().run()
    assert "接受 1，拒绝 0" in text_of(app)
    app.button(key="register_confirm").click().run()
    assert gg.open_county(small_county).plan.grids[A].extra == ()


@pytest.mark.usefixtures("small_county")
def test_staff_and_a_file_that_cannot_be_read() -> None:
    app = upload(run("register_page.py", register_kind="staff"), "s.csv", "姓名,电话,岗位\n张一,19900000001,网格长\n")
    app.button(key="register_confirm").click().run()
    with the_desk().quiet() as county:
        assert pd.DataFrame(county.table("staff"))["name"].tolist() == ["张一"]
    _, frame = registerdesk.rows(the_desk(), "staff", "unit", "zh")
    assert frame["role"].tolist() == ["网格长"]
    app = upload(app, "x.xlsx", "no workbook")
    assert 'role="alert"' in text_of(app)
    assert "x.xlsx" in text_of(app)


def test_what_is_said_of_the_rows_is_in_the_language_of_the_page(small_county: Path, tmp_path: Path) -> None:
    file = tmp_path / "r.csv"
    file.write_text(REGISTER + f" {A} ,丙,\n", encoding="utf-8")
    desk = the_desk()
    with gg.open_county(small_county) as county:
        done = bring_in(county, file, Options("register"), apply=False)
    assert isinstance(done, Outcome)
    told = registerdesk.outcomes(desk, done.report, "zh")
    assert [(row, what) for row, what, _ in told] == [(2, "rejected"), (3, "rejected"), (4, "rejected")]
    assert all(any("\u4e00" <= c <= "\u9fff" for c in why) for _, _, why in told)
    english = registerdesk.outcomes(desk, done.report, "en")
    assert "row 4" in english[0][2]


def test_the_template_holds_the_grids(small_county: Path) -> None:
    assert registerdesk.template(the_desk(), "register").startswith(b"PK")
    assert small_county.exists()


@pytest.mark.usefixtures("small_county")
def test_rows_are_found_by_what_they_hold() -> None:
    app = run("register_page.py")
    app.text_input(key="register_find_register").set_value(A).run()
    assert "现有 1 行" in text_of(app)
    app.text_input(key="register_find_register").set_value(".*").run()
    assert "没有包含“.*”的行" in text_of(app)
    assert not app.exception
