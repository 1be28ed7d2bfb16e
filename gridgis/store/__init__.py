"""Stores: the county as one GeoPackage file or in a PostGIS database, opened through SQLAlchemy alone."""

from gridgis.store.opening import open_in_memory, open_store, shown
from gridgis.store.sql import SqlStore

__all__ = ["SqlStore", "open_in_memory", "open_store", "shown"]
