"""What the page of proposals asks of the core: alternatives made in a thread, shown, adopted, traced."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely
import streamlit as st

from app_pages import access
from app_pages.desk import Desk
from app_pages.importdesk import Job
from app_pages.words import WORDS
from gridgis import planning
from gridgis.errors import InputError
from gridgis.planning import Adopted
from gridgis.propose.area import cells_within
from gridgis.propose.proposing import Alternative, Proposal, level_of, propose
from gridgis.propose.wanted import Wanted
from gridgis.schema import FIGURES
from layers import figures
from layers.geojson import from_degrees, to_degrees

DRAWN = "drawn"
"""What stands for the area drawn on the page's map."""
_SHOWN_M = 1.0


def places(desk: Desk) -> dict[str, tuple[str, str]]:
    """Return what can be divided: zones with a band, then every grid above the level, with words in both languages."""
    plan, scheme = desk.plan, desk.scheme
    level = level_of(plan, "")
    banded = {b.zone for b in scheme.bands if b.level == level}
    out = {DRAWN: WORDS["plan_drawn"]} if st.session_state.plan_drawn is not None else {}
    out |= {z.key: (z.zh, z.en) for z in scheme.zones if z.key in banded}
    # Without anything to meet in it, a grid is not worth offering, as long as others have something.
    useful = {c[: scheme.width(v.key)] for v in scheme.levels for c, g in plan.grids.items()
              if g.level == level and scheme.band(level, g.zone or None) is not None}  # fmt: skip
    width = scheme.width(level)
    for v in scheme.levels:
        if scheme.width(v.key) < width:
            for code in plan.codes(v.key):
                if not useful or code in useful:
                    name = plan.grids[code].name or code
                    out[code] = (f"{v.zh} · {name}", f"{v.en} · {name}")
    return out


def locks(desk: Desk, within: str) -> dict[str, str]:
    """Return the grids inside an area that may be locked, with their names."""
    plan = desk.plan
    level = level_of(plan, "")
    if within == DRAWN:
        width = plan.scheme.width(level)
        met = {str(plan.rows.code[k])[:width] for k in cells_within(plan, st.session_state.plan_drawn, level)}
        return {c: f"{plan.grids[c].name} {c}".strip() for c in plan.codes(level) if c in met}
    zones = {z.key for z in desk.scheme.zones}
    mine = [c for c in plan.codes(level) if (plan.grids[c].zone == within if within in zones else c.startswith(within))]
    return {c: f"{plan.grids[c].name} {c}".strip() for c in mine}


def band(desk: Desk) -> tuple[int, int]:
    """Return the band of the scheme, to begin with."""
    level = level_of(desk.plan, "")
    found = [b.households for b in desk.scheme.bands if b.level == level and b.households]
    return found[0] if found else (300, 500)


def draw(desk: Desk, event: Mapping[str, Any]) -> None:
    """Take an area drawn on the map as what is to be divided.

    Raises
    ------
    InputError
        It has too few points, crosses itself or holds no cell.
    """
    try:
        drawn = shapely.Polygon(np.asarray(event["area"], dtype=float).reshape(-1, 2))
    except (ValueError, shapely.errors.GEOSException) as error:
        raise InputError("画出的图形点数太少：请重新画。", "The drawing has too few points: draw it again.") from error
    if not drawn.is_valid:
        raise InputError(*WORDS["plan_crossing"])
    area = shapely.transform(from_degrees(drawn, desk.crs), lambda xy: np.round(xy, 3))
    cells_within(desk.plan, area, level_of(desk.plan, ""))
    st.session_state.update(plan_drawn=area, plan_within=DRAWN, plan_lock=[])


def drawn_figures(desk: Desk) -> dict[str, str]:
    """Return what lies in the area drawn, to be put into words."""
    plan, area = desk.plan, st.session_state.plan_drawn
    rows = cells_within(plan, area, level_of(plan, ""))
    households = int(plan.rows.figures[rows, FIGURES.index("households")].sum())
    return {"km2": f"{area.area / 1e6:.2f}", "cells": f"{len(rows):,}", "households": f"{households:,}"}


def outline(desk: Desk) -> dict[str, Any]:
    """Return the area drawn as the map shows it, while it is what is chosen."""
    area = st.session_state.plan_drawn
    if area is None or st.session_state.plan_within != DRAWN:
        return {}
    shape = json.loads(shapely.to_geojson(to_degrees(area, desk.crs)))
    return {"focus": {"key": f"drawn:{st.session_state.plan_ack}", "shape": shape, "hollow": True}}


