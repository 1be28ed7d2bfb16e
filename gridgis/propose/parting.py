"""Dividing blocks into grids: halves of halves for the first division, then local steps until every grid fits.

Random trees give connected parts of about equal weight, but know neither the band nor good boundaries. Two kinds
of steps mend and better their answer: a block goes over to the grid next door, and two neighbours are put together
and parted anew along a random tree (the step of recombination, ReCom).
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from gridgis.propose.graph import Division, Graph

Ints = NDArray[np.int64]
Tell = Callable[[float], None]

_TREES = 6
_FITTED = 4
_HALVINGS = 6


def divided(size: int, groups: Iterable[Ints], seed: int, divide: Callable[[int, Ints, random.Random], Division]) -> Ints:
    """Return the grid of each of `size` blocks, every group divided by itself; -1 for blocks in no group.

    Parameters
    ----------
    size
        Number of blocks.
    groups
        Positions of the blocks that are divided together.
    seed
        The same seed gives the same answer, each group having its own source of chance.
    divide
        Answers the division of a group, told its number, its blocks and the source of chance.
    """
    labels, done = np.full(size, -1, dtype=np.int64), 0
    for n, blocks in enumerate(groups):
        found = divide(n, blocks, random.Random(seed * 1_000_003 + n))
        labels[blocks] = found.labels() + done
        done += len(found.parts)
    return labels


def count_near(graph: Graph, wanted: int | None = None) -> int:
    """Return how many grids to make: as many as asked, else as many as come nearest to the middle of the band."""
    fewest, most = graph.sizes()
    middle = max(1, round(2 * graph.total / max(graph.low + graph.high, 1)))
    best = middle if wanted is None else wanted
    if fewest > most:
        # No number of grids fits; the one that misses by least.
        return max(1, min((most, fewest), key=lambda k: k * graph.misfit(graph.total // k)))
    return max(1, min(max(best, fewest), most, len(graph)))


def first_division(graph: Graph, parts: int, seed: int) -> Division:
    """Return connected parts of about equal weight."""
    if parts <= 1 or len(graph) <= 1:
        return Division(graph, [0] * len(graph))
    if parts >= len(graph):
        return Division(graph, range(len(graph)))
    rng = random.Random(seed)
    label = [0] * len(graph)
    for part, nodes in enumerate(_halved(graph, set(range(len(graph))), parts, rng)):
        for v in nodes:
            label[v] = part
    return Division.whole(graph, label)


def _halved(graph: Graph, nodes: set[int], parts: int, rng: random.Random) -> Iterator[set[int]]:
    """Yield parts of about equal weight: halved along the best of some random trees, and each half again."""
    if parts <= 1 or len(nodes) <= 1:
        yield nodes
        return
    few = parts // 2
    wanted = sum(graph.weight[v] for v in nodes) * few / parts
    cuts = [_cut_near(graph, nodes, wanted, rng) for _ in range(_HALVINGS)]
    _, side = min(cuts, key=lambda c: c[0])
    yield from _halved(graph, side, few, rng)
    yield from _halved(graph, nodes - side, parts - few, rng)


def _cut_near(graph: Graph, nodes: set[int], wanted: float, rng: random.Random) -> tuple[float, set[int]]:
    """Return the side of a random tree's cut whose weight comes nearest to the one wanted, and how far off it is."""
    order, parent = _random_tree(graph, nodes, rng)
    if len(order) < len(nodes):
        # Blocks that are not connected come apart by themselves.
        return 0.0, set(order)
    weight = _hanging(graph.weight, order, parent)
    v = min(order[1:], key=lambda u: abs(weight[u] - wanted))
    return abs(weight[v] - wanted), _below(v, order, parent)


def _hanging(values: Sequence[int], order: list[int], parent: dict[int, int]) -> dict[int, int]:
    """Return for each block of a tree the sum over itself and all that hangs on it."""
    out = {v: values[v] for v in order}
    for v in reversed(order[1:]):
        out[parent[v]] += out[v]
    return out


def settle(found: Division, rng: random.Random, tell: Tell, polish: int = 6) -> None:
    """Better a division until no step helps or the number of steps is used up.

    Parameters
    ----------
    found
        The division; it is changed.
    rng
        The source of chance.
    tell
        Told the share of the steps done; it may raise to stop.
    polish
        How many recombinations for each grid, once all fit.
    """
    descend(found, rng)
    _fit(found, rng, tell)
    steps = polish * len(found.parts)
    for n in range(steps):
        if n % 64 == 0:
            tell(0.5 + 0.5 * n / max(steps, 1))
        if len(found.parts) < 2:
            break
        part = rng.choice(sorted(found.parts))
        around = sorted(found.around(part))
        if around:
            recombine(found, part, rng.choice(around), rng, _TREES, level=False)
    descend(found, rng)
    tell(1.0)


