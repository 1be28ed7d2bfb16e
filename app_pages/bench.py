"""What happens on the map page: gestures in, proposals confirmed or dropped, colleagues noticed."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

import gridgis as gg
from app_pages import command, gestures, panel
from app_pages.desk import Desk
from app_pages.state import attempt, say, tell
from app_pages.words import WORDS
from gridgis.edits import run
from gridgis.errors import InputError
from layers import geojson, grids

_TOOLS = ("split", "merge", "transfer", "paint")


def on_event(desk: Desk) -> None:
    """Take one finished gesture from the map."""
    event = (st.session_state.get("map") or {}).get("event")
    if event:
        take(desk, event)


def take(desk: Desk, event: Mapping[str, Any]) -> None:
    """Do what a gesture asks for; its number goes back to the map as the answer."""
    kind = event.get("type")
    if kind in ("area", "spot"):
        command.take(desk, event)
    elif kind == "select":
        st.session_state.selected = tuple(str(c) for c in event["codes"])
        tell()
    elif command.on():
        # No gesture of an emergency may change the plan, nor a key pressed during one.
        tell()
    elif kind in _TOOLS:
        propose(desk, event)
    elif kind == "discard":
        discard(desk)
    elif kind in ("undo", "redo"):
        step(desk, kind)
    st.session_state.ack = int(event.get("n", 0))


def find(desk: Desk) -> None:
    """Select the grid whose code or name was typed, and go there; an exact end of a code comes first."""
    state = st.session_state
    wanted = state.search.strip()
    if not wanted:
        return
    _, frame = desk.frame(state.level)
    codes = frame.index.astype(str)
    by_code, by_name = codes.str.endswith(wanted), frame["name"].str.contains(wanted, regex=False).to_numpy()
    found = [*codes[by_code & wanted.isdigit()], *codes[by_name]]
    if not found:
        tell(problem=InputError(*(t.format(text=wanted) for t in WORDS["not_found"])))
        return
    state.selected = (found[0],)
    state.goto = {"key": f"find:{found[0]}:{time.time_ns()}", "bounds": bounds_of(desk, frame.geometry[found[0]])}
    tell()


def propose(desk: Desk, event: Mapping[str, Any]) -> None:
    """Ask the kernel what a gesture would do; nothing is saved."""
    state = st.session_state
    tell()
    plan = desk.plan
    _, frame = desk.frame(state.level)
    found = attempt(lambda: gestures.propose(plan, frame, event, state.selected))
    if found is not None:
        show(desk, *found)


def discard(desk: Desk) -> None:
    """Drop the proposal."""
    show(desk, None)
    tell()


def confirm(desk: Desk) -> None:
    """Save the proposal as it was shown; others may have been faster."""
    state = st.session_state
    with desk.quiet() as county:
        done = attempt(lambda: county.apply(state.proposal, by=state.author.strip(), reason=state.reason.strip()))
    if done is None:
        return
    settle(desk, done)
    show(desk, None)
    state.reason = ""
    state.selected = tuple(c for c in panel.after_codes(done, desk.scheme.width(state.level)) if c in desk.plan.grids)


def again(desk: Desk) -> None:
    """Ask the same of the plan as it stands now."""
    edit = attempt(lambda: run(desk.plan, st.session_state.proposal.command))
    if edit is not None:
        show(desk, edit, level=st.session_state.proposal_level)
        tell()


def step(desk: Desk, way: str) -> None:
    """Undo or redo one edit."""
    with desk.quiet() as county:
        move = county.undo if way == "undo" else county.redo
        done = attempt(lambda: move(by=st.session_state.author.strip()))
    if done is not None:
        show(desk, None)
        settle(desk, done)


def settle(desk: Desk, done: gg.Edit) -> None:
    """Say what was saved; the version is ours, so the watch need not announce it."""
    row = {"kind": done.kind, "voided": done.voided, "created": done.created, "undoes": done.undoes}
    st.session_state.seen = desk.version
    tell(notice=say("saved", what=panel.logged(row), n=done.version))


def steps(desk: Desk) -> tuple[str | None, str | None]:
    """Return what undo and redo would do, in words; None where there is nothing."""
    with desk.quiet() as county:
        past, log = county.history(), county.log().set_index("version")
    ends = [line[-1] if line else None for line in (past.done, past.undone)]
    return tuple(None if v is None else _entry(log, v) for v in ends)  # type: ignore[return-value]


def _entry(log: pd.DataFrame, version: int) -> str:
    row = log.loc[version]
    return panel.logged(row.to_dict())


def preview(desk: Desk, edit: gg.Edit, level: str) -> dict[str, Any]:
    """Return the polygons an edit of the present plan would leave, as the map shows them."""
    codes = panel.after_codes(edit, desk.scheme.width(level))
    after = gg.evolve(desk.plan, edit)
    unit = say("unit_households") or say("fig_households").lower()
    words = [f"{panel.number(edit.after[c]['households'])} {unit}" for c in codes]
    shapes = [after.grid_geometry(c) for c in codes]
    return {
        "key": f"{edit.base_version}:{time.time_ns()}", "before": sorted(edit.before),
        "after": json.loads(grids.preview(codes, shapes, words, desk.crs)),
    }  # fmt: skip


def show(desk: Desk, edit: gg.Edit | None, notes: tuple[gestures.Note, ...] = (), level: str = "") -> None:
    """Put a proposal before the planner, or none; its level stays when the map changes to another."""
    state = st.session_state
    level = level or state.level
    state.preview = preview(desk, edit, level) if edit is not None else None
    state.proposal, state.notes, state.proposal_level = edit, notes, level


@st.fragment(run_every=4)
def watch(desk: Desk) -> None:
    """Look for what colleagues save, and show the page again when there is something new."""
    state = st.session_state
    now = desk.version
    if state.seen in (0, now):
        state.seen = now
        return
    with desk.quiet() as county:
        row = county.log().iloc[-1].to_dict()
    state.seen = now
    who = row.get("by") or say("somebody")
    tell(notice=say("colleague", who=who, what=panel.logged(row), n=now))
    st.rerun()


def bounds_of(desk: Desk, shape: Any) -> list[float]:
    """Return west, south, east, north of a shape of the county, in degrees."""
    return [float(v) for v in geojson.to_degrees(shape, desk.county.crs).bounds]
