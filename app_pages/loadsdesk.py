"""Workload, alerts and population sources as the page shows them: frames made once, colours, charts, workbooks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import altair as alt
import numpy as np
import pandas as pd
import shapely
import streamlit as st

from app_pages import access, bench, incidentdesk, mapview
from app_pages.desk import Desk
from app_pages.panel import number
from app_pages.state import attempt, lang, say, tell
from app_pages.tableview import Column, table
from app_pages.tally import last_days, quiet
from app_pages.words import WORDS
from gridgis import analysing, conflicting
from gridgis.alerting import Alarm, alerts
from gridgis.io.rasters import unpacked
from gridgis.io.workbook import Sheet, workbook_bytes
from gridgis.overlays import workload as work
from gridgis.overlays.incidents import Wish
from gridgis.people import level_name, role_name
from gridgis.scheme import scheme_from
from gridgis.scheme_parts import Workload
from layers import figures
from layers.geojson import to_degrees
from layers.text import safe_text

ROWS = 300
CLASS_COLOURS = ("#d2603f", "#f0c27b", "#8cc3a6")
_CODES = ("code", "at", "phone")
_BARS = 12


class Told(NamedTuple):
    """What a part of the page shows: tables by name, what colours the map, facts, chart."""

    tables: dict[str, pd.DataFrame]
    colours: dict[str, str]
    legend: dict[str, Any]
    facts: list[tuple[str, str]]
    chart: tuple[str, Any] | None


# -- workload


def wish_of(desk: Desk) -> Wish:
    """Return the incidents of the period chosen."""
    at = incidentdesk.every(desk)["at"].dropna()
    if at.empty or st.session_state.load_period == "days_all":
        return Wish()
    first, _ = last_days(at.min().date(), at.max().date(), st.session_state.load_period)
    return Wish(since=str(first))


def rules_of(desk: Desk, given: dict[str, Any]) -> Workload:
    """Return weights checked as those of a scheme are."""
    whole = desk.scheme.model_dump(by_alias=True, exclude_defaults=True) | {"workload": given}
    return scheme_from(whole, desk.county.meta["scheme"]).workload


def save(desk: Desk, rules: Workload) -> None:
    """Keep the weights in the county's scheme."""

    def write() -> bool:
        access.require("save")
        with desk.quiet() as county:
            analysing.save_workload(county, rules)
        return True

    if attempt(write):
        tell(notice=say("load_saved"))


def workload(desk: Desk, level: str, rules: Workload) -> Told:
    """Return the workload of the grids, how even it is, and the staff that follows."""
    wish = wish_of(desk)

    def make() -> dict[str, pd.DataFrame]:
        study = incidentdesk.study_of(desk, wish)
        with desk.quiet() as county:
            found = analysing.load(county, level, study, rules)
            staff = work.staffing(study.plan, found, analysing.held_of(county))
        even = work.evenness(found).sort_values("gini", ascending=False)
        even = pd.concat([even.loc[[""]], even.drop(index="")])
        return {"workload": found.sort_values("workload", ascending=False), "evenness": even, "staffing": staff}

    tables = desk.once(("load", level, wish, rules.model_dump_json()), make)
    found, even = tables["workload"], tables["evenness"]
    names = [(k, v[lang() == "en"]) for k, *v in work.class_names(desk.scheme)]
    paint = dict(zip((k for k, _ in names), CLASS_COLOURS, strict=True))
    counts = found["proposed"].value_counts()
    if st.session_state.load_colour == "proposed":
        colours = {str(c): paint[k] for c, k in found["proposed"].items()}
        rows = [(paint[k], f"{name} · {number(counts.get(k, 0))}") for k, name in names]
        title = say("colour_proposed")
    else:
        colours, rows = graded(found["workload"])
        title = say("load_legend")
    whole, rest = even.iloc[0], even.iloc[1:]
    facts = [(say("load_gini"), number(whole["gini"], 3)), (say("load_ratio"), ratio(whole["ratio"]))]
    if len(rest) and rest["gini"].iloc[0] > 0:
        code = str(rest.index[0])
        grid = desk.plan.grids.get(code)
        facts.append((say("load_uneven"), f"{grid.name if grid and grid.name else code} · {number(rest['gini'].iloc[0], 3)}"))
    facts += [(name, say("grids_n", n=number(counts.get(k, 0)))) for k, name in names]
    return Told(tables, colours, legend(title, rows, incidentdesk.source(desk)), facts, (say("load_chart"), spread(found, rules, names)))


