"""Archives of map tiles on this machine: MBTiles and PMTiles, of pictures or of vectors."""

from __future__ import annotations

import gzip
import sqlite3
import zlib
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import mapbox_vector_tile
from google.protobuf.message import DecodeError
from pmtiles.reader import MmapSource, Reader
from pmtiles.tile import Compression, TileType

from gridgis.errors import InputError
from gridgis.once import Once
from gridgis.tiling import Tile
from layers import tiles
from layers.tiles import Rows

ENDINGS = (".mbtiles", ".pmtiles")
_PICTURES = (TileType.PNG, TileType.JPEG, TileType.WEBP)
_KEPT = 64
_EMPTY = '{"f":[]}'


class Facts(NamedTuple):
    """What an archive holds: pictures or vectors, up to which zoom."""

    vector: bool
    last: int


@lru_cache(maxsize=8)
def facts(path: str) -> Facts:
    """Return what an archive holds.

    Raises
    ------
    InputError
        It is damaged, empty, or of a kind that cannot be drawn.
    """
    try:
        found = _mbtiles(path) if path.endswith(".mbtiles") else _pmtiles(path)
    except (sqlite3.Error, OSError, ValueError, KeyError, IndexError, AssertionError) as error:
        raise _unreadable(path) from error
    if found is None:
        raise _unreadable(path)
    return found


def _unreadable(path: str) -> InputError:
    return InputError(
        f"底图“{path}”读不出瓦片：请在 GRIDGIS_BASEMAP 中换一个完好的 MBTiles 或 PMTiles（第 3 版）文件。",
        f"The base map '{path}' holds no tiles that can be read: name in GRIDGIS_BASEMAP a sound MBTiles or PMTiles (version 3) file.",
    )


def _mbtiles(path: str) -> Facts | None:
    with _opened(path) as db:
        last, first = db.execute("SELECT max(zoom_level), tile_data FROM tiles").fetchone()
    db.close()
    return None if last is None else Facts(bytes(first[:2]) == b"\x1f\x8b" or bytes(first[:1]) == b"\x1a", int(last))


def _opened(path: str) -> sqlite3.Connection:
    return sqlite3.connect(f"{Path(path).resolve().as_uri()}?mode=ro", uri=True)


@lru_cache(maxsize=8)
def _archive(path: str) -> Reader:
    # The mapping outlives the file's handle.
    with Path(path).open("rb") as file:
        return Reader(MmapSource(file))


def _pmtiles(path: str) -> Facts | None:
    header = _archive(path).header()
    if header["tile_type"] not in (*_PICTURES, TileType.MVT) or header["tile_compression"] not in (Compression.NONE, Compression.GZIP):
        return None
    return Facts(header["tile_type"] == TileType.MVT, int(header["max_zoom"]))


def stored(path: str, z: int, x: int, y: int) -> bytes:
    """Return a tile as the archive has it; empty where there is none."""
    if path.endswith(".pmtiles"):
        return bytes(_archive(path).get(z, x, y) or b"")
    with _opened(path) as db:
        # Rows of MBTiles count from the south.
        row = db.execute(
            "SELECT tile_data FROM tiles WHERE zoom_level = ? AND tile_column = ? AND tile_row = ?", (z, x, 2**z - 1 - y)
        ).fetchone()
    db.close()
    return bytes(row[0]) if row else b""


def drawn(path: str, tile: Tile) -> str:
    """Return a vector tile as our map draws it; beyond the last zoom a part of the last tile there is."""
    steps = max(tile.z - facts(path).last, 0)
    whole = Tile(tile.z - steps, tile.x >> steps, tile.y >> steps)
    rows: Rows = _read(path).get(whole, lambda: tiles.of_foreign(_decoded(path, whole.z, whole.x, whole.y), whole))
    return tiles.payload(tile, rows) if len(rows.shapes) else _EMPTY


@lru_cache(maxsize=8)
def _read(_path: str) -> Once:
    """Return what has been read of an archive; a tile is read once for all the parts of it that are looked at."""
    return Once(_KEPT)


def _decoded(path: str, z: int, x: int, y: int) -> dict[str, Any]:
    data = stored(path, z, x, y)
    try:
        plain = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
        found: dict[str, Any] = mapbox_vector_tile.decode(plain, default_options={"y_coord_down": True}) if plain else {}
    except (OSError, zlib.error, EOFError, DecodeError, ValueError, IndexError):
        # A tile that is damaged is a hole in the picture, not the end of it.
        return {}
    return found
