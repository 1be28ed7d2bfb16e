"""Automatic plans: several different divisions of an area into grids within the band, with figures side by side."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
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
from gridgis.propose.area import Area, area_of, cells_within, near_box, uncut
from gridgis.propose.barriers import Table
from gridgis.propose.graph import Division, Graph, Taste
from gridgis.propose.judging import Bench, graph_of, judge, near_lines, weights
from gridgis.propose.labels import members, numbered
from gridgis.propose.parting import count_near, divided, first_division, settle
from gridgis.propose.wanted import STYLES, Part, Tell, Wanted, check
from gridgis.schema import FIGURES

Ints = NDArray[np.int64]
Note = tuple[str, str]

_AGAIN = 8
_UNLIKE = 3
_ALIKE = 0.02
_BAND_SHARE = 0.25


@dataclass(frozen=True, eq=False)
class Alternative:
    """One division of the area.

    Attributes
    ----------
    key, zh, en
        Name of the layer, and words.
    labels
        The grid of each block of the area; negative where none is proposed.
    figures
        What it comes to, see `gridgis.propose.judging.judge`.
    frame
        The grids: code, households, persons and more, with polygons in the county's CRS.
    """

    key: str
    zh: str
    en: str
    labels: Ints
    figures: dict[str, Any]
    frame: gpd.GeoDataFrame


@dataclass(frozen=True, eq=False)
class Proposal:
    """Alternatives for one area.

    Attributes
    ----------
    area
        The ground.
    alternatives
        The divisions.
    notes
        What had to be decided or cannot be had, in both languages.
    """

    area: Area
    alternatives: tuple[Alternative, ...]
    notes: tuple[Note, ...] = ()


def level_of(plan: Plan, level: str) -> str:
    """Return the level to propose: the one asked for, else the one that has a band, else the finest that all have."""
    if level:
        return plan.scheme.level(level).key
    banded = [v.key for v in plan.scheme.levels if any(b.level == v.key for b in plan.scheme.bands)]
    whole = [v.key for v in plan.scheme.levels if not v.optional] or [plan.scheme.levels[-1].key]
    return (banded or whole)[-1]


def propose(plan: Plan, table: Table, within: str | Any, wanted: Wanted | None = None, tell: Tell | None = None) -> Proposal:
    """Propose grids inside an area.

    Parameters
    ----------
    plan
        The plan.
    table
        Answers an e-map table by its name, in the county's CRS.
    within
        Code of a grid or of the county, key of a zone, or a polygon in the county's CRS.
    wanted
        What is asked for.
    tell
        Told the share done and what is being done; it may raise to stop, and nothing is changed.

    Raises
    ------
    InputError
        The area, band or weight cannot be used.
    CodeError
        There is no such grid.
    """
    wanted, tell = wanted or Wanted(), tell or (lambda _share, _words: None)
    check(wanted)
    level = level_of(plan, wanted.level)
    tell(0.0, "整理基元 / gathering cells")
    rows = cells_within(plan, within, level)
    area = area_of(plan, table, rows, level, barriers=wanted.barriers, locked=wanted.locked)
    bench, notes = _bench(area, table, wanted)
    groups = _groups(area, bench, notes)
    seeds = _seeds(area, wanted, notes)
    _require_people(groups, bench)
    out: list[Alternative] = []
    chance = random.Random(wanted.seed)
    for n in range(wanted.alternatives):
        key, zh, en, taste = STYLES[n % len(STYLES)]
        turn = n // len(STYLES)
        zh, en = (f"{zh} {turn + 1}", f"{en} {turn + 1}") if turn else (zh, en)
        labels = None
        for again in range(_UNLIKE):
            part = Part(tell, f"{zh} / {en}", (n + 0.05) / wanted.alternatives, 0.9 / wanted.alternatives)
            labels = _divide(bench, groups, seeds, taste, chance.randrange(2**31), part)
            if all(_unlike(area, labels, a.labels) > _ALIKE for a in out) or len(groups) == len(np.unique(labels)):
                break
            if again == _UNLIKE - 1:
                notes.append((f"方案 {n + 1}（{zh}）与前面的方案几乎相同：此范围没有更多不同的分法。",
                              f"Alternative {n + 1} ({en}) is nearly the same as one before: the area allows no other."))  # fmt: skip
        assert labels is not None
        out.append(_alternative(bench, labels, f"{chr(97 + n)}_{key}" + (f"_{turn + 1}" if turn else ""), (zh, en), wanted))
    tell(1.0, "")
    _tell_unmet(area, bench, groups, out, notes)
    if not isinstance(within, str):
        _tell_remains(plan, rows, level, notes)
    return Proposal(area, tuple(out), tuple(dict.fromkeys(notes)))


def _bench(area: Area, table: Table, wanted: Wanted) -> tuple[Bench, list[Note]]:
    """Weigh the blocks and say which band holds for each."""
    scheme, notes = area.plan.scheme, []
    weight, load = weights(area, wanted.weight)
    own: dict[str, tuple[int, int] | None] = {}
    for zone in sorted(set(area.zone.tolist())):
        band = scheme.band(area.level, zone or None)
        found = None if band is None else band.persons if wanted.weight == "persons" else band.households
        if found is not None and wanted.weight in ("incidents", "workload"):
            found = _like_households(area, weight, found)
        own[zone] = found
    banded = [z for z, b in own.items() if b is not None]
    if wanted.band is not None:
        own = {z: wanted.band if z in banded or not banded else None for z in own}
    if not any(own.values()):
        raise InputError(
            "该范围在网格体系中没有规模要求：请用 --households 下限:上限 指定。",
            "The scheme sets no size for this area: give one with --households LOW:HIGH.",
        )
    left = [z for z, b in own.items() if b is None]
    if left:
        zh, en = (["、".join(names) for names in ([z.zh for z in scheme.zones if z.key in left] or ["其他"],
                                                 [z.en for z in scheme.zones if z.key in left] or ["elsewhere"])])  # fmt: skip
        notes.append((f"{zh}没有规模要求，其网格保持不变，不在方案之内。", f"No size is set for {en}: grids there stay and are not proposed anew."))
    low = np.array([(own[z] or (0, 0))[0] for z in area.zone], dtype=np.int64)
    high = np.array([(own[z] or (0, 0))[1] for z in area.zone], dtype=np.int64)
    box = shapely.box(*shapely.total_bounds(area.plan.rows.geometry[area.rows])) if len(area.rows) else shapely.Point()
    if area.cut:
        notes.append((f"{area.cut} 处小区或建筑本已被上级界线切开。", f"{area.cut} compounds or buildings are cut by boundaries above already."))
    return Bench(area, weight, load, low, high, near_lines(table, box), near_box(uncut(table, box), box)), notes


def _like_households(area: Area, weight: Ints, band: tuple[int, int]) -> tuple[int, int]:
    """Return the band of another weight that makes as many grids as that of households."""
    people = max(int(area.figures[:, 0].sum()), 1)
    middle = weight.sum() * (band[0] + band[1]) / 2 / people
    return max(1, round(middle * (1 - _BAND_SHARE))), max(1, round(middle * (1 + _BAND_SHARE)))


def _groups(area: Area, bench: Bench, notes: list[Note]) -> list[Ints]:
    """Return the blocks that are divided together; what nobody lives in joins its neighbour across the water."""
    groups = [g for g in area.groups() if bench.high[g[0]] > 0]
    empty = [g for g in groups if not bench.weight[g].any() and not area.figures[g, 2].any()]
    if not empty or len(empty) == len(groups):
        return groups
    of = np.full(len(area), -1, dtype=np.int64)
    for k, g in enumerate(groups):
        of[g] = k
    for g in empty:
        k = int(of[g[0]])
        touching = (of[area.first] == k) ^ (of[area.second] == k)
        other = np.where(of[area.first] == k, area.second, area.first)
        same = touching & (of[other] >= 0) & (area.parent[other] == area.parent[g[0]]) & (area.zone[other] == area.zone[g[0]])
        if same.any():
            at = int(np.flatnonzero(same)[np.argmax(area.length[same])])
            area.open[at] = True
            of[of == k] = of[other[at]]
            notes.append((
                f"{len(g)} 个无人居住、被水隔开的基元并入对岸网格。",
                f"{len(g)} cells where nobody lives, cut off by water, join the grid across.",
            ))  # fmt: skip
    return members(of)


def _seeds(area: Area, wanted: Wanted, notes: list[Note]) -> Ints:
    """Return how many of the points asked for lie in each block."""
    out = np.zeros(len(area), dtype=np.int64)
    points = np.asarray([] if wanted.around is None else wanted.around, dtype=np.float64).reshape(-1, 2)
    if len(points):
        cell = area.plan.owners(points)
        place = np.full(len(area.plan.rows), -1, dtype=np.int64)
        place[area.rows] = area.block
        block = place[cell[cell >= 0]]
        np.add.at(out, block[block >= 0], 1)
        double = int((out > 1).sum())
        if double:
            notes.append((f"{double} 个街块里有不止一个种子点，只能同在一格。", f"{double} blocks hold more than one seed; these share a grid."))
        out = np.minimum(out, 1)
    return out


def _require_people(groups: Sequence[Ints], bench: Bench) -> None:
    if not groups or not any(bench.weight[g].any() for g in groups):
        raise InputError(
            "所选范围内没有可划分的户数（或事件）：请先导入建筑与户数，或换一个范围、权重。",
            "Nothing to divide by lies in the area chosen: import buildings with households first, or take another area or "
            "weight.",
        )


def _divide(bench: Bench, groups: Sequence[Ints], seeds: Ints, taste: Taste, seed: int, tell: Part) -> Ints:
    """Return a division of the blocks to one taste."""
    area = bench.area

    def divide(n: int, blocks: Ints, rng: random.Random) -> Division:
        today = area.today[blocks]
        home = numbered(today.astype(str)) - int((today == "").any())  # Without a present grid: -1.
        graph = graph_of(area, blocks, bench.weight, bench.band(blocks), taste=taste, home=home)
        seeded = replace(graph, seeds=seeds[blocks].tolist())
        return best_division(seeded, rng, tell.part(n, len(groups)), today=bool(taste.stay) and not (home < 0).any())

    return divided(len(area), groups, seed, divide)


def best_division(
    graph: Graph, rng: random.Random, tell: Callable[[float], None] = lambda _share: None, *, today: bool = False
) -> Division:
    """Return a division in which every grid fits; where that is not reached, the best of several beginnings.

    Parameters
    ----------
    graph
        The blocks.
    rng
        The source of chance.
    tell
        Told the share done; it may raise to stop.
    today
        Begin with the present grids.
    """
    found: list[Division] = []
    wanted = max(count_near(graph), sum(graph.seeds)) if any(graph.seeds) else None
    fewest, most = graph.sizes()
    for again in range(_AGAIN if fewest <= most else 1):
        anew = not today or again
        one = first_division(graph, count_near(graph, wanted), rng.randrange(2**31)) if anew else Division.whole(graph, graph.home)
        settle(one, rng, tell)
        found.append(one)
        if not one.misfit():
            break
    return min(found, key=lambda d: (d.misfit(), d.cost()))


def _unlike(area: Area, one: Ints, other: Ints) -> float:
    """Return the share of households that two divisions put into different grids, at the best pairing."""
    mine = (one >= 0) & (other >= 0)
    a, b = numbered(one[mine]), numbered(other[mine])
    people = area.figures[mine, 0]
    common = np.zeros((a.max(initial=-1) + 1, b.max(initial=-1) + 1))
    np.add.at(common, (a, b), people)
    x, y = linear_sum_assignment(common, maximize=True)
    return float(1 - common[x, y].sum() / max(people.sum(), 1))


def _alternative(bench: Bench, labels: Ints, key: str, words: Note, wanted: Wanted) -> Alternative:
    return Alternative(key, *words, labels, judge(bench, labels), frame_of(bench, labels, wanted.locked))


def frame_of(bench: Bench, labels: Ints, locked: Sequence[str] = ()) -> gpd.GeoDataFrame:
    """Return the grids of a division as rows with polygons; locked grids come as they stand."""
    area, plan = bench.area, bench.area.plan
    mine = labels[area.block] >= 0
    rows, cells = area.rows[mine], labels[area.block][mine]
    codes = allot(plan, area.level, rows, cells).codes
    shapes = area.polygons(labels)
    out: list[dict[str, Any]] = []
    geometry: list[Any] = []
    for k, code in sorted(codes.items(), key=lambda t: t[1]):
        blocks = labels == k
        weight = int(bench.weight[blocks].sum())
        low, high = bench.band(np.flatnonzero(blocks))
        figures = dict(zip(FIGURES, area.figures[blocks].sum(axis=0).tolist(), strict=True))
        out.append({"code": code, "status": "kept" if code in plan.grids else "new"} | figures | {
            "weight": weight, "in_band": int(low <= weight <= high), "workload": round(float(bench.workload[blocks].sum()), 1)})  # fmt: skip
        geometry.append(shapes[k])
    for code in locked:
        figures = {k: int(v) for k, v in plan.figures_of(code).items() if k in FIGURES}
        out.append({"code": code, "status": "locked"} | figures | {"weight": None, "in_band": None, "workload": None})
        geometry.append(plan.grid_geometry(code))
    frame = pd.DataFrame(out).astype({"weight": "Int64", "in_band": "Int64"})
    return gpd.GeoDataFrame(frame, geometry=geometry, crs=plan.epsg)


def _tell_remains(plan: Plan, rows: Ints, level: str, notes: list[Note]) -> None:
    """Name the grids that a drawn area takes only a part of: what lies outside it stays, and may fall apart."""
    width = plan.scheme.width(level)
    inside = set(rows.tolist())
    remains = {}
    for code in sorted({str(plan.rows.code[k])[:width] for k in inside} & plan.grids.keys()):
        rest = [k for k in plan.row(plan.cell_ids(code)).tolist() if k not in inside]
        if rest and len(code) == width:
            remains[code] = topology.dissolve(plan.rows.geometry[np.array(rest)])
    if not remains:
        return
    names = [c for c, shape in remains.items() if shape.geom_type == "MultiPolygon" and plan.grid_geometry(c).geom_type == "Polygon"]
    zh = f"所画范围只含 {len(remains)} 个现有网格的一部分，其余部分保持不变"
    en = f"The area drawn takes only a part of {len(remains)} present grids; the rest of them stays"
    if names:
        zh += f"，其中 {'、'.join(names)} 的其余部分不连片：请把范围画到其界线"
        en += f", and that of {', '.join(names)} falls apart: draw the area along their boundaries"
    notes.append((zh + "。", en + "."))


def _tell_unmet(area: Area, bench: Bench, groups: Sequence[Ints], out: Sequence[Alternative], notes: list[Note]) -> None:
    """Name the places where no number of grids fits the band."""
    for blocks in groups:
        (low, high), total = bench.band(blocks), int(bench.weight[blocks].sum())
        if -(-total // high) > total // low:
            up = area.parent[blocks[0]]
            notes.append((f"“{up}”中连成一片的 {total} 户（{len(blocks)} 个街块）分不成 {low}–{high} 的网格，只能最接近。",
                          f"{total} in one connected part of '{up}' ({len(blocks)} blocks) cannot be divided into grids of "
                          f"{low} to {high}; the nearest is proposed."))  # fmt: skip
    if any(a.figures["cut"] for a in out) and not area.cut:
        notes.append(("有建筑被上级或分区界线切开。", "Buildings are cut by boundaries of the zone or of grids above."))
