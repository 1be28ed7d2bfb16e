"""The command that draws cells from roads, rivers and walls."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
import typer

from gridgis.cli.common import Branch, By, County, Json, Lang, Progress, Reason, dump, opened, say
from gridgis.subdividing.celling import divide
from gridgis.subdividing.linework import linework

_LISTED = 10


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(cells)


def cells(
    county: County,
    from_: Annotated[
        str, typer.Option("--from", metavar="A,B…", help="依据：roads,water,compounds,boundaries / what bounds blocks")
    ] = "roads,water,compounds",
    within: Annotated[str | None, typer.Option("--within", metavar="CODE", help="只在该网格内 / only in this grid")] = None,
    road_class: Annotated[
        str, typer.Option("--road-class", metavar="A,B…", help="只用这些等级的道路 / only roads of these classes")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只报告，不保存 / report only")] = False,
    branch: Branch = None, by: By = "", reason: Reason = "", json: Json = False, lang: Lang = "zh",
) -> None:  # fmt: skip
    """按道路、水系、围墙细分基元，网格不变 / Divide cells along roads, rivers and walls; grids stay as they are."""
    sources, classes = _words(from_), _words(road_class)
    bar = Progress()
    with opened(county, branch) as c:
        work = linework(c.table, sources, classes)
        built = c.table("buildings", ("id", "geometry"))
        command = {"cells": sources, "within": within or "", "road_class": classes}
        done = divide(
            c.plan, work, np.asarray(built.geometry.values, dtype=object),
            within=within, command=command, progress=lambda share, words: bar(share, words),
        )  # fmt: skip
        saved = None if dry_run else c.apply(done.edit, by=by, reason=reason)
        bar.end()
        facts = done.facts | {
            "cut": [str(i) for i in built["id"].iloc[list(done.cut)]],
            "dry_run": dry_run, "version": saved.version if saved else None, "hash": saved.hash if saved else None,
        }  # fmt: skip
    if json:
        dump(facts)
    else:
        _tell(facts, lang)


def _words(text: str) -> list[str]:
    return [w.strip() for w in text.replace("，", ",").split(",") if w.strip()]


def _tell(f: dict[str, Any], lang: str) -> None:
    say(
        lang,
        f"基元 {f['cells_before']:,} → {f['cells_after']:,}（{f['cells_divided']:,} 个被细分）；涉及网格 "
        f"{f['grids_touched']:,} 个，范围、编码、统计改变的 {f['grids_changed']} 个。",
        f"Cells {f['cells_before']:,} -> {f['cells_after']:,} ({f['cells_divided']:,} divided) in {f['grids_touched']:,} "
        f"grids; grids whose ground, code or figures changed: {f['grids_changed']}.",
    )
    say(
        lang,
        f"被基元界线切开的建筑 {f['buildings_cut_before']:,} → {f['buildings_cut_after']:,}（新增 {f['buildings_newly_cut']}），"
        f"共 {f['buildings']:,} 栋。",
        f"Buildings cut by cells {f['buildings_cut_before']:,} -> {f['buildings_cut_after']:,} (newly cut: "
        f"{f['buildings_newly_cut']}) of {f['buildings']:,}.",
    )
    if f["cut"]:
        some = f["cut"][:_LISTED]
        more = len(f["cut"]) - len(some)
        say(
            lang,
            f"原有界线切开的建筑：{'、'.join(some)}" + (f" 等，另 {more} 栋" if more else ""),
            f"Cut by boundaries that stood before: {', '.join(some)}" + (f" and {more} more" if more else ""),
        )
    names = {"roads": "道路", "water": "水系", "compounds": "围墙", "boundaries": "固定界线"}
    say(
        lang,
        f"新界线 {f['new_boundary_m'] / 1000:,.1f} 公里，沿线 {f['share_on_lines']:.1%}："
        + "、".join(f"{names[k]} {v:.1%}" for k, v in f["share_on"].items()) + "，其余绕行建筑。",
        f"{f['new_boundary_m'] / 1000:,.1f} km of new boundaries, {f['share_on_lines']:.1%} on lines: "
        + ", ".join(f"{k} {v:.1%}" for k, v in f["share_on"].items()) + "; the rest goes round buildings.",
    )  # fmt: skip
    say(
        lang,
        f"原有界线上新增顶点 {f['vertices_on_old_edges']:,} 个，偏离最大 {f['largest_shift_mm']:.4f} 毫米。",
        f"{f['vertices_on_old_edges']:,} vertices added on old edges, at most {f['largest_shift_mm']:.4f} mm off.",
    )
    if f["dry_run"]:
        say(lang, "仅试算，县区未改动。", "Dry run; the county is unchanged.")
    else:
        say(lang, f"版本 {f['version']}，方案指纹 {f['hash']}", f"Version {f['version']}, hash {f['hash']}")
