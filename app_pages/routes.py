"""The addresses of the map: its page, scripts and data, beside Streamlit in the same process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from app_pages import emaptiles, extras, ground, incidentdesk, live, past, veil, where
from app_pages.address import bbox, prefix
from app_pages.desk import Desk, Item, the_desk
from app_pages.publicpage import Public
from app_pages.words import map_words
from layers import geojson, page

_GZIP = {"Content-Encoding": "gzip", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
_DAY = 86_400
_LAYERS = ("grids", "outline", "base")
_VIEWS = ("cells", "crowds", "lines")


def asset_path() -> str:
    """Return the address of the asset folder; it changes when an asset does."""
    return f"{prefix()}/assets/{page.fingerprint()}"


def _unknown() -> Response:
    return JSONResponse({"error": "unknown"}, status_code=404)


def _item(request: Request, kinds: Sequence[str]) -> tuple[Desk, Item] | None:
    desk = the_desk()
    desk, item = veil.meant(*past.meant(desk, desk.item(request.path_params["token"])))
    return (desk, item) if item is not None and item[0] in kinds else None


async def layer(request: Request) -> Response:
    """Answer a whole layer."""
    found = await run_in_threadpool(_item, request, _LAYERS)
    if found is None:
        return _unknown()
    desk, item = found
    data = await run_in_threadpool(desk.layer, item)
    headers = {**_GZIP, "Cache-Control": f"private, max-age={_DAY}, immutable"}
    return Response(data, media_type="application/geo+json", headers=headers)


async def view(request: Request) -> Response:
    """Answer what lies in the part of the map in view, ``?bbox=west,south,east,north``."""
    found = await run_in_threadpool(_item, request, _VIEWS)
    box = bbox(request.query_params.get("bbox", ""))
    if found is None or box is None:
        return _unknown()
    desk, item = found
    data = await run_in_threadpool(_seen, desk, item, box)
    return Response(data, media_type="application/geo+json", headers={**_GZIP, "Cache-Control": "private, max-age=60"})


def _seen(desk: Desk, item: Item, box: Any) -> bytes:
    if item[0] == "crowds":
        return geojson.packed(incidentdesk.crowds(desk, item, geojson.from_degrees(box, desk.crs)))
    return desk.nearby(item, box)


async def picture(request: Request) -> Response:
    """Answer the density of incidents as a picture."""
    found = await run_in_threadpool(_item, request, ("heatmap",))
    if found is None:
        return _unknown()
    data = await run_in_threadpool(incidentdesk.drawn, *found)
    headers = {k: v for k, v in _GZIP.items() if k != "Content-Encoding"}
    return Response(data, media_type="image/png", headers={**headers, "Cache-Control": f"private, max-age={_DAY}, immutable"})


async def frame(request: Request) -> Response:
    """Answer the map page itself."""
    found = await run_in_threadpool(_item, request, ("page",))
    if found is None:
        return _unknown()
    desk, (_, lang, tools) = found
    html = await run_in_threadpool(map_page, desk, lang, tools)
    return HTMLResponse(html, headers={"Content-Security-Policy": page.POLICY, "Cache-Control": "no-store"})


def map_page(desk: Desk, lang: str, tools: tuple[str, ...]) -> str:
    """Return the HTML of the map page in a language, with the tools on offer."""
    words, figures = map_words(lang)
    meridian, easting = ground.axis(desk.crs)
    return page.build(page.PageOptions(
        assets=asset_path(), bounds=desk.bounds, view_key=f"gridgis:{desk.county.code}", words=words,
        figures=figures, tools=tools, county_digits=desk.scheme.county_digits, ground=ground.told(desk, lang),
        meridian=meridian, easting=easting,
    ))  # fmt: skip


class Assets(StaticFiles):
    """Our scripts and styles, kept by browsers because their address changes with them."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """Answer one file."""
        answer = super().file_response(*args, **kwargs)
        answer.headers["Cache-Control"] = f"public, max-age={30 * _DAY}, immutable"
        answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer


async def to_map(request: Request) -> Response:
    """Send those who name the map page to its address, which is that of the app."""
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"{prefix()}/{query}")


def routes() -> list[BaseRoute]:
    """Return the routes to stand beside Streamlit's own."""
    base = prefix()
    return [
        Mount(asset_path(), Assets(directory=page.ASSETS)),
        Route(f"{base}/map", to_map),
        Route(f"{base}/layer/{{token}}", layer),
        Route(f"{base}/view/{{token}}", view),
        Route(f"{base}/picture/{{token}}", picture),
        Route(f"{base}/frame/{{token}}", frame),
        *Public(base, asset_path()).routes(),
        *where.routes(base, asset_path()),
        *live.routes(base),
        *ground.routes(base),
        *emaptiles.routes(base),
        *extras.routes(base),
    ]
