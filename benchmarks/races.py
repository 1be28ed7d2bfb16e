"""The races of `make bench`: the same work by us and by others, on the same data.

A race is a title, the field (name, what to call, a word on what it does otherwise), and nothing else; what is prepared
here is outside the clock. A peer that is not installed says so when it is called for the first time.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import madeup
import numpy as np
import pandas as pd
import shapely
from cities import CODE, EPSG, buildings_of, codes_of, found_city, inside
from compute import plan_of

import gridgis as gg
from gridgis.checks.ground import seamless
from gridgis.elements import representative
from gridgis.io.geojson import collection
from gridgis.io.reading import read_vector
from gridgis.locate import locate
from gridgis.network import road_network
from gridgis.outgoing.layer import make_layer
from gridgis.overlays.heatmap import surface
from gridgis.reach import node_minutes
from gridgis.topology import canonical, dissolve

Field = list[tuple[str, Callable[[], Any], str]]


@dataclass(frozen=True)
class Race:
    """One comparison; the first of the field is ours."""

    title: str
    field: Field
    wall: bool = False


def quietly(work: Callable[[], Any]) -> Any:
    """Run something that likes to talk."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return work()


def peer(name: str, work: Callable[[Any], Any]) -> Callable[[], Any]:
    """Return a call of a package that may not be there."""
    return lambda: quietly(lambda: work(importlib.import_module(name)))


def buildings(grids: int, count: int) -> Race:
    """Give buildings to grids."""
    plan = plan_of(grids)
    polygons = plan.rows.geometry
    houses = buildings_of(inside(polygons, shapely.coverage_union_all(polygons), count, 2))
    frame = gpd.GeoDataFrame({"code": plan.rows.code}, geometry=polygons, crs=EPSG)
    bare = houses[["id", "geometry"]]
    locate(plan, np.zeros((1, 2)))
    _ = frame.sindex
    return Race(f"assign {len(houses):,} buildings to {len(plan.rows):,} grids", [
        ("gridgis", lambda: locate(plan, representative(houses.geometry.values)), "by representative point, index kept"),
        ("geopandas.sjoin", lambda: bare.set_geometry(bare.centroid).sjoin(frame, predicate="within"), "by centroid"),
        ("geopandas.overlay", lambda: bare.overlay(frame, keep_geom_type=False), "by area"),
        ("maup.assign", peer("maup", lambda m: m.assign(houses, frame)), "by largest area"),
    ])  # fmt: skip


def coverage(grids: int, *, all_peers: bool) -> Race:
    """Ask whether grids are a coverage without gap and overlap."""
    polygons = canonical(madeup.coverage(grids))
    plan = replaced(polygons)
    frame = gpd.GeoDataFrame({"k": range(len(polygons))}, geometry=polygons, crs=EPSG)
    field: Field = [
        ("gridgis, seamless", lambda: seamless(plan), "validity, each edge from both sides, outline"),
        ("shapely.coverage_is_valid", lambda: shapely.coverage_is_valid(polygons, gap_width=5.0), "gap width 5 m"),
    ]
    if all_peers:
        field += [
            ("maup.doctor", peer("maup", lambda m: m.doctor(frame)), ""),
            ("geoplanar", peer("geoplanar", lambda m: (m.is_overlapping(frame), m.gaps(frame))), "overlaps and gaps"),
        ]
    return Race(f"check a coverage of {len(polygons):,} grids", field)


def replaced(polygons: Any) -> Any:
    """Return a plan of these polygons, with their outline."""
    from dataclasses import replace

    from gridgis.cells import Cells
    from gridgis.plan import make_plan
    from gridgis.scheme import load_scheme

    codes = codes_of(len(polygons))
    rows = Cells.of(range(1, len(codes) + 1), codes, polygons, np.zeros((len(codes), 6)))
    plan = make_plan(load_scheme("generic"), CODE, EPSG, None, rows=rows)
    return replace(plan, outline=shapely.coverage_union_all(polygons))


