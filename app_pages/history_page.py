"""History: every version with who, when and what; how two of them differ; the way back."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app_pages import access, bench, empty, historydesk, mapview, veil
from app_pages.desk import Desk
from app_pages.importview import head, tip
from app_pages.panel import banner, kind_name, level_label
from app_pages.state import keep, say
from app_pages.tableview import Column, table
from layers.text import safe_text

HEADS = (("hist_version", "number"), ("hist_at", "short"), ("hist_who", "short"), ("hist_what", "text"), ("hist_codes", "text"),
         ("hist_state", "tag"))  # fmt: skip
GRID_HEADS = (("code", "code"), ("hist_level", "short"), ("hist_change", "tag"), ("fig_households", "number"), ("fig_persons", "number"),
              ("fig_incidents", "number"), ("hist_moved", "number"))  # fmt: skip
MOVE_HEADS = (("hist_from", "code"), ("hist_to", "code"), ("fig_households", "number"), ("fig_persons", "number"),
              ("fig_buildings", "number"), ("hist_area", "number"))  # fmt: skip


def versions(desk: Desk, log: pd.DataFrame, done: tuple[int, ...], undone: tuple[int, ...]) -> None:
    """Show every version, newest first, and what can be undone."""
    state = st.session_state
    listed = [int(v) for v in log["version"]]
    rows = historydesk.rows_of(log, done, undone)
    table([Column(say(k), kind) for k, kind in HEADS], rows, key="hist_versions", height="clamp(150px, calc(50dvh - 130px), 560px)",
          picked=listed.index(state.hist_to), on_pick=lambda row: look(listed[row]))  # fmt: skip
    back, book = st.columns([1.6, 1], vertical_alignment="center")
    with back:
        if access.allowed("save"):
            way_back(desk, log, done, undone)
    book.download_button(say("hist_xlsx"), lambda: historydesk.audit(desk), f"{desk.county.code}_audit.xlsx", key="hist_xlsx",
                         on_click="ignore", width="stretch")  # fmt: skip


def look(version: int) -> None:
    """Compare a version with the one before it."""
    st.session_state.update(hist_to=version, hist_from=max(version - 1, 1), hist_code=None)


def way_back(desk: Desk, log: pd.DataFrame, done: tuple[int, ...], undone: tuple[int, ...]) -> None:
    """Show the way to undo or redo the version looked at, where it is the next to go."""
    version = st.session_state.hist_to
    kind = kind_name(log.set_index("version").at[version, "kind"])
    for way, line in (("undo", done), ("redo", undone)):
        if line and line[-1] == version:
            st.button(say(f"hist_{way}", n=version, what=kind), key=f"hist_{way}", icon=f":material/{way}:", on_click=step, args=(desk, way))
    if version in done[:-1]:
        tip(say("hist_later", n=version, m=len(done) - 1 - done.index(version)))


def step(desk: Desk, way: str) -> None:
    """Undo or redo, and look at what that was."""
    bench.step(desk, way)
    look(desk.version)


def comparison(desk: Desk, log: pd.DataFrame) -> historydesk.Told:
    """Show on the map how two versions differ; return what does."""
    state, names = st.session_state, historydesk.named(desk, log)
    one, two = st.columns(2)
    one.selectbox(say("hist_first"), list(names), key="hist_from", format_func=names.__getitem__)
    two.selectbox(say("hist_second"), list(names), key="hist_to", format_func=names.__getitem__)
    found = historydesk.told(desk, state.hist_from, state.hist_to)
    levels = {v.key: level_label(desk, v.key) for v in desk.scheme.levels}
    at, colour = st.columns([2, 1], vertical_alignment="center")
    at.segmented_control(say("level"), list(levels), key="level", format_func=levels.__getitem__, required=True, label_visibility="collapsed")
    colour.selectbox(say("hist_colour"), ("change", *mapview.FIGURES), key="hist_figure", label_visibility="collapsed",
                     format_func=lambda k: f"{say('hist_colour')} · {say('hist_change') if k == 'change' else say('fig_' + k)}")  # fmt: skip
    picture = historydesk.picture(desk, found, state.level, state.hist_figure, state.hist_code)
    mapview.live_map(desk, picture, key="hist_map", height="clamp(320px, calc(100dvh - 170px), 1100px)")
    return found


def tables(desk: Desk, found: historydesk.Told) -> None:
    """Show how many grids differ, each of them, and what moved between them."""
    state = st.session_state
    head(say("hist_differ", a=found.first, b=found.second))
    if not found.grids:
        st.html(f'<div class="gg-clear"><b>{safe_text(say("hist_same"))}</b><span>{safe_text(say("hist_same_note"))}</span></div>')
        return
    tip(historydesk.counts(desk, found, state.level))
    names = {"grids": say("hist_grids"), "moves": say("hist_moves")}
    st.segmented_control(say("hist_table"), list(names), key="hist_table", format_func=names.__getitem__, required=True, label_visibility="collapsed")
    height = "clamp(150px, calc(50dvh - 180px), 600px)"
    if state.hist_table == "grids":
        codes = [d.code for d in found.grids]
        table([Column(say(k), kind) for k, kind in GRID_HEADS], historydesk.grid_rows(desk, found), key="hist_grids", height=height,
              picked=codes.index(state.hist_code) if state.hist_code in codes else None, on_pick=lambda row: pick(found, row))  # fmt: skip
        return
    moved = historydesk.moved(desk, found.first, found.second, state.level)
    if len(moved):
        table([Column(say(k), kind) for k, kind in MOVE_HEADS], historydesk.move_rows(moved), key="hist_moves", height=height)
    tip(historydesk.sums(moved))


def pick(found: historydesk.Told, row: int) -> None:
    """Go to a grid that differs, at its level."""
    st.session_state.update(hist_code=found.grids[row].code, level=found.grids[row].level)


def page(desk: Desk) -> None:
    """Show the versions beside the comparison."""
    state = st.session_state
    log, done, undone = historydesk.log_of(desk)
    if len(log) < 2:
        banner()
        empty.card("hist_one", "hist_one_note", "map", "import")
        return
    last = int(log["version"].iloc[0])
    if not 1 <= state.hist_to <= last or not 1 <= state.hist_from <= last:
        look(last)
    left, right = st.columns([1.1, 1], gap="medium")
    with left:
        tip(say("hist_about"))
        banner()
        versions(desk, log, done, undone)
    with right:
        found = comparison(desk, log)
    with left:
        tables(desk, found)


for choice in ("level", "hist_from", "hist_to", "hist_figure", "hist_table", "hist_code"):
    keep(choice)
page(veil.own())
