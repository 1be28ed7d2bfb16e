"""Long thin gaps between a drawing and a boundary, cut up so that each neighbour gets the part before its door.

Where a drawing keeps a few metres away from the outline of the county, one gap runs along many grids; given
as a whole to the grid with the longest border it would become a ribbon before everybody else's land. So it is
cut across wherever two grids meet on it, by the shortest way to the other side.
"""

from __future__ import annotations

import numpy as np
import shapely

from gridgis.drawing import Bools
from gridgis.noding import LATTICE_M, Geometries, Ints
from gridgis.settling import Settlement

_WIDEST_M = 100.0
"""Wider gaps are land that somebody left out, not misfit."""
_PER_M = 1000


def strip_seams(work: Settlement) -> Geometries:
    """Return lines across the gaps that lie between several grids and a boundary.

    Parameters
    ----------
    work
        An overlay whose overlaps and gaps are not settled yet.
    """
    faces, n = work.faces, len(work.names)
    gap = faces.regions(np.where(work.bare(), work.existing + 1, -1))
    side, other = np.concatenate([faces.left, faces.right]), np.concatenate([faces.right, faces.left])
    ends = np.vstack([faces.ends, faces.ends])
    along = (gap[side] >= 0) & (gap[other] != gap[side])
    drawn = along & (work.owner[other] >= 0) & (work.owner[other] < n) & work.inside[other]
    taker = work.may_have(work.owner[other[drawn]], work.existing[side[drawn]])
    drawn[np.flatnonzero(drawn)[~taker]] = False
    far = along & ~drawn & ((work.owner[other] >= 0) | ~work.inside[other])
    regions, points = _meetings(gap[side[drawn]], work.owner[other[drawn]], ends[drawn])
    edge = gap[faces.rim] >= 0
    far_of = np.concatenate([gap[side[far]], gap[faces.rim[edge]]])
    far_ends = np.vstack([ends[far], faces.rim_ends[edge]])
    seams: list[shapely.LineString] = []
    for region in np.unique(regions):
        opposite = far_ends[far_of == region]
        if len(opposite):
            seams.extend(_across(points[regions == region], opposite, faces.polygons[gap == region]))
    return np.array(seams, object)


def _meetings(region: Ints, owner: Ints, ends: Ints) -> tuple[Ints, Ints]:
    """Return the points where two owners meet on a gap: the region of each and its millimetres."""
    rows = np.vstack([np.column_stack([region, ends[:, :2], owner]), np.column_stack([region, ends[:, 2:], owner])])
    rows = np.unique(rows, axis=0)
    several: Bools = np.zeros(len(rows), bool)
    several[1:] = (rows[1:, :3] == rows[:-1, :3]).all(axis=1)
    found = np.unique(rows[several][:, :3], axis=0)
    return found[:, 0], found[:, 1:]


def _across(points: Ints, opposite: Ints, gap: Geometries) -> list[shapely.LineString]:
    boundary = shapely.multilinestrings(np.asarray(shapely.linestrings(opposite.reshape(-1, 2, 2) / _PER_M)))
    starts = np.asarray(shapely.points(points / _PER_M), object)
    lines = np.asarray(shapely.shortest_line(starts, boundary), object)
    inside = shapely.buffer(shapely.union_all(gap), 2 * LATTICE_M)
    long = shapely.length(lines)
    good = (long > LATTICE_M) & (long <= _WIDEST_M) & shapely.covers(inside, lines)
    return list(lines[good])
