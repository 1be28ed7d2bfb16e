"""What is asked of an import of a register, what is known while it is worked out, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gridgis.errors import RefusedError
from gridgis.io.sheets import Book
from gridgis.plan import Edit, Grid
from gridgis.registers.context import Record
from gridgis.registers.heading import Table
from gridgis.registers.heads import Heads
from gridgis.registers.rows import Rows

Words = tuple[str, str]


@dataclass(frozen=True)
class Options:
    """What the user asked for.

    Attributes
    ----------
    as_
        ``register``, ``staff``, ``organisations``, ``postings`` or ``visits``.
    fields
        Columns named by hand: ours -> theirs.
    drop
        Columns to leave out, by their headers.
    encoding, layer
        Encoding of a text table; name of the sheet.
    role
        For a grid register: the role that the person in each row holds.
    strict
        Refuse everything if any row is rejected.
    """

    as_: str
    fields: Mapping[str, str] = field(default_factory=dict)
    drop: tuple[str, ...] = ()
    encoding: str = "auto"
    layer: str | None = None
    role: str | None = None
    strict: bool = False


@dataclass(frozen=True)
class Outcome:
    """What an import did, or would do.

    Attributes
    ----------
    report
        The account for machines; keys are fixed.
    words
        The account for people, as (Chinese, English) sentences.
    edit
        The edit as saved, None when there was none.
    refusal
        On a dry run, what an import would be refused with.
    """

    report: dict[str, Any]
    words: tuple[Words, ...]
    edit: Edit | None = None
    refusal: RefusedError | None = None


@dataclass
class Work:
    """An import while it is worked out."""

    options: Options
    book: Book
    table: Table
    rows: Rows
    kept: dict[str, int]
    grids: list[Grid] = field(default_factory=list)
    tables: dict[str, dict[str, Record]] = field(default_factory=dict)
    changes: list[dict[str, Any]] = field(default_factory=list)
    heads: Heads | None = None
