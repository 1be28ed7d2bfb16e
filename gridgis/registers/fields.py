"""The columns of each register: what they are called in the files of counties, and what they hold."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from types import MappingProxyType

LISTS = ("kinds", "categories", "classes", "zones", "roles", "organisations")
"""Lists of the scheme whose words a field may hold."""
KINDS = ("register", "staff", "organisations", "postings", "visits")
KIND_NAMES = MappingProxyType(
    {
        "register": ("网格台账", "Grid register"),
        "staff": ("人员台账", "Staff"),
        "organisations": ("组织台账", "Organisations"),
        "postings": ("任职", "Postings"),
        "visits": ("走访", "Visits"),
    }
)


@dataclass(frozen=True)
class Field:
    """One column of a register.

    Attributes
    ----------
    key
        Our name of it.
    type
        ``code`` (a living grid), ``id``, ``person``, ``text``, ``phone``, ``date``, ``number``, or the name of
        the scheme's list whose keys it holds.
    zh
        Its header in our templates.
    heads
        Other headers that mean the same.
    required
        True where no row makes sense without it.
    hint
        What to put in, in Chinese and English.
    """

    key: str
    type: str
    zh: str
    heads: tuple[str, ...] = ()
    required: bool = False
    hint: tuple[str, str] = ("", "")


def _field(key: str, kind: str, names: str, hint: tuple[str, str] = ("", "")) -> Field:
    """Return a field from its headers, the template's first; a star after the kind marks a required one."""
    zh, *heads = names.split()
    return Field(key, kind.rstrip("*"), zh, (key, *heads), kind.endswith("*"), hint)


_CODE = "网格编码 统一编码 编码 代码 网格代码 网格统一编码 网格编号 区划代码 gridcode grid_code wgbm grid"
_CODE_HINT = ("网格的统一编码，文本；须为县区中现有的网格", "Unified code of a living grid of the county, as text")
_PHONE = "电话 手机 手机号 手机号码 联系方式 联系电话 电话号码 移动电话 办公电话 值班电话 tel mobile telephone"
_PHONE_HINT = (
    "11 位手机号，或带区号的固定电话，可加分机：0595-23520000-801",
    "11-digit mobile, or area code and number",
)
_NAME_HEADS = "姓名 人员姓名 名字 网格员姓名 网格员 person"
_DATE_HINT = ("日期，如 2026-03-01", "A date such as 2026-03-01")
_SOURCE = _field(
    "source", "text", "来源 数据来源 资料来源", ("数据来源，可不填", "Where it comes from; may be left out")
)
_AS_OF = _field("as_of", "date", "截至日期 数据日期 更新日期 更新时间", _DATE_HINT)
_POINT = (
    _field("lon", "number", "经度 lng longitude", ("住处或办公地点的经度（WGS84/CGCS2000），可不填", "Longitude in degrees; may be left out")),
    _field("lat", "number", "纬度 latitude", ("纬度，可不填", "Latitude in degrees; may be left out")),
)  # fmt: skip

