"""Least change: a grid out of band mended with few households moved, and a whole area brought into the band.

For one grid the fewest blocks that a neighbour gives or takes are found exactly, cheapest first. For an
area a search with falling tolerance starts from the present grids, several times over.
"""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from gridgis.propose.graph import Division, Graph, Taste
from gridgis.propose.parting import descend, first_division, recombine

Ints = NDArray[np.int64]

LEAST = Taste(major=0.002, minor=0.004, loose=0.01, balance=0.0, stay=10.0)
"""Households that stay count; between two ways that move as many, the shorter boundary."""
_SOFT = 25.0
_SMALL = 30
_STATES = 20_000
_STEPS = 200
_LEAST_STEPS = 6_000
_SWAPS = 0.3
_HOT = 2000.0
_COLD = 5.0


@dataclass(frozen=True)
class Step:
    """Blocks that change their grid.

    Attributes
    ----------
    kind
        ``take`` (the grid receives), ``give``, ``merge``, ``split`` or ``several``.
    moves
        For each block the part it goes to.
    moved
        Households that change their grid.
    """

    kind: str
    moves: dict[int, int]
    moved: int


def transfer(graph: Graph, giver: set[int], taker: set[int]) -> set[int] | None:
    """Return the blocks with the fewest households whose passing over brings both grids into the band.

    Both stay in one piece. None where there is no such set, or none is found among the cheapest 20,000.

    Parameters
    ----------
    graph
        The blocks.
    giver, taker
        The two grids.
    """
    gives, takes = (sum(graph.weight[v] for v in part) for part in (giver, taker))
    least = max(graph.low - takes, gives - graph.high, 1)
    most = min(graph.high - takes, gives - graph.low)
    if least > most:
        return None
    rim = sorted(v for v in giver if any(u in taker for u in graph.near[v]))
    heap = [(graph.people[v], n, frozenset([v])) for n, v in enumerate(rim)]
    heapq.heapify(heap)
    seen, count = {s for _, _, s in heap}, len(heap)
    while heap and count < _STATES:
        _, _, taken = heapq.heappop(heap)
        weight = sum(graph.weight[v] for v in taken)
        if weight > most:
            continue
        if weight >= least and graph.joined(giver - taken):
            return set(taken)
        edge = {u for v in taken for u in graph.near[v] if u in giver} | set(rim)
        for v in sorted(edge - taken):
            more = taken | {v}
            if more not in seen:
                seen.add(more)
                count += 1
                heapq.heappush(heap, (sum(graph.people[u] for u in more), count, more))
    return None


def steps_for(found: Division, part: int, rng: random.Random) -> list[Step]:
    """Return ways to bring one grid into the band, the fewest households first, one for each neighbour and kind.

    Parameters
    ----------
    found
        The present grids; not changed.
    part
        The grid.
    rng
        The source of chance, for splits.
    """
    graph, mine = found.graph, found.parts[part]
    out: list[Step] = []
    for other in sorted(found.around(part)):
        theirs = found.parts[other]
        for kind, giver, taker, to in (("take", theirs, mine, part), ("give", mine, theirs, other)):
            some = transfer(graph, giver, taker)
            if some is not None:
                out.append(Step(kind, dict.fromkeys(some, to), _people(graph, some)))
        if graph.misfit(found.weight[part] + found.weight[other]) == 0:
            small, large = (mine, other) if _people(graph, mine) <= _people(graph, theirs) else (theirs, part)
            out.append(Step("merge", dict.fromkeys(small, large), _people(graph, small)))
    half = _split(found, part, rng)
    if half is not None:
        out.append(Step("split", dict.fromkeys(half, found.fresh()), _people(graph, half)))
    return sorted(out, key=lambda s: (s.moved, s.kind, sorted(s.moves)))


def _people(graph: Graph, blocks: set[int]) -> int:
    return sum(graph.people[v] for v in blocks)


def _split(found: Division, part: int, rng: random.Random) -> set[int] | None:
    """Return the smaller half of a grid that makes two of the band."""
    graph, mine = found.graph, found.parts[part]
    if found.weight[part] < 2 * graph.low or len(mine) < 2:
        return None
    best: set[int] | None = None
    for _ in range(40):
        trial = Division(graph, [0 if v in mine else 1 for v in range(len(graph))])
        half = _grown(trial, mine, rng)
        if half and (best is None or _people(graph, half) < _people(graph, best)):
            best = half
    return best


def _grown(trial: Division, mine: set[int], rng: random.Random) -> set[int] | None:
    """Grow one half from a random block until both halves fit."""
    graph, total = trial.graph, sum(trial.graph.weight[v] for v in mine)
    half = {rng.choice(sorted(mine))}
    while True:
        weight = sum(graph.weight[v] for v in half)
        if not graph.misfit(weight) and not graph.misfit(total - weight) and graph.joined(mine - half):
            return half if _people(graph, half) * 2 <= _people(graph, mine) else mine - half
        edge = sorted({u for v in half for u in graph.near[v] if u in mine} - half)
        if not edge or weight > total - graph.low:
            return None
        half.add(rng.choice(edge))


