"""The page for residents: place, photo and words, no account; nothing is asked about who reports.

Plain HTML with a script of its own, beside Streamlit in the same process. What comes in waits in the ledger for a verdict.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import replace
from html import escape
from threading import Lock
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from app_pages import access, handlingdesk, publicground
from app_pages.desk import Desk, the_desk
from app_pages.words import LANGUAGES, word
from gridgis.errors import GridgisError
from gridgis.incidents.reporting import PHOTO_BYTES, PHOTO_SIDE, RESIDENT, KnownError, Report, report
from gridgis.serving.points import limited_body

MOST_WORDS = 500
MOST_BYTES = PHOTO_BYTES + 20_000
EACH, ALL, SPAN_S = 6, 60, 600.0
"""So many reports one address, and all together, may send within so many seconds."""
_ADDRESSES = 4096
_FIELDS = ("lon", "lat", "category", "note", "once")
_ONCE = re.compile(r"[0-9a-f]{32}")
SMALL_BYTES = 400_000
"""A larger photo is made smaller before it is sent."""
POLICY = "; ".join((
    "default-src 'none'", "script-src 'self'", "style-src 'self' 'unsafe-inline'", "img-src 'self' data: blob:", "connect-src 'self'",
    "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'",
))  # fmt: skip
_SAFE = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}


class Gate:
    """Lets only so many through in a while, one address and all together; it remembers so long and no longer.

    Parameters
    ----------
    now
        The clock, in seconds.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = Lock()
        self._all: deque[float] = deque(maxlen=ALL)
        self._each: OrderedDict[str, deque[float]] = OrderedDict()

    def passes(self, address: str) -> bool:
        """Tell whether one more report may come from an address, and count it if so."""
        with self._lock:
            now = self._now()
            mine = self._each.setdefault(address, deque(maxlen=EACH))
            self._each.move_to_end(address)
            while len(self._each) > _ADDRESSES:
                self._each.popitem(last=False)
            if any(len(past) == past.maxlen and now - past[0] < SPAN_S for past in (mine, self._all)):
                return False
            mine.append(now)
            self._all.append(now)
            return True


def language(request: Request) -> str:
    """Return the language that the address asks for."""
    asked = request.query_params.get("lang", "")
    return asked if asked in LANGUAGES else LANGUAGES[0]


class Public:
    """The routes of the page for residents.

    Parameters
    ----------
    prefix, assets
        What stands before every address, and where the scripts are.
    gate
        Who may pass.
    """

    def __init__(self, prefix: str, assets: str, gate: Gate | None = None) -> None:
        self.prefix, self.assets = prefix, assets
        self.gate = gate or Gate()

    def routes(self) -> list[BaseRoute]:
        """Return the routes to stand beside Streamlit's own."""
        address = f"{self.prefix}/report"
        return [Route(address, self.shown, methods=["GET"]), Route(address, self.taken, methods=["POST"])]

    async def shown(self, request: Request) -> Response:
        """Answer the page."""
        if not access.open_to_residents():
            return JSONResponse({"error": "unknown"}, status_code=404)
        lang = language(request)
        try:
            html = await run_in_threadpool(lambda: self._page(the_desk(), lang))
        except GridgisError as error:
            return HTMLResponse(f"<!doctype html><meta charset=utf-8><p>{escape(error.words(lang))}</p>", 503, _SAFE)
        return HTMLResponse(html, headers={**_SAFE, "Content-Security-Policy": POLICY})

    async def taken(self, request: Request) -> Response:
        """Take a report: a form of place, kind, words and perhaps a photo."""
        lang = language(request)
        if not access.open_to_residents():
            return JSONResponse({"error": "unknown"}, status_code=404)
        # Our own script sends this; a page of another site cannot without asking first, and is told no.
        if request.headers.get("x-gridgis") != "report":
            return _told(word("pub_bad", lang), 400)
        if not self.gate.passes(request.client.host if request.client else ""):
            return _told(word("pub_often", lang), 429)
        body = await limited_body(request, MOST_BYTES)
        if body is None:
            return _told(word("pub_too_large", lang), 413)
        try:
            told = await _of_form(request, body)
            if told is None:
                return _told(word("pub_bad", lang), 400)
            return JSONResponse({"id": await run_in_threadpool(_kept, told)}, 201, _SAFE)
        except GridgisError as error:
            return _told(error.words(lang), 422)

    def _page(self, desk: Desk, lang: str) -> str:
        words = {
            k: word(f"pub_{k}", lang)
            for k in ("where_ok", "no_position", "send", "sending", "done", "failed", "no_place", "too_large")
        }
        options = {
            "words": words | {k: word(k, lang) for k in ("zoom_in", "zoom_out")}, "bounds": [list(c) for c in desk.bounds],
            "ground": publicground.told(self.prefix, desk), "url": f"{self.prefix}/report?lang={lang}", "photo": PHOTO_BYTES,
            "most": SMALL_BYTES, "side": PHOTO_SIDE,
            "towns": f"{self.prefix}/layer/{desk.token(*desk.outline_item(desk.scheme.level_keys[0]))}",
        }  # fmt: skip
        badge = f"<span class=badge>{escape(word('illustrative', lang))}</span>" if desk.county.illustrative else ""
        kinds = handlingdesk.category_names(desk, lang)
        gaps = {k: escape(word(f"pub_{k}", lang)) for k in _WORDS} | {
            "options": escape(json.dumps(options, ensure_ascii=False)), "assets": escape(self.assets), "badge": badge,
            "scripts": publicground.scripts(self.assets),
            "lang": "en" if lang == "en" else "zh-CN", "county": escape(desk.county.meta.get("name") or desk.county.code),
            "other": "zh" if lang == "en" else "en", "switch": "中文" if lang == "en" else "English", "here": escape(f"{self.prefix}/report"),
            "kinds": "".join(f"<option value=\"{escape(k)}\">{escape(v)}</option>" for k, v in kinds.items()), "most": str(MOST_WORDS),
        }  # fmt: skip
        return _HTML.format(**gaps)


