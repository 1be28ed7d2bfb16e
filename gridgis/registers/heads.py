"""The person in each row of a grid register: into the staff, and posted to the grid in the role named."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from gridgis.errors import InputError
from gridgis.io.sheets import Cell
from gridgis.registers.context import Context, Record, blank, stable_id
from gridgis.registers.fields import HEAD_FIELDS, Field
from gridgis.registers.rows import Rows
from gridgis.registers.values import LostError, person
from gridgis.scheme import Scheme
from gridgis.scheme_parts import Role

_SPLIT = re.compile(r"[/、；;，,|]+")


@dataclass
class Heads:
    """Staff and postings that a grid register amounts to.

    Attributes
    ----------
    ended
        How many postings of others end because the register names another person.
    """

    staff: dict[str, Record] = field(default_factory=dict)
    postings: dict[str, Record] = field(default_factory=dict)
    ended: int = 0


def role_of(scheme: Scheme, name: str) -> Role:
    """Return the role of persons with this key or Chinese name.

    Raises
    ------
    InputError
        The scheme has no such role, or bodies hold it, or it is held for no grid.
    """
    able = [r for r in scheme.roles if r.level is not None and r.holder == "person"]
    for role in able:
        if name in (role.key, role.zh, role.en):
            return role
    zh, en = "、".join(f"{r.key}（{r.zh}）" for r in able) or "（无）", ", ".join(r.key for r in able) or "none"
    raise InputError(
        f"--role “{name}”：体系“{scheme.name}”没有由个人担任的这种岗位，可用的有 {zh}。",
        f"--role '{name}': scheme '{scheme.name}' has no such role of a person for a grid; there are {en}.",
    )


def head_fields(role: Role) -> tuple[Field, ...]:
    """Return the fields of the person in a row, found by the name of the role, too."""
    head, phone = HEAD_FIELDS
    heads = (f"{role.zh}姓名", role.en, role.key, *head.heads)
    phones = (
        f"{role.zh}电话",
        f"{role.zh}手机",
        f"{role.zh}手机号",
        f"{role.zh}联系电话",
        f"{role.zh}联系方式",
        *phone.heads,
    )
    return (
        Field("head", "text", role.zh, heads, required=True),
        Field("phone", "phone", f"{role.zh}电话", phones),
    )


def take_heads(context: Context, rows: Rows, role: Role, source: str) -> Heads:
    """Take the person out of each row, into the staff, and post them; rows that make no sense are rejected.

    Parameters
    ----------
    context
        The county.
    rows
        Rows of a grid register with ``head`` and ``phone``, which they lose.
    role
        The role that the persons hold.
    source
        What the rows come from.
    """
    heads = Heads()
    for row, record in list(rows.good.items()):
        typed, phones = record.pop("head", ""), record.pop("phone", "")
        if typed and context.plan.grids[record["code"]].level != role.level:
            level = context.scheme.level(str(role.level))
            rows.warnings.append(
                (
                    row,
                    (
                        f"“{typed}”未任职：岗位“{role.zh}”只在{level.zh}",
                        f"'{typed}' was not posted: role '{role.key}' is of level '{level.key}' only",
                    ),
                )
            )
            continue
        try:
            people = _people(typed, phones)
        except LostError as lost:
            rows.reject(row, lost.words)
            continue
        _post(context, heads, people, (role.key, record["code"], source, context.today))
    return heads


def _people(names: str, phones: str) -> list[tuple[str, str]]:
    """Return (name, phone) of each person in a cell."""
    listed = [person(Cell("text", n)).text for n in _SPLIT.split(names) if n.strip()]
    numbers = [p for p in _SPLIT.split(phones) if p]
    if len(listed) <= 1:
        return [(n, "/".join(numbers)) for n in listed]
    if numbers and len(numbers) != len(listed):
        raise LostError(
            f"有 {len(listed)} 个姓名、{len(numbers)} 个电话，无法对应：请逐一填写",
            f"has {len(listed)} names and {len(numbers)} phones: give one for each",
        )
    return list(zip(listed, numbers or [""] * len(listed), strict=True))


def _post(context: Context, heads: Heads, people: list[tuple[str, str]], what: tuple[str, str, str, str]) -> None:
    role, code, source, today = what
    present = {
        i: row for i, row in context.holders(role, code).items()
        if row["staff"] and not row["until"]
    }  # fmt: skip
    stay = set()
    for name, phone in people:
        held = [i for i, row in present.items() if context.tables["staff"].get(row["staff"], {}).get("name") == name]
        known = context.staff.same(name, phone) if phone else None
        if known is None and not phone and len(held) == 1:
            known = present[held[0]]["staff"]
        person_id = known or stable_id("staff", name, phone or code)
        if person_id not in context.tables["staff"]:
            new = {"id": person_id, "name": name, "phone": phone, "role": role, "source": source}
            heads.staff[person_id] = blank("staff") | new
        kept = next((i for i, row in present.items() if row["staff"] == person_id), None)
        stay.add(kept)
        if kept is None:
            # A register does not say since when; but who follows somebody begins as the other ends.
            since = today if present else ""
            posting = stable_id("postings", role, code, person_id, since)
            if posting in context.tables["postings"]:
                since = today
                posting = stable_id("postings", role, code, person_id, since)
            new = {"id": posting, "role": role, "code": code, "staff": person_id, "since": since, "source": source}
            heads.postings[posting] = blank("postings") | new
    for i, row in present.items():
        if i not in stay and people:
            heads.postings[i] = row | {"until": today}
            heads.ended += 1
