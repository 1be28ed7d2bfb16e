"""What maps on paper are drawn from: plan and e-map, read once and found by place."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridgis.county import County
from gridgis.plan import Plan

Ints = NDArray[np.int64]
_COLUMNS = {
    "roads": ("name", "class", "geometry"), "water": ("name", "class", "geometry"), "buildings": ("geometry",),
    "places": ("kind", "name", "x", "y"),
}  # fmt: skip


class Layer:
    """A table of the e-map with its shapes, found by place.

    Parameters
    ----------
    frame
        The attributes.
    shapes
        The geometry of each row.
    """

    def __init__(self, frame: pd.DataFrame, shapes: Any) -> None:
        sound = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
        self.frame, self.shapes = frame[sound].reset_index(drop=True), shapes[sound]

    @cached_property
    def tree(self) -> Any:
        """The shapes as a tree."""
        return shapely.STRtree(self.shapes)

    def near(self, box: tuple[float, float, float, float]) -> Ints:
        """Return the rows that meet a box, in their order."""
        return np.sort(self.tree.query(shapely.box(*box), predicate="intersects"))

    def texts(self, column: str) -> list[str]:
        """Return a column as text, empty where nothing is known."""
        return ["" if v is None or v != v else str(v) for v in self.frame[column]]


@dataclass(frozen=True, eq=False)
class Country:
    """Plan and e-map of a county.

    Attributes
    ----------
    plan
        The plan.
    roads, water, buildings, places
        The e-map.
    """

    plan: Plan
    roads: Layer
    water: Layer
    buildings: Layer
    places: Layer

    def at(self, plan: Plan) -> Country:
        """Return the same e-map under another plan."""
        return Country(plan, self.roads, self.water, self.buildings, self.places)

    def tiles(self, level: str) -> Layer:
        """Return the grids that cover the county at a level: column `code`; made once."""
        made: dict[str, Layer] = self.__dict__.setdefault("_tiles", {})
        if level not in made:
            codes = self.plan.tiling(level) if level != "county" else []
            shapes = np.empty(len(codes), dtype=object)
            shapes[:] = [self.plan.grid_geometry(c) for c in codes]
            made[level] = Layer(pd.DataFrame({"code": codes}), shapes)
        return made[level]


def country_of(county: County, bounds: Any = None) -> Country:
    """Read what maps of a county are drawn from, limited to a box if given."""
    layers = []
    for table in ("roads", "water", "buildings", "places"):
        frame = pd.DataFrame(county.table(table, _COLUMNS[table], bounds))
        if table == "places":
            known = frame["x"].notna() & frame["y"].notna()
            frame = frame[known]
            shapes = shapely.points(frame[["x", "y"]].to_numpy(dtype=np.float64))
        else:
            shapes = np.asarray(frame.pop("geometry"), dtype=object)
        layers.append(Layer(frame, np.asarray(shapes, dtype=object)))
    return Country(county.plan, *layers)
