"""The loop of an incident: submit, forward, handle, feedback, evaluate; each step kept with what it changes, or not at all.

An incident is ``reported``, ``forwarded``, ``handling`` or ``closed``, and has a time of closing exactly when it is closed.
Steps touch nothing that is counted in cells, so plans and figures stand as they are.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pandas as pd

from gridgis.county import County
from gridgis.errors import InputError, RefusedError
from gridgis.incidents.ledger import chain_of, incident_of, status_of, steps_of
from gridgis.incidents.reporting import RESIDENT, KnownError, due_at, free_step, moment, require_id, require_text
from gridgis.plan import Plan

WAYS = MappingProxyType({
    "grid": ("网格自办", "by the grid itself"), "joint": ("联合处置", "jointly"), "dispatched": ("派单处置", "dispatched"),
})  # fmt: skip
"""How an incident is handled."""
STATUSES = MappingProxyType({
    "reported": ("待受理", "reported"), "forwarded": ("已转办", "forwarded"), "handling": ("办理中", "being handled"),
    "closed": ("已办结", "closed"),
})  # fmt: skip
LONGEST_NOTE = 2000
SCORES = range(1, 6)


@dataclass(frozen=True)
class Action:
    """A step that may be taken: its names, in which states, and the state after it (empty: as it was)."""

    zh: str
    en: str
    before: tuple[str, ...]
    after: str


_OPEN = ("reported", "forwarded", "handling")
ACTIONS: Mapping[str, Action] = MappingProxyType({
    "submit": Action("上报", "Submit", (), "reported"),
    "valid": Action("核实有效", "Mark valid", _OPEN, ""),
    "invalid": Action("核实无效", "Mark not valid", _OPEN, "closed"),
    "forward": Action("转办", "Forward", ("reported", "forwarded"), "forwarded"),
    "handle": Action("办理", "Handle", ("reported", "forwarded"), "handling"),
    "feedback": Action("反馈办结", "Give feedback", ("handling",), "closed"),
    "close": Action("直接办结", "Close", ("forwarded", "handling"), "closed"),
    "evaluate": Action("评价", "Evaluate", ("closed",), "closed"),
    "reopen": Action("重新办理", "Reopen", ("closed",), "handling"),
})  # fmt: skip
"""The steps, in their order; `submit` is taken by `gridgis.incidents.reporting.report` alone."""


@dataclass(frozen=True)
class Step:
    """A step as it is asked for.

    Attributes
    ----------
    by
        Who enters it.
    staff, organisation, code
        Person, body and grid that act or are to act; who answers for the place by default.
    handled_in
        One of `WAYS`, for ``handle``.
    limit
        Key of a limit of the scheme, when the matter turns out quicker or slower than its kind.
    score
        1 to 5, for ``evaluate``.
    at
        When it was taken; now by default.
    id
        The sender's identifier, by which a second try is noticed.
    """

    action: str
    note: str = ""
    by: str = ""
    staff: str = ""
    organisation: str = ""
    code: str = ""
    handled_in: str = ""
    limit: str = ""
    score: int = 0
    at: str = ""
    id: str = ""


def take(county: County, number: str, step: Step) -> dict[str, Any]:
    """Take a step of an incident and return the step as it was kept, with `status`, `due_at` and `closed_at` after it.

    Raises
    ------
    InputError
        There is no such incident, or something in the step cannot be used.
    RefusedError
        The incident is not where such a step may be taken.
    KnownError
        There is a step with this identifier.
    """
    _require_sound(county, step)
    asked = incident_of(county, number)
    who = _who(county, asked, step)
    with county.store.alone():
        # Read again with everybody else kept out: two who press at once must not both go on from the same state.
        incident, before = incident_of(county, number), steps_of(county, number)
        at = _after(before, moment(step.at))
        _require_state(incident, before, step)
        changed = _changed(county, incident, step, at)
        row = {"id": step.id or free_step(county, number, len(before) + 1), "incident": number, "at": at, "action": step.action,
               "note": _note(step), "by": step.by, **who}  # fmt: skip
        if county.store.put_rows("incident_steps", pd.DataFrame([row], dtype=object)):
            raise KnownError(
                f"编号“{row['id']}”的步骤已经登记过，未重复登记。",
                f"A step '{row['id']}' was entered before and is not entered twice.",
            )
        if changed:
            county.store.set_fields("incidents", number, changed)
    now = incident | changed
    return row | {"status": status_of(now), **{k: now[k] for k in ("due_at", "closed_at", "handled_in", "valid")}}


def next_actions(incident: Mapping[str, Any], steps: pd.DataFrame) -> list[str]:
    """Return the steps that may be taken now, the usual next one first."""
    status = status_of(incident)
    allowed = [k for k, a in ACTIONS.items() if status in a.before]
    if incident["valid"] == 1:
        allowed = [k for k in allowed if k != "valid"]
    if incident["valid"] == 0 or _evaluated(steps):
        allowed = [k for k in allowed if k != "evaluate"]
    if _unjudged(incident):
        return [k for k in allowed if k in ("valid", "invalid")]
    usual = {"reported": "forward", "forwarded": "handle", "handling": "feedback", "closed": "evaluate"}[status]
    return sorted(allowed, key=lambda k: k != usual)


def _unjudged(incident: Mapping[str, Any]) -> bool:
    """Tell whether a resident's report still waits for the verdict that must come before anybody is sent."""
    return bool(incident["source"] == RESIDENT and incident["valid"] is None and not incident["closed_at"])


