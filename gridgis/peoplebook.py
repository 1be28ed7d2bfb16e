"""The tables of people as workbooks, in either language: staffing, and the call list of an emergency."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pandas as pd

from gridgis.county import County
from gridgis.io.workbook import Sheet
from gridgis.schema import TABLES
from gridgis.scheme import Scheme
from gridgis.staff.commanding import GROUPS, Situation, situation
from gridgis.staff.people import level_name, people_of, role_name
from gridgis.staff.staffing import doubles, overdue, overload, strays, vacancies
from gridgis.staff.suggesting import suggestions

TITLES = MappingProxyType({
    "vacancies": ("空缺岗位", "Vacancies"), "suggestions": ("建议任职", "Suggestions"), "double": ("重复任职", "Double postings"),
    "overload": ("负担过重", "Overload"), "overdue": ("走访超期", "Visits overdue"), "stray": ("失效任职", "Strays"),
    "overview": ("概况", "Overview"), "calls": ("通讯录", "Call list"), "grids": ("涉及网格", "Grids"),
    "buildings": ("建筑", "Buildings"), "places": ("场所", "Places"),
})  # fmt: skip
"""Names of the tables, which are also those of the sheets."""

HEADS = MappingProxyType({
    "role": ("岗位", "Role"), "code": ("网格编码", "Code"), "name": ("名称", "Name"), "needed": ("应有", "Needed"),
    "held": ("现有", "Held"), "households": ("户数", "Households"), "persons": ("人口", "Persons"), "kind": ("类别", "Kind"),
    "holder": ("担任者编号", "Holder"), "holder_name": ("担任者", "Name of holder"), "phone": ("电话", "Phone"),
    "reason": ("依据", "Why"), "distance_m": ("距离 m", "Distance m"), "what": ("情形", "What"), "codes": ("网格", "Grids"),
    "count": ("数量", "Count"), "at_most": ("上限", "At most"), "grids": ("网格数", "Grids"), "median": ("户数中位数", "Median"),
    "times": ("倍数", "Times"), "staff": ("人员编号", "Staff"), "staff_name": ("人员", "Name of official"),
    "last": ("最近走访", "Last visit"), "days": ("已过天数", "Days"), "visit_days": ("应每几天", "Every days"),
    "posting": ("任职编号", "Posting"), "fault": ("问题", "Fault"), "level": ("层级", "Level"), "share": ("占网格比例 %", "Share of grid %"),
    "wholly": ("是否全部", "Wholly"), "area_m2": ("面积 m²", "Area m²"), "buildings": ("建筑", "Buildings"), "floating": ("流动人口", "Floating"),
    "elderly_alone": ("独居老人", "Elderly alone"), "disabled": ("残疾人", "Disabled"), "source": ("来源", "Source"),
    "places": ("场所", "Places"), "id": ("编号", "Id"), "use": ("用途", "Use"), "storeys": ("层数", "Storeys"),
})  # fmt: skip

VALUES = MappingProxyType({
    "reason": {"home": ("住在本网格", "lives there"), "near": ("住处最近", "lives nearest"), "free": ("住处未登记", "home not known")},
    "what": {"over": ("超过上限", "over the limit"), "repeated": ("重复登记", "entered twice"), "several": ("一岗多人", "several holders")},
    "fault": {"void": ("网格已停用", "void code"), "holder": ("担任者不在台账", "holder unknown"), "role": ("岗位不符", "role does not fit")},
    "kind": {"person": ("人员", "person"), "organisation": ("组织", "organisation"), "unknown": ("不在台账", "not in a register"),
             "vacant": ("空缺", "vacant")},
    "source": {"posting": ("任职", "posting"), "joined": ("入格组织", "joined body"), "register": ("网格台账", "grid register")},
})  # fmt: skip
"""What values of a column are called; all others stand as they are."""


def staffing_tables(county: County, role: str | None = None, day: str | None = None) -> dict[str, pd.DataFrame]:
    """Return vacancies, suggestions, double, overload, overdue and stray of a county, for one role or for all."""
    plan, people = county.plan, people_of(county, day or county.today)
    calls = {"vacancies": vacancies, "suggestions": suggestions, "double": doubles, "overload": overload,
             "overdue": overdue, "stray": strays}  # fmt: skip
    return {name: call(plan, people, role) for name, call in calls.items()}


def command_of(county: County, area: Any, day: str | None = None) -> Situation:
    """Return what lies in an area of a county, and who answers for it; see `gridgis.staff.commanding.situation`."""
    near = {t: [c.name for c in TABLES[t] if c.kind != "geometry"] for t in ("buildings", "places")}
    tables = (
        county.table("buildings", near["buildings"], area.bounds),
        county.table("places", near["places"], area.bounds),
    )
    people = people_of(county, day or county.today)
    return situation(county.plan, people, area, tables, county.meta.get("name", ""))


def shown(scheme: Scheme, column: str, value: Any, lang: str) -> Any:
    """Return a value of a table as people read it."""
    other = int(lang == "en")
    if column == "role":
        return role_name(scheme, str(value))[other]
    if column == "level":
        return level_name(scheme, str(value))[other]
    if column in VALUES and value in VALUES[column]:
        return VALUES[column][value][other]
    if isinstance(value, (list, tuple)):
        return (" " if other else "、").join(map(str, value))
    if column == "wholly":
        return ("是", "yes")[other] if value else ("部分", "partly")[other]
    if column == "share":
        return None if value is None or value != value else round(100 * float(value), 2)
    return None if isinstance(value, float) and value != value else value


def in_words(scheme: Scheme, name: str, frame: pd.DataFrame, lang: str) -> pd.DataFrame:
    """Return a table of people with its heads and values as people read them."""
    other = int(lang == "en")
    places = {p.key: (p.zh, p.en)[other] for p in scheme.places} if name == "places" else {}
    out = {}
    for column in map(str, frame.columns):
        values = frame[column].astype(object).tolist()
        known = places if column == "kind" else {}
        out[HEADS[column][other]] = pd.Series(
            [known.get(v) or shown(scheme, column, v, lang) for v in values], dtype=object
        )
    return pd.DataFrame(out)


def sheet(scheme: Scheme, name: str, frame: pd.DataFrame, lang: str) -> Sheet:
    """Return a table of people as a sheet."""
    return Sheet(TITLES[name][lang == "en"], in_words(scheme, name, frame, lang))


def staffing_sheets(scheme: Scheme, tables: dict[str, pd.DataFrame], lang: str) -> list[Sheet]:
    """Return the tables of a staffing report as sheets."""
    return [sheet(scheme, name, frame, lang) for name, frame in tables.items()]


def overview_rows(found: Situation, scheme: Scheme, lang: str) -> list[list[Any]]:
    """Return what lies in the area as (name, figure): grids of each level, groups, places of each kind."""
    other = int(lang == "en")
    counts = found.grids["level"].value_counts()
    kinds = {p.key: (p.zh, p.en)[other] for p in scheme.places}
    return [
        [HEADS["area_m2"][other], round(found.area.area)],
        *([level_name(scheme, v)[other], int(counts[v])] for v in scheme.level_keys if v in counts),
        *([HEADS[k][other], found.totals[k]] for k in (*GROUPS, "buildings", "places")),
        *([kinds.get(k, k), n] for k, n in found.places.items()),
    ]


def command_sheets(found: Situation, scheme: Scheme, lang: str) -> list[Sheet]:
    """Return a situation as sheets: overview, call list, grids, buildings, places."""
    other = int(lang == "en")
    heads = ["item", "count"] if other else ["项目", "数量"]
    overview = Sheet(TITLES["overview"][other], pd.DataFrame(overview_rows(found, scheme, lang), columns=heads))
    houses = found.buildings.reindex(columns=["id", "use", "storeys", *GROUPS])
    sites = found.sites.reindex(columns=["id", "kind", "name"])
    return [overview, *(sheet(scheme, n, f, lang) for n, f in
            (("calls", found.calls), ("grids", found.grids), ("buildings", houses), ("places", sites)))]  # fmt: skip
