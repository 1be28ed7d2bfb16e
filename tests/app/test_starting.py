"""What a server does before the first browser asks: the picture of the map is made, the county is not read from end to end."""

from __future__ import annotations

from pathlib import Path

import pytest
import shapely
import streamlit as st

import gridgis as gg
from app_pages.desk import the_desk
from app_pages.starting import make_ready
from gridgis.store.sql import SqlStore
from tests.drawn import code_of, drawn_county, line


def test_a_server_starts_and_edits_without_reading_all_that_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A city has millions of buildings and incidents; an edit counts those near it."""
    path = drawn_county(tmp_path / "county.gpkg", "AABB\nAABB\nCCDD\nCCDD", homes="1234\n1111\n2222\n3333")
    monkeypatch.setenv("GRIDGIS_COUNTY", str(path))
    st.cache_resource.clear()
    asked: list[tuple[str, object]] = []
    points = SqlStore.points

    def told(self: SqlStore, table: str, columns: object, bounds: object = None) -> object:
        asked.append((table, bounds))
        return points(self, table, columns, bounds)  # type: ignore[arg-type]

    monkeypatch.setattr(SqlStore, "points", told)
    make_ready()
    assert asked == []
    county = the_desk().county
    edit = county.apply(gg.split(county.plan, str(code_of("A")), line((0.5, -1), (0.5, 3))))
    assert {table for table, _ in asked} == {"buildings", "places", "roads", "incidents"}
    near = shapely.box(*county.plan.grid_geometry(str(code_of("A"))).buffer(250).bounds)
    assert all(near.covers(shapely.box(*bounds)) for _, bounds in asked)  # type: ignore[misc]
    assert sum(f["households"] for f in edit.after.values()) == sum(f["households"] for f in edit.before.values()) == 5


def test_a_county_that_does_not_open_stops_no_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDGIS_COUNTY", str(tmp_path / "none.gpkg"))
    st.cache_resource.clear()
    make_ready()
