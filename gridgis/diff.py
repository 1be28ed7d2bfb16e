"""What differs between two plans, grid by grid."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import shapely

from gridgis.errors import InputError
from gridgis.plan import Grid, Plan

HAIR_M = 0.002
_SHOWN = ("households", "persons", "buildings")


@dataclass(frozen=True)
class Difference:
    """One grid that differs.

    Attributes
    ----------
    change
        `added`, `removed`, `reshaped` (its ground moved) or `changed` (its attributes did).
    moved_m2
        Area that one side has and the other lacks.
    before, after
        Households, persons, buildings; None where the grid does not exist.
    """

    code: str
    level: str
    change: str
    moved_m2: float
    before: dict[str, float] | None
    after: dict[str, float] | None
    attributes: dict[str, list[str]]

    def row(self) -> dict[str, Any]:
        """Return the difference as JSON-ready values."""
        return asdict(self)


def differences(first: Plan, second: Plan) -> list[Difference]:
    """Return every grid that differs between two plans, by code.

    Polygons that differ by less than 2 mm across count as equal: a cut gives neighbours new
    vertices, which may shift an edge by under a millimetre.

    Parameters
    ----------
    first, second
        The plans, of one county or of two with the same system.

    Returns
    -------
    list of Difference
        What changed of each grid, the m² that one side has and the other lacks, and figures before and after.

    Raises
    ------
    InputError
        The plans are of different systems or in different CRS, so that nothing compares.

    Examples
    --------
    >>> after = gg.evolve(plan, gg.merge(plan, [A, B]))
    >>> [(d.code == A, d.change) for d in gg.differences(plan, after)]
    [(True, 'removed'), (False, 'reshaped')]
    """
    if first.epsg != second.epsg or first.scheme.widths != second.scheme.widths:
        raise InputError(
            f"两个县区的体系或坐标系不同（{first.scheme.name}/{first.epsg} 与 {second.scheme.name}/{second.epsg}），无法比较。",
            f"The counties differ in scheme or CRS ({first.scheme.name}/{first.epsg}, {second.scheme.name}/{second.epsg}) "
            "and cannot be compared.",
        )
    out = []
    for code in sorted(first.grids.keys() | second.grids.keys()):
        found = _difference(first, second, code)
        if found is not None:
            out.append(found)
    return out


def _difference(first: Plan, second: Plan, code: str) -> Difference | None:
    a, b = first.grids.get(code), second.grids.get(code)
    if a is None or b is None:
        plan, grid, change = (first, a, "removed") if b is None else (second, b, "added")
        assert grid is not None
        area = round(float(plan.grid_geometry(code).area), 2)
        figures = _figures(plan, code)
        before, after = (figures, None) if b is None else (None, figures)
        return Difference(code, grid.level, change, area, before, after, {})
    moved = _moved(first.grid_geometry(code), second.grid_geometry(code))
    fields = attributes(a, b)
    if not moved and not fields:
        return None
    change = "reshaped" if moved else "changed"
    return Difference(code, a.level, change, moved, _figures(first, code), _figures(second, code), fields)


def _figures(plan: Plan, code: str) -> dict[str, float]:
    figures = plan.figures_of(code)
    return {k: figures[k] for k in _SHOWN}


def _moved(a: Any, b: Any) -> float:
    if shapely.equals_exact(a, b, normalize=True):
        return 0.0
    parts = shapely.get_parts(shapely.symmetric_difference(a, b))
    solid = [p.area for p in parts if not shapely.buffer(p, -HAIR_M / 2, join_style="mitre").is_empty]
    return round(float(sum(solid)), 2)


def attributes(a: Grid, b: Grid) -> dict[str, list[str]]:
    """Return the fields in which two grids read differently, with both values."""
    pairs = {k: (getattr(a, k), getattr(b, k)) for k in ("level", "kind", "name", "category", "class_", "zone")}
    names = {k for k, _ in (*a.extra, *b.extra)}
    pairs |= {k: (dict(a.extra).get(k, ""), dict(b.extra).get(k, "")) for k in sorted(names)}
    return {k.rstrip("_"): [x, y] for k, (x, y) in pairs.items() if x != y}
