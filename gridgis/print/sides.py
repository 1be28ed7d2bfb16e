"""A grid's bounds in words (四至): to the east X road, to the south Y river, from what its boundary really runs along."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gridgis.print.country import Country, Layer

BESIDE_M = 8.0
"""A boundary this near a centreline or bank runs along it."""
NAMED_SHARE = 0.25
"""What accompanies at least this part of a side is named."""
_STEP_M = 10.0
_QUARTER, _WIDE = 45.0, 80.0
_LEAST_SHARE = 0.03
_TURN = float(np.sin(np.radians(25.0)))
_AHEAD_M = 1.0
_DIRECTIONS = MappingProxyType({"east": ("东至", "East"), "south": ("南至", "South"), "west": ("西至", "West"),
                                "north": ("北至", "North")})  # fmt: skip
_COUNTY = ("县界", "the county boundary")
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Side:
    """One of the four bounds of a grid.

    Attributes
    ----------
    key
        east, south, west or north.
    names
        What bounds the grid there: roads and waters by name, else the neighbouring grids; longest first.
    length_m
        How long the side is.
    at_county
        The grid reaches the county's own boundary there.
    """

    key: str
    names: tuple[str, ...]
    length_m: float
    at_county: bool = False

    @property
    def word(self) -> tuple[str, str]:
        """The direction in both languages."""
        return _DIRECTIONS[self.key]

    @property
    def words(self) -> tuple[str, str]:
        """What bounds the grid in both languages."""
        zh, en = list(self.names), list(self.names)
        if self.at_county:
            zh.append(_COUNTY[0])
            en.append(_COUNTY[1])
        return "、".join(zh) or "—", ", ".join(en) or "—"


def sides_of(country: Country, code: str) -> list[Side]:
    """Return the bounds of a grid, east first, as the field does.

    Parameters
    ----------
    country
        Plan and e-map.
    code
        A live grid.
    """
    plan = country.plan
    level = plan.grid(code).level
    start, end = _pieces(plan.grid_geometry(code))
    way = end - start
    length = np.hypot(*way.T)
    # Rings run counter-clockwise, so outside is on the right hand.
    out = np.column_stack([way[:, 1], -way[:, 0]]) / length[:, None]
    middle = (start + end) / 2
    beside = _beside(country, middle, way / length[:, None])
    across = middle + out * _AHEAD_M
    owner = plan.owners(across)
    neighbour = [_name(country, level, int(k)) for k in owner]
    turn = np.degrees(np.arctan2(out[:, 1], out[:, 0]))
    made = {}
    for k, key in enumerate(("east", "north", "west", "south")):
        off = np.abs((turn - 90 * k + 180) % 360 - 180)
        mine = off <= _QUARTER
        if length[mine].sum() < _LEAST_SHARE * length.sum():
            # A triangle has no fourth side: what looks that way most nearly stands for it.
            mine = off <= _WIDE
        made[key] = _side(key, mine, length, [b or n for b, n in zip(beside, neighbour, strict=True)])
    return [made[key] for key in _DIRECTIONS]


def _side(key: str, mine: Any, length: Floats, along: Sequence[str | None]) -> Side:
    """Add up what accompanies a side: a road or water where there is one, else the neighbour."""
    whole = float(length[mine].sum())
    every: dict[str | None, float] = {}
    for k in np.flatnonzero(mine).tolist():
        every[along[k]] = every.get(along[k], 0) + float(length[k])
    named = [n for n, v in sorted(every.items(), key=lambda item: -item[1]) if v >= NAMED_SHARE * whole]
    if not named and every:
        named = [max(every, key=lambda n: every[n])]
    return Side(key, tuple(n for n in named if n is not None), round(whole, 1), None in named)


def _pieces(shape: Any) -> tuple[Floats, Floats]:
    """Return start and end of short straight pieces of the outer boundary, counter-clockwise."""
    parts = [shapely.Polygon(p.exterior) for p in shapely.get_parts(shape) if p.geom_type == "Polygon"]
    rings = [shapely.orient_polygons(shapely.segmentize(p, _STEP_M)).exterior for p in parts]
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    same = (ring[1:] == ring[:-1]) & (xy[1:] != xy[:-1]).any(axis=1)
    return xy[:-1][same], xy[1:][same]


def _beside(country: Country, middle: Floats, way: Floats) -> list[str]:
    """Return the name of the road or water that each piece runs along, empty where there is none."""
    best = np.full(len(middle), np.inf)
    names = [""] * len(middle)
    low, high = middle.min(axis=0) - BESIDE_M, middle.max(axis=0) + BESIDE_M
    points = np.asarray(shapely.points(middle), dtype=object)
    for layer in (country.roads, country.water):
        lines, called = _straight(layer, (*low, *high))
        if not len(lines):
            continue
        point, line = shapely.STRtree(lines).query(points, predicate="dwithin", distance=BESIDE_M)
        ends = shapely.get_coordinates(lines[line]).reshape(-1, 2, 2)
        course = ends[:, 1] - ends[:, 0]
        course /= np.maximum(np.hypot(*course.T), 1e-9)[:, None]
        across = np.abs(course[:, 0] * way[point, 1] - course[:, 1] * way[point, 0])
        far = np.asarray(shapely.distance(points[point], lines[line]))
        for k in np.flatnonzero(across <= _TURN).tolist():
            at = int(point[k])
            if far[k] < best[at]:
                best[at], names[at] = far[k], called[int(line[k])]
    return names


def _straight(layer: Layer, box: tuple[float, float, float, float]) -> tuple[NDArray[np.object_], list[str]]:
    """Return the straight pieces of named lines and banks in a box, and the name of each."""
    known = layer.texts("name")
    rows = [r for r in layer.near(box).tolist() if known[r]]
    if not rows:
        return np.empty(0, object), []
    shapes = layer.shapes[rows]
    flat = np.isin(shapely.get_type_id(shapes), (3, 6))
    lines, of = shapely.get_parts(np.where(flat, shapely.boundary(shapes), shapes), return_index=True)
    xy, at = shapely.get_coordinates(lines, return_index=True)
    k = np.flatnonzero((at[1:] == at[:-1]) & (xy[1:] != xy[:-1]).any(axis=1))
    pieces = np.asarray(shapely.linestrings(np.stack([xy[k], xy[k + 1]], axis=1)), dtype=object).reshape(-1)
    return pieces, [known[rows[of[at[j]]]] for j in k.tolist()]


def _name(country: Country, level: str, row: int) -> str | None:
    """Return the name of the grid of a level that holds a cell; None outside the county."""
    plan = country.plan
    if row < 0:
        return None
    leaf = plan.rows.code[row]
    if leaf is None:
        return "未划网格的地块"
    code = str(leaf)[: plan.scheme.width(level)]
    grid = plan.grids.get(code)
    return grid.name or code if grid is not None else code
