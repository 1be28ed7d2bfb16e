"""The map page: a folium map of our own parts, every script and style served by the same process."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import folium
from branca.element import MacroElement
from folium.template import Template

from layers import extras, styles

ASSETS = Path(__file__).parent / "assets"
TOOLS = ("select", "split", "merge", "transfer", "paint", "reshape", "vertex", "draw")
COMMAND_TOOLS = ("select", "spot", "area")
PLAN_TOOLS = ("select", "area")
LOOP_TOOLS = ("select", "report")

_SCRIPTS = (
    "vendor/leaflet/leaflet.js", "vendor/geoman/geoman.js",
    "core.js", "tiles.js", "names.js", "base.js",
    "grids.js", "cells.js", "overlays.js", "incidents.js", "ledger.js", "trace.js", "live.js", "choose.js",
    "vertices.js", "icons.js", "tools.js", "extras.js", "marks.js", "lay.js", "measure.js", "keys.js",
    "linked.js", "link.js", "paper.js",
)  # fmt: skip
_STYLES = ("vendor/leaflet/leaflet.css", "vendor/geoman/geoman.css", "map.css")

POLICY = "; ".join((
    "default-src 'none'", "script-src 'self' 'unsafe-inline'", "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:", "connect-src 'self'", "frame-ancestors 'self'", "base-uri 'none'", "form-action 'none'",
))  # fmt: skip
"""What the page may load: nothing but this host. folium writes its scripts inline."""


@dataclass(frozen=True)
class PageOptions:
    """What one map page is built from; the rest comes by message.

    Attributes
    ----------
    assets
        Address of the asset folder, as the browser sees it.
    bounds
        South-west and north-east corner of the county as latitude, longitude.
    view_key
        Where the browser keeps the view of this county.
    words
        The words of the map's own controls.
    figures
        Key, name and unit of the figures in the tooltip.
    tools
        The tools on offer; one alone (``select``) shows no toolbar.
    county_digits
        How many digits of a code all grids share.
    ground
        A base map of tiles: `url` on this host, `zoom`, `vector`, `shift` in degrees where it lies shifted, `note`.
    meridian, easting
        Of the county's CRS, for the readout of coordinates.
    """

    assets: str
    bounds: tuple[tuple[float, float], tuple[float, float]]
    view_key: str
    words: Mapping[str, str]
    figures: Sequence[tuple[str, str, str]]
    tools: Sequence[str] = TOOLS
    county_digits: int = 6
    ground: Mapping[str, Any] = field(default_factory=dict)
    meridian: float = 117.0
    easting: float = 500_000.0


class Begin(MacroElement):
    """Hand the map to our core before any part is added."""

    _template = Template("{% macro script(this, kwargs) %}GridGIS.begin({{ this._parent.get_name() }}, {{ this.options|tojson }});{% endmacro %}")

    def __init__(self, options: Mapping[str, Any]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Begin"
        self.options = options


class Part(MacroElement):
    """One layer or control of the map by its name in the scripts, with its style as data."""

    _template = Template("{% macro script(this, kwargs) %}GridGIS.add({{ this.part|tojson }}, {{ this.options|tojson }});{% endmacro %}")

    def __init__(self, part: str, options: Mapping[str, Any] | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Part"
        self.part = part
        self.options = options or {}


class Ready(MacroElement):
    """Show what was asked for; stands last."""

    _template = Template("{% macro script(this, kwargs) %}GridGIS.ready();{% endmacro %}")

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Ready"


@cache
def fingerprint() -> str:
    """Return a short hash of all assets, so that browsers may keep them until they change."""
    digest = hashlib.sha256()
    for path in sorted(p for p in ASSETS.rglob("*") if p.is_file()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def missing_assets() -> list[str]:
    """Return the scripts and styles that the bundling step has not put in place."""
    return [name for name in (*_SCRIPTS, *_STYLES) if not (ASSETS / name).is_file()]


def parts(options: PageOptions) -> list[Part]:
    """Return the parts of the page, in the order they are added."""
    return [
        Part("names", styles.NAMES),
        Part("base", styles.BASE),
        Part("grids", {**styles.GRIDS, "figures": [list(f) for f in options.figures]}),
        Part("labels", {**styles.LABELS, "countyDigits": options.county_digits}),
        Part("cells", styles.CELLS),
        Part("heat"),
        Part("hatch"),
        Part("crowds", styles.CROWDS),
        Part("preview", {"colours": list(styles.PREVIEW)}),
        Part("focus", styles.FOCUS),
        Part("proposal", styles.TRACE),
        Part("present", {"colour": styles.PRESENT}),
        Part("ledger", styles.LEDGER),
        Part("legend"),
        Part("trace", {"accent": styles.ACCENT}),
        Part("live", {"bands": styles.BANDS}),
        Part("choose", {"accent": styles.ACCENT}),
        Part("vertices", {"accent": styles.ACCENT}),
        Part("tools", {"tools": list(options.tools), "accent": styles.ACCENT}),
        Part("extras"),
        Part("marks", {"looks": [extras.WARNING, extras.ERROR]}),
        Part("lay", {"base": dict(options.ground), "strokes": [styles.LAND, *styles.BASE["strokes"]]}),
        Part("measure", {"meridian": options.meridian, "easting": options.easting}),
        Part("keys", {"tools": list(options.tools)}),
        Part("linked"),
        Part("link"),
        Part("paper"),
    ]


def build(options: PageOptions) -> str:
    """Return the HTML of the page."""
    (south, west), (north, east) = options.bounds
    page = folium.Map(
        location=[(south + north) / 2, (west + east) / 2], tiles=None, zoom_control=False, attribution_control=False,
        zoom_start=11, min_zoom=7, max_zoom=19, box_zoom=False, zoom_snap=0.5, wheel_px_per_zoom_level=90,
        double_click_zoom=False, fade_animation=False,
    )  # fmt: skip
    page.options["maxZoom"] = 19
    # folium's own list names foreign hosts; these take its place on this map alone.
    page.default_js = [(name, f"{options.assets}/{name}") for name in _SCRIPTS]
    page.default_css = [(name, f"{options.assets}/{name}") for name in _STYLES]
    begin = {
        "words": dict(options.words),
        "bounds": [list(corner) for corner in options.bounds],
        "viewKey": options.view_key,
        "panes": [list(pane) for pane in styles.PANES],
    }
    for element in (Begin(begin), *parts(options), Ready()):
        page.add_child(element)
    html = str(page.get_root().render())
    # What folium leaves out or forbids, and readers of screens and weak eyes need.
    lang, title = options.words.get("lay_lang", "zh"), options.words.get("lay_map", "GridGIS")
    html = html.replace("<html>", f'<html lang="{lang}">', 1).replace("<head>", f"<head><title>{title}</title>", 1)
    return re.sub(r",?\s*maximum-scale=1\.0,\s*user-scalable=no", "", html)