def _evaluated(steps: pd.DataFrame) -> bool:
    """Tell whether the incident was evaluated since it was closed last."""
    last = [a for a in steps["action"] if a in ("feedback", "close", "evaluate", "reopen")]
    return bool(last) and last[-1] == "evaluate"


def _require_sound(county: County, step: Step) -> None:
    if step.action not in ACTIONS or step.action == "submit":
        known = [k for k in ACTIONS if k != "submit"]
        raise InputError(
            f"没有步骤“{step.action}”：可用的有 {'、'.join(known)}。",
            f"There is no step '{step.action}': there are {', '.join(known)}.",
        )
    for name in ("note", "by", "staff", "organisation", "code", "id"):
        require_text(name, getattr(step, name), LONGEST_NOTE if name == "note" else 200)
    require_id(step.id)
    limits = [item.key for item in county.scheme.limits]
    if step.limit and step.limit not in limits:
        raise InputError(
            f"体系没有时限“{step.limit}”：可用的有 {'、'.join(limits) or '（无）'}。",
            f"The scheme has no limit '{step.limit}': there are {', '.join(limits) or '(none)'}.",
        )
    if (step.action == "handle") != bool(step.handled_in) or step.handled_in not in (*WAYS, ""):
        raise InputError(
            f"办理方式只用于“办理”一步，且必须是 {'、'.join(WAYS)} 之一（自办、联合、派单）。",
            f"The way of handling belongs to the step 'handle', and must be one of {', '.join(WAYS)}.",
        )
    if (step.action == "evaluate") != bool(step.score) or (step.score and step.score not in SCORES):
        raise InputError(
            "评价必须给出 1 到 5 分；其他步骤不打分。",
            "An evaluation needs a score from 1 to 5; other steps have none.",
        )


def _require_state(incident: Mapping[str, Any], before: pd.DataFrame, step: Step) -> None:
    if step.action in next_actions(incident, before):
        return
    zh, en = STATUSES[status_of(incident)]
    action = ACTIONS[step.action]
    if _unjudged(incident):
        raise RefusedError(
            "居民上报须先核实：请先标为有效或无效。", "A resident's report comes first: mark it valid or not valid."
        )
    raise RefusedError(
        f"事件“{incident['id']}”现为“{zh}”，不能“{action.zh}”：可能刚由他人办理，请查看最新状态。",
        f"Incident '{incident['id']}' is {en}: '{action.en.lower()}' cannot be done now; somebody may have been faster.",
    )


