"""Rasters of a county: population shared out to the buildings under it; rainfall, flood depth, elevation kept and measured."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyproj
from numpy.typing import NDArray

from gridgis.county import County
from gridgis.errors import InputError
from gridgis.gathering.intake import day_of
from gridgis.gathering.saving import save
from gridgis.io.asking import Intake, Options
from gridgis.io.rasters import SUFFIXES, Raster, packed, read_raster, unpacked
from gridgis.population.spreading import PART, Spread, apportion, counts_of, rows_of, volumes

__all__ = ["SUFFIXES", "bring_in", "bring_people", "raster_figures"]

Words = tuple[str, str]
Progress = Callable[[float, str], None]
BY_CELL = (
    "各像元的人口按居住建筑体量（基底面积×层数）分给其中的建筑，最大余数法取整",
    "the people of each cell shared out to the buildings in it by dwelling volume (footprint times storeys), whole by "
    "largest remainder",
)
_GRIDS_SHOWN = 20
MEASURES = ("mean", "min", "max", "sum")


def bring_in(
    county: County, path: str | Path, options: Options, *, apply: bool = True, progress: Progress | None = None
) -> Intake:
    """Keep a raster in the county, cropped to it.

    Parameters
    ----------
    county, path, options, apply, progress
        As for `gridgis.gathering.bring_in`; ``options.fields`` may say the ``kind``, ``name`` and ``unit`` of the raster,
        ``options.layer`` is the number of the band.

    Raises
    ------
    InputError
        The file is no raster of this county.
    """
    tell = progress or (lambda _share, _words: None)
    _require_known(options.fields, ("kind", "name", "unit"))
    raster, report = _read(county, path, options, tell)
    facts, fields = raster.facts, options.fields
    kind = fields.get("kind", "raster")
    name = fields.get("name") or facts["name"] or Path(path).stem
    row = {"id": f"{kind}:{name}", "kind": kind, "name": name, "unit": fields.get("unit") or facts["unit"], "data": packed(raster)}
    frame = pd.DataFrame([row | {"source": report["source"], "as_of": report["as_of"]}])
    measured = raster.under([county.outline], county.crs, ["mean", "min", "max", "sum", "count"]).iloc[0]
    figures = {k: None if pd.isna(v) else float(v) for k, v in measured.items()}
    if not figures["count"]:
        raise InputError(
            f"“{report['file']}”在本县范围内没有数值。", f"'{report['file']}' has no values within the county."
        )
    covered = float(raster.known([county.outline], county.crs)[0])
    ids = county.table("rasters", ("id",))["id"]
    gone = len(ids) if options.mode == "replace" else int((ids == row["id"]).sum())
    if apply:
        save(
            county,
            {"rasters": frame},
            ("rasters",) if options.mode == "replace" else (),
            lambda s, w: tell(0.7 + 0.3 * s, w),
        )
    updated = 0 if options.mode == "replace" else gone
    counts = {"added": 1 - updated, "updated": updated, "removed": gone - updated}
    report |= {"accepted": 1, "county": figures | {"covered": covered}, "counts": counts, "id": row["id"], "applied": apply}
    unit = f" {row['unit']}" if row["unit"] else ""
    said = (f"栅格“{row['id']}”：本县平均 {figures['mean']:.4g}，最小 {figures['min']:.4g}，最大 {figures['max']:.4g}{unit}。",
            f"Raster '{row['id']}': mean {figures['mean']:.4g}, min {figures['min']:.4g}, max {figures['max']:.4g}{unit}.")  # fmt: skip
    return Intake(report, (said, *_short(covered), _end(apply=apply)), None)


def _short(covered: float) -> tuple[Words, ...]:
    """Return the words on a raster that has values for a part of the county only."""
    return () if covered >= 1 else (
        (f"注意：只有 {covered:.1%} 的县区面积有数值，其余无数值。",
         f"Note: {covered:.1%} of the county's ground has a value, the rest has none."),
    )  # fmt: skip


def bring_people(
    county: County, path: str | Path, options: Options, *, apply: bool = True, progress: Progress | None = None
) -> Intake:
    """Share out a raster of population to the buildings of the county.

    Parameters
    ----------
    county, path, options, apply, progress
        As for `gridgis.gathering.bring_in`.

    Raises
    ------
    InputError
        The file is no raster of this county.
    """
    tell, emap = progress or (lambda _share, _words: None), county.store.pulse()[1]
    _require_known(options.fields, ())
    raster, report = _read(county, path, options, tell)
    buildings = county.table("buildings")
    spread = Spread(buildings, BY_CELL)
    people, inside = _people_of(raster, county, buildings)
    level, grids = _by_grid(raster, county)
    if people.any():
        spread.add("persons", np.flatnonzero(people), apportion(round(float(people.sum())), people[people > 0]))
    spread.rows = [
        {"id": f"raster:{report['file']}", "kind": "raster", "name": report["file"], "persons": round(inside)},
        *({"id": f"raster:{report['file']}:{g['code']}", "kind": PART, "code": g["code"], "name": g["name"],
           "persons": round(g["persons"])} for g in grids),
    ]  # fmt: skip
    placed = int(sum(f[f > 0].sum() for f in spread.figures.values()))
    empty, cells, (below, minus) = raster.facts["empty"], raster.facts["cells"], raster.facts["below"]
    total = raster.facts["total"] - minus
    report |= {
        "accepted": 1, "method": BY_CELL[1], "method_zh": BY_CELL[0], "given": {"persons": round(total, 3)},
        "placed": {"persons": placed}, "inside": round(inside, 3), "outside": round(total - inside, 3),
        "no_buildings": round(inside - float(people.sum()), 3), "nodata_cells": empty, "cells": cells,
        "negative_cells": int(below),
        "level": level, "grids": grids,
    }  # fmt: skip
    changed, lost = spread.changed(report["source"], report["as_of"], alone=options.mode == "replace")
    rows = rows_of(spread, report, county.crs)
    report["counts"] = counts_of(county, rows, options.mode) | {"buildings": len(changed), "emptied": lost}
    if apply:
        replacing = ("population",) if options.mode == "replace" else ()
        save(county, {"population": rows, "buildings": changed}, replacing, lambda s, w: tell(0.7 + 0.3 * s, w), emap)
    report["applied"] = apply
    return Intake(report, (*_told(report), _end(apply=apply)), None)


def _people_of(raster: Raster, county: County, buildings: Any) -> tuple[NDArray[np.float64], float]:
    """Return the people of each building, not yet whole, and all those within the county."""
    # A count below zero is no count.
    raster.values[raster.values < 0] = np.nan
    under = raster.under([county.outline], county.crs, ["cell_id", "coverage", "values"]).iloc[0]
    amount = np.zeros(raster.values.size)
    cell = np.asarray(under["cell_id"], dtype=np.int64)
    amount[cell] = np.asarray(under["coverage"], dtype=np.float64) * np.nan_to_num(
        np.asarray(under["values"], dtype=np.float64)
    )
    people = np.zeros(len(buildings))
    if len(buildings):
        at = raster.cells_of(np.asarray(buildings.geometry.centroid.values, dtype=object), county.crs)
        known, weights = at >= 0, volumes(buildings)
        # Where nobody is known to live in a cell, all its buildings share.
        lived = np.zeros(raster.values.size)
        np.add.at(lived, at[known], weights[known])
        weights = np.where(known & (lived[at] > 0), weights, 1.0)
        sums = np.zeros(raster.values.size)
        np.add.at(sums, at[known], weights[known])
        people[known] = amount[at[known]] * weights[known] / sums[at[known]]
    return people, float(amount.sum())


def _by_grid(raster: Raster, county: County) -> tuple[str | None, list[dict[str, Any]]]:
    """Return the people under each grid of the coarsest level that is drawn, wherever the buildings stand."""
    plan = county.plan
    level = next((k for k in county.scheme.level_keys if plan.codes(k)), None)
    if level is None:
        return None, []
    codes = list(plan.codes(level))
    sums = raster.under([plan.grid_geometry(c) for c in codes], county.crs, ["sum"])["sum"]
    rows = zip(codes, sums.tolist(), strict=True)
    return level, [
        {"code": c, "name": plan.grids[c].name, "persons": 0.0 if pd.isna(n) else round(n, 3)} for c, n in rows
    ]


def _label(wkt: str) -> str:
    """Return a CRS as people name it."""
    crs = pyproj.CRS.from_user_input(wkt)
    authority = crs.to_authority()
    return ":".join(authority) if authority else str(crs.name)


def raster_figures(county: County, raster: str, level: str) -> pd.DataFrame:
    """Return what a raster of the county says of each grid: index `code`; mean, min, max, sum.

    Parameters
    ----------
    county
        The county.
    raster
        Id of the raster, as its import said.
    level
        Level of the grids.

    Raises
    ------
    InputError
        There is no such raster.
    """
    rows = county.table("rasters")
    mine = rows[rows["id"] == raster]
    if not len(mine):
        there = "、".join(rows["id"]) or "-"
        raise InputError(
            f"没有栅格“{raster}”：现有 {there}。",
            f"There is no raster '{raster}'; there are: {there.replace('、', ', ')}.",
        )
    grids = county.grids(level)
    figures = unpacked(mine["data"].iloc[0]).under(grids.geometry.values, county.crs, list(MEASURES))
    return figures.set_index(grids.index)[list(MEASURES)]


def _require_known(fields: Any, known: tuple[str, ...]) -> None:
    strange = next((k for k in fields if k not in known), None)
    if strange is not None:
        there = "、".join(known) or "（无）"
        raise InputError(
            f"--field：栅格没有字段“{strange}”，可用的有 {there}。",
            f"--field: a raster has no field '{strange}'; there are {', '.join(known) or 'none'}.",
        )


def _read(county: County, path: str | Path, options: Options, tell: Progress) -> tuple[Raster, dict[str, Any]]:
    name, as_of = Path(path).name, day_of(options.as_of) or county.today
    tell(0.0, "读取栅格")
    raster = read_raster(path, county.outline, county.crs, band=options.layer, crs=options.crs)
    tell(0.5, "统计")
    report: dict[str, Any] = {
        "file": name, "as": options.as_, "rows": 1, "accepted": 0, "rejected": [], "fields": dict(options.fields), "kept": [],
        "datum": None, "evidence": [], "evidence_zh": [], "notes": [], "notes_zh": [], "encoding": None,
        "crs": _label(raster.crs), "driver": "GTiff", "findings": {}, "changes": [], "applied": False, "mode": options.mode,
        "source": options.source or name, "as_of": as_of,
    }  # fmt: skip
    return raster, report


def _told(r: dict[str, Any]) -> tuple[Words, ...]:
    total, placed = r["given"]["persons"], r["placed"]["persons"]
    share = r["outside"] / total if total else 0.0
    minus = (
        (f"{r['negative_cells']:,} 个像元小于 0，不是人数，未计入。",
         f"{r['negative_cells']:,} cells are below zero, which is no count: left out."),
    ) if r["negative_cells"] else ()  # fmt: skip
    per_grid = tuple(
        (f"“{g['name'] or g['code']}”范围内 {g['persons']:,.0f} 人。", f"In '{g['name'] or g['code']}': {g['persons']:,.0f} people.")
        for g in r["grids"][:_GRIDS_SHOWN]
    )  # fmt: skip
    unplaced = (
        ("网格的人口按建筑统计：请先导入建筑，再导入本栅格。", "Grids count the people of buildings: import buildings, then this raster again."),
    ) if r["no_buildings"] > placed else ()  # fmt: skip
    return (
        (f"栅格人口合计 {total:,.0f}：县内 {r['inside']:,.0f}，县外 {r['outside']:,.0f}（{share:.1%}）；无数值像元 {r['nodata_cells']:,} 个。",
         f"The raster holds {total:,.0f} people: {r['inside']:,.0f} in the county, {r['outside']:,.0f} outside ({share:.1%}); "
         f"{r['nodata_cells']:,} cells hold nothing."),
        *minus,
        (f"{placed:,} 人落到 {r['counts']['buildings']:,} 栋建筑，{r['no_buildings']:,.0f} 人所在像元没有建筑，未落图。",
         f"{placed:,} went to {r['counts']['buildings']:,} buildings; {r['no_buildings']:,.0f} are in cells without buildings."),
        *per_grid,
        *unplaced,
        (f"方法：{r['method_zh']}。", f"Method: {r['method']}."),
    )  # fmt: skip


def _end(*, apply: bool) -> Words:
    return ("已导入。", "Imported.") if apply else ("试运行：未写入任何改动。", "Dry run: nothing was written.")
