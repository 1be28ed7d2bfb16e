"""Workload, alerts and population sources: the work of each grid, the dangers, and figures that contradict each other."""

from __future__ import annotations

import streamlit as st

from app_pages import access, loadsdesk, mapview
from app_pages.desk import Desk, the_desk
from app_pages.panel import banner, facts, level_label
from app_pages.state import keep, lang, say
from gridgis.alerting import Alarm
from gridgis.analysing import TITLES
from gridgis.errors import InputError
from gridgis.scheme_parts import Workload
from layers.text import safe_text

PARTS = {"workload": ("workload", "evenness", "staffing"), "alerts": ("alerts", "calls"), "sources": ("conflicts", "sources")}
KEPT = ("level", "load_part", "load_period", "load_colour", "load_table", "alert_raster", "alert_side", "alert_limit",
        "alert_measure", "alert_table", "source_table")  # fmt: skip
TABLE_KEYS = {"workload": "load_table", "alerts": "alert_table", "sources": "source_table"}


def weights(desk: Desk) -> Workload:
    """Show the weights; return those to reckon with, which are the scheme's where the ones shown make no sense."""
    rules = desk.scheme.workload
    given = rules.model_dump()
    with st.expander(say("load_weights")):
        for k, name in enumerate(("households", "incidents", "floating", "area", "upper", "lower")):
            if k % 2 == 0:
                pair = st.columns(2)
            given[name] = pair[k % 2].number_input(say(f"load_w_{name}"), 0.0, 100.0, float(given[name]), 0.05, key=f"load_w_{name}")
        for part, items in (("category_factors", desk.scheme.categories), ("class_factors", desk.scheme.classes)):
            for item in items:
                label = say("load_factor", name=item.en if lang() == "en" else item.zh)
                factor = st.number_input(label, 0.05, 20.0, float(given[part].get(item.key, 1.0)), 0.05, key=f"load_{part}_{item.key}")
                given[part] = {k: v for k, v in (given[part] | {item.key: factor}).items() if v != 1.0}
        try:
            wanted = loadsdesk.rules_of(desk, given)
        except InputError as error:
            st.html(f'<p class="gg-problem" role="alert">{safe_text(error.words(lang()))}</p>')
            wanted = rules
        st.html(f'<p class="gg-tip">{safe_text(say("load_weights_tip"))}</p>')
        if access.allowed("save"):
            st.button(say("load_save"), key="load_save", type="primary", disabled=wanted == rules, width="stretch",
                      on_click=loadsdesk.save, args=(desk, wanted))  # fmt: skip
    return wanted


def alarm(desk: Desk) -> loadsdesk.Told | None:
    """Show raster, limit and measure; return what they alert."""
    state, there = st.session_state, loadsdesk.rasters(desk)
    if there.empty:
        st.html(f'<p class="gg-tip">{safe_text(say("alert_none"))}</p>')
        return None
    if state.alert_raster not in list(there["id"]):
        state.alert_raster = there["id"].iloc[0]
    st.selectbox(say("alert_raster"), list(there["id"]), key="alert_raster")
    left, right = st.columns(2, vertical_alignment="bottom")
    left.segmented_control(say("alert_side"), ("above", "below"), key="alert_side", format_func=lambda k: say(f"side_{k}"), required=True)
    right.number_input(say("alert_limit"), value=None, key="alert_limit", placeholder=say("alert_limit_hint"))
    st.segmented_control(say("alert_measure"), ("max", "mean", "min", "sum"), key="alert_measure", required=True,
                         format_func=lambda k: say(f"measure_{k}"))  # fmt: skip
    if state.alert_limit is None:
        st.html(f'<p class="gg-tip">{safe_text(say("alert_ask"))}</p>')
        return None
    limit = {state.alert_side: float(state.alert_limit)}
    try:
        return loadsdesk.alerted(desk, state.level, Alarm(state.alert_raster, measure=state.alert_measure, **limit))
    except InputError as error:
        st.html(f'<p class="gg-problem" role="alert">{safe_text(error.words(lang()))}</p>')
        return None


def part(desk: Desk) -> loadsdesk.Told | None:
    """Show the choices of the part; return what it tells."""
    state = st.session_state
    if state.load_part == "alerts":
        return alarm(desk)
    if state.load_part == "sources":
        return loadsdesk.sources(desk, state.level)
    st.segmented_control(say("period"), ("days_90", "days_365", "days_all"), key="load_period", format_func=say, required=True)
    st.segmented_control(say("load_colour"), ("workload", "proposed"), key="load_colour", format_func=lambda k: say(f"colour_{k}"), required=True)
    return loadsdesk.workload(desk, state.level, weights(desk))


@st.fragment
def page(desk: Desk) -> None:
    """Show the part chosen: choices, facts and chart beside the map, the table below it."""
    state, other = st.session_state, lang() == "en"
    left, right = st.columns([2.1, 1], gap="small")
    with right, st.container(key="panel"):
        told = part(desk)
        banner()
        if told:
            facts(told.facts)
            if told.chart:
                st.html(f"<h4>{safe_text(told.chart[0])}</h4>")
                st.altair_chart(told.chart[1], width="stretch")
            words = lang()
            st.download_button(say("load_xlsx"), lambda: loadsdesk.workbook(desk, told, words), f"{desk.county.code}_{state.load_part}.xlsx",
                               key="load_xlsx", on_click="ignore", width="stretch")  # fmt: skip
    with left:
        one, two = st.columns([1, 1.4], vertical_alignment="center")
        one.segmented_control(say("load_part"), list(PARTS), key="load_part", required=True, label_visibility="collapsed",
                              format_func=lambda k: say(f"part_{k}"))  # fmt: skip
        names = {v.key: level_label(desk, v.key) for v in desk.scheme.levels}
        two.segmented_control(say("level"), list(names), key="level", format_func=lambda k: names[k], required=True, label_visibility="collapsed")
        mapview.live_map(desk, loadsdesk.picture(desk, state.level, told, state.load_row), key="load_map",
                         height="clamp(280px, calc(52dvh - 60px), 800px)")  # fmt: skip
        if told:
            key = TABLE_KEYS[state.load_part]
            st.segmented_control(say("load_table"), PARTS[state.load_part], key=key, required=True, label_visibility="collapsed",
                                 format_func=lambda k: f"{TITLES[k][other]} {len(told.tables[k]):,}")  # fmt: skip
            loadsdesk.listed(desk, state[key], told.tables[state[key]])


for choice in KEPT:
    keep(choice)
page(the_desk())
