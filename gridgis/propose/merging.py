"""Many small grids merged into few by property form and size, every old one whole and traceable."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridgis.errors import InputError
from gridgis.plan import Plan
from gridgis.propose.adoption import allot
from gridgis.propose.area import Area, area_of, cells_within
from gridgis.propose.barriers import Table
from gridgis.propose.fusing import WEIGHED, Net, cells_of
from gridgis.propose.graph import Division, Taste
from gridgis.propose.judging import graph_of, weights
from gridgis.propose.labels import by_pair, heads, members, numbered, totals
from gridgis.propose.parting import divided, first_division, settle

Ints = NDArray[np.int64]
Objects = NDArray[np.object_]

MIXED = "mixed"
_TASTE = Taste(0.3, 0.5, 1.0, 8.0)
_SMALL = 0.4
"""A patch of one form with less than this part of the usual size joins a neighbour and makes it mixed."""
_HARDEST, _EASIEST = 0.25, 0.25


@dataclass(frozen=True)
class Target:
    """How many grids are wanted, of which level, where (everywhere when empty); the same seed gives the same grids."""

    number: int
    level: str
    within: str = ""
    seed: int = 1


@dataclass(frozen=True, eq=False)
class Regrouping:
    """What merging by form comes to.

    Attributes
    ----------
    level
        Key of the level.
    grids
        The new grids: code, category, class, figures, workload, the old grids in each, and polygons.
    went
        Every old grid with the new ones its cells are in, and its old polygon.
    """

    level: str
    grids: gpd.GeoDataFrame
    went: gpd.GeoDataFrame


def regroup(plan: Plan, table: Table, old: Net, forms: Objects, asked: Target) -> Regrouping:
    """Merge old grids into about so many new ones, by property form, size and workload.

    Parameters
    ----------
    plan
        The plan.
    table
        Answers an e-map table by its name, in the county's CRS.
    old
        The old grids.
    forms
        Property form of each old grid, keys of the scheme's categories; empty where unknown.
    asked
        How many, and where.

    Raises
    ------
    InputError
        The target cannot be met, or no old grid lies there.
    """
    target, level = asked.number, asked.level
    rows = cells_within(plan, asked.within or plan.county_code, level)
    held = cells_of(plan, old)[rows]
    rows, held = rows[held >= 0], held[held >= 0]
    if not len(rows):
        raise InputError("旧网格没有落在该范围内：请核对文件。", "No old grid lies in the area: check the file.")
    area = _of_old(area_of(plan, table, rows, level), held)
    of_block = np.zeros(len(area), dtype=np.int64)
    of_block[area.block] = held
    weight, load = weights(area, "workload")
    form = np.array([str(forms[k]) for k in of_block], dtype=object)
    groups = _patches(area, form, weight, target)
    if target < len(groups) * 0.5 or target > len(area):
        raise InputError(
            f"{len(area)} 块旧网格分在 {len(groups)} 片之中，并不成 {target} 个：请改目标数。",
            f"{len(area)} old pieces in {len(groups)} patches cannot make {target} grids: choose another number.",
        )
    labels = _divide(area, groups, weight, target, asked.seed)
    return _told(plan, area, old, held, labels, (form, load))


def _of_old(area: Area, held: Ints) -> Area:
    """Return the area with old grids as blocks: what one old grid has under one parent is not taken apart."""
    key = pd.factorize(pd.Series([f"{h}\x1f{p}\x1f{z}" for h, p, z in
                                  zip(held, area.parent[area.block], area.zone[area.block], strict=True)]))[0]  # fmt: skip
    # Blocks of cells that share a building stay together, whatever old grids they are in.
    names = numbered(key[heads(area.block)])
    head = heads(names)
    pieces = [area.length, area.loose, area.major, area.open.astype(np.float64)]
    first, second, (length, loose, major, way) = by_pair(names[area.first], names[area.second], pieces)
    return replace(
        area, block=names[area.block], figures=totals(names, area.figures), parent=area.parent[head], zone=area.zone[head],
        today=area.today[head], first=first, second=second, length=length, loose=loose, major=major, open=way > 0,
        middle=area.middle[head],
    )  # fmt: skip


def _patches(area: Area, form: Objects, weight: Ints, target: int) -> list[Ints]:
    """Return the patches of one form under one parent; those too small for a grid join the neighbour they border most."""
    usual = weight.sum() / max(target, 1)
    place = np.full(len(area), -1, dtype=np.int64)
    for n, blocks in enumerate(replace(area, zone=form).groups()):
        place[blocks] = n
    while True:
        sums = np.bincount(place, weight)
        near: dict[int, dict[int, float]] = {}
        usable = area.open & (area.parent[area.first] == area.parent[area.second]) & (place[area.first] != place[area.second])
        for a, b, metres in zip(place[area.first[usable]].tolist(), place[area.second[usable]].tolist(),
                                area.length[usable].tolist(), strict=True):  # fmt: skip
            near.setdefault(a, {})[b] = near.setdefault(a, {}).get(b, 0.0) + metres
            near.setdefault(b, {})[a] = near.setdefault(b, {}).get(a, 0.0) + metres
        small = sorted((float(sums[k]), k) for k in near if sums[k] < _SMALL * usual)
        if not small:
            break
        k = small[0][1]
        place[place == k] = max(sorted(near[k]), key=lambda o: near[k][o])
    return members(place)


def _divide(area: Area, groups: Sequence[Ints], weight: Ints, target: int, seed: int) -> Ints:
    """Return the new grid of each block: as many in each patch as its weight asks for, about the target in all."""
    sums = [float(weight[g].sum()) for g in groups]
    low, high = sum(sums) / (4 * target), 4 * sum(sums) / target
    for _ in range(60):
        size = (low + high) / 2
        made = sum(_number(s, size, len(g)) for s, g in zip(sums, groups, strict=True))
        low, high = (size, high) if made > target else (low, size)

    def divide(n: int, blocks: Ints, rng: random.Random) -> Division:
        parts = _number(sums[n], high, len(blocks))
        usual = sums[n] / parts
        graph = graph_of(area, blocks, weight, (int(0.6 * usual), int(1.5 * usual) + 1), taste=_TASTE)
        found = first_division(graph, parts, rng.randrange(2**31))
        settle(found, rng, lambda _share: None)
        return found

    return divided(len(area), groups, seed, divide)


def _number(whole: float, size: float, blocks: int) -> int:
    return max(1, min(round(whole / size), blocks))


def _told(plan: Plan, area: Area, old: Net, held: Ints, labels: Ints, facts: tuple[Objects, NDArray[np.float64]]) -> Regrouping:
    form, load = facts
    cells = labels[area.block]
    codes = allot(plan, area.level, area.rows, cells).codes
    kinds = np.unique(labels)
    work = np.bincount(labels, load).astype(np.float64)
    classes = _classes(plan, work)
    data: list[dict[str, Any]] = []
    for k in kinds.tolist():
        mine = labels == k
        inside = sorted({str(old.codes[g]) for g in held[cells == k]})
        figures = dict(zip(WEIGHED, area.figures[mine].sum(axis=0).tolist()[:3], strict=True))
        data.append({"code": codes[k], "category": _form(plan, form[mine]), "class": classes[k]} | figures
                    | {"workload": round(float(work[k]), 1), "old": "、".join(inside), "old_count": len(inside)})  # fmt: skip
    grids = gpd.GeoDataFrame(pd.DataFrame(data), geometry=list(area.polygons(labels).values()), crs=plan.epsg)
    return Regrouping(area.level, grids, _went(plan, area, old, held, np.array([codes[int(k)] for k in cells], dtype=object)))


def _form(plan: Plan, forms: Objects) -> str:
    """Return the form that all blocks have, else that of a mixed grid."""
    known = {f for f in forms.tolist() if f}
    keys = {c.key for c in plan.scheme.categories}
    return known.pop() if len(known) == 1 else MIXED if MIXED in keys else ""


def _classes(plan: Plan, work: NDArray[np.float64]) -> list[str]:
    """Return the class of each grid by workload: the hardest quarter, the middle half, the easiest quarter."""
    keys = [c.key for c in plan.scheme.classes]
    if len(keys) < 3:
        return [""] * len(work)
    rank = np.argsort(np.argsort(-work, kind="stable"), kind="stable") / len(work)
    return [keys[0] if r < _HARDEST else keys[-1] if r >= 1 - _EASIEST else keys[1] for r in rank.tolist()]


def _went(plan: Plan, area: Area, old: Net, held: Ints, codes: Objects) -> gpd.GeoDataFrame:
    out = []
    people = plan.rows.figures[area.rows, 0]
    for k, code in enumerate(old.codes):
        mine = held == k
        to = {c: int(people[mine & (codes == c)].sum()) for c in sorted(set(codes[mine].tolist()))}
        best = max(to, key=lambda c: to[c], default="")
        out.append({"old": str(code), "to": best, "households": sum(to.values()), "pieces": len(to),
                    "parts": "、".join(f"{c} {n}" for c, n in to.items())})  # fmt: skip
    return gpd.GeoDataFrame(pd.DataFrame(out), geometry=list(old.polygons), crs=plan.epsg)


def forms_of(plan: Plan, old: Net, parcels: Objects, kinds: Objects) -> Objects:
    """Return the form of each old grid: the one that covers most of its cells' ground.

    Parameters
    ----------
    plan
        The plan, for the keys of its categories.
    old
        The old grids.
    parcels, kinds
        Polygons in the county's CRS, and the form of each: key or word of a category.

    Raises
    ------
    InputError
        A form is no category of the scheme.
    """
    keys = {c.key: c.key for c in plan.scheme.categories} | {w: c.key for c in plan.scheme.categories for w in (c.zh, c.en)}
    strange = sorted({str(k) for k in kinds.tolist()} - keys.keys() - {"", "None", "nan"})
    if strange:
        raise InputError(
            f"物业形态“{strange[0]}”不在体系之内：可用 {'、'.join(c.zh for c in plan.scheme.categories)}。",
            f"The form '{strange[0]}' is no category of the scheme: there are "
            f"{', '.join(c.key for c in plan.scheme.categories)}.",
        )
    at, parcel = shapely.STRtree(parcels).query(old.polygons, predicate="intersects")
    common = shapely.area(shapely.intersection(old.polygons[at], parcels[parcel]))
    share: dict[int, dict[str, float]] = {}
    for g, p, m2 in zip(at.tolist(), parcel.tolist(), common.tolist(), strict=True):
        key = keys.get(str(kinds[p]), "")
        if key:
            share.setdefault(g, {})[key] = share.get(g, {}).get(key, 0.0) + m2
    return np.array([max(share[g], key=lambda f: share[g][f]) if g in share else "" for g in range(len(old.polygons))], dtype=object)


def own_forms(plan: Plan) -> tuple[Objects, Objects]:
    """Return the polygons of the plan's grids that have a category, and the category of each."""
    found = [g for g in plan.grids.values() if g.category]
    return np.array([plan.grid_geometry(g.code) for g in found], dtype=object), np.array([g.category for g in found], dtype=object)


