"""The loop of an incident over HTTP: the ledger, one incident with its steps, and the next step, for those who hold the token."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gridgis.county import County
from gridgis.errors import GridgisError, InputError
from gridgis.incidents.handling import Step, take
from gridgis.incidents.handlingbook import told
from gridgis.incidents.ledger import VIEWS, incident_of, ledger, photo_of
from gridgis.incidents.reporting import KnownError
from gridgis.serving.asking import one_of, problem, refused, whole
from gridgis.serving.points import limited_body
from gridgis.serving.reports import stopped
from gridgis.serving.source import Source

MOST_BYTES = 20_000
MOST_LISTED = 1000
LISTED = (
    "id",
    "at",
    "category",
    "code",
    "status",
    "due_at",
    "late",
    "closed_at",
    "handled_in",
    "valid",
    "source",
    "note",
)
TEXTS = tuple(f.name for f in fields(Step) if f.name != "score")


class Loop:
    """The routes of the loop; they tell names and telephone numbers, so they are not for the public.

    Parameters
    ----------
    source
        The county.
    token
        What a caller must hold.
    """

    def __init__(self, source: Source, token: str) -> None:
        self.source = source
        self._token = token.encode()

    def routes(self) -> list[Route]:
        """Return the routes below the root."""
        return [
            Route("/incidents", self.listed, methods=["GET"]),
            # Identifiers that came in a file may hold a slash.
            Route("/incidents/{id:path}/steps", self.step, methods=["POST"]),
            Route("/incidents/{id:path}/photo", self.photo, methods=["GET"]),
            Route("/incidents/{id:path}", self.one, methods=["GET"]),
        ]

    async def listed(self, request: Request) -> Response:
        """Answer ``?view=open|overdue|unjudged|closed&limit=``, overdue ones first."""

        def some(county: County) -> Any:
            view = one_of(request.query_params.get("view", "open"), "view", VIEWS)
            rows = ledger(county, view)
            shown = rows.head(whole(request, "limit", 100, 1, MOST_LISTED))[list(LISTED)]
            plain = shown.astype(object).where(shown.notna(), None).to_dict("records")
            return JSONResponse({"matched": len(rows), "overdue": int(rows["late"].sum()), "incidents": plain})

        return await self._answer(request, some)

    async def one(self, request: Request) -> Response:
        """Answer an incident with its steps, what may come next, and who answers for its place at its time."""
        return await self._answer(request, lambda county: JSONResponse(told(county, request.path_params["id"])))

    async def photo(self, request: Request) -> Response:
        """Answer the photo of an incident, a JPEG that was made here."""

        def picture(county: County) -> Response:
            data = photo_of(county, incident_of(county, request.path_params["id"])["id"])
            if data is None:
                return problem(404, "这个事件没有照片。", "This incident has no photo.")
            return Response(base64.b64decode(data), media_type="image/jpeg", headers={"Cache-Control": "no-store"})

        return await self._answer(request, picture)

    async def step(self, request: Request) -> Response:
        """Take ``{"action": …, "note": …, "handled_in": …, …}`` as the next step of an incident."""
        closed = stopped(request, self._token)
        if closed is not None:
            return closed
        body = await limited_body(request, MOST_BYTES)
        if body is None:
            return problem(413, f"请求超过 {MOST_BYTES:,} 字节。", f"The request exceeds {MOST_BYTES:,} bytes.")
        number = request.path_params["id"]

        def go_on(county: County) -> Response:
            incident_of(county, number)
            try:
                taken = take(county, number, _step(body))
            except InputError as error:
                return refused(error)
            return JSONResponse(taken | {"incident": told(county, number)}, status_code=201)

        return await self._answer(request, go_on)

    async def _answer(self, request: Request, make: Callable[[County], Any]) -> Response:
        closed = stopped(request, self._token)
        if closed is not None:
            return closed
        try:
            answer: Response = await run_in_threadpool(self.source.ask, make)
            return answer
        except KnownError as error:
            return refused(error, 409)
        except InputError as error:
            return refused(error, 404 if "id" in request.path_params else 400)
        except GridgisError as error:
            return refused(error, 422)


def _step(body: bytes) -> Step:
    """Return a step of the body of a request; fields that nobody knows are refused, not lost.

    Raises
    ------
    InputError
        The body is no such object.
    """
    try:
        asked = json.loads(body)
        if not isinstance(asked, dict):
            raise ValueError
    except (ValueError, RecursionError) as error:
        raise InputError("请求体不是 JSON 对象。", "The body is no JSON object.") from error
    unknown = sorted(set(asked) - {*TEXTS, "score"})
    if unknown:
        raise InputError(f"不认识字段“{unknown[0][:40]}”。", f"The field '{unknown[0][:40]}' is not known.")
    texts = {k: asked[k] for k in TEXTS if asked.get(k) is not None}
    score = asked.get("score") or 0
    if not all(isinstance(v, str) for v in texts.values()) or not isinstance(score, int) or isinstance(score, bool):
        raise InputError("除 score 外的字段应为文本，score 为整数。", "Fields must be text, and score a whole number.")
    return Step(**{"action": ""} | texts, score=score)
