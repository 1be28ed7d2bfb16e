"""The command that locates points on a Dask cluster: compute."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from gridgis.cli.common import County, Json, Lang, Progress, dump, say
from gridgis.cli.history import version_of
from gridgis.county import open_county


def register(app: typer.Typer) -> None:
    """Add this command to the application."""
    app.command()(compute)


def compute(
    county: County,
    points: Annotated[Path, typer.Argument(metavar="POINTS.parquet", help="Parquet 文件或文件夹 / file or folder")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="结果文件夹 part-*.parquet / folder of the parts")],
    scheduler: Annotated[str, typer.Option("--scheduler", metavar="ADDRESS", help="Dask 调度器，默认本机 / this machine by default")] = "",
    lon: Annotated[str, typer.Option("--lon", help="经度列 / column of longitudes")] = "lon",
    lat: Annotated[str, typer.Option("--lat", help="纬度列 / column of latitudes")] = "lat",
    datum: Annotated[Literal["wgs84", "cgcs2000", "gcj02", "bd09"], typer.Option("--datum", help="坐标基准 / datum")] = "wgs84",
    as_of: Annotated[str | None, typer.Option("--as-of", help="版本号或日期 / version or date")] = None,
    workers: Annotated[int, typer.Option("--workers", min=1, max=256, help="本机进程数 / processes on this machine")] = 2,
    memory: Annotated[str, typer.Option("--memory", help="每个进程的内存上限 / limit for each process")] = "2GB",
    json: Json = False, lang: Lang = "zh",
) -> None:  # fmt: skip
    """大量点落格：Dask 分布式，逐部分写出，次序不变 / Points to grids on Dask, part by part, in their order."""
    from gridgis.scale import Work
    from gridgis.scale import compute as computed

    bar = Progress()
    with open_county(county) as c:
        plan = c.plan if as_of is None else c.plan_at(version_of(c, as_of))
    told = computed(plan, Work(points, out, lon, lat, scheduler, workers, memory, bar), datum)
    bar.end()
    if json:
        dump(told)
        return
    say(
        lang,
        f"共 {told['rows']:,} 点，{told['located']:,} 点落入网格，写出 {told['parts']} 个部分：{out}（版本 {told['version']}）。",
        f"{told['rows']:,} points, {told['located']:,} in a grid, {told['parts']} parts written: {out} (version {told['version']}).",
    )
