"""Figures of a county and of its grids: sums over cells, and elements by kind."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd

from gridgis.county import County, figure_frame, grid_frame
from gridgis.locate import locate


def overview(county: County) -> dict[str, Any]:
    """Return counts per level and kind, totals, version and hash; keys are fixed for machines."""
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

    Returns
    -------
    DataFrame
        name, zone, FIGURES, area_m2, one column ``place_<kind>`` per kind of place, and in_band
        (True, False, or missing where the scheme sets no band).
    """
    plan = county.plan
    county.scheme.level(level)
    codes = plan.codes(level)
    frame = figure_frame(plan, codes)
    names = grid_frame(plan, codes)[["name", "zone"]]
    out = names.join(frame).join(_places(county, level)).fillna({"name": "", "zone": ""})
    place_columns = [c for c in out.columns if c.startswith("place_")]
    out[place_columns] = out[place_columns].fillna(0).astype(int)
    bands = [county.scheme.band(level, z or None) for z in out["zone"]]
    out["in_band"] = [
        None if b is None else b.met(int(h), int(p))
        for b, h, p in zip(bands, out["households"], out["persons"], strict=True)
    ]
    return pd.DataFrame(out)


def _places(county: County, level: str) -> pd.DataFrame:
    places = county.table("places", ("kind", "x", "y"))
    leaf = locate(county.plan, places[["x", "y"]].to_numpy(dtype=np.float64).reshape(-1, 2))
    code = leaf.str[: county.scheme.width(level)]
    counts = (
        pd.crosstab(code.to_numpy(), ("place_" + places["kind"].astype(str)).to_numpy())
        if len(places)
        else pd.DataFrame()
    )
    counts.index.name = "code"
    return counts
