"""The grid system of a county as data: levels, code widths, kinds, zones and size bands.

A scheme is a TOML file; nothing in the code knows a place by name. The schemes shipped with the
package lie in ``gridgis/schemes``; any other is given by its path.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cached_property
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from gridgis import codes
from gridgis.errors import CodeError, SchemeError
from gridgis.scheme_parts import Band, Duty, Key, Level, Limit, Named, Numbering, Role, Staffing


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
        (of two sides of a boundary, the lower code), of the ``lower_code`` that it touches, or of
        ``both`` sides, which `gridgis stats` still counts once.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Key
    zh: str
    en: str
    county_digits: int = 6
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
    road_rule: Literal["longest", "lower_code", "both"] = "longest"

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        listed = (
            "levels",
            "kinds",
            "categories",
            "classes",
            "zones",
            "limits",
            "duties",
            "roles",
            "organisations",
            "places",
        )
        for what in listed:
            keys = [item.key for item in getattr(self, what)]
            if len(set(keys)) != len(keys):
                raise ValueError(f"{what}: keys must differ, got {keys}")
        if "county" in self.level_keys:
            raise ValueError("levels: 'county' is every scheme's outermost level and is not listed")
        for what, key, of in self._references():
            known = [item.key for item in getattr(self, of)]
            if key is not None and key not in known:
                raise ValueError(f"{what}: '{key}' is not one of the {of}: {', '.join(known) or 'none is listed'}")
        for band in self.bands:
            if band.households is None and band.persons is None:
                raise ValueError(f"bands: the band of '{band.level}' names neither households nor persons")
            for pair in (band.households, band.persons):
                if pair is not None and not 0 <= pair[0] <= pair[1]:
                    raise ValueError(f"bands: the band of '{band.level}' runs from {pair[0]} to {pair[1]}")
        return self

    def _references(self) -> Iterator[tuple[str, str | None, str]]:
        """Yield (where, key, list that must have it) for each key that names something else."""
        for level in self.levels:
            for kind in (*level.kinds, *level.letters.values()):
                yield f"levels.{level.key}", kind, "kinds"
        for band in self.bands:
            yield "bands", band.level, "levels"
            yield "bands", band.zone, "zones"
        for duty in self.duties:
            yield f"duties.{duty.key}", duty.level, "levels"
            yield f"duties.{duty.key}", duty.limit, "limits"
        for role in self.roles:
            yield f"roles.{role.key}", role.level, "levels"
            yield from ((f"roles.{role.key}", kind, "kinds") for kind in role.kinds)
            yield from ((f"roles.{role.key}", zone, "zones") for zone in role.zones)
        for line in self.staffing:
            for key, of in (
                (line.level, "levels"),
                (line.role, "roles"),
                (line.category, "categories"),
                (line.class_, "classes"),
            ):
                yield "staffing", key, of

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
        while up is not None and len(up) > self.county_digits and self._is_missing(up):
            up = codes.parent(up, self.widths)
        return up

    def _is_missing(self, code: str) -> bool:
        level = self.level_of(code)
        return level.optional and not code[-level.width :].strip("0")

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
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SchemeError(
            f"体系文件“{name}”不是有效的 TOML（UTF-8）：{error}。",
            f"Scheme file '{name}' is not valid TOML in UTF-8: {error}.",
        ) from error
    return scheme_from(data, name)


def scheme_from(data: dict[str, Any], origin: str) -> Scheme:
    """Check `data` and return the scheme; `origin` is named in the error.

    Raises
    ------
    SchemeError
        The first broken rule, with its key.
    """
    try:
        return Scheme.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "levels"
        raise SchemeError(
            f"体系“{origin}”的“{where}”有误：{first['msg']}。请修改后重试。",
            f"Scheme '{origin}', key '{where}': {first['msg']}. Correct it and try again.",
        ) from error
