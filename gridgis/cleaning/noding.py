"""All linework of several layers cut into the smallest faces on one lattice, and who touches whom.

Faces of fully noded linework are a valid coverage by construction: any way of giving them to owners and
uniting them per owner is again one, with the same vertices on both sides of every shared edge.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from shapely import Polygon, STRtree
from shapely.geometry.base import BaseGeometry

Geometries = NDArray[np.object_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LATTICE_M = 0.001
"""Coordinates of a county are whole millimetres."""
_PER_M = 1000
_NODING_ROUNDS = 10


@dataclass(frozen=True)
class Faces:
    """The faces of noded linework.

    Parameters
    ----------
    polygons
        Single polygons on the lattice; together a valid coverage.
    area
        Area of each in square metres.
    inside
        One point inside each, shape (n, 2).
    left, right
        Faces on the two sides of every shared segment.
    border
        Length of these segments in metres.
    ends
        Their ends in millimetres, shape (n, 4).
    rim, rim_ends
        Face and ends of the segments that have a face on one side only.
    seam
        Whether a shared segment was drawn only to cut a face in two.
    """

    polygons: Geometries
    area: Floats
    inside: Floats
    left: Ints
    right: Ints
    border: Floats
    ends: Ints
    rim: Ints
    rim_ends: Ints
    seam: NDArray[np.bool_]

    def regions(self, key: Ints, *, across_seams: bool = True) -> Ints:
        """Count the connected regions of faces of one key.

        Parameters
        ----------
        key
            One number a face; faces with a negative key belong to no region.
        across_seams
            Whether faces on the two sides of a seam belong together.

        Returns
        -------
        ndarray
            Region of each face, counted from 0, and -1 where there is none.
        """
        n = len(key)
        same = (key[self.left] == key[self.right]) & (key[self.left] >= 0)
        same &= across_seams | ~self.seam
        links = coo_matrix((np.ones(int(same.sum())), (self.left[same], self.right[same])), shape=(n, n))
        part = np.asarray(connected_components(links, directed=False)[1], np.int64)
        result = np.full(n, -1, np.int64)
        wanted = key >= 0
        result[wanted] = np.unique(part[wanted], return_inverse=True)[1]
        return result

    def borders(self, region: Ints, owner: Ints, owners: int) -> coo_matrix:
        """Measure how long each region borders on each owner.

        Parameters
        ----------
        region
            Region of each face, -1 for none.
        owner
            Owner of each face, -1 for none.
        owners
            How many owners there are.

        Returns
        -------
        sparse matrix
            Metres, one row a region and one column an owner.
        """
        here = np.concatenate([self.left, self.right])
        there = np.concatenate([self.right, self.left])
        metres = np.concatenate([self.border, self.border])
        use = (region[here] >= 0) & (owner[there] >= 0) & (region[here] != region[there])
        rows, columns = region[here[use]], owner[there[use]]
        count = int(region.max(initial=-1)) + 1
        return coo_matrix((metres[use], (rows, columns)), shape=(count, owners)).tocsr()


def on_lattice(geometries: Geometries) -> Geometries:
    """Round all coordinates to whole millimetres and drop heights; validity is not looked after.

    Parameters
    ----------
    geometries
        Shapely geometries in metres.
    """
    flat = shapely.force_2d(geometries)
    # Adding zero turns -0.0 into 0.0, or equal polygons would differ in a byte.
    return np.asarray(shapely.transform(flat, lambda xy: np.round(xy, 3) + 0.0), object)


def cut_into_faces(*layers: Geometries, seams: Geometries | None = None) -> Faces:
    """Node the outlines of all layers together and return the faces between them.

    Parameters
    ----------
    *layers
        Arrays of polygons or multipolygons in metres.
    seams
        Further lines to cut along.

    Returns
    -------
    Faces
        Every face that the lines enclose, also those that no polygon covers.
    """
    polygons = shapely.get_parts(on_lattice(np.concatenate([np.asarray(x, object) for x in layers])))
    seams = on_lattice(np.empty(0, object) if seams is None else seams)
    lines = noded(np.concatenate([shapely.get_rings(polygons), seams]))
    faces = on_lattice(shapely.get_parts(shapely.polygonize(shapely.get_parts(lines))))
    points = shapely.get_coordinates(shapely.point_on_surface(faces))
    segments, face = _segments(faces)
    twin = np.flatnonzero((segments[:-1] == segments[1:]).all(axis=1))
    ends, single = segments[twin], np.setdiff1d(np.arange(len(segments)), np.concatenate([twin, twin + 1]))
    metres = np.hypot(*(ends[:, 2:] - ends[:, :2]).T.astype(float)) / _PER_M
    return Faces(
        polygons=faces,
        area=np.asarray(shapely.area(faces)),
        inside=points,
        left=face[twin],
        right=face[twin + 1],
        border=metres,
        ends=ends,
        rim=face[single],
        rim_ends=segments[single],
        seam=_near(ends, seams),
    )


def _near(ends: Ints, seams: Geometries) -> NDArray[np.bool_]:
    result = np.zeros(len(ends), bool)
    if len(seams):
        middle = (ends[:, :2] + ends[:, 2:]) / (2.0 * _PER_M)
        points = np.asarray(shapely.points(middle), object)
        result[STRtree(seams).query(points, predicate="dwithin", distance=2 * LATTICE_M)[0]] = True
    return result


def noded(lines: Geometries) -> BaseGeometry:
    """Return lines cut at all their meetings, every vertex on the lattice.

    Parameters
    ----------
    lines
        Lines in metres.
    """
    # Snapping may push a line across another node's square, which only the next round sees. What is stable
    # stays so when the result is drawn in again.
    noded = shapely.normalize(shapely.union_all(lines, grid_size=LATTICE_M))
    for _ in range(_NODING_ROUNDS):
        again = shapely.normalize(shapely.union_all(shapely.get_parts(noded), grid_size=LATTICE_M))
        if shapely.equals_exact(again, noded, 0.0):
            break
        noded = again
    return noded


def _segments(faces: Geometries) -> tuple[Ints, Ints]:
    """Return the segments of all rings, lower end first, sorted so that twins stand together; and their faces."""
    rings, face_of_ring = shapely.get_rings(faces, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    grid = np.rint(xy * _PER_M).astype(np.int64)
    inner = ring[:-1] == ring[1:]
    start, end = grid[:-1][inner], grid[1:][inner]
    face = np.asarray(face_of_ring, np.int64)[ring[:-1][inner]]
    swap = (start[:, 0] > end[:, 0]) | ((start[:, 0] == end[:, 0]) & (start[:, 1] > end[:, 1]))
    low, high = np.where(swap[:, None], end, start), np.where(swap[:, None], start, end)
    order = np.lexsort((high[:, 1], high[:, 0], low[:, 1], low[:, 0]))
    return np.hstack([low, high])[order], face[order]


def dissolve(polygons: Geometries, owner: Ints) -> tuple[Geometries, Ints]:
    """Unite the faces of each owner into single polygons.

    Parameters
    ----------
    polygons
        Faces that form a coverage.
    owner
        Owner of each, -1 to leave it out.

    Returns
    -------
    polygons, owner : ndarray
        One row a connected part, in order of owner, in normal form (ring start and direction).
    """
    order = np.argsort(owner, kind="stable")
    order = order[owner[order] >= 0]
    cuts = np.flatnonzero(np.diff(owner[order])) + 1
    united: list[BaseGeometry] = []
    whose: list[int] = []
    for group in np.split(order, cuts) if len(order) else []:
        members = polygons[group]
        whole = members[0] if len(members) == 1 else shapely.coverage_union_all(members)
        parts = shapely.get_parts(whole)
        united.extend(parts)
        whose.extend([int(owner[group[0]])] * len(parts))
    result = shapely.normalize(np.array(united, object)) if united else np.empty(0, object)
    return np.asarray(result, object), np.array(whose, np.int64)


def filled(geometry: BaseGeometry) -> BaseGeometry:
    """Return the polygon or multipolygon without its holes.

    Parameters
    ----------
    geometry
        Polygon or multipolygon.
    """
    shells = [Polygon(shapely.get_exterior_ring(p)) for p in shapely.get_parts(geometry)]
    return shapely.union_all(shells)
