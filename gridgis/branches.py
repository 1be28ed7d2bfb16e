"""Drafts of a county: begun, listed, put aside; what became of them is read off the log."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from gridgis.combining import Comparison, combined_edit, compare
from gridgis.county import County
from gridgis.errors import EditError, InputError, RefusedError
from gridgis.plan import Edit, Plan
from gridgis.redraw.changes import tally
from gridgis.store import SqlStore
from gridgis.store.drafts import BranchStore

_LONGEST = 60


@dataclass(frozen=True)
class Branch:
    """A draft as it is on record.

    Attributes
    ----------
    base_version
        Version of the county that it starts from.
    procedure
        True where every step of the scheme's procedure must approve it before it is published.
    state
        ``open``, ``combined`` (taken over into the county with all its edits, and not undone since) or
        ``dropped``.
    edits
        How many edits it holds.
    """

    name: str
    base_version: int
    by: str
    at: str
    note: str
    procedure: bool
    state: str
    edits: int

    def row(self) -> dict[str, Any]:
        """Return the branch as JSON-ready values."""
        return dict(vars(self))


def now() -> str:
    """Return the present time as it is written in the log."""
    return dt.datetime.now(dt.UTC).astimezone().isoformat(timespec="seconds")


def branches(county: County) -> list[Branch]:
    """Return all drafts of a county, oldest first."""
    t, e = (county.store._tables[name] for name in ("branches", "branch_edits"))
    with county.store._reading() as c:
        rows = c.execute(select(t).order_by(t.c.at, t.c.name)).mappings().all()
        numbers = [str(name) for (name,) in c.execute(select(e.c.branch))]
    taken = {(edit.command["combine"], edit.command["edits"]) for edit in combined(county)}
    out = []
    for r in rows:
        count = numbers.count(r["name"])
        state = "dropped" if r["dropped_at"] else "combined" if (r["name"], count) in taken else "open"
        fields = (r["name"], int(r["base_version"]), r["by"] or "", r["at"], r["note"] or "", bool(r["procedure"]))
        out.append(Branch(*fields, state, count))
    return out


def combined(county: County) -> list[Any]:
    """Return the edits by which drafts were taken over and that still stand, oldest first."""
    log = county.log()
    kinds = dict(zip(log["version"], log["kind"], strict=True))
    return [county.store.edit(v) for v in sorted(county.history().done) if kinds[v] == "combine"]


def branch(county: County, name: str) -> Branch:
    """Return one draft.

    Raises
    ------
    InputError
        There is none of this name.
    """
    known = branches(county)
    for found in known:
        if found.name == name:
            return found
    listed = "、".join(b.name for b in known) or "（无）"
    raise InputError(
        f"没有名为“{name}”的草稿：现有草稿为 {listed}；新建请用 gridgis branch COUNTY new {name}。",
        f"There is no draft '{name}': there are {listed.replace('、', ', ').replace('（无）', 'none')}; make one with "
        f"gridgis branch COUNTY new {name}.",
    )


def start_branch(county: County, name: str, *, by: str = "", note: str = "", procedure: bool = False) -> Branch:
    """Begin a draft on the present version of a county.

    Parameters
    ----------
    county
        The county.
    name
        Its name, not used before in this county.
    by, note
        Who begins it, and what for.
    procedure
        True where every step of the scheme's procedure must approve it before it is published.

    Raises
    ------
    InputError
        The name is empty, too long or taken.
    """
    name = name.strip()
    if not name or len(name) > _LONGEST or not name.isprintable():
        raise InputError(
            f"草稿名“{name[:_LONGEST]}”不可用：请用 1–{_LONGEST} 个可见字符。",
            f"'{name[:_LONGEST]}' cannot be the name of a draft: use 1 to {_LONGEST} visible characters.",
        )
    plan = county.plan
    row = {
        "name": name, "base_version": plan.version, "base_hash": plan.hash, "by": by, "at": now(), "note": note,
        "procedure": int(procedure or county.scheme.procedure.required),
    }  # fmt: skip
    try:
        with county.store._writing() as c:
            c.execute(insert(county.store._tables["branches"]).values(**row))
    except IntegrityError as error:
        raise InputError(
            f"草稿“{name}”已存在：请换一个名字，用过的草稿名不再使用。",
            f"The draft '{name}' exists already: choose another name; names of drafts are not used twice.",
        ) from error
    return branch(county, name)


def drop_branch(county: County, name: str, *, by: str = "") -> Branch:
    """Put a draft aside; its edits stay readable.

    Raises
    ------
    InputError
        There is none of this name.
    RefusedError
        It is closed already.
    """
    require_open(branch(county, name))
    t = county.store._tables["branches"]
    with county.store._writing() as c:
        c.execute(update(t).where(t.c.name == name, t.c.dropped_at.is_(None)).values(dropped_at=now(), dropped_by=by))
    return branch(county, name)


def require_open(found: Branch) -> None:
    """Refuse to go on with a draft that was taken over or put aside.

    Raises
    ------
    RefusedError
        The draft is closed.
    """
    if found.state != "open":
        zh, en = {"combined": ("已并入主线", "has been combined"), "dropped": ("已弃用", "has been dropped")}[
            found.state
        ]
        raise RefusedError(
            f"草稿“{found.name}”{zh}，只能查看：请另建草稿继续修改。",
            f"The draft '{found.name}' {en} and can only be read: begin another to go on.",
        )


def open_branch(county: County, name: str) -> County:
    """Return a draft as a county of its own: its plan, edits, undo, log and checks are those of the draft.

    It reads the e-map of the county that it belongs to, and is closed with it.

    Raises
    ------
    InputError
        There is none of this name.
    """
    base_version = branch(county, name).base_version

    def base() -> Plan:
        present, plan = county.plan, county.plan_at(base_version)
        # The e-map may have changed since these cells left the map, and nobody counted in them.
        gone = ~np.isin(plan.rows.id, present.rows.id)
        figures = plan.rows.figures.copy()
        figures[gone] = tally(plan, plan.rows.take(gone), plan.rows.geometry[gone])
        return replace(plan, rows=replace(plan.rows, figures=figures), version=0)

    def writable() -> None:
        require_open(branch(county, name))

    # It is read and written like a county's own store, and refuses the rest itself.
    draft = County(cast(SqlStore, BranchStore(county.store, name, base, writable)))
    # Both count the same elements: one copy of them is enough, as long as the e-map stays as it is.
    draft.__dict__["elements"], draft._seen = county.elements, (0, county._seen[1])
    return draft


def compare_branch(county: County, name: str) -> Comparison:
    """Return what a draft and the main line made of their common base.

    Raises
    ------
    InputError
        There is no such draft.
    """
    record = branch(county, name)
    return _compared(county, record, county.plan)


def _compared(county: County, record: Branch, plan: Plan) -> Comparison:
    return compare(county.plan_at(record.base_version), plan, open_branch(county, record.name).plan)


def combine(
    county: County, name: str, take: Mapping[str, str] | None = None, *, by: str = "", reason: str = ""
) -> tuple[Comparison, Edit | None]:
    """Put a draft on the present plan as one edit; where both changed the same, only as answered.

    Parameters
    ----------
    county
        The county.
    name
        The draft.
    take
        ``ours`` or ``theirs`` by number or key of a question; under the empty key for all others.
    by, reason
        As in `County.apply`.

    Returns
    -------
    tuple
        The comparison, and the edit as saved: None as long as a question is open, and nothing is changed.

    Raises
    ------
    RefusedError
        The draft is closed, or the outcome would harm the county.
    InputError
        There is no such draft, or an answer meets no question.
    """
    found: list[Comparison] = []

    def decide(plan: Plan) -> Edit:
        record = branch(county, name)
        require_open(record)
        if not record.edits:
            raise EditError(
                f"草稿“{name}”还没有变更，无可并入。", f"The draft '{name}' holds no edit: there is nothing to combine."
            )
        found.append(_compared(county, record, plan))
        answers = _answers(found[-1], take or {})
        if len(answers) < len(found[-1].questions):
            raise _UndecidedError
        theirs = found[-1].theirs.plan
        command = {"combine": name, "base": record.base_version, "edits": theirs.version, "hash": theirs.hash}
        return combined_edit(found[-1], answers, command)

    try:
        edit = county.carry_out(decide, by=by, reason=reason or f"并入草稿“{name}”")
    except _UndecidedError:
        return found[-1], None
    return found[-1], edit


class _UndecidedError(Exception):
    """A question is open; nothing is done."""


def _answers(found: Comparison, take: Mapping[str, str]) -> dict[str, str]:
    """Return the answer to each question that has one, by key."""
    names = {str(q.number): q.key for q in found.questions} | {q.key: q.key for q in found.questions}
    strange = [place for place in take if place and place not in names]
    if strange:
        count = len(found.questions)
        raise InputError(
            f"没有第“{strange[0]}”处：共有 {count} 处需要答复，请重新运行 gridgis combine 查看。",
            f"There is no place '{strange[0]}': {count} places are open; run gridgis combine again to see them.",
        )
    given = {names[place]: side for place, side in take.items() if place}
    rest = {q.key: take[""] for q in found.questions} if "" in take else {}
    return rest | given
