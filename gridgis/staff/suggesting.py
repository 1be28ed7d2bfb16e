"""Suggested postings: who should take a vacant grid, first of all those who live in it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely
from scipy.optimize import linear_sum_assignment

from gridgis.plan import Plan
from gridgis.scheme_parts import Role
from gridgis.staff.people import People, homes_of
from gridgis.staff.staffing import vacancies

SUGGESTIONS = ("role", "code", "name", "kind", "holder", "holder_name", "phone", "reason", "distance_m")
_AWAY, _HOMELESS, _OTHER = 1e8, 1e9, 1e3


def suggestions(plan: Plan, people: People, role: str | None = None) -> pd.DataFrame:
    """Return one candidate for each vacancy as far as there are any: columns `SUGGESTIONS`.

    Nobody gets more grids than the role allows. As many vacancies as possible go to people who live
    in the grid (`reason` ``home``); the others to the nearest who is free (``near``), so that the
    distances add up to the least; last come those whose home nobody recorded (``free``).
    """
    frames = [_of_role(plan, people, r) for r in plan.scheme.roles if r.level and role in (None, r.key)]
    full = [f for f in frames if len(f)]
    return pd.concat(full, ignore_index=True) if full else pd.DataFrame(columns=list(SUGGESTIONS))


def _of_role(plan: Plan, people: People, role: Role) -> pd.DataFrame:
    open_ = vacancies(plan, people, role.key)
    slots = open_.loc[open_.index.repeat(open_["needed"] - open_["held"])].reset_index(drop=True)
    free = _candidates(plan, people, role) if len(slots) else pd.DataFrame()
    if slots.empty or free.empty:
        return pd.DataFrame(columns=list(SUGGESTIONS))
    at = shapely.get_coordinates([shapely.point_on_surface(plan.grid_geometry(c)) for c in slots["code"]])
    apart = np.hypot(*(free[k].to_numpy()[None, :] - at[:, [j]] for j, k in enumerate(("x", "y"))))
    lives = np.array([[str(h).startswith(c) for h in free["home"]] for c in slots["code"]], dtype=bool)
    cost = np.where(lives, 0.0, np.where(np.isnan(apart), _HOMELESS, _AWAY + np.nan_to_num(apart)))
    cost = cost + np.where(free["own"], 0.0, _OTHER)[None, :] + _taken_twice(slots, free)
    rows = []
    for s, f in zip(*linear_sum_assignment(cost), strict=True):
        if cost[s, f] >= _HOMELESS * 100:
            continue
        reason = "home" if lives[s, f] else "free" if np.isnan(apart[s, f]) else "near"
        metres = None if np.isnan(apart[s, f]) else round(float(apart[s, f]))
        one = free.iloc[f]
        values = (
            role.key,
            slots["code"][s],
            slots["name"][s],
            role.holder,
            one["id"],
            one["name"],
            one["phone"],
            reason,
            metres,
        )
        rows.append(dict(zip(SUGGESTIONS, values, strict=True)))
    found = pd.DataFrame(rows, columns=list(SUGGESTIONS)).drop_duplicates(["code", "holder"])
    return found.astype({"distance_m": object})


def _taken_twice(slots: pd.DataFrame, free: pd.DataFrame) -> Any:
    """Return a forbidding cost where a candidate holds the role in that very grid already."""
    twice = np.array([[c in held for held in free["held"]] for c in slots["code"]], dtype=bool)
    return np.where(twice, _HOMELESS * 1000, 0.0)


def _candidates(plan: Plan, people: People, role: Role) -> pd.DataFrame:
    """Return who may take one more grid, once for each grid they may still take, by id."""
    person = role.holder == "person"
    table = people.staff if person else people.organisations
    postings = people.postings
    key = "staff" if person else "organisation"
    mine = postings[postings["role"] == role.key].groupby(key)["code"].agg(frozenset)
    busy = set(postings[key])
    own = (table["role"] if person else table["kind"]) == role.key
    fit = own | _helps(plan, table, role, busy) if person else own
    found = table[fit].assign(own=own[fit]).sort_index()
    held = [mine.get(i, frozenset()) for i in found.index]
    room = [max((role.at_most or 1) - len(h), 0) for h in held]
    home = homes_of(plan, found)
    if not person:
        home = home.where(found["code"] == "", found["code"])
    found = found.assign(id=found.index, home=home, held=held).reset_index(drop=True)
    return found.loc[found.index.repeat(room)].reset_index(drop=True)


def _helps(plan: Plan, table: pd.DataFrame, role: Role, busy: set[str]) -> Any:
    """Return who has another main role but may hold this one: residents without a grid of their own."""
    if not role.at_home:
        return np.zeros(len(table), dtype=bool)
    bound = {r.key for r in plan.scheme.roles if r.level is not None}
    return ~table["role"].isin(bound) & ~table.index.isin(list(busy))
