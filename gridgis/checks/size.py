"""Rules on size: households or persons within the band of the scheme."""

from __future__ import annotations

from gridgis.checks.finding import Finding, Fresh


def out_of_band(county: Fresh) -> list[Finding]:
    """Find grids whose households and persons both lie outside the band of their level and zone."""
    plan, scheme = county.plan, county.scheme
    out = []
    for code in county.looked_at(plan.grids):
        grid = plan.grids[code]
        band = scheme.band(grid.level, grid.zone or None)
        if band is None:
            continue
        figures = plan.figures_of(code)
        households, persons = int(figures["households"]), int(figures["persons"])
        # A grid without anybody is told once, by its own rule.
        if band.met(households, persons) or not (households or persons or figures["buildings"]):
            continue
        zh = "、".join(f"{a[0]}–{a[1]} {u}" for a, u in ((band.households, "户"), (band.persons, "人")) if a)
        en = " or ".join(
            f"{a[0]}-{a[1]} {u}" for a, u in ((band.households, "households"), (band.persons, "persons")) if a
        )
        out.append(Finding(
            code, households, "households", f"网格“{code}”{households} 户 {persons} 人，不在 {zh} 之内。",
            f"Grid '{code}' has {households} households and {persons} persons, outside {en}.",
            "拆分过大的网格，或与相邻网格合并、调整。", "Split what is too large, or merge or adjust with a neighbour.",
            plan.grid_geometry(code), households, persons,
        ))  # fmt: skip
    return out


def without_people(county: Fresh) -> list[Finding]:
    """Find grids with a size band but not a single household or building, where the county has any."""
    plan, scheme = county.plan, county.scheme
    if not plan.rows.figures[:, :3].any():
        return []
    out = []
    for code in county.looked_at(plan.grids):
        grid = plan.grids[code]
        if scheme.band(grid.level, grid.zone or None) is None:
            continue
        figures = plan.figures_of(code)
        if not figures["households"] and not figures["buildings"]:
            out.append(Finding(
                code, 0, "households", f"网格“{code}”内没有一户、一栋建筑。", f"Grid '{code}' has no household and no building.",
                "与相邻网格合并，或核对建筑数据。", "Merge it with a neighbour, or check the buildings.", plan.grid_geometry(code),
            ))  # fmt: skip
    return out
