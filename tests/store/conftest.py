"""The stores under contract: add one here and every test of the contract runs on it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

import gridgis as gg
from gridgis.store import SqlStore, open_in_memory, open_store
from gridgis.store.building import copy_store
from tests.drawn import drawn_county


@dataclass
class Shelf:
    """Where one kind of store keeps counties for the tests."""

    kind: str
    folder: Path
    database: str = ""
    held: dict[str, SqlStore] = field(default_factory=dict)
    mark: str = field(default_factory=lambda: f"t{uuid.uuid4().hex[:12]}")

    def place(self, name: str = "county") -> str:
        """Return what names a county of this shelf."""
        return f"{self.database}&schema={self.mark}_{name}" if self.database else str(self.folder / f"{name}.gpkg")

    def make(self, drawing: str, *, homes: str = "", name: str = "county") -> str:
        """Make a county and return what names it."""
        if self.database:
            draft = self.folder / "draft.gpkg"
            draft.unlink(missing_ok=True)
            source = open_store(drawn_county(draft, drawing, homes=homes))
            copy_store(source, self.place(name))
            source.close()
            return self.place(name)
        file = drawn_county(self.folder / f"{name}.gpkg", drawing, homes=homes)
        if self.kind == "memory":
            self.held[name] = open_in_memory(file)
        return str(file)

    def open(self, name: str = "county") -> gg.County:
        """Open a county of this shelf, as one planner does."""
        return gg.County(self.held[name]) if self.kind == "memory" else gg.open_county(self.place(name))


@pytest.fixture(params=["geopackage", "memory", pytest.param("postgis", marks=pytest.mark.postgis)])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shelf]:
    """Return a place for counties of one kind of store."""
    if request.param != "postgis":
        yield Shelf(request.param, tmp_path)
        return
    database = request.getfixturevalue("database")
    shelf = Shelf("postgis", tmp_path, database)
    yield shelf
    engine = create_engine(make_url(database).set(drivername="postgresql+psycopg"))
    with engine.begin() as c:
        names = c.execute(text("SELECT nspname FROM pg_namespace WHERE nspname LIKE :mark"), {"mark": f"{shelf.mark}%"})
        for name in names.scalars().all():
            c.execute(text(f'DROP SCHEMA "{name}" CASCADE'))
    engine.dispose()
