"""The figures a grid can be coloured by: classes with round limits, palettes, legends."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import mapclassify
import numpy as np
from numpy.typing import ArrayLike

TEAL = ("#eff6f0", "#d3e9de", "#aed6ca", "#82bfb6", "#57a29f", "#388389")
BLUE = ("#f0f4fa", "#d8e4f3", "#b5cde8", "#8db2d9", "#6694c5", "#4577ab")
SAND = ("#faf4e9", "#f1e2c7", "#e6cba0", "#d6af79", "#c09158", "#a0723c")
WARM = ("#fdf4e8", "#fbdfbd", "#f6bf8c", "#ec9663", "#da6c48", "#b54535")
MOSS = ("#f4f7ec", "#e1ebcf", "#c7daaa", "#a6c483", "#83a960", "#618b45")

METHODS = ("quantiles", "natural", "equal", "band")
"""Ways to class: about equal numbers, gaps in the values (Jenks-Caspall), equal steps, the limits of the size band."""

PALETTES = {"households": TEAL, "persons": BLUE, "buildings": SAND, "incidents": WARM, "area_m2": MOSS}

BAND_COLOURS = {"below": "#e9c46a", "in": "#8cc3a6", "above": "#d98a6a"}
"""Colours of a grid below, in and above the size band of its level."""

VERDICT_COLOURS = {
    "matched": "#a9d3ba", "matched_name_differs": "#e9c46a", "recoded": "#7fa8dc", "moved": "#e08b53",
    "swapped": "#c583c0", "duplicate": "#9a86cf", "missing_there": "#d9665f",
}  # fmt: skip
"""Colours of a grid by what a match says of it."""


@dataclass(frozen=True)
class Classes:
    """Limits between classes and their colours, light to dark: one colour more than limits."""

    breaks: tuple[float, ...]
    colours: tuple[str, ...]


def round_limit(value: float) -> float:
    """Return `value` as a limit people can read: one digit below ten thousandths, else two digits."""
    if value <= 0:
        return 0.0
    magnitude = 10.0 ** (np.floor(np.log10(value)) - 1)
    return float(np.round(np.round(value / magnitude) * magnitude, 6))


def classes(values: ArrayLike, palette: Sequence[str], method: str = "quantiles", given: Sequence[float] = ()) -> Classes:
    """Return classes of values, with limits that people can read; fewer where the values are few or alike.

    Parameters
    ----------
    values
        What is classed.
    palette
        Colours, light to dark: at most so many classes.
    method
        One of `METHODS`.
    given
        The limits themselves, for ``band``.
    """
    found = np.asarray(values, dtype=float)
    found = found[np.isfinite(found)]
    apart = np.unique(found)
    if len(apart) < 2:
        return Classes((), (palette[0],))
    if method == "band":
        limits = sorted(float(v) for v in given)
    elif method == "natural" and len(apart) <= len(palette):
        limits = [float(v) for v in apart[1:]]
    else:
        found_by = {"quantiles": mapclassify.Quantiles, "natural": mapclassify.JenksCaspall, "equal": mapclassify.EqualInterval}[method]
        limits = sorted({round_limit(float(v)) for v in found_by(found, k=min(len(palette), len(apart))).bins[:-1]} - {0.0})
        limits = [v for v in limits if found.min() < v <= found.max()] or [float(apart[1])]
    picked = np.linspace(0, len(palette) - 1, len(limits) + 1).round().astype(int)
    return Classes(tuple(limits), tuple(palette[i] for i in picked))


def counted(values: ArrayLike, breaks: Sequence[float]) -> list[int]:
    """Return how many values each class holds."""
    found = np.asarray(values, dtype=float)
    rank = np.searchsorted(np.asarray(breaks), found[np.isfinite(found)], side="right")
    return [int(n) for n in np.bincount(rank, minlength=len(breaks) + 1)]


def class_names(breaks: Sequence[float], unit: float = 1.0) -> list[str]:
    """Return the range of each class in words that need no language, in multiples of `unit`."""
    if not breaks:
        return []
    shown = [f"{b / unit:,.2f}".rstrip("0").rstrip(".") for b in breaks]
    middle = [f"{a} – {b}" for a, b in itertools.pairwise(shown)]
    first = "0" if unit == 1 and breaks[0] == 1 else f"< {shown[0]}"
    return [first, *middle, f"≥ {shown[-1]}"]
