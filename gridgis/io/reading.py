"""One door in for vector files: what is in them, by the row numbers people count, and what was noticed."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from gridgis.errors import InputError, UnsettledError
from gridgis.io import shapefile
from gridgis.io.axes import set_right, to_polygons
from gridgis.io.crs import Near, Sensed, guess_words, label_of, looks_wrong, sense, sensed_words
from gridgis.io.sandbox import Answer, FaultError, Limits, run_child
from gridgis.io.source import Source, known_encoding
from gridgis.io.tabled import TABLES, read_table
from gridgis.io.unpacking import check_file, copy_in, in_folder

__all__ = ["Source", "known_encoding", "read_vector"]

Words = tuple[str, str]
Shapes = NDArray[np.object_]


def read_vector(
    path: str | Path,
    *,
    layer: str | None = None,
    encoding: str = "auto",
    crs: str | int | Near | None = None,
    polygons: bool = False,
    limits: Limits | None = None,
) -> Source:
    """Read a vector file, or a table with places, that came from outside.

    Parameters
    ----------
    path
        GeoPackage, GeoJSON (also a bare array, a single geometry, or one feature a line), Shapefile (also its
        folder, or zipped), FlatGeobuf, GeoParquet, KML or KMZ, OSM .pbf; CSV, TSV or XLSX. The original is copied
        first and never opened.
    layer
        Layer or sheet to read where there are several.
    encoding
        Encoding of a shapefile's table or of text; ``auto`` finds it.
    crs
        Coordinate system that overrides what the file says; or the county that the file is meant for, by which a
        system that the file lacks, or that cannot be true, is told.
    polygons
        Turn closed lines into areas.
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
    path = in_folder(Path(path), layer)
    if path.suffix.lower() in TABLES:
        return _of_table(path, layer, encoding, _Asked(crs, polygons), limits)
    answer, evidence = _read(path, layer, None if encoding == "auto" else known_encoding(encoding), limits)
    rows = _require_rows(path.name, int(answer.facts["rows"]))
    warnings: list[Words] = []
    geometry = _geometry(answer, warnings)
    data = answer.table.drop_columns(["__geometry__"]).to_pandas(integer_object_nulls=True)
    kept = {key: answer.facts[key] for key in ("driver", "encoding", "rows", "layers", "layer")}
    unread = ("图形无法读出", "its geometry cannot be read")
    said = {"members": answer.facts.get("members", {}), "evidence": evidence, "warnings": warnings,
            "reasons": dict.fromkeys(answer.facts["unread"], unread)}  # fmt: skip
    return _source(path.name, data, geometry, _Said(rows, answer.facts["crs"], _Asked(crs, polygons)), kept | said)


def _of_table(path: Path, layer: str | None, encoding: str, asked: _Asked, limits: Limits | None) -> Source:
    check_file(path)
    table = read_table(path, layer, encoding, limits)
    rows = _require_rows(path.name, int(table.facts["rows"]))
    reasons = table.facts["reasons"]
    warnings = []
    if reasons:
        some = _rows(np.array(sorted(reasons)))
        warnings.append((f"第 {some} 行没有可用的坐标", f"rows {some}: there is no usable place"))
    said = _Said(rows, table.crs, asked)
    return _source(path.name, table.columns, table.geometry, said, table.facts | {"warnings": warnings})


def _require_rows(name: str, rows: int) -> int:
    if rows == 0:
        raise InputError(
            f"“{name}”没有任何要素：请检查导出范围。",
            f"'{name}' holds no features: check what was exported.",
        )
    return rows


class _Asked(NamedTuple):
    """What is said of a layer from outside: its system or its county, and whether areas are wanted."""

    crs: str | int | Near | None
    polygons: bool


class _Said(NamedTuple):
    """What file and user say of a layer."""

    rows: int
    stated: str | None
    asked: _Asked


def _source(name: str, data: pd.DataFrame, geometry: Shapes, said: _Said, facts: dict[str, Any]) -> Source:
    geometry, chosen = _placed(name, said, geometry, facts)
    if said.asked.polygons:
        geometry, evidence, reasons = to_polygons(geometry, chosen)
        facts["evidence"].extend(evidence)
        facts["reasons"] |= reasons
        facts["warnings"].extend((f"第 {row} 行：{zh}", f"row {row}: {en}") for row, (zh, en) in reasons.items())
    data.index = pd.RangeIndex(1, said.rows + 1, name="row")
    # A column of attributes may be called "geometry" as well; both are kept.
    data = data.rename(columns={"geometry": "geometry_"}) if "geometry" in data.columns else data
    return Source(gpd.GeoDataFrame(data, geometry=geometry, crs=chosen), facts | {"crs": _named(chosen)})