def least_change(graph: Graph, seed: int = 1, tell: Callable[[float], None] | None = None, tries: int = 0) -> Division:
    """Return the division in the band that moves the fewest households from the present grids.

    Parameters
    ----------
    graph
        The blocks; `home` says in which grid each lies now.
    seed
        The same seed gives the same answer.
    tell
        Told the share done; it may raise to stop.
    tries
        How many searches, of which the best counts; by default more for a small area.
    """
    rng = random.Random(seed)
    hard = replace(graph, taste=LEAST)
    soft = replace(graph, taste=replace(LEAST, out=_SOFT))
    best = Division.whole(hard, hard.home)
    if not best.misfit():
        return best
    starts = _starts(hard, rng)
    tries = tries or (60 if len(graph) <= _SMALL else 12)
    for n in range(tries):
        trial = next(starts)
        _anneal(trial, soft, rng)
        final = Division(hard, trial.label)
        _mend(final, rng)
        final = _renamed(final)
        descend(final, rng)
        best = min(best, final, key=lambda d: (d.misfit(), d.moved(), d.cost()))
        if tell:
            tell((n + 1) / tries)
    return best


def _starts(graph: Graph, rng: random.Random) -> Iterator[Division]:
    """Yield divisions to begin with: the present grids, and the same with large ones split, small ones joined to others."""
    n = 0
    fewest, most = graph.sizes()
    while True:
        found = Division.whole(graph, graph.home)
        if n % 3 == 2 and fewest <= most:
            found = _renamed(first_division(graph, rng.randint(fewest, min(most, len(graph))), rng.randrange(2**31)))
        elif n:
            for part in sorted(found.parts):
                if part in found.parts and graph.misfit(found.weight[part]):
                    steps = steps_for(found, part, rng)
                    if steps and rng.random() < 0.8:
                        _take(found, rng.choice(steps[:4]))
        n += 1
        yield found


def _renamed(found: Division) -> Division:
    """Return the same parts, each under the present grid where most of its households are now."""
    graph = found.graph
    parts = sorted(found.parts)
    homes = sorted({h for h in graph.home if h >= 0})
    common = np.zeros((len(parts), len(homes)))
    for k, part in enumerate(parts):
        for v in found.parts[part]:
            if graph.home[v] >= 0:
                common[k, homes.index(graph.home[v])] += graph.people[v] + 1e-6
    kept = {parts[a]: homes[b] for a, b in zip(*linear_sum_assignment(common, maximize=True), strict=True) if common[a, b] > 0}
    names = {part: kept.get(part, found.fresh()) for part in parts}
    return Division(graph, [names[k] for k in found.label])


def _take(found: Division, step: Step) -> None:
    for to in set(step.moves.values()):
        found.put({v for v, k in step.moves.items() if k == to}, to)


def _mend(found: Division, rng: random.Random) -> None:
    """Bring parts that are still out of band into it, by single steps and by recombination."""
    for _ in range(40):
        bad = [k for k in sorted(found.parts) if found.graph.misfit(found.weight[k])]
        if not bad:
            return
        part = rng.choice(bad)
        steps = steps_for(found, part, rng)
        if steps:
            _take(found, steps[0])
            continue
        around = sorted(found.around(part))
        if around:
            recombine(found, part, rng.choice(around), rng, 6, level=True)


def _anneal(found: Division, soft: Graph, rng: random.Random) -> None:
    """Move blocks between neighbours, at first also where it costs, later only where it pays."""
    trial = Division(soft, found.label)
    steps = max(_LEAST_STEPS, _STEPS * len(soft))
    best, low = list(trial.label), trial.cost()
    now = low
    for k in range(steps):
        heat = _HOT * (_COLD / _HOT) ** (k / steps)
        gain = _passed(trial, rng, heat, swap=rng.random() < _SWAPS)
        now -= gain
        if gain and now < low - 1e-6:
            best, low = list(trial.label), now
    for v, to_ in enumerate(best):
        if found.label[v] != to_:
            found.put({v}, to_)


def _passed(trial: Division, rng: random.Random, heat: float, *, swap: bool) -> float:
    """Pass a block to a neighbour, or two blocks both ways, if chance allows it at this heat; return what it gains."""
    v = rng.randrange(len(trial.graph))
    to = _next_door(trial, v)
    if not to or not trial.may_leave(v):
        return 0.0
    one, other = trial.label[v], rng.choice(to)
    gain = trial.gain(v, other)
    if not swap:
        if gain < 0 and rng.random() >= math.exp(gain / heat):
            return 0.0
        trial.move(v, other)
        return gain
    if len(trial.parts[one]) < 2:
        return 0.0
    back = sorted(u for u in trial.parts[other] if any(trial.label[x] == one and x != v for x in trial.graph.near[u]))
    if not back:
        return 0.0
    u = rng.choice(back)
    trial.move(v, other)
    gain += trial.gain(u, one)
    if trial.may_leave(u) and (gain >= 0 or rng.random() < math.exp(gain / heat)):
        trial.move(u, one)
        return gain
    trial.move(v, one)
    return 0.0


def _next_door(trial: Division, v: int) -> list[int]:
    return sorted({trial.label[u] for u in trial.graph.near[v]} - {trial.label[v]})