def _changed(county: County, incident: Mapping[str, Any], step: Step, at: str) -> dict[str, Any]:
    """Return what a step changes in the row of its incident."""
    after = ACTIONS[step.action].after
    out: dict[str, Any] = {"status": after} if after else {}
    if step.action in ("valid", "invalid"):
        out["valid"] = int(step.action == "valid")
    if after == "closed" and not incident["closed_at"]:
        out["closed_at"] = at
    if step.action == "reopen":
        out["closed_at"] = None
        if incident["valid"] == 0:
            out |= {"status": "reported", "valid": None}
    if step.handled_in:
        _require_admitted(county, incident, step)
        out["handled_in"] = step.handled_in
    if step.limit:
        out["due_at"] = due_at(county.scheme, incident["category"], incident["at"], step.limit)
    return out


def _require_admitted(county: County, incident: Mapping[str, Any], step: Step) -> None:
    matter = county.scheme.access.matter_of(incident["category"] or "")
    if matter is not None and not matter.admitted and step.handled_in == "grid":
        raise RefusedError(
            f"“{matter.zh}”不在网格准入清单内，不由网格自办：请联合处置或派单给部门。",
            f"'{matter.en}' is not on the access list, so the grid does not handle it by itself: choose joint or dispatched.",
        )


def _after(before: pd.DataFrame, at: str) -> str:
    last = max((str(v) for v in before["at"]), default="")
    now = dt.datetime.now().isoformat(" ", "seconds")
    if at > max(now, last) or at < last:
        raise InputError(
            f"步骤时间 {at} 不可用：应在上一步（{last or '无'}）之后，且不晚于现在。",
            f"The time {at} cannot be that of this step: it must follow the last ({last or 'none'}) and not lie ahead.",
        )
    return at


def _note(step: Step) -> str:
    return f"{step.score}/5 {step.note}".strip() if step.score else step.note


def _who(county: County, incident: Mapping[str, Any], step: Step) -> dict[str, Any]:
    """Return person, body and grid of a step: those given if they are known, else who answers for the place."""
    found = chain_of(county, incident)
    code = _known_grid(county.plan, step.code) if step.code else found.code
    body = step.organisation
    if step.handled_in in ("joint", "dispatched") and not body:
        matter = county.scheme.access.matter_of(incident["category"] or "")
        body = (matter and matter.department) or ""
        if not body:
            raise InputError("联合处置或派单须写明部门。", "Joint handling and dispatching need a department.")
    if body and body not in bodies_of(county):
        raise InputError(
            f"没有部门或组织“{body}”：请用体系 access.departments 的键或组织台账的编号。",
            f"There is no department or body '{body}': give a key of access.departments or an id of the register.",
        )
    if step.staff and step.staff not in set(pd.DataFrame(county.table("staff", ("id",)))["id"]):
        raise InputError(
            f"人员台账中没有“{step.staff}”：请核对编号。", f"The register has no person '{step.staff}': check the id."
        )
    person = step.staff or (found.person if step.action in ("forward", "handle") and not body else "")
    return {"staff": person or None, "organisation": body or None, "code": code or None}


def _known_grid(plan: Plan, code: str) -> str:
    return code if code == plan.county_code else plan.grid(code).code


def bodies_of(county: County) -> dict[str, tuple[str, str]]:
    """Return the names of departments and bodies that a step may go to, by key or id."""
    rows = pd.DataFrame(county.table("organisations", ("id", "name")))
    listed = {str(i): (str(n), str(n)) for i, n in zip(rows["id"], rows["name"], strict=True)}
    return {d.key: (d.zh, d.en) for d in county.scheme.access.departments} | listed


def points(county: County) -> pd.DataFrame:
    """Return the points that residents earned by valid reports: receipt, at, category, points; no person is known."""
    rows = pd.DataFrame(county.store.some("incidents", {"source": RESIDENT, "valid": 1}, ("id", "at", "category")))
    access = county.scheme.access
    matters = [access.matter_of(c or "") for c in rows["category"]]
    earned = [access.points if m is None or m.points is None else m.points for m in matters]
    return rows.rename(columns={"id": "receipt"}).assign(points=pd.Series(earned, dtype=int))
