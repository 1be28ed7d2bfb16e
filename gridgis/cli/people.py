"""Commands about people: who answers for a place, staffing, postings, and whom to call in an emergency."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
import shapely
import typer

from gridgis import emergency, peoplebook, posting
from gridgis.cli.common import By, County, Json, Lang, dump, read_geometry, say, table
from gridgis.county import County as Opened
from gridgis.county import open_county
from gridgis.datums import shift
from gridgis.errors import InputError
from gridgis.flooding import flooded
from gridgis.io.workbook import write_workbook
from gridgis.locate import locate
from gridgis.posting import Posted, Wanted, a_day
from gridgis.print.calls import call_list, emergency_sheets
from gridgis.print.document import write_bytes
from gridgis.schema import reproject
from gridgis.scheme import Scheme
from gridgis.staff.commanding import Situation
from gridgis.staff.people import Link, chain, level_name, people_of, role_name

Point = Annotated[str | None, typer.Option("--point", metavar="LON,LAT", help="经度,纬度 / longitude, latitude")]
Datum = Annotated[Literal["wgs84", "cgcs2000", "gcj02", "bd09"], typer.Option("--datum", help="坐标基准 / datum")]
AsOf = Annotated[str | None, typer.Option("--as-of", metavar="DATE", help="哪一天，默认今天 / on which day")]
Role = Annotated[str | None, typer.Option("--role", help="岗位 / role")]
Book = Annotated[Path | None, typer.Option("--out", help="写成 XLSX / write XLSX")]


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    for command in (who, staffing, post, command_):
        app.command("command" if command is command_ else None)(command)


def who(
    county: County,
    code: Annotated[str | None, typer.Argument(metavar="[CODE]", help="网格编码 / code of a grid")] = None,
    point: Point = None, datum: Datum = "cgcs2000",
    building: Annotated[str | None, typer.Option("--building", metavar="ID", help="建筑编号 / id of a building")] = None,
    as_of: AsOf = None, json: Json = False, lang: Lang = "zh",
) -> None:  # fmt: skip
    """某编码、某点或某建筑由谁负责，逐级列出 / Who answers for a code, a point or a building, level by level."""
    if sum(v is not None for v in (code, point, building)) != 1:
        raise InputError(
            "请给出网格编码、--point 经度,纬度 或 --building 建筑编号 三者之一。",
            "Give one of these: a code, --point LON,LAT, or --building ID.",
        )
    with open_county(county) as c:
        day = a_day(as_of) if as_of else c.today
        if point is not None:
            code = _located(c, point_of(point, datum, c.crs), f"点 {point}", f"Point {point}")
        elif building is not None:
            code = _located(c, _building(c, building), f"建筑“{building}”", f"Building '{building}'")
        links = chain(c.plan, people_of(c, day), str(code), c.meta.get("name", ""))
        scheme = c.scheme
    if json:
        dump({"code": links[-1].code, "as_of": day, "chain": [_link_row(scheme, one) for one in links]})
        return
    for one in links:
        _print_link(scheme, one, lang)


def point_of(text: str, datum: str, epsg: int) -> tuple[float, float]:
    """Return a point given as ``LON,LAT`` in metres of a county's CRS.

    Raises
    ------
    InputError
        It is no such pair.
    """
    try:
        lon, lat = (float(v) for v in text.replace("，", ",").split(","))
        sound = abs(lon) <= 180 and abs(lat) <= 90
    except ValueError:
        sound = False
    if not sound:
        raise InputError(
            f"“{text}”不是经度,纬度：请写成例如 118.24,25.49。",
            f"'{text}' is no longitude,latitude: write for example 118.24,25.49.",
        )
    x, y = shift(np.array([lon]), np.array([lat]), datum, "cgcs2000")
    moved = reproject(shapely.Point(float(x[0]), float(y[0])), 4490, epsg)
    return moved.x, moved.y


def _building(county: Opened, wanted: str) -> tuple[float, float]:
    frame = county.table("buildings", ("id", "x", "y"))
    found = frame[frame["id"].astype(str) == wanted]
    if found.empty or pd.isna(found["x"].iloc[0]):
        raise InputError(
            f"没有编号为“{wanted}”的建筑，或它没有位置：请核对建筑编号。",
            f"There is no building '{wanted}', or it has no place: check its id.",
        )
    return float(found["x"].iloc[0]), float(found["y"].iloc[0])


def _located(county: Opened, xy: tuple[float, float], zh: str, en: str) -> str:
    code = locate(county.plan, np.array([xy])).iloc[0]
    if code is not None:
        return str(code)
    if not np.isfinite(xy).all() or not shapely.intersects(county.outline, shapely.Point(xy)):
        raise InputError(
            f"{zh}在县区之外：请核对经纬度的顺序和坐标基准。",
            f"{en} lies outside the county: check the order of longitude and latitude, and the datum.",
        )
    raise InputError(f"{zh}尚未划入任何网格：请先划网格。", f"{en} is in no grid yet: draw the grid first.")


def _link_row(scheme: Scheme, one: Link) -> dict[str, Any]:
    row = one.row()
    for holder in row["holders"]:
        holder["role_zh"], holder["role_en"] = role_name(scheme, holder["role"])
    return row


def _print_link(scheme: Scheme, one: Link, lang: str) -> None:
    other = int(lang == "en")
    say(
        lang,
        f"{level_name(scheme, one.level)[0]}  {one.code}  {one.name}",
        f"{level_name(scheme, one.level)[1]}  {one.code}  {one.name}",
    )
    for h in one.holders:
        since = (f"{h.since} 起", f"since {h.since}")[other] if h.since else ""
        known = h.name or f"{h.id}（{('不在台账', 'not in the register')[other]}）"
        typer.echo(
            "    " + "  ".join(v for v in (role_name(scheme, h.role)[other], known, h.phone, since, h.posting) if v)
        )
    for key in one.vacancies:
        typer.echo("    " + role_name(scheme, key)[other] + ("  空缺", "  vacant")[other])


def staffing(
    county: County, role: Role = None, out: Book = None,
    follow: Annotated[bool, typer.Option("--follow", help="把停用网格的任职移到承接网格 / move postings of void codes")] = False,
    as_of: AsOf = None, json: Json = False, lang: Lang = "zh",
) -> None:  # fmt: skip
    """空缺、建议、重复任职、负担与走访 / Vacancies, suggestions, double postings, overload, visits overdue."""
    with open_county(county) as c:
        _require_role(c.scheme, role)
        moved = posting.follow(c) if follow else []
        tables = peoplebook.staffing_tables(c, role, a_day(as_of) if as_of else None)
        scheme = c.scheme
    if out is not None:
        write_workbook(out, peoplebook.staffing_sheets(scheme, tables, lang))
    if json:
        moves = {"moved": [asdict(m) for m in moved]} if follow else {}
        dump({k: _records(f) for k, f in tables.items()} | moves)
        return
    _print_posted(scheme, moved, lang)
    for name, frame in tables.items():
        zh, en = peoplebook.TITLES[name]
        say(lang, f"{zh}：{len(frame)}", f"{en}: {len(frame)}")
        if len(frame):
            _print_frame(peoplebook.in_words(scheme, name, frame, lang))
    if out is not None:
        say(lang, f"已写出：{out}", f"Written: {out}")


def _print_frame(frame: pd.DataFrame) -> None:
    table([["–" if v is None else v for v in row] for row in frame.to_numpy().tolist()], list(frame.columns))


def _require_role(scheme: Scheme, role: str | None) -> None:
    known = [r.key for r in scheme.roles]
    if role is not None and role not in known:
        raise InputError(
            f"体系“{scheme.name}”没有岗位“{role}”：可用的岗位有 {'、'.join(known) or '（无）'}。",
            f"Scheme '{scheme.name}' has no role '{role}': its roles are {', '.join(known) or '(none)'}.",
        )


def _records(frame: pd.DataFrame) -> list[dict[Any, Any]]:
    plain = frame.astype(object)
    return plain.where(plain.notna(), None).to_dict("records")


def post(
    county: County, role: Role = None,
    code: Annotated[str | None, typer.Option("--code", help="网格编码 / the grid")] = None,
    staff: Annotated[str | None, typer.Option("--staff", metavar="ID", help="人员编号 / person")] = None,
    organisation: Annotated[str | None, typer.Option("--organisation", metavar="ID", help="组织编号 / body")] = None,
    since: Annotated[str, typer.Option("--since", metavar="DATE", help="起始日期 / first day")] = "",
    until: Annotated[str, typer.Option("--until", metavar="DATE", help="终止日期 / day on which it ends")] = "",
    suggested: Annotated[bool, typer.Option("--suggested", help="接受全部建议 / accept all suggestions")] = False,
    end: Annotated[str | None, typer.Option("--end", metavar="POSTING", help="结束一项任职 / end a posting")] = None,
    json: Json = False, lang: Lang = "zh",
) -> None:  # fmt: skip
    """登记或结束任职 / Post people to grids, or end a posting."""
    one = code is not None and role is not None and (staff is None) != (organisation is None)
    if [end is not None, suggested, code is not None or staff is not None or organisation is not None].count(
        True
    ) != 1 or (not one and end is None and not suggested):
        raise InputError(
            "请给出 --role、--code 与 --staff（或 --organisation），或 --suggested，或 --end 任职编号。",
            "Give --role, --code and --staff (or --organisation), or --suggested, or --end POSTING.",
        )
    with open_county(county) as c:
        _require_role(c.scheme, role)
        if end is not None:
            done = posting.end(c, end, until)
        elif suggested:
            done = posting.accept(c, role)
        else:
            body = organisation is not None
            done = posting.post(c, [Wanted(str(role), str(code), str(organisation or staff), body, since, until)])
        scheme = c.scheme
    if json:
        dump([asdict(d) for d in done])
    elif not done:
        say(lang, "没有可接受的建议，任职未变。", "There was nothing to accept; no posting changed.")
    else:
        _print_posted(scheme, done, lang)


def _print_posted(scheme: Scheme, done: list[Posted], lang: str) -> None:
    for d in done:
        zh, en = role_name(scheme, d.role)
        who_ = f"{d.name or d.holder}"
        if d.what == "moved":
            say(
                lang,
                f"{d.id}：{who_}的{zh}由 {d.was} 移到 {d.code}。",
                f"{d.id}: {who_}, {en}, moved from {d.was} to {d.code}.",
            )
        elif d.what == "ended":
            say(
                lang,
                f"{d.id}：{who_}不再任 {d.code} 的{zh}，自 {d.until} 起。",
                f"{d.id}: {who_} is no longer {en} of {d.code} from {d.until}.",
            )
        else:
            say(
                lang,
                f"{d.id}：{who_}任 {d.code} 的{zh}，自 {d.since} 起。",
                f"{d.id}: {who_} is {en} of {d.code} from {d.since}.",
            )


def command_(
    county: County,
    area: Annotated[str | None, typer.Option("--area", help="区域 GeoJSON / the area")] = None,
    point: Point = None, datum: Datum = "cgcs2000",
    radius: Annotated[float | None, typer.Option("--radius", metavar="M", min=0, help="半径 m / radius")] = None,
    raster: Annotated[str | None, typer.Option("--raster", metavar="ID|TIF", help="积水、雨量等栅格 / a flood raster")] = None,
    above: Annotated[float, typer.Option("--above", help="取大于此值的像元 / cells above this")] = 0.0,
    out: Annotated[Path | None, typer.Option("--out", metavar="XLSX|PDF", help="呼叫表写成 XLSX 或 PDF / the call list")] = None,
    begin: Annotated[str | None, typer.Option("--begin", metavar="NAME", help="以此名称启动应急，给各网格派任务 / begin an emergency")] = None,
    by: By = "", as_of: AsOf = None, json: Json = False, lang: Lang = "zh",
) -> None:  # fmt: skip
    """应急：区域内逐级责任人、建筑、户数、人群与场所 / In an area: whom to call at every level, and what lies inside."""
    if sum(v is not None for v in (area, point, raster)) != 1 or (point is None) != (radius is None):
        raise InputError(
            "请给出 --area 文件，或 --point 与 --radius，或 --raster 与 --above。",
            "Give --area FILE, or --point and --radius, or --raster and --above.",
        )
    with open_county(county) as c:
        if area is not None:
            shape = read_geometry(area, c.crs)
        elif raster is not None:
            shape = flooded(c, raster, above)
        else:
            shape = shapely.Point(point_of(str(point), datum, c.crs)).buffer(radius or 0, 64)
        found = peoplebook.command_of(c, shape, a_day(as_of) if as_of else None)
        scheme = c.scheme
        going = None if begin is None else emergency.begin(c, found, begin, by)
        _write_calls(c, found, going, out, lang)
    if json:
        dump({"area_m2": round(found.area.area, 2), "totals": found.totals, "places": found.places, "grids": _records(found.grids),
              "chain": [_link_row(scheme, one) for one in found.chain], "calls": _records(found.calls),
              "emergency": going.id if going else None})  # fmt: skip
        return
    if going is not None:
        say(lang, f"应急已启动：{going.id} {going.name}，{len(going.tasks)} 个网格已派任务（gridgis emergency {county} show {going.id}）",
            f"Emergency begun: {going.id} {going.name}, {len(going.tasks)} tasks (gridgis emergency {county} show {going.id})")  # fmt: skip
    for name, value in peoplebook.overview_rows(found, scheme, lang):
        typer.echo(f"{name}  {value:,}")
    _print_frame(peoplebook.in_words(scheme, "calls", found.calls, lang))
    if out is not None:
        say(lang, f"已写出：{out}", f"Written: {out}")


def _write_calls(c: Opened, found: Situation, going: emergency.Emergency | None, out: Path | None, lang: str) -> None:
    """Write the call list in the form that the file's name asks for."""
    if out is None:
        return
    if out.suffix.lower() == ".pdf":
        write_bytes(out, call_list(c, found, lang, going).pdf())
        return
    more = [] if going is None else emergency_sheets(c.plan, going, lang)
    write_workbook(out, [*peoplebook.command_sheets(found, c.scheme, lang), *more])
