"""Commands of registers: the workbook to fill in; and how `import` brings one in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from gridgis import registers
from gridgis.cli.common import Lang, say
from gridgis.county import open_county
from gridgis.errors import InputError
from gridgis.scheme import load_scheme


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.command()(template)


def template(
    out: Annotated[Path, typer.Argument(metavar="OUT.xlsx", help="模板文件 / the workbook to write")],
    as_: Annotated[
        Literal["register", "staff", "organisations", "postings", "visits"],
        typer.Option("--as", help="台账 / register"),
    ],
    county: Annotated[str | None, typer.Option("--county", help="县区文件，预填其网格 / fill in its grids")] = None,
    scheme: Annotated[str | None, typer.Option("--scheme", help="体系名或文件 / scheme name or file")] = None,
    lang: Lang = "zh",
) -> None:
    """台账的 Excel 模板 / A workbook to fill in a register."""
    if (county is None) == (scheme is None):
        raise InputError("请用 --county 或 --scheme 二者之一。", "Give either --county or --scheme.")
    if county is not None:
        with open_county(county) as c:
            rows = registers.write_template(out, as_, c.scheme, c)
    else:
        rows = registers.write_template(out, as_, load_scheme(str(scheme)))
    say(lang, f"已写出模板：{out}（预填 {rows} 行）", f"Wrote the template: {out} ({rows} rows filled in)")
