"""Measure the full check, the check after an edit, and what other tools say of the same polygons, all in one run.

    python benchmarks/check.py [--county county.gpkg] [--grids 10000]

Of each data set: the full check of every rule; the same after one split, of its neighbourhood alone; then the peers on the
leaf grids: shapely's coverage_is_valid without and with a gap width, maup's doctor, geoplanar, mapshaper (found on the
path or under GRIDGIS_MAPSHAPER). A peer that is not there is skipped with a word. Seconds of processor time of this
process, wall clock for mapshaper; the machine may be shared.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import os
import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import madeup
import numpy as np
import pandas as pd
import shapely

import gridgis as gg
from gridgis.checks.incremental import Checked
from gridgis.founding import Founding, found
from gridgis.schema import to_lattice

EPSG, GAP_M = 4548, 5.0


def made_up(path: Path, n: int) -> Path:
    """Write a county of about `n` unit grids with a house and a road in many of them, and return its file."""
    polygons = to_lattice(madeup.coverage(n, vertices=8))
    codes = [f"990001{1 + k // 10_000:03d}{1 + k // 100 % 100:03d}{1 + k % 100:03d}" for k in range(len(polygons))]
    cells = gpd.GeoDataFrame({"code": codes}, geometry=polygons, crs=EPSG)
    every = sorted({c[:w] for c in codes for w in (9, 12, 15)})
    levels = {9: "township", 12: "community", 15: "unit"}
    rows = pd.DataFrame({"code": every, "level": [levels[len(c)] for c in every], "kind": "comprehensive", "name": every})
    xy = np.round(madeup.scattered(polygons, 10 * n), 3)
    houses = gpd.GeoDataFrame({"id": [f"b{k}" for k in range(len(xy))], "households": 1, "persons": 3},
                              geometry=shapely.box(*(xy - 4).T, *(xy + 4).T), crs=EPSG)  # fmt: skip
    outline = shapely.coverage_union_all(polygons)
    inside = shapely.contains(outline, shapely.points(xy))
    tables = {"buildings": houses[inside].assign(x=xy[inside, 0], y=xy[inside, 1])}
    found(path, Founding("generic", "990001", "made-up", EPSG, "new", outline, cells, rows, tables))
    return path


def timed(work: Callable[[], Any], *, wall: bool = False) -> tuple[float, Any]:
    """Return seconds and the answer."""
    clock = time.perf_counter if wall else time.process_time
    start = clock()
    answer = work()
    return clock() - start, answer


def ours(path: Path) -> tuple[float, list[tuple[str, float, str]]]:
    """Return the seconds of a full check, and lines on it and on a check after a split."""
    with gg.open_county(path) as county:
        _ = county.plan
        full, checked = timed(lambda: Checked.of(county))
        lines = [("gridgis, full check", full, f"{sum(map(len, checked.found.values()))} findings, {len(checked.found)} rules")]
        level = county.scheme.level_keys[-1]
        codes = county.plan.codes(level) or county.plan.leaf_codes
        code = max(codes[:200], key=lambda c: county.plan.grid_geometry(c).area)
        x0, y0, x1, y1 = county.plan.grid_geometry(code).bounds
        county.apply(gg.split(county.plan, code, shapely.LineString([(x0 - 1, y0 - 1), (x1 + 1, y1 + 1)])))
        again, after = timed(lambda: checked.again(county))
        same = after.found == Checked.of(county).found
        lines.append(("gridgis, after a split", again, "equal to a full check" if same else "DIFFERS from a full check"))
    return full, lines


def peers(polygons: Any, folder: Path) -> list[tuple[str, float | None, str]]:
    """Return what the others take and say."""
    frame = gpd.GeoDataFrame({"k": range(len(polygons))}, geometry=polygons, crs=EPSG)
    lines: list[tuple[str, float | None, str]] = []
    for gap in (0.0, GAP_M):
        spent, sound = timed(lambda gap=gap: shapely.coverage_is_valid(polygons, gap_width=gap))
        lines.append((f"shapely coverage_is_valid, gap {gap:g} m", spent, "valid" if sound else "not valid"))
    lines.append(_package("maup", "maup doctor", lambda m: _quiet(lambda: m.doctor(frame))))
    lines.append(_package("geoplanar", "geoplanar overlaps and gaps", lambda m: (m.is_overlapping(frame), len(m.gaps(frame)))))
    lines.append(_mapshaper(frame, folder))
    return lines


def _quiet(work: Callable[[], Any]) -> Any:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return work()


def _package(name: str, title: str, work: Callable[[Any], Any]) -> tuple[str, float | None, str]:
    try:
        module = importlib.import_module(name)
    except ImportError as error:
        return title, None, f"skipped: {error}"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            spent, answer = timed(lambda: work(module))
    except Exception as error:
        return title, None, f"failed: {type(error).__name__}: {str(error)[:80]}"
    return title, spent, f"answers {answer}"


def _mapshaper(frame: gpd.GeoDataFrame, folder: Path) -> tuple[str, float | None, str]:
    program = os.environ.get("GRIDGIS_MAPSHAPER") or shutil.which("mapshaper")
    if program is None:
        return "mapshaper -clean", None, "skipped: not on the path (npm install mapshaper)"
    source = folder / "grids.geojson"
    source.write_text(frame.to_json(drop_id=True), encoding="utf-8")
    command = [program, str(source), "-clean", "gap-fill-area=25", "overlap-rule=max-area", "-o", str(folder / "clean.geojson")]
    spent, done = timed(lambda: subprocess.run(command, capture_output=True, text=True, check=False), wall=True)
    said = " ".join(done.stderr.split())[-90:] if done.stderr else "done"
    return "mapshaper -clean (reads and writes)", spent if done.returncode == 0 else None, said


def main() -> None:
    """Print a table for each data set."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--county", type=Path, default=Path("county.gpkg"))
    parser.add_argument("--grids", type=int, default=10_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sets = [Path(shutil.copyfile(given.county, folder / "county.gpkg")), made_up(folder / "made-up.gpkg", given.grids)]
        for path in sets:
            with gg.open_county(path) as county:
                plan, title = county.plan, county.meta["name"]
                polygons = np.array([plan.grid_geometry(c) for c in plan.leaf_codes if c in plan.grids], dtype=object)
            print(f"{title}: {len(polygons):,} leaf grids, {len(plan.rows):,} cells")
            print(f"{'':40}{'seconds':>9}{'of ours':>9}  answer")
            full, mine = ours(path)
            for words, spent, answer in [*mine, *peers(polygons, folder)]:
                figures = f"{spent:9.2f}{spent / full:9.2f}" if spent is not None else f"{'-':>9}{'-':>9}"
                print(f"{words:40}{figures}  {answer}", flush=True)
            print()


if __name__ == "__main__":
    main()
