"""Points to grids over HTTP, one or many, now or as of a date."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from pyproj import Transformer
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gridgis.datums import DATUMS, shift
from gridgis.errors import InputError
from gridgis.locate import locate, locate_levels
from gridgis.serving.asking import number, one_of, problem, refused
from gridgis.serving.source import Source

MOST_POINTS = 100_000
MOST_BYTES = 8_000_000


class Points:
    """The routes that put points into grids.

    Parameters
    ----------
    source
        The county.
    """

    def __init__(self, source: Source) -> None:
        self.source = source

    def routes(self) -> list[Route]:
        """Return the routes below the root."""
        return [Route("/locate", self.one, methods=["GET"]), Route("/locate", self.many, methods=["POST"])]

    async def one(self, request: Request) -> Response:
        """Answer ``?lon=&lat=&datum=&as_of=``."""
        try:
            point = [number(request, "lon", -180, 180), number(request, "lat", -90, 90)]
            datum = one_of(request.query_params.get("datum", "wgs84"), "datum", tuple(DATUMS))
            when = request.query_params.get("as_of")
            told = await run_in_threadpool(self.located, [point], datum, when)
        except InputError as error:
            return refused(error)
        first = told.pop("results")[0]
        return JSONResponse({"lon": point[0], "lat": point[1], **told, **first})

    async def many(self, request: Request) -> Response:
        """Answer ``{"points": [[lon, lat], …], "datum": …, "as_of": …}``; results come in the same order."""
        body = await limited_body(request, MOST_BYTES)
        if body is None:
            return problem(
                413, f"请求超过 {MOST_BYTES:,} 字节：请分批。", f"The request exceeds {MOST_BYTES:,} bytes: divide it."
            )
        try:
            asked = json.loads(body)
        except (ValueError, RecursionError):
            asked = None
        if not isinstance(asked, dict):
            return problem(
                400,
                '请求体应为 JSON：{"points": [[经度, 纬度], …]}。',
                'The body must be JSON: {"points": [[lon, lat], …]}.',
            )
        try:
            points, when = _pairs(asked.get("points")), asked.get("as_of")
            datum = one_of(asked.get("datum", "wgs84"), "datum", tuple(DATUMS))
            return JSONResponse(
                await run_in_threadpool(self.located, points, datum, None if when is None else str(when))
            )
        except InputError as error:
            return refused(error)

    def located(self, points: list[list[float]], datum: str, when: str | None) -> dict[str, Any]:
        """Return version, datum and one result a point.

        Raises
        ------
        InputError
            There was no plan at that time.
        """
        moment = self.source.at(when)
        lon, lat = np.asarray(points, dtype=float).reshape(-1, 2).T
        lon, lat = shift(lon, lat, datum, "cgcs2000")
        xy = np.column_stack(Transformer.from_crs(4490, self.source.county.crs, always_xy=True).transform(lon, lat))
        xy[~np.isfinite(xy)] = np.nan
        plan = moment.plan
        leaf, levels = locate(plan, xy), locate_levels(plan, xy)
        inside = plan.owners(xy) >= 0
        results = [
            {"code": code or None, "name": plan.grids[code].name if code else None, "outside": not here,
             "codes": {k: v for k, v in row.items() if v}}
            for code, here, row in zip(leaf.tolist(), inside.tolist(), levels.to_dict("records"), strict=True)
        ]  # fmt: skip
        return {"version": plan.version, "datum": datum, "levels": list(self.source.levels), "results": results}


def _pairs(points: Any) -> list[list[float]]:
    """Return the points of a request.

    Raises
    ------
    InputError
        They are no pairs of degrees, or too many.
    """
    if not isinstance(points, list) or len(points) > MOST_POINTS:
        raise InputError(
            f"points 应为 [[经度, 纬度], …]，一次最多 {MOST_POINTS:,} 个。",
            f"points must be [[lon, lat], …], {MOST_POINTS:,} at most at once.",
        )
    for k, point in enumerate(points):
        pair = isinstance(point, list) and len(point) == 2 and all(type(v) in (int, float) for v in point)
        if not pair or not (abs(point[0]) <= 180 and abs(point[1]) <= 90):
            raise InputError(
                f"第 {k + 1} 个点不是 [经度, 纬度]（度）。", f"Point {k + 1} is not [lon, lat] in degrees."
            )
    return points


async def limited_body(request: Request, most: int) -> bytes | None:
    """Return the body of a request; None as soon as it turns out too large."""
    held = bytearray()
    async for part in request.stream():
        held += part
        if len(held) > most:
            return None
    return bytes(held)
