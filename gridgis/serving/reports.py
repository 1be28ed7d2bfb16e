"""Reports of incidents over HTTP, for those who hold the token."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gridgis.errors import GridgisError, InputError
from gridgis.incidents.reporting import LONGEST, PHOTO_BYTES, KnownError, Report
from gridgis.serving.asking import problem, refused
from gridgis.serving.points import limited_body
from gridgis.serving.source import Source

MOST_BYTES = PHOTO_BYTES * 4 // 3 + 20_000
"""A photo in base64, and the words about it."""
_TEXTS = (*LONGEST, "at", "datum")


class Reports:
    """The route that takes reports.

    Parameters
    ----------
    source
        The county.
    token
        What a sender must hold.
    """

    def __init__(self, source: Source, token: str) -> None:
        self.source = source
        self._token = token.encode()

    def routes(self) -> list[Route]:
        """Return the route below the root."""
        return [Route("/incidents", self.receive, methods=["POST"])]

    async def receive(self, request: Request) -> Response:
        """Take ``{"lon", "lat", "category", "note", …, "photo": base64}``, or the same as a form with a file."""
        closed = stopped(request, self._token)
        if closed is not None:
            return closed
        media = request.headers.get("content-type", "").split(";")[0].strip().lower()
        if media not in ("application/json", "multipart/form-data"):
            return problem(
                415, "请求体应为 application/json 或 multipart/form-data。",
                "The body must be application/json or multipart/form-data.",
            )  # fmt: skip
        body = await limited_body(request, MOST_BYTES)
        if body is None:
            return problem(413, f"请求超过 {MOST_BYTES:,} 字节。", f"The request exceeds {MOST_BYTES:,} bytes.")
        try:
            told = _of_json(body) if media == "application/json" else await _of_form(request, body)
            return JSONResponse(await run_in_threadpool(self.source.report, told), status_code=201)
        except KnownError as error:
            return refused(error, 409)
        except InputError as error:
            return refused(error)
        except GridgisError as error:
            return refused(error, 422)


def stopped(request: Request, token: bytes) -> Response | None:
    """Return what is answered to those who do not hold the token; None for those who do."""
    # Headers come as Latin-1, whatever the sender meant.
    kind, _, word = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and hmac.compare_digest(word.strip().encode("latin-1"), token):
        return None
    answer = problem(401, "需要令牌：Authorization: Bearer …。", "A token is needed: Authorization: Bearer ….")
    answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def _of_json(body: bytes) -> Report:
    try:
        fields = json.loads(body)
        if not isinstance(fields, dict):
            raise ValueError
        photo = base64.b64decode(fields.pop("photo", None) or "", validate=True)
    except (ValueError, TypeError, RecursionError, binascii.Error) as error:
        raise InputError(
            "请求体不是 JSON 对象，或 photo 不是 base64。", "The body is no JSON object, or photo is not base64."
        ) from error
    return _report(fields, photo)


async def _of_form(request: Request, body: bytes) -> Report:
    async def whole() -> Any:
        yield body

    try:
        parser = MultiPartParser(request.headers, whole(), max_files=1, max_fields=20, max_part_size=20_000)
        form = await parser.parse()
    except (MultiPartException, KeyError) as error:
        raise InputError("表单无法读取。", "The form cannot be read.") from error
    upload = form.get("photo")
    photo = await upload.read() if isinstance(upload, UploadFile) else b""
    fields = {k: v for k, v in form.items() if isinstance(v, str)}
    await form.close()
    return _report(fields, photo)


def _report(fields: dict[str, Any], photo: bytes) -> Report:
    """Return a report of the fields of a request; those that nobody knows are refused, not lost.

    Raises
    ------
    InputError
        A field is not known, missing, or of the wrong kind.
    """
    unknown = sorted(set(fields) - {*_TEXTS, "lon", "lat"})
    if unknown:
        raise InputError(f"不认识字段“{unknown[0]}”。", f"The field '{unknown[0]}' is not known.")
    try:
        lon, lat = float(fields["lon"]), float(fields["lat"])
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise InputError("缺少经纬度 lon、lat，或不是数。", "lon and lat are missing, or no numbers.") from error
    texts = {k: fields[k] for k in _TEXTS if fields.get(k) is not None}
    if not all(isinstance(v, str) for v in texts.values()):
        raise InputError("除经纬度外的字段应为文本。", "Fields other than lon and lat must be text.")
    return Report(lon, lat, photo=photo, **{"category": ""} | texts)
