"""The nested grids of the county: townships, first-level, unit and responsibility grids, cells."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridgis.demo.facts import Facts, Village
from gridgis.demo.growth import Fabric, Wish, apportion, divide, first_come, parts, straighten
from gridgis.demo.terrain import Floats, Ints
from gridgis.demo.towns import Town

LEAST_CELLS = 5
"""Cells in every unit grid of the built-up area."""


@dataclass(frozen=True)
class Nest:
    """For every face: its codes at each level, whether it is built up, and the cell it is part of."""

    first: NDArray[np.object_]
    unit: NDArray[np.object_]
    leaf: NDArray[np.object_]
    built_up: NDArray[np.bool_]
    cell: Ints


class _Draft:
    """Work in progress while the levels are divided from the top down."""

    def __init__(self, facts: Facts, fabric: Fabric, town: Ints, rng: np.random.Generator) -> None:
        self.facts, self.fabric, self.town, self.rng = facts, fabric, town, rng
        count = len(town)
        self.first = np.full(count, "", dtype=object)
        self.unit = np.full(count, "", dtype=object)
        self.leaf = np.full(count, "", dtype=object)


def nest(facts: Facts, fabric: Fabric, town: Ints, towns: list[Town], rng: np.random.Generator) -> Nest:
    """Divide the faces of the county into the grids of every level.

    Parameters
    ----------
    facts
        Townships, villages and counts.
    fabric
        The faces as a graph.
    town
        For each face the number of its town, -1 outside the towns.
    towns
        The built-up areas.
    rng
        Source of chance.
    """
    draft = _Draft(facts, fabric, town, rng)
    township = _townships(draft, towns)
    for number, one in enumerate(facts.townships):
        _villages(draft, np.flatnonzero((township == number) & (town >= 0)), one.core)
        _villages(draft, np.flatnonzero((township == number) & (town < 0)), one.rural)
    _adopt_strays(draft)
    _units(draft)
    _responsibility(draft)
    return Nest(draft.first, draft.unit, draft.leaf, town >= 0, _cells(draft))


def _townships(draft: _Draft, towns: list[Town]) -> Ints:
    """Built-up faces belong to the township of their town; the others go to the first to arrive."""
    number = {t.code: i for i, t in enumerate(draft.facts.townships)}
    start: dict[int, int] = {}
    for index, town in enumerate(towns):
        nodes = np.flatnonzero(draft.town == index)
        share = np.array([draft.facts.townships[number[c]].built_up for c in town.townships], dtype=float)
        owner = divide(draft.fabric, nodes, share, draft.rng, fixed=town.centres, weight=np.ones(len(nodes)))
        for face, group in zip(nodes.tolist(), owner.tolist(), strict=True):
            start[face] = number[town.townships[group]]
    for one in draft.facts.townships:
        if not one.built_up:
            away = np.hypot(*(draft.fabric.xy - np.array(one.seat)).T)
            start[int(np.argmin(away))] = number[one.code]
    speed = np.array([(len(t.rural) + 2.0) ** 0.24 for t in draft.facts.townships])
    owner = first_come(draft.fabric, start, speed)
    rural = np.flatnonzero(draft.town < 0)
    # Built-up faces hold a township together but stay where they are.
    return _straighten_rural(draft.fabric, owner, rural)


def _straighten_rural(fabric: Fabric, owner: Ints, rural: Ints) -> Ints:
    frozen = np.full(len(owner), True)
    frozen[rural] = False
    everything = np.arange(len(owner))
    return straighten(fabric, everything, owner, 2, frozen=frozen)


def _villages(draft: _Draft, nodes: Ints, villages: tuple[Village, ...]) -> None:
    """Divide the faces of a township among its villages; the ones with a known place start there."""
    if len(nodes) == 0 or not villages:
        return
    pieces = draft.fabric.components(nodes)
    built_up = bool(draft.town[nodes[0]] >= 0)
    ordered = [v for v in villages if v.at] + [v for v in villages if not v.at]
    main = pieces[0]
    fixed = np.array([v.at for v in ordered if v.at]).reshape(-1, 2)
    least = 2 * LEAST_CELLS + 2 if built_up and len(villages) > 1 else 3
    owner = _parts(draft, main, len(ordered), least, 0.22, fixed)
    for face, group in zip(main.tolist(), owner.tolist(), strict=True):
        draft.first[face] = ordered[group].code


def _adopt_strays(draft: _Draft) -> None:
    """Faces cut off from their township join the neighbour, of the same kind of zone if there is one."""
    while True:
        stray = np.flatnonzero(draft.first == "")
        moved = False
        for face in stray.tolist():
            homes = [(draft.town[o] >= 0, merit, o) for o, merit in draft.fabric.around[face] if draft.first[o] != ""]
            if homes:
                built, _, home = min(homes)
                draft.first[face] = draft.first[home]
                if built:
                    draft.town[face] = draft.town[home]
                moved = True
        if not moved:
            return


def _units(draft: _Draft) -> None:
    """Divide each first-level grid into unit grids, at the true numbers inside and outside the towns."""
    counts = draft.facts.counts
    code = {v.code: t for t in draft.facts.townships for v in t.villages}
    firsts = sorted(set(draft.first.tolist()))
    members = {c: np.flatnonzero(draft.first == c) for c in firsts}
    built = [c for c in firsts if draft.town[members[c][0]] >= 0]
    for township in draft.facts.townships:
        mine = [c for c in built if code[c] is township]
        if mine:
            size = np.array([len(members[c]) for c in mine])
            most = np.maximum(size * 10 // (LEAST_CELLS * 11), 1)
            given = apportion(township.built_up, size.astype(float), np.ones(len(mine), dtype=np.int64), most)
            for c, k in zip(mine, given.tolist(), strict=True):
                _number(draft, members[c], c, k, draft.unit, LEAST_CELLS)
    rest = [c for c in firsts if c not in set(built)]
    area = np.array([draft.fabric.area[members[c]].sum() for c in rest])
    most = np.minimum(np.array([len(members[c]) for c in rest]), 6)
    wish = area**0.5 * draft.rng.lognormal(0.0, 0.25, len(rest))
    given = apportion(counts["unit"] - counts["built_up"], wish, np.ones(len(rest), dtype=np.int64), most)
    for c, k in zip(rest, given.tolist(), strict=True):
        _number(draft, members[c], c, k, draft.unit, 1)


def _responsibility(draft: _Draft) -> None:
    """Divide the larger unit grids in two, so that the number of responsibility grids is reached."""
    units = sorted(set(draft.unit.tolist()))
    members = {c: np.flatnonzero(draft.unit == c) for c in units}
    size = np.array([len(members[c]) for c in units], dtype=float)
    built = np.array([draft.town[members[c][0]] >= 0 for c in units])
    wish = np.where(built, 3.0, 1.0) * size * draft.rng.lognormal(0.0, 0.3, len(units)) * (size > 1)
    two = draft.facts.counts["responsibility"] - len(units)
    double = set(np.argsort(-wish, kind="stable")[:two].tolist())
    for i, c in enumerate(units):
        _number(draft, members[c], c, 2 if i in double else 1, draft.leaf, 1)


def _number(draft: _Draft, nodes: Ints, parent: str, count: int, codes: NDArray[np.object_], least: int) -> None:
    """Divide a grid in `count` children and number them west to east, then north to south."""
    digits = 3 if codes is draft.unit else 2
    owner = _parts(draft, nodes, count, least)
    area = draft.fabric.area[nodes]
    middle = np.array(
        [np.average(draft.fabric.xy[nodes[owner == g]], axis=0, weights=area[owner == g]) for g in range(count)]
    )
    rank = np.empty(count, dtype=np.int64)
    rank[reading_order(middle)] = np.arange(1, count + 1)
    for face, group in zip(nodes.tolist(), owner.tolist(), strict=True):
        codes[face] = f"{parent}{rank[group]:0{digits}d}"


def _parts(
    draft: _Draft, nodes: Ints, count: int, least: int, uneven: float = 0.12, fixed: Floats | None = None
) -> Ints:
    """Divide connected faces in `count` parts; built-up faces weigh the same, whatever their size."""
    even = bool(draft.town[nodes[0]] >= 0)
    return parts(draft.fabric, nodes, Wish(np.ones(count), least, uneven, fixed, even), draft.rng)


def reading_order(xy: Floats) -> Ints:
    """Return the order west to east, then north to south, in bands about one grid high."""
    if len(xy) < 2:
        return np.arange(len(xy))
    rows = max(1, round(float(np.sqrt(len(xy)))))
    height = float(np.ptp(xy[:, 1])) / rows or 1.0
    row = np.minimum(((xy[:, 1].max() - xy[:, 1]) / height).astype(np.int64), rows - 1)
    return np.lexsort([-xy[:, 1], xy[:, 0], row])


def _cells(draft: _Draft) -> Ints:
    """Each built-up face is a cell; outside, a unit grid has one to four cells."""
    leaves = sorted(set(draft.leaf.tolist()))
    responsibility = Counter(c[:15] for c in leaves)
    cell = np.full(len(draft.leaf), -1, dtype=np.int64)
    number = 0
    for code in leaves:
        nodes = np.flatnonzero(draft.leaf == code)
        if draft.town[nodes[0]] >= 0:
            owner = np.arange(len(nodes))
        else:
            most = 4 // responsibility[code[:15]]
            wish = 1 + int(draft.rng.binomial(most - 1, 0.45))
            owner = divide(draft.fabric, nodes, np.ones(min(wish, len(nodes))), draft.rng)
        cell[nodes] = number + owner
        number += int(owner.max()) + 1
    return cell
