"""What is asked of an import, and what it answers: shared by every kind of file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gridgis.errors import GridgisError, InputError
from gridgis.plan import Edit

Words = tuple[str, str]


@dataclass(frozen=True)
class Options:
    """What the user asked for.

    Parameters
    ----------
    as_
        ``grids``, ``boundaries``, or another kind that `gridgis.bringing` knows.
    fields
        Columns named by hand: ours -> theirs.
    datum
        Key of the datum, or ``auto``: state the evidence, and convert only what it shows beyond doubt.
    crs, encoding, layer
        Passed to the reader.
    level
        Level that every row must have.
    repair_below_m2
        Faults up to this size are mended.
    skip_rejected
        Import the good rows although others cannot enter.
    drop
        Columns to leave out, by their headers.
    role
        For a grid register: the role that the person in each row holds.
    strict
        For registers: refuse everything if any row is rejected.
    mode
        For elements: ``add`` to what is there (a row with a known id takes its place) or ``replace`` all.
    source, as_of
        Where the figures come from and their date, for rows that do not say.
    decisions
        What a reviewer decided on faults of the drawing: id of the review -> decision and reason.
    number
        For grids: take no codes from the file, number its rows where they lie.
    """

    as_: str = "grids"
    fields: Mapping[str, str] = field(default_factory=dict)
    datum: str = "auto"
    crs: str | int | None = None
    encoding: str = "auto"
    layer: str | None = None
    level: str | None = None
    repair_below_m2: float = 10_000.0
    skip_rejected: bool = False
    drop: tuple[str, ...] = ()
    role: str | None = None
    strict: bool = False
    mode: str = "add"
    source: str = ""
    as_of: str = ""
    decisions: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    number: bool = False


@dataclass(frozen=True)
class Intake:
    """What an import did, or would do.

    Attributes
    ----------
    report
        The account for machines; keys are fixed.
    words
        The account for people, as (Chinese, English) sentences.
    edit
        The edit as saved, None when nothing was.
    refusal
        On a dry run, what an import would be refused with; None when nothing stands in the way.
    """

    report: dict[str, Any]
    words: tuple[Words, ...]
    edit: Edit | None
    refusal: GridgisError | None = None


def cannot_enter(name: str, rejected: Mapping[int, Words]) -> InputError:
    """Return what is said of a file that stays out because rows of it were rejected.

    Parameters
    ----------
    name
        Name of the file.
    rejected
        Reason by row, half a sentence each.
    """
    first = sorted(rejected)[:5]
    zh = "；".join(f"第 {row} 行{rejected[row][0]}" for row in first)
    en = "; ".join(f"row {row}: {rejected[row][1]}" for row in first)
    n = len(rejected)
    more_zh, more_en = (f" 等 {n} 行", f" and {n - 5} more rows") if n > 5 else ("", "")
    return InputError(
        f"“{name}”中有行不能导入：{zh}{more_zh}。请改正后重试，或用 --skip-rejected 只导入其余各行。",
        f"'{name}' has rows that cannot enter: {en}{more_en}. Correct them, or import the others with --skip-rejected.",
    )
