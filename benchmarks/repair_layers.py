"""Real layers, faulty as delivered, and what the repair makes of them; Denver held against its published repair.

    python benchmarks/repair_layers.py ../shared/data

A row a layer: grids; whether the file's polygons are valid and edges match (`shapely.coverage_is_valid`, which does not
see gaps); grids that changed and the land they gained or lost; gaps left open because they are larger than
10,000 m2; whether what came out is valid, polygon by polygon and as a coverage; and the faults as delivered, by rule.

Then Denver against its published repair, with the review done as its authors did it: each gap of the delivered layer
goes to the precinct that has most of it in the published one, or stays open where that leaves it open. Where the area of
a precinct still differs by more than 1 %, two figures say why: the land by which the published precinct differs from
the delivered one inside overlaps and the gaps that the published one fills, and elsewhere: ground that the delivered
layer gives to one precinct alone, or leaves out at its outer edge or that of an enclave. No mending of gaps and
overlaps can move the latter. Exit code 1 if anything is not valid afterwards, or if a precinct is more than 1 % off
that the published repair did not redraw.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridgis.cleaning.noding import Geometries
from gridgis.cleaning.repair import Net, Repaired, Terms, overlay_grids

SAME = 0.01
"""Share of its area by which a precinct may differ from the published repair."""


@dataclass(frozen=True)
class Layer:
    """A file, the CRS to judge it in (0 for its own), its outline's file if there is one, and its layer."""

    file: str
    epsg: int
    outline: str | None = None
    layer: str | None = None


LAYERS = MappingProxyType({
    "pinggu": Layer("beijing/pinggu-all.geojson", 4548, "beijing/pinggu-outline.geojson"),
    "daxing": Layer("beijing/daxing-all.geojson", 4548, "beijing/daxing-outline.geojson"),
    "haidian": Layer("beijing/haidian-all.geojson", 4548, "beijing/haidian-outline.geojson"),
    "miyun": Layer("beijing/miyun-all.geojson", 4548, "beijing/miyun-outline.geojson"),
    "paris": Layer("paris/paris_districts.geojson", 32631),
    "denver": Layer("denver/DenverCo_precincts2020_orig.zip", 26913),
    "denver repaired": Layer("denver/DenverCo_precincts2020_repaired.zip", 26913),
    "bubenec plots": Layer("bubenec/bubenec.gpkg", 0, layer="plots"),
    "bubenec tessellation": Layer("bubenec/bubenec.gpkg", 0, layer="tessellation"),
    "providence precincts": Layer("providence/precincts.zip", 32130),
    "providence new": Layer("providence/new_precincts.zip", 32130),
    "providence districts": Layer("providence/districts.zip", 32130),
    "providence blocks": Layer("providence/blocks.zip", 32130),
    "sao-miguel": Layer("sao-miguel/concelhos.gpkg", 32626),
})  # fmt: skip


def read(folder: Path, layer: Layer) -> gpd.GeoDataFrame:
    """Return a layer as delivered, in the CRS to judge it in."""
    frame = gpd.read_file(folder / layer.file, **({"layer": layer.layer} if layer.layer else {}))
    return frame.to_crs(layer.epsg) if layer.epsg else frame


@cache
def repair(folder: Path, layer: Layer, limit: float = 10_000.0) -> tuple[gpd.GeoDataFrame, Repaired]:
    """Return a layer and its repair; the labels are the positions of the rows."""
    frame = read(folder, layer)
    outline, existing = None, Net.empty()
    if layer.outline:
        outline = gpd.read_file(folder / layer.outline).to_crs(layer.epsg).union_all()
        existing = Net(np.array([outline], object), (None,))
    labels = tuple(map(str, range(len(frame))))
    drawn = Net(np.asarray(frame.geometry.values, object), labels)
    return frame, overlay_grids(outline, existing, drawn, terms=Terms(limit))


def whole(result: Repaired) -> bool:
    """Tell whether what came out is valid, polygon by polygon and as a coverage."""
    return bool(shapely.is_valid(result.polygons).all() and shapely.coverage_is_valid(result.polygons))


def line(name: str, frame: gpd.GeoDataFrame, result: Repaired) -> str:
    """Return the row of a layer."""
    drawn = np.asarray(frame.geometry.values, object)
    sound = shapely.is_valid(drawn).all() and shapely.coverage_is_valid(drawn)
    faults = ", ".join(f"{rule} {n}" for rule, n in sorted(result.findings.items())) or "none"
    free = shapely.area(result.polygons[[label is None for label in result.labels]])
    moved = sum(c.moved_m2 for c in result.changes)
    opened = f"{len(free)} ({free.sum():,.0f} m2)" if len(free) else "0"
    return (
        f"{name:21}{len(frame):>6}  {'yes' if sound else 'no':8}{len(result.changes):>8}{moved:>12,.1f}  {opened:>17}  "
        f"{'yes' if whole(result) else 'NO':6} {faults}"
    )


