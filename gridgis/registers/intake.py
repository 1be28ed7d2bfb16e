"""Bringing a register into an open county, all in one transaction, and the account of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from gridgis.county import County
from gridgis.errors import GridgisError, InputError, RefusedError
from gridgis.io.sheets import Cell, read_book
from gridgis.phones import is_phone
from gridgis.plan import Edit, Grid
from gridgis.redraw.changes import rewritten
from gridgis.registers import accounts
from gridgis.registers.asking import Options, Outcome, Work
from gridgis.registers.context import Context, Record, blank
from gridgis.registers.fields import FIELDS, KINDS, LISTS, Field, plain_head
from gridgis.registers.heading import Table, assign, find_table
from gridgis.registers.heads import head_fields, role_of, take_heads
from gridgis.registers.privacy import require_no_people
from gridgis.registers.rows import Reader, settle
from gridgis.registers.values import LostError, person, phone
from gridgis.schema import FIGURES, TABLES

Words = tuple[str, str]

_OWN = frozenset(
    (
        "code",
        "level",
        "kind",
        "name",
        "category",
        "class",
        "class_",
        "zone",
        "geometry",
        "extra",
        "area_m2",
        "cells",
        *FIGURES,
    )
)
_SERIAL = frozenset(("序号", "行号", "no", "no.", "id", "fid"))


def bring_in(
    county: County, path: str | Path, options: Options, *, apply: bool = True, signed: tuple[str, str] = ("", "")
) -> Outcome:
    """Import a register from XLSX, CSV or TSV: good rows enter together, every other row is named.

    Parameters
    ----------
    county
        The county; it changes only when `apply` is true.
    path
        The file.
    options
        How to read it.
    apply
        False for a dry run.
    signed
        Author and reason of the edit.

    Raises
    ------
    InputError
        The file cannot be read, columns are missing, or hold data of residents.
    RefusedError
        No row can enter, or some cannot and `strict` was asked for; nothing was changed.
    """
    work = _work(county, path, options)
    report = accounts.report_of(work)
    refusal = _refusal(work)
    edit = None
    if apply and refusal is not None:
        refusal.account = report | {"error": refusal.en, "error_zh": refusal.zh}
        raise refusal
    if refusal is None and apply:
        edit = _save(county, work, signed)
        report["applied"] = True
    words = accounts.words_of(report, len(work.grids))
    if refusal is not None:
        words.append((refusal.zh, refusal.en))
    words.append(
        ("已导入。", "Imported.")
        if report["applied"]
        else ("试运行：未写入任何改动。", "Dry run: nothing was written.")
    )
    return Outcome(report, tuple(words), edit, refusal)


def account_of(error: GridgisError, path: str | Path, options: Options) -> dict[str, Any]:
    """Return the report of an import that failed: as far as it got, and why."""
    return accounts.empty(Path(path).name, options.as_) | error.account | {
        "applied": False, "error": error.en, "error_zh": error.zh,
    }  # fmt: skip


def _work(county: County, path: str | Path, options: Options) -> Work:
    if options.as_ not in KINDS:
        raise InputError(
            f"--as “{options.as_}”不是台账：可用的有 {'、'.join(KINDS)}。",
            f"--as '{options.as_}' is no register: use {', '.join(KINDS)}.",
        )
    if options.role is not None and options.as_ != "register":
        raise InputError("--role 只用于 --as register。", "--role goes with --as register only.")
    context = Context(county)
    role = role_of(context.scheme, options.role) if options.role is not None else None
    fields = tuple(f for f in FIELDS[options.as_] if options.as_ != "register" or not _empty(context, f))
    fields += head_fields(role) if role else ()
    book = read_book(path, encoding=options.encoding)
    table = find_table(book, fields, options.layer, tuple(options.fields.values()))
    require_no_people(table, options.drop, context.plan.grids)
    own = {f.key for f in fields}
    more = _named_extras(options, own)
    assign(table, fields, options.fields, {"code": context.is_code, "phone": _like_phone, "person": _like_name})
    kept = _kept(table, options, own, more) if options.as_ == "register" else {}
    rows = Reader(context, table, fields).read({name: (column, _kind(table, column)) for name, column in kept.items()})
    if not rows.count:
        raise InputError(
            f"“{book.name}”在表头以下没有数据行：请填写后再导入。",
            f"'{book.name}' has no rows below its header: fill it in first.",
        )
    settle(options.as_, context, rows)
    work = Work(options, book, table, rows, kept)
    if role is not None:
        work.heads = take_heads(context, rows, role, f"导入 {book.name}")
        work.tables = {"staff": work.heads.staff, "postings": work.heads.postings}
    _differences(context, work)
    return work


def _empty(context: Context, f: Field) -> bool:
    """Tell whether a field holds words of a list that the scheme leaves empty: then it is a column like others."""
    return f.type in LISTS and context.unlisted(f.type)


def _named_extras(options: Options, own: set[str]) -> set[str]:
    """Return what the user calls further columns of a register."""
    more = set(options.fields) - own
    bad = sorted(more if options.as_ != "register" else more & _OWN)
    if bad:
        raise InputError(
            f"--field {bad[0]}=…：{options.as_} 没有字段“{bad[0]}”，可用的有 {'、'.join(sorted(own))}。",
            f"--field {bad[0]}=…: {options.as_} has no field '{bad[0]}'; there are {', '.join(sorted(own))}.",
        )
    return more


def _kept(table: Table, options: Options, own: set[str], more: set[str]) -> dict[str, int]:
    """Return the further columns of a grid register that are kept, by their names."""
    kept = {name: table.columns[name] for name in options.fields if name in more}
    left = []
    for head, column in list(table.rest.items()):
        if not table.sample(column):
            continue
        if head.lower() in _OWN | own or plain_head(head) in _SERIAL or len(head) > 60:
            left.append(head)
        else:
            kept[head] = column
    table.rest = {h: c for h, c in table.rest.items() if h in left}
    return kept


def _kind(table: Table, column: int) -> str:
    """Tell by its content whether a further column holds phones, names of people, or any text."""
    cells = table.sample(column)
    for kind, test in (("phone", _like_phone), ("person", _like_name)):
        if cells and sum(map(test, cells)) * 2 > len(cells):
            return kind
    return "text"


def _like_phone(cell: Cell) -> bool:
    try:
        return any(is_phone(part) for part in phone(cell)[0].text.split("/"))
    except LostError:
        return False


def _like_name(cell: Cell) -> bool:
    try:
        text = person(cell).text
    except LostError:
        return False
    return 2 <= len(text) <= 4 and all("\u4e00" <= c <= "\u9fff" for c in text)


def _differences(context: Context, work: Work) -> None:
    """Work out what the good rows change."""
    name = work.options.as_
    if name != "register":
        work.tables = {name: {}}
        for row, record in work.rows.good.items():
            known = context.tables[name].get(record["id"])
            full = (known or blank(name)) | record
            if known is None and not full.get("source"):
                full["source"] = f"导入 {work.book.name}"
            if full != known:
                work.tables[name][record["id"]] = full
                work.changes.append(
                    {"row": row, "id": record["id"], "change": "added" if known is None else "replaced"}
                )
        return
    for row, record in work.rows.good.items():
        old = context.plan.grids[record["code"]]
        said = {"class_" if k == "class" else k: v for k, v in record.items() if k != "code"}
        extra = dict(old.extra) | work.rows.extra.get(row, {})
        new = replace(old, **said, extra=tuple(extra.items()))
        if new != old:
            work.grids.append(new)
            before, after = _facts(old), _facts(new)
            fields = {k: [before.get(k, ""), v] for k, v in after.items() if before.get(k, "") != v}
            work.changes.append({"row": row, "code": new.code, "change": "replaced", "fields": fields})


def _facts(grid: Grid) -> dict[str, str]:
    own = {"name": grid.name, "kind": grid.kind, "category": grid.category, "class": grid.class_, "zone": grid.zone}
    return own | dict(grid.extra)


def _refusal(work: Work) -> RefusedError | None:
    rejected = work.rows.rejected
    if not rejected or (work.rows.good and not work.options.strict):
        return None
    first = sorted(rejected)[:3]
    zh = "；".join(f"第 {row} 行{rejected[row][0][:60]}" for row in first)
    en = "; ".join(f"row {row}: {rejected[row][1][:60]}" for row in first)
    n = len(rejected)
    zh, en = (f"{zh} 等 {n} 行", f"{en} and {n - 3} more rows") if n > 3 else (zh, en)
    if not work.rows.good:
        return RefusedError(
            f"“{work.book.name}”没有一行可以导入，未作任何改动：{zh}。请改正后重试。",
            f"No row of '{work.book.name}' can enter and nothing was changed: {en}. Correct them and try again.",
        )
    return RefusedError(
        f"“{work.book.name}”有行不能导入，按 --strict 未作任何改动：{zh}。请改正后重试。",
        f"Rows of '{work.book.name}' cannot enter, and with --strict nothing was changed: {en}. Correct them and try again.",
    )


def _save(county: County, work: Work, signed: tuple[str, str]) -> Edit | None:
    """Write everything in one transaction."""
    if work.options.as_ != "register":
        for name, fresh in work.tables.items():
            if fresh:
                county.store.change_table(name, partial(_merged, name=name, fresh=fresh))
        return None
    tables = {name: fresh for name, fresh in work.tables.items() if fresh}
    frames = {name: _merged(county.table(name), name, fresh) for name, fresh in tables.items()}
    if not work.grids and not frames:
        return None
    command = {"register": work.book.name, "rows": len(work.rows.good)}
    edit = rewritten(county.plan, "register", command, work.grids)
    by, reason = signed
    return county.apply(edit, by=by, reason=reason or f"导入 {work.book.name}", tables=frames)


def _merged(known: pd.DataFrame, name: str, fresh: Mapping[str, Record]) -> pd.DataFrame:
    """Return all rows of a table: those that the import brings in the place of the same ids."""
    known = pd.DataFrame(known).astype(object)
    names = [c.name for c in TABLES[name]]
    kept = known[~known["id"].astype(str).isin(list(fresh))]
    return pd.concat([kept, pd.DataFrame(list(fresh.values()), columns=names, dtype=object)], ignore_index=True)
