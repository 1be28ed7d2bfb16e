"""A dictionary that is cheap to have once more with a few entries changed: a base that is shared, and what differs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import Any, Generic, Self, TypeVar

K = TypeVar("K")
V = TypeVar("V")

_MOST = 512
"""So many differences are carried along; then a base of its own is made."""
_GONE: Any = object()


class Layered(MutableMapping[K, V], Generic[K, V]):
    """A mapping over a base that others may share; setting and deleting leave the base as it is.

    What differs from the base comes last in its order.

    Parameters
    ----------
    base
        Taken as it is; nobody may change it afterwards.
    """

    __slots__ = ("_base", "_over")

    def __init__(self, base: Mapping[K, V] | None = None) -> None:
        self._base: Mapping[K, V] = {} if base is None else base
        # What differs: a value, or that the entry of the base is gone. An entry may be gone and have come again.
        self._over: dict[K, Any] = {}

    @classmethod
    def of(cls, mapping: Mapping[K, V]) -> Layered[K, V]:
        """Return the mapping itself where it is one of these, else one over a copy."""
        return mapping if isinstance(mapping, cls) else cls(dict(mapping))

    def changed(self, gone: Iterable[K], come: Iterable[tuple[K, V]]) -> Self:
        """Return a copy without some keys (those it lacks are passed over), then with some entries."""
        out = type(self)(self._base if len(self._over) <= _MOST else dict(self._pairs()))
        if out._base is self._base:
            out._over = self._over.copy()
        for key in gone:
            out.pop(key, None)
        for key, value in come:
            out[key] = value
        return out

    def __getitem__(self, key: K) -> V:
        """Return the value of a key."""
        if key not in self._over:
            return self._base[key]
        found: V = self._over[key]
        if found is _GONE:
            raise KeyError(key)
        return found

    def __contains__(self, key: object) -> bool:
        """Tell whether there is a key."""
        return self._over[key] is not _GONE if key in self._over else key in self._base

    def __setitem__(self, key: K, value: V) -> None:
        """Set a value."""
        self._over[key] = value

    def __delitem__(self, key: K) -> None:
        """Take a key out."""
        if key not in self:
            raise KeyError(key)
        self._over.pop(key, None)
        if key in self._base:
            self._over[key] = _GONE

    def __iter__(self) -> Iterator[K]:
        """Go through the keys."""
        return (k for k, _ in self._pairs())

    def __len__(self) -> int:
        """Return the number of keys."""
        return len(self._base) + sum((v is not _GONE) - (k in self._base) for k, v in self._over.items())

    def __reduce__(self) -> tuple[Any, ...]:
        """Be sent to another process as a dictionary."""
        return type(self), (dict(self._pairs()),)

    def _pairs(self) -> Iterator[tuple[K, V]]:
        over = self._over
        if not over:
            yield from self._base.items()
            return
        yield from (pair for pair in self._base.items() if pair[0] not in over)
        yield from (pair for pair in over.items() if pair[1] is not _GONE)
