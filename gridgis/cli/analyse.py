"""Commands that measure service on the ground: reach."""

from __future__ import annotations

import json as json_
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import shapely
import typer

from gridgis.circles import Circles, service_circles
from gridgis.cli.common import County, Json, Lang, dump, say, table
from gridgis.county import County as OpenCounty
from gridgis.county import open_county
from gridgis.errors import InputError
from gridgis.io.geojson import write_geojson
from gridgis.io.rasters import unpacked
from gridgis.network import Floats, Mode
from gridgis.reach import SNAP_M
from gridgis.schema import point_array, reproject
from gridgis.slopes import Heights, bilinear


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.command("reach")(reach_)


def reach_(
    county: County,
    minutes: Annotated[
        list[float], typer.Option("--minutes", min=1, max=240, help="时限（分钟），可多次 / limit in minutes, may be given again")
    ] = [15.0],  # noqa: B006
    mode: Annotated[Mode, typer.Option("--mode", help="步行或驾车 / on foot or by car")] = "walk",
    place_kind: Annotated[str, typer.Option("--place-kind", help="服务点类别 / kind of place")] = "station",
    level: Annotated[str | None, typer.Option("--level", help="按该层级统计 / figures per grid of this level")] = None,
    dem: Annotated[str | None, typer.Option("--dem", metavar="ID", help="高程栅格（import --as raster），步行计坡度 / heights")] = None,
    suggest_: Annotated[int, typer.Option("--suggest", min=0, metavar="K", help="建议新增 K 个服务点 / propose K new sites")] = 0,
    out: Annotated[Path | None, typer.Option("--out", help="服务圈 GeoJSON / the area as GeoJSON")] = None,
    json: Json = False, lang: Lang = "zh",
) -> None:  # fmt: skip
    """服务圈：沿真实路网，多少户在时限内可到服务点 / Who reaches a station in time, on the real roads."""
    with open_county(county) as c:
        heights = heights_of(c, dem) if dem is not None else None
        found = service_circles(c, *minutes, kind=place_kind, mode=mode, level=level or "", heights=heights)
        sites = found.suggest(suggest_) if suggest_ else []
        if out is not None:
            areas = {m: found.area(m) for m in sorted(found.limits, reverse=True)}
            _write_areas(out, areas, sites, c.crs, found.found.method)
    said = {"minutes": found.limits[0], "mode": mode, "dem": dem, "place_kind": place_kind, "stations": len(found.stations)}
    facts = said | {"level": found.level} | _facts(found) | {"suggested": sites}
    if json:
        dump(facts)
    else:
        _tell(facts, lang)
    if out is not None:
        say(lang, f"已写出：{out}", f"Wrote {out}")


def heights_of(c: OpenCounty, raster: str) -> Heights:
    """Return the heights that a raster of the county holds.

    Raises
    ------
    InputError
        There is no such raster.
    """
    rows = c.table("rasters")
    mine = rows[rows["id"] == raster]
    if not len(mine):
        there = "、".join(map(str, rows["id"])) or "-"
        raise InputError(
            f"没有栅格“{raster}”：现有 {there}；先用 gridgis import … --as raster --field kind=elevation 导入高程。",
            f"There is no raster '{raster}', only {there.replace('、', ', ')}: import one with gridgis import … --as raster "
            "--field kind=elevation.",
        )
    known = unpacked(str(mine["data"].iloc[0]))

    def heights(xy: Floats) -> Floats:
        there = reproject(point_array(xy), c.crs, known.crs)
        x, y = shapely.get_x(there), shapely.get_y(there)
        return bilinear(known.values, (x - known.west) / known.width - 0.5, (known.north - y) / known.height - 0.5)

    return heights


def _facts(found: Circles) -> dict[str, Any]:
    """Return who is reached, in all and by grid; `within` and `share` are of the first limit."""
    first = found.limits[0]
    return {
        "method": found.found.method, "households": int(found.households.sum()), "within": found.within(first),
        "limits": [{"minutes": m, "within": found.within(m)} for m in found.limits],
        "off_road": found.off_road, "snap_m": SNAP_M,
        "grids": [
            {"code": code, "households": int(r["households"]), "within": int(r[f"within_{first:g}"]),
             "share": _share(r, first), "shares": {f"{m:g}": _share(r, m) for m in found.limits}}
            for code, r in found.grids.iterrows()
        ],
    }  # fmt: skip


def _share(row: Any, minutes: float) -> float | None:
    share = float(row[f"share_{minutes:g}"])
    return None if np.isnan(share) else round(share, 4)


def _write_areas(out: Path, areas: dict[float, Any], sites: list[dict[str, Any]], epsg: int, method: str) -> None:
    features = [
        {
            "type": "Feature",
            "properties": {"kind": "area", "minutes": minutes, "method": method},
            "geometry": shapely.geometry.mapping(reproject(area, epsg, 4490)),
        }
        for minutes, area in areas.items()
    ]
    features += [
        {"type": "Feature", "properties": {"kind": "suggested", **{k: s[k] for k in ("near", "households_gained")}},
         "geometry": {"type": "Point", "coordinates": [s["lon"], s["lat"]]}}
        for s in sites
    ]  # fmt: skip
    write_geojson(json_.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False), out)


def _tell(facts: dict[str, Any], lang: str) -> None:
    if facts["method"] == "straight":
        say(
            lang,
            "注意：电子地图没有道路，以下按直线距离估算，偏于乐观。",
            "Note: the e-map has no roads; these are straight-line estimates and too generous.",
        )
    on = ("步行", "on foot") if facts["mode"] == "walk" else ("驾车", "by car")
    for limit in facts["limits"]:
        share = limit["within"] / facts["households"]
        say(
            lang,
            f"{facts['stations']} 个服务点，{on[0]} {limit['minutes']:g} 分钟内可到 {limit['within']:,} 户，"
            f"占 {facts['households']:,} 户的 {share:.1%}；离路 {facts['snap_m']:g} 米以上 {facts['off_road']:,} 户。",
            f"{facts['stations']} stations; {limit['within']:,} of {facts['households']:,} households ({share:.1%}) are within "
            f"{limit['minutes']:g} minutes {on[1]}; {facts['off_road']:,} are more than {facts['snap_m']:g} m from any road.",
        )
    worst = sorted((g for g in facts["grids"] if g["share"] is not None), key=lambda g: (g["share"], -g["households"]))[
        :10
    ]
    each = [f"{m} 分钟" if lang == "zh" else f"{m} min" for m in facts["grids"][0]["shares"]] if worst else []
    head = ["网格", "户数", *each] if lang == "zh" else ["grid", "households", *each]
    table([[g["code"], g["households"], *(f"{s:.0%}" for s in g["shares"].values())] for g in worst], head)
    if facts["suggested"]:
        head = (
            ["建议位置（经度，纬度）", "所在网格", "新增覆盖户数"]
            if lang == "zh"
            else ["site (lon, lat)", "grid", "households gained"]
        )
        table([[f"{s['lon']}, {s['lat']}", s["near"], s["households_gained"]] for s in facts["suggested"]], head)
