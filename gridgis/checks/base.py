"""The list of rules, and the one call that runs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import geopandas as gpd
import numpy as np

from gridgis.checks import (
    blocks,
    code,
    cuts,
    element,
    exceptions,
    ground,
    people,
    register,
    service,
    shape,
    size,
)
from gridgis.checks.finding import CheckedCounty, Finding, Fresh
from gridgis.errors import InputError

COLUMNS = ("rule", "severity", "code", "measure", "unit", "households", "persons", "words", "words_en", "fix", "fix_en")
Progress = Callable[[float, str], None]
Scope = Literal["grid", "ground", "emap", "whole"]


@dataclass(frozen=True)
class Rule:
    """A rule: key, severity (`error` or `warning`), names, and the function that finds.

    Attributes
    ----------
    scope
        What has to be looked at again after an edit: each ``grid`` that it touched, what lies near the
        changed ``ground``, nothing (``emap``: the plan does not matter), or the ``whole`` county.
    """

    key: str
    severity: str
    zh: str
    en: str
    find: Callable[[Fresh], Sequence[Finding]]
    scope: Scope = "whole"


RULES: tuple[Rule, ...] = (
    Rule("gap", "error", "空隙", "gap", ground.gaps),
    Rule("overlap", "error", "重叠", "overlap", ground.overlaps),
    Rule("invalid", "error", "几何无效", "invalid geometry", ground.invalid),
    Rule("outside_parent", "error", "越出上级界线", "outside its parent", ground.outside_parent),
    Rule("multi_part", "warning", "网格不连片", "grid in several parts", ground.multi_part, "grid"),
    Rule("unassigned", "warning", "未划入网格", "in no grid yet", ground.unassigned),
    Rule("parent_unfilled", "warning", "上级未被下级填满", "parent not filled", shape.parent_unfilled, "grid"),
    Rule("hole", "warning", "网格中有洞", "grid with a hole", shape.holes, "grid"),
    Rule("sliver", "warning", "碎屑", "sliver", shape.slivers, "grid"),
    Rule("spike", "warning", "尖刺", "spike", shape.spikes, "grid"),
    Rule("near_miss", "warning", "顶点几乎重合", "vertices nearly meet", shape.near_misses, "ground"),
    Rule("unmatched_edge", "error", "界线两侧不咬合", "edge without a twin", shape.unmatched_edges),
    Rule("code_malformed", "error", "编码不规范", "malformed code", code.malformed),
    Rule("code_duplicate", "error", "编码重复", "duplicate code", code.duplicate),
    Rule("code_orphan", "error", "编码无上级或无网格", "code without parent or grid", code.orphan),
    Rule("code_reused", "error", "编码重复启用", "code given again", register.reused),
    Rule("number_gap", "warning", "序号有缺", "numbers left out", register.number_gaps),
    Rule("outline_orphan", "warning", "有界线无网格", "outline without grid", register.outline_without_grid),
    Rule("name_duplicate", "warning", "网格同名", "same name twice", register.same_name),
    Rule("grid_empty", "error", "网格没有范围", "grid without ground", code.without_ground, "grid"),
    Rule("element_none", "error", "要素不在任何网格", "element in no grid", element.in_none, "ground"),
    Rule("element_two", "error", "要素同时在两个网格", "element in two grids", element.in_two),
    Rule("building_cut", "warning", "建筑被界线切开", "building cut by a boundary", cuts.buildings_cut, "ground"),
    Rule("compound_cut", "warning", "小区被界线切开", "compound cut by a boundary", cuts.compounds_cut, "ground"),
    Rule("block_cut", "warning", "界线横穿街块", "boundary cuts across a block", blocks.block_cut, "grid"),
    Rule("road_unowned", "warning", "道路无网格管", "road that no grid owns", cuts.roads_unowned),
    Rule("place_uncovered", "warning", "场所未覆盖", "place not covered", cuts.places_uncovered),
    Rule("grid_unpeopled", "warning", "网格内无人无房", "grid without people", size.without_people, "grid"),
    Rule("size_band", "warning", "规模不在范围内", "size out of band", size.out_of_band, "grid"),
    Rule("role_vacant", "warning", "岗位空缺", "role vacant", people.vacant),
    Rule("building_head_missing", "warning", "缺楼栋长", "building head missing", people.no_building_head),
    Rule("party_group_missing", "warning", "缺党小组", "party group missing", people.no_party_group),
    Rule("register_empty", "warning", "尚无任职登记", "nobody posted yet", people.register_empty),
    Rule("role_overload", "warning", "任职过多或重复", "too many postings", people.overcharged),
    Rule("posting_void", "warning", "任职网格已停用", "posting for a void code", people.void),
    Rule("posting_unknown", "error", "任职登记有误", "posting in error", people.unknown),
    Rule("phone_malformed", "warning", "电话不规范", "malformed phone", people.phone_malformed),
    Rule("visit_overdue", "warning", "走访超期", "visit overdue", people.visit_overdue),
    Rule("service_far", "warning", "服务圈之外", "beyond the service circle", service.too_far),
    Rule("patrol_missed", "warning", "网格未巡查", "grid not patrolled", service.not_patrolled),
    Rule("road_unwalked", "warning", "道路未巡到", "roads not walked", service.roads_unwalked),
    Rule("exception_expired", "warning", "例外已到期", "exception expired", exceptions.expired),
    Rule("population_stale", "warning", "人口数据过时", "stale population figures", register.stale_population, "emap"),
)


def rule_list() -> list[dict[str, str]]:
    """Return every rule with its key, severity and names."""
    return [{"rule": r.key, "severity": r.severity, "zh": r.zh, "en": r.en} for r in RULES]


def check(
    county: CheckedCounty, rules: Sequence[str] | None = None, progress: Progress | None = None, *, accepted: bool = False,
) -> gpd.GeoDataFrame:  # fmt: skip
    """Return the findings of a county, worst first.

    Parameters
    ----------
    county
        An open county.
    rules
        Keys of the rules to run; all by default.
    progress
        Called with a share from 0 to 1 and the name of the rule at work.
    accepted
        List findings with an exception in force too; they are left out by default.

    Returns
    -------
    GeoDataFrame
        One finding a row: rule, severity, code, measure, unit, households, persons, words (Chinese),
        words_en, fix, fix_en, geometry in the county's CRS; with `accepted` also a column of that
        name: the reason of the exception, empty where there is none.

    Raises
    ------
    InputError
        A rule is not known.
    """
    view = Fresh(county)
    found = {r.key: found_by(r, view, tell) for r, tell in each_rule(rules, progress)}
    return framed(county, found, accepted=accepted, today=view.today)


def each_rule(rules: Sequence[str] | None, progress: Progress | None) -> list[tuple[Rule, Callable[[], None]]]:
    """Return the rules wanted, each with what tells that it is at work.

    Raises
    ------
    InputError
        A rule is not known.
    """
    known = {r.key for r in RULES}
    unknown = [r for r in rules or () if r not in known]
    if unknown:
        raise InputError(
            f"没有规则“{unknown[0]}”：用 gridgis check --list 查看全部规则。",
            f"There is no rule '{unknown[0]}': gridgis check --list names them all.",
        )
    wanted = [r for r in RULES if rules is None or r.key in rules]

    def teller(k: int, rule: Rule) -> Callable[[], None]:
        return lambda: progress(k / len(wanted), rule.zh) if progress else None

    return [(r, teller(k, r)) for k, r in enumerate(wanted)]


def found_by(rule: Rule, view: Fresh, tell: Callable[[], None] = lambda: None) -> list[Finding]:
    """Return what a rule finds, in an order that depends on nothing but the findings."""
    tell()
    return in_order(rule.find(view))


def in_order(findings: Sequence[Finding]) -> list[Finding]:
    """Return findings by code and words."""
    return sorted(findings, key=lambda f: (f.code or "", f.words))


def framed(
    county: CheckedCounty, found: Mapping[str, Sequence[Finding]], *, accepted: bool = False, today: str = "",
) -> gpd.GeoDataFrame:  # fmt: skip
    """Return findings by rule as `check` does, with the exceptions in force on the day on which they were found."""
    severity = {r.key: r.severity for r in RULES}
    rows: list[dict[str, Any]] = [
        {"rule": key, "severity": severity[key]} | f.row() for key, findings in found.items() for f in findings
    ]
    order = np.argsort([r["severity"] != "error" for r in rows], kind="stable")
    data = {c: [rows[k][c] for k in order] for c in COLUMNS}
    frame = gpd.GeoDataFrame(data, geometry=[rows[k]["geometry"] for k in order], crs=county.crs)
    reasons = exceptions.reasons(frame, county.table("exceptions"), today or county.today)
    if accepted:
        return frame.assign(accepted=reasons)
    # An empty list would choose columns.
    return frame[np.array([not r for r in reasons], dtype=bool)].reset_index(drop=True)
