"""What a drawing brings in and what is said of it: nets, faulty spots, changes of land; what is a fault.

``NOISE_M2`` and ``NOISE_WIDTH_M`` tell rounding from faults: an overlap or gap counts as a fault when it is
larger than 1 dm² *and* on average wider than half the lattice, which is what rounding to millimetres can
itself produce. On the real layers at hand this gives the counts of plain overlay (Daxing 10 overlaps and 7
gaps, Haidian 3 and 4, Miyun 0 and 1, Pinggu 0 and 0); Haidian's fourth pair overlaps by 4 mm² along 80 m, and
the 0.06 m² of the quarters of Paris are 0.09 mm wide: both are rounding, mended like the rest and counted as
``rounding``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from gridgis.cleaning.noding import Floats, Geometries

NOISE_M2 = 0.01
NOISE_WIDTH_M = 0.0005
SLIVER_M2 = 1.0
"""A detached piece smaller than this is given to its neighbour, whoever drew it."""
STRIP_WIDTH_M = 1.0
"""Leftovers of an older grid narrower than this on average are misfit of two drawings, not land."""

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Net:
    """Polygons with their labels; several rows of one label are parts of one grid.

    Parameters
    ----------
    polygons
        Polygons or multipolygons in the county's CRS.
    labels
        Code of each; None for land that no grid has yet.
    """

    polygons: Geometries
    labels: tuple[str | None, ...]

    @classmethod
    def empty(cls) -> Net:
        """Return a net without polygons."""
        return cls(np.empty(0, object), ())


@dataclass(frozen=True)
class Change:
    """How much land a grid gained or lost between the file and the county.

    Parameters
    ----------
    code
        Label of the grid.
    before_m2
        Area as drawn, its parts united.
    after_m2
        Area in the county.
    moved_m2
        Land gained plus land lost.
    """

    code: str
    before_m2: float
    after_m2: float
    moved_m2: float


@dataclass(frozen=True)
class Spot:
    """One place where the drawing was at fault, and what was done about it.

    Parameters
    ----------
    rule
        Key: ``overlap``, ``gap``, ``outside``, ``locked``, ``sliver``, ``unassigned``, ``vanished``, ``multi_part``.
    codes
        Labels concerned.
    area_m2
        Area of the place.
    point
        A point inside, in the county's CRS.
    owner
        Label that has the land now; None when it is unassigned, outside or undecided.
    shape
        The place itself.
    decision
        What a reviewer decided, empty where the rule did.
    """

    rule: str
    codes: tuple[str, ...]
    area_m2: float
    point: tuple[float, float]
    owner: str | None = None
    shape: BaseGeometry | None = None
    decision: str = ""

    @property
    def key(self) -> str:
        """The same for the same fault of the same file in the same county, however it was settled."""
        rule = "gap" if self.rule == "unassigned" else self.rule
        x, y = self.point
        said = f"{rule}|{','.join(sorted(self.codes))}|{x:.1f}|{y:.1f}"
        return hashlib.sha256(said.encode()).hexdigest()[:10]


WORDS = ("leave", "except", "clip", "drop")
"""Decisions that give nothing to a grid: leave land unassigned, the same as a declared exception, cut off, leave a grid out."""


@dataclass(frozen=True)
class Terms:
    """What may be settled by rule, and what was decided by hand.

    Parameters
    ----------
    limit
        Largest area that may be settled by rule, m².
    parents
        Parent code of labels that are bound to one.
    decisions
        Key of a spot -> code that gets the land, or a word of `WORDS`.
    """

    limit: float = 10_000.0
    parents: Mapping[str, str] = field(default_factory=dict)
    decisions: Mapping[str, str] = field(default_factory=dict)


def choices(spot: Spot) -> tuple[str, str]:
    """Say what may be decided for a spot, as half a sentence in Chinese and English.

    Parameters
    ----------
    spot
        A fault of a drawing.
    """
    if spot.rule == "overlap":
        return f"只能给 {'、'.join(spot.codes)} 之一", f"give it to one of {', '.join(spot.codes)}"
    if spot.rule in ("gap", "unassigned"):
        return (
            "应为文件中同一上级的网格编码，或 leave（留空）、except（例外）",
            "name a grid of the file under the same parent, or write leave or except",
        )
    if spot.rule == "vanished":
        return "只能写 drop（不导入该网格）", "only drop (leave the grid out) is possible"
    if spot.rule in ("outside", "locked"):
        return "只能写 clip（裁去）", "only clip (cut it off) is possible"
    return "这一处由规则处理，不能另作决定", "the rule settles this one, it cannot be decided otherwise"


def is_fault(area: Floats, perimeter: Floats) -> Bools:
    """Tell faults from rounding by size and mean width.

    Parameters
    ----------
    area
        Square metres.
    perimeter
        Metres.
    """
    return np.asarray((area > NOISE_M2) & (2.0 * area > NOISE_WIDTH_M * perimeter))
