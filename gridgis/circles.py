"""Service circles of a county: who reaches a place of a kind in time, grid by grid, and where more would help most."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridgis.county import County
from gridgis.errors import InputError
from gridgis.locate import locate
from gridgis.network import Floats, Ints, Mode
from gridgis.reach import HAIR_MIN, Limit, Reach, reach, service_area, shares, suggest
from gridgis.schema import reproject
from gridgis.slopes import Heights


@dataclass(frozen=True, eq=False)
class Circles:
    """Who is served.

    Attributes
    ----------
    county
        The county.
    level
        Level of the figures by grid.
    limits
        Minutes; the first is the one that counts.
    way
        The first limit with the mode and the heights.
    stations, homes
        Coordinates in metres, (k, 2) and (n, 2).
    households
        Of each home.
    codes
        Leaf grid of each home.
    found
        Minutes of each home.
    """

    county: County
    level: str
    limits: tuple[float, ...]
    way: Limit
    stations: Floats
    homes: Floats
    households: Ints
    codes: pd.Series[Any]
    found: Reach

    def within(self, minutes: float) -> int:
        """Return how many households are within so many minutes."""
        return int(self.households[self.found.minutes <= minutes + HAIR_MIN].sum())

    @cached_property
    def grids(self) -> pd.DataFrame:
        """Households of each grid, those within each limit and their share; see `gridgis.reach.shares`."""
        return shares(
            self.codes.str[: self.county.scheme.width(self.level)], self.households, self.found.minutes, self.limits
        )

    @cached_property
    def off_road(self) -> int:
        """Households that live too far from every road."""
        return int(self.households[np.asarray(self.found.off_road)].sum())

    def area(self, minutes: float) -> Any:
        """Return the ground within so many minutes, in the county's CRS."""
        return service_area(self.found, self.stations, minutes, self.way.mode)

    def suggest(self, count: int) -> list[dict[str, Any]]:
        """Return the sites that bring most households within the first limit, best first.

        Candidates are the middles of where the unserved people of each grid live.

        Parameters
        ----------
        count
            How many sites.
        """
        late = np.flatnonzero(self.found.minutes > self.way.minutes + HAIR_MIN)
        if not len(late):
            return []
        frame = pd.DataFrame(
            {"code": self.codes.to_numpy(), "x": self.homes[:, 0], "y": self.homes[:, 1], "n": self.households}
        )
        frame = frame.iloc[late].dropna(subset=["code"])
        sums = frame.assign(x=frame["x"] * frame["n"], y=frame["y"] * frame["n"]).groupby("code")[["x", "y", "n"]].sum()
        candidates = (sums[["x", "y"]].to_numpy() / sums[["n"]].to_numpy()).reshape(-1, 2)
        roads = self.county.table("roads")
        chosen, gained = suggest(roads, candidates, self.homes[late], self.households[late], count, self.way)
        lonlat = [reproject(shapely.Point(candidates[k]), self.county.crs, 4490) for k in chosen]
        return [
            {"near": str(sums.index[k]), "lon": round(p.x, 6), "lat": round(p.y, 6), "households_gained": int(n)}
            for k, p, n in zip(chosen.tolist(), lonlat, gained.tolist(), strict=True)
        ]


def service_circles(
    county: County, *minutes: float, kind: str = "station", mode: Mode = "walk", level: str = "", heights: Heights | None = None
) -> Circles:
    """Return who reaches a place of a kind in time, on the roads of the county.

    Parameters
    ----------
    county
        The county.
    *minutes
        One limit or several; 15 by default.
    kind
        Kind of place.
    mode
        On foot or by car.
    level
        Level of the figures by grid; by default the finest that every branch has.
    heights
        Heights of the ground, for walking on slopes.

    Returns
    -------
    Circles
        Minutes from each home to the nearest place; coordinates in metres, in the county's CRS.

    Raises
    ------
    InputError
        There is no place of the kind, or no building has households.
    """
    limits = tuple(dict.fromkeys(minutes)) or (15.0,)
    scheme = county.scheme
    level = scheme.level(level).key if level else next(v.key for v in reversed(scheme.levels) if not v.optional)
    stations, (homes, households) = _stations(county, kind), _homes(county)
    found = reach(county.table("roads"), stations, homes, mode, heights)
    way = Limit(limits[0], mode, heights)
    return Circles(county, level, limits, way, stations, homes, households, locate(county.plan, homes), found)


def _stations(county: County, kind: str) -> Floats:
    places = county.table("places", ("kind", "x", "y"))
    kinds = sorted({str(k) for k in places["kind"].dropna()})
    if kind not in kinds:
        raise InputError(
            f"电子地图中没有类别为“{kind}”的场所：现有类别 {'、'.join(kinds) or '无'}。",
            f"The e-map has no place of kind '{kind}': there are {', '.join(kinds) or 'none'}.",
        )
    mine = places.loc[places["kind"] == kind, ["x", "y"]]
    return np.asarray(mine.to_numpy(dtype=np.float64)).reshape(-1, 2)


def _homes(county: County) -> tuple[Floats, Ints]:
    homes = county.table("buildings", ("households", "x", "y"))
    households = homes["households"].fillna(0).to_numpy(dtype=np.int64)
    lived = (households > 0) & homes["x"].notna().to_numpy()
    if not lived.any():
        raise InputError(
            "没有带户数的建筑：请先导入含 households 列的建筑数据。",
            "No building has households: import buildings with a column households first.",
        )
    return homes.loc[lived, ["x", "y"]].to_numpy(dtype=np.float64), households[lived]
