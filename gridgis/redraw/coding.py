"""The verbs that change what a grid is called or counts as, and never its shape: recode, convert."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gridgis import codes
from gridgis.errors import CodeError, EditError
from gridgis.plan import Edit, Grid, Plan
from gridgis.redraw.changes import Bit, Change, complete, require_unlocked, rewritten


def recode(plan: Plan, code: str, new: str, *, unlock: bool = False) -> Edit:
    """Give a grid another code of the same level; its shape stays, grids below follow.

    Parameters
    ----------
    plan
        The plan to start from.
    code, new
        The code as it is, and as it shall be.
    unlock
        Allow a code under another parent.

    Returns
    -------
    Edit
        The change, computed and not saved: `County.apply` saves it, `evolve` shows the plan after it.

    Raises
    ------
    CodeError
        The new code is malformed, of another level, was ever allotted, or has no live parent.

    Examples
    --------
    >>> gg.recode(plan, A, "350526100001009").lineage
    (('350526100001001', '350526100001009'),)
    """
    grid = plan.grid(code)
    text = usable_code(plan, grid, new, unlock=unlock)
    return _renamed(plan, grid.code, text, "recode", {"recode": grid.code, "new": text, "unlock": unlock})


def usable_code(plan: Plan, grid: Grid, new: object, *, unlock: bool = False) -> str:
    """Return a new code for a grid as checked text.

    Raises
    ------
    CodeError
        The new code is malformed, of another level or kind, was ever allotted, or has no live parent.
    RefusedError
        It lies under another parent and `unlock` is false.
    """
    text = plan.scheme.parse_grid(new)
    if len(text) != len(grid.code):
        raise CodeError(
            f"新编码“{text}”与“{grid.code}”层级不同：请使用 {len(grid.code)} 位编码。",
            f"New code '{text}' is of another level than '{grid.code}': use {len(grid.code)} digits.",
        )
    if text in plan.ledger:
        raise CodeError(
            f"编码“{text}”已经使用过，编码不得重复使用：请换一个未用过的编码。",
            f"Code '{text}' has been allotted before and codes are never reused: choose another.",
        )
    up = plan.scheme.parent(text) or ""
    if up not in plan.grids and up != plan.county_code:
        raise CodeError(
            f"新编码“{text}”的上级“{up}”不存在：请先建立上级网格或改用现有上级的前缀。",
            f"The parent '{up}' of the new code '{text}' does not exist: use the prefix of a live grid.",
        )
    if plan.scheme.kind_by_letter(text) not in ("", grid.kind):
        raise CodeError(
            f"新编码“{text}”的类型字母与网格“{grid.code}”的类型不符：改变类型请用 gridgis convert。",
            f"The type letter of the new code '{text}' does not fit the kind of grid '{grid.code}': to change the kind "
            "use gridgis convert.",
        )
    require_unlocked(plan, [grid.code], text, unlock=unlock)
    return text


def relabelled(plan: Plan, kind: str, command: Mapping[str, Any], labels: Mapping[str, tuple[str, str]]) -> Edit:
    """Give several grids of one level another code, another name or both, in one edit.

    Parameters
    ----------
    plan
        The plan to start from.
    kind, command
        As in `Edit`.
    labels
        New code and new name by present code; codes are checked by `usable_code` already.
    """
    moved = {c: new for c, (new, _) in labels.items() if new != c}
    named = [replace(plan.grids[c], name=name) for c, (new, name) in labels.items() if new == c]
    words = rewritten(plan, kind, command, named)
    if not moved:
        return words
    bits, made = [], []
    for old, new in moved.items():
        more, grids = _under(plan, old, new)
        bits += more
        made += [replace(grids[0], name=labels[old][1]), *grids[1:]]
    edit = complete(plan, Change(kind, command, plan.grids[next(iter(moved))].level, bits, new_grids=made))
    return replace(
        edit,
        grids_removed=(*edit.grids_removed, *words.grids_removed),
        grids_added=(*edit.grids_added, *words.grids_added),
        lineage=tuple(sorted({*edit.lineage, *words.lineage})),
        before={**edit.before, **words.before},
        after={**edit.after, **words.after},
    )


def convert(plan: Plan, code: str, kind: str) -> Edit:
    """Make a grid one of another kind; shape and households stay.

    The code stays too, unless the scheme puts a type letter for the kind in it: then the grid gets
    the next free number under its parent with that letter, and the grids below follow.

    Parameters
    ----------
    plan
        The plan to start from.
    code
        Grid of any level.
    kind
        Key of a kind of the scheme that the level allows.

    Returns
    -------
    Edit
        The change, computed and not saved: `County.apply` saves it, `evolve` shows the plan after it.

    Raises
    ------
    CodeError
        No such grid, or no free number.
    EditError
        The scheme has no such kind at this level, or the grid is of it already.

    Examples
    --------
    >>> edit = gg.convert(plan, A, "institution")
    >>> gg.evolve(plan, edit).grid(A).kind
    'institution'
    """
    grid, scheme = plan.grid(code), plan.scheme
    level = scheme.level(grid.level)
    allowed = scheme.kinds_of(level)
    if kind not in allowed:
        raise EditError(
            f"层级“{level.zh}”没有类型“{kind}”：可用的类型是 {'、'.join(allowed)}。",
            f"Level '{level.en}' has no kind '{kind}': its kinds are {', '.join(allowed)}.",
        )
    if kind == grid.kind:
        raise EditError(f"网格“{grid.code}”已经是该类型。", f"Grid '{grid.code}' is of this kind already.")
    command = {"convert": grid.code, "kind": kind}
    if not level.letters:
        return rewritten(plan, "convert", command, [replace(grid, kind=kind)])
    under = (codes.parent(grid.code, scheme.widths) or "") + level.letter(kind)
    if len(under) == len(scheme.stem(grid.code)) - 1:
        raise EditError(
            f"体系没有为类型“{kind}”规定类型字母：请先在体系文件中补充。",
            f"The scheme has no type letter for the kind '{kind}': add one to the scheme file.",
        )
    used = plan.ledger.under(under, len(grid.code))
    return _renamed(plan, grid.code, scheme.next_code(under, len(grid.code), used), "convert", command, kind)


def _renamed(plan: Plan, old: str, new: str, verb: str, command: Mapping[str, Any], kind: str | None = None) -> Edit:
    """Give a grid and the grids below it codes that begin with `new`."""
    bits, made = _under(plan, old, new)
    made[0] = replace(made[0], kind=kind or made[0].kind)
    return complete(plan, Change(verb, command, plan.grids[old].level, bits, new_grids=made))


def _under(plan: Plan, old: str, new: str) -> tuple[list[Bit], list[Grid]]:
    """Return cells and rows of a grid and of the grids below it, with codes that begin with `new`."""
    rows = plan.rows.take(plan.row(plan.cell_ids(old)))
    bits = [
        Bit(g, (int(i),), new + c[len(new) :], int(i))
        for i, c, g in zip(rows.id, rows.code, rows.geometry, strict=True)
    ]
    return bits, [replace(plan.grids[c], code=new + c[len(new) :]) for c in (old, *plan.below(old))]
