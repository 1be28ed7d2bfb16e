"""Checks: what is wrong with the plan, and where."""

from __future__ import annotations

import json
import time

import geopandas as gpd
import pandas as pd
import shapely
import streamlit as st

from app_pages import bench, mapview
from app_pages.desk import Desk, the_desk
from app_pages.state import keep, lang, say
from app_pages.tableview import Column, table
from app_pages.words import WORDS
from gridgis.checks import rule_list
from layers.geojson import to_degrees
from layers.text import safe_text

COLUMNS = (
    ("severity", "tag"),
    ("rule", "short"),
    ("code", "code"),
    ("measure", "number"),
    ("words", "wide"),
    ("fix", "wide"),
)


def rows_of(found: gpd.GeoDataFrame) -> list[list[object]]:
    """Return the findings as rows to read, in the language of the session."""
    other = lang() == "en"
    names = {r["rule"]: r["en" if other else "zh"] for r in rule_list()}
    words, fix = found["words_en" if other else "words"], found["fix_en" if other else "fix"]
    return [
        [(s, say(f"severity_{s}")), names[r], "–" if pd.isna(c) else c, measure(m, u), w, f]
        for s, r, c, m, u, w, f in zip(
            found["severity"], found["rule"], found["code"], found["measure"], found["unit"], words, fix, strict=True
        )
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
    if at is None or at >= len(found) or shapely.is_empty(found.geometry.iloc[at]) or found.geometry.iloc[at] is None:
        return None
    shape = found.geometry.iloc[at]
    return {
        "key": f"{version}:{at}:{st.session_state.get('picked_at', 0)}", "bounds": bench.bounds_of(desk, shape),
        "shape": json.loads(shapely.to_geojson(to_degrees(shape, desk.crs))),
    }  # fmt: skip


@st.fragment
def report(desk: Desk) -> None:
    """Show the state of the plan, the map, and the findings."""
    state = st.session_state
    state.setdefault("finding", None)
    with st.spinner(say("checking")):
        version, found = desk.findings()
    errors = int((found["severity"] == "error").sum())
    if found.empty:
        note = safe_text(say("all_clear_note", n=version))
        st.html(f'<div class="gg-clear"><b>{safe_text(say("all_clear"))}</b><span>{note}</span></div>')
    else:
        title = say("findings_n", errors=errors, warnings=len(found) - errors)
        kind = "gg-errors" if errors else "gg-warnings"
        st.html(f'<div class="{kind}"><b>{safe_text(title)}</b><span>{safe_text(say("pick_finding"))}</span></div>')
    message = mapview.message(desk, state.level, "none", "code", focus=focus(desk, found, version))
    tall = "clamp(320px, calc(100dvh - 120px), 1200px)" if found.empty else "clamp(300px, 52dvh, 700px)"
    mapview.live_map(desk, message, key="check_map", height=tall)
    if not found.empty:
        columns = [Column(say(name), kind) for name, kind in COLUMNS]
        table(columns, rows_of(found), key="findings", height="max(220px, calc(48dvh - 130px))", picked=state.finding,
              on_pick=lambda row: state.update(finding=row, picked_at=time.time_ns()))  # fmt: skip


desk = the_desk()
keep("level")
report(desk)
