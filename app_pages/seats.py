"""Who may put a short question past Streamlit: each session has a seat, with the role it had when it was last seen."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from urllib.parse import urlsplit

from starlette.requests import Request

KEPT_S = 180.0
_MOST = 512


class Seats:
    """The seats of the sessions of this process; a seat that nobody has been seen on for a while is empty.

    Parameters
    ----------
    clock
        What tells the time, in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._taken: OrderedDict[str, tuple[str, float]] = OrderedDict()

    def take(self, session: str, role: str) -> None:
        """Note that a session is there, and the role of its person now."""
        with self._lock:
            self._taken[session] = (role, self._clock())
            self._taken.move_to_end(session)
            while len(self._taken) > _MOST:
                self._taken.popitem(last=False)

    def role(self, session: str) -> str:
        """Return the role on a seat; empty where nobody sits."""
        with self._lock:
            role, seen = self._taken.get(session, ("", 0.0))
        return role if role and self._clock() - seen < KEPT_S else ""


def from_here(request: Request) -> bool:
    """Tell whether a question comes from a page of this host: what a page of another site sends is not answered.

    Browsers say where a page comes from and pages cannot change it; a program that is no browser says nothing.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        return site == "same-origin"
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")
