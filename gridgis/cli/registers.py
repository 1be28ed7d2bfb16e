"""Commands of registers: the workbook to fill in; and how `import` brings one in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

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


def register_importer(
    as_: str, fields: Mapping[str, str], where: tuple[str, str | None], how: tuple[Sequence[str], str | None, bool]
) -> tuple[Callable[..., Any], Callable[..., dict[str, Any]]]:
    """Return what imports a register, and what accounts for an import that failed.

    Parameters
    ----------
    as_, fields
        Kind of register, and the columns named by hand.
    where
        Encoding and sheet.
    how
        Columns to leave out, role of the person in each row, and whether all rows must enter.
    """
    drop, role, strict = how
    options = registers.Options(as_, fields, tuple(drop), *where, role, strict)
    return partial(registers.bring_in, options=options), partial(registers.account_of, options=options)
