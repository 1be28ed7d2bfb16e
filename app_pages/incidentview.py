"""The views of the incidents page: what the map is told, and the same as colours and rows of a legend."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import streamlit as st

from app_pages import classing, mapview, veil
from app_pages.address import prefix
from app_pages.desk import Desk
from app_pages.incidentdesk import Weights, compared, grids_of, source, study_of, surface_of, top_of
from app_pages.panel import number
from app_pages.state import lang, say
from app_pages.words import WORDS
from gridgis.overlays.heads import PATTERNS, SPOTS
from gridgis.overlays.incidents import Wish
from layers import figures, styles

FEW_INCIDENTS = 10
"""Shares of fewer incidents rest on too little and are hatched."""


class Picture(NamedTuple):
    """One view of the grids: what the map is told beside its layers, and the same as colours and rows of a legend."""

    message: dict[str, Any]
    colours: dict[str, str]
    hatched: frozenset[str]
    rows: list[tuple[str, str]]
    title: str


def heat_picture(desk: Desk, level: str, wish: Wish, whole: Wish, options: tuple[int, Weights]) -> dict[str, Any]:
    """Return the map's message for the density."""
    found, top = surface_of(desk, wish, *options), top_of(desk, wish, whole, *options)
    total = len(study_of(desk, wish).frame)
    told = None
    if found is not None:
        url = f"{prefix()}/picture/{desk.token('heatmap', wish, top, *options)}"
        total = 0 if total < veil.limit(desk) else total
        told = {"url": url, "bounds": [list(corner) for corner in found.bounds], "total": total}
    note = f"{say('heat_note', m=options[0])} · {source(desk)}"
    legend = {"title": say("heat"), "note": note,
              "ramp": {"colours": list(styles.HEAT), "low": say("few"), "high": say("many", n=f"{top:,.4g}")}}  # fmt: skip
    return mapview.message(desk, level, "none", "none", heat=told, legend=[legend])


def crowds_picture(desk: Desk, level: str, wish: Wish) -> dict[str, Any]:
    """Return the map's message for crowds with their number."""
    url = f"{prefix()}/view/{desk.token('crowds', wish, desk.version)}"
    return mapview.message(desk, level, "none", "none", crowds=url)


def grids_picture(desk: Desk, level: str, wish: Wish, view: str) -> Picture:
    """Return the view of the grids by how many, per household, hot spots, their course, or the change."""
    if view == "as_rate":
        return _rates(desk, level, wish)
    if view == "as_share":
        found = grids_of(desk, wish, level)
        few = frozenset(found.index[found["reported"] < FEW_INCIDENTS])
        title = f"{say(share_of())}（%）" if lang() == "zh" else f"{say(share_of())} (%)"
        return _graded(desk, level, 100 * found[share_of()].astype(float), title, few, shares=True)
    if view == "as_hot":
        return _named(desk, level, hot_of(desk, level, wish)["spot"], styles.SPOTS, dict(SPOTS), say("hot_title"))
    if view == "as_emerging":
        return _named(desk, level, emerging_of(desk, level, wish)["pattern"], styles.PATTERNS, dict(PATTERNS), say("emerging_title"))
    if view == "as_change":
        return _change(desk, level, wish)
    counts = grids_of(desk, wish, level)["reported"]
    return _graded(desk, level, counts.astype(float), say("fig_incidents"), frozenset())


def share_of() -> str:
    """Return which share of the incidents is shown by grid."""
    return str(st.session_state.get("share_of", "within_2d"))


def rate_of() -> str:
    """Return what rates are of: households or persons."""
    return str(st.session_state.get("rate_of", "households"))


def hot_of(desk: Desk, level: str, wish: Wish) -> pd.DataFrame:
    """Return hot and cold spots of what the page seeks them in."""
    found, of = study_of(desk, wish), str(st.session_state.hot_of)
    key = ("hot", wish, level, of, found.plan.version)
    return desk.lasting(key, lambda: found.hot_spots(level, of))


def emerging_of(desk: Desk, level: str, wish: Wish) -> pd.DataFrame:
    """Return hot and cold spots over time."""
    found = study_of(desk, wish)
    key = ("emerging", wish, level, found.plan.version)
    return desk.lasting(key, lambda: found.emerging(level))


def _rates(desk: Desk, level: str, wish: Wish) -> Picture:
    found = grids_of(desk, wish, level)
    few = frozenset(found.index[found["few"]])
    return _graded(desk, level, found[f"per_1000_{rate_of()}"].astype(float), say(f"fig_rate_{rate_of()}"), few)


def _graded(desk: Desk, level: str, values: pd.Series[float], title: str, hatched: frozenset[str], *, shares: bool = False) -> Picture:
    """Return grids coloured by classes of a number; those on too few households are hatched and set no class.

    Shares rest on incidents, and the lowest of them is what has to be seen.
    """
    sound = values[~values.index.isin(hatched)].dropna()
    palette = figures.PALETTES["incidents"]
    found = figures.classes(sound, palette[::-1] if shares else palette, classing.plain())
    known = values.dropna()
    rank = np.searchsorted(np.array(found.breaks), known.to_numpy(), side="right")
    colours = {str(c): found.colours[k] for c, k in zip(known.index, rank, strict=True)}
    rows = list(zip(found.colours, figures.class_names(found.breaks), strict=False))
    if hatched:
        rows.append(("hatch", say("few_incidents", n=FEW_INCIDENTS) if shares else say("few_households")))
    if values.isna().any() and veil.limit(desk):
        rows.append(("#ffffff", say("veil_hidden")))
    figure = {"figure": "counted", "categories": {c: c for c in found.colours}, "values": colours}
    message = mapview.message(desk, level, "none", "code", legend=[_legend(desk, title, rows, classing.noted(source(desk)))], hatch=sorted(hatched))
    return Picture(message | {"figure": figure}, colours, hatched, rows, title)


def _named(
    desk: Desk, level: str, named: pd.Series[Any], palette: dict[str, str], words: dict[str, tuple[str, str]], title: str
) -> Picture:  # fmt: skip
    """Return grids coloured by a name."""
    other = lang() == "en"
    there = named.value_counts()
    rows = [(colour, f"{words[k][other]} · {number(there[k])}") for k, colour in palette.items() if k in there.index]
    rows.append(("#ffffff", f"{words['none'][other]} · {number(int(there.get('none', 0)))}"))
    colours = {str(c): palette[k] for c, k in named.items() if k in palette}
    figure = {"figure": "counted", "categories": {c: c for c in palette.values()}, "values": colours}
    message = mapview.message(desk, level, "none", "code", legend=[_legend(desk, title, rows)])
    return Picture(message | {"figure": figure}, colours, frozenset(), rows, title)


def _change(desk: Desk, level: str, wish: Wish) -> Picture:
    found = compared(desk, wish, level)
    title = say("change_title", n=number(study_of(desk, wish).days(wish)))
    if found is None:
        message = mapview.message(desk, level, "none", "code", legend=[_legend(desk, say("as_change"), [], say("change_none"))])
        return Picture(message, {}, frozenset(), [], title)
    names = np.where(~found["sure"], "none", np.where(found["per_day_second"] > found["per_day_first"], "more", "less"))
    words = {k: WORDS[f"change_{'same' if k == 'none' else k}"] for k in ("more", "less", "none")}
    return _named(desk, level, pd.Series(names, index=found.index), styles.CHANGES, words, title)


def _legend(desk: Desk, title: str, rows: list[tuple[str, str]], note: str = "") -> dict[str, Any]:
    return {"title": title, "rows": [list(r) for r in rows], "note": note or source(desk)}
