"""Incidents as the pages and the addresses of the map need them: each study made once for a choice of filters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import shapely

from app_pages import veil
from app_pages.desk import Desk, Item
from app_pages.state import say
from app_pages.words import WORDS
from gridgis.analysing import Study, categories_of, moment, public
from gridgis.overlays import counting, heatmap
from gridgis.overlays.categories import Categories, group_of
from gridgis.overlays.incidents import COLUMNS, Wish, prepared
from layers import figures, heat, styles

Weights = tuple[tuple[str, float], ...]


def _read(desk: Desk) -> tuple[pd.DataFrame, tuple[str, str]]:
    """Return all incidents, and their commonest source and newest date; the table is read once for both."""

    def read() -> tuple[pd.DataFrame, tuple[str, str]]:
        with desk.quiet() as county:
            table = county.table("incidents", (*COLUMNS, "source", "as_of"))
        origins, days = table["source"].dropna().value_counts(), table["as_of"].dropna()
        return prepared(table), (str(origins.index[0]) if len(origins) else "–", str(days.max()) if len(days) else "–")

    found: tuple[pd.DataFrame, tuple[str, str]] = desk.lasting(("incidents",), read)
    return found


def every(desk: Desk) -> pd.DataFrame:
    """Return all incidents of the county, ready to be counted."""
    return _read(desk)[0]


def categories(desk: Desk) -> Categories:
    """Return the county's tree of categories."""

    def read() -> Categories:
        with desk.quiet() as county:
            return categories_of(county)

    return desk.lasting(("categories",), read)


def source(desk: Desk) -> str:
    """Return where the incidents come from and when they end, in words."""
    origin, as_of = _read(desk)[1]
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
    """Return counts, rates and shares of each grid; for everybody's eyes only what `analysing.public` tells."""
    found, k = study_of(desk, wish), veil.limit(desk)
    if k:
        return desk.lasting(("public", k, wish, level, found.plan.version), lambda: public(found, level, k))
    return desk.lasting(("per_grid", wish, level, found.plan.version), lambda: found.per_grid(level))


def within(desk: Desk, codes: tuple[str, ...]) -> dict[str, int]:
    """Return how many of all incidents lie in each of some grids, of whatever level, on the desk's plan."""

    def count() -> dict[str, int]:
        leaves = study_of(desk, Wish()).leaf.dropna().astype(str).value_counts()
        return {c: int(leaves[leaves.index.str.startswith(c)].sum()) for c in codes}

    found: dict[str, int] = desk.brief(("within", codes), count)
    return found


def repeated_of(desk: Desk, wish: Wish) -> pd.DataFrame:
    """Return the places where incidents come again and again; for everybody's eyes only full ones, without address."""
    found, k = study_of(desk, wish), veil.limit(desk)
    places = desk.lasting(("repeated", wish, found.plan.version), lambda: counting.repeated(found.frame, found.leaf))
    return places[places["n"] >= k].assign(address="").reset_index(drop=True) if k else places


def surface_of(desk: Desk, wish: Wish, radius: int, weights: Weights) -> heatmap.Surface | None:
    """Return the density of the incidents that are meant."""
    k = veil.limit(desk)

    def make() -> heatmap.Surface | None:
        frame = study_of(desk, wish).frame
        known = dict(weights)
        heavy = frame["category"].map(lambda c: known.get(group_of(c), 1.0)).to_numpy(dtype=float) if known else None
        found = heatmap.surface(frame["x"], frame["y"], desk.crs, radius, heavy)
        if not k or found is None:
            return found
        # Where fewer than k lie within the radius there would be a spot for each.
        plain = heatmap.surface(frame["x"], frame["y"], desk.crs, radius, None)
        few = plain is None or plain.values * np.pi * (radius / 1000) ** 2 < k
        return replace(found, values=np.where(few, 0.0, found.values))

    return desk.lasting(("surface", k, wish, radius, weights, desk.version), make)


def top_of(desk: Desk, wish: Wish, whole: Wish, radius: int, weights: Weights) -> float:
    """Return the density that gets the last colour: that of the whole period by its length, so that pictures compare."""
    found = surface_of(desk, whole, radius, weights)
    if found is None or not found.values.any():
        return 1.0
    seen = found.values[found.values > 0.001 * found.values.max()]
    study = study_of(desk, whole)
    share = study.days(wish) / study.days(whole)
    return max(figures.round_limit(float(np.quantile(seen, 0.999)) * min(share, 1.0)), 0.1)


def drawn(desk: Desk, item: Item) -> bytes:
    """Return the density promised under an address, as PNG."""
    _, wish, top, radius, weights = item

    def make() -> bytes:
        found = surface_of(desk, wish, radius, weights)
        values = np.zeros((1, 1)) if found is None else found.values
        return heat.picture(values, top, styles.HEAT)

    return desk.lasting(("png", veil.limit(desk), *item, desk.version), make)


def crowds(desk: Desk, item: Item, box: shapely.Geometry) -> str:
    """Return the crowds in a part of the map, in the county's CRS."""
    frame = study_of(desk, item[1]).frame
    return heat.crowds(frame["x"], frame["y"], box, desk.crs, least=max(veil.limit(desk), 1))


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
