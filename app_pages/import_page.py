"""Imports: say what it is, choose a file, see what would happen, confirm, and read what was done."""

from __future__ import annotations

import json
from typing import Any

import streamlit as st

from app_pages import access, importdesk, importview, mapview, registerdesk
from app_pages.desk import Desk, the_desk
from app_pages.importdesk import Trial
from app_pages.matchdesk import Upload
from app_pages.panel import banner, number
from app_pages.state import attempt, keep, lang, say, tell
from gridgis import bringing, gathering
from gridgis.errors import RefusedError
from gridgis.io.asking import Intake, Options
from layers.text import safe_text

DATUMS = ("auto", "wgs84", "cgcs2000", "gcj02", "bd09")
ENCODINGS = ("auto", "utf-8", "gb18030", "big5")
ADDED = (*gathering.TABLES, "population", "raster")
DRAWN = ("grids", "boundaries")
CHOICES = ("import_datum", "import_mode", "import_limit", "import_encoding", "import_crs", "import_layer", "import_drop",
           "import_skip")  # fmt: skip
KEPT = ("import_field_", "import_decide_", "import_reason_")


def head(text: str) -> None:
    """Show the title of a step."""
    st.html(f"<h4>{safe_text(text)}</h4>")


def tip(text: str) -> None:
    """Show a quiet line."""
    st.html(f'<p class="gg-tip">{safe_text(text)}</p>')


def away() -> None:
    """Forget file, trial and result; the widget is made anew, which is the only way to empty it."""
    state = st.session_state
    state.import_upload = state.import_trial = state.import_result = None
    state.import_turn += 1
    forget_choices()


def forget_choices() -> None:
    """Forget what was chosen for a file, so that the next begins with guesses of its own."""
    for key in [k for k in st.session_state if str(k) in CHOICES or str(k).startswith(KEPT)]:
        del st.session_state[key]


def way_in(desk: Desk) -> None:
    """Show the first two steps: what it is, and the file."""
    state = st.session_state
    busy = state.import_job is not None
    head(say("import_1"))
    st.selectbox(say("import_kind"), bringing.KINDS, key="import_kind", format_func=lambda k: say(f"import_kind_{k}"),
                 label_visibility="collapsed", disabled=busy, on_change=changed_kind)  # fmt: skip
    tip(say(f"import_about_{state.import_kind}"))
    kind = state.import_kind
    if kind in bringing.REGISTERS:
        st.download_button(
            say("import_template"), data=lambda: registerdesk.template(desk, kind), icon=":material/download:",
            file_name=f"{desk.county.code}_{kind}.xlsx", on_click="ignore", key="import_template", width="stretch",
        )  # fmt: skip
    head(say("import_2"))
    limit, zone = importdesk.size_limit(), ".st-key-import_upload"
    # Streamlit's own words on this widget are English only.
    st.html(
        f"<style>{zone} section > span p, {zone} [data-testid=stFileUploaderDropzoneInstructions] span{{font-size:0}}"
        f"{zone} section > span p::after{{font-size:14px;content:'{say('import_choose')}'}}"
        f"{zone} [data-testid=stFileUploaderDropzoneInstructions] span::after{{font-size:12.5px;content:'{say('import_files', n=limit)}'}}</style>"
    )
    with st.container(key="import_upload"):
        given = st.file_uploader(say("import_choose"), list(bringing.ENDINGS), label_visibility="collapsed", disabled=busy,
                                 key=f"import_file_{state.import_turn}")  # fmt: skip
    if given is None:
        return
    if given.size > limit << 20:
        st.html(
            f'<p class="gg-problem" role="alert">{safe_text(say("import_too_large", name=given.name, n=limit))}</p>'
        )
        return
    found = Upload.of(given.name, given.getvalue())
    if found != state.import_upload:
        state.import_upload, state.import_trial, state.import_result = found, None, None
        forget_choices()


def changed_kind() -> None:
    """Begin the trial anew when the file is said to be something else."""
    st.session_state.import_trial = st.session_state.import_result = None
    forget_choices()


