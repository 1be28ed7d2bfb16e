"""The command that hands grids on: export."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Literal

import typer

from gridgis.cli.common import Branch, County, Json, Lang, dump, opened, say
from gridgis.cli.history import version_of
from gridgis.disclosing import SMALL


def register(app: typer.Typer) -> None:
    """Add this command to the application."""
    app.command()(export)


def export(
    county: County,
    out: Annotated[Path, typer.Argument(metavar="OUT", help=".geojson .gpkg .shp .zip .kml .fgb .parquet .csv .xlsx；.txt 须带 --format")],
    level: Annotated[str | None, typer.Option("--level", help="层级，默认最细；all 为全部（仅 .gpkg）/ level, finest by default; all (.gpkg only)")
    ] = None,
    datum: Annotated[Literal["wgs84", "cgcs2000", "gcj02", "bd09"] | None, typer.Option("--datum", help="坐标基准，默认 cgcs2000 / datum")
    ] = None,
    format_: Annotated[str, typer.Option("--format", help="格式，默认按扩展名；amap、baidu 为坐标串 / format, by extension")] = "auto",
    as_of: Annotated[str | None, typer.Option("--as-of", help="按该日期或版本的方案 / the plan of a date or version")] = None,
    simplify: Annotated[float | None, typer.Option("--simplify", metavar="METRES", help="化简容差，公共边仍重合 / by coverage")] = None,
    encoding: Annotated[str, typer.Option("--encoding", help="Shapefile 的文字编码：utf-8 或 gbk / of a shapefile")] = "utf-8",
    role: Annotated[Literal["internal", "public"], typer.Option("--role", help="public：去掉内部列，隐去小数字 / hide small numbers")
    ] = "internal",
    k: Annotated[int, typer.Option("--k", help="public 时隐去小于 k 的数字 / numbers below k are hidden")] = SMALL,
    layer: Annotated[str, typer.Option("--layer", help="grids，或 buildings places roads water incidents boundaries cells（仅内部）/ internal")
    ] = "grids",
    branch: Branch = None, json: Json = False, lang: Lang = "zh",
) -> None:  # fmt: skip
    """导出网格，格式按扩展名，旁边写清单 / Export grids; the format goes by the extension."""
    from gridgis.exporting import Wish, export

    with opened(county, branch) as c:
        version = None if as_of is None else version_of(c, as_of)
        wish = Wish(format_, level, datum, version, simplify, encoding, role, k, layer)
        manifest = export(c, out, wish)
    if json:
        dump(manifest)
        return
    count = sum(manifest["counts"].values())
    zh, en = ("个网格", "grids") if layer == "grids" else (f"个要素（{layer}）", layer)
    say(lang, f"已导出 {count} {zh}：{out}", f"Exported {count} {en}: {out}")
    for column, hidden in _sums(manifest["suppressed"]).items():
        say(lang, f"“{column}”隐去了 {hidden} 个数字。", f"{hidden} numbers of '{column}' are withheld.")
    for column, cut in manifest.get("texts_cut", {}).items():
        say(lang, f"“{column}”有 {cut} 处文本过长被截断。", f"{cut} texts of '{column}' were too long and were cut.")
    for loss in manifest["losses"]:
        typer.echo(f"  · {loss[lang]}")


def _sums(withheld: dict[str, dict[str, int]] | None) -> Counter[str]:
    out: Counter[str] = Counter()
    for counts in (withheld or {}).values():
        out.update(counts)
    return out
