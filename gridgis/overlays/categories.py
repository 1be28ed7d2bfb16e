"""Kinds of matter as a tree of two steps, read from a file; incidents name them as ``group/matter``."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from gridgis.errors import InputError
from gridgis.scheme_errors import toml_of


class Matter(BaseModel):
    """One kind of matter."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    zh: str
    en: str


class Group(Matter):
    """A group of matters.

    Attributes
    ----------
    kind
        ``component`` (a thing in the street) or ``event``.
    source
        What the entry rests on: ``standard`` (its text was read), ``secondary`` (accounts of it), ``local`` (a list of
        the place itself) or ``illustrative``.
    """

    kind: Literal["component", "event"] = "event"
    source: Literal["standard", "secondary", "local", "illustrative"] = "local"
    matters: tuple[Matter, ...] = ()


class Categories(BaseModel):
    """The whole tree."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    groups: tuple[Group, ...]

    def name(self, category: str, lang: str) -> str:
        """Return a category in a language; what the tree does not know stays as it is."""
        if lang != "en":
            return category
        head, _, tail = category.partition("/")
        group = next((g for g in self.groups if g.zh == head), None)
        matter = next((m.en for m in (group.matters if group else ()) if m.zh == tail), tail)
        return "/".join(part for part in (group.en if group else head, matter) if part)

    def source(self, category: str) -> str:
        """Return what the group of a category rests on; nothing for one that the tree does not know."""
        return next((g.source for g in self.groups if g.zh == group_of(category)), "")


def group_of(category: str) -> str:
    """Return the group of a category: what stands before the first slash."""
    return category.split("/")[0]


def within(category: str, chosen: Iterable[str]) -> bool:
    """Tell whether a category is one of those chosen or lies below one of them."""
    return any(category == one or category.startswith(f"{one}/") for one in chosen)


def read_categories(path: str | Path | None = None) -> Categories:
    """Read a tree from a TOML file; the one shipped when none is given.

    Raises
    ------
    InputError
        The file cannot be read or is no such tree.
    """
    source = resources.files("gridgis.overlays") / "categories.toml" if path is None else Path(path)
    try:
        return categories_from(source.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"无法读取“{path}”：请给出 UTF-8 的 TOML 文件。",
                         f"'{path}' cannot be read: give a TOML file in UTF-8.") from error  # fmt: skip


def categories_from(text: str, name: str) -> Categories:
    """Read a tree from TOML; `name` is what the error calls it.

    Raises
    ------
    InputError
        It is no such tree.
    """
    try:
        return Categories.model_validate(toml_of(text))
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"“{name}”不是 TOML 文件：{error}。", f"'{name}' is not TOML: {error}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"类别文件“{name}”的 {where} 有误：每个 groups 要有 zh、en，可有 kind、source、matters。",
            f"'{name}' is wrong at {where}: each of the groups has zh and en, and may have kind, source, matters.",
        ) from error
