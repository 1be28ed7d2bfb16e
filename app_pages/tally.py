"""Counts of incidents: per grid, per week, per category, with their source."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import altair as alt
import pandas as pd

from app_pages.desk import Desk
from app_pages.panel import number
from app_pages.state import say
from app_pages.words import WORDS

_INK, _MUTED, _LINE, _BAR = "#1f2d3a", "#64748b", "#e6ebf0", "#d2603f"
_DAYS = {"days_30": 30, "days_90": 90, "days_365": 365}


def last_days(first: dt.date, last: dt.date, period: str) -> tuple[dt.date, dt.date]:
    """Return first and last day of a period that ends with the newest incident."""
    days = _DAYS.get(period)
    return (first if days is None else max(first, last - dt.timedelta(days=days - 1))), last


def groups(categories: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return categories by group: what stands before a slash, else the category itself."""
    out: dict[str, tuple[str, ...]] = {}
    for category in sorted(categories):
        group = category.split("/")[0]
        out[group] = (*out.get(group, ()), category)
    return out


def per_grid(
    desk: Desk, level: str, since: str, until: str, categories: tuple[str, ...] | None
) -> dict[str, int]:  # fmt: skip
    """Return how many incidents lie in each grid that tiles the county at a level; grids with none are left out."""
    found = desk.incidents(since, until, categories)
    codes = desk.incident_codes().reindex(found.index).dropna().astype(str)
    width = desk.scheme.width(level)
    return {str(c): int(n) for c, n in codes.str.slice(0, width).value_counts().items()}


def facts(
    desk: Desk, level: str, found: pd.DataFrame, since: str, until: str, categories: tuple[str, ...] | None
) -> list[tuple[str, str]]:  # fmt: skip
    """Return total, daily mean, the busiest grid and how many grids have any."""
    counts = per_grid(desk, level, since, until, categories)
    days = max(1, (dt.date.fromisoformat(until) - dt.date.fromisoformat(since)).days)
    _, frame = desk.frame(level)
    rows = [
        (say("total_incidents"), f"{number(len(found))} {say('unit_incidents')}"),
        (say("per_day"), number(len(found) / days, 1)),
    ]
    if counts:
        top = max(counts, key=lambda c: counts[c])
        name = frame["name"].get(top) or top
        rows.append((say("busiest"), f"{name} · {number(counts[top])}"))
        rows.append((say("in_grids"), f"{number(len(counts))} / {number(len(frame))}"))
    return rows


def source(desk: Desk) -> str:
    """Return where the incidents come from and when they end, in words."""
    origin, as_of = desk.incident_source()
    shown = say("illustrative") if WORDS["illustrative"][0] in origin else origin
    return say("source", source=shown, as_of=as_of)


def _quiet(chart: Any, height: int) -> Any:
    return (
        chart.properties(height=height, background="transparent")
        .configure_view(stroke=None)
        .configure_axis(labelColor=_MUTED, labelFontSize=11, gridColor=_LINE, domain=False, ticks=False, title=None)
    )


def weekly(found: pd.DataFrame) -> Any:
    """Return the number of incidents per week as a chart, whole weeks only; dates in digits, which need no language."""
    day = pd.to_datetime(found["at"]).dt.normalize()
    back = (day.max() - day).dt.days // 7
    whole = (day.max() - day.min()).days // 7
    counts = back[back < max(whole, 1)].value_counts().rename_axis("back").reset_index(name="n")
    counts["week"] = day.max() - pd.to_timedelta(counts["back"] * 7 + 6, unit="D")
    days = "%m-%d" if whole < 20 else "%y-%m"
    chart = alt.Chart(counts).mark_area(
        line={"color": _BAR, "strokeWidth": 1.6}, color=_BAR, opacity=0.16, interpolate="monotone"
    ).encode(
        x=alt.X("week:T", axis=alt.Axis(format=days, grid=False, tickCount=min(6, len(counts)), labelOverlap=True, title=None)),
        y=alt.Y("n:Q", axis=alt.Axis(tickCount=4, title=None)),
        tooltip=[alt.Tooltip("week:T", format="%Y-%m-%d", title=" "), alt.Tooltip("n:Q", format=",", title=" ")],
    )  # fmt: skip
    return _quiet(chart, 150)


def by_category(found: pd.DataFrame) -> Any:
    """Return the number of incidents of each category as bars with their number."""
    counts = found["category"].value_counts().rename_axis("category").reset_index(name="n")
    base = alt.Chart(counts).encode(
        y=alt.Y("category:N", sort="-x", axis=alt.Axis(title=None, labelLimit=150, labelOverlap=False, labelFontSize=12, labelColor=_INK)),
        x=alt.X("n:Q", axis=None, scale=alt.Scale(domainMax=float(counts["n"].max()) * 1.25)),
    )  # fmt: skip
    bars = base.mark_bar(color=_BAR, opacity=0.8, cornerRadiusEnd=3, height={"band": 0.62})
    text = base.mark_text(align="left", dx=5, color=_MUTED, fontSize=11).encode(text=alt.Text("n:Q", format=","))
    return _quiet(bars + text, 24 * len(counts) + 6)
