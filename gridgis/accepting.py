"""What people decide about findings: accepted for a reason and a time, or given to somebody to settle."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import pandas as pd

from gridgis.checks import rule_list
from gridgis.county import County
from gridgis.errors import InputError

_KEY = "assigned_findings"


def accept(county: County, given: Mapping[str, str], shape: Any) -> str:
    """Add an exception to a county and return its id.

    Parameters
    ----------
    county
        An open county.
    given
        rule, code, reason, by and until; code may be empty where `shape` is given, until for good.
    shape
        The area to which the exception is limited, in the county's CRS, or None.

    Raises
    ------
    InputError
        There is no such rule, no reason, or no limit to a grid or an area.
    """
    known = [r["rule"] for r in rule_list()]
    if given["rule"] not in known:
        raise InputError(
            f"没有规则“{given['rule']}”：请用 --rule 给出 gridgis check --list 中的一个。",
            f"There is no rule '{given['rule']}': give one of gridgis check --list with --rule.",
        )
    if not given["reason"].strip():
        raise InputError("例外必须写明原因：请写原因（--reason）。", "An exception needs a reason (--reason).")
    if not given["code"] and shape is None:
        raise InputError(
            "例外必须限于一个网格或一个范围：请加 --code 或 --area。",
            "An exception must be for a grid or an area: add --code or --area.",
        )
    code = county.plan.grid(given["code"]).code if given["code"] else ""
    if given["until"]:
        _require_day(given["until"])
    rows = county.table("exceptions")
    numbers = [int(str(i)[1:]) for i in rows["id"] if str(i)[1:].isdecimal()]
    new = f"X{max(numbers, default=0) + 1:04d}"
    row = {**given, "code": code, "id": new, "at": county.today, "geometry": shape}
    both = pd.concat([pd.DataFrame(rows), pd.DataFrame([row])], ignore_index=True)
    county.store.replace_table("exceptions", gpd.GeoDataFrame(both, geometry="geometry", crs=county.crs))
    return new


def _require_day(text: str) -> None:
    try:
        dt.date.fromisoformat(text)
    except ValueError as error:
        raise InputError(
            f"“{text}”不是日期：请写成 2027-12-31。", f"'{text}' is no date: write it like 2027-12-31."
        ) from error


def finding_key(finding: Mapping[str, Any]) -> str:
    """Return what a finding is known by from one check to the next: its rule and grid, or else its words."""
    code = finding["code"]
    return f"{finding['rule']}:{code if isinstance(code, str) and code else finding['words']}"


def assign(county: County, finding: Mapping[str, Any], to: str, *, by: str = "") -> None:
    """Give a finding to somebody to settle; an empty name takes it back."""
    known = _assigned(county)
    key = finding_key(finding)
    if to.strip():
        known[key] = {"to": to.strip(), "by": by, "at": county.today}
    else:
        known.pop(key, None)
    county.store.put_setting(_KEY, json.dumps(known, ensure_ascii=False))


def assignees(county: County, findings: Any) -> list[str]:
    """Return for each finding who is to settle it, empty where nobody is."""
    known = _assigned(county)
    return [known.get(finding_key(row), {}).get("to", "") for row in findings.to_dict("records")]


def _assigned(county: County) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads(county.store.meta().get(_KEY, "{}"))
    return found
