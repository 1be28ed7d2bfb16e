"""Drafts: begin one, put it on the main line place by place, publish a version."""

from __future__ import annotations

import json
from typing import Any

import shapely
import streamlit as st

from app_pages import access, bench, mapview, veil
from app_pages.desk import Desk
from app_pages.panel import banner, number
from app_pages.state import attempt, keep, lang, say, tell
from app_pages.tableview import Column, table
from gridgis import branches, publishing
from gridgis.combining import Comparison, Question
from layers.geojson import to_degrees
from layers.text import safe_text

SIDES = ("base", "ours", "theirs")
HEADS = (("draft", "text"), ("draft_base", "number"), ("draft_edits", "number"), ("draft_state", "tag"), ("draft_by", "text"),
         ("draft_note", "wide"))  # fmt: skip


def begin(desk: Desk) -> None:
    """Begin a draft on the present version."""
    name = st.session_state.draft_name

    def make() -> branches.Branch:
        access.require("save")
        with desk.quiet() as county:
            return branches.start_branch(county, name, by=access.author(), note=st.session_state.draft_about)

    if attempt(make) is not None:
        st.session_state.draft_name = st.session_state.draft_about = ""
        tell(notice=say("draft_begun", name=name))


def combine(desk: Desk, name: str, take: dict[str, str]) -> None:
    """Put a draft on the main line; without an answer for each question only the questions come back."""

    def put() -> tuple[Comparison, Any]:
        access.require("save")
        with desk.quiet() as county:
            return branches.combine(county, name, take, by=access.author())

    done = attempt(put)
    if done is not None and done[1] is not None:
        st.session_state.draft_asked = None
        tell(notice=say("draft_done", name=name, n=done[1].version))
    elif done is not None:
        st.session_state.draft_asked = name


def publish(desk: Desk) -> None:
    """Publish the present version for good."""
    state = st.session_state
    words = {"by": access.author(), "approved_by": state.publish_by, "reason": state.publish_reason}

    def put() -> publishing.Publication:
        access.require("publish")
        with desk.quiet() as county:
            return publishing.publish(county, words=words)

    done = attempt(put)
    if done is not None:
        tell(notice=say("publish_done", n=done.version, k=done.number))


def focus(desk: Desk, question: Question | None) -> dict[str, object] | None:
    """Return the place of a question as the map shows it."""
    if question is None:
        return None
    return {"key": f"draft:{question.key}:{st.session_state.get('draft_turn', 0)}", "bounds": bench.bounds_of(desk, question.geometry),
            "shape": json.loads(shapely.to_geojson(to_degrees(question.geometry, desk.crs)))}  # fmt: skip


def ask(desk: Desk, name: str, found: Comparison) -> Question | None:
    """Show each place where both sides changed the same, and return the one to look at."""
    title, note = say("draft_questions", n=len(found.questions)), say("draft_questions_note")
    st.html(f'<div class="gg-warnings"><b>{safe_text(title)}</b><span>{safe_text(note)}</span></div>')
    take: dict[str, str] = {}
    look: Question | None = None
    for q in found.questions:
        area = number(float(q.row()["area_m2"]))
        st.html(f"<h4>{safe_text(say('draft_place', n=q.number))} · {area} m²</h4>")
        words = q.words_en if lang() == "en" else q.words
        lines = "".join(
            f"<li><b>{safe_text(say(f'draft_side_{s}'))}</b> {safe_text(words[s])}</li>" for s in SIDES if s in words
        )
        st.html(f'<ul class="gg-sides">{lines}</ul>')
        chosen = st.segmented_control(
            say("draft_place", n=q.number), ("ours", "theirs"), key=f"draft_take_{q.key}",
            format_func={"ours": say("draft_ours"), "theirs": say("draft_theirs")}.__getitem__, label_visibility="collapsed",
        )  # fmt: skip
        if chosen:
            take[q.key] = chosen
        if st.session_state.get("draft_look") == q.key:
            look = q
        st.button(say("draft_show"), key=f"draft_look_{q.key}", on_click=lambda key=q.key: show_place(key))
    st.button(say("draft_answer"), key="draft_answer", type="primary", disabled=len(take) < len(found.questions),
              on_click=combine, args=(desk, name, take), width="stretch")  # fmt: skip
    return look


def show_place(key: str) -> None:
    """Move the map to a place when the page is drawn next."""
    st.session_state.draft_look = key
    st.session_state.draft_turn = st.session_state.get("draft_turn", 0) + 1


def drafts_table(known: list[branches.Branch]) -> branches.Branch | None:
    """Show every draft; return the chosen one if it is open."""
    if not known:
        st.html(f'<p class="gg-tip">{safe_text(say("drafts_none"))}</p>')
        return None
    tags = {"open": "note", "combined": "good", "dropped": "plain"}
    rows = [
        [b.name, number(b.base_version), number(b.edits), (tags[b.state], say(f"draft_{b.state}")), b.by, b.note]
        for b in known
    ]
    at = st.session_state.get("draft_at")
    table([Column(say(key), kind) for key, kind in HEADS], rows, key="drafts", height=f"{min(70 + 34 * len(rows), 320)}px", picked=at,
          on_pick=lambda row: st.session_state.update(draft_at=row, draft_asked=None))  # fmt: skip
    chosen = known[at] if at is not None and at < len(known) else None
    return chosen if chosen is not None and chosen.state == "open" else None


def publishing_box(desk: Desk, done: list[publishing.Publication]) -> None:
    """Show what is published, and the way to publish the present version."""
    st.html(f"<h4>{safe_text(say('publish_title', n=desk.version))}</h4>")
    if done:
        last = done[-1]
        st.html(f'<p class="gg-tip">{safe_text(say("published", n=len(done), v=last.version, day=last.in_force))}</p>')
    if access.allowed("publish"):
        left, right = st.columns(2)
        left.text_input(say("publish_reason"), key="publish_reason")
        right.text_input(say("publish_by"), key="publish_by")
        st.button(say("publish_do"), key="publish_do", on_click=publish, args=(desk,))


desk = veil.own()
keep("level")
with desk.quiet() as open_county:
    known_drafts, published = branches.branches(open_county), publishing.publications(open_county)
left, right = st.columns([1.1, 1.3], gap="medium")
looking: Question | None = None
with left:
    banner()
    draft = drafts_table(known_drafts)
    if draft is not None and access.allowed("save"):
        st.button(
            say("draft_combine"), key="draft_combine", on_click=combine, args=(desk, draft.name, {}), width="stretch"
        )
    if draft is not None and st.session_state.get("draft_asked") == draft.name:
        with desk.quiet() as open_county:
            comparison = branches.compare_branch(open_county, draft.name)
        looking = ask(desk, draft.name, comparison)
    if access.allowed("save"):
        with st.container(key="draft_form"):
            st.html(f"<h4>{safe_text(say('draft_new'))}</h4>")
            st.text_input(say("draft"), key="draft_name")
            st.text_input(say("draft_note"), key="draft_about")
            st.button(say("draft_new"), key="draft_begin", on_click=begin, args=(desk,))
    with st.container(key="publish_form"):
        publishing_box(desk, published)
with right:
    picture = mapview.message(desk, st.session_state.level, "none", "code", focus=focus(desk, looking))
    mapview.live_map(desk, picture, key="draft_map", height="clamp(320px, calc(100dvh - 60px), 1200px)")
