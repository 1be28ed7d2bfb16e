"""What a scheme is made of: levels, bands, limits, duties, roles, staffing, numbering; each checked by itself."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Text = Annotated[str, Field(min_length=1)]
Fault = tuple[str, str, str]
"""A broken rule: the key below the place where it was found, and the words in Chinese and English."""


class BrokenRulesError(ValueError):
    """Rules broken that pydantic does not know; `gridgis.scheme_errors` tells them."""

    def __init__(self, *found: Fault) -> None:
        super().__init__("; ".join(f"{path} {en}" for path, _, en in found))
        self.found = found


class Named(BaseModel):
    """A key with its names in both languages."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: Key
    zh: Text
    en: Text


class Level(Named):
    """One tier of the hierarchy.

    Attributes
    ----------
    digits
        How many digits the level adds to the code of its parent.
    letters
        Type letters before the digits, each with the kind that it stands for; none by default.
    kinds
        Keys of the kinds that grids of the level may have; every kind by default.
    fixed
        True where the e-map gives the outlines, so that editing never moves them unasked.
    optional
        True where a branch of the tree may lack the level.
    """

    digits: Annotated[int, Field(ge=1, le=6)]
    letters: dict[Annotated[str, Field(pattern=r"^[A-Z]$")], Key] = {}
    kinds: tuple[Key, ...] = ()
    fixed: bool = False
    optional: bool = False

    @property
    def width(self) -> int:
        """How many characters the level adds to the code of its parent."""
        return self.digits + bool(self.letters)

    def letter(self, kind: str) -> str:
        """Return the type letter of a kind, nothing where codes bear none."""
        return next((letter for letter, stands_for in self.letters.items() if stands_for == kind), "")


class Band(BaseModel):
    """The size a grid should have; met when households *or* persons lie inside, bounds included."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    level: Key
    zone: Key | None = None
    households: tuple[int, int] | None = None
    persons: tuple[int, int] | None = None

    def met(self, households: int, persons: int) -> bool:
        """Tell whether a grid of this many households and persons is in the band."""
        pairs = ((self.households, households), (self.persons, persons))
        return any(band is not None and band[0] <= value <= band[1] for band, value in pairs)


class Limit(Named):
    """How long a kind of matter may take."""

    hours: Annotated[float, Field(gt=0)] | None = None
    days: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _one_unit(self) -> Self:
        if (self.hours is None) == (self.days is None):
            zh, en = "应写 hours 或 days 之一：请只留一个", "must have either hours or days: leave one of them"
            raise BrokenRulesError(("", zh, en))
        return self

    @property
    def total_hours(self) -> float:
        """The limit in hours."""
        return self.hours if self.hours is not None else 24 * (self.days or 0)


class Duty(Named):
    """What a grid of a level must do, and within which limit."""

    level: Key
    limit: Key | None = None


class Matter(Named):
    """A kind of matter that comes in: whose it is, how long it may take, and whether a grid must take it on.

    Attributes
    ----------
    department, group
        Who answers for it, and where it stands in the access list.
    limit
        How long it may take; that of the list by default.
    admitted
        False for a matter that was taken off the list: the grid reports it, the department handles it.
    categories
        Categories of incidents that are such a matter, themselves or by what stands before a ``/``.
    points
        What a resident earns by a valid report; that of the list by default.
    """

    department: Key | None = None
    group: Key | None = None
    limit: Key | None = None
    admitted: bool = True
    categories: tuple[Text, ...] = ()
    points: Annotated[int, Field(ge=0)] | None = None


class Access(BaseModel):
    """The access list: what a grid must take on, by department, and what was taken off it.

    Attributes
    ----------
    before, after
        How many matters the list had, and has; nothing where that was not published.
    limit
        How long a matter may take that has no limit of its own.
    points
        What a valid report of a resident earns.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    before: Annotated[int, Field(ge=0)] | None = None
    after: Annotated[int, Field(ge=0)] | None = None
    limit: Key | None = None
    points: Annotated[int, Field(ge=0)] = 1
    departments: tuple[Named, ...] = ()
    groups: tuple[Named, ...] = ()
    matters: tuple[Matter, ...] = ()

    def matter_of(self, category: str) -> Matter | None:
        """Return the matter that a category of incidents is, the one that names it most closely; None where none does."""
        named = [(len(c), m) for m in self.matters for c in m.categories if category == c or category.startswith(f"{c}/")]
        return max(named, key=lambda pair: pair[0])[1] if named else None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        found: list[Fault] = []
        for what in ("departments", "groups", "matters"):
            keys = [item.key for item in getattr(self, what)]
            for k in (k for k, key in enumerate(keys) if key in keys[:k]):
                found.append((f"{what}[{k}].key", f"重复使用了“{keys[k]}”：请改为不同的键", f"says '{keys[k]}' twice: keys must differ"))
        for k, matter in enumerate(self.matters):
            for name, of in (("department", self.departments), ("group", self.groups)):
                key = getattr(matter, name)
                if key is not None and key not in [item.key for item in of]:
                    zh, en = f"所指的“{key}”不在 {name}s 之中：请先列出或删去此项", f"names '{key}', which is not one of the {name}s: list it first"
                    found.append((f"matters[{k}].{name}", zh, en))
        if found:
            raise BrokenRulesError(*found)
        return self


