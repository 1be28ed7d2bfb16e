"""Geometry to the paths of an SVG picture, in millimetres on paper."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

SCALES = (250, 500, 750, 1000, 1250, 1500, 2000, 2500, 3000, 4000, 5000, 6000, 7500, 10_000, 12_500, 15_000, 20_000, 25_000,
          30_000, 40_000, 50_000, 60_000, 75_000, 100_000, 125_000, 150_000, 200_000, 250_000, 300_000, 400_000, 500_000,
          750_000, 1_000_000)  # fmt: skip
_FINE_MM = 0.06
"""Bends smaller than this on paper are left out."""


@dataclass(frozen=True)
class Frame:
    """A window on the county: its size on paper, its centre on the ground, and the scale.

    Attributes
    ----------
    width, height
        Millimetres.
    x, y
        Centre, metres.
    scale
        Denominator of the scale.
    """

    width: float
    height: float
    x: float
    y: float
    scale: int

    @classmethod
    def around(cls, shape: Any, width: float, height: float, margin: float = 0.14) -> Frame:
        """Return the largest round scale that shows a shape with a margin on each side."""
        west, south, east, north = shape.bounds
        room = 1 - 2 * margin
        least = max((east - west) / (width * room), (north - south) / (height * room), 1e-6) * 1000
        scale = next((s for s in SCALES if s >= least), int(-(-least // 100_000) * 100_000))
        return cls(width, height, (west + east) / 2, (south + north) / 2, scale)

    @property
    def box(self) -> tuple[float, float, float, float]:
        """West, south, east, north on the ground."""
        half_x, half_y = (side * self.scale / 2000 for side in (self.width, self.height))
        return self.x - half_x, self.y - half_y, self.x + half_x, self.y + half_y

    def on_paper(self, xy: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return places on the ground as millimetres from the upper left corner."""
        k = 1000 / self.scale
        x = (xy[:, 0] - self.x) * k + self.width / 2
        y = self.height / 2 - (xy[:, 1] - self.y) * k
        return np.column_stack([x, y])

    def drawn(self, shapes: Any) -> Any:
        """Return shapes clipped to the window, simplified, in millimetres on paper; empty ones left out."""
        clipped = shapely.clip_by_rect(np.atleast_1d(np.asarray(shapes, dtype=object)), *self.box)
        moved = shapely.transform(clipped, self.on_paper)
        fine = shapely.simplify(moved, _FINE_MM, preserve_topology=False)
        return fine[~shapely.is_empty(fine)]


def bar(frame: Frame, share: float = 0.3) -> tuple[float, float]:
    """Return the length of a scale bar in metres, a round number, and in millimetres on paper."""
    most = share * frame.width * frame.scale / 1000
    tens = 10 ** np.floor(np.log10(most))
    metres = float(max(step for step in (1, 2, 5) if step * tens <= most) * tens)
    return metres, metres * 1000 / frame.scale


def path(shapes: Any) -> str:
    """Return lines and polygons on paper as the data of one SVG path."""
    parts = shapely.get_parts(np.atleast_1d(shapes))
    kinds = shapely.get_type_id(parts)
    rings = shapely.get_rings(parts[kinds == 3])
    lines = parts[(kinds == 1) | (kinds == 2)]
    return "".join([*_strokes(rings, "Z"), *_strokes(lines, "")])


def _strokes(lines: Any, end: str) -> Iterable[str]:
    if not len(lines):
        return
    xy, owner = shapely.get_coordinates(lines, return_index=True)
    words = [f"{x:.2f} {y:.2f}" for x, y in xy.tolist()]
    cuts = [0, *(np.flatnonzero(np.diff(owner)) + 1).tolist(), len(words)]
    for first, last in itertools.pairwise(cuts):
        yield "M" + "L".join(words[first:last]) + end


def draw(shapes: Any, **style: object) -> str:
    """Return one path element with a style; nothing for nothing."""
    data = path(shapes)
    return f'<path d="{data}" {_style(style)}/>' if data else ""


def _style(style: dict[str, object]) -> str:
    return " ".join(f'{k.replace("_", "-")}="{escape(str(v))}"' for k, v in style.items())


def tag(name: str, text: str = "", **style: object) -> str:
    """Return an element with attributes and text."""
    return f"<{name} {_style(style)}>{escape(text)}</{name}>" if text else f"<{name} {_style(style)}/>"


def picture(width: float, height: float, parts: Iterable[str]) -> str:
    """Return a whole SVG picture, a millimetre a unit."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.2f}mm" height="{height:.2f}mm" '
        f'viewBox="0 0 {width:.2f} {height:.2f}">' + "".join(parts) + "</svg>"
    )
