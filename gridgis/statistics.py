"""Figures of a county and of its grids: sums over cells, and elements by kind."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd

from gridgis.county import County, figure_frame, grid_frame
from gridgis.emap import road_parts
from gridgis.locate import locate
from gridgis.quality import boundary_quality
from gridgis.subdividing.linework import lines_of


def overview(county: County) -> dict[str, Any]:
    """Return counts per level and kind, totals, version and hash; keys are fixed for machines.

    Parameters
    ----------
    county
        The county.

    Returns
    -------
    dict
        JSON-ready: names and numbers, ``levels`` with the count of grids of each, ``crs`` as an EPSG code, ``area_m2``.

    Examples
    --------
    >>> facts = gg.overview(county)
    >>> facts["levels"], facts["households"], facts["area_m2"]
    ({'township': 1, 'community': 1, 'unit': 2}, 36, 80000.0)
    """
    plan = county.plan
    sums = plan.figures.sum()
    grids = list(plan.grids.values())

    def by(field: str) -> dict[str, dict[str, int]]:
        out: dict[str, dict[str, int]] = {}
        for level in county.scheme.level_keys:
            counts = Counter(getattr(g, field) for g in grids if g.level == level and getattr(g, field))
            if counts:
                out[level] = dict(sorted(counts.items()))
        return out

    def tally(table: str, column: str) -> dict[str, int]:
        values = pd.DataFrame(county.table(table, (column,)))[column]
        return {str(k): int(n) for k, n in values.value_counts().sort_index().items()}

    return {
        "name": county.meta.get("name", ""), "code": county.code, "scheme": county.scheme.name, "crs": county.crs,
        "version": plan.version, "hash": plan.hash,
        "levels": {level: sum(g.level == level for g in grids) for level in county.scheme.level_keys},
        "cells": len(plan.rows), "kinds": by("kind"), "categories": by("category"), "classes": by("class_"),
        "zones": by("zone"), "staff": tally("staff", "role"), "organisations": tally("organisations", "kind"),
        "postings": tally("postings", "role"), "places": tally("places", "kind"), "nets": tally("nets", "net"),
        **{k: int(sums[k]) for k in ("households", "persons", "buildings", "incidents")},
        "area_m2": round(float(sums["area_m2"]), 2), "illustrative": county.illustrative,
        "sources": sources(county),
    }  # fmt: skip


def sources(county: County) -> dict[str, str]:
    """Return where each e-map table comes from and as of when, as recorded in its rows."""
    out = {}
    for table in ("boundaries", "buildings", "roads", "water", "places", "incidents"):
        pairs = county.store.distinct(table, ("source", "as_of"))
        words = [" ".join(str(v) for v in pair if v) for pair in pairs]
        if any(words):
            out[table] = "；".join(w for w in words if w)
    return out


def grid_statistics(county: County, level: str) -> pd.DataFrame:
    """Return the figures of each grid of a level: index `code`.

    Parameters
    ----------
    county
        The county.
    level
        Key of the level.

    Returns
    -------
    DataFrame
        name, zone, FIGURES, area_m2, road_m (length of roads), one column ``place_<kind>`` per kind
        of place and ``building_<use>`` per use, and in_band (True, False, or missing where the scheme
        sets no band). Each road counts in one grid and each metre of it too, by the rule of the
        scheme, see `gridgis.emap`; under the rule ``both``, roads_shared are those that the grid
        has in common with others.

    Raises
    ------
    SchemeError
        There is no such level.

    Examples
    --------
    >>> gg.grid_statistics(county, "unit")["households"].tolist()
    [14, 22]
    """
    plan = county.plan
    county.scheme.level(level)
    codes = plan.codes(level)
    frame = figure_frame(plan, codes)
    names = grid_frame(plan, codes)[["name", "zone"]]
    counted = _roads(county, level)
    for table, column, prefix in (("places", "kind", "place_"), ("buildings", "use", "building_")):
        counted = counted.join(_by_kind(county, level, table, column, prefix), how="outer")
    counted = counted.reindex(codes).fillna(0).astype({c: int for c in counted.columns if c != "road_m"})
    out = names.join(frame.drop(columns="roads")).join(counted).fillna({"name": "", "zone": ""})
    bands = [county.scheme.band(level, z or None) for z in out["zone"]]
    out["in_band"] = [
        None if b is None else b.met(int(h), int(p))
        for b, h, p in zip(bands, out["households"], out["persons"], strict=True)
    ]
    return pd.DataFrame(out)


def boundary_statistics(county: County, level: str) -> pd.DataFrame:
    """Return how much of the boundary of each grid of a level follows roads, water, walls and the level above.

    See `gridgis.quality.boundary_quality`.
    """
    plan = county.plan
    codes = plan.codes(level)
    above = {c: plan.scheme.parent(c) or "" for c in codes}
    # The same polygon for all grids below it, so that it is taken apart once.
    parents = {c: plan.grid_geometry(up) if up in plan.grids else plan.outline for c, up in above.items()}
    lines = {name: lines_of(county.table, name) for name in ("roads", "water", "compounds")}
    return boundary_quality({c: plan.grid_geometry(c) for c in codes}, lines, parents)


def _roads(county: County, level: str) -> pd.DataFrame:
    """Return number and length of the roads of each grid, and how many it shares where the rule lets it."""
    rule = county.scheme.road_rule
    parts = road_parts(county.plan, county.table("roads", ("geometry",))["geometry"], level, rule)
    out = pd.DataFrame(
        {"roads": parts.groupby("code")["counted"].sum(), "road_m": parts.groupby("code")["length_m"].sum()}
    )
    if rule == "both":
        mine = parts[parts["belongs"]]
        shared = mine.groupby("road")["code"].transform("size") > 1
        out["roads_shared"] = shared.groupby(mine["code"]).sum()
    return out.assign(road_m=out["road_m"].round(3))


def _by_kind(county: County, level: str, table: str, column: str, prefix: str) -> pd.DataFrame:
    """Return how many rows of a table each grid has, one column for each word in `column`."""
    rows = county.table(table, (column, "x", "y"))
    rows = rows[rows[column].fillna("") != ""]
    if not len(rows):
        return pd.DataFrame()
    leaf = locate(county.plan, rows[["x", "y"]].to_numpy(dtype=np.float64).reshape(-1, 2))
    code = leaf.str[: county.scheme.width(level)]
    counts = pd.crosstab(code.to_numpy(), (prefix + rows[column].astype(str)).to_numpy())
    counts.index.name = "code"
    return counts
