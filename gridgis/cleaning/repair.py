"""Drawn grids laid into a county: gaps, overlaps and overshoots mended by rule, every change listed.

All linework is cut into faces on the 1 mm lattice (`gridgis.cleaning.noding`); a face belongs to the incoming grid
that covers it, else to the cell that was there. What is covered twice or not at all is settled by one rule
(`gridgis.cleaning.settling`): up to a limit it goes to the grid with the longest border on it; beyond the limit
nobody decides silently: a gap becomes an unassigned cell, an overlap or overshoot refuses the whole import.
The outer boundary never moves. What is a fault and what is rounding is said in `gridgis.cleaning.drawing`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

from gridgis.cleaning.drawing import SLIVER_M2, Bools, Change, Net, Spot, Terms, is_fault
from gridgis.cleaning.noding import LATTICE_M, Geometries, Ints, cut_into_faces, dissolve, filled
from gridgis.cleaning.settling import Settlement
from gridgis.errors import CoverageError, InputError

__all__ = ["Change", "Net", "Repaired", "Spot", "Terms", "count_findings", "overlay_grids", "valid_polygons"]

Progress = Callable[[float, str], None]
_WIDEST_M = 100.0
"""Gaps along a boundary that are wider are land that somebody left out, not misfit."""
_MM = 1000


@dataclass(frozen=True)
class Repaired:
    """The cells that come out, and the account of what was found and moved.

    Parameters
    ----------
    polygons
        Single polygons on the lattice that fill the outline; empty when the import is refused.
    labels
        Code of each, None for unassigned land.
    sources
        Position of the existing polygon that a result polygon *is*, byte-equal, else -1.
    findings
        Count by rule, as found in the drawing before repair; rules without a finding are left out.
    spots
        Every place mended or left unassigned.
    changes
        Every incoming grid whose land changed.
    refused
        Places that are too large to decide; if there are any, nothing may be applied.
    dropped
        Labels that a reviewer left out because others have all their land.
    """

    polygons: Geometries
    labels: tuple[str | None, ...]
    sources: Ints
    findings: dict[str, int]
    spots: tuple[Spot, ...] = ()
    changes: tuple[Change, ...] = ()
    refused: tuple[Spot, ...] = ()
    dropped: tuple[str, ...] = ()


def overlay_grids(
    outline: BaseGeometry | None,
    existing: Net,
    incoming: Net,
    *,
    terms: Terms | None = None,
    progress: Progress | None = None,
) -> Repaired:
    """Lay drawn grids into the cells of a county.

    Parameters
    ----------
    outline
        Outer boundary in the county's CRS; None takes the union of the drawing with its holes filled.
    existing
        Cells of the county, a valid coverage; they give way where an incoming grid lies.
    incoming
        The drawn grids.
    terms
        Overlaps, gaps and overshoots up to its limit are mended; larger ones only as decided. An incoming grid
        may not take land from cells of a parent other than its own: what reaches over is clipped like an overshoot.
    progress
        Called with the share done and a word on what is being done.

    Returns
    -------
    Repaired
        Cells, counts, spots and changes.

    Raises
    ------
    InputError
        A polygon is empty.
    CoverageError
        The result failed its own check; nothing should be applied.
    """
    report = progress or (lambda _share, _words: None)
    drawn, invalid = valid_polygons(incoming.polygons)
    report(0.05, "noding")
    if outline is None:
        outline = filled(shapely.union_all(drawn))
    net, layers = Net(drawn, incoming.labels), (np.array([outline], object), existing.polygons, drawn)
    terms = terms or Terms()
    work = Settlement.start(cut_into_faces(*layers), outline, existing, net, terms)
    seams = _strip_seams(work)
    report(0.4, "assigning")
    if len(seams):
        faces = cut_into_faces(*layers, seams=seams)
        work = Settlement.start(faces, outline, existing, net, terms)
    work.settle_overlaps()
    work.settle_gaps()
    work.absorb_slivers()
    work.note_vanished()
    report(0.8, "dissolving")
    findings = count_findings(net, outline) | {"invalid": invalid} | _place_counts(work)
    findings = {rule: n for rule, n in findings.items() if n}
    if work.refused:
        nothing = np.empty(0, object)
        spots = tuple(work.spots)
        return Repaired(nothing, (), np.empty(0, np.int64), findings, spots, refused=tuple(work.refused))
    polygons, owner = dissolve(work.faces.polygons, work.owner)
    polygons, sources = _kept_as_they_were(polygons, owner - len(work.names), existing.polygons)
    labels = tuple(work.label(int(o)) for o in owner)
    _check(polygons, outline, set(work.names) - {label for label in labels if label} - set(work.dropped))
    report(1.0, "done")
    spots = (*work.spots, *_loose_parts(net))
    return Repaired(polygons, labels, sources, findings, spots, work.changes(), dropped=tuple(work.dropped))


def _loose_parts(net: Net) -> list[Spot]:
    """Return the smaller parts of grids that are drawn in several; they stay as drawn."""
    spots = []
    for label, parts in zip(dict.fromkeys(net.labels), _parts_by_label(net), strict=True):
        rest = parts[np.argsort(-shapely.area(parts), kind="stable")][1:]
        rest = rest[shapely.area(rest) >= SLIVER_M2]
        if len(rest):
            area, at = float(shapely.area(rest).sum()), shapely.point_on_surface(rest[0])
            spots.append(Spot("multi_part", (str(label),), area, (at.x, at.y), label, shapely.union_all(rest)))
    return spots


def _strip_seams(work: Settlement) -> Geometries:
    """Return lines across the gaps that run along a boundary past several grids.

    Where a drawing keeps a few metres away from the outline, one gap lies before many grids; given as a whole to
    the longest border it would become a ribbon before everybody else's land. So it is cut wherever two grids meet
    on it, by the shortest way to the other side.
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
    boundary = shapely.multilinestrings(np.asarray(shapely.linestrings(opposite.reshape(-1, 2, 2) / _MM)))
    starts = np.asarray(shapely.points(points / _MM), object)
    lines = np.asarray(shapely.shortest_line(starts, boundary), object)
    inside = shapely.buffer(shapely.union_all(gap), 2 * LATTICE_M)
    long = shapely.length(lines)
    good = (long > LATTICE_M) & (long <= _WIDEST_M) & shapely.covers(inside, lines)
    return list(lines[good])


