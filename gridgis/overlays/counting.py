"""Incidents counted: per grid with rates and shares, in time, two periods and two plans side by side, repeated places."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heapify, heappop, heappush
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import KDTree
from scipy.stats import binom, false_discovery_control

from gridgis.overlays.incidents import HANDLED, at_level, leaves
from gridgis.plan import Plan

FEW = 30
"""Rates of grids with fewer households rest on too little and are marked."""
LIMITS = {"within_2h": 2.0, "within_2d": 48.0, "within_7d": 168.0}
"""Limits in hours that shares are given for, beside each incident's own."""
Step = Literal["day", "week", "month"]
_FIGURES = ("reported", "valid", "closed", *(f"in_{h}" for h in HANDLED))


def per_grid(plan: Plan, frame: pd.DataFrame, leaf: pd.Series[Any], level: str, now: pd.Timestamp) -> pd.DataFrame:
    """Return incidents, rates and shares of each grid of a level; grids without any stand there, too.

    Parameters
    ----------
    plan
        The plan; where a branch lacks the level, its next coarser grid stands in.
    frame, leaf
        Incidents as `prepared` returns them, and the leaf code of each.
    level
        Level of the grids.
    now
        The moment at which open incidents are looked at.

    Returns
    -------
    DataFrame
        Index `code`; name, reported, households, persons, per_1000_households, per_1000_persons, few (fewer than
        `FEW` households) and the columns of `shares`.
    """
    codes = plan.tiling(level)
    grouped = shares(frame, at_level(plan, leaf, level), now).reindex(codes)
    counts = [c for c in grouped.columns if not c.endswith("_share") and c not in LIMITS]
    grouped[counts] = grouped[counts].fillna(0).astype(int)
    figures = pd.DataFrame([plan.figures_of(c) for c in codes], index=grouped.index)
    out = pd.DataFrame({"name": [plan.grids[c].name for c in codes], "reported": grouped["reported"]})
    for one in ("households", "persons"):
        out[one] = figures[one].astype(int)
    for one in ("households", "persons"):
        out[f"per_1000_{one}"] = 1000 * out["reported"] / out[one].where(out[one] > 0)
    out["few"] = out["households"] < FEW
    return out.join(grouped.drop(columns="reported")).rename_axis("code")


def shares(frame: pd.DataFrame, group: pd.Series[Any], now: pd.Timestamp) -> pd.DataFrame:
    """Return counts and shares of each group of incidents.

    Parameters
    ----------
    frame
        Incidents.
    group
        The group of each; missing ones are left out.
    now
        The moment at which open incidents are looked at.

    Returns
    -------
    DataFrame
        Of all reported: valid. Of the valid: closed. Of the valid whose own limit has passed or that are closed: on
        time. Of the valid that came 2 hours, 2 days, 7 days ago or earlier: closed within that time. Of the valid
        of which it is known how they were handled: in the grid, jointly, dispatched; in_grid_share.
    """
    # What nobody has called invalid is valid.
    valid = frame["valid"] != 0
    closed = frame["closed_at"].notna() & valid
    took = (frame["closed_at"] - frame["at"]).dt.total_seconds() / 3600
    age = (now - frame["at"]).dt.total_seconds() / 3600
    due = frame["due_at"].notna() & valid & (closed | (frame["due_at"] < now))
    told = {"reported": pd.Series(1, index=frame.index), "valid": valid, "closed": closed}
    way = frame["handled_in"].where(valid, "")
    told |= {f"in_{h}": way == h for h in HANDLED}
    told |= {"due": due, "on_time": due & closed & (frame["closed_at"] <= frame["due_at"])}
    for name, hours in LIMITS.items():
        told[f"{name}_of"] = valid & (age >= hours)
        told[name] = (took <= hours) & closed & (age >= hours)
    sums = pd.DataFrame(told).astype(int).groupby(group).sum()
    out = sums[[*_FIGURES, "due", "on_time"]].copy()
    out["valid_share"] = _share(sums["valid"], sums["reported"])
    out["closed_share"] = _share(sums["closed"], sums["valid"])
    out["on_time_share"] = _share(sums["on_time"], sums["due"])
    for name in LIMITS:
        out[name] = _share(sums[name], sums[f"{name}_of"])
    out["in_grid_share"] = _share(sums["in_grid"], sums[[f"in_{h}" for h in HANDLED]].sum(axis=1))
    return out


def _share(part: pd.Series[Any], whole: pd.Series[Any]) -> pd.Series[float]:
    return part / whole.where(whole > 0)


def trend(frame: pd.DataFrame, step: Step) -> pd.DataFrame:
    """Return incidents and closed ones by day, week (from Monday) or month, no step left out: start, reported, closed."""
    period = {"day": "D", "week": "W-SUN", "month": "M"}[step]
    start = frame["at"].dropna().dt.to_period(period)
    ended = frame["closed_at"].dropna().dt.to_period(period)
    if not len(start):
        return pd.DataFrame({"start": pd.Series(dtype="datetime64[ns]"), "reported": [], "closed": []})
    every = pd.period_range(start.min(), start.max(), freq=period)
    counts = {"reported": start.value_counts(), "closed": ended.value_counts()}
    out = pd.DataFrame({k: v.reindex(every, fill_value=0).astype(int) for k, v in counts.items()})
    return out.reset_index(drop=True).assign(start=every.to_timestamp())[["start", "reported", "closed"]]


