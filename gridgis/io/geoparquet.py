"""Read GeoParquet with Arrow alone. Loaded by `child.py` in its own process, never by the product.

GDAL as it comes with pyogrio has no Parquet driver. Geometry may be WKB or the nested lists of GeoArrow; a file
without the ``geo`` member is read if a binary column bears one of the usual names.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

Facts = dict[str, Any]

_USUAL = ("geometry", "geom", "wkb_geometry", "wkb", "the_geom", "shape")


def read(path: str) -> tuple[pa.Table, Facts]:
    """Return the columns with WKB in ``__geometry__``, and the facts.

    Parameters
    ----------
    path
        Copy of the file.
    """
    with pq.ParquetFile(Path(path), page_checksum_verification=True) as file:
        declared = file.metadata.num_rows
        members = file.metadata.metadata or {}
        table = file.read()
    geo = json.loads(members.get(b"geo", b"{}"))
    name = geo.get("primary_column") or next(
        (c for c in table.schema.names if c.lower() in _USUAL and _is_binary(table.schema.field(c).type)), None
    )
    if name is None or name not in table.schema.names:
        return table, {"fault": "no_geometry"}
    said = geo.get("columns", {}).get(name, {})
    broken: list[int] = []
    wkb = _wkb(table.column(name), str(said.get("encoding", "WKB")).lower(), broken)
    others = [c for c in table.schema.names if c != name and c not in _boxes(said)]
    columns = {c: table.column(c) for c in others} | {"__geometry__": pa.array(wkb, pa.binary())}
    return pa.table(columns), {
        "driver": "GeoParquet", "crs": _crs(geo, said), "encoding": "UTF-8", "layers": [], "layer": None,
        "declared": declared, "broken": broken,
    }  # fmt: skip


def _is_binary(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _boxes(said: dict[str, Any]) -> set[str]:
    """Return the columns that only repeat the bounds of the geometry."""
    cover = said.get("covering", {}).get("bbox", {})
    return {path[0] for path in cover.values() if path}


def _crs(geo: dict[str, Any], said: dict[str, Any]) -> str | None:
    if not geo:
        return None
    if "crs" not in said:
        return "EPSG:4326"
    return None if said["crs"] is None else json.dumps(said["crs"])


def _wkb(column: pa.ChunkedArray, encoding: str, broken: list[int]) -> list[bytes | None]:
    if encoding == "wkb":
        return [None if v is None else bytes(v) for v in column.to_pylist()]
    out: list[bytes | None] = []
    for row, value in enumerate(column.to_pylist(), 1):
        try:
            out.append(None if value is None else bytes(shapely.to_wkb(_shape(encoding, value))))
        except (ValueError, TypeError, KeyError, IndexError, shapely.errors.ShapelyError):
            broken.append(row)
            out.append(None)
    return out


def _shape(kind: str, value: Any) -> Any:
    if kind == "point":
        return shapely.Point(value["x"], value["y"])
    if kind == "linestring":
        return shapely.LineString(_xy(value))
    if kind == "polygon":
        rings = [_xy(ring) for ring in value]
        return shapely.Polygon(rings[0], rings[1:]) if rings else shapely.Polygon()
    one = kind.removeprefix("multi")
    maker: Any = {"point": shapely.MultiPoint, "linestring": shapely.MultiLineString, "polygon": shapely.MultiPolygon}[
        one
    ]
    return maker([_shape(one, part) for part in value])


def _xy(points: list[dict[str, float]]) -> np.ndarray[Any, Any]:
    return np.array([(p["x"], p["y"]) for p in points])
