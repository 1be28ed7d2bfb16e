"""Incidents: where they are, how many, of which kind, week by week."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app_pages import mapview, panel, tally
from app_pages.desk import Desk, the_desk
from app_pages.state import keep, say
from layers.styles import HEAT
from layers.text import safe_text

PERIODS = ("days_30", "days_90", "days_365", "days_all", "days_own")


def filters(desk: Desk) -> tuple[str, str, tuple[str, ...] | None]:
    """Show the filters; return first day, day after the last, and categories (None for all)."""
    found = desk.all_incidents()
    first, last = pd.Timestamp(found["at"].min()).date(), pd.Timestamp(found["at"].max()).date()
    when, how = st.columns([3, 2], vertical_alignment="center")
    period = when.segmented_control(
        say("period"), PERIODS, key="period", format_func=say, required=True, label_visibility="collapsed"
    )
    how.segmented_control(
        say("show_as"),
        ("as_heat", "as_grids"),
        key="show_as",
        format_func=say,
        required=True,
        label_visibility="collapsed",
    )
    if period == "days_own":
        since, until = st.slider(
            say("period"),
            first,
            last,
            (first, last),
            key="own_period",
            format="YYYY-MM-DD",
            label_visibility="collapsed",
        )
    else:
        since, until = tally.last_days(first, last, period)
    groups = tally.groups(found["category"].dropna().unique())
    chosen = st.pills(
        say("categories"), list(groups), key="categories", selection_mode="multi", label_visibility="collapsed"
    )
    wanted = tuple(c for g in chosen for c in groups[g])
    return str(since), str(until + pd.Timedelta(days=1)), wanted or None


def picture(desk: Desk, since: str, until: str, categories: tuple[str, ...] | None) -> None:
    """Show the map: heat, or the grids coloured by how many incidents lie in each."""
    state = st.session_state
    if state.show_as == "as_heat":
        legend = {
            "title": say("heat"), "note": tally.source(desk),
            "ramp": {"colours": list(HEAT["gradient"].values()), "low": say("few"), "high": say("many")},
        }  # fmt: skip
        heat = f"{mapview.prefix()}/layer/{desk.token('heat', since, until, categories)}"
        message = mapview.message(desk, state.level, "none", "none", heat=heat, legend=[legend])
    else:
        counts = tally.per_grid(desk, state.level, since, until, categories)
        message = mapview.counted(desk, state.level, counts, tally.source(desk))
    mapview.live_map(desk, message, key="incident_map", height="clamp(420px, calc(100dvh - 146px), 1200px)")


desk = the_desk()
for choice in ("level", "period", "show_as", "categories", "own_period"):
    keep(choice)
if desk.all_incidents().empty:
    st.html(f'<p class="gg-tip">{say("no_incidents_at_all")}</p>')
    st.stop()
left, right = st.columns([2.4, 1], gap="small")
with left:
    span = filters(desk)
    picture(desk, *span)
with right, st.container(key="side"):
    found = desk.incidents(*span)
    if found.empty:
        st.html(f'<p class="gg-tip">{say("no_incidents")}</p>')
    else:
        panel.facts(tally.facts(desk, st.session_state.level, found, *span))
        st.html(f"<h4>{say('weekly')}</h4>")
        st.altair_chart(tally.weekly(found), width="stretch")
        st.html(f"<h4>{say('by_category')}</h4>")
        st.altair_chart(tally.by_category(found), width="stretch")
    st.html(f'<p class="gg-tip">{safe_text(tally.source(desk))}</p>')
