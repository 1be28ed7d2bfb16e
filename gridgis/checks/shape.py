"""Rules on the shape of grids: holes, slivers, spikes, vertices that nearly meet, edges without a twin."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from gridgis.cells import CellIndex
from gridgis.checks.finding import Finding, Fresh
from gridgis.checks.ground import sound
from gridgis.checks.pieces import near_pairs, shown
from gridgis.plan import Plan
from gridgis.schema import MM

SPIKE_DEGREES = 3.0
SPIKE_M = 1.0
"""A spike is a turn sharper than the angle between two edges longer than this."""
_HAIR_M = 0.002


def _about(plan: Plan, code: str | None) -> dict[str, int]:
    if code is None or code not in plan.grids:
        return {}
    figures = plan.figures_of(code)
    return {"households": int(figures["households"]), "persons": int(figures["persons"])}


def holes(county: Fresh) -> list[Finding]:
    """Find grids that surround other ground like a ring."""
    plan = county.plan
    out = []
    for code in county.looked_at(plan.grids):
        shape = plan.grid_geometry(code)
        inner = shapely.get_num_interior_rings(shapely.get_parts(shape)).sum()
        if inner:
            rings = [shapely.Polygon(r) for p in shapely.get_parts(shape) for r in p.interiors]
            out.append(Finding(
                code, int(inner), "holes", f"网格“{code}”中间有 {inner} 个洞（飞地）。",
                f"Grid '{code}' has {inner} hole(s).", "并入洞中的网格，或登记为飞地（gridgis except）。",
                "Join what lies in the hole, or declare an enclave (gridgis except).", shapely.union_all(rings),
                **_about(plan, code),
            ))  # fmt: skip
    return out


def slivers(county: Fresh) -> list[Finding]:
    """Find parts of leaf grids smaller than the sliver size of the scheme."""
    plan, least = county.plan, county.scheme.sliver_m2
    out = []
    for code in county.looked_at(plan.leaf_codes):
        if code not in plan.grids:
            continue
        parts = shapely.get_parts(plan.grid_geometry(code))
        for part in parts[shapely.area(parts) < least] if len(parts) else []:
            out.append(Finding(
                code, round(float(part.area), 2), "m2", f"网格“{code}”有一块仅 {part.area:.1f} m² 的碎屑。",
                f"Grid '{code}' has a sliver of {part.area:.1f} m2.", "划给相邻网格。", "Give it to a neighbour.", part,
            ))  # fmt: skip
    return out


def spikes(county: Fresh) -> list[Finding]:
    """Find leaf grids whose boundary turns back on itself in a spike."""
    plan = county.plan
    out = []
    for code in county.looked_at(plan.leaf_codes):
        if code not in plan.grids:
            continue
        for ring in shapely.get_rings(plan.grid_geometry(code)):
            xy = shapely.get_coordinates(ring)[:-1]
            back, ahead = np.roll(xy, 1, axis=0) - xy, np.roll(xy, -1, axis=0) - xy
            arms = np.hypot(*back.T), np.hypot(*ahead.T)
            cosine = (back * ahead).sum(axis=1) / np.maximum(arms[0] * arms[1], 1e-12)
            sharp = (cosine > np.cos(np.radians(SPIKE_DEGREES))) & (np.minimum(*arms) > SPIKE_M)
            for k in np.flatnonzero(sharp).tolist():
                angle = float(np.degrees(np.arccos(min(cosine[k], 1.0))))
                out.append(Finding(
                    code, round(angle, 2), "degrees", f"网格“{code}”的边界有一处尖刺（{angle:.1f}°）。",
                    f"The boundary of grid '{code}' has a spike of {angle:.1f} degrees.", "重画该处界线。",
                    "Draw the boundary there again.", shapely.Point(xy[k]), **_about(plan, code),
                ))  # fmt: skip
    return out


def near_misses(county: Fresh) -> list[Finding]:
    """Find vertices of the coverage that nearly coincide."""
    plan = county.plan
    if not len(plan.rows):
        return []
    if county.focus is not None:
        if not len(county.focus.ground):
            return []
        index = plan.index or CellIndex(plan.rows)
        pairs = near_pairs(plan.rows.geometry[plan.row(index.near(shapely.box(*county.focus.box)))])
    else:
        pairs = np.unique(np.concatenate(shown(county, "near")), axis=0)
    if not len(pairs):
        return []
    ends = pairs.reshape(-1, 2, 2) / MM
    middles = ends.mean(axis=1)
    if county.focus is not None:
        near = county.focus.near(shapely.points(middles))
        ends, middles = ends[near], middles[near]
    owners = shapely.STRtree(plan.rows.geometry).nearest(shapely.points(middles))
    out = []
    for (a, b), middle, owner in zip(ends, middles, np.atleast_1d(owners).tolist(), strict=True):
        gap = float(np.hypot(*(a - b))) * MM
        code = plan.rows.code[owner]
        out.append(Finding(
            code, round(gap, 1), "mm", f"网格“{code or '未划入'}”界线上两个顶点只差 {gap:.0f} mm。",
            f"Two vertices on the boundary of grid '{code or 'none'}' are only {gap:.0f} mm apart.",
            "重新导入该处界线，使两点合一。", "Import the boundary there again so that the two become one.", shapely.Point(middle),
        ))  # fmt: skip
    return out


def unmatched_edges(county: Fresh) -> list[Finding]:
    """Find edges inside the county that only one cell has: a vertex of the neighbour is missing, or a gap lies there."""
    plan = county.plan
    if sound(county) or not len(plan.rows):
        return []
    odd = np.unique(np.concatenate([e.odd for e in shown(county, "edges")]), axis=0)
    lonely: Any = shapely.linestrings(odd.reshape(-1, 2, 2) / MM)
    rim = shapely.buffer(shapely.boundary(plan.outline), _HAIR_M)
    shapely.prepare(rim)
    inner = lonely[~shapely.covers(rim, lonely)]
    if not len(inner):
        return []
    runs = shapely.get_parts(shapely.line_merge(shapely.union_all(inner)))
    owners = shapely.STRtree(plan.rows.geometry).nearest(shapely.line_interpolate_point(runs, 0.5, normalized=True))
    return [
        Finding(
            plan.rows.code[k], round(float(run.length), 3), "m", f"有 {run.length:.2f} m 的界线两侧不咬合。",
            f"{run.length:.2f} m of boundary do not match on both sides.", "重新导入两侧网格，或从备份恢复。",
            "Import the grids on both sides again, or restore a backup.", run,
        )
        for k, run in zip(np.atleast_1d(owners).tolist(), runs, strict=True)
    ]  # fmt: skip


def parent_unfilled(county: Fresh) -> list[Finding]:
    """Find ground that lies in a grid which is divided, but in none of the grids below it."""
    plan = county.plan
    out = []
    for code in county.looked_at(plan.leaf_codes):
        if code not in plan.grids or not plan.below(code):
            continue
        rows = plan.rows.take(plan.row(plan.members[code]))
        area = float(shapely.area(rows.geometry).sum())
        figures: Any = rows.figures.sum(axis=0)
        out.append(Finding(
            code, round(area, 2), "m2", f"网格“{code}”已分下级，但有 {area:,.0f} m² 不属于任何下级网格。",
            f"Grid '{code}' is divided, but {area:,.0f} m2 of it are in none of the grids below.",
            "把这部分划给一个下级网格。", "Give this part to one of the grids below.", shapely.union_all(rows.geometry),
            int(figures[0]), int(figures[1]),
        ))  # fmt: skip
    return out