def ratio(value: float) -> str:
    """Return how many times the most is the least."""
    return "–" if pd.isna(value) else number(value, 1)


def spread(found: pd.DataFrame, rules: Workload, names: list[tuple[str, str]]) -> Any:
    """Return how many grids have how much work, in the colours of the classes."""
    top = max(4.0, rules.upper + 1)
    held = found["workload"].clip(upper=top - 0.01) // 0.25 * 0.25
    known = dict(names)
    long = pd.DataFrame({"from": held, "class": found["proposed"].map(known)}).value_counts().rename("n").reset_index()
    long["to"] = long["from"] + 0.25
    colour = alt.Color("class:N", scale=alt.Scale(domain=[n for _, n in names], range=list(CLASS_COLOURS)), title=None)
    chart = alt.Chart(long).mark_bar(stroke="white", strokeWidth=0.6).encode(
        x=alt.X("from:Q", bin=alt.Bin(binned=True, step=0.25), axis=alt.Axis(format=".1f", grid=False, values=np.arange(0, top + 0.1, 0.5).tolist()),
                scale=alt.Scale(domain=[0, top])), x2="to:Q",
        y=alt.Y("n:Q", stack="zero", axis=alt.Axis(tickCount=4, tickMinStep=1, format=",d")), color=colour,
        tooltip=[alt.Tooltip("from:Q", format=".2f", title=" "), alt.Tooltip("n:Q", format=",", title=" ")],
    )  # fmt: skip
    return quiet(chart, 170)


# -- alerts


def raster_names(desk: Desk) -> dict[str, str]:
    """Return the rasters of the county by their ids, as people call them: what they show, their name, their unit."""
    with desk.quiet() as county:
        rows = pd.DataFrame(county.table("rasters", ("id", "kind", "name", "unit"))).fillna("").to_dict("records")
    return {str(r["id"]): _raster_name(str(r["kind"]), str(r["name"] or r["id"]), str(r["unit"])) for r in rows}


def _raster_name(kind: str, name: str, unit: str) -> str:
    known = say(f"raster_{kind}") if f"raster_{kind}" in WORDS else kind
    told = name if name == known else f"{known} · {name}"
    return say("alert_unit", name=told, unit=unit) if unit else told


def first_limit(desk: Desk, raster: str, side: str) -> float | None:
    """Return a limit to begin with: beyond it lies a tenth of the raster."""

    def ask() -> float | None:
        with desk.quiet() as county:
            rows = pd.DataFrame(county.table("rasters", ("id", "data")))
        values = unpacked(rows.loc[rows["id"] == raster, "data"].iloc[0]).values
        known = values[np.isfinite(values)]
        share = 0.9 if side == "above" else 0.1
        return float(f"{np.quantile(known, share):.2g}") if len(known) else None

    found: float | None = desk.lasting(("first_limit", raster, side), ask)
    return found


