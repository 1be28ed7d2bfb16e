"""Every county through every format and back: codes, geometry, coverage, and what ogr2ogr makes of it.

    python benchmarks/round_trips.py --demos --data ../shared/data
    python benchmarks/round_trips.py COUNTY.gpkg...

``--demos`` makes the demo counties of the seven systems, ``--data`` Pinggu from its real outline and townships; each
county is copied first. A line a county and format: grids, codes identical, the largest distance between an outline
and what came back (Hausdorff, mm), whether what came back is a valid coverage, and whether ogr2ogr reads the same
codes. Debian's GDAL has no Parquet driver: there DuckDB's reader of GeoParquet, which shares no code with what
wrote the file, is asked for codes and outlines instead. Exit code 1 if anything differs.
"""

from __future__ import annotations

import argparse
import csv
import io
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import shapely

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import gridgis as gg
from benchmarks.counties import demos, pinggu
from gridgis.county import grid_frame
from gridgis.datums import shift_geometries
from gridgis.exporting import Wish, export
from gridgis.io.reading import read_vector
from gridgis.schema import reproject

CASES = (
    ("out.geojson", Wish()), ("gcj.geojson", Wish(datum="gcj02")), ("bd.geojson", Wish(datum="bd09")),
    ("out.gpkg", Wish()), ("gcj.gpkg", Wish(datum="gcj02")), ("out.shp", Wish(encoding="gbk")), ("out.zip", Wish()), ("out.kml", Wish()),
    ("out.fgb", Wish()), ("out.parquet", Wish()), ("out.csv", Wish()), ("out.xlsx", Wish()),
    ("amap.txt", Wish(format="amap")), ("baidu.csv", Wish(format="baidu")),
)  # fmt: skip
LIMIT_MM = 10.0
NO_PARQUET = "has no Parquet driver here"


def main() -> int:
    """Run the counties of the command line; 1 where anything differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("county", nargs="*", type=Path)
    parser.add_argument("--demos", action="store_true", help="the seven demo counties")
    parser.add_argument("--data", type=Path, help="folder of the real layers, for Pinggu")
    given = parser.parse_args()
    print(f"{'county':10} {'file':12} {'datum':9} {'grids':>6} {'codes':>6} {'mm':>8} {'coverage':>9}  ogr2ogr")
    bad = tried = read = 0
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        made = demos(folder) if given.demos else ()
        real = (pinggu(folder, given.data) for _ in range(1)) if given.data else ()
        for path in chain(given.county, made, real):
            for row in round_trips(path):
                print(line(path.stem, row), flush=True)
                bad, tried, read = bad + (not good(row)), tried + 1, read + row["ogr2ogr"].startswith("same")
    print(f"{tried} round trips, {bad} with a difference; limit {LIMIT_MM:g} mm")
    print(f"read alike by another program, ogr2ogr or DuckDB: {read} of {tried}")
    return int(bad > 0)


def line(county: str, row: dict[str, Any]) -> str:
    """Return the line of a round trip."""
    mm = "no shape" if row["mm"] is None else f"{row['mm']:.4f}"
    cover = {None: "-", True: "valid", False: "BROKEN"}[row["coverage"]]
    codes = "same" if row["codes"] else "DIFFER"
    return f"{county:10} {row['file']:12} {row['datum']:9} {row['grids']:6} {codes:>6} {mm:>8} {cover:>9}  {row['ogr2ogr']}"


def good(row: dict[str, Any]) -> bool:
    """Return whether a file came back as it left."""
    return bool(
        row["codes"] and row["coverage"] is not False and (row["mm"] or 0) < LIMIT_MM and "DIFFER" not in row["ogr2ogr"]
    )


def round_trips(path: Path, level: str | None = None) -> Iterator[dict[str, Any]]:
    """Export a copy of a county in every case and compare what comes back with the plan."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "county.gpkg"
        shutil.copy(path, copy)
        with gg.open_county(copy) as county:
            plan = county.plan
            codes = plan.leaf_codes if level is None else plan.codes(level)
            before = grid_frame(plan, codes).geometry
            for name, wish in CASES:
                out = Path(folder) / name
                manifest = export(county, out, Wish(**{**vars(wish), "level": level}))
                yield compared(out, manifest, before, county.crs)


