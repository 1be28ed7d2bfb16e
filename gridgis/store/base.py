"""What every store must do; the contract that the store tests state once for all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import geopandas as gpd
import pandas as pd

from gridgis.cells import Cells
from gridgis.plan import Edit, Grid


class Store(Protocol):
    """A county at rest."""

    @property
    def name(self) -> str:
        """What people are shown: the file, or the address of the database without its password."""

    @property
    def epsg(self) -> int:
        """EPSG code of the county's CRS."""

    def meta(self) -> dict[str, str]:
        """Return the county's settings."""

    def version(self) -> int:
        """Return the version of the newest edit."""

    def pulse(self) -> tuple[int, int]:
        """Return the version, and how often elements that are counted have changed."""

    def rows(self, version: int | None = None) -> tuple[Cells, dict[str, Grid]]:
        """Return cells and grids now, or as they were at a version."""

    def ledger(self) -> frozenset[str]:
        """Return every code ever allotted."""

    def next_id(self) -> int:
        """Return the lowest cell id that was never used."""

    def alone(self) -> AbstractContextManager[None]:
        """Keep every other writer out; what is written inside is kept at the end, or not at all."""

    def append(
        self,
        edit: Edit,
        shapes: Mapping[str, Any],
        tables: Mapping[str, pd.DataFrame] | None = None,
        emap: int | None = None,
    ) -> None:
        """Save an edit, the polygons it changes and e-map tables, wholly or not at all.

        Raises
        ------
        StaleEditError
            The store is not at the version before the edit any more, or not at the state `emap` of its elements.
        """

    def edit(self, version: int) -> Edit:
        """Return a saved edit with its rows."""

    def log(self) -> pd.DataFrame:
        """Return one row per edit, oldest first."""

    def lineages(self) -> list[tuple[int, list[tuple[str, str]]]]:
        """Return version and lineage of every edit, oldest first."""

    def frame(self, table: str, columns: Sequence[str] | None = None, bounds: Any = None) -> gpd.GeoDataFrame:
        """Return rows of a table, those whose box meets `bounds` if given."""

    def replace_table(self, table: str, frame: pd.DataFrame) -> None:
        """Put rows in the place of all rows of an e-map table."""

    def change_table(self, table: str, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
        """Put what `change` makes of all rows of a table in their place, in one transaction."""

    def put_rows(self, table: str, frame: pd.DataFrame, *, replacing: bool = False) -> int:
        """Add rows, each in the place of the one with its id, or all in the place of all; return how many made place."""

    def some(
        self, table: str, where: Mapping[str, Any], columns: Sequence[str] | None = None, newest: int | None = None
    ) -> gpd.GeoDataFrame:
        """Return the rows of a table whose columns have these values, or the newest of them."""

    def set_fields(self, table: str, row: str, values: Mapping[str, Any]) -> int:
        """Change plain columns of the rows with an id; return how many there were."""

    def set_figures(self, ids: Sequence[int], figures: Any) -> None:
        """Write the figures of live and past cells after the e-map changed."""

    def close(self) -> None:
        """Let go; of a file, leave one behind and nothing beside it."""
