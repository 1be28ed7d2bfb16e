"""The stores under contract: add one here and every test of the contract runs on it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

import gridgis as gg
from tests.drawn import drawn_county


@dataclass
class Shelf:
    """Where one kind of store keeps counties for the tests."""

    kind: str
    folder: Path

    def make(self, drawing: str, *, homes: str = "", name: str = "county") -> str:
        """Make a county and return what opens it."""
        return str(drawn_county(self.folder / f"{name}.gpkg", drawing, homes=homes))

    def open(self, name: str = "county") -> gg.County:
        """Open a county of this shelf, as one planner does."""
        return gg.open_county(self.folder / f"{name}.gpkg")


@pytest.fixture(params=["geopackage"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Shelf:
    """Return a place for counties of one kind of store."""
    return Shelf(request.param, tmp_path)
