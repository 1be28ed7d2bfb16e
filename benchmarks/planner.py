"""Draws random edits as a planner might, some of them foolish; `fuzz_edits.py` carries them out and judges."""

from __future__ import annotations

import random

import numpy as np
import shapely

import gridgis as gg
from gridgis.errors import GridgisError
from gridgis.redraw.changes import Bit, Change, complete


class Planner:
    """Draws random edits as a planner might, some of them foolish."""

    def __init__(self, county: gg.County, seed: int) -> None:
        self.county, self.random = county, random.Random(seed)
        self.levels = county.scheme.level_keys

    def pick(self) -> str:
        """Return a grid of the finer levels, seldom a coarse one."""
        plan = self.county.plan
        level = self.random.choices(self.levels, [1] + [4 * 2**k for k in range(1, len(self.levels))])[0]
        return self.random.choice(plan.codes(level) or list(plan.grids))

    def neighbour(self, code: str) -> str | None:
        """Return a grid of the same level beside `code`, of the same parent if there is one."""
        plan = self.county.plan
        shape = plan.grid_geometry(code)
        near = {str(plan.rows.code[plan.row([i])[0]])[: len(code)] for i in plan.index.near(shape)}
        near = {c for c in near - {code} if len(c) == len(code) and c in plan.grids}
        same = sorted(c for c in near if plan.scheme.parent(c) == plan.scheme.parent(code))
        options = same if same and self.random.random() < 0.9 else sorted(near)
        return self.random.choice(options) if options else None

    def line(self, code: str) -> shapely.LineString:
        """Return a line across a grid, straight or bent, sometimes along vertices or too short."""
        r = self.random
        x0, y0, x1, y1 = self.county.plan.grid_geometry(code).bounds
        w, h = x1 - x0, y1 - y0
        stretch = r.choice((1.3, 1.1, 1.0, 0.4))
        angle = r.uniform(0, 3.1416)
        centre = np.array([r.uniform(x0 + 0.2 * w, x1 - 0.2 * w), r.uniform(y0 + 0.2 * h, y1 - 0.2 * h)])
        reach = np.hypot(w, h) / 2 * stretch * np.array([np.cos(angle), np.sin(angle)])
        ts = np.linspace(-1, 1, r.randint(2, 6))
        points = centre + ts[:, None] * reach + np.array([[r.gauss(0, 0.05 * w), r.gauss(0, 0.05 * h)] for _ in ts])
        if r.random() < 0.3:
            vertices = shapely.get_coordinates(self.county.plan.grid_geometry(code))
            for k in range(len(points)):
                if r.random() < 0.5:
                    points[k] = vertices[np.argmin(((vertices - points[k]) ** 2).sum(axis=1))] + r.choice(
                        (0, 0, 0.004, -0.02)
                    )
        return shapely.LineString(points)

    def run(self, code: str, other: str) -> shapely.LineString:
        """Return a new run of the boundary between two grids, drawn beyond it, from it, or wildly."""
        r, plan = self.random, self.county.plan
        one, two = plan.grid_geometry(code), plan.grid_geometry(other)
        common = shapely.line_merge(shapely.intersection(one.boundary, two.boundary))
        pieces = [p for p in shapely.get_parts(common) if p.geom_type == "LineString"]
        if not pieces or r.random() < 0.1:
            return self.line(code)
        along = max(pieces, key=lambda p: p.length)
        a, b = (np.array(along.interpolate(t, normalized=True).coords[0]) for t in sorted((r.random(), r.random())))
        if not (b - a).any():
            return self.line(code)
        side = np.array([-(b - a)[1], (b - a)[0]]) * r.choice((-1, 1))
        bends = [a + (b - a) * t + side * r.uniform(0.05, 0.5) for t in sorted(r.random() for _ in range(r.randint(1, 4)))]
        over = (b - a) * r.choice((0, 0, 0.02, 0.1))
        return shapely.LineString([a - over, *bends, b + over])

    def vertex(self, code: str, unlock: bool) -> gg.Edit:
        """Return a vertex of a grid moved, put in or taken out."""
        r, plan = self.random, self.county.plan
        ring = shapely.get_coordinates(shapely.get_exterior_ring(shapely.get_parts(plan.grid_geometry(code))[0]))
        k = r.randrange(len(ring) - 1)
        here, there = ring[k], ring[k] + [r.gauss(0, 8), r.gauss(0, 8)]
        level = plan.scheme.level_key(code)
        which = r.random()
        if which < 0.2:
            return gg.delete_vertex(plan, here, level=level, unlock=unlock)
        if which < 0.5:
            return gg.insert_vertex(plan, (here + ring[k + 1]) / 2, there, level=level, unlock=unlock)
        return gg.move_vertex(plan, here, there, level=level, unlock=unlock)

    def free(self) -> np.ndarray:
        """Return the cells that no grid has."""
        rows = self.county.plan.rows
        return np.flatnonzero(np.array([c is None for c in rows.code], dtype=bool))

    def cleared(self) -> gg.Edit:
        """Return the edit that takes the land of some neighbouring grids from them, as where a county was never drawn."""
        plan, r = self.county.plan, self.random
        code = r.choice(plan.codes(self.levels[-1]))
        near = plan.index.near(plan.grid_geometry(code).buffer(r.choice((0.5, 200, 500))))
        rows = [int(plan.row([i])[0]) for i in near]
        bits = [Bit(plan.rows.geometry[k], (int(plan.rows.id[k]),), None, int(plan.rows.id[k])) for k in rows]
        return complete(plan, Change("import", {"import": code}, self.levels[-1], bits))

    def blob(self, spot: shapely.Point, size: float) -> shapely.Polygon:
        """Return an area round a place, as a hand draws it."""
        r = self.random
        turns = np.linspace(0, 2 * np.pi, r.randint(4, 9), endpoint=False)
        reach = [(size * r.uniform(0.6, 1.4), size * r.uniform(0.6, 1.4)) for _ in turns]
        return shapely.Polygon([(spot.x + a * np.cos(t), spot.y + b * np.sin(t)) for (a, b), t in zip(reach, turns, strict=True)])

    def draw(self, code: str) -> gg.Edit:
        """Return a new grid drawn over land that has none, over its edge, over all of it, or where there is none."""
        plan, r, free = self.county.plan, self.random, self.free()
        shape = plan.rows.geometry[r.choice(free.tolist())] if len(free) and r.random() < 0.95 else plan.grid_geometry(code)
        spot = r.choice((shapely.point_on_surface(shape), shapely.Point(shape.exterior.coords[0]) if shape.geom_type == "Polygon"
                         else shapely.point_on_surface(shape)))  # fmt: skip
        size = float(np.sqrt(shape.area)) * r.choice((0.2, 0.5, 1.0, 3.0))
        area = shapely.box(*shape.bounds) if r.random() < 0.2 else self.blob(spot, size)
        beside = [c for c in plan.rows.code[plan.row(plan.index.near(shape.buffer(300)))] if c] or [code]
        one = r.choice(beside)
        above = [one[:w] for w in plan.scheme.widths if w < len(one)]
        return gg.draw(plan, area, one if r.random() < 0.05 else r.choices(above, [4**k for k in range(len(above))])[0])

    def edit(self, kind: str) -> gg.Edit:
        """Return a random edit of a kind."""
        plan, r = self.county.plan, self.random
        code = self.pick()
        if kind == "split":
            return gg.split(plan, code, self.line(code))
        if kind == "draw":
            return self.draw(code)
        if kind == "convert":
            return gg.convert(plan, code, r.choice(plan.scheme.kinds).key)
        other = self.neighbour(code)
        if other is None:
            raise GridgisError("没有相邻网格", "no neighbour")
        unlock = r.random() < 0.3
        if kind == "merge":
            return gg.merge(plan, [code, other], unlock=unlock)
        if kind == "transfer":
            shape = plan.grid_geometry(other)
            common = shapely.intersection(shape.boundary, plan.grid_geometry(code).boundary)
            spot = shapely.point_on_surface(common if not common.is_empty else shape)
            size = r.uniform(0.05, 0.4) * float(np.sqrt(shape.area))
            return gg.transfer(plan, self.blob(spot, size), code, unlock=unlock)
        if kind == "paint":
            ids = plan.cell_ids(other)
            return gg.paint(plan, r.sample(ids, min(len(ids), r.randint(1, 3))), code, unlock=unlock)
        if kind == "reshape":
            return gg.reshape(plan, self.run(code, other), level=plan.scheme.level_key(code), unlock=unlock)
        if kind == "vertex":
            return self.vertex(code, unlock)
        if kind != "recode":
            raise KeyError(kind)
        digits = len(code) - len(plan.scheme.parent(code) or "")
        new = f"{plan.scheme.parent(code)}{r.randint(1, 10**digits - 1):0{digits}d}"
        return gg.recode(plan, code, new)
