"""Rows of cells as aligned arrays, their fingerprint, and which of them lie near a place."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridgis.schema import FIGURES, mm

Ints = NDArray[np.int64]
Objects = NDArray[np.object_]

MODULUS = 2**256
_REBUILD = 512
_ARRAYS = ("id", "code", "geometry", "figures")


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Rows of cells as aligned arrays, ordered by id.

    Attributes
    ----------
    id
        Whole numbers; an id stands for one geometry and is never given to another.
    code
        Code of the leaf grid, None where not yet assigned.
    geometry
        Polygons on the 1 mm lattice in the county's CRS, in canonical form.
    figures
        What counts in the cell, shape (n, len(FIGURES)).
    """

    id: Ints
    code: Objects
    geometry: Objects
    figures: Ints

    @classmethod
    def of(cls, ids: Iterable[int], code: Iterable[str | None], geometry: Iterable[Any], figures: Any) -> Self:
        """Build rows from any sequences, ordered by id."""
        numbers = np.array(list(ids), dtype=np.int64)
        order = np.argsort(numbers, kind="stable")
        code_, geometry_ = np.empty(len(numbers), dtype=object), np.empty(len(numbers), dtype=object)
        code_[:] = list(code)
        geometry_[:] = list(geometry)
        table = np.asarray(figures, dtype=np.int64).reshape(len(numbers), len(FIGURES))
        return cls(numbers[order], code_[order], geometry_[order], table[order])

    @classmethod
    def none(cls) -> Self:
        """Return no rows."""
        return cls.of([], [], [], np.zeros((0, len(FIGURES))))

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.id)

    def take(self, rows: Any) -> Cells:
        """Return the rows at these positions or under this mask."""
        return Cells(self.id[rows], self.code[rows], self.geometry[rows], self.figures[rows])

    def merged(self, removed: Ints, added: Cells) -> Cells:
        """Return the rows without the removed ids and with the added rows."""
        runs = self._runs(removed, added)
        sides = [(getattr(self, a), getattr(added, a)) for a in _ARRAYS]
        return Cells(*(np.concatenate([side[which][start:end] for which, start, end in runs]) for side in sides))

    def _runs(self, removed: Ints, added: Cells) -> list[tuple[int, int, int]]:
        """Return the runs of rows, of these (0) and of the added (1), that follow each other by id."""
        gone = np.unique(np.searchsorted(self.id, removed))
        gone = gone[gone < len(self)]
        gone = gone[np.isin(self.id[gone], removed)]
        place = np.searchsorted(self.id, added.id)
        # At one position the new row comes first: where it has the id of the old one, that is gone.
        events = sorted([(int(p), 0, k) for k, p in enumerate(place)] + [(int(g), 1, 0) for g in gone])
        out, done = [], 0
        for at, kind, k in events:
            if at > done:
                out.append((0, done, at))
                done = at
            if kind:
                done = at + 1
            elif out and out[-1][0] == 1:
                out[-1] = (1, out[-1][1], k + 1)
            else:
                out.append((1, k, k + 1))
        return [*out, (0, done, len(self))]

    def frame(self, epsg: int) -> gpd.GeoDataFrame:
        """Return the rows as a GeoDataFrame with index `id`."""
        index = pd.Index(self.id, name="id")
        data: dict[str, Any] = {"code": pd.Series(self.code, index=index, dtype=object)}
        data |= {name: self.figures[:, k] for k, name in enumerate(FIGURES)}
        return gpd.GeoDataFrame(data, geometry=self.geometry, index=index, crs=epsg)


def digest(payload: bytes) -> int:
    """Return a fingerprint as a whole number below `MODULUS`."""
    return int.from_bytes(hashlib.sha256(payload).digest(), "big")


def cells_digest(cells: Cells) -> int:
    """Return the share of cells in the hash of the plan: the sum over their geometry and code."""
    rings, owner = shapely.get_rings(cells.geometry, return_index=True)
    raw = mm(shapely.get_coordinates(rings)).tobytes()
    ends = 16 * np.cumsum(shapely.get_num_coordinates(rings))
    first = np.searchsorted(owner, np.arange(len(cells) + 1)).tolist()
    stops = [0, *ends.tolist()]
    total = 0
    for k, code in enumerate(cells.code):
        own = (raw[stops[r] : stops[r + 1]] for r in range(first[k], first[k + 1]))
        total += digest(b"\x1e".join((str(code or "").encode(), *own)))
    return total % MODULUS


class CellIndex:
    """Which live cells lie near a box: one STRtree, and a short list of what changed since it was built."""

    __slots__ = ("_extra", "_gone", "_ids", "_tree")

    def __init__(self, cells: Cells) -> None:
        self._ids = cells.id
        self._tree = shapely.STRtree(cells.geometry)
        self._extra: dict[int, Any] = {}
        self._gone: frozenset[int] = frozenset()

    def near(self, geometry: Any) -> list[int]:
        """Return ids of cells whose box meets the box of `geometry`, ascending."""
        found = set(self._ids[self._tree.query(geometry)].tolist()) - self._gone
        box = shapely.box(*shapely.bounds(geometry))
        found |= {i for i, g in self._extra.items() if shapely.box(*g.bounds).intersects(box)}
        return sorted(found)

    def updated(self, removed: Ints, added: Cells, cells: Cells) -> CellIndex:
        """Return the index of the plan after an edit."""
        now = set(removed.tolist())
        gone = self._gone | now
        extra = {i: g for i, g in self._extra.items() if i not in now}
        extra |= dict(zip(added.id.tolist(), added.geometry, strict=True))
        if len(extra) + len(gone) > _REBUILD:
            return CellIndex(cells)
        out = object.__new__(CellIndex)
        out._ids, out._tree, out._extra = self._ids, self._tree, extra
        # An id painted again is both gone from the tree and present among the extras.
        out._gone = gone
        return out
