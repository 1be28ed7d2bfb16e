"""The planner's desk: the map, the tools, figures before and after, confirm, undo."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app_pages import (
    access,
    bench,
    command,
    compared,
    extras,
    mapview,
    opened,
    others,
    panel,
    plandesk,
    serviceview,
    veil,
    viewlink,
)
from app_pages.desk import Desk
from app_pages.state import keep, lang, say
from app_pages.watch import watch
from layers.page import COMMAND_TOOLS, TOOLS
from layers.text import plain_label, safe_text


def controls(desk: Desk) -> None:
    """Show level, colour and labels in one row above the map."""
    # A grid's card stands in place of this choice, which a run of this part alone would forget.
    keep("classing")
    mode, level, search, figure, labels = st.columns([2, 5, 2, 2, 2], vertical_alignment="center")
    if access.allowed("save"):
        mode.segmented_control(
            say("mode"), ("peace", "emergency"), key="mode", format_func=lambda k: say(f"mode_{k}"), required=True,
            label_visibility="collapsed", on_change=command.turned,
        )  # fmt: skip
    names = {v.key: panel.level_label(desk, v.key) for v in desk.scheme.levels}
    level.segmented_control(
        say("level"), list(names), key="level", format_func=names.__getitem__, required=True, label_visibility="collapsed"
    )
    search.text_input(say("search"), key="search", placeholder=say("search"), label_visibility="collapsed", max_chars=40,
                      on_change=bench.find, args=(desk,))  # fmt: skip
    figure.selectbox(
        say("colour_by"), mapview.FIGURES, key="figure", label_visibility="collapsed",
        format_func=lambda k: f"{say('colour_by')} · {say('fig_' + k)}",
    )  # fmt: skip
    labels.selectbox(
        say("labels"), ("code", "name", "none"), key="labels", label_visibility="collapsed",
        format_func=lambda k: f"{say('labels')} · {say('label_' + k)}",
    )  # fmt: skip


def proposal(desk: Desk) -> None:
    """Show the proposal with its figures and the two ways out of it."""
    state = st.session_state
    if state.contested is not None:
        question(desk)
        return
    edit = state.proposal
    st.html(f"<h4>{say('proposal')}：{say('kind_' + edit.kind)}</h4>" if lang() == "zh"
            else f"<h4>{say('proposal')}: {say('kind_' + edit.kind)}</h4>")  # fmt: skip
    panel.comparison(desk, edit, state.proposal_level)
    serviceview.change(desk, edit)
    panel.remarks([*state.notes, *edit.notes, *state.consequences])
    st.text_input(say("reason"), key="reason", max_chars=200, placeholder=say("reason_hint"))
    yes, no = st.columns(2)
    yes.button(say("confirm"), key="confirm", type="primary", on_click=bench.confirm, args=(desk,), width="stretch")
    no.button(say("discard"), key="discard", on_click=bench.discard, args=(desk,), width="stretch")


def question(desk: Desk) -> None:
    """Ask what to do with a proposal whose grids somebody else has changed; nothing of it is lost."""
    story = st.session_state.contested
    st.html(
        f"<h4>{safe_text(say('contested'))}</h4>"
        f'<p class="gg-ask">{safe_text(say("contested_what", story=story).strip())}</p>'
        f'<p class="gg-tip">{safe_text(say("contested_ask"))}</p>'
    )
    yes, no = st.columns(2)
    yes.button(say("look_again"), key="again", type="primary", on_click=bench.again, args=(desk,), width="stretch")
    no.button(say("discard"), key="discard", on_click=bench.discard, args=(desk,), width="stretch")


def undo_redo(desk: Desk) -> None:
    """Show undo and redo with what they would do."""
    back, forth = bench.steps(desk)
    for column, way, target in zip(st.columns(2), ("undo", "redo"), (back, forth), strict=True):
        tip = say(f"{way}_what", what=plain_label(target)) if target else say(f"nothing_{way}")
        icon = f":material/{way}:"
        column.button(say(way), key=way, icon=icon, help=tip, disabled=target is None, width="stretch",
                      on_click=bench.step, args=(desk, way))  # fmt: skip


def about(desk: Desk) -> dict[str, Any]:
    """Return what the map needs beside its grids: what can be laid over it, the link to its view, its heading on paper."""
    state = st.session_state
    offered = [*extras.offer(desk, state.level, lang()), *opened.offer(desk)]
    return {"extras": offered, "address": viewlink.spoken(), "view": state.link_view, "paper": viewlink.paper(desk)}


@st.fragment
def workbench(desk: Desk) -> None:
    """Map and panel together: a gesture runs this again and nothing else."""
    state, writes = st.session_state, access.allowed("save")
    if state.compare and writes:
        st.rerun()
    controls(desk)
    tools = COMMAND_TOOLS if command.on() else TOOLS if writes else TOOLS[:1]
    if command.on():
        st.html(f"<style>{command.CALM}</style>")
    left, right = st.columns([2.55, 1], gap="small")
    with left:
        shown = {"selected": list(state.selected), "preview": state.preview, "focus": bench.drawn() or state.goto,
                 "present": others.on_map(), "proposal": plandesk.traced(desk), "refusal": bench.refusal(desk)}  # fmt: skip
        if command.on():
            shown = {"focus": state.goto} | command.picture(desk, desk.frame(state.level)[1].index)
        picture = mapview.message(desk, state.level, state.figure, state.labels, ack=state.ack, **shown, **about(desk))
        mapview.live_map(desk, picture, key="map", height="calc(100dvh - 86px)", tools=tools,
                         on_event=lambda: bench.on_event(desk))  # fmt: skip
    with right, st.container(height="stretch", key="panel"):
        panel.banner()
        veil.told(desk)
        others.line()
        if state.overlaying:
            opened.card(desk)
        if command.on():
            command.card(desk)
            if len(state.selected) == 1:
                panel.grid_card(desk, state.level, state.selected[0])
            return
        if writes and state.proposal is not None:
            proposal(desk)
        elif len(state.selected) == 1:
            panel.grid_card(desk, state.level, state.selected[0])
        elif state.selected:
            panel.selection_card(desk, state.level, state.selected)
        else:
            panel.overview(desk, state.level)
        if writes:
            undo_redo(desk)
        panel.history(desk)


desk = veil.own()
viewlink.take(desk)
for choice in ("level", "figure", "labels", "reason", "search", "mode", "radius"):
    keep(choice)
watch(desk)
if st.session_state.compare and access.allowed("save"):
    compared.show(desk)
else:
    workbench(desk)