def _fit(found: Division, rng: random.Random, tell: Tell) -> None:
    """Bring parts into the band."""
    fewest, most = found.graph.sizes()
    # Where no number of grids fits, a few steps bring it as near as many.
    steps = (120 if fewest <= most else 20) + (60 if fewest <= most else 4) * len(found.parts)
    begun = max(found.misfit(), 1)
    for n in range(steps):
        bad = [k for k in sorted(found.parts) if found.graph.misfit(found.weight[k]) or found.seeds[k] > 1]
        if not bad:
            break
        if n % 32 == 0:
            tell(0.5 * (1 - found.misfit() / begun) if found.misfit() < begun else 0.0)
        part = rng.choice(bad)
        if _apart(found, part, rng):
            continue
        around = sorted(found.around(part))
        if not around:
            continue
        # Mostly from the bad grid to a neighbour; now and then one step further, so that what is missing can travel.
        other = rng.choice(around)
        recombine(found, part, other, rng, _TREES, level=True)
        if rng.random() < 0.5:
            further = [k for k in sorted(found.around(other)) if k != part] if other in found.parts else []
            if further:
                recombine(found, other, rng.choice(further), rng, _TREES, level=True)
    descend(found, rng)


def descend(found: Division, rng: random.Random, rounds: int = 12) -> None:
    """Move blocks to neighbouring grids as long as that lowers the cost."""
    graph = found.graph
    order = list(range(len(graph)))
    for _ in range(rounds):
        rng.shuffle(order)
        moved = 0
        for v in order:
            to = {found.label[u] for u in graph.near[v]} - {found.label[v]}
            best = max(((found.gain(v, k), -k) for k in to), default=(0.0, 0))
            if best[0] > 1e-9 and found.may_leave(v):
                found.move(v, -best[1])
                moved += 1
        if not moved:
            break


def _apart(found: Division, part: int, rng: random.Random) -> bool:
    """Part a grid that is large enough for two, if that lowers the cost."""
    graph = found.graph
    if found.weight[part] <= graph.high or len(found.parts[part]) < 2:
        return False
    before = found.cost_of([part])
    nodes = set(found.parts[part])
    best = _best_cut(found, nodes, rng, 3 * _TREES)
    if best is None:
        return False
    new = found.fresh()
    found.put(best, new)
    if found.cost_of([part, new]) < before:
        return True
    found.put(best, part)
    return False


def recombine(found: Division, one: int, other: int, rng: random.Random, trees: int, *, level: bool) -> bool:
    """Put two neighbours together and part them anew, or leave them together, if that is no worse.

    Parameters
    ----------
    found
        The division; it is changed.
    one, other
        Two neighbouring parts.
    rng
        The source of chance.
    trees
        How many random trees are tried.
    level
        Take also what is as good, so that the search does not stand still.
    """
    a, b = set(found.parts[one]), set(found.parts[other])
    before = found.cost_of([one, other])
    both = a | b
    tried: list[tuple[float, set[int] | None]] = []
    if found.weight[one] + found.weight[other] <= found.graph.high:
        found.put(b, one)
        tried.append((found.cost_of([one]), None))
        found.put(b, other)
    cut = _best_cut(found, both, rng, trees)
    if cut is not None:
        first, second = (cut, both - cut) if len(cut & a) >= len(cut & b) else (both - cut, cut)
        found.put(first, one)
        found.put(second, other)
        tried.append((found.cost_of([one, other]), first))
        found.put(a, one)
        found.put(b, other)
    if not tried:
        return False
    cost, kept = min(tried, key=lambda t: t[0])
    if cost > before + (1e-9 if level else -1e-9):
        return False
    found.put(both if kept is None else kept, one)
    if kept is not None:
        found.put(both - kept, other)
    return True


def _best_cut(found: Division, nodes: set[int], rng: random.Random, trees: int) -> set[int] | None:
    """Return one side of the best parting of blocks in two that random trees offer."""
    graph = found.graph
    total, seeds = sum(graph.weight[v] for v in nodes), sum(graph.seeds[v] for v in nodes)
    best: tuple[float, set[int]] | None = None
    for _ in range(trees):
        order, parent = _random_tree(graph, nodes, rng)
        if len(order) < len(nodes):
            return None
        weight, held = _hanging(graph.weight, order, parent), _hanging(graph.seeds, order, parent)
        sides = sorted(
            (graph.price(weight[v], held[v]) + graph.price(total - weight[v], seeds - held[v]), v) for v in order[1:]
        )
        for own, v in sides[:_FITTED]:
            side = _below(v, order, parent)
            cost = own + sum(c for w in side for u, c in graph.near[w].items() if u in nodes and u not in side)
            if best is None or cost < best[0]:
                best = (cost, side)
    return None if best is None else best[1]


def _random_tree(graph: Graph, nodes: set[int], rng: random.Random) -> tuple[list[int], dict[int, int]]:
    """Return blocks in the order in which a random tree reaches them, and what each hangs on.

    Borders that should not become boundaries are taken into the tree first, so that cuts fall on the others.
    """
    start = rng.choice(sorted(nodes))
    order, parent = [], {}
    front = [(0.0, start, -1)]
    while front:
        _, v, p = heapq.heappop(front)
        if v in parent:
            continue
        parent[v] = p
        order.append(v)
        for u, c in graph.near[v].items():
            if u in nodes and u not in parent:
                heapq.heappush(front, (-rng.random() * (c + 1.0), u, v))
    return order, parent


def _below(v: int, order: list[int], parent: dict[int, int]) -> set[int]:
    side = {v}
    for u in order[order.index(v) + 1 :]:
        if parent[u] in side:
            side.add(u)
    return side
