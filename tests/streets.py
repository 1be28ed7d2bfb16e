"""A county of streets whose bounds are known by construction: square blocks between named streets, turned by an angle.

Blocks are 200 m wide; the street between two blocks bears the name of its line, and its centreline runs
up to three metres beside the boundary. One line is a river.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridgis.founding import Founding, found
from gridgis.schema import to_lattice
from tests.drawn import COUNTY, EAST, EPSG, NORTH, code_of, grids_of, houses

SIDE = 200.0
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXY"


def name_of(along: str, k: int) -> str:
    """Return the name of the k-th line, counted from the west or the north; one line is a river."""
    if (along, k) == ("row", 2):
        return "浐溪"
    return f"{'东西南北中'[k % 5]}{'纵' if along == 'column' else '横'}{k}路"


def truth(size: int = 5) -> dict[str, dict[str, str]]:
    """Return the name on each side of each block."""
    out = {}
    for n in range(size * size):
        row, column = divmod(n, size)
        out[str(code_of(LETTERS[n]))] = {
            "west": name_of("column", column), "east": name_of("column", column + 1),
            "north": name_of("row", row), "south": name_of("row", row + 1),
        }  # fmt: skip
    return out


def street_county(path: Path, size: int = 5, angle: float = 12.0, seed: int = 1) -> Path:
    """Write the county and return its path."""
    rng = np.random.default_rng(seed)
    boxes = [shapely.box(EAST + c * SIDE, NORTH - (r + 1) * SIDE, EAST + (c + 1) * SIDE, NORTH - r * SIDE)
             for r in range(size) for c in range(size)]  # fmt: skip
    turned = [to_lattice(_turned(b, angle)) for b in boxes]
    lines: list[tuple[str, Any]] = []
    for k in range(size + 1):
        off = rng.uniform(-3, 3, 2)
        x, y = EAST + k * SIDE + off[0], NORTH - k * SIDE + off[1]
        lines.append((name_of("column", k), shapely.LineString([(x, NORTH + 60), (x, NORTH - size * SIDE - 60)])))
        lines.append((name_of("row", k), shapely.LineString([(EAST - 60, y), (EAST + size * SIDE + 60, y)])))
    # A lane inside each block, which no boundary runs along, and which meets one at a right angle.
    lines += [(f"{LETTERS[n]}巷", shapely.LineString([(b.bounds[0], b.centroid.y), (b.centroid.x, b.centroid.y)]))
              for n, b in enumerate(boxes)]  # fmt: skip
    shapes = [_turned(g, angle) for _, g in lines]
    frame = pd.DataFrame({"id": [f"r{k}" for k in range(len(lines))], "name": [n for n, _ in lines], "class": "street"})
    middle = np.array([(g.centroid.x, g.centroid.y) for g in shapes])
    frame = frame.assign(x=middle[:, 0], y=middle[:, 1], geometry=shapes)
    river = (frame["name"] == "浐溪").to_numpy()
    codes = [code_of(letter) for letter in LETTERS[: size * size]]
    cells = gpd.GeoDataFrame({"code": codes}, geometry=turned, crs=EPSG)
    rows = grids_of(c for c in codes if c)
    grids = pd.DataFrame([(g.code, g.level, g.kind, g.name) for g in rows], columns=["code", "level", "kind", "name"])
    outline = shapely.normalize(shapely.union_all(turned))
    tables = {"buildings": houses("A"), "roads": frame[~river],
              "water": frame[river].assign(**{"class": "river"}).drop(columns=["x", "y"])}  # fmt: skip
    tables["buildings"] = tables["buildings"].assign(geometry=shapely.points(*(outline.centroid.coords[0]))).assign(
        x=outline.centroid.x, y=outline.centroid.y)  # fmt: skip
    found(path, Founding("generic", COUNTY, "街县", EPSG, "new", outline, cells, grids, tables))
    return path


def _turned(shape: Any, angle: float) -> Any:
    a = np.radians(angle)
    turn = np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])
    return shapely.transform(shape, lambda xy: (xy - (EAST, NORTH)) @ turn + (EAST, NORTH))
