"""What stands before every answer of the app: by which names it may be called, and who may frame it.

A page of a foreign site can give this machine a name of its own (DNS rebinding); to the browser both are then one
site, and an app without a login would do whatever that page asks. So an app for this machine alone answers to this
machine's names only.
"""

from __future__ import annotations

import os
from typing import Any

import streamlit as st
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from app_pages import access
from gridgis.errors import GridgisError
from gridgis.serving.service import LOCAL_HOSTS, is_loopback

HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"SAMEORIGIN"),
)
"""Said with every answer that does not say it itself."""


def hosts() -> tuple[str, ...]:
    """Return the names by which the app may be called: any where a login is asked for, or other machines are let in.

    ``GRIDGIS_HOSTS`` adds names, separated by commas, for an app behind a proxy of the same machine.
    """
    try:
        guarded = access.guarded()
    except GridgisError:
        guarded = False
    bound = str(st.get_option("server.address") or "")
    if guarded or not is_loopback(bound):
        return ("*",)
    named = [name.strip() for name in os.environ.get("GRIDGIS_HOSTS", "").split(",")]
    return tuple(name for name in (*LOCAL_HOSTS, bound, str(st.get_option("browser.serverAddress") or ""), *named) if name)


class Said:
    """Adds the headers that browsers need to keep other sites out.

    Parameters
    ----------
    app
        The application behind.
    """

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request."""

        async def said(message: Any) -> None:
            if message["type"] == "http.response.start":
                told = message.setdefault("headers", [])
                there = {bytes(name).lower() for name, _ in told}
                message["headers"] = [*told, *(pair for pair in HEADERS if pair[0] not in there)]
            await send(message)

        await self.app(scope, receive, said)


def guards() -> list[Middleware]:
    """Return what stands before the app, outermost first."""
    return [Middleware(Said), Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts()), www_redirect=False)]
