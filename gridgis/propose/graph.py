"""Weighted blocks and their borders as the search sees them, and a division of them that can be changed step by step."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gridgis.propose.labels import numbered

Ints = NDArray[np.int64]

_SEED = 1e6


@dataclass(frozen=True)
class Taste:
    """What a division is judged by, besides the band; in metres of boundary that follow nothing.

    Attributes
    ----------
    major, minor, loose
        Cost of a metre of boundary on a river or main road, on another line, and on none.
    balance
        Cost of grids of unequal weight.
    stay
        Cost of each household that leaves its present grid.
    out
        Cost of a household outside the band: more than any boundary, unless the search is to pass through.
    """

    major: float = 0.4
    minor: float = 0.7
    loose: float = 2.0
    balance: float = 1.0
    stay: float = 0.0
    out: float = 1e4


@dataclass(frozen=True, eq=False)
class Graph:
    """Blocks that hang together.

    Attributes
    ----------
    weight
        Weight of each block, a whole number.
    near
        For each block its neighbours with the cost of a boundary between the two.
    low, high
        The band, bounds included.
    seeds
        How many seeds lie in each block; a grid should have at most one.
    home
        Label of the present grid of each block; blocks without one have -1.
    people
        Households of each block.
    taste
        What a division is judged by.
    """

    weight: list[int]
    near: list[dict[int, float]]
    low: int
    high: int
    seeds: list[int]
    home: list[int]
    people: list[int]
    taste: Taste = field(default_factory=Taste)

    def __len__(self) -> int:
        """Return the number of blocks."""
        return len(self.weight)

    @property
    def total(self) -> int:
        """Weight of all blocks."""
        return sum(self.weight)

    def sizes(self) -> tuple[int, int]:
        """Return the fewest and the most grids of the band that the weight allows; the fewest first, even if above the most."""
        return max(1, -(-self.total // max(self.high, 1))), max(1, self.total // max(self.low, 1))

    def misfit(self, weight: int) -> int:
        """Return by how much a weight misses the band."""
        return max(self.low - weight, weight - self.high, 0)

    def price(self, weight: int, seeds: int) -> float:
        """Return what a part of this weight costs on its own."""
        middle = (self.low + self.high) / 2
        uneven = self.taste.balance * (weight - middle) ** 2 / max(middle, 1.0)
        return self.taste.out * self.misfit(weight) + uneven + _SEED * max(0, seeds - 1)

    def joined(self, nodes: Iterable[int]) -> bool:
        """Tell whether blocks hang together among themselves."""
        left = set(nodes)
        if not left:
            return True
        stack = [left.pop()]
        while stack:
            found = [u for u in self.near[stack.pop()] if u in left]
            left.difference_update(found)
            stack += found
        return not left

    def pieces(self, nodes: Iterable[int]) -> list[set[int]]:
        """Return the sets of blocks that hang together."""
        left, out = set(nodes), []
        while left:
            first = left.pop()
            piece, stack = {first}, [first]
            while stack:
                found = [u for u in self.near[stack.pop()] if u in left]
                left.difference_update(found)
                piece.update(found)
                stack += found
            out.append(piece)
        return out


class Division:
    """Blocks in parts; each part hangs together as long as only the methods here change it.

    Parameters
    ----------
    graph
        The blocks.
    label
        Part of each block.
    """

    def __init__(self, graph: Graph, label: Iterable[int]) -> None:
        self.graph = graph
        self.label = [int(k) for k in label]
        self.parts: dict[int, set[int]] = {}
        for v, k in enumerate(self.label):
            self.parts.setdefault(k, set()).add(v)
        self.weight = {k: sum(graph.weight[v] for v in p) for k, p in self.parts.items()}
        self.seeds = {k: sum(graph.seeds[v] for v in p) for k, p in self.parts.items()}
        # A home that no part continues is not given to new ground.
        self._next = max([*self.label, *graph.home, 0]) + 1

    @classmethod
    def whole(cls, graph: Graph, label: Iterable[int]) -> Division:
        """Return the division by labels; each further piece of a part that is torn becomes a part of its own."""
        found = cls(graph, label)
        for part in list(found.parts):
            for piece in graph.pieces(found.parts[part])[1:]:
                found.put(piece, found.fresh())
        return found

    def fresh(self) -> int:
        """Return a label not used before."""
        self._next += 1
        return self._next - 1

    def misfit(self) -> int:
        """Return by how much all parts together miss the band."""
        return sum(self.graph.misfit(w) for w in self.weight.values())

    def cost(self) -> float:
        """Return the cost of the whole division."""
        g = self.graph
        own = sum(g.price(self.weight[k], self.seeds[k]) for k in self.parts)
        cuts = sum(c for v in range(len(g)) for u, c in g.near[v].items() if u > v and self.label[u] != self.label[v])
        return own + cuts + g.taste.stay * self.moved()

    def cost_of(self, parts: Iterable[int]) -> float:
        """Return the share of the cost that depends on these parts: what they cost, and all their boundaries."""
        g, out, among = self.graph, 0.0, set(parts)
        for k in among:
            out += g.price(self.weight[k], self.seeds[k])
            for v in self.parts[k]:
                for u, c in g.near[v].items():
                    if self.label[u] != k:
                        out += c / 2 if self.label[u] in among else c
                if g.taste.stay and g.home[v] >= 0 and k != g.home[v]:
                    out += g.taste.stay * g.people[v]
        return out

    def moved(self) -> int:
        """Return the households that are not in their present grid."""
        g = self.graph
        return sum(g.people[v] for v in range(len(g)) if g.home[v] >= 0 and self.label[v] != g.home[v])

    def around(self, part: int) -> dict[int, float]:
        """Return the neighbouring parts with the cost of the boundary to each."""
        out: dict[int, float] = {}
        for v in self.parts[part]:
            for u, c in self.graph.near[v].items():
                if self.label[u] != part:
                    out[self.label[u]] = out.get(self.label[u], 0.0) + c
        return out

    def gain(self, v: int, to: int) -> float:
        """Return by how much the cost would fall if a block went to a neighbouring part."""
        g, a = self.graph, self.label[v]
        w, s = g.weight[v], g.seeds[v]
        now = g.price(self.weight[a], self.seeds[a]) + g.price(self.weight[to], self.seeds[to])
        left = g.price(self.weight[a] - w, self.seeds[a] - s) if len(self.parts[a]) > 1 else 0.0
        then = left + g.price(self.weight[to] + w, self.seeds[to] + s)
        near = g.near[v]
        cut = sum(c for u, c in near.items() if self.label[u] == a) - sum(
            c for u, c in near.items() if self.label[u] == to
        )
        stay = 0.0
        if g.taste.stay and g.home[v] >= 0:
            stay = g.taste.stay * g.people[v] * (int(to != g.home[v]) - int(a != g.home[v]))
        return now - then - cut - stay

    def may_leave(self, v: int) -> bool:
        """Tell whether a part still hangs together without a block."""
        mine = self.parts[self.label[v]]
        return len(mine) == 1 or self.graph.joined(mine - {v})

    def move(self, v: int, to: int) -> None:
        """Give a block to another part."""
        self.put({v}, to)

    def put(self, nodes: set[int], to: int) -> None:
        """Give blocks to a part, which may be new."""
        g = self.graph
        for v in nodes:
            a = self.label[v]
            if a == to:
                continue
            self.parts[a].discard(v)
            self.weight[a] -= g.weight[v]
            self.seeds[a] -= g.seeds[v]
            if not self.parts[a]:
                del self.parts[a], self.weight[a], self.seeds[a]
            self.parts.setdefault(to, set()).add(v)
            self.weight[to] = self.weight.get(to, 0) + g.weight[v]
            self.seeds[to] = self.seeds.get(to, 0) + g.seeds[v]
            self.label[v] = to

    def labels(self) -> Ints:
        """Return the part of each block, parts numbered from 0."""
        return numbered(np.array(self.label))
