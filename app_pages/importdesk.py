"""What the page of imports asks of the core: a trial of a file, and the import in a thread that can be stopped."""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
import pandas as pd
import shapely
import streamlit as st
from numpy.typing import NDArray

from app_pages import access, importspeech
from app_pages.desk import Desk
from app_pages.matchdesk import Upload
from gridgis import bringing, gathering
from gridgis.datums import shift_geometries
from gridgis.errors import GridgisError, InputError
from gridgis.io.asking import Intake, Options
from gridgis.io.crs import Near
from gridgis.io.reading import read_vector
from gridgis.io.sheets import read_book
from gridgis.io.workbook import Sheet, workbook_bytes
from gridgis.registers.fields import FIELDS as REGISTER_FIELDS
from gridgis.schema import TABLES

Words = tuple[str, str]
DRAWN = 2000
"""So many shapes of a file are shown on the map."""
NEAR = 0.05
"""What lies this many degrees outside the county is still shown with it."""
SHIFTED = ("gcj02", "bd09")
RASTERS = (".tif", ".tiff")
TABLES_OF_TEXT = (".xlsx", ".xlsm", ".csv", ".tsv", ".txt")
_OF_GRIDS = {"grids": ("code", "name", "kind", "category", "class", "zone"), "boundaries": ("code", "name")}


_BROKEN = (
    "导入中断，县区未改动：请重试；如仍失败，请用命令行 gridgis import 导入并查看报告。",
    "The import broke off and the county is unchanged: try again, or import with gridgis import and read its report.",
)


class StoppedError(Exception):
    """The planner stopped the import."""


@dataclass(frozen=True)
class Peek:
    """What a file holds before anything is understood: its columns, and its shapes in degrees."""

    columns: tuple[str, ...] = ()
    shape: str | None = None
    bounds: tuple[float, ...] = ()


@dataclass(frozen=True)
class Trial:
    """What a dry run said: an account, or the one sentence why there is none."""

    found: Intake | None
    problem: Words | None = None
    account: Mapping[str, Any] | None = None


def own_name(upload: Upload) -> str:
    """Return our own name for a file; only its ending is the user's, and only one that we read."""
    ending = Path(upload.name).suffix.lower()
    return f"upload{ending}" if ending.lstrip(".") in bringing.ENDINGS else "upload.bin"


