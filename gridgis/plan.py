"""The plan: cells, their codes and the outline of the county; edits, and the one way to apply them.

A plan is an assignment of cells to grid codes. It never changes: `evolve` answers a new plan, and
shares with the old one whatever the edit did not touch. Upper levels are unions of cells by code
prefix, so nesting holds by construction.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridgis import codes, topology
from gridgis.allotted import Ledger
from gridgis.cells import MODULUS, CellIndex, Cells, Ints, cells_digest, digest
from gridgis.elements import Elements
from gridgis.errors import CodeError, StaleEditError
from gridgis.ground import Ground
from gridgis.layered import Layered
from gridgis.schema import FIGURES
from gridgis.scheme import Scheme

Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class Grid:
    """One coded area: its code and what the scheme says of it; its polygon is derived from cells.

    Attributes
    ----------
    extra
        Further register columns as (name, value) pairs.
    """

    code: str
    level: str
    kind: str = "comprehensive"
    name: str = ""
    category: str = ""
    class_: str = ""
    zone: str = ""
    extra: tuple[tuple[str, str], ...] = ()

    def digest(self) -> int:
        """Return the share of this row in the hash of the plan."""
        fields = (self.code, self.level, self.kind, self.name, self.category, self.class_, self.zone)
        return digest("\x1f".join((*fields, *(f"{k}={v}" for k, v in sorted(self.extra)))).encode())


@dataclass(frozen=True, slots=True, eq=False)
class Edit:
    """A change of the plan as data: rows out, rows in; applying it is `evolve`, undoing it `invert`.

    Attributes
    ----------
    command
        What was asked, as JSON-ready values, so that it can be asked again of a newer plan.
    created, voided
        Codes that appear and codes that end.
    lineage
        Pairs of (code before, code after) between which area moved or stayed.
    before, after
        Figures per touched code: households, persons, …, area_m2.
    notes
        Pairs of (Chinese, English) sentences on what the kernel decided by rule.
    version, at, by, reason, hash, undoes
        Filled in when a county applies the edit.
    """

    kind: str
    command: Mapping[str, Any]
    removed: Cells
    added: Cells
    grids_removed: tuple[Grid, ...] = ()
    grids_added: tuple[Grid, ...] = ()
    lineage: tuple[tuple[str, str], ...] = ()
    before: Mapping[str, Figures] = field(default_factory=dict)
    after: Mapping[str, Figures] = field(default_factory=dict)
    notes: tuple[tuple[str, str], ...] = ()
    base_version: int = 0
    version: int | None = None
    at: str | None = None
    by: str = ""
    reason: str = ""
    hash: str = ""
    undoes: int | None = None

    @property
    def created(self) -> tuple[str, ...]:
        """Codes that appear."""
        return tuple(sorted({g.code for g in self.grids_added} - {g.code for g in self.grids_removed}))

    @property
    def voided(self) -> tuple[str, ...]:
        """Codes that end."""
        return tuple(sorted({g.code for g in self.grids_removed} - {g.code for g in self.grids_added}))

    @property
    def touched(self) -> frozenset[str]:
        """Leaf codes of the cells the edit removes or adds."""
        return frozenset(c for c in (*self.removed.code, *self.added.code) if c is not None)


def invert(edit: Edit) -> Edit:
    """Return the edit that takes `edit` back: the same rows with the two sides swapped.

    Parameters
    ----------
    edit
        An edit that was saved.
    """
    return replace(
        edit, kind="undo", command={"undo": edit.version}, removed=edit.added, added=edit.removed,
        grids_removed=edit.grids_added, grids_added=edit.grids_removed, lineage=tuple((b, a) for a, b in edit.lineage),
        before=edit.after, after=edit.before, notes=(), base_version=edit.version or 0, version=None, hash="",
        undoes=edit.version,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Cells, grids and outline of a county at one version.

    Attributes
    ----------
    rows
        The live cells.
    grids
        The live grids by code, all levels below the county.
    ledger
        Every code ever allotted.
    elements
        What is counted, for the figures of new cells; None counts nothing.
    """

    scheme: Scheme
    county_code: str
    epsg: int
    outline: shapely.Geometry
    rows: Cells
    grids: Mapping[str, Grid]
    ledger: Ledger
    elements: Elements | None = None
    version: int = 0
    next_id: int = 1
    digest: int = 0
    members: Mapping[str | None, frozenset[int]] = field(default_factory=dict)
    index: CellIndex | None = None
    ground: Ground | None = None
    _order: list[str] = field(default_factory=list)
    _shapes: MutableMapping[str, Any] = field(default_factory=Layered)

    @property
    def cells(self) -> gpd.GeoDataFrame:
        """The live cells: index `id`, columns `code`, figures, `geometry`."""
        return self.rows.frame(self.epsg)

    @property
    def hash(self) -> str:
        """Fingerprint of cells (geometry, code) and live grids, 64 hexadecimal digits."""
        return f"{self.digest:064x}"

    @property
    def crs(self) -> int:
        """EPSG code of the county's CRS."""
        return self.epsg

    def row(self, ids: Iterable[int]) -> Ints:
        """Return positions of ids in `rows`.

        Raises
        ------
        CodeError
            A cell id is not live.
        """
        wanted = np.array(sorted(set(ids)), dtype=np.int64)
        at = np.searchsorted(self.rows.id, wanted)
        known = at < len(self.rows)
        known[known] = self.rows.id[at[known]] == wanted[known]
        if not known.all():
            missing = "、".join(map(str, wanted[~known][:5].tolist()))
            raise CodeError(
                f"没有编号为 {missing} 的基元：它可能已被后来的变更替换，请刷新后重选。",
                f"There is no live cell {missing.replace('、', ', ')}: a later edit may have replaced it; "
                "refresh and choose again.",
            )
        return at

    @property
    def lookup(self) -> Ground:
        """Which cell holds a point; made when first asked, and kept."""
        kept = self.ground
        return kept if kept is not None and kept.rows is self.rows else Ground(self.rows)

    def owners(self, points: Any) -> NDArray[np.int32]:
        """Return the row of the cell of each point, -1 outside; see `gridgis.ground.Ground.owners`."""
        return self.lookup.owners(points)

    def grid(self, code: object) -> Grid:
        """Return the live grid of `code`.

        Raises
        ------
        CodeError
            The code is malformed, or no live grid has it.
        """
        text = self.scheme.parse_grid(code)
        found = self.grids.get(text)
        if found is None:
            ended = text in self.ledger
            zh = "已停用" if ended else "不存在"
            en = "is void" if ended else "does not exist"
            raise CodeError(
                f"网格“{text}”{zh}：请核对编码，或用 gridgis stats 查看现有网格。",
                f"Grid '{text}' {en}: check the code, or list the grids with gridgis stats.",
            )
        return found

    def below(self, code: str) -> list[str]:
        """Return the live grid codes under `code`, without itself, in order."""
        order, at = self._order, bisect_left(self._order, code)
        out = []
        while at < len(order) and order[at].startswith(code):
            if order[at] != code:
                out.append(order[at])
            at += 1
        return out

    def children(self, code: str) -> list[str]:
        """Return the live grids one level below `code` (any deeper level where one is missing)."""
        order, out = self._order, []
        at = bisect_left(order, code)
        at += at < len(order) and order[at] == code
        while at < len(order) and order[at].startswith(code):
            out.append(order[at])
            # In order, what lies under a grid follows it at once.
            at = bisect_left(order, order[at] + "\uffff", at)
        return out

    def cell_ids(self, code: str) -> list[int]:
        """Return ids of the cells in grid `code` and all grids below it, ascending."""
        own = self.members.get(code, frozenset())
        return sorted(own.union(*(self.members.get(c, frozenset()) for c in self.below(code))))

    def codes(self, level: str) -> list[str]:
        """Return the live codes of a level, in order."""
        self.scheme.level(level)
        return [c for c in self._order if self.grids[c].level == level]

    @property
    def leaf_codes(self) -> list[str]:
        """The codes that cells carry, in order."""
        return sorted(c for c in self.members if c is not None)

    def tiling(self, level: str) -> list[str]:
        """Return the codes of a level together with the coarser grids that have none of it below."""
        width = self.scheme.width(level)
        return [c for c in self._order if len(c) == width or (len(c) < width and not self.below(c))]

    def grid_geometry(self, code: str) -> Any:
        """Return the polygon of a grid, dissolved from its cells; kept for the next call."""
        found = self._shapes.get(code)
        if found is None:
            own = self.row(self.members.get(code, frozenset()))
            parts = [*self.rows.geometry[own], *(self.grid_geometry(c) for c in self.children(code))]
            polygons = shapely.get_parts(np.array(parts, dtype=object))
            found = topology.dissolve(polygons) if len(polygons) else shapely.MultiPolygon()
            self._shapes[code] = found
        return found

    def figures_of(self, code: str) -> Figures:
        """Return the figures of one grid: cells, FIGURES and area_m2."""
        rows = self.row(self.cell_ids(code))
        sums = self.rows.figures[rows].sum(axis=0)
        area = float(np.round(shapely.area(self.rows.geometry[rows]).sum(), 3))
        return {"cells": len(rows)} | dict(zip(FIGURES, sums.tolist(), strict=True)) | {"area_m2": area}

    @property
    def figures(self) -> pd.DataFrame:
        """Figures per cell: index `id`, columns FIGURES and area_m2."""
        out = pd.DataFrame(self.rows.figures, columns=list(FIGURES), index=pd.Index(self.rows.id, name="id"))
        return out.assign(area_m2=shapely.area(self.rows.geometry))


