"""Incidents: where they are, how many, of which kind, how they were handled, and how that changes."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from app_pages import empty, incidentbook, incidentdesk, incidentfilters, incidentview, mapview, panel, past, tally
from app_pages.desk import Desk, the_desk
from app_pages.incidentview import Picture
from app_pages.state import attempt, keep, lang, say
from app_pages.tableview import Column, table
from gridgis.overlays.incidents import Wish
from layers.text import safe_text

VIEWS = ("as_heat", "as_crowds", "as_grids", "as_rate", "as_hot", "as_emerging", "as_change")
SIDES = ("side_facts", "side_time", "side_grids", "side_places")
_ROWS = 300


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
    panel.facts([*tally.facts(study, grids), *tally.handled(study)])
    title, step = st.columns([1, 2.2], vertical_alignment="center")
    title.html(f"<h4>{say('trend')}</h4>")
    steps = ("day", "week", "month")
    step.segmented_control(say("trend"), steps, key="trend_step", format_func=lambda k: say(f"step_{k}"), required=True,
                           label_visibility="collapsed")  # fmt: skip
    charts = [tally.trend(study, state.trend_step), tally.by_category(desk, study)]
    show(desk, wish, charts, ("", say("by_category")))


def grids_side(grids: pd.DataFrame) -> None:
    """Show the grids as a table, most first; rates on few households in brackets."""
    heads = ("name", "as_grids", "as_rate", "households")
    columns = [Column(say(h), "text" if h == "name" else "number") for h in heads]
    top = grids.sort_values("reported", ascending=False, kind="stable").head(_ROWS)
    rows = [
        [r.name or code, panel.number(r.reported), _rate(r.per_1000_households, r.few), panel.number(r.households)]
        for code, r in zip(top.index, top.itertuples(index=False), strict=True)
    ]  # fmt: skip
    table(columns, rows, key="incident_grids", height="calc(100dvh - 230px)")
    st.html(f'<p class="gg-tip">( ) {safe_text(say("few_households"))}</p>')


def _rate(value: float, few: bool) -> str:
    if pd.isna(value):
        return "–"
    return f"({value:,.0f})" if few else f"{value:,.0f}"


def places_side(desk: Desk, wish: Wish) -> None:
    """Show the places where incidents come again and again."""
    found = incidentdesk.repeated_of(desk, wish).head(_ROWS)
    tree, plan = incidentdesk.categories(desk), desk.plan
    columns = [Column(say("categories")), Column(say("name")), Column(say("as_grids"), "number")]
    rows = []
    for r in found.itertuples(index=False):
        grid = plan.grids.get(str(r.code))
        name = grid.name if grid and grid.name else str(r.code)
        rows.append([tree.name(str(r.category), lang()), name, panel.number(r.n)])
    table(columns, rows, key="incident_places", height="calc(100dvh - 230px)")
    st.html(f'<p class="gg-tip">{safe_text(say("repeated_note", m=25, n=5))}</p>')


def side(desk: Desk, wish: Wish) -> None:
    """Show one of the panels beside the map."""
    state = st.session_state
    grids = incidentdesk.grids_of(desk, wish, state.level)
    st.segmented_control(say("show_as"), SIDES, key="incident_side", format_func=say, required=True,
                         label_visibility="collapsed", width="stretch")  # fmt: skip
    panel.banner()
    if state.incident_side == "side_time":
        st.html(f"<h4>{say('week_hours')}</h4>")
        show(desk, wish, [tally.week_hours(incidentdesk.study_of(desk, wish))])
    elif state.incident_side == "side_grids":
        grids_side(grids)
    elif state.incident_side == "side_places":
        places_side(desk, wish)
    else:
        facts_side(desk, wish, grids)
    if not state.playing:
        incidentbook.downloads(desk, state.level, wish, state.show_as)


def show(desk: Desk, wish: Wish, charts: list[Any], titles: tuple[str, ...] = ()) -> None:
    """Show charts one below the other, and the buttons that keep them."""
    state = st.session_state
    for k, chart in enumerate(charts):
        if k < len(titles) and titles[k]:
            st.html(f"<h4>{safe_text(titles[k])}</h4>")
        st.altair_chart(chart, width="stretch")
    if not state.playing:
        incidentbook.chart_downloads(desk, charts, (state.incident_side, wish, state.trend_step))


def page(desk: Desk) -> None:
    """Show the page."""
    keep("level")
    if not incidentdesk.every(desk)["at"].notna().any():
        empty.card("empty_incidents", "no_incidents_at_all", "import", "handling")
        return
    left, right = st.columns([2.4, 1], gap="small")
    with left:
        wish, whole = incidentfilters.filters(desk, VIEWS)
        some = bool(len(incidentdesk.study_of(desk, wish).frame))
        picture = message_of(desk, wish, whole) if some else mapview.message(desk, st.session_state.level, "none", "code")
        mapview.live_map(desk, picture, key="incident_map", height="clamp(420px, calc(100dvh - 190px), 1200px)")
    with right, st.container(key="side"):
        if isinstance(desk, past.Past):
            told = say("plan_version_told", n=desk.version, now=desk.county.version)
            st.html(f'<p class="gg-notice" role="status">{safe_text(told)}</p>')
        if some:
            side(desk, wish)
        else:
            st.html(f'<p class="gg-tip">{say("no_incidents")}</p>')
        st.html(f'<p class="gg-tip">{safe_text(incidentdesk.source(desk))}</p>')
    incidentfilters.tick()


page(past.chosen(the_desk()))
