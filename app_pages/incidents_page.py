"""Incidents: where they are, how many, of which kind, how they were handled, and how that changes."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from app_pages import (
    empty,
    incidentbook,
    incidentdesk,
    incidentfilters,
    incidenttables,
    incidentview,
    mapview,
    panel,
    past,
    tally,
    veil,
)
from app_pages.desk import Desk
from app_pages.incidenttables import Listed
from app_pages.incidentview import Picture
from app_pages.state import attempt, keep, lang, say, tell
from gridgis.overlays.incidents import Wish
from layers.text import safe_text

VIEWS = ("as_heat", "as_crowds", "as_grids", "as_rate", "as_share", "as_hot", "as_emerging", "as_change")
SIDES = ("side_facts", "side_time", "side_grids", "side_places")


def message_of(desk: Desk, wish: Wish, whole: Wish) -> dict[str, Any]:
    """Return what the map is to show."""
    state = st.session_state
    if state.show_as == "as_heat":
        return incidentview.heat_picture(desk, state.level, wish, whole, incidentfilters.heat_options())
    if state.show_as == "as_crowds":
        return incidentview.crowds_picture(desk, state.level, wish)
    found: Picture | None = attempt(lambda: incidentview.grids_picture(desk, state.level, wish, state.show_as))
    return found.message if found else mapview.message(desk, state.level, "none", "code")


def facts_side(desk: Desk, wish: Wish, grids: pd.DataFrame) -> None:
    """Show figures, shares, and the charts of trend and categories."""
    state, study = st.session_state, incidentdesk.study_of(desk, wish)
    k = veil.limit(desk)
    words = lang()
    panel.facts(desk.brief(("facts", wish, state.level, words), lambda: [*tally.facts(study, grids, k), *tally.handled(study, k)]))
    title, step = st.columns([1, 2.2], vertical_alignment="center")
    title.html(f"<h4>{say('trend')}</h4>")
    steps = ("day", "week", "month")
    step.segmented_control(say("trend"), steps, key="trend_step", format_func=lambda k: say(f"step_{k}"), required=True,
                           label_visibility="collapsed")  # fmt: skip
    charts = desk.brief(("facts charts", wish, state.trend_step, words),
                        lambda: [tally.trend(study, state.trend_step, k), tally.by_category(desk, study, k)])  # fmt: skip
    show(desk, wish, charts, ("", say("by_category")))


def table_side(desk: Desk, listed: Listed, wish: Wish, key: str) -> None:
    """Show a table under its chart."""
    if listed.chart is not None:
        show(desk, wish, [listed.chart], (say("chart_most") if key == "incident_places" else "",))
    incidenttables.show(listed, key)


def side(desk: Desk, wish: Wish) -> None:
    """Show one of the panels beside the map."""
    state = st.session_state
    grids = incidentdesk.grids_of(desk, wish, state.level)
    st.segmented_control(say("show_as"), SIDES, key="incident_side", format_func=say, required=True,
                         label_visibility="collapsed", width="stretch")  # fmt: skip
    panel.banner()
    if state.incident_side == "side_time":
        st.html(f"<h4>{say('week_hours')}</h4>")
        study, k = incidentdesk.study_of(desk, wish), veil.limit(desk)
        show(desk, wish, [desk.brief(("week", wish, lang()), lambda: tally.week_hours(study, k))])
    elif state.incident_side == "side_grids":
        listed: Listed | None = attempt(lambda: incidenttables.grids(desk, wish, state.level, state.show_as))
        if listed is not None:
            table_side(desk, listed, wish, f"incident_{state.show_as}")
    elif state.incident_side == "side_places":
        table_side(desk, incidenttables.places(desk, wish), wish, "incident_places")
    else:
        facts_side(desk, wish, grids)
    if not state.playing:
        dots = incidenttables.points(desk, wish) if state.incident_side == "side_places" else []
        incidentbook.downloads(desk, state.level, wish, state.show_as, dots)


def show(desk: Desk, wish: Wish, charts: list[Any], titles: tuple[str, ...] = ()) -> None:
    """Show charts one below the other, and the buttons that keep them."""
    state = st.session_state
    for k, chart in enumerate(charts):
        if k < len(titles) and titles[k]:
            st.html(f"<h4>{safe_text(titles[k])}</h4>")
        st.altair_chart(chart, width="stretch")
    if not state.playing:
        incidentbook.chart_downloads(desk, charts, (state.incident_side, state.show_as, state.level, wish, state.trend_step))


def page(desk: Desk) -> None:
    """Show the page."""
    keep("level")
    if not incidentdesk.every(desk)["at"].notna().any():
        empty.card("empty_incidents", "no_incidents_at_all", "import", "handling")
        return
    left, right = st.columns([2.4, 1], gap="small")
    with left:
        # Shares of few incidents tell of single ones.
        views = [v for v in VIEWS if v != "as_share" or not desk.k]
        if st.session_state.show_as not in views:
            st.session_state.show_as = "as_grids"
        wish, whole = incidentfilters.filters(desk, views)
        tell()  # nothing is saved here; what was said of another view is over
        some = bool(len(incidentdesk.study_of(desk, wish).frame))
        picture = message_of(desk, wish, whole) if some else mapview.message(desk, st.session_state.level, "none", "code")
        if some:
            picture |= {"focus": incidenttables.focus(desk, wish, st.session_state.incident_row)}
            if st.session_state.incident_side == "side_places":
                picture |= {"ledger": incidenttables.marks(desk, wish, st.session_state.incident_row)}
        mapview.live_map(desk, picture, key="incident_map", height="clamp(420px, calc(100dvh - 190px), 1200px)")
    with right, st.container(key="side"):
        if st.session_state.plan_version != past.PRESENT:
            told = say("plan_version_told", n=desk.version, now=desk.county.version)
            st.html(f'<p class="gg-notice" role="status">{safe_text(told)}</p>')
        veil.told(desk)
        if some:
            side(desk, wish)
        else:
            st.html(f'<p class="gg-tip">{say("no_incidents")}</p>')
        st.html(f'<p class="gg-tip">{safe_text(incidentdesk.source(desk))}</p>')
    incidentfilters.tick()


page(veil.dated())
