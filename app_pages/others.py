"""Who else edits where: told by a line in the panel and a mark on the map."""

from __future__ import annotations

import secrets
import time
from contextlib import suppress
from typing import Any

import streamlit as st

from app_pages import access
from app_pages.desk import Desk
from app_pages.state import say
from gridgis.errors import StoreError
from gridgis.store import presence
from layers.text import safe_text

_AGAIN_S = 20.0


def me() -> str:
    """Return what tells this session from all others."""
    state = st.session_state
    if not state.get("desk_id"):
        state.desk_id = secrets.token_hex(8)
    return str(state.desk_id)


def begin(desk: Desk, code: str) -> None:
    """Tell the others that an edit of a grid has begun, or goes on."""
    state = st.session_state
    if not code or not access.allowed("save"):
        return
    told = state.editing
    if told is not None and told[0] == code and time.monotonic() - told[1] < _AGAIN_S:
        return
    state.editing = (code, time.monotonic())
    # A courtesy: where it cannot be kept, the work goes on.
    with suppress(StoreError):
        presence.announce(desk.county.store, me(), presence.Present(access.short(access.author()), code))


def stop(desk: Desk) -> None:
    """Tell the others that nothing is being edited any more."""
    state = st.session_state
    if state.editing is not None:
        state.editing = None
        with suppress(StoreError):
            presence.leave(desk.county.store, me())


def look(desk: Desk) -> bool:
    """See who is there, keep up one's own sign of life; tell whether anything is new."""
    state = st.session_state
    if state.proposal is not None:
        begin(desk, about(state.proposal))
    elif state.editing is not None and time.monotonic() - state.editing[1] > presence.KEPT_S:
        state.editing = None
    found = tuple(presence.present(desk.county.store, me()))
    changed = found != state.others
    state.others = found
    return bool(changed)


def about(edit: Any) -> str:
    """Return the code that an edit is about, the first of its widest level."""
    codes = sorted(edit.before, key=lambda c: (len(c), c))
    return codes[0] if codes else ""


def line() -> None:
    """Show who else is editing, in one discreet line."""
    others = st.session_state.others
    if not others:
        return
    first = say("present_one", who=others[0].who or say("somebody"), code=others[0].code)
    more = f" · {say('present_more', n=len(others) - 1)}" if len(others) > 1 else ""
    st.html(f'<p class="gg-present" role="status">{safe_text(first + more)}</p>')


def on_map() -> list[dict[str, str]]:
    """Return the marks of others as the map shows them."""
    return [{"code": p.code, "who": p.who or say("somebody")} for p in st.session_state.others]
