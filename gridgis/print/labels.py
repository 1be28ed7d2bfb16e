"""Names on a map that never overlap: each takes the first place that is free, or is left out."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

Boxes = NDArray[np.float64]
_AIR_MM = 0.5


def widths(text: str) -> list[float]:
    """Return how wide each character is, in ems: Chinese one, others somewhat more than they need."""
    return [1.0 if unicodedata.east_asian_width(c) in "WF" else 0.72 if c.isupper() else 0.6 for c in text]


@dataclass(frozen=True)
class Spot:
    """Where a name may stand: its middle in millimetres, and its turn in degrees, counted as SVG does."""

    x: float
    y: float
    angle: float = 0.0


@dataclass
class Board:
    """The paper while names are put on it.

    Attributes
    ----------
    width, height
        Millimetres.
    taken
        Boxes (west, north, east, south) that nothing may touch any more.
    """

    width: float
    height: float
    taken: Boxes = field(default_factory=lambda: np.empty((0, 4)))

    def free(self, boxes: Boxes) -> bool:
        """Tell whether boxes lie on the paper and touch nothing that is there."""
        if boxes[:, :2].min() < 0 or boxes[:, 2].max() > self.width or boxes[:, 3].max() > self.height:
            return False
        t = self.taken
        return not any(
            ((t[:, 0] < b[2]) & (t[:, 2] > b[0]) & (t[:, 1] < b[3]) & (t[:, 3] > b[1])).any() for b in boxes
        )

    def take(self, boxes: Boxes) -> bool:
        """Take the room of boxes if it is free."""
        if not self.free(boxes):
            return False
        self.taken = np.concatenate([self.taken, boxes])
        return True

    def put(self, text: str, size: float, spots: Iterable[Spot]) -> Spot | None:
        """Take the first free spot for a name of a size in millimetres; None where there is none."""
        for spot in spots:
            if self.take(boxes_of(text, size, spot)):
                return spot
        return None


def boxes_of(text: str, size: float, spot: Spot) -> Boxes:
    """Return the room a name takes: one box where it lies level, one a character where it is turned."""
    ems = widths(text)
    whole = sum(ems) * size
    if abs(spot.angle) < 1e-6:
        half_x, half_y = whole / 2 + _AIR_MM, size * 0.62 + _AIR_MM
        return np.array([[spot.x - half_x, spot.y - half_y, spot.x + half_x, spot.y + half_y]])
    cos, sin = math.cos(math.radians(spot.angle)), math.sin(math.radians(spot.angle))
    middle = np.cumsum(ems) * size - np.array(ems) * size / 2 - whole / 2
    half = size * 0.62 * (abs(cos) + abs(sin)) + _AIR_MM
    x, y = spot.x + middle * cos, spot.y + middle * sin
    return np.column_stack([x - half, y - half, x + half, y + half])


def beside(x: float, y: float, text: str, size: float, gap: float) -> Iterator[Spot]:
    """Yield the places round a point: right, left, above, below, then the corners."""
    dx, dy = sum(widths(text)) * size / 2 + gap + _AIR_MM, size * 0.62 + gap + _AIR_MM
    for i, j in ((1, 0), (-1, 0), (0, -1), (0, 1), (1, -1), (1, 1), (-1, -1), (-1, 1)):
        yield Spot(x + i * dx, y + j * (dy if not i else size * 0.7))


def within(shape: Any, text: str, size: float) -> Iterator[Spot]:
    """Yield places inside an area on paper where a level name lies wholly in it, the roomiest first."""
    if shape.is_empty or shape.area < size * size:
        return
    half_x, half_y = sum(widths(text)) * size / 2, size * 0.6
    west, north, east, south = shape.bounds
    shapely.prepare(shape)
    xs, ys = (np.linspace(a, b, 9)[1:-1] for a, b in ((west, east), (north, south)))
    points = np.array([(x, y) for x in xs for y in ys])
    core = shape.representative_point()
    points = np.vstack([[core.x, core.y], points])
    boxes = shapely.box(points[:, 0] - half_x, points[:, 1] - half_y, points[:, 0] + half_x, points[:, 1] + half_y)
    fits = shapely.contains(shape, boxes)
    room = shapely.distance(shapely.points(points), shape.boundary)
    for k in np.argsort(-room):
        if fits[k]:
            yield Spot(float(points[k, 0]), float(points[k, 1]))


def along(line: Any, text: str, size: float) -> Iterator[Spot]:
    """Yield places on a line on paper where it is straight enough for a name, the middle first."""
    need = sum(widths(text)) * size * 1.05
    length = line.length
    if length < need:
        return
    steps = max(1, min(12, int((length - need) / max(need / 3, 1.0))))
    starts = np.linspace(0, length - need, steps + 1)
    for start in sorted(starts, key=lambda s: abs(s - (length - need) / 2)):
        at = shapely.get_coordinates(shapely.line_interpolate_point(line, np.linspace(start, start + need, 7)))
        chord = at[-1] - at[0]
        reach = float(np.hypot(*chord))
        if reach < 0.97 * need:
            continue
        off = np.abs(np.cross(np.append(chord, 0), np.column_stack([at - at[0], np.zeros(len(at))]))[:, 2]) / reach
        if off.max() > 0.45 * size:
            continue
        angle = math.degrees(math.atan2(chord[1], chord[0]))
        angle = angle - 180 if angle > 90 else angle + 180 if angle <= -90 else angle
        middle = at.mean(axis=0)
        yield Spot(float(middle[0]), float(middle[1]), round(angle, 2) or 0.0)
