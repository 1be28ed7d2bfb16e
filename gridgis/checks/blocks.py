"""The rule on blocks: boundaries of densely settled grids that follow nothing anybody can see."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from gridgis.checks.finding import Finding, Fresh
from gridgis.quality import unfollowed
from gridgis.subdividing.linework import lines_of

CUT_M = 50.0
"""A shorter stretch beside no road, water or wall joins two of them and cuts nothing."""


def block_cut(county: Fresh) -> list[Finding]:
    """Find grids with a size band whose boundary runs across a block, along no road, river, wall or upper boundary."""
    plan, scheme = county.plan, county.scheme
    codes = [c for c in county.looked_at(plan.grids) if scheme.band(plan.grids[c].level, plan.grids[c].zone or None)]
    lines = county.once("lines", lambda: _lines(county)) if codes else np.empty(0, dtype=object)
    if not len(lines):
        return []
    above = {c: scheme.parent(c) or "" for c in codes}
    parents = {c: plan.grid_geometry(up) if up in plan.grids else plan.outline for c, up in above.items()}
    out = []
    for code, bare in unfollowed({c: plan.grid_geometry(c) for c in codes}, lines, parents).items():
        runs = shapely.get_parts(bare)
        runs = runs[shapely.length(runs) >= CUT_M]
        if len(runs):
            metres, figures = float(shapely.length(runs).sum()), plan.figures_of(code)
            out.append(Finding(
                code, round(metres, 1), "m", f"网格“{code}”有 {metres:.0f} m 界线横穿街块，不沿道路、河流、围墙或上级界线。",
                f"{metres:.0f} m of the boundary of grid '{code}' cut across a block, along no road, river, wall or upper boundary.",
                "把界线移到最近的道路、河流或围墙。", "Move the boundary to the nearest road, river or wall.",
                shapely.union_all(runs), int(figures["households"]), int(figures["persons"]),
            ))  # fmt: skip
    return out


def _lines(county: Fresh) -> Any:
    """Return what boundaries may follow; nothing where no road is known, since every boundary would cut something."""
    roads = lines_of(county.table, "roads")
    if not len(roads):
        return roads
    return np.concatenate([roads, *(lines_of(county.table, s) for s in ("water", "compounds"))])
