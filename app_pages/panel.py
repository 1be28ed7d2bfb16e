"""The side panel of the map: a grid's figures, a proposal before and after, undo and history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd
import streamlit as st

import gridgis as gg
from app_pages import classing, empty
from app_pages.desk import Desk
from app_pages.state import lang, say
from app_pages.words import WORDS
from layers.styles import PREVIEW
from layers.text import plain_label, safe_text

_COLUMNS = ("households", "persons", "buildings")
HIDDEN = "*"
"""What stands for a number that is not shown."""


def number(value: float | None, digits: int = 0) -> str:
    """Return a figure with thousands set apart."""
    return "–" if value is None else f"{value:,.{digits}f}"


def figure(value: Any) -> str:
    """Return a figure of a grid, a sign for one that is hidden from those who may only look."""
    return HIDDEN if value is None or pd.isna(value) else number(value)


def km2(area_m2: float) -> str:
    """Return an area in square kilometres with the digits that mean something."""
    value = area_m2 / 1e6
    return number(value, 3 if value < 1 else 2 if value < 100 else 0)


def logged(row: Mapping[Any, Any]) -> str:
    """Return an edit in a few words: its kind and the grids it is about, those of its widest level only."""
    if row["kind"] in ("undo", "redo") and row.get("undoes") is not None and not pd.isna(row["undoes"]):
        return say("step_of", kind=kind_name(row["kind"]), n=int(row["undoes"]))
    codes = list(dict.fromkeys([*row["voided"], *row["created"]]))
    shortest = min(map(len, codes), default=0)
    codes = [c for c in codes if len(c) == shortest]
    named = ("、" if lang() == "zh" else ", ").join(codes[:2])
    return f"{kind_name(row['kind'])} {named}{' …' if len(codes) > 2 else ''}".strip()


def kind_name(kind: object) -> str:
    """Return the name of a kind of edit; one that the words do not know is shown as it is."""
    return say(f"kind_{kind}") if f"kind_{kind}" in WORDS else str(kind)


def facts(rows: Iterable[tuple[str, str]]) -> None:
    """Show names and values as a quiet list; both go through `safe_text`."""
    items = "".join(f"<div><dt>{safe_text(k)}</dt><dd>{safe_text(v)}</dd></div>" for k, v in rows)
    st.html(f'<dl class="gg-facts">{items}</dl>')


def band_words(desk: Desk, level: str, zone: str) -> str | None:
    """Return the size band of a level and zone in words; None where there is none."""
    band = desk.scheme.band(level, zone or None)
    if band is None:
        return None
    h = say("band_h", a=f"{band.households[0]:,}", b=f"{band.households[1]:,}") if band.households else ""
    p = say("band_p", a=f"{band.persons[0]:,}", b=f"{band.persons[1]:,}") if band.persons else ""
    return say("band_rule", h=h, p=p, or_=say("band_or") if h and p else "")


def level_name(desk: Desk, level: str) -> str:
    """Return the name of a level in the language of the session."""
    found = desk.scheme.level(level)
    return found.zh if lang() == "zh" else found.en.capitalize()


def level_label(desk: Desk, level: str) -> str:
    """Return the name of a level for a switch, whose labels are Markdown."""
    return plain_label(level_name(desk, level))


def overview(desk: Desk, level: str) -> None:
    """Show the county in figures at the level on the map and how they are classed, or what to do where there are no grids yet."""
    if empty.without_grids(desk):
        return
    _, frame = desk.frame(level)
    st.html(f"<h4>{safe_text(say('overview'))}</h4>")
    total = desk.totals(level)
    facts([
        (level_name(desk, level), say("grids_n", n=f"{len(frame):,}")),
        *((say(f"fig_{k}"), f"{figure(total[k])} {say(f'unit_{k}')}") for k in _COLUMNS),
        (say("fig_area_m2"), f"{km2(total['area_m2'])} km²"),
    ])  # fmt: skip
    st.html(f'<p class="gg-tip">{safe_text(say("tip_look" if desk.k else "tip_select"))}</p>')
    classing.choice(desk, level, st.session_state.figure)


def grid_card(desk: Desk, level: str, code: str) -> None:
    """Show one grid: name, code, where it lies, figures, size band."""
    _, frame = desk.frame(level)
    if code not in frame.index:
        overview(desk, level)
        return
    row = frame.loc[code]
    plan = desk.plan
    path = [plan.grids[c].name for c in codes_above(desk, code) if c in plan.grids and plan.grids[c].name]
    crumbs = safe_text(" › ".join(path))
    st.html(
        f'<h4>{safe_text(row["name"] or code)}</h4><div class="gg-code">{safe_text(code)}</div>'
        f'<div class="gg-crumbs">{crumbs}</div>'
    )
    facts([
        *((say(f"fig_{k}"), f"{figure(row[k])} {say(f'unit_{k}')}") for k in (*_COLUMNS, "incidents")),
        (say("fig_area_m2"), f"{km2(row['area_m2'])} km²"),
    ])  # fmt: skip
    rule = band_words(desk, plan.grids[code].level, plan.grids[code].zone)
    if rule and row["band"]:
        state = f'<b class="gg-{row["band"]}">{safe_text(say("band_" + row["band"]))}</b>'
        st.html(f'<p class="gg-band">{state}<span>{safe_text(rule)}</span></p>')


def selection_card(desk: Desk, level: str, codes: Sequence[str]) -> None:
    """Show several grids: each with its households, and their sums."""
    _, frame = desk.frame(level)
    rows = frame.loc[[c for c in codes if c in frame.index]]
    st.html(f"<h4>{safe_text(say('selected_n', n=len(rows)))}</h4>")
    unit = say("unit_households")
    facts([
        *((r["name"] or c, f"{figure(r['households'])} {unit}") for c, r in rows.iterrows()),
        *((f"{say('total')} · {say('fig_' + k)}", f"{figure(rows[k].sum(skipna=False))} {say('unit_' + k)}") for k in _COLUMNS),
        (f"{say('total')} · {say('fig_area_m2')}", f"{km2(rows['area_m2'].sum())} km²"),
    ])  # fmt: skip


def codes_above(desk: Desk, code: str) -> list[str]:
    """Return the codes above a grid, widest first."""
    out: list[str] = []
    up = desk.scheme.parent(code)
    while up is not None and len(up) > desk.scheme.county_digits:
        out.insert(0, up)
        up = desk.scheme.parent(up)
    return out


def comparison(desk: Desk, edit: gg.Edit, level: str) -> None:
    """Show figures before and after, one row a code, with totals and the state of the size band."""
    zone = {g.code: g.zone for g in (*desk.plan.grids.values(), *edit.grids_added)}
    width = desk.scheme.width(level)
    colours = {c: PREVIEW[i % len(PREVIEW)] for i, c in enumerate(after_codes(edit, width))}
    sides = (
        Side(say("before"), edit.before, dict.fromkeys(edit.voided, say("ends")), {}),
        Side(say("after"), edit.after, dict.fromkeys(edit.created, say("new")), colours),
    )
    # The same incidents on the grids before and after, where there are any.
    shown = (*_COLUMNS, "incidents") if any(f["incidents"] for s in sides for f in s.figures.values()) else _COLUMNS
    rows = "".join(_side(desk, side, zone, (width, shown)) for side in sides)
    heads = [say("code"), *(say("fig_incidents" if k == "incidents" else k) for k in shown), say("area")]
    head = "".join(f"<th>{safe_text(h)}</th>" for h in heads)
    st.html(f'<table class="gg-compare"><thead><tr>{head}</tr></thead>{rows}</table>')


def after_codes(edit: gg.Edit, width: int) -> list[str]:
    """Return the codes of a level that the edit leaves, in order."""
    return sorted(c for c in edit.after if len(c) <= width)


class Side(NamedTuple):
    """One side of a comparison: its title, figures per code, words beside codes, colours of codes."""

    title: str
    figures: Mapping[str, Mapping[str, Any]]
    marks: Mapping[str, str]
    colours: Mapping[str, str]


def _side(desk: Desk, side: Side, zone: Mapping[str, str], what: tuple[int, tuple[str, ...]]) -> str:
    width, shown = what
    codes = sorted(c for c in side.figures if len(c) <= width)
    out = f'<tbody><tr class="gg-side"><th colspan="{len(shown) + 2}">{safe_text(side.title)}</th></tr>'
    for code in codes:
        f = side.figures[code]
        level = desk.scheme.level_key(code)
        state = desk.band(level, zone.get(code, ""), f["households"], f["persons"])
        dot = f'<i class="gg-{state}" title="{safe_text(say("band_" + state))}"></i>' if state else ""
        flag = f' style="--flag:{side.colours[code]}" class="gg-flag"' if code in side.colours else ""
        mark = f"<small>{safe_text(side.marks[code])}</small>" if code in side.marks else ""
        cells = "".join(f"<td>{number(f[k])}</td>" for k in shown)
        out += f"<tr{flag}><th>{dot}{safe_text(code)}{mark}</th>{cells}<td>{km2(f['area_m2'])}</td></tr>"
    if len(codes) > 1:
        sums = [number(sum(side.figures[c][k] for c in codes)) for k in shown]
        sums.append(km2(sum(side.figures[c]["area_m2"] for c in codes)))
        out += (
            f'<tr class="gg-sum"><th>{safe_text(say("total"))}</th>' + "".join(f"<td>{s}</td>" for s in sums) + "</tr>"
        )
    return out + "</tbody>"


def remarks(notes: Sequence[tuple[str, str]]) -> None:
    """Show what was decided by rule, one line each."""
    if notes:
        lines = "".join(f"<li>{safe_text(n[1] if lang() == 'en' else n[0])}</li>" for n in notes)
        st.html(f'<ul class="gg-notes">{lines}</ul>')


def banner() -> None:
    """Show the sentence left by the last action: a refusal, or what was saved."""
    state = st.session_state
    if state.problem:
        zh, en = state.problem
        st.html(f'<p class="gg-problem" role="alert">{safe_text(en if lang() == "en" else zh)}</p>')
    if state.notice:
        st.html(f'<p class="gg-notice" role="status">{safe_text(state.notice)}</p>')


def history(desk: Desk, rows: int = 5) -> None:
    """Show the newest edits: version, what, who and when, why."""
    with desk.quiet() as county:
        log = county.log()
    edits = log[~log["kind"].isin(["demo", "new"])].tail(rows).iloc[::-1]
    st.html(f"<h4>{safe_text(say('recent'))}</h4>")
    if edits.empty:
        st.html(f'<p class="gg-tip">{safe_text(say("no_history"))}</p>')
        return
    items = "".join(_entry(row) for row in edits.to_dict("records"))
    st.html(f'<ol class="gg-history">{items}</ol>')


def _entry(row: Mapping[Any, Any]) -> str:
    when = str(row["at"])[:16].replace("T", " ")
    who = " · ".join(str(v) for v in (row.get("by"), when) if v)
    why = f"<em>{safe_text(row['reason'])}</em>" if row.get("reason") else ""
    text = logged(row)
    return f"<li><b>{row['version']}</b><span>{safe_text(text)}</span><small>{safe_text(who)}</small>{why}</li>"
