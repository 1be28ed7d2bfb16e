"""The command that puts points into grids: locate."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import typer

from gridgis.cli.common import County, Json, Lang, dump, say
from gridgis.cli.history import version_of
from gridgis.county import open_county
from gridgis.datums import DATUMS
from gridgis.io.geojson import write_geojson as write_whole
from gridgis.io.pointrows import PointRows, read_points
from gridgis.locate import locate_levels
from gridgis.plan import Plan

_NAMED = 10


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.command()(locate)


def locate(
    county: County,
    points: Annotated[Path, typer.Argument(metavar="POINTS.csv", help="点表 / table of points")],
    out: Annotated[Path, typer.Option("--out", help="结果表 / the table to write")],
    as_of: Annotated[str | None, typer.Option("--as-of", help="版本号或日期 / version or date")] = None,
    datum: Annotated[Literal["auto", "wgs84", "cgcs2000", "gcj02", "bd09"], typer.Option(
        "--datum", help="坐标基准，auto 按列名，列名未写明即 CGCS2000 / datum: by the headers, else CGCS2000")
    ] = "auto",
    crs: Annotated[str | None, typer.Option("--crs", metavar="EPSG", help="坐标系，默认经纬度 / CRS, degrees by default")
    ] = None,
    json: Json = False, lang: Lang = "zh",
) -> None:  # fmt: skip
    """点落格：每行一点，附上各级网格编码 / Points to grids: one row in, one row out, codes of every level."""
    table = read_points(points)
    with open_county(county) as c:
        plan = c.plan if as_of is None else c.plan_at(version_of(c, as_of))
    known = (table.datum or "cgcs2000") if datum == "auto" else datum
    xy = table.project(plan.epsg, datum=known, crs=crs)
    codes = locate_levels(plan, xy)
    write_whole(_written(table, codes, lang), out)
    owner = plan.owners(xy)
    usable = np.isfinite(xy).all(axis=1)
    held = np.array([code is not None for code in plan.rows.code] + [False])[owner]
    bad = [
        {"line": line, "zh": why[0], "en": why[1]} for line, why in zip(table.lines, table.reasons, strict=True) if why
    ]
    counts = {
        "rows": len(xy), "located": int(held.sum()), "outside": int((usable & (owner < 0)).sum()),
        "unassigned": int(((owner >= 0) & ~held).sum()), "bad": len(bad),
    }  # fmt: skip
    if json:
        dump(counts | {"version": plan.version, "columns": list(table.columns), "datum": known, "bad_rows": bad})
        return
    if datum == "auto" and table.datum and crs is None:
        zh, en = DATUMS[known]
        say(lang, f"列名写明坐标为 {zh}，已按此换算。", f"The headers say that the coordinates are {en}: read as such.")
    _told(counts, bad, plan, lang)


def _written(table: PointRows, codes: Any, lang: str) -> str:
    """Return the table with the codes beside it, and a column of reasons where there are any."""
    taken = set(table.header)
    fresh = [name if name not in taken else f"{name}_gridgis" for name in codes.columns]
    some = any(table.reasons)
    reason = ["原因" if lang == "zh" else "reason"] if some else []
    text = io.StringIO(newline="")
    text.write("\ufeff")
    writer = csv.writer(text)
    writer.writerow([*table.header, *fresh, *reason])
    for row, found, why in zip(table.rows, codes.to_numpy().tolist(), table.reasons, strict=True):
        told = [why[lang == "en"] if why else ""] if some else []
        writer.writerow([*row, *(code or "" for code in found), *told])
    return text.getvalue()


def _told(counts: dict[str, int], bad: list[dict[str, Any]], plan: Plan, lang: str) -> None:
    for row in bad[:_NAMED]:
        say(lang, f"第 {row['line']} 行：{row['zh']}。", f"Line {row['line']}: {row['en']}.")
    if len(bad) > _NAMED:
        say(lang, f"……共 {len(bad)} 行，见“原因”列。", f"… {len(bad)} rows in all, see the column 'reason'.")
    say(
        lang,
        f"共 {counts['rows']:,} 行：{counts['located']:,} 行落入网格，{counts['outside']:,} 行在县外，"
        f"{counts['unassigned']:,} 行所在处尚未划格，{counts['bad']:,} 行坐标有误（版本 {plan.version}）。",
        f"{counts['rows']:,} rows: {counts['located']:,} in a grid, {counts['outside']:,} outside the county, "
        f"{counts['unassigned']:,} where no grid is drawn yet, {counts['bad']:,} without usable coordinates "
        f"(version {plan.version}).",
    )
