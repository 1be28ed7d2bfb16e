"""Commands that change a county: split, merge, transfer, paint, recode, undo, redo; and its log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from gridgis import edits
from gridgis.cli.common import (
    Branch,
    By,
    County,
    Json,
    Lang,
    Reason,
    Unlock,
    dump,
    opened,
    read_geometry,
    say,
    table,
)
from gridgis.errors import EditError
from gridgis.plan import Edit

_KINDS = {
    "new": "新建", "demo": "示例", "import": "导入", "split": "拆分", "merge": "合并", "transfer": "划转", "paint": "涂改",
    "recode": "改码", "convert": "改类型", "match": "核对", "register": "登记", "undo": "撤销", "redo": "重做",
    "combine": "并入草稿", "cells": "细分基元", "adopt": "采用方案", "fit": "规模调整", "void": "停用", "enter": "补登",
    "rename": "改名", "reshape": "调整界线", "vertex": "移动折点", "draw": "新画网格",
}  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    for command in (split, merge, transfer, paint, recode, convert, undo, redo, log):
        app.command()(command)


def split(
    county: County,
    code: Annotated[str, typer.Argument(metavar="CODE", help="要拆分的网格 / the grid to split")],
    line: Annotated[str, typer.Option("--line", help="切分线 GeoJSON / the line")],
    branch: Branch = None, by: By = "", reason: Reason = "", json: Json = False, lang: Lang = "zh",
) -> None:  # fmt: skip
    """用一条线拆分网格 / Split a grid along a line."""
    with opened(county, branch) as c:
        edit = edits.split(c.plan, code, read_geometry(line, c.crs))
        show(c.apply(edit, by=by, reason=reason), json=json, lang=lang)


def merge(
    county: County,
    codes: Annotated[list[str], typer.Argument(metavar="CODE CODE…", help="要合并的网格 / the grids to merge")],
    unlock: Unlock = False, branch: Branch = None, by: By = "", reason: Reason = "", json: Json = False, lang: Lang = "zh",
) -> None:  # fmt: skip
    """合并相邻网格 / Merge neighbouring grids."""
    with opened(county, branch) as c:
        show(c.apply(edits.merge(c.plan, codes, unlock=unlock), by=by, reason=reason), json=json, lang=lang)


def transfer(
    county: County,
    area: Annotated[str, typer.Option("--area", help="区域 GeoJSON / the area")],
    to: Annotated[str, typer.Option("--to", metavar="CODE", help="接收的网格 / the grid that receives it")],
    unlock: Unlock = False, branch: Branch = None, by: By = "", reason: Reason = "", json: Json = False, lang: Lang = "zh",
) -> None:  # fmt: skip
    """把一片区域划给某网格 / Move an area to a grid."""
    with opened(county, branch) as c:
        edit = edits.transfer(c.plan, read_geometry(area, c.crs), to, unlock=unlock)
        show(c.apply(edit, by=by, reason=reason), json=json, lang=lang)


def paint(
    county: County,
    cells: Annotated[str, typer.Option("--cells", metavar="ID,ID…", help="基元号 / cell ids")],
    to: Annotated[str, typer.Option("--to", metavar="CODE", help="接收的网格 / the grid that receives them")],
    unlock: Unlock = False, branch: Branch = None, by: By = "", reason: Reason = "", json: Json = False, lang: Lang = "zh",
) -> None:  # fmt: skip
    """把整块基元划给某网格 / Give whole cells to a grid."""
    with opened(county, branch) as c:
        ids = [part.strip() for part in cells.replace("，", ",").split(",") if part.strip()]
        show(c.apply(edits.paint(c.plan, _ids(ids), to, unlock=unlock), by=by, reason=reason), json=json, lang=lang)


def _ids(words: list[str]) -> list[int]:
    bad = [w for w in words if not (w.isascii() and w.isdigit() and len(w) <= 18)]
    if bad or not words:
        raise EditError(
            f"基元编号“{bad[0] if bad else ''}”不是整数：请给出以逗号分隔的基元号，例如 12,15。",
            f"Cell id '{bad[0] if bad else ''}' is not a whole number: give ids separated by commas, such as 12,15.",
        )
    return [int(w) for w in words]


def recode(
    county: County,
    code: Annotated[str, typer.Argument(metavar="CODE", help="现编码 / the present code")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="新编码 / the new code")],
    unlock: Unlock = False, branch: Branch = None, by: By = "", reason: Reason = "", json: Json = False, lang: Lang = "zh",
) -> None:  # fmt: skip
    """更换网格编码 / Give a grid another code."""
    with opened(county, branch) as c:
        show(c.apply(edits.recode(c.plan, code, new, unlock=unlock), by=by, reason=reason), json=json, lang=lang)


def convert(
    county: County,
    code: Annotated[str, typer.Argument(metavar="CODE", help="网格 / the grid")],
    to: Annotated[str, typer.Option("--to", metavar="KIND", help="体系中的类型 / a kind of the scheme")],
    branch: Branch = None, by: By = "", reason: Reason = "", json: Json = False, lang: Lang = "zh",
) -> None:  # fmt: skip
    """改变网格类型，如综合网格与单位网格互换 / Make a grid one of another kind."""
    with opened(county, branch) as c:
        show(c.apply(edits.convert(c.plan, code, to), by=by, reason=reason), json=json, lang=lang)


def undo(
    county: County, branch: Branch = None, by: By = "", reason: Reason = "", json: Json = False, lang: Lang = "zh"
) -> None:
    """撤销最近一次变更 / Take back the newest edit."""
    with opened(county, branch) as c:
        show(c.undo(by=by, reason=reason), json=json, lang=lang)


def redo(
    county: County, branch: Branch = None, by: By = "", reason: Reason = "", json: Json = False, lang: Lang = "zh"
) -> None:
    """重做被撤销的变更 / Carry out the undone edit again."""
    with opened(county, branch) as c:
        show(c.redo(by=by, reason=reason), json=json, lang=lang)


def log(county: County, branch: Branch = None, json: Json = False, lang: Lang = "zh") -> None:
    """列出全部变更 / List all edits."""
    with opened(county, branch) as c:
        rows = c.log()
    if json:
        dump([{k: _whole(v) for k, v in row.items()} for row in rows.to_dict("records")])
        return
    head = ["版本", "类型", "时间", "变更人", "新建", "停用", "原因"]
    if lang == "en":
        head = ["version", "kind", "at", "by", "created", "voided", "reason"]
    table([_log_row(row, lang) for row in rows.to_dict("records")], head)


def _log_row(row: Mapping[Any, Any], lang: str) -> list[Any]:
    kind = str(row["kind"])
    when = str(row["at"])[:19].replace("T", " ")
    codes = [_few(row["created"]), _few(row["voided"])]
    return [
        str(row["version"]),
        kind if lang == "en" else _KINDS.get(kind, kind),
        when,
        row["by"] or "",
        *codes,
        row["reason"] or "",
    ]


def _whole(value: Any) -> Any:
    return None if isinstance(value, float) and value != value else int(value) if isinstance(value, float) else value


def _few(codes: list[str]) -> str:
    return " ".join(codes[:3]) + (f" … ({len(codes)})" if len(codes) > 3 else "")


def show(edit: Edit, *, json: bool, lang: str) -> None:
    """Print an edit as saved."""
    if json:
        keys = (
            "version",
            "kind",
            "created",
            "voided",
            "before",
            "after",
            "hash",
            "lineage",
            "notes",
            "at",
            "by",
            "reason",
        )
        dump({k: getattr(edit, k) for k in keys})
        return
    kind = _KINDS.get(edit.kind, edit.kind)
    say(lang, f"版本 {edit.version}：{kind}。", f"Version {edit.version}: {edit.kind}.")
    if edit.created:
        say(lang, f"新建 {'、'.join(edit.created)}", f"Created {', '.join(edit.created)}")
    if edit.voided:
        say(lang, f"停用 {'、'.join(edit.voided)}", f"Voided {', '.join(edit.voided)}")
    head = (
        ["编码", "", "户数", "人口", "建筑", "面积 m²"]
        if lang == "zh"
        else ["code", "", "households", "persons", "buildings", "m2"]
    )
    rows = []
    for code in sorted(edit.before.keys() | edit.after.keys()):
        for side, zh, en in ((edit.before, "前", "before"), (edit.after, "后", "after")):
            if code in side:
                counts = [int(side[code][k]) for k in ("households", "persons", "buildings")]
                rows.append([code, zh if lang == "zh" else en, *counts, float(side[code]["area_m2"])])
    if rows:
        table(rows, head)
    for zh, en in edit.notes:
        say(lang, zh, en)
    say(lang, f"方案指纹 {edit.hash}", f"Hash {edit.hash}")
