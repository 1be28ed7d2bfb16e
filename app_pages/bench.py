"""What happens on the map page: gestures in, proposals confirmed or dropped."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

import gridgis as gg
from app_pages import access, command, compared, gestures, live, news, others, panel
from app_pages.desk import Desk
from app_pages.state import attempt, lang, say, tell
from app_pages.words import WORDS, word
from gridgis.edits import run
from gridgis.errors import GridgisError, InputError, StaleEditError
from gridgis.history import rebased
from gridgis.impact import Impact
from layers import geojson

_TRIES = 3
_TOOLS = ("split", "merge", "transfer", "paint", "reshape", "vertex", "draw")


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
        if st.session_state.proposal is None:
            others.stop(desk)
        tell()
    elif kind in ("overlay", "compare"):
        (compared.begin if kind == "compare" else _overlay)(desk)
    elif kind == "begin":
        others.begin(desk, str(event["code"]))
    elif command.on():
        # No gesture of an emergency may change the plan, nor a key pressed during one.
        tell()
    elif kind in _TOOLS:
        propose(desk, event)
    elif kind == "discard":
        discard(desk)
    elif kind in ("undo", "redo") and st.session_state.contested is None:
        step(desk, kind)
    st.session_state.ack = int(event.get("n", 0))


def _overlay(_: Desk) -> None:
    st.session_state.overlaying = True


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
    for _ in range(_TRIES):
        tell()
        try:
            found = asked(desk, event, state.level)
            if found is None:
                return
            show(desk, found)
        except StaleEditError as error:
            # Somebody has confirmed between the question and the picture of its answer: ask again.
            tell(problem=error)
            continue
        state.gesture = dict(event)
        others.begin(desk, others.about(found.edit))
        return


def asked(desk: Desk, event: Mapping[str, Any], level: str) -> live.Proposal | None:
    """Return what a gesture means on the present plan; None, and a sentence, where it cannot be.

    Raises
    ------
    StaleEditError
        Somebody has confirmed while it was weighed.
    """

    def ask() -> live.Proposal:
        access.require("save")
        return live.proposed(desk, {"selected": list(st.session_state.selected), **event}, level)

    found: live.Proposal | None = attempt(ask, StaleEditError)
    return found


def discard(desk: Desk) -> None:
    """Drop the proposal."""
    show(desk, None)
    others.stop(desk)
    tell()


def confirm(desk: Desk) -> None:
    """Save the proposal as it was shown; others may have been faster."""
    state = st.session_state

    def save() -> gg.Edit:
        access.require("save")
        with desk.quiet() as county:
            return county.apply(state.proposal, by=access.author(), reason=state.reason.strip())

    try:
        done = attempt(save, StaleEditError)
    except StaleEditError as error:
        catch_up(desk)
        if state.contested is None:
            tell(problem=error)
        return
    if done is None:
        return
    settle(desk, done)
    show(desk, None)
    others.stop(desk)
    state.reason = ""
    state.selected = tuple(c for c in panel.after_codes(done, desk.scheme.width(state.level)) if c in desk.plan.grids)


def again(desk: Desk) -> None:
    """Ask the same of the plan as it stands now; where it no longer can be, what was drawn stays."""
    state = st.session_state
    level, gesture = state.proposal_level, state.gesture
    command = state.proposal.command
    def repeat() -> bool:
        found = asked(desk, gesture, level) if gesture else live.weighed(desk, run(desk.plan, command), (), level)
        if found is not None:
            show(desk, found)
        return found is not None

    if attempt(repeat):
        state.gesture = gesture
        tell()


def catch_up(desk: Desk) -> None:
    """Take in what others have saved: a line about it, and the proposal on the plan as it now is."""
    state = st.session_state
    now = desk.version
    told = news.story(desk, state.seen or now, now)
    state.seen = now
    words = [told, _follow(desk, told) if state.proposal is not None else _kept(desk)]
    if state.contested is not None:
        # The question tells it.
        words = []
    state.notice = ("" if lang() == "zh" else " ").join(w for w in words if w) or None


def _follow(desk: Desk, told: str) -> str:
    """Carry the proposal over to the present plan; where somebody was faster, leave a question."""
    state = st.session_state
    level, gesture, notes = state.proposal_level, state.gesture, state.notes
    try:
        show(desk, live.weighed(desk, rebased(desk.plan, state.proposal), notes, level))
    except GridgisError:
        state.contested, state.preview = told or state.contested or "", None
        return ""
    state.gesture = gesture
    return say("kept_choice") if told else ""


def _kept(desk: Desk) -> str:
    """Keep what is still there of the selection; say what is not."""
    state = st.session_state
    grids = desk.plan.grids
    gone = [c for c in state.selected if c not in grids]
    state.selected = tuple(c for c in state.selected if c in grids)
    return say("gone_choice", codes=("、" if lang() == "zh" else ", ").join(gone[:3])) if gone else ""


def step(desk: Desk, way: str) -> None:
    """Undo or redo one edit."""

    def move() -> gg.Edit:
        access.require("save")
        with desk.quiet() as county:
            return (county.undo if way == "undo" else county.redo)(by=access.author())

    done = attempt(move)
    if done is not None:
        show(desk, None)
        others.stop(desk)
        settle(desk, done)


def settle(desk: Desk, done: gg.Edit) -> None:
    """Say what was saved; the version is ours, so the watch need not announce it."""
    row = {"kind": done.kind, "voided": done.voided, "created": done.created, "undoes": done.undoes}
    version = done.version or desk.version
    meanwhile = news.story(desk, st.session_state.seen, version - 1) if st.session_state.seen else ""
    st.session_state.seen = version
    tell(notice=say("saved", what=panel.logged(row), n=version) + meanwhile)


def steps(desk: Desk) -> tuple[str | None, str | None]:
    """Return what undo and redo would do, in words; None where there is nothing."""
    with desk.quiet() as county:
        past, log = county.history(), county.log().set_index("version")
    ends = [line[-1] if line else None for line in (past.done, past.undone)]
    return tuple(None if v is None else _entry(log, v) for v in ends)  # type: ignore[return-value]


def _entry(log: pd.DataFrame, version: int) -> str:
    row = log.loc[version]
    return panel.logged(row.to_dict())


def show(desk: Desk, found: live.Proposal | None) -> None:
    """Put a proposal before the planner, or none; its level stays when the map changes to another."""
    state = st.session_state
    preview = None if found is None else live.polygons(desk, found.edit, found.level, lang())
    state.gesture = state.contested = state.proposal = None
    state.notes = state.consequences = ()
    state.preview = preview
    if found is not None:
        state.consequences = consequences(found.found)
        state.proposal, state.notes, state.proposal_level = found.edit, found.notes, found.level


def consequences(found: Impact) -> tuple[gestures.Note, ...]:
    """Return what else an edit would do, in sentences: whose code stays, buildings cut, incidents that move."""
    out = list(found.keeps)
    if found.cut_before or found.cut_after:
        values = {"a": found.cut_before, "b": found.cut_after}
        out.append((word("live_cut", "zh", **values), word("live_cut", "en", **values)))
    moved = sum(max(s.change("incidents"), 0.0) for s in found.shares)
    if moved:
        out.append((word("live_moved", "zh", n=f"{moved:,.0f}"), word("live_moved", "en", n=f"{moved:,.0f}")))
    return tuple(out)


def drawn() -> dict[str, Any] | None:
    """Return what was drawn for a proposal that somebody was faster than, as the map shows it."""
    state = st.session_state
    gesture = state.gesture or {}
    line, area = gesture.get("line"), gesture.get("area")
    if state.contested is None:
        return None
    if line:
        shape = {"type": "LineString", "coordinates": line}
    elif area:
        shape = {"type": "Polygon", "coordinates": [[*area, area[0]]]}
    else:
        return None
    return {"key": f"drawn:{gesture.get('n', 0)}:{state.seen}", "shape": shape}


def refusal(desk: Desk) -> dict[str, Any] | None:
    """Return why the last gesture was refused, and the place it is about, as the map shows it."""
    state = st.session_state
    if not state.problem:
        return None
    words = state.problem[1] if lang() == "en" else state.problem[0]
    return {"key": f"{state.ack}:{words}", "words": words, "at": live.place_of(desk, state.problem_at)}


def bounds_of(desk: Desk, shape: Any) -> list[float]:
    """Return west, south, east, north of a shape of the county, in degrees."""
    return [float(v) for v in geojson.to_degrees(shape, desk.county.crs).bounds]
