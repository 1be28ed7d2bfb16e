"""A file laid over the map to look at, read through the one door in; the county never hears of it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import shapely
import streamlit as st

from app_pages import extras
from app_pages.address import prefix
from app_pages.desk import Desk
from app_pages.importdesk import spoken, stored
from app_pages.matchdesk import Upload
from app_pages.state import attempt, lang, say, tell
from app_pages.words import WORDS, word
from gridgis.errors import GridgisError, InputError
from gridgis.io.crs import Near
from gridgis.io.projecting import projection
from gridgis.io.reading import read_vector
from layers.extras import NETS
from layers.text import safe_text

TYPES = ["geojson", "json", "gpkg", "zip", "kml", "kmz", "fgb", "parquet"]
_MOST = 20_000


def offer(desk: Desk) -> list[dict[str, Any]]:
    """Return the files that this session has opened, as layers on offer."""
    return [
        {"key": f"file:{k}", "title": name, "url": f"{prefix()}/overlay/{desk.token('overlay', lang(), 'file', key)}"}
        for k, (name, key) in enumerate(st.session_state.opened, 1)
    ]


def shapes_of(desk: Desk, upload: Upload) -> Any:
    """Return the shapes of a file in the county's CRS.

    Raises
    ------
    InputError
        It cannot be read, lies elsewhere, or holds too much to be looked at.
    """
    with stored(upload) as path:
        found = read_vector(path, crs=Near(desk.plan.outline, desk.crs))
    shapes = np.asarray(found.frame.geometry.to_numpy(), dtype=object)
    if found.frame.crs is not None and found.frame.crs.to_epsg() != desk.crs:
        shapes = np.asarray(projection(found.frame.crs, desk.crs).direct(shapes), dtype=object)
    shapes = shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
    if len(shapes) > _MOST:
        values = {"n": f"{len(shapes):,}", "most": f"{_MOST:,}"}
        raise InputError(word("extra_file_many", "zh", **values), word("extra_file_many", "en", **values))
    if not shapely.intersects(desk.plan.outline, shapely.box(*shapely.total_bounds(shapes))):
        raise InputError(*WORDS["extra_file_off"])
    return shapes


def take(desk: Desk) -> None:
    """Take a file that was chosen as a layer of this session."""
    given = st.session_state.get("overlay_upload")
    if given is None:
        return
    upload = Upload.of(given.name, given.getvalue())

    def read() -> Any:
        try:
            return shapes_of(desk, upload)
        except GridgisError as error:
            raise InputError(*spoken((error.zh, error.en), upload)) from error

    shapes = attempt(read)
    if shapes is None:
        return
    name = Path(upload.name).stem
    for at in ("zh", "en"):
        colour = NETS[len(st.session_state.opened) % len(NETS)]
        text = extras.lines(at, (shapes, desk.crs), name, (colour, word("extra_file_note", at)))
        # It stays at hand as long as this process: nothing of it is written anywhere.
        desk.lasting(("opened", at, upload.key), partial(str, text))
    st.session_state.opened = (*[o for o in st.session_state.opened if o[1] != upload.key], (name, upload.key))
    tell()


def drop(at: int) -> None:
    """Take a file off the map."""
    opened = st.session_state.opened
    st.session_state.opened = (*opened[:at], *opened[at + 1 :])


def card(desk: Desk) -> None:
    """Show the way in for a file, and those that are open."""
    st.html(f"<h4>{safe_text(say('extra_file_title'))}</h4><p class=\"gg-tip\">{safe_text(say('extra_file_tip'))}</p>")
    # Streamlit's own words on this widget are English only.
    st.html(
        "<style>.st-key-overlay_upload section > span p, .st-key-overlay_upload [data-testid=stFileUploaderDropzoneInstructions] span"
        "{font-size:0} .st-key-overlay_upload section > span p::after{font-size:14px;content:'" + say("extra_file_choose") + "'}"
        ".st-key-overlay_upload [data-testid=stFileUploaderDropzoneInstructions] span::after{font-size:13px;content:'"
        + say("extra_file_drop") + "'}</style>"
    )  # fmt: skip
    st.file_uploader(say("extra_file_title"), TYPES, key="overlay_upload", label_visibility="collapsed", on_change=take, args=(desk,))
    for k, (name, _) in enumerate(st.session_state.opened):
        left, right = st.columns([3, 1], vertical_alignment="center")
        left.html(f'<p class="gg-tip">{safe_text(name)}</p>')
        right.button(say("extra_remove"), key=f"overlay_drop_{k}", on_click=drop, args=(k,))
    st.button(say("extra_close"), key="overlay_close", on_click=close, width="stretch")


def close() -> None:
    """Put the way in away; what is open stays on the map."""
    st.session_state.overlaying = False
