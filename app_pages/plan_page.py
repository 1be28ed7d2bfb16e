"""Planning: an area, a size and locks chosen; alternatives made, compared on the map, adopted or traced."""

from __future__ import annotations

import secrets
from typing import Any

import streamlit as st

from app_pages import access, mapview, plandesk, planpair, veil
from app_pages.desk import Desk
from app_pages.panel import banner, number
from app_pages.state import attempt, keep, lang, say, tell
from app_pages.tableview import Column, table
from gridgis.propose.judging import WEIGHTS
from gridgis.propose.proposing import Alternative, Proposal
from gridgis.propose.wanted import Wanted
from layers.page import PLAN_TOOLS
from layers.text import safe_text

CHOICES = ("plan_within", "plan_weight", "plan_own", "plan_low", "plan_high", "plan_count", "plan_seed", "plan_lock", "plan_around")
HEADS = (("plan_name", "text"), ("plan_grids", "number"), ("plan_in_band", "number"),
         ("plan_range", "number"), ("plan_on_lines", "number"), ("plan_compact", "number"), ("plan_spread", "number"),
         ("plan_moved", "number"), ("plan_cut", "number"))  # fmt: skip


def tip(text: str) -> None:
    """Show a quiet line."""
    st.html(f'<p class="gg-tip">{safe_text(text)}</p>')


def choices(desk: Desk) -> None:
    """Show what is to be divided, and how."""
    places, at = plandesk.places(desk), int(lang() == "en")
    within, weight = st.columns([3, 2])
    within.selectbox(say("plan_within"), list(places), key="plan_within", format_func=lambda k: places[k][at])
    weight.selectbox(say("plan_weight"), WEIGHTS, key="plan_weight", format_func=lambda k: say(f"plan_w_{k}"))
    drawn = st.session_state.plan_within == plandesk.DRAWN
    tip(say("plan_drawn_note", **plandesk.drawn_figures(desk)) if drawn else say("plan_draw_tip"))
    own, least, most, count, seed = st.columns([3.2, 2, 2, 2, 2], vertical_alignment="bottom")
    own.checkbox(say("plan_own_band"), key="plan_own")
    fixed = st.session_state.plan_own
    least.number_input(say("plan_low"), 1, 1_000_000, step=10, key="plan_low", disabled=fixed)
    most.number_input(say("plan_high"), 1, 1_000_000, step=10, key="plan_high", disabled=fixed)
    count.number_input(say("plan_count"), 1, 12, step=1, key="plan_count")
    seed.number_input(say("plan_seed"), 0, 1_000_000, step=1, key="plan_seed", help=say("plan_seed_help"))
    names = plandesk.locks(desk, st.session_state.plan_within)
    st.session_state.plan_lock = [c for c in st.session_state.get("plan_lock", ()) if c in names]
    lock, around = st.columns([3, 2])
    lock.multiselect(say("plan_lock"), list(names), key="plan_lock", format_func=lambda c: names.get(c, c), placeholder=say("plan_lock_hint"))
    kinds = {p.key: (p.zh, p.en)[at] for p in desk.scheme.places}
    around.selectbox(say("plan_around"), ["", *kinds], key="plan_around", format_func=lambda k: kinds.get(k, say("plan_around_none")))


def start(desk: Desk) -> None:
    """Begin a division."""
    s = st.session_state
    band = None if s.plan_own else (int(s.plan_low), int(s.plan_high))
    wanted = Wanted(band, s.plan_weight, int(s.plan_count), int(s.plan_seed), "", tuple(s.plan_lock))
    number_ = secrets.token_hex(6)
    job = attempt(lambda: plandesk.begin(desk, s.plan_within, wanted, s.plan_around, number_))
    if job is not None:
        s.update(plan_job=job, plan_asked=number_, plan_at=0)


@st.fragment(run_every=0.5)
def under_way() -> None:
    """Show how far the division is, and the way to stop it."""
    job = st.session_state.plan_job
    if job is None or job.over:
        st.rerun()
    said = job.words.split(" / ")[-1 if lang() == "en" else 0]
    st.html(f"<h4>{safe_text(say('plan_working'))}</h4>")
    st.progress(job.share)
    tip(say("plan_stopping") if job.stopping else f"{job.share:.0%} · {said}")
    st.button(say("plan_stop"), key="plan_stop", on_click=job.stop, disabled=job.stopping)


def settle() -> None:
    """Take note of a division that has ended."""
    state = st.session_state
    job = state.plan_job
    if job is None or not job.over:
        return
    state.plan_job = None
    if job.stopped:
        state.plan_asked = None
        tell(notice=say("plan_stopped"))
    elif job.problem is not None:
        state.plan_asked = None
        tell(problem=job.problem)


def row(one: Alternative) -> list[Any]:
    """Return the figures of an alternative to read."""
    f = one.figures
    return [one.en if lang() == "en" else one.zh, number(f["grids"]), f"{f['in_band']:.1%}",
            f"{number(f['weight_min'])}–{number(f['weight_max'])}", f"{f['on_lines']:.1%}", f"{f['compactness']:.2f}",
            f"{f['workload_cv']:.2f}", number(f["households_moved"]), number(f["cut"])]  # fmt: skip


