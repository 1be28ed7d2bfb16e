"""One county, open: its plan, its tables, and the only way to change it."""

from __future__ import annotations

import datetime as dt
import threading
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import geopandas as gpd
import numpy as np
import pandas as pd

from gridgis.elements import Elements, gather
from gridgis.errors import EditError, InputError, StaleEditError
from gridgis.history import History, busy, counted, counted_alike, history_of, outlines_turned, rebased
from gridgis.plan import Edit, Plan, evolve, invert, make_plan, stale_codes
from gridgis.redraw.guards import require_conserved
from gridgis.schema import FIGURES, TABLES
from gridgis.scheme import Scheme, scheme_from
from gridgis.store import SqlStore, open_store

_REPLAYED = 50


def open_county(path: str | Path) -> County:
    """Return the county of a file, or of a database by its address ``postgresql://...``, open until it is closed.

    Parameters
    ----------
    path
        The file, or the address.

    Raises
    ------
    StoreError
        Nothing is there, or it is not a county.
    """
    return County(open_store(path))


class County:
    """A county in a store: reads, and edits as transactions.

    Parameters
    ----------
    store
        An open store.
    """

    def __init__(self, store: SqlStore) -> None:
        self.store = store
        self._plan: Plan | None = None
        self._seen = (0, 0)
        # Edits of one process wait for each other; those of others are met by the store's version check.
        self._turn = threading.RLock()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Close the store."""
        self.close()

    def close(self) -> None:
        """Leave one file behind, nothing beside it."""
        self.store.close()

    @cached_property
    def meta(self) -> dict[str, str]:
        """Settings of the county: scheme, code, name, epsg, illustrative and more."""
        return self.store.meta()

    @cached_property
    def scheme(self) -> Scheme:
        """The grid system of the county, as saved in its file."""
        return scheme_from(tomllib.loads(self.meta["scheme_toml"]), self.meta["scheme"])

    @property
    def crs(self) -> int:
        """EPSG code of the county's CRS."""
        return self.store.epsg

    @property
    def code(self) -> str:
        """The county's own code."""
        return self.meta["code"]

    @property
    def illustrative(self) -> bool:
        """True where figures and shapes are generated for show."""
        return self.meta.get("illustrative") == "true"

    @property
    def today(self) -> str:
        """The day that counts as today, ``YYYY-MM-DD``: an illustrative county stands still on its own."""
        own = self.meta.get("as_of", "") if self.illustrative else ""
        return own or dt.date.today().isoformat()

    @property
    def version(self) -> int:
        """Version of the newest edit in the store."""
        return self.store.version()

    @property
    def emap_state(self) -> int:
        """How often elements that are counted have changed."""
        return self.store.pulse()[1]

    @cached_property
    def outline(self) -> Any:
        """Outline of the county in its CRS."""
        found = self.store.frame("boundaries")
        return found.loc[found["level"] == "county", "geometry"].iloc[0]

    @property
    def plan(self) -> Plan:
        """The plan as it stands now; what others have changed is followed edit by edit where that is quick."""
        pulse = self.store.pulse()
        if self._plan is None or pulse != self._seen:
            self._plan = self._followed(pulse) or self._read()
        return self._plan

    def _followed(self, pulse: tuple[int, int]) -> Plan | None:
        """Return the known plan with the edits of others carried out; None where it is better read afresh."""
        plan = self._plan
        if plan is None or pulse[1] != self._seen[1] or not 0 <= pulse[0] - plan.version <= _REPLAYED:
            return None
        for version in range(plan.version + 1, pulse[0] + 1):
            edit = self.store.edit(version)
            plan = evolve(plan, edit)
            if plan.hash != edit.hash:
                return None
        self._seen = pulse
        return plan

    def _read(self) -> Plan:
        # The pulse is older than the snapshot or as old: at worst the next look reads again.
        pulse = self.store.pulse()
        if pulse[1] != self._seen[1]:
            self.__dict__.pop("elements", None)
        version, cells, grids, shapes, ledger, next_id = self.store.snapshot()
        plan = make_plan(
            self.scheme, self.code, self.crs, self.outline, rows=cells, grids=grids, ledger=ledger,
            elements=self.elements, version=version, next_id=next_id,
        )  # fmt: skip
        plan._shapes.update(shapes)
        self._seen = (version, pulse[1])
        return plan

    def plan_at(self, version: int) -> Plan:
        """Return the plan as it was at a version.

        Raises
        ------
        InputError
            There is no such version.
        """
        if not 1 <= version <= self.version:
            raise InputError(
                f"没有版本 {version}：现有版本为 1 到 {self.version}。",
                f"There is no version {version}: versions run from 1 to {self.version}.",
            )
        cells, grids = self.store.rows(version)
        return make_plan(self.scheme, self.code, self.crs, self.outline, rows=cells, grids=grids,
                         ledger=self.store.ledger(), elements=self.elements, version=version)  # fmt: skip

    @cached_property
    def elements(self) -> Elements:
        """What is counted in cells: buildings with households and persons, places, roads, incidents."""
        return gather(self.store.points, by_box=True)

    def grids(self, level: str, *, version: int | None = None) -> gpd.GeoDataFrame:
        """Return the grids of a level with attributes and polygons: index `code`, the county's CRS."""
        plan = self.plan if version is None else self.plan_at(version)
        return grid_frame(plan, plan.codes(level))

    def figures(self, level: str) -> pd.DataFrame:
        """Return the figures of the grids of a level: index `code`; cells, FIGURES, area_m2."""
        return figure_frame(self.plan, self.plan.codes(level))

    def table(self, name: str, columns: Sequence[str] | None = None, bounds: Any = None) -> gpd.GeoDataFrame:
        """Return an e-map table in the county's CRS, limited to columns and a box if given.

        Raises
        ------
        InputError
            There is no such table.
        """
        if name not in TABLES:
            raise InputError(
                f"没有名为“{name}”的数据表：可用的有 {'、'.join(TABLES)}。",
                f"There is no table '{name}': there are {', '.join(TABLES)}.",
            )
        return self.store.frame(name, columns, bounds)

    def incidents(
        self, since: str | None = None, until: str | None = None, categories: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """Return incidents: id, at, category, status, x, y, in a period (`until` excluded) and of categories."""
        frame = pd.DataFrame(self.store.frame("incidents", ("id", "at", "category", "status", "x", "y")))
        keep = np.ones(len(frame), dtype=bool)
        # A column in which nothing is known has no text to compare.
        at = frame["at"].fillna("").astype(str)
        if since is not None:
            keep &= (at >= since).to_numpy()
        if until is not None:
            keep &= ((at != "") & (at < until)).to_numpy()
        if categories is not None:
            keep &= frame["category"].isin(list(categories)).to_numpy()
        return frame[keep].reset_index(drop=True)

    def live_codes(self) -> pd.DataFrame:
        """Return code and level of every live grid row, as stored, duplicates included."""
        return self.store.live_codes()

    def apply(
        self, edit: Edit, *, by: str = "", reason: str = "", tables: Mapping[str, pd.DataFrame] | None = None
    ) -> Edit:
        """Save an edit in one transaction and return it as saved, with version and hash.

        When others have changed different cells meanwhile, the same command is carried out on
        the present plan; when they changed the same cells, nothing is saved. `tables` replaces
        e-map tables in the same transaction.

        Raises
        ------
        StaleEditError
            Somebody else changed the same cells or grids.
        """

        def once() -> Edit:
            plan = self.plan
            now = edit
            if plan.version != edit.base_version or not counted_alike(plan, edit):
                now = rebased(plan, edit)
            return self._save(plan, now, by, reason, tables)

        return self._insist(once)

    def carry_out(self, decide: Callable[[Plan], Edit], *, by: str = "", reason: str = "") -> Edit:
        """Save the edit that is decided on the present plan; where others are faster, it is decided again.

        Parameters
        ----------
        decide
            Called with the present plan; may be called more than once.
        by, reason
            As in `apply`.

        Raises
        ------
        StaleEditError
            What was decided does not fit the plan it was decided on.
        """

        def once() -> Edit:
            plan = self.plan
            return self._save(plan, decide(plan), by, reason)

        return self._insist(once)

    def _insist(self, once: Callable[[], Edit]) -> Edit:
        """Try beside the other planners, and if one was faster, once more with them kept out: nobody is outrun for ever."""
        with self._turn:
            try:
                return once()
            except StaleEditError:
                if self.store.pulse() == self._seen:
                    raise
            # What takes long is done before the others have to wait.
            _ = self.plan
            try:
                with self.store.alone():
                    return once()
            except BaseException:
                # What was saved inside may have been taken back.
                self._plan = None
                raise

    def _save(
        self, plan: Plan, edit: Edit, by: str, reason: str, tables: Mapping[str, pd.DataFrame] | None = None
    ) -> Edit:
        at = dt.datetime.now(dt.UTC).astimezone().isoformat(timespec="seconds")
        by, reason = (text.encode("utf-8", "replace").decode() for text in (by, reason))
        edit = replace(edit, version=plan.version + 1, at=at, by=by, reason=reason)
        after = evolve(plan, edit)
        require_conserved(plan, edit)
        edit = replace(edit, hash=after.hash)
        changed = sorted((c for c in stale_codes(plan, edit) if c in after.grids), key=len, reverse=True)
        self.store.append(edit, {c: after.grid_geometry(c) for c in changed}, tables, self._seen[1])
        self._plan, self._seen = after, (plan.version + 1, self._seen[1])
        return edit

    def history(self) -> History:
        """Return which edits stand and which are undone, in the order in which that happened."""
        return history_of(self.store.log())

    def undo(self, *, by: str = "", reason: str = "") -> Edit:
        """Take back the newest edit that stands.

        Raises
        ------
        EditError
            There is nothing to undo.
        StaleEditError
            Its cells were changed since by an edit that is itself no longer undone.
        """
        return self._again(lambda h: h.done, invert, ("没有可撤销的变更。", "There is nothing to undo."), by, reason)

    def redo(self, *, by: str = "", reason: str = "") -> Edit:
        """Carry out again the edit undone last, with its old codes.

        Raises
        ------
        EditError
            There is nothing to redo.
        """

        def repeated(edit: Edit) -> Edit:
            return replace(edit, kind="redo", undoes=edit.version)

        nothing = ("没有可重做的变更。", "There is nothing to redo.")
        return self._again(lambda h: h.undone, repeated, nothing, by, reason)

    def _again(
        self, which: Callable[[History], tuple[int, ...]], turn: Callable[[Edit], Edit], nothing: tuple[str, str],
        by: str, reason: str,
    ) -> Edit:  # fmt: skip
        """Carry out a saved edit once more, one way or the other, on the plan that the log was read with."""

        def once() -> Edit:
            plan, log = self.plan, self.store.log()
            if len(log) != plan.version:
                raise busy()
            versions = which(history_of(log))
            if not versions:
                raise EditError(*nothing)
            saved = self.store.edit(versions[-1])
            edit = replace(counted(plan, turn(saved)), base_version=plan.version)
            tables = outlines_turned(saved, self.store.frame("boundaries"), back=edit.kind == "undo")
            return self._save(plan, edit, by, reason, tables)

        return self._insist(once)

    def log(self) -> pd.DataFrame:
        """Return one row per edit, oldest first."""
        return self.store.log()

    def forget(self) -> None:
        """Read everything afresh at the next look: what was seen may have been taken back."""
        self._plan = None
        for name in ("elements", "meta", "scheme"):
            self.__dict__.pop(name, None)

    def refresh_figures(self, progress: Callable[[float, str], None] | None = None) -> None:
        """Count every element in its cell again, after the e-map changed."""
        rows = self.plan.rows
        self.__dict__.pop("elements", None)
        if progress:
            progress(0.0, "统计各基元的户数、人口与要素")
        self.store.set_figures(rows.id.tolist(), self.elements.tally(rows.geometry))
        self._plan = None


def grid_frame(plan: Plan, codes: Sequence[str]) -> gpd.GeoDataFrame:
    """Return grids with attributes and polygons: index `code`, the county's CRS."""
    rows = [plan.grids[c] for c in codes]
    data: dict[str, Any] = {
        "level": [g.level for g in rows], "kind": [g.kind for g in rows], "name": [g.name for g in rows],
        "category": [g.category for g in rows], "class": [g.class_ for g in rows], "zone": [g.zone for g in rows],
    }  # fmt: skip
    for name in dict.fromkeys(k for g in rows for k, _ in g.extra):
        data[name] = [dict(g.extra).get(name, "") for g in rows]
    shapes = np.empty(len(rows), dtype=object)
    shapes[:] = [plan.grid_geometry(c) for c in codes]
    index = pd.Index(list(codes), name="code", dtype=object)
    return gpd.GeoDataFrame(data, geometry=shapes, index=index, crs=plan.epsg)


def figure_frame(plan: Plan, codes: Sequence[str]) -> pd.DataFrame:
    """Return the figures of grids: index `code`; cells, FIGURES, area_m2."""
    names = ["cells", *FIGURES, "area_m2"]
    index = pd.Index(list(codes), name="code", dtype=object)
    return pd.DataFrame([[plan.figures_of(c)[n] for n in names] for c in codes], columns=names, index=index)
