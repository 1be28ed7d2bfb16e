"""Which column of a file is which of ours: by header, by the user's word; what is not ours is kept."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from gridgis.errors import InputError
from gridgis.gathering.fields import Field, heads_of
from gridgis.io.asking import Options
from gridgis.registers.fields import plain_head
from gridgis.registers.privacy import is_identity_number

Words = tuple[str, str]
_PRIVATE = ("身份证", "公民身份", "idcard", "identitynumber", "citizenid")
_SHORT = 8
"""Names of a shapefile's columns end after ten bytes; below eight nothing was cut."""


@dataclass(frozen=True)
class Columns:
    """The columns of a file as they were understood.

    Attributes
    ----------
    ours
        Our field -> their column.
    kept
        Columns that are none of ours.
    dropped
        Columns left out as asked.
    ignored
        Columns that have no place in the table: of a list of people nothing else is stored.
    evidence
        What was guessed, half a sentence each.
    """

    ours: Mapping[str, str]
    kept: tuple[str, ...]
    dropped: tuple[str, ...]
    ignored: tuple[str, ...]
    evidence: tuple[Words, ...]


def match_columns(table: pd.DataFrame, fields: Sequence[Field], options: Options, *, cut: bool = False) -> Columns:
    """Find our fields among the columns of a file.

    Parameters
    ----------
    table
        The rows, without geometry.
    fields
        What may be found.
    options
        Columns named by the user, an empty name leaves a field unfilled; columns to leave out.
    cut
        True where names may have been cut short, as in shapefiles.

    Raises
    ------
    InputError
        A column or field named by the user is not there, or a column holds identity numbers of people.
    """
    names = [str(c) for c in table.columns]
    named = options.fields
    ours = _named(names, fields, named)
    dropped = tuple(_there(names, head, "--drop") for head in options.drop)
    free = {plain_head(n): n for n in reversed(names) if n not in ours.values() and n not in dropped}
    guessed = []
    for field in fields:
        found = None if field.key in named else _guess(field, free, cut=cut)
        if found is not None:
            ours[field.key] = free.pop(found)
            guessed.append((field, ours[field.key]))
    other = tuple(n for n in names if n not in ours.values() and n not in dropped)
    if options.as_ == "population":
        return Columns(ours, (), dropped, other, _words(guessed))
    for name in names:
        if name not in dropped:
            _require_no_people(name, table[name])
    return Columns(ours, other, dropped, (), _words(guessed))


def _words(guessed: Sequence[tuple[Field, str]]) -> tuple[Words, ...]:
    strange = [(f, c) for f, c in guessed if plain_head(c) != plain_head(f.key)]
    if not strange:
        return ()
    zh = "、".join(f"“{c}”作为{f.zh}" for f, c in strange)
    en = ", ".join(f"'{c}' as {f.key}" for f, c in strange)
    return ((f"按列名认出：{zh}（可用 --field 改）", f"told by their headers: {en} (--field changes it)"),)


def _named(names: Sequence[str], fields: Sequence[Field], named: Mapping[str, str]) -> dict[str, str]:
    known = {f.key for f in fields}
    ours = {}
    for key, column in named.items():
        if key not in known:
            raise InputError(
                f"--field：没有字段“{key}”，可用的有 {'、'.join(f.key for f in fields)}。",
                f"--field: there is no field '{key}'; there are {', '.join(f.key for f in fields)}.",
            )
        if column:
            ours[key] = _there(names, column, "--field")
    return ours


def _there(names: Sequence[str], wanted: str, option: str) -> str:
    found = [n for n in names if n == wanted] or [n for n in names if plain_head(n) == plain_head(wanted)]
    if not found:
        raise InputError(
            f"{option}：文件中没有列“{wanted}”，现有列：{'、'.join(names[:30])}。",
            f"{option}: the file has no column '{wanted}'; it has {', '.join(names[:30])}.",
        )
    return found[0]


def _guess(field: Field, free: Mapping[str, str], *, cut: bool) -> str | None:
    heads = heads_of(field)
    exact = next((h for h in heads if h in free), None)
    if exact is not None or not cut:
        return exact
    long = [h for h in free if _SHORT <= len(free[h].encode("utf-8")) <= 10]
    return next((h for h in long if any(head.startswith(h) and head != h for head in heads)), None)


def _require_no_people(name: str, values: pd.Series[Any]) -> None:
    """Refuse a column of identity numbers: the e-map and its incidents do not keep them."""
    texts = (str(v).strip() for v in values.dropna().unique())
    private = any(word in plain_head(name) for word in _PRIVATE) or any(
        is_identity_number(t) for t in texts if re.fullmatch(r"\d{17}[\dXx]", t)
    )
    if private:
        error = InputError(
            f"列“{name}”含有居民身份证号：这里不登记个人身份信息，请删去该列，或用 --drop {name} 略去后导入。",
            f"Column '{name}' holds identity card numbers, which are not kept here: delete it, or leave it out with "
            f"--drop '{name}'.",
        )
        error.account = {"column": name}
        raise error
