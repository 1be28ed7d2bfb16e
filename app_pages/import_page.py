"""Imports: say what it is, choose a file, see what would happen, confirm, and read what was done."""

from __future__ import annotations

import json
from typing import Any

import shapely
import streamlit as st

from app_pages import bench, importdesk, importsteps, mapview, veil
from app_pages.desk import Desk
from app_pages.importchoices import CHOICES, KEPT, options, settled
from app_pages.importview import tip
from app_pages.panel import banner
from app_pages.state import keep, say, tell
from gridgis import bringing
from layers import geojson

AROUND_M = 40.0


def file_map(desk: Desk) -> None:
    """Show where the file lies over the county, or the fault that was picked."""
    state = st.session_state
    (south, west), (north, east) = desk.bounds
    # The map begins with the county; once it was elsewhere it is to come back.
    whole = {"key": f"import:{state.import_turn}", "bounds": [west, south, east, north]}
    focus: dict[str, Any] | None = whole if state.import_turn else None
    said, datum, upload = "import_map_county", "", state.import_upload
    if upload is not None and state.import_kind not in bringing.REGISTERS:
        trial = state.import_trial[1].found if state.import_trial else None
        datum = str(trial.report.get("datum")) if trial else ""
        peek = importdesk.peek(desk, upload, options(), datum)
        if peek.shape is not None:
            said = "import_map_shifted" if datum in importdesk.SHIFTED else "import_map"
            key = f"import:{state.import_turn}:{upload.key}:{hash(peek.bounds)}"
            focus = {"key": key, "bounds": list(peek.bounds), "shape": json.loads(peek.shape)}
    if upload is not None and state.import_spot is not None:
        key, wkt = state.import_spot
        spot = shapely.from_wkt(wkt)
        said = "import_map_spot"
        focus = {"key": f"import:{key}", "bounds": bench.bounds_of(desk, spot.buffer(AROUND_M)),
                 "shape": json.loads(shapely.to_geojson(geojson.to_degrees(spot, desk.county.crs)))}  # fmt: skip
    mapview.live_map(
        desk, mapview.message(desk, state.level, "none", "none", focus=focus), key="import_map", height="300px"
    )
    tip(say(said, name=say(f"import_name_{datum}") if datum in importdesk.SHIFTED else ""))


def settle() -> None:
    """Say how an import ended that was under way."""
    ended = settled()
    if ended is not None and ended[0] == "stopped":
        tell(notice=say("import_stopped"))
    elif ended is not None and ended[0] == "problem":
        tell(problem=ended[1])


desk = veil.own()
for choice in ("level", "import_kind", *CHOICES, *(str(k) for k in st.session_state if str(k).startswith(KEPT))):
    keep(choice)
settle()
state, doing = st.session_state, importsteps.doing()
left, right = st.columns([1, 2.1], gap="medium")
with left, st.container(key="exportbox"):
    importsteps.way_in(desk, doing)
with right:
    banner()
    for step in importsteps.STEPS:
        with st.container(key=f"import_at_{step}"):
            if step == doing:
                importsteps.show(desk, step)
with left, st.container(key="importmap"):
    file_map(desk)
