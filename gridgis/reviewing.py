"""Repair as a reviewed step: every fault of a drawing with what was done, who lives there, and what may be decided.

The account goes out as GeoJSON or XLSX; the decisions come back as JSON, CSV or the same workbook with its
column ``decision`` filled in.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridgis.cleaning.repair import Spot
from gridgis.county import County
from gridgis.errors import InputError
from gridgis.io.geojson import write_geojson
from gridgis.io.sheets import read_book
from gridgis.io.workbook import Sheet, write_workbook
from gridgis.schema import FIGURES, MM, reproject

__all__ = ["Decision", "entries", "exceptions_of", "read_decisions", "require_known", "write_review"]

Decision = tuple[str, str]
"""What was decided, and why."""
_COUNTED = ("households", "persons", "buildings")
_STATES = {"asked": ("待决定", "to be decided"), "mended": ("已修复", "mended"), "left": ("保持原样", "left as it is"),
           "decided": ("已决定", "decided")}  # fmt: skip
_RULES = {
    "overlap": ("重叠", "overlap"), "gap": ("空隙", "gap"), "unassigned": ("大空隙，未划入网格", "large gap, in no grid"),
    "outside": ("超出县区边界", "outside the county"), "locked": ("越入其他上级网格", "inside another parent"),
    "sliver": ("碎屑", "sliver"), "vanished": ("被其他网格完全覆盖", "covered by others altogether"),
    "multi_part": ("网格不连片", "grid in several parts"),
}  # fmt: skip
_HEADS = {
    "id": "编号", "rule": "问题", "state": "状态", "codes": "涉及网格", "area_m2": "面积（平方米）", "to": "划给", "households": "户数",
    "persons": "人口", "buildings": "建筑数", "lon": "经度", "lat": "纬度", "choices": "可作的决定", "decision": "决定", "reason": "原因",
}  # fmt: skip


def entries(county: County, settled: Sequence[Spot], asked: Sequence[Spot]) -> list[dict[str, Any]]:
    """Return one entry for each fault of a drawing, the open questions first.

    Parameters
    ----------
    county
        The county, for who lives there.
    settled
        What was mended, left or decided.
    asked
        What is too large to be settled without a word from somebody.

    Returns
    -------
    list of dict
        ``id`` (the same for the same file and county), ``rule``, ``state`` (asked, mended, left, decided), ``codes``,
        ``area_m2``, ``to`` (code that has the land now), ``households``, ``persons``, ``buildings`` in the place,
        ``lon``, ``lat`` (CGCS2000), ``choices``, ``decision``, ``wkt`` in the county's CRS.
    """
    rows = [(s, "asked") for s in asked] + [(s, _state(s)) for s in settled]
    rows.sort(key=lambda r: (r[1] != "asked", -r[0].area_m2))
    return [_entry(county, spot, state) for spot, state in rows]


def _state(spot: Spot) -> str:
    if spot.decision:
        return "decided"
    return {"unassigned": "asked", "multi_part": "left"}.get(spot.rule, "mended")


def _entry(county: County, spot: Spot, state: str) -> dict[str, Any]:
    at = reproject(shapely.Point(spot.point), county.crs, 4490)
    return {
        "id": spot.key, "rule": spot.rule, "state": state, "codes": list(spot.codes), "area_m2": round(spot.area_m2, 3),
        "to": spot.owner, **_residents(county, spot.shape), "lon": round(at.x, 7), "lat": round(at.y, 7),
        "choices": _choices(spot), "decision": spot.decision,
        "wkt": shapely.to_wkt(spot.shape, rounding_precision=3) if spot.shape is not None else None,
    }  # fmt: skip


def _residents(county: County, shape: Any) -> dict[str, int]:
    """Return households, persons and buildings located in a place."""
    if shape is None or shape.is_empty:
        return dict.fromkeys(_COUNTED, 0)
    near = county.elements.around(shape.bounds)
    x, y = (near.points_mm / MM).T
    shapely.prepare(shape)
    total = near.figures[shapely.intersects_xy(shape, x, y)].sum(axis=0)
    return {name: int(total[FIGURES.index(name)]) for name in _COUNTED}


def _choices(spot: Spot) -> list[str]:
    if spot.rule == "overlap":
        return list(spot.codes)
    if spot.rule in ("gap", "unassigned"):
        return ["CODE", "leave", "except"]
    return {"outside": ["clip"], "locked": ["clip"], "vanished": ["drop"]}.get(spot.rule, [])


def write_review(path: str | Path, found: Sequence[Mapping[str, Any]], epsg: int) -> None:
    """Write the entries as GeoJSON (by the ending ``.geojson`` or ``.json``) or as a workbook (``.xlsx``).

    Parameters
    ----------
    path
        The file.
    found
        Of `entries`.
    epsg
        The county's CRS.

    Raises
    ------
    InputError
        Another ending, or the file cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() == ".xlsx":
        write_workbook(path, [Sheet("审阅 review", _sheet(found), "在“决定”一列填写后，用 import … --decide 交回。")])
        return
    if path.suffix.lower() not in (".geojson", ".json"):
        raise InputError(f"“{path.name}”应以 .geojson 或 .xlsx 结尾。", f"'{path.name}' must end in .geojson or .xlsx.")
    features = []
    for row in found:
        shape = reproject(shapely.from_wkt(row["wkt"]), epsg, 4490) if row["wkt"] else None
        plain = {k: v for k, v in row.items() if k != "wkt"}
        geometry = shapely.geometry.mapping(shape) if shape is not None else None
        features.append({"type": "Feature", "id": row["id"], "properties": plain, "geometry": geometry})
    write_geojson(json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False), path)