def make_plan(scheme: Scheme, county_code: str, epsg: int, outline: Any, **given: Any) -> Plan:
    """Build a plan from rows, with its derived parts.

    Parameters
    ----------
    scheme, county_code, epsg, outline
        As in `Plan`.
    **given
        Further fields of `Plan`: rows, grids, ledger, elements, version, next_id.
    """
    rows: Cells = given.get("rows", Cells.none())
    grids: Mapping[str, Grid] = dict(given.get("grids", {}))
    members: dict[str | None, set[int]] = {}
    for i, code in zip(rows.id.tolist(), rows.code, strict=True):
        members.setdefault(code, set()).add(i)
    top = int(rows.id.max()) + 1 if len(rows) else 1
    return Plan(
        scheme, county_code, epsg, outline, rows, Layered(grids),
        Ledger((*given.get("ledger", ()), *grids)),
        given.get("elements"), given.get("version", 0), max(given.get("next_id", 1), top),
        (cells_digest(rows) + sum(g.digest() for g in grids.values())) % MODULUS,
        Layered({code: frozenset(ids) for code, ids in members.items()}), CellIndex(rows), Ground(rows), sorted(grids),
    )  # fmt: skip


def evolve(plan: Plan, edit: Edit) -> Plan:
    """Return the plan after an edit.

    Parameters
    ----------
    plan, edit
        A plan, and an edit made on it or on one with the same rows.

    Raises
    ------
    StaleEditError
        A row that the edit removes is not in the plan as the edit saw it.
    """
    require_current(plan, edit)
    rows = plan.rows.merged(edit.removed.id, edit.added)
    order = plan._order.copy()
    for gone in edit.grids_removed:
        order.pop(bisect_left(order, gone.code))
    for new in edit.grids_added:
        insort(order, new.code)
    digest = plan.digest - cells_digest(edit.removed) + cells_digest(edit.added)
    digest += sum(g.digest() for g in edit.grids_added) - sum(g.digest() for g in edit.grids_removed)
    return replace(
        plan,
        rows=rows,
        grids=Layered.of(plan.grids).changed([g.code for g in edit.grids_removed], [(g.code, g) for g in edit.grids_added]),
        ledger=plan.ledger.with_codes(g.code for g in edit.grids_added),
        version=plan.version + 1 if edit.version is None else edit.version,
        next_id=max(plan.next_id, int(edit.added.id.max(initial=0)) + 1),
        digest=digest % MODULUS,
        members=_members_after(plan.members, edit),
        index=(plan.index or CellIndex(plan.rows)).updated(edit.removed.id, edit.added, rows),
        ground=(plan.ground or Ground(plan.rows)).after(edit.removed, edit.added, rows),
        _order=order,
        _shapes=Layered.of(plan._shapes).changed(stale_codes(plan, edit), ()),
    )


