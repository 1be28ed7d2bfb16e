"""What of a county's figures may be shown to everybody: small numbers hidden at every level at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import numpy as np
import pandas as pd
import shapely
from scipy.optimize import linprog
from scipy.sparse import csr_array, vstack

from gridgis.county import County
from gridgis.errors import RefusedError
from gridgis.locate import locate
from gridgis.plan import Plan
from gridgis.publishing import publications
from gridgis.schema import FIGURES
from gridgis.suppression import suppress

PUBLIC_COLUMNS = ("level", "kind", "name", "category", "class", "zone", "households", "persons", "buildings", "places",
                  "roads", "incidents", "area_m2")  # fmt: skip
"""All that ever leaves for the public; a column that a register adds does not, whatever it is called."""
GROUPS = (("households", "persons"), ("incidents",))
"""Figures about people; those of one group tell of the same ones and are hidden together."""
SMALL = 10
"""Numbers from 1 to one below this are small, unless somebody asks for another limit."""

_ROOT = ""


def masks(county: County, plan: Plan, k: int) -> pd.DataFrame:
    """Return which figures of which grids to hide, for all levels at once: index `code`, True where hidden.

    Parameters
    ----------
    county
        The county, for what it has published before.
    plan
        The plan whose figures are to be shown.
    k
        Numbers from 1 to k - 1 are hidden, and with them what would give them away.

    Raises
    ------
    RefusedError
        A small number can be worked out from an earlier publication whatever is hidden now.
    """
    figures, tree = figure_tree(plan)
    earlier = [p for p in publications(county) if p.version < plan.version]
    forced: dict[tuple[str, ...], set[str]] = {g: set() for g in GROUPS}
    found = _masked(figures, tree, k, forced)
    if not earlier or k < 2:
        return found.drop(index=_ROOT)
    before = _Before(plan, county.plan_at(earlier[-1].version), k)
    for _ in range(len(county.scheme.level_keys) + 2):
        exposed = {g: before.exposed(g, figures, found, k) for g in GROUPS}
        if not any(exposed.values()):
            return found.drop(index=_ROOT)
        for group, nodes in exposed.items():
            for node in nodes:
                forced[group] |= _wider(node, tree, forced[group])
        found = _masked(figures, tree, k, forced)
    codes = sorted({n for nodes in exposed.values() for n in nodes})
    raise RefusedError(
        f"网格 {codes[0]} 等 {len(codes)} 个网格的小数字可由第 {earlier[-1].number} 号发布推算，未写出：请用更大的 --k。",
        f"Small numbers of {len(codes)} grids ({codes[0]} …) could be worked out from publication {earlier[-1].number}, so "
        "nothing was written: take a larger --k.",
    )


def small(plan: Plan, k: int = SMALL) -> pd.DataFrame:
    """Return which figures of a plan to hide, whatever was published before: index `code` (``""`` is the county), True where hidden."""
    return _masked(*figure_tree(plan), k, {g: set() for g in GROUPS})


def _masked(
    figures: pd.DataFrame, tree: dict[str, list[str]], k: int, forced: dict[tuple[str, ...], set[str]]
) -> pd.DataFrame:
    parts = [suppress(figures[list(g)], tree, k=k, forced=forced[g]) for g in GROUPS]
    return pd.concat(parts, axis=1)


def figure_tree(plan: Plan) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """Return figures of every grid and of the county as a whole (code ``""``), and the children of each."""
    columns = [c for g in GROUPS for c in g]
    codes = sorted(plan.grids)
    at = [FIGURES.index(c) for c in columns]
    own = pd.DataFrame(plan.rows.figures[:, at], columns=columns).groupby([c or _ROOT for c in plan.rows.code]).sum()
    sums = {code: np.zeros(len(columns), dtype=np.int64) for code in (*codes, _ROOT)}
    for code, row in zip(own.index, own.to_numpy(), strict=True):
        sums[code] += row.astype(np.int64)
    tree: dict[str, list[str]] = {}
    parents: dict[str, str] = {}
    known = set(codes)
    widths = sorted({len(c) for c in codes}, reverse=True)
    for code in codes:
        parents[code] = next((code[:w] for w in widths if w < len(code) and code[:w] in known), _ROOT)
        tree.setdefault(parents[code], []).append(code)
    for code in sorted(codes, key=len, reverse=True):
        sums[parents[code]] += sums[code]
    return pd.DataFrame.from_dict(sums, orient="index", columns=columns), tree


def _wider(node: str, tree: dict[str, list[str]], forced: set[str]) -> set[str]:
    """Return the siblings of a node, and where these are hidden already its parent's, and so on up."""
    parents = {child: parent for parent, children in tree.items() for child in children}
    while node in parents:
        around = set(tree[parents[node]])
        if not around <= forced:
            return around
        node = parents[node]
    return {node}


