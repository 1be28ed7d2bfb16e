"""One door in for vector files: what is in them, by the row numbers people count, and what was noticed."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from gridgis.errors import InputError
from gridgis.io import shapefile
from gridgis.io.crs import guess_words, looks_wrong
from gridgis.io.sandbox import Answer, FaultError, Limits, run_child
from gridgis.io.unpacking import copy_in

Words = tuple[str, str]


@dataclass(frozen=True)
class Source:
    """A file as it was read.

    Parameters
    ----------
    frame
        Columns and geometry in the file's own CRS; the index counts rows from 1. Rows without geometry are
        kept, with None.
    facts
        ``driver``, ``crs`` (text), ``encoding``, ``rows``, ``layers``, ``layer``, ``members`` (plain
        top-level members of a GeoJSON); ``evidence`` and ``warnings``, lists of sentences (zh, en).
    """

    frame: gpd.GeoDataFrame
    facts: dict[str, Any]


def read_vector(
    path: str | Path,
    *,
    layer: str | None = None,
    encoding: str = "auto",
    crs: str | int | None = None,
    limits: Limits | None = None,
) -> Source:
    """Read a vector file that came from outside.

    Parameters
    ----------
    path
        GeoPackage, GeoJSON (also a bare array or a single geometry), Shapefile (also zipped), FlatGeobuf, KML
        or KMZ. The original is copied first and never opened.
    layer
        Layer to read where there are several.
    encoding
        Encoding of a shapefile's table; ``auto`` finds it.
    crs
        Coordinate system that overrides what the file says.
    limits
        What the reading process may use.

    Returns
    -------
    Source
        Rows and facts.

    Raises
    ------
    InputError
        The file cannot be used; one sentence names it and the cure.
    """
    path = Path(path)
    answer, evidence = _read(path, layer, None if encoding == "auto" else known_encoding(encoding), limits)
    rows = int(answer.facts["rows"])
    if rows == 0:
        raise InputError(
            f"“{path.name}”没有任何要素：请检查导出范围。",
            f"'{path.name}' holds no features: check what was exported.",
        )
    warnings: list[Words] = []
    geometry = _geometry(answer, warnings)
    chosen = _crs(path.name, crs, answer.facts["crs"], geometry)
    data = answer.table.drop_columns(["__geometry__"]).to_pandas(integer_object_nulls=True)
    data.index = pd.RangeIndex(1, rows + 1, name="row")
    kept = {key: answer.facts[key] for key in ("driver", "encoding", "rows", "layers", "layer")}
    said = {"members": answer.facts.get("members", {}), "evidence": evidence, "warnings": warnings}
    return Source(gpd.GeoDataFrame(data, geometry=geometry, crs=chosen), kept | said | {"crs": _named(chosen)})


def _read(path: Path, layer: str | None, encoding: str | None, limits: Limits | None) -> tuple[Answer, list[Words]]:
    """Read a copy of the file and compare the rows that came with those it says it has."""
    evidence: list[Words] = []
    wanted = layer
    with tempfile.TemporaryDirectory(prefix="gridgis-") as place:
        folder = Path(place)
        name, kind = copy_in(path, folder, layer)
        declared: int | None = None
        if kind == "shp":
            layer = None
            declared = shapefile.check_whole(folder / name, path.name)
            found, said = shapefile.text_encoding(folder / name)
            encoding = encoding or found
            evidence.append(said)
        answer = _answer(path, {"path": name, "kind": kind, "layer": layer, "encoding": encoding}, folder, limits)
    if wanted is not None and not answer.facts["layers"] and wanted not in (path.stem, path.name):
        raise InputError(
            f"“{path.name}”只有一个图层，没有名为“{wanted}”的图层：请去掉 --layer。",
            f"'{path.name}' holds a single layer and none named '{wanted}': leave --layer out.",
        )
    declared = answer.facts["declared"] if declared is None else declared
    if declared is not None and declared != answer.facts["rows"]:
        raise InputError(
            f"“{path.name}”应有 {declared} 行，只读出 {answer.facts['rows']} 行，文件不完整：请重新复制或导出。",
            f"'{path.name}' should have {declared} rows but only {answer.facts['rows']} could be read: it is cut "
            "short, copy or export it again.",
        )
    return answer, evidence


def _answer(path: Path, job: dict[str, Any], folder: Path, limits: Limits | None) -> Answer:
    try:
        return run_child(job, folder, limits)
    except FaultError as fault:
        raise InputError(
            f"无法导入“{path.name}”：{fault.zh}。", f"'{path.name}' cannot be imported: {fault.en}."
        ) from fault


def known_encoding(encoding: str) -> str:
    """Return an encoding that can write Chinese.

    Raises
    ------
    InputError
        Python does not know it, or it cannot.
    """
    try:
        "网格".encode(encoding)
    except (LookupError, UnicodeError) as error:
        raise InputError(
            f"编码“{encoding}”不可用：请用 auto、utf-8 或 gb18030。",
            f"The encoding '{encoding}' cannot be used: try auto, utf-8 or gb18030.",
        ) from error
    return encoding


def _geometry(answer: Answer, warnings: list[Words]) -> NDArray[np.object_]:
    """Decode geometry, closing rings that were left open; what cannot be mended becomes None."""
    wkb = np.array(answer.table.column("__geometry__").to_pylist(), object)
    result = np.asarray(shapely.from_wkb(wkb, on_invalid="ignore"), object)
    lost = np.array([w is not None for w in wkb]) & shapely.is_missing(result)
    if lost.any():
        result[lost] = [_mended(w) for w in wkb[lost]]
        rows = _rows(np.flatnonzero(lost) + 1)
        warnings.append((f"第 {rows} 行的环未闭合，已闭合", f"rows {rows}: rings were open and have been closed"))
    finite = np.array([g is None or bool(np.isfinite(shapely.get_coordinates(g)).all()) for g in result])
    result[~finite] = None
    bad = sorted({*answer.facts.get("broken", []), *(np.flatnonzero(~finite) + 1).tolist()})
    if bad:
        rows = _rows(np.array(bad))
        warnings.append((f"第 {rows} 行的图形无法读出", f"rows {rows}: the geometry cannot be read"))
    return np.asarray(shapely.force_2d(result), object)


def _mended(wkb: bytes) -> shapely.Geometry | None:
    try:
        return shapely.from_wkb(wkb, on_invalid="fix")
    except shapely.errors.ShapelyError:
        return None


def _rows(numbers: NDArray[np.int64]) -> str:
    shown = ", ".join(map(str, numbers[:10].tolist()))
    return shown if len(numbers) <= 10 else f"{shown} … ({len(numbers)})"


def _crs(name: str, wanted: str | int | None, stated: str | None, geometry: NDArray[np.object_]) -> pyproj.CRS:
    bounds = shapely.total_bounds(geometry)
    zh, en = guess_words(bounds)
    given = wanted if wanted is not None else stated
    if given is None:
        raise InputError(
            f"“{name}”没有坐标系：{zh}，请用 --crs 指定。",
            f"'{name}' has no coordinate system: {en}; name it with --crs.",
        )
    try:
        chosen = pyproj.CRS.from_user_input(int(given) if str(given).isdigit() else given)
    except pyproj.exceptions.CRSError as error:
        raise InputError(
            f"“{name}”的坐标系“{str(given)[:60]}”无法识别：请用 --crs 指定，例如 EPSG:4490。",
            f"The coordinate system '{str(given)[:60]}' of '{name}' is not known: name it with --crs, "
            "for example EPSG:4490.",
        ) from error
    if looks_wrong(chosen, bounds):
        raise InputError(
            f"“{name}”声明的坐标系 {_named(chosen)} 与坐标数值不符：{zh}，请用 --crs 指定。",
            f"'{name}' is said to be in {_named(chosen)}, but its numbers are not: {en}; name it with --crs.",
        )
    return chosen


def _named(crs: pyproj.CRS) -> str:
    authority = crs.to_authority()
    return ":".join(authority) if authority else str(crs.name)
