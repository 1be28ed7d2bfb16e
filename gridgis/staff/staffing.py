"""What the registers lack or have too much of: vacancies, double postings, overload, overdue visits, strays."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridgis.errors import CodeError
from gridgis.plan import Plan
from gridgis.pointindex.assign import assign
from gridgis.scheme_parts import Role
from gridgis.staff.people import People, concerns, missing, needed

OVERLOAD = 3.0
"""A holder with so many times the median of households is overloaded."""
_FEW = 5
"""Below so many holders a median says nothing."""

VACANCIES = ("role", "code", "name", "needed", "held", "households", "persons")
DOUBLE = ("what", "role", "holder", "name", "codes", "count", "at_most")
OVERLOADED = ("role", "holder", "name", "grids", "households", "median", "times")
OVERDUE = ("role", "code", "name", "staff", "staff_name", "last", "days", "visit_days")
STRAYS = ("posting", "role", "code", "holder", "fault")


def _frame(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(columns))


def vacancies(plan: Plan, people: People, role: str | None = None) -> pd.DataFrame:
    """Return the roles that want holders, by code: columns `VACANCIES`."""
    rows = []
    for code, grid in sorted(plan.grids.items()):
        for found, number, held in missing(plan, people, grid):
            if role in (None, found.key):
                figures = plan.figures_of(code)
                values = (found.key, code, grid.name, number, held, int(figures["households"]), int(figures["persons"]))
                rows.append(dict(zip(VACANCIES, values, strict=True)))
    return _frame(rows, VACANCIES)


def doubles(plan: Plan, people: People, role: str | None = None) -> pd.DataFrame:
    """Return what is held twice: columns `DOUBLE`.

    `what` is ``over`` where one holder has more grids than the role allows, ``repeated`` where one is
    posted twice to the same grid in the same role, and ``several`` where a grid has more holders of a
    role than the scheme gives it.
    """
    rows = [*_over(plan, people), *_repeated(people), *_several(plan, people)]
    return _frame([r for r in rows if role in (None, r["role"])], DOUBLE)


def _held(people: People) -> pd.DataFrame:
    """Return the postings in force with their holder in one column."""
    p = people.postings
    return p.assign(holder=np.where(p["staff"] != "", p["staff"], p["organisation"]).astype(object))


def name_of(people: People, holder: str) -> str:
    """Return the name of a person or body; nothing where the registers have none."""
    for table in (people.staff, people.organisations):
        if holder in table.index:
            return str(table.at[holder, "name"])
    return ""


def _over(plan: Plan, people: People) -> Iterator[dict[str, Any]]:
    limits = {r.key: r.at_most for r in plan.scheme.roles if r.at_most is not None}
    held = _held(people)
    for (role, holder), rows in held[held["role"].isin(list(limits))].groupby(["role", "holder"]):
        codes = sorted(c for c in set(rows["code"]) if c in plan.grids)
        limit = limits.get(str(role))
        if limit is not None and len(codes) > limit:
            yield {"what": "over", "role": role, "holder": holder, "name": name_of(people, str(holder)), "codes": codes,
                   "count": len(codes), "at_most": limit}  # fmt: skip


def _repeated(people: People) -> Iterator[dict[str, Any]]:
    held = _held(people)
    for (role, code, holder), rows in held[held.duplicated(["role", "code", "holder"], keep=False)].groupby(
        ["role", "code", "holder"]
    ):
        yield {"what": "repeated", "role": role, "holder": holder, "name": name_of(people, str(holder)),
               "codes": [code], "count": len(rows), "at_most": 1}  # fmt: skip


def _several(plan: Plan, people: People) -> Iterator[dict[str, Any]]:
    roles = {r.key: r for r in plan.scheme.roles}
    held = _held(people)
    for (key, code), rows in held[held.duplicated(["role", "code"], keep=False)].groupby(["role", "code"]):
        role, grid = roles.get(str(key)), plan.grids.get(str(code))
        if role is None or grid is None or not concerns(role, grid):
            continue
        number, holders = needed(plan.scheme, role, grid), sorted(set(rows["holder"]))
        if 0 < number < len(holders):
            names = "、".join(name_of(people, h) or h for h in holders)
            yield {"what": "several", "role": key, "holder": " ".join(holders), "name": names, "codes": [code],
                   "count": len(holders), "at_most": number}  # fmt: skip


def overload(plan: Plan, people: People, role: str | None = None) -> pd.DataFrame:
    """Return the holders with far more households than the median of their role: columns `OVERLOADED`.

    Holders who share a grid share its households.
    """
    held = _held(people)
    held = held[held["code"].isin(plan.grids.keys()) & (held["staff"] != "")].drop_duplicates(
        ["role", "code", "holder"]
    )
    held = held[held["role"].isin([r.key for r in plan.scheme.roles if r.level and role in (None, r.key)])]
    homes = {c: plan.figures_of(c)["households"] for c in set(held["code"])}
    together = held.groupby(["role", "code"])["holder"].transform("size")
    held = held.assign(households=held["code"].map(homes).astype(float) / together)
    rows = []
    for key, mine in held.groupby("role"):
        load = mine.groupby("holder").agg(households=("households", "sum"), grids=("code", "size"))
        median = float(load["households"].median())
        heavy = load[load["households"] > OVERLOAD * median] if len(load) >= _FEW and median > 0 else load.iloc[:0]
        for holder, line in heavy.sort_values("households", ascending=False, kind="stable").iterrows():
            values = (key, holder, name_of(people, str(holder)), int(line["grids"]), round(float(line["households"])),
                      round(median), round(float(line["households"]) / median, 1))  # fmt: skip
            rows.append(dict(zip(OVERLOADED, values, strict=True)))
    return _frame(rows, OVERLOADED)


def overdue(plan: Plan, people: People, role: str | None = None) -> pd.DataFrame:
    """Return the postings whose holder has not visited the grid in time: columns `OVERDUE`.

    A visit to a grid below counts; before the first visit, the days run from the first of the posting.
    """
    rules = {r.key: r for r in plan.scheme.roles if r.visit_days is not None and role in (None, r.key)}
    mine = people.postings[people.postings["role"].isin(list(rules))]
    seen: dict[str, list[tuple[str, str]]] = {}
    for person, code, at in people.visits[["staff", "code", "at"]].itertuples(index=False, name=None):
        seen.setdefault(person, []).append((code, at[:10]))
    rows = []
    for p in mine.to_dict("records"):
        grid, allowed = plan.grids.get(p["code"]), rules[p["role"]].visit_days or 0
        if grid is None:
            continue
        last = max((at for code, at in seen.get(p["staff"], ()) if code.startswith(p["code"])), default="")
        days = _days(last or p["since"][:10], people.day)
        if days is None or days > allowed:
            values = (p["role"], p["code"], grid.name, p["staff"], name_of(people, p["staff"]), last, days, allowed)
            rows.append(dict(zip(OVERDUE, values, strict=True)))
    return _frame(sorted(rows, key=lambda r: (-(r["days"] or 10**6), r["code"])), OVERDUE)


def _days(first: str, last: str) -> int | None:
    """Return the days between two dates; None where the first is not known."""
    try:
        return (dt.date.fromisoformat(last) - dt.date.fromisoformat(first)).days
    except ValueError:
        return None


def strays(plan: Plan, people: People, role: str | None = None) -> pd.DataFrame:
    """Return postings that hang in the air: columns `STRAYS`.

    `fault` is ``void`` for a code that no live grid has, ``holder`` for a holder that no register has,
    ``role`` for a role the scheme has not, or not for such a grid.
    """
    rows = []
    roles = {r.key: r for r in plan.scheme.roles}
    for p in _held(people).to_dict("records"):
        fault = _fault(plan, people, roles.get(p["role"]), p)
        if fault and role in (None, p["role"]):
            rows.append(dict(zip(STRAYS, (p["id"], p["role"], p["code"], p["holder"], fault), strict=True)))
    return _frame(rows, STRAYS)


def _fault(plan: Plan, people: People, role: Role | None, posting: dict[Any, Any]) -> str:
    grid = plan.grids.get(posting["code"])
    if grid is None and posting["code"] != plan.county_code:
        return "void"
    known = people.staff if posting["staff"] else people.organisations
    both = bool(posting["staff"]) == bool(posting["organisation"])
    if both or posting["holder"] not in known.index:
        return "holder"
    if role is None or (role.level is not None and (grid is None or not concerns(role, grid))):
        return "role"
    return ""


def successor(plan: Plan, code: str, shape: Any) -> str | None:
    """Return the live grid that keeps most of the households of a voided one, by level as it was.

    Parameters
    ----------
    plan
        The plan as it stands.
    code
        The voided code.
    shape
        Its last polygon. Where nobody lives, most of the area decides; equals go to the lower code.

    Returns
    -------
    str or None
        A code of the level of `code`, or of what has taken its place on the ground.
    """
    try:
        width = plan.scheme.width(plan.scheme.level_key(plan.scheme.parse_grid(code)))
    except CodeError:
        return None
    near = plan.rows.geometry
    touching = np.flatnonzero(shapely.intersects(near, shape))
    share: dict[str, list[float]] = {}
    area = shapely.area(shapely.intersection(near[touching], shape))
    homes = _homes_in(plan, shape, near[touching])
    for leaf, m2, households in zip(plan.rows.code[touching], area, homes, strict=True):
        heir = None if leaf is None else _at_width(plan, str(leaf), width)
        if heir is not None and m2 > 0:
            sums = share.setdefault(heir, [0.0, 0.0])
            sums[0], sums[1] = sums[0] + households, sums[1] + m2
    return min(share, key=lambda c: (-share[c][0], -round(share[c][1], 1), c), default=None)


def _homes_in(plan: Plan, shape: Any, cells: Any) -> Any:
    """Return the households of each cell that lie in `shape`."""
    out = np.zeros(len(cells))
    if plan.elements is None or not len(cells):
        return out
    near = plan.elements.around(shape.bounds)
    points, homes = near.points_mm, near.figures[:, 0]
    inside = shapely.intersects(shapely.points(points / 1000.0), shape) & (homes > 0)
    owner = assign(points[inside], cells)
    np.add.at(out, owner[owner >= 0], homes[inside][owner >= 0])
    return out


def _at_width(plan: Plan, leaf: str, width: int) -> str | None:
    """Return the live grid of a leaf's branch at a code length, or the next coarser one."""
    code: str | None = leaf[:width]
    while code is not None and code not in plan.grids:
        code = plan.scheme.parent(code) if len(code) > plan.scheme.county_digits else None
    return code


def last_shapes(grids: pd.DataFrame) -> dict[str, Any]:
    """Return the last polygon of each code that no live row has, from the table ``grids``."""
    ended = grids[~grids["code"].isin(grids.loc[grids["removed_in"].isna(), "code"])]
    ended = ended[~ended["geometry"].isna()].sort_values("removed_in", kind="stable")
    return dict(zip(ended["code"], ended["geometry"], strict=True))


def heirs(plan: Plan, codes: list[str], grids: pd.DataFrame) -> dict[str, str]:
    """Return for voided codes the live grid that followed; `grids` is the table of all versions."""
    shapes = last_shapes(grids)
    found = {c: successor(plan, c, shapes[c]) for c in codes if c in shapes}
    return {c: heir for c, heir in found.items() if heir is not None}
