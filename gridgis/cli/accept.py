"""Exceptions: findings that are accepted with a reason, for a time."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
import typer

from gridgis.accepting import accept
from gridgis.cli.common import By, County, Json, Lang, Reason, dump, read_geometry, say, table
from gridgis.county import County as OpenCounty
from gridgis.county import open_county
from gridgis.errors import InputError


def register(app: typer.Typer) -> None:
    """Add this command to the application."""
    app.command("except")(except_)


def except_(
    county: County,
    action: Annotated[Literal["add", "list", "drop"], typer.Argument(metavar="add|list|drop")],
    id_: Annotated[str | None, typer.Argument(metavar="[ID]", help="要删除的例外 / the exception to drop")] = None,
    rule: Annotated[str, typer.Option("--rule", help="规则，见 check --list / rule")] = "",
    code: Annotated[str, typer.Option("--code", help="只限该网格 / only this grid")] = "",
    area: Annotated[Path | None, typer.Option("--area", help="只限该范围 GeoJSON / only in this area")] = None,
    until: Annotated[str, typer.Option("--until", help="有效期至 YYYY-MM-DD / last day")] = "",
    by: By = "", reason: Reason = "", json: Json = False, lang: Lang = "zh",
) -> None:  # fmt: skip
    """例外：登记、列出、删除被接受的问题 / Accept findings with a reason, list or drop exceptions."""
    with open_county(county) as c:
        rows = c.table("exceptions")
        if action == "list":
            _show(rows, json=json, lang=lang)
        elif action == "drop":
            _drop(c, rows, id_ or "")
            say(lang, f"已删除例外 {id_}。", f"Dropped exception {id_}.")
        else:
            given = {"rule": rule, "code": code, "reason": reason.strip(), "by": by, "until": until}
            shape = read_geometry(str(area), c.crs) if area is not None else None
            new = accept(c, given, shape)
            say(lang, f"已登记例外 {new}。", f"Added exception {new}.")


def _drop(c: OpenCounty, rows: Any, id_: str) -> None:
    if id_ not in set(rows["id"]):
        raise InputError(
            f"没有例外“{id_}”：用 gridgis except {c.code} list 查看。",
            f"There is no exception '{id_}': see gridgis except … list.",
        )
    c.store.replace_table("exceptions", rows[rows["id"] != id_])


def _show(rows: Any, *, json: bool, lang: str) -> None:
    names = ["id", "rule", "code", "reason", "by", "at", "until"]
    plain = pd.DataFrame(rows).reindex(columns=names).astype(object).fillna("")
    if json:
        dump([r | {"area": g is not None} for r, g in zip(plain.to_dict("records"), rows.geometry, strict=True)])
    elif not len(plain):
        say(lang, "没有例外。", "There are no exceptions.")
    else:
        head = ["编号", "规则", "网格", "原因", "登记人", "登记日期", "有效期至"] if lang == "zh" else names
        table(plain.to_numpy().tolist(), head)
