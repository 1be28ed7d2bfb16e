"""Bringing a drawn file into an open county: one undoable edit, and the account of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridgis.cells import Cells
from gridgis.county import County
from gridgis.errors import CodeError, GridgisError, InputError
from gridgis.history import rows_of
from gridgis.io.asking import Intake, Options
from gridgis.io.importing import ImportResult, Target, plan_import
from gridgis.io.surveying import survey
from gridgis.plan import Edit, Grid, Plan, evolve
from gridgis.redraw.changes import tally
from gridgis.redraw.guards import require_conserved
from gridgis.reviewing import entries, exceptions_of, require_known
from gridgis.schema import FIGURES
from gridgis.scheme import Scheme
from gridgis.topology import canonical

__all__ = ["Intake", "Options", "bring_in"]

Words = tuple[str, str]
_GRID_COLUMNS = ("code", "level", "kind", "name", "category", "class", "zone")


def bring_in(
    county: County, path: str | Path, options: Options, *, apply: bool = True, signed: tuple[str, str] = ("", ""),
    progress: Callable[[float, str], None] | None = None,
) -> Intake:  # fmt: skip
    """Import grids or boundaries from a file.

    Parameters
    ----------
    county
        The county; it changes only when `apply` is true and nothing stands in the way.
    path
        The file.
    options
        How to read it.
    apply
        False for a dry run.
    signed
        Author and reason of the edit.
    progress
        Called with a share from 0 to 1 and what is being done.

    Raises
    ------
    InputError
        The file cannot be read, or rows cannot enter.
    RefusedError
        Faults are too large to mend; nothing was changed.
    """
    plan = county.plan
    target = _target(county, plan)
    try:
        result = plan_import(path, target, options, progress)
    except InputError as error:
        account = survey(path, target, options, error)
        if apply:
            error.account = account
            raise
        return Intake(account, tuple(_words(account, None, applied=False)), None, error)
    edit = None
    spots = (*result.settled, *result.asked)
    require_known(options.decisions, spots)
    result.report["review"] = entries(county, result.settled, result.asked)
    if result.error is None:
        edit = _edit(county, plan, result, options)
        _count_households(plan, edit, result.report)
    elif apply:
        result.error.account = result.report | {"error": result.error.en, "error_zh": result.error.zh}
        raise result.error
    if apply and edit is not None:
        by, reason = signed
        tables = _tables(county, evolve(plan, edit), result, options)
        if tables:
            fixed: Any = tables["boundaries"]
            mine = fixed["code"].isin(result.boundaries["code"]) & (fixed["level"] != "county")
            edit = replace(edit, command=dict(edit.command) | {"outlines_after": rows_of(fixed[mine])})
        declared = exceptions_of(county, spots, options.decisions, by)
        if declared is not None:
            tables["exceptions"] = declared
        edit = county.apply(edit, by=by, reason=reason or f"导入 {Path(path).name}", tables=tables)
    result.report["applied"] = apply
    result.report["redrawn"] = edit is not None
    words = tuple(_words(result.report, result.error, applied=apply))
    return Intake(result.report, words, edit if apply else None, result.error)


def account_of(error: GridgisError, path: str | Path) -> dict[str, Any]:
    """Return the report of an import that failed: as far as it got, and why."""
    empty: dict[str, Any] = {
        "file": Path(path).name, "rows": 0, "accepted": 0, "rejected": [], "datum": None, "evidence": [], "encoding": None,
        "crs": None, "findings": {}, "changes": [],
    }  # fmt: skip
    return empty | error.account | {"applied": False, "error": error.en, "error_zh": error.zh}


def _target(county: County, plan: Plan) -> Target:
    scheme = county.scheme
    keys = ("county", *scheme.level_keys)
    cells = plan.cells[["code", "geometry"]]
    return Target(scheme.widths, keys, county.code, county.crs, county.outline, cells, scheme.letters, scheme,
                  frozenset(plan.ledger))  # fmt: skip


def _edit(county: County, plan: Plan, result: ImportResult, options: Options) -> Edit | None:
    """Return the edit that the import amounts to, None when it changes nothing."""
    removed, added = _cells(plan, result)
    grids_removed, grids_added = _grids(plan, result, removed, added)
    outlines = (
        result.boundaries[result.boundaries["level"] != "county"] if len(result.boundaries) else result.boundaries
    )
    if not len(removed) and not len(added) and not grids_added and not len(outlines):
        return None
    _require_unused(county, [g.code for g in grids_added if g.code not in plan.grids])
    command: dict[str, Any] = {"import": result.report["file"], "as": options.as_}
    if len(outlines):
        known = county.table("boundaries")
        command["outlines_before"] = rows_of(known[known["code"].isin(outlines["code"])])
    edit = Edit(
        "import", command, removed, added, tuple(grids_removed), tuple(grids_added),
        redrawn_lineage(plan.scheme.widths, removed, added), base_version=plan.version,
    )  # fmt: skip
    require_conserved(plan, edit)
    return edit


def redrawn_lineage(widths: Sequence[int], removed: Cells, added: Cells) -> tuple[tuple[str, str], ...]:
    """Return which codes became which where a file draws ground anew: pairs per level that share over a square metre."""
    if not len(removed) or not len(added):
        return ()
    old, new = shapely.STRtree(added.geometry).query(removed.geometry, predicate="intersects")
    shared = shapely.area(shapely.intersection(removed.geometry[old], added.geometry[new])) > 1.0
    pairs: set[tuple[str, str]] = set()
    for a, b in zip(removed.code[old[shared]], added.code[new[shared]], strict=True):
        if a is not None and b is not None:
            pairs |= {(a[:w], b[:w]) for w in widths[1:] if w <= max(len(a), len(b))}
    changed = {c for a, b in pairs if a != b for c in (a, b)}
    return tuple(sorted((a, b) for a, b in pairs if a != b or a in changed))


def _cells(plan: Plan, result: ImportResult) -> tuple[Cells, Cells]:
    if result.cells is None:
        return Cells.none(), Cells.none()
    kept = set(result.cells.loc[result.cells["id"] >= 0, "id"])
    removed = plan.rows.take(~np.isin(plan.rows.id, list(kept)))
    fresh = result.cells[result.cells["id"] < 0]
    polygons = canonical(np.asarray(fresh.geometry.values, dtype=object))
    codes = [None if c is None or c != c else str(c) for c in fresh["code"]]
    order = sorted(range(len(codes)), key=lambda k: (codes[k] or "", shapely.bounds(polygons[k]).tolist()))
    polygons, codes = polygons[order], [codes[k] for k in order]
    ids = range(plan.next_id, plan.next_id + len(codes))
    return removed, Cells.of(ids, codes, polygons, tally(plan, removed, polygons))


def _grids(plan: Plan, result: ImportResult, removed: Cells, added: Cells) -> tuple[list[Grid], list[Grid]]:
    """Return the grid rows that end or change, and those that begin or replace them."""
    rows = _rows(result.grids, plan.scheme)
    named = result.report["name_field"] is not None
    changed = {g.code: _overlaid(plan, g, named=named) for g, implied in rows
               if not (implied and (g.code in plan.grids or plan.scheme.is_missing(g.code)))}  # fmt: skip
    new = {c: g for c, g in changed.items() if plan.grids.get(c) != g}
    balance: dict[str, int] = {}
    for cells, step in ((removed, -1), (added, 1)):
        for code in cells.code:
            for w in plan.scheme.widths[1:]:
                if code is not None and w <= len(code):
                    balance[code[:w]] = balance.get(code[:w], 0) + step
    empty = [c for c, n in balance.items() if n < 0 and c in plan.grids and len(plan.cell_ids(c)) + n == 0]
    ends = {c for c in new if c in plan.grids} | set(empty)
    # A grid of the file without ground of its own lies under finer grids, or nowhere at all.
    lacking = [c for c in new if c not in plan.grids and balance.get(c, 0) <= 0]
    return [plan.grids[c] for c in sorted(ends)], [new[c] for c in sorted(new) if c not in (*empty, *lacking)]


def _overlaid(plan: Plan, given: Grid, *, named: bool) -> Grid:
    """Return a living grid with what the file says of it; what the file does not say stays."""
    known = plan.grids.get(given.code)
    if known is None:
        return given if given.kind else replace(given, kind=plan.scheme.kinds_of(plan.scheme.level(given.level))[0])
    said = {k: v for k in ("kind", "category", "class_", "zone") if (v := getattr(given, k))}
    if named and given.name and given.name != given.code:
        said["name"] = given.name
    return replace(known, **said, extra=tuple((dict(known.extra) | dict(given.extra)).items()))


def _kind(scheme: Scheme, code: str, said: str) -> str:
    """Return the kind of a grid of the file: as said, by key or name, or as the type letter of its code says."""
    kind = next((k.key for k in scheme.kinds if said in (k.key, k.zh, k.en)), said)
    by_letter = scheme.kind_by_letter(code)
    if kind and by_letter and kind != by_letter:
        raise InputError(
            f"网格“{code}”的类型“{said}”与编码中的类型字母（{by_letter}）不符：请改正其中之一。",
            f"The kind '{said}' of grid '{code}' does not fit the type letter of its code ({by_letter}): correct one.",
        )
    return kind or by_letter


def _rows(frame: pd.DataFrame, scheme: Scheme) -> list[tuple[Grid, bool]]:
    extra = [c for c in frame.columns if c not in (*_GRID_COLUMNS, "implied")]
    out = []
    for row in frame.astype(object).fillna("").to_dict("records"):
        values = {"class_" if c == "class" else c: str(row.get(c, "") or "") for c in _GRID_COLUMNS}
        values["kind"] = _kind(scheme, values["code"], values["kind"])
        more = tuple((c, str(row[c])) for c in extra if str(row[c]))
        out.append((Grid(**values, extra=more), bool(row.get("implied", False))))
    return out


def _require_unused(county: County, codes: Sequence[str]) -> None:
    taken = sorted(set(codes) & county.store.spent_codes())
    if taken:
        raise CodeError(
            f"编码“{taken[0]}”曾使用后停用，不得再用于新网格：请为该行换一个未用过的编码。",
            f"Code '{taken[0]}' was used and voided and must not be given to another grid: choose a code never used.",
        )


def _count_households(plan: Plan, edit: Edit | None, report: dict[str, Any]) -> None:
    """Add to each change of area the households that change grid with it."""
    if edit is None:
        return
    width = max(plan.scheme.widths)
    totals: dict[str, list[int]] = {}
    for k, cells in enumerate((edit.removed, edit.added)):
        for code, figures in zip(cells.code, cells.figures, strict=True):
            if code is not None:
                totals.setdefault(code[:width], [0, 0])[k] += int(figures[FIGURES.index("households")])
    for change in report["changes"]:
        before, after = totals.get(change["code"], [0, 0])
        change["households"] = after - before


def _tables(county: County, after: Plan, result: ImportResult, options: Options) -> dict[str, pd.DataFrame]:
    """Return the rows of `boundaries` after the import: those of the file in the place of the same codes.

    An outline that made the cells is kept as repaired, so that it and its grid agree; one that lies
    over finer grids is kept as drawn, and the check says where they disagree.
    """
    if options.as_ != "boundaries" or not len(result.boundaries):
        return {}
    known = county.table("boundaries")
    fresh = result.boundaries.assign(source=result.report["file"])
    # The outline of the county is what everything else rests on; it is set when the county is made.
    fresh = fresh[fresh["level"] != "county"].reset_index(drop=True)
    fresh["geometry"] = [
        after.grid_geometry(code) if code in after.members else shape
        for code, shape in zip(fresh["code"], fresh["geometry"], strict=True)
    ]
    kept = known[~known["code"].isin(fresh["code"])]
    both = pd.concat([pd.DataFrame(kept), pd.DataFrame(fresh)], ignore_index=True)
    return {"boundaries": gpd.GeoDataFrame(both, geometry="geometry", crs=county.crs)} if len(fresh) else {}


def _words(r: dict[str, Any], error: GridgisError | None, *, applied: bool) -> list[Words]:
    out = [(f"共 {r['rows']} 行，接受 {r['accepted']} 行，拒绝 {len(r['rejected'])} 行。",
            f"{r['rows']} rows: {r['accepted']} accepted, {len(r['rejected'])} rejected.")]  # fmt: skip
    out += [(f"依据：{zh}。", f"Evidence: {en}.") for zh, en in zip(r["evidence_zh"], r["evidence"], strict=True)]
    if r["findings"]:
        words = ", ".join(f"{k} {n}" for k, n in r["findings"].items())
        out.append((f"文件中的问题（修复前）：{words}。", f"Found in the file before repair: {words}."))
    out += [
        (f"网格“{c['code']}”面积 {c['before_m2']:,.1f} → {c['after_m2']:,.1f} m²，移动 {c['moved_m2']:,.1f} m²。",
         f"Grid '{c['code']}': {c['before_m2']:,.1f} -> {c['after_m2']:,.1f} m2, {c['moved_m2']:,.1f} m2 moved.")
        for c in r["changes"]
    ]  # fmt: skip
    out += list(zip(r["notes_zh"], r["notes"], strict=True))
    if r["as"] == "boundaries" and not r["changes"] and r["accepted"] and not r.get("redrawn", True):
        out.append(
            (
                "县界在新建县区时确定，导入不改动它。",
                "The outline of the county is set when the county is made and was kept.",
            )
        )
    if error is not None:
        out.append((error.zh, error.en))
    if r["applied"]:
        out.append(("已导入。", "Imported."))
    elif not applied:
        out.append(("试运行：未写入任何改动。", "Dry run: nothing was written."))
    return out
