"""What the page of settings shows and changes: only what the software really has."""

from __future__ import annotations

import datetime as dt
import os
import platform
import sqlite3
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pyogrio
import pyproj
import shapely

from app_pages import access, ground
from app_pages.desk import Desk
from app_pages.panel import band_words, level_name, number
from app_pages.state import attempt, lang, say, tell
from app_pages.words import word
from gridgis.copying import copy_of
from gridgis.errors import InputError, StoreError
from gridgis.print.settings import Hotline, save_hotlines, settings_of
from gridgis.schema import SCHEMA_VERSION
from gridgis.store import shown
from layers import geojson

LIBRARIES = ("streamlit", "folium", "geopandas", "shapely", "pandas", "numpy", "SQLAlchemy")
_ZOOMS = (12, 10, 8, 14, 6)


def county_facts(desk: Desk) -> list[tuple[str, str]]:
    """Return what the county is."""
    meridian = f"{ground.axis(desk.crs)[0]:.0f}"
    return [
        (say("set_code"), desk.county.code), (say("set_version"), number(desk.version)),
        (say("set_crs"), say("first_crs_is", lon=meridian, epsg=desk.crs)), (say("set_datum"), say("set_datum_is")),
        (say("set_data"), say("illustrative") if desk.county.illustrative else say("set_data_real")),
    ]  # fmt: skip


def level_rows(desk: Desk) -> list[list[Any]]:
    """Return a row for each level: its name, digits, length of its codes, grids, size bands."""
    scheme, plan = desk.scheme, desk.plan
    zones = {z.key: z.en if lang() == "en" else z.zh for z in scheme.zones}
    out = []
    for level in scheme.levels:
        bands = [(b.zone, band_words(desk, level.key, b.zone or "")) for b in scheme.bands if b.level == level.key]
        told = [f"{zones[zone]} · {words}" if zone in zones else words or "" for zone, words in bands]
        out.append([level_name(desk, level.key), level.digits, scheme.width(level.key), number(len(plan.codes(level.key))),
                    ("；" if lang() == "zh" else "; ").join(told) or "–"])  # fmt: skip
    return out


def base_facts() -> list[tuple[str, str]]:
    """Return which base map is configured; an address is shown without what may be a key."""
    named = ground.source()
    if not named:
        return []
    if named.startswith("http"):
        parts = urlsplit(named)
        told = f"{parts.scheme}://{parts.hostname}{parts.path}"
    else:
        told = Path(named).name
    shifted = os.environ.get("GRIDGIS_BASEMAP_DATUM", "").lower() == "gcj02"
    return [(say("set_base_source"), told), (say("set_base_datum"), say("set_base_shifted" if shifted else "set_base_plain"))]


def try_base(desk: Desk) -> None:
    """Fetch the tile at the middle of the county and say what came."""
    named, data = ground.source(), b""
    point = geojson.to_degrees(shapely.centroid(desk.plan.outline), desk.crs)
    lon, lat = np.radians(point.x), np.radians(point.y)
    for zoom in _ZOOMS:
        x = int((1 + lon / np.pi) / 2 * 2**zoom)
        y = int((1 - np.arcsinh(np.tan(lat)) / np.pi) / 2 * 2**zoom)
        # What was fetched before says nothing of now.
        data = data or ground.picture.__wrapped__(named, zoom, x, y)
    # A server that refuses answers too, with a page of words.
    if not data or (named.startswith("http") and data.lstrip()[:1] in (b"<", b"{")):
        tell(problem=InputError(*both("set_base_bad")))
    else:
        tell(notice=say("set_base_good", kb=number(len(data) / 1024, 1)))


def both(key: str, **values: object) -> tuple[str, str]:
    """Return a word in both languages, for an error."""
    return word(key, "zh", **values), word(key, "en", **values)


def rename(desk: Desk, name: str) -> None:
    """Give the county a name."""

    def write() -> bool:
        access.require("publish")
        if not name.strip():
            raise InputError(*both("set_name_none"))
        with desk.quiet() as county:
            county.store.put_setting("name", name.strip())
            county.forget()
        desk.forget()
        return True

    if attempt(write):
        tell(notice=say("set_name_kept", name=name.strip()))


def hotlines(desk: Desk) -> list[Hotline]:
    """Return the public telephones."""
    with desk.quiet() as county:
        return list(settings_of(county).hotlines)


def keep_hotlines(desk: Desk, rows: list[tuple[str, str, str]]) -> None:
    """Keep public telephones; a row without a number is dropped, one without an English name takes the Chinese one."""

    def write() -> bool:
        access.require("publish")
        wanted = []
        for zh, en, call in ((zh.strip(), en.strip(), call.strip()) for zh, en, call in rows):
            if call and not (zh or en):
                raise InputError(*both("set_hot_lacks", number=call))
            if call:
                wanted.append(Hotline(zh=zh or en, en=en or zh, number=call))
        with desk.quiet() as county:
            save_hotlines(county, wanted)
        desk.forget()
        return True

    if attempt(write):
        tell(notice=say("set_hot_kept"))


def backups(desk: Desk) -> list[Path]:
    """Return the backups that lie beside the county, the newest last."""
    path = desk.county.store.path
    return [] if path is None else sorted(path.parent.glob(f"{path.stem}.backup-*{path.suffix}"), key=lambda p: p.stat().st_mtime)


def back_up(desk: Desk) -> None:
    """Write a whole copy beside the county, under a name of our own."""

    def write() -> tuple[Path, int]:
        access.require("publish")
        path = desk.county.store.path
        if path is None:
            raise StoreError(*both("set_keep_database"))
        target = path.with_name(f"{path.stem}.backup-{dt.datetime.now():%Y%m%d-%H%M%S}{path.suffix}")
        return target, int(copy_of(desk.apart(), target)["version"])

    done = attempt(write)
    if done is not None:
        target, at = done
        tell(notice=say("set_kept", name=target.name, n=at, mb=number(target.stat().st_size / 1e6, 1)))


def place_facts(desk: Desk) -> list[tuple[str, str]]:
    """Return where the data lie."""
    store = desk.county.store
    rows = [(say("set_place"), shown(store.name))]
    if store.path is not None:
        rows.append((say("set_size"), f"{number(store.path.stat().st_size / 1e6, 1)} MB"))
    return [*rows, (say("set_schema"), str(SCHEMA_VERSION))]


def programs() -> list[tuple[str, str]]:
    """Return what runs, with versions."""
    gdal = ".".join(map(str, pyogrio.__gdal_version__))
    below = {"GDAL": gdal, "GEOS": shapely.geos_version_string, "PROJ": pyproj.proj_version_str, "SQLite": sqlite3.sqlite_version}
    return [("GridGIS", version("gridgis")), ("Python", platform.python_version()), *((name, version(name)) for name in LIBRARIES), *below.items()]
