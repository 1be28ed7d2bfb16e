"""Saving elements together with the figures of the cells that follow from them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import pandas as pd

from gridgis.county import County
from gridgis.elements import COUNTED
from gridgis.errors import StaleEditError

Progress = Callable[[float, str], None]


def save(
    county: County,
    tables: Mapping[str, pd.DataFrame],
    replacing: Collection[str] = (),
    progress: Progress | None = None,
    emap: int | None = None,
) -> dict[str, int]:
    """Save rows of e-map tables and recount the figures of the cells in one transaction, wholly or not at all.

    Parameters
    ----------
    county
        The county.
    tables
        Rows by table, each with an id; one with a known id takes its place.
    replacing
        Tables whose other rows go.
    progress
        Called with a share and what is being done; an exception raised there leaves the county as it was.
    emap
        State of the elements that the rows were worked out from, as `Store.pulse` gave it.

    Returns
    -------
    dict
        How many rows made place in each table.

    Raises
    ------
    StaleEditError
        Somebody else has changed the elements since.
    """
    tell = progress or (lambda _share, _words: None)
    try:
        with county.store.alone():
            if emap is not None and emap != county.store.pulse()[1]:
                raise StaleEditError(
                    "电子地图刚被他人更新，本次导入未写入：请重新导入。",
                    "The e-map has just been changed by someone else and nothing was imported: import again.",
                )
            gone = {}
            for name, frame in tables.items():
                tell(0.0, "写入")
                gone[name] = county.store.put_rows(name, frame, replacing=name in replacing)
            if any(name in COUNTED for name in tables):
                tell(0.5, "统计各基元的户数、人口与要素")
                county.refresh_figures()
            tell(1.0, "保存")
    except BaseException:
        county.forget()
        raise
    return gone
