"""Reports as documents with charts and maps: coverage check, incidents of a month, staffing."""

from __future__ import annotations

import calendar
import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridgis import checks
from gridgis.county import County
from gridgis.errors import InputError
from gridgis.locate import locate
from gridgis.peoplebook import TITLES, in_words, staffing_tables
from gridgis.print import charts
from gridgis.print.country import Country, country_of
from gridgis.print.document import Document
from gridgis.print.scene import Look, draw_map
from gridgis.print.svg import Frame, tag
from gridgis.staff.people import level_name, people_of, role_name
from gridgis.staff.staffing import vacancies

KINDS = ("check", "incidents", "staffing")
TITLES_OF = MappingProxyType({"check": ("覆盖检查报告", "Coverage check"), "incidents": ("事件月报", "Incidents of the month"),
                              "staffing": ("队伍报告", "Staffing report")})  # fmt: skip
_MAP_MM = (178.0, 150.0)
_ROWS = 60


def report(county: County, kind: str, lang: str, month: str | None = None) -> Document:
    """Return a report on a county.

    Parameters
    ----------
    county
        The county.
    kind
        One of `KINDS`.
    lang
        ``zh`` or ``en``.
    month
        ``YYYY-MM`` for incidents; the month of the county's own day by default.

    Raises
    ------
    InputError
        It is no such month.
    """
    other = int(lang == "en")
    name = county.meta.get("name", "") or county.code
    doc = Document(lang, f"{name}{TITLES_OF[kind][0]}" if not other else f"{name}: {TITLES_OF[kind][1]}")
    mark = ("示意 illustrative：界线、人员、数字与事件均为示意数据", "Illustrative: boundaries, people, figures and incidents are generated")
    facts = (f"版本 {county.version} · 方案指纹 {county.plan.hash[:12]}", f"Version {county.version} · plan hash {county.plan.hash[:12]}")
    doc.foot = [*([mark[other]] if county.illustrative else []), facts[other]]
    doc.subtitle = today = county.today
    country = country_of(county)
    if kind == "check":
        _check(doc, county, country, other)
    elif kind == "incidents":
        _incidents(doc, county, country, month or today[:7])
    else:
        _staffing(doc, county, country, other, today)
    return doc


def top_level(county: County) -> str:
    """Return the coarsest level, whose grids a map of the county can name."""
    return str(county.scheme.level_keys[0])


def _figure_map(doc: Document, country: Country, values: Mapping[str, float], level: str, caption: tuple[str, str]) -> None:
    """Add a map of figures by grid, and what its colours mean."""
    fills, words = charts.classes(values)
    frame = Frame.around(country.plan.outline, *_MAP_MM, margin=0.02)
    drawn = draw_map(country, frame, Look(level, fills=fills, names=_short_names(country, level), detail=False))
    doc.show([(drawn.svg, caption[doc.lang == "en"])])
    doc.show([(charts.key(words, 178), "")], frame=False)


def _short_names(country: Country, level: str) -> dict[str, str]:
    return {c: country.plan.grids[c].name for c in country.plan.codes(level) if country.plan.grids[c].name}