def week_hours(frame: pd.DataFrame) -> pd.DataFrame:
    """Return how many incidents came on each weekday (rows, 0 is Monday) at each hour (columns 0 to 23)."""
    at = frame["at"].dropna()
    table = pd.crosstab(at.dt.day_of_week, at.dt.hour)
    return table.reindex(index=range(7), columns=range(24), fill_value=0).rename_axis(index="weekday", columns="hour")


def by_category(frame: pd.DataFrame, now: pd.Timestamp) -> pd.DataFrame:
    """Return counts and shares of each category, most first; index `category`."""
    found = shares(frame, frame["category"].replace("", np.nan), now)
    return found.sort_values("reported", ascending=False, kind="stable").rename_axis("category")


def compared(first: pd.Series[Any], second: pd.Series[Any], days: tuple[float, float]) -> pd.DataFrame:
    """Return two periods side by side.

    Parameters
    ----------
    first, second
        Incidents per grid in the earlier and in the later period, same index.
    days
        Length of each period.

    Returns
    -------
    DataFrame
        first, second, per_day_first, per_day_second, change (relative, of the daily means; missing where there were
        none before) and sure: the difference is beyond chance (exact test of two Poisson rates, false discovery rate
        of 5 % over all grids).
    """
    out = pd.DataFrame({"first": first.astype(int), "second": second.astype(int)})
    for name, length in zip(("first", "second"), days, strict=True):
        out[f"per_day_{name}"] = out[name] / length
    out["change"] = out["per_day_second"] / out["per_day_first"].where(out["first"] > 0) - 1
    total, share = (out["first"] + out["second"]).to_numpy(), days[1] / sum(days)
    later = out["second"].to_numpy()
    tails = np.minimum(binom.cdf(later, total, share), binom.sf(later - 1, total, share))
    chance = np.clip(2 * tails, 0, 1)
    out["sure"] = false_discovery_control(chance) <= 0.05 if len(out) else False
    return out


def repeated(frame: pd.DataFrame, leaf: pd.Series[Any], metres: float = 25.0, least: int = 5) -> pd.DataFrame:
    """Return places where incidents of one category come again and again, most first.

    Parameters
    ----------
    frame, leaf
        Incidents, and the leaf code of each.
    metres
        Incidents within this distance of a place's middle are of that place; each counts in one place only.
    least
        So many make a place.

    Returns
    -------
    DataFrame
        category, n, code (leaf of the middle), address, first, last, x, y.
    """
    rows = []
    placed = frame[frame[["x", "y"]].notna().all(axis=1)]
    for category, mine in placed.groupby("category", sort=True):
        if len(mine) < least:
            continue
        xy = mine[["x", "y"]].to_numpy(dtype=float)
        for centre, members in _crowds(xy, metres, least):
            some = mine.iloc[members]
            addresses = some["address"][some["address"] != ""]
            rows.append({
                "category": category, "n": len(members), "code": leaf.loc[mine.index[centre]],
                "address": addresses.mode().iloc[0] if len(addresses) else "",
                "first": some["at"].min(), "last": some["at"].max(), "x": xy[centre, 0], "y": xy[centre, 1],
            })  # fmt: skip
    columns = ["category", "n", "code", "address", "first", "last", "x", "y"]
    out = pd.DataFrame(rows, columns=columns)
    return out.sort_values(["n", "category", "x"], ascending=[False, True, True], ignore_index=True)


def _crowds(xy: NDArray[np.float64], metres: float, least: int) -> list[tuple[int, list[int]]]:
    """Return middles and members: the fullest circle first, then the fullest of what is left."""
    tree = KDTree(xy)
    near = tree.query_ball_point(xy, metres)
    size = np.array([len(n) for n in near])
    free = np.ones(len(xy), dtype=bool)
    # A heap by how many are near; where some of these have gone to a fuller place, it is put back with what is left.
    waiting = [(-int(n), k) for k, n in enumerate(size) if n >= least]
    heapify(waiting)
    out = []
    while waiting:
        claimed, best = heappop(waiting)
        members = [m for m in near[best] if free[m]]
        if not free[best] or len(members) < least:
            continue
        if len(members) < -claimed:
            heappush(waiting, (-len(members), best))
            continue
        out.append((best, sorted(members)))
        free[members] = False
    return out


def rebinned(before: Plan, after: Plan, frame: pd.DataFrame, codes: Sequence[str] | None = None) -> pd.DataFrame:
    """Return the same incidents on two plans: index `code`; level, before, after (missing where the code is not).

    Parameters
    ----------
    before, after
        Two versions of the plan.
    frame
        Incidents.
    codes
        Grids of interest; by default those whose number differs, and those of one plan alone.
    """
    columns = {}
    for name, plan in (("before", before), ("after", after)):
        leaf = leaves(plan, frame)
        counts: dict[str, int] = dict.fromkeys(plan.grids, 0)
        for level in plan.scheme.level_keys:
            own = leaf.str.slice(0, plan.scheme.width(level)).value_counts()
            counts |= {str(c): int(n) for c, n in own.items() if c in plan.grids and plan.grids[str(c)].level == level}
        columns[name] = pd.Series(counts, dtype=object)
    out = pd.DataFrame(columns).sort_index().rename_axis("code")
    if codes is None:
        differs = out["before"].fillna(-1).astype(int) != out["after"].fillna(-1).astype(int)
        out = out[differs]
    else:
        out = out.reindex(list(codes))
    grids = {**before.grids, **after.grids}
    out.insert(0, "level", [grids[c].level if c in grids else "" for c in out.index])
    return out