class Role(Named):
    """What a person or a body may be in the system.

    Attributes
    ----------
    level
        Level of the grids that the role is held for; None for a role of the register alone.
    holder
        Whether a person or an organisation holds it.
    required
        True where every grid of the level (of `kinds` and `zones`, if given) must have a holder.
    kinds, zones
        Limit the grids concerned; all by default.
    at_most
        How many grids one holder may have in this role.
    visit_days
        The holder must visit the grid at least once in so many days.
    at_home
        True where the holder should live in the grid.
    """

    level: Key | None = None
    holder: Literal["person", "organisation"] = "person"
    required: bool = False
    kinds: tuple[Key, ...] = ()
    zones: tuple[Key, ...] = ()
    at_most: Annotated[int, Field(ge=1)] | None = None
    visit_days: Annotated[int, Field(ge=1)] | None = None
    at_home: bool = False


class Staffing(BaseModel):
    """How many holders of a role a grid gets, by its category and class; the first line that fits counts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    level: Key
    role: Key
    number: Annotated[int, Field(ge=0)]
    category: Key | None = None
    class_: Annotated[Key | None, Field(alias="class")] = None


class Service(BaseModel):
    """Homes of these grids must reach a place of a kind in so many minutes on the road network.

    A target that is not `checked` is told beside every edit, but nobody is warned of homes beyond it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    level: Key
    place: Key
    minutes: Annotated[float, Field(gt=0, le=240)]
    mode: Literal["walk", "drive"] = "walk"
    zone: Key | None = None
    checked: bool = True


class Patrol(BaseModel):
    """These grids must be walked through once in so many days, on so large a part of their roads."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    level: Key
    days: Annotated[int, Field(ge=1)]
    road_share: Annotated[float, Field(ge=0, le=1)] = 0.5
    zone: Key | None = None


class Workload(BaseModel):
    """What makes work in a grid, in multiples of the work of the mean grid; weights count relative to their sum.

    Attributes
    ----------
    households, incidents, floating, area
        Weight of households, incidents, floating population and ground.
    category_factors, class_factors
        What the work of grids of a category or class is multiplied by; 1 for those not named.
    upper, lower
        Limits between the three classes.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    households: Annotated[float, Field(ge=0)] = 0.4
    incidents: Annotated[float, Field(ge=0)] = 0.35
    floating: Annotated[float, Field(ge=0)] = 0.15
    area: Annotated[float, Field(ge=0)] = 0.1
    category_factors: dict[Key, Annotated[float, Field(gt=0)]] = {}
    class_factors: dict[Key, Annotated[float, Field(gt=0)]] = {}
    upper: Annotated[float, Field(gt=0)] = 1.25
    lower: Annotated[float, Field(gt=0)] = 0.75

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.lower >= self.upper:
            zh, en = "不小于 upper：请把下限改小", "is not below upper: make it smaller"
            raise BrokenRulesError(("lower", zh, en))
        if not self.households + self.incidents + self.floating + self.area:
            zh, en = "权重全为零：至少一项要大于零", "has no weight above zero: give one"
            raise BrokenRulesError(("", zh, en))
        return self


class Numbering(BaseModel):
    """How grids are numbered under their parent at first; numbers are frozen afterwards.

    Attributes
    ----------
    order
        ``west_north``: west to east in bands from the north (DB11/T 2157-2023); ``north_west``:
        north to south in bands from the west.
    first
        The first number.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    order: Literal["west_north", "north_west"] = "west_north"
    first: Annotated[int, Field(ge=1)] = 1


class Step(Named):
    """One step of the procedure by which a draft becomes a published version.

    Attributes
    ----------
    level
        Level of the body that acts, ``county`` included; None where the scheme does not say.
    who
        Who acts: keys of roles, whose holders stand in the register, or plain words.
    may
        What this step may do.
    """

    level: Key | None = None
    who: tuple[str, ...] = ()
    may: Annotated[tuple[Literal["draft", "review", "approve", "publish"], ...], Field(min_length=1)]


class Procedure(BaseModel):
    """The steps from draft to published version, in order; by default the county does all at once.

    Attributes
    ----------
    required
        True where every draft must pass every step before it is published.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    required: bool = False
    steps: Annotated[tuple[Step, ...], Field(min_length=1)] = (
        Step(key="county", zh="县区", en="county", level="county", may=("draft", "review", "approve", "publish")),
    )

    @property
    def demanded(self) -> tuple[Step, ...]:
        """The steps that must approve a draft; the one that publishes approves by publishing."""
        return tuple(s for s in self.steps if {"review", "approve"} & set(s.may) and "publish" not in s.may)

    @model_validator(mode="after")
    def _publishes(self) -> Self:
        keys = [s.key for s in self.steps]
        twice = next((k for k, key in enumerate(keys) if key in keys[:k]), None)
        if twice is not None:
            zh, en = f"重复使用了“{keys[twice]}”：请改为不同的键", f"says '{keys[twice]}' twice: keys must differ"
            raise BrokenRulesError((f"steps[{twice}].key", zh, en))
        if not any("publish" in s.may for s in self.steps):
            zh, en = (
                "没有一步可以发布：请在一步的 may 中写上 publish",
                "lets no step publish: put 'publish' in the `may` of one",
            )
            raise BrokenRulesError(("steps", zh, en))
        return self
