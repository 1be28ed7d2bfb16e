"""Checks: what is wrong with the plan, where, and what can be done about it."""

from __future__ import annotations

import json
import time

import altair as alt
import geopandas as gpd
import pandas as pd
import shapely
import streamlit as st

from app_pages import bench, checksdesk, mapview, veil
from app_pages.desk import Desk
from app_pages.panel import banner, number
from app_pages.state import keep, lang, say
from app_pages.tableview import Column, table
from app_pages.words import WORDS
from gridgis.checks import rule_list
from gridgis.checks.fixing import FIXES
from gridgis.io.workbook import workbook_bytes
from layers.geojson import to_degrees
from layers.text import safe_text

KEPT = ("level", "check_town", "check_severity", "check_households", "check_rule", "check_to")
COLUMNS = (
    ("severity", "tag"), ("rule", "short"), ("code", "code"), ("measure", "number"), ("fig_households", "number"),
    ("words", "wide"), ("check_assigned", "short"),
)  # fmt: skip


def rows_of(found: gpd.GeoDataFrame) -> list[list[object]]:
    """Return the findings as rows to read, in the language of the session."""
    names, words = checksdesk.names(), found["words_en" if lang() == "en" else "words"]
    keys = ("severity", "rule", "code", "measure", "unit", "households", "assigned")
    return [
        [(s, say(f"severity_{s}")), names[r], "–" if pd.isna(c) else c, measure(m, u), number(h) if h else "", w, a]
        for (s, r, c, m, u, h, a), w in zip(zip(*(found[k] for k in keys), strict=True), words, strict=True)
    ]


def measure(value: float | None, unit: str | None) -> str:
    """Return a measure with its unit; nothing where a rule measures nothing."""
    if value is None or pd.isna(value):
        return ""
    digits = 0 if abs(value) >= 100 or value == int(value) else 2
    known = f"unit_{unit}" in WORDS
    return f"{value:,.{digits}f} {say(f'unit_{unit}') if known else unit or ''}".strip()


def focus(desk: Desk, found: gpd.GeoDataFrame, version: int) -> dict[str, object] | None:
    """Return the place of the picked finding as the map shows it."""
    at = st.session_state.finding
    if at is None or at >= len(found) or found.geometry.iloc[at] is None or shapely.is_empty(found.geometry.iloc[at]):
        return None
    shape = found.geometry.iloc[at]
    return {
        "key": f"{version}:{at}:{st.session_state.get('picked_at', 0)}", "bounds": bench.bounds_of(desk, shape),
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
    one, two, three, four = st.columns([1.2, 1, 1, 1.6], vertical_alignment="bottom")
    one.selectbox(say("check_town"), list(towns), format_func=lambda c: towns[c], key="check_town")
    two.pills(say("check_severity"), ("error", "warning"), format_func=lambda s: say(f"severity_{s}"),
              selection_mode="multi", key="check_severity")  # fmt: skip
    three.number_input(say("check_households"), min_value=0, step=50, key="check_households")
    found = found[checksdesk.chosen(found)]
    counts = found["rule"].value_counts()
    listed = ["", *(r["rule"] for r in rule_list() if r["rule"] in counts)]
    if st.session_state.check_rule not in listed:
        st.session_state.check_rule = ""
    labels = {r: f"{names[r]}（{counts[r]}）" if lang() == "zh" else f"{names[r]} ({counts[r]})" for r in listed if r}
    four.selectbox(say("check_rule"), listed, format_func=lambda r: labels.get(r, say("check_all_rules")), key="check_rule")
    rule = st.session_state.check_rule
    return found[found["rule"] == rule] if rule else found


def actions(desk: Desk, row: dict[str, object] | None) -> None:
    """Show what can be done with the picked finding."""
    if row is None:
        st.html(f'<p class="gg-tip">{safe_text(say("check_pick"))}</p>')
        return
    st.html(f'<p class="gg-tip">{safe_text(row["fix_en" if lang() == "en" else "fix"])}</p>')
    cut, why, until, take, whom, give = st.columns([1, 1.8, 1, 0.8, 1.4, 0.8], vertical_alignment="bottom")
    cut.button(say("check_fix"), key="check_fix", help=say("check_fix_help"), type="primary", width="stretch",
               disabled=row["rule"] not in FIXES, on_click=checksdesk.repair, args=(desk, row))  # fmt: skip
    why.text_input(say("check_reason"), key="check_reason")
    until.date_input(say("check_until"), value=None, key="check_until", format="YYYY-MM-DD")
    take.button(say("check_accept"), key="check_accept", on_click=checksdesk.accept, args=(desk, row), width="stretch")
    whom.text_input(say("check_to"), key="check_to")
    give.button(say("check_assign"), key="check_assign", on_click=checksdesk.assign, args=(desk, row), width="stretch")


def handed_out(desk: Desk, found: gpd.GeoDataFrame, version: int) -> None:
    """Show the files to take away, and the numbers over the last versions."""
    one, two, paper, three = st.columns([1, 1, 1, 1.6])
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
    if three.toggle(say("check_trend"), key="check_trend"):
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
    state.setdefault("finding", None)
    place = st.empty()
    bar = place.progress(0.0, say("checking"))
    names = {r["zh"]: checksdesk.names()[r["rule"]] for r in rule_list()}
    version, every = desk.findings(lambda share, rule: bar.progress(share, say("check_progress", rule=names.get(rule, rule))))
    place.empty()
    banner()
    heading(every, version)
    every = checksdesk.assigned(desk, every)
    found = every if every.empty else filters(desk, every)
    message = mapview.message(desk, state.level, "none", "code", focus=focus(desk, found, version))
    tall = "clamp(320px, calc(100dvh - 170px), 1200px)" if every.empty else "clamp(220px, 31dvh, 600px)"
    mapview.live_map(desk, message, key="check_map", height=tall)
    if not every.empty:
        at = state.finding if state.finding is not None and state.finding < len(found) else None
        columns = [Column(say(name), kind) for name, kind in COLUMNS]
        table(columns, rows_of(found), key="findings", height="max(170px, calc(30dvh - 60px))", picked=at,
              on_pick=lambda row: state.update(finding=row, picked_at=time.time_ns()))  # fmt: skip
        actions(desk, None if at is None else {str(k): v for k, v in found.iloc[at].items()})
    handed_out(desk, found, version)


desk = veil.own()
for key in KEPT:
    keep(key)
report(desk)
