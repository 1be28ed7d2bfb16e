"""Where the rows of a file and the grids of a plan lie, how much they share, and the best pairing of the two."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

Pair = tuple[int, str]
"""A row of the file and the code of a grid."""


class Places:
    """Where rows and grids lie, and how much they share.

    Parameters
    ----------
    here
        Codes of the grids.
    shape_of
        Answers the polygon of a code; asked only when a row is drawn.
    theirs
        Polygons of rows, None for those that are not drawn.
    """

    def __init__(self, here: list[str], shape_of: Callable[[str], Any], theirs: Mapping[int, Any]) -> None:
        shapes = {r: shapely.make_valid(g) for r, g in theirs.items() if g is not None and not g.is_empty}
        self.theirs = {r: g for r, g in shapes.items() if g.area > 0}
        self.codes = here
        self.shapes: NDArray[np.object_] = np.empty(len(here), dtype=object)
        if self.theirs:
            self.shapes[:] = [shape_of(c) for c in here]
        self.at = {c: i for i, c in enumerate(here)}
        self.tree = shapely.STRtree(self.shapes if self.theirs else [])

    def has(self, row: int) -> bool:
        """Tell whether a row is drawn."""
        return row in self.theirs

    def shares(self, pairs: Iterable[Pair]) -> dict[Pair, float]:
        """Return intersection over union of pairs whose row is drawn."""
        known = [p for p in pairs if p[0] in self.theirs]
        a, b = np.empty(len(known), dtype=object), np.empty(len(known), dtype=object)
        a[:] = [self.theirs[r] for r, _ in known]
        b[:] = [self.shapes[self.at[c]] for _, c in known]
        both = shapely.area(shapely.intersection(a, b))
        share = both / (shapely.area(a) + shapely.area(b) - both)
        return dict(zip(known, np.round(share, 6).tolist(), strict=True))

    def crossings(self, rows: list[int]) -> dict[Pair, float]:
        """Return the shares of rows with every grid that they meet."""
        drawn = np.empty(len(rows), dtype=object)
        drawn[:] = [self.theirs[r] for r in rows]
        found = self.tree.query(drawn, predicate="intersects") if len(rows) else np.empty((2, 0), dtype=int)
        return self.shares((rows[i], self.codes[j]) for i, j in found.T.tolist())

    def best(self, row: int) -> tuple[str, float]:
        """Return the grid that shares most with a row, and how much; an empty code where none does."""
        met = self.crossings([row]) if self.has(row) else {}
        code, share = max(((c, s) for (_, c), s in met.items()), key=lambda p: p[1], default=("", 0.0))
        return (code, share) if share > 0 else ("", 0.0)


def assigned(pairs: Mapping[Pair, float]) -> dict[int, tuple[str, float]]:
    """Return the one-to-one choice of pairs with the greatest sum of scores, grid and score by row.

    Examples
    --------
    >>> assigned({(1, "A"): 0.6, (1, "B"): 0.4, (2, "A"): 0.5})
    {1: ('B', 0.4), 2: ('A', 0.5)}
    """
    rows, codes = sorted({r for r, _ in pairs}), sorted({c for _, c in pairs})
    if not pairs:
        return {}
    row_at, code_at = {r: i for i, r in enumerate(rows)}, {c: i for i, c in enumerate(codes)}
    i = np.array([row_at[r] for r, _ in pairs])
    j = np.array([code_at[c] for _, c in pairs])
    size = len(rows) + len(codes)
    linked = coo_matrix((np.ones(len(pairs)), (i, len(rows) + j)), shape=(size, size))
    _, part = connected_components(linked, directed=False)
    out = {}
    for k in sorted(set(part[i].tolist())):
        mine = np.flatnonzero(part[: len(rows)] == k)
        theirs = np.flatnonzero(part[len(rows) :] == k)
        table = np.array([[pairs.get((rows[a], codes[b]), 0.0) for b in theirs] for a in mine])
        for a, b in zip(*linear_sum_assignment(table, maximize=True), strict=True):
            if table[a, b] > 0:
                out[rows[mine[a]]] = codes[theirs[b]], float(table[a, b])
    return out
