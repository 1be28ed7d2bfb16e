"""Commands about the work that grids make and the dangers they lie in: workload, alerts, population."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
import typer

from gridgis import analysing
from gridgis.alerting import Alarm
from gridgis.alerting import alerts as raster_alerts
from gridgis.analysing import TITLES, worded
from gridgis.cli.common import County, Json, Lang, dump, say, table, write_csv
from gridgis.cli.incidents import Out, Since, Until, wish_of
from gridgis.county import open_county
from gridgis.errors import InputError
from gridgis.io.workbook import Sheet, write_workbook
from gridgis.overlays import areal
from gridgis.overlays import workload as work
from gridgis.overlays.heads import in_words, plain
from gridgis.population.conflicting import SOURCE_COLUMNS, population_conflicts, sources
from gridgis.scheme import Scheme, scheme_from
from gridgis.scheme_parts import Workload
from gridgis.staff.people import level_name, role_name

_TOP = 15


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.command("workload")(workload)
    app.command("alerts")(alerts)
    app.command("population")(population)


def workload(
    county: County,
    level: Annotated[str | None, typer.Option("--level", help="层级，默认最细的必备层级 / level")] = None,
    since: Since = "", until: Until = "",
    weight: Annotated[list[str] | None, typer.Option("--weight", metavar="NAME=NUMBER", help=(
        "households、incidents、floating、area、upper、lower，或 category.KEY、class.KEY 的系数；可多次 / weights, limits, factors"))] = None,
    save: Annotated[bool, typer.Option("--save", help="把权重存入本县的体系 / keep the weights in the scheme")] = False,
    out: Out = None, json: Json = False, lang: Lang = "zh",
) -> None:  # fmt: skip
    """工作量：按权重合计，均衡程度（基尼系数、最大/最小），三类等级与应配人员 / Workload, evenness, classes, staff."""
    wish = wish_of(since, until, None, None, None, None)
    with open_county(county) as c:
        rules = _rules(c.scheme, weight or [])
        key = level or next(v.key for v in reversed(c.scheme.levels) if not v.optional)
        found = analysing.load(c, key, analysing.study(c, wish), rules)
        tables = {"workload": found, "evenness": work.evenness(found), "staffing": work.staffing(c.plan, found, analysing.held_of(c))}
        if save:
            analysing.save_workload(c, rules)
        scheme, names = c.scheme, {code: grid.name for code, grid in c.plan.grids.items()}
    if json:
        dump({"level": key, "weights": rules.model_dump(), "saved": save} | {n: plain(f) for n, f in tables.items()})
    elif out is None:
        _tell(tables, scheme, names, rules, lang)
    if out is not None:
        write(out, [(TITLES[n], worded(f, scheme, names, lang)) for n, f in tables.items()], lang)
    if save and not json:
        say(lang, "权重已存入本县的网格体系。", "The weights are kept in the scheme of the county.")


def _rules(scheme: Scheme, given: list[str]) -> Workload:
    """Return the weights of the scheme with those of the command line in their place."""
    told: dict[str, Any] = scheme.workload.model_dump()
    for one in given:
        name, _, text = one.partition("=")
        try:
            number = float(text)
        except ValueError as error:
            raise InputError(f"--weight {one}：请写作 households=0.4。", f"--weight {one}: write households=0.4.") from error
        part, _, key = name.partition(".")
        place = told[f"{part}_factors"] if key and part in ("category", "class") else told
        if not key and (name not in told or name.endswith("_factors")):
            known = "households、incidents、floating、area、upper、lower、category.KEY、class.KEY"
            raise InputError(f"--weight 没有“{name}”：可用 {known}。",
                             f"--weight: there is no '{name}', use {known.replace('、', ', ')}.")  # fmt: skip
        place[key or name] = number
    whole = scheme.model_dump(by_alias=True, exclude_defaults=True) | {"workload": told}
    return scheme_from(whole, "--weight").workload


def _tell(tables: dict[str, pd.DataFrame], scheme: Scheme, names: dict[str, str], rules: Workload, lang: str) -> None:
    say(lang, f"权重：户数 {rules.households:g}、事件 {rules.incidents:g}、流动人口 {rules.floating:g}、面积 {rules.area:g}；"
        f"平均网格为 1；{rules.upper:g} 起为一类，{rules.lower:g} 以下为三类。",
        f"Weights: households {rules.households:g}, incidents {rules.incidents:g}, floating {rules.floating:g}, area {rules.area:g}; "
        f"the mean grid has 1; first class from {rules.upper:g}, third below {rules.lower:g}.")  # fmt: skip
    shown = ["name", "community", "category", "households", "incidents", "floating", "workload", "class", "proposed"]
    top = tables["workload"].sort_values("workload", ascending=False)[shown]
    counts = tables["workload"]["proposed"].value_counts().rename_axis("proposed").rename("grids").reset_index()
    even = tables["evenness"].sort_values("gini", ascending=False)
    for frame in (top, counts, pd.concat([even.loc[[""]], even.drop(index="")]), tables["staffing"]):
        show(worded(frame, scheme, names, lang), lang)
        typer.echo("")


def show(shown: pd.DataFrame, lang: str, most: int = _TOP) -> None:
    """Print the first rows of a table that is in words already."""
    rows = shown.head(most).astype(object).where(shown.head(most).notna(), "").to_numpy().tolist()
    table([[v if isinstance(v, (int, float)) else str(v) for v in row] for row in rows], [h.strip() for h in shown.columns])
    if len(shown) > most:
        say(lang, f"……共 {len(shown)} 行，全部见 --out。", f"... {len(shown)} rows in all: use --out.")


def write(out: Path, tables: list[tuple[tuple[str, str], pd.DataFrame]], lang: str) -> None:
    """Write tables in words: all as sheets of a workbook, or the first as CSV."""
    if out.suffix.lower() == ".csv":
        write_csv(tables[0][1], out)
    elif out.suffix.lower() == ".xlsx":
        write_workbook(out, [Sheet(title[lang == "en"], frame) for title, frame in tables])
    else:
        raise InputError(f"“{out}”应以 .csv 或 .xlsx 结尾。", f"'{out}' must end in .csv or .xlsx.")
    say(lang, f"已写出：{out}", f"Wrote {out}")


def alerts(
    county: County,
    raster: Annotated[str, typer.Option("--raster", metavar="KIND|ID", help="栅格类别或编号，如 rainfall / kind or id")],
    above: Annotated[float | None, typer.Option("--above", help="超过此值预警 / alert above this")] = None,
    below: Annotated[float | None, typer.Option("--below", help="低于此值预警 / alert below this")] = None,
    measure: Annotated[Literal["max", "mean", "min", "sum"], typer.Option("--measure", help="网格内取值 / of each grid")] = "max",
    level: Annotated[str | None, typer.Option("--level", help="层级，默认最细的必备层级 / level")] = None,
    out: Out = None, json: Json = False, lang: Lang = "zh",
) -> None:  # fmt: skip
    """降雨、积水、高程预警：超过阈值的网格和逐级责任人 / Grids that a raster puts beyond a limit, and whom to call."""
    with open_county(county) as c:
        key = level or next(v.key for v in reversed(c.scheme.levels) if not v.optional)
        found, about, calls = raster_alerts(c, key, Alarm(raster, above, below, measure))
        scheme = c.scheme
    other = int(lang == "en")
    listed = [r | {"level": level_name(scheme, r["level"])[other], "role": role_name(scheme, r["role"])[other],
                   "holder": r["holder"] or ("空缺", "vacant")[other]} for r in calls]  # fmt: skip
    chain_ = pd.DataFrame(listed, columns=["code", "level", "at", "name", "role", "holder", "phone"])
    told = in_words(chain_.rename(columns={"at": "community"}), lang)
    if json:
        dump({"level": key, "raster": about, "above": above, "below": below, "measure": measure, "grids": plain(found), "calls": calls})
        return
    say(lang, f"栅格 {about['id']}（{about['unit'] or '无单位'}；来源 {about['source']}，截至 {about['as_of']}）：{len(found)} 个网格预警，"
        f"涉及 {int(found['households'].sum()):,} 户 {int(found['persons'].sum()):,} 人。",
        f"Raster {about['id']} ({about['unit'] or 'no unit'}; source {about['source']}, as of {about['as_of']}): {len(found)} grids, "
        f"{int(found['households'].sum()):,} households, {int(found['persons'].sum()):,} persons.")  # fmt: skip
    if about["blank"] != "0":
        say(lang, f"注意：另有 {about['blank']} 个网格在栅格中没有数值，无法判断。",
            f"Note: the raster has no value for {about['blank']} more grids, so nothing can be said of them.")  # fmt: skip
    if out is not None:
        write(out, [(TITLES["alerts"], in_words(found, lang)), (TITLES["calls"], told)], lang)
        return
    show(in_words(found, lang), lang)
    if len(told):
        typer.echo("")
        show(told, lang, 30)


def population(
    county: County,
    level: Annotated[str | None, typer.Option("--level", help="把外部面的人口落到该层级 / figures of foreign areas on grids")] = None,
    method: Annotated[Literal["largest", "area"], typer.Option("--method", help=(
        "largest 归公共面积最大的网格，area 按面积分摊 / whole to the grid of most common ground, or by area"))] = "largest",
    out: Out = None, json: Json = False, lang: Lang = "zh",
) -> None:  # fmt: skip
    """人口资料：每项数字的来源和日期，来源之间的差异，外部面落格 / Population: sources, where they differ, foreign areas on grids."""
    with open_county(county) as c:
        told, conflicts = sources(c), population_conflicts(c)
        grids = None if level is None else areal.of_table(c.table("population"), c.grids(level), method)
    if json:
        dump({"sources": told, "conflicts": plain(conflicts)} | ({} if grids is None else {
            "method": areal.METHODS[method][1], "grids": plain(grids)}))  # fmt: skip
        return
    if grids is not None:
        say(lang, f"{areal.METHODS[method][0]}；最后一行为网格之外。", f"{areal.METHODS[method][1]}; the last row is outside.")
        show(in_words(grids, lang), lang, len(grids))
        typer.echo("")
    said = in_words(pd.DataFrame(told, columns=list(SOURCE_COLUMNS)), lang)
    if out is not None:
        write(out, [(TITLES["conflicts"], in_words(conflicts, lang)), (TITLES["sources"], said)], lang)
        return
    show(said, lang)
    typer.echo("")
    if len(conflicts):
        show(in_words(conflicts.sort_values("share", ascending=False), lang), lang)
    else:
        say(lang, "各来源之间没有超过 5% 的差异。", "No two sources differ by more than 5 %.")
