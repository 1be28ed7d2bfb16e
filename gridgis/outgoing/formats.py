"""The formats that leave: their extension, who writes them, and what they lose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from gridgis.errors import InputError
from gridgis.outgoing import shapefile, tables, vector
from gridgis.outgoing.layer import Layer


@dataclass(frozen=True)
class Format:
    """A format: key, extensions, words, what is lost in it, and its datum where that is not a choice."""

    key: str
    suffixes: tuple[str, ...]
    zh: str
    en: str
    write: Callable[[Layer, Path], Any]
    losses: tuple[tuple[str, str], ...] = ()
    datum: str = ""


_NO_SHAPE = ("没有图形", "no geometry")
_QUOTED = ("以 = + - @ 开头的文本前加了撇号", "text that starts with = + - @ has an apostrophe before it")
_TOO_LONG = (
    "双击在 Excel 中打开时，超过 15 位的编码会变成数字：请按文本导入，或用 XLSX",
    "opened in Excel by double click, codes above 15 digits turn into numbers: import as text, or use XLSX",
)
_SHIFTED = (
    "KML 规定为 WGS84；此文件不是，只供对应的地图使用",
    "KML means WGS84, which this file is not: for that web map only",
)
_RING = ("只有编码、名称和边界，没有数字", "only code, name and outline, no figures")

FORMATS: MappingProxyType[str, Format] = MappingProxyType({
    f.key: f
    for f in (
        Format("geojson", (".geojson", ".json"), "GeoJSON", "GeoJSON (RFC 7946)", vector.write_geojson),
        Format("gpkg", (".gpkg",), "GeoPackage（含样式）", "GeoPackage with styles",
               lambda layer, path: vector.write_geopackage([layer], path)),
        Format("shp", (".shp", ".zip"), "Shapefile", "Shapefile", shapefile.write_shapefile, (
            ("列名缩短为 10 个字节以内，对照见 .fields.csv", "columns get names of 10 bytes, see .fields.csv"),
            ("文本超过 254 字节被截断（清单注明处数）", "text is cut at 254 bytes (counted in the manifest)"),
            ("空文本与缺失不分", "empty text and missing text look alike"),
        )),
        Format("kml", (".kml",), "KML", "KML", vector.write_kml, (("空文本与缺失不分", "empty text and missing text look alike"),)),
        Format("fgb", (".fgb",), "FlatGeobuf", "FlatGeobuf", vector.write_flatgeobuf,
               (("行的次序改变（空间索引）", "rows come in the order of the spatial index"),)),
        Format("parquet", (".parquet",), "GeoParquet 1.1", "GeoParquet 1.1", vector.write_geoparquet),
        Format("csv", (".csv",), "CSV（WKT）", "CSV with WKT", tables.write_csv, (_QUOTED, _TOO_LONG)),
        Format("xlsx", (".xlsx",), "XLSX", "XLSX", tables.write_xlsx, (_NO_SHAPE,)),
        Format("amap", (".txt",), "高德坐标串", "AMap paths", tables.write_paths, (_RING, _QUOTED), "gcj02"),
        Format("baidu", (), "百度坐标串", "Baidu paths", tables.write_paths, (_RING, _QUOTED), "bd09"),
    )
})  # fmt: skip
"""Every format by its key."""


def format_of(path: Path, key: str = "auto") -> Format:
    """Return the format that a file's name or a word asks for.

    Raises
    ------
    InputError
        The extension names no format, or another than the word.
    """
    suffix = path.suffix.lower()
    every = [s for f in FORMATS.values() for s in f.suffixes]
    if key == "auto":
        found = [f for f in FORMATS.values() if suffix in f.suffixes]
        if not found or suffix == ".txt":
            raise InputError(
                f"不能导出为“{suffix or path.name}”：请使用 {'、'.join(s for s in every if s != '.txt')}，或 --format amap|baidu。",
                f"Cannot export '{suffix or path.name}': use {', '.join(s for s in every if s != '.txt')}, or --format amap|baidu.",
            )
        return found[0]
    if key not in FORMATS:
        raise InputError(
            f"没有格式“{key}”：可用的有 {'、'.join(FORMATS)}。",
            f"There is no format '{key}': there are {', '.join(FORMATS)}.",
        )
    chosen = FORMATS[key]
    allowed = (".txt", ".csv") if chosen.datum else chosen.suffixes
    if suffix not in allowed:
        raise InputError(
            f"“{path.name}”的扩展名与 --format {key} 不符：应为 {'、'.join(allowed)}。",
            f"The extension of '{path.name}' does not go with --format {key}: use {', '.join(allowed)}.",
        )
    return chosen


def losses_of(chosen: Format, datum: str) -> list[dict[str, str]]:
    """Return what a file of this format and datum does not hold, in both languages."""
    known = [*chosen.losses, *([_SHIFTED] if chosen.key == "kml" and datum in ("gcj02", "bd09") else [])]
    return [{"zh": zh, "en": en} for zh, en in known]
