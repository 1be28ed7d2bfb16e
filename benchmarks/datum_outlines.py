"""Are undeclared GCJ-02 outlines told from WGS84 ones, and how well do they fit once converted? Prints a table.

``python benchmarks/datum_outlines.py FOLDER`` with the folder that holds ``wgs84.geojson`` and ``gcj02/``. Each
county is the WGS84 outline; the outline of the other survey, and the county's own 60 m off, are held against it.
The centroid says little where a survey redrew part of the boundary, so the boundary that both have in common is
measured as well: its median distance, and how far its own centroid lies off.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyproj
import shapely

from gridgis.datums import shift_geometries
from gridgis.io.evidence import acted_on, best_view, confidence, datum_views

SHARED_M = 40.0
"""Boundary this close to the other survey's was not redrawn."""


@dataclass(frozen=True)
class Line:
    """One outline held against one county."""

    code: str
    kind: str
    seen: str
    acted: str
    confidence: float
    drawn_m: float
    converted_m: float
    shared: float
    shared_median_m: float
    shared_centroid_m: float


def main(folder: Path) -> list[Line]:
    """Measure every outline, in both roles."""
    counties = gpd.read_file(folder / "wgs84.geojson")
    lines = []
    for code, outline in zip(counties["district_adcode"].astype(str), counties.geometry, strict=True):
        lines.append(held_against(code, "WGS84", outline, outline))
        lines.append(held_against(code, "WGS84 60 m off", outline, outline, moved=60.0))
        for datum, kind in (("gcj02", "GCJ-02 of it"), ("bd09", "BD-09 of it")):
            made = shift_geometries(np.array([outline], object), "wgs84", datum)[0]
            lines.append(held_against(code, kind, made, outline))
    for path in sorted((folder / "gcj02").glob("*.geojson")):
        outline = counties[counties["district_adcode"].astype(str) == path.stem].geometry.iloc[0]
        lines.append(held_against(path.stem, "GCJ-02 file", gpd.read_file(path).union_all(), outline))
    return lines


def held_against(code: str, kind: str, drawn: Any, outline: Any, moved: float = 0.0) -> Line:
    """Hold one drawing in degrees against a county's outline in degrees."""
    centre = shapely.centroid(outline)
    plane = pyproj.CRS.from_proj4(f"+proj=tmerc +lon_0={centre.x} +lat_0={centre.y} +ellps=GRS80")
    there = pyproj.Transformer.from_crs(4326, plane, always_xy=True)

    def project(shapes: Any) -> Any:
        return shapely.transform(shapes, lambda xy: np.column_stack(there.transform(xy[:, 0], xy[:, 1])))

    county = shapely.make_valid(project(outline))
    metre = 1 / 111_320.0
    shapes = np.array([shapely.make_valid(drawn)], object)
    shapes = shapely.transform(shapes, lambda xy: xy + np.array([0.6, 0.8]) * moved * metre)
    views = datum_views(shapes, county, project)
    seen, acted = best_view(views), acted_on(views)
    converted = shapely.make_valid(project(shift_geometries(shapes, acted or "wgs84", "wgs84"))[0])
    shared, median, off = _shared(converted, county)
    return Line(
        code, kind, seen.datum if seen else "as drawn", acted or "-", confidence(views),
        _apart(project(shapes)[0], county), _apart(converted, county), shared, median, off,
    )  # fmt: skip


def _apart(a: Any, b: Any) -> float:
    return float(shapely.distance(shapely.centroid(a), shapely.centroid(b)))


def _shared(converted: Any, county: Any) -> tuple[float, float, float]:
    """Return how much of the boundary both have, how far it lies apart there, and its centroid off by."""
    edge, other = shapely.segmentize(shapely.boundary(converted), 20.0), shapely.boundary(county)
    points = shapely.points(shapely.get_coordinates(edge))
    apart = shapely.distance(points, other)
    here = points[apart < SHARED_M]
    if not len(here):
        return 0.0, float("nan"), float("nan")
    foot = shapely.get_coordinates(shapely.get_point(shapely.shortest_line(here, other), 1))
    off = np.hypot(*(shapely.get_coordinates(here) - foot).mean(axis=0))
    return len(here) / len(points), float(np.median(apart[apart < SHARED_M])), float(off)


def table(lines: list[Line]) -> str:
    """Return the account."""
    out = ["county  drawing      seen as  converted  confidence  centroid as drawn  converted  boundary in common  "
           "its distance  its centroid off"]  # fmt: skip
    for line in lines:
        if line.kind == "GCJ-02 file":
            out.append(
                f"{line.code}  {line.kind}  {line.seen:7}  {line.acted:9}  {line.confidence:10.2f}  {line.drawn_m:15.1f} m  "
                f"{line.converted_m:7.1f} m  {line.shared:18.0%}  {line.shared_median_m:10.2f} m  {line.shared_centroid_m:14.2f} m"
            )
    out.append("")
    meant = {
        "WGS84": "-",
        "WGS84 60 m off": "-",
        "GCJ-02 of it": "gcj02",
        "BD-09 of it": "bd09",
        "GCJ-02 file": "gcj02",
    }
    for kind, want in meant.items():
        mine = [line for line in lines if line.kind == kind]
        right = sum(line.acted == want for line in mine)
        said = "left as drawn" if want == "-" else f"recognised as {want} and converted"
        out.append(f"{kind:15} {right} of {len(mine)} {said}")
    files = [line for line in lines if line.kind == "GCJ-02 file"]
    out.append(f"GCJ-02 files whose centroid is within 40 m after conversion: "
               f"{sum(line.converted_m <= 40 for line in files)} of {len(files)}")  # fmt: skip
    redrawn = [f"{line.code} ({1 - line.shared:.0%})" for line in files if line.converted_m > 40]
    out.append(f"  The others were drawn to another extent; share of their boundary, converted, that lies more than "
               f"{SHARED_M:.0f} m from any boundary of the WGS84 survey: {', '.join(redrawn)}")  # fmt: skip
    out.append(f"GCJ-02 files whose boundary in common is within 40 m (its centroid): "
               f"{sum(line.shared_centroid_m <= 40 for line in files)} of {len(files)}, "
               f"largest {max(line.shared_centroid_m for line in files):.2f} m")  # fmt: skip
    return "\n".join(out)


if __name__ == "__main__":
    print(table(main(Path(sys.argv[1]))))
