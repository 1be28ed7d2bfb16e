"""Charts as SVG: bars with their names and figures, columns over days, and classes of colour for maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from gridgis.print.labels import widths
from gridgis.print.scene import FONTS
from gridgis.print.svg import picture, tag

_INK, _SOFT, _BAR = "#2b2a28", "#6d675e", "#b8664f"
RAMP = ("#fbeee0", "#f5cfa8", "#e8a070", "#c9684a", "#8f2f22")


def bars(rows: Sequence[tuple[str, float]], width: float = 170.0, colour: str = _BAR) -> str:
    """Return horizontal bars, one a row, the name before and the figure behind."""
    size, step = 3.0, 5.4
    name = max((sum(widths(n)) for n, _ in rows), default=0) * size + 3
    most = max((v for _, v in rows), default=0) or 1
    figure = max((sum(widths(f"{v:,g}")) for _, v in rows), default=0) * size + 3
    room = width - name - figure
    parts = []
    for k, (text, value) in enumerate(rows):
        y, long = k * step + 0.8, max(room * value / most, 0.3)
        parts.append(_text(text, name - 2, y + 2.9, size, "end"))
        parts.append(tag("rect", x=f"{name:.2f}", y=f"{y:.2f}", width=f"{long:.2f}", height=step - 1.6, fill=colour))
        parts.append(_text(f"{value:,g}", name + long + 1.2, y + 2.9, size, "start"))
    return picture(width, max(len(rows), 1) * step + 1, parts)


def columns(rows: Sequence[tuple[str, float]], width: float = 170.0, height: float = 42.0, every: int = 1) -> str:
    """Return upright columns over a line, each `every`-th with its name; the highest figure at the left."""
    size, left, foot = 2.6, 12.0, 6.0
    most = max((v for _, v in rows), default=0) or 1
    step = (width - left) / max(len(rows), 1)
    tall = height - foot - 4
    parts = [tag("line", x1=left, x2=width, y1=height - foot, y2=height - foot, stroke=_SOFT, stroke_width=0.2),
             tag("line", x1=left, x2=width, y1=4, y2=4, stroke="#ddd3c4", stroke_width=0.15),
             _text(f"{most:,g}", left - 1.5, 5, size, "end"), _text("0", left - 1.5, height - foot + 0.8, size, "end")]  # fmt: skip
    for k, (text, value) in enumerate(rows):
        x, up = left + k * step, tall * value / most
        parts.append(tag("rect", x=f"{x + step * 0.12:.2f}", y=f"{height - foot - up:.2f}", width=f"{step * 0.76:.2f}",
                         height=f"{up:.2f}", fill=_BAR))  # fmt: skip
        if k % every == 0:
            parts.append(_text(text, x + step / 2, height - foot + 3.6, size, "middle"))
    return picture(width, height, parts)


def classes(values: Mapping[str, float]) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Return a colour for each value, in five classes of about as many, and what each colour means."""
    known = np.array(sorted(v for v in values.values()), dtype=float)
    if not len(known):
        return {}, []
    cuts = sorted({float(np.round(q)) for q in np.quantile(known, (0.2, 0.4, 0.6, 0.8))})
    place = {code: int(np.searchsorted(cuts, v, side="right")) for code, v in values.items()}
    spread = [RAMP[round(k * (len(RAMP) - 1) / max(len(cuts), 1))] for k in range(len(cuts) + 1)]
    edges = [float(known[0]), *cuts, float(known[-1])]
    used = sorted(set(place.values()))
    words = [(spread[k], f"{edges[k]:,.0f}–{edges[k + 1]:,.0f}") for k in used]
    return {code: spread[k] for code, k in place.items()}, words


def key(words: Sequence[tuple[str, str]], width: float = 170.0) -> str:
    """Return a legend of colours in one line."""
    parts, x = [], 0.0
    for colour, text in words:
        parts.append(tag("rect", x=f"{x:.2f}", y=0.6, width=6, height=3.6, fill=colour, stroke=_SOFT, stroke_width=0.1))
        parts.append(_text(text, x + 7.2, 3.6, 3.0, "start"))
        x += 12 + sum(widths(text)) * 3.0
    return picture(width, 5, parts)


def _text(text: str, x: float, y: float, size: float, anchor: str) -> str:
    return tag("text", text, x=f"{x:.2f}", y=f"{y:.2f}", fill=_INK, font_size=size, font_family=FONTS, text_anchor=anchor)
