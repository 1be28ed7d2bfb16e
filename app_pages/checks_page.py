"""Checks: what is wrong with the plan, where, and what can be done about it."""

from __future__ import annotations

import json
import time

import altair as alt
import geopandas as gpd
import pandas as pd
import shapely
import streamlit as st

from app_pages import bench, checksdesk, mapview, marks, veil
from app_pages.desk import Desk
from app_pages.panel import banner, number
from app_pages.state import keep, lang, say
from app_pages.tableview import Column, table
from gridgis.checks import rule_list
from gridgis.checks.fixing import FIXES
from gridgis.io.workbook import workbook_bytes
from layers.geojson import to_degrees
from layers.text import safe_text

# What a run without their widgets would forget, be it of another page or of this part alone.
KEPT = ("level", "check_town", "check_severity", "check_households", "check_rule", "check_to")
COLUMNS = (
    ("severity", "tag"), ("rule", "text"), ("code", "code"), ("fig_households", "number"), ("words", "wide"), ("check_assigned", "text"),
)


def rows_of(found: gpd.GeoDataFrame) -> list[list[object]]:
    """Return the findings as rows to read, in the language of the session."""
    names, words = checksdesk.names(), found["words_en" if lang() == "en" else "words"]
    keys = ("severity", "rule", "code", "households", "assigned")
    return [
        [(s, say(f"severity_{s}")), names[r], "–" if pd.isna(c) else c, number(h) if h else "", w, a]
        for (s, r, c, h, a), w in zip(zip(*(found[k] for k in keys), strict=True), words, strict=True)
    ]


def focus(desk: Desk, found: gpd.GeoDataFrame, version: int) -> dict[str, object] | None:
    """Return the place of the picked finding as the map shows it."""
    at = st.session_state.finding
    if at is None or at >= len(found) or found.geometry.iloc[at] is None or shapely.is_empty(found.geometry.iloc[at]):
        return None
    shape = found.geometry.iloc[at]
    return {
        "key": f"{version}:{at}:{st.session_state.get('picked_at', 0)}",
        # Picked on the map it is in view already: the map stays.
        "bounds": None if st.session_state.get("picked_there") else bench.bounds_of(desk, shape),
        "shape": json.loads(shapely.to_geojson(to_degrees(shape, desk.crs))),
    }  # fmt: skip


def heading(found: gpd.GeoDataFrame, version: int) -> None:
    """Show how the plan stands."""
    errors = int((found["severity"] == "error").sum())
    if found.empty:
        note = safe_text(say("all_clear_note", n=version))
        st.html(f'<div class="gg-clear"><b>{safe_text(say("all_clear"))}</b><span>{note}</span></div>')
        return
    title = say("findings_n", errors=errors, warnings=len(found) - errors)
    kind = "gg-errors" if errors else "gg-warnings"
    st.html(f'<div class="{kind}"><b>{safe_text(title)}</b><span>{safe_text(say("pick_finding"))}</span></div>')


