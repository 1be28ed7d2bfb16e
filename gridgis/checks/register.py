"""Rules on the register of codes and names, and on how fresh the figures are."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import Any

import pandas as pd

from gridgis.checks.finding import Finding, Fresh

STATISTICAL = 12
"""Digits of the national code of a community or village."""
STALE_MONTHS = 18
"""Population figures older than this are called stale."""


def number_gaps(county: Fresh) -> list[Finding]:
    """Find numbers under a parent that were never allotted although higher ones were."""
    plan, scheme = county.plan, county.scheme
    given: dict[str, set[int]] = defaultdict(set)
    for code in plan.ledger | plan.grids.keys():
        if len(code) in scheme.widths[1:] and code[len(scheme.stem(code)) :].isdecimal():
            given[scheme.stem(code)].add(scheme.number(code))
    out = []
    for stem, numbers in sorted(given.items()):
        level = scheme.level_of(stem + "0" * (next(w for w in scheme.widths if w > len(stem)) - len(stem)))
        # The numbers of fixed levels and of communities (12 digits: GB/T 2260, GB/T 10114 and the statistical list) come
        # from the e-map and national lists, which leave room on purpose and withdraw numbers.
        if level.fixed or scheme.width(level.key) == STATISTICAL or not _runs_from_one(numbers):
            continue
        missing = sorted(set(range(scheme.numbering.first, max(numbers))) - numbers)
        if missing:
            few = "、".join(map(str, missing[:5])) + ("…" if len(missing) > 5 else "")
            parent = stem if stem in plan.grids else scheme.parent(stem + "0" * level.digits)
            out.append(Finding(
                parent, len(missing), "numbers", f"“{stem}”下缺少序号 {few}（从未分配）。",
                f"Numbers {few.replace('、', ', ')} under '{stem}' were never allotted.",
                "核对是否漏登网格；确无遗漏可登记为例外。", "See whether a grid was left out; if not, accept the finding.",
            ))  # fmt: skip
    return out


def _runs_from_one(numbers: set[int]) -> bool:
    """Tell whether numbers count up in a row, as ours do, rather than follow a list from outside."""
    return len(numbers) > 1 and max(numbers) <= 2 * len(numbers) + 2


def outline_without_grid(county: Fresh) -> list[Finding]:
    """Find fixed outlines below the county that no living grid answers to."""
    fixed = county.table("boundaries")
    rows = fixed[(fixed["level"] != "county") & ~fixed["code"].isin(list(county.plan.grids))]
    return [
        Finding(
            str(code), round(float(shape.area), 2), "m2", f"电子地图有“{name or code}”（{code}）的界线，但没有这个网格。",
            f"The e-map has an outline of '{name or code}' ({code}), but there is no such grid.",
            "登记该网格，或删去这条界线。", "Register the grid, or drop the outline.", shape,
        )
        for code, name, shape in zip(rows["code"], rows["name"], rows.geometry, strict=True)
    ]  # fmt: skip


def same_name(county: Fresh) -> list[Finding]:
    """Find grids of one level under one parent that bear the same name."""
    plan = county.plan
    groups: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for code, grid in plan.grids.items():
        if grid.name:
            groups[grid.level, county.scheme.parent(code) or "", grid.name].append(code)
    out = []
    for (_, _, name), codes in sorted(groups.items()):
        for code in sorted(codes)[1:]:
            figures = plan.figures_of(code)
            out.append(Finding(
                code, len(codes), "grids", f"网格“{code}”与“{min(codes)}”同名：{name}。",
                f"Grids '{code}' and '{min(codes)}' are both called {name}.", "给其中一个改名。", "Rename one of them.",
                plan.grid_geometry(code), int(figures["households"]), int(figures["persons"]),
            ))  # fmt: skip
    return out


def reused(county: Fresh) -> list[Finding]:
    """Find codes that were voided and given to another grid later."""
    rows = pd.DataFrame(county.table("grids", ("code", "added_in", "removed_in", "void_reason")))
    kinds = dict(zip(*(county.log()[k] for k in ("version", "kind")), strict=True))
    out = []
    for code, mine in rows[rows["code"].duplicated(keep=False)].groupby("code"):
        if code not in county.plan.grids:
            continue
        lives = mine.sort_values("added_in")
        for before, after in zip(lives["removed_in"].tolist()[:-1], lives["added_in"].tolist()[1:], strict=True):
            # Undo and redo bring a code back to the grid that had it.
            if pd.notna(before) and after > before and kinds.get(after) not in ("undo", "redo", "import"):
                out.append(Finding(
                    str(code), int(after), "version", f"编码“{code}”在版本 {int(before)} 停用，又在版本 {int(after)} 给了别的网格。",
                    f"Code '{code}' was voided in version {int(before)} and given again in version {int(after)}.",
                    "用 gridgis recode 给它一个新编码。", "Give it a new code with gridgis recode.",
                ))  # fmt: skip
    return out


def stale_population(county: Fresh) -> list[Finding]:
    """Find figures of buildings whose date lies too far back."""
    dates = pd.DataFrame(county.table("buildings", ("as_of", "households", "persons")))
    said = dates[dates["as_of"].notna() & (dates["as_of"].astype(str) != "")]
    if not len(said):
        return []
    limit = (dt.date.fromisoformat(county.today) - dt.timedelta(days=round(STALE_MONTHS * 30.44))).isoformat()
    old: Any = said[said["as_of"].astype(str).str[:10] < limit]
    if not len(old):
        return []
    households, persons = (int(old[k].fillna(0).sum()) for k in ("households", "persons"))
    return [Finding(
        None, len(old), "buildings", f"{len(old)} 栋建筑的户数人口早于 {limit}（最早 {old['as_of'].min()}），已过时。",
        f"Households and persons of {len(old)} buildings date from before {limit} (the oldest {old['as_of'].min()}).",
        "导入新的人口数据。", "Import newer figures.", None, households, persons,
    )]  # fmt: skip
