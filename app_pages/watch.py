"""The watch on the map page: every few seconds a look at what others saved, and at who edits where."""

from __future__ import annotations

import streamlit as st

from app_pages import bench, others
from app_pages.desk import Desk
from app_pages.state import attempt


@st.fragment(run_every=3)
def watch(desk: Desk) -> None:
    """Ask the store for its version and who is there; show the page again only when one of them is new."""
    attempt(lambda: _look(desk))


def _look(desk: Desk) -> None:
    state = st.session_state
    now, changed = desk.version, others.look(desk)
    if state.seen in (0, now):
        state.seen = now
    else:
        bench.catch_up(desk)
        changed = True
    if changed:
        st.rerun()