def alerted(desk: Desk, level: str, alarm: Alarm) -> Told:
    """Return the grids beyond a limit and the people to call."""

    def ask() -> Any:
        with desk.quiet() as county:
            return alerts(county, level, alarm)

    found, about, calls = desk.once(("alerts", level, alarm), ask)
    other = lang() == "en"
    listed = [r | {"level": level_name(desk.scheme, r["level"])[other], "role": role_name(desk.scheme, r["role"])[other],
                   "holder": r["holder"] or say("emergency_vacant"), "community": r["at"], "name": found.at[r["code"], "name"]}
              for r in calls]  # fmt: skip
    chain = pd.DataFrame(listed, columns=["code", "name", "level", "community", "role", "holder", "phone"])
    colours, rows = graded(found["value"], falling=alarm.above is None)
    title = raster_names(desk)[about["id"]]
    note = say("source", source=about["source"] or "–", as_of=about["as_of"] or "–")
    people = say("alert_people_n", h=number(found["households"].sum()), p=number(found["persons"].sum()))
    facts = [(say("alert_grids"), say("grids_n", n=number(len(found)))), (say("alert_people"), people),
             (say("alert_vacant"), number(sum(not r["holder"] for r in calls)))]  # fmt: skip
    if about["blank"] != "0":
        facts.append((say("alert_blank"), say("grids_n", n=number(int(about["blank"])))))
    top = found.head(_BARS)
    chart = bars([n or str(c) for c, n in top["name"].items()], top["value"]) if len(top) else None
    return Told({"alerts": found, "calls": chain}, colours, legend(title, rows, note), facts,
                (say("alert_chart"), chart) if chart else None)  # fmt: skip


# -- population


def sources(desk: Desk, level: str) -> Told:
    """Return the sources of people and where they differ."""

    def make() -> tuple[pd.DataFrame, pd.DataFrame]:
        with desk.quiet() as county:
            told, differ = conflicting.sources(county), conflicting.population_conflicts(county)
        return pd.DataFrame(told, columns=list(conflicting.SOURCE_COLUMNS)), differ.sort_values("share", ascending=False)

    told, differ = desk.lasting(("population_sources", desk.version), make)
    worst = differ.groupby("code")["share"].max().astype(float)
    plan = desk.plan
    here = worst[[c in plan.grids and plan.grids[c].level == level for c in worst.index]]
    colours, rows = graded(100 * here)
    facts = [(say("source_n"), number(len(told))), (say("source_conflicts"), number(len(here)))]
    if len(worst) > len(here):
        facts.append((say("source_elsewhere"), number(len(worst) - len(here))))
    if len(worst):
        facts.append((say("source_most"), f"{100 * worst.max():.1f}%"))
    labels = [" · ".join(map(str, row[:3])) for row in worded(desk, told, lang()).to_numpy().tolist()]
    chart = bars(labels, told["persons"]) if labels else None
    block = legend(say("source_legend"), rows, say("source_agree") if differ.empty else "")
    return Told({"conflicts": differ, "sources": told}, colours, block, facts, (say("source_chart"), chart) if chart else None)


# -- what the parts share


def graded(values: pd.Series[float], *, falling: bool = False) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Return the colour of each grid by classes of a number, and the rows of the legend; `falling` darkens the least."""
    palette = figures.WARM[::-1] if falling else figures.WARM
    known = values.astype(float).dropna()
    found = figures.classes(known, palette)
    rank = np.searchsorted(np.array(found.breaks), known.to_numpy(), side="right")
    return ({str(c): found.colours[k] for c, k in zip(known.index, rank, strict=True)},
            list(zip(found.colours, figures.class_names(found.breaks), strict=False)))  # fmt: skip


def legend(title: str, rows: Sequence[tuple[str, str]], note: str) -> dict[str, Any]:
    """Return a block of the map's legend."""
    return {"title": title, "rows": [list(r) for r in rows], "note": note}


def picture(desk: Desk, level: str, told: Told | None, code: str | None) -> dict[str, Any]:
    """Return what the map is to show; it goes to the grid picked in the table."""
    place = None
    if code is not None and code in desk.plan.grids:
        shape = desk.plan.grid_geometry(code)
        place = {"key": f"load:{code}", "bounds": bench.bounds_of(desk, shape),
                 "shape": json.loads(shapely.to_geojson(to_degrees(shape, desk.crs)))}  # fmt: skip
    blocks = [told.legend] if told else []
    message = mapview.message(desk, level, "none", "code", legend=blocks, focus=place)
    colours = told.colours if told else {}
    return message | {"figure": {"figure": "counted", "categories": {c: c for c in colours.values()}, "values": colours}}


