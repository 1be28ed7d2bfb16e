"""Charts and facts of incidents."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import altair as alt
import pandas as pd
import vl_convert

from app_pages import incidentdesk, veil
from app_pages.desk import Desk
from app_pages.panel import number
from app_pages.state import lang, say
from gridgis.analysing import Study, thinned
from gridgis.overlays import counting
from gridgis.overlays.heads import WEEKDAYS

_INK, _MUTED, _LINE, _BAR, _SECOND = "#1f2d3a", "#64748b", "#e6ebf0", "#d2603f", "#4577ab"
_DAYS = {"days_30": 30, "days_90": 90, "days_365": 365}
_FEW_STEPS = 3
_WIDTH = 640
SHARES = ("valid_share", "closed_share", "on_time_share", "within_2h", "within_2d", "within_7d", "in_grid_share")


def last_days(first: dt.date, last: dt.date, period: str) -> tuple[dt.date, dt.date]:
    """Return first and last day of a period that ends with the newest incident."""
    days = _DAYS.get(period)
    return (first if days is None else max(first, last - dt.timedelta(days=days - 1))), last


def facts(study: Study, grids: pd.DataFrame, k: int = 0) -> list[tuple[str, str]]:
    """Return total, daily mean, rates with what they are of, the busiest grid, and how many grids have any; small numbers below k."""
    n, found = len(study.frame), grids["reported"]
    rows = [(say("total_incidents"), f"{veil.total(n, k)} {say('unit_incidents')}".strip())]
    if n < k:
        return rows
    rows.append((say("per_day"), number(n / study.days(study.wish), 1)))
    for one, unit in (("households", "rate_unit_h"), ("persons", "rate_unit_p")):
        of = int(grids[one].sum())
        # A sum over hidden numbers would be no sum.
        if of and not k:
            rate = say("rate_of", rate=number(1000 * int(found.sum()) / of, 1), n=number(of), unit=say(unit))
            rows.append((say(f"rate_{one}"), rate))
    if found.fillna(0).any():
        top = str(found.idxmax())
        rows.append((say("busiest"), f"{grids.at[top, 'name'] or top!s} · {number(found[top])}"))
        rows.append((say("in_grids"), f"{number(int((found.fillna(1) > 0).sum()))} / {number(len(found))}"))
    if len(study.unlocated):
        rows.append((say("unlocated_n"), veil.total(len(study.unlocated), k)))
    return rows


def handled(study: Study, k: int = 0) -> list[tuple[str, str]]:
    """Return the shares that are known, per cent; none that tells of fewer than k incidents or all but so few."""
    found = counting.shares(study.frame, pd.Series("all", index=study.frame.index), study.now)
    if found.empty:
        return []
    row = found.iloc[0]
    n = float(row["reported"])
    return [(say(s), f"{100 * float(row[s]):.1f}%") for s in SHARES
            if pd.notna(row[s]) and not any(0 < round(part * n) < k for part in (row[s], 1 - row[s]))]  # fmt: skip


def quiet(chart: Any, height: int) -> Any:
    """Return a chart in the quiet dress of the pages."""
    return (
        chart.properties(height=height, background="white")
        .configure_view(stroke=None)
        .configure_axis(labelColor=_MUTED, labelFontSize=11, gridColor=_LINE, domain=False, ticks=False, title=None)
        .configure_legend(orient="top", title=None, labelColor=_MUTED, labelFontSize=11, padding=0, offset=4)
    )


def drawn(charts: list[Any]) -> str:
    """Return charts as one SVG, one below the other; words stay words, so that every script is shown by the reader's fonts."""
    parts = [vl_convert.vegalite_to_svg(c.properties(width=_WIDTH).to_dict()) for c in charts]
    sizes = [[float(v) for v in re.findall(r'(?:width|height)="([\d.]+)"', p)[:2]] for p in parts]
    tops = [20 + sum(h + 24 for _, h in sizes[:k]) for k in range(len(parts))]
    wide, high = max(w for w, _ in sizes) + 40, tops[-1] + sizes[-1][1] + 20
    placed = "".join(p.replace("<svg ", f'<svg x="20" y="{y:.0f}" ', 1) for p, y in zip(parts, tops, strict=True))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide:.0f}" height="{high:.0f}">'
    return f'{head}<rect width="100%" height="100%" fill="#fff"/>{placed}</svg>'


