"""A drawn county with people, limits of 2 hours, 2 days and 7 days, and an access list, for tests of the loop."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import shapely

from gridgis.schema import reproject
from tests.crew import SCHEME, crewed
from tests.drawn import EPSG, at

RULES = """
limits = [
  { key = "small", zh = "小事", en = "small matter", hours = 2 },
  { key = "longer", zh = "较长", en = "longer matter", days = 2 },
  { key = "complex", zh = "复杂", en = "complex matter", days = 7 },
]
[access]
before = 169
after = 131
limit = "longer"
points = 2
departments = [{ key = "city", zh = "城管局", en = "urban management" }, { key = "transport", zh = "交通局", en = "transport" }]
matters = [
  { key = "lamps", zh = "路灯", en = "street lamps", department = "city", limit = "small", categories = ["公用设施/路灯故障"], points = 5 },
  { key = "roads", zh = "路面", en = "road surface", department = "transport", limit = "complex", admitted = false, categories = ["公用设施"] },
]
"""
LAMP, ROAD, OTHER = "公用设施/路灯故障", "公用设施/路面破损", "市容环境/暴露垃圾"


def looped(path: Path, spoil: Any = None) -> Path:
    """Write the county and return its path."""
    crewed(path, spoil)
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE meta SET value = ? WHERE key = 'scheme_toml'", (SCHEME + RULES,))
        raw.execute("UPDATE meta SET value = 'false' WHERE key = 'illustrative'")
    raw.close()
    return path


def degrees(column: float, row: float) -> tuple[float, float]:
    """Return longitude and latitude of a place of the drawing."""
    lon, lat = reproject(shapely.Point(at(column, row)), EPSG, 4490).coords[0]
    return lon, lat
