"""Population into a county: per building, per person, or per village and grid, set as figures of the buildings.

People themselves are never kept: rows of single persons are counted and forgotten.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from gridgis.county import County
from gridgis.datums import check_datum
from gridgis.errors import InputError
from gridgis.gathering.fields import HEADCOUNTS
from gridgis.gathering.intake import day_of, read_draft, report_of, words_of
from gridgis.gathering.rows import Draft, check_shapes, place_rows, read_values
from gridgis.gathering.saving import save
from gridgis.io.asking import Intake, Options, cannot_enter
from gridgis.io.crs import Near
from gridgis.locate import locate
from gridgis.plan import Plan
from gridgis.population.reconciling import check_totals, inside, named, part_inside, take_totals
from gridgis.population.spreading import Spread, apportion, counts_of, rows_of, volumes

_SHOWN = 10
NEAR_M = 50.0
"""A point of population goes to the nearest building within so many metres."""

Words = tuple[str, str]
Progress = Callable[[float, str], None]
Ints = NDArray[np.int64]
BY_BUILDING = ("按建筑编号", "by building id")
BY_NEAREST = (f"按点位落到 {NEAR_M:.0f} 米内最近的建筑", f"by place, to the nearest building within {NEAR_M:.0f} m")
BY_VOLUME = (
    "按居住建筑体量（基底面积×层数，缺层数按 1 层）分摊，最大余数法取整",
    "shared out by dwelling volume (footprint times storeys, 1 where not known), whole by largest remainder",
)


def bring_in(
    county: County, path: str | Path, options: Options, *, apply: bool = True, progress: Progress | None = None
) -> Intake:
    """Import population from a table, points or polygons.

    Parameters
    ----------
    county, path, options, apply, progress
        As for `gridgis.gathering.bring_in`.

    Raises
    ------
    InputError
        The file cannot be read, or rows cannot enter and were not to be skipped.
    """
    tell, emap = progress or (lambda _share, _words: None), county.store.pulse()[1]
    check_datum("wgs84" if options.datum == "auto" else options.datum)
    name = Path(path).name
    own = {"mode": options.mode, "source": options.source or name, "as_of": day_of(options.as_of) or county.today}
    tell(0.0, "读取文件")
    draft = read_draft(path, options, Near(county.outline, county.crs))
    read_values(draft)
    tell(0.4, "落到建筑")
    spread = _spread(draft, county)
    draft.evidence.append(spread.method)
    report = report_of(draft, name) | own | _totals(draft, spread)
    error = None
    if draft.rejected and not (options.skip_rejected and draft.good.any()):
        error = cannot_enter(name, draft.rejected)
    if apply and error is not None:
        error.account = report | {"error": error.en, "error_zh": error.zh}
        raise error
    changed, lost = spread.changed(own["source"], own["as_of"], alone=options.mode == "replace")
    rows = rows_of(spread, own, county.crs)
    report["counts"] = counts_of(county, rows, options.mode) | {"buildings": len(changed), "emptied": lost}
    if apply:
        replacing = ("population",) if options.mode == "replace" else ()
        save(county, {"population": rows, "buildings": changed}, replacing, lambda s, w: tell(0.7 + 0.3 * s, w), emap)
    report["applied"] = apply
    said = words_of(report, error, draft)
    return Intake(report, (*said[:-1], *_told(report), said[-1]), None, error)


def _spread(draft: Draft, county: County) -> Spread:
    buildings = county.table("buildings")
    shapes = draft.shapes
    drawn = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    if not drawn.any():
        _forget_places(draft)
    if "building" in draft.columns.ours:
        return _by_building(draft, buildings)
    if drawn.any() and (shapely.get_dimensions(shapes[drawn]) == 0).all():
        check_shapes(draft)
        place_rows(draft, county.crs, county.outline)
        return _by_place(draft, buildings)
    beyond: dict[int, float] = {}
    if drawn.any():
        check_shapes(draft)
        place_rows(draft, county.crs, county.outline, beyond=beyond)
    elif not {"code", "name"} & set(draft.columns.ours):
        raise InputError(
            "文件没有建筑编号、网格编码或名称列，也没有图形，人口无法落图：请用 --field 指明，例如 --field code=村编码。",
            "There is no column with building ids, grid codes or names and no geometry, so nothing says where the people "
            "live: name a column with --field.",
        )
    return _by_unit(draft, buildings, county, beyond if drawn.any() else None)


def _forget_places(draft: Draft) -> None:
    """Say nothing of missing places where a table has none and needs none."""
    facts = draft.source.facts
    draft.notes = [w for w in draft.notes if w not in facts["warnings"]]
    draft.evidence = [w for w in draft.evidence if w not in facts["evidence"] or "坐标" not in w[0]]


def _heads(draft: Draft) -> dict[str, list[Any]]:
    """Return the numbers of each row; rows without any are persons, who count one each."""
    return {k: draft.values[k] for k in HEADCOUNTS if k in draft.values} or {"persons": [1] * len(draft.good)}


def _by_building(draft: Draft, buildings: gpd.GeoDataFrame) -> Spread:
    at_of = {str(i): k for k, i in enumerate(buildings["id"])}
    home: list[int | None] = [at_of.get(str(i)) for i in draft.values["building"]]
    for at, (called, k) in enumerate(zip(draft.values["building"], home, strict=True)):
        if k is None:
            unknown = (f"没有编号为“{called}”的建筑", f"there is no building '{called}'")
            draft.reject(at, unknown if called else ("没有建筑编号", "it names no building"))
    return _counted(draft, Spread(buildings, BY_BUILDING), home)


def _by_place(draft: Draft, buildings: gpd.GeoDataFrame) -> Spread:
    rows = np.flatnonzero(draft.good)
    home: list[int | None] = [None] * len(draft.good)
    tree = shapely.STRtree(np.asarray(buildings.geometry.values, dtype=object))
    point, near = tree.query_nearest(draft.shapes[rows], max_distance=NEAR_M, all_matches=False)
    for at, k in zip(rows[point].tolist(), near.tolist(), strict=True):
        home[at] = k
    for at in rows.tolist():
        if home[at] is None:
            draft.reject(at, (f"{NEAR_M:.0f} 米内没有建筑", f"there is no building within {NEAR_M:.0f} m"))
    return _counted(draft, Spread(buildings, BY_NEAREST), home)


def _counted(draft: Draft, spread: Spread, home: list[int | None]) -> Spread:
    heads = _heads(draft)
    rows = np.flatnonzero(draft.good).tolist()
    for name, values in heads.items():
        said = [at for at in rows if values[at] is not None]
        spread.add(name, [home[at] for at in said], [values[at] for at in said])
    if not set(heads) & set(draft.values):
        draft.notes.append(("逐人名册：只计数，不保存个人", "rows of persons: counted only, no person is kept"))
    elif len({home[at] for at in rows}) < len(rows):
        draft.notes.append(("同一建筑的多行已相加", "rows of the same building were added up"))
    for k in sorted({int(h) for at in rows if (h := home[at]) is not None}):
        own = {n: int(f[k]) for n, f in spread.figures.items() if f[k] >= 0 and n in ("households", "persons")}
        spread.rows.append(
            {
                "id": f"building:{spread.buildings['id'].iloc[k]}",
                "kind": "building",
                "code": spread.buildings["id"].iloc[k],
            }
            | own
        )
    return spread


def _by_unit(draft: Draft, buildings: gpd.GeoDataFrame, county: County, beyond: dict[int, float] | None) -> Spread:
    """Share out the people of villages, grids or, where `beyond` tells those outside the county, areas."""
    spread, heads = Spread(buildings, BY_VOLUME), {k: draft.values[k] for k in HEADCOUNTS if k in draft.values}
    if not heads:
        columns = [str(c) for c in draft.source.frame.columns if c != draft.source.frame.geometry.name]
        raise InputError(
            f"没有户数或人口列：请用 --field persons=列名 指明，现有列：{'、'.join(columns)[:200]}。",
            f"No column of households or persons: name one with --field persons=COLUMN; it has {', '.join(columns)[:200]}.",
        )
    plan, drawn = county.plan, beyond is not None
    totals = [] if drawn else take_totals(draft)
    codes = _unit_codes(draft, plan, drawn=drawn)
    spread.totals = check_totals(draft, heads, totals)
    xy = buildings[["x", "y"]].to_numpy(dtype=np.float64).reshape(-1, 2)
    leaf = np.array([c if isinstance(c, str) else "" for c in locate(plan, xy).to_numpy()], dtype=str)
    weights = volumes(buildings) if len(buildings) else np.empty(0)
    times = np.zeros(len(buildings), dtype=np.int64)
    rows = np.flatnonzero(draft.good)
    share = np.ones(len(draft.good))
    share[rows] = part_inside(draft.shapes[rows], county.outline) if drawn else 1.0
    for at in rows.tolist():
        mine = np.flatnonzero(
            shapely.intersects_xy(draft.shapes[at], xy[:, 0], xy[:, 1]) if drawn else np.char.startswith(leaf, codes[at] or "?")
        )
        times[mine] += 1
        said = {k: v[at] for k, v in heads.items() if v[at] is not None}
        _share_out(spread, _unit_row(draft, at, codes[at]), said, mine, weights, float(share[at]))
    _say_beyond(spread, draft, heads, share, beyond or {})
    if several := int(np.count_nonzero(times > 1)):
        draft.notes.append((f"{several} 栋建筑在互相重叠的几个面内，各面人数都计入",
                            f"{several} buildings lie in several areas that overlap and got people of each"))  # fmt: skip
    return spread


def _unit_row(draft: Draft, at: int, code: str | None) -> dict[str, Any]:
    """Return what is known of a row besides its figures."""
    name = (draft.values.get("name") or [None] * len(draft.good))[at]
    shape = draft.shapes[at] if shapely.area(draft.shapes[at]) > 0 else None
    return {"row": at + 1, "id": f"unit:{code or name or at + 1}", "kind": "unit", "code": code, "name": name, "geometry": shape}


def _share_out(spread: Spread, row: dict[str, Any], said: dict[str, int], mine: Any, weights: Any, part: float) -> None:
    """Share out the people of one row to its buildings; of an area that crosses the border, those of its part inside."""
    here = {k: inside(v, part) for k, v in said.items()}
    for k, v in said.items():
        spread.outside[k] = spread.outside.get(k, 0) + v - here[k]
    spread.rows.append(row | said)
    if not len(mine):
        spread.homeless.append({k: row[k] for k in ("row", "code", "name")} | here)
        return
    share = weights[mine] if weights[mine].any() else np.ones(len(mine))
    for k, total in here.items():
        spread.add(k, mine, apportion(total, share))


def _say_beyond(spread: Spread, draft: Draft, heads: dict[str, list[Any]], share: Any, beyond: dict[int, float]) -> None:
    """Count the people of areas outside the county, and say how many areas are out or cross its border."""
    spread.beyond = sorted(beyond)
    for k, v in heads.items():
        spread.outside[k] = spread.outside.get(k, 0) + sum(v[at] or 0 for at in beyond)
    crossing = int((share[draft.good] < 1).sum())
    if crossing or beyond:
        draft.notes.append((
            f"{len(beyond)} 块在县界外，{crossing} 块跨县界（按面积只计县内部分，县内占 99% 以上的整块计入）",
            f"{len(beyond)} areas lie outside the county and {crossing} cross its border: of these the part inside counts, by "
            "ground; those with 99 % or more inside count whole",
        ))  # fmt: skip


def _unit_codes(draft: Draft, plan: Plan, *, drawn: bool) -> list[str | None]:
    """Return the code of the grid that each row is about; rows that name none are kept out unless they are drawn."""
    names: dict[str, list[str]] = {}
    for code, grid in plan.grids.items():
        for name in dict.fromkeys((grid.name, _folded(grid.name))):
            names.setdefault(name, []).append(code)
    n = len(draft.good)
    given, called = draft.values.get("code") or [None] * n, draft.values.get("name") or [None] * n
    codes: list[str | None] = [None] * n
    for at in np.flatnonzero(draft.good).tolist():
        alike = names.get(called[at] or "") or names.get(_folded(called[at] or ""), [])
        codes[at] = _known_code(given[at], plan) or (alike[0] if len(alike) == 1 else None)
        if codes[at] is None and not drawn:
            said = given[at] or called[at] or ""
            several = (
                f"有 {len(alike)} 个网格名为“{said}”，请给编码",
                f"{len(alike)} grids are named '{said}': give the code",
            )
            none = (f"没有编码或名称为“{said}”的网格", f"there is no grid '{said}'")
            draft.reject(at, several if len(alike) > 1 else none)
    _reject_nested(draft, codes, drawn=drawn)
    return codes


def _folded(name: str) -> str:
    """Return a name without case, accents, blanks and marks, which lists and maps write differently."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return re.sub(r"[\W_]+", "", plain).casefold()


