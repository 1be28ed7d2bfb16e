"""A file of elements into an open county: worked out, told, and saved with the figures in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from gridgis.county import County
from gridgis.datums import check_datum
from gridgis.errors import InputError
from gridgis.gathering.columns import match_columns
from gridgis.gathering.fields import FIELDS, NAMES
from gridgis.gathering.fixes import join_fixes
from gridgis.gathering.rows import Draft, check_shapes, finished, name_rows, place_rows, read_values, with_tags
from gridgis.gathering.saving import save
from gridgis.gathering.values import LostError, reader
from gridgis.io.asking import Intake, Options, cannot_enter
from gridgis.io.crs import Near
from gridgis.io.placing import Known
from gridgis.io.reading import Source, read_vector

TABLES = tuple(name for name in FIELDS if name != "population")
"""Kinds of import that are elements of the e-map."""

Words = tuple[str, str]
Progress = Callable[[float, str], None]
_TAGS = (
    "bridge",
    "tunnel",
    "layer",
    "building:levels",
    "building",
    "highway",
    "waterway",
    "amenity",
    "shop",
    "tourism",
    "addr:full",
)


def bring_in(
    county: County, path: str | Path, options: Options, *, apply: bool = True, progress: Progress | None = None
) -> Intake:
    """Import elements of the e-map from a file.

    Parameters
    ----------
    county
        The county; it changes only when `apply` is true and nothing stands in the way.
    path
        The file.
    options
        What it holds and how to read it.
    apply
        False for a dry run.
    progress
        Called with a share from 0 to 1 and what is being done; an exception raised there cancels the import.

    Raises
    ------
    InputError
        The file cannot be read, or rows cannot enter and were not to be skipped.
    """
    tell = progress or (lambda _share, _words: None)
    check_datum("wgs84" if options.datum == "auto" else options.datum)
    name = Path(path).name
    own = {"mode": options.mode, "source": options.source or name, "as_of": day_of(options.as_of) or county.today}
    draft = _worked_out(county, path, options, tell)
    frame = finished(draft, county.outline, county.crs, own["source"], own["as_of"])
    report = report_of(draft, name) | own
    error = None
    if draft.rejected and not (options.skip_rejected and len(frame)):
        error = cannot_enter(name, draft.rejected)
    gone = _known(county, options, frame["id"].tolist())
    if apply and error is not None:
        error.account = report | {"error": error.en, "error_zh": error.zh}
        raise error
    if apply:
        replacing = (options.as_,) if options.mode == "replace" else ()
        saved = save(county, {options.as_: frame}, replacing, lambda share, words: tell(0.7 + 0.3 * share, words))
        gone = saved[options.as_]
    report |= {"counts": _counts(options.mode, len(frame), gone), "applied": apply}
    return Intake(report, tuple(words_of(report, error, draft)), None, error)


def _worked_out(county: County, path: str | Path, options: Options, tell: Progress) -> Draft:
    tell(0.0, "读取文件")
    draft = read_draft(path, options, Near(county.outline, county.crs))
    tell(0.3, "逐行检查")
    read_values(draft)
    check_shapes(draft)
    tell(0.5, "落到县区坐标系")
    place_rows(draft, county.crs, county.outline, beside(county, options.as_))
    if draft.table == "tracks":
        join_fixes(draft)
    name_rows(draft)
    return draft


_FEW = 20


def beside(county: County, table: str) -> Known:
    """Return what the county has that new elements can be held against.

    Parameters
    ----------
    county
        The county.
    table
        Table of the elements; where it holds next to nothing, its buildings stand in.
    """
    there = np.asarray(county.table(table).geometry.values, object)
    if len(there) < _FEW and table not in ("buildings", "roads", "water"):
        there = np.asarray(county.table("buildings").geometry.values, object)
    cells = county.plan.rows
    codes = tuple(None if c is None or c != c else str(c) for c in cells.code)
    return Known(there[~shapely.is_missing(there)], cells.geometry, codes, county.scheme.widths)


def day_of(text: str) -> str:
    """Return the date that the user gave for all rows.

    Parameters
    ----------
    text
        As typed.

    Raises
    ------
    InputError
        It is no date.
    """
    try:
        return str(reader("when")(text) or "") if text else ""
    except LostError as lost:
        raise InputError(
            f"--as-of {lost.words[0]}：请写成 2026-03-01。", f"--as-of: {lost.words[1]}; write it like 2026-03-01."
        ) from lost


def read_draft(path: str | Path, options: Options, near: Near | None = None) -> Draft:
    """Read a file and find our columns in it.

    Parameters
    ----------
    path, options
        As for `bring_in`.
    near
        The county, which tells a system that the file lacks.
    """
    source = read_vector(path, layer=options.layer, encoding=options.encoding, crs=options.crs or near)
    source = Source(with_tags(source.frame, _TAGS), source.facts)
    plain = source.frame.drop(columns=source.frame.geometry.name)
    columns = match_columns(plain, FIELDS[options.as_], options, cut=source.facts["driver"] == "ESRI Shapefile")
    draft = Draft(options.as_, source, options, columns)
    draft.evidence += [*source.facts["evidence"], *columns.evidence]
    draft.notes += source.facts["warnings"]
    if columns.dropped:
        names = "、".join(columns.dropped)
        draft.notes.append((f"按要求略去列：{names}", f"columns left out as asked: {names.replace('、', ', ')}"))
    return draft


def _known(county: County, options: Options, ids: list[str]) -> int:
    """Return how many rows of the county would make place."""
    have = county.table(options.as_, ("id",))["id"]
    return len(have) if options.mode == "replace" else int(have.isin(ids).sum())


def _counts(mode: str, rows: int, gone: int) -> dict[str, int]:
    if mode == "replace":
        return {"added": rows, "updated": 0, "removed": gone}
    return {"added": rows - gone, "updated": gone, "removed": 0}


def report_of(draft: Draft, name: str) -> dict[str, Any]:
    """Return the account of rows and columns so far, for machines.

    Parameters
    ----------
    draft
        The rows as worked out.
    name
        Of the file.
    """
    facts, placed = draft.source.facts, draft.placed
    rejected: list[dict[str, Any]] = []
    for row, (zh, en) in sorted(draft.rejected.items()):
        rejected.append({"row": row, "reason": en, "reason_zh": zh})
        if row <= len(facts.get("lines", [])):
            rejected[-1]["line"] = facts["lines"][row - 1]
        if row in draft.addresses:
            rejected[-1]["address"] = draft.addresses[row]
    return {
        "file": name, "as": draft.table, "rows": int(facts["rows"]), "accepted": int(np.count_nonzero(draft.good)),
        "rejected": rejected, "fields": dict(draft.columns.ours), "kept": list(draft.columns.kept),
        "dropped": list(draft.columns.dropped), "ignored": list(draft.columns.ignored), "datum": placed.datum if placed else None,
        "datum_seen": placed.seen.datum if placed and placed.seen else None,
        "confidence": round(placed.confidence, 3) if placed else 0.0,
        "candidates": list(placed.candidates) if placed else [],
        "evidence": [en for _, en in draft.evidence], "evidence_zh": [zh for zh, _ in draft.evidence],
        "notes": [en for _, en in draft.notes], "notes_zh": [zh for zh, _ in draft.notes],
        "encoding": facts["encoding"], "crs": facts["crs"], "driver": facts["driver"],
        "findings": {"invalid": draft.invalid} if draft.invalid else {}, "changes": [], "applied": False,
    }  # fmt: skip


def words_of(r: dict[str, Any], error: InputError | None, draft: Draft) -> list[Words]:
    """Return the account for people.

    Parameters
    ----------
    r
        The account for machines, complete.
    error
        What stands in the way.
    draft
        The rows as worked out.
    """
    zh, en = NAMES[r["as"]]
    out = [(f"{zh}：共 {r['rows']} 行，接受 {r['accepted']} 行，拒绝 {len(r['rejected'])} 行。",
            f"{en}: {r['rows']} rows, {r['accepted']} accepted, {len(r['rejected'])} rejected.")]  # fmt: skip
    out += [(f"依据：{a}。", f"Evidence: {b}.") for a, b in draft.evidence]
    out += [(f"{a}。", f"{b[:1].upper()}{b[1:]}.") for a, b in draft.notes]
    if r["kept"]:
        names = "、".join(r["kept"][:20])
        out.append(
            (f"其他列保留在“其他属性”中：{names}。", f"Other columns are kept in 'extra': {names.replace('、', ', ')}.")
        )
    if draft.invalid:
        out.append(
            (f"{draft.invalid} 个面自相交，已整理。", f"{draft.invalid} areas crossed themselves and were mended.")
        )
    shown = r["rejected"][:5] if error is None else []
    out += [
        (f"第 {x['row']} 行未导入：{x['reason_zh']}。", f"Row {x['row']} was left out: {x['reason']}.") for x in shown
    ]
    c = r["counts"]
    out.append((f"新增 {c['added']}，更新 {c['updated']}，移除 {c['removed']}。",
                f"{c['added']} added, {c['updated']} updated, {c['removed']} removed."))  # fmt: skip
    if error is not None:
        out.append((error.zh, error.en))
    out.append(
        ("已导入。", "Imported.") if r["applied"] else ("试运行：未写入任何改动。", "Dry run: nothing was written.")
    )
    return out
