"""The call list of an emergency on paper: the area on the map, what lies inside, whom to call, tasks and their status."""

from __future__ import annotations

import pandas as pd

from gridgis.county import County
from gridgis.emergency import STATUSES, Emergency
from gridgis.io.workbook import Sheet
from gridgis.peoplebook import TITLES, in_words, overview_rows
from gridgis.plan import Plan
from gridgis.print.country import country_of
from gridgis.print.document import Document
from gridgis.print.scene import Look, draw_map
from gridgis.print.svg import Frame, draw
from gridgis.staff.commanding import Situation
from gridgis.staff.people import level_name

_MAP_MM = (178.0, 120.0)
_ACTIONS = {"emergency_begin": ("启动", "begun"), "emergency_task": ("任务", "task"), "emergency_end": ("结束", "ended")}


def call_list(county: County, found: Situation, lang: str, going: Emergency | None = None) -> Document:
    """Return the call list of an area as a document, with the tasks of an emergency if there is one."""
    other = int(lang == "en")
    scheme = county.scheme
    name = county.meta.get("name", "") or county.code
    title = (f"{name}应急呼叫表", f"{name}: emergency call list")[other] if going is None else going.name
    doc = Document(lang, title, county.today)
    mark = ("示意 illustrative：界线、姓名、电话与数字均为示意数据", "Illustrative: boundaries, names, telephones and figures are generated")
    doc.foot = [*([mark[other]] if county.illustrative else []),
                ("内部使用，含个人电话", "For internal use: holds telephone numbers")[other]]  # fmt: skip
    doc.facts([[str(k), f"{v:,}"] for k, v in overview_rows(found, scheme, lang)], 3)
    doc.heading("位置", "Where")
    level = scheme.level_keys[-1]
    frame = Frame.around(found.area, *_MAP_MM, margin=0.12)
    bounds = frame.box
    country = country_of(county, bounds)
    fine = frame.scale <= 30_000
    drawn = draw_map(country, frame, Look(level, detail=fine, places=False))
    edge = draw(frame.drawn(found.area), fill="#b3261e", fill_opacity=0.18, stroke="#b3261e", stroke_width=0.6)
    doc.show([(drawn.svg.replace("</svg>", edge + "</svg>"), f"1:{frame.scale:,}")])
    if going is not None:
        doc.heading("任务", "Tasks")
        doc.table(*_plain(tasks_frame(county.plan, going, lang)), size=8)
    doc.heading(*TITLES["calls"])
    calls = in_words(scheme, "calls", found.calls.drop(columns=["share", "source", "kind"]), lang)
    doc.table(*_plain(calls), size=7.8, widths=[2, 3.1, 4, 2.4, 4, 2.6])
    if going is not None:
        doc.heading("记录", "Log")
        doc.table(*_plain(log_frame(going, lang)), size=7.5)
    return doc


def _plain(frame: pd.DataFrame) -> tuple[list[str], list[list[object]]]:
    return list(map(str, frame.columns)), frame.astype(object).where(frame.notna(), None).to_numpy().tolist()


def tasks_frame(plan: Plan, going: Emergency, lang: str) -> pd.DataFrame:
    """Return the tasks of an emergency as a table for people."""
    other = int(lang == "en")
    head = (["层级", "网格编码", "名称", "状态", "备注", "上报人", "时间"], ["Level", "Code", "Name", "Status", "Note", "By", "At"])[other]
    rows = []
    for task in going.tasks.values():
        grid = plan.grids.get(task.code)
        level = level_name(plan.scheme, grid.level)[other] if grid else ""
        rows.append([level, task.code, grid.name if grid else "", STATUSES[task.status][other], task.note, task.by, task.at])
    return pd.DataFrame(rows, columns=head)


def log_frame(going: Emergency, lang: str) -> pd.DataFrame:
    """Return the log of an emergency as a table for people."""
    other = int(lang == "en")
    head = (["时间", "登记人", "动作", "网格编码", "状态", "备注"], ["At", "By", "What", "Code", "Status", "Note"])[other]
    rows = [[s["at"], s["by"], _ACTIONS[s["action"]][other], s["code"],
             STATUSES[s["status"]][other] if s["status"] else "", s["note"]] for s in going.log]  # fmt: skip
    return pd.DataFrame(rows, columns=head)


def emergency_sheets(plan: Plan, going: Emergency, lang: str) -> list[Sheet]:
    """Return tasks and log of an emergency as sheets."""
    titles = ("Tasks", "Log") if lang == "en" else ("任务", "记录")
    return [Sheet(titles[0], tasks_frame(plan, going, lang)), Sheet(titles[1], log_frame(going, lang))]
