"""A link to a view of the map: what of it can be used is opened, what cannot is ignored with a sentence."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from app_pages import bench, extras, mapview, panel
from app_pages.desk import Desk
from app_pages.state import lang, say, tell

BASES = ("base", "names", "buildings", "grids", "lines", "labels", "tiles")
"""The layers that every map has."""
_AT = re.compile(r"(-?\d{1,2}(?:\.\d{1,8})?),(-?\d{1,3}(?:\.\d{1,8})?),(\d{1,2}(?:\.\d{1,3})?)")
_LONGEST = 400


class _BadError(Exception):
    """Why a part of a link cannot be used, in the language of the session."""


def take(desk: Desk) -> None:
    """Open what the address of the page asks for, once a session."""
    state = st.session_state
    if state.get("link_taken"):
        return
    state.link_taken = True
    asked = {k: v[:_LONGEST] for k, v in st.query_params.to_dict().items()}
    view: dict[str, Any] = {}
    wrong = []
    for key, open_one in _PARTS.items():
        if key not in asked:
            continue
        try:
            open_one(desk, asked[key], view)
        except _BadError as error:
            wrong.append(say("link_bad", what=f"{key}={asked[key]}", why=error))
    if view:
        state.link_view = {"key": str(time.time_ns()), **view}
        if "at" in view:
            state.goto = None
    if wrong:
        tell(notice=("" if lang() == "zh" else " ").join(wrong))


def _level(desk: Desk, value: str, _: dict[str, Any]) -> None:
    if value not in desk.scheme.level_keys:
        raise _BadError(say("link_no_level", value=value))
    st.session_state.level = value


def _colour(_: Desk, value: str, __: dict[str, Any]) -> None:
    if value not in mapview.FIGURES:
        raise _BadError(say("link_no_colour", value=value))
    st.session_state.figure = value


def _code(desk: Desk, value: str, _: dict[str, Any]) -> None:
    """Select grids; the level is theirs, whatever the link says."""
    codes = tuple(dict.fromkeys(value.split(",")))
    known = [c for c in codes if c in desk.plan.grids]
    if known:
        level = desk.plan.grids[known[0]].level
        shapes = desk.frame(level)[1]
        state = st.session_state
        state.level = level
        state.selected = tuple(c for c in known if c in shapes.index)
        area = shapes.geometry[list(state.selected)].union_all()
        state.goto = {"key": f"link:{time.time_ns()}", "bounds": bench.bounds_of(desk, area)}
    if len(known) < len(codes):
        raise _BadError(say("link_no_code", value=", ".join(c for c in codes if c not in known)))


def _at(_: Desk, value: str, view: dict[str, Any]) -> None:
    found = _AT.fullmatch(value)
    lat, lon, zoom = map(float, found.groups()) if found else (0.0, 0.0, 0.0)
    if not (-85 <= lat <= 85 and -180 <= lon <= 180 and 1 <= zoom <= 20):
        raise _BadError(say("link_no_place"))
    view["at"] = [lat, lon, zoom]


def _layers(desk: Desk, value: str, view: dict[str, Any]) -> None:
    known = {*BASES, *(o["key"] for o in extras.offer(desk, st.session_state.level, lang()))}
    out: dict[str, float] = {}
    bad = []
    for part in filter(None, value.split(",")):
        name, strength = part, "100"
        if part not in known:
            name, _, strength = part.rpartition(":")
        if name in known and strength.isdecimal() and int(strength) <= 100:
            out[name] = int(strength) / 100
        else:
            bad.append(part)
    view["layers"] = out
    if bad:
        raise _BadError(say("link_no_layer", value=", ".join(bad)))


def _version(desk: Desk, value: str, view: dict[str, Any]) -> None:
    if not value.isdecimal() or not 1 <= int(value) < desk.version:
        raise _BadError(say("link_no_version", value=value))
    view["version"] = int(value)
    view.setdefault("layers", {}).setdefault("earlier", 1.0)


def _kinds(_: Desk, value: str, view: dict[str, Any]) -> None:
    view["kinds"] = value.split(",")


_PARTS: Mapping[str, Callable[[Desk, str, dict[str, Any]], None]] = {
    "level": _level, "colour": _colour, "code": _code, "at": _at, "layers": _layers, "version": _version, "kinds": _kinds,
}  # fmt: skip


def spoken() -> dict[str, Any]:
    """Return what an address keeps of the choices beside the map."""
    state = st.session_state
    return {"level": state.level, "colour": state.figure, "lang": lang()}


def paper(desk: Desk) -> dict[str, str]:
    """Return heading and source of the map on paper."""
    level = panel.level_name(desk, st.session_state.level)
    told = [say("version", n=desk.version), desk.county.today, *([say("illustrative")] if desk.county.illustrative else [])]
    name = desk.county.meta["name"] or desk.county.code
    return {"title": say("paper_title", county=name, level=level), "line": " · ".join(told)}
