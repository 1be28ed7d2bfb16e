"""Divide a set of faces into connected groups of about the wished size, by growing from seeds."""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans2

from gridgis.demo.faces import Borders
from gridgis.demo.terrain import Floats, Ints


@dataclass(frozen=True)
class Fabric:
    """Faces as a graph: where they lie, how large they are, and whom they touch.

    `around` holds each neighbour with the merit of the border as a boundary, `glue` how strongly a face
    clings to each neighbour: long borders of little merit bind most.
    """

    xy: Floats
    area: Floats
    around: list[list[tuple[int, float]]]
    glue: list[dict[int, float]]

    @classmethod
    def of(cls, xy: Floats, area: Floats, borders: Borders) -> Fabric:
        """Build the graph from the borders between the faces."""
        around: list[list[tuple[int, float]]] = [[] for _ in range(len(area))]
        glue: list[dict[int, float]] = [{} for _ in range(len(area))]
        rows = zip(borders.a.tolist(), borders.b.tolist(), borders.merit.tolist(), borders.length.tolist(), strict=True)
        for i, j, merit, length in rows:
            if length > 1.0:
                around[i].append((j, merit))
                around[j].append((i, merit))
                glue[i][j] = glue[j][i] = length * (1.15 - merit)
        return cls(xy, area, [sorted(r) for r in around], glue)

    def components(self, nodes: Ints) -> list[Ints]:
        """Return the connected parts of a set of faces, largest first."""
        left = set(nodes.tolist())
        parts = []
        for start in nodes.tolist():
            if start not in left:
                continue
            left.discard(start)
            part, queue = [start], deque([start])
            while queue:
                for other, _ in self.around[queue.popleft()]:
                    if other in left:
                        left.discard(other)
                        part.append(other)
                        queue.append(other)
            parts.append(np.array(sorted(part), dtype=np.int64))
        return sorted(parts, key=lambda p: (-self.area[p].sum(), int(p[0])))

    def connected(self, nodes: Ints) -> bool:
        """Tell whether the faces hang together."""
        return len(nodes) > 0 and len(self.components(nodes)[0]) == len(nodes)

    def hangs_without(self, group: set[int], face: int) -> bool:
        """Tell whether a connected group stays connected when it gives up one face."""
        inner = sorted(o for o in self.glue[face] if o in group)
        if len(inner) < 2:
            return len(group) > 1
        wanted, seen, queue = set(inner[1:]), {face, inner[0]}, deque([inner[0]])
        while queue and wanted:
            for other in self.glue[queue.popleft()]:
                if other in group and other not in seen:
                    seen.add(other)
                    wanted.discard(other)
                    queue.append(other)
        return not wanted


def grow(fabric: Fabric, nodes: Ints, weight: Floats, seeds: Floats, share: Floats) -> Ints:
    """Grow one group from each seed point until every face of a connected set is taken.

    Parameters
    ----------
    fabric
        The graph of all faces.
    nodes
        The faces to divide.
    weight
        Of each of `nodes`.
    seeds
        One point per group.
    share
        Wished weight of each group, in any unit.

    Returns
    -------
    ndarray
        Group of each of `nodes`; -1 for faces that no seed can reach.
    """
    place = {n: i for i, n in enumerate(nodes.tolist())}
    owner = np.full(len(nodes), -1, dtype=np.int64)
    spread = float(np.sqrt(fabric.area[nodes].sum() / max(len(seeds), 1)))
    fronts: list[list[tuple[float, int]]] = [[] for _ in seeds]
    filled = np.zeros(len(seeds))

    def take(group: int, i: int) -> None:
        owner[i] = group
        filled[group] += weight[i]
        for other, merit in fabric.around[int(nodes[i])]:
            j = place.get(other, -1)
            if j >= 0 and owner[j] < 0:
                d = float(np.hypot(*(fabric.xy[other] - seeds[group])))
                heapq.heappush(fronts[group], (d + 0.35 * merit * spread, j))

    for group, i in enumerate(_starts(fabric.xy[nodes], seeds)):
        take(group, i)
    turns = [(filled[g] / share[g], g) for g in range(len(seeds))]
    heapq.heapify(turns)
    while turns:
        _, group = heapq.heappop(turns)
        front = fronts[group]
        while front and owner[front[0][1]] >= 0:
            heapq.heappop(front)
        if front:
            take(group, heapq.heappop(front)[1])
            heapq.heappush(turns, (filled[group] / share[group], group))
    return owner