def _known_code(text: str | None, plan: Plan) -> str | None:
    if text is None or text in plan.grids or text == plan.county_code:
        return text
    widths = [w for w in plan.scheme.widths if w < len(text) and not text[w:].strip("0") and text[:w] in plan.grids]
    return text[: min(widths)] if widths else None


def _reject_nested(draft: Draft, codes: list[str | None], *, drawn: bool) -> None:
    """Keep out what would count twice: a grid named twice, or one whose parts are in the file, too."""
    seen: dict[str, int] = {}
    finer = {c[:w] for c in codes if c for w in range(1, len(c))}
    for at in np.flatnonzero(draft.good).tolist():
        code = codes[at]
        if code is None or drawn:
            continue
        if code in seen:
            draft.reject(at, (f"“{code}”在第 {seen[code] + 1} 行已有", f"'{code}' stands in row {seen[code] + 1}, too"))
        elif code in finer:
            draft.reject(
                at,
                (
                    f"“{code}”的下级也在文件中，会重复计算",
                    f"parts of '{code}' are in the file, too: it would count twice",
                ),
            )
        seen.setdefault(code, at)


def _totals(draft: Draft, spread: Spread) -> dict[str, Any]:
    rows = np.flatnonzero(draft.good).tolist()
    given = {k: sum(v[at] or 0 for at in [*rows, *spread.beyond]) for k, v in _heads(draft).items()}
    outside = {k: n for k, n in spread.outside.items() if n}
    placed = {k: int(f[f > 0].sum()) for k, f in spread.figures.items()}
    return {
        "method": spread.method[1], "method_zh": spread.method[0], "given": given,
        "placed": {k: placed.get(k, 0) for k in given}, "without_buildings": spread.homeless,
        "outside": outside, "totals": spread.totals,
    }  # fmt: skip


