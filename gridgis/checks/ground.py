"""Rules on the ground itself: no gap, no overlap, inside the parent, in one part."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from gridgis.checks.finding import Finding, Fresh
from gridgis.checks.pieces import shown
from gridgis.plan import Plan
from gridgis.redraw.guards import edges_kept, outer_edges
from gridgis.schema import MM
from gridgis.topology import ring_edges, undirected

_HAIR_M = 0.002
"""Differences thinner than this come from new vertices on an edge and are no gap."""


def _solid(shape: Any) -> list[Any]:
    """Return the parts of a difference that are wider than a hair."""
    parts = [p for p in shapely.get_parts(shape) if p.geom_type == "Polygon" and p.area > 0]
    return [p for p in parts if not p.buffer(-_HAIR_M / 2, join_style="mitre").is_empty]


def _ground(plan: Plan, code: str) -> Any:
    """Return the polygon of a grid, fit for overlay even where a cell is damaged."""
    shape = plan.grid_geometry(code)
    return shape if shapely.is_valid(shape) else shapely.make_valid(shape)


def sound(county: Fresh) -> bool:
    """Tell whether the cells tile the outline exactly; after an edit of a plan that did, only its place is looked at."""
    if "sound" not in county.memo or county.memo["sound"][0] is not county.plan:
        county.memo["sound"] = county.plan, _still_sound(county) or seamless(county.plan)
    return bool(county.memo["sound"][1])


def _still_sound(county: Fresh) -> bool:
    """Tell whether a plan that was sound is so by what its cells gave way to; False leaves the question open."""
    before, was = county.memo.get("sound", (None, False))
    focus = county.focus
    if focus is None or not was or not len(focus.gone):
        return bool(was and focus is not None and not len(focus.come))
    new = focus.come
    if not bool(shapely.is_valid(new).all()) or bool(shapely.is_empty(new).any()):
        return False
    return edges_kept(before, focus.gone, new)


def seamless(plan: Plan) -> bool:
    """Tell whether the cells tile the outline exactly.

    When each inner edge is met once from either side and the outer edges lie on the outline, valid
    polygons leave neither gap nor overlap (their winding numbers add up to that of the outline);
    this is the quick proof that spares the search when all is well.
    """
    geometry = plan.rows.geometry
    if not len(geometry) or not bool(shapely.is_valid(geometry).all()):
        return False
    edges = outer_edges(geometry)
    return edges is not None and on_outline(plan, edges)


def on_outline(plan: Plan, edges: set[tuple[int, ...]]) -> bool:
    """Tell whether these edges, each of one cell alone, are the outline of the county."""
    outline = set(map(tuple, undirected(ring_edges(shapely.get_parts(plan.outline))[0]).tolist()))
    lost, won = _lines(outline - edges), _lines(edges - outline)
    # New vertices on the outline shift it by under a millimetre; apart from that the two are the same lines.
    return all(
        bool(shapely.covers(shapely.buffer(a, _HAIR_M), b)) for a, b in ((lost, won), (won, lost)) if not b.is_empty
    )


def _lines(edges: set[tuple[int, ...]]) -> Any:
    return shapely.multilinestrings(np.array(sorted(edges), dtype=np.int64).reshape(-1, 2, 2) / MM)


def gaps(county: Fresh) -> list[Finding]:
    """Find ground of the county that no cell covers."""
    plan = county.plan
    if sound(county):
        return []
    union = shapely.union_all(shown(county, "union"))
    return [
        Finding(
            _nearest(plan, part), round(part.area, 2), "m2", f"有 {part.area:.1f} m² 的空隙不属于任何基元。",
            f"{part.area:.1f} m2 belong to no cell.", "并入相邻网格，或重新导入该处网格。",
            "Give it to a neighbouring grid, or import the grids there again.", part,
        )
        for part in _solid(shapely.difference(plan.outline, union))
    ]  # fmt: skip


def overlaps(county: Fresh) -> list[Finding]:
    """Find ground that two cells claim."""
    plan = county.plan
    if sound(county):
        return []
    out = []
    for i, j, shape in sorted((pair for found in shown(county, "overlaps") for pair in found), key=lambda p: p[:2]):
        parts = _solid(shape)
        if parts:
            a, b = plan.rows.code[i], plan.rows.code[j]
            area = sum(p.area for p in parts)
            out.append(Finding(
                a, round(area, 2), "m2", f"“{a}”与“{b}”重叠 {area:.1f} m²。", f"'{a}' and '{b}' overlap by {area:.1f} m2.",
                "在地图上把重叠部分划给其中一个网格。", "Give the overlap to one of them on the map.", shapely.union_all(parts),
            ))  # fmt: skip
    return out


def invalid(county: Fresh) -> list[Finding]:
    """Find cells whose polygon is not valid or empty."""
    rows = county.plan.rows
    if sound(county) and not shapely.is_empty(rows.geometry).any():
        return []
    bad = ~shapely.is_valid(rows.geometry) | shapely.is_empty(rows.geometry)
    return [
        Finding(
            code, 1, "cell", f"基元 {i} 的几何无效：{shapely.is_valid_reason(g)}。",
            f"Cell {i} is not valid: {shapely.is_valid_reason(g)}.", "从备份恢复，或重新导入。", "Restore a backup, or import again.", g,
        )
        for i, code, g in zip(rows.id[bad], rows.code[bad], rows.geometry[bad], strict=True)
    ]  # fmt: skip


def outside_parent(county: Fresh) -> list[Finding]:
    """Find grids that leave the fixed outline of the level above, and cells outside the county."""
    plan = county.plan
    fixed = county.table("boundaries")
    out: list[Finding] = []
    for code, level, name, shape in zip(fixed["code"], fixed["level"], fixed["name"], fixed.geometry, strict=True):
        if level == "county":
            parts = [] if sound(county) else _outside(plan, plan.tiling(county.scheme.level_keys[-1]), shape)
        elif code in plan.grids:
            parts = _against_outline(county, code, shape)
        else:
            parts = []
        for grid, part in parts:
            area = part.area
            out.append(Finding(
                grid, round(area, 2), "m2", f"网格“{grid}”与“{name or code}”的固定界线相差 {area:.1f} m²。",
                f"Grid '{grid}' and the fixed outline of '{name or code}' differ by {area:.1f} m2.",
                "把这部分划回，或更新固定界线。", "Move this part back, or update the fixed outline.", part,
            ))  # fmt: skip
    return out


def _against_outline(county: Fresh, code: str, shape: Any) -> list[tuple[str, Any]]:
    """Return what the grids under `code` have beyond its fixed outline, and what it lacks."""
    plan = county.plan
    kept = county.memo.get(("outline", code))
    # The polygon of a grid is made anew when anything in it has changed.
    if kept is not None and kept[0] is plan.grid_geometry(code) and shapely.equals_identical(kept[1], shape):
        return list(kept[2])
    ground = _ground(plan, code)
    beyond = _solid(shapely.difference(ground, shape))
    parts = _outside(plan, [c for c in plan.leaf_codes if c.startswith(code)], shape) if beyond else []
    missing = _solid(shapely.difference(shape, ground))
    parts += [(code, shapely.union_all(missing))] if missing else []
    county.memo["outline", code] = plan.grid_geometry(code), shape, parts
    return parts


def _outside(plan: Plan, codes: list[str], shape: Any) -> list[tuple[str, Any]]:
    out = []
    for code in codes:
        parts = _solid(shapely.difference(_ground(plan, code), shape))
        if parts:
            out.append((code, shapely.union_all(parts)))
    return out


def multi_part(county: Fresh) -> list[Finding]:
    """Find grids that do not hang together."""
    plan = county.plan
    out = []
    for code in county.looked_at(plan.grids):
        shape = _ground(plan, code)
        count = len(shapely.get_parts(shape))
        if count > 1:
            figures = plan.figures_of(code)
            out.append(Finding(
                code, count, "parts", f"网格“{code}”分为 {count} 块，不连片。", f"Grid '{code}' lies in {count} parts.",
                "把分离的部分划给相邻网格，或登记为飞地。", "Give the detached part to a neighbour, or declare an enclave.", shape,
                int(figures["households"]), int(figures["persons"]),
            ))  # fmt: skip
    return out


def unassigned(county: Fresh) -> list[Finding]:
    """Find cells that no grid has yet."""
    rows = county.plan.rows
    bare = np.array([c is None for c in rows.code], dtype=bool)
    return [
        Finding(
            None, round(g.area, 2), "m2", f"基元 {i}（{g.area / 1e6:.3f} km²）尚未划入任何网格。",
            f"Cell {i} ({g.area / 1e6:.3f} km2) is in no grid yet.", f"gridgis paint … --cells {i} --to 编码",
            f"gridgis paint … --cells {i} --to CODE", g, int(f[0]), int(f[1]),
        )
        for i, g, f in zip(rows.id[bare].tolist(), rows.geometry[bare], rows.figures[bare], strict=True)
    ]  # fmt: skip


def _nearest(plan: Plan, part: Any) -> str | None:
    row = int(shapely.STRtree(plan.rows.geometry).nearest(part))
    code = plan.rows.code[row]
    return None if code is None else str(code)
