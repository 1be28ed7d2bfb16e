"""Who gets a face that is covered twice, by nobody, or by a grid that may not have it.

One rule everywhere: the neighbour with the longest border, never across a boundary of a higher level, never
above the limit. `Settlement` holds the state of one overlay and its steps in the order they are taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import shapely
from scipy.sparse import coo_matrix, csr_matrix
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

from gridgis.cleaning.drawing import (
    NOISE_M2,
    NOISE_WIDTH_M,
    SLIVER_M2,
    STRIP_WIDTH_M,
    Bools,
    Change,
    Net,
    Spot,
    Terms,
    choices,
)
from gridgis.cleaning.noding import Faces, Floats, Ints
from gridgis.errors import InputError


@dataclass
class Settlement:
    """Faces, who covers them and who gets them.

    Owners are numbered: incoming labels first, then existing cells, last the one number for land left
    unassigned.

    Parameters
    ----------
    faces
        Noded faces.
    names
        Incoming labels, each once.
    drawn
        Which label covers which face in the drawing; faces by labels.
    existing
        Existing cell of each face, -1 for none.
    existing_labels
        Labels of the existing cells.
    inside
        Whether a face lies in the outline.
    limit
        Largest area that may be settled by rule.
    parents
        Parent code of labels that are bound to one.
    decisions
        What a reviewer decided: key of the spot -> code that gets the land, or a word of `WORDS`.
    """

    faces: Faces
    names: tuple[str, ...]
    drawn: csr_matrix
    existing: Ints
    existing_labels: tuple[str | None, ...]
    inside: Bools
    limit: float
    parents: dict[str, str]
    decisions: Mapping[str, str] = field(default_factory=dict)
    dropped: list[str] = field(default_factory=list)
    owner: Ints = field(init=False)
    covers: csr_matrix = field(init=False)
    spots: list[Spot] = field(default_factory=list)
    refused: list[Spot] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Give each face covered once to its label."""
        self.covers = self.drawn
        self._own_single()

    @classmethod
    def start(
        cls,
        faces: Faces,
        outline: BaseGeometry,
        existing: Net,
        incoming: Net,
        terms: Terms,
    ) -> Settlement:
        """Find out which polygons cover which faces, and clip what they may not cover.

        Parameters
        ----------
        faces
            Faces of all linework.
        outline
            Outer boundary.
        existing, incoming
            The two nets; incoming polygons are valid.
        terms
            What may be settled, and how.
        """
        points = np.asarray(shapely.points(faces.inside), object)
        names = tuple(dict.fromkeys(str(label) for label in incoming.labels))
        number = {name: i for i, name in enumerate(names)}
        of_row = np.array([number[str(label)] for label in incoming.labels], np.int64)
        row, face = STRtree(points).query(incoming.polygons, predicate="intersects")
        shape = (len(points), len(names))
        drawn = coo_matrix((np.ones(len(face), np.int8), (face, of_row[row])), shape=shape).tocsr()
        drawn.sum_duplicates()
        drawn.sort_indices()
        # Rows of one code that lie over each other hold the land once.
        drawn.data[:] = 1
        held = np.full(len(points), -1, np.int64)
        cell, face = STRtree(points).query(existing.polygons, predicate="intersects")
        held[face] = cell
        shapely.prepare(outline)
        inside = np.asarray(shapely.contains_xy(outline, faces.inside[:, 0], faces.inside[:, 1]))
        work = cls(
            faces, names, drawn, held, existing.labels, inside, terms.limit, dict(terms.parents), terms.decisions
        )
        work.clip_outside()
        work.clip_locked()
        work.keep_untouched()
        return work

    @property
    def unassigned(self) -> int:
        """Number of the owner that stands for land left unassigned."""
        return len(self.names) + len(self.existing_labels)

    def label(self, owner: int) -> str | None:
        """Return the label of an owner, None for unassigned land.

        Parameters
        ----------
        owner
            Number of the owner.
        """
        if not 0 <= owner < self.unassigned:
            return None
        n = len(self.names)
        return self.names[owner] if owner < n else self.existing_labels[owner - n]

    def clip_outside(self) -> None:
        """Cut off what lies outside the outline."""
        self._clip(~self.inside, "outside")

    def clip_locked(self) -> None:
        """Cut off what reaches into cells of another parent."""
        if not self.parents:
            return
        face = np.repeat(np.arange(self.covers.shape[0]), np.diff(self.covers.indptr))
        label = self.covers.indices
        cell = self.existing[face]
        barred = ~self.may_have(label, cell)
        lost = np.zeros(len(self.existing), bool)
        for name in np.unique(label[barred]):
            lost[:] = False
            lost[face[barred & (label == name)]] = True
            self._clip(lost, "locked", only=int(name))

    def may_have(self, label: Ints, cell: Ints) -> Bools:
        """Tell which labels may take land of which existing cells.

        Parameters
        ----------
        label
            Numbers of incoming labels.
        cell
            Numbers of existing cells, -1 for land without one.
        """
        pairs, which = np.unique(np.column_stack([label, cell]), axis=0, return_inverse=True)
        allowed = [self._may_have(self.names[a], b) for a, b in pairs.tolist()]
        result: Bools = np.array(allowed, bool)[which.ravel()]
        return result

    def _may_have(self, name: str, cell: int) -> bool:
        parent, held = self.parents.get(name), self.existing_labels[cell] if cell >= 0 else None
        return parent is None or held is None or held.startswith(parent) or parent.startswith(held)

    def _clip(self, lost: Bools, rule: str, only: int | None = None) -> None:
        covers = self.covers.tocoo()
        drop = lost[covers.row] & (True if only is None else covers.col == only)
        for name in np.unique(covers.col[drop]):
            mine = np.full(len(lost), -1, np.int64)
            mine[covers.row[drop & (covers.col == name)]] = 0
            self._note(self.faces.regions(mine), rule, [(self.names[name],)] * len(mine))
        keep = ~drop
        self.covers = coo_matrix(
            (covers.data[keep], (covers.row[keep], covers.col[keep])), shape=self.covers.shape
        ).tocsr()
        self.covers.sort_indices()
        self._own_single()

    def _own_single(self) -> None:
        count = np.diff(self.covers.indptr)
        self.owner = np.full(len(count), -1, np.int64)
        single = count == 1
        self.owner[single] = self.covers.indices[self.covers.indptr[:-1][single]]

    def settle_overlaps(self) -> None:
        """Give faces covered twice to the coverer with the longest border."""
        at, cover = self.covers.indptr, self.covers.indices.tolist()
        sets = [tuple(cover[a:b]) for a, b in pairwise(at.tolist())]
        numbers: dict[tuple[int, ...], int] = {}
        key = np.array([numbers.setdefault(s, len(numbers)) if len(s) > 1 else -1 for s in sets], np.int64)
        region = self.faces.regions(key)
        coverers = [sets[f] for f in _first_face(region)]
        # A grid drawn wholly inside others would vanish; the land it shares with them is its own.
        has_own = set(np.unique(self.owner[self.owner >= 0]).tolist())
        size = np.asarray(self.drawn.T @ self.faces.area)
        for r, names in enumerate(coverers):
            homeless = [i for i in names if i not in has_own]
            if homeless:
                mine = min(homeless, key=lambda i: (float(size[i]), i))
                self.owner[region == r] = mine
                has_own.add(mine)
        self._settle(region, range(len(coverers)), lambda r, o: o in coverers[r], coverers)
        self._note(region, "overlap", [tuple(self.names[i] for i in c) for c in coverers], settled=True)

    def keep_untouched(self) -> None:
        """Leave existing cells that nothing was drawn over to themselves."""
        bare, held = self.bare(), self.existing
        for cell in np.unique(held[bare & (held >= 0)]):
            if bare[held == cell].all() and self.existing_labels[cell] is not None:
                self.owner[bare & (held == cell)] = len(self.names) + int(cell)

    def bare(self) -> Bools:
        """Tell which faces of the county nothing was drawn over."""
        covered: Ints = np.diff(self.covers.indptr)
        result: Bools = (self.owner < 0) & self.inside & (covered == 0)
        return result

    def settle_gaps(self) -> None:
        """Fill small gaps from their neighbours and leave the rest unassigned."""
        held = self.existing
        region = self.faces.regions(np.where(self.bare(), held + 1, -1), across_seams=False)
        area, width = self._sizes(region)
        cells = [int(held[f]) for f in _first_face(region)]
        free = np.array([self._is_free(c) for c in cells], bool)
        small = (area <= self.limit) & (free | (area < SLIVER_M2) | (width < STRIP_WIDTH_M))
        self._settle(region, np.flatnonzero(small).tolist(), lambda r, o: self._is_taker(o, cells[r]))
        self._note(np.where(self.owner >= 0, region, -1), "gap", [()] * len(cells), settled=True)
        for r, cell in enumerate(cells):
            rest = (region == r) & (self.owner < 0)
            if rest.any():
                self.owner[rest] = self.unassigned if free[r] else len(self.names) + cell
                if free[r]:
                    self._keep(self._spot("unassigned", (), float(area[r]), region == r), region == r)

    def _is_free(self, cell: int) -> bool:
        # What is left of a coarser cell once finer grids are drawn in it belongs to none of them.
        held = self.existing_labels[cell] if cell >= 0 else None
        return held is None or any(n.startswith(held) and n != held for n in self.names)

    def _is_taker(self, owner: int, cell: int) -> bool:
        return owner < len(self.names) and self._may_have(self.names[owner], cell)

    def absorb_slivers(self) -> None:
        """Give crumbs that hang on to the rest of their grid by nothing to a neighbour."""
        whole = self.faces.regions(np.where(self.inside, self.owner, -1))
        area, _ = self._sizes(whole)
        owner = self.owner[_first_face(whole)]
        largest = np.zeros(self.unassigned + 1)
        np.maximum.at(largest, owner, area)
        crumb = (area < SLIVER_M2) & (area < largest[owner])
        if not crumb.any():
            return
        was = self.owner.copy()
        self.owner[(whole >= 0) & crumb[whole]] = -1
        cells = self.existing[_first_face(whole)]
        crumbs = np.flatnonzero(crumb).tolist()
        self._settle(whole, crumbs, lambda r, o: o != owner[r] and self._is_taker(o, int(cells[r])))
        self.owner = np.where(self.owner < 0, was, self.owner)
        for r in np.flatnonzero(crumb):
            mine = whole == r
            now = int(self.owner[np.argmax(mine)])
            if now != owner[r]:
                old = self.label(int(owner[r]))
                spot = self._spot("sliver", (old,) if old else (), float(area[r]), mine)
                self.spots.append(replace(spot, owner=self.label(now)))

    def note_vanished(self) -> None:
        """Refuse the import when a grid of the file would get no land at all."""
        left = set(np.unique(self.owner[self.inside]).tolist())
        refused = {code for spot in self.refused for code in spot.codes}
        for i, name in enumerate(self.names):
            if i not in left and name not in refused:
                mine = np.asarray(self.drawn[:, [i]].todense()).ravel() > 0
                self._keep(self._spot("vanished", (name,), float(self.faces.area[mine].sum()), mine), mine)

    def changes(self) -> tuple[Change, ...]:
        """List the land that each incoming label gained or lost against the drawing."""
        area, n = self.faces.area, len(self.names)
        drawn = np.asarray(self.drawn.T @ area)
        mine = self.inside & (self.owner >= 0) & (self.owner < n)
        after = np.bincount(self.owner[mine], area[mine], n)
        at = np.flatnonzero(mine)
        held = np.asarray(self.drawn[at, self.owner[at]]).ravel() > 0
        kept = np.bincount(self.owner[at[held]], area[at[held]], n)
        moved = drawn + after - 2.0 * kept
        return tuple(
            Change(self.names[i], float(drawn[i]), float(after[i]), float(moved[i]))
            for i in np.flatnonzero(moved > NOISE_M2)
        )

    def _settle(
        self,
        region: Ints,
        which: Iterable[int],
        may: Callable[[int, int], bool],
        last_resort: Sequence[tuple[int, ...]] | None = None,
    ) -> None:
        """Give each unowned region of `which` to the owner with the longest border that may have it."""
        first = _first_face(region)
        waiting = {r for r in which if self.owner[first[r]] < 0}
        while waiting:
            metres = self.faces.borders(region, self.owner, self.unassigned + 1)
            given = np.full(len(first), -1, np.int64)
            for r in waiting:
                span = slice(metres.indptr[r], metres.indptr[r + 1])
                found = zip(metres.data[span].tolist(), metres.indices[span].tolist(), strict=True)
                best = max(((m, -o) for m, o in found if may(r, o)), default=None)
                if best:
                    given[r] = -best[1]
            if (given < 0).all():
                if last_resort is None:
                    return
                for r in waiting:
                    given[r] = min(last_resort[r])
            taker = np.where(region >= 0, given[region], -1)
            self.owner = np.where((self.owner < 0) & (taker >= 0), taker, self.owner)
            waiting -= set(np.flatnonzero(given >= 0).tolist())

    def _note(self, region: Ints, rule: str, codes: Sequence[tuple[str, ...]], settled: bool = False) -> None:
        area, width = self._sizes(region)
        for r in np.flatnonzero((area > NOISE_M2) & (width > NOISE_WIDTH_M)).tolist():
            mine = region == r
            owner = self.label(int(self.owner[np.argmax(mine)])) if settled else None
            self._keep(replace(self._spot(rule, codes[r], float(area[r]), mine), owner=owner), mine)

    def _spot(self, rule: str, codes: tuple[str, ...], area: float, mine: Bools) -> Spot:
        shape = shapely.union_all(self.faces.polygons[mine])
        return Spot(rule, codes, area, self._point(mine), shape=shape)

    def _keep(self, spot: Spot, mine: Bools) -> None:
        """Put a spot on the list of what is settled or of what must be asked, as decided or by the rule."""
        if spot.key in self.decisions:
            self.spots.append(self._decided(spot, mine, self.decisions[spot.key]))
        elif spot.rule == "vanished" or (spot.area_m2 > self.limit and spot.rule not in ("gap", "unassigned")):
            self.refused.append(spot)
        else:
            self.spots.append(spot)

    def _decided(self, spot: Spot, mine: Bools, decision: str) -> Spot:
        """Carry out what a reviewer decided for one spot."""
        number = {name: i for i, name in enumerate(self.names)}
        gap = spot.rule in ("gap", "unassigned")
        if gap and decision in ("leave", "except"):
            self.owner[mine] = self.unassigned
            return replace(spot, rule="unassigned", owner=None, decision=decision)
        if spot.rule in ("outside", "locked") and decision == "clip":
            return replace(spot, decision=decision)
        if spot.rule == "vanished" and decision == "drop":
            self.dropped.extend(spot.codes)
            return replace(spot, decision=decision)
        cell = int(self.existing[np.argmax(mine)])
        may = (decision in spot.codes) if spot.rule == "overlap" else gap and self._may_have(decision, cell)
        if decision not in number or not may:
            raise InputError(
                f"对“{spot.key}”（{spot.rule}）的决定“{decision}”不可行：{choices(spot)[0]}。",
                f"The decision '{decision}' for '{spot.key}' ({spot.rule}) is not possible: {choices(spot)[1]}.",
            )
        self.owner[mine] = number[decision]
        return replace(spot, rule="gap" if gap else spot.rule, owner=decision, decision=decision)

    def _sizes(self, region: Ints) -> tuple[Floats, Floats]:
        """Return area and mean width of each region."""
        use, count = region >= 0, int(region.max(initial=-1)) + 1
        faces = self.faces
        area = np.bincount(region[use], faces.area[use], count).astype(np.float64)
        rings = np.bincount(region[use], shapely.length(faces.polygons[use]), count)
        inner = use[faces.left] & (region[faces.left] == region[faces.right])
        around = rings - 2.0 * np.bincount(region[faces.left[inner]], faces.border[inner], count)
        return area, 2.0 * area / np.maximum(around, 1e-9)

    def _point(self, mine: Bools) -> tuple[float, float]:
        face = int(np.argmax(np.where(mine, self.faces.area, -1.0)))
        x, y = self.faces.inside[face]
        return float(x), float(y)


def _first_face(region: Ints) -> Ints:
    faces = np.flatnonzero(region >= 0)
    return faces[np.unique(region[faces], return_index=True)[1]]
