"""Commands that make and fill a county: demo, new, import."""

from __future__ import annotations

import json as json_
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from gridgis import bringing
from gridgis.cli.common import By, County, Json, Lang, Progress, Reason, dump, say
from gridgis.county import County as OpenCounty
from gridgis.county import open_county
from gridgis.errors import GridgisError, InputError, UnsettledError
from gridgis.founding import new_county
from gridgis.io.asking import Intake, Options
from gridgis.reviewing import read_decisions, write_review
from gridgis.scheme import load_scheme
from gridgis.store import shown

Kind = Annotated[
    Literal[
        "grids", "boundaries", "buildings", "roads", "water", "places", "incidents", "tracks", "population", "raster",
        "register", "staff", "organisations", "postings", "visits",
    ],
    typer.Option("--as", help="导入为 / import as"),
]  # fmt: skip
Datum = Annotated[
    Literal["auto", "wgs84", "cgcs2000", "gcj02", "bd09"], typer.Option("--datum", help="坐标基准 / datum")
]
Mode = Annotated[
    Literal["add", "replace"], typer.Option("--mode", help="追加（同编号更新）或全部替换 / add, or replace all")
]


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.command()(demo)
    app.command()(new)
    app.command("import")(import_)


def demo(
    out: Annotated[str, typer.Argument(metavar="OUT", help="新县区文件或 postgresql://… / what to make")],
    scheme: Annotated[
        str, typer.Option("--scheme", help="体系 / scheme: dehua, longhua, chikan, luohu, yungang, zoucheng, chaisang")
    ] = "dehua",
    seed: Annotated[int, typer.Option("--seed", min=0, help="随机种子 / seed")] = 1,
    lang: Lang = "zh",
) -> None:
    """生成一个示例县区（示意数据） / Make a county to try things on (illustrative)."""
    from gridgis.demo.saving import found_demo

    bar = Progress()
    found_demo(out, scheme=scheme, seed=seed, progress=bar)
    bar.end()
    say(
        lang,
        f"已生成示例县区（示意数据）：{shown(out)}",
        f"Made a county to try things on (illustrative): {shown(out)}",
    )


def new(
    out: Annotated[str, typer.Argument(metavar="OUT", help="新县区文件或 postgresql://… / what to make")],
    scheme: Annotated[str, typer.Option("--scheme", help="体系名或文件 / scheme name or file")],
    code: Annotated[str, typer.Option("--code", help="县区编码（6 位）/ code of the county")],
    boundary: Annotated[str, typer.Option("--boundary", help="县区边界文件 / outline of the county")],
    name: Annotated[str, typer.Option("--name", help="县区名称 / name")] = "",
    crs: Annotated[str | None, typer.Option("--crs", help="边界文件缺坐标系时指明 EPSG / CRS of the boundary")] = None,
    layer: Annotated[str | None, typer.Option("--layer", help="图层 / layer")] = None,
    datum: Datum = "auto",
    lang: Lang = "zh",
) -> None:
    """用边界新建县区 / Make a county from its outline."""
    from gridgis.io.reading import read_vector
    from gridgis.siting import in_datum_of, landing_words, outline_of

    load_scheme(scheme)
    source = read_vector(boundary, layer=layer, crs=crs, polygons=True)
    outline = outline_of(source.frame, code)
    landing = landing_words(outline, source.frame.crs, code, turned=source.facts["turned"])
    placed, fit = in_datum_of(outline, source.frame.crs, code, datum)
    new_county(out, scheme, code, placed, 4490, name)
    for zh, en in [*source.facts["evidence"], *landing, *fit]:
        say(lang, f"依据：{zh}。", f"Evidence: {en}.")
    for zh, en in source.facts["warnings"]:
        say(lang, f"注意：{zh}。", f"Note: {en}.")
    say(lang, f"已新建县区：{shown(out)}", f"Made the county: {shown(out)}")


