"""The tables of the incidents page, each with its chart and the places that its rows move the map to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import shapely
import streamlit as st

from app_pages import bench, incidentdesk, tally, veil
from app_pages.desk import Desk
from app_pages.incidentview import FEW_INCIDENTS, emerging_of, hot_of, rate_of, share_of
from app_pages.panel import HIDDEN, number
from app_pages.state import lang, say
from app_pages.tableview import Column, table
from app_pages.words import WORDS
from gridgis.overlays.heads import PATTERNS, SPOTS
from gridgis.overlays.incidents import Wish
from layers import styles
from layers.geojson import to_degrees
from layers.text import safe_text

_ROWS = 300
_BARS = 10
_AROUND_M = 250.0
_OTHER = "#c5ced6"


class Listed(NamedTuple):
    """A table ready to be shown: columns, rows, what each row is about, bars, and a line below."""

    columns: list[Column]
    rows: list[list[Any]]
    about: list[str]
    chart: Any | None
    tip: str


def grids(desk: Desk, wish: Wish, level: str, view: str) -> Listed:
    """Return the grids as the view has them: numbers and rates, hot spots, their course, or two periods."""
    if view == "as_hot":
        found = hot_of(desk, level, wish)
        return _named(desk, found, "spot", SPOTS, styles.SPOTS, ("z",))
    if view == "as_emerging":
        found = emerging_of(desk, level, wish)
        return _named(desk, found, "pattern", PATTERNS, styles.PATTERNS, ("hot_steps", "cold_steps"))
    if view == "as_change":
        return _change(desk, level, wish)
    if view == "as_share" and not desk.k:
        return _shares(desk, level, wish)
    return _counts(desk, level, wish, rates=view == "as_rate")


def _shares(desk: Desk, level: str, wish: Wish) -> Listed:
    """Return a share of each grid with what it is of, the lowest first: there is the work to be done."""
    found, which = incidentdesk.grids_of(desk, wish, level), share_of()
    columns = [Column(say("name")), Column(f"{say(which)} %", "number"), Column(say("as_grids"), "number")]
    few = found["reported"] < FEW_INCIDENTS
    order = found[which].astype(float).mask(few).sort_values(kind="stable", na_position="last").index[:_ROWS]
    rows = []
    for code in order:
        row: Any = found.loc[code]
        share = "–" if pd.isna(row[which]) else f"{100 * row[which]:.1f}"
        rows.append([row["name"] or code, f"({share})" if few[code] else share, number(row["reported"])])
    top: pd.Series[Any] = found.loc[order[:_BARS], which].astype(float)
    seen = top[~few[top.index]].dropna()
    chart = tally.bars([str(found.at[c, "name"] or c) for c in seen.index], [round(100 * float(v), 1) for v in seen])
    return Listed(columns, rows, [str(c) for c in order], chart if len(seen) else None, f"( ) {say('few_incidents', n=FEW_INCIDENTS)}")


def _counts(desk: Desk, level: str, wish: Wish, *, rates: bool) -> Listed:
    """Return how many each grid has, its rate and what that is of; by rate, where the map shows it, few homes last."""
    found, of = incidentdesk.grids_of(desk, wish, level), rate_of()
    rate = found[f"per_1000_{of}"].astype(float)
    order = rate.mask(found["few"]) if rates else found["reported"].astype(float)
    heads = ("name", "as_grids", f"head_rate_{of}", f"fig_{of}")
    columns = [Column(say(h), "text" if h == "name" else "number") for h in heads]
    best = order.sort_values(ascending=False, kind="stable", na_position="last").index[:_ROWS]
    top = found.loc[best].assign(rate=rate[best], of=found.loc[best, of])
    rows = [
        [r["name"] or code, veil.shown(r["reported"]), _rate(r, desk), veil.shown(r["of"])]
        for code, r in zip(top.index, top.to_dict("records"), strict=True)
    ]  # fmt: skip
    seen = order[best][order[best] > 0].head(_BARS)
    names = [str(found.at[c, "name"] or c) for c in seen.index]
    chart = tally.bars(names, [float(v) for v in seen.round(1)]) if names else None
    return Listed(columns, rows, [str(c) for c in top.index], chart, f"( ) {say('few_households')}")


def _rate(row: Mapping[Any, Any], desk: Desk) -> str:
    if pd.isna(row["rate"]):
        return HIDDEN if veil.limit(desk) and pd.isna(row["reported"]) else "–"
    return f"({row['rate']:,.0f})" if row["few"] else f"{row['rate']:,.0f}"


def _named(
    desk: Desk, found: pd.DataFrame, name: str, words: Any, palette: dict[str, str], figures: tuple[str, ...]
) -> Listed:  # fmt: skip
    """Return grids by a name that statistics give them, the telling ones first; numbers behind it are for those who may count."""
    other, rank = lang() == "en", {k: i for i, k in enumerate(palette)}
    there = found[name].value_counts()
    top = found.assign(rank=found[name].map(rank).fillna(len(rank))).sort_values("rank", kind="stable").head(_ROWS)
    shown = () if veil.limit(desk) else figures
    columns = [Column(say("name")), Column(say(f"head_{name}"), "short"), *(Column(say(f"head_{f}"), "number") for f in shown)]
    rows = [
        [r["name"] or code, words[r[name]][other], *(f"{r[f]:,.2f}".rstrip("0").rstrip(".") for f in shown)]
        for code, r in zip(top.index, top.to_dict("records"), strict=True)
    ]  # fmt: skip
    kinds = [k for k in (*palette, "none") if k in there.index]
    chart = tally.bars([words[k][other] for k in kinds], [float(there[k]) for k in kinds], [palette.get(k, _OTHER) for k in kinds])
    return Listed(columns, rows, [str(c) for c in top.index], chart, say("chart_grids"))


def _change(desk: Desk, level: str, wish: Wish) -> Listed:
    found = incidentdesk.compared(desk, wish, level)
    if found is None:
        return Listed([], [], [], None, say("change_none"))
    other, k = lang() == "en", veil.limit(desk)
    more = (found["per_day_second"] - found["per_day_first"]).to_numpy()
    names = np.where(~found["sure"], "same", np.where(more > 0, "more", "less"))
    order = np.argsort(-np.abs(more) - 1e6 * found["sure"].to_numpy(), kind="stable")[:_ROWS]
    verdicts = [WORDS[f"change_{n}"][other] for n in names]
    columns = [Column(say("name")), Column(say("head_change"))]
    if not k:
        columns[1:1] = [Column(say("head_first"), "number"), Column(say("head_second"), "number"), Column("±%", "number")]
    rows = []
    for i in order.tolist():
        r = found.iloc[i]
        share = "–" if pd.isna(r["change"]) else f"{100 * r['change']:+,.0f}"
        rows.append([r["name"] or str(found.index[i]), *(() if k else (number(r["first"]), number(r["second"]), share)), verdicts[i]])
    paint = {"more": styles.CHANGES["more"], "less": styles.CHANGES["less"], "same": _OTHER}
    there = pd.Series(names).value_counts()
    kinds = [n for n in paint if n in there.index]
    chart = tally.bars([WORDS[f"change_{n}"][other] for n in kinds], [float(there[n]) for n in kinds], [paint[n] for n in kinds])
    return Listed(columns, rows, [str(found.index[i]) for i in order], chart, say("chart_grids"))


def places(desk: Desk, wish: Wish) -> Listed:
    """Return the places where incidents come again and again."""
    found = incidentdesk.repeated_of(desk, wish).head(_ROWS)
    columns = [Column(say("categories")), Column(say("name")), Column(say("as_grids"), "number")]
    labels = [(_matter(desk, r), _grid_name(desk, r.code)) for r in found.itertuples(index=False)]
    rows = [[*label, number(n)] for label, n in zip(labels, found["n"], strict=True)]
    short = [f"{matter.split('/')[-1]} · {grid}" for matter, grid in labels[:_BARS]]
    chart = tally.bars(short, [float(n) for n in found["n"].head(_BARS)]) if len(found) else None
    return Listed(columns, rows, [f"place:{i}" for i in range(len(found))], chart, say("repeated_note", m=25, n=5))


def _matter(desk: Desk, row: Any) -> str:
    return incidentdesk.categories(desk).name(str(row.category), lang())


def _grid_name(desk: Desk, code: Any) -> str:
    grid = desk.plan.grids.get(str(code))
    return grid.name if grid and grid.name else str(code)


def marks(desk: Desk, wish: Wish, picked: str | None) -> list[dict[str, Any]]:
    """Return those places as the map draws them."""
    found = incidentdesk.repeated_of(desk, wish).head(_ROWS)
    if found.empty:
        return []
    lonlat = shapely.get_coordinates(to_degrees(shapely.points(found["x"], found["y"]), desk.crs))
    out = []
    r: Any
    for i, (r, at) in enumerate(zip(found.itertuples(index=False), lonlat.round(6).tolist(), strict=True)):
        words = f"{_matter(desk, r)} · {number(r.n)} · {_grid_name(desk, r.code)}"
        out.append({"id": f"place:{i}", "at": at, "kind": "chosen_late" if f"place:{i}" == picked else "late", "words": words})
    return out


def points(desk: Desk, wish: Wish) -> list[tuple[float, float]]:
    """Return those places in metres."""
    found = incidentdesk.repeated_of(desk, wish).head(_ROWS)
    return list(zip(found["x"].astype(float), found["y"].astype(float), strict=True))


def focus(desk: Desk, wish: Wish, picked: str | None) -> dict[str, Any] | None:
    """Return where the map goes when a row is picked: to its grid, or to its place."""
    if picked is None:
        return None
    if picked.startswith("place:"):
        found, i = incidentdesk.repeated_of(desk, wish), int(picked.removeprefix("place:"))
        if i >= len(found):
            return None
        spot = shapely.Point(found["x"].iloc[i], found["y"].iloc[i]).buffer(_AROUND_M)
        return {"key": f"incident:{picked}", "bounds": bench.bounds_of(desk, spot)}
    if picked not in desk.plan.grids:
        return None
    return {"key": f"incident:{picked}", "bounds": bench.bounds_of(desk, desk.plan.grid_geometry(picked))}


def show(listed: Listed, key: str) -> None:
    """Show a table; a row that is picked moves the map."""
    state = st.session_state
    if not listed.rows:
        st.html(f'<p class="gg-tip">{safe_text(listed.tip or say("no_incidents"))}</p>')
        return
    at = listed.about.index(state.incident_row) if state.incident_row in listed.about else None
    table(listed.columns, listed.rows, key=key, height="clamp(200px, calc(100dvh - 560px), 900px)", picked=at,
          on_pick=lambda row: state.update(incident_row=listed.about[row]))  # fmt: skip
    st.html(f'<p class="gg-tip">{safe_text(listed.tip)}</p>')
