"""Who answers for the ground: the registers on one day, and the chain of people above a place.

Everything here is a function of a plan and of the register tables; nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import pandas as pd

from gridgis.locate import locate
from gridgis.plan import Grid, Plan
from gridgis.schema import TABLES
from gridgis.scheme import Scheme
from gridgis.scheme_parts import Role

_HEAD = ("head", "负责人", "网格长", "网格员")
_PHONE = ("phone", "电话", "联系电话", "手机")


class Registers(Protocol):
    """Whatever keeps the tables of a county."""

    def table(self, name: str, columns: Any = None, bounds: Any = None) -> pd.DataFrame:
        """Return a table."""


@dataclass(frozen=True)
class Holder:
    """A person or a body that holds a role for a grid.

    Attributes
    ----------
    kind
        ``person``, ``organisation``, or ``unknown`` where the registers have no such entry.
    since
        First day, as text; nothing where it is not known.
    posting
        Id of the posting; nothing for what is no posting.
    source
        ``posting``; ``joined`` for a body that the register joins to the grid; ``register`` for the
        head that the grid's own register row names.
    """

    role: str
    kind: str
    id: str
    name: str
    phone: str
    since: str = ""
    posting: str = ""
    source: str = "posting"


@dataclass(frozen=True)
class Link:
    """One level of a chain: the grid, who holds a role in it, and which roles want a holder."""

    level: str
    code: str
    name: str
    holders: tuple[Holder, ...]
    vacancies: tuple[str, ...]

    def row(self) -> dict[str, Any]:
        """Return the link as plain values."""
        return asdict(self) | {"holders": [asdict(h) for h in self.holders], "vacancies": list(self.vacancies)}


@dataclass(frozen=True, eq=False)
class People:
    """The registers of people and bodies as they stand on a day.

    Attributes
    ----------
    day
        The day, as ``YYYY-MM-DD``.
    staff, organisations
        By id; text without gaps, home points as numbers.
    postings
        Those in force on the day: its first day counts, its last does not.
    any_posting
        True when the county has a posting at all, in force or not.
    visits
        Visits up to the day.
    """

    day: str
    staff: pd.DataFrame
    organisations: pd.DataFrame
    postings: pd.DataFrame
    any_posting: bool
    visits: pd.DataFrame

    @cached_property
    def by_code(self) -> Mapping[str, list[Holder]]:
        """Holders of each code: postings in their order, then bodies that the register joins to it."""
        out: dict[str, list[Holder]] = {}
        for row in self.postings.to_dict("records"):
            out.setdefault(row["code"], []).append(self.holder(row))
        bodies = self.organisations
        for body in bodies[bodies["code"] != ""].reset_index().to_dict("records"):
            held = out.setdefault(body["code"], [])
            if not any(h.id == body["id"] and h.kind == "organisation" for h in held):
                held.append(
                    Holder(body["kind"], "organisation", body["id"], body["name"], body["phone"], source="joined")
                )
        return out

    def holder(self, posting: Mapping[Any, Any]) -> Holder:
        """Return who a posting names."""
        person = not posting["organisation"]
        key = posting["staff"] if person else posting["organisation"]
        table = self.staff if person else self.organisations
        kind = "person" if person else "organisation"
        if key not in table.index:
            return Holder(posting["role"], "unknown", key, "", "", posting["since"], posting["id"])
        name, phone = str(table.at[key, "name"]), str(table.at[key, "phone"])
        return Holder(posting["role"], kind, key, name, phone, posting["since"], posting["id"])


def people_of(source: Registers, day: str) -> People:
    """Read the registers as of a day (``YYYY-MM-DD``)."""
    staff, organisations, postings, visits = (
        _plain(source, t) for t in ("staff", "organisations", "postings", "visits")
    )
    begun = postings["since"].str[:10] <= day
    running = (postings["until"] == "") | (postings["until"].str[:10] > day)
    seen = visits["at"].str[:10] <= day
    return People(
        day, _by_id(staff), _by_id(organisations), postings[begun & running].reset_index(drop=True),
        bool(len(postings)), visits[seen].reset_index(drop=True),
    )  # fmt: skip


def _plain(source: Registers, table: str) -> pd.DataFrame:
    frame = pd.DataFrame(source.table(table))
    out = {}
    for column in TABLES[table]:
        values = frame[column.name] if column.name in frame else pd.Series(dtype=object)
        if column.kind == "text":
            out[column.name] = pd.Series(["" if pd.isna(v) else str(v) for v in values], dtype=object)
        else:
            out[column.name] = pd.Series(pd.to_numeric(values), dtype=float).reset_index(drop=True)
    return pd.DataFrame(out)


def _by_id(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.drop_duplicates("id").set_index("id")


def roles_of(scheme: Scheme, grid: Grid) -> list[Role]:
    """Return the roles that may be held for a grid, in the order of the scheme."""
    return [r for r in scheme.roles if concerns(r, grid)]


def concerns(role: Role, grid: Grid) -> bool:
    """Tell whether a role is one of this grid's: by level, kind and zone."""
    fits = (not role.kinds or grid.kind in role.kinds) and (not role.zones or grid.zone in role.zones)
    return role.level == grid.level and fits


