"""Points to grids: arrays, series and frames, on edges, outside, and in another CRS."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import gridgis as gg
from gridgis.errors import InputError
from tests.drawn import EPSG, at, code_of, drawn, houses, line

A, B, C, D = (str(code_of(c)) for c in "ABCD")
DRAWING = "AAB\nCC."


def places(*points: tuple[float, float]) -> np.ndarray:
    return np.array([at(*p) for p in points])


def test_each_point_has_the_leaf_code_of_its_cell() -> None:
    found = gg.locate(drawn(DRAWING), places((0.5, 0.5), (2.5, 0.5), (1.5, 1.5)))
    assert found.tolist() == [A, B, C]
    assert found.name == "code"


def test_outside_and_unassigned_are_missing() -> None:
    found = gg.locate(drawn(DRAWING), places((2.5, 1.5), (-1, 0.5), (3.001, 0.5)))
    assert found.isna().all()


def test_points_on_edges_and_corners_have_one_code() -> None:
    # East wins, then north; see test_assign. (2, 1) is the corner of A, B, C and the unassigned cell.
    found = gg.locate(drawn(DRAWING), places((2, 0.5), (0.5, 1), (2, 1), (0, 0), (3, 0)))
    assert found.tolist() == [B, A, B, A, B]


def test_what_is_located_is_what_is_counted() -> None:
    plan, built = drawn(DRAWING), houses(DRAWING)
    found = gg.locate(plan, built[["x", "y"]].to_numpy())
    for code in (A, B, C):
        assert built["households"][found.to_numpy() == code].sum() == plan.figures_of(code)["households"]


def test_the_answer_follows_an_edit() -> None:
    plan = drawn(DRAWING)
    after = gg.evolve(plan, gg.split(plan, B, line((2.5, -1), (2.5, 1))))
    assert set(gg.locate(after, places((2.25, 0.5), (2.75, 0.5)))) == {B, D}
    assert gg.locate(plan, places((2.25, 0.5), (2.75, 0.5))).tolist() == [B, B]


def test_the_index_of_the_input_is_kept() -> None:
    frame = gpd.GeoDataFrame(
        {"n": [1, 2]}, geometry=shapely.points(places((0.5, 0.5), (2.5, 0.5))), index=["x", "y"], crs=EPSG
    )
    for points in (frame, frame.geometry):
        found = gg.locate(drawn(DRAWING), points)
        assert found.index.tolist() == ["x", "y"]
        assert found.tolist() == [A, B]


def test_another_crs_is_reprojected() -> None:
    frame = gpd.GeoDataFrame(geometry=shapely.points(places((0.5, 0.5), (2.5, 0.5))), crs=EPSG)
    for other in (4490, 4326, 4549, 3857):
        assert gg.locate(drawn(DRAWING), frame.to_crs(other)).tolist() == [A, B]


def test_missing_and_endless_coordinates_are_missing() -> None:
    found = gg.locate(drawn(DRAWING), np.array([[np.nan, 1.0], [np.inf, 1.0], at(0.5, 0.5)]))
    assert found.isna().tolist() == [True, True, False]
    frame = gpd.GeoSeries([None, shapely.Point(), shapely.Point(at(0.5, 0.5))], crs=EPSG)
    assert gg.locate(drawn(DRAWING), frame).isna().tolist() == [True, True, False]


def test_no_points() -> None:
    assert len(gg.locate(drawn(DRAWING), np.zeros((0, 2)))) == 0
    assert len(gg.locate(drawn(DRAWING), gpd.GeoSeries([], crs=EPSG))) == 0


def test_a_plan_without_cells_locates_nothing() -> None:
    assert gg.locate(drawn("."), places((0.5, 0.5))).isna().all()


@pytest.mark.parametrize(
    ("points", "word"),
    [
        (gpd.GeoSeries([shapely.Point(0, 0)]), "坐标系"),
        (gpd.GeoSeries([shapely.box(0, 0, 1, 1)], crs=EPSG), "点"),
        (np.zeros((2, 3)), "2 列"),
        (np.zeros(2), "2 列"),
        ([[1, 2, 3]], "2 列"),
    ],
)
def test_what_cannot_be_located_is_told(points: object, word: str) -> None:
    with pytest.raises(InputError, match=word):
        gg.locate(drawn(DRAWING), points)


def test_codes_are_text() -> None:
    found = gg.locate(drawn(DRAWING), places((0.5, 0.5)))
    assert isinstance(found.iloc[0], str)
    assert not pd.api.types.is_numeric_dtype(found)


def test_codes_as_a_categorical_are_the_same_codes() -> None:
    plan, asked = drawn(DRAWING), places((0.5, 0.5), (2.5, 0.5), (2.5, 1.5), (9, 9), (2, 1))
    found = gg.locate(plan, asked, categorical=True)
    assert found.dtype == pd.CategoricalDtype([A, B, C])
    assert found.astype(object).where(found.notna(), None).tolist() == gg.locate(plan, asked).tolist()
