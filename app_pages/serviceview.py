"""Who a proposed edit leaves within the service circle, grid by grid, before and after."""

from __future__ import annotations

from functools import partial

import streamlit as st

import gridgis as gg
from app_pages.desk import Desk
from app_pages.panel import number
from app_pages.state import lang, say
from gridgis.checks.service import Homes, minutes_of, served
from gridgis.errors import StaleEditError
from gridgis.scheme_parts import Service
from layers.text import safe_text

Counts = dict[str, tuple[int, int]]


def change(desk: Desk, edit: gg.Edit) -> None:
    """Show for each service of the scheme how many homes of the grids concerned it reaches, before the edit and after."""
    for rule, before, after, straight in changes(desk, edit):
        if not (before or after) or before == after:
            continue
        sides = "".join(_side(say(title), counts, before) for title, counts in (("before", before), ("after", after)))
        heads = "".join(f"<th>{safe_text(say(k))}</th>" for k in ("code", "households", "service_in", "service_share"))
        st.html(
            f"<h4>{safe_text(title_of(desk, rule))}</h4>"
            f'<table class="gg-compare"><thead><tr>{heads}</tr></thead>{sides}</table>'
            + (f'<p class="gg-tip">{safe_text(say("service_straight"))}</p>' if straight else "")
        )


def changes(desk: Desk, edit: gg.Edit) -> list[tuple[Service, Counts, Counts, bool]]:
    """Return of each service the households and those in time by grid, before and after, and whether distances are straight."""
    held = st.session_state.get("service_held")
    if held is not None and held[0] is edit:
        return held[1]  # type: ignore[no-any-return]
    found = []
    if desk.scheme.services:
        try:
            after = gg.evolve(desk.plan, edit)
        except StaleEditError:
            # Somebody has confirmed meanwhile; the page asks anew.
            return []
        for rule in desk.scheme.services:
            homes: Homes | None = desk.lasting(("service", rule), partial(minutes_of, desk.county.table, rule))
            if homes is not None:
                before, now = served(desk.plan, rule, homes, sorted(edit.before)), served(after, rule, homes, sorted(edit.after))
                found.append((rule, before, now, homes.method == "straight"))
    st.session_state.service_held = edit, found
    return found


def title_of(desk: Desk, rule: Service) -> str:
    """Return what a service asks for, in words."""
    place = next(p for p in desk.scheme.places if p.key == rule.place)
    return say(f"service_{rule.mode}", m=f"{rule.minutes:g}", place=place.en if lang() == "en" else place.zh)


def _side(title: str, counts: Counts, before: Counts) -> str:
    out = f'<tbody><tr class="gg-side"><th colspan="4">{safe_text(title)}</th></tr>'
    for code, (all_, timely) in sorted(counts.items()):
        mark = f"<small>{safe_text(say('new'))}</small>" if code not in before else ""
        share = f"{timely / all_:.0%}" if all_ else "–"
        out += f"<tr><th>{safe_text(code)}{mark}</th><td>{number(all_)}</td><td>{number(timely)}</td><td>{share}</td></tr>"
    return out + "</tbody>"
