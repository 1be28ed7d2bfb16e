"""Copying a county with its whole history, from a file or database to another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from gridgis.county import County
from gridgis.errors import StoreError
from gridgis.store import open_store, shown
from gridgis.store.building import copy_store


def copy_county(
    source: str | Path, target: str | Path, progress: Callable[[float, str], None] | None = None
) -> dict[str, Any]:
    """Copy a county with every version of its cells and grids, its edits, ledger, settings and tables.

    Parameters
    ----------
    source, target
        File or ``postgresql://...``; nothing may be at the target yet.
    progress
        Told a share from 0 to 1 and what is being done.

    Returns
    -------
    dict
        from, to, version, hash.

    Raises
    ------
    StoreError
        The source is no county, or the target is taken or cannot be written; nothing is left behind.
    """
    with County(open_store(source)) as county:
        return copy_of(county, target, progress)


def copy_of(
    county: County, target: str | Path, progress: Callable[[float, str], None] | None = None
) -> dict[str, Any]:
    """Copy a county that is open already, and hold the copy against it.

    Parameters
    ----------
    county
        The county; it is read only.
    target, progress
        As in `copy_county`.

    Returns
    -------
    dict
        from, to, version, hash.

    Raises
    ------
    StoreError
        The target is taken or cannot be written, or the copy is not like the county.
    """
    tell = progress or (lambda _share, _words: None)
    copy_store(county.store, target, lambda share, words: tell(0.8 * share, words))
    tell(0.8, "核对副本")
    with County(open_store(target)) as copy:
        version, plan = copy.version, copy.plan
        # The source may have moved on since: the copy is of one moment, and is held against that.
        if plan.hash != county.store.edit(version).hash:
            raise StoreError(
                f"副本“{shown(target)}”的指纹与原县区不符：请删除该副本后重试。",
                f"The copy '{shown(target)}' does not have the hash of the county: remove it and try again.",
            )
    return {"from": county.store.name, "to": shown(target), "version": version, "hash": plan.hash}