def valid_polygons(polygons: Geometries) -> tuple[Geometries, int]:
    """Return the polygonal part of each geometry, made valid and without heights.

    Parameters
    ----------
    polygons
        Polygons or multipolygons; they may cross themselves.

    Returns
    -------
    geometries, invalid
        Valid polygons or multipolygons, and how many of the input were not.

    Raises
    ------
    InputError
        A geometry is missing, empty, or has no area; the message gives the positions from 1.
    """
    flat = np.asarray(shapely.force_2d(polygons), object)
    bad = ~shapely.is_valid(flat)
    if bad.any():
        flat = flat.copy()
        mended = shapely.make_valid(flat[bad], method="structure", keep_collapsed=False)
        flat[bad] = [_polygonal(g) for g in mended]
    hollow = np.flatnonzero(shapely.is_missing(flat) | ~(shapely.area(flat) > 0))
    if len(hollow):
        rows = ", ".join(str(i + 1) for i in hollow[:10])
        raise InputError(
            f"第 {rows} 个图形没有面积：请改正或删除这些行。",
            f"Geometries {rows} have no area: correct or delete these rows.",
        )
    return flat, int(bad.sum())


def _polygonal(geometry: BaseGeometry) -> BaseGeometry:
    return shapely.union_all([p for p in shapely.get_parts(geometry) if shapely.get_dimensions(p) == 2])


