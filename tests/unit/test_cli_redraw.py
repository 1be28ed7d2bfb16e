"""The commands that give boundaries another run: reshape, vertex, draw."""

from __future__ import annotations

from pathlib import Path

import pytest
import shapely

from layers.geojson import to_degrees
from tests.drawn import EPSG, area, at, code_of, drawn_county, hash_of, line
from tests.telling import Tell, assert_refused, geojson

A, B = (str(code_of(c)) for c in "AB")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return drawn_county(tmp_path / "county.gpkg", "AABB\nAABB\nAAcc\nAA..")


def degrees(column: float, row: float) -> str:
    lon, lat = shapely.get_coordinates(to_degrees(shapely.Point(at(column, row)), EPSG))[0]
    return f"{lon:.7f},{lat:.7f}"


def test_reshape_prints_the_edit_and_undo_restores(path: Path, tell: Tell, tmp_path: Path) -> None:
    before = hash_of(path)
    new = geojson(tmp_path / "line.geojson", ({}, line((2, 0.4), (2.8, 1), (2, 1.6))))
    told = tell("reshape", path, "--line", new, "--by", "王", "--json").json
    assert (told["version"], told["kind"], told["created"], told["voided"]) == (2, "reshape", [], [])
    assert told["before"].keys() == told["after"].keys() == {A, B}
    assert told["hash"] == hash_of(path) != before
    assert "调整界线" in tell("log", path).out
    assert tell("undo", path).code == 0
    assert hash_of(path) == before
    assert tell("verify", path).code == 0


def test_reshape_is_refused_in_one_sentence(path: Path, tell: Tell, tmp_path: Path) -> None:
    before = hash_of(path)
    for shape, exit_code, word in (
        (line((0.5, 0.5), (1.5, 1.5)), 2, "公共界线"), (line((2.5, 2), (3, 1.5), (3.5, 2)), 1, "锁定"),
    ):  # fmt: skip
        assert_refused(tell("reshape", path, "--line", geojson(tmp_path / "l.geojson", ({}, shape))), exit_code, word)
    assert hash_of(path) == before
    locked = geojson(tmp_path / "l.geojson", ({}, line((2.5, 2), (3, 1.5), (3.5, 2))))
    assert tell("reshape", path, "--line", locked, "--unlock").code == 0


def test_vertex_is_put_in_moved_and_taken_out(path: Path, tell: Tell) -> None:
    before = hash_of(path)
    assert tell("vertex", path, "--at", degrees(2, 0.5), "--to", degrees(2.3, 0.5), "--insert").code == 0
    assert tell("vertex", path, "--at", degrees(2.3, 0.5), "--to", degrees(1.8, 0.6)).code == 0
    assert hash_of(path) != before
    assert tell("vertex", path, "--at", degrees(1.8, 0.6)).code == 0
    assert hash_of(path) == before
    assert_refused(tell("vertex", path, "--at", degrees(2.3, 0.5), "--insert"), 2, "--to")
    assert_refused(tell("vertex", path, "--at", degrees(0, 0), "--to", degrees(0.2, 0.2)), 1, "县界")


def test_draw_makes_a_grid_of_land_that_has_none(path: Path, tell: Tell, tmp_path: Path) -> None:
    square = geojson(tmp_path / "area.geojson", ({}, area((1.5, 2.5), (3, 2.5), (3, 4.5), (1.5, 4.5))))
    told = tell("draw", path, "350526100002", "--area", square, "--json").json
    assert told["created"] == ["350526100002004"]
    assert_refused(tell("draw", path, "350526100002", "--area", square), 2, "未归属")
    assert_refused(tell("draw", path, A, "--area", square), 2, A)
