"""The command that shows and checks grid systems."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

import typer

from gridgis.cli.common import Json, Lang, dump, say, table
from gridgis.errors import InputError
from gridgis.scheme import Scheme, load_scheme, scheme_names
from gridgis.scheme_parts import Limit, Role

Section = tuple[str, list[str], list[list[Any]]]
_ORDERS = {"west_north": ("自西向东、自北向南", "west to east, then north to south"),
           "north_west": ("自北向南、自西向东", "north to south, then west to east")}  # fmt: skip
ROAD_RULES = {
    "longest": ("归路段（含沿界线的）最长的网格，等长归编码小者",
                "to the grid with its longest part, stretches along the boundary included; of equal parts the lower code"),
    "lower_code": ("归所经网格中编码最小者", "to the lowest code that it runs in or along"),
    "both": ("界线道路归两侧，统计时只计一次", "to both sides where they are the boundary, and counted once"),
}  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(scheme)


def scheme(
    action: Annotated[Literal["show", "check", "list"], typer.Argument(metavar="show|check|list")],
    name: Annotated[str | None, typer.Argument(metavar="NAME|FILE", help="体系名或文件 / scheme name or file")] = None,
    json: Json = False, lang: Lang = "zh",
) -> None:  # fmt: skip
    """查看、检查或列出网格体系 / Show, check or list schemes."""
    if action == "list" or (action == "show" and name is None):
        _list(json=json, lang=lang)
        return
    if name is None:
        raise InputError("请给出体系名或文件：gridgis scheme check own.toml。",
                         "Name the scheme or its file: gridgis scheme check own.toml.")  # fmt: skip
    rules = load_scheme(name)
    if json:
        widths = {key: rules.width(key) for key in ("county", *rules.level_keys)}
        dump(rules.model_dump(mode="json", by_alias=True) | {"widths": widths})
    elif action == "check":
        say(lang, f"体系“{name}”没有问题。", f"Scheme '{name}' is sound.")
    else:
        _show(rules, lang)


def _list(*, json: bool, lang: str) -> None:
    shipped = [load_scheme(name) for name in scheme_names()]
    if json:
        dump([{"name": s.name, "zh": s.zh, "en": s.en, "levels": s.level_keys} for s in shipped])
        return
    rows = [[s.name, s.zh if lang == "zh" else s.en, _names(s.levels, lang, " → ")] for s in shipped]
    table(rows, ["name", "体系", "层级"] if lang == "zh" else ["name", "scheme", "levels"])


def _show(rules: Scheme, lang: str) -> None:
    zh = lang == "zh"
    say(lang, f"{rules.zh}（{rules.name}）", f"{rules.en} ({rules.name})")
    for title, head, rows in (_levels(rules, zh), *_lists(rules, zh), *_people(rules, zh)):
        if rows:
            typer.echo(f"\n{title}")
            table([[str(v) for v in row] for row in rows], head)
    order, road = _ORDERS[rules.numbering.order], ROAD_RULES[rules.road_rule]
    first = rules.numbering.first
    typer.echo("")
    say(lang, f"首次编号：{order[0]}，从 {first} 起。", f"First numbering: {order[1]}, from {first}.")
    say(lang, f"道路归属：{road[0]}。", f"Roads: {road[1]}.")


def _levels(rules: Scheme, zh: bool) -> Section:
    head = ["key", "层级", "位数", "编码长", "类型字母", "类型", "说明"] if zh else [
        "key", "level", "digits", "length", "letters", "kinds", "notes"]  # fmt: skip
    words = (
        {"fixed": "界线由电子地图给出", "optional": "可缺"}
        if zh
        else {"fixed": "outline from the e-map", "optional": "optional"}
    )
    rows = [[level.key, _name(level, zh), level.digits, rules.width(level.key),
             " ".join(f"{a}={b}" for a, b in level.letters.items()), " ".join(level.kinds),
             _join(zh, (w for flag, w in words.items() if getattr(level, flag)))] for level in rules.levels]  # fmt: skip
    return ("层级" if zh else "Levels"), head, rows


def _lists(rules: Scheme, zh: bool) -> Iterable[Section]:
    titles = {
        "kinds": "类型",
        "categories": "类别",
        "classes": "等级",
        "zones": "分区",
        "organisations": "组织",
        "places": "场所",
    }
    for what, title in titles.items():
        rows = [[item.key, _name(item, zh)] for item in getattr(rules, what)]
        yield (title if zh else what.capitalize()), ["key", "名称" if zh else "name"], rows
    yield ("规模" if zh else "Bands"), ["层级", "分区", "户数", "人口"] if zh else ["level", "zone", "households", "persons"], [
        [b.level, b.zone or "", _range(b.households), _range(b.persons)] for b in rules.bands]  # fmt: skip
    yield ("时限" if zh else "Limits"), ["key", "名称", "时限"] if zh else ["key", "name", "limit"], [
        [item.key, _name(item, zh), _time(item, zh)] for item in rules.limits]  # fmt: skip
    yield ("职责" if zh else "Duties"), ["层级", "职责", "时限"] if zh else ["level", "duty", "limit"], [
        [d.level, _name(d, zh), d.limit or ""] for d in rules.duties]  # fmt: skip
    yield _access(rules, zh)


def _access(rules: Scheme, zh: bool) -> Section:
    """Return the access list: what a grid must take on, by department."""
    access = rules.access
    names = {d.key: _name(d, zh) for d in (*access.departments, *access.groups)}
    counts = [str(n) for n in (access.before, access.after) if n is not None]
    title = ("准入清单" if zh else "Access list") + (f"（{' → '.join(counts)}）" if counts else "")
    head = ["事项", "部门", "分类", "时限", "准入"] if zh else ["matter", "department", "group", "limit", "admitted"]
    yes, no = ("是", "否") if zh else ("yes", "no")
    return title, head, [
        [_name(m, zh), names.get(m.department or "", ""), names.get(m.group or "", ""), m.limit or access.limit or "",
         yes if m.admitted else no] for m in access.matters]  # fmt: skip


def _people(rules: Scheme, zh: bool) -> Iterable[Section]:
    head = ["key", "岗位", "层级", "担任者", "规定"] if zh else ["key", "role", "level", "holder", "rules"]
    holders = {"person": "人员" if zh else "person", "organisation": "组织" if zh else "organisation"}
    rows = [[r.key, _name(r, zh), r.level or ("仅台账" if zh else "register"), holders[r.holder], _asks(r, zh)]
            for r in rules.roles]  # fmt: skip
    yield ("岗位" if zh else "Roles"), head, rows
    head = ["层级", "岗位", "类别", "等级", "人数"] if zh else ["level", "role", "category", "class", "number"]
    yield ("人员配备" if zh else "Staffing"), head, [
        [s.level, s.role, s.category or "", s.class_ or "", s.number] for s in rules.staffing]  # fmt: skip


def _asks(role: Role, zh: bool) -> str:
    """Say in words what a role asks of its holders and its grids."""
    said = {
        "必备" if zh else "required": role.required,
        ("类型 " if zh else "kinds ") + " ".join(role.kinds): role.kinds,
        ("分区 " if zh else "zones ") + " ".join(role.zones): role.zones,
        f"每人至多 {role.at_most} 个网格" if zh else f"at most {role.at_most} grids each": role.at_most,
        f"每 {role.visit_days} 天至少走访一次" if zh else f"a visit every {role.visit_days} days": role.visit_days,
        "住在网格内" if zh else "lives in the grid": role.at_home,
    }
    return _join(zh, (words for words, holds in said.items() if holds))


def _join(zh: bool, words: Iterable[str]) -> str:
    return ("，" if zh else ", ").join(words)


def _names(items: Iterable[Any], lang: str, between: str) -> str:
    return between.join(_name(item, lang == "zh") for item in items)


def _name(item: Any, zh: bool) -> str:
    return str(item.zh if zh else item.en)


def _range(pair: tuple[int, int] | None) -> str:
    return "" if pair is None else f"{pair[0]:,}–{pair[1]:,}"


def _time(limit: Limit, zh: bool) -> str:
    number, unit = (
        (limit.hours, "小时" if zh else "hours") if limit.hours is not None else (limit.days, "天" if zh else "days")
    )
    return f"{number:g} {unit}"
