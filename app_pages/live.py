"""Figures while a planner still draws, and ways along roads: short questions of the map, answered without a rerun."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import shapely
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

import gridgis as gg
from app_pages import gestures, panel
from app_pages.desk import Desk, the_desk
from app_pages.words import word
from gridgis.errors import GridgisError
from gridgis.impact import FIGURES, Impact, impact, reach_of
from gridgis.serving.points import limited_body
from gridgis.tracing import Tracer
from layers import grids
from layers.geojson import from_degrees, to_degrees

_MOST_BYTES = 200_000
_MOST_ROWS = 6
_NEAR_M = 60.0
_MALFORMED = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, shapely.errors.GEOSException)
"""What a question that is none of our map's may end in."""


def figures_of(desk: Desk, edit: gg.Edit, level: str) -> Impact:
    """Return what an edit of the present plan would do, buildings cut included."""
    box = reach_of(edit)
    near = None
    if box is not None:
        tree, shapes = desk.footprints()
        near = shapes[tree.query(shapely.box(*box).buffer(_NEAR_M))]
    return impact(desk.plan, edit, level, near)


def trial(desk: Desk, lang: str, level: str, event: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a gesture would do at a level, in figures; or why it cannot be, and where."""
    try:
        selected = [str(c) for c in event.get("selected", [])]
        edit, _ = gestures.propose(desk.plan, desk.frame(level)[1], event, selected)
        shown = told(figures_of(desk, edit, level), lang)
        return {**shown, "preview": polygons(desk, edit, level, lang)} if event.get("draw") else shown
    except GridgisError as error:
        return {"refused": error.words(lang), "at": place_of(desk, error.place)}


def polygons(desk: Desk, edit: gg.Edit, level: str, lang: str) -> dict[str, Any]:
    """Return the polygons that an edit of the present plan would leave, as the map shows them."""
    codes = panel.after_codes(edit, desk.scheme.width(level))
    after = gg.evolve(desk.plan, edit)
    unit = word("unit_households", lang) or word("fig_households", lang).lower()
    words = [f"{panel.number(edit.after[c]['households'])} {unit}" for c in codes]
    shapes = [after.grid_geometry(c) for c in codes]
    return {
        "key": f"{edit.base_version}:{time.time_ns()}", "before": sorted(edit.before),
        "after": json.loads(grids.preview(codes, shapes, words, desk.crs)),
    }  # fmt: skip


def told(found: Impact, lang: str) -> dict[str, Any]:
    """Return figures as the map shows them."""
    rows = [
        {
            "code": s.code, "new": s.before is None, "ends": s.after is None,
            "after": [None if s.after is None else s.after[k] for k in FIGURES],
            "change": [s.change(k) for k in FIGURES], "band": s.band_after if s.after is not None else s.band_before,
        }
        for s in found.shares
    ]  # fmt: skip
    keeps = [en if lang == "en" else zh for zh, en in found.keeps]
    return {"rows": rows[:_MOST_ROWS], "more": len(rows[_MOST_ROWS:]), "cut": [found.cut_before, found.cut_after],
            "keeps": keeps, "figures": list(FIGURES)}  # fmt: skip


def place_of(desk: Desk, place: tuple[float, float] | None) -> list[float] | None:
    """Return a place of the county in degrees, longitude first."""
    if place is None:
        return None
    return [float(v) for v in shapely.get_coordinates(to_degrees(shapely.Point(place), desk.crs))[0]]


def way(desk: Desk, start: Any, end: Any) -> list[list[float]] | None:
    """Return the way along the e-map's lines between two places in degrees; None where there is none."""
    ends = from_degrees(shapely.points([start, end]), desk.crs)
    found = tracer(desk).way(*shapely.get_coordinates(ends).tolist())
    return None if found is None else shapely.get_coordinates(to_degrees(found, desk.crs)).tolist()


def tracer(desk: Desk) -> Tracer:
    """Return the lines of the e-map that a boundary can follow, read once."""

    def read() -> Tracer:
        with desk.quiet() as county:
            tables = [np.asarray(county.table(t, ["geometry"]).geometry.to_numpy(), dtype=object) for t in ("roads", "water")]
        return Tracer(np.concatenate(tables))

    return desk.lasting(("tracer",), read)


async def _asked(request: Request, kind: str) -> tuple[Desk, tuple[Any, ...], dict[str, Any]] | None:
    """Return desk, what the address stands for, and the question; None for anything that is none of ours."""
    desk = await run_in_threadpool(the_desk)
    item = desk.item(request.path_params["token"])
    if item is None or item[0] != kind:
        return None
    body = await limited_body(request, _MOST_BYTES)
    try:
        question = None if body is None else json.loads(body)
    except (ValueError, RecursionError):
        return None
    return (desk, item, question) if isinstance(question, dict) else None


async def try_(request: Request) -> Response:
    """Answer what a gesture would do; nothing is saved."""
    found = await _asked(request, "try")
    if found is None:
        return JSONResponse({"error": "unknown"}, status_code=404)
    desk, (_, lang, level), event = found
    try:
        return JSONResponse(await run_in_threadpool(trial, desk, lang, level, event))
    except _MALFORMED:
        return JSONResponse({"error": "malformed"}, status_code=400)


async def trace(request: Request) -> Response:
    """Answer the way along roads and rivers between two places."""
    found = await _asked(request, "trace")
    if found is None:
        return JSONResponse({"error": "unknown"}, status_code=404)
    desk, _, question = found
    try:
        return JSONResponse({"way": await run_in_threadpool(way, desk, question["from"], question["to"])})
    except _MALFORMED:
        return JSONResponse({"error": "malformed"}, status_code=400)


def routes(base: str) -> list[BaseRoute]:
    """Return the routes below a base path."""
    return [
        Route(f"{base}/try/{{token}}", try_, methods=["POST"]), Route(f"{base}/trace/{{token}}", trace, methods=["POST"]),
    ]  # fmt: skip
