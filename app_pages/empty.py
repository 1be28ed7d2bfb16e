"""What a page says while there is nothing for it to show: why, and where to go next."""

from __future__ import annotations

import streamlit as st

from app_pages import access
from app_pages.desk import Desk
from app_pages.state import say
from layers.text import safe_text


def card(title: str, note: str, *pages: str) -> None:
    """Show why there is nothing here, and links to the pages where that is changed.

    Parameters
    ----------
    title, note
        Keys of the words.
    *pages
        Keys of pages.
    """
    with st.container(key=f"empty_{title}"):
        st.html(f"<h3>{safe_text(say(title))}</h3><p>{safe_text(say(note))}</p>")
        for page in filter(access.offered, pages):
            st.page_link(f"app_pages/{page}_page.py", label=say("empty_go", page=say(page)), icon=":material/arrow_forward:")


def without_grids(desk: Desk) -> bool:
    """Tell whether the county has no grids yet, and say what to do about it."""
    if desk.plan.grids:
        return False
    card("empty_grids", "empty_grids_note", "import", "plan")
    return True
