"""Commands of an emergency that has begun: its tasks, their status, back to peace."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from gridgis import emergency as core
from gridgis import peoplebook
from gridgis.cli.common import By, County, Json, Lang, dump, say, table
from gridgis.county import County as Opened
from gridgis.county import open_county
from gridgis.errors import InputError
from gridgis.io.workbook import write_workbook
from gridgis.print.calls import call_list, emergency_sheets, log_frame, tasks_frame
from gridgis.print.document import write_bytes

Action = Literal["list", "show", "task", "end"]


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.command()(emergency)


def emergency(
    county: County,
    action: Annotated[Action, typer.Argument(help="list 列出、show 查看、task 上报、end 结束 / what to do")],
    key: Annotated[str | None, typer.Argument(metavar="[ID]", help="应急编号 / number of the emergency")] = None,
    code: Annotated[str | None, typer.Argument(metavar="[CODE]", help="网格编码（task）/ the grid")] = None,
    status: Annotated[str | None, typer.Option("--status", help="assigned|accepted|working|blocked|done")] = None,
    note: Annotated[str, typer.Option("--note", help="备注 / note")] = "",
    anyway: Annotated[bool, typer.Option("--anyway", help="任务未完成也结束 / end with tasks open")] = False,
    out: Annotated[Path | None, typer.Option("--out", metavar="PDF|XLSX", help="写出呼叫表、任务与记录 / write list, tasks and log")] = None,
    by: By = "", json: Json = False, lang: Lang = "zh",
) -> None:  # fmt: skip
    """应急进行中：各网格任务与状态、全部记录、恢复平时 / An emergency going on: tasks, log, back to peace."""
    with open_county(county) as c:
        if action == "list":
            _list(core.emergencies(c), json=json, lang=lang)
            return
        if key is None or (action == "task") != (code is not None and status is not None):
            raise InputError(
                "请给出应急编号；上报任务时另给网格编码和 --status。",
                "Give the number of the emergency; to report a task also the code and --status.",
            )
        if action == "task":
            one = core.report_task(c, key, str(code), str(status), (note, by))
        elif action == "end":
            one = core.end(c, key, by=by, note=note, anyway=anyway)
        else:
            one = core.emergency(c, key)
        written(c, one, out, lang)
        _show(c, one, json=json, lang=lang)


def written(county: Opened, one: core.Emergency, out: Path | None, lang: str) -> None:
    """Write an emergency as PDF or workbook, if a file is named."""
    if out is None:
        return
    found = peoplebook.command_of(county, one.area)
    if out.suffix.lower() == ".pdf":
        write_bytes(out, call_list(county, found, lang, one).pdf())
    else:
        sheets = peoplebook.command_sheets(found, county.scheme, lang)
        write_workbook(out, [*sheets, *emergency_sheets(county.plan, one, lang)])


def told(one: core.Emergency) -> dict[str, Any]:
    """Return an emergency for machines."""
    return {"id": one.id, "name": one.name, "began": one.began, "ended": one.ended, "totals": one.totals,
            "tasks": [asdict(t) for t in one.tasks.values()], "open": one.open_tasks, "log": one.log}  # fmt: skip


def _list(found: list[core.Emergency], *, json: bool, lang: str) -> None:
    if json:
        dump([told(e) for e in found])
        return
    if not found:
        say(lang, "没有登记过应急。", "No emergency has been begun.")
        return
    going, over = ("进行中", "已结束") if lang == "zh" else ("going on", "ended")
    head = ["编号", "名称", "启动", "状态", "未完成任务"] if lang == "zh" else ["id", "name", "began", "state", "tasks open"]
    table([[e.id, e.name, e.began, over if e.ended else going, len(e.open_tasks)] for e in found], head)


def _show(county: Opened, one: core.Emergency, *, json: bool, lang: str) -> None:
    if json:
        dump(told(one))
        return
    ended = (f"，{one.ended} 结束", f", ended {one.ended}") if one.ended else ("，进行中", ", going on")
    say(lang, f"{one.id} {one.name}：{one.began} 启动{ended[0]}", f"{one.id} {one.name}: begun {one.began}{ended[1]}")
    for frame in (tasks_frame(county.plan, one, lang), log_frame(one, lang)):
        table(frame.to_numpy().tolist(), list(frame.columns))
