"""Workload, alerts and population sources as the page shows them: frames made once, colours, charts, workbooks."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import shapely
import streamlit as st

from app_pages import access, bench, classing, incidentbook, incidentdesk, mapview
from app_pages.desk import Desk
from app_pages.loadscharts import CLASS_COLOURS, MOST, bars, spread, staff
from app_pages.panel import HIDDEN, number
from app_pages.state import attempt, lang, say, tell
from app_pages.tableview import Column, table
from app_pages.tally import last_days
from app_pages.words import WORDS
from gridgis import analysing
from gridgis.alerting import Alarm, alerts
from gridgis.disclosing import small
from gridgis.io.rasters import unpacked
from gridgis.io.workbook import Sheet, workbook_bytes
from gridgis.overlays import workload as work
from gridgis.overlays.incidents import Wish
from gridgis.population import conflicting
from gridgis.scheme import scheme_from
from gridgis.scheme_parts import Workload
from gridgis.staff.people import level_name, role_name
from layers import figures
from layers.drawing import Look, svg
from layers.geojson import to_degrees
from layers.text import safe_text

ROWS = 300
_CODES = ("code", "at", "phone")
_PUBLIC = ("households", "persons", "incidents")


class View(NamedTuple):
    """A table as the map and a chart show it: colour of each grid, legend, title and chart."""

    colours: dict[str, str]
    rows: list[tuple[str, str]]
    title: str
    note: str
    chart: tuple[str, Any] | None


class Told(NamedTuple):
    """What a part of the page shows: facts, tables by name, and how map and chart show each of them."""

    tables: dict[str, pd.DataFrame]
    facts: list[tuple[str, str]]
    views: dict[str, View]


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
    counts = found["proposed"].value_counts()
    whole, rest = even.iloc[0], even.iloc[1:]
    facts = [(say("load_gini"), number(whole["gini"], 3)), (say("load_ratio"), ratio(whole["ratio"]))]
    if len(rest) and rest["gini"].iloc[0] > 0:
        code = str(rest.index[0])
        grid = desk.plan.grids.get(code)
        facts.append((say("load_uneven"), f"{grid.name if grid and grid.name else code} · {number(rest['gini'].iloc[0], 3)}"))
    facts += [(name, say("grids_n", n=number(counts.get(k, 0)))) for k, name in names]
    views = _work_views(desk, tables, rules, names)
    if desk.k:
        tables = hushed(desk, tables, incidentdesk.grids_of(desk, wish, level)["reported"].isna())
    return Told(tables, facts, views)


def _work_views(desk: Desk, tables: dict[str, pd.DataFrame], rules: Workload, names: list[tuple[str, str]]) -> dict[str, View]:
    """Return how the map and a chart show the work of each grid, how even it is in each community, and the staff."""
    found, even, note = tables["workload"], tables["evenness"].iloc[1:], incidentdesk.source(desk)
    paint, counts = dict(zip((k for k, _ in names), CLASS_COLOURS, strict=True)), found["proposed"].value_counts()
    classed = ({str(c): paint[k] for c, k in found["proposed"].items()},
               [(paint[k], f"{name} · {number(counts.get(k, 0))}") for k, name in names], say("colour_proposed"), note)  # fmt: skip
    graded_ = (*graded(found["workload"]), say("load_legend"), classing.noted(note))
    shown = classed if st.session_state.load_colour == "proposed" else graded_
    by_place, rows = graded(even["gini"])
    inside = {str(c): by_place[str(up)] for c, up in found["community"].items() if str(up) in by_place}
    top, grids = even.head(MOST), desk.plan.grids
    labels = [grids[str(c)].name or str(c) if str(c) in grids else str(c) for c in top.index]
    staffed = worded(desk, tables["staffing"], lang()).set_axis(tables["staffing"].columns, axis=1)
    return {
        "workload": View(*shown, (say("load_chart"), spread(found, rules, names))),
        "evenness": View(inside, rows, say("load_inside"), classing.noted(note),
                         (say("load_uneven"), bars(labels, top["gini"])) if len(top) else None),
        "staffing": View(*classed, (say("load_staff"), staff(staffed)) if len(staffed) else None),
    }  # fmt: skip


def hushed(desk: Desk, tables: dict[str, pd.DataFrame], few: pd.Series[Any]) -> dict[str, pd.DataFrame]:
    """Return the tables of work as everybody may see them.

    Small numbers are hidden. The work itself and the floating population are left out: with the weights known, the one
    would tell the number that is hidden. So are sums of communities that may have one grid.
    """
    found = masked(desk, tables["workload"].drop(columns=[c for c in tables["workload"] if str(c).startswith("part_")]))
    found["incidents"] = found["incidents"].astype(object).mask(few.reindex(found.index, fill_value=False).to_numpy(bool), HIDDEN)
    even = tables["evenness"][["grids", "gini"]]
    return {"workload": found.drop(columns=["workload", "floating"]), "evenness": even, "staffing": tables["staffing"]}


def masked(desk: Desk, frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table of grids without the small numbers of households and persons, and what would give them away."""
    hide, out = small(desk.plan, desk.k).reindex(frame.index, fill_value=False), frame.copy()
    for name in [c for c in ("households", "persons") if c in out]:
        out[name] = out[name].astype(object).mask(hide[name].to_numpy(bool), HIDDEN)
    return out