def count_findings(net: Net, outline: BaseGeometry) -> dict[str, int]:
    """Count the faults of a drawing with plain overlay, independent of the repair.

    Parameters
    ----------
    net
        Valid polygons and their labels.
    outline
        Outer boundary; holes of the drawing outside it are not gaps.

    Returns
    -------
    dict
        ``overlap`` (pairs of rows), ``duplicate`` (pairs that are the same land), ``gap`` (holes of the
        union), ``rounding`` (overlaps and holes too small to be faults), ``multi_part`` (labels in several
        parts), ``sliver`` (parts under a square metre).
    """
    drawn = net.polygons
    first, second = _pairs(drawn)
    common = shapely.intersection(drawn[first], drawn[second])
    area = np.asarray(shapely.area(common))
    wide = is_fault(area, np.array([_perimeter(g) for g in common]))
    smaller = np.minimum(shapely.area(drawn[first]), shapely.area(drawn[second]))
    larger = np.maximum(shapely.area(drawn[first]), shapely.area(drawn[second]))
    same = wide & (area >= 0.999 * larger) & (area >= 0.999 * smaller)
    holes = _holes(shapely.union_all(drawn), outline)
    open_ = is_fault(np.asarray(shapely.area(holes)), np.asarray(shapely.length(holes)))
    parts = _parts_by_label(net)
    return {
        "overlap": int(wide.sum()),
        "duplicate": int(same.sum()),
        "gap": int(open_.sum()),
        "rounding": int(((area > 0) & ~wide).sum() + (~open_).sum()),
        "multi_part": sum(len(p) > 1 for p in parts),
        "sliver": sum(int((shapely.area(p) < SLIVER_M2).sum()) for p in parts),
    }


def _pairs(drawn: Geometries) -> tuple[Ints, Ints]:
    first, second = STRtree(drawn).query(drawn, predicate="intersects")
    once = first < second
    return first[once], second[once]


def _perimeter(geometry: BaseGeometry) -> float:
    # Neighbours also share lines; only the parts with an area have a width.
    parts = [p for p in shapely.get_parts(geometry) if shapely.get_dimensions(p) == 2]
    return float(shapely.length(parts).sum()) if parts else 0.0


def _holes(union: BaseGeometry, outline: BaseGeometry) -> Geometries:
    parts = shapely.get_parts(union)
    rings = [ring for part in parts for ring in part.interiors]
    holes = np.asarray(shapely.polygons(rings), object) if rings else np.empty(0, object)
    points = shapely.point_on_surface(holes)
    # A hole of the county itself is not a gap, nor is a part that lies in a hole of another.
    return holes[shapely.intersects(outline, points) & ~shapely.intersects(union, points)]


def _parts_by_label(net: Net) -> list[Geometries]:
    rows: dict[str | None, list[int]] = {}
    for row, label in enumerate(net.labels):
        rows.setdefault(label, []).append(row)
    unions = [net.polygons[r[0]] if len(r) == 1 else shapely.union_all(net.polygons[r]) for r in rows.values()]
    return [shapely.get_parts(u) for u in unions]


def _place_counts(work: Settlement) -> dict[str, int]:
    found = Counter(spot.rule for spot in (*work.spots, *work.refused))
    return {rule: found[rule] for rule in ("outside", "locked", "unassigned", "vanished")}


def _kept_as_they_were(polygons: Geometries, cell: Ints, existing: Geometries) -> tuple[Geometries, Ints]:
    sources = np.full(len(polygons), -1, np.int64)
    result = polygons.copy()
    for i in np.flatnonzero((cell >= 0) & (cell < len(existing))):
        old = existing[cell[i]]
        if shapely.equals_exact(shapely.normalize(old), polygons[i], 0.0):
            result[i], sources[i] = old, cell[i]
    return result, sources


def _check(polygons: Geometries, outline: BaseGeometry, lost: set[str]) -> None:
    """Raise unless the result is a coverage that fills the outline and holds every label."""
    broken: Bools = np.asarray(~shapely.is_valid(polygons))
    filling = shapely.coverage_union_all(polygons)
    slack = LATTICE_M * float(shapely.length(outline)) + LATTICE_M
    off = float(shapely.area(shapely.symmetric_difference(filling, outline)))
    doubled = abs(float(shapely.area(polygons).sum()) - float(shapely.area(filling)))
    if broken.any() or not shapely.coverage_is_valid(polygons) or off > slack or doubled > slack or lost:
        raise CoverageError(
            f"修复后的网格未能无缝铺满边界（差 {off:.3f} 平方米），未作任何改动：请把该文件交给维护人员。",
            f"The repaired grids do not fill the boundary ({off:.3f} m² off); nothing was changed: "
            "pass the file on to those who maintain the product.",
        )
