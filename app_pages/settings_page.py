"""Settings: what the county is, how it is reached, what runs; changed where the store has a place for it."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from app_pages import access, ground, settingsdesk, veil
from app_pages.desk import Desk
from app_pages.importview import head, problem, tip
from app_pages.panel import banner, facts
from app_pages.state import lang, say
from app_pages.tableview import Column, table
from gridgis.errors import InputError

LEVEL_HEADS = (("set_level", "short"), ("set_digits", "number"), ("set_width", "number"), ("set_count", "number"), ("set_band", "text"))


def county(desk: Desk, *, may: bool) -> None:
    """Show what the county is, and its name to change."""
    head(say("set_county"))
    name = desk.county.meta["name"]
    if may:
        left, right = st.columns([2, 1], vertical_alignment="bottom")
        typed = left.text_input(say("set_name"), name, key="set_name", max_chars=40)
        right.button(say("set_name_do"), key="set_name_do", disabled=typed.strip() == name, width="stretch",
                     on_click=lambda: settingsdesk.rename(desk, st.session_state.set_name))  # fmt: skip
        facts(settingsdesk.county_facts(desk))
    else:
        facts([(say("set_name"), name), *settingsdesk.county_facts(desk)])


def scheme(desk: Desk) -> None:
    """Show the grid system, and where its weights are set."""
    head(f"{say('set_scheme')} · {desk.scheme.en if lang() == 'en' else desk.scheme.zh}")
    table([Column(say(k), kind) for k, kind in LEVEL_HEADS], settingsdesk.level_rows(desk), key="set_levels", height="340px")
    tip(say("set_scheme_tip"))
    st.page_link("app_pages/loads_page.py", label=say("set_weights"), icon=":material/balance:")


def base(desk: Desk) -> None:
    """Show the base map, and whether the server reaches it."""
    head(say("set_base"))
    try:
        found = settingsdesk.base_facts()
    except InputError as error:
        problem(error.words(lang()))
        found = []
    facts(found or [(say("set_base_source"), say("set_base_own"))])
    tip(say("set_base_tip", z="{z}", x="{x}", y="{y}"))
    if found and ground.source():
        st.button(say("set_base_try"), key="set_base_try", on_click=settingsdesk.try_base, args=(desk,))


def hotlines(desk: Desk, *, may: bool) -> None:
    """Show the public telephones, to change where the role allows."""
    head(say("set_hotlines"))
    tip(say("set_hotlines_tip"))
    kept = settingsdesk.hotlines(desk)
    if not may:
        facts([((h.zh, h.en)[lang() == "en"], h.number) for h in kept])
        return
    with st.form("set_hot", border=False):
        rows = []
        for k, (zh, en, number) in enumerate([*((h.zh, h.en, h.number) for h in kept), ("", "", "")]):
            cells = st.columns([1.2, 1.2, 1])
            shown: Literal["visible", "collapsed"] = "visible" if k == 0 else "collapsed"
            given = [(say("set_hot_zh"), zh), (say("set_hot_en"), en), (say("set_hot_number"), number)]
            one, two, three = (c.text_input(label, value, key=f"set_hot_{st.session_state.set_turn}_{k}_{j}", max_chars=40, label_visibility=shown)
                               for j, (c, (label, value)) in enumerate(zip(cells, given, strict=True)))  # fmt: skip
            rows.append((one, two, three))
        if st.form_submit_button(say("set_hot_do"), key="set_hot_do"):
            settingsdesk.keep_hotlines(desk, rows)
            st.session_state.set_turn += 1
            st.rerun()


def backup(desk: Desk, *, may: bool) -> None:
    """Show the latest backup, and the way to make one now."""
    head(say("set_keep"))
    if desk.county.store.path is None:
        tip(say("set_keep_database"))
        return
    made = settingsdesk.backups(desk)
    facts([(say("set_keep_last"), made[-1].name if made else say("set_keep_none"))])
    tip(say("set_keep_tip"))
    if may:
        st.button(say("set_keep_do"), key="set_keep_do", icon=":material/save:", on_click=settingsdesk.back_up, args=(desk,))


def page(desk: Desk) -> None:
    """Show everything in two columns of quiet cards."""
    may = access.allowed("publish")
    banner()
    left, right = st.columns(2, gap="medium")
    with left:
        with st.container(key="set_card_county"):
            county(desk, may=may)
        with st.container(key="set_card_scheme"):
            scheme(desk)
        with st.container(key="set_card_base"):
            base(desk)
    with right:
        with st.container(key="set_card_hot"):
            hotlines(desk, may=may)
        with st.container(key="set_card_keep"):
            backup(desk, may=may)
        with st.container(key="set_card_runs"):
            head(say("set_runs"))
            role = say("set_access_guarded", role=say(f"role_{access.role()}")) if access.guarded() else say("set_access_open")
            facts([*settingsdesk.place_facts(desk), (say("set_access"), role), *settingsdesk.programs()[:1]])
            with st.expander(say("set_libraries")):
                facts(settingsdesk.programs()[1:])
            tip(f"{say('set_language')}: {say('set_language_tip')}" if lang() == "en" else f"{say('set_language')}：{say('set_language_tip')}")


page(veil.own())
