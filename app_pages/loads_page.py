"""Workload, alerts and population sources: the work of each grid, the dangers, and figures that contradict each other."""

from __future__ import annotations

import streamlit as st

from app_pages import empty, loadsdesk, loadsview, mapview, veil
from app_pages.desk import Desk
from app_pages.importview import head
from app_pages.panel import banner, facts, level_label
from app_pages.state import keep, lang, say
from gridgis.analysing import TITLES

PARTS = {"workload": ("workload", "evenness", "staffing"), "alerts": ("alerts", "calls"), "sources": ("conflicts", "sources")}
KEPT = ("level", "load_part", "load_period", "load_colour", "load_table", "alert_raster", "alert_side", "alert_limit",
        "alert_measure", "alert_table", "source_table")  # fmt: skip
TABLE_KEYS = {"workload": "load_table", "alerts": "alert_table", "sources": "source_table"}


def told_of(desk: Desk) -> tuple[loadsdesk.Told | None, loadsdesk.View | None]:
    """Show the choices of the part, its facts and the chart of the table chosen; return what it tells, and that table's view."""
    told = loadsview.part(desk)
    banner()
    veil.told(desk)
    if told is None:
        return None, None
    name = st.session_state[TABLE_KEYS[st.session_state.load_part]]
    view = told.views[name]
    facts(told.facts)
    if view.chart:
        head(view.chart[0])
        st.altair_chart(view.chart[1], width="stretch")
    loadsdesk.downloads(desk, told, view, name)
    return told, view


@st.fragment
def page(desk: Desk) -> None:
    """Show the part chosen: choices, facts and chart beside the map, the table below it."""
    state, other = st.session_state, lang() == "en"
    # Where sources differ by grid, single numbers stand.
    parts = [p for p in PARTS if p != "sources" or not desk.k]
    if state.load_part not in parts:
        state.load_part = parts[0]
    left, right = st.columns([2.1, 1], gap="small")
    with right, st.container(key="panel"):
        told, view = told_of(desk)
    with left:
        one, two = st.columns([1, 1.4], vertical_alignment="center")
        one.segmented_control(say("load_part"), parts, key="load_part", required=True, label_visibility="collapsed",
                              format_func=lambda k: say(f"part_{k}"))  # fmt: skip
        names = {v.key: level_label(desk, v.key) for v in desk.scheme.levels}
        two.segmented_control(say("level"), list(names), key="level", format_func=names.__getitem__, required=True, label_visibility="collapsed")
        mapview.live_map(desk, loadsdesk.picture(desk, state.level, view, state.load_row), key="load_map",
                         height="clamp(280px, calc(52dvh - 60px), 800px)")  # fmt: skip
        if told:
            key = TABLE_KEYS[state.load_part]
            st.segmented_control(say("load_table"), PARTS[state.load_part], key=key, required=True, label_visibility="collapsed",
                                 format_func=lambda k: f"{TITLES[k][other]} {len(told.tables[k]):,}")  # fmt: skip
            loadsdesk.listed(desk, state[key], told.tables[state[key]])


for choice in KEPT:
    keep(choice)
desk = veil.own(public=True)
if not empty.without_grids(desk):
    page(desk)
