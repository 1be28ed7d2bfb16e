"""Grids that surround others like a ring, opened by giving up a strip of faces."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from gridgis.demo.growth import Fabric
from gridgis.demo.terrain import Ints


def open_up(fabric: Fabric, rim: NDArray[np.bool_], nodes: Ints, owner: Ints) -> Ints:
    """Return the owners of some faces so changed that no group surrounds another.

    Parameters
    ----------
    fabric
        All faces as a graph.
    rim
        For every face whether it lies on the outline.
    nodes, owner
        The faces that were divided, and the group of each.
    """
    group = dict(zip(nodes.tolist(), owner.tolist(), strict=True))
    outer = {f for f in group if rim[f] or any(o not in group for o, _ in fabric.around[f])}
    for _ in range(6):
        moved = False
        for ring, enclosed in _enclosed(fabric, group, outer):
            inside = {f for f, g in group.items() if g in enclosed}
            moved |= _give_way(fabric, group, outer, ring, inside)
        if not moved:
            break
    return np.array([group[f] for f in nodes.tolist()], dtype=np.int64)


def _enclosed(fabric: Fabric, group: dict[int, int], outer: set[int]) -> list[tuple[int, set[int]]]:
    """Return each group that surrounds others, with those others."""
    beside: dict[int, set[int]] = {g: set() for g in group.values()}
    for face, g in group.items():
        beside[g].update(group[o] for o, _ in fabric.around[face] if group.get(o, g) != g)
    free = {group[f] for f in outer}
    out = []
    for ring in sorted(beside):
        left = set(beside) - {ring}
        while left:
            part, queue = set(), [left.pop()]
            while queue:
                part.add(one := queue.pop())
                queue += sorted(beside[one] & left)
                left -= beside[one]
            if not part & free:
                out.append((ring, part))
    return out


def _give_way(fabric: Fabric, group: dict[int, int], outer: set[int], ring: int, inside: set[int]) -> bool:
    """Hand the shortest strip of the ring, from what it encloses to its other side, to what it encloses."""
    mine = {f for f, g in group.items() if g == ring}
    starts = [(o, f) for f in sorted(inside) for o, _ in fabric.around[f] if o in mine]
    for first, beside in starts:
        strip = _strip(fabric, group, outer, mine, inside, first)
        rest = np.array(sorted(mine - set(strip)), dtype=np.int64)
        if strip and fabric.connected(rest):
            for face in strip:
                group[face] = group[beside]
            return True
    return False


def _strip(
    fabric: Fabric, group: dict[int, int], outer: set[int], mine: set[int], inside: set[int], first: int
) -> list[int]:
    """Return the faces of the shortest way through a ring that starts with `first`."""
    before = {first: -1}
    queue = deque([first])
    while queue:
        face = queue.popleft()
        if face in outer or any(o in group and o not in mine and o not in inside for o, _ in fabric.around[face]):
            way = [face]
            while before[way[-1]] >= 0:
                way.append(before[way[-1]])
            return way
        for other, _ in fabric.around[face]:
            if other in mine and other not in before:
                before[other] = face
                queue.append(other)
    return []
