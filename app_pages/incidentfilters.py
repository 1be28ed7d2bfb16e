"""The filters of the incidents page: period or timeline, kinds, state, handling, place; they stay over pages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from app_pages import classing, incidentdesk, past, tally, veil
from app_pages.desk import Desk
from app_pages.panel import level_label
from app_pages.state import lang, say
from gridgis.overlays.categories import group_of
from gridgis.overlays.heads import HANDLING, STATUS
from gridgis.overlays.heatmap import RADII
from gridgis.overlays.incidents import HANDLED, Wish, tree_of
from layers.text import plain_label

PERIODS = ("days_30", "days_90", "days_365", "days_all", "days_own")
_TICK_S = 1.6


def filters(desk: Desk, views: Sequence[str]) -> tuple[Wish, Wish]:
    """Show the filters; return what is meant, and the same for the whole time, which sets the scale of a film."""
    state = st.session_state
    found = incidentdesk.every(desk)
    first, last = found["at"].min().date(), found["at"].max().date()
    when, line, more = st.columns([6.4, 1.3, 1.3], vertical_alignment="center")
    line.toggle(say("timeline"), key="timeline")
    with when:
        since, until = _frame(first, last) if state.timeline else _period(first, last)
    if not state.timeline:
        state.playing = False
    with more.popover(say("more_filters"), width="stretch"):
        _more(desk, found)
    view, level = st.columns([3.2, 1], vertical_alignment="center")
    view.segmented_control(say("show_as"), views, key="show_as", format_func=say, required=True, label_visibility="collapsed")
    names = {v.key: level_label(desk, v.key) for v in desk.scheme.levels}
    level.selectbox(say("level"), list(names), key="level", format_func=names.__getitem__, label_visibility="collapsed")
    tree, known = incidentdesk.categories(desk), list(tree_of(found["category"].unique()))
    st.pills(say("categories"), known, key="categories", selection_mode="multi", label_visibility="collapsed",
             format_func=lambda g: plain_label(tree.name(g, lang())))  # fmt: skip
    rest = (tuple(state.categories), tuple(state.filter_status), tuple(state.filter_handled), tuple(state.filter_within))
    wish = Wish(str(since), str(until + dt.timedelta(days=1)), *rest)
    return wish, Wish(str(first), str(last + dt.timedelta(days=1)), *rest)


def _period(first: dt.date, last: dt.date) -> tuple[dt.date, dt.date]:
    state = st.session_state
    st.segmented_control(say("period"), PERIODS, key="period", format_func=say, required=True, label_visibility="collapsed")
    if state.period == "days_own":
        chosen = st.slider(say("period"), first, last, (first, last), key="own_period", format="YYYY-MM-DD", label_visibility="collapsed")
        return chosen[0], chosen[1]
    return tally.last_days(first, last, state.period)


def _frame(first: dt.date, last: dt.date) -> tuple[dt.date, dt.date]:
    """Show the timeline: steps, the step shown, play and pause."""
    state = st.session_state
    step, slide, play = st.columns([2.3, 4, 1.9], vertical_alignment="center")
    step.segmented_control(say("timeline"), ("week", "month"), key="time_step", format_func=lambda k: say(f"step_{k}"),
                           required=True, label_visibility="collapsed")  # fmt: skip
    steps = pd.period_range(first, last, freq={"week": "W-SUN", "month": "M"}[state.time_step])
    names = [p.start_time.strftime("%Y-%m" if state.time_step == "month" else "%Y-%m-%d") for p in steps]
    if state.time_next is not None:
        state.time_frame, state.time_next = names[state.time_next % len(names)], None
    if state.time_frame not in names:
        state.time_frame = names[0]
    slide.select_slider(say("timeline"), names, key="time_frame", label_visibility="collapsed")
    play.button(say("pause" if state.playing else "play"), key="play", width="stretch",
                icon=":material/pause:" if state.playing else ":material/play_arrow:", on_click=_turn)  # fmt: skip
    at = names.index(state.time_frame)
    state["time_last"] = at == len(names) - 1
    state["time_at"] = at
    shown = steps[at]
    return max(first, shown.start_time.date()), min(last, shown.end_time.date())


def _turn() -> None:
    state = st.session_state
    state.playing = not state.playing
    if state.playing and state.get("time_last"):
        state.time_next = 0


def tick() -> None:
    """While the film plays, show the next step after a moment; it stops at the end."""
    if not (st.session_state.playing and st.session_state.timeline):
        return

    @st.fragment(run_every=_TICK_S)
    def advance() -> None:
        state = st.session_state
        # The first run is that of the page itself.
        if state.get("time_shown") != (state.time_step, state.time_at):
            state["time_shown"] = (state.time_step, state.time_at)
            return
        if state.time_last:
            state.playing = False
        else:
            state.time_next = state.time_at + 1
        st.rerun()

    advance()


def _more(desk: Desk, found: pd.DataFrame) -> None:
    """Show the filters that are wanted less often, and how heat and hot spots are made."""
    state, other = st.session_state, lang() == "en"
    states = [s for s in found["status"].unique() if s]
    st.multiselect(say("filter_status"), states, key="filter_status", placeholder=say("filter_all"),
                   format_func=lambda s: STATUS.get(s, (s, s))[other])  # fmt: skip
    ways = [h for h in HANDLED if (found["handled_in"] == h).any()]
    st.multiselect(say("filter_handled"), ways, key="filter_handled", placeholder=say("filter_all"),
                   format_func=lambda h: HANDLING[h][other])  # fmt: skip
    if not veil.bound():
        past.choice(desk)
    veil.choice()
    plan = desk.plan
    codes = plan.codes(desk.scheme.level_keys[0])
    # Another version may lack a grid that was chosen.
    state.filter_within = [c for c in state.filter_within if c in codes]
    st.multiselect(say("filter_within"), codes, key="filter_within", placeholder=say("filter_all"),
                   format_func=lambda c: plan.grids[c].name or c if c in plan.grids else c)  # fmt: skip
    if state.show_as == "as_heat":
        st.select_slider(say("heat_radius"), RADII, key="heat_radius")
        st.html(f'<p class="gg-tip">{say("heat_weights")}</p>')
        tree = incidentdesk.categories(desk)
        for group in groups(found):
            st.number_input(tree.name(group, lang()), 0.0, 10.0, 1.0, 0.5, key=f"weight_{group}")
    if state.show_as == "as_rate":
        st.segmented_control(say("rate_what"), ("households", "persons"), key="rate_of", required=True,
                             format_func=lambda k: say(f"rate_{k}"))  # fmt: skip
    if state.show_as == "as_share":
        st.selectbox(say("share_what"), tally.SHARES, key="share_of", format_func=say)
    if state.show_as in ("as_grids", "as_rate", "as_share"):
        classing.plain_choice()
    if state.show_as == "as_hot":
        st.segmented_control(say("hot_of"), ("count", "households", "area"), key="hot_of", required=True,
                             format_func=lambda k: say(f"of_{k}"))  # fmt: skip


def groups(found: pd.DataFrame) -> list[str]:
    """Return the groups of categories there are."""
    return sorted({group_of(c) for c in found["category"].unique() if c})


def heat_options() -> tuple[int, incidentdesk.Weights]:
    """Return radius, and the weights that are not one."""
    state = st.session_state
    given = {str(k)[7:]: float(v) for k, v in state.items() if str(k).startswith("weight_") and v != 1.0}
    return int(state.heat_radius), tuple(sorted(given.items()))
