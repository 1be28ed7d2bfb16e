"""What one planner has chosen: kept in the session, never frames and never the plan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from app_pages.words import LANGUAGES, word
from gridgis.errors import GridgisError

DEFAULTS: tuple[tuple[str, Any], ...] = (
    ("level", None),
    ("figure", "households"),
    ("labels", "code"),
    ("selected", ()),
    ("proposal", None),
    ("preview", None),
    ("notes", ()),
    ("consequences", ()),
    ("ack", 0),
    ("problem", None),
    ("problem_at", None),
    ("notice", None),
    ("author", ""),
    ("reason", ""),
    ("period", "days_365"),
    ("show_as", "as_heat"),
    ("categories", []),
    ("datum", "cgcs2000"),
    ("export_format", "geojson"),
    ("export_encoding", "utf-8"),
    ("export_role", "internal"),
    ("export_k", 10),
    ("export_simplify", 0.0),
    ("seen", 0),
    ("gesture", None),
    ("contested", None),
    ("desk_id", ""),
    ("editing", None),
    ("others", ()),
    ("search", ""),
    ("goto", None),
    ("mode", "peace"),
    ("danger", None),
    ("radius", 300),
    ("peace_selected", ()),
    ("register_kind", "register"),
    ("register_role", ""),
    ("register_drop", ()),
    ("register_upload", None),
    ("register_turn", 0),
    ("import_kind", "grids"),
    ("import_upload", None),
    ("import_turn", 0),
    ("import_trial", None),
    ("import_job", None),
    ("import_result", None),
    ("people_table", "vacancies"),
    ("people_role", ""),
    ("people_row", None),
)


def prepare() -> None:
    """Give a new session its first choices; the language comes with the address."""
    state = st.session_state
    if "lang" not in state:
        asked = st.query_params.get("lang")
        state.lang = asked if asked in LANGUAGES else "zh"
    for key, value in DEFAULTS:
        state.setdefault(key, value)


def lang() -> str:
    """Return the language of the session."""
    return str(st.session_state.get("lang", "zh"))


def say(key: str, **values: object) -> str:
    """Return a word in the language of the session."""
    return word(key, lang(), **values)


def keep(key: str) -> None:
    """Hold a choice while its widget is on another page, where Streamlit would forget it."""
    if key in st.session_state:
        st.session_state[key] = st.session_state[key]


def tell(problem: GridgisError | None = None, notice: str | None = None) -> None:
    """Leave one sentence for the next picture of the page: a problem, or what was done."""
    st.session_state.problem = (unlocking(problem.zh), unlocking(problem.en)) if problem else None
    st.session_state.problem_at = problem.place if problem else None
    st.session_state.notice = notice


def unlocking(sentence: str) -> str:
    """Return a sentence of the kernel with the padlock of the map in place of the option of the command line."""
    return sentence.replace("请加 --unlock", "请先点地图上方的锁解锁").replace("add --unlock", "open the padlock above the map")


def attempt(action: Callable[[], Any], *but: type[GridgisError]) -> Any:
    """Do something that may be refused; a refusal becomes the one sentence on the page, or is raised if of a kind in `but`."""
    try:
        return action()
    except GridgisError as error:
        if isinstance(error, but):
            raise
        tell(problem=error)
        return None
