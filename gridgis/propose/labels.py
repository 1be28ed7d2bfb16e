"""Labels of cells and blocks: which grid each lies in, as whole numbers, and what is read off them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from gridgis.plan import Plan

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Objects = NDArray[np.object_]


def numbered(names: NDArray[Any]) -> Ints:
    """Return names as whole numbers from 0, in the order of the names."""
    return np.unique(names, return_inverse=True)[1].reshape(-1).astype(np.int64)


def joined(n: int, first: Ints, second: Ints) -> Ints:
    """Return for each of n things the number of the group it hangs together with; `first` and `second` touch."""
    links = coo_matrix((np.ones(len(first)), (first, second)), shape=(n, n))
    return np.asarray(connected_components(links, directed=False)[1], dtype=np.int64)


def members(labels: Ints) -> list[Ints]:
    """Return the positions of each label, labels in ascending order; negative ones are left out."""
    order = np.argsort(labels, kind="stable")[np.count_nonzero(labels < 0) :]
    return np.split(order, np.flatnonzero(np.diff(labels[order])) + 1) if len(order) else []


def heads(labels: Ints) -> Ints:
    """Return the first position of each label, labels being 0, 1, 2 and so on."""
    return np.unique(labels, return_index=True)[1].astype(np.int64)


def totals(labels: Ints, values: Ints) -> Ints:
    """Return the rows of figures summed for each label, labels being 0, 1, 2 and so on."""
    out = np.zeros((int(labels.max(initial=-1)) + 1, values.shape[1]), dtype=np.int64)
    np.add.at(out, labels, values)
    return out


def by_pair(one: Ints, other: Ints, values: list[Floats]) -> tuple[Ints, Ints, list[Floats]]:
    """Return the pairs of labels that pieces part, and values of the pieces summed by pair."""
    low, high = np.minimum(one, other), np.maximum(one, other)
    real = low != high
    pairs, at = np.unique(np.column_stack([low, high])[real], axis=0, return_inverse=True)
    sums = [np.bincount(at.reshape(-1), v[real], len(pairs)).astype(np.float64) for v in values]
    return pairs[:, 0].astype(np.int64), pairs[:, 1].astype(np.int64), sums


def parents_of(plan: Plan, codes: Objects, width: int) -> Objects:
    """Return for each code the nearest grid above the level whose codes have this width."""
    above = [w for w in plan.scheme.widths if w < width]
    return np.array([next(c[:w] for w in reversed(above) if len(c) >= w and (w == above[0] or c[:w] in plan.grids))
                     for c in codes], dtype=object)  # fmt: skip
