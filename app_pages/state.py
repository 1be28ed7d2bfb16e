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
    ("classing", "quantiles"),
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
    ("filter_status", []),
    ("filter_handled", []),
    ("filter_within", []),
    ("heat_radius", 300),
    ("hot_of", "count"),
    ("rate_of", "households"),
    ("share_of", "within_2d"),
    ("public_view", False),
    ("incident_row", None),
    ("timeline", False),
    ("time_step", "month"),
    ("time_frame", None),
    ("time_next", None),
    ("playing", False),
    ("trend_step", "week"),
    ("incident_side", "side_facts"),
    ("plan_version", 0),
    ("load_part", "workload"),
    ("load_period", "days_all"),
    ("load_colour", "workload"),
    ("load_table", "workload"),
    ("load_row", None),
    ("alert_raster", None),
    ("alert_side", "above"),
    ("alert_limit", None),
    ("alert_begun", None),
    ("alert_measure", "max"),
    ("alert_table", "alerts"),
    ("source_table", "conflicts"),
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
    ("first_job", None),
    ("first_kind", "demo"),
    ("first_trial", None),
    ("first_upload", None),
    ("first_holds", "outline"),
    ("first_example", "dehua"),
    ("first_scheme", "generic"),
    ("hist_from", 0),
    ("hist_to", 0),
    ("hist_figure", "change"),
    ("hist_table", "grids"),
    ("hist_code", None),
    ("set_turn", 0),
    ("import_kind", "grids"),
    ("import_upload", None),
    ("import_turn", 0),
    ("import_trial", None),
    ("import_spot", None),
    ("import_job", None),
    ("import_result", None),
    ("case_view", "open"),
    ("case", None),
    ("case_at", 0),
    ("case_spot", None),
    ("case_turn", 0),
    ("case_ack", 0),
    ("people_table", None),
    ("print_kind", "signs"),
    ("print_top", None),
    ("print_code", None),
    ("print_report", "check"),
    ("alarm_name", ""),
    ("people_role", ""),
    ("people_row", None),
    ("plan_job", None),
    ("plan_asked", None),
    ("plan_at", 0),
    ("plan_drawn", None),
    ("plan_ack", 0),
    ("plan_pair", False),
    ("trace", None),
    ("opened", ()),
    ("overlaying", False),
    ("link_taken", False),
    ("link_view", None),
    ("compare", False),
    ("compare_left", "now"),
    ("compare_right", "now"),
    ("check_town", ""),
    ("check_severity", ()),
    ("check_households", 0),
    ("check_rule", ""),
    ("check_reason", ""),
    ("check_until", None),
    ("check_to", ""),
)


LASTING = ("show_as", "period", "own_period", "categories", "filter_status", "filter_handled", "filter_within", "heat_radius",
           "hot_of", "rate_of", "share_of", "public_view", "timeline", "time_step", "time_frame", "trend_step", "incident_side",
           "plan_version")  # fmt: skip
"""Choices of the incidents page that stay while another page is looked at; so do the weights of heat, ``weight_...``."""


def prepare() -> None:
    """Give a new session its first choices; the language comes with the address."""
    state = st.session_state
    if "lang" not in state:
        asked = st.query_params.get("lang")
        state.lang = asked if asked in LANGUAGES else "zh"
    keep("classing")
    for key, value in DEFAULTS:
        state.setdefault(key, value)
    for key in [*LASTING, *(str(k) for k in state if str(k).startswith("weight_"))]:
        keep(key)


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
