"""Codes ever allotted, kept in order: a new set after each edit for little, and those under a parent at once."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Set
from typing import Any, Self


class Ledger(Set[str]):
    """A set of codes that never changes.

    Parameters
    ----------
    codes
        The codes, in any order.
    """

    __slots__ = ("_codes",)

    def __init__(self, codes: Iterable[str] = ()) -> None:
        self._codes = sorted(set(codes))

    def __contains__(self, code: object) -> bool:
        """Tell whether a code was ever allotted."""
        if not isinstance(code, str):
            return False
        at = bisect_left(self._codes, code)
        return at < len(self._codes) and self._codes[at] == code

    def __iter__(self) -> Iterator[str]:
        """Go through the codes in order."""
        return iter(self._codes)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._codes)

    def __hash__(self) -> int:
        """Return the hash of a set of the same codes."""
        return self._hash()

    def __reduce__(self) -> tuple[Any, ...]:
        """Be sent to another process as a list."""
        return type(self), (self._codes,)

    def with_codes(self, codes: Iterable[str]) -> Self:
        """Return the ledger with further codes; the more there are already, the more it saves over a union."""
        new = [c for c in dict.fromkeys(codes) if c not in self]
        if not new:
            return self
        out = type(self)()
        out._codes = self._codes.copy()
        for code in new:
            insort(out._codes, code)
        return out

    def under(self, stem: str, width: int) -> set[str]:
        """Return the codes of a width that begin with `stem`."""
        out, at = set(), bisect_left(self._codes, stem)
        while at < len(self._codes) and self._codes[at].startswith(stem):
            if len(self._codes[at]) == width:
                out.add(self._codes[at])
            at += 1
        return out
