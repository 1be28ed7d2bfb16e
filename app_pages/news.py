"""What others saved since a session last looked, in one calm line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from app_pages.access import short
from app_pages.desk import Desk
from app_pages.state import lang, say
from app_pages.words import WORDS
from gridgis.edits import VERBS


def story(desk: Desk, since: int, until: int) -> str:
    """Return who did what after one version and up to another; empty where that is nothing."""
    with desk.quiet() as county:
        log = county.log()
    rows = log[log["version"].gt(since) & log["version"].le(until)].to_dict("records")
    if not rows:
        return ""
    told = [_one(desk, row) for row in rows[-2:]]
    more = say("story_more", m=len(rows) - 2) if len(rows) > 2 else ""
    return ("；" if lang() == "zh" else "; ").join(told) + more + say("story_end")


def _one(desk: Desk, row: Mapping[Any, Any]) -> str:
    kind = str(row["kind"])
    key = f"did_{kind}" if f"did_{kind}" in WORDS else "did_other"
    turned = row.get("undoes")
    what = str(int(turned)) if turned is not None and not pd.isna(turned) else _codes(desk, row)
    return say("story", who=short(row.get("by")) or say("somebody"), n=row["version"], did=say(key, what=what))


def _codes(desk: Desk, row: Mapping[Any, Any]) -> str:
    codes = list(dict.fromkeys([*row["voided"], *row["created"]]))
    if row["kind"] in VERBS:
        with desk.quiet() as county:
            codes = sorted(county.store.edit(int(row["version"])).before) or codes
    codes = [c for c in codes if len(c) == min(map(len, codes))]
    named = ("、" if lang() == "zh" else ", ").join(codes[:2])
    return f"{named}{' …' if len(codes) > 2 else ''}" if codes else say("story_all")
