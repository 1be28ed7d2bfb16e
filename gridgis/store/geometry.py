"""Geometry in a database column: GeoPackage blobs or EWKB, made and read for whole arrays at once."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import LargeBinary
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, UserDefinedType

_HEADER = struct.Struct("<2sBBi4d")
_ENVELOPE_BYTES = (0, 32, 48, 48, 64)
_ENVELOPE_FLAG = 0b0000_0011
_EMPTY_FLAG = 0b0001_0000


def encode(geometries: Any, srid: int) -> list[bytes | None]:
    """Return GeoPackage blobs of geometries (None stays None).

    References
    ----------
    OGC 12-128r18, GeoPackage 1.3, clause 2.1.3: header with envelope, then WKB.
    """
    wkb = shapely.to_wkb(geometries, byte_order=1)
    bounds = shapely.bounds(geometries)
    empty = shapely.is_empty(geometries)
    out: list[bytes | None] = []
    for body, (x0, y0, x1, y1), void in zip(wkb, bounds, empty, strict=True):
        if body is None:
            out.append(None)
        else:
            flags = _EMPTY_FLAG | 1 if void else _ENVELOPE_FLAG
            head = struct.pack("<2sBBi", b"GP", 0, flags, srid) if void else _HEADER.pack(
                b"GP", 0, flags, srid, x0, x1, y0, y1)  # fmt: skip
            out.append(head + body)
    return out


def ewkb(geometries: Any, srid: int) -> list[str | None]:
    """Return geometries as PostGIS takes them, hexadecimal EWKB (None stays None)."""
    known = shapely.set_srid(np.asarray(geometries, dtype=object), srid)
    return list(shapely.to_wkb(known, hex=True, byte_order=1, include_srid=True))


def decode(blobs: Sequence[bytes | None]) -> NDArray[np.object_]:
    """Return the geometries of GeoPackage blobs."""
    return np.asarray(shapely.from_wkb(np.array([None if b is None else _body(b) for b in blobs], dtype=object)))


def _body(blob: bytes) -> bytes:
    return blob[8 + _ENVELOPE_BYTES[(blob[3] >> 1) & 7] :]


def _envelope(blob: bytes) -> tuple[float, ...] | None:
    if (blob[3] >> 1) & 7:
        return struct.unpack("<4d", blob[8:40])
    bounds = shapely.from_wkb(_body(blob)).bounds
    return (bounds[0], bounds[2], bounds[1], bounds[3]) if bounds else None


class PostgisGeometry(UserDefinedType[Any]):
    """The type of a geometry column in PostGIS."""

    cache_ok = True

    def __init__(self, srid: int = 0) -> None:
        self.srid = srid

    def get_col_spec(self, **_: Any) -> str:
        """Return the type as SQL writes it."""
        return f"geometry(Geometry, {self.srid})"


class GeometryColumn(TypeDecorator[Any]):
    """A shapely geometry in a column; arrays encoded beforehand pass through."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, srid: int = 0) -> None:
        super().__init__()
        self.srid = srid

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """Return the type of the column in this database."""
        postgis = dialect.name == "postgresql"
        return dialect.type_descriptor(PostgisGeometry(self.srid) if postgis else LargeBinary())

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Encode a geometry for the database."""
        if value is None or isinstance(value, bytes | str):
            return value
        write = ewkb if dialect.name == "postgresql" else encode
        return write(np.array([value], dtype=object), self.srid)[0]


def register_functions(connection: Any) -> None:
    """Give a sqlite3 connection the five functions that GeoPackage's R-tree triggers call."""

    def corner(k: int) -> Any:
        def value(blob: bytes | None) -> float | None:
            box = None if blob is None else _envelope(blob)
            return None if box is None else box[k]

        return value

    connection.create_function("ST_IsEmpty", 1, lambda b: None if b is None else (b[3] >> 4) & 1, deterministic=True)
    for k, name in enumerate(("ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY")):
        connection.create_function(name, 1, corner(k), deterministic=True)
