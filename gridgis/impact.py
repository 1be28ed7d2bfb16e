"""What an edit would do, told before it is done: who gains and loses what, whose code stays and why, what is cut."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gridgis.cells import CellIndex, Cells
from gridgis.checks.cuts import CUT_M2
from gridgis.plan import Edit, Figures, Plan

FIGURES = ("households", "persons", "buildings", "incidents", "area_m2")


@dataclass(frozen=True)
class Share:
    """One grid of an edit: its figures before and after, None where it is not there, and its size band."""

    code: str
    before: Figures | None
    after: Figures | None
    band_before: str | None
    band_after: str | None

    def change(self, figure: str) -> float:
        """Return how much of a figure the grid gains, below zero when it loses."""
        sides = [side[figure] if side is not None else 0 for side in (self.before, self.after)]
        return float(sides[1] - sides[0])


@dataclass(frozen=True)
class Impact:
    """What an edit would do at one level.

    Attributes
    ----------
    cut_before, cut_after
        Buildings in the neighbourhood of the edit whose ground leaf grids divide.
    keeps
        Pairs of (Chinese, English) sentences: whose code stays, which are new or end, and why.
    """

    shares: tuple[Share, ...]
    cut_before: int
    cut_after: int
    keeps: tuple[tuple[str, str], ...]


def impact(plan: Plan, edit: Edit, level: str, buildings: NDArray[np.object_] | None = None) -> Impact:
    """Return what an edit would do, from the cells it changes and those beside them.

    Parameters
    ----------
    plan
        The plan the edit starts from.
    edit
        An edit of it that is not applied.
    level
        Level at which grids are told; codes of coarser levels that change too stand beside them.
    buildings
        Footprints of buildings near the edit; without them none are counted as cut.

    Returns
    -------
    Impact
        Shares of grids before and after, buildings cut, and what becomes of each code, in both languages.

    Examples
    --------
    >>> told = gg.impact(plan, gg.merge(plan, [A, B]), "unit")
    >>> [share.code == B for share in told.shares if share.after]
    [True]
    """
    width = plan.scheme.width(level)
    zones = {g.code: g.zone for g in (*plan.grids.values(), *edit.grids_added)}
    shares = []
    for code in sorted(c for c in edit.before.keys() | edit.after.keys() if len(c) <= width):
        sides = (edit.before.get(code), edit.after.get(code))
        bands = [band_of(plan, code, zones.get(code, ""), side) for side in sides]
        shares.append(Share(code, *sides, *bands))
    cut = cut_buildings(plan, edit, buildings) if buildings is not None and len(buildings) else (0, 0)
    return Impact(tuple(shares), *cut, tuple(_keeps(edit, width)))


def band_of(plan: Plan, code: str, zone: str, figures: Mapping[str, Any] | None) -> str | None:
    """Return ``below``, ``in`` or ``above`` the size band of a grid; None where there is none, or no grid."""
    band = plan.scheme.band(plan.scheme.level_key(code), zone or None) if figures is not None else None
    if band is None or figures is None:
        return None
    if band.met(int(figures["households"]), int(figures["persons"])):
        return "in"
    limits = [(band.households, figures["households"]), (band.persons, figures["persons"])]
    over = [value > limit[1] for limit, value in limits if limit is not None]
    return "above" if all(over) else "below"


def reach_of(edit: Edit) -> tuple[float, float, float, float] | None:
    """Return the box in which an edit changes anything; None where it changes no ground."""
    if not len(edit.removed):
        return None
    west, south, east, north = shapely.total_bounds(edit.removed.geometry).tolist()
    return west, south, east, north


def cut_buildings(plan: Plan, edit: Edit, buildings: NDArray[np.object_]) -> tuple[int, int]:
    """Return how many of the buildings leaf grids divide before the edit, and after it.

    Only those that an edge of a changed cell touches can differ; the others stay as they are and are not counted.
    """
    if not len(edit.removed):
        return 0, 0
    edges = shapely.boundary(np.concatenate([edit.removed.geometry, edit.added.geometry]))
    solid = buildings[shapely.get_dimensions(buildings) == 2]
    near = solid[np.unique(shapely.STRtree(solid).query(edges, predicate="intersects")[1])]
    if not len(near):
        return 0, 0
    index = plan.index or CellIndex(plan.rows)
    around = plan.rows.take(plan.row(index.near(shapely.box(*shapely.total_bounds(near)))))
    after = around.take(~np.isin(around.id, edit.removed.id))
    return _divided(near, around), _divided(near, after.merged(np.empty(0, dtype=np.int64), edit.added))


def _divided(buildings: NDArray[np.object_], cells: Cells) -> int:
    cell, at = shapely.STRtree(buildings).query(cells.geometry, predicate="intersects")
    share = shapely.area(shapely.intersection(buildings[at], cells.geometry[cell]))
    held: dict[int, dict[str | None, float]] = {}
    for c, k, m2 in zip(cell.tolist(), at.tolist(), share.tolist(), strict=True):
        owner = held.setdefault(k, {})
        owner[cells.code[c]] = owner.get(cells.code[c], 0.0) + m2
    return sum(sum(m2 > CUT_M2 for code, m2 in owner.items() if code is not None) > 1 for owner in held.values())


def _keeps(edit: Edit, width: int) -> list[tuple[str, str]]:
    """Say whose code stays, and why."""
    created = [c for c in edit.created if len(c) <= width]
    voided = [c for c in edit.voided if len(c) <= width]
    out = []
    if edit.kind == "split" and created:
        kept = str(edit.command["split"])
        out.append((
            f"“{kept}”由户数最多的一部分沿用（{int(edit.after[kept]['households']):,} 户）。",
            f"'{kept}' stays with the part that has most households ({int(edit.after[kept]['households']):,}).",
        ))  # fmt: skip
    if edit.kind == "merge" and voided:
        kept = next((c for c in edit.command["merge"] if c not in voided), "")
        out.append((
            f"合并后沿用户数最多的“{kept}”（原 {int(edit.before[kept]['households']):,} 户）。",
            f"The merged grid keeps '{kept}', which has most households ({int(edit.before[kept]['households']):,}).",
        ))  # fmt: skip
    if created:
        codes = created[:4]
        more = [f"等 {len(created)} 个", f" and {len(created) - 4} more"] if len(created) > 4 else ["", ""]
        out.append((f"新编码 {'、'.join(codes)}{more[0]}。", f"New: {', '.join(codes)}{more[1]}."))
    if voided:
        codes = voided[:4]
        more = [f"等 {len(voided)} 个", f" and {len(voided) - 4} more"] if len(voided) > 4 else ["", ""]
        out.append((
            f"停用 {'、'.join(codes)}{more[0]}，今后不再使用。", f"Voided: {', '.join(codes)}{more[1]}; never used again."
        ))  # fmt: skip
    return out
