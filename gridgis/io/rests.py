"""Land of a grid that none of the finer grids drawn in it covers: what a drawing of several levels leaves over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gridgis.cleaning.noding import Geometries

Words = tuple[str, str]
Codes = NDArray[np.object_]

_MOSTLY = 0.5
_SHOWN = 5


def beside(codes: Codes, polygons: Geometries) -> list[tuple[int, str]]:
    """Return the rows that bear the code of a divided grid whose finer grids lie mostly outside them.

    Such a row is no outline of them: its code is another's, often a number of zeros taken for a level that is missing.

    Parameters
    ----------
    codes, polygons
        Rows of a file in the county's CRS.

    Returns
    -------
    list of (int, str)
        Position of each row, and a code that lies below its own.
    """
    return [
        (at, below)
        for at, below, own, drawn in _divided(codes, polygons)
        if shapely.area(shapely.intersection(own, drawn)) < _MOSTLY * shapely.area(drawn)
    ]


def left_over(codes: Codes, polygons: Geometries, limit_m2: float) -> tuple[Words, ...]:
    """Say how much land divided grids of a file have that none of their finer grids covers.

    Parameters
    ----------
    codes, polygons
        Rows of the file in the county's CRS.
    limit_m2
        Area of one place up to which misfit between the levels is not worth a word: neighbours fill it.
    """
    areas: dict[str, float] = {}
    for at, _, own, drawn in _divided(codes, polygons):
        parts = shapely.area(shapely.get_parts(shapely.difference(own, drawn)))
        if (parts > limit_m2).any():
            areas[str(codes[at])] = float(parts[parts > limit_m2].sum())
    return words_of(areas)


def words_of(areas: dict[str, float]) -> tuple[Words, ...]:
    """Say of divided grids how much of their land is in no grid now.

    Parameters
    ----------
    areas
        Square metres by code.
    """
    if not areas:
        return ()
    some = [f"{code} {m2:,.0f}" for code, m2 in sorted(areas.items())[:_SHOWN]]
    more = (" …" if len(areas) > _SHOWN else "", sum(areas.values()))
    return (
        (f"{len(areas)} 个网格共有 {more[1]:,.0f} 平方米不在任何下级网格里（{'、'.join(some)}{more[0]}），成为未归属的地块："
         "请补画下级网格，或划给相邻的下级网格",
         f"{len(areas)} grids have {more[1]:,.0f} m2 that none of their finer grids covers ({', '.join(some)}{more[0]}): "
         "this land is in no grid now; draw finer grids there or transfer it to those beside it"),
    )  # fmt: skip


def _divided(codes: Codes, polygons: Geometries) -> Iterator[tuple[int, str, Any, Any]]:
    """Yield each row that has finer rows below it: position, one of their codes, own and their land."""
    order = np.argsort(np.array([str(c) for c in codes], object), kind="stable")
    texts: Sequence[str] = [str(codes[at]) for at in order]
    for n, at in enumerate(order.tolist()):
        last = n + 1
        while last < len(texts) and texts[last].startswith(texts[n]):
            last += 1
        finer = [int(k) for k in order[n + 1 : last] if len(str(codes[k])) > len(texts[n])]
        if finer:
            drawn = shapely.union_all(shapely.make_valid(polygons[finer]))
            yield at, str(codes[finer[0]]), shapely.make_valid(polygons[at]), drawn
