"""The two services of the program as other programs ask them, with damaged requests: for `fuzz_inputs.py`."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

import mangling
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app_pages import routes
from app_pages.desk import the_desk
from app_pages.publicpage import Gate, Public
from gridgis.serving.service import service
from gridgis.serving.source import Role, Source

TOKEN = "a-token"
_SESSION = "session"
Request = tuple[str, str, dict[str, Any]]
_AT = {"lon": 118.0009, "lat": 25.4805}
_EVENT = {
    "type": "split", "line": [[118.0, 25.4795], [118.01, 25.4795]], "selected": ["350526100001001"], "draw": True, "unlock": False,
    "codes": ["350526100001001", "350526100001002"], "area": [[118.0, 25.479], [118.001, 25.479], [118.001, 25.48]],
    "to": "350526100001002", "cells": [1, 2], "at": [118.001, 25.4795], "op": "move",
}  # fmt: skip
_KINDS = ("split", "merge", "transfer", "paint", "reshape", "draw", "vertex", "none", "")
_REPORT = {**_AT, "category": "公用设施/路灯故障", "note": "不亮", "at": "2026-11-01T10:00:00", "id": "E1", "source": "系统", "photo": ""}
_STEP = {"action": "forward", "note": "转办", "by": "张三", "score": 3, "handled_in": "grid"}
_SERVED = (
    "/", "/openapi", "/conformance", "/changes?since=0&limit=10", "/collections", "/collections/grids-unit",
    "/collections/grids-unit/items?bbox=117,25,119,26&limit=5&offset=0&datetime=2026-11-01", "/collections/findings/items?rule=size",
    "/collections/grids-unit/items/350526100001001", "/collections/grids-unit/items?sortby=-code&properties=code&crs=EPSG:4490",
    "/collections/incidents-unit/items?datetime=2026-01-01/..&skipGeometry=true", "/collections/grids-unit/queryables",
    "/collections/grids-unit/schema", "/tiles/grids-unit.json", "/tiles/grids-unit/12/3390/1745.mvt",
    "/locate?lon=118.24&lat=25.49&datum=wgs84&as_of=1", "/incidents?view=open&limit=10", "/incidents/E1", "/incidents/E1/photo",
)  # fmt: skip


class Web:
    """Both services on one county.

    Parameters
    ----------
    county
        The county's file.
    """

    def __init__(self, county: Path) -> None:
        self.county = county.resolve()
        os.environ["GRIDGIS_COUNTY"] = str(self.county)
        minutes = itertools.count(step=600)
        public = Public("/free", "/assets", Gate(lambda: float(next(minutes))))
        self._app = TestClient(Starlette(routes=[*public.routes(), *routes.routes()]))
        self._served = TestClient(service(Source(str(self.county), Role()), token=TOKEN)).__enter__()
        self._tokens()

    def _tokens(self) -> None:
        desk, version = the_desk(), the_desk().version
        layers = (("base",), ("grids", "unit", version), desk.outline_item("township"))
        self._addresses = [
            *(f"/layer/{desk.token(*item)}" for item in layers),
            *(f"/view/{desk.token(*item)}?bbox=118.0,25.47,118.1,25.49" for item in (("cells", version), ("lines",))),
            f"/tile/{desk.token('tile', 'network')}/16/54249/27964",
            f"/frame/{desk.token('page', 'zh', ('select',))}", f"/ground/{desk.token('ground')}/12/3390/1745",
            "/where?lang=en", "/where/at?lon=118.0009&lat=25.4805&lang=zh", "/where/find?q=网格&lang=zh", "/report?lang=en",
        ]  # fmt: skip
        desk.seats.take(_SESSION, "drafter")
        self._try, self._trace = f"/try/{desk.token('try', _SESSION, 'zh', 'unit')}", f"/trace/{desk.token('trace', _SESSION, 'zh')}"

    def close(self) -> None:
        """Close the service."""
        self._served.__exit__(None, None, None)

    def send(self, which: str, request: Request) -> int:
        """Send a request; return the status of the answer."""
        method, address, more = request
        client = self._app if which == "app" else self._served
        return int(client.request(method, address, follow_redirects=False, **more).status_code)

    def request(self, rng: mangling.Rng, which: str) -> Request:
        """Return a damaged request for one of the two."""
        return self._of_app(rng) if which == "app" else self._of_service(rng)

    def _of_app(self, rng: mangling.Rng) -> Request:
        turn = rng.randrange(8)
        if turn < 3:
            return "GET", _address(rng, rng.choice(self._addresses)), {"headers": _headers(rng)}
        if turn == 3:
            ends = {"from": [118.0, 25.4795], "to": [118.01, 25.4795]}
            return "POST", self._trace, {"content": _body(rng, ends), "headers": _kind(rng)}
        if turn == 4:
            form = {k: mangling.text(rng, str(v), 1) if rng.random() < 0.4 else str(v) for k, v in _REPORT.items() if k in _FORM}
            photo = {"photo": ("a.jpg", mangling.blob(rng, b"\xff\xd8\xff\xe0JFIF" * 3))} if rng.random() < 0.5 else {"photo": ("", b"")}
            return "POST", "/free/report?lang=zh", {"data": form, "files": photo, "headers": {"x-gridgis": "report"}}
        return "POST", self._try, {"content": _body(rng, _EVENT | {"type": rng.choice(_KINDS)}), "headers": _kind(rng)}

    def _of_service(self, rng: mangling.Rng) -> Request:
        held = {"authorization": f"Bearer {TOKEN}"}
        turn = rng.randrange(8)
        if turn < 5:
            return "GET", _address(rng, rng.choice(_SERVED)), {"headers": held | _headers(rng)}
        if turn == 5:
            return "POST", "/locate", {"content": _body(rng, {"points": [[118.0009, 25.4805], [1, 2]], "datum": "wgs84", "as_of": "1"})}
        held["content-type"] = rng.choice(("application/json", "application/json", "text/plain", "multipart/form-data; boundary=x"))
        if turn == 6:
            return "POST", "/incidents", {"content": _body(rng, _REPORT), "headers": held}
        return "POST", "/incidents/E1/steps", {"content": _body(rng, _STEP), "headers": held}


_FORM = ("lon", "lat", "category", "note")


def _address(rng: mangling.Rng, sound: str) -> str:
    path, mark, query = sound.partition("?")
    if rng.random() < 0.5 or not query:
        path = "/" + mangling.text(rng, path, 2).lstrip("/")
    if query:
        query = mangling.text(rng, query, 3)
    return quote(path, safe="/%") + mark + quote(query, safe="=&%,:/")


def _headers(rng: mangling.Rng) -> dict[str, str]:
    if rng.random() < 0.7:
        return {}
    name = rng.choice(("accept", "accept-language", "if-none-match", "host", "range", "accept-encoding", "cookie"))
    return {name: "".join(c for c in rng.choice(mangling.TEXTS)[:2000] if " " <= c <= "~")}


def _kind(rng: mangling.Rng) -> dict[str, bytes]:
    # As bytes: the client refuses to send other letters itself, and the service would never see them.
    kind = "application/json" if rng.random() < 0.9 else mangling.text(rng, "application/json", 1)
    return {"content-type": kind.encode("utf-8", "replace")}


def _body(rng: mangling.Rng, sound: Any) -> bytes:
    data = mangling.tree(rng, sound).encode("utf-8", "replace")
    return mangling.blob(rng, data) if rng.random() < 0.1 else data
