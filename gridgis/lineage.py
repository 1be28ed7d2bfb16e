"""What became of codes, read off edits: changes per level, ancestry."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gridgis.plan import Edit, Plan, stale_codes

Pairs = Sequence[tuple[str, str]]
Step = tuple[int, str, str]


def changed_codes(plan: Plan, edit: Edit, level: str) -> tuple[list[str], list[str]]:
    """Return the codes of a level that an edit takes off the map, and those it puts on or redraws.

    Parameters
    ----------
    plan
        The plan before the edit.
    edit
        The edit.
    level
        Key of the level shown.

    Returns
    -------
    tuple of list
        The codes that go, or stay with another shape; and those that come, or stay with another shape; each sorted.

    Examples
    --------
    >>> gg.changed_codes(plan, gg.merge(plan, [A, B]), "unit") == ([A, B], [B])
    True
    """
    width = plan.scheme.width(level)
    touched = {c for c in stale_codes(plan, edit) if len(c) == width}
    before = touched & plan.grids.keys()
    after = (before - set(edit.voided)) | (touched & set(edit.created))
    return sorted(before), sorted(after)


def ancestry(edits: Iterable[tuple[int, Pairs]], code: str) -> list[Step]:
    """Return every step by which older codes became `code`, oldest first.

    Parameters
    ----------
    edits
        Version and lineage of each edit, in any order.
    code
        The code at the end.

    Returns
    -------
    list of tuple
        (version, code before, code after).
    """
    found: list[Step] = []
    family = {code}
    for version, pairs in sorted(edits, reverse=True):
        hits = [(a, b) for a, b in pairs if b in family]
        found += [(version, a, b) for a, b in hits]
        # A code that an edit brings to life was nothing before; one it redraws lived on.
        family = (family - {b for _, b in hits}) | {a for a, _ in hits}
    return sorted(found)


def descent(edits: Iterable[tuple[int, Pairs]], code: str, since: int = 0) -> list[Step]:
    """Return every step by which `code` became younger codes, oldest first.

    Parameters
    ----------
    edits
        Version and lineage of each edit, in any order.
    code
        The code at the beginning.
    since
        Edits up to this version are left out: codes before it was allotted are no descendants.
    """
    return _followed(edits, code, since)[0]


def successors(edits: Iterable[tuple[int, Pairs]], code: str, since: int = 0) -> list[str]:
    """Return the codes that hold today what `code` held: itself where it lives on."""
    return sorted(_followed(edits, code, since)[1])


def _followed(edits: Iterable[tuple[int, Pairs]], code: str, since: int) -> tuple[list[Step], set[str]]:
    """Return the steps that lead away from a code, and where they end."""
    found: list[Step] = []
    family = {code}
    for version, pairs in sorted(edits):
        hits = [(a, b) for a, b in pairs if a in family and version > since]
        found += [(version, a, b) for a, b in hits]
        family = (family - {a for a, _ in hits}) | {b for _, b in hits}
    return sorted(found), family
