"""Stores: the county as one GeoPackage file (or another database), opened through SQLAlchemy alone."""

from gridgis.store.sql import SqlStore, open_store

__all__ = ["SqlStore", "open_store"]
