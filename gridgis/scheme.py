"""The grid system of a county as data: levels, code widths, kinds, zones and size bands.

A scheme is a TOML file; nothing in the code knows a place by name. The schemes shipped with the
package lie in ``gridgis/schemes``; any other is given by its path.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from functools import cached_property
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from gridgis import codes
from gridgis.errors import CodeError, SchemeError
from gridgis.scheme_errors import hint, scheme_error, toml_error, toml_of
from gridgis.scheme_parts import (
    Access,
    Band,
    BrokenRulesError,
    Duty,
    Fault,
    Key,
    Level,
    Limit,
    Named,
    Numbering,
    Patrol,
    Procedure,
    Role,
    Service,
    Staffing,
    Text,
    Workload,
)

_LISTS = ("levels", "kinds", "categories", "classes", "zones", "limits", "duties", "roles", "organisations", "places")
_NAMED_IN = {
    "bands": {"level": "levels", "zone": "zones"},
    "duties": {"level": "levels", "limit": "limits"},
    "roles": {"level": "levels"},
    "staffing": {"level": "levels", "role": "roles", "category": "categories", "class": "classes"},
    "services": {"level": "levels", "place": "places", "zone": "zones"},
    "patrols": {"level": "levels", "zone": "zones"},
}
"""Keys that name an entry of another list."""


class Scheme(BaseModel):
    """Levels, code widths, kinds, zones, bands, duties and roles of a county.

    Attributes
    ----------
    county_digits
        Length of the county's own code (GB/T 2260: six).
    sliver_m2
        Parts of a cut smaller than this join their longest neighbour inside the grid.
    road_rule
        Whose a road is that crosses or bounds several grids: of the grid with its ``longest`` part
        (of two sides of a boundary, the lower code), of the ``lower_code`` that it runs in or along,
        or of ``both`` sides, which `gridgis stats` still counts once; see `gridgis.emap`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Key
    zh: Text
    en: Text
    county_digits: Annotated[int, Field(ge=2, le=12)] = 6
    sliver_m2: Annotated[float, Field(ge=0)] = 100.0
    levels: Annotated[tuple[Level, ...], Field(min_length=1)]
    kinds: tuple[Named, ...] = (Named(key="comprehensive", zh="综合网格", en="comprehensive grid"),)
    categories: tuple[Named, ...] = ()
    classes: tuple[Named, ...] = ()
    zones: tuple[Named, ...] = ()
    bands: tuple[Band, ...] = ()
    numbering: Numbering = Numbering()
    limits: tuple[Limit, ...] = ()
    duties: tuple[Duty, ...] = ()
    roles: tuple[Role, ...] = ()
    staffing: tuple[Staffing, ...] = ()
    organisations: tuple[Named, ...] = ()
    places: tuple[Named, ...] = ()
    services: tuple[Service, ...] = ()
    patrols: tuple[Patrol, ...] = ()
    procedure: Procedure = Procedure()
    access: Access = Access()
    workload: Workload = Workload()
    road_rule: Literal["longest", "lower_code", "both"] = "longest"

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        found = [*self._repeated(), *self._unknown(), *self._contradictory(), *self._unfit_letters()]
        if found:
            raise BrokenRulesError(*found)
        return self

    def _repeated(self) -> Iterator[Fault]:
        """Yield keys that stand twice in a list, and two bands for the same grids."""
        for what in _LISTS:
            seen = set()
            for k, item in enumerate(getattr(self, what)):
                if item.key in seen:
                    zh, en = "请改为不同的键", "keys must differ"
                    yield f"{what}[{k}].key", f"重复使用了“{item.key}”：{zh}", f"says '{item.key}' twice: {en}"
                seen.add(item.key)
                if what == "levels" and item.key == "county":
                    zh, en = (
                        "不必列出：county 是每个体系的最上一级，请删去",
                        "is the outermost level of every scheme: leave it out",
                    )
                    yield f"{what}[{k}].key", zh, en
        pairs = [(band.level, band.zone) for band in self.bands]
        for k, pair in enumerate(pairs):
            if pair in pairs[:k]:
                yield (
                    f"bands[{k}]",
                    "与前面一项的层级和分区相同：请合为一项",
                    "is of the same level and zone as one before: make it one",
                )

    def _unknown(self) -> Iterator[Fault]:
        """Yield keys that name what the scheme does not list."""
        for path, key, of in self._references():
            known = [item.key for item in getattr(self, of)]
            if key is not None and key not in known:
                zh, en = hint(key, known)
                yield path, f"所指的“{key}”不在 {of} 之中：{zh}", f"names '{key}', which is not one of the {of}: {en}"

    def _references(self) -> Iterator[tuple[str, str | None, str]]:
        """Yield (path, key, list that must have it) for each key that names something else."""
        for k, level in enumerate(self.levels):
            yield from ((f"levels[{k}].kinds[{j}]", kind, "kinds") for j, kind in enumerate(level.kinds))
            yield from ((f"levels[{k}].letters.{letter}", kind, "kinds") for letter, kind in level.letters.items())
        for k, role in enumerate(self.roles):
            yield from ((f"roles[{k}].kinds[{j}]", kind, "kinds") for j, kind in enumerate(role.kinds))
            yield from ((f"roles[{k}].zones[{j}]", zone, "zones") for j, zone in enumerate(role.zones))
        for k, step in enumerate(self.procedure.steps):
            yield f"procedure.steps[{k}].level", None if step.level == "county" else step.level, "levels"
        matters = [(f".matters[{k}]", m.limit) for k, m in enumerate(self.access.matters)]
        for path, limit in [("", self.access.limit), *matters]:
            yield f"access{path}.limit", limit, "limits"
        for part, of in (("category_factors", "categories"), ("class_factors", "classes")):
            yield from ((f"workload.{part}.{key}", key, of) for key in getattr(self.workload, part))
        for what, keys in _NAMED_IN.items():
            for k, item in enumerate(getattr(self, what)):
                for key, of in keys.items():
                    yield f"{what}[{k}].{key}", getattr(item, "class_" if key == "class" else key), of

    def _contradictory(self) -> Iterator[Fault]:
        """Yield bands without sense, roles that ask for grids without a level, numbers that do not fit."""
        for k, band in enumerate(self.bands):
            if band.households is None and band.persons is None:
                zh, en = (
                    "既无户数也无人口：请写 households 或 persons",
                    "names neither households nor persons: give one of them",
                )
                yield f"bands[{k}]", zh, en
            for key, pair in (("households", band.households), ("persons", band.persons)):
                if pair is not None and not 0 <= pair[0] <= pair[1]:
                    zh, en = (
                        f"从 {pair[0]} 到 {pair[1]}：请把下限写在前面，且不为负",
                        f"runs from {pair[0]} to {pair[1]}: the lower end comes first",
                    )
                    yield f"bands[{k}].{key}", zh, en
        for k, role in enumerate(self.roles):
            if role.level is None and (role.required or role.kinds or role.zones or role.at_home or role.visit_days):
                zh, en = (
                    "没有填写，却对网格有要求：请补上层级",
                    "is missing, yet the role asks something of grids: add the level",
                )
                yield f"roles[{k}].level", zh, en
        levels = {role.key: role.level for role in self.roles}
        for k, line in enumerate(self.staffing):
            if levels.get(line.role, line.level) != line.level:
                zh = f"与岗位“{line.role}”的层级“{levels[line.role]}”不同：请改为一致"
                yield (
                    f"staffing[{k}].level",
                    zh,
                    f"is not '{levels[line.role]}', the level of the role '{line.role}': make them agree",
                )
        most = 10 ** min(level.digits for level in self.levels) - 1
        if self.numbering.first > most:
            zh, en = (
                f"超出了位数最少的层级，最大为 {most}：请改小",
                f"does not fit the level of fewest digits: {most} at most",
            )
            yield "numbering.first", zh, en

    def _unfit_letters(self) -> Iterator[Fault]:
        """Yield type letters that leave the kind of a grid, or the letter of a kind, open."""
        for k, level in enumerate(self.levels):
            stands_for = list(level.letters.values())
            for letter, kind in level.letters.items():
                if stands_for.count(kind) > 1:
                    zh, en = (
                        f"与另一字母同指“{kind}”：请只留一个字母",
                        f"stands for '{kind}' as another does: one letter for each kind",
                    )
                    yield f"levels[{k}].letters.{letter}", zh, en
            lacking = [kind for kind in self.kinds_of(level) if kind not in stands_for] if stands_for else []
            if lacking:
                zh, en = (
                    f"缺少类型 {'、'.join(lacking)} 的字母：请补上",
                    f"lacks a letter for {', '.join(lacking)}: add it",
                )
                yield f"levels[{k}].letters", zh, f"{en}, or name the kinds of the level"

    def kinds_of(self, level: Level) -> tuple[str, ...]:
        """Return the kinds that grids of a level may have."""
        return level.kinds or tuple(kind.key for kind in self.kinds)

    @cached_property
    def level_keys(self) -> tuple[str, ...]:
        """Keys of the levels, coarse to fine, without the county."""
        return tuple(level.key for level in self.levels)

    @cached_property
    def widths(self) -> codes.Widths:
        """Cumulative code lengths, the county's first."""
        out = [self.county_digits]
        for level in self.levels:
            out.append(out[-1] + level.width)
        return tuple(out)

    def level(self, key: str) -> Level:
        """Return the level named `key`.

        Raises
        ------
        SchemeError
            The scheme has no such level.
        """
        for level in self.levels:
            if level.key == key:
                return level
        raise SchemeError(
            f"体系“{self.name}”没有层级“{key}”：可用的层级是 {'、'.join(self.level_keys)}。",
            f"Scheme '{self.name}' has no level '{key}': its levels are {', '.join(self.level_keys)}.",
        )

    def width(self, key: str) -> int:
        """Return the length of codes of level `key` (``county`` included)."""
        if key == "county":
            return self.county_digits
        return self.widths[self.level_keys.index(self.level(key).key) + 1]

    def level_key(self, code: str) -> str:
        """Return the level of a checked `code`: ``county`` or one of `level_keys`."""
        index = codes.level_index(code, self.widths)
        return "county" if index == 0 else self.level_keys[index - 1]

    def level_of(self, code: str) -> Level:
        """Return the level of a checked grid `code`, which must be below the county."""
        return self.levels[codes.level_index(code, self.widths) - 1]

    def parse(self, code: object) -> str:
        """Return `code` as checked text; see `gridgis.codes.parse`."""
        return codes.parse(code, self.widths, self.letters)

    @cached_property
    def letters(self) -> dict[int, str]:
        """Type letters allowed at a position of a code."""
        places = zip(self.widths, self.levels, strict=False)
        return {at: "".join(level.letters) + "0" * level.optional for at, level in places if level.letters}

    def stem(self, code: str) -> str:
        """Return what stands before the number of a grid: the prefix one level up and its type letter."""
        up = codes.parent(code, self.widths) or ""
        return code[: len(up) + bool(self.level_of(code).letters)]

    def kind_by_letter(self, code: str) -> str:
        """Return the kind that the type letter of a checked grid `code` stands for, nothing where it bears none."""
        level = self.level_of(code)
        return level.letters.get(code[-level.width], "")

    def next_code(self, under: str, width: int, taken: Iterable[str]) -> str:
        """Return the next free code below the stem `under`; see `gridgis.codes.next_code`."""
        return codes.next_code(under, width, taken, self.numbering.first)

    def reading_order(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.intp]:
        """Return the order in which grids at `x`, `y` are first numbered; see `gridgis.codes.reading_order`."""
        # North to south in bands from the west is the same walk on the map laid on its side.
        return codes.reading_order(x, y) if self.numbering.order == "west_north" else codes.reading_order(-y, -x)

    def number(self, code: str) -> int:
        """Return the number of a grid under its parent."""
        return int(code[len(self.stem(code)) :])

    def parse_grid(self, code: object) -> str:
        """Return `code` as checked text of a grid below the county.

        Raises
        ------
        CodeError
            The code is malformed or the county's own.
        """
        text = self.parse(code)
        if len(text) == self.county_digits:
            raise CodeError(
                f"“{text}”是县区编码，不是网格编码：请给出下级网格的编码。",
                f"'{text}' is the county's own code, not a grid: give the code of a grid below it.",
            )
        groups = [
            (text[a + bool(level.letters) : b], level)
            for (a, b), level in zip(pairwise(self.widths), self.levels, strict=True)
            if text[a:b]
        ]
        if any(
            not g.strip("0") and (not level.optional or k == len(groups) - 1) for k, (g, level) in enumerate(groups)
        ):
            raise CodeError(
                f"编码“{text}”中有全零的一段：顺序号从 1 起，全零表示没有该层级，请改用其他编码。",
                f"Code '{text}' has a group of zeros: numbers run from 1 and zeros mean that a level is missing; "
                "choose another code.",
            )
        return text

    def parent(self, code: str) -> str | None:
        """Return the prefix of `code` one level up, past optional levels that its branch lacks (zeros)."""
        up = codes.parent(code, self.widths)
        while up is not None and len(up) > self.county_digits and self.is_missing(up):
            up = codes.parent(up, self.widths)
        return up

    def is_missing(self, code: str) -> bool:
        """Tell whether zeros stand in `code` for a level that its branch of the tree lacks."""
        level = self.level_of(code)
        return level.optional and not code[-level.width :].strip("0")

    def hours_for(self, category: str, limit: str = "") -> float | None:
        """Return how many hours an incident of a category may take, by a limit if one is named; None for no limit."""
        matter = self.access.matter_of(category)
        key = limit or (matter and matter.limit) or self.access.limit
        return next((item.total_hours for item in self.limits if item.key == key), None)

    def band(self, level: str, zone: str | None) -> Band | None:
        """Return the band that holds at `level` in `zone`, the zone's own before the general one."""
        found = [b for b in self.bands if b.level == level and b.zone in (zone, None)]
        return min(found, key=lambda b: b.zone is None, default=None)


