"""Replay the whole history and hold every invariant against it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import shapely

from gridgis.checks.ground import seamless
from gridgis.county import County
from gridgis.errors import GridgisError
from gridgis.plan import Plan, evolve, make_plan
from gridgis.publishing import broken
from gridgis.schema import FIGURES

Problem = tuple[str, str]
Progress = Callable[[float, str], None]


def verify(county: County, progress: Progress | None = None) -> list[Problem]:
    """Return what is wrong with a county, as (Chinese, English) sentences; nothing when all is well.

    Replays the edits from the first and compares the hash after each with the one recorded; then
    holds the present plan against the invariants: coverage, codes, ledger, elements, polygons.
    """
    tell = progress or (lambda _share, _words: None)
    plan = county.plan
    problems = _replayed(county, tell)
    for share, words, check in (
        (0.6, "覆盖", _coverage), (0.7, "编码", _codes), (0.8, "要素", _elements), (0.9, "网格范围", _shapes),
    ):  # fmt: skip
        tell(share, words)
        problems += check(county, plan)
    tell(0.95, "草稿与发布")
    return problems + broken(county)


def _replayed(county: County, tell: Progress) -> list[Problem]:
    log = county.log()
    plan = make_plan(county.scheme, county.code, county.crs, county.outline)
    for k, (version, recorded) in enumerate(zip(log["version"], log["hash"], strict=True)):
        tell(0.6 * k / max(len(log), 1), "重放历史")
        try:
            plan = evolve(plan, county.store.edit(int(version)))
        except GridgisError as error:
            return [(f"版本 {version} 无法重放：{error.zh}", f"Version {version} cannot be replayed: {error.en}")]
        if plan.hash != recorded:
            return [
                (
                    f"版本 {version} 重放后的指纹与记录不符。",
                    f"Replaying version {version} gives another hash than recorded.",
                )
            ]
    if plan.hash != county.plan.hash:
        return [("重放全部变更得到的方案与现状不符。", "Replaying all edits does not give the present plan.")]
    return []


def _coverage(_county: County, plan: Plan) -> list[Problem]:
    if seamless(plan):
        return []
    return [("基元之间有空隙、重叠或越出县界：请运行 gridgis check 查看。",
             "Cells leave a gap, overlap or leave the county: run gridgis check.")]  # fmt: skip


def _codes(county: County, plan: Plan) -> list[Problem]:
    out: list[Problem] = []
    lost = sorted(plan.grids.keys() - county.store.ledger())
    if lost:
        out.append((f"编码“{lost[0]}”不在编码台账中。", f"Code '{lost[0]}' is not in the ledger."))
    for code in plan.grids:
        up = plan.scheme.parent(code)
        if up != plan.county_code and up not in plan.grids:
            out.append((f"网格“{code}”的上级不存在。", f"The parent of grid '{code}' does not exist."))
    strange = sorted(set(plan.leaf_codes) - plan.grids.keys())
    out += [(f"基元的编码“{c}”没有网格。", f"No grid has the code '{c}' of a cell.") for c in strange]
    return out


def _elements(county: County, plan: Plan) -> list[Problem]:
    counted = plan.rows.figures
    found = county.elements.tally(plan.rows.geometry)
    off = np.flatnonzero((counted != found).any(axis=1))
    if not len(off):
        return []
    k = int(off[0])
    name = FIGURES[int(np.flatnonzero(counted[k] != found[k])[0])]
    return [(
        f"{len(off)} 个基元的统计数与要素不符，例如基元 {plan.rows.id[k]} 的 {name}。",
        f"The figures of {len(off)} cells do not match the elements, such as {name} of cell {plan.rows.id[k]}.",
    )]  # fmt: skip


def _shapes(county: County, plan: Plan) -> list[Problem]:
    """Compare the polygons shown to a desktop GIS with the cells."""
    fresh = make_plan(plan.scheme, plan.county_code, plan.epsg, plan.outline, rows=plan.rows, grids=plan.grids)
    stored: dict[str, Any] = county.store.snapshot()[3]
    return [
        (f"网格“{c}”的范围与其基元不符。", f"The polygon of grid '{c}' does not match its cells.")
        for c in plan.grids
        if c not in stored or not shapely.equals_exact(stored[c], fresh.grid_geometry(c), normalize=True)
    ]
