"""Print: signboards, atlas, change form and reports, set on demand and downloaded."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from app_pages import empty, incidentdesk, veil
from app_pages.address import prefix
from app_pages.desk import Desk
from app_pages.panel import level_label
from app_pages.print_tools import packed, studio
from app_pages.state import keep, lang, say
from gridgis.errors import GridgisError
from gridgis.print.atlas import atlas
from gridgis.print.boards import board
from gridgis.print.forms import change_of, form_document, form_workbook
from gridgis.print.reports import KINDS, report
from layers.text import safe_text

PAPERS = ("signs", "atlas", "form", "report")
PDF = "application/pdf"


def offer(key: str, label: str, make: Callable[[], bytes], name: str, kind: str = PDF) -> None:
    """Show a button that sets a paper when it is pressed."""
    st.download_button(label, data=make, file_name=name, mime=kind, key=key, on_click="ignore", width="stretch",
                       icon=":material/download:")  # fmt: skip


def within(desk: Desk) -> tuple[str, list[str]]:
    """Ask for a grid of the coarsest level and a level below; return the first, and the codes of the second in it."""
    plan, scheme, state = desk.plan, desk.scheme, st.session_state
    tops = next(filter(None, map(plan.codes, scheme.level_keys)))
    names = {c: plan.grids[c].name or c for c in plan.grids}
    if state.print_top not in tops:
        state.print_top = tops[0]
    top: str = st.selectbox(say("print_top"), tops, format_func=lambda c: f"{names[c]} {c}", key="print_top")
    levels = {k: level_label(desk, k) for k in scheme.level_keys if any(c.startswith(top) for c in plan.codes(k))}
    if len(levels) > 1:
        levels.pop(plan.grids[top].level)
    if state.level not in levels:
        state.level = list(levels)[-1]
    st.segmented_control(say("level"), list(levels), key="level", format_func=levels.__getitem__, required=True)
    return top, [c for c in plan.codes(state.level) if c.startswith(top)]


def signs(desk: Desk) -> str | None:
    """Offer the board of a grid, and all of a township; return the code to preview."""
    words, (top, codes) = lang(), within(desk)
    if st.session_state.print_code not in codes:
        st.session_state.print_code = codes[0]
    plan = desk.plan
    code: str = st.selectbox(say("print_code"), codes, format_func=lambda c: f"{plan.grids[c].name or c} {c}", key="print_code")
    left, right = st.columns(2)
    with left:
        offer("sign_pdf", say("print_pdf"), lambda: board(studio(desk, words), code)[0], f"{code}.pdf")
    with right:
        offer("sign_png", say("print_png"), lambda: board(studio(desk, words), code, ("png",))[0], f"{code}.png", "image/png")
    offer("sign_all", say("print_all", n=len(codes)), lambda: packed(studio(desk, words), codes), f"{top}_signs.zip", "application/zip")
    st.html(f'<p class="gg-tip">{safe_text(say("print_all_note"))}</p>')
    return code


def book(desk: Desk) -> None:
    """Offer the atlas of a township."""
    words, (top, codes) = lang(), within(desk)
    level = st.session_state.level
    offer("atlas_pdf", say("print_atlas_pdf", n=len(codes)), lambda: atlas(studio(desk, words), top, level), f"{top}_atlas.pdf")


def form(desk: Desk) -> None:
    """Offer the change form between two versions."""
    words, newest = lang(), desk.version
    if newest < 2:
        st.html(f'<p class="gg-tip">{safe_text(say("print_one_version"))}</p>')
        return
    first, second = st.select_slider(say("print_versions"), list(range(1, newest + 1)), (newest - 1, newest), key="print_versions")
    if first == second:
        return
    try:
        with desk.quiet() as county:
            change = desk.once(("form", first, second), lambda: change_of(county, first, second))
    except GridgisError as error:
        st.html(f'<p class="gg-problem" role="alert">{safe_text(error.words(words))}</p>')
        return
    name = f"{desk.county.code}_v{first}-v{second}"
    offer("form_pdf", say("print_form_pdf"), lambda: form_document(change, words).pdf(), f"{name}.pdf")
    offer("form_xlsx", say("print_form_xlsx"), lambda: form_workbook(change, words), f"{name}.xlsx", "application/octet-stream")


def reports(desk: Desk) -> None:
    """Offer the reports."""
    words = lang()
    kind = st.segmented_control(say("print_which"), KINDS, key="print_report", format_func=lambda k: say(f"report_{k}"), required=True)
    month = None
    if kind == "incidents":
        found = sorted(set(incidentdesk.every(desk)["at"].dropna().astype(str).str[:7]), reverse=True)
        month = st.selectbox(say("print_month"), found, key="print_month") if found else None

    def made() -> bytes:
        with desk.quiet() as county:
            return report(county, str(kind), words, month).pdf()

    offer("report_pdf", say("print_report_pdf"), made, f"{desk.county.code}_{kind}.pdf")


desk = veil.own()
for key in ("level", "print_kind", "print_top", "print_code", "print_report"):
    keep(key)
if empty.without_grids(desk):
    st.stop()
left, right = st.columns([1, 1.7], gap="medium")
preview = None
with left, st.container(key="printbox"):
    kind = st.segmented_control(
        say("print"), PAPERS, key="print_kind", format_func=lambda k: say(f"print_{k}"), required=True, label_visibility="collapsed"
    )
    if kind == "signs":
        preview = signs(desk)
    else:
        {"atlas": book, "form": form, "report": reports}[str(kind)](desk)
    st.html(f'<p class="gg-tip"><a href="{prefix()}/where?lang={lang()}" target="_blank">{safe_text(say("print_where"))}</a></p>')
with right:
    if preview is not None:
        code, words = preview, lang()
        with st.spinner(say("print_making")):
            try:
                picture = desk.once(("preview", code, words), lambda: board(studio(desk, words), code, ("png",), 80)[0])
                st.image(picture, width="stretch")
            except GridgisError as error:
                st.html(f'<p class="gg-problem" role="alert">{safe_text(error.words(words))}</p>')
