"""What is chosen on the page of workload, alerts and population: weights, limit, period; each returns what it tells."""

from __future__ import annotations

import streamlit as st

from app_pages import access, classing, loadsdesk
from app_pages.desk import Desk
from app_pages.importview import problem, tip
from app_pages.state import lang, say
from gridgis.alerting import Alarm
from gridgis.errors import InputError
from gridgis.scheme_parts import Workload


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
            problem(error.words(lang()))
            wanted = rules
        tip(say("load_weights_tip"))
        if access.allowed("save"):
            st.button(say("load_save"), key="load_save", type="primary", disabled=wanted == rules, width="stretch",
                      on_click=loadsdesk.save, args=(desk, wanted))  # fmt: skip
    return wanted


def alarm(desk: Desk) -> loadsdesk.Told | None:
    """Show raster, limit and measure; return what they alert."""
    state, names = st.session_state, loadsdesk.raster_names(desk)
    if not names:
        tip(say("alert_none"))
        return None
    if state.alert_raster not in names:
        state.alert_raster = next(iter(names))
    about = (state.alert_raster, state.alert_side)
    if state.alert_begun != about:
        if state.alert_begun or state.alert_limit is None:
            state.alert_limit = loadsdesk.first_limit(desk, *about)
        state.alert_begun = about
    st.selectbox(say("alert_raster"), list(names), key="alert_raster", format_func=names.__getitem__)
    left, right = st.columns(2, vertical_alignment="bottom")
    left.segmented_control(say("alert_side"), ("above", "below"), key="alert_side", format_func=lambda k: say(f"side_{k}"), required=True)
    right.number_input(say("alert_limit"), value=None, key="alert_limit", placeholder=say("alert_limit_hint"), help=say("alert_limit_help"))
    st.segmented_control(say("alert_measure"), ("max", "mean", "min", "sum"), key="alert_measure", required=True,
                         format_func=lambda k: say(f"measure_{k}"))  # fmt: skip
    if state.alert_limit is None:
        tip(say("alert_ask"))
        return None
    limit = {state.alert_side: float(state.alert_limit)}
    return loadsdesk.alerted(desk, state.level, Alarm(state.alert_raster, measure=state.alert_measure, **limit))


def part(desk: Desk) -> loadsdesk.Told | None:
    """Show the choices of the part; return what it tells, or say in a sentence why it tells nothing."""
    state = st.session_state
    classing.plain_choice()
    try:
        if state.load_part == "alerts":
            return alarm(desk)
        if state.load_part == "sources":
            return loadsdesk.sources(desk, state.level)
        st.segmented_control(say("period"), ("days_90", "days_365", "days_all"), key="load_period", format_func=say, required=True)
        st.segmented_control(say("load_colour"), ("workload", "proposed"), key="load_colour", format_func=lambda k: say(f"colour_{k}"), required=True)
        # Who could shift weights and limits could try numbers until a class turns.
        return loadsdesk.workload(desk, state.level, desk.scheme.workload if desk.k else weights(desk))
    except InputError as error:
        problem(error.words(lang()))
        return None
