"""Figures on their way to buildings: gathered per building, shared out by dwelling volume, brought into rows."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridgis.county import County
from gridgis.gathering.fields import HEADCOUNTS

TOLD_BY = "gridgis_figures"
"""Among the other attributes of a building: source and date of each figure that does not come from where the row does."""
PART = "raster_part"
"""Kind of a row that tells the part of a raster in a grid."""
Words = tuple[str, str]
Ints = NDArray[np.int64]
_DWELLING = ("住", "居", "民", "宿舍", "公寓", "residential", "apartment", "house", "dwelling", "dormitory", "yes")


@dataclass
class Spread:
    """Figures on their way to buildings.

    Attributes
    ----------
    buildings
        The buildings of the county.
    figures
        By field, of each building; negative where nothing is said.
    method
        How the figures came to the buildings.
    rows
        Rows for the table `population`.
    homeless
        What lies in no building, as items of the report.
    outside
        By field, what lies outside the county.
    beyond
        Positions of the areas of the file that lie outside the county.
    totals
        Totals of the file with the sums of its rows.
    """

    buildings: gpd.GeoDataFrame
    method: Words
    figures: dict[str, Ints] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    homeless: list[dict[str, Any]] = field(default_factory=list)
    outside: dict[str, int] = field(default_factory=dict)
    beyond: list[int] = field(default_factory=list)
    totals: list[dict[str, Any]] = field(default_factory=list)

    def add(self, name: str, at: Any, amounts: Any) -> None:
        """Add amounts to a figure of buildings."""
        if name not in self.figures:
            self.figures[name] = np.full(len(self.buildings), -1, dtype=np.int64)
        figures = self.figures[name]
        at = np.asarray(at, dtype=np.intp)
        figures[at] = np.maximum(figures[at], 0)
        np.add.at(figures, at, np.asarray(amounts, dtype=np.int64))

    def changed(self, source: str, as_of: str, *, alone: bool) -> tuple[pd.DataFrame, int]:
        """Return the buildings with their new figures, and how many lost one (where these are the only figures)."""
        frame, touched, lost = (
            self.buildings.copy(),
            np.zeros(len(self.buildings), bool),
            np.zeros(len(self.buildings), bool),
        )
        for name, figures in self.figures.items():
            old = frame[name].to_numpy(dtype=object)
            emptied = (figures < 0) & ~pd.isna(old) if alone else np.zeros(len(frame), bool)
            frame[name] = pd.Series(
                np.where(figures >= 0, figures, np.where(emptied, None, old)), index=frame.index, dtype=object
            )
            touched |= (figures >= 0) | emptied
            lost |= emptied
        known = frame.loc[touched, ["source", "as_of", "extra"]] if "extra" in frame else None
        if known is not None:
            frame.loc[touched, "extra"] = self._told_by(frame[touched], known, (source, as_of))
        frame.loc[touched, ["source", "as_of"]] = [source, as_of]
        return frame[touched], int(lost.sum())

    def _told_by(self, frame: pd.DataFrame, known: pd.DataFrame, new: tuple[str, str]) -> list[str | None]:
        """Return the other attributes of buildings, with the source and date of each figure that is another's than the newest."""
        kept = [n for n in HEADCOUNTS if n not in self.figures and n in frame]
        values = frame[kept].notna().to_numpy()
        out: list[str | None] = []
        for has, (source, as_of, extra) in zip(values.tolist(), known.itertuples(index=False, name=None), strict=True):
            more: dict[str, Any] = json.loads(extra) if isinstance(extra, str) and extra else {}
            before: dict[str, list[str]] = more.pop(TOLD_BY, {})
            old = (source if isinstance(source, str) else "", as_of if isinstance(as_of, str) else "")
            theirs = {n: tuple(before.get(n, old)) for n, there in zip(kept, has, strict=True) if there}
            if others := {n: pair for n, pair in theirs.items() if pair != new}:
                more[TOLD_BY] = others
            out.append(json.dumps(more, ensure_ascii=False) if more else None)
        return out


def apportion(total: int, weights: NDArray[np.float64]) -> Ints:
    """Share out a whole number by weights so that the parts add up to it: largest remainder.

    Parameters
    ----------
    total
        What is shared out.
    weights
        Not negative, at least one above zero.

    Examples
    --------
    >>> apportion(10, np.array([1.0, 1.0, 1.0])).tolist()
    [4, 3, 3]
    """
    exact = total * weights / weights.sum()
    parts: Ints = np.floor(exact).astype(np.int64)
    most = np.argsort(-(exact - parts), kind="stable")[: total - int(parts.sum())]
    parts[most] += 1
    return parts


def volumes(buildings: gpd.GeoDataFrame) -> NDArray[np.float64]:
    """Return the dwelling volume of buildings: footprint times storeys; those not lived in have none.

    Parameters
    ----------
    buildings
        Rows with geometry, storeys and use.
    """
    area = shapely.area(np.asarray(buildings.geometry.values, dtype=object))
    # Buildings known as points are taken for middling ones.
    area = np.where(area > 0, area, np.median(area[area > 0]) if (area > 0).any() else 1.0)
    storeys = pd.to_numeric(buildings["storeys"], errors="coerce").fillna(1).clip(lower=1).to_numpy(dtype=np.float64)
    use = buildings["use"].fillna("").astype(str).str.lower()
    lived = (use == "") | use.map(lambda u: any(word in u for word in _DWELLING))
    return np.asarray(area * storeys * lived.to_numpy())


def counts_of(county: County, rows: pd.DataFrame, mode: str) -> dict[str, int]:
    """Return how many rows of the table `population` are added, updated and removed.

    Parameters
    ----------
    county
        The county before.
    rows
        Rows that come.
    mode
        ``add`` or ``replace``.
    """
    have = county.table("population", ("id",))["id"]
    gone = len(have) if mode == "replace" else int(have.isin(rows["id"]).sum())
    updated = 0 if mode == "replace" else gone
    return {"added": len(rows) - updated, "updated": updated, "removed": gone - updated}


def rows_of(spread: Spread, own: dict[str, Any], epsg: int) -> gpd.GeoDataFrame:
    """Return the rows for the table `population`.

    Parameters
    ----------
    spread
        What was shared out.
    own
        With ``source`` and ``as_of``.
    epsg
        The county's CRS.
    """
    columns = ["id", "kind", "code", "name", "households", "persons", "geometry"]
    frame = pd.DataFrame([{c: row.get(c) for c in columns} for row in spread.rows], columns=columns, dtype=object)
    # What two sources say of one place stands side by side; a source that comes again takes its own place.
    frame["id"] = [f"{i}@{own['source']}" if k in ("unit", "building") else i for i, k in zip(frame["id"], frame["kind"], strict=True)]
    frame = frame.assign(method=spread.method[0], source=own["source"], as_of=own["as_of"])
    return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(frame.pop("geometry").tolist(), index=frame.index, crs=epsg))
