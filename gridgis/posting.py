"""Posting people: the register of postings changed in one transaction, after every rule was asked."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from gridgis.county import County
from gridgis.errors import InputError, RefusedError
from gridgis.plan import Plan
from gridgis.schema import TABLES
from gridgis.scheme_parts import Role
from gridgis.staff.people import People, concerns, people_of
from gridgis.staff.staffing import heirs, strays
from gridgis.staff.suggesting import suggestions

_COLUMNS = [c.name for c in TABLES["postings"]]
_SOURCE = "gridgis post"


@dataclass(frozen=True)
class Wanted:
    """A posting that is asked for: the holder is a person or, if `body`, an organisation."""

    role: str
    code: str
    holder: str
    body: bool = False
    since: str = ""
    until: str = ""
    note: str = ""


@dataclass(frozen=True)
class Posted:
    """What was done to one posting: ``posted``, ``ended`` or ``moved``; `was` is the code before."""

    what: str
    id: str
    role: str
    code: str
    holder: str
    name: str
    since: str
    until: str = ""
    was: str = ""


def a_day(text: str) -> str:
    """Return a date as ``YYYY-MM-DD``.

    Raises
    ------
    InputError
        It is no date.
    """
    try:
        return dt.date.fromisoformat(text.strip()).isoformat()
    except ValueError as error:
        raise InputError(
            f"“{text}”不是日期：请写成 年-月-日，例如 2026-10-31。",
            f"'{text}' is no date: write year-month-day, such as 2026-10-31.",
        ) from error


class _Beside:
    """The tables of a county with its postings as a transaction sees them."""

    def __init__(self, county: County) -> None:
        self._tables = {t: pd.DataFrame(county.table(t)) for t in ("staff", "organisations", "visits")}

    def seen(self, postings: pd.DataFrame, day: str) -> People:
        """Return the registers with these postings, as of a day."""
        self._tables["postings"] = postings
        return people_of(self, day)

    def table(self, name: str, columns: Any = None, bounds: Any = None) -> pd.DataFrame:  # noqa: ARG002
        """Return a table."""
        return self._tables[name]


def post(county: County, wanted: Sequence[Wanted]) -> list[Posted]:
    """Post people and bodies to grids, all of them or none.

    Raises
    ------
    InputError
        A role, grid, holder or date is not there or does not fit.
    RefusedError
        The holder has the grid already, or as many as the role allows.
    """
    plan, day, beside = county.plan, county.today, _Beside(county)
    done: list[Posted] = []

    def change(rows: pd.DataFrame) -> pd.DataFrame:
        people = beside.seen(rows, day)
        held = _held(people)
        number, added = _last_number(rows), []
        for k, one in enumerate(wanted, 1):
            role = _fitting(plan, one)
            name = _known(people, role, one)
            _require_room(role, one, held.setdefault((one.role, one.holder), []), name)
            held[one.role, one.holder].append(one.code)
            since, until = a_day(one.since or day), a_day(one.until) if one.until else ""
            _require_order(since, until)
            ids = dict(
                zip(("organisation", "staff"), (one.holder, None) if one.body else (None, one.holder), strict=True)
            )
            added.append({"id": f"P{number + k:06d}", "role": one.role, "code": one.code, "since": since, "until": until or None,
                          "note": one.note or None, "source": _SOURCE} | ids)  # fmt: skip
            done.append(Posted("posted", f"P{number + k:06d}", one.role, one.code, one.holder, name, since, until))
        more = pd.DataFrame(added, columns=_COLUMNS, dtype=object)
        return pd.concat([rows.reindex(columns=_COLUMNS).astype(object), more], ignore_index=True) if added else rows

    county.store.change_table("postings", change)
    return done


def _held(people: People) -> dict[tuple[str, str], list[str]]:
    out: dict[tuple[str, str], list[str]] = {}
    for role, code, person, body in people.postings[["role", "code", "staff", "organisation"]].itertuples(index=False):
        out.setdefault((role, person or body), []).append(code)
    return out


def _last_number(rows: pd.DataFrame) -> int:
    """Return the highest number among the ids that we gave."""
    found = [re.fullmatch(r"P(\d{1,12})", str(i)) for i in rows["id"]]
    return max((int(m[1]) for m in found if m), default=0)


def _fitting(plan: Plan, one: Wanted) -> Role:
    """Return the role that is asked for, if it may be held for the grid."""
    roles = {r.key: r for r in plan.scheme.roles}
    role = roles.get(one.role)
    if role is None:
        raise InputError(
            f"体系“{plan.scheme.name}”没有岗位“{one.role}”：可用的岗位有 {'、'.join(roles) or '（无）'}。",
            f"Scheme '{plan.scheme.name}' has no role '{one.role}': its roles are {', '.join(roles) or '(none)'}.",
        )
    grid = plan.grid(one.code)
    if role.level is None or not concerns(role, grid):
        raise InputError(
            f"岗位“{role.zh}”不能任职于网格“{one.code}”：它的层级、类型或分区与该岗位不符，请核对编码。",
            f"Role '{role.en}' is not one of grid '{one.code}', whose level, kind or zone it does not concern: check the code.",
        )
    return role


def _known(people: People, role: Role, one: Wanted) -> str:
    """Return the name of the holder, if the registers have them and the role is for such as they are."""
    table = people.organisations if one.body else people.staff
    zh, en = ("组织", "organisation") if one.body else ("人员", "person")
    if (role.holder == "organisation") != one.body:
        zh_is, en_is = ("组织", "an organisation") if role.holder == "organisation" else ("人员", "a person")
        raise InputError(
            f"岗位“{role.zh}”由{zh_is}担任，给出的“{one.holder}”却是{zh}：请改用{'--organisation' if not one.body else '--staff'}。",
            f"Role '{role.en}' is held by {en_is}, but '{one.holder}' is given as {en}: use "
            f"{'--organisation' if not one.body else '--staff'}.",
        )
    if one.holder not in table.index:
        raise InputError(
            f"台账中没有{zh}“{one.holder}”：请核对编号，或先导入台账。",
            f"The register has no {en} '{one.holder}': check the id, or import the register first.",
        )
    return str(table.at[one.holder, "name"])


def _require_room(role: Role, one: Wanted, codes: list[str], name: str) -> None:
    if one.code in codes:
        raise RefusedError(
            f"{name}（{one.holder}）已在网格“{one.code}”担任{role.zh}：未作改动。",
            f"{name} ({one.holder}) is {role.en} of grid '{one.code}' already: nothing was changed.",
        )
    if role.at_most is not None and len(set(codes)) >= role.at_most:
        raise RefusedError(
            f"{name}（{one.holder}）已任 {len(set(codes))} 个网格的{role.zh}，上限为 {role.at_most} 个：请另选人员，或先结束一项任职。",
            f"{name} ({one.holder}) is {role.en} of {len(set(codes))} grids and may have {role.at_most}: choose someone else, "
            "or end a posting first.",
        )


def _require_order(since: str, until: str) -> None:
    if until and until <= since:
        raise InputError(
            f"终止日期 {until} 不晚于起始日期 {since}：请核对两个日期。",
            f"The last day {until} does not come after the first, {since}: check both dates.",
        )


def accept(county: County, role: str | None = None) -> list[Posted]:
    """Post everybody whom `gridgis.staff.suggesting` suggests, for one role or for all."""
    return post(county, wanted_of(suggestions(county.plan, people_of(county, county.today), role)))


def wanted_of(found: pd.DataFrame) -> list[Wanted]:
    """Return suggestions as postings to be made."""
    return [Wanted(s["role"], s["code"], s["holder"], s["kind"] == "organisation") for s in found.to_dict("records")]


def end(county: County, posting: str, on: str = "") -> list[Posted]:
    """End a posting: the day given, today by default, is the first on which it is not in force.

    Raises
    ------
    InputError
        There is no such posting, or it has ended before.
    """
    today = county.today
    day = a_day(on or today)
    people = people_of(county, today)
    done: list[Posted] = []

    def change(rows: pd.DataFrame) -> pd.DataFrame:
        at = rows.index[rows["id"] == posting]
        if not len(at):
            raise InputError(
                f"没有任职“{posting}”：用 gridgis who 查看任职编号。",
                f"There is no posting '{posting}': gridgis who shows the ids.",
            )
        row = rows.loc[at[0]].fillna("")
        if row["until"] and row["until"] <= day:
            raise InputError(
                f"任职“{posting}”已于 {row['until']} 结束：无需再结束。",
                f"Posting '{posting}' ended on {row['until']}: there is nothing to end.",
            )
        done.append(_posted("ended", people, row.to_dict(), until=day))
        return rows.assign(until=rows["until"].astype(object).where(rows.index != at[0], day))

    county.store.change_table("postings", change)
    return done


def _posted(what: str, people: People, row: dict[Any, Any], **more: str) -> Posted:
    holder = str(row["staff"] or row["organisation"])
    table = people.staff if row["staff"] else people.organisations
    name = str(table.at[holder, "name"]) if holder in table.index else ""
    fields = {"code": str(row["code"]), "until": str(row["until"] or "")} | more
    return Posted(what, str(row["id"]), str(row["role"]), holder=holder, name=name, since=str(row["since"]), **fields)


def follow(county: County) -> list[Posted]:
    """Move the postings of voided codes to the grid that keeps most of their households.

    A posting stays where no grid followed, where the role is not one of the grid that did, and where
    its holder has that grid already.
    """
    plan = county.plan
    people = people_of(county, county.today)
    stray = strays(plan, people)
    lost = sorted(set(stray.loc[stray["fault"] == "void", "code"]))
    to = heirs(plan, lost, pd.DataFrame(county.table("grids"))) if lost else {}
    roles = {r.key: r for r in plan.scheme.roles}
    done: list[Posted] = []

    def change(rows: pd.DataFrame) -> pd.DataFrame:
        live, held = set(people.postings["id"]), _held(people)
        codes = rows["code"].astype(object).copy()
        for at, row in zip(rows.index, rows.fillna("").to_dict("records"), strict=True):
            heir, role = to.get(row["code"]), roles.get(row["role"])
            mine = held.setdefault((row["role"], row["staff"] or row["organisation"]), [])
            fits = heir is not None and role is not None and (role.level is None or concerns(role, plan.grids[heir]))
            if heir is None or not fits or row["id"] not in live or heir in mine:
                continue
            mine.append(heir)
            codes[at] = heir
            done.append(_posted("moved", people, row, code=heir, was=row["code"]))
        return rows.assign(code=codes)

    if to:
        county.store.change_table("postings", change)
    return done
