"""Registers: grids, staff, organisations, postings and visits; templates out, spreadsheets in."""

from __future__ import annotations

import json

import streamlit as st

from app_pages import access, registerdesk, veil
from app_pages.desk import Desk
from app_pages.matchdesk import Upload
from app_pages.panel import banner, level_label, number
from app_pages.state import attempt, keep, lang, say, tell
from app_pages.tableview import Column, table
from gridgis.errors import InputError
from gridgis.registers import Options, Outcome
from gridgis.registers.fields import KIND_NAMES, KINDS
from layers.text import plain_label, safe_text

TAGS = {"rejected": "error", "warning": "warning", "mended": "note", "added": "good", "replaced": "plain"}
CODES = ("code", "phone", "since", "until", "at", "as_of")
LISTED = 1000


def present(desk: Desk) -> None:
    """Show the register as it stands."""
    state = st.session_state
    if state.register_kind == "register":
        names = {v.key: level_label(desk, v.key) for v in desk.scheme.levels}
        st.segmented_control(say("level"), list(names), key="level", format_func=names.__getitem__, required=True,
                             label_visibility="collapsed")  # fmt: skip
    titles, frame = registerdesk.rows(desk, state.register_kind, state.level, lang())
    if frame.empty:
        note = safe_text(say("register_none_note"))
        st.html(f'<div class="gg-clear"><b>{safe_text(say("register_none"))}</b><span>{note}</span></div>')
        return
    text = st.text_input(say("register_find"), key=f"register_find_{state.register_kind}", placeholder=say("register_find"),
                         label_visibility="collapsed", icon=":material/search:")  # fmt: skip
    frame = registerdesk.holding(frame, text)
    if frame.empty:
        st.html(f'<p class="gg-tip">{safe_text(say("register_unfound", text=text.strip()))}</p>')
        return
    n, shown = len(frame), min(len(frame), registerdesk.SHOWN)
    title = say("register_now", n=number(n)) if n == shown else say("register_first", n=number(shown), all=number(n))
    st.html(f"<h4>{safe_text(title)}</h4>")
    columns = [Column(t, "code" if c in CODES else "text") for t, c in zip(titles, frame.columns, strict=True)]
    rows = [["–" if v in (None, "") else str(v) for v in row] for row in frame.head(shown).to_numpy().tolist()]
    table(columns, rows, key=f"register_{state.register_kind}", height="calc(100dvh - 220px)")


def way_in(desk: Desk) -> None:
    """Show the template, what the persons are, and the way in for a file."""
    state = st.session_state
    kind = state.register_kind
    label = say("register_template_grids" if kind == "register" else "register_template")
    st.download_button(
        label, data=lambda: registerdesk.template(desk, kind), file_name=f"{desk.county.code}_{kind}.xlsx",
        icon=":material/download:", on_click="ignore", key="register_template", width="stretch",
    )  # fmt: skip
    st.html(f"<h4>{safe_text(say('register_import'))}</h4>")
    if kind == "register":
        able = [r for r in desk.scheme.roles if r.level is not None and r.holder == "person"]
        roles = {"": say("register_no_role")} | {r.key: r.en if lang() == "en" else r.zh for r in able}
        st.selectbox(say("register_role"), list(roles), key="register_role", format_func=roles.__getitem__)
    zone = ".st-key-register_upload"
    # Streamlit's own words on this widget are English only.
    st.html(
        f"<style>{zone} section > span p, {zone} [data-testid=stFileUploaderDropzoneInstructions] span{{font-size:0}}"
        f"{zone} section > span p::after{{font-size:14px;content:'{say('register_choose')}'}}"
        f"{zone} [data-testid=stFileUploaderDropzoneInstructions] span::after{{font-size:13px;content:'{say('register_files')}'}}</style>"
    )
    with st.container(key="register_upload"):
        given = st.file_uploader(say("register_choose"), ["xlsx", "xlsm", "csv", "tsv", "txt"], label_visibility="collapsed",
                                 key=f"register_file_{state.register_turn}")  # fmt: skip
    st.html(f'<p class="gg-tip">{safe_text(say("register_tip"))}</p>')
    found = Upload.of(given.name, given.getvalue()) if given is not None else None
    if found != state.register_upload:
        state.register_upload, state.register_drop = found, ()


