"""Export: the grids of a level in the format and datum of whoever receives them."""

from __future__ import annotations

import streamlit as st

from app_pages import empty, mapview, veil
from app_pages.desk import Desk
from app_pages.exportview import offered, result, sample
from app_pages.panel import level_label
from app_pages.state import keep, lang, say
from gridgis.exporting import ROLES, Wish
from gridgis.outgoing.formats import FORMATS
from gridgis.outgoing.shapefile import ENCODINGS
from layers.text import safe_text

DATUMS = ("cgcs2000", "gcj02", "bd09")
KEPT = ("level", "datum", "export_format", "export_encoding", "export_role", "export_k", "export_simplify")


def tip(key: str) -> None:
    """Show a quiet line."""
    st.html(f'<p class="gg-tip">{safe_text(say(key))}</p>')


def choices(desk: Desk) -> Wish:
    """Show format, level, datum, role and simplification; return what they come to."""
    state = st.session_state
    formats = {k: f.en if lang() == "en" else f.zh for k, f in FORMATS.items()}
    st.selectbox(say("export_format"), list(formats), key="export_format", format_func=formats.__getitem__)
    chosen = FORMATS[state.export_format]
    tip(f"export_for_{chosen.key}")
    if chosen.key == "shp":
        st.segmented_control(
            say("export_encoding"), ENCODINGS, key="export_encoding", format_func=str.upper, required=True
        )
    names = {v.key: level_label(desk, v.key) for v in desk.scheme.levels}
    st.segmented_control(say("level"), list(names), key="level", format_func=names.__getitem__, required=True)
    if not chosen.datum:
        st.radio(say("datum"), DATUMS, key="datum", format_func=lambda k: say(f"datum_{k}"))
    left, right = st.columns(2)
    # Who may only look takes home what everybody may have.
    roles = ROLES if not desk.k else ("public",)
    if state.export_role not in roles:
        state.export_role = roles[0]
    left.segmented_control(
        say("export_role"), roles, key="export_role", format_func=lambda k: say(f"role_{k}"), required=True
    )
    right.number_input(
        say("export_simplify"),
        0.0,
        500.0,
        step=1.0,
        format="%.0f",
        key="export_simplify",
        help=say("export_simplify_help"),
    )
    tip(f"role_{state.export_role}_about")
    if state.export_role == "public":
        least = max(desk.k, 2)
        state.export_k = max(state.export_k, least)
        st.number_input(say("export_k"), least, 100, step=1, key="export_k")
    datum = chosen.datum or state.datum
    return Wish(chosen.key, state.level, datum, None, state.export_simplify or None, state.export_encoding,
                state.export_role, int(state.export_k))  # fmt: skip


desk = veil.own()
for key in KEPT:
    keep(key)
if empty.without_grids(desk):
    st.stop()
left, right = st.columns([1, 1.9], gap="medium")
with left, st.container(key="exportbox"):
    wish = choices(desk)
    with st.spinner(say("export_making")):
        made = offered(desk, wish)
    if made is not None:
        result(desk, wish, made)
with right:
    picture = mapview.message(desk, st.session_state.level, "none", "name")
    mapview.live_map(desk, picture, key="export_map", height="clamp(260px, calc(60dvh - 150px), 700px)")
    if made is not None:
        sample(desk, made)