def filters(desk: Desk, found: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Show the filters and return the findings that fit, those of one rule together."""
    towns, names = checksdesk.towns(desk), checksdesk.names()
    one, two, three, four = st.columns([1.1, 1.05, 1, 1.5])
    # Another list has other rows: nothing stays picked by its place.
    unpick = lambda: st.session_state.update(finding=None)  # noqa: E731
    one.selectbox(say("check_town"), list(towns), format_func=lambda c: towns[c], key="check_town", on_change=unpick)
    two.segmented_control(say("check_severity"), ("error", "warning"), format_func=lambda s: say(f"severity_{s}"),
                          selection_mode="multi", key="check_severity", on_change=unpick)  # fmt: skip
    three.number_input(say("check_households"), min_value=0, step=50, key="check_households", on_change=unpick)
    found = found[checksdesk.chosen(found)]
    counts = found["rule"].value_counts()
    listed = ["", *(r["rule"] for r in rule_list() if r["rule"] in counts)]
    if st.session_state.check_rule not in listed:
        st.session_state.check_rule = ""
    labels = {r: f"{names[r]}（{counts[r]}）" if lang() == "zh" else f"{names[r]} ({counts[r]})" for r in listed if r}
    four.selectbox(say("check_rule"), listed, format_func=lambda r: labels.get(r, say("check_all_rules")), key="check_rule",
                   on_change=unpick)  # fmt: skip
    rule = st.session_state.check_rule
    return found[found["rule"] == rule] if rule else found


def actions(desk: Desk, row: dict[str, object] | None) -> None:
    """Show what can be done with the picked finding."""
    if row is None:
        st.html(f'<p class="gg-tip">{safe_text(say("check_pick"))}</p>')
        return
    st.html(f'<p class="gg-tip">{safe_text(row["fix_en" if lang() == "en" else "fix"])}</p>')
    why, until, take = st.columns([2, 1.1, 0.8], vertical_alignment="bottom")
    cut, whom, give = st.columns([1.3, 1.8, 0.8], vertical_alignment="bottom")
    cut.button(say("check_fix"), key="check_fix", help=say("check_fix_help"), type="primary", width="stretch",
               disabled=row["rule"] not in FIXES, on_click=checksdesk.repair, args=(desk, row))  # fmt: skip
    why.text_input(say("check_reason"), key="check_reason")
    until.date_input(say("check_until"), value=None, key="check_until", format="YYYY-MM-DD")
    take.button(say("check_accept"), key="check_accept", on_click=checksdesk.accept, args=(desk, row), width="stretch")
    whom.text_input(say("check_to"), key="check_to")
    give.button(say("check_assign"), key="check_assign", on_click=checksdesk.assign, args=(desk, row), width="stretch")


def handed_out(desk: Desk, found: gpd.GeoDataFrame, version: int) -> None:
    """Show the files to take away, and the numbers over the last versions."""
    one, two, paper = st.columns(3)
    name = f"{desk.county.code}_v{version}_checks"
    # Made while the language is known: a download runs outside the session.
    sheets = checksdesk.sheets(found)
    one.download_button(say("check_xlsx"), lambda: workbook_bytes(sheets), f"{name}.xlsx", key="check_xlsx",
                        on_click="ignore", width="stretch", icon=":material/download:")  # fmt: skip
    two.download_button(say("check_geojson"), lambda: checksdesk.features(desk, found), f"{name}.geojson",
                        key="check_geojson", on_click="ignore", width="stretch", icon=":material/download:")  # fmt: skip
    words = lang()
    paper.download_button(say("check_pdf"), lambda: checksdesk.summary(desk, words), f"{name}.pdf", key="check_pdf",
                          on_click="ignore", width="stretch", icon=":material/download:")  # fmt: skip
    if st.toggle(say("check_trend"), key="check_trend"):
        with st.spinner(say("checking")):
            counts = checksdesk.trend(desk)
        chart = alt.Chart(counts).mark_line(point=True).encode(
            x=alt.X("version:O", title=say("check_trend_version")),
            y=alt.Y("count:Q", title=say("check_trend_count"), axis=alt.Axis(tickMinStep=1)),
            color=alt.Color("severity:N", title=None, scale=alt.Scale(range=["#b42318", "#b7791f"])),
        )  # fmt: skip
        st.altair_chart(chart.properties(height=160), width="stretch")


@st.fragment
def report(desk: Desk) -> None:
    """Show the state of the plan, the map, the findings and what can be done."""
    state = st.session_state
    for key in KEPT:
        keep(key)
    state.setdefault("finding", None)
    place = st.empty()
    bar = place.progress(0.0, say("checking"))
    names = {r["zh"]: checksdesk.names()[r["rule"]] for r in rule_list()}

    def tell(share: float, rule: str) -> None:
        bar.progress(share, say("check_progress", rule=names.get(rule, rule)))

    version, every = desk.findings(tell)
    place.empty()
    left, right = st.columns([1.3, 1], gap="medium")
    with left:
        banner()
        heading(every, version)
        every = checksdesk.assigned(desk, every)
        found = every if every.empty else filters(desk, every)
    at = _at(found)
    with right:
        told = {"url": marks.address(desk, lang(), every), "shown": [int(k) for k in found.index],
                "picked": None if at is None else int(found.index[at])}  # fmt: skip
        message = mapview.message(desk, state.level, "none", "code", focus=focus(desk, found, version), ack=state.get("mark_ack", 0),
                                  **({} if every.empty else {"marks": told, "legend": marks.legend(found["severity"], lang())}))  # fmt: skip
        mapview.live_map(desk, message, key="check_map", height="clamp(320px, calc(100dvh - 30px), 1200px)", on_event=on_event)
    with left:
        if not every.empty:
            # Nobody has been asked: no empty column.
            shown = COLUMNS if found["assigned"].any() else COLUMNS[:-1]
            columns = [Column(say(name), kind) for name, kind in shown]
            height = f"max(200px, calc(100dvh - {320 if at is None else 480}px))"
            table(columns, rows_of(found), key="findings", height=height, picked=at, on_pick=pick)
            actions(desk, None if at is None else {str(k): v for k, v in found.iloc[at].items()})
        handed_out(desk, found, version)


def _at(found: gpd.GeoDataFrame) -> int | None:
    """Return the row that is picked, here or on the map."""
    state = st.session_state
    there = state.pop("finding_there", None)
    if there is not None and there in found.index:
        state.update(finding=found.index.get_loc(there), picked_at=time.time_ns(), picked_there=True)
    return state.finding if state.finding is not None and state.finding < len(found) else None


def pick(row: int) -> None:
    """Take a row of the table: the map goes there."""
    st.session_state.update(finding=row, picked_at=time.time_ns(), picked_there=False)


def on_event() -> None:
    """Take a click on a finding of the map."""
    event = (st.session_state.get("check_map") or {}).get("event") or {}
    if event.get("type") == "finding":
        st.session_state.update(finding_there=event.get("at"), mark_ack=int(event.get("n", 0)))


desk = veil.own()
report(desk)
