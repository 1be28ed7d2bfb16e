"""Commands about what happens on the grids: incidents, hotspots."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
import typer

from gridgis.analysing import VALUES, Study, categories_of, public, save_categories, study
from gridgis.cli.common import County, Json, Lang, dump, say, table, write_csv
from gridgis.cli.history import version_of
from gridgis.county import County as Opened
from gridgis.county import open_county
from gridgis.errors import InputError
from gridgis.io.workbook import Sheet, write_workbook
from gridgis.overlays import counting
from gridgis.overlays.heads import WEEKDAYS, in_words, plain
from gridgis.overlays.incidents import HANDLED, Wish

Level = Annotated[str, typer.Option("--level", help="层级 / level")]
Since = Annotated[str, typer.Option("--since", metavar="DATE", help="起始日 / first day")]
Until = Annotated[str, typer.Option("--until", metavar="DATE", help="截止日（含） / last day")]
Kinds = Annotated[list[str] | None, typer.Option("--category", help="大类或“大类/小类”，可多次 / group or group/matter")]
States = Annotated[list[str] | None, typer.Option("--status", help="状态 / state")]
Ways = Annotated[list[str] | None, typer.Option("--handled", help="grid|joint|dispatched")]
Within = Annotated[list[str] | None, typer.Option("--within", metavar="CODE", help="只看这些网格之内 / within these grids")]
Out = Annotated[Path | None, typer.Option("--out", help="写成 .csv 或 .xlsx / write .csv or .xlsx")]
_SHOWN = ("name", "reported", "households", "per_1000_households", "per_1000_persons", "valid_share", "closed_share",
          "within_2d", "in_grid_share")  # fmt: skip
_TOP = 20


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.command("incidents")(incidents)
    app.command("hotspots")(hotspots)


def incidents(
    county: County, level: Level,
    since: Since = "", until: Until = "", category: Kinds = None, status: States = None, handled: Ways = None,
    within: Within = None,
    step: Annotated[Literal["day", "week", "month"], typer.Option("--by", help="趋势按日、周、月 / trend by")] = "month",
    compare: Annotated[str, typer.Option("--compare", metavar="D1:D2", help="与这一时段（含两端）比较 / with this period")] = "",
    as_of: Annotated[str, typer.Option("--as-of", help="按该版本或日期的网格统计 / on the grids of a version or date")] = "",
    against: Annotated[str, typer.Option("--against", help="再按另一版本统计，列出差别 / and on another version")] = "",
    radius: Annotated[float, typer.Option("--radius", min=1, max=500, help="反复发生地的半径（米） / of repeated places")] = 25.0,
    k: Annotated[int, typer.Option("--k", min=0, help="公开口径：小于 K 的数隐去 / public view: hide numbers below K")] = 0,
    categories: Annotated[Path | None, typer.Option("--categories", help="类别文件 TOML，存入县区 / tree of categories, kept")] = None,
    out: Out = None, json: Json = False, lang: Lang = "zh",
) -> None:  # fmt: skip
    """事件：各网格的件数与比率、办理率、趋势、周时分布、时段比较、反复发生地 / Incidents: counts, rates, shares, trend."""
    wish = wish_of(since, until, category, status, handled, within)
    with open_county(county) as c:
        if categories is not None:
            save_categories(c, categories)
        found = study(c, wish, version_of(c, as_of) if as_of else None)
        tables = _tables(found, level, step, radius)
        if compare:
            tables["compare"] = found.against(_period(compare, wish), level)
        if against:
            other = c.plan_at(version_of(c, against))
            tables["rebinned"] = counting.rebinned(found.plan, other, found.frame)
        if k:
            # What everybody may see is the number alone: the other columns and tables would give it away.
            tables = {"grids": public(found, level, k)}
        facts = _facts(c, found, level) if not k else {"k": k, "level": level}
        kinds = {n: categories_of(c).name(n, lang) for n in found.every["category"].unique()}
    if json:
        dump(facts | {name: plain(frame) for name, frame in tables.items()})
    elif out is None:
        _print(facts, tables, kinds, lang)
    if out is not None:
        _write(out, tables, "grids", kinds, lang)


def wish_of(
    since: str, until: str, category: list[str] | None, status: list[str] | None, handled: list[str] | None,
    within: list[str] | None,
) -> Wish:  # fmt: skip
    """Return what the options ask for; `until` is the last day here."""
    strange = next((h for h in handled or () if h not in HANDLED), None)
    if strange is not None:
        raise InputError(
            f"--handled 没有“{strange}”：可用 {'、'.join(HANDLED)}。",
            f"--handled: there is no '{strange}', use {', '.join(HANDLED)}.",
        )
    first = _day(since, "--since") if since else None
    last = _day(until, "--until") if until else None
    if first and last and first > last:
        raise InputError(f"--since {since} 在 --until {until} 之后：请对调。", f"--since {since} is after --until {until}: swap them.")  # fmt: skip
    end = (last + dt.timedelta(days=1)).isoformat() if last else ""
    return Wish(first.isoformat() if first else "", end, *(tuple(v or ()) for v in (category, status, handled, within)))


def _day(text: str, option: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise InputError(
            f"{option} 的“{text}”不是日期：请写作 2026-01-31。", f"{option}: '{text}' is no date, write 2026-01-31."
        ) from error


def _period(text: str, wish: Wish) -> Wish:
    first, _, last = text.partition(":")
    one = wish_of(first, last, None, None, None, None)
    if not (one.since and one.until):
        raise InputError("--compare 请写作 2026-01-01:2026-03-31。", "--compare: write 2026-01-01:2026-03-31.")
    return Wish(one.since, one.until, wish.categories, wish.statuses, wish.handled, wish.within)


def _tables(found: Study, level: str, step: counting.Step, radius: float) -> dict[str, pd.DataFrame]:
    weekly = counting.week_hours(found.frame)
    weekly.columns = [str(h) for h in weekly.columns]
    return {
        "grids": found.per_grid(level), "categories": counting.by_category(found.frame, found.now),
        "trend": counting.trend(found.frame, step), "week": weekly,
        "repeated": counting.repeated(found.frame, found.leaf, radius).rename(columns={"first": "since"}),
        "unlocated": found.unlocated,
    }  # fmt: skip


def _facts(c: Opened, found: Study, level: str) -> dict[str, Any]:
    sources = [" ".join(str(v) for v in pair if v) for pair in c.store.distinct("incidents", ("source", "as_of"))]
    whole = counting.shares(found.frame, pd.Series("all", index=found.frame.index), found.now)
    return {
        "level": level, "version": found.plan.version, "incidents": len(found.frame), "located": int(found.leaf.notna().sum()),
        "unlocated_count": len(found.unlocated), "now": found.now.isoformat(sep=" "), "source": "；".join(s for s in sources if s),
        "illustrative": c.illustrative, "few_below_households": counting.FEW,
        "all": plain(whole.reset_index(drop=True))[0] if len(whole) else {},
    }  # fmt: skip


def _print(facts: dict[str, Any], tables: dict[str, pd.DataFrame], kinds: dict[str, str], lang: str) -> None:
    grids = tables["grids"]
    if "k" in facts:
        hidden = int(grids["reported"].isna().sum())
        say(lang, f"公开口径：小于 {facts['k']} 的件数及可由其推算的 {hidden} 个网格不列出。",
            f"Public view: {hidden} numbers are hidden, those below {facts['k']} and what would give them away.")  # fmt: skip
        marked = {c: grids[c].astype(object).where(grids[c].notna(), "*") for c in ("reported", "households", "persons")}
        _show(grids.assign(**marked).drop(columns="few"), lang, _TOP, kinds)
        return
    lost = facts["unlocated_count"]
    say(lang, f"事件 {facts['incidents']:,} 件，落格 {facts['located']:,} 件，未落格 {lost:,} 件（来源：{facts['source']}）。",
        f"{facts['incidents']:,} incidents, {facts['located']:,} in grids, {lost:,} not (source: {facts['source']}).")  # fmt: skip
    top = grids.sort_values("reported", ascending=False, kind="stable")
    few = {True: ("*", "*"), False: ("", "")}
    _show(top[[*_SHOWN, "few"]].rename(columns={"few": "*"}).assign(**{"*": [few[bool(v)][0] for v in top["few"]]}), lang, _TOP, kinds)
    say(lang, f"* 不足 {counting.FEW} 户，比率仅供参考。", f"* under {counting.FEW} households: the rate rests on little.")
    for name in ("categories", "trend", "repeated", "compare", "rebinned", "unlocated"):
        if name in tables and len(tables[name]):
            typer.echo("")
            frame = tables[name]
            if name == "compare":
                frame = frame[frame["sure"]].sort_values("change", ascending=False)
            if name == "categories":
                frame = frame[["reported", "valid_share", "closed_share", "within_2d", "in_grid_share"]]
            say(lang, *TITLES[name])
            _show(frame, lang, _TOP, kinds)


TITLES = {
    "grids": ("各网格", "Grids"), "categories": ("类别", "Categories"), "trend": ("趋势", "Trend"),
    "week": ("星期与时段", "Weekday and hour"), "repeated": ("反复发生地", "Repeated places"),
    "compare": ("两个时段比较（超出偶然的网格）", "Two periods (grids that differ beyond chance)"),
    "rebinned": ("同一批事件在两个版本的网格上", "The same incidents on two versions"),
    "unlocated": ("未落格", "Not in a grid"), "hotspots": ("热点", "Hot spots"), "emerging": ("时空演变", "Over time"),
}  # fmt: skip


def _show(frame: pd.DataFrame, lang: str, most: int, kinds: dict[str, str]) -> None:
    shown = worded(frame.head(most), kinds, lang)
    rows = shown.astype(object).where(shown.notna(), "").to_numpy().tolist()
    table([[v if isinstance(v, (int, float)) else str(v) for v in row] for row in rows], [h.strip() for h in shown.columns])
    if len(frame) > most:
        say(lang, f"……共 {len(frame)} 行，全部见 --out。", f"... {len(frame)} rows in all: use --out.")


def worded(frame: pd.DataFrame, kinds: dict[str, str], lang: str) -> pd.DataFrame:
    """Return a table as people read it, categories and weekdays included."""
    return in_words(frame, lang, {"category": {k: (k, v) for k, v in kinds.items()}, "weekday": dict(enumerate(WEEKDAYS))})


def _write(out: Path, tables: dict[str, pd.DataFrame], main: str, kinds: dict[str, str], lang: str) -> None:
    if out.suffix.lower() == ".csv":
        frame = tables[main]
        write_csv(frame.reset_index() if frame.index.name else frame, out)
    elif out.suffix.lower() == ".xlsx":
        sheets = [Sheet(TITLES[n][lang == "en"][:31], worded(f, kinds, lang)) for n, f in tables.items()]
        write_workbook(out, sheets)
    else:
        raise InputError(f"“{out}”应以 .csv 或 .xlsx 结尾。", f"'{out}' must end in .csv or .xlsx.")
    say(lang, f"已写出：{out}", f"Wrote {out}")


def hotspots(
    county: County, level: Level,
    since: Since = "", until: Until = "", category: Kinds = None, status: States = None, handled: Ways = None,
    within: Within = None,
    of: Annotated[str, typer.Option("--of", help="count|households|persons|area：件数，或每千户、每千人、每平方公里")] = "count",
    step: Annotated[Literal["week", "month"], typer.Option("--by", help="时空演变的时间步 / step of time")] = "month",
    out: Out = None, json: Json = False, lang: Lang = "zh",
) -> None:  # fmt: skip
    """热点：Getis-Ord Gi*（错误发现率校正），以及随时间的演变 / Hot spots by Gi* with false discovery rate, and over time."""
    if of not in VALUES:
        raise InputError(f"--of 没有“{of}”：可用 {'、'.join(VALUES)}。", f"--of: there is no '{of}', use {', '.join(VALUES)}.")
    with open_county(county) as c:
        found = study(c, wish_of(since, until, category, status, handled, within))
        tables = {"hotspots": found.hot_spots(level, of), "emerging": found.emerging(level, step)}
        facts = {"level": level, "of": of, "step": step, "incidents": len(found.frame), "located": int(found.leaf.notna().sum())}
    if json:
        dump(facts | {name: plain(frame) for name, frame in tables.items()})
    elif out is None:
        for name, column in (("hotspots", "spot"), ("emerging", "pattern")):
            frame, order = tables[name], {"hotspots": "z", "emerging": "z_last"}[name]
            say(lang, *TITLES[name])
            counts = frame[column].value_counts().rename_axis(column).rename("grids").reset_index()
            _show(counts, lang, _TOP, {})
            typer.echo("")
            picked = frame[frame[column] != "none"].sort_values(order, ascending=False)
            _show(picked[["name", *(v for v in picked.columns if v != "name")]], lang, 10, {})
            typer.echo("")
    if out is not None:
        _write(out, tables, "hotspots", {}, lang)
