"""A new grid drawn into land that no grid has yet."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from gridgis.cells import CellIndex
from gridgis.errors import CodeError, EditError
from gridgis.plan import Edit, Grid, Plan
from gridgis.redraw.changes import Bit, Change, complete
from gridgis.redraw.cutting import absorbed, polygons_of, transferred, usable_area


def draw(plan: Plan, area: Any, under: str) -> Edit:
    """Make a new grid of the unassigned land in an area; land that has a grid stays with it.

    Parameters
    ----------
    plan
        The plan to start from.
    area
        Polygon without holes, in the county's CRS.
    under
        Code of the grid, or of the county, that the new grid belongs to; it gets the next free number there.

    Returns
    -------
    Edit
        The change, computed and not saved: `County.apply` saves it, `evolve` shows the plan after it.

    Raises
    ------
    CodeError
        No such grid, nothing below its level, or no free number.
    EditError
        The area holds no unassigned land.
    """
    scheme = plan.scheme
    parent = plan.county_code if under == plan.county_code else plan.grid(under).code
    deeper = [w for w in scheme.widths if w > len(parent)]
    if not deeper or parent in plan.leaf_codes:
        raise CodeError(
            f"网格“{parent}”之下不再分网格：请给出上一级的编码，或用划转把未归属的地块划给它。",
            f"Grid '{parent}' has no grids below it: name its parent, or transfer the unassigned land to it.",
        )
    shape = usable_area(area)
    index = plan.index or CellIndex(plan.rows)
    near = plan.rows.take(plan.row(index.near(shape)))
    free = near.take(np.array([c is None for c in near.code], dtype=bool) & shapely.intersects(near.geometry, shape))
    bits = transferred(plan, free.id.tolist(), shape) if len(free) else []
    if not any(goes for _, goes in bits):
        raise EditError(
            "所画范围内没有未归属的地块：请画在还没有网格的地方。",
            "The area holds no unassigned land: draw where there is no grid yet.",
        ).at(shapely.point_on_surface(shape).coords[0])
    level = scheme.level_of("0" * deeper[0])
    stem = parent + next(iter(level.letters), "")
    used = {c for c in plan.ledger if len(c) == deeper[0] and c.startswith(stem)}
    code = scheme.next_code(stem, deeper[0], used)
    made = Grid(code, level.key, _kind(plan, code), zone=_zone(plan, parent))
    stay = [b for b, goes in bits if not goes and b.kept is None]
    went = [Bit(b.polygon, b.origin, code, b.kept) for b, goes in bits if goes]
    new = absorbed([*stay, *went], scheme.sliver_m2)
    command = {"draw": shapely.to_wkt(shape, rounding_precision=-1), "under": parent}
    note = _note(sum(float(a) for a in shapely.area(polygons_of(went))), code)
    return complete(plan, Change("draw", command, level.key, new, new_grids=[made], notes=[note]))


def _kind(plan: Plan, code: str) -> str:
    return plan.scheme.kind_by_letter(code) or plan.scheme.kinds_of(plan.scheme.level_of(code))[0]


def _zone(plan: Plan, parent: str) -> str:
    """Return the zone that most grids beside the new one are of."""
    zones = [plan.grids[c].zone for c in plan.children(parent)] if parent in plan.grids else []
    return max(sorted(set(zones)), key=zones.count) if zones else ""


def _note(area_m2: float, code: str) -> tuple[str, str]:
    return (
        f"{area_m2:,.0f} m² 未归属的地块成为新网格“{code}”。",
        f"{area_m2:,.0f} m2 of unassigned land become the new grid '{code}'.",
    )