def _told(message: str, status: int) -> Response:
    return JSONResponse({"message": message}, status, _SAFE)


async def _of_form(request: Request, body: bytes) -> Report | None:
    """Return the report that a form holds; None for one that is not ours."""

    async def whole() -> Any:
        yield body

    try:
        form = await MultiPartParser(request.headers, whole(), max_files=1, max_fields=8, max_part_size=8000).parse()
        texts = {k: v for k, v in form.items() if isinstance(v, str)}
        upload = form.get("photo")
        photo = await upload.read() if isinstance(upload, UploadFile) else b""
        await form.close()
        if set(texts) - set(_FIELDS) or len(texts.get("note", "")) > MOST_WORDS:
            return None
        lon, lat = float(texts["lon"]), float(texts["lat"])
    except (MultiPartException, KeyError, ValueError, UnicodeDecodeError):
        return None
    once = texts.get("once", "")
    if once and not _ONCE.fullmatch(once):
        return None
    # Made of what only the sender knows: a second try is known again, and nobody guesses the number of another.
    number = f"R-{hashlib.sha256(once.encode()).hexdigest()[:12].upper()}" if once else ""
    return Report(lon, lat, texts.get("category", ""), texts.get("note", ""), id=number, source=RESIDENT, photo=photo)


def _kept(told: Report) -> str:
    desk = the_desk()
    if told.category not in handlingdesk.categories(desk):
        told = replace(told, category=handlingdesk.OTHER)
    with desk.quiet() as county:
        try:
            number = str(report(county, told)["id"])
        except KnownError:
            return told.id
    desk.forget()
    return number


_WORDS = (
    "title",
    "lead",
    "where",
    "locate",
    "where_hint",
    "what",
    "category",
    "words",
    "words_hint",
    "photo",
    "photo_choose",
    "send",
    "again",
)
_HTML = """<!doctype html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{county} · {title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{assets}/vendor/leaflet/leaflet.css">
<link rel="stylesheet" href="{assets}/report.css">
</head>
<body data-options="{options}">
<main>
<header><h1>{title}</h1><a href="{here}?lang={other}">{switch}</a></header>
<p class="lead">{county} {badge}<br>{lead}</p>
<div id="done" class="done" role="status" hidden><p id="number"></p><button id="again" type="button">{again}</button></div>
<form id="form" novalidate>
<section>
<h2>{where}</h2>
<div id="map"></div>
<div class="place"><span id="where">{where_hint}</span><button id="locate" type="button">{locate}</button></div>
</section>
<section>
<h2>{what}</h2>
<label for="category">{category}</label>
<select id="category">{kinds}</select>
<label for="note">{words}</label>
<textarea id="note" maxlength="{most}" placeholder="{words_hint}"></textarea>
</section>
<section>
<h2>{photo}</h2>
<label class="file">{photo_choose}<input id="photo" type="file" accept="image/jpeg,image/png,image/webp"></label>
<img id="preview" alt="" hidden>
</section>
<p id="problem" role="alert"></p>
<button id="send" class="primary" type="submit">{send}</button>
</form>
</main>
{scripts}
<script src="{assets}/report.js"></script>
</body>
</html>
"""
