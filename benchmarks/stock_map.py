"""The map as stock folium and st_folium draw it, for benchmarks/map_redraw.py: one script, nothing cleverer.

``streamlit run benchmarks/stock_map.py`` with GRIDGIS_COUNTY, GRIDGIS_LEVEL and GRIDGIS_VIEW (latitude,longitude,zoom).
A drawn line splits the grid that holds most of it, in memory; nothing is saved.
"""

from __future__ import annotations

import os

import folium
import shapely
import streamlit as st
from folium.plugins import Draw
from streamlit_folium import st_folium

import gridgis as gg
from app_pages.desk import level_figures
from app_pages.gestures import target_of
from gridgis.county import grid_frame
from layers.geojson import from_degrees

LEVEL = os.environ["GRIDGIS_LEVEL"]
state = st.session_state


@st.cache_resource
def county() -> gg.County:
    """Return the county, opened once."""
    return gg.open_county(os.environ["GRIDGIS_COUNTY"])


def framed(plan: gg.Plan):  # type: ignore[no-untyped-def]
    """Return the grids of the level with their figures."""
    codes = plan.tiling(LEVEL)
    return grid_frame(plan, codes).join(level_figures(plan, codes))


def drawn() -> None:
    """Split along what was drawn last."""
    found = (state.get("map") or {}).get("last_active_drawing")
    if found and found["geometry"]["type"] == "LineString":
        line = from_degrees(shapely.LineString(found["geometry"]["coordinates"]), state.plan.crs)
        code, _ = target_of(line, state.frame, ())
        state.plan = gg.evolve(state.plan, gg.split(state.plan, code, line))
        state.frame = framed(state.plan)


st.set_page_config(layout="wide")
if "plan" not in state:
    state.plan = county().plan
    state.frame = framed(state.plan)
latitude, longitude, zoom = (float(v) for v in os.environ["GRIDGIS_VIEW"].split(","))
page = folium.Map(location=[latitude, longitude], zoom_start=int(zoom), tiles=None)
shown = state.frame.reset_index()[["code", "name", "households", "persons", "geometry"]].to_crs(4326)
folium.GeoJson(
    shown, style_function=lambda _: {"fillColor": "#57a29f", "color": "#54677a", "weight": 1, "fillOpacity": 0.5},
    tooltip=folium.GeoJsonTooltip(["code", "name", "households", "persons"]),
).add_to(page)  # fmt: skip
Draw().add_to(page)
st_folium(page, key="map", height=780, width=1300, returned_objects=["last_active_drawing"], on_change=drawn)
