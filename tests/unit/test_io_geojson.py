"""GeoJSON out: RFC 7946 to the letter, edge-matched in every datum, and back to the same millimetre."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import box

from gridgis.errors import InputError
from gridgis.io.geojson import grids_to_geojson, write_geojson
from gridgis.io.importing import Options, Target, plan_import

EPSG = 4548
X, Y = 600_000.0, 2_820_000.0


def partition(seed: int, n: int = 12, side: float = 9000.0) -> gpd.GeoDataFrame:
    rng = np.random.default_rng(seed)
    county = box(X, Y, X + side, Y + side)
    points = shapely.multipoints(rng.uniform(0, side, (n, 2)) + np.array([X, Y]))
    lines = shapely.intersection(
        shapely.boundary(shapely.get_parts(shapely.voronoi_polygons(points, extend_to=county))), county
    )
    noded = shapely.union_all([*lines, county.boundary], grid_size=0.001)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    faces = shapely.normalize(shapely.transform(faces, lambda xy: np.round(xy, 3)))
    index = pd.Index([f"350526{i + 100:03d}" for i in range(len(faces))], name="code")
    names = [f"第{i}网格" for i in range(len(faces))]
    return gpd.GeoDataFrame({"level": "township", "name": names}, geometry=faces, index=index, crs=EPSG)


def shapes(text: str) -> np.ndarray:
    return np.array([shapely.from_geojson(json.dumps(f["geometry"])) for f in json.loads(text)["features"]])


def target(frame: gpd.GeoDataFrame) -> Target:
    outline = shapely.coverage_union_all(frame.geometry.to_numpy())
    bare = gpd.GeoDataFrame({"code": [None]}, geometry=[outline], index=pd.Index([1], name="id"), crs=EPSG)
    return Target((6, 9, 12, 15), ("county", "township", "community", "unit"), "350526", EPSG, outline, bare)


def test_rfc_7946_to_the_letter() -> None:
    frame = partition(1)
    frame.loc["350526101", "name"] = 'a "quoted" \\ name'
    frame["persons"] = np.arange(len(frame))
    frame["share"] = [np.nan, *np.linspace(0, 1, len(frame) - 1)]
    text = grids_to_geojson(frame, epsg=EPSG, meta={"county": "350526", "version": 7, "illustrative": True})
    data = json.loads(text)
    assert data["type"] == "FeatureCollection"
    assert "crs" not in data
    assert (data["datum"], data["county"], data["version"], data["illustrative"]) == ("wgs84", "350526", 7, True)
    polygons = shapes(text)
    assert data["bbox"] == list(shapely.total_bounds(polygons))
    assert 117 < data["bbox"][0] < 119
    assert 25 < data["bbox"][1] < 26
    assert shapely.is_ccw(shapely.get_exterior_ring(polygons)).all()
    for feature, code in zip(data["features"], frame.index, strict=True):
        assert feature["id"] == feature["properties"]["code"] == code
        assert isinstance(feature["properties"]["persons"], int)
    assert data["features"][1]["properties"]["name"] == 'a "quoted" \\ name'
    assert data["features"][0]["properties"]["share"] is None
    decimals = [
        len(n.split(".")[1]) for n in text.replace("]", ",").replace("[", ",").split(",") if n.startswith("118.")
    ]
    assert max(decimals) <= 9


def test_holes_turn_the_other_way_and_parts_stay_one_feature() -> None:
    ring = box(X, Y, X + 100, Y + 100).difference(box(X + 40, Y + 40, X + 60, Y + 60))
    many = shapely.MultiPolygon([ring, box(X + 200, Y, X + 300, Y + 100)])
    frame = gpd.GeoDataFrame(geometry=[many], index=pd.Index(["350526100"], name="code"), crs=EPSG)
    (shape,) = shapes(grids_to_geojson(frame, epsg=EPSG))
    assert shape.geom_type == "MultiPolygon"
    first = next(p for p in shape.geoms if p.interiors)
    assert first.exterior.is_ccw
    assert not first.interiors[0].is_ccw


@pytest.mark.parametrize("datum", ["wgs84", "cgcs2000", "gcj02", "bd09"])
@pytest.mark.parametrize("decimals", [6, 7, 9])
def test_neighbours_stay_edge_matched_in_every_datum(datum: str, decimals: int) -> None:
    # Long edges get vertices in GCJ-02 and BD-09, the same ones on both sides.
    frame = partition(2, 40)
    polygons = shapes(grids_to_geojson(frame, epsg=EPSG, datum=datum, decimals=decimals))
    assert shapely.is_valid(polygons).all()
    assert shapely.coverage_is_valid(polygons)
    assert shapely.coverage_union_all(polygons).geom_type == "Polygon"


def test_few_decimals_are_raised_where_they_would_fold_a_grid() -> None:
    thin = box(X, Y, X + 0.003, Y + 100)
    frame = gpd.GeoDataFrame(
        geometry=[thin, box(X + 0.003, Y, X + 9, Y + 100)], index=["350526100", "350526101"], crs=EPSG
    )
    polygons = shapes(grids_to_geojson(frame.rename_axis("code"), epsg=EPSG, decimals=6))
    assert shapely.is_valid(polygons).all()
    assert shapely.area(polygons).min() > 0


@given(seed=st.integers(0, 10**6))
def test_nine_decimals_give_every_vertex_back(seed: int) -> None:
    # Planted fault: eight decimals.
    rng = np.random.default_rng(seed)
    zone = int(rng.integers(0, 21))
    epsg = 4534 + zone
    x = np.round(rng.uniform(330_000, 670_000, 300), 3)
    y = np.round(rng.uniform(2_000_000, 5_900_000, 300), 3)
    points = shapely.buffer(shapely.points(x, y), 50, quad_segs=2)
    frame = gpd.GeoDataFrame(geometry=shapely.transform(points, lambda xy: np.round(xy, 3)), crs=epsg)
    frame.index = pd.Index([str(i) for i in range(len(frame))], name="code")
    back = gpd.GeoSeries(shapes(grids_to_geojson(frame, epsg=epsg)), crs=4326).to_crs(epsg).to_numpy()
    again = shapely.normalize(shapely.transform(back, lambda xy: np.round(xy, 3)))
    assert shapely.equals_exact(again, shapely.normalize(frame.geometry.to_numpy()), 0.0).all()


@pytest.mark.parametrize("seed", [3, 4])
def test_export_and_import_into_another_county_give_the_same_cells(tmp_path: Path, seed: int) -> None:
    frame = partition(seed, 30)
    path = write_geojson(grids_to_geojson(frame, epsg=EPSG), tmp_path / "grids.geojson")
    result = plan_import(path, target(frame))
    assert result.error is None
    assert result.report["findings"] == {}
    assert {(g.wkb, c) for g, c in zip(result.cells.geometry, result.cells["code"], strict=True)} == {
        (g.wkb, c) for g, c in zip(frame.geometry, frame.index, strict=True)
    }
    assert list(result.grids["name"]) == list(frame["name"])


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
def test_a_shifted_export_says_so_and_comes_back_within_a_millimetre(tmp_path: Path, datum: str) -> None:
    frame = partition(5, 30)
    path = write_geojson(grids_to_geojson(frame, epsg=EPSG, datum=datum), tmp_path / "grids.geojson")
    result = plan_import(path, target(frame), Options())
    assert result.error is None
    assert result.report["datum"] == datum
    assert result.report["findings"] == {}
    back = result.cells.set_index("code").geometry
    for code, shape in frame.geometry.items():
        assert shapely.hausdorff_distance(back[code], shape) < 0.0015


def test_seven_decimals_come_back_within_a_centimetre(tmp_path: Path) -> None:
    frame = partition(6, 30)
    path = write_geojson(grids_to_geojson(frame, epsg=EPSG, decimals=7), tmp_path / "grids.geojson")
    back = plan_import(path, target(frame)).cells.set_index("code").geometry
    for code, shape in frame.geometry.items():
        assert shapely.hausdorff_distance(back[code], shape) < 0.01


def test_a_file_is_replaced_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "out.geojson"
    write_geojson("one", path)
    write_geojson("two", path)
    assert path.read_text() == "two"
    assert [p.name for p in tmp_path.iterdir()] == ["out.geojson"]
    with pytest.raises(InputError) as caught:
        write_geojson("three", tmp_path / "nowhere" / "out.geojson")
    assert "nowhere" in caught.value.en
    with pytest.raises(InputError):
        grids_to_geojson(partition(1), epsg=EPSG, datum="mars")
    with pytest.raises(InputError):
        grids_to_geojson(partition(1), epsg=EPSG, decimals=2)


def test_no_grids_make_an_empty_collection() -> None:
    data = json.loads(grids_to_geojson(partition(1).iloc[:0], epsg=EPSG))
    assert data["features"] == []
    assert "bbox" not in data