def _placed(name: str, said: _Said, geometry: Shapes, facts: dict[str, Any]) -> tuple[Shapes, pyproj.CRS]:
    """Return the geometry with its axes as they should be, and its system."""
    facts["turned"] = False
    asked = said.asked.crs
    wanted, near = (None, asked) if isinstance(asked, Near) else (asked, None)
    stated_text = said.stated
    if wanted is None and stated_text is not None and _known_crs(name, stated_text).geodetic_crs is None:
        facts["evidence"].append(("文件的坐标系是自定的，与经纬度没有换算关系，不采用", "the file's coordinate system is a local one "
                                  "without a way to degrees: passed over"))  # fmt: skip
        stated_text = None
    given = wanted if wanted is not None else stated_text
    if given is not None:
        geometry, turned = set_right(geometry, _known_crs(name, given))
        facts["evidence"].extend(turned)
        facts["turned"] = bool(turned)
    if near is not None:
        stated = None if given is None else _known_crs(name, given)
        doubtful = stated is None or looks_wrong(stated, shapely.total_bounds(geometry))
        found = sense(geometry, near) if doubtful else None
        if found is not None and found.rival is not None:
            raise _either(name, found)
        if found is not None:
            facts["evidence"].append(sensed_words(found, None if stated is None else _named(stated)))
            facts["turned"] = found.turned
            right = shapely.transform(geometry, lambda xy: xy[:, ::-1]) if found.turned else geometry
            return np.asarray(right, object), found.crs
    return geometry, _crs(name, given, geometry)


def _either(name: str, found: Sensed) -> UnsettledError:
    """Say that two systems would do: which of them is true is not for a guess to settle."""
    first = label_of(found.crs)
    return UnsettledError(
        f"“{name}”没有可信的坐标系：按 {first} 和 {found.rival}，{found.share:.0%} 的坐标都落在本县而位置不同，请用 --crs 指定一个。",
        f"'{name}' states no coordinate system to be trusted: {first} and {found.rival} both put {found.share:.0%} of its "
        "coordinates into the county, at different places; name one with --crs.",
        systems=found.choices,
    )


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
    folders = answer.facts.get("folders", [])
    if folders:
        names = "、".join(folders[:10])
        said = (
            f"{len(folders)} 个文件夹的内容一并读取：{names}",
            f"{len(folders)} folders were read together: {names.replace('、', ', ')}",
        )
        evidence.append((said[0] + "……" * (len(folders) > 10), said[1] + " …" * (len(folders) > 10)))
    return answer, evidence


def _answer(path: Path, job: dict[str, Any], folder: Path, limits: Limits | None) -> Answer:
    try:
        return run_child(job, folder, limits)
    except FaultError as fault:
        raise InputError(
            f"无法导入“{path.name}”：{fault.zh}。", f"'{path.name}' cannot be imported: {fault.en}."
        ) from fault


def _geometry(answer: Answer, warnings: list[Words]) -> Shapes:
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
    answer.facts["unread"] = bad
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


def _crs(name: str, given: str | int | None, geometry: Shapes) -> pyproj.CRS:
    bounds = shapely.total_bounds(geometry)
    zh, en = guess_words(bounds)
    if given is None:
        raise InputError(
            f"“{name}”没有坐标系：{zh}，请用 --crs 指定。",
            f"'{name}' has no coordinate system: {en}; name it with --crs.",
        )
    chosen = _known_crs(name, given)
    if chosen.geodetic_crs is None:
        raise InputError(
            f"“{name}”的坐标系 {_named(chosen)} 是自定的，不能换算：{zh}，请用 --crs 另行指定。",
            f"'{name}' is in {_named(chosen)}, a local system that cannot be converted: {en}; name another with --crs.",
        )
    if looks_wrong(chosen, bounds):
        raise InputError(
            f"“{name}”声明的坐标系 {_named(chosen)} 与坐标数值不符：{zh}，请用 --crs 指定。",
            f"'{name}' is said to be in {_named(chosen)}, but its numbers are not: {en}; name it with --crs.",
        )
    return chosen


def _known_crs(name: str, given: str | int) -> pyproj.CRS:
    try:
        return pyproj.CRS.from_user_input(int(given) if str(given).isdigit() else given)
    except (pyproj.exceptions.CRSError, ValueError) as error:
        raise InputError(
            f"“{name}”的坐标系“{str(given)[:60]}”无法识别：请用 --crs 指定，例如 EPSG:4490。",
            f"The coordinate system '{str(given)[:60]}' of '{name}' is not known: name it with --crs, "
            "for example EPSG:4490.",
        ) from error


def _named(crs: pyproj.CRS) -> str:
    authority = crs.to_authority()
    return ":".join(authority) if authority else str(crs.srs if crs.name == "unknown" else crs.name)
