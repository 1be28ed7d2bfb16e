"""What the incidents page shows: studies made once for a choice of filters, and the map's message for each view."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import shapely
import streamlit as st

from app_pages import mapview
from app_pages.desk import Desk, Item
from app_pages.panel import number
from app_pages.state import lang, say
from app_pages.words import WORDS
from gridgis.analysing import Study, categories_of, moment
from gridgis.overlays import counting, heatmap
from gridgis.overlays.categories import Categories, group_of
from gridgis.overlays.heads import PATTERNS, SPOTS
from gridgis.overlays.incidents import COLUMNS, Wish, prepared
from layers import figures, heat, styles

Weights = tuple[tuple[str, float], ...]


class Picture(NamedTuple):
    """One view of the grids: what the map is told beside its layers, and the same as colours and rows of a legend."""

    message: dict[str, Any]
    colours: dict[str, str]
    hatched: frozenset[str]
    rows: list[tuple[str, str]]
    title: str


def every(desk: Desk) -> pd.DataFrame:
    """Return all incidents of the county, ready to be counted."""

    def read() -> pd.DataFrame:
        with desk.quiet() as county:
            return prepared(county.table("incidents", COLUMNS))

    return desk.lasting(("incidents",), read)


def categories(desk: Desk) -> Categories:
    """Return the county's tree of categories."""

    def read() -> Categories:
        with desk.quiet() as county:
            return categories_of(county)

    return desk.lasting(("categories",), read)


def source(desk: Desk) -> str:
    """Return where the incidents come from and when they end, in words."""

    def read() -> tuple[str, str]:
        with desk.quiet() as county:
            found = county.table("incidents", ["source", "as_of"])
        origins, days = found["source"].dropna().value_counts(), found["as_of"].dropna()
        return (str(origins.index[0]) if len(origins) else "–"), (str(days.max()) if len(days) else "–")

    origin, as_of = desk.lasting(("incident_source",), read)
    shown = say("illustrative") if WORDS["illustrative"][0] in origin else origin
    return say("source", source=shown, as_of=as_of)


def study_of(desk: Desk, wish: Wish) -> Study:
    """Return the incidents that are meant, on the present plan."""
    plan = desk.plan

    def make() -> Study:
        found = every(desk)
        # Where everything lies is asked once for a version, whatever the filters.
        whole = desk.lasting(("study", plan.version), lambda: Study(plan, found, Wish(), moment(desk.county, found)))
        out = Study(plan, found, wish, whole.now)
        out.__dict__["leaf_of_all"] = whole.leaf_of_all
        return out

    return desk.lasting(("study", wish, plan.version), make)


def grids_of(desk: Desk, wish: Wish, level: str) -> pd.DataFrame:
    """Return counts, rates and shares of each grid."""
    found = study_of(desk, wish)
    return desk.lasting(("per_grid", wish, level, found.plan.version), lambda: found.per_grid(level))


def repeated_of(desk: Desk, wish: Wish) -> pd.DataFrame:
    """Return the places where incidents come again and again."""
    found = study_of(desk, wish)
    return desk.lasting(("repeated", wish, found.plan.version), lambda: counting.repeated(found.frame, found.leaf))


# -- heat and crowds


def surface_of(desk: Desk, wish: Wish, radius: int, weights: Weights) -> heatmap.Surface | None:
    """Return the density of the incidents that are meant."""

    def make() -> heatmap.Surface | None:
        frame = study_of(desk, wish).frame
        known = dict(weights)
        heavy = frame["category"].map(lambda c: known.get(group_of(c), 1.0)).to_numpy(dtype=float) if known else None
        return heatmap.surface(frame["x"], frame["y"], desk.crs, radius, heavy)

    return desk.lasting(("surface", wish, radius, weights, desk.version), make)


def top_of(desk: Desk, wish: Wish, whole: Wish, radius: int, weights: Weights) -> float:
    """Return the density that gets the last colour: that of the whole period by its length, so that pictures compare."""
    found = surface_of(desk, whole, radius, weights)
    if found is None:
        return 1.0
    seen = found.values[found.values > 0.001 * found.values.max()]
    study = study_of(desk, whole)
    share = study.days(wish) / study.days(whole)
    return max(figures.round_limit(float(np.quantile(seen, 0.99)) * min(share, 1.0)), 0.1)


