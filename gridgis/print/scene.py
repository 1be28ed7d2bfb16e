"""A map on paper: grids, roads, water, buildings, places, and names that do not overlap."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import shapely

from gridgis.print.country import Country
from gridgis.print.labels import Board, Spot, along, beside, within
from gridgis.print.svg import Frame, draw, picture, tag
from gridgis.print.typeset import template_file

_MARK_MM = 2.6
_SMALL_MARK_MM = 1.5
_ROUND = MappingProxyType({"fill": "none", "stroke_linecap": "round", "stroke_linejoin": "round"})
_CORNERS = MappingProxyType({
    "▲": ((0, -1), (1, 1), (-1, 1)), "▪": ((-1, -1), (1, -1), (1, 1), (-1, 1)), "◆": ((0, -1), (1, 0), (0, 1), (-1, 0)),
})  # fmt: skip
FONTS = "Noto Sans SC, Noto Sans CJK SC, Source Han Sans SC, Microsoft YaHei"


@dataclass(frozen=True)
class Look:
    """What a map shows and how.

    Attributes
    ----------
    level
        Level whose grids are drawn.
    own
        Codes that stand out.
    fills
        Colour by code, for maps of figures.
    names
        What to write on grids, by code; those not named bear nothing.
    detail
        Buildings, places and roads are drawn too; ``False`` for overviews.
    places
        Places are drawn and named where there is detail.
    templates
        Folder of changed templates.
    """

    level: str
    own: tuple[str, ...] = ()
    fills: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    detail: bool = True
    places: bool = True
    templates: Path | None = None


@dataclass(frozen=True)
class Map:
    """A map as drawn.

    Attributes
    ----------
    frame
        The window, which tells the scale.
    svg
        The picture.
    shown
        Kinds of things on it, for the legend.
    names
        Names put on it, each with its height in millimetres and its spot.
    dropped
        Names for which there was no room; of grids, the codes.
    """

    frame: Frame
    svg: str
    shown: tuple[str, ...]
    names: tuple[tuple[str, float, Spot], ...]
    dropped: tuple[str, ...]


@lru_cache(maxsize=8)
def style_of(folder: Path | None) -> dict[str, Any]:
    """Return the colours, widths and letters of maps."""
    return tomllib.loads(template_file("map.toml", folder).read_text(encoding="utf-8"))


def draw_map(country: Country, frame: Frame, look: Look) -> Map:
    """Return a map of the county.

    Parameters
    ----------
    country
        Plan and e-map.
    frame
        The window.
    look
        What it shows.
    """
    return _Drawing(country, frame, look).map()


class _Drawing:
    """A map being drawn; ground first, then signs, then names, each where there is room left."""

    def __init__(self, country: Country, frame: Frame, look: Look) -> None:
        self.country, self.frame, self.look = country, frame, look
        self.style = style_of(look.templates)
        self.board = Board(frame.width, frame.height)
        self.tiles = country.tiles(look.level)
        self.rows = self.tiles.near(frame.box)
        self.ground = [country.plan.grid_geometry(c) for c in look.own]
        drawn = frame.drawn(np.array(self.ground, dtype=object)) if self.ground else []
        self.own = shapely.union_all(shapely.make_valid(drawn)) if len(drawn) else shapely.Polygon()
        self.shown: list[str] = []
        self.put: list[tuple[str, str, Spot]] = []
        self.dropped: list[str] = []
        self.places: list[tuple[str, float, float, float, bool]] = []

    def map(self) -> Map:
        style, frame = self.style, self.frame
        parts = [tag("rect", width=frame.width, height=frame.height, fill=style["paper"])]
        parts += self._fills()
        parts += self._grounds()
        parts += self._edges()
        marks = self._marks() if self.look.detail and self.look.places else []
        self._names()
        letters = [self._letters(*one) for one in self.put]
        size = style["letters"]
        names = tuple((text, size[kind][0], spot) for kind, text, spot in self.put)
        shown = tuple(dict.fromkeys(self.shown))
        return Map(frame, picture(frame.width, frame.height, [*parts, *marks, *letters]), shown, names, tuple(self.dropped))

    def _fills(self) -> Iterator[str]:
        plan, fills = self.country.plan, self.look.fills
        for code in self.tiles.frame["code"].iloc[self.rows]:
            if code in fills:
                yield draw(self.frame.drawn(plan.grid_geometry(code)), fill=fills[code])
        if not self.own.is_empty and not fills:
            yield draw(self.own, fill=self.style["own_fill"])

    def _grounds(self) -> Iterator[str]:
        style, frame, water = self.style, self.frame, self.country.water
        shapes = water.shapes[water.near(frame.box)]
        if len(shapes):
            self.shown.append("water")
            lines = np.isin(shapely.get_type_id(shapes), (1, 5))
            yield draw(frame.drawn(shapes[~lines]), fill=style["water"], stroke=style["water_edge"], stroke_width=0.1)
            yield draw(frame.drawn(shapes[lines]), fill="none", stroke=style["water"], stroke_width=0.9)
        if not self.look.detail:
            return
        rows = self.country.buildings.near(frame.box)
        if len(rows):
            self.shown.append("building")
            yield draw(frame.drawn(self.country.buildings.shapes[rows]), fill=style["building"],
                       stroke=style["building_edge"], stroke_width=style["building_width"])  # fmt: skip
        yield from self._roads()

    def _roads(self) -> Iterator[str]:
        roads, style = self.country.roads, self.style["roads"]
        rows = roads.near(self.frame.box)
        if len(rows):
            self.shown.append("road")
        kinds = np.array([c if c in style else "other" for c in roads.texts("class")], dtype=object)[rows]
        drawn = {k: self.frame.drawn(roads.shapes[rows[kinds == k]]) for k in reversed(list(style)) if (kinds == k).any()}
        for kind, lines in drawn.items():
            yield draw(lines, stroke=style[kind][2], stroke_width=style[kind][0] + 0.25, **_ROUND)
        for kind, lines in drawn.items():
            yield draw(lines, stroke=style[kind][1], stroke_width=style[kind][0], **_ROUND)

    def _edges(self) -> Iterator[str]:
        style, frame = self.style, self.frame
        self.shown.append("grid")
        if not self.own.is_empty and style["veil"] and not self.look.fills:
            rest = shapely.difference(shapely.box(0, 0, frame.width, frame.height), self.own)
            yield draw(rest, fill=style["paper"], fill_opacity=style["veil"])
        yield draw(frame.drawn(shapely.boundary(self.tiles.shapes[self.rows])), fill="none", stroke=style["edge"],
                   stroke_width=style["edge_width"], stroke_dasharray=style["edge_dash"])  # fmt: skip
        if self.ground:
            self.shown.append("own")
            yield draw(frame.drawn(shapely.boundary(np.array(self.ground, dtype=object))), stroke=style["own_edge"],
                       stroke_width=style["own_width"], **_ROUND)  # fmt: skip

    def _marks(self) -> list[str]:
        """Draw the signs of places that find room, those in the grid before the others."""
        found, known, svg = self.country.places, self.style["marks"], []
        kinds, names = found.texts("kind"), found.texts("name")
        rows = [r for r in found.near(self.frame.box).tolist() if kinds[r] in known]
        if not rows:
            return []
        paper = self.frame.on_paper(shapely.get_coordinates(found.shapes[rows]))
        shapely.prepare(self.own)
        inside = shapely.intersects_xy(self.own, paper[:, 0], paper[:, 1])
        order = list(known)
        for k in sorted(range(len(rows)), key=lambda k: (not inside[k], order.index(kinds[rows[k]]), k)):
            kind, (x, y) = kinds[rows[k]], paper[k].tolist()
            if not inside[k] and kind not in self.style["outside"]:
                continue
            sign, colour = known[kind]
            size = _MARK_MM if inside[k] and sign not in "●▲▪" else _SMALL_MARK_MM
            if self.board.take(np.array([[x - size / 2, y - size / 2, x + size / 2, y + size / 2]])):
                svg.append(mark(sign, colour, (x, y), size))
                self.shown.append(kind)
                self.places.append((names[rows[k]], x, y, size / 2, bool(inside[k])))
        return svg

    def _write(self, kind: str, text: str, spots: Iterator[Spot], code: str = "") -> None:
        spot = self.board.put(text, self.style["letters"][kind][0], spots)
        if spot is None:
            self.dropped.append(code or text)
        else:
            self.put.append((kind, text, spot))

    def _names(self) -> None:
        """Put names on the map, the most needed first."""
        self._place_names(inside=True)
        size = {k: v[0] for k, v in self.style["letters"].items()}
        near = self.own.buffer(3)
        self._grid_names(own=True)
        lines = _named(self.country.roads, self.frame) if self.look.detail else {}
        for text, line in sorted(lines.items(), key=lambda item: -shapely.intersection(item[1], near).length):
            self._write("road", text, _on_line(line, near, text, size["road"]))
        self._grid_names(own=False)
        for text, shape in _named(self.country.water, self.frame).items():
            flat = shape.geom_type.endswith("Polygon")
            spots = within(_largest([shape]), text, size["water"]) if flat else _on_line(shape, near, text, size["water"])
            self._write("water", text, spots)
        self._place_names(inside=False)

    def _grid_names(self, *, own: bool) -> None:
        """Name grids: the map's own and those below them, or the others."""
        for code, text in self.look.names.items():
            if own is (not self.ground or code.startswith(self.look.own)):
                kind = "grid" if own else "neighbour"
                visible = _largest(self.frame.drawn(self.country.plan.grid_geometry(code)))
                self._write(kind, text, within(visible, text, self.style["letters"][kind][0]), code)

    def _place_names(self, *, inside: bool) -> None:
        size = self.style["letters"]["place"][0]
        for text, x, y, gap, within_own in self.places:
            if text and within_own is inside:
                self._write("place", text, beside(x, y, text, size, gap))

    def _letters(self, kind: str, text: str, spot: Spot) -> str:
        size, colour, halo = self.style["letters"][kind]
        turn = {"transform": f"rotate({spot.angle:.2f} {spot.x:.2f} {spot.y:.2f})"} if spot.angle else {}
        bold = {"font_weight": 700} if kind == "grid" else {}
        at = {"x": f"{spot.x:.2f}", "y": f"{spot.y + size * 0.36:.2f}", "font_size": size, "font_family": FONTS,
              "text_anchor": "middle"} | turn | bold  # fmt: skip
        edge = {"stroke": halo, "stroke_width": round(size * 0.34, 2), "stroke_linejoin": "round"}
        return tag("text", text, fill=halo, **at, **edge) + tag("text", text, fill=colour, **at)


