"""Incidents of the last twelve months, with the rhythm of day, week and season."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.spatial import KDTree

from gridgis.demo.terrain import Floats, Ints


@dataclass(frozen=True)
class Category:
    """A kind of matter: share, part of it outside the towns, when it is reported, where it is handled."""

    name: str
    share: float
    rural: float
    hours: str
    season: str
    on_road: float
    handled: tuple[float, float, float]


CATEGORIES = (
    Category("市容环境/暴露垃圾", 0.165, 0.16, "morning", "summer", 0.5, (0.86, 0.08, 0.06)),
    Category("市容环境/乱堆物料", 0.090, 0.20, "day", "even", 0.4, (0.80, 0.13, 0.07)),
    Category("市容环境/污水外溢", 0.045, 0.15, "day", "rain", 0.6, (0.35, 0.35, 0.30)),
    Category("街面秩序/占道经营", 0.110, 0.05, "evening", "even", 0.7, (0.72, 0.22, 0.06)),
    Category("街面秩序/违规停车", 0.135, 0.06, "rush", "even", 0.9, (0.70, 0.20, 0.10)),
    Category("公用设施/路面破损", 0.060, 0.25, "day", "rain", 1.0, (0.15, 0.30, 0.55)),
    Category("公用设施/路灯故障", 0.050, 0.18, "night", "winter", 0.9, (0.20, 0.30, 0.50)),
    Category("公用设施/井盖缺损", 0.030, 0.06, "day", "rain", 1.0, (0.20, 0.40, 0.40)),
    Category("安全隐患/消防通道堵塞", 0.080, 0.08, "evening", "even", 0.2, (0.68, 0.25, 0.07)),
    Category("安全隐患/电动车违规充电", 0.065, 0.08, "night", "even", 0.0, (0.82, 0.14, 0.04)),
    Category("安全隐患/房屋与边坡隐患", 0.030, 0.70, "day", "rain", 0.1, (0.15, 0.50, 0.35)),
    Category("矛盾纠纷/邻里纠纷", 0.055, 0.22, "evening", "even", 0.0, (0.78, 0.18, 0.04)),
    Category("民生服务/帮扶求助", 0.055, 0.35, "morning", "winter", 0.0, (0.74, 0.20, 0.06)),
    Category("突发事件/山火与积水", 0.030, 0.60, "day", "rain", 0.5, (0.20, 0.45, 0.35)),
)

_HOURS = {
    "morning": [1, 1, 1, 1, 2, 5, 14, 34, 52, 50, 38, 26, 16, 18, 26, 28, 24, 18, 14, 10, 7, 4, 2, 1],
    "day": [1, 1, 1, 1, 1, 2, 8, 20, 40, 48, 44, 32, 18, 24, 40, 44, 38, 26, 14, 8, 5, 3, 2, 1],
    "evening": [3, 2, 1, 1, 1, 2, 6, 12, 16, 16, 16, 18, 18, 12, 14, 16, 22, 34, 46, 52, 44, 26, 12, 6],
    "rush": [1, 1, 1, 1, 1, 3, 14, 48, 50, 26, 18, 24, 24, 16, 18, 24, 44, 54, 40, 28, 18, 9, 4, 2],
    "night": [6, 3, 2, 1, 1, 2, 5, 8, 10, 10, 10, 9, 9, 8, 9, 10, 12, 22, 42, 56, 54, 40, 24, 12],
}
_WEEK = [1.10, 1.06, 1.04, 1.18, 1.08, 0.86, 0.74]
_MONTHS = {
    # November to October: the year ends on 31 October.
    "even": [1.0, 1.0, 1.02, 0.72, 1.0, 1.02, 1.04, 1.02, 1.0, 1.02, 1.06, 1.08],
    "summer": [0.9, 0.85, 0.85, 0.7, 0.9, 1.0, 1.1, 1.25, 1.35, 1.3, 1.15, 1.0],
    "winter": [1.1, 1.3, 1.35, 1.0, 1.1, 0.95, 0.85, 0.8, 0.8, 0.85, 0.9, 1.0],
    "rain": [0.6, 0.55, 0.6, 0.7, 1.0, 1.2, 1.6, 1.8, 1.3, 1.4, 1.0, 0.6],
}
_FIRST_DAY = np.datetime64("2025-11-01")
_DAYS = 365


def make_incidents(
    homes: pd.DataFrame,
    roads: NDArray[np.object_],
    outline: shapely.Polygon,
    count: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return incidents, oldest first: at, category, status, closed_at, handled_in, valid, x, y.

    Parameters
    ----------
    homes
        Buildings: x, y, persons, built_up.
    roads
        Lines that incidents on the road lie on.
    outline
        No incident lies outside it.
    count
        Number of incidents.
    rng
        Source of chance.
    """
    town, weight = homes["built_up"].to_numpy(bool), homes["persons"].to_numpy(float)
    kind = rng.choice(len(CATEGORIES), count, p=_normal([c.share for c in CATEGORIES]))
    rural = rng.random(count) < np.array([c.rural for c in CATEGORIES])[kind]
    rural &= bool((~town).any())
    building = np.empty(count, dtype=np.int64)
    for where, inside in ((rural, ~town), (~rural, town)):
        candidates = np.flatnonzero(inside)
        if not len(candidates):
            continue
        share = (weight[candidates] + 0.4) * rng.lognormal(0.0, 1.1, len(candidates))
        building[where] = rng.choice(candidates, int(where.sum()), p=share / share.sum())
    xy = homes[["x", "y"]].to_numpy()[building]
    moved = xy + rng.normal(0, 3.0, (count, 2))
    on_road = np.flatnonzero(rng.random(count) < np.array([c.on_road for c in CATEGORIES])[kind])
    moved[on_road] = _onto(roads, moved[on_road], rng)
    shapely.prepare(outline)
    xy = np.where(shapely.contains_xy(outline, moved[:, 0], moved[:, 1])[:, None], moved, xy)
    at = _when(kind, rng)
    frame = _handling(kind, at, rng)
    frame["x"], frame["y"] = np.round(xy, 3).T
    return frame.sort_values(["at", "x"], kind="stable", ignore_index=True)


