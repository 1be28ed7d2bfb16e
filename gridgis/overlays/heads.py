"""Heads and values of the tables of incidents, hot spots, workload and alerts, as people read them in both languages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from gridgis.overlays.hotspots import EMERGING

Words = tuple[str, str]

HEADS: Mapping[str, Words] = {
    "code": ("网格编码", "Grid code"), "name": ("网格", "Grid"), "level": ("层级", "Level"), "reported": ("上报", "Reported"),
    "households": ("户数", "Households"), "persons": ("人口", "Persons"), "per_1000_households": ("每千户", "Per 1,000 households"),
    "per_1000_persons": ("每千人", "Per 1,000 persons"), "few": ("不足 30 户", "Under 30 households"),
    "valid": ("有效", "Valid"), "closed": ("办结", "Closed"), "in_grid": ("网格自办", "In the grid"), "in_joint": ("联合处置", "Jointly"),
    "in_dispatched": ("派单处置", "Dispatched"), "due": ("有时限且已到期或办结", "With a limit that is over"), "on_time": ("按期", "On time"),
    "valid_share": ("有效率", "Valid share"), "closed_share": ("办结率", "Closed share"), "on_time_share": ("按期率", "On-time share"),
    "within_2h": ("2 小时内办结", "Within 2 h"), "within_2d": ("2 天内办结", "Within 2 days"), "within_7d": ("7 天内办结", "Within 7 days"),
    "in_grid_share": ("网格自办率", "Handled in the grid"), "category": ("类别", "Category"), "n": ("件数", "Incidents"),
    "address": ("地址", "Address"), "first": ("前期", "Before"), "second": ("后期", "After"), "last": ("最近", "Last"), "since": ("最早", "First"),
    "per_day_first": ("前期日均", "Per day before"), "per_day_second": ("后期日均", "Per day after"), "change": ("变化", "Change"),
    "sure": ("超出偶然", "Beyond chance"), "x": ("横坐标", "Easting"), "y": ("纵坐标", "Northing"), "id": ("事件编号", "Incident"),
    "at": ("发生时间", "Time"), "why": ("原因", "Why"), "start": ("起始日", "From"), "before": ("变更前", "Before"), "after": ("变更后", "After"),
    "value": ("数值", "Value"), "z": ("Gi* 标准分", "Gi* z-score"), "p": ("P 值", "p"), "q": ("校正后 P 值", "p, corrected"),
    "spot": ("热点", "Hot spot"), "pattern": ("演变类型", "Pattern"), "hot_steps": ("热点期数", "Hot steps"),
    "cold_steps": ("冷点期数", "Cold steps"),
    "z_last": ("末期标准分", "Last z-score"), "trend": ("趋势", "Trend"), "community": ("所属网格", "Parent grid"), "class": ("等级", "Class"),
    "incidents": ("事件", "Incidents"), "floating": ("流动人口", "Floating"), "area_m2": ("面积（平方米）", "Area (m²)"),
    "factor": ("系数", "Factor"), "workload": ("工作量", "Workload"), "proposed": ("建议等级", "Proposed class"),
    "grids": ("网格数", "Grids"), "total": ("合计", "Total"), "mean": ("平均", "Mean"), "least": ("最小", "Least"), "most": ("最大", "Most"),
    "ratio": ("最大/最小", "Most / least"), "gini": ("基尼系数", "Gini"), "role": ("岗位", "Role"), "now": ("现等级应配", "Needed now"),
    "needed": ("建议等级应配", "Needed as proposed"), "held": ("现有", "Holders"), "share": ("占比", "Share"), "min": ("最小", "Min"),
    "max": ("最大", "Max"), "holder": ("责任人", "Holder"), "phone": ("电话", "Phone"), "figure": ("指标", "Figure"),
    "first_figure": ("数值一", "Figure 1"), "second_figure": ("数值二", "Figure 2"),
    "first_source": ("来源一", "Source 1"), "first_as_of": ("截至", "As of"), "second_source": ("来源二", "Source 2"),
    "second_as_of": ("截至", "As of"), "difference": ("相差", "Difference"), "weekday": ("星期", "Weekday"),
    "table": ("资料", "Table"), "source": ("来源", "Source"), "as_of": ("截至", "As of"), "rows": ("行数", "Rows"),
    "part_households": ("其中户数", "of households"), "part_incidents": ("其中事件", "of incidents"),
    "part_floating": ("其中流动人口", "of floating"), "part_area_m2": ("其中面积", "of ground"),
}  # fmt: skip

SPOTS: Mapping[str, Words] = {
    "hot99": ("热点（99%）", "Hot (99 %)"), "hot95": ("热点（95%）", "Hot (95 %)"), "none": ("不显著", "Not significant"),
    "cold95": ("冷点（95%）", "Cold (95 %)"), "cold99": ("冷点（99%）", "Cold (99 %)"),
}  # fmt: skip
_SHAPES = dict(zip(EMERGING, (
    ("新增", "New"), ("连续", "Consecutive"), ("加剧", "Intensifying"), ("持续", "Persistent"), ("减弱", "Diminishing"),
    ("零星", "Sporadic"), ("振荡", "Oscillating"), ("历史", "Historical"),
), strict=True))  # fmt: skip
PATTERNS: Mapping[str, Words] = {"none": ("无规律", "No pattern")} | {
    f"{side}_{key}": (f"{zh}{words[0]}", f"{shape[1]} {words[1]} spot")
    for side, words in (("hot", ("热点", "hot")), ("cold", ("冷点", "cold")))
    for key, shape in _SHAPES.items()
    for zh in (shape[0],)
}
WHY: Mapping[str, Words] = {"no_place": ("没有坐标", "no place"), "outside": ("不在任何网格内", "in no grid")}
HANDLING: Mapping[str, Words] = {
    "grid": ("网格自办", "In the grid"), "joint": ("联合处置", "Jointly"), "dispatched": ("派单处置", "Dispatched"),
}  # fmt: skip
STATUS: Mapping[str, Words] = {
    "reported": ("已上报", "Reported"), "handling": ("处置中", "In hand"), "closed": ("已办结", "Closed"),
}  # fmt: skip
WEEKDAYS: tuple[Words, ...] = (
    ("周一", "Mon"), ("周二", "Tue"), ("周三", "Wed"), ("周四", "Thu"), ("周五", "Fri"), ("周六", "Sat"), ("周日", "Sun"),
)  # fmt: skip
FIGURES: Mapping[str, Words] = {"households": ("户数", "households"), "persons": ("人口", "persons")}

SHARES = ("valid_share", "closed_share", "on_time_share", "within_2h", "within_2d", "within_7d", "in_grid_share", "change", "share")
TABLES: Mapping[str, Words] = {"buildings": ("建筑", "Buildings"), "population": ("人口资料", "Population")}
_VALUES: Mapping[str, Mapping[str, Words]] = {
    "spot": SPOTS, "pattern": PATTERNS, "why": WHY, "figure": FIGURES, "table": TABLES, "first_source": TABLES, "second_source": TABLES,
}  # fmt: skip


def in_words(frame: pd.DataFrame, lang: str, names: Mapping[str, Mapping[Any, Words]] | None = None) -> pd.DataFrame:
    """Return a table with its heads and values as people read them; the index becomes columns, shares per cent.

    Parameters
    ----------
    frame
        One of the tables.
    lang
        ``zh`` or ``en``.
    names
        Names of further values by column, such as the classes of a scheme.
    """
    other = int(lang == "en")
    flat = frame.reset_index() if frame.index.name else frame
    if "first_source" in flat:
        # Two sources, not two periods.
        flat = flat.rename(columns={"first": "first_figure", "second": "second_figure"})
    known = {**_VALUES, **(names or {})}
    out: dict[str, pd.Series[Any]] = {}
    for column in map(str, flat.columns):
        head = HEADS.get(column, (column, column))[other]
        # Two columns may share a head in words, such as two dates.
        while head in out:
            head += " "
        if column in SHARES:
            head += " %"
        out[head] = pd.Series([_shown(column, v, known, other) for v in flat[column].tolist()], dtype=object)
    return pd.DataFrame(out)


def _shown(column: str, value: Any, known: Mapping[str, Mapping[Any, Words]], other: int) -> Any:
    if column in known and value in known[column]:
        return known[column][value][other]
    if column in SHARES:
        return None if pd.isna(value) else round(100 * float(value), 1)
    if isinstance(value, bool):
        return (("否", "no"), ("是", "yes"))[value][other]
    if isinstance(value, pd.Timestamp):
        return value.strftime("%Y-%m-%d %H:%M") if value != value.normalize() else value.strftime("%Y-%m-%d")
    if isinstance(value, float):
        return None if pd.isna(value) else round(value, 4)
    return "" if value is None or value is pd.NaT else value


def plain(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a table as rows of plain values, for JSON; gaps are null."""
    flat = frame.reset_index() if frame.index.name else frame
    return [{str(k): _plain(v) for k, v in row.items()} for row in flat.to_dict("records")]


def _plain(value: Any) -> Any:
    if isinstance(value, pd.Timestamp):
        return value.isoformat(sep=" ")
    if value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value):
        return None
    return value.item() if hasattr(value, "item") else value


def named(items: Iterable[Any]) -> dict[str, Words]:
    """Return the names of entries of a scheme by their key."""
    return {item.key: (item.zh, item.en) for item in items}
