"""Commands on drafts: branch, combine."""

from __future__ import annotations

import json as json_
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import shapely
import typer

from gridgis.branches import branches, combine, drop_branch, open_branch, start_branch
from gridgis.cli.common import By, County, Json, Lang, Reason, dump, say, table
from gridgis.cli.edit import show
from gridgis.combining import Comparison
from gridgis.county import County as OpenCounty
from gridgis.county import open_county
from gridgis.errors import InputError
from gridgis.publishing import approvals
from gridgis.schema import reproject

_STATES = {"open": "进行中", "combined": "已并入", "dropped": "已弃用"}
_SIDES = {"base": "原方案", "ours": "主线（ours）", "theirs": "草稿（theirs）"}


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.command("branch")(branch)
    app.command("combine")(combine_)


def branch(
    county: County,
    action: Annotated[Literal["list", "new", "drop"], typer.Argument(metavar="list|new|drop")] = "list",
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="草稿名 / name of the draft")] = None,
    note: Annotated[str, typer.Option("--note", help="说明 / what it is for")] = "",
    procedure: Annotated[bool, typer.Option("--procedure", help="发布前须逐级审核 / must pass every step before publishing")
    ] = False,
    by: By = "", json: Json = False, lang: Lang = "zh",
) -> None:  # fmt: skip
    """草稿：列出、新建、弃用 / Drafts: list, begin, put aside."""
    with open_county(county) as c:
        if action == "list":
            _list(c, json=json, lang=lang)
            return
        if name is None:
            raise InputError(
                f"请给出草稿名：gridgis branch COUNTY {action} 草稿名。",
                f"Name the draft: gridgis branch COUNTY {action} NAME.",
            )
        begin = action == "new"
        found = start_branch(c, name, by=by, note=note, procedure=procedure) if begin else drop_branch(c, name, by=by)
    if json:
        dump(found.row())
    elif action == "new":
        say(
            lang,
            f"已在版本 {found.base_version} 上新建草稿“{found.name}”：在编辑命令后加 --branch {found.name} 即在草稿上修改。",
            f"Began the draft '{found.name}' on version {found.base_version}: add --branch {found.name} to an edit.",
        )
    else:
        say(
            lang,
            f"草稿“{found.name}”已弃用，内容仍可查看。",
            f"The draft '{found.name}' is put aside; it can still be read.",
        )


def _list(county: OpenCounty, *, json: bool, lang: str) -> None:
    rows = []
    for found in branches(county):
        steps = approvals(county, found.name, open_branch(county, found.name).plan.hash)
        rows.append(found.row() | {"approvals": steps})
    if json:
        dump(rows)
    elif not rows:
        say(lang, "没有草稿。", "There is no draft.")
    else:
        english = ["name", "base", "edits", "state", "approved", "by", "at", "note"]
        head = ["草稿", "起始版本", "变更", "状态", "已通过", "建立人", "时间", "说明"] if lang == "zh" else english
        table([[r["name"], r["base_version"], r["edits"], _STATES[r["state"]] if lang == "zh" else r["state"],
                " ".join(k for k, v in r["approvals"].items() if v == "approved"), r["by"],
                r["at"][:16].replace("T", " "), r["note"]] for r in rows], head)  # fmt: skip


def combine_(
    county: County,
    name: Annotated[str, typer.Argument(metavar="NAME", help="草稿名 / name of the draft")],
    take: Annotated[list[str] | None, typer.Option("--take", metavar="ours|theirs|PLACE=…",
        help="双方都改过之处取哪一方；可逐处指定 / which side to take, for all or for one place")] = None,
    questions: Annotated[Path | None, typer.Option("--questions", help="待答复之处写成 GeoJSON / open places as GeoJSON")
    ] = None,
    by: By = "", reason: Reason = "", json: Json = False, lang: Lang = "zh",
) -> None:  # fmt: skip
    """把草稿并入主线；双方改过同一处时逐处询问 / Put a draft on the main line; ask where both changed the same."""
    answers = _answers(take or [])
    with open_county(county) as c:
        found, edit = combine(c, name, answers, by=by, reason=reason)
        if questions is not None:
            _write_questions(found, c.crs, questions)
    if edit is not None:
        show(edit, json=json, lang=lang)
        return
    if json:
        dump({"applied": False, "version": found.ours.plan.version, "questions": [q.row() for q in found.questions]})
    else:
        _print_questions(found, lang)
    raise typer.Exit(1)


def _answers(given: Sequence[str]) -> dict[str, str]:
    out = {}
    for text in given:
        place, _, side = text.rpartition("=")
        if side not in ("ours", "theirs"):
            raise InputError(
                f"--take {text} 无法理解：请写 ours（取主线）、theirs（取草稿），或 1=ours 这样逐处指定。",
                f"--take {text} is not understood: write ours, theirs, or 1=ours for one place.",
            )
        out[place.strip()] = side
    return out


def _print_questions(found: Comparison, lang: str) -> None:
    count = len(found.questions)
    say(
        lang,
        f"主线与草稿有 {count} 处不一致，尚未并入，双方内容都保留：",
        f"The main line and the draft contradict each other in {count} places; nothing is merged and nothing is lost:",
    )
    for q in found.questions:
        area = q.row()["area_m2"]
        say(lang, f"第 {q.number} 处 [{q.key}] {area:,.0f} m²", f"Place {q.number} [{q.key}] {area:,.0f} m2")
        for side in q.sides:
            say(lang, f"  {_SIDES[side]}：{q.words[side]}", f"  {side}: {q.words_en[side]}")
    say(
        lang,
        "请答复：--take ours 或 --take theirs（全部），或 --take 1=ours --take 2=theirs（逐处）；--questions F.geojson 可在图上查看。",
        "Answer with --take ours or --take theirs for all, or --take 1=ours --take 2=theirs; --questions F.geojson shows them.",
    )


def _write_questions(found: Comparison, epsg: int, out: Path) -> None:
    from gridgis.io.geojson import write_geojson

    features: list[dict[str, Any]] = []
    for q in found.questions:
        for side, code, shape in found.shapes(q):
            facts = q.sides[side].get(code, {})
            said = {"words": q.words[side], "words_en": q.words_en[side]}
            geometry = json_.loads(shapely.to_geojson(reproject(shape, epsg, 4490)))
            features.append({
                "type": "Feature", "geometry": geometry,
                "properties": {"place": q.number, "key": q.key, "side": side, "code": code, **facts, **said},
            })  # fmt: skip
    write_geojson(json_.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False), out)