def scheme_names() -> list[str]:
    """Return the names of the schemes shipped with the package."""
    folder = resources.files("gridgis") / "schemes"
    return sorted(p.name.removesuffix(".toml") for p in folder.iterdir() if p.name.endswith(".toml"))


def load_scheme(name_or_path: str | Path) -> Scheme:
    """Read a scheme by its shipped name or from a TOML file.

    Raises
    ------
    SchemeError
        No such scheme, no TOML, or the content breaks a rule; names file, key and cure.
    """
    name = str(name_or_path)
    shipped = name in scheme_names()
    path = resources.files("gridgis") / "schemes" / f"{name}.toml" if shipped else Path(name)
    if not path.is_file():
        known = scheme_names()
        raise SchemeError(
            f"没有名为“{name}”的网格体系，也没有这个文件：自带的体系有 {'、'.join(known)}。",
            f"There is no scheme and no file '{name}': the schemes shipped are {', '.join(known)}.",
        )
    try:
        data = toml_of(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise toml_error(error, name) from error
    return scheme_from(data, name)


def scheme_from(data: dict[str, Any], origin: str) -> Scheme:
    """Check `data` and return the scheme; `origin` is named in the error.

    Raises
    ------
    SchemeError
        Every rule that is broken, with its key.
    """
    try:
        return Scheme.model_validate(data)
    except ValidationError as error:
        raise scheme_error(error, Scheme, origin) from error
