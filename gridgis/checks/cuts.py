"""Rules on elements with ground of their own: buildings and compounds that a boundary cuts, what no grid owns."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from gridgis.cells import CellIndex
from gridgis.checks.finding import Finding, Fresh
from gridgis.pointindex.assign import assign
from gridgis.schema import mm

CUT_M2 = 1.0
"""Less ground than this on the other side is inaccuracy of drawing."""
Objects = Any


def _leaf_ground(county: Fresh, shapes: Objects) -> tuple[list[str], Objects]:
    """Return the leaf grids round some shapes."""
    plan, codes = county.plan, county.plan.leaf_codes
    if county.focus is not None and len(shapes):
        near = (plan.index or CellIndex(plan.rows)).near(shapely.box(*shapely.total_bounds(shapes)))
        codes = sorted({c for c in plan.rows.code[plan.row(near)] if c is not None})
    codes = [c for c in codes if c in plan.grids]
    return codes, np.array([plan.grid_geometry(c) for c in codes], dtype=object)


def _split_over(county: Fresh, shapes: Objects) -> list[tuple[int, list[tuple[str, float]]]]:
    """Return (position, [(leaf grid, m2), ...]) of each area that lies in two grids or more by `CUT_M2`."""
    codes, ground = _leaf_ground(county, shapes)
    if not len(shapes) or not codes:
        return []
    # Most elements touch no boundary at all; only the others are worth an overlay.
    lines = shapely.get_parts(shapely.boundary(ground))
    touched = np.unique(shapely.STRtree(shapes).query(lines, predicate="intersects")[1])
    if not len(touched):
        return []
    grid, at = shapely.STRtree(shapes[touched]).query(ground, predicate="intersects")
    share = shapely.area(shapely.intersection(shapes[touched[at]], ground[grid]))
    found: dict[int, list[tuple[str, float]]] = {}
    for g, k, m2 in zip(grid.tolist(), touched[at].tolist(), share.tolist(), strict=True):
        if m2 > CUT_M2:
            found.setdefault(k, []).append((codes[g], m2))
    return [(k, sorted(v, key=lambda p: -p[1])) for k, v in sorted(found.items()) if len(v) > 1]


def buildings_cut(county: Fresh) -> list[Finding]:
    """Find buildings whose footprint a boundary of leaf grids cuts."""
    rows = county.rows_near("buildings", ("id", "households", "persons", "geometry"))
    rows = rows[rows.geometry.geom_type.isin(["Polygon", "MultiPolygon"])]
    out = []
    for k, parts in _split_over(county, np.asarray(rows.geometry.values, dtype=object)):
        row = rows.iloc[k]
        zh = "、".join(f"{c} {m2:.0f} m²" for c, m2 in parts)
        out.append(Finding(
            parts[0][0], round(sum(m2 for _, m2 in parts[1:]), 2), "m2", f"建筑“{row['id']}”被界线切开：{zh}。",
            f"Building '{row['id']}' is cut by a boundary: {zh.replace('、', ', ').replace('m²', 'm2')}.",
            f"把界线移到建筑之外，整栋划给“{parts[0][0]}”。", f"Move the boundary off it and give it to '{parts[0][0]}'.",
            row.geometry, _whole(row["households"]), _whole(row["persons"]),
        ))  # fmt: skip
    return out


def compounds_cut(county: Fresh) -> list[Finding]:
    """Find compounds drawn as areas that a boundary of leaf grids cuts."""
    rows = county.rows_near("places", ("id", "kind", "name", "geometry"))
    rows = rows[(rows["kind"] == "compound") & rows.geometry.geom_type.isin(["Polygon", "MultiPolygon"])]
    out = []
    for k, parts in _split_over(county, np.asarray(rows.geometry.values, dtype=object)):
        row = rows.iloc[k]
        zh = "、".join(f"{c} {m2:.0f} m²" for c, m2 in parts)
        out.append(Finding(
            parts[0][0], round(sum(m2 for _, m2 in parts[1:]), 2), "m2", f"小区“{row['name'] or row['id']}”被界线切开：{zh}。",
            f"Compound '{row['name'] or row['id']}' is cut by a boundary: {zh.replace('、', ', ').replace('m²', 'm2')}.",
            "把界线移到小区围墙。", "Move the boundary to the wall of the compound.", row.geometry,
        ))  # fmt: skip
    return out


def _whole(value: Any) -> int:
    return 0 if value is None or value != value else int(value)


def _unowned(county: Fresh, table: str, columns: tuple[str, ...]) -> Any:
    """Return elements that lie in a cell which no grid has yet."""
    plan = county.plan
    bare = np.array([c is None for c in plan.rows.code], dtype=bool)
    rows = county.table(table, (*columns, "x", "y"))
    rows = rows[rows["x"].notna()]
    if not bare.any() or not len(rows):
        return rows.iloc[:0]
    owner = assign(mm(rows[["x", "y"]].to_numpy(dtype=np.float64).reshape(-1, 2)), plan.rows.geometry)
    return rows[(owner >= 0) & bare[np.maximum(owner, 0)]]


def roads_unowned(county: Fresh) -> list[Finding]:
    """Find roads whose middle lies in ground that no grid has yet."""
    return [
        Finding(
            None, 1, "road", f"道路“{name or i}”没有网格管。", f"No grid answers for road '{name or i}'.",
            "把该处划入网格。", "Give the ground there to a grid.", shapely.Point(x, y),
        )
        for i, name, x, y in _rows(_unowned(county, "roads", ("id", "name")), ("id", "name", "x", "y"))
    ]  # fmt: skip


def places_uncovered(county: Fresh) -> list[Finding]:
    """Find places of any kind in ground that no grid has yet."""
    known = {p.key: (p.zh, p.en) for p in county.scheme.places}
    out = []
    columns = ("id", "kind", "name", "x", "y")
    for i, kind, name, x, y in _rows(_unowned(county, "places", ("id", "kind", "name")), columns):
        zh, en = known.get(str(kind), (str(kind or "场所"), str(kind or "place")))
        out.append(Finding(
            None, 1, "place", f"{zh}“{name or i}”不在任何网格的范围内。", f"The {en} '{name or i}' lies in no grid.",
            "把该处划入网格。", "Give the ground there to a grid.", shapely.Point(x, y),
        ))  # fmt: skip
    return out


def _rows(frame: Any, columns: tuple[str, ...]) -> list[tuple[Any, ...]]:
    return list(frame[list(columns)].itertuples(index=False, name=None))
