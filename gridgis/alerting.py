"""Grids that a raster puts beyond a limit (rain, flood depth, height), and whom to call for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gridgis.county import County
from gridgis.errors import InputError
from gridgis.io.rasters import unpacked
from gridgis.staff.people import chain, people_of


@dataclass(frozen=True)
class Alarm:
    """A threshold on a raster.

    Attributes
    ----------
    raster
        Id or kind of the raster.
    above, below
        The limit; one of the two.
    measure
        ``mean``, ``min``, ``max`` or ``sum`` of the grid.
    """

    raster: str
    above: float | None = None
    below: float | None = None
    measure: str = "max"


def alerts(county: County, level: str, alarm: Alarm) -> tuple[pd.DataFrame, dict[str, str], list[dict[str, Any]]]:
    """Return the grids that a raster puts beyond a limit, worst first, and the people to call for each.

    Parameters
    ----------
    county, level, alarm
        The county, the level of the grids, and the limit.

    Returns
    -------
    tuple
        Frame with index `code`: name, value, mean, max, share (of its ground beyond the limit), households, persons. What
        the raster is: id, unit, source, as_of, and `blank`, how many grids it says nothing of. One row for each person to
        call: code, level, at, role, holder, phone.

    Raises
    ------
    InputError
        There is no such raster, or several of the kind.
    """
    row = _raster_of(county, alarm.raster)
    limit = alarm.above if alarm.above is not None else alarm.below
    if limit is None or (alarm.above is not None and alarm.below is not None):
        raise InputError("请给出 --above 或 --below 之一。", "Give one of --above and --below.")
    up = alarm.above is not None
    raster = unpacked(row["data"])
    grids = county.grids(level)
    shapes = grids.geometry.to_numpy()
    found = raster.under(shapes, county.crs, sorted({alarm.measure, "mean", "min", "max"})).set_index(grids.index)
    beyond = raster.values > limit if up else raster.values < limit
    spots = type(raster)(np.where(np.isnan(raster.values), np.nan, beyond.astype(float)), raster.west, raster.north,
                         raster.width, raster.height, raster.crs, raster.facts)  # fmt: skip
    found["share"] = spots.under(shapes, county.crs, ["mean"])["mean"].to_numpy()
    plan = county.plan
    people = pd.DataFrame([plan.figures_of(c) for c in grids.index], index=grids.index)[["households", "persons"]]
    found = grids[["name"]].join(found.assign(value=found[alarm.measure])).join(people.astype(int))
    hit = found[found["value"] > limit if up else found["value"] < limit].sort_values("value", ascending=not up)
    about = {k: str(row[k] or "") for k in ("id", "kind", "unit", "source", "as_of")}
    # A grid without a value is not safe, it is not known.
    about["blank"] = str(int(found["value"].isna().sum()))
    columns = ["name", "value", "mean", "min", "max", "share", "households", "persons"]
    return pd.DataFrame(hit[columns]), about, _calls(county, list(hit.index))


def _raster_of(county: County, wanted: str) -> pd.Series[Any]:
    rows = pd.DataFrame(county.table("rasters"))
    mine = rows[(rows["id"] == wanted) | (rows["kind"] == wanted)]
    if len(mine) > 1:
        # Of several pictures of one thing the newest counts, if it can be told.
        newest = mine[mine["as_of"] == mine["as_of"].max()]
        mine = newest if len(newest) == 1 else mine
    if len(mine) == 1:
        return mine.iloc[0]
    there = list(rows["id"])
    if len(mine):
        names = list(mine["id"])
        raise InputError(f"“{wanted}”有多份栅格，请写明其一：{'、'.join(names)}。",
                         f"There are several rasters '{wanted}', name one of them: {', '.join(names)}.")  # fmt: skip
    raise InputError(
        f"没有栅格“{wanted}”：现有 {'、'.join(there) or '无'}；用 gridgis import 县区 文件.tif --as raster 导入。",
        f"There is no raster '{wanted}': there are {', '.join(there) or 'none'}; bring one in with `gridgis import "
        "COUNTY FILE.tif --as raster`.",
    )


def _calls(county: County, codes: list[str]) -> list[dict[str, Any]]:
    people, rows = people_of(county, county.today), []
    for code in codes:
        for link in chain(county.plan, people, code, county.meta.get("name", "")):
            head = {"code": code, "level": link.level, "at": link.code, "name": link.name}
            rows += [head | {"role": h.role, "holder": h.name or h.id, "phone": h.phone} for h in link.holders]
            rows += [head | {"role": role, "holder": "", "phone": ""} for role in link.vacancies]
    return rows
