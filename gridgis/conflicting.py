"""Figures of people that sources give differently for the same ground, each with source and date."""

from __future__ import annotations

from typing import Any

import pandas as pd

from gridgis.county import County
from gridgis.plan import Plan

SOURCE_COLUMNS = ("table", "source", "as_of", "rows", "households", "persons")
"""What `sources` tells of each source."""


def population_conflicts(county: County, most: float = 0.05) -> pd.DataFrame:
    """Return where two sources give different numbers of people for the same grid, or a source and the plan.

    Parameters
    ----------
    county
        The county.
    most
        Relative difference up to which they agree.

    Returns
    -------
    DataFrame
        code, name, figure, then first, first_source, first_as_of, second, second_source, second_as_of, difference
        (second less first) and share of the larger.
    """
    plan, rows = county.plan, pd.DataFrame(county.table("population"))
    told: dict[tuple[str, str], list[tuple[int, str, str]]] = {}
    for row in rows.to_dict("records"):
        code = str(row["code"] or "") or (plan.county_code if row["kind"] == "raster" else "")
        if code not in plan.grids and code != plan.county_code:
            continue
        for figure in ("households", "persons"):
            if pd.notna(row[figure]):
                told.setdefault((code, figure), []).append((int(row[figure]), str(row["source"]), str(row["as_of"])))
    out, day = [], _newest(county) if told else ""
    for (code, figure), given in sorted(told.items()):
        now = int(plan.figures[figure].sum()) if code == plan.county_code else int(plan.figures_of(code)[figure])
        listed = [*given, (now, "buildings", day)]
        for k, first in enumerate(listed):
            out += [_conflict(plan, (code, figure), first, other) for other in listed[k + 1 :] if _apart(first[0], other[0]) > most]
    columns = ["code", "name", "figure", "first", "first_source", "first_as_of", "second", "second_source", "second_as_of",
               "difference", "share"]  # fmt: skip
    return pd.DataFrame(out, columns=columns)


def _newest(county: County) -> str:
    return max((str(v[0]) for v in county.store.distinct("buildings", ("as_of",)) if v[0]), default="")


def _apart(first: int, second: int) -> float:
    return abs(second - first) / max(first, second, 1)


def _conflict(plan: Plan, about: tuple[str, str], first: tuple[int, str, str], second: tuple[int, str, str]) -> dict[str, Any]:
    code, figure = about
    names = dict(zip(("first", "first_source", "first_as_of"), first, strict=True))
    names |= dict(zip(("second", "second_source", "second_as_of"), second, strict=True))
    name = plan.grids[code].name if code in plan.grids else ""
    share = round(_apart(first[0], second[0]), 4)
    return {"code": code, "name": name, "figure": figure, **names, "difference": second[0] - first[0], "share": share}


def sources(county: County) -> list[dict[str, Any]]:
    """Return every source of people with its date and sums: table, source, as_of, rows, households, persons."""
    out: list[dict[str, Any]] = []
    for name in ("buildings", "population"):
        frame = pd.DataFrame(county.table(name, ("households", "persons", "source", "as_of")))
        keys = [frame["source"].fillna("").astype(str), frame["as_of"].fillna("").astype(str)]
        for pair, mine in frame.groupby(keys):
            sums = {k: int(pd.to_numeric(mine[k]).sum()) for k in ("households", "persons")}
            out.append({"table": name, "source": pair[0], "as_of": pair[1], "rows": len(mine)} | sums)
    return out