def _normal(values: list[float]) -> Floats:
    return np.asarray(values, dtype=float) / float(np.sum(values))


def _onto(roads: NDArray[np.object_], xy: Floats, rng: np.random.Generator) -> Floats:
    """Move points to the nearest road, if one is near, and a little along and beside it."""
    # Points every few metres stand for the roads; a nearest point is found far quicker than a line.
    marks = shapely.get_coordinates(shapely.segmentize(roads, 12.0))
    away, mark = KDTree(marks).query(xy, distance_upper_bound=400.0)
    near = np.isfinite(away)
    moved = xy.copy()
    moved[near] = marks[mark[near]] + rng.normal(0, 2.2, (int(near.sum()), 2))
    return moved


def _when(kind: Ints, rng: np.random.Generator) -> NDArray[np.datetime64]:
    """Draw day and time of each incident."""
    days = _FIRST_DAY + np.arange(_DAYS)
    month = (days.astype("datetime64[M]") - _FIRST_DAY.astype("datetime64[M]")).astype(int)
    weekday = (days.astype("datetime64[D]").astype(int) + 3) % 7
    # Weather and campaigns: some days are busier than others, for everybody.
    mood = rng.lognormal(0.0, 0.12, _DAYS)
    moment = np.empty(len(kind), dtype="datetime64[s]")
    for number, category in enumerate(CATEGORIES):
        mine = np.flatnonzero(kind == number)
        level = np.asarray(_MONTHS[category.season])[month] * np.asarray(_WEEK)[weekday] * mood
        day = rng.choice(_DAYS, len(mine), p=level / level.sum())
        hour = rng.choice(24, len(mine), p=_normal([float(h) for h in _HOURS[category.hours]]))
        second = hour * 3600 + rng.integers(0, 3600, len(mine))
        moment[mine] = days[day].astype("datetime64[s]") + second.astype("timedelta64[s]")
    return moment


def _handling(kind: Ints, at: NDArray[np.datetime64], rng: np.random.Generator) -> pd.DataFrame:
    """Who handled each incident, how long it took, and what state it is in at the end."""
    count = len(kind)
    odds = np.cumsum(np.array([c.handled for c in CATEGORIES])[kind], axis=1)
    way = (rng.random(count)[:, None] > odds).sum(axis=1).clip(0, 2)
    valid = rng.random(count) < 0.958
    hours = rng.lognormal(np.log(np.array([5.0, 26.0, 70.0]))[way], 0.9)
    closed = at + (np.where(valid, hours, 1.0) * 3600).astype("timedelta64[s]")
    end = (_FIRST_DAY + _DAYS).astype("datetime64[s]")
    done = closed < end
    status = np.where(done, "closed", np.where(at > end - np.timedelta64(36 * 3600, "s"), "reported", "handling"))
    return pd.DataFrame(
        {
            "at": _text(at),
            "category": np.array([c.name for c in CATEGORIES], dtype=object)[kind],
            "status": status.astype(object),
            "closed_at": pd.Series(_text(closed), dtype=object).where(done, None),
            "handled_in": np.array(["grid", "joint", "dispatched"], dtype=object)[way],
            "valid": valid.astype(np.int64),
        }
    )


def keep_limits(
    frame: pd.DataFrame, hours: Mapping[str, float], rule: Mapping[str, Any], rng: np.random.Generator
) -> pd.DataFrame:
    """Return incidents with time limits, and with as many valid and handled in the grid as a place reports.

    Parameters
    ----------
    frame
        What `make_incidents` answers.
    hours
        Time limit for each way of handling (grid, joint, dispatched).
    rule
        Of the facts: `valid` (how many), `in_grid` (share), `all_closed`, `within_limit`.
    rng
        Source of chance.
    """
    out, count = frame.copy(), len(frame)
    if "valid" in rule:
        out["valid"] = (rng.permutation(count) < rule["valid"]).astype(np.int64)
    if "in_grid" in rule:
        own = rng.permutation(count) < round(rule["in_grid"] * count)
        others = np.where(rng.random(count) < 0.55, "joint", "dispatched")
        out["handled_in"] = np.where(own, "grid", others).astype(object)
    at = out["at"].to_numpy().astype("datetime64[s]")
    limit = out["handled_in"].map(hours).to_numpy(float)
    late = (rng.random(count) < 0.03) & (not rule.get("within_limit"))
    taken = limit * np.where(late, rng.uniform(1.1, 2.0, count), 0.97 * rng.beta(1.6, 2.6, count))
    end = (_FIRST_DAY + _DAYS).astype("datetime64[s]") - 1
    closed = at + (taken * 3600).astype("timedelta64[s]")
    done = closed <= end
    if rule.get("all_closed"):
        # The last evening's matters were settled before the figures were drawn up.
        closed, done = np.minimum(closed, end), np.ones(count, dtype=bool)
    out["due_at"] = _text(at + (limit * 3600).astype("timedelta64[s]"))
    out["closed_at"] = pd.Series(_text(closed), dtype=object).where(done, None)
    out["status"] = np.where(done, "closed", np.where(rng.random(count) < 0.4, "reported", "handling")).astype(object)
    return out


def _text(moment: NDArray[np.datetime64]) -> NDArray[np.object_]:
    return np.char.replace(np.datetime_as_string(moment, unit="s"), "T", " ").astype(object)
