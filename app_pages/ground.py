"""A base map of the county's own choosing: tiles from a file or from a server that the county names.

``GRIDGIS_BASEMAP`` is an MBTiles or PMTiles file of pictures or of vectors, or an address with ``{z}``, ``{x}``, ``{y}``
(WMTS in its REST form and XYZ alike; a key stands in the address). ``GRIDGIS_BASEMAP_DATUM=gcj02`` says that it lies shifted.
The browser asks this host alone; this host asks the server named, and nothing else.
"""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from functools import lru_cache
from pathlib import Path
from typing import Any

import shapely
from pyproj import CRS
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from app_pages import archives
from app_pages.address import prefix
from app_pages.desk import Desk, the_desk
from app_pages.emaptiles import asked_tile
from gridgis.datums import wgs84_to_gcj02
from gridgis.errors import InputError
from gridgis.tiling import Tile
from layers.geojson import packed, to_degrees

_TIMEOUT_S = 8
_MOST_BYTES = 500_000
_KEPT = 500
"""Tiles kept: 250 MB at the very most, some 10 in practice."""
_PICTURES = ((b"\x89PNG", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"RIFF", "image/webp"))


def source() -> str:
    """Return the file or the address of the base map; empty where none is configured.

    Raises
    ------
    InputError
        It is neither an archive of tiles that is there nor an address with its three gaps.
    """
    named = os.environ.get("GRIDGIS_BASEMAP", "").strip()
    if not named:
        return ""
    if named.startswith(("http://", "https://")) and all(gap in named for gap in ("{z}", "{x}", "{y}")):
        return named
    if named.endswith(archives.ENDINGS) and Path(named).is_file():
        return named
    raise InputError(
        f"底图“{named}”不能使用：请在 GRIDGIS_BASEMAP 中给出 .mbtiles 或 .pmtiles 文件，或含 {{z}}、{{x}}、{{y}} 的 http 地址。",
        f"The base map '{named}' cannot be used: name in GRIDGIS_BASEMAP an .mbtiles or .pmtiles file, or an http address with "
        "{z}, {x} and {y}.",
    )


def offered(desk: Desk) -> dict[str, Any]:
    """Return what the map must know of the base map; empty where there is none."""
    named = source()
    if not named:
        return {}
    out: dict[str, Any] = {"url": f"{prefix()}/ground/{desk.token('ground')}/{{z}}/{{x}}/{{y}}"}
    if named.endswith(archives.ENDINGS):
        found = archives.facts(named)
        out |= {"zoom": found.last, "vector": found.vector}
    if os.environ.get("GRIDGIS_BASEMAP_DATUM", "").lower() == "gcj02":
        lon, lat = shapely.get_coordinates(to_degrees(shapely.centroid(desk.plan.outline), desk.crs))[0]
        there = wgs84_to_gcj02([lon], [lat])
        out["shift"] = [float(there[0][0] - lon), float(there[1][0] - lat)]
    return out


def told(desk: Desk, lang: str) -> dict[str, Any]:
    """Return what the map must know of the base map; of one that cannot be used, why, and the map does without."""
    try:
        return offered(desk)
    except InputError as error:
        return {"note": error.words(lang)}


def axis(epsg: int) -> tuple[float, float]:
    """Return central meridian and false easting of a Gauss-Krüger zone."""
    operation = CRS.from_epsg(epsg).coordinate_operation
    found = {p.name: p.value for p in operation.params} if operation is not None else {}
    return float(found.get("Longitude of natural origin", 117.0)), float(found.get("False easting", 500_000.0))


@lru_cache(maxsize=_KEPT)
def picture(named: str, z: int, x: int, y: int) -> bytes:
    """Return a tile as its source has it; empty where there is none.

    Raises
    ------
    OSError
        The server does not answer; nothing is kept of that.
    """
    if named.endswith(archives.ENDINGS):
        return archives.stored(named, z, x, y)
    address = named.replace("{z}", str(z)).replace("{x}", str(x)).replace("{y}", str(y))
    try:
        with urllib.request.urlopen(address, timeout=_TIMEOUT_S) as answer:
            return bytes(answer.read(_MOST_BYTES))
    except urllib.error.HTTPError as error:
        if error.code >= 500:
            raise
        return b""
    except ValueError:
        return b""


async def tile(request: Request) -> Response:
    """Answer one tile of the base map."""
    desk = await run_in_threadpool(the_desk)
    item, asked = desk.item(request.path_params["token"]), asked_tile(request)
    if item is None or item[0] != "ground" or asked is None:
        return Response(status_code=404)
    headers = {"Cache-Control": "private, max-age=86400", "X-Content-Type-Options": "nosniff"}
    try:
        found = await run_in_threadpool(_found, source(), asked)
    except InputError:
        # The page has said why; there is nothing at this address.
        return Response(status_code=404)
    except OSError:
        return Response(status_code=204)
    if isinstance(found, str):
        return Response(packed(found), media_type="application/json", headers={**headers, "Content-Encoding": "gzip"})
    media = next((name for magic, name in _PICTURES if found.startswith(magic)), None)
    if media is None:
        return Response(status_code=204)
    return Response(found, media_type=media, headers=headers)


def _found(named: str, asked: Tile) -> str | bytes:
    """Return a picture as it is, or vectors as our map draws them."""
    if named.endswith(archives.ENDINGS) and archives.facts(named).vector:
        return archives.drawn(named, asked)
    return picture(named, asked.z, asked.x, asked.y)


def routes(base: str) -> list[BaseRoute]:
    """Return the routes below a base path."""
    return [Route(f"{base}/ground/{{token}}/{{z}}/{{x}}/{{y}}", tile)]
