"""Commands for paper: signboards, atlas, change form, reports."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated, Literal

import typer

from gridgis.cli.common import County, Json, Lang, Progress, dump, say
from gridgis.cli.history import version_of
from gridgis.county import County as Opened
from gridgis.county import open_county
from gridgis.errors import InputError
from gridgis.print.atlas import atlas as make_atlas
from gridgis.print.batch import Order, boards
from gridgis.print.boards import studio_of
from gridgis.print.document import write_bytes
from gridgis.print.forms import change_of, form_document, form_workbook
from gridgis.print.reports import report as make_report
from gridgis.print.settings import KEY, settings_from, settings_of, settings_text
from gridgis.print.typeset import TEMPLATES, Format

Templates = Annotated[Path | None, typer.Option("--templates", metavar="DIR", help="改过的模板所在文件夹 / changed templates")]
SettingsFile = Annotated[Path | None, typer.Option("--settings", metavar="TOML", help="热线、二维码、审图号等设置 / settings")]


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    for command in (signs, atlas, form, report):
        app.command()(command)


def signs(
    county: County,
    level: Annotated[str | None, typer.Option("--level", help="层级 / level")] = None,
    code: Annotated[str | None, typer.Option("--code", help="只做这一个网格 / this grid only")] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="写到哪个文件夹 / folder")] = None,
    format_: Annotated[Literal["pdf", "png", "both"], typer.Option("--format", help="PDF、灯箱用 PNG 或都要 / format")] = "pdf",
    ppi: Annotated[int, typer.Option("--ppi", min=20, max=600, help="PNG 每英寸像素 / pixels per inch of PNG")] = 150,
    settings: SettingsFile = None,
    keep: Annotated[bool, typer.Option("--keep", help="把设置存入县区 / keep the settings in the county")] = False,
    templates: Templates = None,
    copy_templates: Annotated[Path | None, typer.Option("--copy-templates", metavar="DIR", help="复制出自带模板 / copy ours out")] = None,
    workers: Annotated[int, typer.Option("--workers", min=1, max=8, help="进程数 / processes")] = 2,
    contact: Annotated[bool, typer.Option("--contact/--no-contact", help="另做小样 / a contact sheet too")] = True,
    json: Json = False, lang: Lang = "zh",
) -> None:  # fmt: skip
    """为每个网格制作公示牌 / A signboard for every grid of a level; a second run makes only what is missing."""
    if copy_templates is not None:
        copied(copy_templates)
        say(lang, f"模板已复制到：{copy_templates}", f"Templates copied to: {copy_templates}")
        if out is None:
            return
    if out is None or (level is None and code is None):
        raise InputError(
            "请给出 --out 文件夹，并给出 --level 层级 或 --code 编码。",
            "Give --out DIR, and --level LEVEL or --code CODE.",
        )
    with open_county(county) as c:
        codes = [c.plan.grid(code).code] if code is not None else c.plan.codes(str(level))
        text = _chosen(c, settings, keep=keep)
    formats: tuple[Format, ...] = ("pdf", "png") if format_ == "both" else (format_,)
    order = Order(county, out, text, formats, ppi, lang, templates, contact and code is None)
    bar = Progress()
    try:
        made = boards(order, codes, workers, bar)
    finally:
        bar.end()
    if json:
        dump({"made": made.made, "kept": made.kept, "folder": str(out), "contact": str(made.contact or "")})
    else:
        say(lang, f"公示牌 {made.made} 块已制作，{made.kept} 块原已做好：{out}",
            f"Signboards: {made.made} made, {made.kept} there already: {out}")  # fmt: skip


def _chosen(county: Opened, file: Path | None, *, keep: bool) -> str:
    """Return the text of the settings, found sound; keep it in the county if asked."""
    text, source = settings_text(county, file)
    settings_from(text, source)
    if keep:
        county.store.put_setting(KEY, text)
    return text


def copied(folder: Path) -> None:
    """Copy our templates to a folder, without writing over any that is there.

    Raises
    ------
    InputError
        One is there already, or the folder cannot be written.
    """
    there = [p.name for p in TEMPLATES.iterdir() if (folder / p.name).exists()]
    if there:
        raise InputError(
            f"“{folder}”里已有 {'、'.join(there)}：为不覆盖您的改动，请换一个文件夹。",
            f"'{folder}' already holds {', '.join(there)}: name another folder, so that no change of yours is lost.",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in TEMPLATES.iterdir():
            shutil.copyfile(path, folder / path.name)
    except OSError as error:
        raise InputError(
            f"无法写入“{folder}”：{error.strerror}。", f"'{folder}' cannot be written: {error.strerror}."
        ) from error


def atlas(
    county: County,
    code: Annotated[str, typer.Argument(metavar="CODE", help="乡镇（街道）或其他上级网格的编码 / code of the township")],
    out: Annotated[Path, typer.Option("--out", metavar="PDF", help="写到哪个文件 / the file")],
    level: Annotated[str | None, typer.Option("--level", help="分图的层级，默认单元网格一级 / level of the sheets")] = None,
    settings: SettingsFile = None, templates: Templates = None, lang: Lang = "zh",
) -> None:  # fmt: skip
    """一个乡镇的图册：总图与图幅索引、编码表、逐格分图 / The atlas of a township."""
    bar = Progress()
    with open_county(county) as c:
        studio = studio_of(c, settings_of(c, settings), lang, templates)
        keys = [v.key for v in c.scheme.levels if not v.optional]
        try:
            made = make_atlas(studio, c.plan.grid(code).code, level or keys[-1], bar)
        finally:
            bar.end()
    write_bytes(out, made)
    say(lang, f"图册已写出：{out}", f"Atlas written: {out}")


def form(
    county: County,
    first: Annotated[str, typer.Argument(metavar="V1", help="变更前的版本号或日期 / version or date before")],
    second: Annotated[str, typer.Argument(metavar="V2", help="变更后的版本号或日期 / version or date after")],
    out: Annotated[Path, typer.Option("--out", metavar="PDF|XLSX", help="写成 PDF 或 XLSX / write PDF or XLSX")],
    templates: Templates = None, lang: Lang = "zh",
) -> None:  # fmt: skip
    """变更登记表：停用与新设编码、变更前后图、户数人口、四至、审签 / The change form between two versions."""
    if out.suffix.lower() not in (".pdf", ".xlsx"):
        raise InputError(
            f"“{out}”的后缀应为 .pdf 或 .xlsx。", f"The suffix of '{out}' must be .pdf or .xlsx."
        )
    with open_county(county) as c:
        change = change_of(c, version_of(c, first), version_of(c, second))
    book = out.suffix.lower() == ".xlsx"
    write_bytes(out, form_workbook(change, lang) if book else form_document(change, lang).pdf(templates))
    say(lang, f"变更登记表已写出：{out}", f"Change form written: {out}")


def report(
    county: County,
    kind: Annotated[Literal["check", "incidents", "staffing"], typer.Option("--kind", help="覆盖检查、事件月报或队伍 / which report")],
    out: Annotated[Path, typer.Option("--out", metavar="PDF", help="写到哪个文件 / the file")],
    month: Annotated[str | None, typer.Option("--month", metavar="YYYY-MM", help="事件月报的月份 / month of the incidents")] = None,
    templates: Templates = None, lang: Lang = "zh",
) -> None:  # fmt: skip
    """报告 PDF，有图表和地图：覆盖检查、事件月报、队伍 / A report as PDF with charts and maps."""
    with open_county(county) as c:
        made = make_report(c, kind, lang, month)
    write_bytes(out, made.pdf(templates))
    say(lang, f"报告已写出：{out}", f"Report written: {out}")