def _starts(xy: Floats, seeds: Floats) -> list[int]:
    """Nearest face to each seed, none used twice."""
    used: list[int] = []
    for seed in seeds:
        order = np.argsort(np.hypot(*(xy - seed).T), kind="stable")
        used.append(next(int(i) for i in order if int(i) not in used))
    return used


def divide(
    fabric: Fabric,
    nodes: Ints,
    share: Floats,
    rng: np.random.Generator,
    fixed: Floats | None = None,
    weight: Floats | None = None,
) -> Ints:
    """Divide connected faces into compact groups of the wished shares.

    Parameters
    ----------
    fabric, nodes, share
        As for `grow`; one group for each share.
    rng
        Source of chance.
    fixed
        Points that the first groups must start from.
    weight
        Of each of `nodes`; their area by default.
    """
    count = len(share)
    weight = fabric.area[nodes] if weight is None else weight
    if count == 1:
        return np.zeros(len(nodes), dtype=np.int64)
    xy = fabric.xy[nodes]
    known = np.zeros((0, 2)) if fixed is None else fixed
    seeds = _seeds(xy, known, count, rng)
    best, lowest = np.zeros(len(nodes), dtype=np.int64), np.inf
    for _ in range(7):
        owner = grow(fabric, nodes, weight, seeds, share)
        filled = np.bincount(owner[owner >= 0], weights=weight[owner >= 0], minlength=count)
        middle = np.array([xy[owner == g].mean(axis=0) if (owner == g).any() else seeds[g] for g in range(count)])
        ratio = filled / share / (filled.sum() / share.sum())
        spread = np.hypot(*(xy - middle[np.maximum(owner, 0)]).T)
        cost = float(
            np.abs(np.log(np.maximum(ratio, 0.05))).mean() + 2.0 * (spread**2).mean() * count / fabric.area[nodes].sum()
        )
        if cost < lowest:
            best, lowest = owner, cost
        seeds = np.vstack([known, middle[len(known) :]])
    return best


def _seeds(xy: Floats, known: Floats, count: int, rng: np.random.Generator) -> Floats:
    free = count - len(known)
    if free <= 0:
        return known[:count]
    if len(xy) <= count:
        return np.vstack([known, xy])[:count]
    centres, _ = kmeans2(xy, count, minit="++", rng=rng)
    # Centres nearest to a known point make room for it.
    for point in known:
        centres = np.delete(centres, int(np.argmin(np.hypot(*(centres - point).T))), axis=0)
    return np.vstack([known, centres])


def even_out(fabric: Fabric, nodes: Ints, owner: Ints, least: int) -> Ints:
    """Move faces between neighbouring groups until each has at least `least` of them."""
    owner = owner.copy()
    place = {n: i for i, n in enumerate(nodes.tolist())}
    for _ in range(400):
        count = np.bincount(owner, minlength=int(owner.max()) + 1)
        short = np.flatnonzero(count < least)
        if len(short) == 0:
            break
        if not any(_borrow(fabric, nodes, owner, place, int(g), count) for g in short):
            break
    return owner


def _borrow(
    fabric: Fabric, nodes: Ints, owner: Ints, place: dict[int, int], group: int, count: NDArray[np.int64]
) -> bool:
    """Give `group` one face of its richest neighbour that can spare it."""
    mine = np.flatnonzero(owner == group)
    offers = {place[o] for i in mine.tolist() for o, _ in fabric.around[int(nodes[i])] if o in place}
    ranked = sorted((i for i in offers if owner[i] != group), key=lambda i: (-count[owner[i]], i))
    for i in ranked:
        rest = nodes[(owner == owner[i]) & (np.arange(len(nodes)) != i)]
        if count[owner[i]] > count[group] + 1 and fabric.connected(rest):
            owner[i] = group
            return True
    return False