def _check(doc: Document, county: County, country: Country, other: int) -> None:
    found = checks.check(county)
    names = {r["rule"]: (r["zh"], r["en"])[other] for r in checks.rule_list()}
    errors = int((found["severity"] == "error").sum())
    counts = Counter(found["rule"])
    plan = county.plan
    covered = float(shapely.area(plan.rows.geometry).sum()) / float(shapely.area(plan.outline))
    doc.facts([
        [("错误", "Errors")[other], f"{errors:,}"], [("提醒", "Warnings")[other], f"{len(found) - errors:,}"],
        [("检查规则", "Rules run")[other], str(len(names))], [("覆盖率", "Covered")[other], f"{100 * covered:.4f} %"],
        *[[level_name(plan.scheme, k)[other], f"{len(plan.codes(k)):,}"] for k in plan.scheme.level_keys],
    ], 2)  # fmt: skip
    if not len(found):
        doc.text("全部规则通过：没有空隙，没有重叠，没有其他问题。", "Every rule is met: no gap, no overlap, nothing else.")
    else:
        doc.heading("按规则", "By rule")
        doc.show([(charts.bars([(names[k], n) for k, n in counts.most_common()]), "")], frame=False)
    doc.heading("位置", "Where")
    frame = Frame.around(plan.outline, *_MAP_MM, margin=0.02)
    level = top_level(county)
    svg = draw_map(country, frame, Look(level, names=_short_names(country, level), detail=False)).svg
    known = found[~found.geometry.isna() & ~found.geometry.is_empty]
    points: Any = frame.on_paper(shapely.get_coordinates(shapely.centroid(known.geometry.values))) if len(known) else []
    dots = "".join(tag("circle", cx=f"{x:.2f}", cy=f"{y:.2f}", r=1.0, fill="#b3261e", fill_opacity=0.8) for x, y in points)
    doc.show([(svg.replace("</svg>", dots + "</svg>"), (f"{len(known)} 处问题的位置", f"Where the {len(known)} findings lie")[other])])
    if len(found):
        doc.heading("问题清单", "Findings")
        head = (["规则", "编码", "说明", "建议"], ["Rule", "Code", "What", "What to do"])[other]
        words, fix = ("words_en", "fix_en") if other else ("words", "fix")
        shown = found.head(_ROWS)
        doc.table(head, [[names[r], c or "", w, f] for r, c, w, f in
                         zip(shown["rule"], shown["code"], shown[words], shown[fix], strict=True)], widths=[1.5, 2, 4, 4], size=7.5)  # fmt: skip
        _rest(doc, len(found))


def _rest(doc: Document, count: int) -> None:
    if count > _ROWS:
        doc.text(f"共 {count:,} 行，此处列出前 {_ROWS} 行。", f"{count:,} rows in all; the first {_ROWS} are shown.")


def _incidents(doc: Document, county: County, country: Country, month: str) -> None:
    other = int(doc.lang == "en")
    year, number = _month(month)
    days = calendar.monthrange(year, number)[1]
    frame = pd.DataFrame(county.store.frame(
        "incidents", ("id", "at", "category", "status", "due_at", "closed_at", "handled_in", "valid", "x", "y")))  # fmt: skip
    mine = frame[frame["at"].astype(str).str[:7] == f"{year:04d}-{number:02d}"].reset_index(drop=True)
    doc.subtitle = (f"{year} 年 {number} 月", f"{calendar.month_name[number]} {year}")[other]
    if not len(mine):
        raise _none_in(month, sorted(set(frame["at"].astype(str).str[:7])))
    closed = mine["closed_at"].notna() & (mine["closed_at"].astype(str) != "")
    due = mine["due_at"].notna() & (mine["due_at"].astype(str) != "")
    late = int((due & closed & (mine["closed_at"].astype(str) > mine["due_at"].astype(str))).sum())
    share = (("（", "）"), (" (", ")"))[other]
    doc.facts([
        [("事件", "Incidents")[other], f"{len(mine):,}"],
        [("有效", "Valid")[other], f"{int((pd.to_numeric(mine['valid']).fillna(1) > 0).sum()):,}"],
        [("已办结", "Closed")[other], f"{int(closed.sum()):,}{share[0]}{100 * closed.mean():.1f} %{share[1]}"],
        [("超时办结", "Closed late")[other], f"{late:,}" if due.any() else ("未设时限", "no limits set")[other]],
    ], 2)  # fmt: skip
    doc.heading("每日", "Day by day")
    per_day = Counter(mine["at"].astype(str).str[8:10])
    doc.show([(charts.columns([(str(k), per_day.get(f"{k:02d}", 0)) for k in range(1, days + 1)]), "")], frame=False)
    doc.heading("按类别", "By category")
    doc.show([(charts.bars(Counter(mine["category"].fillna("—").astype(str)).most_common(16)), "")], frame=False)
    doc.heading("按处置方式", "By who handled them")
    handled = {"grid": ("网格内处置", "in the grid"), "joint": ("联合处置", "jointly"), "dispatched": ("转办", "dispatched")}
    ways = Counter(handled.get(str(v), ("未登记", "not recorded"))[other] for v in mine["handled_in"])
    doc.show([(charts.bars(ways.most_common()), "")], frame=False)
    doc.heading("按网格", "By grid")
    level = top_level(county)
    width = county.scheme.width(level)
    leaf = locate(county.plan, mine[["x", "y"]].to_numpy(dtype=np.float64))
    per = Counter(str(c)[:width] for c in leaf if c is not None)
    _figure_map(doc, country, {c: float(per.get(c, 0)) for c in county.plan.codes(level)}, level, ("各网格事件数", "Incidents by grid"))
    doc.show([(charts.bars([(county.plan.grids[c].name or c, n) for c, n in per.most_common() if c in county.plan.grids]), "")], frame=False)


