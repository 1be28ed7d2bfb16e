"""Figures while a planner still draws, and ways along roads: short questions of the map, answered without a rerun."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import shapely
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

import gridgis as gg
from app_pages import access, gestures, panel
from app_pages.desk import Desk, the_desk
from app_pages.seats import from_here
from app_pages.state import lang, unlocking
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


class Proposal(NamedTuple):
    """What a gesture would do, before anything is saved: the edit, what was decided on the way, its figures at a level."""

    edit: gg.Edit
    notes: tuple[gestures.Note, ...]
    level: str
    found: Impact


def proposed(desk: Desk, event: Mapping[str, Any], level: str) -> Proposal:
    """Return what a gesture means on the present plan: the one road for the map's own question and for the page beside it.

    Who asks second gets the same answer, unless the county has changed meanwhile.

    Parameters
    ----------
    desk
        The open county.
    event
        The gesture, with the codes `selected` before it.
    level
        The level on the map.
    """
    gesture = {k: v for k, v in event.items() if k != "n"}

    def ask() -> Proposal:
        _, shown = desk.frame(level)
        edit, notes = gestures.propose(desk.plan, shown, gesture, [str(c) for c in gesture.get("selected") or ()])
        return weighed(desk, edit, notes, level)

    key = (desk.plan.version, level, json.dumps(gesture, sort_keys=True, default=str))
    found: Proposal = desk.trials.get(key, ask)
    return found


def weighed(desk: Desk, edit: gg.Edit, notes: tuple[gestures.Note, ...], level: str) -> Proposal:
    """Return a proposal of an edit of the present plan, with its figures, buildings cut included."""
    reach, near = reach_of(edit), None
    if reach is not None:
        # The store serves several readers, and by its index: nobody waits, and a county of a million buildings is not read.
        around = shapely.box(*reach).buffer(_NEAR_M).bounds
        near = np.asarray(desk.county.table("buildings", ("geometry",), around).geometry.to_numpy(), dtype=object)
    return Proposal(edit, notes, level, impact(desk.plan, edit, level, near))


def trial(desk: Desk, lang: str, level: str, event: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a gesture would do at a level, in figures and as polygons; or why it cannot be, and where."""
    try:
        found = proposed(desk, event, level)
        return {**told(found.found, lang), "preview": polygons(desk, found.edit, level, lang)}
    except GridgisError as error:
        return {"refused": unlocking(error.words(lang)), "at": place_of(desk, error.place)}


def polygons(desk: Desk, edit: gg.Edit, level: str, lang: str) -> dict[str, Any]:
    """Return the polygons that an edit of the present plan would leave, as the map shows them; equal pictures have equal keys."""
    codes = panel.after_codes(edit, desk.scheme.width(level))
    after = gg.evolve(desk.plan, edit)
    unit = word("unit_households", lang) or word("fig_households", lang).lower()
    words = [f"{panel.number(edit.after[c]['households'])} {unit}" for c in codes]
    drawn = grids.preview(codes, [after.grid_geometry(c) for c in codes], words, desk.crs)
    before = sorted(edit.before)
    key = hashlib.blake2b(f"{before}{drawn}".encode(), digest_size=12).hexdigest()
    return {"key": key, "before": before, "after": json.loads(drawn)}


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


def addresses(base: str, desk: Desk, level: str, session: tuple[str, str]) -> dict[str, str]:
    """Return where the map of a session asks what a gesture would do, and the way along roads; nothing for who may not save.

    Parameters
    ----------
    base
        What stands before every address.
    desk
        The open county.
    level
        The level on the map.
    session
        What tells the session from all others, and the role of its person.
    """
    name, role = session
    desk.seats.take(name, role)
    if not access.may(role, "save"):
        return {}
    return {
        "try": f"{base}/try/{desk.token('try', name, lang(), level)}",
        "trace": f"{base}/trace/{desk.token('trace', name, lang())}",
    }  # fmt: skip


class _UnansweredError(Exception):
    """A question that gets a sentence instead of an answer."""

    def __init__(self, status: int, key: str, lang: str) -> None:
        super().__init__(key)
        self.response = JSONResponse({"error": word(key, lang)}, status_code=status)


async def _asked(request: Request, kind: str) -> tuple[Desk, tuple[Any, ...], dict[str, Any]]:
    """Return desk, what the address stands for, and the question.

    Only the map of the session that was given the address may ask, and only while its person may save.
    """
    desk = await run_in_threadpool(the_desk)
    item = desk.item(request.path_params["token"])
    if item is None or item[0] != kind:
        raise _UnansweredError(404, "ask_elsewhere", "zh")
    _, session, lang, *_ = item
    if not from_here(request):
        raise _UnansweredError(403, "ask_elsewhere", lang)
    if not access.may(desk.seats.role(session), "save"):
        raise _UnansweredError(403, "ask_role", lang)
    # A form of another site can send text, never this.
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
        raise _UnansweredError(415, "ask_elsewhere", lang)
    body = await limited_body(request, _MOST_BYTES)
    if body is None:
        raise _UnansweredError(413, "gesture_broken", lang)
    try:
        question = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _UnansweredError(400, "gesture_broken", lang) from error
    if not isinstance(question, dict):
        raise _UnansweredError(400, "gesture_broken", lang)
    return desk, item, question


async def try_(request: Request) -> Response:
    """Answer what a gesture would do; nothing is saved."""
    try:
        desk, (_, _, lang, level), event = await _asked(request, "try")
    except _UnansweredError as no:
        return no.response
    try:
        return JSONResponse(await run_in_threadpool(trial, desk, lang, level, event))
    except _MALFORMED:
        return JSONResponse({"error": word("gesture_broken", lang)}, status_code=400)


async def trace(request: Request) -> Response:
    """Answer the way along roads and rivers between two places."""
    try:
        desk, (_, _, lang), question = await _asked(request, "trace")
    except _UnansweredError as no:
        return no.response
    ends = question.get("from"), question.get("to")
    if not all(gestures.is_place(p) for p in ends):
        return JSONResponse({"error": word("gesture_broken", lang)}, status_code=400)
    try:
        return JSONResponse({"way": await run_in_threadpool(way, desk, *ends)})
    except _MALFORMED:
        return JSONResponse({"error": word("gesture_broken", lang)}, status_code=400)


def routes(base: str) -> list[BaseRoute]:
    """Return the routes below a base path."""
    return [
        Route(f"{base}/try/{{token}}", try_, methods=["POST"]), Route(f"{base}/trace/{{token}}", trace, methods=["POST"]),
    ]  # fmt: skip