def as_published(folder: Path) -> Repaired:
    """Return the repair of Denver with every gap decided as the published repair has it."""
    frame, by_rule = repair(folder, LAYERS["denver"])
    published = read(folder, LAYERS["denver repaired"]).set_index("PRECID").geometry.reindex(frame["PRECID"])
    theirs = np.asarray(published.make_valid().values, object)
    decisions = {}
    for spot in by_rule.spots:
        if spot.rule in ("gap", "unassigned"):
            share = shapely.area(shapely.intersection(theirs, spot.shape))
            decisions[spot.key] = str(share.argmax()) if share.sum() > spot.area_m2 / 2 else "leave"
    drawn = Net(np.asarray(frame.geometry.values, object), tuple(map(str, range(len(frame)))))
    return overlay_grids(None, Net.empty(), drawn, terms=Terms(decisions=decisions))


def against_published(folder: Path, result: Repaired) -> pd.DataFrame:
    """Return one row a precinct of Denver: areas as delivered, mended and published, and the land that was moved.

    `disputed_m2` and `redrawn_m2` are the land by which the published precinct differs from the delivered one: in
    overlaps of the delivered layer and gaps that the published one fills, and elsewhere.
    """
    frame = read(folder, LAYERS["denver"])
    labels, areas = np.array(result.labels, object), shapely.area(result.polygons)
    published = read(folder, LAYERS["denver repaired"]).set_index("PRECID").geometry
    drawn = np.asarray(frame.geometry.make_valid().values, object)
    first, second = shapely.STRtree(drawn).query(drawn, predicate="intersects")
    pairs = first < second
    twice = shapely.intersection(drawn[first[pairs]], drawn[second[pairs]])
    theirs = np.asarray(published.reindex(frame["PRECID"]).make_valid().values, object)
    holes = np.array(_holes(drawn), object)
    # An enclave that stays open in both is no gap to fill, wherever its edge was moved to.
    filled = shapely.area(shapely.intersection(holes, shapely.union_all(theirs))) > shapely.area(holes) / 2
    disputed = shapely.union_all([*holes[filled], *twice[shapely.area(twice) > 0]])
    differ = shapely.symmetric_difference(drawn, theirs)
    argued = shapely.area(shapely.intersection(differ, disputed))
    return pd.DataFrame({
        "delivered_m2": shapely.area(drawn), "published_m2": shapely.area(theirs),
        "mended_m2": [areas[labels == str(k)].sum() for k in range(len(frame))],
        "disputed_m2": argued, "redrawn_m2": shapely.area(differ) - argued,
    }, index=frame["PRECID"])  # fmt: skip


def far_off(table: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Return the precincts more than 1 % off, and how many of them the published repair did not redraw."""
    far = table[(table["mended_m2"] / table["published_m2"] - 1).abs() > SAME]
    return far, int((far["redrawn_m2"] <= SAME * far["published_m2"]).sum())


def denver(folder: Path) -> tuple[list[str], int]:
    """Return the account of Denver against the published repair, and how many differences nothing explains."""
    result = as_published(folder)
    table = against_published(folder, result)
    far, unexplained = far_off(table)
    off = table["mended_m2"] / table["published_m2"] - 1
    left = sum(label is None for label in result.labels)
    published = len(_holes(np.asarray(read(folder, LAYERS["denver repaired"]).geometry.values, object)))
    out = [
        "", "Denver against its published repair, gaps decided as published:",
        f"valid: {'yes' if whole(result) else 'NO'}; holes left open: {left} (published {published})",
        f"precincts within 1 % of the published area: {len(table) - len(far)} of {len(table)}; "
        f"median difference {off.abs().median():.4%}",
        f"precincts more than 1 % off: {len(far)}, redrawn by the published one outside gaps and overlaps: {len(far) - unexplained}",
        "precinct      delivered m2     mended m2  published m2         off  moved in gaps, overlaps  moved elsewhere",
    ]  # fmt: skip
    out += [
        f"{precinct:12}{row.delivered_m2:>14,.0f}{row.mended_m2:>14,.0f}{row.published_m2:>14,.0f}{off[precinct]:>12.2%}"
        f"{row.disputed_m2:>22,.1f} m2{row.redrawn_m2:>14,.0f} m2"
        for precinct, row in far.iterrows()
    ]
    return out, unexplained + (not whole(result))


def _holes(polygons: Geometries) -> list[shapely.Geometry]:
    """Return the land that polygons enclose and leave out, without islands in it."""
    union = shapely.union_all(polygons)
    rings = [shapely.Polygon(ring) for part in shapely.get_parts(union) for ring in part.interiors]
    return [shapely.difference(ring, union) for ring in rings]


def main() -> int:
    """Print the account; 1 where something is not valid or not explained."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    print(
        f"{'layer':21}{'grids':>6}  {'sound':8}{'changed':>8}{'moved m2':>12}  {'left open':>17}  {'valid':6} faults as delivered"
    )
    bad = 0
    for name, layer in LAYERS.items():
        frame, result = repair(folder, layer)
        print(line(name, frame, result), flush=True)
        bad += not whole(result) or bool(result.refused)
    words, unexplained = denver(folder)
    print("\n".join(words))
    print(f"layers not valid after: {bad}, differences unexplained: {unexplained}")
    return int(bad + unexplained > 0)


if __name__ == "__main__":
    sys.exit(main())
