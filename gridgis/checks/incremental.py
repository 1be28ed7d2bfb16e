"""Checking again after an edit: only the touched neighbourhood is looked at, and the answer is that of a full check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridgis import codes
from gridgis.cells import CellIndex
from gridgis.checks.base import RULES, Progress, Rule, each_rule, found_by, framed, in_order
from gridgis.checks.finding import CheckedCounty, Finding, Focus, Fresh
from gridgis.plan import Plan


class Supposed:
    """A county as it would be with another plan.

    Parameters
    ----------
    county
        The county.
    plan
        The plan that it is supposed to have.
    """

    def __init__(self, county: CheckedCounty, plan: Plan) -> None:
        self._county = county
        self.plan = plan

    def __getattr__(self, name: str) -> Any:
        """Return what the plan does not change: scheme, tables, registers, log."""
        return getattr(self._county, name)

    def live_codes(self) -> pd.DataFrame:
        """Return code and level of every grid of the plan."""
        grids = self.plan.grids.values()
        return pd.DataFrame({"code": [g.code for g in grids], "level": [g.level for g in grids]})


@dataclass(frozen=True, eq=False)
class Checked:
    """The findings of a county at one moment, and what is needed to check it again quickly.

    Attributes
    ----------
    view
        The county as the rules saw it.
    found
        Findings by rule.
    marks
        What tells that more than the plan has changed since.
    """

    view: Fresh
    found: dict[str, list[Finding]]
    marks: tuple[Any, ...]

    @classmethod
    def of(cls, county: CheckedCounty, progress: Progress | None = None) -> Checked:
        """Check a county in full."""
        view = Fresh(county)
        marks = _marks(view)
        return cls(view, {r.key: found_by(r, view, tell) for r, tell in each_rule(None, progress)}, marks)

    def again(self, county: CheckedCounty, progress: Progress | None = None) -> Checked:
        """Check the same county as it is now: near what changed, or in full where more than the plan has."""
        marks = _marks(county)
        if marks != self.marks:
            return Checked.of(county, progress)
        focus = what_changed(self.view.plan, county.plan)
        view = Fresh(county, self.view, focus)
        found = {r.key: self._found(r, view, focus, tell) for r, tell in each_rule(None, progress)}
        return Checked(view, found, marks)

    def supposing(self, county: CheckedCounty, plan: Plan) -> Checked:
        """Check what the county would be with another plan."""
        supposed: Any = Supposed(county, plan)
        return self.again(supposed)

    def _found(self, rule: Rule, view: Fresh, focus: Focus, tell: Any) -> list[Finding]:
        if rule.scope == "whole":
            return found_by(rule, view, tell)
        tell()
        before = self.found[rule.key]
        if rule.scope == "emap":
            return before
        if rule.scope == "grid":
            kept = [f for f in before if f.code not in focus.codes]
        else:
            near = focus.near(np.array([f.geometry for f in before], dtype=object))
            kept = [f for f, n in zip(before, near, strict=True) if not n]
        return in_order([*kept, *rule.find(view)])

    def frame(self, county: CheckedCounty, *, accepted: bool = False) -> gpd.GeoDataFrame:
        """Return the findings as `gridgis.check` does."""
        return framed(county, self.found, accepted=accepted, today=self.view.today)


def what_changed(before: Plan, now: Plan) -> Focus:
    """Return where two plans of a county differ."""
    old, new = before.rows, now.rows
    _, i, j = np.intersect1d(old.id, new.id, assume_unique=True, return_indices=True)
    same = shapely.equals_identical(old.geometry[i], new.geometry[j])
    told = same & (old.code[i] == new.code[j]) & (old.figures[i] == new.figures[j]).all(axis=1)
    gone, come = np.ones(len(old), dtype=bool), np.ones(len(new), dtype=bool)
    gone[i[same]], come[j[same]] = False, False
    ground = np.concatenate([old.geometry[gone], new.geometry[come], new.geometry[j[same & ~told]]])
    touched = {*old.code[gone], *new.code[come], *old.code[i[~told]], *new.code[j[~told]]}
    touched |= _neighbours(now, ground)
    touched |= {c for c in before.grids.keys() | now.grids.keys() if before.grids.get(c) != now.grids.get(c)}
    named = {c for c in touched if c is not None}
    widths = now.scheme.widths
    every = frozenset(a for c in named for a in (*codes.ancestors(c, widths), c))
    return Focus(every, old.geometry[gone], new.geometry[come], ground)


def _neighbours(plan: Plan, ground: Any) -> set[str | None]:
    """Return the codes of cells that touch the changed ground."""
    if not len(ground):
        return set()
    index = plan.index or CellIndex(plan.rows)
    near = plan.row({i for g in ground for i in index.near(g)})
    touching = np.unique(shapely.STRtree(ground).query(plan.rows.geometry[near], "dwithin", 0.01)[0])
    return set(plan.rows.code[near[touching]])


def _marks(county: CheckedCounty | Fresh) -> tuple[Any, ...]:
    """Return a fingerprint of what rules read besides the plan and the registers of people."""
    drawn = [tuple(county.table(name, ("id", "code", "as_of")).astype(str).to_numpy().ravel()) for name in _DRAWN]
    return county.today, county.emap_state, *drawn


_DRAWN = ("water", "boundaries")
assert {r.scope for r in RULES} <= {"grid", "ground", "emap", "whole"}
