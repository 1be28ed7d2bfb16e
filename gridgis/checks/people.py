"""Rules on people: every required role held, by somebody who exists, reachable, not overcharged, in time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridgis.checks.finding import Finding, Fresh
from gridgis.phones import SEPARATORS, is_phone, tidy_phone
from gridgis.plan import Plan
from gridgis.staff.people import level_name, role_name
from gridgis.staff.staffing import doubles, heirs, overdue, strays


def _at(plan: Plan, code: str) -> tuple[Any, int, int]:
    """Return polygon, households and persons of a grid, nothing for a code that is none."""
    if code not in plan.grids:
        return None, 0, 0
    figures = plan.figures_of(code)
    return plan.grid_geometry(code), int(figures["households"]), int(figures["persons"])


BUILDING_HEAD, PARTY_GROUP = "building_head", "party_group"
"""Roles whose vacancy has a rule of its own; schemes call them so."""


def vacant(county: Fresh) -> list[Finding]:
    """Find required roles without enough holders, grid by grid, once the county has posted anybody."""
    return _vacant(county, ~county.vacancies["role"].isin([BUILDING_HEAD, PARTY_GROUP]))


def no_building_head(county: Fresh) -> list[Finding]:
    """Find grids that need a building head and have none."""
    return _vacant(county, county.vacancies["role"] == BUILDING_HEAD)


def no_party_group(county: Fresh) -> list[Finding]:
    """Find grids that need a party group and have none."""
    return _vacant(county, county.vacancies["role"] == PARTY_GROUP)


def _vacant(county: Fresh, chosen: Any) -> list[Finding]:
    people, plan = county.people, county.plan
    found = county.vacancies[chosen]
    if not people.any_posting or found.empty:
        return []
    out = []
    advice = _advice(county.suggestions)
    for v in found.to_dict("records"):
        role, role_en = role_name(county.scheme, v["role"])
        lacks = v["needed"] - v["held"]
        fix, fix_en = advice.get((v["role"], v["code"]), (
            f"gridgis post … --role {v['role']} --code {v['code']} --staff 人员编号",
            f"gridgis post … --role {v['role']} --code {v['code']} --staff ID",
        ))  # fmt: skip
        out.append(Finding(
            v["code"], lacks, "vacancies", f"网格“{v['name'] or v['code']}”（{v['code']}）缺{role} {lacks} 名（应有 {v['needed']}）。",
            f"Grid '{v['name'] or v['code']}' ({v['code']}) lacks {lacks} {role_en} of {v['needed']}.", fix, fix_en, *_at(plan, v["code"]),
        ))  # fmt: skip
    return out


def _advice(suggested: pd.DataFrame) -> dict[tuple[str, str], tuple[str, str]]:
    why = {
        "home": ("家在本网格", "lives there"),
        "near": ("住处最近", "lives nearest"),
        "free": ("尚无任职", "has no posting"),
    }
    out = {}
    for s in suggested.to_dict("records"):
        kind = "organisation" if s["kind"] == "organisation" else "staff"
        command = f"gridgis post … --role {s['role']} --code {s['code']} --{kind} {s['holder']}"
        zh, en = why[s["reason"]]
        out[s["role"], s["code"]] = (
            f"建议{s['holder_name']}（{zh}）：{command}",
            f"Suggested: {s['holder_name']} ({en}): {command}",
        )
    return out


def register_empty(county: Fresh) -> list[Finding]:
    """Find required roles of a county that has posted nobody yet: one finding a role."""
    people, plan = county.people, county.plan
    if people.any_posting:
        return []
    out = []
    for key, rows in county.vacancies.groupby("role", sort=False):
        (role, role_en), n = role_name(county.scheme, str(key)), int((rows["needed"] - rows["held"]).sum())
        level, level_en = level_name(county.scheme, plan.grids[rows["code"].iloc[0]].level)
        out.append(Finding(
            None, n, "vacancies", f"尚无任职登记：{level}的{role}共缺 {n} 名。",
            f"Nobody is posted yet: {n} {role_en} are wanted at level '{level_en}'.",
            "导入人员、组织与任职台账，或用 gridgis post --suggested 接受建议。",
            "Import the registers of staff, bodies and postings, or accept what gridgis post --suggested proposes.",
            None, int(rows["households"].sum()), int(rows["persons"].sum()),
        ))  # fmt: skip
    return out


def overcharged(county: Fresh) -> list[Finding]:
    """Find holders with more grids than their role allows, and postings entered twice."""
    people, plan = county.people, county.plan
    out = []
    for d in doubles(plan, people).to_dict("records"):
        role, role_en = role_name(county.scheme, d["role"])
        who, codes = d["name"] or d["holder"], d["codes"]
        if d["what"] == "several":
            continue
        figures = [_at(plan, c) for c in codes]
        shapes = [f[0] for f in figures if f[0] is not None]
        zh, en = (
            (f"{who}（{d['holder']}）任 {d['count']} 个网格的{role}，上限为 {d['at_most']} 个。",
             f"{who} ({d['holder']}) is {role_en} of {d['count']} grids and may have {d['at_most']}.")
            if d["what"] == "over" else
            (f"{who}（{d['holder']}）在网格“{codes[0]}”的{role}登记了 {d['count']} 次。",
             f"{who} ({d['holder']}) is entered {d['count']} times as {role_en} of grid '{codes[0]}'.")
        )  # fmt: skip
        out.append(Finding(
            codes[0], d["count"], "postings", zh, en, "用 gridgis post … --end 任职编号 结束多余的任职。",
            "End what is too much with gridgis post … --end POSTING.", shapely.union_all(shapes) if shapes else None,
            sum(f[1] for f in figures), sum(f[2] for f in figures),
        ))  # fmt: skip
    return out


def void(county: Fresh) -> list[Finding]:
    """Find postings for codes that no live grid has."""
    people, plan = county.people, county.plan
    found = strays(plan, people)
    found = found[found["fault"] == "void"]
    if found.empty:
        return []
    to = heirs(plan, sorted(set(found["code"])), pd.DataFrame(county.table("grids")))
    out = []
    for p in found.to_dict("records"):
        role, role_en = role_name(county.scheme, p["role"])
        heir = to.get(p["code"])
        fix = (
            f"移到承接的网格“{heir}”：gridgis staffing … --follow。",
            f"Move it to the grid that followed, '{heir}': gridgis staffing … --follow.",
        )
        none = (f"gridgis post … --end {p['posting']}", f"gridgis post … --end {p['posting']}")
        out.append(Finding(
            heir or p["code"], 1, "postings", f"任职“{p['posting']}”（{role}）的网格“{p['code']}”已停用或不存在。",
            f"Posting '{p['posting']}' ({role_en}) is for '{p['code']}', which no live grid has.",
            *(fix if heir else none), *_at(plan, heir or ""),
        ))  # fmt: skip
    return out


def unknown(county: Fresh) -> list[Finding]:
    """Find postings whose holder or role is not there, or whose role is not one of the grid's."""
    people, plan = county.people, county.plan
    found = strays(plan, people)
    out = []
    for p in found[found["fault"] != "void"].to_dict("records"):
        role, role_en = role_name(county.scheme, p["role"])
        zh, en = (
            (f"任职“{p['posting']}”的担任者“{p['holder']}”不在台账中。",
             f"Posting '{p['posting']}' is of '{p['holder']}', whom no register has.")
            if p["fault"] == "holder" else
            (f"任职“{p['posting']}”的岗位“{role}”不属于网格“{p['code']}”。",
             f"Posting '{p['posting']}': role '{role_en}' is not one of grid '{p['code']}'.")
        )  # fmt: skip
        out.append(Finding(
            p["code"], 1, "postings", zh, en, f"补登台账或改正任职，或结束它：gridgis post … --end {p['posting']}。",
            f"Complete the register or correct the posting, or end it: gridgis post … --end {p['posting']}.", *_at(plan, p["code"]),
        ))  # fmt: skip
    return out


