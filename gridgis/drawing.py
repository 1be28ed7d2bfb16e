"""What a drawing brings in and what is said of it: nets, faulty spots, changes of land; what is a fault.

``NOISE_M2`` and ``NOISE_WIDTH_M`` tell rounding from faults: an overlap or gap counts as a fault when it is
larger than 1 dm² *and* on average wider than half the lattice, which is what rounding to millimetres can
itself produce. On the real layers at hand this gives the counts of plain overlay (Daxing 10 overlaps and 7
gaps, Haidian 3 and 4, Miyun 0 and 1, Pinggu 0 and 0); Haidian's fourth pair overlaps by 4 mm² along 80 m, and
the 0.06 m² of the quarters of Paris are 0.09 mm wide: both are rounding, mended like the rest and counted as
``rounding``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridgis.noding import Floats, Geometries

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
        Key: ``overlap``, ``gap``, ``outside``, ``locked``, ``sliver``, ``unassigned``, ``vanished``.
    codes
        Labels concerned.
    area_m2
        Area of the place.
    point
        A point inside, in the county's CRS.
    owner
        Label that has the land now; None when it is unassigned, outside or undecided.
    """

    rule: str
    codes: tuple[str, ...]
    area_m2: float
    point: tuple[float, float]
    owner: str | None = None


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