def _sheet(found: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    rows = []
    for row in found:
        words = {"rule": _RULES[row["rule"]][0], "state": _STATES[row["state"]][0], "codes": "、".join(row["codes"])}
        rows.append({**row, **words, "choices": " / ".join(row["choices"]), "reason": ""})
    return pd.DataFrame(rows, columns=list(_HEADS)).rename(columns=_HEADS)


def read_decisions(path: str | Path) -> dict[str, Decision]:
    """Read decisions: JSON ``{id: code}`` or ``{id: {"decision": …, "reason": …}}``, or a table with those columns.

    Parameters
    ----------
    path
        .json, .csv, .tsv or .xlsx; rows without a decision are passed over.

    Raises
    ------
    InputError
        The file cannot be read, or has no columns ``id`` and ``decision``.
    """
    path = Path(path)
    if path.suffix.lower() == ".json":
        return _of_json(path)
    sheets = [s for s in read_book(path).sheets if not s.hidden]
    for sheet in sheets:
        for top in sorted(sheet.rows):
            heads = {cell.text.strip(): column for column, cell in sheet.rows[top].items()}
            at = {k: heads.get(_HEADS[k], heads.get(k)) for k in ("id", "decision", "reason")}
            if at["id"] is None or at["decision"] is None:
                continue
            text = {
                row: {k: cells[c].text.strip() if c in cells else "" for k, c in at.items()}
                for row, cells in sheet.rows.items() if row > top
            }  # fmt: skip
            return {r["id"]: (r["decision"], r["reason"]) for r in text.values() if r["id"] and r["decision"]}
    raise InputError(
        f"“{path.name}”没有“编号”和“决定”两列：请在 --review 写出的表中填写。",
        f"'{path.name}' has no columns 'id' and 'decision': fill in the table that --review writes.",
    )


def _of_json(path: Path) -> dict[str, Decision]:
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"))
        rows = {str(k): v if isinstance(v, dict) else {"decision": v} for k, v in data.items()}
        return {k: (str(v["decision"]), str(v.get("reason") or "")) for k, v in rows.items() if v.get("decision")}
    except OSError as error:
        raise InputError(
            f"无法读取“{path}”：{error.strerror}。", f"'{path}' cannot be read: {error.strerror}."
        ) from error
    except (ValueError, AttributeError, RecursionError) as error:
        raise InputError(
            f'“{path.name}”不是决定文件：应为 {{"编号": "决定"}}。',
            f'\'{path.name}\' holds no decisions: write {{"id": "decision"}}.',
        ) from error


def require_known(decisions: Mapping[str, Decision], spots: Sequence[Spot]) -> None:
    """Refuse decisions on faults that are not there, and exceptions without a reason.

    Raises
    ------
    InputError
        A decision fits nothing: the file or the county changed since the review.
    """
    known = {s.key for s in spots}
    for key, (decision, reason) in decisions.items():
        if key not in known:
            raise InputError(
                f"决定“{key}”对不上文件中的任何问题：文件或县区在审阅后变了，请重新审阅。",
                f"The decision '{key}' fits no fault of this file: file or county changed since; review it anew.",
            )
        if decision == "except" and not reason.strip():
            raise InputError(f"把“{key}”登记为例外必须写明原因。", f"To make '{key}' an exception, give the reason.")


def exceptions_of(
    county: County, spots: Sequence[Spot], decisions: Mapping[str, Decision], by: str
) -> gpd.GeoDataFrame | None:
    """Return the table of exceptions with those that were decided on; None when there are none."""
    mine = [s for s in spots if s.decision == "except"]
    if not mine:
        return None
    rows = county.table("exceptions")
    first = max([int(str(i)[1:]) for i in rows["id"] if str(i)[1:].isdecimal()], default=0) + 1
    fresh = [
        {"id": f"X{first + k:04d}", "rule": "unassigned", "code": "", "reason": decisions[s.key][1], "by": by,
         "at": county.today, "until": "", "geometry": s.shape}
        for k, s in enumerate(mine)
    ]  # fmt: skip
    both = pd.concat([pd.DataFrame(rows), pd.DataFrame(fresh)], ignore_index=True)
    shapes = np.asarray(both["geometry"], dtype=object)
    return gpd.GeoDataFrame(both.drop(columns="geometry"), geometry=shapes, crs=county.crs)
