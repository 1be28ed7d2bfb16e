"""Tell whether an OSM .pbf file is whole. Loaded by `child.py` in its own process, never by the product.

GDAL stops at a damaged block and hands over what came before it without a word. Every block states its length and
carries a checksum, so that a file that was cut short or altered is known before it is read.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

MAX_HEAD = 64 << 10
MAX_BLOCK = 32 << 20
"""Limits that the format itself sets."""


def is_whole(path: str) -> bool:
    """Walk through all blocks of a file and unpack each.

    Parameters
    ----------
    path
        Copy of the file.
    """
    kinds = []
    try:
        with Path(path).open("rb") as file:
            while start := file.read(4):
                size = struct.unpack(">I", start)[0]
                if size > MAX_HEAD:
                    return False
                head = dict(_fields(_exactly(file.read(size), size)))
                length = _number(head[3])
                if length > MAX_BLOCK:
                    return False
                kinds.append(head[1])
                _unpack(dict(_fields(_exactly(file.read(length), length))))
    except (ValueError, KeyError, IndexError, TypeError, struct.error, zlib.error):
        return False
    return kinds[:1] == [b"OSMHeader"] and b"OSMData" in kinds


def _exactly(data: bytes, size: int) -> bytes:
    if len(data) != size:
        raise ValueError(size)
    return data


def _unpack(blob: dict[int, bytes | int]) -> None:
    """Raise if a block is not what it says; ways of packing other than zlib are GDAL's to judge."""
    packed = blob.get(3)
    if not isinstance(packed, bytes):
        return
    size = _number(blob[2])
    if size > MAX_BLOCK:
        raise ValueError(size)
    worker = zlib.decompressobj()
    raw = worker.decompress(packed, MAX_BLOCK)
    if len(raw) != size or not worker.eof:
        raise ValueError(size)


def _number(value: bytes | int) -> int:
    if isinstance(value, bytes):
        raise TypeError
    return value


def _fields(data: bytes) -> Iterator[tuple[int, bytes | int]]:
    """Yield (number, value) of a protocol buffer message."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        if key & 7 == 0:
            value, at = _varint(data, at)
            yield key >> 3, value
        elif key & 7 == 2:
            size, at = _varint(data, at)
            yield key >> 3, _exactly(data[at : at + size], size)
            at += size
        else:
            raise ValueError(key)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
        if shift > 63:
            raise ValueError(at)
