"""The change form (变更登记表): what became of the grids between two versions, with maps, figures and bounds in words."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pandas as pd
import shapely
import xlsxwriter

from gridgis.county import County
from gridgis.diff import Difference, differences
from gridgis.errors import InputError
from gridgis.io.workbook import SAFE
from gridgis.plan import Plan
from gridgis.print.country import Country, country_of
from gridgis.print.document import Document
from gridgis.print.scene import Look, draw_map
from gridgis.print.sides import sides_of
from gridgis.print.svg import Frame
from gridgis.print.typeset import press
from gridgis.publishing import publications
from gridgis.staff.people import level_name

CHANGES = MappingProxyType({"added": ("新设", "new"), "removed": ("停用", "voided"), "reshaped": ("界线调整", "redrawn"),
                            "changed": ("属性变更", "attributes")})  # fmt: skip
KINDS = MappingProxyType({
    "split": ("拆分", "split"), "merge": ("合并", "merge"), "transfer": ("划转", "transfer"), "paint": ("涂改", "paint"),
    "reshape": ("界线调整", "reshape"), "recode": ("改码", "recode"), "convert": ("改类型", "convert"),
    "undo": ("撤销", "undo"), "redo": ("重做", "redo"), "import": ("导入", "import"), "cells": ("细分基元", "cells"),
    "combine": ("并入草稿", "combine"), "restore": ("恢复", "restore"),
})  # fmt: skip
_MAP_MM = (86.0, 78.0)


@dataclass(frozen=True, eq=False)
class Change:
    """What happened between two versions.

    Attributes
    ----------
    first, second
        The versions.
    rows
        Grids that differ, at the level that was edited.
    others
        How many grids of other levels changed with them.
    edits
        Rows of the log between the versions.
    in_force
        Day from which a published version holds, else empty.
    bounds
        Bounds in words of each grid that is new or redrawn: code to four (direction, words) in both languages.
    before, after
        Maps as SVG.
    """

    name: str
    illustrative: bool
    first: int
    second: int
    rows: list[Difference]
    others: int
    edits: pd.DataFrame
    in_force: str
    bounds: dict[str, list[tuple[tuple[str, str], tuple[str, str]]]]
    before: str
    after: str
    plans: tuple[Plan, Plan]


def change_of(county: County, first: int, second: int) -> Change:
    """Return what happened between two versions of a county.

    Raises
    ------
    InputError
        The versions are in the wrong order, do not exist, or nothing differs between them.
    """
    if first >= second:
        raise InputError(
            f"变更登记表从较早的版本到较晚的版本：{first} 不早于 {second}。",
            f"A change form goes from the earlier version to the later: {first} is not before {second}.",
        )
    plans = county.plan_at(first), county.plan_at(second)
    found = differences(*plans)
    if not found:
        raise InputError(
            f"版本 {first} 与 {second} 之间没有差异，无需登记。", f"Nothing differs between versions {first} and {second}."
        )
    # The form is of the level that was edited; what only went along with it is counted.
    born = [len(d.code) for d in found if d.change in ("added", "removed")]
    width = min(born) if born else max(len(d.code) for d in found)
    rows = [d for d in found if len(d.code) == width]
    log = county.log()
    edits = log[(log["version"] > first) & (log["version"] <= second)]
    day = next((p.in_force for p in publications(county) if p.version == second), "")
    ground = _ground(plans, rows)
    country = country_of(county, shapely.buffer(ground, 1.5 * max(*_spans(ground), 200.0)).bounds)
    now = country.at(plans[1])
    bounds = {d.code: [(s.word, s.words) for s in sides_of(now, d.code)] for d in rows if d.change in ("added", "reshaped")}
    pictures = [_map(country.at(p), rows, ground) for p in plans]
    name = county.meta.get("name", "") or county.code
    return Change(name, county.illustrative, first, second, rows, len(found) - len(rows), edits, day, bounds,
                  pictures[0], pictures[1], plans)  # fmt: skip


def _spans(shape: Any) -> tuple[float, float]:
    west, south, east, north = shape.bounds
    return east - west, north - south


def _ground(plans: tuple[Plan, Plan], rows: Sequence[Difference]) -> Any:
    shapes = [p.grid_geometry(d.code) for p in plans for d in rows if d.code in p.grids]
    return shapely.box(*shapely.total_bounds(shapes))


def _map(country: Country, rows: Sequence[Difference], ground: Any) -> str:
    plan = country.plan
    own = tuple(d.code for d in rows if d.code in plan.grids)
    frame = Frame.around(ground, *_MAP_MM, margin=0.08)
    level = rows[0].level
    return draw_map(country, frame, Look(level, own, names={c: c[len(plan.scheme.parent(c) or ""):] for c in own}, places=False)).svg


def form_document(change: Change, lang: str) -> Document:
    """Return the form as a document."""
    other = int(lang == "en")
    words = ("网格变更登记表", "Grid change form")
    doc = Document(lang, words[other], _subtitle(change, other), _foot(change, other))
    doc.facts(facts_of(change, lang), 2)
    doc.heading("变更内容", "What changed")
    head, rows = table_of(change, lang)
    doc.table(head, rows, right=list(range(4, len(head))), size=7.8, widths=[2.9, 3.0, 1.4, 1.4, 1.8, 2.2, 1.8])
    if change.others:
        doc.text(f"随之变化的其他层级网格 {change.others} 个。", f"{change.others} grids of other levels changed with them.")
    doc.heading("变更前后", "Before and after")
    captions = ((f"变更前（版本 {change.first}）", f"变更后（版本 {change.second}）"),
                (f"Before (version {change.first})", f"After (version {change.second})"))[other]  # fmt: skip
    doc.show([(change.before, captions[0]), (change.after, captions[1])])
    doc.text("图中数字为本级编码，全码见上表。", "Numbers on the maps are the last part of the codes listed above.")
    if change.bounds:
        doc.heading("四至", "Bounds")
        doc.table(*bounds_of(change, lang), size=8, widths=[2.6, 2.5, 2.5, 2.5, 2.5])
    doc.heading("审签", "Signatures")
    labels = (["填表人", "社区（村）意见", "乡镇（街道）意见", "县级主管部门意见"],
              ["Filled in by", "Community", "Township", "County authority"])[other]  # fmt: skip
    doc.sign(labels, ("年　　月　　日", "Date:            ")[other])
    return doc


def _subtitle(change: Change, other: int) -> str:
    return (f"{change.name} · 版本 {change.first} → {change.second}", f"{change.name} · versions {change.first} → {change.second}")[other]


def _foot(change: Change, other: int) -> list[str]:
    mark = ("示意 illustrative：界线与数字均为示意数据", "Illustrative: boundaries and figures are generated")[other]
    hashes = f"{change.plans[0].hash[:12]} → {change.plans[1].hash[:12]}"
    return [*([mark] if change.illustrative else []), (f"方案指纹 {hashes}", f"plan hash {hashes}")[other]]


def facts_of(change: Change, lang: str) -> list[list[str]]:
    """Return what stands at the head of the form: kind, reason, who, when, codes, day in force."""
    other = int(lang == "en")
    stop = ("；", "; ")[other]

    def listed(column: str) -> str:
        return stop.join(dict.fromkeys(str(v) for v in change.edits[column] if v)) or "—"

    kinds = stop.join(dict.fromkeys(KINDS.get(str(k), (str(k), str(k)))[other] for k in change.edits["kind"]))
    codes = {k: [d.code for d in change.rows if d.change == k] for k in ("added", "removed")}
    comma = ("、", ", ")[other]
    days = ("　　年　　月　　日", "________")[other]
    when = stop.join(dict.fromkeys(str(v)[:10] for v in change.edits["at"]))
    return [
        [("变更类型", "Kind")[other], kinds or "—"], [("变更原因", "Reason")[other], listed("reason")],
        [("办理人", "By")[other], listed("by")], [("办理日期", "On")[other], when or "—"],
        [("停用编码", "Codes voided")[other], comma.join(codes["removed"]) or "—"],
        [("新设编码", "Codes created")[other], comma.join(codes["added"]) or "—"],
        [("层级", "Level")[other], level_name(change.plans[1].scheme, change.rows[0].level)[other]],
        [("启用日期", "In force from")[other], change.in_force or days],
    ]  # fmt: skip


def table_of(change: Change, lang: str) -> tuple[list[str], list[list[Any]]]:
    """Return the grids that changed, with households, persons and ground before and after."""
    other = int(lang == "en")
    head = (["编码", "名称", "变化", "类型", "户数", "人口", "移动面积 m²"],
            ["Code", "Name", "Change", "Kind", "Households", "Persons", "Ground moved m²"])[other]  # fmt: skip
    rows = []
    for d in change.rows:
        plan = change.plans[0] if d.after is None else change.plans[1]
        grid = plan.grids[d.code]
        kinds = {k.key: (k.zh, k.en)[other] for k in plan.scheme.kinds}
        rows.append([d.code, grid.name, CHANGES[d.change][other], kinds.get(grid.kind, grid.kind or "—"),
                     _arrow(d, "households"), _arrow(d, "persons"), round(d.moved_m2, 1)])  # fmt: skip
    sums = [[sum(int(s[k]) for s in sides if s) for sides in zip(*[(d.before, d.after) for d in change.rows], strict=True)]
            for k in ("households", "persons")]  # fmt: skip
    rows.append([("合计", "Total")[other], "", "", "", *(f"{a:,} → {b:,}" for a, b in sums), ""])
    return head, rows


def _arrow(d: Difference, key: str) -> str:
    a, b = (f"{int(side[key]):,}" if side else "—" for side in (d.before, d.after))
    return a if a == b else f"{a} → {b}"


def bounds_of(change: Change, lang: str) -> tuple[list[str], list[list[str]]]:
    """Return the bounds in words of each grid that is new or redrawn."""
    other = int(lang == "en")
    head = (["编码", "东至", "南至", "西至", "北至"], ["Code", "East", "South", "West", "North"])[other]
    return head, [[code, *(words[other] for _, words in four)] for code, four in change.bounds.items()]


def form_workbook(change: Change, lang: str) -> bytes:
    """Return the form as a workbook: one sheet to fill in and sign, with both maps."""
    out, other = io.BytesIO(), int(lang == "en")
    with xlsxwriter.Workbook(out, SAFE) as book:
        page = book.add_worksheet(("变更登记表", "Change form")[other])
        page.set_paper(9)
        page.fit_to_pages(1, 0)
        page.set_column(0, 6, 19)
        style = {k: book.add_format(v) for k, v in {
            "title": {"bold": True, "font_size": 16, "align": "center"}, "head": {"bold": True, "bg_color": "#F1E8DA", "border": 1},
            "cell": {"border": 1, "text_wrap": True, "valign": "top", "num_format": "@"}, "soft": {"font_color": "#6D675E"},
        }.items()}  # fmt: skip
        page.merge_range(0, 0, 0, 6, ("网格变更登记表", "Grid change form")[other], style["title"])
        page.write_string(1, 0, " · ".join([_subtitle(change, other), *_foot(change, other)]), style["soft"])
        row = 3
        for name, value in facts_of(change, lang):
            page.write_string(row, 0, name, style["head"])
            page.merge_range(row, 1, row, 6, value, style["cell"])
            row += 1
        for head, rows in (table_of(change, lang), *([bounds_of(change, lang)] if change.bounds else [])):
            row = _rows(page, row + 1, head, rows, style)
        row = _pictures(page, row + 1, change, other)
        labels = (["填表人", "社区（村）意见", "乡镇（街道）意见", "县级主管部门意见"],
                  ["Filled in by", "Community", "Township", "County authority"])[other]  # fmt: skip
        for k, label in enumerate(labels):
            page.write_string(row, k, label, style["head"])
            page.write_blank(row + 1, k, None, style["cell"])
        page.set_row(row + 1, 60)
    return out.getvalue()


def _rows(page: Any, row: int, head: Sequence[str], rows: Sequence[Sequence[Any]], style: dict[str, Any]) -> int:
    for k, name in enumerate(head):
        page.write_string(row, k, name, style["head"])
    for values in rows:
        row += 1
        for k, value in enumerate(values):
            write = page.write_string if isinstance(value, str) else page.write_number
            write(row, k, value, style["cell"])
    return row + 1


def _pictures(page: Any, row: int, change: Change, other: int) -> int:
    for k, (svg, zh, en) in enumerate(((change.before, "变更前", "Before"), (change.after, "变更后", "After"))):
        page.write_string(row, 3 * k, (zh, en)[other])
        data = press("picture").set({"width": _MAP_MM[0], "height": _MAP_MM[1]}, {"map": svg}, ("png",), 180)[0]
        page.insert_image(row + 1, 3 * k, "map.png", {"image_data": io.BytesIO(data), "x_scale": 0.68, "y_scale": 0.68})
    return row + 18
