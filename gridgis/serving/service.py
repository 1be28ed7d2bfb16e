"""The service as one ASGI application: routes, what stands before them, and the words on its doorstep."""

from __future__ import annotations

import html
import importlib.metadata
import ipaddress
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from gridgis.errors import InputError
from gridgis.serving.asking import address, problem, refused, whole
from gridgis.serving.describing import OPENAPI_MEDIA, Offer, document
from gridgis.serving.features import Features
from gridgis.serving.loop import Loop
from gridgis.serving.points import Points
from gridgis.serving.reports import Reports
from gridgis.serving.source import Source
from gridgis.serving.tiles import Tiles

LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1", "[::1]")
_MOST_CHANGES = 1000
_NEWEST = 999_999_999


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach a host's address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def service(source: Source, *, token: str = "", hosts: Sequence[str] = ("*",)) -> Starlette:
    """Return the application that serves a county.

    Parameters
    ----------
    source
        The county and who may see what of it; closed with the application.
    token
        Incidents are taken from those who hold it; from nobody where it is empty.
    hosts
        Names by which the service may be called. A page of a foreign site can make a browser call this machine
        by a name of its own, so a service for this machine alone should list only this machine's.
    """
    features, tiles = Features(source), Tiles(source)
    door = _Door(source, features, tiles, reports=bool(token))
    routes = [*door.routes(), *features.routes(), *tiles.routes(), *Points(source).routes()]
    if token:
        routes += Reports(source, token).routes()
        if not source.role.public:
            routes += Loop(source, token).routes()

    @asynccontextmanager
    async def living(_app: Starlette) -> AsyncIterator[None]:
        yield
        source.close()

    return Starlette(
        routes=routes, lifespan=living,
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts)), Middleware(GZipMiddleware, minimum_size=1000),
            Middleware(_Guarded),
        ],
        exception_handlers={HTTPException: _http, Exception: _broken},
    )  # fmt: skip


class _Guarded:
    """Says with every answer that browsers shall take it for what it is."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def said(message: Any) -> None:
            if message["type"] == "http.response.start":
                message.setdefault("headers", []).extend([
                    (b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"),
                    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
                ])  # fmt: skip
            await send(message)

        await self.app(scope, receive, said)


async def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 405:
        return problem(405, f"{request.method} 不可用：这里只读。", f"{request.method} is not offered: reading only.")
    return problem(
        status, f"没有地址 {request.url.path}：见 /openapi。", f"There is no {request.url.path}: see /openapi."
    )


async def _broken(_request: Request, error: Exception) -> Response:
    kind = type(error).__name__
    return problem(500, f"服务内部错误（{kind}），请反馈给维护者。", f"Internal error ({kind}); please report it.")


class _Door:
    """The doorstep: landing page, OpenAPI document, feed of changes.

    Parameters
    ----------
    source, features, tiles
        What is served.
    reports
        Whether incidents are taken.
    """

    def __init__(self, source: Source, features: Features, tiles: Tiles, *, reports: bool) -> None:
        self.source, self.features, self.tiles, self.reports = source, features, tiles, reports

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/", self.landing),
            Route("/openapi", self.openapi),
            Route("/openapi.json", self.openapi),
            Route("/changes", self.changes),
        ]

    @property
    def _title(self) -> str:
        county = self.source.county
        shown = "（示意数据 illustrative）" if county.illustrative else ""
        return f"{county.meta.get('name') or county.code} 网格服务{shown}"

    async def landing(self, request: Request) -> Response:
        """Answer links for programs, and a few words for people who look with a browser."""
        base = address(request)
        if "text/html" in request.headers.get("accept", "") and request.query_params.get("f") != "json":
            return HTMLResponse(_page(self._title, base, self.features.names, self.tiles.names, self.reports))
        links = [
            ("self", "application/json", f"{base}/"), ("service-desc", OPENAPI_MEDIA, f"{base}/openapi"),
            ("conformance", "application/json", f"{base}/conformance"), ("data", "application/json", f"{base}/collections"),
        ]  # fmt: skip
        now = await run_in_threadpool(lambda: self.source.now)
        return JSONResponse({
            "title": self._title, "description": "OGC API Features", "version": now.key[0], "hash": now.plan.hash,
            "role": self.source.role.name, "illustrative": self.source.county.illustrative,
            "links": [{"rel": rel, "type": kind, "href": href} for rel, kind, href in links],
        })  # fmt: skip

    async def openapi(self, request: Request) -> Response:
        """Answer the OpenAPI document."""
        version = importlib.metadata.version("gridgis")
        loop = self.reports and not self.source.role.public
        offer = Offer(self._title, version, self.features.names, self.tiles.names, self.reports, loop)
        told = document(offer, address(request))
        return JSONResponse(told, media_type=OPENAPI_MEDIA)

    async def changes(self, request: Request) -> Response:
        """Answer what has changed since a version, with a link to what follows."""
        try:
            since = whole(request, "since", 0, 0, _NEWEST)
            limit = whole(request, "limit", 100, 1, _MOST_CHANGES)
        except InputError as error:
            return refused(error)
        told = await run_in_threadpool(self.source.changes, since, limit)
        following = f"{address(request)}/changes?since={told['until']}&limit={limit}"
        return JSONResponse(told | {"next": following})


def _page(title: str, base: str, collections: Sequence[str], tiles: Sequence[str], reports: bool) -> str:
    """Return the page for people: what can be asked, and how to add it to a desktop GIS."""
    rows = [
        ("OGC API Features（QGIS：图层 → 添加 WFS / OGC API Features）", f"{base}/"),
        ("接口说明 OpenAPI", f"{base}/openapi"),
        *((name, f"{base}/collections/{name}/items") for name in collections),
        *((f"矢量瓦片 {name}", f"{base}/tiles/{name}/{{z}}/{{x}}/{{y}}.mvt") for name in tiles),
        ("坐标落格 point to grid", f"{base}/locate?lon=118.24&lat=25.49&datum=wgs84"),
        ("变更 changes", f"{base}/changes?since=0"),
        *([("事件上报与处置，需令牌 token", f"{base}/incidents")] if reports else []),
    ]
    body = "".join(f"<tr><td>{html.escape(name)}</td><td>{_linked(href)}</td></tr>" for name, href in rows)
    return (
        "<!doctype html><html lang=zh-CN><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{html.escape(title)}</title><style>body{{font:16px/1.6 'Noto Sans CJK SC','Microsoft YaHei',sans-serif;"
        "max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1f2a37}td{padding:.25rem 1rem .25rem 0;"
        "border-bottom:1px solid #e5e7eb;word-break:break-all}a{color:#1d5fa8}</style>"
        f"<h1>{html.escape(title)}</h1><p>只读。方案、检查结果与事件数以标准接口提供。Read-only.</p><table>{body}</table>"
    )


def _linked(href: str) -> str:
    told = html.escape(href)
    return told if "{" in href else f"<a href='{told}'>{told}</a>"
