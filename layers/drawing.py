"""A level of grids as a picture to keep: SVG with colours, hatching, legend and source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np
import shapely

_WIDTH, _LEFT, _TOP = 1200.0, 24.0, 64.0
_FONT = "'Microsoft YaHei','PingFang SC','Noto Sans CJK SC','Source Han Sans SC',sans-serif"


@dataclass(frozen=True)
class Look:
    """How the picture looks.

    Attributes
    ----------
    title, note
        Above and below the map.
    colours
        Colour of each grid by its code; others stay plain.
    hatched
        Codes of grids that are hatched.
    legend
        Colour and words, one row each; the colour ``hatch`` stands for the hatching.
    points
        Places to mark, in metres.
    """

    title: str
    note: str = ""
    colours: Mapping[str, str] = field(default_factory=dict)
    hatched: frozenset[str] = frozenset()
    legend: Sequence[tuple[str, str]] = ()
    points: Sequence[tuple[float, float]] = ()


def svg(codes: Sequence[str], shapes: Any, look: Look) -> str:
    """Return the picture of a coverage.

    Parameters
    ----------
    codes, shapes
        Grids and their polygons in metres, north up.
    look
        Colours and words.
    """
    west, south, east, north = shapely.total_bounds(shapes)
    scale = (_WIDTH - 2 * _LEFT) / max(east - west, 1.0)
    # Simplified together, neighbours keep their common edge.
    plain = shapely.coverage_simplify(np.asarray(shapes, dtype=object), 0.6 / scale)
    height = _TOP + (north - south) * scale
    foot = height + 18.0
    parts = [
        f'<path d="{_path(s, west, north, scale)}" fill="{look.colours.get(c, "#f4f5f3")}"/>'
        for c, s in zip(codes, plain, strict=True)
    ]
    marks = [
        f'<path d="{_path(s, west, north, scale)}" fill="url(#h)" stroke="none"/>'
        for c, s in zip(codes, plain, strict=True) if c in look.hatched
    ]  # fmt: skip
    dots = [
        f'<circle cx="{_LEFT + (x - west) * scale:.1f}" cy="{_TOP + (north - y) * scale:.1f}" r="5" fill="#7d2a22" stroke="#fff"/>'
        for x, y in look.points
    ]
    rows = [_row(k, colour, words, foot) for k, (colour, words) in enumerate(look.legend)]
    bottom = foot + 22 * -(-len(rows) // 4) + 30
    return "".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH:.0f}" height="{bottom:.0f}" '
        f'viewBox="0 0 {_WIDTH:.0f} {bottom:.0f}" font-family="{_FONT}">',
        '<defs><pattern id="h" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<rect width="1.4" height="6" fill="#54677a" fill-opacity="0.75"/></pattern></defs>',
        f'<rect width="{_WIDTH:.0f}" height="{bottom:.0f}" fill="#fff"/>',
        f'<text x="{_LEFT}" y="40" font-size="22" font-weight="700" fill="#1f2d3a">{escape(look.title)}</text>',
        '<g stroke="#54677a" stroke-width="0.5" stroke-linejoin="round" fill-rule="evenodd">', *parts, *marks, "</g>", *dots, *rows,
        f'<text x="{_LEFT}" y="{bottom - 12:.0f}" font-size="12" fill="#64748b">{escape(look.note)}</text></svg>',
    ])  # fmt: skip


def _row(k: int, colour: str, words: str, top: float) -> str:
    x, y = _LEFT + (k % 4) * 288, top + 22 * (k // 4)
    fill = "url(#h)" if colour == "hatch" else colour
    return (
        f'<rect x="{x:.0f}" y="{y:.0f}" width="22" height="13" fill="{fill}" stroke="#c5ced6"/>'
        f'<text x="{x + 30:.0f}" y="{y + 11:.0f}" font-size="12.5" fill="#1f2d3a">{escape(words)}</text>'
    )


def _path(shape: Any, west: float, north: float, scale: float) -> str:
    out = []
    for part in shapely.get_parts(shape):
        for ring in [part.exterior, *part.interiors]:
            xy = shapely.get_coordinates(ring)
            xs, ys = _LEFT + (xy[:, 0] - west) * scale, _TOP + (north - xy[:, 1]) * scale
            out.append("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in zip(xs, ys, strict=True)) + "Z")
    return "".join(out)
