"""A small county where things happen: incidents at places of a drawing, as the table of incidents keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from tests.drawn import EPSG, at, code_of, drawn_county

DRAWING = "AAAB\nAAAC"
HOMES = "9999\n9991"
A, B, C = (str(code_of(letter)) for letter in "ABC")


def happening(places: Sequence[tuple[float, float] | None], **columns: Sequence[Any]) -> gpd.GeoDataFrame:
    """Return incidents at places in characters of the drawing (None: no place), with further columns."""
    xy = np.array([at(*p) if p else (np.nan, np.nan) for p in places], dtype=float).reshape(-1, 2)
    shapes = [shapely.Point(p) if np.isfinite(p).all() else None for p in xy]
    n = len(places)
    plain = {"id": [f"E{k}" for k in range(n)], "at": ["2026-01-05 08:00:00"] * n, "category": ["甲/一"] * n,
             "status": ["closed"] * n, "source": ["记录"] * n, "as_of": ["2026-06-30"] * n}  # fmt: skip
    frame = pd.DataFrame({**plain, **columns}).assign(x=xy[:, 0], y=xy[:, 1])
    return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(shapes, crs=EPSG))


def year(seed: int = 3, n: int = 400) -> gpd.GeoDataFrame:
    """Return incidents of six months scattered over the drawing, most of them in A."""
    rng = np.random.default_rng(seed)
    when = pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 181 * 86_400, n), unit="s")
    took = pd.to_timedelta(rng.integers(600, 20 * 86_400, n), unit="s")
    return happening(
        list(zip(0.01 + 3.98 * rng.uniform(0, 1, n) ** 1.3, rng.uniform(0.01, 1.99, n), strict=True)),
        at=when.strftime("%Y-%m-%d %H:%M:%S").tolist(),
        closed_at=(when + took).strftime("%Y-%m-%d %H:%M:%S").tolist(),
        category=rng.choice(["甲/一", "甲/二", "乙"], n).tolist(),
        handled_in=rng.choice(["grid", "joint", "dispatched"], n).tolist(),
        valid=rng.choice([0, 1, 1, 1], n).tolist(),
    )


def busy_county(path: Path, incidents: gpd.GeoDataFrame | None = None) -> Path:
    """Write the county with its incidents."""
    return drawn_county(path, DRAWING, homes=HOMES, more={"incidents": year() if incidents is None else incidents})
