"""Drafts at rest: a branch is a base version and edits on top of it, kept in the county's own store.

`BranchStore` shows a branch as if it were a county's store, so that everything that reads or edits a
county does the same on a draft.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import shapely
from sqlalchemy import Connection, func, insert, select
from sqlalchemy.exc import IntegrityError

from gridgis.cells import Cells
from gridgis.errors import RefusedError, StaleEditError, StoreError
from gridgis.history import counted
from gridgis.plan import Edit, Grid, Plan, evolve
from gridgis.store.records import JSON_FIELDS
from gridgis.store.sql import SqlStore

_READS = frozenset({"meta", "frame", "points", "distinct", "epsg", "path", "name", "spent_codes", "alone"})
_LOG = ("number", "kind", "at", "by", "reason", "undoes", "hash", "payload")


def payload_of(edit: Edit) -> str:
    """Return the rows of an edit as JSON: ids and codes that go, cells and grids that come."""
    cells = zip(edit.added.id.tolist(), edit.added.code, shapely.to_wkb(edit.added.geometry, hex=True),
                edit.added.figures.tolist(), strict=True)  # fmt: skip
    grids = [[g.code, g.level, g.kind, g.name, g.category, g.class_, g.zone, g.extra] for g in edit.grids_added]
    told = {k: getattr(edit, k) for k in JSON_FIELDS if k != "command"}
    rows = {
        "removed": edit.removed.id.tolist(), "added": [list(row) for row in cells],
        "grids_removed": [g.code for g in edit.grids_removed], "grids_added": grids,
        "created": edit.created, "voided": edit.voided,
    }  # fmt: skip
    return json.dumps(rows | told, ensure_ascii=False)


def edit_on(plan: Plan, row: Mapping[str, Any]) -> Edit:
    """Return the edit of a row of `branch_edits`, made on `plan`.

    Raises
    ------
    StaleEditError
        The plan is not the one that it was made on.
    """
    data = json.loads(row["payload"])
    cells = [list(column) for column in zip(*data["added"], strict=True)] or [[], [], [], []]
    added = Cells.of(cells[0], cells[1], shapely.from_wkb(np.array(cells[2], dtype=object)), cells[3])
    new = tuple(
        Grid(code, level, kind, name, category, class_, zone, tuple((k, v) for k, v in extra))
        for code, level, kind, name, category, class_, zone, extra in data["grids_added"]
    )
    edit = Edit(
        row["kind"], json.loads(row["command"] or "{}"), plan.rows.take(plan.row(data["removed"])), added,
        tuple(plan.grids[c] for c in data["grids_removed"]), new, tuple(map(tuple, data["lineage"])), data["before"],
        data["after"], tuple(map(tuple, data["notes"])), plan.version, int(row["number"]), row["at"], row["by"] or "",
        row["reason"] or "", row["hash"], row["undoes"],
    )  # fmt: skip
    return counted(plan, edit)


class BranchStore:
    """The store of a draft: reads the county's tables, keeps its edits for itself.

    Parameters
    ----------
    main
        Store of the county.
    name
        Name of the branch.
    base
        Called when needed; returns the plan that the branch starts from, as version 0, counted with the present e-map.
    writable
        Called before each edit; raises where the branch is closed.
    """

    def __init__(self, main: SqlStore, name: str, base: Callable[[], Plan], writable: Callable[[], None]) -> None:
        self._main = main
        self.branch = name
        self._base = base
        self._writable = writable
        self._kept: tuple[int, Plan, Plan] | None = None

    def __getattr__(self, name: str) -> Any:
        """Read what the county holds besides its grids."""
        if name in _READS:
            return getattr(self._main, name)
        if name.startswith("_"):
            raise AttributeError(name)
        raise RefusedError(
            f"草稿“{self.branch}”只能改网格：导入与台账请在主线上进行。",
            f"The draft '{self.branch}' changes grids only: import data and registers on the main line.",
        )

    def pulse(self) -> tuple[int, int]:
        """Return the number of the newest edit of the branch, and how often the e-map has changed."""
        return self.version(), self._main.pulse()[1]

    def version(self) -> int:
        """Return the number of the newest edit of the branch."""
        with self._main._reading() as c:
            return self._version(c)

    def _version(self, c: Connection) -> int:
        t = self._main._tables["branch_edits"]
        return int(c.execute(select(func.max(t.c.number)).where(t.c.branch == self.branch)).scalar() or 0)

    def _rows(self) -> list[Mapping[str, Any]]:
        t = self._main._tables["branch_edits"]
        with self._main._reading() as c:
            found = c.execute(select(t).where(t.c.branch == self.branch).order_by(t.c.number)).mappings().all()
        return [dict(row) for row in found]

    def plan(self, number: int | None = None) -> Plan:
        """Return the plan after so many edits of the branch; the newest by default.

        Raises
        ------
        StoreError
            The edits do not give what was recorded.
        """
        emap = self._main.pulse()[1]
        if self._kept is None or self._kept[0] != emap:
            base = self._base()
            self._kept = (emap, base, base)
        _, base, plan = self._kept
        if number is not None and plan.version > number:
            plan = base
        for row in self._rows():
            if plan.version < row["number"] and (number is None or row["number"] <= number):
                plan = self._stepped(plan, row)
        if plan.version >= self._kept[2].version:
            self._kept = (emap, base, plan)
        return plan

    def _stepped(self, plan: Plan, row: Mapping[str, Any]) -> Plan:
        after = evolve(plan, edit_on(plan, row))
        if after.hash != row["hash"]:
            raise StoreError(
                f"草稿“{self.branch}”第 {row['number']} 次变更与记录的指纹不符：文件可能被其他程序改动，请换用备份。",
                f"Edit {row['number']} of the draft '{self.branch}' does not give the hash recorded: another program may "
                "have changed the file; use a backup.",
            )
        return after

    def snapshot(self) -> tuple[int, Cells, dict[str, Grid], dict[str, Any], frozenset[str], int]:
        """Return version, cells, grids, grid polygons, ledger and next id, all of one moment."""
        plan = self.plan()
        ledger = frozenset(plan.ledger | self._main.ledger())
        return plan.version, plan.rows, dict(plan.grids), dict(plan._shapes), ledger, plan.next_id

    def rows(self, version: int | None = None) -> tuple[Cells, dict[str, Grid]]:
        """Return cells and grids now, or as they were after so many edits."""
        plan = self.plan(version)
        return plan.rows, dict(plan.grids)

    def ledger(self) -> frozenset[str]:
        """Return every code ever allotted, on the main line or here."""
        return self.snapshot()[4]

    def next_id(self) -> int:
        """Return the lowest cell id that the branch has not used."""
        return self.plan().next_id

    def live_codes(self) -> pd.DataFrame:
        """Return code and level of every grid of the draft."""
        grids = self.plan().grids.values()
        return pd.DataFrame({"code": [g.code for g in grids], "level": [g.level for g in grids]})

    def append(self, edit: Edit, *_county: Any) -> None:
        """Save an edit of the branch, wholly or not at all; it has no polygons and no e-map of its own.

        Raises
        ------
        StaleEditError
            Somebody else was faster on the same branch.
        """
        self._writable()
        number = edit.version or 0
        row = {k: getattr(edit, k) for k in ("kind", "at", "by", "reason", "undoes", "hash")}
        row |= {"branch": self.branch, "number": number, "payload": payload_of(edit)}
        row["command"] = json.dumps(dict(edit.command), ensure_ascii=False)
        stale = StaleEditError(
            f"草稿“{self.branch}”刚被他人修改：您的变更未保存也未丢失，请查看最新状态后重新确认。",
            f"The draft '{self.branch}' was changed by someone else meanwhile: your edit was neither saved nor lost; look "
            "at the present state and confirm again.",
        )
        try:
            with self._main._writing() as c:
                if self._version(c) != number - 1:
                    raise stale
                c.execute(insert(self._main._tables["branch_edits"]).values(**row))
        except IntegrityError as error:
            raise stale from error

    def edit(self, version: int) -> Edit:
        """Return a saved edit with its rows."""
        row = next(r for r in self._rows() if r["number"] == version)
        return replace(edit_on(self.plan(version - 1), row), base_version=version - 1)

    def log(self) -> pd.DataFrame:
        """Return one row per edit, oldest first, with the columns of a county's log."""
        rows = [{k: row[k] for k in _LOG} for row in self._rows()]
        out = pd.DataFrame(rows, columns=list(_LOG)).rename(columns={"number": "version"})
        payloads = [json.loads(p) for p in out.pop("payload")]
        out.insert(5, "created", pd.Series([p["created"] for p in payloads], dtype=object))
        out.insert(6, "voided", pd.Series([p["voided"] for p in payloads], dtype=object))
        return out

    def close(self) -> None:
        """Leave the county's store open: it is not ours."""