def compared(out: Path, manifest: dict[str, Any], before: gpd.GeoSeries, epsg: int) -> dict[str, Any]:
    """Return how a file differs from the grids it was made of."""
    back = read_back(out, manifest["format"])
    row = {"file": out.name, "datum": manifest["datum"], "grids": len(before), "mm": None, "coverage": None}
    row["codes"] = sorted(back.index) == sorted(before.index)
    row["ogr2ogr"] = by_ogr(out, manifest["format"], set(before.index))
    if row["ogr2ogr"] == NO_PARQUET:
        row["ogr2ogr"] = by_duckdb(out, before)
    if row["codes"] and isinstance(back, gpd.GeoSeries):
        degrees = np.asarray(back.reindex(before.index).values, object)
        row["coverage"] = bool(shapely.is_valid(degrees).all() and shapely.coverage_is_valid(degrees))
        plain = shift_geometries(degrees, manifest["datum"], "cgcs2000", longest_m=None)
        metres = reproject(np.asarray(plain, object), 4490, epsg)
        row["mm"] = float(shapely.hausdorff_distance(np.asarray(before.values, object), metres).max()) * 1000
    return row


def read_back(out: Path, key: str) -> Any:
    """Return the outlines in a file by code, read as an import reads them; only codes where it has no outlines."""
    if key == "xlsx":
        sheet = openpyxl.load_workbook(out, read_only=True)["grids"]
        cells = [row[0] for row in sheet.iter_rows(min_row=2, values_only=True)]
        assert all(isinstance(c, str) for c in cells)
        return pd.Series(0, index=cells)
    if key in ("amap", "baidu"):
        return _paths(out)
    # No CRS is named in GCJ-02 and BD-09, so whoever reads them says that they are degrees.
    frame = read_vector(out, crs="4326" if out.name.startswith("gcj.gpkg") else None).frame
    return frame.set_index("code").geometry


def _paths(out: Path) -> gpd.GeoSeries:
    with out.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t" if out.suffix == ".txt" else ","))
    rings: dict[str, dict[str, list[Any]]] = {}
    for row in rows:
        points = [tuple(map(float, pair.split(","))) for pair in row["path"].split(";")]
        rings.setdefault(row["code"], {}).setdefault(row["part"], []).append(points)
    shapes = {}
    for code, parts in rings.items():
        polygons = [shapely.Polygon(shell, holes) for shell, *holes in parts.values()]
        shapes[code] = polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)
    return gpd.GeoSeries(shapes)


def by_ogr(out: Path, key: str, codes: set[str]) -> str:
    """Return what ogr2ogr, the distribution's own GDAL, reads of a file."""
    program = shutil.which("ogr2ogr")
    if program is None:
        return "not installed"
    if key == "parquet" and "Parquet" not in _run(program, "--formats"):
        return NO_PARQUET
    source = f"/vsizip/{out}" if out.suffix == ".zip" else f"CSV:{out}" if out.suffix == ".txt" else str(out)
    more = ["grids"] if key == "xlsx" else []
    text = _run(program, "-f", "CSV", "/vsistdout/", source, *more, "-select", "code")
    found = [row["code"] for row in csv.DictReader(io.StringIO(text))]
    alike = set(found) == codes and (len(found) == len(codes) or key in ("amap", "baidu"))
    return "same" if alike else f"DIFFER ({len(found)})"


def by_duckdb(out: Path, before: gpd.GeoSeries) -> str:
    """Return what DuckDB's reader of GeoParquet makes of a file: the same codes and outlines."""
    try:
        import duckdb
        import duckdb_extension_spatial
    except ImportError:
        return "no Parquet driver, and DuckDB is not installed"
    extension = next(Path(duckdb_extension_spatial.__file__).parent.rglob("spatial.duckdb_extension"))
    with duckdb.connect() as db:
        db.execute(f"LOAD {str(extension)!r}")
        rows = db.execute("SELECT code, ST_AsWKB(geometry) FROM read_parquet(?)", [str(out)]).fetchall()
    found = gpd.GeoSeries({code: shapely.from_wkb(bytes(wkb)) for code, wkb in rows}, crs=4490)
    if len(rows) != len(before) or set(found.index) != set(before.index):
        return f"DIFFER ({len(rows)} by DuckDB)"
    off = shapely.hausdorff_distance(
        np.asarray(found.to_crs(before.crs).reindex(before.index).values, object), np.asarray(before.values, object)
    )
    return (
        "same by DuckDB (this ogr2ogr has no Parquet driver)" if off.max() * 1000 < LIMIT_MM else "DIFFER (by DuckDB)"
    )


def _run(*words: str) -> str:
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=120).stdout


if __name__ == "__main__":
    sys.exit(main())
