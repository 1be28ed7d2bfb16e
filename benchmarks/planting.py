"""Faults of every rule, planted in a county file behind its back with SQL, and what the check must say of each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import shapely
from spade import Planted, Site

from gridgis.reach import reach

Planter = Callable[[Site], Sequence[Planted]]


def _longest(ring: Any) -> tuple[np.ndarray, np.ndarray, int]:
    xy = shapely.get_coordinates(ring)
    k = int(np.hypot(*np.diff(xy, axis=0).T).argmax())
    return xy[k], xy[k + 1], k


def _with_point(polygon: Any, at: int, *points: Any) -> Any:
    """Return a polygon with more vertices after the one at a place of its ring."""
    xy = shapely.get_coordinates(polygon.exterior)
    return shapely.Polygon(np.vstack([xy[: at + 1], np.array(points), xy[at + 1 :]]), [r.coords for r in polygon.interiors])


def gap(site: Site) -> list[Planted]:
    """Plant a cell drawn two metres too small."""
    out = []
    for row in site.cells(lambda r: site.inner(r) and site.plan.rows.geometry[r].area > 2000):
        shape = site.plan.rows.geometry[row]
        site.redraw(row, max(shapely.get_parts(shape.buffer(-2, join_style="mitre")), key=lambda p: p.area))
        out.append(Planted("gap", shape=shape.boundary))
    return out


def overlap(site: Site) -> list[Planted]:
    """Plant a cell drawn two metres too large."""
    out = []
    for row in site.cells(site.inner):
        shape = site.plan.rows.geometry[row]
        site.redraw(row, shapely.Polygon(shape.buffer(2, join_style="mitre").exterior))
        out.append(Planted("overlap", shape=shape.boundary))
    return out


def invalid(site: Site) -> list[Planted]:
    """Plant a cell that is a bow tie."""
    out = []
    for row in site.cells(site.inner):
        x0, y0, x1, y1 = site.plan.rows.geometry[row].bounds
        site.redraw(row, shapely.Polygon([(x0, y0), (x1, y1), (x1, y0), (x0, y1)]))
        out.append(Planted("invalid", str(site.plan.rows.code[row])))
    return out


def element_two(site: Site) -> list[Planted]:
    """Plant a cell that reaches out to a house in the next."""
    xy = site.homes[["x", "y"]].to_numpy()
    owner = site.plan.owners(xy)
    lived = set(owner.tolist())
    out = []
    for row in site.cells(lambda r: site.inner(r) and any(k in lived for k in site.around(r))):
        other = next(k for k in site.around(row) if k in lived)
        house = int(np.flatnonzero(owner == other)[0])
        shape = site.plan.rows.geometry[row]
        arm = shapely.LineString([shapely.ops.nearest_points(shape, shapely.Point(xy[house]))[0], xy[house]]).buffer(3)
        site.redraw(row, shapely.Polygon(shape.union(arm).exterior))
        out.append(Planted("element_two", word=str(site.homes["id"].iloc[house])))
    return out


def unmatched_edge(site: Site) -> list[Planted]:
    """Plant a vertex that the neighbour does not have."""
    out = []
    for row in site.cells(site.inner):
        shape = site.plan.rows.geometry[row]
        a, b, k = _longest(shape.exterior)
        site.redraw(row, _with_point(shape, k, (a + b) / 2))
        out.append(Planted("unmatched_edge", shape=shapely.LineString([a, b])))
    return out


def near_miss(site: Site) -> list[Planted]:
    """Plant a second vertex a millimetre beside the first."""
    out = []
    for row in site.cells(site.inner):
        shape = site.plan.rows.geometry[row]
        a, b, k = _longest(shape.exterior)
        way = np.sign(b - a) * (np.abs(b - a) == np.abs(b - a).max())
        site.redraw(row, _with_point(shape, k, a + 0.001 * way))
        out.append(Planted("near_miss", shape=shapely.Point(a)))
    return out


def spike(site: Site) -> list[Planted]:
    """Plant a spike thinner than three degrees into the cell."""
    def border(row: int) -> bool:
        a, b, _ = _longest(site.plan.rows.geometry[row].exterior)
        beyond = [k for k in site.around(row) if site.plan.rows.geometry[k].distance(shapely.Point((a + b) / 2)) < 0.1]
        return site.inner(row) and all(site.plan.rows.code[k] != site.plan.rows.code[row] for k in beyond)

    out = []
    for row in site.cells(lambda r: site.plan.rows.geometry[r].area > 4000 and border(r)):
        shape = site.plan.rows.geometry[row]
        a, b, k = _longest(shape.exterior)
        way = (b - a) / np.hypot(*(b - a))
        # Rings run clockwise: the inside lies to the right.
        tip = (a + b) / 2 + 8 * np.array([way[1], -way[0]])
        site.redraw(row, _with_point(shape, k, (a + b) / 2 - 0.1 * way, tip, (a + b) / 2 + 0.1 * way))
        out.append(Planted("spike", str(site.plan.rows.code[row]), shapely.Point(tip)))
    return out


def sliver(site: Site) -> list[Planted]:
    """Plant a square of 25 square metres that belongs to a grid elsewhere."""
    out = []
    for row in site.cells(lambda r: site.inner(r) and site.plan.rows.geometry[r].area > 4000):
        shape = site.plan.rows.geometry[row]
        middle = np.round(shapely.get_coordinates(shapely.maximum_inscribed_circle(shape))[0])
        square = shapely.box(*(middle - 2.5), *(middle + 2.5))
        codes = [c for c in site.plan.leaf_codes if c not in site.taken]
        other = site.rng.choice(codes)
        site.taken.add(other)
        site.redraw(row, shape.difference(square))
        site.next_cell += 1
        site.run(
            "INSERT INTO cells (id, code, added_in, households, persons, buildings, places, roads, incidents, geometry)"
            " VALUES (?, ?, 1, 0, 0, 0, 0, 0, 0, ?)", site.next_cell, other, square
        )  # fmt: skip
        out.append(Planted("sliver", other, square))
    return out


def _recoded(site: Site, row: int, code: str | None) -> None:
    site.run("UPDATE cells SET code = ? WHERE id = ? AND removed_in IS NULL", code, int(site.plan.rows.id[row]))


def outside_parent(site: Site) -> list[Planted]:
    """Plant a cell given to a grid of another township, across a fixed outline."""
    width = site.scheme.widths[1]
    out = []
    for row in site.cells(lambda r: len(site.plan.members[site.plan.rows.code[r]]) > 1):
        code = str(site.plan.rows.code[row])
        other = site.rng.choice([c for c in site.plan.leaf_codes if c[:width] != code[:width] and c not in site.taken])
        site.taken.add(other)
        _recoded(site, row, other)
        out.append(Planted("outside_parent", other, site.plan.rows.geometry[row]))
    return out


def multi_part(site: Site) -> list[Planted]:
    """Plant a cell given to a grid that does not touch it."""
    out = []
    for row in site.cells(lambda r: len(site.plan.members[site.plan.rows.code[r]]) > 1):
        near = {site.plan.rows.code[k] for k in site.around(row)}
        other = site.rng.choice([c for c in site.plan.leaf_codes if c not in near and c not in site.taken])
        site.taken.add(other)
        _recoded(site, row, other)
        out.append(Planted("multi_part", other))
    return out


def hole(site: Site) -> list[Planted]:
    """Plant a grid in the midst of another: a square cut out of one of its cells."""
    return [Planted("hole", str(site.plan.rows.code[site.index.query(p.shape.centroid, "within")[0]]), p.shape) for p in sliver(site)]


def parent_unfilled(site: Site) -> list[Planted]:
    """Plant a cell that has the code of the grid above."""
    out = []
    for row in site.cells(lambda r: len(site.plan.members[site.plan.rows.code[r]]) > 1):
        code = str(site.plan.rows.code[row])
        up = site.scheme.parent(code)
        _recoded(site, row, up)
        out.append(Planted("parent_unfilled", str(up)))
    return out


def unassigned(site: Site) -> list[Planted]:
    """Plant a cell without a code."""
    rows = list(site.cells())
    for row in rows:
        _recoded(site, row, None)
    return [Planted("unassigned", shape=shapely.point_on_surface(site.plan.rows.geometry[r])) for r in rows]


def _unowned(site: Site, rule: str, table: str) -> list[Planted]:
    rows = site.county_tables[table]
    rows = rows[rows["x"].notna()]
    owner = site.plan.owners(rows[["x", "y"]].to_numpy(dtype=float))
    held = set(owner.tolist())
    out = []
    for row in site.cells(lambda r: r in held):
        _recoded(site, row, None)
        first = rows.iloc[int(np.flatnonzero(owner == row)[0])]
        out.append(Planted(rule, shape=shapely.Point(first["x"], first["y"])))
    return out


def road_unowned(site: Site) -> list[Planted]:
    """Plant a road in a cell without a code."""
    return _unowned(site, "road_unowned", "roads")


def place_uncovered(site: Site) -> list[Planted]:
    """Plant a place in a cell without a code."""
    return _unowned(site, "place_uncovered", "places")


def code_orphan(site: Site) -> list[Planted]:
    """Plant a cell whose code no grid has."""
    out = []
    for row in site.cells(lambda r: len(site.plan.members[site.plan.rows.code[r]]) > 1):
        code = str(site.plan.rows.code[row])
        lost = code[: -site.scheme.levels[-1].digits] + "9" * site.scheme.levels[-1].digits
        lost = lost if len(lost) == len(code) else code[:-1] + "9"
        _recoded(site, row, lost)
        out.append(Planted("code_orphan", lost))
    return out


def element_none(site: Site) -> list[Planted]:
    """Plant a house a thousand kilometres off."""
    ids = site.rng.sample(site.homes["id"].tolist(), site.each)
    for i in ids:
        site.run("UPDATE buildings SET x = x + 1000000 WHERE id = ?", i)
    return [Planted("element_none", word=f"“{i}”") for i in ids]


def _astride(site: Site) -> Iterator[tuple[int, Any]]:
    """Yield numbers and squares of ten metres that lie astride a boundary between two grids."""
    def border(row: int) -> bool:
        return site.inner(row) and _edge_to_other(site, row) is not None

    for k, row in enumerate(site.cells(border)):
        yield k, shapely.Point(_edge_to_other(site, row)).buffer(5, cap_style="square")


def _edge_to_other(site: Site, row: int) -> Any:
    """Return the middle of an edge of some length that a cell shares with a cell of another grid."""
    code = site.plan.rows.code[row]
    for k in site.around(row):
        if site.plan.rows.code[k] not in (code, None):
            shared = shapely.line_merge(shapely.intersection(site.plan.rows.geometry[row], site.plan.rows.geometry[k]))
            line = max(shapely.get_parts(shared), key=lambda g: g.length, default=None)
            if line is not None and line.length > 15:
                return shapely.get_coordinates(shapely.line_interpolate_point(line, 0.5, normalized=True))[0]
    return None


def building_cut(site: Site) -> list[Planted]:
    """Plant a house astride a boundary."""
    out = []
    for k, shape in _astride(site):
        site.run("INSERT INTO buildings (id, x, y, geometry) VALUES (?, ?, ?, ?)", f"cut{k}", shape.centroid.x, shape.centroid.y, shape)
        out.append(Planted("building_cut", word=f"“cut{k}”"))
    return out


def compound_cut(site: Site) -> list[Planted]:
    """Plant a compound astride a boundary."""
    out = []
    for k, shape in _astride(site):
        site.run(
            "INSERT INTO places (id, kind, name, x, y, geometry) VALUES (?, 'compound', ?, ?, ?, ?)",
            f"pc{k}", f"cut{k}", shape.centroid.x, shape.centroid.y, shape,
        )  # fmt: skip
        out.append(Planted("compound_cut", word=f"“cut{k}”"))
    return out


def block_cut(site: Site) -> list[Planted]:
    """Plant a boundary whose roads and waters are no longer there."""
    roads = site.county_tables["roads"]
    tree = shapely.STRtree(np.asarray(roads.geometry.values, dtype=object))

    def inside(code: str) -> bool:
        up = site.plan.grid_geometry(site.scheme.parent(code) or "")
        inner = site.plan.grid_geometry(code).boundary.difference(up.boundary.buffer(1))
        return site.built_up(code) and inner.length > 300

    codes = list(site.grids(site.unit, inside))
    gone = {int(k) for c in codes for k in tree.query(site.plan.grid_geometry(c).boundary.buffer(6), "intersects")}
    site.db.executemany("DELETE FROM roads WHERE id = ?", [(roads["id"].iloc[k],) for k in gone])
    site.run("DELETE FROM water")
    site.run("DELETE FROM places WHERE kind = 'compound'")
    return [Planted("block_cut", c) for c in codes]


def today_less(site: Site, days: int) -> str:
    """Return the day so many days before the county's own."""
    return (dt.date.fromisoformat(site.today) - dt.timedelta(days=days)).isoformat()


def minutes_of_homes(site: Site) -> Any:
    """Return how far each home is from the nearest station on foot."""
    places = site.county_tables["places"]
    stations = places.loc[places["kind"] == "station", ["x", "y"]].to_numpy(dtype=float)
    return reach(site.county_tables["roads"], stations, site.homes[["x", "y"]].to_numpy(dtype=float)).minutes
