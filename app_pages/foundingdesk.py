"""What the first start asks of the core: where the county is to lie, a trial of an outline, and the founding itself."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from types import MappingProxyType
from typing import Any

import numpy as np
import shapely

from app_pages import access, importdesk
from app_pages.desk import county_place
from app_pages.importdesk import Job, Words
from app_pages.matchdesk import Upload
from gridgis.errors import GridgisError, InputError
from gridgis.founding import county_code, new_county, project_outline
from gridgis.io.reading import read_vector
from gridgis.scheme import Scheme, load_scheme, scheme_names
from gridgis.siting import in_datum_of, landing_words, outline_of
from gridgis.store.building import require_free
from gridgis.store.postgis import is_database

DEMOS = ("dehua", "longhua", "chikan", "luohu", "yungang", "zoucheng", "chaisang")
"""Counties to try things on, the default first."""
ENDINGS = ("zip", "gpkg", "geojson", "json", "kml", "kmz", "fgb", "parquet", "geoparquet")
"""Endings of files that may hold an outline."""
STEPS = MappingProxyType({
    "地形、水系与街道": "terrain, water and streets", "逐级划分网格": "drawing the grids level by level", "布置建筑": "placing the buildings",
    "街道、水系与地块": "streets, water and blocks", "人口、场所与事件": "people, places and incidents",
    "人口、场所、事件与队伍": "people, places, incidents and teams", "写入县区文件": "writing the county file",
})  # fmt: skip
_PICTURE = 1000
_BROKEN = (
    "建立县区时中断，没有留下任何文件：请重试；如仍失败，请用命令行 gridgis new 或 gridgis demo。",
    "Making the county broke off and nothing was left behind: try again, or use gridgis new or gridgis demo.",
)


@dataclass(frozen=True)
class Outline:
    """The outline of a county to be, in degrees of CGCS2000, with what is to be said of it.

    Attributes
    ----------
    placed
        The outline in degrees.
    area_m2, parts, epsg
        What the county will start from.
    evidence, warnings
        What speaks for place and datum, and what does not fit.
    """

    placed: Any
    area_m2: float
    parts: int
    epsg: int
    evidence: tuple[Words, ...]
    warnings: tuple[Words, ...]


@dataclass(frozen=True)
class Wanted:
    """What somebody asks for: a file, the scheme, the county's code and name."""

    upload: Upload
    scheme: str
    code: str
    name: str = ""


def vacant() -> bool:
    """Tell whether the place that this process was told of is a file that is not there yet."""
    place = county_place()
    return not is_database(place) and not Path(place).exists()


def schemes() -> dict[str, Scheme]:
    """Return the schemes shipped, the generic one first."""
    names = sorted(scheme_names(), key=lambda n: (n != "generic", n))
    return {name: load_scheme(name) for name in names}


def tried(wanted: Wanted) -> Outline | Words:
    """Return the outline that a file holds, or the sentence why there is none; nothing is written."""
    try:
        code = county_code(load_scheme(wanted.scheme), wanted.code)
        with importdesk.stored(wanted.upload) as path:
            source = read_vector(path, polygons=True)
        shape = outline_of(source.frame, code)
        landing = landing_words(shape, source.frame.crs, code, turned=source.facts["turned"])
        placed, fit = in_datum_of(shape, source.frame.crs, code, "auto")
        outline, epsg = project_outline(placed, 4490)
    except GridgisError as error:
        return importdesk.spoken((error.zh, error.en), wanted.upload)
    evidence = [importdesk.spoken(w, wanted.upload) for w in (*source.facts["evidence"], *landing, *fit)]
    warnings = [importdesk.spoken(w, wanted.upload) for w in source.facts["warnings"]]
    area, parts = float(outline.area), len(shapely.get_parts(outline))
    return Outline(placed, area, parts, epsg, tuple(evidence), tuple(warnings))


def picture(outline: Outline) -> str:
    """Return the outline as the address of a picture, north up."""
    shape = shapely.simplify(outline.placed, 1e-4)
    west, south, east, north = shape.bounds
    narrow = float(np.cos(np.radians((south + north) / 2)))
    scale = _PICTURE / max((east - west) * narrow, north - south)
    size = ((east - west) * narrow * scale, (north - south) * scale)
    rings = [ring for part in shapely.get_parts(shape) for ring in (part.exterior, *part.interiors)]
    paths = []
    for ring in rings:
        xy = shapely.get_coordinates(ring)
        xs, ys = (xy[:, 0] - west) * narrow * scale, (north - xy[:, 1]) * scale
        paths.append("M" + "L".join(f"{x:.0f} {y:.0f}" for x, y in zip(xs, ys, strict=True)) + "Z")
    box = f"-10 -10 {size[0] + 20:.0f} {size[1] + 20:.0f}"
    drawn = f'<path d="{"".join(paths)}" fill="#dcefe4" stroke="#388389" stroke-width="5" fill-rule="evenodd"/>'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" width="{size[0]:.0f}" height="{size[1]:.0f}">{drawn}</svg>'
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"


def begin_demo(scheme: str) -> Job:
    """Start making a county to try things on, at the place that this process was told of."""
    access.require("publish")
    chosen = scheme if scheme in DEMOS else DEMOS[0]
    return Job(lambda tell: _make_demo(Path(county_place()), chosen, tell), _BROKEN)


def _make_demo(target: Path, scheme: str, tell: Callable[[float, str], None]) -> None:
    """Make a demo county in a process of its own, which ends at once when `tell` raises; it is moved here when whole."""
    require_free(target)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".gridgis-") as folder:
        draft = Path(folder) / target.name
        command = [sys.executable, "-m", "app_pages.demochild", str(draft), scheme]
        with subprocess.Popen(command, cwd=Path(__file__).parents[1], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as child:
            heard: list[Any] = [[0.0, ""]]
            ear = Thread(target=_listen, args=(child.stdout, heard), daemon=True)
            ear.start()
            try:
                while ear.is_alive():
                    if isinstance(heard[-1][0], float):
                        tell(*heard[-1])
                    ear.join(0.2)
            except BaseException:
                child.kill()
                raise
        if child.returncode:
            raise InputError(*(heard[-1] if isinstance(heard[-1][0], str) else _BROKEN))
        # Whoever was faster keeps what is there.
        require_free(target)
        draft.rename(target)


def _listen(lines: Iterable[str], heard: list[Any]) -> None:
    heard.extend(json.loads(line) for line in lines)


def begin_own(wanted: Wanted, outline: Outline) -> Job:
    """Start making a county from an outline that was tried, at the place that this process was told of."""
    access.require("publish")

    def work(tell: Callable[[float, str], None]) -> None:
        tell(0.2, "写入县区文件")
        new_county(county_place(), wanted.scheme, wanted.code, outline.placed, 4490, wanted.name.strip())

    return Job(work, _BROKEN)
