"""Rules on size: households or persons within the band of the scheme."""

from __future__ import annotations

from gridgis.checks.finding import CheckedCounty, Finding


def out_of_band(county: CheckedCounty) -> list[Finding]:
    """Find grids whose households and persons both lie outside the band of their level and zone."""
    plan, scheme = county.plan, county.scheme
    out = []
    for code, grid in plan.grids.items():
        band = scheme.band(grid.level, grid.zone or None)
        if band is None:
            continue
        figures = plan.figures_of(code)
        households, persons = int(figures["households"]), int(figures["persons"])
        if band.met(households, persons):
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
