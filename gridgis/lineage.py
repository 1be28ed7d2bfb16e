"""What became of codes, read off edits: changes per level, ancestry."""

from __future__ import annotations

from collections.abc import Iterable

from gridgis.plan import Edit, Plan, stale_codes


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
    """
    width = plan.scheme.width(level)
    touched = {c for c in stale_codes(plan, edit) if len(c) == width}
    before = touched & plan.grids.keys()
    after = (before - set(edit.voided)) | (touched & set(edit.created))
    return sorted(before), sorted(after)


def ancestry(edits: Iterable[Edit], code: str) -> list[tuple[int, str, str]]:
    """Return (version, code before, code after) for every edit in the line of a code, oldest first."""
    found: list[tuple[int, str, str]] = []
    family = {code}
    for edit in sorted(edits, key=lambda e: e.version or 0, reverse=True):
        hits = [(a, b) for a, b in edit.lineage if b in family or a in family]
        family |= {a for a, _ in hits}
        found += [(edit.version or 0, a, b) for a, b in hits]
    return sorted(found)
