"""The frame of the app: settings, style, navigation, language; one plain sentence when nothing opens."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.errors import StreamlitAuthError

from app_pages import access, firststart, foundingdesk, state
from app_pages.desk import Desk, the_desk
from app_pages.state import say
from gridgis.errors import GridgisError
from layers.page import missing_assets
from layers.text import safe_text

HERE = Path(__file__).parent
PAGES = (
    ("map", "map_page.py", ":material/map:"),
    ("incidents", "incidents_page.py", ":material/local_fire_department:"),
    ("handling", "handling_page.py", ":material/assignment:"),
    ("loads", "loads_page.py", ":material/balance:"),
    ("register", "register_page.py", ":material/table_view:"),
    ("people", "people_page.py", ":material/groups:"),
    ("checks", "checks_page.py", ":material/fact_check:"),
    ("match", "match_page.py", ":material/compare_arrows:"),
    ("plan", "plan_page.py", ":material/auto_awesome_mosaic:"),
    ("drafts", "drafts_page.py", ":material/call_split:"),
    ("history", "history_page.py", ":material/history:"),
    ("import", "import_page.py", ":material/upload:"),
    ("export", "export_page.py", ":material/download:"),
    ("print", "print_page.py", ":material/print:"),
    ("settings", "settings_page.py", ":material/settings:"),
)


PARTS = ("register", "checks", "plan", "import")
"""A thin rule before these: look, the registers and teams, what is wrong, change, in and out."""


def sidebar(desk: Desk, pages: Mapping[str, Any]) -> None:
    """Show whose grids these are, the way to each page, and the language switch."""
    with st.sidebar:
        badge = (
            f'<span class="gg-badge" title="{safe_text(say("illustrative_help"))}">{safe_text(say("illustrative"))}</span>'
            if desk.county.illustrative
            else ""
        )
        icon = base64.b64encode((HERE / "icon.png").read_bytes()).decode()
        name = safe_text(desk.county.meta["name"] or desk.county.code)
        st.html(
            f'<div class="gg-brand"><img alt="" src="data:image/png;base64,{icon}"><b>{safe_text(say("app"))}</b></div>'
            f'<div class="gg-county"><b>{name}</b><span>{safe_text(desk.county.code)}</span>{badge}</div>'
        )
        for key, _, icon in PAGES:
            if key in PARTS:
                st.html('<div class="gg-rule" role="presentation"></div>')
            if key in pages:
                st.page_link(pages[key], label=say(key), icon=icon, width="stretch")
        identity()
        st.segmented_control(
            say("language"), ("zh", "en"), key="lang", required=True, label_visibility="collapsed",
            format_func={"zh": "中文", "en": "English"}.__getitem__, width="stretch",
        )  # fmt: skip


def identity() -> None:
    """Show who is at the desk: the login, or a field for the name."""
    found = access.person()
    if found is None:
        st.text_input(say("author"), key="author", max_chars=40, placeholder=say("author_hint"))
        return
    tip = "" if access.allowed("save") else f"<span>{safe_text(say('role_only'))}</span>"
    st.html(
        f'<div class="gg-me" title="{safe_text(found.mail)}"><b>{safe_text(found.name)}</b>'
        f"<i>{safe_text(say('role_' + found.role))}</i>{tip}</div>"
    )
    st.button(say("logout"), key="logout", icon=":material/logout:", on_click=st.logout, width="stretch")


def ask_login() -> None:
    """Show the way to the login instead of the pages."""
    with st.container(key="door"):
        st.html(f'<div class="gg-stop"><h3>{safe_text(say("app"))}</h3><p>{safe_text(say("login_first"))}</p></div>')
        if st.button(say("login"), key="login", type="primary", width="stretch"):
            try:
                st.login()
            except StreamlitAuthError:
                st.html(f'<p class="gg-problem" role="alert">{safe_text(say("login_broken"))}</p>')
    st.stop()


def stop_with(title: str, sentence: str) -> None:
    """Show one plain sentence instead of the pages."""
    st.html(f'<div class="gg-stop"><h3>{safe_text(title)}</h3><p>{safe_text(sentence)}</p></div>')
    st.stop()


def main() -> None:
    """Run the app once for a session."""
    state.prepare()
    st.set_page_config(page_title=say("app"), page_icon=str(HERE / "icon.png"), layout="wide")
    # Streamlit's link for the keyboard speaks only English.
    skip = f"[data-testid=stSkipToContent]::after{{content:'{say('skip')}';font-size:14px}}"
    st.html(f"<style>{(HERE / 'style.css').read_text(encoding='utf-8')}{skip}</style>")
    if missing_assets():
        stop_with(say("app"), say("no_assets"))
    try:
        if not access.role():
            ask_login()
        if foundingdesk.vacant():
            firststart.show()
            return
        desk = the_desk()
    except GridgisError as error:
        stop_with(say("no_county"), error.words(state.lang()))
        return
    if st.session_state.level not in desk.scheme.level_keys:
        st.session_state.level = best_level(desk)
    pages = {
        key: st.Page(HERE / file, title=say(key), icon=icon, url_path=key, default=key == "map")
        for key, file, icon in PAGES
        if access.offered(key)
    }
    chosen = st.navigation(list(pages.values()), position="hidden")
    sidebar(desk, pages)
    made = firststart.done()
    if made is not None:
        st.switch_page(pages[made])
    chosen.run()


def best_level(desk: Desk) -> str:
    """Return the level planners work at: the finest that every branch of the tree has."""
    complete = [v.key for v in desk.scheme.levels if not v.optional]
    return complete[-1] if complete else desk.scheme.level_keys[-1]
