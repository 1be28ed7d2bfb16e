"""Names of KML data that GDAL would spoil. Loaded by `child.py` in its own process, never by the product.

GDAL's driver turns every letter beyond ASCII into an underscore, so that 编码 and 名称 become one column and the
first of them is lost without a word. The copy of the file gets plain names before it is read.
"""

from __future__ import annotations

import html
import re
from pathlib import Path

_DATA = re.compile(rb"(<(?:\w+:)?Data\b[^>]*?\bname\s*=\s*)([\"'])(.*?)\2", re.DOTALL)
_PLAIN = re.compile(rb"\w+")


def give_plain_names(path: str) -> dict[str, str]:
    """Rewrite the names of untyped data in a copy of a KML file; return what each new name stands for.

    Parameters
    ----------
    path
        The copy.
    """
    text = Path(path).read_bytes()
    names: dict[bytes, bytes] = {}

    def plain(found: re.Match[bytes]) -> bytes:
        name = found[3]
        if _PLAIN.fullmatch(name):
            return found[0]
        short = names.setdefault(name, f"gridgis_data_{len(names) + 1}".encode())
        return found[1] + found[2] + short + found[2]

    changed = _DATA.sub(plain, text)
    if names:
        Path(path).write_bytes(changed)
    return {short.decode(): html.unescape(name.decode("utf-8", "replace")).strip() for name, short in names.items()}
