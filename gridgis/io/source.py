"""What a file from outside turned out to hold, whatever its format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd

from gridgis.errors import InputError


@dataclass(frozen=True)
class Source:
    """A file as it was read.

    Parameters
    ----------
    frame
        Columns and geometry in the file's own CRS; the index counts rows from 1. Rows without geometry are
        kept, with None.
    facts
        ``driver``, ``crs`` (text), ``encoding``, ``rows``, ``layers``, ``layer``, ``members`` (plain
        top-level members of a GeoJSON); ``evidence`` and ``warnings``, lists of sentences (zh, en); ``turned``,
        whether x and y were swapped;
        ``reasons``, per row why it has no geometry, where that is known; of tables also ``lines``, the rows
        that a spreadsheet program shows, and ``place_columns``, what the places were read from.
    """

    frame: gpd.GeoDataFrame
    facts: dict[str, Any]


def known_encoding(encoding: str) -> str:
    """Return an encoding that can write Chinese.

    Raises
    ------
    InputError
        Python does not know it, or it cannot.
    """
    try:
        "网格".encode(encoding)
    except (LookupError, UnicodeError) as error:
        raise InputError(
            f"编码“{encoding}”不可用：请用 auto、utf-8 或 gb18030。",
            f"The encoding '{encoding}' cannot be used: try auto, utf-8 or gb18030.",
        ) from error
    return encoding
