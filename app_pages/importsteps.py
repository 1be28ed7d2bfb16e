"""The steps of an import on the page: what it is, the file, the choices, the confirmation, the wait, the result."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app_pages import access, importdesk, importspeech, importview, registerdesk, uploader
from app_pages.desk import Desk
from app_pages.importchoices import away, begin, changed_file, changed_kind, options
from app_pages.importdesk import Trial
from app_pages.importview import head, tip
from app_pages.matchdesk import Upload
from app_pages.panel import number
from app_pages.state import lang, say
from gridgis import bringing, gathering
from gridgis.errors import RefusedError
from layers.text import safe_text

DATUMS = ("auto", "wgs84", "cgcs2000", "gcj02", "bd09")
ENCODINGS = ("auto", "utf-8", "gb18030", "big5")
ADDED = (*gathering.TABLES, "population", "raster")
UNDONE = ("grids", "register")
STEPS = ("empty", "trial", "job", "result")
RASTER = ("name", "kind", "unit")


def way_in(desk: Desk, step: str) -> None:
    """Show the first two steps: what it is, and the file."""
    state = st.session_state
    busy = state.import_job is not None
    head(say("import_1"))
    st.selectbox(say("import_kind"), bringing.KINDS, key="import_kind", format_func=lambda k: say(f"import_kind_{k}"),
                 label_visibility="collapsed", disabled=busy, on_change=changed_kind)  # fmt: skip
    kind = state.import_kind
    tip(say(f"import_about_{kind}"))
    if kind in bringing.REGISTERS:
        st.download_button(
            say("import_template"), data=lambda: registerdesk.template(desk, kind), icon=":material/download:",
            file_name=f"{desk.county.code}_{kind}.xlsx", on_click="ignore", key="import_template", width="stretch",
        )  # fmt: skip
    head(say("import_2"))
    # What another step left on the page would stay until the picture is complete.
    others = f"[class*=st-key-import_at_]:not(.st-key-import_at_{step}){{display:none}}"
    st.html(f"<style>{_uploader_words()}{others}</style>")
    with st.container(key="import_upload"):
        st.file_uploader(say("import_choose"), list(bringing.ENDINGS), label_visibility="collapsed", disabled=busy,
                         key=f"import_file_{state.import_turn}", on_change=changed_file)  # fmt: skip
    tip(
        say(
            "import_formats_table"
            if kind in bringing.REGISTERS
            else f"import_formats_{'raster' if kind == 'raster' else 'map'}"
        )
    )


def _uploader_words() -> str:
    """Return the words of the uploader as a style sheet."""
    limit = importdesk.size_limit()
    return uploader.style("import_upload", say("import_choose"), say("import_files", n=limit), say("import_unfit", n=limit))


def doing() -> str:
    """Return which step the page is at."""
    state = st.session_state
    if state.import_job is not None:
        return "job"
    return "result" if state.import_result is not None else "trial" if state.import_upload is not None else "empty"


def show(desk: Desk, step: str) -> None:
    """Show a step."""
    if step == "job":
        under_way()
    elif step == "result":
        result()
    elif step == "trial":
        trial_box(desk, st.session_state.import_upload)
    else:
        empty()


def trial_box(desk: Desk, upload: Upload) -> None:
    """Show the third and fourth step, each part in a place of its own, so that none is seen twice while another changes."""
    first, asked, faults, fields, rows, last = (st.container() for _ in range(6))
    with first:
        head(say("import_3", name=upload.name))
        trial = tried(desk, upload)
        report: dict[str, Any] = dict(trial.found.report if trial.found else trial.account or {})
        importview.summary(trial, upload)
    if trial.found is not None:
        with asked:
            importview.question(report)
            main_choices()
    with faults:
        importview.review(report)
    with fields:
        field_choices(desk, upload, report)
    with rows:
        importview.details(report)
    with last:
        if trial.found is None:
            st.button(say("import_other"), key="import_discard", on_click=away)
        else:
            confirmation(desk, upload, trial)


def tried(desk: Desk, upload: Upload) -> Trial:
    """Return the trial by what is chosen; it is made again only when a choice or the county changes."""
    state, asked = st.session_state, options()
    key = (upload.key, upload.name, repr(asked), desk.version)
    if state.import_trial is None or state.import_trial[0] != key:
        place = st.container(key="import_trying").empty()

        def show(share: float, words: str) -> None:
            place.progress(min(max(share, 0.0), 1.0), say("import_reading", what=importspeech.step(words, lang())))

        show(0.0, "")
        state.import_trial = (key, importdesk.trial(desk, upload, asked, show))
        place.empty()
    found: Trial = state.import_trial[1]
    return found


def main_choices() -> None:
    """Show datum and way, or up to what size faults are mended."""
    kind = st.session_state.import_kind
    if kind in bringing.REGISTERS:
        return
    left, right = st.columns(2, vertical_alignment="bottom")
    if kind == "raster":
        right = left
    else:
        left.selectbox(say("import_datum"), DATUMS, key="import_datum", format_func=lambda d: say(f"import_datum_{d}"))
    if kind in ADDED:
        right.selectbox(say("import_mode"), ("add", "replace"), key="import_mode",
                        format_func=lambda m: say(f"import_mode_{m}"))  # fmt: skip
    else:
        right.number_input(
            say("import_limit"), 0, 100_000_000, 10_000, 1000, key="import_limit", help=say("import_limit_help")
        )


def field_choices(desk: Desk, upload: Upload, report: dict[str, Any]) -> None:
    """Show which column is which field, and how the file is read."""
    kind = st.session_state.import_kind
    taken, ours = importdesk.mapping(report), importdesk.fields_of(kind)
    columns = list(dict.fromkeys((*importdesk.peek(desk, upload, options()).columns, *taken.values())))
    if kind == "raster":
        for column, key in zip(st.columns(3), RASTER, strict=True):
            column.text_input(
                say(f"import_raster_{key}"), key=f"import_field_{key}", placeholder=say(f"import_raster_{key}_such")
            )
    if columns and ours:
        with st.expander(say("import_fields"), icon=":material/swap_horiz:"):
            tip(say("import_fields_tip", n=len(taken), all=len(ours)))
            importview.field_choices(ours, taken, columns)
    with st.expander(say("import_more"), icon=":material/tune:"):
        one, two, three = st.columns(3, vertical_alignment="bottom")
        one.selectbox(say("import_text_encoding"), ENCODINGS, key="import_encoding",
                      format_func=lambda e: say("import_auto") if e == "auto" else e.upper())  # fmt: skip
        two.text_input(say("import_crs_given"), key="import_crs", placeholder="EPSG:4490")
        three.text_input(say("import_layer"), key="import_layer")
        if columns:
            st.multiselect(say("import_drop"), columns, key="import_drop", placeholder="–")


def confirmation(desk: Desk, upload: Upload, trial: Trial) -> None:
    """Show the fourth step: what will happen, what must be agreed to, and the button."""
    assert trial.found is not None
    kind, report = st.session_state.import_kind, trial.found.report
    rejected, accepted = len(report.get("rejected", [])), int(report.get("accepted", 0))
    head(say("import_4"))
    tick, note = st.container(), st.container()
    agreed = not (rejected and accepted) or tick.checkbox(say("import_skip", n=number(rejected)), key="import_skip")
    why = ""
    if not accepted:
        why = "import_why_none"
    elif importview.open_question(report):
        why = "import_why_datum"
    elif isinstance(trial.found.refusal, RefusedError) and kind not in bringing.REGISTERS:
        why = "import_why_faults"
    elif not agreed:
        why = "import_why_skip"
    with note:
        tip(say(why or ("import_will_undo" if kind in UNDONE else "import_will"), n=number(accepted)))
    yes, no = st.columns([2, 1])
    if access.allowed("save"):
        yes.button(say("import_confirm", n=number(accepted)), key="import_confirm", type="primary", width="stretch",
                   disabled=bool(why), on_click=begin, args=(desk, upload))  # fmt: skip
    else:
        yes.html(f'<p class="gg-tip">{safe_text(say("import_look_only"))}</p>')
    no.button(say("import_discard"), key="import_discard", on_click=away, width="stretch")


@st.fragment(run_every=0.5)
def under_way() -> None:
    """Show how far the import is, and the way to stop it."""
    job, upload = st.session_state.import_job, st.session_state.import_upload
    if job is None or job.over:
        st.rerun()
    words = importspeech.step(job.words, lang())
    head(say("import_working", name=upload.name))
    st.progress(job.share)
    tip(say("import_stopping") if job.stopping else f"{job.share:.0%}{' · ' if words else ''}{words}")
    tip(say("import_stop_note"))
    st.button(say("import_stop"), key="import_stop", on_click=job.stop, disabled=job.stopping)


def result() -> None:
    """Show the fifth step: what was done in one sentence, the reports, where to look."""
    name, kind, report, undoable = st.session_state.import_result
    head(say("import_5"))
    done = say("import_done", name=name, kind=say(f"import_kind_{kind}"), accepted=number(report["accepted"]),
               rejected=number(len(report["rejected"])))  # fmt: skip
    st.html(f'<div class="gg-clear"><span>{safe_text(done)}</span></div>')
    importview.tally(report)
    tip(say("import_undo" if undoable else "import_again_hint"))
    at = lang()
    titles = (say("import_rejected"), say("import_changes"), (say("import_row"), say("import_what"), say("import_why")))
    one, two = st.columns(2)
    one.download_button(say("import_report_xlsx"), data=lambda: importdesk.report_xlsx(report, at, titles), key="import_xlsx",
                        file_name=f"{name}.report.xlsx", on_click="ignore", width="stretch")  # fmt: skip
    two.download_button(say("import_report"), data=lambda: importdesk.report_json(report, name), key="import_json", width="stretch",
                        file_name=f"{name}.report.json", mime="application/json", on_click="ignore")  # fmt: skip
    one, two, three = st.columns(3)
    for column, page in ((one, "map"), (two, "checks"), (three, "register")):
        column.page_link(f"app_pages/{page}_page.py", label=say(page), icon=":material/arrow_forward:")
    st.button(say("import_next"), key="import_next", type="primary", on_click=away)


def empty() -> None:
    """Show what will happen, before there is a file."""
    steps = "".join(f"<li>{safe_text(say(f'import_way_{k}'))}</li>" for k in range(1, 5))
    st.html(f'<div class="gg-stop gg-way"><h3>{safe_text(say("import_empty"))}</h3><ol>{steps}</ol></div>')
