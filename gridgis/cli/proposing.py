"""Commands that let the county propose its own grids: propose, adopt."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import shapely
import typer

from gridgis.branches import combine
from gridgis.cli.common import By, County, Json, Lang, Progress, Reason, dump, read_geometry, say, table
from gridgis.cli.edit import show
from gridgis.county import County as OpenCounty
from gridgis.county import open_county
from gridgis.errors import InputError, RefusedError
from gridgis.planning import adopt_proposal, places_of, propose_grids, write_proposal
from gridgis.propose.proposing import Proposal
from gridgis.propose.wanted import Wanted

_ROWS = (
    ("grids", "网格数", "grids"), ("in_band", "达标比例", "in band"), ("contiguous", "连片比例", "contiguous"),
    ("weight_min", "最小", "smallest"), ("weight_max", "最大", "largest"), ("boundary_km", "界线公里", "boundary km"),
    ("on_lines", "沿路、水、上级界线", "on roads, water, parents"), ("on_roads", "其中沿路", "on roads"),
    ("on_water", "沿水", "on water"), ("on_parent", "沿上级界线", "on parents"), ("compactness", "紧凑度", "compactness"),
    ("workload_cv", "负担离散系数", "workload spread (CV)"), ("households_moved", "换网格的户", "households moved"),
    ("share_moved", "占比", "share moved"), ("codes_kept", "沿用编码", "codes kept"), ("codes_new", "新编码", "codes new"),
    ("codes_ended", "停用编码", "codes ended"), ("cut", "切开的建筑、小区", "buildings, compounds cut"),
)  # fmt: skip
_SHARES = ("in_band", "contiguous", "on_lines", "on_roads", "on_water", "on_parent", "share_moved")


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.command()(propose)
    app.command()(adopt)


def propose(
    county: County,
    within: Annotated[str, typer.Option("--within", metavar="CODE|ZONE|FILE",
        help="上级网格编码、分区（如 built_up）或所画范围的 GeoJSON / code above, zone, or a drawn area")],
    out: Annotated[Path, typer.Option("--out", metavar="F.gpkg", help="每个方案一个图层 / one layer for each alternative")],
    households: Annotated[str, typer.Option("--households", metavar="LOW:HIGH", help="户数范围，默认按体系 / band, by default the scheme's")] = "",
    band: Annotated[str, typer.Option("--band", metavar="LOW:HIGH", help="按其他权重时的范围 / band of another weight")] = "",
    weight: Annotated[str, typer.Option("--weight", help="households|persons|incidents|workload")] = "households",
    alternatives: Annotated[int, typer.Option("--alternatives", help="方案数 / how many")] = 3,
    seed: Annotated[int, typer.Option("--seed", help="同一种子得到同样的方案 / same seed, same proposals")] = 1,
    level: Annotated[str, typer.Option("--level", help="层级，默认有规模要求的一级 / level, by default the one with a band")] = "",
    lock: Annotated[list[str] | None, typer.Option("--lock", metavar="CODE", help="原样保留的网格，可多次 / grids that stay as they are")] = None,
    around: Annotated[str, typer.Option("--around", metavar="KIND|FILE", help="种子：场所类别（如 station）或点文件，各自成格 / seeds")] = "",
    barrier: Annotated[list[str] | None, typer.Option("--barrier", metavar="CLASS", help="不可跨越的道路等级 / road classes nobody crosses")] = None,
    json: Json = False, lang: Lang = "zh",
) -> None:  # fmt: skip
    """自动划分网格，给出几个不同方案 / Propose grids, several different ways."""
    if households and (band or weight != "households"):
        raise InputError("--households 只用于按户数划分：其他权重请用 --band。", "--households is for that weight alone: for others use --band.")
    given = band_of(households or band)
    bar = Progress()
    with open_county(county) as c:
        wanted = Wanted(given, weight, alternatives, seed, level, tuple(lock or ()), _points(c, around), tuple(barrier or ()))
        area = read_geometry(within, c.crs) if _is_file(within) else within
        if not isinstance(area, str) and shapely.get_dimensions(area) != 2:
            raise InputError(f"“{within}”中不是面：请画一个范围。", f"'{within}' holds no area: draw one.")
        found = propose_grids(c, area, wanted, bar)
        write_proposal(found, out)
        bar.end()
    if json:
        dump({"out": str(out), "level": found.area.level, "seed": seed, "weight": weight,
              "alternatives": [{"layer": a.key, "words": a.en if lang == "en" else a.zh} | a.figures for a in found.alternatives],
              "notes": [n[lang == "en"] for n in found.notes]})  # fmt: skip
    else:
        _tell(found, out, lang)


def _is_file(text: str) -> bool:
    return Path(text).suffix.lower() in (".geojson", ".json")


def band_of(text: str) -> tuple[int, int] | None:
    """Return a band written as LOW:HIGH, None for nothing."""
    if not text:
        return None
    low, colon, high = text.replace("：", ":").partition(":")
    try:
        if not colon:
            raise ValueError(text)
        return int(low), int(high)
    except ValueError as error:
        raise InputError(
            f"范围“{text}”无法识别：请写成 下限:上限，例如 300:500。", f"'{text}' is no band: write LOW:HIGH, such as 300:500."
        ) from error


def _points(county: OpenCounty, around: str) -> Any:
    if not around:
        return None
    if not _is_file(around):
        return places_of(county, around)
    return shapely.get_coordinates(shapely.centroid(np.asarray(shapely.get_parts(read_geometry(around, county.crs)))))


def _tell(found: Proposal, out: Path, lang: str) -> None:
    at = lang == "en"
    rows = []
    for key, zh, en in _ROWS:
        values = [a.figures[key] for a in found.alternatives]
        rows.append([en if at else zh, *[f"{v:.1%}" if key in _SHARES else v for v in values]])
    names = [a.en if at else a.zh for a in found.alternatives]
    table(rows, ["", *[f"{a.key} {n}" for a, n in zip(found.alternatives, names, strict=True)]])
    for note in found.notes:
        say(lang, *note)
    say(
        lang,
        f"已写入 {out}，县区未改动；采用：gridgis adopt COUNTY {out} --layer {found.alternatives[0].key}",
        f"Wrote {out}; the county is unchanged. To adopt: gridgis adopt COUNTY {out} --layer {found.alternatives[0].key}",
    )


def adopt(
    county: County,
    file: Annotated[Path, typer.Argument(metavar="F.gpkg", help="propose 或 fuse 写出的文件 / what propose or fuse wrote")],
    layer: Annotated[str | None, typer.Option("--layer", metavar="L", help="采用哪个图层 / which layer")] = None,
    level: Annotated[str, typer.Option("--level", help="层级，默认同 propose / level, as for propose")] = "",
    name: Annotated[str, typer.Option("--name", help="草稿名，默认同图层名 / name of the draft")] = "",
    combine_: Annotated[bool, typer.Option("--combine", help="随即并入主线 / put it on the main line at once")] = False,
    by: By = "", reason: Reason = "", json: Json = False, lang: Lang = "zh",
) -> None:  # fmt: skip
    """采用一个方案，成为草稿；多数住户所在的网格沿用编码 / Take over a proposal as a draft; codes stay with most households."""
    with open_county(county) as c:
        done = adopt_proposal(c, file, layer, level=level, name=name, signed=(by, reason))
        edit: Any = done.edit
        if combine_:
            asked, edit = combine(c, done.branch.name, by=by, reason=reason)
            if edit is None:
                raise RefusedError(
                    f"草稿“{done.branch.name}”已建立，但与主线有 {len(asked.questions)} 处不一致：请用 gridgis combine 逐处答复。",
                    f"The draft '{done.branch.name}' was made, but {len(asked.questions)} places contradict the main line: "
                    "decide them with gridgis combine.",
                )
    show(edit, json=json, lang=lang)
    if not json:
        n = done.branch.name
        say(
            lang,
            f"草稿“{n}”已建立：gridgis combine COUNTY {n} 并入主线，gridgis undo COUNTY 撤销。" if not combine_ else "已并入主线，可用 undo 撤销。",
            f"The draft '{n}' holds it: gridgis combine COUNTY {n} puts it on the main line, gridgis undo takes it back."
            if not combine_ else "It is on the main line; undo takes it back.",
        )  # fmt: skip