def trend(study: Study, step: counting.Step, k: int = 0) -> Any:
    """Return reported and closed incidents by day, week or month as a chart; dates in digits, which need no language."""
    found = counting.trend(study.frame, step)
    if len(found) > _FEW_STEPS:
        # Steps that the period does not cover wholly would look like a fall.
        one: Any = {"day": pd.Timedelta(days=1), "week": pd.Timedelta(days=7), "month": pd.offsets.MonthBegin(1)}[step]
        end = found["start"] + one
        days = study.frame["at"].dt.normalize()
        found = found[(found["start"] >= days.min()) & (end <= days.max() + pd.Timedelta(days=1))]
    if k:
        found = found.assign(**{c: thinned(found[c], k).astype(float) for c in ("reported", "closed")})
    names = {"reported": say("trend_reported"), "closed": say("trend_closed")}
    long = found.rename(columns=names).melt("start", var_name="kind", value_name="n")
    days = "%m-%d" if len(found) < 130 and step != "month" else "%y-%m"
    colour = alt.Color("kind:N", scale=alt.Scale(domain=list(names.values()), range=[_BAR, _SECOND]), title=None)
    chart = alt.Chart(long).mark_line(strokeWidth=1.7, interpolate="monotone").encode(
        x=alt.X("start:T", axis=alt.Axis(format=days, grid=False, tickCount=min(6, max(len(found), 1)), labelOverlap=True, title=None)),
        y=alt.Y("n:Q", axis=alt.Axis(tickCount=4, title=None)),
        color=colour,
        tooltip=[alt.Tooltip("start:T", format="%Y-%m-%d", title=" "), alt.Tooltip("n:Q", format=",", title=" ")],
    )  # fmt: skip
    return quiet(chart, 170)


def by_category(desk: Desk, study: Study, k: int = 0) -> Any:
    """Return the number of incidents of each category as bars with their number."""
    tree = incidentdesk.categories(desk)
    found, words = study.frame["category"][study.frame["category"] != ""].value_counts(), lang()
    every = found.groupby([_short(tree.name(c, words), words) for c in found.index]).sum().sort_values(ascending=False, kind="stable")
    counts = (thinned(every, k).dropna() if k else every).rename_axis("category").reset_index(name="n").head(24)
    base = alt.Chart(counts).encode(
        y=alt.Y("category:N", sort="-x", axis=alt.Axis(title=None, labelLimit=170, labelOverlap=False, labelFontSize=12, labelColor=_INK)),
        x=alt.X("n:Q", axis=None, scale=alt.Scale(domainMax=float(counts["n"].max() if len(counts) else 1) * 1.4)),
    )  # fmt: skip
    bars = base.mark_bar(color=_BAR, opacity=0.8, cornerRadiusEnd=3, height={"band": 0.62})
    text = base.mark_text(align="left", dx=5, color=_MUTED, fontSize=11).encode(text=alt.Text("n:Q", format=","))
    return quiet(bars + text, 24 * len(counts) + 6)


def _short(category: str, words: str) -> str:
    """Return a category as there is room for: in English the matter alone."""
    return category.split("/")[-1] if words == "en" else category


def week_hours(study: Study, k: int = 0) -> Any:
    """Return weekdays and hours as squares, darker where more incidents came."""
    days = [words[lang() == "en"] for words in WEEKDAYS]
    table = counting.week_hours(study.frame)
    if k:
        table = thinned(pd.Series(table.stack()), k).astype(float).unstack()
    long = table.set_axis(pd.Index(days, name="day")).reset_index().melt("day", var_name="hour", value_name="n")
    chart = alt.Chart(long).mark_rect(stroke="white", strokeWidth=1).encode(
        y=alt.Y("hour:O", axis=alt.Axis(title=None, values=list(range(0, 24, 3)))),
        x=alt.X("day:N", sort=days, axis=alt.Axis(title=None, orient="top", labelAngle=0, labelFlush=False, labelOverlap=False)),
        color=alt.Color("n:Q", scale=alt.Scale(range=["#fdf4e8", "#f6bf8c", "#da6c48", "#7d2a22"]), legend=None),
        tooltip=[alt.Tooltip("day:N", title=" "), alt.Tooltip("hour:O", title=" "), alt.Tooltip("n:Q", format=",", title=" ")],
    )  # fmt: skip
    return quiet(chart, 430)


def bars(labels: list[str], values: list[float], colours: list[str] | None = None) -> Any:
    """Return bars with their number, in the order given."""
    names = [f"{n}{' ' * labels[:i].count(n)}" for i, n in enumerate(labels)]  # namesakes keep a bar each
    data = pd.DataFrame({"name": names, "n": values, "colour": colours or [_BAR] * len(names)})
    base = alt.Chart(data).encode(
        y=alt.Y("name:N", sort=None, axis=alt.Axis(title=None, labelLimit=200, labelOverlap=False, labelFontSize=12, labelColor=_INK)),
        x=alt.X("n:Q", axis=None, scale=alt.Scale(domainMin=min([*values, 0.0]), domainMax=max([*values, 1.0]) * 1.4)),
    )  # fmt: skip
    filled = base.mark_bar(opacity=0.85, cornerRadiusEnd=3, height={"band": 0.62}).encode(color=alt.Color("colour:N", scale=None))
    text = base.mark_text(align="left", dx=5, color=_MUTED, fontSize=11).encode(text=alt.Text("n:Q", format=",.4~f"))
    return quiet(filled + text, max(24 * len(data) + 6, 110))