def options() -> Options:
    """Return what the planner asks for."""
    state = st.session_state
    role = state.register_role if state.register_kind == "register" else ""
    return Options(state.register_kind, drop=state.register_drop, role=role or None)


def away() -> None:
    """Forget the file; the widget is made anew, which is the only way to empty it."""
    st.session_state.register_upload = None
    st.session_state.register_turn += 1


def confirm(desk: Desk, upload: Upload, chosen: Options) -> None:
    """Write what the trial showed."""
    done = attempt(lambda: registerdesk.bring(desk, upload, chosen, apply=True))
    if isinstance(done, Outcome):
        report = done.report
        away()
        tell(
            notice=say("register_done", name=upload.name, accepted=report["accepted"], rejected=len(report["rejected"]))
        )


def trial(desk: Desk, upload: Upload) -> None:
    """Show what an import would do, row by row, and let it be confirmed."""
    chosen = options()
    found = registerdesk.bring(desk, upload, chosen, apply=False)
    st.html(f"<h4>{safe_text(say('register_trial', name=upload.name))}</h4>")
    if isinstance(found, InputError):
        st.html(f'<p class="gg-problem" role="alert">{safe_text(found.words(lang()))}</p>')
        column = found.account.get("column")
        if column:
            st.button(say("register_drop", column=plain_label(column)), key="register_without", type="primary",
                      on_click=lambda: st.session_state.update(register_drop=(*chosen.drop, column)))  # fmt: skip
        st.button(say("register_discard"), key="register_discard", on_click=away)
        return
    report = found.report
    counts = {k: number(len(report[k]) if isinstance(report[k], list) else report[k])
              for k in ("rows", "accepted", "rejected", "mended", "warnings", "added", "replaced", "unchanged")}  # fmt: skip
    kind = "gg-errors" if not report["accepted"] else "gg-warnings" if report["rejected"] else "gg-clear"
    st.html(f'<div class="{kind}"><span>{safe_text(say("register_counts", **counts))}</span></div>')
    yes, no, out = st.columns([2, 1, 1.4])
    if access.allowed("save"):
        yes.button(say("register_confirm", n=counts["accepted"]), key="register_confirm", type="primary", width="stretch",
                   disabled=not report["accepted"], on_click=confirm, args=(desk, upload, chosen))  # fmt: skip
    no.button(say("register_discard"), key="register_discard", on_click=away, width="stretch")
    out.download_button(
        say("register_report"), data=lambda: json.dumps(report, ensure_ascii=False, indent=1), key="register_report",
        file_name=f"{upload.name}.report.json", mime="application/json", on_click="ignore", width="stretch",
    )  # fmt: skip
    told = registerdesk.outcomes(desk, report, lang())
    columns = [Column(say("register_row"), "number"), Column(say("register_what"), "tag"),
               Column(say("register_why"), "wide")]  # fmt: skip
    rows = [[str(r), (TAGS[what], say(f"register_{what}")), why] for r, what, why in told[:LISTED]]
    table(columns, rows, key="register_trial", height="calc(100dvh - 300px)")
    if len(told) > LISTED:
        st.html(f'<p class="gg-tip">{safe_text(say("register_more", n=number(len(told) - LISTED)))}</p>')
    evidence = (
        report["evidence" if lang() == "en" else "evidence_zh"] + report["notes" if lang() == "en" else "notes_zh"]
    )
    listed = "".join(f"<li>{safe_text(e)}</li>" for e in evidence)
    st.html(f'<h4>{safe_text(say("register_evidence"))}</h4><ul class="gg-notes">{listed}</ul>')


desk = veil.own()
for choice in ("level", "register_kind", "register_role"):
    keep(choice)
st.segmented_control(
    say("register_kind"), KINDS, key="register_kind", required=True, label_visibility="collapsed", on_change=away,
    format_func=lambda k: KIND_NAMES[k][lang() == "en"],
)  # fmt: skip
banner()
left, right = st.columns([2.4, 1], gap="medium")
with right, st.container(key="exportbox"):
    way_in(desk)
with left:
    if st.session_state.register_upload is not None:
        trial(desk, st.session_state.register_upload)
    else:
        present(desk)