def _told(r: dict[str, Any]) -> list[Words]:
    n, homeless = r["counts"]["buildings"], r["without_buildings"]
    placed, given, outside = (named(r[k]) for k in ("placed", "given", "outside"))
    out = [(f"{n} 栋建筑有了新的数字：{placed[0]}（文件合计 {given[0]}）。",
            f"{n} buildings have new figures: {placed[1]} (in the file {given[1]}).")]  # fmt: skip
    if r["outside"]:
        out.append((f"县界外 {outside[0]}，未计入。", f"Outside the county: {outside[1]}, not counted."))
    for unit in homeless[:_SHOWN]:
        called, left = unit["code"] or unit["name"] or f"#{unit['row']}", named({k: unit[k] for k in HEADCOUNTS if unit.get(k)})
        out.append((f"“{called}”范围内没有建筑，{left[0]} 未落图，已保留在人口资料中。",
                    f"There are no buildings in '{called}': {left[1]} are in no building, kept in the table."))  # fmt: skip
    if len(homeless) > _SHOWN:
        rest = named({k: sum(u.get(k) or 0 for u in homeless[_SHOWN:]) for k in r["given"]})
        out.append((f"另有 {len(homeless) - _SHOWN} 处没有建筑：{rest[0]}。", f"{len(homeless) - _SHOWN} more have none: {rest[1]}."))
    return out