def mark(sign: str, colour: str, at: tuple[float, float], size: float) -> str:
    """Return the sign of a place: a shape where it is one, else a character on a disc."""
    (x, y), h = at, size / 2
    if sign == "●":
        return tag("circle", cx=f"{x:.2f}", cy=f"{y:.2f}", r=f"{h * 0.8:.2f}", fill=colour, stroke="#fff", stroke_width=0.15)
    if sign in _CORNERS:
        points = " ".join(f"{x + a * h * 0.9:.2f},{y + b * h * 0.9:.2f}" for a, b in _CORNERS[sign])
        return tag("polygon", points=points, fill=colour, stroke="#fff", stroke_width=0.15)
    disc = tag("circle", cx=f"{x:.2f}", cy=f"{y:.2f}", r=f"{h:.2f}", fill=colour)
    letter = tag("text", sign, x=f"{x:.2f}", y=f"{y + size * 0.24:.2f}", fill="#fff", font_size=f"{size * 0.68:.2f}",
                 font_family=FONTS, text_anchor="middle", font_weight=700)  # fmt: skip
    return disc + letter


def _named(layer: Any, frame: Frame) -> dict[str, Any]:
    """Return what bears a name, one shape on paper a name."""
    names = layer.texts("name")
    found: dict[str, list[int]] = {}
    for row in layer.near(frame.box).tolist():
        if names[row]:
            found.setdefault(names[row], []).append(row)
    out = {}
    for name, rows in found.items():
        drawn = frame.drawn(layer.shapes[rows])
        if len(drawn):
            union = shapely.union_all(shapely.make_valid(drawn))
            out[name] = shapely.line_merge(union) if "Line" in union.geom_type else union
    return out


def _largest(shapes: Any) -> Any:
    parts = [p for p in shapely.get_parts(shapely.make_valid(np.asarray(shapes, dtype=object))) if p.geom_type == "Polygon"]
    return max(parts, key=lambda p: p.area, default=shapely.Polygon())


def _on_line(line: Any, near: Any, text: str, size: float) -> Iterator[Spot]:
    """Yield places for a name along a line, the stretches in the grid first, the longest first."""
    inside = line if near.is_empty else shapely.intersection(line, near)
    for some in (inside, line):
        parts = [p for p in shapely.get_parts(some) if p.geom_type == "LineString"]
        for part in sorted(parts, key=lambda p: -p.length)[:4]:
            yield from along(part, text, size)
