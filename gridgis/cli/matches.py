"""The command that matches a register or foreign polygons with the plan, and takes over what it suggests."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from gridgis.cli.common import By, County, Json, Lang, Reason, Unlock, dump, say, table
from gridgis.comparing import How, Theirs, compare, facts_of, located
from gridgis.county import open_county
from gridgis.io.match_report import as_json, check_kind, counts, write_match
from gridgis.matches import verdicts as v
from gridgis.matches.adopting import Adoption, adopt
from gridgis.matches.matching import MIN_IOU, Matching


def register(app: typer.Typer) -> None:
    """Add this command to the application."""
    app.command()(match)


def match(
    county: County,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="名册 XLSX/CSV 或面数据 / register or polygons")],
    code_field: Annotated[str, typer.Option("--code-field", help="编码列，默认自动识别 / column of codes")] = "",
    name_field: Annotated[str, typer.Option("--name-field", help="名称列 / column of names")] = "",
    level: Annotated[str, typer.Option("--level", help="层级，默认按编码长度 / level, by default that of most codes")] = "",
    layer: Annotated[str | None, typer.Option("--layer", help="图层或工作表 / layer or sheet")] = None,
    crs: Annotated[str | None, typer.Option("--crs", help="缺坐标系时指明 EPSG / CRS where the file has none")] = None,
    datum: Annotated[Literal["auto", "wgs84", "cgcs2000", "gcj02", "bd09"], typer.Option("--datum", help="坐标基准 / datum")
    ] = "auto",
    encoding: Annotated[str, typer.Option("--encoding", help="文字编码 / text encoding")] = "auto",
    min_iou: Annotated[float, typer.Option("--min-iou", help="低于此重合度视为位置不同 / below this it is another place")] = MIN_IOU,
    out: Annotated[Path | None, typer.Option("--out", help="报告 .xlsx .csv .json .geojson / the report")] = None,
    accept: Annotated[str, typer.Option("--accept", metavar="all|CODE,CODE…", help="采用文件的编码和名称 / take over codes and names")] = "",
    above: Annotated[float | None, typer.Option("--above", help="只采用不低于此相似度的 / accept from this score on")] = None,
    unlock: Unlock = False, by: By = "", reason: Reason = "", json: Json = False, lang: Lang = "zh",
) -> None:  # fmt: skip
    """名册或外部面与方案逐一核对 / Match a register or foreign polygons with the plan, one to one."""
    if out is not None:
        check_kind(out)
    how = How(code_field, name_field, level, layer, crs, datum, encoding, min_iou)
    with open_county(county) as c:
        theirs, matching = compare(c, file, how)
        done: Adoption | None = None
        if accept or above is not None:
            done = adopt(c.plan, matching, _chosen(accept), above=above or 0.0, unlock=unlock)
            if done.edit is not None:
                c.apply(done.edit, by=by, reason=reason or f"核对 {file.name}")
                theirs, matching = compare(c, file, how)
        if out is not None:
            write_match(
                matching, out, facts=facts_of(c, theirs, lang), lang=lang, located=located(c.plan, theirs, matching)
            )
        version = c.version
    _tell(theirs, matching, done, version if json else None, lang)
    if not matching.agrees:
        raise typer.Exit(1)


def _chosen(accept: str) -> list[str] | None:
    """Return the codes to accept, None for all."""
    codes = [part.strip() for part in accept.replace("，", ",").split(",") if part.strip()]
    return None if codes in ([], ["all"]) else codes


def _tell(theirs: Theirs, matching: Matching, done: Adoption | None, version: int | None, lang: str) -> None:
    """Print the outcome; as JSON where a version is given."""
    if version is None:
        _print(theirs, matching, done, lang)
        return
    at = lang == "en"
    accepted = {"accepted": list(done.codes), "refused": {k: w[at] for k, w in done.refused}} if done else {}
    evidence = [words[at] for words in theirs.evidence]
    dump({"file": theirs.name, "version": version, "evidence": evidence, **accepted, **as_json(matching, lang)})


def _print(theirs: Theirs, matching: Matching, done: Adoption | None, lang: str) -> None:
    at = lang == "en"
    for words in theirs.evidence:
        say(lang, f"依据：{words[0]}。", f"Evidence: {words[1]}.")
    if done is not None:
        say(lang, f"已采用 {len(done.codes)} 个网格的编码或名称，可用 undo 撤销。",
            f"Took over code or name of {len(done.codes)} grids; undo takes it back.")  # fmt: skip
        for code, reason in done.refused:
            typer.echo(f"{code}  {reason[at]}")
    for row in as_json(matching, lang)["rows"]:
        if row["verdict"] != v.MATCHED:
            where = "" if row["row"] is None else f"#{row['row']}"
            title = (v.DETAILS[row["detail"]] if row["detail"] else v.VERDICTS[row["verdict"]])[at]
            typer.echo(f"{where:>6}  {row['code_there'] or row['code_here']}  {title}  {row['words']}")
    table([[title, there, here] for title, there, here in counts(matching, lang)],
          ["verdict", "file", "plan"] if at else ["结论", "文件", "方案"])  # fmt: skip
    if matching.agrees:
        say(lang, "核对一致：没有一行遗漏。", "All match; not a row left out.")