FIELDS: MappingProxyType[str, tuple[Field, ...]] = MappingProxyType({
    "register": (
        _field("code", "code*", _CODE, _CODE_HINT),
        _field("name", "text", "网格名称 名称 网格名 gridname grid_name wgmc mc", ("网格名称", "Name of the grid")),
        _field("kind", "kinds", "网格类型 类型 网格种类", ("可选值见下拉列表", "One of the list")),
        _field("category", "categories", "物业形态 类别 网格类别 形态", ("可选值见下拉列表", "One of the list")),
        _field("class", "classes", "难度等级 等级 管理类别 管理等级 class_", ("可选值见下拉列表", "One of the list")),
        _field("zone", "zones", "分区 区域 区域类型 城乡", ("可选值见下拉列表", "One of the list")),
        _field("level", "-", "层级 网格层级 级别"),
        _field("area_m2", "-", "面积"),
    ),
    "staff": (
        _field("id", "id", "人员编号 编号 工号 员工编号 人员id staff_id",
               ("可不填：同名同电话即为同一人", "May be left out: the same name and phone is the same person")),
        _field("name", "person*", _NAME_HEADS, ("姓名", "Name")),
        _field("phone", "phone", _PHONE, _PHONE_HINT),
        _field("role", "roles", "岗位 职务 角色 身份 人员类别 岗位类型", ("可选值见下拉列表", "One of the list")),
        _field("organisation", "text", "所属组织 单位 所属单位 工作单位 部门 组织 company", ("组织编号或名称", "Id or name of a body")),
        *_POINT, _SOURCE, _AS_OF,
    ),
    "organisations": (
        _field("id", "id", "组织编号 编号 单位编号 机构编号 组织id organisation_id",
               ("可不填：同类同名同网格即为同一组织", "May be left out: the same kind, name and grid is the same body")),
        _field("kind", "organisations", "组织类别 类别 类型 组织类型 单位类型", ("可选值见下拉列表", "One of the list")),
        _field("name", "text*", "组织名称 名称 单位名称 机构名称 党支部名称 单位", ("名称", "Name")),
        _field("phone", "phone", _PHONE, _PHONE_HINT),
        _field("code", "code", "所在网格 " + _CODE, _CODE_HINT),
        _field("parent", "text", "上级组织 上级 上级单位 主管单位 隶属", ("上级组织的编号或名称", "Id or name of the body above")),
        *_POINT, _SOURCE, _AS_OF,
    ),
    "postings": (
        _field("id", "id", "任职编号 编号 posting_id", ("可不填", "May be left out")),
        _field("role", "roles*", "岗位 职务 角色 任职 岗位类型", ("可选值见下拉列表", "One of the list")),
        _field("code", "code*", _CODE, _CODE_HINT),
        _field("staff", "staff", "人员编号 人员 工号 staff_id " + _NAME_HEADS,
               ("人员编号；也可填姓名，同名时加电话", "Id of a person, or the name, with the phone where names are alike")),
        _field("phone", "phone", _PHONE, ("只用来区分同名的人", "Only to tell people of the same name apart")),
        _field("organisation", "body", "组织编号 组织 组织名称 单位 单位名称 organisation_id",
               ("由组织任职时填编号或名称；与人员二者填一", "Id or name of a body; either this or a person")),
        _field("since", "date", "起始日期 任职日期 开始日期 到岗日期 起", _DATE_HINT),
        _field("until", "date", "终止日期 结束日期 离任日期 止", ("仍在任则不填", "Empty while it lasts")),
        _field("note", "text", "备注 说明 remark", ("可不填", "May be left out")), _SOURCE,
    ),
    "visits": (
        _field("id", "id", "走访编号 编号 visit_id", ("可不填", "May be left out")),
        _field("staff", "staff*", "人员编号 人员 工号 走访人 走访人员 领导 包联领导 staff_id " + _NAME_HEADS,
               ("人员编号；也可填姓名，同名时加电话", "Id of a person, or the name, with the phone where names are alike")),
        _field("phone", "phone", _PHONE, ("只用来区分同名的人", "Only to tell people of the same name apart")),
        _field("code", "code*", _CODE, _CODE_HINT),
        _field("at", "date*", "走访日期 日期 走访时间 时间 date", _DATE_HINT),
        _field("note", "text", "备注 内容 走访内容 情况 说明 remark", ("不写居民个人信息", "No personal data of residents")), _SOURCE,
    ),
})  # fmt: skip
"""The fields of each register; type ``-`` is recognised and left out, since the plan knows better."""

HEAD_FIELDS = (
    _field("head", "person", "网格长 网格长姓名 格长 负责人 负责人姓名 姓名 人员姓名 head_name"),
    _field("phone", "phone", _PHONE),
)
"""The fields of a person in a grid register, where a role is named for them."""

PHONE_HEADS = frozenset(_PHONE.split())


def plain_head(text: str) -> str:
    """Return a header as it is compared: no blanks, marks, nor what stands in brackets."""
    text = unicodedata.normalize("NFKC", text).lower()
    text = re.sub(r"[(（\[【<].*?[)）\]】>]", "", text)
    return re.sub(r"[\s*:：_\-．.、“”\"'‘’]+", "", text)


def heads_of(field: Field) -> frozenset[str]:
    """Return all headers that mean a field, as they are compared."""
    return frozenset(plain_head(h) for h in (field.zh, *field.heads))
