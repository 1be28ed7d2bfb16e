"""A base map of the county's own choosing: tiles from a file or from a server that the county names.

``GRIDGIS_BASEMAP`` is an MBTiles file of pictures, or an address with ``{z}``, ``{x}``, ``{y}`` (WMTS in its
REST form and XYZ alike; a key stands in the address). ``GRIDGIS_BASEMAP_DATUM=gcj02`` says that it lies shifted.
The browser asks this host alone; this host asks the server named, and nothing else.
"""

from __future__ import annotations

import os
import sqlite3
import urllib.error
import urllib.request
from functools import lru_cache
from pathlib import Path
from typing import Any

import shapely
import streamlit as st
from pyproj import CRS
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from app_pages.desk import Desk, the_desk
from gridgis.datums import wgs84_to_gcj02
from gridgis.errors import InputError
from layers.geojson import to_degrees

_TIMEOUT_S = 8
_MOST_BYTES = 2_000_000
_PICTURES = ((b"\x89PNG", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"RIFF", "image/webp"))


def source() -> str:
    """Return the file or the address of the base map; empty where none is configured.

    Raises
    ------
    InputError
        It is neither an MBTiles file that is there nor an address with its three gaps.
    """
    named = os.environ.get("GRIDGIS_BASEMAP", "").strip()
    if not named:
        return ""
    if named.startswith(("http://", "https://")) and all(gap in named for gap in ("{z}", "{x}", "{y}")):
        return named
    if named.endswith(".mbtiles") and Path(named).is_file():
        return named
    raise InputError(
        f"底图“{named}”不能使用：请在 GRIDGIS_BASEMAP 中给出 .mbtiles 文件，或含 {{z}}、{{x}}、{{y}} 的 http 地址。",
        f"The base map '{named}' cannot be used: name in GRIDGIS_BASEMAP an .mbtiles file, or an http address with "
        "{z}, {x} and {y}.",
    )


def offered(desk: Desk) -> dict[str, Any]:
    """Return what the map must know of the base map; empty where there is none."""
    if not source():
        return {}
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    out: dict[str, Any] = {"url": f"{'/' + base if base else ''}/ground/{desk.token('ground')}/{{z}}/{{x}}/{{y}}"}
    if os.environ.get("GRIDGIS_BASEMAP_DATUM", "").lower() == "gcj02":
        lon, lat = shapely.get_coordinates(to_degrees(shapely.centroid(desk.plan.outline), desk.crs))[0]
        there = wgs84_to_gcj02([lon], [lat])
        out["shift"] = [float(there[0][0] - lon), float(there[1][0] - lat)]
    return out


def axis(epsg: int) -> tuple[float, float]:
    """Return central meridian and false easting of a Gauss-Krüger zone."""
    operation = CRS.from_epsg(epsg).coordinate_operation
    found = {p.name: p.value for p in operation.params} if operation is not None else {}
    return float(found.get("Longitude of natural origin", 117.0)), float(found.get("False easting", 500_000.0))


@lru_cache(maxsize=2000)
def picture(named: str, z: int, x: int, y: int) -> bytes:
    """Return a tile as its source has it; empty where there is none."""
    if named.endswith(".mbtiles"):
        with sqlite3.connect(f"{Path(named).resolve().as_uri()}?mode=ro", uri=True) as tiles:
            # Rows of MBTiles count from the south.
            row = tiles.execute(
                "SELECT tile_data FROM tiles WHERE zoom_level = ? AND tile_column = ? AND tile_row = ?", (z, x, 2**z - 1 - y)
            ).fetchone()
        tiles.close()
        return bytes(row[0]) if row else b""
    address = named.replace("{z}", str(z)).replace("{x}", str(x)).replace("{y}", str(y))
    try:
        with urllib.request.urlopen(address, timeout=_TIMEOUT_S) as answer:
            return bytes(answer.read(_MOST_BYTES))
    except (urllib.error.URLError, OSError, ValueError):
        return b""


async def tile(request: Request) -> Response:
    """Answer one tile of the base map."""
    desk = await run_in_threadpool(the_desk)
    item = desk.item(request.path_params["token"])
    z, x, y = (int(request.path_params[k]) for k in "zxy")
    if item is None or item[0] != "ground" or not (0 <= z <= 22 and 0 <= x < 2**z and 0 <= y < 2**z):
        return Response(status_code=404)
    data = await run_in_threadpool(picture, source(), z, x, y)
    kind = next((name for magic, name in _PICTURES if data.startswith(magic)), None)
    if kind is None:
        return Response(status_code=204)
    headers = {"Cache-Control": "private, max-age=86400", "X-Content-Type-Options": "nosniff"}
    return Response(data, media_type=kind, headers=headers)


def routes(base: str) -> list[BaseRoute]:
    """Return the routes below a base path."""
    return [Route(f"{base}/ground/{{token}}/{{z:int}}/{{x:int}}/{{y:int}}", tile)]
