"""How the figures of grids are put into classes: the choice, and the legend that says so."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app_pages.desk import Desk
from app_pages.state import lang, say
from layers import figures

_BANDED = ("households", "persons")


def limits(desk: Desk, level: str, figure: str) -> list[float]:
    """Return the ends of the size bands of a level; none where the figure has no band."""
    if figure not in _BANDED:
        return []
    found = [getattr(b, figure) for b in desk.scheme.bands if b.level == level]
    return sorted({float(end) for pair in found if pair for end in pair})


def way(desk: Desk, level: str, figure: str) -> str:
    """Return how a figure is classed: as chosen, where that can be."""
    chosen = str(st.session_state.get("classing", figures.METHODS[0]))
    return figures.METHODS[0] if chosen == "band" and not limits(desk, level, figure) else chosen


def classes(desk: Desk, level: str, figure: str) -> figures.Classes:
    """Return the classes of a figure as chosen."""
    return made(desk, level, figure, way(desk, level, figure))


def made(desk: Desk, level: str, figure: str, method: str) -> figures.Classes:
    """Return the classes of a figure; they stay while the process lives, so colours keep their meaning."""
    _, frame = desk.frame(level)
    given = limits(desk, level, figure)
    found: figures.Classes = desk.lasting(
        ("classes", desk.k, level, figure, method), lambda: figures.classes(frame[figure], figures.PALETTES[figure], method, given)
    )
    return found


def plain() -> str:
    """Return how what has no size band is classed: as chosen, where that can be."""
    chosen = str(st.session_state.get("classing", figures.METHODS[0]))
    return figures.METHODS[0] if chosen == "band" else chosen


def noted(note: str) -> str:
    """Return a note of the legend with how the figure is classed."""
    told = say(f"class_short_{plain()}")
    return f"{told}{'；' if lang() == 'zh' else '; '}{note}" if note else told


def plain_choice() -> None:
    """Show the choice of a way for what has no size band."""
    st.session_state.classing = plain()
    offered = [m for m in figures.METHODS if m != "band"]
    st.selectbox(say("classing"), offered, key="classing", format_func=lambda m: say(f"class_{m}"))


def choice(desk: Desk, level: str, figure: str) -> None:
    """Show the choice of a way, where grids are coloured by a number."""
    if figure not in figures.PALETTES or not desk.plan.tiling(level):
        return
    offered = [m for m in figures.METHODS if m != "band" or limits(desk, level, figure)]
    if st.session_state.classing not in offered:
        st.session_state.classing = offered[0]
    st.selectbox(say("classing"), offered, key="classing", format_func=lambda m: say(f"class_{m}"))


def legend(desk: Desk, level: str, figure: str, found: figures.Classes) -> dict[str, Any]:
    """Return the block of the legend: ranges with their unit, and how many grids each class holds."""
    _, frame = desk.frame(level)
    names = figures.class_names(found.breaks, 1e6 if figure == "area_m2" else 1.0)
    held = figures.counted(frame[figure], found.breaks)
    rows = [[colour, f"{name} · {n:,}"] for colour, name, n in zip(found.colours, names, held, strict=False)]
    if desk.k and frame[figure].isna().any():
        rows.append(["#ffffff", say("veil_hidden")])
    title, unit = say(f"fig_{figure}"), say(f"unit_{figure}")
    note = say("class_note", way=say(f"class_short_{way(desk, level, figure)}"), n=desk.version)
    named = title if not unit else f"{title}（{unit}）" if lang() == "zh" else f"{title} ({unit})"
    return {"title": named, "rows": rows, "note": note}