def adopt(desk: Desk, found: Proposal, at: int) -> None:
    """Make a draft of an alternative and say so."""
    one = found.alternatives[at]
    done = attempt(lambda: plandesk.adopt(desk, found, at, one.en if lang() == "en" else one.zh))
    if done is not None:
        f = one.figures
        tell(notice=say("plan_adopted", name=done.branch.name, kept=f["codes_kept"], new=f["codes_new"], ended=f["codes_ended"]))


def trace(desk: Desk, at: int) -> None:
    """Lay an alternative over the map page, or take it away."""
    state = st.session_state
    if state.trace == f"{state.plan_asked}:{at}":
        state.trace = None
        return
    plandesk.trace(desk, state.plan_asked, at)
    tell(notice=say("plan_traced"))


def outcome(desk: Desk, found: Proposal) -> Alternative:
    """Show the alternatives side by side and what can be done with the one that is picked."""
    state = st.session_state
    at = min(state.plan_at, len(found.alternatives) - 1)
    title, note = say("plan_found", n=len(found.alternatives)), say("plan_found_note")
    st.html(f'<div class="gg-clear"><b>{safe_text(title)}</b><span>{safe_text(note)}</span></div>')
    table([Column(say(key), kind) for key, kind in HEADS], [row(a) for a in found.alternatives], key="plan_rows", height="260px",
          picked=at, on_pick=lambda k: state.update(plan_at=k))  # fmt: skip
    tip(say("plan_help"))
    for words in found.notes:
        tip(words[lang() == "en"])
    pair, yes, draw, get = st.columns([1, 1, 1.1, 1.35]) if len(found.alternatives) > 1 else (None, *st.columns(3))
    if pair is not None:
        pair.button(say("plan_pair"), key="plan_pair_begin", on_click=planpair.begin, args=(found,), width="stretch")
    if access.allowed("save"):
        yes.button(say("plan_adopt"), key="plan_adopt", type="primary", on_click=adopt, args=(desk, found, at), width="stretch")
    here = state.trace == f"{state.plan_asked}:{at}"
    draw.button(say("plan_untrace" if here else "plan_trace"), key="plan_trace", on_click=trace, args=(desk, at), width="stretch")
    get.download_button(say("plan_get"), data=lambda: plandesk.as_file(found), key="plan_get", file_name=f"{desk.county.code}_proposal.gpkg",
                        on_click="ignore", width="stretch", icon=":material/download:")  # fmt: skip
    chosen: Alternative = found.alternatives[at]
    return chosen


def on_event(desk: Desk) -> None:
    """Take an area drawn on the map."""
    state = st.session_state
    event = (state.get("plan_map") or {}).get("event") or {}
    if event.get("type") == "area":
        tell()
        attempt(lambda: plandesk.draw(desk, event))
        state.plan_ack = int(event.get("n", 0))


def page(desk: Desk) -> None:
    """Show the choices and what came of them beside the map."""
    state = st.session_state
    asked = state.plan_asked if state.plan_pair and state.plan_job is None else None
    pair = plandesk.proposal(desk, asked) if asked is not None else None
    if pair is not None:
        banner()
        planpair.show(desk, pair, adopt)
        return
    left, right = st.columns([1.15, 1], gap="medium")
    shown: tuple[Proposal, Alternative] | None = None
    with left:
        banner()
        tip(say("plan_tip"))
        busy = state.plan_job is not None
        with st.container(key="plan_form"):
            choices(desk)
            st.button(say("plan_start"), key="plan_start", type="primary", on_click=start, args=(desk,), disabled=busy)
        if busy:
            under_way()
        elif state.plan_asked is not None:
            found = plandesk.proposal(desk, state.plan_asked)
            if found is None:
                tip(say("plan_gone"))
            else:
                shown = found, outcome(desk, found)
    with right:
        more: dict[str, Any] = {}
        if shown is not None:
            trace_ = plandesk.picture(desk, *shown, f"plan:{state.plan_asked}")
            more = {"proposal": trace_, "legend": [{"title": say("plan_legend"), "rows": trace_.pop("rows")}]}
        more |= {"ack": state.plan_ack, "done": True, **plandesk.outline(desk)}
        picture = mapview.message(desk, state.level, "none", "none" if shown else "code", **more)
        mapview.live_map(desk, picture, key="plan_map", height="clamp(320px, calc(100dvh - 30px), 1200px)", tools=PLAN_TOOLS,
                         on_event=lambda: on_event(desk))  # fmt: skip


desk = veil.own()
lowest, highest = plandesk.band(desk)
for choice, begin_with in (("plan_own", True), ("plan_low", lowest), ("plan_high", highest), ("plan_count", 3), ("plan_seed", 1)):
    st.session_state.setdefault(choice, begin_with)
for choice in ("level", *CHOICES):
    keep(choice)
settle()
page(desk)
