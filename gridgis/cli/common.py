"""Options that all commands share, geometry arguments, progress, and printing."""

from __future__ import annotations

import csv
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import shapely
import typer

from gridgis.branches import open_branch
from gridgis.county import County as OpenCounty
from gridgis.county import open_county
from gridgis.errors import InputError
from gridgis.schema import reproject

County = Annotated[str, typer.Argument(metavar="COUNTY", help="县区文件 county.gpkg / the county")]
Json = Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")]
Lang = Annotated[Literal["zh", "en"], typer.Option("--lang", envvar="GRIDGIS_LANG", help="语言 / language")]
By = Annotated[str, typer.Option("--by", help="变更人 / author")]
Reason = Annotated[str, typer.Option("--reason", help="变更原因 / reason")]
Branch = Annotated[str | None, typer.Option("--branch", metavar="NAME", help="在草稿上进行 / on this draft")]
Unlock = Annotated[bool, typer.Option("--unlock", help="允许移动上级界线 / let boundaries of upper levels move")]

_BAR = 24


@contextmanager
def opened(path: str, branch: str | None) -> Iterator[OpenCounty]:
    """Open a county, or one of its drafts, and close it at the end."""
    with open_county(path) as county:
        yield county if branch is None else open_branch(county, branch)


class Progress:
    """A bar on standard error for what takes longer than a second; silent where nobody looks."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._shown = False

    def __call__(self, share: float, words: str = "") -> None:
        """Show a share from 0 to 1 and what is being done."""
        if sys.stderr.isatty() and time.monotonic() - self._started > 1:
            done = round(share * _BAR)
            print(
                f"\r\033[K[{'█' * done}{'·' * (_BAR - done)}] {share:4.0%} {words}", end="", file=sys.stderr, flush=True
            )
            self._shown = True

    def end(self) -> None:
        """Clear the bar."""
        if self._shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def say(lang: str, zh: str, en: str) -> None:
    """Print a sentence in the language asked for."""
    typer.echo(en if lang == "en" else zh)


def dump(value: Any) -> None:
    """Print a value as JSON."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=1, default=_plain))


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is not JSON")


def read_geometry(path: str, epsg: int) -> Any:
    """Return the geometry in a GeoJSON file (longitude, latitude), in the county's CRS.

    Raises
    ------
    InputError
        There is no such file, it is no GeoJSON, or holds no coordinates in degrees.
    """
    shapes = [s for s in _geometries(_geojson(path), path) if not s.is_empty]
    if not shapes:
        raise InputError(
            f"“{path}”中没有几何图形：请在其中画一条线或一个面。",
            f"'{path}' holds no geometry: draw a line or an area in it.",
        )
    shape = shapes[0] if len(shapes) == 1 else shapely.union_all(shapely.make_valid(shapes))
    xy = shapely.get_coordinates(shape)
    if not (np.isfinite(xy).all() and (np.abs(xy) <= [180, 90]).all()):
        raise InputError(
            f"“{path}”的坐标不是经纬度：GeoJSON 应为 WGS84/CGCS2000 经度、纬度。",
            f"The coordinates in '{path}' are not longitude and latitude, as GeoJSON asks.",
        )
    return reproject(shape, 4490, epsg)


def _geojson(path: str) -> Any:
    try:
        return json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(
            f"无法读取“{path}”：{error.strerror}。", f"'{path}' cannot be read: {error.strerror}."
        ) from error
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"“{path}”不是 GeoJSON 文件：请给出一个含线或面的 GeoJSON。",
            f"'{path}' is not GeoJSON: give a GeoJSON file with a line or an area.",
        ) from error


def _geometries(data: Any, path: str) -> list[Any]:
    """Return the geometries of a FeatureCollection, a Feature or a bare geometry."""
    try:
        kind = data["type"]
        features = (
            data["features"] if kind == "FeatureCollection" else [data if kind == "Feature" else {"geometry": data}]
        )
        drawn = [f["geometry"] for f in features if f["geometry"] is not None]
        return [shapely.from_geojson(json.dumps(g)) for g in drawn]
    except (KeyError, TypeError, ValueError, shapely.errors.GEOSException) as error:
        raise InputError(
            f"“{path}”的几何内容不完整或有误：需要 FeatureCollection、Feature 或几何对象，线至少两点，面须闭合。",
            f"The geometry in '{path}' is incomplete or wrong: it must be a FeatureCollection, a Feature or a geometry, "
            "a line of two points or more, an area closed.",
        ) from error


def write_csv(frame: Any, out: Path) -> None:
    """Write a frame for spreadsheets: UTF-8 with mark, nothing that would run as a formula."""
    try:
        with out.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(frame.columns)
            # A spreadsheet would run text that starts like a formula.
            writer.writerows(
                [f"'{v}" if isinstance(v, str) and v[:1] in "=+-@\t\r" and v else v for v in row]
                for row in frame.itertuples(index=False, name=None)
            )
    except OSError as error:
        raise InputError(
            f"无法写入“{out}”：{error.strerror}。", f"'{out}' cannot be written: {error.strerror}."
        ) from error


def table(rows: list[list[Any]], header: list[str]) -> None:
    """Print rows as an aligned table; Chinese characters count twice."""
    cells = [header, *[[_cell(v) for v in row] for row in rows]]
    widths = [max(_width(row[k]) for row in cells) for k in range(len(header))]
    for row in cells:
        typer.echo("  ".join(v + " " * (w - _width(v)) for v, w in zip(row, widths, strict=True)).rstrip())


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.2f}" if value % 1 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _width(text: str) -> int:
    return sum(2 if ord(c) > 0x2E7F else 1 for c in text)
