"""Opening a county, wherever it is kept."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.exc import DatabaseError

from gridgis.errors import StoreError
from gridgis.schema import SCHEMA_VERSION
from gridgis.store.backend import Backend
from gridgis.store.migrating import migrate, require_known, schema_version
from gridgis.store.postgis import PostgisBackend, is_database, shown_address
from gridgis.store.sql import SqlStore
from gridgis.store.sqlite import MemoryBackend, SqliteBackend, require_county_file


def open_store(place: str | Path) -> SqlStore:
    """Open the store of a county: a file, or ``postgresql://...``.

    Raises
    ------
    StoreError
        Nothing is there, it is not a county, or it cannot be read.
    """
    if is_database(place):
        return _opened(PostgisBackend(str(place)))
    require_county_file(Path(place))
    try:
        return _opened(SqliteBackend(Path(place)))
    except DatabaseError as error:
        raise SqliteBackend(Path(place)).unopened(error) from error


def open_in_memory(path: str | Path) -> SqlStore:
    """Open a county file in memory: what is done to it is never kept."""
    require_county_file(Path(path))
    return _opened(MemoryBackend(Path(path)))


def shown(place: str | Path) -> str:
    """Return a place as people may see it: without the password, if it is the address of a database."""
    return shown_address(str(place)) if is_database(place) else str(place)


def _opened(backend: Backend) -> SqlStore:
    """Ask a database whether it holds a county that we know, and bring it up to date."""
    store = SqlStore(backend, 0)
    try:
        with store._reading() as c:
            if not backend.holds_county(c):
                raise backend.unopened(KeyError("meta"))
        meta = store.meta()
        store, written_as = SqlStore(backend, int(meta["epsg"])), schema_version(meta)
        require_known(backend.name, written_as)
    except (KeyError, ValueError, DatabaseError) as error:
        backend.close()
        if isinstance(error, StoreError):
            raise
        raise backend.unopened(error) from error
    backend.settle()
    if written_as < SCHEMA_VERSION:
        backend.keep_old(written_as)
        with store._writing() as c:
            migrate(c, backend.name, store.epsg)
    return store