def _none_in(month: str, there: list[str]) -> InputError:
    if not there:
        return InputError("县区里没有事件：请先导入事件。", "The county has no incidents: import some first.")
    return InputError(
        f"{month} 没有事件：现有 {there[0]} 至 {there[-1]}。",
        f"There are no incidents in {month}; there are some from {there[0]} to {there[-1]}.",
    )


def _month(text: str) -> tuple[int, int]:
    try:
        day = dt.datetime.strptime(text, "%Y-%m")
    except ValueError as error:
        raise InputError(
            f"“{text}”不是月份：请写成 2026-10 这样。", f"'{text}' is no month: write it like 2026-10."
        ) from error
    return day.year, day.month


def _staffing(doc: Document, county: County, country: Country, other: int, today: str) -> None:
    plan, people = county.plan, people_of(county, today)
    lacking = vacancies(plan, people)
    tables = staffing_tables(county, day=today)
    held = Counter(people.postings["role"])
    doc.facts([
        [("人员", "People")[other], f"{len(people.staff):,}"], [("组织", "Bodies")[other], f"{len(people.organisations):,}"],
        [("现任职", "Postings in force")[other], f"{len(people.postings):,}"],
        [("空缺岗位", "Vacancies")[other], f"{int((lacking['needed'] - lacking['held']).sum()):,}"],
    ], 2)  # fmt: skip
    doc.heading("各岗位任职", "Postings by role")
    doc.show([(charts.bars([(role_name(plan.scheme, k)[other], n) for k, n in held.most_common()]), "")], frame=False)
    level = top_level(county)
    width = plan.scheme.width(level)
    doc.heading("每名任职者的户数", "Households for each holder")
    codes = plan.codes(level)
    posted = Counter(str(c)[:width] for c in people.postings["code"])
    homes = {c: plan.figures_of(c)["households"] / max(posted.get(c, 0), 1) for c in codes}
    _figure_map(doc, country, homes, level, ("每项任职对应的户数", "Households for each posting"))
    head = (["网格", "户数", "任职", "空缺"], ["Grid", "Households", "Postings", "Vacancies"])[other]
    empty = Counter(str(c)[:width] for c in lacking["code"])
    doc.table(head, [[plan.grids[c].name or c, int(plan.figures_of(c)["households"]), posted.get(c, 0), empty.get(c, 0)]
                     for c in codes], right=[1, 2, 3])  # fmt: skip
    for name, frame in tables.items():
        if len(frame) and name != "suggestions":
            _listed(doc, name, in_words(plan.scheme, name, frame.head(_ROWS), doc.lang), len(frame))


def _listed(doc: Document, name: str, frame: pd.DataFrame, count: int) -> None:
    doc.heading(*TITLES[name])
    rows: Sequence[Sequence[Any]] = frame.astype(object).where(frame.notna(), None).to_numpy().tolist()
    doc.table(list(map(str, frame.columns)), rows, size=7.5)
    _rest(doc, count)
