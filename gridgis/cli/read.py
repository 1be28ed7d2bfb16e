"""Commands that read a county: info, check, stats, verify."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from gridgis.checks import check as run_checks
from gridgis.checks import rule_list
from gridgis.cli.common import Branch, County, Json, Lang, Progress, dump, opened, say, table, write_csv
from gridgis.county import open_county
from gridgis.errors import InputError
from gridgis.schema import reproject
from gridgis.statistics import boundary_statistics, grid_statistics, overview
from gridgis.verify import verify as run_verify

_FIGURES = ("households", "persons", "buildings", "roads", "incidents", "area_m2", "in_band")
_QUALITY = ("boundary_m", "on_roads", "on_water", "on_compounds", "on_parent", "followed")


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    for command in (info, check, stats, verify):
        app.command()(command)


def info(county: County, branch: Branch = None, json: Json = False, lang: Lang = "zh") -> None:
    """概况：各层级数量、合计、版本、指纹 / Counts, totals, version and hash."""
    with opened(county, branch) as c:
        facts, scheme, name = overview(c), c.scheme, c.meta.get("name", "")
    if json:
        dump(facts)
        return
    mark = "（示意数据 illustrative）" if facts["illustrative"] else ""
    say(lang, f"{name} {facts['code']} · {scheme.zh}{mark}", f"{name} {facts['code']} · {scheme.en}{mark}")
    rows = [[level.zh if lang == "zh" else level.en, facts["levels"][level.key]] for level in scheme.levels]
    table(rows, ["层级", "数量"] if lang == "zh" else ["level", "count"])
    keys = ("households", "persons", "buildings", "incidents")
    words = ["户数", "人口", "建筑", "事件"] if lang == "zh" else list(keys)
    typer.echo(" · ".join(f"{w} {facts[k]:,}" for w, k in zip(words, keys, strict=True)))
    say(lang, f"版本 {facts['version']} · 指纹 {facts['hash']}", f"Version {facts['version']} · hash {facts['hash']}")


def check(
    county: Annotated[str | None, typer.Argument(metavar="COUNTY", help="县区文件 / the county")] = None,
    rule: Annotated[list[str] | None, typer.Option("--rule", help="只查该规则，可多次 / only this rule")] = None,
    list_: Annotated[bool, typer.Option("--list", help="列出全部规则 / name every rule")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="问题写成 GeoJSON，含已接受的 / findings as GeoJSON, accepted ones too")
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="也列出已接受的问题 / list accepted findings too")] = False,
    branch: Branch = None, json: Json = False, lang: Lang = "zh",
) -> None:  # fmt: skip
    """覆盖检查 / Check the coverage."""
    if list_:
        _print_rules(json=json, lang=lang)
        return
    if county is None:
        raise InputError("请给出县区文件：gridgis check county.gpkg。", "Name the county: gridgis check county.gpkg.")
    bar = Progress()
    with opened(county, branch) as c:
        found = run_checks(c, rule, bar, accepted=True)
        bar.end()
        if out is not None:
            _write_findings(found, out)
    still_open = found["accepted"] == ""
    shown = found if all_ else found[still_open].drop(columns="accepted")
    _print_findings(shown.drop(columns="geometry"), json=json, lang=lang)
    if not json and not all_ and not still_open.all():
        count = int((~still_open).sum())
        say(lang, f"另有 {count} 个已接受的问题（--all 列出）。", f"{count} more are accepted (--all lists them).")
    if (found["severity"][still_open] == "error").any():
        raise typer.Exit(1)


def _print_rules(*, json: bool, lang: str) -> None:
    rules = rule_list()
    if json:
        dump(rules)
        return
    head = ["rule", "severity", "规则" if lang == "zh" else "name"]
    table([[r["rule"], r["severity"], r[lang]] for r in rules], head)


def _print_findings(rows: Any, *, json: bool, lang: str) -> None:
    if json:
        keys = ["rule", "severity", "code", "measure", "unit", "households", "persons", "words", "fix"]
        if lang == "en":
            rows = rows.assign(words=rows["words_en"], fix=rows["fix_en"])
        keys += ["accepted"] if "accepted" in rows else []
        dump(rows[keys].replace({float("nan"): None}).to_dict("records"))
    elif not len(rows):
        say(lang, "检查通过：没有发现问题。", "All clear: nothing found.")
    else:
        words = rows["words"] if lang == "zh" else rows["words_en"]
        reasons = rows.get("accepted", [""] * len(rows))
        for severity, key, sentence, reason in zip(rows["severity"], rows["rule"], words, reasons, strict=True):
            typer.echo(f"{'accepted' if reason else severity:9}{key:18}{sentence}{f' [{reason}]' if reason else ''}")
        errors = int((rows["severity"] == "error").sum())
        say(
            lang,
            f"共 {errors} 个错误、{len(rows) - errors} 个警告。",
            f"{errors} errors, {len(rows) - errors} warnings.",
        )


def _write_findings(found: Any, out: Path) -> None:
    from gridgis.io.geojson import write_geojson

    shapes = [None if g is None else reproject(g, found.crs, 4490) for g in found.geometry]
    plain = found.assign(geometry=shapes)
    write_geojson(plain.set_crs(4326, allow_override=True).to_json(drop_id=True, ensure_ascii=False), out)


def stats(
    county: County,
    level: Annotated[str, typer.Option("--level", help="层级 / level")],
    quality: Annotated[
        bool, typer.Option("--quality", help="界线沿道路、水系、围墙、上级界线的比例 / what boundaries follow")
    ] = False,
    out: Annotated[Path | None, typer.Option("--out", help="写成 CSV / write CSV")] = None,
    json: Json = False, lang: Lang = "zh",
) -> None:  # fmt: skip
    """各网格的户数、人口、建筑、要素、道路、面积与规模 / Figures per grid.

    每条道路只在一个网格计一次，归属由体系的 road_rule 规定：longest 归路段（含沿界线的）最长的网格，等长归编码小者；
    lower_code 归所经网格中编码最小者；both 界线道路两侧都有（roads_shared），仍只计一次。

    Each road counts in one grid, by road_rule of the scheme: longest, the grid with its longest part, stretches along
    the boundary included, of equal parts the lower code; lower_code, the lowest code that it runs in or along; both,
    a road that is the boundary is of both sides (roads_shared) and still counts once.
    """
    with open_county(county) as c:
        frame = grid_statistics(c, level)
        if quality:
            frame = frame.join(boundary_statistics(c, level))
    if json:
        dump(frame.reset_index().replace({np.nan: None}).to_dict("records"))
    elif out is None:
        shown = frame.reset_index()[["code", "name", *(_QUALITY if quality else _FIGURES)]]
        table(shown.astype(object).to_numpy().tolist(), list(shown.columns))
    if out is not None:
        write_csv(frame.reset_index(), out)
        say(lang, f"已写出 {len(frame)} 行：{out}", f"Wrote {len(frame)} rows: {out}")


def verify(county: County, json: Json = False, lang: Lang = "zh") -> None:
    """重放全部变更并核对全部不变量 / Replay the log and check every invariant."""
    bar = Progress()
    with open_county(county) as c:
        problems = run_verify(c, bar)
        bar.end()
        version, hash_ = c.version, c.plan.hash
    if json:
        dump({"version": version, "hash": hash_, "problems": [{"zh": z, "en": e} for z, e in problems]})
    for zh, en in problems if not json else []:
        say(lang, zh, en)
    if problems:
        raise typer.Exit(1)
    if not json:
        say(
            lang,
            f"核对通过：{version} 个版本重放一致，指纹 {hash_}。",
            f"Verified: {version} versions replay to {hash_}.",
        )
