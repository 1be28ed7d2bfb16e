"""A county file under the spade: where faults may be planted, and by what their findings are known."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import shapely

import gridgis as gg
from gridgis.schema import to_lattice
from gridgis.store.geometry import encode, register_functions


@dataclass(frozen=True)
class Planted:
    """A fault: its rule, and the code, place or word by which its finding is known."""

    rule: str
    code: str = ""
    shape: Any = None
    word: str = ""

    def found_in(self, findings: Any) -> bool:
        """Tell whether one of the findings is about this fault."""
        mine = findings[findings["rule"] == self.rule]
        if self.code:
            mine = mine[mine["code"] == self.code]
        if self.word:
            mine = mine[mine["words"].str.contains(self.word, regex=False)]
        if self.shape is not None and len(mine):
            shapes = np.asarray(mine.geometry.values, dtype=object)
            near = shapely.dwithin(shapes[~shapely.is_missing(shapes)], self.shape, 0.05)
            return bool(near.any())
        return len(mine) > 0


@dataclass
class Site:
    """A county file under the spade.

    Attributes
    ----------
    taken
        Leaf grids in which a fault lies already; no two share one.
    """

    path: Path
    rng: random.Random
    each: int
    taken: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Read the plan, then open the file for planting."""
        with gg.open_county(self.path) as county:
            self.plan, self.today, self.epsg = county.plan, county.today, county.crs
            self.scheme = county.scheme
            self.county_tables = {t: county.table(t) for t in ("roads", "places", "boundaries")}
            homes = county.table("buildings", ("id", "households", "x", "y"))
            self.homes = homes[(homes["households"].fillna(0) > 0) & homes["x"].notna()]
        self.db = sqlite3.connect(self.path)
        register_functions(self.db)
        self.index = shapely.STRtree(self.plan.rows.geometry)
        self.next_cell = self.plan.next_id

    def done(self) -> None:
        """Save what was planted."""
        self.db.commit()
        self.db.close()

    def run(self, sql: str, *values: Any) -> None:
        """Carry out a statement; shapes are encoded."""
        plain = [encode(np.array([v], dtype=object), self.epsg)[0] if isinstance(v, shapely.Geometry) else v for v in values]
        self.db.execute(sql, plain)

    def redraw(self, row: int, shape: Any) -> None:
        """Give a cell another polygon."""
        self.run("UPDATE cells SET geometry = ? WHERE id = ? AND removed_in IS NULL", to_lattice(shape), int(self.plan.rows.id[row]))

    def cells(self, fits: Callable[[int], bool] = lambda _row: True) -> Iterator[int]:
        """Yield rows of cells that fit, in random order, in grids with no fault so far nor beside one."""
        rows = list(range(len(self.plan.rows)))
        self.rng.shuffle(rows)
        done = 0
        for row in rows:
            code = self.plan.rows.code[row]
            if code is None or code in self.taken:
                continue
            beside = {self.plan.rows.code[k] for k in self.around(row)}
            if beside & self.taken or not fits(row):
                continue
            self.taken |= {code, *(c for c in beside if c)}
            yield row
            done += 1
            if done == self.each:
                return
        raise SystemExit(f"only {done} of {self.each} places fit: choose a larger county")

    def grids(self, level: str, fits: Callable[[str], bool] = lambda _code: True) -> Iterator[str]:
        """Yield grids of a level that fit, in random order, in which there is no fault so far."""
        codes = self.plan.codes(level)
        self.rng.shuffle(codes)
        done = 0
        leaves = self.plan.leaf_codes
        for code in codes:
            below = {c for c in leaves if c.startswith(code)}
            if below & self.taken or not fits(code):
                continue
            self.taken |= below
            yield code
            done += 1
            if done == self.each:
                return
        raise SystemExit(f"only {done} of {self.each} grids of level {level} fit: choose a larger county")

    def around(self, row: int) -> list[int]:
        """Return the rows of the cells that touch a cell."""
        shape = self.plan.rows.geometry[row]
        return [int(k) for k in self.index.query(shape, "intersects") if k != row]

    def inner(self, row: int) -> bool:
        """Tell whether a cell lies off the outline of the county and of its township."""
        return self.plan.rows.geometry[row].distance(self.plan.outline.boundary) > 50

    def built_up(self, code: str) -> bool:
        """Tell whether a grid has a size band and people."""
        grid = self.plan.grids[code]
        return self.scheme.band(grid.level, grid.zone or None) is not None

    @property
    def unit(self) -> str:
        """The level on which people and bands stand."""
        return next(b.level for b in self.scheme.bands)
