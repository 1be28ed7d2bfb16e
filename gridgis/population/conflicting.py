"""Figures of people that sources give differently for the same ground, each with source and date."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

from gridgis.county import County
from gridgis.locate import locate
from gridgis.plan import Plan
from gridgis.population.spreading import PART, TOLD_BY

FIGURES_SAID = ("households", "persons")
COVERED = 0.5
"""A register of buildings speaks for a grid where it knows at least this share of the buildings there."""
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
    single = rows["kind"] == "building"
    listed_rows = rows[~single].to_dict("records")
    named = {str(r["code"]) for r in listed_rows if r["code"]}
    told: dict[tuple[str, str], list[tuple[int, str, str]]] = {}
    everything: list[Any] = [*listed_rows, *_of_buildings(county, rows[single], named)]
    for row in everything:
        code = str(row["code"] or "") or (plan.county_code if row["kind"] == "raster" else "")
        if code not in plan.grids and code != plan.county_code:
            continue
        for figure in FIGURES_SAID:
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


def _of_buildings(county: County, rows: pd.DataFrame, named: set[str]) -> list[dict[str, Any]]:
    """Return what registers of buildings add up to in leaf grids and in those that others name, where they cover most."""
    if rows.empty:
        return []
    plan, homes = county.plan, pd.DataFrame(county.table("buildings", ("id", "x", "y")))
    homes["leaf"] = [c if isinstance(c, str) else "" for c in locate(plan, homes[["x", "y"]].to_numpy(dtype=float))]
    codes = sorted({c for c in {*homes["leaf"], *named} if c in plan.grids})
    known = {code: int(homes["leaf"].str.startswith(code).sum()) for code in codes}
    mine = rows.merge(homes[["id", "leaf"]].rename(columns={"id": "code"}), on="code")
    out: list[dict[str, Any]] = []
    for pair, some in mine.groupby([mine["source"].fillna("").astype(str), mine["as_of"].fillna("").astype(str)]):
        for code in codes:
            here = some[pd.Series(some["leaf"]).str.startswith(code)]
            if len(here) and len(here) >= COVERED * known[code]:
                sums = {k: pd.to_numeric(here[k]).sum(min_count=1) for k in FIGURES_SAID}
                out.append({"code": code, "kind": "building", "source": pair[0], "as_of": pair[1]} | sums)
    return out


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
    population = pd.DataFrame(county.table("population", ("kind", *FIGURES_SAID, "source", "as_of")))
    # The parts of a raster by grid are in its whole already.
    tables = {"buildings": _by_figure(county), "population": population[population["kind"] != PART]}
    out: list[dict[str, Any]] = []
    for name, frame in tables.items():
        keys = [frame["source"].fillna("").astype(str), frame["as_of"].fillna("").astype(str)]
        for pair, mine in frame.groupby(keys):
            sums = {k: int(pd.to_numeric(mine[k]).sum()) for k in FIGURES_SAID}
            rows = mine.index.nunique() if name == "buildings" else len(mine)
            out.append({"table": name, "source": pair[0], "as_of": pair[1], "rows": rows} | sums)
    return out


def _by_figure(county: County) -> pd.DataFrame:
    """Return the figures of buildings, those that another source told in rows of their own."""
    frame = pd.DataFrame(county.table("buildings", (*FIGURES_SAID, "source", "as_of", "extra")))
    if frame.empty:
        return frame
    told = frame["extra"].map(lambda v: json.loads(v).get(TOLD_BY, {}) if isinstance(v, str) and f'"{TOLD_BY}"' in v else {})
    apart = []
    for figure in FIGURES_SAID:
        theirs = told.map(lambda pairs, figure=figure: pairs.get(figure))
        there = theirs.notna()
        if there.any():
            some = pd.DataFrame(theirs[there].tolist(), columns=["source", "as_of"], index=frame.index[there])
            apart.append(some.assign(**{figure: frame.loc[there, figure]}))
            frame.loc[there, figure] = None
    return pd.concat([frame, *apart]) if apart else frame
