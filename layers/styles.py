"""How the map looks, as data: panes, strokes, colours. Sent to the browser as it stands."""

from __future__ import annotations

from typing import Any

ACCENT = "#1f5fae"
PREVIEW = ("#1f5fae", "#1d8a5f", "#8a4fa3", "#c46a1b", "#0e8190", "#b03a63", "#5b6ee1", "#7a6a1f")

BANDS = {"below": "#dfa92f", "in": "#57a37c", "above": "#cc6a45"}
"""Colours of the size band as a dot."""

PRESENT = "#7a5cc0"
"""The colour of colleagues at work."""

PANES: tuple[tuple[str, int, bool], ...] = (
    ("base", 210, False),
    ("buildings", 220, False),
    ("grids", 400, True),
    ("groundlines", 404, False),
    ("network", 405, False),
    ("lines", 408, False),
    ("hatch", 409, False),
    ("heat", 410, False),
    ("extras", 415, False),
    ("parents", 420, False),
    ("cells", 430, False),
    ("selection", 440, False),
    ("preview", 450, False),
    ("marks", 453, True),
    ("names", 455, False),
    ("labels", 460, False),
    ("ledger", 465, True),
    ("flags", 470, False),
)
"""Name, height and whether the pane takes the mouse, lowest first."""

SEVERITIES = ("warning", "error")
"""Of findings, in the order of the looks of their marks."""

LABELS: dict[str, int] = {"limit": 260, "shortFrom": 13, "topUntil": 12}
"""At most so many labels; from which zoom codes may be cut to their last digits; up to which zoom the
widest level is named instead."""

ROAD_RANKS = {
    "expressway": 0, "motorway": 0, "trunk": 0, "highway": 0, "main": 0, "primary": 0,
    "branch": 1, "secondary": 1, "tertiary": 1, "county": 1, "town": 1,
}  # fmt: skip
"""Rank of a road by its class; whatever is not named is a lane."""


def _stroke(k: str, zoom: int, weight: float, limits: tuple[float, float], **style: Any) -> dict[str, Any]:
    return {"k": k, "zoom": zoom, "weight": weight, "min": limits[0], "max": limits[1], "style": style}


def _area(k: str, zoom: int, **style: Any) -> dict[str, Any]:
    return {"k": k, "zoom": zoom, "weight": 0, "style": style}


BASE: dict[str, Any] = {
    "land": {"color": "#9aa9b5", "weight": 1.5, "fillColor": "#fbfaf6", "fillOpacity": 1},
    "strokes": [
        _area("green", 11, stroke=False, fillColor="#eaf0df", fillOpacity=1),
        _area("lake", 0, color="#93bdd8", weight=1, fillColor="#b9d8ea", fillOpacity=1),
        _stroke("river", 0, 3.2, (1.2, 9), color="#a9cfe6", opacity=1, fill=False),
        _stroke("stream", 12, 1.6, (0.6, 4), color="#b5d5e8", opacity=1, fill=False),
        _area("building", 16, color="#a89f90", weight=0.7, opacity=0.85, fillColor="#d8d0c2", fillOpacity=0.85),
        _stroke("lane", 14, 2.0, (0.8, 8), color="#d9d6cd", opacity=1, fill=False),
        _stroke("lane", 15, 1.2, (0.6, 6.5), color="#ffffff", opacity=1, fill=False),
        _stroke("road", 11, 2.8, (1.0, 11), color="#cfc8b8", opacity=1, fill=False),
        _stroke("road", 12, 1.6, (0.6, 9), color="#ffffff", opacity=1, fill=False),
        _stroke("main", 0, 4.4, (1.8, 15), color="#c4ab78", opacity=1, fill=False),
        _stroke("main", 10, 2.9, (0.9, 12.5), color="#fff0c9", opacity=1, fill=False),
    ],
    "buildingZoom": 16,
}
"""Strokes from the lowest to the highest; a weight of 0 does not grow with the zoom."""

LAND = _area("land", 0, stroke=False, fillColor="#fbfaf6", fillOpacity=1)
"""The ground of a base of vectors from elsewhere."""

