"""Collections as OGC API Features: pygeoapi reads the requests and writes the answers, as JSON only.

pygeoapi's HTML pages load scripts from the network and its landing page and conformance list promise what is not
offered here, so those are our own, and links to other formats are left out.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import pygeoapi.api as core
import pygeoapi.api.itemtypes as items
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gridgis.serving.asking import address, problem
from gridgis.serving.provider import PROVIDER, Shelf
from gridgis.serving.source import Source, Table

CONFORMANCE = (
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-common-2/1.0/conf/collections",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables",
)
DEFAULT_ITEMS, MAX_ITEMS = 1000, 10_000
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
_LANGUAGES = {"zh": "zh-CN", "en": "en-US"}
_OTHER_FORMATS = ("text/html", "application/ld+json")
_CALLS: Mapping[str, Callable[..., tuple[dict[str, str], int, Any]]] = {
    "collections": core.describe_collections, "items": items.get_collection_items, "item": items.get_collection_item,
    "queryables": items.get_collection_queryables, "schema": core.get_collection_schema,
}  # fmt: skip


def shelves(source: Source) -> dict[str, tuple[dict[str, str], Shelf]]:
    """Return what is offered: by name, its title in both languages, and where its table comes from."""
    out = {}
    for level in source.levels:
        zh, en = source.title(level)
        out[f"grids-{level}"] = ({"zh": zh, "en": f"grids: {en}"}, Shelf(_grids(source, level), "code", timed=True))
    for level in source.levels:
        zh, en = source.title(level)
        shelf = Shelf(_incidents(source, level), "code", timed=not source.role.public)
        out[f"incidents-{level}"] = ({"zh": f"{zh}事件数", "en": f"incidents per grid: {en}"}, shelf)
    if not source.role.public:
        shelf = Shelf(lambda _when: source.now.findings(), "id", timed=False)
        out["findings"] = ({"zh": "检查发现的问题", "en": "findings of the check"}, shelf)
    return out


def _grids(source: Source, level: str) -> Callable[[str | None], Table]:
    return lambda when: source.at(when).grids(level)


def _incidents(source: Source, level: str) -> Callable[[str | None], Table]:
    def table(when: str | None) -> Table:
        since, until = period(when)
        return source.now.incidents(level, since, until)

    return table


def period(when: str | None) -> tuple[str | None, str | None]:
    """Return begin and end (excluded) of an OGC interval; ``2026-03`` and ``2026-03-01`` are whole months and days.

    Parameters
    ----------
    when
        ``begin/end``, either of them ``..`` or empty for open, or a single date.
    """
    if when is None:
        return None, None
    begin, _, end = _plain_time(when).partition("/") if "/" in when else (_plain_time(when), "", _plain_time(when))
    # Text that begins with a date sorts before this mark: the end's own day, month or second counts.
    return (None if begin in ("", "..") else begin), (None if end in ("", "..") else f"{end}\uffff")


def _plain_time(text: str) -> str:
    """Return times as incidents have them: of the place, without a zone, a blank before the hour."""
    return re.sub(r"(\d)[Tt](\d)", r"\1 \2", re.sub(r"(\d:\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)", r"\1", text))


def config(source: Source, url: str) -> dict[str, Any]:
    """Return pygeoapi's configuration of the collections."""
    bounds, crs = source.bounds, f"http://www.opengis.net/def/crs/EPSG/0/{source.county.crs}"
    words = "示意数据 illustrative" if source.county.illustrative else ""
    resources = {
        name: {
            "type": "collection", "title": title, "description": {"zh": f"{title['zh']} {words}", "en": f"{title['en']} {words}"},
            "keywords": {"zh": ["网格"], "en": ["grid"]}, "links": [],
            "extents": {"spatial": {"bbox": bounds, "crs": CRS84}},
            "providers": [{"type": "feature", "name": PROVIDER, "data": shelf, "id_field": shelf.key,
                           "crs": [CRS84, crs], "storage_crs": CRS84}],
        }
        for name, (title, shelf) in shelves(source).items()
    }  # fmt: skip
    return {
        "server": {
            "url": url, "mimetype": "application/json; charset=UTF-8", "encoding": "utf-8", "gzip": False,
            "languages": ["zh-CN", "en-US"], "pretty_print": False, "map": {"url": "", "attribution": ""},
            "limits": {"default_items": DEFAULT_ITEMS, "max_items": MAX_ITEMS, "on_exceed": "throttle"},
        },
        "logging": {"level": "CRITICAL"},
        "metadata": {"identification": {"title": "GridGIS", "description": "", "keywords": [], "url": url},
                     "license": {"name": "", "url": ""}, "provider": {"name": "", "url": ""}, "contact": {}},
        "resources": resources,
    }  # fmt: skip