def straighten(fabric: Fabric, nodes: Ints, owner: Ints, least: int, frozen: NDArray[np.bool_] | None = None) -> Ints:
    """Let faces change to the neighbouring group that they cling to more than to their own.

    Fingers and notches disappear, and boundaries come to lie on rivers, roads and ridges. No group
    falls apart or below `least` faces; `frozen` faces stay.
    """
    owner = owner.copy()
    place = {n: i for i, n in enumerate(nodes.tolist())}
    members = {g: set(nodes[owner == g].tolist()) for g in np.unique(owner).tolist()}
    for _ in range(5):
        moved = 0
        for i, face in enumerate(nodes.tolist()):
            if frozen is not None and frozen[i]:
                continue
            pull: dict[int, float] = {}
            for other, strength in fabric.glue[face].items():
                if other in place:
                    group = int(owner[place[other]])
                    pull[group] = pull.get(group, 0.0) + strength
            mine = int(owner[i])
            best = max(sorted(pull), key=lambda g: pull[g], default=mine)
            if best == mine or pull[best] < 1.08 * pull.get(mine, 0.0) or len(members[mine]) <= least:
                continue
            if fabric.hangs_without(members[mine], face):
                members[mine].discard(face)
                members[best].add(face)
                owner[i] = best
                moved += 1
        if not moved:
            break
    return owner


def first_come(fabric: Fabric, start: dict[int, int], speed: Floats) -> Ints:
    """Let groups spread over all faces at their own speed; each face goes to the first to arrive.

    Parameters
    ----------
    fabric
        The graph of all faces.
    start
        Face -> group that holds it from the beginning.
    speed
        Of each group.
    """
    owner = np.full(len(fabric.area), -1, dtype=np.int64)
    held = np.array(sorted((group, face) for face, group in start.items()))
    home = [fabric.xy[held[held[:, 0] == group, 1]].mean(axis=0) for group in range(len(speed))]
    queue = [(0.0, face, group) for face, group in sorted(start.items())]
    heapq.heapify(queue)
    while queue:
        when, face, group = heapq.heappop(queue)
        if owner[face] >= 0:
            continue
        owner[face] = group
        for other, merit in fabric.around[face]:
            if owner[other] < 0:
                here = fabric.xy[other]
                step = float(np.hypot(*(here - fabric.xy[face]))) * (1.0 + 1.2 * merit)
                # Going away from home costs more than going round it, which keeps groups compact.
                away = float(np.hypot(*(here - home[group])) - np.hypot(*(fabric.xy[face] - home[group])))
                heapq.heappush(
                    queue, (when + max(0.5 * step + 2.0 * away, 0.1 * step) / float(speed[group]), other, group)
                )
    return owner


def apportion(total: int, weight: Floats, least: Ints, most: Ints) -> Ints:
    """Share a whole number out in proportion to weights, within limits for each.

    Raises
    ------
    ValueError
        The limits leave no solution.
    """
    if not int(least.sum()) <= total <= int(most.sum()):
        raise ValueError(f"cannot share {total} between {int(least.sum())} and {int(most.sum())}")
    # Most of it at once in proportion, then one by one where the next one is due.
    scale = total / float(weight.sum())
    given = np.clip((weight * scale).astype(np.int64), least, most)
    while int(given.sum()) > total:
        scale *= 0.98
        given = np.clip((weight * scale).astype(np.int64), least, most)
    for _ in range(total - int(given.sum())):
        want = np.where(given < most, weight / (given + 0.5), -1.0)
        given[int(np.argmax(want))] += 1
    return given


@dataclass(frozen=True)
class Wish:
    """What the parts of a division should be: shares, fewest faces, places where the first ones start.

    `even` makes all faces weigh the same; otherwise area counts.
    """

    share: Floats
    least: int = 1
    uneven: float = 0.12
    fixed: Floats | None = None
    even: bool = True


def parts(fabric: Fabric, nodes: Ints, wish: Wish, rng: np.random.Generator) -> Ints:
    """Divide connected faces in parts of at least so many faces each.

    Starts afresh where that fails, in the end without the fixed places, which may lie too close together.
    """
    count = len(wish.share)
    weight = np.ones(len(nodes)) if wish.even else None
    best, most = np.zeros(len(nodes), dtype=np.int64), -1
    for attempt in range(20):
        share = wish.share * rng.lognormal(0.0, wish.uneven, count)
        places = wish.fixed if attempt < 8 else None
        owner = divide(fabric, nodes, share, rng, fixed=places, weight=weight)
        owner = straighten(fabric, nodes, even_out(fabric, nodes, owner, wish.least), wish.least)
        fewest = int(np.bincount(owner, minlength=count).min())
        if fewest > most:
            best, most = owner, fewest
        if fewest >= wish.least:
            break
    return best