@contextmanager
def stored(upload: Upload) -> Iterator[Path]:
    """Give a file under our own name, in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="gridgis-") as folder:
        path = Path(folder) / own_name(upload)
        path.write_bytes(upload.data)
        yield path


def spoken(words: Words, upload: Upload) -> Words:
    """Return a sentence of the core as the page says it: the user's file name, the page's own choices."""
    zh, en = (
        importspeech.said(text, at).replace(own_name(upload), upload.name)
        for text, at in zip(words, ("zh", "en"), strict=True)
    )
    return zh, en


def peek(desk: Desk, upload: Upload, options: Options, datum: str = "") -> Peek:
    """Look at columns and shapes of a file as read in a datum; a file that cannot be read shows nothing."""
    shift = datum if datum in SHIFTED else "wgs84"

    def look() -> Peek:
        columns: tuple[str, ...] = ()
        try:
            with stored(upload) as path:
                if path.suffix in TABLES_OF_TEXT:
                    columns = _headers(path)
                return (
                    Peek(columns)
                    if options.as_ in bringing.REGISTERS
                    else _shapes(desk, path, replace(options, datum=shift), columns)
                )
        except GridgisError:
            return Peek(columns)

    if Path(upload.name).suffix.lower() in RASTERS:
        return Peek()
    table = options.as_ in bringing.REGISTERS
    key = ("peek", upload.key, upload.name, table, options.crs, options.encoding, options.layer, shift)
    found: Peek = desk.once(key, look)
    return found


def _headers(path: Path) -> tuple[str, ...]:
    rows = next(iter(read_book(path).sheets)).rows
    head = max((rows[k] for k in sorted(rows)[:8]), key=len, default={})
    return tuple(dict.fromkeys(cell.text.strip() for cell in head.values() if cell.text.strip()))


def _shapes(desk: Desk, path: Path, options: Options, columns: tuple[str, ...]) -> Peek:
    near = Near(desk.county.outline, desk.county.crs)
    frame = read_vector(path, layer=options.layer, encoding=options.encoding, crs=options.crs or near).frame
    columns = columns or tuple(str(c) for c in frame.columns if c != frame.geometry.name)
    if frame.crs is None:
        return Peek(columns)
    found = frame.geometry.dropna().head(DRAWN).to_crs(4326)
    shapes = shapely.force_2d(shapely.simplify(found.to_numpy(), 1e-5))
    shapes = shapes[~shapely.is_empty(shapes) & shapely.is_valid(shapes)]
    if not len(shapes):
        return Peek(columns)
    if options.datum in SHIFTED:
        shapes = shift_geometries(shapes, options.datum, "wgs84")
    return Peek(columns, shapely.to_geojson(shapely.GeometryCollection(list(shapes))), _view(desk, shapes))


def _view(desk: Desk, shapes: NDArray[np.object_]) -> tuple[float, ...]:
    """Return what to show: what lies near the county, with the county unless that would make it too small to see."""
    (south, west), (north, east) = desk.bounds
    near = shapes[shapely.intersects(shapely.box(west - NEAR, south - NEAR, east + NEAR, north + NEAR), shapes)]
    view = shapely.total_bounds(near if len(near) else shapes)
    if not len(near) or max(view[2] - view[0], view[3] - view[1]) > (east - west) / 3:
        view = np.array([min(view[0], west), min(view[1], south), max(view[2], east), max(view[3], north)])
    return tuple(float(v) for v in view)


def trial(desk: Desk, upload: Upload, options: Options, progress: Callable[[float, str], None] | None = None) -> Trial:
    """Say what an import would do; nothing is written."""
    try:
        with stored(upload) as path:
            return Trial(bringing.bring(desk.apart(), path, options, apply=False, progress=progress))
    except GridgisError as error:
        return Trial(None, spoken((error.zh, error.en), upload), dict(error.account))


def fields_of(as_: str) -> dict[str, str]:
    """Return our fields of a kind and their Chinese names."""
    if as_ in REGISTER_FIELDS:
        return {f.key: f.zh for f in REGISTER_FIELDS[as_]}
    if as_ in _OF_GRIDS:
        heads = {c.name: c.zh for c in TABLES["grids"]}
        return {key: heads.get(key, key) for key in _OF_GRIDS[as_]}
    return {f.key: f.zh for f in gathering.fields_of(as_)} if as_ != "raster" else {}


def mapping(report: Mapping[str, Any]) -> dict[str, str]:
    """Return which column was taken for which of our fields."""
    found = dict(report.get("fields") or {})
    for ours in ("code", "name"):
        if report.get(f"{ours}_field"):
            found.setdefault(ours, report[f"{ours}_field"])
    return found


class Job:
    """An import under way: how far it is, the way to stop it, what came of it.

    Parameters
    ----------
    work
        Called with a function that takes the share done and a word; that function raises once stopped.
    broken
        What is said when it breaks off for a reason that nobody foresaw.
    """

    def __init__(self, work: Callable[[Callable[[float, str], None]], Any], broken: Words = _BROKEN) -> None:
        self.share, self.words = 0.0, ""
        self.found: Any = None
        self._broken = broken
        self.problem: GridgisError | None = None
        self.stopped = False
        self._stop = Event()
        self._thread = Thread(target=self._run, args=(work,), daemon=True, name="import")
        self._thread.start()

    def stop(self) -> None:
        """Ask the import to end; it ends at its next step and leaves the county as it was."""
        self._stop.set()

    @property
    def stopping(self) -> bool:
        """Whether it was asked to end."""
        return self._stop.is_set()

    @property
    def over(self) -> bool:
        """Whether it has ended, one way or another."""
        return not self._thread.is_alive()

    def wait(self, seconds: float) -> None:
        """Wait for the end, or for so many seconds."""
        self._thread.join(seconds)

    def _tell(self, share: float, words: str) -> None:
        self.share, self.words = min(max(float(share), 0.0), 1.0), words
        if self._stop.is_set():
            raise StoppedError

    def _run(self, work: Callable[[Callable[[float, str], None]], Any]) -> None:
        try:
            self._tell(0.0, "")
            self.found = work(self._tell)
        except StoppedError:
            self.stopped = True
        except GridgisError as error:
            self.problem = error
        except Exception:
            # People get a sentence; who looks after the server finds the rest in its log.
            logging.getLogger(__name__).exception("a job of %s failed", self.__class__.__name__)
            self.problem = InputError(*self._broken)


def begin(desk: Desk, upload: Upload, options: Options) -> Job:
    """Start an import in the name of whoever is at the desk."""
    access.require("save")
    signed = (access.author(), f"导入 {upload.name}")
    chosen = replace(options, source=options.source or upload.name)

    def work(tell: Callable[[float, str], None]) -> Intake:
        with stored(upload) as path:
            tell(0.0, "")
            found = bringing.bring(desk.apart(), path, chosen, apply=True, signed=signed, progress=tell)
        desk.forget()
        return found

    return Job(work)


def told(report: Mapping[str, Any], lang: str) -> list[tuple[int | str, str, str]]:
    """Return (row, result, why) of all that is to be said of the rows, what is wrong first."""
    en = lang == "en"
    out: list[tuple[int | str, str, str]] = [
        (r["row"], "rejected", r["reason" if en else "reason_zh"]) for r in report.get("rejected", [])
    ]
    out += [(w["row"], "warning", w["words" if en else "words_zh"]) for w in report.get("warnings", [])]
    out += [
        (m["row"], "mended", f"{m['column']}: {m['words']}" if en else f"“{m['column']}”{m['words_zh']}")
        for m in report.get("mended", [])
    ]
    return out


def report_json(report: Mapping[str, Any], upload_name: str) -> str:
    """Return the account for machines, under the name that the user gave the file."""
    return json.dumps(dict(report) | {"file": upload_name}, ensure_ascii=False, indent=1)


def report_xlsx(report: Mapping[str, Any], lang: str, titles: tuple[str, str, tuple[str, str, str]]) -> bytes:
    """Return rejected rows and changes as a workbook."""
    rejected, changes, heads = titles
    rows = pd.DataFrame(told(report, lang), columns=list(heads), dtype=object)
    plain = [{k: _plain(v) for k, v in c.items()} for c in [*report.get("changes", []), *report.get("spots", [])]]
    return workbook_bytes(
        [Sheet(rejected, rows.astype(str)), Sheet(changes, pd.DataFrame(plain, dtype=object).fillna(""))]
    )


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float) or value is None else json.dumps(value, ensure_ascii=False)


def size_limit() -> int:
    """Return how many megabytes the app takes in one file."""
    return int(st.get_option("server.maxUploadSize"))
