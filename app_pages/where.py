"""The public page "which grid am I in?": a search, a map, the browser's position; no personal data in it.

It knows names of places, roads and grids, addresses of buildings, codes, public telephones and duties;
people, figures and cameras it never reads.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

import gridgis as gg
from app_pages import access, publicground
from app_pages.desk import Desk, the_desk
from app_pages.words import WORDS, word
from gridgis.errors import GridgisError
from gridgis.print.settings import settings_of
from gridgis.schema import reproject
from gridgis.staff.people import level_name, path_to
from layers.geojson import to_degrees

_SAFE = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
_POLICY = "; ".join((
    "default-src 'none'", "script-src 'self'", "style-src 'self' 'unsafe-inline'", "img-src 'self' data:", "connect-src 'self'",
    "frame-ancestors 'self'", "base-uri 'none'", "form-action 'none'",
))  # fmt: skip
_HITS = 12
_HIDDEN = ("camera",)
_TEMPLATE = Path(__file__).with_name("where.html")


def on() -> bool:
    """Tell whether the page is open: GRIDGIS_WHERE says so; by default it is, unless the app asks for a login."""
    said = os.environ.get("GRIDGIS_WHERE", "")
    return said == "on" or (said != "off" and not access.guarded())


def routes(base: str, assets: str) -> list[BaseRoute]:
    """Return the routes of the public page.

    Parameters
    ----------
    base
        What stands before every address.
    assets
        Address of the asset folder.
    """

    async def show(request: Request) -> Response:
        lang = "en" if request.query_params.get("lang") == "en" else "zh"
        try:
            html = await run_in_threadpool(_page, lang, base, assets) if on() else None
        except GridgisError:
            return JSONResponse({"error": "unavailable"}, status_code=503)
        if html is None:
            return JSONResponse({"error": "unknown"}, status_code=404)
        return HTMLResponse(html, headers={**_SAFE, "Content-Security-Policy": _POLICY, "Cache-Control": "no-store"})

    return [Route(f"{base}/where", show), Route(f"{base}/where/at", _answer(at)), Route(f"{base}/where/find", _answer(find))]


def _answer(ask: Any) -> Any:
    async def answer(request: Request) -> Response:
        if not on():
            return JSONResponse({"error": "unknown"}, status_code=404)
        try:
            found = await run_in_threadpool(ask, the_desk(), request.query_params)
        except GridgisError:
            return JSONResponse({"error": "unavailable"}, status_code=503)
        status = 400 if found is None else 200
        return JSONResponse({"error": "bad request"} if found is None else found, status_code=status, headers=_SAFE)

    return answer


def _page(lang: str, base: str, assets: str) -> str:
    """Return the HTML of the page."""
    desk = the_desk()
    (south, west), (north, east) = desk.bounds
    told = {
        "words": {k.removeprefix("where_"): word(k, lang) for k in WORDS if k.startswith("where_")}, "base": base, "lang": lang,
        "bounds": [[south, west], [north, east]], "ground": publicground.told(base, desk),
    }  # fmt: skip
    note = f'<p class="mark">{escape(word("illustrative", lang))}</p>' if desk.county.illustrative else ""
    other = f'<a href="{escape(base)}/where?lang={"zh" if lang == "en" else "en"}">{"中文" if lang == "en" else "English"}</a>'
    values = {
        "lang": "en" if lang == "en" else "zh-CN", "assets": escape(assets), "told": escape(json.dumps(told, ensure_ascii=False)),
        "county": escape(desk.county.meta.get("name", "") or desk.county.code), "note": note, "other": other,
        "scripts": publicground.scripts(assets),
    } | {k: escape(v) for k, v in told["words"].items()}  # type: ignore[attr-defined]
    # All gaps at once: a name that looks like a gap stays a name.
    return re.sub(r"\{\{(\w+)\}\}", lambda gap: values.get(gap[1], gap[0]), _TEMPLATE.read_text(encoding="utf-8"))


def at(desk: Desk, query: Mapping[str, str]) -> dict[str, Any] | None:
    """Return the grid at a place given in degrees; None where the question makes no sense."""
    lang = "en" if query.get("lang") == "en" else "zh"
    try:
        lon, lat = float(query["lon"]), float(query["lat"])
    except (KeyError, ValueError):
        return None
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        return None
    plan = desk.plan
    point = reproject(shapely.Point(lon, lat), 4490, desk.crs)
    xy = np.array([[point.x, point.y]])
    if not np.isfinite(xy).all() or not shapely.intersects(plan.outline, point):
        return {"found": False, "why": "outside"}
    code = gg.locate(plan, xy).iloc[0]
    return {"found": False, "why": "undrawn"} if code is None else {"found": True} | facts(desk, str(code), lang)


def facts(desk: Desk, code: str, lang: str) -> dict[str, Any]:
    """Return what the public may know of a grid: code, name, what it belongs to, telephones, duties, outline."""
    plan, other = desk.plan, int(lang == "en")
    grid, scheme = plan.grids[code], plan.scheme
    with desk.quiet() as county:
        settings = settings_of(county)
    above = [c for c in path_to(plan, code) if c in plan.grids]
    levels = {plan.grids[c].level for c in above}
    shape = to_degrees(plan.grid_geometry(code), desk.crs)
    return {
        "code": code, "name": grid.name or code, "level": level_name(scheme, grid.level)[other],
        "path": [[level_name(scheme, plan.grids[c].level)[other], plan.grids[c].name or c] for c in above[:-1]],
        "hotlines": [[(h.zh, h.en)[other], h.number] for h in settings.hotlines],
        "duties": [(d.zh, d.en)[other] for d in reversed(scheme.duties) if d.level in levels],
        "shape": json.loads(shapely.to_geojson(shape)),
    }  # fmt: skip


def find(desk: Desk, query: Mapping[str, str]) -> dict[str, Any] | None:
    """Return places, addresses, roads and grids that a text names, the best first."""
    text = query.get("q", "").strip().lower()
    if not 1 <= len(text) <= 60:
        return None
    names, folded, xy = desk.once(("where",), lambda: _index(desk))
    hits = [k for k, name in enumerate(folded) if text in name]
    hits.sort(key=lambda k: (folded[k] != text, not folded[k].startswith(text), len(names[k]), k))
    out: dict[str, tuple[float, float]] = {}
    for k in hits:
        out.setdefault(names[k], (round(float(xy[k, 0]), 6), round(float(xy[k, 1]), 6)))
        if len(out) == _HITS:
            break
    return {"hits": [{"name": n, "lon": lon, "lat": lat} for n, (lon, lat) in out.items()]}


def _index(desk: Desk) -> tuple[list[str], list[str], Any]:
    """Return every name that may be searched, folded too, with its place in degrees."""
    plan = desk.plan
    with desk.quiet() as county:
        places = county.table("places", ("kind", "name", "address", "x", "y"))
        homes = county.table("buildings", ("address", "x", "y"))
        roads = county.table("roads", ("name", "x", "y"))
    places = places[~places["kind"].isin(_HIDDEN)]
    rows = [(n, x, y) for f, c in ((places, "name"), (places, "address"), (homes, "address"), (roads, "name"))
            for n, x, y in zip(f[c], f["x"], f["y"], strict=True) if n and x == x and y == y]  # fmt: skip
    for code, grid in plan.grids.items():
        core = plan.grid_geometry(code).representative_point()
        rows += [(text, core.x, core.y) for text in dict.fromkeys((grid.name, code)) if text]
    names = [str(n) for n, _, _ in rows]
    points = np.array([(x, y) for _, x, y in rows], dtype=float).reshape(-1, 2)
    degrees = shapely.get_coordinates(reproject(shapely.points(points), desk.crs, 4490)) if len(points) else points
    return names, [n.lower() for n in names], degrees


