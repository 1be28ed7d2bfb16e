"""The first start: one calm page that makes a county to try things on, or one's own."""

from __future__ import annotations

import streamlit as st

from app_pages import access, foundingdesk, importdesk, importspeech, uploader
from app_pages.desk import county_place
from app_pages.foundingdesk import Outline, Wanted
from app_pages.ground import axis
from app_pages.importview import head, problem, tip
from app_pages.matchdesk import Upload
from app_pages.panel import banner, facts, km2
from app_pages.state import attempt, lang, say, tell
from gridgis.scheme import Scheme
from layers.text import safe_text


def show() -> None:
    """Show the page."""
    state = st.session_state
    settle()
    with st.container(key="first"):
        st.html(f'<div class="gg-first"><h2>{safe_text(say("first_title"))}</h2><p>{safe_text(say("first_lead"))}</p></div>')
        banner()
        if state.first_job is not None:
            under_way()
        elif access.allowed("publish"):
            choices()
        else:
            problem(say("first_look"))
        with st.container(key="first_place"):
            tip(f"{say('first_place', place=county_place())} · {say('first_have')}")
        st.segmented_control(
            say("language"), ("zh", "en"), key="lang", required=True, label_visibility="collapsed",
            format_func={"zh": "中文", "en": "English"}.__getitem__,
        )  # fmt: skip


def choices() -> None:
    """Show the two ways side by side."""
    left, right = st.columns([1, 1.7], gap="medium")
    with left, st.container(key="first_demo"):
        head(say("first_demo"))
        tip(say("first_demo_about"))
        known = foundingdesk.schemes()
        st.selectbox(say("first_which"), foundingdesk.DEMOS, key="first_example", format_func=lambda k: named(known[k]))
        tip(levels(known[st.session_state.first_example]))
        st.button(say("first_demo_do"), key="first_demo_do", type="primary", width="stretch", on_click=begin_demo)
    with right, st.container(key="first_own"):
        own(known)


def own(known: dict[str, Scheme]) -> None:
    """Show what one's own county needs, what would be made of it, and the button."""
    state = st.session_state
    head(say("first_own"))
    tip(say("first_own_about"))
    st.segmented_control(say("first_holds"), ("outline", "grids"), key="first_holds", required=True,
                         format_func=lambda k: say(f"first_holds_{k}"))  # fmt: skip
    st.html(f"<style>{uploader.style('first_upload', say('first_file'), *uploader_words())}</style>")
    with st.container(key="first_upload"):
        given = st.file_uploader(say("first_file"), list(foundingdesk.ENDINGS), key="first_file", label_visibility="collapsed")
    tip(say("first_formats"))
    st.selectbox(say("first_scheme"), list(known), key="first_scheme", format_func=lambda k: named(known[k]))
    scheme = known[state.first_scheme]
    tip(levels(scheme))
    left, right = st.columns(2)
    left.text_input(say("first_code", n=scheme.county_digits), key="first_code", max_chars=12, placeholder="350526"[: scheme.county_digits])
    right.text_input(say("first_name"), key="first_name", max_chars=40, placeholder=say("first_name_such"))
    if given is None or not state.first_code.strip():
        tip(say("first_need_file") if given is None else say("first_need_code", n=scheme.county_digits))
        return
    confirmation(Wanted(Upload.of(given.name, given.getvalue()), state.first_scheme, state.first_code.strip(), state.first_name))


def uploader_words() -> tuple[str, str]:
    """Return what the uploader says below its button, and of a file that it refuses."""
    limit = importdesk.size_limit()
    return say("first_files", n=limit), say("first_unfit", n=limit)


def confirmation(wanted: Wanted) -> None:
    """Show what would be made, and the button."""
    state = st.session_state
    key = (wanted.upload.key, wanted.scheme, wanted.code)
    if state.first_trial is None or state.first_trial[0] != key:
        with st.spinner(say("first_reading")):
            state.first_trial = (key, foundingdesk.tried(wanted))
    found = state.first_trial[1]
    en = lang() == "en"
    if not isinstance(found, Outline):
        problem(found[en])
        return
    head(say("first_will"))
    left, right = st.columns([1, 2.4], gap="medium")
    left.html(f'<img class="gg-outline" alt="" src="{foundingdesk.picture(found)}">')
    with right:
        meridian = f"{axis(found.epsg)[0]:.0f}"
        facts([
            (say("first_area"), f"{km2(found.area_m2)} km²"), (say("first_parts"), say("first_parts_n", n=found.parts)),
            (say("first_crs"), say("first_crs_is", lon=meridian, epsg=found.epsg)),
        ])  # fmt: skip
        notes = "".join(f"<li>{safe_text(w[en])}</li>" for w in (*found.warnings, *found.evidence))
        st.html(f'<ul class="gg-notes">{notes}</ul>')
    tip(say(f"first_then_{state.first_holds}"))
    st.button(say("first_own_do"), key="first_own_do", type="primary", width="stretch", on_click=begin_own, args=(wanted, found))


def named(scheme: Scheme) -> str:
    """Return the name of a scheme."""
    return scheme.en if lang() == "en" else scheme.zh


def levels(scheme: Scheme) -> str:
    """Return the levels of a scheme and how long its codes are."""
    names = [v.en if lang() == "en" else v.zh for v in scheme.levels]
    return say("first_levels", levels=" → ".join(names), n=scheme.widths[-1])


def begin_demo() -> None:
    """Start making the example that was chosen."""
    state = st.session_state
    state.first_job = attempt(lambda: foundingdesk.begin_demo(state.first_example))
    state.first_kind = "demo"
    if state.first_job is not None:
        tell()


def begin_own(wanted: Wanted, outline: Outline) -> None:
    """Start founding one's own county."""
    state = st.session_state
    state.first_job = attempt(lambda: foundingdesk.begin_own(wanted, outline))
    state.first_kind = state.first_holds
    if state.first_job is not None:
        tell()
        state.first_upload = wanted.upload if state.first_kind == "grids" else None


@st.fragment(run_every=0.5)
def under_way() -> None:
    """Show how far it is, and the way to stop it."""
    job = st.session_state.first_job
    if job is None or job.over:
        st.rerun()
    with st.container(key="first_doing"):
        head(say("first_doing_demo" if st.session_state.first_kind == "demo" else "first_doing_own"))
        st.progress(job.share)
        words = foundingdesk.STEPS.get(job.words, importspeech.step(job.words, "en")) if lang() == "en" else job.words
        tip(say("first_cancelling") if job.stopping else f"{job.share:.0%}{' · ' if words else ''}{words}")
        tip(say("first_cancel_note"))
        st.button(say("first_cancel"), key="first_cancel", on_click=job.stop, disabled=job.stopping)


def settle() -> None:
    """Say how a founding ended that was under way."""
    state = st.session_state
    job = state.first_job
    if job is None or not job.over:
        return
    state.first_job = state.first_trial = None
    if job.stopped:
        tell(notice=say("first_cancelled"))
    elif job.problem is not None:
        tell(problem=job.problem)


def done() -> str | None:
    """Return the page to go to once the county of this session has been made; None where it was not made here."""
    state = st.session_state
    job = state.first_job
    if job is None or not job.over:
        return None
    state.first_job = state.first_trial = None
    if job.stopped or job.problem is not None:
        return None
    tell(notice=say(f"first_made_{state.first_kind}"))
    if state.first_kind == "demo":
        return "map"
    state.import_kind = "grids"
    if state.first_upload is not None:
        state.import_upload = state.first_upload
    return "import"