def bars(labels: list[str], values: pd.Series[Any]) -> Any:
    """Return bars with their number, in the order given."""
    data = pd.DataFrame({"name": labels, "n": values.astype(float).to_numpy()}).drop_duplicates("name")
    top = float(data["n"].abs().max()) or 1.0
    base = alt.Chart(data).encode(
        y=alt.Y("name:N", sort=None, axis=alt.Axis(labelLimit=190, labelOverlap=False)),
        x=alt.X("n:Q", axis=None, scale=alt.Scale(domainMin=min(0.0, float(data["n"].min())), domainMax=top * 1.7)),
    )  # fmt: skip
    drawn = base.mark_bar(color="#d2603f", opacity=0.8, cornerRadiusEnd=3, height={"band": 0.62})
    text = base.mark_text(align="left", dx=5, color="#64748b", fontSize=11).encode(text=alt.Text("n:Q", format=",.2~f"))
    return quiet(drawn + text, 24 * len(data) + 6)


def worded(desk: Desk, frame: pd.DataFrame, words: str) -> pd.DataFrame:
    """Return a table as people read it."""
    names = {code: grid.name for code, grid in desk.plan.grids.items()}
    columns = [c for c in ("source", "first_source", "second_source") if c in frame]
    plain = frame.assign(**{c: [_origin(v, words) for v in frame[c]] for c in columns})
    return analysing.worded(plain, desk.scheme, names, words)


def _origin(source: Any, words: str) -> Any:
    illustrative = WORDS["illustrative"]
    return illustrative[words == "en"] if illustrative[0] in str(source) else source


def workbook(desk: Desk, told: Told, words: str) -> bytes:
    """Return the tables of a part as a workbook."""
    other = words == "en"
    return workbook_bytes([Sheet(analysing.TITLES[k][other], worded(desk, f, words)) for k, f in told.tables.items()])


def listed(desk: Desk, name: str, frame: pd.DataFrame) -> None:
    """Show a table; a row that is about a grid moves the map there."""
    state = st.session_state
    if frame.empty:
        note = {"conflicts": "source_agree", "alerts": "alert_calm", "staffing": "load_no_staff"}.get(name, "alert_calm")
        st.html(f'<div class="gg-clear"><b>{safe_text(say("load_empty"))}</b><span>{safe_text(say(note))}</span></div>')
        return
    flat = frame.reset_index() if frame.index.name else frame
    some = flat.drop(columns=[c for c in flat.columns if str(c).startswith("part_") or (c in ("category", "class", "factor") and
                              flat[c].nunique() < 2 and name == "workload")]).head(ROWS)  # fmt: skip
    words = worded(desk, some, lang())
    kinds = [_kind(str(c), some[c]) for c in some.columns]
    columns = [Column(str(t).strip(), k) for t, k in zip(words.columns, kinds, strict=True)]
    rows = [[_cell(v, k) for v, k in zip(row, kinds, strict=True)] for row in words.astype(object).to_numpy().tolist()]
    codes = [str(c) for c in (some["code"] if "code" in some else some.get("community", []))]
    pick = (lambda row: state.update(load_row=codes[row])) if codes else None
    at = codes.index(state.load_row) if state.load_row in codes else None
    table(columns, rows, key=f"load_{name}", height="calc(46dvh - 90px)", picked=at, on_pick=pick)
    if len(flat) > ROWS:
        st.html(f'<p class="gg-tip">{safe_text(say("load_first", n=number(ROWS), all=number(len(flat))))}</p>')


def _kind(name: str, values: pd.Series[Any]) -> str:
    if name in _CODES:
        return "code"
    # Broken into single characters no name can be read.
    return "short" if name.endswith(("as_of", "source", "name")) else "number" if pd.api.types.is_numeric_dtype(values) else "text"


def _cell(value: Any, kind: str) -> str:
    if value is None or value == "" or (isinstance(value, float) and pd.isna(value)):
        return "–"
    if kind != "number":
        return str(value)
    return f"{value:,.3f}".rstrip("0").rstrip(".") if abs(value) < 1000 else f"{value:,.0f}"
