"""The only road for text from outside into HTML or into a folium template."""

from __future__ import annotations

import html


def safe_text(value: object) -> str:
    """Return `value` as HTML text that shows as typed and runs nowhere.

    folium and branca read what they are given once more as a Jinja template and write it into
    JavaScript strings, so escaping HTML alone is not enough: the characters of those languages become
    entities too.

    Examples
    --------
    >>> safe_text("{{7*7}} <b>")
    '&#123;&#123;7*7&#125;&#125; &lt;b&gt;'
    """
    text = html.escape(str(value), quote=True)
    for character in "\\`${}%":
        text = text.replace(character, f"&#{ord(character)};")
    return text