def options() -> Options:
    """Return what was asked for so far."""
    state = st.session_state
    prefix = "import_field_"
    named = {str(k)[len(prefix) :]: v for k, v in state.items() if str(k).startswith(prefix) and v}
    decided = {str(k)[14:]: (str(v), str(state.get(f"import_reason_{str(k)[14:]}", "")))
               for k, v in state.items() if str(k).startswith("import_decide_") and v}  # fmt: skip
    crs = str(state.get("import_crs") or "").strip()
    return Options(
        state.import_kind, fields=named, datum=state.get("import_datum", "auto"), crs=crs or None,
        encoding=state.get("import_encoding", "auto"), layer=str(state.get("import_layer") or "").strip() or None,
        repair_below_m2=float(state.get("import_limit", 10_000)), skip_rejected=bool(state.get("import_skip")),
        drop=tuple(state.get("import_drop", ())), mode=state.get("import_mode", "add"), decisions=decided,
    )  # fmt: skip


def tried(desk: Desk, upload: Upload) -> Trial:
    """Return the trial by what is chosen; it is made again only when a choice or the county changes."""
    state, asked = st.session_state, options()
    key = (upload.key, upload.name, repr(asked), desk.version)
    if state.import_trial is None or state.import_trial[0] != key:
        with st.spinner(say("import_reading")):
            state.import_trial = (key, importdesk.trial(desk, upload, asked))
    found: Trial = state.import_trial[1]
    return found


def choices(desk: Desk, upload: Upload, report: dict[str, Any]) -> None:
    """Show what may be chosen: datum, way, fields, how the file is read."""
    state = st.session_state
    kind = state.import_kind
    peek = importdesk.peek(desk, upload, options())
    if kind not in bringing.REGISTERS:
        left, right = st.columns(2, vertical_alignment="bottom")
        if kind != "raster":
            left.selectbox(
                say("import_datum"), DATUMS, key="import_datum", format_func=lambda d: say(f"import_datum_{d}")
            )
        if kind in ADDED:
            right.selectbox(say("import_mode"), ("add", "replace"), key="import_mode",
                            format_func=lambda m: say(f"import_mode_{m}"))  # fmt: skip
        else:
            right.number_input(say("import_limit"), 0, 100_000_000, 10_000, 1000, key="import_limit")
    taken, ours = importdesk.mapping(report), importdesk.fields_of(kind)
    columns = list(dict.fromkeys((*peek.columns, *taken.values())))
    if columns and ours:
        with st.expander(say("import_fields"), icon=":material/swap_horiz:"):
            importview.field_choices(ours, taken, columns)
    with st.expander(say("import_more"), icon=":material/tune:"):
        one, two, three = st.columns(3, vertical_alignment="bottom")
        one.selectbox(say("import_text_encoding"), ENCODINGS, key="import_encoding",
                      format_func=lambda e: say("import_auto") if e == "auto" else e.upper())  # fmt: skip
        two.text_input(say("import_crs_given"), key="import_crs", placeholder="EPSG:4490")
        three.text_input(say("import_layer"), key="import_layer")
        if columns:
            st.multiselect(say("import_drop"), columns, key="import_drop", placeholder="–")


def begin(desk: Desk, upload: Upload) -> None:
    """Start the import."""
    job = attempt(lambda: importdesk.begin(desk, upload, options()))
    if job is not None:
        tell()
        st.session_state.import_job = job


def confirmation(desk: Desk, upload: Upload, trial: Trial) -> None:
    """Show the fourth step: what must be agreed to, and the button."""
    found = trial.found
    report: dict[str, Any] = found.report if found else {}
    rejected, accepted = len(report.get("rejected", [])), int(report.get("accepted", 0))
    register = st.session_state.import_kind in bringing.REGISTERS
    skipping = rejected > 0 and accepted > 0
    head(say("import_4"))
    agreed = not skipping or st.checkbox(say("import_skip", n=number(rejected)), key="import_skip")
    shifted = report.get("datum_seen") not in (None, "wgs84", "cgcs2000", report.get("datum"))
    open_question = shifted and st.session_state.get("import_datum", "auto") == "auto"
    refused = found is None or (isinstance(found.refusal, RefusedError) and not register)
    yes, no = st.columns([2, 1])
    if access.allowed("save"):
        yes.button(say("import_confirm", n=number(accepted)), key="import_confirm", type="primary", width="stretch",
                   disabled=not accepted or not agreed or refused or open_question,
                   on_click=begin, args=(desk, upload))  # fmt: skip
    else:
        yes.html(f'<p class="gg-tip">{safe_text(say("import_look_only"))}</p>')
    no.button(say("import_discard"), key="import_discard", on_click=away, width="stretch")


