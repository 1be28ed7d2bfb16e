"""What a cluster can be asked of the plan itself, in blocks of cells and runs of grids: coverage findings, and an export."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridgis.checks.base import RULES, framed, in_order
from gridgis.checks.finding import Focus, Fresh
from gridgis.checks.ground import on_outline
from gridgis.checks.pieces import KINDS, blocks, give
from gridgis.exporting import FIGURES_OUT, out_frame
from gridgis.outgoing.layer import make_layer
from gridgis.outgoing.vector import write_geoparquet
from gridgis.plan import Plan
from gridgis.scaling import Part, Run
from gridgis.scheme import Scheme

GRIDS = 500
"""Grids of a part, where grids are worked on."""
ROUGH = ("gap", "overlap", "invalid", "unmatched_edge", "near_miss", "unassigned")
"""Rules on the ground, which blocks of cells are looked at for."""
OWN = ("level", "kind", "name", "category", "class", "zone")
"""Columns that every grid has, as they leave."""
EACH = ("multi_part", "parent_unfilled", "hole", "sliver", "spike", "grid_empty")
"""Rules on each grid by itself."""


@dataclass(frozen=True)
class Handed:
    """Grids of one level as GeoParquet, in the order of their codes: a township lies in few parts.

    Attributes
    ----------
    codes
        All of them, in order.
    said
        What `make_layer` is told of the layer.
    """

    plan: Plan
    codes: list[str]
    datum: str
    said: dict[str, Any]

    def parts(self) -> list[Part]:
        """Return runs of codes."""
        runs = [self.codes[k : k + GRIDS] for k in range(0, len(self.codes), GRIDS)]
        return [Part(k, "", k, len(run)) for k, run in enumerate(runs)]

    def part(self, part: Part, draft: Path) -> int:
        """Write one part; return how many grids it has."""
        start = part.group * GRIDS
        frame = out_frame(self.plan, self.codes[start : start + GRIDS])
        # Every part has the columns of all registers, in the order of a whole export.
        frame = frame.reindex(columns=[*self._columns, "geometry"], fill_value="")
        write_geoparquet(make_layer(frame, epsg=self.plan.epsg, datum=self.datum, **self.said), draft)
        return len(frame)

    @cached_property
    def _columns(self) -> list[str]:
        extra = (k for c in self.codes for k, _ in self.plan.grids[c].extra)
        return list(dict.fromkeys([*OWN, *(k for k in extra if k not in FIGURES_OUT), *FIGURES_OUT]))

    def whole(self, found: list[int], _out: Path, _run: Run) -> dict[str, Any]:
        """Return counts."""
        return {"located": sum(found)}


@dataclass(frozen=True)
class Looked:
    """Coverage findings of blocks of cells, seams put together, and of each grid.

    Attributes
    ----------
    kinds
        What is asked of each block, of `gridgis.checks.pieces.KINDS`; and ``grids`` for the rules on each grid.
    county
        Whose exceptions hide findings, for the answer alone.
    """

    plan: Plan
    kinds: tuple[str, ...] = ("edges", "near", "grids")
    county: Any = field(default=None, compare=False)

    def __getstate__(self) -> dict[str, Any]:
        """Be sent without the county: its store stays here."""
        return {"plan": self.plan, "kinds": self.kinds, "county": None}

    @cached_property
    def _blocks(self) -> list[NDArray[np.int64]]:
        return blocks(self.plan)

    def _tasks(self) -> list[tuple[str, int]]:
        runs = -(-len(self.plan._order) // GRIDS)
        return [(k, n) for k in self.kinds for n in range(runs if k == "grids" else len(self._blocks))]

    def parts(self) -> list[Part]:
        """Return every block under every kind."""
        return [Part(n, kind, k, 1) for n, (kind, k) in enumerate(self._tasks())]

    def part(self, part: Part, _draft: Path) -> Any:
        """Return what one block shows, or the findings of one run of grids."""
        if part.source != "grids":
            return KINDS[part.source](self.plan, self._blocks[part.group])
        some = self.plan._order[part.group * GRIDS : (part.group + 1) * GRIDS]
        none = np.zeros(0, dtype=object)
        alone: Any = Alone(self.plan)
        view = Fresh(alone, None, Focus(frozenset(some), none, none, none))
        return {r.key: list(r.find(view)) for r in RULES if r.key in EACH}

    def whole(self, found: list[Any], out: Path, run: Run) -> dict[str, Any]:
        """Write the findings as one part."""
        alone: Any = Alone(self.plan)
        view = Fresh(alone)
        shown = self._sorted(found)
        sound = self._sound(shown["edges"])
        if not sound:
            more = replace(self, kinds=("union", "overlaps"), county=None)
            shown |= more._sorted(run(more, more.parts()))
        view.memo["sound"] = (view.plan, sound)
        for kind in shown.keys() & KINDS.keys():
            give(view, kind, shown[kind])
        grids = {key: [f for some in shown["grids"] for f in some[key]] for key in EACH}
        wanted = [r for r in RULES if r.key in (*ROUGH, *EACH)]
        listed = {r.key: in_order(r.find(view) if r.key in ROUGH else grids[r.key]) for r in wanted}
        frame = framed(self.county, listed)
        frame.to_parquet(out / "part-000000.parquet", index=False, compression="zstd")
        counts = frame["rule"].value_counts().to_dict()
        return {"located": len(frame), "findings": {str(k): int(v) for k, v in counts.items()}, "sound": sound}

    def _sorted(self, found: list[Any]) -> dict[str, list[Any]]:
        out: dict[str, list[Any]] = {k: [] for k in self.kinds}
        for (kind, _), one in zip(self._tasks(), found, strict=True):
            out[kind].append(one)
        return out

    def _sound(self, edges: list[Any]) -> bool:
        if not edges or not all(e.sound for e in edges):
            return False
        return on_outline(self.plan, set(map(tuple, np.concatenate([e.outer for e in edges]).tolist())))


@dataclass(frozen=True)
class Alone:
    """What the rules on coverage read of a county: its plan."""

    plan: Plan

    @property
    def scheme(self) -> Scheme:
        """The grid system."""
        return self.plan.scheme

    @property
    def crs(self) -> int:
        """EPSG code of the CRS."""
        return self.plan.epsg
