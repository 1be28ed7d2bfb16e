"""Rules on the ground that is served: homes near a station, grids and roads walked by a patrol."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import shapely

from gridgis.checks.finding import Finding, Fresh
from gridgis.plan import Plan
from gridgis.reach import HAIR_MIN, reach
from gridgis.scheme_parts import Patrol, Service

WALKED_M = 20.0
"""A road this near to a track was walked."""


def too_far(county: Fresh) -> list[Finding]:
    """Find homes that no station of the kind their grid requires can be reached from in time."""
    out = []
    for rule in (s for s in county.scheme.services if s.checked):
        known = county.once(("minutes", rule), partial(minutes_of, county.table, rule))
        if known is not None:
            out += _late(county, rule, *known)
    return out


class Homes(NamedTuple):
    """Homes with their households, the minutes each is from its nearest station, and the method of `gridgis.reach.reach`."""

    xy: Any
    households: Any
    minutes: Any
    method: str


def minutes_of(table: Callable[..., Any], rule: Service) -> Homes | None:
    """Return how far the homes of a county are from a service; None where the e-map has no home or no place of the kind.

    Parameters
    ----------
    table
        Gives a table of the e-map by its name and columns, as `gridgis.county.County.table` does.
    rule
        The service.
    """
    places = table("places", ("kind", "x", "y"))
    stations = places.loc[(places["kind"] == rule.place) & places["x"].notna(), ["x", "y"]].to_numpy(dtype=np.float64)
    homes = table("buildings", ("households", "x", "y"))
    homes = homes[(homes["households"].fillna(0) > 0) & homes["x"].notna()]
    if not len(stations) or not len(homes):
        return None
    xy = homes[["x", "y"]].to_numpy(dtype=np.float64)
    found = reach(table("roads"), stations.reshape(-1, 2), xy, rule.mode)
    return Homes(xy, homes["households"].to_numpy(dtype=np.int64), found.minutes, found.method)


def served(plan: Plan, rule: Service, homes: Homes, codes: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Return of each grid that a service is meant for its households, and those of them in time.

    Parameters
    ----------
    plan
        The plan.
    rule
        The service.
    homes
        From `minutes_of`.
    codes
        Grids to tell of; those of another level or zone are left out.
    """
    out = {}
    for code in codes:
        grid = plan.grids.get(code)
        if grid is None or grid.level != rule.level or rule.zone not in (None, grid.zone):
            continue
        west, south, east, north = plan.grid_geometry(code).bounds
        x, y = homes.xy[:, 0], homes.xy[:, 1]
        near = np.flatnonzero((x >= west) & (x <= east) & (y >= south) & (y <= north))
        owner = plan.owners(homes.xy[near])
        mine = near[[k >= 0 and str(plan.rows.code[k] or "").startswith(code) for k in owner.tolist()]]
        timely = mine[homes.minutes[mine] <= rule.minutes + HAIR_MIN]
        out[code] = int(homes.households[mine].sum()), int(homes.households[timely].sum())
    return out


def _late(county: Fresh, rule: Service, xy: Any, households: Any, minutes: Any, method: str) -> list[Finding]:
    plan, width = county.plan, county.scheme.width(rule.level)
    late = np.flatnonzero(minutes > rule.minutes + HAIR_MIN)
    owner = plan.owners(xy[late])
    codes = [None if k < 0 else plan.rows.code[k] for k in owner.tolist()]
    homes: dict[str, list[int]] = {}
    for k, code in zip(late.tolist(), codes, strict=True):
        grid = plan.grids.get(code[:width]) if code else None
        if grid is not None and grid.level == rule.level and rule.zone in (None, grid.zone):
            homes.setdefault(grid.code, []).append(k)
    place = next(p for p in county.scheme.places if p.key == rule.place)
    on, on_en = ("步行", "on foot") if rule.mode == "walk" else ("驾车", "by car")
    how, how_en = ("", "") if method == "network" else ("（无路网，按直线估算）", " (no roads: a straight-line estimate)")
    out = []
    for code, mine in sorted(homes.items()):
        n = int(households[mine].sum())
        out.append(Finding(
            code, n, "households", f"网格“{code}”有 {n} 户{on} {rule.minutes:g} 分钟内到不了{place.zh}{how}。",
            f"{n} households of grid '{code}' do not reach a {place.en} within {rule.minutes:g} minutes {on_en}{how_en}.",
            "增设服务点（gridgis reach … --suggest），或把这些户划给邻近网格。",
            "Add a station (gridgis reach … --suggest), or give these homes to a grid nearby.",
            shapely.multipoints(xy[mine]), n,
        ))  # fmt: skip
    return out


