"""Put a city or district together: blocks, grids, buildings, people, places, incidents, registers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridgis.demo.blocks import Blocks, lay_blocks
from gridgis.demo.brief import Brief, read_brief
from gridgis.demo.dwellings import Estate, build_up, people_in, survey
from gridgis.demo.model import DemoCounty, labelled
from gridgis.demo.names import Namer
from gridgis.demo.registers import Setting, make_registers
from gridgis.demo.reports import keep_limits, make_incidents
from gridgis.demo.settlement import Settlement
from gridgis.demo.sites import Scene, make_places
from gridgis.demo.tiers import Tiers, split_evenly


def build_district(scheme_name: str, seed: int, tell: Callable[[float, str], None]) -> DemoCounty:
    """Build the illustrative city or district of a scheme, the same for the same seed."""
    chance = np.random.default_rng(seed).spawn(8)
    brief = read_brief(scheme_name)
    tell(0.02, "街道、水系与地块")
    blocks = lay_blocks(brief, chance[0])
    tell(0.25, "逐级划分网格")
    tiers = Tiers(brief, blocks, chance[1])
    tell(0.50, "布置建筑")
    estate = survey(brief, blocks, tiers, chance[2])
    settled = build_up(brief, estate, chance[3])
    tell(0.80, "人口、场所、事件与队伍")
    people = people_in(brief, settled, estate, tiers, chance[4])
    people["storeys"], people["use"] = settled.plots.storeys, settled.plots.use
    grids = _grids(brief, tiers, estate.leaf[settled.cell], people)
    nets = _nets(brief, tiers, chance[6])
    return _assemble(brief, estate, settled, (people, grids, nets), chance[7])


def _grids(brief: Brief, tiers: Tiers, leaf: NDArray[np.object_], people: pd.DataFrame) -> pd.DataFrame:
    """One row for each grid of each level, coarse to fine, with categories and classes dealt out in exact numbers."""
    rows = [(b.grid.code, b.grid.level, b.grid.kind, b.grid.name, b.grid.category or None, None, b.grid.zone or None)
            for b in tiers.branches]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["code", "level", "kind", "name", "category", "class", "zone"], dtype=object)
    for level, shares in brief.raw.get("classes", {}).items():
        mine = frame.index[frame["level"] == level]
        width = brief.scheme.width(level)
        work = people["persons"].groupby(pd.Series(leaf).str[:width].to_numpy()).sum()
        order = np.argsort(-work.reindex(frame.loc[mine, "code"]).fillna(0).to_numpy(), kind="stable")
        frame.loc[mine[order], "class"] = np.repeat(list(shares), list(shares.values()))
    order = np.lexsort([frame["code"].to_numpy(str), frame["code"].str.len().to_numpy()])
    return frame.iloc[order].reset_index(drop=True)


def _nets(brief: Brief, tiers: Tiers, rng: np.random.Generator) -> Any:
    """Nets of other departments, each grid of theirs inside one of ours."""
    frames = []
    for k, line in enumerate(brief.raw.get("nets", ())):
        areas = split_evenly(tiers, tiers.at(line["inside"]), line["number"], rng)
        frames.append(pd.DataFrame({
            "net": line["net"], "code": [f"{'ABCDEFG'[k]}{n:05d}" for n in range(1, len(areas) + 1)],
            "name": [f"{a.grid.name}{line['name']}{n}" for n, a in enumerate(areas, start=1)], "kind": None,
            "geometry": [shapely.coverage_union_all(tiers.blocks.faces[a.faces]) for a in areas],
        }))  # fmt: skip
    if not frames:
        return None
    out = pd.concat(frames, ignore_index=True).assign(source=brief.source, as_of=brief.as_of)
    return gpd.GeoDataFrame(out, geometry="geometry", crs=brief.epsg)


def _assemble(brief: Brief, estate: Estate, settled: Settlement, done: tuple[pd.DataFrame, pd.DataFrame, Any],
              rng: np.random.Generator) -> DemoCounty:  # fmt: skip
    """Put the tables together."""
    people, grids, nets = done
    blocks, leaf = estate.blocks, estate.leaf[settled.cell]
    names = dict(zip(grids["code"], grids["name"], strict=True))
    width = brief.scheme.widths[min(2, len(brief.scheme.widths) - 1)]
    first = np.array([c[:width] for c in leaf])
    town = estate.town[settled.cell]
    namer = Namer(rng, ceramics=False)
    options = brief.raw.get("place_options", {})
    scene = Scene(
        settled, first, np.array([names[c] for c in first], dtype=object), town, namer, options.get("stations_in", "")
    )
    places = make_places(scene, brief.raw["places"], rng)
    roads = _roads(brief, blocks, namer)
    homes = pd.DataFrame(settled.plots.xy, columns=["x", "y"]).assign(
        code=leaf, persons=people["persons"], households=people["households"], built_up=town
    )
    whole = shapely.coverage_union_all(blocks.faces)
    setting = Setting(brief.scheme.name, grids, homes, brief.as_of, brief.source)
    registers = make_registers(setting, brief.raw, rng)
    return DemoCounty(
        name=brief.name,
        county_code=brief.code,
        epsg=brief.epsg,
        outline=whole,
        cells=gpd.GeoDataFrame({"code": estate.leaf}, geometry=blocks.faces, crs=brief.epsg),
        grids=grids,
        boundaries=_boundaries(brief, whole, estate),
        buildings=labelled(people, brief, "B", settled.shapes),
        roads=roads,
        water=_water(brief, blocks),
        places=labelled(
            places[["kind", "name"]], brief, "P", np.asarray(shapely.points(np.round(places[["x", "y"]], 3)))
        ),
        incidents=_incidents(brief, homes, roads, whole, rng),
        notes=_notes(brief),
        registers=registers if nets is None else {"nets": nets} | registers,
        as_of=brief.as_of,
    )


def _incidents(brief: Brief, homes: pd.DataFrame, roads: gpd.GeoDataFrame, whole: Any,
               rng: np.random.Generator) -> pd.DataFrame:  # fmt: skip
    frame = make_incidents(homes, roads.geometry.to_numpy(), whole, int(brief.counts["incidents"]), rng)
    rule: Mapping[str, Any] = brief.raw["matters"]
    hours = {limit.key: limit.total_hours for limit in brief.scheme.limits}
    frame = keep_limits(frame, {way: hours[key] for way, key in rule["limits"].items()}, rule, rng)
    frame.insert(0, "id", [f"E{i:06d}" for i in range(1, len(frame) + 1)])
    return frame.assign(source=brief.source, as_of=brief.as_of)


def _roads(brief: Brief, blocks: Blocks, namer: Namer) -> gpd.GeoDataFrame:
    """Return every street with a name; pieces outside the outline are left out."""
    lines = np.array([s.line for s in blocks.streets], dtype=object)
    kinds = np.array([s.kind for s in blocks.streets], dtype=object)
    geometry = shapely.transform(lines, lambda xy: np.round(xy, 3))
    keep = shapely.length(geometry) > 1.0
    names = [namer.street("secondary" if k in ("primary", "secondary") else k) for k in kinds[keep]]
    return labelled(pd.DataFrame({"name": names, "class": kinds[keep]}), brief, "R", geometry[keep])


def _water(brief: Brief, blocks: Blocks) -> gpd.GeoDataFrame:
    """Return the rivers, and their banks as areas."""
    rows: list[tuple[str, str, Any]] = [(name, "river", line) for name, line in blocks.rivers]
    for name in dict.fromkeys(name for name, _ in blocks.rivers):
        wide = shapely.union_all([shapely.buffer(line, 17.0) for n, line in blocks.rivers if n == name])
        inside = shapely.intersection(wide, brief.outline)
        rows += [(name, "banks", part) for part in shapely.get_parts(inside) if part.geom_type == "Polygon"]
    geometry = shapely.transform(np.array([g for _, _, g in rows], dtype=object), lambda xy: np.round(xy, 3))
    return labelled(pd.DataFrame({"name": [r[0] for r in rows], "class": [r[1] for r in rows]}), brief, "W", geometry)


def _boundaries(brief: Brief, whole: Any, estate: Estate) -> gpd.GeoDataFrame:
    """Return the outlines of the place and of its townships."""
    rows: list[tuple[str, str, str, str, Any]] = [(brief.code, "county", brief.name, brief.raw["facts_source"], whole)]
    level = brief.scheme.level_keys[0]
    for one in brief.townships:
        mine = np.array([c.startswith(one.code) for c in estate.leaf])
        rows.append((one.code, level, one.name, brief.source, shapely.coverage_union_all(estate.blocks.faces[mine])))
    frame = gpd.GeoDataFrame(rows, columns=["code", "level", "name", "source", "geometry"], crs=brief.epsg)
    return frame.assign(as_of=brief.as_of)


def _notes(brief: Brief) -> tuple[tuple[str, str], ...]:
    given = tuple((n["zh"], n["en"]) for n in brief.raw.get("notes", ()))
    source = brief.raw["facts_source"]
    return (
        (
            "示意数据：轮廓、乡镇（街道）与社区（村）的名称和代码、公布的网格与队伍数字属实，其余均由随机种子生成，不代表真实情况；"
            "人名、电话均为虚构。",
            "Illustrative: outline, names, codes and the published figures are real, everything else is generated "
            "from a seed; people's names and phones are made up.",
        ),
        (f"来源：{source}。", f"Sources: {source}."),
        *given,
    )
