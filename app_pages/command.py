"""The emergency on the map: an area is taken, and the panel tells whom to call and what lies inside."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import shapely
import streamlit as st

from app_pages import access, alarm
from app_pages.desk import Desk
from app_pages.panel import facts, number
from app_pages.state import attempt, lang, say, tell
from gridgis import peoplebook
from gridgis.errors import InputError
from gridgis.io.workbook import workbook_bytes
from gridgis.staff.commanding import Situation
from gridgis.staff.people import Link, level_name, role_name
from layers.geojson import from_degrees, to_degrees
from layers.text import safe_text

RADII = (100, 200, 300, 500, 1000, 2000, 5000)
SHOWN = 40
CALM = """
.stApp { background: #f8f3f0; --gg-accent: #a63d2a; }
.st-key-panel { border-color: #dcb3a6; box-shadow: inset 0 4px #b8472f; }
iframe.gridgis-map { border-color: #c98a78; box-shadow: 0 0 0 1px #c98a78; }
"""
"""What the page wears in an emergency: warmer ground, one red edge."""


def on() -> bool:
    """Tell whether the map is in emergency."""
    # Who lives within an area that anybody draws is no public number.
    return bool(st.session_state.mode == "emergency") and access.allowed("save")


def turned() -> None:
    """Begin an emergency, or give the planner back what was chosen before it."""
    state = st.session_state
    tell()
    state.goto = None
    if on():
        state.peace_selected, state.selected = state.selected, ()
    else:
        state.selected, state.danger = state.peace_selected, None


def take(desk: Desk, event: Mapping[str, Any]) -> None:
    """Take the place or area of a gesture; one that misses the county is refused in a sentence."""
    state = st.session_state
    tell()
    points = event["area"] if event["type"] == "area" else [event["at"]]
    danger = (event["type"], tuple((float(x), float(y)) for x, y in points), int(event.get("n", 0)))
    if attempt(lambda: situation(desk, danger)) is not None:
        state.danger, state.selected = danger, ()


def shape_of(desk: Desk, danger: tuple[Any, ...]) -> Any:
    """Return the area meant, in the county's CRS."""
    kind, points, _ = danger
    try:
        drawn = shapely.Polygon(points) if kind == "area" else shapely.Point(points[0])
    except (ValueError, shapely.errors.GEOSException) as error:
        raise InputError("画出的图形点数太少：请重新画。", "The drawing has too few points: draw it again.") from error
    moved = shapely.transform(from_degrees(drawn, desk.crs), lambda xy: np.round(xy, 3))
    return moved if kind == "area" else moved.buffer(st.session_state.radius, 64)


def situation(desk: Desk, danger: tuple[Any, ...]) -> Situation:
    """Return what the area means; made once for a state of plan and registers."""
    shape = shape_of(desk, danger)
    return desk.once(("command", shape.wkb), lambda: peoplebook.command_of(desk.county, shape))


def picture(desk: Desk, codes: Any) -> dict[str, Any]:
    """Return what the map shows in an emergency besides the grids: the area, and which grids it meets."""
    danger = st.session_state.danger
    if danger is None:
        return {"theme": "emergency", "selected": list(st.session_state.selected)}
    found = situation(desk, danger)
    degrees = to_degrees(found.area, desk.crs)
    met = set(found.grids["code"])
    return {
        "theme": "emergency", "selected": list(st.session_state.selected) or [c for c in codes if c in met],
        "focus": {"key": f"danger:{danger[2]}:{st.session_state.radius}", "bounds": [float(v) for v in degrees.bounds],
                  "shape": json.loads(shapely.to_geojson(degrees))},
    }  # fmt: skip


def clear() -> None:
    """Drop the area."""
    st.session_state.danger = None
    st.session_state.selected = ()
    tell()


def card(desk: Desk) -> None:
    """Show the situation: figures, whom to call, the workbook."""
    state = st.session_state
    st.html(f'<h4 class="gg-alarm">{safe_text(say("emergency"))}</h4>')
    st.select_slider(say("radius"), RADII, key="radius", format_func=lambda m: f"{m:,} m")
    if state.danger is None:
        st.html(f'<p class="gg-tip">{safe_text(say("emergency_tip"))}</p>')
        return
    found = attempt(lambda: situation(desk, state.danger))
    if found is None:
        return
    facts((name, number(value)) for name, value in peoplebook.overview_rows(found, desk.scheme, lang()))
    st.html(f"<h4>{safe_text(say('emergency_calls'))}</h4>" + calls(desk, found))
    left, right = st.columns(2)
    words = lang()
    left.download_button(
        say("people_xlsx"), data=lambda: workbook_bytes(peoplebook.command_sheets(found, desk.scheme, words)),
        file_name=f"{desk.county.code}_command.xlsx", type="primary", on_click="ignore", key="command_xlsx", width="stretch",
    )  # fmt: skip
    alarm.papers(desk, found)
    right.button(say("emergency_clear"), key="clear_area", on_click=clear, width="stretch")


def calls(desk: Desk, found: Situation) -> str:
    """Return the chain as HTML, one block a grid, level by level."""
    share = dict(zip(found.grids["code"], found.grids["share"], strict=True))
    blocks = [_block(desk, link, share.get(link.code)) for link in found.chain[:SHOWN]]
    rest = len(found.chain) - len(blocks)
    more = f'<p class="gg-tip">{safe_text(say("emergency_more", n=rest))}</p>' if rest > 0 else ""
    return f'<div class="gg-calls">{"".join(blocks)}</div>{more}'


def _block(desk: Desk, link: Link, share: float | None) -> str:
    other = int(lang() == "en")
    part = "" if share is None else say("emergency_whole") if share == 1 else say("emergency_share", n=_percent(share))
    level = level_name(desk.scheme, link.level)[other]
    head = f"<div><b>{safe_text(link.name or link.code)}</b><small>{safe_text(level)} · {safe_text(part) or safe_text(link.code)}</small></div>"
    rows = [(role_name(desk.scheme, h.role)[other], h.name or h.id, h.phone, "") for h in link.holders]
    rows += [
        (role_name(desk.scheme, r)[other], say("emergency_vacant"), "", ' class="gg-vacant"') for r in link.vacancies
    ]
    lines = "".join(
        f"<li{mark}><span>{safe_text(role)}</span><b>{safe_text(name)}</b><code>{safe_text(phone)}</code></li>"
        for role, name, phone, mark in rows
    )
    return f"<section>{head}<ul>{lines or '<li><span>' + safe_text(say('emergency_nobody')) + '</span></li>'}</ul></section>"


def _percent(share: float) -> str:
    value = 100 * share
    return f"{value:.0f}" if value >= 1 else "<1"
