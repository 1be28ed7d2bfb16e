"""Accepted findings: declared enclaves, reservoirs, military land, with reason, author and expiry."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridgis.checks.finding import Finding, Fresh

_MARGIN_M = 1.0
"""A finding may reach this far out of the area that was declared."""


def in_force(exceptions: pd.DataFrame, today: str) -> Any:
    """Return the exceptions that have not expired; one without a date holds until it is dropped."""
    until = exceptions["until"].astype(object).fillna("")
    return exceptions[[not day or str(day) >= today for day in until]]


def reasons(findings: Any, exceptions: Any, today: str) -> list[str]:
    """Return for each finding the reason of the exception that covers it, empty where none does.

    An exception covers findings of its rule, of its grid if it names one, inside its area if it has one.
    """
    out = [""] * len(findings)
    for row in in_force(exceptions, today).itertuples() if len(exceptions) else ():
        mine = np.asarray(findings["rule"] == row.rule)
        if row.code:
            mine = mine & np.asarray(findings["code"] == row.code)
        if row.geometry is not None and not row.geometry.is_empty:
            shapes = np.asarray(findings.geometry.values, dtype=object)
            near = shapely.buffer(row.geometry, _MARGIN_M)
            mine = mine & ~shapely.is_missing(shapes) & shapely.covers(near, shapes)
        for k in np.flatnonzero(mine).tolist():
            out[k] = out[k] or str(row.reason)
    return out


def expired(county: Fresh) -> list[Finding]:
    """Find exceptions whose last day is over: what they covered is told again."""
    rows = county.table("exceptions")
    kept = set(in_force(rows, county.today)["id"]) if len(rows) else set()
    return [
        Finding(
            row.code or None, 1, "exception", f"例外“{row.id}”（{row.rule}：{row.reason}）已于 {row.until} 到期。",
            f"Exception '{row.id}' ({row.rule}: {row.reason}) expired on {row.until}.",
            "重新确认后再登记，或用 gridgis except … drop 删除。", "Confirm it anew, or drop it with gridgis except … drop.",
            row.geometry,
        )
        for row in rows.itertuples() if row.id not in kept
    ]  # fmt: skip
