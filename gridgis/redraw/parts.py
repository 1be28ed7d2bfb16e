"""The parts of a grid that is split: which one keeps the code, and what the others are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from gridgis.cells import Cells
from gridgis.plan import Plan
from gridgis.redraw.changes import Bit, arrivals, tally
from gridgis.redraw.cutting import polygons_of
from gridgis.schema import FIGURES


def split_codes(
    plan: Plan, code: str, bits: Sequence[Bit], parts: NDArray[np.int64]
) -> tuple[int, dict[int, list[str]], dict[str, str]]:
    """Return the part that keeps the code, the new codes of the bits of each other part, and templates."""
    weights = _part_weights(plan, bits, parts)
    keep = max(weights, key=lambda p: weights[p])
    others = [p for p in sorted(weights) if p != keep]
    middle = shapely.get_coordinates(shapely.point_on_surface(
        [shapely.union_all(polygons_of([b for b, q in zip(bits, parts, strict=True) if q == p])) for p in others]
    ))  # fmt: skip
    under = plan.scheme.stem(code)
    used = plan.ledger.under(under, len(code))
    fresh: dict[int, list[str]] = {}
    templates: dict[str, str] = {}
    for k in plan.scheme.reading_order(middle[:, 0], middle[:, 1]).tolist():
        new = plan.scheme.next_code(under, len(code), used)
        used.add(new)
        mine = [b for b, q in zip(bits, parts, strict=True) if q == others[k]]
        rows = Cells.of(
            range(len(mine)), [b.code for b in mine], [b.polygon for b in mine], np.zeros((len(mine), len(FIGURES)))
        )
        fresh[others[k]], below = arrivals(plan, rows, new, used)
        templates |= {new: code} | below
    return keep, fresh, templates


def _part_weights(plan: Plan, bits: Sequence[Bit], parts: NDArray[np.int64]) -> dict[int, tuple[float, ...]]:
    """Return households, persons and area of each part."""
    kept = [k for k, b in enumerate(bits) if b.kept is not None]
    new = [k for k, b in enumerate(bits) if b.kept is None]
    figures = np.zeros((len(bits), len(FIGURES)), dtype=np.int64)
    if kept:
        at = [int(plan.row([bits[k].origin[0]])[0]) for k in kept]
        figures[kept] = plan.rows.figures[at]
    if new:
        loose = plan.rows.take(plan.row({i for k in new for i in bits[k].origin}))
        figures[new] = tally(plan, loose, polygons_of([bits[k] for k in new]))
    area = shapely.area(polygons_of(bits))
    return {
        int(p): (*figures[parts == p][:, :2].sum(axis=0).tolist(), float(area[parts == p].sum()))
        for p in np.unique(parts)
    }


def recoded(bits: Sequence[Bit], parts: NDArray[np.int64], keep: int, fresh: Mapping[int, list[str]]) -> list[Bit]:
    """Return the bits of a split under the codes of their parts; `fresh` as `split_codes` returns it."""
    queues = {p: iter(new) for p, new in fresh.items()}
    return [
        b if p == keep else Bit(b.polygon, b.origin, next(queues[p]), b.kept)
        for b, p in zip(bits, parts.tolist(), strict=True)
    ]