@st.fragment(run_every=0.5)
def under_way() -> None:
    """Show how far the import is, and the way to stop it."""
    job, upload = st.session_state.import_job, st.session_state.import_upload
    if job is None or job.over:
        st.rerun()
    words = f" · {job.words}" if job.words and lang() == "zh" else ""
    text = say("import_stopping") if job.stopping else f"{job.share:.0%}{words}"
    st.html(f"<h4>{safe_text(say('import_working', name=upload.name))}</h4>")
    st.progress(job.share)
    tip(text)
    st.button(say("import_stop"), key="import_stop", on_click=job.stop, disabled=job.stopping)


def settle() -> None:
    """Take note of an import that has ended."""
    state = st.session_state
    job, upload = state.import_job, state.import_upload
    if job is None or not job.over:
        return
    state.import_job = state.import_trial = None
    if job.stopped:
        tell(notice=say("import_stopped"))
    elif job.problem is not None:
        zh, en = importdesk.spoken((job.problem.zh, job.problem.en), upload)
        tell(problem=type(job.problem)(zh, en))
    else:
        done: Intake = job.found
        away()
        state.import_result = (upload.name, state.import_kind, done.report, done.edit is not None)


def result() -> None:
    """Show the fifth step: what was done in one sentence, the reports, where to look."""
    name, kind, report, undoable = st.session_state.import_result
    head(say("import_5"))
    said = say("import_done", name=name, kind=say(f"import_kind_{kind}"), accepted=number(report["accepted"]),
               rejected=number(len(report["rejected"])))  # fmt: skip
    st.html(f'<div class="gg-clear"><span>{safe_text(said)}</span></div>')
    tip(say("import_undo" if undoable else "import_again_hint"))
    at = lang()
    titles = (say("import_rejected"), say("import_changes"), (say("import_row"), say("import_what"), say("import_why")))
    one, two = st.columns(2)
    one.download_button(say("import_report"), data=lambda: importdesk.report_json(report, name), key="import_json", width="stretch",
                        file_name=f"{name}.report.json", mime="application/json", on_click="ignore")  # fmt: skip
    two.download_button(say("import_report_xlsx"), data=lambda: importdesk.report_xlsx(report, at, titles), key="import_xlsx",
                        file_name=f"{name}.report.xlsx", on_click="ignore", width="stretch")  # fmt: skip
    one, two, three = st.columns(3)
    for column, page in ((one, "map"), (two, "checks"), (three, "register")):
        column.page_link(f"app_pages/{page}_page.py", label=say(page), icon=":material/arrow_forward:")
    st.button(say("import_next"), key="import_next", on_click=away)


def file_map(desk: Desk) -> None:
    """Show where the file lies over the county."""
    more: dict[str, Any] = {}
    upload = st.session_state.import_upload
    if upload is not None and st.session_state.import_kind not in bringing.REGISTERS:
        peek = importdesk.peek(desk, upload, options())
        if peek.shape is not None:
            key = f"import:{upload.key}:{hash(peek.bounds)}"
            more["focus"] = {"key": key, "bounds": list(peek.bounds), "shape": json.loads(peek.shape)}
            tip(say("import_map"))
    picture = mapview.message(desk, st.session_state.level, "none", "none", **more)
    mapview.live_map(desk, picture, key="import_map", height="300px")


def trial_box(desk: Desk, upload: Upload) -> None:
    """Show the third and fourth step."""
    trial = tried(desk, upload)
    head(say("import_3", name=upload.name))
    report: dict[str, Any] = dict(trial.found.report if trial.found else trial.account or {})
    importview.summary(trial, upload)
    importview.review(report)
    choices(desk, upload, report)
    if trial.found is None:
        st.button(say("import_discard"), key="import_discard", on_click=away)
        return
    confirmation(desk, upload, trial)
    importview.details(report)


desk = the_desk()
for choice in ("level", "import_kind", *CHOICES):
    keep(choice)
settle()
left, right = st.columns([1, 2.1], gap="medium")
with left, st.container(key="exportbox"):
    way_in(desk)
with right:
    banner()
    if st.session_state.import_job is not None:
        under_way()
    elif st.session_state.import_result is not None:
        result()
    elif st.session_state.import_upload is not None:
        trial_box(desk, st.session_state.import_upload)
    else:
        note = safe_text(say("import_empty_note"))
        st.html(f'<div class="gg-clear"><b>{safe_text(say("import_empty"))}</b><span>{note}</span></div>')
with left:
    file_map(desk)
