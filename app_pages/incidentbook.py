"""What of the incidents page can be kept: tables as a workbook, the map as SVG and PNG."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

import pandas as pd
import streamlit as st

from app_pages import incidentdesk, incidentview, tally, veil
from app_pages.desk import Desk
from app_pages.panel import HIDDEN, level_name
from app_pages.state import attempt, lang, say
from gridgis.analysing import Study, thinned
from gridgis.io.workbook import Sheet, workbook_bytes
from gridgis.overlays import counting
from gridgis.overlays.heads import WEEKDAYS, in_words
from gridgis.overlays.incidents import Wish
from layers.drawing import Look, svg
from layers.page import ASSETS

_HTML = '<div class="gg-png"><button type="button"></button></div>'
_SHEETS = {
    "grids": ("各网格", "Grids"), "categories": ("类别", "Categories"), "trend": ("趋势", "Trend"), "week": ("星期与时段", "Weekday and hour"),
    "repeated": ("反复发生地", "Repeated places"), "compared": ("与前期相比", "Against before"), "hot": ("热点", "Hot spots"),
    "unlocated": ("未落格", "Not in a grid"),
}  # fmt: skip


@cache
def _component() -> Callable[..., Any]:
    script = (ASSETS / "picture.js").read_text(encoding="utf-8")
    return st.components.v2.component("gridgis_png", html=_HTML, js=script, isolate_styles=False)


class Asked(NamedTuple):
    """What a workbook is to hold: level, filters, language, choices, and the lines of its first sheet."""

    level: str
    wish: Wish
    lang: str
    hot_of: str
    step: counting.Step
    about: list[tuple[str, str]]
    title: str


def asked(desk: Desk, level: str, wish: Wish) -> Asked:
    """Return what the session asks for; the workbook itself is made later, where there is no session."""
    state = st.session_state
    about = [
        (say("level"), level_name(desk, level)), (say("period"), " – ".join(days_of(desk, wish))),
        (say("categories"), "、".join(wish.categories)), (say("version", n=desk.version), ""), (incidentdesk.source(desk), ""),
    ]  # fmt: skip
    if veil.limit(desk):
        about.append((say("veil_told", k=veil.limit(desk)), ""))
    return Asked(level, wish, lang(), state.hot_of, state.trend_step, about, say("sheet_facts"))


def worded(desk: Desk, frame: pd.DataFrame, lang_: str) -> pd.DataFrame:
    """Return a table as people read it."""
    tree = incidentdesk.categories(desk)
    kinds = {c: (c, tree.name(c, "en")) for c in incidentdesk.every(desk)["category"].unique()}
    return in_words(frame, lang_, {"category": kinds, "weekday": dict(enumerate(WEEKDAYS))})


def workbook(desk: Desk, told: Asked) -> bytes:
    """Return every table of the page as a workbook; the first sheet says what was asked for and where it comes from."""
    level, wish = told.level, told.wish
    study = incidentdesk.study_of(desk, wish)
    week = counting.week_hours(study.frame)
    week.columns = pd.Index([str(h) for h in week.columns])
    if veil.limit(desk):
        return workbook_bytes([_about(told), *_public_sheets(desk, told, study)])
    tables = {
        "grids": incidentdesk.grids_of(desk, wish, level), "categories": counting.by_category(study.frame, study.now),
        "trend": counting.trend(study.frame, told.step), "week": week,
        "repeated": incidentdesk.repeated_of(desk, wish).rename(columns={"first": "since"}),
        "hot": study.hot_spots(level, told.hot_of), "unlocated": study.unlocated,
    }  # fmt: skip
    compared = incidentdesk.compared(desk, wish, level)
    if compared is not None:
        tables["compared"] = compared
    other = told.lang == "en"
    sheets = [Sheet(_SHEETS[k][other], worded(desk, frame, told.lang)) for k, frame in tables.items()]
    return workbook_bytes([_about(told), *sheets])


def _about(told: Asked) -> Sheet:
    return Sheet(told.title, pd.DataFrame(told.about, columns=["", " "]))


def _public_sheets(desk: Desk, told: Asked, study: Study) -> list[Sheet]:
    """Return the tables that everybody may have: numbers alone, small ones hidden; no incident by itself, no address."""
    k, other = veil.limit(desk), told.lang == "en"
    kinds, steps = counting.by_category(study.frame, study.now)[["reported"]], counting.trend(study.frame, told.step)
    week = thinned(pd.Series(counting.week_hours(study.frame).stack()), k).unstack()
    week.columns = pd.Index([str(h) for h in week.columns])
    tables = {
        "grids": incidentdesk.grids_of(desk, told.wish, told.level), "categories": kinds.assign(reported=thinned(kinds["reported"], k)),
        "trend": steps.assign(**{c: thinned(steps[c], k) for c in ("reported", "closed")}), "week": week,
        "repeated": incidentdesk.repeated_of(desk, told.wish)[["category", "n", "code"]],
        "hot": study.hot_spots(told.level, told.hot_of)[["name", "spot"]],
    }  # fmt: skip
    # A cell that is empty has nothing in it; one that is hidden says so.
    return [Sheet(_SHEETS[name][other], worded(desk, frame, told.lang).astype(object).fillna(HIDDEN)) for name, frame in tables.items()]


def days_of(desk: Desk, wish: Wish) -> tuple[str, str]:
    """Return first and last day of a period."""
    at = incidentdesk.every(desk)["at"]
    last = pd.Timestamp(wish.until) - pd.Timedelta(days=1) if wish.until else at.max()
    return wish.since or str(at.min().date()), str(last.date())


def map_svg(desk: Desk, level: str, wish: Wish, picture: incidentview.Picture, dots: Sequence[tuple[float, float]] = ()) -> str:
    """Return the view of the grids as SVG, with places marked by dots."""
    _, frame = desk.frame(level)
    title = f"{desk.county.meta['name']} · {picture.title} · {' – '.join(days_of(desk, wish))}"
    look = Look(title, incidentdesk.source(desk), picture.colours, picture.hatched, picture.rows, dots)
    return svg([str(c) for c in frame.index], frame.geometry.to_numpy(), look)


def downloads(desk: Desk, level: str, wish: Wish, view: str, dots: Sequence[tuple[float, float]] = ()) -> None:
    """Show the buttons: tables, and the map as it is coloured (by counts where it shows no grids)."""
    name = f"{desk.county.code}_{level}_{'_'.join(days_of(desk, wish))}"
    shown = view if view in ("as_rate", "as_share", "as_hot", "as_emerging", "as_change") else "as_grids"
    told = asked(desk, level, wish)
    st.download_button(say("get_tables"), lambda: workbook(desk, told), f"{name}.xlsx", key="get_tables",
                           on_click="ignore", width="stretch")  # fmt: skip

    # A period may be too short for a course over time, which the page has said already.
    found = attempt(lambda: incidentview.grids_picture(desk, level, wish, shown))
    picture = found or incidentview.grids_picture(desk, level, wish, "as_grids")
    text = desk.brief(("map_svg", level, wish, lang(), picture.title, tuple(picture.rows), len(dots), st.session_state.hot_of),
                      lambda: map_svg(desk, level, wish, picture, dots))  # fmt: skip
    map_downloads(text, name)


def map_downloads(text: str, name: str) -> None:
    """Show the buttons for the map as it is coloured."""
    vector, raster = st.columns(2)
    vector.download_button(say("get_svg"), text, f"{name}.svg", "image/svg+xml", key="get_svg", on_click="ignore", width="stretch")
    with raster:
        _component()(key="get_png", data={"svg": text, "name": f"{name}.png", "label": say("get_png")})


def chart_downloads(desk: Desk, charts: list[Any], what: tuple[Any, ...]) -> None:
    """Show the buttons for the charts on the page; `what` tells them apart from others."""
    text = desk.brief(("charts", lang(), *what), lambda: tally.drawn(charts))
    vector, raster = st.columns(2)
    name = f"{desk.county.code}_{what[0]}"
    vector.download_button(say("chart_svg"), text, f"{name}.svg", "image/svg+xml", key="chart_svg", on_click="ignore", width="stretch")
    with raster:
        _component()(key="chart_png", data={"svg": text, "name": f"{name}.png", "label": say("chart_png")})