def require_current(plan: Plan, edit: Edit) -> None:
    """Raise StaleEditError unless every row the edit removes is live and unchanged."""
    at = np.searchsorted(plan.rows.id, edit.removed.id)
    live = at < len(plan.rows)
    live[live] = plan.rows.id[at[live]] == edit.removed.id[live]
    live[live] = plan.rows.code[at[live]] == edit.removed.code[live]
    # The same id in another copy or branch of the county may stand for other ground.
    live[live] = shapely.equals_identical(plan.rows.geometry[at[live]], edit.removed.geometry[live])
    moved = {str(c) for c in edit.removed.code[~live] if c is not None}
    moved |= {g.code for g in edit.grids_removed if plan.grids.get(g.code) != g}
    gone = {g.code for g in edit.grids_removed}
    moved |= {g.code for g in edit.grids_added if g.code in plan.grids and g.code not in gone}
    if moved or not live.all():
        listed = "、".join(sorted(moved)[:5])
        raise StaleEditError(
            f"网格 {listed} 刚被他人修改：您的变更未保存也未丢失，请查看最新状态后重新确认。",
            f"Grids {listed.replace('、', ', ')} were changed by someone else meanwhile: your edit was neither saved "
            "nor lost; look at the present state and confirm again.",
        )


def _members_after(members: Mapping[str | None, frozenset[int]], edit: Edit) -> Layered[str | None, frozenset[int]]:
    out = Layered.of(members).changed((), ())
    for cells, add in ((edit.removed, False), (edit.added, True)):
        for i, code in zip(cells.id.tolist(), cells.code, strict=True):
            held = out.get(code, frozenset())
            out[code] = held | {i} if add else held - {i}
            if not out[code]:
                del out[code]
    return out


def stale_codes(plan: Plan, edit: Edit) -> set[str]:
    """Return every code, of all levels, whose polygon or existence the edit may change."""
    touched = edit.touched | {g.code for g in (*edit.grids_removed, *edit.grids_added)}
    return {a for c in touched for a in (*codes.ancestors(c, plan.scheme.widths), c)}
