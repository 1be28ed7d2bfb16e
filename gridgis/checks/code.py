"""Rules on codes: well-formed, unique, under a living parent, with ground."""

from __future__ import annotations

from gridgis.checks.finding import Finding, Fresh
from gridgis.errors import CodeError


def malformed(county: Fresh) -> list[Finding]:
    """Find codes that the scheme cannot read, or whose length contradicts their level."""
    scheme = county.scheme
    out = []
    for code, level in county.live_codes()[["code", "level"]].itertuples(index=False):
        try:
            fits = scheme.level_key(scheme.parse_grid(code)) == level and code.startswith(county.plan.county_code)
            zh, en = (
                f"编码“{code}”与层级“{level}”或本县区不符。",
                f"Code '{code}' does not fit level '{level}' or this county.",
            )
        except CodeError as error:
            fits, zh, en = False, error.zh, error.en
        if not fits:
            out.append(
                Finding(
                    code,
                    1,
                    "grid",
                    zh,
                    en,
                    "用 gridgis recode 改为规范编码。",
                    "Give it a proper code with gridgis recode.",
                )
            )
    return out


def duplicate(county: Fresh) -> list[Finding]:
    """Find codes that more than one live grid has."""
    counts = county.live_codes()["code"].value_counts()
    return [
        Finding(
            str(code), int(n), "grids", f"编码“{code}”被 {n} 个网格使用。", f"Code '{code}' is used by {n} grids.",
            "用 gridgis recode 给其中一个换新编码。", "Give one of them a new code with gridgis recode.",
        )
        for code, n in counts[counts > 1].items()
    ]  # fmt: skip


def orphan(county: Fresh) -> list[Finding]:
    """Find codes of cells that no grid has, and grids whose parent does not exist."""
    plan = county.plan
    out = []
    for code in plan.leaf_codes:
        if code not in plan.grids:
            out.append(
                _orphan(code, f"基元的编码“{code}”没有对应的网格。", f"No grid has the code '{code}' of a cell.")
            )
    for code in plan.grids:
        up = county.scheme.parent(code) if len(code) in county.scheme.widths else None
        if up is not None and up not in plan.grids and up != plan.county_code:
            out.append(
                _orphan(
                    code, f"网格“{code}”的上级“{up}”不存在。", f"The parent '{up}' of grid '{code}' does not exist."
                )
            )
    return out


def _orphan(code: str, zh: str, en: str) -> Finding:
    return Finding(code, 1, "grid", zh, en, "补登该网格，或改用现有编码。", "Register the grid, or use a living code.")


def without_ground(county: Fresh) -> list[Finding]:
    """Find grids that have no cell."""
    plan = county.plan
    return [
        Finding(
            code, 0, "cells", f"网格“{code}”没有任何范围。", f"Grid '{code}' has no ground.",
            "划入范围，或停用该编码。", "Give it ground, or void the code.",
        )
        for code in county.looked_at(plan.grids) if not plan.cell_ids(code)
    ]  # fmt: skip
