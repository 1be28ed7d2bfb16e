"""Figures of incidents and population over grids, held against published ones and against the tools others use.

    python benchmarks/incident_figures.py --county county.gpkg --data ../shared/data

São Miguel: people of a raster per municipality. Providence: blocks to precincts as maup assigns them. Paris: stations in
quarters. A county: Gi* as esda gives it on the same weights, and the sum over grids. Exits 1 where a figure differs.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import textwrap
import warnings
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

import gridgis as gg
from gridgis.analysing import study
from gridgis.bringing import bring
from gridgis.io.asking import Options
from gridgis.io.rasters import read_raster
from gridgis.overlays import areal, counting, hotspots
from gridgis.overlays.incidents import prepared

PUBLISHED = {
    "Ponta Delgada": 66_867, "Ribeira Grande": 31_920, "Lagoa": 14_540, "Vila Franca": 9_093, "Povoação": 5_294,
    "Nordeste": 4_150,
}  # fmt: skip
Line = tuple[bool, str]


def sao_miguel(data: Path, folder: Path) -> Iterator[Line]:
    """Yield the people of each municipality, the total and what lies outside."""
    parts = gpd.read_file(data / "sao-miguel" / "concelhos.gpkg")
    names = parts.select_dtypes(exclude="number").drop(columns="geometry").iloc[:, -1].astype(str).tolist()
    path = folder / "island.gpkg"
    gg.new_county(path, "generic", "360101", parts.union_all(), parts.crs, "São Miguel")
    with gg.open_county(path) as county:
        raster = read_raster(data / "sao-miguel" / "gpw_v411_2020_count_2020.tif", county.outline, county.crs)
        sums = raster.under(parts.to_crs(county.crs).geometry.values, county.crs, ["sum"])["sum"].tolist()
        total = float(raster.facts["total"])
    for name, people in zip(names, sums, strict=True):
        known = next((n for k, n in PUBLISHED.items() if k in name), None)
        yield known is not None and round(people) == known, f"  {name}: {people:,.0f}, published {known or 0:,}"
    outside = 1 - sum(sums) / total
    yield round(total) == 145_603, f"  raster total: {total:,.0f}, published 145,603"
    yield round(100 * outside, 1) == 9.4, f"  outside the municipalities: {outside:.1%}, published 9.4%"


def providence(data: Path, _folder: Path) -> Iterator[Line]:
    """Yield how many precincts have another population than maup gives them."""
    import maup

    folder = data / "providence"
    blocks, precincts = (gpd.read_file(folder / f"{n}.zip").to_crs(26919) for n in ("blocks", "precincts"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = blocks["TOTPOP"].groupby(maup.assign(blocks, precincts)).sum().reindex(precincts.index, fill_value=0)
    codes = [str(k) for k in precincts.index]
    ours = areal.to_grids(
        np.asarray(blocks.geometry, dtype=object), blocks[["TOTPOP"]], np.asarray(precincts.geometry, dtype=object), codes
    )["TOTPOP"]
    differ = int((ours.loc[codes].to_numpy() != theirs.to_numpy()).sum())
    yield differ == 0, f"  {len(codes)} precincts, {differ} with another population than by maup {maup_version()}"
    whole = float(blocks["TOTPOP"].sum())
    yield float(ours.sum()) == whole, (
        f"  {len(blocks):,} blocks, {whole:,.0f} people: {ours.loc[codes].sum():,.0f} in precincts, {ours.loc['']:,.0f} in none"
    )


def maup_version() -> str:
    """Return the version of maup."""
    from importlib.metadata import version

    return version("maup")


def paris(data: Path, folder: Path) -> Iterator[Line]:
    """Yield how the stations count in the quarters."""
    quarters = gpd.read_file(data / "paris" / "paris_districts_utm.geojson")
    stations = gpd.read_file(data / "paris" / "paris_bike_stations_mercator.gpkg")
    path = folder / "paris.gpkg"
    quarters["code"] = [f"750056{k:03d}" for k in range(1, len(quarters) + 1)]
    quarters[["code", "district_name", "geometry"]].to_file(folder / "quarters.geojson", driver="GeoJSON")
    gg.new_county(path, "generic", "750056", quarters.union_all(), quarters.crs, "Paris")
    with gg.open_county(path) as county:
        bring(county, folder / "quarters.geojson", Options("grids", level="township", fields={"name": "district_name"}))
        plan = county.plan
        leaf = gg.locate(plan, stations)
        at = stations.to_crs(plan.epsg)
        frame = prepared(pd.DataFrame({"id": stations["name"], "x": at.geometry.x, "y": at.geometry.y}))
        table = counting.per_grid(plan, frame, leaf, "township", pd.Timestamp("2026-01-01"))
    lost = stations["name"][leaf.isna()].tolist()
    total = int(table["reported"].sum())
    yield len(table) == 80 and total + int(leaf.isna().sum()) == len(stations) == 1226, (
        f"  {len(stations):,} stations in {len(table)} quarters: {total:,} counted once each, {len(lost)} outside, by name:"
    )
    yield len(set(lost)) == len(lost), textwrap.fill("; ".join(lost) or "none", 118, initial_indent="    ", subsequent_indent="    ")


def hot(path: Path) -> Iterator[Line]:
    """Yield how far Gi* and its corrected threshold are from esda's, and the sum over grids."""
    import esda
    import libpysal

    with gg.open_county(path) as county:
        found = study(county)
        plan, level = found.plan, county.scheme.level_keys[-2]
        codes = plan.tiling(level)
        table, ours = found.per_grid(level), hotspots.neighbours(plan, codes)
        shapes = gpd.GeoDataFrame(geometry=[plan.grid_geometry(c) for c in codes])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        queen = libpysal.weights.Queen.from_dataframe(shapes, use_index=False)
        counts = table["reported"].to_numpy(dtype=float)
        theirs = esda.G_Local(counts, queen, star=True, transform="B", permutations=0)
    mine = hotspots.hot_spots(table["reported"].astype(float), ours)
    gap = float(np.abs(theirs.Zs - mine["z"]).max())
    yield (queen.sparse != ours).nnz == 0, f"  neighbours of {len(codes)} grids: {ours.nnz:,} pairs, the same as libpysal's queen weights"
    yield gap < 1e-9, f"  Gi*: largest difference to esda {esda.__version__} {gap:.1e}"
    bound = esda.fdr(mine["p"].to_numpy(), 0.05)
    agree = bool(((mine["p"] <= bound) == (mine["spot"] != "none")).all())
    yield agree, f"  grids that stand out at a false discovery rate of 5 %: {int((mine['spot'] != 'none').sum())}, the same as by esda.fdr"
    located = int(found.leaf.notna().sum())
    total, lost = int(table["reported"].sum()), len(found.unlocated)
    yield total == located, f"  sum over grids {total:,}, located {located:,}, listed as unlocated {lost:,}"


def main() -> int:
    """Print every figure; 1 where one differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--county", type=Path)
    parser.add_argument("--data", type=Path)
    given = parser.parse_args()
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        parts = {f.__name__: f(given.data, Path(folder)) for f in (sao_miguel, providence, paris)} if given.data else {}
        if given.county:
            parts["hot_spots"] = hot(given.county)
        for name, lines in parts.items():
            print(name.replace("_", " "))
            for good, text in lines:
                wrong += not good
                print(text if good else f"{text}   <-- differs")
    print(f"differences: {wrong}")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
