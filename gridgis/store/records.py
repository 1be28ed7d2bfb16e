"""Edits as rows of a database, and the rows that live at a version."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table

from gridgis.cells import Cells
from gridgis.plan import Edit, Grid

JSON_FIELDS = ("command", "lineage", "before", "after", "notes")


def at_version(table: Table, version: int | None) -> Any:
    """Return the condition that a row lives at a version, or now."""
    if version is None:
        return table.c.removed_in.is_(None)
    return (table.c.added_in <= version) & (table.c.removed_in.is_(None) | (table.c.removed_in > version))


def edit_row(edit: Edit) -> dict[str, Any]:
    """Return an edit as a row of `edits`; its cells and grids are rows of their own."""
    values = {k: getattr(edit, k) for k in JSON_FIELDS} | {"command": dict(edit.command)}
    plain = {k: json.dumps(v, ensure_ascii=False) for k, v in values.items()}
    lists = {k: json.dumps(list(getattr(edit, k))) for k in ("created", "voided")}
    same = {k: getattr(edit, k) for k in ("version", "kind", "at", "by", "reason", "undoes", "hash")}
    return same | plain | lists


def edit_from(row: Any, cells: Sequence[Cells], grids: Sequence[tuple[Grid, ...]]) -> Edit:
    """Return the edit of a row, with the cells and grids (removed, added) that belong to it."""
    data = {k: json.loads(row[k] or "null") for k in JSON_FIELDS}
    return Edit(
        row["kind"], data["command"] or {}, cells[0], cells[1], grids[0], grids[1],
        tuple(map(tuple, data["lineage"] or [])), data["before"] or {}, data["after"] or {},
        tuple(map(tuple, data["notes"] or [])), int(row["version"]) - 1, int(row["version"]),
        row["at"], row["by"] or "", row["reason"] or "", row["hash"], row["undoes"],
    )  # fmt: skip