def heat_picture(desk: Desk, level: str, wish: Wish, whole: Wish, options: tuple[int, Weights]) -> dict[str, Any]:
    """Return the map's message for the density."""
    found, top = surface_of(desk, wish, *options), top_of(desk, wish, whole, *options)
    total = len(study_of(desk, wish).frame)
    told = None
    if found is not None:
        url = f"{mapview.prefix()}/picture/{desk.token('heatmap', wish, top, *options)}"
        told = {"url": url, "bounds": [list(corner) for corner in found.bounds], "total": total}
    note = f"{say('heat_note', m=options[0])}\n{source(desk)}"
    legend = {"title": say("heat"), "note": note,
              "ramp": {"colours": list(styles.HEAT), "low": say("few"), "high": say("many", n=f"{top:,.4g}")}}  # fmt: skip
    return mapview.message(desk, level, "none", "none", heat=told, legend=[legend])


def drawn(desk: Desk, item: Item) -> bytes:
    """Return the density promised under an address, as PNG."""
    _, wish, top, radius, weights = item

    def make() -> bytes:
        found = surface_of(desk, wish, radius, weights)
        values = np.zeros((1, 1)) if found is None else found.values
        return heat.picture(values, top, styles.HEAT)

    return desk.lasting(("png", *item, desk.version), make)


def crowds_picture(desk: Desk, level: str, wish: Wish) -> dict[str, Any]:
    """Return the map's message for crowds with their number."""
    url = f"{mapview.prefix()}/view/{desk.token('crowds', wish, desk.version)}"
    return mapview.message(desk, level, "none", "none", crowds=url)


def crowds(desk: Desk, item: Item, box: shapely.Geometry) -> str:
    """Return the crowds in a part of the map, in the county's CRS."""
    frame = study_of(desk, item[1]).frame
    return heat.crowds(frame["x"], frame["y"], box, desk.crs)


# -- grids


def grids_picture(desk: Desk, level: str, wish: Wish, view: str) -> Picture:
    """Return the view of the grids by how many, per household, hot spots, their course, or the change."""
    if view == "as_rate":
        return _rates(desk, level, wish)
    if view == "as_hot":
        return _named(desk, level, _hot(desk, level, wish), styles.SPOTS, dict(SPOTS), say("hot_title"))
    if view == "as_emerging":
        found = study_of(desk, wish)
        key = ("emerging", wish, level, found.plan.version)
        named = desk.lasting(key, lambda: found.emerging(level))["pattern"]
        return _named(desk, level, named, styles.PATTERNS, dict(PATTERNS), say("emerging_title"))
    if view == "as_change":
        return _change(desk, level, wish)
    counts = grids_of(desk, wish, level)["reported"]
    return _graded(desk, level, counts.astype(float), say("fig_incidents"), frozenset())


def _hot(desk: Desk, level: str, wish: Wish) -> pd.Series[Any]:
    found, of = study_of(desk, wish), str(st.session_state.hot_of)
    key = ("hot", wish, level, of, found.plan.version)
    return desk.lasting(key, lambda: found.hot_spots(level, of))["spot"]


def _rates(desk: Desk, level: str, wish: Wish) -> Picture:
    found = grids_of(desk, wish, level)
    few = frozenset(found.index[found["few"]])
    return _graded(desk, level, found["per_1000_households"].astype(float), say("fig_rate"), few)


def _graded(desk: Desk, level: str, values: pd.Series[float], title: str, hatched: frozenset[str]) -> Picture:
    """Return grids coloured by classes of a number; those on too few households are hatched and set no class."""
    sound = values[~values.index.isin(hatched)].dropna()
    found = figures.classes(sound, figures.PALETTES["incidents"])
    known = values.dropna()
    rank = np.searchsorted(np.array(found.breaks), known.to_numpy(), side="right")
    colours = {str(c): found.colours[k] for c, k in zip(known.index, rank, strict=True)}
    rows = list(zip(found.colours, figures.class_names(found.breaks), strict=False))
    if hatched:
        rows.append(("hatch", say("few_households")))
    figure = {"figure": "counted", "categories": {c: c for c in found.colours}, "values": colours}
    message = mapview.message(desk, level, "none", "code", legend=[_legend(desk, title, rows)], hatch=sorted(hatched))
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


def before(desk: Desk, wish: Wish) -> Wish | None:
    """Return the period just before one, of the same length; None where the incidents do not reach back so far."""
    found = every(desk)
    length = pd.Timedelta(days=study_of(desk, wish).days(wish))
    start = pd.Timestamp(wish.since) if wish.since else found["at"].min().normalize()
    if start - length < found["at"].min().normalize():
        return None
    first, last = (str((start - d).date()) for d in (length, pd.Timedelta(0)))
    return Wish(first, last, wish.categories, wish.statuses, wish.handled, wish.within)


def compared(desk: Desk, wish: Wish, level: str) -> pd.DataFrame | None:
    """Return the period and the one before it, per grid."""
    earlier, found = before(desk, wish), study_of(desk, wish)
    if earlier is None:
        return None
    return desk.lasting(("compared", wish, level, found.plan.version), lambda: found.against(earlier, level))


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
