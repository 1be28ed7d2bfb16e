"""The columns of the e-map tables: what they are called in the files of counties and of OpenStreetMap, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from gridgis.registers.fields import plain_head


@dataclass(frozen=True)
class Field:
    """One column of an e-map table.

    Attributes
    ----------
    key
        Our name of it.
    kind
        ``id``, ``text``, ``count`` (a whole number from 0), ``whole`` (any whole number), ``when`` (a date, with
        its time where one is given), or ``flag`` (yes or no).
    heads
        Headers that mean it, the Chinese one of our own first.
    """

    key: str
    kind: str
    heads: tuple[str, ...]

    @property
    def zh(self) -> str:
        """Its name in Chinese."""
        return self.heads[0]


def _fields(**lines: str) -> tuple[Field, ...]:
    return tuple(Field(key.rstrip("_"), *_split(line)) for key, line in lines.items())


def _split(line: str) -> tuple[str, tuple[str, ...]]:
    kind, *heads = line.split()
    return kind, tuple(heads)


_SOURCE = Field("source", "text", ("来源", "数据来源", "资料来源"))
_AS_OF = Field("as_of", "when", ("截至日期", "数据日期", "统计日期", "统计时点", "更新日期", "更新时间", "采集日期"))
HEADCOUNTS = ("households", "persons", "floating", "elderly_alone", "disabled")
"""What is counted of the people in a building."""
_HEADCOUNT = {
    "households": "count 户数 总户数 住户数 居民户数 household hh hhs 住户",
    "persons": "count 人口 人数 总人口 人口数 常住人口 户籍人口 居住人数 居民人数 person people population pop population_total "
    "total_population totpop tot_pop pop_total habitants população populacao obyvatel obyvatelé",
    "floating": "count 流动人口 流动人口数 外来人口 暂住人口 floating_population migrants",
    "elderly_alone": "count 独居老人 独居老人数 空巢老人 空巢老人数 elderly",
    "disabled": "count 残疾人 残疾人数 残疾人口",
}
_ADDRESS = "text 地址 详细地址 门牌地址 标准地址 门牌号 坐落 住址 发生地址 事发地址 事发地点 发生地点 地点 addr addr_full addr:full street_address"

FIELDS: Mapping[str, tuple[Field, ...]] = MappingProxyType({
    "buildings": (
        *_fields(
            id="id 建筑编号 楼栋编号 楼栋编码 建筑物编号 房屋编号 房屋编码 建筑编码 楼栋号 编号 building_id bldg_id objectid osm_id full_id uid",
            **_HEADCOUNT,
            storeys="count 层数 楼层 楼层数 总层数 地上层数 建筑层数 floors floor levels building:levels num_floors storey stories numfloors",
            use="text 用途 建筑用途 房屋用途 使用性质 房屋类型 建筑类型 类型 类别 building usage type fclass",
            address=_ADDRESS,
        ), _SOURCE, _AS_OF,
    ),
    "roads": (
        *_fields(
            id="id 道路编号 道路编码 路段编号 编号 road_id link_id objectid osm_id full_id",
            name="text 名称 道路名称 路名 街道名称 roadname road_name street",
            class_="text 等级 道路等级 道路类型 道路类别 类别 类型 highway fclass road_class type",
            layer="whole 立体层 层 level z_order",
        ), _SOURCE, _AS_OF,
    ),
    "water": (
        *_fields(
            id="id 水系编号 水系编码 河流编号 编号 water_id objectid osm_id full_id",
            name="text 名称 水系名称 河流名称 河名 river_name",
            class_="text 类别 类型 水系类型 等级 waterway water natural fclass type",
        ), _SOURCE, _AS_OF,
    ),
    "places": (
        *_fields(
            id="id 场所编号 场所编码 单位编号 兴趣点编号 编号 place_id poi_id objectid osm_id full_id",
            kind="text 类别 场所类别 类型 场所类型 兴趣点类型 分类 category fclass amenity shop tourism type",
            name="text 名称 场所名称 单位名称 企业名称 小区名称 学校名称 站点名称 place_name poi_name title",
            address=_ADDRESS,
        ), _SOURCE, _AS_OF,
    ),
    "incidents": (
        *_fields(
            id="id 事件编号 事件编码 工单编号 案件编号 任务号 编号 流水号 incident_id case_id objectid",
            at="when 发生时间 上报时间 受理时间 登记时间 事发时间 发现时间 创建时间 时间 日期 time datetime date created_at reported_at",
            category="text 类别 事件类别 事件类型 案件类型 类型 分类 大类 kind type",
            status="text 状态 办理状态 处置状态 事件状态 当前状态 state",
            due_at="when 时限 办理时限 截止时间 办结时限 due deadline",
            closed_at="when 办结时间 结案时间 完成时间 关闭时间 处置时间 closed finished_at",
            handled_in="text 处置方式 办理方式 处理方式",
            valid="flag 是否有效 有效 有效性 is_valid",
            address=_ADDRESS,
            note="text 说明 描述 事件描述 问题描述 内容 事件内容 备注 description remark notes",
            photo="text 照片 图片 附件 image picture",
        ), _SOURCE, _AS_OF,
    ),
    "tracks": (
        *_fields(
            id="id 轨迹编号 编号 track_id trackid",
            staff="text 人员编号 网格员编号 工号 人员 网格员 姓名 staff_id user user_id",
            since="when 开始时间 起始时间 出发时间 start begin start_time time 时间 timestamp",
            until="when 结束时间 终止时间 返回时间 end finish end_time",
        ), _SOURCE, _AS_OF,
    ),
    "population": (
        *_fields(
            building="id 建筑编号 楼栋编号 楼栋编码 建筑物编号 房屋编号 房屋编码 建筑编码 building_id bldg_id",
            code="id 网格编码 统一编码 编码 代码 村编码 社区编码 网格代码 区划代码 统计用区划代码 grid_code gridcode",
            name="text 网格名称 名称 村名 村名称 社区名称 村社区 行政村 村 社区 village community district_name",
            **_HEADCOUNT,
        ), _SOURCE, _AS_OF,
    ),
})  # fmt: skip
"""Fields of each e-map table that can be imported; our own key is a header, too."""

NAMES = MappingProxyType({
    "buildings": ("建筑", "buildings"), "roads": ("道路", "roads"), "water": ("水系", "water"),
    "places": ("场所", "places"), "incidents": ("事件", "incidents"), "tracks": ("巡查轨迹", "tracks"),
    "population": ("人口资料", "population"),
})  # fmt: skip

SHAPES = MappingProxyType({
    "buildings": ("Polygon", "Point"), "roads": ("LineString",), "water": ("Polygon", "LineString"),
    "places": ("Point", "Polygon"), "incidents": ("Point",), "tracks": ("LineString", "Point"),
    "population": ("Point", "Polygon"),
})  # fmt: skip
"""What may be drawn for each, multi-parts included."""

LETTERS = MappingProxyType(
    {"buildings": "B", "roads": "R", "water": "W", "places": "P", "incidents": "E", "tracks": "T"}
)
"""First letter of an id that is made."""

WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType({
    "places.kind": MappingProxyType({
        "小区": "compound", "住宅小区": "compound", "居民小区": "compound", "residential": "compound", "apartments": "compound",
        "企业": "enterprise", "公司": "enterprise", "工厂": "enterprise", "industrial": "enterprise", "works": "enterprise",
        "商店": "shop", "店铺": "shop", "商铺": "shop", "超市": "shop", "supermarket": "shop", "convenience": "shop",
        "医院": "hospital", "卫生院": "hospital", "clinic": "hospital", "学校": "school", "小学": "school", "中学": "school",
        "幼儿园": "school", "kindergarten": "school", "college": "school", "university": "school",
        "景区": "scenic", "景点": "scenic", "attraction": "scenic", "viewpoint": "scenic",
        "网格站": "station", "警务站": "station", "党群服务站": "station", "邻里中心": "station",
        "摄像头": "camera", "监控": "camera", "监控点": "camera", "surveillance": "camera",
    }),
    "incidents.status": MappingProxyType({
        "已上报": "reported", "待受理": "reported", "待处理": "reported", "未处理": "reported", "上报": "reported", "open": "reported",
        "处理中": "handling", "办理中": "handling", "处置中": "handling", "in progress": "handling",
        "已办结": "closed", "办结": "closed", "已结案": "closed", "结案": "closed", "已完成": "closed", "已关闭": "closed", "完成": "closed",
    }),
    "incidents.handled_in": MappingProxyType({
        "网格内": "grid", "自办": "grid", "自行处置": "grid", "网格自办": "grid", "联办": "joint", "联合处置": "joint",
        "转办": "dispatched", "派单": "dispatched", "上报派遣": "dispatched", "交办": "dispatched",
    }),
})  # fmt: skip
"""Words of files for the words that the product counts by; others are kept as they are."""


def fields_of(table: str) -> tuple[Field, ...]:
    """Return the fields of an e-map table that a file may bring.

    Parameters
    ----------
    table
        Name of the table.
    """
    return FIELDS[table]


def heads_of(field: Field) -> tuple[str, ...]:
    """Return all headers that mean a field as they are compared, the surest first.

    Parameters
    ----------
    field
        The field.
    """
    return tuple(dict.fromkeys(plain_head(h) for h in (field.key, *field.heads)))