NAMES: dict[str, Any] = {
    "family": "'Microsoft YaHei','PingFang SC','Noto Sans CJK SC','Source Han Sans SC','WenQuanYi Micro Hei',sans-serif",
    "order": ["main", "lake", "river", "place", "road", "stream", "lane"],
    "areas": ["lake"],
    "apart": 260,
    "limit": 160,
    "styles": {
        "main": {"font": "600 11.5px", "color": "#76603a"},
        "road": {"font": "500 11px", "color": "#6d675b"},
        "lane": {"font": "500 10.5px", "color": "#77736a"},
        "river": {"font": "italic 500 12px", "color": "#2c6c97"},
        "lake": {"font": "italic 500 12px", "color": "#2c6c97"},
        "stream": {"font": "italic 500 11px", "color": "#3f7ba3"},
        "place": {"font": "500 11px", "color": "#5b4a78"},
    },
}
"""Names of the base map: which kinds go first, and how far apart the same name is said again."""

GRIDS: dict[str, Any] = {
    "stroke": "#54677a",
    "weight": [0.35, 1.5],
    "opacity": [0.5, 0.95],
    "fill": [0.82, 0.5],
    "plain": "#8fa3b5",
    "plainFill": 0.06,
    "accent": ACCENT,
    "canvasFrom": 1200,
    "outlines": {
        "parent": {"color": "#2c4055", "weight": [0.55, 2.4], "opacity": 0.8},
        "top": {"color": "#22303d", "weight": [1.3, 2.8], "opacity": 0.85},
    },
}

CELLS: dict[str, Any] = {
    "plain": {"color": "#5d7184", "weight": 0.8, "opacity": 0.7, "fillColor": "#ffffff", "fillOpacity": 0.01},
    "mine": {"color": "#5d7184", "weight": 0.8, "opacity": 0.7, "fillColor": ACCENT, "fillOpacity": 0.16},
    "chosen": {"color": "#b45d12", "weight": 1.6, "opacity": 1, "fillColor": "#ef9a3d", "fillOpacity": 0.6},
}

HEAT = ("#fdf0d0", "#f6c887", "#ee9455", "#d6563c", "#a52638", "#6d1136")
"""Colours of density, from few to many."""

CROWDS: dict[str, Any] = {"size": [26, 46]}

SPOTS = {"hot99": "#b3261e", "hot95": "#e8937c", "cold95": "#9fc1e0", "cold99": "#2f6db0"}
"""Colours of hot and cold spots."""

PATTERNS = {
    "hot_new": "#f2a51f", "hot_consecutive": "#dd6b3d", "hot_intensifying": "#8e1b1f", "hot_persistent": "#c2453b",
    "hot_diminishing": "#e6a79c", "hot_sporadic": "#f4d08f", "hot_oscillating": "#cf9fb6", "hot_historical": "#a8927f",
    "cold_new": "#58c2c9", "cold_consecutive": "#3d93b8", "cold_intensifying": "#173f73", "cold_persistent": "#3c6ea8",
    "cold_diminishing": "#a9c3dc", "cold_sporadic": "#cfe0ea", "cold_oscillating": "#a9a3cf", "cold_historical": "#8b98a3",
}  # fmt: skip
"""Colours of hot and cold spots by how they came about."""

CHANGES = {"more": "#c2453b", "less": "#3c7fb5"}
"""Colours of grids with more and with fewer incidents than before."""

FOCUS: dict[str, Any] = {
    "maxZoom": 17,
    "style": {"color": "#c22f3d", "weight": 3.5, "opacity": 1, "fillColor": "#e0525e", "fillOpacity": 0.28},
}

LEDGER: dict[str, Any] = {
    "order": ["closed", "open", "late", "chosen", "chosen_late"],
    "styles": {
        "closed": {"radius": 4, "color": "#ffffff", "weight": 1, "fillColor": "#7b8794", "fillOpacity": 0.9},
        "open": {"radius": 5.5, "color": "#ffffff", "weight": 1.2, "fillColor": "#2f6fb5", "fillOpacity": 0.95},
        "late": {"radius": 7.5, "color": "#ffffff", "weight": 1.6, "fillColor": "#c22f3d", "fillOpacity": 1},
        "chosen": {"radius": 9, "color": "#1f2d3a", "weight": 3, "fillColor": "#2f6fb5", "fillOpacity": 1},
        "chosen_late": {"radius": 10, "color": "#1f2d3a", "weight": 3, "fillColor": "#c22f3d", "fillOpacity": 1},
    },
}
"""How an incident of the ledger is drawn, and which lies over which."""
TRACE: dict[str, Any] = {
    "maxZoom": 17,
    "style": {"color": "#243b53", "weight": 1.8, "opacity": 0.95, "fillOpacity": 0.62},
    "line": {"color": "#c22f3d", "weight": 2.4, "opacity": 0.95, "dashArray": "8 5", "fill": False},
}
"""A proposal over the grids."""
