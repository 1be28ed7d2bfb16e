"""The nested grids of a city or district: townships, named communities, then tiers of exact totals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gridgis.demo.blocks import Blocks
from gridgis.demo.brief import Brief, Child, Tier, Township
from gridgis.demo.enclaves import open_up
from gridgis.demo.growth import Wish, apportion, first_come, parts
from gridgis.demo.nesting import reading_order
from gridgis.demo.terrain import Ints
from gridgis.plan import Grid

KEPT = 5
"""Faces that a grid keeps when institution grids are carved out of it."""


@dataclass(frozen=True)
class Branch:
    """One grid with the faces that it is made of."""

    grid: Grid
    faces: Ints


class Tiers:
    """Divides the faces from the top down; `branches` holds every grid, coarse to fine.

    Parameters
    ----------
    brief, blocks
        What is known of the place, and its faces.
    rng
        Source of chance.
    """

    def __init__(self, brief: Brief, blocks: Blocks, rng: np.random.Generator) -> None:
        self.brief, self.blocks, self.rng = brief, blocks, rng
        self.fabric = blocks.fabric
        self.branches: list[Branch] = []
        owner = self._townships()
        for k, one in enumerate(brief.townships):
            self._add_township(one, np.flatnonzero(owner == k))
        for level in dict.fromkeys(t.level for t in brief.tiers):
            self._tier(level)
            if shares := brief.raw.get("categories", {}).get(level):
                self._categories(level, shares)

    def _categories(self, level: str, shares: Mapping[str, int]) -> None:
        """Deal the categories of a level out to its grids, in exact numbers."""
        drawn = self.rng.permutation(np.repeat(list(shares), list(shares.values())))
        mine = [k for k, b in enumerate(self.branches) if b.grid.level == level]
        for k, category in zip(mine, drawn.tolist(), strict=True):
            branch = self.branches[k]
            self.branches[k] = replace(branch, grid=replace(branch.grid, category=category))

    def at(self, level: str) -> list[Branch]:
        """Return the grids of a level."""
        return [b for b in self.branches if b.grid.level == level]

    def leaf(self) -> NDArray[np.object_]:
        """Return the code of the deepest grid of each face."""
        codes = np.full(len(self.blocks.core), "", dtype=object)
        for branch in self.branches:
            codes[branch.faces] = branch.grid.code
        return codes

    def _townships(self) -> Ints:
        """Cores are shared out among their streets; the country goes to the others or is reached from the streets."""
        towns, blocks = self.brief.townships, self.blocks
        owner = np.full(len(blocks.core), -1, dtype=np.int64)
        for k in range(len(self.brief.cores)):
            mine = [i for i, t in enumerate(towns) if t.core == k and t.urban]
            nodes = np.flatnonzero(blocks.core == k)
            if mine and len(nodes):
                self._share(owner, nodes, mine, [towns[i].urban for i in mine])
        for p in range(int(blocks.part.max()) + 1):
            rest = np.flatnonzero((owner < 0) & (blocks.part == p))
            mine = [i for i, t in enumerate(towns) if t.rural and t.part == p]
            if not mine or not len(rest):
                continue
            if any(towns[i].urban for i in mine):
                owner = self._reach(owner, mine, rest)
            else:
                self._share(owner, rest, mine, [towns[i].rural for i in mine], even=False)
        return open_up(self.fabric, blocks.rim, np.arange(len(owner)), self._adopt(owner))

    def _share(self, owner: Ints, nodes: Ints, mine: list[int], share: list[float], even: bool = True) -> None:
        """Divide the main part of some faces among townships."""
        order = sorted(range(len(mine)), key=lambda j: self._place(self.brief.townships[mine[j]]) is None)
        places = [p for j in order if (p := self._place(self.brief.townships[mine[j]])) is not None]
        fixed = np.array(places).reshape(-1, 2) if places else None
        main = self.fabric.components(nodes)[0]
        wish = Wish(np.array([share[j] for j in order]), 8 if even else 4, 0.05, fixed, even)
        group = parts(self.fabric, main, wish, self.rng)
        owner[main] = np.array([mine[j] for j in order])[group]

    @staticmethod
    def _place(town: Township) -> tuple[float, float] | None:
        return next((c.at for c in town.children if c.at is not None), None)

    def _reach(self, owner: Ints, mine: list[int], rest: Ints) -> Ints:
        """Let townships spread from their part of the core over the country; those without one start somewhere."""
        towns = self.brief.townships
        start = {int(face): int(owner[face]) for face in np.flatnonzero(owner >= 0)}
        for i in mine:
            if not towns[i].urban:
                free = [f for f in rest.tolist() if f not in start]
                start[int(self.rng.choice(free))] = i
        present = sorted(set(start.values()))
        number = {i: k for k, i in enumerate(present)}
        # Those that keep to the core would need an age to leave it.
        speed = np.array([towns[i].rural or 1e-6 for i in present])
        reached = first_come(self.fabric, {f: number[i] for f, i in start.items()}, speed)
        return np.where(owner >= 0, owner, np.where(reached >= 0, np.array(present)[reached], -1))

    def _adopt(self, owner: Ints) -> Ints:
        """Give faces that nobody reached to the neighbour with the least of a border between them."""
        while len(stray := np.flatnonzero(owner < 0)):
            before = len(stray)
            for face in stray.tolist():
                homes = [(merit, o) for o, merit in self.fabric.around[face] if owner[o] >= 0]
                if homes:
                    owner[face] = owner[min(homes)[1]]
            if int((owner < 0).sum()) == before:
                raise ValueError("some faces touch no other")
        return owner

    def _add_township(self, one: Township, faces: Ints) -> None:
        level = self.brief.scheme.level_keys[0]
        zones = {c.zone for c in one.children}
        alone = zones.pop() if len(zones) == 1 else ""
        self.branches.append(Branch(Grid(one.code, level, "comprehensive", one.name, one.category, "", alone), faces))
        if not one.children:
            return
        owner = np.full(len(self.blocks.core), -1, dtype=np.int64)
        inside = self.blocks.core[faces] >= 0
        pools = {"": faces} if alone or not zones else {"urban": faces[inside], "rural": faces[~inside]}
        # A street that the country does not reach has its villages among the houses.
        if any(len(n) < 3 * sum(c.zone == z for c in one.children) for z, n in pools.items() if z):
            pools = {"": faces}
        for zone, nodes in pools.items():
            self._communities(one.children, zone, nodes, owner)
        whole = np.full(len(owner), len(one.children), dtype=np.int64)
        whole[faces] = owner[faces]
        owner = self._adopt_within(whole, faces)
        owner[faces] = open_up(self.fabric, self.blocks.rim, faces, owner[faces])
        for k, child in enumerate(one.children):
            kind = Grid(
                child.code, self.brief.scheme.level_keys[1], "comprehensive", child.name, child.category, "", child.zone
            )
            mine = np.flatnonzero(owner == k)
            if not len(mine):
                raise ValueError(f"{child.code} {child.name} has no ground")
            self.branches.append(Branch(kind, mine))

    def _adopt_within(self, owner: Ints, faces: Ints) -> Ints:
        """As `_adopt`, among the faces of one township only."""
        mine = set(faces.tolist())
        while len(stray := faces[owner[faces] < 0]):
            for face in stray.tolist():
                homes = [(merit, o) for o, merit in self.fabric.around[face] if o in mine and owner[o] >= 0]
                if homes:
                    owner[face] = owner[min(homes)[1]]
        return owner

    def _communities(self, children: tuple[Child, ...], zone: str, nodes: Ints, owner: Ints) -> None:
        """Divide the main part of a pool of faces among the communities of its zone."""
        mine = [k for k, c in enumerate(children) if not zone or c.zone == zone]
        if not mine or not len(nodes):
            return
        mine.sort(key=lambda k: children[k].at is None)
        places = [children[k].at for k in mine if children[k].at is not None]
        main = self.fabric.components(nodes)[0]
        least = max((t.least for t in self.brief.tiers[:3] if not t.under and t.zone in ("", zone)), default=1)
        least = min(least, len(main) // len(mine))
        fixed = np.array(places, dtype=float).reshape(-1, 2) if places else None
        wish = Wish(np.array([children[k].weight for k in mine]), least, 0.15, fixed)
        owner[main] = np.array(mine)[parts(self.fabric, main, wish, self.rng)]

    def _tier(self, level: str) -> None:
        """Divide the grids above a level; the ones named by a tier first."""
        above = self.brief.scheme.level_keys[self.brief.scheme.level_keys.index(level) - 1]
        left = [b for b in self.at(above) if b.grid.kind == "comprehensive"]
        for tier in sorted((t for t in self.brief.tiers if t.level == level), key=lambda t: not t.under):
            mine = [b for b in left if b.grid.code.startswith(tier.under) and tier.zone in ("", b.grid.zone)]
            left = [b for b in left if b not in mine]
            size = np.array([len(b.faces) for b in mine])
            wish = size * self.rng.lognormal(0.0, 0.1, len(mine))
            most = np.maximum(size // tier.least, 1)
            given = apportion(tier.total, wish, np.ones(len(mine), dtype=np.int64), most)
            carved = self._institutions(tier, size, given)
            for branch, count, carve in zip(mine, given.tolist(), carved.tolist(), strict=True):
                self._divide(branch, tier, count, carve)

    def _institutions(self, tier: Tier, size: Ints, given: Ints) -> Ints:
        """How many institution grids are carved out of each grid above."""
        if not tier.institutions:
            return np.zeros(len(size), dtype=np.int64)
        room = np.maximum((size - KEPT * given) // 2, 0)
        return apportion(tier.institutions, size.astype(np.float64), np.zeros(len(size), dtype=np.int64), room)

    def _divide(self, branch: Branch, tier: Tier, count: int, carve: int) -> None:
        """Divide one grid, carve out its institutions, number the lot west to east, then north to south."""
        wish = Wish(np.ones(count), tier.least, 0.08)
        owner = parts(self.fabric, branch.faces, wish, self.rng)
        owner = open_up(self.fabric, self.blocks.rim, branch.faces, owner)
        groups = [set(branch.faces[owner == g].tolist()) for g in range(count)]
        bodies = [self._carve(groups) for _ in range(carve)]
        kinds = ["comprehensive"] * count + ["institution"] * carve
        faces = [np.array(sorted(g), dtype=np.int64) for g in (*groups, *bodies)]
        if not all(len(f) for f in faces):
            raise ValueError(f"{branch.grid.code} has too few faces for {count} grids")
        middle = np.array(
            [np.average(self.fabric.xy[f], axis=0, weights=self.fabric.area[f]) for f in faces]
        )  # fmt: skip
        scheme = self.brief.scheme
        digits, several = scheme.level(tier.level).width, len(scheme.level(tier.level).kinds) > 1
        names = {k.key: k.zh for k in scheme.kinds}
        for n, k in enumerate(reading_order(middle).tolist(), start=1):
            word = names[kinds[k]] if several else scheme.level(tier.level).zh.split("（")[0]
            code, name = f"{branch.grid.code}{n:0{digits}d}", f"{branch.grid.name}第{n}{word}"
            grid = replace(branch.grid, code=code, level=tier.level, kind=kinds[k], name=name)
            self.branches.append(Branch(grid, faces[k]))

    def _carve(self, groups: list[set[int]]) -> set[int]:
        """Take a block or two out of the largest group that stays whole without them."""
        for g in sorted(range(len(groups)), key=lambda g: (-len(groups[g]), g)):
            # A block in the middle would leave a ring.
            ready = [f for f in sorted(groups[g]) if self._at_edge(groups[g], f)]
            for face in self.rng.permutation(ready).tolist():
                if len(groups[g]) > KEPT and self.fabric.hangs_without(groups[g], face):
                    groups[g].discard(face)
                    return {face} | self._beside(groups[g], face)
        raise ValueError("no block can be given up to an institution")

    def _at_edge(self, group: set[int], face: int) -> bool:
        return bool(self.blocks.rim[face]) or any(o not in group for o, _ in self.fabric.around[face])

    def _beside(self, group: set[int], face: int) -> set[int]:
        """Sometimes a second block of the same group goes along."""
        if self.rng.random() < 0.35 and len(group) > KEPT:
            for other in sorted(o for o in self.fabric.glue[face] if o in group):
                if self.fabric.hangs_without(group, other):
                    group.discard(other)
                    return {other}
        return set()


def split_evenly(tiers: Tiers, branches: Iterable[Branch], total: int, rng: np.random.Generator) -> list[Branch]:
    """Divide grids further into a total number of areas, each inside one of them: a net of its own."""
    above = list(branches)
    size = np.array([len(b.faces) for b in above])
    given = apportion(total, size + 0.0, np.ones(len(above), dtype=np.int64), size)
    out = []
    for branch, count in zip(above, given.tolist(), strict=True):
        owner = parts(tiers.fabric, branch.faces, Wish(np.ones(count), 1, 0.1), rng)
        out += [Branch(branch.grid, branch.faces[owner == g]) for g in range(count)]
    return out
