"""The map as a Streamlit component: mounted once, fed by messages, answering with finished gestures."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import streamlit as st

from app_pages import access, classing, emaptiles, live, others
from app_pages.address import prefix
from app_pages.desk import Desk
from app_pages.state import lang, say
from layers import figures, page

FIGURES = ("households", "persons", "buildings", "incidents", "area_m2", "band", "none")
Message = dict[str, Any]


@cache
def _component() -> Callable[..., Any]:
    script = (page.ASSETS / "component.js").read_text(encoding="utf-8")
    return st.components.v2.component(
        "gridgis_map", html='<div class="gridgis-host"></div>', js=script, isolate_styles=False
    )


def live_map(desk: Desk, message: Message, *, key: str, height: str, **more: Any) -> Mapping[str, Any]:
    """Show the map with a message; return the component's result.

    Parameters
    ----------
    desk
        The open county.
    message
        What the map shows, from `message`.
    key
        Identity of the component on its page.
    height
        CSS height of the map.
    **more
        `tools`: the tools on offer; `on_event`: what to call when a gesture is finished.
    """
    tools = tuple(more.get("tools", ("select",)))
    data = {
        "url": f"{prefix()}/frame/{desk.token('page', lang(), tools)}",
        "title": say("map_title", county=desk.county.meta["name"]),
        "height": height,
        "keys": len(tools) > 1,
        "message": message,
    }
    seen: Mapping[str, Any] = _component()(key=key, data=data, on_event_change=more.get("on_event", lambda: None))
    return seen


def message(desk: Desk, level: str, figure: str, labels: str, **more: Any) -> Message:
    """Return what the map is to show: addresses of layers, colours, legend, selection.

    Parameters
    ----------
    desk
        The open county.
    level
        Level of the grids.
    figure
        What colours the grids, one of `FIGURES`.
    labels
        ``code``, ``name`` or ``none``.
    **more
        Further members of the message: selected, preview, focus, heat, ack, legend.
    """
    base = prefix()
    version, _frame = desk.shown(level)
    keys = desk.scheme.level_keys
    above = keys[: keys.index(level)]
    colours, legend = choropleth(desk, level, figure)
    out: Message = {
        "base": f"{base}/layer/{desk.token('base')}",
        "tiles": {name: emaptiles.address(base, desk, name) for name in emaptiles.SETS},
        "cells": f"{base}/view/{desk.token('cells', version)}",
        "grids": {
            "url": f"{base}/layer/{desk.token('grids', level, version)}",
            "level": level, "version": version, "patches": inline(desk.patches(level)),
        },
        "outlines": {
            name: {"url": f"{base}/layer/{desk.token(*desk.outline_item(key))}", "level": key}
            for name, key in (("parent", above[-1] if len(above) > 1 else None), ("top", keys[0]))
            if key
        },
        "codeWidth": desk.scheme.width(level),
        "parentWidth": ([desk.scheme.county_digits] + [desk.scheme.width(k) for k in keys])[keys.index(level)],
        "lines": f"{base}/view/{desk.token('lines')}",
        **live.addresses(base, desk, level, (others.me(), access.role())),
        "figure": colours, "labels": labels, "selected": [], "ack": 0,
    }  # fmt: skip
    return out | more | {"legend": [*more.get("legend", []), *legend]}


def counted(desk: Desk, level: str, counts: Mapping[str, int], note: str) -> Message:
    """Return a message whose grids are coloured by counts that come with it, not with the layer."""
    codes = desk.frame(level)[1].index
    found = figures.classes([counts.get(c, 0) for c in codes], figures.PALETTES["incidents"])
    rows = [[c, n] for c, n in zip(found.colours, figures.class_names(found.breaks), strict=False)]
    legend = {"title": f"{say('fig_incidents')}（{say('unit_incidents')}）" if lang() == "zh" else say("fig_incidents"),
              "rows": rows, "note": note}  # fmt: skip
    figure = {"figure": "counted", "breaks": list(found.breaks), "colours": list(found.colours), "values": dict(counts)}
    return message(desk, level, "none", "code") | {"figure": figure, "legend": [legend]}


def inline(patches: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return patches with their collections as objects, ready to be sent."""
    return [{**p, "add": json.loads(p["add"])} for p in patches]


def choropleth(desk: Desk, level: str, figure: str) -> tuple[Message | None, list[Message]]:
    """Return how the grids are coloured, and the block of the legend that says so."""
    if figure == "none":
        return None, []
    if figure == "band":
        held = desk.frame(level)[1]["band"].value_counts()
        rows = [[figures.BAND_COLOURS[k], f"{say(f'band_{k}')} · {int(held.get(k, 0)):,}"] for k in ("below", "in", "above")]
        note = say("class_band_note", n=desk.version)
        return {"figure": "band", "categories": figures.BAND_COLOURS}, [{"title": say("fig_band"), "rows": rows, "note": note}]
    found = classing.classes(desk, level, figure)
    colours = {"figure": figure, "breaks": list(found.breaks), "colours": list(found.colours)}
    return colours, [classing.legend(desk, level, figure, found)]
