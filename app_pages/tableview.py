"""A table whose rows can be picked, in the page's own words: Streamlit's grid speaks only English."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

import streamlit as st

from layers.page import ASSETS

_HTML = '<div class="gg-table"><table><thead></thead><tbody></tbody></table></div>'


class Column(NamedTuple):
    """A column: its title and kind (``text``, ``wide``, ``short``, ``code``, ``number``, ``tag``)."""

    title: str
    kind: str = "text"


@cache
def _component() -> Callable[..., Any]:
    script, style = ((ASSETS / f"table.{end}").read_text(encoding="utf-8") for end in ("js", "css"))
    return st.components.v2.component("gridgis_table", html=_HTML, css=style, js=script, isolate_styles=False)


def table(columns: Sequence[Column], rows: Sequence[Sequence[Any]], *, key: str, height: str, **more: Any) -> None:
    """Show rows of plain values; a ``tag`` is a pair of its kind and its word.

    Parameters
    ----------
    columns
        What the values are.
    rows
        The values, ready to be read.
    key
        Identity on the page.
    height
        CSS height beyond which the table scrolls.
    **more
        `picked`: position of the row that is picked; `on_pick`: called with the position of a row.
    """
    pick = more.get("on_pick")

    def picked() -> None:
        found = (st.session_state.get(key) or {}).get("picked")
        if pick is not None and found is not None:
            pick(int(found["row"]))

    data = {
        "columns": [c._asdict() for c in columns], "rows": [list(r) for r in rows], "height": height,
        "pickable": pick is not None, "picked": more.get("picked"),
    }  # fmt: skip
    _component()(key=key, data=data, on_picked_change=picked)
