"""The versions that the map can lay over the grids, found by number, date, author, reason or publication."""

from __future__ import annotations

import json
from typing import Any, cast

import pandas as pd

from app_pages.desk import Desk
from app_pages.words import WORDS, word
from gridgis import publishing

_SHOWN = 40


def found(desk: Desk, lang: str, wanted: str) -> str:
    """Return the earlier versions that hold every word of a text, newest first, as JSON with how many more there are."""
    words = wanted.casefold().split()
    rows = [r for r in _all(desk, lang) if all(w in r["text"] for w in words)]
    # A bare number is a version before it is a part of a date or a code.
    rows.sort(key=lambda r: (str(r["v"]) != wanted.strip(), -r["v"]))
    shown = [{k: v for k, v in r.items() if k != "text"} for r in rows[:_SHOWN]]
    left = len(rows) - len(shown)
    note = word("extra_versions_more", lang, n=f"{left:,}") if left else "" if rows else word("extra_versions_none", lang)
    return json.dumps({"versions": shown, "note": note}, ensure_ascii=False)


def _all(desk: Desk, lang: str) -> list[dict[str, Any]]:
    def read() -> list[dict[str, Any]]:
        with desk.quiet() as county:
            log, published = county.log(), publishing.publications(county)
        labels = {p.version: word("extra_published", lang, n=p.number, day=p.in_force) for p in published}
        reasons = {p.version: p.reason for p in published}
        rows = log[log["version"] < desk.version].to_dict("records")
        return [_row(cast("dict[str, Any]", r), lang, labels.get(r["version"], ""), reasons.get(r["version"], "")) for r in rows]

    rows: list[dict[str, Any]] = desk.once(("versions_listed", lang), read)
    return rows


def _row(row: dict[str, Any], lang: str, label: str, published: str) -> dict[str, Any]:
    kind = word(f"kind_{row['kind']}", lang) if f"kind_{row['kind']}" in WORDS else str(row["kind"])
    codes = list(dict.fromkeys([*row["voided"], *row["created"]]))
    widest = [c for c in codes if len(c) == min(map(len, codes))]
    what = f"{kind} {widest[0]}{' …' if len(widest) > 1 else ''}" if len(widest) in (1, 2) else kind
    undone = row.get("undoes")
    if undone is not None and not pd.isna(undone):
        what = f"{kind} {int(undone)}"
    told = {"v": int(row["version"]), "when": str(row["at"])[:16].replace("T", " "), "by": str(row["by"] or ""), "what": what,
            "why": str(row["reason"] or ""), "label": label}  # fmt: skip
    return told | {"text": " ".join(map(str, [*told.values(), published, *codes[:50]])).casefold()}