def dissolved(grids: int, *, all_peers: bool) -> Race:
    """Make communities and townships of units."""
    polygons = madeup.coverage(grids)
    codes = pd.Series(codes_of(len(polygons)))
    frame = gpd.GeoDataFrame({"community": codes.str[:12], "township": codes.str[:9]}, geometry=polygons, crs=EPSG)
    groups = list(frame.groupby("community").indices.items())

    def ours() -> Any:
        made = {code: dissolve(polygons[rows]) for code, rows in groups}
        above: dict[str, list[Any]] = {}
        for code, shape in made.items():
            above.setdefault(code[:9], []).extend(shapely.get_parts(shape))
        return made, {code: dissolve(np.array(parts, dtype=object)) for code, parts in above.items()}

    def theirs(method: str) -> Any:
        return [frame[[level, "geometry"]].dissolve(level, method=method) for level in ("community", "township")]

    field: Field = [("gridgis, level by level", ours, ""), ("geopandas.dissolve, coverage", lambda: theirs("coverage"), "")]
    if all_peers:
        field.append(("geopandas.dissolve, unary", lambda: theirs("unary"), ""))
    return Race(f"dissolve {len(polygons):,} grids to communities and townships", field)


def edits(folder: Path, grids: int) -> Race:
    """Redraw one boundary."""
    path = folder / f"edit-{grids}.gpkg"
    found_city(path, grids, 50_000, 0)
    county = gg.open_county(path)
    plan = county.plan
    codes = iter([c for c in plan.codes("unit") if c.endswith("7")])
    polygons = plan.rows.geometry.copy()
    frame = gpd.GeoDataFrame({"code": plan.rows.code}, geometry=polygons, crs=EPSG)
    points = gpd.GeoDataFrame(geometry=shapely.points(county.elements.points_mm / 1000), crs=EPSG)

    def line_of(shape: Any) -> Any:
        west, south, east, north = shape.bounds
        return shapely.LineString([(west - 1, (south + north) / 2), (east + 1, (south + north) / 2)])

    def ours() -> Any:
        code = next(codes)
        return county.apply(gg.split(county.plan, code, line_of(county.plan.grid_geometry(code))))

    def theirs() -> Any:
        from shapely.ops import split

        parts = split(polygons[0], line_of(polygons[0])).geoms
        now = gpd.GeoDataFrame(geometry=np.array([*polygons[1:], *parts], dtype=object), crs=EPSG)
        counts = points.sjoin(now, predicate="intersects").groupby("index_right").size()
        return counts, shapely.coverage_is_valid(now.geometry.values)

    return Race(f"split one of {len(frame):,} grids, 50,000 buildings counted again", [
        ("gridgis, saved in the file", ours, "cut, counted, checked, one transaction"),
        ("shapely split, geopandas.sjoin, coverage_is_valid", theirs, "nothing saved; neighbours left without the new vertices"),
    ])  # fmt: skip


def heat(count: int) -> Race:
    """Spread incidents to a density."""
    xy = madeup.scattered(np.array([shapely.box(450_000, 3_380_000, 460_000, 3_390_000)], dtype=object), count)
    edges = [np.arange(low, low + 10_050, 50) for low in (450_000, 3_380_000)]
    middles = np.stack(np.meshgrid(*(e[:-1:4] + 100 for e in edges)), axis=-1).reshape(-1, 2)

    def filtered(m: Any) -> Any:
        return m.gaussian_filter(np.histogram2d(*xy.T, bins=edges)[0], 300 / 50)

    return Race(f"density of {count:,} incidents", [
        ("gridgis.overlays.heatmap", lambda: surface(xy[:, 0], xy[:, 1], EPSG, 300.0), "kernel of 300 m"),
        ("scipy gaussian_filter", peer("scipy.ndimage", filtered), "histogram of 50 m, filtered"),
        ("sklearn KernelDensity", peer("sklearn.neighbors", lambda m: m.KernelDensity(
            bandwidth=300, kernel="epanechnikov", rtol=1e-2).fit(xy).score_samples(middles)), "tree, 2,500 squares of 200 m"),
    ])  # fmt: skip


