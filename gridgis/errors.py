"""Every error a person can meet, in one tree.

::

    GridgisError
    |-- InputError        a file, argument or geometry from outside cannot be used      exit 2
    |   |-- UnsettledError  a file fits several coordinate systems
    |   |-- CodeError     a grid code is malformed, unknown or taken
    |   |-- SchemeError   a scheme file breaks its own rules
    |   |-- EditError     the edit asked for makes no sense on this plan
    |   `-- StoreError    the county file or database cannot be opened or is not one
    `-- RefusedError      the request is well formed but would harm the county         exit 1
        |-- CoverageError a guard found a gap, an overlap or a lost element
        `-- StaleEditError  somebody else changed the same cells meanwhile

Each error carries one plain sentence in Chinese and one in English, saying what is wrong,
where (file, row, code) and what to do about it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self


class GridgisError(Exception):
    """Base of all errors that are meant to be read by people.

    Parameters
    ----------
    zh
        The sentence in Chinese.
    en
        The same sentence in English.
    """

    exit_code: ClassVar[int] = 2

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(zh)
        self.zh = zh
        self.en = en
        self.account: dict[str, Any] = {}
        """What is known of the work that failed, for a report; empty in most cases."""
        self.place: tuple[float, float] | None = None
        """Where on the map, in the county's CRS; None where it is nowhere in particular."""

    def at(self, place: Sequence[float]) -> Self:
        """Return the error with the place it is about, x and y in the county's CRS."""
        self.place = (float(place[0]), float(place[1]))
        return self

    def __str__(self) -> str:
        """Return the Chinese sentence, which comes first everywhere."""
        return self.zh

    def words(self, lang: str) -> str:
        """Return the sentence in `lang`, ``zh`` or ``en``."""
        return self.en if lang == "en" else self.zh


class InputError(GridgisError, ValueError):
    """Something given from outside cannot be used."""


class UnsettledError(InputError):
    """A file fits several coordinate systems.

    Parameters
    ----------
    systems
        Each of them: `crs` to pass and its `name`, `share` of the coordinates in the county, `lon` and `lat` of their middle.
    """

    def __init__(self, zh: str, en: str, systems: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(zh, en)
        self.systems = [dict(s) for s in systems]


class CodeError(InputError):
    """A grid code is malformed, unknown, of the wrong level or already taken."""


class SchemeError(InputError):
    """A scheme file breaks its own rules."""


class EditError(InputError):
    """The edit asked for makes no sense on this plan."""


class StoreError(InputError):
    """The county file or database cannot be opened, or is not one."""


class RefusedError(GridgisError):
    """The request is well formed but would harm the county; nothing was changed."""

    exit_code: ClassVar[int] = 1


class CoverageError(RefusedError):
    """A guard found a gap, an overlap, a moved boundary or a lost element."""


class StaleEditError(RefusedError):
    """Somebody else changed the same cells or grids meanwhile."""
