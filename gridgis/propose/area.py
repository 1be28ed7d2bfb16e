"""The ground a proposal is about: blocks that may not be cut, and which of them hang together.

A block is a cell, or the cells that one building or compound lies in. Two blocks hang together where
they share a boundary that is not a river or another barrier, or where a bridge leads across it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gridgis import topology
from gridgis.errors import InputError
from gridgis.plan import Plan
from gridgis.propose.barriers import Barriers, Table
from gridgis.propose.labels import by_pair, heads, joined, members, numbered, parents_of, totals
from gridgis.quality import BESIDE_M, accompanied
from gridgis.schema import metres
from gridgis.subdividing.linework import lines_of

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Objects = NDArray[np.object_]

_CUT_M2 = 0.5
_MAIN = ("motorway", "trunk", "primary", "secondary", "expressway", "railway", "rail")
_DRY_M = 5.0
_DRY_SHARE = 0.1


@dataclass(frozen=True, eq=False)
class Area:
    """Blocks and their borders.

    Attributes
    ----------
    plan
        The plan.
    level
        Key of the level that is proposed.
    rows
        Positions in `plan.rows` of the cells concerned.
    block
        The block of each of those cells.
    figures
        Figures of each block, shape (n, len(FIGURES)).
    parent, zone
        Code of the grid above, and zone, of each block.
    today
        Code of the present grid of the level, empty where there is none.
    first, second
        The two blocks of each border.
    length, loose, major
        Metres of each border, those that follow no road, river or wall, and those on rivers and main roads.
    open
        Whether people pass: no river or barrier, or a bridge.
    middle
        A point inside each block.
    cut
        How many compounds and buildings boundaries that stand above cut already.
    """

    plan: Plan
    level: str
    rows: Ints
    block: Ints
    figures: Ints
    parent: Objects
    zone: Objects
    today: Objects
    first: Ints
    second: Ints
    length: Floats
    loose: Floats
    major: Floats
    open: NDArray[np.bool_]
    middle: Floats
    cut: int = 0

    def __len__(self) -> int:
        """Return the number of blocks."""
        return len(self.figures)

    @property
    def homes(self) -> Ints:
        """The present grid of each block as a number; the blocks that have none share one of their own."""
        return numbered(self.today.astype(str))

    def groups(self) -> list[Ints]:
        """Return the blocks that can be grids together: under one parent, in one zone, reached without a barrier."""
        key = np.array([f"{p}\x1f{z}" for p, z in zip(self.parent, self.zone, strict=True)], dtype=object)
        near = self.open & (key[self.first] == key[self.second])
        return members(joined(len(self), self.first[near], self.second[near]))

    def polygons(self, labels: Ints) -> dict[int, Any]:
        """Return the polygon of each label of the blocks, labels in ascending order; negative ones are left out."""
        mine = labels[self.block]
        geometry = self.plan.rows.geometry[self.rows]
        return {int(mine[cells[0]]): topology.dissolve(geometry[cells]) for cells in members(mine)}


def cells_within(plan: Plan, within: str | Any, level: str) -> Ints:
    """Return the positions of the cells of a grid, of a zone, or inside a drawn area.

    Parameters
    ----------
    plan
        The plan.
    within
        Code of a grid or of the county, key of a zone, or a polygon in the county's CRS.
    level
        Key of the level that is proposed.

    Raises
    ------
    InputError
        No cell lies there.
    CodeError
        There is no such grid.
    """
    if not isinstance(within, str):
        inside = shapely.contains_properly(within, shapely.point_on_surface(plan.rows.geometry))
        rows = np.flatnonzero(inside)
    elif within == plan.county_code:
        rows = np.arange(len(plan.rows))
    elif within in {z.key for z in plan.scheme.zones}:
        width = plan.scheme.width(level)
        zones = {c: g.zone for c, g in plan.grids.items()}
        rows = np.flatnonzero([zones.get((c or "")[:width], zones.get(c or "", "")) == within for c in plan.rows.code])
    else:
        grid = plan.grid(within)
        if len(grid.code) >= plan.scheme.width(level):
            raise InputError(
                f"“{within}”本身就是{plan.scheme.level(level).zh}或更细的一级：请给出其上级（社区、乡镇）的编码。",
                f"'{within}' is itself a {plan.scheme.level(level).en} or finer: give the code of a grid above it.",
            )
        rows = plan.row(plan.cell_ids(grid.code))
    rows = np.asarray([k for k in rows.tolist() if plan.rows.code[k] is not None], dtype=np.int64)
    if not len(rows):
        raise InputError(
            "所选范围内没有基元：请核对编码、分区或所画的范围。",
            "No cell lies in the area chosen: check the code, the zone or the area drawn.",
        )
    return rows


def area_of(
    plan: Plan, table: Table, rows: Ints, level: str, *, barriers: Sequence[str] = (), locked: Sequence[str] = ()
) -> Area:
    """Return the blocks of cells, and which of them hang together.

    Parameters
    ----------
    plan
        The plan.
    table
        Answers an e-map table by its name, in the county's CRS.
    rows
        Positions of the cells in `plan.rows`.
    level
        Key of the level that is proposed.
    barriers
        Classes of roads that part what lies on their two sides, besides water.
    locked
        Codes of grids whose cells are left out.

    Raises
    ------
    CodeError
        A locked code is no grid.
    """
    shut = {i for code in locked for i in plan.cell_ids(plan.grid(code).code)}
    rows = np.array([k for k in rows.tolist() if int(plan.rows.id[k]) not in shut], dtype=np.int64)
    cells = plan.rows.take(rows)
    width = plan.scheme.width(level)
    parent = parents_of(plan, cells.code, width)
    box = shapely.box(*shapely.total_bounds(cells.geometry)) if len(cells) else shapely.Point()
    block, cut = _blocks(cells.geometry, uncut(table, box), parent)
    head = heads(block)
    today = np.array([c[:width] if len(c) >= width else "" for c in cells.code], dtype=object)
    zone = np.array([_zone(plan, c, width) for c in cells.code], dtype=object)
    middle = shapely.get_coordinates(shapely.point_on_surface(cells.geometry)).reshape(-1, 2)
    return Area(plan, level, rows, block, totals(block, cells.figures), parent[head], zone[head], today[head],
                *_borders(table, box, cells.geometry, block, barriers), middle[head], cut)  # fmt: skip


def _borders(
    table: Table, box: Any, cells: Objects, block: Ints, barriers: Sequence[str]
) -> tuple[Ints, Ints, Floats, Floats, Floats, NDArray[np.bool_]]:
    """Return the borders between blocks as `Area` has them: first, second, length, loose, major, open."""
    one, other, edges = topology.shared_edges(cells)
    start, end = metres(edges[:, :2]), metres(edges[:, 2:])
    walls = Barriers.of(table, box, barriers)
    lines = {s: near_box(lines_of(table, s), box) for s in ("roads", "water", "compounds")}
    every = np.concatenate([np.empty(0, dtype=object), *lines.values()])
    length = np.hypot(*(end - start).T)
    loose = length - accompanied(start, end, every, BESIDE_M)
    major = accompanied(start, end, np.concatenate([lines["water"], _main_roads(table, box)]), BESIDE_M)
    wet = walls.beside(start, end)
    pieces = [length, loose, major, wet, walls.bridged(start, end, wet)]
    first, second, (length, loose, major, wet, bridge) = by_pair(block[one], block[other], pieces)
    passable = (length - wet >= np.maximum(_DRY_M, _DRY_SHARE * length)) | (bridge > 0) | (wet <= 0)
    return first, second, length, loose, major, passable


def _zone(plan: Plan, code: str, width: int) -> str:
    """Return the zone of the grid of the level that holds a cell, else of the finest one that has one."""
    chain = [code[:w] for w in reversed(plan.scheme.widths) if w <= min(width, len(code))]
    return next((plan.grids[c].zone for c in chain if c in plan.grids and plan.grids[c].zone), "")


def _main_roads(table: Table, box: Any) -> Objects:
    roads = table("roads")
    shapes = np.asarray(roads.geometry.values[roads["class"].isin(_MAIN).to_numpy()], dtype=object)
    return near_box(shapes[~shapely.is_missing(shapes)], box)


def uncut(table: Table, box: Any) -> Objects:
    """Return compounds and buildings with an outline near the area."""
    places, built = table("places", ("kind", "geometry")), table("buildings", ("geometry",), box.bounds)
    shapes = np.concatenate([
        np.asarray(places.geometry.values[(places["kind"] == "compound").to_numpy()], dtype=object),
        np.asarray(built.geometry.values, dtype=object),
    ])  # fmt: skip
    return near_box(np.asarray(shapes[shapely.get_dimensions(shapes) == 2], dtype=object), box)


def near_box(shapes: Objects, box: Any) -> Objects:
    """Return the shapes that meet a box."""
    return np.asarray(shapes[shapely.intersects(shapes, box)], dtype=object) if len(shapes) else shapes


def _blocks(cells: Objects, solid: Objects, parent: Objects) -> tuple[Ints, int]:
    """Return the block of each cell, and how many solid things lie under several parents."""
    n = len(cells)
    if not len(solid) or not n:
        return np.arange(n, dtype=np.int64), 0
    # Only what is not wholly inside one cell can be cut by a boundary.
    inside = np.unique(shapely.STRtree(solid).query(cells, predicate="contains")[1])
    cut = np.delete(solid, inside)
    thing, cell = shapely.STRtree(cells).query(cut, predicate="intersects")
    real = shapely.area(shapely.intersection(cut[thing], cells[cell])) > _CUT_M2
    thing, cell = thing[real], cell[real]
    pairs, split = [], set()
    for k in np.unique(thing).tolist():
        held = cell[thing == k].tolist()
        pairs += [(held[0], c) for c in held[1:] if parent[c] == parent[held[0]]]
        if any(parent[c] != parent[held[0]] for c in held):
            split.add(k)
    if not pairs:
        return np.arange(n, dtype=np.int64), len(split)
    a, b = np.array(pairs, dtype=np.int64).T
    return joined(n, a, b), len(split)
