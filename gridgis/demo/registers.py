"""People and bodies of an illustrative county, by the roles of its scheme; names and phones mean nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from gridgis.scheme import Scheme, load_scheme
from gridgis.scheme_parts import Role

_SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦许何吕张孔曹严华金魏陶姜"
_GIVEN = "安平和顺清明远达诚信勤文武兴盛春秋山川海江林泉石云松柏梅兰竹菊"
SINCE = "2026-01-01"


@dataclass(frozen=True)
class Setting:
    """What registers are drawn up for: a scheme by name, its grids, and the homes (code, x, y, households)."""

    scheme_name: str
    grids: pd.DataFrame
    homes: pd.DataFrame
    as_of: str
    source: str


@dataclass
class _Desk:
    """Work in progress: rows of every register."""

    setting: Setting
    scheme: Scheme
    rng: np.random.Generator
    staff: list[dict[str, Any]] = field(default_factory=list)
    organisations: list[dict[str, Any]] = field(default_factory=list)
    postings: list[dict[str, Any]] = field(default_factory=list)
    visits: list[dict[str, Any]] = field(default_factory=list)

    def grids(self, level: str, kinds: Sequence[str] = (), zones: Sequence[str] = ()) -> pd.DataFrame:
        """Return the grids of a level, of some kinds and zones, in order of their code."""
        frame = self.setting.grids
        keep = frame["level"] == level
        keep &= frame["kind"].isin(kinds) if kinds else True
        keep &= frame["zone"].isin(zones) if zones else True
        return frame[keep].sort_values("code", ignore_index=True)

    def phone(self, letter: str) -> str:
        """Return a number of a range that is not in use."""
        return (
            f"1990000{len(self.staff) % 10000:04d}"
            if letter == "S"
            else f"1990001{len(self.organisations) % 10000:04d}"
        )

    def hire(self, role: str, organisation: str = "") -> dict[str, Any]:
        """Add a person to the staff."""
        given = "".join(self.rng.choice(list(_GIVEN), 1))
        name = f"{_SURNAMES[int(self.rng.integers(len(_SURNAMES)))]}示{given}"
        row = {
            "id": f"S{len(self.staff) + 1:05d}", "name": name, "phone": self.phone("S"), "role": role,
            "organisation": organisation or None, "x": None, "y": None,
        }  # fmt: skip
        self.staff.append(row)
        return row

    def post(self, role: str, code: str, staff: str = "", organisation: str = "") -> None:
        """Record who holds a role for a grid."""
        self.postings.append({
            "id": f"T{len(self.postings) + 1:06d}", "role": role, "code": code, "staff": staff or None,
            "organisation": organisation or None, "since": SINCE, "until": None, "note": None,
        })  # fmt: skip


def make_registers(
    setting: Setting, facts: Mapping[str, Sequence[Mapping[str, Any]]], rng: np.random.Generator
) -> dict[str, pd.DataFrame]:
    """Return staff, organisations, postings and visits.

    Parameters
    ----------
    setting
        The county.
    facts
        `people` and `bodies` as the facts file lists them: a role or kind each, with a number where
        it is published and one for each grid of the role otherwise.
    rng
        Source of chance.
    """
    desk = _Desk(setting, load_scheme(setting.scheme_name), rng)
    for line in facts.get("bodies", ()):
        _bodies(desk, line)
    for line in facts.get("people", ()):
        _people(desk, line)
    out = {}
    for name in ("staff", "organisations", "postings", "visits"):
        rows = getattr(desk, name)
        if rows:
            frame = pd.DataFrame(rows).assign(source=setting.source)
            out[name] = frame.assign(as_of=setting.as_of) if name in ("staff", "organisations") else frame
    return out


def _role(desk: _Desk, key: str) -> Role | None:
    return next((r for r in desk.scheme.roles if r.key == key), None)


def _bodies(desk: _Desk, line: Mapping[str, Any]) -> None:
    """Add the bodies of one kind, each in a grid, and post them if they hold a role there."""
    role = _role(desk, line["role"]) if "role" in line else None
    level = line.get("level") or (role and role.level) or desk.scheme.level_keys[0]
    grids = desk.grids(str(level), role.kinds if role else (), role.zones if role else ())
    number = int(line.get("number", len(grids)))
    kinds = _drawn(desk, line.get("kinds") or {line["kind"]: 1}, number)
    words = {o.key: o.zh for o in desk.scheme.organisations}
    parents = _nearest_parent(desk, line.get("parent"))
    held: dict[str, int] = {}
    for at, kind in zip(_deal(desk, len(grids), number), kinds, strict=True):
        code, name = str(grids["code"][at]), str(grids["name"][at])
        held[code] = held.get(code, 0) + 1
        row = {
            "id": f"O{len(desk.organisations) + 1:05d}", "kind": kind,
            "name": line["name"].format(grid=name, n=held[code], kind=words.get(kind, "")), "phone": desk.phone("O"),
            "code": code, "parent": parents(code), "x": None, "y": None,
        }  # fmt: skip
        desk.organisations.append(row)
        if role and role.level:
            desk.post(role.key, code, organisation=str(row["id"]))


def _nearest_parent(desk: _Desk, kind: str | None) -> Any:
    """Return a function that finds a body of a kind in a grid or in the ones above it."""
    known: dict[str, list[str]] = {}
    for row in desk.organisations:
        if row["kind"] == kind:
            known.setdefault(row["code"], []).append(row["id"])

    def find(code: str) -> str | None:
        for width in range(len(code), 0, -1):
            if found := known.get(code[:width]):
                return found[int(desk.rng.integers(len(found)))]
        return None

    return find


def _drawn(desk: _Desk, shares: Mapping[str, float], number: int) -> list[str]:
    """Return keys in about these shares, in exactly these numbers where they add up to the total."""
    keys, weight = list(shares), np.array(list(shares.values()), dtype=float)
    bounds = np.round(np.cumsum(weight / weight.sum()) * number).astype(int)
    return [str(k) for k in desk.rng.permutation(np.repeat(keys, np.diff(bounds, prepend=0)))]


def _deal(desk: _Desk, grids: int, number: int) -> list[int]:
    """Return a grid for each of a number of holders: one each first, the others by chance; sorted."""
    if number >= grids:
        more = desk.rng.integers(0, grids, number - grids)
        return sorted([*range(grids), *more.tolist()])
    return sorted(desk.rng.choice(grids, number, replace=False).tolist())


def _people(desk: _Desk, line: Mapping[str, Any]) -> None:
    """Add the people of one role, and post them to the grids of the role."""
    role = _role(desk, line["role"])
    bodies = [o for o in desk.organisations if o["kind"] == line.get("works_for")]
    if role is None or role.level is None:
        for k in range(int(line["number"])):
            row = desk.hire(line["role"], bodies[k % len(bodies)]["id"] if bodies else "")
            if line.get("home"):
                _house(desk, [row], desk.setting.homes)
        return
    grids = desk.grids(role.level, role.kinds, role.zones)
    if "taken_from" in line:
        _promote(desk, role, grids, line["taken_from"])
        return
    seats = _seats(desk, role, line, grids)
    mains = _drawn(desk, line["main"], len(seats)) if "main" in line else [role.key] * len(seats)
    for main, codes in zip(mains, seats, strict=True):
        row = desk.hire(main)
        for code in codes:
            desk.post(role.key, code, staff=row["id"])
        if line.get("home") or role.at_home:
            _house(desk, [row], desk.setting.homes[_under(desk, codes[0])])
        if role.visit_days:
            _visit(desk, row["id"], codes)


def _under(desk: _Desk, code: str) -> pd.Series[bool]:
    return desk.setting.homes["code"].str.startswith(code)


def _seats(desk: _Desk, role: Role, line: Mapping[str, Any], grids: pd.DataFrame) -> list[list[str]]:
    """Return the grids of each holder."""
    codes = [str(c) for c in grids["code"]]
    if line.get("cover"):
        # Neighbouring numbers are neighbours on the ground, as a rule.
        bounds = np.round(np.linspace(0, len(codes), int(line["number"]) + 1)).astype(int)
        return [codes[a:b] for a, b in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)]
    if "number" in line:
        return [[codes[k]] for k in _deal(desk, len(codes), int(line["number"]))]
    lines = [s for s in desk.scheme.staffing if s.role == role.key and s.level == role.level]
    out = []
    for code, category, class_ in zip(codes, grids["category"], grids["class"], strict=True):
        fits = (
            s.number for s in lines if s.category in (None, category or None) and s.class_ in (None, class_ or None)
        )
        out += [[code]] * (next(fits, 0) if lines else 1)
    return out


def _promote(desk: _Desk, role: Role, grids: pd.DataFrame, main: str) -> None:
    """Let people who are posted inside each grid hold a further role, no one twice."""
    ready = {s["id"] for s in desk.staff if s["role"] == main}
    first = {p["staff"] for p in desk.postings if p["role"] != main}
    inside = sorted((p["code"], p["staff"]) for p in desk.postings if p["role"] == main and p["staff"] in ready - first)
    for code in grids["code"]:
        holder = next(who for where, who in inside if where.startswith(code))
        desk.post(role.key, str(code), staff=holder)


def _house(desk: _Desk, rows: Sequence[dict[str, Any]], homes: pd.DataFrame) -> None:
    """Give people a home in a building where somebody lives."""
    lived = homes[homes["households"] > 0]
    chosen = lived.iloc[desk.rng.integers(0, len(lived), len(rows))]
    for row, x, y in zip(rows, chosen["x"], chosen["y"], strict=True):
        row["x"], row["y"] = round(float(x), 3), round(float(y), 3)


def _visit(desk: _Desk, staff: str, codes: Sequence[str]) -> None:
    """Record monthly visits to each grid; the last one lies within the month before the figures."""
    day = np.datetime64(desk.setting.as_of)
    for code in codes:
        last = day - int(desk.rng.integers(1, 24))
        for months in (2, 1, 0):
            at = last - 29 * months
            desk.visits.append({
                "id": f"V{len(desk.visits) + 1:06d}", "staff": staff, "code": code, "at": str(at), "note": "入户走访",
            })  # fmt: skip
