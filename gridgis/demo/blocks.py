"""Streets and fields of a city or district: cores of fine blocks, coarser ground around, and their faces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from gridgis.demo.brief import Brief, Core, blob
from gridgis.demo.faces import Borders, borders, dissolve, make_faces, melt_slivers, pair_edges
from gridgis.demo.growth import Fabric
from gridgis.demo.terrain import Ints, river_course
from gridgis.demo.towns import LARGE_M2, Street, subdivide

Lines = list[shapely.LineString]

LATTICE = 0.01
"""Vertices lie on whole centimetres, so that no two nearly meet."""
SMALLEST = 0.3
"""Smallest block, as a share of the wished size."""
ROAD_M2, TRACK_M2 = 9.0e6, 2.5e6
"""Outside the cores: cuts through blocks above these sizes are main roads and village roads."""


@dataclass(frozen=True)
class Blocks:
    """The faces of all lines as a graph, and the lines themselves.

    Attributes
    ----------
    core
        For each face the number of the core that it lies in, -1 outside.
    part
        For each face the part of the outline that it lies in.
    rim
        For each face whether the outline bounds it.
    streets
        Every line that is a street or road.
    rivers
        Name and line of each piece of a river.
    """

    faces: NDArray[np.object_]
    fabric: Fabric
    core: Ints
    part: Ints
    rim: NDArray[np.bool_]
    streets: list[Street]
    rivers: list[tuple[str, shapely.LineString]]


def lay_blocks(brief: Brief, rng: np.random.Generator) -> Blocks:
    """Cut the ground of a place into blocks, fine in its cores and coarse elsewhere."""
    shapes = core_shapes(brief)
    courses = [(r.name, shapely.intersection(river_course(r, rng), brief.outline)) for r in brief.rivers]
    rivers = [(name, line) for name, g in courses for line in shapely.get_parts(g) if line.geom_type == "LineString"]
    rings = [shapely.intersection(s.exterior, brief.outline) for c, s in zip(brief.cores, shapes, strict=True) if c.km2]
    fixed = [p for ring in rings for p in shapely.get_parts(shapely.line_merge(ring)) if p.geom_type == "LineString"]
    first = make_faces([*fixed, *(line for _, line in rivers)], brief.outline, LATTICE)
    streets = [Street(line, "secondary") for line in fixed]
    fields: Lines = []
    for face in first:
        _cut_face(face, brief, shapes, streets, fields, rng)
    lines = [*fields, *(s.line for s in streets), *(line for _, line in rivers)]
    return _as_faces(brief, shapes, lines, streets, rivers)


def core_shapes(brief: Brief) -> list[shapely.Polygon]:
    """Return the ground of each core inside the outline, one polygon each."""
    out = []
    for core in brief.cores:
        if core.km2 is None:
            out.append(max(shapely.get_parts(brief.outline), key=shapely.area))
            continue
        radius = (core.km2 * 1e6 / np.pi) ** 0.5
        for _ in range(12):
            # What the outline cuts off is made up for on the other sides.
            shape = max(shapely.get_parts(blob(core.at, radius) & brief.outline), key=shapely.area)
            radius *= (core.km2 * 1e6 / shape.area) ** 0.5
        out.append(shapely.Polygon(shape.exterior))
    return out


def _core_of(brief: Brief, shapes: list[shapely.Polygon], points: NDArray[np.object_]) -> Ints:
    """Return the outer core of each point, -1 outside all."""
    found = np.full(len(points), -1, dtype=np.int64)
    for k, (core, shape) in enumerate(zip(brief.cores, shapes, strict=True)):
        if not core.inner:
            found[shapely.dwithin(shape, points, 0.01) & (found < 0)] = k
    return found


def _cut_face(
    face: shapely.Polygon, brief: Brief, shapes: list[shapely.Polygon],
    streets: list[Street], fields: Lines, rng: np.random.Generator,
) -> None:  # fmt: skip
    """Divide one large face down to blocks; add the cuts to the streets or to the field boundaries."""
    inside = [c for c, s in zip(brief.cores, shapes, strict=True) if s.contains(face.representative_point())]
    size = min((c.block for c in inside), default=float(brief.counts["country"]))

    def target(block: shapely.Polygon) -> float:
        near = 1.0 if inside else _nearness(block, brief.cores)
        return float(1.5 * size * near * rng.lognormal(0.0, 0.25))

    cuts, _ = subdivide([face], target, SMALLEST * size, rng, 0.0 if inside else 0.05, 8)
    for line, area in cuts:
        if inside:
            streets.append(Street(line, "secondary" if area > LARGE_M2 else "street"))
        elif area > TRACK_M2:
            streets.append(Street(line, "primary" if area > ROAD_M2 else "village"))
        else:
            fields.append(line)


def _nearness(block: shapely.Polygon, cores: tuple[Core, ...]) -> float:
    """Blocks of the country are smaller near a core."""
    middle = block.centroid
    away = min(float(np.hypot(middle.x - c.at[0], middle.y - c.at[1])) - 560.0 * (c.km2 or 1.0) ** 0.5 for c in cores)
    return float(np.clip(0.4 + away / 9000.0, 0.4, 1.0))


def _as_faces(
    brief: Brief, shapes: list[shapely.Polygon], lines: Lines, streets: list[Street],
    rivers: list[tuple[str, shapely.LineString]],
) -> Blocks:  # fmt: skip
    faces = make_faces(lines, brief.outline, LATTICE)
    inner = shapely.point_on_surface(faces)
    core, size = _core_of(brief, shapes, inner), np.full(len(faces), brief.counts["country"])
    for one, shape in zip(brief.cores, shapes, strict=True):
        inside = shapely.dwithin(shape, inner, 0.01)
        size[inside] = np.minimum(size[inside], one.block)
    part = _part_of(brief, inner)
    around = _rated(faces, streets, rivers)
    zone = core + len(brief.cores) * part + part
    group = melt_slivers(around, shapely.area(faces), shapely.length(faces), zone, SMALLEST * size)
    first = np.unique(group, return_index=True)[1]
    faces = dissolve(faces, group)
    middle = shapely.get_coordinates(shapely.centroid(faces))
    fabric = Fabric.of(middle, shapely.area(faces), _rated(faces, streets, rivers))
    edges = pair_edges(faces)
    rim = np.zeros(len(faces), dtype=bool)
    rim[edges.left[edges.right < 0]] = True
    return Blocks(faces, fabric, core[first], part[first], rim, streets, rivers)


def _part_of(brief: Brief, points: NDArray[np.object_]) -> Ints:
    parts = shapely.get_parts(brief.outline)
    found = np.zeros(len(points), dtype=np.int64)
    for k, shape in enumerate(parts[np.argsort(-shapely.area(parts), kind="stable")]):
        found[shapely.dwithin(shape, points, 0.01)] = k
    return found


def _rated(faces: NDArray[np.object_], streets: list[Street], rivers: list[tuple[str, shapely.LineString]]) -> Borders:
    """Borders between faces with how good a boundary each makes: rivers best, lanes and fields least."""
    edges = pair_edges(faces)
    merit = np.full(len(edges.length), 0.3)
    for kinds, value in ((("street", "village"), 0.4), (("secondary",), 0.7), (("primary",), 0.9)):
        merit[edges.on([s.line for s in streets if s.kind in kinds])] = value
    merit[edges.on([line for _, line in rivers])] = 1.0
    inner = edges.right >= 0
    return borders(edges.left[inner], edges.right[inner], edges.length[inner], merit[inner])
