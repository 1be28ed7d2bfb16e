"""Commands for paper: signboards, atlas, change form, reports."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated, Literal

import typer

from gridgis.cli.common import County, Json, Lang, Progress, dump, say
from gridgis.county import open_county
from gridgis.errors import InputError
from gridgis.print.batch import Order, boards
from gridgis.print.settings import KEY, settings_from, settings_text
from gridgis.print.typeset import TEMPLATES, Format

Templates = Annotated[Path | None, typer.Option("--templates", metavar="DIR", help="改过的模板所在文件夹 / changed templates")]
SettingsFile = Annotated[Path | None, typer.Option("--settings", metavar="TOML", help="热线、二维码、审图号等设置 / settings")]


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    for command in (signs,):
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
    if out is None or (level is None) == (code is None):
        raise InputError(
            "请给出 --out 文件夹，并给出 --level 层级 或 --code 编码 之一。",
            "Give --out DIR, and either --level LEVEL or --code CODE.",
        )
    with open_county(county) as c:
        codes = [c.plan.grid(code).code] if code is not None else c.plan.codes(str(level))
        text, source = settings_text(c, settings)
        settings_from(text, source)
        if keep:
            c.store.put_setting(KEY, text)
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
