"""Arcs of a layer as lines. Loaded by `child.py` as a script beside it, never imported by the product."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyogrio

_CURVED = (8, 9, 10, 11, 12)
"""Circular string, compound curve, curve polygon, multi-curve, multi-surface."""


def straightened(table: pa.Table, path: str, asked: dict[str, Any]) -> pa.Table:
    """Return the table with every arc as a line that follows it; without arcs, the table itself.

    Parameters
    ----------
    table
        Rows with WKB in ``__geometry__``.
    path, asked
        The file, and which layer of it.
    """
    at = table.schema.get_field_index("__geometry__")
    if not any(_kind(wkb.as_py()) in _CURVED for wkb in table.column(at)):
        return table
    # Read without Arrow, GDAL puts lines in the place of arcs.
    lines = pyogrio.raw.read(path, columns=[], **asked)[2]
    return table.set_column(at, "__geometry__", pa.array(list(lines), pa.binary()))


def _kind(wkb: bytes | None) -> int:
    if not wkb:
        return 0
    kind = int.from_bytes(wkb[1:5], "little") if wkb[0] == 1 else int.from_bytes(wkb[1:5], "big")
    return (kind & 0x0FFFFFFF) % 1000
