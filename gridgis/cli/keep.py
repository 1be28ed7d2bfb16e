"""Commands that keep a county elsewhere: copy."""

from __future__ import annotations

from typing import Annotated

import typer

from gridgis.cli.common import Json, Lang, Progress, dump, say
from gridgis.copying import copy_county


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.command()(copy)


def copy(
    source: Annotated[str, typer.Argument(metavar="FROM", help="县区文件或 postgresql://… / the county")],
    target: Annotated[str, typer.Argument(metavar="TO", help="新文件或 postgresql://…[?schema=名称] / where to")],
    json: Json = False, lang: Lang = "zh",
) -> None:  # fmt: skip
    """把县区连同全部历史复制到另一处 / Copy a county with its whole history, to a file or a PostGIS database."""
    bar = Progress()
    try:
        done = copy_county(source, target, bar)
    finally:
        bar.end()
    if json:
        dump(done)
    else:
        say(lang, f"已复制到“{done['to']}”：版本 {done['version']}，指纹 {done['hash']}",
            f"Copied to '{done['to']}': version {done['version']}, hash {done['hash']}")  # fmt: skip
