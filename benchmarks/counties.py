"""Counties to measure on: the demos of all systems, a real district, a real quarter with streets and buildings."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

import gridgis as gg
from gridgis.bringing import bring
from gridgis.demo.saving import found_demo
from gridgis.io.asking import Options

SYSTEMS = ("chaisang", "chikan", "dehua", "longhua", "luohu", "yungang", "zoucheng")


def demos(folder: Path, systems: tuple[str, ...] = SYSTEMS) -> Iterator[Path]:
    """Make the demo county of each system, one after the other, and yield its file."""
    for system in systems:
        path = folder / f"{system}.gpkg"
        found_demo(path, scheme=system)
        yield path


def pinggu(folder: Path, data: Path) -> Path:
    """Make a county of Beijing's Pinggu, outline and townships as delivered, and return its file."""
    path = folder / "pinggu.gpkg"
    outline = gpd.read_file(data / "beijing" / "pinggu-outline.geojson")
    gg.new_county(path, "generic", "110117", outline.union_all(), outline.crs, "平谷区")
    with gg.open_county(path) as county:
        bring(county, data / "beijing" / "pinggu-all.geojson", Options("grids"))
    return path


def bubenec(folder: Path, data: Path) -> Path:
    """Make a county of a quarter of Prague: real streets and buildings, two made-up communities; return its file."""
    path, copy, drawn = folder / "bubenec.gpkg", folder / "bubenec-data.gpkg", folder / "bubenec-grids.gpkg"
    shutil.copyfile(data / "bubenec" / "bubenec.gpkg", copy)
    plots = gpd.read_file(copy, layer="plots")
    hull = plots.union_all().convex_hull.buffer(50)
    west, south, east, north = hull.bounds
    middle = (west + east) / 2
    halves = [shapely.intersection(hull, shapely.box(a, south, b, north)) for a, b in ((west, middle), (middle, east))]
    codes = ["990001001001", "990001001002"]
    gpd.GeoDataFrame({"code": codes}, geometry=np.array(halves, object), crs=plots.crs).to_file(drawn)
    gg.new_county(path, "generic", "990001", hull, plots.crs, "Bubeneč")
    with gg.open_county(path) as county:
        bring(county, drawn, Options("grids", level="community"))
        for table, layer in (("buildings", "buildings"), ("roads", "streets")):
            bring(county, copy, Options(table, layer=layer))
    return path
