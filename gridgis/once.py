"""Things that several sessions need and nobody should make twice."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, TypeVar, cast

T = TypeVar("T")


class Once:
    """The last things made, each by one caller while the others wait for that thing only.

    Parameters
    ----------
    size
        How many things are kept; the one unused longest goes first.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = Lock()
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._gates: dict[Hashable, Lock] = {}

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the thing of `key`, made now if it is not at hand."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return cast("T", self._kept[key])
            gate = self._gates.setdefault(key, Lock())
        with gate:
            with self._lock:
                if key in self._kept:
                    return cast("T", self._kept[key])
            try:
                made = make()
            finally:
                # What cannot be made leaves nothing behind either: strangers may ask for it without end.
                with self._lock:
                    self._gates.pop(key, None)
            with self._lock:
                self._kept[key] = made
                while len(self._kept) > self._size:
                    self._kept.popitem(last=False)
            return made

    def at_hand(self, start: tuple[Any, ...]) -> dict[Any, Any]:
        """Return what is kept under keys that begin with `start`, by the rest of the key's first member."""
        with self._lock:
            found = [(k, v) for k, v in self._kept.items() if isinstance(k, tuple) and k[: len(start)] == start]
        return {k[len(start)]: v for k, v in found}
