"""Several planners at once, as Streamlit runs them: news, proposals that others touched, presence, roles."""

from __future__ import annotations

import re
import secrets
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

import gridgis as gg
from app_pages import access, gestures
from app_pages.desk import the_desk
from gridgis.errors import InputError
from gridgis.store import open_store, presence
from gridgis.store.building import copy_store
from tests.app.conftest import A, B, C
from tests.app.test_pages import run, text_of, through

ROOT = Path(__file__).resolve().parents[2]
ROLES = {"li@dehua.cn": "viewer", "Wang@Dehua.cn": "drafter", "chen@dehua.cn": "reviewer", "lin@dehua.cn": "publisher"}
AUTH = {"auth": {"redirect_uri": "http://localhost:8501/oauth2callback"}, "roles": ROLES}


def proposed(code: str) -> dict[str, Any]:
    """Return the state of a session that has drawn a line through a grid."""
    desk = the_desk()
    gesture = through(code)
    edit, notes = gestures.propose(desk.plan, desk.frame("unit")[1], gesture, ())
    return {"proposal": edit, "notes": notes, "proposal_level": "unit", "gesture": gesture, "seen": 1}


def logged_in(mail: str | None, **choices: Any) -> AppTest:
    """Run the app where a login is configured."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    app.secrets = AUTH
    app.user = {"is_logged_in": True, "email": mail, "name": "某人"} if mail else {"is_logged_in": False}
    for key, value in choices.items():
        app.session_state[key] = value
    app.run()
    assert not app.exception, app.exception
    return app


def drawing() -> None:
    """Draw a line through a grid, as a script that Streamlit runs."""
    import streamlit as st

    from app_pages import bench, state
    from app_pages.desk import the_desk
    from tests.app.conftest import B
    from tests.app.test_pages import through

    state.prepare()
    st.session_state.level = "unit"
    if st.session_state.proposal is None:
        bench.propose(the_desk(), through(B))


def test_a_line_drawn_while_somebody_confirms_is_asked_again(small_county: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sound, left = gestures.propose, [C]

    def overtaken(plan: Any, *rest: Any) -> Any:
        made = sound(plan, *rest)
        if left:
            # The moment between the question and the picture of its answer, which load has shown to be long enough:
            # the number that the new grid was to have is taken.
            code = left.pop()
            with gg.open_county(small_county) as other:
                other.apply(gg.split(other.plan, code, line_through(other.plan, code)), by="李")
        return made

    monkeypatch.setattr(gestures, "propose", overtaken)
    app = AppTest.from_function(drawing, default_timeout=60).run()
    assert not app.exception, app.exception
    assert left == []
    assert app.session_state["problem"] is None
    assert app.session_state["proposal"].base_version == 2


def test_untouched_proposal_is_carried_along(small_county: Path) -> None:
    app = run(**proposed(B))
    other = gg.open_county(small_county)
    other.apply(gg.split(other.plan, C, line_through(other.plan, C)), by="李")
    app.run()
    assert f"李 在版本 2 拆分了 {C}" in text_of(app)
    assert "您的待确认变更不受影响" in text_of(app)
    assert app.session_state["proposal"].base_version == 2
    app.button(key="confirm").click().run()
    assert not app.exception
    assert gg.open_county(small_county).version == 3


def line_through(plan: gg.Plan, code: str) -> Any:
    """Return a line down the middle of a grid."""
    import shapely

    west, south, east, north = plan.grid_geometry(code).bounds
    return shapely.LineString([((west + east) / 2 - 20, south - 5), ((west + east) / 2 - 20, north + 5)])


def test_touched_proposal_becomes_a_question(small_county: Path) -> None:
    app = run(**proposed(C))
    other = gg.open_county(small_county)
    other.apply(gg.merge(other.plan, [A, C]), by="王敏 <wang@dehua.cn>")
    app.run()
    assert "有人先改动了这里" in text_of(app)
    assert "王敏 在版本 2 合并了" in text_of(app)
    assert "wang@" not in text_of(app).split("最近变更")[0]
    assert "confirm" not in {b.key for b in app.button}
    assert app.session_state["gesture"]["line"], "the drawn line is still there"
    app.button(key="again").click().run()
    assert not app.exception
    assert app.session_state["contested"] is None
    assert app.session_state["proposal"].base_version == 2
    app.button(key="confirm").click().run()
    assert gg.open_county(small_county).version == 3


def test_question_goes_when_the_other_takes_it_back(small_county: Path) -> None:
    app = run(**proposed(C))
    other = gg.open_county(small_county)
    other.apply(gg.merge(other.plan, [A, C]), by="王敏")
    app.run()
    assert app.session_state["contested"] is not None
    other.undo(by="王敏")
    app.run()
    assert app.session_state["contested"] is None
    assert "王敏 在版本 3 撤销了版本 2" in text_of(app)
    assert app.button(key="confirm")


def test_question_dropped_saves_nothing(small_county: Path) -> None:
    app = run(**proposed(C))
    other = gg.open_county(small_county)
    other.apply(gg.merge(other.plan, [A, C]))
    app.run()
    app.button(key="discard").click().run()
    assert app.session_state["proposal"] is None
    assert gg.open_county(small_county).version == 2


def test_presence_is_told_and_shown(small_county: Path) -> None:
    before = small_county.read_bytes()
    app = run(selected=(A,))
    the_desk().county.close()
    assert small_county.read_bytes() == before, "who only looks writes nothing"
    store = gg.open_county(small_county).store
    app = run(**proposed(B), author="李")
    assert [tuple(p) for p in presence.present(store)] == [("李", B)]
    assert store.version() == 1
    presence.announce(store, "another window", presence.Present("王", C))
    app.run()
    assert f"王 正在编辑 {C}" in text_of(app)
    app.button(key="discard").click().run()
    assert [tuple(p) for p in presence.present(store)] == [("王", C)]


@pytest.mark.parametrize(
    ("role", "deeds"),
    [
        ("", ""),
        ("nobody", ""),
        ("viewer", "look"),
        ("drafter", "look save"),
        ("reviewer", "look save approve"),
        ("publisher", "look save approve publish"),
    ],
)
def test_may(role: str, deeds: str) -> None:
    assert {d for d in ("look", "save", "approve", "publish") if access.may(role, d)} == set(deeds.split())


@pytest.mark.parametrize(
    ("user", "role"),
    [
        ({"email": "WANG@dehua.cn"}, "drafter"),
        ({"email": "wang@dehua.cn", "email_verified": False}, "viewer"),
        ({"email": "lin@dehua.cn", "email_verified": True}, "publisher"),
        ({"email": "else@dehua.cn"}, "viewer"),
        ({}, "viewer"),
    ],
)
def test_role_of(user: dict[str, Any], role: str) -> None:
    assert access.role_of(user, ROLES) == role


def test_role_that_does_not_exist_is_named() -> None:
    with pytest.raises(InputError, match="boss"):
        access.role_of({"email": "a@b.cn"}, {"a@b.cn": "boss"})


@pytest.mark.usefixtures("small_county")
def test_nobody_gets_in_without_login() -> None:
    app = logged_in(None)
    assert "请用单位账号登录" in text_of(app)
    assert {b.key for b in app.button} == {"login"}
    assert "3 个网格" not in text_of(app)


def test_viewer_sees_and_never_saves(small_county: Path) -> None:
    app = logged_in("li@dehua.cn", **proposed(C))
    assert {"undo", "redo", "confirm"}.isdisjoint(b.key for b in app.button)
    assert "3 个网格" in text_of(app)

    # A button of an earlier run, or a forged message: the doors themselves refuse.
    def page() -> None:
        import streamlit as st

        from app_pages import bench, state
        from app_pages.desk import the_desk

        state.prepare()
        bench.confirm(the_desk())
        st.session_state.after_confirm = st.session_state.problem
        bench.step(the_desk(), "undo")
        st.session_state.after_undo = st.session_state.problem
        bench.take(the_desk(), {**st.session_state.gesture, "n": 1})
        st.session_state.after_gesture = st.session_state.problem

    forged = AppTest.from_function(page, default_timeout=60)
    forged.secrets, forged.user = AUTH, {"is_logged_in": True, "email": "li@dehua.cn"}
    for key, value in (proposed(C) | {"level": "unit"}).items():
        forged.session_state[key] = value
    forged.run()
    assert not forged.exception
    for door in ("after_confirm", "after_undo", "after_gesture"):
        assert "您的权限不能修改县区" in forged.session_state[door][0]
    assert gg.open_county(small_county).version == 1


def test_drafter_saves_under_the_name_of_the_login(small_county: Path) -> None:
    app = logged_in("wang@dehua.cn", **proposed(C), author="somebody else")
    assert "author" not in {t.key for t in app.text_input}
    app.button(key="confirm").click().run()
    assert not app.exception
    assert gg.open_county(small_county).log().iloc[-1]["by"] == "某人 <wang@dehua.cn>"


SAVING = re.compile(
    r"county\.(apply|carry_out|undo|redo)\b|posting\.(post|follow)\(|bring_in\(|(replace|change)_table\(|publish\("
)


def test_every_page_that_saves_asks_for_the_right_to() -> None:
    pages = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "app_pages").glob("*.py")}
    saving = {name for name, text in pages.items() if SAVING.search(text)}
    assert {"bench.py", "matchdesk.py", "people_page.py", "registerdesk.py"} <= saving
    assert {name for name in saving if "access.require(" not in pages[name]} == set()


@pytest.mark.postgis
def test_app_on_a_database(database: str, small_county: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = f"{database}&schema=app_{secrets.token_hex(4)}"
    copy_store(open_store(small_county), place)
    monkeypatch.setenv("GRIDGIS_COUNTY", place)
    st.cache_resource.clear()
    app = run(**proposed(B), author="李")
    other = gg.open_county(place)
    assert [tuple(p) for p in presence.present(other.store)] == [("李", B)]
    other.apply(gg.split(other.plan, C, line_through(other.plan, C)), by="王")
    app.run()
    assert f"王 在版本 2 拆分了 {C}" in text_of(app)
    app.button(key="confirm").click().run()
    assert not app.exception
    assert other.version == 3
    other.close()
    the_desk().county.close()
    st.cache_resource.clear()