def import_(
    county: County,
    file: Annotated[str, typer.Argument(metavar="FILE", help="要导入的文件 / the file to import")],
    as_: Kind,
    field: Annotated[list[str] | None, typer.Option("--field", help="字段对应 code=列名 / our=their column")] = None,
    datum: Datum = "auto",
    crs: Annotated[str | None, typer.Option("--crs", help="缺坐标系时指明 EPSG / CRS where the file has none")] = None,
    encoding: Annotated[str, typer.Option("--encoding", help="属性编码 / text encoding")] = "auto",
    layer: Annotated[str | None, typer.Option("--layer", help="图层或工作表 / layer or sheet")] = None,
    level: Annotated[str | None, typer.Option("--level", help="层级 / level of the grids")] = None,
    repair_below: Annotated[float, typer.Option("--repair-below", min=0, help="自动修复的面积上限 m² / repair up to")] = 10_000.0,
    skip_rejected: Annotated[bool, typer.Option("--skip-rejected", help="跳过不合格的行 / leave rejected rows out")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="台账有一行不合格就全部不导入 / registers: all rows or none")] = False,
    drop: Annotated[list[str] | None, typer.Option("--drop", help="略去的列，可多次 / leave a column out")] = None,
    role: Annotated[str | None, typer.Option("--role", help="网格台账中的人担任的岗位 / role of the person in each row")] = None,
    mode: Mode = "add",
    source: Annotated[str, typer.Option("--source", help="数据来源，默认为文件名 / where the data come from")] = "",
    as_of: Annotated[str, typer.Option("--as-of", help="截至日期，默认为今天 / date of the data")] = "",
    number: Annotated[bool, typer.Option("--number", help="网格没有编码：按位置由程序编号 / number grids that come without codes")] = False,
    review: Annotated[Path | None, typer.Option("--review", help="逐处列出问题与修复 .geojson .xlsx / list every fault and mend")] = None,
    decide: Annotated[Path | None, typer.Option("--decide", help="对各处问题的决定 .json .csv .xlsx / decisions on them")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只报告，不写入 / report only")] = False,
    report: Annotated[Path | None, typer.Option("--report", help="报告 JSON / report file")] = None,
    by: By = "", reason: Reason = "", json: Json = False, lang: Lang = "zh",
) -> None:  # fmt: skip
    """导入网格、界线、电子地图要素或台账，逐行报告 / Import grids, boundaries, the e-map or registers, every row accounted for."""
    bar, named = Progress(), _fields(field or [])
    options = Options(
        as_, named, datum, crs, encoding, layer, level, repair_below, skip_rejected, tuple(drop or ()), role, strict,
        mode, source, as_of, read_decisions(decide) if decide is not None else {}, number,
    )  # fmt: skip
    with open_county(county) as c:
        kept = partial(_write_reports, c, report, review)
        outcome = _brought(c, file, options, kept, apply=not dry_run, signed=(by, reason), progress=bar)
    bar.end()
    _tell(outcome, lang, json=json)


def _brought(c: OpenCounty, file: str, options: Options, kept: Callable[[dict[str, Any]], None], **given: Any) -> Intake:
    """Bring a file in, or try to; the report is kept whatever comes of it."""
    try:
        outcome = bringing.bring(c, file, options, **given)
    except GridgisError as error:
        systems = error.systems if isinstance(error, UnsettledError) else []
        account = bringing.account_of(error, file, options) | ({"systems": systems} if systems else {})
        kept(account)
        # A trial may leave open what the import itself must be told.
        if given["apply"] or not systems:
            raise
        return Intake(account, ((error.zh, error.en), *map(_system, systems)), None)
    kept(outcome.report)
    return outcome


def _system(system: dict[str, Any]) -> tuple[str, str]:
    """Say where the file would lie by one of the systems that it fits, and how to name that."""
    at = f"{system['lon']:.4f}, {system['lat']:.4f}"
    given = system["crs"] if " " not in system["crs"] else f'"{system["crs"]}"'
    return (f"  --crs {given}：{system['name']}，{system['share']:.0%} 在本县，中心在 {at}",
            f"  --crs {given}: {system['name']}, {system['share']:.0%} in the county, middle at {at}")  # fmt: skip


def _tell(outcome: Intake, lang: str, *, json: bool) -> None:
    if json:
        dump(outcome.report)
        return
    for zh, en in outcome.words:
        say(lang, zh, en)


def _write_reports(c: OpenCounty, report: Path | None, review: Path | None, account: dict[str, Any]) -> None:
    """Write what was asked for of the account, whatever came of the import."""
    _write_report(report, account)
    if review is not None:
        write_review(review, account.get("review", ()), c.crs)


def _write_report(path: Path | None, account: dict[str, Any]) -> None:
    """Write the report of an import; it is written whatever came of the import."""
    if path is None:
        return
    try:
        path.write_text(json_.dumps(account, ensure_ascii=False, indent=1), encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"无法写入“{path}”：{error.strerror}。", f"'{path}' cannot be written: {error.strerror}."
        ) from error


def _fields(pairs: list[str]) -> dict[str, str]:
    out = {}
    for pair in pairs:
        ours, equals, theirs = pair.partition("=")
        if not equals or not ours.strip() or not theirs.strip():
            raise InputError(
                f"“--field {pair}”写法有误：应为 我方字段=对方列名，例如 code=网格编码。",
                f"'--field {pair}' is wrong: write our=theirs, such as code=GRID_CODE.",
            )
        out[ours.strip()] = theirs.strip()
    return out