def ratio(value: float) -> str:
    """Return how many times the most is the least."""
    return "–" if pd.isna(value) else number(value, 1)


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
    note = classing.noted(say("source", source=about["source"] or "–", as_of=about["as_of"] or "–"))
    if desk.k:
        found = masked(desk, found)
    facts = [(say("alert_grids"), say("grids_n", n=number(len(found)))), (say("alert_vacant"), number(sum(not r["holder"] for r in calls)))]
    if not (found[["households", "persons"]] == HIDDEN).any(axis=None):
        people = say("alert_people_n", h=number(found["households"].sum()), p=number(found["persons"].sum()))
        facts.insert(1, (say("alert_people"), people))
    if about["blank"] != "0":
        facts.append((say("alert_blank"), say("grids_n", n=number(int(about["blank"])))))
    top, roles = found.head(MOST), chain["role"].value_counts().head(MOST)
    chart = bars([n or str(c) for c, n in top["name"].items()], top["value"]) if len(top) else None
    called = bars([str(r) for r in roles.index], roles) if len(roles) else None
    views = {"alerts": View(colours, rows, title, note, (say("alert_chart"), chart) if chart else None),
             "calls": View(colours, rows, title, note, (say("call_chart"), called) if called else None)}  # fmt: skip
    return Told({"alerts": found, "calls": chain}, facts, views)


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
    top, named = differ.head(MOST), worded(desk, differ.head(MOST), lang()).set_axis(differ.columns, axis=1)
    apart = bars([f"{r['name'] or r['code']} · {r['figure']}" for r in named.to_dict("records")], 100 * top["share"]) if len(top) else None
    note = say("source_agree") if differ.empty else classing.noted("")
    shown = (colours, rows, say("source_legend"), note)
    views = {"conflicts": View(*shown, (say("source_legend"), apart) if apart else None),
             "sources": View(*shown, (say("source_chart"), chart) if chart else None)}  # fmt: skip
    return Told({"conflicts": differ, "sources": told}, facts, views)


# -- what the parts share


def graded(values: pd.Series[float], *, falling: bool = False) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Return the colour of each grid by classes of a number, and the rows of the legend; `falling` darkens the least."""
    palette = figures.WARM[::-1] if falling else figures.WARM
    known = values.astype(float).dropna()
    found = figures.classes(known, palette, classing.plain())
    rank = np.searchsorted(np.array(found.breaks), known.to_numpy(), side="right")
    # Where all are alike there is one class, and that is their number.
    names = figures.class_names(found.breaks) or [f"{v:,.2f}".rstrip("0").rstrip(".") for v in known.head(1)]
    return {str(c): found.colours[k] for c, k in zip(known.index, rank, strict=True)}, list(zip(found.colours, names, strict=False))


def picture(desk: Desk, level: str, view: View | None, code: str | None) -> dict[str, Any]:
    """Return what the map is to show; it goes to the grid picked in the table."""
    place = None
    if code is not None and code in desk.plan.grids:
        shape = desk.plan.grid_geometry(code)
        place = {"key": f"load:{code}", "bounds": bench.bounds_of(desk, shape),
                 "shape": json.loads(shapely.to_geojson(to_degrees(shape, desk.crs)))}  # fmt: skip
    blocks = [{"title": view.title, "rows": [list(r) for r in view.rows], "note": view.note}] if view else []
    message = mapview.message(desk, level, "none", "code", legend=blocks, focus=place)
    colours = view.colours if view else {}
    return message | {"figure": {"figure": "counted", "categories": {c: c for c in colours.values()}, "values": colours}}


def downloads(desk: Desk, told: Told, view: View, name: str) -> None:
    """Show the buttons that keep the tables, the map and the chart of one of them."""
    words, level, code = lang(), st.session_state.level, desk.county.code
    st.download_button(say("load_xlsx"), lambda: workbook(desk, told, words), f"{code}_{st.session_state.load_part}.xlsx", key="load_xlsx",
                       on_click="ignore", width="stretch")  # fmt: skip
    look = Look(f"{desk.county.meta['name']} · {view.title}", view.note, view.colours, frozenset(), view.rows)

    def drawn() -> str:
        frame = desk.frame(level)[1]
        return svg([str(c) for c in frame.index], frame.geometry.to_numpy(), look)

    # The words of the look are in it, so each language has a picture of its own.
    key = ("load_svg", level, look.title, look.note, tuple(view.rows), tuple(sorted(view.colours.items())))
    incidentbook.map_downloads(desk.brief(key, drawn), f"{code}_{level}_{name}")
    if view.chart:
        incidentbook.chart_downloads(desk, [view.chart[1]], (name, view.chart[1].to_json()))


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
    named = next((c for c in ("code", "community") if c in some), None)
    codes = [] if named is None else [str(c) for c in some[named]]
    pick = (lambda row: state.update(load_row=codes[row])) if codes else None
    at = codes.index(state.load_row) if state.load_row in codes else None
    table(columns, rows, key=f"load_{name}", height="calc(46dvh - 90px)", picked=at, on_pick=pick)
    if len(flat) > ROWS:
        st.html(f'<p class="gg-tip">{safe_text(say("load_first", n=number(ROWS), all=number(len(flat))))}</p>')


def _kind(name: str, values: pd.Series[Any]) -> str:
    if name in _CODES:
        return "code"
    if name in _PUBLIC:
        return "number"
    # Broken into single characters no name can be read.
    return "short" if name.endswith(("as_of", "source", "name")) else "number" if pd.api.types.is_numeric_dtype(values) else "text"


def _cell(value: Any, kind: str) -> str:
    if value is None or value == "" or (isinstance(value, float) and pd.isna(value)):
        return "–"
    if kind != "number" or value == HIDDEN:
        return str(value)
    return f"{value:,.3f}".rstrip("0").rstrip(".") if abs(value) < 1000 else f"{value:,.0f}"
