"""Cutting the cells of a plan along a line, and putting together again what the line did not divide."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gridgis import topology
from gridgis.cells import CellIndex
from gridgis.errors import EditError
from gridgis.plan import Plan
from gridgis.redraw.changes import Bit
from gridgis.schema import metres, mm

_FAR_M = 200_000.0


def line_points(line: Any) -> NDArray[np.int64]:
    """Return the vertices of a usable line in millimetres."""
    kind = getattr(line, "geom_type", "")
    if kind == "MultiLineString":
        line = shapely.line_merge(line)
        kind = line.geom_type
    if kind != "LineString" or line.is_empty:
        raise EditError(
            "切分线必须是一条折线（LineString）且不能为空：请重新画线。",
            "The cut must be one LineString with at least two points: draw it again.",
        )
    xy = shapely.get_coordinates(line)
    if not np.isfinite(xy).all():
        raise EditError(
            "切分线含有无效坐标：请重新画线。", "The line holds coordinates that are not numbers: draw it again."
        )
    points = mm(xy)
    if (points == points[0]).all():
        raise EditError("切分线长度为零：请重新画线。", "The line has no length: draw it again.")
    return points


def usable_area(area: Any) -> Any:
    """Return a polygon that can be moved: valid, of one piece, without holes."""
    if getattr(area, "geom_type", "") == "MultiPolygon" and len(area.geoms) == 1:
        area = area.geoms[0]
    if getattr(area, "geom_type", "") not in ("Polygon", "MultiPolygon") or area.is_empty:
        raise EditError(
            "划转区域必须是非空的面（Polygon）：请重新画出区域。",
            "The area must be a polygon that is not empty: draw it again.",
        )
    if not shapely.is_valid(area):
        raise EditError(
            f"划转区域自相交：{shapely.is_valid_reason(area)}。请重新画出区域。",
            f"The area crosses itself: {shapely.is_valid_reason(area)}. Draw it again.",
        )
    if area.geom_type != "Polygon" or area.interiors:
        raise EditError(
            "划转区域只能是一个没有洞的面：请分几次划转。",
            "The area must be one polygon without holes: move it in several steps.",
        )
    return area


def cut_cells(
    plan: Plan, ids: Sequence[int], line: NDArray[np.int64], also: Sequence[int] = ()
) -> tuple[list[Bit], frozenset[topology.EdgeKey]]:
    """Cut the cells `ids` along the line; return bits of everything that changes and of `also`, and the seams."""
    index = plan.index or CellIndex(plan.rows)
    _require_near(plan, line)
    path = shapely.linestrings(metres(line))
    reach = shapely.buffer(path, 0.2)
    own = plan.rows.take(plan.row(ids))
    met = set(own.id[shapely.intersects(own.geometry, reach)].tolist())
    if not met:
        return whole_bits(plan, also), frozenset()
    box = shapely.box(*shapely.total_bounds(own.geometry[np.isin(own.id, list(met))]))
    near = plan.rows.take(plan.row(set(index.near(box)) | met))
    cut = topology.cut(near.geometry, np.flatnonzero(np.isin(near.id, list(met))).tolist(), line)
    pieces = {k for k, _ in cut.pieces}
    bits = [Bit(p, (int(near.id[k]),), near.code[k]) for k, p in cut.pieces]
    bits += [Bit(p, (int(near.id[k]),), near.code[k]) for k, p in cut.noded.items() if k not in pieces]
    done = {i for b in bits for i in b.origin}
    return bits + whole_bits(plan, set(also) - done), cut.seams


def _require_near(plan: Plan, line: NDArray[np.int64]) -> None:
    """Refuse a line so long that whole-millimetre arithmetic would overflow."""
    low, high = np.reshape(shapely.bounds(plan.outline), (2, 2)) + np.array([[-_FAR_M], [_FAR_M]])
    if (metres(line) < low).any() or (metres(line) > high).any():
        raise EditError(
            f"所画的线超出县区 {_FAR_M / 1000:.0f} 公里以上：请检查坐标系后重新画线。",
            f"The line leaves the county by more than {_FAR_M / 1000:.0f} km: check the CRS and draw it again.",
        )


def whole_bits(plan: Plan, ids: Iterable[int]) -> list[Bit]:
    """Return cells as they are."""
    rows = plan.rows.take(plan.row(ids))
    return [Bit(g, (int(i),), c, int(i)) for i, c, g in zip(rows.id, rows.code, rows.geometry, strict=True)]


def polygons_of(bits: Sequence[Bit]) -> NDArray[np.object_]:
    """Return the polygons of bits as an array."""
    out = np.empty(len(bits), dtype=object)
    out[:] = [b.polygon for b in bits]
    return out


def divided(bits: Sequence[Bit], seams: frozenset[topology.EdgeKey], sliver_m2: float) -> tuple[NDArray[np.int64], int]:
    """Label the parts into which the seams divide the bits (0, 1, …), slivers joined to their longest neighbour."""
    polygons = polygons_of(bits)
    island = topology.components(polygons)
    parts = topology.components(polygons, seams)
    # Islands of a grid that was in several parts before stay together unless the line divides them.
    whole = [i for i in np.unique(island) if len(np.unique(parts[island == i])) == 1]
    cut = np.flatnonzero(~np.isin(island, whole))
    if not len(cut):
        return np.zeros(len(bits), dtype=np.int64), 0
    area = shapely.area(polygons)
    border = topology.shared_length(polygons)
    slivers = 0
    while True:
        sizes = {int(p): float(area[parts == p].sum()) for p in np.unique(parts[cut])}
        small = min(sizes, key=lambda p: (sizes[p], p))
        if len(sizes) < 2 or sizes[small] >= sliver_m2:
            break
        reach: dict[int, float] = {}
        for (i, j), length in border.items():
            for a, b in ((i, j), (j, i)):
                if parts[a] == small and parts[b] != small:
                    reach[int(parts[b])] = reach.get(int(parts[b]), 0.0) + length
        # An island that is a sliver as a whole touches nothing: it stays with the largest part.
        weight = reach or {p: size for p, size in sizes.items() if p != small}
        parts[parts == small] = max(weight, key=lambda p: (weight[p], -p))
        slivers += 1
    largest = max(sizes, key=lambda p: (sizes[p], -p))
    parts[np.isin(island, whole)] = largest
    _, labels = np.unique(parts, return_inverse=True)
    return np.asarray(labels, dtype=np.int64), slivers


def healed(plan: Plan, bits: Sequence[Bit], parts: NDArray[np.int64]) -> tuple[list[Bit], NDArray[np.int64]]:
    """Put cells together again whose pieces all ended in one part: the line did not divide anything there."""
    groups: dict[int, list[int]] = {}
    for k, bit in enumerate(bits):
        groups.setdefault(bit.origin[0], []).append(k)
    out: list[Bit] = []
    labels: list[int] = []
    for origin, members in groups.items():
        if len(members) > 1 and len(set(parts[members].tolist())) == 1:
            union = topology.dissolve(polygons_of([bits[k] for k in members]))
            original = plan.rows.geometry[plan.row([origin])[0]]
            same = bool(shapely.equals_exact(union, original, normalize=True))
            out.append(Bit(original if same else union, (origin,), bits[members[0]].code, origin if same else None))
            labels.append(int(parts[members[0]]))
        else:
            out += [bits[k] for k in members]
            labels += parts[members].tolist()
    return out, np.array(labels, dtype=np.int64)


def absorbed(bits: Sequence[Bit], sliver_m2: float) -> list[Bit]:
    """Join new cells below the sliver size to the neighbour of the same code with the longest border."""
    out = list(bits)
    while True:
        small = [k for k, b in enumerate(out) if b.kept is None and b.polygon.area < sliver_m2]
        if not small:
            return out
        border = topology.shared_length(polygons_of(out))
        pairs = [
            (length, k, j) for (a, b), length in border.items() for k, j in ((a, b), (b, a))
            if k in small and out[k].code == out[j].code
        ]  # fmt: skip
        if not pairs:
            return out
        _, k, j = max(pairs)
        union = topology.dissolve(polygons_of([out[k], out[j]]))
        joined = Bit(union, tuple(sorted({*out[k].origin, *out[j].origin})), out[j].code)
        out = [b for n, b in enumerate(out) if n not in (k, j)] + [joined]


def transferred(plan: Plan, ids: Sequence[int], shape: Any) -> list[tuple[Bit, bool]]:
    """Cut the cells along the outline of the area; return the bits and whether each moves."""
    out: list[tuple[Bit, bool]] = []
    bits, _ = cut_cells(plan, ids, mm(shapely.get_coordinates(shape.exterior)), ids)
    wanted = set(ids)
    middle = shapely.point_on_surface(polygons_of(bits))
    inside = shapely.contains(shape, middle) & np.array([b.origin[0] in wanted for b in bits], dtype=bool)
    area = shapely.area(polygons_of(bits))
    groups: dict[int, list[int]] = {}
    for k, bit in enumerate(bits):
        groups.setdefault(bit.origin[0], []).append(k)
    for members in groups.values():
        # Slivers of a cell go where its largest piece goes.
        largest = max(members, key=lambda k: area[k])
        for k in members:
            if area[k] < plan.scheme.sliver_m2:
                inside[k] = inside[largest]
        whole, labels = healed(plan, [bits[k] for k in members], inside[members].astype(np.int64))
        out += list(zip(whole, labels.astype(bool).tolist(), strict=True))
    return out
