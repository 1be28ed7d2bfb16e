"""An emergency that has begun: call list on paper, tasks of the grids, back to peace."""

from __future__ import annotations

import streamlit as st

from app_pages import access
from app_pages.desk import Desk
from app_pages.state import attempt, lang, say, tell
from gridgis import emergency, peoplebook
from gridgis.emergency import STATUSES, Emergency
from gridgis.io.workbook import workbook_bytes
from gridgis.print.calls import call_list, emergency_sheets
from gridgis.staff.commanding import Situation
from layers.text import safe_text


def papers(desk: Desk, found: Situation) -> None:
    """Offer the call list as PDF, and the emergency: to begin, to report on, to end."""
    words = lang()
    with desk.quiet() as county:
        going = next((e for e in emergency.emergencies(county) if not e.ended), None)

    def pdf() -> bytes:
        with desk.quiet() as county:
            return call_list(county, found, words, going).pdf()

    st.download_button(say("alarm_pdf"), data=pdf, file_name=f"{desk.county.code}_command.pdf", mime="application/pdf",
                       on_click="ignore", key="command_pdf", width="stretch")  # fmt: skip
    if not access.allowed("save"):
        return
    if going is None:
        st.text_input(say("alarm_name"), key="alarm_name", max_chars=60)
        st.button(say("alarm_begin"), key="alarm_begin", on_click=begin, args=(desk, found), width="stretch",
                  disabled=not st.session_state.alarm_name.strip())  # fmt: skip
    else:
        tasks(desk, going)


def begin(desk: Desk, found: Situation) -> None:
    """Begin the emergency under the name typed."""

    def do() -> Emergency:
        access.require("save")
        with desk.quiet() as county:
            return emergency.begin(county, found, st.session_state.alarm_name, access.author())

    tell()
    attempt(do)


def tasks(desk: Desk, going: Emergency) -> None:
    """Show how far the emergency is, with the fields to log a status, and the way back to peace."""
    other, plan, left = int(lang() == "en"), desk.plan, going.open_tasks
    done = len(going.tasks) - len(left)
    st.html(f"<h4>{safe_text(say('alarm_going', name=going.name, done=done, all=len(going.tasks)))}</h4>")
    st.progress(done / max(len(going.tasks), 1))

    def named(code: str) -> str:
        grid = plan.grids.get(code)
        return f"{grid.name if grid else code} · {STATUSES[going.tasks[code].status][other]}"

    st.selectbox(say("alarm_grid"), list(going.tasks), format_func=named, key="alarm_code")
    st.selectbox(say("alarm_status"), list(STATUSES), format_func=lambda k: STATUSES[k][other], key="alarm_status")
    st.text_input(say("alarm_note"), key="alarm_note", max_chars=200)
    st.button(say("alarm_report"), key="alarm_report", on_click=report, args=(desk, going.id), width="stretch")
    anyway = st.checkbox(say("alarm_end_open", n=len(left)), key="alarm_anyway") if left else True
    st.button(say("alarm_end"), key="alarm_end", on_click=end, args=(desk, going.id), width="stretch", disabled=not anyway)
    words = lang()

    def book() -> bytes:
        with desk.quiet() as county:
            found = peoplebook.command_of(county, going.area)
            return workbook_bytes([*peoplebook.command_sheets(found, county.scheme, words), *emergency_sheets(plan, going, words)])

    st.download_button(say("alarm_xlsx"), data=book, file_name=f"{going.id}.xlsx", on_click="ignore", key="alarm_xlsx",
                       width="stretch")  # fmt: skip


def report(desk: Desk, key: str) -> None:
    """Log the status chosen."""
    state = st.session_state

    def do() -> Emergency:
        access.require("save")
        with desk.quiet() as county:
            words = (str(state.alarm_note), access.author())
            return emergency.report_task(county, key, state.alarm_code, state.alarm_status, words)

    tell()
    if attempt(do) is not None:
        state.alarm_note = ""


def end(desk: Desk, key: str) -> None:
    """Go back to peace."""

    def do() -> Emergency:
        access.require("save")
        with desk.quiet() as county:
            return emergency.end(county, key, by=access.author(), anyway=bool(st.session_state.get("alarm_anyway")))

    tell()
    attempt(do)