def not_patrolled(county: Fresh) -> list[Finding]:
    """Find grids that no track has entered in the period, once the county has any track."""
    out = []
    for rule, walked in _walked(county):
        tree = shapely.STRtree(walked)
        for code in _concerned(county.plan, rule):
            shape = county.plan.grid_geometry(code)
            if not len(tree.query(shape, "intersects")):
                figures = county.plan.figures_of(code)
                out.append(Finding(
                    code, rule.days, "days", f"网格“{code}”近 {rule.days} 天没有巡查轨迹。",
                    f"No patrol has been in grid '{code}' for {rule.days} days.", "安排巡查并导入轨迹。",
                    "Have it patrolled and import the track.", shape, int(figures["households"]), int(figures["persons"]),
                ))  # fmt: skip
    return out


def roads_unwalked(county: Fresh) -> list[Finding]:
    """Find patrolled grids of whose roads too small a part was walked in the period."""
    out: list[Finding] = []
    for rule, walked in _walked(county):
        roads = np.asarray(county.table("roads").geometry.values, dtype=object)
        streets, steps = shapely.STRtree(roads), shapely.STRtree(walked)
        for code in _concerned(county.plan, rule):
            shape = county.plan.grid_geometry(code)
            if len(steps.query(shape, "intersects")):
                mine = shapely.intersection(roads[streets.query(shape, "intersects")], shape)
                near = shapely.union_all(shapely.buffer(walked[steps.query(shape, "dwithin", WALKED_M)], WALKED_M))
                missed = shapely.union_all(shapely.difference(mine, near))
                length, left = float(shapely.length(mine).sum()), float(missed.length)
                if left > (1 - rule.road_share) * length:
                    out.append(_unwalked(county.plan, rule, code, length, missed))
    return out


def _unwalked(plan: Plan, rule: Patrol, code: str, length: float, missed: Any) -> Finding:
    figures, left = plan.figures_of(code), float(missed.length)
    return Finding(
        code, round(left, 1), "m", f"网格“{code}”的道路近 {rule.days} 天有 {left:.0f} m（共 {length:.0f} m）未巡到。",
        f"{left:.0f} of {length:.0f} m of road in grid '{code}' were not walked in {rule.days} days.", "把这些道路排进下次巡查。",
        "Put these roads on the next patrol.", missed, int(figures["households"]), int(figures["persons"]),
    )  # fmt: skip


def _concerned(plan: Plan, rule: Patrol) -> list[str]:
    return [c for c in plan.codes(rule.level) if rule.zone in (None, plan.grids[c].zone)]


def _walked(county: Fresh) -> list[tuple[Patrol, Any]]:
    """Return for each patrol of the scheme the steps walked in its period; nothing without any track."""
    if not county.scheme.patrols:
        return []
    tracks = county.table("tracks", ("since", "until", "geometry"))
    if not len(tracks):
        return []
    last = tracks["until"].fillna(tracks["since"]).fillna("").astype(str).str[:10]
    today = dt.date.fromisoformat(county.today)
    out = []
    for rule in county.scheme.patrols:
        since = (today - dt.timedelta(days=rule.days)).isoformat()
        shapes = tracks.geometry[(last >= since) & (last <= today.isoformat())]
        out.append((rule, _steps(np.asarray(shapes.values, dtype=object))))
    return out


def _steps(tracks: Any) -> Any:
    """Return the straight pieces of tracks: one long track would be looked at whole for every grid."""
    xy, of = shapely.get_coordinates(shapely.get_parts(tracks), return_index=True)
    k = np.flatnonzero(of[1:] == of[:-1])
    return np.asarray(shapely.linestrings(np.stack([xy[k], xy[k + 1]], axis=1)), dtype=object).reshape(-1)
