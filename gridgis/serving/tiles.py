"""Vector tiles of grids and of the e-map, made when asked for."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import shapely
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gridgis.errors import InputError
from gridgis.serving.asking import address, problem, refused
from gridgis.serving.source import Moment, Source
from gridgis.tiling import MAX_ZOOM, Geometries, Tile, encode, mercator

MEDIA = "application/vnd.mapbox-vector-tile"
ELEMENTS = {"roads": ("name", "class"), "water": ("name", "class"), "buildings": ("id", "households", "persons", "use"),
            "places": ("id", "kind", "name")}  # fmt: skip
"""Tables of the e-map that are offered as tiles, with what of them is told."""
FIRST_ZOOM = {"buildings": 14, "places": 13, "roads": 10, "water": 8}
"""Below these zooms there would be more of them than can be seen."""
PUBLIC_ELEMENTS = ("roads", "water")
_FINEST = 16
"""From this zoom on outlines are not simplified: half a unit is below their own lattice's worth."""


class Tiles:
    """The routes of tiles.

    Parameters
    ----------
    source
        The county.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        elements = PUBLIC_ELEMENTS if source.role.public else tuple(ELEMENTS)
        self.names = (*(f"grids-{level}" for level in source.levels), *elements)

    def routes(self) -> list[Route]:
        """Return the routes below the root."""
        return [
            Route("/tiles/{name}/{z}/{x}/{y}.mvt", self.tile),
            Route("/tiles/{name}.json", self.described),
        ]

    async def tile(self, request: Request) -> Response:
        """Answer one tile; 204 where nothing is to be seen."""
        name = request.path_params["name"]
        if name not in self.names:
            return self._unknown(name)
        numbers = [request.path_params[k] for k in "zxy"]
        if not all(re.fullmatch(r"[0-9]{1,9}", n) for n in numbers):
            return self._unknown("/".join(numbers)[:40])
        try:
            tile = Tile(*map(int, numbers))
        except InputError as error:
            return refused(error, 404)
        moment = await run_in_threadpool(lambda: self.source.now)
        headers = {"ETag": f'"{moment.tag}"', "Cache-Control": "no-cache"}
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        data = await run_in_threadpool(self._data, moment, name, tile)
        return Response(data, 200 if data else 204, headers, MEDIA)

    async def described(self, request: Request) -> Response:
        """Answer what a map needs to know of a set of tiles (TileJSON 3.0)."""
        name = request.path_params["name"]
        if name not in self.names:
            return self._unknown(name)
        west, south, east, north = await run_in_threadpool(lambda: self.source.bounds)
        return JSONResponse({
            "tilejson": "3.0.0", "name": name, "scheme": "xyz", "minzoom": FIRST_ZOOM.get(name, 0), "maxzoom": MAX_ZOOM,
            "tiles": [f"{address(request)}/tiles/{name}/{{z}}/{{x}}/{{y}}.mvt"], "bounds": [west, south, east, north],
            "vector_layers": [{"id": name, "fields": dict.fromkeys(self._fields(name), "")}],
        })  # fmt: skip

    def _fields(self, name: str) -> tuple[str, ...]:
        return ELEMENTS.get(name, ("code", "name", "households", "persons"))

    def _unknown(self, name: str) -> Response:
        known = "、".join(self.names)
        return problem(
            404,
            f"没有瓦片集“{name}”：可用的有 {known}。",
            f"There are no tiles '{name}': there are {', '.join(self.names)}.",
        )

    def _data(self, moment: Moment, name: str, tile: Tile) -> bytes:
        if name in ELEMENTS:
            return self._elements(name, tile) if tile.z >= FIRST_ZOOM[name] else b""
        shapes, rows = moment.once(
            ("outlines", name, min(tile.z, _FINEST)), lambda: self._outlines(moment, name, tile.z)
        )
        tree: shapely.STRtree = moment.once(("tree", name, min(tile.z, _FINEST)), lambda: shapely.STRtree(shapes))
        near = np.sort(tree.query(shapely.box(*tile.box())))
        return encode(tile, {name: (shapes[near], [rows[k] for k in near])})

    def _outlines(self, moment: Moment, name: str, zoom: int) -> tuple[Geometries, list[dict[str, Any]]]:
        """Return the grids of a level in the projection, simplified together so that they still meet."""
        table = moment.grids(name.removeprefix("grids-"))
        shapes = mercator(np.asarray(table.frame.geometry.values, dtype=object), 4326)
        if zoom < _FINEST:
            shapes = shapely.coverage_simplify(shapes, Tile(zoom, 0, 0).unit_m * 4)
        wanted = self._fields(name)
        return shapes, [{k: f["properties"].get(k) for k in wanted} for f in table.features]

    def _elements(self, name: str, tile: Tile) -> bytes:
        frame = self.source.county.table(name, (*ELEMENTS[name], "geometry"), tile.box_in(self.source.county.crs))
        if not len(frame):
            return b""
        rows = pd.DataFrame(frame[list(ELEMENTS[name])]).astype(object)
        rows = rows.where(rows.notna(), None)
        shapes = mercator(np.asarray(frame.geometry.values, dtype=object), self.source.county.crs)
        return encode(tile, {name: (shapes, [{str(k): v for k, v in row.items()} for row in rows.to_dict("records")])})
