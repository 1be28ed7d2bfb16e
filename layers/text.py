"""The only road for text from outside into HTML or into a folium template."""

from __future__ import annotations

import html
import re


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


def plain_label(value: object) -> str:
    r"""Return `value` as the label of a button or a choice that shows as typed and fetches nothing.

    Streamlit reads such labels as Markdown: a picture named in one would be fetched from its host by
    every browser that shows it.

    Examples
    --------
    >>> plain_label("![a]")
    '\\!\\[a\\]'
    """
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", str(value))
