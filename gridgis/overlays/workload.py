"""The work that each grid makes, how evenly it is shared, and the class and staff that follow from it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from gridgis.plan import Grid, Plan
from gridgis.scheme import Scheme
from gridgis.scheme_parts import Workload
from gridgis.staff.people import needed

MEASURES = ("households", "incidents", "floating", "area_m2")
"""What makes work, in the order of the weights."""
DEFAULT_CLASSES = (("first", "一类", "first class"), ("second", "二类", "second class"), ("third", "三类", "third class"))


def workload(plan: Plan, figures: pd.DataFrame, rules: Workload) -> pd.DataFrame:
    """Return the workload of grids as multiples of that of the mean grid.

    Parameters
    ----------
    plan
        The plan.
    figures
        Index `code`; the columns `MEASURES`.
    rules
        Weights, factors of categories and classes, and limits between the classes.

    Returns
    -------
    DataFrame
        Index `code`; name, community (the grid one level up), category, class, the measures, one column ``part_<measure>``
        each, factor, workload, proposed (class by the workload without the factor of the class itself).
    """
    grids = [plan.grids[c] for c in figures.index]
    out = pd.DataFrame({
        "name": [g.name for g in grids], "community": [plan.scheme.parent(g.code) or "" for g in grids],
        "category": [g.category for g in grids], "class": [g.class_ for g in grids],
    }, index=figures.index)  # fmt: skip
    weights = dict(zip(MEASURES, (rules.households, rules.incidents, rules.floating, rules.area), strict=True))
    base, whole = pd.Series(0.0, index=figures.index), sum(weights.values())
    for name, weight in weights.items():
        values = pd.Series(figures[name], dtype=float)
        mean = float(values.mean()) if len(values) else 0.0
        out[name] = figures[name]
        out[f"part_{name}"] = weight / whole * values / mean if mean > 0 else 0.0
        base = base + out[f"part_{name}"]
    kind = np.array([rules.category_factors.get(g.category, 1.0) for g in grids])
    own = np.array([rules.class_factors.get(g.class_, 1.0) for g in grids])
    out["factor"] = kind * own
    out["workload"] = base * kind * own
    keys = [k for k, *_ in class_names(plan.scheme)]
    # A class must not follow from itself.
    out["proposed"] = [proposed(float(v), rules, keys) for v in (base * kind).to_numpy()]
    return out


def class_names(scheme: Scheme) -> list[tuple[str, str, str]]:
    """Return key and names of the three classes, hardest first: the scheme's own where it has three."""
    own = [(c.key, c.zh, c.en) for c in scheme.classes]
    return own if len(own) == len(DEFAULT_CLASSES) else list(DEFAULT_CLASSES)


def proposed(value: float, rules: Workload, keys: list[str]) -> str:
    """Return the class of a workload: the first from the upper limit on, the third below the lower one."""
    return keys[0] if value >= rules.upper else keys[1] if value >= rules.lower else keys[2]


def gini(values: ArrayLike) -> float:
    """Return the Gini coefficient of values that are not negative: 0 where all have the same.

    Examples
    --------
    >>> gini([1, 1, 1, 1])
    0.0
    >>> gini([0, 0, 0, 1])
    0.75
    """
    x = np.sort(np.asarray(values, dtype=float))
    n, total = len(x), float(x.sum())
    if not n or total <= 0:
        return 0.0
    return float((2 * np.arange(1, n + 1) - n - 1) @ x / (n * total))


def evenness(found: pd.DataFrame) -> pd.DataFrame:
    """Return how evenly work is shared in each community: grids, total, mean, least, most, ratio (most to least), gini.

    Parameters
    ----------
    found
        As `workload` returns it. The last row, with the code ``""``, is all grids together.
    """
    rows = {str(code): _spread(mine) for code, mine in found.groupby("community")["workload"]}
    return pd.DataFrame.from_dict({**rows, "": _spread(found["workload"])}, orient="index").rename_axis("community")


def _spread(values: pd.Series[float]) -> dict[str, Any]:
    least, most = float(values.min()), float(values.max())
    return {
        "grids": len(values), "total": float(values.sum()), "mean": float(values.mean()), "least": least, "most": most,
        "ratio": most / least if least > 0 else np.nan, "gini": gini(values),
    }  # fmt: skip


def staffing(plan: Plan, found: pd.DataFrame, held: pd.Series[Any]) -> pd.DataFrame:
    """Return the staff that grids need by category and class.

    Parameters
    ----------
    plan
        The plan, with the staffing lines of its scheme.
    found
        As `workload` returns it.
    held
        Holders now: a count for each (role, code).

    Returns
    -------
    DataFrame
        One row a role, category and proposed class: role, category, class, grids, now (needed by the classes as they are),
        needed (by the proposed classes), held.
    """
    rows = []
    for role in plan.scheme.roles:
        for code, line in found.iterrows():
            grid = plan.grids[str(code)]
            if role.level != grid.level:
                continue
            now, then = _needs(plan.scheme, role, grid, str(line["proposed"]))
            have = int(held.get((role.key, code), 0))
            if now or then or have:
                rows.append((role.key, grid.category, line["proposed"], now, then, have))
    columns = ["role", "category", "class", "now", "needed", "held"]
    table = pd.DataFrame(rows, columns=columns)
    sums = table.groupby(["role", "category", "class"], sort=False, as_index=False).agg(
        grids=("now", "size"), now=("now", "sum"), needed=("needed", "sum"), held=("held", "sum")
    )
    order = {role.key: k for k, role in enumerate(plan.scheme.roles)}
    ranked = sums.sort_values(["category", "class"], kind="stable")
    return ranked.sort_values("role", key=lambda s: s.map(order), kind="stable", ignore_index=True)


def _needs(scheme: Scheme, role: Any, grid: Grid, class_: str) -> tuple[int, int]:
    return needed(scheme, role, grid), needed(scheme, role, replace(grid, class_=class_))