def needed(scheme: Scheme, role: Role, grid: Grid) -> int:
    """Return how many holders of a role a grid must have: by the staffing lines, else one where it is required."""
    for line in scheme.staffing:
        fits = line.category in (None, grid.category) and line.class_ in (None, grid.class_)
        if line.role == role.key and line.level == grid.level and fits:
            return line.number
    return int(role.required)


def holders_of(plan: Plan, people: People, code: str) -> list[Holder]:
    """Return who holds a role for a code; the head named in the grid's own row comes last."""
    grid = plan.grids.get(code)
    known = set() if grid is None else {r.key for r in roles_of(plan.scheme, grid)}
    # A body that merely sits in the grid answers for it only where the scheme has a role for its kind.
    held = [h for h in people.by_code.get(code, ()) if h.source != "joined" or h.role in known]
    own = None if grid is None else _own_head(plan.scheme, grid)
    if own is not None and not any(h.name == own.name or (h.role == own.role and own.role) for h in held):
        held.append(own)
    return held


def _own_head(scheme: Scheme, grid: Grid) -> Holder | None:
    """Return the head that the grid's register row names; it stands for the first role a person must hold."""
    columns = dict(grid.extra)
    name, phone = (next((columns[k] for k in keys if columns.get(k)), "") for keys in (_HEAD, _PHONE))
    if not name:
        return None
    roles = [r for r in roles_of(scheme, grid) if r.holder == "person"]
    role = next((r.key for r in sorted(roles, key=lambda r: not r.required)), "")
    return Holder(role, "person", "", name, phone, source="register")


def missing(plan: Plan, people: People, grid: Grid) -> list[tuple[Role, int, int]]:
    """Return (role, needed, held) of each role that wants holders in a grid."""
    wanted = [(r, needed(plan.scheme, r, grid)) for r in roles_of(plan.scheme, grid)]
    if not any(n for _, n in wanted):
        return []
    held = [h.role for h in holders_of(plan, people, grid.code)]
    return [(r, n, held.count(r.key)) for r, n in wanted if held.count(r.key) < n]


def path_to(plan: Plan, code: str) -> list[str]:
    """Return the live codes from the county down to `code`."""
    out, up = [code], plan.scheme.parent(code)
    while up is not None:
        out.append(up)
        up = plan.scheme.parent(up)
    return [c for c in reversed(out) if c in plan.grids or c == plan.county_code]


def link(plan: Plan, people: People, code: str, county: str = "") -> Link:
    """Return who answers for one code; `county` is the name of the county."""
    grid = plan.grids.get(code)
    held = tuple(holders_of(plan, people, code))
    if grid is None:
        return Link("county", code, county, held, ())
    lacking = tuple(r.key for r, _, _ in missing(plan, people, grid))
    return Link(grid.level, code, grid.name, held, lacking)


def chain(plan: Plan, people: People, code: str, county: str = "") -> list[Link]:
    """Return who answers for a code at every level, from the county down.

    Parameters
    ----------
    plan
        The plan.
    people
        The registers on the day asked for.
    code
        A live grid, or the county's own code.
    county
        Name of the county.

    Raises
    ------
    CodeError
        There is no such live grid.
    """
    if code != plan.county_code:
        code = plan.grid(code).code
    return [link(plan, people, c, county) for c in path_to(plan, code)]


def homes_of(plan: Plan, frame: pd.DataFrame) -> pd.Series[Any]:
    """Return the leaf grid of each home point, on the index of `frame`; nothing where there is none."""
    xy = frame[["x", "y"]].to_numpy(dtype=np.float64).reshape(-1, 2)
    found = locate(plan, xy)
    return pd.Series(["" if c is None else c for c in found], index=frame.index, dtype=object)


def role_name(scheme: Scheme, key: str) -> tuple[str, str]:
    """Return a role's names in both languages; bodies joined to a grid go by their kind."""
    known = {r.key: (r.zh, r.en) for r in (*scheme.organisations, *scheme.roles)}
    return known.get(key, (key or "负责人", key or "head"))


def level_name(scheme: Scheme, key: str) -> tuple[str, str]:
    """Return the name of a level in both languages, the county included."""
    known = {v.key: (v.zh, v.en) for v in scheme.levels}
    return known.get(key, ("县区", "county"))


def listed(names: Iterable[str]) -> tuple[str, str]:
    """Return names as a Chinese and an English enumeration."""
    words = list(names)
    return "、".join(words), ", ".join(words)
