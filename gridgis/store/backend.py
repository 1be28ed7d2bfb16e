"""What differs from one database to another; everything else is in `gridgis.store.sql`, once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from gridgis.errors import StoreError


class Backend(Protocol):
    """One database: how it is reached, locked, filled, and what its errors mean to people.

    Attributes
    ----------
    name
        What people are shown; never a password.
    engine
        SQLAlchemy's engine.
    reading, writing
        Options of a connection that reads, of one that writes.
    wkb
        What to select for a geometry, as `decode` takes it.
    """

    name: str
    engine: Engine
    reading: dict[str, Any]
    writing: dict[str, Any]
    wkb: str

    @property
    def path(self) -> Path | None:
        """The file, or None."""

    def encode(self, geometries: Any, srid: int) -> list[Any]:
        """Return geometries as values of a column."""

    def decode(self, values: Sequence[Any]) -> Any:
        """Return the geometries of values selected by `wkb`."""

    def holds_county(self, connection: Connection) -> bool:
        """Tell whether the tables of a county may be here."""

    def settle(self) -> None:
        """Make ready, once it is known that the county is ours."""

    def lock(self, connection: Connection) -> None:
        """Keep other writers out until the transaction ends."""

    def near(self, table: str, epsg: int) -> str:
        """Return the condition that a row's box meets x0, y0, x1, y1."""

    def fill(self, connection: Connection, table: str, names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert rows, fast."""

    def unreadable(self, error: DBAPIError) -> StoreError | None:
        """Return what people are told when reading fails."""

    def unopened(self, error: Exception) -> StoreError:
        """Return what people are told when this is no county."""

    def unwritable(self, error: DBAPIError) -> StoreError | None:
        """Return what people are told when writing fails."""

    def keep_old(self, version: int) -> None:
        """Keep a copy as it is, before it is brought up to date."""

    def copy_to(self, path: Path) -> None:
        """Write a copy as a file."""

    def close(self) -> None:
        """Let go."""
