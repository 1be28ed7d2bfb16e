"""Seeded damage to what people and programs send: texts, trees of JSON, tables, command lines, requests."""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Sequence
from typing import Any

Rng = random.Random

TEXTS = (
    "", " ", "\u3000", "\0", "\n", "'", '"', "\\", "`", "%", "%s%n%x", "%00", "%2e%2e%2f", "'; DROP TABLE cells; --",
    "' OR '1'='1", "1) UNION SELECT key, value, 1 FROM meta --", "../x", "..\\x", "%2e%2e/x", "none/../../x", "C:\\x",
    "file:///none", "/vsicurl/http://127.0.0.1:9/x", "http://127.0.0.1:9/{z}", "postgresql://127.0.0.1:9/none",
    "{{7*7}}", "{% raw %}", "${7*7}", "#{7*7}", "#read(\"x\")", "<script>1</script>", "</textarea>", "<img src=x onerror=1>",
    "=1+1", "@x", "+1", "-1", "--", "--help", "-", "0", "00", "1", "-0", "9" * 30, "9" * 5000, "1e999", "-1e999", "1e-320",
    "nan", "NaN", "inf", "-Infinity", "0x10", "1_000", "１２", "٣", "½", "²", "true", "null", "None", "[]", "{}", "2026-13-45",
    "0000-00-00", "9999-12-31", "2026-11-27T25:61:61", "1-1-1", "2026-01-01/..", "𠮷", "龘" * 3, "\u202eabc", "\u200b", "e\u0301",
    "\ufeff", "\uffff", "a" * 3000, "350526", "350526100001", "350526100001001", "350526100001999", "350526999", "unit",
    "township", "118.24,25.49", "118.24,", "200,100", "nan,nan", "1,1", "300:500", "500:300", ":", "=", "a=b", "=b",
)  # fmt: skip
"""Fragments that have broken programs before, and ours where they are sound in the wrong place."""

ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1e308, -1e308, 5e-324, 10**30, float("nan"), float("inf"), "", "x", [], {}, [[]], [None], [None, None],
    [1], [1, 2], [[1, 2]], [["118", "25"]], [[118.0, 25.0], [118.0, 25.0]], {"type": "Point"}, {"type": "Point", "coordinates": []},
    {"type": "GeometryCollection", "geometries": []}, {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 0]]]},
)  # fmt: skip
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def text(rng: Rng, sound: str, times: int = 3) -> str:
    """Return a text with one to `times` places damaged."""
    out = sound
    for _ in range(rng.randint(1, times)):
        out = _once(rng, out)
    return out


def _once(rng: Rng, sound: str) -> str:
    at = rng.randrange(len(sound) + 1)
    to = min(len(sound), at + rng.choice((1, 1, 2, 5, 20, 200)))
    turn = rng.randrange(8)
    if turn == 0:
        return sound[:at] + rng.choice(TEXTS) + sound[at:]
    if turn == 1:
        return sound[:at] + sound[to:]
    if turn == 2:
        return sound[:to] + sound[at:]
    if turn == 3:
        return sound[:at]
    if turn == 4:
        return sound[:at] + chr(rng.choice((rng.randrange(128), rng.randrange(0x3000, 0x9FFF), 0x1F600))) + sound[to:]
    if turn == 5:
        found = list(_NUMBER.finditer(sound))
        if found:
            hit = rng.choice(found)
            return sound[: hit.start()] + rng.choice(("0", "-1", "1e999", "9" * 25, "", "nan", "1.5")) + sound[hit.end() :]
    if turn == 6:
        lines = sound.splitlines(keepends=True)
        if len(lines) > 1:
            a, b = rng.randrange(len(lines)), rng.randrange(len(lines))
            lines[a], lines[b] = lines[b], lines[a]
            return "".join(lines)
    return sound[:at] + rng.choice(TEXTS) + sound[to:]


def blob(rng: Rng, sound: bytes) -> bytes:
    """Return bytes with some of them turned, cut or repeated."""
    out = bytearray(sound)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(out) + 1)
        turn = rng.randrange(4)
        if turn == 0 and at < len(out):
            out[at] ^= 1 << rng.randrange(8)
        elif turn == 1:
            del out[at : at + rng.choice((1, 4, 64))]
        elif turn == 2:
            out[at:at] = rng.choice((b"\0", b"\xff\xfe", b"\xe9\xbe", b"9" * 30, out[at : at + 40]))
        elif rng.random() < 0.2:
            del out[at:]
    return bytes(out)


def tree(rng: Rng, sound: Any) -> str:
    """Return the JSON of a tree with one to three of its nodes replaced, doubled or taken out; sometimes of broken text."""
    root = [copy.deepcopy(sound)]
    for _ in range(rng.randint(1, 3)):
        place, key = rng.choice(_nodes(root))
        turn = rng.randrange(5)
        if turn == 0 and place is not root:
            del place[key]
        elif turn == 1 and isinstance(place, list) and place is not root:
            place.insert(key, copy.deepcopy(place[key]))
        elif turn == 2:
            place[key] = rng.choice(TEXTS)
        else:
            place[key] = copy.deepcopy(rng.choice(ODD))
    out = json.dumps(root[0], ensure_ascii=rng.random() < 0.5)
    if rng.random() < 0.02:
        return "[" * 100_000
    return text(rng, out) if rng.random() < 0.2 else out


def _nodes(place: Any) -> list[tuple[Any, Any]]:
    """Return every (container, key) below a node."""
    keys = list(place) if isinstance(place, dict) else range(len(place)) if isinstance(place, list) else ()
    found = [(place, key) for key in keys]
    return found + [node for _, key in found for node in _nodes(place[key])]


def table(rng: Rng, sound: Sequence[Sequence[str]]) -> list[list[Any]]:
    """Return the rows of a table with cells, rows or columns damaged."""
    rows: list[list[Any]] = [list(row) for row in sound]
    for _ in range(rng.randint(1, 5)):
        row = rng.choice(rows) if rows else []
        turn = rng.randrange(6)
        if turn == 0 and len(rows) > 1:
            rows.remove(row)
        elif turn == 1:
            rows.insert(rng.randrange(len(rows) + 1), list(row))
        elif turn == 2 and row:
            del row[rng.randrange(len(row))]
        elif turn == 3 and row:
            k = rng.randrange(len(row))
            row[k] = text(rng, str(row[k]), 2)
        elif turn == 4 and row:
            row[rng.randrange(len(row))] = rng.choice((10**20, 1e308, 3.5e14, True, None, 45000, -1, 0.1))
        elif row:
            row[rng.randrange(len(row))] = rng.choice(TEXTS)
    return rows


def words(rng: Rng, sound: Sequence[str], options: Sequence[str], keep: int = 1) -> list[str]:
    """Return the words of a command with one to three damaged; the first `keep` stay."""
    out = list(sound)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(keep, len(out) + 1) if len(out) >= keep else len(out)
        turn = rng.randrange(6)
        if turn == 0 and at < len(out):
            del out[at]
        elif turn == 1:
            out[at:at] = [rng.choice(options), rng.choice(TEXTS)]
        elif turn == 2:
            out.insert(at, rng.choice(TEXTS))
        elif turn == 3 and at < len(out):
            out[at] = text(rng, out[at], 1)
        elif at < len(out):
            out[at] = rng.choice(TEXTS)
    # No operating system hands a command a word with NUL in it.
    return [w.replace("\0", "") for w in out]