def reached(county_file: Path) -> Race:
    """Find minutes from every node of the roads to its nearest station."""
    with gg.open_county(county_file) as county:
        roads, places = county.table("roads"), county.table("places")
    stations = np.asarray(places.loc[places["kind"] == "station", ["x", "y"]], dtype=float)
    network = road_network(roads, stations)
    graph, sites = network.graph, network.sites
    used = np.unique(sites[sites >= 0])

    def networkx(m: Any) -> Any:
        return m.multi_source_dijkstra_path_length(held["networkx"], set(used.tolist()))

    def rustworkx(m: Any) -> Any:
        return [m.dijkstra_shortest_path_lengths(held["rustworkx"], int(k), float) for k in used]

    held: dict[str, Any] = {}
    for name in ("networkx", "rustworkx"):
        with contextlib.suppress(ImportError):
            held[name] = _graph(importlib.import_module(name), name, graph)
    return Race(f"minutes to the nearest of {len(stations)} stations, {graph.shape[0]:,} nodes", [
        ("gridgis (scipy, all stations at once)", lambda: node_minutes(network, sites, network.access_m), "graph made each time"),
        ("networkx multi_source_dijkstra", peer("networkx", networkx), "graph made beforehand"),
        ("rustworkx, station by station", peer("rustworkx", rustworkx), "graph made beforehand"),
    ])  # fmt: skip


def _graph(module: Any, name: str, graph: Any) -> Any:
    if name == "networkx":
        return module.from_scipy_sparse_array(graph)
    made, table = module.PyGraph(), graph.tocoo()
    made.add_nodes_from(range(graph.shape[0]))
    half = table.row < table.col
    made.add_edges_from(list(zip(table.row[half].tolist(), table.col[half].tolist(), table.data[half].tolist(), strict=True)))
    return made


def files(folder: Path, grids: int) -> Iterator[Race]:
    """Write and read grids as GeoJSON."""
    path = folder / f"files-{grids}.gpkg"
    found_city(path, grids, 1_000, 0)
    county = gg.open_county(path)
    frame = county.grids("unit").reset_index()
    degrees = frame.to_crs(4490)
    target = folder / "out.geojson"

    def made() -> str:
        layer = make_layer(county.grids("unit"), epsg=county.crs, datum="cgcs2000", name="grids")
        return collection(layer.frame, datum="cgcs2000")

    yield Race(f"write {len(frame):,} grids as GeoJSON", [
        ("gridgis", lambda: target.write_text(made(), encoding="utf-8"), "projected, rounded, still a coverage"),
        ("geopandas.to_json", lambda: target.write_text(degrees.to_json(), encoding="utf-8"), "projected beforehand"),
        ("pyogrio.write_dataframe", peer("pyogrio", lambda m: m.write_dataframe(degrees, target, driver="GeoJSON")), "projected beforehand"),
    ])  # fmt: skip
    source = folder / "in.geojson"
    degrees.to_file(source, driver="GeoJSON")
    yield Race(f"read {len(frame):,} grids of GeoJSON", [
        ("gridgis", lambda: read_vector(source), "in a process of its own with limits, rows counted twice"),
        ("pyogrio.read_dataframe", peer("pyogrio", lambda m: m.read_dataframe(source)), "in this process"),
        ("fiona", peer("fiona", lambda m: list(m.open(source))), "records"),
    ], wall=True)  # fmt: skip


def races(county_file: Path) -> Iterator[tuple[str, Callable[[], list[Race]]]]:
    """Give every race by what it is about, each made when it is its turn."""
    folder = Path(tempfile.mkdtemp(prefix="gridgis-bench-"))
    try:
        yield "assign buildings", lambda: [buildings(618, 20_000)]
        yield "check a coverage", lambda: [coverage(618, all_peers=True)]
        yield "reach", lambda: [reached(county_file)]
        yield "edit", lambda: [edits(folder, 618)]
        yield "dissolve", lambda: [dissolved(618, all_peers=True)]
        yield "density", lambda: [heat(100_000)]
        yield "files", lambda: list(files(folder, 2_000))
        yield "edit, large", lambda: [edits(folder, 10_000)]
        yield "dissolve, large", lambda: [dissolved(10_000, all_peers=False)]
        yield "check a coverage, large", lambda: [coverage(10_000, all_peers=False)]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
