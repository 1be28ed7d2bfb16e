"""Several departments' nets into one: who lies in which grid of each, where they disagree, and the net they share.

Every cell and every building lies in at most one grid of each net. A boundary of the common net stands
where more than half of the nets that say anything draw it (on a tie the net named first decides), and where
the boundaries above run; patches are joined greedily, the clearest agreement first, so that one net's slip does not chain grids together.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from gridgis import topology
from gridgis.errors import InputError
from gridgis.plan import Plan
from gridgis.propose.adoption import allot
from gridgis.propose.labels import joined, numbered
from gridgis.schema import metres, point_array

Ints = NDArray[np.int64]
Objects = NDArray[np.object_]

WEIGHED = ("households", "persons", "buildings")
_TIE = 0.5
_LEAD = 1e-3
_SHARE_SHOWN = 0.005


@dataclass(frozen=True, eq=False)
class Net:
    """One department's grids.

    Attributes
    ----------
    name
        Its name.
    codes
        Code or name of each grid, as text.
    polygons
        In the county's CRS.
    """

    name: str
    codes: Objects
    polygons: Objects


@dataclass(frozen=True, eq=False)
class Fusion:
    """What several nets come to.

    Attributes
    ----------
    level
        Key of the level of the common net.
    rows, labels
        Cells of the common net, as positions in the plan's rows, and the grid of each.
    common
        The common net: code, households, persons, buildings, and the grids of each net it comes from.
    crosswalk
        Long table: net, old code, common code, what they share and the share of each side. An empty code
        stands for ground in no grid of that net, so that every net adds up to the same totals.
    between
        The same between each two nets.
    conflicts
        Where nets disagree, with who lives there.
    went
        Every old grid with where it went.
    agreement
        For each two nets, the share of households on which they agree, and of boundary that both draw.
    """

    level: str
    rows: Ints
    labels: Ints
    common: gpd.GeoDataFrame
    crosswalk: pd.DataFrame
    between: pd.DataFrame
    conflicts: gpd.GeoDataFrame
    went: gpd.GeoDataFrame
    agreement: pd.DataFrame


def fuse(plan: Plan, nets: Sequence[Net], level: str) -> Fusion:
    """Bring several nets together.

    Parameters
    ----------
    plan
        The plan, for its cells, buildings and boundaries above.
    nets
        Two or more nets.
    level
        Key of the level at which the common net is proposed.

    Returns
    -------
    Fusion
        The common net, the crosswalk from each net to it, and where the nets disagree.

    Raises
    ------
    InputError
        Fewer than two nets, two of one name, or one that lies elsewhere.
    """
    _check(nets)
    held = np.column_stack([cells_of(plan, net) for net in nets])
    rows = np.flatnonzero((held >= 0).any(axis=1) & np.array([c is not None for c in plan.rows.code]))
    held = held[rows]
    for k, net in enumerate(nets):
        if not (held[:, k] >= 0).any():
            raise InputError(
                f"网“{net.name}”没有落在本县区的基元上：请核对坐标系与文件。",
                f"The net '{net.name}' holds no cell of the county: check its coordinate system and file.",
            )
    labels = _common(plan, rows, held, level)
    names = allot(plan, level, rows, labels).codes
    code = np.array([names[int(k)] for k in labels], dtype=object)
    facts = _elements(plan, nets, rows, code)
    crosswalk = pd.concat(
        [_table(facts, (n.name, "common"), ("old", "common")).assign(net=n.name) for n in nets], ignore_index=True
    )
    between = [_table(facts, (a.name, b.name), ("code_a", "code_b")).assign(net_a=a.name, net_b=b.name)
               for a, b in combinations(nets, 2)]  # fmt: skip
    return Fusion(
        level, rows, labels, _common_frame(plan, nets, rows, held, code),
        crosswalk[["net", "old", "common", *WEIGHED, "share_old", "share_common"]], pd.concat(between, ignore_index=True),
        _conflicts(plan, nets, rows, held, code), _went(plan, nets, crosswalk), _agreement(plan, nets, rows, held, facts),
    )  # fmt: skip


def _check(nets: Sequence[Net]) -> None:
    if len(nets) < 2:
        raise InputError("至少需要两张网：请给出两个以上的文件或网名。", "At least two nets are needed: give two files or names of nets.")
    names = [n.name for n in nets]
    double = next((n for n in names if names.count(n) > 1 or n in ("common", "cell", *WEIGHED)), None)
    if double is not None:
        raise InputError(f"网名“{double}”重复或不可用：请改文件名。", f"The name '{double}' stands twice or cannot be used: rename the file.")


def cells_of(plan: Plan, net: Net) -> Ints:
    """Return the grid of the net that holds most of each cell, -1 where none holds any."""
    cells = plan.rows.geometry
    grid, cell = shapely.STRtree(cells).query(net.polygons, predicate="intersects")
    area = shapely.area(shapely.intersection(cells[cell], net.polygons[grid]))
    real = area > 1e-3
    order = np.lexsort((grid[real], -area[real], cell[real]))
    first = np.unique(cell[real][order], return_index=True)
    out = np.full(len(cells), -1, dtype=np.int64)
    out[first[0]] = grid[real][order][first[1]]
    # A grid that only overlaps the rim of a cell does not speak for it.
    whole = np.zeros(len(cells))
    np.add.at(whole, cell[real], area[real])
    out[whole < 0.5 * shapely.area(cells)] = -1
    return out


def _common(plan: Plan, rows: Ints, held: Ints, level: str) -> Ints:
    """Return the grid of the common net of each cell."""
    width = plan.scheme.width(level)
    up = np.array([c[: _above(plan, c, width)] for c in plan.rows.code[rows]], dtype=object)
    first, second, length = _borders(plan.rows.geometry[rows])
    split = held[first] != held[second]
    said = (held[first] >= 0) & (held[second] >= 0)
    # Where as many draw a boundary as do not, the net named first decides.
    weight = np.ones(held.shape[1])
    weight[0] += _LEAD
    votes = np.where(said.any(axis=1), (split & said) @ weight / np.maximum(said @ weight, _LEAD), 0.0)
    allowed = up[first] == up[second]
    return joined_greedily(len(rows), first[allowed], second[allowed], length[allowed] * (_TIE - votes[allowed]))


def _above(plan: Plan, code: str, width: int) -> int:
    return next(w for w in reversed(plan.scheme.widths) if w < width and len(code) >= w)


def _borders(cells: Objects) -> tuple[Ints, Ints, NDArray[np.float64]]:
    pairs = topology.shared_length(cells)
    both = np.array(list(pairs), dtype=np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1], np.array(list(pairs.values()), dtype=np.float64)


def joined_greedily(n: int, first: Ints, second: Ints, pull: NDArray[np.float64]) -> Ints:
    """Return groups of nodes: those that pull together most are joined first, until nothing pulls any more.

    Parameters
    ----------
    n
        Number of nodes.
    first, second
        The ends of each edge.
    pull
        Above 0 where the two belong together, below where they do not.
    """
    near: list[dict[int, float]] = [{} for _ in range(n)]
    for a, b, w in zip(first.tolist(), second.tolist(), pull.tolist(), strict=True):
        near[a][b] = near[b][a] = near[a].get(b, 0.0) + w
    heap = [(-w, a, b) for a in range(n) for b, w in near[a].items() if a < b and w > 0]
    heapq.heapify(heap)
    into = list(range(n))
    while heap:
        w, a, b = heapq.heappop(heap)
        if into[a] != a or into[b] != b or near[a].get(b) != -w:
            continue
        if len(near[a]) < len(near[b]):
            a, b = b, a
        into[b] = a
        del near[a][b]
        for c, more in near[b].items():
            if c == a:
                continue
            del near[c][b]
            near[a][c] = near[c][a] = near[a].get(c, 0.0) + more
            if near[a][c] > 0:
                heapq.heappush(heap, (-near[a][c], min(a, c), max(a, c)))
        near[b] = {}
    for v in range(n):
        while into[v] != into[into[v]]:
            into[v] = into[into[v]]
    return numbered(np.array(into))


def _elements(plan: Plan, nets: Sequence[Net], rows: Ints, code: Objects) -> pd.DataFrame:
    """Return who is counted: one row for each building, with its grid in every net and in the common one."""
    by_cell = np.full(len(plan.rows), "", dtype=object)
    by_cell[rows] = code
    if plan.elements is None:
        figures: Any = plan.rows.figures
        points = shapely.get_coordinates(shapely.point_on_surface(plan.rows.geometry))
        cell: Any = np.arange(len(plan.rows))
    else:
        counted = plan.elements.figures[:, :3].any(axis=1)
        figures, points = plan.elements.figures[counted], metres(plan.elements.points_mm[counted])
        cell = plan.owners(points)
        figures, points, cell = figures[cell >= 0], points[cell >= 0], cell[cell >= 0]
    out = pd.DataFrame(figures[:, :3], columns=list(WEIGHED)).assign(common=by_cell[cell])
    for net in nets:
        found = np.full(len(points), "", dtype=object)
        grid, at = shapely.STRtree(point_array(points)).query(net.polygons, predicate="intersects")
        # Where grids of one net overlap, or a point lies on an edge, the last one counts, and only it.
        found[at] = net.codes[grid]
        out[net.name] = found
    return out


def _table(facts: pd.DataFrame, sides: tuple[str, str], names: tuple[str, str]) -> pd.DataFrame:
    """Return what each two grids share, and its part of either; what is outside both is left out."""
    table = facts.groupby(list(sides), as_index=False, sort=True)[list(WEIGHED)].sum().rename(columns=dict(zip(sides, names, strict=True)))
    for name in names:
        whole = table.groupby(name)["households"].transform("sum")
        table[f"share_{name.removeprefix('code_')}"] = np.round(table["households"] / whole.where(whole > 0, 1), 6)
    return table[(table[names[0]] != "") | (table[names[1]] != "")].reset_index(drop=True)


def _dissolved(plan: Plan, rows: Ints, key: Objects) -> tuple[list[str], Objects]:
    names = sorted(set(key.tolist()))
    return names, np.array([topology.dissolve(plan.rows.geometry[rows[key == k]]) for k in names], dtype=object)


def _common_frame(plan: Plan, nets: Sequence[Net], rows: Ints, held: Ints, code: Objects) -> gpd.GeoDataFrame:
    names, shapes = _dissolved(plan, rows, code)
    figures = plan.rows.figures[rows]
    data: dict[str, Any] = {"code": names}
    for k, name in enumerate(WEIGHED):
        data[name] = [int(figures[code == c, k].sum()) for c in names]
    for k, net in enumerate(nets):
        data[f"from_{net.name}"] = ["、".join(str(net.codes[g]) for g in np.unique(held[code == c, k]) if g >= 0) for c in names]
    return gpd.GeoDataFrame(data, geometry=shapes, crs=plan.epsg)


def _partner(plan: Plan, rows: Ints, grid: Ints, code: Objects) -> dict[str, int]:
    """Return for each common grid the grid of a net that holds most of its people, else of its ground."""
    weight = plan.rows.figures[rows, 0] + 1e-9 * shapely.area(plan.rows.geometry[rows])
    sums: dict[tuple[str, int], float] = {}
    for c, g, w in zip(code.tolist(), grid.tolist(), weight.tolist(), strict=True):
        if g >= 0:
            sums[c, g] = sums.get((c, g), 0.0) + w
    return {c: g for (c, g), _ in sorted(sums.items(), key=lambda t: (t[0][0], t[1]))}


def _conflicts(plan: Plan, nets: Sequence[Net], rows: Ints, held: Ints, code: Objects) -> gpd.GeoDataFrame:
    """Return the patches that some net gives to another grid than the rest of the common grid around them."""
    against = np.zeros(held.shape, dtype=bool)
    for k in range(len(nets)):
        partner = _partner(plan, rows, held[:, k], code)
        usual = np.array([partner.get(c, -1) for c in code], dtype=np.int64)
        against[:, k] = held[:, k] != usual
    some = np.flatnonzero(against.any(axis=1))
    out: dict[str, list[Any]] = {k: [] for k in ("code", "nets", "says", *WEIGHED, "area_m2")}
    shapes: list[Any] = []
    labels = _patches(plan, rows[some], np.column_stack([held[some], numbered(code[some].astype(str))])) if len(some) else some
    for p in np.unique(labels).tolist():
        mine = some[labels == p]
        said = [str(net.codes[g]) if g >= 0 else "–" for net, g in zip(nets, held[mine[0]].tolist(), strict=True)]
        out["code"].append(code[mine[0]])
        out["nets"].append("、".join(net.name for net, odd in zip(nets, against[mine[0]], strict=True) if odd))
        out["says"].append("；".join(f"{net.name}={word}" for net, word in zip(nets, said, strict=True)))
        for k, name in enumerate(WEIGHED):
            out[name].append(int(plan.rows.figures[rows[mine], k].sum()))
        shapes.append(topology.dissolve(plan.rows.geometry[rows[mine]]))
        out["area_m2"].append(round(float(shapes[-1].area), 1))
    return gpd.GeoDataFrame(pd.DataFrame(out), geometry=shapes, crs=plan.epsg)


def _patches(plan: Plan, rows: Ints, key: Ints) -> Ints:
    """Label cells that hang together and say the same."""
    first, second, _ = topology.shared_edges(plan.rows.geometry[rows])
    same = (key[first] == key[second]).all(axis=1)
    return joined(len(rows), first[same], second[same])


def _went(plan: Plan, nets: Sequence[Net], crosswalk: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return every old grid with the common grids its people are in."""
    out, shapes = [], []
    for net in nets:
        mine = crosswalk[(crosswalk["net"] == net.name) & (crosswalk["old"] != "")]
        for code, shape in zip(net.codes, net.polygons, strict=True):
            parts = mine[mine["old"] == code].sort_values("households", ascending=False)
            top = parts.iloc[0] if len(parts) else None
            words = "、".join(f"{r.common or '–'} {r.share_old:.1%}" for r in parts.itertuples() if r.share_old >= _SHARE_SHOWN)
            out.append({"net": net.name, "old": str(code), "to": "" if top is None else str(top["common"]),
                        "share": 0.0 if top is None else float(top["share_old"]), "parts": words,
                        "households": int(parts["households"].sum())})  # fmt: skip
            shapes.append(shape)
    return gpd.GeoDataFrame(pd.DataFrame(out), geometry=shapes, crs=plan.epsg)


