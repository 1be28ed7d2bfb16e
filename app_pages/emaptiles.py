"""The county's own e-map as tiles: land, water, roads, buildings and names, made from the store when they are looked at."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from app_pages.desk import Desk, the_desk
from gridgis.once import Once
from gridgis.tiling import MAX_ZOOM, Tile, mercator
from layers import geojson, tiles
from layers.tiles import Rows, Shapes

SETS = ("network", "buildings")
_KEPT = 1200
_NAMED_KINDS = 500
"""A kind of place with more of them than this is too common to stand on the base map by name."""
_NAMES_FROM = {"main": 12, "road": 13, "lane": 15, "river": 10, "lake": 11, "stream": 13, "place": 15}
_BUILDINGS_FROM = 15


class Emap:
    """The e-map of an open county, cut into tiles.

    Parameters
    ----------
    desk
        The desk of the county.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._made = Once(_KEPT)
        self._lines = Once(1)

    def tile(self, name: str, tile: Tile) -> bytes:
        """Return a packed tile of a set, made once until the e-map changes."""
        make = self._network if name == "network" else self._buildings
        return bytes(self._made.get((name, tile), lambda: geojson.packed(tiles.payload(tile, make(tile)))))

    def _network(self, tile: Tile) -> Rows:
        rows, tree, first = self._lines.get("lines", self._read)
        near = np.sort(tree.query(shapely.box(*tile.box())))
        near = near[first[near] <= tile.z]
        kinds = [rows.kinds[k] for k in near.tolist()]
        names = [rows.names[k] if tile.z >= _NAMES_FROM[rows.kinds[k]] else "" for k in near.tolist()]
        return Rows(rows.shapes[near], kinds, names)

    def _read(self) -> tuple[Rows, shapely.STRtree, Any]:
        """Read water, roads and the places that are named; they are few beside the buildings, and kept."""
        county = self._desk.county
        water, roads = county.table("water", ("name", "class", "geometry")), county.table("roads", ("name", "class", "geometry"))
        places = county.table("places", ("kind", "name", "x", "y"))
        count = places["kind"].map(places["kind"].value_counts())
        named = places[(count <= _NAMED_KINDS) & places["name"].notna() & places["x"].notna()]
        # The rarest kinds stand first and so keep their names where there is little room.
        named = named.iloc[np.argsort(count[named.index].to_numpy(), kind="stable")]
        shapes = np.concatenate([
            np.asarray(water.geometry.to_numpy(), dtype=object), np.asarray(roads.geometry.to_numpy(), dtype=object),
            np.asarray(shapely.points(named[["x", "y"]].to_numpy(dtype=float)), dtype=object).reshape(-1),
        ])  # fmt: skip
        areas = (shapely.get_dimensions(np.asarray(water.geometry.to_numpy(), dtype=object)) == 2).tolist()
        kinds = [*tiles.water_kinds(areas, water["class"].tolist()), *map(tiles.road_kind, roads["class"]), *["place"] * len(named)]
        names = [*_text(water["name"]), *_text(roads["name"]), *_text(named["name"])]
        zooms = {**tiles.first_zooms(), "place": _NAMES_FROM["place"]}
        flat = mercator(shapes, self._desk.crs)
        return Rows(flat, kinds, names), shapely.STRtree(flat), np.array([zooms[k] for k in kinds], dtype=np.int64)

    def _buildings(self, tile: Tile) -> Rows:
        found: Shapes = np.zeros(0, dtype=object)
        if tile.z >= _BUILDINGS_FROM:
            # The store serves several readers; holding the county would keep everybody else waiting.
            frame = self._desk.county.table("buildings", ("geometry",), tile.box_in(self._desk.crs))
            found = mercator(np.asarray(frame.geometry.to_numpy(), dtype=object), self._desk.crs)
        return Rows(found, ["building"] * len(found), [""] * len(found))


def _text(values: pd.Series[Any]) -> list[str]:
    return ["" if v is None or v is pd.NA or v != v else str(v) for v in values.tolist()]


def emap(desk: Desk) -> Emap:
    """Return the tiles of the desk's county; they are made anew when the e-map has changed."""
    found: Emap = desk.lasting(("emap",), lambda: Emap(desk))
    return found


def address(base: str, desk: Desk, name: str) -> str:
    """Return the address of a set of tiles, with gaps for zoom, column and row."""
    return f"{base}/tile/{desk.token('tile', name)}/{{z}}/{{x}}/{{y}}"


def asked_tile(request: Request) -> Tile | None:
    """Return the tile that an address names; None where there is no such tile."""
    z, x, y = (int(request.path_params[k]) for k in "zxy")
    return Tile(z, x, y) if 0 <= z <= MAX_ZOOM and 0 <= x < 2**z and 0 <= y < 2**z else None


async def answer(request: Request) -> Response:
    """Answer one tile of the e-map."""
    desk = await run_in_threadpool(the_desk)
    item, tile = desk.item(request.path_params["token"]), asked_tile(request)
    if item is None or item[0] != "tile" or item[1] not in SETS or tile is None:
        return Response(status_code=404)
    data = await run_in_threadpool(lambda: emap(desk).tile(item[1], tile))
    headers = {"Content-Encoding": "gzip", "Cache-Control": "private, max-age=86400, immutable", "X-Content-Type-Options": "nosniff"}
    return Response(data, media_type="application/json", headers=headers)


def routes(base: str) -> list[BaseRoute]:
    """Return the routes below a base path."""
    return [Route(f"{base}/tile/{{token}}/{{z:int}}/{{x:int}}/{{y:int}}", answer)]
