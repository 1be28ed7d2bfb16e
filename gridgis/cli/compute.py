"""The command that spreads work over a Dask cluster: compute."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from gridgis.cli.common import County, Json, Lang, Progress, dump, say
from gridgis.cli.history import version_of
from gridgis.county import open_county

What = Literal["locate", "counts", "elements", "hotspots", "check", "export"]
_WHAT = ("locate 点落格 | counts 各网格（各时段）计数 | elements 建筑、场所、道路归格（GeoParquet） | hotspots 热点 | "
         "check 覆盖检查 | export 网格成 GeoParquet / what to do: default locate; check and export take no input")  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add this command to the application."""
    app.command()(compute)


def compute(
    county: County,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="结果文件夹 part-*.parquet / folder of the parts")],
    points: Annotated[Path | None, typer.Argument(metavar="[INPUT.parquet]", help="Parquet 文件或文件夹 / file or folder")] = None,
    what: Annotated[What, typer.Option("--what", help=_WHAT)] = "locate",
    level: Annotated[str, typer.Option("--level", help="counts、hotspots、export 的层级，默认最细 / level, the finest by default")] = "",
    by: Annotated[Literal["", "day", "week", "month"], typer.Option("--by", help="按日、周、月计数 / count by")] = "",
    time: Annotated[str, typer.Option("--time", help="时间列 / column of times")] = "at",
    scheduler: Annotated[str, typer.Option("--scheduler", metavar="ADDRESS", help="Dask 调度器，默认本机 / this machine by default")] = "",
    lon: Annotated[str, typer.Option("--lon", help="经度列 / column of longitudes")] = "lon",
    lat: Annotated[str, typer.Option("--lat", help="纬度列 / column of latitudes")] = "lat",
    datum: Annotated[Literal["", "wgs84", "cgcs2000", "gcj02", "bd09"], typer.Option("--datum", help="坐标基准 / datum")] = "",
    as_of: Annotated[str | None, typer.Option("--as-of", help="版本号或日期 / version or date")] = None,
    workers: Annotated[int, typer.Option("--workers", min=1, max=256, help="本机进程数 / processes on this machine")] = 2,
    memory: Annotated[str, typer.Option("--memory", help="每个进程的内存上限 / limit for each process")] = "2GB",
    json: Json = False, lang: Lang = "zh",
) -> None:  # fmt: skip
    """大量数据：Dask 分布式，逐部分写出，结果与单机相同 / Much data on Dask, part by part, answers as on one machine."""
    from gridgis.scale import Work
    from gridgis.scale import compute as computed

    bar = Progress()
    with open_county(county) as c:
        plan = c.plan if as_of is None else c.plan_at(version_of(c, as_of))
        work = Work(points, out, lon, lat, scheduler, workers, memory, what, level, time, by, bar)
        # An export leaves in the datum of the county, points come in that of satellites, unless it is said.
        told = computed(plan, work, datum or ("cgcs2000" if what == "export" else "wgs84"), c)
    bar.end()
    if json:
        dump(told)
        return
    say(lang, *(_sentence(told, out, at) for at in (0, 1)))


def _sentence(told: dict[str, Any], out: Path, at: int) -> str:
    rows, n, end = told["rows"], told["located"], (
        f"，写出 {told['parts']} 个部分：{out}（版本 {told['version']}）。",
        f", {told['parts']} parts written: {out} (version {told['version']}).",
    )[at]  # fmt: skip
    begun = {
        "check": (f"覆盖问题 {n} 处", f"{n} coverage findings"),
        "export": (f"网格 {n:,} 个", f"{n:,} grids"),
    }.get(told["what"], (f"共 {rows:,} 行，{n:,} 行落入网格", f"{rows:,} rows, {n:,} in a grid"))  # fmt: skip
    return begun[at] + end
