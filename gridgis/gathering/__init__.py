"""Bringing the e-map into a county: buildings, roads, water, places, incidents and tracks from files of any kind."""

from gridgis.gathering.fields import NAMES, Field, fields_of
from gridgis.gathering.intake import TABLES, bring_in

__all__ = ["NAMES", "TABLES", "Field", "bring_in", "fields_of"]
