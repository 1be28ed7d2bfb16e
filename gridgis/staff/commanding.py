"""In an emergency: what lies inside an area, and the people to call, level by level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridgis.errors import InputError
from gridgis.plan import Plan
from gridgis.staff.people import Link, People, homes_of, link

GROUPS = ("households", "persons", "floating", "elderly_alone", "disabled")
"""What is summed over the buildings of an area."""

GRID_COLUMNS = ("level", "code", "name", "share", "wholly", "area_m2", "buildings", *GROUPS)
CALL_COLUMNS = ("level", "code", "name", "share", "role", "holder", "kind", "phone", "source")
_LEAST_M2 = 0.01
"""Grids that share less ground with the area only touch it."""
_WHOLE = 1 - 1e-9


@dataclass(frozen=True, eq=False)
class Situation:
    """What an area means: grids, people in it, and those who answer for it.

    Attributes
    ----------
    area
        The part of the area that lies in the county, in its CRS.
    grids
        The grids of every level that share ground with it: columns `GRID_COLUMNS`; `share` is the part
        of the grid inside.
    totals
        `GROUPS`, buildings and places inside.
    places
        How many places of each kind lie inside.
    buildings, sites
        The buildings and places themselves.
    chain
        Who answers, one link a grid, from the county down; within a level by code.
    calls
        The same as a call list: columns `CALL_COLUMNS`; a role without holder stands there with kind ``vacant``.
    """

    area: Any
    grids: pd.DataFrame
    totals: dict[str, int]
    places: dict[str, int]
    buildings: pd.DataFrame
    sites: pd.DataFrame
    chain: tuple[Link, ...]
    calls: pd.DataFrame


def situation(
    plan: Plan, people: People, area: Any, tables: tuple[pd.DataFrame, pd.DataFrame], county: str = ""
) -> Situation:
    """Return what lies in an area and who answers for it.

    Parameters
    ----------
    plan, people
        The plan, and the registers on the day.
    area
        A polygon in the county's CRS.
    tables
        Buildings and places, with x and y; rows far away do no harm.
    county
        Name of the county.

    Raises
    ------
    InputError
        It is no area, or lies outside the county.
    """
    area = _inside(plan, area)
    buildings, sites = (_within(t, area) for t in tables)
    leaf = plan.rows.code[_touched(plan, area)]
    codes = sorted(
        {c for code in leaf if code is not None for c in _branch(plan, str(code))}, key=lambda c: (len(c), c)
    )
    home = homes_of(plan, buildings)
    rows = [row for code in codes if (row := _grid_row(plan, code, area, buildings, home)) is not None]
    grids = pd.DataFrame(rows, columns=list(GRID_COLUMNS))
    chain = tuple(link(plan, people, c, county) for c in (plan.county_code, *grids["code"]))
    totals = {"buildings": len(buildings), "places": len(sites)} | {k: _sum(buildings, k) for k in GROUPS}
    kinds = sites["kind"].value_counts().sort_index()
    share = dict(zip(grids["code"], grids["share"], strict=True))
    return Situation(area, grids, totals, {str(k): int(n) for k, n in kinds.items()}, buildings, sites, chain,
                     _calls(chain, share))  # fmt: skip


def _inside(plan: Plan, area: Any) -> Any:
    parts = [p for p in shapely.get_parts(shapely.make_valid(area)) if p.geom_type in ("Polygon", "MultiPolygon")]
    if not parts or sum(p.area for p in parts) <= 0:
        raise InputError(
            "给出的不是一片区域：请画一个面，或给出一个点和半径。",
            "This is no area: draw a polygon, or give a point and a radius.",
        )
    found = shapely.intersection(shapely.union_all(parts), plan.outline)
    if found.area < _LEAST_M2:
        raise InputError(
            "这片区域在县区之外：请核对位置与坐标系（GeoJSON 为经度、纬度）。",
            "The area lies outside the county: check its place and CRS (GeoJSON is longitude, latitude).",
        )
    return found


def _touched(plan: Plan, area: Any) -> Any:
    return np.sort(shapely.STRtree(plan.rows.geometry).query(area, predicate="intersects"))


def _branch(plan: Plan, leaf: str) -> list[str]:
    widths = plan.scheme.widths[1:]
    return [leaf[:w] for w in widths if w <= len(leaf) and leaf[:w] in plan.grids]


def _within(table: pd.DataFrame, area: Any) -> pd.DataFrame:
    """Return the rows whose point lies in the area, its edge included."""
    frame = pd.DataFrame(table).drop(columns="geometry", errors="ignore")
    frame = frame[frame["x"].notna() & frame["y"].notna()]
    west, south, east, north = area.bounds
    x, y = frame["x"].astype(float), frame["y"].astype(float)
    frame = frame[(x >= west) & (x <= east) & (y >= south) & (y <= north)]
    shapely.prepare(area)
    keep = shapely.intersects_xy(area, frame["x"].to_numpy(float), frame["y"].to_numpy(float))
    return pd.DataFrame(frame[keep]).reset_index(drop=True)


def _sum(buildings: pd.DataFrame, figure: str) -> int:
    return int(pd.to_numeric(buildings[figure]).fillna(0).sum()) if figure in buildings else 0


def _grid_row(plan: Plan, code: str, area: Any, buildings: pd.DataFrame, home: pd.Series[Any]) -> dict[str, Any] | None:
    shape = plan.grid_geometry(code)
    common = shapely.intersection(shape, area).area
    if common < _LEAST_M2:
        return None
    grid, share = plan.grids[code], min(common / shape.area, 1.0)
    mine = buildings[home.str.startswith(code).to_numpy(dtype=bool)]
    figures = {k: _sum(mine, k) for k in GROUPS}
    return {"level": grid.level, "code": code, "name": grid.name, "share": 1.0 if share >= _WHOLE else share,
            "wholly": share >= _WHOLE, "area_m2": round(common, 2), "buildings": len(mine)} | figures  # fmt: skip


def _calls(chain: tuple[Link, ...], share: dict[str, float]) -> pd.DataFrame:
    rows = []
    for one in chain:
        head = (one.level, one.code, one.name, share.get(one.code))
        rows += [(*head, h.role, h.name or h.id, h.kind, h.phone, h.source) for h in one.holders]
        rows += [(*head, role, "", "vacant", "", "") for role in one.vacancies]
    return pd.DataFrame(rows, columns=list(CALL_COLUMNS))
