"""What a builder of illustrative counties answers: plain frames, labelled as generated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray


@dataclass(frozen=True)
class DemoCounty:
    """An illustrative county as plain frames, in its projected CRS on the 1 mm lattice.

    Attributes
    ----------
    name, county_code, epsg
        What county it is, and the CRS of every geometry.
    outline
        The true outline, with the points where boundaries meet it; equal to the union of the cells.
    cells
        Code of the deepest grid, geometry; a valid coverage.
    grids
        Code, level, kind, name, category, class, zone of the grids of every level.
    boundaries
        Code, level, name, geometry of the county and its townships.
    buildings, roads, water, places, incidents
        The e-map and the incidents; see the columns of the product's tables. Classes of roads:
        primary, secondary, street, village; of water: river, stream, reservoir, banks. Status of
        incidents: reported, handling, closed; `handled_in`: grid, joint, dispatched.
    registers
        Nets, staff, organisations, postings and visits, as far as the place has them.
    as_of
        Day of all figures.
    notes
        What is real, what is generated and what was decided, as (Chinese, English) pairs.
    """

    name: str
    county_code: str
    epsg: int
    outline: Any
    cells: gpd.GeoDataFrame
    grids: pd.DataFrame
    boundaries: gpd.GeoDataFrame
    buildings: gpd.GeoDataFrame
    roads: gpd.GeoDataFrame
    water: gpd.GeoDataFrame
    places: gpd.GeoDataFrame
    incidents: pd.DataFrame
    notes: tuple[tuple[str, str], ...]
    registers: dict[str, pd.DataFrame]
    as_of: str


class Labels(Protocol):
    """Facts that every generated row is marked with."""

    @property
    def source(self) -> str:
        """Words for the column source."""

    @property
    def as_of(self) -> str:
        """Day of the figures."""

    @property
    def epsg(self) -> int:
        """CRS of the geometries."""


def labelled(frame: pd.DataFrame, facts: Labels, letter: str, geometry: NDArray[np.object_]) -> gpd.GeoDataFrame:
    """Return the rows numbered and marked as generated."""
    frame = frame.copy()
    frame.insert(0, "id", [f"{letter}{i:06d}" for i in range(1, len(frame) + 1)])
    frame["source"], frame["as_of"] = facts.source, facts.as_of
    return gpd.GeoDataFrame(frame, geometry=geometry, crs=facts.epsg)