def _agreement(plan: Plan, nets: Sequence[Net], rows: Ints, held: Ints, facts: pd.DataFrame) -> pd.DataFrame:
    """Return for each two nets how far they agree: on people at the best pairing of grids, and on boundaries."""
    first, second, length = _borders(plan.rows.geometry[rows])
    out = []
    for a, b in combinations(range(len(nets)), 2):
        both = facts[(facts[nets[a].name] != "") & (facts[nets[b].name] != "")]
        table = both.pivot_table(index=nets[a].name, columns=nets[b].name, values="households", aggfunc="sum", fill_value=0)
        x, y = linear_sum_assignment(table.to_numpy(), maximize=True)
        total = int(both["households"].sum())
        said = (held[first][:, [a, b]] >= 0).all(axis=1) & (held[second][:, [a, b]] >= 0).all(axis=1)
        one, other = (said & (held[first, k] != held[second, k]) for k in (a, b))
        either = float(length[one | other].sum())
        out.append({"net_a": nets[a].name, "net_b": nets[b].name, "households": total,
                    "people_agree": round(float(table.to_numpy()[x, y].sum()) / total, 4) if total else 1.0,
                    "boundary_agree": round(float(length[one & other].sum()) / either, 4) if either else 1.0})  # fmt: skip
    return pd.DataFrame(out)