def phone_malformed(county: Fresh) -> list[Finding]:
    """Find telephone numbers that nobody can call."""
    people = county.people
    out = []
    for table, zh, en in ((people.staff, "人员", "Person"), (people.organisations, "组织", "Organisation")):
        wrong = table[[bool(p) and not callable_phone(p) for p in table["phone"]]]
        for row in wrong.reset_index().to_dict("records"):
            at = None if np.isnan(row["x"]) or np.isnan(row["y"]) else shapely.Point(row["x"], row["y"])
            out.append(Finding(
                None, 1, "phones", f"{zh}“{row['name']}”（{row['id']}）的电话“{row['phone']}”不是可拨打的号码。",
                f"{en} '{row['name']}' ({row['id']}): '{row['phone']}' is no number to call.",
                "改为手机号（11 位）或带区号的座机后重新导入台账。",
                "Make it a mobile number of 11 digits or a land line with area code, and import the register again.", at,
            ))  # fmt: skip
    return out


def callable_phone(text: str) -> bool:
    """Tell whether a text is one or more telephone numbers as they are dialled in China."""
    return all(is_phone(tidy_phone(part)) for part in SEPARATORS.split(text))


def visit_overdue(county: Fresh) -> list[Finding]:
    """Find grids whose official has not been there in time."""
    people, plan = county.people, county.plan
    out = []
    for v in overdue(plan, people).to_dict("records"):
        role, role_en = role_name(county.scheme, v["role"])
        who, where = v["staff_name"] or v["staff"], v["name"] or v["code"]
        zh = f"已 {v['days']} 天未走访" if v["days"] is not None else "没有走访记录"
        en = f"has not visited it for {v['days']} days" if v["days"] is not None else "never visited it"
        out.append(Finding(
            v["code"], v["days"] or 0, "days", f"{role}{who}{zh}网格“{where}”（{v['code']}），应每 {v['visit_days']} 天至少一次。",
            f"{role_en.capitalize()} {who} answers for grid '{where}' ({v['code']}) and {en}; every {v['visit_days']} days is due.",
            "安排走访并登记。", "Have the visit made and entered.", *_at(plan, v["code"]),
        ))  # fmt: skip
    return out
