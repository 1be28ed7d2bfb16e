"""Which edits stand, and edits carried out again: undone, redone, or on a plan that has moved on."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridgis import edits
from gridgis.cells import Cells
from gridgis.errors import InputError, StaleEditError
from gridgis.plan import Edit, Plan, require_current
from gridgis.redraw.changes import tally

_BASE_KINDS = ("new", "demo")


@dataclass(frozen=True)
class History:
    """Which edits stand and which are undone: the two ends of undo and redo."""

    done: tuple[int, ...]
    undone: tuple[int, ...]


def busy() -> StaleEditError:
    """Return the error for a county that others change faster than we can."""
    return StaleEditError(
        "县区正被多人频繁修改，变更未保存：请稍后再试。",
        "The county is being changed by many people at once and the edit was not saved: try again in a moment.",
    )


def history_of(log: pd.DataFrame) -> History:
    """Read off a log which edits stand and which are undone."""
    done: list[int] = []
    undone: list[int] = []
    for version, kind, undoes in zip(log["version"], log["kind"], log["undoes"], strict=True):
        if kind in ("undo", "redo"):
            source, target = (done, undone) if kind == "undo" else (undone, done)
            if int(undoes) in source:
                source.remove(int(undoes))
            target.append(int(undoes))
        elif kind not in _BASE_KINDS:
            done.append(int(version))
            undone.clear()
    return History(tuple(done), tuple(undone))


def version_on(log: pd.DataFrame, when: str) -> int:
    """Return the version that was in force at a moment.

    Parameters
    ----------
    log
        One row per edit, oldest first.
    when
        A day (its end counts, in the time zone of this machine) or a moment, in ISO 8601.

    Raises
    ------
    InputError
        The text is no date, or the county began later.
    """
    try:
        moment = dt.datetime.fromisoformat(when.strip())
    except ValueError as error:
        raise InputError(
            f"“{when}”不是日期：请写成 2026-11-22 或 2026-11-22T15:30。",
            f"'{when}' is no date: write 2026-11-22 or 2026-11-22T15:30.",
        ) from error
    if len(when.strip()) <= len("2026-11-22"):
        moment += dt.timedelta(days=1, microseconds=-1)
    moment = moment.astimezone()
    first = None
    found = 0
    for version, at in zip(log["version"], log["at"], strict=True):
        saved = dt.datetime.fromisoformat(str(at)).astimezone()
        first = first or saved
        # A clock that was set back must not hide later versions that are already in force.
        found = int(version) if saved <= moment else found
    if not found:
        began = first.date().isoformat() if first else "–"
        raise InputError(
            f"{when} 时还没有方案：本县区从 {began} 开始。",
            f"There was no plan on {when}: the county begins on {began}.",
        )
    return found


def counted(plan: Plan, edit: Edit) -> Edit:
    """Count the elements of cells that come back afresh: the e-map may have changed since they left."""
    known = dict(zip(edit.removed.id.tolist(), range(len(edit.removed)), strict=True))
    figures = edit.added.figures.copy()
    fresh = [k for k, i in enumerate(edit.added.id.tolist()) if i not in known]
    for k, i in enumerate(edit.added.id.tolist()):
        if i in known:
            figures[k] = edit.removed.figures[known[i]]
    loose = plan.rows.take(plan.row(set(known) - set(edit.added.id.tolist())))
    figures[fresh] = tally(plan, loose, edit.added.geometry[fresh])
    return replace(edit, added=replace(edit.added, figures=figures))


def counted_alike(plan: Plan, edit: Edit) -> bool:
    """Tell whether the cells that an edit removes are counted now as its author saw them."""
    at = np.isin(plan.rows.id, edit.removed.id)
    return int(at.sum()) == len(edit.removed) and bool((plan.rows.figures[at] == edit.removed.figures).all())


def rebased(plan: Plan, edit: Edit) -> Edit:
    """Ask the same command of the present plan, if it still means what its author saw.

    Raises
    ------
    StaleEditError
        The cells it touches were changed, or it would now touch others or give them to others.
    """
    require_current(plan, replace(edit, grids_added=()))
    if edit.kind not in edits.VERBS:
        edit = counted(plan, _renumbered(plan, edit))
        require_current(plan, edit)
        return edit
    again = edits.run(plan, edit.command)
    if _meaning(again) != _meaning(edit):
        raise StaleEditError(
            "他人刚改动了同一处网格，您看到的结果已不成立：变更未保存也未丢失，请查看最新状态后重新确认。",
            "Someone else changed the grids in this place and what you saw no longer holds: your edit was neither saved "
            "nor lost; look at the present state and confirm again.",
        )
    return again


def _renumbered(plan: Plan, edit: Edit) -> Edit:
    """Give cells that are new in an edit ids that the present plan has not used."""
    ids = edit.added.id.copy()
    fresh = ~np.isin(ids, edit.removed.id)
    ids[fresh] = plan.next_id + np.arange(int(fresh.sum()))
    added = edit.added
    rows = Cells.of(ids.tolist(), added.code, added.geometry, added.figures)
    return replace(edit, added=rows, base_version=plan.version)


def _meaning(edit: Edit) -> tuple[Any, ...]:
    """Return what an edit does, but for the numbers that new codes happen to get."""
    fresh = set(edit.created)
    taken = sorted((int(i), str(c)) for i, c in zip(edit.removed.id, edit.removed.code, strict=True))
    given = sorted(
        ("new" if c in fresh else str(c), shapely.to_wkb(g))
        for c, g in zip(edit.added.code, edit.added.geometry, strict=True)
    )
    # An edit that touches no cell is about the ground that its grids had.
    ground = () if taken or given else tuple((c, f["area_m2"]) for c, f in sorted(edit.before.items()))
    return taken, given, edit.voided, len(fresh), ground


def rows_of(boundaries: pd.DataFrame) -> list[list[str]]:
    """Return rows of `boundaries` as JSON-ready values, to keep beside the edit that replaces them."""
    names = ["code", "level", "name", "source", "as_of"]
    plain = boundaries.reindex(columns=names).astype(object).where(lambda f: f.notna(), "")
    shapes = shapely.to_wkb(np.asarray(boundaries["geometry"], dtype=object), hex=True)
    return [[*map(str, row), wkb] for row, wkb in zip(plain.to_numpy().tolist(), shapes, strict=True)]


def outlines_turned(edit: Edit, known: gpd.GeoDataFrame, *, back: bool) -> dict[str, pd.DataFrame]:
    """Return the table `boundaries` as it is after an import of outlines is undone (`back`) or redone.

    Parameters
    ----------
    edit
        The import, as saved.
    known
        The table as it stands.
    back
        True to undo.
    """
    sides = [edit.command.get(k) for k in ("outlines_after", "outlines_before")]
    if sides[0] is None:
        return {}
    leaving, coming = sides if back else sides[::-1]
    kept = known[~known["code"].isin([row[0] for row in leaving or []])]
    rows = [dict(zip(("code", "level", "name", "source", "as_of"), row[:5], strict=True)) for row in coming or []]
    fresh = pd.DataFrame(rows).assign(geometry=[shapely.from_wkb(row[5]) for row in coming or []])
    both = pd.concat([pd.DataFrame(kept), fresh], ignore_index=True)
    return {"boundaries": gpd.GeoDataFrame(both, geometry="geometry", crs=known.crs)}
