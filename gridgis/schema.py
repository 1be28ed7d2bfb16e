"""The columns of each table of a county, the CRS rule and the 1 mm lattice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from gridgis.errors import InputError

SCHEMA_VERSION = 3
MM = 1000.0
"""Millimetres per metre: coordinates are kept on the lattice of whole millimetres."""

FIGURES = ("households", "persons", "buildings", "places", "roads", "incidents")
"""What is counted in each cell, as whole numbers; every element counts in exactly one cell."""


@dataclass(frozen=True)
class Column:
    """One column of a table: SQL kind (`text`, `int`, `real`, `geometry`) and its Chinese alias."""

    name: str
    kind: str
    zh: str


def _columns(*triples: str) -> tuple[Column, ...]:
    return tuple(Column(*t.split(" ", 2)) for t in triples)


_FIGURE_COLUMNS = _columns(
    "households int 户数", "persons int 人口", "buildings int 建筑数",
    "places int 场所数", "roads int 道路段数", "incidents int 事件数",
)  # fmt: skip

TABLES: dict[str, tuple[Column, ...]] = {
    "cells": _columns(
        "id int 基元号", "code text 统一编码", "added_in int 加入版本", "removed_in int 移除版本",
    ) + _FIGURE_COLUMNS + _columns("geometry geometry 范围"),
    "grids": _columns(
        "code text 统一编码", "level text 层级", "kind text 类型", "name text 名称",
        "category text 物业形态", "class text 难度等级", "zone text 分区",
        "valid_from text 启用日期", "valid_to text 停用日期", "void_reason text 停用原因",
        "added_in int 加入版本", "removed_in int 移除版本", "geometry geometry 范围",
    ),
    "boundaries": _columns("code text 统一编码", "level text 层级", "name text 名称", "source text 来源",
                           "as_of text 截至日期", "geometry geometry 范围"),
    "buildings": _columns(
        "id text 建筑编号", "households int 户数", "persons int 人口", "floating int 流动人口",
        "elderly_alone int 独居老人", "disabled int 残疾人", "storeys int 层数", "use text 用途", "address text 地址",
        "extra text 其他属性", "source text 来源", "as_of text 截至日期", "x real 横坐标", "y real 纵坐标", "geometry geometry 范围",
    ),
    "roads": _columns("id text 道路编号", "name text 名称", "class text 等级", "layer int 立体层", "extra text 其他属性",
                      "source text 来源", "as_of text 截至日期", "x real 横坐标", "y real 纵坐标", "geometry geometry 线形"),
    "water": _columns("id text 水系编号", "name text 名称", "class text 类别", "extra text 其他属性",
                      "source text 来源", "as_of text 截至日期", "geometry geometry 范围"),
    "places": _columns("id text 场所编号", "kind text 类别", "name text 名称", "address text 地址",
                       "extra text 其他属性", "source text 来源", "as_of text 截至日期", "x real 横坐标", "y real 纵坐标", "geometry geometry 位置"),
    "incidents": _columns(
        "id text 事件编号", "at text 发生时间", "category text 类别", "status text 状态", "due_at text 时限",
        "closed_at text 办结时间", "handled_in text 处置方式", "valid int 是否有效", "address text 地址",
        "note text 说明", "photo text 照片", "extra text 其他属性", "source text 来源",
        "as_of text 截至日期", "x real 横坐标", "y real 纵坐标", "geometry geometry 位置",
    ),
    "incident_steps": _columns(
        "id text 步骤编号", "incident text 事件编号", "at text 时间", "action text 动作", "staff text 人员编号",
        "organisation text 组织编号", "code text 网格编码", "note text 备注", "by text 登记人",
    ),
    "photos": _columns("id text 照片编号", "incident text 事件编号", "media text 格式", "data text 内容", "at text 时间"),
    "tracks": _columns("id text 轨迹编号", "staff text 人员编号", "since text 开始时间", "until text 结束时间", "extra text 其他属性",
                       "source text 来源", "as_of text 截至日期", "geometry geometry 轨迹"),
    "population": _columns(
        "id text 记录编号", "kind text 资料类型", "code text 所指区域编码", "name text 所指区域名称", "households int 户数",
        "persons int 人口", "method text 落图方法", "source text 来源", "as_of text 截至日期", "geometry geometry 范围",
    ),
    "rasters": _columns(
        "id text 栅格编号", "kind text 类别", "name text 名称", "unit text 单位", "data text 内容", "source text 来源",
        "as_of text 截至日期",
    ),
    "nets": _columns("net text 网络", "code text 编码", "name text 名称", "kind text 类型", "source text 来源",
                     "as_of text 截至日期", "geometry geometry 范围"),
    "exceptions": _columns(
        "id text 例外编号", "rule text 规则", "code text 统一编码", "reason text 原因", "by text 登记人", "at text 登记日期",
        "until text 有效期至", "geometry geometry 范围",
    ),
    "staff": _columns(
        "id text 人员编号", "name text 姓名", "phone text 电话", "role text 岗位", "organisation text 所属组织",
        "x real 住处横坐标", "y real 住处纵坐标", "source text 来源", "as_of text 截至日期",
    ),
    "organisations": _columns(
        "id text 组织编号", "kind text 类别", "name text 名称", "phone text 电话", "code text 所在网格",
        "parent text 上级组织", "x real 横坐标", "y real 纵坐标", "source text 来源", "as_of text 截至日期",
    ),
    "postings": _columns(
        "id text 任职编号", "role text 岗位", "code text 网格编码", "staff text 人员编号", "organisation text 组织编号",
        "since text 起始日期", "until text 终止日期", "note text 备注", "source text 来源",
    ),
    "visits": _columns("id text 走访编号", "staff text 人员编号", "code text 网格编码", "at text 走访日期",
                       "note text 备注", "source text 来源"),
}  # fmt: skip
"""Tables of the county file with their Chinese field aliases; those with a geometry are map layers."""

LAYERS = tuple(name for name, columns in TABLES.items() if any(c.kind == "geometry" for c in columns))
"""Tables that a desktop GIS shows on the map; the others are registers of people and bodies."""

TABLE_ALIASES = {
    "cells": "基元", "grids": "网格（全部版本）", "boundaries": "固定界线", "buildings": "建筑", "roads": "道路",
    "water": "水系", "places": "场所", "incidents": "事件", "incident_steps": "事件流转", "photos": "事件照片",
    "tracks": "巡查轨迹", "population": "人口资料", "rasters": "栅格资料",
    "nets": "其他部门的网络", "exceptions": "例外", "staff": "人员台账",
    "organisations": "组织台账", "postings": "任职", "visits": "走访",
}  # fmt: skip


def county_epsg(lon: float, lat: float = 35.0) -> int:
    """Return the EPSG code of the CRS in which a county around a point is kept.

    Parameters
    ----------
    lon, lat
        Degrees, of the centroid of the county's outline.

    Returns
    -------
    int
        The CGCS2000 3-degree Gauss-Krueger zone without prefix (EPSG 4534 to 4554, CM 75 E to 135 E).
        Outside China, where that frame has no zones, the WGS84 UTM zone.

    Raises
    ------
    InputError
        The numbers are no longitude and latitude.
    """
    if not (-180 <= lon <= 180 and -80 <= lat <= 84):
        raise InputError(
            f"经度 {lon:.4f}、纬度 {lat:.4f} 不是有效的位置：请检查坐标系或经纬度顺序。",
            f"Longitude {lon:.4f}, latitude {lat:.4f} is no place on earth: check the CRS or the order of the two.",
        )
    zone = int(np.floor(lon / 3 + 0.5))
    if 25 <= zone <= 45 and 0 <= lat <= 60:
        return 4534 + (zone - 25)
    return (32601 if lat >= 0 else 32701) + min(int((lon + 180) // 6), 59)


def to_lattice(geometries: Any) -> Any:
    """Round the coordinates of shapely geometries to whole millimetres; structure is kept."""
    return shapely.transform(geometries, lambda xy: np.round(xy * MM) / MM)


def mm(xy: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return coordinates in metres as whole millimetres."""
    return np.round(xy * MM).astype(np.int64)