class _Before:
    """What readers of an earlier publication know, on the pieces into which both plans cut the county."""

    def __init__(self, plan: Plan, old: Plan, k: int) -> None:
        points = shapely.get_coordinates(shapely.point_on_surface(plan.rows.geometry))
        pieces = pd.DataFrame(plan.rows.figures, columns=list(FIGURES))
        pieces["now"] = [c or "" for c in plan.rows.code]
        pieces["then"] = [c if isinstance(c, str) else "" for c in locate(old, points)]
        self.pieces = pieces.groupby(["now", "then"], as_index=False).sum()
        self.figures, tree = figure_tree(old)
        self.masks = _masked(self.figures, tree, k, {g: set() for g in GROUPS})

    def exposed(self, group: Iterable[str], figures: pd.DataFrame, hidden: pd.DataFrame, k: int) -> list[str]:
        """Return the small numbers of the present plan that old and new figures together narrow too far."""
        out: set[str] = set()
        for name in group:
            sums = self.pieces[name].to_numpy(dtype=float)
            shown_now = figures.index[~hidden[name].to_numpy()]
            rows, values = self._facts("now", shown_now, figures[name], sums)
            more, also = self._facts("then", self.figures.index[~self.masks[name].to_numpy()], self.figures[name], sums)
            small = figures.index[(figures[name] > 0) & (figures[name] < k)]
            for node in small:
                goal = self._rows("now", [node]).toarray()[0]
                if goal.any() and _width(goal, vstack([rows, more]), np.concatenate([values, also])) < k:
                    out.add(str(node))
        return sorted(out)

    def _facts(
        self,
        side: str,
        nodes: Collection[str],
        figures: pd.Series[int],
        sums: np.ndarray[tuple[int], np.dtype[np.float64]],
    ) -> tuple[csr_array, np.ndarray[tuple[int], np.dtype[np.float64]]]:
        rows = self._rows(side, nodes)
        values = figures.loc[list(nodes)].to_numpy(dtype=float)
        # Where the figures themselves have changed since, the old sum says nothing certain of the new pieces.
        same = np.abs(rows @ sums - values) < 0.5
        return rows[np.flatnonzero(same)], values[same]

    def _rows(self, side: str, nodes: Collection[str]) -> csr_array:
        codes = self.pieces[side].to_numpy(dtype=str)
        return csr_array(
            np.array([np.char.startswith(codes, n) for n in nodes], dtype=float).reshape(len(nodes), len(codes))
        )


def _width(
    goal: np.ndarray[tuple[int], np.dtype[np.float64]],
    rows: csr_array,
    values: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> float:
    """Return how far the sum that `goal` picks can vary among positive pieces that give all these sums."""
    ends = []
    for sign in (1, -1):
        found = linprog(sign * goal, A_eq=rows, b_eq=values, bounds=(0, None), method="highs")
        ends.append(sign * found.fun if found.status == 0 else sign * -np.inf)
    return float(ends[1] - ends[0])