def begin(desk: Desk, within: str, wanted: Wanted, around: str, number: str) -> Job:
    """Start the division; the county stays as it is. What is found is kept under a number of its own."""
    inside = st.session_state.plan_drawn if within == DRAWN else within

    def work(tell: Callable[[float, str], None]) -> Proposal:
        plan = desk.plan
        with desk.quiet() as county:
            tables = {name: county.table(name) for name in ("roads", "water", "places", "buildings")}
            points = planning.places_of(county, around) if around else None

        def table(name: str, columns: Any = None, bounds: Any = None) -> Any:
            frame = tables[name]
            if bounds is not None:
                frame = frame.iloc[frame.sindex.query(shapely.box(*bounds))]
            return frame if columns is None else frame[list(columns)]

        found = propose(plan, table, inside, replace(wanted, around=points), tell)
        desk.once(("proposal", number), lambda: found)
        return found

    return Job(work, WORDS["plan_broken"])


def proposal(desk: Desk, number: str) -> Proposal | None:
    """Return what was found under a number, as long as the plan is still the same."""
    found: Proposal | None = desk.once(("proposal", number), lambda: None)
    return found


def picture(desk: Desk, all_: Proposal, one: Alternative, key: str) -> dict[str, Any]:
    """Return an alternative as the map shows it, and its legend; a colour means the same in all of a proposal."""
    frame = one.frame
    shapes = np.asarray(shapely.coverage_simplify(frame.geometry.to_numpy(), _SHOWN_M), dtype=object)
    every = np.concatenate([a.frame["households"].to_numpy() for a in all_.alternatives])
    found = figures.classes(every, figures.PALETTES["households"])
    place = np.searchsorted(np.array(found.breaks), frame["households"].to_numpy(), side="right")
    features = [
        {"type": "Feature", "geometry": json.loads(shapely.to_geojson(to_degrees(shape, desk.crs))),
         "properties": {"fill": found.colours[k]}}
        for shape, k in zip(shapes, place.tolist(), strict=True)
    ]  # fmt: skip
    bounds = to_degrees(shapely.box(*frame.total_bounds), desk.crs).bounds
    return {"key": f"{key}:{one.key}", "place": key, "bounds": list(bounds),
            "shape": {"type": "FeatureCollection", "features": features},
            "rows": [[c, n] for c, n in zip(found.colours, figures.class_names(found.breaks), strict=False)]}  # fmt: skip


def outlines(desk: Desk, one: Alternative, key: str) -> dict[str, Any]:
    """Return the boundaries of an alternative, to draw along."""
    lines = shapely.line_merge(shapely.union_all(shapely.boundary(one.frame.geometry.to_numpy())))
    shape = json.loads(shapely.to_geojson(to_degrees(lines, desk.crs)))
    return {"key": f"{key}:lines", "shape": {"type": "Feature", "geometry": shape, "properties": {}}}


def trace(desk: Desk, number: str, at: int) -> None:
    """Keep an alternative to draw along on the map page, as long as this process lives."""
    found = proposal(desk, number)
    if found is not None:
        key = f"{number}:{at}"
        desk.lasting(("traced", key), lambda: outlines(desk, found.alternatives[at], key))
        st.session_state.trace = key


def traced(desk: Desk) -> dict[str, Any] | None:
    """Return the alternative that the planner draws along, as the map shows it."""
    key = st.session_state.trace
    found: dict[str, Any] | None = None if key is None else desk.lasting(("traced", key), lambda: None)
    return found


def adopt(desk: Desk, found: Proposal, at: int, name: str) -> Adopted:
    """Make a draft of an alternative."""
    access.require("save")
    one = found.alternatives[at]
    area = found.area
    labels = one.labels[area.block]
    with desk.quiet() as county:
        parts = planning.Parts(area.level, area.rows, labels, {"adopt": area.level, "layer": one.key})
        return planning.adopt_cells(county, parts, name, (access.author(), ""))


def as_file(found: Proposal) -> bytes:
    """Return all alternatives as a GeoPackage with a layer for each."""
    with tempfile.TemporaryDirectory(prefix="gridgis-") as folder:
        path = Path(folder) / "proposal.gpkg"
        planning.write_proposal(found, path)
        return path.read_bytes()
