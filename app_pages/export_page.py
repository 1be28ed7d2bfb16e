"""Export: the grids of a level as GeoJSON, in the datum of whoever receives them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import streamlit as st

from app_pages import mapview
from app_pages.desk import Desk, the_desk
from app_pages.panel import km2, level_name, number
from app_pages.state import keep, lang, say
from app_pages.tableview import Column, table
from gridgis.io.geojson import write_grids
from layers.text import safe_text

DATUMS = ("cgcs2000", "gcj02", "bd09")
ROWS = 20


def file_bytes(desk: Desk, level: str, datum: str) -> bytes:
    """Return the file; it is made when the button is pressed, outside the session."""
    with tempfile.TemporaryDirectory() as folder, desk.quiet() as county:
        return write_grids(county, Path(folder) / "grids.geojson", level=level, datum=datum).read_bytes()


def file_name(desk: Desk, level: str, datum: str) -> str:
    """Return a name that says county, level, version and datum."""
    return f"{desk.county.code}_{level}_v{desk.version}_{datum}.geojson"


def choices(desk: Desk) -> None:
    """Show level, datum and the button."""
    state = st.session_state
    names = {v.key: level_name(desk, v.key) for v in desk.scheme.levels}
    st.html(f"<h4>{safe_text(say('level'))}</h4>")
    st.segmented_control(say("level"), list(names), key="level", format_func=names.get, required=True,
                         label_visibility="collapsed")  # fmt: skip
    st.html(f"<h4>{safe_text(say('datum'))}</h4>")
    st.radio(say("datum"), DATUMS, key="datum", format_func=lambda k: say(f"datum_{k}"), label_visibility="collapsed")
    if state.datum != "cgcs2000":
        st.html(f'<p class="gg-problem">{safe_text(say("datum_warning"))}</p>')
    st.html(f'<p class="gg-tip">{safe_text(say("export_note"))}</p>')
    name, level, datum = file_name(desk, state.level, state.datum), state.level, state.datum
    st.download_button(
        say("download", name=name), data=lambda: file_bytes(desk, level, datum), file_name=name,
        mime="application/geo+json", type="primary", icon=":material/download:", on_click="ignore", key="download",
        width="stretch",
    )  # fmt: skip


def sample(desk: Desk) -> None:
    """Show the first rows of what will be in the file."""
    with desk.quiet() as county:
        found = county.grids(st.session_state.level)
    _, frame = desk.frame(st.session_state.level)
    zones = {z.key: z.zh if lang() == "zh" else z.en for z in desk.scheme.zones}
    columns = [Column(say("code"), "code"), Column(say("name")), Column(say("zone"), "short"),
               Column(say("fig_households"), "number"), Column(say("fig_persons"), "number"), Column(say("area"), "number")]  # fmt: skip
    rows = [
        [code, row["name"], zones.get(row["zone"], row["zone"]), number(frame["households"][code]),
         number(frame["persons"][code]), km2(frame["area_m2"][code])]
        for code, row in found.head(ROWS).iterrows()
    ]  # fmt: skip
    st.html(f"<h4>{safe_text(say('first_rows', n=len(rows), all=number(len(found))))}</h4>")
    table(columns, rows, key="sample", height="calc(100dvh - 100px)")


desk = the_desk()
keep("level")
keep("datum")
left, right = st.columns([1, 1.9], gap="medium")
with left:
    with st.container(key="exportbox"):
        choices(desk)
    picture = mapview.message(desk, st.session_state.level, "none", "name")
    mapview.live_map(desk, picture, key="export_map", height="clamp(300px, calc(100dvh - 356px), 900px)")
with right:
    sample(desk)
