"""An emergency from its first minute to peace: begun on an area, a task for each grid, every step logged, ended.

Its steps are kept where those of incidents are (`incident_steps`); rows are only ever added, so that the
log is the emergency and its state is read off it.
"""

from __future__ import annotations

import datetime as dt
import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import pandas as pd
import shapely

from gridgis.county import County
from gridgis.errors import InputError, RefusedError
from gridgis.staff.commanding import Situation

STATUSES = MappingProxyType({
    "assigned": ("已派发", "assigned"), "accepted": ("已接收", "accepted"), "working": ("处置中", "under way"),
    "blocked": ("受阻", "blocked"), "done": ("已完成", "done"),
})  # fmt: skip
"""What a task may be, from first to last."""

_BEGIN, _TASK, _END = "emergency_begin", "emergency_task", "emergency_end"
_LONGEST = 500


@dataclass
class Task:
    """What a grid has to see to."""

    code: str
    status: str
    note: str
    by: str
    at: str


@dataclass
class Emergency:
    """An emergency as its log tells it.

    Attributes
    ----------
    id, name
        Its number and what it is called.
    began, ended
        When; `ended` is empty while it goes on.
    area
        The area, in the county's CRS.
    totals
        What lay inside when it began.
    tasks
        By code, as they stand.
    log
        Every step: at, by, action, code, status, note.
    """

    id: str
    name: str
    began: str
    area: Any
    totals: dict[str, int]
    ended: str = ""
    tasks: dict[str, Task] = field(default_factory=dict)
    log: list[dict[str, str]] = field(default_factory=list)

    @property
    def open_tasks(self) -> list[str]:
        """Codes whose task is not done."""
        return [code for code, task in self.tasks.items() if task.status != "done"]


def emergencies(county: County) -> list[Emergency]:
    """Return every emergency of a county, the newest first."""
    frame = county.store.matching("incident_steps", "action", (_BEGIN, _TASK, _END))
    found: dict[str, Emergency] = {}
    for row in frame.sort_values("id").to_dict("records"):
        told = json.loads(row["note"] or "{}")
        key, at, by, code = (str(row[k] or "") for k in ("incident", "at", "by", "code"))
        if row["action"] == _BEGIN:
            found[key] = Emergency(key, told["name"], at, shapely.from_wkt(told["area"]), told["totals"])
        one = found.get(key)
        if one is None:
            continue
        if row["action"] == _TASK:
            one.tasks[code] = Task(code, told["status"], told["note"], by, at)
        elif row["action"] == _END:
            one.ended = at
        one.log.append({"at": at, "by": by, "action": str(row["action"]), "code": code,
                        "status": told.get("status", ""), "note": told.get("note", "")})  # fmt: skip
    return sorted(found.values(), key=lambda e: e.began, reverse=True)


def emergency(county: County, key: str) -> Emergency:
    """Return an emergency.

    Raises
    ------
    InputError
        There is none of this number.
    """
    found = emergencies(county)
    one = next((e for e in found if e.id == key), None)
    if one is None:
        there = [e.id for e in found]
        raise InputError(
            f"没有应急“{key}”：现有 {'、'.join(there) or '（无）'}。",
            f"There is no emergency '{key}'; there are: {', '.join(there) or '(none)'}.",
        )
    return one


def begin(county: County, found: Situation, name: str, by: str = "") -> Emergency:
    """Begin an emergency on an area: a task is given to every grid of the finest level that the area meets.

    Parameters
    ----------
    county
        The county.
    found
        What the area means.
    name
        What it is called.
    by
        Who begins it.

    Raises
    ------
    InputError
        It has no name.
    """
    name = _text(name.strip())
    if not name:
        raise InputError("请写明应急事项的名称。", "Give the emergency a name.")
    key = f"EM{dt.datetime.now():%Y%m%d%H%M%S}-{secrets.token_hex(3)}"
    told = {"name": name, "area": shapely.to_wkt(found.area, rounding_precision=3), "totals": found.totals}
    codes = finest(map(str, found.grids["code"]))
    tasks = [(_TASK, c, {"status": "assigned", "note": ""}) for c in codes]
    with county.store.alone():
        _add(county, key, by, [(_BEGIN, "", told), *tasks])
    return emergency(county, key)


def finest(codes: Iterable[str]) -> list[str]:
    """Return the codes that have no other of them below, in order."""
    every = sorted(codes)
    return [c for c, after in zip(every, [*every[1:], ""], strict=True) if not after.startswith(c)]


def report_task(county: County, key: str, code: str, status: str, words: tuple[str, str] = ("", "")) -> Emergency:
    """Log a new status of a grid's task; `words` are the note and who says so.

    Raises
    ------
    InputError
        There is no such emergency, task or status.
    RefusedError
        The emergency has ended.
    """
    if status not in STATUSES:
        raise InputError(
            f"没有状态“{status}”：可用的有 {'、'.join(STATUSES)}。", f"There is no status '{status}': use {', '.join(STATUSES)}."
        )
    note, by = words
    with county.store.alone():
        one = _going_on(county, key)
        if code not in one.tasks:
            raise InputError(
                f"网格“{code}”在这次应急中没有任务：有任务的是 {_listed(list(one.tasks))}。",
                f"Grid '{code}' has no task in this emergency; those that have: {_listed(list(one.tasks))}.",
            )
        _add(county, key, by, [(_TASK, code, {"status": status, "note": _text(note)})], len(one.log))
    return emergency(county, key)


def end(county: County, key: str, *, by: str = "", note: str = "", anyway: bool = False) -> Emergency:
    """Go back to peace; what was logged stays.

    Raises
    ------
    InputError
        There is no such emergency.
    RefusedError
        It has ended already, or tasks are not done and `anyway` was not said.
    """
    with county.store.alone():
        one = _going_on(county, key)
        if one.open_tasks and not anyway:
            raise RefusedError(
                f"还有 {len(one.open_tasks)} 个网格的任务未完成（{_listed(one.open_tasks)}）：请先完成，或注明仍要结束（--anyway）。",
                f"{len(one.open_tasks)} tasks are not done ({_listed(one.open_tasks)}): finish them, or end anyway (--anyway).",
            )
        _add(county, key, by, [(_END, "", {"note": _text(note), "open": one.open_tasks})], len(one.log))
    return emergency(county, key)


def _going_on(county: County, key: str) -> Emergency:
    one = emergency(county, key)
    if one.ended:
        raise RefusedError(
            f"应急“{one.name}”已于 {one.ended} 结束，记录不再变动。", f"The emergency '{one.name}' ended at {one.ended}; its log is closed."
        )
    return one


def _listed(codes: list[str]) -> str:
    return "、".join(codes[:5]) + (" …" if len(codes) > 5 else "")


def _text(text: str) -> str:
    return text.encode("utf-8", "replace").decode()[:_LONGEST]


def _add(county: County, key: str, by: str, steps: list[tuple[str, str, dict[str, Any]]], after: int = 0) -> None:
    now = dt.datetime.now().isoformat(sep=" ", timespec="seconds")
    rows = [
        {"id": f"{key}-{after + n:06d}", "incident": key, "at": now, "action": action, "code": code or None,
         "note": json.dumps(told, ensure_ascii=False), "by": _text(by)}
        for n, (action, code, told) in enumerate(steps)
    ]  # fmt: skip
    county.store.put_rows("incident_steps", pd.DataFrame(rows))
