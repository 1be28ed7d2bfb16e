"""Two plans that went on from one base: what each changed, and in which places they contradict each other.

Nothing is compared by geometry that can be compared by cell and code. What was changed falls apart
into *places*: sets of base cells that belong together, because one new cell lies over several of
them, because an edge between them gained a vertex, or because a grid was created or ended there and
is taken whole or not at all. A place that only one side changed merges without a question; the
others are asked about.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import shapely

from gridgis import codes, topology
from gridgis.cells import Cells, Ints, Objects
from gridgis.plan import Grid, Plan

OURS, THEIRS = "ours", "theirs"
_BENT_M = 0.0015
Node = tuple[str, Hashable]


@dataclass(frozen=True, eq=False)
class Side:
    """What one side made of the base.

    Attributes
    ----------
    gone
        Base cells that have another code, or are there no more.
    over
        For each cell that is not of the base as it was: the base cells under it.
    stays
        For each base cell that is not gone: its id on this side.
    whole
        Base cells whose polygon is still there.
    """

    name: str
    base: Plan
    plan: Plan
    gone: frozenset[int]
    over: Mapping[int, tuple[int, ...]]
    stays: Mapping[int, int]
    whole: frozenset[int]

    @cached_property
    def created(self) -> frozenset[str]:
        """Codes that the base has not."""
        return frozenset(self.plan.grids.keys() - self.base.grids.keys())

    @cached_property
    def voided(self) -> frozenset[str]:
        """Codes of the base that ended."""
        return frozenset(self.base.grids.keys() - self.plan.grids.keys())

    @cached_property
    def rewritten(self) -> frozenset[str]:
        """Codes of grids that read differently."""
        both = self.base.grids.keys() & self.plan.grids.keys()
        return frozenset(c for c in both if self.base.grids[c] != self.plan.grids[c])

    @cached_property
    def code_of(self) -> dict[int, str | None]:
        """Code of each live cell."""
        return dict(zip(self.plan.rows.id.tolist(), self.plan.rows.code, strict=True))

    @cached_property
    def turned(self) -> dict[int, tuple[str | None, frozenset[str | None]]]:
        """For each base cell that is gone: its code in the base, and those of the cells over it."""
        rows = self.base.rows
        old = dict(zip(rows.id.tolist(), rows.code, strict=True))
        return {i: (old[i], frozenset(self.code_of[j] for j in self.above.get(i, ()))) for i in sorted(self.gone)}

    @cached_property
    def above(self) -> dict[int, tuple[int, ...]]:
        """For each base cell that is gone: the cells over it."""
        out: dict[int, tuple[int, ...]] = {}
        for new, under in self.over.items():
            for i in under:
                out[i] = (*out.get(i, ()), new)
        return out

    def cells(self, base_ids: Iterable[int]) -> Cells:
        """Return the cells that this side has over these base cells."""
        ids = {j for i in base_ids for j in (self.above.get(i, ()) if i in self.gone else (self.stays[i],))}
        return self.plan.rows.take(self.plan.row(ids))


def side_of(name: str, base: Plan, plan: Plan) -> Side:
    """Return what `plan` made of `base`."""
    a, b = base.rows, plan.rows
    i, j = _same_ground(a, b)
    same = a.code[i] == b.code[j]
    gone = np.ones(len(a), dtype=bool)
    gone[i[same]] = False
    vanished = np.ones(len(a), dtype=bool)
    vanished[i] = False
    fresh = np.ones(len(b), dtype=bool)
    fresh[j] = False
    over: dict[int, tuple[int, ...]] = {int(n): (int(o),) for n, o in zip(b.id[j[~same]], a.id[i[~same]], strict=True)}
    over |= lying_over(b.take(fresh), a.take(vanished))
    stays = dict(zip(a.id[i[same]].tolist(), b.id[j[same]].tolist(), strict=True))
    whole = frozenset(a.id[i].tolist())
    return Side(name, base, plan, frozenset(a.id[gone].tolist()), over, stays, whole)


def _same_ground(a: Cells, b: Cells) -> tuple[Ints, Ints]:
    """Return positions of the cells that have the same polygon in both."""
    _, i, j = np.intersect1d(a.id, b.id, assume_unique=True, return_indices=True)
    known = shapely.equals_identical(a.geometry[i], b.geometry[j])
    i, j = i[known], j[known]
    # A cell that only gained a vertex has another id; with that vertex on both sides it is the same again.
    old, new = np.setdiff1d(np.arange(len(a)), i), np.setdiff1d(np.arange(len(b)), j)
    place = {shapely.to_wkb(b.geometry[k]): k for k in new.tolist()}
    pairs = [(k, place[w]) for k in old.tolist() if (w := shapely.to_wkb(a.geometry[k])) in place]
    return np.append(i, [k for k, _ in pairs]).astype(np.int64), np.append(j, [k for _, k in pairs]).astype(np.int64)


def lying_over(new: Cells, old: Cells) -> dict[int, tuple[int, ...]]:
    """Return for the id of each new cell the ids of the old cells that share ground with it."""
    if not len(new) or not len(old):
        return {int(n): () for n in new.id}
    k, m = shapely.STRtree(old.geometry).query(new.geometry, predicate="intersects")
    # New vertices bend an edge by under a millimetre, which is no ground.
    hair = _BENT_M * np.minimum(shapely.length(new.geometry[k]), shapely.length(old.geometry[m]))
    solid = shapely.area(shapely.intersection(new.geometry[k], old.geometry[m])) > hair
    out: dict[int, tuple[int, ...]] = {int(n): () for n in new.id}
    for a, b in zip(k[solid].tolist(), m[solid].tolist(), strict=True):
        out[int(new.id[a])] += (int(old.id[b]),)
    return out


class Bundles:
    """Things that belong together, as a union-find."""

    def __init__(self) -> None:
        self._up: dict[Node, Node] = {}

    def find(self, node: Node) -> Node:
        """Return the one that stands for all that belong together with `node`."""
        self._up.setdefault(node, node)
        while self._up[node] != node:
            self._up[node] = self._up[self._up[node]]
            node = self._up[node]
        return node

    def tie(self, *nodes: Node) -> None:
        """Put nodes together."""
        first = self.find(nodes[0])
        for node in nodes[1:]:
            self._up[self.find(node)] = first

    def all(self) -> list[set[Node]]:
        """Return the bundles."""
        out: dict[Node, set[Node]] = {}
        for node in list(self._up):
            out.setdefault(self.find(node), set()).add(node)
        return list(out.values())


@dataclass(frozen=True, eq=False)
class Place:
    """What stands or falls together.

    Attributes
    ----------
    cells
        Ids of the base cells.
    rows
        Codes of grids whose attributes changed.
    codes
        Codes created or ended, by side.
    verdict
        ``ours`` or ``theirs`` where one side alone changed it, ``both`` where they made the same of
        it, ``asked`` where they contradict each other.
    """

    cells: frozenset[int]
    rows: frozenset[str]
    codes: Mapping[str, frozenset[str]]
    verdict: str = OURS

    @property
    def named(self) -> frozenset[str]:
        """Every code that is created, ended or rewritten here."""
        return self.rows.union(*self.codes.values())


def places(ours: Side, theirs: Side) -> list[Place]:
    """Return the places that either side changed, those first that hold the oldest cells."""
    bundles = Bundles()
    for side in (ours, theirs):
        _tie_one(bundles, side)
    struck = set(_contradictions(bundles, ours, theirs))
    heads = {bundles.find(node) for node in struck}
    out = []
    for bundle in bundles.all():
        head = bundles.find(next(iter(bundle)))
        place = _place(bundle)
        out.append(replace(place, verdict=_verdict(place, ours, theirs, struck=head in heads)))
    return sorted(out, key=lambda p: (min(p.cells, default=1 << 62), min(p.named, default="")))


def _place(bundle: set[Node]) -> Place:
    def of(kind: str) -> frozenset[Any]:
        return frozenset(value for name, value in bundle if name == kind)

    return Place(of("cell"), of("row"), {s: of(s) for s in (OURS, THEIRS)})


def _verdict(place: Place, ours: Side, theirs: Side, *, struck: bool) -> str:
    by_theirs = place.cells & theirs.gone or place.codes[THEIRS] or place.rows & theirs.rewritten
    if not struck and not (place.rows & ours.rewritten and by_theirs):
        return THEIRS if by_theirs else OURS
    return "both" if _agreed(place, ours, theirs) else "asked"


def _agreed(place: Place, ours: Side, theirs: Side) -> bool:
    a, b = ({(str(c), shapely.to_wkb(g)) for c, g in zip(cells.code, cells.geometry, strict=True)}
            for cells in (ours.cells(place.cells), theirs.cells(place.cells)))  # fmt: skip
    return a == b and all(ours.plan.grids.get(c) == theirs.plan.grids.get(c) for c in place.named)


def _tie_one(bundles: Bundles, side: Side) -> None:
    """Tie together what one side did as one."""
    for i in side.gone:
        bundles.find(("cell", i))
    for under in side.over.values():
        if under:
            bundles.tie(*(("cell", i) for i in under))
    for i, j in _edges_altered(side):
        bundles.tie(("cell", i), ("cell", j))
    whole = side.created | side.voided
    for i, (old, new) in side.turned.items():
        for code in whole.intersection(_line(side, {old, *new})):
            bundles.tie((side.name, code), ("cell", i))
    for code in side.rewritten:
        bundles.find(("row", code))


def _line(side: Side, found: Iterable[str | None]) -> Iterator[str]:
    """Yield codes with all their ancestors."""
    for code in found:
        if code is not None:
            yield from (*codes.ancestors(code, side.plan.scheme.widths), code)


def _edges_altered(side: Side) -> Iterator[tuple[int, int]]:
    """Yield pairs of base cells whose common edge is not as it was: a vertex more, or gone."""
    lost = sorted(side.gone - side.whole)
    if not lost:
        return
    base = side.base.rows.take(side.base.row(lost))
    kept = _edge_keys(side.cells(lost).geometry)
    edges, owner = topology.ring_edges(base.geometry)
    first: dict[tuple[int, ...], int] = {}
    for key, k in zip(map(tuple, topology.undirected(edges).tolist()), owner.tolist(), strict=True):
        if key not in kept:
            if key in first:
                yield int(base.id[first[key]]), int(base.id[k])
            first[key] = k


def _edge_keys(polygons: Objects) -> set[tuple[int, ...]]:
    return set(map(tuple, topology.undirected(topology.ring_edges(polygons)[0]).tolist()))


def _contradictions(bundles: Bundles, ours: Side, theirs: Side) -> Iterator[Node]:
    """Yield, and tie to what they contradict, the things on which the sides differ."""
    yield from (("cell", i) for i in ours.gone & theirs.gone)
    for code in ours.rewritten & theirs.rewritten:
        if ours.plan.grids[code] != theirs.plan.grids[code]:
            yield ("row", code)
    for one, other in ((ours, theirs), (theirs, ours)):
        yield from _leaning(bundles, one, other)
    yield from _emptied(bundles, ours, theirs)


def _leaning(bundles: Bundles, one: Side, other: Side) -> Iterator[Node]:
    """Yield what `other` builds on grids that `one` has ended, or has divided into grids below."""
    for code in one.voided & other.rewritten:
        bundles.tie((one.name, code), ("row", code))
        yield ("row", code)
    divided = {c: d for d in one.created for c in codes.ancestors(d, one.plan.scheme.widths)}
    for i, (_, come) in other.turned.items():
        for new in come:
            for code in one.voided.intersection(_line(other, {new})):
                bundles.tie((one.name, code), ("cell", i))
                yield ("cell", i)
            if new is not None and new in divided:
                bundles.tie((one.name, divided[new]), ("cell", i))
                yield ("cell", i)


def _emptied(bundles: Bundles, ours: Side, theirs: Side) -> Iterator[Node]:
    """Yield the grids that each side leaves some ground, and both together none."""
    sides = (ours, theirs)
    left = [set(_line(s, (old for old, _ in s.turned.values()))) for s in sides]
    come = set(_line(ours, (c for s in sides for _, new in s.turned.values() for c in new)))
    for code in (left[0] & left[1]) - ours.voided - theirs.voided - come:
        held: list[Node] = [("cell", i) for i in ours.base.cell_ids(code)]
        if all(i in ours.gone or i in theirs.gone for i in ours.base.cell_ids(code)):
            bundles.tie(*held)
            yield held[0]


def rows_taken(place: Place, ours: Side, theirs: Side) -> list[Grid]:
    """Return the grids that must come with a place when it is taken as theirs: created there, or ended here."""
    # A code that both created stands for two grids; the draft's comes under a number of its own.
    wanted = (place.codes[OURS] & ours.voided) | (place.codes[THEIRS] & theirs.created)
    return [theirs.plan.grids[c] for c in sorted(wanted) if c in theirs.plan.grids]
