"""Two alternatives side by side: two maps that look at the same place, figures beneath."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from app_pages import access, mapview, plandesk
from app_pages.desk import Desk
from app_pages.panel import number
from app_pages.state import keep, lang, say
from gridgis.propose.proposing import Alternative, Proposal
from layers.text import safe_text

SIDES = ("left", "right")


def begin(found: Proposal) -> None:
    """Turn to the comparison: the alternative looked at on the left, another on the right."""
    state = st.session_state
    at = min(state.plan_at, len(found.alternatives) - 1)
    state.update(plan_pair=True, plan_pair_left=at, plan_pair_right=(at + 1) % len(found.alternatives))


def end() -> None:
    """Turn back to the division, with the alternative of the left map."""
    state = st.session_state
    state.update(plan_pair=False, plan_at=state.plan_pair_left)


def rows(one: Alternative, other: Alternative) -> list[tuple[str, str]]:
    """Return the figures of an alternative by name, each with how much it is off the other's."""
    f, g = one.figures, other.figures

    def share(key: str) -> str:
        return f"{f[key]:.1%}" + off((f[key] - g[key]) * 100, 1, say("plan_points"))

    return [
        (say("plan_grids"), number(f["grids"]) + off(f["grids"] - g["grids"], 0)),
        (say("plan_in_band"), share("in_band")),
        (say("plan_range"), f"{number(f['weight_min'])}–{number(f['weight_max'])}"),
        (say("plan_on_lines"), share("on_lines")),
        (say("plan_compact"), f"{f['compactness']:.2f}" + off(f["compactness"] - g["compactness"], 2)),
        (say("plan_spread"), f"{f['workload_cv']:.2f}" + off(f["workload_cv"] - g["workload_cv"], 2)),
        (say("plan_moved"), number(f["households_moved"]) + off(f["households_moved"] - g["households_moved"], 0)),
        (say("plan_cut"), number(f["cut"])),
        (say("plan_codes"), f"{number(f['codes_kept'])} / {number(f['codes_new'])} / {number(f['codes_ended'])}"),
    ]


def off(value: float, digits: int, unit: str = "") -> str:
    """Return a difference in brackets with its sign; nothing where there is none to see."""
    text = f"{abs(value):,.{digits}f}"
    if not text.strip("0.,"):
        return ""
    return f" ({'+' if value > 0 else '−'}{text}{unit})"


def show(desk: Desk, found: Proposal, adopt: Callable[[Desk, Proposal, int], None]) -> None:
    """Show the two maps, the figures beneath them, and what takes one over."""
    keep("plan_pair_left")
    keep("plan_pair_right")
    every = list(range(len(found.alternatives)))
    words, back = st.columns([5, 1], vertical_alignment="center")
    title, note = say("plan_pair"), say("plan_pair_tip")
    words.html(f'<div class="gg-clear"><b>{safe_text(title)}</b><span>{safe_text(note)}</span></div>')
    back.button(say("plan_pair_end"), key="plan_pair_end", on_click=end, width="stretch")
    names = [a.en if lang() == "en" else a.zh for a in found.alternatives]
    columns = dict(zip(SIDES, st.columns(2, gap="medium"), strict=True))
    picked = {}
    for side, column in columns.items():
        picked[side] = column.selectbox(say(f"plan_pair_{side}"), every, key=f"plan_pair_{side}", format_func=lambda k: names[k])
    for side, column in columns.items():
        one, other = (found.alternatives[picked[s]] for s in (side, SIDES[1 - SIDES.index(side)]))
        with column:
            mapview.live_map(desk, message(desk, found, one), key=f"plan_map_{side}", height="clamp(320px, calc(100dvh - 400px), 1000px)")
            figures(rows(one, other))
            if access.allowed("save"):
                st.button(say("plan_adopt"), key=f"plan_adopt_{side}", on_click=adopt, args=(desk, found, picked[side]))


def figures(found: list[tuple[str, str]]) -> None:
    """Show figures in two columns, so that they stand beneath the map without scrolling."""
    items = "".join(f"<div><dt>{safe_text(k)}</dt><dd>{safe_text(v)}</dd></div>" for k, v in found)
    st.html(f'<dl class="gg-facts gg-pairs">{items}</dl>')


def message(desk: Desk, found: Proposal, one: Alternative) -> dict[str, Any]:
    """Return what one of the linked maps shows."""
    state = st.session_state
    trace = plandesk.picture(desk, found, one, f"plan:{state.plan_asked}")
    legend = [{"title": say("plan_legend"), "rows": trace.pop("rows")}]
    return mapview.message(desk, state.level, "none", "none", proposal=trace, legend=legend, linked=f"plan:{state.plan_asked}")