class Features:
    """The routes of OGC API Features.

    Parameters
    ----------
    source
        The county.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.names = tuple(shelves(source))
        self._api = core.API(config(source, "http://localhost"), {})

    def routes(self) -> list[Route]:
        """Return the routes below the root."""
        one = "/collections/{dataset}"
        return [
            Route("/conformance", self._conformance),
            Route("/collections", self._answering("collections")),
            Route(one, self._answering("collections")),
            Route(f"{one}/items", self._answering("items")),
            Route(f"{one}/items/{{identifier}}", self._answering("item")),
            Route(f"{one}/queryables", self._answering("queryables")),
            Route(f"{one}/schema", self._answering("schema")),
        ]

    async def _conformance(self, _request: Request) -> Response:
        return JSONResponse({"conformsTo": list(CONFORMANCE)})

    def _answering(self, name: str) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            if request.query_params.get("f", "json") not in ("json", "geojson"):
                return problem(400, "只提供 JSON：请去掉参数 f。", "Only JSON is offered: leave out the parameter f.")
            arguments = list(request.path_params.values())
            asked = core.APIRequest(_Plain(request), self._api.locales)
            return await run_in_threadpool(self._call, name, asked, arguments, address(request))

        return answer

    def _call(self, name: str, asked: Any, arguments: list[str], base: str) -> Response:
        # One configuration for all; only the address that links begin with is the caller's.
        api = copy.copy(self._api)
        api.base_url = base
        headers, status, content = _CALLS[name](api, asked, *arguments)
        told = json.loads(content)
        strip_links(told)
        plain = headers.get("Content-Type", "application/json").split(";")[0]
        kind = "application/geo+json" if name in ("items", "item") and status == 200 else plain
        kept = {k: v for k, v in headers.items() if k in ("Content-Language", "Content-Crs")}
        return JSONResponse(told, status_code=int(status), headers=kept, media_type=kind)


class _Plain:
    """A request without a body that wants JSON, whatever its browser says, in a language that there is."""

    def __init__(self, request: Request) -> None:
        self.scope = request.scope
        self.query_params = {k: _spoken(k, v) for k, v in request.query_params.items() if k != "f"}
        self.headers = {k: _spoken(k, v) for k, v in request.headers.items() if k.lower() != "accept"}


def _spoken(name: str, text: str) -> str:
    """Return a parameter or header; of one that names languages, the first of ours: pygeoapi stumbles over others."""
    if name.lower() not in ("lang", "accept-language"):
        return text
    found = re.search(r"\b(zh|en)\b", text, re.IGNORECASE)
    return _LANGUAGES[found[0].lower() if found else "zh"]


def strip_links(told: Any) -> None:
    """Take out, everywhere in an answer, links to formats that are not offered."""
    if isinstance(told, list):
        for value in told:
            strip_links(value)
    elif isinstance(told, dict):
        if isinstance(told.get("links"), list):
            told["links"] = [link for link in told["links"] if link.get("type") not in _OTHER_FORMATS]
        for name, value in told.items():
            if name in ("collections", "collection"):
                strip_links(value)