def metres(xy_mm: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return whole millimetres as metres; the inverse of `mm`, bit for bit."""
    return np.asarray(xy_mm / MM)


def point_array(xy: NDArray[np.float64]) -> NDArray[np.object_]:
    """Return coordinates in metres, shape (n, 2), as an array of points."""
    return np.asarray(shapely.points(xy), dtype=object).reshape(-1)


def parse_crs(text: object) -> CRS:
    """Return the CRS that `text` (EPSG number, ``EPSG:4490``, WKT) names.

    Raises
    ------
    InputError
        PROJ does not know it.
    """
    try:
        return CRS.from_user_input(int(str(text)) if str(text).isascii() and str(text).isdigit() else text)
    except (CRSError, ValueError) as error:
        raise InputError(
            f"坐标系“{text}”无法识别：请用 EPSG 编号，例如 4490 或 4548。",
            f"The CRS '{text}' is not known: give an EPSG number such as 4490 or 4548.",
        ) from error


def reproject(geometries: Any, source: Any, target: Any) -> Any:
    """Return shapely geometries in another CRS; coordinates are easting first, longitude first.

    Parameters
    ----------
    geometries
        A geometry or an array of them.
    source, target
        CRS as pyproj takes them.
    """
    transformer = Transformer.from_crs(source, target, always_xy=True)

    def move(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(transformer.transform(xy[:, 0], xy[:, 1]))

    return shapely.transform(geometries, move)
