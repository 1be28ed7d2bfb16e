"""The OpenAPI document: every address that is really there, and nothing that needs the network to be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gridgis.datums import DATUMS
from gridgis.incidents.handling import ACTIONS, WAYS
from gridgis.incidents.ledger import VIEWS
from gridgis.incidents.reporting import LONGEST
from gridgis.serving.features import DEFAULT_ITEMS, MAX_ITEMS
from gridgis.serving.loop import MOST_LISTED, TEXTS
from gridgis.serving.points import MOST_POINTS

OPENAPI_MEDIA = "application/vnd.oai.openapi+json;version=3.0"
_GEOJSON = "application/geo+json"
_JSON = "application/json"


@dataclass(frozen=True)
class Offer:
    """What a service offers.

    Attributes
    ----------
    title
        Name of the county.
    version
        Of the program.
    collections, tiles
        Names of collections and of tile sets.
    reports
        Whether incidents are taken.
    loop
        Whether they may be read and handled.
    """

    title: str
    version: str
    collections: Sequence[str]
    tiles: Sequence[str]
    reports: bool
    loop: bool = False


def document(offer: Offer, address: str) -> dict[str, Any]:
    """Return the OpenAPI 3.0 document of a service whose paths stand below an address."""
    paths = _collections(offer) | _tiles(offer) | _answering()
    components: dict[str, Any] = {"schemas": {"problem": _PROBLEM}}
    if offer.reports:
        body = {_JSON: {"schema": _report("byte")}, "multipart/form-data": {"schema": _report("binary")}}
        paths["/incidents"] = {
            "post": _post("report", "事件上报 / report an incident", body, "201") | {"security": [{"token": []}]}
        }
        if offer.loop:
            paths["/incidents"] |= _held(_get("incidents", "事件清单，超期在前 / ledger, overdue first", _LEDGER))
            paths |= _loop()
        components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    info = {"title": offer.title, "version": offer.version}
    return {"openapi": "3.0.3", "info": info, "servers": [{"url": address}], "paths": paths, "components": components}


def _collections(offer: Offer) -> dict[str, Any]:
    one = [_path("collectionId", {"type": "string", "enum": list(offer.collections)})]
    item = [*one, _path("itemId", {"type": "string"}), _CRS]
    below, schema = "/collections/{collectionId}", "application/schema+json"
    return {
        "/": _get("landing", "入口 / landing page"),
        "/openapi": _get("openapi", "接口说明 / this document", media=OPENAPI_MEDIA),
        "/conformance": _get("conformance", "符合的标准 / conformance"),
        "/collections": _get("collections", "集合 / collections"),
        below: _get("collection", "一个集合 / one collection", one),
        f"{below}/items": _get("items", "要素 / features", [*one, *_ITEMS], _GEOJSON),
        f"{below}/items/{{itemId}}": _get("item", "一个要素 / one feature", item, _GEOJSON),
        f"{below}/queryables": _get("queryables", "可筛选的属性 / queryables", one, schema),
        f"{below}/schema": _get("schema", "属性说明 / schema", one, schema),
    }


def _tiles(offer: Offer) -> dict[str, Any]:
    name = _path("tiles", {"type": "string", "enum": list(offer.tiles)})
    place = [_path(k, {"type": "integer", "minimum": 0}) for k in "zxy"]
    tile = _get("tile", "矢量瓦片 / vector tile", [name, *place], "application/vnd.mapbox-vector-tile")
    tile["get"]["responses"]["204"] = {"description": "nothing to be seen"}
    described = _get("tilejson", "瓦片说明 / TileJSON", [name])
    return {"/tiles/{tiles}/{z}/{x}/{y}.mvt": tile, "/tiles/{tiles}.json": described}


def _answering() -> dict[str, Any]:
    place = [_query(k, {"type": "number"}, required=True) for k in ("lon", "lat")]
    when = [_query("datum", _DATUM), _query("as_of", {"type": "string"})]
    since = _query("since", {"type": "integer", "minimum": 0, "default": 0})
    limit = _query("limit", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100})
    many = _post("locateMany", "批量落格 / points to grids", {_JSON: {"schema": _POINTS}})
    return {
        "/locate": _get("locate", "坐标落格 / point to grid", [*place, *when]) | {"post": many},
        "/changes": _get("changes", "某版本以来的变更 / changes since a version", [since, limit]),
    }


def _loop() -> dict[str, Any]:
    one = [_path("id", {"type": "string"})]
    step = _post("step", "事件的下一步 / next step of an incident", {_JSON: {"schema": _STEP}}, "201") | {"parameters": one}
    words = "一件事件：步骤、可办、各级责任人 / one incident: steps, next, who answers"
    return {
        "/incidents/{id}": _held(_get("incident", words, one)),
        "/incidents/{id}/steps": _held({"post": step}),
        "/incidents/{id}/photo": _held(_get("photo", "照片 / photo", one, "image/jpeg")),
    }


def _held(path: dict[str, Any]) -> dict[str, Any]:
    """Return a path whose operations need the token."""
    return {method: told | {"security": [{"token": []}]} for method, told in path.items()}


_DATUM = {"type": "string", "enum": list(DATUMS), "default": "wgs84"}
_PAIR = {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "number"}}
_POINTS = {
    "type": "object", "required": ["points"],
    "properties": {"points": {"type": "array", "maxItems": MOST_POINTS, "items": _PAIR}, "datum": _DATUM,
                   "as_of": {"type": "string"}},
}  # fmt: skip
_ACTIONS = [k for k in ACTIONS if k != "submit"]
_STEP = {
    "type": "object", "required": ["action"], "additionalProperties": False,
    "properties": {**{name: {"type": "string"} for name in TEXTS}, "action": {"type": "string", "enum": _ACTIONS},
                   "handled_in": {"type": "string", "enum": list(WAYS)},
                   "score": {"type": "integer", "minimum": 1, "maximum": 5}},
}  # fmt: skip
_PROBLEM = {
    "type": "object",
    "required": ["code", "description"],
    "properties": {"code": {"type": "string"}, "description": {"type": "string"}},
}


def _report(photo: str) -> dict[str, Any]:
    texts = {name: {"type": "string", "maxLength": most} for name, most in LONGEST.items()}
    number = {"type": "number"}
    return {
        "type": "object", "required": ["lon", "lat", "category"], "additionalProperties": False,
        "properties": {"lon": number, "lat": number, **texts, "at": {"type": "string"}, "datum": _DATUM,
                       "photo": {"type": "string", "format": photo}},
    }  # fmt: skip


def _path(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": dict(schema)}


def _query(name: str, schema: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": dict(schema), **more}


_CRS = _query("crs", {"type": "string", "format": "uri"})
_ITEMS = (
    _query(
        "bbox",
        {"type": "array", "minItems": 4, "maxItems": 6, "items": {"type": "number"}},
        style="form",
        explode=False,
    ),
    _query("bbox-crs", {"type": "string", "format": "uri"}),
    _CRS,
    _query("datetime", {"type": "string"}),
    _query("limit", {"type": "integer", "minimum": 1, "maximum": MAX_ITEMS, "default": DEFAULT_ITEMS}),
    _query("offset", {"type": "integer", "minimum": 0, "default": 0}),
    _query("sortby", {"type": "string"}),
    _query("properties", {"type": "array", "items": {"type": "string"}}, style="form", explode=False),
    _query("skipGeometry", {"type": "boolean"}),
    _query("resulttype", {"type": "string", "enum": ["results", "hits"]}),
)


_LEDGER = (
    _query("view", {"type": "string", "enum": list(VIEWS), "default": "open"}),
    _query("limit", {"type": "integer", "minimum": 1, "maximum": MOST_LISTED, "default": 100}),
)


def _answers(media: str, status: str = "200") -> dict[str, Any]:
    schema = {"type": "string", "format": "binary"} if "tile" in media or "image" in media else {"type": "object"}
    problem = {"description": "problem", "content": {_JSON: {"schema": {"$ref": "#/components/schemas/problem"}}}}
    return {status: {"description": "done", "content": {media: {"schema": schema}}}, "default": problem}


def _get(name: str, words: str, parameters: Sequence[Any] = (), media: str = _JSON) -> dict[str, Any]:
    asked = {"operationId": name, "summary": words, "parameters": list(parameters), "responses": _answers(media)}
    return {"get": asked}


def _post(name: str, words: str, content: Mapping[str, Any], status: str = "200") -> dict[str, Any]:
    body = {"required": True, "content": dict(content)}
    return {"operationId": name, "summary": words, "requestBody": body, "responses": _answers(_JSON, status)}
