"""Commands of the loop of incidents: one comes in, is forwarded, handled, answered, evaluated; the ledger of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import typer

from gridgis.cli.common import By, County, Json, Lang, dump, say, table, write_csv
from gridgis.county import County as Opened
from gridgis.county import open_county
from gridgis.errors import InputError
from gridgis.incidents import handlingbook as book
from gridgis.incidents.handling import Step, points, take
from gridgis.incidents.ledger import ledger
from gridgis.incidents.reporting import PHOTO_BYTES, Report, report

Do = Literal[
    "list", "show", "points", "valid", "invalid", "forward", "handle", "feedback", "close", "evaluate", "reopen"
]
Note = Annotated[str, typer.Option("--note", help="说明 / words")]
At = Annotated[str, typer.Option("--at", metavar="TIME", help="时间，默认现在 / when, now by default")]


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.command("report-incident")(report_incident)
    app.command()(incident)


def report_incident(
    county: County,
    point: Annotated[str, typer.Option("--point", metavar="LON,LAT", help="经度,纬度 / longitude, latitude")],
    category: Annotated[str, typer.Option("--category", help="类别，如 公用设施/路灯故障 / category")],
    note: Note = "",
    address: Annotated[str, typer.Option("--address", help="地址 / address")] = "",
    at: At = "",
    photo: Annotated[Path | None, typer.Option("--photo", help="JPEG、PNG 或 WebP / a picture")] = None,
    datum: Annotated[Literal["wgs84", "cgcs2000", "gcj02", "bd09"], typer.Option("--datum", help="坐标基准 / datum")] = "wgs84",
    source: Annotated[str, typer.Option("--source", help="来源 / where it comes from")] = "gridgis",
    id_: Annotated[str, typer.Option("--id", help="编号，默认自动给出 / its identifier")] = "",
    by: By = "", json: Json = False, lang: Lang = "zh",
) -> None:  # fmt: skip
    """登记一个事件：落到网格，记下时限和第一步 / Enter an incident: it finds its grid, limit and first step."""
    lon, lat = _pair(point)
    told = Report(lon, lat, category, note, address, at, datum, id_, source, by, _photo(photo))
    with open_county(county) as c:
        kept = report(c, told)
        row = book.told(c, kept["id"])
    if json:
        dump(row)
        return
    due = row["due_at"]
    say(lang, f"已登记 {row['id']}：网格 {row['code'] or '（未划）'}，时限 {due or '（无）'}。",
        f"Entered {row['id']}: grid {row['code'] or '(none)'}, due {due or '(no limit)'}.")  # fmt: skip
    _print_chain(row, lang)


def _pair(text: str) -> tuple[float, float]:
    try:
        lon, lat = (float(v) for v in text.replace("，", ",").split(","))
    except ValueError:
        lon = lat = float("nan")
    if not np.isfinite([lon, lat]).all():
        raise InputError(
            f"“{text}”不是经度,纬度：请写成例如 118.24,25.49。",
            f"'{text}' is no longitude,latitude: write for example 118.24,25.49.",
        )
    return lon, lat


def _photo(path: Path | None) -> bytes:
    if path is None:
        return b""
    try:
        with path.open("rb") as file:
            return file.read(PHOTO_BYTES + 1)
    except OSError as error:
        raise InputError(
            f"无法读取“{path}”：{error.strerror}。", f"'{path}' cannot be read: {error.strerror}."
        ) from error


def incident(
    county: County,
    do: Annotated[
        Do,
        typer.Argument(
            metavar="list|show|points|STEP", help="STEP：valid、invalid、forward、handle、feedback、close、evaluate、reopen"
        ),
    ],
    id_: Annotated[str, typer.Argument(metavar="[ID]", help="事件编号 / the incident")] = "",
    note: Note = "",
    way: Annotated[str, typer.Option("--in", metavar="WAY", help="办理方式 grid|joint|dispatched / how it is handled")] = "",
    organisation: Annotated[str, typer.Option("--to", metavar="BODY", help="部门或组织 / department or body")] = "",
    staff: Annotated[str, typer.Option("--staff", metavar="ID", help="人员编号 / person")] = "",
    code: Annotated[str, typer.Option("--code", help="网格编码 / the grid")] = "",
    limit: Annotated[str, typer.Option("--limit", help="改用体系中的时限 / another limit of the scheme")] = "",
    score: Annotated[int, typer.Option("--score", help="评价 1–5 / score")] = 0,
    at: At = "",
    view: Annotated[Literal["open", "overdue", "unjudged", "closed"], typer.Option("--view", help="list：哪些 / which")] = "open",
    overdue: Annotated[bool, typer.Option("--overdue", help="list：只列超期 / overdue ones only")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="list、points：写成 CSV / write CSV")] = None,
    by: By = "", json: Json = False, lang: Lang = "zh",
) -> None:  # fmt: skip
    """事件处置：清单、一件的全程与责任人、办理一步、居民积分 / The loop of incidents: list, show, points, or take a step."""
    if not id_ and do not in ("list", "points"):
        raise InputError("缺少事件编号。", "The id of an incident is missing.")
    with open_county(county) as c:
        if do == "list":
            _list(c, "overdue" if overdue else view, out, json=json, lang=lang)
        elif do == "points":
            _points(c, out, json=json, lang=lang)
        else:
            if do != "show":
                take(c, id_, Step(do, note, by, staff, organisation, code, way, limit, score, at))
            row = book.told(c, id_)
            if json:
                dump(row)
            else:
                _print(c, row, lang)


def _list(c: Opened, view: str, out: Path | None, *, json: bool, lang: str) -> None:
    rows = ledger(c, view)
    frame = rows[["id", "at", "category", "code", "due_at", "handled_in", "valid", "source", "note"]].copy()
    other = int(lang == "en")
    frame.insert(1, "status", [book.status_name(r)[other] for r in rows.to_dict("records")])  # type: ignore[arg-type]
    frame.insert(2, "late", rows["late"].to_numpy())
    plain = frame.astype(object).where(frame.notna(), None)
    if out is not None:
        write_csv(plain, out)
    if json:
        dump(plain.to_dict("records"))
        return
    late = int(rows["late"].sum())
    say(lang, f"{len(rows)} 件，其中超期 {late} 件", f"{len(rows)} incidents, {late} overdue")
    head = (
        ["编号", "状态", "超期", "时间", "类别", "网格", "时限"]
        if not other
        else ["id", "status", "late", "at", "category", "code", "due"]
    )
    shown = [[r["id"], r["status"], "!" if r["late"] else "", r["at"] or "–", r["category"] or "–", r["code"] or "–", r["due_at"] or "–"]
             for r in plain.to_dict("records")]  # fmt: skip
    table(shown, head)


def _points(c: Opened, out: Path | None, *, json: bool, lang: str) -> None:
    frame = points(c)
    if out is not None:
        write_csv(frame, out)
    if json:
        dump(frame.to_dict("records"))
    else:
        n = int(frame["points"].sum())
        say(lang, f"有效居民上报 {len(frame)} 件，共 {n} 分", f"{len(frame)} valid reports of residents, {n} points")
        table(frame.to_numpy().tolist(), ["编号", "时间", "类别", "积分"] if lang == "zh" else list(frame.columns))


def _print(c: Opened, row: dict[str, Any], lang: str) -> None:
    other, names = int(lang == "en"), book.actors(c)
    late = ("超期", "overdue")[other] if row["overdue"] else ""
    facts = (row["id"], book.status_name(row)[other], late, row["category"], row["at"], row["address"], row["note"])
    typer.echo("  ".join(str(v) for v in facts if v))
    code, due, closed, way = (
        row["code"] or "–",
        row["due_at"] or "–",
        row["closed_at"] or "–",
        book.way_name(row["handled_in"]),
    )
    say(
        lang,
        f"网格 {code}  时限 {due}  办结 {closed}  方式 {way[0]}",
        f"grid {code}  due {due}  closed {closed}  way {way[1]}",
    )
    _print_chain(row, lang)
    for s in row["steps"]:
        who = [names.get(str(s[k]), (str(s[k]),) * 2)[other] for k in ("staff", "organisation") if s[k]]
        typer.echo(
            "  ".join(
                str(v)
                for v in (s["at"], book.action_name(s["action"])[other], *who, s["code"], s["note"], s["by"])
                if v
            )
        )
    following = [f"{k}（{book.action_name(k)[0]}）" if not other else k for k in row["next"]]
    say(lang, f"可办：{'、'.join(following)}", f"Next: {', '.join(following)}")


def _print_chain(row: dict[str, Any], lang: str) -> None:
    for link in row["chain"]:
        held = [f"{h['role_' + lang]} {h['name'] or h['id']} {h['phone']}".strip() for h in link["holders"]]
        empty = ("无人任职", "nobody posted")[lang == "en"]
        typer.echo(f"    {link['code']}  {link['name']}  {'；'.join(held) or empty}")
